#include "formats/identity.h"

#include <stdio.h>
#include <string.h>

#include "crypto/hash.h"
#include "crypto/hkdf.h"
#include "crypto/hpke.h"
#include "formats/age.h"
#include "formats/base64.h"
#include "formats/keyfile.h"

#define LINE_PREFIX "casevault-member-1:"
#define SIGN_PREFIX "casevault member v1\n"
#define FLAG_TRAINING 1

struct cv_bytes cv_key_view(const struct cv_key *key)
{
    return CV_BYTES(key->b, key->n);
}

cv_status cv_key_set(struct cv_key *key, uint16_t suite, struct cv_bytes bytes)
{
    memset(key, 0, sizeof(*key));
    if (cv_hpke_public_bytes(suite) == 0 || bytes.n != cv_hpke_public_bytes(suite) ||
        bytes.n > sizeof(key->b))
        return CV_ERR_FORMAT;
    key->suite = suite;
    key->n = (uint16_t)bytes.n;
    memcpy(key->b, bytes.p, bytes.n);
    return CV_OK;
}

bool cv_key_equal(const struct cv_key *a, const struct cv_key *b)
{
    return a->suite == b->suite && cv_bytes_equal(cv_key_view(a), cv_key_view(b));
}

cv_status cv_fingerprint(struct cv_bytes bytes, char out[static CV_FINGERPRINT_BYTES])
{
    uint8_t hash[CV_SHA256_BYTES];
    char hex[2 * 10 + 1];
    out[0] = '\0';
    cv_status st = cv_sha256(bytes, hash);
    if (st != CV_OK)
        return st;
    cv_hex_encode(CV_BYTES(hash, 10), hex);
    for (size_t group = 0; group < 5; group++) {
        memcpy(out + 5 * group, hex + 4 * group, 4);
        out[5 * group + 4] = group < 4 ? '-' : '\0';
    }
    return CV_OK;
}

/* name_member(m, body): the fingerprint, and the pseudonym cut from its first two groups. */
static cv_status name_member(struct cv_member_key *m, struct cv_bytes body)
{
    cv_status st = cv_fingerprint(body, m->fingerprint);
    if (st == CV_OK)
        snprintf(m->pseudonym, sizeof(m->pseudonym), "m%.4s%.4s", m->fingerprint, m->fingerprint + 5);
    return st;
}

/* write_line(id): sign the public keys and keep the line that tells them. */
static cv_status write_line(struct cv_identity *id)
{
    struct cv_member_key *m = &id->public;
    struct cv_buf body = { 0 }, line = { .max = CV_MEMBER_LINE_MAX - 1 };
    uint8_t sig[CV_ED25519_SIG_BYTES], flags = m->training ? FLAG_TRAINING : 0;
    cv_status st = cv_buf_str(&body, SIGN_PREFIX);
    if (st == CV_OK)
        st = cv_buf_u16(&body, m->seal.suite);
    if (st == CV_OK)
        st = cv_buf_append(&body, CV_BYTES(&flags, 1));
    if (st == CV_OK)
        st = cv_buf_field(&body, CV_ARR(m->sign));
    if (st == CV_OK)
        st = cv_buf_field(&body, cv_key_view(&m->seal));
    if (st == CV_OK)
        st = cv_buf_field(&body, cv_bytes_str(m->age));
    if (st == CV_OK)
        st = cv_ed25519_sign(id->sign, cv_buf_view(&body), sig);
    if (st == CV_OK)
        st = cv_buf_append(&body, CV_ARR(sig));
    if (st == CV_OK)
        st = cv_buf_str(&line, LINE_PREFIX);
    const size_t skip = strlen(SIGN_PREFIX);
    if (st == CV_OK)
        st = cv_base64_encode(CV_BASE64_URL, CV_BYTES(body.p + skip, body.n - skip), &line);
    if (st == CV_OK) {
        memcpy(m->line, line.p, line.n);
        m->line[line.n] = '\0';
        st = name_member(m, CV_BYTES(body.p + skip, body.n - skip - sizeof(sig)));
    }
    cv_buf_free(&body);
    cv_buf_free(&line);
    return st;
}

