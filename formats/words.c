#include "formats/words.h"

#include <libintl.h>
#include <limits.h>
#include <locale.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define DOMAIN "casevault"
/* No text of ours: looking for it has every catalog opened that a text may be looked for in. */
#define NOWHERE "\1"

static bool is_open;

void cv_words_open(const char *dir)
{
    const char *name = setlocale(LC_MESSAGES, "");
    /* Of C.UTF-8, some versions of the C library hold that it has translations, and others that it has none.
     */
    if (name == NULL || strcmp(name, "C") == 0 || strcmp(name, "POSIX") == 0 || strncmp(name, "C.", 2) == 0)
        return;
    is_open = bindtextdomain(DOMAIN, dir) != NULL && bind_textdomain_codeset(DOMAIN, "UTF-8") != NULL;
    if (is_open)
        (void)dgettext(DOMAIN, NOWHERE);
}

const char *cv_word(const char *english)
{
    /* The empty text is the key of a catalog's own header. */
    return is_open && english != NULL && english[0] != '\0' ? dgettext(DOMAIN, english) : english;
}

const char *cv_words(uint64_t n, const char *one, const char *many)
{
    /* Above what a catalog counts to, languages look at the last digits alone. */
    const unsigned long count = n <= ULONG_MAX ? (unsigned long)n : (unsigned long)(n % 1000000 + 1000000);
    return is_open ? dngettext(DOMAIN, one, many, count) : n == 1 ? one : many;
}
