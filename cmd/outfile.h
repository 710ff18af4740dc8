#ifndef CV_CMD_OUTFILE_H
#define CV_CMD_OUTFILE_H

#include "cmd/cmd.h"

/* A file that gets its name when it is whole: until then it has none, or where the file system cannot do that
 * another one, so that of what is broken off nothing is left that passes for it. */
struct cv_outfile {
    const char *path; /* borrowed */
    char part[4096];  /* the name while it is made; empty: none */
    int fd;           /* -1: not begun */
};
#define CV_OUTFILE_NONE ((struct cv_outfile){ .fd = -1 })

/** cv_outfile_free_name(ui, path): CV_ERR_EXISTS if something is there. */
CV_MUST_CHECK cv_status cv_outfile_free_name(struct cv_ui *ui, const char *path);
/** cv_outfile_create(ui, path, out): for its user alone (0600). CV_OK; CV_ERR_EXISTS; CV_ERR_IO. End with
 * _drop. */
CV_MUST_CHECK cv_status cv_outfile_create(struct cv_ui *ui, const char *path, struct cv_outfile *out);
/** cv_outfile_write(o, bytes, err): all of them. CV_OK; CV_ERR_IO. */
CV_MUST_CHECK cv_status cv_outfile_write(const struct cv_outfile *o, struct cv_bytes bytes,
                                         struct cv_err *err);
/** cv_outfile_sync(ui, o): it is durable. cv_outfile_keep(ui, o): it gets its name, durably; what has that
 * name by now keeps it. */
CV_MUST_CHECK cv_status cv_outfile_sync(struct cv_ui *ui, const struct cv_outfile *o);
CV_MUST_CHECK cv_status cv_outfile_keep(struct cv_ui *ui, struct cv_outfile *o);
/** cv_outfile_drop(o): close it; unless it was kept, nothing of it is left. */
void cv_outfile_drop(struct cv_outfile *o);

#endif
