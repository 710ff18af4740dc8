/* Disclosures, and the signatures they cannot do without. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "tests/bench/bench.h"

/* Records of 50 fields, half of which go. */
#define DISCLOSED 1000
#define SECTIONS 5
#define FIELDS 10

static enum cv_sdjwt_form form(void *arg, const char *pointer, const struct cv_json *value)
{
    (void)arg;
    (void)value;
    return strchr(pointer + 1, '/') == NULL ? CV_SDJWT_MEMBERS : CV_SDJWT_WHOLE;
}

static cv_status salt(void *arg, const char *pointer, uint8_t out[static 16])
{
    uint8_t hash[32];
    (void)arg;
    cv_status st = cv_sha256(cv_bytes_str(pointer), hash);
    memcpy(out, hash, 16);
    return st;
}

static cv_status decoys(void *arg, const char *pointer, size_t have, struct cv_buf *out)
{
    (void)arg;
    (void)pointer;
    (void)have;
    (void)out;
    return CV_OK;
}

/* issue(key, out): a record as its author signed it. */
static void issue(struct cv_ed25519_key *key, const uint8_t public[static 32], struct cv_sdjwt **out)
{
    const struct cv_sdjwt_plan plan = { NULL, form, salt, decoys };
    struct cv_json *visible = cv_json_object(), *claims = cv_json_object(), *cnf = cv_json_object();
    struct cv_buf jwt = { 0 };
    bench_must(cv_json_set(cnf, "jwk", cv_jwk_okp(public)), "cnf");
    bench_must(cv_json_set(visible, "iss", cv_json_str("urn:bench")), "iss");
    bench_must(cv_json_set(visible, "cnf", cnf), "cnf");
    for (int i = 0; i < SECTIONS; i++) {
        char name[16];
        struct cv_json *o = cv_json_object();
        for (int j = 0; j < FIELDS; j++) {
            snprintf(name, sizeof(name), "field_%d", j);
            bench_must(
                cv_json_set(o, name, cv_json_str("A value of about fifty letters, as records have it.")),
                "field");
        }
        snprintf(name, sizeof(name), "section_%d", i);
        bench_must(cv_json_set(claims, name, o), "section");
    }
    bench_must(cv_sdjwt_build(visible, claims, &plan, out, NULL), "build");
    bench_must(cv_sdjwt_sign(*out, CV_RECORD_TYP, "kid", cv_sign_key, key, &jwt, NULL), "sign");
    cv_json_free(visible);
    cv_json_free(claims);
    cv_buf_free(&jwt);
}

static cv_status bench_issuer(void *arg, const char *iss, const char *kid, uint8_t public[static 32])
{
    (void)iss;
    (void)kid;
    memcpy(public, arg, 32);
    return CV_OK;
}

/* choose(pointers, names): every other field. */
static size_t choose(const char **pointers, char (*names)[32])
{
    size_t n = 0;
    for (int i = 0; i < SECTIONS; i++)
        for (int j = 0; j < FIELDS; j += 2, n++) {
            snprintf(names[n], 32, "/section_%d/field_%d", i, j);
            pointers[n] = names[n];
        }
    return n;
}

/* A thousand selected and bound; the same put into a zip and written; then verified; and their signatures
 * alone. */
void bench_disclose(const char *dir)
{
    static char names[SECTIONS * FIELDS][32];
    const char *pointers[SECTIONS * FIELDS];
    const size_t n = choose(pointers, names);
    uint8_t seed[32] = { 7 }, public[32], sig[64];
    struct cv_ed25519_key *key = NULL;
    struct cv_sdjwt *s = NULL;
    struct cv_buf bound = { 0 }, file = { 0 };
    struct cv_zip *zip = NULL;
    char path[4096];
    bench_must(cv_ed25519_key_new(CV_ARR(seed), &key), "key");
    memcpy(public, cv_ed25519_public(key), sizeof(public));
    issue(key, public, &s);
    snprintf(path, sizeof(path), "%s/disclosed", dir);
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bench_must(cv_zip_new(&zip), "zip");
    double made = 0, t = bench_now(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 0; i < DISCLOSED; i++) {
        struct cv_buf selected = { 0 };
        char name[32];
        const double start = bench_now(CLOCK_PROCESS_CPUTIME_ID);
        cv_buf_truncate(&bound, 0);
        bench_must(cv_sdjwt_select(s, pointers, n, &selected, NULL), "select");
        bench_must(cv_sdjwt_bind(cv_buf_view(&selected), "A partner", "a package", 1700000000, cv_sign_key,
                                 key, &bound, NULL),
                   "bind");
        cv_buf_free(&selected);
        made += bench_now(CLOCK_PROCESS_CPUTIME_ID) - start;
        snprintf(name, sizeof(name), "records/%d.sd-jwt", i + 1);
        bench_must(cv_zip_add(zip, name, cv_buf_view(&bound), &file, NULL), "zip");
    }
    bench_must(cv_zip_finish(zip, &file, NULL), "zip");
    bench_must(write(fd, file.p, file.n) == (ssize_t)file.n ? CV_OK : CV_ERR_IO, path);
    const double written = bench_now(CLOCK_PROCESS_CPUTIME_ID) - t;
    t = bench_now(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 0; i < DISCLOSED; i++)
        bench_must(cv_ed25519_sign(key, CV_BYTES(bound.p, 200), sig), "sign");
    const double signatures = bench_now(CLOCK_PROCESS_CPUTIME_ID) - t;
    const struct cv_sdjwt_rules rules = { CV_RECORD_TYP, "A partner",  "a package", true,
                                          1700000000,    bench_issuer, public };
    t = bench_now(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 0; i < DISCLOSED; i++) {
        struct cv_json *claims = NULL;
        bench_must(cv_sdjwt_verify(cv_buf_view(&bound), &rules, &claims, NULL), "verify");
        cv_json_free(claims);
    }
    const double verified = bench_now(CLOCK_PROCESS_CPUTIME_ID) - t;
    t = bench_now(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 0; i < DISCLOSED; i++)
        for (int k = 0; k < 2; k++)
            bench_must(cv_ed25519_verify(public, CV_BYTES(bound.p, 200), sig), "verify");
    const double judged = bench_now(CLOCK_PROCESS_CPUTIME_ID) - t;
    printf("{\"made\":%.0f,\"written\":%.0f,\"signatures\":%.0f,\"verified\":%.0f,\"judged\":%.0f,\"bytes\":%"
           "zu}\n",
           made, written, signatures, verified, judged, bound.n);
    close(fd);
    unlink(path);
    cv_zip_free(zip);
    cv_buf_free(&bound);
    cv_buf_free(&file);
    cv_sdjwt_free(s);
    cv_ed25519_key_free(key);
}
