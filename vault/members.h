#ifndef CV_VAULT_MEMBERS_H
#define CV_VAULT_MEMBERS_H

#include "vault/vault.h"

/** cv_members_add(v, key, roles, err): a new policy with this member; the roles' secrets this member holds
 * are sealed to the newcomer in the same commit. CV_OK; CV_ERR_DENIED unless a custodian acts; CV_ERR_EXISTS;
 * CV_ERR_NOTFOUND for an unknown role (a NULL-terminated list). */
CV_MUST_CHECK cv_status cv_members_add(struct cv_vault *v, const struct cv_member_key *key,
                                       const char *const *roles, struct cv_err *err);

/** cv_members_grant(v, pseudonym, role, err): likewise, one more role for a member. */
CV_MUST_CHECK cv_status cv_members_grant(struct cv_vault *v, const char *pseudonym, const char *role,
                                         struct cv_err *err);

/** cv_members_waiting(v): how many role secrets no one has sealed yet to members who were given the role. */
size_t cv_members_waiting(struct cv_vault *v);

/** cv_members_seal_waiting(v, err): seal to them what this member holds. */
CV_MUST_CHECK cv_status cv_members_seal_waiting(struct cv_vault *v, struct cv_err *err);

#endif
