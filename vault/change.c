#include "vault/change.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "vault/erase.h"
#include "vault/event.h"

static cv_roles custodians(const struct cv_policy *p)
{
    return cv_policy_role_bit(p, CV_ROLE_CUSTODIAN);
}

static bool i_hold(const struct cv_vault *v, cv_roles roles)
{
    const struct cv_policy_member *me = cv_vault_me(v);
    return me != NULL && (me->roles & roles) != 0;
}

/* ---- a policy that changes ---- */

cv_status cv_change_begin(struct cv_vault *v, cv_roles also, struct cv_change *out, struct cv_err *err)
{
    memset(out, 0, sizeof(*out));
    if (!i_hold(v, custodians(cv_vault_policy(v)) | also)) {
        const struct cv_refusal refusal = { .to = "change the policy" };
        return cv_event_refuse(v, &refusal, CV_ERR_DENIED, err, "only a custodian changes who may do what");
    }
    cv_status st = cv_vault_begin(v, err);
    if (st != CV_OK)
        return st;
    st = cv_policy_copy(cv_vault_policy(v), &out->policy);
    if (st != CV_OK) {
        cv_vault_abort(v);
        return cv_err_note(err, st, "policy");
    }
    out->policy->number++;
    memcpy(out->policy->previous, cv_vault_policy(v)->hash, sizeof(out->policy->previous));
    return CV_OK;
}

static void change_free(struct cv_change *c)
{
    cv_policy_free(c->policy);
    cv_fresh_free(&c->fresh);
    c->policy = NULL;
}

void cv_change_drop(struct cv_vault *v, struct cv_change *c)
{
    cv_vault_abort(v);
    change_free(c);
}

cv_status cv_change_rotate(struct cv_change *c, cv_roles roles)
{
    struct cv_policy *p = c->policy;
    cv_status st = CV_OK;
    for (size_t i = 0; i < p->role_count && st == CV_OK; i++)
        if ((roles & ((cv_roles)1 << i)) != 0)
            st = cv_fresh_key(&c->fresh, &(struct cv_object){ "role", p->roles[i].name, ++p->roles[i].epoch },
                              &p->roles[i].key);
    for (size_t i = 0; i < p->section_count && st == CV_OK; i++)
        if ((roles & p->sections[i].readers) != 0 || strcmp(p->sections[i].name, "head") == 0)
            st = cv_fresh_key(&c->fresh,
                              &(struct cv_object){ "section", p->sections[i].name, ++p->sections[i].epoch },
                              &p->sections[i].key);
    st = CV_THEN(st,
                 cv_fresh_signer(&c->fresh, &(struct cv_object){ "log", "log", ++p->log.epoch }, p->log.key));
    return CV_THEN(st,
                   cv_fresh_signer(&c->fresh, &(struct cv_object){ "export", "export", ++p->export.epoch },
                                   p->export.key));
}

cv_status cv_change_sign(struct cv_vault *v, struct cv_proposal *p, struct cv_buf *line, struct cv_err *err)
{
    char name[CV_MEMBER_KEYNAME_BYTES];
    cv_policy_member_keyname(cv_vault_policy(v), v->id->public.pseudonym, name);
    const struct cv_note_signer me = { name, v->id->public.sign, cv_identity_sign, (void *)(uintptr_t)v->id };
    return cv_proposal_sign(p, &me, line, err);
}

/* put_in_force(v, w): the commit under way gets the policy, signed by enough, and its seals. */
static cv_status put_in_force(struct cv_vault *v, const struct cv_waiting *w, struct cv_err *err)
{
    struct cv_buf note = { 0 };
    cv_status st = cv_proposal_note(&w->proposal, &note);
    st = CV_THEN(st, cv_custody_add(v->custody, CV_KIND_POLICY, cv_buf_view(&note), NULL, NULL, err));
    if (st == CV_OK && w->proposal.seals.n > 0)
        st = cv_custody_add(v->custody, CV_KIND_SEALS, cv_buf_view(&w->proposal.seals), NULL, NULL, err);
    cv_buf_free(&note);
    return cv_err_note(err, st, "policy");
}

cv_status cv_change_propose(struct cv_vault *v, struct cv_waiting *w, struct cv_err *err)
{
    struct cv_buf data = { 0 };
    cv_status st = cv_proposal_write(&w->proposal, &data);
    st = CV_THEN(st, cv_custody_add(v->custody, CV_KIND_PROPOSAL, cv_buf_view(&data), NULL, &w->index, err));
    cv_buf_free(&data);
    return cv_err_note(err, st, "proposal");
}

