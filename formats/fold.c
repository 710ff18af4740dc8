#include "formats/fold.h"

#include <string.h>

bool cv_label_fold(struct cv_bytes text, char out[static CV_LABEL_FOLD_BYTES])
{
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if (c >= 'A' && c <= 'Z')
            c = (uint8_t)(c - 'A' + 'a');
        if (c < 0x80 && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9'))
            continue;
        if (n == CV_LABEL_FOLD_BYTES - 1)
            return false;
        out[n++] = (char)c;
    }
    out[n] = '\0';
    return n > 0;
}

bool cv_label_same(struct cv_bytes a, struct cv_bytes b)
{
    char x[CV_LABEL_FOLD_BYTES], y[CV_LABEL_FOLD_BYTES];
    return cv_label_fold(a, x) && cv_label_fold(b, y) && strcmp(x, y) == 0;
}
