#ifndef CV_VAULT_SPELLING_H
#define CV_VAULT_SPELLING_H

#include <stddef.h>
#include <stdint.h>

/* How names are spelled, for fold.c alone: letters as name spellings romanise them,
 * which is not always as ICU does, and what romanisations disagree about. With these alphabets nobody waits
 * for ICU to open its rules, which takes longer than a search. */

#define CV_SPELLING_LETTER_BYTES 16
#define CV_SPELLING_WORD_BYTES 96

/** cv_spelling_letter(code): the romanisation of a small letter, NULL where ICU's will do. */
const char *cv_spelling_letter(uint32_t code);

/** cv_spelling_fold(word, n, out): the form in which spellings meet, of a word in small ASCII letters and
 * digits (other bytes stay); its length, at most n, or the next number. ${out} holds CV_SPELLING_WORD_BYTES;
 * what does not fit is cut. */
size_t cv_spelling_fold(const char *word, size_t n, char *out);

#endif