/* finish(v, st): commit, or forget it. */
static cv_status finish(struct cv_vault *v, cv_status st, struct cv_err *err)
{
    if (st == CV_OK)
        return cv_vault_commit(v, err);
    cv_vault_abort(v);
    return st;
}

/* enough_left(p): a vault must not lock itself out. */
static cv_status enough_left(const struct cv_policy *p, struct cv_err *err)
{
    const unsigned left = cv_policy_holders(p, custodians(p));
    if (left >= p->quorum)
        return CV_OK;
    return cv_fail_n(err, CV_ERR_DENIED, left,
                     "%u custodian would be left where %u must sign: admit another first",
                     "%u custodians would be left where %u must sign: admit another first", left, p->quorum);
}

cv_status cv_change_submit(struct cv_vault *v, struct cv_change *c, const char *detail,
                           struct cv_outcome *out, struct cv_err *err)
{
    const struct cv_policy *now = cv_vault_policy(v);
    struct cv_waiting w = { .proposal.act = CV_ACT_POLICY };
    size_t made = 0;
    *out = (struct cv_outcome){ .need = now->quorum };
    cv_status st = enough_left(c->policy, err);
    st = CV_THEN(st, cv_policy_text(c->policy, &w.proposal.text));
    if (st == CV_OK && i_hold(v, custodians(now))) {
        st = cv_change_sign(v, &w.proposal, NULL, err);
        out->have = 1;
    }
    out->done = out->have >= out->need;
    /* What waits takes only secrets of its own along: the others follow when it is in force. */
    st = CV_THEN(st, cv_handover_seals(out->done ? v->keys : NULL, c->policy, &c->fresh, &w.proposal.seals,
                                       &made, NULL, err));
    st = CV_THEN(st, out->done ? put_in_force(v, &w, err) : cv_change_propose(v, &w, err));
    const struct cv_event event = { .action = out->done ? "policy" : "propose", .detail = detail };
    st = CV_THEN(st, cv_event_add(v, &event, err));
    out->proposal = w.index;
    st = finish(v, st, err);
    cv_waiting_free(&w);
    change_free(c);
    return cv_err_note(err, st, "policy");
}

/* ---- what waits ---- */

void cv_waiting_free(struct cv_waiting *w)
{
    cv_proposal_free(&w->proposal);
    cv_policy_free(w->policy);
    cv_erasure_free(&w->erasure);
    memset(w, 0, sizeof(*w));
}

/* signers(act, p): whose signatures count. */
static cv_roles signers(enum cv_act act, const struct cv_policy *p)
{
    return act == CV_ACT_POLICY ? custodians(p) : p->erasers;
}

/* count(v, p, out): good signatures of a proposal. CV_ERR_AUTH if one in a member's name is not theirs. */
static cv_status count(const struct cv_vault *v, const struct cv_proposal *p, unsigned *out)
{
    struct cv_buf bytes = { 0 };
    struct cv_note note = { 0 };
    *out = 0;
    if (p->signatures.n == 0)
        return CV_OK;
    cv_status st = cv_proposal_note(p, &bytes);
    st = CV_THEN(st, cv_note_parse(cv_buf_view(&bytes), &note, NULL));
    st = CV_THEN(
        st, cv_policy_signatures(cv_vault_policy(v), &note, signers(p->act, cv_vault_policy(v)), out, NULL));
    cv_note_free(&note);
    cv_buf_free(&bytes);
    return st;
}

/* merge_line(v, w, line): keep a signature line if it is a good one more; what does not verify, repeats, or
 * is of somebody whose signature does not count, is left out: anyone may append an approval, and none must be
 * able to spoil a proposal, nor fill it up. */
static cv_status merge_line(const struct cv_vault *v, struct cv_waiting *w, struct cv_bytes line)
{
    struct cv_proposal *p = &w->proposal;
    const size_t before = p->signatures.n;
    unsigned have = 0;
    cv_status st = cv_buf_append(&p->signatures, line);
    if (st != CV_OK)
        return st;
    st = count(v, p, &have);
    if (st == CV_OK && have > w->have)
        w->have = have;
    else
        cv_buf_truncate(&p->signatures, before);
    return st == CV_ERR_NOMEM ? st : CV_OK;
}

/* merge(v, w, lines): signatures of the proposal itself, or of one approval. */
static cv_status merge(const struct cv_vault *v, struct cv_waiting *w, struct cv_bytes lines)
{
    cv_status st = CV_OK;
    for (size_t i = 0; lines.n > 0 && i < CV_NOTE_SIGS_MAX && st == CV_OK; i++) {
        const uint8_t *end = memchr(lines.p, '\n', lines.n);
        const size_t n = end != NULL ? (size_t)(end - lines.p) + 1 : lines.n;
        st = merge_line(v, w, CV_BYTES(lines.p, n));
        lines = CV_BYTES(lines.p + n, lines.n - n);
    }
    return st;
}

