#ifndef CV_CRYPTO_ALG_H
#define CV_CRYPTO_ALG_H

#include <openssl/evp.h>

/* Internal to crypto/: algorithms fetched once (a fetch costs more than hashing a small input). */
struct cv_algs {
    EVP_MD *sha256;
    EVP_MD *sha512;
    EVP_CIPHER *aes_256_gcm;
    EVP_CIPHER *aes_256_ctr;
    EVP_CIPHER *chacha20_poly1305;
};

/** cv_algs(): the fetched algorithms, or NULL if OpenSSL lacks one of them. Safe from any thread. */
const struct cv_algs *cv_algs(void);

#endif
