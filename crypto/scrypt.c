#include "crypto/scrypt.h"

#include <errno.h>

#include <libscrypt.h>

cv_status cv_scrypt(struct cv_bytes passphrase, struct cv_bytes salt, unsigned log_n, uint8_t *out,
                    size_t out_n)
{
    if (log_n == 0 || log_n > CV_SCRYPT_LOG_N_MAX)
        return CV_ERR_LIMIT;
    const uint8_t *pass = passphrase.n == 0 ? (const uint8_t *)"" : passphrase.p;
    errno = 0;
    if (libscrypt_scrypt(pass, passphrase.n, salt.p, salt.n, (uint64_t)1 << log_n, 8, 1, out, out_n) == 0)
        return CV_OK;
    cv_wipe(out, out_n);
    return errno == ENOMEM ? CV_ERR_NOMEM : CV_ERR_INTERNAL;
}
