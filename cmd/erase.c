#include <string.h>

#include "cmd/cmd.h"
#include "vault/erase.h"

/* record erase, hold set / clear: what is never to be opened again, and what must not go. */

struct erase_args {
    const char *reason, *confirm, *versions;
    bool old, really;
};
static const struct cv_opt erase_opts[] = {
    { "reason", 'r', "TEXT", "why; sealed into the access log (wanted)", offsetof(struct erase_args, reason),
      CV_OPT_TEXT },
    { "versions", 0, "A-B", "only these versions (default: the whole record)",
      offsetof(struct erase_args, versions), CV_OPT_TEXT },
    { "old", 0, NULL, "only versions that the latest does not stand on", offsetof(struct erase_args, old),
      CV_OPT_FLAG },
    { "really", 0, NULL, "do it, after you typed the id again (else only say what would go)",
      offsetof(struct erase_args, really), CV_OPT_FLAG },
    { "confirm", 0, "ID", "the id again, for scripts; with --really", offsetof(struct erase_args, confirm),
      CV_OPT_TEXT },
    { 0 },
};

/* read_number(at): digits only, which sscanf does not insist on; 0 if there are none, or too many. */
static uint64_t read_number(const char **at)
{
    uint64_t n = 0;
    const size_t digits = strspn(*at, "0123456789");
    for (size_t i = 0; i < digits && digits < 10; i++)
        n = 10 * n + (uint64_t)(*(*at)++ - '0');
    return n;
}

/* read_range(text, out): "3" or "2-5". */
static bool read_range(const char *text, struct cv_erase_which *out)
{
    out->from = out->to = read_number(&text);
    if (*text == '-') {
        text++;
        out->to = read_number(&text);
    }
    return *text == '\0' && out->from > 0 && out->from <= out->to;
}

static void print_plan(const struct cv_erase_plan *plan)
{
    cv_print_n(stdout, plan->count, "Record %s, a %s: %zu of its %zu version would go\n",
               "Record %s, a %s: %zu of its %zu versions would go\n", plan->id, plan->type, plan->going,
               plan->count);
    for (size_t i = 0; i < plan->count; i++) {
        const struct cv_erase_row *r = &plan->rows[i];
        cv_print("  version %llu  %s", (unsigned long long)r->version, r->goes ? _("goes") : _("stays"));
        if (r->carried_by != 0)
            cv_print(": version %llu still stands on it", (unsigned long long)r->carried_by);
        printf("\n");
    }
    for (size_t i = 0; i < plan->document_count; i++)
        cv_print("  file %s  %s\n", plan->documents[i].id,
                 plan->documents[i].goes ? _("goes") : _("stays: a version that stays lists it"));
    if (plan->held)
        cv_print("It is under a legal hold, set by %s: nothing of it can be erased.\n", plan->held_by);
    cv_print("\nAn erasure cannot be undone. It destroys the keys; what stays is ciphertext that nothing "
             "opens, and the\n"
             "log that something was there. It cannot reach: older copies and backups of release.keys, "
             "packages sent\n"
             "to partners, what somebody copied or printed, and what a disk keeps of overwritten blocks.\n");
    cv_print("Signatures needed: %u\n", plan->need);
}

static cv_status print_json(const struct cv_ui *ui, const struct cv_erase_plan *plan)
{
    struct cv_json *o = cv_json_object(), *goes = cv_json_array(), *files = cv_json_array();
    cv_status st = cv_json_set(o, "id", cv_json_str(plan->id));
    for (size_t i = 0; i < plan->count && st == CV_OK; i++)
        if (plan->rows[i].goes)
            st = cv_json_push(goes, cv_json_int((int64_t)plan->rows[i].version));
    for (size_t i = 0; i < plan->document_count && st == CV_OK; i++)
        if (plan->documents[i].goes)
            st = cv_json_push(files, cv_json_str(plan->documents[i].id));
    st = CV_THEN(st, cv_json_set(o, "versions", cv_json_ref(goes)));
    if (plan->document_count > 0)
        st = CV_THEN(st, cv_json_set(o, "documents", cv_json_ref(files)));
    st = CV_THEN(st, cv_json_set(o, "held", cv_json_bool(plan->held)));
    st = CV_THEN(st, cv_json_set(o, "needed", cv_json_int(plan->need)));
    st = CV_THEN(st, cv_ui_answer(ui, o));
    cv_json_free(files);
    cv_json_free(goes);
    cv_json_free(o);
    return st;
}

