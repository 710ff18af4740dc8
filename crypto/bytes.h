#ifndef CV_CRYPTO_BYTES_H
#define CV_CRYPTO_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/status.h"

/* A borrowed view: pointer and length travel as one value. */
struct cv_bytes {
    const uint8_t *p;
    size_t n;
};

#define CV_BYTES(ptr, len) ((struct cv_bytes){ (const uint8_t *)(ptr), (len) })
/* A string literal or a byte array, without the literal's final NUL. */
#define CV_LIT(lit) ((struct cv_bytes){ (const uint8_t *)("" lit), sizeof(lit) - 1 })
#define CV_ARR(arr) ((struct cv_bytes){ (const uint8_t *)(arr), sizeof(arr) })

/** cv_bytes_str(s): the view of a C string, without its NUL; NULL gives the empty view. */
struct cv_bytes cv_bytes_str(const char *s);

/** cv_bytes_line(rest, word, value): pass over the next line and its LF, if it begins with ${word}, and tell
 * what follows that. False, and nothing is passed over, if there is no such line. */
bool cv_bytes_line(struct cv_bytes *rest, const char *word, struct cv_bytes *value);

/** cv_bytes_number(text, out): all of it is one decimal number, of at most 18 digits, no zero before it. */
bool cv_bytes_number(struct cv_bytes text, uint64_t *out);

/** cv_bytes_equal(a, b): equal in public data; takes as long as the bytes agree. */
bool cv_bytes_equal(struct cv_bytes a, struct cv_bytes b);

/** cv_bytes_zero(b): nothing but zeros, or empty; of public data. */
bool cv_bytes_zero(struct cv_bytes b);

/** cv_bytes_equal_ct(a, b): equal in secret data: the time depends on the lengths alone. */
bool cv_bytes_equal_ct(struct cv_bytes a, struct cv_bytes b);

/**
 * An owned, growing buffer. Zero-initialise it (`struct cv_buf b = { 0 };`); memory is wiped whenever it is
 * released or moved, so that a buffer may hold plaintext. Secrets proper belong in a struct cv_secret; text
 * that they are written in, in a buffer with ${secret}, which lies on the secure heap (crypto/secret.h).
 */
struct cv_buf {
    uint8_t *p;
    size_t n;   /* bytes in use */
    size_t cap; /* bytes allocated */
    size_t max; /* hard bound on n; 0 means CV_BUF_MAX */
    bool secret;
};

#define CV_BUF_MAX ((size_t)1 << 30)

/** cv_buf_free(b): wipe and release; b may be NULL or empty and is empty afterwards. */
void cv_buf_free(struct cv_buf *b);

/** cv_buf_view(b): what it holds, valid until the next change. */
struct cv_bytes cv_buf_view(const struct cv_buf *b);

/** cv_buf_reserve(b, more): room for ${more} bytes. CV_OK; CV_ERR_LIMIT beyond max; CV_ERR_NOMEM if the
 * secure heap is full (where other memory is refused, the process ends: crypto/alloc.h). */
CV_MUST_CHECK cv_status cv_buf_reserve(struct cv_buf *b, size_t more);

/** cv_buf_append(b, bytes): CV_OK; CV_ERR_LIMIT; CV_ERR_NOMEM, with b unchanged. */
CV_MUST_CHECK cv_status cv_buf_append(struct cv_buf *b, struct cv_bytes bytes);

/** cv_buf_extend(b, n, out): lengthen by ${n} zero bytes, ${out} pointing at them. As cv_buf_append. */
CV_MUST_CHECK cv_status cv_buf_extend(struct cv_buf *b, size_t n, uint8_t **out);

/** cv_buf_str(b, s): append a C string without its NUL. As cv_buf_append. */
CV_MUST_CHECK cv_status cv_buf_str(struct cv_buf *b, const char *s);

/** cv_buf_printf(b, fmt, ...): append formatted text without its NUL. As cv_buf_append. */
CV_MUST_CHECK __attribute__((format(printf, 2, 3))) cv_status cv_buf_printf(struct cv_buf *b, const char *fmt,
                                                                            ...);

/** cv_buf_u16, _u32, _u64(b, v): append a big-endian integer. As cv_buf_append. */
CV_MUST_CHECK cv_status cv_buf_u16(struct cv_buf *b, uint16_t v);
CV_MUST_CHECK cv_status cv_buf_u32(struct cv_buf *b, uint32_t v);
CV_MUST_CHECK cv_status cv_buf_u64(struct cv_buf *b, uint64_t v);

/** cv_buf_field(b, bytes): append one field of L(): u16 big-endian length, then the bytes. CV_ERR_LIMIT over
 * 65,535. */
CV_MUST_CHECK cv_status cv_buf_field(struct cv_buf *b, struct cv_bytes bytes);

/** cv_buf_truncate(b, n): shorten to ${n} bytes, wiping the rest. */
void cv_buf_truncate(struct cv_buf *b, size_t n);

/** A reading cursor: each take sets `bad` and gives zeros once the bytes run out; check `bad` at the end. */
struct cv_cursor {
    struct cv_bytes rest;
    bool bad;
};

uint8_t cv_cursor_u8(struct cv_cursor *c);
uint16_t cv_cursor_u16(struct cv_cursor *c);
uint32_t cv_cursor_u32(struct cv_cursor *c);
uint64_t cv_cursor_u64(struct cv_cursor *c);
/** cv_cursor_take(c, n): the next ${n} bytes, or the empty view and bad. */
struct cv_bytes cv_cursor_take(struct cv_cursor *c, size_t n);
/** cv_cursor_field(c): one field of L(). */
struct cv_bytes cv_cursor_field(struct cv_cursor *c);

/** cv_store_u16 ... cv_load_u64: big-endian integers in memory. */
void cv_store_u32(uint8_t out[static 4], uint32_t v);
void cv_store_u64(uint8_t out[static 8], uint64_t v);
uint32_t cv_load_u32(const uint8_t in[static 4]);
uint64_t cv_load_u64(const uint8_t in[static 8]);

/** cv_wipe(p, n): zero memory in a way the compiler does not leave out. */
void cv_wipe(void *p, size_t n);

#endif
