#include "crypto/random.h"

#include <errno.h>
#include <sys/random.h>

/* The kernel's generator, each time: no state in this process that a fork or a restored machine could repeat.
 */
cv_status cv_random(uint8_t *out, size_t n)
{
    while (n > 0) {
        const ssize_t k = getrandom(out, n, 0);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return CV_ERR_INTERNAL;
        out += k;
        n -= (size_t)k;
    }
    return CV_OK;
}
