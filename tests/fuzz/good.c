/* Linked with --wrap into targets that look at what lies behind a signature or a passphrase: every signature
 * is good, and scrypt costs nothing. */
#include <stdint.h>
#include <string.h>

#include "crypto/hash.h"
#include "crypto/hkdf.h"

cv_status __wrap_cv_ed25519_verify(const uint8_t *public, struct cv_bytes message, const uint8_t *sig);
int __wrap_libscrypt_scrypt(const uint8_t *pass, size_t pass_n, const uint8_t *salt, size_t salt_n,
                            uint64_t n, uint32_t r, uint32_t p, uint8_t *out, size_t out_n);

cv_status __wrap_cv_ed25519_verify(const uint8_t *public, struct cv_bytes message, const uint8_t *sig)
{
    (void)public;
    (void)message;
    (void)sig;
    return CV_OK;
}

int __wrap_libscrypt_scrypt(const uint8_t *pass, size_t pass_n, const uint8_t *salt, size_t salt_n,
                            uint64_t n, uint32_t r, uint32_t p, uint8_t *out, size_t out_n)
{
    uint8_t hash[CV_SHA256_BYTES] = { 0 };
    (void)r;
    (void)p;
    if (n == 0 || cv_hmac_sha256(CV_BYTES(salt, salt_n), CV_BYTES(pass, pass_n), hash) != CV_OK)
        return -1;
    memset(out, 0, out_n);
    memcpy(out, hash, out_n < sizeof(hash) ? out_n : sizeof(hash));
    return 0;
}
