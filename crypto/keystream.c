#include "crypto/keystream.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/alg.h"

/* So much at a time: a call into the library costs more than to make a block. */
#define AHEAD_BYTES 1024

struct cv_keystream {
    EVP_CIPHER_CTX *ctx;
    bool started;
    size_t used;
    uint8_t ahead[AHEAD_BYTES];
};

cv_status cv_keystream_new(struct cv_keystream **out)
{
    const struct cv_algs *a = cv_algs();
    struct cv_keystream *k = a == NULL ? NULL : calloc(1, sizeof(*k));
    *out = k;
    if (k == NULL)
        return a == NULL ? CV_ERR_INTERNAL : CV_ERR_NOMEM;
    k->ctx = EVP_CIPHER_CTX_new();
    if (k->ctx != NULL && EVP_EncryptInit_ex2(k->ctx, a->aes_256_ctr, NULL, NULL, NULL) == 1)
        return CV_OK;
    cv_keystream_free(k);
    *out = NULL;
    return CV_ERR_INTERNAL;
}

void cv_keystream_free(struct cv_keystream *k)
{
    if (k == NULL)
        return;
    EVP_CIPHER_CTX_free(k->ctx);
    cv_wipe(k->ahead, sizeof(k->ahead));
    free(k);
}

cv_status cv_keystream_start(struct cv_keystream *k, const uint8_t key[static CV_KEYSTREAM_KEY_BYTES])
{
    static const uint8_t zero[16];
    k->used = AHEAD_BYTES;
    k->started = EVP_EncryptInit_ex2(k->ctx, NULL, key, zero, NULL) == 1;
    return k->started ? CV_OK : CV_ERR_INTERNAL;
}

/* refill(k): zeros, enciphered, are the stream. */
static cv_status refill(struct cv_keystream *k)
{
    static const uint8_t zeros[AHEAD_BYTES];
    int n = 0;
    k->used = 0;
    if (k->started && EVP_EncryptUpdate(k->ctx, k->ahead, &n, zeros, AHEAD_BYTES) == 1 && n == AHEAD_BYTES)
        return CV_OK;
    k->started = false;
    return CV_ERR_INTERNAL;
}

cv_status cv_keystream_take(struct cv_keystream *k, uint8_t *out, size_t n)
{
    if (!k->started)
        return CV_ERR_ARG;
    while (n > 0) {
        if (k->used == AHEAD_BYTES && refill(k) != CV_OK)
            return CV_ERR_INTERNAL;
        const size_t now = n < AHEAD_BYTES - k->used ? n : AHEAD_BYTES - k->used;
        memcpy(out, k->ahead + k->used, now);
        k->used += now;
        out += now;
        n -= now;
    }
    return CV_OK;
}
