#include "formats/base64.h"

#include <string.h>

/* Six bits to a character and back by arithmetic, not by tables: an index into a table is seen by the cache.
 */
static uint8_t encode6(uint8_t v, uint8_t v62, uint8_t v63)
{
    uint8_t c = (uint8_t)('A' + v);
    c = (uint8_t)(c + (-(v > 25) & ('a' - 26 - 'A')));
    c = (uint8_t)(c + (-(v > 51) & ('0' - 26 - 'a')));
    c = (uint8_t)(c + (-(v > 61) & (v62 - '0' - 10)));
    c = (uint8_t)(c + (-(v > 62) & (v63 - v62 - 1)));
    return c;
}

/* in(c, from, to): all ones if from <= c <= to. */
static int16_t in(int16_t c, int from, int to)
{
    return (int16_t)((int16_t)((from - 1 - c) & (c - to - 1)) >> 15);
}

/* 0 to 63, or 0xffff. */
static uint16_t decode6(uint8_t byte, bool url)
{
    const int16_t c = byte;
    int r = 0;
    r |= in(c, 'A', 'Z') & (c - 'A' + 1);
    r |= in(c, 'a', 'z') & (c - 'a' + 27);
    r |= in(c, '0', '9') & (c - '0' + 53);
    r |= in(c, url ? '-' : '+', url ? '-' : '+') & 63;
    r |= in(c, url ? '_' : '/', url ? '_' : '/') & 64;
    return (uint16_t)(r - 1);
}

/* Both ways go in blocks of 48 bytes and 64 characters: one loop moves bits, one maps characters, so that the
 * compiler can map many at a time, still without a table or a branch on the data. */
#define BLOCK_BYTES 48
#define BLOCK_CHARS 64

/* encode(url, bytes, o): the characters without padding; how many. */
static size_t encode(bool url, struct cv_bytes bytes, uint8_t *o)
{
    uint8_t in_block[BLOCK_BYTES], six[BLOCK_CHARS];
    const size_t total = bytes.n / 3 * 4 + (bytes.n % 3 == 0 ? 0 : bytes.n % 3 + 1);
    for (size_t done = 0, out = 0; done < bytes.n; done += BLOCK_BYTES, out += BLOCK_CHARS) {
        const size_t now = bytes.n - done < BLOCK_BYTES ? bytes.n - done : BLOCK_BYTES;
        const size_t chars = total - out < BLOCK_CHARS ? total - out : BLOCK_CHARS;
        memset(in_block + now, 0, sizeof(in_block) - now);
        memcpy(in_block, bytes.p + done, now);
        for (size_t i = 0, j = 0; i < BLOCK_BYTES; i += 3, j += 4) {
            const uint8_t *p = in_block + i;
            six[j] = p[0] >> 2;
            six[j + 1] = (uint8_t)((p[0] & 3) << 4 | p[1] >> 4);
            six[j + 2] = (uint8_t)((p[1] & 15) << 2 | p[2] >> 6);
            six[j + 3] = p[2] & 63;
        }
        for (size_t j = 0; j < BLOCK_CHARS; j++)
            six[j] = encode6(six[j], url ? '-' : '+', url ? '_' : '/');
        memcpy(o + out, six, chars);
    }
    cv_wipe(in_block, sizeof(in_block));
    return total;
}

cv_status cv_base64_encode(enum cv_base64 form, struct cv_bytes bytes, struct cv_buf *out)
{
    const size_t tail = bytes.n % 3, start = out->n;
    const size_t n = bytes.n / 3 * 4 + (tail == 0 ? 0 : form == CV_BASE64_STD ? 4 : tail + 1);
    cv_status st = cv_buf_reserve(out, n);
    if (st != CV_OK || n == 0)
        return st;
    out->n += encode(form == CV_BASE64_URL, bytes, out->p + start);
    while (out->n - start < n)
        out->p[out->n++] = '=';
    return CV_OK;
}

void cv_base64_url32(const uint8_t bytes[static 32], char out[static 44])
{
    out[encode(true, CV_BYTES(bytes, 32), (uint8_t *)out)] = '\0';
}

/* digits_of(form, text, bytes): characters without padding, and how many bytes they stand for. */
static bool digits_of(enum cv_base64 form, struct cv_bytes text, size_t *digits, size_t *bytes)
{
    size_t n = text.n;
    if (form == CV_BASE64_STD) {
        if (n % 4 != 0)
            return false;
        for (int i = 0; i < 2 && n > 0 && text.p[n - 1] == '='; i++)
            n--;
    }
    *digits = n;
    *bytes = n / 4 * 3 + (n % 4 == 0 ? 0 : n % 4 - 1);
    return n % 4 != 1;
}