/* confirmed(ui, a, plan): the id, typed again or given. */
static cv_status confirmed(struct cv_ui *ui, const struct erase_args *a, const struct cv_erase_plan *plan)
{
    if (a->confirm == NULL)
        return cv_ui_confirm(ui, "Type the id of the record to erase it", plan->id);
    return strcmp(a->confirm, plan->id) == 0
               ? CV_OK
               : cv_fail(&ui->err, CV_ERR_ARG, "--confirm is not the id of this record");
}

static cv_status run_erase(struct cv_ui *ui, const void *args)
{
    const struct erase_args *a = args;
    struct cv_opened o = { 0 };
    struct cv_erase_plan plan = { 0 };
    struct cv_outcome outcome;
    struct cv_erase_which which = { .old = a->old };
    if (a->reason == NULL)
        return cv_fail(&ui->err, CV_ERR_ARG, "an erasure needs its reason: add --reason TEXT");
    if (a->versions != NULL && (a->old || !read_range(a->versions, &which)))
        return cv_fail(&ui->err, CV_ERR_ARG, "--versions wants a number or a range, as in 2-5, and no --old");
    cv_status st = cv_ui_open(ui, &o);
    st = CV_THEN(st, cv_erase_plan(o.vault, ui->words.w[0], &which, &plan, &ui->err));
    if (st == CV_OK && !ui->json)
        print_plan(&plan);
    if (st == CV_OK && !a->really) {
        if (ui->json)
            st = print_json(ui, &plan);
        cv_ui_say(ui, "Nothing was changed. To erase it, say so again with --really.");
    } else if (st == CV_OK) {
        st = confirmed(ui, a, &plan);
        st = CV_THEN(st, cv_erase_ask(o.vault, &plan, a->reason, &outcome, &ui->err));
        st = CV_THEN(st, cv_ui_outcome(ui, &outcome, "Erased: no key opens these versions any more."));
    }
    cv_erase_plan_free(&plan);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_record_erase = {
    .name = "record erase",
    .synopsis = "--reason TEXT [--versions A-B | --old] [--really [--confirm ID]] ID",
    .summary = "destroy the keys of a record or of some of its versions, for ever",
    .details =
        "Without --really it only says what would go. Where the policy asks for more signatures it waits for "
        "them\n(`policy approve`); a legal hold stops it.",
    .opts = erase_opts,
    .args_bytes = sizeof(struct erase_args),
    .words_min = 1,
    .words_max = 1,
    .run = run_erase,
};

struct hold_args {
    const char *reason;
};
static const struct cv_opt hold_opts[] = {
    { "reason", 'r', "TEXT", "why; sealed into the access log", offsetof(struct hold_args, reason),
      CV_OPT_TEXT },
    { 0 },
};

static cv_status hold(struct cv_ui *ui, bool on, const struct hold_args *a)
{
    struct cv_opened o = { 0 };
    cv_status st = cv_ui_open(ui, &o);
    st = CV_THEN(st, cv_hold_set(o.vault, ui->words.w[0], on, a->reason, &ui->err));
    if (st == CV_OK)
        cv_ui_say(ui, on ? "Held: nothing of it can be erased until the hold is cleared."
                         : "The hold is cleared.");
    cv_ui_close(&o);
    return st;
}

static cv_status run_set(struct cv_ui *ui, const void *args)
{
    return hold(ui, true, args);
}

static cv_status run_clear(struct cv_ui *ui, const void *args)
{
    return hold(ui, false, args);
}

const struct cv_cmd cv_cmd_hold_set = {
    .name = "hold set",
    .synopsis = "[--reason TEXT] ID",
    .summary = "put a record under a legal hold: nothing of it can be erased",
    .opts = hold_opts,
    .args_bytes = sizeof(struct hold_args),
    .words_min = 1,
    .words_max = 1,
    .run = run_set,
};
const struct cv_cmd cv_cmd_hold_clear = {
    .name = "hold clear",
    .synopsis = "[--reason TEXT] ID",
    .summary = "end a legal hold",
    .opts = hold_opts,
    .args_bytes = sizeof(struct hold_args),
    .words_min = 1,
    .words_max = 1,
    .run = run_clear,
};
