#ifndef CV_FORMATS_WORDS_H
#define CV_FORMATS_WORDS_H

#include <stdbool.h>
#include <stdint.h>

/* What people read, in their language. The English text is the key: catalogs (po/, docs/LANGUAGES.md) have
 * the others, and where one lacks something, or is not there, English is what is read. Nothing that is
 * stored, signed or answered in JSON goes through here. */
#define _(english) cv_word(english)
#define N_(english) english /* for po/casevault.pot only: it is translated where it is shown */

/** cv_word(english): the same in the language that cv_words_open found; ${english} itself if there is none.
 * Valid for as long as ${english} is. */
__attribute__((format_arg(1))) const char *cv_word(const char *english);

/** cv_words(n, one, many): the form that goes with ${n}, of which a language may have one or six. */
__attribute__((format_arg(2), format_arg(3))) const char *cv_words(uint64_t n, const char *one,
                                                                   const char *many);

/**
 * cv_words_open(dir): the language that setlocale(LC_MESSAGES, ...) and LANGUAGE have chosen, as far as there
 * is a catalog for it below ${dir}; the caller knows that those are good. All of it is read now: a process
 * that is confined later opens nothing. To be called once, before there are threads.
 */
void cv_words_open(const char *dir);

/** cv_words_language(): the language that all this is in, as HTML names it: "en", "ru". */
const char *cv_words_language(void);

/** cv_words_other(): is it another language than English? */
bool cv_words_other(void);

#endif
