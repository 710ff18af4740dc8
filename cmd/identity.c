#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "crypto/scrypt.h"
#include "formats/age.h"
#include "vault/agent.h"

/* identity new / show / passphrase: a member's own keys, in a file outside of every vault. */

struct new_args {
    bool training;
    uint64_t work;
};
static const struct cv_opt new_opts[] = {
    { "training", 0, NULL, "keys for training vaults only", offsetof(struct new_args, training),
      CV_OPT_FLAG },
    { "work", 0, "N", "scrypt's work, 2^N (default 17; less only for tests)", offsetof(struct new_args, work),
      CV_OPT_NUMBER },
    { 0 },
};

/* tell_recipient(ui, m): what a partner needs, who sends packages. */
static void tell_recipient(const struct cv_ui *ui, const struct cv_member_key *m)
{
    char print[CV_FINGERPRINT_BYTES];
    if (ui->json || cv_age_fingerprint(cv_bytes_str(m->age), print) != CV_OK)
        return;
    cv_ui_say(ui, "Packages from other missions are sealed to your age recipient,");
    cv_ui_say(ui, "  %s\n  whose fingerprint you read out to them: %s", m->age, print);
}

static void print_public(const struct cv_ui *ui, const struct cv_member_key *m)
{
    if (ui->json) {
        char print[CV_FINGERPRINT_BYTES];
        struct cv_json *o = cv_json_object();
        cv_status st = cv_age_fingerprint(cv_bytes_str(m->age), print);
        st = CV_THEN(st, cv_json_set(o, "pseudonym", cv_json_str(m->pseudonym)));
        st = CV_THEN(st, cv_json_set(o, "fingerprint", cv_json_str(m->fingerprint)));
        st = CV_THEN(st, cv_json_set(o, "training", cv_json_bool(m->training)));
        st = CV_THEN(st, cv_json_set(o, "line", cv_json_str(m->line)));
        st = CV_THEN(st, cv_json_set(o, "age", cv_json_str(m->age)));
        st = CV_THEN(st, cv_json_set(o, "age_fingerprint", cv_json_str(print)));
        if (CV_THEN(st, cv_ui_print_json(o)) != CV_OK)
            cv_print_to(stderr, "casevault: out of memory\n");
        cv_json_free(o);
        return;
    }
    printf("%s\n", m->line);
    cv_ui_say(
        ui,
        "\nYou are %s%s. Send the line above to a custodian, and read this out to them by telephone:\n\n "
        "   %s\n",
        m->pseudonym, m->training ? ", for TRAINING only" : "", m->fingerprint);
}

static cv_status run_new(struct cv_ui *ui, const void *args)
{
    const struct new_args *a = args;
    const char *path = ui->words.w[0];
    struct cv_identity id = { 0 };
    struct cv_secret passphrase = { 0 };
    struct cv_buf file = { 0 };
    const uint64_t work = a->work == 0 ? CV_SCRYPT_LOG_N : a->work;
    if (work > CV_SCRYPT_LOG_N_MAX)
        return cv_fail(&ui->err, CV_ERR_ARG, "--work: at most %d", CV_SCRYPT_LOG_N_MAX);
    cv_status st = cv_ui_passphrase(ui, "A new passphrase for your identity", true, &passphrase);
    st = CV_THEN(st, cv_identity_new(a->training, &id, &ui->err));
    st = CV_THEN(st, cv_identity_seal(&id, cv_secret_view(&passphrase), (unsigned)work, &file, &ui->err));
    st = CV_THEN(st, cv_ui_write_file(ui, path, cv_buf_view(&file)));
    if (st == CV_OK)
        print_public(ui, &id.public);
    cv_identity_free(&id);
    cv_secret_free(&passphrase);
    cv_buf_free(&file);
    return st;
}

const struct cv_cmd cv_cmd_identity_new = {
    .name = "identity new",
    .synopsis = "[--training] FILE",
    .summary = "make your own keys, in a file that your passphrase opens",
    .details =
        "It prints the line that a custodian needs to admit you. The file is an age file; keep it outside "
        "the vault, with a copy. Nobody can open it without the passphrase, and nobody can reset that.",
    .opts = new_opts,
    .args_bytes = sizeof(struct new_args),
    .words_min = 1,
    .words_max = 1,
    .run = run_new,
};

static cv_status run_show(struct cv_ui *ui, const void *args)
{
    struct cv_identity id;
    (void)args;
    cv_status st = cv_ui_identity(ui, &id);
    if (st == CV_OK) {
        print_public(ui, &id.public);
        tell_recipient(ui, &id.public);
    }
    cv_identity_free(&id);
    return st;
}

const struct cv_cmd cv_cmd_identity_show = {
    .name = "identity show",
    .synopsis = "",
    .summary = "print your public line, its fingerprint, and where packages to you are sealed to",
    .run = run_show,
};

struct passphrase_args {
    const char *new_file;
    uint64_t work;
};
static const struct cv_opt passphrase_opts[] = {
    { "new-passphrase-file", 0, "FILE", "read the new one from the first line of this file",
      offsetof(struct passphrase_args, new_file), CV_OPT_TEXT },
    { "work", 0, "N", "scrypt's work, 2^N (default 17; less only for tests)",
      offsetof(struct passphrase_args, work), CV_OPT_NUMBER },
    { 0 },
};

static cv_status run_passphrase(struct cv_ui *ui, const void *args)
{
    const struct passphrase_args *a = args;
    struct cv_identity id;
    struct cv_secret passphrase = { 0 };
    struct cv_buf file = { 0 };
    const char *path = NULL;
    char agent[CV_AGENT_PATH_MAX];
    const uint64_t work = a->work == 0 ? CV_SCRYPT_LOG_N : a->work;
    if (work > CV_SCRYPT_LOG_N_MAX)
        return cv_fail(&ui->err, CV_ERR_ARG, "--work: at most %d", CV_SCRYPT_LOG_N_MAX);
    cv_status st = cv_ui_private(ui, &id);
    /* An agent that was unlocked with the old one goes by the old file: nobody would find it any more. */
    const bool unlocked =
        st == CV_OK && getenv("XDG_RUNTIME_DIR") != NULL && cv_ui_agent_path(ui, agent) == CV_OK;
    if (a->new_file != NULL) {
        ui->passphrase_fd = CV_NO_FD;
        ui->passphrase_file = a->new_file;
    }
    st = CV_THEN(st, cv_ui_identity_path(ui, &path));
    st = CV_THEN(st, cv_ui_passphrase(ui, "The new passphrase", true, &passphrase));
    st = CV_THEN(st, cv_identity_seal(&id, cv_secret_view(&passphrase), (unsigned)work, &file, &ui->err));
    st = CV_THEN(st, cv_ui_replace_file(ui, path, cv_buf_view(&file)));
    if (st == CV_OK && unlocked && cv_agent_lock(agent, NULL) == CV_OK)
        cv_ui_say(ui, "The agent has forgotten your keys.");
    if (st == CV_OK)
        cv_ui_say(
            ui,
            "The passphrase is changed. Copies of the old file still open with the old one: destroy them.");
    cv_identity_free(&id);
    cv_secret_free(&passphrase);
    cv_buf_free(&file);
    return st;
}

const struct cv_cmd cv_cmd_identity_passphrase = {
    .name = "identity passphrase",
    .synopsis = "[--new-passphrase-file FILE]",
    .summary = "change the passphrase of your identity",
    .opts = passphrase_opts,
    .args_bytes = sizeof(struct passphrase_args),
    .run = run_passphrase,
};
