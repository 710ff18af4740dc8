#include "formats/bech32.h"

#include <string.h>

#define CHECKSUM_SYMBOLS 6

static const char charset[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

static uint32_t polymod(uint32_t sum, uint32_t value)
{
    static const uint32_t generator[] = { 0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3 };
    uint32_t top = sum >> 25;
    sum = (sum & 0x1ffffff) << 5 ^ value;
    for (int i = 0; i < 5; i++)
        sum ^= generator[i] & (0U - (top >> i & 1));
    return sum;
}

/* 0xff if a and b (below 256) are equal, else 0, without a branch. */
static uint32_t same(uint32_t a, uint32_t b)
{
    return ((a ^ b) - 1) >> 24 & 0xff;
}

/* The whole alphabet is gone through: an index into it is seen by the cache. */
static uint8_t encode5(uint32_t v, uint8_t upper)
{
    uint32_t c = 0;
    for (uint32_t i = 0; i < 32; i++)
        c |= same(i, v) & (uint8_t)charset[i];
    uint32_t letter = (64 - c) >> 31; /* digits stand below the letters and have no case */
    return (uint8_t)(c ^ (letter * upper));
}

/* 0 to 31, or 0xff. */
static uint32_t decode5(uint8_t c, uint8_t upper)
{
    uint32_t v = 0xff;
    for (uint32_t i = 0; i < 32; i++) {
        uint8_t want = (uint8_t)charset[i];
        v ^= same(c, want > '9' ? want ^ upper : want) & (0xff ^ i);
    }
    return v;
}

/* The checksum so far, over the lower-case part; ${upper} becomes 0x20 for an upper-case one. */
static cv_status begin(const char *hrp, uint8_t *upper, uint32_t *sum)
{
    bool low = false, high = false;
    size_t n = strlen(hrp);
    if (n == 0 || n > 83)
        return CV_ERR_ARG;
    for (size_t i = 0; i < n; i++) {
        if (hrp[i] < 33 || hrp[i] > 126)
            return CV_ERR_ARG;
        low |= hrp[i] >= 'a' && hrp[i] <= 'z';
        high |= hrp[i] >= 'A' && hrp[i] <= 'Z';
    }
    if (low && high)
        return CV_ERR_ARG;
    *upper = high ? 0x20 : 0;
    *sum = 1;
    for (int half = 0; half < 2; half++) {
        for (size_t i = 0; i < n; i++) {
            uint8_t c = (uint8_t)hrp[i];
            if (c >= 'A' && c <= 'Z')
                c = (uint8_t)(c + 0x20);
            *sum = polymod(*sum, half == 0 ? c >> 5 : c & 31);
        }
        if (half == 0)
            *sum = polymod(*sum, 0);
    }
    return CV_OK;
}

static size_t symbols(size_t n)
{
    return (n * 8 + 4) / 5;
}

cv_status cv_bech32_encode(const char *hrp, struct cv_bytes bytes, struct cv_buf *out)
{
    uint8_t upper = 0, *o = NULL;
    uint32_t sum = 0, acc = 0;
    unsigned bits = 0;
    size_t hrp_n = strlen(hrp);
    if (bytes.n > CV_BECH32_BYTES_MAX)
        return CV_ERR_LIMIT;
    cv_status st = begin(hrp, &upper, &sum);
    if (st == CV_OK)
        st = cv_buf_extend(out, hrp_n + 1 + symbols(bytes.n) + CHECKSUM_SYMBOLS, &o);
    if (st != CV_OK)
        return st;
    memcpy(o, hrp, hrp_n);
    o += hrp_n;
    *o++ = '1';
    for (size_t i = 0, left = symbols(bytes.n); left > 0; left--) {
        if (bits < 5) { /* past the last byte come zeros */
            acc = (acc << 8 | (i < bytes.n ? bytes.p[i] : 0)) & 0xfff;
            i++;
            bits += 8;
        }
        bits -= 5;
        sum = polymod(sum, acc >> bits & 31);
        *o++ = encode5(acc >> bits & 31, upper);
    }
    for (int i = 0; i < CHECKSUM_SYMBOLS; i++)
        sum = polymod(sum, 0);
    sum ^= 1;
    for (int shift = 25; shift >= 0; shift -= 5)
        *o++ = encode5(sum >> shift & 31, upper);
    return CV_OK;
}

cv_status cv_bech32_decode(const char *hrp, struct cv_bytes text, uint8_t *out, size_t n)
{
    uint8_t upper = 0;
    uint32_t sum = 0, acc = 0, bad = 0;
    unsigned bits = 0;
    size_t hrp_n = strlen(hrp), at = 0;
    memset(out, 0, n);
    if (n > CV_BECH32_BYTES_MAX)
        return CV_ERR_LIMIT;
    cv_status st = begin(hrp, &upper, &sum);
    if (st != CV_OK)
        return st;
    if (text.n != hrp_n + 1 + symbols(n) + CHECKSUM_SYMBOLS || memcmp(text.p, hrp, hrp_n) != 0 ||
        text.p[hrp_n] != '1')
        return CV_ERR_FORMAT;
    for (size_t i = hrp_n + 1; i < text.n; i++) {
        uint32_t v = decode5(text.p[i], upper);
        bad |= v >> 5;
        v &= 31;
        sum = polymod(sum, v);
        if (i >= text.n - CHECKSUM_SYMBOLS)
            continue;
        acc = (acc << 5 | v) & 0xfff;
        bits += 5;
        if (bits >= 8) {
            bits -= 8;
            out[at++] = (uint8_t)(acc >> bits);
        }
    }
    bad |= acc & ((1U << bits) - 1);
    if (bad == 0 && sum == 1 && at == n)
        return CV_OK;
    cv_wipe(out, n);
    return CV_ERR_FORMAT;
}
