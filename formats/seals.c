#include "formats/seals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hpke.h"
#include "formats/base64.h"

#define SEALS_MAX_BYTES ((size_t)16 << 20)
#define BATCH_MAX_BYTES ((size_t)1 << 20)
#define SEALED_MAX 65536

static cv_status field_number(struct cv_buf *out, uint64_t n)
{
    char text[24];
    const int len = snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
    return cv_buf_field(out, CV_BYTES(text, (size_t)len));
}

cv_status cv_seal_info(uint16_t suite, const uint8_t vault_id[static CV_VAULT_ID_BYTES],
                       const struct cv_seal *seal, struct cv_buf *out)
{
    cv_status st = cv_buf_str(out, "casevault/1/hpke");
    st = CV_THEN(st, field_number(out, suite));
    st = CV_THEN(st, cv_buf_field(out, CV_BYTES(vault_id, CV_VAULT_ID_BYTES)));
    st = CV_THEN(st, cv_buf_field(out, CV_LIT("secret")));
    st = CV_THEN(st, cv_buf_field(out, cv_bytes_str(seal->to_kind)));
    st = CV_THEN(st, cv_buf_field(out, cv_bytes_str(seal->to)));
    st = CV_THEN(st, field_number(out, seal->to_epoch));
    st = CV_THEN(st, cv_buf_field(out, cv_bytes_str(seal->of_kind)));
    st = CV_THEN(st, cv_buf_field(out, cv_bytes_str(seal->of)));
    return CV_THEN(st, field_number(out, seal->of_epoch));
}

/* ---- seals ---- */

static cv_status write_seal(const struct cv_seal *s, struct cv_json *o)
{
    cv_status st = cv_json_set(o, "to", cv_json_str(s->to_kind));
    st = CV_THEN(st, cv_json_set(o, "id", cv_json_str(s->to)));
    st = CV_THEN(st, cv_json_set(o, "epoch", cv_json_int(s->to_epoch)));
    st = CV_THEN(st, cv_json_set(o, "of", cv_json_str(s->of_kind)));
    st = CV_THEN(st, cv_json_set(o, "name", cv_json_str(s->of)));
    st = CV_THEN(st, cv_json_set(o, "of_epoch", cv_json_int(s->of_epoch)));
    return CV_THEN(st, cv_json_set(o, "sealed", cv_json_b64u(s->sealed)));
}

cv_status cv_seals_write(const struct cv_seals *s, struct cv_buf *out)
{
    struct cv_json *doc = cv_json_object(), *list = cv_json_array();
    cv_status st = cv_json_set(doc, "casevault", cv_json_str("seals v1"));
    st = CV_THEN(st, cv_json_set(doc, "policy", cv_json_int((int64_t)s->policy)));
    st = CV_THEN(st, cv_json_set(doc, "seals", cv_json_ref(list)));
    for (size_t i = 0; i < s->count && st == CV_OK; i++) {
        struct cv_json *o = cv_json_object();
        st = cv_json_push(list, o);
        st = CV_THEN(st, write_seal(&s->seals[i], o));
    }
    st = CV_THEN(st, cv_json_write(doc, out));
    cv_json_free(list);
    cv_json_free(doc);
    return st;
}

/* read_word(o, name, out, room): a short name; false if it is not one. */
static bool read_word(const struct cv_json *o, const char *name, char *out, size_t room)
{
    struct cv_bytes text = cv_json_text(cv_json_get(o, name));
    if (text.n == 0 || text.n >= room)
        return false;
    memcpy(out, text.p, text.n);
    out[text.n] = '\0';
    return true;
}

static bool read_epoch(const struct cv_json *o, const char *name, uint32_t *out)
{
    const struct cv_json *v = cv_json_get(o, name);
    const int64_t n = cv_json_to_int(v);
    if (!cv_json_is(v, CV_JSON_INT) || n < 0 || n > INT32_MAX)
        return false;
    *out = (uint32_t)n;
    return true;
}

