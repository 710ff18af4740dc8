#ifndef CV_FORMATS_COUNTRY_H
#define CV_FORMATS_COUNTRY_H

#include "crypto/bytes.h"

/** cv_country_code(text): the two letters of ISO 3166-1 for a country given by its two or three letters or by
 * an English name, whatever the case and punctuation; NULL if it is none. */
const char *cv_country_code(struct cv_bytes text);

#endif
