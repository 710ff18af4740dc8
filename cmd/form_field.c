#include <string.h>

#include "cmd/form.h"
#include "formats/answer.h"
#include "formats/utf8.h"

/* One question after another. */

#define PRESENT_COLUMNS 40 /* of what stands in a field already, in its prompt */
#define CHOICES_SHOWN 12   /* more than these are shown on ? alone */

bool cv_form_sign(struct cv_bytes line, enum cv_way *step)
{
    if (line.n != 1 || strchr("<>!", line.p[0]) == NULL || line.p[0] == '\0')
        return false;
    *step = line.p[0] == '<' ? CV_STEP_BACK : line.p[0] == '>' ? CV_STEP_SECTION : CV_STEP_STOP;
    return true;
}

/* ---- what is shown ---- */

static cv_status put_one(const struct cv_template_field *field, const struct cv_json *value,
                         struct cv_buf *out)
{
    if (field->choices != NULL)
        return cv_choice_label(cv_json_cstr(value) != NULL ? cv_json_cstr(value) : "", out);
    if (cv_json_is(value, CV_JSON_STRING))
        return cv_buf_append(out, cv_json_text(value));
    if (cv_json_is(value, CV_JSON_BOOL))
        return cv_buf_str(out, cv_json_to_bool(value) ? _("yes") : _("no"));
    return cv_json_write(value, out);
}

/* put_value(field, value, out): as a person reads it; several with ; between. */
static cv_status put_value(const struct cv_template_field *field, const struct cv_json *value,
                           struct cv_buf *out)
{
    cv_status st = CV_OK;
    if (!cv_json_is(value, CV_JSON_ARRAY))
        return put_one(field, value, out);
    for (size_t i = 0; i < cv_json_len(value) && st == CV_OK; i++) {
        st = i > 0 ? cv_buf_str(out, "; ") : CV_OK;
        st = CV_THEN(st, put_one(field, cv_json_at(value, i), out));
    }
    return st;
}

/* put_cut(text, out): in one line, cut where it is long; nothing in it looks like a line of our own. */
static cv_status put_cut(struct cv_bytes text, struct cv_buf *out)
{
    const struct cv_bytes part =
        cv_utf8_columns(text) > PRESENT_COLUMNS ? cv_utf8_fitting(text, PRESENT_COLUMNS - 3) : text;
    cv_status st = CV_OK;
    for (size_t i = 0; i < part.n && st == CV_OK; i++)
        st = cv_buf_append(out, part.p[i] < 0x20 ? CV_LIT(" ") : CV_BYTES(part.p + i, 1));
    return CV_THEN(st, part.n < text.n ? cv_buf_str(out, "...") : CV_OK);
}

cv_status cv_form_value(const struct cv_template_field *field, const struct cv_json *value,
                        struct cv_buf *out)
{
    struct cv_buf text = { 0 };
    cv_status st = put_value(field, value, &text);
    st = CV_THEN(st, put_cut(cv_buf_view(&text), out));
    cv_buf_free(&text);
    return st;
}

/* hint(field): how it may be typed, for the prompt; "" where that is plain. */
static const char *hint(const struct cv_template_field *field)
{
    static const struct {
        const char *type, *hint;
    } hints[] = {
        { "date", N_(" (as 28.2.1990 or 28 February 1990)") },
        { "datetime", N_(" (as 2024-05-31T14:00:00Z)") },
        { "boolean", N_(" (yes or no)") },
        { "country", N_(" (its name in English, or two letters)") },
        { "language", N_(" (three letters, as rus, sqi, eng)") },
        { "phone", N_(" (with + and the country's number)") },
        { "integer", N_(" (a number)") },
    };
    if (field->to != NULL)
        return field->multi ? " (parts of names or numbers, ; between; ? lists them)"
                            : " (a part of the name or number; ? lists them)";
    if (strcmp(field->type, "ref") == 0)
        return _(" (the id of a record)");
    if (field->multi && field->choices == NULL)
        return _(" (several with ; between)");
    if (field->multi)
        return _(" (several: numbers with commas between)");
    for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
        if (strcmp(hints[i].type, field->type) == 0)
            return _(hints[i].hint);
    return "";
}

