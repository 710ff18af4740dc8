#include "crypto/random.h"

#include <limits.h>

#include <openssl/rand.h>

cv_status cv_random(uint8_t *out, size_t n)
{
    if (n > INT_MAX)
        return CV_ERR_LIMIT;
    return RAND_priv_bytes(out, (int)n) == 1 ? CV_OK : CV_ERR_INTERNAL;
}
