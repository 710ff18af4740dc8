#ifndef CV_VAULT_CHANGE_H
#define CV_VAULT_CHANGE_H

#include "formats/erasure.h"
#include "formats/proposal.h"
#include "vault/handover.h"
#include "vault/vault.h"

/**
 * A change of the policy, from the moment the lock is taken: a copy of the policy with the next number, and
 * the secrets made for it. With enough custodians' signatures it is committed at once, with its seals; with
 * fewer it waits in the vault as a proposal that others approve. A proposal follows one policy: when another
 * comes into force it is void.
 */
struct cv_change {
    struct cv_policy *policy;
    struct cv_fresh fresh;
};

/* What became of an act that needs signatures. */
struct cv_outcome {
    bool done;         /* it is in force */
    uint64_t proposal; /* else the entry under which it waits */
    unsigned have, need;
};

/** cv_change_begin(v, also, out, err): only custodians may, and members with one of the roles ${also}. CV_OK;
 * CV_ERR_DENIED, after the refusal is logged; as cv_vault_begin. End with _submit or _drop. */
CV_MUST_CHECK cv_status cv_change_begin(struct cv_vault *v, cv_roles also, struct cv_change *out,
                                        struct cv_err *err);
/** cv_change_rotate(c, roles): new secrets for these roles, for the log, exports, `head` and every section
 * that one of them reads. CV_OK; CV_ERR_NOMEM; CV_ERR_INTERNAL. */
CV_MUST_CHECK cv_status cv_change_rotate(struct cv_change *c, cv_roles roles);
/** cv_change_submit(v, c, detail, out, err): sign, and commit or propose. ${c} is freed. CV_OK; CV_ERR_DENIED
 * if no quorum would be left. */
CV_MUST_CHECK cv_status cv_change_submit(struct cv_vault *v, struct cv_change *c, const char *detail,
                                         struct cv_outcome *out, struct cv_err *err);
void cv_change_drop(struct cv_vault *v, struct cv_change *c);

/* An act that waits: its proposal, with every good signature so far. */
struct cv_waiting {
    uint64_t index;
    struct cv_proposal proposal;
    struct cv_policy *policy;  /* of a policy: as it would be */
    struct cv_erasure erasure; /* of an erasure */
    unsigned have, need;
};
void cv_waiting_free(struct cv_waiting *w);

/** cv_change_waiting(v, from, out, err): the first act at or after entry ${from} that still waits under the
 * policy in force. CV_OK; CV_ERR_NOTFOUND. */
CV_MUST_CHECK cv_status cv_change_waiting(struct cv_vault *v, uint64_t from, struct cv_waiting *out,
                                          struct cv_err *err);
/** cv_change_waits(v): how many there are. */
size_t cv_change_waits(struct cv_vault *v);

/** cv_change_propose(v, w, event, err): inside a commit: put a proposal there to wait; sets its index. */
CV_MUST_CHECK cv_status cv_change_propose(struct cv_vault *v, struct cv_waiting *w, struct cv_err *err);

/** cv_change_sign(v, p, line, err): add this member's signature to a proposal. */
CV_MUST_CHECK cv_status cv_change_sign(struct cv_vault *v, struct cv_proposal *p, struct cv_buf *line,
                                       struct cv_err *err);

/** cv_change_approve(v, index, out, err): add this member's signature to what waits there; with
 * enough of them it is done. CV_OK; CV_ERR_NOTFOUND; CV_ERR_DENIED, also for an erasure under a hold or
 * of what a newer version stands on, and for a policy that would leave this member without the key of the
 * log; CV_ERR_EXISTS if this member signed already; CV_ERR_LOCKED. */
CV_MUST_CHECK cv_status cv_change_approve(struct cv_vault *v, uint64_t index, struct cv_outcome *out,
                                          struct cv_err *err);

#endif
