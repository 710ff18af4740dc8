#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "vault/record.h"

/* record show, list, history: what goes out to those who may. */

struct show_args {
    struct cv_words sections;
    uint64_t version;
    const char *reason;
};
static const struct cv_opt show_opts[] = {
    { "section", 's', "NAME", "only this section (may be given again)", offsetof(struct show_args, sections),
      CV_OPT_LIST },
    { "version", 0, "N", "this version (default: the latest)", offsetof(struct show_args, version),
      CV_OPT_NUMBER },
    { "reason", 'r', "TEXT", "why; sealed into the access log", offsetof(struct show_args, reason),
      CV_OPT_TEXT },
    { 0 },
};

static void print_value(const struct cv_json *v, int indent);

static void print_scalar(const struct cv_json *v)
{
    if (cv_json_is(v, CV_JSON_STRING))
        cv_ui_print_text(cv_json_text(v));
    else if (cv_json_is(v, CV_JSON_INT))
        printf("%lld", (long long)cv_json_to_int(v));
    else if (cv_json_is(v, CV_JSON_BOOL))
        fputs(cv_json_to_bool(v) ? "yes" : "no", stdout);
    else
        fputs("-", stdout);
}

static void print_object(const struct cv_json *o, int indent)
{
    for (void *it = cv_json_first(o); it != NULL; it = cv_json_next(o, it)) {
        printf("%*s%s: ", indent, "", cv_json_iter_name(it));
        print_value(cv_json_iter_value(it), indent + 2);
    }
}

/* print_value(v, indent): after its label, on the same line if it is short. */
static void print_value(const struct cv_json *v, int indent)
{
    if (cv_json_is(v, CV_JSON_OBJECT)) {
        fputc('\n', stdout);
        print_object(v, indent);
    } else if (cv_json_is(v, CV_JSON_ARRAY)) {
        const bool plain = !cv_json_is(cv_json_at(v, 0), CV_JSON_OBJECT);
        for (size_t i = 0; i < cv_json_len(v); i++) {
            if (plain) {
                fputs(i > 0 ? "; " : "", stdout);
                print_scalar(cv_json_at(v, i));
            } else {
                printf("\n%*s%zu.\n", indent, "", i + 1);
                print_object(cv_json_at(v, i), indent + 3);
            }
        }
        if (plain)
            fputc('\n', stdout);
    } else {
        print_scalar(v);
        fputc('\n', stdout);
    }
}

/* print_section(v, r, section): its fields by their labels. */
static void print_section(const struct cv_vault *v, const struct cv_record *r, const char *section)
{
    const struct cv_json *data = cv_record_section(r, section);
    const struct cv_source *source = cv_record_source(r, section);
    printf("\n%s", cv_template_label(v->template, r->type, section, NULL));
    if (data == NULL || source == NULL) {
        printf(": you may not read this\n");
        return;
    }
    if (cv_json_len(data) == 0) {
        printf(": empty\n");
        return;
    }
    printf("  (version %llu, by %s)\n", (unsigned long long)source->version, source->author);
    struct cv_template_field f;
    for (size_t i = 0; cv_template_field(v->template, r->type, section, i, &f); i++) {
        const struct cv_json *value = cv_json_get(data, f.name);
        if (value == NULL)
            continue;
        printf("  %s: ", f.label);
        print_value(value, 4);
    }
}

static void print_record(const struct cv_vault *v, const struct cv_record *r, const struct cv_words *only)
{
    const char *section;
    printf("%s %s, version %llu\n", cv_template_label(v->template, r->type, NULL, NULL), r->id,
           (unsigned long long)r->version);
    for (size_t i = 0; (section = cv_template_type_section(v->template, r->type, i)) != NULL; i++) {
        bool asked = only->n == 0;
        for (size_t j = 0; j < only->n; j++)
            asked = asked || strcmp(only->w[j], section) == 0;
        if (asked)
            print_section(v, r, section);
    }
    for (size_t i = 0; i < cv_json_len(r->erased); i++)
        printf("\n%s: was erased\n", cv_json_cstr(cv_json_at(r->erased, i)));
}

/* record_json(v, r): one object, as `record add` takes it, with version and what was withheld. */
static cv_status print_json(const struct cv_vault *v, const struct cv_record *r)
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
    st = CV_THEN(st, cv_ui_print_json(o));
    cv_json_free(withheld);
    cv_json_free(o);
    return st;
}

