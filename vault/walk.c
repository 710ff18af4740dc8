#include "vault/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "formats/base64.h"
#include "formats/words.h"
#include "vault/custody.h"
#include "vault/memory.h"
#include "vault/traces.h"

static cv_status on_commit(void *arg, struct cv_scan *s, const struct cv_staged *entries, size_t count,
                           struct cv_err *err)
{
    struct cv_walk *w = arg;
    (void)entries;
    w->out->entries += count + 1;
    w->out->commits++;
    const cv_status counted = w->witnessing != NULL ? cv_witnessing_commit(w->witnessing, s->chain) : CV_OK;
    if (counted != CV_OK)
        return counted;
    if (s->chain->adopted.number > 0) {
        w->out->policies++;
        if (w->out->policies == 1) {
            cv_status st = cv_memory_read(s->chain->policy->vault, &w->seen_size, &w->seen_root, err);
            if (st != CV_OK && st != CV_ERR_NOTFOUND)
                return st;
            w->known = st == CV_OK;
        }
    }
    if (w->since != NULL && s->chain->edge.size == w->since->size) {
        char hex[65];
        cv_hex_encode(CV_ARR(s->chain->root.b), hex);
        cv_vault_fingerprint(hex, w->since_print);
    }
    if (w->known && s->chain->prior_size > 0 && s->chain->prior_size == w->seen_size)
        w->passed = memcmp(s->chain->prior_root.b, w->seen_root.b, sizeof(w->seen_root)) == 0;
    /* Told at the end: the log may tell another story, and be whole. */
    if (w->known && s->chain->edge.size == w->seen_size)
        w->passed = memcmp(s->chain->root.b, w->seen_root.b, sizeof(w->seen_root)) == 0;
    return CV_OK;
}

/* on_entry: what was erased; the vault's id is known from its first entry; the last checkpoint, to be kept.
 */
static cv_status on_entry(void *arg, uint64_t index, enum cv_kind kind, struct cv_bytes data,
                          struct cv_err *err)
{
    struct cv_walk *w = arg;
    struct cv_policy *first = NULL;
    if (kind == CV_KIND_POLICY && index == 0 && cv_policy_genesis(data, &first, NULL) == CV_OK)
        memcpy(w->vault, first->vault, sizeof(w->vault));
    cv_policy_free(first);
    if (kind == CV_KIND_CHECKPOINT) {
        cv_buf_truncate(&w->checkpoint, 0);
        cv_status st = cv_buf_append(&w->checkpoint, data);
        if (st != CV_OK)
            return st;
    }
    cv_status st = w->witnessing != NULL ? cv_witnessing_entry(w->witnessing, index, kind, data) : CV_OK;
    st = CV_THEN(st, cv_graves_entry(&w->graves, w->vault, index, kind, data));
    return cv_err_note(err, st, "entry");
}

static cv_status on_damage(void *arg, uint64_t index, enum cv_kind kind, const char *what)
{
    struct cv_walk *w = arg;
    if (w->any && w->last_damaged == index)
        return CV_OK; /* told already */
    w->any = true;
    w->last_damaged = index;
    w->out->damaged++;
    return w->damage(w->arg, index, kind, what);
}

static void on_progress(void *arg, uint64_t bytes)
{
    struct cv_walk *w = arg;
    if (w->progress != NULL)
        w->progress(w->arg, bytes < w->total ? bytes : w->total, w->total);
}

/* total_bytes(s): of all segments, for the progress line. */
static uint64_t total_bytes(struct cv_segments *s)
{
    uint64_t total = 0, size = 0;
    for (uint32_t n = 1; cv_segment_size(s, n, &size, NULL) == CV_OK; n++)
        total += size;
    return total;
}

/* check_end(w, scan): there is a commit, and nothing after the last one. */
static cv_status check_end(struct cv_walk *w, const struct cv_scan *scan, struct cv_err *err)
{
    const struct cv_chain *c = scan->chain;
    const bool cut = scan->tail != CV_TAIL_NONE || scan->abandoned_count > 0;
    if (cut && !(w->torn && scan->tail == CV_TAIL_TORN)) {
        const struct cv_torn *t = &scan->abandoned[0];
        if (w->damage == NULL)
            return cv_fail_n(
                err, CV_ERR_LOG, t->bytes, "%s; %" PRIu64 " byte at its end belongs to no commit",
                "%s; %" PRIu64 " bytes at its end belong to no commit", scan->tail_why, t->bytes);
        cv_status st =
            w->any ? CV_OK
                   : on_damage(w, c->next, CV_KIND_COUNT,
                               scan->tail == CV_TAIL_TORN
                                   ? N_("bytes of a write that was cut short; the next write closes them off")
                                   : N_("bytes at the end that belong to no commit"));
        if (st != CV_OK)
            return st;
    }
    w->out->lost = c->missing.lost;
    w->out->unproved = c->missing.unproved;
    w->out->loss = c->missing.at;
    w->out->unsaid = c->missing.count;
    if (c->missing.count > 0 && w->damage == NULL)
        return cv_fail(err, CV_ERR_LOG,
                       "entry %" PRIu64 " (%s): is gone, and no later entry says so; see `casevault repair`",
                       c->missing.e[0].index, _(cv_kind_name(c->missing.e[0].kind)));
    for (size_t i = 0; i < c->missing.count; i++) {
        const struct cv_lost_entry *e = &c->missing.e[i];
        cv_status st = on_damage(w, e->index, e->kind,
                                 e->unproved ? N_("cannot be proved any more, and no later entry says so")
                                             : N_("is gone, and no later entry says so"));
        if (st != CV_OK)
            return st;
    }
    if (!c->started)
        return cv_fail(err, CV_ERR_LOG, "entry 0: there is no whole commit in the archive");
    return CV_OK;
}

