#include <stdio.h>
#include <string.h>

#include "formats/columns_field.h"
#include "formats/date.h"
#include "formats/words.h"

/* The dates that people write. What can be read in two ways is refused. */

/* The parts of a date: numbers, or the name of a month. */
struct parts {
    unsigned n[3];
    size_t digits[3], count;
    int month;    /* which part is a month's name; -1: none */
    char mark[2]; /* what stands after the first and the second, besides a space: '\0' for a space alone */
};

static unsigned month_named(const char *word)
{
    static const char *const months[] = { "january",   "february", "march",    "april",
                                          "may",       "june",     "july",     "august",
                                          "september", "october",  "november", "december" };
    const size_t n = strlen(word);
    for (unsigned i = 0; n >= 3 && i < 12; i++)
        if (strncmp(months[i], word, n) == 0)
            return i + 1;
    return 0;
}

/* part(text, p): the next number or word. */
static bool part(struct cv_bytes *text, struct parts *p)
{
    char word[16] = "";
    size_t n = 0;
    const size_t i = p->count;
    while (n < text->n && text->p[n] >= '0' && text->p[n] <= '9' && n < 5)
        p->n[i] = 10 * p->n[i] + (unsigned)(text->p[n++] - '0');
    p->digits[i] = n;
    if (n == 0) {
        while (n < text->n && n < sizeof(word) - 1 &&
               ((text->p[n] | 0x20) >= 'a' && (text->p[n] | 0x20) <= 'z')) {
            word[n] = (char)(text->p[n] | 0x20);
            n++;
        }
        if (p->month >= 0 || (p->n[i] = month_named(word)) == 0)
            return false;
        p->month = (int)i;
    }
    p->count++;
    *text = CV_BYTES(text->p + n, text->n - n);
    return true;
}

/* gap(text, mark): what stands between two parts: spaces, with one mark among them at most. */
static bool gap(struct cv_bytes *text, char *mark)
{
    size_t n = 0;
    *mark = '\0';
    for (; n < text->n && memchr("-/. ,", text->p[n], 5) != NULL; n++) {
        if (text->p[n] == ' ')
            continue;
        if (*mark != '\0')
            return false;
        *mark = (char)text->p[n];
    }
    *text = CV_BYTES(text->p + n, text->n - n);
    return n > 0;
}

/* parts_of(text, p): numbers have the same mark between them; a month's name cannot be mistaken. */
static bool parts_of(struct cv_bytes text, struct parts *p)
{
    *p = (struct parts){ .month = -1 };
    while (p->count < 3) {
        if (!part(&text, p))
            return false;
        if (text.n == 0)
            break;
        if (p->count == 3) /* a point may end the date: 31.5.1990. */
            return p->mark[0] == '.' && p->mark[1] == '.' && cv_bytes_equal(text, CV_LIT("."));
        if (!gap(&text, &p->mark[p->count - 1]))
            return false;
    }
    return p->count < 3 || p->month >= 0 || p->mark[0] == p->mark[1];
}

/* day_and_month(p, order, day, month): of a date whose year stands last, in numbers. */
static bool day_and_month(const struct parts *p, enum cv_date_order order, unsigned *day, unsigned *month)
{
    const unsigned a = p->n[0], b = p->n[1];
    bool day_first =
        order == CV_DATES_DAY_FIRST || p->mark[0] == '.'; /* with points it always stands first */
    if (order == CV_DATES_CLEAR && !day_first) {
        if (a <= 12 && b <= 12 && a != b)
            return false;
        day_first = a > 12 || a == b;
    }
    *day = day_first ? a : b;
    *month = day_first ? b : a;
    return true;
}

bool cell_date(struct cv_bytes text, enum cv_date_order order, char out[static 32], const char **why)
{
    struct parts p;
    unsigned day = 0, month = 0, year = 0;
    *why = _("not a date that is understood; write YYYY-MM-DD");
    const uint8_t *t = text.n > 10 ? memchr(text.p, 'T', text.n) : NULL;
    if (t == NULL && text.n > 16 && text.p[10] == ' ' && text.p[13] == ':')
        t = text.p + 10;
    if (t != NULL && t - text.p == 10 && text.n > 11 && t[1] >= '0' &&
        t[1] <= '9') /* of a time, the day alone */
        text.n = 10;
    if (!parts_of(text, &p))
        return false;
    if (p.digits[0] == 4 && p.month != 0) { /* 2024-05-31, 2024/05, 2024 */
        year = p.n[0];
        month = p.count > 1 ? p.n[1] : 0;
        day = p.count > 2 ? p.n[2] : 0;
        if ((p.count > 1 && month == 0) || (p.count > 2 && day == 0))
            return false;
    } else if (p.digits[p.count - 1] != 4) {
        *why = p.count == 3 ? _("the year of a date is wanted in four digits") : *why;
        return false;
    } else if (p.count == 2) { /* 05/2024, May 2024 */
        year = p.n[1];
        month = p.n[0];
    } else if (p.count == 3 && p.month >= 0) { /* 31 May 2024, May 31, 2024 */
        year = p.n[2];
        month = p.n[p.month];
        day = p.n[p.month == 0 ? 1 : 0];
    } else if (p.count == 3) {
        year = p.n[2];
        if (!day_and_month(&p, order, &day, &month)) {
            *why = _("a date that can be read in two ways; write YYYY-MM-DD, or say --dates dmy or mdy");
            return false;
        }
    } else {
        return false;
    }
    snprintf(out, 32,
             p.count == 1   ? "%04u"
             : p.count == 2 ? "%04u-%02u"
                            : "%04u-%02u-%02u",
             year, month, day);
    if (cv_date_ok(cv_bytes_str(out), true))
        return true;
    *why = _("a day that does not exist");
    return false;
}
