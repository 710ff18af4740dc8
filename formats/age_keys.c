#include "formats/age_keys.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/aead.h"
#include "crypto/hkdf.h"
#include "crypto/random.h"
#include "crypto/scrypt.h"
#include "crypto/x25519.h"
#include "formats/bech32.h"

#define RECIPIENT_HRP "age"
#define IDENTITY_HRP "AGE-SECRET-KEY-"
#define X25519_INFO "age-encryption.org/v1/X25519"
#define SCRYPT_LABEL "age-encryption.org/v1/scrypt"

struct cv_age_recipient {
    enum cv_age_kind kind;
    unsigned log_n;
    uint8_t public[CV_X25519_BYTES];
    struct cv_secret passphrase;
};

struct cv_age_identity {
    enum cv_age_kind kind;
    unsigned max_log_n;
    uint8_t public[CV_X25519_BYTES];
    struct cv_secret secret; /* X25519 key or passphrase */
};

/* A wrap key is used once, so its nonce is fixed. */
static const uint8_t zero_nonce[CV_AEAD_NONCE_BYTES];

cv_status cv_age_recipient_x25519(struct cv_bytes text, struct cv_age_recipient **out, struct cv_err *err)
{
    static const uint8_t probe[CV_X25519_BYTES] = { 8 };
    uint8_t public[CV_X25519_BYTES];
    struct cv_secret shared = { 0 };
    *out = NULL;
    cv_status st = cv_bech32_decode(RECIPIENT_HRP, text, public, sizeof public);
    if (st == CV_ERR_FORMAT)
        return cv_fail(err, st, "age recipient: not an age1... key; copy the whole of it again");
    /* A point of small order gives zero with every secret. */
    st = CV_THEN(st, cv_x25519(CV_ARR(probe), public, &shared));
    cv_secret_free(&shared);
    if (st == CV_ERR_AUTH)
        return cv_fail(err, CV_ERR_FORMAT, "age recipient: a key of small order, that protects nothing");
    if (st != CV_OK)
        return cv_err_note(err, st, "age recipient");
    struct cv_age_recipient *r = calloc(1, sizeof *r);
    if (r == NULL)
        return cv_err_note(err, CV_ERR_NOMEM, "age recipient");
    r->kind = CV_AGE_X25519;
    memcpy(r->public, public, sizeof public);
    *out = r;
    return CV_OK;
}

cv_status cv_age_recipient_passphrase(struct cv_bytes passphrase, unsigned log_n,
                                      struct cv_age_recipient **out)
{
    *out = NULL;
    if (passphrase.n == 0)
        return CV_ERR_ARG;
    if (log_n == 0 || log_n > CV_SCRYPT_LOG_N_MAX)
        return CV_ERR_LIMIT;
    struct cv_age_recipient *r = calloc(1, sizeof *r);
    if (r == NULL)
        return CV_ERR_NOMEM;
    r->kind = CV_AGE_SCRYPT;
    r->log_n = log_n;
    cv_status st = cv_secret_copy(&r->passphrase, passphrase);
    if (st != CV_OK)
        cv_age_recipient_free(r);
    else
        *out = r;
    return st;
}

void cv_age_recipient_free(struct cv_age_recipient *recipient)
{
    if (recipient == NULL)
        return;
    cv_secret_free(&recipient->passphrase);
    free(recipient);
}

cv_status cv_age_fingerprint(struct cv_bytes text, char out[static CV_FINGERPRINT_BYTES])
{
    return cv_fingerprint(text, out);
}

/* The secret key that ${text} spells, to be freed. */
static cv_status decode_secret(struct cv_bytes text, struct cv_secret *out)
{
    cv_status st = cv_secret_alloc(out, CV_X25519_BYTES);
    st = CV_THEN(st, cv_bech32_decode(IDENTITY_HRP, text, out->p, out->n));
    if (st != CV_OK)
        cv_secret_free(out);
    return st;
}

cv_status cv_age_identity_x25519(struct cv_bytes text, struct cv_age_identity **out, struct cv_err *err)
{
    *out = NULL;
    struct cv_age_identity *id = calloc(1, sizeof *id);
    if (id == NULL)
        return cv_err_note(err, CV_ERR_NOMEM, "age identity");
    id->kind = CV_AGE_X25519;
    cv_status st = decode_secret(text, &id->secret);
    st = CV_THEN(st, cv_x25519_public(cv_secret_view(&id->secret), id->public));
    if (st != CV_OK)
        cv_age_identity_free(id);
    else
        *out = id;
    if (st == CV_ERR_FORMAT)
        return cv_fail(err, st, "age identity: not an AGE-SECRET-KEY-1... key");
    return cv_err_note(err, st, "age identity");
}

