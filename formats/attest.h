#ifndef CV_FORMATS_ATTEST_H
#define CV_FORMATS_ATTEST_H

#include "formats/json.h"

/**
 * What somebody from outside says of a checkpoint, kept in the log:
 *
 *   {"casevault":"attest v1","checkpoint":N,"kind":"cosignature"|"timestamp","value":"..."}
 *
 * N is the index of the checkpoint entry. The value of a cosignature is one line of a signed note, LF at its
 * end (c2sp.org/tlog-cosignature); that of a timestamp is base64 of an RFC 3161 TimeStampResp. Anybody may
 * append one: it is worth what it proves by itself.
 */
#define CV_ATTEST_MAX_BYTES ((size_t)65536)

enum cv_attest_kind { CV_ATTEST_COSIGNATURE, CV_ATTEST_TIMESTAMP, CV_ATTEST_COUNT };
const char *cv_attest_kind_name(enum cv_attest_kind kind);

struct cv_attest {
    uint64_t checkpoint;
    enum cv_attest_kind kind;
    struct cv_buf value;
};

/** cv_attest_write(a, out): append the data of an attest entry. CV_OK; CV_ERR_LIMIT; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_attest_write(const struct cv_attest *a, struct cv_buf *out);
/** cv_attest_parse(data, out, err): CV_OK; CV_ERR_FORMAT; CV_ERR_LIMIT; CV_ERR_NOMEM. Free with
 * cv_attest_free. */
CV_MUST_CHECK cv_status cv_attest_parse(struct cv_bytes data, struct cv_attest *out, struct cv_err *err);
void cv_attest_free(struct cv_attest *a);

#endif
