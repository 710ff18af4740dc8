#include <stdio.h>
#include <string.h>

#include "vault/index_inside.h"

/* What a section of a version says, into a shard: a row of words for each field, its names, its marks. */

#define BARRIER                                                                                              \
    " \xef\xbf\xbd " /* a word that nobody can look for: no phrase goes on from value to value               \
                      */

struct filling {
    struct cv_filler *f;
    struct cv_shard *shard;
    const struct cv_filling *what;
    int64_t ord;
};

/* add_text(f, field, text): its words. A date is one word, so that it can be looked for by its beginning, and
 * in spans. */
static cv_status add_text(struct cv_filler *f, const struct cv_template_field *field, struct cv_bytes text)
{
    cv_status st = f->words.n > 0 && text.n > 0 ? cv_buf_str(&f->words, BARRIER) : CV_OK;
    if (strcmp(field->type, "date") != 0 && strcmp(field->type, "datetime") != 0)
        return CV_THEN(st, cv_fold(f->folder, text, &f->words));
    for (size_t i = 0; i < text.n && i < CV_DATE_BYTES - 1 && st == CV_OK; i++)
        if (text.p[i] >= '0' && text.p[i] <= '9')
            st = cv_buf_append(&f->words, CV_BYTES(text.p + i, 1));
    return st;
}

static cv_status add_value(struct cv_filler *f, const struct cv_template_field *field,
                           const struct cv_json *v)
{
    char number[24];
    cv_status st = CV_OK;
    switch (v != NULL ? cv_json_type(v) : CV_JSON_NULL) {
    case CV_JSON_STRING:
        return add_text(f, field, cv_json_text(v));
    case CV_JSON_BOOL:
        return add_text(f, field, cv_bytes_str(cv_json_to_bool(v) ? "true" : "false"));
    case CV_JSON_INT:
        snprintf(number, sizeof(number), "%lld", (long long)cv_json_to_int(v));
        return add_text(f, field, cv_bytes_str(number));
    case CV_JSON_ARRAY:
        for (size_t i = 0; i < cv_json_len(v) && st == CV_OK; i++)
            st = add_value(f, field, cv_json_at(v, i));
        return st;
    default:
        return CV_OK;
    }
}

/* add_row(g, name): the words gathered are those of the field ${name}. */
static cv_status add_row(struct filling *g, const char *name)
{
    int64_t no = 0;
    sqlite3_stmt *q = NULL;
    struct cv_buf *words = &g->f->words;
    cv_status st = CV_OK;
    if (words->n > 0) {
        st = cv_shard_field(g->shard, name, &no);
        st = CV_THEN(st, cv_shard_query(g->shard, CV_SHARD_ADD_WORDS, &q));
        if (st == CV_OK) {
            sqlite3_bind_int64(q, 1, g->ord * g->shard->fields + no);
            sqlite3_bind_text(q, 2, (const char *)words->p, (int)words->n, SQLITE_STATIC);
            st = cv_shard_run(g->shard, CV_SHARD_ADD_WORDS);
        }
    }
    cv_buf_truncate(words, 0);
    return st;
}

/* inner(v, i, name): the member ${name} of the i-th object of a field, which may be one object or a list. */
static const struct cv_json *inner(const struct cv_json *v, size_t i, const char *name)
{
    return cv_json_get(cv_json_is(v, CV_JSON_ARRAY) ? cv_json_at(v, i) : i == 0 ? v : NULL, name);
}

static cv_status add_object(struct filling *g, const struct cv_template_field *field, const struct cv_json *v)
{
    const size_t count = cv_json_is(v, CV_JSON_ARRAY) ? cv_json_len(v) : 1;
    struct cv_template_field in;
    cv_status st = CV_OK;
    for (size_t k = 0; st == CV_OK && cv_template_inner(g->f->template, g->what->type, g->what->section,
                                                        field->name, k, &in);
         k++) {
        char name[2 * CV_NAME_BYTES];
        snprintf(name, sizeof(name), "%s.%s", field->name, in.name);
        for (size_t i = 0; i < count && st == CV_OK; i++)
            st = add_value(g->f, &in, inner(v, i, in.name));
        st = CV_THEN(st, add_row(g, name));
    }
    return st;
}

static cv_status add_fields(struct filling *g)
{
    const struct cv_filling *w = g->what;
    struct cv_template_field field;
    cv_status st = CV_OK;
    for (size_t i = 0; st == CV_OK && cv_template_field(g->f->template, w->type, w->section, i, &field);
         i++) {
        const struct cv_json *v = cv_json_get(w->data, field.name);
        if (v == NULL || strcmp(field.type, "ref") == 0 || strcmp(field.type, "sha256") == 0)
            continue; /* references are marks */
        if (strcmp(field.type, "object") == 0)
            st = add_object(g, &field, v);
        else {
            st = add_value(g->f, &field, v);
            st = CV_THEN(st, add_row(g, field.name));
        }
    }
    return st;
}

