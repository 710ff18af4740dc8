#include "vault/alike.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/words.h"
#include "vault/index.h"
#include "vault/marked.h"
#include "vault/ranking.h"

#define WHY "is this person known already?"
#define TERMS_MAX 8000 /* bytes of what is looked for that go into the log */

/* A new record that is asked for. */
struct asked {
    uint64_t tag;
    char type[CV_NAME_BYTES], self[CV_ID_TEXT_BYTES];
    struct cv_marks marks;
    struct cv_json *candidates; /* by id */
    struct cv_json *sections;   /* in which they are looked at */
    struct cv_json *similar;
};

struct cv_alike {
    struct cv_vault *v;
    const char *reason;
    struct cv_folder *folder;
    struct asked *list;
    size_t count, room;
    struct cv_json *closed;
    struct cv_json *which; /* all that could be one of them */
    struct cv_json *order; /* of those that are stored already: id -> place in the list */
    struct cv_marked_all *all;
    size_t left, left_of, unread;
    /* The comparing under way. */
    struct asked *now;
    struct cv_ranking ranking;
    int points;
    bool counts;
    struct likeness *with;
};

/* What a candidate has in common with a new record. */
struct likeness {
    int points, name_points, birth_points;
    const char *name_why, *birth_why;
    struct cv_buf name, name_text, birth;
    struct cv_json *why;
};

cv_status cv_alike_new(struct cv_vault *v, const char *reason, struct cv_alike **out, struct cv_err *err)
{
    struct cv_alike *a = calloc(1, sizeof(*a));
    *out = NULL;
    cv_status st = a == NULL ? CV_ERR_NOMEM : cv_folder_new(&a->folder);
    if (st == CV_OK && (a->closed = cv_json_array()) == NULL)
        st = CV_ERR_NOMEM;
    if (st != CV_OK) {
        cv_alike_free(a);
        return cv_err_note(err, st, "known already");
    }
    a->v = v;
    a->reason = reason;
    *out = a;
    return CV_OK;
}

static void asked_free(struct asked *q)
{
    cv_marks_free(&q->marks);
    cv_json_free(q->candidates);
    cv_json_free(q->sections);
    cv_json_free(q->similar);
}

void cv_alike_forget(struct cv_alike *a, size_t from)
{
    while (a->count > from)
        asked_free(&a->list[--a->count]);
}

void cv_alike_free(struct cv_alike *a)
{
    if (a == NULL)
        return;
    cv_alike_forget(a, 0);
    free(a->list);
    cv_json_free(a->closed);
    cv_ranking_free(&a->ranking);
    cv_marked_close(a->all);
    cv_folder_free(a->folder);
    free(a);
}

size_t cv_alike_count(const struct cv_alike *a)
{
    return a->count;
}

const struct cv_json *cv_alike_closed(const struct cv_alike *a)
{
    return a->closed;
}

size_t cv_alike_left(const struct cv_alike *a, size_t *persons)
{
    *persons = a->left_of;
    return a->left;
}

size_t cv_alike_unread(const struct cv_alike *a)
{
    return a->unread;
}

/* ---- what is asked ---- */

/* of_person(t, type): do its records have names? */
static bool of_person(const struct cv_template *t, const char *type)
{
    const char *section;
    struct cv_template_field f;
    for (size_t i = 0; (section = cv_template_type_section(t, type, i)) != NULL; i++)
        for (size_t j = 0; cv_template_field(t, type, section, j, &f); j++)
            if (f.mark != NULL && strcmp(f.mark, "name") == 0)
                return true;
    return false;
}

/* compares(kind): marks by which a person is looked for. */
static bool compares(const char *kind)
{
    static const char *const kinds[] = { "document", "phone", "account", "name", "birth", "sound" };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kinds[i], kind) == 0)
            return true;
    return false;
}

/* take_section(a, q, section, data): its marks; where this member may not read what others say there, that is
 * remembered instead. */
static cv_status take_section(struct cv_alike *a, struct asked *q, const char *section,
                              const struct cv_json *data)
{
    struct cv_marks marks = { 0 };
    bool any = false;
    if (cv_vault_may_read(a->v, section))
        return cv_marks_add(a->folder, a->v->template, q->type, section, data, &q->marks);
    cv_status st = cv_marks_add(a->folder, a->v->template, q->type, section, data, &marks);
    for (size_t i = 0; i < marks.count; i++)
        any = any || compares(marks.m[i].kind);
    cv_marks_free(&marks);
    return st == CV_OK && any
               ? cv_json_push_word(a->closed, cv_template_label(a->v->template, NULL, section, NULL))
               : st;
}

