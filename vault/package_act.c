#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "formats/base64.h"
#include "formats/date.h"
#include "formats/utf8.h"
#include "formats/words.h"
#include "vault/notice.h"
#include "vault/package.h"

/* The steps before something leaves, as the log has them: it was asked for, it was approved, it was made. */

#define DETAIL_BYTES 400
#define TO_BYTES 100    /* of a partner's name, in an event */
#define PLAIN_BYTES 200 /* of a word in a plan */

cv_status cv_plan_hash(const struct cv_json *doc, uint8_t hash[static 32])
{
    struct cv_buf text = { 0 };
    cv_status st = cv_json_write(doc, &text);
    st = CV_THEN(st, cv_sha256(cv_buf_view(&text), hash));
    cv_buf_free(&text);
    return st;
}

struct cv_bytes cv_plan_to(const struct cv_json *doc)
{
    return cv_utf8_cut(cv_json_text(cv_json_get(cv_json_get(doc, "partner"), "name")), TO_BYTES);
}

void cv_plan_missing(const struct cv_json *missing, char *out, size_t size)
{
    const struct cv_json *first = cv_json_at(missing, 0);
    const char *person = cv_json_get_str(first, "person");
    const char *section = cv_json_get_str(first, "section"), *why = _(cv_json_get_str(first, "why"));
    const char *more = cv_json_len(missing) > 1 ? _(" (and more)") : "";
    if (strcmp(person, "-") != 0)
        snprintf(out, size, _("consent is missing of %s for the section %s: %s%s"), person, section, why,
                 more);
    else
        snprintf(out, size, _("consent is missing for the section %s: %s%s"), section, why, more);
}

cv_status cv_plan_why(const struct cv_json *doc, const char *reason, struct cv_buf *out)
{
    const char *basis = cv_json_get_str(doc, "basis");
    cv_status st = CV_OK;
    if (basis[0] != '\0')
        st = cv_buf_printf(out, "LEGAL BASIS: %s%s", basis, reason != NULL ? "; " : "");
    if (reason != NULL)
        st = CV_THEN(st, cv_buf_str(out, reason));
    return out->n > 0 ? CV_THEN(st, cv_buf_append(out, CV_BYTES("", 1))) : st;
}

/* ---- asking ---- */

/* records_of(doc): the ids of what would go, for events; NULL without memory. */
static struct cv_json *records_of(const struct cv_json *doc)
{
    const struct cv_json *items = cv_json_get(doc, "items");
    struct cv_json *ids = cv_json_array();
    cv_status st = ids == NULL ? CV_ERR_NOMEM : CV_OK;
    for (size_t i = 0; i < cv_json_len(items) && st == CV_OK; i++)
        st = cv_json_push(ids, cv_json_ref(cv_json_get(cv_json_at(items, i), "record")));
    if (st == CV_OK)
        return ids;
    cv_json_free(ids);
    return NULL;
}

static void describe(const struct cv_json *doc, char out[static DETAIL_BYTES])
{
    const struct cv_bytes to = cv_plan_to(doc);
    snprintf(out, DETAIL_BYTES, "package %s to %.*s, profile %.40s, for %.40s",
             cv_json_get_str(doc, "package"), (int)to.n, (const char *)to.p, cv_json_get_str(doc, "profile"),
             cv_json_get_str(doc, "purpose"));
}

cv_status cv_plan_basis(struct cv_vault *v, const struct cv_json *doc, const char *case_id, const char *why,
                        struct cv_err *err)
{
    char detail[DETAIL_BYTES];
    const struct cv_event event = { .action = "basis", .record = case_id, .detail = detail, .reason = why };
    describe(doc, detail);
    return cv_json_len(cv_json_get(doc, "basis")) == 0 ? CV_OK : cv_event_add(v, &event, err);
}

/* log_step(v, about, case, doc, more, reason): the notice and its event, as one commit. */
static cv_status log_step(struct cv_vault *v, const char *about, const char *case_id,
                          const struct cv_json *doc, const struct cv_json *more, const char *reason,
                          struct cv_err *err)
{
    struct cv_json *ids = records_of(doc);
    char detail[DETAIL_BYTES];
    describe(doc, detail);
    const struct cv_event event = { .action = about, .ids = ids, .detail = detail, .reason = reason };
    cv_status st = ids == NULL ? CV_ERR_NOMEM : cv_vault_begin(v, err);
    if (st == CV_OK) {
        st = cv_notice_add(v, about, case_id, more, err);
        st = CV_THEN(st, cv_event_add(v, &event, err));
        if (strcmp(about, "disclose") == 0)
            st = CV_THEN(st, cv_plan_basis(v, doc, case_id, reason, err));
        st = CV_THEN(st, cv_vault_commit(v, err));
        if (st != CV_OK)
            cv_vault_abort(v);
    }
    cv_json_free(ids);
    return st;
}

