#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "vault/index_build.h"
#include "vault/regular.h"

/* The shards that are being written: begun, or loaded to be written on, sealed, and put into their files. */

void cv_span_deal(struct building *b, bool (*which)(const struct span *))
{
    size_t n = 0;
    b->workers[0].count = b->workers[1].count = 0;
    for (size_t i = 0; i < b->count; i++)
        if (which(&b->spans[i])) {
            struct worker *w = &b->workers[n++ % 2];
            w->spans[w->count++] = &b->spans[i];
        }
}

cv_status cv_span_both(struct building *b, void (*fn)(void *))
{
    cv_beside_start(&b->beside, fn, &b->workers[1]);
    fn(&b->workers[0]);
    cv_beside_wait(b->beside);
    return b->workers[0].st != CV_OK ? b->workers[0].st : b->workers[1].st;
}

/* load(w): in both threads; what became of each shard is its span's status. */
static void load(void *arg)
{
    struct worker *w = arg;
    w->st = CV_OK;
    for (size_t i = 0; i < w->count && w->st != CV_ERR_NOMEM; i++) {
        struct span *span = w->spans[i];
        const struct cv_shard_place place = cv_index_place(w->b->x, span->s);
        char path[4200];
        cv_index_path(w->b->x, span->s->name, span->shard->head.from, path);
        const int fd = cv_open_regular(AT_FDCWD, path, O_RDONLY, 0);
        span->st =
            fd < 0 ? CV_ERR_IO : cv_shard_open(span->shard, fd, cv_secret_view(&span->key), &place, true);
        w->st = span->st;
    }
    w->st = w->st == CV_ERR_NOMEM ? w->st : CV_OK;
}

static bool has_shard(const struct span *span)
{
    return span->shard != NULL;
}

/* may_go_on(b, span): is there a shard with room that ends where the span begins? It is going to be loaded,
 * to be written on. */
static cv_status may_go_on(struct building *b, struct span *span, struct cv_err *err)
{
    struct cv_index_section *s = span->s;
    struct cv_shard *last = span->at > 0 ? s->shards[span->at - 1] : NULL;
    const uint32_t room = b->x->search || cv_shard_small > cv_shard_full ? cv_shard_full : cv_shard_small;
    if (last == NULL || last->head.to != span->from || last->head.records >= room)
        return CV_OK;
    cv_shard_close(last);
    span->shard = last;
    span->at--;
    return cv_index_key(b->x, s->name, &last->head, &span->key, err);
}

cv_status cv_span_go_on(struct building *b, struct cv_err *err)
{
    cv_status st = CV_OK;
    for (size_t i = 0; i < b->count && st == CV_OK; i++)
        if (i + 1 == b->count || b->spans[i + 1].s != b->spans[i].s) /* the last span of a section */
            st = may_go_on(b, &b->spans[i], err);
    cv_span_deal(b, has_shard);
    st = CV_THEN(st, cv_span_both(b, load));
    for (size_t i = 0; i < b->count && st == CV_OK; i++) {
        struct span *span = &b->spans[i];
        if (span->shard == NULL || span->st == CV_OK)
            continue;
        span->from = span->shard->head.from;
        span->shard = NULL;
        cv_index_remove(span->s, span->at);
    }
    return st;
}

cv_status cv_span_begin(struct building *b, struct span *span)
{
    static const uint8_t no_key[CV_BUILD_KEY_BYTES];
    const struct cv_shard_head head = { .from = span->from, .to = span->from };
    const struct cv_shard_place place = cv_index_place(b->x, span->s);
    struct cv_shard *shard = NULL;
    cv_status st = cv_index_insert(span->s, span->at, &head, &shard);
    st = CV_THEN(st, cv_shard_open(shard, -1, CV_ARR(no_key), &place, true));
    if (st != CV_OK)
        return st; /* the index is given up */
    span->shard = shard;
    for (struct span *later = span + 1; later < b->spans + b->count && later->s == span->s; later++)
        later->at++;
    return CV_OK;
}

/* write_file(path, data): whole or not at all; the file, open: by its name there may already be another's. -1
 * if it cannot be. Without a sync: what a power cut leaves is made anew. */
static int write_file(const char *path, struct cv_bytes data)
{
    char made[4300];
    size_t done = 0;
    ssize_t n = 1;
    snprintf(made, sizeof(made), "%s.XXXXXX", path);
    const int fd = mkostemp(made, O_CLOEXEC);
    if (fd < 0)
        return -1;
    while (done < data.n && ((n = write(fd, data.p + done, data.n - done)) > 0 || errno == EINTR))
        done += n > 0 ? (size_t)n : 0;
    if (done == data.n && rename(made, path) == 0)
        return fd;
    close(fd);
    unlink(made);
    return -1;
}

cv_status cv_span_end(struct building *b, struct span *span, uint64_t to, struct cv_err *err)
{
    struct cv_shard *shard = span->shard;
    span->over = true;
    shard->head.to = to;
    shard->head.epoch = cv_policy_section(cv_vault_policy(b->x->v), span->s->name)->epoch;
    cv_secret_free(&span->key);
    return cv_index_key(b->x, span->s->name, &shard->head, &span->key, err);
}

static cv_status seal(const struct building *b, struct span *span)
{
    struct cv_shard *shard = span->shard;
    const struct cv_shard_place place = cv_index_place(b->x, span->s);
    struct cv_buf file = { 0 };
    char path[4200];
    cv_index_path(b->x, span->s->name, shard->head.from, path);
    cv_status st = cv_shard_seal(shard, cv_secret_view(&span->key), &place, &file);
    const int fd = st == CV_OK ? write_file(path, cv_buf_view(&file)) : -1;
    if (fd >= 0) {
        cv_shard_close(shard);
        st = cv_shard_open(shard, fd, cv_secret_view(&span->key), &place, false);
    }
    cv_buf_free(&file);
    return st;
}

void cv_span_seal(void *arg)
{
    struct worker *w = arg;
    w->st = CV_OK;
    for (size_t i = 0; i < w->count && w->st == CV_OK; i++)
        w->st = seal(w->b, w->spans[i]);
}
