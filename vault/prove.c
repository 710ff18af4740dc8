#include "vault/prove.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "formats/checkpoint.h"
#include "formats/tlog_proof.h"
#include "vault/tree.h"

/* The log, as far as proofs of it need it. */
struct log {
    struct cv_leaf *leaves; /* of the entries that are proved */
    struct cv_tree tree;
    struct cv_buf note;
    struct cv_checkpoint head;
};

static void log_free(struct log *l)
{
    free(l->leaves);
    cv_tree_free(&l->tree);
    cv_buf_free(&l->note);
}

/* keep(l, commit, wanted, count): those of its leaves that will be proved. */
static void keep(struct log *l, const struct cv_commit *c, const uint64_t *wanted, size_t count)
{
    for (size_t w = 0; w < count; w++)
        if (wanted[w] >= c->first && wanted[w] - c->first < c->count)
            l->leaves[w] = c->leaves[wanted[w] - c->first];
}

/* load(c, l, ...): every checkpoint from the first to the last, whose note is kept. */
static cv_status load(struct cv_custody *c, struct log *l, const uint64_t *wanted, size_t count,
                      struct cv_err *err)
{
    struct cv_catalog *catalog = cv_custody_catalog(c);
    uint64_t at = 0, index = 0;
    cv_status st;
    l->leaves = calloc(count + 1, sizeof(*l->leaves));
    if (l->leaves == NULL)
        return CV_ERR_NOMEM;
    while ((st = cv_catalog_next(catalog, CV_KIND_CHECKPOINT, at, &index, err)) == CV_OK) {
        struct cv_buf data = { 0 };
        struct cv_commit commit = { 0 };
        st = cv_custody_read(c, index, CV_KIND_CHECKPOINT, &data, err);
        st = CV_THEN(st, cv_commit_parse(cv_buf_view(&data), &commit, err));
        st = CV_THEN(st, cv_tree_take(&l->tree, &commit, err));
        if (st == CV_OK)
            keep(l, &commit, wanted, count);
        cv_buf_truncate(&l->note, 0);
        st = CV_THEN(st, cv_buf_append(&l->note, commit.note));
        cv_commit_free(&commit);
        cv_buf_free(&data);
        if (st != CV_OK)
            return st == CV_ERR_FORMAT ? CV_ERR_LOG : st;
        at = index + 1;
    }
    return st == CV_ERR_NOTFOUND ? cv_tree_grow(&l->tree) : st;
}

/* check_head(c, l): the leaves lead to the root that the last checkpoint signs, and custody has verified. */
static cv_status check_head(struct cv_custody *c, struct log *l, struct cv_err *err)
{
    struct cv_note note = { 0 };
    struct cv_hash root;
    cv_status st = cv_note_parse(cv_buf_view(&l->note), &note, err);
    st = CV_THEN(st, cv_checkpoint_parse(note.text, &l->head, err));
    st = CV_THEN(st, cv_tree_root(&l->tree, l->tree.size, &root));
    if (st == CV_OK && (l->head.size != l->tree.size || memcmp(root.b, l->head.root.b, sizeof(root.b)) != 0 ||
                        memcmp(root.b, c->chain.root.b, sizeof(root.b)) != 0))
        st = cv_fail(err, CV_ERR_LOG, "the leaves of the log do not lead to its last checkpoint");
    cv_note_free(&note);
    return st;
}

static cv_status prove_one(const struct cv_custody *c, struct log *l, uint64_t index,
                           const struct cv_leaf *leaf, struct cv_json *out, struct cv_err *err)
{
    struct cv_tlog_proof p = { .index = index, .note = cv_buf_view(&l->note) };
    struct cv_buf text = { 0 };
    cv_status st = index < l->tree.size
                       ? CV_OK
                       : cv_fail(err, CV_ERR_NOTFOUND, "entry %" PRIu64 " is under no checkpoint yet", index);
    st = CV_THEN(st, cv_leaf_text(c->chain.policy->vault, index, leaf, &p.extra));
    st = CV_THEN(st, cv_merkle_prove_inclusion(index, l->tree.size, cv_tree_read, &l->tree, &p.hashes));
    st = CV_THEN(st, cv_tlog_proof_write(&p, &text));
    st = CV_THEN(st, cv_json_push(out, cv_json_strn(cv_buf_view(&text))));
    cv_tlog_proof_free(&p);
    cv_buf_free(&text);
    return st;
}

cv_status cv_prove(struct cv_custody *c, const uint64_t *entries, size_t count, struct cv_json *out,
                   struct cv_err *err)
{
    struct log l = { 0 };
    cv_status st = load(c, &l, entries, count, err);
    st = CV_THEN(st, check_head(c, &l, err));
    for (size_t i = 0; i < count && st == CV_OK; i++)
        st = prove_one(c, &l, entries[i], &l.leaves[i], out, err);
    log_free(&l);
    return cv_err_note(err, st, "proof");
}

cv_status cv_prove_from(struct cv_custody *c, uint64_t from, struct cv_buf *proof, struct cv_buf *note,
                        struct cv_err *err)
{
    struct log l = { 0 };
    cv_status st = load(c, &l, NULL, 0, err);
    st = CV_THEN(st, check_head(c, &l, err));
    if (st == CV_OK && (from == 0 || from > l.tree.size))
        st = cv_fail(err, CV_ERR_NOTFOUND, "the log has no head of %" PRIu64 " entries: it ends at %" PRIu64,
                     from, l.tree.size);
    st = CV_THEN(st, cv_merkle_prove_consistency(from, l.tree.size, cv_tree_read, &l.tree, proof));
    st = CV_THEN(st, cv_buf_append(note, cv_buf_view(&l.note)));
    log_free(&l);
    return cv_err_note(err, st, "proof");
}
