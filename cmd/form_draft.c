#include <string.h>
#include <time.h>

#include "cmd/form.h"
#include "vault/draft.h"

/* What was typed and is not stored yet: kept after each answer, and laid over what the record says by then.
 */

static const char *draft_name(const struct cv_form *f)
{
    return f->id != NULL ? f->id : f->type;
}

/* as_were(f, sections): what stood in these before anything was typed. */
static struct cv_json *as_were(const struct cv_form *f, const struct cv_json *sections)
{
    struct cv_json *out = cv_json_object();
    cv_status st = out != NULL ? CV_OK : CV_ERR_NOMEM;
    for (void *it = cv_json_first(sections); it != NULL && st == CV_OK; it = cv_json_next(sections, it)) {
        struct cv_json *was = cv_json_get(f->before, cv_json_iter_name(it));
        if (was != NULL)
            st = cv_json_set(out, cv_json_iter_name(it), cv_json_ref(was));
    }
    if (st == CV_OK)
        return out;
    cv_json_free(out);
    return NULL;
}

cv_status cv_form_keep(struct cv_form *f)
{
    struct cv_json *o = cv_json_object(), *sections = NULL;
    struct cv_err why = { 0 };
    cv_status st = cv_form_changed(f, &sections);
    st = CV_THEN(st, cv_json_set(o, "kept", cv_json_int((int64_t)time(NULL))));
    st = CV_THEN(st, cv_json_set(o, "version", cv_json_int((int64_t)f->version)));
    st = CV_THEN(st, cv_json_set(o, "before", as_were(f, sections)));
    st = CV_THEN(st, cv_json_set(o, "sections", cv_json_ref(sections)));
    if (st == CV_OK && (f->kept = cv_draft_keep(f->v, draft_name(f), o, &why) == CV_OK) == false) {
        /* What was typed is in this form still, and can be stored. */
        cv_term_say(4, "This is not kept for later, should the form end before it is stored:");
        cv_term_say(4, why.msg);
    }
    cv_json_free(sections);
    cv_json_free(o);
    return st;
}

cv_status cv_form_drafted(const struct cv_form *f, bool *out)
{
    struct cv_json *draft = NULL;
    cv_status st = cv_draft_find(f->v, draft_name(f), &draft, &f->ui->err);
    cv_json_free(draft);
    *out = st == CV_OK;
    return st == CV_ERR_NOTFOUND || st == CV_ERR_AUTH || st == CV_ERR_FORMAT ? CV_OK : st;
}

const char *cv_form_unstored(const struct cv_form *f)
{
    return !f->kept ? "what you typed could not be kept"
           : f->id != NULL
               ? "what you typed is kept, sealed for you alone; the form (record edit ID) lays it over what "
                 "the record says now"
               : "what you typed is kept, sealed for you alone; the form (record add TYPE) goes on with it";
}

void cv_form_done(struct cv_form *f)
{
    struct cv_err why = { 0 };
    if (cv_draft_forget(f->v, draft_name(f), &why) != CV_OK)
        cv_ui_say(f->ui, "The draft of it could not be removed (%s); say no when it is offered.", why.msg);
}

/* ---- taking it up again ---- */

static bool same(const struct cv_json *a, const struct cv_json *b)
{
    return a == b || (a != NULL && b != NULL && cv_json_equal(a, b));
}

/* name_both(f, section, field, typed, now): a field that somebody else changed as well. */
static cv_status name_both(const struct cv_form *f, const char *section,
                           const struct cv_template_field *field, const struct cv_json *typed,
                           const struct cv_json *now)
{
    struct cv_buf text = { 0 };
    cv_status st = cv_buf_printf(
        &text, "%s, %s: ", _(cv_template_label(f->v->template, f->type, section, NULL)), _(field->label));
    st = CV_THEN(st, typed != NULL ? cv_form_value(field, typed, &text) : cv_buf_str(&text, _("nothing")));
    st = CV_THEN(st, cv_buf_str(&text, _(" (the record says: ")));
    st = CV_THEN(st, now != NULL ? cv_form_value(field, now, &text) : cv_buf_str(&text, _("nothing")));
    st = CV_THEN(st, cv_buf_str(&text, ")"));
    if (st == CV_OK) {
        fputs("   ", stdout);
        cv_text_print(cv_buf_view(&text), 3, 6);
    }
    cv_buf_free(&text);
    return st;
}

