#include "vault/members.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "vault/event.h"

#define DETAIL_BYTES 200

/* ---- handing on ---- */

size_t cv_members_waiting(struct cv_vault *v)
{
    struct cv_buf unused = { 0 };
    size_t made = 0, waiting = 0;
    cv_status st = cv_handover_seals(v->keys, cv_vault_policy(v), NULL, &unused, &made, &waiting, NULL);
    cv_buf_free(&unused);
    return st == CV_OK ? waiting : 0;
}

cv_status cv_members_seal_waiting(struct cv_vault *v, struct cv_err *err)
{
    const struct cv_event event = { .action = "seal", .detail = "keys sealed to those who waited for them" };
    struct cv_buf seals = { 0 };
    size_t made = 0;
    cv_status st = cv_handover_seals(v->keys, cv_vault_policy(v), NULL, &seals, &made, NULL, err);
    if (st == CV_OK && made > 0) {
        const uint64_t policy = cv_vault_policy(v)->number;
        st = cv_vault_begin(v, err);
        if (st == CV_OK && cv_vault_policy(v)->number == policy) {
            st = cv_custody_add(v->custody, CV_KIND_SEALS, cv_buf_view(&seals), NULL, NULL, err);
            st = CV_THEN(st, cv_event_add(v, &event, err));
            if (st == CV_OK)
                st = cv_vault_commit(v, err);
            else
                cv_vault_abort(v);
        } else if (st == CV_OK)
            cv_vault_abort(
                v); /* another policy came into force meanwhile; the next command sees what it asks for */
    }
    cv_buf_free(&seals);
    return cv_err_note(err, st, "seals");
}

/* ---- changes ---- */

static cv_status find_role(const struct cv_policy *p, const char *name, cv_roles *bit, struct cv_err *err)
{
    *bit = cv_policy_role_bit(p, name);
    if (*bit == 0)
        return cv_fail(err, CV_ERR_NOTFOUND, "there is no role %.32s in this vault; see `role list`", name);
    if (strcmp(name, CV_ROLE_RECOVERY) == 0)
        return cv_fail(err, CV_ERR_DENIED,
                       "recovery is held by nobody: it exists as shares; see `recovery split`");
    return CV_OK;
}

static cv_status find_member(struct cv_policy *p, const char *pseudonym, struct cv_policy_member **out,
                             struct cv_err *err)
{
    *out = cv_policy_member(p, pseudonym);
    return *out != NULL
               ? CV_OK
               : cv_fail(err, CV_ERR_NOTFOUND, "there is no member %.16s; see `member list`", pseudonym);
}

/* submit(v, c, st, detail): commit or propose what was prepared; drop it if that failed. */
static cv_status submit(struct cv_vault *v, struct cv_change *c, cv_status st, const char *detail,
                        struct cv_outcome *out, struct cv_err *err)
{
    if (st == CV_OK)
        return cv_change_submit(v, c, detail, out, err);
    cv_change_drop(v, c);
    return cv_err_note(err, st, "policy");
}

/* begin_with(v, key, c, err): cv_change_begin of a change that lets ${key} in. A training identity among real
 * ones, or the other way round, is refused, and the refusal is logged. */
static cv_status begin_with(struct cv_vault *v, const struct cv_member_key *key, struct cv_change *c,
                            struct cv_err *err)
{
    const struct cv_refusal mixed = { .to = CV_MIXED };
    struct cv_err why = { 0 };
    cv_status st = cv_change_begin(v, 0, c, err);
    if (st != CV_OK || key->training == c->policy->training)
        return st;
    st = cv_policy_add_member(c->policy, key, 0, &why);
    cv_change_drop(v, c);
    return cv_event_refuse(v, &mixed, st != CV_OK ? st : CV_ERR_DENIED, err, "%s", why.msg);
}

