#include <string.h>

#include "formats/base64.h"
#include "formats/jws.h"

/* Packed: the header's JSON, LF, the payload's JSON, the signature's 64 bytes; and in the payload every
 * string that is 43 characters of base64url, quotation marks included, as NUL and its 32 bytes. JSON has no
 * NUL. */
#define HASH_BYTES 32
#define HASH_CHARS 43

/* pack_payload(json, out): hashes as bytes, all else as it is. */
static cv_status pack_payload(struct cv_bytes json, struct cv_buf *out)
{
    uint8_t hash[HASH_BYTES];
    cv_status st = CV_OK;
    while (json.n > 0 && st == CV_OK) {
        const uint8_t *quote = memchr(json.p, '"', json.n);
        const size_t plain = quote != NULL ? (size_t)(quote - json.p) : json.n, left = json.n - plain;
        const bool is_hash =
            left >= HASH_CHARS + 2 && quote[HASH_CHARS + 1] == '"' &&
            cv_base64_decode_exact(CV_BASE64_URL, CV_BYTES(quote + 1, HASH_CHARS), hash, HASH_BYTES) == CV_OK;
        const size_t taken = plain + (is_hash ? HASH_CHARS + 2 : left > 0 ? 1 : 0);
        st = cv_buf_append(out, CV_BYTES(json.p, is_hash ? plain : taken));
        if (is_hash) {
            st = CV_THEN(st, cv_buf_append(out, CV_BYTES("", 1)));
            st = CV_THEN(st, cv_buf_append(out, CV_ARR(hash)));
        }
        json = CV_BYTES(json.p + taken, json.n - taken);
    }
    return st;
}

/* unpack_payload(packed, out): the JSON again. CV_ERR_FORMAT if a hash is cut off. */
static cv_status unpack_payload(struct cv_bytes packed, struct cv_buf *out)
{
    char text[HASH_CHARS + 1];
    cv_status st = CV_OK;
    while (packed.n > 0 && st == CV_OK) {
        const uint8_t *nul = memchr(packed.p, 0, packed.n);
        const size_t plain = nul != NULL ? (size_t)(nul - packed.p) : packed.n;
        st = cv_buf_append(out, CV_BYTES(packed.p, plain));
        packed = CV_BYTES(packed.p + plain, packed.n - plain);
        if (nul == NULL || st != CV_OK)
            continue;
        if (packed.n < 1 + HASH_BYTES)
            return CV_ERR_FORMAT;
        cv_base64_url32(packed.p + 1, text);
        st = cv_buf_str(out, "\"");
        st = CV_THEN(st, cv_buf_append(out, CV_BYTES(text, HASH_CHARS)));
        st = CV_THEN(st, cv_buf_str(out, "\""));
        packed = CV_BYTES(packed.p + 1 + HASH_BYTES, packed.n - 1 - HASH_BYTES);
    }
    return st;
}

cv_status cv_jws_unpack(struct cv_bytes packed, struct cv_buf *out)
{
    const uint8_t *lf = packed.n > 0 ? memchr(packed.p, '\n', packed.n) : NULL;
    const size_t header = lf != NULL ? (size_t)(lf - packed.p) : 0, start = out->n;
    struct cv_buf json = { .max = CV_JWS_MAX_BYTES };
    if (lf == NULL || packed.n - header - 1 < CV_ED25519_SIG_BYTES)
        return CV_ERR_FORMAT;
    const size_t payload = packed.n - header - 1 - CV_ED25519_SIG_BYTES;
    cv_status st = unpack_payload(CV_BYTES(lf + 1, payload), &json);
    st = CV_THEN(st, cv_base64_encode(CV_BASE64_URL, CV_BYTES(packed.p, header), out));
    st = CV_THEN(st, cv_buf_str(out, "."));
    st = CV_THEN(st, cv_base64_encode(CV_BASE64_URL, cv_buf_view(&json), out));
    st = CV_THEN(st, cv_buf_str(out, "."));
    st = CV_THEN(st, cv_base64_encode(CV_BASE64_URL, CV_BYTES(lf + 1 + payload, CV_ED25519_SIG_BYTES), out));
    cv_buf_free(&json);
    if (st != CV_OK)
        cv_buf_truncate(out, start);
    return st;
}

/* pack(compact, out): as it should be; cv_jws_pack sees whether it leads back. */
static cv_status pack(struct cv_bytes compact, struct cv_buf *out)
{
    uint8_t sig[CV_ED25519_SIG_BYTES];
    struct cv_buf json = { .max = CV_JWS_MAX_BYTES };
    const uint8_t *a = compact.n > 0 ? memchr(compact.p, '.', compact.n) : NULL;
    if (a == NULL)
        return CV_ERR_FORMAT;
    const uint8_t *end = compact.p + compact.n, *b = memchr(a + 1, '.', (size_t)(end - a - 1));
    if (b == NULL)
        return CV_ERR_FORMAT;
    cv_status st = cv_base64_decode(CV_BASE64_URL, CV_BYTES(compact.p, (size_t)(a - compact.p)), out);
    st = CV_THEN(st, cv_buf_str(out, "\n"));
    st = CV_THEN(st, cv_base64_decode(CV_BASE64_URL, CV_BYTES(a + 1, (size_t)(b - a - 1)), &json));
    st = CV_THEN(st, pack_payload(cv_buf_view(&json), out));
    st = CV_THEN(
        st, cv_base64_decode_exact(CV_BASE64_URL, CV_BYTES(b + 1, (size_t)(end - b - 1)), sig, sizeof(sig)));
    st = CV_THEN(st, cv_buf_append(out, CV_ARR(sig)));
    cv_buf_free(&json);
    return st;
}

cv_status cv_jws_pack(struct cv_bytes compact, struct cv_buf *out)
{
    struct cv_buf packed = { .max = CV_JWS_MAX_BYTES }, again = { .max = 2 * CV_JWS_MAX_BYTES };
    cv_status st = pack(compact, &packed);
    st = CV_THEN(st, cv_jws_unpack(cv_buf_view(&packed), &again));
    if (st == CV_OK && !cv_bytes_equal(cv_buf_view(&again), compact))
        st = CV_ERR_FORMAT;
    st = CV_THEN(st, cv_buf_append(out, cv_buf_view(&packed)));
    cv_buf_free(&packed);
    cv_buf_free(&again);
    return st;
}