/* check_seen(w, c): what this user saw last is still in the log. Where entries are damaged it may be among
 * them, and so may be the end of the log: then nobody can tell damage from an older copy. */
static cv_status check_seen(struct cv_walk *w, const struct cv_chain *c, struct cv_err *err)
{
    w->out->seen_gone = w->known && !w->passed;
    if (!w->known || w->passed)
        return w->out->damaged == 0
                   ? CV_OK
                   : cv_fail(err, CV_ERR_LOG,
                             cv_words(w->out->damaged, "%" PRIu64 " entry is damaged; the rest is whole",
                                      "%" PRIu64 " entries are damaged; the rest is whole"),
                             w->out->damaged);
    if (w->out->damaged > 0)
        return cv_fail(err, CV_ERR_LOG,
                       cv_words(w->out->damaged,
                                "%" PRIu64 " entry is damaged, and entry %" PRIu64
                                ", which you have seen, is damaged or gone",
                                "%" PRIu64 " entries are damaged, and entry %" PRIu64
                                ", which you have seen, is damaged or gone"),
                       w->out->damaged, w->seen_size);
    w->out->behind = w->seen_size > c->edge.size;
    if (w->out->behind ? w->older : w->forked)
        return CV_OK;
    return w->out->behind
               ? cv_fail(err, CV_ERR_LOG,
                         "the log has gone back: you have seen entry %" PRIu64 ", and it ends at %" PRIu64,
                         w->seen_size, c->edge.size)
               : cv_fail(err, CV_ERR_LOG,
                         "the log tells another story at entry %" PRIu64 " than the one you saw",
                         w->seen_size);
}

/* check_kept(w, c): the log went past the head that was kept elsewhere. */
static cv_status check_kept(const struct cv_walk *w, const struct cv_chain *c, struct cv_err *err)
{
    if (w->since == NULL || strcmp(w->since_print, w->since->print) == 0)
        return CV_OK;
    if (w->since_print[0] != '\0')
        return cv_fail_n(
            err, CV_ERR_LOG, w->since->size,
            "the log tells another story than the head you named: with %" PRIu64 " entry it was %s",
            "the log tells another story than the head you named: with %" PRIu64 " entries it was %s",
            w->since->size, w->since_print);
    return w->since->size > c->edge.size ? cv_fail_n(err, CV_ERR_LOG, w->since->size,
                                                     "the log has gone back: you named a head of %" PRIu64
                                                     " entry, and it ends at %" PRIu64,
                                                     "the log has gone back: you named a head of %" PRIu64
                                                     " entries, and it ends at %" PRIu64,
                                                     w->since->size, c->edge.size)
                                         : cv_fail_n(err, CV_ERR_LOG, w->since->size,
                                                     "the log never had a head of %" PRIu64
                                                     " entry: it was another log's, or is misread",
                                                     "the log never had a head of %" PRIu64
                                                     " entries: it was another log's, or is misread",
                                                     w->since->size);
}

/* check_release(w, dir, c): the key file is there, long enough for what the log took from it, and lacks just
 * what was erased. */
static cv_status check_release(const struct cv_walk *w, int dir, const struct cv_chain *c, struct cv_err *err)
{
    struct cv_release r = { .fd = -1 };
    const char *name = w->keys != NULL ? w->keys : "release.keys";
    cv_status st = cv_release_open_as(&r, dir, name, c->policy->vault, err);
    if (st == CV_OK && r.filled < c->slots)
        st = cv_fail(err, CV_ERR_LOG, "%s: holds %" PRIu64 " keys where the log took %" PRIu64, name,
                     r.filled, c->slots);
    st = CV_THEN(st, cv_graves_check(&w->graves, &r, c->slots, err));
    cv_release_close(&r);
    return st;
}

#define LOCK_TRIES 100
#define LOCK_PAUSE_NS 50000000L /* five seconds in all */

