#include "vault/erase.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/random.h"
#include "vault/event.h"
#include "vault/notice.h"

#define EXPIRES_DAYS 30

void cv_erase_plan_free(struct cv_erase_plan *p)
{
    free(p->rows);
    memset(p, 0, sizeof(*p));
}

/* ---- planning ---- */

static bool chosen(const struct cv_erase_which *w, uint64_t version, uint64_t latest)
{
    return version >= w->from && (w->to == 0 || version <= w->to) && !(w->old && version == latest);
}

/* keep_carried(p, versions, which): what stays may stand on what would go. */
static cv_status keep_carried(struct cv_erase_plan *p, const struct cv_versions *versions,
                              const struct cv_erase_which *which, struct cv_err *err)
{
    for (size_t i = versions->count; i-- > 0;) {
        if (p->rows[i].goes)
            continue;
        const struct cv_json *carried = versions->v[i].carried;
        for (void *it = cv_json_first(carried); it != NULL; it = cv_json_next(carried, it))
            for (size_t j = 0; j < p->count; j++) {
                struct cv_erase_row *r = &p->rows[j];
                if (!r->goes || r->version != (uint64_t)cv_json_to_int(cv_json_iter_value(it)))
                    continue;
                if (!which->old)
                    return cv_fail(err, CV_ERR_DENIED,
                                   "version %" PRIu64 " still stands on version %" PRIu64
                                   " (section %s): erase both, or neither",
                                   versions->v[i].version, r->version, cv_json_iter_name(it));
                r->goes = false;
                r->carried_by = versions->v[i].version;
            }
    }
    return CV_OK;
}

cv_status cv_erase_plan(struct cv_vault *v, const char *id, const struct cv_erase_which *which,
                        struct cv_erase_plan *out, struct cv_err *err)
{
    struct cv_versions versions = { 0 };
    memset(out, 0, sizeof(*out));
    out->which = *which;
    cv_status st = cv_record_find(v, id, "erase", NULL, &versions, err);
    if (st == CV_OK && (out->rows = calloc(versions.count, sizeof(*out->rows))) == NULL)
        st = CV_ERR_NOMEM;
    for (; st == CV_OK && out->count < versions.count; out->count++) {
        const struct cv_version *from = &versions.v[out->count];
        struct cv_erase_row *r = &out->rows[out->count];
        *r = (struct cv_erase_row){ .version = from->version, .entry = from->index };
        r->goes = chosen(which, from->version, versions.v[versions.count - 1].version);
        st = cv_record_slot(v, r->entry, &r->slot, err);
    }
    st = CV_THEN(st, keep_carried(out, &versions, which, err));
    if (st == CV_OK) {
        memcpy(out->id, versions.v[0].id, sizeof(out->id));
        memcpy(out->type, versions.v[0].type, sizeof(out->type));
        out->need = cv_vault_policy(v)->erase_quorum;
        for (size_t i = 0; i < out->count; i++)
            out->going += out->rows[i].goes;
        st = cv_hold_of(v, out->id, out->type, &out->held, out->held_by, err);
    }
    cv_versions_free(&versions);
    if (st != CV_OK)
        cv_erase_plan_free(out);
    return cv_err_note(err, st, "erase");
}

/* ---- asking ---- */

/* order of entries: a document has one form */
static int by_entry(const void *a, const void *b)
{
    const struct cv_erased_version *x = a, *y = b;
    return (x->entry > y->entry) - (x->entry < y->entry);
}

/* draft(v, plan, text): what is to be signed. */
static cv_status draft(const struct cv_vault *v, const struct cv_erase_plan *plan, struct cv_buf *text)
{
    struct cv_erasure e = { .policy = cv_vault_policy(v)->number };
    cv_date_today(EXPIRES_DAYS, e.expires);
    e.versions = calloc(plan->going, sizeof(*e.versions));
    cv_status st = e.versions == NULL ? CV_ERR_NOMEM : cv_random(e.nonce, sizeof(e.nonce));
    for (size_t i = 0; st == CV_OK && i < plan->count; i++)
        if (plan->rows[i].goes)
            e.versions[e.count++] = (struct cv_erased_version){ plan->rows[i].entry, plan->rows[i].slot };
    if (st == CV_OK)
        qsort(e.versions, e.count, sizeof(*e.versions), by_entry);
    st = CV_THEN(st, cv_erasure_text(&e, cv_vault_policy(v)->vault, text));
    cv_erasure_free(&e);
    return st;
}

