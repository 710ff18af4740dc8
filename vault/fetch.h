#ifndef CV_VAULT_FETCH_H
#define CV_VAULT_FETCH_H

#include "crypto/bytes.h"
#include "formats/err.h"

/* Files that somebody published: below a directory, or below an http:// or https:// URL, which the system's
 * `curl` fetches, if it is there. */
struct cv_fetch {
    const char *base;
    int dir; /* -1 for a URL */
};

/** cv_fetch_open(f, base, err): CV_OK; CV_ERR_ARG for an URL that is none; CV_ERR_IO. Borrows ${base}. */
CV_MUST_CHECK cv_status cv_fetch_open(struct cv_fetch *f, const char *base, struct cv_err *err);
void cv_fetch_close(struct cv_fetch *f);

/** cv_fetch_get(f, path, max, out, err): append a file. CV_OK; CV_ERR_NOTFOUND, without telling, if it is not
 * there; CV_ERR_LIMIT if it is longer than ${max}; CV_ERR_IO. */
CV_MUST_CHECK cv_status cv_fetch_get(const struct cv_fetch *f, const char *path, size_t max,
                                     struct cv_buf *out, struct cv_err *err);

#endif