/* complete(id): everything that follows from the three private keys. */
static cv_status complete(struct cv_identity *id, bool training)
{
    struct cv_buf public = { 0 }, recipient = { .max = sizeof(id->public.age) - 1 };
    id->public.training = training;
    cv_status st = cv_ed25519_key_new(cv_secret_view(&id->sign_seed), &id->sign);
    if (st == CV_OK)
        st = cv_hpke_public(CV_HPKE_SUITE_1, cv_secret_view(&id->seal), &public);
    if (st == CV_OK)
        st = cv_key_set(&id->public.seal, CV_HPKE_SUITE_1, cv_buf_view(&public));
    if (st == CV_OK)
        st = cv_age_recipient_of(cv_secret_view(&id->age), &recipient);
    if (st == CV_OK) {
        memcpy(id->public.sign, cv_ed25519_public(id->sign), sizeof(id->public.sign));
        memcpy(id->public.age, recipient.p, recipient.n);
        st = write_line(id);
    }
    cv_buf_free(&public);
    cv_buf_free(&recipient);
    return st;
}

cv_status cv_identity_new(bool training, struct cv_identity *out, struct cv_err *err)
{
    struct cv_identity id = { 0 };
    struct cv_buf public = { 0 }, recipient = { 0 };
    cv_status st = cv_secret_random(&id.sign_seed, CV_ED25519_SEED_BYTES);
    memset(out, 0, sizeof(*out));
    if (st == CV_OK)
        st = cv_hpke_generate(CV_HPKE_SUITE_1, &id.seal, &public);
    if (st == CV_OK)
        st = cv_age_keygen(&id.age, &recipient);
    if (st == CV_OK)
        st = complete(&id, training);
    if (st == CV_OK) {
        *out = id;
        memset(&id, 0, sizeof(id));
    }
    cv_identity_free(&id);
    cv_buf_free(&public);
    cv_buf_free(&recipient);
    return cv_err_note(err, st, "a new identity");
}

void cv_identity_free(struct cv_identity *id)
{
    if (id == NULL)
        return;
    if (id->agent != NULL)
        id->agent->close(id->agent_arg);
    cv_ed25519_key_free(id->sign);
    cv_secret_free(&id->sign_seed);
    cv_secret_free(&id->seal);
    cv_secret_free(&id->age);
    memset(id, 0, sizeof(*id));
}

cv_status cv_identity_sign(void *identity, struct cv_bytes msg, uint8_t sig[static CV_ED25519_SIG_BYTES])
{
    const struct cv_identity *id = identity;
    return id->agent != NULL ? id->agent->sign(id->agent_arg, msg, sig) : cv_ed25519_sign(id->sign, msg, sig);
}

cv_status cv_identity_unseal(const struct cv_identity *id, struct cv_bytes info, struct cv_bytes sealed,
                             struct cv_secret *out)
{
    if (id->agent != NULL)
        return id->agent->unseal(id->agent_arg, info, sealed, out);
    return cv_hpke_open(id->public.seal.suite, cv_secret_view(&id->seal), info, sealed, out);
}

cv_status cv_identity_derive(const struct cv_identity *id, struct cv_bytes salt, struct cv_bytes info,
                             struct cv_secret *out)
{
    struct cv_buf whole = { 0 };
    *out = (struct cv_secret){ 0 };
    if (id->agent != NULL)
        return id->agent->derive(id->agent_arg, salt, info, out);
    cv_status st = cv_buf_str(&whole, "casevault/1/derived");
    st = CV_THEN(st, cv_buf_append(&whole, info));
    st = CV_THEN(st, cv_secret_alloc(out, 32));
    st = CV_THEN(
        st, cv_hkdf(CV_HKDF_SHA256, salt, cv_secret_view(&id->seal), cv_buf_view(&whole), out->p, out->n));
    cv_buf_free(&whole);
    if (st != CV_OK)
        cv_secret_free(out);
    return st;
}

