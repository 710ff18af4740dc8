/* What is read and hashed ahead is what stands in the archive, in whatever order it is asked for. */
#include "test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "formats/tar.h"
#include "vault/ahead.h"

#define ENTRIES 2500 /* about nine windows */

static struct cv_buf archive;
static size_t at[ENTRIES + 1];
static char home[] = "/tmp/casevault-ahead-XXXXXX";
static int vault;
static struct cv_segments segments;

/* make(seed): entries of many lengths, one longer than a window. */
static void make(uint64_t seed)
{
    static uint8_t data[1500000];
    struct cv_tar_writer *w = NULL;
    cv_buf_truncate(&archive, 0);
    assert_ok(cv_tar_writer_new(&archive, &w));
    for (size_t i = 0; i < ENTRIES; i++) {
        char name[32];
        const size_t n = i == 900 ? sizeof(data) : (size_t)((seed * 7919 + i * 104729) % 6000);
        memset(data, (int)(seed + i), n);
        (void)snprintf(name, sizeof(name), "%011zu-%s", i, i % 3 == 0 ? "event" : "record");
        at[i] = archive.n;
        assert_ok(cv_tar_add(w, name, CV_BYTES(data, n), NULL));
    }
    at[ENTRIES] = archive.n;
    cv_tar_writer_free(w);
}

/* lay(segment, bytes): what a segment holds from now on. */
static void lay(uint32_t segment, struct cv_bytes bytes)
{
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/archive/%08u.tar", home, segment);
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes.p, bytes.n), (ssize_t)bytes.n);
    close(fd);
}

static struct cv_ahead *begin(void)
{
    struct cv_ahead *a = NULL;
    assert_ok(cv_ahead_new(&segments, &a));
    return a;
}

/* must_be(a, segment, i, known): entry i is told as it is, or not known and read as it is. */
static void must_be(struct cv_ahead *a, uint32_t segment, size_t i, size_t *known)
{
    const struct cv_bytes all = CV_BYTES(archive.p + at[i], at[i + 1] - at[i]);
    const struct cv_ahead_entry *e = cv_ahead_entry(a, segment, at[i]);
    uint8_t want[32];
    if (e == NULL) {
        struct cv_bytes view;
        assert_ok(cv_ahead_look(a, segment, at[i], all.n, &view, NULL));
        assert_true(cv_bytes_equal(view, all));
        return;
    }
    ++*known;
    assert_true(cv_bytes_equal(e->all, all));
    assert_ok(cv_sha256(all, want));
    assert_memory_equal(e->hash, want, 32);
    assert_int_equal(e->index, i);
    assert_int_equal(e->kind, i % 3 == 0 ? CV_KIND_EVENT : CV_KIND_RECORD);
    assert_true(e->size <= all.n - CV_TAR_BLOCK_BYTES);
}

static void test_all(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 3; seed++) {
        struct cv_ahead *a = begin();
        size_t known = 0;
        make(seed);
        lay(1, cv_buf_view(&archive));
        lay(2, cv_buf_view(&archive));
        for (uint32_t segment = 1; segment <= 2; segment++)
            for (size_t i = 0; i < ENTRIES; i++)
                must_be(a, segment, i, &known);
        assert_true(known > ENTRIES); /* and not only what was read when it was asked for */
        cv_ahead_free(a);
    }
}

/* Some left out, and back again. */
static void test_jumps(void **state)
{
    struct cv_ahead *a = begin();
    size_t known = 0;
    (void)state;
    make(5);
    lay(1, cv_buf_view(&archive));
    for (size_t step = 1; step < 900; step = 3 * step + 1) {
        for (size_t i = step; i < ENTRIES; i += step)
            must_be(a, 1, i, &known);
        for (size_t i = ENTRIES; i > step; i -= step)
            must_be(a, 1, i - 1, &known);
    }
    cv_ahead_free(a);
}

