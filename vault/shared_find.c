#include "vault/shared_find.h"

#include <stdlib.h>
#include <string.h>

#include "formats/graph.h"
#include "vault/heads.h"

#define CASE "case"
#define PERSON "person"
#define REF "ref"

/* The index answers one question at a time: what it says is gathered, and then asked further. */
struct finding {
    struct cv_index *x;
    struct cv_vault *v;
    struct cv_json *which;
    struct cv_json *ids;   /* of the question under way: id -> array of sections */
    struct cv_json *marks; /* likewise: kind -> object of values */
    size_t met;
};

static cv_status on_place(void *arg, const struct cv_place_in *at, struct cv_err *err)
{
    struct finding *f = arg;
    char id[CV_ID_TEXT_BYTES];
    (void)err;
    if (++f->met > CV_SHARED_RECORDS)
        return CV_OK;
    cv_id_text(at->id, id);
    cv_status st = cv_json_get(f->ids, id) != NULL ? CV_OK : cv_json_set(f->ids, id, cv_json_array());
    return CV_THEN(st, cv_json_push_word(cv_json_get(f->ids, id), at->section));
}

/* having(f, kind, value, ids): who bears it, added to ${ids}. */
static cv_status having(struct finding *f, const char *kind, const char *value, struct cv_json *ids,
                        struct cv_err *err)
{
    f->ids = ids;
    f->met = 0;
    return cv_index_mark(f->x, kind, value, on_place, f, err);
}

static cv_status on_mark(void *arg, const char *kind, const char *value, const struct cv_place_in *at,
                         struct cv_err *err)
{
    struct finding *f = arg;
    (void)at;
    (void)err;
    if (strcmp(kind, REF) != 0 && cv_graph_kind(kind) == CV_GRAPH_KINDS)
        return CV_OK;
    cv_status st =
        cv_json_get(f->marks, kind) != NULL ? CV_OK : cv_json_set(f->marks, kind, cv_json_object());
    return CV_THEN(st, cv_json_set(cv_json_get(f->marks, kind), value, cv_json_bool(true)));
}

/* marks_of(f, id, marks): what it bears, added to ${marks}. */
static cv_status marks_of(struct finding *f, const char *text, struct cv_json *marks, struct cv_err *err)
{
    uint8_t id[CV_ID_BYTES];
    f->marks = marks;
    cv_status st = cv_id_parse(cv_bytes_str(text), id, err);
    return CV_THEN(st, cv_index_marks_of(f->x, id, on_mark, f, err));
}

/* add(f, id, sections): to what is looked at. */
static cv_status add(struct finding *f, const char *id, const struct cv_json *sections)
{
    struct cv_json *have = cv_json_get(f->which, id);
    cv_status st = CV_OK;
    if (have == NULL) {
        st = cv_json_set(f->which, id, cv_json_array());
        have = cv_json_get(f->which, id);
    }
    for (size_t i = 0; i < cv_json_len(sections) && st == CV_OK; i++)
        st = cv_json_is(have, CV_JSON_ARRAY) ? cv_json_push_word(have, cv_json_cstr(cv_json_at(sections, i)))
                                             : CV_OK;
    return st;
}

/* is_of(f, id, type, out): is it a record of that type, that this member sees? */
static cv_status is_of(struct finding *f, const char *id, const char *type, bool *out, struct cv_err *err)
{
    struct cv_versions list = { 0 };
    cv_status st = cv_heads_find(f->v, id, &list, err);
    *out = st == CV_OK && list.count > 0 && strcmp(list.v[0].type, type) == 0;
    cv_versions_free(&list);
    return st;
}

/* add_of(f, ids, type, into): those of ${ids} that are of a type; to ${into} as well, if it is not NULL. */
static cv_status add_of(struct finding *f, const struct cv_json *ids, const char *type, struct cv_json *into,
                        struct cv_err *err)
{
    cv_status st = CV_OK;
    for (void *it = cv_json_first(ids); it != NULL && st == CV_OK; it = cv_json_next(ids, it)) {
        const char *id = cv_json_iter_name(it);
        bool fits = false;
        st = is_of(f, id, type, &fits, err);
        if (st != CV_OK || !fits)
            continue;
        st = add(f, id, NULL);
        if (into != NULL)
            st = CV_THEN(st, cv_json_set(into, id, cv_json_null()));
    }
    return st;
}

