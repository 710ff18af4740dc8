#include "vault/prove.h"

#include <inttypes.h>
#include <string.h>

#include "formats/checkpoint.h"
#include "formats/tlog_proof.h"
#include "vault/tree.h"

/* What is to be proved, of the log up to its last checkpoint. */
struct proving {
    struct cv_custody *c;
    struct cv_tree tree;
    struct cv_buf note; /* the last checkpoint's */
    struct cv_checkpoint head;
    bool cached; /* some of the tree is from the cache, and may be wrong */
    /* entries, or */
    const uint64_t *entries;
    size_t count;
    struct cv_json *proofs;
    /* from an older size */
    uint64_t from;
    struct cv_buf *hashes;
};

/* read_commit(c, index, data, commit): a checkpoint entry. */
static cv_status read_commit(struct cv_custody *c, uint64_t index, struct cv_buf *data,
                             struct cv_commit *commit, struct cv_err *err)
{
    cv_status st = cv_custody_read(c, index, CV_KIND_CHECKPOINT, data, err);
    st = CV_THEN(st, cv_commit_parse(cv_buf_view(data), commit, err));
    return st == CV_ERR_FORMAT ? CV_ERR_LOG : st;
}

/* grow(p): the leaves of those checkpoints that the tree has not. */
static cv_status grow(struct proving *p, struct cv_err *err)
{
    uint64_t at = p->tree.size > 0 ? p->tree.size + 1 : 0, index = 0;
    cv_status st;
    while ((st = cv_catalog_next(cv_custody_catalog(p->c), CV_KIND_CHECKPOINT, at, &index, err)) == CV_OK) {
        struct cv_buf data = { 0 };
        struct cv_commit commit = { 0 };
        st = read_commit(p->c, index, &data, &commit, err);
        st = CV_THEN(st, cv_tree_take(&p->tree, &commit, err));
        cv_commit_free(&commit);
        cv_buf_free(&data);
        if (st != CV_OK)
            return st;
        at = index + 1;
    }
    return st == CV_ERR_NOTFOUND ? CV_OK : st;
}

/* read_head(p): the last checkpoint, which custody has verified, and which the tree must lead to. */
static cv_status read_head(struct proving *p, struct cv_err *err)
{
    struct cv_buf data = { 0 };
    struct cv_commit commit = { 0 };
    struct cv_note note = { 0 };
    struct cv_hash root;
    cv_status st = read_commit(p->c, p->c->chain.edge.size, &data, &commit, err);
    st = CV_THEN(st, cv_buf_append(&p->note, commit.note));
    st = CV_THEN(st, cv_note_parse(commit.note, &note, err));
    st = CV_THEN(st, cv_checkpoint_parse(note.text, &p->head, err));
    st = CV_THEN(st, cv_tree_root(&p->tree, p->tree.size, &root));
    if (st == CV_OK && (p->head.size != p->tree.size || memcmp(root.b, p->head.root.b, sizeof(root.b)) != 0 ||
                        memcmp(root.b, p->c->chain.root.b, sizeof(root.b)) != 0))
        st = cv_fail(err, CV_ERR_LOG, "the leaves of the log do not lead to its last checkpoint");
    cv_note_free(&note);
    cv_commit_free(&commit);
    cv_buf_free(&data);
    return st == CV_ERR_FORMAT ? CV_ERR_LOG : st;
}

/* leaf_of(p, index, out): the commit that covers an entry tells. */
static cv_status leaf_of(struct proving *p, uint64_t index, struct cv_leaf *out, struct cv_err *err)
{
    struct cv_buf data = { 0 };
    struct cv_commit commit = { 0 };
    uint64_t at = 0;
    if (index >= p->tree.size)
        return cv_fail(err, CV_ERR_NOTFOUND, "entry %" PRIu64 " is under no checkpoint yet", index);
    cv_status st = cv_catalog_next(cv_custody_catalog(p->c), CV_KIND_CHECKPOINT, index + 1, &at, err);
    st = CV_THEN(st, read_commit(p->c, at, &data, &commit, err));
    if (st == CV_OK && (index < commit.first || index - commit.first >= commit.count))
        st = CV_ERR_LOG;
    if (st == CV_OK)
        *out = commit.leaves[index - commit.first];
    cv_commit_free(&commit);
    cv_buf_free(&data);
    return st == CV_ERR_NOTFOUND ? CV_ERR_LOG : st;
}

/* not_proved(st): a proof that does not hold is the log's fault, or the cache's. */
static cv_status not_proved(cv_status st, struct cv_err *err)
{
    return st == CV_ERR_AUTH || st == CV_ERR_FORMAT || st == CV_ERR_INTERNAL
               ? cv_fail(err, CV_ERR_LOG, "the hashes of the log do not lead to its last checkpoint")
               : st;
}