cv_status cv_age_identity_passphrase(struct cv_bytes passphrase, unsigned max_log_n,
                                     struct cv_age_identity **out)
{
    *out = NULL;
    if (max_log_n == 0 || max_log_n > CV_SCRYPT_LOG_N_MAX)
        return CV_ERR_LIMIT;
    struct cv_age_identity *id = calloc(1, sizeof *id);
    if (id == NULL)
        return CV_ERR_NOMEM;
    id->kind = CV_AGE_SCRYPT;
    id->max_log_n = max_log_n;
    cv_status st = cv_secret_copy(&id->secret, passphrase);
    if (st != CV_OK)
        cv_age_identity_free(id);
    else
        *out = id;
    return st;
}

void cv_age_identity_free(struct cv_age_identity *identity)
{
    if (identity == NULL)
        return;
    cv_secret_free(&identity->secret);
    free(identity);
}

static cv_status recipient_text(struct cv_bytes secret, struct cv_buf *out)
{
    uint8_t public[CV_X25519_BYTES];
    cv_status st = cv_x25519_public(secret, public);
    return CV_THEN(st, cv_bech32_encode(RECIPIENT_HRP, CV_ARR(public), out));
}

cv_status cv_age_keygen(struct cv_secret *secret_text, struct cv_buf *recipient)
{
    struct cv_secret secret = { 0 };
    struct cv_buf text = { 0 };
    *secret_text = (struct cv_secret){ 0 };
    cv_status st = cv_secret_random(&secret, CV_X25519_BYTES);
    st = CV_THEN(st, cv_bech32_encode(IDENTITY_HRP, cv_secret_view(&secret), &text));
    st = CV_THEN(st, cv_secret_copy(secret_text, cv_buf_view(&text)));
    st = CV_THEN(st, recipient_text(cv_secret_view(&secret), recipient));
    if (st != CV_OK)
        cv_secret_free(secret_text);
    cv_secret_free(&secret);
    cv_buf_free(&text);
    return st;
}

cv_status cv_age_recipient_of(struct cv_bytes secret_text, struct cv_buf *recipient)
{
    struct cv_secret secret = { 0 };
    cv_status st = decode_secret(secret_text, &secret);
    st = CV_THEN(st, recipient_text(cv_secret_view(&secret), recipient));
    cv_secret_free(&secret);
    return st;
}

static cv_status seal_body(const uint8_t key[static CV_AEAD_KEY_BYTES], struct cv_bytes file_key,
                           struct cv_age_stanza *s)
{
    struct cv_aead *aead = NULL;
    if (file_key.n + CV_AEAD_TAG_BYTES != sizeof s->body)
        return CV_ERR_INTERNAL;
    cv_status st = cv_aead_new(CV_CHACHA20_POLY1305, key, true, &aead);
    st = CV_THEN(st, cv_aead_seal(aead, zero_nonce, file_key, s->body));
    cv_aead_free(aead);
    return st;
}

static cv_status open_body(const uint8_t key[static CV_AEAD_KEY_BYTES], const struct cv_age_stanza *s,
                           struct cv_secret *file_key)
{
    struct cv_aead *aead = NULL;
    cv_status st = cv_secret_alloc(file_key, CV_AGE_FILE_KEY_BYTES);
    st = CV_THEN(st, cv_aead_new(CV_CHACHA20_POLY1305, key, false, &aead));
    st = CV_THEN(st, cv_aead_open(aead, zero_nonce, CV_ARR(s->body), file_key->p));
    cv_aead_free(aead);
    if (st != CV_OK)
        cv_secret_free(file_key);
    return st;
}

/* The wrap key of an X25519 stanza: ours and theirs stand in for either side of the exchange. */
static cv_status x25519_key(struct cv_bytes secret, const uint8_t peer[static CV_X25519_BYTES],
                            const uint8_t share[static CV_X25519_BYTES],
                            const uint8_t recipient[static CV_X25519_BYTES], struct cv_secret *key)
{
    uint8_t salt[2 * CV_X25519_BYTES];
    struct cv_secret shared = { 0 };
    memcpy(salt, share, CV_X25519_BYTES);
    memcpy(salt + CV_X25519_BYTES, recipient, CV_X25519_BYTES);
    cv_status st = cv_secret_alloc(key, CV_AEAD_KEY_BYTES);
    st = CV_THEN(st, cv_x25519(secret, peer, &shared));
    st = CV_THEN(st, cv_hkdf(CV_HKDF_SHA256, CV_ARR(salt), cv_secret_view(&shared), CV_LIT(X25519_INFO),
                             key->p, key->n));
    cv_secret_free(&shared);
    return st;
}

