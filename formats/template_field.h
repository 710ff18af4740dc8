#ifndef CV_FORMATS_TEMPLATE_FIELD_H
#define CV_FORMATS_TEMPLATE_FIELD_H

#include "formats/json.h"

/* One field of a template, and whether a value fits it; for template.c alone. */
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
    FIELD_OBJECT
};

struct field {
    const char *name, *label, *htcds, *help, *from;
    enum field_type type;
    bool required, multi, elements, identifier, partial;
    size_t max;
    const struct cv_json *choices;
    struct field *inner; /* of an object */
    size_t inner_count;
};

enum field_type field_type_of(const char *name);
const char *field_type_name(enum field_type type);

/** field_check(f, value, why): false, and ${why} in plain words, if the value does not fit. */
bool field_check(const struct field *f, const struct cv_json *value, const char **why);

#endif
