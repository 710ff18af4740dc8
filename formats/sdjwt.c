#include "formats/sdjwt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "formats/base64.h"

#define POINTER_MAX 512
#define MEMBERS_MAX 4096
#define SALT_BYTES 16

/* Texts stand one after another in buffers of all of them: a record has a hundred small ones. */
struct disclosure {
    size_t pointer, pointer_n; /* in names; a NUL follows */
    size_t text, text_n;       /* in texts: base64url, as it stands in a presentation */
    char digest[CV_SDJWT_DIGEST_BYTES];
    size_t parent; /* its index, or NO_PARENT; it follows its parent, and what lies inside it follows it */
};
#define NO_PARENT SIZE_MAX

/* A stack of digests, fixed-size strings: those of a list lie above those of what the list lies in. */
struct digests {
    char (*d)[CV_SDJWT_DIGEST_BYTES];
    size_t n, room;
};

struct cv_sdjwt {
    struct disclosure *list;
    size_t count, room;
    struct cv_buf names, texts, payload, jwt;
    /* while building */
    const struct cv_sdjwt_plan *plan;
    struct cv_buf json; /* a stack: what a disclosure says, above that in which it lies */
    struct digests set;
};

static const char *pointer_of(const struct cv_sdjwt *s, const struct disclosure *d)
{
    return (const char *)s->names.p + d->pointer;
}

static struct cv_bytes text_of(const struct cv_sdjwt *s, const struct disclosure *d)
{
    return CV_BYTES(s->texts.p + d->text, d->text_n);
}

cv_status cv_sdjwt_digest(struct cv_bytes text, char out[static CV_SDJWT_DIGEST_BYTES])
{
    uint8_t hash[CV_SHA256_BYTES];
    cv_status st = cv_sha256(text, hash);
    if (st == CV_OK)
        cv_base64_url32(hash, out);
    return st;
}

void cv_sdjwt_free(struct cv_sdjwt *s)
{
    if (s == NULL)
        return;
    free(s->list);
    free(s->set.d);
    cv_buf_free(&s->names);
    cv_buf_free(&s->texts);
    cv_buf_free(&s->json);
    cv_buf_free(&s->payload);
    cv_buf_free(&s->jwt);
    free(s);
}