/* tell(v, plan): readers of records learn which versions go, and who asked. */
static cv_status tell(struct cv_vault *v, const struct cv_erase_plan *plan, struct cv_err *err)
{
    struct cv_json *more = cv_json_object(), *list = cv_json_array();
    cv_status st = cv_json_set(more, "versions", cv_json_ref(list));
    for (size_t i = 0; st == CV_OK && i < plan->count; i++) {
        struct cv_json *o;
        if (!plan->rows[i].goes)
            continue;
        o = cv_json_object();
        st = cv_json_push(list, o);
        st = CV_THEN(st, cv_json_set(o, "version", cv_json_int((int64_t)plan->rows[i].version)));
        st = CV_THEN(st, cv_json_set(o, "entry", cv_json_int((int64_t)plan->rows[i].entry)));
    }
    st = CV_THEN(st, cv_notice_add(v, "erase", plan->id, more, err));
    cv_json_free(list);
    cv_json_free(more);
    return st;
}

/* may(v, plan): a role that may erase, and no hold. */
static cv_status may(struct cv_vault *v, const struct cv_erase_plan *plan, struct cv_err *err)
{
    const struct cv_policy_member *me = cv_vault_me(v);
    const struct cv_refusal refusal = { .to = plan->held ? "erase a record under legal hold" : "erase",
                                        .record = plan->id };
    if (plan->going == 0)
        return cv_fail(err, CV_ERR_NOTFOUND, "nothing of record %s would go", plan->id);
    if (me == NULL || (me->roles & cv_vault_policy(v)->erasers) == 0)
        return cv_event_refuse(v, &refusal, CV_ERR_DENIED, err,
                               "none of your roles may erase; the attempt is in the log");
    if (plan->held)
        return cv_event_refuse(v, &refusal, CV_ERR_DENIED, err,
                               "record %s is under a legal hold, set by %s: nothing of it can be erased",
                               plan->id, plan->held_by);
    return CV_OK;
}

/* same_plan(a, b): the same versions would go. */
static bool same_plan(const struct cv_erase_plan *a, const struct cv_erase_plan *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = a->rows[i].entry == b->rows[i].entry && a->rows[i].goes == b->rows[i].goes;
    return same;
}

/* still(v, plan): between the plan and the yes to it somebody may have written a version, or set a hold. */
static cv_status still(struct cv_vault *v, const struct cv_erase_plan *plan, struct cv_err *err)
{
    struct cv_erase_plan now;
    cv_status st = cv_erase_plan(v, plan->id, &plan->which, &now, err);
    if (st == CV_OK && !same_plan(plan, &now))
        st = cv_fail(err, CV_ERR_EXISTS, "record %s has changed meanwhile: look at it again", plan->id);
    st = CV_THEN(st, may(v, &now, err));
    cv_erase_plan_free(&now);
    return st;
}

/* begin_as_planned(v, plan): the lock, with nothing written since the plan was looked at again. */
static cv_status begin_as_planned(struct cv_vault *v, const struct cv_erase_plan *plan, struct cv_err *err)
{
    const uint64_t *counts = v->custody->counts;
    for (int tries = 0; tries < 10; tries++) {
        cv_status st = still(v, plan, err);
        const uint64_t records = counts[CV_KIND_RECORD], notices = counts[CV_KIND_NOTICE];
        st = CV_THEN(st, cv_vault_begin(v, err));
        if (st != CV_OK || (records == counts[CV_KIND_RECORD] && notices == counts[CV_KIND_NOTICE]))
            return st;
        cv_vault_abort(v);
    }
    return cv_fail(err, CV_ERR_LOCKED, "too much is being written to this vault; try again in a moment");
}