cv_status cv_alike_add(struct cv_alike *a, const struct cv_json *record, const char *self, uint64_t tag,
                       struct cv_err *err)
{
    const char *type = cv_json_get_str(record, "type"), *section;
    struct asked q = { .tag = tag };
    if (type == NULL || !of_person(a->v->template, type))
        return CV_OK;
    if (self != NULL)
        snprintf(q.self, sizeof(q.self), "%s", self);
    memcpy(q.type, type, strlen(type) + 1); /* the template has it, so it is no longer than a name */
    cv_status st = CV_OK;
    for (size_t i = 0; st == CV_OK && (section = cv_template_type_section(a->v->template, type, i)) != NULL;
         i++)
        st = take_section(a, &q, section, cv_json_get(record, section));
    if (st == CV_OK && a->count == a->room) {
        const size_t room = a->room == 0 ? 8 : 2 * a->room;
        struct asked *more = realloc(a->list, room * sizeof(*more));
        st = more == NULL ? CV_ERR_NOMEM : CV_OK;
        a->list = more != NULL ? more : a->list;
        a->room = more != NULL ? room : a->room;
    }
    if (st == CV_OK)
        a->list[a->count++] = q;
    else
        asked_free(&q);
    return cv_err_note(err, st, "known already");
}

/* ---- who could it be? ---- */

/* comparable(t, type, section): has it fields by which a person is looked for? */
static bool comparable(const struct cv_template *t, const char *type, const char *section)
{
    struct cv_template_field f, inner;
    for (size_t i = 0; cv_template_field(t, type, section, i, &f); i++) {
        if (f.mark != NULL && compares(f.mark))
            return true;
        for (size_t j = 0; cv_template_inner(t, type, section, f.name, j, &inner); j++)
            if (inner.mark != NULL && compares(inner.mark))
                return true;
    }
    return false;
}

static cv_status on_candidate(void *arg, const struct cv_place_in *at, struct cv_err *err)
{
    struct cv_alike *a = arg;
    char id[CV_ID_TEXT_BYTES];
    (void)err;
    cv_id_text(at->id, id);
    /* Of two new ones that are alike it is said of the later. */
    if (cv_json_get(a->order, id) != NULL && cv_json_get_int(a->order, id) >= a->now - a->list)
        return CV_OK;
    return cv_ranking_add(&a->ranking, at->id, at->entry, a->points, a->counts);
}

/* rank(a, x, m): who shares this mark. What the index gives for it is about what comparing would; a name or a
 * birth date makes nobody a candidate, but a likelier one. */
static cv_status rank(struct cv_alike *a, struct cv_index *x, const struct cv_mark *m, struct cv_err *err)
{
    static const struct {
        const char *kind;
        int points;
        bool counts;
    } kinds[] = { { "document", 60, true }, { "phone", 40, true }, { "account", 40, true },
                  { "sound", 30, true },    { "name", 10, false }, { "birth", 30, false } };
    cv_status st = CV_OK;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && st == CV_OK; i++) {
        a->points = kinds[i].points;
        a->counts = kinds[i].counts;
        if (strcmp(kinds[i].kind, m->kind) == 0)
            st = cv_index_mark(x, m->kind, m->value, on_candidate, a, err);
    }
    return st;
}

/* take_likeliest(a, q): they are going to be compared. */
static cv_status take_likeliest(struct cv_alike *a, struct asked *q)
{
    const size_t left = cv_ranking_best(&a->ranking, CV_ALIKE_COMPARED);
    cv_status st = CV_OK;
    a->left += left;
    a->left_of += left > 0 ? 1 : 0;
    for (size_t i = 0; i < a->ranking.count && st == CV_OK; i++) {
        char id[CV_ID_TEXT_BYTES];
        cv_id_text(a->ranking.r[i].id, id);
        st = cv_json_set(q->candidates, id, cv_json_null());
        st = CV_THEN(st, cv_json_set(a->which, id, cv_json_ref(q->sections)));
    }
    return st;
}

/* gather(a, x, q): those who share a mark that few have; a name alone is held against them later. */
static cv_status gather(struct cv_alike *a, struct cv_index *x, struct asked *q, struct cv_err *err)
{
    const char *section;
    cv_status st = CV_OK;
    a->now = q;
    q->candidates = cv_json_object();
    q->sections = cv_json_array();
    if (q->candidates == NULL || q->sections == NULL)
        return CV_ERR_NOMEM;
    for (size_t i = 0;
         st == CV_OK && (section = cv_template_type_section(a->v->template, q->type, i)) != NULL; i++)
        if (comparable(a->v->template, q->type, section))
            st = cv_json_push(q->sections, cv_json_str(section));
    a->ranking.count = 0;
    for (size_t i = 0; i < q->marks.count && st == CV_OK; i++)
        st = rank(a, x, &q->marks.m[i], err);
    return CV_THEN(st, take_likeliest(a, q));
}

