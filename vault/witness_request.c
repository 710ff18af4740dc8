#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/attest.h"
#include "formats/checkpoint.h"
#include "vault/scan.h"
#include "vault/traces.h"
#include "vault/witness.h"

struct staged {
    uint64_t index;
    struct cv_attest attest;
};

/* What is gathered on the way through the log. Attest entries of a commit count once it is whole. */
struct gathering {
    const struct cv_note_key *witness; /* NULL: anybody */
    uint64_t from;
    struct cv_hash *leaves;
    uint64_t size, room;
    struct cv_hash *roots; /* of the checkpoint of each size, where there is one */
    bool *is_checkpoint;
    uint64_t last; /* the last one with a cosignature */
    struct cv_buf commit;
    struct staged *attests;
    size_t attest_count;
    struct cv_buf note;
    uint8_t log[CV_ED25519_PUBLIC_BYTES],
        in_force[CV_ED25519_PUBLIC_BYTES]; /* who signed it, who signs the next */
};

/* drop(g, from): attest entries from this index on. */
static void drop(struct gathering *g, uint64_t from)
{
    while (g->attest_count > 0 && g->attests[g->attest_count - 1].index >= from)
        cv_attest_free(&g->attests[--g->attest_count].attest);
}

static cv_status on_entry(void *arg, uint64_t index, enum cv_kind kind, struct cv_bytes data,
                          struct cv_err *err)
{
    struct gathering *g = arg;
    (void)err;
    drop(g, index); /* of a tail that was torn off */
    if (kind == CV_KIND_CHECKPOINT) {
        cv_buf_truncate(&g->commit, 0);
        return cv_buf_append(&g->commit, data);
    }
    if (kind != CV_KIND_ATTEST)
        return CV_OK;
    struct staged *more = realloc(g->attests, (g->attest_count + 1) * sizeof(*more));
    if (more == NULL)
        return CV_ERR_NOMEM;
    g->attests = more;
    more[g->attest_count] = (struct staged){ .index = index };
    if (cv_attest_parse(data, &more[g->attest_count].attest, NULL) == CV_OK)
        g->attest_count++;
    return CV_OK;
}

/* room(g, size): for so many leaves. */
static cv_status room(struct gathering *g, uint64_t size)
{
    if (size < g->room)
        return CV_OK;
    const uint64_t n = 2 * size + 64;
    struct cv_hash *leaves = realloc(g->leaves, n * sizeof(*leaves));
    if (leaves != NULL)
        g->leaves = leaves;
    struct cv_hash *roots = realloc(g->roots, n * sizeof(*roots));
    if (roots != NULL)
        g->roots = roots;
    bool *is = realloc(g->is_checkpoint, n * sizeof(*is));
    if (is != NULL)
        g->is_checkpoint = is;
    if (leaves == NULL || roots == NULL || is == NULL)
        return CV_ERR_NOMEM;
    memset(is + g->room, 0, (n - g->room) * sizeof(*is));
    g->room = n;
    return CV_OK;
}

/* look_at(g, a, origin): a cosignature of the witness in question. */
static cv_status look_at(struct gathering *g, const struct cv_attest *a, const char *vault)
{
    struct cv_buf text = { 0 };
    struct cv_checkpoint c = { .size = a->checkpoint };
    cv_status st = CV_OK;
    if (a->kind != CV_ATTEST_COSIGNATURE || a->checkpoint >= g->room || !g->is_checkpoint[a->checkpoint] ||
        a->checkpoint <= g->last)
        return CV_OK;
    snprintf(c.origin, sizeof(c.origin), "casevault/%s", vault);
    c.root = g->roots[a->checkpoint];
    if (g->witness != NULL) {
        st = cv_checkpoint_text(&c, &text);
        st = CV_THEN(
            st, cv_cosignature_verify(cv_buf_view(&a->value), cv_buf_view(&text), g->witness, NULL, NULL));
    }
    if (st == CV_OK)
        g->last = a->checkpoint;
    cv_buf_free(&text);
    return st == CV_ERR_NOMEM || st == CV_ERR_INTERNAL ? st : CV_OK;
}

/* logs_own(note, vault, out): the note with the log's signature alone: which member wrote last is no business
 * of a witness. */
static cv_status logs_own(struct cv_bytes note, const char *vault, struct cv_buf *out)
{
    struct cv_note n;
    struct cv_buf begin = { 0 };
    cv_status st = cv_note_parse(note, &n, NULL);
    st = CV_THEN(st, cv_buf_append(out, n.text));
    st = CV_THEN(st, cv_buf_str(out, "\n"));
    st = CV_THEN(st, cv_buf_printf(&begin, "\xe2\x80\x94 casevault/%s ", vault));
    struct cv_bytes rest = CV_BYTES(note.p, 0);
    if (st == CV_OK)
        rest = CV_BYTES(note.p + n.text.n + 1, note.n - n.text.n - 1);
    while (st == CV_OK && rest.n > 0) {
        const size_t line = (size_t)((const uint8_t *)memchr(rest.p, '\n', rest.n) - rest.p) + 1;
        if (line > begin.n && memcmp(rest.p, begin.p, begin.n) == 0)
            st = cv_buf_append(out, CV_BYTES(rest.p, line));
        rest = CV_BYTES(rest.p + line, rest.n - line);
    }
    cv_note_free(&n);
    cv_buf_free(&begin);
    return st;
}

