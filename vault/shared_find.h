#ifndef CV_VAULT_SHARED_FIND_H
#define CV_VAULT_SHARED_FIND_H

#include "vault/index.h"

/** cv_shared_find(x, id, which, err): which records to look at for what the case ${id} shares
 * (vault/shared.h), and in which of their sections, as cv_marked_open takes it: those of the case; those that
 * bear a mark of theirs; the cases of these. Added to ${which}, an object. Read from the index alone: it may
 * name some that nothing comes of. CV_OK; as cv_index_mark. */
CV_MUST_CHECK cv_status cv_shared_find(struct cv_index *x, struct cv_vault *v, const char *id,
                                       struct cv_json *which, struct cv_err *err);

/* Records of one thing that are looked at; where more have it, so many are enough. */
#define CV_SHARED_RECORDS 500

#endif
