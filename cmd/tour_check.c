#include <string.h>

#include "cmd/tour.h"
#include "formats/age.h"
#include "formats/date.h"
#include "formats/logline.h"
#include "vault/audit.h"
#include "vault/consent.h"
#include "vault/known.h"
#include "vault/package.h"

/* What an exercise wants to have been done: the vault says it, and its log, never the learner. */

#define WHY "the tour looks whether it was done"

/* One check, as far as it was read. */
struct looking {
    struct cv_tour *t;
    struct cv_bytes rest; /* of its line */
    uint64_t since;       /* events before this entry do not count */
    uint64_t entry;       /* the event that told, or 0 */
    const char *also;     /* what happened instead, for who wonders; NULL */
    bool met;
};

/* ---- what there is to look at ---- */

static cv_status on_event(void *arg, uint64_t index, const struct cv_json *event, const struct cv_json *text,
                          struct cv_err *err)
{
    struct cv_tour *t = arg;
    struct cv_json *o = cv_json_copy(event);
    (void)text;
    (void)err;
    cv_status st = cv_json_set(o, "entry", cv_json_int((int64_t)index));
    st = CV_THEN(st, cv_json_push(t->events, cv_json_ref(o)));
    cv_json_free(o);
    return st;
}

/* take_person(t, role): the keys of the demonstration lie beside it, and so does their passphrase. */
static cv_status take_person(struct cv_tour *t, const struct cv_tour_role *role)
{
    char path[4200], print[CV_FINGERPRINT_BYTES];
    struct cv_ui ui = t->ui;
    struct cv_identity id = { 0 };
    snprintf(path, sizeof(path), "%s/%s.identity", t->dir, role->name);
    ui.identity = path;
    cv_status st = cv_ui_private(&ui, &id);
    if (st != CV_OK) {
        t->ui.hint = "a demonstration of an older casevault has no such identity: make a new one";
        st = cv_fail(&t->ui.err, st, "%s", ui.err.msg);
    } else if (role->member)
        st = cv_json_set(t->people, role->name, cv_json_str(id.public.pseudonym));
    else {
        st = cv_age_fingerprint(cv_bytes_str(id.public.age), print);
        st = CV_THEN(st, cv_json_set(t->given, "age", cv_json_str(id.public.age)));
        st = CV_THEN(st, cv_json_set(t->given, "print", cv_json_str(print)));
    }
    cv_identity_free(&id);
    return st;
}

cv_status cv_tour_meet(struct cv_tour *t)
{
    char print[CV_FINGERPRINT_BYTES];
    t->people = cv_json_object();
    t->given = cv_json_object();
    cv_vault_fingerprint(cv_vault_policy(t->o.vault)->vault, print);
    cv_status st = cv_json_set(t->given, "vault", cv_json_str(print));
    for (size_t i = 0; i < CV_TOUR_ROLES && st == CV_OK; i++)
        st = take_person(t, &cv_tour_roles[i]);
    return st;
}

cv_status cv_tour_look(struct cv_tour *t)
{
    t->events = cv_json_array();
    return t->events == NULL ? CV_ERR_NOMEM : cv_audit_events(t->o.vault, WHY, on_event, t, &t->ui.err);
}

/* text_of(bytes, out): as a C string, cut where it is too long for any name here. */
#define TEXT_BYTES 128
static const char *text_of(struct cv_bytes bytes, char out[static TEXT_BYTES])
{
    snprintf(out, TEXT_BYTES, "%.*s", (int)bytes.n, (const char *)bytes.p);
    return out;
}

/* expanded(l, bytes, out): the same, with values in the place of names. */
static const char *expanded(const struct looking *l, struct cv_bytes bytes, char out[static TEXT_BYTES])
{
    struct cv_buf text = { 0 };
    out[0] = '\0';
    if (cv_tour_expand(l->t, bytes, &text) == CV_OK)
        text_of(cv_buf_view(&text), out);
    cv_buf_free(&text);
    return out;
}

/* who(l, role): that member's pseudonym. */
static const char *who(const struct looking *l, struct cv_bytes role)
{
    char name[TEXT_BYTES];
    const char *pseudonym = cv_json_get_str(l->t->people, text_of(role, name));
    return pseudonym != NULL ? pseudonym : "";
}

