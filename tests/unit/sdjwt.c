/* SD-JWT (RFC 9901): what is issued verifies, and what a lax verifier would take is refused. */
#include "formats/sdjwt.h"
#include "formats/base64.h"
#include "test.h"

#define NOW 1700000100

static struct cv_ed25519_key *author, *holder;

static enum cv_sdjwt_form form(void *arg, const char *pointer, const struct cv_json *value)
{
    (void)arg;
    (void)value;
    return strcmp(pointer, "/identity") == 0 || strcmp(pointer, "/empty") == 0 ? CV_SDJWT_MEMBERS
           : strcmp(pointer, "/list") == 0                                     ? CV_SDJWT_ELEMENTS
                                                                               : CV_SDJWT_WHOLE;
}

static cv_status salt(void *arg, const char *pointer, uint8_t out[static 16])
{
    (void)arg;
    memset(out, 0, 16);
    for (size_t i = 0; pointer[i] != '\0'; i++)
        out[i % 16] = (uint8_t)(out[i % 16] * 31 + pointer[i]);
    return CV_OK;
}

static cv_status decoys(void *arg, const char *pointer, size_t have, struct cv_buf *out)
{
    cv_status st = CV_OK;
    (void)arg;
    for (size_t i = have; i < 4 && pointer[0] != '\0' && st == CV_OK; i++) {
        uint8_t digest[32];
        memset(digest, (int)(i + strlen(pointer)), sizeof(digest));
        st = cv_buf_append(out, CV_ARR(digest));
    }
    return st;
}

static const struct cv_sdjwt_plan plan = { NULL, form, salt, decoys };

static struct cv_json *json(const char *text)
{
    struct cv_json *v = NULL;
    assert_ok(cv_json_parse(cv_bytes_str(text), 1 << 20, "test", &v, NULL));
    return v;
}

static struct cv_sdjwt *build(const char *claims_text)
{
    struct cv_json *visible = json("{\"iss\":\"urn:test\",\"iat\":1700000000}"), *cnf = cv_json_object();
    struct cv_json *claims = json(claims_text);
    struct cv_sdjwt *s = NULL;
    assert_ok(cv_json_set(cnf, "jwk", cv_jwk_okp(cv_ed25519_public(holder))));
    assert_ok(cv_json_set(visible, "cnf", cnf));
    assert_ok(cv_sdjwt_build(visible, claims, &plan, &s, NULL));
    cv_json_free(visible);
    cv_json_free(claims);
    return s;
}

static const char claims_text[] = "{\"identity\":{\"name\":\"Ana\",\"born\":\"1990\"},\"empty\":{},\"list\":["
                                  "\"a\",\"b\"],\"whole\":{\"k\":[1]}}";

/* present(pointers, out): issued, selected, bound. */
static void present(const char *const *pointers, size_t count, struct cv_buf *out)
{
    struct cv_sdjwt *s = build(claims_text);
    struct cv_buf jwt = { 0 }, selected = { 0 };
    assert_ok(cv_sdjwt_sign(s, "dc+sd-jwt", "m1", cv_sign_key, author, &jwt, NULL));
    assert_ok(cv_sdjwt_select(s, pointers, count, &selected, NULL));
    assert_ok(cv_sdjwt_bind(cv_buf_view(&selected), "them", "n", NOW, cv_sign_key, holder, out, NULL));
    cv_buf_free(&jwt);
    cv_buf_free(&selected);
    cv_sdjwt_free(s);
}

static cv_status issuer(void *arg, const char *iss, const char *kid, uint8_t public[static 32])
{
    (void)arg;
    (void)kid;
    if (iss == NULL || strcmp(iss, "urn:test") != 0)
        return CV_ERR_NOTFOUND;
    memcpy(public, cv_ed25519_public(author), 32);
    return CV_OK;
}

static const struct cv_sdjwt_rules rules = {
    .typ = "dc+sd-jwt", .aud = "them", .nonce = "n", .need_binding = true, .now = NOW, .issuer = issuer
};

static cv_status verify(struct cv_bytes presentation, struct cv_json **claims)
{
    return cv_sdjwt_verify(presentation, &rules, claims, NULL);
}