cv_status cv_erase_ask(struct cv_vault *v, const struct cv_erase_plan *plan, const char *reason,
                       struct cv_outcome *out, struct cv_err *err)
{
    struct cv_waiting w = { .proposal.act = CV_ACT_ERASE };
    char detail[64];
    memset(out, 0, sizeof(*out));
    cv_status st = begin_as_planned(v, plan, err);
    if (st != CV_OK)
        return st;
    *out = (struct cv_outcome){ .have = 1, .need = cv_vault_policy(v)->erase_quorum };
    out->done = out->have >= out->need;
    st = draft(v, plan, &w.proposal.text);
    st = CV_THEN(st, cv_change_sign(v, &w.proposal, NULL, err));
    st = CV_THEN(st, out->done ? cv_erase_intend(v, &w.proposal, err) : cv_change_propose(v, &w, err));
    out->proposal = w.index;
    st = CV_THEN(st, tell(v, plan, err));
    snprintf(detail, sizeof(detail), "%zu of %zu versions%s", plan->going, plan->count,
             out->done ? "" : ", waits for approval");
    const struct cv_event event = {
        .action = "erase", .record = plan->id, .detail = detail, .reason = reason
    };
    st = CV_THEN(st, cv_event_add(v, &event, err));
    if (st == CV_OK)
        st = cv_vault_commit(v, err);
    else
        cv_vault_abort(v);
    if (st == CV_OK && out->done)
        st = cv_erase_complete(v, err);
    cv_waiting_free(&w);
    return cv_err_note(err, st, "erase");
}

/* ---- carrying out ---- */

/* text_of(data, out): what the note of an erase entry says. */
static cv_status text_of(struct cv_bytes data, struct cv_buf *out)
{
    struct cv_note note = { 0 };
    cv_status st = cv_note_parse(data, &note, NULL);
    st = CV_THEN(st, cv_buf_append(out, note.text));
    cv_note_free(&note);
    return st;
}

/* next_intent(v, at, data, index): the first erase entry at or after ${at}. */
static cv_status next_intent(struct cv_vault *v, uint64_t at, struct cv_buf *data, uint64_t *index,
                             struct cv_err *err)
{
    cv_buf_truncate(data, 0);
    cv_status st = cv_catalog_next(cv_custody_catalog(v->custody), CV_KIND_ERASE, at, index, err);
    return CV_THEN(st, cv_custody_read(v->custody, *index, CV_KIND_ERASE, data, err));
}

bool cv_erase_begun(struct cv_vault *v, struct cv_bytes text)
{
    struct cv_buf data = { 0 }, said = { 0 };
    uint64_t index = 0;
    bool same = false;
    for (uint64_t at = 0; !same && next_intent(v, at, &data, &index, NULL) == CV_OK; at = index + 1) {
        cv_buf_truncate(&said, 0);
        same = text_of(cv_buf_view(&data), &said) == CV_OK && cv_bytes_equal(cv_buf_view(&said), text);
    }
    cv_buf_free(&data);
    cv_buf_free(&said);
    return same;
}

/* covers(notice, e): is the notice about these entries? */
static bool covers(const struct cv_notice *n, const struct cv_erasure *e)
{
    const struct cv_json *list = cv_json_get(n->doc, "versions");
    bool all = strcmp(cv_json_get_str(n->doc, "about"), "erase") == 0 && cv_json_len(list) == e->count;
    for (size_t i = 0; all && i < e->count; i++) {
        bool found = false;
        for (size_t j = 0; j < e->count; j++)
            found = found || (uint64_t)cv_json_get_int(cv_json_at(list, j), "entry") == e->versions[i].entry;
        all = found;
    }
    return all;
}

/* not_held(v, e): whoever gives the last signature and may know of the record looks again whether it is held.
 */
