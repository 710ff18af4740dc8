#include "vault/ahead.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "formats/tar.h"
#include "vault/beside.h"

#define CORES_MAX 8
#define WINDOW_BYTES ((size_t)1 << 20)
#define WINDOWS 4 /* the first is passed, the others are worked on */
#define AT_ONCE 16
#define SOON 4 /* entries */

enum state {
    EMPTY,
    READING, /* somebody is */
    LISTED,  /* its entries are there to be hashed */
    HASHED,
    END /* there is nothing to be read in advance */
};

struct window {
    enum state state;
    uint32_t segment;
    uint64_t at;
    struct cv_buf bytes; /* ciphertext and public words: nothing to wipe */
    struct cv_ahead_entry *entries;
    size_t count, room;
    size_t whole;         /* bytes of the entries, which go on from one another */
    size_t taken, hashed; /* of the entries */
    bool failed;
};

struct cv_ahead {
    struct cv_segments segments; /* of its own: read beside the caller's */
    pthread_mutex_t lock;        /* over the states, and who has taken what */
    pthread_cond_t changed;
    struct window windows[WINDOWS];
    size_t now;   /* the first window */
    size_t next;  /* of its entries, the one to pass */
    size_t busy;  /* who is at work without the lock */
    bool reading; /* one of them reads */
    bool stopped; /* what was read ahead is not wanted any more */
    size_t cores;
    struct helper {
        struct cv_ahead *a;
        struct cv_beside *beside;
        bool at_work;
    } helpers[CORES_MAX - 1];
};

cv_status cv_ahead_new(const struct cv_segments *segments, struct cv_ahead **out)
{
    struct cv_ahead *a = calloc(1, sizeof(*a));
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    *out = a;
    if (a == NULL)
        return CV_ERR_NOMEM;
    a->segments = CV_SEGMENTS_NONE;
    a->segments.dir = segments->dir;
    a->cores = cores < 1 ? 1 : cores > CORES_MAX ? CORES_MAX : (size_t)cores;
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->changed, NULL);
    for (size_t i = 0; i < CORES_MAX - 1; i++)
        a->helpers[i].a = a;
    return CV_OK;
}

static struct window *window(struct cv_ahead *a, size_t ahead)
{
    return &a->windows[(a->now + ahead) % WINDOWS];
}

static void forget(struct window *w)
{
    w->state = EMPTY;
    w->bytes.n = 0;
    w->count = w->whole = w->taken = w->hashed = 0;
    w->failed = false;
}

/* ---- one window ---- */

static cv_status fill(struct cv_ahead *a, struct window *w, uint32_t segment, uint64_t at, size_t n,
                      struct cv_err *err)
{
    w->segment = segment;
    w->at = at;
    return cv_segment_read(&a->segments, segment, at, n, &w->bytes, err);
}

static bool add(struct window *w, const struct cv_ahead_entry *e)
{
    if (w->count == w->room) {
        const size_t room = w->room > 0 ? 2 * w->room : 512;
        struct cv_ahead_entry *more = realloc(w->entries, room * sizeof(*more));
        if (more == NULL)
            return false;
        w->entries = more;
        w->room = room;
    }
    w->entries[w->count++] = *e;
    return true;
}

/* list(w): its entries, up to the first that is not whole or not as it must be. */
static void list(struct window *w)
{
    struct cv_bytes rest = cv_buf_view(&w->bytes);
    struct cv_tar_entry t;
    struct cv_ahead_entry e = { 0 };
    while (cv_tar_read(rest, &t, NULL) == CV_OK && cv_entry_name_parse(t.name, &e.index, &e.kind) == CV_OK) {
        e.all = CV_BYTES(rest.p, (size_t)t.bytes);
        e.size = t.data.n;
        if (!add(w, &e))
            break;
        rest = CV_BYTES(rest.p + t.bytes, rest.n - (size_t)t.bytes);
    }
    w->whole = w->bytes.n - rest.n;
}

/* ---- what every core does, with the lock, which it leaves while it works ---- */

