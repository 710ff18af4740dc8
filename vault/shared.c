#include "vault/shared.h"

#include <stdlib.h>
#include <string.h>

#include "formats/graph.h"
#include "vault/glance.h"
#include "vault/heads.h"
#include "vault/index.h"
#include "vault/marked.h"
#include "vault/shared_find.h"

#define CASE "case"
#define PERSON "person"
#define REF "ref"
#define WHY "what a case shares with others"

struct sharing {
    struct cv_vault *v;
    struct cv_marked_all *all;
    struct cv_shared_scope scope;
    size_t unread;          /* records that could not be */
    const char *id;         /* of the case */
    struct cv_json *ours;   /* record of the case -> its type */
    struct cv_json *things; /* "kind value" -> {"kind","text","records","cases","more"} */
    struct cv_json *others; /* case -> {"case","type","weight"} */
    /* The thing whose other records are being asked for. */
    struct cv_json *thing;
    /* The record whose cases are being asked for. */
    const char *record, *type, *text;
    bool in_case;
};

/* How much a shared thing weighs, by its place in cv_graph_kinds: a case that shares a document comes before
 * one that shares a route. */
static const int64_t weights[CV_GRAPH_KINDS] = { 12, 10, 8, 8, 6, 5, 3, 1 };

/* ---- which records are of the case ---- */

static cv_status on_ours(void *arg, const struct cv_marked *m, struct cv_err *err)
{
    struct sharing *s = arg;
    (void)err;
    return cv_json_get(s->ours, m->record) != NULL ? CV_OK
                                                   : cv_json_set(s->ours, m->record, cv_json_str(m->type));
}

/* type_of(s, id, out): of a record that this member sees; "" if of none. */
static cv_status type_of(struct sharing *s, const char *id, char out[static CV_NAME_BYTES],
                         struct cv_err *err)
{
    struct cv_versions list = { 0 };
    cv_status st = cv_heads_find(s->v, id, &list, err);
    out[0] = '\0';
    if (st == CV_OK && list.count > 0)
        memcpy(out, list.v[0].type, CV_NAME_BYTES);
    cv_versions_free(&list);
    return st;
}

/* on_named: a record that the case itself names: persons are of it. */
static cv_status on_named(void *arg, const struct cv_marked *m, struct cv_err *err)
{
    struct sharing *s = arg;
    char type[CV_NAME_BYTES];
    if (strcmp(m->kind, REF) != 0 || cv_json_get(s->ours, m->value) != NULL)
        return CV_OK;
    cv_status st = type_of(s, m->value, type, err);
    if (st == CV_OK && strcmp(type, PERSON) == 0)
        st = cv_json_set(s->ours, m->value, cv_json_str(type));
    return st;
}

static cv_status gather_ours(struct sharing *s, struct cv_err *err)
{
    cv_status st = cv_json_set(s->ours, s->id, cv_json_str(CASE));
    st = CV_THEN(st, cv_marked_having(s->all, REF, s->id, on_ours, s, err));
    return CV_THEN(st, cv_marked_of(s->all, s->id, on_named, s, err));
}

/* ---- what others have, too ---- */

/* other_case(s, id, type): it shares the thing, by s->record. */
static cv_status other_case(struct sharing *s, const char *id, const char *type)
{
    const size_t kind = cv_graph_kind(cv_json_get_str(s->thing, "kind"));
    struct cv_json *cases = cv_json_get(s->thing, "cases"), *one = cv_json_get(cases, id);
    struct cv_json *o = cv_json_get(s->others, id);
    cv_status st = CV_OK;
    if (o == NULL) {
        o = cv_json_object();
        st = cv_json_set(s->others, id, o);
        st = CV_THEN(st, cv_json_set(o, "case", cv_json_str(id)));
        st = CV_THEN(st, cv_json_set(o, "type", cv_json_str(type)));
    }
    if (one == NULL) {
        one = cv_json_object();
        st = CV_THEN(st, cv_json_set(cases, id, one));
        st = CV_THEN(st, cv_json_set(one, "case", cv_json_str(id)));
        st = CV_THEN(st, cv_json_set(one, "text", cv_json_str(s->text)));
        st = CV_THEN(st, cv_json_set(one, "records", cv_json_array()));
        st = CV_THEN(st, cv_json_set(o, "weight",
                                     cv_json_int(cv_json_get_int(o, "weight") +
                                                 (kind < CV_GRAPH_KINDS ? weights[kind] : 0))));
    }
    st = CV_THEN(st, cv_json_push_word(cv_json_get(one, "records"), s->record));
    return st;
}

