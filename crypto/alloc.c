#include "crypto/alloc.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/crypto.h>

static bool ends;
static atomic_flag ending = ATOMIC_FLAG_INIT;
static void (*last_words)(void);

void cv_alloc_last_words(void (*fn)(void))
{
    ends = true;
    last_words = fn;
}

void cv_alloc_tell(void)
{
    _exit(CV_ALLOC_ENDED);
}

void *cv_alloc_needed(void *p)
{
    if (p != NULL || !ends)
        return p;
    while (atomic_flag_test_and_set(&ending)) /* another thread says it, and ends both */
        (void)pause();
    if (last_words != NULL)
        last_words();
    _exit(EXIT_FAILURE);
}

static void *give(size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    return n > 0 ? cv_alloc_needed(malloc(n)) : NULL;
}

static void take_back(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    free(p);
}

static void *give_more(void *p, size_t n, const char *file, int line)
{
    if (n > 0)
        return cv_alloc_needed(realloc(p, n));
    take_back(p, file, line);
    return NULL;
}

void cv_alloc_openssl(void)
{
    if (ends)
        (void)CRYPTO_set_mem_functions(give, give_more, take_back);
}
