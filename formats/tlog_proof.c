#include "formats/tlog_proof.h"

#include <inttypes.h>
#include <string.h>

#include "formats/base64.h"

#define TITLE "c2sp.org/tlog-proof@v1"
#define HASHES_MAX 64

cv_status cv_tlog_proof_write(const struct cv_tlog_proof *p, struct cv_buf *out)
{
    cv_status st = cv_buf_str(out, TITLE "\nextra ");
    st = CV_THEN(st, cv_base64_encode(CV_BASE64_STD, cv_buf_view(&p->extra), out));
    st = CV_THEN(st, cv_buf_printf(out, "\nindex %" PRIu64 "\n", p->index));
    for (size_t i = 0; i + 32 <= p->hashes.n && st == CV_OK; i += 32) {
        st = cv_base64_encode(CV_BASE64_STD, CV_BYTES(p->hashes.p + i, 32), out);
        st = CV_THEN(st, cv_buf_str(out, "\n"));
    }
    st = CV_THEN(st, cv_buf_str(out, "\n"));
    return CV_THEN(st, cv_buf_append(out, p->note));
}

cv_status cv_tlog_proof_parse(struct cv_bytes text, struct cv_tlog_proof *out, struct cv_err *err)
{
    struct cv_bytes rest = text, l, said;
    memset(out, 0, sizeof(*out));
    if (text.n > CV_TLOG_PROOF_MAX_BYTES)
        return cv_fail(err, CV_ERR_LIMIT, "proof: longer than %zu bytes", CV_TLOG_PROOF_MAX_BYTES);
    if (!cv_bytes_line(&rest, "", &l) || !cv_bytes_equal(l, CV_LIT(TITLE)))
        return cv_fail(err, CV_ERR_FORMAT, "proof: not a %s", TITLE);
    if (!cv_bytes_line(&rest, "extra ", &said) || cv_base64_decode(CV_BASE64_STD, said, &out->extra) != CV_OK)
        return cv_fail(err, CV_ERR_FORMAT, "proof: its extra line is not base64");
    if (!cv_bytes_line(&rest, "index ", &said) || !cv_bytes_number(said, &out->index))
        return cv_fail(err, CV_ERR_FORMAT, "proof: its index is not a number");
    while (cv_bytes_line(&rest, "", &l) && l.n > 0) {
        uint8_t *hash;
        if (out->hashes.n == 32 * HASHES_MAX)
            return cv_fail(err, CV_ERR_FORMAT, "proof: more than %d hashes", HASHES_MAX);
        cv_status st = cv_buf_extend(&out->hashes, 32, &hash);
        if (st != CV_OK)
            return st;
        if (cv_base64_decode_exact(CV_BASE64_STD, l, hash, 32) != CV_OK)
            return cv_fail(err, CV_ERR_FORMAT, "proof: a hash is not 32 bytes in base64");
    }
    if (l.n != 0 || rest.n == 0)
        return cv_fail(err, CV_ERR_FORMAT, "proof: it has no checkpoint");
    out->note = rest;
    return CV_OK;
}

void cv_tlog_proof_free(struct cv_tlog_proof *p)
{
    cv_buf_free(&p->extra);
    cv_buf_free(&p->hashes);
    memset(p, 0, sizeof(*p));
}
