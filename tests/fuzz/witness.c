/* What a witness is asked: the body of an add-checkpoint request, which is written again as the same bytes;
 * with an HTTP head before it (POST ...), whose verdict on a request stands once it is given, however much
 * of it has come. */
#include "tests/fuzz/fuzz.h"

#include "formats/http.h"
#include "formats/witness.h"

static void body(struct cv_bytes bytes)
{
    struct cv_witness_request r = { 0 };
    struct cv_buf again = { 0 };
    struct cv_err err = { 0 };
    if (fuzz_judged(cv_witness_request_parse(bytes, &r, &err), &err, 0)) {
        must(r.proof.n % 32 == 0 && r.proof.n <= (size_t)CV_WITNESS_HASHES_MAX * 32);
        must(cv_witness_request_write(r.old, cv_buf_view(&r.proof), r.bytes, &again) == CV_OK);
        fuzz_same(bytes, cv_buf_view(&again));
    }
    cv_witness_request_free(&r);
    cv_buf_free(&again);
}

static void http(struct cv_bytes bytes)
{
    struct cv_http_request whole, part;
    const unsigned code = cv_http_parse(bytes, CV_WITNESS_REQUEST_MAX, &whole);
    must(code == 0 || code == 200 || (code >= 400 && code < 600));
    unsigned before = 0;
    const size_t step = bytes.n < 512 ? 1 : bytes.n / 64;
    for (size_t n = 0; n <= bytes.n; n += step) {
        const unsigned now = cv_http_parse(CV_BYTES(bytes.p, n), CV_WITNESS_REQUEST_MAX, &part);
        must(before == 0 || now == before);
        before = now;
    }
    must(before == 0 || before == code);
    if (code == 200) {
        must(whole.body <= CV_WITNESS_REQUEST_MAX && whole.head <= bytes.n);
        if (bytes.n - whole.head >= whole.body)
            body(CV_BYTES(bytes.p + whole.head, whole.body));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    const struct cv_bytes in = CV_BYTES(p, n);
    if (n >= 3 && memcmp(p, "old", 3) == 0)
        body(in);
    else
        http(in);
    return 0;
}
