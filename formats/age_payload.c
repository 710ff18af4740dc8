#include "formats/age_payload.h"

#include <string.h>

#include "crypto/hkdf.h"
#include "crypto/random.h"

void cv_age_payload_free(struct cv_age_payload *p)
{
    cv_aead_free(p->aead);
    cv_buf_free(&p->pending);
    cv_secret_free(&p->file_key);
    *p = (struct cv_age_payload){ 0 };
}

cv_status cv_age_payload_bytes(size_t n, size_t *out)
{
    *out = 0;
    if (n < CV_AGE_NONCE_BYTES)
        return CV_ERR_FORMAT;
    n -= CV_AGE_NONCE_BYTES;
    size_t full = n / CV_AGE_SEALED_CHUNK_BYTES, rest = n % CV_AGE_SEALED_CHUNK_BYTES;
    if (rest > 0 && rest < CV_AEAD_TAG_BYTES)
        return CV_ERR_AUTH;
    *out = full * CV_AGE_CHUNK_BYTES + (rest > 0 ? rest - CV_AEAD_TAG_BYTES : 0);
    return CV_OK;
}

static cv_status set_key(struct cv_age_payload *p, struct cv_bytes file_key, struct cv_bytes nonce)
{
    uint8_t key[CV_AEAD_KEY_BYTES];
    cv_status st = cv_hkdf(CV_HKDF_SHA256, nonce, file_key, CV_LIT("payload"), key, sizeof key);
    st = CV_THEN(st, cv_aead_new(CV_CHACHA20_POLY1305, key, p->seal, &p->aead));
    cv_wipe(key, sizeof key);
    return st;
}

cv_status cv_age_payload_writer(struct cv_age_payload *p, struct cv_bytes file_key, struct cv_buf *out)
{
    uint8_t nonce[CV_AGE_NONCE_BYTES];
    p->seal = true;
    cv_status st = cv_random(nonce, sizeof nonce);
    st = CV_THEN(st, set_key(p, file_key, CV_ARR(nonce)));
    return CV_THEN(st, cv_buf_append(out, CV_ARR(nonce)));
}

void cv_age_payload_reader(struct cv_age_payload *p, struct cv_secret *file_key)
{
    p->seal = false;
    p->file_key = *file_key;
    *file_key = (struct cv_secret){ 0 };
}

static cv_status take_nonce(struct cv_age_payload *p, struct cv_bytes *in)
{
    size_t left = CV_AGE_NONCE_BYTES - p->pending.n, take = left < in->n ? left : in->n;
    cv_status st = cv_buf_append(&p->pending, CV_BYTES(in->p, take));
    *in = CV_BYTES(in->p + take, in->n - take);
    if (st != CV_OK || p->pending.n < CV_AGE_NONCE_BYTES)
        return st;
    st = set_key(p, cv_secret_view(&p->file_key), cv_buf_view(&p->pending));
    cv_secret_free(&p->file_key);
    cv_buf_truncate(&p->pending, 0);
    return st;
}

static cv_status chunk(struct cv_age_payload *p, struct cv_bytes in, bool last, struct cv_buf *out)
{
    uint8_t nonce[CV_AEAD_NONCE_BYTES] = { 0 }, *o = NULL;
    size_t before = out->n;
    cv_store_u64(nonce + 3, p->chunk);
    nonce[CV_AEAD_NONCE_BYTES - 1] = last ? 1 : 0;
    if (p->chunk == UINT64_MAX)
        return CV_ERR_LIMIT;
    cv_status st = cv_buf_extend(out, p->seal ? in.n + CV_AEAD_TAG_BYTES : in.n - CV_AEAD_TAG_BYTES, &o);
    if (st == CV_OK)
        st = p->seal ? cv_aead_seal(p->aead, nonce, in, o) : cv_aead_open(p->aead, nonce, in, o);
    if (st == CV_OK)
        p->chunk++;
    else
        cv_buf_truncate(out, before);
    return st;
}

/* A chunk of full size. When writing, more is known to follow it. When reading, it may turn out to be the
 * last. */
static cv_status full_chunk(struct cv_age_payload *p, struct cv_bytes in, struct cv_buf *out)
{
    if (p->ended)
        return CV_ERR_AUTH; /* something follows the last chunk */
    cv_status st = chunk(p, in, false, out);
    if (p->seal || st != CV_ERR_AUTH)
        return st;
    st = chunk(p, in, true, out);
    p->ended = st == CV_OK;
    return st;
}

cv_status cv_age_payload_feed(struct cv_age_payload *p, struct cv_bytes in, struct cv_buf *out)
{
    const size_t size = p->seal ? CV_AGE_CHUNK_BYTES : CV_AGE_SEALED_CHUNK_BYTES;
    cv_status st = CV_OK;
    if (p->aead == NULL && in.n > 0)
        st = take_nonce(p, &in);
    while (st == CV_OK && in.n > 0) {
        if (p->pending.n == size) {
            st = full_chunk(p, cv_buf_view(&p->pending), out);
            cv_buf_truncate(&p->pending, 0);
        } else if (p->pending.n == 0 &&
                   (in.n > size || (in.n == size && !p->seal))) { /* no need to copy it */
            st = full_chunk(p, CV_BYTES(in.p, size), out);
            in = CV_BYTES(in.p + size, in.n - size);
        } else {
            size_t room = size - p->pending.n, take = room < in.n ? room : in.n;
            st = cv_buf_append(&p->pending, CV_BYTES(in.p, take));
            in = CV_BYTES(in.p + take, in.n - take);
        }
    }
    /* A reader need not wait: a full chunk is opened at once. */
    if (st == CV_OK && !p->seal && p->pending.n == size) {
        st = full_chunk(p, cv_buf_view(&p->pending), out);
        cv_buf_truncate(&p->pending, 0);
    }
    return st;
}

cv_status cv_age_payload_last(struct cv_age_payload *p, struct cv_buf *out)
{
    if (p->aead == NULL)
        return CV_ERR_FORMAT;
    if (p->ended)
        return p->pending.n == 0 ? CV_OK : CV_ERR_AUTH;
    /* Only an empty payload ends with an empty chunk; what is shorter than a tag was cut off. */
    size_t n = p->pending.n;
    if (!p->seal && (n < CV_AEAD_TAG_BYTES || (n == CV_AEAD_TAG_BYTES && p->chunk > 0)))
        return CV_ERR_AUTH;
    cv_status st = chunk(p, cv_buf_view(&p->pending), true, out);
    p->ended = st == CV_OK;
    cv_buf_truncate(&p->pending, 0);
    return st;
}
