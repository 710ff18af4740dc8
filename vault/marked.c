#include "vault/marked.h"

#include <stdlib.h>
#include <string.h>

#include "vault/glance.h"

/* A mark of a record; the record's own strings are borrowed from the list of records. */
struct row {
    const struct cv_version *of;
    const char *section; /* the template's */
    struct cv_mark mark; /* the list's */
};

struct cv_marked_all {
    struct cv_vault *v;
    struct cv_folder *folder;
    struct cv_versions versions;
    struct cv_marks *lists; /* one for each record and section: they own the texts */
    size_t list_count, list_room;
    struct row *rows;
    size_t count, room;
    const struct row **by_value, **by_record;
    const char *section; /* being looked at */
};

/* ---- the template ---- */

bool cv_marked_in(const struct cv_template *t, const char *type, const char *section)
{
    struct cv_template_field f, inner;
    for (size_t i = 0; cv_template_field(t, type, section, i, &f); i++) {
        if (f.mark != NULL || strcmp(f.type, "ref") == 0)
            return true;
        for (size_t j = 0; cv_template_inner(t, type, section, f.name, j, &inner); j++)
            if (inner.mark != NULL || strcmp(inner.type, "ref") == 0)
                return true;
    }
    return false;
}

bool cv_marked_section(const struct cv_template *t, const char *section)
{
    const char *type;
    for (size_t i = 0; (type = cv_template_type(t, i)) != NULL; i++)
        if (cv_marked_in(t, type, section))
            return true;
    return false;
}

/* ---- gathering ---- */

static const char *section_of(void *arg, const struct cv_version *of)
{
    const struct cv_marked_all *all = arg;
    return cv_marked_in(all->v->template, of->type, all->section) ? all->section : NULL;
}

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

static cv_status add_row(struct cv_marked_all *all, const struct cv_version *of, const struct cv_mark *mark)
{
    void *rows = all->rows;
    cv_status st = grow(&rows, &all->room, all->count, sizeof(*all->rows));
    all->rows = rows;
    if (st == CV_OK)
        all->rows[all->count++] = (struct row){ of, all->section, *mark };
    return st;
}

static cv_status take(void *arg, const struct cv_version *of, const struct cv_json *data)
{
    struct cv_marked_all *all = arg;
    struct cv_marks marks = { 0 };
    void *lists = all->lists;
    cv_status st = grow(&lists, &all->list_room, all->list_count, sizeof(*all->lists));
    all->lists = lists;
    st = CV_THEN(st, cv_marks_add(all->folder, all->v->template, of->type, all->section, data, &marks));
    for (size_t i = 0; i < marks.count && st == CV_OK; i++)
        st = add_row(all, of, &marks.m[i]);
    if (st == CV_OK)
        all->lists[all->list_count++] = marks;
    else
        cv_marks_free(&marks);
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
    return first != 0 ? first : order(x->of->id, y->of->id, x->section, y->section);
}

/* by_record: of one record in the order in which it says them: its name before other names. */
static int by_record(const void *a, const void *b)
{
    const struct row *x = *(const struct row *const *)a, *y = *(const struct row *const *)b;
    const int first = order(x->of->id, y->of->id, x->section, y->section);
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

cv_status cv_marked_open(struct cv_vault *v, const char *why, const char *reason, struct cv_marked_all **out,
                         struct cv_err *err)
{
    struct cv_marked_all *all = calloc(1, sizeof(*all));
    struct cv_latest latest = { 0 };
    const struct cv_glance g = { "list", why, reason, section_of, take, all };
    *out = NULL;
    cv_status st = all == NULL ? CV_ERR_NOMEM : cv_folder_new(&all->folder);
    st = CV_THEN(st, cv_record_versions(v, NULL, &all->versions, err));
    st = CV_THEN(st, cv_versions_latest(&all->versions, NULL, &latest));
    if (all != NULL)
        all->v = v;
    for (size_t i = 0; st == CV_OK && (all->section = cv_template_section(v->template, i)) != NULL; i++)
        if (cv_vault_may_read(v, all->section) && cv_marked_section(v->template, all->section))
            st = cv_glance(v, &g, latest.v, latest.count, err);
    st = CV_THEN(st, sort(all));
    cv_latest_free(&latest);
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
    free(all->lists);
    free(all->rows);
    free(all->by_value);
    free(all->by_record);
    cv_versions_free(&all->versions);
    cv_folder_free(all->folder);
    free(all);
}

/* ---- asking ---- */

static cv_status give(const struct row *r, cv_marked_fn fn, void *arg, struct cv_err *err)
{
    const struct cv_marked m = {
        r->of->id, r->of->type, r->section, r->mark.kind, r->mark.value, r->mark.text
    };
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
        if (strcmp(all->by_record[middle]->of->id, record) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < all->count && st == CV_OK && strcmp(all->by_record[low]->of->id, record) == 0; low++)
        st = give(all->by_record[low], fn, arg, err);
    return st;
}