/* on_its_case: a reference of the record leads to a case. */
static cv_status on_its_case(void *arg, const struct cv_marked *m, struct cv_err *err)
{
    struct sharing *s = arg;
    char type[CV_NAME_BYTES];
    if (strcmp(m->kind, REF) != 0)
        return CV_OK;
    cv_status st = type_of(s, m->value, type, err);
    if (st != CV_OK || strcmp(type, CASE) != 0)
        return st;
    s->in_case = true;
    return strcmp(m->value, s->id) == 0 ? CV_OK : other_case(s, m->value, CASE);
}

/* on_naming_case: a case names the record. */
static cv_status on_naming_case(void *arg, const struct cv_marked *m, struct cv_err *err)
{
    struct sharing *s = arg;
    (void)err;
    if (strcmp(m->type, CASE) != 0)
        return CV_OK;
    s->in_case = true;
    return strcmp(m->record, s->id) == 0 ? CV_OK : other_case(s, m->record, CASE);
}

/* cases_of(s, record, type, text, alone): the thing is in the cases of this record; in none, if it is in none
 * and ${alone}, that of the record itself. */
static cv_status cases_of(struct sharing *s, const char *record, const char *type, const char *text,
                          bool alone, struct cv_err *err)
{
    s->record = record;
    s->type = type;
    s->text = text;
    s->in_case = false;
    if (strcmp(type, CASE) == 0)
        return strcmp(record, s->id) == 0 ? CV_OK : other_case(s, record, CASE);
    cv_status st = cv_marked_of(s->all, record, on_its_case, s, err);
    st = CV_THEN(st, cv_marked_having(s->all, REF, record, on_naming_case, s, err));
    return st == CV_OK && !s->in_case && alone ? other_case(s, record, type) : st;
}

static cv_status on_other(void *arg, const struct cv_marked *m, struct cv_err *err)
{
    struct sharing *s = arg;
    if (cv_json_get(s->ours, m->record) != NULL)
        return CV_OK;
    return cases_of(s, m->record, m->type, m->text, true, err);
}

/* thing_of(s, kind, value, text, record): the shared thing of that name, made if there is none. */
static cv_status thing_of(struct sharing *s, const char *kind, const char *value, const char *text,
                          const char *record, bool *fresh)
{
    struct cv_buf key = { 0 };
    cv_status st = cv_shared_key(kind, value, &key);
    if (st == CV_OK) {
        s->thing = cv_json_get(s->things, (const char *)key.p);
        *fresh = s->thing == NULL;
    }
    if (st == CV_OK && *fresh) {
        s->thing = cv_json_object();
        st = cv_json_set(s->things, (const char *)key.p, s->thing);
        st = CV_THEN(st, cv_json_set(s->thing, "kind", cv_json_str(kind)));
        st = CV_THEN(st, cv_json_set(s->thing, "text", cv_json_str(text)));
        st = CV_THEN(st, cv_json_set(s->thing, "records", cv_json_array()));
        st = CV_THEN(st, cv_json_set(s->thing, "cases", cv_json_object()));
        st = CV_THEN(st, cv_json_set(s->thing, "more",
                                     cv_json_int(cv_json_get_int(s->scope.common, (const char *)key.p))));
    }
    cv_buf_free(&key);
    return CV_THEN(st, cv_json_push_word(cv_json_get(s->thing, "records"), record));
}

/* on_mark: of a record of the case. */
static cv_status on_mark(void *arg, const struct cv_marked *m, struct cv_err *err)
{
    struct sharing *s = arg;
    bool fresh = false;
    if (cv_graph_kind(m->kind) == CV_GRAPH_KINDS)
        return CV_OK;
    cv_status st = thing_of(s, m->kind, m->value, m->text, m->record, &fresh);
    const bool common = st == CV_OK && cv_json_get_int(s->thing, "more") > 0;
    return st == CV_OK && fresh && !common ? cv_marked_having(s->all, m->kind, m->value, on_other, s, err)
                                           : st;
}

/* ---- persons ---- */

static cv_status on_name(void *arg, const struct cv_marked *m, struct cv_err *err)
{
    struct cv_json **text = arg;
    if (*text != NULL || strcmp(m->kind, "name") != 0)
        return CV_OK;
    *text = cv_json_str(m->text);
    return *text != NULL ? CV_OK : cv_fail(err, CV_ERR_NOMEM, "related: out of memory");
}

/* on_same: somebody has said that another record is of the same person. */
static cv_status on_same(void *arg, const struct cv_marked *m, struct cv_err *err)
{
    struct sharing *s = arg;
    char type[CV_NAME_BYTES];
    if (strcmp(m->kind, REF) != 0 || cv_json_get(s->ours, m->value) != NULL)
        return CV_OK;
    cv_status st = type_of(s, m->value, type, err);
    return st == CV_OK && strcmp(type, PERSON) == 0
               ? cases_of(s, m->value, PERSON, cv_json_get_str(s->thing, "text"), false, err)
               : st;
}

