#ifndef CV_FORMATS_KEYFILE_H
#define CV_FORMATS_KEYFILE_H

#include "formats/age.h"

/* A few lines of text under a passphrase: an armoured age file with one scrypt recipient. Identity files and
 * those of witnesses are such. */
#define CV_KEYFILE_TEXT_MAX 8192

/** cv_keyfile_seal(text, passphrase, log_n, file, err): append the file to ${file}; ${log_n} is the scrypt
 * work factor. CV_OK; as cv_age_recipient_passphrase and cv_age_encrypt. */
CV_MUST_CHECK cv_status cv_keyfile_seal(struct cv_bytes text, struct cv_bytes passphrase, unsigned log_n,
                                        struct cv_buf *file, struct cv_err *err);

/** cv_keyfile_open(file, passphrase, text, err): append the text, only if the whole file verifies. CV_OK;
 * CV_ERR_NOKEY if the passphrase is wrong; as cv_armor_decode and cv_age_decrypt. */
CV_MUST_CHECK cv_status cv_keyfile_open(struct cv_bytes file, struct cv_bytes passphrase, struct cv_buf *text,
                                        struct cv_err *err);

#endif
