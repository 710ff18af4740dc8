#include "formats/age.h"

#include <stdlib.h>
#include <string.h>

#include "formats/age_header.h"
#include "formats/age_keys.h"
#include "formats/age_payload.h"

struct cv_age {
    bool writing;
    bool ended;
    cv_status failed;                                /* CV_OK while all is well */
    const struct cv_age_identity *const *identities; /* reader: until the header is in */
    size_t count;
    struct cv_age_header header;
    struct cv_age_payload payload;
};

void cv_age_free(struct cv_age *a)
{
    if (a == NULL)
        return;
    cv_age_header_free(&a->header);
    cv_age_payload_free(&a->payload);
    free(a);
}

/* Every way out of a call goes through here, so that an error sticks. */
static cv_status settle(struct cv_age *a, cv_status st, struct cv_err *err)
{
    if (st != CV_OK)
        a->failed = st;
    return cv_err_note(err, st, cv_age_opened(a) || a->writing ? "age payload" : "age header");
}

/* A finished stream and one of the other direction take nothing more. */
static cv_status check(struct cv_age *a, bool writing, struct cv_err *err)
{
    if (a->failed != CV_OK)
        return cv_err_note(err, a->failed, "age file");
    return a->writing != writing || a->ended ? settle(a, CV_ERR_ARG, err) : CV_OK;
}

static cv_status start(struct cv_age *w, const struct cv_age_recipient *const *recipients, size_t count,
                       struct cv_buf *out, struct cv_err *err)
{
    struct cv_secret file_key = { 0 };
    if (count > CV_AGE_RECIPIENTS_MAX)
        return cv_fail(err, CV_ERR_LIMIT, "age file: more than %d recipients", CV_AGE_RECIPIENTS_MAX);
    struct cv_age_stanza *stanzas = calloc(count + 1, sizeof *stanzas);
    cv_status st = stanzas == NULL ? CV_ERR_NOMEM : CV_OK;
    st = CV_THEN(st, cv_secret_random(&file_key, CV_AGE_FILE_KEY_BYTES));
    st = CV_THEN(st, cv_age_keys_wrap(recipients, count, cv_secret_view(&file_key), stanzas, err));
    st = CV_THEN(st, cv_age_header_write(stanzas, count, cv_secret_view(&file_key), out));
    st = CV_THEN(st, cv_age_payload_writer(&w->payload, cv_secret_view(&file_key), out));
    cv_secret_free(&file_key);
    free(stanzas);
    return cv_err_note(err, st, "age file");
}

cv_status cv_age_writer(const struct cv_age_recipient *const *recipients, size_t count, struct cv_buf *out,
                        struct cv_age **w, struct cv_err *err)
{
    size_t before = out->n;
    *w = NULL;
    struct cv_age *a = calloc(1, sizeof *a);
    if (a == NULL)
        return cv_err_note(err, CV_ERR_NOMEM, "age file");
    a->writing = true;
    cv_status st = start(a, recipients, count, out, err);
    if (st == CV_OK) {
        *w = a;
        return CV_OK;
    }
    cv_buf_truncate(out, before);
    cv_age_free(a);
    return st;
}

cv_status cv_age_write(struct cv_age *w, struct cv_bytes plain, struct cv_buf *out, struct cv_err *err)
{
    cv_status st = check(w, true, err);
    return st == CV_OK ? settle(w, cv_age_payload_feed(&w->payload, plain, out), err) : st;
}

cv_status cv_age_finish(struct cv_age *w, struct cv_buf *out, struct cv_err *err)
{
    cv_status st = check(w, true, err);
    if (st != CV_OK)
        return st;
    w->ended = true;
    return settle(w, cv_age_payload_last(&w->payload, out), err);
}

cv_status cv_age_reader(const struct cv_age_identity *const *identities, size_t count, struct cv_age **r)
{
    *r = calloc(1, sizeof **r);
    if (*r == NULL)
        return CV_ERR_NOMEM;
    (*r)->identities = identities;
    (*r)->count = count;
    return CV_OK;
}

bool cv_age_opened(const struct cv_age *r)
{
    return !r->writing && r->payload.aead != NULL;
}

