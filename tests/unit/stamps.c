/* Timestamps that somebody put into the log who verified nothing: what the log is believed for then, and what
 * `audit timestamp verify` exits with. Those that hold: tests/cli/timestamp.py. */
#include "test.h"

#include <unistd.h>

#include "cmd/cmd.h"
#include "formats/base64.h"
#include "timestamp_ca.h"
#include "vault/stamp.h"

/* A reply over another digest than any checkpoint's. */
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

static char place[96], ca_path[128], vault_path[128];
static struct cv_identity founder;

__attribute__((format(printf, 1, 2))) static void shell(const char *fmt, ...)
{
    char command[512];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(command, sizeof(command), fmt, ap);
    va_end(ap);
    assert_int_equal(system(command), 0);
}

static int setup(void **state)
{
    const char *tmp = getenv("TMPDIR");
    struct cv_err err = { 0 };
    (void)state;
    snprintf(place, sizeof(place), "%.60s/casevault-stamps-XXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(place));
    snprintf(vault_path, sizeof(vault_path), "%s/cache", place);
    setenv("XDG_CACHE_HOME", vault_path, 1);
    snprintf(vault_path, sizeof(vault_path), "%s/state", place);
    setenv("XDG_STATE_HOME", vault_path, 1);
    snprintf(vault_path, sizeof(vault_path), "%s/vault", place);
    snprintf(ca_path, sizeof(ca_path), "%s/ca.pem", place);
    FILE *f = fopen(ca_path, "w");
    assert_non_null(f);
    fputs(ca_pem, f);
    fclose(f);
    assert_ok(cv_identity_new(false, &founder, NULL));
    if (cv_vault_init(vault_path, cv_template_default_text(), &founder, &err) != CV_OK)
        fail_msg("%s", err.msg);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cv_identity_free(&founder);
    shell("rm -rf '%s'", place);
    return 0;
}

/* put(checkpoint, value): whatever it is. 0: the last checkpoint. */
static void put(uint64_t checkpoint, const char *value)
{
    struct cv_vault *v = NULL;
    struct cv_err err = { 0 };
    assert_ok(cv_vault_open(vault_path, NULL, &founder, &v, &err));
    struct cv_attest a = { .checkpoint = checkpoint > 0 ? checkpoint : cv_stamp_last(v->custody),
                           .kind = CV_ATTEST_TIMESTAMP };
    assert_ok(cv_buf_str(&a.value, value));
    if (cv_attest_add(v, &a, "test", &err) != CV_OK)
        fail_msg("%s", err.msg);
    cv_attest_free(&a);
    cv_vault_close(v);
}

static void put_reply(const char *hex)
{
    struct cv_buf reply = unhex(hex), text = { 0 };
    assert_ok(cv_base64_encode(CV_BASE64_STD, cv_buf_view(&reply), &text));
    assert_ok(cv_buf_append(&text, CV_LIT("\0")));
    put(0, (const char *)text.p);
    cv_buf_free(&reply);
    cv_buf_free(&text);
}

/* told: the verdicts, in order. */
static cv_status told(void *arg, const struct cv_stamp *s, struct cv_err *err)
{
    char *out = arg;
    (void)err;
    assert_true(s->entry > s->checkpoint && s->checkpoint > 0);
    const size_t n = strlen(out);
    out[n] = "hxuof"[s->verdict];
    out[n + 1] = '\0';
    return CV_OK;
}

static int verify(void)
{
    static const char *const argv[] = { "casevault", "audit",   "timestamp", "verify", "--ca",
                                        ca_path,     "--vault", vault_path,  NULL };
    fflush(stdout);
    return cv_main(8, (char **)(uintptr_t)argv);
}

static void test_false(void **state)
{
    static const char *const want[] = { "o", "of", "off", "offf" };
    (void)state;
    assert_int_equal(verify(), CV_EXIT_FAILED); /* there is none */
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        char got[16] = "";
        struct cv_custody *c = NULL;
        struct cv_timestamp_ca *ca = NULL;
        struct cv_err err = { 0 };
        if (i == 0)
            put_reply(other);
        else if (i == 1)
            put_reply(rejected);
        else
            put(0, i == 2 ? "not base64" : "AAAA");
        assert_ok(cv_custody_open(vault_path, NULL, &c, &err));
        assert_ok(cv_timestamp_ca_new(cv_bytes_str(ca_pem), &ca));
        assert_ok(cv_stamps(c, ca, told, got, &err));
        assert_string_equal(got, want[i]);
        cv_timestamp_ca_free(ca);
        cv_custody_close(c);
        assert_int_equal(verify(), CV_EXIT_DAMAGE);
    }
}

/* Nothing is kept for what is no checkpoint, nor what does not verify. */
static void test_keep(void **state)
{
    struct cv_vault *v = NULL;
    struct cv_timestamp_ca *ca = NULL;
    struct cv_timestamp said;
    struct cv_buf reply = unhex(other), no = unhex(rejected);
    struct cv_err err = { 0 };
    (void)state;
    assert_ok(cv_vault_open(vault_path, NULL, &founder, &v, &err));
    assert_ok(cv_timestamp_ca_new(cv_bytes_str(ca_pem), &ca));
    const uint64_t last = cv_stamp_last(v->custody);
    const struct cv_bytes any = { 0 };
    assert_status(cv_stamp_keep(v, last, cv_buf_view(&reply), any, ca, &said, NULL), CV_ERR_AUTH);
    assert_status(cv_stamp_keep(v, last, cv_buf_view(&no), any, ca, &said, NULL), CV_ERR_FORMAT);
    assert_status(cv_stamp_keep(v, last - 1, cv_buf_view(&reply), any, ca, &said, NULL), CV_ERR_NOTFOUND);
    assert_status(cv_stamp_keep(v, UINT64_MAX, cv_buf_view(&reply), any, ca, &said, NULL), CV_ERR_NOTFOUND);
    assert_int_equal(cv_stamp_last(v->custody), last);
    cv_timestamp_ca_free(ca);
    cv_vault_close(v);
    cv_buf_free(&reply);
    cv_buf_free(&no);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_false), cmocka_unit_test(test_keep) };
    if (cv_secret_heap_init() == CV_ERR_INTERNAL)
        return 1;
    cv_json_init();
    return cmocka_run_group_tests(tests, setup, teardown);
}
