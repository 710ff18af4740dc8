#ifndef CV_CRYPTO_AEAD_H
#define CV_CRYPTO_AEAD_H

#include "crypto/bytes.h"

enum cv_aead_alg { CV_AES_256_GCM, CV_CHACHA20_POLY1305 };

#define CV_AEAD_KEY_BYTES 32
#define CV_AEAD_NONCE_BYTES 12
#define CV_AEAD_TAG_BYTES 16

/** A keyed AEAD with empty associated data (SP 800-38D; RFC 8439, section 2.8), for any number of nonces. */
struct cv_aead;

/** cv_aead_new(alg, key, seal, out): for sealing or for opening. CV_OK; CV_ERR_INTERNAL; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_aead_new(enum cv_aead_alg alg, const uint8_t key[static CV_AEAD_KEY_BYTES],
                                    bool seal, struct cv_aead **out);
void cv_aead_free(struct cv_aead *aead);

/** cv_aead_seal(aead, nonce, plain, out): ${out} gets plain.n + 16 bytes. CV_OK; CV_ERR_INTERNAL. */
CV_MUST_CHECK cv_status cv_aead_seal(struct cv_aead *aead, const uint8_t nonce[static CV_AEAD_NONCE_BYTES],
                                     struct cv_bytes plain, uint8_t *out);

/** cv_aead_open(aead, nonce, sealed, out): ${out} gets sealed.n - 16 bytes, wiped unless the tag verifies.
 * CV_OK; CV_ERR_AUTH; CV_ERR_FORMAT if shorter than a tag; CV_ERR_INTERNAL. */
CV_MUST_CHECK cv_status cv_aead_open(struct cv_aead *aead, const uint8_t nonce[static CV_AEAD_NONCE_BYTES],
                                     struct cv_bytes sealed, uint8_t *out);

#endif
