#ifndef CV_FORMATS_LOOSE_H
#define CV_FORMATS_LOOSE_H

#include "crypto/bytes.h"

#define CV_LOOSE_BYTES 160

/** cv_loose(text, out): by what names of columns and words of lists are compared: ASCII letters small,
 * digits, and whatever is not ASCII; no spaces or punctuation. NUL-terminated. False if nothing is left, or
 * more than fits. */
bool cv_loose(struct cv_bytes text, char out[static CV_LOOSE_BYTES]);

/** cv_loose_same(a, b): do they fold to the same, and to something? */
bool cv_loose_same(struct cv_bytes a, struct cv_bytes b);

#endif
