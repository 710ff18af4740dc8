#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "vault/record.h"

/* record add, record import: what comes in. */

#define IMPORT_BATCH 1000

struct args {
    const char *reason;
};
static const struct cv_opt opts[] = {
    { "reason", 'r', "TEXT", "why; sealed into the access log", offsetof(struct args, reason), CV_OPT_TEXT },
    { 0 },
};

static cv_status print_stored(const struct cv_ui *ui, const struct cv_stored *stored)
{
    if (!ui->json) {
        printf("%s\n", stored->id);
        cv_ui_say(ui, "Stored as version %llu.", (unsigned long long)stored->version);
        return CV_OK;
    }
    struct cv_json *o = cv_json_object();
    cv_status st = cv_json_set(o, "id", cv_json_str(stored->id));
    st = CV_THEN(st, cv_json_set(o, "version", cv_json_int((int64_t)stored->version)));
    st = CV_THEN(st, cv_ui_print_json(o));
    cv_json_free(o);
    return st;
}

static cv_status run_add(struct cv_ui *ui, const void *args)
{
    const struct args *a = args;
    const char *path = ui->words.n > 0 ? ui->words.w[0] : "-";
    struct cv_opened o = { 0 };
    struct cv_buf text = { 0 };
    struct cv_json *record = NULL;
    struct cv_stored stored;
    cv_status st = cv_ui_read_file(ui, path, CV_RECORD_MAX_BYTES, &text);
    st = CV_THEN(st, cv_json_parse(cv_buf_view(&text), CV_RECORD_MAX_BYTES,
                                   strcmp(path, "-") == 0 ? "standard input" : path, &record, &ui->err));
    st = CV_THEN(st, cv_ui_open(ui, &o));
    st = CV_THEN(st, cv_record_add(o.vault, record, a->reason, &stored, &ui->err));
    st = CV_THEN(st, print_stored(ui, &stored));
    cv_json_free(record);
    cv_buf_free(&text);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_record_add = {
    .name = "record add",
    .synopsis = "[--reason TEXT] [FILE]",
    .summary = "store a record from a JSON file or standard input",
    .details = "The record is {\"type\":\"person\",\"identity\":{...},...}: a type of the template, and its "
               "sections.\n"
               "It is checked, signed by you, sealed section by section, and durable when its id is printed.",
    .opts = opts,
    .args_bytes = sizeof(struct args),
    .words_max = 1,
    .run = run_add,
};

/* ---- import ---- */

struct import {
    struct cv_ui *ui;
    struct cv_vault *vault;
    const char *name;
    FILE *file;
    char *line;
    size_t room;
    uint64_t line_number, stored, bytes, total;
    bool ended;
};

/* next_line(im, out): the next record, NULL at the end. Empty lines are passed over. */
static cv_status next_line(struct import *im, struct cv_json **out)
{
    struct cv_err *err = &im->ui->err;
    char where[128];
    *out = NULL;
    for (;;) {
        const ssize_t n = getline(&im->line, &im->room, im->file);
        if (n < 0) {
            im->ended = true;
            return ferror(im->file) ? cv_fail_errno(err, "%s: cannot read", im->name) : CV_OK;
        }
        im->line_number++;
        im->bytes += (uint64_t)n;
        snprintf(where, sizeof(where), "%.80s, line %llu", im->name, (unsigned long long)im->line_number);
        if (n > 1)
            return cv_json_parse(CV_BYTES(im->line, (size_t)n), CV_RECORD_MAX_BYTES, where, out, err);
    }
}

/* put(im, record, ids): one record into the commit; an error names its line. */
static cv_status put(struct import *im, struct cv_json *record, struct cv_json *ids)
{
    struct cv_stored stored;
    struct cv_err err = { 0 };
    cv_status st = cv_record_put(im->vault, record, &stored, &err);
    if (st != CV_OK)
        return cv_fail(&im->ui->err, st, "%.60s, line %llu: %.160s", im->name,
                       (unsigned long long)im->line_number, err.msg);
    st = cv_json_push(ids, cv_json_str(stored.id));
    if (st == CV_OK && im->ui->json)
        printf("{\"id\":\"%s\",\"version\":1}\n", stored.id);
    return st;
}

/* one_commit(im, reason): up to a thousand records and the event that names them. */
static cv_status one_commit(struct import *im, const char *reason)
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
        cv_json_free(record);
        record = NULL;
        if (st == CV_OK && cv_json_len(ids) < IMPORT_BATCH)
            st = next_line(im, &record);
    }
    const struct cv_event event = { .action = "import", .ids = ids, .reason = reason };
    st = CV_THEN(st, cv_event_add(im->vault, &event, err));
    if (st == CV_OK) {
        st = cv_vault_commit(im->vault, err);
        im->stored += st == CV_OK ? cv_json_len(ids) : 0;
    } else if (begun)
        cv_vault_abort(im->vault);
    cv_json_free(record);
    cv_json_free(ids);
    return st;
}

static cv_status run_import(struct cv_ui *ui, const void *args)
{
    const struct args *a = args;
    struct import im = { .ui = ui, .name = ui->words.n > 0 ? ui->words.w[0] : "-" };
    struct cv_opened o = { 0 };
    const bool is_stdin = strcmp(im.name, "-") == 0;
    im.file = is_stdin ? stdin : fopen(im.name, "re");
    cv_status st = im.file == NULL ? cv_fail_errno(&ui->err, "%s", im.name) : cv_ui_open(ui, &o);
    if (st == CV_OK && !is_stdin && fseek(im.file, 0, SEEK_END) == 0) {
        const long end = ftell(im.file);
        im.total = end > 0 ? (uint64_t)end : 0;
        rewind(im.file);
    }
    if (is_stdin)
        im.name = "standard input";
    im.vault = o.vault;
    while (st == CV_OK && !im.ended) {
        st = one_commit(&im, a->reason);
        cv_ui_progress(ui, "Importing, bytes", im.bytes, im.total > im.bytes ? im.total : im.bytes);
    }
    if (o.vault != NULL && !ui->json)
        printf("%llu records stored\n", (unsigned long long)im.stored);
    if (st != CV_OK && o.vault != NULL)
        ui->hint = "whole commits of a thousand records stand; the one with this line was not stored";
    if (im.line != NULL)
        cv_wipe(im.line, im.room);
    free(im.line);
    if (im.file != NULL && !is_stdin)
        fclose(im.file);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_record_import = {
    .name = "record import",
    .synopsis = "[--reason TEXT] [FILE]",
    .summary = "store many records: JSON lines, one commit per thousand",
    .opts = opts,
    .args_bytes = sizeof(struct args),
    .words_max = 1,
    .run = run_import,
};
