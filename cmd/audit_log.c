#include <inttypes.h>
#include <string.h>

#include "cmd/cmd.h"
#include "formats/crockford.h"
#include "formats/logline.h"
#include "vault/audit.h"
#include "vault/erase.h"
#include "vault/recovery.h"
#include "vault/staff.h"

/* audit log: the access log, all of it or what some filters let through. */

struct args {
    const char *record, *member, *action, *since, *until, *reason;
    bool refused, leaving, csv;
};
static const struct cv_opt opts[] = {
    { "record", 0, "ID", "only what concerns this record", offsetof(struct args, record), CV_OPT_TEXT },
    { "member", 'm', "MEMBER", "only what this member did: a pseudonym, or the whole name in a staff record",
      offsetof(struct args, member), CV_OPT_TEXT },
    { "action", 'a', "ACTION", "only this: create, read, edit, list, import, export, package, refused, ...",
      offsetof(struct args, action), CV_OPT_TEXT },
    { "since", 0, "DAY|DATETIME", "not before: YYYY-MM-DD, or YYYY-MM-DDThh:mm:ssZ (UTC)",
      offsetof(struct args, since), CV_OPT_TEXT },
    { "until", 0, "DAY|DATETIME", "not after; a day with all of it", offsetof(struct args, until),
      CV_OPT_TEXT },
    { "refused", 0, NULL, "only what was refused; as --action refused", offsetof(struct args, refused),
      CV_OPT_FLAG },
    { "export", 0, NULL, "only what left or was to leave: export, disclose, agree, package, basis",
      offsetof(struct args, leaving), CV_OPT_FLAG },
    { "csv", 0, NULL, "as CSV; cells cannot be formulas", offsetof(struct args, csv), CV_OPT_FLAG },
    { "reason", 'r', "TEXT", "why you look into the staff records, where the vault asks",
      offsetof(struct args, reason), CV_OPT_TEXT },
    { 0 },
};

#define COLUMNS 5

struct logging {
    struct cv_ui *ui;
    const struct args *a;
    struct cv_table t;
    struct cv_json *names;                                           /* pseudonym -> array of names */
    char record[CV_ID_TEXT_BYTES];                                   /* as it is written; empty: all */
    char since[CV_LOGLINE_TIME_BYTES], until[CV_LOGLINE_TIME_BYTES]; /* empty: no bound */
    bool member_met, action_met;
};

/* What to do without a reason where the vault wants one: the log is read all the same. */
cv_status cv_ui_member_names(struct cv_ui *ui, struct cv_vault *v, const char *reason, struct cv_json **out)
{
    *out = NULL;
    if (!cv_vault_may_read(v, "audit"))
        return CV_OK;
    if (reason != NULL || !cv_vault_policy(v)->reason_required)
        return cv_staff_names(v, reason, out, &ui->err);
    cv_ui_say(ui, "This vault asks why: with --reason TEXT names are shown beside the pseudonyms.");
    return CV_OK;
}

/* prominent(l): where stands what nobody may overlook; CSV must stay CSV. */
static FILE *prominent(const struct logging *l)
{
    return l->a->csv ? stderr : stdout;
}

/* ---- what an auditor must not overlook stands before everything else, whatever the filters say ---- */

static cv_status say_recovery(const struct logging *l, uint64_t index, const struct cv_json *event)
{
    struct cv_buf line = { 0 };
    char when[CV_MOMENT_BYTES];
    cv_status st = cv_buf_printf(
        &line, _("RECOVERY: entry %" PRIu64 ", %s: shares were combined, and %s got every role\n"), index,
        cv_locale_moment(cv_logline_get(event, "time"), when), cv_logline_get(event, "member"));
    if (st == CV_OK)
        cv_ui_put_text(prominent(l), cv_buf_view(&line));
    cv_buf_free(&line);
    return st;
}