static cv_status scrypt_key(struct cv_bytes passphrase, const uint8_t salt[static CV_AGE_SALT_BYTES],
                            unsigned log_n, struct cv_secret *key)
{
    uint8_t salted[sizeof SCRYPT_LABEL - 1 + CV_AGE_SALT_BYTES];
    memcpy(salted, SCRYPT_LABEL, sizeof SCRYPT_LABEL - 1);
    memcpy(salted + sizeof SCRYPT_LABEL - 1, salt, CV_AGE_SALT_BYTES);
    cv_status st = cv_secret_alloc(key, CV_AEAD_KEY_BYTES);
    return CV_THEN(st, cv_scrypt(passphrase, CV_ARR(salted), log_n, key->p, key->n));
}

static cv_status wrap(const struct cv_age_recipient *r, struct cv_bytes file_key, struct cv_age_stanza *s)
{
    struct cv_secret ephemeral = { 0 }, key = { 0 };
    cv_status st = CV_ERR_INTERNAL;
    memset(s, 0, sizeof *s);
    s->kind = (uint8_t)r->kind;
    if (r->kind == CV_AGE_SCRYPT) {
        s->log_n = (uint8_t)r->log_n;
        st = cv_random(s->arg, CV_AGE_SALT_BYTES);
        st = CV_THEN(st, scrypt_key(cv_secret_view(&r->passphrase), s->arg, r->log_n, &key));
    } else {
        st = cv_secret_random(&ephemeral, CV_X25519_BYTES);
        st = CV_THEN(st, cv_x25519_public(cv_secret_view(&ephemeral), s->arg));
        st = CV_THEN(st, x25519_key(cv_secret_view(&ephemeral), r->public, s->arg, r->public, &key));
    }
    st = CV_THEN(st, seal_body(key.p, file_key, s));
    cv_secret_free(&ephemeral);
    cv_secret_free(&key);
    return st;
}

cv_status cv_age_keys_wrap(const struct cv_age_recipient *const *recipients, size_t count,
                           struct cv_bytes file_key, struct cv_age_stanza *stanzas, struct cv_err *err)
{
    if (count == 0)
        return cv_fail(err, CV_ERR_ARG, "age file: no recipient is named");
    for (size_t i = 0; i < count; i++) {
        if (recipients[i]->kind == CV_AGE_SCRYPT && count > 1)
            return cv_fail(err, CV_ERR_ARG, "age file: a passphrase must be the only recipient");
        cv_status st = wrap(recipients[i], file_key, &stanzas[i]);
        if (st != CV_OK)
            return cv_err_note(err, st, "age recipient");
    }
    return CV_OK;
}

/* One identity, one stanza of its kind. CV_ERR_AUTH: not meant for it. */
static cv_status unwrap(const struct cv_age_identity *id, const struct cv_age_stanza *s,
                        struct cv_secret *file_key, struct cv_err *err)
{
    struct cv_secret key = { 0 };
    cv_status st = CV_ERR_INTERNAL;
    if (id->kind == CV_AGE_SCRYPT) {
        st = s->log_n == 0 || s->log_n > id->max_log_n
                 ? cv_fail(err, CV_ERR_LIMIT, "age header: the passphrase asks for more work than is allowed")
                 : scrypt_key(cv_secret_view(&id->secret), s->arg, s->log_n, &key);
    } else {
        st = x25519_key(cv_secret_view(&id->secret), s->arg, s->arg, id->public, &key);
        if (st == CV_ERR_AUTH)
            st = cv_fail(err, CV_ERR_FORMAT, "age header: a recipient's share is of small order");
    }
    st = CV_THEN(st, open_body(key.p, s, file_key));
    cv_secret_free(&key);
    return st;
}

cv_status cv_age_keys_unwrap(const struct cv_age_identity *const *identities, size_t count,
                             const struct cv_age_header *h, struct cv_secret *file_key, struct cv_err *err)
{
    size_t known = 0;
    const struct cv_age_stanza *stanzas = cv_age_header_known(h, &known);
    *file_key = (struct cv_secret){ 0 };
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < known; j++) {
            if (stanzas[j].kind != identities[i]->kind)
                continue;
            cv_status st = unwrap(identities[i], &stanzas[j], file_key, err);
            if (st != CV_ERR_AUTH)
                return cv_err_note(err, st, "age header");
        }
    }
    return cv_fail(err, CV_ERR_NOKEY,
                   h->scrypt ? "age file: wrong passphrase, or it is not for this file"
                             : "age file: it is not encrypted to any key at hand");
}
