#ifndef CV_CRYPTO_PADME_H
#define CV_CRYPTO_PADME_H

#include "crypto/bytes.h"

/**
 * cv_padme(n): the length to which ${n} bytes are padded by Padmé (Nikitin et al., "Reducing Metadata Leakage
 * from Encrypted Files and Communication with PURBs", PETS 2019, section 4): at most 12 % more, O(log log n)
 * bits leak.
 */
uint64_t cv_padme(uint64_t n);

/**
 * cv_pad(plain, floor, out): append u32 length || plain || zeros, as long as cv_padme(4 + plain.n), at least
 * ${floor}. CV_OK; CV_ERR_LIMIT; CV_ERR_NOMEM.
 */
CV_MUST_CHECK cv_status cv_pad(struct cv_bytes plain, size_t floor, struct cv_buf *out);

/** cv_unpad(padded, plain): the view of what cv_pad was given. CV_OK; CV_ERR_FORMAT, also for padding not
 * zero. */
CV_MUST_CHECK cv_status cv_unpad(struct cv_bytes padded, struct cv_bytes *plain);

#endif