static cv_status say_basis(const struct logging *l, uint64_t index, const struct cv_json *event,
                           const struct cv_json *text)
{
    struct cv_buf line = { 0 };
    cv_status st = cv_buf_printf(&line, _("entry %" PRIu64 ": "), index);
    st = CV_THEN(st, cv_logline_detail(cv_logline_get(event, "detail"), &line));
    st = CV_THEN(st, cv_buf_str(&line, ": "));
    st = CV_THEN(st, cv_logline_reason(cv_logline_get(text, "reason"), &line));
    if (l->a->csv && st == CV_OK) {
        cv_print_to(stderr, "WITHOUT CONSENT:");
        fputc(' ', stderr);
        cv_ui_put_text(stderr, cv_buf_view(&line));
        fputc('\n', stderr);
    } else
        cv_text_print(cv_buf_view(&line), cv_text_lead("WITHOUT CONSENT:"), 2);
    cv_buf_free(&line);
    return st;
}

/* on_recovered: a cv_recovered_fn. The policy is there even if whoever made it left the event out. */
static void on_recovered(void *arg, uint64_t policy, uint64_t entry)
{
    cv_print_to(prominent(arg),
                "RECOVERY: entry %" PRIu64 ", policy %" PRIu64 ": signed by recovery shares\n", entry,
                policy);
}

/* on_lie: of cv_erase_lies. */
static void on_lie(void *arg, uint64_t entry)
{
    cv_print_to(prominent(arg),
                "FALSE ERASURE: entry %" PRIu64
                " names keys that are not those of its versions; nothing was destroyed for it\n",
                entry);
}

static cv_status say_prominent(struct logging *l, struct cv_vault *v)
{
    if (l->ui->json || !cv_vault_may_read(v, "audit"))
        return CV_OK;
    cv_status st = cv_recovery_each(v, on_recovered, l, &l->ui->err);
    return CV_THEN(st, cv_erase_lies(v, on_lie, l, &l->ui->err));
}

/* ---- filters ---- */

static cv_status bound(struct cv_ui *ui, const char *option, const char *text, bool end,
                       char out[static CV_LOGLINE_TIME_BYTES])
{
    if (text == NULL || cv_logline_bound(text, end, out))
        return CV_OK;
    return cv_fail(&ui->err, CV_ERR_ARG,
                   "--%s wants a day that exists, YYYY-MM-DD, or a time in UTC, YYYY-MM-DDThh:mm:ssZ",
                   option);
}

/* check(l): what was asked for can be meant, before anything is opened. */
static cv_status check(struct logging *l)
{
    uint8_t id[CV_ID_BYTES];
    cv_status st = bound(l->ui, "since", l->a->since, false, l->since);
    st = CV_THEN(st, bound(l->ui, "until", l->a->until, true, l->until));
    if (st == CV_OK && l->since[0] != '\0' && l->until[0] != '\0' && strcmp(l->since, l->until) > 0)
        st = cv_fail(&l->ui->err, CV_ERR_ARG, "--since is after --until: nothing can lie between them");
    if (st == CV_OK && l->a->csv && l->ui->json)
        st = cv_fail(&l->ui->err, CV_ERR_ARG, "--csv and --json: which of them?");
    if (st == CV_OK && l->a->record != NULL) {
        st = cv_id_parse(cv_bytes_str(l->a->record), id, &l->ui->err);
        if (st == CV_OK)
            cv_id_text(id, l->record);
    }
    return st;
}

static bool by_member(struct logging *l, const struct cv_json *event)
{
    const char *want = l->a->member, *who = cv_logline_get(event, "member");
    const bool met = want == NULL || strcmp(who, want) == 0 || cv_logline_is(event, "written_by", want) ||
                     cv_json_has_word(cv_json_get(l->names, who), want);
    l->member_met = l->member_met || met;
    return met;
}

static bool of_action(struct logging *l, const struct cv_json *event)
{
    const char *action = cv_logline_get(event, "action");
    const bool met = l->a->action == NULL || strcmp(l->a->action, action) == 0;
    l->action_met = l->action_met || met;
    return met && (!l->a->refused || strcmp(action, "refused") == 0) &&
           (!l->a->leaving || cv_logline_leaves(action));
}

static bool wanted(struct logging *l, const struct cv_json *event)
{
    const bool member = by_member(l, event), action = of_action(l, event);
    return member && action && (l->record[0] == '\0' || cv_logline_concerns(event, l->record)) &&
           cv_logline_within(event, l->since[0] != '\0' ? l->since : NULL,
                             l->until[0] != '\0' ? l->until : NULL);
}

