#ifndef CV_FORMATS_MISCONDUCT_H
#define CV_FORMATS_MISCONDUCT_H

#include "formats/checkpoint.h"
#include "formats/err.h"

/**
 * Evidence, for anybody, that a log signed two checkpoints that cannot both be true: the second is of a log
 * that had another root than the first, when it had as many entries. As long as SHA-256 holds, no one log has
 * both; whoever holds the log's key, and the members who signed beside it, told two stories.
 *
 *   casevault misconduct v1
 *   root <base64>               of the second log, when it had as many entries as the first
 *   <hash in base64>            none or more: from there to the second checkpoint (RFC 9162, section 2.1.4)
 *   <empty line>
 *   <signed note: the first checkpoint>
 *   <empty line>
 *   <signed note: the second, of as many entries or more>
 */
struct cv_misconduct {
    struct cv_hash root;
    struct cv_buf hashes; /* 32 bytes each */
    struct cv_bytes first, second;
};
#define CV_MISCONDUCT_MAX_BYTES ((size_t)1 << 20)

/** cv_misconduct_write(m, out): CV_OK; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_misconduct_write(const struct cv_misconduct *m, struct cv_buf *out);
/** cv_misconduct_parse(text, out, err): nothing is verified yet; the notes are views of ${text}. Free with
 * cv_misconduct_free, also after a failure. CV_OK; CV_ERR_FORMAT; CV_ERR_LIMIT; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_misconduct_parse(struct cv_bytes text, struct cv_misconduct *out,
                                            struct cv_err *err);
void cv_misconduct_free(struct cv_misconduct *m);

/** cv_misconduct_verify(m, key, heads, err): both notes are signed by the log of that name with ${key}, and
 * cannot both be true; ${heads} are the two. CV_OK: it is proved; CV_ERR_AUTH saying what is not proved;
 * CV_ERR_FORMAT; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_misconduct_verify(const struct cv_misconduct *m, const uint8_t key[static 32],
                                             struct cv_checkpoint heads[static 2], struct cv_err *err);

#endif