static cv_status run_show(struct cv_ui *ui, const void *args)
{
    const struct show_args *a = args;
    struct cv_opened o = { 0 };
    struct cv_record r = { 0 };
    cv_status st = cv_ui_open(ui, &o);
    st = CV_THEN(st,
                 cv_record_read(o.vault, ui->words.w[0], a->version, a->sections.n > 0 ? a->sections.w : NULL,
                                "read", a->reason, &r, &ui->err));
    if (st == CV_OK && ui->json)
        st = print_json(o.vault, &r);
    else if (st == CV_OK)
        print_record(o.vault, &r, &a->sections);
    cv_record_free(&r);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_record_show = {
    .name = "record show",
    .synopsis = "[--section NAME]... [--version N] [--reason TEXT] ID",
    .summary = "show what you may read of a record",
    .details = "Every look is an entry of the access log, before anything is shown.",
    .opts = show_opts,
    .args_bytes = sizeof(struct show_args),
    .words_min = 1,
    .words_max = 1,
    .run = run_show,
};

/* ---- list ---- */

struct list_args {
    const char *type;
};
static const struct cv_opt list_opts[] = {
    { "type", 't', "TYPE", "only records of this type", offsetof(struct list_args, type), CV_OPT_TEXT },
    { 0 },
};

static cv_status print_version(struct cv_ui *ui, struct cv_table *t, const struct cv_version *v)
{
    char number[24];
    if (ui->json) {
        struct cv_json *o = cv_json_object();
        cv_status st = cv_json_set(o, "id", cv_json_str(v->id));
        st = CV_THEN(st, cv_json_set(o, "type", cv_json_str(v->type)));
        st = CV_THEN(st, cv_json_set(o, "version", cv_json_int((int64_t)v->version)));
        st = CV_THEN(st, cv_json_set(o, "author", cv_json_str(v->author)));
        st = CV_THEN(st, cv_json_set(o, "entry", cv_json_int((int64_t)v->index)));
        st = CV_THEN(st, cv_ui_print_json(o));
        cv_json_free(o);
        return st;
    }
    snprintf(number, sizeof(number), "%llu", (unsigned long long)v->version);
    cv_table_cell(t, v->id);
    cv_table_cell(t, v->type);
    cv_table_cell(t, number);
    cv_table_cell(t, v->author);
    return CV_OK;
}

static void head_row(struct cv_table *t)
{
    cv_table_cell(t, "RECORD");
    cv_table_cell(t, "TYPE");
    cv_table_cell(t, "VERSION");
    cv_table_cell(t, "BY");
}

/* by id, then by version */
static int by_id(const void *a, const void *b)
{
    const struct cv_version *x = a, *y = b;
    const int c = strcmp(x->id, y->id);
    return c != 0 ? c : (x->version > y->version) - (x->version < y->version);
}

static cv_status run_list(struct cv_ui *ui, const void *args)
{
    const struct list_args *a = args;
    struct cv_opened o = { 0 };
    struct cv_versions list = { 0 };
    struct cv_table t = { .columns = 4 };
    cv_status st = cv_ui_open(ui, &o);
    st = CV_THEN(st, cv_record_versions(o.vault, NULL, &list, &ui->err));
    if (list.count > 0)
        qsort(list.v, list.count, sizeof(*list.v), by_id);
    head_row(&t);
    size_t shown = 0;
    for (size_t i = 0; i < list.count && st == CV_OK; i++) {
        if (i + 1 < list.count && strcmp(list.v[i].id, list.v[i + 1].id) == 0)
            continue; /* a later version follows */
        if (a->type != NULL && strcmp(a->type, list.v[i].type) != 0)
            continue;
        st = print_version(ui, &t, &list.v[i]);
        shown++;
    }
    if (st == CV_OK && !ui->json && shown > 0)
        cv_table_print(&t);
    else if (st == CV_OK && !ui->json)
        cv_ui_say(ui, "No records that you may see.");
    cv_buf_free(&t.cells);
    cv_versions_free(&list);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_record_list = {
    .name = "record list",
    .synopsis = "[--type TYPE]",
    .summary = "list the records of which you may read something",
    .opts = list_opts,
    .args_bytes = sizeof(struct list_args),
    .run = run_list,
};

static cv_status run_history(struct cv_ui *ui, const void *args)
{
    struct cv_opened o = { 0 };
    struct cv_versions list = { 0 };
    struct cv_table t = { .columns = 4 };
    (void)args;
    cv_status st = cv_ui_open(ui, &o);
    st = CV_THEN(st, cv_record_versions(o.vault, ui->words.w[0], &list, &ui->err));
    head_row(&t);
    for (size_t i = 0; i < list.count && st == CV_OK; i++)
        st = print_version(ui, &t, &list.v[i]);
    if (st == CV_OK && !ui->json)
        cv_table_print(&t);
    cv_buf_free(&t.cells);
    cv_versions_free(&list);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_record_history = {
    .name = "record history",
    .synopsis = "ID",
    .summary = "list the versions of a record: who wrote which",
    .words_min = 1,
    .words_max = 1,
    .run = run_history,
};
