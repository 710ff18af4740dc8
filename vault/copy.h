#ifndef CV_VAULT_COPY_H
#define CV_VAULT_COPY_H

#include "crypto/bytes.h"
#include "formats/err.h"

/* Bytes from file to file, for backups. */

typedef void (*cv_copied_fn)(void *arg, uint64_t bytes);

/** cv_copy_range(from, from_name, to, to_name, offset, end, fn, arg, err): write the bytes from ${offset} to
 * ${end} of ${from} at the same place of ${to}; ${fn} (NULL allowed) is told of each stretch. What was held
 * in memory is wiped. CV_OK, not yet durable; CV_ERR_LOG if ${from} ends before; CV_ERR_IO. */
CV_MUST_CHECK cv_status cv_copy_range(int from, const char *from_name, int to, const char *to_name,
                                      uint64_t offset, uint64_t end, cv_copied_fn fn, void *arg,
                                      struct cv_err *err);

/** cv_copy_same(a, b, end, at, err): how many of the first ${end} bytes are the same. CV_OK; CV_ERR_IO. */
CV_MUST_CHECK cv_status cv_copy_same(int a, int b, uint64_t end, uint64_t *at, struct cv_err *err);

/** cv_copy_file(dir, name, temp, data, err): a file, in place of any before, whole or not at all, durably. */
CV_MUST_CHECK cv_status cv_copy_file(int dir, const char *name, const char *temp, struct cv_bytes data,
                                     struct cv_err *err);

/** cv_copy_sync_parent(path, err): the directory that holds ${path} is durable. */
CV_MUST_CHECK cv_status cv_copy_sync_parent(const char *path, struct cv_err *err);

#endif
