/* Hashes worked out ahead are those of the entries, whatever stands in the window. */
#include "test.h"

#include "crypto/hash.h"
#include "formats/tar.h"
#include "vault/ahead.h"

#define ENTRIES 700

static struct cv_buf window;
static size_t at[ENTRIES + 1];

/* make(seed): entries of many lengths, one longer than a share of the window. */
static void make(uint64_t seed)
{
    static uint8_t data[600000];
    struct cv_tar_writer *w = NULL;
    cv_buf_truncate(&window, 0);
    assert_ok(cv_tar_writer_new(&window, &w));
    for (size_t i = 0; i < ENTRIES; i++) {
        char name[32];
        const size_t n = i == 3 ? sizeof(data) : (size_t)((seed * 7919 + i * 104729) % 4000);
        memset(data, (int)(seed + i), n);
        (void)snprintf(name, sizeof(name), "%011zu-record", i);
        at[i] = window.n;
        assert_ok(cv_tar_add(w, name, CV_BYTES(data, n), NULL));
    }
    at[ENTRIES] = window.n;
    cv_tar_writer_free(w);
}

static struct cv_bytes entry(size_t i)
{
    return CV_BYTES(window.p + at[i], at[i + 1] - at[i]);
}

/* must_hash(a, from, step): what is asked for in order gets its own hash. */
static void must_hash(struct cv_ahead *a, size_t from, size_t step)
{
    for (size_t i = from; i < ENTRIES; i += step) {
        uint8_t have[32], want[32];
        assert_ok(cv_ahead_hash(a, entry(i), have));
        assert_ok(cv_sha256(entry(i), want));
        assert_memory_equal(have, want, 32);
    }
}

static void test_all(void **state)
{
    struct cv_ahead *a = NULL;
    (void)state;
    for (uint64_t seed = 0; seed < 4; seed++) {
        make(seed);
        assert_true(window.n > 1 << 20);
        cv_ahead_fill(&a, cv_buf_view(&window));
        must_hash(a, 0, 1 + (size_t)seed);
        must_hash(a, 0, 1); /* and what lies behind */
    }
    cv_ahead_free(a);
}

/* A window that ends within an entry, or is no entry from some place on. */
static void test_cut(void **state)
{
    struct cv_ahead *a = NULL;
    (void)state;
    make(9);
    cv_ahead_fill(&a, CV_BYTES(window.p, at[500] + 700));
    must_hash(a, 0, 1);
    window.p[at[20]] ^= 1;
    cv_ahead_fill(&a, cv_buf_view(&window));
    must_hash(a, 0, 1);
    window.p[at[0]] ^= 1;
    cv_ahead_fill(&a, cv_buf_view(&window));
    must_hash(a, 0, 1);
    cv_ahead_free(a);
}

/* The same place holds something else later: nothing of before is believed. */
static void test_forgotten(void **state)
{
    struct cv_ahead *a = NULL;
    (void)state;
    make(5);
    cv_ahead_fill(&a, cv_buf_view(&window));
    cv_ahead_fill(&a, (struct cv_bytes){ 0 });
    for (size_t i = 0; i < ENTRIES; i++)
        window.p[at[i + 1] - 1] ^= 0x55;
    must_hash(a, 0, 1);
    cv_ahead_fill(&a, cv_buf_view(&window));
    must_hash(a, 0, 1);
    cv_ahead_free(a);
    cv_buf_free(&window);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
