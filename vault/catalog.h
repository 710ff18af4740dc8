#ifndef CV_VAULT_CATALOG_H
#define CV_VAULT_CATALOG_H

#include "vault/scan.h"

/**
 * The catalog: an SQLite file per user and vault that says where each entry lies and how far the log was
 * verified, so that opening a vault does not replay it. Everything in it is derived; deleting it costs the
 * time to read the archive. What tells anything of records (the head index) is sealed under a key of the
 * member's. A file that is found damaged, when it is opened or by any later query, is deleted and made anew,
 * once.
 */
struct cv_catalog;

/** How far the archive was verified. */
struct cv_tip {
    uint32_t segment;
    uint64_t offset;
    struct cv_adopted policy;   /* in force */
    struct cv_place checkpoint; /* the last checkpoint entry */
    uint64_t counts[CV_KIND_COUNT];
    /* the chain's numbers */
    uint64_t next, slots;
    uint8_t last_hash[32];
    struct cv_hash root;
    struct cv_merkle_edge edge;
};

/** cv_catalog_open(path, vault, out, err): open or make; one of another layout or vault is emptied. CV_OK;
 * CV_ERR_IO. */
CV_MUST_CHECK cv_status cv_catalog_open(const char *path, const char *vault, struct cv_catalog **out,
                                        struct cv_err *err);
void cv_catalog_close(struct cv_catalog *c);

/** cv_catalog_refill_by(c, refill, arg): what fills the file anew, by a catalog of its own, after it was
 * found damaged and deleted. Without one, the query fails, cv_catalog_damaged says so, and cv_catalog_clear
 * makes an empty one. */
typedef cv_status (*cv_catalog_fn)(void *arg, struct cv_err *err);
void cv_catalog_refill_by(struct cv_catalog *c, cv_catalog_fn refill, void *arg);
bool cv_catalog_damaged(const struct cv_catalog *c);
/** cv_catalog_mend(c, st, err): after a transaction failed with ${st} and was rolled back: CV_OK if it failed
 * because of damage, and all of it can be tried again; else ${st}, or why the file could not be filled.
 * Outside of transactions every query does so by itself. */
CV_MUST_CHECK cv_status cv_catalog_mend(struct cv_catalog *c, cv_status st, struct cv_err *err);
/** cv_catalog_made(c): how often it was made anew while open: whether rows read before still stand. */
unsigned cv_catalog_made(const struct cv_catalog *c);

/** cv_catalog_begin, _commit, _rollback: one transaction around additions. */
CV_MUST_CHECK cv_status cv_catalog_begin(struct cv_catalog *c, struct cv_err *err);
CV_MUST_CHECK cv_status cv_catalog_commit(struct cv_catalog *c, struct cv_err *err);
void cv_catalog_rollback(struct cv_catalog *c);
/** cv_catalog_clear(c, err): forget everything; one that was found damaged is deleted and made. */
CV_MUST_CHECK cv_status cv_catalog_clear(struct cv_catalog *c, struct cv_err *err);

/** cv_catalog_tip(c, tip, err): CV_OK; CV_ERR_NOTFOUND in an empty catalog. */
CV_MUST_CHECK cv_status cv_catalog_tip(struct cv_catalog *c, struct cv_tip *tip, struct cv_err *err);
CV_MUST_CHECK cv_status cv_catalog_set_tip(struct cv_catalog *c, const struct cv_tip *tip,
                                           struct cv_err *err);

/** cv_catalog_add(c, index, kind, place, hash, err): an entry of a verified commit. */
CV_MUST_CHECK cv_status cv_catalog_add(struct cv_catalog *c, uint64_t index, enum cv_kind kind,
                                       const struct cv_place *place, const uint8_t hash[static 32],
                                       struct cv_err *err);
/** cv_catalog_lose(c, index, err): that entry is gone: it counts as one of kind `lost` from now on. */
CV_MUST_CHECK cv_status cv_catalog_lose(struct cv_catalog *c, uint64_t index, struct cv_err *err);
/** cv_catalog_find(c, index, kind, place, hash, err): CV_OK; CV_ERR_NOTFOUND. */
CV_MUST_CHECK cv_status cv_catalog_find(struct cv_catalog *c, uint64_t index, enum cv_kind *kind,
                                        struct cv_place *place, uint8_t hash[static 32], struct cv_err *err);
/** cv_catalog_next(c, kind, from, index, err): the first entry of a kind at or after ${from}. CV_OK;
 * CV_ERR_NOTFOUND. */
CV_MUST_CHECK cv_status cv_catalog_next(struct cv_catalog *c, enum cv_kind kind, uint64_t from,
                                        uint64_t *index, struct cv_err *err);

