#include "cmd/cmd.h"
#include "vault/link.h"

/* record link: one person in several cases, and two records of one person. */

struct args {
    bool undo;
    const char *reason;
};
static const struct cv_opt opts[] = {
    { "undo", 'u', NULL, "take the link away again", offsetof(struct args, undo), CV_OPT_FLAG },
    { "reason", 'r', "TEXT", "why; sealed into the access log", offsetof(struct args, reason), CV_OPT_TEXT },
    { 0 },
};

/* print(ui, l, undo): what each record says now, and whether that is new. */
static cv_status print(const struct cv_ui *ui, const struct cv_linked *l, bool undo)
{
    bool any = false;
    cv_status st = CV_OK;
    for (size_t i = 0; i < l->count && st == CV_OK; i++) {
        const unsigned long long version = l->stored[i].version;
        if (version == 0)
            continue;
        any = true;
        if (ui->json)
            st = cv_ui_stored(ui, l->stored[i].id, version);
        else
            cv_print("%s version %llu\n", l->stored[i].id, version);
        cv_ui_say(ui, undo ? N_("  %s: %s no more") : "  %s: %s", _(l->label[i]), l->to[i]);
    }
    if (!any)
        cv_ui_say(ui, "They are linked already; nothing was changed.");
    return st;
}

static cv_status run(struct cv_ui *ui, const void *args)
{
    const struct args *a = args;
    struct cv_opened o = { 0 };
    struct cv_linked linked = { 0 };
    cv_status st = cv_ui_open(ui, &o);
    st = CV_THEN(st, cv_link(o.vault, ui->words.w[0], ui->words.w[1], a->undo, a->reason, &linked, &ui->err));
    st = CV_THEN(st, print(ui, &linked, a->undo));
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_record_link = {
    .name = "record link",
    .synopsis = "[--undo] [--reason TEXT] ID ID",
    .summary = "join a person to a case, or say that two records are of the same person",
    .details =
        "One person may be in several cases. Nothing is merged: both records stay as they are, and refer "
        "to each other.",
    .opts = opts,
    .args_bytes = sizeof(struct args),
    .words_min = 2,
    .words_max = 2,
    .run = run,
};
