#include <inttypes.h>
#include <string.h>

#include "cmd/cmd.h"
#include "vault/repair.h"

/* repair: damage is set aside, and what is whole elsewhere takes its place. */

struct repair_args {
    const char *from;
};
static const struct cv_opt opts[] = {
    { "from", 0, "BACKUP", "take what is damaged from this backup, if it is whole there",
      offsetof(struct repair_args, from), CV_OPT_TEXT },
    { 0 },
};

static void progress(void *arg, const char *what, uint64_t done, uint64_t total)
{
    cv_ui_progress(arg, what, done, total);
}

/* on_aside: a cv_aside_fn. */
static void on_aside(void *arg, const char *name, const char *aside)
{
    const struct cv_ui *ui = arg;
    if (ui->json)
        return;
    if (aside[0] != '\0')
        cv_print("%s: mended; what was there is set-aside/%s now\n", name, aside);
    else
        cv_print("%s: was missing, and is there again\n", name);
}

static cv_status answer(const struct cv_ui *ui, const struct cv_repaired *r)
{
    struct cv_json *o = cv_json_object();
    cv_status st = cv_json_set(o, "ok", cv_json_bool(r->keys_gone == 0));
    st = CV_THEN(st, cv_json_set(o, "damaged", cv_json_int((int64_t)r->damaged)));
    st = CV_THEN(st, cv_json_set(o, "segments", cv_json_int((int64_t)r->segments)));
    st = CV_THEN(st, cv_json_set(o, "release_keys", cv_json_bool(r->keys)));
    st = CV_THEN(st, cv_json_set(o, "keys_gone", cv_json_int((int64_t)r->keys_gone)));
    st = CV_THEN(st, cv_json_set(o, "entries", cv_json_int((int64_t)r->audit.entries)));
    st = CV_THEN(st, cv_ui_answer(ui, o));
    cv_json_free(o);
    return st;
}

/* on_lost: a cv_damage_fn: what the log says from now on. */
static cv_status on_lost(void *arg, uint64_t index, enum cv_kind kind, const char *what)
{
    const struct cv_ui *ui = arg;
    struct cv_json *o;
    if (!ui->json) {
        cv_print("entry %" PRIu64 " (%s): %s\n", index, _(cv_kind_name(kind)),
                 strcmp(what, "lost") == 0 ? _("LOST")
                                           : _("there, but nothing proves any more that it was not altered"));
        return CV_OK;
    }
    o = cv_json_object();
    cv_status st = cv_json_set(o, "entry", cv_json_int((int64_t)index));
    st = CV_THEN(st, cv_json_set(o, "kind", cv_json_str(cv_kind_name(kind))));
    st = CV_THEN(st, cv_json_set(o, "state", cv_json_str(what)));
    st = CV_THEN(st, cv_ui_answer(ui, o));
    cv_json_free(o);
    return st;
}

/* without(ui, path): there is no backup. */
static cv_status without(struct cv_ui *ui, const char *path)
{
    struct cv_identity id = { 0 };
    struct cv_repaired r = { 0 };
    cv_status st = cv_ui_identity(ui, &id);
    st = CV_THEN(st, cv_repair_without(path, &id, on_lost, on_aside, progress, ui, &r, &ui->err));
    cv_identity_free(&id);
    cv_ui_training(ui, r.audit.training);
    if (st == CV_ERR_NOKEY)
        ui->hint =
            "what could be mended is. Your own keys are among what is gone: a colleague, best a custodian, "
            "must run `casevault repair` once";
    if (st == CV_OK && !ui->json)
        cv_print("Everything but the entries named here is whole, opens and can be written to; the\n"
                 "log says what it lacks, and that you said so. The damaged files are in\n"
                 "set-aside/: keep them. If a backup turns up, `casevault restore` it beside this\n"
                 "vault, to read in it what is LOST. Make a new backup now, in a new directory.\n");
    return st;
}

static void print_from(const struct cv_repaired *r)
{
    cv_print_n(stdout, r->audit.entries,
               "The vault is whole again: its %" PRIu64 " entry verifies. Nothing of the log is lost.\n",
               "The vault is whole again: all %" PRIu64 " entries verify. Nothing of the log is lost.\n",
               r->audit.entries);
    if (r->keys_gone > 0)
        cv_print_n(stdout, r->keys_gone,
                   "LOST: %" PRIu64 " release key, which the backup does not have either: what was\n"
                   "written under it cannot be opened any more, and `check` says so from now on.\n",
                   "LOST: %" PRIu64 " release keys, which the backup does not have either: what was\n"
                   "written under them cannot be opened any more, and `check` says so from now on.\n",
                   r->keys_gone);
    cv_print(r->keys ? N_("Keep set-aside/ until somebody has looked at why this happened: a disk that\n"
                          "damages one file damages the next. Then delete it: the release keys in it would "
                          "outlive an erasure.\nMake a new backup now.\n")
                     : N_("Keep set-aside/ until somebody has looked at why this happened: a disk that\n"
                          "damages one file damages the next. Then delete it.\nMake a new backup now.\n"));
}

static cv_status run(struct cv_ui *ui, const void *args)
{
    const struct repair_args *a = args;
    char path[4096];
    struct cv_repaired r = { 0 };
    cv_status st = cv_ui_vault_path(ui, path);
    if (st == CV_OK && a->from == NULL)
        return without(ui, path);
    st = CV_THEN(st, cv_repair_from(path, a->from, on_aside, progress, ui, &r, &ui->err));
    cv_ui_training(ui, r.audit.training);
    if (st != CV_OK)
        return st;
    if (ui->json)
        return answer(ui, &r);
    print_from(&r);
    return CV_OK;
}

const struct cv_cmd cv_cmd_repair = {
    .name = "repair",
    .synopsis = "[--from BACKUP]",
    .summary = "set damaged files aside, and put what is whole in their place",
    .details =
        "What is damaged is taken from the backup; what the vault has beyond that stays. The whole is "
        "verified before anything changes. Damaged files are kept in set-aside/ in the vault, which is "
        "never written over. Needs no key. Nothing is done where nothing is damaged.",
    .opts = opts,
    .args_bytes = sizeof(struct repair_args),
    .run = run,
};
