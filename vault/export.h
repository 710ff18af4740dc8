#ifndef CV_VAULT_EXPORT_H
#define CV_VAULT_EXPORT_H

#include "vault/head_walk.h"

/** Reading many records whole, as far as this member may, under one event that names them all,
 * or one for every cv_event_named_most of them. */
struct cv_export {
    const char *detail, *reason; /* of the event */
    /** One record, opened and verified, in the order of the walk; without those of which nothing may be read.
     */
    cv_status (*take)(void *arg, const struct cv_record *r);
    void *arg;
    /** Told of a record that is damaged, or not what its author signed, and it goes on; NULL: the first ends
     * it. */
    cv_status (*fault)(void *arg, const struct cv_version *of, const char *what);
    const char *action; /* of the event; NULL: export */
};

/** cv_export(v, e, walk, err): the event that names a record is durable before it is opened. CV_OK, also if
 * nothing may be read; CV_ERR_ARG if the vault asks why and there is no reason; CV_ERR_LOG where a record is
 * damaged or is not what its author signed: an export with a hole would look whole; what ${take} says;
 * CV_ERR_IO; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_export(struct cv_vault *v, const struct cv_export *e,
                                  const struct cv_head_walk *walk, struct cv_err *err);

#endif
