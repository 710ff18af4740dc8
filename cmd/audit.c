#include <inttypes.h>

#include "cmd/cmd.h"
#include "formats/base64.h"
#include "vault/audit.h"

/* audit verify, check: whether all of it is there. */

static void progress(void *arg, uint64_t done, uint64_t total)
{
    cv_ui_progress(arg, "Verifying, bytes", done, total);
}

static cv_status set_count(struct cv_json *o, const char *name, uint64_t n)
{
    return cv_json_set(o, name, cv_json_int((int64_t)n));
}

/* audit_json(ui, a, print, root): the same for programs. */
static cv_status audit_json(const struct cv_ui *ui, const struct cv_audit *a, const char *print,
                            const char *root)
{
    struct cv_json *o = cv_json_object();
    cv_status st = cv_json_set(o, "ok", cv_json_bool(a->damaged == 0));
    st = CV_THEN(st, cv_json_set(o, "fingerprint", cv_json_str(print)));
    st = CV_THEN(st, set_count(o, "entries", a->entries));
    st = CV_THEN(st, set_count(o, "commits", a->commits));
    st = CV_THEN(st, set_count(o, "policies", a->policies));
    st = CV_THEN(st, set_count(o, "size", a->head_size));
    st = CV_THEN(st, cv_json_set(o, "root", cv_json_str(root)));
    st = CV_THEN(st, cv_ui_answer(ui, o));
    cv_json_free(o);
    return st;
}

/* print_audit(ui, a, what): what was proved. */
static cv_status print_audit(const struct cv_ui *ui, const struct cv_audit *a, const char *said)
{
    char print[CV_FINGERPRINT_BYTES];
    struct cv_buf root = { 0 };
    cv_vault_fingerprint(a->vault, print);
    cv_status st = cv_base64_encode(CV_BASE64_STD, CV_ARR(a->head_root.b), &root);
    st = CV_THEN(st, cv_buf_append(&root, CV_LIT("\0")));
    if (st == CV_OK && ui->json)
        st = audit_json(ui, a, print, (const char *)root.p);
    else if (st == CV_OK)
        printf("%s\n%" PRIu64 " entries in %" PRIu64 " commits under %" PRIu64 " policies.\nHead: %" PRIu64
               " %s\nVault: %s\n",
               said, a->entries, a->commits, a->policies, a->head_size, (const char *)root.p, print);
    cv_buf_free(&root);
    return st;
}

static cv_status run_verify(struct cv_ui *ui, const void *args)
{
    char path[4096];
    struct cv_audit audit;
    (void)args;
    cv_status st = cv_ui_vault_path(ui, path);
    st = CV_THEN(st, cv_audit_verify(path, ui->trust, progress, ui, &audit, &ui->err));
    if (st == CV_OK)
        cv_ui_training(ui, audit.training);
    return CV_THEN(
        st, print_audit(
                ui, &audit,
                audit.known
                    ? "The log is whole: every entry, checkpoint and policy verifies, and it goes on\n"
                      "from what you saw before. Contents unchecked: no key was used."
                    : "The log is whole: every entry, checkpoint and policy verifies. You have not seen\n"
                      "this vault before: compare its fingerprint. Contents unchecked: no key was used."));
}

const struct cv_cmd cv_cmd_audit_verify = {
    .name = "audit verify",
    .synopsis = "",
    .summary = "verify the whole log, without any key",
    .details =
        "Every entry's bytes, the tree, every checkpoint's signatures, every policy's quorum; and that "
        "nothing you saw before is gone or changed. Exit status 14 names the first entry at fault.",
    .run = run_verify,
};

/* What `check` was told of; said at its end, when it is known what kind of vault this is. */
struct checking {
    struct cv_ui *ui;
    struct cv_json *faults;
};

static cv_status on_damage(void *arg, uint64_t index, enum cv_kind kind, const char *text)
{
    struct checking *c = arg;
    if (!c->ui->json) {
        printf("entry %" PRIu64 " (%s): %s\n", index, cv_kind_name(kind), text);
        return CV_OK;
    }
    struct cv_json *o = cv_json_object();
    cv_status st = set_count(o, "entry", index);
    st = CV_THEN(st, cv_json_set(o, "kind", cv_json_str(cv_kind_name(kind))));
    st = CV_THEN(st, cv_json_set(o, "fault", cv_json_str("damaged")));
    if (st == CV_OK)
        return cv_json_push(c->faults, o);
    cv_json_free(o);
    return st;
}

static void check_progress(void *arg, uint64_t done, uint64_t total)
{
    progress(((struct checking *)arg)->ui, done, total);
}

static cv_status run_check(struct cv_ui *ui, const void *args)
{
    char path[4096];
    struct cv_audit audit = { 0 };
    struct checking c = { ui, cv_json_array() };
    (void)args;
    cv_status st = c.faults == NULL ? CV_ERR_NOMEM : cv_ui_vault_path(ui, path);
    st = CV_THEN(st, cv_check(path, on_damage, check_progress, &c, &audit, &ui->err));
    cv_ui_training(ui, audit.training);
    for (size_t i = 0; i < cv_json_len(c.faults); i++)
        if (cv_ui_answer(ui, cv_json_at(c.faults, i)) != CV_OK)
            st = st == CV_OK ? CV_ERR_NOMEM : st;
    cv_json_free(c.faults);
    return CV_THEN(st, print_audit(ui, &audit, "Everything was read, and nothing is damaged."));
}

const struct cv_cmd cv_cmd_check = {
    .name = "check",
    .synopsis = "",
    .summary = "read everything and name every damaged entry",
    .run = run_check,
};
