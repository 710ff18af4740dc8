#include "crypto/hkdf.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "crypto/alg.h"

static OSSL_PARAM octets(const char *name, struct cv_bytes b)
{
    /* OSSL_PARAM takes non-const pointers and does not write through them here. */
    return OSSL_PARAM_construct_octet_string(name, b.n == 0 ? (void *)"" : (void *)(uintptr_t)b.p, b.n);
}

static cv_status derive(enum cv_hkdf_hash hash, int mode, struct cv_bytes salt, struct cv_bytes key,
                        struct cv_bytes info, uint8_t *out, size_t out_n)
{
    const struct cv_algs *a = cv_algs();
    if (a == NULL)
        return CV_ERR_INTERNAL;
    if (info.n > CV_HKDF_INFO_MAX)
        return CV_ERR_LIMIT;
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(a->hkdf);
    if (ctx == NULL)
        return CV_ERR_NOMEM;

    char sha256[] = "SHA256", sha512[] = "SHA512";
    OSSL_PARAM params[6];
    size_t n = 0;
    params[n++] = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode);
    params[n++] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, hash == CV_HKDF_SHA256 ? sha256 : sha512, 0);
    params[n++] = octets(OSSL_KDF_PARAM_KEY, key);
    if (salt.n > 0)
        params[n++] = octets(OSSL_KDF_PARAM_SALT, salt);
    if (info.n > 0)
        params[n++] = octets(OSSL_KDF_PARAM_INFO, info);
    params[n] = OSSL_PARAM_construct_end();
    cv_status st = EVP_KDF_derive(ctx, out, out_n, params) == 1 ? CV_OK : CV_ERR_INTERNAL;
    EVP_KDF_CTX_free(ctx);
    return st;
}

cv_status cv_hkdf(enum cv_hkdf_hash hash, struct cv_bytes salt, struct cv_bytes ikm, struct cv_bytes info,
                  uint8_t *out, size_t out_n)
{
    return derive(hash, EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND, salt, ikm, info, out, out_n);
}

cv_status cv_hkdf_extract(enum cv_hkdf_hash hash, struct cv_bytes salt, struct cv_bytes ikm, uint8_t *prk, size_t prk_n)
{
    return derive(hash, EVP_KDF_HKDF_MODE_EXTRACT_ONLY, salt, ikm, CV_BYTES(NULL, 0), prk, prk_n);
}

cv_status cv_hkdf_expand(enum cv_hkdf_hash hash, struct cv_bytes prk, struct cv_bytes info, uint8_t *out, size_t out_n)
{
    return derive(hash, EVP_KDF_HKDF_MODE_EXPAND_ONLY, CV_BYTES(NULL, 0), prk, info, out, out_n);
}
