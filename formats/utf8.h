#ifndef CV_FORMATS_UTF8_H
#define CV_FORMATS_UTF8_H

#include "crypto/bytes.h"

/** cv_utf8_valid(text): well-formed UTF-8 (RFC 3629): no overlong forms, surrogates or values past U+10FFFF.
 */
bool cv_utf8_valid(struct cv_bytes text);

/** cv_utf8_next(text, code): the bytes of the first character, 0 at the end or where the text is not well
 * formed. */
size_t cv_utf8_next(struct cv_bytes text, uint32_t *code);

/** cv_utf8_has_space(text): a Unicode white-space character stands in it. */
bool cv_utf8_has_space(struct cv_bytes text);

/** cv_utf8_cut(text, most): as many of its first characters as fit into ${most} bytes. */
struct cv_bytes cv_utf8_cut(struct cv_bytes text, size_t most);

/** cv_utf8_count(text): characters in well-formed text. */
size_t cv_utf8_count(struct cv_bytes text);

/** cv_utf8_steers(code): a control or bidirectional formatting character, which a terminal would obey or by
 * which text reads otherwise than it is stored. (Joiners, U+200C and U+200D, are letters' business.) */
bool cv_utf8_steers(uint32_t code);

/** cv_utf8_harmless(code): may go to a terminal: steers nothing, and is not invisible. */
bool cv_utf8_harmless(uint32_t code);

/** cv_utf8_width(code): columns it takes on a terminal, rather too many than too few: 2 for East Asian wide
 * ones, 0 for the common combining marks. */
size_t cv_utf8_width(uint32_t code);
/** cv_utf8_columns(text): of well-formed text. */
size_t cv_utf8_columns(struct cv_bytes text);
/** cv_utf8_fitting(text, columns): as many of its first characters as fit, at least one. */
struct cv_bytes cv_utf8_fitting(struct cv_bytes text, size_t columns);

#endif
