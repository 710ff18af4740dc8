#include "tests/unit/test.h"

#include "crypto/padme.h"

static void buffers_grow_up_to_their_bound(void **state)
{
    (void)state;
    struct cv_buf b = { .max = 100 };
    assert_ok(cv_buf_append(&b, CV_LIT("0123456789")));
    assert_ok(cv_buf_printf(&b, "%d", 42));
    assert_bytes(cv_buf_view(&b), CV_LIT("012345678942"));
    uint8_t *p = NULL;
    assert_status(cv_buf_extend(&b, 89, &p), CV_ERR_LIMIT);
    assert_ok(cv_buf_extend(&b, 88, &p));
    assert_int_equal(p[87], 0);
    cv_buf_truncate(&b, 3);
    assert_bytes(cv_buf_view(&b), CV_LIT("012"));
    cv_buf_free(&b);
    assert_null(b.p);
}

static void cursors_stop_at_the_end(void **state)
{
    (void)state;
    struct cv_buf b = { 0 };
    assert_ok(cv_buf_u16(&b, 0x0102));
    assert_ok(cv_buf_u64(&b, 0x0304050607080900));
    assert_ok(cv_buf_field(&b, CV_LIT("abc")));
    struct cv_cursor c = { cv_buf_view(&b), false };
    assert_int_equal(cv_cursor_u16(&c), 0x0102);
    assert_int_equal(cv_cursor_u64(&c), 0x0304050607080900);
    assert_bytes(cv_cursor_field(&c), CV_LIT("abc"));
    assert_false(c.bad);
    assert_int_equal(cv_cursor_u8(&c), 0);
    assert_true(c.bad);
    cv_buf_free(&b);
}

static void padme_follows_the_paper(void **state)
{
    (void)state;
    static const struct {
        uint64_t n, padded;
    } rows[] = { { 0, 0 },       { 1, 1 },       { 8, 8 },       { 9, 10 },           { 100, 104 },
                 { 1000, 1024 }, { 4096, 4096 }, { 4097, 4352 }, { 1000000, 1015808 } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(cv_padme(rows[i].n), rows[i].padded);
}

static void padding_comes_off_again(void **state)
{
    (void)state;
    struct cv_buf b = { 0 };
    struct cv_bytes plain;
    assert_ok(cv_pad(CV_LIT("hello"), 64, &b));
    assert_int_equal(b.n, 64);
    assert_ok(cv_unpad(cv_buf_view(&b), &plain));
    assert_bytes(plain, CV_LIT("hello"));
    b.p[63] = 1;
    assert_status(cv_unpad(cv_buf_view(&b), &plain), CV_ERR_FORMAT);
    b.p[63] = 0;
    b.p[0] = 0xff;
    assert_status(cv_unpad(cv_buf_view(&b), &plain), CV_ERR_FORMAT);
    assert_status(cv_unpad(CV_BYTES(b.p, 3), &plain), CV_ERR_FORMAT);
    cv_buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buffers_grow_up_to_their_bound),
        cmocka_unit_test(cursors_stop_at_the_end),
        cmocka_unit_test(padme_follows_the_paper),
        cmocka_unit_test(padding_comes_off_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