/* known_action(l): by now it is known whether any entry has it. */
static cv_status known_action(const struct logging *l)
{
    struct cv_buf list = { 0 };
    cv_status st = CV_OK;
    bool found = l->a->action == NULL || l->action_met;
    for (const struct cv_logline_action *a = cv_logline_actions; a->action != NULL && st == CV_OK; a++) {
        found = found || strcmp(a->action, l->a->action) == 0;
        st = cv_buf_printf(&list, "%s%s", list.n > 0 ? ", " : "", a->action);
    }
    if (!found && st == CV_OK)
        st = cv_fail(&l->ui->err, CV_ERR_ARG, "no entry has the action %.32s; actions are: %.*s",
                     l->a->action, (int)list.n, (const char *)list.p);
    cv_buf_free(&list);
    return st;
}

/* known_member(l, v): a name that is nobody's must not look like somebody who did nothing. */
static cv_status known_member(const struct logging *l, const struct cv_vault *v)
{
    const char *who = l->a->member;
    bool found = who == NULL || l->member_met || cv_policy_member(cv_vault_policy(v), who) != NULL;
    for (void *i = cv_json_first(l->names); i != NULL && !found; i = cv_json_next(l->names, i))
        found = strcmp(cv_json_iter_name(i), who) == 0 || cv_json_has_word(cv_json_iter_value(i), who);
    return found
               ? CV_OK
               : cv_fail(&l->ui->err, CV_ERR_NOTFOUND,
                         "%.80s is no member, wrote no entry, and is no name in a staff record; see `member "
                         "list`",
                         who);
}

/* ---- lines ---- */

static cv_status names_of(const struct logging *l, const struct cv_json *event, struct cv_buf *out)
{
    const struct cv_json *names = cv_json_get(l->names, cv_logline_get(event, "member"));
    return cv_logline_names(names, out);
}

static cv_status json_line(const struct logging *l, uint64_t index, const struct cv_json *event,
                           const struct cv_json *text, const char *name)
{
    struct cv_json *o = cv_json_copy(event);
    cv_status st = cv_json_set(o, "entry", cv_json_int((int64_t)index));
    if (name[0] != '\0')
        st = CV_THEN(st, cv_json_set(o, "name", cv_json_str(name)));
    if (cv_json_get(text, "reason") != NULL)
        st = CV_THEN(st, cv_json_set(o, "reason", cv_json_copy(cv_json_get(text, "reason"))));
    if (cv_json_get(text, "terms") != NULL)
        st = CV_THEN(st, cv_json_set(o, "terms", cv_json_copy(cv_json_get(text, "terms"))));
    st = CV_THEN(st, cv_ui_answer(l->ui, o));
    cv_json_free(o);
    return st;
}

static cv_status csv_line(uint64_t index, const struct cv_json *event, const struct cv_json *text,
                          const char *name)
{
    struct cv_buf line = { 0 };
    cv_status st = cv_logline_csv(index, event, text, name, NULL, &line);
    if (st == CV_OK)
        fwrite(line.p, 1, line.n, stdout);
    cv_buf_free(&line);
    return st;
}