/* lock_shared(dir, path, fd): nobody writes while it is held. */
static cv_status lock_shared(int dir, const char *path, int *fd, struct cv_err *err)
{
    const struct timespec pause = { .tv_nsec = LOCK_PAUSE_NS };
    *fd = openat(dir, "lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (*fd < 0)
        return errno == ENOENT ? CV_OK : cv_fail_errno(err, "%s/lock: cannot open", path);
    for (int i = 0; i < LOCK_TRIES; i++) {
        if (flock(*fd, LOCK_SH | LOCK_NB) == 0)
            return CV_OK;
        if (errno != EWOULDBLOCK && errno != EINTR)
            return cv_fail_errno(err, "%s/lock: cannot lock", path);
        nanosleep(&pause, NULL);
    }
    return cv_fail(err, CV_ERR_LOCKED, "%s: somebody else is writing to this vault; try again in a moment",
                   path);
}

/* read_log(path, dir, segments, scan, w): to its end; then, where somebody wants it to stand still, once more
 * under the lock from there on: the long part keeps nobody waiting. */
static cv_status read_log(const char *path, int dir, struct cv_scan *scan, struct cv_walk *w, int *lock,
                          struct cv_err *err)
{
    cv_status st = cv_scan_run(scan, err);
    if (st != CV_OK || w->still == NULL)
        return st;
    struct cv_scan rest = { .segments = scan->segments,
                            .chain = scan->chain,
                            .segment = scan->segment,
                            .offset = scan->offset,
                            .bytes_read = scan->bytes_read,
                            .on_commit = scan->on_commit,
                            .on_damage = scan->on_damage,
                            .on_entry = scan->on_entry,
                            .on_progress = scan->on_progress,
                            .arg = scan->arg };
    cv_scan_free(scan);
    *scan = rest;
    st = lock_shared(dir, path, lock, err);
    return CV_THEN(st, cv_scan_run(scan, err));
}

/* judge(path, dir, scan, w): what was read, as a whole. */
static cv_status judge(const char *path, int dir, const struct cv_scan *scan, struct cv_walk *w,
                       struct cv_err *err)
{
    const struct cv_chain *chain = scan->chain;
    cv_status st = CV_OK;
    if (!chain->started && !w->any && scan->tail != CV_TAIL_DAMAGED)
        st = cv_traces_judge(dir, path, err);
    st = CV_THEN(st, check_end(w, scan, err));
    st = CV_THEN(st, check_seen(w, chain, err));
    st = CV_THEN(st, check_kept(w, chain, err));
    /* Who wants to know all of it is told of the release keys too. */
    struct cv_err keys = { 0 };
    if (st != CV_OK && (w->damage == NULL || chain->policy == NULL))
        return st;
    const cv_status found = check_release(w, dir, chain, &keys);
    if (found == CV_ERR_LOG && w->damage != NULL)
        memcpy(w->out->keys_fault, keys.msg, sizeof(w->out->keys_fault));
    return st == CV_OK && found != CV_OK ? cv_fail(err, found, "%s", keys.msg) : st;
}

static void tell(struct cv_walk *w, const struct cv_scan *scan)
{
    const struct cv_chain *chain = scan->chain;
    w->segment = scan->segment;
    w->offset = scan->offset;
    w->slots = chain->slots;
    w->out->bytes = scan->bytes_read;
    if (chain->policy != NULL) {
        memcpy(w->out->vault, chain->policy->vault, sizeof(w->out->vault));
        w->out->training = chain->policy->training;
    }
    w->out->head_size = chain->edge.size;
    w->out->head_root = chain->root;
    w->out->known = w->known;
}

cv_status cv_walk_run(const char *path, struct cv_walk *w, struct cv_err *err)
{
    struct cv_segments segments = CV_SEGMENTS_NONE;
    struct cv_chain chain = { .slots = 1 };
    struct cv_scan scan = { .segments = &segments,
                            .chain = &chain,
                            .segment = 1,
                            .stop_segment = w->stop_segment,
                            .stop_offset = w->stop_offset,
                            .on_commit = on_commit,
                            .on_damage = w->damage != NULL ? on_damage : NULL,
                            .on_entry = on_entry,
                            .on_progress = on_progress,
                            .arg = w };
    int lock = -1;
    memset(w->out, 0, sizeof(*w->out));
    const int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    cv_status st = dir < 0 ? cv_fail(err, CV_ERR_NOVAULT, "%s: no vault here", path)
                           : cv_traces_archive(&segments, dir, path, err);
    if (st == CV_OK)
        w->total = total_bytes(&segments);
    st = CV_THEN(st, read_log(path, dir, &scan, w, &lock, err));
    w->out->complete = st == CV_OK;
    st = CV_THEN(st, judge(path, dir, &scan, w, err));
    tell(w, &scan);
    if (st == CV_OK && w->still != NULL)
        st = w->still(w->still_arg, dir, w, err);
    cv_graves_free(&w->graves);
    cv_scan_free(&scan);
    cv_chain_free(&chain);
    cv_segments_close(&segments);
    if (lock >= 0)
        close(lock);
    if (dir >= 0)
        close(dir);
    return st;
}
