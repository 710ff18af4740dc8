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

#endif
