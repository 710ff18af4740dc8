#include "vault/marks_number.h"

#include <string.h>
#include <strings.h>

#include "formats/utf8.h"

/* Numbers that people copy from documents, plates and screens. */

#define NUMBER_LEAST 4

/* Letters of other scripts whose capitals look as Latin ones: on plates and documents either is typed. */
static const struct {
    const char *capital, *small;
    char looks;
} looks[] = {
    { "А", "а", 'A' }, { "В", "в", 'B' }, { "Е", "е", 'E' }, { "К", "к", 'K' }, { "М", "м", 'M' },
    { "Н", "н", 'H' }, { "О", "о", 'O' }, { "Р", "р", 'P' }, { "С", "с", 'C' }, { "Т", "т", 'T' },
    { "У", "у", 'Y' }, { "Х", "х", 'X' }, { "І", "і", 'I' }, { "Ј", "ј", 'J' }, { "Α", "α", 'A' },
    { "Β", "β", 'B' }, { "Ε", "ε", 'E' }, { "Ζ", "ζ", 'Z' }, { "Η", "η", 'H' }, { "Ι", "ι", 'I' },
    { "Κ", "κ", 'K' }, { "Μ", "μ", 'M' }, { "Ν", "ν", 'N' }, { "Ο", "ο", 'O' }, { "Ρ", "ρ", 'P' },
    { "Τ", "τ", 'T' }, { "Υ", "υ", 'Y' }, { "Χ", "χ", 'X' },
};

/* condense(text, alike, out): the letters and digits of it, in capitals; with ${alike}, those letters as what
 * they look like. */
static cv_status condense(struct cv_bytes text, bool alike, struct cv_buf *out)
{
    cv_status st = CV_OK;
    uint32_t code;
    for (size_t n; st == CV_OK && (n = cv_utf8_next(text, &code)) != 0;
         text = CV_BYTES(text.p + n, text.n - n)) {
        struct cv_bytes letter = CV_BYTES(text.p, n);
        char small;
        for (size_t i = 0; alike && i < sizeof(looks) / sizeof(looks[0]); i++)
            if (cv_bytes_equal(letter, cv_bytes_str(looks[i].capital)) ||
                cv_bytes_equal(letter, cv_bytes_str(looks[i].small)))
                letter = CV_BYTES(&looks[i].looks, 1);
        const uint8_t c = letter.p[0];
        if (letter.n == 1 && c >= 'a' && c <= 'z') {
            small = (char)(c - 'a' + 'A');
            letter = CV_BYTES(&small, 1);
        } else if (letter.n == 1 && (c < 'A' || c > 'Z') && (c < '0' || c > '9'))
            continue;
        st = cv_buf_append(out, letter);
    }
    return st;
}

/* without_scheme(text): a profile's address is the same with and without it. */
static struct cv_bytes without_scheme(struct cv_bytes text)
{
    static const char *const before[] = { "https://", "http://", "www." };
    for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
        const size_t n = strlen(before[i]);
        if (text.n > n && strncasecmp((const char *)text.p, before[i], n) == 0)
            text = CV_BYTES(text.p + n, text.n - n);
    }
    return text;
}

/* romanise(folder, value): letters of other alphabets by what they are. As part of a number they are folded
 * letter by letter, and no spelling is made of them. */
static cv_status romanise(struct cv_folder *folder, struct cv_buf *value)
{
    struct cv_buf folded = { 0 };
    bool wide = false;
    for (size_t i = 0; i < value->n; i++)
        wide = wide || value->p[i] >= 0x80;
    if (!wide)
        return CV_OK;
    cv_status st = cv_buf_str(value, "0");
    st = CV_THEN(st, cv_fold(folder, cv_buf_view(value), &folded));
    cv_buf_truncate(value, 0);
    if (folded.n > 0)
        st = CV_THEN(st, condense(CV_BYTES(folded.p, folded.n - 1), false, value));
    cv_buf_free(&folded);
    return st;
}

cv_status cv_marks_number(struct cv_folder *folder, struct cv_bytes text, bool account, struct cv_buf *out)
{
    struct cv_buf value = { 0 };
    bool digit = account;
    cv_status st = condense(account ? without_scheme(text) : text, !account, &value);
    st = CV_THEN(st, romanise(folder, &value));
    for (size_t i = 0; i < value.n; i++)
        digit = digit || (value.p[i] >= '0' && value.p[i] <= '9');
    if (st == CV_OK && value.n >= NUMBER_LEAST && digit)
        st = cv_buf_append(out, cv_buf_view(&value));
    cv_buf_free(&value);
    return st;
}
