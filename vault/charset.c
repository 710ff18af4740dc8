#include "vault/charset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/ucnv.h>
#include <unicode/ucsdet.h>

#include "formats/utf8.h"
#include "vault/wiping.h"

#define PIVOT_UNITS 2048
#define PIECE_BYTES 4096
#define CONFIDENCE_LEAST 40 /* of ICU's guesses, of 100 */
#define CONFIDENCE_AHEAD 15 /* of the next guess */

struct cv_charset {
    UConverter *from, *to;
    UChar pivot[PIVOT_UNITS];
    UChar *read, *write;
    bool utf8, started;
};

/* ---- guessing ---- */

/* valid_so_far(head, all): UTF-8, but for a character that is cut off where the head ends. */
static bool valid_so_far(struct cv_bytes head, bool all)
{
    for (size_t cut = 0; cut <= (all ? 0 : 3) && cut <= head.n; cut++)
        if (cv_utf8_valid(CV_BYTES(head.p, head.n - cut)))
            return true;
    return false;
}

/* page_of(name): which code page of Windows a guess of ICU's is or is a part of; NULL if none of those. */
static const char *page_of(const char *name)
{
    static const char *const pages[][2] = {
        { "windows-1250", "windows-1250" }, { "ISO-8859-2", "windows-1250" },
        { "windows-1251", "windows-1251" }, { "windows-1252", "windows-1252" },
        { "ISO-8859-1", "windows-1252" },
    };
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
        if (strcmp(name, pages[i][0]) == 0)
            return pages[i][1];
    return NULL;
}

/* guess_page(head, out): which, if ICU is clear about it. */
static void guess_page(struct cv_bytes head, struct cv_charset_guess *out)
{
    cv_wiping_icu();
    UErrorCode e = U_ZERO_ERROR;
    int32_t count = 0, best = 0, next = 0;
    UCharsetDetector *d = ucsdet_open(&e);
    ucsdet_setText(d, (const char *)head.p, (int32_t)head.n, &e);
    const UCharsetMatch **all = ucsdet_detectAll(d, &count, &e);
    for (int32_t i = 0; U_SUCCESS(e) && i < count; i++) {
        const char *page = page_of(ucsdet_getName(all[i], &e));
        const int32_t sure = ucsdet_getConfidence(all[i], &e);
        if (page != NULL && sure > best && strcmp(page, out->name) != 0) {
            next = best;
            best = sure;
            snprintf(out->name, sizeof(out->name), "%s", page);
        } else if (sure > next && (page == NULL || strcmp(page, out->name) != 0)) {
            next = sure;
        }
    }
    if (U_FAILURE(e) || best < CONFIDENCE_LEAST || best - next < CONFIDENCE_AHEAD)
        out->name[0] = '\0';
    ucsdet_close(d);
}

void cv_charset_guess(struct cv_bytes head, bool all, struct cv_charset_guess *out)
{
    *out = (struct cv_charset_guess){ .sure = true };
    if (head.n >= 3 && memcmp(head.p, "\xef\xbb\xbf", 3) == 0) {
        strcpy(out->name, "UTF-8");
        out->mark = 3;
    } else if (head.n >= 2 && (memcmp(head.p, "\xff\xfe", 2) == 0 || memcmp(head.p, "\xfe\xff", 2) == 0)) {
        strcpy(out->name, head.p[0] == 0xff ? "UTF-16LE" : "UTF-16BE");
        out->mark = 2;
    } else if (valid_so_far(head, all)) {
        strcpy(out->name, "UTF-8");
    } else {
        out->sure = false;
        guess_page(head, out);
    }
}

/* ---- decoding ---- */

/* stateless(c): whether a byte or two mean the same wherever they stand. */
static bool stateless(const UConverter *c)
{
    switch (ucnv_getType(c)) {
    case UCNV_SBCS:
    case UCNV_DBCS:
    case UCNV_MBCS:
    case UCNV_LATIN_1:
    case UCNV_US_ASCII:
    case UCNV_UTF8:
    case UCNV_UTF16:
    case UCNV_UTF16_BigEndian:
    case UCNV_UTF16_LittleEndian:
        return true;
    default:
        return false;
    }
}

cv_status cv_charset_new(const char *name, struct cv_charset **out, struct cv_err *err)
{
    UErrorCode e = U_ZERO_ERROR;
    struct cv_charset *c = calloc(1, sizeof(*c));
    *out = NULL;
    if (c == NULL)
        return cv_fail(err, CV_ERR_NOMEM, "encoding: out of memory");
    cv_wiping_icu();
    c->from = ucnv_open(name, &e);
    c->to = ucnv_open("UTF-8", &e);
    if (U_FAILURE(e) || name[0] == '\0' || !stateless(c->from)) {
        cv_charset_free(c);
        return cv_fail(err, CV_ERR_ARG,
                       "%.40s: no encoding that is known; try UTF-8, UTF-16LE, windows-1250, windows-1251 or "
                       "windows-1252",
                       name);
    }
    ucnv_setToUCallBack(c->from, UCNV_TO_U_CALLBACK_STOP, NULL, NULL, NULL, &e);
    ucnv_setFromUCallBack(c->to, UCNV_FROM_U_CALLBACK_STOP, NULL, NULL, NULL, &e);
    c->utf8 = ucnv_getType(c->from) == UCNV_UTF8;
    c->read = c->write = c->pivot;
    *out = c;
    return CV_OK;
}

void cv_charset_free(struct cv_charset *c)
{
    if (c == NULL)
        return;
    ucnv_close(c->from);
    ucnv_close(c->to);
    cv_wipe(c, sizeof(*c));
    free(c);
}

bool cv_charset_utf8(const struct cv_charset *c)
{
    return c->utf8;
}

cv_status cv_charset_decode(struct cv_charset *c, struct cv_bytes bytes, bool end, struct cv_buf *out)
{
    const char *from = bytes.n > 0 ? (const char *)bytes.p : "", *stop = from + bytes.n;
    cv_status st = CV_OK;
    UErrorCode e = U_BUFFER_OVERFLOW_ERROR;
    if (c->utf8)
        return cv_buf_append(out, bytes);
    while (st == CV_OK && e == U_BUFFER_OVERFLOW_ERROR) {
        uint8_t *room = NULL;
        const size_t had = out->n;
        st = cv_buf_extend(out, PIECE_BYTES, &room);
        char *to = (char *)room;
        e = U_ZERO_ERROR;
        if (st == CV_OK) {
            ucnv_convertEx(c->to, c->from, &to, (char *)room + PIECE_BYTES, &from, stop, c->pivot, &c->read,
                           &c->write, c->pivot + PIVOT_UNITS, !c->started, end, &e);
            cv_buf_truncate(out, had + (size_t)(to - (char *)room));
        }
        c->started = true;
    }
    return st != CV_OK                      ? st
           : U_SUCCESS(e)                   ? CV_OK
           : e == U_MEMORY_ALLOCATION_ERROR ? CV_ERR_NOMEM
                                            : CV_ERR_FORMAT;
}