/* lay(f, section, typed, was, both): the fields that were changed from ${was}, over what stands there now;
 * ${both} counts those that are not there as they were either. */
static cv_status lay(struct cv_form *f, const char *section, const struct cv_json *typed,
                     const struct cv_json *was, size_t *both)
{
    struct cv_template_field field;
    cv_status st =
        cv_json_get(f->record, section) != NULL ? CV_OK : cv_json_set(f->record, section, cv_json_object());
    struct cv_json *now = cv_json_get(f->record, section);
    for (size_t i = 0; st == CV_OK && cv_template_field(f->v->template, f->type, section, i, &field); i++) {
        const struct cv_json *mine = cv_json_get(typed, field.name), *old = cv_json_get(was, field.name),
                             *theirs = cv_json_get(now, field.name);
        if (same(mine, old) || same(mine, theirs))
            continue;
        if (!same(old, theirs)) {
            if (++*both == 1)
                cv_term_say(0, "These you both changed. What you typed is what will be stored:");
            st = name_both(f, section, &field, mine, theirs);
        }
        if (mine != NULL)
            st = CV_THEN(st, cv_json_set(now, field.name, cv_json_copy(mine)));
        else
            st = CV_THEN(st, cv_json_del(now, field.name));
    }
    return st;
}

/* take_over(f, draft): its sections, as far as this form asks for them. */
static cv_status take_over(struct cv_form *f, const struct cv_json *draft)
{
    const struct cv_json *sections = cv_json_get(draft, "sections");
    const bool over = (uint64_t)cv_json_get_int(draft, "version") != f->version;
    const struct cv_json *before = over ? cv_json_get(draft, "before") : f->before;
    const char *section;
    size_t both = 0;
    cv_status st = CV_OK;
    f->kept = true;
    for (size_t i = 0;
         (section = cv_template_type_section(f->v->template, f->type, i)) != NULL && st == CV_OK; i++) {
        const struct cv_json *typed = cv_json_get(sections, section);
        if (typed != NULL && cv_form_asked(f, section))
            st = lay(f, section, typed, cv_json_get(before, section), &both);
    }
    if (st == CV_OK && over && both == 0)
        cv_term_say(0, "They changed nothing that you had changed: both will stand.");
    return st;
}

/* yes(f, question, out): asked until it is clear; the end of the input is no. */
static cv_status yes(struct cv_form *f, const char *question, bool *out)
{
    struct cv_bytes line;
    for (;;) {
        cv_status st = cv_term_ask(&f->term, question, &line, &f->ui->err);
        if (st != CV_OK)
            return st;
        if (cv_locale_answer(line, out))
            return CV_OK;
        cv_term_say(4, "Type yes or no.");
    }
}

/* tell(f, draft): from when it is, and what became of the record since. */
static void tell(const struct cv_form *f, const struct cv_json *draft)
{
    const time_t kept = (time_t)cv_json_get_int(draft, "kept");
    char when[32] = "", shown[CV_MOMENT_BYTES], text[320];
    struct tm tm;
    if (localtime_r(&kept, &tm) != NULL)
        strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &tm);
    snprintf(text, sizeof(text), _("You began this on %s and have not stored it."),
             cv_locale_moment(when, shown));
    cv_term_say(0, text);
    if ((uint64_t)cv_json_get_int(draft, "version") == f->version)
        return;
    snprintf(
        text, sizeof(text),
        _("The record has got a new version since then (%llu, by %s on %s). What you typed goes over what "
          "it says now, field by field."),
        (unsigned long long)f->version, f->by, f->day);
    cv_term_say(0, text);
}

cv_status cv_form_resume(struct cv_form *f, bool *wanted)
{
    struct cv_json *draft = NULL;
    *wanted = false;
    cv_status st = cv_draft_find(f->v, draft_name(f), &draft, &f->ui->err);
    if (st == CV_ERR_NOTFOUND)
        return CV_OK;
    if (st == CV_ERR_AUTH || st == CV_ERR_FORMAT) {
        cv_term_say(0, "A draft was kept, but it is damaged and cannot be opened. This form begins anew.");
        return CV_OK;
    }
    if (st != CV_OK)
        return st;
    tell(f, draft);
    st = yes(f, N_("Go on with it? (no throws it away) "), wanted);
    if (st == CV_OK && *wanted)
        st = take_over(f, draft);
    else if (st == CV_OK)
        cv_form_done(f);
    cv_json_free(draft);
    return st;
}
