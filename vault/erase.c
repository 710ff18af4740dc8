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
    free(p->documents);
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

/* stays_in(p, d): does a version that stays list it? */
static bool stays_in(const struct cv_erase_plan *p, const struct cv_document *d)
{
    for (size_t i = 0; i < p->count; i++)
        for (size_t j = 0; !p->rows[i].goes && j < d->version_count; j++)
            if (d->versions[j] == p->rows[i].version)
                return true;
    return false;
}

/* plan_documents(v, versions, p): what was begun for the record and is in no version goes with any of them.
 */
static cv_status plan_documents(struct cv_vault *v, const struct cv_versions *versions,
                                struct cv_erase_plan *p, struct cv_err *err)
{
    struct cv_documents list;
    cv_status st = cv_documents_of(v, versions->v[0].id, versions, &list, err);
    if (st == CV_OK && list.count > 0 && (p->documents = calloc(list.count, sizeof(*p->documents))) == NULL)
        st = CV_ERR_NOMEM;
    for (size_t i = 0; i < list.count && st == CV_OK; i++) {
        struct cv_erase_document *d = &p->documents[p->document_count];
        struct cv_secret key = { 0 };
        *d = (struct cv_erase_document){ .entry = list.d[i].first, .goes = !stays_in(p, &list.d[i]) };
        memcpy(d->id, list.d[i].id, sizeof(d->id));
        st = cv_erasable_slot(v, d->entry, &d->slot, err);
        if (st == CV_OK && cv_release_get(&v->custody->release, d->slot, &key, NULL) == CV_OK)
            p->document_count++;
        cv_secret_free(&key);
    }
    cv_documents_free(&list);
    return st;
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
    st = CV_THEN(st, plan_documents(v, &versions, out, err));
    if (st == CV_OK) {
        memcpy(out->id, versions.v[0].id, sizeof(out->id));
        memcpy(out->type, versions.v[0].type, sizeof(out->type));
        out->need = cv_vault_policy(v)->erase_quorum;
        for (size_t i = 0; i < out->count; i++)
            out->going += out->rows[i].goes;
        for (size_t i = 0; i < out->document_count; i++)
            out->documents_going += out->documents[i].goes;
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
    e.versions = calloc(plan->going + plan->documents_going + 1, sizeof(*e.versions));
    cv_status st = e.versions == NULL ? CV_ERR_NOMEM : cv_random(e.nonce, sizeof(e.nonce));
    for (size_t i = 0; st == CV_OK && i < plan->count; i++)
        if (plan->rows[i].goes)
            e.versions[e.count++] = (struct cv_erased_version){ plan->rows[i].entry, plan->rows[i].slot };
    for (size_t i = 0; st == CV_OK && i < plan->document_count; i++)
        if (plan->documents[i].goes)
            e.versions[e.count++] =
                (struct cv_erased_version){ plan->documents[i].entry, plan->documents[i].slot };
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
    for (size_t i = 0; st == CV_OK && i < plan->document_count; i++) {
        if (!plan->documents[i].goes)
            continue;
        struct cv_json *o = cv_json_object();
        st = cv_json_push(list, o);
        st = CV_THEN(st, cv_json_set(o, "document", cv_json_str(plan->documents[i].id)));
        st = CV_THEN(st, cv_json_set(o, "entry", cv_json_int((int64_t)plan->documents[i].entry)));
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
    if (plan->going + plan->documents_going == 0)
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
    same = same && a->document_count == b->document_count;
    for (size_t i = 0; same && i < a->document_count; i++)
        same = a->documents[i].entry == b->documents[i].entry && a->documents[i].goes == b->documents[i].goes;
    return same;
}

/* still(v, plan): between the plan and the yes to it somebody may have written a version, or set a hold. */
static cv_status still(struct cv_vault *v, const struct cv_erase_plan *plan, struct cv_err *err)
{
    struct cv_erase_plan now = { 0 };
    cv_status st = cv_custody_refresh(v->custody, err);
    st = CV_THEN(st, cv_erase_plan(v, plan->id, &plan->which, &now, err));
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
    char detail[96], files[32] = "";
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
    if (plan->documents_going > 0)
        snprintf(files, sizeof(files), ", %zu files", plan->documents_going);
    snprintf(detail, sizeof(detail), "%zu of %zu versions%s%s", plan->going, plan->count, files,
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

/* ---- what was begun and broken off ---- */

/* plan_left(left, record, p): of one record; the documents are taken out of ${left}. */
static cv_status plan_left(struct cv_vault *v, struct cv_documents *left, struct cv_erase_plan *p,
                           struct cv_err *err)
{
    cv_status st = CV_OK;
    memset(p, 0, sizeof(*p));
    p->documents = calloc(left->count, sizeof(*p->documents));
    if (p->documents == NULL)
        return CV_ERR_NOMEM;
    memcpy(p->id, left->d[0].record, sizeof(p->id));
    for (size_t i = 0; i < left->count && st == CV_OK; i++) {
        struct cv_document *d = &left->d[i];
        if (strcmp(d->record, p->id) != 0)
            continue;
        struct cv_erase_document *to = &p->documents[p->document_count++];
        *to = (struct cv_erase_document){ .entry = d->first, .goes = true };
        memcpy(to->id, d->id, sizeof(to->id));
        st = cv_erasable_slot(v, d->first, &to->slot, err);
        p->documents_going++;
        d->record[0] = '\0';
    }
    return st;
}

/* mine(arg, d): begun by this member, of a record that nobody holds. */
static bool mine(void *arg, const struct cv_document *d)
{
    struct cv_vault *v = arg;
    char by[CV_PSEUDONYM_BYTES];
    bool held = true;
    return strcmp(d->member, v->id->public.pseudonym) == 0 &&
           cv_hold_of(v, d->record, NULL, &held, by, NULL) == CV_OK && !held;
}

/* not_planned(arg, d): plan_left took the others. */
static bool not_planned(void *arg, const struct cv_document *d)
{
    (void)arg;
    return d->record[0] != '\0';
}

/* still_left(v, plan): inside the commit: none has come into a version since. */
static bool still_left(struct cv_vault *v, const struct cv_erase_plan *plan)
{
    struct cv_documents left;
    bool all = cv_document_left(v, &left, NULL) == CV_OK;
    for (size_t i = 0; all && i < plan->document_count; i++)
        all = cv_documents_named(&left, plan->documents[i].id) != NULL;
    cv_documents_free(&left);
    return all;
}

/* erase_left(v, plan): the intent, with its event, as one commit. */
static cv_status erase_left(struct cv_vault *v, const struct cv_erase_plan *plan, struct cv_err *err)
{
    struct cv_waiting w = { .proposal.act = CV_ACT_ERASE };
    char detail[64];
    snprintf(detail, sizeof(detail), "%zu files that were begun and not finished", plan->documents_going);
    const struct cv_event event = { .action = "erase", .record = plan->id, .detail = detail };
    cv_status st = cv_vault_begin(v, err);
    if (st != CV_OK)
        return st;
    if (!still_left(v, plan)) {
        cv_vault_abort(v);
        return CV_OK;
    }
    st = draft(v, plan, &w.proposal.text);
    st = CV_THEN(st, cv_change_sign(v, &w.proposal, NULL, err));
    st = CV_THEN(st, cv_erase_intend(v, &w.proposal, err));
    st = CV_THEN(st, tell(v, plan, err));
    st = CV_THEN(st, cv_event_add(v, &event, err));
    if (st == CV_OK)
        st = cv_vault_commit(v, err);
    else
        cv_vault_abort(v);
    cv_waiting_free(&w);
    return st;
}

cv_status cv_erase_left(struct cv_vault *v, struct cv_err *err)
{
    struct cv_documents left;
    const struct cv_policy_member *me = cv_vault_me(v);
    if (v->custody->counts[CV_KIND_PIECE] == 0 || me == NULL || cv_vault_policy(v)->erase_quorum > 1 ||
        (me->roles & cv_vault_policy(v)->erasers) == 0)
        return CV_OK;
    cv_status st = cv_document_left(v, &left, err);
    cv_documents_keep(&left, mine, v);
    while (st == CV_OK && left.count > 0) {
        struct cv_erase_plan plan;
        st = plan_left(v, &left, &plan, err);
        st = CV_THEN(st, erase_left(v, &plan, err));
        cv_documents_keep(&left, not_planned, NULL);
        cv_erase_plan_free(&plan);
        if (st == CV_OK && left.count == 0)
            st = cv_erase_complete(v, err);
    }
    cv_documents_free(&left);
    return cv_err_note(err, st, "documents");
}
