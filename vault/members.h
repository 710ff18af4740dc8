#ifndef CV_VAULT_MEMBERS_H
#define CV_VAULT_MEMBERS_H

#include "vault/change.h"

/* Who is there, and what they work as: each a change of the policy (vault/change.h), in force at once or
 * waiting for other custodians. All return CV_OK; CV_ERR_DENIED unless a custodian acts, or when too few
 * custodians would be left; CV_ERR_NOTFOUND for an unknown role or member; CV_ERR_EXISTS where there is
 * nothing to change. */

/** cv_members_add(v, key, roles, out, err): admit; ${roles} is NULL-terminated. Roles' secrets that this
 * member holds are sealed to the newcomer in the same commit. */
CV_MUST_CHECK cv_status cv_members_add(struct cv_vault *v, const struct cv_member_key *key,
                                       const char *const *roles, struct cv_outcome *out, struct cv_err *err);

/** cv_members_remove(v, pseudonym, out, err): all their roles' secrets, and what those open, are made anew.
 */
CV_MUST_CHECK cv_status cv_members_remove(struct cv_vault *v, const char *pseudonym, struct cv_outcome *out,
                                          struct cv_err *err);

/** cv_members_replace(v, pseudonym, key, out, err): the same person with new keys (a lost laptop): the new
 * ones take the roles of the old, which open nothing written from then on. */
CV_MUST_CHECK cv_status cv_members_replace(struct cv_vault *v, const char *pseudonym,
                                           const struct cv_member_key *key, struct cv_outcome *out,
                                           struct cv_err *err);

/** cv_members_grant(v, pseudonym, role, out, err): one more role for a member. */
CV_MUST_CHECK cv_status cv_members_grant(struct cv_vault *v, const char *pseudonym, const char *role,
                                         struct cv_outcome *out, struct cv_err *err);

/** cv_members_revoke(v, pseudonym, role, out, err): one role less; its secret and what it opens are made
 * anew. */
CV_MUST_CHECK cv_status cv_members_revoke(struct cv_vault *v, const char *pseudonym, const char *role,
                                          struct cv_outcome *out, struct cv_err *err);

/** cv_members_rotate(v, role, out, err): new secrets for a role and what it opens. A holder of the role may
 * ask for it too: whoever makes the secrets knows them until the process ends. */
CV_MUST_CHECK cv_status cv_members_rotate(struct cv_vault *v, const char *role, struct cv_outcome *out,
                                          struct cv_err *err);

/* Rules of the policy; what is 0, or -1 where 0 means something, stays. */
struct cv_rules {
    unsigned quorum, erase_quorum;
    int package_quorum;
    int reason_required;
    const struct cv_policy_witnesses *witnesses; /* NULL: stay */
};
CV_MUST_CHECK cv_status cv_members_rules(struct cv_vault *v, const struct cv_rules *rules,
                                         struct cv_outcome *out, struct cv_err *err);

/** cv_members_could_read(v, roles): the sections that these roles open, as names; NULL without memory. */
struct cv_json *cv_members_could_read(const struct cv_vault *v, cv_roles roles);

/** cv_members_waiting(v): how many secrets no one has sealed yet to those who should have them. */
size_t cv_members_waiting(struct cv_vault *v);

/** cv_members_seal_waiting(v, err): seal to them what this member holds. */
CV_MUST_CHECK cv_status cv_members_seal_waiting(struct cv_vault *v, struct cv_err *err);

#endif