/* share_person(s, id): who stands in other cases as well. */
static cv_status share_person(struct sharing *s, const char *id, struct cv_err *err)
{
    struct cv_json *name = NULL;
    bool fresh = false;
    cv_status st = cv_marked_of(s->all, id, on_name, &name, err);
    st = CV_THEN(st, thing_of(s, PERSON, id, name != NULL ? cv_json_cstr(name) : id, id, &fresh));
    cv_json_free(name);
    st = CV_THEN(st, cases_of(s, id, PERSON, cv_json_get_str(s->thing, "text"), false, err));
    return CV_THEN(st, cv_marked_of(s->all, id, on_same, s, err));
}

static cv_status share_all(struct sharing *s, struct cv_err *err)
{
    cv_status st = CV_OK;
    for (void *it = cv_json_first(s->ours); it != NULL && st == CV_OK; it = cv_json_next(s->ours, it)) {
        if (strcmp(cv_json_cstr(cv_json_iter_value(it)), PERSON) == 0)
            st = share_person(s, cv_json_iter_name(it), err);
        st = CV_THEN(st, cv_marked_of(s->all, cv_json_iter_name(it), on_mark, s, err));
    }
    return st;
}

/* ---- the answer ---- */

/* values(object): its values in an array. */
static cv_status values(const struct cv_json *object, struct cv_json *out)
{
    cv_status st = CV_OK;
    for (void *it = cv_json_first(object); it != NULL && st == CV_OK; it = cv_json_next(object, it))
        st = cv_json_push(out, cv_json_ref(cv_json_iter_value(it)));
    return st;
}

/* put_things(s, out): those that another case has. */
static cv_status put_things(struct sharing *s, struct cv_json *out)
{
    cv_status st = CV_OK;
    for (size_t k = 0; k < CV_GRAPH_KINDS; k++)
        for (void *it = cv_json_first(s->things); it != NULL && st == CV_OK;
             it = cv_json_next(s->things, it)) {
            struct cv_json *thing = cv_json_iter_value(it), *cases = cv_json_get(thing, "cases"),
                           *list = NULL;
            if (cv_graph_kind(cv_json_get_str(thing, "kind")) != k ||
                (cv_json_len(cases) == 0 && cv_json_get_int(thing, "more") == 0))
                continue;
            list = cv_json_array();
            st = list == NULL ? CV_ERR_NOMEM : CV_THEN(st, values(cases, list));
            if (st == CV_OK)
                st = cv_json_set(thing, "cases", list);
            else
                cv_json_free(list);
            st = CV_THEN(st, cv_json_push(out, cv_json_ref(thing)));
        }
    return st;
}

static int by_weight(const void *a, const void *b)
{
    const struct cv_json *x = *(const struct cv_json *const *)a, *y = *(const struct cv_json *const *)b;
    const int64_t left = cv_json_get_int(x, "weight"), right = cv_json_get_int(y, "weight");
    return left != right ? (left < right) - (left > right)
                         : strcmp(cv_json_get_str(x, "case"), cv_json_get_str(y, "case"));
}

/* put_cases(s, out): the others, those with most in common first. */
static cv_status put_cases(struct sharing *s, struct cv_json *out)
{
    const size_t n = cv_json_len(s->others);
    struct cv_json **list = calloc(n + 1, sizeof(struct cv_json *));
    size_t i = 0;
    cv_status st = list == NULL ? CV_ERR_NOMEM : CV_OK;
    for (void *it = cv_json_first(s->others); it != NULL && st == CV_OK; it = cv_json_next(s->others, it))
        list[i++] = cv_json_iter_value(it);
    if (st == CV_OK)
        qsort(list, n, sizeof(struct cv_json *), by_weight);
    for (i = 0; i < n && st == CV_OK; i++) {
        st = cv_json_del(list[i], "weight");
        st = CV_THEN(st, cv_json_push(out, cv_json_ref(list[i])));
    }
    free(list);
    return st;
}

/* put_titles(s, doc): by what a person knows the cases, where that may be read. */
static cv_status put_titles(struct sharing *s, struct cv_json *doc, const char *reason, struct cv_err *err)
{
    struct cv_json *cases = cv_json_get(doc, "cases"), *titles = NULL;
    const size_t n = cv_json_len(cases) + 1;
    struct cv_head_walk walk = { 0 };
    cv_status st = CV_OK;
    for (size_t i = 0; i < n && st == CV_OK; i++) {
        const char *id = i == 0 ? s->id : cv_json_get_str(cv_json_at(cases, i - 1), "case");
        struct cv_versions list = { 0 };
        st = cv_heads_find(s->v, id, &list, err);
        if (st == CV_OK && list.count > 0)
            st = cv_head_walk_add(s->v, &walk, &list.v[list.count - 1], err);
        cv_versions_free(&list);
    }
    st = CV_THEN(st, cv_record_titles(s->v, &walk, reason, &titles, err));
    for (size_t i = 0; i < n && st == CV_OK; i++) {
        struct cv_json *o = i == 0 ? doc : cv_json_at(cases, i - 1);
        struct cv_json *title = cv_json_get(titles, cv_json_get_str(o, "case"));
        if (title != NULL)
            st = cv_json_set(o, "title", cv_json_ref(title));
    }
    cv_head_walk_free(&walk);
    cv_json_free(titles);
    return st;
}