cv_status cv_plan_ask(struct cv_vault *v, const struct cv_plan *plan, const char *reason, struct cv_err *err)
{
    const struct cv_json *missing = cv_json_get(plan->doc, "missing");
    const char *basis = cv_json_get_str(plan->doc, "basis");
    const struct cv_refusal refusal = { .to = "export without consent",
                                        .record = plan->case_id,
                                        .reason = reason };
    struct cv_buf why = { 0 };
    char first[CV_ERR_BYTES];
    if (cv_json_len(missing) > 0 && basis[0] == '\0') {
        cv_plan_missing(missing, first, sizeof(first));
        return cv_event_refuse(v, &refusal, CV_ERR_CONSENT, err, "%s", first);
    }
    cv_status st = cv_plan_why(plan->doc, reason, &why);
    st = CV_THEN(st, log_step(v, "disclose", plan->case_id, plan->doc, plan->doc, (const char *)why.p, err));
    cv_buf_free(&why);
    return cv_err_note(err, st, "package");
}

/* ---- what is in the log ---- */

/* drop_last(list): the last of it, with what it holds. */
static void drop_last(struct cv_dispatches *list)
{
    const struct cv_dispatch *last = &list->d[--list->count];
    cv_json_free(last->doc);
    cv_json_free(last->approved);
    cv_json_free(last->sent);
}

void cv_dispatches_free(struct cv_dispatches *list)
{
    while (list->count > 0)
        drop_last(list);
    free(list->d);
    memset(list, 0, sizeof(*list));
}

/* plain(v): a text that may be shown as it is: short, and no character of it steers a terminal. */
static bool plain(const struct cv_json *v)
{
    struct cv_bytes rest = cv_json_text(v);
    uint32_t code = 0;
    if (!cv_json_is(v, CV_JSON_STRING) || rest.n > PLAIN_BYTES)
        return false;
    while (rest.n > 0) {
        const size_t n = cv_utf8_next(rest, &code);
        if (n == 0 || cv_utf8_steers(code))
            return false;
        rest = CV_BYTES(rest.p + n, rest.n - n);
    }
    return true;
}

static bool texts(const struct cv_json *o, const char *const *names)
{
    for (; *names != NULL; names++)
        if (!plain(cv_json_get(o, *names)))
            return false;
    return true;
}

static bool words(const struct cv_json *list)
{
    for (size_t i = 0; i < cv_json_len(list); i++)
        if (!plain(cv_json_at(list, i)))
            return false;
    return cv_json_is(list, CV_JSON_ARRAY);
}

/* is_id(o, name): an id as it is written, not as it might be typed. */
static bool is_id(const struct cv_json *o, const char *name)
{
    uint8_t raw[CV_ID_BYTES];
    char again[CV_ID_TEXT_BYTES];
    const char *text = cv_json_get_str(o, name);
    if (text == NULL || cv_id_parse(cv_bytes_str(text), raw, NULL) != CV_OK)
        return false;
    cv_id_text(raw, again);
    return strcmp(again, text) == 0;
}

static bool is_day(const struct cv_json *o, const char *name)
{
    return cv_date_ok(cv_json_text(cv_json_get(o, name)), false);
}

/* item_ok(items, i): some fields of one version, and no other item is of this record. */
static bool item_ok(const struct cv_json *items, size_t i)
{
    const struct cv_json *o = cv_json_at(items, i);
    bool good = is_id(o, "record") && cv_json_get_int(o, "version") > 0 && words(cv_json_get(o, "fields")) &&
                cv_json_len(cv_json_get(o, "fields")) > 0 && words(cv_json_get(o, "subjects")) &&
                words(cv_json_get(o, "needs"));
    for (size_t j = 0; good && j < i; j++)
        good = strcmp(cv_json_get_str(cv_json_at(items, j), "record"), cv_json_get_str(o, "record")) != 0;
    return good;
}

/* all(list, names): an array of objects with these texts. */
static bool all(const struct cv_json *list, const char *const *names)
{
    for (size_t i = 0; i < cv_json_len(list); i++)
        if (!texts(cv_json_at(list, i), names))
            return false;
    return cv_json_is(list, CV_JSON_ARRAY);
}

