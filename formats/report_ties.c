#include "formats/report_ties.h"

#include <string.h>

#include "formats/logline.h"

/* What ties a member to a record: they wrote it, or asked for or approved that it leaves, or it was granted
 * to them; or they did so with a record that names this one, or that it names, or that both name.
 *
 * Asked is of few records, those that somebody read. So the log is gone through once for these, once for the
 * records next to them, and once for those next but one. */

#define MANY 64 /* a record with more than so many ties is no case or person: it ties nobody */

/* Objects: record -> array of texts, each once. */
struct ties {
    struct cv_json *asked;  /* of these records, it is worth knowing */
    struct cv_json *names;  /* ... which records they name, or are named by; one more than MANY: too many */
    struct cv_json *grants; /* ... to whom they were granted; likewise */
    struct cv_json *acts;   /* ... who did something that ties */
};

/* One event, and who wrote it. */
typedef cv_status (*event_fn)(struct ties *t, const struct cv_json *event, const char *who);

static cv_status ask(struct ties *t, const char *record)
{
    return record == NULL || cv_json_get(t->asked, record) != NULL
               ? CV_OK
               : cv_json_set(t->asked, record, cv_json_bool(true));
}

/* add(t, list, record, text, most): if it is asked for. */
static cv_status add(const struct ties *t, struct cv_json *list, const char *record, const char *text,
                     size_t most)
{
    if (record == NULL || text == NULL || cv_json_get(t->asked, record) == NULL)
        return CV_OK;
    struct cv_json *of = cv_json_get(list, record);
    if (of == NULL) {
        of = cv_json_array();
        const cv_status st = cv_json_set(list, record, of);
        if (st != CV_OK)
            return st;
    }
    return cv_json_len(of) > most ? CV_OK : cv_json_push_word(of, text);
}

/* of(list, record): none if there are too many. */
static const struct cv_json *of(const struct cv_json *list, const char *record)
{
    const struct cv_json *found = cv_json_get(list, record);
    return cv_json_len(found) > MANY ? NULL : found;
}

/* ties_its_member(action): who did that had to do with the record. */
static bool ties_its_member(const char *action)
{
    static const char *const actions[] = { "create",   "edit",  "attach", "import",
                                           "disclose", "agree", "package" };
    for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++)
        if (strcmp(action, actions[i]) == 0)
            return true;
    return false;
}

bool cv_report_ties(const char *action)
{
    return ties_its_member(action) || strcmp(action, "grant") == 0;
}

/* ---- once through the log ---- */

/* ask_read(t, event, who): not one of a list, or of what was found. */
static cv_status ask_read(struct ties *t, const struct cv_json *event, const char *who)
{
    (void)who;
    return ask(t, cv_json_get_str(event, "record"));
}

static cv_status take_names(struct ties *t, const struct cv_json *event, const char *who)
{
    const struct cv_json *refs = cv_json_get(event, "refs");
    const char *record = cv_logline_record(event);
    cv_status st = CV_OK;
    (void)who;
    for (size_t i = 0; i < cv_json_len(refs) && st == CV_OK; i++) {
        const char *ref = cv_json_cstr(cv_json_at(refs, i));
        if (record == NULL || ref == NULL)
            continue;
        st = add(t, t->names, record, ref, MANY);
        st = CV_THEN(st, add(t, t->names, ref, record, MANY));
    }
    return st;
}

static cv_status take_acts(struct ties *t, const struct cv_json *event, const char *who)
{
    const struct cv_json *ids = cv_json_get(event, "ids");
    const char *record = cv_logline_record(event);
    if (!ties_its_member(cv_logline_get(event, "action")))
        return add(t, t->grants, record, cv_logline_get(event, "detail"), MANY);
    cv_status st = add(t, t->acts, record, who, SIZE_MAX);
    for (size_t i = 0; i < cv_json_len(ids) && st == CV_OK; i++)
        st = add(t, t->acts, cv_json_cstr(cv_json_at(ids, i)), who, SIZE_MAX);
    return st;
}

/* Which events a function has to see. */
static bool is_read(const struct cv_report_entry *e)
{
    return (e->lists >> CV_REPORT_PERSONAL & 1U) != 0;
}

static bool has_refs(const struct cv_report_entry *e)
{
    return e->refs;
}

