/* In-process measurements for script/bench: `bench put|get|disclose DIR`, `bench prove VAULT`, `bench hash
 * FILE...`. DIR is one that `casevault demo` made. One line of JSON on stdout; times in microseconds. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd/cases.h"
#include "crypto/cobblestone.h"
#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "crypto/hkdf.h"
#include "vault/prove.h"
#include "vault/record.h"

#define ROUNDS 600

static double now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *t, size_t n)
{
    qsort(t, n, sizeof(*t), by_value);
    return t[n / 2];
}

static double mean(const double *t, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += t[i];
    return sum / (double)n;
}

/* must(st, what): a measurement that failed measures nothing. */
static void must(cv_status st, const char *what)
{
    if (st == CV_OK)
        return;
    fprintf(stderr, "bench: %s: %s\n", what, cv_status_text(st));
    exit(1);
}

static void read_all(const char *path, struct cv_buf *out)
{
    FILE *f = fopen(path, "rb");
    uint8_t *at;
    must(f != NULL ? CV_OK : CV_ERR_IO, path);
    for (size_t n = 1; n > 0;) {
        const size_t start = out->n;
        must(cv_buf_extend(out, 1 << 20, &at), path);
        n = fread(at, 1, 1 << 20, f);
        cv_buf_truncate(out, start + n);
    }
    fclose(f);
}

static struct cv_vault *open_vault(const char *dir, const char *who, struct cv_identity *id)
{
    char path[4096];
    struct cv_buf file = { 0 };
    struct cv_vault *v = NULL;
    struct cv_err err = { 0 };
    snprintf(path, sizeof(path), "%s/%s.identity", dir, who);
    read_all(path, &file);
    must(cv_identity_open(cv_buf_view(&file), CV_LIT("only for training"), id, &err), "identity");
    snprintf(path, sizeof(path), "%s/vault", dir);
    must(cv_vault_open(path, NULL, id, &v, &err), err.msg);
    cv_buf_free(&file);
    return v;
}

/* The floor of a put: one write of 4 KiB at the end of a file, and its fdatasync. */
static double write_floor(int fd)
{
    static uint8_t block[4096];
    const double t = now(CLOCK_MONOTONIC);
    block[0]++;
    if (write(fd, block, sizeof(block)) != (ssize_t)sizeof(block) || fdatasync(fd) != 0)
        must(CV_ERR_IO, "floor");
    return now(CLOCK_MONOTONIC) - t;
}

/* Records of all types, as the cases bring them. */
static void put(const char *dir)
{
    static double ours[ROUNDS], floors[ROUNDS], cpu[ROUNDS];
    char path[4096];
    struct cv_identity id;
    struct cv_cases *cases = NULL;
    struct cv_json *record = NULL;
    struct cv_vault *v = open_vault(dir, "protection", &id);
    snprintf(path, sizeof(path), "%s/floor", dir);
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
    must(cv_cases_new(99, 100000, &cases), "cases");
    for (size_t i = 0; i < ROUNDS; i++) {
        struct cv_stored stored;
        struct cv_err err = { 0 };
        must(cv_cases_next(cases, "protection", &record), "cases");
        must(cv_json_del(record, "id"), "id");
        floors[i] = write_floor(fd);
        const double t = now(CLOCK_MONOTONIC), c = now(CLOCK_PROCESS_CPUTIME_ID);
        must(cv_record_add(v, record, NULL, &stored, &err), err.msg);
        ours[i] = now(CLOCK_MONOTONIC) - t;
        cpu[i] = now(CLOCK_PROCESS_CPUTIME_ID) - c;
        cv_json_free(record);
    }
    printf("{\"put\":%.1f,\"cpu\":%.1f,\"floor\":%.1f}\n", mean(ours + 1, ROUNDS - 1),
           mean(cpu + 1, ROUNDS - 1), mean(floors + 1, ROUNDS - 1));
    close(fd);
    cv_cases_free(cases);
    cv_vault_close(v);
    cv_identity_free(&id);
}

/* ---- what of a get is cryptography, and what is the disk: measured while it runs ----
 * The linker turns each call of these functions into one of __wrap_..., which keeps the time. */
static _Thread_local double crypto_us, disk_us;
static _Thread_local int depth; /* HKDF calls HMAC: only the outermost counts */
static bool timing;

static double enter(void)
{
    return depth++ == 0 && timing ? now(CLOCK_MONOTONIC) : 0;
}

static cv_status leave(double since, cv_status st)
{
    if (--depth == 0 && timing)
        crypto_us += now(CLOCK_MONOTONIC) - since;
    return st;
}

