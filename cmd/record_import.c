#include <inttypes.h>
#include <string.h>

#include "cmd/arrival.h"
#include "cmd/import.h"
#include "cmd/import_known.h"
#include "formats/date.h"
#include "vault/origin.h"

/* record import: many records, a commit for each thousand; or those of a package from another vault. */

#define IMPORT_BATCH 1000
#define PREVIEW_ROWS 3

struct args {
    struct cv_import_how how;
    const char *reason, *package, *sender;
    bool dry_run, skip_refused, again, known_ok;
};
static const struct cv_opt opts[] = {
    { "dry-run", 'n', NULL,
      "store nothing: show the first rows as they would be stored, and all that is refused",
      offsetof(struct args, dry_run), CV_OPT_FLAG },
    { "lines", 0, "A-B", "only what stands in these lines of the file", offsetof(struct args, how.lines),
      CV_OPT_TEXT },
    { "only", 0, "TYPE", "only records of this type (may be given again)", offsetof(struct args, how.only),
      CV_OPT_LIST },
    { "skip-refused", 0, NULL, "store the rest where rows are refused", offsetof(struct args, skip_refused),
      CV_OPT_FLAG },
    { "again", 0, NULL, "also what was imported before", offsetof(struct args, again), CV_OPT_FLAG },
    { "known-ok", 0, NULL, "do not look whether persons are known already", offsetof(struct args, known_ok),
      CV_OPT_FLAG },
    { "map", 'm', "FILE", "CSV: what columns mean (docs/IMPORT.md)", offsetof(struct args, how.map),
      CV_OPT_TEXT },
    { "set", 0, "FIELD=VALUE", "CSV: for records without it (may be given again)",
      offsetof(struct args, how.set), CV_OPT_LIST },
    { "without", 0, "COLUMN", "CSV: leave this column out (may be given again)",
      offsetof(struct args, how.without), CV_OPT_LIST },
    { "dates", 0, "dmy|mdy", "CSV: how to read a date like 03/04/2024", offsetof(struct args, how.dates),
      CV_OPT_TEXT },
    { "delimiter", 0, "C", "CSV: what parts the cells: , ; | or tab (else the header shows it)",
      offsetof(struct args, how.delimiter), CV_OPT_TEXT },
    { "encoding", 0, "NAME", "of the text, where it is not UTF-8: windows-1250, windows-1251, ...",
      offsetof(struct args, how.encoding), CV_OPT_TEXT },
    { "seal-passphrase-file", 0, "FILE",
      "of a sealed export: its passphrase is the first line (else it is asked for)",
      offsetof(struct args, how.passphrase_file), CV_OPT_TEXT },
    { "package", 0, "FILE", "the records of a package that another vault sent to you",
      offsetof(struct args, package), CV_OPT_TEXT },
    { "sender-key", 0, "PRINT", "the fingerprint that its sender reads out", offsetof(struct args, sender),
      CV_OPT_TEXT },
    { "reason", 'r', "TEXT", "why; sealed into the access log", offsetof(struct args, reason), CV_OPT_TEXT },
    { 0 },
};

struct import {
    struct cv_ui *ui;
    const struct args *a;
    struct cv_vault *vault;
    struct cv_import_file *file;
    struct cv_seen *seen;
    struct cv_import_known *persons; /* NULL: it is not asked whether they are known */
    struct cv_json *ids;             /* of the commit under way; NULL: none is */
    struct cv_import_again before;
    uint64_t stored, rows, refused, shown, last_fault;
};

/* at_line(im, line, st, why): the same fault, with its line. */
static cv_status at_line(struct import *im, uint64_t line, cv_status st, const char *why)
{
    return cv_fail(&im->ui->err, st, "%.60s, line %" PRIu64 ": %s", cv_import_name(im->file), line, _(why));
}

/* ---- commits ---- */

