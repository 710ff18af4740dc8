#include "vault/tree.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vault/memory.h"
#include "vault/regular.h"

#define HASH_BYTES sizeof(struct cv_hash)
#define PATH_ROOM 4096
#define FRESH_MOST ((size_t)128 << 10) /* in memory, where there is a file */

/* place(level, index): how many hashes are complete before this one: the leaves up to its last, the subtrees
 * that ended before that, and its own smaller ones. */
static uint64_t place(unsigned level, uint64_t index)
{
    const uint64_t last = ((index + 1) << level) - 1; /* its last leaf */
    uint64_t n = 0;
    for (uint64_t i = last; i > 0; i >>= 1)
        n += i;
    return n + level;
}

/* hashes_of(size): of a tree of so many leaves. */
static uint64_t hashes_of(uint64_t size)
{
    uint64_t n = 0;
    for (uint64_t i = size; i > 0; i >>= 1)
        n += i;
    return n;
}

/* size_of(hashes): the leaves of the largest tree that has no more. */
static uint64_t size_of(uint64_t hashes)
{
    uint64_t low = 0, high = hashes;
    while (low < high) {
        const uint64_t mid = high - (high - low) / 2;
        if (hashes_of(mid) <= hashes)
            low = mid;
        else
            high = mid - 1;
    }
    return low;
}

void cv_tree_open(struct cv_tree *t, const char *vault)
{
    char dir[PATH_ROOM], path[PATH_ROOM + 8];
    *t = CV_TREE_NONE;
    if (cv_user_dir("XDG_CACHE_HOME", ".cache", vault, dir, NULL) != CV_OK)
        return;
    snprintf(path, sizeof(path), "%s/tree", dir);
    t->fd = cv_open_regular(AT_FDCWD, path, O_RDWR | O_CREAT, 0600);
    const off_t end = t->fd >= 0 ? lseek(t->fd, 0, SEEK_END) : 0;
    t->size = end > 0 ? size_of((uint64_t)end / HASH_BYTES) : 0;
    t->stored = hashes_of(t->size);
}

void cv_tree_save(struct cv_tree *t)
{
    if (t->fd < 0 || t->fresh.n == 0)
        return;
    size_t done = 0;
    while (done < t->fresh.n) {
        const ssize_t n =
            pwrite(t->fd, t->fresh.p + done, t->fresh.n - done, (off_t)(t->stored * HASH_BYTES + done));
        if (n <= 0)
            return; /* what stands there will do, or will be found wrong */
        done += (size_t)n;
    }
    t->stored += t->fresh.n / HASH_BYTES;
    cv_buf_truncate(&t->fresh, 0);
}

void cv_tree_forget(struct cv_tree *t)
{
    if (t->fd >= 0 && ftruncate(t->fd, 0) != 0) {
        close(t->fd);
        t->fd = -1;
    }
    t->size = t->stored = 0;
    cv_buf_truncate(&t->fresh, 0);
}

void cv_tree_close(struct cv_tree *t)
{
    if (t->fd >= 0)
        close(t->fd);
    cv_buf_free(&t->fresh);
    *t = CV_TREE_NONE;
}

static cv_status read_at(const struct cv_tree *t, uint64_t at, struct cv_hash *out)
{
    if (at >= t->stored) {
        if ((at - t->stored + 1) * HASH_BYTES > t->fresh.n)
            return CV_ERR_INTERNAL;
        memcpy(out->b, t->fresh.p + (at - t->stored) * HASH_BYTES, HASH_BYTES);
        return CV_OK;
    }
    return pread(t->fd, out->b, HASH_BYTES, (off_t)(at * HASH_BYTES)) == (ssize_t)HASH_BYTES ? CV_OK
                                                                                             : CV_ERR_IO;
}

/* append(t, leaf): it, and the subtrees that end with it. */
static cv_status append(struct cv_tree *t, const struct cv_hash *leaf)
{
    struct cv_hash h = *leaf, left;
    cv_status st = cv_buf_append(&t->fresh, CV_ARR(h.b));
    for (unsigned k = 0; st == CV_OK && (t->size >> k & 1) != 0; k++) {
        st = read_at(t, place(k, (t->size >> k) - 1), &left);
        st = CV_THEN(st, cv_merkle_node(&left, &h, &h));
        st = CV_THEN(st, cv_buf_append(&t->fresh, CV_ARR(h.b)));
    }
    t->size += st == CV_OK;
    return st;
}

cv_status cv_tree_take(struct cv_tree *t, const struct cv_commit *c, struct cv_err *err)
{
    struct cv_hash leaf;
    if (c->first != t->size)
        return cv_fail(err, CV_ERR_LOG, "the checkpoints do not go on from one another");
    cv_status st = CV_OK;
    for (size_t i = 0; i < c->count && st == CV_OK; i++) {
        st = cv_leaf_hash(c->vault, c->first + i, &c->leaves[i], &leaf);
        st = CV_THEN(st, append(t, &leaf));
    }
    if (st == CV_OK && t->fresh.n >= FRESH_MOST)
        cv_tree_save(t);
    return st;
}

cv_status cv_tree_read(void *arg, unsigned level, uint64_t index, struct cv_hash *out)
{
    const struct cv_tree *t = arg;
    return level >= 64 || index >= t->size >> level ? CV_ERR_INTERNAL : read_at(t, place(level, index), out);
}

cv_status cv_tree_root(struct cv_tree *t, uint64_t size, struct cv_hash *root)
{
    struct cv_merkle_edge edge = { .size = size };
    cv_status st = size <= t->size ? CV_OK : CV_ERR_ARG;
    for (unsigned k = 64; k-- > 0 && st == CV_OK;)
        if ((size >> k & 1) != 0)
            st = cv_tree_read(t, k, (size >> k) - 1, &edge.h[edge.count++]);
    return CV_THEN(st, cv_merkle_root(&edge, root));
}
