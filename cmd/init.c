#include "cmd/cmd.h"
#include "vault/event.h"

struct args {
    const char *template;
    bool training;
};
static const struct cv_opt opts[] = {
    { "template", 't', "FILE", "record types and sections of your own (see docs/TEMPLATE.md)",
      offsetof(struct args, template), CV_OPT_TEXT },
    { "training", 0, NULL, "a vault for training, with an identity for training",
      offsetof(struct args, training), CV_OPT_FLAG },
    { 0 },
};

/* check_kind(ui, id, training): nobody founds a mission's vault with keys that were made to be played with.
 */
static cv_status check_kind(struct cv_ui *ui, const struct cv_identity *id, bool training)
{
    if (id->public.training == training)
        return CV_OK;
    ui->hint = training ? "casevault identity new --training FILE"
                        : "casevault identity new FILE; or init --training, for a training vault";
    return cv_fail(&ui->err, CV_ERR_DENIED, "%s",
                   training ? "this is an identity for real work: a training vault does not take it"
                            : "this is a training identity: it founds no vault for real work");
}

/* read_template(ui, path, out): the file, or the default; a fault in it is told with the file's name, before
 * anybody is asked for a passphrase. */
static cv_status read_template(struct cv_ui *ui, const char *path, struct cv_buf *out)
{
    struct cv_template *t = NULL;
    struct cv_err err = { 0 };
    if (path == NULL)
        return cv_buf_append(out, cv_template_default_text());
    cv_status st = cv_ui_read_file(ui, path, CV_TEMPLATE_MAX_BYTES, out);
    if (st != CV_OK)
        return st;
    st = cv_template_parse(cv_buf_view(out), &t, &err);
    cv_template_free(t);
    return st == CV_OK ? CV_OK : cv_fail(&ui->err, st, "%.80s: %s", path, err.msg);
}

static cv_status run(struct cv_ui *ui, const void *args)
{
    const struct args *a = args;
    const struct cv_event event = { .action = "init", .detail = "the vault was founded" };
    struct cv_buf text = { 0 };
    struct cv_identity id = { 0 };
    struct cv_vault *v = NULL;
    char print[CV_FINGERPRINT_BYTES];
    cv_status st = read_template(ui, a->template, &text);
    st = CV_THEN(st, cv_ui_identity(ui, &id));
    st = CV_THEN(st, check_kind(ui, &id, a->training));
    st = CV_THEN(st, cv_vault_init(ui->words.w[0], cv_buf_view(&text), &id, &ui->err));
    st = CV_THEN(st, cv_vault_open(ui->words.w[0], NULL, &id, &v, &ui->err));
    st = CV_THEN(st, cv_event_log(v, &event, &ui->err));
    if (st == CV_OK) {
        cv_vault_fingerprint(cv_vault_policy(v)->vault, print);
        cv_ui_training(ui, cv_vault_policy(v)->training);
        printf("%s\n", print);
        cv_ui_say(ui,
                  "\nThe vault stands in %s. Its fingerprint is above: read it out to everyone who joins.\n"
                  "You hold every role's key now, because somebody must hand them on. Next:\n"
                  "  casevault member add       admit your colleagues, by the lines they send you\n"
                  "  casevault recovery split   shares for the day when all keys are lost\n"
                  "  casevault role rotate      by whoever holds a role: keys that you do not have\n"
                  "What you could read until then stays readable to you.",
                  ui->words.w[0]);
    }
    cv_vault_close(v);
    cv_identity_free(&id);
    cv_buf_free(&text);
    return st;
}

const struct cv_cmd cv_cmd_init = {
    .name = "init",
    .synopsis = "[--template FILE] [--training] DIR",
    .summary = "found a vault in a new directory",
    .opts = opts,
    .args_bytes = sizeof(struct args),
    .words_min = 1,
    .words_max = 1,
    .run = run,
};