/* decode(url, text, n, o): ${n} characters to ${o}; false if one of them, or a bit past the last byte, cannot
 * be. */
static bool decode(bool url, const uint8_t *text, size_t n, uint8_t *o)
{
    uint8_t block[BLOCK_CHARS], bytes[BLOCK_BYTES];
    uint16_t six[BLOCK_CHARS];
    int bad = 0;
    for (size_t done = 0; done < n; done += BLOCK_CHARS) {
        const size_t now = n - done < BLOCK_CHARS ? n - done : BLOCK_CHARS,
                     whole = now / 4 * 3 + (now % 4 == 0 ? 0 : now % 4 - 1);
        memset(block + now, 'A', sizeof(block) - now);
        memcpy(block, text + done, now);
        for (size_t j = 0; j < BLOCK_CHARS; j++)
            six[j] = decode6(block[j], url);
        for (size_t j = 0; j < BLOCK_CHARS; j++)
            bad |= six[j] >> 8;
        for (size_t i = 0, j = 0; i < BLOCK_BYTES; i += 3, j += 4) {
            bytes[i] = (uint8_t)(six[j] << 2 | (six[j + 1] & 63) >> 4);
            bytes[i + 1] = (uint8_t)(six[j + 1] << 4 | (six[j + 2] & 63) >> 2);
            bytes[i + 2] = (uint8_t)(six[j + 2] << 6 | (six[j + 3] & 63));
        }
        for (size_t i = whole; i < BLOCK_BYTES; i++)
            bad |= bytes[i]; /* bits past the last byte must be zero */
        memcpy(o + done / 4 * 3, bytes, whole);
    }
    cv_wipe(bytes, sizeof(bytes));
    cv_wipe(six, sizeof(six));
    return bad == 0;
}

cv_status cv_base64_decode(enum cv_base64 form, struct cv_bytes text, struct cv_buf *out)
{
    size_t n = 0, bytes = 0;
    const size_t before = out->n;
    uint8_t *o = NULL;
    if (!digits_of(form, text, &n, &bytes))
        return CV_ERR_FORMAT;
    cv_status st = cv_buf_extend(out, bytes, &o);
    if (st == CV_OK && !decode(form == CV_BASE64_URL, text.p, n, o)) {
        cv_buf_truncate(out, before);
        st = CV_ERR_FORMAT;
    }
    return st;
}

cv_status cv_base64_decode_exact(enum cv_base64 form, struct cv_bytes text, uint8_t *out, size_t n)
{
    size_t digits = 0, bytes = 0;
    if (!digits_of(form, text, &digits, &bytes) || bytes != n)
        return CV_ERR_FORMAT;
    if (decode(form == CV_BASE64_URL, text.p, digits, out))
        return CV_OK;
    cv_wipe(out, n);
    return CV_ERR_FORMAT;
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

/* hex_digits(text, n, out): the value of each; 16 or more for what is none. Without branches or tables, and
 * so that compilers do many at once: verifying a log reads two hashes for every entry. */
static uint8_t hex_digits(const uint8_t *text, size_t n, uint8_t *out)
{
    uint8_t all = 0;
    for (size_t i = 0; i < n; i++) {
        const uint8_t digit = (uint8_t)(text[i] - '0'), letter = (uint8_t)(text[i] - 'a');
        const uint8_t is_digit = (uint8_t)(0 - (digit < 10)), is_letter = (uint8_t)(0 - (letter < 6));
        out[i] = (uint8_t)((digit & is_digit) | ((letter + 10) & is_letter) | (16 & ~(is_digit | is_letter)));
        all |= out[i];
    }
    return all;
}

cv_status cv_hex_decode(struct cv_bytes text, uint8_t *out, size_t n)
{
    uint8_t digits[64] = { 0 }, all = 0;
    if (text.n != 2 * n)
        return CV_ERR_FORMAT;
    for (size_t at = 0, m; at < n; at += m) {
        m = n - at < sizeof(digits) / 2 ? n - at : sizeof(digits) / 2;
        all |= hex_digits(text.p + 2 * at, 2 * m, digits);
        for (size_t i = 0; i < m; i++)
            out[at + i] = (uint8_t)(digits[2 * i] << 4 | (digits[2 * i + 1] & 15));
    }
    cv_wipe(digits, sizeof(digits));
    return all < 16 ? CV_OK : CV_ERR_FORMAT;
}
