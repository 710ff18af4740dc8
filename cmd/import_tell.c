#include <inttypes.h>

#include "cmd/fields.h"
#include "cmd/import.h"

/* What an import shows of rows. */

cv_status cv_import_refused(struct cv_ui *ui, FILE *to, uint64_t line, const char *column, const char *why)
{
    cv_status st = CV_OK;
    if (ui->json) {
        struct cv_json *o = cv_json_object();
        st = cv_json_set(o, "line", cv_json_int((int64_t)line));
        if (column != NULL)
            st = CV_THEN(st, cv_json_set(o, "column", cv_json_str(column)));
        st = CV_THEN(st, cv_json_set(o, "refused", cv_json_str(why)));
        st = CV_THEN(st, cv_ui_answer(ui, o));
        cv_json_free(o);
        return st;
    }
    cv_print_to(to, "line %" PRIu64, line);
    fputs(column != NULL ? ", " : "", to);
    cv_ui_put_text(to, cv_bytes_str(column));
    fputs(": ", to);
    cv_ui_put_text(to, cv_bytes_str(why));
    fputc('\n', to);
    return st;
}

static void print_record(const struct cv_template *t, uint64_t line, const struct cv_json *record)
{
    const char *type = cv_json_get_str(record, "type"), *id = cv_json_get_str(record, "id"), *section;
    cv_print("line %" PRIu64 ": %s\n", line, _(cv_template_label(t, type, NULL, NULL)));
    for (size_t k = 0; (section = cv_template_type_section(t, type, k)) != NULL; k++) {
        if (cv_json_len(cv_json_get(record, section)) == 0)
            continue;
        printf(" %s\n", _(cv_template_label(t, type, section, NULL)));
        cv_fields_print(t, type, id != NULL ? id : "", section, cv_json_get(record, section));
    }
    putchar('\n');
}

cv_status cv_import_preview(struct cv_ui *ui, const struct cv_template *t, uint64_t line,
                            struct cv_json *record)
{
    if (ui->json)
        return cv_ui_answer(ui, record);
    print_record(t, line, record);
    return CV_OK;
}