/* table_line: who is the pseudonym, and what somebody called it; what they did, to which record, and why. */
static cv_status table_line(struct logging *l, uint64_t index, const struct cv_json *event,
                            const struct cv_json *text, const char *name)
{
    const char *record = cv_logline_record(event), *reason = cv_json_get_str(text, "reason");
    const char *terms = cv_json_get_str(text, "terms");
    struct cv_buf who = { 0 }, what = { 0 };
    char number[24], when[CV_MOMENT_BYTES];
    cv_status st =
        cv_buf_printf(&who, "%s%s%s", cv_logline_get(event, "member"), name[0] != '\0' ? " " : "", name);
    st = CV_THEN(st, cv_buf_append(&who, CV_LIT("\0")));
    if (record != NULL)
        st = CV_THEN(st, cv_buf_str(&what, record));
    st = CV_THEN(st, cv_logline_say(event, &what));
    if (terms != NULL)
        st = CV_THEN(st, cv_buf_printf(&what, _("; for %s"), terms));
    if (reason != NULL) {
        st = CV_THEN(st, cv_buf_str(&what, " ("));
        st = CV_THEN(st, cv_logline_reason(reason, &what));
        st = CV_THEN(st, cv_buf_str(&what, ")"));
    }
    st = CV_THEN(st, cv_buf_append(&what, CV_LIT("\0")));
    snprintf(number, sizeof(number), "%" PRIu64, index);
    if (st == CV_OK) {
        cv_table_cell(&l->t, number);
        cv_table_cell(&l->t, cv_locale_moment(cv_logline_get(event, "time"), when));
        cv_table_cell(&l->t, (const char *)who.p);
        cv_table_cell(&l->t, cv_logline_get(event, "action"));
        cv_table_cell(&l->t, (const char *)what.p);
    }
    cv_buf_free(&who);
    cv_buf_free(&what);
    return st;
}

static cv_status on_event(void *arg, uint64_t index, const struct cv_json *event, const struct cv_json *text,
                          struct cv_err *err)
{
    struct logging *l = arg;
    struct cv_buf name = { 0 };
    cv_status st = CV_OK;
    (void)err;
    if (!l->ui->json && cv_logline_is(event, "action", "recovery"))
        st = say_recovery(l, index, event);
    if (!l->ui->json && cv_logline_is(event, "action", "basis"))
        st = CV_THEN(st, say_basis(l, index, event, text));
    if (st != CV_OK || !wanted(l, event))
        return st;
    st = names_of(l, event, &name);
    st = CV_THEN(st, cv_buf_append(&name, CV_LIT("\0")));
    if (st == CV_OK)
        st = l->ui->json ? json_line(l, index, event, text, (const char *)name.p)
             : l->a->csv ? csv_line(index, event, text, (const char *)name.p)
                         : table_line(l, index, event, text, (const char *)name.p);
    cv_buf_free(&name);
    return st;
}

static cv_status head(struct logging *l)
{
    static const char *const names[COLUMNS] = { N_("ENTRY"), N_("TIME"), N_("MEMBER"), N_("DID"),
                                                N_("WHAT") };
    struct cv_buf line = { 0 };
    for (size_t i = 0; i < COLUMNS; i++)
        cv_table_cell(&l->t, _(names[i]));
    cv_status st = l->a->csv ? cv_logline_csv_head(NULL, &line) : CV_OK;
    if (st == CV_OK && line.n > 0)
        fwrite(line.p, 1, line.n, stdout);
    cv_buf_free(&line);
    return st;
}

static cv_status run(struct cv_ui *ui, const void *args)
{
    struct cv_opened o = { 0 };
    struct logging l = { .ui = ui, .a = args, .t = { .columns = COLUMNS } };
    cv_status st = check(&l);
    st = CV_THEN(st, cv_ui_open(ui, &o));
    st = CV_THEN(st, cv_ui_member_names(ui, o.vault, l.a->reason, &l.names));
    st = CV_THEN(st, say_prominent(&l, o.vault));
    if (st == CV_OK && cv_vault_may_read(o.vault, "audit"))
        st = head(&l);
    st = CV_THEN(st, cv_audit_events(o.vault, "the access log was read", on_event, &l, &ui->err));
    if (!ui->json && !l.a->csv && (st == CV_OK || l.t.count > l.t.columns))
        cv_table_print(&l.t);
    st = CV_THEN(st, known_member(&l, o.vault));
    st = CV_THEN(st, known_action(&l));
    cv_buf_free(&l.t.cells);
    cv_json_free(l.names);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_audit_log = {
    .name = "audit log",
    .synopsis = "[--record ID] [--member MEMBER] [--action ACTION] [--since DAY] [--until DAY] [--refused] "
                "[--export] [--csv]",
    .summary = "print the access log (auditors)",
    .details = "Filters add up: an entry must pass all of them. Order is proved by the log; times are what "
               "the writers' "
               "clocks said, and an entry without a time that can be read passes --since and --until.",
    .opts = opts,
    .args_bytes = sizeof(struct args),
    .run = run,
};
