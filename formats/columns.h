#ifndef CV_FORMATS_COLUMNS_H
#define CV_FORMATS_COLUMNS_H

#include "formats/csv_read.h"
#include "formats/template.h"

/**
 * What the columns of a flat file mean, by a template: a header is a name of the Human Trafficking Case Data
 * Standard (however it is spelt: prs_First_Name, `group/prs_FirstName`), a path (person.identity.first_name),
 * or the name or label of a field, where that is unique; docs/IMPORT.md tells all of it. A row becomes a
 * person and their case, and what else its columns belong to, with references to each other; or, where a
 * column record_type says so, the one record that `record export` wrote.
 */
struct cv_columns;

/* In what order numbers stand in a date like 03/04/2024; without it such a date is refused. */
enum cv_date_order { CV_DATES_CLEAR, CV_DATES_DAY_FIRST, CV_DATES_MONTH_FIRST };

struct cv_columns_how {
    const struct cv_json *map;  /* of a map file, checked by cv_columns_map; NULL */
    const char *const *set;     /* NULL-terminated: "type.section.field=text", for rows without it */
    const char *const *without; /* NULL-terminated: headers of columns that are left out */
    const char *const *only;    /* NULL-terminated: the types that are wanted; NULL: all. Those that are refer
                                   to the others of their row all the same */
    enum cv_date_order dates;
};

/** cv_columns_map(text, out, err): a map file, strictly:
 *   {"casevault": "columns v1", "columns": {"<header>": "<field>" or null}, "set": {"<field>": "<text>"},
 *    "without": ["<header>"], "delimiter": ";", "encoding": "windows-1250", "dates": "dmy" or "mdy"}
 * all but the first may be left out. CV_OK; CV_ERR_FORMAT; CV_ERR_LIMIT; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_columns_map(struct cv_bytes text, struct cv_json **out, struct cv_err *err);

/** cv_columns_new(t, header, how, out, err): what each column means. ${t} and ${how} are borrowed until
 * cv_columns_free. CV_OK; CV_ERR_FORMAT naming the first column that means nothing, or the same as another
 * one; CV_ERR_ARG for a setting that does not fit; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_columns_new(const struct cv_template *t, const struct cv_csv_row *header,
                                       const struct cv_columns_how *how, struct cv_columns **out,
                                       struct cv_err *err);
void cv_columns_free(struct cv_columns *c);

/* What is wrong with a cell: the column's header (NULL: the row), and why, in plain words. */
typedef void (*cv_fault_fn)(void *arg, const char *column, const char *why);

/* What a row holds. */
struct cv_taken {
    struct cv_json
        *records; /* array, each with an id of its own; NULL for an empty row; freed by the caller */
    struct cv_json *others; /* array: those of the row that are not wanted, of which only the type, the id and
                               which fields are filled count; NULL: none; freed by the caller */
    bool
        own_ids; /* the ids stand in the file; else they are fresh, and only link the records to each other */
    char source[96]; /* "uuid:..." where the row names itself; else "" */
};

/** cv_columns_take(c, row, origin, fault, arg, out): every fault is told. ${origin} is what a case is called
 * that has no number. The records are not checked against the template yet. CV_OK; CV_ERR_FORMAT if there was
 * a fault; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_columns_take(struct cv_columns *c, const struct cv_csv_row *row,
                                        const char *origin, cv_fault_fn fault, void *arg,
                                        struct cv_taken *out);

/* Going out: a row for each record. */

struct cv_columns_writer;
/** cv_columns_writer_new(t, out): for all records of the template, which is borrowed. CV_OK; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_columns_writer_new(const struct cv_template *t, struct cv_columns_writer **out);
void cv_columns_writer_free(struct cv_columns_writer *w);
/** cv_columns_write(w, record, out): append its row, or (NULL) the header: names of the standard, with what
 * stands in one object with them (all of a perpetrator), what types require, and references. CV_OK;
 * CV_ERR_LIMIT; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_columns_write(struct cv_columns_writer *w, const struct cv_json *record,
                                         struct cv_buf *out);

/* A field that the rows do not hold, or not whole, though so many of the records have it. */
struct cv_columns_lost {
    const char *type, *field; /* their labels */
    size_t records;
};
/** cv_columns_lost(w, i, out): the i-th of them, of what was written so far; false past the end. */
bool cv_columns_lost(const struct cv_columns_writer *w, size_t i, struct cv_columns_lost *out);

#endif
