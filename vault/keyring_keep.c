#include <string.h>

#include "crypto/cobblestone.h"
#include "vault/keyring.h"

#define CONTEXT "casevault/1/ring"
#define RING_MAX ((size_t)1 << 18)

/* ring_key(c, id, out): as keys of other derived files. */
static cv_status ring_key(struct cv_custody *c, const struct cv_identity *id, struct cv_secret *out)
{
    struct cv_secret slot = { 0 };
    struct cv_buf info = { 0 };
    cv_status st = cv_release_get(&c->release, 0, &slot, NULL);
    st = CV_THEN(st, cv_buf_str(&info, "ring"));
    st = CV_THEN(st, cv_buf_append(&info, CV_ARR(c->chain.policy->vault_id)));
    st = CV_THEN(st, cv_identity_derive(id, cv_secret_view(&slot), cv_buf_view(&info), out));
    cv_secret_free(&slot);
    cv_buf_free(&info);
    return st;
}

/* take_word(cursor, out, room): a name; bad if it is none. */
static void take_word(struct cv_cursor *c, char *out, size_t room)
{
    const struct cv_bytes word = cv_cursor_field(c);
    c->bad = c->bad || word.n == 0 || word.n >= room;
    memset(out, 0, room);
    if (!c->bad)
        memcpy(out, word.p, word.n);
}

/* read_ring(k, text): every secret in it is taken over. */
static cv_status read_ring(struct cv_keyring *k, struct cv_bytes text)
{
    struct cv_cursor c = { .rest = text };
    cv_status st = CV_OK;
    while (c.rest.n > 0 && st == CV_OK) {
        struct cv_held h;
        struct cv_secret secret = { 0 };
        take_word(&c, h.kind, sizeof(h.kind));
        take_word(&c, h.name, sizeof(h.name));
        h.epoch = cv_cursor_u32(&c);
        h.suite = cv_cursor_u16(&c);
        const struct cv_bytes bytes = cv_cursor_field(&c);
        st = c.bad || bytes.n == 0 ? CV_ERR_FORMAT : cv_secret_copy(&secret, bytes);
        st =
            CV_THEN(st, cv_keyring_hold(k, &(struct cv_object){ h.kind, h.name, h.epoch }, h.suite, &secret));
        cv_secret_free(&secret);
    }
    return st;
}

cv_status cv_keyring_recall(struct cv_keyring *k, struct cv_custody *c, const struct cv_identity *id)
{
    struct cv_secret key = { 0 };
    struct cv_buf sealed = { .max = RING_MAX }, text = { .max = RING_MAX };
    cv_status st = cv_catalog_ring(cv_custody_catalog(c), id->public.pseudonym, c->chain.policy->number,
                                   c->counts[CV_KIND_SEALS], &sealed, NULL);
    st = CV_THEN(st, ring_key(c, id, &key));
    st = CV_THEN(st, cv_cobblestone_open(cv_secret_view(&key), CV_LIT(CONTEXT), cv_buf_view(&sealed), &text));
    st = CV_THEN(st, read_ring(k, cv_buf_view(&text)));
    cv_secret_free(&key);
    cv_buf_free(&sealed);
    cv_buf_free(&text);
    return st;
}

static cv_status write_held(const struct cv_held *h, struct cv_buf *out)
{
    cv_status st = cv_buf_field(out, cv_bytes_str(h->kind));
    st = CV_THEN(st, cv_buf_field(out, cv_bytes_str(h->name)));
    st = CV_THEN(st, cv_buf_u32(out, h->epoch));
    st = CV_THEN(st, cv_buf_u16(out, h->suite));
    return CV_THEN(st, cv_buf_field(out, cv_secret_view(&h->secret)));
}

void cv_keyring_keep(struct cv_keyring *k, struct cv_custody *c, const struct cv_identity *id)
{
    struct cv_secret key = { 0 };
    struct cv_buf sealed = { .max = RING_MAX }, text = { .max = RING_MAX };
    const struct cv_held *h;
    cv_status st = CV_OK;
    for (size_t i = 0; st == CV_OK && (h = cv_keyring_held(k, i)) != NULL; i++)
        st = write_held(h, &text);
    st = CV_THEN(st, ring_key(c, id, &key));
    st = CV_THEN(st, cv_cobblestone_seal(cv_secret_view(&key), CV_LIT(CONTEXT), cv_buf_view(&text), &sealed));
    st = CV_THEN(st, cv_catalog_set_ring(cv_custody_catalog(c), id->public.pseudonym, c->chain.policy->number,
                                         c->counts[CV_KIND_SEALS], cv_buf_view(&sealed), NULL));
    (void)st; /* without it, the next command opens the seals again */
    cv_secret_free(&key);
    cv_buf_free(&sealed);
    cv_buf_free(&text);
}
