#include <stdlib.h>
#include <string.h>

#include "formats/base64.h"
#include "formats/sdjwt.h"
#include "formats/words.h"

#define DISCLOSURES_MAX 10000
#define DEPTH_MAX 24
#define SKEW_SECONDS 300

struct given {
    char digest[CV_SDJWT_DIGEST_BYTES];
    struct cv_json *value; /* the parsed array */
    bool used;
};

struct check {
    struct given *list; /* sorted by digest */
    size_t count;
    size_t values;                       /* in all disclosures: short texts can hold very many */
    char (*seen)[CV_SDJWT_DIGEST_BYTES]; /* every digest met in payload and disclosures */
    size_t seen_count, seen_room;
    struct cv_err *err;
};

static void check_free(struct check *c)
{
    for (size_t i = 0; i < c->count; i++)
        cv_json_free(c->list[i].value);
    free(c->list);
    free(c->seen);
}

static cv_status refuse(struct check *c, const char *what)
{
    return cv_fail(c->err, CV_ERR_FORMAT, "SD-JWT: %s", _(what));
}

static int by_digest(const void *a, const void *b)
{
    return strcmp(((const struct given *)a)->digest, ((const struct given *)b)->digest);
}

static int by_string(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* read_disclosure(c, text): section 7.1, step 3: parse, hash. */
static cv_status read_disclosure(struct check *c, struct cv_bytes text)
{
    struct cv_buf json = { 0 };
    struct given *g = &c->list[c->count];
    cv_status st = cv_sdjwt_digest(text, g->digest);
    if (st == CV_OK && cv_base64_decode(CV_BASE64_URL, text, &json) != CV_OK)
        st = refuse(c, "a disclosure is not base64url");
    st = CV_THEN(st, cv_json_parse(cv_buf_view(&json), CV_JWS_MAX_BYTES, "disclosure", &g->value, c->err));
    if (st == CV_OK)
        c->count++;
    c->values += cv_json_values(g->value);
    if (st == CV_OK && c->values > CV_JSON_VALUES_MAX)
        st = cv_fail(c->err, CV_ERR_LIMIT, "SD-JWT: more than %d values", CV_JSON_VALUES_MAX);
    const size_t n = cv_json_len(g->value);
    if (st == CV_OK && (!cv_json_is(g->value, CV_JSON_ARRAY) || (n != 2 && n != 3) ||
                        !cv_json_is(cv_json_at(g->value, 0), CV_JSON_STRING)))
        st = refuse(c, "a disclosure is not [salt, value] or [salt, name, value]");
    if (st == CV_OK && n == 3) {
        const char *name = cv_json_cstr(cv_json_at(g->value, 1));
        if (name == NULL || strcmp(name, "_sd") == 0 || strcmp(name, "...") == 0 ||
            strcmp(name, "_sd_alg") == 0)
            st = refuse(c, "a disclosure's name is not a string, or is reserved");
    }
    cv_buf_free(&json);
    return st;
}

/* split(c, presentation, jwt, binding): the parts between the tildes. */
static cv_status split(struct check *c, struct cv_bytes presentation, struct cv_bytes *jwt,
                       struct cv_bytes *binding)
{
    size_t tildes = 0, part = 0;
    for (size_t i = 0; i < presentation.n; i++)
        tildes += presentation.p[i] == '~';
    if (presentation.n > CV_JWS_MAX_BYTES || tildes > DISCLOSURES_MAX)
        return cv_fail(c->err, CV_ERR_LIMIT, "SD-JWT: over 16 MiB, or more than %d disclosures",
                       DISCLOSURES_MAX);
    if (tildes == 0)
        return refuse(c, "not a JWT, disclosures and ~");
    c->list = calloc(tildes + 1, sizeof(*c->list));
    if (c->list == NULL)
        return CV_ERR_NOMEM;
    struct cv_bytes rest = presentation;
    for (const uint8_t *t; rest.n > 0 && (t = memchr(rest.p, '~', rest.n)) != NULL; part++) {
        const struct cv_bytes piece = CV_BYTES(rest.p, (size_t)(t - rest.p));
        rest = CV_BYTES(t + 1, rest.n - piece.n - 1);
        if (part == 0) {
            *jwt = piece;
            continue;
        }
        cv_status st = read_disclosure(c, piece);
        if (st != CV_OK)
            return st;
    }
    *binding = rest;
    qsort(c->list, c->count, sizeof(*c->list), by_digest);
    for (size_t i = 1; i < c->count; i++)
        if (strcmp(c->list[i - 1].digest, c->list[i].digest) == 0)
            return refuse(c, "a disclosure stands twice");
    return CV_OK;
}

/* meet(c, digest): a digest met in the payload or a disclosure; ${out} its disclosure, if it was given. */
static cv_status meet(struct check *c, const struct cv_json *digest, struct given **out)
{
    const char *text = cv_json_cstr(digest);
    struct given key;
    *out = NULL;
    if (text == NULL || strlen(text) >= CV_SDJWT_DIGEST_BYTES)
        return refuse(c, "a digest is not base64url of a SHA-256");
    memset(&key, 0, sizeof(key));
    strcpy(key.digest, text);
    if (c->seen_count == c->seen_room) {
        const size_t room = c->seen_room == 0 ? 256 : 2 * c->seen_room;
        void *more = realloc(c->seen, room * sizeof(*c->seen));
        if (more == NULL)
            return CV_ERR_NOMEM;
        c->seen = more;
        c->seen_room = room;
    }
    memcpy(c->seen[c->seen_count++], key.digest, sizeof(key.digest));
    if (c->count > 0)
        *out = bsearch(&key, c->list, c->count, sizeof(key), by_digest);
    if (*out != NULL && (*out)->used)
        return refuse(c, "a digest stands twice");
    if (*out != NULL)
        (*out)->used = true;
    return CV_OK;
}

static cv_status process(struct check *c, const struct cv_json *v, unsigned depth, struct cv_json **out);

/* fill(c, sd, depth, object): the members that an _sd array's disclosures bring. */
static cv_status fill(struct check *c, const struct cv_json *sd, unsigned depth, struct cv_json *object)
{
    if (!cv_json_is(sd, CV_JSON_ARRAY))
        return refuse(c, "_sd is not an array");
    for (size_t i = 0; i < cv_json_len(sd); i++) {
        struct given *g = NULL;
        struct cv_json *value = NULL;
        cv_status st = meet(c, cv_json_at(sd, i), &g);
        if (st != CV_OK)
            return st;
        if (g == NULL)
            continue;
        if (cv_json_len(g->value) != 3)
            return refuse(c, "an element's disclosure stands where a member's belongs");
        const char *name = cv_json_cstr(cv_json_at(g->value, 1));
        if (cv_json_get(object, name) != NULL)
            return refuse(c, "a disclosure brings a member that is there already");
        st = process(c, cv_json_at(g->value, 2), depth, &value);
        st = CV_THEN(st, cv_json_set(object, name, value));
        if (st != CV_OK)
            return st;
    }
    return CV_OK;
}

static cv_status process_object(struct check *c, const struct cv_json *v, unsigned depth,
                                struct cv_json *object)
{
    const struct cv_json *sd = cv_json_get(v, "_sd");
    for (void *it = cv_json_first(v); it != NULL; it = cv_json_next(v, it)) {
        const char *name = cv_json_iter_name(it);
        struct cv_json *value = NULL;
        if (strcmp(name, "_sd") == 0 || (depth == 0 && strcmp(name, "_sd_alg") == 0))
            continue;
        if (strcmp(name, "...") == 0 || strcmp(name, "_sd_alg") == 0)
            return refuse(c, "a reserved name stands where it must not");
        cv_status st = process(c, cv_json_iter_value(it), depth + 1, &value);
        st = CV_THEN(st, cv_json_set(object, name, value));
        if (st != CV_OK)
            return st;
    }
    return sd != NULL ? fill(c, sd, depth + 1, object) : CV_OK;
}

static cv_status process_array(struct check *c, const struct cv_json *v, unsigned depth,
                               struct cv_json *array)
{
    for (size_t i = 0; i < cv_json_len(v); i++) {
        const struct cv_json *item = cv_json_at(v, i), *digest = cv_json_get(item, "...");
        struct given *g = NULL;
        struct cv_json *value = NULL;
        cv_status st = CV_OK;
        if (digest != NULL) {
            if (cv_json_len(item) != 1)
                return refuse(c, "an array's digest has company");
            st = meet(c, digest, &g);
            if (st == CV_OK && g == NULL)
                continue;
            if (st == CV_OK && cv_json_len(g->value) != 2)
                return refuse(c, "a member's disclosure stands where an element's belongs");
            item = g != NULL ? cv_json_at(g->value, 1) : NULL;
        }
        st = CV_THEN(st, process(c, item, depth + 1, &value));
        st = CV_THEN(st, cv_json_push(array, value));
        if (st != CV_OK)
            return st;
    }
    return CV_OK;
}

/* process(c, v, depth, out): section 7.1, step 3.c: digests give way to what was disclosed, and the rest
 * goes. */
static cv_status process(struct check *c, const struct cv_json *v, unsigned depth, struct cv_json **out)
{
    *out = NULL;
    if (depth > DEPTH_MAX)
        return cv_fail(c->err, CV_ERR_LIMIT, "SD-JWT: nested too deep");
    const enum cv_json_type type = cv_json_type(v);
    struct cv_json *made = type == CV_JSON_OBJECT  ? cv_json_object()
                           : type == CV_JSON_ARRAY ? cv_json_array()
                                                   : cv_json_copy(v);
    if (made == NULL)
        return CV_ERR_NOMEM;
    cv_status st = type == CV_JSON_OBJECT  ? process_object(c, v, depth, made)
                   : type == CV_JSON_ARRAY ? process_array(c, v, depth, made)
                                           : CV_OK;
    if (st == CV_OK)
        *out = made;
    else
        cv_json_free(made);
    return st;
}

/* all_used(c): no disclosure without a digest, and no digest twice, even of what was not disclosed. */
static cv_status all_used(struct check *c)
{
    for (size_t i = 0; i < c->count; i++)
        if (!c->list[i].used)
            return cv_fail(c->err, CV_ERR_AUTH, "SD-JWT: a disclosure is not one that the issuer signed");
    if (c->seen_count > 0)
        qsort(c->seen, c->seen_count, sizeof(*c->seen), by_string);
    for (size_t i = 1; i < c->seen_count; i++)
        if (strcmp(c->seen[i - 1], c->seen[i]) == 0)
            return refuse(c, "a digest stands twice");
    return CV_OK;
}

/* whole(o, name, out): an integer member, if it is there. */
static cv_status whole(struct check *c, const struct cv_json *o, const char *name, int64_t *out, bool *there)
{
    const struct cv_json *v = cv_json_get(o, name);
    *there = v != NULL;
    *out = cv_json_to_int(v);
    return v == NULL || cv_json_is(v, CV_JSON_INT) ? CV_OK : refuse(c, "a time is not a whole number");
}

static cv_status check_times(struct check *c, const struct cv_json *payload, int64_t now)
{
    int64_t t;
    bool there;
    cv_status st = whole(c, payload, "exp", &t, &there);
    if (st == CV_OK && there && t <= now)
        return cv_fail(c->err, CV_ERR_AUTH, "SD-JWT: it has expired");
    st = CV_THEN(st, whole(c, payload, "nbf", &t, &there));
    if (st == CV_OK && there && t > now + SKEW_SECONDS)
        return cv_fail(c->err, CV_ERR_AUTH, "SD-JWT: it is not valid yet");
    return CV_THEN(st, whole(c, payload, "iat", &t, &there));
}

static cv_status check_issuer(struct check *c, const struct cv_jws *jwt, const struct cv_sdjwt_rules *rules)
{
    uint8_t public[32];
    const struct cv_json *alg = cv_json_get(jwt->payload, "_sd_alg");
    const char *iss = cv_json_get_str(jwt->payload, "iss"), *kid = cv_json_get_str(jwt->header, "kid");
    if (alg != NULL && (cv_json_cstr(alg) == NULL || strcmp(cv_json_cstr(alg), "sha-256") != 0))
        return refuse(c, "_sd_alg is not sha-256");
    cv_status st = rules->issuer(rules->arg, iss, kid, public);
    if (st == CV_ERR_NOTFOUND)
        return cv_fail(c->err, CV_ERR_AUTH, "SD-JWT: its issuer is not one to be trusted here");
    st = CV_THEN(st, cv_jws_verify(jwt, public, "SD-JWT", c->err));
    return CV_THEN(st, check_times(c, jwt->payload, rules->now));
}

static bool text_is(const struct cv_json *o, const char *name, const char *want)
{
    const char *have = cv_json_get_str(o, name);
    return have != NULL && strcmp(have, want) == 0;
}

/* check_binding(c, ...): section 7.3. ${bound} is all that comes before the key-binding JWT. */
static cv_status check_binding(struct check *c, const struct cv_json *payload, struct cv_bytes bound,
                               struct cv_bytes binding, const struct cv_sdjwt_rules *rules)
{
    struct cv_jws kb = { 0 };
    uint8_t public[32];
    char digest[CV_SDJWT_DIGEST_BYTES];
    int64_t iat = 0;
    bool there = false;
    if (binding.n == 0)
        return rules->need_binding ? cv_fail(c->err, CV_ERR_AUTH, "SD-JWT: its key binding was taken away")
                                   : CV_OK;
    cv_status st = cv_jwk_okp_parse(cv_json_get(cv_json_get(payload, "cnf"), "jwk"), public, c->err);
    st = CV_THEN(st, cv_jws_parse(binding, "kb+jwt", &kb, c->err));
    st = CV_THEN(st, cv_jws_verify(&kb, public, "key binding", c->err));
    st = CV_THEN(st, cv_sdjwt_digest(bound, digest));
    st = CV_THEN(st, whole(c, kb.payload, "iat", &iat, &there));
    if (st == CV_OK && (!there || iat > rules->now + SKEW_SECONDS))
        st = cv_fail(c->err, CV_ERR_AUTH, "key binding: its time is missing or lies ahead");
    if (st == CV_OK && !text_is(kb.payload, "sd_hash", digest))
        st = cv_fail(c->err, CV_ERR_AUTH, "key binding: made for other disclosures");
    if (st == CV_OK &&
        (cv_json_get_str(kb.payload, "aud") == NULL || cv_json_get_str(kb.payload, "nonce") == NULL))
        st = refuse(c, "key binding without aud or nonce");
    if (st == CV_OK && rules->aud != NULL && !text_is(kb.payload, "aud", rules->aud))
        st = cv_fail(c->err, CV_ERR_AUTH, "key binding: made for another recipient");
    if (st == CV_OK && rules->nonce != NULL && !text_is(kb.payload, "nonce", rules->nonce))
        st = cv_fail(c->err, CV_ERR_AUTH, "key binding: made for another request (nonce)");
    cv_jws_free(&kb);
    return st;
}

cv_status cv_sdjwt_verify(struct cv_bytes presentation, const struct cv_sdjwt_rules *rules,
                          struct cv_json **claims, struct cv_err *err)
{
    struct check c = { .err = err };
    struct cv_bytes jwt_text = { 0 }, binding = { 0 };
    struct cv_jws jwt = { 0 };
    struct cv_json *made = NULL;
    *claims = NULL;
    cv_status st = split(&c, presentation, &jwt_text, &binding);
    st = CV_THEN(st, cv_jws_parse(jwt_text, rules->typ, &jwt, err));
    st = CV_THEN(st, check_issuer(&c, &jwt, rules));
    st = CV_THEN(st, process(&c, jwt.payload, 0, &made));
    st = CV_THEN(st, all_used(&c));
    st = CV_THEN(st, check_binding(&c, jwt.payload, CV_BYTES(presentation.p, presentation.n - binding.n),
                                   binding, rules));
    if (st == CV_OK) {
        *claims = made;
        made = NULL;
    }
    cv_json_free(made);
    cv_jws_free(&jwt);
    check_free(&c);
    return cv_err_note(err, st, "SD-JWT");
}
