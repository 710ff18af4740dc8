#ifndef CV_FORMATS_TLOG_PROOF_H
#define CV_FORMATS_TLOG_PROOF_H

#include "formats/err.h"
#include "formats/merkle.h"

/**
 * Proofs that an entry stands in a log (c2sp.org/tlog-proof):
 *
 *   c2sp.org/tlog-proof@v1
 *   extra <base64>               here always: the leaf text
 *   index <number>
 *   <hash in base64>             none or more: the inclusion proof
 *   <empty line>
 *   <signed note: the checkpoint>
 */
struct cv_tlog_proof {
    struct cv_buf extra;
    uint64_t index;
    struct cv_buf hashes; /* 32 bytes each */
    struct cv_bytes note; /* a view: the checkpoint */
};
#define CV_TLOG_PROOF_MAX_BYTES ((size_t)1 << 20)

/** cv_tlog_proof_write(p, out): CV_OK; CV_ERR_LIMIT; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_tlog_proof_write(const struct cv_tlog_proof *p, struct cv_buf *out);
/** cv_tlog_proof_parse(text, out, err): exactly what cv_tlog_proof_write writes; nothing is verified yet.
 * Free with cv_tlog_proof_free, also after a failure. CV_OK; CV_ERR_FORMAT; CV_ERR_LIMIT; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_tlog_proof_parse(struct cv_bytes text, struct cv_tlog_proof *out,
                                            struct cv_err *err);
void cv_tlog_proof_free(struct cv_tlog_proof *p);

#endif
