#include "formats/page.h"

#include <string.h>

#include "crypto/hash.h"
#include "formats/base64.h"

#define OPEN "<script type=\"application/json\" id=\"package\">"
#define CLOSE "</script>"

/* find(in, word): where it begins; in.n if it is not there. */
static size_t find(struct cv_bytes in, struct cv_bytes word)
{
    const uint8_t *at = in.n > 0 ? memmem(in.p, in.n, word.p, word.n) : NULL;
    return at != NULL ? (size_t)(at - in.p) : in.n;
}

/* put_hash(text, out): base64 of its SHA-256, as a content security policy names it. */
static cv_status put_hash(struct cv_bytes text, struct cv_buf *out)
{
    uint8_t hash[32];
    cv_status st = cv_sha256(text, hash);
    return CV_THEN(st, cv_base64_encode(CV_BASE64_STD, CV_ARR(hash), out));
}

cv_status cv_page_data(struct cv_bytes data, struct cv_buf *out)
{
    cv_status st = CV_OK;
    while (data.n > 0 && st == CV_OK) {
        const size_t n = find(data, CV_LIT("<"));
        st = cv_buf_append(out, CV_BYTES(data.p, n));
        if (n < data.n)
            st = CV_THEN(st, cv_buf_str(out, "\\u003c"));
        data = n < data.n ? CV_BYTES(data.p + n + 1, data.n - n - 1) : (struct cv_bytes){ 0 };
    }
    return st;
}

/* put_mark(name, data, out): what stands in place of @NAME@. */
static cv_status put_mark(struct cv_bytes name, struct cv_bytes data, struct cv_buf *out)
{
    const struct {
        const char *text, *hash;
        struct cv_bytes part;
    } parts[] = {
        { "CSS", "CSS_HASH", cv_page_css() },
        { "WORDS", "WORDS_HASH", cv_page_words() },
        { "JS", "JS_HASH", cv_page_js() },
    };
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (cv_bytes_equal(name, cv_bytes_str(parts[i].text)))
            return cv_buf_append(out, parts[i].part);
        if (cv_bytes_equal(name, cv_bytes_str(parts[i].hash)))
            return put_hash(parts[i].part, out);
    }
    return cv_bytes_equal(name, CV_LIT("DATA")) ? cv_page_data(data, out) : CV_ERR_INTERNAL;
}

cv_status cv_page_write(struct cv_bytes data, struct cv_buf *out)
{
    struct cv_bytes rest = cv_page_html();
    cv_status st = CV_OK;
    while (st == CV_OK) {
        const size_t at = find(rest, CV_LIT("@"));
        st = cv_buf_append(out, CV_BYTES(rest.p, at));
        if (st != CV_OK || at == rest.n)
            break;
        rest = CV_BYTES(rest.p + at + 1, rest.n - at - 1);
        const size_t end = find(rest, CV_LIT("@"));
        st = end == rest.n ? CV_ERR_INTERNAL : put_mark(CV_BYTES(rest.p, end), data, out);
        if (st == CV_OK)
            rest = CV_BYTES(rest.p + end + 1, rest.n - end - 1);
    }
    return st;
}

cv_status cv_page_digest(uint8_t digest[static 32])
{
    struct cv_buf page = { 0 };
    cv_status st = cv_page_write((struct cv_bytes){ 0 }, &page);
    st = CV_THEN(st, cv_sha256(cv_buf_view(&page), digest));
    cv_buf_free(&page);
    return st;
}

cv_status cv_page_split(struct cv_bytes page, struct cv_bytes *data, uint8_t digest[static 32],
                        struct cv_err *err)
{
    const size_t at = find(page, CV_LIT(OPEN)) + sizeof(OPEN) - 1;
    *data = (struct cv_bytes){ 0 };
    if (at >= page.n)
        return cv_fail(err, CV_ERR_FORMAT, "page: it has no data");
    const struct cv_bytes rest = CV_BYTES(page.p + at, page.n - at);
    const size_t end = find(rest, CV_LIT(CLOSE));
    const struct cv_bytes tail = CV_BYTES(rest.p + end, rest.n - end);
    if (find(rest, CV_LIT(OPEN)) != rest.n || tail.n == 0)
        return cv_fail(err, CV_ERR_FORMAT, "page: its data has no end, or stands in it twice");
    const struct cv_bytes around[] = { CV_BYTES(page.p, at), tail };
    *data = CV_BYTES(rest.p, end);
    return cv_err_note(err, cv_sha256_parts(around, 2, digest), "page");
}
