/* What a passphrase costs: counted where libscrypt is called (the linker's --wrap), not timed. */
#include "crypto/scrypt.h"
#include "formats/identity.h"
#include "test.h"

#define LOG_N 6

int __real_libscrypt_scrypt(const uint8_t *pass, size_t pass_n, const uint8_t *salt, size_t salt_n,
                            uint64_t n, uint32_t r, uint32_t p, uint8_t *out, size_t out_n);
int __wrap_libscrypt_scrypt(const uint8_t *pass, size_t pass_n, const uint8_t *salt, size_t salt_n,
                            uint64_t n, uint32_t r, uint32_t p, uint8_t *out, size_t out_n);

/* The work asked for since it was last cleared. */
static struct work {
    uint64_t calls, n, r, p, out_n; /* without padding: it is compared as bytes */
} work;

int __wrap_libscrypt_scrypt(const uint8_t *pass, size_t pass_n, const uint8_t *salt, size_t salt_n,
                            uint64_t n, uint32_t r, uint32_t p, uint8_t *out, size_t out_n)
{
    work = (struct work){ work.calls + 1, n, r, p, out_n };
    return __real_libscrypt_scrypt(pass, pass_n, salt, salt_n, n, r, p, out, out_n);
}

static struct cv_buf file;

static int setup(void **state)
{
    struct cv_identity id;
    (void)state;
    assert_ok(cv_identity_new(false, &id, NULL));
    assert_ok(cv_identity_seal(&id, CV_LIT("correct horse"), LOG_N, &file, NULL));
    cv_identity_free(&id);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cv_buf_free(&file);
    return 0;
}

/* opened(bytes, passphrase): its status; what it cost is in ${work}. */
static cv_status opened(struct cv_bytes bytes, struct cv_bytes passphrase)
{
    struct cv_identity id;
    memset(&work, 0, sizeof(work));
    cv_status st = cv_identity_open(bytes, passphrase, &id, NULL);
    cv_identity_free(&id);
    return st;
}

static void a_wrong_passphrase_costs_what_the_right_one_does(void **state)
{
    static const char *const wrong[] = { "x", "correct hors", "correct horse ", "Correct horse", "\xff" };
    (void)state;
    assert_ok(opened(cv_buf_view(&file), CV_LIT("correct horse")));
    const struct work right = work;
    assert_int_equal(right.calls, 1);
    assert_true(right.n == (uint64_t)1 << LOG_N && right.r == 8 && right.p == 1);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_status(opened(cv_buf_view(&file), cv_bytes_str(wrong[i])), CV_ERR_NOKEY);
        assert_memory_equal(&work, &right, sizeof(work));
    }
}

static void what_is_no_identity_file_costs_nothing(void **state)
{
    (void)state;
    for (size_t cut = 0; cut < file.n - 1; cut++) {
        assert_status(opened(CV_BYTES(file.p, cut), CV_LIT("correct horse")), CV_ERR_FORMAT);
        assert_int_equal(work.calls, 0);
    }
}

static void work_is_bounded(void **state)
{
    uint8_t out[32];
    (void)state;
    memset(&work, 0, sizeof(work));
    assert_status(cv_scrypt(CV_LIT("x"), CV_LIT("salt"), 0, out, sizeof(out)), CV_ERR_LIMIT);
    assert_status(cv_scrypt(CV_LIT("x"), CV_LIT("salt"), CV_SCRYPT_LOG_N_MAX + 1, out, sizeof(out)),
                  CV_ERR_LIMIT);
    assert_int_equal(work.calls, 0);
    assert_ok(cv_scrypt(CV_LIT("x"), CV_LIT("salt"), 1, out, sizeof(out)));
    assert_true(work.calls == 1 && work.n == 2 && work.out_n == sizeof(out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_passphrase_costs_what_the_right_one_does),
        cmocka_unit_test(what_is_no_identity_file_costs_nothing),
        cmocka_unit_test(work_is_bounded),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
