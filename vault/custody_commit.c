#include "vault/custody.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "formats/checkpoint.h"
#include "vault/memory.h"

#define LOCK_TRIES 100
#define LOCK_PAUSE_NS 50000000L /* five seconds in all */

void cv_custody_sign_as(struct cv_custody *c, const struct cv_policy *policy,
                        const struct cv_member_key *member, cv_sign_fn sign, void *arg,
                        struct cv_ed25519_key *log)
{
    cv_policy_origin(policy, c->log_name);
    cv_policy_member_keyname(policy, member->pseudonym, c->member_name);
    c->log = (struct cv_note_signer){ c->log_name, cv_ed25519_public(log), cv_sign_key, log };
    c->member = (struct cv_note_signer){ c->member_name, member->sign, sign, arg };
}

void cv_custody_sign_recovery(struct cv_custody *c, const struct cv_policy *policy,
                              struct cv_ed25519_key *recovery, struct cv_ed25519_key *log)
{
    cv_policy_origin(policy, c->log_name);
    cv_policy_recovery_keyname(policy, c->member_name);
    c->log = (struct cv_note_signer){ c->log_name, cv_ed25519_public(log), cv_sign_key, log };
    c->member = (struct cv_note_signer){ c->member_name, cv_ed25519_public(recovery), cv_sign_key, recovery };
}

static cv_status take_lock(struct cv_custody *c, struct cv_err *err)
{
    const struct timespec pause = { .tv_nsec = LOCK_PAUSE_NS };
    for (int i = 0; i < LOCK_TRIES; i++) {
        if (flock(c->lock, LOCK_EX | LOCK_NB) == 0) {
            c->locked = true;
            return CV_OK;
        }
        if (errno != EWOULDBLOCK && errno != EINTR)
            return cv_fail_errno(err, "%s/lock: cannot lock", c->path);
        nanosleep(&pause, NULL);
    }
    return cv_fail(err, CV_ERR_LOCKED, "%s: somebody else is writing to this vault; try again in a moment",
                   c->path);
}

/* name_torn(c): the new segment begins by naming what was left behind in those before. */
static cv_status name_torn(struct cv_custody *c, struct cv_err *err)
{
    cv_status st = CV_OK;
    if (c->torn_count == 0)
        return CV_OK;
    if (c->tail == CV_TAIL_DAMAGED)
        return cv_fail(err, CV_ERR_LOG, "%s", c->tail_why);
    /* Keys of commits that never became whole must not open anything later. */
    st = cv_release_renew(&c->release, c->chain.slots, err);
    c->segment = c->torn[c->torn_count - 1].segment + 1;
    c->offset = 0;
    for (size_t i = 0; i < c->torn_count && st == CV_OK; i++) {
        struct cv_buf text = { 0 };
        st = cv_torn_write(&c->torn[i], &text);
        st = CV_THEN(st, cv_custody_add(c, CV_KIND_TORN, cv_buf_view(&text), NULL, NULL, err));
        cv_buf_free(&text);
    }
    return st;
}

cv_status cv_custody_begin(struct cv_custody *c, struct cv_err *err)
{
    cv_status st = take_lock(c, err);
    if (st == CV_OK && c->chain.started)
        st = cv_custody_refresh(c, err);
    c->bytes.max = CV_BUF_MAX;
    st = CV_THEN(st, cv_tar_writer_new(&c->bytes, &c->tar));
    c->slots = c->chain.slots;
    st = CV_THEN(st, name_torn(c, err));
    if (st != CV_OK)
        cv_custody_abort(c);
    return cv_err_note(err, st, "starting a commit");
}

/* take_pending(c): the first that waits; NULL: none does. */
static struct cv_pending *take_pending(struct cv_custody *c)
{
    struct cv_pending *p = c->pending;
    if (p == NULL)
        return NULL;
    c->pending = p->next;
    c->pending_count--;
    return p;
}

void cv_custody_abort(struct cv_custody *c)
{
    for (struct cv_pending *p; (p = take_pending(c)) != NULL;)
        p->drop(p);
    cv_tar_writer_free(c->tar);
    c->tar = NULL;
    cv_buf_truncate(&c->bytes, 0);
    c->count = 0;
    if (c->locked && flock(c->lock, LOCK_UN) == 0)
        c->locked = false;
}

static cv_status make_room(struct cv_custody *c)
{
    if (c->count < c->room)
        return CV_OK;
    const size_t room = c->room == 0 ? 64 : 2 * c->room;
    struct cv_leaf *leaves = realloc(c->leaves, room * sizeof(*leaves));
    if (leaves == NULL)
        return CV_ERR_NOMEM;
    c->leaves = leaves;
    struct cv_place *places = realloc(c->places, room * sizeof(*places));
    if (places == NULL)
        return CV_ERR_NOMEM;
    c->places = places;
    c->room = room;
    return CV_OK;
}

