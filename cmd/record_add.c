#include <string.h>

#include "cmd/cmd.h"
#include "vault/record.h"

/* record add: what comes in. */

struct args {
    const char *reason;
};
static const struct cv_opt opts[] = {
    { "reason", 'r', "TEXT", "why; sealed into the access log", offsetof(struct args, reason), CV_OPT_TEXT },
    { 0 },
};

static cv_status print_stored(const struct cv_ui *ui, const struct cv_stored *stored)
{
    if (ui->json)
        return cv_ui_stored(ui, stored->id, stored->version);
    printf("%s\n", stored->id);
    cv_ui_say(ui, "Stored as version %llu.", (unsigned long long)stored->version);
    return CV_OK;
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
               "sections. It is checked, signed by you, sealed section by section, and durable when its id "
               "is printed.",
    .opts = opts,
    .args_bytes = sizeof(struct args),
    .words_max = 1,
    .run = run_add,
};