/* begin(im, news): did others store something in the meantime? */
static cv_status begin(struct import *im, bool *news)
{
    cv_status st = cv_seen_begin(im->seen, news, &im->ui->err);
    if (st == CV_OK && (im->ids = cv_json_array()) == NULL) {
        cv_vault_abort(im->vault);
        st = CV_ERR_NOMEM;
    }
    return st;
}

static void give_up(struct import *im)
{
    if (im->ids == NULL)
        return;
    cv_vault_abort(im->vault);
    (void)!cv_seen_done(im->seen, false);
    if (im->persons != NULL)
        cv_import_known_forget(im->persons);
    cv_json_free(im->ids);
    im->ids = NULL;
}

/* answer(im): what was stored; once it is. */
static cv_status answer(struct import *im)
{
    cv_status st = CV_OK;
    im->stored += cv_json_len(im->ids);
    for (size_t i = 0; im->ui->json && i < cv_json_len(im->ids) && st == CV_OK; i++)
        st = cv_ui_stored(im->ui, cv_json_cstr(cv_json_at(im->ids, i)), 1);
    cv_json_free(im->ids);
    im->ids = NULL;
    return im->persons != NULL ? CV_THEN(st, cv_import_known_stand(im->persons)) : st;
}

/* commit(im): the records at hand and the event that names them. */
static cv_status commit(struct import *im)
{
    struct cv_err *err = &im->ui->err;
    const struct cv_event event = { .action = "import", .ids = im->ids, .reason = im->a->reason };
    if (im->ids == NULL)
        return CV_OK;
    cv_status st = cv_json_len(im->ids) == 0 ? CV_ERR_NOTFOUND : cv_import_unchanged(im->file);
    st = CV_THEN(st, cv_event_add(im->vault, &event, err));
    st = CV_THEN(st, cv_seen_keep(im->seen, err));
    if (st != CV_OK) {
        give_up(im);
        return st == CV_ERR_NOTFOUND ? CV_OK : st;
    }
    st = cv_vault_commit(im->vault, err);
    st = CV_THEN(st, cv_seen_done(im->seen, true));
    if (st == CV_OK)
        return answer(im);
    cv_json_free(im->ids);
    im->ids = NULL;
    return st;
}

/* ---- records ---- */

/* put(im, item, i, mark): one record into the commit; an error names its line. */
static cv_status put(struct import *im, const struct cv_import_item *item, size_t i,
                     const struct cv_mark *mark)
{
    const struct cv_import how = { &mark->from, !item->own_ids };
    struct cv_json *record = cv_json_at(item->records, i);
    struct cv_stored stored;
    struct cv_err err = { 0 };
    cv_status st = cv_record_put_from(im->vault, record, &how, &stored, &err);
    if (st == CV_ERR_IO || st == CV_ERR_NOMEM || st == CV_ERR_INTERNAL) /* no fault of this line */
        return cv_fail(&im->ui->err, st, "%s", err.msg);
    if (st != CV_OK)
        return at_line(im, item->line, st, err.msg);
    st = cv_seen_note(im->seen, mark, &stored);
    if (im->persons != NULL)
        st = CV_THEN(st, cv_import_known_add(im->persons, item->line, record, stored.id));
    return CV_THEN(st, cv_json_push(im->ids, cv_json_str(stored.id)));
}

/* refuse(im, record): what its commit was given up for is logged before it is told. */
static cv_status refuse(struct import *im, const struct cv_json *record)
{
    struct cv_err why = im->ui->err;
    give_up(im);
    im->ui->err = (struct cv_err){ 0 };
    return cv_record_refuse(im->vault, record, "import", im->a->reason, why.msg, &im->ui->err);
}

/* check(im, item, marks): would all that are new be taken? Asked before any of them is, so that a row can be
 * passed over. */
static cv_status check(struct import *im, const struct cv_import_item *item,
                       const struct cv_import_marks *marks, struct cv_err *why)
{
    cv_status st = CV_OK;
    for (size_t i = 0; i < cv_json_len(item->records) && st == CV_OK; i++) {
        if (marks->before[i].known)
            continue;
        const struct cv_import how = { NULL, !item->own_ids };
        struct cv_json *copy = cv_json_copy(cv_json_at(item->records, i));
        st = copy == NULL ? CV_ERR_NOMEM : cv_record_check(im->vault, copy, &how, why);
        cv_json_free(copy);
    }
    return st;
}

