#include "cmd/cmd.h"
#include "vault/origin.h"

/* record origin: where a record that came in a package is from, and whether what was signed there still
 * holds. */

struct args {
    const char *reason;
};
static const struct cv_opt opts[] = {
    { "reason", 'r', "TEXT", "why; sealed into the access log", offsetof(struct args, reason), CV_OPT_TEXT },
    { 0 },
};

static cv_status answer(struct cv_ui *ui, const struct cv_origin *o)
{
    static const char *const told[] = { "record",   "received",       "package",         "sender", "vault",
                                        "manifest", "foreign_record", "foreign_version", NULL };
    struct cv_json *out = cv_json_object();
    cv_status st = CV_OK;
    for (size_t i = 0; told[i] != NULL && st == CV_OK; i++)
        st = cv_json_set(out, told[i], cv_json_copy(cv_json_get(o->admin, told[i])));
    st = CV_THEN(st, cv_json_set(out, "verified", cv_json_bool(true)));
    st = CV_THEN(st, cv_json_set(out, "whole", cv_json_bool(o->whole)));
    st = CV_THEN(st, cv_json_set(out, "claims", cv_json_ref(o->claims)));
    st = CV_THEN(st, cv_ui_answer(ui, out));
    cv_json_free(out);
    return st;
}

static void line(const struct cv_origin *o, const char *label, const char *name)
{
    const struct cv_json *value = cv_json_get(o->admin, name);
    const char *text = cv_json_cstr(value);
    char shown[CV_MOMENT_BYTES];
    if (text != NULL)
        cv_text_print(cv_bytes_str(cv_locale_moment(text, shown)), cv_text_label(2, label), 4);
    else
        cv_text_value(value, cv_text_label(2, label), 4);
}

static void print(const struct cv_origin *o)
{
    cv_print("Received from a partner\n");
    line(o, N_("Our record"), "record");
    line(o, N_("Received on"), "received");
    line(o, N_("Package"), "package");
    line(o, N_("Sender's fingerprint"), "sender");
    line(o, N_("Their record"), "foreign_record");
    line(o, N_("Their version"), "foreign_version");
    cv_print(o->whole
                 ? N_("  Their author's signature, every field, the proof and the binding to us hold.\n")
                 : N_("  Their author's signature, the fields you may read, and the proof hold; of the rest\n"
                      "  the signature cannot be checked by you.\n"));
}

static cv_status run(struct cv_ui *ui, const void *args)
{
    const struct args *a = args;
    struct cv_opened o = { 0 };
    struct cv_origin origin = { 0 };
    cv_status st = cv_ui_open(ui, &o);
    st = CV_THEN(st, cv_origin_check(o.vault, ui->words.w[0], a->reason, &origin, &ui->err));
    if (st == CV_OK && ui->json)
        st = answer(ui, &origin);
    else if (st == CV_OK)
        print(&origin);
    cv_origin_free(&origin);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_record_origin = {
    .name = "record origin",
    .synopsis = "ID",
    .summary = "check again what a partner signed of a record that came in a package",
    .details = "ID is that of the record of type origin, as `record list --type origin` shows it.",
    .opts = opts,
    .args_bytes = sizeof(struct args),
    .words_min = 1,
    .words_max = 1,
    .run = run,
};