CV_MUST_CHECK cv_status cv_catalog_add_policy(struct cv_catalog *c, const struct cv_adopted *p,
                                              struct cv_err *err);
/** cv_catalog_policy(c, number, out, err), _policy_at(c, index, out, err): by number, or the one in force for
 * the entry at ${index}. CV_OK; CV_ERR_NOTFOUND. */
CV_MUST_CHECK cv_status cv_catalog_policy(struct cv_catalog *c, uint64_t number, struct cv_adopted *out,
                                          struct cv_err *err);
CV_MUST_CHECK cv_status cv_catalog_policy_at(struct cv_catalog *c, uint64_t index, struct cv_adopted *out,
                                             struct cv_err *err);

/* The head index of one member: for each record entry a tag (of the record id) and what its head says, both
 * made and sealed by the caller. */
struct cv_catalog_head {
    uint64_t index; /* of its entry */
    struct cv_bytes tag, sealed;
};
typedef cv_status (*cv_head_fn)(void *arg, const struct cv_catalog_head *head, struct cv_err *err);
CV_MUST_CHECK cv_status cv_catalog_add_head(struct cv_catalog *c, const char *member, uint64_t index,
                                            struct cv_bytes tag, struct cv_bytes sealed, struct cv_err *err);
/** cv_catalog_drop_head(c, member, index, tag, err): that row goes. */
CV_MUST_CHECK cv_status cv_catalog_drop_head(struct cv_catalog *c, const char *member, uint64_t index,
                                             struct cv_bytes tag, struct cv_err *err);
/** cv_catalog_heads(c, member, tag, fn, arg, err): those with ${tag}, or all if it is empty; by tag, and then
 * by index. If cv_catalog_made differs afterwards, what it gave is not all. */
CV_MUST_CHECK cv_status cv_catalog_heads(struct cv_catalog *c, const char *member, struct cv_bytes tag,
                                         cv_head_fn fn, void *arg, struct cv_err *err);
/** cv_catalog_head(c, member, index, tag, sealed, err): the one of this entry whose tag begins with ${tag};
 * ${sealed} gets what was sealed. CV_OK; CV_ERR_NOTFOUND. */
CV_MUST_CHECK cv_status cv_catalog_head(struct cv_catalog *c, const char *member, uint64_t index,
                                        struct cv_bytes tag, struct cv_buf *sealed, struct cv_err *err);
/** cv_catalog_forget_heads(c, member, keep, err): drop the head indexes of this pseudonym other than ${keep}.
 */
CV_MUST_CHECK cv_status cv_catalog_forget_heads(struct cv_catalog *c, const char *member, const char *keep,
                                                struct cv_err *err);
/** cv_catalog_add_source, _source(c, member, tag, note, ...): what is noted, hidden by the caller, of the
 * first record of that head index that was imported from what this tag stands for; _any_source: is there one
 * at all? CV_OK; CV_ERR_NOTFOUND. */
#define CV_SOURCE_NOTE_BYTES 24
CV_MUST_CHECK cv_status cv_catalog_add_source(struct cv_catalog *c, const char *member, struct cv_bytes tag,
                                              struct cv_bytes note, struct cv_err *err);
CV_MUST_CHECK cv_status cv_catalog_source(struct cv_catalog *c, const char *member, struct cv_bytes tag,
                                          uint8_t note[static CV_SOURCE_NOTE_BYTES], struct cv_err *err);
CV_MUST_CHECK cv_status cv_catalog_any_source(struct cv_catalog *c, const char *member, struct cv_err *err);
/** cv_catalog_ring, _set_ring(c, member, policy, seals, ...): a member's opened secrets, sealed by the
 * caller, as they were under that policy when there were so many seals entries. CV_OK; CV_ERR_NOTFOUND. */
CV_MUST_CHECK cv_status cv_catalog_ring(struct cv_catalog *c, const char *member, uint64_t policy,
                                        uint64_t seals, struct cv_buf *sealed, struct cv_err *err);
CV_MUST_CHECK cv_status cv_catalog_set_ring(struct cv_catalog *c, const char *member, uint64_t policy,
                                            uint64_t seals, struct cv_bytes sealed, struct cv_err *err);
/** cv_catalog_listed, _set_listed(c, member, next): entries before this index are in the member's head index.
 */
CV_MUST_CHECK cv_status cv_catalog_listed(struct cv_catalog *c, const char *member, uint64_t *next,
                                          struct cv_err *err);
CV_MUST_CHECK cv_status cv_catalog_set_listed(struct cv_catalog *c, const char *member, uint64_t next,
                                              struct cv_err *err);

#endif
