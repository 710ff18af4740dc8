#include "crypto/aead.h"

#include <limits.h>
#include <stdlib.h>

#include "crypto/alg.h"

struct cv_aead {
    EVP_CIPHER_CTX *ctx;
};

cv_status cv_aead_new(enum cv_aead_alg alg, const uint8_t key[static CV_AEAD_KEY_BYTES], bool seal,
                      struct cv_aead **out)
{
    *out = NULL;
    const struct cv_algs *a = cv_algs();
    if (a == NULL)
        return CV_ERR_INTERNAL;
    struct cv_aead *aead = calloc(1, sizeof *aead);
    if (aead == NULL)
        return CV_ERR_NOMEM;
    const EVP_CIPHER *cipher = alg == CV_AES_256_GCM ? a->aes_256_gcm : a->chacha20_poly1305;
    aead->ctx = EVP_CIPHER_CTX_new();
    if (aead->ctx == NULL || EVP_CipherInit_ex2(aead->ctx, cipher, key, NULL, seal ? 1 : 0, NULL) != 1) {
        cv_aead_free(aead);
        return CV_ERR_INTERNAL;
    }
    *out = aead;
    return CV_OK;
}

void cv_aead_free(struct cv_aead *aead)
{
    if (aead == NULL)
        return;
    EVP_CIPHER_CTX_free(aead->ctx);
    free(aead);
}

cv_status cv_aead_seal(struct cv_aead *aead, const uint8_t nonce[static CV_AEAD_NONCE_BYTES],
                       struct cv_bytes plain, uint8_t *out)
{
    int n = 0, last = 0;
    if (plain.n > INT_MAX - CV_AEAD_TAG_BYTES)
        return CV_ERR_LIMIT;
    if (EVP_EncryptInit_ex2(aead->ctx, NULL, NULL, nonce, NULL) != 1)
        return CV_ERR_INTERNAL;
    if (plain.n > 0 && EVP_EncryptUpdate(aead->ctx, out, &n, plain.p, (int)plain.n) != 1)
        return CV_ERR_INTERNAL;
    if (EVP_EncryptFinal_ex(aead->ctx, out + n, &last) != 1 || (size_t)n + (size_t)last != plain.n)
        return CV_ERR_INTERNAL;
    if (EVP_CIPHER_CTX_ctrl(aead->ctx, EVP_CTRL_AEAD_GET_TAG, CV_AEAD_TAG_BYTES, out + plain.n) != 1)
        return CV_ERR_INTERNAL;
    return CV_OK;
}

cv_status cv_aead_open(struct cv_aead *aead, const uint8_t nonce[static CV_AEAD_NONCE_BYTES],
                       struct cv_bytes sealed, uint8_t *out)
{
    if (sealed.n < CV_AEAD_TAG_BYTES)
        return CV_ERR_FORMAT;
    size_t plain_n = sealed.n - CV_AEAD_TAG_BYTES;
    if (plain_n > INT_MAX)
        return CV_ERR_LIMIT;
    uint8_t tag[CV_AEAD_TAG_BYTES];
    for (size_t i = 0; i < sizeof tag; i++)
        tag[i] = sealed.p[plain_n + i];

    int n = 0, last = 0;
    cv_status st = CV_ERR_INTERNAL;
    if (EVP_DecryptInit_ex2(aead->ctx, NULL, NULL, nonce, NULL) != 1 ||
        EVP_CIPHER_CTX_ctrl(aead->ctx, EVP_CTRL_AEAD_SET_TAG, sizeof tag, tag) != 1)
        return st;
    if (plain_n > 0 && EVP_DecryptUpdate(aead->ctx, out, &n, sealed.p, (int)plain_n) != 1)
        goto out;
    st = EVP_DecryptFinal_ex(aead->ctx, n > 0 ? out + n : out, &last) == 1 ? CV_OK : CV_ERR_AUTH;
out:
    if (st != CV_OK)
        cv_wipe(out, plain_n);
    return st;
}
