#ifndef CV_VAULT_MARKS_NUMBER_H
#define CV_VAULT_MARKS_NUMBER_H

#include "vault/fold.h"

/** cv_marks_number(folder, text, account, out): append the letters and digits of a document, a plate or an
 * account, in capitals; nothing if they are fewer than four, or, but for an account, none is a digit. For
 * marks.c. CV_OK; CV_ERR_NOMEM; as cv_fold. */
CV_MUST_CHECK cv_status cv_marks_number(struct cv_folder *folder, struct cv_bytes text, bool account,
                                        struct cv_buf *out);

#endif
