#ifndef CV_FORMATS_SIGN_H
#define CV_FORMATS_SIGN_H

#include "crypto/ed25519.h"

/* Who can sign: a key in this process or, later, an agent that holds it. Formats ask for a signature and
 * never see the key. Returns CV_OK, or the status of whoever refused. */
typedef cv_status (*cv_sign_fn)(void *arg, struct cv_bytes msg, uint8_t sig[static CV_ED25519_SIG_BYTES]);

#endif
