#include "vault/head_walk.h"

#include <stdlib.h>
#include <string.h>

#include "vault/head_rows.h"

/* ---- where the versions stand: the index has those of a record next to each other ---- */

struct walking {
    const struct cv_head_rows *rows;
    const char *type;
    enum which { ALL, FIRST, LATEST } which;
    uint64_t until; /* entries from here on are not in it */
    struct cv_head_walk *out;
    /* the record that is being passed */
    uint8_t tag[CV_HEAD_TAG_BYTES];
    uint64_t first;       /* its first entry, */
    struct cv_buf sealed; /* which is opened only if that tells anything; empty once it is */
    struct cv_versions versions;
};

/* add_step(walk, index, tag): twice as much room each time. */
static cv_status add_step(struct cv_head_walk *walk, uint64_t index, const uint8_t *tag)
{
    if ((walk->count & (walk->count - 1)) == 0) {
        struct cv_step *more = realloc(walk->step, (walk->count == 0 ? 1 : 2 * walk->count) * sizeof(*more));
        if (more == NULL)
            return CV_ERR_NOMEM;
        walk->step = more;
    }
    if (index >> 40 != 0)
        return CV_ERR_LIMIT;
    walk->step[walk->count++] =
        (struct cv_step){ .index = index & 0xffffffffffU,
                          .tag = ((uint32_t)tag[0] << 16 | (uint32_t)tag[1] << 8 | tag[2]) & 0xffffffU };
    return CV_OK;
}

static cv_status add_lost(struct cv_head_walk *walk, const struct cv_versions *list)
{
    if (list->lost_count == 0)
        return CV_OK;
    struct cv_lost *more = realloc(walk->lost, (walk->lost_count + list->lost_count) * sizeof(*more));
    if (more == NULL)
        return CV_ERR_NOMEM;
    walk->lost = more;
    memcpy(more + walk->lost_count, list->lost, list->lost_count * sizeof(*more));
    walk->lost_count += list->lost_count;
    return CV_OK;
}

/* settle(w): the versions of the record that was passed are all there. */
static cv_status settle(struct walking *w)
{
    struct cv_versions *list = &w->versions;
    cv_status st = w->sealed.n > 0 ? add_step(w->out, w->first, w->tag) : CV_OK; /* the only one */
    st = CV_THEN(st, cv_versions_settle(list));
    st = CV_THEN(st, add_lost(w->out, list));
    if (list->count > 0 && (w->type == NULL || strcmp(list->v[0].type, w->type) == 0))
        for (size_t i = w->which == LATEST ? list->count - 1 : 0;
             i < (w->which == FIRST ? 1 : list->count) && st == CV_OK; i++)
            st = add_step(w->out, list->v[i].index, w->tag);
    cv_buf_truncate(&w->sealed, 0);
    cv_versions_free(list);
    return st;
}

/* open_first(w): it is not the only one. */
static cv_status open_first(struct walking *w, struct cv_err *err)
{
    cv_status st = w->sealed.n == 0
                       ? CV_OK
                       : cv_versions_add(&w->versions, w->rows, w->first, cv_buf_view(&w->sealed), err);
    cv_buf_truncate(&w->sealed, 0);
    return st;
}

static cv_status pass(void *arg, const struct cv_catalog_head *head, struct cv_err *err)
{
    struct walking *w = arg;
    cv_status st = CV_OK;
    if (head->tag.n != sizeof(w->tag) || head->index >= w->until)
        return CV_OK; /* one that was damaged, or one that came since */
    if (memcmp(w->tag, head->tag.p, sizeof(w->tag)) != 0) {
        st = settle(w);
        memcpy(w->tag, head->tag.p, sizeof(w->tag));
        if (w->type == NULL) {
            w->first = head->index;
            return CV_THEN(st, cv_buf_append(&w->sealed, head->sealed));
        }
    }
    st = CV_THEN(st, open_first(w, err));
    return CV_THEN(st, cv_versions_add(&w->versions, w->rows, head->index, head->sealed, err));
}

/* sink(step, i, n): in the heap of n steps, what stands at i goes down to its place. */
static void sink(struct cv_step *step, size_t i, size_t n)
{
    const struct cv_step down = step[i];
    for (size_t next; (next = 2 * i + 1) < n; i = next) {
        next += next + 1 < n && step[next + 1].index > step[next].index;
        if (step[next].index <= down.index)
            break;
        step[i] = step[next];
    }
    step[i] = down;
}

/* sort(step, n): by entry. By heap, in place: qsort takes as much room again as they have. */
static void sort(struct cv_step *step, size_t n)
{
    for (size_t i = n / 2; i-- > 0;)
        sink(step, i, n);
    while (n-- > 1) {
        const struct cv_step last = step[n];
        step[n] = step[0];
        step[0] = last;
        sink(step, 0, n);
    }
}

static int lost_by_entry(const void *a, const void *b)
{
    const struct cv_lost *x = a, *y = b;
    return (x->index > y->index) - (x->index < y->index);
}

