#include "crypto/ed25519.h"

#include <stdlib.h>

#include "crypto/alg.h"

struct cv_ed25519_key {
    EVP_PKEY *pkey;
    uint8_t public[CV_ED25519_PUBLIC_BYTES];
};

cv_status cv_ed25519_key_new(struct cv_bytes seed, struct cv_ed25519_key **out)
{
    *out = NULL;
    if (seed.n != CV_ED25519_SEED_BYTES)
        return CV_ERR_ARG;
    struct cv_ed25519_key *key = calloc(1, sizeof *key);
    if (key == NULL)
        return CV_ERR_NOMEM;
    size_t n = sizeof key->public;
    /* OpenSSL puts a key that was made of its bytes into ordinary memory, and its copy on the secure heap. */
    EVP_PKEY *loose = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed.p, seed.n);
    key->pkey = loose != NULL ? EVP_PKEY_dup(loose) : NULL;
    EVP_PKEY_free(loose); /* and wipes it */
    if (key->pkey == NULL || EVP_PKEY_get_raw_public_key(key->pkey, key->public, &n) != 1) {
        cv_ed25519_key_free(key);
        return CV_ERR_INTERNAL;
    }
    *out = key;
    return CV_OK;
}

void cv_ed25519_key_free(struct cv_ed25519_key *key)
{
    if (key == NULL)
        return;
    EVP_PKEY_free(key->pkey);
    free(key);
}

const uint8_t *cv_ed25519_public(const struct cv_ed25519_key *key)
{
    return key->public;
}

cv_status cv_ed25519_sign(const struct cv_ed25519_key *key, struct cv_bytes msg,
                          uint8_t sig[static CV_ED25519_SIG_BYTES])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (ctx == NULL)
        return CV_ERR_NOMEM;
    size_t n = CV_ED25519_SIG_BYTES;
    cv_status st = CV_ERR_INTERNAL;
    if (EVP_DigestSignInit(ctx, NULL, NULL, NULL, key->pkey) == 1 &&
        EVP_DigestSign(ctx, sig, &n, msg.p, msg.n) == 1 && n == CV_ED25519_SIG_BYTES)
        st = CV_OK;
    EVP_MD_CTX_free(ctx);
    return st;
}

cv_status cv_ed25519_verify(const uint8_t public[static CV_ED25519_PUBLIC_BYTES], struct cv_bytes msg,
                            const uint8_t sig[static CV_ED25519_SIG_BYTES])
{
    cv_status st = CV_ERR_INTERNAL;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public, CV_ED25519_PUBLIC_BYTES);
    if (ctx == NULL)
        st = CV_ERR_NOMEM;
    else if (pkey == NULL)
        st = CV_ERR_AUTH; /* 32 bytes that are no point */
    else if (EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1)
        st = EVP_DigestVerify(ctx, sig, CV_ED25519_SIG_BYTES, msg.p, msg.n) == 1 ? CV_OK : CV_ERR_AUTH;
    EVP_PKEY_free(pkey);
    EVP_MD_CTX_free(ctx);
    return st;
}
