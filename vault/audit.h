#ifndef CV_VAULT_AUDIT_H
#define CV_VAULT_AUDIT_H

#include "vault/event.h"
#include "vault/scan.h"
#include "vault/witnessed.h"

/* What a verification found. */
struct cv_audit {
    uint64_t entries, commits, policies, bytes;
    uint64_t damaged; /* entries named through the callback */
    char vault[CV_VAULT_HEX_BYTES];
    uint64_t head_size;
    struct cv_hash head_root;
    bool training;
    uint64_t lost, unproved; /* entries that a repair did not find, or whose checkpoint it did not find, as */
    uint64_t loss;           /* this entry says, the last of its kind; 0: none does */
    bool seen_gone;          /* what this user saw last is not in it, as far as it can be read */
    uint64_t unsaid;         /* ... and as none says */
    bool complete;           /* it was read to its end */
    bool behind;             /* ... or it ends before what this user saw */
    char keys_fault[CV_ERR_BYTES]; /* by cv_check: what is wrong with release.keys */
    bool known;                    /* this user had seen the vault before, and the log goes on from there */
    struct cv_witnessed witnessed; /* by cv_audit_verify; after damage nobody counts */
};
typedef void (*cv_progress_fn)(void *arg, uint64_t done, uint64_t total);

/* A head that somebody kept elsewhere, on paper for instance: how many entries, and the first 80 bits of the
 * root as `audit head` prints them. */
struct cv_kept_head {
    uint64_t size; /* 0: none */
    char print[CV_FINGERPRINT_BYTES];
};

/**
 * cv_audit_verify(path, trust, since, progress, arg, out, err): the whole structure, from the first entry,
 * with no key: every entry's bytes, the tree, every checkpoint's signatures by the log key and by who was a
 * member then, every policy's quorum, no bytes outside of commits; that erased keys are gone, and no others;
 * that it goes on from ${since} (NULL: nothing was kept); and that it goes on from what this user saw, which
 * is then remembered, with its signed head (cv_misconduct_keep); for a vault never seen only if ${trust} is
 * its fingerprint (NULL: only look). CV_OK; CV_ERR_LOG naming the first entry at fault; CV_ERR_DENIED:
 * another fingerprint; CV_ERR_FORMAT: what this user remembers is damaged.
 */
CV_MUST_CHECK cv_status cv_audit_verify(const char *path, const char *trust, const struct cv_kept_head *since,
                                        cv_progress_fn progress, void *arg, struct cv_audit *out,
                                        struct cv_err *err);

/** cv_check(path, damage, progress, arg, out, err): read everything, tell ${damage} of each entry at fault,
 * and go on. CV_OK with out->damaged 0; CV_ERR_LOG after damage, or if what this user saw is gone; CV_ERR_IO.
 */
CV_MUST_CHECK cv_status cv_check(const char *path, cv_damage_fn damage, cv_progress_fn progress, void *arg,
                                 struct cv_audit *out, struct cv_err *err);

/** cv_check_older(path, progress, arg, out, err): for who was told that the vault was put back from a backup:
 * if all of it is whole, it is what this user remembers from now on, though they saw more, or another story.
 * CV_OK; as cv_check. */
CV_MUST_CHECK cv_status cv_check_older(const char *path, cv_progress_fn progress, void *arg,
                                       struct cv_audit *out, struct cv_err *err);

/** cv_audit_events(v, fn, arg, err): every event in order, after an event that says so; one that does not
 * open is told as {"action":"unreadable","detail"}. CV_OK; CV_ERR_LOG, after all of them, naming the first
 * that did not open; CV_ERR_NOKEY to those who may not read the audit section, after a refusal is logged. */
typedef cv_status (*cv_event_fn)(void *arg, uint64_t index, const struct cv_json *event,
                                 const struct cv_json *text, struct cv_err *err);
CV_MUST_CHECK cv_status cv_audit_events(struct cv_vault *v, const char *detail, cv_event_fn fn, void *arg,
                                        struct cv_err *err);

/** cv_audit_again(v, index, body, text, err): one of them once more, under the event that told of all, for
 * who goes through them several times; nobody looks again who wrote it. Free both. CV_OK; CV_ERR_IO;
 * CV_ERR_NOMEM; CV_ERR_INTERNAL for one that cv_audit_events did not come to. */
CV_MUST_CHECK cv_status cv_audit_again(struct cv_vault *v, uint64_t index, struct cv_json **body,
                                       struct cv_json **text, struct cv_err *err);

#endif