static void leave(struct cv_ahead *a)
{
    a->busy++;
    pthread_mutex_unlock(&a->lock);
}

static void enter(struct cv_ahead *a)
{
    pthread_mutex_lock(&a->lock);
    a->busy--;
    pthread_cond_broadcast(&a->changed);
}

static void hash_some(struct cv_ahead *a, struct window *w)
{
    const size_t from = w->taken, to = w->count - from < AT_ONCE ? w->count : from + AT_ONCE;
    bool good = true;
    w->taken = to;
    leave(a);
    for (size_t i = from; i < to && good; i++)
        good = cv_sha256(w->entries[i].all, w->entries[i].hash) == CV_OK;
    enter(a);
    w->failed = w->failed || !good;
    w->hashed += to - from;
    if (w->hashed == w->count)
        w->state = HASHED;
}

/* read_next(a, before, w): it begins where the last whole entry of the one before ends. Where the segment
 * ends first nothing is believed: what is being appended is read when it is asked for. */
static void read_next(struct cv_ahead *a, const struct window *before, struct window *w)
{
    w->state = READING;
    a->reading = true;
    leave(a);
    bool good = fill(a, w, before->segment, before->at + before->whole, WINDOW_BYTES, NULL) == CV_OK &&
                w->bytes.n == WINDOW_BYTES;
    if (good)
        list(w);
    enter(a);
    a->reading = false;
    w->state = good && w->count > 0 ? LISTED : END;
}

/* to_read(a): the window after the last that is there, if it can be read now; else NULL. */
static struct window *to_read(struct cv_ahead *a, const struct window **before)
{
    for (size_t i = 1; i < WINDOWS && !a->reading; i++) {
        *before = window(a, i - 1);
        if (window(a, i)->state == EMPTY)
            return (*before)->whole > 0 && (*before)->state != END ? window(a, i) : NULL;
    }
    return NULL;
}

/* step(a): one piece of the work there is; false if there is none. Reading comes first: while one core does,
 * the others can go on. */
static bool step(struct cv_ahead *a)
{
    const struct window *before = NULL;
    struct window *next = a->stopped ? NULL : to_read(a, &before);
    if (next != NULL) {
        read_next(a, before, next);
        return true;
    }
    for (size_t i = 1; i < WINDOWS && !a->stopped; i++) {
        struct window *w = window(a, i);
        if (w->state == LISTED && w->taken < w->count) {
            hash_some(a, w);
            return true;
        }
    }
    return false;
}

static void help(void *arg)
{
    struct helper *h = arg;
    pthread_mutex_lock(&h->a->lock);
    while (step(h->a))
        ;
    h->at_work = false;
    pthread_mutex_unlock(&h->a->lock);
}

/* call_helpers(a): those who had found nothing to do. */
static void call_helpers(struct cv_ahead *a)
{
    for (size_t i = 0; i + 1 < a->cores; i++) {
        struct helper *h = &a->helpers[i];
        pthread_mutex_lock(&a->lock);
        const bool idle = !h->at_work;
        h->at_work = true;
        pthread_mutex_unlock(&a->lock);
        if (idle)
            cv_beside_start(&h->beside, help, h);
    }
}

/* stop(a): nobody touches a window any more. */
static void stop(struct cv_ahead *a)
{
    pthread_mutex_lock(&a->lock);
    a->stopped = true;
    pthread_mutex_unlock(&a->lock);
    for (size_t i = 0; i < CORES_MAX - 1; i++)
        cv_beside_wait(a->helpers[i].beside);
    a->stopped = false;
}

/* ---- the caller's side ---- */

/* await(a): what others are at. To hash a few entries takes less time than to fall asleep. */
static void await(struct cv_ahead *a)
{
    if (a->reading) {
        pthread_cond_wait(&a->changed, &a->lock);
        return;
    }
    pthread_mutex_unlock(&a->lock);
    sched_yield();
    pthread_mutex_lock(&a->lock);
}

