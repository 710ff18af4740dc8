#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "cmd/cmd.h"
#include "formats/base64.h"
#include "vault/audit.h"
#include "vault/erase.h"
#include "vault/recovery.h"

/* audit log, audit verify, check: what happened, and whether all of it is there. */

struct log_args {
    const char *record, *member, *action;
};
static const struct cv_opt log_opts[] = {
    { "record", 0, "ID", "only what concerns this record", offsetof(struct log_args, record), CV_OPT_TEXT },
    { "member", 'm', "MEMBER", "only what this member did", offsetof(struct log_args, member), CV_OPT_TEXT },
    { "action", 'a', "ACTION", "only this: create, read, edit, list, import, export, package, refused, ...",
      offsetof(struct log_args, action), CV_OPT_TEXT },
    { 0 },
};

struct logging {
    struct cv_ui *ui;
    const struct log_args *a;
    struct cv_table t;
};

static bool is(const struct cv_json *event, const char *name, const char *want)
{
    const char *have = cv_json_get_str(event, name);
    return want == NULL || (have != NULL && strcmp(have, want) == 0);
}

/* concerns(event, id): the record it names, or one of many. */
static bool concerns(const struct cv_json *event, const char *id)
{
    const struct cv_json *ids = cv_json_get(event, "ids");
    if (id == NULL || is(event, "record", id))
        return true;
    for (size_t i = 0; i < cv_json_len(ids); i++)
        if (cv_json_cstr(cv_json_at(ids, i)) != NULL && strcmp(cv_json_cstr(cv_json_at(ids, i)), id) == 0)
            return true;
    return false;
}

/* word(list, i): of a list of words; a log may hold what casevault would not write. */
static const char *word(const struct cv_json *list, size_t i)
{
    const char *w = cv_json_cstr(cv_json_at(list, i));
    return w != NULL ? w : "?";
}

/* what(event, text, out): record, version, sections, detail and reason, in one line. */
static cv_status what(const struct cv_json *event, const struct cv_json *text, struct cv_buf *out)
{
    const struct cv_json *sections = cv_json_get(event, "sections"), *ids = cv_json_get(event, "ids");
    const char *record = cv_json_get_str(event, "record"), *detail = cv_json_get_str(event, "detail");
    const char *reason = cv_json_get_str(text, "reason");
    cv_status st = CV_OK;
    if (record != NULL)
        st = cv_buf_str(out, record);
    if (cv_json_get(event, "version") != NULL)
        st = CV_THEN(st, cv_buf_printf(out, " v%lld", (long long)cv_json_get_int(event, "version")));
    if (cv_json_len(ids) == 1)
        st = CV_THEN(st, cv_buf_str(out, word(ids, 0)));
    else if (ids != NULL)
        st = CV_THEN(st, cv_buf_printf(out, "%zu records", cv_json_len(ids)));
    for (size_t i = 0; i < cv_json_len(sections) && st == CV_OK; i++)
        st = cv_buf_printf(out, "%s%s", i > 0 ? ", " : out->n > 0 ? ": " : "", word(sections, i));
    if (detail != NULL)
        st = CV_THEN(st, cv_buf_printf(out, "%s%s", out->n > 0 ? "; " : "", detail));
    if (reason != NULL)
        st = CV_THEN(st, cv_buf_printf(out, " (%s)", reason));
    if (cv_json_get_str(event, "written_by") != NULL)
        st = CV_THEN(st, cv_buf_printf(out, " FORGED, written by %s", cv_json_get_str(event, "written_by")));
    return CV_THEN(st, cv_buf_append(out, CV_LIT("\0")));
}

/* say_recovery(index, event): what an auditor must not overlook stands before everything else. */
static void say_recovery(uint64_t index, const struct cv_json *event)
{
    printf("RECOVERY: entry %" PRIu64 ", ", index);
    cv_ui_print_text(cv_json_text(cv_json_get(event, "time")));
    printf(": shares were combined, and ");
    cv_ui_print_text(cv_json_text(cv_json_get(event, "member")));
    printf(" got every role\n");
}

/* say_basis(index, event, text): nor that something left without consent. */
static cv_status say_basis(uint64_t index, const struct cv_json *event, const struct cv_json *text)
{
    const char *what = cv_json_get_str(event, "detail"), *why = cv_json_get_str(text, "reason");
    struct cv_buf line = { 0 };
    cv_status st = cv_buf_printf(&line, "entry %" PRIu64 ", %s: %s", index, what != NULL ? what : "-",
                                 why != NULL ? why : "-");
    fputs("WITHOUT CONSENT:", stdout);
    cv_text_print(cv_buf_view(&line), 16, 2);
    cv_buf_free(&line);
    return st;
}

/* on_recovered: a cv_recovered_fn. The policy is there even if whoever made it left the event out. */
static void on_recovered(void *arg, uint64_t policy, uint64_t entry)
{
    (void)arg;
    printf("RECOVERY: entry %" PRIu64 ", policy %" PRIu64 ": signed by recovery shares\n", entry, policy);
}

/* on_lie: of cv_erase_lies. */
static void on_lie(void *arg, uint64_t entry)
{
    (void)arg;
    printf("FALSE ERASURE: entry %" PRIu64
           " names keys that are not those of its versions; nothing was destroyed for it\n",
           entry);
}