/* refusals_to(im): they are what a dry run answers. */
static FILE *refusals_to(const struct import *im)
{
    return im->a->dry_run ? stdout : stderr;
}

/* refused(im, item, why): a row that is passed over; what stops all of it is given on. */
static cv_status refused(struct import *im, const struct cv_import_item *item, cv_status st, const char *why)
{
    if (st == CV_ERR_NOMEM || st == CV_ERR_IO)
        return cv_fail(&im->ui->err, st, "%s", why);
    if (cv_json_len(im->ids) == 0)
        give_up(im); /* nothing of it is to be stored: let others write */
    im->refused++;
    return cv_import_refused(im->ui, refusals_to(im), item->line, NULL, why);
}

/* preview(im, line, record): as it would be stored. */
static cv_status preview(struct import *im, uint64_t line, struct cv_json *record)
{
    char today[CV_DATE_BYTES];
    cv_date_today(0, today);
    cv_status st = cv_template_default(im->vault->template, record, today, &im->ui->err);
    return CV_THEN(st, cv_import_preview(im->ui, im->vault->template, line, record));
}

/* rehearse(im, item, marks): what a dry run says of a row. */
static cv_status rehearse(struct import *im, const struct cv_import_item *item,
                          const struct cv_import_marks *marks)
{
    struct cv_err why = { 0 };
    cv_status st = check(im, item, marks, &why);
    if (st != CV_OK)
        return refused(im, item, st, why.msg);
    im->stored += marks->fresh;
    const bool show = im->shown++ < PREVIEW_ROWS;
    for (size_t i = 0; i < cv_json_len(item->records) && st == CV_OK; i++) {
        struct cv_json *record = cv_json_at(item->records, i);
        if (marks->before[i].known)
            continue;
        if (im->persons != NULL)
            st = cv_import_known_add(im->persons, item->line, record, NULL);
        if (show)
            st = CV_THEN(st, preview(im, item->line, record));
    }
    return st;
}

/* store(im, item, marks): the new records of a row, into the commit under way. */
static cv_status store(struct import *im, const struct cv_import_item *item,
                       const struct cv_import_marks *marks)
{
    struct cv_err why = { 0 };
    cv_status st = CV_OK;
    size_t i = 0;
    if (im->a->skip_refused && (st = check(im, item, marks, &why)) != CV_OK)
        return refused(im, item, st, why.msg);
    for (; i < cv_json_len(item->records) && st == CV_OK; i++)
        if (!marks->before[i].known)
            st = put(im, item, i, &marks->m[i]);
    if (st == CV_ERR_DENIED)
        return refuse(im, cv_json_at(item->records, i - 1));
    return st == CV_OK && cv_json_len(im->ids) >= IMPORT_BATCH ? commit(im) : st;
}

/* look_up(im, item, marks): before something of a row is stored, nobody else can store it any more. */
static cv_status look_up(struct import *im, const struct cv_import_item *item, struct cv_import_marks *marks)
{
    bool news = false;
    cv_status st = cv_import_look_up(im->ui, im->seen, item, im->a->again, marks);
    if (st != CV_OK || marks->fresh == 0 || im->a->dry_run || im->ids != NULL)
        return st;
    st = begin(im, &news);
    if (news)
        st = CV_THEN(st, cv_import_look_up(im->ui, im->seen, item, im->a->again, marks));
    if (st == CV_OK && marks->fresh == 0)
        give_up(im);
    return st;
}

