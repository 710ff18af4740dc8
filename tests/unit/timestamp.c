/* Timestamps (RFC 3161): what is asked, and replies that are cut and altered at every place. The replies were
 * made as tests/cli/timestamp.py makes its own: of 2020-05-06T07:08:09Z, over the SHA-256 of "casevault" or
 * "other". */
#include "crypto/timestamp.h"
#include "test.h"
#include "timestamp_samples.h"

/* A CA, and another, valid from 2020 to 2120. */
static const char other_pem[] = "-----BEGIN CERTIFICATE-----\n"
                                "MIIBPDCB46ADAgECAhRHN1q2bLLqPNVFVGxj0dmF+u2NzTAKBggqhkjOPQQDAjAT\n"
                                "MREwDwYDVQQDDAhPdGhlciBjYTAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAw\n"
                                "MDAwMFowEzERMA8GA1UEAwwIT3RoZXIgY2EwWTATBgcqhkjOPQIBBggqhkjOPQMB\n"
                                "BwNCAATJMR/8ZcMe4iHrl8g2eSnjlPxCrbiCeqGBHuskubWUEPF/UDkNF4o9B++z\n"
                                "WmTMvRG/49ebcCOeyp0U5pnYWiURoxMwETAPBgNVHRMBAf8EBTADAQH/MAoGCCqG\n"
                                "SM49BAMCA0gAMEUCIAEDwg8SdPrKROwIohGArCOjStbcIq2FHELz2mibrYvDAiEA\n"
                                "rYsZ8meZBS4bsQlg6lc78FKxKOaL7p5WUl0/BCCloZ8=\n"
                                "-----END CERTIFICATE-----\n";
static const char brief[] =
    "3082035930030201003082035006092a864886f70d010702a08203413082033d020103310d300b060960864801650304"
    "02013062060b2a864886f70d0109100104a0530451304f02010106032a03043031300d06096086480165030402010500"
    "0420343eeb850f293ffa1191492267655a934d75c49e65f1b792e6984fae6f0c3f55020102180f323032303035303630"
    "37303830395aa08201533082014f3081f7a00302010202145add787cfb193bc7d3ed54e0200d901c06a71e29300a0608"
    "2a8648ce3d04030230123110300e06035504030c0754657374206361301e170d3230303130313030303030305a170d32"
    "31303130313030303030305a30153113301106035504030c0a546573742062726965663059301306072a8648ce3d0201"
    "06082a8648ce3d03010703420004ed664e657d9e4764fc84dfefbf40f335772f11dce060bac21c896d739a8de37b1681"
    "a312c0553f66f248c97301d11ec3489dae4713341e0cdd142cd5a30f3a5fa3283026300c0603551d130101ff04023000"
    "30160603551d250101ff040c300a06082b06010505070308300a06082a8648ce3d040302034700304402202d8c67f5e5"
    "df7e09eca0abb36a15e6c202e29535dec53106d58029e9bf0a36a702202b287aebcee29ce9a699c99bc14cd2fa7ace24"
    "f07cc4273031144ef3e83334763182016c30820168020101302a30123110300e06035504030c07546573742063610214"
    "5add787cfb193bc7d3ed54e0200d901c06a71e29300b0609608648016503040201a081d4301a06092a864886f70d0109"
    "03310d060b2a864886f70d0109100104301c06092a864886f70d010905310f170d3236313132353135313331315a302f"
    "06092a864886f70d01090431220420488d1927a86cf8deb0dcaa206c451c8cf2fa7cd83b6982e87f1c55520832e29f30"
    "67060b2a864886f70d010910022f31583056305430520420b425e8229b3ffe84577395a3a5eb793f7ac9bbc5a2612fd3"
    "63ff2f170426fa13302e3016a41430123110300e06035504030c075465737420636102145add787cfb193bc7d3ed54e0"
    "200d901c06a71e29300a06082a8648ce3d0403020447304502204b50c221ca21fbbc47cf65865b937781870a22698dc0"
    "6031439caea5f23db1cd022100db8c7a0f2916e3bc7ffa2084417ab81fbfb12da381bc67a494ebb3d4ed9d5ea9";