static bool has_ties(const struct cv_report_entry *e)
{
    return e->ties;
}

static cv_status each(struct ties *t, const struct cv_report *r,
                      bool (*which)(const struct cv_report_entry *), event_fn fn, struct cv_err *err)
{
    cv_status st = CV_OK;
    for (size_t i = 0; i < r->count && st == CV_OK; i++) {
        const struct cv_report_entry *e = &r->entries[i];
        struct cv_json *event = NULL;
        if (!which(e))
            continue;
        st = cv_report_event(r, e, &event, err);
        st = CV_THEN(st, fn(t, event, r->members[e->member].who));
        cv_json_free(event);
    }
    return st;
}

/* ask_next(t): of those next to what was asked for, too. */
static cv_status ask_next(struct ties *t)
{
    cv_status st = CV_OK;
    for (void *i = cv_json_first(t->names); i != NULL && st == CV_OK; i = cv_json_next(t->names, i)) {
        const struct cv_json *next = of(t->names, cv_json_iter_name(i));
        for (size_t k = 0; k < cv_json_len(next) && st == CV_OK; k++)
            st = ask(t, cv_json_cstr(cv_json_at(next, k)));
    }
    return st;
}

/* ---- who is tied ---- */

/* granted(t, who, id): a grant's detail says "to", and to whom. */
static bool granted(const struct ties *t, const char *who, const char *id)
{
    const size_t n = strlen(who);
    const struct cv_json *grants = of(t->grants, id);
    for (size_t i = 0; i < cv_json_len(grants); i++) {
        const char *to = cv_json_cstr(cv_json_at(grants, i));
        if (strncmp(to, "to ", 3) == 0 && strncmp(to + 3, who, n) == 0 &&
            (to[3 + n] == '\0' || to[3 + n] == ' '))
            return true;
    }
    return false;
}

static bool acted(const struct ties *t, const char *who, const char *id)
{
    return cv_json_has_word(cv_json_get(t->acts, id), who);
}

/* tied(t, who, id): directly, or over one record or two. */
static bool tied(const struct ties *t, const char *who, const char *id)
{
    bool found = acted(t, who, id) || granted(t, who, id);
    const struct cv_json *near = of(t->names, id);
    for (size_t i = 0; i < cv_json_len(near) && !found; i++) {
        const char *next = cv_json_cstr(cv_json_at(near, i));
        const struct cv_json *far = of(t->names, next);
        found = acted(t, who, next);
        for (size_t k = 0; k < cv_json_len(far) && !found; k++)
            found = acted(t, who, cv_json_cstr(cv_json_at(far, k)));
    }
    return found;
}

static cv_status judge(const struct ties *t, struct cv_report *r, struct cv_err *err)
{
    cv_status st = CV_OK;
    for (size_t i = 0; i < r->count && st == CV_OK; i++) {
        struct cv_report_entry *e = &r->entries[i];
        struct cv_json *event = NULL;
        if (!is_read(e))
            continue;
        st = cv_report_event(r, e, &event, err);
        const char *record = cv_json_get_str(event, "record");
        if (st == CV_OK && record != NULL && !tied(t, r->members[e->member].who, record))
            e->lists |= 1U << CV_REPORT_UNTIED;
        cv_json_free(event);
    }
    return st;
}

cv_status cv_report_mark_untied(struct cv_report *r, struct cv_err *err)
{
    struct ties t = { cv_json_object(), cv_json_object(), cv_json_object(), cv_json_object() };
    cv_status st =
        t.asked == NULL || t.names == NULL || t.grants == NULL || t.acts == NULL ? CV_ERR_NOMEM : CV_OK;
    st = CV_THEN(st, each(&t, r, is_read, ask_read, err));
    if (st == CV_OK && cv_json_len(t.asked) > 0) {
        for (int far = 0; far < 2 && st == CV_OK; far++) {
            st = each(&t, r, has_refs, take_names, err);
            st = CV_THEN(st, ask_next(&t));
        }
        st = CV_THEN(st, each(&t, r, has_ties, take_acts, err));
        st = CV_THEN(st, judge(&t, r, err));
    }
    cv_json_free(t.asked);
    cv_json_free(t.names);
    cv_json_free(t.grants);
    cv_json_free(t.acts);
    return st;
}
