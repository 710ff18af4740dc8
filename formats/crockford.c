#include "formats/crockford.h"

#include <string.h>

#define DIGITS 26
static const char alphabet[] =
    "0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U"; /* the last five only as check symbols */

/* modulo37(id): the 128-bit number modulo 37. */
static unsigned modulo37(const uint8_t id[static CV_ID_BYTES])
{
    unsigned r = 0;
    for (size_t i = 0; i < CV_ID_BYTES; i++)
        r = (r * 256 + id[i]) % 37;
    return r;
}

void cv_id_text(const uint8_t id[static CV_ID_BYTES], char out[static CV_ID_TEXT_BYTES])
{
    /* 26 digits hold 130 bits: the first has only the top three of the number. */
    unsigned bits = 0, have = 2;
    size_t at = 0;
    for (size_t i = 0; i < DIGITS; i++) {
        while (have < 5) {
            bits = (bits << 8 | id[at++]) & 0xffff;
            have += 8;
        }
        have -= 5;
        out[i] = alphabet[bits >> have & 31];
    }
    out[DIGITS] = alphabet[modulo37(id)];
    out[DIGITS + 1] = '\0';
}

/* value(c): the digit a character stands for, 37 if none. */
static unsigned value(uint8_t c)
{
    if (c >= 'a' && c <= 'z')
        c = (uint8_t)(c - 'a' + 'A');
    if (c == 'O')
        return 0;
    if (c == 'I' || c == 'L')
        return 1;
    const char *p = c != '\0' ? strchr(alphabet, c) : NULL;
    return p != NULL ? (unsigned)(p - alphabet) : 37;
}

cv_status cv_id_parse(struct cv_bytes text, uint8_t id[static CV_ID_BYTES], struct cv_err *err)
{
    unsigned bits = 0, have = 0, check = 37;
    size_t digits = 0, at = 0;
    memset(id, 0, CV_ID_BYTES);
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '-')
            continue;
        const unsigned v = value(text.p[i]);
        if (digits == DIGITS && v < 37 && check == 37)
            check = v;
        else if (digits < DIGITS && v < 32 && !(digits == 0 && v > 7)) {
            bits = (bits << 5 | v) & 0xffff;
            have += digits == 0 ? 3 : 5;
            digits++;
            if (have >= 8) {
                have -= 8;
                id[at++] = (uint8_t)(bits >> have);
            }
        } else
            return cv_fail(err, CV_ERR_FORMAT,
                           "not a record id: 26 letters and digits and a check symbol are wanted");
    }
    if (digits != DIGITS || check == 37)
        return cv_fail(err, CV_ERR_FORMAT,
                       "not a record id: 26 letters and digits and a check symbol are wanted");
    if (check != modulo37(id))
        return cv_fail(err, CV_ERR_FORMAT, "the record id is mistyped: its check symbol does not fit");
    return CV_OK;
}
