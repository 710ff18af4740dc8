#include "vault/coded.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/cobblestone.h"
#include "vault/glance.h"
#include "vault/heads.h"

#define LABEL "coded"
#define CONTEXT "casevault/1/coded"
#define KEPT_MAX ((size_t)1 << 28)
#define VALUE_MAX CV_RECORD_MAX_BYTES
#define ROW_BYTES (CV_PSEUDONYM_BYTES + CV_NAME_BYTES + 40)

size_t cv_coded_told = 1000;
uint64_t cv_coded_lot = 4096;

/* What was opened before: of an entry, its coded fields. */
struct kept {
    uint64_t index;
    struct cv_bytes text;
};

struct coding {
    struct cv_vault *v;
    const struct cv_coded_ask *ask;
    struct cv_json *sections; /* for events */
    uint64_t lot;             /* the entries that are looked at now */
    struct cv_buf old, now;   /* their data as it is kept: before, and from now on */
    struct kept *kept;        /* of old, by index */
    size_t count, room;
    size_t done, all; /* versions so far, and in all */
    size_t opened;    /* of them, that were not kept */
};

/* row_of(c, out): where a lot is kept: of this member and this type. */
static void row_of(const struct coding *c, char out[static ROW_BYTES])
{
    (void)snprintf(out, ROW_BYTES, "%s/" LABEL "/%s/%" PRIu64, c->v->id->public.pseudonym, c->ask->type,
                   c->lot);
}

static cv_status context_of(const struct coding *c, struct cv_buf *out)
{
    cv_status st = cv_buf_str(out, CONTEXT);
    st = CV_THEN(st, cv_buf_field(out, cv_bytes_str(c->ask->type)));
    st = CV_THEN(st, cv_buf_field(out, cv_bytes_str(c->ask->section)));
    return CV_THEN(st, cv_buf_u64(out, c->lot));
}

/* ---- what is kept: u64 index, u32 length, JSON; by index ---- */

static cv_status put(struct coding *c, uint64_t index, struct cv_bytes text)
{
    cv_status st = cv_buf_u64(&c->now, index);
    st = CV_THEN(st, cv_buf_u32(&c->now, (uint32_t)text.n));
    return CV_THEN(st, cv_buf_append(&c->now, text));
}

static cv_status read_kept(struct coding *c)
{
    struct cv_cursor at = { .rest = cv_buf_view(&c->old) };
    while (at.rest.n > 0 && !at.bad) {
        if (c->count == c->room) {
            const size_t room = c->room == 0 ? 256 : 2 * c->room;
            struct kept *more = realloc(c->kept, room * sizeof(*more));
            if (more == NULL)
                return CV_ERR_NOMEM;
            c->kept = more;
            c->room = room;
        }
        struct kept *k = &c->kept[c->count];
        k->index = cv_cursor_u64(&at);
        k->text = cv_cursor_take(&at, cv_cursor_u32(&at));
        c->count += !at.bad;
    }
    return at.bad ? CV_ERR_FORMAT : CV_OK;
}

static int by_index(const void *a, const void *b)
{
    const struct kept *x = a, *y = b;
    return (x->index > y->index) - (x->index < y->index);
}

/* recall(c): what can be opened of what was kept of a lot; without it all is opened again. */
static void recall(struct coding *c)
{
    c->count = 0;
    cv_buf_truncate(&c->old, 0);
    cv_buf_truncate(&c->now, 0);
    char row[ROW_BYTES];
    struct cv_secret key = { 0 };
    struct cv_buf sealed = { .max = KEPT_MAX }, context = { 0 };
    row_of(c, row);
    cv_status st = cv_catalog_ring(cv_custody_catalog(c->v->custody), row, 0, 0, &sealed, NULL);
    st = CV_THEN(st, cv_heads_key(c->v, LABEL, &key));
    st = CV_THEN(st, context_of(c, &context));
    st = CV_THEN(
        st, cv_cobblestone_open(cv_secret_view(&key), cv_buf_view(&context), cv_buf_view(&sealed), &c->old));
    if (CV_THEN(st, read_kept(c)) != CV_OK)
        c->count = 0;
    if (c->count > 0)
        qsort(c->kept, c->count, sizeof(*c->kept), by_index);
    cv_secret_free(&key);
    cv_buf_free(&sealed);
    cv_buf_free(&context);
}

static void keep(struct coding *c)
{
    char row[ROW_BYTES];
    struct cv_secret key = { 0 };
    struct cv_buf sealed = { .max = KEPT_MAX }, context = { 0 };
    row_of(c, row);
    cv_status st = cv_heads_key(c->v, LABEL, &key);
    st = CV_THEN(st, context_of(c, &context));
    st = CV_THEN(
        st, cv_cobblestone_seal(cv_secret_view(&key), cv_buf_view(&context), cv_buf_view(&c->now), &sealed));
    st = CV_THEN(
        st, cv_catalog_set_ring(cv_custody_catalog(c->v->custody), row, 0, 0, cv_buf_view(&sealed), NULL));
    (void)st; /* without it, the next count opens them again */
    cv_secret_free(&key);
    cv_buf_free(&sealed);
    cv_buf_free(&context);
}

