#include "formats/share.h"

#include <string.h>

#include "crypto/hash.h"

#define VERSION 1
#define Y_BYTES 32
#define BODY_BYTES (CV_SHARE_BYTES - 2)

static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void cv_share_free(struct cv_share *s)
{
    cv_secret_free(&s->y);
    memset(s, 0, sizeof(*s));
}

/* pack(s, out): its bytes, with the check at the end. */
static cv_status pack(const struct cv_share *s, struct cv_secret *out)
{
    uint8_t hash[CV_SHA256_BYTES];
    cv_status st = s->y.n == Y_BYTES ? cv_secret_alloc(out, CV_SHARE_BYTES) : CV_ERR_ARG;
    if (st != CV_OK)
        return st;
    out->p[0] = VERSION;
    memcpy(out->p + 1, s->vault, sizeof(s->vault));
    cv_store_u32(out->p + 5, s->epoch);
    out->p[9] = s->threshold;
    out->p[10] = s->x;
    memcpy(out->p + 11, s->y.p, Y_BYTES);
    st = cv_sha256(CV_BYTES(out->p, BODY_BYTES), hash);
    memcpy(out->p + BODY_BYTES, hash, CV_SHARE_BYTES - BODY_BYTES);
    return st;
}

cv_status cv_share_text(const struct cv_share *s, struct cv_secret *out)
{
    struct cv_secret raw = { 0 };
    *out = (struct cv_secret){ 0 };
    cv_status st = pack(s, &raw);
    st = CV_THEN(st, cv_secret_alloc(out, CV_SHARE_TEXT_BYTES));
    for (size_t i = 0, at = 0; i < CV_SHARE_DIGITS && st == CV_OK; i++) {
        unsigned value = 0;
        for (size_t bit = 5 * i; bit < 5 * i + 5; bit++)
            value = 2 * value + (raw.p[bit / 8] >> (7 - bit % 8) & 1);
        if (i > 0 && i % 4 == 0)
            out->p[at++] = '-';
        out->p[at++] = (uint8_t)digits[value];
    }
    cv_secret_free(&raw);
    if (st != CV_OK)
        cv_secret_free(out);
    return st;
}

/* digit(c): its value, as people type it: small letters, O for 0, I and L for 1; -1 for none. */
static int digit(uint8_t c)
{
    if (c >= 'a' && c <= 'z')
        c = (uint8_t)(c - 'a' + 'A');
    c = c == 'O' ? '0' : c == 'I' || c == 'L' ? '1' : c;
    const char *at = c != '\0' ? strchr(digits, c) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

/* unpack(raw, out): CV_ERR_FORMAT unless its check holds. */
static cv_status unpack(const struct cv_secret *raw, struct cv_share *out)
{
    uint8_t hash[CV_SHA256_BYTES];
    cv_status st = cv_sha256(CV_BYTES(raw->p, BODY_BYTES), hash);
    if (st == CV_OK &&
        (raw->p[0] != VERSION || memcmp(hash, raw->p + BODY_BYTES, CV_SHARE_BYTES - BODY_BYTES) != 0 ||
         raw->p[10] == 0))
        st = CV_ERR_FORMAT;
    if (st != CV_OK)
        return st;
    memcpy(out->vault, raw->p + 1, sizeof(out->vault));
    out->epoch = cv_load_u32(raw->p + 5);
    out->threshold = raw->p[9];
    out->x = raw->p[10];
    return cv_secret_copy(&out->y, CV_BYTES(raw->p + 11, Y_BYTES));
}

cv_status cv_share_parse(struct cv_bytes text, struct cv_share *out, struct cv_err *err)
{
    struct cv_secret raw = { 0 };
    size_t n = 0;
    memset(out, 0, sizeof(*out));
    cv_status st = cv_secret_alloc(&raw, CV_SHARE_BYTES);
    for (size_t i = 0; i < text.n && st == CV_OK; i++) {
        const uint8_t c = text.p[i];
        const int value = digit(c);
        if (c == '-' || c == ' ' || c == '\t' || c == '\r' || c == '\n')
            continue;
        if (value < 0 || n == CV_SHARE_DIGITS)
            st = CV_ERR_FORMAT;
        for (size_t bit = 5 * n; st == CV_OK && bit < 5 * n + 5; bit++)
            raw.p[bit / 8] |= (uint8_t)((value >> (4 - (bit - 5 * n)) & 1) << (7 - bit % 8));
        n++;
    }
    if (st == CV_OK && n != CV_SHARE_DIGITS)
        st = CV_ERR_FORMAT;
    st = CV_THEN(st, unpack(&raw, out));
    cv_secret_free(&raw);
    if (st == CV_ERR_FORMAT)
        st = cv_fail(err, st,
                     "not a share as it was written down: %d letters and digits; one is mistyped or missing",
                     CV_SHARE_DIGITS);
    return cv_err_note(err, st, "share");
}

cv_status cv_share_digest(const struct cv_share *s, uint8_t out[static CV_SHARE_DIGEST_BYTES])
{
    struct cv_secret raw = { 0 };
    uint8_t hash[CV_SHA256_BYTES] = { 0 };
    cv_status st = pack(s, &raw);
    st = CV_THEN(st, cv_sha256(cv_secret_view(&raw), hash));
    memcpy(out, hash, CV_SHARE_DIGEST_BYTES);
    cv_secret_free(&raw);
    return st;
}
