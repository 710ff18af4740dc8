#include "formats/age_header.h"

#include <string.h>

#include "crypto/hash.h"
#include "crypto/hkdf.h"
#include "formats/age.h"
#include "formats/base64.h"
#include "formats/words.h"

#define VERSION_LINE "age-encryption.org/v1\n"
#define LINE_CHARS 64
#define LINE_BYTES 48
#define ARGS_MAX 3 /* that any type we know takes, its name included */
#define MAC_CHARS 43
#define MAC_LINE "---"

void cv_age_header_free(struct cv_age_header *h)
{
    cv_buf_free(&h->text);
    cv_buf_free(&h->known);
    cv_wipe(h, sizeof *h);
}

static cv_status bad(const struct cv_age_header *h, struct cv_err *err, const char *why)
{
    return cv_fail(err, CV_ERR_FORMAT, "age header, line %zu: %s", h->number + 1, _(why));
}

/* split(line, args, count): the arguments after "-> "; all are counted, the first ARGS_MAX kept. */
static bool split(struct cv_bytes line, struct cv_bytes args[static ARGS_MAX], size_t *count)
{
    *count = 0;
    while (true) {
        const uint8_t *space = line.n > 0 ? memchr(line.p, ' ', line.n) : NULL;
        size_t n = space == NULL ? line.n : (size_t)(space - line.p);
        if (n == 0)
            return false;
        for (size_t i = 0; i < n; i++) {
            if (line.p[i] < 0x21 || line.p[i] > 0x7e)
                return false;
        }
        if (*count < ARGS_MAX)
            args[*count] = CV_BYTES(line.p, n);
        ++*count;
        if (space == NULL)
            return true;
        line = CV_BYTES(space + 1, line.n - n - 1);
    }
}

/* A decimal number without sign or leading zero; whatever is over 255 becomes 255, beyond every bound. */
static bool parse_log_n(struct cv_bytes text, uint8_t *out)
{
    unsigned v = 0;
    if (text.n == 0 || text.p[0] == '0')
        return false;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
        v = v * 10 + (unsigned)(text.p[i] - '0');
        if (v > UINT8_MAX)
            v = UINT8_MAX;
    }
    *out = (uint8_t)v;
    return true;
}

static cv_status arg_line(struct cv_age_header *h, struct cv_bytes line, struct cv_err *err)
{
    struct cv_bytes args[ARGS_MAX];
    size_t count = 0;
    struct cv_age_stanza *s = &h->current;
    memset(s, 0, sizeof *s);
    h->body_n = 0;
    if (!split(CV_BYTES(line.p + 3, line.n - 3), args, &count))
        return bad(h, err, "an argument is empty or has a character that may not be there");
    if (cv_bytes_equal(args[0], CV_LIT("X25519"))) {
        s->kind = CV_AGE_X25519;
        if (count != 2 ||
            cv_base64_decode_exact(CV_BASE64_STD_RAW, args[1], s->arg, CV_AGE_SHARE_BYTES) != CV_OK)
            return bad(h, err, "not an X25519 stanza");
    } else if (cv_bytes_equal(args[0], CV_LIT("scrypt"))) {
        s->kind = CV_AGE_SCRYPT;
        h->scrypt = true;
        if (count != 3 ||
            cv_base64_decode_exact(CV_BASE64_STD_RAW, args[1], s->arg, CV_AGE_SALT_BYTES) != CV_OK ||
            !parse_log_n(args[2], &s->log_n))
            return bad(h, err, "not a scrypt stanza");
    }
    if (++h->count > 1 && h->scrypt)
        return bad(h, err, "a passphrase must be the only recipient");
    h->state = CV_AGE_IN_BODY;
    return CV_OK;
}

static cv_status body_line(struct cv_age_header *h, struct cv_bytes line, struct cv_err *err)
{
    struct cv_buf bytes = { 0 };
    struct cv_age_stanza *s = &h->current;
    if (line.n > LINE_CHARS)
        return bad(h, err, "longer than 64 characters");
    cv_status st = cv_base64_decode(CV_BASE64_STD_RAW, line, &bytes);
    if (st == CV_ERR_FORMAT)
        st = bad(h, err, "not canonical base64");
    if (st == CV_OK && s->kind != CV_AGE_OTHER) {
        if (h->body_n + bytes.n <= sizeof s->body && bytes.n > 0)
            memcpy(s->body + h->body_n, bytes.p, bytes.n);
        h->body_n += bytes.n;
    }
    cv_buf_free(&bytes);
    if (st != CV_OK || line.n == LINE_CHARS)
        return st;
    h->state = CV_AGE_AT_STANZA;
    if (s->kind == CV_AGE_OTHER)
        return CV_OK;
    if (h->body_n != sizeof s->body)
        return bad(h, err, "the sealed key is not of 32 bytes");
    return cv_buf_append(&h->known, CV_BYTES(s, sizeof *s));
}

static cv_status mac_line(struct cv_age_header *h, struct cv_bytes line, struct cv_err *err)
{
    size_t mark = strlen(MAC_LINE);
    if (line.n != mark + 1 + MAC_CHARS || line.p[mark] != ' ' ||
        cv_base64_decode_exact(CV_BASE64_STD_RAW, CV_BYTES(line.p + mark + 1, MAC_CHARS), h->mac,
                               sizeof h->mac) != CV_OK)
        return bad(h, err, "not a MAC line");
    if (h->count == 0)
        return bad(h, err, "no recipient stands before the MAC");
    h->authenticated = h->line + mark;
    h->state = CV_AGE_AT_PAYLOAD;
    return CV_OK;
}

