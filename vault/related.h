#ifndef CV_VAULT_RELATED_H
#define CV_VAULT_RELATED_H

#include "vault/glance.h"

/* A record that belongs to a case, in its last version, and the section in which it says so. */
struct cv_relative {
    const struct cv_version *of; /* borrowed from the list of all */
    struct cv_json *refs;        /* that section's data */
};
struct cv_related {
    struct cv_versions all; /* that were looked at */
    struct cv_relative *r;  /* the case first, then those that point to it, by entry */
    size_t count;
    size_t
        unread; /* records that could not be read: whatever case they belong to, they are not among these */
};
void cv_related_free(struct cv_related *list);

/** cv_related(v, id, profile, reason, out, err): the case ${id}, the records with a reference to it, and the
 * persons it names; only of types that the profile carries (NULL: of all), besides the case and the persons.
 * They are found by a glance at all records that could be such. CV_OK; CV_ERR_NOTFOUND if there is no such
 * record, CV_ERR_ARG if it is no case; otherwise as cv_glance. */
CV_MUST_CHECK cv_status cv_related(struct cv_vault *v, const char *id, const char *profile,
                                   const char *reason, struct cv_related *out, struct cv_err *err);
/** cv_relative(list, id): the one with that id, or NULL. */
const struct cv_relative *cv_relative(const struct cv_related *list, const char *id);

/** cv_related_refs(t, record, out): an array of the ids of cases and persons that the record's sections name;
 * the caller frees it. CV_OK; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_related_refs(const struct cv_template *t, const struct cv_json *record,
                                        struct cv_json **out);

/** cv_refers(data, field, id): does this field, a reference or a list of them, name the record ${id}? */
bool cv_refers(const struct cv_json *data, const char *field, const char *id);

#endif
