#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "formats/report_put.h"

/* How many records somebody read, each counted once, though a list may name all of a vault: ids are told
 * apart by a hash, and those of least hash are held and counted, then those that follow, reading the events
 * again for each lot. */

size_t cv_report_lot = 32768;

struct lot {
    uint64_t *hash; /* of ids; a lot, and a quarter more until they are settled */
    size_t count, room;
    uint64_t after; /* those up to here were counted before, */
    bool any;       /* if any were */
    uint64_t most;  /* what is greater comes later */
};

static int by_hash(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* settle(l): each once, and no more than a lot. */
static void settle(struct lot *l)
{
    size_t kept = 0;
    if (l->count > 0)
        qsort(l->hash, l->count, sizeof(*l->hash), by_hash);
    for (size_t i = 0; i < l->count; i++)
        if (kept == 0 || l->hash[i] != l->hash[kept - 1])
            l->hash[kept++] = l->hash[i];
    l->count = kept < cv_report_lot ? kept : cv_report_lot;
    if (l->count == cv_report_lot)
        l->most = l->hash[l->count - 1];
}

static cv_status note(struct lot *l, const char *id)
{
    uint8_t digest[CV_SHA256_BYTES];
    if (id == NULL)
        return CV_OK;
    const cv_status st = cv_sha256(cv_bytes_str(id), digest);
    const uint64_t hash = cv_load_u64(digest);
    if (st != CV_OK || (l->any && hash <= l->after) || hash > l->most)
        return st;
    l->hash[l->count++] = hash;
    if (l->count == l->room)
        settle(l);
    return CV_OK;
}

/* read_lot(p, m, l): all that the member's reads name. */
static void read_lot(struct cv_report_out *p, size_t m, struct lot *l)
{
    for (size_t i = 0; i < p->r->count && p->st == CV_OK; i++) {
        const struct cv_report_entry *e = &p->r->entries[i];
        struct cv_json *event = NULL;
        if ((e->lists >> CV_REPORT_PERSONAL & 1U) == 0 || e->member != m)
            continue;
        p->st = cv_report_event(p->r, e, &event, p->err);
        const struct cv_json *ids = cv_json_get(event, "ids");
        p->st = CV_THEN(p->st, note(l, cv_json_get_str(event, "record")));
        for (size_t k = 0; k < cv_json_len(ids) && p->st == CV_OK; k++)
            p->st = note(l, cv_json_cstr(cv_json_at(ids, k)));
        cv_json_free(event);
    }
    settle(l);
}

size_t cv_report_many(struct cv_report_out *p, size_t m)
{
    struct lot l = { .room = cv_report_lot + cv_report_lot / 4 + 1 };
    size_t n = 0;
    l.hash = calloc(l.room, sizeof(*l.hash));
    if (l.hash == NULL)
        p->st = CV_THEN(p->st, CV_ERR_NOMEM);
    do {
        l.count = 0;
        l.most = UINT64_MAX;
        if (p->st == CV_OK)
            read_lot(p, m, &l);
        n += l.count;
        l.any = true;
        l.after = l.most;
    } while (p->st == CV_OK && l.count == cv_report_lot);
    free(l.hash);
    return n;
}
