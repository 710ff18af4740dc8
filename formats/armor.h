#ifndef CV_FORMATS_ARMOR_H
#define CV_FORMATS_ARMOR_H

#include "crypto/bytes.h"
#include "formats/err.h"

/* ASCII armour of age files (c2sp.org/age, "ASCII armor"): strict PEM (RFC 7468, figure 3), label AGE
 * ENCRYPTED FILE. */

/** cv_armor_encode(bytes, out): append the text, with LF ends of line. CV_OK; CV_ERR_LIMIT; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_armor_encode(struct cv_bytes bytes, struct cv_buf *out);

/**
 * cv_armor_decode(text, out, err): append the bytes, only on CV_OK. Around the block there may be white space
 * and nothing else; lines end with LF or CRLF and are full but the last; base64 is canonical and padded.
 * CV_OK; CV_ERR_FORMAT; CV_ERR_LIMIT; CV_ERR_NOMEM.
 */
CV_MUST_CHECK cv_status cv_armor_decode(struct cv_bytes text, struct cv_buf *out, struct cv_err *err);

/** cv_armor_detect(text): whether ${text} begins, after white space, as armour does. */
bool cv_armor_detect(struct cv_bytes text);

#endif
