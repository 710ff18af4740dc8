#include "vault/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vault/copy.h"
#include "vault/walk.h"

/* A backup's archive grows as the vault's does. What was finished is never touched again; what stands behind
 * it was left by a backup that was broken off, and is cut where it is not what the vault has. */

struct backing {
    struct cv_shelf shelf;
    struct cv_segments from; /* the vault's */
    struct cv_backed *out;
    cv_work_fn progress;
    void *arg;
    uint64_t done, total;
};

/* keep_keys(arg, dir, w): while nobody writes: the keys that the log, as it was read, has taken, and none
 * beyond: what is written later must not be opened by this copy. */
static cv_status keep_keys(void *arg, int dir, const struct cv_walk *w, struct cv_err *err)
{
    struct backing *b = arg;
    return cv_shelf_put_keys(&b->shelf, dir, w->slots, err);
}

static void verifying(void *arg, uint64_t done, uint64_t total)
{
    const struct backing *b = arg;
    if (b->progress != NULL)
        b->progress(b->arg, "Verifying, bytes", done, total);
}

static void copying(void *arg, uint64_t bytes)
{
    struct backing *b = arg;
    b->done += bytes;
    b->out->copied += bytes;
    if (b->progress != NULL)
        b->progress(b->arg, "Copying, bytes", b->done, b->total);
}

