#include <string.h>

#include "cmd/audit_page.h"
#include "formats/csv.h"
#include "formats/date.h"
#include "formats/logline.h"
#include "vault/audit.h"

/* audit report: what left the vault: which fields of which record went to whom, when, on which consent; or,
 * as a page for who supervises, all that was done in a period. */

struct args {
    const char *record, *package, *from, *to, *output, *reason;
    bool csv;
};
static const struct cv_opt opts[] = {
    { "record", 0, "ID", "only what left of this record", offsetof(struct args, record), CV_OPT_TEXT },
    { "package", 0, "ID", "only what left in this package", offsetof(struct args, package), CV_OPT_TEXT },
    { "csv", 0, NULL,
      "as CSV, one line for each field; cells cannot be formulas; with -o NAME.html: NAME.csv beside "
      "the page",
      offsetof(struct args, csv), CV_OPT_FLAG },
    { "from", 0, "DAY", "from this day on, YYYY-MM-DD (UTC)", offsetof(struct args, from), CV_OPT_TEXT },
    { "to", 0, "DAY", "until the end of this day", offsetof(struct args, to), CV_OPT_TEXT },
    { "output", 'o', "FILE.html",
      "a page of all that was done in the period, not only of what left; a new file",
      offsetof(struct args, output), CV_OPT_TEXT },
    { "reason", 'r', "TEXT", "why you look into the staff records, where the vault asks (with -o)",
      offsetof(struct args, reason), CV_OPT_TEXT },
    { 0 },
};

struct reporting {
    struct cv_ui *ui;
    const struct args *a;
    uint64_t records, fields, unconsented;
    char since[CV_LOGLINE_TIME_BYTES], until[CV_LOGLINE_TIME_BYTES];
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
    const char *reason = cv_json_get_str(text, "reason");
    struct cv_buf words = { 0 }, detail = { 0 }, why = { 0 };
    char shown[CV_MOMENT_BYTES];
    cv_status st = cv_logline_detail(cv_logline_get(event, "detail"), &detail);
    if (reason != NULL)
        st = CV_THEN(st, cv_logline_reason(reason, &why));
    printf("\n");
    for (size_t i = 0; i < cv_json_len(fields) && st == CV_OK; i++) {
        const char *field = cv_json_cstr(cv_json_at(fields, i));
        st = cv_buf_printf(&words, "%s%s", i > 0 ? ", " : "", field != NULL ? field : "-");
    }
    cv_text_print(cv_buf_view(&detail), 0, 0);
    cv_text_print(cv_bytes_str(cv_locale_moment(text_of(event, "time"), shown)), cv_text_label(2, "When"), 4);
    cv_text_value(cv_json_get(event, "member"), cv_text_label(2, "By"), 4);
    cv_text_value(cv_json_get(event, "record"), cv_text_label(2, "Record"), 4);
    cv_text_print(cv_buf_view(&words), cv_text_label(2, "Fields"), 4);
    if (reason != NULL)
        cv_text_print(cv_buf_view(&why), cv_text_label(2, "Reason"), 4);
    cv_buf_free(&words);
    cv_buf_free(&detail);
    cv_buf_free(&why);
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
    if (!cv_logline_within(event, r->since, r->until))
        return CV_OK;
    if (!in_package(event, r->a->package) || (r->a->record != NULL && !is(event, "record", r->a->record)))
        return CV_OK;
    r->unconsented += is(event, "action", "basis");
    if (!is(event, "action", "package"))
        return CV_OK;
    r->records++;
    r->fields += cv_json_len(cv_json_get(event, "sections"));
    return r->ui->json ? answer(r->ui, event, text) : r->a->csv ? csv_lines(event, text) : print(event, text);
}

/* check(ui, a): before anything is opened. */
static cv_status check(struct cv_ui *ui, const struct args *a)
{
    if (a->from != NULL && !cv_date_ok(cv_bytes_str(a->from), false))
        return cv_fail(&ui->err, CV_ERR_ARG, "--from wants a day that exists, YYYY-MM-DD");
    if (a->to != NULL && !cv_date_ok(cv_bytes_str(a->to), false))
        return cv_fail(&ui->err, CV_ERR_ARG, "--to wants a day that exists, YYYY-MM-DD");
    if (a->from != NULL && a->to != NULL && strcmp(a->from, a->to) > 0)
        return cv_fail(&ui->err, CV_ERR_ARG, "--from is after --to: nothing can lie between them");
    if (a->output != NULL && (a->record != NULL || a->package != NULL))
        return cv_fail(&ui->err, CV_ERR_ARG,
                       "--record and --package are for the list of what left, not for the page");
    return CV_OK;
}

static cv_status run(struct cv_ui *ui, const void *args)
{
    const struct args *a = args;
    struct cv_opened o = { 0 };
    struct reporting r = { .ui = ui, .a = a };
    const struct cv_audit_page page = { a->from, a->to, a->output, a->reason, a->csv };
    cv_status st = check(ui, a);
    if (st == CV_OK && a->output != NULL)
        return cv_audit_page_write(ui, &page);
    /* Without a bound: the first and the last that there are. */
    (void)cv_logline_bound(a->from != NULL ? a->from : "1800-01-01", false, r.since);
    (void)cv_logline_bound(a->to != NULL ? a->to : "2200-12-31", true, r.until);
    st = CV_THEN(st, cv_ui_open(ui, &o));
    if (a->csv && !ui->json)
        st = CV_THEN(st, csv_head());
    st = CV_THEN(st, cv_audit_events(o.vault, "what left the vault", on_event, &r, &ui->err));
    if (st == CV_OK)
        cv_ui_say(
            ui,
            "\nTimes that something of a record left: %llu; fields in all: %llu; acts on a LEGAL BASIS, "
            "without consent: %llu.",
            (unsigned long long)r.records, (unsigned long long)r.fields, (unsigned long long)r.unconsented);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_audit_report = {
    .name = "audit report",
    .synopsis = "[--record ID] [--package ID] [--from DAY] [--to DAY] [-o FILE.html] [--csv]",
    .summary = "what left the vault: which field went to whom, when, on which consent",
    .details = "With -o: a page for who supervises: who did how much, refusals, reads at unusual hours and "
               "in bulk, what "
               "left and on which consents, changes of the rules, erasures. It opens in any browser, without "
               "a network, "
               "and prints. It is not sealed.",
    .opts = opts,
    .args_bytes = sizeof(struct args),
    .run = run,
};