static cv_status not_held(struct cv_vault *v, const struct cv_erasure *e, struct cv_err *err)
{
    struct cv_notices list;
    char by[CV_PSEUDONYM_BYTES];
    bool held = false;
    cv_status st = cv_notices_of(v, NULL, &list, err);
    for (size_t i = 0; i < list.count && st == CV_OK && !held; i++)
        if (covers(&list.n[i], e))
            st = cv_hold_of(v, cv_json_get_str(list.n[i].doc, "record"), NULL, &held, by, err);
    cv_notices_free(&list);
    return st == CV_OK && held
               ? cv_fail(err, CV_ERR_DENIED, "the record is under a legal hold, set by %s", by)
               : st;
}

cv_status cv_erase_intend(struct cv_vault *v, const struct cv_proposal *p, struct cv_err *err)
{
    struct cv_buf note = { 0 };
    struct cv_erasure e = { 0 };
    unsigned signers = 0;
    cv_status st = cv_proposal_note(p, &note);
    st = CV_THEN(st, cv_erasure_judge(cv_buf_view(&note), cv_vault_policy(v), &signers, err));
    st = CV_THEN(st, cv_erasure_parse(cv_buf_view(&note), cv_vault_policy(v)->vault, &e, err));
    st = CV_THEN(st, not_held(v, &e, err));
    st = CV_THEN(st, cv_custody_add(v->custody, CV_KIND_ERASE, cv_buf_view(&note), NULL, NULL, err));
    cv_erasure_free(&e);
    cv_buf_free(&note);
    return cv_err_note(err, st, "erase");
}

/* closed(v, intent): has it a tombstone? */
static cv_status closed(struct cv_vault *v, uint64_t intent, bool *out, struct cv_err *err)
{
    uint64_t index = 0, of = 0;
    cv_status st = CV_OK;
    *out = false;
    for (uint64_t at = intent; !*out; at = index + 1) {
        struct cv_buf data = { 0 };
        st = cv_catalog_next(cv_custody_catalog(v->custody), CV_KIND_TOMBSTONE, at, &index, err);
        st = CV_THEN(st, cv_custody_read(v->custody, index, CV_KIND_TOMBSTONE, &data, err));
        if (st == CV_OK)
            *out = cv_tombstone_parse(cv_buf_view(&data), &of, NULL) == CV_OK && of == intent;
        cv_buf_free(&data);
        if (st != CV_OK)
            break;
    }
    return st == CV_ERR_NOTFOUND ? CV_OK : st;
}

cv_status cv_erase_names(struct cv_vault *v, const struct cv_erasure *e, struct cv_err *err)
{
    for (size_t i = 0; i < e->count; i++) {
        uint64_t slot = 0;
        cv_status st = cv_record_slot(v, e->versions[i].entry, &slot, NULL);
        if (st == CV_ERR_NOMEM || st == CV_ERR_IO)
            return cv_fail(err, st, "entry %" PRIu64 " cannot be read", e->versions[i].entry);
        if (st != CV_OK || slot != e->versions[i].slot)
            return cv_fail(err, CV_ERR_LOG, "names a key that is not that of the version in entry %" PRIu64,
                           e->versions[i].entry);
    }
    return CV_OK;
}

/* destroy(v, e): the keys of its versions. */
static cv_status destroy(struct cv_vault *v, const struct cv_erasure *e, struct cv_err *err)
{
    uint64_t *slots = calloc(e->count, sizeof(*slots));
    cv_status st = slots == NULL ? CV_ERR_NOMEM : CV_OK;
    for (size_t i = 0; st == CV_OK && i < e->count; i++)
        slots[i] = e->versions[i].slot;
    st = CV_THEN(st, cv_custody_destroy(v->custody, slots, e->count, err));
    free(slots);
    return st;
}

/* gone(v, e): are its keys destroyed, whatever the log says? */
static bool gone(struct cv_vault *v, const struct cv_erasure *e)
{
    bool all = true;
    for (size_t i = 0; all && i < e->count; i++) {
        struct cv_secret key = { 0 };
        all = cv_release_get(&v->custody->release, e->versions[i].slot, &key, NULL) == CV_ERR_NOKEY;
        cv_secret_free(&key);
    }
    return all;
}