/* add_names(g, words): each of the folded words of a name. */
static cv_status add_names(struct filling *g, const char *words)
{
    sqlite3_stmt *q = NULL;
    cv_status st = CV_OK;
    while (*words != '\0' && st == CV_OK) {
        const size_t n = strcspn(words, " ");
        st = cv_shard_query(g->shard, CV_SHARD_ADD_NAME, &q);
        if (st == CV_OK) {
            sqlite3_bind_text(q, 1, words, (int)n, SQLITE_STATIC);
            st = cv_shard_run(g->shard, CV_SHARD_ADD_NAME);
        }
        words += n + (words[n] == ' ');
    }
    return st;
}

static cv_status add_mark(struct filling *g, const struct cv_mark *m)
{
    int64_t no = 0, kind = 0;
    uint8_t id[CV_SHARD_ID_BYTES];
    sqlite3_stmt *q = NULL;
    cv_status st = cv_shard_field(g->shard, m->field, &no);
    st = CV_THEN(st, cv_shard_kind(g->shard, m->kind, &kind));
    st = CV_THEN(st, cv_shard_query(g->shard, CV_SHARD_ADD_MARK, &q));
    if (st == CV_OK) {
        sqlite3_bind_int64(q, 1, kind);
        cv_shard_bind_value(q, 2, m->kind, m->value, id);
        sqlite3_bind_int64(q, 3, g->ord);
        sqlite3_bind_int64(q, 4, no);
        st = cv_shard_run(g->shard, CV_SHARD_ADD_MARK);
    }
    if (st == CV_OK && (strcmp(m->kind, "name") == 0 || strcmp(m->kind, "perpetrator") == 0))
        st = add_names(g, m->value);
    return st;
}

static cv_status add_marks(struct filling *g)
{
    const struct cv_filling *w = g->what;
    cv_status st = cv_marks_add(g->f->folder, g->f->template, w->type, w->section, w->data, &g->f->marks);
    for (size_t i = 0; i < g->f->marks.count && st == CV_OK; i++)
        st = add_mark(g, &g->f->marks.m[i]);
    cv_marks_free(&g->f->marks);
    return st;
}

/* add_late(g): a later version takes the place of what was indexed before, also where it says nothing. */
static cv_status add_late(struct filling *g)
{
    sqlite3_stmt *q = NULL;
    cv_status st = cv_shard_query(g->shard, CV_SHARD_ADD_LATE, &q);
    if (st != CV_OK)
        return st;
    sqlite3_bind_blob(q, 1, g->what->id, CV_SHARD_ID_BYTES, SQLITE_STATIC);
    sqlite3_bind_int64(q, 2, (int64_t)g->what->version);
    return cv_shard_run(g->shard, CV_SHARD_ADD_LATE);
}

/* type_number(t, type): its place in the template, to which a shard is bound; -1 if it is none of it. */
static int type_number(const struct cv_template *t, const char *type)
{
    const char *name;
    for (int i = 0; (name = cv_template_type(t, (size_t)i)) != NULL; i++)
        if (strcmp(name, type) == 0)
            return i;
    return -1;
}

static cv_status add_rec(struct filling *g)
{
    sqlite3_stmt *q = NULL;
    cv_status st = cv_shard_query(g->shard, CV_SHARD_ADD_REC, &q);
    if (st != CV_OK)
        return st;
    g->ord = (int64_t)g->shard->head.records++;
    sqlite3_bind_int64(q, 1, g->ord);
    sqlite3_bind_int64(q, 2, (int64_t)g->what->entry);
    sqlite3_bind_int64(q, 3, (int64_t)g->what->version);
    sqlite3_bind_int64(q, 4, type_number(g->f->template, g->what->type));
    sqlite3_bind_blob(q, 5, g->what->id, CV_SHARD_ID_BYTES, SQLITE_STATIC);
    return cv_shard_run(g->shard, CV_SHARD_ADD_REC);
}

cv_status cv_index_fill(struct cv_filler *f, struct cv_shard *shard, const struct cv_filling *what)
{
    struct filling g = { f, shard, what, 0 };
    cv_buf_truncate(&f->words, 0);
    cv_status st = what->version > 1 ? add_late(&g) : CV_OK;
    if (st != CV_OK || cv_json_len(what->data) == 0)
        return st;
    st = add_rec(&g);
    st = CV_THEN(st, add_fields(&g));
    return CV_THEN(st, add_marks(&g));
}