static int open_segment(int dir, uint32_t number, int flags)
{
    char name[16];
    snprintf(name, sizeof(name), "%08u.tar", number);
    return openat(dir, name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
}

static cv_status differs(const struct backing *b, uint32_t number, struct cv_err *err)
{
    return cv_fail(
        err, CV_ERR_LOG,
        "%s: archive/%08u.tar is not the beginning of the vault's; nothing was changed. Run `backup "
        "--verify` on it, keep it, and back up into a new directory",
        b->shelf.path, number);
}

/* copy_segment(b, number, end): the backup's gets what it lacks up to ${end}. */
static cv_status copy_segment(struct backing *b, uint32_t number, uint64_t end, struct cv_err *err)
{
    const struct cv_shelf *s = &b->shelf;
    struct stat info;
    char name[32];
    uint64_t same = 0, have;
    snprintf(name, sizeof(name), "archive/%08u.tar", number);
    const int from = open_segment(b->from.dir, number, O_RDONLY);
    const int to = from >= 0 ? open_segment(s->archive, number, O_RDWR | O_CREAT) : -1;
    cv_status st = CV_OK;
    if (to < 0 || fstat(to, &info) != 0) {
        st = cv_fail_errno(err, "%s: cannot open", name);
        goto out;
    }
    have = (uint64_t)info.st_size;
    const uint64_t finished = number < s->segment ? have : number == s->segment ? s->offset : 0;
    if (finished > have || finished > end)
        st = differs(b, number, err);
    /* Two segments that are the same are enough: in them is a checkpoint whose root stands for all before. */
    else if (number + 1 >= s->segment)
        st = cv_copy_same(from, to, have < end ? have : end, &same, err);
    else
        same = have;
    if (st == CV_OK && same < finished)
        st = differs(b, number, err);
    if (st == CV_OK && same < have && ftruncate(to, (off_t)same) != 0)
        st = cv_fail_errno(err, "%s/%s: cannot cut", s->path, name);
    b->done += same;
    if (st == CV_OK && same < end) {
        st = cv_copy_range(from, name, to, name, same, end, copying, b, err);
        if (st == CV_OK && fsync(to) != 0)
            st = cv_fail_errno(err, "%s/%s: cannot make it durable", s->path, name);
    } else if (st == CV_OK && same < have && fsync(to) != 0)
        st = cv_fail_errno(err, "%s/%s: cannot make it durable", s->path, name);
out:
    if (from >= 0)
        close(from);
    if (to >= 0)
        close(to);
    return st;
}

/* end_of(b, w, number, end): how much of a segment belongs to the log that was verified; a tail that a later
 * segment names does too. */
static cv_status end_of(struct backing *b, const struct cv_walk *w, uint32_t number, uint64_t *end,
                        struct cv_err *err)
{
    *end = w->offset;
    return number == w->segment ? CV_OK : cv_segment_size(&b->from, number, end, err);
}

static cv_status copy_archive(struct backing *b, const struct cv_walk *w, struct cv_err *err)
{
    cv_status st = CV_OK;
    uint64_t end = 0;
    if (b->shelf.segment > w->segment || (b->shelf.segment == w->segment && b->shelf.offset > w->offset))
        return cv_fail(err, CV_ERR_LOG,
                       "%s: goes on to entry %" PRIu64 ", and the vault ends at %" PRIu64
                       ": the vault has gone back. The backup was not touched; see docs/RECOVERY.md",
                       b->shelf.path, b->shelf.size, w->out->head_size);
    for (uint32_t n = 1; st == CV_OK && n <= w->segment; n++) {
        st = end_of(b, w, n, &end, err);
        b->total += end;
    }
    for (uint32_t n = 1; st == CV_OK && n <= w->segment; n++) {
        st = end_of(b, w, n, &end, err);
        if (st == CV_OK && end > 0) {
            st = copy_segment(b, n, end, err);
            b->out->segments++;
        }
    }
    if (st == CV_OK && fsync(b->shelf.archive) != 0)
        st = cv_fail_errno(err, "%s/archive: cannot make it durable", b->shelf.path);
    return st;
}

/* look_at_keys(s, out): what is told of the key files. */
static cv_status look_at_keys(const struct cv_shelf *s, struct cv_backed *out, struct cv_err *err)
{
    static struct cv_shelf_keys list;
    cv_status st = cv_shelf_keys(s, &list, err);
    if (st == CV_OK && list.count == 0)
        st = cv_fail(err, CV_ERR_LOG, "%s/keys: there are none: nothing in this backup can be opened",
                     s->path);
    if (st != CV_OK)
        return st;
    out->key_files = list.count;
    memcpy(out->keys, list.name[list.count - 1], sizeof(out->keys));
    return cv_shelf_open_still(s, &out->still, err);
}

/* finish(b, w, keep): all of it is durable: name the keys, say so, and only then let older keys go. */
static cv_status finish(struct backing *b, const struct cv_walk *w, size_t keep, struct cv_err *err)
{
    size_t removed = 0;
    struct cv_shelf *s = &b->shelf;
    cv_status st = cv_shelf_name_keys(s, b->out->keys, err);
    b->out->before = s->size;
    s->segment = w->segment;
    s->offset = w->offset;
    s->size = w->out->head_size;
    s->root = w->out->head_root;
    st = CV_THEN(st, cv_shelf_finish(s, err));
    st = CV_THEN(st, cv_shelf_rotate(s, keep, &removed, err));
    return CV_THEN(st, look_at_keys(s, b->out, err));
}

/* whose(path, vault): the id in the header of its release keys, which the walk then holds against its log. */
static cv_status whose(const char *path, char vault[static CV_RELEASE_VAULT_BYTES], struct cv_err *err)
{
    bool grown;
    const int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return cv_fail(err, CV_ERR_NOVAULT, "%s: no vault here", path);
    cv_status st = cv_release_peek(dir, vault, &grown);
    if (st == CV_ERR_NOTFOUND)
        st = faccessat(dir, "archive", F_OK, 0) != 0
                 ? cv_fail(err, CV_ERR_NOVAULT, "%s: no vault here", path)
                 : cv_fail(err, CV_ERR_LOG, "release.keys is missing: no record can be opened without it");
    else if (st != CV_OK)
        st = cv_fail(err, CV_ERR_LOG, "release.keys: its header is damaged, or it belongs to another vault");
    close(dir);
    return st;
}

cv_status cv_backup(const char *path, const char *dir, size_t keep, cv_work_fn progress, void *arg,
                    struct cv_backed *out, struct cv_err *err)
{
    struct backing b = {
        .shelf = CV_SHELF_NONE, .from = CV_SEGMENTS_NONE, .out = out, .progress = progress, .arg = arg
    };
    struct cv_walk w = {
        .progress = verifying, .arg = &b, .torn = true, .still = keep_keys, .still_arg = &b
    };
    char vault[CV_RELEASE_VAULT_BYTES];
    struct stat here, there;
    memset(out, 0, sizeof(*out));
    w.out = &out->audit;
    const int at = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    cv_status st = whose(path, vault, err);
    st = CV_THEN(st, cv_segments_open(&b.from, at, false, err));
    st = CV_THEN(st, cv_shelf_claim(dir, vault, &b.shelf, err));
    if (st == CV_OK && fstat(at, &here) == 0 && fstat(b.shelf.dir, &there) == 0)
        out->same_disk = here.st_dev == there.st_dev;
    st = CV_THEN(st, cv_walk_run(path, &w, err));
    st = CV_THEN(st, copy_archive(&b, &w, err));
    st = CV_THEN(st, finish(&b, &w, keep, err));
    if (st != CV_OK)
        cv_shelf_drop_keys(&b.shelf);
    cv_buf_free(&w.checkpoint);
    cv_segments_close(&b.from);
    cv_shelf_close(&b.shelf);
    if (at >= 0)
        close(at);
    return cv_err_note(err, st, dir);
}

cv_status cv_backup_verify(const char *dir, cv_progress_fn progress, void *arg, struct cv_backed *out,
                           struct cv_err *err)
{
    struct cv_shelf s = CV_SHELF_NONE;
    struct cv_walk w = { .progress = progress, .arg = arg, .older = true };
    char keys[CV_SHELF_NAME_BYTES + 8];
    memset(out, 0, sizeof(*out));
    w.out = &out->audit;
    cv_status st = cv_shelf_open(dir, &s, err);
    st = CV_THEN(st, look_at_keys(&s, out, err));
    snprintf(keys, sizeof(keys), "keys/%s", out->keys);
    w.keys = keys;
    w.stop_segment = s.segment;
    w.stop_offset = s.offset;
    st = CV_THEN(st, cv_walk_run(dir, &w, err));
    if (st == CV_OK &&
        (out->audit.head_size != s.size || memcmp(out->audit.head_root.b, s.root.b, sizeof(s.root.b)) != 0))
        st = cv_fail_n(
            err, CV_ERR_LOG, s.size,
            "%s: was finished with a head of %" PRIu64 " entry, and now ends otherwise, at %" PRIu64,
            "%s: was finished with a head of %" PRIu64 " entries, and now ends otherwise, at %" PRIu64, dir,
            s.size, out->audit.head_size);
    if (st == CV_OK && strcmp(out->audit.vault, s.vault) != 0)
        st = cv_fail(err, CV_ERR_LOG, "%s: holds the archive of another vault", dir);
    out->ahead = out->audit.behind ? w.seen_size : 0;
    out->segments = s.segment;
    cv_buf_free(&w.checkpoint);
    cv_shelf_close(&s);
    return st;
}