/* read_sealed(o, bytes, at): decode "sealed" to the end of ${bytes}; the view is made when ${bytes} no longer
 * moves. */
static cv_status read_sealed(const struct cv_json *o, struct cv_buf *bytes, struct cv_bytes *out)
{
    const size_t start = bytes->n;
    cv_status st = cv_base64_decode(CV_BASE64_URL, cv_json_text(cv_json_get(o, "sealed")), bytes);
    if (st == CV_OK && (bytes->n == start || bytes->n - start > SEALED_MAX))
        st = CV_ERR_FORMAT;
    out->p = NULL;
    out->n = bytes->n - start;
    return st;
}

static cv_status read_seal(const struct cv_json *o, struct cv_buf *bytes, struct cv_seal *s)
{
    static const char *const names[] = { "to", "id", "epoch", "of", "name", "of_epoch", "sealed", NULL };
    if (cv_json_only(o, names, "seals", NULL) != CV_OK ||
        !read_word(o, "to", s->to_kind, sizeof(s->to_kind)) || !read_word(o, "id", s->to, sizeof(s->to)) ||
        !read_epoch(o, "epoch", &s->to_epoch) || !read_word(o, "of", s->of_kind, sizeof(s->of_kind)) ||
        !read_word(o, "name", s->of, sizeof(s->of)) || !read_epoch(o, "of_epoch", &s->of_epoch))
        return CV_ERR_FORMAT;
    return read_sealed(o, bytes, &s->sealed);
}

cv_status cv_seals_parse(struct cv_bytes data, struct cv_seals *out, struct cv_err *err)
{
    static const char *const names[] = { "casevault", "policy", "seals", NULL };
    struct cv_json *doc = NULL;
    struct cv_seals s = { 0 };
    memset(out, 0, sizeof(*out));
    cv_status st = cv_json_parse(data, SEALS_MAX_BYTES, "seals entry", &doc, err);
    st = CV_THEN(st, cv_json_only(doc, names, "seals entry", err));
    const struct cv_json *list = cv_json_get(doc, "seals");
    const char *title = cv_json_get_str(doc, "casevault");
    if (st == CV_OK &&
        (title == NULL || strcmp(title, "seals v1") != 0 || cv_json_get_int(doc, "policy") < 1 ||
         !cv_json_is(list, CV_JSON_ARRAY) || cv_json_len(list) == 0))
        st = cv_fail(err, CV_ERR_FORMAT, "seals entry: not one of version 1");
    if (st == CV_OK && (s.seals = calloc(cv_json_len(list), sizeof(*s.seals))) == NULL)
        st = CV_ERR_NOMEM;
    s.policy = (uint64_t)cv_json_get_int(doc, "policy");
    for (size_t i = 0; st == CV_OK && i < cv_json_len(list); i++, s.count++)
        if ((st = read_seal(cv_json_at(list, i), &s.bytes, &s.seals[i])) != CV_OK)
            st = cv_fail(err, st, "seals entry: seal %zu is not well formed", i);
    size_t at = 0;
    for (size_t i = 0; st == CV_OK && i < s.count; at += s.seals[i].sealed.n, i++)
        s.seals[i].sealed.p = s.bytes.p + at;
    if (st == CV_OK) {
        *out = s;
        memset(&s, 0, sizeof(s));
    }
    cv_seals_free(&s);
    cv_json_free(doc);
    return cv_err_note(err, st, "seals entry");
}

void cv_seals_free(struct cv_seals *s)
{
    if (s == NULL)
        return;
    free(s->seals);
    cv_buf_free(&s->bytes);
    memset(s, 0, sizeof(*s));
}

/* ---- batch keys ---- */

