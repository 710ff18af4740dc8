/* What a witness is asked, its key file, and the little HTTP it speaks: strict, and harmless when damaged. */
#include "formats/witness.h"
#include "formats/checkpoint.h"
#include "formats/http.h"
#include "test.h"

static struct cv_witness witness;
static struct cv_buf request, file;

static int setup(void **state)
{
    struct cv_checkpoint c = { "casevault/ab", 7, { { 1, 2, 3 } } };
    struct cv_buf text = { 0 }, note = { 0 };
    const uint8_t proof[64] = { 7 };
    (void)state;
    assert_ok(cv_witness_new("auditor.example/w1", &witness, NULL));
    const struct cv_note_signer s = { c.origin, witness.public.public, cv_sign_key, witness.key };
    assert_ok(cv_checkpoint_text(&c, &text));
    assert_ok(cv_note_sign(cv_buf_view(&text), &s, 1, &note, NULL));
    assert_ok(cv_witness_request_write(3, CV_ARR(proof), cv_buf_view(&note), &request));
    assert_ok(cv_witness_seal(&witness, CV_LIT("a passphrase"), 1, &file, NULL));
    cv_buf_free(&text);
    cv_buf_free(&note);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cv_witness_free(&witness);
    cv_buf_free(&request);
    cv_buf_free(&file);
    return 0;
}

/* parse_request: what it reads, it writes again as it was. */
static cv_status parse_request(void *arg, struct cv_bytes bytes)
{
    struct cv_witness_request r;
    struct cv_buf again = { 0 };
    (void)arg;
    const cv_status st = cv_witness_request_parse(bytes, &r, NULL);
    if (st == CV_OK) {
        assert_ok(cv_witness_request_write(r.old, cv_buf_view(&r.proof), r.bytes, &again));
        assert_bytes(cv_buf_view(&again), bytes);
    }
    cv_witness_request_free(&r);
    cv_buf_free(&again);
    return st;
}

static void test_request(void **state)
{
    struct cv_witness_request r;
    struct cv_buf none = { 0 };
    static const uint8_t many[64 * 32];
    (void)state;
    assert_ok(cv_witness_request_parse(cv_buf_view(&request), &r, NULL));
    assert_int_equal(r.old, 3);
    assert_int_equal(r.size, 7);
    assert_int_equal(r.proof.n, 64);
    assert_string_equal(r.origin, "casevault/ab");
    assert_ok(cv_note_verify(&r.note, r.origin, witness.public.public));
    cv_witness_request_free(&r);
    assert_status(cv_witness_request_write(3, CV_ARR(many), CV_LIT(""), &none), CV_ERR_ARG);
    assert_status(cv_witness_request_write(3, CV_BYTES(many, 31), CV_LIT(""), &none), CV_ERR_ARG);
    assert_int_equal(none.n, 0);
    every_cut(cv_buf_view(&request), 0, request.n, parse_request, NULL,
              MAY(CV_ERR_FORMAT) | MAY(CV_ERR_LIMIT));
    every_bit(cv_buf_view(&request), 0, request.n, parse_request, NULL,
              MAY(CV_OK) | MAY(CV_ERR_FORMAT) | MAY(CV_ERR_LIMIT));
    cv_buf_free(&none);
}

/* unpack: who reads it may lie, but in one form only. */
static cv_status unpack(void *arg, struct cv_bytes bytes)
{
    struct cv_witness_request r;
    struct cv_buf again = { 0 };
    (void)arg;
    const cv_status st = cv_witness_request_unpack(bytes, &r);
    if (st == CV_OK) {
        assert_ok(cv_witness_request_pack(&r, &again));
        assert_bytes(cv_buf_view(&again), bytes);
    }
    cv_witness_request_free(&r);
    cv_buf_free(&again);
    return st;
}

static void test_packed(void **state)
{
    struct cv_witness_request r, got;
    struct cv_buf packed = { 0 };
    (void)state;
    assert_ok(cv_witness_request_parse(cv_buf_view(&request), &r, NULL));
    assert_ok(cv_witness_request_pack(&r, &packed));
    assert_ok(cv_witness_request_unpack(cv_buf_view(&packed), &got));
    assert_bytes(got.note.text, r.note.text);
    assert_ok(cv_note_verify(&got.note, got.origin, witness.public.public));
    cv_witness_request_free(&r);
    cv_witness_request_free(&got);
    every_cut(cv_buf_view(&packed), 0, packed.n, unpack, NULL, MAY(CV_ERR_FORMAT));
    every_bit(cv_buf_view(&packed), 0, packed.n, unpack, NULL, MAY(CV_OK) | MAY(CV_ERR_FORMAT));
    cv_buf_free(&packed);
}

