#ifndef CV_FORMATS_CSV_READ_H
#define CV_FORMATS_CSV_READ_H

#include "crypto/bytes.h"
#include "formats/err.h"

/**
 * Reading CSV (RFC 4180, and what offices make of it), with libcsv in its strict mode: a quote inside a plain
 * cell, words after a closing quote and an end inside quotes are faults, not guesses. The file comes in
 * pieces of any size, and a row goes out when it is whole: what is held is one row, whatever the file.
 */
#define CV_CSV_CELL_MAX ((size_t)262144) /* bytes; the longest text a record may hold is 200,000 */
#define CV_CSV_ROW_MAX ((size_t)1 << 20) /* bytes; as much as a record */
#define CV_CSV_COLUMNS_MAX 1024

struct cv_csv_row {
    uint64_t line;               /* of the file, on which the row begins */
    const struct cv_bytes *cell; /* well-formed UTF-8 without NUL, borrowed until the row function returns */
    size_t count;
};
/** What takes a row; anything but CV_OK ends the reading with it. Blank lines are no rows. */
typedef cv_status (*cv_csv_row_fn)(void *arg, const struct cv_csv_row *row, struct cv_err *err);

struct cv_csv_reader;
/** cv_csv_reader_new(delimiter, fn, arg, out): CV_OK; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_csv_reader_new(char delimiter, cv_csv_row_fn fn, void *arg,
                                          struct cv_csv_reader **out);
void cv_csv_reader_free(struct cv_csv_reader *r);

/** cv_csv_read(r, bytes, err): the next piece. Messages begin with the line. CV_OK; CV_ERR_FORMAT for a quote
 * where none may be, a NUL, or what is not UTF-8; CV_ERR_LIMIT for a cell, a row or columns beyond the
 * bounds; what the row function says; CV_ERR_NOMEM. After an error every further call fails alike. */
CV_MUST_CHECK cv_status cv_csv_read(struct cv_csv_reader *r, struct cv_bytes bytes, struct cv_err *err);
/** cv_csv_end(r, err): the file ended: its last row need not end in a line's end, but its quotes must. As
 * cv_csv_read. */
CV_MUST_CHECK cv_status cv_csv_end(struct cv_csv_reader *r, struct cv_err *err);

/** cv_csv_delimiter(head): which of , ; tab | parts the cells of the first line of ${head}, outside of
 * quotes; 0 if none stands in it. */
char cv_csv_delimiter(struct cv_bytes head);

#endif
