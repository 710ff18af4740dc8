#ifndef CV_FORMATS_COLUMNS_FIELD_H
#define CV_FORMATS_COLUMNS_FIELD_H

#include "formats/columns.h"
#include "formats/fold.h"

/* Fields that columns may stand for, and what cells say; for the columns*.c files alone. */

#define COLUMNS_PATH_BYTES 160

/* A field of the template, or one inside of an object. */
struct place {
    const char *type, *section;
    struct cv_template_field f;
    bool inside;                 /* of the object f: */
    struct cv_template_field in; /* the field proper */
};
/** place_field(p): the field whose value a cell is. */
const struct cv_template_field *place_field(const struct place *p);
/** place_path(p, out): "type.section.field", or "type.section.field.inner". */
void place_path(const struct place *p, char out[static COLUMNS_PATH_BYTES]);

struct places {
    const struct cv_template *t;
    struct place *p;
    size_t count;
};
/** places_of(t, out): every field but those that are filled from others. CV_OK; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status places_of(const struct cv_template *t, struct places *out);
void places_free(struct places *list);
/** places_find(list, name): by the standard's name, the path, the field's name or its label; NULL if none, or
 * if more than one has it. */
const struct place *places_find(const struct places *list, struct cv_bytes name);

/* What a header stands for. */
struct meaning {
    enum means {
        MEANS_NOTHING,
        MEANS_LEFT_OUT,
        MEANS_FIELD,
        MEANS_CHOICE,
        MEANS_UUID,
        MEANS_NUMBER,
        MEANS_TYPE,
        MEANS_TRAINING,
        MEANS_SERVER, /* left out too, where a column names the row: then it is an export of a form */
        MEANS_PARENT, /* the row is a part of one in another file */
        MEANS_ID
    } what;
    const struct place *place;
    unsigned number;    /* of several: of the record, or of the element; 0: not said */
    const char *choice; /* of MEANS_CHOICE: a column that says yes or no to this word */
    int rank;           /* of MEANS_UUID: the smaller one counts */
};
/** meaning_of(list, header, out): MEANS_NOTHING if it is not known. */
void meaning_of(const struct places *list, struct cv_bytes header, struct meaning *out);

/* How cells are read. */
struct cell_how {
    enum cv_date_order dates;
    bool ours; /* `record export` wrote them: every character stands for itself */
};
/** cell_bare(cell): without white space around it. */
struct cv_bytes cell_bare(struct cv_bytes cell);
/** cell_unguarded(cell, ours): without the apostrophe by which a spreadsheet was kept from calculating: one
 * before = + - @, a tab or a line's end, in a cell that is not quoted by it ('@home' stays). */
struct cv_bytes cell_unguarded(struct cv_bytes cell, bool ours);
/** cell_choice(f, text): the word of a choice that the text means, by itself or as forms label it; NULL. */
const char *cell_choice(const struct cv_template_field *f, struct cv_bytes text);
/** cell_yes(text, out): a yes or a no; false if it is neither. */
bool cell_yes(struct cv_bytes text, bool *out);
/** cell_date(text, order, out, why): a day, or a month or year by itself, as ISO 8601 writes it; false with
 * ${why}. */
bool cell_date(struct cv_bytes text, enum cv_date_order order, char out[static 32], const char **why);
/** cell_value(f, text, how, out, why): the value, as the template wants it; of a field with several values
 * an array. Free text is taken as it is; anything else without white space around it. CV_OK; CV_ERR_FORMAT
 * with ${why} in plain words; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cell_value(const struct cv_template_field *f, struct cv_bytes text,
                                   const struct cell_how *how, struct cv_json **out, const char **why);

/* ---- columns.c, for columns_row.c ---- */

#define SETS_MAX 64

struct column {
    char header[COLUMNS_PATH_BYTES]; /* as it is named in messages */
    struct meaning m;
};

/* A value for records that do not have it in the file. */
struct set {
    const struct place *place;
    struct cv_json *value;
};

struct cv_columns {
    const struct cv_template *t;
    struct cell_how cells;
    struct places places;
    struct column *column;
    size_t count;
    struct set sets[SETS_MAX];
    size_t set_count;
    const char *const *only;
    bool typed;     /* a column says of which type a row's record is: then it is our own export */
    bool with_case; /* columns, or what was set, speak of cases */
};

/** columns_want(c, type): are records of this type asked for? */
bool columns_want(const struct cv_columns *c, const char *type);

#endif
