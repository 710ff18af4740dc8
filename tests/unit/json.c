#include "tests/unit/test.h"

#include "formats/json.h"

static void hostile_json_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
        cv_status want;
    } rows[] = {
        { "empty", "", CV_ERR_FORMAT },
        { "cut", "{\"a\":1", CV_ERR_FORMAT },
        { "trailing", "{} {}", CV_ERR_FORMAT },
        { "duplicate name", "{\"a\":1,\"a\":2}", CV_ERR_FORMAT },
        { "wrong UTF-8", "\"\xc3\x28\"", CV_ERR_FORMAT },
        { "overlong UTF-8", "\"\xc0\x80\"", CV_ERR_FORMAT },
        { "lone surrogate", "\"\\ud800\"", CV_ERR_FORMAT },
        { "NUL in a string", "\"\\u0000\"", CV_ERR_FORMAT },
        { "fraction", "{\"a\":[1.5]}", CV_ERR_FORMAT },
        { "exponent", "1e3", CV_ERR_FORMAT },
        { "huge number", "123456789012345678901234567890", CV_ERR_FORMAT },
        { "the largest number", "9223372036854775807", CV_OK },
        { "one more", "9223372036854775808", CV_ERR_FORMAT },
        { "one less than the least", "-9223372036854775809", CV_ERR_FORMAT },
        { "too deep", "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", CV_ERR_LIMIT },
        { "deep enough", "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]", CV_OK },
        { "oversize", "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"", CV_ERR_LIMIT },
        { "good", "{\"b\":[1,true,null,\"\xc3\xa9\"],\"a\":{}}", CV_OK },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cv_json *v = NULL;
        struct cv_err err = { 0 };
        cv_status st = cv_json_parse(cv_bytes_str(rows[i].text), 60, "row", &v, &err);
        if (st != rows[i].want)
            fail_msg("%s: status %d, want %d (%s)", rows[i].name, st, rows[i].want, err.msg);
        assert_true((st == CV_OK) == (v != NULL));
        assert_int_equal(err.status, st);
        cv_json_free(v);
    }
}

/* read_json: a parse_fn. What is accepted is read again as the same value from what it writes. */
static cv_status read_json(void *arg, struct cv_bytes bytes)
{
    struct cv_json *v = NULL, *again = NULL;
    struct cv_buf text = { 0 };
    cv_status st = cv_json_parse(bytes, 4096, "sample", &v, NULL);
    (void)arg;
    assert_true((st == CV_OK) == (v != NULL));
    if (st == CV_OK) {
        assert_ok(cv_json_write(v, &text));
        assert_ok(cv_json_parse(cv_buf_view(&text), 4096, "sample", &again, NULL));
        assert_true(cv_json_equal(v, again));
    }
    cv_json_free(v);
    cv_json_free(again);
    cv_buf_free(&text);
    return st;
}

static void every_cut_and_bit_of_json(void **state)
{
    (void)state;
    const struct cv_bytes sample = CV_LIT("{\"a\":[1,-20,true,false,null,\"\\u00e9\\n\\\\\"],\"\xc3\xa9\":{"
                                          "\"\":[],\"b\":{}},\"n\":9007199254740993}");
    assert_ok(read_json(NULL, sample));
    every_cut(sample, 0, sample.n, read_json, NULL, MAY(CV_ERR_FORMAT));
    every_bit(sample, 0, sample.n, read_json, NULL, MAY(CV_OK) | MAY(CV_ERR_FORMAT));
}

static void writing_keeps_or_sorts_the_order(void **state)
{
    (void)state;
    struct cv_json *v = NULL;
    struct cv_buf b = { 0 };
    assert_ok(cv_json_parse(CV_LIT("{ \"b\": [1, -2], \"a\": \"x/\\u00e9\" }"), 100, "x", &v, NULL));
    assert_ok(cv_json_write(v, &b));
    assert_bytes(cv_buf_view(&b), CV_LIT("{\"b\":[1,-2],\"a\":\"x/\xc3\xa9\"}"));
    cv_buf_truncate(&b, 0);
    assert_ok(cv_json_write_sorted(v, &b));
    assert_bytes(cv_buf_view(&b), CV_LIT("{\"a\":\"x/\xc3\xa9\",\"b\":[1,-2]}"));
    static const char *const names[] = { "a", NULL };
    assert_status(cv_json_only(v, names, "x", NULL), CV_ERR_FORMAT);
    assert_int_equal(cv_json_to_int(cv_json_at(cv_json_get(v, "b"), 1)), -2);
    assert_null(cv_json_get(cv_json_get(v, "b"), "none"));
    cv_buf_free(&b);
    cv_json_free(v);
}

/* values_in(n): an array of n zeros. */
static cv_status values_in(size_t n)
{
    struct cv_buf text = { 0 };
    struct cv_json *v = NULL;
    assert_ok(cv_buf_str(&text, "["));
    for (size_t i = 0; i < n; i++)
        assert_ok(cv_buf_str(&text, i > 0 ? ",0" : "0"));
    assert_ok(cv_buf_str(&text, "]"));
    const cv_status st = cv_json_parse(cv_buf_view(&text), text.n, "values", &v, NULL);
    cv_json_free(v);
    cv_buf_free(&text);
    return st;
}

static void memory_is_bounded_by_the_count_of_values(void **state)
{
    (void)state;
    assert_ok(values_in(CV_JSON_VALUES_MAX));
    assert_status(values_in(CV_JSON_VALUES_MAX + 1), CV_ERR_LIMIT);
}

static void errors_are_harmless_text(void **state)
{
    (void)state;
    static const struct {
        const char *in, *want;
    } rows[] = {
        { "plain \xc8\x98tefan", "plain \xc8\x98tefan" },
        { "a\nb\tc\rd", "a?b?c?d" },
        { "\033[2Jx\x7f", "?[2Jx?" },
        { "\xe2\x80\xae"
          "evil",
          "?evil" }, /* right-to-left override */
        { "\xff\xc3", "??" },
        { "\xc2\x9b"
          "31m",
          "?31m" }, /* C1: CSI */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cv_err err = { 0 };
        assert_status(cv_fail(&err, CV_ERR_FORMAT, "%s", rows[i].in), CV_ERR_FORMAT);
        assert_string_equal(err.msg, rows[i].want);
        assert_status(cv_fail(&err, CV_ERR_LIMIT, "another"), CV_ERR_LIMIT);
        assert_string_equal(err.msg, rows[i].want); /* the first stays */
        assert_int_equal(err.status, CV_ERR_FORMAT);
    }
    struct cv_err err = { 0 };
    assert_status(cv_fail(&err, CV_ERR_NOMEM, "%s", ""), CV_ERR_NOMEM);
    assert_status(cv_err_note(&err, CV_ERR_NOMEM, "vault"), CV_ERR_NOMEM);
    assert_string_equal(err.msg, "vault: out of memory"); /* no words are not the first */
}

int main(void)
{
    cv_json_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_json_is_refused),
        cmocka_unit_test(every_cut_and_bit_of_json),
        cmocka_unit_test(writing_keeps_or_sorts_the_order),
        cmocka_unit_test(memory_is_bounded_by_the_count_of_values),
        cmocka_unit_test(errors_are_harmless_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
