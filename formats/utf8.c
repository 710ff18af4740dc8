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

bool cv_utf8_harmless(uint32_t c)
{
    if (c < 0x20 || (c >= 0x7f && c < 0xa0))
        return false;
    return !(c == 0x061c || (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
             (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || c == 0x2028 || c == 0x2029);
}
