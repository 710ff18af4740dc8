#ifndef CV_VAULT_PACKAGE_CHOOSE_H
#define CV_VAULT_PACKAGE_CHOOSE_H

#include "vault/package.h"
#include "vault/related.h"

/* Choosing what would leave, record by record and field by field; for package_plan.c alone. */

struct planning {
    struct cv_vault *v;
    const struct cv_package_request *q;
    struct cv_related related;
    struct cv_json *items, *withheld, *consents, *missing, *shown;
    const struct cv_json *asked; /* the items of a plan that is judged again; NULL */
};

/** cv_choose_check(w, err): what was asked to stay, and which statements to go, are things that there are.
 * CV_OK; CV_ERR_ARG. */
CV_MUST_CHECK cv_status cv_choose_check(const struct planning *w, struct cv_err *err);
/** cv_choose_left_out(q, id, section, field): was it asked to stay: a record, a section of it, a field? Those
 * that do not apply are NULL. */
bool cv_choose_left_out(const struct cv_package_request *q, const char *id, const char *section,
                        const char *field);
/** cv_choose_record(w, of, r, err): what goes of a record, and what stays and why, into the plan; nothing, if
 * nothing goes. ${r} is how it belongs to the case, NULL for a consent that is relied on. As cv_record_read.
 */
CV_MUST_CHECK cv_status cv_choose_record(struct planning *w, const struct cv_version *of,
                                         const struct cv_relative *r, struct cv_err *err);
/** cv_choose_subjects(w, r, out): append whose data a record holds: the person, the persons it points to, or
 * else the victims of the case; never a suspect. CV_OK; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_choose_subjects(const struct planning *w, const struct cv_relative *r,
                                           struct cv_json *out);

#endif
