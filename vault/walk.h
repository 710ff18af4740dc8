#ifndef CV_VAULT_WALK_H
#define CV_VAULT_WALK_H

#include "vault/audit.h"
#include "vault/graves.h"

/* Through a whole log, from its first entry, with no key: what `audit verify`, `check`, `backup` and
 * `restore` have in common. */
struct cv_walk {
    /* what is asked */
    cv_damage_fn damage; /* told of each entry at fault, and it goes on; NULL: the first fault ends it */
    cv_progress_fn progress;
    void *arg;                        /* of both */
    const struct cv_kept_head *since; /* a head that was kept elsewhere; NULL: none */
    struct cv_witnessing *witnessing; /* NULL: nobody counts cosignatures */
    const char *keys;      /* the file of release keys, in the same directory; NULL: release.keys */
    uint32_t stop_segment; /* where the log is to end; 0: where it does */
    uint64_t stop_offset;
    bool torn;   /* a write that was cut short at the end is no fault */
    bool older;  /* it may end before what this user saw last: out->behind tells */
    bool forked; /* it may tell another story than what this user saw */
    /* With it: the vault's lock is held (shared) while the last of the log is read, so that nobody writes,
     * and while this is called, at the end, with the vault's directory. */
    cv_status (*still)(void *still_arg, int dir, const struct cv_walk *w, struct cv_err *err);
    void *still_arg;
    /* what was found */
    struct cv_audit *out;
    uint32_t segment; /* where the last whole commit ends */
    uint64_t offset;
    uint64_t slots; /* release keys taken */
    uint64_t seen_size;
    struct cv_buf checkpoint; /* the last entry of that kind; the caller frees it */
    /* inside */
    uint64_t total;
    uint64_t last_damaged;
    bool any;
    struct cv_hash seen_root;
    bool known, passed;
    char since_print[CV_FINGERPRINT_BYTES]; /* what the log was then; empty if it never had so many entries */
    struct cv_graves graves;
    char vault[CV_VAULT_HEX_BYTES];
};

/** cv_walk_run(path, w, err): CV_OK; CV_ERR_LOG; CV_ERR_NOVAULT; CV_ERR_LOCKED; CV_ERR_IO; what a callback
 * says. */
CV_MUST_CHECK cv_status cv_walk_run(const char *path, struct cv_walk *w, struct cv_err *err);

#endif
