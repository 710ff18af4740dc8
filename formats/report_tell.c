#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "formats/locale.h"
#include "formats/report_put.h"
#include "formats/words.h"

/* What a page says, in the language of who makes it. */

#define TEXT_BYTES 4096
#define STRINGS_MAX 4

/* put_string(p, at, strings): what "%s" or "%2$s" stands for; returns how long that is. */
static size_t put_string(struct cv_report_out *p, const char *at, const char *const *strings, size_t *next)
{
    size_t n = 1, which = *next;
    if (at[1] >= '1' && at[1] <= '0' + STRINGS_MAX && at[2] == '$') {
        which = (size_t)(at[1] - '1');
        n = 3;
    } else
        ++*next;
    if (at[n] != 's' || which >= STRINGS_MAX || strings[which] == NULL) {
        p->st = CV_ERR_INTERNAL;
        return 1;
    }
    cv_report_put_text(p, strings[which]);
    return n + 1;
}

/* put_marked(p, text, strings): as text, but what stands between ` is code, and between * strong. ${strings}:
 * of the log, or of a template, where "%s" stands; NULL: that is text as well. */
static void put_marked(struct cv_report_out *p, const char *text, const char *const *strings)
{
    size_t next = 0;
    bool code = false, strong = false;
    while (*text != '\0' && p->st == CV_OK) {
        const size_t n = strcspn(text, strings != NULL ? "`*%" : "`*");
        cv_report_put_bytes(p, CV_BYTES(text, n));
        text += n;
        if (*text == '`') {
            code = !code;
            cv_report_put(p, code ? "<code>" : "</code>");
        } else if (*text == '*') {
            strong = !strong;
            cv_report_put(p, strong ? "<strong>" : "</strong>");
        } else if (*text == '%')
            text += put_string(p, text, strings, &next) - 1;
        text += *text != '\0';
    }
    if (code || strong)
        p->st = CV_THEN(p->st, CV_ERR_INTERNAL);
}

void cv_report_tell(struct cv_report_out *p, const char *english)
{
    put_marked(p, _(english), NULL);
}

static void tell_v(struct cv_report_out *p, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));
static void tell_v(struct cv_report_out *p, const char *fmt, va_list ap)
{
    char text[TEXT_BYTES];
    cv_locale_text(text, sizeof(text), fmt, ap);
    if (strlen(text) + 1 == sizeof(text))
        p->st = CV_THEN(p->st, CV_ERR_LIMIT);
    put_marked(p, text, NULL);
}

void cv_report_tellf(struct cv_report_out *p, const char *english, ...)
{
    va_list ap;
    va_start(ap, english);
    tell_v(p, _(english), ap);
    va_end(ap);
}

void cv_report_tell_n(struct cv_report_out *p, uint64_t n, const char *one, const char *many, ...)
{
    va_list ap;
    va_start(ap, many);
    tell_v(p, cv_words(n, one, many), ap);
    va_end(ap);
}

void cv_report_tell_of(struct cv_report_out *p, const char *english, ...)
{
    const char *strings[STRINGS_MAX] = { NULL };
    const char *at = english;
    va_list ap;
    va_start(ap, english);
    for (size_t i = 0; i < STRINGS_MAX && (at = strstr(at, "%s")) != NULL; i++, at += 2)
        strings[i] = va_arg(ap, const char *);
    va_end(ap);
    put_marked(p, _(english), strings);
}

void cv_report_put_count(struct cv_report_out *p, uint64_t n)
{
    cv_report_tellf(p, "%'" PRIu64, n);
}

void cv_report_put_day(struct cv_report_out *p, const char *iso)
{
    char shown[CV_MOMENT_BYTES];
    cv_report_put_text(p, cv_locale_day(iso, shown));
}

void cv_report_put_moment(struct cv_report_out *p, const char *iso)
{
    char shown[CV_MOMENT_BYTES];
    cv_report_put_text(p, cv_locale_moment(iso, shown));
}
