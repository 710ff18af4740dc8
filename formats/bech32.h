#ifndef CV_FORMATS_BECH32_H
#define CV_FORMATS_BECH32_H

#include "crypto/bytes.h"

/*
 * Bech32 (BIP 173) as age uses it (c2sp.org/age): without a bound on the length, and of whole bytes. The case
 * of the human-readable part ("age", "AGE-SECRET-KEY-") decides the case of the whole text; no other is
 * accepted. Data go through without tables, so that secret keys may.
 */
#define CV_BECH32_BYTES_MAX 4096

/** cv_bech32_encode(hrp, bytes, out): append the text. CV_OK; CV_ERR_ARG for a part not of one case;
 * CV_ERR_LIMIT over CV_BECH32_BYTES_MAX; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_bech32_encode(const char *hrp, struct cv_bytes bytes, struct cv_buf *out);

/** cv_bech32_decode(hrp, text, out, n): exactly ${n} bytes under exactly this ${hrp}; ${out} is zeroed unless
 * CV_OK. CV_OK; CV_ERR_FORMAT for another part, length, case, character, checksum or non-zero padding;
 * CV_ERR_ARG; CV_ERR_LIMIT; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_bech32_decode(const char *hrp, struct cv_bytes text, uint8_t *out, size_t n);

#endif
