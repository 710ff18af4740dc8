#include "formats/locale.h"

#include <langinfo.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "formats/date.h"

static locale_t used;

/* How a day is written here: three of d, m and y in their order, and what stands between them; no order: as
 * ISO 8601 has it. */
static struct {
    char order[4], between;
} days;

/* learn_days(format): from what strftime makes a date of. Of a date with strokes nobody can see whether the
 * day or the month comes first, and not all who read it are from the same country: it is not taken over. */
static void learn_days(const char *format)
{
    size_t n = 0;
    for (const char *p = format; *p != '\0' && n < 3; p++) {
        if (*p != '%')
            continue;
        p += strspn(p + 1, "-0_EO") + 1;
        const char *what = strchr("dd"
                                  "ed"
                                  "mm"
                                  "bm"
                                  "Bm"
                                  "yy"
                                  "Yy",
                                  *p);
        const char part = what == NULL || *p == '\0' ? '\0' : what[1];
        if (part == '\0' || strchr(days.order, part) != NULL)
            break;
        days.order[n++] = part;
        if (n == 1)
            days.between = p[1];
    }
    if (n < 3 || strchr(".- ", days.between) == NULL || strcmp(days.order, "mdy") == 0)
        days.order[0] = '\0';
}

void cv_locale_set(locale_t here)
{
    used = here;
    learn_days(nl_langinfo_l(D_FMT, here));
}

locale_t cv_locale_here(void)
{
    return used;
}

void cv_locale_text(char *out, size_t room, const char *fmt, va_list ap)
{
    const locale_t was = used != (locale_t)0 ? uselocale(used) : (locale_t)0;
    (void)vsnprintf(out, room, fmt, ap);
    if (was != (locale_t)0)
        uselocale(was);
}

const char *cv_locale_day(const char *iso, char out[static CV_MOMENT_BYTES])
{
    size_t n = 0;
    if (iso == NULL || strlen(iso) < CV_DATE_BYTES - 1 ||
        !cv_date_ok(CV_BYTES(iso, CV_DATE_BYTES - 1), false))
        return iso;
    if (days.order[0] == '\0') {
        snprintf(out, CV_MOMENT_BYTES, "%.10s", iso);
        return out;
    }
    for (const char *part = days.order; *part != '\0'; part++) {
        if (part > days.order)
            out[n++] = days.between;
        const size_t from = *part == 'y' ? 0 : *part == 'm' ? 5 : 8, many = *part == 'y' ? 4 : 2;
        memcpy(out + n, iso + from, many);
        n += many;
    }
    out[n] = '\0';
    return out;
}

const char *cv_locale_moment(const char *iso, char out[static CV_MOMENT_BYTES])
{
    char day[CV_MOMENT_BYTES], hour[24];
    const size_t n = iso != NULL ? strlen(iso) : 0;
    if (n <= CV_DATE_BYTES || (iso[CV_DATE_BYTES - 1] != 'T' && iso[CV_DATE_BYTES - 1] != ' ') ||
        days.order[0] == '\0')
        return n == CV_DATE_BYTES - 1 ? cv_locale_day(iso, out) : iso;
    const bool utc = iso[n - 1] == 'Z';
    const size_t rest = n - CV_DATE_BYTES - utc;
    if (cv_locale_day(iso, day) == iso || rest >= sizeof(hour))
        return iso;
    memcpy(hour, iso + CV_DATE_BYTES, rest);
    hour[rest] = '\0';
    snprintf(out, CV_MOMENT_BYTES, "%.20s %s%s", day, hour, utc ? " UTC" : "");
    return out;
}
