/* Usage: rfc9901 rfc9901.json
 * The examples of RFC 9901: digests, payloads, disclosures and what a verifier has of them. Their signatures
 * are ES256, which we refuse (that is a case too), so the payloads are signed anew with Ed25519. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/secret.h"
#include "formats/base64.h"
#include "formats/sdjwt.h"
#include "suite.h"

#define NOW 1748361941 /* within the examples' iat and exp */

static struct cv_ed25519_key *issuer_key, *holder_key;

static cv_status issuer(void *arg, const char *iss, const char *kid, uint8_t public[static 32])
{
    (void)arg;
    (void)iss;
    (void)kid;
    memcpy(public, cv_ed25519_public(issuer_key), CV_ED25519_PUBLIC_BYTES);
    return CV_OK;
}

static cv_status append_disclosure(const struct cv_json *list, size_t i, struct cv_buf *out)
{
    cv_status st = cv_base64_encode(CV_BASE64_URL, cv_json_text(cv_json_at(list, i)), out);
    return CV_THEN(st, cv_buf_str(out, "~"));
}

/* present(example, payload, which, out): JWT~disclosure~... for those at the places that ${which} lists, or
 * all. */
static cv_status present(const struct cv_json *example, const struct cv_json *payload,
                         const struct cv_json *which, struct cv_buf *out)
{
    struct cv_buf text = { 0 };
    const struct cv_json *list = cv_json_get(example, "disclosures");
    const size_t count = which != NULL ? cv_json_len(which) : cv_json_len(list);
    cv_status st = cv_json_write(payload, &text);
    st = CV_THEN(st, cv_jws_sign(cv_json_get_str(example, "typ"), NULL, cv_buf_view(&text), cv_sign_key,
                                 issuer_key, out));
    st = CV_THEN(st, cv_buf_str(out, "~"));
    for (size_t i = 0; i < count && st == CV_OK; i++)
        st = append_disclosure(list, which != NULL ? (size_t)cv_json_to_int(cv_json_at(which, i)) : i, out);
    cv_buf_free(&text);
    return st;
}

static cv_status verify(const struct cv_json *example, struct cv_bytes presentation, bool bound,
                        struct cv_json **claims)
{
    const struct cv_sdjwt_rules rules = { .typ = cv_json_get_str(example, "typ"),
                                          .aud = bound ? "https://verifier.example.org" : NULL,
                                          .nonce = bound ? "1234567890" : NULL,
                                          .need_binding = bound,
                                          .now = NOW,
                                          .issuer = issuer };
    return cv_sdjwt_verify(presentation, &rules, claims, NULL);
}

/* shows(example, which, want): those disclosures of it give these claims. */
static bool shows(const struct cv_json *example, const struct cv_json *which, const struct cv_json *want)
{
    struct cv_buf p = { 0 };
    struct cv_json *claims = NULL;
    const bool ok = present(example, cv_json_get(example, "payload"), which, &p) == CV_OK &&
                    verify(example, cv_buf_view(&p), false, &claims) == CV_OK && cv_json_equal(claims, want);
    cv_json_free(claims);
    cv_buf_free(&p);
    return ok;
}

/* A copy of it with the holder's key in cnf made one of ours. */
static struct cv_json *with_our_key(const struct cv_json *object)
{
    struct cv_json *copy = cv_json_copy(object), *cnf = cv_json_object();
    if (cv_json_set(cnf, "jwk", cv_jwk_okp(cv_ed25519_public(holder_key))) != CV_OK ||
        cv_json_set(copy, "cnf", cv_json_ref(cnf)) != CV_OK)
        exit(1);
    cv_json_free(cnf);
    return copy;
}

/* bound(example): the same with key binding, to the audience and nonce of section 5.2; and not to others. */
static bool bound(const struct cv_json *example)
{
    struct cv_buf p = { 0 }, kb = { 0 }, other = { 0 };
    struct cv_json *payload = with_our_key(cv_json_get(example, "payload")),
                   *want = with_our_key(cv_json_get(example, "claims")), *claims = NULL, *none = NULL;
    const bool ok = present(example, payload, cv_json_get(example, "shown"), &p) == CV_OK &&
                    cv_sdjwt_bind(cv_buf_view(&p), "https://verifier.example.org", "1234567890", NOW,
                                  cv_sign_key, holder_key, &kb, NULL) == CV_OK &&
                    cv_sdjwt_bind(cv_buf_view(&p), "https://verifier.example.org", "1234567891", NOW,
                                  cv_sign_key, holder_key, &other, NULL) == CV_OK &&
                    verify(example, cv_buf_view(&kb), true, &claims) == CV_OK &&
                    cv_json_equal(claims, want) &&
                    verify(example, cv_buf_view(&other), true, &none) == CV_ERR_AUTH &&
                    verify(example, cv_buf_view(&p), true, &none) == CV_ERR_AUTH;
    cv_json_free(payload);
    cv_json_free(want);
    cv_json_free(claims);
    cv_buf_free(&p);
    cv_buf_free(&kb);
    cv_buf_free(&other);
    return ok;
}

