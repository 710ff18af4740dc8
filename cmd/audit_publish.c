#include <inttypes.h>

#include "cmd/cmd.h"
#include "formats/base64.h"
#include "vault/publish.h"

/* audit publish: the log as static files, for whoever follows it from outside. */

struct args {
    bool all;
};
static const struct cv_opt opts[] = {
    { "all", 0, NULL, "compare every file that is there, and mend", offsetof(struct args, all), CV_OPT_FLAG },
    { 0 },
};

static cv_status set_count(struct cv_json *o, const char *name, uint64_t n)
{
    return cv_json_set(o, name, cv_json_int((int64_t)n));
}

static cv_status answer(const struct cv_ui *ui, const struct cv_published *p, const char *root)
{
    struct cv_json *o = cv_json_object();
    cv_status st = set_count(o, "size", p->size);
    st = CV_THEN(st, set_count(o, "before", p->before));
    st = CV_THEN(st, cv_json_set(o, "root", cv_json_str(root)));
    st = CV_THEN(st, set_count(o, "files", p->files));
    st = CV_THEN(st, set_count(o, "bytes", p->bytes));
    st = CV_THEN(st, set_count(o, "mended", p->repaired));
    st = CV_THEN(st, cv_json_set(o, "log_key", cv_json_str((const char *)p->vkey.p)));
    st = CV_THEN(st, cv_ui_answer(ui, o));
    cv_json_free(o);
    return st;
}

static void say(const struct cv_published *p, const char *root)
{
    if (p->size == p->before)
        cv_print_n(stdout, p->size, "Nothing new: %" PRIu64 " entry is published.\n",
                   "Nothing new: %" PRIu64 " entries are published.\n", p->size);
    else
        cv_print_n(stdout, p->size, "Published: %" PRIu64 " entry, %" PRIu64 " of them new.\n",
                   "Published: %" PRIu64 " entries, %" PRIu64 " of them new.\n", p->size,
                   p->size - p->before);
    cv_print_n(stdout, p->files, "%" PRIu64 " file written, %" PRIu64 " bytes.\n",
               "%" PRIu64 " files written, %" PRIu64 " bytes.\n", p->files, p->bytes);
    if (p->repaired > 0)
        cv_print_n(stdout, p->repaired, "%" PRIu64 " of these was there and was not what it should be.\n",
                   "%" PRIu64 " of these were there and were not what they should be.\n", p->repaired);
    cv_print("Head: %" PRIu64 " %s\nLog key: %s\n", p->size, root, (const char *)p->vkey.p);
}

static cv_status run(struct cv_ui *ui, const void *args)
{
    const struct args *a = args;
    struct cv_custody *custody = NULL;
    struct cv_published published = { 0 };
    struct cv_buf root = { 0 };
    cv_status st = cv_ui_open_log(ui, &custody);
    st = CV_THEN(st, cv_publish(custody, ui->words.w[0], a->all, &published, &ui->err));
    st = CV_THEN(st, cv_base64_encode(CV_BASE64_STD, CV_ARR(published.root.b), &root));
    st = CV_THEN(st, cv_buf_append(&root, CV_LIT("\0")));
    if (st == CV_OK && ui->json)
        st = answer(ui, &published, (const char *)root.p);
    else if (st == CV_OK)
        say(&published, (const char *)root.p);
    cv_buf_free(&root);
    cv_buf_free(&published.vkey);
    cv_custody_close(custody);
    return st;
}

const struct cv_cmd cv_cmd_audit_publish = {
    .name = "audit publish",
    .synopsis = "[--all] DIR",
    .summary = "write the log to a directory that others can follow, without any key",
    .details =
        "As static files for any web server (C2SP tlog-tiles). They tell how many entries of which kind "
        "there are, and hashes; nothing of what is in them. Only what is new is written, the checkpoint "
        "last. Give the log key that is printed to those who follow, by another way.",
    .opts = opts,
    .args_bytes = sizeof(struct args),
    .words_min = 1,
    .words_max = 1,
    .run = run,
};
