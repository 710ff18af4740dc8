#ifndef CV_VAULT_WITNESSED_H
#define CV_VAULT_WITNESSED_H

#include "vault/scan.h"

/* Which checkpoints of a log have the cosignatures that its policies ask for, counted on a walk through the
 * log with no key. A checkpoint is judged by the witnesses of the policy that is in force once it stands, a
 * policy of its own commit included, since cosignatures come afterwards; whenever they were put into the log,
 * and whoever did that. */

struct cv_witnessed {
    unsigned quorum, witnesses; /* of the policy in force at the end */
    uint64_t asked;             /* checkpoints under a policy that asks for cosignatures */
    uint64_t enough;            /* those that have them, */
    uint64_t last;              /* and the last of these; 0: none */
    uint64_t last_time; /* when the last of the cosignatures that made it enough was made; POSIX seconds */
};

struct cv_witnessing;
CV_MUST_CHECK cv_status cv_witnessing_new(struct cv_witnessing **out);
void cv_witnessing_free(struct cv_witnessing *w);

/** cv_witnessing_entry, cv_witnessing_commit: to be told of every entry, and of every whole commit, as a scan
 * tells them. CV_OK; CV_ERR_NOMEM; CV_ERR_INTERNAL. */
CV_MUST_CHECK cv_status cv_witnessing_entry(struct cv_witnessing *w, uint64_t index, enum cv_kind kind,
                                            struct cv_bytes data);
CV_MUST_CHECK cv_status cv_witnessing_commit(struct cv_witnessing *w, const struct cv_chain *chain);

/** cv_witnessing_count(w, out): at the end of the log. */
void cv_witnessing_count(const struct cv_witnessing *w, struct cv_witnessed *out);

#endif
