#include <string.h>

#include "cmd/fields.h"
#include "cmd/form.h"
#include "formats/date.h"
#include "vault/record.h"

/* The end of a form: what will be stored, who will be able to read it, and whether it is to be. */

/* changes(f, out): {"type", and the sections that are changed}, which is what an edit stores. */
static cv_status changes(const struct cv_form *f, struct cv_json **out)
{
    cv_status st = cv_form_changed(f, out);
    return CV_THEN(st, cv_json_set(*out, "type", cv_json_str(f->type)));
}

cv_status cv_form_whole(const struct cv_form *f, struct cv_err *why)
{
    const struct cv_import how = { NULL, false };
    struct cv_json *record = NULL;
    cv_status st = f->id == NULL ? cv_form_said(f, &record) : changes(f, &record);
    if (st == CV_OK && f->id == NULL)
        st = cv_record_check(f->v, record, &how, why);
    else if (st == CV_OK && cv_json_len(record) > 1) /* else nothing is stored */
        st = cv_template_check(f->v->template, record, why);
    cv_json_free(record);
    return st;
}

/* lacking(f): what is required and not there, by its labels; false if it is something else that is wrong. */
static bool lacking(const struct cv_form *f)
{
    const struct cv_template *t = f->v->template;
    const char *section;
    bool any = false;
    for (size_t i = 0; (section = cv_template_type_section(t, f->type, i)) != NULL; i++) {
        const struct cv_json *data = cv_json_get(f->record, section);
        struct cv_template_field field;
        for (size_t j = 0; cv_json_len(data) > 0 && cv_template_field(t, f->type, section, j, &field); j++) {
            if (!field.required || cv_json_get(data, field.name) != NULL)
                continue;
            printf("    %s: %s\n", _(cv_template_label(t, f->type, section, NULL)), _(field.label));
            any = true;
        }
    }
    return any;
}

static cv_status show_section(const struct cv_form *f, size_t number, const char *section)
{
    const struct cv_json *data = cv_json_get(f->record, section);
    struct cv_buf text = { 0 };
    cv_status st = cv_buf_printf(
        &text, cv_json_len(data) > 0 ? _("%zu %s, sealed to: ") : _("%zu %s (empty), sealed to: "), number,
        _(cv_template_label(f->v->template, f->type, section, NULL)));
    st = CV_THEN(st, cv_form_readers(f, section, &text));
    if (st == CV_OK) {
        cv_text_print(cv_buf_view(&text), 0, 0);
        cv_fields_print(f->v->template, f->type, f->id != NULL ? f->id : _("new"), section, data);
    }
    cv_buf_free(&text);
    return st;
}

/* show(f): all sections that the form asks for, by number. */
static cv_status show(const struct cv_form *f)
{
    const char *section;
    size_t number = 0;
    cv_status st = CV_OK;
    fputc('\n', stdout);
    cv_term_say(0, f->id == NULL ? "Review: this will be stored. Behind each section stand the roles that "
                                   "can open it, and how many "
                                   "people have them."
                                 : "This is the record, as far as you read and write it. Behind each "
                                   "section stand the roles that "
                                   "can open it, and how many people have them.");
    for (size_t i = 0;
         (section = cv_template_type_section(f->v->template, f->type, i)) != NULL && st == CV_OK; i++)
        if (cv_form_asked(f, section))
            st = show_section(f, ++number, section);
    return st;
}

cv_status cv_form_review(struct cv_form *f, enum cv_way *step, size_t *section)
{
    char today[CV_DATE_BYTES];
    cv_date_today(0, today);
    /* What is filled by itself is shown as well. */
    cv_status st = f->id == NULL ? cv_template_default(f->v->template, f->record, today, &f->ui->err) : CV_OK;
    st = CV_THEN(st, show(f));
    while (st == CV_OK) {
        struct cv_err why = { 0 };
        struct cv_bytes line;
        uint64_t number = 0;
        const cv_status can = cv_form_whole(f, &why);
        if (can != CV_OK && can != CV_ERR_FORMAT && can != CV_ERR_DENIED)
            return cv_err_note(&f->ui->err, can, "the form");
        fputc('\n', stdout);
        if (can != CV_OK)
            cv_term_say(0, "It cannot be stored yet. What is missing or wrong:");
        if (can != CV_OK && !lacking(f))
            cv_term_say(4, why.msg);
        st =
            cv_term_ask(&f->term,
                        can == CV_OK ? "yes stores it; a number changes that section; ! keeps it for later;\n"
                                       "forget throws away what you typed: "
                                     : "A number changes that section; ! keeps it for later;\n"
                                       "forget throws away what you typed: ",
                        &line, &f->ui->err);
        if (st != CV_OK)
            return st;
        *step = cv_bytes_equal(line, CV_LIT("!"))     ? CV_STEP_STOP
                : cv_bytes_equal(line, CV_LIT("yes")) ? CV_STEP_ON
                                                      : CV_STEP_BACK;
        if (*step == CV_STEP_STOP || (*step == CV_STEP_ON && can == CV_OK) ||
            cv_bytes_equal(line, CV_LIT("forget")))
            return CV_OK;
        const char *name = NULL;
        size_t at = 0;
        for (size_t i = 0; cv_bytes_number(line, &number) &&
                           (name = cv_template_type_section(f->v->template, f->type, i)) != NULL;
             i++)
            if (cv_form_asked(f, name) && ++at == number) {
                *section = at - 1;
                *step = CV_STEP_SECTION;
                return CV_OK;
            }
        cv_term_say(4, "Type one of these words, or the number of a section, and Enter.");
    }
    return st;
}
