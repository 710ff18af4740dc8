#include "vault/wiping.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/uclean.h>

#include "crypto/alloc.h"
#include "crypto/bytes.h"

/* Allocations carry their length in front. They begin as zeros: SQLite writes whole pages, also what it has
 * put nothing into, and what stood in that memory before is not to reach a file. */
union header {
    size_t n;
    max_align_t align;
};

void *cv_wiping_malloc(size_t n)
{
    if (n > SIZE_MAX - sizeof(union header))
        return NULL;
    union header *h = cv_alloc_needed(calloc(1, sizeof(*h) + n));
    if (h == NULL)
        return NULL;
    h->n = n;
    return h + 1;
}

void cv_wiping_free(void *p)
{
    if (p == NULL)
        return;
    union header *h = (union header *)p - 1;
    cv_wipe(p, h->n);
    free(h);
}

void *cv_wiping_realloc(void *p, size_t n)
{
    void *more = cv_wiping_malloc(n);
    if (more != NULL && p != NULL) {
        const size_t had = ((union header *)p - 1)->n;
        memcpy(more, p, had < n ? had : n);
        cv_wiping_free(p);
    }
    return more;
}

static void *sqlite_malloc(int n)
{
    return cv_wiping_malloc((size_t)n);
}

static void *sqlite_realloc(void *p, int n)
{
    return cv_wiping_realloc(p, (size_t)n);
}

static int sqlite_size(void *p)
{
    return p != NULL ? (int)((union header *)p - 1)->n : 0;
}

static int sqlite_roundup(int n)
{
    return (n + 7) & ~7;
}

static int sqlite_init(void *arg)
{
    (void)arg;
    return SQLITE_OK;
}

static void sqlite_shutdown(void *arg)
{
    (void)arg;
}

static void configure(void)
{
    static const sqlite3_mem_methods methods = { .xMalloc = sqlite_malloc,
                                                 .xFree = cv_wiping_free,
                                                 .xRealloc = sqlite_realloc,
                                                 .xSize = sqlite_size,
                                                 .xRoundup = sqlite_roundup,
                                                 .xInit = sqlite_init,
                                                 .xShutdown = sqlite_shutdown };
    /* Its statistics would make every allocation wait for a lock. */
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    (void)sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
}

void cv_wiping_sqlite(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, configure);
}

static void *icu_malloc(const void *context, size_t n)
{
    (void)context;
    return cv_wiping_malloc(n);
}

static void *icu_realloc(const void *context, void *p, size_t n)
{
    (void)context;
    return cv_wiping_realloc(p, n);
}

static void icu_free(const void *context, void *p)
{
    (void)context;
    cv_wiping_free(p);
}

static void configure_icu(void)
{
    UErrorCode bad = U_ZERO_ERROR;
    u_setMemoryFunctions(NULL, icu_malloc, icu_realloc, icu_free, &bad);
}

void cv_wiping_icu(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, configure_icu);
}
