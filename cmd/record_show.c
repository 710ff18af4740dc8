#include <string.h>

#include "cmd/facts.h"
#include "cmd/fields.h"

/* record show: what goes out to those who may. */

struct show_args {
    struct cv_words sections;
    uint64_t version;
    const char *reason;
};
static const struct cv_opt show_opts[] = {
    { "section", 's', "NAME", "only this section (may be given again)", offsetof(struct show_args, sections),
      CV_OPT_LIST },
    { "version", 0, "N", "this version (default: the latest)", offsetof(struct show_args, version),
      CV_OPT_COUNT },
    { "reason", 'r', "TEXT", "why; sealed into the access log", offsetof(struct show_args, reason),
      CV_OPT_TEXT },
    { 0 },
};

/* print_section(v, r, section): its fields by their labels. */
static void print_section(const struct cv_vault *v, const struct cv_record *r, const char *section)
{
    const struct cv_json *data = cv_record_section(r, section);
    const struct cv_source *source = cv_record_source(r, section);
    printf("\n%s", _(cv_template_label(v->template, r->type, section, NULL)));
    if (data == NULL || source == NULL) {
        cv_print(": you may not read this\n");
        return;
    }
    if (cv_json_len(data) == 0) {
        cv_print(": empty\n");
        return;
    }
    cv_print("  (version %llu, by %s)\n", (unsigned long long)source->version, source->author);
    cv_fields_print(v->template, r->type, r->id, section, data);
}

static void print_record(const struct cv_vault *v, const struct cv_record *r, const struct cv_facts *facts,
                         const struct cv_words *only)
{
    const char *section;
    cv_print("%s %s, version %llu\n", _(cv_template_label(v->template, r->type, NULL, NULL)), r->id,
             (unsigned long long)r->version);
    cv_facts_print(facts, r);
    for (size_t i = 0; (section = cv_template_type_section(v->template, r->type, i)) != NULL; i++) {
        bool asked = only->n == 0;
        for (size_t j = 0; j < only->n; j++)
            asked = asked || strcmp(only->w[j], section) == 0;
        if (asked)
            print_section(v, r, section);
    }
    for (size_t i = 0; i < cv_json_len(r->erased); i++)
        cv_print("\n%s: was erased\n", cv_json_cstr(cv_json_at(r->erased, i)));
}

/* record_json(v, r): one object, as `record add` takes it, with version and what was withheld. */
static cv_status print_json(const struct cv_ui *ui, const struct cv_vault *v, const struct cv_record *r)
{
    struct cv_json *o = cv_json_object(), *withheld = cv_json_array();
    const char *section;
    cv_status st = cv_json_set(o, "id", cv_json_str(r->id));
    st = CV_THEN(st, cv_json_set(o, "type", cv_json_str(r->type)));
    st = CV_THEN(st, cv_json_set(o, "version", cv_json_int((int64_t)r->version)));
    for (size_t i = 0; st == CV_OK && (section = cv_template_type_section(v->template, r->type, i)) != NULL;
         i++) {
        const struct cv_json *data = cv_record_section(r, section);
        if (data != NULL)
            st = cv_json_set(o, section, cv_json_copy(data));
        else
            st = cv_json_push(withheld, cv_json_str(section));
    }
    st = CV_THEN(st, cv_json_set(o, "withheld", cv_json_ref(withheld)));
    st = CV_THEN(st, cv_ui_answer(ui, o));
    cv_json_free(withheld);
    cv_json_free(o);
    return st;
}

static cv_status run_show(struct cv_ui *ui, const void *args)
{
    const struct show_args *a = args;
    struct cv_opened o = { 0 };
    struct cv_record r = { 0 };
    struct cv_facts facts = { 0 };
    cv_status st = cv_ui_open(ui, &o);
    st = CV_THEN(st,
                 cv_record_read(o.vault, ui->words.w[0], a->version, a->sections.n > 0 ? a->sections.w : NULL,
                                "read", a->reason, &r, &ui->err));
    if (!ui->json) /* who asks for a section alone is not told more */
        st = CV_THEN(st, cv_facts_load(ui, o.vault, &r, a->sections.n == 0, a->reason, &facts));
    if (st == CV_OK && ui->json)
        st = print_json(ui, o.vault, &r);
    else if (st == CV_OK) {
        cv_ui_page(ui);
        print_record(o.vault, &r, &facts, &a->sections);
    }
    cv_facts_free(&facts);
    cv_record_free(&r);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_record_show = {
    .name = "record show",
    .synopsis = "[--section NAME]... [--version N] [--reason TEXT] ID",
    .summary = "show what you may read of a record",
    .details = "Above the sections stand its versions and, of a person or a case, the consents: which hold "
               "today, for what and until when. Every look is an entry of the access log, "
               "before anything is "
               "shown; the consents that are looked through are one of their own.",
    .opts = show_opts,
    .args_bytes = sizeof(struct show_args),
    .words_min = 1,
    .words_max = 1,
    .run = run_show,
};
