/* Putting and getting single records, in-process. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/cobblestone.h"
#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "crypto/hkdf.h"
#include "tests/bench/bench.h"

#define ROUNDS 600

/* The floor of a put: one write of 4 KiB at the end of a file, and its fdatasync. */
static double write_floor(int fd)
{
    static uint8_t block[4096];
    const double t = bench_now(CLOCK_MONOTONIC);
    block[0]++;
    if (write(fd, block, sizeof(block)) != (ssize_t)sizeof(block) || fdatasync(fd) != 0)
        bench_must(CV_ERR_IO, "floor");
    return bench_now(CLOCK_MONOTONIC) - t;
}

/* next(f, out): the next line of ${f} as a record. */
static void next(FILE *f, struct cv_json **out)
{
    static char *line;
    static size_t room;
    const ssize_t n = getline(&line, &room, f);
    bench_must(n > 0 ? CV_OK : CV_ERR_IO, "too few lines");
    bench_must(
        cv_json_parse(CV_BYTES((const uint8_t *)line, (size_t)n), CV_RECORD_MAX_BYTES, "line", out, NULL),
        "line");
}

/* In turns with its floor, so that both have the same disk. The first opens the session's batch keys. */
void bench_put(const char *dir, const char *lines)
{
    static double ours[ROUNDS], floors[ROUNDS], cpu[ROUNDS];
    char path[4096];
    struct cv_identity id;
    struct cv_json *record = NULL;
    struct cv_vault *v = bench_open(dir, "protection", &id);
    FILE *f = fopen(lines, "rb");
    snprintf(path, sizeof(path), "%s/floor", dir);
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    bench_must(f != NULL && fd >= 0 ? CV_OK : CV_ERR_IO, lines);
    for (size_t i = 0; i < ROUNDS; i++) {
        struct cv_stored stored;
        struct cv_err err = { 0 };
        next(f, &record);
        floors[i] = write_floor(fd);
        const double t = bench_now(CLOCK_MONOTONIC), c = bench_now(CLOCK_PROCESS_CPUTIME_ID);
        bench_must(cv_record_add(v, record, NULL, &stored, &err), err.msg);
        ours[i] = bench_now(CLOCK_MONOTONIC) - t;
        cpu[i] = bench_now(CLOCK_PROCESS_CPUTIME_ID) - c;
        cv_json_free(record);
    }
    printf("{\"put\":%.1f,\"cpu\":%.1f,\"floor\":%.1f}\n", bench_mean(ours + 1, ROUNDS - 1),
           bench_mean(cpu + 1, ROUNDS - 1), bench_mean(floors + 1, ROUNDS - 1));
    close(fd);
    fclose(f);
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
    return depth++ == 0 && timing ? bench_now(CLOCK_MONOTONIC) : 0;
}

static cv_status leave(double since, cv_status st)
{
    if (--depth == 0 && timing)
        crypto_us += bench_now(CLOCK_MONOTONIC) - since;
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

TIMED(cv_random, (uint8_t out[], size_t n), out, n)
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
    const double since = bench_now(CLOCK_PROCESS_CPUTIME_ID);
    cv_status st = __real_cv_segment_append(s, number, offset, bytes, err);
    disk_us += bench_now(CLOCK_PROCESS_CPUTIME_ID) - since;
    return st;
}

void bench_get(const char *dir)
{
    static double ours[ROUNDS], crypto[ROUNDS], disk[ROUNDS];
    struct cv_identity id;
    struct cv_versions list = { 0 };
    struct cv_err err = { 0 };
    struct cv_vault *v = bench_open(dir, "protection", &id);
    size_t person = 0;
    timing = true;
    bench_must(cv_record_versions(v, NULL, &list, &err), err.msg);
    while (person < list.count && strcmp(list.v[person].type, "person") != 0)
        person++;
    for (size_t i = 0; i < ROUNDS; i++) {
        struct cv_record r;
        crypto_us = disk_us = 0;
        const double t = bench_now(CLOCK_PROCESS_CPUTIME_ID);
        bench_must(cv_record_read(v, list.v[person].id, 0, NULL, "read", NULL, &r, &err), err.msg);
        ours[i] = bench_now(CLOCK_PROCESS_CPUTIME_ID) - t;
        crypto[i] = crypto_us;
        disk[i] = disk_us;
        cv_record_free(&r);
    }
    printf("{\"get\":%.1f,\"floor\":%.1f,\"disk\":%.1f}\n", bench_median(ours, ROUNDS),
           bench_median(crypto, ROUNDS), bench_median(disk, ROUNDS));
    cv_versions_free(&list);
    cv_vault_close(v);
    cv_identity_free(&id);
}