static cv_status line_of(struct cv_buf *text, const char *word, struct cv_bytes value, bool encode)
{
    cv_status st = cv_buf_printf(text, "%s ", word);
    if (st == CV_OK)
        st = encode ? cv_base64_encode(CV_BASE64_URL, value, text) : cv_buf_append(text, value);
    return st == CV_OK ? cv_buf_str(text, "\n") : st;
}

cv_status cv_identity_write(const struct cv_identity *id, struct cv_buf *out)
{
    cv_status st =
        cv_buf_printf(out, "casevault identity v1\ntraining %s\n", id->public.training ? "yes" : "no");
    st = CV_THEN(st, line_of(out, "sign", cv_secret_view(&id->sign_seed), true));
    st = CV_THEN(st, line_of(out, "seal", cv_secret_view(&id->seal), true));
    return CV_THEN(st, line_of(out, "age", cv_secret_view(&id->age), false));
}

cv_status cv_identity_seal(const struct cv_identity *id, struct cv_bytes passphrase, unsigned log_n,
                           struct cv_buf *file, struct cv_err *err)
{
    struct cv_buf text = { .max = CV_KEYFILE_TEXT_MAX, .secret = true };
    cv_status st = cv_identity_write(id, &text);
    st = CV_THEN(st, cv_keyfile_seal(cv_buf_view(&text), passphrase, log_n, file, err));
    cv_buf_free(&text);
    return cv_err_note(err, st, "identity file");
}

static cv_status take_key(struct cv_bytes text, struct cv_secret *out)
{
    cv_status st = cv_secret_alloc(out, 32);
    return st == CV_OK ? cv_base64_decode_exact(CV_BASE64_URL, text, out->p, out->n) : st;
}

static cv_status parse_payload(struct cv_bytes rest, struct cv_identity *id, struct cv_err *err)
{
    struct cv_bytes none, training, sign, seal, age;
    if (!cv_bytes_line(&rest, "casevault identity v1", &none) || none.n != 0)
        return cv_fail(err, CV_ERR_FORMAT, "identity file: not a casevault identity of version 1");
    if (!cv_bytes_line(&rest, "training ", &training) || !cv_bytes_line(&rest, "sign ", &sign) ||
        !cv_bytes_line(&rest, "seal ", &seal) || !cv_bytes_line(&rest, "age ", &age) || rest.n != 0)
        return cv_fail(err, CV_ERR_FORMAT, "identity file: its five lines are not as they should be");
    const bool yes = cv_bytes_equal(training, CV_LIT("yes"));
    if (!yes && !cv_bytes_equal(training, CV_LIT("no")))
        return cv_fail(err, CV_ERR_FORMAT, "identity file: training is neither yes nor no");
    cv_status st = take_key(sign, &id->sign_seed);
    if (st == CV_OK)
        st = take_key(seal, &id->seal);
    if (st == CV_OK)
        st = cv_secret_copy(&id->age, age);
    return st == CV_OK ? complete(id, yes) : st;
}

cv_status cv_identity_read(struct cv_bytes text, struct cv_identity *out, struct cv_err *err)
{
    struct cv_identity id = { 0 };
    memset(out, 0, sizeof(*out));
    cv_status st = parse_payload(text, &id, err);
    if (st == CV_OK) {
        *out = id;
        memset(&id, 0, sizeof(id));
    }
    cv_identity_free(&id);
    return cv_err_note(err, st, "identity");
}

cv_status cv_identity_open(struct cv_bytes file, struct cv_bytes passphrase, struct cv_identity *out,
                           struct cv_err *err)
{
    struct cv_buf text = { .max = CV_KEYFILE_TEXT_MAX, .secret = true };
    memset(out, 0, sizeof(*out));
    cv_status st = cv_keyfile_open(file, passphrase, &text, err);
    st = CV_THEN(st, cv_identity_read(cv_buf_view(&text), out, err));
    cv_buf_free(&text);
    return cv_err_note(err, st, "identity file");
}