static const char other[] =
    "3082035830030201003082034f06092a864886f70d010702a08203403082033c020103310d300b060960864801650304"
    "02013062060b2a864886f70d0109100104a0530451304f02010106032a03043031300d06096086480165030402010500"
    "0420d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa020103180f323032303035303630"
    "37303830395aa08201533082014f3081f7a003020102021429e69d314f9e16520b6f547ec387dd38dbf586f1300a0608"
    "2a8648ce3d04030230123110300e06035504030c07546573742063613020170d3230303130313030303030305a180f32"
    "313230303130313030303030305a30133111300f06035504030c0854657374207473613059301306072a8648ce3d0201"
    "06082a8648ce3d030107034200045a4e2ae551a58526da278d02c3a87b2af8031b9a60c0ad6f53ca0ddca2a701c1deb7"
    "07ea384078ee82760236c7837da13babfd796ab1bd87f2da783d0f9d1cb9a3283026300c0603551d130101ff04023000"
    "30160603551d250101ff040c300a06082b06010505070308300a06082a8648ce3d0403020347003044022017f2552e85"
    "b2c94bad2728ae19b639267e5f3c1c67a581f179f31e15eb52f36c02200eb936b32e60a8dfdef61f0e4f040d4b5315ad"
    "caa555d9f3da5c7b82f601872c3182016b30820167020101302a30123110300e06035504030c07546573742063610214"
    "29e69d314f9e16520b6f547ec387dd38dbf586f1300b0609608648016503040201a081d4301a06092a864886f70d0109"
    "03310d060b2a864886f70d0109100104301c06092a864886f70d010905310f170d3236313132353135313331315a302f"
    "06092a864886f70d0109043122042049443c7820126ba5c042e5e66f53613e49bd63c3c31f76c546c0ce694fc12c2130"
    "67060b2a864886f70d010910022f3158305630543052042069aae2da49cbec7c4ca6d5901c96df393b6d1e7248b3b628"
    "091fcd6698571eac302e3016a41430123110300e06035504030c0754657374206361021429e69d314f9e16520b6f547e"
    "c387dd38dbf586f1300a06082a8648ce3d0403020446304402206c9a6bf3db47ad8f6fc5ad77f7672688d1a42e3a65bb"
    "61d45d7833f3b680a2d702201c451112161c4aa916cde24c3960a6222d358b32ca54bf4fa2e91c978dcb7634";
static const char rejected[] = "300f300d02010230040c026e6f03020204";
#define STAMPED 1588748889
static const uint8_t nonce[CV_TIMESTAMP_NONCE_BYTES] = { 1, 2, 3, 4, 5, 6, 7, 8 };
static const struct cv_bytes any = { 0 };

static uint8_t digest[CV_SHA256_BYTES], other_digest[CV_SHA256_BYTES];
static struct cv_timestamp_ca *ca, *other_ca;

static int setup(void **state)
{
    (void)state;
    assert_ok(cv_sha256(CV_LIT("casevault"), digest));
    assert_ok(cv_sha256(CV_LIT("other"), other_digest));
    assert_ok(cv_timestamp_ca_new(cv_bytes_str(ca_pem), &ca));
    assert_ok(cv_timestamp_ca_new(cv_bytes_str(other_pem), &other_ca));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cv_timestamp_ca_free(ca);
    cv_timestamp_ca_free(other_ca);
    return 0;
}

/* Section 2.4.1, byte by byte. */
static void test_request(void **state)
{
    struct cv_buf out = { 0 }, head = unhex("3043020101"),
                  hash = unhex("3031300d060960864801650304020105000420"),
                  tail = unhex("020801020304050607080101ff");
    (void)state;
    assert_ok(cv_timestamp_request(digest, nonce, &out));
    assert_int_equal(out.n, 69);
    assert_memory_equal(out.p, head.p, head.n);
    assert_memory_equal(out.p + head.n, hash.p, hash.n);
    assert_memory_equal(out.p + head.n + hash.n, digest, sizeof(digest));
    assert_bytes(CV_BYTES(out.p + out.n - tail.n, tail.n), cv_buf_view(&tail));
    /* A nonce is never negative, and shorter if it begins with zeros. */
    cv_buf_truncate(&out, 0);
    assert_ok(cv_timestamp_request(digest, (const uint8_t[8]){ 0x80 }, &out));
    assert_int_equal(out.n, 70);
    cv_buf_truncate(&out, 0);
    assert_ok(cv_timestamp_request(digest, (const uint8_t[8]){ 0 }, &out));
    assert_int_equal(out.n, 62);
    /* Nothing is left of what does not fit. */
    struct cv_buf small = { .max = 10 };
    assert_status(cv_timestamp_request(digest, nonce, &small), CV_ERR_LIMIT);
    assert_int_equal(small.n, 0);
    cv_buf_free(&small);
    cv_buf_free(&out);
    cv_buf_free(&head);
    cv_buf_free(&hash);
    cv_buf_free(&tail);
}

