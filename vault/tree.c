#include "vault/tree.h"

#include <stdlib.h>
#include <string.h>

void cv_tree_free(struct cv_tree *t)
{
    for (size_t i = 0; i < 64; i++)
        free(t->level[i]);
    memset(t, 0, sizeof(*t));
}

static cv_status make_room(struct cv_tree *t, uint64_t more)
{
    uint64_t room = t->room > 0 ? t->room : 256;
    while (room - t->size < more)
        room *= 2;
    if (room == t->room)
        return CV_OK;
    struct cv_hash *leaves =
        room > SIZE_MAX / sizeof(*leaves) ? NULL : realloc(t->level[0], room * sizeof(*leaves));
    if (leaves == NULL)
        return CV_ERR_NOMEM;
    t->level[0] = leaves;
    t->room = room;
    return CV_OK;
}

cv_status cv_tree_take(struct cv_tree *t, const struct cv_commit *c, struct cv_err *err)
{
    if (c->first != t->size)
        return cv_fail(err, CV_ERR_LOG, "the checkpoints do not go on from one another");
    cv_status st = make_room(t, c->count);
    for (size_t i = 0; i < c->count && st == CV_OK; i++)
        st = cv_leaf_hash(c->vault, c->first + i, &c->leaves[i], &t->level[0][c->first + i]);
    t->size += st == CV_OK ? c->count : 0;
    return st;
}

cv_status cv_tree_grow(struct cv_tree *t)
{
    cv_status st = CV_OK;
    for (unsigned k = 1; t->size >> k > 0 && st == CV_OK; k++) {
        const uint64_t n = t->size >> k;
        t->level[k] = calloc(n, sizeof(*t->level[k]));
        st = t->level[k] == NULL ? CV_ERR_NOMEM : CV_OK;
        for (uint64_t i = 0; i < n && st == CV_OK; i++)
            st = cv_merkle_node(&t->level[k - 1][2 * i], &t->level[k - 1][2 * i + 1], &t->level[k][i]);
    }
    return st;
}

cv_status cv_tree_read(void *arg, unsigned level, uint64_t index, struct cv_hash *out)
{
    const struct cv_tree *t = arg;
    if (level >= 64 || t->level[level] == NULL || index >= t->size >> level)
        return CV_ERR_INTERNAL;
    *out = t->level[level][index];
    return CV_OK;
}

cv_status cv_tree_root(const struct cv_tree *t, uint64_t size, struct cv_hash *root)
{
    struct cv_merkle_edge edge = { 0 };
    cv_status st = size <= t->size ? CV_OK : CV_ERR_ARG;
    for (uint64_t i = 0; i < size && st == CV_OK; i++)
        st = cv_merkle_append(&edge, &t->level[0][i]);
    return CV_THEN(st, cv_merkle_root(&edge, root));
}
