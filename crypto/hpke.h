#ifndef CV_CRYPTO_HPKE_H
#define CV_CRYPTO_HPKE_H

#include "crypto/secret.h"

/**
 * HPKE, base mode, single-shot (RFC 9180, sections 5.1.1 and 6.1), with empty associated data: whatever a
 * ciphertext belongs to stands in `info`. Keys are byte strings whose length the suite tells, so that a later
 * suite can bring longer ones.
 */
enum cv_hpke_suite {
    CV_HPKE_SUITE_1 = 1, /* DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM */
};

/** cv_hpke_public_bytes(suite): length of a public key, 0 for an unknown suite. */
size_t cv_hpke_public_bytes(uint16_t suite);

/** cv_hpke_overhead(suite): how much longer than its plaintext a sealed message is. */
size_t cv_hpke_overhead(uint16_t suite);

/** cv_hpke_generate(suite, secret, public): a fresh key pair; both are freed by the caller.
 * CV_OK; CV_ERR_ARG for an unknown suite; CV_ERR_NOMEM; CV_ERR_INTERNAL. */
CV_MUST_CHECK cv_status cv_hpke_generate(uint16_t suite, struct cv_secret *secret, struct cv_buf *public);

/** cv_hpke_derive(suite, ikm, secret, public): DeriveKeyPair (RFC 9180, section 7.1.3). As cv_hpke_generate.
 */
CV_MUST_CHECK cv_status cv_hpke_derive(uint16_t suite, struct cv_bytes ikm, struct cv_secret *secret,
                                       struct cv_buf *public);

/** cv_hpke_public(suite, secret, public): append the public key of ${secret}. As cv_hpke_generate. */
CV_MUST_CHECK cv_status cv_hpke_public(uint16_t suite, struct cv_bytes secret, struct cv_buf *public);

/**
 * cv_hpke_seal(suite, public, info, plain, out): append enc || ciphertext to ${out}.
 * CV_OK; CV_ERR_ARG for an unknown suite or a key of the wrong length; CV_ERR_AUTH for a key of small order;
 * CV_ERR_LIMIT; CV_ERR_NOMEM; CV_ERR_INTERNAL.
 */
CV_MUST_CHECK cv_status cv_hpke_seal(uint16_t suite, struct cv_bytes public, struct cv_bytes info,
                                     struct cv_bytes plain, struct cv_buf *out);

/** cv_hpke_seal_derand(..., ikm_e, out): cv_hpke_seal with the ephemeral key derived from ${ikm_e}; for test
 * vectors. */
CV_MUST_CHECK cv_status cv_hpke_seal_derand(uint16_t suite, struct cv_bytes public, struct cv_bytes info,
                                            struct cv_bytes plain, struct cv_bytes ikm_e, struct cv_buf *out);

/**
 * cv_hpke_open(suite, secret, info, sealed, plain): open enc || ciphertext; ${plain} is freed by the caller.
 * CV_OK; CV_ERR_AUTH; CV_ERR_FORMAT if too short; CV_ERR_ARG; CV_ERR_NOMEM; CV_ERR_INTERNAL.
 */
CV_MUST_CHECK cv_status cv_hpke_open(uint16_t suite, struct cv_bytes secret, struct cv_bytes info,
                                     struct cv_bytes sealed, struct cv_secret *plain);

#endif
