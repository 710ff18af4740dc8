#include "formats/base64.h"

#include <string.h>

/* Six bits to a character and back by arithmetic, not by tables: an index into a table is seen by the cache.
 */
static uint8_t encode6(uint32_t v, bool url)
{
    uint32_t c = 'A' + v;
    c += ((25 - v) >> 8) & 6;                                     /* v > 25: 'a' - 'A' - 26 = 6 */
    c -= ((51 - v) >> 8) & 75;                                    /* v > 51: '0' - 'a' + 26 = -75 */
    c -= ((61 - v) >> 8) & (url ? 13 : 15);                       /* v > 61: '-' or '+' */
    c += ((62 - v) >> 8) & (url ? '_' - '-' - 1 : '/' - '+' - 1); /* v = 63 */
    return (uint8_t)c;
}

/* 0 to 63, or a value with a bit above the low six set. */
static uint32_t decode6(uint32_t c, bool url)
{
    uint32_t plus = url ? '-' : '+', slash = url ? '_' : '/';
    uint32_t r = 0;
    r |= ((('A' - 1 - c) & (c - ('Z' + 1))) >> 8) & 0xffffff & (c - 'A' + 1);
    r |= ((('a' - 1 - c) & (c - ('z' + 1))) >> 8) & 0xffffff & (c - 'a' + 27);
    r |= ((('0' - 1 - c) & (c - ('9' + 1))) >> 8) & 0xffffff & (c - '0' + 53);
    r |= ((((plus - 1) - c) & (c - (plus + 1))) >> 8) & 0xffffff & 63;
    r |= ((((slash - 1) - c) & (c - (slash + 1))) >> 8) & 0xffffff & 64;
    return r - 1;
}

cv_status cv_base64_encode(enum cv_base64 form, struct cv_bytes bytes, struct cv_buf *out)
{
    bool url = form == CV_BASE64_URL, pad = form == CV_BASE64_STD;
    size_t tail = bytes.n % 3;
    size_t n = bytes.n / 3 * 4 + (tail == 0 ? 0 : pad ? 4 : tail + 1);
    uint8_t *o = NULL;
    cv_status st = cv_buf_extend(out, n, &o);
    if (st != CV_OK)
        return st;
    const uint8_t *p = bytes.p;
    for (size_t i = bytes.n / 3; i > 0; i--, p += 3) {
        uint32_t v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
        for (int shift = 18; shift >= 0; shift -= 6)
            *o++ = encode6(v >> shift & 63, url);
    }
    if (tail > 0) {
        uint32_t v = (uint32_t)p[0] << 16 | (tail == 2 ? (uint32_t)p[1] << 8 : 0);
        *o++ = encode6(v >> 18 & 63, url);
        *o++ = encode6(v >> 12 & 63, url);
        if (tail == 2)
            *o++ = encode6(v >> 6 & 63, url);
        for (size_t i = tail; pad && i < 3; i++)
            *o++ = '=';
    }
    return CV_OK;
}

cv_status cv_base64_decode(enum cv_base64 form, struct cv_bytes text, struct cv_buf *out)
{
    bool url = form == CV_BASE64_URL;
    size_t n = text.n, before = out->n;
    if (form == CV_BASE64_STD) {
        if (n % 4 != 0)
            return CV_ERR_FORMAT;
        for (int i = 0; i < 2 && n > 0 && text.p[n - 1] == '='; i++)
            n--;
    }
    if (n % 4 == 1)
        return CV_ERR_FORMAT;
    uint8_t *o = NULL;
    cv_status st = cv_buf_extend(out, n / 4 * 3 + (n % 4 == 0 ? 0 : n % 4 - 1), &o);
    if (st != CV_OK)
        return st;
    uint32_t bad = 0, acc = 0;
    unsigned bits = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t v = decode6(text.p[i], url);
        bad |= v >> 6;
        acc = (acc << 6 | (v & 63)) & 0xffffff;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            *o++ = (uint8_t)(acc >> bits);
        }
    }
    bad |= acc & ((1U << bits) - 1); /* bits past the last byte must be zero */
    if (bad != 0) {
        cv_buf_truncate(out, before);
        return CV_ERR_FORMAT;
    }
    return CV_OK;
}

cv_status cv_base64_decode_exact(enum cv_base64 form, struct cv_bytes text, uint8_t *out, size_t n)
{
    struct cv_buf buf = { 0 };
    cv_status st = cv_base64_decode(form, text, &buf);
    if (st == CV_OK && buf.n != n)
        st = CV_ERR_FORMAT;
    if (st == CV_OK && n > 0)
        memcpy(out, buf.p, n);
    cv_buf_free(&buf);
    return st;
}

void cv_hex_encode(struct cv_bytes bytes, char *out)
{
    for (size_t i = 0; i < bytes.n; i++) {
        for (int shift = 4; shift >= 0; shift -= 4) {
            unsigned v = bytes.p[i] >> shift & 15U;
            *out++ = (char)('0' + v + (((9 - v) >> 8) & 39));
        }
    }
    *out = '\0';
}

static uint32_t hex_digit(uint32_t c)
{
    uint32_t r = 0;
    r |= ((('0' - 1 - c) & (c - ('9' + 1))) >> 8) & 0xffffff & (c - '0' + 1);
    r |= ((('a' - 1 - c) & (c - ('f' + 1))) >> 8) & 0xffffff & (c - 'a' + 11);
    return r - 1;
}

cv_status cv_hex_decode(struct cv_bytes text, uint8_t *out, size_t n)
{
    uint32_t bad = 0;
    if (text.n != 2 * n)
        return CV_ERR_FORMAT;
    for (size_t i = 0; i < n; i++) {
        uint32_t hi = hex_digit(text.p[2 * i]), lo = hex_digit(text.p[2 * i + 1]);
        bad |= (hi | lo) >> 4;
        out[i] = (uint8_t)(hi << 4 | (lo & 15));
    }
    return bad == 0 ? CV_OK : CV_ERR_FORMAT;
}