cv_status cv_members_add(struct cv_vault *v, const struct cv_member_key *key, const char *const *roles,
                         struct cv_outcome *out, struct cv_err *err)
{
    struct cv_change c;
    cv_roles set = 0, bit = 0;
    char detail[DETAIL_BYTES];
    cv_status st = begin_with(v, key, &c, err);
    if (st != CV_OK)
        return st;
    for (; *roles != NULL && st == CV_OK; roles++) {
        st = find_role(c.policy, *roles, &bit, err);
        set |= bit;
    }
    if (st == CV_OK && set == 0)
        st = cv_fail(err, CV_ERR_ARG, "a member needs at least one role");
    st = CV_THEN(st, cv_policy_add_member(c.policy, key, set, err));
    snprintf(detail, sizeof(detail), "member %s added, policy %" PRIu64, key->pseudonym, c.policy->number);
    return submit(v, &c, st, detail, out, err);
}

cv_status cv_members_remove(struct cv_vault *v, const char *pseudonym, struct cv_outcome *out,
                            struct cv_err *err)
{
    struct cv_change c;
    struct cv_policy_member *member = NULL;
    char detail[DETAIL_BYTES];
    cv_status st = cv_change_begin(v, 0, &c, err);
    if (st != CV_OK)
        return st;
    st = find_member(c.policy, pseudonym, &member, err);
    const cv_roles roles = member != NULL ? member->roles : 0;
    st = CV_THEN(st, cv_policy_remove_member(c.policy, pseudonym));
    st = CV_THEN(st, cv_change_rotate(&c, roles));
    snprintf(detail, sizeof(detail), "member %.16s removed, policy %" PRIu64, pseudonym, c.policy->number);
    return submit(v, &c, st, detail, out, err);
}

cv_status cv_members_replace(struct cv_vault *v, const char *pseudonym, const struct cv_member_key *key,
                             struct cv_outcome *out, struct cv_err *err)
{
    struct cv_change c;
    struct cv_policy_member *member = NULL;
    char detail[DETAIL_BYTES];
    cv_status st = begin_with(v, key, &c, err);
    if (st != CV_OK)
        return st;
    st = find_member(c.policy, pseudonym, &member, err);
    const cv_roles roles = member != NULL ? member->roles : 0;
    st = CV_THEN(st, cv_policy_add_member(c.policy, key, roles, err));
    st = CV_THEN(st, cv_policy_remove_member(c.policy, pseudonym));
    st = CV_THEN(st, cv_change_rotate(&c, roles));
    snprintf(detail, sizeof(detail), "member %.16s replaced by %s, policy %" PRIu64, pseudonym,
             key->pseudonym, c.policy->number);
    return submit(v, &c, st, detail, out, err);
}

/* regrant(v, pseudonym, role, give): what a member works as; what is taken is rotated. */
static cv_status regrant(struct cv_vault *v, const char *pseudonym, const char *role, bool give,
                         struct cv_outcome *out, struct cv_err *err)
{
    struct cv_change c;
    struct cv_policy_member *member = NULL;
    cv_roles bit = 0;
    char detail[DETAIL_BYTES];
    cv_status st = cv_change_begin(v, 0, &c, err);
    if (st != CV_OK)
        return st;
    st = find_member(c.policy, pseudonym, &member, err);
    st = CV_THEN(st, find_role(c.policy, role, &bit, err));
    if (st == CV_OK && give == ((member->roles & bit) != 0))
        st = give ? cv_fail(err, CV_ERR_EXISTS, "%s holds the role %s already: nothing is to do", pseudonym,
                            role)
                  : cv_fail(err, CV_ERR_EXISTS, "%s does not hold the role %s: see `member list`", pseudonym,
                            role);
    if (st == CV_OK && !give && member->roles == bit)
        st = cv_fail(err, CV_ERR_DENIED, "%s would be left without a role: use `member remove`", pseudonym);
    if (st == CV_OK)
        member->roles ^= bit;
    if (!give)
        st = CV_THEN(st, cv_change_rotate(&c, bit));
    snprintf(detail, sizeof(detail), "role %.32s %s %.16s, policy %" PRIu64, role,
             give ? "given to" : "taken from", pseudonym, c.policy->number);
    return submit(v, &c, st, detail, out, err);
}

cv_status cv_members_grant(struct cv_vault *v, const char *pseudonym, const char *role,
                           struct cv_outcome *out, struct cv_err *err)
{
    return regrant(v, pseudonym, role, true, out, err);
}

