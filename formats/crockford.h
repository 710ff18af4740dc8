#ifndef CV_FORMATS_CROCKFORD_H
#define CV_FORMATS_CROCKFORD_H

#include "crypto/bytes.h"
#include "formats/err.h"

/* Record ids: 128 random bits, as people see and type them: Crockford's base32, 26 digits and a check symbol
 * (the number modulo 37), so that a slip of one digit or two swapped neighbours is found. */
#define CV_ID_BYTES 16
#define CV_ID_TEXT_BYTES 28 /* with a NUL */

void cv_id_text(const uint8_t id[static CV_ID_BYTES], char out[static CV_ID_TEXT_BYTES]);

/** cv_id_parse(text, id, err): lower case, O for 0, I and L for 1, and hyphens are taken as meant. CV_OK;
 * CV_ERR_FORMAT. */
CV_MUST_CHECK cv_status cv_id_parse(struct cv_bytes text, uint8_t id[static CV_ID_BYTES], struct cv_err *err);

#endif
