#include "crypto/hkdf.h"

#include <string.h>

#include "crypto/hash.h"

static size_t hash_bytes(enum cv_hkdf_hash hash)
{
    return hash == CV_HKDF_SHA256 ? CV_SHA256_BYTES : CV_SHA512_BYTES;
}

static enum cv_hmac_hash hmac_of(enum cv_hkdf_hash hash)
{
    return hash == CV_HKDF_SHA256 ? CV_HMAC_SHA256 : CV_HMAC_SHA512;
}

cv_status cv_hkdf_extract(enum cv_hkdf_hash hash, struct cv_bytes salt, struct cv_bytes ikm, uint8_t *prk,
                          size_t prk_n)
{
    /* No salt stands for HashLen zeros, which HMAC's own padding makes of the empty key. */
    return prk_n != hash_bytes(hash) ? CV_ERR_ARG : cv_hmac(hmac_of(hash), salt, &ikm, 1, prk);
}

cv_status cv_hkdf_expand(enum cv_hkdf_hash hash, struct cv_bytes prk, struct cv_bytes info, uint8_t *out,
                         size_t out_n)
{
    const size_t size = hash_bytes(hash);
    uint8_t t[CV_SHA512_BYTES], counter = 0;
    cv_status st = CV_OK;
    if (info.n > CV_HKDF_INFO_MAX || out_n > 255 * size)
        return CV_ERR_LIMIT;
    for (size_t done = 0; done < out_n && st == CV_OK; done += size) {
        counter++;
        const struct cv_bytes parts[3] = { CV_BYTES(t, done > 0 ? size : 0), info, CV_BYTES(&counter, 1) };
        st = cv_hmac(hmac_of(hash), prk, parts, 3, t);
        if (st == CV_OK)
            memcpy(out + done, t, out_n - done < size ? out_n - done : size);
    }
    cv_wipe(t, sizeof(t));
    return st;
}

cv_status cv_hkdf(enum cv_hkdf_hash hash, struct cv_bytes salt, struct cv_bytes ikm, struct cv_bytes info,
                  uint8_t *out, size_t out_n)
{
    uint8_t prk[CV_SHA512_BYTES];
    cv_status st = cv_hkdf_extract(hash, salt, ikm, prk, hash_bytes(hash));
    st = CV_THEN(st, cv_hkdf_expand(hash, CV_BYTES(prk, hash_bytes(hash)), info, out, out_n));
    cv_wipe(prk, sizeof(prk));
    return st;
}
