#include "formats/words.h"

#include <libintl.h>
#include <limits.h>
#include <stddef.h>

#define DOMAIN "casevault"
/* No text of ours: looking for it has every catalog opened that a text may be looked for in. */
#define NOWHERE "\1"

static bool is_open;

void cv_words_open(const char *dir)
{
    is_open = bindtextdomain(DOMAIN, dir) != NULL && bind_textdomain_codeset(DOMAIN, "UTF-8") != NULL;
    if (is_open)
        (void)dgettext(DOMAIN, NOWHERE);
}

bool cv_words_other(void)
{
    return is_open;
}

const char *cv_words_language(void)
{
    return _("en");
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
