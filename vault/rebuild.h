#ifndef CV_VAULT_REBUILD_H
#define CV_VAULT_REBUILD_H

#include "formats/err.h"

/** cv_rebuild_forget(vault, err): delete what this user's cache holds of the vault with this id. CV_OK, also
 * if there was nothing; CV_ERR_IO. */
CV_MUST_CHECK cv_status cv_rebuild_forget(const char *vault, struct cv_err *err);

#endif