uint64_t cv_custody_next(const struct cv_custody *c)
{
    return c->chain.next + c->count + c->pending_count;
}

/* room_for(c): may the commit have one more? */
static cv_status room_for(struct cv_custody *c, struct cv_err *err)
{
    cv_status st = c->tar == NULL                                            ? CV_ERR_INTERNAL
                   : c->count + c->pending_count >= CV_COMMIT_LEAVES_MAX - 1 ? CV_ERR_LIMIT
                                                                             : make_room(c);
    return st == CV_OK ? CV_OK : cv_fail(err, st, "commit: no room for another entry");
}

/* append(c, ...): cv_custody_add, after all that was promised. */
static cv_status append(struct cv_custody *c, enum cv_kind kind, struct cv_bytes data, const uint8_t *bind,
                        uint64_t *index, struct cv_err *err)
{
    char name[CV_ENTRY_NAME_BYTES];
    const uint64_t at = c->chain.next + c->count;
    const size_t start = c->bytes.n;
    cv_status st = room_for(c, err);
    if (st != CV_OK)
        return st;
    cv_entry_name(at, kind, name);
    st = cv_tar_add(c->tar, name, data, err);
    if (st != CV_OK)
        return st;
    struct cv_leaf *leaf = &c->leaves[c->count];
    *leaf = (struct cv_leaf){ .kind = kind, .bound = bind != NULL };
    if (bind != NULL)
        memcpy(leaf->bind, bind, sizeof(leaf->bind));
    c->places[c->count] = (struct cv_place){ .offset = start, .bytes = c->bytes.n - start };
    st = cv_sha256(CV_BYTES(c->bytes.p + start, c->bytes.n - start), leaf->hash);
    if (st == CV_OK) {
        c->count++;
        if (index != NULL)
            *index = at;
    }
    return cv_err_note(err, st, name);
}

/* settle(c, most): finish what was promised until only so much waits. */
static cv_status settle(struct cv_custody *c, size_t most, struct cv_err *err)
{
    cv_status st = CV_OK;
    while (st == CV_OK && c->pending_count > most) {
        struct cv_buf data = { 0 };
        uint8_t bind[CV_SHA256_BYTES];
        bool bound = false;
        struct cv_pending *p = take_pending(c);
        st = p->finish(p, &data, bind, &bound, err);
        st = CV_THEN(st, append(c, p->kind, cv_buf_view(&data), bound ? bind : NULL, NULL, err));
        p->drop(p);
        cv_buf_free(&data);
    }
    return st;
}

cv_status cv_custody_add(struct cv_custody *c, enum cv_kind kind, struct cv_bytes data, const uint8_t *bind,
                         uint64_t *index, struct cv_err *err)
{
    cv_status st = settle(c, 0, err);
    return CV_THEN(st, append(c, kind, data, bind, index, err));
}

/* So many may be in the making: enough that no core waits for another. */
#define PENDING_MAX 32

cv_status cv_custody_promise(struct cv_custody *c, struct cv_pending *pending, uint64_t *index,
                             struct cv_err *err)
{
    cv_status st = settle(c, PENDING_MAX - 1, err);
    st = CV_THEN(st, room_for(c, err));
    if (st != CV_OK) {
        pending->drop(pending);
        return st;
    }
    *index = cv_custody_next(c);
    pending->next = NULL;
    *(c->pending == NULL ? &c->pending : c->pending_last) = pending;
    c->pending_last = &pending->next;
    c->pending_count++;
    return CV_OK;
}

cv_status cv_custody_take_slot(struct cv_custody *c, uint64_t *slot, struct cv_secret *key,
                               struct cv_err *err)
{
    *slot = c->slots;
    cv_status st = cv_release_fresh(&c->release, c->slots, key, err);
    if (st == CV_OK)
        c->slots++;
    return st;
}

cv_status cv_custody_destroy(struct cv_custody *c, const uint64_t *slots, size_t count, struct cv_err *err)
{
    return c->locked ? cv_release_destroy(&c->release, slots, count, err) : CV_ERR_INTERNAL;
}

/* grow(c, edge, root): the tree with the last checkpoint and this commit's entries. */
static cv_status grow(const struct cv_custody *c, const char *vault, struct cv_merkle_edge *edge,
                      struct cv_hash *root)
{
    struct cv_hash leaf;
    cv_status st = CV_OK;
    *edge = c->chain.edge;
    if (c->chain.started) {
        st = cv_leaf_hash(vault, edge->size, &c->chain.last, &leaf);
        st = CV_THEN(st, cv_merkle_append(edge, &leaf));
    }
    for (size_t i = 0; i < c->count && st == CV_OK; i++) {
        st = cv_leaf_hash(vault, c->chain.next + i, &c->leaves[i], &leaf);
        st = CV_THEN(st, cv_merkle_append(edge, &leaf));
    }
    return CV_THEN(st, cv_merkle_root(edge, root));
}

