#include "formats/date.h"

#include <stdio.h>
#include <time.h>

#define YEAR_MIN 1800
#define YEAR_MAX 2200
#define DAY_SECONDS ((time_t)86400)

struct date {
    unsigned year, month, day; /* month and day 0: not said */
};

static bool digits(struct cv_bytes t, size_t at, size_t n, unsigned *out)
{
    *out = 0;
    if (at + n > t.n)
        return false;
    for (size_t i = at; i < at + n; i++) {
        if (t.p[i] < '0' || t.p[i] > '9')
            return false;
        *out = 10 * *out + (unsigned)(t.p[i] - '0');
    }
    return true;
}

static unsigned days_in(unsigned year, unsigned month)
{
    static const unsigned days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap ? 1U : 0U);
}

static bool parse(struct cv_bytes t, struct date *out)
{
    *out = (struct date){ 0 };
    if (!digits(t, 0, 4, &out->year) || out->year < YEAR_MIN || out->year > YEAR_MAX)
        return false;
    if (t.n == 4)
        return true;
    if (t.p[4] != '-' || !digits(t, 5, 2, &out->month) || out->month < 1 || out->month > 12)
        return false;
    if (t.n == 7)
        return true;
    return t.n == 10 && t.p[7] == '-' && digits(t, 8, 2, &out->day) && out->day >= 1 &&
           out->day <= days_in(out->year, out->month);
}

bool cv_date_ok(struct cv_bytes text, bool partial)
{
    struct date d;
    return parse(text, &d) && (partial || d.day > 0);
}

bool cv_datetime_ok(struct cv_bytes t)
{
    unsigned h, m, s;
    return t.n == 20 && cv_date_ok(CV_BYTES(t.p, 10), false) && t.p[10] == 'T' && digits(t, 11, 2, &h) &&
           h < 24 && t.p[13] == ':' && digits(t, 14, 2, &m) && m < 60 && t.p[16] == ':' &&
           digits(t, 17, 2, &s) && s < 60 && t.p[19] == 'Z';
}

int64_t cv_date_seconds(struct cv_bytes t)
{
    struct date d;
    unsigned h = 0, m = 0, s = 0;
    if (!parse(CV_BYTES(t.p, t.n < 10 ? t.n : 10), &d) || d.day == 0 || (t.n != 10 && !cv_datetime_ok(t)))
        return INT64_MIN;
    if (t.n > 10 && !(digits(t, 11, 2, &h) && digits(t, 14, 2, &m) && digits(t, 17, 2, &s)))
        return INT64_MIN;
    struct tm tm = { .tm_year = (int)d.year - 1900,
                     .tm_mon = (int)d.month - 1,
                     .tm_mday = (int)d.day,
                     .tm_hour = (int)h,
                     .tm_min = (int)m,
                     .tm_sec = (int)s };
    return timegm(&tm);
}

void cv_date_of(int64_t seconds, char out[static CV_DATE_BYTES])
{
    struct tm tm = { 0 };
    const time_t then = (time_t)seconds;
    if (gmtime_r(&then, &tm) == NULL || strftime(out, CV_DATE_BYTES, "%Y-%m-%d", &tm) == 0)
        out[0] = '\0';
}

bool cv_date_later(struct cv_bytes text, unsigned months, char out[static CV_DATE_BYTES])
{
    struct date d;
    if (!parse(text, &d))
        return false;
    const unsigned month = (d.month > 0 ? d.month : 12) - 1 + months % 12;
    const unsigned year = d.year + months / 12 + month / 12, last = days_in(year, month % 12 + 1);
    const unsigned day = d.day == 0 || d.day > last ? last : d.day;
    /* What is bounded here the compiler cannot see. */
    return snprintf(out, CV_DATE_BYTES, "%04u-%02u-%02u", year % 10000, month % 12 + 1, day % 100) ==
           CV_DATE_BYTES - 1;
}

void cv_date_today(unsigned days, char out[static CV_DATE_BYTES])
{
    struct tm tm = { 0 };
    const time_t then = time(NULL) + (time_t)days * DAY_SECONDS;
    if (gmtime_r(&then, &tm) == NULL || strftime(out, CV_DATE_BYTES, "%Y-%m-%d", &tm) == 0)
        out[0] = '\0';
}
