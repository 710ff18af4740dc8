#include "vault/shared_find.h"

#include <stdlib.h>
#include <string.h>

#include "formats/graph.h"
#include "vault/heads.h"
#include "vault/marked.h"
#include "vault/shared.h"

#define CASE "case"
#define PERSON "person"
#define REF "ref"

/* The index answers one question at a time: what it says is gathered, and then asked further. */
struct finding {
    struct cv_vault *v;
    struct cv_index *x;
    struct cv_shared_scope *out;
    struct cv_json *ours;   /* by id: the records of the case, */
    struct cv_json *others; /* and others */
    struct cv_json *ids;    /* of the question under way: id -> array of sections */
    size_t met, most;       /* how often it was answered, not by ours, and may be */
    struct cv_json *marks;  /* kind -> object of values */
};

cv_status cv_shared_key(const char *kind, const char *value, struct cv_buf *out)
{
    cv_status st = cv_buf_printf(out, "%s %s", kind, value);
    return CV_THEN(st, cv_buf_append(out, CV_LIT("\0")));
}

/* ---- asking the index ---- */

static cv_status on_place(void *arg, const struct cv_place_in *at, struct cv_err *err)
{
    struct finding *f = arg;
    char id[CV_ID_TEXT_BYTES];
    (void)err;
    cv_id_text(at->id, id);
    if (cv_json_get(f->ours, id) != NULL || ++f->met > f->most)
        return CV_OK;
    cv_status st = cv_json_get(f->ids, id) != NULL ? CV_OK : cv_json_set(f->ids, id, cv_json_array());
    return CV_THEN(st, cv_json_push_word(cv_json_get(f->ids, id), at->section));
}

/* having(f, kind, value, ids): who else bears it, added to ${ids}; f->met says whether they are too many. */
static cv_status having(struct finding *f, const char *kind, const char *value, struct cv_json *ids,
                        struct cv_err *err)
{
    f->ids = ids;
    /* What names a record is all asked for: which of it are cases is seen later. */
    f->most = strcmp(kind, REF) == 0 ? SIZE_MAX : CV_SHARED_COMMON;
    f->met = 0;
    return cv_index_mark(f->x, kind, value, on_place, f, err);
}