static bool begins(struct cv_bytes line, struct cv_bytes with)
{
    return line.n >= with.n && memcmp(line.p, with.p, with.n) == 0;
}

/* One whole line, without its LF. */
static cv_status take_line(struct cv_age_header *h, struct cv_bytes line, struct cv_err *err)
{
    switch (h->state) {
    case CV_AGE_AT_VERSION: /* checked as it came in */
        h->state = CV_AGE_AT_STANZA;
        return CV_OK;
    case CV_AGE_AT_STANZA:
        if (begins(line, CV_LIT("-> ")))
            return arg_line(h, line, err);
        if (begins(line, CV_LIT(MAC_LINE)))
            return mac_line(h, line, err);
        return bad(h, err, "neither a recipient nor the MAC");
    case CV_AGE_IN_BODY:
        return body_line(h, line, err);
    case CV_AGE_AT_PAYLOAD:
        break;
    }
    return CV_ERR_INTERNAL;
}

cv_status cv_age_header_read(struct cv_age_header *h, struct cv_bytes *in, struct cv_err *err)
{
    cv_status st = CV_OK;
    h->text.max = CV_AGE_HEADER_MAX;
    while (st == CV_OK && in->n > 0 && h->state != CV_AGE_AT_PAYLOAD) {
        const uint8_t *lf = memchr(in->p, '\n', in->n);
        size_t take = lf == NULL ? in->n : (size_t)(lf - in->p) + 1;
        st = cv_buf_append(&h->text, CV_BYTES(in->p, take));
        if (st == CV_ERR_LIMIT)
            return cv_fail(err, st, "age header: longer than %d bytes", CV_AGE_HEADER_MAX);
        if (st != CV_OK)
            return st;
        *in = CV_BYTES(in->p + take, in->n - take);
        struct cv_bytes want = CV_LIT(VERSION_LINE);
        size_t n = h->text.n < want.n ? h->text.n : want.n;
        if (memcmp(h->text.p, want.p, n) != 0 || (lf != NULL && h->text.n < want.n))
            return cv_fail(err, CV_ERR_FORMAT, "age header: not an age file of version 1");
        if (lf == NULL)
            break;
        st = take_line(h, CV_BYTES(h->text.p + h->line, h->text.n - h->line - 1), err);
        h->line = h->text.n;
        h->number++;
    }
    return st;
}

const struct cv_age_stanza *cv_age_header_known(const struct cv_age_header *h, size_t *count)
{
    *count = h->known.n / sizeof(struct cv_age_stanza);
    return (const struct cv_age_stanza *)h->known.p;
}

static cv_status mac(struct cv_bytes file_key, struct cv_bytes text, uint8_t out[static CV_AGE_MAC_BYTES])
{
    uint8_t key[CV_SHA256_BYTES];
    cv_status st = cv_hkdf(CV_HKDF_SHA256, CV_BYTES(NULL, 0), file_key, CV_LIT("header"), key, sizeof key);
    st = CV_THEN(st, cv_hmac_sha256(CV_ARR(key), text, out));
    cv_wipe(key, sizeof key);
    return st;
}

cv_status cv_age_header_verify(const struct cv_age_header *h, struct cv_bytes file_key)
{
    uint8_t want[CV_AGE_MAC_BYTES];
    if (h->state != CV_AGE_AT_PAYLOAD)
        return CV_ERR_INTERNAL;
    cv_status st = mac(file_key, CV_BYTES(h->text.p, h->authenticated), want);
    if (st == CV_OK && !cv_bytes_equal_ct(CV_ARR(want), CV_ARR(h->mac)))
        st = CV_ERR_AUTH;
    cv_wipe(want, sizeof want);
    return st;
}

static cv_status write_stanza(const struct cv_age_stanza *s, struct cv_buf *out)
{
    bool scrypt = s->kind == CV_AGE_SCRYPT;
    cv_status st = cv_buf_str(out, scrypt ? "-> scrypt " : "-> X25519 ");
    st =
        CV_THEN(st, cv_base64_encode(CV_BASE64_STD_RAW,
                                     CV_BYTES(s->arg, scrypt ? CV_AGE_SALT_BYTES : CV_AGE_SHARE_BYTES), out));
    if (scrypt)
        st = CV_THEN(st, cv_buf_printf(out, " %u", s->log_n));
    st = CV_THEN(st, cv_buf_str(out, "\n"));
    st = CV_THEN(
        st, cv_base64_encode(CV_BASE64_STD_RAW, CV_ARR(s->body), out)); /* 43 characters: one short line */
    return CV_THEN(st, cv_buf_str(out, "\n"));
}

cv_status cv_age_header_write(const struct cv_age_stanza *stanzas, size_t count, struct cv_bytes file_key,
                              struct cv_buf *out)
{
    size_t before = out->n;
    uint8_t sum[CV_AGE_MAC_BYTES];
    if (count == 0 || count > CV_AGE_RECIPIENTS_MAX)
        return count == 0 ? CV_ERR_ARG : CV_ERR_LIMIT;
    cv_status st = cv_buf_str(out, VERSION_LINE);
    for (size_t i = 0; i < count; i++)
        st = CV_THEN(st, write_stanza(&stanzas[i], out));
    st = CV_THEN(st, cv_buf_str(out, MAC_LINE));
    st = CV_THEN(st, mac(file_key, CV_BYTES(out->p + before, out->n - before), sum));
    st = CV_THEN(st, cv_buf_str(out, " "));
    st = CV_THEN(st, cv_base64_encode(CV_BASE64_STD_RAW, CV_ARR(sum), out));
    st = CV_THEN(st, cv_buf_str(out, "\n"));
    if (st != CV_OK)
        cv_buf_truncate(out, before);
    return st;
}
