#ifndef CV_CMD_IMPORT_H
#define CV_CMD_IMPORT_H

#include "cmd/cmd.h"
#include "formats/columns.h"

/* What `record import` reads: JSON lines or CSV, from a file or standard input, in whatever encoding, sealed
 * with a passphrase or not; one row after another, so that a file of any length costs the same memory, but
 * for 32 bytes a row by which repeated ones are told apart. import_file.c opens and decodes, import_rows.c
 * makes records of lines and rows. */

struct cv_import_how {
    struct cv_words set, without, only; /* of the columns; types */
    const char *map, *delimiter, *encoding, *dates, *lines, *passphrase_file;
};

#define CV_IMPORT_DELIMITERS ",;\t|"

/* ---- import_how.c; ${map} may be NULL. What cannot be is CV_ERR_ARG, and names the option. ---- */

/** cv_import_how_csv(how): does it say something that only CSV has? */
bool cv_import_how_csv(const struct cv_import_how *how);
/** cv_import_how_check(how, map, err): all that can be judged without the file and the vault. CV_OK;
 * CV_ERR_ARG; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_import_how_check(const struct cv_import_how *how, const struct cv_json *map,
                                            struct cv_err *err);
/** cv_import_how_encoding(how, map): NULL if none was named. */
const char *cv_import_how_encoding(const struct cv_import_how *how, const struct cv_json *map);
/** cv_import_how_dates(how, map, out, err): CV_OK; CV_ERR_ARG. */
CV_MUST_CHECK cv_status cv_import_how_dates(const struct cv_import_how *how, const struct cv_json *map,
                                            enum cv_date_order *out, struct cv_err *err);
/** cv_import_how_delimiter(how, map, out, err): '\0' if none was named. CV_OK; CV_ERR_ARG. */
CV_MUST_CHECK cv_status cv_import_how_delimiter(const struct cv_import_how *how, const struct cv_json *map,
                                                char *out, struct cv_err *err);
/** cv_import_how_lines(how, from, to, err): of "A-B", "A-", "-B" or "A"; else all. CV_OK; CV_ERR_ARG. */
CV_MUST_CHECK cv_status cv_import_how_lines(const struct cv_import_how *how, uint64_t *from, uint64_t *to,
                                            struct cv_err *err);

/* A line of JSON, or a row. */
struct cv_import_item {
    uint64_t line;
    struct cv_json *records; /* array; of what could be read of it: NULL if nothing */
    bool own_ids;            /* they bring their ids; else those in them are fresh */
    const char *source;      /* by what it is known again */
};
/* What takes them: anything but CV_OK ends the reading with it. */
struct cv_import_to {
    cv_status (*item)(void *arg, const struct cv_import_item *item);
    /* a row that cannot be taken: ${column} is NULL where it is all of it */
    cv_status (*fault)(void *arg, uint64_t line, const char *column, const char *why);
    void *arg;
};

struct cv_import_file;
/** cv_import_open(ui, path, how, out): "-" is standard input; nothing of it is read yet, but what was told
 * of it is judged. CV_OK; CV_ERR_ARG: of an option or the map; CV_ERR_IO; CV_ERR_FORMAT, CV_ERR_LIMIT: of the
 * map; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_import_open(struct cv_ui *ui, const char *path, const struct cv_import_how *how,
                                       struct cv_import_file **out);
void cv_import_close(struct cv_import_file *f);
const char *cv_import_name(const struct cv_import_file *f);

/** cv_import_read(f, t, to): every row, by the template. CV_OK; CV_ERR_ARG: what it was told of
 * the file cannot be; CV_ERR_NOKEY: the passphrase of a sealed one is wrong; CV_ERR_FORMAT, CV_ERR_LIMIT:
 * where the file itself is wrong, told in ui->err with its line; CV_ERR_IO; what ${to} says. */
CV_MUST_CHECK cv_status cv_import_read(struct cv_import_file *f, const struct cv_template *t,
                                       const struct cv_import_to *to);
/** cv_import_unchanged(f): the file is as it was when it was opened; asked before what it said is stored.
 * CV_OK; CV_ERR_IO. */
CV_MUST_CHECK cv_status cv_import_unchanged(struct cv_import_file *f);

/* ---- import_rows.c ---- */

struct cv_import_rows;
/** cv_import_rows_new(ui, name, how, csv, delimiter, t, to, out): all borrowed. */
CV_MUST_CHECK cv_status cv_import_rows_new(struct cv_ui *ui, const char *name,
                                           const struct cv_import_how *how, const struct cv_json *map,
                                           const struct cv_template *t, const struct cv_import_to *to,
                                           struct cv_import_rows **out);
void cv_import_rows_free(struct cv_import_rows *r);
/** cv_import_rows_csv(r, delimiter): rows of CSV are to come; without it lines of JSON. */
CV_MUST_CHECK cv_status cv_import_rows_csv(struct cv_import_rows *r, char delimiter);
/** cv_import_rows_take(r, text): the next piece of UTF-8. cv_import_rows_end(r): there is no more. */
CV_MUST_CHECK cv_status cv_import_rows_take(struct cv_import_rows *r, struct cv_bytes text);
CV_MUST_CHECK cv_status cv_import_rows_end(struct cv_import_rows *r);
/** cv_import_rows_over(r): nothing that follows is asked for. */
bool cv_import_rows_over(const struct cv_import_rows *r);
/** cv_import_rows_line(r): the line that is being read. */
uint64_t cv_import_rows_line(const struct cv_import_rows *r);

/* ---- import_tell.c ---- */

/** cv_import_refused(ui, to, line, column, why): a row that is refused, ${column} NULL where it is all of it.
 */
CV_MUST_CHECK cv_status cv_import_refused(struct cv_ui *ui, FILE *to, uint64_t line, const char *column,
                                          const char *why);
/** cv_import_preview(ui, t, item): a row as it would be stored. */
CV_MUST_CHECK cv_status cv_import_preview(struct cv_ui *ui, const struct cv_template *t,
                                          const struct cv_import_item *item);

#endif
