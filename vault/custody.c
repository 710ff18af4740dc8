#include "vault/custody.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "formats/base64.h"
#include "formats/words.h"
#include "vault/io.h"
#include "vault/memory.h"
#include "vault/regular.h"
#include "vault/traces.h"

static cv_status new_custody(const char *path, struct cv_custody **out, struct cv_err *err)
{
    struct cv_custody *c = calloc(1, sizeof(*c));
    *out = NULL;
    if (c == NULL)
        return cv_fail(err, CV_ERR_NOMEM, "vault: out of memory");
    c->dir = c->lock = c->memory = -1;
    c->segments = CV_SEGMENTS_NONE;
    c->release.fd = -1;
    c->segment = 1;
    c->segment_bytes = CV_SEGMENT_BYTES;
    if (snprintf(c->path, sizeof(c->path), "%s", path) >= (int)sizeof(c->path)) {
        free(c);
        return cv_fail(err, CV_ERR_LIMIT, "vault: path too long");
    }
    *out = c;
    return CV_OK;
}

void cv_custody_close(struct cv_custody *c)
{
    if (c == NULL)
        return;
    cv_custody_abort(c);
    cv_beside_free(c->beside);
    cv_catalog_close(cv_custody_catalog(c));
    cv_release_close(&c->release);
    cv_segments_close(&c->segments);
    cv_chain_free(&c->chain);
    cv_policy_free(c->past);
    cv_buf_free(&c->bytes);
    free(c->leaves);
    free(c->places);
    free(c->kept);
    if (c->memory >= 0)
        close(c->memory);
    if (c->lock >= 0)
        close(c->lock);
    if (c->dir >= 0)
        close(c->dir);
    free(c);
}

/* open_lock(c, create): a copy or a backup may have left the empty file out: what makes a vault is the rest.
 */
static cv_status open_lock(struct cv_custody *c, bool create, struct cv_err *err)
{
    c->lock = cv_open_regular(c->dir, "lock", O_RDWR | (create ? O_CREAT | O_EXCL : 0), 0660);
    if (c->lock < 0 && errno == ENOENT) {
        if (faccessat(c->dir, "archive", F_OK, 0) != 0 || faccessat(c->dir, "release.keys", F_OK, 0) != 0)
            return cv_traces_judge(c->dir, c->path, err);
        c->lock = cv_open_regular(c->dir, "lock", O_RDWR | O_CREAT, 0660);
    }
    return c->lock >= 0 ? CV_OK : cv_fail_errno(err, "%s/lock: cannot open", c->path);
}