static void shows(const char *const *pointers, size_t count, const char *want)
{
    struct cv_buf p = { 0 }, text = { 0 };
    struct cv_json *claims = NULL;
    present(pointers, count, &p);
    assert_ok(verify(cv_buf_view(&p), &claims));
    assert_ok(cv_json_del(claims, "iss"));
    assert_ok(cv_json_del(claims, "iat"));
    assert_ok(cv_json_del(claims, "cnf"));
    assert_ok(cv_json_write_sorted(claims, &text));
    assert_bytes(cv_buf_view(&text), cv_bytes_str(want));
    cv_json_free(claims);
    cv_buf_free(&p);
    cv_buf_free(&text);
}

static void test_select(void **state)
{
    (void)state;
    shows(NULL, 0, "{}");
    shows((const char *const[]){ "/identity/name" }, 1, "{\"identity\":{\"name\":\"Ana\"}}");
    shows((const char *const[]){ "/identity" }, 1, "{\"identity\":{\"born\":\"1990\",\"name\":\"Ana\"}}");
    shows((const char *const[]){ "/list/1", "/whole" }, 2, "{\"list\":[\"b\"],\"whole\":{\"k\":[1]}}");
    shows((const char *const[]){ "/empty" }, 1, "{\"empty\":{}}");
    struct cv_sdjwt *s = build(claims_text);
    struct cv_buf jwt = { 0 }, out = { 0 };
    assert_ok(cv_sdjwt_sign(s, "dc+sd-jwt", "m1", cv_sign_key, author, &jwt, NULL));
    assert_status(cv_sdjwt_select(s, (const char *const[]){ "/identity/none" }, 1, &out, NULL),
                  CV_ERR_NOTFOUND);
    cv_sdjwt_free(s);
    cv_buf_free(&jwt);
    cv_buf_free(&out);
}

static void test_rebuild(void **state)
{
    (void)state;
    struct cv_sdjwt *s = build(claims_text);
    /* Another order of members, the same bytes; a part of it can be adopted; a changed one cannot. */
    struct cv_sdjwt *again = build("{\"whole\":{\"k\":[1]},\"list\":[\"a\",\"b\"],\"empty\":{},\"identity\":{"
                                   "\"born\":\"1990\",\"name\":\"Ana\"}}");
    struct cv_sdjwt *part = build("{\"identity\":{\"name\":\"Ana\",\"born\":\"1990\"}}");
    struct cv_sdjwt *changed = build("{\"identity\":{\"name\":\"Eva\",\"born\":\"1990\"}}");
    struct cv_buf jwt = { 0 };
    assert_ok(cv_sdjwt_sign(s, "dc+sd-jwt", "m1", cv_sign_key, author, &jwt, NULL));
    assert_true(cv_sdjwt_same(again, cv_buf_view(&jwt)));
    assert_false(cv_sdjwt_same(part, cv_buf_view(&jwt)));
    struct cv_jws parsed;
    assert_ok(cv_jws_parse(cv_buf_view(&jwt), "dc+sd-jwt", &parsed, NULL));
    assert_ok(cv_sdjwt_adopt(part, cv_buf_view(&jwt), &parsed, NULL));
    assert_status(cv_sdjwt_adopt(changed, cv_buf_view(&jwt), &parsed, NULL), CV_ERR_AUTH);
    cv_jws_free(&parsed);
    assert_status(cv_jws_parse(cv_buf_view(&jwt), "kb+jwt", &parsed, NULL), CV_ERR_FORMAT);
    struct cv_json *visible = cv_json_object(), *reserved = json("{\"_sd\":1}");
    struct cv_sdjwt *bad = NULL;
    assert_status(cv_sdjwt_build(visible, reserved, &plan, &bad, NULL), CV_ERR_FORMAT);
    cv_json_free(visible);
    cv_json_free(reserved);
    cv_sdjwt_free(s);
    cv_sdjwt_free(again);
    cv_sdjwt_free(part);
    cv_sdjwt_free(changed);
    cv_buf_free(&jwt);
}

/* read_presentation: a parse_fn. */
static cv_status read_presentation(void *arg, struct cv_bytes bytes)
{
    struct cv_json *claims = NULL;
    cv_status st = verify(bytes, &claims);
    (void)arg;
    assert_true((st == CV_OK) == (claims != NULL));
    cv_json_free(claims);
    return st;
}