static cv_status on_commit(void *arg, struct cv_scan *s, const struct cv_staged *entries, size_t count,
                           struct cv_err *err)
{
    struct gathering *g = arg;
    struct cv_commit c = { 0 };
    const uint64_t size = s->chain->edge.size;
    (void)entries;
    (void)count;
    cv_status st = cv_commit_parse(cv_buf_view(&g->commit), &c, err);
    st = CV_THEN(st, room(g, size));
    if (st == CV_OK && (c.first != g->size || c.count != size - g->size))
        st = cv_fail(err, CV_ERR_INTERNAL, "checkpoint: its leaves are not those after the one before");
    for (size_t i = 0; i < c.count && st == CV_OK; i++)
        st = cv_leaf_hash(c.vault, c.first + i, &c.leaves[i], &g->leaves[c.first + i]);
    cv_buf_truncate(&g->note, 0);
    st = CV_THEN(st, logs_own(c.note, c.vault, &g->note));
    if (st == CV_OK) {
        /* A policy is in force from the next commit on; only the first judges itself. */
        memcpy(g->log, g->size > 0 ? g->in_force : s->chain->policy->log.key, sizeof(g->log));
        memcpy(g->in_force, s->chain->policy->log.key, sizeof(g->in_force));
        g->size = size;
        g->roots[size] = s->chain->root;
        g->is_checkpoint[size] = true;
    }
    for (size_t i = 0; i < g->attest_count && st == CV_OK; i++)
        st = look_at(g, &g->attests[i].attest, c.vault);
    drop(g, 0);
    cv_commit_free(&c);
    return st;
}

/* read_node(arg, level, index, out): the root of a complete subtree, from its leaves. */
static cv_status read_node(void *arg, unsigned level, uint64_t index, struct cv_hash *out)
{
    const struct gathering *g = arg;
    struct cv_merkle_edge edge = { 0 };
    cv_status st = level < 64 && index < g->size >> level ? CV_OK : CV_ERR_INTERNAL;
    const uint64_t n = (uint64_t)1 << level;
    for (uint64_t i = 0; i < n && st == CV_OK; i++)
        st = cv_merkle_append(&edge, &g->leaves[index * n + i]);
    return CV_THEN(st, cv_merkle_root(&edge, out));
}

/* write_request(g, asked, out): when all of the log has been passed. */
static cv_status write_request(struct gathering *g, struct cv_witness_asked *asked, struct cv_buf *out,
                               struct cv_err *err)
{
    struct cv_buf proof = { 0 };
    cv_status st = CV_OK;
    asked->from = g->from != CV_WITNESS_LAST ? g->from : g->last;
    asked->size = g->size;
    if (asked->from > 0 && (asked->from > g->size || !g->is_checkpoint[asked->from]))
        st = cv_fail(err, CV_ERR_NOTFOUND, "--from: no checkpoint of this log has the size %llu",
                     (unsigned long long)asked->from);
    if (st == CV_OK && asked->from > 0 && asked->from < g->size)
        st = cv_merkle_prove_consistency(asked->from, g->size, read_node, g, &proof);
    st = CV_THEN(st, cv_witness_request_write(asked->from, cv_buf_view(&proof), cv_buf_view(&g->note), out));
    cv_buf_free(&proof);
    return cv_err_note(err, st, "request");
}

cv_status cv_witness_request(const char *path, uint64_t from, const struct cv_note_key *witness,
                             struct cv_buf *out, struct cv_witness_asked *asked, struct cv_err *err)
{
    struct cv_segments segments = CV_SEGMENTS_NONE;
    struct cv_chain chain = { .slots = 1 };
    struct gathering g = { .witness = witness, .from = from };
    struct cv_scan scan = { .segments = &segments,
                            .chain = &chain,
                            .segment = 1,
                            .on_commit = on_commit,
                            .on_entry = on_entry,
                            .arg = &g };
    memset(asked, 0, sizeof(*asked));
    const int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    cv_status st = dir < 0 ? cv_fail(err, CV_ERR_NOVAULT, "%s: no vault here", path)
                           : cv_traces_archive(&segments, dir, path, err);
    st = CV_THEN(st, cv_scan_run(&scan, err));
    if (st == CV_OK && scan.tail == CV_TAIL_DAMAGED)
        st = cv_fail(err, CV_ERR_LOG, "%s", scan.tail_why);
    if (st == CV_OK && !chain.started)
        st = cv_traces_judge(dir, path, err);
    st = CV_THEN(st, write_request(&g, asked, out, err));
    if (st == CV_OK) {
        cv_policy_origin(chain.policy, asked->log.name);
        memcpy(asked->log.public, g.log, sizeof(asked->log.public));
        asked->training = chain.policy->training;
    }
    drop(&g, 0);
    free(g.attests);
    free(g.leaves);
    free(g.roots);
    free(g.is_checkpoint);
    cv_buf_free(&g.commit);
    cv_buf_free(&g.note);
    cv_scan_free(&scan);
    cv_chain_free(&chain);
    cv_segments_close(&segments);
    if (dir >= 0)
        close(dir);
    return st;
}
