#ifndef CV_CRYPTO_HKDF_H
#define CV_CRYPTO_HKDF_H

#include "crypto/bytes.h"

enum cv_hkdf_hash { CV_HKDF_SHA256, CV_HKDF_SHA512 };

/* The longest info this house uses; OpenSSL 3.0 joins at most 2,048 bytes. */
#define CV_HKDF_INFO_MAX 1024

/** cv_hkdf(hash, salt, ikm, info, out): HKDF (RFC 5869): extract, then expand to ${out.n} bytes (out.p is
 * written). CV_OK; CV_ERR_LIMIT if info is too long; CV_ERR_INTERNAL; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_hkdf(enum cv_hkdf_hash hash, struct cv_bytes salt, struct cv_bytes ikm,
                                struct cv_bytes info, uint8_t *out, size_t out_n);

/** cv_hkdf_extract(hash, salt, ikm, prk): RFC 5869, section 2.2; ${prk} is 32 or 64 bytes, by hash. As
 * cv_hkdf. */
CV_MUST_CHECK cv_status cv_hkdf_extract(enum cv_hkdf_hash hash, struct cv_bytes salt, struct cv_bytes ikm,
                                        uint8_t *prk, size_t prk_n);

/** cv_hkdf_expand(hash, prk, info, out, out_n): RFC 5869, section 2.3. As cv_hkdf. */
CV_MUST_CHECK cv_status cv_hkdf_expand(enum cv_hkdf_hash hash, struct cv_bytes prk, struct cv_bytes info,
                                       uint8_t *out, size_t out_n);

#endif
