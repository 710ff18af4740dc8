#include "tests/unit/test.h"

#include "formats/base64.h"

static void base64_is_canonical(void **state)
{
    (void)state;
    static const struct {
        enum cv_base64 form;
        const char *bytes, *text;
    } good[] = {
        { CV_BASE64_STD, "", "" },
        { CV_BASE64_STD, "f", "Zg==" },
        { CV_BASE64_STD, "fo", "Zm8=" },
        { CV_BASE64_STD, "foo", "Zm9v" },
        { CV_BASE64_STD, "foob", "Zm9vYg==" },
        { CV_BASE64_STD_RAW, "f", "Zg" },
        { CV_BASE64_URL, "\xfb\xff\xfe", "-__-" },
        { CV_BASE64_STD, "\xfb\xff\xfe", "+//+" },
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct cv_buf b = { 0 };
        assert_ok(cv_base64_encode(good[i].form, cv_bytes_str(good[i].bytes), &b));
        assert_bytes(cv_buf_view(&b), cv_bytes_str(good[i].text));
        cv_buf_truncate(&b, 0);
        assert_ok(cv_base64_decode(good[i].form, cv_bytes_str(good[i].text), &b));
        assert_bytes(cv_buf_view(&b), cv_bytes_str(good[i].bytes));
        cv_buf_free(&b);
    }
    static const struct {
        enum cv_base64 form;
        const char *text;
    } bad[] = {
        { CV_BASE64_STD, "Zg" },       { CV_BASE64_STD, "Zg=" },  { CV_BASE64_STD, "Zh==" },
        { CV_BASE64_STD, "Zm9=" },     { CV_BASE64_STD, "Z===" }, { CV_BASE64_STD, "Zg==\n" },
        { CV_BASE64_STD, "=Zg=" },     { CV_BASE64_STD, "-__-" }, { CV_BASE64_URL, "Zg==" },
        { CV_BASE64_URL, "+//+" },     { CV_BASE64_URL, "A" },    { CV_BASE64_URL, "Zm 9" },
        { CV_BASE64_STD_RAW, "Zg==" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct cv_buf b = { 0 };
        assert_status(cv_base64_decode(bad[i].form, cv_bytes_str(bad[i].text), &b), CV_ERR_FORMAT);
        assert_int_equal(b.n, 0);
        cv_buf_free(&b);
    }
}

static void every_byte_goes_there_and_back(void **state)
{
    (void)state;
    uint8_t all[256], back[256];
    char hex[513];
    for (int i = 0; i < 256; i++)
        all[i] = (uint8_t)i;
    for (int form = CV_BASE64_STD; form <= CV_BASE64_URL; form++) {
        struct cv_buf b = { 0 };
        assert_ok(cv_base64_encode((enum cv_base64)form, CV_ARR(all), &b));
        assert_ok(cv_base64_decode_exact((enum cv_base64)form, cv_buf_view(&b), back, sizeof back));
        assert_memory_equal(all, back, sizeof all);
        assert_status(cv_base64_decode_exact((enum cv_base64)form, cv_buf_view(&b), back, 255),
                      CV_ERR_FORMAT);
        cv_buf_free(&b);
    }
    cv_hex_encode(CV_ARR(all), hex);
    assert_memory_equal(hex, "000102030405060708090a0b0c0d0e0f10", 34);
    assert_ok(cv_hex_decode(cv_bytes_str(hex), back, sizeof back));
    assert_memory_equal(all, back, sizeof all);
    assert_status(cv_hex_decode(CV_LIT("0G"), back, 1), CV_ERR_FORMAT);
    assert_status(cv_hex_decode(CV_LIT("0A"), back, 1), CV_ERR_FORMAT);
    assert_status(cv_hex_decode(CV_LIT("000"), back, 1), CV_ERR_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_is_canonical),
        cmocka_unit_test(every_byte_goes_there_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