/* add(s, pointer, parent, out): a new, empty disclosure; its index. */
static cv_status add(struct cv_sdjwt *s, const char *pointer, size_t parent, size_t *out)
{
    if (s->count == s->room) {
        const size_t room = s->room == 0 ? 64 : 2 * s->room;
        struct disclosure *more = realloc(s->list, room * sizeof(*more));
        if (more == NULL)
            return CV_ERR_NOMEM;
        s->list = more;
        s->room = room;
    }
    struct disclosure *d = &s->list[s->count];
    *d = (struct disclosure){ .pointer = s->names.n, .pointer_n = strlen(pointer), .parent = parent };
    *out = s->count++;
    return cv_buf_append(&s->names, CV_BYTES(pointer, d->pointer_n + 1));
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static cv_status push_digest(struct digests *set, const char *digest)
{
    if (set->n == set->room) {
        const size_t room = set->room == 0 ? 64 : 2 * set->room;
        void *more = realloc(set->d, room * sizeof(*set->d));
        if (more == NULL)
            return CV_ERR_NOMEM;
        set->d = more;
        set->room = room;
    }
    memcpy(set->d[set->n++], digest, CV_SDJWT_DIGEST_BYTES);
    return CV_OK;
}

/* push_decoys(s, pointer, from): what the plan adds to the list whose digests begin at ${from}. */
static cv_status push_decoys(struct cv_sdjwt *s, const char *pointer, size_t from)
{
    struct cv_buf raw = { 0 };
    char text[CV_SDJWT_DIGEST_BYTES];
    cv_status st = s->plan->decoys(s->plan->arg, pointer, s->set.n - from, &raw);
    for (size_t i = 0; i + CV_SHA256_BYTES <= raw.n && st == CV_OK; i += CV_SHA256_BYTES) {
        cv_base64_url32(raw.p + i, text);
        st = push_digest(&s->set, text);
    }
    cv_buf_free(&raw);
    return st;
}

/* put_digests(s, from, before, after, out): those of a list, each with what stands around it; and off the
 * stack. */
static cv_status put_digests(struct cv_sdjwt *s, size_t from, const char *before, const char *after,
                             struct cv_buf *out)
{
    const size_t n = s->set.n - from;
    cv_status st = cv_buf_reserve(out, n * (CV_SDJWT_DIGEST_BYTES + strlen(before) + strlen(after)) + 1);
    for (size_t i = from; i < s->set.n && st == CV_OK; i++) {
        st = cv_buf_str(out, i > from ? "," : "");
        st = CV_THEN(st, cv_buf_str(out, before));
        st = CV_THEN(st, cv_buf_append(out, CV_BYTES(s->set.d[i], CV_SDJWT_DIGEST_BYTES - 1)));
        st = CV_THEN(st, cv_buf_str(out, after));
    }
    s->set.n = from;
    return st;
}

/* put_sd(s, from, out): "_sd":["...",...] sorted; a repeat is refused. */
static cv_status put_sd(struct cv_sdjwt *s, size_t from, struct cv_buf *out)
{
    if (s->set.n > from)
        qsort(s->set.d + from, s->set.n - from, sizeof(*s->set.d), by_text);
    for (size_t i = from + 1; i < s->set.n; i++)
        if (strcmp(s->set.d[i - 1], s->set.d[i]) == 0)
            return CV_ERR_FORMAT;
    cv_status st = cv_buf_str(out, "\"_sd\":[");
    st = CV_THEN(st, put_digests(s, from, "\"", "\"", out));
    return CV_THEN(st, cv_buf_str(out, "]"));
}

/* child_pointer(pointer, name, out): RFC 6901, section 3. */
static cv_status child_pointer(const char *pointer, const char *name, char out[static POINTER_MAX])
{
    size_t n = strlen(pointer);
    memcpy(out, pointer, n); /* made by this function, or empty */
    out[n++] = '/';
    for (; *name != '\0' && n + 3 < POINTER_MAX; name++) {
        if (*name == '~' || *name == '/') {
            out[n++] = '~';
            out[n++] = *name == '~' ? '0' : '1';
        } else
            out[n++] = *name;
    }
    if (n + 3 >= POINTER_MAX)
        return CV_ERR_LIMIT;
    out[n] = '\0';
    return CV_OK;
}

static cv_status write_value(struct cv_sdjwt *s, const struct cv_json *v, const char *pointer, size_t self,
                             struct cv_buf *out);

/* keep(s, d, from): what the stack holds from there is the disclosure; as text, and as a digest of its list.
 */
static cv_status keep(struct cv_sdjwt *s, size_t self, size_t from)
{
    struct disclosure *d = &s->list[self];
    d->text = s->texts.n;
    cv_status st = cv_base64_encode(CV_BASE64_URL, CV_BYTES(s->json.p + from, s->json.n - from), &s->texts);
    d->text_n = s->texts.n - d->text;
    st = CV_THEN(st, cv_sdjwt_digest(text_of(s, d), d->digest));
    cv_buf_truncate(&s->json, from);
    return CV_THEN(st, push_digest(&s->set, d->digest));
}

/* disclose(s, pointer, name, value, parent): one disclosure; its digest goes onto the stack. ${name} is NULL
 * for an array's element. */
static cv_status disclose(struct cv_sdjwt *s, const char *pointer, const char *name,
                          const struct cv_json *value, size_t parent)
{
    uint8_t salt[SALT_BYTES];
    struct cv_buf *json = &s->json;
    const size_t from = json->n;
    size_t self = 0;
    cv_status st = add(s, pointer, parent, &self);
    st = CV_THEN(st, s->plan->salt(s->plan->arg, pointer, salt));
    st = CV_THEN(st, cv_buf_str(json, "[\""));
    st = CV_THEN(st, cv_base64_encode(CV_BASE64_URL, CV_ARR(salt), json));
    st = CV_THEN(st, cv_buf_str(json, "\","));
    if (name != NULL) {
        st = CV_THEN(st, cv_json_write_name(name, json));
        st = CV_THEN(st, cv_buf_str(json, ","));
    }
    st = CV_THEN(st, write_value(s, value, pointer, self, json));
    st = CV_THEN(st, cv_buf_str(json, "]"));
    cv_wipe(salt, sizeof(salt));
    return CV_THEN(st, keep(s, self, from));
}

struct member {
    const char *name;
    const struct cv_json *value;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct member *)a)->name, ((const struct member *)b)->name);
}

/* write_members(s, object, pointer, self, out): "_sd":[...] over an object's members. */
static cv_status write_members(struct cv_sdjwt *s, const struct cv_json *object, const char *pointer,
                               size_t self, struct cv_buf *out)
{
    const size_t n = cv_json_len(object);
    const size_t from = s->set.n;
    struct member *m = calloc(n + 1, sizeof(*m));
    size_t i = 0;
    cv_status st = m == NULL ? CV_ERR_NOMEM : n > MEMBERS_MAX ? CV_ERR_LIMIT : CV_OK;
    for (void *it = cv_json_first(object); st == CV_OK && it != NULL; it = cv_json_next(object, it), i++)
        m[i] = (struct member){ cv_json_iter_name(it), cv_json_iter_value(it) };
    if (st == CV_OK)
        qsort(m, n, sizeof(*m), by_name);
    for (i = 0; i < n && st == CV_OK; i++) {
        char child[POINTER_MAX];
        if (strcmp(m[i].name, "_sd") == 0 || strcmp(m[i].name, "...") == 0)
            st = CV_ERR_FORMAT;
        st = CV_THEN(st, child_pointer(pointer, m[i].name, child));
        st = CV_THEN(st, disclose(s, child, m[i].name, m[i].value, self));
    }
    st = CV_THEN(st, push_decoys(s, pointer, from));
    st = CV_THEN(st, put_sd(s, from, out));
    free(m);
    return st;
}

