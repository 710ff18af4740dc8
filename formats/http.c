#include "formats/http.h"

#include <string.h>
#include <strings.h>

/* token_char(c): of a method or a header's name (RFC 9110, section 5.6.2). */
static bool token_char(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_token(struct cv_bytes t)
{
    for (size_t i = 0; i < t.n; i++)
        if (!token_char(t.p[i]))
            return false;
    return t.n > 0;
}

static bool is_word(struct cv_bytes t, const char *word)
{
    return t.n == strlen(word) && strncasecmp((const char *)t.p, word, t.n) == 0;
}

/* take_word(line, c, out, room): up to the next ${c}, of visible ASCII. */
static bool take_word(struct cv_bytes *line, char c, char *out, size_t room)
{
    const uint8_t *end = line->n > 0 ? memchr(line->p, c, line->n) : NULL;
    const size_t n = end != NULL ? (size_t)(end - line->p) : 0;
    if (n == 0 || n >= room)
        return false;
    for (size_t i = 0; i < n; i++)
        if (line->p[i] <= ' ' || line->p[i] > '~')
            return false;
    memcpy(out, line->p, n);
    out[n] = '\0';
    *line = CV_BYTES(end + 1, line->n - n - 1);
    return true;
}

/* take_line(rest, line): up to CRLF; a CR or LF that stands alone is part of no line. */
static bool take_line(struct cv_bytes *rest, struct cv_bytes *line)
{
    const uint8_t *lf = rest->n > 0 ? memchr(rest->p, '\n', rest->n) : NULL;
    const size_t n = lf != NULL ? (size_t)(lf - rest->p) : 0;
    if (n == 0 || rest->p[n - 1] != '\r')
        return false;
    *line = CV_BYTES(rest->p, n - 1);
    *rest = CV_BYTES(lf + 1, rest->n - n - 1);
    return n == 1 || memchr(line->p, '\r', line->n) == NULL;
}

static unsigned request_line(struct cv_bytes line, struct cv_http_request *r)
{
    if (!take_word(&line, ' ', r->method, sizeof(r->method)) ||
        !take_word(&line, ' ', r->target, sizeof(r->target)) || !is_token(cv_bytes_str(r->method)) ||
        r->target[0] != '/')
        return 400;
    if (cv_bytes_equal(line, CV_LIT("HTTP/1.1")))
        return 200;
    return line.n == 8 && memcmp(line.p, "HTTP/", 5) == 0 ? 505 : 400;
}

/* trim(v): without the white space around it. */
static struct cv_bytes trim(struct cv_bytes v)
{
    while (v.n > 0 && (v.p[0] == ' ' || v.p[0] == '\t'))
        v = CV_BYTES(v.p + 1, v.n - 1);
    while (v.n > 0 && (v.p[v.n - 1] == ' ' || v.p[v.n - 1] == '\t'))
        v.n--;
    return v;
}

/* content_length(v, max, r): decimal, told once. */
static unsigned content_length(struct cv_bytes v, size_t max, struct cv_http_request *r)
{
    size_t n = 0;
    if (r->length || v.n == 0)
        return 400;
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] < '0' || v.p[i] > '9')
            return 400;
        n = n <= max ? 10 * n + (size_t)(v.p[i] - '0') : n; /* past it, however many digits follow */
    }
    r->length = true;
    r->body = n;
    return n <= max ? 200 : 413;
}

/* says_close(v): among the words of a list with commas. */
static bool says_close(struct cv_bytes v)
{
    while (v.n > 0) {
        const uint8_t *comma = memchr(v.p, ',', v.n);
        const size_t n = comma != NULL ? (size_t)(comma - v.p) : v.n;
        if (is_word(trim(CV_BYTES(v.p, n)), "close"))
            return true;
        v = comma != NULL ? CV_BYTES(comma + 1, v.n - n - 1) : CV_BYTES(v.p, 0);
    }
    return false;
}

static unsigned header(struct cv_bytes line, size_t max, unsigned *hosts, struct cv_http_request *r)
{
    const uint8_t *colon = memchr(line.p, ':', line.n);
    if (colon == NULL)
        return 400;
    const struct cv_bytes name = CV_BYTES(line.p, (size_t)(colon - line.p));
    const struct cv_bytes value = trim(CV_BYTES(colon + 1, line.n - name.n - 1));
    if (!is_token(name))
        return 400;
    for (size_t i = 0; i < value.n; i++)
        if ((value.p[i] < ' ' && value.p[i] != '\t') || value.p[i] == 0x7f)
            return 400;
    if (is_word(name, "content-length"))
        return content_length(value, max, r);
    if (is_word(name, "transfer-encoding"))
        return 501;
    if (is_word(name, "host"))
        (*hosts)++;
    if (is_word(name, "connection"))
        r->close = r->close || says_close(value);
    if (is_word(name, "expect")) {
        if (!is_word(value, "100-continue"))
            return 417;
        r->expect = true;
    }
    return 200;
}

unsigned cv_http_parse(struct cv_bytes bytes, size_t max_body, struct cv_http_request *out)
{
    unsigned code, hosts = 0;
    struct cv_bytes rest = bytes, line;
    memset(out, 0, sizeof(*out));
    const size_t seen = bytes.n < CV_HTTP_HEAD_MAX ? bytes.n : CV_HTTP_HEAD_MAX;
    const uint8_t *end = seen > 0 ? memmem(bytes.p, seen, "\r\n\r\n", 4) : NULL;
    if (end == NULL)
        return bytes.n >= CV_HTTP_HEAD_MAX ? 431 : 0;
    rest.n = (size_t)(end - bytes.p) + 4;
    out->head = rest.n;
    code = take_line(&rest, &line) ? request_line(line, out) : 400;
    while (code == 200) {
        if (!take_line(&rest, &line))
            return 400;
        if (line.n == 0)
            break;
        code = header(line, max_body, &hosts, out);
    }
    return code == 200 && hosts != 1 ? 400 : code;
}

static const char *reason(unsigned code)
{
    static const struct {
        unsigned code;
        const char *text;
    } reasons[] = { { 100, "Continue" },
                    { 200, "OK" },
                    { 400, "Bad Request" },
                    { 403, "Forbidden" },
                    { 404, "Not Found" },
                    { 405, "Method Not Allowed" },
                    { 408, "Request Timeout" },
                    { 409, "Conflict" },
                    { 411, "Length Required" },
                    { 413, "Content Too Large" },
                    { 417, "Expectation Failed" },
                    { 422, "Unprocessable Content" },
                    { 431, "Request Header Fields Too Large" },
                    { 501, "Not Implemented" },
                    { 505, "HTTP Version Not Supported" } };
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (reasons[i].code == code)
            return reasons[i].text;
    return "Internal Server Error";
}

cv_status cv_http_answer(unsigned code, const char *type, const char *extra, struct cv_bytes body, bool close,
                         struct cv_buf *out)
{
    cv_status st = cv_buf_printf(out,
                                 "HTTP/1.1 %u %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s%s"
                                 "Cache-Control: no-store\r\n\r\n",
                                 code, reason(code), type, body.n, extra != NULL ? extra : "",
                                 close ? "Connection: close\r\n" : "");
    return CV_THEN(st, cv_buf_append(out, body));
}
