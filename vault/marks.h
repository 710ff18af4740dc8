#ifndef CV_VAULT_MARKS_H
#define CV_VAULT_MARKS_H

#include "formats/policy.h"
#include "formats/template.h"
#include "vault/fold.h"

/**
 * Marks: what a section of a record says by which a person or a case is known again: equal in two records
 * that say the same, in whichever alphabet and with whichever spaces somebody typed it. The template says
 * which fields are marks (docs/TEMPLATE.md, `mark`); the standard's fields are by themselves.
 *
 *   kind         value                                   of
 *   phone        "+381601234567"                         a telephone number
 *   document     "PA123456", letters and digits alone    an identity number, a passport's
 *   account      "ANA1EXAMPLEORG", the same               e-mail, a bank account, a profile
 *   vehicle      "BG123AB", the same                      a number plate
 *   name         "ana petrovic": its words, folded       the names of a person: one of the fields that make
 *                (vault/fold.h), in alphabetical order   it up, and each other name; perpetrators likewise,
 *   perpetrator                                          as `perpetrator`
 *   sound        "an ptrvc", "an 1999-01-03"              each pair of words of a person's name, and each
 * word with the birth date, by their sound (vault/sound.h); a pair in alphabetical order, and of day and
 * month the smaller first: they are easily swapped birth        "1999-03-01", "1999"                    as it
 * is address      "12 beograd knez mihailova"             street and city, as a name route        "chisinau >
 * vienna"                     each leg of each route ref          a record id every reference
 *
 * Numbers of fewer than four letters and digits, or with no digit (but for accounts), are none; nor are the
 * names that say that there is none ("unknown"). Of a list of more than a thousand the first are taken.
 */
#define CV_MARK_REF "ref"
struct cv_mark {
    const char *kind;              /* lives for ever */
    char field[2 * CV_NAME_BYTES]; /* "home_phone", "documents.number"; of several the first */
    char *value, *text;            /* text: as it was written, for people */
};
struct cv_marks {
    struct cv_mark *m;
    size_t count, room;
};
/** cv_marks_free(list): wiped. */
void cv_marks_free(struct cv_marks *list);

/** cv_marks_add(folder, t, type, section, data, list): append those of a section's data; no pair of kind and
 * value twice. CV_OK; CV_ERR_NOMEM; CV_ERR_FORMAT for wrong UTF-8. */
CV_MUST_CHECK cv_status cv_marks_add(struct cv_folder *folder, const struct cv_template *t, const char *type,
                                     const char *section, const struct cv_json *data, struct cv_marks *list);

/** cv_marks_kinds(t, section): which kinds of marks can stand in a section, of whatever type: the sum of what
 * cv_marks_kind(kind) gives for each; that is 0 for a word that is none. */
unsigned cv_marks_kinds(const struct cv_template *t, const char *section);
unsigned cv_marks_kind(const char *kind);

#endif