static cv_status on_event(void *arg, uint64_t index, const struct cv_json *event, const struct cv_json *text,
                          struct cv_err *err)
{
    struct logging *l = arg;
    struct cv_buf line = { 0 };
    char number[24];
    (void)err;
    if (!l->ui->json && is(event, "action", "recovery"))
        say_recovery(index, event);
    if (!l->ui->json && is(event, "action", "basis") && say_basis(index, event, text) != CV_OK)
        return CV_ERR_NOMEM;
    if (!is(event, "member", l->a->member) || !is(event, "action", l->a->action) ||
        !concerns(event, l->a->record))
        return CV_OK;
    if (l->ui->json) {
        struct cv_json *o = cv_json_copy(event);
        cv_status st = cv_json_set(o, "entry", cv_json_int((int64_t)index));
        if (text != NULL)
            st = CV_THEN(st, cv_json_set(o, "reason", cv_json_copy(cv_json_get(text, "reason"))));
        st = CV_THEN(st, cv_ui_answer(l->ui, o));
        cv_json_free(o);
        return st;
    }
    snprintf(number, sizeof(number), "%" PRIu64, index);
    cv_status st = what(event, text, &line);
    if (st == CV_OK) {
        const char *when = cv_json_get_str(event, "time"), *who = cv_json_get_str(event, "member");
        const char *did = cv_json_get_str(event, "action");
        cv_table_cell(&l->t, number);
        cv_table_cell(&l->t, when != NULL ? when : "-");
        cv_table_cell(&l->t, who != NULL ? who : "-");
        cv_table_cell(&l->t, did != NULL ? did : "-");
        cv_table_cell(&l->t, (const char *)line.p);
    }
    cv_buf_free(&line);
    return st;
}

static cv_status run_log(struct cv_ui *ui, const void *args)
{
    struct cv_opened o = { 0 };
    struct logging l = { .ui = ui, .a = args, .t = { .columns = 5 } };
    cv_status st = cv_ui_open(ui, &o);
    cv_table_cell(&l.t, "ENTRY");
    cv_table_cell(&l.t, "TIME");
    cv_table_cell(&l.t, "MEMBER");
    cv_table_cell(&l.t, "DID");
    cv_table_cell(&l.t, "WHAT");
    if (st == CV_OK && !ui->json && cv_vault_may_read(o.vault, "audit"))
        st = cv_recovery_each(o.vault, on_recovered, NULL, &ui->err);
    if (st == CV_OK && !ui->json && cv_vault_may_read(o.vault, "audit"))
        st = cv_erase_lies(o.vault, on_lie, NULL, &ui->err);
    st = CV_THEN(st, cv_audit_events(o.vault, "the access log was read", on_event, &l, &ui->err));
    if (!ui->json && (st == CV_OK || l.t.count > l.t.columns))
        cv_table_print(&l.t);
    cv_buf_free(&l.t.cells);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_audit_log = {
    .name = "audit log",
    .synopsis = "[--record ID] [--member MEMBER] [--action ACTION]",
    .summary = "print the access log (auditors)",
    .details = "Order is proved by the log; times are what the writers' clocks said.",
    .opts = log_opts,
    .args_bytes = sizeof(struct log_args),
    .run = run_log,
};

static void progress(void *arg, uint64_t done, uint64_t total)
{
    cv_ui_progress(arg, "Verifying, bytes", done, total);
}

static cv_status set_count(struct cv_json *o, const char *name, uint64_t n)
{
    return cv_json_set(o, name, cv_json_int((int64_t)n));
}

/* say_witnessed(w): how far witnesses stand for it; nothing where no policy ever asked them. */
static void say_witnessed(const struct cv_witnessed *w)
{
    char when[32] = "";
    struct tm tm;
    const time_t t = (time_t)w->last_time;
    if (w->asked == 0 && w->quorum == 0)
        return;
    printf("Witnesses: %" PRIu64 " of %" PRIu64
           " checkpoints have the cosignatures that their policy asks for",
           w->enough, w->asked);
    if (w->enough > 0 && gmtime_r(&t, &tm) != NULL &&
        strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm) > 0)
        printf(";\nthe last is of size %" PRIu64 ", by %s", w->last, when);
    printf(".\n");
}

/* witnessed_json(w): the same for programs. */
static struct cv_json *witnessed_json(const struct cv_witnessed *w)
{
    struct cv_json *o = cv_json_object();
    cv_status st = set_count(o, "quorum", w->quorum);
    st = CV_THEN(st, set_count(o, "witnesses", w->witnesses));
    st = CV_THEN(st, set_count(o, "checkpoints", w->asked));
    st = CV_THEN(st, set_count(o, "enough", w->enough));
    st = CV_THEN(st, set_count(o, "last", w->last));
    st = CV_THEN(st, set_count(o, "time", w->last_time));
    if (st == CV_OK)
        return o;
    cv_json_free(o);
    return NULL;
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
    if (a->witnessed.asked > 0 || a->witnessed.quorum > 0)
        st = CV_THEN(st, cv_json_set(o, "witnessed", witnessed_json(&a->witnessed)));
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
    else if (st == CV_OK) {
        printf("%s\n%" PRIu64 " entries in %" PRIu64 " commits under %" PRIu64 " policies.\nHead: %" PRIu64
               " %s\nVault: %s\n",
               said, a->entries, a->commits, a->policies, a->head_size, (const char *)root.p, print);
        say_witnessed(&a->witnessed);
    }
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
