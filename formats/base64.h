#ifndef CV_FORMATS_BASE64_H
#define CV_FORMATS_BASE64_H

#include "crypto/bytes.h"

/* RFC 4648. Decoders are strict: canonical form only (section 3.5), no line breaks, no stray characters.
 * Encoding and decoding take the same time for all inputs of a length, so that keys may pass through. */
enum cv_base64 {
    CV_BASE64_STD,     /* section 4, padded */
    CV_BASE64_STD_RAW, /* section 4, without padding (age) */
    CV_BASE64_URL,     /* section 5, without padding (JOSE) */
};

/** cv_base64_encode(form, bytes, out): append the text to ${out}, without a NUL. CV_OK; CV_ERR_LIMIT;
 * CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_base64_encode(enum cv_base64 form, struct cv_bytes bytes, struct cv_buf *out);

/** cv_base64_decode(form, text, out): append the bytes to ${out}, only on CV_OK. Also CV_ERR_FORMAT. */
CV_MUST_CHECK cv_status cv_base64_decode(enum cv_base64 form, struct cv_bytes text, struct cv_buf *out);

/** cv_base64_decode_exact(form, text, out, n): decode to exactly ${n} bytes. CV_OK; CV_ERR_FORMAT;
 * CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_base64_decode_exact(enum cv_base64 form, struct cv_bytes text, uint8_t *out,
                                               size_t n);

/** cv_base64_url32(bytes, out): the 43 characters of 32 bytes, and a NUL: a digest as JOSE writes it. */
void cv_base64_url32(const uint8_t bytes[static 32], char out[static 44]);

/** cv_hex_encode(bytes, out): write 2n lower-case digits and a NUL to ${out}. */
void cv_hex_encode(struct cv_bytes bytes, char *out);

/** cv_hex_decode(text, out, n): exactly ${n} bytes from 2n lower-case digits. CV_OK; CV_ERR_FORMAT. */
CV_MUST_CHECK cv_status cv_hex_decode(struct cv_bytes text, uint8_t *out, size_t n);

#endif
