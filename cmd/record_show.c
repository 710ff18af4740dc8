#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "vault/erase.h"
#include "vault/notice.h"

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

/* ---- history ---- */

/* The history of one record: its versions, and what was decided about it. */
struct history {
    struct cv_ui *ui;
    char id[CV_ID_TEXT_BYTES];
    struct cv_versions versions;
    struct cv_notices notices;
    struct cv_json *erased;
};

static void history_free(struct history *h)
{
    cv_versions_free(&h->versions);
    cv_notices_free(&h->notices);
    cv_json_free(h->erased);
}

/* history_load(h, v, text): a record of which nothing can be opened any more still has a history. */
static cv_status history_load(struct history *h, struct cv_vault *v, const char *text)
{
    struct cv_err missing = { 0 };
    uint8_t raw[CV_ID_BYTES];
    cv_status st = cv_id_parse(cv_bytes_str(text), raw, &h->ui->err);
    if (st != CV_OK)
        return st;
    cv_id_text(raw, h->id);
    st = cv_record_versions(v, h->id, &h->versions, &missing);
    if (st != CV_OK && st != CV_ERR_NOTFOUND)
        return cv_fail(&h->ui->err, st, "%s", missing.msg);
    const bool none = st == CV_ERR_NOTFOUND;
    st = cv_erased_of(v, h->id, &h->erased, &h->ui->err);
    st = CV_THEN(st, cv_notices_of(v, h->id, &h->notices, &h->ui->err));
    if (st == CV_OK && none && cv_json_len(h->erased) == 0)
        st = cv_fail(&h->ui->err, CV_ERR_NOTFOUND, "%s", missing.msg);
    return st;
}

/* word_of(doc, name): what a notice says there; written by others, so perhaps nothing. */
static const char *word_of(const struct cv_json *doc, const char *name)
{
    const char *text = cv_json_get_str(doc, name);
    return text != NULL ? text : "-";
}

/* version_words(doc, out): "1, 2" of an erasure, "2" of a grant of one version, "all" of a grant of all. */
static cv_status version_words(const struct cv_json *doc, struct cv_buf *out)
{
    const struct cv_json *list = cv_json_get(doc, "versions");
    cv_status st = CV_OK;
    for (size_t i = 0; i < cv_json_len(list) && st == CV_OK; i++)
        st = cv_buf_printf(out, "%s%lld", i > 0 ? ", " : "",
                           (long long)cv_json_get_int(cv_json_at(list, i), "version"));
    if (list == NULL && cv_json_get_int(doc, "version") > 0)
        st = cv_buf_printf(out, "%lld", (long long)cv_json_get_int(doc, "version"));
    else if (list == NULL)
        st = cv_buf_str(out, "all");
    return st;
}

/* notice_words(doc, out): what was decided, in one line. */
static cv_status notice_words(const struct cv_json *doc, struct cv_buf *out)
{
    const char *about = word_of(doc, "about"), *until = cv_json_get_str(doc, "until");
    cv_status st = CV_OK;
    if (strcmp(about, "grant") == 0) {
        st = cv_buf_printf(out, "%s of version ", word_of(doc, "section"));
        st = CV_THEN(st, version_words(doc, out));
        st = CV_THEN(st, cv_buf_printf(out, " to %s", word_of(doc, "to")));
        if (until != NULL)
            st = CV_THEN(st, cv_buf_printf(out, " until %s", until));
    } else if (strcmp(about, "erase") == 0) {
        st = cv_buf_str(out, "asked for version ");
        st = CV_THEN(st, version_words(doc, out));
    } else
        st = cv_buf_str(out, strcmp(about, "hold") == 0 ? "nothing of it can be erased" : "the hold ended");
    return CV_THEN(st, cv_buf_append(out, CV_LIT("\0")));
}

