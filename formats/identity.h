#ifndef CV_FORMATS_IDENTITY_H
#define CV_FORMATS_IDENTITY_H

#include "formats/err.h"
#include "formats/sign.h"

/* A public key for sealing, typed by its suite; long enough for those to come (X-Wing: 1,216 bytes). */
#define CV_KEY_MAX_BYTES 1216
struct cv_key {
    uint16_t suite;
    uint16_t n;
    uint8_t b[CV_KEY_MAX_BYTES];
};

struct cv_bytes cv_key_view(const struct cv_key *key);
/** cv_key_set(key, suite, bytes): CV_OK; CV_ERR_FORMAT for an unknown suite or a length that is not the
 * suite's. */
CV_MUST_CHECK cv_status cv_key_set(struct cv_key *key, uint16_t suite, struct cv_bytes bytes);
bool cv_key_equal(const struct cv_key *a, const struct cv_key *b);

#define CV_FINGERPRINT_BYTES 25 /* xxxx-xxxx-xxxx-xxxx-xxxx and a NUL */
#define CV_PSEUDONYM_BYTES 10   /* m and eight hex digits, and a NUL */
#define CV_MEMBER_LINE_MAX 4096

/** What others know of a member: three public keys, and whether they are only for training. */
struct cv_member_key {
    bool training;
    uint8_t sign[CV_ED25519_PUBLIC_BYTES];
    struct cv_key seal;
    char age[80]; /* recipient, age1... */
    char line[CV_MEMBER_LINE_MAX];
    char pseudonym[CV_PSEUDONYM_BYTES];
    char fingerprint[CV_FINGERPRINT_BYTES]; /* to read out over the telephone */
};

/* What the private keys are used for, where they are not in this process but with an agent. */
struct cv_identity_agent {
    cv_status (*sign)(void *arg, struct cv_bytes msg, uint8_t sig[static CV_ED25519_SIG_BYTES]);
    cv_status (*unseal)(void *arg, struct cv_bytes info, struct cv_bytes sealed, struct cv_secret *out);
    cv_status (*derive)(void *arg, struct cv_bytes salt, struct cv_bytes info, struct cv_secret *out);
    void (*close)(void *arg);
};

/** The private half, on the secure heap: what an identity file holds; or, with ${agent}, only the way to it.
 * Free with cv_identity_free. */
struct cv_identity {
    struct cv_member_key public;
    struct cv_ed25519_key *sign;
    struct cv_secret sign_seed;
    struct cv_secret seal;
    struct cv_secret age; /* AGE-SECRET-KEY-1..., text */
    const struct cv_identity_agent *agent;
    void *agent_arg;
};

/** cv_fingerprint(bytes, out): the first 80 bits of SHA-256, as five groups of four hex digits. */
CV_MUST_CHECK cv_status cv_fingerprint(struct cv_bytes bytes, char out[static CV_FINGERPRINT_BYTES]);

/** cv_identity_new(training, out, err): three fresh key pairs. CV_OK; CV_ERR_NOMEM; CV_ERR_INTERNAL. */
CV_MUST_CHECK cv_status cv_identity_new(bool training, struct cv_identity *out, struct cv_err *err);
void cv_identity_free(struct cv_identity *id);

/** cv_identity_unseal(id, info, sealed, out): open what was sealed to the sealing key (HPKE base mode, single
 * shot). As cv_hpke_open; or what the agent answered. */
CV_MUST_CHECK cv_status cv_identity_unseal(const struct cv_identity *id, struct cv_bytes info,
                                           struct cv_bytes sealed, struct cv_secret *out);

/** cv_identity_derive(id, salt, info, out): 32 bytes that only this identity can make: HKDF-SHA-256 of the
 * sealing secret with ${salt} and "casevault/1/derived" || ${info}; for keys of derived files. Free ${out}.
 */
CV_MUST_CHECK cv_status cv_identity_derive(const struct cv_identity *id, struct cv_bytes salt,
                                           struct cv_bytes info, struct cv_secret *out);

/** cv_identity_sign(identity, msg, sig): a cv_sign_fn. */
CV_MUST_CHECK cv_status cv_identity_sign(void *identity, struct cv_bytes msg,
                                         uint8_t sig[static CV_ED25519_SIG_BYTES]);

/** cv_identity_write(id, out): append the five lines in the clear: for an identity file, or to an agent that
 * is being started. cv_identity_read(text, out, err): back again. CV_OK; CV_ERR_FORMAT; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_identity_write(const struct cv_identity *id, struct cv_buf *out);
CV_MUST_CHECK cv_status cv_identity_read(struct cv_bytes text, struct cv_identity *out, struct cv_err *err);

/**
 * cv_identity_seal(id, passphrase, log_n, file, err): append the identity file to ${file}: an armoured age
 * file for one scrypt recipient, whose payload is five LF-terminated lines: `casevault identity v1`,
 * `training yes|no`, `sign BASE64URL`, `seal BASE64URL`, `age AGE-SECRET-KEY-1...`.
 */
CV_MUST_CHECK cv_status cv_identity_seal(const struct cv_identity *id, struct cv_bytes passphrase,
                                         unsigned log_n, struct cv_buf *file, struct cv_err *err);

/** cv_identity_open(file, passphrase, out, err): CV_OK; CV_ERR_NOKEY for a wrong passphrase; CV_ERR_FORMAT;
 * CV_ERR_AUTH for a damaged file; CV_ERR_LIMIT; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_identity_open(struct cv_bytes file, struct cv_bytes passphrase,
                                         struct cv_identity *out, struct cv_err *err);

/**
 * cv_member_parse(line, out, err): the line that `identity new` prints and a member hands to a custodian:
 * `casevault-member-1:` and base64url of
 *
 *   offset length field
 *   0      2      suite
 *   2      1      flags: 1 training
 *   3      ...    L(signing key, sealing key, age recipient)
 *   end-64 64     Ed25519 signature by the signing key over "casevault member v1\n" and all before it
 *
 * CV_OK; CV_ERR_FORMAT; CV_ERR_AUTH if the signature does not verify (a mistyped or altered line).
 */
CV_MUST_CHECK cv_status cv_member_parse(struct cv_bytes line, struct cv_member_key *out, struct cv_err *err);

/** cv_member_read(line, out, err): the same of a line that was judged before: its signature is not verified
 * again. */
CV_MUST_CHECK cv_status cv_member_read(struct cv_bytes line, struct cv_member_key *out, struct cv_err *err);

#endif