/* whole(doc): a plan as this house writes it; whoever signed the notice may have another. */
static bool whole(const struct cv_json *doc)
{
    static const char *const top[] = { "package", "kind",   "profile", "purpose", "expires",
                                       "until",   "record", "time",    NULL };
    static const char *const partner[] = { "record", "recipient", NULL };
    static const char *const item[] = { "record", "type", NULL };
    static const char *const withheld[] = { "record", "section", "ground", NULL };
    static const char *const consent[] = { "person", "record", NULL };
    static const char *const missing[] = { "person", "section", "why", NULL };
    const struct cv_json *items = cv_json_get(doc, "items");
    bool good = texts(doc, top) && texts(cv_json_get(doc, "partner"), partner) && all(items, item) &&
                is_id(doc, "package") && is_id(doc, "record") &&
                is_id(cv_json_get(doc, "partner"), "record") &&
                cv_json_get_str(cv_json_get(doc, "partner"), "name") != NULL &&
                cv_json_get_str(doc, "basis") != NULL && is_day(doc, "expires") && is_day(doc, "until") &&
                cv_datetime_ok(cv_json_text(cv_json_get(doc, "time"))) &&
                all(cv_json_get(doc, "withheld"), withheld) && all(cv_json_get(doc, "consents"), consent) &&
                all(cv_json_get(doc, "missing"), missing) && cv_json_len(items) > 0 &&
                cv_json_len(items) <= CV_PACKAGE_RECORDS_MAX;
    for (size_t i = 0; good && i < cv_json_len(items); i++)
        good = item_ok(items, i);
    for (size_t i = 0; good && i < cv_json_len(cv_json_get(doc, "consents")); i++)
        good = words(cv_json_get(cv_json_at(cv_json_get(doc, "consents"), i), "sections"));
    return good;
}

static struct cv_dispatch *find(const struct cv_dispatches *list, const char *package)
{
    for (size_t i = 0; package != NULL && i < list->count; i++)
        if (strcmp(cv_json_get_str(list->d[i].doc, "package"), package) == 0)
            return &list->d[i];
    return NULL;
}

static cv_status take_asked(struct cv_vault *v, struct cv_dispatches *list, const struct cv_notice *n)
{
    struct cv_dispatch *more;
    if (!whole(n->doc) || find(list, cv_json_get_str(n->doc, "package")) != NULL)
        return CV_OK;
    more = realloc(list->d, (list->count + 1) * sizeof(*more));
    if (more == NULL)
        return CV_ERR_NOMEM;
    list->d = more;
    struct cv_dispatch *d = &list->d[list->count];
    *d = (struct cv_dispatch){ .index = n->index,
                               .doc = cv_json_ref(n->doc),
                               .approved = cv_json_array(),
                               .need = cv_vault_policy(v)->package_quorum };
    memcpy(d->by, n->member, sizeof(d->by));
    list->count++;
    return d->approved != NULL ? CV_OK : CV_ERR_NOMEM;
}

/* about_this(d, n): a step about just this plan. */
static bool about_this(const struct cv_dispatch *d, const struct cv_notice *n)
{
    uint8_t want[32], have[32];
    return cv_json_get_bytes(n->doc, "plan", have, sizeof(have)) == CV_OK &&
           cv_plan_hash(d->doc, want) == CV_OK && memcmp(want, have, sizeof(want)) == 0;
}

/* take_agreed(v, d, n): somebody else's who may export now, once. */
static cv_status take_agreed(struct cv_vault *v, struct cv_dispatch *d, const struct cv_notice *n)
{
    const struct cv_policy *p = cv_vault_policy(v);
    const struct cv_policy_member *m = cv_policy_member(p, n->member);
    if (m == NULL || (m->roles & p->export.holders) == 0 || strcmp(n->member, d->by) == 0 ||
        cv_json_has_word(d->approved, n->member) || !about_this(d, n))
        return CV_OK;
    return cv_json_push(d->approved, cv_json_str(n->member));
}