static void test_read(void **state)
{
    struct cv_buf reply = unhex(good), no = unhex(rejected);
    struct cv_timestamp t;
    (void)state;
    assert_ok(cv_timestamp_read(cv_buf_view(&reply), &t));
    assert_true(t.granted && t.sha256 && t.status == 0 && t.failure == NULL && t.accuracy == 0);
    assert_int_equal(t.time, STAMPED);
    assert_memory_equal(t.imprint, digest, sizeof(digest));
    assert_string_equal(t.authority, "CN = Test tsa");
    assert_ok(cv_timestamp_read(cv_buf_view(&no), &t));
    assert_true(!t.granted && !t.sha256 && t.status == 2 && t.time == 0 && t.authority[0] == '\0');
    assert_string_equal(t.failure, "badDataFormat");
    cv_buf_free(&reply);
    cv_buf_free(&no);
}

static void test_verify(void **state)
{
    static const struct {
        const char *reply;
        bool other_digest, other_ca, now, wrong_nonce, nonce;
        cv_status want;
    } rows[] = {
        { .reply = good, .want = CV_OK },
        { .reply = good, .now = true, .want = CV_OK },
        { .reply = good, .nonce = true, .want = CV_OK },
        { .reply = good, .nonce = true, .wrong_nonce = true, .want = CV_ERR_AUTH },
        { .reply = good, .other_digest = true, .want = CV_ERR_AUTH },
        { .reply = good, .other_ca = true, .want = CV_ERR_AUTH },
        { .reply = brief, .want = CV_OK }, /* its certificate ended in 2021 */
        { .reply = brief, .now = true, .want = CV_ERR_AUTH },
        { .reply = brief, .want = CV_OK }, /* and the time of the look before is forgotten */
        { .reply = brief, .nonce = true, .want = CV_ERR_AUTH }, /* it has none */
        { .reply = other, .other_digest = true, .want = CV_OK },
        { .reply = other, .want = CV_ERR_AUTH },
        { .reply = rejected, .want = CV_ERR_AUTH },
        { .reply = "", .want = CV_ERR_FORMAT },
    };
    static const uint8_t wrong[CV_TIMESTAMP_NONCE_BYTES] = { 1, 2, 3, 4, 5, 6, 7, 9 };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cv_buf reply = unhex(rows[i].reply);
        const cv_status st = cv_timestamp_verify(
            cv_buf_view(&reply), rows[i].other_digest ? other_digest : digest,
            rows[i].wrong_nonce ? CV_ARR(wrong)
            : rows[i].nonce     ? CV_ARR(nonce)
                                : any,
            rows[i].other_ca ? other_ca : ca, rows[i].now ? CV_TIMESTAMP_NOW : CV_TIMESTAMP_THEN);
        if (st != rows[i].want)
            fail_msg("row %zu: status %d", i, (int)st);
        cv_buf_free(&reply);
    }
}

/* never_other: a parse_fn. What nobody signs may be altered: "granted" to "granted with modifications", a
 * version, the name of the signature's algorithm, small letters to capitals in the name of the CA. But no
 * altered reply is one to another digest, nor one of another CA; and if it still holds for the right one, it
 * tells nothing else than before. */
static cv_status never_other(void *arg, struct cv_bytes bytes)
{
    struct cv_timestamp t;
    (void)arg;
    const cv_status read = cv_timestamp_read(bytes, &t);
    assert_int_not_equal(cv_timestamp_verify(bytes, other_digest, any, ca, CV_TIMESTAMP_THEN), CV_OK);
    assert_int_not_equal(cv_timestamp_verify(bytes, digest, any, other_ca, CV_TIMESTAMP_THEN), CV_OK);
    const cv_status st = cv_timestamp_verify(bytes, digest, any, ca, CV_TIMESTAMP_THEN);
    if (read == CV_OK && !t.granted)
        assert_int_equal(st, CV_ERR_AUTH);
    if (st == CV_OK) {
        assert_int_equal(read, CV_OK);
        assert_true(t.granted && t.time == STAMPED && t.accuracy == 0);
        assert_string_equal(t.authority, "CN = Test tsa");
        assert_memory_equal(t.imprint, digest, sizeof(digest));
    }
    return st;
}

