/* Cobblestone-256, chunk by chunk in any order. */
#include "crypto/cobblestone.h"

#include "test.h"

#define CHUNKS 3 /* and one of 100 bytes */

static const uint8_t key[CV_COBBLESTONE_KEY_BYTES] = { 7 };
static struct cv_buf plain, sealed;

static int make(void **state)
{
    uint8_t *at = NULL;
    (void)state;
    assert_ok(cv_buf_extend(&plain, CHUNKS * CV_COBBLESTONE_CHUNK_BYTES + 100, &at));
    for (size_t i = 0; i < plain.n; i++)
        at[i] = (uint8_t)(i * i >> 3);
    assert_ok(cv_cobblestone_seal(CV_ARR(key), CV_LIT("context"), cv_buf_view(&plain), &sealed));
    return 0;
}

static int end(void **state)
{
    (void)state;
    cv_buf_free(&plain);
    cv_buf_free(&sealed);
    return 0;
}

static struct cv_cobblestone *reader(void)
{
    struct cv_cobblestone *r = NULL;
    struct cv_buf none = { 0 };
    assert_ok(cv_cobblestone_reader(CV_ARR(key), CV_LIT("context"), &r));
    assert_status(cv_cobblestone_at(r, 0, CV_LIT("0123456789abcdef"), &none), CV_ERR_ARG); /* no header yet */
    assert_ok(cv_cobblestone_read(r, CV_BYTES(sealed.p, CV_COBBLESTONE_HEADER_BYTES), &none));
    assert_int_equal(none.n, 0);
    return r;
}

static struct cv_bytes chunk(size_t i)
{
    const size_t from = CV_COBBLESTONE_HEADER_BYTES + i * CV_COBBLESTONE_SEALED_CHUNK_BYTES;
    const size_t left = sealed.n - from;
    return CV_BYTES(sealed.p + from,
                    left < CV_COBBLESTONE_SEALED_CHUNK_BYTES ? left : CV_COBBLESTONE_SEALED_CHUNK_BYTES);
}

static void test_any_order(void **state)
{
    static const size_t order[] = { 3, 0, 2, 2, 1, 3 };
    struct cv_cobblestone *r = reader();
    (void)state;
    for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++) {
        struct cv_buf out = { 0 };
        const size_t from = order[i] * CV_COBBLESTONE_CHUNK_BYTES;
        assert_ok(cv_cobblestone_at(r, order[i], chunk(order[i]), &out));
        assert_bytes(cv_buf_view(&out),
                     CV_BYTES(plain.p + from, order[i] == CHUNKS ? 100 : CV_COBBLESTONE_CHUNK_BYTES));
        cv_buf_free(&out);
    }
    cv_cobblestone_free(r);
}

static void test_refused(void **state)
{
    struct cv_cobblestone *r = reader();
    struct cv_buf out = { 0 };
    const struct cv_bytes last = chunk(CHUNKS);
    (void)state;
    assert_status(cv_cobblestone_at(r, 1, chunk(0), &out), CV_ERR_AUTH); /* another place */
    assert_status(cv_cobblestone_at(r, 4, chunk(3), &out), CV_ERR_AUTH);
    assert_status(cv_cobblestone_at(r, 3, CV_BYTES(last.p, last.n - 1), &out), CV_ERR_AUTH);
    assert_status(cv_cobblestone_at(r, 3, CV_BYTES(last.p, 15), &out), CV_ERR_FORMAT);
    assert_status(cv_cobblestone_at(r, 0, CV_BYTES(sealed.p, CV_COBBLESTONE_SEALED_CHUNK_BYTES + 1), &out),
                  CV_ERR_ARG);
    for (size_t at = 0; at < last.n; at++) {
        struct cv_buf copy = { 0 };
        assert_ok(cv_buf_append(&copy, last));
        copy.p[at] ^= 1;
        assert_status(cv_cobblestone_at(r, CHUNKS, cv_buf_view(&copy), &out), CV_ERR_AUTH);
        cv_buf_free(&copy);
    }
    assert_int_equal(out.n, 0);
    assert_ok(cv_cobblestone_at(r, CHUNKS, last, &out)); /* what failed spoiled no other */
    cv_buf_free(&out);
    cv_cobblestone_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_order),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, make, end);
}
