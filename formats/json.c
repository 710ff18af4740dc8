#include "formats/json.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "crypto/alloc.h"
#include "formats/base64.h"
#include "formats/words.h"

/* struct cv_json is jansson's json_t under a name of ours: it is never defined, only cast. */
static json_t *js(const struct cv_json *v)
{
    return (json_t *)(uintptr_t)v;
}

static struct cv_json *cv(json_t *v)
{
    return (struct cv_json *)v;
}

/* Allocations carry their length in front, so that what is freed can be wiped. */
union header {
    size_t n;
    max_align_t align;
};

static void *wiping_malloc(size_t n)
{
    if (n > SIZE_MAX - sizeof(union header))
        return NULL;
    union header *h = cv_alloc_needed(malloc(sizeof *h + n));
    if (h == NULL)
        return NULL;
    h->n = n;
    return h + 1;
}

static void wiping_free(void *p)
{
    if (p == NULL)
        return;
    union header *h = (union header *)p - 1;
    cv_wipe(p, h->n);
    free(h);
}

void cv_json_init(void)
{
    json_set_alloc_funcs(wiping_malloc, wiping_free);
    json_object_seed(0);
}

/* jansson counts depth only up to its own bound of 2,048, and builds whatever it is given: 16 MiB of empty
 * objects would take 1.6 GB. So the text is looked over before anything is built. NULL, or what is wrong. */
static const char *too_much(struct cv_bytes text)
{
    size_t depth = 0, values = 0;
    bool in_string = false;
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > CV_JSON_DEPTH_MAX)
                return _("nested deeper than 16 levels");
            values++;
        } else if (c == ',') {
            values++;
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return values > CV_JSON_VALUES_MAX ? _("more than 200,000 values") : NULL;
}
_Static_assert(CV_JSON_DEPTH_MAX == 16 && CV_JSON_VALUES_MAX == 200000, "too_much says so");

static bool has_real(const json_t *v)
{
    size_t i;
    const char *name;
    json_t *item;
    if (json_is_real(v))
        return true;
    json_array_foreach(v, i, item) if (has_real(item)) return true;
    json_object_foreach((json_t *)(uintptr_t)v, name, item) if (has_real(item)) return true;
    return false;
}

/* jansson's texts quote the input ("near 'xyz'"): only its code and place are passed on. */
static const char *reason(enum json_error_code code)
{
    switch (code) {
    case json_error_premature_end_of_input:
        return _("ends too early");
    case json_error_end_of_input_expected:
        return _("something follows the value");
    case json_error_invalid_utf8:
        return _("wrong UTF-8");
    case json_error_duplicate_key:
        return _("a name appears twice in one object");
    case json_error_numeric_overflow:
        return _("a number is too large");
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return _("a NUL character");
    case json_error_stack_overflow:
        return _("nested too deeply");
    default:
        return _("not valid JSON");
    }
}

/* parse(text, max, what, one_line, out, err): cv_json_parse; of what stands in one line the line is not told.
 */
static cv_status parse(struct cv_bytes text, size_t max, const char *what, bool one_line,
                       struct cv_json **out, struct cv_err *err)
{
    *out = NULL;
    if (text.n > max)
        return cv_fail(err, CV_ERR_LIMIT, "%s: %zu bytes of JSON, at most %zu are accepted", _(what), text.n,
                       max);
    const char *why = too_much(text);
    if (why != NULL)
        return cv_fail(err, CV_ERR_LIMIT, "%s: %s", _(what), why);
    json_error_t e;
    json_t *v = json_loadb(text.n == 0 ? "" : (const char *)text.p, text.n,
                           JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e);
    if (v == NULL) {
        enum json_error_code code = json_error_code(&e);
        if (code == json_error_out_of_memory)
            return cv_fail(err, CV_ERR_NOMEM, "%s: out of memory", _(what));
        if (one_line)
            return cv_fail(err, CV_ERR_FORMAT, "column %d: %s", e.column, reason(code));
        return cv_fail(err, CV_ERR_FORMAT, "%s: line %d, column %d: %s", _(what), e.line, e.column,
                       reason(code));
    }
    if (has_real(v)) {
        json_decref(v);
        return cv_fail(err, CV_ERR_FORMAT, "%s: a number with a fraction or exponent; write it as text",
                       _(what));
    }
    *out = cv(v);
    return CV_OK;
}

cv_status cv_json_parse(struct cv_bytes text, size_t max, const char *what, struct cv_json **out,
                        struct cv_err *err)
{
    return parse(text, max, what, false, out, err);
}

cv_status cv_json_parse_line(struct cv_bytes text, size_t max, const char *what, struct cv_json **out,
                             struct cv_err *err)
{
    return parse(text, max, what, true, out, err);
}

/* write_plain(s, out): a string in which nothing is to be escaped, as jansson would write it; CV_ERR_FORMAT,
 * with nothing written, if it is not one. */