/* Take the header from the front of ${file}; once it is whole, unwrap and verify. */
static cv_status read_header(struct cv_age *r, struct cv_bytes *file, struct cv_err *err)
{
    struct cv_secret file_key = { 0 };
    cv_status st = cv_age_header_read(&r->header, file, err);
    if (st != CV_OK || r->header.state != CV_AGE_AT_PAYLOAD)
        return st;
    st = cv_age_keys_unwrap(r->identities, r->count, &r->header, &file_key, err);
    if (st == CV_OK) {
        st = cv_age_header_verify(&r->header, cv_secret_view(&file_key));
        if (st == CV_ERR_AUTH)
            st = cv_fail(err, st, "age header: it was altered after it was written");
    }
    if (st == CV_OK)
        cv_age_payload_reader(&r->payload, &file_key);
    cv_secret_free(&file_key);
    return st;
}

cv_status cv_age_read(struct cv_age *r, struct cv_bytes file, struct cv_buf *out, struct cv_err *err)
{
    cv_status st = check(r, false, err);
    if (st != CV_OK)
        return st;
    if (r->header.state != CV_AGE_AT_PAYLOAD)
        st = read_header(r, &file, err);
    if (st == CV_OK && r->header.state == CV_AGE_AT_PAYLOAD)
        st = cv_age_payload_feed(&r->payload, file, out);
    return settle(r, st, err);
}

cv_status cv_age_end(struct cv_age *r, struct cv_buf *out, struct cv_err *err)
{
    cv_status st = check(r, false, err);
    if (st != CV_OK)
        return st;
    r->ended = true;
    if (!cv_age_opened(r))
        return settle(r, cv_fail(err, CV_ERR_FORMAT, "age header: the file is cut off before its payload"),
                      err);
    return settle(r, cv_age_payload_last(&r->payload, out), err);
}

/* An upper bound for what ${n} bytes become. */
static size_t sealed_bytes(size_t n)
{
    return n + (n / CV_AGE_CHUNK_BYTES + 1) * CV_AEAD_TAG_BYTES;
}

cv_status cv_age_encrypt(const struct cv_age_recipient *const *recipients, size_t count,
                         struct cv_bytes plain, struct cv_buf *out, struct cv_err *err)
{
    size_t before = out->n;
    struct cv_age *w = NULL;
    cv_status st = cv_age_writer(recipients, count, out, &w, err);
    st = CV_THEN(st, plain.n > CV_BUF_MAX ? CV_ERR_LIMIT : cv_buf_reserve(out, sealed_bytes(plain.n)));
    st = CV_THEN(st, cv_age_write(w, plain, out, err));
    st = CV_THEN(st, cv_age_finish(w, out, err));
    cv_age_free(w);
    if (st != CV_OK)
        cv_buf_truncate(out, before);
    return cv_err_note(err, st, "age file");
}

/* The payload, all in hand: its length tells that of the plaintext before anything is decrypted. */
static cv_status decrypt_payload(struct cv_age *r, struct cv_bytes payload, size_t max_plain,
                                 struct cv_buf *out, struct cv_err *err)
{
    size_t n = 0;
    cv_status st = cv_age_payload_bytes(payload.n, &n);
    if (st == CV_ERR_FORMAT)
        return cv_fail(err, st, "age file: it is cut off before its payload");
    if (st == CV_OK && n > max_plain)
        return cv_fail(err, CV_ERR_LIMIT, "age file: it holds more than %zu bytes", max_plain);
    st = CV_THEN(st, cv_buf_reserve(out, n));
    st = CV_THEN(st, cv_age_payload_feed(&r->payload, payload, out));
    return CV_THEN(st, cv_age_payload_last(&r->payload, out));
}

cv_status cv_age_decrypt(const struct cv_age_identity *const *identities, size_t count, struct cv_bytes file,
                         size_t max_plain, struct cv_buf *out, struct cv_err *err)
{
    size_t before = out->n;
    struct cv_age *r = NULL;
    cv_status st = cv_age_reader(identities, count, &r);
    st = CV_THEN(st, read_header(r, &file, err));
    if (st == CV_OK && r->header.state != CV_AGE_AT_PAYLOAD)
        st = cv_fail(err, CV_ERR_FORMAT, "age header: the file is cut off in it");
    st = CV_THEN(st, decrypt_payload(r, file, max_plain, out, err));
    cv_age_free(r);
    if (st != CV_OK)
        cv_buf_truncate(out, before);
    return cv_err_note(err, st, "age payload");
}
