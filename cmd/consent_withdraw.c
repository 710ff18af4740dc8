#include <string.h>

#include "cmd/cmd.h"
#include "vault/consent.h"

/* consent withdraw: that somebody wants it no more. */

struct args {
    const char *reason;
};
static const struct cv_opt opts[] = {
    { "reason", 'r', "TEXT", "why; sealed into the access log", offsetof(struct args, reason), CV_OPT_TEXT },
    { 0 },
};

/* check_given(ui, v, id, reason): only what was given, and stands, can be withdrawn. */
static cv_status check_given(struct cv_ui *ui, struct cv_vault *v, const char *id, const char *reason)
{
    struct cv_consent c = { 0 };
    cv_status st = cv_consent_find(v, id, reason, &c, &ui->err);
    const char *state = cv_json_get_str(c.data, "state");
    if (st == CV_OK && state != NULL && strcmp(state, "Withdrawn") == 0)
        st = cv_fail(&ui->err, CV_ERR_EXISTS,
                     "consent %s was withdrawn already; nothing was changed, and nothing is to do", c.id);
    else if (st == CV_OK && (state == NULL || strcmp(state, "Given") != 0))
        st = cv_fail(&ui->err, CV_ERR_EXISTS,
                     "consent %s was never given, so there is nothing to withdraw; nothing was changed, and "
                     "nothing is to do",
                     c.id);
    cv_consent_free(&c);
    return st;
}

/* withdraw(ui, v, reason, stored): who may not is refused by the edit, before the consent is read. */
static cv_status withdraw(struct cv_ui *ui, struct cv_vault *v, const char *reason, struct cv_stored *stored)
{
    const char *id = ui->words.w[0];
    struct cv_versions versions = { 0 };
    struct cv_json *fields = cv_json_object(), *data = cv_json_object();
    const struct cv_edit change = { .fields = fields };
    cv_status st = cv_record_find_as(v, id, "consent", "edit", reason, &versions, &ui->err);
    if (st == CV_OK && cv_vault_may_edit(v, "consent"))
        st = check_given(ui, v, id, reason);
    st = CV_THEN(st, cv_json_set(fields, "consent", cv_json_ref(data)));
    st = CV_THEN(st, cv_json_set(data, "state", cv_json_str("Withdrawn")));
    st = CV_THEN(st, cv_record_edit(v, id, &change, reason, stored, &ui->err));
    cv_versions_free(&versions);
    cv_json_free(data);
    cv_json_free(fields);
    return st;
}

static cv_status run(struct cv_ui *ui, const void *args)
{
    const struct args *a = args;
    struct cv_opened o = { 0 };
    struct cv_stored stored;
    cv_status st = cv_ui_open(ui, &o);
    st = CV_THEN(st, withdraw(ui, o.vault, a->reason, &stored));
    if (st == CV_OK && ui->json)
        st = cv_ui_stored(ui, stored.id, stored.version);
    else if (st == CV_OK) {
        cv_print("%s version %llu\n", stored.id, (unsigned long long)stored.version);
        cv_ui_say(ui, "Withdrawn: from now on nothing leaves under it. It does not reach packages that were\n"
                      "sent already: see `package list`, and ask those who have them to stop using them.");
    }
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_consent_withdraw = {
    .name = "consent withdraw",
    .synopsis = "[--reason TEXT] ID",
    .summary = "write down that somebody wants it no more",
    .details =
        "A new version of the consent says so; the old one stays readable. What was sent before cannot "
        "be called back.",
    .opts = opts,
    .args_bytes = sizeof(struct args),
    .words_min = 1,
    .words_max = 1,
    .run = run,
};
