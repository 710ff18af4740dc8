#ifndef CV_FORMATS_FOLD_H
#define CV_FORMATS_FOLD_H

#include "crypto/bytes.h"

#define CV_LABEL_FOLD_BYTES 160

/** cv_label_fold(text, out): by what names of columns and words of lists are compared: ASCII letters small,
 * digits, and whatever is not ASCII; no spaces or punctuation. NUL-terminated. False if nothing is left, or
 * more than fits. */
bool cv_label_fold(struct cv_bytes text, char out[static CV_LABEL_FOLD_BYTES]);

/** cv_label_same(a, b): do they fold to the same, and to something? */
bool cv_label_same(struct cv_bytes a, struct cv_bytes b);

#endif
