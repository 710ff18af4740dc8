#include "crypto/hash.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>

#include "crypto/alg.h"

struct cv_sha256_ctx {
    EVP_MD_CTX *md;
};

/* One context a thread, used over and over: making one costs more than hashing a small input. */
static tss_t contexts;
static pthread_once_t contexts_once = PTHREAD_ONCE_INIT;

static void free_context(void *ctx)
{
    EVP_MD_CTX_free(ctx);
}

static void make_contexts(void)
{
    if (tss_create(&contexts, free_context) != thrd_success)
        abort(); /* too many keys in this process: a fault in the program */
}

static EVP_MD_CTX *scratch(void)
{
    (void)pthread_once(&contexts_once, make_contexts);
    EVP_MD_CTX *ctx = tss_get(contexts);
    if (ctx == NULL && (ctx = EVP_MD_CTX_new()) != NULL && tss_set(contexts, ctx) != thrd_success) {
        EVP_MD_CTX_free(ctx);
        ctx = NULL;
    }
    return ctx;
}

/* gather(parts, count, room, out): short parts as one, since each call into the library costs a block. */
#define GATHER_BYTES 512
static bool gather(const struct cv_bytes *parts, size_t count, uint8_t room[static GATHER_BYTES],
                   struct cv_bytes *out)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].n > GATHER_BYTES - n)
            return false;
        if (parts[i].n > 0)
            memcpy(room + n, parts[i].p, parts[i].n);
        n += parts[i].n;
    }
    *out = CV_BYTES(room, n);
    return true;
}

static cv_status digest(const EVP_MD *md, const struct cv_bytes *parts, size_t count, uint8_t *out)
{
    EVP_MD_CTX *ctx = scratch();
    uint8_t room[GATHER_BYTES];
    struct cv_bytes one = { 0 };
    if (ctx == NULL)
        return CV_ERR_NOMEM;
    if (count > 1 && gather(parts, count, room, &one)) {
        parts = &one;
        count = 1;
    }
    cv_status st = EVP_DigestInit_ex2(ctx, md, NULL) == 1 ? CV_OK : CV_ERR_INTERNAL;
    for (size_t i = 0; st == CV_OK && i < count; i++)
        if (EVP_DigestUpdate(ctx, parts[i].p, parts[i].n) != 1)
            st = CV_ERR_INTERNAL;
    if (st == CV_OK && EVP_DigestFinal_ex(ctx, out, NULL) != 1)
        st = CV_ERR_INTERNAL;
    cv_wipe(room, one.n);
    return st;
}

/* RFC 2104: H((K ^ opad) || H((K ^ ipad) || text)); from the digest itself, since a MAC context costs ten
 * hashes. */
#define BLOCK_MAX 128
cv_status cv_hmac(enum cv_hmac_hash hash, struct cv_bytes key, const struct cv_bytes *parts, size_t count,
                  uint8_t *out)
{
    const struct cv_algs *a = cv_algs();
    uint8_t pad[BLOCK_MAX] = { 0 }, inner[CV_SHA512_BYTES];
    struct cv_bytes all[CV_HMAC_PARTS_MAX + 1];
    if (a == NULL || count > CV_HMAC_PARTS_MAX)
        return CV_ERR_INTERNAL;
    const EVP_MD *md = hash == CV_HMAC_SHA256 ? a->sha256 : a->sha512;
    const size_t block = hash == CV_HMAC_SHA256 ? 64 : 128,
                 size = hash == CV_HMAC_SHA256 ? CV_SHA256_BYTES : CV_SHA512_BYTES;
    cv_status st = CV_OK;
    if (key.n > block)
        st = digest(md, &key, 1, pad);
    else if (key.n > 0)
        memcpy(pad, key.p, key.n);
    for (size_t i = 0; i < block; i++)
        pad[i] ^= 0x36;
    all[0] = CV_BYTES(pad, block);
    for (size_t i = 0; i < count; i++)
        all[i + 1] = parts[i];
    st = CV_THEN(st, digest(md, all, count + 1, inner));
    for (size_t i = 0; i < block; i++)
        pad[i] ^= 0x36 ^ 0x5c;
    all[1] = CV_BYTES(inner, size);
    st = CV_THEN(st, digest(md, all, 2, out));
    cv_wipe(pad, sizeof(pad));
    cv_wipe(inner, sizeof(inner));
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
    return cv_hmac(CV_HMAC_SHA256, key, &bytes, 1, out);
}
