#include "formats/keyfile.h"

#include "crypto/scrypt.h"
#include "formats/armor.h"

cv_status cv_keyfile_seal(struct cv_bytes text, struct cv_bytes passphrase, unsigned log_n,
                          struct cv_buf *file, struct cv_err *err)
{
    struct cv_buf sealed = { 0 };
    struct cv_age_recipient *recipient = NULL;
    cv_status st = cv_age_recipient_passphrase(passphrase, log_n, &recipient);
    if (st == CV_OK)
        st = cv_age_encrypt((const struct cv_age_recipient *const *)&recipient, 1, text, &sealed, err);
    st = CV_THEN(st, cv_armor_encode(cv_buf_view(&sealed), file));
    cv_age_recipient_free(recipient);
    cv_buf_free(&sealed);
    return st;
}

cv_status cv_keyfile_open(struct cv_bytes file, struct cv_bytes passphrase, struct cv_buf *text,
                          struct cv_err *err)
{
    struct cv_buf raw = { 0 };
    struct cv_age_identity *key = NULL;
    cv_status st = file.n > 4 * CV_KEYFILE_TEXT_MAX
                       ? cv_fail(err, CV_ERR_LIMIT, "too long to be a file of keys")
                       : cv_armor_decode(file, &raw, err);
    st = CV_THEN(st, cv_age_identity_passphrase(passphrase, CV_SCRYPT_LOG_N_MAX, &key));
    if (st == CV_OK)
        st = cv_age_decrypt((const struct cv_age_identity *const *)&key, 1, cv_buf_view(&raw),
                            CV_KEYFILE_TEXT_MAX, text, err);
    cv_age_identity_free(key);
    cv_buf_free(&raw);
    return st;
}