/* own_signatures(v, w): those that came with the proposal. */
static cv_status own_signatures(const struct cv_vault *v, struct cv_waiting *w)
{
    struct cv_buf lines = w->proposal.signatures;
    w->proposal.signatures = (struct cv_buf){ 0 };
    cv_status st = merge(v, w, cv_buf_view(&lines));
    cv_buf_free(&lines);
    return st;
}

/* approvals(v, w): collect the signatures that were added to it. */
static cv_status approvals(struct cv_vault *v, struct cv_waiting *w, struct cv_err *err)
{
    uint64_t at = w->index, index = 0;
    cv_status st;
    while ((st = cv_catalog_next(cv_custody_catalog(v->custody), CV_KIND_APPROVAL, at, &index, err)) ==
           CV_OK) {
        struct cv_buf data = { 0 }, lines = { 0 };
        uint64_t of = 0;
        st = cv_custody_read(v->custody, index, CV_KIND_APPROVAL, &data, err);
        if (st == CV_OK && cv_approval_parse(cv_buf_view(&data), &of, &lines, NULL) == CV_OK &&
            of == w->index)
            st = merge(v, w, cv_buf_view(&lines));
        cv_buf_free(&data);
        cv_buf_free(&lines);
        if (st != CV_OK)
            return st;
        at = index + 1;
    }
    return st == CV_ERR_NOTFOUND ? CV_OK : st;
}

/* alive(v, w): does it follow the policy in force, and can it still be done? */
static bool alive(struct cv_vault *v, struct cv_waiting *w)
{
    const struct cv_policy *now = cv_vault_policy(v);
    const struct cv_bytes text = cv_buf_view(&w->proposal.text);
    char date[CV_DATE_BYTES];
    struct cv_buf note = { 0 };
    if (w->proposal.act == CV_ACT_POLICY)
        return cv_policy_draft(text, now, &w->policy, NULL) == CV_OK;
    cv_date_today(0, date);
    const bool read = cv_proposal_note(&w->proposal, &note) == CV_OK &&
                      cv_erasure_parse(cv_buf_view(&note), now->vault, &w->erasure, NULL) == CV_OK;
    cv_buf_free(&note);
    return read && w->erasure.policy == now->number && strcmp(date, w->erasure.expires) <= 0 &&
           cv_erase_names(v, &w->erasure, NULL) == CV_OK && !cv_erase_begun(v, text);
}

/* load_waiting(v, index, out): CV_ERR_NOTFOUND if what is there does not wait any more. */
static cv_status load_waiting(struct cv_vault *v, uint64_t index, struct cv_waiting *w, struct cv_err *err)
{
    struct cv_buf data = { 0 };
    memset(w, 0, sizeof(*w));
    w->index = index;
    cv_status st = cv_custody_read(v->custody, index, CV_KIND_PROPOSAL, &data, err);
    if (st == CV_OK && cv_proposal_parse(cv_buf_view(&data), &w->proposal, NULL) != CV_OK)
        st = CV_ERR_NOTFOUND;
    st = CV_THEN(st, own_signatures(v, w));
    if (st == CV_OK && !alive(v, w))
        st = CV_ERR_NOTFOUND;
    if (st == CV_OK)
        w->need =
            w->proposal.act == CV_ACT_POLICY ? cv_vault_policy(v)->quorum : cv_vault_policy(v)->erase_quorum;
    st = CV_THEN(st, approvals(v, w, err));
    cv_buf_free(&data);
    if (st != CV_OK)
        cv_waiting_free(w);
    return st;
}

cv_status cv_change_waiting(struct cv_vault *v, uint64_t from, struct cv_waiting *out, struct cv_err *err)
{
    uint64_t index = 0, at = from > v->custody->chain.since ? from : v->custody->chain.since;
    cv_status st;
    memset(out, 0, sizeof(*out));
    while ((st = cv_catalog_next(cv_custody_catalog(v->custody), CV_KIND_PROPOSAL, at, &index, err)) ==
           CV_OK) {
        st = load_waiting(v, index, out, err);
        if (st != CV_ERR_NOTFOUND)
            return st;
        at = index + 1;
    }
    return st;
}

size_t cv_change_waits(struct cv_vault *v)
{
    struct cv_waiting w;
    size_t n = 0;
    for (uint64_t at = 0; cv_change_waiting(v, at, &w, NULL) == CV_OK; n++) {
        at = w.index + 1;
        cv_waiting_free(&w);
    }
    return n;
}

