#include "vault/marked.h"

#include <stdlib.h>
#include <string.h>

#include "vault/glance.h"
#include "vault/heads.h"

/* A section of a record that is looked at. */
struct place {
    struct cv_version of; /* borrowed from the lists of versions */
    const char *section;  /* the template's */
};

/* A mark that stands in one. */
struct row {
    const struct place *at;
    struct cv_mark mark; /* a list's */
};

struct cv_marked_all {
    struct cv_vault *v;
    struct cv_folder *folder;
    struct cv_versions *versions; /* of each record */
    size_t version_count;
    struct place *places;
    size_t place_count, place_room;
    struct cv_marks *lists; /* of each place: they own the texts */
    size_t list_count, list_room;
    struct row *rows;
    size_t count, room;
    const struct row **by_value, **by_record;
};

/* ---- the template ---- */

static bool is_ref(const struct cv_template_field *f)
{
    return strcmp(f->type, "ref") == 0;
}

static bool is_mark(const struct cv_template_field *f)
{
    return f->mark != NULL;
}

/* has(t, type, section, is): a field, or one inside an object, that is so. */
static bool has(const struct cv_template *t, const char *type, const char *section,
                bool (*is)(const struct cv_template_field *f))
{
    struct cv_template_field f, inner;
    for (size_t i = 0; cv_template_field(t, type, section, i, &f); i++) {
        if (is(&f))
            return true;
        for (size_t j = 0; cv_template_inner(t, type, section, f.name, j, &inner); j++)
            if (is(&inner))
                return true;
    }
    return false;
}

bool cv_marked_in(const struct cv_template *t, const char *type, const char *section)
{
    return has(t, type, section, is_mark);
}

bool cv_marked_section(const struct cv_template *t, const char *section)
{
    const char *type;
    for (size_t i = 0; (type = cv_template_type(t, i)) != NULL; i++)
        if (cv_marked_in(t, type, section))
            return true;
    return false;
}

bool cv_marked_refs(const struct cv_template *t, const char *type, const char *section)
{
    return has(t, type, section, is_ref);
}

/* ---- gathering ---- */

static cv_status grow(void **array, size_t *room, size_t count, size_t size)
{
    if (count < *room)
        return CV_OK;
    const size_t more = *room == 0 ? 64 : 2 * *room;
    void *now = realloc(*array, more * size);
    if (now == NULL)
        return CV_ERR_NOMEM;
    *array = now;
    *room = more;
    return CV_OK;
}

/* section_of, take: of the glance, whose list is of places: each begins with its version. */
static const char *section_of(void *arg, const struct cv_version *of)
{
    (void)arg;
    return ((const struct place *)(const void *)of)->section;
}

static cv_status take(void *arg, const struct cv_version *of, const struct cv_json *data)
{
    struct cv_marked_all *all = arg;
    const struct place *at = (const struct place *)(const void *)of;
    struct cv_marks marks = { 0 };
    void *lists = all->lists, *rows = all->rows;
    cv_status st = grow(&lists, &all->list_room, all->list_count, sizeof(*all->lists));
    all->lists = lists;
    st = CV_THEN(st, cv_marks_add(all->folder, all->v->template, of->type, at->section, data, &marks));
    if (st != CV_OK) {
        cv_marks_free(&marks);
        return st;
    }
    all->lists[all->list_count++] = marks;
    for (size_t i = 0; i < marks.count && st == CV_OK; i++) {
        st = grow(&rows, &all->room, all->count, sizeof(*all->rows));
        all->rows = rows;
        if (st == CV_OK)
            all->rows[all->count++] = (struct row){ at, marks.m[i] };
    }
    return st;
}

/* add_places(all, of, sections): those of one record. */
static cv_status add_places(struct cv_marked_all *all, const struct cv_version *of,
                            const struct cv_json *sections)
{
    const char *section;
    cv_status st = CV_OK;
    for (size_t i = 0;
         st == CV_OK && (section = cv_template_type_section(all->v->template, of->type, i)) != NULL; i++) {
        void *places = all->places;
        if (!cv_json_has_word(sections, section))
            continue;
        st = grow(&places, &all->place_room, all->place_count, sizeof(*all->places));
        all->places = places;
        if (st == CV_OK)
            all->places[all->place_count++] = (struct place){ *of, section };
    }
    return st;
}

static cv_status find_places(struct cv_marked_all *all, const struct cv_marked_ask *ask, struct cv_err *err)
{
    cv_status st = CV_OK;
    all->versions = calloc(cv_json_len(ask->which) + 1, sizeof(*all->versions));
    if (all->versions == NULL)
        return CV_ERR_NOMEM;
    for (void *it = cv_json_first(ask->which); it != NULL && st == CV_OK; it = cv_json_next(ask->which, it)) {
        struct cv_versions *list = &all->versions[all->version_count++];
        st = cv_heads_find(all->v, cv_json_iter_name(it), list, err);
        if (st == CV_OK && list->count > 0)
            st = add_places(all, &list->v[list->count - 1], cv_json_iter_value(it));
    }
    return st;
}

/* name_places(all, ids, sections): what the event says of them, as far as they are going to be opened. */
static cv_status name_places(const struct cv_marked_all *all, struct cv_json *ids, struct cv_json *sections)
{
    const char *last = NULL;
    cv_status st = CV_OK;
    for (size_t i = 0; i < all->place_count && st == CV_OK; i++) {
        const struct place *at = &all->places[i];
        if (!cv_vault_may_read(all->v, at->section))
            continue;
        st = cv_json_push_word(sections, at->section);
        if (last == NULL || strcmp(last, at->of.id) != 0)
            st = CV_THEN(st, cv_json_push(ids, cv_json_str(at->of.id)));
        last = at->of.id;
    }
    return st;
}

