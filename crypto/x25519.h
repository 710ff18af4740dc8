#ifndef CV_CRYPTO_X25519_H
#define CV_CRYPTO_X25519_H

#include "crypto/secret.h"

#define CV_X25519_BYTES 32

/** cv_x25519_public(secret, public): RFC 7748, section 6.1. ${secret} is 32 bytes. CV_OK; CV_ERR_ARG;
 * CV_ERR_INTERNAL. */
CV_MUST_CHECK cv_status cv_x25519_public(struct cv_bytes secret, uint8_t public[static CV_X25519_BYTES]);

/**
 * cv_x25519(secret, peer, shared): the shared secret, to be freed. CV_OK; CV_ERR_ARG for a secret not of 32
 * bytes; CV_ERR_AUTH if the result is all zeros (a peer of small order; RFC 7748, section 6.1); CV_ERR_NOMEM;
 * CV_ERR_INTERNAL.
 */
CV_MUST_CHECK cv_status cv_x25519(struct cv_bytes secret, const uint8_t peer[static CV_X25519_BYTES],
                                  struct cv_secret *shared);
/** cv_x25519_own(secret, peer, shared, own): the same, and the secret's own public key, which costs as much
 * to compute again: 32 bytes to ${own}. */
CV_MUST_CHECK cv_status cv_x25519_own(struct cv_bytes secret, const uint8_t peer[static CV_X25519_BYTES],
                                      struct cv_secret *shared, uint8_t *own);

#endif
