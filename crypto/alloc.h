#ifndef CV_CRYPTO_ALLOC_H
#define CV_CRYPTO_ALLOC_H

/* Libraries that are refused memory do not all bear it: OpenSSL uses what it could not make, jansson writes
 * past the end of a string, and of what they say then ("does not verify", "is not JSON") nothing is known. So
 * where one is refused any, the process ends at once with status 1, as if it were killed, which a vault bears
 * at any moment. */

/** cv_alloc_needed(p): ${p}, which was allocated for a library, or for a buffer whose want would be taken
 * for malformed content; if it is NULL, the process ends, where cv_alloc_last_words was called. A test, which
 * tries a parser alone, gets the NULL. */
void *cv_alloc_needed(void *p);

/** cv_alloc_last_words(fn): from now on the process ends so, and ${fn} is called before, if it is not NULL;
 * it must need no memory. Every program begins with it. */
void cv_alloc_last_words(void (*fn)(void));

/** cv_alloc_tell(): such a word of a process that has nobody to say it to: it ends with status
 * CV_ALLOC_ENDED, and whoever started it says it. */
#define CV_ALLOC_ENDED 71
_Noreturn void cv_alloc_tell(void);

/** cv_alloc_openssl(): so with all that OpenSSL allocates, in a process that ends so; before any other use of
 * it, or without effect. */
void cv_alloc_openssl(void);

#endif
