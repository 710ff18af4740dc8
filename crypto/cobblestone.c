#include "crypto/cobblestone.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/aead.h"
#include "crypto/hkdf.h"
#include "crypto/random.h"

#define SALT_BYTES 24
#define COMMITMENT_BYTES 32
#define CHUNKS_MAX ((uint64_t)1 << 38)

static const char label[] = "c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM"; /* its NUL is the separator */

struct cv_cobblestone {
    bool seal;
    cv_status failed; /* CV_OK while all is well */
    bool ended;
    struct cv_aead *aead; /* NULL in a reader until the header is in */
    uint8_t base_nonce[CV_AEAD_NONCE_BYTES];
    uint64_t chunk;
    struct cv_buf pending; /* less than one chunk (writer) or up to one sealed chunk (reader) */
    uint8_t key[CV_COBBLESTONE_KEY_BYTES]; /* reader: the input key, until the header is in */
    struct cv_buf context;                 /* reader: likewise */
};

uint64_t cv_cobblestone_sealed_bytes(uint64_t n)
{
    return CV_COBBLESTONE_HEADER_BYTES + n + (n / CV_COBBLESTONE_CHUNK_BYTES + 1) * CV_AEAD_TAG_BYTES;
}

/* key || base nonce || commitment, then the keyed AEAD */
static cv_status derive(struct cv_cobblestone *c, struct cv_bytes key, const uint8_t salt[static SALT_BYTES],
                        struct cv_bytes context, uint8_t commitment[static COMMITMENT_BYTES])
{
    uint8_t okm[CV_AEAD_KEY_BYTES + CV_AEAD_NONCE_BYTES + COMMITMENT_BYTES];
    uint8_t info[sizeof label + SALT_BYTES + CV_COBBLESTONE_CONTEXT_MAX];
    if (key.n != CV_COBBLESTONE_KEY_BYTES)
        return CV_ERR_ARG;
    if (context.n > CV_COBBLESTONE_CONTEXT_MAX)
        return CV_ERR_LIMIT;
    memcpy(info, label, sizeof label);
    memcpy(info + sizeof label, salt, SALT_BYTES);
    if (context.n > 0)
        memcpy(info + sizeof label + SALT_BYTES, context.p, context.n);
    cv_status st = cv_hkdf_expand(CV_HKDF_SHA512, key, CV_BYTES(info, sizeof label + SALT_BYTES + context.n),
                                  okm, sizeof okm);
    if (st == CV_OK)
        st = cv_aead_new(CV_AES_256_GCM, okm, c->seal, &c->aead);
    if (st == CV_OK) {
        memcpy(c->base_nonce, okm + CV_AEAD_KEY_BYTES, CV_AEAD_NONCE_BYTES);
        memcpy(commitment, okm + CV_AEAD_KEY_BYTES + CV_AEAD_NONCE_BYTES, COMMITMENT_BYTES);
    }
    cv_wipe(okm, sizeof okm);
    return st;
}

static cv_status chunk(struct cv_cobblestone *c, struct cv_bytes in, struct cv_buf *out)
{
    uint8_t nonce[CV_AEAD_NONCE_BYTES], *p = NULL;
    if (c->chunk >= CHUNKS_MAX)
        return CV_ERR_LIMIT;
    memcpy(nonce, c->base_nonce, sizeof nonce);
    for (int i = 0; i < 8; i++)
        nonce[CV_AEAD_NONCE_BYTES - 1 - i] ^= (uint8_t)(c->chunk >> (8 * i));
    c->chunk++;

    size_t before = out->n;
    if (!c->seal && in.n < CV_AEAD_TAG_BYTES)
        return CV_ERR_FORMAT;
    cv_status st = cv_buf_extend(out, c->seal ? in.n + CV_AEAD_TAG_BYTES : in.n - CV_AEAD_TAG_BYTES, &p);
    if (st == CV_OK)
        st = c->seal ? cv_aead_seal(c->aead, nonce, in, p) : cv_aead_open(c->aead, nonce, in, p);
    if (st != CV_OK)
        cv_buf_truncate(out, before);
    return st;
}

