#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/arrival.h"
#include "vault/origin.h"

/* record import: many records, a commit for each thousand; or those of a package from another vault. */

#define IMPORT_BATCH 1000

struct args {
    const char *reason, *package, *sender;
};
static const struct cv_opt opts[] = {
    { "package", 0, "FILE", "the records of a package that another vault sent to you",
      offsetof(struct args, package), CV_OPT_TEXT },
    { "sender-key", 0, "PRINT", "the fingerprint that its sender reads out", offsetof(struct args, sender),
      CV_OPT_TEXT },
    { "reason", 'r', "TEXT", "why; sealed into the access log", offsetof(struct args, reason), CV_OPT_TEXT },
    { 0 },
};

struct import {
    struct cv_ui *ui;
    struct cv_vault *vault;
    const char *name, *reason;
    FILE *file;
    char *line;
    size_t room;
    uint64_t line_number, stored, bytes, total;
    struct cv_json *brought; /* ids that lines brought along -> the line */
    bool ended;
};

/* at_line(im, st, why): the same fault, with its line. */
static cv_status at_line(struct import *im, cv_status st, const char *why)
{
    return cv_fail(&im->ui->err, st, "%.60s, line %" PRIu64 ": %.160s", im->name, im->line_number, why);
}

/* bare(line): without white space around it, and without a byte order mark before the first. */
static struct cv_bytes bare(const struct import *im, size_t n)
{
    struct cv_bytes line = CV_BYTES(im->line, n);
    if (im->line_number == 1 && line.n >= 3 && memcmp(line.p, "\xef\xbb\xbf", 3) == 0)
        line = CV_BYTES(line.p + 3, line.n - 3);
    while (line.n > 0 && strchr(" \t\r\n", line.p[line.n - 1]) != NULL && line.p[line.n - 1] != '\0')
        line.n--;
    while (line.n > 0 && (line.p[0] == ' ' || line.p[0] == '\t'))
        line = CV_BYTES(line.p + 1, line.n - 1);
    return line;
}

/* next_line(im, out): the next record, NULL at the end. Blank lines are passed over. */
static cv_status next_line(struct import *im, struct cv_json **out)
{
    *out = NULL;
    for (;;) {
        const ssize_t n = getline(&im->line, &im->room, im->file);
        struct cv_err err = { 0 };
        if (n < 0) {
            im->ended = true;
            return ferror(im->file) ? cv_fail_errno(&im->ui->err, "%s: cannot read", im->name) : CV_OK;
        }
        im->line_number++;
        im->bytes += (uint64_t)n;
        const struct cv_bytes line = bare(im, (size_t)n);
        if (line.n == 0)
            continue;
        cv_status st = cv_json_parse(line, CV_RECORD_MAX_BYTES, "record", out, &err);
        /* The parser's own line is always 1 here: of its message only what follows counts. */
        const char *why = strstr(err.msg, "line 1, ");
        return st == CV_OK ? CV_OK : at_line(im, st, why != NULL ? why + strlen("line 1, ") : err.msg);
    }
}

/* check_brought(im, record): an id stands once in a file. */
static cv_status check_brought(struct import *im, const struct cv_json *record)
{
    uint8_t raw[CV_ID_BYTES];
    char id[CV_ID_TEXT_BYTES], why[128];
    if (cv_json_get(record, "id") == NULL ||
        cv_id_parse(cv_json_text(cv_json_get(record, "id")), raw, NULL) != CV_OK)
        return CV_OK; /* none, or one that will be refused for what it is */
    cv_id_text(raw, id);
    if (cv_json_get(im->brought, id) == NULL)
        return cv_json_set(im->brought, id, cv_json_int((int64_t)im->line_number));
    snprintf(why, sizeof(why), "the id %s stands in line %lld already", id,
             (long long)cv_json_get_int(im->brought, id));
    return at_line(im, CV_ERR_EXISTS, why);
}

/* put(im, record, ids): one record into the commit; an error names its line. */
static cv_status put(struct import *im, struct cv_json *record, struct cv_json *ids)
{
    struct cv_stored stored;
    struct cv_err err = { 0 };
    cv_status st = check_brought(im, record);
    if (st != CV_OK)
        return st;
    st = cv_record_put(im->vault, record, &stored, &err);
    return st == CV_OK ? cv_json_push(ids, cv_json_str(stored.id)) : at_line(im, st, err.msg);
}

/* refuse(im, record): what its commit was given up for is logged before it is told. */
static cv_status refuse(struct import *im, const struct cv_json *record)
{
    struct cv_err why = im->ui->err;
    im->ui->err = (struct cv_err){ 0 };
    return cv_record_refuse(im->vault, record, "import", im->reason, why.msg, &im->ui->err);
}

/* answer(im, ids): what was stored; once it is. */
static cv_status answer(struct import *im, const struct cv_json *ids)
{
    cv_status st = CV_OK;
    im->stored += cv_json_len(ids);
    for (size_t i = 0; im->ui->json && i < cv_json_len(ids) && st == CV_OK; i++)
        st = cv_ui_stored(im->ui, cv_json_cstr(cv_json_at(ids, i)), 1);
    return st;
}

