#include "vault/related.h"

#include <stdlib.h>
#include <string.h>

#include "vault/heads.h"
#include "vault/index.h"
#include "vault/marks.h"

#define CASE "case"
#define PERSON "person"

struct relating {
    struct cv_vault *v;
    struct cv_related *out;
    const char *id, *profile;      /* of the case; what may go */
    const struct cv_json *persons; /* that it names */
    struct cv_index *x;
};

void cv_related_free(struct cv_related *list)
{
    for (size_t i = 0; i < list->count; i++)
        cv_json_free(list->r[i].refs);
    free(list->r);
    cv_versions_free(&list->all);
    memset(list, 0, sizeof(*list));
}

const struct cv_relative *cv_relative(const struct cv_related *list, const char *id)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->r[i].of->id, id) == 0)
            return &list->r[i];
    return NULL;
}

static bool has(const struct cv_json *value, const char *id)
{
    if (!cv_json_is(value, CV_JSON_ARRAY)) {
        const char *text = cv_json_cstr(value);
        return text != NULL && strcmp(text, id) == 0;
    }
    for (size_t i = 0; i < cv_json_len(value); i++)
        if (has(cv_json_at(value, i), id))
            return true;
    return false;
}

bool cv_refers(const struct cv_json *data, const char *field, const char *id)
{
    return has(cv_json_get(data, field), id);
}

/* add_ids(value, ids): a reference, or a list of them. */
static cv_status add_ids(const struct cv_json *value, struct cv_json *ids)
{
    cv_status st = CV_OK;
    if (cv_json_cstr(value) != NULL)
        return cv_json_push_word(ids, cv_json_cstr(value));
    for (size_t i = 0; i < cv_json_len(value) && st == CV_OK; i++)
        if (cv_json_cstr(cv_json_at(value, i)) != NULL)
            st = cv_json_push_word(ids, cv_json_cstr(cv_json_at(value, i)));
    return st;
}

cv_status cv_related_refs(const struct cv_template *t, const struct cv_json *record, struct cv_json **out)
{
    const char *type = cv_json_get_str(record, "type"), *section;
    struct cv_json *ids = cv_json_array();
    cv_status st = ids == NULL ? CV_ERR_NOMEM : CV_OK;
    for (size_t i = 0; st == CV_OK && (section = cv_template_type_section(t, type, i)) != NULL; i++) {
        struct cv_template_field f;
        for (size_t j = 0; st == CV_OK && cv_template_field(t, type, section, j, &f); j++)
            if (f.to != NULL && (strcmp(f.to, CASE) == 0 || strcmp(f.to, PERSON) == 0))
                st = add_ids(cv_json_get(cv_json_get(record, section), f.name), ids);
    }
    if (st != CV_OK) {
        cv_json_free(ids);
        ids = NULL;
    }
    *out = ids;
    return st;
}

/* ref_section(t, type): the first section with a reference to a case; of a case itself, to persons. */
static const char *ref_section(const struct cv_template *t, const char *type)
{
    const char *to = strcmp(type, CASE) == 0 ? PERSON : CASE, *section;
    for (size_t i = 0; (section = cv_template_type_section(t, type, i)) != NULL; i++) {
        struct cv_template_field f;
        for (size_t j = 0; cv_template_field(t, type, section, j, &f); j++)
            if (f.to != NULL && strcmp(f.to, to) == 0)
                return section;
    }
    return NULL;
}

/* points(t, of, section, data, id): a field of the section that leads to cases leads to this one. */
static bool points(const struct cv_template *t, const struct cv_version *of, const struct cv_json *data,
                   const char *id)
{
    const char *section = ref_section(t, of->type);
    struct cv_template_field f;
    for (size_t j = 0; section != NULL && cv_template_field(t, of->type, section, j, &f); j++)
        if (f.to != NULL && strcmp(f.to, CASE) == 0 && cv_refers(data, f.name, id))
            return true;
    return false;
}

/* carries(w, type): records of this type matter here. */
static bool carries(const struct relating *w, const char *type)
{
    const char *one;
    if (w->profile == NULL || strcmp(type, CASE) == 0 || strcmp(type, PERSON) == 0)
        return true;
    for (size_t i = 0; (one = cv_template_profile_type(w->v->template, w->profile, i)) != NULL; i++)
        if (strcmp(one, type) == 0)
            return true;
    return false;
}

static const char *glance_section(void *arg, const struct cv_version *of)
{
    const struct relating *w = arg;
    return carries(w, of->type) ? ref_section(w->v->template, of->type) : NULL;
}

static cv_status keep(struct relating *w, const struct cv_version *of, const struct cv_json *data)
{
    struct cv_related *list = w->out;
    struct cv_relative *more = realloc(list->r, (list->count + 1) * sizeof(*more));
    if (more == NULL)
        return CV_ERR_NOMEM;
    list->r = more;
    list->r[list->count] = (struct cv_relative){ of, cv_json_copy(data) };
    return list->r[list->count++].refs != NULL ? CV_OK : CV_ERR_NOMEM;
}

/* take: the case is looked at first, and says which persons are in it. */
static cv_status take(void *arg, const struct cv_version *of, const struct cv_json *data)
{
    struct relating *w = arg;
    const bool itself = strcmp(of->id, w->id) == 0;
    cv_status st = CV_OK;
    if (itself || points(w->v->template, of, data, w->id) ||
        (strcmp(of->type, PERSON) == 0 && has(w->persons, of->id)))
        st = keep(w, of, data);
    if (st == CV_OK && itself) {
        struct cv_template_field f;
        for (size_t j = 0; cv_template_field(w->v->template, CASE, ref_section(w->v->template, CASE), j, &f);
             j++)
            if (f.to != NULL && strcmp(f.to, PERSON) == 0)
                w->persons = cv_json_get(w->out->r[w->out->count - 1].refs, f.name);
    }
    return st;
}

