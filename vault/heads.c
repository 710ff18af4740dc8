#include "vault/heads.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vault/grant.h"
#include "vault/head_own.h"

/* The heads to be opened. */
struct opened;
struct catching_up {
    struct cv_vault *v;
    struct cv_want *wants;
    uint64_t *indexes;
    size_t count, room;
    struct cv_head_rows *rows;
    struct opened *opened, **opened_last; /* those whose signature is being verified, in order */
    size_t opened_count;
    uint64_t *left; /* entries that could not be read before */
    size_t left_count;
};

/* granted(v, index): the head of this entry, with some section of it. */
static bool granted(const struct cv_vault *v, uint64_t index)
{
    const struct cv_granted *g = cv_granted(v, index, "");
    return g != NULL && !g->over;
}

/* note_entry(c, index, whole): does this member read its head? Then it is wanted. ${whole}: false where the
 * entry, or the one with its keys, is damaged: that spoils itself alone, and may be mended. */
static cv_status note_entry(struct catching_up *c, uint64_t index, bool *whole, struct cv_err *err)
{
    struct cv_buf data = { 0 };
    struct cv_envelope env;
    struct cv_err damaged = { 0 };
    cv_status st = cv_custody_read(c->v->custody, index, CV_KIND_RECORD, &data, &damaged);
    st = CV_THEN(st, cv_envelope_parse(cv_buf_view(&data), &env, &damaged));
    const struct cv_part *head = st == CV_OK ? cv_envelope_part(&env, "head") : NULL;
    cv_buf_free(&data);
    const bool mine = head != NULL && cv_vault_may_read(c->v, head->section);
    struct cv_bytes key;
    if (mine)
        st = cv_keyring_batch(c->v->keys, env.batch, head->section, &key, &damaged);
    *whole = st == CV_OK || st == CV_ERR_NOKEY;
    if (!*whole || (!mine && (head == NULL || !granted(c->v, index))))
        return st == CV_ERR_IO || st == CV_ERR_NOMEM ? cv_fail(err, st, "%s", damaged.msg) : CV_OK;
    if (c->count == c->room) {
        const size_t room = c->room == 0 ? 256 : 2 * c->room;
        struct cv_want *wants = realloc(c->wants, room * sizeof(*wants));
        if (wants == NULL)
            return cv_fail(err, CV_ERR_NOMEM, "head index: out of memory");
        c->wants = wants;
        uint64_t *indexes = realloc(c->indexes, room * sizeof(*indexes));
        if (indexes == NULL)
            return cv_fail(err, CV_ERR_NOMEM, "head index: out of memory");
        c->indexes = indexes;
        c->room = room;
    }
    c->indexes[c->count] = index;
    c->wants[c->count] = (struct cv_want){ .slot = env.slot, .part = "head" };
    memcpy(c->wants[c->count++].handle, env.handle, sizeof(env.handle));
    return CV_OK;
}

/* A head that was opened; its signature, which takes longest, is verified on another core. */
struct opened {
    struct opened *next;
    struct cv_task task;
    uint64_t index, batch;
    uint8_t handle[CV_HANDLE_BYTES];
    struct cv_json *head;
    struct cv_head_claim claim;
    cv_status st;
};
#define OPENED_MAX 64

static void verify(void *arg)
{
    struct opened *o = arg;
    o->st = cv_jws_verify(&o->claim.jws, o->claim.key, "record", NULL);
}

static void opened_free(struct opened *o)
{
    cv_json_free(o->head);
    cv_jws_free(&o->claim.jws);
    free(o);
}

/* keep_first(c): the first of those opened, into the index. One that lies costs itself, not the list. */
static cv_status keep_first(struct catching_up *c, bool wanted, struct cv_err *err)
{
    struct opened *o = c->opened;
    struct cv_err bad = { 0 };
    const struct cv_head_origin of = { o->index, o->batch, o->handle };
    c->opened = o->next;
    c->opened_count--;
    cv_beside_finish(c->v->custody->beside, &o->task);
    cv_status st = o->st;
    if (wanted)
        st = CV_THEN(st, cv_head_row_add(c->v, c->rows, &of, o->head, o->claim.jwt, o->claim.author, &bad));
    opened_free(o);
    return st == CV_ERR_IO || st == CV_ERR_NOMEM ? cv_fail(err, st, "%s", bad.msg) : CV_OK;
}

/* keep(c, most): until so many are left; in one transaction, which begins when custody has nothing of its own
 * to write there. */