/* prompt(f, field, present, out): "Label (hint) [what stands there]: ", NUL-terminated. */
static cv_status prompt(const struct cv_form *f, const struct cv_template_field *field,
                        const struct cv_json *present, struct cv_buf *out)
{
    const struct cv_json *title = cv_form_ref_title(f, field, present);
    cv_status st = cv_buf_printf(out, "  %s%s%s", _(field->label), field->required ? " *" : "", hint(field));
    if (present != NULL) {
        st = CV_THEN(st, cv_buf_str(out, " ["));
        st = CV_THEN(st, cv_form_value(field, title != NULL ? title : present, out));
        st = CV_THEN(st, cv_buf_str(out, "]"));
    } else if (field->today && f->id == NULL)
        st = CV_THEN(st, cv_buf_str(out, _(" [today]")));
    return CV_THEN(st, cv_buf_append(out, CV_BYTES(": ", 3)));
}

static cv_status show_choices(const struct cv_template_field *field)
{
    struct cv_buf line = { 0 };
    cv_status st = CV_OK;
    for (size_t i = 0; i < cv_json_len(field->choices) && st == CV_OK; i++) {
        cv_buf_truncate(&line, 0);
        st = cv_buf_printf(&line, "%2zu ", i + 1);
        st = CV_THEN(st, cv_choice_label(cv_json_cstr(cv_json_at(field->choices, i)), &line));
        if (st == CV_OK)
            cv_text_print(cv_buf_view(&line), 0, 4);
    }
    cv_buf_free(&line);
    return st;
}

static cv_status explain(struct cv_form *f, const struct cv_template_field *field)
{
    if (field->help != NULL)
        cv_term_say(4, field->help);
    if (field->required)
        cv_term_say(4, "* It is needed if this section says anything.");
    if (field->choices != NULL) {
        cv_term_say(4, "Type a number, or a part of the word.");
        return show_choices(field);
    }
    if (field->to != NULL)
        return cv_form_offer(f, field);
    if (strcmp(field->type, "ref") == 0)
        cv_term_say(4,
                    "In another terminal, `casevault search` and `casevault record list --titles` show ids.");
    else if (field->help == NULL)
        cv_term_say(4, hint(field)[0] != '\0' ? "As it says in brackets; spaces around it do not matter."
                                              : "Any words, in one line.");
    return CV_OK;
}

/* ---- one field with a plain value, or several ---- */

/* put(f, g, field, line, why): what was typed, if it is a value. CV_ERR_FORMAT with ${why}. */
static cv_status put(struct cv_form *f, struct cv_group *g, const struct cv_template_field *field,
                     struct cv_bytes line, const char **why)
{
    struct cv_json *value = NULL;
    struct cv_buf text = { 0 };
    cv_status st = cv_answer_value(field, line, &value, why);
    if (st == CV_OK &&
        !cv_template_takes(f->v->template, f->type, g->section, g->object, field->name, value, why))
        st = CV_ERR_FORMAT;
    st = CV_THEN(st, put_value(field, value, &text));
    if (st == CV_OK && !cv_bytes_equal(cv_buf_view(&text), line)) { /* how it was understood */
        printf("    =");
        cv_text_print(cv_buf_view(&text), 5, 6);
    }
    st = CV_THEN(st, cv_json_set(g->data, field->name, cv_json_ref(value)));
    cv_json_free(value);
    cv_buf_free(&text);
    return st;
}

/* put_named(f, g, field, line, why): the same of records that are named. */
static cv_status put_named(struct cv_form *f, struct cv_group *g, const struct cv_template_field *field,
                           struct cv_bytes line, const char **why)
{
    struct cv_buf ids = { 0 };
    cv_status st = cv_form_refs(f, field, line, &ids, why);
    st = CV_THEN(st, put(f, g, field, cv_buf_view(&ids), why));
    cv_buf_free(&ids);
    return st;
}

static cv_status take_away(struct cv_form *f, struct cv_group *g, const struct cv_template_field *field)
{
    cv_status st = cv_json_get(g->data, field->name) != NULL ? cv_json_del(g->data, field->name) : CV_OK;
    return CV_THEN(st, cv_form_keep(f));
}

