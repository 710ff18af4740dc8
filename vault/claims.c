#include <string.h>

#include "crypto/keystream.h"
#include "formats/base64.h"
#include "vault/record.h"

/* first_token(pointer, out): "/identity/first_name" gives "identity"; what follows is returned. */
static const char *first_token(const char *pointer, char out[static CV_NAME_BYTES])
{
    const char *start = pointer[0] == '/' ? pointer + 1 : pointer, *end = strchr(start, '/');
    size_t n = end != NULL ? (size_t)(end - start) : strlen(start);
    if (n >= CV_NAME_BYTES)
        n = CV_NAME_BYTES - 1;
    memcpy(out, start, n);
    out[n] = '\0';
    return end;
}

static bool is_section(const struct cv_claims *c, const char *name)
{
    return cv_template_has(c->template, c->type, name);
}

/* The claims being built. Each seed is the key of a stream, of which salts and decoys are taken in the order
 * in which they are needed: one for what the head says, and one for the section at hand, since pointers come
 * section by section. */
struct building {
    const struct cv_claims *c;
    struct cv_keystream *head, *section;
    char head_of[CV_NAME_BYTES], section_of[CV_NAME_BYTES];
};

/* start(b, stream, of, name): the stream of this seed, unless it is under way. */
static cv_status start(const struct building *b, struct cv_keystream *stream, char of[static CV_NAME_BYTES],
                       const char *name)
{
    uint8_t seed[CV_KEYSTREAM_KEY_BYTES];
    if (strcmp(of, name) == 0)
        return CV_OK;
    of[0] = '\0';
    cv_status st = cv_json_get_bytes(b->c->seeds, name, seed, sizeof(seed));
    st = CV_THEN(st, cv_keystream_start(stream, seed));
    if (st == CV_OK)
        strcpy(of, name);
    cv_wipe(seed, sizeof(seed));
    return st;
}

/* take(b, pointer, out, n): from the stream of the pointer's section, or of the head. */
static cv_status take(struct building *b, const char *pointer, uint8_t *out, size_t n)
{
    char token[CV_NAME_BYTES];
    first_token(pointer, token);
    const bool head = !is_section(b->c, token);
    struct cv_keystream *stream = head ? b->head : b->section;
    cv_status st = head ? start(b, stream, b->head_of, "head") : start(b, stream, b->section_of, token);
    return CV_THEN(st, cv_keystream_take(stream, out, n));
}

static cv_status salt(void *arg, const char *pointer, uint8_t out[static 16])
{
    return take(arg, pointer, out, 16);
}

/* room_at(c, pointer): how many digests the template can fill there. */
static size_t room_at(const struct cv_claims *c, const char *pointer)
{
    char section[CV_NAME_BYTES];
    struct cv_template_field field;
    const char *rest = first_token(pointer, section);
    if (pointer[0] == '\0' || !is_section(c, section))
        return 0;
    if (rest == NULL)
        return cv_template_fill(c->template, c->type, section);
    if (strchr(rest + 1, '/') == NULL &&
        cv_template_field_named(c->template, c->type, section, rest + 1, &field) && field.elements)
        return field.max;
    return 0;
}

static cv_status decoys(void *arg, const char *pointer, size_t have, struct cv_buf *out)
{
    const size_t room = room_at(((struct building *)arg)->c, pointer);
    uint8_t *at;
    if (room <= have)
        return CV_OK;
    cv_status st = cv_buf_extend(out, (room - have) * 32, &at);
    return CV_THEN(st, take(arg, pointer, at, (room - have) * 32));
}

static enum cv_sdjwt_form form(void *arg, const char *pointer, const struct cv_json *value)
{
    const struct cv_claims *c = ((struct building *)arg)->c;
    char section[CV_NAME_BYTES];
    struct cv_template_field field;
    (void)value;
    const char *rest = first_token(pointer, section);
    if (!is_section(c, section))
        return CV_SDJWT_WHOLE;
    if (rest == NULL)
        return CV_SDJWT_MEMBERS;
    if (strchr(rest + 1, '/') == NULL &&
        cv_template_field_named(c->template, c->type, section, rest + 1, &field) && field.elements)
        return CV_SDJWT_ELEMENTS;
    return CV_SDJWT_WHOLE;
}

/* head_claims(c, claims): what the head says, as disclosable claims. */
static cv_status head_claims(const struct cv_claims *c, struct cv_json *claims)
{
    cv_status st = cv_json_set(claims, "record_id", cv_json_ref(cv_json_get(c->head, "id")));
    st = CV_THEN(st, cv_json_set(claims, "record_type", cv_json_ref(cv_json_get(c->head, "type"))));
    st = CV_THEN(st, cv_json_set(claims, "version", cv_json_ref(cv_json_get(c->head, "version"))));
    st = CV_THEN(st, cv_json_set(claims, "previous", cv_json_ref(cv_json_get(c->head, "previous"))));
    return CV_THEN(st, cv_json_set(claims, "carried", cv_json_ref(cv_json_get(c->head, "carried"))));
}

cv_status cv_claims_build(const struct cv_claims *c, const struct cv_json *visible, struct cv_sdjwt **out,
                          struct cv_err *err)
{
    struct building b = { .c = c };
    const struct cv_sdjwt_plan plan = { .arg = &b, .form = form, .salt = salt, .decoys = decoys };
    struct cv_json *claims = cv_json_object();
    cv_status st = cv_keystream_new(&b.head);
    st = CV_THEN(st, cv_keystream_new(&b.section));
    st = CV_THEN(st, head_claims(c, claims));
    for (void *it = cv_json_first(c->sections); st == CV_OK && it != NULL; it = cv_json_next(c->sections, it))
        st = cv_json_set(claims, cv_json_iter_name(it), cv_json_ref(cv_json_iter_value(it)));
    st = CV_THEN(st, cv_sdjwt_build(visible, claims, &plan, out, err));
    cv_keystream_free(b.head);
    cv_keystream_free(b.section);
    cv_json_free(claims);
    return cv_err_note(err, st, "record");
}