/* one_commit(im): up to a thousand records and the event that names them. */
static cv_status one_commit(struct import *im)
{
    struct cv_err *err = &im->ui->err;
    struct cv_json *ids = cv_json_array(), *record = NULL;
    cv_status st = next_line(im, &record);
    if (st != CV_OK || record == NULL) {
        cv_json_free(ids);
        return st;
    }
    st = cv_vault_begin(im->vault, err);
    const bool begun = st == CV_OK;
    while (st == CV_OK && record != NULL) {
        st = put(im, record, ids);
        if (st != CV_OK)
            break;
        cv_json_free(record);
        record = NULL;
        if (cv_json_len(ids) < IMPORT_BATCH)
            st = next_line(im, &record);
    }
    const struct cv_event event = { .action = "import", .ids = ids, .reason = im->reason };
    st = CV_THEN(st, cv_event_add(im->vault, &event, err));
    if (st == CV_OK)
        st = cv_vault_commit(im->vault, err);
    else if (begun)
        cv_vault_abort(im->vault);
    if (st == CV_ERR_DENIED && record != NULL)
        st = refuse(im, record);
    if (st == CV_OK)
        st = answer(im, ids);
    cv_json_free(record);
    cv_json_free(ids);
    return st;
}

/* open_file(im): the file, and how long it is where that can be known. */
static cv_status open_file(struct import *im)
{
    const bool is_stdin = strcmp(im->name, "-") == 0;
    im->file = is_stdin ? stdin : fopen(im->name, "re");
    if (im->file == NULL)
        return cv_fail_errno(&im->ui->err, "%s", im->name);
    if (!is_stdin && fseek(im->file, 0, SEEK_END) == 0) {
        const long end = ftell(im->file);
        im->total = end > 0 ? (uint64_t)end : 0;
        rewind(im->file);
    }
    if (is_stdin)
        im->name = "standard input";
    return CV_OK;
}

/* take_in(ui, a): it is judged before anything of this vault is opened. */
static cv_status take_in(struct cv_ui *ui, const struct args *a)
{
    struct cv_arrival arrival;
    struct cv_arrived got = { 0 };
    struct cv_opened o = { 0 };
    cv_status st = cv_arrival_open(ui, a->package, a->sender, &arrival);
    st = CV_THEN(st, cv_arrival_judge(ui, a->package, &arrival));
    st = CV_THEN(st, cv_ui_open(ui, &o));
    st = CV_THEN(st, cv_origin_import(o.vault, arrival.package, &arrival.verdict, a->reason, &got, &ui->err));
    for (size_t i = 0; i < cv_json_len(got.ids) && st == CV_OK && ui->json; i++)
        st = cv_ui_stored(ui, cv_json_cstr(cv_json_at(got.ids, i)), 1);
    if (st == CV_OK && !ui->json)
        printf("%zu records stored\n", cv_json_len(got.ids));
    if (st == CV_OK && got.dropped > 0)
        cv_ui_say(ui, "%zu references to records that did not come along were left out.", got.dropped);
    if (st == CV_OK)
        cv_ui_say(ui, "What their authors signed is kept beside them; `record origin` checks it again.");
    cv_json_free(got.ids);
    cv_arrival_free(&arrival);
    cv_ui_close(&o);
    return st;
}

static cv_status run(struct cv_ui *ui, const void *args)
{
    const struct args *a = args;
    if (a->package != NULL && ui->words.n > 0)
        return cv_fail(&ui->err, CV_ERR_ARG, "one or the other: a file of JSON lines, or --package FILE");
    if (a->package != NULL)
        return take_in(ui, a);
    struct import im = { .ui = ui,
                         .name = ui->words.n > 0 ? ui->words.w[0] : "-",
                         .reason = a->reason,
                         .brought = cv_json_object() };
    struct cv_opened o = { 0 };
    cv_status st = open_file(&im);
    st = CV_THEN(st, cv_ui_open(ui, &o));
    st = CV_THEN(st, cv_record_ready(o.vault, &ui->err));
    im.vault = o.vault;
    while (st == CV_OK && !im.ended) {
        st = one_commit(&im);
        cv_ui_progress(ui, "Importing, bytes", im.bytes, im.total > im.bytes ? im.total : im.bytes);
    }
    if (o.vault != NULL && !ui->json)
        printf("%" PRIu64 " records stored\n", im.stored);
    if (st != CV_OK && im.stored > 0)
        ui->hint = "whole commits of a thousand records stand; the one with this line was not stored";
    if (im.line != NULL)
        cv_wipe(im.line, im.room);
    free(im.line);
    if (im.file != NULL && im.file != stdin)
        fclose(im.file);
    cv_json_free(im.brought);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_record_import = {
    .name = "record import",
    .synopsis = "[--reason TEXT] [FILE | --package FILE]",
    .summary = "store many records: JSON lines, one commit per thousand; or those of a package",
    .details =
        "A package is checked as `verify` does, before anything is stored. Its records become records of "
        "this "
        "vault, with ids of their own; what their authors signed, and the proofs, are kept beside them.",
    .opts = opts,
    .args_bytes = sizeof(struct args),
    .words_max = 1,
    .run = run,
};
