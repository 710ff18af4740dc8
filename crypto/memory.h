#ifndef CV_CRYPTO_MEMORY_H
#define CV_CRYPTO_MEMORY_H

/* Libraries that are refused memory do not all bear it: OpenSSL uses what it could not make, jansson writes
 * past the end of a string, and of what they say then ("does not verify", "is not JSON") nothing is known. So
 * where one is refused any, the process ends at once with status 1, as if it were killed, which a vault bears
 * at any moment. */

/** cv_memory_needed(p): ${p}, which was allocated for a library, or for a buffer whose want would be taken
 * for malformed content; if it is NULL, ends a process that has last words. Who has none (a test, a parser that
 * is tried alone) gets the NULL. */
void *cv_memory_needed(void *p);

/** cv_memory_last_words(fn): what is called before that; it must need no memory. Each program says so first. */
void cv_memory_last_words(void (*fn)(void));

/** cv_memory_openssl(): so with all that OpenSSL allocates; before any other use of it, or without effect. */
void cv_memory_openssl(void);

#endif
