#include "formats/utf8.h"

size_t cv_utf8_next(struct cv_bytes text, uint32_t *code)
{
    static const uint32_t least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
    *code = 0;
    if (text.n == 0)
        return 0;
    const uint8_t b = text.p[0];
    const size_t n = b < 0x80             ? 1
                     : (b & 0xe0) == 0xc0 ? 2
                     : (b & 0xf0) == 0xe0 ? 3
                     : (b & 0xf8) == 0xf0 ? 4
                                          : 0;
    if (n == 0 || text.n < n)
        return 0;
    uint32_t c = n == 1 ? b : (uint32_t)(b & (0x7f >> n));
    for (size_t i = 1; i < n; i++) {
        if ((text.p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (text.p[i] & 0x3f);
    }
    if ((n > 1 && c < least[n]) || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *code = c;
    return n;
}

bool cv_utf8_valid(struct cv_bytes text)
{
    uint32_t code;
    while (text.n > 0) {
        const size_t n = cv_utf8_next(text, &code);
        if (n == 0)
            return false;
        text = CV_BYTES(text.p + n, text.n - n);
    }
    return true;
}

bool cv_utf8_has_space(struct cv_bytes text)
{
    uint32_t c;
    for (size_t n; (n = cv_utf8_next(text, &c)) != 0; text = CV_BYTES(text.p + n, text.n - n))
        if ((c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
            (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
            c == 0x3000)
            return true;
    return false;
}

size_t cv_utf8_count(struct cv_bytes text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.n; i++)
        count += (text.p[i] & 0xc0) != 0x80;
    return count;
}

bool cv_utf8_steers(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || c == 0x200e || c == 0x200f ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

bool cv_utf8_harmless(uint32_t c)
{
    return !cv_utf8_steers(c) && c != 0x200b && !(c >= 0x2060 && c <= 0x206f) && c != 0xfeff;
}

struct range {
    uint32_t from, to;
};

static bool within(const struct range *ranges, size_t count, uint32_t c)
{
    for (size_t i = 0; i < count; i++)
        if (c >= ranges[i].from && c <= ranges[i].to)
            return true;
    return false;
}

size_t cv_utf8_width(uint32_t c)
{
    static const struct range wide[] = { { 0x1100, 0x115f },   { 0x2e80, 0xa4cf },   { 0xa960, 0xa97c },
                                         { 0xac00, 0xd7a3 },   { 0xf900, 0xfaff },   { 0xfe30, 0xfe6f },
                                         { 0xff00, 0xff60 },   { 0xffe0, 0xffe6 },   { 0x16fe0, 0x18aff },
                                         { 0x1b000, 0x1b2ff }, { 0x1f000, 0x1faff }, { 0x20000, 0x3fffd } };
    static const struct range none[] = { { 0x0300, 0x036f }, { 0x200c, 0x200d }, { 0x20d0, 0x20f0 } };
    if (c < 0x300)
        return 1;
    if (within(none, sizeof(none) / sizeof(none[0]), c))
        return 0;
    return within(wide, sizeof(wide) / sizeof(wide[0]), c) ? 2 : 1;
}

struct cv_bytes cv_utf8_fitting(struct cv_bytes text, size_t columns)
{
    size_t n = 0, taken = 0;
    uint32_t c;
    while (n < text.n) {
        const size_t k = cv_utf8_next(CV_BYTES(text.p + n, text.n - n), &c);
        taken += k > 0 ? cv_utf8_width(c) : 1;
        if (n > 0 && taken > columns)
            break;
        n += k > 0 ? k : 1;
    }
    return CV_BYTES(text.p, n);
}

size_t cv_utf8_columns(struct cv_bytes text)
{
    size_t columns = 0;
    uint32_t c;
    for (size_t n; (n = cv_utf8_next(text, &c)) != 0; text = CV_BYTES(text.p + n, text.n - n))
        columns += cv_utf8_width(c);
    return columns;
}

struct cv_bytes cv_utf8_cut(struct cv_bytes text, size_t most)
{
    uint32_t code;
    size_t at = 0, n;
    while (at < text.n && (n = cv_utf8_next(CV_BYTES(text.p + at, text.n - at), &code)) > 0 && n <= most - at)
        at += n;
    return CV_BYTES(text.p, at);
}
