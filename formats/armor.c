#include "formats/armor.h"

#include <string.h>

#include "formats/base64.h"

#define BEGIN_LINE "-----BEGIN AGE ENCRYPTED FILE-----"
#define END_LINE "-----END AGE ENCRYPTED FILE-----"
#define LINE_CHARS 64
#define LINE_BYTES 48

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct cv_bytes skip_space(struct cv_bytes text)
{
    while (text.n > 0 && is_space(text.p[0]))
        text = CV_BYTES(text.p + 1, text.n - 1);
    return text;
}

/* The next line without its LF or CRLF; what follows stays in ${rest}. */
static struct cv_bytes take_line(struct cv_bytes *rest)
{
    const uint8_t *lf = rest->n > 0 ? memchr(rest->p, '\n', rest->n) : NULL;
    struct cv_bytes line = *rest;
    if (lf == NULL) {
        *rest = CV_BYTES(rest->p, 0);
        return line;
    }
    line.n = (size_t)(lf - rest->p);
    *rest = CV_BYTES(lf + 1, rest->n - line.n - 1);
    if (line.n > 0 && line.p[line.n - 1] == '\r')
        line.n--;
    return line;
}

cv_status cv_armor_encode(struct cv_bytes bytes, struct cv_buf *out)
{
    size_t before = out->n;
    cv_status st = cv_buf_str(out, BEGIN_LINE "\n");
    while (st == CV_OK && bytes.n > 0) {
        size_t take = bytes.n < LINE_BYTES ? bytes.n : LINE_BYTES;
        st = cv_base64_encode(CV_BASE64_STD, CV_BYTES(bytes.p, take), out);
        st = CV_THEN(st, cv_buf_str(out, "\n"));
        bytes = CV_BYTES(bytes.p + take, bytes.n - take);
    }
    st = CV_THEN(st, cv_buf_str(out, END_LINE "\n"));
    if (st != CV_OK)
        cv_buf_truncate(out, before);
    return st;
}

/* The lines between the first and the last, which is taken too. */
static cv_status decode_body(struct cv_bytes *rest, struct cv_buf *out, struct cv_err *err)
{
    bool last = false; /* a line with room left, or with padding, ends the data */
    for (size_t number = 2; rest->n > 0; number++) {
        struct cv_bytes line = take_line(rest);
        if (cv_bytes_equal(line, CV_LIT(END_LINE)))
            return CV_OK;
        if (last || line.n == 0 || line.n > LINE_CHARS)
            return cv_fail(err, CV_ERR_FORMAT, "age armour, line %zu: its length is not as it must be",
                           number);
        size_t before = out->n;
        cv_status st = cv_base64_decode(CV_BASE64_STD, line, out);
        if (st == CV_ERR_FORMAT)
            return cv_fail(err, st, "age armour, line %zu: not canonical base64", number);
        if (st != CV_OK)
            return st;
        last = out->n - before < LINE_BYTES;
    }
    return cv_fail(err, CV_ERR_FORMAT, "age armour: the end line is missing; the file was cut off");
}

cv_status cv_armor_decode(struct cv_bytes text, struct cv_buf *out, struct cv_err *err)
{
    size_t before = out->n;
    struct cv_bytes rest = skip_space(text);
    struct cv_bytes first = take_line(&rest);
    if (!cv_bytes_equal(first, CV_LIT(BEGIN_LINE)))
        return cv_fail(err, CV_ERR_FORMAT, "age armour: does not begin with its begin line");
    cv_status st = decode_body(&rest, out, err);
    if (st == CV_OK && skip_space(rest).n > 0)
        st = cv_fail(err, CV_ERR_FORMAT, "age armour: something follows the end line");
    if (st != CV_OK)
        cv_buf_truncate(out, before);
    return cv_err_note(err, st, "age armour");
}

bool cv_armor_detect(struct cv_bytes text)
{
    struct cv_bytes rest = skip_space(text), want = CV_LIT("-----BEGIN");
    return rest.n >= want.n && memcmp(rest.p, want.p, want.n) == 0;
}
