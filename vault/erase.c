#include "vault/erase.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/random.h"
#include "vault/event.h"
#include "vault/notice.h"

#define EXPIRES_AFTER (30 * 86400)

void cv_erase_plan_free(struct cv_erase_plan *p)
{
    free(p->rows);
    memset(p, 0, sizeof(*p));
}

/* ---- planning ---- */

/* slot_of(v, entry, slot): from the version's open header. */
static cv_status slot_of(struct cv_vault *v, uint64_t entry, uint64_t *slot, struct cv_err *err)
{
    struct cv_buf data = { 0 };
    struct cv_envelope env = { 0 };
    cv_status st = cv_custody_read(v->custody, entry, CV_KIND_RECORD, &data, err);
    st = CV_THEN(st, cv_envelope_parse(cv_buf_view(&data), &env, err));
    *slot = env.slot;
    cv_buf_free(&data);
    return st;
}

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
    cv_status st = cv_record_versions(v, id, &versions, err);
    if (st == CV_OK && (out->rows = calloc(versions.count, sizeof(*out->rows))) == NULL)
        st = CV_ERR_NOMEM;
    for (; st == CV_OK && out->count < versions.count; out->count++) {
        const struct cv_version *from = &versions.v[out->count];
        struct cv_erase_row *r = &out->rows[out->count];
        *r = (struct cv_erase_row){ .version = from->version, .entry = from->index };
        r->goes = chosen(which, from->version, versions.v[versions.count - 1].version);
        st = slot_of(v, r->entry, &r->slot, err);
    }
    st = CV_THEN(st, keep_carried(out, &versions, which, err));
    if (st == CV_OK) {
        memcpy(out->id, versions.v[0].id, sizeof(out->id));
        memcpy(out->type, versions.v[0].type, sizeof(out->type));
        out->need = cv_vault_policy(v)->erase_quorum;
        for (size_t i = 0; i < out->count; i++)
            out->going += out->rows[i].goes;
        st = cv_hold_of(v, out->id, &out->held, out->held_by, err);
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
    struct tm tm;
    const time_t until = time(NULL) + EXPIRES_AFTER;
    gmtime_r(&until, &tm);
    strftime(e.expires, sizeof(e.expires), "%Y-%m-%d", &tm);
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
    const struct cv_refusal refusal = { .to = "erase", .record = plan->id };
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

cv_status cv_erase_ask(struct cv_vault *v, const struct cv_erase_plan *plan, const char *reason,
                       struct cv_outcome *out, struct cv_err *err)
{
    struct cv_waiting w = { .proposal.act = CV_ACT_ERASE };
    char detail[64];
    memset(out, 0, sizeof(*out));
    cv_status st = may(v, plan, err);
    st = CV_THEN(st, cv_vault_begin(v, err));
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

bool cv_erase_begun(struct cv_vault *v, uint64_t from, struct cv_bytes text)
{
    struct cv_buf data = { 0 }, said = { 0 };
    uint64_t index = 0;
    bool same = false;
    for (uint64_t at = from; !same && next_intent(v, at, &data, &index, NULL) == CV_OK; at = index + 1) {
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
            st = cv_hold_of(v, cv_json_get_str(list.n[i].doc, "record"), &held, by, err);
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

/* destroy(v, intent, data): the slots it names, each that of the version it names it for. */
static cv_status destroy(struct cv_vault *v, uint64_t intent, struct cv_bytes data, struct cv_err *err)
{
    struct cv_erasure e = { 0 };
    uint64_t *slots = NULL;
    cv_status st = cv_erasure_parse(data, cv_vault_policy(v)->vault, &e, err);
    if (st == CV_OK && (slots = calloc(e.count, sizeof(*slots))) == NULL)
        st = CV_ERR_NOMEM;
    for (size_t i = 0; st == CV_OK && i < e.count; i++) {
        st = slot_of(v, e.versions[i].entry, &slots[i], err);
        if (st == CV_OK && slots[i] != e.versions[i].slot)
            st = cv_fail(err, CV_ERR_LOG, "entry %" PRIu64 " (erase): names a key that is not that version's",
                         intent);
    }
    st = CV_THEN(st, cv_custody_destroy(v->custody, slots, e.count, err));
    free(slots);
    cv_erasure_free(&e);
    return st;
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

cv_status cv_erase_complete(struct cv_vault *v, struct cv_err *err)
{
    struct cv_buf data = { 0 };
    uint64_t index = 0, done = 0;
    if (v->custody->counts[CV_KIND_ERASE] == v->custody->counts[CV_KIND_TOMBSTONE])
        return CV_OK;
    cv_status st = cv_vault_begin(v, err);
    if (st != CV_OK)
        return st;
    for (uint64_t at = 0; (st = next_intent(v, at, &data, &index, err)) == CV_OK; at = index + 1) {
        bool has = false;
        st = closed(v, index, &has, err);
        if (st == CV_OK && !has) {
            st = destroy(v, index, cv_buf_view(&data), err);
            st = CV_THEN(st, close_intent(v, index, err));
            done++;
        }
        if (st != CV_OK)
            break;
    }
    cv_buf_free(&data);
    if (st != CV_ERR_NOTFOUND || done == 0) {
        cv_vault_abort(v);
        return st == CV_ERR_NOTFOUND ? CV_OK : cv_err_note(err, st, "erase");
    }
    st = cv_vault_commit(v, err);
    return st;
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
    cv_status st = who == NULL ? CV_ERR_NOMEM : signer_names(v, index, data, who);
    for (size_t i = 0; st == CV_OK && i < cv_json_len(list); i++) {
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