/* put_closed(s, out): the sections with marks that were not looked into. */
static cv_status put_closed(const struct sharing *s, struct cv_json *out)
{
    const char *section;
    cv_status st = CV_OK;
    for (size_t i = 0; st == CV_OK && (section = cv_template_section(s->v->template, i)) != NULL; i++)
        if (cv_marked_section(s->v->template, section) && !cv_vault_may_read(s->v, section))
            st = cv_json_push(out, cv_json_str(cv_template_label(s->v->template, NULL, section, NULL)));
    return st;
}

static cv_status answer(struct sharing *s, const char *reason, struct cv_json *doc, struct cv_err *err)
{
    cv_status st = cv_json_set(doc, "case", cv_json_str(s->id));
    st = CV_THEN(st, cv_json_set(doc, "shared", cv_json_array()));
    st = CV_THEN(st, cv_json_set(doc, "cases", cv_json_array()));
    st = CV_THEN(st, cv_json_set(doc, "closed", cv_json_array()));
    st = CV_THEN(st, put_things(s, cv_json_get(doc, "shared")));
    st = CV_THEN(st, put_cases(s, cv_json_get(doc, "cases")));
    st = CV_THEN(st, put_closed(s, cv_json_get(doc, "closed")));
    if (s->unread > 0)
        st = CV_THEN(st, cv_json_set(doc, "unread", cv_json_int((int64_t)s->unread)));
    return CV_THEN(st, put_titles(s, doc, reason, err));
}

/* may_read_any(v): is there a section with marks for this member at all? */
static bool may_read_any(const struct cv_vault *v)
{
    const char *section;
    for (size_t i = 0; (section = cv_template_section(v->template, i)) != NULL; i++)
        if (cv_marked_section(v->template, section) && cv_vault_may_read(v, section))
            return true;
    return false;
}

/* look(s, reason): which records matter, by the index; then what they say, in one event. */
static cv_status look(struct sharing *s, const char *reason, struct cv_err *err)
{
    struct cv_index *x = NULL;
    cv_status st = cv_index_open(s->v, reason, false, &x, err);
    s->unread = st == CV_OK ? cv_index_unread(x) : 0;
    st = CV_THEN(st, cv_shared_find(s->v, x, s->id, &s->scope, err));
    const struct cv_marked_ask ask = {
        .which = s->scope.which, .record = s->id, .why = WHY, .reason = reason
    };
    st = CV_THEN(st, cv_marked_open(s->v, &ask, &s->all, err));
    cv_index_free(x);
    return st;
}

cv_status cv_shared(struct cv_vault *v, const char *text, const char *reason, struct cv_json **out,
                    struct cv_err *err)
{
    struct cv_versions one = { 0 };
    struct sharing s = {
        .v = v, .ours = cv_json_object(), .things = cv_json_object(), .others = cv_json_object()
    };
    struct cv_json *doc = cv_json_object();
    *out = NULL;
    cv_status st = s.ours == NULL || s.things == NULL || s.others == NULL || doc == NULL
                       ? CV_ERR_NOMEM
                       : cv_record_find_as(v, text, CASE, "search", reason, &one, err);
    s.id = st == CV_OK ? one.v[0].id : NULL;
    if (st == CV_OK && !may_read_any(v)) {
        const struct cv_refusal refusal = { .to = "search", .record = s.id, .reason = reason };
        st = cv_event_refuse(v, &refusal, CV_ERR_NOKEY, err,
                             "none of your roles opens what says what a case shares");
    }
    st = CV_THEN(st, look(&s, reason, err));
    st = CV_THEN(st, gather_ours(&s, err));
    st = CV_THEN(st, share_all(&s, err));
    st = CV_THEN(st, answer(&s, reason, doc, err));
    if (st == CV_OK)
        *out = doc;
    else
        cv_json_free(doc);
    cv_marked_close(s.all);
    cv_shared_scope_free(&s.scope);
    cv_versions_free(&one);
    cv_json_free(s.ours);
    cv_json_free(s.things);
    cv_json_free(s.others);
    return cv_err_note(err, st, "related");
}
