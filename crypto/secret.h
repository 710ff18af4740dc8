#ifndef CV_CRYPTO_SECRET_H
#define CV_CRYPTO_SECRET_H

#include "crypto/bytes.h"

/* Secret bytes on OpenSSL's secure heap: locked in memory, left out of core dumps, wiped on free. */
struct cv_secret {
    uint8_t *p;
    size_t n;
};

/**
 * cv_secret_heap_init(): set up the secure heap; call once, first thing in main (before it, secrets would
 * silently live in ordinary memory). CV_OK; CV_ERR_LIMIT if the memory cannot be locked (usable; warn);
 * CV_ERR_INTERNAL if there is no secure heap (fatal).
 */
CV_MUST_CHECK cv_status cv_secret_heap_init(void);

/** cv_secret_alloc(s, n): ${n} zero bytes; s was empty. CV_OK; CV_ERR_NOMEM. Free with cv_secret_free. */
CV_MUST_CHECK cv_status cv_secret_alloc(struct cv_secret *s, size_t n);

/** cv_secret_random(s, n): ${n} random bytes. As cv_secret_alloc; CV_ERR_INTERNAL if the generator fails. */
CV_MUST_CHECK cv_status cv_secret_random(struct cv_secret *s, size_t n);

/** cv_secret_copy(s, bytes): a copy of ${bytes}. As cv_secret_alloc. */
CV_MUST_CHECK cv_status cv_secret_copy(struct cv_secret *s, struct cv_bytes bytes);

/** cv_secret_free(s): wipe and release; s may be NULL or empty and is empty afterwards. */
void cv_secret_free(struct cv_secret *s);

struct cv_bytes cv_secret_view(const struct cv_secret *s);

#endif