/* terms_of(a, out): for the log: what is looked for, which need not be stored afterwards. */
static cv_status terms_of(const struct cv_alike *a, struct cv_buf *out)
{
    cv_status st = CV_OK;
    for (size_t i = 0; i < a->count && st == CV_OK; i++)
        for (size_t k = 0; k < a->list[i].marks.count && st == CV_OK; k++) {
            const struct cv_mark *m = &a->list[i].marks.m[k];
            if (!compares(m->kind) || strcmp(m->kind, "sound") == 0)
                continue;
            if (out->n > TERMS_MAX)
                return cv_buf_append(out, CV_LIT("; ...\0"));
            st = cv_buf_printf(out, "%s%s", out->n > 0 ? "; " : "", m->text);
        }
    return CV_THEN(st, cv_buf_append(out, CV_LIT("\0")));
}

/* number(a): who is asked for, and stored already. */
static cv_status number(struct cv_alike *a)
{
    cv_status st = (a->order = cv_json_object()) != NULL ? CV_OK : CV_ERR_NOMEM;
    for (size_t i = 0; i < a->count && st == CV_OK; i++)
        if (a->list[i].self[0] != '\0')
            st = cv_json_set(a->order, a->list[i].self, cv_json_int((int64_t)i));
    return st;
}

/* look(a): who it could be, by the index; then what these say, in one event. */
static cv_status look(struct cv_alike *a, struct cv_err *err)
{
    struct cv_index *x = NULL;
    struct cv_buf terms = { 0 };
    cv_status st = cv_index_open(a->v, a->reason, false, &x, err);
    a->which = cv_json_object();
    if (st == CV_OK && a->which == NULL)
        st = CV_ERR_NOMEM;
    a->unread = st == CV_OK ? cv_index_unread(x) : 0;
    st = CV_THEN(st, number(a));
    for (size_t i = 0; i < a->count && st == CV_OK; i++)
        st = gather(a, x, &a->list[i], err);
    st = CV_THEN(st, terms_of(a, &terms));
    const struct cv_marked_ask ask = {
        .which = a->which, .terms = (const char *)terms.p, .why = WHY, .reason = a->reason
    };
    st = CV_THEN(st, cv_marked_open(a->v, &ask, &a->all, err));
    cv_buf_free(&terms);
    cv_index_free(x);
    cv_json_free(a->which);
    cv_json_free(a->order);
    a->which = a->order = NULL;
    return st;
}

/* ---- how alike are they? ---- */

/* add_why(l, what, text): one more reason. */
static cv_status add_why(struct likeness *l, const char *what, const char *text)
{
    struct cv_buf line = { 0 };
    cv_status st = cv_buf_printf(&line, "%s%s%s", what, text[0] != '\0' ? ": " : "", text);
    st = CV_THEN(st, cv_json_push(l->why, cv_json_strn(cv_buf_view(&line))));
    cv_buf_free(&line);
    return st;
}

/* on_number: a document, telephone or account of the candidate. */
static cv_status on_number(struct cv_alike *a, const struct cv_marked *m)
{
    static const struct {
        const char *kind, *why;
        int points;
    } kinds[] = { { "document", N_("the same document"), 60 },
                  { "phone", N_("the same telephone"), 40 },
                  { "account", N_("the same account or e-mail"), 40 } };
    struct likeness *l = a->with;
    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
        for (size_t i = 0; strcmp(kinds[k].kind, m->kind) == 0 && i < a->now->marks.count; i++) {
            const struct cv_mark *mine = &a->now->marks.m[i];
            if (strcmp(mine->kind, m->kind) != 0 || strcmp(mine->value, m->value) != 0)
                continue;
            l->points += kinds[k].points;
            return add_why(l, _(kinds[k].why), m->text);
        }
    return CV_OK;
}

static cv_status set(struct cv_buf *b, const char *text)
{
    cv_buf_truncate(b, 0);
    cv_status st = cv_buf_str(b, text);
    return CV_THEN(st, cv_buf_append(b, CV_LIT("\0")));
}

/* on_candidate_mark: what it says, held against what the new record says; of several names the nearest. */
static cv_status on_candidate_mark(void *arg, const struct cv_marked *m, struct cv_err *err)
{
    struct cv_alike *a = arg;
    struct likeness *l = a->with;
    const bool name = strcmp(m->kind, "name") == 0, birth = strcmp(m->kind, "birth") == 0;
    cv_status st = CV_OK;
    (void)err;
    if (strcmp(m->type, a->now->type) != 0)
        return CV_OK;
    if (!name && !birth)
        return on_number(a, m);
    if (name && l->name_text.n == 0)
        st = set(&l->name_text, m->text);
    for (size_t i = 0; i < a->now->marks.count && st == CV_OK; i++) {
        const struct cv_mark *mine = &a->now->marks.m[i];
        const char *why = NULL;
        if (strcmp(mine->kind, m->kind) != 0)
            continue;
        const int points =
            name ? cv_alike_names(mine->value, m->value, &why) : cv_alike_births(mine->value, m->value, &why);
        if (name && points > l->name_points) {
            l->name_points = points;
            l->name_why = why;
            st = set(&l->name, m->text);
        } else if (birth) {
            l->birth_points = points;
            l->birth_why = why;
            st = set(&l->birth, m->text);
        }
    }
    return st;
}

