#include <stdlib.h>
#include <string.h>

#include "vault/heads.h"
#include "vault/index_inside.h"

/* ---- which entries still stand ---- */

static int by_id(const void *a, const void *b)
{
    const struct cv_late *x = a, *y = b;
    const int c = memcmp(x->id, y->id, sizeof(x->id));
    return c != 0 ? c : (x->version < y->version) - (x->version > y->version);
}

static int with_id(const void *key, const void *row)
{
    return memcmp(key, ((const struct cv_late *)row)->id, CV_ID_BYTES);
}

static cv_status add_late(struct cv_index_section *s, sqlite3_stmt *q)
{
    if ((s->late_count & (s->late_count - 1)) == 0) {
        struct cv_late *more = realloc(s->late, (s->late_count > 0 ? 2 * s->late_count : 1) * sizeof(*more));
        if (more == NULL)
            return CV_ERR_NOMEM;
        s->late = more;
    }
    if (sqlite3_column_bytes(q, 0) != CV_ID_BYTES)
        return CV_ERR_FORMAT;
    struct cv_late *late = &s->late[s->late_count++];
    memcpy(late->id, sqlite3_column_blob(q, 0), CV_ID_BYTES);
    late->version = (uint64_t)sqlite3_column_int64(q, 1);
    return CV_OK;
}

/* load_late(s): of every record the last version that wrote this section, where that is not the first. */
static cv_status load_late(struct cv_index_section *s)
{
    cv_status st = CV_OK;
    size_t kept = 0;
    s->late_count = 0;
    for (size_t i = 0; i < s->count && st == CV_OK; i++) {
        sqlite3_stmt *q = NULL;
        st = cv_shard_query(s->shards[i], CV_SHARD_LATE, &q);
        while (st == CV_OK && (st = cv_shard_step(s->shards[i], CV_SHARD_LATE)) == CV_OK)
            st = add_late(s, q);
        st = st == CV_ERR_NOTFOUND ? CV_OK : st;
        cv_shard_rest(s->shards[i]);
    }
    if (st != CV_OK)
        return st;
    if (s->late_count > 0)
        qsort(s->late, s->late_count, sizeof(*s->late), by_id);
    for (size_t i = 0; i < s->late_count; i++)
        if (kept == 0 || memcmp(s->late[kept - 1].id, s->late[i].id, CV_ID_BYTES) != 0)
            s->late[kept++] = s->late[i];
    s->late_count = kept;
    s->late_known = true;
    return CV_OK;
}

cv_status cv_index_rec(const struct cv_index *x, struct cv_index_section *s, struct cv_shard *shard,
                       int64_t ord, struct cv_place_in *out)
{
    sqlite3_stmt *q = NULL;
    cv_status st = s->late_known ? CV_OK : load_late(s);
    st = CV_THEN(st, cv_shard_query(shard, CV_SHARD_REC, &q));
    if (st != CV_OK)
        return st;
    sqlite3_bind_int64(q, 1, ord);
    st = cv_shard_step(shard, CV_SHARD_REC);
    if (st != CV_OK)
        return st == CV_ERR_NOTFOUND ? CV_ERR_FORMAT : st;
    *out = (struct cv_place_in){ .entry = (uint64_t)sqlite3_column_int64(q, 0),
                                 .version = (uint64_t)sqlite3_column_int64(q, 1),
                                 .section = s->name };
    const int64_t type = sqlite3_column_int64(q, 3);
    out->type = type >= 0 ? cv_template_type(x->v->template, (size_t)type) : NULL;
    const bool whole = sqlite3_column_bytes(q, 2) == CV_ID_BYTES;
    if (whole)
        memcpy(out->id, sqlite3_column_blob(q, 2), CV_ID_BYTES);
    (void)sqlite3_reset(q);
    if (!whole)
        return CV_ERR_FORMAT;
    const struct cv_late *late =
        s->late_count > 0 ? bsearch(out->id, s->late, s->late_count, sizeof(*s->late), with_id) : NULL;
    return late != NULL && late->version > out->version ? CV_ERR_NOTFOUND : CV_OK;
}

/* ---- marks ---- */

struct looking {
    const struct cv_index *x;
    struct cv_index_section *s;
    struct cv_shard *shard;
    cv_place_fn place;
    cv_mark_fn mark;
    void *arg;
};

/* broken(x, l, st, err): a file that fails under way is damaged, and told so. */
static cv_status broken(struct cv_index *x, const struct looking *l, cv_status st, struct cv_err *err)
{
    if (st != CV_ERR_FORMAT)
        return cv_err_note(err, st, "index");
    st = cv_index_put_away(x);
    if (st != CV_OK)
        return cv_err_note(err, st, "index");
    return cv_fail(err, CV_ERR_IO, "the search index of %s was damaged; try again: it will be made anew",
                   l->s->name);
}

/* place_of(l, ord, no, out): CV_ERR_NOTFOUND if it stands no more. */
static cv_status place_of(struct looking *l, int64_t ord, int64_t no, struct cv_place_in *out)
{
    if (no < 0 || no >= l->shard->fields || l->shard->field[no] == NULL)
        return CV_ERR_FORMAT;
    cv_status st = cv_index_rec(l->x, l->s, l->shard, ord, out);
    out->field = l->shard->field[no];
    return st;
}