static cv_status write_elements(struct cv_sdjwt *s, const struct cv_json *array, const char *pointer,
                                size_t self, struct cv_buf *out)
{
    const size_t from = s->set.n;
    cv_status st = CV_OK;
    for (size_t i = 0; i < cv_json_len(array) && st == CV_OK; i++) {
        char child[POINTER_MAX];
        st = snprintf(child, sizeof(child), "%s/%zu", pointer, i) < (int)sizeof(child) ? CV_OK : CV_ERR_LIMIT;
        st = CV_THEN(st, disclose(s, child, NULL, cv_json_at(array, i), self));
    }
    st = CV_THEN(st, push_decoys(s, pointer, from));
    st = CV_THEN(st, cv_buf_str(out, "["));
    st = CV_THEN(st, put_digests(s, from, "{\"...\":\"", "\"}", out));
    return CV_THEN(st, cv_buf_str(out, "]"));
}

static cv_status write_value(struct cv_sdjwt *s, const struct cv_json *v, const char *pointer, size_t self,
                             struct cv_buf *out)
{
    const enum cv_sdjwt_form form = s->plan->form(s->plan->arg, pointer, v);
    if (form == CV_SDJWT_MEMBERS && cv_json_is(v, CV_JSON_OBJECT)) {
        cv_status st = cv_buf_str(out, "{");
        st = CV_THEN(st, write_members(s, v, pointer, self, out));
        return CV_THEN(st, cv_buf_str(out, "}"));
    }
    if (form == CV_SDJWT_ELEMENTS && cv_json_is(v, CV_JSON_ARRAY))
        return write_elements(s, v, pointer, self, out);
    return cv_json_write_sorted(v, out);
}

cv_status cv_sdjwt_build(const struct cv_json *visible, const struct cv_json *claims,
                         const struct cv_sdjwt_plan *plan, struct cv_sdjwt **out, struct cv_err *err)
{
    struct cv_sdjwt *s = calloc(1, sizeof(*s));
    *out = NULL;
    if (s == NULL)
        return cv_fail(err, CV_ERR_NOMEM, "SD-JWT: out of memory");
    s->plan = plan;
    cv_status st = cv_json_write(visible, &s->payload);
    if (st == CV_OK)
        cv_buf_truncate(&s->payload, s->payload.n - 1); /* the closing brace comes after the digests */
    if (cv_json_len(visible) > 0)
        st = CV_THEN(st, cv_buf_str(&s->payload, ","));
    st = CV_THEN(st, write_members(s, claims, "", NO_PARENT, &s->payload));
    st = CV_THEN(st, cv_buf_str(&s->payload, ",\"_sd_alg\":\"sha-256\"}"));
    s->plan = NULL;
    if (st == CV_OK)
        *out = s;
    else
        cv_sdjwt_free(s);
    return cv_err_note(err, st, "SD-JWT: building");
}

cv_status cv_sdjwt_sign(struct cv_sdjwt *s, const char *typ, const char *kid, cv_sign_fn sign, void *arg,
                        struct cv_buf *jwt, struct cv_err *err)
{
    cv_buf_truncate(&s->jwt, 0);
    cv_status st = cv_jws_sign(typ, kid, cv_buf_view(&s->payload), sign, arg, &s->jwt);
    st = CV_THEN(st, cv_buf_append(jwt, cv_buf_view(&s->jwt)));
    return cv_err_note(err, st, "SD-JWT: signing");
}

bool cv_sdjwt_same(const struct cv_sdjwt *s, struct cv_bytes jwt)
{
    struct cv_buf text = { 0 };
    const uint8_t *a = jwt.n > 0 ? memchr(jwt.p, '.', jwt.n) : NULL;
    const uint8_t *b = a != NULL ? memchr(a + 1, '.', jwt.n - (size_t)(a + 1 - jwt.p)) : NULL;
    const bool same = b != NULL &&
                      cv_base64_decode(CV_BASE64_URL, CV_BYTES(a + 1, (size_t)(b - a - 1)), &text) == CV_OK &&
                      cv_bytes_equal(cv_buf_view(&text), cv_buf_view(&s->payload));
    cv_buf_free(&text);
    return same;
}

