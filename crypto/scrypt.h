#ifndef CV_CRYPTO_SCRYPT_H
#define CV_CRYPTO_SCRYPT_H

#include "crypto/secret.h"

/* The work every new passphrase-protected file asks for: N = 2^17, r = 8, p = 1 (128 MiB). */
#define CV_SCRYPT_LOG_N 17
/* The most we are ready to do for a file that somebody else made: 1 GiB. */
#define CV_SCRYPT_LOG_N_MAX 20

/**
 * cv_scrypt(passphrase, salt, log_n, out, out_n): scrypt (RFC 7914) with N = 2^log_n, r = 8, p = 1.
 * CV_OK; CV_ERR_LIMIT if log_n is 0 or over CV_SCRYPT_LOG_N_MAX; CV_ERR_NOMEM; CV_ERR_INTERNAL.
 */
CV_MUST_CHECK cv_status cv_scrypt(struct cv_bytes passphrase, struct cv_bytes salt, unsigned log_n,
                                  uint8_t *out, size_t out_n);

#endif
