#ifndef CV_FORMATS_LOCALE_H
#define CV_FORMATS_LOCALE_H

#include <locale.h>
#include <stdarg.h>
#include <stddef.h>

/* How numbers and dates are written where the reader is (docs/LANGUAGES.md). The program's own locale stays
 * C: what is stored, or answered in JSON, has one form, whoever writes it; this is for what people read. */

/** cv_locale_set(here): from now on; it is never freed. To be called once, before there are threads.
 * cv_locale_here(): the same; (locale_t)0: none was set, and all is as in English. */
void cv_locale_set(locale_t here);
locale_t cv_locale_here(void);

/** cv_locale_text(out, room, fmt, ap): as vsnprintf; ${fmt} is translated already. A number with the flag '
 * has its digits in groups. */
__attribute__((format(printf, 3, 0))) void cv_locale_text(char *out, size_t room, const char *fmt,
                                                          va_list ap);

/** cv_locale_day(iso, out): the day that ${iso} begins with, such as 2026-11-26 or 2026-11-26T08:00:00Z. In
 * English, and where people write dates that could be misread elsewhere, it stays as it is; whatever is no
 * day is given back whole. */
#define CV_MOMENT_BYTES 64
const char *cv_locale_day(const char *iso, char out[static CV_MOMENT_BYTES]);
/** cv_locale_moment(iso, out): the same with the time, in UTC where that stands there. */
const char *cv_locale_moment(const char *iso, char out[static CV_MOMENT_BYTES]);

#endif
