/* SD-JWTs as a package brings them, every signature being good; and JWTs in the packed form that records
 * keep (an input that begins with a byte 1 is packed). What can be packed leads back to what it was. */
#include "tests/fuzz/fuzz.h"

#include "formats/sdjwt.h"

static cv_status any_issuer(void *arg, const char *iss, const char *kid, uint8_t public[static 32])
{
    (void)arg;
    memset(public, 1, 32);
    return iss == NULL || kid == NULL ? CV_ERR_NOTFOUND : CV_OK;
}

static void verify(struct cv_bytes presentation)
{
    const struct cv_sdjwt_rules rules = { .typ = "dc+sd-jwt", .now = 1800000000, .issuer = any_issuer };
    struct cv_json *claims = NULL;
    struct cv_err err = { 0 };
    if (fuzz_judged(cv_sdjwt_verify(presentation, &rules, &claims, &err), &err, 0)) {
        must(cv_json_is(claims, CV_JSON_OBJECT));
        must(cv_json_get(claims, "_sd") == NULL && cv_json_get(claims, "_sd_alg") == NULL);
    } else
        must(claims == NULL);
    cv_json_free(claims);
}

static void pack(struct cv_bytes compact)
{
    struct cv_buf packed = { 0 }, back = { 0 };
    if (cv_jws_pack(compact, &packed) == CV_OK) {
        must(packed.n < compact.n);
        must(cv_jws_unpack(cv_buf_view(&packed), &back) == CV_OK);
        fuzz_same(compact, cv_buf_view(&back));
    } else
        must(packed.n == 0);
    cv_buf_free(&packed);
    cv_buf_free(&back);
}

static void unpack(struct cv_bytes packed)
{
    struct cv_buf compact = { 0 };
    fuzz_taken = cv_jws_unpack(packed, &compact) == CV_OK;
    must(fuzz_taken || compact.n == 0);
    pack(cv_buf_view(&compact));
    cv_buf_free(&compact);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n > 0 && p[0] == 1)
        unpack(CV_BYTES(p + 1, n - 1));
    else {
        const uint8_t *end = n > 0 ? memchr(p, '~', n) : NULL;
        pack(CV_BYTES(p, end != NULL ? (size_t)(end - p) : n));
        verify(CV_BYTES(p, n));
    }
    return 0;
}