/* as(l, value): what was found has a name from now on, if the line goes on with `as NAME`. */
static cv_status as(struct looking *l, const char *value)
{
    struct cv_bytes rest = l->rest;
    if (!cv_bytes_equal(cv_tour_word(&rest), CV_LIT("as")))
        return CV_OK;
    const struct cv_bytes name = cv_tour_word(&rest);
    l->rest = rest;
    return value != NULL ? cv_tour_set(l->t, name, value) : CV_OK;
}

/* ---- did: an event ---- */

struct wanted {
    const char *member;
    char action[TEXT_BYTES], what[TEXT_BYTES], detail[TEXT_BYTES];
    char *section; /* in what; NULL: any */
};

/* is_new(l, event, type): is the record that it is about of this type? */
static bool is_new(const struct looking *l, const struct cv_json *event, const char *type)
{
    const char *id = cv_json_get_str(event, "record");
    struct cv_versions versions = { 0 };
    const bool good = id != NULL && cv_record_versions(l->t->o.vault, id, &versions, NULL) == CV_OK &&
                      strcmp(versions.v[0].type, type) == 0;
    cv_versions_free(&versions);
    return good;
}

static bool concerns(const struct looking *l, const struct cv_json *event, const struct wanted *w)
{
    if (strncmp(w->what, "new:", 4) == 0)
        return is_new(l, event, w->what + 4);
    return strcmp(w->what, "-") == 0 || cv_logline_concerns(event, w->what);
}

static bool in_full(const struct cv_json *event, const struct wanted *w)
{
    return (w->section == NULL || cv_json_has_word(cv_json_get(event, "sections"), w->section)) &&
           (w->detail[0] == '\0' || strstr(cv_logline_get(event, "detail"), w->detail) != NULL);
}

/* weigh(l, event, w): is it the one? If not, is it what somebody took for it? */
static bool weigh(struct looking *l, const struct cv_json *event, const struct wanted *w)
{
    const bool mine = cv_logline_is(event, "member", w->member);
    const bool same = cv_logline_is(event, "action", w->action);
    const bool refusal = strcmp(w->action, "refused") == 0;
    if (same && mine && in_full(event, w) && concerns(l, event, w))
        return true;
    /* The newest tells, if it came after the exercise was shown; the tour itself looks as the founder. */
    if (l->also != NULL || cv_json_get_int(event, "entry") < cv_json_get_int(l->t->kept, "from") ||
        cv_logline_is(event, "member", l->t->o.id.public.pseudonym))
        return false;
    if (same && !mine && in_full(event, w) && concerns(l, event, w))
        l->also = "somebody else did that: look at CASEVAULT_IDENTITY";
    else if (same && mine && !refusal)
        l->also = "it was done with something else";
    else if (mine && !refusal && w->what[0] != '-' && cv_logline_is(event, "action", "refused") &&
             concerns(l, event, w))
        l->also = "something was refused to them";
    else if (mine && refusal && cv_logline_is(event, "action", "read") && concerns(l, event, w))
        l->also = "a record was read, and nothing was refused";
    return false;
}

static cv_status did(struct looking *l)
{
    struct wanted w = { 0 };
    const struct cv_json *found = NULL;
    w.member = who(l, cv_tour_word(&l->rest));
    text_of(cv_tour_word(&l->rest), w.action);
    expanded(l, cv_tour_word(&l->rest), w.what);
    w.section = strncmp(w.what, "new:", 4) != 0 ? strchr(w.what, ':') : NULL;
    if (w.section != NULL)
        *w.section++ = '\0';
    struct cv_bytes named = l->rest;
    cv_status st = as(l, NULL);
    struct cv_bytes rest = l->rest;
    const bool ever = cv_bytes_equal(cv_tour_word(&rest), CV_LIT("ever"));
    text_of(ever ? rest : l->rest, w.detail);
    for (size_t i = cv_json_len(l->t->events); i-- > 0 && found == NULL;) {
        const struct cv_json *event = cv_json_at(l->t->events, i);
        if (ever || (uint64_t)cv_json_get_int(event, "entry") >= l->since)
            found = weigh(l, event, &w) ? event : NULL;
    }
    l->met = found != NULL;
    l->entry = found != NULL && !ever ? (uint64_t)cv_json_get_int(found, "entry") : 0;
    l->rest = named;
    return CV_THEN(st, found != NULL ? as(l, cv_logline_record(found)) : CV_OK);
}

