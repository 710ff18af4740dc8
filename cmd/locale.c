#include <langinfo.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/locale.h"
#include "crypto/hash.h"
#include "formats/base64.h"

#define CATALOGS "/../share/locale"
#define PATH_BYTES 8192
#define LIST_BYTES 64
#define CATALOG_MAX 8000000

/* is_plain(name): the locale that every program begins with, whatever its character set. */
static bool is_plain(const char *name)
{
    return strcmp(name, "C") == 0 || strcmp(name, "POSIX") == 0 || strncmp(name, "C.", 2) == 0;
}

/* is_ours(dir, c): the catalog that was built with this program, to the last byte. The C library believes
 * whatever it finds in one: it would read past the end of what is cut short, and format by what was put
 * there. */
static bool is_ours(const char *dir, const struct cv_catalog *c)
{
    char path[PATH_BYTES], hex[2 * CV_SHA256_BYTES + 1];
    uint8_t digest[CV_SHA256_BYTES];
    struct cv_ui quiet = { 0 };
    struct cv_buf file = { 0 };
    snprintf(path, sizeof(path), "%s/%s/LC_MESSAGES/casevault.mo", dir, c->language);
    cv_status st = cv_ui_read_file(&quiet, path, CATALOG_MAX, &file);
    st = CV_THEN(st, cv_sha256(cv_buf_view(&file), digest));
    cv_buf_free(&file);
    if (st == CV_OK)
        cv_hex_encode(CV_ARR(digest), hex);
    return st == CV_OK && strcmp(hex, c->digest) == 0;
}

/* choose(dir, asked): of the languages that are asked for, in their order, those that have a catalog of ours;
 * the C library is told of no other. Is there one? */
static bool choose(const char *dir, const char *asked)
{
    char list[LIST_BYTES] = "";
    size_t n = 0;
    while (*asked != '\0') {
        const size_t length = strcspn(asked, "_.@:");
        const struct cv_catalog *c = cv_catalogs;
        if (length == 2 && strncmp(asked, "en", 2) == 0)
            break; /* that is what it is without a catalog */
        while (c->language != NULL &&
               (strlen(c->language) != length || strncmp(asked, c->language, length) != 0))
            c++;
        if (c->language != NULL && n + length + 2 < sizeof(list) && is_ours(dir, c))
            n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s", n > 0 ? ":" : "", c->language);
        asked += strcspn(asked, ":");
        asked += *asked == ':';
    }
    return n > 0 && setenv("LANGUAGE", list, 1) == 0;
}

/* open_words(): the catalogs lie beside the program, as they are installed and as they are built: nothing but
 * the program's own place says where. */
static void open_words(void)
{
    char dir[PATH_BYTES / 2];
    const char *locale = setlocale(LC_MESSAGES, ""), *asked = getenv("LANGUAGE");
    const ssize_t n = readlink("/proc/self/exe", dir, sizeof(dir) - sizeof(CATALOGS));
    char *slash = n > 0 ? memrchr(dir, '/', (size_t)n) : NULL;
    /* Some versions of the C library hold that C.UTF-8 has translations, and others that it has none. */
    if (locale == NULL || slash == NULL || is_plain(locale))
        return;
    memcpy(slash, CATALOGS, sizeof(CATALOGS));
    if (choose(dir, asked != NULL && asked[0] != '\0' ? asked : locale))
        cv_words_open(dir);
}

/* nothing_asked(): does the environment want no locale at all? Then none is looked for. */
static bool nothing_asked(void)
{
    static const char *const names[] = { "LC_ALL",     "LC_MESSAGES", "LC_TIME",
                                         "LC_NUMERIC", "LC_COLLATE",  "LANG" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *name = getenv(names[i]);
        if (name == NULL || name[0] == '\0')
            continue;
        if (!is_plain(name))
            return false;
        if (i == 0)
            return true; /* before all others */
    }
    return true;
}

void cv_locale_open(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--json") == 0)
            return; /* it is answered, and complained about, to a program */
    if (nothing_asked())
        return;
    open_words();
    locale_t here = newlocale(
        LC_TIME_MASK | LC_NUMERIC_MASK | LC_COLLATE_MASK | LC_CTYPE_MASK | LC_MESSAGES_MASK, "", (locale_t)0);
    /* What is shown is UTF-8, whatever the locale's own character set. */
    if (here != (locale_t)0 && strcmp(nl_langinfo_l(CODESET, here), "UTF-8") != 0) {
        freelocale(here);
        here = (locale_t)0;
    }
    if (here != (locale_t)0)
        cv_locale_set(here);
}

/* ---- text ---- */

void cv_print_v(FILE *f, const char *fmt, va_list ap)
{
    const locale_t here = cv_locale_here(), was = here != (locale_t)0 ? uselocale(here) : (locale_t)0;
    vfprintf(f, fmt, ap);
    if (was != (locale_t)0)
        uselocale(was);
}

void cv_print(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    cv_print_v(stdout, _(fmt), ap);
    va_end(ap);
}

void cv_print_to(FILE *f, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    cv_print_v(f, _(fmt), ap);
    va_end(ap);
}

void cv_print_n(FILE *f, uint64_t n, const char *one, const char *many, ...)
{
    va_list ap;
    va_start(ap, many);
    cv_print_v(f, cv_words(n, one, many), ap);
    va_end(ap);
}

/* ---- names, answers ---- */

int cv_locale_compare(const char *a, const char *b)
{
    const locale_t here = cv_locale_here();
    return here != (locale_t)0 ? strcoll_l(a, b, here) : strcmp(a, b);
}

/* is_word(line, word): the whole word. */
static bool is_word(struct cv_bytes line, const char *word)
{
    return cv_bytes_equal(line, cv_bytes_str(word));
}

bool cv_locale_answer(struct cv_bytes line, bool *yes)
{
    *yes = is_word(line, "yes") || is_word(line, "y") || is_word(line, _("yes")) || is_word(line, _("y"));
    return *yes || is_word(line, "no") || is_word(line, "n") || is_word(line, _("no")) ||
           is_word(line, _("n"));
}

bool cv_locale_yes(const char *line)
{
    return strcmp(line, "yes") == 0 || strcmp(line, _("yes")) == 0;
}
