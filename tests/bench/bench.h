#ifndef CV_BENCH_H
#define CV_BENCH_H

#include <stddef.h>
#include <time.h>

#include "vault/record.h"

/* What the measurements of `bench` share. All times are microseconds. Whatever fails ends the program: a
 * measurement that failed measures nothing. */

double bench_now(clockid_t clock);
double bench_median(double *t, size_t n); /* sorts ${t} */
double bench_mean(const double *t, size_t n);
void bench_must(cv_status st, const char *what);

/** bench_open(dir, who, id): the vault in ${dir}, which `casevault demo` made, as one of its people. Close it
 * with cv_vault_close, then cv_identity_free. */
struct cv_vault *bench_open(const char *dir, const char *who, struct cv_identity *id);

/* The measurements; each prints one line of JSON. */
void bench_put(const char *dir, const char *lines);
void bench_get(const char *dir);
void bench_search(const char *dir, const char *word, const char *limit);
void bench_disclose(const char *dir);
void bench_least(const char *lines);

#endif
