#ifndef CV_CRYPTO_SHAMIR_H
#define CV_CRYPTO_SHAMIR_H

#include "crypto/secret.h"

/**
 * Shamir's secret sharing (A. Shamir, How to share a secret, CACM 22, 1979), byte by byte over GF(2^8) with
 * the polynomial of AES (FIPS 197, section 4.2), without tables: a table look-up by a secret byte shows in
 * the cache.
 */
#define CV_SHAMIR_SHARES_MAX 32

/** cv_shamir_split(secret, threshold, count, shares): ${shares}[i], of the secret's length, is the share at x
 * = i + 1; any ${threshold} of them make the secret. Free each. CV_OK; CV_ERR_ARG unless 2 <= threshold <=
 * count <= 32; CV_ERR_NOMEM; CV_ERR_INTERNAL. */
CV_MUST_CHECK cv_status cv_shamir_split(struct cv_bytes secret, unsigned threshold, unsigned count,
                                        struct cv_secret *shares);

/** cv_shamir_combine(xs, shares, count, secret): the value at 0 of the polynomial through these points. Too
 * few, or altered, shares give another secret, and nothing tells: the caller checks what comes out. CV_OK;
 * CV_ERR_ARG for an x of 0 or that repeats, or lengths that differ; CV_ERR_NOMEM. Free ${secret}. */
CV_MUST_CHECK cv_status cv_shamir_combine(const uint8_t *xs, const struct cv_bytes *shares, unsigned count,
                                          struct cv_secret *secret);

#endif
