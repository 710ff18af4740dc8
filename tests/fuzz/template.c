/* Templates: what holds together is walked from end to end, and every name in it can be found. */
#include "tests/fuzz/fuzz.h"

#include "formats/columns.h"

static void walk_section(const struct cv_template *t, const char *type, const char *section)
{
    struct cv_template_field f, named;
    size_t digests = 0;
    must(cv_template_has(t, type, section));
    for (size_t i = 0; cv_template_field(t, type, section, i, &f); i++) {
        must(f.name != NULL && f.label != NULL && f.type != NULL);
        must(cv_template_field_named(t, type, section, f.name, &named) && named.name == f.name);
        must(strcmp(cv_template_label(t, type, section, f.name), f.label) == 0);
        must(f.choices == NULL || cv_json_is(f.choices, CV_JSON_ARRAY));
        for (size_t j = 0; cv_template_inner(t, type, section, f.name, j, &named); j++)
            must(named.name != NULL && strcmp(named.type, "object") != 0);
        digests++;
    }
    must(cv_template_fill(t, type, section) == digests);
    (void)cv_template_documents(t, type, section, &f);
}

static void walk_type(const struct cv_template *t, const char *type)
{
    struct cv_retention keep;
    struct cv_template_field f;
    const char *section = NULL;
    for (size_t i = 0; (section = cv_template_type_section(t, type, i)) != NULL; i++)
        walk_section(t, type, section);
    for (size_t i = 0; cv_template_title(t, type, i, &section, &f); i++)
        must(cv_template_has(t, type, section));
    if (cv_template_retention(t, type, &keep))
        must(keep.months > 0 && cv_template_field_named(t, type, keep.section, keep.field, &f));
}

static void walk(const struct cv_template *t)
{
    const char *name = NULL;
    bool custodian = false;
    for (size_t i = 0; (name = cv_template_role(t, i)) != NULL; i++)
        custodian = custodian || strcmp(name, "custodian") == 0;
    must(custodian);
    for (size_t i = 0; (name = cv_template_section(t, i)) != NULL; i++)
        for (size_t j = 0; cv_template_role(t, j) != NULL; j++)
            must(cv_template_rights(t, name, cv_template_role(t, j)) < 16);
    for (size_t i = 0; (name = cv_template_type(t, i)) != NULL; i++)
        walk_type(t, name);
    for (size_t i = 0; (name = cv_template_profile(t, i)) != NULL; i++)
        must(name[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct cv_template *t = NULL;
    struct cv_columns_writer *w = NULL;
    struct cv_buf head = { 0 };
    struct cv_err err = { 0 };
    if (fuzz_judged(cv_template_parse(CV_BYTES(p, n), &t, &err), &err, 0)) {
        walk(t);
        must(cv_columns_writer_new(t, &w) == CV_OK && cv_columns_write(w, NULL, &head) == CV_OK);
    } else
        must(t == NULL);
    cv_columns_writer_free(w);
    cv_buf_free(&head);
    cv_template_free(t);
    return 0;
}