/* look(all, ask): at all places, in one event, which there is also if there is none of them. */
static cv_status look(struct cv_marked_all *all, const struct cv_marked_ask *ask, struct cv_err *err)
{
    const struct cv_glance g = { .section = section_of, .take = take, .arg = all };
    const struct cv_version **list = calloc(all->place_count + 1, sizeof(struct cv_version *));
    struct cv_json *ids = cv_json_array(), *sections = cv_json_array();
    cv_status st = list == NULL || ids == NULL || sections == NULL ? CV_ERR_NOMEM : CV_OK;
    for (size_t i = 0; i < all->place_count && st == CV_OK; i++)
        list[i] = &all->places[i].of;
    st = CV_THEN(st, name_places(all, ids, sections));
    const struct cv_event event = { .action = "search",
                                    .record = ask->record,
                                    .ids = ids,
                                    .sections = sections,
                                    .detail = ask->why,
                                    .reason = ask->reason,
                                    .terms = ask->terms };
    st = CV_THEN(st, cv_glance_under(all->v, &g, &event, list, all->place_count, err));
    cv_json_free(ids);
    cv_json_free(sections);
    free(list);
    return st;
}

static int order(const char *a, const char *b, const char *c, const char *d)
{
    const int first = strcmp(a, b);
    return first != 0 ? first : strcmp(c, d);
}

static int by_value(const void *a, const void *b)
{
    const struct row *x = *(const struct row *const *)a, *y = *(const struct row *const *)b;
    const int first = order(x->mark.kind, y->mark.kind, x->mark.value, y->mark.value);
    return first != 0 ? first : order(x->at->of.id, y->at->of.id, x->at->section, y->at->section);
}

/* by_record: of one record in the order in which it says them: its name before other names. */
static int by_record(const void *a, const void *b)
{
    const struct row *x = *(const struct row *const *)a, *y = *(const struct row *const *)b;
    const int first = order(x->at->of.id, y->at->of.id, x->at->section, y->at->section);
    return first != 0 ? first : (x > y) - (x < y);
}

static cv_status sort(struct cv_marked_all *all)
{
    all->by_value = calloc(all->count + 1, sizeof(struct row *));
    all->by_record = calloc(all->count + 1, sizeof(struct row *));
    if (all->by_value == NULL || all->by_record == NULL)
        return CV_ERR_NOMEM;
    for (size_t i = 0; i < all->count; i++)
        all->by_value[i] = all->by_record[i] = &all->rows[i];
    qsort(all->by_value, all->count, sizeof(struct row *), by_value);
    qsort(all->by_record, all->count, sizeof(struct row *), by_record);
    return CV_OK;
}

cv_status cv_marked_open(struct cv_vault *v, const struct cv_marked_ask *ask, struct cv_marked_all **out,
                         struct cv_err *err)
{
    struct cv_marked_all *all = calloc(1, sizeof(*all));
    *out = NULL;
    if (all == NULL)
        return cv_err_note(err, CV_ERR_NOMEM, "marks");
    all->v = v;
    cv_status st = cv_folder_new(&all->folder);
    st = CV_THEN(st, cv_heads_catch_up(v, err));
    st = CV_THEN(st, find_places(all, ask, err));
    st = CV_THEN(st, look(all, ask, err));
    st = CV_THEN(st, sort(all));
    if (st == CV_OK)
        *out = all;
    else
        cv_marked_close(all);
    return cv_err_note(err, st, "marks");
}

void cv_marked_close(struct cv_marked_all *all)
{
    if (all == NULL)
        return;
    for (size_t i = 0; i < all->list_count; i++)
        cv_marks_free(&all->lists[i]);
    for (size_t i = 0; i < all->version_count; i++)
        cv_versions_free(&all->versions[i]);
    free(all->versions);
    free(all->places);
    free(all->lists);
    free(all->rows);
    free(all->by_value);
    free(all->by_record);
    cv_folder_free(all->folder);
    free(all);
}

/* ---- asking ---- */

static cv_status give(const struct row *r, cv_marked_fn fn, void *arg, struct cv_err *err)
{
    const struct cv_marked m = { r->at->of.id, r->at->of.type, r->at->section,
                                 r->mark.kind, r->mark.value,  r->mark.text };
    return fn(arg, &m, err);
}

cv_status cv_marked_having(struct cv_marked_all *all, const char *kind, const char *value, cv_marked_fn fn,
                           void *arg, struct cv_err *err)
{
    size_t low = 0, high = all->count;
    cv_status st = CV_OK;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const struct cv_mark *m = &all->by_value[middle]->mark;
        if (order(m->kind, kind, m->value, value) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < all->count && st == CV_OK; low++) {
        const struct cv_mark *m = &all->by_value[low]->mark;
        if (order(m->kind, kind, m->value, value) != 0)
            break;
        st = give(all->by_value[low], fn, arg, err);
    }
    return st;
}

cv_status cv_marked_of(struct cv_marked_all *all, const char *record, cv_marked_fn fn, void *arg,
                       struct cv_err *err)
{
    size_t low = 0, high = all->count;
    cv_status st = CV_OK;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (strcmp(all->by_record[middle]->at->of.id, record) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < all->count && st == CV_OK && strcmp(all->by_record[low]->at->of.id, record) == 0; low++)
        st = give(all->by_record[low], fn, arg, err);
    return st;
}
