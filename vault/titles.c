#include "vault/glance.h"
#include "vault/vault.h"

struct titling {
    const struct cv_template *template;
    cv_title_fn fn;
    void *arg;
};

static const char *title_section(void *arg, const struct cv_version *of)
{
    const struct titling *t = arg;
    struct cv_template_field field;
    const char *section = NULL;
    return cv_template_title(t->template, of->type, 0, &section, &field) ? section : NULL;
}

/* title_of(template, of, data, title): empty if it has none. */
static cv_status title_of(const struct cv_template *template, const struct cv_version *of,
                          const struct cv_json *data, struct cv_buf *title)
{
    struct cv_template_field field;
    const char *section;
    cv_status st = CV_OK;
    for (size_t i = 0; st == CV_OK && cv_template_title(template, of->type, i, &section, &field); i++) {
        const struct cv_bytes value = cv_json_text(cv_json_get(data, field.name));
        if (value.n > 0 && title->n > 0)
            st = cv_buf_str(title, " ");
        st = CV_THEN(st, cv_buf_append(title, value));
    }
    return st;
}

/* put_title(titles, of, title): a cv_title_fn. */
static cv_status put_title(void *titles, const struct cv_version *of, struct cv_bytes title)
{
    return cv_json_set(titles, of->id, cv_json_strn(title));
}

cv_status cv_title_put(const struct cv_template *template, const struct cv_version *of,
                       const struct cv_json *data, struct cv_json *titles)
{
    struct cv_buf title = { 0 };
    cv_status st = title_of(template, of, data, &title);
    if (st == CV_OK && title.n > 0)
        st = put_title(titles, of, cv_buf_view(&title));
    cv_buf_free(&title);
    return st;
}

static cv_status take_title(void *arg, const struct cv_version *of, const struct cv_json *data)
{
    struct titling *t = arg;
    struct cv_buf title = { 0 };
    cv_status st = title_of(t->template, of, data, &title);
    if (st == CV_OK && title.n > 0)
        st = t->fn(t->arg, of, cv_buf_view(&title));
    cv_buf_free(&title);
    return st;
}

cv_status cv_record_titles_each(struct cv_vault *v, const struct cv_head_walk *walk, const char *reason,
                                cv_title_fn fn, void *arg, struct cv_err *err)
{
    struct titling t = { v->template, fn, arg };
    const struct cv_glance g = { "list", "titles", reason, title_section, take_title, &t, NULL, false };
    return cv_glance_walk(v, &g, walk, err);
}

cv_status cv_record_titles(struct cv_vault *v, const struct cv_head_walk *walk, const char *reason,
                           struct cv_json **out, struct cv_err *err)
{
    struct cv_json *titles = cv_json_object();
    *out = NULL;
    cv_status st =
        titles == NULL ? CV_ERR_NOMEM : cv_record_titles_each(v, walk, reason, put_title, titles, err);
    if (st == CV_OK)
        *out = titles;
    else
        cv_json_free(titles);
    return st;
}