/* on_ours: of the case; there may be many. */
static cv_status on_ours(void *arg, const struct cv_place_in *at, struct cv_err *err)
{
    struct finding *f = arg;
    char id[CV_ID_TEXT_BYTES];
    (void)err;
    cv_id_text(at->id, id);
    return cv_json_set(f->ours, id, cv_json_bool(true));
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

/* marks_of(f, id): what it bears, added to f->marks. */
static cv_status marks_of(struct finding *f, const char *text, struct cv_err *err)
{
    uint8_t id[CV_ID_BYTES];
    cv_status st = cv_id_parse(cv_bytes_str(text), id, err);
    return CV_THEN(st, cv_index_marks_of(f->x, id, on_mark, f, err));
}

/* ---- what is looked at ---- */

/* type_of(f, id, out): of a record that this member sees; "" if of none. */
static cv_status type_of(const struct finding *f, const char *id, char out[static CV_NAME_BYTES],
                         struct cv_err *err)
{
    struct cv_versions list = { 0 };
    cv_status st = cv_heads_find(f->v, id, &list, err);
    out[0] = '\0';
    if (st == CV_OK && list.count > 0)
        memcpy(out, list.v[0].type, CV_NAME_BYTES);
    cv_versions_free(&list);
    return st;
}

/* add(f, id, type, sections, marks): a record, in these sections (or NULL), with ${marks} in all that have
 * any; of a person or a case also where it says which others belong to it. */
static cv_status add(struct finding *f, const char *id, const char *type, const struct cv_json *sections,
                     bool marks)
{
    const struct cv_template *t = f->v->template;
    const bool refs = strcmp(type, CASE) == 0 || strcmp(type, PERSON) == 0 || !marks;
    const char *section;
    struct cv_json *list = cv_json_get(f->out->which, id);
    cv_status st = list != NULL ? CV_OK : cv_json_set(f->out->which, id, cv_json_array());
    list = cv_json_get(f->out->which, id);
    for (size_t i = 0; i < cv_json_len(sections) && st == CV_OK; i++)
        st = cv_json_push_word(list, cv_json_cstr(cv_json_at(sections, i)));
    for (size_t i = 0; st == CV_OK && (section = cv_template_type_section(t, type, i)) != NULL; i++)
        if ((refs && cv_marked_refs(t, type, section)) || (marks && cv_marked_in(t, type, section)))
            st = cv_json_push_word(list, section);
    return st;
}

/* add_of(f, ids, type, into): those of ${ids} that are of a type, where they say what belongs to them; to
 * ${into} as well, if it is not NULL. */
static cv_status add_of(struct finding *f, const struct cv_json *ids, const char *type, struct cv_json *into,
                        struct cv_err *err)
{
    char is[CV_NAME_BYTES];
    cv_status st = CV_OK;
    for (void *it = cv_json_first(ids); it != NULL && st == CV_OK; it = cv_json_next(ids, it)) {
        const char *id = cv_json_iter_name(it);
        st = type_of(f, id, is, err);
        if (st != CV_OK || strcmp(is, type) != 0)
            continue;
        st = add(f, id, is, NULL, false);
        if (into != NULL && cv_json_get(into, id) == NULL)
            st = CV_THEN(st, cv_json_set(into, id, cv_json_array()));
    }
    return st;
}

/* find_ours(f, id): the records that name the case, the persons that it names, and itself. */
static cv_status find_ours(struct finding *f, const char *id, struct cv_err *err)
{
    char type[CV_NAME_BYTES];
    cv_status st = cv_json_set(f->ours, id, cv_json_bool(true));
    st = CV_THEN(st, cv_index_mark(f->x, REF, id, on_ours, f, err));
    st = CV_THEN(st, marks_of(f, id, err));
    st = CV_THEN(st, add_of(f, cv_json_get(f->marks, REF), PERSON, f->ours, err));
    for (void *it = cv_json_first(f->ours); it != NULL && st == CV_OK; it = cv_json_next(f->ours, it)) {
        st = type_of(f, cv_json_iter_name(it), type, err);
        if (type[0] != '\0')
            st = CV_THEN(st, add(f, cv_json_iter_name(it), type, NULL, true));
        st = CV_THEN(st, marks_of(f, cv_json_iter_name(it), err));
    }
    return st;
}

/* find_having(f, kind, value): who else bears a mark of ours; if they are many, only that. */
static cv_status find_having(struct finding *f, const char *kind, const char *value, struct cv_err *err)
{
    struct cv_json *ids = cv_json_object();
    struct cv_buf key = { 0 };
    cv_status st = ids == NULL ? CV_ERR_NOMEM : having(f, kind, value, ids, err);
    if (st == CV_OK && f->met > CV_SHARED_COMMON) {
        st = cv_shared_key(kind, value, &key);
        st = CV_THEN(st, cv_json_set(f->out->common, (const char *)key.p, cv_json_int((int64_t)f->met)));
    } else
        for (void *it = cv_json_first(ids); it != NULL && st == CV_OK; it = cv_json_next(ids, it)) {
            char type[CV_NAME_BYTES];
            st = type_of(f, cv_json_iter_name(it), type, err);
            if (st != CV_OK || type[0] == '\0')
                continue;
            st = add(f, cv_json_iter_name(it), type, cv_json_iter_value(it), false);
            st = CV_THEN(st, cv_json_set(f->others, cv_json_iter_name(it), cv_json_str(type)));
        }
    cv_buf_free(&key);
    cv_json_free(ids);
    return st;
}

/* find_others(f): of all marks of ours; and those that somebody has said to be of one of our persons. */
static cv_status find_others(struct finding *f, struct cv_err *err)
{
    cv_status st = CV_OK;
    for (void *k = cv_json_first(f->marks); k != NULL && st == CV_OK; k = cv_json_next(f->marks, k)) {
        const char *kind = cv_json_iter_name(k);
        const struct cv_json *values = cv_json_iter_value(k);
        if (strcmp(kind, REF) == 0)
            continue;
        for (void *it = cv_json_first(values); it != NULL && st == CV_OK; it = cv_json_next(values, it))
            st = find_having(f, kind, cv_json_iter_name(it), err);
    }
    return CV_THEN(st, add_of(f, cv_json_get(f->marks, REF), PERSON, f->others, err));
}

/* find_cases(f, ids): the cases that name one of these. */
static cv_status find_cases(struct finding *f, const struct cv_json *ids, struct cv_err *err)
{
    cv_status st = CV_OK;
    for (void *it = cv_json_first(ids); it != NULL && st == CV_OK; it = cv_json_next(ids, it)) {
        char type[CV_NAME_BYTES];
        struct cv_json *naming = cv_json_object();
        st = naming == NULL ? CV_ERR_NOMEM : type_of(f, cv_json_iter_name(it), type, err);
        if (st == CV_OK && strcmp(type, PERSON) == 0) {
            st = having(f, REF, cv_json_iter_name(it), naming, err);
            st = CV_THEN(st, add_of(f, naming, CASE, NULL, err));
        }
        cv_json_free(naming);
    }
    return st;
}

void cv_shared_scope_free(struct cv_shared_scope *s)
{
    cv_json_free(s->which);
    cv_json_free(s->common);
    memset(s, 0, sizeof(*s));
}

cv_status cv_shared_find(struct cv_vault *v, struct cv_index *x, const char *id, struct cv_shared_scope *out,
                         struct cv_err *err)
{
    struct finding f = { .v = v,
                         .x = x,
                         .out = out,
                         .ours = cv_json_object(),
                         .others = cv_json_object(),
                         .marks = cv_json_object() };
    *out = (struct cv_shared_scope){ cv_json_object(), cv_json_object() };
    cv_status st =
        f.ours == NULL || f.others == NULL || f.marks == NULL || out->which == NULL || out->common == NULL
            ? CV_ERR_NOMEM
            : cv_heads_catch_up(v, err);
    st = CV_THEN(st, find_ours(&f, id, err));
    st = CV_THEN(st, find_others(&f, err));
    st = CV_THEN(st, find_cases(&f, f.ours, err));
    st = CV_THEN(st, find_cases(&f, f.others, err));
    cv_json_free(f.ours);
    cv_json_free(f.others);
    cv_json_free(f.marks);
    if (st != CV_OK)
        cv_shared_scope_free(out);
    return cv_err_note(err, st, "related");
}
