#include "suite.h"

#include <stdio.h>
#include <string.h>

#include "formats/base64.h"

#define FILE_MAX ((size_t)64 << 20)

bool suite_read(const char *path, struct cv_buf *out)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return false;
    uint8_t block[65536];
    bool ok = true;
    size_t n = 0;
    while (ok && (n = fread(block, 1, sizeof block, f)) > 0)
        ok = cv_buf_append(out, CV_BYTES(block, n)) == CV_OK;
    ok = ok && ferror(f) == 0;
    return fclose(f) == 0 && ok;
}

struct cv_json *suite_json(const char *path)
{
    struct cv_buf text = { 0 };
    struct cv_json *v = NULL;
    struct cv_err err = { 0 };
    if (!suite_read(path, &text))
        fprintf(stderr, "%s: cannot be read\n", path);
    else if (cv_json_parse(cv_buf_view(&text), FILE_MAX, path, &v, &err) != CV_OK)
        fprintf(stderr, "%s\n", err.msg);
    cv_buf_free(&text);
    return v;
}

struct cv_buf suite_hex(const struct cv_json *object, const char *name, bool *ok)
{
    struct cv_buf b = { 0 };
    uint8_t *out = NULL;
    const struct cv_json *v = cv_json_get(object, name);
    const struct cv_bytes digits = cv_json_text(v);
    if (!cv_json_is(v, CV_JSON_STRING) || digits.n % 2 != 0 ||
        cv_buf_extend(&b, digits.n / 2, &out) != CV_OK ||
        (b.n > 0 && cv_hex_decode(digits, out, b.n) != CV_OK))
        *ok = false;
    return b;
}

void suite_case(struct suite *s, bool ok, const char *id)
{
    s->cases++;
    s->passed += ok;
    if (!ok)
        fprintf(stderr, "%s: case %s failed\n", s->name, id);
}

void suite_leave_out(struct suite *s)
{
    s->cases++;
    s->left_out++;
}

bool suite_tell(const struct suite *s, const char *note)
{
    printf("suite\t%s\t%zu\t%zu\t%zu\t%s\n", s->name, s->cases, s->passed, s->left_out, note);
    return s->passed > 0 && s->passed + s->left_out == s->cases;
}
