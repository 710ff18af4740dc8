/* Searching, in-process: what a search costs in a session that has searched before. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/bench.h"
#include "vault/search.h"

#define ROUNDS 101

/* One search as `casevault search` does it, its words parsed and its event written; the hits found. */
static size_t once(struct cv_vault *v, const char *word, size_t limit)
{
    static struct cv_query query;
    struct cv_search found = { 0 };
    struct cv_err err = { 0 };
    bench_must(cv_query_parse(cv_bytes_str(word), &query, &err), err.msg);
    const struct cv_search_ask ask = { .query = &query, .terms = query.text, .limit = limit };
    bench_must(cv_search(v, &ask, &found, &err), err.msg);
    const size_t hits = found.count;
    cv_search_free(&found);
    return hits;
}

void bench_search(const char *dir, const char *word, const char *limit)
{
    static double took[ROUNDS], cpu[ROUNDS];
    struct cv_identity id;
    struct cv_vault *v = bench_open(dir, "protection", &id);
    size_t hits = once(v, word, strtoul(limit, NULL, 10));
    for (size_t i = 0; i < ROUNDS; i++) {
        const double t = bench_now(CLOCK_MONOTONIC), c = bench_now(CLOCK_PROCESS_CPUTIME_ID);
        hits = once(v, word, strtoul(limit, NULL, 10));
        took[i] = bench_now(CLOCK_MONOTONIC) - t;
        cpu[i] = bench_now(CLOCK_PROCESS_CPUTIME_ID) - c;
    }
    printf("{\"search\":%.1f,\"cpu\":%.1f,\"hits\":%zu}\n", bench_median(took, ROUNDS),
           bench_median(cpu, ROUNDS), hits);
    cv_vault_close(v);
    cv_identity_free(&id);
}
