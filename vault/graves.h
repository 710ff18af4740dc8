#ifndef CV_VAULT_GRAVES_H
#define CV_VAULT_GRAVES_H

#include "formats/leaf.h"
#include "vault/release.h"

/* Erasures of a log, held against release.keys: what a tombstone says was destroyed is zeros there, and
 * nothing else is. For audit.c, which meets every entry, and needs no key for it. */

struct cv_graves {
    struct grave *g;
    size_t count, room;
};
void cv_graves_free(struct cv_graves *list);

/** cv_graves_entry(list, vault, index, kind, data): an entry of the log; only erasures and tombstones matter,
 * and those that do not read are others' to judge. CV_OK; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_graves_entry(struct cv_graves *list, const char *vault, uint64_t index,
                                        enum cv_kind kind, struct cv_bytes data);

/** cv_graves_check(list, r, slots, err): every key of ${slots} that the log took. CV_OK; CV_ERR_LOG naming
 * the entry whose keys are there in spite of its tombstone, or the key that is gone without an erasure;
 * CV_ERR_IO. */
CV_MUST_CHECK cv_status cv_graves_check(const struct cv_graves *list, struct cv_release *r, uint64_t slots,
                                        struct cv_err *err);

#endif
