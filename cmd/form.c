#include "cmd/form.h"

#include <string.h>

#include "formats/utf8.h"

/* The way through a form: from section to section, back, and to the review. */

bool cv_form_asked(const struct cv_form *f, const char *section)
{
    const bool mine = f->id == NULL
                          ? cv_vault_may_create(f->v, section)
                          : cv_json_get(f->record, section) != NULL && cv_vault_may_edit(f->v, section);
    return mine && !cv_template_coded(f->v->template, f->type, section);
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

static cv_status ask_section(struct cv_form *f, size_t n, bool last, enum cv_way *step)
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
static cv_status left(struct cv_form *f, enum cv_way step)
{
    if (step != CV_STEP_STOP) {
        cv_form_done(f);
        return cv_fail(
            &f->ui->err, CV_ERR_EXISTS,
            "nothing was stored, and what you typed was thrown away; the same command begins anew");
    }
    struct cv_json *typed = NULL;
    cv_status st = cv_form_changed(f, &typed);
    const bool nothing = cv_json_len(typed) == 0;
    cv_json_free(typed);
    if (st == CV_OK && nothing) {
        if (f->kept) /* else a draft that is there is another terminal's */
            cv_form_done(f);
        return cv_fail(&f->ui->err, CV_ERR_EXISTS,
                       "nothing was typed, and nothing was stored; the same command begins anew");
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
static cv_status walk(struct cv_form *f, bool reviewed, enum cv_way *step)
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
    enum cv_way step = CV_STEP_ON;
    bool resumed = false;
    if (nth(f, 0) == NULL)
        return cv_fail(&f->ui->err, CV_ERR_DENIED, "no section of this %s is yours to write",
                       cv_template_label(f->v->template, f->type, NULL, NULL));
    cv_term_say(0, cv_template_label(f->v->template, f->type, NULL, NULL));
    cv_term_say(2, "Enter leaves a field as it is and goes on. Others: ? explains, < goes back, > to the "
                   "next section, - "
                   "takes a value away, ! stops and keeps what you typed.");
    cv_status st = cv_term_open(&f->term, &f->ui->err);
    st = CV_THEN(st, cv_form_resume(f, &resumed));
    st = CV_THEN(st, walk(f, resumed || f->id != NULL, &step));
    if (st == CV_ERR_NOTFOUND) { /* Ctrl-D */
        step = CV_STEP_STOP;
        st = CV_OK;
    }
    if (st == CV_OK && step != CV_STEP_ON)
        st = left(f, step);
    cv_term_close(&f->term);
    cv_json_free(f->names);
    cv_json_free(f->offered);
    f->names = f->offered = NULL;
    return st;
}