cv_status cv_members_revoke(struct cv_vault *v, const char *pseudonym, const char *role,
                            struct cv_outcome *out, struct cv_err *err)
{
    return regrant(v, pseudonym, role, false, out, err);
}

cv_status cv_members_rotate(struct cv_vault *v, const char *role, struct cv_outcome *out, struct cv_err *err)
{
    struct cv_change c;
    cv_roles bit = 0;
    char detail[DETAIL_BYTES];
    cv_status st = cv_change_begin(v, cv_policy_role_bit(cv_vault_policy(v), role), &c, err);
    if (st != CV_OK)
        return st;
    st = find_role(c.policy, role, &bit, err);
    st = CV_THEN(st, cv_change_rotate(&c, bit));
    snprintf(detail, sizeof(detail), "keys of role %.32s made anew, policy %" PRIu64, role, c.policy->number);
    return submit(v, &c, st, detail, out, err);
}

cv_status cv_members_rules(struct cv_vault *v, const struct cv_rules *rules, struct cv_outcome *out,
                           struct cv_err *err)
{
    struct cv_change c;
    char detail[DETAIL_BYTES];
    cv_status st = cv_change_begin(v, 0, &c, err);
    if (st != CV_OK)
        return st;
    struct cv_policy *p = c.policy;
    p->quorum = rules->quorum > 0 ? rules->quorum : p->quorum;
    p->erase_quorum = rules->erase_quorum > 0 ? rules->erase_quorum : p->erase_quorum;
    p->reason_required = rules->reason_required >= 0 ? rules->reason_required != 0 : p->reason_required;
    p->package_quorum = rules->package_quorum >= 0 ? (unsigned)rules->package_quorum : p->package_quorum;
    p->witnesses = rules->witnesses != NULL ? *rules->witnesses : p->witnesses;
    const struct cv_policy *now = cv_vault_policy(v);
    if (p->quorum == now->quorum && p->package_quorum == now->package_quorum &&
        p->erase_quorum == now->erase_quorum && p->reason_required == now->reason_required &&
        cv_policy_witnesses_equal(&p->witnesses, &now->witnesses))
        st = cv_fail(err, CV_ERR_EXISTS, "these are the rules already: nothing is to do");
    if (st == CV_OK && cv_policy_holders(p, p->erasers) < p->erase_quorum)
        st = cv_fail_n(err, CV_ERR_DENIED, cv_policy_holders(p, p->erasers),
                       "%u member may erase: %u signatures could never come together",
                       "%u members may erase: %u signatures could never come together",
                       cv_policy_holders(p, p->erasers), p->erase_quorum);
    if (st == CV_OK && cv_policy_holders(p, p->export.holders) < p->package_quorum + 1)
        st = cv_fail_n(err, CV_ERR_DENIED, cv_policy_holders(p, p->export.holders),
                       "%u member may export: %u approvals beside the sender's could never come together",
                       "%u members may export: %u approvals beside the sender's could never come together",
                       cv_policy_holders(p, p->export.holders), p->package_quorum);
    if (st == CV_OK && p->witnesses.count < p->witnesses.quorum)
        st = cv_fail_n(err, CV_ERR_DENIED, p->witnesses.count,
                       "there is %u witness: %u cosignatures could never come together",
                       "there are %u witnesses: %u cosignatures could never come together",
                       p->witnesses.count, p->witnesses.quorum);
    snprintf(detail, sizeof(detail), "rules changed, policy %" PRIu64, p->number);
    return submit(v, &c, st, detail, out, err);
}

struct cv_json *cv_members_could_read(const struct cv_vault *v, cv_roles roles)
{
    const struct cv_policy *p = cv_vault_policy(v);
    struct cv_json *list = cv_json_array();
    for (size_t i = 0; list != NULL && i < p->section_count; i++)
        if ((p->sections[i].readers & roles) != 0 && strcmp(p->sections[i].name, "head") != 0 &&
            cv_json_push(list, cv_json_str(p->sections[i].name)) != CV_OK) {
            cv_json_free(list);
            return NULL;
        }
    return list;
}
