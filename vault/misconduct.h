#ifndef CV_VAULT_MISCONDUCT_H
#define CV_VAULT_MISCONDUCT_H

#include "formats/misconduct.h"

/**
 * cv_misconduct_find(path, head, out, err): hold the signed checkpoint ${head}, which somebody kept or was
 * shown, against the archive: verified as `audit verify` does, but by nothing that this user remembers.
 * CV_OK: they cannot both be true, and the evidence is appended to ${out}; CV_ERR_NOTFOUND saying why there
 * is none: the log goes on from it, or ends before it; CV_ERR_AUTH: not signed by this log; CV_ERR_FORMAT;
 * CV_ERR_NOVAULT; CV_ERR_LOG: the archive does not verify by itself; CV_ERR_IO; CV_ERR_NOMEM.
 */
CV_MUST_CHECK cv_status cv_misconduct_find(const char *path, struct cv_bytes head, struct cv_buf *out,
                                           struct cv_err *err);

/** cv_misconduct_keep(path, vault, out, err): the same with the signed head that this user's last `audit
 * verify` kept; evidence is kept beside it, in the file whose path (4,096 bytes) is ${out}. */
CV_MUST_CHECK cv_status cv_misconduct_keep(const char *path, const char *vault, char out[static 4096],
                                           struct cv_err *err);

#endif
