#ifndef CV_VAULT_MEMORY_H
#define CV_VAULT_MEMORY_H

#include "formats/checkpoint.h"
#include "formats/err.h"

/**
 * What this user remembers of each vault, outside of it: that its genesis was confirmed, and the last
 * checkpoint that was verified. A vault that is older than this memory, or tells another story, is refused.
 *
 * ${XDG_STATE_HOME:-~/.local/state}/casevault/<vault id>: `casevault memory v1`, size, root in base64,
 * LF-terminated.
 */

/** cv_memory_read(vault, size, root, err): CV_OK; CV_ERR_NOTFOUND if this vault was never seen;
 * CV_ERR_FORMAT; CV_ERR_IO. */
CV_MUST_CHECK cv_status cv_memory_read(const char *vault, uint64_t *size, struct cv_hash *root,
                                       struct cv_err *err);

/** cv_memory_write(fd, vault, size, root, err): overwrite it in place; ${fd}, -1 at first, keeps the file
 * open between writes, for the caller to close. */
CV_MUST_CHECK cv_status cv_memory_write(int *fd, const char *vault, uint64_t size, const struct cv_hash *root,
                                        struct cv_err *err);

/** cv_user_dir(xdg, fallback, leaf, out, err): the path of ${xdg} or ~/fallback, /casevault[/leaf], made if
 * need be (0700). ${out} holds 4,096 bytes. */
CV_MUST_CHECK cv_status cv_user_dir(const char *xdg, const char *fallback, const char *leaf,
                                    char out[static 4096], struct cv_err *err);

#endif
