#include "vault/misconduct.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "formats/note.h"
#include "vault/memory.h"
#include "vault/scan.h"
#include "vault/traces.h"
#include "vault/tree.h"

struct finding {
    struct cv_bytes note;
    struct cv_checkpoint head;
    struct cv_tree tree;
    struct cv_buf last; /* the checkpoint entry just passed */
    /* the first of as many entries as the head, or more */
    bool found;
    struct cv_buf other;
    struct cv_checkpoint at;
    uint8_t key[32]; /* of the log, then */
};

/* on_entry: the leaves; which entry is a checkpoint is known before its commit is verified. */
static cv_status on_entry(void *arg, uint64_t index, enum cv_kind kind, struct cv_bytes data,
                          struct cv_err *err)
{
    struct finding *f = arg;
    struct cv_commit commit = { 0 };
    (void)index;
    if (kind != CV_KIND_CHECKPOINT || f->found)
        return CV_OK;
    cv_status st = cv_commit_parse(data, &commit, err);
    st = CV_THEN(st, cv_tree_take(&f->tree, &commit, err));
    cv_buf_truncate(&f->last, 0);
    st = CV_THEN(st, cv_buf_append(&f->last, commit.note));
    cv_commit_free(&commit);
    return st == CV_ERR_FORMAT ? CV_ERR_LOG : st;
}

static cv_status on_commit(void *arg, struct cv_scan *s, const struct cv_staged *entries, size_t count,
                           struct cv_err *err)
{
    struct finding *f = arg;
    (void)entries;
    (void)count;
    (void)err;
    if (f->found || s->chain->edge.size < f->head.size)
        return CV_OK;
    f->found = true;
    f->at.size = s->chain->edge.size;
    f->at.root = s->chain->root;
    cv_policy_origin(s->chain->policy, f->at.origin);
    memcpy(f->key, s->chain->policy->log.key, sizeof(f->key));
    return cv_buf_append(&f->other, cv_buf_view(&f->last));
}

static cv_status scan(const char *path, struct finding *f, struct cv_err *err)
{
    struct cv_segments segments = CV_SEGMENTS_NONE;
    struct cv_chain chain = { .slots = 1 };
    struct cv_scan s = { .segments = &segments,
                         .chain = &chain,
                         .segment = 1,
                         .on_commit = on_commit,
                         .on_entry = on_entry,
                         .arg = f };
    const int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    cv_status st = dir < 0 ? cv_fail(err, CV_ERR_NOVAULT, "%s: no vault here", path)
                           : cv_traces_archive(&segments, dir, path, err);
    st = CV_THEN(st, cv_scan_run(&s, err));
    if (st == CV_OK && !f->found)
        st = cv_fail_n(err, CV_ERR_NOTFOUND, chain.edge.size,
                       "the log ends at %" PRIu64 " entry, before the head of %" PRIu64
                       ": an older copy, which proves nothing against anybody",
                       "the log ends at %" PRIu64 " entries, before the head of %" PRIu64
                       ": an older copy, which proves nothing against anybody",
                       chain.edge.size, f->head.size);
    cv_scan_free(&s);
    cv_chain_free(&chain);
    cv_segments_close(&segments);
    if (dir >= 0)
        close(dir);
    return st;
}

/* judge(f, out): what the log was when it had as many entries as the head; evidence, if that is not the head.
 */
static cv_status judge(struct finding *f, struct cv_buf *out, struct cv_err *err)
{
    struct cv_misconduct m = { .first = f->note, .second = cv_buf_view(&f->other) };
    struct cv_checkpoint heads[2];
    cv_status st = cv_tree_root(&f->tree, f->head.size, &m.root);
    if (st == CV_OK && memcmp(m.root.b, f->head.root.b, sizeof(m.root)) == 0)
        st = cv_fail(err, CV_ERR_NOTFOUND, "the log goes on from that head: both are true");
    st =
        CV_THEN(st, cv_merkle_prove_consistency(f->head.size, f->at.size, cv_tree_read, &f->tree, &m.hashes));
    st = CV_THEN(st, cv_misconduct_verify(&m, f->key, heads, err)); /* what a third party will see */
    st = CV_THEN(st, cv_misconduct_write(&m, out));
    cv_misconduct_free(&m);
    return st;
}

cv_status cv_misconduct_find(const char *path, struct cv_bytes head, struct cv_buf *out, struct cv_err *err)
{
    struct finding f = { .note = head, .tree = CV_TREE_NONE };
    struct cv_note note = { 0 };
    cv_status st = cv_note_parse(head, &note, err);
    st = CV_THEN(st, cv_checkpoint_parse(note.text, &f.head, err));
    if (st == CV_OK && f.head.size == 0)
        st = cv_fail(err, CV_ERR_FORMAT, "it is a head of no entries");
    st = CV_THEN(st, scan(path, &f, err));
    if (st == CV_OK) {
        st = cv_note_verify(&note, f.at.origin, f.key);
        if (st == CV_ERR_NOTFOUND || st == CV_ERR_AUTH)
            st = cv_fail(err, CV_ERR_AUTH, "the head is not signed with the key that this log had then");
    }
    st = CV_THEN(st, judge(&f, out, err));
    cv_note_free(&note);
    cv_tree_close(&f.tree);
    cv_buf_free(&f.last);
    cv_buf_free(&f.other);
    return cv_err_note(err, st, "evidence");
}

cv_status cv_misconduct_keep(const char *path, const char *vault, char out[static 4096], struct cv_err *err)
{
    struct cv_buf head = { 0 }, evidence = { 0 };
    cv_status st = cv_memory_kept(vault, "head", &head, err);
    st = CV_THEN(st, cv_misconduct_find(path, cv_buf_view(&head), &evidence, err));
    st = CV_THEN(st, cv_memory_keep(vault, "misconduct", cv_buf_view(&evidence), out, err));
    cv_buf_free(&head);
    cv_buf_free(&evidence);
    return st;
}
