#include "crypto/alg.h"

#include <pthread.h>
#include <stdbool.h>

static struct cv_algs algs;
static bool complete;
static pthread_once_t once = PTHREAD_ONCE_INIT; /* not call_once: sanitizers of threads do not know that */

static void fetch(void)
{
    /* What a configuration file may load into every program that uses OpenSSL is not for this one; and it is
     * read faster without. */
    if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
        return;
    algs.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    algs.sha512 = EVP_MD_fetch(NULL, "SHA512", NULL);
    algs.aes_256_gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    algs.aes_256_ctr = EVP_CIPHER_fetch(NULL, "AES-256-CTR", NULL);
    algs.chacha20_poly1305 = EVP_CIPHER_fetch(NULL, "ChaCha20-Poly1305", NULL);
    complete = algs.sha256 && algs.sha512 && algs.aes_256_gcm && algs.aes_256_ctr && algs.chacha20_poly1305;
}

const struct cv_algs *cv_algs(void)
{
    (void)pthread_once(&once, fetch);
    return complete ? &algs : NULL;
}
