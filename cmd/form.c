#include "cmd/form.h"

#include <string.h>
#include <time.h>

#include "formats/utf8.h"
#include "vault/draft.h"

/* The way through a form: from section to section, back, and to the review. */

bool cv_form_asked(const struct cv_form *f, const char *section)
{
    const bool mine = f->id == NULL
                          ? cv_vault_may_create(f->v, section)
                          : cv_json_get(f->record, section) != NULL && cv_vault_may_edit(f->v, section);
    return mine && !cv_template_coded(f->v->template, f->type, section);
}

/* ---- the draft ---- */

static const char *draft_name(const struct cv_form *f)
{
    return f->id != NULL ? f->id : f->type;
}

cv_status cv_form_changed(const struct cv_form *f, struct cv_json **out)
{
    *out = cv_json_object();
    cv_status st = *out != NULL ? CV_OK : CV_ERR_NOMEM;
    for (void *it = cv_json_first(f->record); it != NULL && st == CV_OK; it = cv_json_next(f->record, it)) {
        const char *name = cv_json_iter_name(it);
        const struct cv_json *before = cv_json_get(f->before, name), *now = cv_json_iter_value(it);
        if (cv_json_is(now, CV_JSON_OBJECT) &&
            (before != NULL ? !cv_json_equal(before, now) : cv_json_len(now) > 0))
            st = cv_json_set(*out, name, cv_json_copy(now));
    }
    return st;
}

cv_status cv_form_said(const struct cv_form *f, struct cv_json **out)
{
    *out = cv_json_object();
    cv_status st = *out != NULL ? CV_OK : CV_ERR_NOMEM;
    for (void *it = cv_json_first(f->record); it != NULL && st == CV_OK; it = cv_json_next(f->record, it)) {
        const struct cv_json *value = cv_json_iter_value(it);
        if (!cv_json_is(value, CV_JSON_OBJECT) || cv_json_len(value) > 0)
            st = cv_json_set(*out, cv_json_iter_name(it), cv_json_copy(value));
    }
    return st;
}

