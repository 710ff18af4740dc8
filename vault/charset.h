#ifndef CV_VAULT_CHARSET_H
#define CV_VAULT_CHARSET_H

#include "crypto/bytes.h"
#include "formats/err.h"

/**
 * Text files in other encodings, as UTF-8: by ICU, which has its tables built in (iconv loads libraries by
 * what the environment says) and can guess. What is not of the encoding is an error, never a replacement.
 */
struct cv_charset;
#define CV_CHARSET_NAME_BYTES 40

/* What a file seems to be in. */
struct cv_charset_guess {
    char name[CV_CHARSET_NAME_BYTES]; /* empty: nothing that this house would take it for */
    size_t mark;                      /* bytes of a byte order mark before the text */
    bool sure;                        /* by a mark, or because it is UTF-8 throughout */
};
/** cv_charset_guess(head, all, out): by the first bytes of a file (some KiB); ${all} says that there are no
 * more. A guess without a mark is among UTF-8, windows-1250, -1251 and -1252. */
void cv_charset_guess(struct cv_bytes head, bool all, struct cv_charset_guess *out);

/** cv_charset_new(name, out, err): from the encoding ${name}, as ICU or IANA call it. CV_OK; CV_ERR_ARG if
 * there is none, or one that is not decoded byte by byte without a state; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_charset_new(const char *name, struct cv_charset **out, struct cv_err *err);
void cv_charset_free(struct cv_charset *c);
/** cv_charset_utf8(c): are the bytes UTF-8 as they are? */
bool cv_charset_utf8(const struct cv_charset *c);
/** cv_charset_decode(c, bytes, end, out): append the UTF-8 of the next piece; ${end} says that it is the
 * last. CV_OK; CV_ERR_FORMAT where the bytes are no text of the encoding; CV_ERR_LIMIT; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_charset_decode(struct cv_charset *c, struct cv_bytes bytes, bool end,
                                          struct cv_buf *out);

#endif
