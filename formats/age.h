#ifndef CV_FORMATS_AGE_H
#define CV_FORMATS_AGE_H

#include "crypto/secret.h"
#include "formats/identity.h"

/**
 * age files (c2sp.org/age, version 1) for X25519 recipients or one passphrase. Armour is apart
 * (formats/armor.h).
 *
 *   header    age-encryption.org/v1
 *             -> X25519 EPHEMERAL-SHARE | scrypt SALT LOG-N       one stanza for each recipient
 *             SEALED-FILE-KEY
 *             --- HMAC
 *   payload   nonce (16), then chunks of 65,536 + 16 bytes (ChaCha20-Poly1305); the last may be shorter
 *
 * Stanzas of unknown types are skipped; those of known types are checked whether or not a key for them is in
 * hand.
 */
#define CV_AGE_CHUNK_BYTES 65536
#define CV_AGE_HEADER_MAX 262144   /* bytes of header that we are ready to read */
#define CV_AGE_RECIPIENTS_MAX 1024 /* recipients of a file that we write */

/** Somebody to whom a file is encrypted: an X25519 public key, or a passphrase, which stands alone. */
struct cv_age_recipient;

/** cv_age_recipient_x25519(text, out, err): from "age1...". CV_OK; CV_ERR_FORMAT, also for a key of small
 * order; CV_ERR_NOMEM; CV_ERR_INTERNAL. Free with cv_age_recipient_free. */
CV_MUST_CHECK cv_status cv_age_recipient_x25519(struct cv_bytes text, struct cv_age_recipient **out,
                                                struct cv_err *err);
/** cv_age_recipient_passphrase(passphrase, log_n, out): scrypt with N = 2^log_n (CV_SCRYPT_LOG_N for files
 * that last). The passphrase is copied. CV_OK; CV_ERR_ARG if it is empty; CV_ERR_LIMIT if log_n is 0 or over
 * CV_SCRYPT_LOG_N_MAX; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_age_recipient_passphrase(struct cv_bytes passphrase, unsigned log_n,
                                                    struct cv_age_recipient **out);
void cv_age_recipient_free(struct cv_age_recipient *recipient);
/** cv_age_fingerprint(text, out): of "age1...", to be read out over the telephone: cv_fingerprint of the text
 * alone, without LF. Who holds the key gets it with `printf %s age1... | sha256sum`, the first 20 digits.
 * CV_OK; CV_ERR_INTERNAL. */
CV_MUST_CHECK cv_status cv_age_fingerprint(struct cv_bytes text, char out[static CV_FINGERPRINT_BYTES]);

/** What opens a file: an X25519 secret key, or a passphrase. */
struct cv_age_identity;

/** cv_age_identity_x25519(text, out, err): from "AGE-SECRET-KEY-1...". CV_OK; CV_ERR_FORMAT; CV_ERR_NOMEM;
 * CV_ERR_INTERNAL. Free with cv_age_identity_free. */
CV_MUST_CHECK cv_status cv_age_identity_x25519(struct cv_bytes text, struct cv_age_identity **out,
                                               struct cv_err *err);
/** cv_age_identity_passphrase(passphrase, max_log_n, out): files that ask for more work than 2^max_log_n (at
 * most CV_SCRYPT_LOG_N_MAX) will be refused. CV_OK; CV_ERR_LIMIT if max_log_n is 0 or too high; CV_ERR_NOMEM.
 */
CV_MUST_CHECK cv_status cv_age_identity_passphrase(struct cv_bytes passphrase, unsigned max_log_n,
                                                   struct cv_age_identity **out);
void cv_age_identity_free(struct cv_age_identity *identity);

/** cv_age_keygen(secret_text, recipient_text): a fresh X25519 identity, "AGE-SECRET-KEY-1...", to be freed,
 * and its recipient "age1...", appended; both without LF or NUL. CV_OK; CV_ERR_LIMIT; CV_ERR_NOMEM;
 * CV_ERR_INTERNAL. */