/* open_dir(c): the vault's directory and its lock file. */
static cv_status open_dir(struct cv_custody *c, bool create, struct cv_err *err)
{
    c->dir = cv_io->openat(AT_FDCWD, c->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (c->dir < 0)
        return errno == ENOENT || errno == ENOTDIR
                   ? cv_fail(err, CV_ERR_NOVAULT, "%s: no vault here", c->path)
                   : cv_fail_errno(err, "%s: cannot open", c->path);
    return open_lock(c, create, err);
}

cv_status cv_custody_create(const char *path, struct cv_custody **out, struct cv_err *err)
{
    struct cv_custody *c = NULL;
    cv_status st = new_custody(path, &c, err);
    *out = NULL;
    if (st != CV_OK)
        return st;
    if (cv_io->mkdirat(AT_FDCWD, path, 0770) != 0)
        st = errno == EEXIST ? cv_fail(err, CV_ERR_EXISTS,
                                       "%s: already there; a vault needs a new directory: name another", path)
                             : cv_fail_errno(err, "%s: cannot make the directory", path);
    st = CV_THEN(st, open_dir(c, true, err));
    st = CV_THEN(st, cv_segments_open(&c->segments, c->dir, true, err));
    if (st == CV_OK && cv_io_sync_parent(path) != 0)
        st = cv_fail_errno(err, "%s: cannot make the directory durable", path);
    if (st == CV_OK) {
        *out = c;
        return CV_OK;
    }
    cv_custody_close(c);
    return st;
}

static cv_status open_catalog(struct cv_custody *c, const char *vault, struct cv_err *err)
{
    char dir[4096], path[4096 + 16];
    cv_status st = cv_user_dir("XDG_CACHE_HOME", ".cache", vault, dir, err);
    if (st != CV_OK)
        return st;
    snprintf(path, sizeof(path), "%s/%s", dir, c->mending ? "mending.db" : "catalog.db");
    if (c->mending && unlink(path) != 0 && errno != ENOENT)
        return cv_fail_errno(err, "%s: cannot remove it", path);
    return cv_catalog_open(path, vault, &c->catalog, err);
}

cv_status cv_custody_found(struct cv_custody *c, const char *vault, struct cv_err *err)
{
    cv_status st = cv_release_create(&c->release, c->dir, vault, err);
    c->slots = 1; /* slot 0 belongs to derived files */
    c->chain.slots = 1;
    return CV_THEN(st, open_catalog(c, vault, err));
}

/* ---- opening ---- */

/* What this user remembers of a vault. */
struct remembered {
    bool known;
    uint64_t size;
    struct cv_hash root;
};

static cv_status genesis_fault(cv_status st, struct cv_err *err)
{
    return st == CV_OK || st == CV_ERR_NOMEM ? st : cv_fail(err, CV_ERR_LOG, "entry 0 (policy): damaged");
}

/* judge_genesis(note, out, seen): of a vault that this user knows its id is enough: it is the hash of this
 * text. */
static cv_status judge_genesis(struct cv_bytes note, struct cv_policy **out, struct remembered *seen,
                               struct cv_err *err)
{
    cv_status st = cv_policy_genesis(note, out, NULL);
    if (st != CV_OK)
        return genesis_fault(st, err);
    st = cv_memory_read((*out)->vault, &seen->size, &seen->root, err);
    seen->known = st == CV_OK;
    if (st != CV_ERR_NOTFOUND)
        return st;
    cv_policy_free(*out);
    *out = NULL;
    return genesis_fault(cv_policy_parse(note, NULL, out, NULL), err);
}

/* read_genesis(c, out, seen): the first entry, which is the first policy; it names the vault. */
static cv_status read_genesis(struct cv_custody *c, struct cv_policy **out, struct remembered *seen,
                              struct cv_err *err)
{
    struct cv_buf bytes = { 0 };
    struct cv_tar_entry entry = { 0 };
    char name[CV_TAR_NAME_MAX + 1], want[CV_ENTRY_NAME_BYTES];
    uint64_t size = 0;
    cv_entry_name(0, CV_KIND_POLICY, want);
    cv_status st = cv_segment_read(&c->segments, 1, 0, CV_TAR_BLOCK_BYTES, &bytes, err);
    if (st == CV_ERR_NOTFOUND || (st == CV_OK && bytes.n < CV_TAR_BLOCK_BYTES))
        st = cv_traces_judge(c->dir, c->path, err);
    if (st == CV_OK && (cv_tar_header(bytes.p, name, &size) != CV_OK || strcmp(name, want) != 0))
        st = cv_fail(err, CV_ERR_LOG, "entry 0 (policy): damaged");
    if (st == CV_OK && size > CV_POLICY_MAX_BYTES)
        st = cv_fail(err, CV_ERR_LOG, "entry 0 (policy): damaged: too long for a policy");
    cv_buf_truncate(&bytes, 0);
    st = CV_THEN(st,
                 cv_segment_read(&c->segments, 1, 0, (size_t)(2 * CV_TAR_BLOCK_BYTES + size), &bytes, err));
    if (st == CV_OK)
        st = genesis_fault(cv_tar_read(cv_buf_view(&bytes), &entry, NULL), err);
    st = CV_THEN(st, judge_genesis(entry.data, out, seen, err));
    cv_buf_free(&bytes);
    return st;
}

/* holds_place(bytes): of an entry that a repair did not find. */
static bool holds_place(struct cv_bytes bytes)
{
    struct cv_tar_entry entry;
    uint64_t index;
    enum cv_kind kind;
    return cv_tar_read(bytes, &entry, NULL) == CV_OK &&
           cv_entry_name_parse(entry.name, &index, &kind) == CV_OK && kind == CV_KIND_LOST;
}

/* read_place(c, place, hash, name, out): the data of an entry whose bytes must have this hash. */
static cv_status read_place(struct cv_custody *c, uint64_t index, enum cv_kind kind,
                            const struct cv_place *place, const uint8_t hash[static 32], struct cv_buf *out,
                            struct cv_err *err)
{
    struct cv_buf bytes = { 0 };
    struct cv_tar_entry entry;
    uint8_t got[32];
    cv_status st =
        cv_segment_read(&c->segments, place->segment, place->offset, (size_t)place->bytes, &bytes, err);
    st = CV_THEN(st, cv_sha256(cv_buf_view(&bytes), got));
    if (st == CV_OK && memcmp(got, hash, sizeof(got)) != 0 && holds_place(cv_buf_view(&bytes)))
        st = cv_fail(err, CV_ERR_LOG, "entry %" PRIu64 " (%s): is gone; the log says so since a repair",
                     index, _(cv_kind_name(kind)));
    if (st == CV_ERR_NOTFOUND || (st == CV_OK && (memcmp(got, hash, sizeof(got)) != 0 ||
                                                  cv_tar_read(cv_buf_view(&bytes), &entry, NULL) != CV_OK)))
        st = cv_fail(err, CV_ERR_LOG, "entry %" PRIu64 " (%s): damaged, in archive/%08u.tar at %" PRIu64,
                     index, _(cv_kind_name(kind)), place->segment, place->offset);
    st = CV_THEN(st, cv_buf_append(out, entry.data));
    cv_buf_free(&bytes);
    return st;
}

/* find(c, index, kind, place, hash): where an entry lies, and what its hash was when the log was verified. */
static cv_status find(struct cv_custody *c, uint64_t index, enum cv_kind *kind, struct cv_place *place,
                      uint8_t hash[static 32], struct cv_err *err)
{
    if (c->kept_count == 0 || index < c->kept_first)
        return cv_catalog_find(c->catalog, index, kind, place, hash, err);
    if (index - c->kept_first >= c->kept_count)
        return CV_ERR_NOTFOUND;
    const struct cv_kept *k = &c->kept[index - c->kept_first];
    *kind = k->kind;
    *place = k->place;
    memcpy(hash, k->hash, sizeof(k->hash));
    return CV_OK;
}

cv_status cv_custody_hash(struct cv_custody *c, uint64_t index, uint8_t out[static 32], struct cv_err *err)
{
    enum cv_kind kind;
    struct cv_place place;
    return find(c, index, &kind, &place, out, err);
}

/* find_kind(c, index, kind, place, hash): an entry that must be of this kind. */
static cv_status find_kind(struct cv_custody *c, uint64_t index, enum cv_kind kind, struct cv_place *place,
                           uint8_t hash[static 32], struct cv_err *err)
{
    enum cv_kind is;
    cv_status st = find(c, index, &is, place, hash, err);
    if (st == CV_OK && is == CV_KIND_LOST)
        return cv_fail(err, CV_ERR_LOG, "entry %" PRIu64 " (%s): is gone; the log says so since a repair",
                       index, _(cv_kind_name(kind)));
    if (st == CV_ERR_NOTFOUND || (st == CV_OK && is != kind))
        return cv_fail(err, CV_ERR_NOTFOUND, "entry %" PRIu64 ": not a %s entry of this vault", index,
                       _(cv_kind_name(kind)));
    return st;
}

cv_status cv_custody_read(struct cv_custody *c, uint64_t index, enum cv_kind kind, struct cv_buf *out,
                          struct cv_err *err)
{
    struct cv_place place;
    uint8_t hash[32];
    cv_status st = find_kind(c, index, kind, &place, hash, err);
    return CV_THEN(st, read_place(c, index, kind, &place, hash, out, err));
}

cv_status cv_custody_peek(struct cv_custody *c, uint64_t index, enum cv_kind kind, size_t n,
                          struct cv_buf *out, struct cv_err *err)
{
    struct cv_place place;
    uint8_t hash[32];
    cv_status st = find_kind(c, index, kind, &place, hash, err);
    if (st == CV_OK && place.bytes < CV_TAR_BLOCK_BYTES + n)
        n = place.bytes > CV_TAR_BLOCK_BYTES ? (size_t)place.bytes - CV_TAR_BLOCK_BYTES : 0;
    return CV_THEN(
        st, cv_segment_read(&c->segments, place.segment, place.offset + CV_TAR_BLOCK_BYTES, n, out, err));
}

static cv_status load_policy(struct cv_custody *c, const struct cv_adopted *where, struct cv_policy **out,
                             struct cv_err *err)
{
    struct cv_buf note = { 0 };
    uint8_t vault_id[CV_VAULT_ID_BYTES];
    *out = NULL;
    memcpy(vault_id, c->chain.policy->vault_id, sizeof(vault_id));
    cv_status st = cv_custody_read(c, where->index, CV_KIND_POLICY, &note, err);
    st = CV_THEN(st, cv_policy_load(cv_buf_view(&note), vault_id, where->hash, out, err));
    cv_buf_free(&note);
    return st;
}

cv_status cv_custody_policy(struct cv_custody *c, uint64_t number, struct cv_policy **out, struct cv_err *err)
{
    struct cv_adopted where;
    *out = NULL;
    cv_status st = cv_catalog_policy(cv_custody_catalog(c), number, &where, err);
    return CV_THEN(st, load_policy(c, &where, out, err));
}

cv_status cv_custody_policy_at(struct cv_custody *c, uint64_t index, const struct cv_policy **out,
                               struct cv_err *err)
{
    struct cv_adopted where;
    if (index > c->policy.since) { /* the one in force */
        *out = c->chain.policy;
        return CV_OK;
    }
    *out = NULL;
    cv_status st = cv_catalog_policy_at(c->catalog, index, &where, err);
    if (st == CV_OK && (c->past == NULL || c->past->number != where.number)) {
        cv_policy_free(c->past);
        st = load_policy(c, &where, &c->past, err);
    }
    if (st == CV_OK)
        *out = c->past;
    return st;
}

/* take_tip(c, tip): stand where the catalog stands. */
static cv_status take_tip(struct cv_custody *c, const struct cv_tip *tip, struct cv_err *err)
{
    struct cv_policy *policy = NULL;
    struct cv_buf entry = { 0 };
    cv_status st =
        read_place(c, tip->next - 1, CV_KIND_CHECKPOINT, &tip->checkpoint, tip->last_hash, &entry, err);
    if (st == CV_ERR_LOG && err != NULL)
        snprintf(err->msg, sizeof(err->msg),
                 _("entry %" PRIu64 " (checkpoint): not what this user saw there before: the "
                   "vault was damaged, has gone back, or tells another story"),
                 tip->next - 1);
    st = CV_THEN(st, load_policy(c, &tip->policy, &policy, err));
    cv_buf_free(&entry);
    if (st != CV_OK)
        return st;
    cv_policy_free(c->chain.policy);
    c->chain.policy = policy;
    cv_chain_advance(&c->chain, tip->next - 1, tip->last_hash, &tip->edge, &tip->root, tip->slots);
    c->policy = tip->policy;
    c->chain.since = tip->policy.since;
    c->checkpoint = tip->checkpoint;
    memcpy(c->counts, tip->counts, sizeof(c->counts));
    c->segment = tip->segment;
    c->offset = tip->offset;
    return CV_OK;
}

/* keep_loss(c, e, place): a repair since this catalog was made found some entries gone. */
static cv_status keep_loss(struct cv_custody *c, const struct cv_staged *e, const struct cv_place *place,
                           struct cv_err *err)
{
    struct cv_buf data = { 0 };
    struct cv_lost_entry *list = NULL;
    size_t count = 0;
    cv_status st = read_place(c, e->index, e->kind, place, e->hash, &data, err);
    st = CV_THEN(st, cv_loss_parse(cv_buf_view(&data), &list, &count, err));
    for (size_t i = 0; i < count && st == CV_OK; i++) {
        enum cv_kind kind;
        struct cv_place at;
        uint8_t hash[32];
        /* One that was put back from a backup since is there. */
        if (list[i].unproved || cv_catalog_find(c->catalog, list[i].index, &kind, &at, hash, NULL) != CV_OK ||
            memcmp(hash, list[i].hash, sizeof(hash)) != 0)
            continue;
        struct cv_buf bytes = { 0 };
        if (cv_segment_read(&c->segments, at.segment, at.offset, (size_t)at.bytes, &bytes, NULL) == CV_OK &&
            holds_place(cv_buf_view(&bytes)))
            st = cv_catalog_lose(c->catalog, list[i].index, err);
        cv_buf_free(&bytes);
    }
    free(list);
    cv_buf_free(&data);
    return st;
}

/* keep_commit: what a scan found goes into the catalog. */
static cv_status keep_commit(void *arg, struct cv_scan *s, const struct cv_staged *entries, size_t count,
                             struct cv_err *err)
{
    struct cv_custody *c = arg;
    cv_status st = CV_OK;
    for (size_t i = 0; i < count && st == CV_OK; i++) {
        st = cv_catalog_add(c->catalog, entries[i].index, entries[i].kind, &s->places[i], entries[i].hash,
                            err);
        c->counts[entries[i].kind]++;
        if (entries[i].kind == CV_KIND_LOSS)
            st = CV_THEN(st, keep_loss(c, &entries[i], &s->places[i], err));
    }
    c->checkpoint = s->places[count];
    c->counts[CV_KIND_CHECKPOINT]++;
    st = CV_THEN(st, cv_catalog_add(c->catalog, s->chain->next - 1, CV_KIND_CHECKPOINT, &c->checkpoint,
                                    s->chain->last.hash, err));
    if (st == CV_OK && s->chain->adopted.number > 0) {
        c->policy = s->chain->adopted;
        st = cv_catalog_add_policy(c->catalog, &c->policy, err);
    }
    return st;
}

void cv_custody_tip(const struct cv_custody *c, struct cv_tip *tip)
{
    memset(tip, 0,
           sizeof(*tip)); /* padding too: it is kept as bytes. A struct that has some brings its own */
    tip->segment = c->segment;
    tip->offset = c->offset;
    tip->policy = c->policy;
    tip->checkpoint.segment = c->checkpoint.segment;
    tip->checkpoint.offset = c->checkpoint.offset;
    tip->checkpoint.bytes = c->checkpoint.bytes;
    memcpy(tip->counts, c->counts, sizeof(tip->counts));
    tip->next = c->chain.next;
    tip->slots = c->chain.slots;
    memcpy(tip->last_hash, c->chain.last.hash, sizeof(tip->last_hash));
    tip->root = c->chain.root;
    tip->edge = c->chain.edge;
}

/* anything_new(c): do bytes stand after the place we know? */
static cv_status anything_new(struct cv_custody *c, bool *out, struct cv_err *err)
{
    uint64_t size = 0;
    *out = true;
    cv_status st = cv_segment_size(&c->segments, c->segment, &size, err);
    if (st == CV_OK && size == c->offset && c->chain.started) {
        st = cv_segment_size(&c->segments, c->segment + 1, &size, err);
        *out = st == CV_OK;
    }
    return st == CV_ERR_NOTFOUND ? CV_OK : st;
}

/* scan_on(c): verify from where we stand, into the catalog, in one transaction. */
static cv_status scan_on(struct cv_custody *c, struct cv_err *err)
{
    struct cv_tip tip;
    struct cv_scan scan = {
        .segments = &c->segments, .chain = &c->chain, .on_commit = keep_commit, .arg = c
    };
    cv_status st = cv_catalog_begin(cv_custody_catalog(c), err);
    if (st != CV_OK)
        return st;
    /* Another process of this user may have gone on in the meantime. */
    st = cv_catalog_tip(c->catalog, &tip, err);
    if (st == CV_OK && (tip.next > c->chain.next || c->stale))
        st = take_tip(c, &tip, err);
    st = st == CV_ERR_NOTFOUND ? CV_OK : st;
    const uint32_t from = scan.segment = c->segment;
    const uint64_t before = c->chain.next;
    scan.offset = c->offset;
    st = CV_THEN(st, cv_scan_run(&scan, err));
    /* What others wrote is durable before anything is built on it, or remembered of it. */
    if (st == CV_OK && (c->chain.next != before || scan.abandoned_count > 0))
        st = cv_segments_sync(&c->segments, from, scan.segment, err);
    if (st == CV_OK && c->chain.missing.count > 0 && !c->mending)
        st = cv_fail(err, CV_ERR_LOG,
                     "entry %" PRIu64 " (%s): is gone, and no later entry says so; see `casevault repair`",
                     c->chain.missing.e[0].index, _(cv_kind_name(c->chain.missing.e[0].kind)));
    if (st == CV_OK) {
        c->segment = scan.segment;
        c->offset = scan.offset;
        c->tail = scan.tail;
        memcpy(c->tail_why, scan.tail_why, sizeof(c->tail_why));
        c->torn_count = scan.abandoned_count;
        memcpy(c->torn, scan.abandoned, sizeof(c->torn));
    }
    if (st == CV_OK && c->chain.started) {
        cv_custody_tip(c, &tip);
        st = cv_catalog_set_tip(c->catalog, &tip, err);
    }
    st = CV_THEN(st, cv_catalog_commit(c->catalog, err));
    if (st == CV_OK)
        c->stale = false;
    else
        cv_catalog_rollback(c->catalog);
    cv_scan_free(&scan);
    return st;
}

cv_status cv_custody_refresh(struct cv_custody *c, struct cv_err *err)
{
    bool more = false;
    cv_status st = anything_new(c, &more, err);
    if (st != CV_OK || (!more && !c->stale))
        return st;
    st = scan_on(c, err);
    if (st != CV_ERR_IO)
        return st;
    c->stale = true; /* we may stand further on than what was kept of it */
    st = cv_catalog_mend(c->catalog, st, err);
    return CV_THEN(st, scan_on(c, err));
}

/* refill(arg): a cv_catalog_fn. Opening the vault once more verifies the archive into a new catalog. */
static cv_status refill(void *arg, struct cv_err *err)
{
    const struct cv_custody *c = arg;
    struct cv_custody *again = NULL;
    cv_status st = cv_custody_open(c->path, NULL, &again, err);
    cv_custody_close(again);
    return st;
}

/* from_tip(c, genesis): go on from where the catalog stands; without one, from the first entry. */
static cv_status from_tip(struct cv_custody *c, struct cv_policy **genesis, struct cv_err *err)
{
    struct cv_tip tip;
    cv_status st = cv_catalog_tip(c->catalog, &tip, err);
    if (st == CV_ERR_NOTFOUND)
        return cv_custody_refresh(c, err);
    if (st != CV_OK)
        return st;
    c->chain.policy = *genesis; /* for its vault id; take_tip puts the one in force there */
    *genesis = NULL;
    st = take_tip(c, &tip, err);
    return CV_THEN(st, cv_custody_refresh(c, err));
}

/* catch_up(c, genesis): where the catalog and the archive do not agree, or the catalog is damaged, it is made
 * anew from the archive: it is this user's memory that says which story is the true one. */
static cv_status catch_up(struct cv_custody *c, struct cv_policy **genesis, struct cv_err *err)
{
    struct cv_err first = { 0 };
    c->chain.slots = 1;
    cv_status st = from_tip(c, genesis, &first);
    if (st != CV_ERR_LOG && !cv_catalog_damaged(c->catalog))
        return st == CV_OK ? CV_OK : cv_fail(err, st, "%s", first.msg);
    cv_chain_free(&c->chain);
    c->chain.slots = 1;
    c->segment = 1;
    c->offset = 0;
    memset(c->counts, 0, sizeof(c->counts));
    st = cv_catalog_clear(c->catalog, err);
    return CV_THEN(st, scan_on(c, err));
}

/* gone_head(c, size, root): the checkpoint with that head is gone, and the one after it goes on from it. */
static bool gone_head(struct cv_custody *c, uint64_t size, const struct cv_hash *root)
{
    struct cv_buf data = { 0 };
    struct cv_commit commit = { 0 };
    struct cv_hash was;
    uint64_t next = 0;
    cv_status st = cv_catalog_next(cv_custody_catalog(c), CV_KIND_CHECKPOINT, size + 1, &next, NULL);
    st = CV_THEN(st, cv_custody_read(c, next, CV_KIND_CHECKPOINT, &data, NULL));
    st = CV_THEN(st, cv_commit_parse(cv_buf_view(&data), &commit, NULL));
    st = CV_THEN(st, cv_merkle_root(&commit.edge, &was));
    const bool same = st == CV_OK && commit.first == size && memcmp(was.b, root->b, sizeof(was.b)) == 0;
    cv_commit_free(&commit);
    cv_buf_free(&data);
    return same;
}

/* check_memory(c): the log goes on from what this user saw last. */
static cv_status check_memory(struct cv_custody *c, uint64_t size, const struct cv_hash *root,
                              struct cv_err *err)
{
    struct cv_buf data = { 0 };
    struct cv_commit commit = { 0 };
    struct cv_note note = { 0 };
    struct cv_checkpoint head = { 0 };
    if (size > c->chain.edge.size)
        return cv_fail(err, CV_ERR_LOG,
                       "%s: has gone back: you have seen entry %" PRIu64 ", and it now ends at %" PRIu64
                       "; an older copy was put in its place",
                       c->path, size, c->chain.edge.size);
    if (size == c->chain.edge.size)
        return memcmp(root->b, c->chain.root.b, sizeof(root->b)) == 0
                   ? CV_OK
                   : cv_fail(err, CV_ERR_LOG, "%s: tells another story than the one you saw last", c->path);
    /* The checkpoint entry with that tree size has that size as its index. */
    cv_status st = cv_custody_read(c, size, CV_KIND_CHECKPOINT, &data, NULL);
    st = CV_THEN(st, cv_commit_parse(cv_buf_view(&data), &commit, NULL));
    st = CV_THEN(st, cv_note_parse(commit.note, &note, NULL));
    st = CV_THEN(st, cv_checkpoint_parse(note.text, &head, NULL));
    if (st != CV_ERR_NOMEM && st != CV_ERR_IO &&
        (st != CV_OK || memcmp(head.root.b, root->b, sizeof(root->b)) != 0))
        st = cv_fail(err, CV_ERR_LOG, "%s: tells another story at entry %" PRIu64 " than the one you saw",
                     c->path, size);
    cv_note_free(&note);
    cv_commit_free(&commit);
    cv_buf_free(&data);
    if (st == CV_ERR_LOG && gone_head(c, size, root)) {
        if (err != NULL)
            *err = (struct cv_err){ 0 };
        st = CV_OK;
    }
    return st;
}

cv_status cv_custody_trust(const char *vault, const char *trust, struct cv_err *err)
{
    char print[CV_FINGERPRINT_BYTES];
    cv_vault_fingerprint(vault, print);
    if (trust != NULL && strcmp(trust, print) == 0)
        return CV_OK;
    if (trust != NULL)
        return cv_fail(err, CV_ERR_DENIED,
                       "this vault's fingerprint is %s, not the one given: it is another vault", print);
    return cv_fail(err, CV_ERR_DENIED,
                   "you have not seen this vault before. Its fingerprint is %s. Ask a custodian to "
                   "read it out; if it is the same, add --trust %s",
                   print, print);
}

static cv_status open_custody(const char *path, const char *trust, bool mending, struct cv_custody **out,
                              struct cv_err *err)
{
    struct cv_custody *c = NULL;
    struct cv_policy *genesis = NULL;
    struct remembered seen = { 0 };
    *out = NULL;
    cv_status st = new_custody(path, &c, err);
    if (st != CV_OK)
        return st;
    c->mending = mending;
    st = open_dir(c, false, err);
    st = CV_THEN(st, cv_traces_archive(&c->segments, c->dir, path, err));
    if (st == CV_OK) {
        struct cv_err why = { 0 };
        st = read_genesis(c, &genesis, &seen, &why);
        if (st == CV_ERR_LOG && cv_traces_founding(&c->segments) &&
            cv_traces_judge(c->dir, path, NULL) == CV_ERR_NOVAULT)
            st = cv_traces_judge(c->dir, path, err);
        else if (st != CV_OK)
            st = cv_fail(err, st, "%s", why.msg);
    }
    if (st == CV_OK && !seen.known)
        st = cv_custody_trust(genesis->vault, trust, err);
    st = CV_THEN(st, cv_release_open(&c->release, c->dir, genesis->vault, err));
    st = CV_THEN(st, open_catalog(c, genesis->vault, err));
    st = CV_THEN(st, catch_up(c, &genesis, err));
    if (st == CV_OK && !c->chain.started)
        st = c->tail == CV_TAIL_DAMAGED ? cv_fail(err, CV_ERR_LOG, "%s", c->tail_why)
                                        : cv_traces_judge(c->dir, path, err);
    if (st == CV_OK && seen.known) {
        st = check_memory(c, seen.size, &seen.root, err);
        /* What was read from a vault that lies must not stand in the way of the true one. */
        if (st == CV_ERR_LOG && cv_catalog_clear(c->catalog, NULL) != CV_OK)
            c->stale = true;
    }
    if (st == CV_OK && (!seen.known || seen.size != c->chain.edge.size))
        st = cv_memory_write(&c->memory, c->chain.policy->vault, c->chain.edge.size, &c->chain.root, err);
    cv_policy_free(genesis);
    if (st == CV_OK) {
        cv_catalog_refill_by(c->catalog, refill, c);
        *out = c;
    } else
        cv_custody_close(c);
    return cv_err_note(err, st, path);
}

cv_status cv_custody_open(const char *path, const char *trust, struct cv_custody **out, struct cv_err *err)
{
    return open_custody(path, trust, false, out, err);
}

cv_status cv_custody_open_mending(const char *path, struct cv_custody **out, struct cv_err *err)
{
    return open_custody(path, NULL, true, out, err);
}