/* ---- counting ---- */

static cv_status take_kept(struct coding *c, const struct kept *k)
{
    struct cv_json *data = NULL;
    cv_status st = cv_json_parse(k->text, VALUE_MAX, "coded fields", &data, NULL);
    st = CV_THEN(st, c->ask->take(c->ask->arg, data));
    st = CV_THEN(st, put(c, k->index, k->text));
    cv_json_free(data);
    return st;
}

static const char *section_of(void *arg, const struct cv_version *of)
{
    const struct coding *c = arg;
    (void)of;
    return c->ask->section;
}

static void tell(const struct coding *c)
{
    if (c->v->progress != NULL && c->all >= cv_coded_told)
        c->v->progress(c->v->progress_arg, "Reading coded fields, records", c->done, c->all);
}

static cv_status take_new(void *arg, const struct cv_version *of, const struct cv_json *data)
{
    struct coding *c = arg;
    struct cv_buf text = { 0 };
    cv_status st = c->ask->take(c->ask->arg, data);
    st = CV_THEN(st, cv_json_write(data, &text));
    st = CV_THEN(st, put(c, of->index, cv_buf_view(&text)));
    cv_buf_free(&text);
    c->done++;
    if (++c->opened % cv_coded_told == 0)
        tell(c);
    return st;
}

/* look_at(c, fresh): those that were not opened before, with an event of their own. */
static cv_status look_at(struct coding *c, const struct cv_head_walk *fresh, struct cv_err *err)
{
    char detail[64];
    const size_t before = c->done;
    (void)snprintf(detail, sizeof(detail), "coded fields of %zu new versions", fresh->count);
    const struct cv_glance g = { .section = section_of, .take = take_new, .arg = c };
    const struct cv_event event = {
        .action = "list", .sections = c->sections, .detail = detail, .reason = c->ask->reason
    };
    const cv_status st = cv_glance_walk_under(c->v, &g, &event, fresh, err);
    c->done = before + fresh->count; /* also those that could not be read */
    return st;
}

/* count_lot(c, walk, from, to, fresh): steps of one lot: of each version what was kept, or else what is in
 * the archive; ${fresh} has room for them. */
static cv_status count_lot(struct coding *c, const struct cv_head_walk *walk, size_t from, size_t to,
                           struct cv_head_walk *fresh, struct cv_err *err)
{
    cv_status st = CV_OK;
    fresh->count = 0;
    recall(c);
    for (size_t i = from; i < to && st == CV_OK; i++) {
        const struct kept want = { .index = walk->step[i].index };
        const struct kept *k =
            c->count > 0 ? bsearch(&want, c->kept, c->count, sizeof(want), by_index) : NULL;
        if (k != NULL) {
            st = take_kept(c, k);
            c->done++;
        } else
            fresh->step[fresh->count++] = walk->step[i];
    }
    if (st == CV_OK && fresh->count > 0)
        st = look_at(c, fresh, err);
    if (st == CV_OK && (fresh->count > 0 || to - from < c->count))
        keep(c);
    return st;
}

static cv_status count_all(struct coding *c, const struct cv_head_walk *walk, struct cv_err *err)
{
    struct cv_head_walk fresh = { 0 };
    cv_status st = CV_OK;
    for (size_t from = 0, to = 0; from < walk->count && st == CV_OK; from = to) {
        c->lot = walk->step[from].index / cv_coded_lot;
        while (to < walk->count && walk->step[to].index / cv_coded_lot == c->lot)
            to++;
        struct cv_step *room = realloc(fresh.step, (to - from) * sizeof(*room));
        fresh.step = room != NULL ? room : fresh.step;
        st = room == NULL ? CV_ERR_NOMEM : count_lot(c, walk, from, to, &fresh, err);
    }
    if (st == CV_OK && c->opened > 0)
        tell(c);
    cv_head_walk_free(&fresh);
    return st;
}

cv_status cv_coded_each(struct cv_vault *v, const struct cv_coded_ask *ask, const struct cv_head_walk *walk,
                        struct cv_err *err)
{
    struct coding c = {
        .v = v, .ask = ask, .old = { .max = KEPT_MAX }, .now = { .max = KEPT_MAX }, .all = walk->count
    };
    struct cv_json *sections = c.sections = cv_json_array();
    cv_status st = sections == NULL ? CV_ERR_NOMEM : cv_json_push(sections, cv_json_str(ask->section));
    if (st == CV_OK && cv_vault_policy(v)->reason_required && ask->reason == NULL)
        st = cv_fail(err, CV_ERR_ARG, "this vault asks why: add --reason TEXT");
    const struct cv_event event = {
        .action = "stats", .sections = sections, .detail = ask->detail, .reason = ask->reason
    };
    st = CV_THEN(st, cv_event_log(v, &event, err));
    st = CV_THEN(st, count_all(&c, walk, err));
    free(c.kept);
    cv_buf_free(&c.old);
    cv_buf_free(&c.now);
    cv_json_free(sections);
    return cv_err_note(err, st, "coded fields");
}