static cv_status ask_plain(struct cv_form *f, struct cv_group *g, const struct cv_template_field *field,
                           enum cv_way *step)
{
    struct cv_bytes line;
    cv_status st = CV_OK;
    *step = CV_STEP_ON;
    cv_json_free(f->offered); /* its numbers were for another question */
    f->offered = NULL;
    if (field->choices != NULL && cv_json_len(field->choices) <= CHOICES_SHOWN) {
        cv_term_say(2, field->label);
        st = show_choices(field);
    }
    while (st == CV_OK) {
        struct cv_buf words = { 0 };
        const char *why = NULL;
        st = prompt(f, field, cv_json_get(g->data, field->name), &words);
        st = CV_THEN(st, cv_term_ask(&f->term, (const char *)words.p, &line, &f->ui->err));
        cv_buf_free(&words);
        if (st != CV_OK || line.n == 0 || cv_form_sign(line, step))
            return st;
        if (cv_bytes_equal(line, CV_LIT("?"))) {
            st = explain(f, field);
            continue;
        }
        if (cv_bytes_equal(line, CV_LIT("-")))
            return take_away(f, g, field);
        st = field->to != NULL ? put_named(f, g, field, line, &why) : put(f, g, field, line, &why);
        if (st == CV_OK)
            return cv_form_keep(f);
        if (st != CV_ERR_FORMAT)
            return st;
        cv_term_say(4, why);
        st = CV_OK;
    }
    return st;
}

/* ---- objects: a document, a statement, and what else has parts ---- */

/* show_element(f, g, field, at, element): one line of it. */
static cv_status show_element(const struct cv_form *f, const struct cv_group *g,
                              const struct cv_template_field *field, size_t at, const struct cv_json *element)
{
    struct cv_template_field in;
    struct cv_buf line = { 0 }, text = { 0 };
    cv_status st = CV_OK;
    for (size_t i = 0;
         st == CV_OK && cv_template_inner(f->v->template, f->type, g->section, field->name, i, &in); i++) {
        const struct cv_json *value = cv_json_get(element, in.name);
        cv_buf_truncate(&text, 0);
        st = value != NULL ? put_value(&in, value, &text) : CV_OK;
        if (value == NULL || st != CV_OK)
            continue;
        st = cv_buf_printf(&line, "%s%s: ", line.n > 0 ? "; " : "", _(in.label));
        st = CV_THEN(st, put_cut(cv_buf_view(&text), &line));
    }
    if (st == CV_OK) {
        printf("%5zu.", at + 1);
        cv_text_print(cv_buf_view(&line), 6, 7);
    }
    cv_buf_free(&line);
    cv_buf_free(&text);
    return st;
}

/* ask_element(f, g, field, element, step): its fields. */
static cv_status ask_element(struct cv_form *f, struct cv_group *g, const struct cv_template_field *field,
                             struct cv_json *element, enum cv_way *step)
{
    struct cv_group in = { .section = g->section, .object = field->name, .data = element };
    return cv_form_group(f, &in, false, step);
}

/* add_element(f, g, field, list, step): a new one, at the end of the list; not left there if nothing is in
 * it. */
static cv_status add_element(struct cv_form *f, struct cv_group *g, const struct cv_template_field *field,
                             enum cv_way *step)
{
    struct cv_json *list = cv_json_get(g->data, field->name);
    cv_status st = CV_OK;
    if (list == NULL) {
        st = cv_json_set(g->data, field->name, cv_json_array());
        list = cv_json_get(g->data, field->name);
    }
    st = CV_THEN(st, cv_json_push(list, cv_json_object()));
    struct cv_json *element = cv_json_at(list, cv_json_len(list) - 1);
    st = CV_THEN(st, ask_element(f, g, field, element, step));
    if (cv_json_len(element) == 0) {
        st = CV_THEN(st, cv_json_pop(list));
        if (cv_json_len(list) == 0)
            st = CV_THEN(st, cv_json_del(g->data, field->name));
        st = CV_THEN(st, cv_form_keep(f));
    }
    return st;
}

/* drop_element(f, g, field, at): the others stay in their order. */
static cv_status drop_element(struct cv_form *f, struct cv_group *g, const struct cv_template_field *field,
                              size_t at)
{
    const struct cv_json *list = cv_json_get(g->data, field->name);
    struct cv_json *rest = cv_json_array();
    cv_status st = rest != NULL ? CV_OK : CV_ERR_NOMEM;
    for (size_t i = 0; i < cv_json_len(list) && st == CV_OK; i++)
        if (i != at)
            st = cv_json_push(rest, cv_json_ref(cv_json_at(list, i)));
    if (cv_json_len(rest) == 0)
        st = CV_THEN(st, cv_json_del(g->data, field->name));
    else
        st = CV_THEN(st, cv_json_set(g->data, field->name, cv_json_ref(rest)));
    cv_json_free(rest);
    return CV_THEN(st, cv_form_keep(f));
}

/* element_of(line, list, at): a number of the list. */
static bool element_of(struct cv_bytes line, const struct cv_json *list, size_t *at)
{
    uint64_t n = 0;
    if (!cv_bytes_number(line, &n) || n < 1 || n > cv_json_len(list))
        return false;
    *at = (size_t)n - 1;
    return true;
}