static cv_status make(bool seal, struct cv_cobblestone **out)
{
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return CV_ERR_NOMEM;
    (*out)->seal = seal;
    return CV_OK;
}

void cv_cobblestone_free(struct cv_cobblestone *c)
{
    if (c == NULL)
        return;
    cv_aead_free(c->aead);
    cv_buf_free(&c->pending);
    cv_buf_free(&c->context);
    cv_wipe(c, sizeof *c);
    free(c);
}

/* Every way out of a call goes through here, so that an error sticks. */
static cv_status settle(struct cv_cobblestone *c, cv_status st)
{
    if (st != CV_OK)
        c->failed = st;
    return st;
}

cv_status cv_cobblestone_writer(struct cv_bytes key, struct cv_bytes context, struct cv_buf *out,
                                struct cv_cobblestone **w)
{
    uint8_t header[CV_COBBLESTONE_HEADER_BYTES];
    cv_status st = make(true, w);
    if (st != CV_OK)
        return st;
    st = cv_random(header, SALT_BYTES);
    if (st == CV_OK)
        st = derive(*w, key, header, context, header + SALT_BYTES);
    if (st == CV_OK)
        st = cv_buf_append(out, CV_ARR(header));
    if (st != CV_OK) {
        cv_cobblestone_free(*w);
        *w = NULL;
    }
    return st;
}

/* Feed ${in} through c->pending in chunks of ${size} bytes; a full last chunk is worked off at once. */
static cv_status feed(struct cv_cobblestone *c, struct cv_bytes in, size_t size, struct cv_buf *out)
{
    cv_status st = CV_OK;
    while (st == CV_OK && in.n > 0) {
        if (c->pending.n == 0 && in.n >= size) { /* no need to copy a whole chunk */
            st = chunk(c, CV_BYTES(in.p, size), out);
            in = CV_BYTES(in.p + size, in.n - size);
            continue;
        }
        size_t take = size - c->pending.n < in.n ? size - c->pending.n : in.n;
        st = cv_buf_append(&c->pending, CV_BYTES(in.p, take));
        in = CV_BYTES(in.p + take, in.n - take);
        if (st == CV_OK && c->pending.n == size) {
            st = chunk(c, cv_buf_view(&c->pending), out);
            cv_buf_truncate(&c->pending, 0);
        }
    }
    return st;
}

cv_status cv_cobblestone_write(struct cv_cobblestone *w, struct cv_bytes plain, struct cv_buf *out)
{
    if (w->failed != CV_OK)
        return w->failed;
    if (!w->seal || w->ended)
        return settle(w, CV_ERR_ARG);
    return settle(w, feed(w, plain, CV_COBBLESTONE_CHUNK_BYTES, out));
}

static cv_status last_chunk(struct cv_cobblestone *c, struct cv_buf *out)
{
    c->ended = true;
    cv_status st = chunk(c, cv_buf_view(&c->pending), out);
    cv_buf_truncate(&c->pending, 0);
    return settle(c, st);
}

cv_status cv_cobblestone_finish(struct cv_cobblestone *w, struct cv_buf *out)
{
    if (w->failed != CV_OK)
        return w->failed;
    if (!w->seal || w->ended)
        return settle(w, CV_ERR_ARG);
    return last_chunk(w, out);
}

cv_status cv_cobblestone_reader(struct cv_bytes key, struct cv_bytes context, struct cv_cobblestone **r)
{
    *r = NULL;
    if (key.n != CV_COBBLESTONE_KEY_BYTES)
        return CV_ERR_ARG;
    cv_status st = make(false, r);
    if (st != CV_OK)
        return st;
    memcpy((*r)->key, key.p, key.n);
    st = cv_buf_append(&(*r)->context, context);
    if (st != CV_OK) {
        cv_cobblestone_free(*r);
        *r = NULL;
    }
    return st;
}