/* ---- which records to look at: those that the index says name the case, and those that the case names ----
 */

static cv_status on_place(void *arg, const struct cv_place_in *at, struct cv_err *err)
{
    char id[CV_ID_TEXT_BYTES];
    (void)err;
    cv_id_text(at->id, id);
    return cv_json_set(arg, id, cv_json_null());
}

static cv_status on_mark(void *arg, const char *kind, const char *value, const struct cv_place_in *at,
                         struct cv_err *err)
{
    (void)at;
    (void)err;
    return strcmp(kind, CV_MARK_REF) == 0 ? cv_json_set(arg, value, cv_json_null()) : CV_OK;
}

/* find(w, raw, reason, ids): an object with their ids for names. It may name too many: a glance decides. */
static cv_status find(struct relating *w, const uint8_t raw[static CV_ID_BYTES], const char *reason,
                      struct cv_json *ids, struct cv_err *err)
{
    cv_status st = cv_index_open(w->v, reason, false, &w->x, err);
    st = CV_THEN(st, cv_json_set(ids, w->id, cv_json_null()));
    st = CV_THEN(st, cv_index_mark(w->x, CV_MARK_REF, w->id, on_place, ids, err));
    st = CV_THEN(st, cv_index_marks_of(w->x, raw, on_mark, ids, err));
    w->out->unread = st == CV_OK ? cv_index_unread(w->x) : 0;
    return st;
}

/* add_last(all, list): the last version of a record moves over. */
static cv_status add_last(struct cv_versions *all, struct cv_versions *list)
{
    if (list->count == 0)
        return CV_OK;
    struct cv_version *more = realloc(all->v, (all->count + 1) * sizeof(*more));
    if (more == NULL)
        return CV_ERR_NOMEM;
    all->v = more;
    more[all->count++] = list->v[list->count - 1];
    list->v[list->count - 1].carried = NULL;
    return CV_OK;
}

static int by_entry(const void *a, const void *b)
{
    const struct cv_version *x = *(const struct cv_version *const *)a,
                            *y = *(const struct cv_version *const *)b;
    return (x->index > y->index) - (x->index < y->index);
}

/* find_last(w, ids): the last version of each of these records. */
static cv_status find_last(struct relating *w, const struct cv_json *ids, struct cv_err *err)
{
    cv_status st = CV_OK;
    for (void *it = cv_json_first(ids); it != NULL && st == CV_OK; it = cv_json_next(ids, it)) {
        struct cv_versions list = { 0 };
        st = cv_heads_find(w->v, cv_json_iter_name(it), &list, err);
        st = CV_THEN(st, add_last(&w->out->all, &list));
        cv_versions_free(&list);
    }
    return st;
}

/* unread: besides those that the index could not read either. */
static void unread(void *arg, uint64_t entry)
{
    struct relating *w = arg;
    w->out->unread += !cv_index_lacks(w->x, entry);
}

/* glance(w, g, ids): at the last version of each of these records, by entry, that of the case first. */
static cv_status glance(struct relating *w, const struct cv_glance *g, const struct cv_json *ids,
                        struct cv_err *err)
{
    cv_status st = find_last(w, ids, err);
    const size_t count = w->out->all.count;
    const struct cv_version **list = calloc(count + 1, sizeof(*list));
    st = CV_THEN(st, list == NULL ? CV_ERR_NOMEM : CV_OK);
    for (size_t i = 0; i < count && st == CV_OK; i++)
        list[i] = &w->out->all.v[i];
    if (st == CV_OK)
        qsort(list, count, sizeof(*list), by_entry);
    for (size_t i = 0; i < count && st == CV_OK; i++)
        if (strcmp(list[i]->id, w->id) == 0) {
            const struct cv_version *itself = list[i];
            memmove(&list[1], &list[0], i * sizeof(*list));
            list[0] = itself;
        }
    st = CV_THEN(st, cv_glance(w->v, g, list, count, err));
    free(list);
    return st;
}

cv_status cv_related(struct cv_vault *v, const char *text, const char *profile, const char *reason,
                     struct cv_related *out, struct cv_err *err)
{
    uint8_t raw[CV_ID_BYTES];
    char id[CV_ID_TEXT_BYTES] = "";
    struct cv_versions one = { 0 };
    struct relating w = { .v = v, .out = out, .id = id, .profile = profile };
    const struct cv_glance g = { "list", "what belongs to a case", reason, glance_section, take, &w, unread,
                                 false };
    struct cv_json *ids = cv_json_object();
    memset(out, 0, sizeof(*out));
    cv_status st = ids == NULL ? CV_ERR_NOMEM : cv_id_parse(cv_bytes_str(text), raw, err);
    if (st == CV_OK)
        cv_id_text(raw, id);
    st = CV_THEN(st, cv_record_find(v, id, "export", reason, &one, err));
    if (st == CV_OK && strcmp(one.v[0].type, CASE) != 0)
        st = cv_fail(err, CV_ERR_ARG, "%s is a %s; name the case", id, one.v[0].type);
    cv_versions_free(&one);
    st = CV_THEN(st, cv_heads_catch_up(v, err));
    st = CV_THEN(st, find(&w, raw, reason, ids, err));
    st = CV_THEN(st, glance(&w, &g, ids, err));
    cv_index_free(w.x);
    cv_json_free(ids);
    if (st == CV_OK && cv_relative(out, id) == NULL)
        st = cv_fail(err, CV_ERR_NOKEY, "none of your roles opens what says which records belong to a case");
    if (st != CV_OK)
        cv_related_free(out);
    return cv_err_note(err, st, "case");
}