/* ---- the key file ---- */

static void test_key_file(void **state)
{
    struct cv_witness w;
    (void)state;
    assert_ok(cv_witness_open(cv_buf_view(&file), CV_LIT("a passphrase"), &w, NULL));
    assert_string_equal(w.public.name, "auditor.example/w1");
    assert_memory_equal(w.public.public, witness.public.public, 32);
    cv_witness_free(&w);
    assert_status(cv_witness_open(cv_buf_view(&file), CV_LIT("another"), &w, NULL), CV_ERR_NOKEY);
    assert_null(w.key);
    assert_status(cv_witness_open(CV_BYTES(file.p, file.n - 40), CV_LIT("a passphrase"), &w, NULL),
                  CV_ERR_FORMAT);
    assert_status(cv_witness_new("two words", &w, NULL), CV_ERR_ARG);
    assert_status(cv_witness_new("", &w, NULL), CV_ERR_ARG);
}

/* ---- HTTP ---- */

static unsigned code_of(const char *text)
{
    struct cv_http_request r;
    return cv_http_parse(cv_bytes_str(text), 100, &r);
}

static void test_http(void **state)
{
    static const struct {
        unsigned want;
        const char *text;
    } rows[] = {
        { 200, "POST /x HTTP/1.1\r\nHost: w\r\nContent-Length: 100\r\n\r\n" },
        { 200, "GET /x HTTP/1.1\r\nhost:\r\n\r\n" },
        { 0, "POST /x HTTP/1.1\r\nHost: w\r\n" },
        { 0, "" },
        { 413, "POST /x HTTP/1.1\r\nHost: w\r\nContent-Length: 101\r\n\r\n" },
        { 413, "POST /x HTTP/1.1\r\nHost: w\r\nContent-Length: 18446744073709551617\r\n\r\n" },
        { 400, "POST /x HTTP/1.1\r\nHost: w\r\nContent-Length:\r\n\r\n" },
        { 400, "POST /x HTTP/1.1\r\nHost: w\r\nContent-Length: 1, 1\r\n\r\n" },
        { 400, "POST /x HTTP/1.1\r\nHost: w\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n" },
        { 501, "POST /x HTTP/1.1\r\nHost: w\r\nTransfer-Encoding: identity\r\n\r\n" },
        { 400, "POST /x HTTP/1.1\r\n\r\n" },
        { 400, "POST x HTTP/1.1\r\nHost: w\r\n\r\n" },
        { 400, "POST /x  HTTP/1.1\r\nHost: w\r\n\r\n" },
        { 505, "POST /x HTTP/3.0\r\nHost: w\r\n\r\n" },
        { 400, "P(ST /x HTTP/1.1\r\nHost: w\r\n\r\n" },
        { 400, "\r\n\r\n" },
    };
    struct cv_http_request r;
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (code_of(rows[i].text) != rows[i].want)
            fail_msg("row %zu: %u where %u is wanted", i, code_of(rows[i].text), rows[i].want);
    const struct cv_bytes text = CV_LIT("POST /x HTTP/1.1\r\nHost: w\r\nContent-Length: 5\r\n"
                                        "Connection: keep-alive, CLOSE\r\nExpect: 100-Continue\r\n\r\nhello");
    assert_int_equal(cv_http_parse(text, 100, &r), 200);
    assert_true(r.close && r.expect && r.length && r.body == 5 && r.head == text.n - 5);
}

static cv_status parse_http(void *arg, struct cv_bytes bytes)
{
    struct cv_http_request r;
    (void)arg;
    const unsigned code = cv_http_parse(bytes, 100, &r);
    assert_true(code != 200 || (r.head <= bytes.n && r.body <= 100));
    return code == 200 ? CV_OK : CV_ERR_FORMAT;
}

static void test_http_damage(void **state)
{
    const struct cv_bytes text = CV_LIT("POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 5\r\n"
                                        "Expect: 100-continue\r\nConnection: close\r\n\r\n");
    (void)state;
    every_cut(text, 0, text.n, parse_http, NULL, MAY(CV_ERR_FORMAT));
    every_bit(text, 0, text.n, parse_http, NULL, MAY(CV_OK) | MAY(CV_ERR_FORMAT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request), cmocka_unit_test(test_packed),      cmocka_unit_test(test_key_file),
        cmocka_unit_test(test_http),    cmocka_unit_test(test_http_damage),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