/* close_intent(v, intent): the tombstone, into the commit under way. */
static cv_status close_intent(struct cv_vault *v, uint64_t intent, struct cv_err *err)
{
    struct cv_buf data = { 0 };
    cv_status st = cv_tombstone_write(intent, &data);
    st = CV_THEN(st, cv_custody_add(v->custody, CV_KIND_TOMBSTONE, cv_buf_view(&data), NULL, NULL, err));
    cv_buf_free(&data);
    return st;
}

/* An erase entry, and what is left to be done for it. */
struct intent {
    uint64_t index;
    struct cv_erasure e;
    bool has_tombstone, keys_gone;
};

/* look_at(v, index, data, out): anybody may append a tombstone; only the keys themselves tell. */
static cv_status look_at(struct cv_vault *v, uint64_t index, struct cv_bytes data, struct intent *out,
                         struct cv_err *err)
{
    struct cv_err bad = { 0 };
    *out = (struct intent){ .index = index };
    cv_status st = cv_erasure_parse(data, cv_vault_policy(v)->vault, &out->e, &bad);
    st = CV_THEN(st, cv_erase_names(v, &out->e, &bad));
    if (st != CV_OK)
        return cv_fail(err, st == CV_ERR_NOMEM || st == CV_ERR_IO ? st : CV_ERR_LOG,
                       "entry %" PRIu64 " (erase): %.180s", index, bad.msg);
    out->keys_gone = gone(v, &out->e);
    return closed(v, index, &out->has_tombstone, err);
}

/* carry_out(v, intent): inside a commit. */
static cv_status carry_out(struct cv_vault *v, const struct intent *i, struct cv_err *err)
{
    cv_status st = i->keys_gone ? CV_OK : destroy(v, &i->e, err);
    return i->has_tombstone ? st : CV_THEN(st, close_intent(v, i->index, err));
}

/* each_intent(v, from, within, left, next): those that are not done yet, counted, and inside a commit carried
 * out. ${next} is where to look from another time. */
static cv_status each_intent(struct cv_vault *v, uint64_t from, bool within, size_t *left, uint64_t *next,
                             struct cv_err *err)
{
    struct cv_buf data = { 0 };
    uint64_t index = 0;
    cv_status st;
    *left = 0;
    *next = from;
    while ((st = next_intent(v, *next, &data, &index, err)) == CV_OK) {
        struct intent i;
        st = look_at(v, index, cv_buf_view(&data), &i, err);
        const bool done = i.has_tombstone && i.keys_gone;
        *left += st == CV_OK && !done;
        if (within && !done)
            st = CV_THEN(st, carry_out(v, &i, err));
        cv_erasure_free(&i.e);
        if (st != CV_OK)
            break;
        *next = index + 1;
    }
    cv_buf_free(&data);
    return st == CV_ERR_NOTFOUND ? CV_OK : st;
}

/* finish_intents(v, from, next): take the lock and carry out what is left. */
static cv_status finish_intents(struct cv_vault *v, uint64_t from, uint64_t *next, struct cv_err *err)
{
    size_t left = 0;
    cv_status st = cv_vault_begin(v, err);
    if (st != CV_OK)
        return st;
    st = each_intent(v, from, true, &left, next, err);
    if (st == CV_OK && v->custody->count > 0)
        return cv_vault_commit(v, err);
    cv_vault_abort(v); /* it was destroyed only, or another was here first */
    return st;
}