static cv_status take_item(void *arg, const struct cv_import_item *item)
{
    struct import *im = arg;
    struct cv_import_marks marks;
    im->rows++;
    if (cv_json_len(item->records) > CV_IMPORT_RECORDS_MAX)
        return at_line(im, item->line, CV_ERR_LIMIT, "too many records in one row");
    cv_status st = look_up(im, item, &marks);
    if (st != CV_OK)
        return st;
    cv_import_again_note(&im->before, item, &marks);
    if (marks.fresh == 0)
        return CV_OK;
    st = cv_import_join(im->ui, im->seen, im->vault->template, item, &marks);
    if (st != CV_OK)
        return st;
    return im->a->dry_run ? rehearse(im, item, &marks) : store(im, item, &marks);
}

/* take_fault(im, ...): every one is told in a dry run, and where the rest is to be stored; else the first
 * ends it. */
static cv_status take_fault(void *arg, uint64_t line, const char *column, const char *why)
{
    struct import *im = arg;
    char both[CV_ERR_BYTES];
    if (im->a->dry_run || im->a->skip_refused) {
        if (im->last_fault != line) { /* a row with several faults is refused once */
            im->refused++;
            im->rows++;
        }
        im->last_fault = line;
        return cv_import_refused(im->ui, refusals_to(im), line, column, why);
    }
    snprintf(both, sizeof(both), "%.60s%s%s", column != NULL ? column : "", column != NULL ? ": " : "", why);
    return at_line(im, line, CV_ERR_FORMAT, both);
}

/* ---- packages ---- */

/* take_in(ui, a): it is judged before anything of this vault is opened. */
static cv_status take_in(struct cv_ui *ui, const struct args *a)
{
    struct cv_arrival arrival;
    struct cv_arrived got = { 0 };
    struct cv_opened o = { 0 };
    cv_status st = cv_arrival_open(ui, a->package, a->sender, true, &arrival);
    st = CV_THEN(st, cv_arrival_judge(ui, a->package, &arrival));
    st = CV_THEN(st, cv_ui_open(ui, &o));
    st =
        CV_THEN(st, cv_origin_import(o.vault, &arrival.package, &arrival.verdict, a->reason, &got, &ui->err));
    for (size_t i = 0; i < cv_json_len(got.ids) && st == CV_OK && ui->json; i++)
        st = cv_ui_stored(ui, cv_json_cstr(cv_json_at(got.ids, i)), 1);
    if (st == CV_OK && !ui->json)
        cv_print_n(stdout, cv_json_len(got.ids), "%zu record stored\n", "%zu records stored\n",
                   cv_json_len(got.ids));
    if (st == CV_OK && got.dropped > 0)
        cv_ui_say_n(ui, got.dropped, "%zu reference to a record that did not come along was left out.",
                    "%zu references to records that did not come along were left out.", got.dropped);
    if (st == CV_OK)
        cv_ui_say(ui, "What their authors signed is kept beside them; `record origin` checks it again.");
    cv_json_free(got.ids);
    cv_arrival_free(&arrival);
    cv_ui_close(&o);
    return st;
}

/* ---- the command ---- */

/* summary(im): what came of it, in a line or two; of a wrong option, nothing did. */
static cv_status summary(struct import *im, cv_status st)
{
    if (st == CV_ERR_ARG)
        return st;
    if (!im->ui->json && im->a->dry_run && st == CV_OK)
        cv_print_n(stdout, im->stored, "%" PRIu64 " record would be stored\n",
                   "%" PRIu64 " records would be stored\n", im->stored);
    else if (!im->ui->json && !im->a->dry_run)
        cv_print_n(stdout, im->stored, "%" PRIu64 " record stored\n", "%" PRIu64 " records stored\n",
                   im->stored);
    cv_import_again_tell(im->ui, &im->before);
    if (st == CV_OK && im->refused > 0)
        return im->a->dry_run ? cv_fail_n(&im->ui->err, CV_ERR_FORMAT, im->rows,
                                          "%s: %" PRIu64 " of %" PRIu64 " row would be refused",
                                          "%s: %" PRIu64 " of %" PRIu64 " rows would be refused",
                                          cv_import_name(im->file), im->refused, im->rows)
                              : cv_fail_n(&im->ui->err, CV_ERR_FORMAT, im->rows,
                                          "%s: %" PRIu64 " of %" PRIu64 " row was refused; see above",
                                          "%s: %" PRIu64 " of %" PRIu64 " rows were refused; see above",
                                          cv_import_name(im->file), im->refused, im->rows);
    if (st != CV_OK && im->stored > 0 && !im->a->dry_run)
        im->ui->hint =
            "whole commits of a thousand records stand; put right what is wrong, and import the file "
            "again: it goes on from there";
    return st;
}

