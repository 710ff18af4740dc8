#include "cmd/fields.h"

#include <string.h>

/* What stands in a section, for people. */

/* print_object(t, type, section, field, o): what is inside an object, by its labels. */
static void print_object(const struct cv_template *t, const char *type, const char *section,
                         const char *field, const struct cv_json *o)
{
    struct cv_template_field f;
    for (size_t i = 0; cv_template_inner(t, type, section, field, i, &f); i++) {
        const struct cv_json *value = cv_json_get(o, f.name);
        if (value != NULL)
            cv_text_value(value, cv_text_label(6, f.label), 8);
    }
}

/* print_field(t, type, id, section, f, value): one of a record's. */
static void print_field(const struct cv_template *t, const char *type, const char *id, const char *section,
                        const struct cv_template_field *f, const struct cv_json *value)
{
    const bool list = cv_json_is(value, CV_JSON_ARRAY);
    const size_t column = cv_text_label(2, f->label);
    if (strcmp(f->type, "object") != 0) {
        cv_text_value(value, column, 4);
        return;
    }
    fputc('\n', stdout);
    for (size_t i = 0; i < (list ? cv_json_len(value) : 1); i++) {
        if (f->elements)
            printf("    %s.%zu\n", id, i + 1);
        else if (list)
            printf("    %zu.\n", i + 1);
        print_object(t, type, section, f->name, list ? cv_json_at(value, i) : value);
    }
}

void cv_fields_print(const struct cv_template *t, const char *type, const char *id, const char *section,
                     const struct cv_json *data)
{
    struct cv_template_field f;
    for (size_t i = 0; cv_template_field(t, type, section, i, &f); i++) {
        const struct cv_json *value = cv_json_get(data, f.name);
        if (value != NULL)
            print_field(t, type, id, section, &f, value);
    }
}
