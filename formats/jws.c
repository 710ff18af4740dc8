#include "formats/jws.h"

#include <string.h>

#include "formats/base64.h"

cv_status cv_jws_sign(const char *typ, const char *kid, struct cv_bytes payload, cv_sign_fn sign, void *arg,
                      struct cv_buf *out)
{
    const size_t start = out->n;
    uint8_t sig[CV_ED25519_SIG_BYTES];
    struct cv_buf header = { 0 };
    struct cv_json *h = cv_json_object();
    cv_status st = cv_json_set(h, "alg", cv_json_str("EdDSA"));
    st = CV_THEN(st, cv_json_set(h, "typ", cv_json_str(typ)));
    if (kid != NULL)
        st = CV_THEN(st, cv_json_set(h, "kid", cv_json_str(kid)));
    st = CV_THEN(st, cv_json_write(h, &header));
    st = CV_THEN(st, cv_base64_encode(CV_BASE64_URL, cv_buf_view(&header), out));
    st = CV_THEN(st, cv_buf_str(out, "."));
    st = CV_THEN(st, cv_base64_encode(CV_BASE64_URL, payload, out));
    st = CV_THEN(st, sign(arg, CV_BYTES(out->p + start, out->n - start), sig));
    st = CV_THEN(st, cv_buf_str(out, "."));
    st = CV_THEN(st, cv_base64_encode(CV_BASE64_URL, CV_ARR(sig), out));
    if (st != CV_OK)
        cv_buf_truncate(out, start);
    cv_json_free(h);
    cv_buf_free(&header);
    return st;
}

/* cut(rest, stop, out): what stands before ${stop}, which is taken too. */
static bool cut(struct cv_bytes *rest, char stop, struct cv_bytes *out)
{
    const uint8_t *at = rest->n > 0 ? memchr(rest->p, stop, rest->n) : NULL;
    if (at == NULL)
        return false;
    const size_t n = (size_t)(at - rest->p);
    *out = CV_BYTES(rest->p, n);
    *rest = CV_BYTES(at + 1, rest->n - n - 1);
    return true;
}

static cv_status check_header(const struct cv_json *h, const char *typ, struct cv_err *err)
{
    static const char *const names[] = { "alg", "typ", "kid", NULL };
    const char *alg = cv_json_get_str(h, "alg"), *is = cv_json_get_str(h, "typ");
    const struct cv_json *kid = cv_json_get(h, "kid");
    cv_status st = cv_json_only(h, names, "JWS header", err);
    if (st != CV_OK)
        return st;
    if (alg == NULL || (strcmp(alg, "EdDSA") != 0 && strcmp(alg, "Ed25519") != 0))
        return cv_fail(err, CV_ERR_FORMAT, "JWS header: alg is neither EdDSA nor Ed25519");
    if (is == NULL || strcmp(is, typ) != 0)
        return cv_fail(err, CV_ERR_FORMAT, "JWS header: typ is not %s", typ);
    if (kid != NULL && !cv_json_is(kid, CV_JSON_STRING))
        return cv_fail(err, CV_ERR_FORMAT, "JWS header: kid is not a string");
    return CV_OK;
}

cv_status cv_jws_parse(struct cv_bytes compact, const char *typ, struct cv_jws *out, struct cv_err *err)
{
    struct cv_bytes rest = compact, header, payload;
    struct cv_jws j = { 0 };
    cv_status st = CV_OK;
    memset(out, 0, sizeof(*out));
    if (compact.n > CV_JWS_MAX_BYTES)
        return cv_fail(err, CV_ERR_LIMIT, "JWS: longer than 16 MiB");
    if (!cut(&rest, '.', &header) || !cut(&rest, '.', &payload))
        return cv_fail(err, CV_ERR_FORMAT, "JWS: not three parts");
    j.signing_input = CV_BYTES(compact.p, header.n + 1 + payload.n);
    if (cv_base64_decode_exact(CV_BASE64_URL, rest, j.sig, sizeof(j.sig)) != CV_OK)
        st = cv_fail(err, CV_ERR_FORMAT, "JWS: its signature is not 64 bytes in base64url");
    if (st == CV_OK && cv_base64_decode(CV_BASE64_URL, header, &j.bytes) != CV_OK)
        st = cv_fail(err, CV_ERR_FORMAT, "JWS: its header is not base64url");
    st = CV_THEN(st, cv_json_parse(cv_buf_view(&j.bytes), 4096, "JWS header", &j.header, err));
    st = CV_THEN(st, check_header(j.header, typ, err));
    cv_buf_truncate(&j.bytes, 0);
    if (st == CV_OK && cv_base64_decode(CV_BASE64_URL, payload, &j.bytes) != CV_OK)
        st = cv_fail(err, CV_ERR_FORMAT, "JWS: its payload is not base64url");
    j.payload_text = cv_buf_view(&j.bytes);
    st = CV_THEN(st, cv_json_parse(j.payload_text, CV_JWS_MAX_BYTES, "JWS payload", &j.payload, err));
    if (st == CV_OK && !cv_json_is(j.payload, CV_JSON_OBJECT))
        st = cv_fail(err, CV_ERR_FORMAT, "JWS: its payload is not an object");
    if (st == CV_OK)
        *out = j;
    else
        cv_jws_free(&j);
    return st;
}

void cv_jws_free(struct cv_jws *j)
{
    if (j == NULL)
        return;
    cv_json_free(j->header);
    cv_json_free(j->payload);
    cv_buf_free(&j->bytes);
    memset(j, 0, sizeof(*j));
}

cv_status cv_jws_verify(const struct cv_jws *j, const uint8_t public[static 32], const char *what,
                        struct cv_err *err)
{
    cv_status st = cv_ed25519_verify(public, j->signing_input, j->sig);
    if (st == CV_ERR_AUTH)
        return cv_fail(err, CV_ERR_AUTH,
                       "%s: the signature does not verify: it was altered, or is not by this key", what);
    return cv_err_note(err, st, what);
}

struct cv_json *cv_jwk_okp(const uint8_t public[static 32])
{
    struct cv_json *o = cv_json_object();
    cv_status st = cv_json_set(o, "kty", cv_json_str("OKP"));
    st = CV_THEN(st, cv_json_set(o, "crv", cv_json_str("Ed25519")));
    st = CV_THEN(st, cv_json_set(o, "x", cv_json_b64u(CV_BYTES(public, 32))));
    if (st == CV_OK)
        return o;
    cv_json_free(o);
    return NULL;
}

cv_status cv_jwk_okp_parse(const struct cv_json *jwk, uint8_t public[static 32], struct cv_err *err)
{
    static const char *const names[] = { "kty", "crv", "x", NULL };
    const char *kty = cv_json_get_str(jwk, "kty"), *crv = cv_json_get_str(jwk, "crv");
    if (!cv_json_is(jwk, CV_JSON_OBJECT) || cv_json_only(jwk, names, "jwk", NULL) != CV_OK || kty == NULL ||
        crv == NULL || strcmp(kty, "OKP") != 0 || strcmp(crv, "Ed25519") != 0 ||
        cv_json_get_bytes(jwk, "x", public, 32) != CV_OK)
        return cv_fail(err, CV_ERR_FORMAT, "cnf: its key is not a public Ed25519 JWK (kty, crv, x)");
    return CV_OK;
}