/* pick(v, index, out): what waits there. */
static cv_status pick(struct cv_vault *v, uint64_t index, struct cv_waiting *out, struct cv_err *err)
{
    cv_status st = cv_change_waiting(v, index, out, err);
    if (st != CV_ERR_NOTFOUND && (st != CV_OK || out->index == index))
        return st;
    cv_waiting_free(out);
    return cv_fail(err, CV_ERR_NOTFOUND, "nothing waits for approval under that number; see `policy show`");
}

/* add_mine(v, w, line): my signature, unless it is there. */
static cv_status add_mine(struct cv_vault *v, struct cv_waiting *w, struct cv_buf *line, struct cv_err *err)
{
    const unsigned before = w->have;
    cv_status st = cv_change_sign(v, &w->proposal, line, err);
    st = CV_THEN(st, count(v, &w->proposal, &w->have));
    if (st == CV_OK && w->have == before)
        st = cv_fail(err, CV_ERR_EXISTS, "you have signed this already; another must");
    return cv_err_note(err, st, "approval");
}

/* record_approval(v, index, line): it still waits, with one signature more. */
static cv_status record_approval(struct cv_vault *v, uint64_t index, struct cv_bytes line, struct cv_err *err)
{
    struct cv_buf data = { 0 };
    cv_status st = cv_approval_write(index, line, &data);
    st = CV_THEN(st, cv_custody_add(v->custody, CV_KIND_APPROVAL, cv_buf_view(&data), NULL, NULL, err));
    cv_buf_free(&data);
    return cv_err_note(err, st, "approval");
}

/* begin_approval(v, index): the lock; of an erasure, with no version written since it was found to leave none
 * behind that stands on what goes. */
static cv_status begin_approval(struct cv_vault *v, uint64_t *index, struct cv_err *err)
{
    struct cv_waiting w = { 0 };
    uint64_t records = 0;
    cv_status st = pick(v, *index, &w, err);
    const bool erases =
        st == CV_OK && w.proposal.act == CV_ACT_ERASE && i_hold(v, cv_vault_policy(v)->erasers);
    *index = w.index;
    if (erases)
        st = cv_erase_alone(v, &w.erasure, err);
    records = v->custody->counts[CV_KIND_RECORD];
    cv_waiting_free(&w);
    st = CV_THEN(st, cv_vault_begin(v, err));
    if (st == CV_OK && erases && records != v->custody->counts[CV_KIND_RECORD]) {
        cv_vault_abort(v);
        st = cv_fail(err, CV_ERR_LOCKED, "records were written meanwhile; try again");
    }
    return st;
}

cv_status cv_change_approve(struct cv_vault *v, uint64_t index, struct cv_outcome *out, struct cv_err *err)
{
    struct cv_waiting w = { 0 };
    struct cv_buf line = { 0 };
    char detail[96];
    memset(out, 0, sizeof(*out));
    cv_status st = begin_approval(v, &index, err);
    if (st != CV_OK)
        return st;
    st = pick(v, index, &w, err);
    const enum cv_act act = w.proposal.act;
    const bool may = st == CV_OK && i_hold(v, signers(act, cv_vault_policy(v)));
    if (st == CV_OK && !may) {
        cv_vault_abort(v);
        cv_waiting_free(&w);
        const struct cv_refusal refusal = { .to = "approve" };
        return cv_event_refuse(v, &refusal, CV_ERR_DENIED, err, "none of your roles may approve this");
    }
    if (st == CV_OK && act == CV_ACT_POLICY)
        st = cv_handover_log(v->keys, v->id, w.policy, cv_buf_view(&w.proposal.seals), err);
    st = CV_THEN(st, add_mine(v, &w, &line, err));
    *out =
        (struct cv_outcome){ .done = w.have >= w.need, .proposal = w.index, .have = w.have, .need = w.need };
    if (st == CV_OK && !out->done)
        st = record_approval(v, w.index, cv_buf_view(&line), err);
    else if (st == CV_OK && act == CV_ACT_POLICY)
        st = put_in_force(v, &w, err);
    else if (st == CV_OK)
        st = cv_erase_intend(v, &w.proposal, err);
    snprintf(detail, sizeof(detail), "%s of entry %" PRIu64 ", %u of %u signatures", cv_act_name(act),
             w.index, w.have, w.need);
    const struct cv_event event = { .action = "approve", .detail = detail };
    st = CV_THEN(st, cv_event_add(v, &event, err));
    st = finish(v, st, err);
    cv_waiting_free(&w);
    cv_buf_free(&line);
    if (st == CV_OK && out->done && act == CV_ACT_ERASE)
        st = cv_erase_complete(v, err);
    return st;
}
