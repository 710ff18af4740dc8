#ifndef CV_VAULT_SCAN_H
#define CV_VAULT_SCAN_H

#include "vault/ahead.h"
#include "vault/chain.h"
#include "vault/segment.h"

/* Reading the archive in order, commit by commit, from a known place to its end. */

struct cv_place {
    uint32_t segment;
    uint64_t offset; /* of the tar header */
    uint64_t bytes;  /* header, data and padding */
};

enum cv_tail {
    CV_TAIL_NONE,
    CV_TAIL_TORN,   /* a commit that never became whole: a power cut, or another process writing right now */
    CV_TAIL_DAMAGED /* bytes that a cut cannot explain */
};

#define CV_ABANDONED_MAX 64

struct cv_scan {
    struct cv_segments *segments;
    struct cv_chain *chain;
    uint32_t segment; /* where the next commit begins, if there is no tail */
    uint64_t offset;
    struct cv_place *places; /* of the entries of the commit just passed, checkpoint last */
    size_t place_count, place_room;
    struct cv_torn abandoned[CV_ABANDONED_MAX]; /* tails that no later commit has named yet */
    size_t abandoned_count;
    uint32_t stop_segment; /* read no further than this; 0: to the end */
    uint64_t stop_offset;
    enum cv_tail tail;
    char tail_why[256];
    /* told after each whole commit; NULL for none */
    cv_status (*on_commit)(void *arg, struct cv_scan *scan, const struct cv_staged *entries, size_t count,
                           struct cv_err *err);
    /* told of damage, and the scan goes on; NULL: the first damage ends it */
    cv_damage_fn on_damage;
    /* told of every entry's bytes, checkpoints included; NULL for none */
    cv_status (*on_entry)(void *arg, uint64_t index, enum cv_kind kind, struct cv_bytes data,
                          struct cv_err *err);
    /* told now and then how far it is: bytes passed */
    void (*on_progress)(void *arg, uint64_t bytes);
    void *arg;
    /* inside */
    struct cv_ahead *ahead;
    uint64_t limit; /* of this segment: where a later torn entry says that its commits end; 0 for none */
    struct cv_torn torn[CV_ABANDONED_MAX]; /* named by the commit under way */
    size_t torn_count;
    uint64_t bytes_read; /* of entries passed */
};

/** cv_scan_run(s, err): from s->segment and s->offset to the end. CV_OK, also with a tail: look at s->tail;
 * CV_ERR_LOG; CV_ERR_IO; or what a callback returned. */
CV_MUST_CHECK cv_status cv_scan_run(struct cv_scan *s, struct cv_err *err);
void cv_scan_free(struct cv_scan *s);

#endif