static cv_status prove_one(struct proving *p, uint64_t index, struct cv_err *err)
{
    struct cv_tlog_proof proof = { .index = index, .note = cv_buf_view(&p->note) };
    struct cv_leaf leaf;
    struct cv_hash hash;
    struct cv_buf text = { 0 };
    cv_status st = leaf_of(p, index, &leaf, err);
    st = CV_THEN(st, cv_leaf_text(p->c->chain.policy->vault, index, &leaf, &proof.extra));
    st = CV_THEN(st, cv_merkle_leaf(cv_buf_view(&proof.extra), &hash));
    if (st == CV_OK) {
        st = cv_merkle_prove_inclusion(index, p->tree.size, cv_tree_read, &p->tree, &proof.hashes);
        st = CV_THEN(st, cv_merkle_verify_inclusion(index, p->tree.size, &hash, cv_buf_view(&proof.hashes),
                                                    &p->head.root));
        st = not_proved(st, err);
    }
    st = CV_THEN(st, cv_tlog_proof_write(&proof, &text));
    st = CV_THEN(st, cv_json_push(p->proofs, cv_json_strn(cv_buf_view(&text))));
    cv_tlog_proof_free(&proof);
    cv_buf_free(&text);
    return st;
}

static cv_status prove_from(struct proving *p, struct cv_err *err)
{
    struct cv_hash root;
    if (p->from == 0 || p->from > p->tree.size)
        return cv_fail_n(
            err, CV_ERR_NOTFOUND, p->from, "the log has no head of %" PRIu64 " entry: it ends at %" PRIu64,
            "the log has no head of %" PRIu64 " entries: it ends at %" PRIu64, p->from, p->tree.size);
    cv_status st = cv_tree_root(&p->tree, p->from, &root);
    st = CV_THEN(st, cv_merkle_prove_consistency(p->from, p->tree.size, cv_tree_read, &p->tree, p->hashes));
    st = CV_THEN(st, cv_merkle_verify_consistency(p->from, &root, p->tree.size, &p->head.root,
                                                  cv_buf_view(p->hashes)));
    return not_proved(st, err);
}

static cv_status prove(struct proving *p, struct cv_err *err)
{
    cv_status st = grow(p, err);
    st = CV_THEN(st, read_head(p, err));
    for (size_t i = 0; i < p->count && st == CV_OK; i++)
        st = prove_one(p, p->entries[i], err);
    if (p->hashes != NULL)
        st = CV_THEN(st, prove_from(p, err));
    return st;
}

/* run(p): with what the cache has; from nothing if that was wrong. */
static cv_status run(struct proving *p, struct cv_err *err)
{
    struct cv_err why = { 0 };
    cv_tree_open(&p->tree, p->c->chain.policy->vault);
    p->cached = p->tree.size > 0;
    cv_status st = prove(p, &why);
    if (p->cached && (st == CV_ERR_LOG || st == CV_ERR_IO)) {
        why = (struct cv_err){ 0 };
        cv_tree_forget(&p->tree);
        cv_buf_truncate(&p->note, 0);
        if (p->hashes != NULL)
            cv_buf_truncate(p->hashes, 0);
        cv_json_free(p->proofs);
        p->proofs = cv_json_array();
        st = prove(p, &why);
    }
    if (st == CV_OK || st == CV_ERR_NOTFOUND)
        cv_tree_save(&p->tree);
    cv_tree_close(&p->tree);
    if (st != CV_OK && why.status != CV_OK)
        st = cv_fail(err, st, "%s", why.msg);
    return cv_err_note(err, st, "proof");
}

cv_status cv_prove(struct cv_custody *c, const uint64_t *entries, size_t count, struct cv_json *out,
                   struct cv_err *err)
{
    struct proving p = { .c = c, .entries = entries, .count = count, .proofs = cv_json_array() };
    cv_status st = run(&p, err);
    for (size_t i = 0; i < count && st == CV_OK; i++)
        st = cv_json_push(out, cv_json_copy(cv_json_at(p.proofs, i)));
    cv_json_free(p.proofs);
    cv_buf_free(&p.note);
    return st;
}

cv_status cv_prove_from(struct cv_custody *c, uint64_t from, struct cv_buf *proof, struct cv_buf *note,
                        struct cv_err *err)
{
    struct cv_buf hashes = { 0 };
    struct proving p = { .c = c, .from = from, .hashes = &hashes };
    cv_status st = run(&p, err);
    st = CV_THEN(st, cv_buf_append(proof, cv_buf_view(&hashes)));
    st = CV_THEN(st, cv_buf_append(note, cv_buf_view(&p.note)));
    cv_json_free(p.proofs);
    cv_buf_free(&p.note);
    cv_buf_free(&hashes);
    return st;
}
