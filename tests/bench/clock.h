#ifndef CV_BENCH_CLOCK_H
#define CV_BENCH_CLOCK_H

#include <stdlib.h>
#include <time.h>

/* For all programs that measure. */

/** clock_us(clock): microseconds. */
static inline double clock_us(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static inline int clock_by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

#endif
