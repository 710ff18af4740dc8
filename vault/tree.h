#ifndef CV_VAULT_TREE_H
#define CV_VAULT_TREE_H

#include "formats/leaf.h"
#include "formats/merkle.h"

/**
 * The roots of the complete subtrees of a log, for proofs. Each stands where a growing tree completes it: a
 * leaf, then the subtrees that end with it, the smallest first; so a tree only ever grows at its end, and
 * what is in a file need not be read again.
 *
 * ${XDG_CACHE_HOME:-~/.cache}/casevault/<vault id>/tree: these hashes, 32 bytes each, nothing else. Nothing
 * in it is believed: who proves with it verifies the proof.
 */
struct cv_tree {
    uint64_t size;       /* leaves */
    struct cv_buf fresh; /* hashes that are in no file */
    uint64_t stored;     /* hashes before them, in ${fd} */
    int fd;              /* -1: there is no file */
};
#define CV_TREE_NONE ((struct cv_tree){ .fd = -1 })

/** cv_tree_open(t, vault): with what this user's cache has; an empty tree if it has nothing, or cannot be
 * read.
 */
void cv_tree_open(struct cv_tree *t, const char *vault);
/** cv_tree_save(t): put what is fresh into the cache, if it can be. */
void cv_tree_save(struct cv_tree *t);
/** cv_tree_forget(t): nothing of it, nor of the cache, was right. */
void cv_tree_forget(struct cv_tree *t);
void cv_tree_close(struct cv_tree *t);

/** cv_tree_take(t, c, err): the leaves that the next checkpoint entry tells of. CV_OK; CV_ERR_LOG;
 * CV_ERR_NOMEM; CV_ERR_IO. */
CV_MUST_CHECK cv_status cv_tree_take(struct cv_tree *t, const struct cv_commit *c, struct cv_err *err);
/** cv_tree_read: a cv_merkle_read_fn; ${arg} is the tree. CV_ERR_INTERNAL for what it has not; CV_ERR_IO. */
CV_MUST_CHECK cv_status cv_tree_read(void *arg, unsigned level, uint64_t index, struct cv_hash *out);
/** cv_tree_root(t, size, root): of the first ${size} leaves. CV_OK; CV_ERR_ARG if it has fewer; CV_ERR_IO. */
CV_MUST_CHECK cv_status cv_tree_root(struct cv_tree *t, uint64_t size, struct cv_hash *root);

#endif
