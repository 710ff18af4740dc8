#ifndef CV_FORMATS_LOSS_H
#define CV_FORMATS_LOSS_H

#include "formats/leaf.h"

/**
 * The data of a loss entry: what is not there any more, or cannot be proved any more, said by whoever
 * repaired the vault, so that the log verifies with a hole in it that everybody can see:
 *
 *   casevault loss v1
 *   <index> <kind> <SHA-256> lost       for each entry that is gone: as its leaf has it; zeros and the kind
 *                                       `lost` if its checkpoint is gone too
 *   <index> <kind> <SHA-256> unproved   for each that is there, and whose checkpoint is gone: as it was found
 */
struct cv_lost_entry {
    uint64_t index;
    enum cv_kind kind;
    uint8_t hash[32];
    bool unproved;
};
#define CV_LOSS_MAX_BYTES ((size_t)16 << 20)

/** cv_loss_write(list, count, out): append it. CV_OK; CV_ERR_NOMEM; CV_ERR_LIMIT. */
CV_MUST_CHECK cv_status cv_loss_write(const struct cv_lost_entry *list, size_t count, struct cv_buf *out);

/** cv_loss_parse(data, list, count, err): strict: what _write would write, indexes going up. ${list} is to be
 * freed. CV_OK; CV_ERR_FORMAT; CV_ERR_LIMIT; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_loss_parse(struct cv_bytes data, struct cv_lost_entry **list, size_t *count,
                                      struct cv_err *err);

#endif
