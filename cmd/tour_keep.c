#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "cmd/tour.h"
#include "vault/memory.h"
#include "vault/regular.h"

/* What is remembered of a tour: JSON, one line, beside the vault:
 *   {"casevault":"tour v1","begun":ENTRY,"role":ROLE,"shown":NAME,"from":ENTRY,"done":{NAME:ENTRY,...},
 *    "names":{NAME:ID,...}}
 * The entries are where the log was when the tour began, and when the exercise at hand was first shown.
 */

#define FORMAT "tour v1"
#define KEPT_MAX 65536

static cv_status path_of(struct cv_tour *t, char out[static 4200])
{
    return snprintf(out, 4200, "%s/tour", t->dir) < 4200
               ? CV_OK
               : cv_fail(&t->ui.err, CV_ERR_LIMIT, "%.200s: path too long", t->dir);
}

/* plain(text): nothing but what ids are written with, a check symbol at the end: it will stand in a command
 * that somebody types. */
static bool plain(const char *text)
{
    static const char *const good = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-";
    const size_t n = text != NULL ? strspn(text, good) : 0;
    return text != NULL &&
           (text[n] == '\0' || (n > 0 && strchr("*~$=", text[n]) != NULL && text[n + 1] == '\0'));
}

/* sound(kept): of the shape that is written here. */
static bool sound(const struct cv_json *kept)
{
    static const char *const names[] = {
        "casevault", "begun", "role", "shown", "from", "done", "names", NULL
    };
    const struct cv_json *done = cv_json_get(kept, "done"), *found = cv_json_get(kept, "names");
    const char *format = cv_json_get_str(kept, "casevault");
    bool good = cv_json_is(kept, CV_JSON_OBJECT) && cv_json_only(kept, names, "tour", NULL) == CV_OK &&
                format != NULL && strcmp(format, FORMAT) == 0 && cv_json_get_int(kept, "begun") > 0 &&
                cv_json_get_int(kept, "from") >= 0 && plain(cv_json_get_str(kept, "role")) &&
                plain(cv_json_get_str(kept, "shown")) && cv_json_is(done, CV_JSON_OBJECT) &&
                cv_json_is(found, CV_JSON_OBJECT);
    for (void *i = good ? cv_json_first(done) : NULL; i != NULL && good; i = cv_json_next(done, i))
        good = cv_json_is(cv_json_iter_value(i), CV_JSON_INT) && cv_json_to_int(cv_json_iter_value(i)) >= 0;
    for (void *i = good ? cv_json_first(found) : NULL; i != NULL && good; i = cv_json_next(found, i))
        good = plain(cv_json_cstr(cv_json_iter_value(i)));
    return good;
}

cv_status cv_tour_load(struct cv_tour *t)
{
    char path[4200];
    struct cv_buf text = { .max = KEPT_MAX };
    struct cv_err bad = { 0 };
    uint8_t *at;
    ssize_t k = -1;
    cv_status st = path_of(t, path);
    st = CV_THEN(st, cv_buf_extend(&text, KEPT_MAX, &at));
    if (st != CV_OK)
        return st;
    const int fd = cv_open_regular(AT_FDCWD, path, O_RDONLY, 0);
    if (fd >= 0) {
        k = read(fd, at, KEPT_MAX);
        close(fd);
    } else if (errno == ENOENT) {
        cv_buf_free(&text);
        return CV_OK;
    }
    if (k < 0)
        st = cv_fail_errno(&t->ui.err, "%s: cannot read", path);
    else
        cv_buf_truncate(&text, (size_t)k);
    if (st == CV_OK &&
        (cv_json_parse(cv_buf_view(&text), KEPT_MAX, "tour", &t->kept, &bad) != CV_OK || !sound(t->kept))) {
        t->ui.hint = "begin anew with --again";
        st = cv_fail(&t->ui.err, CV_ERR_FORMAT, "%s: is not what a tour remembers, or damaged", path);
    }
    cv_buf_free(&text);
    return st;
}

cv_status cv_tour_show(struct cv_tour *t, struct cv_bytes name)
{
    cv_status st = cv_json_set(t->kept, "shown", cv_json_strn(name));
    return CV_THEN(st, cv_json_set(t->kept, "from", cv_json_int((int64_t)t->o.vault->custody->chain.next)));
}

cv_status cv_tour_begin(struct cv_tour *t)
{
    cv_json_free(t->kept);
    t->kept = cv_json_object();
    cv_status st = cv_json_set(t->kept, "casevault", cv_json_str(FORMAT));
    st = CV_THEN(st, cv_json_set(t->kept, "begun", cv_json_int((int64_t)t->o.vault->custody->chain.next)));
    st = CV_THEN(st, cv_json_set(t->kept, "role", cv_json_str("")));
    st = CV_THEN(st, cv_tour_show(t, CV_LIT("")));
    st = CV_THEN(st, cv_json_set(t->kept, "done", cv_json_object()));
    return CV_THEN(st, cv_json_set(t->kept, "names", cv_json_object()));
}

cv_status cv_tour_save(struct cv_tour *t)
{
    char path[4200];
    struct cv_buf text = { 0 };
    cv_status st = path_of(t, path);
    st = CV_THEN(st, cv_json_write(t->kept, &text));
    st = CV_THEN(st, cv_buf_append(&text, CV_LIT("\n")));
    st = CV_THEN(st, cv_memory_replace(path, cv_buf_view(&text), &t->ui.err));
    cv_buf_free(&text);
    return st;
}

/* name_of(bytes, out): as a C string; names are short. */
static const char *name_of(struct cv_bytes bytes, char out[static CV_NAME_BYTES])
{
    snprintf(out, CV_NAME_BYTES, "%.*s", (int)bytes.n, (const char *)bytes.p);
    return out;
}

bool cv_tour_done(const struct cv_tour *t, struct cv_bytes name)
{
    char text[CV_NAME_BYTES];
    return cv_json_get(cv_json_get(t->kept, "done"), name_of(name, text)) != NULL;
}

cv_status cv_tour_keep(struct cv_tour *t, struct cv_bytes name, uint64_t entry)
{
    char text[CV_NAME_BYTES];
    return cv_json_set(cv_json_get(t->kept, "done"), name_of(name, text), cv_json_int((int64_t)entry));
}

const char *cv_tour_value(const struct cv_tour *t, struct cv_bytes name)
{
    char text[CV_NAME_BYTES];
    const char *given = cv_json_get_str(t->given, name_of(name, text));
    return given != NULL ? given : cv_json_get_str(cv_json_get(t->kept, "names"), text);
}

cv_status cv_tour_set(struct cv_tour *t, struct cv_bytes name, const char *value)
{
    char text[CV_NAME_BYTES];
    return cv_json_set(cv_json_get(t->kept, "names"), name_of(name, text), cv_json_str(value));
}

cv_status cv_tour_expand(const struct cv_tour *t, struct cv_bytes text, struct cv_buf *out)
{
    cv_status st = CV_OK;
    for (size_t i = 0; i < text.n && st == CV_OK; i++) {
        const uint8_t *end = text.p[i] == '{' ? memchr(text.p + i, '}', text.n - i) : NULL;
        const size_t n = end != NULL ? (size_t)(end - text.p) - i - 1 : 0;
        const char *value = end != NULL ? cv_tour_value(t, CV_BYTES(text.p + i + 1, n)) : NULL;
        st = value != NULL ? cv_buf_str(out, value) : cv_buf_append(out, CV_BYTES(text.p + i, 1));
        i += value != NULL ? n + 1 : 0;
    }
    return st;
}