#define TIMED(name, params, ...)                                                                             \
    cv_status __real_##name params;                                                                          \
    cv_status __wrap_##name params;                                                                          \
    cv_status __wrap_##name params                                                                           \
    {                                                                                                        \
        const double since = enter();                                                                        \
        return leave(since, __real_##name(__VA_ARGS__));                                                     \
    }

TIMED(cv_random, (uint8_t * out, size_t n), out, n)
TIMED(cv_sha256, (struct cv_bytes b, uint8_t *out), b, out)
TIMED(cv_sha256_parts, (const struct cv_bytes *parts, size_t n, uint8_t *out), parts, n, out)
TIMED(cv_hmac,
      (enum cv_hmac_hash h, struct cv_bytes key, const struct cv_bytes *parts, size_t n, uint8_t *out), h,
      key, parts, n, out)
TIMED(cv_hmac_sha256, (struct cv_bytes key, struct cv_bytes b, uint8_t *out), key, b, out)
TIMED(cv_hkdf,
      (enum cv_hkdf_hash h, struct cv_bytes salt, struct cv_bytes ikm, struct cv_bytes info, uint8_t *out,
       size_t n),
      h, salt, ikm, info, out, n)
TIMED(cv_hkdf_expand,
      (enum cv_hkdf_hash h, struct cv_bytes prk, struct cv_bytes info, uint8_t *out, size_t n), h, prk, info,
      out, n)
TIMED(cv_ed25519_sign, (const struct cv_ed25519_key *key, struct cv_bytes msg, uint8_t *sig), key, msg, sig)
TIMED(cv_ed25519_verify, (const uint8_t *public, struct cv_bytes msg, const uint8_t *sig), public, msg, sig)
TIMED(cv_cobblestone_seal,
      (struct cv_bytes key, struct cv_bytes context, struct cv_bytes b, struct cv_buf *out), key, context, b,
      out)
TIMED(cv_cobblestone_open,
      (struct cv_bytes key, struct cv_bytes context, struct cv_bytes b, struct cv_buf *out), key, context, b,
      out)

cv_status __real_cv_segment_append(struct cv_segments *s, uint32_t number, uint64_t offset,
                                   struct cv_bytes bytes, struct cv_err *err);
cv_status __wrap_cv_segment_append(struct cv_segments *s, uint32_t number, uint64_t offset,
                                   struct cv_bytes bytes, struct cv_err *err);
cv_status __wrap_cv_segment_append(struct cv_segments *s, uint32_t number, uint64_t offset,
                                   struct cv_bytes bytes, struct cv_err *err)
{
    const double since = now(CLOCK_PROCESS_CPUTIME_ID);
    cv_status st = __real_cv_segment_append(s, number, offset, bytes, err);
    disk_us += now(CLOCK_PROCESS_CPUTIME_ID) - since;
    return st;
}

static void get(const char *dir)
{
    static double ours[ROUNDS], crypto[ROUNDS], disk[ROUNDS];
    struct cv_identity id;
    struct cv_versions list = { 0 };
    struct cv_err err = { 0 };
    struct cv_vault *v = open_vault(dir, "protection", &id);
    size_t person = 0;
    timing = true;
    must(cv_record_versions(v, NULL, &list, &err), err.msg);
    while (person < list.count && strcmp(list.v[person].type, "person") != 0)
        person++;
    for (size_t i = 0; i < ROUNDS; i++) {
        struct cv_record r;
        crypto_us = disk_us = 0;
        const double t = now(CLOCK_PROCESS_CPUTIME_ID);
        must(cv_record_read(v, list.v[person].id, 0, NULL, "read", NULL, &r, &err), err.msg);
        ours[i] = now(CLOCK_PROCESS_CPUTIME_ID) - t;
        crypto[i] = crypto_us;
        disk[i] = disk_us;
        cv_record_free(&r);
    }
    printf("{\"get\":%.1f,\"floor\":%.1f,\"disk\":%.1f}\n", median(ours, ROUNDS), median(crypto, ROUNDS),
           median(disk, ROUNDS));
    cv_versions_free(&list);
    cv_vault_close(v);
    cv_identity_free(&id);
}

/* The floor of a verification: SHA-256 over the same bytes, read in the same way. */
static void hash(int count, char **files)
{
    struct cv_sha256_ctx *ctx = NULL;
    static uint8_t block[4 << 20];
    uint8_t out[32];
    double bytes = 0;
    must(cv_sha256_new(&ctx), "sha256");
    const double t = now(CLOCK_MONOTONIC);
    for (int i = 0; i < count; i++) {
        const int fd = open(files[i], O_RDONLY);
        for (ssize_t n; (n = read(fd, block, sizeof(block))) > 0; bytes += (double)n)
            must(cv_sha256_update(ctx, CV_BYTES(block, (size_t)n)), "sha256");
        close(fd);
    }
    must(cv_sha256_final(ctx, out), "sha256");
    printf("{\"hash\":%.0f,\"bytes\":%.0f}\n", now(CLOCK_MONOTONIC) - t, bytes);
    cv_sha256_free(ctx);
}

/* ---- proofs, from the cache ---- */

static void prove(const char *path)
{
    struct cv_custody *c = NULL;
    struct cv_buf proof = { 0 }, note = { 0 };
    double best = 0, first = 0;
    must(cv_custody_open(path, NULL, &c, NULL), "open");
    for (int i = 0; i < 9; i++) {
        const double t = now(CLOCK_MONOTONIC);
        must(cv_prove_from(c, c->chain.edge.size / 3 + (uint64_t)i, &proof, &note, NULL), "prove");
        const double took = now(CLOCK_MONOTONIC) - t;
        first = i == 0 ? took : first;
        best = i == 0 || took < best ? took : best;
    }
    printf("{\"first\":%.0f,\"cached\":%.0f,\"entries\":%llu}\n", first, best,
           (unsigned long long)c->chain.edge.size);
    cv_buf_free(&proof);
    cv_buf_free(&note);
    cv_custody_close(c);
}

/* ---- disclosing: records of 50 fields, half of which go ---- */

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
    must(cv_json_set(cnf, "jwk", cv_jwk_okp(public)), "cnf");
    must(cv_json_set(visible, "iss", cv_json_str("urn:bench")), "iss");
    must(cv_json_set(visible, "cnf", cnf), "cnf");
    for (int i = 0; i < SECTIONS; i++) {
        char name[16];
        struct cv_json *o = cv_json_object();
        for (int j = 0; j < FIELDS; j++) {
            snprintf(name, sizeof(name), "field_%d", j);
            must(cv_json_set(o, name, cv_json_str("A value of about fifty letters, as records have it.")),
                 "field");
        }
        snprintf(name, sizeof(name), "section_%d", i);
        must(cv_json_set(claims, name, o), "section");
    }
    must(cv_sdjwt_build(visible, claims, &plan, out, NULL), "build");
    must(cv_sdjwt_sign(*out, CV_RECORD_TYP, "kid", cv_sign_key, key, &jwt, NULL), "sign");
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

/* disclose(dir): a thousand selected, bound, put into a zip and written; then verified; and their signatures
 * alone. */
static void disclose(const char *dir)
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
    must(cv_ed25519_key_new(CV_ARR(seed), &key), "key");
    memcpy(public, cv_ed25519_public(key), sizeof(public));
    issue(key, public, &s);
    snprintf(path, sizeof(path), "%s/disclosed", dir);
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    must(cv_zip_new(&zip), "zip");
    double t = now(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 0; i < DISCLOSED; i++) {
        struct cv_buf selected = { 0 };
        char name[32];
        cv_buf_truncate(&bound, 0);
        must(cv_sdjwt_select(s, pointers, n, &selected, NULL), "select");
        must(cv_sdjwt_bind(cv_buf_view(&selected), "A partner", "a package", 1700000000, cv_sign_key, key,
                           &bound, NULL),
             "bind");
        snprintf(name, sizeof(name), "records/%d.sd-jwt", i + 1);
        must(cv_zip_add(zip, name, cv_buf_view(&bound), &file, NULL), "zip");
        cv_buf_free(&selected);
    }
    must(cv_zip_finish(zip, &file, NULL), "zip");
    must(write(fd, file.p, file.n) == (ssize_t)file.n ? CV_OK : CV_ERR_IO, path);
    const double written = now(CLOCK_PROCESS_CPUTIME_ID) - t;
    t = now(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 0; i < DISCLOSED; i++)
        must(cv_ed25519_sign(key, CV_BYTES(bound.p, 200), sig), "sign");
    const double signatures = now(CLOCK_PROCESS_CPUTIME_ID) - t;
    const struct cv_sdjwt_rules rules = { CV_RECORD_TYP, "A partner",  "a package", true,
                                          1700000000,    bench_issuer, public };
    t = now(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 0; i < DISCLOSED; i++) {
        struct cv_json *claims = NULL;
        must(cv_sdjwt_verify(cv_buf_view(&bound), &rules, &claims, NULL), "verify");
        cv_json_free(claims);
    }
    const double verified = now(CLOCK_PROCESS_CPUTIME_ID) - t;
    t = now(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 0; i < DISCLOSED; i++)
        for (int k = 0; k < 2; k++)
            must(cv_ed25519_verify(public, CV_BYTES(bound.p, 200), sig), "verify");
    const double judged = now(CLOCK_PROCESS_CPUTIME_ID) - t;
    printf("{\"written\":%.0f,\"signatures\":%.0f,\"verified\":%.0f,\"judged\":%.0f,\"bytes\":%zu}\n",
           written, signatures, verified, judged, bound.n);
    close(fd);
    unlink(path);
    cv_zip_free(zip);
    cv_buf_free(&bound);
    cv_buf_free(&file);
    cv_sdjwt_free(s);
    cv_ed25519_key_free(key);
}

int main(int argc, char **argv)
{
    if (argc < 3 || cv_secret_heap_init() == CV_ERR_INTERNAL)
        return 2;
    cv_json_init();
    if (strcmp(argv[1], "put") == 0)
        put(argv[2]);
    else if (strcmp(argv[1], "get") == 0)
        get(argv[2]);
    else if (strcmp(argv[1], "disclose") == 0)
        disclose(argv[2]);
    else if (strcmp(argv[1], "prove") == 0)
        prove(argv[2]);
    else if (strcmp(argv[1], "hash") == 0)
        hash(argc - 2, argv + 2);
    else
        return 2;
    return 0;
}