static cv_status print_notice(const struct history *h, struct cv_table *t, const struct cv_notice *n)
{
    struct cv_buf words = { 0 };
    char number[24];
    cv_status st;
    if (h->ui->json) {
        struct cv_json *o = cv_json_copy(n->doc);
        st = cv_json_set(o, "entry", cv_json_int((int64_t)n->index));
        st = CV_THEN(st, cv_ui_print_json(o));
        cv_json_free(o);
        return st;
    }
    snprintf(number, sizeof(number), "%llu", (unsigned long long)n->index);
    st = notice_words(n->doc, &words);
    cv_table_cell(t, number);
    cv_table_cell(t, word_of(n->doc, "time"));
    cv_table_cell(t, n->member);
    cv_table_cell(t, word_of(n->doc, "about"));
    cv_table_cell(t, st == CV_OK ? (const char *)words.p : "-");
    cv_buf_free(&words);
    return st;
}

/* print_erased(h, row): a version that is gone: when, who asked, who signed. */
static cv_status print_erased(const struct history *h, const struct cv_json *row)
{
    const struct cv_json *who = cv_json_get(row, "approved_by");
    if (h->ui->json) {
        struct cv_json *o = cv_json_copy(row);
        cv_status st = cv_json_set(o, "erased", cv_json_bool(true));
        st = CV_THEN(st, cv_json_set(o, "record", cv_json_str(h->id)));
        st = CV_THEN(st, cv_ui_print_json(o));
        cv_json_free(o);
        return st;
    }
    printf("Version %lld was erased: asked for at ", (long long)cv_json_get_int(row, "version"));
    cv_ui_print_text(cv_json_text(cv_json_get(row, "time")));
    printf(" by %s, signed by ", word_of(row, "by"));
    for (size_t i = 0; i < cv_json_len(who); i++)
        printf("%s%s", i > 0 ? ", " : "", cv_json_cstr(cv_json_at(who, i)));
    fputc('\n', stdout);
    return CV_OK;
}

static void notice_row(struct cv_table *t)
{
    cv_table_cell(t, "ENTRY");
    cv_table_cell(t, "TIME");
    cv_table_cell(t, "BY");
    cv_table_cell(t, "DID");
    cv_table_cell(t, "WHAT");
}

static cv_status print_history(const struct history *h)
{
    struct cv_table versions = { .columns = 4 }, notices = { .columns = 5 };
    cv_status st = CV_OK;
    head_row(&versions);
    for (size_t i = 0; i < h->versions.count && st == CV_OK; i++)
        st = print_version(h->ui, &versions, &h->versions.v[i]);
    if (st == CV_OK && !h->ui->json && h->versions.count > 0)
        cv_table_print(&versions);
    for (size_t i = 0; i < cv_json_len(h->erased) && st == CV_OK; i++)
        st = print_erased(h, cv_json_at(h->erased, i));
    notice_row(&notices);
    for (size_t i = 0; i < h->notices.count && st == CV_OK; i++)
        st = print_notice(h, &notices, &h->notices.n[i]);
    if (st == CV_OK && !h->ui->json && h->notices.count > 0) {
        fputc('\n', stdout);
        cv_table_print(&notices);
    }
    cv_buf_free(&versions.cells);
    cv_buf_free(&notices.cells);
    return st;
}

static cv_status run_history(struct cv_ui *ui, const void *args)
{
    struct cv_opened o = { 0 };
    struct history h = { .ui = ui };
    (void)args;
    cv_status st = cv_ui_open(ui, &o);
    st = CV_THEN(st, history_load(&h, o.vault, ui->words.w[0]));
    st = CV_THEN(st, print_history(&h));
    history_free(&h);
    cv_ui_close(&o);
    return cv_err_note(&ui->err, st, "history");
}

const struct cv_cmd cv_cmd_record_history = {
    .name = "record history",
    .synopsis = "ID",
    .summary = "list the versions of a record, and its grants, holds and erasures",
    .words_min = 1,
    .words_max = 1,
    .run = run_history,
};