cv_status cv_batch_write(const struct cv_batch *b, struct cv_buf *out)
{
    struct cv_json *doc = cv_json_object(), *list = cv_json_array();
    cv_status st = cv_json_set(doc, "casevault", cv_json_str("batch keys v1"));
    st = CV_THEN(st, cv_json_set(doc, "policy", cv_json_int((int64_t)b->policy)));
    st = CV_THEN(st, cv_json_set(doc, "id", cv_json_b64u(CV_ARR(b->id))));
    st = CV_THEN(st, cv_json_set(doc, "keys", cv_json_ref(list)));
    for (size_t i = 0; i < b->count && st == CV_OK; i++) {
        struct cv_json *o = cv_json_object();
        st = cv_json_push(list, o);
        st = CV_THEN(st, cv_json_set(o, "section", cv_json_str(b->keys[i].section)));
        st = CV_THEN(st, cv_json_set(o, "epoch", cv_json_int(b->keys[i].epoch)));
        st = CV_THEN(st, cv_json_set(o, "sealed", cv_json_b64u(b->keys[i].sealed)));
    }
    st = CV_THEN(st, cv_json_write(doc, out));
    cv_json_free(list);
    cv_json_free(doc);
    return st;
}

static cv_status read_batch_key(const struct cv_json *o, struct cv_buf *bytes, struct cv_batch_key *k)
{
    static const char *const names[] = { "section", "epoch", "sealed", NULL };
    if (cv_json_only(o, names, "batch keys", NULL) != CV_OK ||
        !read_word(o, "section", k->section, sizeof(k->section)) || !read_epoch(o, "epoch", &k->epoch))
        return CV_ERR_FORMAT;
    return read_sealed(o, bytes, &k->sealed);
}

cv_status cv_batch_parse(struct cv_bytes data, struct cv_batch *out, struct cv_err *err)
{
    static const char *const names[] = { "casevault", "policy", "id", "keys", NULL };
    struct cv_json *doc = NULL;
    memset(out, 0, sizeof(*out));
    cv_status st = cv_json_parse(data, BATCH_MAX_BYTES, "batch-keys entry", &doc, err);
    st = CV_THEN(st, cv_json_only(doc, names, "batch-keys entry", err));
    const struct cv_json *list = cv_json_get(doc, "keys");
    const char *title = cv_json_get_str(doc, "casevault");
    if (st == CV_OK &&
        (title == NULL || strcmp(title, "batch keys v1") != 0 || cv_json_get_int(doc, "policy") < 1 ||
         cv_json_get_bytes(doc, "id", out->id, sizeof(out->id)) != CV_OK ||
         !cv_json_is(list, CV_JSON_ARRAY) || cv_json_len(list) == 0 ||
         cv_json_len(list) > CV_POLICY_SECTIONS_MAX))
        st = cv_fail(err, CV_ERR_FORMAT, "batch-keys entry: not one of version 1");
    out->policy = (uint64_t)cv_json_get_int(doc, "policy");
    for (size_t i = 0; st == CV_OK && i < cv_json_len(list); i++, out->count++)
        if ((st = read_batch_key(cv_json_at(list, i), &out->bytes, &out->keys[i])) != CV_OK)
            st = cv_fail(err, st, "batch-keys entry: key %zu is not well formed", i);
    size_t at = 0;
    for (size_t i = 0; st == CV_OK && i < out->count; at += out->keys[i].sealed.n, i++)
        out->keys[i].sealed.p = out->bytes.p + at;
    if (st != CV_OK)
        cv_batch_free(out);
    cv_json_free(doc);
    return cv_err_note(err, st, "batch-keys entry");
}

void cv_batch_free(struct cv_batch *b)
{
    if (b == NULL)
        return;
    cv_buf_free(&b->bytes);
    memset(b, 0, sizeof(*b));
}

void cv_batch_seal(const struct cv_batch *b, const struct cv_batch_key *key, struct cv_seal *out)
{
    memset(out, 0, sizeof(*out));
    snprintf(out->to_kind, sizeof(out->to_kind), "section");
    snprintf(out->to, sizeof(out->to), "%s", key->section);
    out->to_epoch = key->epoch;
    snprintf(out->of_kind, sizeof(out->of_kind), "batch");
    for (size_t i = 0; i < CV_BATCH_ID_BYTES; i++)
        snprintf(out->of + 2 * i, 3, "%02x", b->id[i]);
    out->sealed = key->sealed;
}
