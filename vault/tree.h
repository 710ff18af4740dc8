#ifndef CV_VAULT_TREE_H
#define CV_VAULT_TREE_H

#include "formats/leaf.h"
#include "formats/merkle.h"

/* The roots of the complete subtrees of a log, level by level, as provers read them: 64 bytes for an entry.
 */
struct cv_tree {
    struct cv_hash *level[64];
    uint64_t size, room; /* leaves */
};

/** cv_tree_take(t, c, err): the leaves that the next checkpoint entry tells of. CV_OK; CV_ERR_LOG;
 * CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_tree_take(struct cv_tree *t, const struct cv_commit *c, struct cv_err *err);
/** cv_tree_grow(t): once, when the last leaf was taken: the levels above. */
CV_MUST_CHECK cv_status cv_tree_grow(struct cv_tree *t);
/** cv_tree_read: a cv_merkle_read_fn; ${arg} is the tree. */
CV_MUST_CHECK cv_status cv_tree_read(void *arg, unsigned level, uint64_t index, struct cv_hash *out);
/** cv_tree_root(t, size, root): of the first ${size} leaves. */
CV_MUST_CHECK cv_status cv_tree_root(const struct cv_tree *t, uint64_t size, struct cv_hash *root);
void cv_tree_free(struct cv_tree *t);

#endif