static cv_status write_plain(struct cv_bytes s, struct cv_buf *out)
{
    cv_status st = cv_buf_reserve(out, s.n + 2);
    if (st != CV_OK)
        return st;
    uint8_t *o = out->p + out->n;
    bool escape = false;
    for (size_t i = 0; i < s.n; i++) {
        o[i + 1] = s.p[i];
        escape |= (s.p[i] < 0x20) | (s.p[i] == '"') | (s.p[i] == '\\') | (s.p[i] == 0x7f);
    }
    if (escape) {
        cv_wipe(o, s.n + 2);
        return CV_ERR_FORMAT;
    }
    o[0] = o[s.n + 1] = '"';
    out->n += s.n + 2;
    return CV_OK;
}

static cv_status dump(const struct cv_json *v, size_t flags, struct cv_buf *out)
{
    const size_t before = out->n;
    if (cv_json_is(v, CV_JSON_STRING)) {
        cv_status st = write_plain(cv_json_text(v), out);
        if (st != CV_ERR_FORMAT)
            return st;
    }
    size_t need = 512;
    cv_status st = CV_OK;
    /* jansson says how long it would be: at most one more round. */
    for (int round = 0; round < 2 && st == CV_OK; round++) {
        st = cv_buf_reserve(out, need);
        if (st != CV_OK)
            break;
        const size_t room = out->cap - before;
        need = json_dumpb(js(v), (char *)out->p + before, room, flags | JSON_ENCODE_ANY);
        if (need == 0)
            st = CV_ERR_NOMEM;
        else if (need <= room) {
            out->n = before + need;
            return CV_OK;
        }
    }
    if (out->p != NULL)
        cv_wipe(out->p + before, out->cap - before);
    return st == CV_OK ? CV_ERR_INTERNAL : st;
}

cv_status cv_json_write_name(const char *name, struct cv_buf *out)
{
    cv_status st = write_plain(cv_bytes_str(name), out);
    if (st != CV_ERR_FORMAT)
        return st;
    struct cv_json *v = cv_json_str(name);
    st = v == NULL ? CV_ERR_NOMEM : dump(v, JSON_COMPACT, out);
    cv_json_free(v);
    return st;
}

cv_status cv_json_write(const struct cv_json *v, struct cv_buf *out)
{
    return dump(v, JSON_COMPACT, out);
}

cv_status cv_json_write_sorted(const struct cv_json *v, struct cv_buf *out)
{
    return dump(v, JSON_COMPACT | JSON_SORT_KEYS, out);
}

cv_status cv_json_write_pretty(const struct cv_json *v, struct cv_buf *out)
{
    cv_status st = dump(v, JSON_INDENT(2), out);
    return st == CV_OK ? cv_buf_str(out, "\n") : st;
}

void cv_json_free(struct cv_json *v)
{
    json_decref(js(v));
}

struct cv_json *cv_json_ref(struct cv_json *v)
{
    return cv(json_incref(js(v)));
}

struct cv_json *cv_json_copy(const struct cv_json *v)
{
    return cv(json_deep_copy(js(v)));
}

struct cv_json *cv_json_null(void)
{
    return cv(json_null());
}

struct cv_json *cv_json_bool(bool b)
{
    return cv(json_boolean(b));
}

struct cv_json *cv_json_int(int64_t i)
{
    return cv(json_integer(i));
}

struct cv_json *cv_json_str(const char *s)
{
    return cv(json_string(s));
}

struct cv_json *cv_json_strn(struct cv_bytes s)
{
    if (s.n > 0 && memchr(s.p, 0, s.n) != NULL)
        return NULL;
    return cv(json_stringn(s.n == 0 ? "" : (const char *)s.p, s.n));
}

struct cv_json *cv_json_b64u(struct cv_bytes bytes)
{
    struct cv_buf text = { 0 };
    struct cv_json *v = NULL;
    if (cv_base64_encode(CV_BASE64_URL, bytes, &text) == CV_OK)
        v = cv_json_strn(cv_buf_view(&text));
    cv_buf_free(&text);
    return v;
}

struct cv_json *cv_json_array(void)
{
    return cv(json_array());
}

struct cv_json *cv_json_object(void)
{
    return cv(json_object());
}

enum cv_json_type cv_json_type(const struct cv_json *v)
{
    switch (json_typeof(js(v))) {
    case JSON_OBJECT:
        return CV_JSON_OBJECT;
    case JSON_ARRAY:
        return CV_JSON_ARRAY;
    case JSON_STRING:
        return CV_JSON_STRING;
    case JSON_INTEGER:
        return CV_JSON_INT;
    case JSON_TRUE:
    case JSON_FALSE:
        return CV_JSON_BOOL;
    default:
        return CV_JSON_NULL;
    }
}

bool cv_json_is(const struct cv_json *v, enum cv_json_type type)
{
    return v != NULL && cv_json_type(v) == type;
}

