#ifndef CV_VAULT_FOLD_H
#define CV_VAULT_FOLD_H

#include "crypto/bytes.h"
#include "formats/err.h"

/**
 * Folding: the form in which words meet, whatever alphabet, diacritics and romanisation they are written in:
 * Јована, Jovana and Yovana are `iovana`; ხათუნა, Khatuna and Hatuna are `hatuna`; Ștefan, Şţefan and Stefan
 * are `stefan`; Щербакова, Shcherbakova and Scherbakova are `serbakova`.
 *
 * NFKC and case folding, any script to Latin and Latin to ASCII are ICU's; for Cyrillic, Georgian and
 * Armenian there is a table of ours, since names are not spelled as ISO romanises (я, ж, խ), and so there is
 * for what romanisations disagree about: sh, sch and shch, kh and h, y and j and i, doubled letters. It folds
 * too much rather than too little: `ship` and `sip` are one word. A word with a digit in it is a number, and
 * is only put into small letters. What no rule knows stays as it is, and meets itself.
 *
 * One folder serves one thread. ICU's tables are opened at the first text that needs them; plain ASCII does
 * not.
 */
struct cv_folder;

/* The longest folded word; of longer ones this much counts. */
#define CV_FOLD_WORD_BYTES 64

/** cv_folder_new(out): CV_OK; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_folder_new(struct cv_folder **out);
void cv_folder_free(struct cv_folder *f);

/** cv_fold(f, text, out): append the folded words of ${text} (UTF-8), a space between them. Words are what
 * stands between characters that are no letters, marks or digits; an apostrophe inside a word is no such
 * character. Nothing is appended where there is no word. CV_OK; CV_ERR_FORMAT for wrong UTF-8; CV_ERR_LIMIT;
 * CV_ERR_NOMEM; CV_ERR_INTERNAL if ICU lacks its tables. */
CV_MUST_CHECK cv_status cv_fold(struct cv_folder *f, struct cv_bytes text, struct cv_buf *out);

/** cv_fold_openings(f, text, out): what the folded last word of ${text} may begin with in words that
 * begin as it does: `k` also opens Khatuna, which folds to `hatuna`. Appends the alternatives, a space
 * between them; the first is the word itself. As cv_fold. */
CV_MUST_CHECK cv_status cv_fold_openings(struct cv_folder *f, struct cv_bytes word, struct cv_buf *out);

#endif
