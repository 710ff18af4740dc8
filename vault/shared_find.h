#ifndef CV_VAULT_SHARED_FIND_H
#define CV_VAULT_SHARED_FIND_H

#include "vault/index.h"

/* What to look at for what a case shares (vault/shared.h), as the index has it: it may name some that nothing
 * comes of. */
struct cv_shared_scope {
    struct cv_json *which;  /* record id -> array of sections, for cv_marked_open */
    struct cv_json *common; /* "kind value" -> in how many other records: too many to mean something */
};

/** cv_shared_find(v, x, id, out, err): the records of the case ${id}; those that bear a mark of theirs, each
 * in the section where it does; the cases that name one of these. Free both. CV_OK; as cv_index_mark. */
CV_MUST_CHECK cv_status cv_shared_find(struct cv_vault *v, struct cv_index *x, const char *id,
                                       struct cv_shared_scope *out, struct cv_err *err);
void cv_shared_scope_free(struct cv_shared_scope *s);

/** cv_shared_key(kind, value, out): append the name of a mark in ${common}, with a NUL. CV_OK; CV_ERR_NOMEM.
 */
CV_MUST_CHECK cv_status cv_shared_key(const char *kind, const char *value, struct cv_buf *out);

#endif