/* take(v, list, n): asking and making count if their member could send something then. */
static cv_status take(struct cv_vault *v, struct cv_dispatches *list, const struct cv_notice *n,
                      struct cv_err *err)
{
    const char *about = cv_json_get_str(n->doc, "about");
    struct cv_dispatch *d = find(list, cv_json_get_str(n->doc, "package"));
    const struct cv_policy *then = NULL;
    if (strcmp(about, "disclose") != 0 && strcmp(about, "agree") != 0 && strcmp(about, "package") != 0)
        return CV_OK;
    cv_status st = cv_custody_policy_at(v->custody, n->index, &then, err);
    const struct cv_policy_member *m = st == CV_OK ? cv_policy_member(then, n->member) : NULL;
    if (st != CV_OK || m == NULL || (m->roles & then->export.holders) == 0)
        return st;
    if (strcmp(about, "disclose") == 0)
        return take_asked(v, list, n);
    if (d != NULL && strcmp(about, "agree") == 0)
        return take_agreed(v, d, n);
    if (d != NULL && strcmp(about, "package") == 0 && d->sent == NULL && about_this(d, n)) {
        d->sent = cv_json_ref(n->doc); /* its "consents" are shown, never relied on */
        memcpy(d->sent_by, n->member, sizeof(d->sent_by));
    }
    return CV_OK;
}

/* keep(list, id): that one alone. */
static void keep(struct cv_dispatches *list, const char *id)
{
    struct cv_dispatch *d = find(list, id);
    if (d != NULL) {
        const struct cv_dispatch one = *d;
        *d = list->d[0];
        list->d[0] = one;
    }
    while (list->count > (d != NULL))
        drop_last(list);
}

cv_status cv_dispatches(struct cv_vault *v, const char *text, struct cv_dispatches *out, struct cv_err *err)
{
    struct cv_notices notices = { 0 };
    uint8_t raw[CV_ID_BYTES];
    char id[CV_ID_TEXT_BYTES] = "";
    memset(out, 0, sizeof(*out));
    cv_status st = text != NULL ? cv_id_parse(cv_bytes_str(text), raw, err) : CV_OK;
    if (st == CV_OK && text != NULL)
        cv_id_text(raw, id);
    st = CV_THEN(st, cv_notices_of(v, NULL, &notices, err));
    for (size_t i = 0; i < notices.count && st == CV_OK; i++)
        st = take(v, out, &notices.n[i], err);
    cv_notices_free(&notices);
    if (st == CV_OK && text != NULL) {
        keep(out, id);
        if (out->count == 0)
            st = cv_fail(err, CV_ERR_NOTFOUND, "there is no package %s that you may see; see `package list`",
                         id);
    }
    if (st != CV_OK)
        cv_dispatches_free(out);
    return cv_err_note(err, st, "packages");
}

/* ---- approving ---- */

cv_status cv_dispatch_approve(struct cv_vault *v, const struct cv_dispatch *d, const char *reason,
                              struct cv_err *err)
{
    const char *case_id = cv_json_get_str(d->doc, "record"), *me = v->id->public.pseudonym;
    const struct cv_refusal refusal = { .to = "approve", .record = case_id, .reason = reason };
    char today[CV_DATE_BYTES];
    uint8_t hash[32];
    cv_date_today(0, today);
    if (!cv_holds_export(v))
        return cv_event_refuse(v, &refusal, CV_ERR_DENIED, err,
                               "only those who may send packages approve them; the attempt is in the log");
    if (strcmp(me, d->by) == 0)
        return cv_event_refuse(v, &refusal, CV_ERR_DENIED, err,
                               "you asked for it yourself: somebody else must approve it");
    if (d->sent != NULL)
        return cv_fail(err, CV_ERR_EXISTS, "this package was made already: see `package list`");
    if (strcmp(today, cv_json_get_str(d->doc, "until")) > 0)
        return cv_fail(err, CV_ERR_CONSENT,
                       "it could be approved until %.10s; ask for it anew with `package new`",
                       cv_json_get_str(d->doc, "until"));
    if (cv_json_has_word(d->approved, me))
        return cv_fail(err, CV_ERR_EXISTS, "you have approved it already; another must");
    struct cv_json *more = cv_json_object(), *consents = cv_json_array();
    cv_status st = cv_dispatch_judge(v, d, reason, consents, err);
    st = CV_THEN(st, cv_plan_hash(d->doc, hash));
    st = CV_THEN(st, cv_json_set(more, "package", cv_json_ref(cv_json_get(d->doc, "package"))));
    st = CV_THEN(st, cv_json_set(more, "plan", cv_json_b64u(CV_ARR(hash))));
    st = CV_THEN(st, log_step(v, "agree", case_id, d->doc, more, reason, err));
    cv_json_free(more);
    cv_json_free(consents);
    return cv_err_note(err, st, "package");
}
