#ifndef CV_CRYPTO_KEYSTREAM_H
#define CV_CRYPTO_KEYSTREAM_H

#include "crypto/bytes.h"

/** Many secret bytes out of 32: the key stream of AES-256 in counter mode (SP 800-38A, section 6.5), from
 * counter block zero on. Nothing is enciphered with it. The same key gives the same bytes, so that a key is
 * for one stream. */
struct cv_keystream;

#define CV_KEYSTREAM_KEY_BYTES 32

/** cv_keystream_new(out): one without a key. CV_OK; CV_ERR_INTERNAL; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_keystream_new(struct cv_keystream **out);
void cv_keystream_free(struct cv_keystream *k);

/** cv_keystream_start(k, key): at the beginning of this key's. CV_OK; CV_ERR_INTERNAL. */
CV_MUST_CHECK cv_status cv_keystream_start(struct cv_keystream *k,
                                           const uint8_t key[static CV_KEYSTREAM_KEY_BYTES]);

/** cv_keystream_take(k, out, n): the next ${n} bytes. CV_OK; CV_ERR_ARG if it was never started;
 * CV_ERR_INTERNAL. */
CV_MUST_CHECK cv_status cv_keystream_take(struct cv_keystream *k, uint8_t *out, size_t n);

#endif
