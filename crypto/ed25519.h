#ifndef CV_CRYPTO_ED25519_H
#define CV_CRYPTO_ED25519_H

#include "crypto/secret.h"

#define CV_ED25519_SEED_BYTES 32
#define CV_ED25519_PUBLIC_BYTES 32
#define CV_ED25519_SIG_BYTES 64

/** A signing key, ready to sign (RFC 8032, Ed25519); its secret half lies on the secure heap. */
struct cv_ed25519_key;

/** cv_ed25519_key_new(seed, out): from the 32-byte private key. CV_OK; CV_ERR_ARG; CV_ERR_INTERNAL;
 * CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_ed25519_key_new(struct cv_bytes seed, struct cv_ed25519_key **out);
void cv_ed25519_key_free(struct cv_ed25519_key *key);

/** cv_ed25519_public(key): its 32-byte public key, owned by key. */
const uint8_t *cv_ed25519_public(const struct cv_ed25519_key *key);

/** cv_ed25519_sign(key, msg, sig): CV_OK; CV_ERR_INTERNAL; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_ed25519_sign(const struct cv_ed25519_key *key, struct cv_bytes msg,
                                        uint8_t sig[static CV_ED25519_SIG_BYTES]);

/** cv_ed25519_verify(public, msg, sig): CV_OK; CV_ERR_AUTH; CV_ERR_INTERNAL; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_ed25519_verify(const uint8_t public[static CV_ED25519_PUBLIC_BYTES],
                                          struct cv_bytes msg,
                                          const uint8_t sig[static CV_ED25519_SIG_BYTES]);

#endif
