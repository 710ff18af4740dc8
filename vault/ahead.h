#ifndef CV_VAULT_AHEAD_H
#define CV_VAULT_AHEAD_H

#include "formats/leaf.h"
#include "vault/segment.h"

/* The archive read in order, in windows: while the entries of one are passed, those of the next are hashed on
 * all cores, and the one after it is read. Whatever does not follow in order, or is no whole entry, is read
 * when it is asked for. */
struct cv_ahead;

/* A whole entry, its header, name and padding as they must be. */
struct cv_ahead_entry {
    struct cv_bytes all; /* header, data, padding: a view that ends with the next call */
    size_t size;         /* of the data */
    uint64_t index;
    enum cv_kind kind;
    uint8_t hash[32]; /* SHA-256 of all of it */
};

/** cv_ahead_new(segments, out): borrows the directory of ${segments}. CV_OK; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_ahead_new(const struct cv_segments *segments, struct cv_ahead **out);
/** cv_ahead_free(a): NULL is allowed. */
void cv_ahead_free(struct cv_ahead *a);

/** cv_ahead_entry(a, segment, at): the entry there, if it is known already; else NULL, and cv_ahead_look
 * tells what stands there. */
const struct cv_ahead_entry *cv_ahead_entry(struct cv_ahead *a, uint32_t segment, uint64_t at);

/** cv_ahead_look(a, segment, at, n, out, err): a view of ${n} bytes, fewer only at the end of the segment; it
 * ends with the next call. CV_OK; as cv_segment_read. */
CV_MUST_CHECK cv_status cv_ahead_look(struct cv_ahead *a, uint32_t segment, uint64_t at, size_t n,
                                      struct cv_bytes *out, struct cv_err *err);

#endif
