/* In-process measurements for script/bench: `bench put|get DIR`, `bench hash FILE...`. DIR is one that
 * `casevault demo` made. One line of JSON on stdout; times in microseconds. */
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
#include "vault/record.h"

#define ROUNDS 300

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
    must(cv_identity_open(cv_buf_view(&file), CV_LIT("training only"), id, &err), "identity");
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

static void put(const char *dir)
{
    static double ours[ROUNDS], floors[ROUNDS], cpu[ROUNDS];
    char path[4096];
    struct cv_identity id;
    struct cv_cases *cases = NULL;
    struct cv_json *record = NULL;
    struct cv_vault *v = open_vault(dir, "intake", &id);
    snprintf(path, sizeof(path), "%s/floor", dir);
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
    must(cv_cases_new(99, 100000, &cases), "cases");
    for (size_t i = 0; i < ROUNDS;) {
        struct cv_stored stored;
        struct cv_err err = { 0 };
        must(cv_cases_next(cases, &record), "cases");
        if (strcmp(cv_json_get_str(record, "type"), "person") != 0) {
            cv_json_free(record);
            continue;
        }
        must(cv_json_del(record, "id"), "id");
        floors[i] = write_floor(fd);
        const double t = now(CLOCK_MONOTONIC), c = now(CLOCK_PROCESS_CPUTIME_ID);
        must(cv_record_add(v, record, NULL, &stored, &err), err.msg);
        ours[i] = now(CLOCK_MONOTONIC) - t;
        cpu[i] = now(CLOCK_PROCESS_CPUTIME_ID) - c;
        cv_json_free(record);
        i++;
    }
    printf("{\"put\":%.1f,\"cpu\":%.1f,\"floor\":%.1f}\n", median(ours + 1, ROUNDS - 1), median(cpu, ROUNDS),
           median(floors, ROUNDS));
    close(fd);
    cv_cases_free(cases);
    cv_vault_close(v);
    cv_identity_free(&id);
}

/* The cryptography of one get, and nothing else: per part two HKDF-Expand, one HKDF, one Cobblestone open;
 * per field and decoy its salt and digest; the author's signature; the event's seal and the commit's two
 * signatures and hashes. */
static double crypto_floor(size_t parts, size_t part_bytes, size_t fields)
{
    static uint8_t key[32], out[64], data[8192];
    static const char info[100];
    struct cv_buf sealed = { 0 }, plain = { 0 };
    struct cv_ed25519_key *sign = NULL;
    uint8_t sig[64], hash[32];
    must(cv_ed25519_key_new(CV_ARR(key), &sign), "key");
    must(cv_ed25519_sign(sign, CV_ARR(data), sig), "sign");
    must(cv_cobblestone_seal(CV_ARR(key), CV_ARR(info), CV_BYTES(data, part_bytes), &sealed), "seal");
    const double t = now(CLOCK_PROCESS_CPUTIME_ID);
    for (size_t i = 0; i < parts; i++) {
        must(cv_hkdf_expand(CV_HKDF_SHA256, CV_ARR(key), CV_ARR(info), out, 32), "expand");
        must(cv_hkdf_expand(CV_HKDF_SHA256, CV_ARR(key), CV_ARR(info), out, 32), "expand");
        must(cv_hkdf(CV_HKDF_SHA256, CV_ARR(key), CV_ARR(key), CV_ARR(info), out, 32), "hkdf");
        cv_buf_truncate(&plain, 0);
        must(cv_cobblestone_open(CV_ARR(key), CV_ARR(info), cv_buf_view(&sealed), &plain), "open");
    }
    for (size_t i = 0; i < fields; i++) {
        must(cv_hkdf_expand(CV_HKDF_SHA256, CV_ARR(key), CV_BYTES(info, 60), out, 16), "expand");
        must(cv_sha256(CV_BYTES(data, 120), hash), "hash");
    }
    must(cv_ed25519_verify(cv_ed25519_public(sign), CV_ARR(data), sig), "verify");
    for (size_t i = 0; i < 2; i++)
        must(cv_ed25519_sign(sign, CV_BYTES(data, 200), sig), "sign");
    must(cv_hkdf(CV_HKDF_SHA256, CV_ARR(key), CV_ARR(key), CV_ARR(info), out, 32), "hkdf");
    must(cv_hkdf_expand(CV_HKDF_SHA256, CV_ARR(key), CV_ARR(info), out, 32), "expand");
    must(cv_cobblestone_seal(CV_ARR(key), CV_ARR(info), CV_BYTES(data, 1024), &plain), "seal");
    must(cv_sha256(CV_ARR(data), hash), "hash");
    for (size_t i = 0; i < 12; i++)
        must(cv_sha256(CV_BYTES(data, 240), hash), "hash");
    const double took = now(CLOCK_PROCESS_CPUTIME_ID) - t;
    cv_buf_free(&sealed);
    cv_buf_free(&plain);
    cv_ed25519_key_free(sign);
    return took;
}

static void get(const char *dir)
{
    static double ours[ROUNDS], floors[ROUNDS];
    struct cv_identity id;
    struct cv_versions list = { 0 };
    struct cv_err err = { 0 };
    struct cv_vault *v = open_vault(dir, "protection", &id);
    size_t person = 0, parts = 1, fields = 5;
    must(cv_record_versions(v, NULL, &list, &err), err.msg);
    while (person < list.count && strcmp(list.v[person].type, "person") != 0)
        person++;
    const char *section;
    for (size_t i = 0; (section = cv_template_type_section(v->template, "person", i)) != NULL; i++)
        if (cv_vault_may_read(v, section)) {
            parts++;
            fields += 1 + cv_template_fill(v->template, "person", section);
        }
    for (size_t i = 0; i < ROUNDS; i++) {
        struct cv_record r;
        floors[i] = crypto_floor(parts, 512, fields);
        const double t = now(CLOCK_PROCESS_CPUTIME_ID);
        must(cv_record_read(v, list.v[person].id, 0, NULL, "read", NULL, &r, &err), err.msg);
        ours[i] = now(CLOCK_PROCESS_CPUTIME_ID) - t;
        cv_record_free(&r);
    }
    printf("{\"get\":%.1f,\"floor\":%.1f}\n", median(ours, ROUNDS), median(floors, ROUNDS));
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

int main(int argc, char **argv)
{
    if (argc < 3 || cv_secret_heap_init() == CV_ERR_INTERNAL)
        return 2;
    cv_json_init();
    if (strcmp(argv[1], "put") == 0)
        put(argv[2]);
    else if (strcmp(argv[1], "get") == 0)
        get(argv[2]);
    else if (strcmp(argv[1], "hash") == 0)
        hash(argc - 2, argv + 2);
    else
        return 2;
    return 0;
}
