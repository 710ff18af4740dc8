/* Shamir's sharing: every threshold, every way to get it wrong. Known answers: tests/vectors/vectors.py. */
#include "crypto/shamir.h"
#include "test.h"

#define SECRET_BYTES 32

static void free_all(struct cv_secret *shares)
{
    for (unsigned i = 0; i < CV_SHAMIR_SHARES_MAX; i++)
        cv_secret_free(&shares[i]);
}

/* joined(shares, first, step, count, want): does this choice of shares make the secret? */
static bool joined(const struct cv_secret *shares, unsigned n, unsigned first, unsigned count,
                   struct cv_bytes want)
{
    uint8_t xs[CV_SHAMIR_SHARES_MAX] = { 0 };
    struct cv_bytes ys[CV_SHAMIR_SHARES_MAX];
    struct cv_secret got;
    for (unsigned i = 0; i < count; i++) {
        const unsigned at = (first + i) % n;
        xs[i] = (uint8_t)(at + 1);
        ys[i] = cv_secret_view(&shares[at]);
    }
    assert_ok(cv_shamir_combine(xs, ys, count, &got));
    const bool same = cv_bytes_equal_ct(cv_secret_view(&got), want);
    cv_secret_free(&got);
    return same;
}

/* Every threshold of every count: any run of shares that is long enough makes it, and one fewer does not. */
static void test_all(void **state)
{
    struct cv_secret secret;
    (void)state;
    assert_ok(cv_secret_random(&secret, SECRET_BYTES));
    for (unsigned count = 2; count <= CV_SHAMIR_SHARES_MAX; count++)
        for (unsigned threshold = 2; threshold <= count; threshold++) {
            struct cv_secret shares[CV_SHAMIR_SHARES_MAX] = { { 0 } };
            assert_ok(cv_shamir_split(cv_secret_view(&secret), threshold, count, shares));
            const unsigned step = count > 8 ? count / 3 : 1;
            for (unsigned first = 0; first < count; first += step) {
                assert_true(joined(shares, count, first, threshold, cv_secret_view(&secret)));
                assert_false(joined(shares, count, first, threshold - 1, cv_secret_view(&secret)));
            }
            assert_true(joined(shares, count, 0, count, cv_secret_view(&secret)));
            free_all(shares);
        }
    cv_secret_free(&secret);
}

/* One altered bit of one share makes another secret. */
static void test_altered(void **state)
{
    struct cv_secret secret, shares[CV_SHAMIR_SHARES_MAX] = { { 0 } };
    (void)state;
    assert_ok(cv_secret_random(&secret, SECRET_BYTES));
    assert_ok(cv_shamir_split(cv_secret_view(&secret), 3, 5, shares));
    for (size_t at = 0; at < SECRET_BYTES; at++) {
        shares[1].p[at] ^= 0x80;
        assert_false(joined(shares, 5, 0, 3, cv_secret_view(&secret)));
        shares[1].p[at] ^= 0x80;
    }
    assert_true(joined(shares, 5, 0, 3, cv_secret_view(&secret)));
    free_all(shares);
    cv_secret_free(&secret);
}

static void test_refused(void **state)
{
    static const struct {
        unsigned threshold, count;
    } rows[] = { { 0, 0 }, { 0, 3 }, { 1, 1 }, { 1, 3 }, { 4, 3 }, { 2, 33 }, { 33, 33 }, { 2, 0 } };
    struct cv_secret secret, got, shares[CV_SHAMIR_SHARES_MAX] = { { 0 } };
    (void)state;
    assert_ok(cv_secret_random(&secret, SECRET_BYTES));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_status(cv_shamir_split(cv_secret_view(&secret), rows[i].threshold, rows[i].count, shares),
                      CV_ERR_ARG);
    assert_status(cv_shamir_split((struct cv_bytes){ 0 }, 2, 3, shares), CV_ERR_ARG);
    assert_ok(cv_shamir_split(cv_secret_view(&secret), 2, 3, shares));
    const struct cv_bytes ys[] = { cv_secret_view(&shares[0]), cv_secret_view(&shares[1]),
                                   CV_BYTES(shares[2].p, SECRET_BYTES - 1) };
    assert_status(cv_shamir_combine((uint8_t[]){ 1, 2 }, ys, 0, &got), CV_ERR_ARG);
    assert_status(cv_shamir_combine((uint8_t[]){ 1, 1 }, ys, 2, &got), CV_ERR_ARG);
    assert_status(cv_shamir_combine((uint8_t[]){ 1, 0 }, ys, 2, &got), CV_ERR_ARG);
    assert_status(cv_shamir_combine((uint8_t[]){ 1, 2, 3 }, ys, 3, &got), CV_ERR_ARG);
    assert_status(cv_shamir_combine((uint8_t[]){ 1, 2 }, ys, 33, &got), CV_ERR_ARG);
    assert_null(got.p);
    free_all(shares);
    cv_secret_free(&secret);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all),
        cmocka_unit_test(test_altered),
        cmocka_unit_test(test_refused),
    };
    if (cv_secret_heap_init() == CV_ERR_INTERNAL)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
