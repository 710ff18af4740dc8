#include "cmd/editor.h"

#include <stdlib.h>
#include <string.h>

/* ---- before ---- */

static const char *program(void)
{
    const char *visual = getenv("VISUAL"), *editor = getenv("EDITOR");
    return visual != NULL && visual[0] != '\0' ? visual : editor != NULL && editor[0] != '\0' ? editor : NULL;
}

static void warn(const char *name)
{
    char text[256];
    snprintf(text, sizeof(text), _("WARNING: this gives the text to another program, %.100s."), name);
    cv_term_say(0, text);
    cv_term_say(0,
                "While it runs, other programs of yours on this computer can see the text; the editor's own "
                "memory may be written to the swap area; and what you copy to a clipboard stays there. On "
                "the disk nothing is left: it runs in a place in memory alone, without the network and "
                "without your settings, and all of that goes when it ends. The form, without --editor, "
                "does none of this.");
}

cv_status cv_editor_open(struct cv_ui *ui, struct cv_editor *out)
{
    *out = (struct cv_editor){ .ui = ui, .program = program(), .room = { .channel = { .fd = -1 } } };
    if (!cv_term_there())
        return cv_fail(&ui->err, CV_ERR_ARG,
                       "--editor needs a terminal; scripts give a FILE, or - for standard input");
    if (out->program == NULL)
        return cv_fail(&ui->err, CV_ERR_ARG,
                       "--editor does not know which: set VISUAL or EDITOR, as in: export EDITOR=nano");
    cv_status st = cv_room_open(&out->room, &ui->err);
    if (st == CV_OK)
        warn(out->program);
    return CV_THEN(st, cv_ui_confirm(ui, "Go on? Type yes", "yes"));
}

void cv_editor_close(struct cv_editor *e)
{
    if (e->ui != NULL) /* it was opened, or tried to be */
        cv_room_close(&e->room);
}

/* ---- the text ---- */

/* nothing(field): what stands for a field that says nothing; it is taken away again. */
static struct cv_json *nothing(const struct cv_template_field *field)
{
    return field->multi                         ? cv_json_array()
           : strcmp(field->type, "object") == 0 ? cv_json_object()
                                                : cv_json_str("");
}

/* put_section(f, section, out): with all of its fields, so that nobody needs to know their names. */
static cv_status put_section(const struct cv_form *f, const char *section, struct cv_json *out)
{
    const struct cv_json *data = cv_json_get(f->record, section);
    const struct cv_group g = { .section = section };
    struct cv_json *o = cv_json_object();
    struct cv_template_field field;
    cv_status st = o != NULL ? CV_OK : CV_ERR_NOMEM;
    for (size_t i = 0; st == CV_OK && cv_template_field(f->v->template, f->type, section, i, &field); i++) {
        const struct cv_json *value = cv_json_get(data, field.name);
        if (value != NULL)
            st = cv_json_set(o, field.name, cv_json_copy(value));
        else if (!cv_form_elsewhere(f, &g, &field))
            st = cv_json_set(o, field.name, nothing(&field));
    }
    st = CV_THEN(st, cv_json_set(out, section, cv_json_ref(o)));
    cv_json_free(o);
    return st;
}

/* write_text(f, out): the sections that the form would ask for. */
static cv_status write_text(const struct cv_form *f, struct cv_buf *out)
{
    struct cv_json *o = cv_json_object();
    const char *section;
    bool any = false;
    cv_status st = cv_json_set(o, "type", cv_json_str(f->type));
    for (size_t i = 0;
         st == CV_OK && (section = cv_template_type_section(f->v->template, f->type, i)) != NULL; i++)
        if (cv_form_asked(f, section)) {
            st = put_section(f, section, o);
            any = true;
        }
    if (st == CV_OK && !any)
        st = cv_fail(&f->ui->err, CV_ERR_DENIED, "no section of this %s is yours to write",
                     cv_template_label(f->v->template, f->type, NULL, NULL));
    st = CV_THEN(st, cv_json_write_pretty(o, out));
    cv_json_free(o);
    return st;
}

/* said(section): without the fields that say nothing; NULL if there is no memory. */
static struct cv_json *said(const struct cv_json *section)
{
    struct cv_json *out = cv_json_object();
    cv_status st = out != NULL ? CV_OK : CV_ERR_NOMEM;
    for (void *it = cv_json_first(section); it != NULL && st == CV_OK; it = cv_json_next(section, it)) {
        struct cv_json *value = cv_json_iter_value(it);
        const bool holds = cv_json_is(value, CV_JSON_STRING) || cv_json_is(value, CV_JSON_ARRAY) ||
                           cv_json_is(value, CV_JSON_OBJECT);
        if (!holds || cv_json_len(value) > 0)
            st = cv_json_set(out, cv_json_iter_name(it), cv_json_ref(value));
    }
    if (st == CV_OK)
        return out;
    cv_json_free(out);
    return NULL;
}