/* advance(a): on to the window after the first, once it is hashed; false if there is none. */
static bool advance(struct cv_ahead *a)
{
    pthread_mutex_lock(&a->lock);
    const struct window *w = window(a, 1);
    for (bool more = true; more && w->state != HASHED && w->state != END;)
        if (!step(a) && (more = a->busy > 0))
            await(a);
    const bool there = w->state == HASHED;
    if (there) {
        forget(window(a, 0));
        a->now = (a->now + 1) % WINDOWS;
        a->next = 0;
        if (w->failed)
            window(a, 0)->count = 0; /* the caller's own attempt will say why */
    }
    const bool short_of = window(a, WINDOWS / 2)->state == EMPTY; /* to wake somebody up takes time as well */
    pthread_mutex_unlock(&a->lock);
    if (there && short_of)
        call_helpers(a);
    return there;
}

/* begin(a, segment, at, n): where nothing was read ahead. */
static cv_status begin(struct cv_ahead *a, uint32_t segment, uint64_t at, size_t n, struct cv_err *err)
{
    struct window *w = window(a, 0);
    stop(a);
    for (size_t i = 0; i < WINDOWS; i++)
        forget(&a->windows[i]);
    a->next = 0;
    cv_status st = fill(a, w, segment, at, n > WINDOW_BYTES ? n : WINDOW_BYTES, err);
    w->state = st == CV_OK ? HASHED : EMPTY;
    if (st != CV_OK || w->bytes.n < WINDOW_BYTES || n > WINDOW_BYTES)
        return st; /* too little to be worth it, or one large entry */
    list(w);
    w->count = 0; /* these are hashed as they are passed: once a segment */
    call_helpers(a);
    return CV_OK;
}

const struct cv_ahead_entry *cv_ahead_entry(struct cv_ahead *a, uint32_t segment, uint64_t at)
{
    const struct window *w = window(a, 0);
    if (w->state != HASHED || w->segment != segment || at < w->at || at - w->at > w->whole ||
        (w->whole > 0 && at == w->at + w->whole && !advance(a)))
        return NULL;
    w = window(a, 0);
    if (at - w->at > w->bytes.n)
        return NULL;
    const uint8_t *p = w->bytes.p + (at - w->at);
    while (a->next < w->count && w->entries[a->next].all.p < p)
        a->next++;
    if (a->next + SOON < w->count) /* another core has hashed it: the caller need not wait for its bytes */
        __builtin_prefetch(w->entries[a->next + SOON].all.p + CV_TAR_BLOCK_BYTES);
    return a->next < w->count && w->entries[a->next].all.p == p ? &w->entries[a->next] : NULL;
}

cv_status cv_ahead_look(struct cv_ahead *a, uint32_t segment, uint64_t at, size_t n, struct cv_bytes *out,
                        struct cv_err *err)
{
    const struct window *w = window(a, 0);
    const bool inside =
        w->state == HASHED && w->segment == segment && at >= w->at && at - w->at <= w->bytes.n;
    *out = (struct cv_bytes){ 0 };
    if (!inside || w->bytes.n - (size_t)(at - w->at) < n) {
        cv_status st = begin(a, segment, at, n, err);
        if (st != CV_OK)
            return st;
    }
    const size_t skip = (size_t)(at - w->at), have = w->bytes.n - skip;
    *out = CV_BYTES(w->bytes.p + skip, have < n ? have : n);
    return CV_OK;
}

void cv_ahead_free(struct cv_ahead *a)
{
    if (a == NULL)
        return;
    stop(a);
    for (size_t i = 0; i < CORES_MAX - 1; i++)
        cv_beside_free(a->helpers[i].beside);
    for (size_t i = 0; i < WINDOWS; i++) {
        cv_buf_free(&a->windows[i].bytes);
        free(a->windows[i].entries);
    }
    a->segments.dir = -1; /* borrowed */
    cv_segments_close(&a->segments);
    pthread_cond_destroy(&a->changed);
    pthread_mutex_destroy(&a->lock);
    free(a);
}
