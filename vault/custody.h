#ifndef CV_VAULT_CUSTODY_H
#define CV_VAULT_CUSTODY_H

#include "formats/tar.h"
#include "vault/beside.h"
#include "vault/catalog.h"
#include "vault/release.h"

/* An entry, and where it lies. */
struct cv_kept {
    enum cv_kind kind;
    struct cv_place place;
    uint8_t hash[32];
};

/**
 * The one door to anything durable: append a commit, read entries, hand out release keys. Today it is a local
 * directory; nothing above knows that.
 */
struct cv_custody {
    /* entries of this process's commits that are not in the catalog yet */
    struct cv_kept *kept;
    uint64_t kept_first;
    size_t kept_count, kept_room;
    char path[4096];
    int dir, lock, memory;
    bool locked;
    bool mending; /* what is missing and not said is no fault: somebody is about to say it */
    bool stale;   /* the catalog could not be written: read the tip again before the next use */
    struct cv_segments segments;
    struct cv_release release;
    struct cv_catalog *catalog;
    struct cv_policy *past; /* the one last asked for by cv_custody_policy_at */
    struct cv_chain chain;
    struct cv_adopted policy; /* where the policy in force lies */
    struct cv_place checkpoint;
    uint64_t counts[CV_KIND_COUNT]; /* entries, by kind */
    uint32_t segment;               /* where the next commit goes */
    uint64_t offset;
    struct cv_torn torn[CV_ABANDONED_MAX]; /* tails that it must name */
    size_t torn_count;
    enum cv_tail tail;
    char tail_why[256];
    /* who signs commits */
    char log_name[128], member_name[CV_MEMBER_KEYNAME_BYTES];
    struct cv_note_signer log, member;
    /* the commit under way */
    struct cv_buf bytes;
    struct cv_tar_writer *tar;
    struct cv_leaf *leaves;
    struct cv_place *places;
    size_t count, room;
    uint64_t slots;
    struct cv_pending *pending, **pending_last; /* entries after those, which are still being made */
    size_t pending_count;
    struct cv_beside *beside; /* the other cores, for whoever writes to this vault */
};

/** cv_custody_create(path, out, err): make the directory and an empty archive; nothing is a vault before its
 * first commit. CV_OK; CV_ERR_EXISTS if something is there; CV_ERR_IO. */
CV_MUST_CHECK cv_status cv_custody_create(const char *path, struct cv_custody **out, struct cv_err *err);

/** cv_custody_found(c, vault, err): the vault id is known: make release.keys, the catalog. */
CV_MUST_CHECK cv_status cv_custody_found(struct cv_custody *c, const char *vault, struct cv_err *err);

/**
 * cv_custody_open(path, trust, out, err): open a vault and verify what was appended since this user last
 * looked. A vault this user never saw is refused unless ${trust} is its fingerprint (cv_vault_fingerprint).
 * CV_OK; CV_ERR_NOVAULT; CV_ERR_DENIED: not trusted yet; CV_ERR_LOG: tampering, damage, or
 * gone back.
 */
CV_MUST_CHECK cv_status cv_custody_open(const char *path, const char *trust, struct cv_custody **out,
                                        struct cv_err *err);
/** cv_custody_open_mending(path, out, err): the same of a vault this user knows, for who is about to say in
 * the log what is missing of it (c->chain.missing). Its catalog is left alone, and one made for this once. */
CV_MUST_CHECK cv_status cv_custody_open_mending(const char *path, struct cv_custody **out,
                                                struct cv_err *err);
void cv_custody_close(struct cv_custody *c);

/** cv_custody_trust(vault, trust, err): a vault seen for the first time is confirmed by its fingerprint,
 * ${trust}, which may be NULL. CV_OK; CV_ERR_DENIED. */
CV_MUST_CHECK cv_status cv_custody_trust(const char *vault, const char *trust, struct cv_err *err);

/** cv_custody_sign_as(c, policy, member, sign, arg, log): who signs this process's commits. Borrows. */
void cv_custody_sign_as(struct cv_custody *c, const struct cv_policy *policy,
                        const struct cv_member_key *member, cv_sign_fn sign, void *arg,
                        struct cv_ed25519_key *log);

/** cv_custody_sign_recovery(c, policy, recovery, log): the recovery key signs in a member's place. Borrows.
 */
void cv_custody_sign_recovery(struct cv_custody *c, const struct cv_policy *policy,
                              struct cv_ed25519_key *recovery, struct cv_ed25519_key *log);

/** cv_custody_tip(c, tip): where it stands, for the catalog. */
void cv_custody_tip(const struct cv_custody *c, struct cv_tip *tip);

/** cv_custody_refresh(c, err): verify and take in what others have appended. */
CV_MUST_CHECK cv_status cv_custody_refresh(struct cv_custody *c, struct cv_err *err);

