#include "formats/loose.h"

#include <string.h>

bool cv_loose(struct cv_bytes text, char out[static CV_LOOSE_BYTES])
{
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if (c >= 'A' && c <= 'Z')
            c = (uint8_t)(c - 'A' + 'a');
        if (c < 0x80 && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9'))
            continue;
        if (n == CV_LOOSE_BYTES - 1)
            return false;
        out[n++] = (char)c;
    }
    out[n] = '\0';
    return n > 0;
}

bool cv_loose_same(struct cv_bytes a, struct cv_bytes b)
{
    char x[CV_LOOSE_BYTES], y[CV_LOOSE_BYTES];
    return cv_loose(a, x) && cv_loose(b, y) && strcmp(x, y) == 0;
}
