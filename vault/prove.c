#include "vault/prove.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "formats/checkpoint.h"
#include "formats/tlog_proof.h"

/* The leaves of the log, and the roots of its complete subtrees, level by level. */
struct tree {
    struct cv_leaf *leaves; /* kept for the entries that are proved, */
    bool *wanted;           /* which these are */
    struct cv_hash *level[64];
    uint64_t size; /* leaves */
    struct cv_buf note;
    struct cv_checkpoint head;
};

static void tree_free(struct tree *t)
{
    for (size_t i = 0; i < 64; i++)
        free(t->level[i]);
    free(t->leaves);
    free(t->wanted);
    cv_buf_free(&t->note);
}

/* take(t, commit, wanted, count): the leaves that a checkpoint entry tells of. */
static cv_status take(struct tree *t, const struct cv_commit *c, uint64_t most, const uint64_t *wanted,
                      size_t count, struct cv_err *err)
{
    cv_status st = c->first != t->size || c->count > most - t->size
                       ? cv_fail(err, CV_ERR_LOG, "the checkpoints do not go on from one another")
                       : CV_OK;
    for (size_t i = 0; i < c->count && st == CV_OK; i++) {
        const uint64_t index = c->first + i;
        st = cv_leaf_hash(c->vault, index, &c->leaves[i], &t->level[0][index]);
        for (size_t w = 0; t->wanted[index] && w < count; w++)
            if (wanted[w] == index)
                t->leaves[w] = c->leaves[i];
    }
    t->size += st == CV_OK ? c->count : 0;
    return st;
}

/* grow(t): the levels above the leaves. */
static cv_status grow(struct tree *t)
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

static cv_status read_hash(void *arg, unsigned level, uint64_t index, struct cv_hash *out)
{
    const struct tree *t = arg;
    if (level >= 64 || t->level[level] == NULL || index >= t->size >> level)
        return CV_ERR_INTERNAL;
    *out = t->level[level][index];
    return CV_OK;
}

/* load(c, t, ...): every checkpoint from the first to the last, whose note is kept. */
static cv_status load(struct cv_custody *c, struct tree *t, const uint64_t *wanted, size_t count,
                      struct cv_err *err)
{
    struct cv_catalog *catalog = cv_custody_catalog(c);
    const uint64_t most = c->chain.next;
    uint64_t at = 0, index = 0;
    cv_status st;
    t->leaves = calloc(count + 1, sizeof(*t->leaves));
    t->level[0] = calloc(most + 1, sizeof(*t->level[0]));
    t->wanted = calloc(most + 1, sizeof(*t->wanted));
    if (t->leaves == NULL || t->level[0] == NULL || t->wanted == NULL)
        return CV_ERR_NOMEM;
    for (size_t i = 0; i < count; i++)
        if (wanted[i] < most)
            t->wanted[wanted[i]] = true;
    while ((st = cv_catalog_next(catalog, CV_KIND_CHECKPOINT, at, &index, err)) == CV_OK) {
        struct cv_buf data = { 0 };
        struct cv_commit commit = { 0 };
        st = cv_custody_read(c, index, CV_KIND_CHECKPOINT, &data, err);
        st = CV_THEN(st, cv_commit_parse(cv_buf_view(&data), &commit, err));
        st = CV_THEN(st, take(t, &commit, most, wanted, count, err));
        cv_buf_truncate(&t->note, 0);
        st = CV_THEN(st, cv_buf_append(&t->note, commit.note));
        cv_commit_free(&commit);
        cv_buf_free(&data);
        if (st != CV_OK)
            return st == CV_ERR_FORMAT ? CV_ERR_LOG : st;
        at = index + 1;
    }
    return st == CV_ERR_NOTFOUND ? grow(t) : st;
}

/* check_head(c, t): the leaves lead to the root that the last checkpoint signs, and custody has verified. */
static cv_status check_head(struct cv_custody *c, struct tree *t, struct cv_err *err)
{
    struct cv_note note = { 0 };
    struct cv_merkle_edge edge = { 0 };
    struct cv_hash root;
    cv_status st = cv_note_parse(cv_buf_view(&t->note), &note, err);
    st = CV_THEN(st, cv_checkpoint_parse(note.text, &t->head, err));
    for (uint64_t i = 0; i < t->size && st == CV_OK; i++)
        st = cv_merkle_append(&edge, &t->level[0][i]);
    st = CV_THEN(st, cv_merkle_root(&edge, &root));
    if (st == CV_OK && (t->head.size != t->size || memcmp(root.b, t->head.root.b, sizeof(root.b)) != 0 ||
                        memcmp(root.b, c->chain.root.b, sizeof(root.b)) != 0))
        st = cv_fail(err, CV_ERR_LOG, "the leaves of the log do not lead to its last checkpoint");
    cv_note_free(&note);
    return st;
}

static cv_status prove_one(const struct cv_custody *c, struct tree *t, uint64_t index,
                           const struct cv_leaf *leaf, struct cv_json *out, struct cv_err *err)
{
    struct cv_tlog_proof p = { .index = index, .note = cv_buf_view(&t->note) };
    struct cv_buf text = { 0 };
    cv_status st = index < t->size
                       ? CV_OK
                       : cv_fail(err, CV_ERR_NOTFOUND, "entry %" PRIu64 " is under no checkpoint yet", index);
    st = CV_THEN(st, cv_leaf_text(c->chain.policy->vault, index, leaf, &p.extra));
    st = CV_THEN(st, cv_merkle_prove_inclusion(index, t->size, read_hash, t, &p.hashes));
    st = CV_THEN(st, cv_tlog_proof_write(&p, &text));
    st = CV_THEN(st, cv_json_push(out, cv_json_strn(cv_buf_view(&text))));
    cv_tlog_proof_free(&p);
    cv_buf_free(&text);
    return st;
}

cv_status cv_prove(struct cv_custody *c, const uint64_t *entries, size_t count, struct cv_json *out,
                   struct cv_err *err)
{
    struct tree t = { 0 };
    cv_status st = load(c, &t, entries, count, err);
    st = CV_THEN(st, check_head(c, &t, err));
    for (size_t i = 0; i < count && st == CV_OK; i++)
        st = prove_one(c, &t, entries[i], &t.leaves[i], out, err);
    tree_free(&t);
    return cv_err_note(err, st, "proof");
}

cv_status cv_prove_from(struct cv_custody *c, uint64_t from, struct cv_buf *proof, struct cv_buf *note,
                        struct cv_err *err)
{
    struct tree t = { 0 };
    cv_status st = load(c, &t, NULL, 0, err);
    st = CV_THEN(st, check_head(c, &t, err));
    if (st == CV_OK && (from == 0 || from > t.size))
        st = cv_fail(err, CV_ERR_NOTFOUND, "the log has no head of %" PRIu64 " entries: it ends at %" PRIu64,
                     from, t.size);
    st = CV_THEN(st, cv_merkle_prove_consistency(from, t.size, read_hash, &t, proof));
    st = CV_THEN(st, cv_buf_append(note, cv_buf_view(&t.note)));
    tree_free(&t);
    return cv_err_note(err, st, "proof");
}
