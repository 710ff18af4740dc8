#ifndef CV_VAULT_MISSING_H
#define CV_VAULT_MISSING_H

#include "formats/loss.h"

/* What a repaired log lacks, against what its loss entries say: for chain.c, which verifies it. A log that
 * lacks what no entry of it says does not verify. */
struct cv_missing {
    struct cv_lost_entry *e; /* met, and not yet said */
    size_t count, room;
    struct cv_lost_entry *said; /* by the commit under way */
    size_t said_count;
    uint64_t lost, unproved; /* that were said, in all */
    uint64_t at;             /* the last loss entry; 0: none */
    uint64_t said_at;
};
void cv_missing_free(struct cv_missing *m);

/** cv_missing_add(m, index, kind, hash, unproved): CV_OK; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_missing_add(struct cv_missing *m, uint64_t index, enum cv_kind kind,
                                       const uint8_t hash[static 32], bool unproved);
/** cv_missing_say(m, index, data): a loss entry of the commit under way; of two the last counts. CV_OK;
 * CV_ERR_FORMAT; CV_ERR_NOMEM. cv_missing_drop: the commit came to nothing. */
CV_MUST_CHECK cv_status cv_missing_say(struct cv_missing *m, uint64_t index, struct cv_bytes data);
void cv_missing_drop(struct cv_missing *m);
/** cv_missing_settle(m): the commit is whole: what it says is not missing any more. What it says beyond that
 * was put back since. */
void cv_missing_settle(struct cv_missing *m);

#endif
