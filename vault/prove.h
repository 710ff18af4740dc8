#ifndef CV_VAULT_PROVE_H
#define CV_VAULT_PROVE_H

#include "vault/custody.h"

/* Proofs about the log, with no key. Each reads the checkpoints that this user's cache of the tree
 * (vault/tree) has not, and is verified before it is given out. CV_ERR_LOG names a checkpoint that is
 * damaged, or says that the leaves do not lead to the root that was verified; also CV_ERR_NOMEM, CV_ERR_IO.
 */

/** cv_prove(c, entries, count, out, err): for each of these entries a c2sp.org/tlog-proof to the last
 * checkpoint, appended to the array ${out}. CV_OK; CV_ERR_NOTFOUND for an entry that no checkpoint covers
 * yet. */
CV_MUST_CHECK cv_status cv_prove(struct cv_custody *c, const uint64_t *entries, size_t count,
                                 struct cv_json *out, struct cv_err *err);

/** cv_prove_from(c, from, proof, note, err): that the log at its last checkpoint, whose signed note is
 * appended to
 * ${note}, goes on from the one of ${from} entries: hashes of 32 bytes (RFC 9162, section 2.1.4), appended to
 * ${proof}. CV_OK; CV_ERR_NOTFOUND if it never had so many. */
CV_MUST_CHECK cv_status cv_prove_from(struct cv_custody *c, uint64_t from, struct cv_buf *proof,
                                      struct cv_buf *note, struct cv_err *err);

#endif
