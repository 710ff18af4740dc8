#include "crypto/x25519.h"

#include "crypto/alg.h"

cv_status cv_x25519_public(struct cv_bytes secret, uint8_t public[static CV_X25519_BYTES])
{
    if (secret.n != CV_X25519_BYTES)
        return CV_ERR_ARG;
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, secret.p, secret.n);
    size_t n = CV_X25519_BYTES;
    cv_status st = CV_ERR_INTERNAL;
    if (key != NULL && EVP_PKEY_get_raw_public_key(key, public, &n) == 1 && n == CV_X25519_BYTES)
        st = CV_OK;
    EVP_PKEY_free(key);
    return st;
}

cv_status cv_x25519(struct cv_bytes secret, const uint8_t peer[static CV_X25519_BYTES],
                    struct cv_secret *shared)
{
    return cv_x25519_own(secret, peer, shared, NULL);
}

cv_status cv_x25519_own(struct cv_bytes secret, const uint8_t peer[static CV_X25519_BYTES],
                        struct cv_secret *shared, uint8_t *own)
{
    size_t n = CV_X25519_BYTES;
    shared->p = NULL;
    shared->n = 0;
    if (secret.n != CV_X25519_BYTES)
        return CV_ERR_ARG;
    cv_status st = CV_ERR_INTERNAL;
    EVP_PKEY_CTX *ctx = NULL;
    EVP_PKEY *pub = NULL;
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, secret.p, secret.n);
    if (key == NULL)
        goto out;
    if (own != NULL && (EVP_PKEY_get_raw_public_key(key, own, &n) != 1 || n != CV_X25519_BYTES))
        goto out;
    pub = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, peer, CV_X25519_BYTES);
    ctx = EVP_PKEY_CTX_new(key, NULL);
    if (pub == NULL || ctx == NULL || EVP_PKEY_derive_init(ctx) != 1 ||
        EVP_PKEY_derive_set_peer(ctx, pub) != 1)
        goto out;
    st = cv_secret_alloc(shared, CV_X25519_BYTES);
    if (st != CV_OK)
        goto out;
    /* OpenSSL itself refuses the all-zero result. */
    n = shared->n;
    st = EVP_PKEY_derive(ctx, shared->p, &n) == 1 && n == CV_X25519_BYTES ? CV_OK : CV_ERR_AUTH;
out:
    if (st != CV_OK)
        cv_secret_free(shared);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(pub);
    EVP_PKEY_free(key);
    return st;
}
