#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "formats/base64.h"
#include "formats/note.h"
#include "vault/misconduct.h"

/* audit misconduct: two signed heads that cannot both be true, as a file that proves it to anybody. */

struct args {
    const char *head, *output, *check, *log_key;
};
static const struct cv_opt opts[] = {
    { "head", 0, "FILE", "a signed checkpoint, as somebody else was given it", offsetof(struct args, head),
      CV_OPT_TEXT },
    { "output", 'o', "FILE", "where to write the proof (default: standard output)",
      offsetof(struct args, output), CV_OPT_TEXT },
    { "check", 0, "FILE", "check such a proof; needs no vault", offsetof(struct args, check), CV_OPT_TEXT },
    { "log-key", 0, "VKEY", "with --check: the log's key, as `audit head` prints it",
      offsetof(struct args, log_key), CV_OPT_TEXT },
    { 0 },
};

static cv_status find(struct cv_ui *ui, const struct args *a)
{
    char path[4096];
    struct cv_buf head = { 0 }, out = { 0 };
    cv_status st = cv_ui_vault_path(ui, path);
    st = CV_THEN(st, cv_ui_read_file(ui, a->head, CV_MISCONDUCT_MAX_BYTES / 2, &head));
    st = CV_THEN(st, cv_misconduct_find(path, cv_buf_view(&head), &out, &ui->err));
    st = CV_THEN(st, cv_ui_write_file(ui, a->output != NULL ? a->output : "-", cv_buf_view(&out)));
    if (st == CV_OK && a->output != NULL)
        cv_print("They cannot both be true. The proof is %s; anybody checks it with\n"
                 "casevault audit misconduct --check FILE --log-key VKEY\n",
                 a->output);
    cv_buf_free(&head);
    cv_buf_free(&out);
    return st;
}

/* print_head(which, head): members' names beside the log's are left out: their keys are not at hand. */
static cv_status print_head(const char *which, const struct cv_checkpoint *head)
{
    struct cv_buf root = { 0 };
    cv_status st = cv_base64_encode(CV_BASE64_STD, CV_ARR(head->root.b), &root);
    if (st == CV_OK)
        cv_print_n(stdout, head->size, "%s: %" PRIu64 " entry, %.*s\n", "%s: %" PRIu64 " entries, %.*s\n",
                   _(which), head->size, (int)root.n, (const char *)root.p);
    cv_buf_free(&root);
    return st;
}

static cv_status check(struct cv_ui *ui, const struct args *a)
{
    struct cv_buf file = { 0 };
    struct cv_misconduct m = { 0 };
    struct cv_checkpoint heads[2];
    struct cv_note_key key;
    if (a->log_key == NULL ||
        cv_note_vkey_parse(cv_bytes_str(a->log_key), CV_NOTE_TYPE_ED25519, &key, NULL) != CV_OK)
        return cv_fail(&ui->err, CV_ERR_ARG, "of which log? Add --log-key VKEY, as `audit head` prints it");
    cv_status st = cv_ui_read_file(ui, a->check, CV_MISCONDUCT_MAX_BYTES, &file);
    st = CV_THEN(st, cv_misconduct_parse(cv_buf_view(&file), &m, &ui->err));
    st = CV_THEN(st, cv_misconduct_verify(&m, key.public, heads, &ui->err));
    if (st == CV_OK && strcmp(key.name, heads[0].origin) != 0)
        st = cv_fail(&ui->err, CV_ERR_AUTH, "it is of the log %.100s, not of that of the key you named",
                     heads[0].origin);
    if (st == CV_OK)
        cv_print("Proved: the log signed two heads that cannot both be true.\n");
    st = CV_THEN(st, print_head(N_("First "), &heads[0]));
    st = CV_THEN(st, print_head(N_("Second"), &heads[1]));
    cv_misconduct_free(&m);
    cv_buf_free(&file);
    return st;
}

static cv_status run(struct cv_ui *ui, const void *args)
{
    const struct args *a = args;
    if ((a->head != NULL) + (a->check != NULL) != 1)
        return cv_fail(&ui->err, CV_ERR_ARG, "wanted: one of --head FILE and --check FILE");
    return a->check != NULL ? check(ui, a) : find(ui, a);
}

const struct cv_cmd cv_cmd_audit_misconduct = {
    .name = "audit misconduct",
    .synopsis = "--head FILE | --check FILE --log-key VKEY",
    .summary = "prove to anybody that the log signed two heads that cannot both be true",
    .details =
        "--head takes a signed checkpoint that somebody kept or was given, as `audit head -o` wrote it. "
        "`audit verify` keeps one, and writes "
        "the proof by itself when the log tells another story.",
    .opts = opts,
    .args_bytes = sizeof(struct args),
    .run = run,
};
