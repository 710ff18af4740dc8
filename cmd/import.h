#ifndef CV_CMD_IMPORT_H
#define CV_CMD_IMPORT_H

#include "cmd/cmd.h"
#include "formats/columns.h"
#include "vault/seen.h"

/* What `record import` reads: JSON lines or CSV, from a file or standard input, in whatever encoding, sealed
 * with a passphrase or not; one row after another, so that a file of any length costs the same memory, but
 * for 32 bytes a row by which repeated ones are told apart. import_file.c opens it, and starts the
 * process that reads it; in that, import_text.c decodes, and import_rows.c makes records of lines and rows.
 */

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
    struct cv_json *others;  /* array: those of the row that are not asked for, as cv_taken's; NULL */
    bool own_ids;            /* they bring their ids; else those in them are fresh */
    const char *source;      /* by what it is known again: */
    bool by_id;              /* an id of the row */
    bool by_equal;           /* nothing but being equal to another one */
    uint64_t file;           /* tells this file from others, by its name and its first row */
};
/* What takes them: anything but CV_OK ends the reading with it. */
struct cv_import_to {
    cv_status (*item)(void *arg, const struct cv_import_item *item);
    /* a row that cannot be taken: ${column} is NULL where it is all of it */
    cv_status (*fault)(void *arg, uint64_t line, const char *column, const char *why);
    /* of the text: what its encoding was taken for, and how much of it was read; for cv_import_text_read */
    cv_status (*guessed)(void *arg, const char *encoding);
    cv_status (*progress)(void *arg, uint64_t done, uint64_t total);
    void *arg;
};

struct cv_import_file;
/** cv_import_open(ui, path, how, out): "-" is standard input. A process of its own, started here, before a
 * key is in memory, will read it; what was told of it is judged, and the passphrase of a sealed one asked
 * for (of standard input: when it is read). CV_OK; CV_ERR_ARG: of an option or the map; CV_ERR_IO;
 * CV_ERR_FORMAT, CV_ERR_LIMIT: of the map; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_import_open(struct cv_ui *ui, const char *path, const struct cv_import_how *how,
                                       struct cv_import_file **out);
void cv_import_close(struct cv_import_file *f);
const char *cv_import_name(const struct cv_import_file *f);

/** cv_import_read(f, template, to): every row, by the text of the template; of ${to} the item and the fault.
 * CV_OK; CV_ERR_ARG: what it was told of the file cannot be; CV_ERR_NOKEY: the passphrase of a sealed one is
 * wrong; CV_ERR_FORMAT, CV_ERR_LIMIT: where the file itself is wrong, told in ui->err with its line;
 * CV_ERR_AUTH, CV_ERR_INTERNAL: whoever reads it had to be stopped, or died; CV_ERR_IO; what ${to} says. */
CV_MUST_CHECK cv_status cv_import_read(struct cv_import_file *f, struct cv_bytes template,
                                       const struct cv_import_to *to);
/** cv_import_unchanged(f): the file is as it was when it was opened; asked before what it said is stored.
 * CV_OK; CV_ERR_IO. */
CV_MUST_CHECK cv_status cv_import_unchanged(struct cv_import_file *f);

/* ---- import_text.c: in the process that reads the file ---- */

struct cv_import_text;
/** cv_import_text_new(ui, name, how, fd, total, out): all borrowed; ${total}: bytes, 0 if nobody knows. */
CV_MUST_CHECK cv_status cv_import_text_new(struct cv_ui *ui, const char *name,
                                           const struct cv_import_how *how, int fd, uint64_t total,
                                           struct cv_import_text **out);
void cv_import_text_free(struct cv_import_text *f);
/** cv_import_text_head(f): the first bytes, as they are; if they are those of a sealed file, its passphrase
 * is asked for. cv_import_text_at(f, fd): it goes on there. */
CV_MUST_CHECK cv_status cv_import_text_head(struct cv_import_text *f);
void cv_import_text_at(struct cv_import_text *f, int fd);
/** cv_import_text_map(f, map): the text of the map file, if one was named; and cv_import_how_check. */
CV_MUST_CHECK cv_status cv_import_text_map(struct cv_import_text *f, struct cv_bytes map);
/** cv_import_text_read(f, t, to): as cv_import_read. */
CV_MUST_CHECK cv_status cv_import_text_read(struct cv_import_text *f, const struct cv_template *t,
                                            const struct cv_import_to *to);

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

/* ---- import_again.c ---- */

#define CV_IMPORT_RECORDS_MAX 64 /* of a row */
/* What of a row was imported before. */
struct cv_import_marks {
    struct cv_mark m[CV_IMPORT_RECORDS_MAX];
    struct cv_before before[CV_IMPORT_RECORDS_MAX];
    size_t fresh; /* records that were not */
};
/* Lines, as people count them: where they begin and end, as far as there is room. */
struct cv_import_lines {
    uint64_t from[4], to[4], rows, told;
    size_t count;
};
/* What is told of rows that were imported before. */
struct cv_import_again {
    uint64_t records;
    struct cv_import_lines known, equal; /* equal: to rows of another file, and known by nothing else */
};

/** cv_import_look_up(ui, seen, item, all, marks): ${all}: as if nothing had been. As cv_seen_known. */
CV_MUST_CHECK cv_status cv_import_look_up(struct cv_ui *ui, struct cv_seen *seen,
                                          const struct cv_import_item *item, bool all,
                                          struct cv_import_marks *marks);
/** cv_import_join(ui, seen, t, item, marks): what is new in the row refers to what is there of it
 * already, and to nothing that is not to be there. */
CV_MUST_CHECK cv_status cv_import_join(struct cv_ui *ui, struct cv_seen *seen, const struct cv_template *t,
                                       const struct cv_import_item *item,
                                       const struct cv_import_marks *marks);
/** cv_import_again_note(again, item, marks): count what is known. _tell(ui, again): in the end; what may be
 * other people is said even if nothing else is. */
void cv_import_again_note(struct cv_import_again *again, const struct cv_import_item *item,
                          const struct cv_import_marks *marks);
void cv_import_again_tell(const struct cv_ui *ui, const struct cv_import_again *again);

/* ---- import_tell.c ---- */

/** cv_import_refused(ui, to, line, column, why): a row that is refused, ${column} NULL where it is all of it.
 */
CV_MUST_CHECK cv_status cv_import_refused(struct cv_ui *ui, FILE *to, uint64_t line, const char *column,
                                          const char *why);
/** cv_import_preview(ui, t, line, record): as it would be stored. */
CV_MUST_CHECK cv_status cv_import_preview(struct cv_ui *ui, const struct cv_template *t, uint64_t line,
                                          struct cv_json *record);

#endif
