#ifndef CV_TEST_H
#define CV_TEST_H

/* What every unit test includes: cmocka with the headers it wants first, and a few helpers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/bytes.h"
#include "crypto/secret.h"

#define assert_ok(call) assert_int_equal((call), CV_OK)
#define assert_status(call, want) assert_int_equal((call), (want))
#define assert_bytes(got, want)                                                                              \
    do {                                                                                                     \
        struct cv_bytes got_ = (got), want_ = (want);                                                        \
        assert_int_equal(got_.n, want_.n);                                                                   \
        if (got_.n > 0)                                                                                      \
            assert_memory_equal(got_.p, want_.p, got_.n);                                                    \
    } while (0)

/* unhex("00ff"): the bytes of a hex literal, in a buffer that the caller frees. */
static inline struct cv_buf unhex(const char *hex)
{
    struct cv_buf b = { 0 };
    for (size_t i = 0; hex[i] != '\0'; i += 2) {
        char pair[3] = { hex[i], hex[i + 1], '\0' };
        uint8_t byte = (uint8_t)strtoul(pair, NULL, 16);
        assert_ok(cv_buf_append(&b, CV_BYTES(&byte, 1)));
    }
    return b;
}

/* replaced(text, old, new): ${text} with the first ${old} in it made ${new}, in a buffer that the caller
 * frees. */
static inline struct cv_buf replaced(struct cv_bytes text, const char *old, const char *new)
{
    struct cv_buf b = { 0 };
    const size_t n = strlen(old);
    size_t at = 0;
    while (at + n <= text.n && memcmp(text.p + at, old, n) != 0)
        at++;
    if (at + n > text.n)
        fail_msg("there is no %s", old);
    assert_ok(cv_buf_append(&b, CV_BYTES(text.p, at)));
    assert_ok(cv_buf_str(&b, new));
    assert_ok(cv_buf_append(&b, CV_BYTES(text.p + at + n, text.n - at - n)));
    return b;
}

/* ---- damage ----
 * A parser is given altered bytes, in memory of just their size, and must answer with one of some statuses.
 * It may answer CV_OK only after asserting that what it read is no lie: that it writes the same bytes again.
 */
typedef cv_status (*parse_fn)(void *arg, struct cv_bytes bytes);

#define MAY(st) (1u << (st))
#define REFUSED (MAY(CV_ERR_FORMAT) | MAY(CV_ERR_LIMIT) | MAY(CV_ERR_AUTH))

/* given(whole, n, at, bit, ...): the first ${n} bytes, one bit of them flipped unless ${at} lies outside. */
static inline void given(struct cv_bytes whole, size_t n, size_t at, int bit, parse_fn parse, void *arg,
                         unsigned may)
{
    uint8_t *copy = malloc(n > 0 ? n : 1);
    assert_non_null(copy);
    memcpy(copy, whole.p, n);
    if (at < n)
        copy[at] ^= (uint8_t)(1 << bit);
    const cv_status st = parse(arg, CV_BYTES(copy, n));
    free(copy);
    if ((may & MAY(st)) == 0)
        fail_msg("%zu of %zu bytes, bit %d of byte %zu: status %d", n, whole.n, bit, at, (int)st);
}

/* every_cut(whole, from, to, parse, arg, may): cut off at each place of [from, to). */
static inline void every_cut(struct cv_bytes whole, size_t from, size_t to, parse_fn parse, void *arg,
                             unsigned may)
{
    assert_true(to <= whole.n);
    for (size_t n = from; n < to; n++)
        given(whole, n, whole.n, 0, parse, arg, may);
}

/* every_bit(whole, from, to, parse, arg, may): each bit of the bytes of [from, to) flipped, one at a time. */
static inline void every_bit(struct cv_bytes whole, size_t from, size_t to, parse_fn parse, void *arg,
                             unsigned may)
{
    assert_true(to <= whole.n);
    for (size_t at = from; at < to; at++)
        for (int bit = 0; bit < 8; bit++)
            given(whole, whole.n, at, bit, parse, arg, may);
}

#endif
