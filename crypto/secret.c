#include "crypto/secret.h"

#include <string.h>

#include <openssl/crypto.h>

#include "crypto/alloc.h"
#include "crypto/random.h"

#define HEAP_BYTES ((size_t)1 << 20)
#define HEAP_MIN_ITEM 64

cv_status cv_secret_heap_init(void)
{
    cv_alloc_openssl();
    switch (CRYPTO_secure_malloc_init(HEAP_BYTES, HEAP_MIN_ITEM)) {
    case 1:
        return CV_OK;
    case 2:
        return CV_ERR_LIMIT;
    default:
        return CV_ERR_INTERNAL;
    }
}

cv_status cv_secret_alloc(struct cv_secret *s, size_t n)
{
    s->n = 0;
    s->p = OPENSSL_secure_zalloc(n == 0 ? 1 : n);
    if (s->p == NULL)
        return CV_ERR_NOMEM;
    s->n = n;
    return CV_OK;
}

cv_status cv_secret_random(struct cv_secret *s, size_t n)
{
    cv_status st = cv_secret_alloc(s, n);
    if (st != CV_OK)
        return st;
    st = cv_random(s->p, n);
    if (st != CV_OK)
        cv_secret_free(s);
    return st;
}

cv_status cv_secret_copy(struct cv_secret *s, struct cv_bytes bytes)
{
    cv_status st = cv_secret_alloc(s, bytes.n);
    if (st == CV_OK && bytes.n > 0)
        memcpy(s->p, bytes.p, bytes.n);
    return st;
}

void cv_secret_free(struct cv_secret *s)
{
    if (s == NULL)
        return;
    OPENSSL_secure_clear_free(s->p, s->n == 0 ? 1 : s->n);
    s->p = NULL;
    s->n = 0;
}

struct cv_bytes cv_secret_view(const struct cv_secret *s)
{
    return CV_BYTES(s->p, s->n);
}