cv_status cv_erase_complete(struct cv_vault *v, struct cv_err *err)
{
    static const char seen[] = "erasures"; /* no reader of the head index is called that */
    uint64_t from = 0, next = 0;
    size_t left = 0;
    if (v->custody->counts[CV_KIND_ERASE] == 0)
        return CV_OK;
    cv_status st = cv_catalog_listed(cv_custody_catalog(v->custody), seen, &from, err);
    st = CV_THEN(st, each_intent(v, from, false, &left, &next, err));
    if (st == CV_OK && left > 0)
        st = finish_intents(v, from, &next, err);
    if (st == CV_OK && next > from)
        st = cv_catalog_set_listed(cv_custody_catalog(v->custody), seen, next, err);
    return cv_err_note(err, st, "erase");
}

/* ---- what was erased ---- */

/* signer_names(v, index, data, out): who signed an erase entry. */
static cv_status signer_names(struct cv_vault *v, uint64_t index, struct cv_bytes data, struct cv_json *out)
{
    const struct cv_policy *p = NULL;
    struct cv_note note = { 0 };
    cv_status st = cv_custody_policy_at(v->custody, index, &p, NULL);
    st = CV_THEN(st, cv_note_parse(data, &note, NULL));
    for (size_t i = 0; st == CV_OK && i < p->member_count; i++) {
        char name[CV_MEMBER_KEYNAME_BYTES];
        cv_policy_member_keyname(p, p->members[i].key.pseudonym, name);
        if (cv_note_verify(&note, name, p->members[i].key.sign) == CV_OK)
            st = cv_json_push(out, cv_json_str(p->members[i].key.pseudonym));
    }
    cv_note_free(&note);
    return st;
}

/* add_erased(v, notice, e, index, data, out): one row for each version. */
static cv_status add_erased(struct cv_vault *v, const struct cv_notice *n, uint64_t index,
                            struct cv_bytes data, struct cv_json *out)
{
    const struct cv_json *list = cv_json_get(n->doc, "versions");
    struct cv_json *who = cv_json_array();
    bool signer = false;
    cv_status st = who == NULL ? CV_ERR_NOMEM : signer_names(v, index, data, who);
    for (size_t i = 0; i < cv_json_len(who); i++)
        signer = signer || strcmp(cv_json_cstr(cv_json_at(who, i)), n->member) == 0;
    /* The entry does not name the record; whoever did not sign it could tell this of any. */
    for (size_t i = 0; st == CV_OK && signer && i < cv_json_len(list); i++) {
        struct cv_json *o = cv_json_object();
        st = cv_json_push(out, o);
        st = CV_THEN(st,
                     cv_json_set(o, "version", cv_json_int(cv_json_get_int(cv_json_at(list, i), "version"))));
        st = CV_THEN(st, cv_json_set(o, "time", cv_json_copy(cv_json_get(n->doc, "time"))));
        st = CV_THEN(st, cv_json_set(o, "by", cv_json_str(n->member)));
        st = CV_THEN(st, cv_json_set(o, "approved_by", cv_json_ref(who)));
    }
    cv_json_free(who);
    return st;
}

cv_status cv_erased_of(struct cv_vault *v, const char *record, struct cv_json **out, struct cv_err *err)
{
    struct cv_notices list = { 0 };
    struct cv_buf data = { 0 };
    uint64_t index = 0;
    *out = cv_json_array();
    cv_status st = *out == NULL ? CV_ERR_NOMEM : CV_OK;
    if (st == CV_OK && v->custody->counts[CV_KIND_ERASE] > 0)
        st = cv_notices_of(v, record, &list, err);
    for (uint64_t at = 0; list.count > 0 && st == CV_OK; at = index + 1) {
        struct cv_erasure e = { 0 };
        st = next_intent(v, at, &data, &index, err);
        st = CV_THEN(st, cv_erasure_parse(cv_buf_view(&data), cv_vault_policy(v)->vault, &e, err));
        for (size_t i = 0; st == CV_OK && i < list.count; i++)
            if (covers(&list.n[i], &e))
                st = add_erased(v, &list.n[i], index, cv_buf_view(&data), *out);
        cv_erasure_free(&e);
    }
    cv_notices_free(&list);
    cv_buf_free(&data);
    return st == CV_ERR_NOTFOUND ? CV_OK : cv_err_note(err, st, "erase");
}