/* ask_list(f, g, field, step): several objects. */
static cv_status ask_list(struct cv_form *f, struct cv_group *g, const struct cv_template_field *field,
                          enum cv_way *step)
{
    cv_status st = CV_OK;
    for (;;) {
        const struct cv_json *list = cv_json_get(g->data, field->name);
        struct cv_bytes line;
        char words[512];
        size_t at = 0;
        for (size_t i = 0; i < cv_json_len(list) && st == CV_OK; i++)
            st = show_element(f, g, field, i, cv_json_at(list, i));
        snprintf(words, sizeof(words), "  %s (%s): ", _(field->label),
                 cv_json_len(list) == 0
                     ? _("none yet; + adds one")
                     : _("+ adds one, a number changes that one, -1 takes the first away"));
        *step = CV_STEP_ON;
        st = CV_THEN(st, cv_term_ask(&f->term, words, &line, &f->ui->err));
        if (st != CV_OK || line.n == 0 || cv_form_sign(line, step))
            return st;
        if (cv_bytes_equal(line, CV_LIT("+")))
            st = add_element(f, g, field, step);
        else if (element_of(line, list, &at)) {
            st = ask_element(f, g, field, cv_json_at(list, at), step);
            if (st == CV_OK && cv_json_len(cv_json_at(cv_json_get(g->data, field->name), at)) == 0)
                st = drop_element(f, g, field, at);
        } else if (line.p[0] == '-' && element_of(CV_BYTES(line.p + 1, line.n - 1), list, &at))
            st = drop_element(f, g, field, at);
        else
            cv_term_say(4, field->help != NULL ? field->help : "Type + to add one; Enter goes on.");
        if (st != CV_OK || *step == CV_STEP_STOP || *step == CV_STEP_SECTION)
            return st;
    }
}

/* ask_object(f, g, field, step): one object. */
static cv_status ask_object(struct cv_form *f, struct cv_group *g, const struct cv_template_field *field,
                            enum cv_way *step)
{
    cv_status st = CV_OK;
    if (cv_json_get(g->data, field->name) == NULL)
        st = cv_json_set(g->data, field->name, cv_json_object());
    cv_term_say(2, field->label);
    st = CV_THEN(st, ask_element(f, g, field, cv_json_get(g->data, field->name), step));
    if (cv_json_len(cv_json_get(g->data, field->name)) == 0)
        st = CV_THEN(st, cv_json_del(g->data, field->name));
    return st;
}

/* ---- groups ---- */

static bool field_at(const struct cv_form *f, const struct cv_group *g, size_t i,
                     struct cv_template_field *out)
{
    return g->object == NULL ? cv_template_field(f->v->template, f->type, g->section, i, out)
                             : cv_template_inner(f->v->template, f->type, g->section, g->object, i, out);
}

bool cv_form_elsewhere(const struct cv_form *f, const struct cv_group *g,
                       const struct cv_template_field *field)
{
    struct cv_template_field files;
    if (field->multi && strcmp(field->type, "text") == 0)
        return true; /* several long texts: only what came from a partner has them */
    return g->object == NULL && cv_template_documents(f->v->template, f->type, g->section, &files) &&
           strcmp(files.name, field->name) == 0;
}

static cv_status ask(struct cv_form *f, struct cv_group *g, const struct cv_template_field *field,
                     enum cv_way *step)
{
    if (strcmp(field->type, "object") == 0)
        return field->multi ? ask_list(f, g, field, step) : ask_object(f, g, field, step);
    return strcmp(field->type, "text") == 0 ? cv_form_text(f, g, field, step) : ask_plain(f, g, field, step);
}

cv_status cv_form_group(struct cv_form *f, struct cv_group *g, bool last, enum cv_way *step)
{
    struct cv_template_field field;
    size_t i = 0;
    while (last && field_at(f, g, i + 1, &field))
        i++;
    *step = last ? CV_STEP_BACK : CV_STEP_ON;
    while (field_at(f, g, i, &field)) {
        if (!cv_form_elsewhere(f, g, &field)) {
            cv_status st = ask(f, g, &field, step);
            if (st != CV_OK || *step == CV_STEP_SECTION || *step == CV_STEP_STOP)
                return st;
        }
        if (*step == CV_STEP_BACK && i == 0)
            return CV_OK;
        i = *step == CV_STEP_BACK ? i - 1 : i + 1;
    }
    *step = CV_STEP_ON;
    return CV_OK;
}