/* Nothing is known of what lies far behind a window, and what lies in it is known still. */
static void test_far(void **state)
{
    static const uint64_t far[] = { (uint64_t)1 << 22, (uint64_t)1 << 40, UINT64_MAX - 511, UINT64_MAX };
    struct cv_ahead *a = begin();
    size_t known = 0, before = 0;
    (void)state;
    make(11);
    lay(1, cv_buf_view(&archive));
    for (size_t i = 0; i < ENTRIES && known < 100; i++)
        must_be(a, 1, i, &known);
    for (size_t i = 0; i < ENTRIES; i++)
        if (cv_ahead_entry(a, 1, at[i]) != NULL) {
            for (size_t k = 0; k < sizeof(far) / sizeof(*far); k++)
                assert_null(cv_ahead_entry(a, 1, at[i] + far[k] > at[i] ? at[i] + far[k] : far[k]));
            assert_non_null(cv_ahead_entry(a, 1, at[i]));
            before++;
        }
    assert_true(before > 0);
    cv_ahead_free(a);
}

/* An entry that is not as it must be is never told of; those after it are. */
static void test_damage(void **state)
{
    static const struct {
        size_t entry, byte;
    } damage[] = { { 0, 0 }, { 700, 3 }, { 700, 20 }, { 701, 130 }, { 1300, 511 }, { ENTRIES - 1, 257 } };
    (void)state;
    for (size_t d = 0; d < sizeof(damage) / sizeof(*damage); d++) {
        struct cv_ahead *a = begin();
        size_t known = 0;
        make(d);
        archive.p[at[damage[d].entry] + damage[d].byte] ^= 0x40;
        lay(1, cv_buf_view(&archive));
        for (size_t i = 0; i < ENTRIES; i++) {
            if (i == damage[d].entry)
                assert_null(cv_ahead_entry(a, 1, at[i]));
            must_be(a, 1, i, &known);
        }
        cv_ahead_free(a);
    }
}

/* A segment that ends within an entry, and goes on later: nothing is believed of its end. */
static void test_growing(void **state)
{
    (void)state;
    make(7);
    for (size_t cut = 600; cut < ENTRIES; cut += 450) {
        struct cv_ahead *a = begin();
        struct cv_bytes view;
        size_t known = 0;
        lay(1, CV_BYTES(archive.p, at[cut] + 300));
        for (size_t i = 0; i < cut; i++)
            must_be(a, 1, i, &known);
        assert_null(cv_ahead_entry(a, 1, at[cut]));
        assert_ok(cv_ahead_look(a, 1, at[cut], CV_TAR_BLOCK_BYTES, &view, NULL));
        assert_int_equal(view.n, 300);
        assert_int_equal(cv_ahead_look(a, 2, 0, 1, &view, NULL), CV_ERR_NOTFOUND);
        lay(1, cv_buf_view(&archive));
        for (size_t i = cut; i < ENTRIES; i++)
            must_be(a, 1, i, &known);
        cv_ahead_free(a);
    }
}

static int set_up(void **state)
{
    char path[64];
    (void)state;
    if (mkdtemp(home) == NULL)
        return -1;
    vault = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void)snprintf(path, sizeof(path), "%s/archive", home);
    segments = CV_SEGMENTS_NONE;
    return vault < 0 || mkdir(path, 0700) != 0 || cv_segments_open(&segments, vault, false, NULL) != CV_OK;
}

static int remove_two(void **state)
{
    (void)state;
    for (uint32_t segment = 1; segment <= 2; segment++) {
        char path[64];
        (void)snprintf(path, sizeof(path), "%s/archive/%08u.tar", home, segment);
        (void)unlink(path);
    }
    return 0;
}

static int tear_down(void **state)
{
    char path[64];
    (void)state;
    (void)snprintf(path, sizeof(path), "%s/archive", home);
    cv_segments_close(&segments);
    close(vault);
    cv_buf_free(&archive);
    return rmdir(path) != 0 || rmdir(home) != 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_all, remove_two),
        cmocka_unit_test_teardown(test_jumps, remove_two),
        cmocka_unit_test_teardown(test_far, remove_two),
        cmocka_unit_test_teardown(test_damage, remove_two),
        cmocka_unit_test_teardown(test_growing, remove_two),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