/* parse_body(body, judge, m, err): the fields of a member line, once its signature's bytes are cut off. */
static cv_status parse_body(struct cv_bytes body, bool judge, struct cv_member_key *m, struct cv_err *err)
{
    struct cv_cursor c = { .rest = body };
    const uint16_t suite = cv_cursor_u16(&c);
    const uint8_t flags = cv_cursor_u8(&c);
    struct cv_bytes sign = cv_cursor_field(&c), seal = cv_cursor_field(&c), age = cv_cursor_field(&c);
    if (c.bad || c.rest.n != 0 || sign.n != sizeof(m->sign) || age.n == 0 || age.n >= sizeof(m->age) ||
        flags > FLAG_TRAINING)
        return cv_fail(err, CV_ERR_FORMAT, "member line: not as it was printed; copy the whole line again");
    if (cv_key_set(&m->seal, suite, seal) != CV_OK)
        return cv_fail(err, CV_ERR_FORMAT, "member line: made by a newer casevault (suite %u)", suite);
    struct cv_age_recipient *check = NULL;
    memcpy(m->age, age.p, age.n);
    m->age[age.n] = '\0';
    cv_status st = judge ? cv_age_recipient_x25519(age, &check, err) : CV_OK;
    cv_age_recipient_free(check);
    if (st != CV_OK)
        return st;
    memcpy(m->sign, sign.p, sign.n);
    m->training = flags == FLAG_TRAINING;
    return name_member(m, body);
}

/* read_line(line, judge, out): whether its signature and its recipient are judged too. */
static cv_status read_line(struct cv_bytes line, bool judge, struct cv_member_key *out, struct cv_err *err)
{
    struct cv_buf raw = { 0 };
    struct cv_member_key m = { 0 };
    const size_t prefix = strlen(LINE_PREFIX), sign_prefix = strlen(SIGN_PREFIX);
    cv_status st = CV_ERR_INTERNAL;
    memset(out, 0, sizeof(*out));
    if (line.n <= prefix || line.n >= sizeof(m.line) || memcmp(line.p, LINE_PREFIX, prefix) != 0)
        return cv_fail(err, CV_ERR_FORMAT, "member line: does not begin with %s", LINE_PREFIX);
    st = cv_buf_str(&raw, SIGN_PREFIX);
    if (st == CV_OK)
        st = cv_base64_decode(CV_BASE64_URL, CV_BYTES(line.p + prefix, line.n - prefix), &raw);
    if (st == CV_OK && raw.n < sign_prefix + CV_ED25519_SIG_BYTES)
        st = CV_ERR_FORMAT;
    if (st != CV_OK) {
        st = cv_fail(err, st, "member line: cut short or mistyped; copy the whole line again");
        goto out;
    }
    const size_t body = raw.n - CV_ED25519_SIG_BYTES;
    st = parse_body(CV_BYTES(raw.p + sign_prefix, body - sign_prefix), judge, &m, err);
    if (st == CV_OK && judge && cv_ed25519_verify(m.sign, CV_BYTES(raw.p, body), raw.p + body) != CV_OK)
        st = cv_fail(err, CV_ERR_AUTH,
                     "member line: its signature does not verify; copy the whole line again");
    if (st == CV_OK) {
        memcpy(m.line, line.p, line.n);
        *out = m;
    }
out:
    cv_buf_free(&raw);
    return cv_err_note(err, st, "member line");
}

cv_status cv_member_parse(struct cv_bytes line, struct cv_member_key *out, struct cv_err *err)
{
    return read_line(line, true, out, err);
}

cv_status cv_member_read(struct cv_bytes line, struct cv_member_key *out, struct cv_err *err)
{
    return read_line(line, false, out, err);
}