cv_status cv_form_keep(struct cv_form *f)
{
    struct cv_json *o = cv_json_object(), *sections = NULL;
    struct cv_err why = { 0 };
    cv_status st = cv_form_changed(f, &sections);
    st = CV_THEN(st, cv_json_set(o, "kept", cv_json_int((int64_t)time(NULL))));
    st = CV_THEN(st, cv_json_set(o, "version", cv_json_int((int64_t)f->base)));
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

void cv_form_done(struct cv_form *f)
{
    struct cv_err why = { 0 };
    if (cv_draft_forget(f->v, draft_name(f), &why) != CV_OK)
        cv_ui_say(f->ui, "The draft of it could not be removed (%s); say no when it is offered.", why.msg);
}

/* take_over(f, draft): its sections, as far as this form asks for them. */
static cv_status take_over(struct cv_form *f, const struct cv_json *draft)
{
    const struct cv_json *sections = cv_json_get(draft, "sections");
    const char *section;
    cv_status st = CV_OK;
    f->kept = true;
    f->base =
        (uint64_t)cv_json_get_int(draft, "version"); /* what they were typed over, until they are stored */
    for (size_t i = 0;
         (section = cv_template_type_section(f->v->template, f->type, i)) != NULL && st == CV_OK; i++) {
        const struct cv_json *data = cv_json_get(sections, section);
        if (data != NULL && cv_form_asked(f, section))
            st = cv_json_set(f->record, section, cv_json_copy(data));
    }
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

/* resume(f, wanted): go on with what was typed before, if there is something and it is wanted. */
static cv_status resume(struct cv_form *f, bool *wanted)
{
    struct cv_json *draft = NULL;
    char when[32] = "", shown[CV_MOMENT_BYTES], text[256];
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
    const time_t kept = (time_t)cv_json_get_int(draft, "kept");
    struct tm tm;
    if (localtime_r(&kept, &tm) != NULL)
        strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &tm);
    snprintf(text, sizeof(text), _("You began this on %s and have not stored it."),
             cv_locale_moment(when, shown));
    cv_term_say(0, text);
    if ((uint64_t)cv_json_get_int(draft, "version") != f->version)
        cv_term_say(
            0, "The record has got a new version since then. Compare before you store: the sections you had "
               "changed would replace those of now.");
    st = yes(f, N_("Go on with it? (no throws it away) "), wanted);
    if (st == CV_OK && *wanted)
        st = take_over(f, draft);
    else if (st == CV_OK)
        cv_form_done(f);
    cv_json_free(draft);
    return st;
}

/* ---- from section to section ---- */

/* nth(f, n): the n-th section that is asked for, from 0; NULL past the last. */
static const char *nth(const struct cv_form *f, size_t n)
{
    const char *section;
    for (size_t i = 0; (section = cv_template_type_section(f->v->template, f->type, i)) != NULL; i++)
        if (cv_form_asked(f, section) && n-- == 0)
            return section;
    return NULL;
}

static size_t count(const struct cv_form *f)
{
    size_t n = 0;
    while (nth(f, n) != NULL)
        n++;
    return n;
}

cv_status cv_form_readers(const struct cv_form *f, const char *section, struct cv_buf *out)
{
    const struct cv_policy *p = cv_vault_policy(f->v);
    const struct cv_policy_section *s = cv_policy_section(p, section);
    const size_t start = out->n;
    struct cv_json *roles = s != NULL ? cv_policy_role_names(p, s->readers) : NULL;
    cv_status st = roles != NULL ? CV_OK : CV_ERR_NOMEM;
    for (size_t i = 0; i < cv_json_len(roles) && st == CV_OK; i++) {
        const char *role = cv_json_cstr(cv_json_at(roles, i));
        if (strcmp(role, CV_ROLE_RECOVERY) == 0)
            continue; /* held by nobody */
        st = cv_buf_printf(out, "%s%s (%u)", out->n > start ? ", " : "", role,
                           cv_policy_holders(p, cv_policy_role_bit(p, role)));
    }
    cv_json_free(roles);
    return st;
}

/* title(f, n): which section comes, and who will read it. */
static cv_status title(const struct cv_form *f, size_t n)
{
    struct cv_buf text = { 0 };
    const char *section = nth(f, n);
    cv_status st =
        cv_buf_printf(&text, _("%s (%zu of %zu). Read by: "),
                      _(cv_template_label(f->v->template, f->type, section, NULL)), n + 1, count(f));
    st = CV_THEN(st, cv_form_readers(f, section, &text));
    if (st == CV_OK) {
        fputc('\n', stdout);
        cv_text_print(cv_buf_view(&text), 0, 0);
    }
    cv_buf_free(&text);
    return st;
}

static cv_status ask_section(struct cv_form *f, size_t n, bool last, enum cv_step *step)
{
    const char *section = nth(f, n);
    cv_status st = title(f, n);
    if (st == CV_OK && cv_json_get(f->record, section) == NULL)
        st = cv_json_set(f->record, section, cv_json_object());
    struct cv_group g = { .section = section, .data = cv_json_get(f->record, section) };
    return CV_THEN(st, cv_form_group(f, &g, last, step));
}

/* left(f, step): said how it ended without storing anything. Another terminal may have taken the draft away:
 * so it is kept once more. */
static cv_status left(struct cv_form *f, enum cv_step step)
{
    if (step != CV_STEP_STOP) {
        cv_form_done(f);
        return cv_fail(&f->ui->err, CV_ERR_EXISTS, "nothing was stored, and what you typed was thrown away");
    }
    struct cv_json *typed = NULL;
    cv_status st = cv_form_changed(f, &typed);
    const bool nothing = cv_json_len(typed) == 0;
    cv_json_free(typed);
    if (st == CV_OK && nothing) {
        if (f->kept) /* else a draft that is there is another terminal's */
            cv_form_done(f);
        return cv_fail(&f->ui->err, CV_ERR_EXISTS, "nothing was typed, and nothing was stored");
    }
    st = CV_THEN(st, cv_form_keep(f));
    return st != CV_OK ? st
           : f->kept
               ? cv_fail(&f->ui->err, CV_ERR_EXISTS,
                         "nothing was stored; what you typed is kept, sealed for you alone, and the same "
                         "command goes on "
                         "with it")
               : cv_fail(&f->ui->err, CV_ERR_IO, "nothing was stored, and what you typed could not be kept");
}

/* walk(f, reviewed, step): CV_STEP_ON: it is to be stored. Where something is there already (${reviewed}) the
 * review comes first; and it comes again after each section that was chosen in it. */
static cv_status walk(struct cv_form *f, bool reviewed, enum cv_step *step)
{
    const size_t sections = count(f);
    size_t n = reviewed ? sections : 0;
    bool last = false;
    cv_status st = CV_OK;
    while (st == CV_OK) {
        if (n == sections) {
            st = cv_form_review(f, step, &n);
            last = false;
            reviewed = true;
            if (st != CV_OK || *step != CV_STEP_SECTION)
                return st;
            continue;
        }
        st = ask_section(f, n, last, step);
        if (st != CV_OK || *step == CV_STEP_STOP)
            return st;
        last = *step == CV_STEP_BACK;
        if (!last)
            n = reviewed ? sections : n + 1;
        else if (n > 0)
            n--;
        else {
            last = false;
            cv_term_say(4, "This is the beginning.");
        }
    }
    return st;
}

cv_status cv_form_fill(struct cv_form *f)
{
    enum cv_step step = CV_STEP_ON;
    bool resumed = false;
    f->base = f->version;
    if (nth(f, 0) == NULL)
        return cv_fail(&f->ui->err, CV_ERR_DENIED, "no section of this %s is yours to write",
                       cv_template_label(f->v->template, f->type, NULL, NULL));
    cv_term_say(0, cv_template_label(f->v->template, f->type, NULL, NULL));
    cv_term_say(2, "Enter leaves a field as it is and goes on. Others: ? explains, < goes back, > to the "
                   "next section, - "
                   "takes a value away, ! stops and keeps what you typed.");
    cv_status st = cv_term_open(&f->term, &f->ui->err);
    st = CV_THEN(st, resume(f, &resumed));
    st = CV_THEN(st, walk(f, resumed || f->id != NULL, &step));
    if (st == CV_ERR_NOTFOUND) { /* Ctrl-D */
        step = CV_STEP_STOP;
        st = CV_OK;
    }
    if (st == CV_OK && step != CV_STEP_ON)
        st = left(f, step);
    cv_term_close(&f->term);
    return st;
}