/* Collect the header; derive the key and check the commitment once it is whole. */
static cv_status read_header(struct cv_cobblestone *r, struct cv_bytes *in)
{
    uint8_t commitment[COMMITMENT_BYTES];
    if (in->n == 0)
        return CV_OK;
    size_t missing = CV_COBBLESTONE_HEADER_BYTES - r->pending.n;
    size_t take = missing < in->n ? missing : in->n;
    cv_status st = cv_buf_append(&r->pending, CV_BYTES(in->p, take));
    *in = CV_BYTES(in->p + take, in->n - take);
    if (st != CV_OK || r->pending.n < CV_COBBLESTONE_HEADER_BYTES)
        return st;
    st = derive(r, CV_ARR(r->key), r->pending.p, cv_buf_view(&r->context), commitment);
    if (st == CV_OK &&
        !cv_bytes_equal_ct(CV_ARR(commitment), CV_BYTES(r->pending.p + SALT_BYTES, COMMITMENT_BYTES)))
        st = CV_ERR_AUTH;
    cv_wipe(r->key, sizeof r->key);
    cv_buf_truncate(&r->pending, 0);
    return st;
}

cv_status cv_cobblestone_read(struct cv_cobblestone *r, struct cv_bytes sealed, struct cv_buf *out)
{
    if (r->failed != CV_OK)
        return r->failed;
    if (r->seal || r->ended)
        return settle(r, CV_ERR_ARG);
    cv_status st = CV_OK;
    if (r->aead == NULL)
        st = read_header(r, &sealed);
    if (st == CV_OK)
        st = feed(r, sealed, CV_COBBLESTONE_SEALED_CHUNK_BYTES, out);
    return settle(r, st);
}

cv_status cv_cobblestone_end(struct cv_cobblestone *r, struct cv_buf *out)
{
    if (r->failed != CV_OK)
        return r->failed;
    if (r->seal || r->ended)
        return settle(r, CV_ERR_ARG);
    /* What is pending is shorter than a full sealed chunk, as the last chunk must be. */
    if (r->aead == NULL)
        return settle(r, CV_ERR_FORMAT);
    return last_chunk(r, out);
}

cv_status cv_cobblestone_at(struct cv_cobblestone *r, uint64_t i, struct cv_bytes sealed, struct cv_buf *out)
{
    if (r->failed != CV_OK)
        return r->failed;
    if (r->seal || r->ended || r->aead == NULL || r->pending.n > 0 ||
        sealed.n > CV_COBBLESTONE_SEALED_CHUNK_BYTES)
        return CV_ERR_ARG;
    r->chunk = i;
    return chunk(r, sealed, out);
}

cv_status cv_cobblestone_seal(struct cv_bytes key, struct cv_bytes context, struct cv_bytes plain,
                              struct cv_buf *out)
{
    size_t before = out->n;
    struct cv_cobblestone *w = NULL;
    cv_status st = cv_buf_reserve(out, (size_t)cv_cobblestone_sealed_bytes(plain.n));
    if (st == CV_OK)
        st = cv_cobblestone_writer(key, context, out, &w);
    if (st == CV_OK)
        st = cv_cobblestone_write(w, plain, out);
    if (st == CV_OK)
        st = cv_cobblestone_finish(w, out);
    cv_cobblestone_free(w);
    if (st != CV_OK)
        cv_buf_truncate(out, before);
    return st;
}

cv_status cv_cobblestone_open(struct cv_bytes key, struct cv_bytes context, struct cv_bytes sealed,
                              struct cv_buf *out)
{
    size_t before = out->n;
    struct cv_cobblestone *r = NULL;
    cv_status st = cv_buf_reserve(out, sealed.n);
    if (st == CV_OK)
        st = cv_cobblestone_reader(key, context, &r);
    if (st == CV_OK)
        st = cv_cobblestone_read(r, sealed, out);
    if (st == CV_OK)
        st = cv_cobblestone_end(r, out);
    cv_cobblestone_free(r);
    if (st != CV_OK)
        cv_buf_truncate(out, before);
    return st;
}