/* tell_known(im, st): also of what stands when the rest could not be stored; why is told first. */
static cv_status tell_known(struct import *im, cv_status st)
{
    const struct cv_err why = im->ui->err;
    const cv_status told = im->persons != NULL ? cv_import_known_end(im->persons) : CV_OK;
    if (st != CV_OK)
        im->ui->err = why;
    return CV_THEN(st, told);
}

static cv_status import(struct import *im, const char *path)
{
    const struct cv_import_to to = { .item = take_item, .fault = take_fault, .arg = im };
    struct cv_buf template = { 0 };
    struct cv_opened o = { 0 };
    cv_status st = cv_import_open(im->ui, path, &im->a->how, &im->file);
    st = CV_THEN(st, cv_ui_open(im->ui, &o));
    im->vault = o.vault;
    st = CV_THEN(st, cv_seen_open(o.vault, &im->seen, &im->ui->err));
    if (st == CV_OK && im->vault != NULL) {
        if (!im->a->known_ok)
            st = cv_import_known_new(im->ui, im->vault, im->a->reason, im->a->dry_run, &im->persons);
        st = CV_THEN(st, cv_vault_template_text(o.vault, &template, &im->ui->err));
        st = CV_THEN(st, cv_import_read(im->file, cv_buf_view(&template), &to));
        if (st == CV_OK)
            st = commit(im);
        give_up(im);
        st = tell_known(im, st);
        st = summary(im, st);
    }
    cv_buf_free(&template);
    cv_import_known_free(im->persons);
    cv_seen_close(im->seen);
    cv_import_close(im->file);
    cv_ui_close(&o);
    return st;
}

static cv_status run(struct cv_ui *ui, const void *args)
{
    const struct args *a = args;
    struct import im = { .ui = ui, .a = a };
    if (a->package != NULL && ui->words.n > 0)
        return cv_fail(&ui->err, CV_ERR_ARG,
                       "one or the other: a file of JSON lines or CSV, or --package FILE");
    if (a->package != NULL &&
        (a->dry_run || a->skip_refused || a->again || a->how.lines != NULL || a->how.only.n > 0 ||
         a->how.encoding != NULL || a->how.passphrase_file != NULL || cv_import_how_csv(&a->how)))
        return cv_fail(&ui->err, CV_ERR_ARG,
                       "--package is taken in whole; see `casevault verify` for a look at it");
    return a->package != NULL ? take_in(ui, a) : import(&im, ui->words.n > 0 ? ui->words.w[0] : "-");
}

const struct cv_cmd cv_cmd_record_import = {
    .name = "record import",
    .synopsis = "[--dry-run] [--reason TEXT] [FILE | --package FILE]",
    .summary = "store many records: JSON lines or CSV, one commit per thousand; or those of a package",
    .details =
        "CSV is taken as KoboToolbox and ODK export it from the survey form of the Human Trafficking Case "
        "Data "
        "Standard, from the standard's sheets, or by a --map: see docs/IMPORT.md. A row becomes a person and "
        "their case. What was imported before is known again, so that an import that was broken off goes on "
        "when it is called again. Persons who may be known already are told, line by line.\n"
        "A package is checked as `verify` does, before anything is stored. Its records become records of "
        "this "
        "vault, with ids of their own; what their authors signed, and the proofs, are kept beside them.",
    .opts = opts,
    .args_bytes = sizeof(struct args),
    .words_max = 1,
    .run = run,
};
