#include <langinfo.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "formats/date.h"

#define CATALOGS "/../share/locale"

/* What of a locale is used. The program's own locale stays C in all but its language: numbers that are
 * stored, or answered in JSON, have one form, whoever writes them. */
static locale_t here;

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

/* open_words(): the catalogs lie beside the program, as they are installed and as they are built: nothing but
 * the program's own place says where. */
static void open_words(void)
{
    char dir[4096 + sizeof(CATALOGS)];
    const ssize_t n = readlink("/proc/self/exe", dir, 4096);
    char *slash = n > 0 && n < 4096 ? memrchr(dir, '/', (size_t)n) : NULL;
    if (slash == NULL)
        return;
    memcpy(slash, CATALOGS, sizeof(CATALOGS));
    const char *languages = getenv("LANGUAGE");
    if (languages != NULL && strchr(languages, '/') != NULL && unsetenv("LANGUAGE") != 0)
        return; /* a catalog's name is made of it, and would be that of a file elsewhere */
    cv_words_open(dir);
}

void cv_locale_open(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--json") == 0)
            return; /* it is answered, and complained about, to a program */
    open_words();
    here = newlocale(LC_TIME_MASK | LC_NUMERIC_MASK | LC_COLLATE_MASK | LC_CTYPE_MASK | LC_MESSAGES_MASK, "",
                     (locale_t)0);
    /* What is shown is UTF-8, whatever the locale's own character set. */
    if (here != (locale_t)0 && strcmp(nl_langinfo_l(CODESET, here), "UTF-8") != 0) {
        freelocale(here);
        here = (locale_t)0;
    }
    if (here != (locale_t)0)
        learn_days(nl_langinfo_l(D_FMT, here));
}

/* ---- text ---- */

void cv_print_v(FILE *f, const char *fmt, va_list ap)
{
    const locale_t was = here != (locale_t)0 ? uselocale(here) : (locale_t)0;
    vfprintf(f, fmt, ap);
    if (was != (locale_t)0)
        uselocale(was);
}

void cv_print(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    cv_print_v(stdout, _(fmt), ap);
    va_end(ap);
}

void cv_print_to(FILE *f, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    cv_print_v(f, _(fmt), ap);
    va_end(ap);
}

void cv_print_n(FILE *f, uint64_t n, const char *one, const char *many, ...)
{
    va_list ap;
    va_start(ap, many);
    cv_print_v(f, cv_words(n, one, many), ap);
    va_end(ap);
}

/* ---- dates, names, answers ---- */

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
    char day[CV_MOMENT_BYTES];
    const size_t n = iso != NULL ? strlen(iso) : 0;
    if (n <= CV_DATE_BYTES || iso[CV_DATE_BYTES - 1] != 'T' || days.order[0] == '\0')
        return n == CV_DATE_BYTES - 1 ? cv_locale_day(iso, out) : iso;
    const bool utc = iso[n - 1] == 'Z';
    snprintf(out, CV_MOMENT_BYTES, "%s %.*s%s", cv_locale_day(iso, day), (int)(n - CV_DATE_BYTES - utc),
             iso + CV_DATE_BYTES, utc ? " UTC" : "");
    return out;
}

int cv_locale_compare(const char *a, const char *b)
{
    return here != (locale_t)0 ? strcoll_l(a, b, here) : strcmp(a, b);
}

/* is_word(line, word): the whole word. */
static bool is_word(struct cv_bytes line, const char *word)
{
    return cv_bytes_equal(line, cv_bytes_str(word));
}

bool cv_locale_answer(struct cv_bytes line, bool *yes)
{
    *yes = is_word(line, "yes") || is_word(line, "y") || is_word(line, _("yes")) || is_word(line, _("y"));
    return *yes || is_word(line, "no") || is_word(line, "n") || is_word(line, _("no")) ||
           is_word(line, _("n"));
}

bool cv_locale_yes(const char *line)
{
    return strcmp(line, "yes") == 0 || strcmp(line, _("yes")) == 0;
}
