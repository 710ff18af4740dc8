#ifndef CV_VAULT_WIPING_H
#define CV_VAULT_WIPING_H

#include <stddef.h>

/* Memory for the libraries through which plaintext passes, ICU and SQLite: wiped when it is given back. */
void *cv_wiping_malloc(size_t n);
void *cv_wiping_realloc(void *p, size_t n);
void cv_wiping_free(void *p);

/** cv_wiping_sqlite(): have SQLite use it, in all of this process; before SQLite is used for the first time.
 * It may be called again. */
void cv_wiping_sqlite(void);

/** cv_wiping_icu(): likewise ICU: before any other of its functions. */
void cv_wiping_icu(void);

#endif
