#ifndef CV_VAULT_MAKING_H
#define CV_VAULT_MAKING_H

#include "vault/record_put.h"

/** cv_making_start(v, next, record, out, err): inside a commit: have a version made of the sections of
 * ${record}: signed, sealed, and rebuilt to see that what is stored is what was signed; on other cores, while
 * the caller goes on. Its entry is the next of the commit, and takes over what is in ${next} to be freed;
 * ${record} must not be changed before the commit ends. ${out} is known at once, but for its id. CV_OK; what
 * cv_custody_add says; what goes wrong while it is made is told when the entry's turn comes
 * (cv_custody_promise). */
CV_MUST_CHECK cv_status cv_making_start(struct cv_vault *v, const struct cv_next *next,
                                        const struct cv_json *record, struct cv_stored *out,
                                        struct cv_err *err);

#endif