/* A signature made on another core, while this one makes the other. */
struct elsewhere {
    struct cv_custody *c;
    const struct cv_note_signer *by;
    struct cv_bytes text;
    struct cv_task task;
    uint8_t sig[CV_ED25519_SIG_BYTES];
    cv_status st;
};

static void sign_elsewhere(void *arg)
{
    struct elsewhere *e = arg;
    e->st = e->by->sign(e->by->arg, e->text, e->sig);
}

/* signed_elsewhere: a cv_sign_fn, of the text that was given. */
static cv_status signed_elsewhere(void *arg, struct cv_bytes msg, uint8_t sig[static CV_ED25519_SIG_BYTES])
{
    struct elsewhere *e = arg;
    cv_beside_finish(e->c->beside, &e->task);
    if (e->st == CV_OK && !cv_bytes_equal(msg, e->text))
        return CV_ERR_INTERNAL;
    memcpy(sig, e->sig, sizeof(e->sig));
    return e->st;
}

/* sign_both(c, text, note): by the member, and by the log. */
static cv_status sign_both(struct cv_custody *c, struct cv_bytes text, struct cv_buf *note,
                           struct cv_err *err)
{
    struct elsewhere log = { .c = c, .by = &c->log, .text = text };
    log.task = (struct cv_task){ .fn = sign_elsewhere, .arg = &log };
    cv_beside_give(&c->beside, &log.task);
    const struct cv_note_signer signers[2] = { { c->log.name, c->log.public, signed_elsewhere, &log },
                                               c->member };
    cv_status st = cv_note_sign(text, signers, 2, note, err);
    cv_beside_finish(c->beside, &log.task);
    return st;
}

/* close_commit(c, edge, root): add the checkpoint entry; its leaf stands after the others. */
static cv_status close_commit(struct cv_custody *c, struct cv_merkle_edge *edge, struct cv_hash *root,
                              struct cv_err *err)
{
    struct cv_checkpoint head = { 0 };
    struct cv_commit doc = { .first = c->chain.edge.size, .slots = c->slots, .edge = c->chain.edge };
    struct cv_buf text = { 0 }, note = { 0 }, data = { .max = CV_COMMIT_MAX_BYTES };
    const size_t before = c->chain.started ? 1 : 0;
    memcpy(doc.vault, c->log_name + strlen("casevault/"), sizeof(doc.vault));
    memcpy(head.origin, c->log_name, sizeof(head.origin));
    doc.count = c->count + before;
    doc.leaves = calloc(doc.count, sizeof(*doc.leaves));
    cv_status st = doc.leaves == NULL ? CV_ERR_NOMEM : grow(c, doc.vault, edge, root);
    if (st == CV_OK) {
        if (before > 0)
            doc.leaves[0] = c->chain.last;
        memcpy(doc.leaves + before, c->leaves, c->count * sizeof(*doc.leaves));
        head.size = edge->size;
        head.root = *root;
        st = cv_checkpoint_text(&head, &text);
    }
    st = CV_THEN(st, sign_both(c, cv_buf_view(&text), &note, err));
    doc.note = cv_buf_view(&note);
    st = CV_THEN(st, cv_commit_write(&doc, &data));
    st = CV_THEN(st, cv_custody_add(c, CV_KIND_CHECKPOINT, cv_buf_view(&data), NULL, NULL, err));
    free(doc.leaves);
    cv_buf_free(&text);
    cv_buf_free(&note);
    cv_buf_free(&data);
    return st;
}

/* rehearse(c): a commit with a policy is judged as every reader will judge it, before it is written. */
static cv_status rehearse(struct cv_custody *c, struct cv_err *err)
{
    struct cv_tar_entry entry;
    cv_status st = CV_OK;
    for (size_t i = 0; i < c->count && st == CV_OK; i++) {
        st = cv_tar_read(CV_BYTES(c->bytes.p + c->places[i].offset, (size_t)c->places[i].bytes), &entry, err);
        const uint64_t index = c->chain.next + c->chain.staged_count;
        if (st == CV_OK && i + 1 < c->count)
            st = cv_chain_entry(&c->chain, index, c->leaves[i].kind, c->leaves[i].hash, entry.data, err);
        else if (st == CV_OK)
            st = cv_chain_checkpoint(&c->chain, index, c->leaves[i].hash, entry.data, NULL, NULL, err);
    }
    if (st != CV_OK)
        cv_chain_drop(&c->chain);
    return st;
}

/* ---- the catalog follows ----
 * A commit is durable in the archive; where its entries lie is kept here and goes into the catalog now and
 * then, at the latest when somebody looks, or the vault is closed. If that never happens, the next opening
 * reads it from the archive. */
#define KEPT_MAX 1024

