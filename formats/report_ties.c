#include "formats/report_ties.h"

#include <stdlib.h>
#include <string.h>

#include "formats/logline.h"

/* What ties a member to a record: they wrote it, or asked for or approved that it leaves, or it was granted
 * to them; or they did so with a record that names this one, or that it names, or that both name. */

#define MANY 64 /* a record with more than so many ties is no case or person: it ties nobody */

struct pair {
    const char *a, *b; /* borrowed from the events */
};
struct pairs {
    struct pair *p;
    size_t count, room;
};
struct ties {
    struct pairs acts;   /* member, record */
    struct pairs names;  /* record, record: both ways */
    struct pairs grants; /* record, to whom */
};

static int by_both(const void *x, const void *y)
{
    const struct pair *a = x, *b = y;
    const int first = strcmp(a->a, b->a);
    return first != 0 ? first : strcmp(a->b, b->b);
}

static cv_status add(struct pairs *list, const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return CV_OK;
    if (list->count == list->room) {
        const size_t room = list->room > 0 ? 2 * list->room : 256;
        struct pair *more = realloc(list->p, room * sizeof(*more));
        if (more == NULL)
            return CV_ERR_NOMEM;
        list->p = more;
        list->room = room;
    }
    list->p[list->count++] = (struct pair){ a, b };
    return CV_OK;
}

static void order(struct pairs *list)
{
    size_t kept = 0;
    if (list->count == 0)
        return;
    qsort(list->p, list->count, sizeof(*list->p), by_both);
    for (size_t i = 0; i < list->count; i++)
        if (i == 0 || by_both(&list->p[i], &list->p[kept - 1]) != 0)
            list->p[kept++] = list->p[i];
    list->count = kept;
}

static bool has(const struct pairs *list, const char *a, const char *b)
{
    const struct pair key = { a, b };
    return list->count > 0 && bsearch(&key, list->p, list->count, sizeof(key), by_both) != NULL;
}

/* of(list, a, count): the pairs that begin with ${a}; none if there are too many. */
static const struct pair *of(const struct pairs *list, const char *a, size_t *count)
{
    size_t low = 0, high = list->count;
    while (low < high) {
        const size_t mid = low + (high - low) / 2;
        if (strcmp(list->p[mid].a, a) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    *count = 0;
    while (low + *count < list->count && *count <= MANY && strcmp(list->p[low + *count].a, a) == 0)
        ++*count;
    if (*count > MANY)
        *count = 0;
    return list->p + low;
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

static cv_status take(struct ties *t, const struct cv_report_entry *e)
{
    const struct cv_json *ids = cv_json_get(e->event, "ids"), *refs = cv_json_get(e->event, "refs");
    const char *record = cv_logline_record(e->event);
    const bool ties = ties_its_member(e->action);
    cv_status st = ties ? add(&t->acts, e->who, record)
                   : strcmp(e->action, "grant") == 0
                       ? add(&t->grants, record, cv_logline_get(e->event, "detail"))
                       : CV_OK;
    for (size_t i = 0; i < cv_json_len(ids) && ties && st == CV_OK; i++)
        st = add(&t->acts, e->who, cv_json_cstr(cv_json_at(ids, i)));
    for (size_t i = 0; i < cv_json_len(refs) && st == CV_OK; i++) {
        const char *ref = cv_json_cstr(cv_json_at(refs, i));
        st = add(&t->names, record, ref);
        st = CV_THEN(st, add(&t->names, ref, record));
    }
    return st;
}

/* granted(t, who, id): a grant's detail says "to", and to whom. */
static bool granted(const struct ties *t, const char *who, const char *id)
{
    const size_t n = strlen(who);
    size_t count;
    const struct pair *grants = of(&t->grants, id, &count);
    for (size_t i = 0; i < count; i++)
        if (strncmp(grants[i].b, "to ", 3) == 0 && strncmp(grants[i].b + 3, who, n) == 0 &&
            (grants[i].b[3 + n] == '\0' || grants[i].b[3 + n] == ' '))
            return true;
    return false;
}

/* tied(t, who, id): directly, or over one record or two. */
static bool tied(const struct ties *t, const char *who, const char *id)
{
    size_t near_count, far_count;
    bool found = has(&t->acts, who, id) || granted(t, who, id);
    const struct pair *near = of(&t->names, id, &near_count);
    for (size_t i = 0; i < near_count && !found; i++) {
        const struct pair *far = of(&t->names, near[i].b, &far_count);
        found = has(&t->acts, who, near[i].b);
        for (size_t k = 0; k < far_count && !found; k++)
            found = has(&t->acts, who, far[k].b);
    }
    return found;
}

cv_status cv_report_mark_untied(struct cv_report *r)
{
    struct ties t = { 0 };
    cv_status st = CV_OK;
    for (size_t i = 0; i < r->count && st == CV_OK; i++)
        st = take(&t, &r->entries[i]);
    order(&t.acts);
    order(&t.names);
    order(&t.grants);
    for (size_t i = 0; i < r->count && st == CV_OK; i++) {
        struct cv_report_entry *e = &r->entries[i];
        const char *record =
            cv_json_get_str(e->event, "record"); /* not one of a list, or of what was found */
        if ((e->lists >> CV_REPORT_PERSONAL & 1U) != 0 && record != NULL && !tied(&t, e->who, record))
            e->lists |= 1U << CV_REPORT_UNTIED;
    }
    free(t.acts.p);
    free(t.names.p);
    free(t.grants.p);
    return st;
}
