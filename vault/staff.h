#ifndef CV_VAULT_STAFF_H
#define CV_VAULT_STAFF_H

#include "vault/vault.h"

/* Who the pseudonyms are, by the staff records that say so. */

/**
 * cv_staff_names(v, reason, out, err): pseudonym -> array of the names that staff records give it; more than
 * one where records disagree: anyone who may write the directory may write whom a pseudonym is. One glance,
 * under one event; empty, and no event, for who may not read the directory. Freed by the caller. As
 * cv_glance.
 */
CV_MUST_CHECK cv_status cv_staff_names(struct cv_vault *v, const char *reason, struct cv_json **out,
                                       struct cv_err *err);

#endif