static cv_status find(struct cv_vault *v, const struct walking *ask, struct cv_head_walk *out,
                      struct cv_err *err)
{
    struct walking w = *ask;
    w.out = out;
    w.until = v->custody->chain.next < ask->until ? v->custody->chain.next : ask->until;
    struct cv_head_rows *rows = NULL;
    cv_status st = cv_head_rows(v, &rows, err);
    w.rows = rows;
    st = CV_THEN(st,
                 cv_catalog_heads(v->custody->catalog, rows->reader, (struct cv_bytes){ 0 }, pass, &w, err));
    st = CV_THEN(st, settle(&w));
    if (st == CV_OK && out->count > 0)
        sort(out->step, out->count);
    if (st == CV_OK && out->lost_count > 0)
        qsort(out->lost, out->lost_count, sizeof(*out->lost), lost_by_entry);
    cv_versions_free(&w.versions);
    cv_buf_free(&w.sealed);
    return st;
}

static cv_status walk(struct cv_vault *v, const struct walking *ask, struct cv_head_walk *out,
                      struct cv_err *err)
{
    *out = (struct cv_head_walk){ 0 };
    cv_status st = cv_heads_catch_up(v, err);
    const unsigned made = cv_catalog_made(v->custody->catalog);
    st = CV_THEN(st, find(v, ask, out, err));
    if (st == CV_OK && made != cv_catalog_made(v->custody->catalog)) {
        cv_head_walk_free(out); /* of a catalog that was damaged on the way */
        st = cv_heads_catch_up(v, err);
        st = CV_THEN(st, find(v, ask, out, err));
    }
    if (st != CV_OK)
        cv_head_walk_free(out);
    return cv_err_note(err, st, "head index");
}

cv_status cv_head_walk(struct cv_vault *v, const char *type, bool latest, struct cv_head_walk *out,
                       struct cv_err *err)
{
    const struct walking ask = { .type = type, .which = latest ? LATEST : ALL, .until = UINT64_MAX };
    return walk(v, &ask, out, err);
}

cv_status cv_head_walk_first(struct cv_vault *v, const char *type, struct cv_head_walk *out,
                             struct cv_err *err)
{
    const struct walking ask = { .type = type, .which = FIRST, .until = UINT64_MAX };
    return walk(v, &ask, out, err);
}

cv_status cv_head_walk_before(struct cv_vault *v, const char *type, uint64_t until, struct cv_head_walk *out,
                              struct cv_err *err)
{
    const struct walking ask = { .type = type, .which = LATEST, .until = until };
    return walk(v, &ask, out, err);
}

void cv_head_walk_free(struct cv_head_walk *walk)
{
    free(walk->step);
    free(walk->lost);
    walk->step = NULL;
    walk->lost = NULL;
    walk->count = walk->lost_count = 0;
}

/* ---- past them ---- */

static cv_status find_head(struct cv_vault *v, const struct cv_step *step, struct cv_head_rows **rows,
                           struct cv_buf *sealed, struct cv_err *err)
{
    const uint8_t tag[CV_STEP_TAG_BYTES] = { (uint8_t)(step->tag >> 16), (uint8_t)(step->tag >> 8),
                                             (uint8_t)step->tag };
    cv_status st = cv_head_rows(v, rows, err);
    return CV_THEN(
        st, cv_catalog_head(v->custody->catalog, (*rows)->reader, step->index, CV_ARR(tag), sealed, err));
}

cv_status cv_head_walk_at(struct cv_vault *v, const struct cv_head_walk *walk, size_t i,
                          struct cv_version *out, struct cv_err *err)
{
    struct cv_head_rows *rows = NULL;
    struct cv_buf sealed = { .max = CV_HEAD_MAX };
    *out = (struct cv_version){ 0 };
    cv_status st = find_head(v, &walk->step[i], &rows, &sealed, err);
    if (st == CV_ERR_NOTFOUND) { /* the index was made anew */
        st = cv_heads_catch_up(v, err);
        st = CV_THEN(st, find_head(v, &walk->step[i], &rows, &sealed, err));
        if (st == CV_ERR_NOTFOUND)
            st = cv_fail(err, CV_ERR_IO, "head index: something was erased at the same time; try again");
    }
    st = CV_THEN(st, cv_head_row_version(rows, walk->step[i].index, cv_buf_view(&sealed), out, err));
    cv_buf_free(&sealed);
    return st;
}

cv_status cv_head_walk_add(struct cv_vault *v, struct cv_head_walk *walk, const struct cv_version *version,
                           struct cv_err *err)
{
    struct cv_head_rows *rows = NULL;
    uint8_t tag[CV_HEAD_TAG_BYTES];
    cv_status st = cv_head_rows(v, &rows, err);
    st = CV_THEN(st, cv_head_tag(rows, version->id, tag));
    return CV_THEN(st, add_step(walk, version->index, tag));
}

cv_status cv_head_walk_versions(struct cv_vault *v, struct cv_versions *out, struct cv_err *err)
{
    struct cv_head_walk walk = { 0 };
    *out = (struct cv_versions){ 0 };
    cv_status st = cv_head_walk(v, NULL, false, &walk, err);
    if (st == CV_OK && walk.count > 0 && (out->v = calloc(walk.count, sizeof(*out->v))) == NULL)
        st = CV_ERR_NOMEM;
    for (size_t i = 0; i < walk.count && st == CV_OK; i++) {
        st = cv_head_walk_at(v, &walk, i, &out->v[out->count], err);
        if (st == CV_OK)
            out->count++;
        st = st == CV_ERR_NOTFOUND ? CV_OK : st;
    }
    out->lost = walk.lost;
    out->lost_count = walk.lost_count;
    walk.lost = NULL;
    cv_head_walk_free(&walk);
    if (st != CV_OK)
        cv_versions_free(out);
    return st;
}
