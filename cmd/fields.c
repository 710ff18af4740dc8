#include "cmd/fields.h"

#include <string.h>

#include "formats/answer.h"

/* What stands in a section, for people. */

/* in_words(f, v, out): a date as it is written here; a choice as it reads in the reader's language. False
 * where it stays as it was recorded, which in English is always so. */
static bool in_words(const struct cv_template_field *f, const struct cv_json *v, struct cv_buf *out)
{
    char shown[CV_MOMENT_BYTES];
    const char *text = cv_json_cstr(v);
    if (text == NULL)
        return false;
    if (strcmp(f->type, "date") == 0)
        return cv_buf_str(out, cv_locale_day(text, shown)) == CV_OK;
    if (strcmp(f->type, "datetime") == 0)
        return cv_buf_str(out, cv_locale_moment(text, shown)) == CV_OK;
    return f->choices != NULL && cv_words_other() && cv_choice_label(text, out) == CV_OK;
}

/* print_value(f, value, column, indent): one, or a list with semicolons. */
static void print_value(const struct cv_template_field *f, const struct cv_json *value, size_t column,
                        size_t indent)
{
    const bool list = cv_json_is(value, CV_JSON_ARRAY);
    struct cv_buf text = { 0 };
    bool good = !list || cv_json_len(value) > 0;
    for (size_t i = 0; i < (list ? cv_json_len(value) : 1) && good; i++)
        good = (i == 0 || cv_buf_str(&text, "; ") == CV_OK) &&
               in_words(f, list ? cv_json_at(value, i) : value, &text);
    if (good)
        cv_text_print(cv_buf_view(&text), column, indent);
    else
        cv_text_value(value, column, indent);
    cv_buf_free(&text);
}

/* print_object(t, type, section, field, o): what is inside an object, by its labels. */
static void print_object(const struct cv_template *t, const char *type, const char *section,
                         const char *field, const struct cv_json *o)
{
    struct cv_template_field f;
    for (size_t i = 0; cv_template_inner(t, type, section, field, i, &f); i++) {
        const struct cv_json *value = cv_json_get(o, f.name);
        if (value != NULL)
            print_value(&f, value, cv_text_label(6, f.label), 8);
    }
}

/* print_field(t, type, id, section, f, value): one of a record's. */
static void print_field(const struct cv_template *t, const char *type, const char *id, const char *section,
                        const struct cv_template_field *f, const struct cv_json *value)
{
    const bool list = cv_json_is(value, CV_JSON_ARRAY);
    const size_t column = cv_text_label(2, f->label);
    if (strcmp(f->type, "object") != 0) {
        print_value(f, value, column, 4);
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