static void test_bits(void **state)
{
    struct cv_buf p = { 0 };
    (void)state;
    present((const char *const[]){ "/identity/name", "/list/0" }, 2, &p);
    every_bit(cv_buf_view(&p), 0, p.n, read_presentation, NULL, REFUSED);
    every_cut(cv_buf_view(&p), 0, p.n, read_presentation, NULL, REFUSED);
    cv_buf_free(&p);
}

/* forge(header, payload, disclosures, bind, out): anything, properly signed by the author. */
static void forge(const char *header, const char *payload, const char *const *disclosures, bool bind,
                  struct cv_buf *out)
{
    struct cv_buf p = { 0 };
    uint8_t sig[64];
    assert_ok(cv_base64_encode(CV_BASE64_URL, cv_bytes_str(header), &p));
    assert_ok(cv_buf_str(&p, "."));
    assert_ok(cv_base64_encode(CV_BASE64_URL, cv_bytes_str(payload), &p));
    assert_ok(cv_ed25519_sign(author, cv_buf_view(&p), sig));
    assert_ok(cv_buf_str(&p, "."));
    assert_ok(cv_base64_encode(CV_BASE64_URL, CV_ARR(sig), &p));
    assert_ok(cv_buf_str(&p, "~"));
    for (size_t i = 0; disclosures != NULL && disclosures[i] != NULL; i++) {
        assert_ok(cv_base64_encode(CV_BASE64_URL, cv_bytes_str(disclosures[i]), &p));
        assert_ok(cv_buf_str(&p, "~"));
    }
    if (bind)
        assert_ok(cv_sdjwt_bind(cv_buf_view(&p), "them", "n", NOW, cv_sign_key, holder, out, NULL));
    else
        assert_ok(cv_buf_append(out, cv_buf_view(&p)));
    cv_buf_free(&p);
}

/* D(text): the digest of a disclosure, as JSON strings hold it. */
static const char *D(const char *text)
{
    static char ring[8][CV_SDJWT_DIGEST_BYTES];
    static size_t next;
    char *out = ring[next++ % 8];
    struct cv_buf b = { 0 };
    assert_ok(cv_base64_encode(CV_BASE64_URL, cv_bytes_str(text), &b));
    assert_ok(cv_sdjwt_digest(cv_buf_view(&b), out));
    cv_buf_free(&b);
    return out;
}

static const char good_header[] = "{\"alg\":\"EdDSA\",\"typ\":\"dc+sd-jwt\",\"kid\":\"m1\"}";

/* payload(more): the usual claims, the holder's key, and ${more} members. */
static const char *payload(const char *more)
{
    static char text[4096];
    struct cv_buf x = { 0 };
    assert_ok(cv_base64_encode(CV_BASE64_URL, CV_BYTES(cv_ed25519_public(holder), 32), &x));
    snprintf(
        text, sizeof(text),
        "{\"iss\":\"urn:test\",\"cnf\":{\"jwk\":{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%.*s\"}}%s}",
        (int)x.n, (const char *)x.p, more);
    cv_buf_free(&x);
    return text;
}

static void expect(const char *what, const char *header, const char *body, const char *const *disclosures,
                   bool bind, cv_status want)
{
    struct cv_buf p = { 0 };
    struct cv_json *claims = NULL;
    forge(header, body, disclosures, bind, &p);
    const cv_status st = verify(cv_buf_view(&p), &claims);
    if (st != want)
        print_message("%s: status %d where %d is wanted\n", what, (int)st, (int)want);
    assert_int_equal(st, want);
    cv_json_free(claims);
    cv_buf_free(&p);
}

