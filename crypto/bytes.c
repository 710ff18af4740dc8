#include "crypto/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "crypto/alloc.h"

struct cv_bytes cv_bytes_str(const char *s)
{
    return s == NULL ? (struct cv_bytes){ NULL, 0 } : CV_BYTES(s, strlen(s));
}

bool cv_bytes_line(struct cv_bytes *rest, const char *word, struct cv_bytes *value)
{
    const uint8_t *lf = rest->n > 0 ? memchr(rest->p, '\n', rest->n) : NULL;
    const size_t skip = strlen(word);
    if (lf == NULL)
        return false;
    const size_t n = (size_t)(lf - rest->p);
    if (n < skip || memcmp(rest->p, word, skip) != 0)
        return false;
    *value = CV_BYTES(rest->p + skip, n - skip);
    *rest = CV_BYTES(lf + 1, rest->n - n - 1);
    return true;
}

bool cv_bytes_number(struct cv_bytes text, uint64_t *out)
{
    *out = 0;
    if (text.n == 0 || text.n > 18 || (text.n > 1 && text.p[0] == '0'))
        return false;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
        *out = 10 * *out + (uint64_t)(text.p[i] - '0');
    }
    return true;
}

bool cv_bytes_equal(struct cv_bytes a, struct cv_bytes b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool cv_bytes_zero(struct cv_bytes b)
{
    return b.n == 0 || (b.p[0] == 0 && memcmp(b.p, b.p + 1, b.n - 1) == 0);
}

bool cv_bytes_equal_ct(struct cv_bytes a, struct cv_bytes b)
{
    return a.n == b.n && (a.n == 0 || CRYPTO_memcmp(a.p, b.p, a.n) == 0);
}

void cv_wipe(void *p, size_t n)
{
    if (p != NULL)
        explicit_bzero(p, n);
}

/* give_back(b): its memory, wiped. */
static void give_back(struct cv_buf *b)
{
    if (b->secret) {
        OPENSSL_secure_clear_free(b->p, b->cap);
        return;
    }
    cv_wipe(b->p, b->cap);
    free(b->p);
}

void cv_buf_free(struct cv_buf *b)
{
    if (b == NULL)
        return;
    give_back(b);
    b->p = NULL;
    b->n = b->cap = 0;
}

struct cv_bytes cv_buf_view(const struct cv_buf *b)
{
    return CV_BYTES(b->p, b->n);
}

cv_status cv_buf_reserve(struct cv_buf *b, size_t more)
{
    size_t max = b->max == 0 ? CV_BUF_MAX : b->max;
    if (more > max || b->n > max - more)
        return CV_ERR_LIMIT;
    size_t need = b->n + more;
    if (need <= b->cap)
        return CV_OK;

    size_t cap = b->cap < 64 ? 64 : b->cap;
    while (cap < need)
        cap *= 2;
    /* Not realloc: it may leave a copy of the old contents behind. */
    uint8_t *p = b->secret ? OPENSSL_secure_malloc(cap) : cv_alloc_needed(malloc(cap));
    if (p == NULL)
        return CV_ERR_NOMEM;
    if (b->n > 0)
        memcpy(p, b->p, b->n);
    give_back(b);
    b->p = p;
    b->cap = cap;
    return CV_OK;
}

cv_status cv_buf_append(struct cv_buf *b, struct cv_bytes bytes)
{
    cv_status st = cv_buf_reserve(b, bytes.n);
    if (st == CV_OK && bytes.n > 0) {
        memcpy(b->p + b->n, bytes.p, bytes.n);
        b->n += bytes.n;
    }
    return st;
}

cv_status cv_buf_extend(struct cv_buf *b, size_t n, uint8_t **out)
{
    *out = NULL;
    cv_status st = cv_buf_reserve(b, n);
    if (st != CV_OK)
        return st;
    *out = b->p != NULL ? b->p + b->n : NULL;
    if (*out != NULL)
        memset(*out, 0, n);
    b->n += n;
    return CV_OK;
}

cv_status cv_buf_str(struct cv_buf *b, const char *s)
{
    return cv_buf_append(b, cv_bytes_str(s));
}

cv_status cv_buf_printf(struct cv_buf *b, const char *fmt, ...)
{
    va_list ap;
    int n = 0;
    /* Most texts fit at the first try; the second has the room the first asked for. */
    cv_status st = cv_buf_reserve(b, 1);
    for (int round = 0; round < 2 && st == CV_OK; round++) {
        const size_t room = b->cap - b->n;
        va_start(ap, fmt);
        n = vsnprintf((char *)b->p + b->n, room, fmt, ap);
        va_end(ap);
        if (n < 0)
            return CV_ERR_INTERNAL;
        st = cv_buf_reserve(b, (size_t)n + 1);
        if (st == CV_OK && (size_t)n < room) {
            b->n += (size_t)n;
            return CV_OK;
        }
    }
    return st == CV_OK ? CV_ERR_INTERNAL : st;
}

cv_status cv_buf_u16(struct cv_buf *b, uint16_t v)
{
    uint8_t be[2] = { (uint8_t)(v >> 8), (uint8_t)v };
    return cv_buf_append(b, CV_ARR(be));
}

cv_status cv_buf_u32(struct cv_buf *b, uint32_t v)
{
    uint8_t be[4];
    cv_store_u32(be, v);
    return cv_buf_append(b, CV_ARR(be));
}

cv_status cv_buf_u64(struct cv_buf *b, uint64_t v)
{
    uint8_t be[8];
    cv_store_u64(be, v);
    return cv_buf_append(b, CV_ARR(be));
}

cv_status cv_buf_field(struct cv_buf *b, struct cv_bytes bytes)
{
    if (bytes.n > UINT16_MAX)
        return CV_ERR_LIMIT;
    cv_status st = cv_buf_reserve(b, bytes.n + 2);
    if (st == CV_OK)
        st = cv_buf_u16(b, (uint16_t)bytes.n);
    if (st == CV_OK)
        st = cv_buf_append(b, bytes);
    return st;
}

void cv_buf_truncate(struct cv_buf *b, size_t n)
{
    if (n < b->n) {
        cv_wipe(b->p + n, b->n - n);
        b->n = n;
    }
}

struct cv_bytes cv_cursor_take(struct cv_cursor *c, size_t n)
{
    if (c->bad || n > c->rest.n) {
        c->bad = true;
        return (struct cv_bytes){ NULL, 0 };
    }
    struct cv_bytes taken = { c->rest.p, n };
    c->rest.p += n;
    c->rest.n -= n;
    return taken;
}

uint8_t cv_cursor_u8(struct cv_cursor *c)
{
    struct cv_bytes b = cv_cursor_take(c, 1);
    return c->bad ? 0 : b.p[0];
}

uint16_t cv_cursor_u16(struct cv_cursor *c)
{
    struct cv_bytes b = cv_cursor_take(c, 2);
    if (c->bad)
        return 0;
    return (uint16_t)(b.p[0] << 8 | b.p[1]);
}

uint32_t cv_cursor_u32(struct cv_cursor *c)
{
    struct cv_bytes b = cv_cursor_take(c, 4);
    return c->bad ? 0 : cv_load_u32(b.p);
}

uint64_t cv_cursor_u64(struct cv_cursor *c)
{
    struct cv_bytes b = cv_cursor_take(c, 8);
    return c->bad ? 0 : cv_load_u64(b.p);
}

struct cv_bytes cv_cursor_field(struct cv_cursor *c)
{
    return cv_cursor_take(c, cv_cursor_u16(c));
}

void cv_store_u32(uint8_t out[static 4], uint32_t v)
{
    for (int i = 3; i >= 0; i--, v >>= 8)
        out[i] = (uint8_t)v;
}

void cv_store_u64(uint8_t out[static 8], uint64_t v)
{
    for (int i = 7; i >= 0; i--, v >>= 8)
        out[i] = (uint8_t)v;
}

uint32_t cv_load_u32(const uint8_t in[static 4])
{
    return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

uint64_t cv_load_u64(const uint8_t in[static 8])
{
    return (uint64_t)cv_load_u32(in) << 32 | cv_load_u32(in + 4);
}
