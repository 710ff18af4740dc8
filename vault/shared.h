#ifndef CV_VAULT_SHARED_H
#define CV_VAULT_SHARED_H

#include "vault/record.h"

/**
 * What a case shares with others: persons that stand in both, and the marks (vault/marks.h) of its records
 * that records of other cases bear, too. What more than CV_SHARED_COMMON other records have says too little:
 * it is told in how many, and joins nothing.
 */
#define CV_SHARED_COMMON 50

/** cv_shared(v, id, reason, out, err): the object of formats/graph.h, without `vault`, `made` and `by`; freed
 * by the caller. The index (vault/index.h) finds the records; then one `search` event names each that is
 * looked at, and is durable before that. Titles are one more reading. Only over sections that this member may
 * read: `closed` has the labels of the others; `unread`, if there are any, is how many records could not be
 * read. CV_OK; CV_ERR_NOTFOUND; CV_ERR_ARG if it is no case, or the
 * vault asks for a reason; CV_ERR_NOKEY if this member may read none of it (logged). */
CV_MUST_CHECK cv_status cv_shared(struct cv_vault *v, const char *id, const char *reason,
                                  struct cv_json **out, struct cv_err *err);

#endif
