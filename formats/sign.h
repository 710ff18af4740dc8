#ifndef CV_FORMATS_SIGN_H
#define CV_FORMATS_SIGN_H

#include "crypto/ed25519.h"

/* Who can sign: a key in this process or, later, an agent that holds it. Formats ask for a signature and
 * never see the key. Returns CV_OK, or the status of whoever refused. */
typedef cv_status (*cv_sign_fn)(void *arg, struct cv_bytes msg, uint8_t sig[static CV_ED25519_SIG_BYTES]);

/** cv_sign_key(key, msg, sig): a cv_sign_fn for a struct cv_ed25519_key in this process. */
CV_MUST_CHECK static inline cv_status cv_sign_key(void *key, struct cv_bytes msg,
                                                  uint8_t sig[static CV_ED25519_SIG_BYTES])
{
    return cv_ed25519_sign(key, msg, sig);
}

#endif