size_t cv_json_len(const struct cv_json *v)
{
    if (v == NULL)
        return 0;
    switch (json_typeof(js(v))) {
    case JSON_OBJECT:
        return json_object_size(js(v));
    case JSON_ARRAY:
        return json_array_size(js(v));
    case JSON_STRING:
        return json_string_length(js(v));
    default:
        return 0;
    }
}

bool cv_json_equal(const struct cv_json *a, const struct cv_json *b)
{
    return json_equal(js(a), js(b)) == 1;
}

struct cv_json *cv_json_get(const struct cv_json *object, const char *name)
{
    return cv(json_object_get(js(object), name));
}

struct cv_json *cv_json_at(const struct cv_json *array, size_t i)
{
    return cv(json_array_get(js(array), i));
}

int64_t cv_json_to_int(const struct cv_json *v)
{
    return v == NULL ? 0 : json_integer_value(js(v));
}

bool cv_json_to_bool(const struct cv_json *v)
{
    return v != NULL && json_is_true(js(v));
}

struct cv_bytes cv_json_text(const struct cv_json *v)
{
    return CV_BYTES(json_string_value(js(v)), json_string_length(js(v)));
}

const char *cv_json_cstr(const struct cv_json *v)
{
    return json_string_value(js(v));
}

const char *cv_json_get_str(const struct cv_json *object, const char *name)
{
    return cv_json_cstr(cv_json_get(object, name));
}

int64_t cv_json_get_int(const struct cv_json *object, const char *name)
{
    return cv_json_to_int(cv_json_get(object, name));
}

bool cv_json_get_bool(const struct cv_json *object, const char *name)
{
    return cv_json_to_bool(cv_json_get(object, name));
}

cv_status cv_json_get_bytes(const struct cv_json *object, const char *name, uint8_t *out, size_t n)
{
    struct cv_json *v = cv_json_get(object, name);
    if (!cv_json_is(v, CV_JSON_STRING))
        return CV_ERR_FORMAT;
    return cv_base64_decode_exact(CV_BASE64_URL, cv_json_text(v), out, n);
}

cv_status cv_json_set(struct cv_json *object, const char *name, struct cv_json *value)
{
    return json_object_set_new(js(object), name, js(value)) == 0 ? CV_OK : CV_ERR_NOMEM;
}

cv_status cv_json_push(struct cv_json *array, struct cv_json *value)
{
    return json_array_append_new(js(array), js(value)) == 0 ? CV_OK : CV_ERR_NOMEM;
}

bool cv_json_has_word(const struct cv_json *array, const char *word)
{
    for (size_t i = 0; i < cv_json_len(array); i++) {
        const char *have = cv_json_cstr(cv_json_at(array, i));
        if (have != NULL && strcmp(have, word) == 0)
            return true;
    }
    return false;
}

cv_status cv_json_push_word(struct cv_json *array, const char *word)
{
    return cv_json_has_word(array, word) ? CV_OK : cv_json_push(array, cv_json_str(word));
}

cv_status cv_json_pop(struct cv_json *array)
{
    const size_t n = cv_json_is(array, CV_JSON_ARRAY) ? cv_json_len(array) : 0;
    return n > 0 && json_array_remove(js(array), n - 1) == 0 ? CV_OK : CV_ERR_NOTFOUND;
}

cv_status cv_json_del(struct cv_json *object, const char *name)
{
    return json_object_del(js(object), name) == 0 ? CV_OK : CV_ERR_NOTFOUND;
}

void *cv_json_first(const struct cv_json *object)
{
    return json_object_iter(js(object));
}

void *cv_json_next(const struct cv_json *object, void *iter)
{
    return json_object_iter_next(js(object), iter);
}

const char *cv_json_iter_name(void *iter)
{
    return json_object_iter_key(iter);
}

struct cv_json *cv_json_iter_value(void *iter)
{
    return cv(json_object_iter_value(iter));
}

cv_status cv_json_only(const struct cv_json *object, const char *const *names, const char *what,
                       struct cv_err *err)
{
    size_t place = 1;
    for (void *i = cv_json_first(object); i != NULL; i = cv_json_next(object, i), place++) {
        const char *const *n = names;
        while (*n != NULL && strcmp(*n, cv_json_iter_name(i)) != 0)
            n++;
        if (*n == NULL)
            return cv_fail(err, CV_ERR_FORMAT, "%s: member number %zu is not known here", what, place);
    }
    return CV_OK;
}

size_t cv_json_values(const struct cv_json *v)
{
    size_t n = v != NULL;
    for (size_t i = 0; cv_json_is(v, CV_JSON_ARRAY) && i < cv_json_len(v); i++)
        n += cv_json_values(cv_json_at(v, i));
    for (void *it = cv_json_is(v, CV_JSON_OBJECT) ? cv_json_first(v) : NULL; it != NULL;
         it = cv_json_next(v, it))
        n += cv_json_values(cv_json_iter_value(it));
    return n;
}
