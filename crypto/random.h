#ifndef CV_CRYPTO_RANDOM_H
#define CV_CRYPTO_RANDOM_H

#include "crypto/bytes.h"

/** cv_random(out, n): ${n} bytes of the system's cryptographic generator. CV_OK; CV_ERR_INTERNAL. */
CV_MUST_CHECK cv_status cv_random(uint8_t *out, size_t n);

#endif