static void test_damage(void **state)
{
    static const char *const replies[] = { good, rejected };
    (void)state;
    for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
        struct cv_buf reply = unhex(replies[i]);
        every_cut(cv_buf_view(&reply), 0, reply.n, never_other, NULL, MAY(CV_ERR_FORMAT));
        every_bit(cv_buf_view(&reply), 0, reply.n, never_other, NULL, REFUSED | MAY(CV_OK));
        assert_ok(cv_buf_append(&reply, CV_LIT("\0")));
        assert_status(never_other(NULL, cv_buf_view(&reply)), CV_ERR_FORMAT);
        cv_buf_free(&reply);
    }
}

static void test_limits(void **state)
{
    struct cv_buf reply = unhex(good);
    struct cv_timestamp t;
    uint8_t *more;
    (void)state;
    assert_ok(cv_buf_extend(&reply, CV_TIMESTAMP_MAX_BYTES - reply.n + 1, &more));
    assert_status(cv_timestamp_read(cv_buf_view(&reply), &t), CV_ERR_LIMIT);
    assert_status(cv_timestamp_verify(cv_buf_view(&reply), digest, any, ca, CV_TIMESTAMP_THEN), CV_ERR_LIMIT);
    assert_false(t.granted);
    cv_buf_free(&reply);
}

/* parses_ca: a parse_fn. */
static cv_status parses_ca(void *arg, struct cv_bytes bytes)
{
    struct cv_timestamp_ca *made;
    (void)arg;
    cv_status st = cv_timestamp_ca_new(bytes, &made);
    assert_true((st == CV_OK) == (made != NULL));
    cv_timestamp_ca_free(made);
    return st;
}

static void test_ca(void **state)
{
    static const char encrypted[] = "-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\n"
                                    "DEK-Info: AES-128-CBC,000102030405060708090A0B0C0D0E0F\n\nAAAA\n"
                                    "-----END CERTIFICATE-----\n";
    struct cv_buf many = { 0 };
    struct cv_timestamp_ca *made;
    (void)state;
    const size_t n = strlen(ca_pem) - 1; /* the last LF may be missing */
    every_cut(cv_bytes_str(ca_pem), 0, n, parses_ca, NULL, MAY(CV_ERR_FORMAT));
    every_bit(cv_bytes_str(ca_pem), 0, n, parses_ca, NULL, MAY(CV_ERR_FORMAT) | MAY(CV_OK));
    assert_status(cv_timestamp_ca_new(cv_bytes_str(encrypted), &made),
                  CV_ERR_FORMAT); /* and nobody is asked */
    for (size_t i = 0; i < CV_TIMESTAMP_CA_MAX; i++)
        assert_ok(cv_buf_str(&many, i % 2 == 0 ? ca_pem : other_pem));
    assert_ok(parses_ca(NULL, cv_buf_view(&many)));
    assert_ok(cv_buf_str(&many, ca_pem));
    assert_status(parses_ca(NULL, cv_buf_view(&many)), CV_ERR_LIMIT);
    cv_buf_free(&many);
    /* Either of two is believed. */
    struct cv_buf reply = unhex(good);
    assert_ok(cv_buf_str(&many, other_pem));
    assert_ok(cv_buf_str(&many, ca_pem));
    assert_ok(cv_timestamp_ca_new(cv_buf_view(&many), &made));
    assert_ok(cv_timestamp_verify(cv_buf_view(&reply), digest, any, made, CV_TIMESTAMP_THEN));
    cv_timestamp_ca_free(made);
    cv_timestamp_ca_free(NULL);
    cv_buf_free(&reply);
    cv_buf_free(&many);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request), cmocka_unit_test(test_read),   cmocka_unit_test(test_verify),
        cmocka_unit_test(test_damage),  cmocka_unit_test(test_limits), cmocka_unit_test(test_ca),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