static void test_headers(void **state)
{
    static const struct {
        const char *name, *header;
        cv_status want;
    } rows[] = {
        { "as issued", "{\"alg\":\"EdDSA\",\"typ\":\"dc+sd-jwt\",\"kid\":\"m1\"}", CV_OK },
        { "the newer name of the algorithm", "{\"alg\":\"Ed25519\",\"typ\":\"dc+sd-jwt\"}", CV_OK },
        { "none", "{\"alg\":\"none\",\"typ\":\"dc+sd-jwt\"}", CV_ERR_FORMAT },
        { "HS256", "{\"alg\":\"HS256\",\"typ\":\"dc+sd-jwt\"}", CV_ERR_FORMAT },
        { "no alg", "{\"typ\":\"dc+sd-jwt\"}", CV_ERR_FORMAT },
        { "another typ", "{\"alg\":\"EdDSA\",\"typ\":\"JWT\"}", CV_ERR_FORMAT },
        { "no typ", "{\"alg\":\"EdDSA\"}", CV_ERR_FORMAT },
        { "crit", "{\"alg\":\"EdDSA\",\"typ\":\"dc+sd-jwt\",\"crit\":[\"b64\"],\"b64\":false}",
          CV_ERR_FORMAT },
        { "a key of its own", "{\"alg\":\"EdDSA\",\"typ\":\"dc+sd-jwt\",\"jwk\":{}}", CV_ERR_FORMAT },
        { "alg twice", "{\"alg\":\"EdDSA\",\"alg\":\"none\",\"typ\":\"dc+sd-jwt\"}", CV_ERR_FORMAT },
        { "kid not a string", "{\"alg\":\"EdDSA\",\"typ\":\"dc+sd-jwt\",\"kid\":1}", CV_ERR_FORMAT },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        expect(rows[i].name, rows[i].header, payload(""), NULL, true, rows[i].want);
}

/* compact_of(header, payload): with 64 bytes as its signature. */
static struct cv_buf compact_of(struct cv_bytes header, struct cv_bytes payload)
{
    uint8_t sig[64];
    struct cv_buf out = { 0 };
    memset(sig, '\n', sizeof(sig));
    assert_int_equal(cv_base64_encode(CV_BASE64_URL, header, &out), CV_OK);
    assert_int_equal(cv_buf_str(&out, "."), CV_OK);
    assert_int_equal(cv_base64_encode(CV_BASE64_URL, payload, &out), CV_OK);
    assert_int_equal(cv_buf_str(&out, "."), CV_OK);
    assert_int_equal(cv_base64_encode(CV_BASE64_URL, CV_ARR(sig), &out), CV_OK);
    return out;
}

#define H43 "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg"
static void test_pack(void **state)
{
    static const struct {
        const char *header, *payload;
        size_t payload_n; /* 0: to its NUL */
        size_t hashes;    /* that became bytes */
        cv_status st;
    } rows[] = {
        { "{\"alg\":\"EdDSA\"}", "{\"_sd\":[\"" H43 "\",\"" H43 "\"]}", 0, 2, CV_OK },
        { "{}", "{}", 0, 0, CV_OK },
        { "{}", "\"" H43 "\"", 0, 1, CV_OK },
        { "{}", "{\"" H43 "\":\"" H43 "\"}", 0, 2, CV_OK },
        { "{}", "{\"a\":\"\\\"" H43 "\"}", 0, 1, CV_OK }, /* after an escaped mark */
        { "{}", "{\"a\":\"n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgh\"}", 0, 0, CV_OK }, /* bits too many */
        { "{}", "{\"a\":\"" H43 "A\",\"b\":\"" H43, 0, 0, CV_OK }, /* 44, and cut off */
        { "{}", "\"\"\"\"\n\n", 0, 0, CV_OK },
        { "{}", "", 0, 0, CV_OK },
        { "{\n}", "{}", 0, 0, CV_ERR_FORMAT }, /* its end would be found too early */
        { "{}", "{\0}", 3, 0, CV_ERR_FORMAT }, /* a NUL says that a hash follows */
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const size_t n = rows[i].payload_n > 0 ? rows[i].payload_n : strlen(rows[i].payload);
        struct cv_buf compact = compact_of(cv_bytes_str(rows[i].header), CV_BYTES(rows[i].payload, n));
        struct cv_buf packed = { 0 }, again = { 0 };
        const cv_status st = cv_jws_pack(cv_buf_view(&compact), &packed);
        if (st != rows[i].st)
            fail_msg("row %zu: %s", i, cv_status_text(st));
        if (st == CV_OK) {
            assert_int_equal(packed.n, strlen(rows[i].header) + 1 + n + 64 - rows[i].hashes * 12);
            assert_int_equal(cv_jws_unpack(cv_buf_view(&packed), &again), CV_OK);
            assert_true(cv_bytes_equal(cv_buf_view(&again), cv_buf_view(&compact)));
        }
        /* Cut anywhere: an error, or something else; never more than is there. */
        for (size_t cut = 0; cut < packed.n; cut++) {
            cv_buf_truncate(&again, 0);
            if (cv_jws_unpack(CV_BYTES(packed.p, cut), &again) == CV_OK)
                assert_false(cv_bytes_equal(cv_buf_view(&again), cv_buf_view(&compact)));
            else
                assert_int_equal(again.n, 0);
        }
        cv_buf_free(&compact);
        cv_buf_free(&packed);
        cv_buf_free(&again);
    }
    struct cv_buf out = { 0 };
    assert_int_equal(cv_jws_pack(cv_bytes_str("e30.e30"), &out), CV_ERR_FORMAT);
    assert_int_equal(cv_jws_pack(cv_bytes_str("e30.e30.AAAA"), &out), CV_ERR_FORMAT);
    assert_int_equal(cv_jws_pack(cv_bytes_str("e31.e30." H43), &out), CV_ERR_FORMAT);
    assert_int_equal(out.n, 0);
    cv_buf_free(&out);
}

static void test_attacks(void **state)
{
    static const char a[] = "[\"s\",\"a\",1]", b[] = "[\"t\",\"a\",2]", element[] = "[\"s\",1]",
                      iss[] = "[\"s\",\"iss\",\"x\"]";
    static const char sd_name[] = "[\"s\",\"_sd\",[]]", dots[] = "[\"s\",\"...\",1]",
                      four[] = "[\"s\",\"a\",1,2]", inner[] = "[\"s\",\"i\",{\"...\":1}]";
    char more[1024];
    (void)state;
#define SD(...) (snprintf(more, sizeof(more), __VA_ARGS__), payload(more))
#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })
    expect("a member", good_header, SD(",\"_sd\":[\"%s\"]", D(a)), LIST(a), true, CV_OK);
    expect("not disclosed", good_header, SD(",\"_sd\":[\"%s\"]", D(a)), NULL, true, CV_OK);
    expect("no binding", good_header, SD(",\"_sd\":[\"%s\"]", D(a)), LIST(a), false, CV_ERR_AUTH);
    expect("unreferenced", good_header, payload(""), LIST(a), true, CV_ERR_AUTH);
    expect("twice", good_header, SD(",\"_sd\":[\"%s\"]", D(a)), LIST(a, a), true, CV_ERR_FORMAT);
    expect("a digest twice", good_header, SD(",\"_sd\":[\"%s\",\"%s\"]", D(a), D(a)), LIST(a), true,
           CV_ERR_FORMAT);
    expect("an undisclosed digest twice", good_header,
           SD(",\"_sd\":[\"%s\"],\"l\":[{\"...\":\"%s\"}]", D(a), D(a)), NULL, true, CV_ERR_FORMAT);
    expect("two of a name", good_header, SD(",\"_sd\":[\"%s\",\"%s\"]", D(a), D(b)), LIST(a, b), true,
           CV_ERR_FORMAT);
    expect("over a visible member", good_header, SD(",\"_sd\":[\"%s\"]", D(iss)), LIST(iss), true,
           CV_ERR_FORMAT);
    expect("an element as a member", good_header, SD(",\"_sd\":[\"%s\"]", D(element)), LIST(element), true,
           CV_ERR_FORMAT);
    expect("a member as an element", good_header, SD(",\"l\":[{\"...\":\"%s\"}]", D(a)), LIST(a), true,
           CV_ERR_FORMAT);
    expect("an element", good_header, SD(",\"l\":[{\"...\":\"%s\"},3]", D(element)), LIST(element), true,
           CV_OK);
    expect("an element with company", good_header, SD(",\"l\":[{\"...\":\"%s\",\"x\":1}]", D(element)),
           LIST(element), true, CV_ERR_FORMAT);
    expect("the name _sd", good_header, SD(",\"_sd\":[\"%s\"]", D(sd_name)), LIST(sd_name), true,
           CV_ERR_FORMAT);
    expect("the name ...", good_header, SD(",\"_sd\":[\"%s\"]", D(dots)), LIST(dots), true, CV_ERR_FORMAT);
    expect("... in an object", good_header, SD(",\"_sd\":[\"%s\"]", D(inner)), LIST(inner), true,
           CV_ERR_FORMAT);
    expect("four parts", good_header, SD(",\"_sd\":[\"%s\"]", D(four)), LIST(four), true, CV_ERR_FORMAT);
    expect("_sd no array", good_header, payload(",\"_sd\":\"x\""), NULL, true, CV_ERR_FORMAT);
    expect("_sd of numbers", good_header, payload(",\"_sd\":[1]"), NULL, true, CV_ERR_FORMAT);
    expect("_sd_alg md5", good_header, payload(",\"_sd_alg\":\"md5\""), NULL, true, CV_ERR_FORMAT);
    expect("_sd_alg inside", good_header, payload(",\"x\":{\"_sd_alg\":\"sha-256\"}"), NULL, true,
           CV_ERR_FORMAT);
    expect("expired", good_header, payload(",\"exp\":1700000000"), NULL, true, CV_ERR_AUTH);
    expect("not yet", good_header, payload(",\"nbf\":1800000000"), NULL, true, CV_ERR_AUTH);
    expect("exp no number", good_header, payload(",\"exp\":\"never\""), NULL, true, CV_ERR_FORMAT);
    expect("another issuer", good_header, "{\"iss\":\"urn:other\"}", NULL, true, CV_ERR_AUTH);
    expect("no cnf", good_header, "{\"iss\":\"urn:test\"}", NULL, true, CV_ERR_FORMAT);
    expect("a private cnf", good_header,
           "{\"iss\":\"urn:test\",\"cnf\":{\"jwk\":{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":"
           "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"d\":\"AA\"}}}",
           NULL, true, CV_ERR_FORMAT);
    expect("payload no object", good_header, "[]", NULL, true, CV_ERR_FORMAT);
    expect("disclosure no array", good_header, payload(""), LIST("{}"), true, CV_ERR_FORMAT);
    expect("disclosure no JSON", good_header, payload(""), LIST("[\"s\","), true, CV_ERR_FORMAT);
    expect("wrong UTF-8", good_header, payload(""), LIST("[\"s\",\"\xff\",1]"), true, CV_ERR_FORMAT);
}

static void test_binding(void **state)
{
    static const struct {
        const char *aud, *nonce;
        int64_t iat;
        cv_status want;
    } rows[] = { { "them", "n", NOW, CV_OK },
                 { "me", "n", NOW, CV_ERR_AUTH },
                 { "them", "m", NOW, CV_ERR_AUTH },
                 { "them", "n", NOW + 299, CV_OK },
                 { "them", "n", NOW + 301, CV_ERR_AUTH } };
    struct cv_buf bare = { 0 };
    struct cv_json *claims = NULL;
    (void)state;
    forge(good_header, payload(""), NULL, false, &bare);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cv_buf p = { 0 };
        assert_ok(cv_sdjwt_bind(cv_buf_view(&bare), rows[i].aud, rows[i].nonce, rows[i].iat, cv_sign_key,
                                holder, &p, NULL));
        assert_status(verify(cv_buf_view(&p), &claims), rows[i].want);
        cv_json_free(claims);
        cv_buf_free(&p);
    }
    struct cv_buf p = { 0 };
    assert_ok(cv_sdjwt_bind(cv_buf_view(&bare), "them", "n", NOW, cv_sign_key, author, &p,
                            NULL)); /* not the holder */
    assert_status(verify(cv_buf_view(&p), &claims), CV_ERR_AUTH);
    cv_buf_free(&p);
    cv_buf_free(&bare);
}

static int setup(void **state)
{
    (void)state;
    assert_ok(cv_ed25519_key_new(CV_LIT("the author's seed, 32 bytes long"), &author));
    assert_ok(cv_ed25519_key_new(CV_LIT("the holder's seed, 32 bytes long"), &holder));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cv_ed25519_key_free(author);
    cv_ed25519_key_free(holder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_select),  cmocka_unit_test(test_rebuild), cmocka_unit_test(test_bits),
        cmocka_unit_test(test_headers), cmocka_unit_test(test_attacks), cmocka_unit_test(test_binding),
        cmocka_unit_test(test_pack),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
