#ifndef CV_VAULT_LISTED_H
#define CV_VAULT_LISTED_H

#include "formats/err.h"

#include <stddef.h>

/* The names in a directory, sorted by their bytes. */
struct cv_listed {
    char **name;
    size_t count, room;
};
/** cv_listed_read(dir, sub, out, err): of ${sub} in the open directory ${dir}. CV_OK; CV_ERR_IO;
 * CV_ERR_NOMEM. Free with cv_listed_free, also after a failure. */
CV_MUST_CHECK cv_status cv_listed_read(int dir, const char *sub, struct cv_listed *out, struct cv_err *err);
void cv_listed_free(struct cv_listed *l);

#endif