/* A disclosure of section 5 that stands twice, and one of another example, are refused (section 7.1). */
static bool strangers(const struct cv_json *example, const struct cv_json *other, bool twice)
{
    struct cv_buf p = { 0 };
    struct cv_json *claims = NULL;
    const struct cv_json *list = cv_json_get(twice ? example : other, "disclosures");
    const bool ok = present(example, cv_json_get(example, "payload"), NULL, &p) == CV_OK &&
                    append_disclosure(list, 0, &p) == CV_OK &&
                    verify(example, cv_buf_view(&p), false, &claims) == (twice ? CV_ERR_FORMAT : CV_ERR_AUTH);
    cv_json_free(claims);
    cv_buf_free(&p);
    return ok;
}

/* orphan(example): section 4.2.6: what stands in a disclosure is nothing without it; the last one is left
 * away. */
static bool orphan(const struct cv_json *example)
{
    struct cv_buf p = { 0 };
    struct cv_json *claims = NULL, *which = cv_json_array();
    for (size_t i = 0; i + 1 < cv_json_len(cv_json_get(example, "disclosures")); i++)
        if (cv_json_push(which, cv_json_int((int64_t)i)) != CV_OK)
            exit(1);
    const bool ok = present(example, cv_json_get(example, "payload"), which, &p) == CV_OK &&
                    verify(example, cv_buf_view(&p), false, &claims) == CV_ERR_AUTH;
    cv_json_free(claims);
    cv_json_free(which);
    cv_buf_free(&p);
    return ok;
}

/* es256(doc, example): the example as the RFC has it, with its header and signature, is refused. */
static bool es256(const struct cv_json *doc, const struct cv_json *example)
{
    const struct cv_json *r = cv_json_get(doc, "refused");
    struct cv_buf text = { 0 }, jwt = { 0 };
    struct cv_json *claims = NULL;
    cv_status st = cv_json_write(cv_json_get(example, "payload"), &text);
    st = CV_THEN(st, cv_buf_append(&jwt, cv_json_text(cv_json_get(r, "header"))));
    st = CV_THEN(st, cv_buf_str(&jwt, "."));
    st = CV_THEN(st, cv_base64_encode(CV_BASE64_URL, cv_buf_view(&text), &jwt));
    st = CV_THEN(st, cv_buf_str(&jwt, "."));
    st = CV_THEN(st, cv_buf_append(&jwt, cv_json_text(cv_json_get(r, "signature"))));
    st = CV_THEN(st, cv_buf_str(&jwt, "~"));
    const bool ok = st == CV_OK && verify(example, cv_buf_view(&jwt), false, &claims) == CV_ERR_FORMAT;
    cv_json_free(claims);
    cv_buf_free(&text);
    cv_buf_free(&jwt);
    return ok;
}

static void run_digests(const struct cv_json *list, struct suite *s)
{
    for (size_t i = 0; i < cv_json_len(list); i++) {
        const struct cv_json *d = cv_json_at(list, i);
        struct cv_buf text = { 0 };
        char digest[CV_SDJWT_DIGEST_BYTES];
        const bool ok =
            cv_base64_encode(CV_BASE64_URL, cv_json_text(cv_json_get(d, "disclosure")), &text) == CV_OK &&
            cv_sdjwt_digest(cv_buf_view(&text), digest) == CV_OK &&
            strcmp(digest, cv_json_get_str(d, "digest")) == 0;
        suite_case(s, ok, cv_json_get_str(d, "section"));
        cv_buf_free(&text);
    }
}

static void run_examples(const struct cv_json *doc, struct suite *s)
{
    const struct cv_json *list = cv_json_get(doc, "examples");
    for (size_t i = 0; i < cv_json_len(list); i++) {
        const struct cv_json *e = cv_json_at(list, i), *payload = cv_json_get(e, "payload");
        const char *section = cv_json_get_str(e, "section");
        suite_case(s, shows(e, cv_json_get(e, "shown"), cv_json_get(e, "claims")), section);
        if (cv_json_get(e, "every") != NULL)
            suite_case(s, shows(e, NULL, cv_json_get(e, "every")), section);
        if (cv_json_get(payload, "cnf") != NULL)
            suite_case(s, bound(e), section);
        if (strcmp(section, "6.3") == 0)
            suite_case(s, orphan(e), section);
    }
    const struct cv_json *first = cv_json_at(list, 0);
    suite_case(s, strangers(first, NULL, true), "7.1, step 4");
    suite_case(s, strangers(first, cv_json_at(list, 1), false), "7.1, step 5");
    suite_case(s, es256(doc, first), "5.1 as signed");
}

int main(int argc, char **argv)
{
    struct suite s = { .name = "RFC 9901's examples (SD-JWT)" };
    const uint8_t seeds[2][CV_ED25519_SEED_BYTES] = { "the issuer of RFC 9901's example",
                                                      "the holder of RFC 9901's example" };
    if (argc != 2) {
        fprintf(stderr, "usage: rfc9901 rfc9901.json\n");
        return 2;
    }
    if (cv_secret_heap_init() == CV_ERR_INTERNAL ||
        cv_ed25519_key_new(CV_ARR(seeds[0]), &issuer_key) != CV_OK ||
        cv_ed25519_key_new(CV_ARR(seeds[1]), &holder_key) != CV_OK)
        return 1;
    struct cv_json *doc = suite_json(argv[1]);
    if (doc != NULL) {
        run_digests(cv_json_get(doc, "digests"), &s);
        run_examples(doc, &s);
    }
    cv_json_free(doc);
    cv_ed25519_key_free(issuer_key);
    cv_ed25519_key_free(holder_key);
    return suite_tell(&s, "ES256 is not ours: it is refused, and the payloads are signed anew") ? 0 : 1;
}
