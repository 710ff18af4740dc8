#ifndef CV_VAULT_STAMP_H
#define CV_VAULT_STAMP_H

#include "crypto/timestamp.h"
#include "vault/attest.h"

/* Timestamps (RFC 3161) over checkpoints. What is stamped is the SHA-256 of the text of a checkpoint's note:
 * origin, size and root, so everything in the log before it. */

/** cv_stamp_last(c): the index of the last checkpoint. */
uint64_t cv_stamp_last(const struct cv_custody *c);

/** cv_stamp_digest(c, checkpoint, digest, err): what a timestamp of this checkpoint is over. CV_OK;
 * CV_ERR_NOTFOUND: no such checkpoint; CV_ERR_LOG if it is damaged. */
CV_MUST_CHECK cv_status cv_stamp_digest(struct cv_custody *c, uint64_t checkpoint,
                                        uint8_t digest[static CV_SHA256_BYTES], struct cv_err *err);

/**
 * cv_stamp_keep(v, checkpoint, reply, nonce, ca, out, err): verify a reply that has just come, and put it
 * into the log; ${out} tells what it says. ${nonce} may be empty: a reply to the same digest that is older
 * proves no less. CV_OK; CV_ERR_FORMAT: no reply, or the authority refused; CV_ERR_AUTH: over another digest,
 * or not to be believed; CV_ERR_LIMIT; as cv_attest_add.
 */
CV_MUST_CHECK cv_status cv_stamp_keep(struct cv_vault *v, uint64_t checkpoint, struct cv_bytes reply,
                                      struct cv_bytes nonce, struct cv_timestamp_ca *ca,
                                      struct cv_timestamp *out, struct cv_err *err);

/* What is to be said of one that was kept. */
enum cv_stamp_verdict {
    CV_STAMP_HOLDS,
    CV_STAMP_EXPIRED,   /* it holds by its own time; today the certificates would not */
    CV_STAMP_UNKNOWN,   /* not signed by an authority that chains to these CAs */
    CV_STAMP_OTHER,     /* over another digest than that of the checkpoint it stands for */
    CV_STAMP_UNREADABLE /* no granted timestamp, or for an entry that is no checkpoint */
};
/** cv_stamp_bad(verdict): whoever put it there says something that is not so, whichever CAs are believed. */
bool cv_stamp_bad(enum cv_stamp_verdict verdict);

struct cv_stamp {
    uint64_t entry, checkpoint;
    enum cv_stamp_verdict verdict;
    struct cv_timestamp said; /* believe it only if the verdict is one of the first two */
};
typedef cv_status (*cv_stamp_fn)(void *arg, const struct cv_stamp *s, struct cv_err *err);

/** cv_stamps(c, ca, fn, arg, err): every timestamp of the log, in order, and what is to be said of it. CV_OK;
 * CV_ERR_LOG; CV_ERR_IO; CV_ERR_NOMEM; or what ${fn} returned. */
CV_MUST_CHECK cv_status cv_stamps(struct cv_custody *c, struct cv_timestamp_ca *ca, cv_stamp_fn fn, void *arg,
                                  struct cv_err *err);

#endif
