#ifndef CV_FORMATS_JSON_H
#define CV_FORMATS_JSON_H

#include "crypto/bytes.h"
#include "formats/err.h"

/**
 * Strict JSON (RFC 8259): UTF-8 without NUL, no duplicate names, no floats, bounded depth and size; jansson
 * stays behind this door, with an allocator that wipes what it frees. A value is reference-counted: _new and
 * _parse give a reference that the caller frees; _get and _at borrow from their container; _set and _push
 * take over the reference they are given (also when they fail), as in `cv_json_set(o, "n", cv_json_int(1))`,
 * where a NULL value reports CV_ERR_NOMEM.
 */
struct cv_json;

enum cv_json_type { CV_JSON_NULL, CV_JSON_BOOL, CV_JSON_INT, CV_JSON_STRING, CV_JSON_ARRAY, CV_JSON_OBJECT };

#define CV_JSON_DEPTH_MAX 16
#define CV_JSON_VALUES_MAX 200000 /* counted roughly: by commas and brackets */

/** cv_json_init(): install the wiping allocator; once, in main, before any other use. */
void cv_json_init(void);

/**
 * cv_json_parse(text, max, what, out, err): one value and nothing after it. ${what} names the input in
 * messages, which say where (line, column). CV_OK; CV_ERR_FORMAT; CV_ERR_LIMIT over ${max} bytes or too deep;
 * CV_ERR_NOMEM.
 */
CV_MUST_CHECK cv_status cv_json_parse(struct cv_bytes text, size_t max, const char *what,
                                      struct cv_json **out, struct cv_err *err);
/** cv_json_parse_line(...): the same of a text in one line, of which the caller knows the number: where it is
 * not JSON, the column alone is told. */
CV_MUST_CHECK cv_status cv_json_parse_line(struct cv_bytes text, size_t max, const char *what,
                                           struct cv_json **out, struct cv_err *err);

/** cv_json_write(v, out): append the compact form: no white space, members in order of insertion. CV_OK;
 * CV_ERR_NOMEM; CV_ERR_LIMIT. */
CV_MUST_CHECK cv_status cv_json_write(const struct cv_json *v, struct cv_buf *out);

/** cv_json_write_name(name, out): append a C string as a JSON string. CV_OK; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_json_write_name(const char *name, struct cv_buf *out);

/** cv_json_write_sorted(v, out): the same with members in order of their names' bytes: one form for one
 * value. */
CV_MUST_CHECK cv_status cv_json_write_sorted(const struct cv_json *v, struct cv_buf *out);

/** cv_json_write_pretty(v, out): indented, for people, LF at the end. */
CV_MUST_CHECK cv_status cv_json_write_pretty(const struct cv_json *v, struct cv_buf *out);

void cv_json_free(struct cv_json *v);
/** cv_json_ref(v): another reference to the same value. */
struct cv_json *cv_json_ref(struct cv_json *v);
/** cv_json_copy(v): a deep copy, NULL when out of memory. */
struct cv_json *cv_json_copy(const struct cv_json *v);

struct cv_json *cv_json_null(void);
struct cv_json *cv_json_bool(bool b);
struct cv_json *cv_json_int(int64_t i);
/** cv_json_str(s), cv_json_strn(bytes): NULL for wrong UTF-8, a NUL inside, or no memory. */
struct cv_json *cv_json_str(const char *s);
struct cv_json *cv_json_strn(struct cv_bytes s);
/** cv_json_b64u(bytes): a string, base64url without padding. */
struct cv_json *cv_json_b64u(struct cv_bytes bytes);
struct cv_json *cv_json_array(void);
struct cv_json *cv_json_object(void);

enum cv_json_type cv_json_type(const struct cv_json *v);
/** cv_json_is(v, type): v is not NULL and of that type. */
bool cv_json_is(const struct cv_json *v, enum cv_json_type type);
/** cv_json_len(v): elements of an array, members of an object, bytes of a string, else 0. */
size_t cv_json_len(const struct cv_json *v);
/** cv_json_values(v): how many values stand in it, itself included. */
size_t cv_json_values(const struct cv_json *v);
bool cv_json_equal(const struct cv_json *a, const struct cv_json *b);

/** Getters are total: a NULL or a value of another type gives NULL, 0, false or the empty view. */
struct cv_json *cv_json_get(const struct cv_json *object, const char *name);
struct cv_json *cv_json_at(const struct cv_json *array, size_t i);
int64_t cv_json_to_int(const struct cv_json *v);
bool cv_json_to_bool(const struct cv_json *v);
/** cv_json_text(v): the string's bytes, valid as long as v. cv_json_cstr(v): the same, NUL-terminated, or
 * NULL. */
struct cv_bytes cv_json_text(const struct cv_json *v);
const char *cv_json_cstr(const struct cv_json *v);
/** cv_json_get_str, _get_int, _get_bool(object, name): member and value in one. */
const char *cv_json_get_str(const struct cv_json *object, const char *name);
int64_t cv_json_get_int(const struct cv_json *object, const char *name);
bool cv_json_get_bool(const struct cv_json *object, const char *name);
/** cv_json_get_bytes(object, name, out, n): a base64url member of exactly ${n} bytes. CV_OK; CV_ERR_FORMAT.
 */
CV_MUST_CHECK cv_status cv_json_get_bytes(const struct cv_json *object, const char *name, uint8_t *out,
                                          size_t n);

CV_MUST_CHECK cv_status cv_json_set(struct cv_json *object, const char *name, struct cv_json *value);
CV_MUST_CHECK cv_status cv_json_push(struct cv_json *array, struct cv_json *value);
/** cv_json_has_word(array, word): does this string stand in it? */
bool cv_json_has_word(const struct cv_json *array, const char *word);
/** cv_json_push_word(array, word): a string, unless it is there already. As cv_json_push. */
CV_MUST_CHECK cv_status cv_json_push_word(struct cv_json *array, const char *word);
/** cv_json_pop(array): take its last element away. CV_OK; CV_ERR_NOTFOUND if there is none. */
CV_MUST_CHECK cv_status cv_json_pop(struct cv_json *array);
/** cv_json_del(object, name): CV_OK; CV_ERR_NOTFOUND. */
CV_MUST_CHECK cv_status cv_json_del(struct cv_json *object, const char *name);

/** Walk an object in order of insertion: `for (i = cv_json_first(o); i != NULL; i = cv_json_next(o, i))`. */
void *cv_json_first(const struct cv_json *object);
void *cv_json_next(const struct cv_json *object, void *iter);
const char *cv_json_iter_name(void *iter);
struct cv_json *cv_json_iter_value(void *iter);

/** cv_json_only(object, names, what, err): every member's name is in the NULL-terminated list. CV_OK;
 * CV_ERR_FORMAT naming the first one that is not. */
CV_MUST_CHECK cv_status cv_json_only(const struct cv_json *object, const char *const *names, const char *what,
                                     struct cv_err *err);

#endif
