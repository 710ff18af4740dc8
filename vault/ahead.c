#include "vault/ahead.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "formats/tar.h"
#include "vault/beside.h"

#define CORES_MAX 8
#define WORTH_BYTES ((size_t)1 << 20)

struct piece {
    struct cv_bytes entry;
    uint8_t hash[32];
    cv_status st;
};
struct share {
    struct piece *pieces;
    size_t count;
};
struct cv_ahead {
    struct piece *pieces;
    size_t count, room, next;
    struct cv_beside *beside[CORES_MAX - 1];
    size_t cores;
};

static void work(void *arg)
{
    const struct share *s = arg;
    for (size_t i = 0; i < s->count; i++)
        s->pieces[i].st = cv_sha256(s->pieces[i].entry, s->pieces[i].hash);
}

static struct cv_ahead *make(void)
{
    struct cv_ahead *a = calloc(1, sizeof(*a));
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (a != NULL)
        a->cores = cores < 1 ? 1 : cores > CORES_MAX ? CORES_MAX : (size_t)cores;
    return a;
}

static bool add(struct cv_ahead *a, struct cv_bytes entry)
{
    if (a->count == a->room) {
        const size_t room = a->room > 0 ? 2 * a->room : 1024;
        struct piece *more = realloc(a->pieces, room * sizeof(*more));
        if (more == NULL)
            return false;
        a->pieces = more;
        a->room = room;
    }
    a->pieces[a->count++] = (struct piece){ .entry = entry };
    return true;
}

/* list(a, window): the entries in it, and how many bytes they are. The caller judges headers and padding:
 * here they only say where the next one begins. */
static size_t list(struct cv_ahead *a, struct cv_bytes window)
{
    size_t total = 0;
    while (window.n - total >= CV_TAR_BLOCK_BYTES) {
        char name[CV_TAR_NAME_MAX + 1];
        uint64_t size = 0;
        const size_t left = window.n - total;
        if (cv_tar_header(window.p + total, name, &size) != CV_OK || size > left)
            break;
        const size_t bytes = CV_TAR_BLOCK_BYTES + ((size_t)size + CV_TAR_BLOCK_BYTES - 1) /
                                                      CV_TAR_BLOCK_BYTES * CV_TAR_BLOCK_BYTES;
        if (bytes > left || !add(a, CV_BYTES(window.p + total, bytes)))
            break;
        total += bytes;
    }
    return total;
}

/* deal(a, total): shares of about as many bytes, one for each core; this thread works as well. */
static void deal(struct cv_ahead *a, size_t total)
{
    struct share shares[CORES_MAX] = { 0 };
    size_t at = 0;
    for (size_t k = 0; k < a->cores; k++) {
        size_t bytes = 0;
        shares[k].pieces = a->pieces + at;
        while (at < a->count && (bytes < total / a->cores || k + 1 == a->cores)) {
            bytes += a->pieces[at++].entry.n;
            shares[k].count++;
        }
    }
    for (size_t k = 1; k < a->cores; k++)
        cv_beside_start(&a->beside[k - 1], work, &shares[k]);
    work(&shares[0]);
    for (size_t k = 1; k < a->cores; k++)
        cv_beside_wait(a->beside[k - 1]);
}

void cv_ahead_fill(struct cv_ahead **a, struct cv_bytes window)
{
    if (*a != NULL)
        (*a)->count = (*a)->next = 0;
    if (window.n < WORTH_BYTES || (*a == NULL && (*a = make()) == NULL) || (*a)->cores == 1)
        return;
    const size_t total = list(*a, window);
    if (total < WORTH_BYTES)
        (*a)->count = 0;
    else
        deal(*a, total);
}

cv_status cv_ahead_hash(struct cv_ahead *a, struct cv_bytes entry, uint8_t out[static 32])
{
    while (a != NULL && a->next < a->count && a->pieces[a->next].entry.p < entry.p)
        a->next++;
    if (a == NULL || a->next == a->count || a->pieces[a->next].entry.p != entry.p ||
        a->pieces[a->next].entry.n != entry.n)
        return cv_sha256(entry, out);
    const struct piece *p = &a->pieces[a->next];
    memcpy(out, p->hash, sizeof(p->hash));
    return p->st;
}

void cv_ahead_free(struct cv_ahead *a)
{
    if (a == NULL)
        return;
    for (size_t k = 0; k < CORES_MAX - 1; k++)
        cv_beside_free(a->beside[k]);
    free(a->pieces);
    free(a);
}
