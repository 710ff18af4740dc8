#include <inttypes.h>

#include "cmd/cmd.h"
#include "vault/backup.h"

/* restore: a vault out of a backup. */

struct restore_args {
    bool accept_older;
};
static const struct cv_opt opts[] = {
    { "accept-older", 0, NULL,
      "restore it though you have seen more than it holds; as a member, for the access log tells of it",
      offsetof(struct restore_args, accept_older), CV_OPT_FLAG },
    { 0 },
};

static void progress(void *arg, const char *what, uint64_t done, uint64_t total)
{
    cv_ui_progress(arg, what, done, total);
}

static cv_status answer(const struct cv_ui *ui, const struct cv_backed *b, const char *print)
{
    struct cv_json *o = cv_json_object();
    cv_status st = cv_json_set(o, "ok", cv_json_bool(true));
    st = CV_THEN(st, cv_json_set(o, "fingerprint", cv_json_str(print)));
    st = CV_THEN(st, cv_json_set(o, "entries", cv_json_int((int64_t)b->audit.entries)));
    st = CV_THEN(st, cv_json_set(o, "size", cv_json_int((int64_t)b->audit.head_size)));
    st = CV_THEN(st, cv_json_set(o, "went_back_from", cv_json_int((int64_t)b->ahead)));
    st = CV_THEN(st, cv_ui_answer(ui, o));
    cv_json_free(o);
    return st;
}

static void print(const struct cv_ui *ui, const struct cv_backed *b, const char *dir, const char *fingerprint)
{
    cv_print_n(stdout, b->audit.entries,
               "Restored into %s, and verified: %" PRIu64 " entry; the head is that of the backup.\n"
               "Vault: %s\n",
               "Restored into %s, and verified: %" PRIu64 " entries; the head is that of the backup.\n"
               "Vault: %s\n",
               dir, b->audit.entries, fingerprint);
    if (b->ahead > 0)
        cv_print("IT HAS GONE BACK: you had seen entry %" PRIu64 ", and it goes on from entry %" PRIu64 ".\n"
                 "The access log tells of it. Tell everybody who works with this vault: what was\n"
                 "written since is gone, what was erased since must be erased again, and each of\n"
                 "them must say once `casevault check --accept-older`, or their casevault refuses\n"
                 "this vault (exit status 14). Let nobody use another copy of it any more.\n",
                 b->ahead, b->audit.head_size);
    else if (!b->audit.known && ui->trust == NULL)
        cv_print("You have not seen this vault before: compare its fingerprint with what a\n"
                 "custodian reads out. Whether it is the newest there was, only those can tell who\n"
                 "worked with it.\n");
    else if (b->audit.known)
        cv_print("It goes on from what you saw last.\n");
    cv_print("From now on work in this one only: two copies that each go on cannot be joined.\n"
             "What was erased before the backup stays erased. The backup was not changed.\n");
}

static cv_status run(struct cv_ui *ui, const void *args)
{
    const struct restore_args *a = args;
    const char *dir = ui->words.w[1];
    char fingerprint[CV_FINGERPRINT_BYTES];
    struct cv_identity id = { 0 };
    struct cv_backed b = { 0 };
    cv_status st = a->accept_older ? cv_ui_identity(ui, &id) : CV_OK;
    st = CV_THEN(st, cv_restore(ui->words.w[0], dir, ui->trust, a->accept_older ? &id : NULL, progress, ui,
                                &b, &ui->err));
    cv_identity_free(&id);
    cv_ui_training(ui, b.audit.training);
    if (st == CV_ERR_LOG && b.ahead > 0 && !a->accept_older)
        ui->hint = "look for a newer backup, and for what is left of the vault. Only if there is none, add "
                   "--accept-older; docs/RECOVERY.md says what that means";
    else if (st == CV_ERR_LOG)
        ui->hint =
            "nothing was restored, and the backup was not changed; `backup --verify` tells what is whole";
    if (st != CV_OK)
        return st;
    cv_vault_fingerprint(b.audit.vault, fingerprint);
    if (ui->json)
        return answer(ui, &b, fingerprint);
    print(ui, &b, dir, fingerprint);
    return CV_OK;
}

const struct cv_cmd cv_cmd_restore = {
    .name = "restore",
    .synopsis = "[--accept-older] BACKUP DIR",
    .summary = "make a vault in DIR, which must be new, out of a backup",
    .details = "It is made under another name beside DIR, verified, and only then named. No key is needed, "
               "unless the backup ends before what you saw last of the vault: then it is refused, and with "
               "--accept-older a member's first act in the restored vault is an event that tells of it.",
    .opts = opts,
    .args_bytes = sizeof(struct restore_args),
    .words_min = 2,
    .words_max = 2,
    .run = run,
};
