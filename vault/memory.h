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

/** cv_memory_write(fd, vault, size, root, err): overwrite it in place, or make it; ${fd}, -1 at first,
 * keeps the file open between writes, for the caller to close. */
CV_MUST_CHECK cv_status cv_memory_write(int *fd, const char *vault, uint64_t size, const struct cv_hash *root,
                                        struct cv_err *err);

/** cv_memory_replace(path, data, err): put a file in the place of ${path}, durably, whole or not at all, also
 * if another process does the same. CV_OK; CV_ERR_IO. */
CV_MUST_CHECK cv_status cv_memory_replace(const char *path, struct cv_bytes data, struct cv_err *err);

/**
 * Beside it lie whole files, for what an auditor keeps: `<vault id>.head`, the last signed checkpoint that
 * `audit verify` saw; `<vault id>.misconduct`, evidence that the log told two stories.
 *
 * cv_memory_keep(vault, what, data, path, err): replace the file at once, durably; its path is told in
 * ${path} (4,096 bytes). CV_OK; CV_ERR_IO. cv_memory_kept(vault, what, out, err): append it. CV_OK;
 * CV_ERR_NOTFOUND; CV_ERR_LIMIT beyond 2 MiB; CV_ERR_IO.
 */
CV_MUST_CHECK cv_status cv_memory_keep(const char *vault, const char *what, struct cv_bytes data,
                                       char path[static 4096], struct cv_err *err);
CV_MUST_CHECK cv_status cv_memory_kept(const char *vault, const char *what, struct cv_buf *out,
                                       struct cv_err *err);
/** cv_memory_forget(vault, what, err): remove it, durably. CV_OK, also if it is not there; CV_ERR_IO. */
CV_MUST_CHECK cv_status cv_memory_forget(const char *vault, const char *what, struct cv_err *err);

/** cv_user_dir(xdg, fallback, leaf, out, err): the path of ${xdg} or ~/fallback, /casevault[/leaf], made if
 * need be (0700). ${out} holds 4,096 bytes. */
CV_MUST_CHECK cv_status cv_user_dir(const char *xdg, const char *fallback, const char *leaf,
                                    char out[static 4096], struct cv_err *err);

#endif