/* find_ours(f, id, ours): the records of the case; all that they say is looked at. */
static cv_status find_ours(struct finding *f, const char *id, struct cv_json *ours, struct cv_err *err)
{
    struct cv_json *marks = cv_json_object(), *named = cv_json_object();
    cv_status st = marks == NULL || named == NULL ? CV_ERR_NOMEM : cv_json_set(ours, id, cv_json_null());
    st = CV_THEN(st, having(f, REF, id, named, err));
    for (void *it = cv_json_first(named); it != NULL && st == CV_OK; it = cv_json_next(named, it))
        st = cv_json_set(ours, cv_json_iter_name(it), cv_json_null());
    st = CV_THEN(st, marks_of(f, id, marks, err));
    st = CV_THEN(st, add_of(f, cv_json_get(marks, REF), PERSON, ours, err));
    for (void *it = cv_json_first(ours); it != NULL && st == CV_OK; it = cv_json_next(ours, it))
        st = cv_json_set(f->which, cv_json_iter_name(it), cv_json_null());
    cv_json_free(marks);
    cv_json_free(named);
    return st;
}

/* find_others(f, ours, others): the records that bear a mark of ours, each in the sections in which they do;
 * and those that somebody has said to be of one of our persons. */
static cv_status find_others(struct finding *f, const struct cv_json *ours, struct cv_json *others,
                             struct cv_err *err)
{
    struct cv_json *marks = cv_json_object();
    cv_status st = marks == NULL ? CV_ERR_NOMEM : CV_OK;
    for (void *it = cv_json_first(ours); it != NULL && st == CV_OK; it = cv_json_next(ours, it))
        st = marks_of(f, cv_json_iter_name(it), marks, err);
    for (void *k = cv_json_first(marks); k != NULL && st == CV_OK; k = cv_json_next(marks, k)) {
        const char *kind = cv_json_iter_name(k);
        const struct cv_json *values = cv_json_iter_value(k);
        if (strcmp(kind, REF) == 0) {
            st = add_of(f, values, PERSON, others, err);
            continue;
        }
        for (void *it = cv_json_first(values); it != NULL && st == CV_OK; it = cv_json_next(values, it))
            st = having(f, kind, cv_json_iter_name(it), others, err);
    }
    for (void *it = cv_json_first(others); it != NULL && st == CV_OK; it = cv_json_next(others, it))
        st = add(f, cv_json_iter_name(it), cv_json_iter_value(it));
    cv_json_free(marks);
    return st;
}

/* find_cases(f, id): those that the record names, and those that name it. */
static cv_status find_cases(struct finding *f, const char *id, struct cv_err *err)
{
    struct cv_json *marks = cv_json_object(), *naming = cv_json_object();
    cv_status st = marks == NULL || naming == NULL ? CV_ERR_NOMEM : marks_of(f, id, marks, err);
    st = CV_THEN(st, add_of(f, cv_json_get(marks, REF), CASE, NULL, err));
    st = CV_THEN(st, having(f, REF, id, naming, err));
    st = CV_THEN(st, add_of(f, naming, CASE, NULL, err));
    cv_json_free(marks);
    cv_json_free(naming);
    return st;
}

cv_status cv_shared_find(struct cv_index *x, struct cv_vault *v, const char *id, struct cv_json *which,
                         struct cv_err *err)
{
    struct finding f = { .x = x, .v = v, .which = which };
    struct cv_json *ours = cv_json_object(), *others = cv_json_object();
    cv_status st = ours == NULL || others == NULL ? CV_ERR_NOMEM : find_ours(&f, id, ours, err);
    st = CV_THEN(st, find_others(&f, ours, others, err));
    for (void *it = cv_json_first(ours); it != NULL && st == CV_OK; it = cv_json_next(ours, it))
        if (strcmp(cv_json_iter_name(it), id) != 0)
            st = find_cases(&f, cv_json_iter_name(it), err);
    for (void *it = cv_json_first(others); it != NULL && st == CV_OK; it = cv_json_next(others, it))
        if (cv_json_get(ours, cv_json_iter_name(it)) == NULL)
            st = find_cases(&f, cv_json_iter_name(it), err);
    cv_json_free(ours);
    cv_json_free(others);
    return cv_err_note(err, st, "related");
}