/* ---- what the vault says today ---- */

/* says(v, want): it is this text, or has it among others; anything will do for the empty one. */
static bool says(const struct cv_json *v, const char *want)
{
    const char *text = cv_json_cstr(v);
    if (want[0] == '\0')
        return cv_json_len(v) > 0;
    return cv_json_has_word(v, want) || (text != NULL && strcmp(text, want) == 0);
}

static cv_status has(struct looking *l)
{
    char section[TEXT_BYTES], want[TEXT_BYTES];
    const char *id = cv_tour_value(l->t, cv_tour_word(&l->rest));
    struct cv_record r = { 0 };
    text_of(cv_tour_word(&l->rest), section);
    expanded(l, l->rest, want);
    char *field = strchr(section, '.');
    if (id == NULL || field == NULL)
        return CV_OK;
    *field++ = '\0';
    const char *const sections[] = { section, NULL };
    cv_status st = cv_record_read(l->t->o.vault, id, 0, sections, "read", WHY, &r, &l->t->ui.err);
    l->met = st == CV_OK && says(cv_json_get(cv_record_section(&r, section), field), want);
    cv_record_free(&r);
    return st == CV_ERR_NOTFOUND ? CV_OK : st;
}

static cv_status consent(struct looking *l)
{
    char today[CV_DATE_BYTES], want[TEXT_BYTES];
    const char *id = cv_tour_value(l->t, CV_LIT("consent"));
    struct cv_consent c = { 0 };
    if (id == NULL)
        return CV_OK;
    cv_date_today(0, today);
    cv_status st = cv_consent_find(l->t->o.vault, id, WHY, &c, &l->t->ui.err);
    l->met = st == CV_OK && strcmp(cv_consent_today(&c, today), text_of(l->rest, want)) == 0;
    cv_consent_free(&c);
    return st == CV_ERR_NOTFOUND ? CV_OK : st;
}

static cv_status rule(struct looking *l)
{
    uint64_t want = 0;
    l->met = cv_bytes_number(cv_tour_word(&l->rest), &want) &&
             cv_vault_policy(l->t->o.vault)->package_quorum == want;
    return CV_OK;
}

static cv_status newcomer(struct looking *l)
{
    char role[TEXT_BYTES];
    const struct cv_policy *p = cv_vault_policy(l->t->o.vault);
    const struct cv_bytes name = cv_tour_word(&l->rest);
    const cv_roles bit = cv_policy_role_bit(p, text_of(name, role));
    const char *found = NULL;
    for (size_t i = 0; i < p->member_count; i++)
        if (p->members[i].roles == bit && strcmp(p->members[i].key.pseudonym, who(l, name)) != 0)
            found = p->members[i].key.pseudonym;
    l->met = found != NULL;
    return found != NULL ? as(l, found) : CV_OK;
}

static cv_status gone(struct looking *l)
{
    const char *pseudonym = cv_tour_value(l->t, cv_tour_word(&l->rest));
    l->met = pseudonym != NULL && cv_policy_member(cv_vault_policy(l->t->o.vault), pseudonym) == NULL;
    return CV_OK;
}

/* ---- what became of a package ---- */

/* package_of(l, list): the one that this is about, if it is there. */
static cv_status package_of(struct looking *l, struct cv_dispatches *list)
{
    const char *id = cv_tour_value(l->t, CV_LIT("package"));
    cv_status st = id != NULL ? cv_dispatches(l->t->o.vault, id, list, &l->t->ui.err) : CV_OK;
    return st == CV_ERR_NOTFOUND ? CV_OK : st;
}

