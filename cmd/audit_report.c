#include <string.h>

#include "cmd/cmd.h"
#include "formats/csv.h"
#include "vault/audit.h"

/* audit report: what left the vault: which fields of which record went to whom, when, on which consent. */

struct args {
    const char *record, *package;
    bool csv;
};
static const struct cv_opt opts[] = {
    { "record", 0, "ID", "only what left of this record", offsetof(struct args, record), CV_OPT_TEXT },
    { "package", 0, "ID", "only what left in this package", offsetof(struct args, package), CV_OPT_TEXT },
    { "csv", 0, NULL, "as CSV, one line for each field; cells cannot be formulas", offsetof(struct args, csv),
      CV_OPT_FLAG },
    { 0 },
};

struct reporting {
    struct cv_ui *ui;
    const struct args *a;
    uint64_t records, fields, unconsented;
};

static const char *text_of(const struct cv_json *o, const char *name)
{
    const char *text = cv_json_get_str(o, name);
    return text != NULL ? text : "-";
}

static bool is(const struct cv_json *event, const char *name, const char *want)
{
    return strcmp(text_of(event, name), want) == 0;
}

static void flush(struct cv_buf *line)
{
    fwrite(line->p, 1, line->n, stdout);
    cv_buf_free(line);
}

/* csv_lines(event, text): a line for each field. */
static cv_status csv_lines(const struct cv_json *event, const struct cv_json *text)
{
    static const char *const plain[] = { "time", "member", "record", NULL };
    const struct cv_json *fields = cv_json_get(event, "sections");
    struct cv_buf line = { 0 };
    cv_status st = CV_OK;
    for (size_t i = 0; i < cv_json_len(fields) && st == CV_OK; i++) {
        const char *field = cv_json_cstr(cv_json_at(fields, i));
        for (size_t k = 0; plain[k] != NULL && st == CV_OK; k++)
            st = cv_csv_cell(text_of(event, plain[k]), false, &line);
        st = CV_THEN(st, cv_csv_cell(field != NULL ? field : "-", false, &line));
        st = CV_THEN(st, cv_csv_cell(text_of(event, "detail"), false, &line));
        st = CV_THEN(st, cv_csv_cell(cv_json_get_str(text, "reason"), true, &line));
    }
    if (st == CV_OK && line.n > 0)
        flush(&line);
    cv_buf_free(&line);
    return st;
}

static cv_status csv_head(void)
{
    static const char *const names[] = { "time", "by", "record", "field", "what", "reason" };
    struct cv_buf line = { 0 };
    cv_status st = CV_OK;
    for (size_t i = 0; i < 6 && st == CV_OK; i++)
        st = cv_csv_cell(names[i], i == 5, &line);
    if (st == CV_OK)
        flush(&line);
    cv_buf_free(&line);
    return st;
}

static cv_status print(const struct cv_json *event, const struct cv_json *text)
{
    const struct cv_json *fields = cv_json_get(event, "sections");
    struct cv_buf words = { 0 };
    cv_status st = CV_OK;
    printf("\n");
    for (size_t i = 0; i < cv_json_len(fields) && st == CV_OK; i++) {
        const char *field = cv_json_cstr(cv_json_at(fields, i));
        st = cv_buf_printf(&words, "%s%s", i > 0 ? ", " : "", field != NULL ? field : "-");
    }
    cv_text_print(cv_json_text(cv_json_get(event, "detail")), 0, 0);
    cv_text_value(cv_json_get(event, "time"), cv_text_label(2, "When"), 4);
    cv_text_value(cv_json_get(event, "member"), cv_text_label(2, "By"), 4);
    cv_text_value(cv_json_get(event, "record"), cv_text_label(2, "Record"), 4);
    cv_text_print(cv_buf_view(&words), cv_text_label(2, "Fields"), 4);
    if (cv_json_get(text, "reason") != NULL)
        cv_text_value(cv_json_get(text, "reason"), cv_text_label(2, "Reason"), 4);
    cv_buf_free(&words);
    return st;
}

static cv_status answer(struct cv_ui *ui, const struct cv_json *event, const struct cv_json *text)
{
    struct cv_json *o = cv_json_copy(event);
    cv_status st = CV_OK;
    if (cv_json_get(text, "reason") != NULL)
        st = cv_json_set(o, "reason", cv_json_copy(cv_json_get(text, "reason")));
    st = CV_THEN(st, cv_ui_answer(ui, o));
    cv_json_free(o);
    return st;
}

/* in_package(event, id): the detail names it. */
static bool in_package(const struct cv_json *event, const char *id)
{
    return id == NULL || strstr(text_of(event, "detail"), id) != NULL;
}

static cv_status on_event(void *arg, uint64_t index, const struct cv_json *event, const struct cv_json *text,
                          struct cv_err *err)
{
    struct reporting *r = arg;
    (void)index;
    (void)err;
    if (!in_package(event, r->a->package) || (r->a->record != NULL && !is(event, "record", r->a->record)))
        return CV_OK;
    r->unconsented += is(event, "action", "basis");
    if (!is(event, "action", "package"))
        return CV_OK;
    r->records++;
    r->fields += cv_json_len(cv_json_get(event, "sections"));
    return r->ui->json ? answer(r->ui, event, text) : r->a->csv ? csv_lines(event, text) : print(event, text);
}

static cv_status run(struct cv_ui *ui, const void *args)
{
    const struct args *a = args;
    struct cv_opened o = { 0 };
    struct reporting r = { .ui = ui, .a = a };
    cv_status st = cv_ui_open(ui, &o);
    if (a->csv && !ui->json)
        st = CV_THEN(st, csv_head());
    st = CV_THEN(st, cv_audit_events(o.vault, "what left the vault", on_event, &r, &ui->err));
    if (st == CV_OK)
        cv_ui_say(ui,
                  "\n%llu times something of a record left, %llu fields in all; %llu acts on a LEGAL BASIS, "
                  "without "
                  "consent.",
                  (unsigned long long)r.records, (unsigned long long)r.fields,
                  (unsigned long long)r.unconsented);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_audit_report = {
    .name = "audit report",
    .synopsis = "[--record ID] [--package ID] [--csv]",
    .summary = "what left the vault: which field went to whom, when, on which consent",
    .opts = opts,
    .args_bytes = sizeof(struct args),
    .run = run,
};
