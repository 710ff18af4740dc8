#ifndef CV_CRYPTO_HASH_H
#define CV_CRYPTO_HASH_H

#include "crypto/bytes.h"

#define CV_SHA256_BYTES 32
#define CV_SHA512_BYTES 64

/** cv_sha256(bytes, out): FIPS 180-4. CV_OK; CV_ERR_INTERNAL; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_sha256(struct cv_bytes bytes, uint8_t out[static CV_SHA256_BYTES]);

/** cv_sha256_parts(parts, count, out): the hash of the parts joined. As cv_sha256. */
CV_MUST_CHECK cv_status cv_sha256_parts(const struct cv_bytes *parts, size_t count,
                                        uint8_t out[static CV_SHA256_BYTES]);

CV_MUST_CHECK cv_status cv_sha512(struct cv_bytes bytes, uint8_t out[static CV_SHA512_BYTES]);

/** A running SHA-256, reusable after each final. */
struct cv_sha256_ctx;
CV_MUST_CHECK cv_status cv_sha256_new(struct cv_sha256_ctx **out);
void cv_sha256_free(struct cv_sha256_ctx *ctx);
CV_MUST_CHECK cv_status cv_sha256_update(struct cv_sha256_ctx *ctx, struct cv_bytes bytes);
/** cv_sha256_final(ctx, out): the hash of all since the last final (or new). */
CV_MUST_CHECK cv_status cv_sha256_final(struct cv_sha256_ctx *ctx, uint8_t out[static CV_SHA256_BYTES]);

/** cv_hmac_sha256(key, bytes, out): RFC 2104. CV_OK; CV_ERR_INTERNAL; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_hmac_sha256(struct cv_bytes key, struct cv_bytes bytes,
                                       uint8_t out[static CV_SHA256_BYTES]);

/** cv_hmac(hash, key, parts, count, out): the same of parts joined, by hash; ${out} is 32 or 64 bytes. At
 * most CV_HMAC_PARTS_MAX parts. */
enum cv_hmac_hash { CV_HMAC_SHA256, CV_HMAC_SHA512 };
#define CV_HMAC_PARTS_MAX 4
CV_MUST_CHECK cv_status cv_hmac(enum cv_hmac_hash hash, struct cv_bytes key, const struct cv_bytes *parts,
                                size_t count, uint8_t *out);

#endif
