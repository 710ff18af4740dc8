#ifndef CV_VAULT_READING_H
#define CV_VAULT_READING_H

#include "vault/source.h"

/* How one record is read, part by part; for record_read.c and export.c. */

struct reading_what {
    size_t source;
    const char *part;
};
/* What is being read: which sections of which sources. */
struct reading {
    struct cv_vault *v;
    struct cv_record *r;
    struct cv_want *wants;
    struct reading_what *what;
    size_t count, room;
    struct cv_buf *data; /* of each source's entry */
    struct cv_envelope *env;
};

/** reading_begin(g, version, versions, err): into an empty g->r, of a record with so many versions. End with
 * reading_free, which leaves g->r; also after a failure. */
CV_MUST_CHECK cv_status reading_begin(struct reading *g, const struct cv_version *version, size_t versions,
                                      struct cv_err *err);
void reading_free(struct reading *g);
/** reading_plan(g, versions, version, sections, names, err): what to ask for: g->wants; ${names} gets those
 * sections that this member may read, of ${sections} or (NULL) of all, for the event. */
CV_MUST_CHECK cv_status reading_plan(struct reading *g, const struct cv_versions *versions,
                                     const struct cv_version *version, const char *const *sections,
                                     struct cv_json *names, struct cv_err *err);
/** reading_take(g, i, release, err): the i-th of g->wants was released (a cv_released_fn). */
CV_MUST_CHECK cv_status reading_take(void *arg, size_t i, struct cv_bytes release, struct cv_err *err);

#endif
