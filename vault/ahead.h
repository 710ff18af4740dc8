#ifndef CV_VAULT_AHEAD_H
#define CV_VAULT_AHEAD_H

#include "crypto/bytes.h"
#include "formats/err.h"

/* The SHA-256 of the entries of an archive's window, worked out on all cores before the chain takes them one
 * by one. What is not known here is for the caller to hash. */
struct cv_ahead;

/** cv_ahead_fill(a, window): forget what was known, and hash the entries that stand whole in ${window}, which
 * begins with one, as far as they go on from one another; nothing if it is too little to be worth it, or
 * there is no memory. The window must stay as it is until the next call. */
void cv_ahead_fill(struct cv_ahead **a, struct cv_bytes window);

/** cv_ahead_hash(a, entry, out): of an entry with header and padding, a view into the window: the next one,
 * or one after it. CV_OK; CV_ERR_INTERNAL, CV_ERR_NOMEM of the hash. */
CV_MUST_CHECK cv_status cv_ahead_hash(struct cv_ahead *a, struct cv_bytes entry, uint8_t out[static 32]);

/** cv_ahead_free(a): NULL is allowed. */
void cv_ahead_free(struct cv_ahead *a);

#endif