static cv_status look_mark(struct looking *l, const char *kind, const char *value, struct cv_err *err)
{
    uint8_t id[CV_ID_BYTES];
    sqlite3_stmt *q = NULL;
    cv_status st = cv_shard_query(l->shard, CV_SHARD_MARK, &q);
    if (st != CV_OK)
        return st;
    cv_shard_bind_mark(l->shard, q, kind, value, id);
    while ((st = cv_shard_step(l->shard, CV_SHARD_MARK)) == CV_OK) {
        struct cv_place_in at;
        st = place_of(l, sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1), &at);
        st = CV_THEN(st, l->place(l->arg, &at, err));
        if (st != CV_OK && st != CV_ERR_NOTFOUND)
            return st;
    }
    return st == CV_ERR_NOTFOUND ? CV_OK : st;
}

cv_status cv_index_mark(struct cv_index *x, const char *kind, const char *value, cv_place_fn fn, void *arg,
                        struct cv_err *err)
{
    const unsigned of = cv_marks_kind(kind);
    cv_status st = CV_OK;
    for (size_t i = 0; i < x->count && st == CV_OK; i++)
        for (size_t k = 0; (x->s[i].kinds & of) != 0 && k < x->s[i].count && st == CV_OK; k++) {
            struct looking l = { .x = x, .s = &x->s[i], .shard = x->s[i].shards[k], .place = fn, .arg = arg };
            st = broken(x, &l, look_mark(&l, kind, value, err), err);
            if (st == CV_OK)
                cv_shard_rest(l.shard);
        }
    return st;
}

/* tell_mark(l, q, at): the row's kind and value. */
static cv_status tell_mark(struct looking *l, sqlite3_stmt *q, const struct cv_place_in *at,
                           struct cv_err *err)
{
    const sqlite3_int64 kind = sqlite3_column_int64(q, 0);
    char text[CV_ID_TEXT_BYTES];
    if (kind < 0 || kind >= CV_SHARD_KINDS_MAX || l->shard->kind[kind] == NULL)
        return CV_ERR_FORMAT;
    const bool ref = sqlite3_column_type(q, 1) == SQLITE_BLOB;
    if (ref && sqlite3_column_bytes(q, 1) != CV_ID_BYTES)
        return CV_ERR_FORMAT;
    if (ref)
        cv_id_text(sqlite3_column_blob(q, 1), text);
    return l->mark(l->arg, l->shard->kind[kind], ref ? text : (const char *)sqlite3_column_text(q, 1), at,
                   err);
}

static cv_status look_record(struct looking *l, const uint8_t *id, struct cv_err *err)
{
    sqlite3_stmt *q = NULL;
    cv_status st = cv_shard_query(l->shard, CV_SHARD_MARKS_OF, &q);
    if (st != CV_OK)
        return st;
    sqlite3_bind_blob(q, 1, id, CV_ID_BYTES, SQLITE_STATIC);
    while ((st = cv_shard_step(l->shard, CV_SHARD_MARKS_OF)) == CV_OK) {
        struct cv_place_in at;
        st = place_of(l, sqlite3_column_int64(q, 2), sqlite3_column_int64(q, 3), &at);
        st = CV_THEN(st, tell_mark(l, q, &at, err));
        if (st != CV_OK && st != CV_ERR_NOTFOUND)
            return st;
    }
    return st == CV_ERR_NOTFOUND ? CV_OK : st;
}

cv_status cv_index_marks_of(struct cv_index *x, const uint8_t id[static CV_ID_BYTES], cv_mark_fn fn,
                            void *arg, struct cv_err *err)
{
    cv_status st = CV_OK;
    for (size_t i = 0; i < x->count && st == CV_OK; i++)
        for (size_t k = 0; k < x->s[i].count && st == CV_OK; k++) {
            struct looking l = { .x = x, .s = &x->s[i], .shard = x->s[i].shards[k], .mark = fn, .arg = arg };
            st = broken(x, &l, look_record(&l, id, err), err);
            if (st == CV_OK)
                cv_shard_rest(l.shard);
        }
    return st;
}

cv_status cv_index_stands(struct cv_index *x, const struct cv_place_in *at, bool *out, struct cv_err *err)
{
    char id[CV_ID_TEXT_BYTES];
    struct cv_versions list = { 0 };
    *out = false;
    cv_id_text(at->id, id);
    cv_status st = cv_heads_find(x->v, id, &list, err);
    if (st == CV_OK && list.count > 0) {
        const struct cv_version *last = &list.v[list.count - 1];
        const struct cv_json *carried = cv_json_get(last->carried, at->section);
        const uint64_t version = carried != NULL ? (uint64_t)cv_json_to_int(carried) : last->version;
        for (size_t i = 0; i < list.count; i++)
            *out = *out || (list.v[i].version == version && list.v[i].index == at->entry);
    }
    cv_versions_free(&list);
    return st;
}
