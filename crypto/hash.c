#include "crypto/hash.h"

#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "crypto/alg.h"

struct cv_sha256_ctx {
    EVP_MD_CTX *md;
};

static cv_status digest(const EVP_MD *md, const struct cv_bytes *parts, size_t count, uint8_t *out)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (ctx == NULL)
        return CV_ERR_NOMEM;
    cv_status st = EVP_DigestInit_ex2(ctx, md, NULL) == 1 ? CV_OK : CV_ERR_INTERNAL;
    for (size_t i = 0; st == CV_OK && i < count; i++)
        if (EVP_DigestUpdate(ctx, parts[i].p, parts[i].n) != 1)
            st = CV_ERR_INTERNAL;
    if (st == CV_OK && EVP_DigestFinal_ex(ctx, out, NULL) != 1)
        st = CV_ERR_INTERNAL;
    EVP_MD_CTX_free(ctx);
    return st;
}

cv_status cv_sha256(struct cv_bytes bytes, uint8_t out[static CV_SHA256_BYTES])
{
    return cv_sha256_parts(&bytes, 1, out);
}

cv_status cv_sha256_parts(const struct cv_bytes *parts, size_t count, uint8_t out[static CV_SHA256_BYTES])
{
    const struct cv_algs *a = cv_algs();
    return a == NULL ? CV_ERR_INTERNAL : digest(a->sha256, parts, count, out);
}

cv_status cv_sha512(struct cv_bytes bytes, uint8_t out[static CV_SHA512_BYTES])
{
    const struct cv_algs *a = cv_algs();
    return a == NULL ? CV_ERR_INTERNAL : digest(a->sha512, &bytes, 1, out);
}

cv_status cv_sha256_new(struct cv_sha256_ctx **out)
{
    *out = NULL;
    const struct cv_algs *a = cv_algs();
    if (a == NULL)
        return CV_ERR_INTERNAL;
    struct cv_sha256_ctx *ctx = calloc(1, sizeof *ctx);
    if (ctx == NULL)
        return CV_ERR_NOMEM;
    ctx->md = EVP_MD_CTX_new();
    if (ctx->md == NULL || EVP_DigestInit_ex2(ctx->md, a->sha256, NULL) != 1) {
        cv_sha256_free(ctx);
        return CV_ERR_INTERNAL;
    }
    *out = ctx;
    return CV_OK;
}

void cv_sha256_free(struct cv_sha256_ctx *ctx)
{
    if (ctx == NULL)
        return;
    EVP_MD_CTX_free(ctx->md);
    free(ctx);
}

cv_status cv_sha256_update(struct cv_sha256_ctx *ctx, struct cv_bytes bytes)
{
    return EVP_DigestUpdate(ctx->md, bytes.p, bytes.n) == 1 ? CV_OK : CV_ERR_INTERNAL;
}

cv_status cv_sha256_final(struct cv_sha256_ctx *ctx, uint8_t out[static CV_SHA256_BYTES])
{
    if (EVP_DigestFinal_ex(ctx->md, out, NULL) != 1)
        return CV_ERR_INTERNAL;
    return EVP_DigestInit_ex2(ctx->md, NULL, NULL) == 1 ? CV_OK : CV_ERR_INTERNAL;
}

cv_status cv_hmac_sha256(struct cv_bytes key, struct cv_bytes bytes, uint8_t out[static CV_SHA256_BYTES])
{
    const struct cv_algs *a = cv_algs();
    if (a == NULL)
        return CV_ERR_INTERNAL;
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(a->hmac);
    if (ctx == NULL)
        return CV_ERR_NOMEM;
    char md[] = "SHA256";
    OSSL_PARAM params[] = { OSSL_PARAM_utf8_string(OSSL_MAC_PARAM_DIGEST, md, 0), OSSL_PARAM_END };
    size_t n = 0;
    /* An empty key must still be passed as a key: a NULL one means "as before". */
    const uint8_t *k = key.n == 0 ? (const uint8_t *)"" : key.p;
    cv_status st = CV_ERR_INTERNAL;
    if (EVP_MAC_init(ctx, k, key.n, params) == 1 && EVP_MAC_update(ctx, bytes.p, bytes.n) == 1 &&
        EVP_MAC_final(ctx, out, &n, CV_SHA256_BYTES) == 1 && n == CV_SHA256_BYTES)
        st = CV_OK;
    EVP_MAC_CTX_free(ctx);
    return st;
}
