#include <stdlib.h>
#include <string.h>

#include "vault/index_inside.h"

/* Which entries can be read at all, and what becomes of shards that lack some. */

bool cv_index_grave(cv_status st)
{
    return st == CV_ERR_IO || st == CV_ERR_NOMEM || st == CV_ERR_INTERNAL;
}

void cv_reached_free(struct cv_reached *r)
{
    cv_buf_free(&r->data);
    cv_secret_free(&r->release);
}

cv_status cv_index_reach(struct cv_vault *v, uint64_t index, struct cv_reached *out, struct cv_err *err)
{
    struct cv_bytes key;
    memset(out, 0, sizeof(*out));
    cv_status st = cv_custody_read(v->custody, index, CV_KIND_RECORD, &out->data, err);
    st = CV_THEN(st, cv_envelope_parse(cv_buf_view(&out->data), &out->env, err));
    st = CV_THEN(st, cv_release_get(&v->custody->release, out->env.slot, &out->release, err));
    if (st == CV_OK && out->env.count == 0)
        st = CV_ERR_FORMAT;
    st = CV_THEN(st, cv_keyring_batch(v->keys, out->env.batch, out->env.parts[0].section, &key, err));
    if (st != CV_OK)
        cv_reached_free(out);
    return st;
}

static int by_entry(const void *a, const void *b)
{
    const struct cv_shard_lost *x = a, *y = b;
    return x->entry != y->entry ? (x->entry > y->entry) - (x->entry < y->entry) : y->again - x->again;
}

cv_status cv_index_lost(struct cv_index *x)
{
    size_t all = 0, kept = 0;
    free(x->lost);
    x->lost = NULL;
    x->lost_count = 0;
    for (size_t i = 0; i < x->count; i++)
        for (size_t k = 0; k < x->s[i].count; k++)
            all += x->s[i].shards[k]->lost_count;
    if (all == 0)
        return CV_OK;
    if ((x->lost = calloc(all, sizeof(*x->lost))) == NULL)
        return CV_ERR_NOMEM;
    for (size_t i = 0; i < x->count; i++)
        for (size_t k = 0; k < x->s[i].count; k++) {
            const struct cv_shard *shard = x->s[i].shards[k];
            if (shard->lost_count > 0)
                memcpy(x->lost + x->lost_count, shard->lost, shard->lost_count * sizeof(*x->lost));
            x->lost_count += shard->lost_count;
        }
    qsort(x->lost, all, sizeof(*x->lost), by_entry);
    for (size_t i = 0; i < all; i++)
        if (kept == 0 || x->lost[kept - 1].entry != x->lost[i].entry)
            x->lost[kept++] = x->lost[i];
    x->lost_count = kept;
    return CV_OK;
}

static bool holds(const struct cv_shard *shard, uint64_t entry)
{
    for (size_t i = 0; i < shard->lost_count; i++)
        if (shard->lost[i].entry == entry)
            return true;
    return false;
}

/* forget(x, entry): the shards that lack it. */
static void forget(struct cv_index *x, uint64_t entry)
{
    for (size_t i = 0; i < x->count; i++)
        for (size_t k = x->s[i].count; k-- > 0;)
            if (holds(x->s[i].shards[k], entry))
                cv_index_remove(&x->s[i], k);
}

cv_status cv_index_try_again(struct cv_index *x, struct cv_err *err)
{
    cv_status st = cv_index_lost(x);
    for (size_t i = 0; i < x->lost_count && st == CV_OK; i++) {
        struct cv_reached r = { 0 };
        struct cv_err bad = { 0 };
        if (!x->lost[i].again)
            continue;
        st = cv_index_reach(x->v, x->lost[i].entry, &r, &bad);
        cv_reached_free(&r);
        if (cv_index_grave(st))
            return cv_fail(err, st, "%s", bad.msg);
        if (st == CV_OK || st == CV_ERR_NOKEY)
            forget(x, x->lost[i].entry);
        st = CV_OK;
    }
    return st;
}
