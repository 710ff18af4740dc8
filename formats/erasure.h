#ifndef CV_FORMATS_ERASURE_H
#define CV_FORMATS_ERASURE_H

#include "formats/date.h"
#include "formats/policy.h"

/**
 * The data of an erase entry: the durable intent to destroy the release keys of some versions. A signed note
 * over the statement (formats/statement.h) `erase` with
 *
 *   {"policy":N,"versions":[{"entry":I,"slot":S},...],"expires":"YYYY-MM-DD","nonce":"<base64url of 16
 * bytes>"}
 *
 * signed by as many members as the policy in force asks, each with a role that may erase. It names entries,
 * not records: who reads no record learns nothing but that some versions are gone. The tombstone entry that
 * closes it is two LF-terminated lines: `casevault tombstone v1` and the index of the erase entry.
 */
#define CV_ERASURE_VERSIONS_MAX 10000
#define CV_NONCE_BYTES 16

struct cv_erased_version {
    uint64_t entry, slot;
};
struct cv_erasure {
    uint64_t policy;
    struct cv_erased_version *versions;
    size_t count;
    char expires[CV_DATE_BYTES];
    uint8_t nonce[CV_NONCE_BYTES];
};
void cv_erasure_free(struct cv_erasure *e);

/** cv_erasure_text(e, vault, out): append what is to be signed. CV_OK; CV_ERR_NOMEM; CV_ERR_LIMIT. */
CV_MUST_CHECK cv_status cv_erasure_text(const struct cv_erasure *e, const char *vault, struct cv_buf *out);

/** cv_erasure_parse(note, vault, out, err): read it; signatures are not judged yet. CV_OK; CV_ERR_FORMAT;
 * CV_ERR_LIMIT; CV_ERR_LOG if made for another vault; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_erasure_parse(struct cv_bytes note, const char *vault, struct cv_erasure *out,
                                         struct cv_err *err);

/** cv_erasure_judge(note, policy, count, err): enough members have signed, under the policy it names, which
 * is
 * ${policy}. ${count}: how many have. CV_OK; CV_ERR_AUTH for too few, or a signature that does not verify; as
 * cv_erasure_parse. */
CV_MUST_CHECK cv_status cv_erasure_judge(struct cv_bytes note, const struct cv_policy *policy,
                                         unsigned *count, struct cv_err *err);

CV_MUST_CHECK cv_status cv_tombstone_write(uint64_t intent, struct cv_buf *out);
CV_MUST_CHECK cv_status cv_tombstone_parse(struct cv_bytes data, uint64_t *intent, struct cv_err *err);

#endif