/* read_text(f, text, out, why): the record that it is. */
static cv_status read_text(const struct cv_form *f, struct cv_bytes text, struct cv_json **out,
                           struct cv_err *why)
{
    struct cv_json *o = NULL;
    cv_status st = cv_json_parse(text, CV_RECORD_MAX_BYTES, "the text", &o, why);
    *out = cv_json_object();
    st = CV_THEN(st, cv_json_set(*out, "type", cv_json_str(f->type)));
    if (st == CV_OK && !cv_json_is(o, CV_JSON_OBJECT))
        st = cv_fail(why, CV_ERR_FORMAT, "the text: not an object in braces");
    for (void *it = cv_json_first(o); it != NULL && st == CV_OK; it = cv_json_next(o, it)) {
        const char *name = cv_json_iter_name(it);
        const struct cv_json *value = cv_json_iter_value(it);
        if (strcmp(name, "type") == 0 && cv_bytes_equal(cv_json_text(value), cv_bytes_str(f->type)))
            continue;
        if (!cv_json_is(value, CV_JSON_OBJECT))
            st = cv_fail(why, CV_ERR_FORMAT, "%.40s: cannot stand there; a %s has sections alone", name,
                         f->type);
        st = CV_THEN(st, cv_json_set(*out, name, said(value)));
    }
    cv_json_free(o);
    return st;
}

/* take(f, text, why): into the record, if it can be stored so. CV_ERR_FORMAT and CV_ERR_LIMIT with ${why}. */
static cv_status take(struct cv_form *f, struct cv_bytes text, struct cv_err *why)
{
    struct cv_json *was = f->record, *now = NULL;
    cv_status st = read_text(f, text, &now, why);
    f->record = now;
    st = CV_THEN(st, cv_form_whole(f, why));
    if (st == CV_ERR_DENIED) /* it is refused, and logged, where it is stored */
        st = CV_OK;
    f->record = st == CV_OK ? now : was;
    cv_json_free(st == CV_OK ? was : now);
    return st;
}

/* ---- at the terminal ---- */

/* once_more(e, why): what is wrong with the text was told: is it to be mended? The end of the input is no. */
static cv_status once_more(struct cv_editor *e, const struct cv_err *why)
{
    struct cv_term term = { 0 };
    struct cv_bytes line;
    cv_status st = cv_term_open(&term, &e->ui->err);
    cv_term_say(0, "This cannot be stored yet:");
    cv_term_say(4, why->msg);
    while (st == CV_OK) {
        st = cv_term_ask(&term, "edit opens the editor again; forget throws the text away: ", &line,
                         &e->ui->err);
        if (st == CV_ERR_NOTFOUND || (st == CV_OK && cv_bytes_equal(line, CV_LIT("forget"))))
            st = cv_fail(
                &e->ui->err, CV_ERR_EXISTS,
                "nothing was stored, and what you wrote was thrown away; the same command begins anew");
        else if (st == CV_OK && cv_bytes_equal(line, CV_LIT("edit")))
            break;
    }
    cv_term_close(&term);
    return st;
}

/* write_until(e, f, text): ${text} is what the editor gets; then what it made of it. */
static cv_status write_until(struct cv_editor *e, struct cv_form *f, struct cv_buf *text)
{
    for (bool first = true;; first = false) {
        struct cv_buf made = { .max = CV_RECORD_MAX_BYTES };
        struct cv_err why = { 0 };
        cv_status st = cv_room_edit(&e->room, e->program, cv_buf_view(text), &made, &e->ui->err);
        const bool same = st == CV_OK && first && cv_bytes_equal(cv_buf_view(&made), cv_buf_view(text));
        cv_buf_free(text);
        *text = made;
        if (st != CV_OK || same)
            return st;
        st = take(f, cv_buf_view(text), &why);
        if (st != CV_ERR_FORMAT && st != CV_ERR_LIMIT)
            return cv_err_note(&e->ui->err, st, "the text");
        st = once_more(e, &why);
        if (st != CV_OK)
            return st;
    }
}

cv_status cv_editor_fill(struct cv_editor *e, struct cv_form *f)
{
    struct cv_buf text = { 0 };
    bool drafted = false;
    cv_status st = cv_form_drafted(f, &drafted);
    if (st == CV_OK && drafted)
        st = cv_fail(
            &e->ui->err, CV_ERR_EXISTS,
            "something is kept that you typed in the form for this and did not store: finish it there, "
            "or throw it away, with the same command without --editor");
    st = CV_THEN(st, write_text(f, &text));
    st = CV_THEN(st, write_until(e, f, &text));
    cv_buf_free(&text);
    return st;
}