/* tell(q, id, l): it is one of those that are told. */
static cv_status tell(struct asked *q, const char *id, struct likeness *l)
{
    struct cv_json *o = cv_json_object();
    cv_status st = CV_OK;
    if (l->name_why != NULL)
        st = add_why(l, l->name_why, (const char *)l->name.p);
    if (l->birth_why != NULL)
        st = CV_THEN(st, add_why(l, l->birth_why, (const char *)l->birth.p));
    st = CV_THEN(st, cv_json_set(o, "record", cv_json_str(id)));
    if (l->name_text.n > 0)
        st = CV_THEN(st, cv_json_set(o, "name", cv_json_str((const char *)l->name_text.p)));
    st = CV_THEN(st, cv_json_set(o, "points", cv_json_int(l->points)));
    st = CV_THEN(st, cv_json_set(o, "likely", cv_json_bool(l->points >= CV_ALIKE_LIKELY)));
    st = CV_THEN(st, cv_json_set(o, "why", cv_json_ref(l->why)));
    if (st == CV_OK)
        return cv_json_push(q->similar, o);
    cv_json_free(o);
    return st;
}

static cv_status compare(struct cv_alike *a, const char *id, struct cv_err *err)
{
    struct likeness l = { .why = cv_json_array() };
    a->with = &l;
    cv_status st = l.why == NULL ? CV_ERR_NOMEM : cv_marked_of(a->all, id, on_candidate_mark, a, err);
    l.points += l.name_points + l.birth_points;
    if (st == CV_OK && l.points >= CV_ALIKE_TOLD)
        st = tell(a->now, id, &l);
    a->with = NULL;
    cv_json_free(l.why);
    cv_buf_free(&l.name);
    cv_buf_free(&l.name_text);
    cv_buf_free(&l.birth);
    return st;
}

static int by_points(const void *a, const void *b)
{
    const struct cv_json *x = *(const struct cv_json *const *)a, *y = *(const struct cv_json *const *)b;
    const int64_t left = cv_json_get_int(x, "points"), right = cv_json_get_int(y, "points");
    return left != right ? (left < right) - (left > right)
                         : strcmp(cv_json_get_str(x, "record"), cv_json_get_str(y, "record"));
}

/* keep_likeliest(q): in order, and no more than can be read at night. */
static cv_status keep_likeliest(struct asked *q)
{
    const size_t n = cv_json_len(q->similar);
    struct cv_json **list = calloc(n + 1, sizeof(struct cv_json *)), *out = cv_json_array();
    cv_status st = list == NULL || out == NULL ? CV_ERR_NOMEM : CV_OK;
    for (size_t i = 0; st == CV_OK && i < n; i++)
        list[i] = cv_json_at(q->similar, i);
    if (st == CV_OK)
        qsort(list, n, sizeof(struct cv_json *), by_points);
    for (size_t i = 0; st == CV_OK && i < n && i < CV_ALIKE_MOST; i++)
        st = cv_json_push(out, cv_json_ref(list[i]));
    free(list);
    cv_json_free(q->similar);
    q->similar = out;
    return st;
}

static cv_status judge(struct cv_alike *a, struct asked *q, struct cv_err *err)
{
    cv_status st = CV_OK;
    a->now = q;
    q->similar = cv_json_array();
    if (q->similar == NULL)
        return CV_ERR_NOMEM;
    for (void *it = cv_json_first(q->candidates); it != NULL && st == CV_OK;
         it = cv_json_next(q->candidates, it))
        st = compare(a, cv_json_iter_name(it), err);
    return CV_THEN(st, keep_likeliest(q));
}

cv_status cv_alike_find(struct cv_alike *a, cv_alike_fn fn, void *arg, struct cv_err *err)
{
    size_t marks = 0;
    for (size_t i = 0; i < a->count; i++)
        marks += a->list[i].marks.count;
    cv_status st = marks > 0 ? look(a, err) : CV_OK;
    for (size_t i = 0; marks > 0 && i < a->count && st == CV_OK; i++)
        st = judge(a, &a->list[i], err);
    for (size_t i = 0; i < a->count && st == CV_OK; i++)
        if (cv_json_len(a->list[i].similar) > 0)
            st = fn(arg, a->list[i].tag, a->list[i].similar);
    cv_alike_forget(a, 0);
    cv_marked_close(a->all);
    a->all = NULL;
    return cv_err_note(err, st, "known already");
}
