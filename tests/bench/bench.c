/* In-process measurements for script/bench. DIR is one that `casevault demo` made. One line of JSON on
 * stdout; times in microseconds. */
#include "tests/bench/bench.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "tests/bench/clock.h"
#include "vault/prove.h"

double bench_now(clockid_t clock)
{
    return clock_us(clock);
}

double bench_median(double *t, size_t n)
{
    qsort(t, n, sizeof(*t), clock_by_value);
    return t[n / 2];
}

double bench_mean(const double *t, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += t[i];
    return sum / (double)n;
}

void bench_must(cv_status st, const char *what)
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
    bench_must(f != NULL ? CV_OK : CV_ERR_IO, path);
    for (size_t n = 1; n > 0;) {
        const size_t start = out->n;
        bench_must(cv_buf_extend(out, 1 << 20, &at), path);
        n = fread(at, 1, 1 << 20, f);
        cv_buf_truncate(out, start + n);
    }
    fclose(f);
}

struct cv_vault *bench_open(const char *dir, const char *who, struct cv_identity *id)
{
    char path[4096];
    struct cv_buf file = { 0 };
    struct cv_vault *v = NULL;
    struct cv_err err = { 0 };
    snprintf(path, sizeof(path), "%s/%s.identity", dir, who);
    read_all(path, &file);
    bench_must(cv_identity_open(cv_buf_view(&file), CV_LIT("only for training"), id, &err), "identity");
    snprintf(path, sizeof(path), "%s/vault", dir);
    bench_must(cv_vault_open(path, NULL, id, &v, &err), err.msg);
    cv_buf_free(&file);
    return v;
}

/* ---- the floor of a verification: SHA-256 over the same bytes, on so many cores ---- */

#define BLOCK ((size_t)1 << 20)

/* Every ${cores}-th block of each file, beginning with the ${mine}-th. */
static void hash_share(char **files, int count, int mine, int cores)
{
    static uint8_t block[BLOCK];
    struct cv_sha256_ctx *ctx = NULL;
    uint8_t out[32];
    bench_must(cv_sha256_new(&ctx), "sha256");
    for (int i = 0; i < count; i++) {
        const int fd = open(files[i], O_RDONLY | O_CLOEXEC);
        bench_must(fd >= 0 ? CV_OK : CV_ERR_IO, files[i]);
        ssize_t n = 1;
        for (off_t at = (off_t)mine * (off_t)BLOCK; n > 0; at += (off_t)cores * (off_t)BLOCK) {
            n = pread(fd, block, BLOCK, at);
            bench_must(n >= 0 ? CV_OK : CV_ERR_IO, files[i]);
            bench_must(cv_sha256_update(ctx, CV_BYTES(block, (size_t)n)), "sha256");
        }
        close(fd);
    }
    bench_must(cv_sha256_final(ctx, out), "sha256");
    cv_sha256_free(ctx);
}

static void hash(int cores, char **files, int count)
{
    int status = 0;
    for (int i = 1; i < cores; i++) {
        const pid_t pid = fork();
        bench_must(pid >= 0 ? CV_OK : CV_ERR_IO, "fork");
        if (pid == 0) {
            hash_share(files, count, i, cores);
            _exit(0);
        }
    }
    hash_share(files, count, 0, cores);
    while (wait(&status) > 0)
        bench_must(status == 0 ? CV_OK : CV_ERR_IO, "hash");
}

/* ---- proofs, from the cache ---- */

static void prove(const char *path)
{
    struct cv_custody *c = NULL;
    struct cv_buf proof = { 0 }, note = { 0 };
    double best = 0, first = 0;
    bench_must(cv_custody_open(path, NULL, &c, NULL), "open");
    for (int i = 0; i < 9; i++) {
        const double t = bench_now(CLOCK_MONOTONIC);
        bench_must(cv_prove_from(c, c->chain.edge.size / 3 + (uint64_t)i, &proof, &note, NULL), "prove");
        const double took = bench_now(CLOCK_MONOTONIC) - t;
        first = i == 0 ? took : first;
        best = i == 0 || took < best ? took : best;
    }
    printf("{\"first\":%.0f,\"cached\":%.0f,\"entries\":%llu}\n", first, best,
           (unsigned long long)c->chain.edge.size);
    cv_buf_free(&proof);
    cv_buf_free(&note);
    cv_custody_close(c);
}

int main(int argc, char **argv)
{
    const char *what = argc > 2 ? argv[1] : "";
    if (cv_secret_heap_init() == CV_ERR_INTERNAL)
        return 1;
    cv_json_init();
    if (strcmp(what, "put") == 0 && argc == 4)
        bench_put(argv[2], argv[3]);
    else if (strcmp(what, "get") == 0)
        bench_get(argv[2]);
    else if (strcmp(what, "search") == 0 && argc == 5)
        bench_search(argv[2], argv[3], argv[4]);
    else if (strcmp(what, "disclose") == 0)
        bench_disclose(argv[2]);
    else if (strcmp(what, "least") == 0)
        bench_least(argv[2]);
    else if (strcmp(what, "prove") == 0)
        prove(argv[2]);
    else if (strcmp(what, "hash") == 0 && argc > 3)
        hash((int)strtol(argv[2], NULL, 10), argv + 3, argc - 3);
    else {
        fputs("usage: bench put DIR LINES | get DIR | search DIR WORD LIMIT | disclose DIR | least LINES |\n"
              "       prove VAULT | hash CORES FILE...\n",
              stderr);
        return 2;
    }
    return 0;
}
