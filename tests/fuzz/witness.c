/* What a witness is asked: the body of an add-checkpoint request, which is written again as the same bytes;
 * with an HTTP head before it (POST ...), whose verdict on a request stands once it is given, however much
 * of it has come; and the form in which a request goes on to who has the key. */
#include "tests/fuzz/fuzz.h"

#include "formats/http.h"
#include "formats/witness.h"

/* packs(r): what was read is handed on as it is: above all what its log signed. */
static void packs(const struct cv_witness_request *r)
{
    struct cv_witness_request got;
    struct cv_buf packed = { 0 };
    must(cv_witness_request_pack(r, &packed) == CV_OK);
    must(cv_witness_request_unpack(cv_buf_view(&packed), &got) == CV_OK);
    must(got.old == r->old && got.size == r->size && strcmp(got.origin, r->origin) == 0);
    must(memcmp(got.root, r->root, sizeof(got.root)) == 0 && got.note.count == r->note.count);
    fuzz_same(r->note.text, got.note.text);
    fuzz_same(cv_buf_view(&r->proof), cv_buf_view(&got.proof));
    cv_witness_request_free(&got);
    cv_buf_free(&packed);
}

/* unpack(bytes): of who may lie; what is taken has one form. */
static void unpack(struct cv_bytes bytes)
{
    struct cv_witness_request r;
    struct cv_buf again = { 0 };
    if (cv_witness_request_unpack(bytes, &r) == CV_OK) {
        must(cv_witness_request_pack(&r, &again) == CV_OK);
        fuzz_same(bytes, cv_buf_view(&again));
    }
    cv_witness_request_free(&r);
    cv_buf_free(&again);
}

static void body(struct cv_bytes bytes)
{
    struct cv_witness_request r = { 0 };
    struct cv_buf again = { 0 };
    struct cv_err err = { 0 };
    if (fuzz_judged(cv_witness_request_parse(bytes, &r, &err), &err, 0)) {
        must(r.proof.n % 32 == 0 && r.proof.n <= (size_t)CV_WITNESS_HASHES_MAX * 32);
        must(cv_witness_request_write(r.old, cv_buf_view(&r.proof), r.bytes, &again) == CV_OK);
        fuzz_same(bytes, cv_buf_view(&again));
        packs(&r);
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
    unpack(in);
    return 0;
}