static cv_status keep(struct catching_up *c, size_t most, struct cv_err *err)
{
    if (c->opened_count <= most)
        return CV_OK;
    struct cv_catalog *catalog = cv_custody_catalog(c->v->custody);
    cv_status st = cv_catalog_begin(catalog, err);
    while (c->opened_count > most) {
        const cv_status kept = keep_first(c, st == CV_OK, err);
        st = CV_THEN(st, kept);
    }
    st = CV_THEN(st, cv_catalog_commit(catalog, err));
    if (st != CV_OK)
        cv_catalog_rollback(catalog);
    return st;
}

static cv_status take_head(void *arg, size_t i, struct cv_bytes release, struct cv_err *err)
{
    struct catching_up *c = arg;
    struct cv_buf data = { 0 };
    struct cv_envelope env;
    struct cv_err bad = { 0 };
    if (release.n == 0)
        return CV_OK; /* erased */
    struct opened *o = calloc(1, sizeof(*o));
    if (o == NULL)
        return cv_fail(err, CV_ERR_NOMEM, "head index: out of memory");
    o->index = c->indexes[i];
    o->task = (struct cv_task){ .fn = verify, .arg = o };
    cv_status st = cv_custody_read(c->v->custody, o->index, CV_KIND_RECORD, &data, &bad);
    st = CV_THEN(st, cv_envelope_parse(cv_buf_view(&data), &env, &bad));
    st = CV_THEN(st, cv_head_open(c->v, o->index, &env, release, &o->head, &bad));
    st = CV_THEN(st, cv_head_claim(c->v, o->index, o->head, &o->claim, &bad));
    cv_buf_free(&data);
    if (st != CV_OK) {
        opened_free(o);
        return st == CV_ERR_IO || st == CV_ERR_NOMEM ? cv_fail(err, st, "%s", bad.msg) : CV_OK;
    }
    o->batch = env.batch;
    memcpy(o->handle, env.handle, sizeof(o->handle));
    *(c->opened == NULL ? &c->opened : c->opened_last) = o;
    c->opened_last = &o->next;
    c->opened_count++;
    cv_beside_give(&c->v->custody->beside, &o->task);
    return c->opened_count < OPENED_MAX ? CV_OK : keep(c, OPENED_MAX / 2, err);
}

/* Entries that could not be read stand in the index under this in place of a tag, with nothing. */
#define DAMAGED CV_LIT("damaged")

static cv_status add_left(void *arg, const struct cv_catalog_head *head, struct cv_err *err)
{
    struct catching_up *c = arg;
    uint64_t *more = realloc(c->left, (c->left_count + 1) * sizeof(*more));
    if (more == NULL)
        return cv_fail(err, CV_ERR_NOMEM, "head index: out of memory");
    c->left = more;
    more[c->left_count++] = head->index;
    return CV_OK;
}

/* try_again(c, me): what was damaged, and may have been mended; c->left is then what was. */
static cv_status try_again(struct catching_up *c, const char *me, struct cv_err *err)
{
    size_t mended = 0;
    cv_status st = cv_catalog_heads(c->v->custody->catalog, me, DAMAGED, add_left, c, err);
    for (size_t i = 0; i < c->left_count && st == CV_OK; i++) {
        bool whole = false;
        st = note_entry(c, c->left[i], &whole, err);
        if (whole)
            c->left[mended++] = c->left[i];
    }
    c->left_count = mended;
    return st;
}

/* So many heads are opened under one event; with more to come another follows. */
#define NEW_MAX 16384

/* note_new(c, me, next): the entries from ${next} on; as many as one event takes. */
static cv_status note_new(struct catching_up *c, const char *me, uint64_t *next, struct cv_err *err)
{
    struct cv_catalog *catalog = c->v->custody->catalog;
    uint64_t index = 0;
    bool whole = true;
    cv_status st;
    while ((st = c->count >= NEW_MAX
                     ? CV_ERR_NOTFOUND
                     : cv_catalog_next(catalog, CV_KIND_RECORD, *next, &index, err)) == CV_OK) {
        st = note_entry(c, index, &whole, err);
        if (st == CV_OK && !whole)
            st = cv_catalog_add_head(catalog, me, index, DAMAGED, CV_LIT(""), err);
        if (st != CV_OK)
            return st;
        *next = index + 1;
    }
    return st == CV_ERR_NOTFOUND ? CV_OK : st;
}

/* open_noted(c): those that were, under an event. */
static cv_status open_noted(struct catching_up *c, struct cv_err *err)
{
    char detail[64];
    if (c->count == 0)
        return CV_OK;
    snprintf(detail, sizeof(detail), "ids and types of %zu new versions", c->count);
    const struct cv_event event = { .action = "list", .detail = detail };
    cv_status st = cv_release(c->v, &event, c->wants, c->count, take_head, c, err);
    const cv_status kept = keep(c, 0, err);
    c->count = 0;
    return CV_THEN(st, kept);
}

