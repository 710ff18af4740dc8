/* What an import cannot do without, each by itself: a record parsed, written, hashed, sealed and signed,
 * once. */
#include <stdio.h>
#include <stdlib.h>

#include "crypto/cobblestone.h"
#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "tests/bench/bench.h"

enum act { PARSE, WRITE, HASH, SEAL, SIGN, ACTS };

struct one {
    struct cv_bytes line;
    struct cv_json *record;
    struct cv_buf out;
    struct cv_ed25519_key *key;
};

static void act(enum act which, struct one *one)
{
    static const uint8_t key[32] = { 7 };
    uint8_t hash[32], sig[64];
    if (which == PARSE)
        bench_must(cv_json_parse(one->line, CV_RECORD_MAX_BYTES, "line", &one->record, NULL), "parse");
    else if (which == WRITE)
        bench_must(cv_json_write(one->record, &one->out), "write");
    else if (which == HASH)
        bench_must(cv_sha256(one->line, hash), "hash");
    else if (which == SEAL)
        bench_must(cv_cobblestone_seal(CV_ARR(key), CV_LIT("bench"), one->line, &one->out), "seal");
    else
        bench_must(cv_ed25519_sign(one->key, one->line, sig), "sign");
}

void bench_least(const char *lines)
{
    static const char *const names[ACTS] = { "parse", "write", "hash", "seal", "sign" };
    static const uint8_t seed[32] = { 7 };
    double took[ACTS] = { 0 };
    size_t count = 0;
    char *line = NULL;
    size_t room = 0;
    struct one one = { 0 };
    FILE *f = fopen(lines, "rb");
    bench_must(f != NULL ? CV_OK : CV_ERR_IO, lines);
    bench_must(cv_ed25519_key_new(CV_ARR(seed), &one.key), "key");
    for (ssize_t n; count < 2000 && (n = getline(&line, &room, f)) > 0; count++) {
        one.line = CV_BYTES((const uint8_t *)line, (size_t)n);
        for (enum act i = PARSE; i < ACTS; i++) {
            const double t = bench_now(CLOCK_PROCESS_CPUTIME_ID);
            act(i, &one);
            took[i] += bench_now(CLOCK_PROCESS_CPUTIME_ID) - t;
            cv_buf_truncate(&one.out, 0);
        }
        cv_json_free(one.record);
    }
    bench_must(count > 0 ? CV_OK : CV_ERR_IO, lines);
    for (enum act i = PARSE; i < ACTS; i++)
        printf("%s\"%s\":%.2f", i == PARSE ? "{" : ",", names[i], took[i] / (double)count);
    puts("}");
    fclose(f);
    free(line);
    cv_buf_free(&one.out);
    cv_ed25519_key_free(one.key);
}
