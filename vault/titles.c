#include "vault/glance.h"
#include "vault/vault.h"

struct titling {
    const struct cv_template *template;
    struct cv_json *titles;
};

static const char *title_section(void *arg, const struct cv_version *of)
{
    const struct titling *t = arg;
    struct cv_template_field field;
    const char *section = NULL;
    return cv_template_title(t->template, of->type, 0, &section, &field) ? section : NULL;
}

cv_status cv_title_put(const struct cv_template *template, const struct cv_version *of,
                       const struct cv_json *data, struct cv_json *titles)
{
    struct cv_template_field field;
    struct cv_buf title = { 0 };
    const char *section;
    cv_status st = CV_OK;
    for (size_t i = 0; st == CV_OK && cv_template_title(template, of->type, i, &section, &field); i++) {
        const struct cv_bytes value = cv_json_text(cv_json_get(data, field.name));
        if (value.n > 0 && title.n > 0)
            st = cv_buf_str(&title, " ");
        st = CV_THEN(st, cv_buf_append(&title, value));
    }
    if (st == CV_OK && title.n > 0)
        st = cv_json_set(titles, of->id, cv_json_strn(cv_buf_view(&title)));
    cv_buf_free(&title);
    return st;
}

static cv_status take_title(void *arg, const struct cv_version *of, const struct cv_json *data)
{
    struct titling *t = arg;
    return cv_title_put(t->template, of, data, t->titles);
}

cv_status cv_record_titles(struct cv_vault *v, const struct cv_walk *walk, const char *reason,
                           struct cv_json **out, struct cv_err *err)
{
    struct titling t = { v->template, cv_json_object() };
    const struct cv_glance g = { "list", "titles", reason, title_section, take_title, &t, false };
    *out = NULL;
    cv_status st = t.titles == NULL ? CV_ERR_NOMEM : cv_glance_walk(v, &g, walk, err);
    if (st == CV_OK)
        *out = t.titles;
    else
        cv_json_free(t.titles);
    return st;
}