/* write_kept(c): those entries and the tip, in one transaction, unless another process of this user was there
 * first. */
static cv_status write_kept(struct cv_custody *c)
{
    struct cv_tip tip = { 0 };
    cv_status st = cv_catalog_begin(c->catalog, NULL);
    st = CV_THEN(st, cv_catalog_tip(c->catalog, &tip, NULL));
    if (st == CV_ERR_NOTFOUND)
        st = CV_OK;
    if (st == CV_OK && tip.next < c->chain.next) {
        for (size_t i = 0; i < c->kept_count && st == CV_OK; i++)
            st = cv_catalog_add(c->catalog, c->kept_first + i, c->kept[i].kind, &c->kept[i].place,
                                c->kept[i].hash, NULL);
        if (c->policy.index >= c->kept_first)
            st = CV_THEN(st, cv_catalog_add_policy(c->catalog, &c->policy, NULL));
        cv_custody_tip(c, &tip);
        st = CV_THEN(st, cv_catalog_set_tip(c->catalog, &tip, NULL));
    }
    return CV_THEN(st, cv_catalog_commit(c->catalog, NULL));
}

struct cv_catalog *cv_custody_catalog(struct cv_custody *c)
{
    if (c->kept_count > 0 && write_kept(c) != CV_OK) {
        cv_catalog_rollback(c->catalog);
        if (cv_catalog_mend(c->catalog, CV_ERR_IO, NULL) != CV_OK)
            c->stale = true;
    }
    c->kept_count = 0;
    return c->catalog;
}

/* keep(c, first): remember where the entries of the commit lie, and in this user's memory how far the log
 * goes. */
static void keep(struct cv_custody *c, uint64_t first)
{
    const bool policy = c->chain.adopted.number > 0 && c->chain.adopted.index >= first;
    /* First: whoever founds a vault has seen it, whatever there is no room for afterwards. */
    if (cv_memory_write(&c->memory, c->chain.policy->vault, c->chain.edge.size, &c->chain.root, NULL) !=
        CV_OK)
        c->stale = true;
    if (c->kept_count == 0)
        c->kept_first = first;
    if (c->kept_count + c->count > c->kept_room) {
        const size_t room = 2 * (c->kept_count + c->count);
        struct cv_kept *more = realloc(c->kept, room * sizeof(*more));
        if (more == NULL) {
            c->kept_count = 0;
            c->stale = true; /* the next use reads them from the archive */
            return;
        }
        c->kept = more;
        c->kept_room = room;
    }
    for (size_t i = 0; i < c->count; i++) {
        struct cv_kept *k = &c->kept[c->kept_count++];
        *k = (struct cv_kept){ .kind = c->leaves[i].kind, .place = c->places[i] };
        memcpy(k->hash, c->leaves[i].hash, sizeof(k->hash));
        c->counts[k->kind]++;
    }
    if (policy)
        c->policy = c->chain.adopted;
    if (policy || c->kept_count >= KEPT_MAX)
        cv_custody_catalog(c);
}

cv_status cv_custody_commit(struct cv_custody *c, struct cv_err *err)
{
    struct cv_merkle_edge edge;
    struct cv_hash root;
    const uint64_t first = c->chain.next;
    bool policy = false;
    cv_status st = settle(c, 0, err);
    for (size_t i = 0; i < c->count; i++)
        policy = policy || c->leaves[i].kind == CV_KIND_POLICY;
    st = CV_THEN(st, c->count > 0 ? close_commit(c, &edge, &root, err) : CV_ERR_INTERNAL);
    uint32_t segment = c->segment;
    uint64_t offset = c->offset;
    if (offset > 0 && offset + c->bytes.n > c->segment_bytes) {
        segment++;
        offset = 0;
    }
    if (st == CV_OK && policy)
        st = rehearse(c, err);
    st = CV_THEN(st, cv_segment_append(&c->segments, segment, offset, cv_buf_view(&c->bytes), err));
    if (st == CV_OK) {
        if (!policy) {
            cv_chain_advance(&c->chain, first + c->count - 1, c->leaves[c->count - 1].hash, &edge, &root,
                             c->slots);
            c->chain.adopted.number = 0;
        }
        if (segment != c->segment)
            cv_segment_seal(&c->segments, c->segment);
        for (size_t i = 0; i < c->count; i++) {
            c->places[i].segment = segment;
            c->places[i].offset += offset;
        }
        c->segment = segment;
        c->offset = offset + c->bytes.n;
        c->checkpoint = c->places[c->count - 1];
        c->torn_count = 0;
        c->tail = CV_TAIL_NONE;
        keep(c, first);
    } else if (policy)
        c->stale = true; /* the rehearsal went ahead of the archive */
    cv_custody_abort(c); /* the lock, the buffers */
    return cv_err_note(err, st, "commit");
}