static cv_status asked(struct looking *l)
{
    const char *member = who(l, cv_tour_word(&l->rest)), *of = cv_tour_value(l->t, CV_LIT("case"));
    const struct cv_dispatch *found = NULL;
    struct cv_dispatches list = { 0 };
    cv_status st = cv_dispatches(l->t->o.vault, NULL, &list, &l->t->ui.err);
    for (size_t i = 0; i < list.count && of != NULL; i++)
        if (list.d[i].index >= l->since && strcmp(list.d[i].by, member) == 0 &&
            strcmp(cv_json_get_str(list.d[i].doc, "record"), of) == 0)
            found = &list.d[i];
    l->met = found != NULL;
    if (found != NULL)
        st = as(l, cv_json_get_str(found->doc, "package"));
    cv_dispatches_free(&list);
    return st;
}

static cv_status agreed(struct looking *l)
{
    struct cv_dispatches list = { 0 };
    cv_status st = package_of(l, &list);
    l->met = list.count > 0 && cv_json_has_word(list.d[0].approved, who(l, cv_tour_word(&l->rest)));
    cv_dispatches_free(&list);
    return st;
}

static cv_status made(struct looking *l)
{
    struct cv_dispatches list = { 0 };
    cv_status st = package_of(l, &list);
    l->met = list.count > 0 && list.d[0].sent != NULL;
    cv_dispatches_free(&list);
    return st;
}

/* The other side has no part in the vault; what it verified, its user remembers, who is the same here. */
static cv_status verified(struct looking *l)
{
    struct cv_dispatches list = { 0 };
    cv_status st = package_of(l, &list);
    const char *manifest = list.count > 0 ? cv_json_get_str(list.d[0].sent, "manifest") : NULL;
    if (st == CV_OK && manifest != NULL)
        st = cv_known_verified(cv_vault_policy(l->t->o.vault)->vault,
                               cv_json_get_str(list.d[0].doc, "package"), manifest, &l->met, &l->t->ui.err);
    cv_dispatches_free(&list);
    return st;
}

/* ---- an exercise ---- */

static const struct {
    const char *name;
    cv_status (*look)(struct looking *l);
} checks[] = {
    { "did", did },   { "has", has },     { "consent", consent }, { "rule", rule }, { "newcomer", newcomer },
    { "gone", gone }, { "asked", asked }, { "agreed", agreed },   { "made", made }, { "verified", verified },
};

static cv_status look(struct looking *l)
{
    char name[TEXT_BYTES];
    text_of(cv_tour_word(&l->rest), name);
    for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++)
        if (strcmp(checks[i].name, name) == 0)
            return checks[i].look(l);
    return cv_fail(&l->t->ui.err, CV_ERR_INTERNAL, "the tour has no check %.32s", name);
}

/* since(t, step): events count that came after what this exercise rests on. */
static uint64_t since(const struct cv_tour *t, const struct cv_tour_step *step)
{
    struct cv_bytes list = step->after;
    int64_t last = cv_json_get_int(t->kept, "begun");
    while (list.n > 0) {
        char name[TEXT_BYTES];
        const int64_t at = cv_json_get_int(cv_json_get(t->kept, "done"), text_of(cv_tour_named(&list), name));
        last = at > last ? at : last;
    }
    return (uint64_t)last;
}

cv_status cv_tour_check(struct cv_tour *t, const struct cv_tour_step *step, uint64_t *entry, bool *met)
{
    struct cv_bytes lines = step->checks;
    char english[sizeof(t->why)];
    cv_status st = CV_OK;
    *entry = 0;
    *met = true;
    while (lines.n > 0 && *met && st == CV_OK) {
        const struct cv_bytes line = cv_tour_line(&lines);
        const uint8_t *bar = memchr(line.p, '|', line.n);
        const size_t n = bar != NULL ? (size_t)(bar - line.p) : line.n;
        struct looking l = { .t = t,
                             .rest = CV_BYTES(line.p + 2, n - 2 - (bar != NULL)),
                             .since = since(t, step) };
        st = look(&l);
        *met = l.met;
        *entry = l.entry > *entry ? l.entry : *entry;
        if (!l.met) {
            snprintf(english, sizeof(english), "%.*s", bar != NULL ? (int)(line.n - n - 2) : 0,
                     bar != NULL ? (const char *)bar + 2 : "");
            snprintf(t->why, sizeof(t->why), l.also != NULL ? "%s (%s)" : "%s%s", _(english),
                     l.also != NULL ? l.also : "");
        }
    }
    return st;
}