/* list_new(v): into the index, what was written since it was last brought up to date. */
static cv_status list_new(struct cv_vault *v, struct cv_err *err)
{
    struct catching_up c = { .v = v };
    const char *me = NULL;
    const unsigned made = cv_catalog_made(v->custody->catalog);
    const uint64_t records = v->custody->counts[CV_KIND_RECORD];
    uint64_t listed = 0, next = 0;
    cv_status st = cv_head_rows(v, &c.rows, err);
    if (st != CV_OK)
        return st;
    me = c.rows->reader;
    st = cv_catalog_forget_heads(cv_custody_catalog(v->custody), v->id->public.pseudonym, me, err);
    st = CV_THEN(st, cv_catalog_listed(cv_custody_catalog(v->custody), me, &listed, err));
    next = listed;
    st = CV_THEN(st, try_again(&c, me, err));
    for (bool more = true; more && st == CV_OK;) {
        st = note_new(&c, me, &next, err);
        more = c.count >= NEW_MAX;
        st = CV_THEN(st, open_noted(&c, err));
    }
    for (size_t i = 0; i < c.left_count && st == CV_OK; i++)
        st = cv_catalog_drop_head(v->custody->catalog, me, c.left[i], DAMAGED, err);
    /* A catalog that was made anew on the way lacks what was listed before. */
    if (st == CV_OK && made == cv_catalog_made(v->custody->catalog)) {
        if (next > listed)
            st = cv_catalog_set_listed(v->custody->catalog, me, next, err);
        v->listed = records;
        v->listed_to = next;
        memcpy(v->listed_as, me, sizeof(v->listed_as));
        v->listed_in = made;
    }
    free(c.wants);
    free(c.indexes);
    free(c.left);
    return st;
}

/* up_to_date(v, out): does the index cover every record entry, for the reader this member is now? */
static cv_status up_to_date(struct cv_vault *v, bool *out, struct cv_err *err)
{
    const uint64_t records = v->custody->counts[CV_KIND_RECORD];
    struct cv_head_rows *rows = NULL;
    cv_status st = cv_grants_load(v, err);
    st = CV_THEN(st, cv_head_rows(v, &rows, err));
    *out = st == CV_OK && records > 0 && v->listed == records && cv_head_rows_as_left(v, rows);
    return st;
}

cv_status cv_heads_catch_up(struct cv_vault *v, struct cv_err *err)
{
    bool current = false;
    cv_head_own_put(v);
    const unsigned made = cv_catalog_made(v->custody->catalog);
    cv_status st = up_to_date(v, &current, err);
    if (st != CV_OK || current)
        return cv_err_note(err, st, "head index");
    st = list_new(v, err);
    if (made != cv_catalog_made(v->custody->catalog))
        st = CV_THEN(st, list_new(v, err));
    return cv_err_note(err, st, "head index");
}

struct finding {
    struct cv_versions *out;
    const struct cv_head_rows *rows;
};

static cv_status take_row(void *arg, const struct cv_catalog_head *head, struct cv_err *err)
{
    struct finding *f = arg;
    return cv_versions_add(f->out, f->rows, head->index, head->sealed, err);
}

/* find_rows(v, id, out): what the index holds of a record. */
static cv_status find_rows(struct cv_vault *v, const char *id, struct cv_versions *out, struct cv_err *err)
{
    struct finding f = { .out = out };
    struct cv_head_rows *rows = NULL;
    uint8_t tag[CV_HEAD_TAG_BYTES];
    memset(out, 0, sizeof(*out));
    cv_status st = cv_head_rows(v, &rows, err);
    f.rows = rows;
    st = CV_THEN(st, cv_head_tag(rows, id, tag));
    st = CV_THEN(st, cv_catalog_heads(v->custody->catalog, rows->reader, CV_ARR(tag), take_row, &f, err));
    st = CV_THEN(st, cv_versions_settle(out));
    if (st != CV_OK)
        cv_versions_free(out);
    return st;
}

cv_status cv_heads_find(struct cv_vault *v, const char *id, struct cv_versions *out, struct cv_err *err)
{
    const unsigned made = cv_catalog_made(v->custody->catalog);
    cv_status st = find_rows(v, id, out, err);
    if (st != CV_OK || made == cv_catalog_made(v->custody->catalog))
        return st;
    cv_versions_free(out);
    st = cv_heads_catch_up(v, err);
    return CV_THEN(st, find_rows(v, id, out, err));
}
