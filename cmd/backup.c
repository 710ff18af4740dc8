#include <inttypes.h>

#include "cmd/audit_verify.h"
#include "cmd/cmd.h"
#include "vault/backup.h"

/* backup: what is new goes to another place; or what is there is verified. */

struct backup_args {
    bool verify;
    uint64_t keep;
};
static const struct cv_opt opts[] = {
    { "keep", 0, "N", "how many copies of the release keys to keep, the newest; 3 if not said",
      offsetof(struct backup_args, keep), CV_OPT_COUNT },
    { "verify", 0, NULL, "verify the backup in DIR, without any key; nothing is written",
      offsetof(struct backup_args, verify), CV_OPT_FLAG },
    { 0 },
};
#define KEEP 3

static void progress(void *arg, const char *what, uint64_t done, uint64_t total)
{
    cv_ui_progress(arg, what, done, total);
}

static void verifying(void *arg, uint64_t done, uint64_t total)
{
    cv_ui_progress(arg, "Verifying, bytes", done, total);
}

static cv_status answer(const struct cv_ui *ui, const struct cv_backed *b)
{
    struct cv_json *o = cv_json_object();
    cv_status st = cv_json_set(o, "ok", cv_json_bool(true));
    st = CV_THEN(st, cv_json_set(o, "entries", cv_json_int((int64_t)b->audit.entries)));
    st = CV_THEN(st, cv_json_set(o, "size", cv_json_int((int64_t)b->audit.head_size)));
    st = CV_THEN(st, cv_json_set(o, "copied", cv_json_int((int64_t)b->copied)));
    st = CV_THEN(st, cv_json_set(o, "keys", cv_json_str(b->keys)));
    st = CV_THEN(st, cv_json_set(o, "key_files", cv_json_int((int64_t)b->key_files)));
    st = CV_THEN(st, cv_json_set(o, "erased_still_open", cv_json_int((int64_t)b->still)));
    st = CV_THEN(st, cv_json_set(o, "same_disk", cv_json_bool(b->same_disk)));
    st = CV_THEN(st, cv_ui_answer(ui, o));
    cv_json_free(o);
    return st;
}

/* print_keys(b): what the copies of release keys mean. */
static void print_keys(const struct cv_backed *b)
{
    cv_print_n(stdout, b->key_files, "Release keys: %" PRIu64 " copy, the newest keys/%s.\n",
               "Release keys: %" PRIu64 " copies, the newest keys/%s.\n", b->key_files, b->keys);
    if (b->still > 0)
        cv_print_n(
            stdout, b->still,
            "ERASED, AND NOT YET HERE: %" PRIu64 " version that was erased can still be opened with the\n"
            "older copies. These go one by one with each backup: after %" PRIu64 " more none is left;\n"
            "`backup --keep 1` ends it now.\n",
            "ERASED, AND NOT YET HERE: %" PRIu64 " versions that were erased can still be opened with the\n"
            "older copies. These go one by one with each backup: after %" PRIu64 " more none is left;\n"
            "`backup --keep 1` ends it now.\n",
            b->still, b->key_files - 1);
    else
        cv_print("Nothing that was erased can be opened with any of them.\n");
}

static void print_backup(const struct cv_backed *b, const char *dir)
{
    cv_print_n(
        stdout, b->audit.entries,
        "Backed up: all %" PRIu64 " entry; %" PRIu64 " bytes of it are new here.\nIt is on the disk.\n",
        "Backed up: all %" PRIu64 " entries; %" PRIu64 " bytes of them are new here.\nIt is on the disk.\n",
        b->audit.entries, b->copied);
    print_keys(b);
    if (b->before == 0)
        cv_print("The copies of release keys lie apart from the archive, in %s/keys.\n"
                 "Who has both and a member's identity file with its passphrase reads what that\n"
                 "member reads: keep this as safe as the vault. Identity files are not in it.\n",
                 dir);
    if (b->same_disk)
        cv_print("It lies on the same disk as the vault: whoever loses that disk loses both.\n");
}

static cv_status run_verify(struct cv_ui *ui, const char *dir)
{
    struct cv_backed b;
    cv_status st = cv_backup_verify(dir, verifying, ui, &b, &ui->err);
    if (st == CV_ERR_LOG)
        ui->hint = "nothing was changed; make a new backup in another directory, and keep this one";
    cv_ui_training(ui, b.audit.training);
    if (st != CV_OK)
        return st;
    if (ui->json)
        return answer(ui, &b);
    st = cv_audit_print(ui, &b.audit,
                        N_("The backup is whole: every entry, checkpoint and policy verifies, and it ends\n"
                           "where it was finished. Contents unchecked, for no key was used."));
    print_keys(&b);
    if (b.ahead > 0)
        cv_print("You have seen entry %" PRIu64 " of this vault: what came after entry %" PRIu64
                 " is not in here.\n",
                 b.ahead, b.audit.head_size);
    return st;
}

static cv_status run(struct cv_ui *ui, const void *args)
{
    const struct backup_args *a = args;
    const char *dir = ui->words.w[0];
    char path[4096];
    struct cv_backed b = { 0 };
    if (a->verify)
        return a->keep > 0 ? cv_fail(&ui->err, CV_ERR_ARG, "--verify changes nothing: --keep is for backups")
                           : run_verify(ui, dir);
    if (a->keep > CV_SHELF_KEYS_MAX)
        return cv_fail(&ui->err, CV_ERR_ARG, "--keep: at most %d", CV_SHELF_KEYS_MAX);
    cv_status st = cv_ui_vault_path(ui, path);
    st = CV_THEN(st, cv_backup(path, dir, a->keep > 0 ? (size_t)a->keep : KEEP, progress, ui, &b, &ui->err));
    cv_ui_training(ui, b.audit.training);
    if (st != CV_OK && st != CV_ERR_ARG)
        ui->hint = st == CV_ERR_LOG
                       ? "nothing of the backup was changed; `casevault check` tells what of the "
                         "vault is whole, `backup --verify` what of the backup"
                       : "what the backup held before is as it was; run it again and it goes on";
    if (st != CV_OK)
        return st;
    if (ui->json)
        return answer(ui, &b);
    print_backup(&b, dir);
    return CV_OK;
}

const struct cv_cmd cv_cmd_backup = {
    .name = "backup",
    .synopsis = "[--keep N] DIR | --verify DIR",
    .summary = "copy what is new of the vault to DIR, or verify what is there",
    .details =
        "Needs no key. The vault is verified first; then what DIR lacks of the archive is added, and a "
        "whole copy of release.keys is put beside it, in keys/. Of these copies only the N newest stay: "
        "an erasure reaches a backup when the copies from before it are gone. DIR must be new, empty, "
        "or the backup of the same vault. Broken off, it goes on when it is run again.",
    .opts = opts,
    .args_bytes = sizeof(struct backup_args),
    .words_min = 1,
    .words_max = 1,
    .run = run,
};
