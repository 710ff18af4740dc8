#ifndef CV_FORMATS_CSV_H
#define CV_FORMATS_CSV_H

#include "crypto/bytes.h"

/* What a text that a spreadsheet would take for a formula begins with. */
#define CV_CSV_GUARDED "=+-@\t\r\n"

/** cv_csv_cell(text, last, out): append one cell (RFC 4180), always quoted, NULL an empty one, and a comma,
 * or CRLF after the
 * ${last} of a row. A text that a spreadsheet would take for a formula, one that begins with = + - @, a tab
 * or a line's end, gets an apostrophe before it; what steers a terminal or the direction of text becomes
 * U+FFFD. CV_OK; CV_ERR_LIMIT; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_csv_cell(const char *text, bool last, struct cv_buf *out);
/** cv_csv_text(text, last, out): the same with every character as it is, for a file that is read back. */
CV_MUST_CHECK cv_status cv_csv_text(const char *text, bool last, struct cv_buf *out);

#endif
