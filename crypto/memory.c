#include "crypto/memory.h"

#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/crypto.h>

static void (*last_words)(void);

void cv_memory_last_words(void (*fn)(void))
{
    last_words = fn;
}

void *cv_memory_needed(void *p)
{
    if (p != NULL || last_words == NULL)
        return p;
    last_words();
    _exit(EXIT_FAILURE);
}

static void *give(size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    return n > 0 ? cv_memory_needed(malloc(n)) : NULL;
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
        return cv_memory_needed(realloc(p, n));
    take_back(p, file, line);
    return NULL;
}

void cv_memory_openssl(void)
{
    (void)CRYPTO_set_mem_functions(give, give_more, take_back);
}
