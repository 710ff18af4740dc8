#ifndef CV_FORMATS_TEMPLATE_FIELD_H
#define CV_FORMATS_TEMPLATE_FIELD_H

#include "formats/json.h"

/* What a template is made of, and whether a value fits a field; for the template*.c files alone. */
#define TEMPLATE_NAME_MAX 32

enum field_type {
    FIELD_NONE,
    FIELD_STRING,
    FIELD_TEXT,
    FIELD_INTEGER,
    FIELD_BOOLEAN,
    FIELD_DATE,
    FIELD_DATETIME,
    FIELD_CHOICE,
    FIELD_COUNTRY,
    FIELD_LANGUAGE,
    FIELD_PHONE,
    FIELD_REF,
    FIELD_SHA256,
    FIELD_DOCUMENT,
    FIELD_OBJECT
};

struct field {
    const char *name, *label, *htcds, *help, *from, *to, *dimension;
    const char *mark; /* what two records that say the same here have in common; NULL */
    enum field_type type;
    bool required, multi, elements, named, identifier, partial;
    bool today; /* of a date: a new record that does not say it takes the day */
    size_t max;
    int64_t min; /* of an integer: nothing smaller; INT64_MIN: whatever it is */
    const struct cv_json *choices;
    struct field *inner; /* of an object */
    size_t inner_count;
};

struct section {
    const char *name;
    struct field *fields;
    size_t count;
};

struct type {
    const char *name, *label;
    const struct cv_json *retention; /* NULL: kept for ever */
    struct section *sections;
    size_t count;
};

struct cv_template {
    struct cv_json *doc; /* all names point into it */
    struct type *types;
    size_t type_count;
    const char *sections[64]; /* the first of them: an import asks for each of them with every row */
    size_t section_count;
};

/** template_name_ok(s): 1 to 32 of a-z, 0-9 and _, a letter first. */
bool template_name_ok(const char *s);
/** template_type(t, name), type_field(ty, section, name): NULL if there is none. */
const struct type *template_type(const struct cv_template *t, const char *name);
const struct field *type_field(const struct type *ty, const char *section, const char *name);

/* Where a coded field is filled from: "section.field"; its year with "section.field|year"; the age group of
 * who was born then, on the day in another field, with "section.field|age:section.field". */
enum field_taken { FIELD_AS_IT_IS, FIELD_YEAR, FIELD_AGE };
struct field_from {
    char section[TEMPLATE_NAME_MAX + 1], field[TEMPLATE_NAME_MAX + 1];
    enum field_taken taken;
    char on_section[TEMPLATE_NAME_MAX + 1], on_field[TEMPLATE_NAME_MAX + 1]; /* of an age */
};
/** type_pointed(ty, path, out): the field that "section.field" names, and ${out} the section; NULL if there
 * is none. */
const struct field *type_pointed(const struct type *ty, const char *path, const struct section **out);
/** field_from_parse(text, out): false if it is of another form. */
bool field_from_parse(const char *text, struct field_from *out);

/** age_group_ok(word): "9-17" or "48+", whole years. age_group_at(groups, born, on): the one of these that an
 * age lies in; the younger a date's parts are missing, the less exact: who was born in a year is as old as
 * the years between. NULL if in none, or if a date is none. */
bool age_group_ok(const char *word);
const char *age_group_at(const struct cv_json *groups, const char *born, const char *on);

enum field_type field_type_of(const char *name);
const char *field_type_name(enum field_type type);

/** field_mark(f, said, out): the kind of mark a field is: as it says itself (${said}, NULL if it does not),
 * else by its name in the standard; NULL if it is none. False if there is no such kind, or not of its type.
 */
bool field_mark(const struct field *f, const char *said, const char **out);

/** field_check(f, value, why): false, and ${why} in plain words, if the value does not fit. */
bool field_check(const struct field *f, const struct cv_json *value, const char **why);
/** field_wrong_choice(f, value): the first field, this one or one inside of it, whose value is none of its
 * choices; NULL if all are. */
const struct field *field_wrong_choice(const struct field *f, const struct cv_json *value);

#endif