CV_MUST_CHECK cv_status cv_age_keygen(struct cv_secret *secret_text, struct cv_buf *recipient_text);

/** cv_age_recipient_of(secret_text, recipient_text): append the recipient. As cv_age_keygen; also
 * CV_ERR_FORMAT. */
CV_MUST_CHECK cv_status cv_age_recipient_of(struct cv_bytes secret_text, struct cv_buf *recipient_text);

/**
 * cv_age_encrypt(recipients, count, plain, out, err): append the whole binary file to ${out}, only on CV_OK.
 * CV_OK; CV_ERR_ARG for no recipient, or a passphrase that is not alone; CV_ERR_LIMIT; CV_ERR_NOMEM;
 * CV_ERR_INTERNAL.
 */
CV_MUST_CHECK cv_status cv_age_encrypt(const struct cv_age_recipient *const *recipients, size_t count,
                                       struct cv_bytes plain, struct cv_buf *out, struct cv_err *err);

/**
 * cv_age_decrypt(identities, count, file, max_plain, out, err): append the plaintext, at most ${max_plain}
 * bytes, to ${out}, only on CV_OK, that is, only if the whole file verifies. CV_OK; CV_ERR_FORMAT for a
 * header that is not well formed, or cut off before or in the payload's nonce; CV_ERR_NOKEY if no identity
 * opens it (or the passphrase is wrong: as costly as the right one); CV_ERR_AUTH if the header's HMAC or any
 * of the payload does not verify, its end included; CV_ERR_LIMIT beyond ${max_plain}, CV_AGE_HEADER_MAX or an
 * identity's max_log_n; CV_ERR_NOMEM; CV_ERR_INTERNAL.
 */
CV_MUST_CHECK cv_status cv_age_decrypt(const struct cv_age_identity *const *identities, size_t count,
                                       struct cv_bytes file, size_t max_plain, struct cv_buf *out,
                                       struct cv_err *err);

/** The streaming form: one object writes or reads one file. After an error every further call fails alike. */
struct cv_age;

/** cv_age_writer(recipients, count, out, w, err): start a file; its header is appended to ${out} at once.
 * As cv_age_encrypt. */
CV_MUST_CHECK cv_status cv_age_writer(const struct cv_age_recipient *const *recipients, size_t count,
                                      struct cv_buf *out, struct cv_age **w, struct cv_err *err);
/** cv_age_write(w, plain, out, err): append whole sealed chunks to ${out} as they fill. */
CV_MUST_CHECK cv_status cv_age_write(struct cv_age *w, struct cv_bytes plain, struct cv_buf *out,
                                     struct cv_err *err);
/** cv_age_finish(w, out, err): append the last chunk. */
CV_MUST_CHECK cv_status cv_age_finish(struct cv_age *w, struct cv_buf *out, struct cv_err *err);

/** cv_age_reader(identities, count, r): start reading; the array and the identities are borrowed until
 * cv_age_opened. CV_OK; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_age_reader(const struct cv_age_identity *const *identities, size_t count,
                                      struct cv_age **r);
/** cv_age_read(r, file, out, err): take in the file in pieces of any size; append the plaintext of each chunk
 * that has been authenticated, never more, and each as soon as it is full. What was appended before an error
 * stays. As cv_age_decrypt, save that nothing bounds the plaintext but out->max. */
CV_MUST_CHECK cv_status cv_age_read(struct cv_age *r, struct cv_bytes file, struct cv_buf *out,
                                    struct cv_err *err);
/** cv_age_end(r, out, err): the file ended: open the last chunk. Only CV_OK means that the file is whole. */
CV_MUST_CHECK cv_status cv_age_end(struct cv_age *r, struct cv_buf *out, struct cv_err *err);
/** cv_age_opened(r): whether the header has been read and verified, so that what fails now is the payload. */
bool cv_age_opened(const struct cv_age *r);

void cv_age_free(struct cv_age *a);

#endif
