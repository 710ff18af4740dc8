#ifndef CV_FORMATS_DATE_H
#define CV_FORMATS_DATE_H

#include "crypto/bytes.h"

/** Days as ISO 8601 writes them: YYYY-MM-DD, of the Gregorian calendar, 1800 to 2200; a partial one is
 * YYYY-MM or YYYY. */
#define CV_DATE_BYTES 11 /* with a NUL */

/** cv_date_ok(text, partial): is it a day that exists, or (if ${partial}) a month or a year? */
bool cv_date_ok(struct cv_bytes text, bool partial);

/** cv_datetime_ok(text): YYYY-MM-DDThh:mm:ssZ. */
bool cv_datetime_ok(struct cv_bytes text);

/** cv_date_seconds(text): of a day's beginning or a datetime, since 1970; INT64_MIN if it is neither.
 * cv_date_of(seconds, out): the day, empty if it has more than four digits of a year. */
int64_t cv_date_seconds(struct cv_bytes text);
void cv_date_of(int64_t seconds, char out[static CV_DATE_BYTES]);

/** cv_date_later(text, months, out): the day so many months later; where its month is too short, that
 * month's last. A partial date counts from its last day. False if ${text} is no date. */
bool cv_date_later(struct cv_bytes text, unsigned months, char out[static CV_DATE_BYTES]);

/** cv_date_today(days, out): the day in UTC, ${days} from now. */
void cv_date_today(unsigned days, char out[static CV_DATE_BYTES]);

#endif