/* listed(sd, digest): is it one of the payload's? The array is sorted, but was made by somebody: walk it. */
static bool listed(const struct cv_json *sd, const char *digest)
{
    for (size_t i = 0; i < cv_json_len(sd); i++) {
        const char *have = cv_json_cstr(cv_json_at(sd, i));
        if (have != NULL && strcmp(have, digest) == 0)
            return true;
    }
    return false;
}

cv_status cv_sdjwt_adopt(struct cv_sdjwt *s, struct cv_bytes jwt, const struct cv_jws *parsed,
                         struct cv_err *err)
{
    const struct cv_json *sd = cv_json_get(parsed->payload, "_sd");
    for (size_t i = 0; i < s->count; i++)
        if (s->list[i].parent == NO_PARENT && !listed(sd, s->list[i].digest))
            return cv_fail(err, CV_ERR_AUTH, "%s is not what the author signed", pointer_of(s, &s->list[i]));
    cv_buf_truncate(&s->jwt, 0);
    return cv_buf_append(&s->jwt, jwt);
}

/* inside(s, d, of): does it lie below the other? */
static bool inside(const struct cv_sdjwt *s, const struct disclosure *d, const struct disclosure *of)
{
    const char *pointer = pointer_of(s, d);
    return d->pointer_n > of->pointer_n && pointer[of->pointer_n] == '/' &&
           memcmp(pointer, pointer_of(s, of), of->pointer_n) == 0;
}

/* find(s, pointer): its index; s->count if there is none. */
static size_t find(const struct cv_sdjwt *s, const char *pointer)
{
    const size_t n = strlen(pointer);
    size_t i = 0;
    while (i < s->count && (s->list[i].pointer_n != n || memcmp(pointer_of(s, &s->list[i]), pointer, n) != 0))
        i++;
    return i;
}

cv_status cv_sdjwt_select(const struct cv_sdjwt *s, const char *const *pointers, size_t count,
                          struct cv_buf *out, struct cv_err *err)
{
    size_t bytes = s->jwt.n + 1;
    bool *take = calloc(s->count + 1, sizeof(*take));
    cv_status st = take == NULL ? CV_ERR_NOMEM : s->jwt.n == 0 ? CV_ERR_ARG : CV_OK;
    for (size_t p = 0; p < count && st == CV_OK; p++) {
        const size_t at = find(s, pointers[p]);
        if (at == s->count) {
            st = cv_fail(err, CV_ERR_NOTFOUND, "%s: the record has no such field", pointers[p]);
            break;
        }
        for (size_t up = at; up != NO_PARENT; up = s->list[up].parent)
            take[up] = true;
        for (size_t in = at + 1; in < s->count && inside(s, &s->list[in], &s->list[at]); in++)
            take[in] = true;
    }
    for (size_t i = 0; i < s->count && st == CV_OK; i++)
        bytes += take[i] ? s->list[i].text_n + 1 : 0;
    st = CV_THEN(st, cv_buf_reserve(out, bytes));
    st = CV_THEN(st, cv_buf_append(out, cv_buf_view(&s->jwt)));
    st = CV_THEN(st, cv_buf_str(out, "~"));
    for (size_t i = 0; i < s->count && st == CV_OK; i++) {
        if (!take[i])
            continue;
        st = cv_buf_append(out, text_of(s, &s->list[i]));
        st = CV_THEN(st, cv_buf_str(out, "~"));
    }
    free(take);
    return cv_err_note(err, st, "SD-JWT: selecting");
}

cv_status cv_sdjwt_bind(struct cv_bytes presentation, const char *aud, const char *nonce, int64_t iat,
                        cv_sign_fn sign, void *arg, struct cv_buf *out, struct cv_err *err)
{
    char digest[CV_SDJWT_DIGEST_BYTES];
    struct cv_json *o = cv_json_object();
    struct cv_buf payload = { 0 };
    const size_t start = out->n;
    cv_status st = cv_sdjwt_digest(presentation, digest);
    st = CV_THEN(st, cv_json_set(o, "iat", cv_json_int(iat)));
    st = CV_THEN(st, cv_json_set(o, "aud", cv_json_str(aud)));
    st = CV_THEN(st, cv_json_set(o, "nonce", cv_json_str(nonce)));
    st = CV_THEN(st, cv_json_set(o, "sd_hash", cv_json_str(digest)));
    st = CV_THEN(st, cv_json_write(o, &payload));
    st = CV_THEN(st, cv_buf_append(out, presentation));
    st = CV_THEN(st, cv_jws_sign("kb+jwt", NULL, cv_buf_view(&payload), sign, arg, out));
    if (st != CV_OK)
        cv_buf_truncate(out, start);
    cv_json_free(o);
    cv_buf_free(&payload);
    return cv_err_note(err, st, "SD-JWT: key binding");
}