/** cv_custody_begin(c, err): take the lock (waiting up to five seconds), refresh, start a commit.
 * CV_OK; CV_ERR_LOCKED; as cv_custody_refresh. End with _commit or _abort. */
CV_MUST_CHECK cv_status cv_custody_begin(struct cv_custody *c, struct cv_err *err);
/** cv_custody_add(c, kind, data, bind, index, err): put an entry into the commit; ${bind} is 32 bytes or
 * NULL, ${index} (NULL allowed) what it will have in the log. */
CV_MUST_CHECK cv_status cv_custody_add(struct cv_custody *c, enum cv_kind kind, struct cv_bytes data,
                                       const uint8_t *bind, uint64_t *index, struct cv_err *err);
/* An entry that is still being made, on other cores: a part of what its maker has allocated. */
struct cv_pending {
    struct cv_pending *next;
    enum cv_kind kind;
    /* wait for it, append what it holds, and say what it binds, which may be nothing; as cv_custody_add */
    cv_status (*finish)(struct cv_pending *pending, struct cv_buf *data, uint8_t bind[static 32], bool *bound,
                        struct cv_err *err);
    /* wait for it, and free it; also after finish */
    void (*drop)(struct cv_pending *pending);
};
/** cv_custody_promise(c, pending, index, err): the next entry of the commit will be this one. It is finished
 * when another is added or the commit is closed, which then tell what was wrong with it. ${pending} is
 * custody's from here on, even if this fails; of many that wait, the first are finished. As cv_custody_add.
 */
CV_MUST_CHECK cv_status cv_custody_promise(struct cv_custody *c, struct cv_pending *pending, uint64_t *index,
                                           struct cv_err *err);
/** cv_custody_next(c): the index that the next entry of the commit under way will have. */
uint64_t cv_custody_next(const struct cv_custody *c);
/** cv_custody_take_slot(c, slot, key, err): the next release key, durable before the commit is. Free ${key}.
 */
CV_MUST_CHECK cv_status cv_custody_take_slot(struct cv_custody *c, uint64_t *slot, struct cv_secret *key,
                                             struct cv_err *err);
/** cv_custody_destroy(c, slots, count, err): inside a commit: destroy these release keys, durably; slot 0
 * gets a new one. As cv_release_destroy. */
CV_MUST_CHECK cv_status cv_custody_destroy(struct cv_custody *c, const uint64_t *slots, size_t count,
                                           struct cv_err *err);
/** cv_custody_commit(c, err): close with a checkpoint, write once, fdatasync, unlock. CV_OK only when
 * durable. */
CV_MUST_CHECK cv_status cv_custody_commit(struct cv_custody *c, struct cv_err *err);
/** cv_custody_abort(c): forget the commit under way, if any, and unlock. */
void cv_custody_abort(struct cv_custody *c);

/** cv_custody_catalog(c): the catalog, with all that was committed in it. */
struct cv_catalog *cv_custody_catalog(struct cv_custody *c);

/** cv_custody_hash(c, index, out, err): SHA-256 of an entry's bytes, as the log has it. CV_OK;
 * CV_ERR_NOTFOUND; CV_ERR_IO. */
CV_MUST_CHECK cv_status cv_custody_hash(struct cv_custody *c, uint64_t index, uint8_t out[static 32],
                                        struct cv_err *err);

/** cv_custody_read(c, index, kind, out, err): append the data of an entry, after checking its bytes against
 * the hash the log was verified with. ${kind} is what it must be. CV_OK; CV_ERR_NOTFOUND; CV_ERR_LOG if
 * damaged. */
CV_MUST_CHECK cv_status cv_custody_read(struct cv_custody *c, uint64_t index, enum cv_kind kind,
                                        struct cv_buf *out, struct cv_err *err);

/** cv_custody_peek(c, index, kind, n, out, err): append up to ${n} bytes from the front of an entry's data,
 * not checked against anything: good for finding one's way to what is read and checked then. As
 * cv_custody_read. */
CV_MUST_CHECK cv_status cv_custody_peek(struct cv_custody *c, uint64_t index, enum cv_kind kind, size_t n,
                                        struct cv_buf *out, struct cv_err *err);

/** cv_custody_policy(c, number, out, err): read that policy again; free it. CV_OK; CV_ERR_NOTFOUND. */
CV_MUST_CHECK cv_status cv_custody_policy(struct cv_custody *c, uint64_t number, struct cv_policy **out,
                                          struct cv_err *err);

/** cv_custody_policy_at(c, index, out, err): the policy in force for the entry at ${index}; owned by custody,
 * good until the next call. */
CV_MUST_CHECK cv_status cv_custody_policy_at(struct cv_custody *c, uint64_t index,
                                             const struct cv_policy **out, struct cv_err *err);

#endif
