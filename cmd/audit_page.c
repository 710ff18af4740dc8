#include "cmd/audit_page.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "cmd/outfile.h"
#include "formats/date.h"
#include "formats/logline.h"
#include "formats/report.h"
#include "vault/audit.h"
#include "vault/erase.h"
#include "vault/recovery.h"
#include "vault/staff.h"

/* The page of audit report: what it shows is collected here; formats/report counts it while the log is gone
 * through, and reads each event again when it writes its row. */

#define SUFFIX ".html"

struct collecting {
    struct cv_vault *v;
    struct cv_json *doc, *recovered, *lies;
    struct cv_report report;
    char first[CV_DATE_BYTES]; /* day of the first entry with a time */
    bool whole;                /* the log was gone through, also if an entry did not open */
    cv_status st;              /* of the callbacks that cannot say so */
    uint64_t shut;             /* entries that did not open when they were read again */
};

static void note_entry(struct collecting *c, struct cv_json *list, uint64_t entry)
{
    c->st = CV_THEN(c->st, cv_json_push(list, cv_json_int((int64_t)entry)));
}

/* on_recovered: a cv_recovered_fn. */
static void on_recovered(void *arg, uint64_t policy, uint64_t entry)
{
    struct collecting *c = arg;
    (void)policy;
    note_entry(c, c->recovered, entry);
}

/* on_lie: of cv_erase_lies. */
static void on_lie(void *arg, uint64_t entry)
{
    struct collecting *c = arg;
    note_entry(c, c->lies, entry);
}

/* roles_then(c, index, event): what its author was, by the policy of that time. */
static struct cv_json *roles_then(const struct collecting *c, uint64_t index, const struct cv_json *event)
{
    const struct cv_policy *p = NULL;
    const char *who = cv_json_get_str(event, "written_by");
    who = who != NULL ? who : cv_logline_get(event, "member");
    const struct cv_policy_member *m =
        cv_custody_policy_at(c->v->custody, index, &p, NULL) == CV_OK ? cv_policy_member(p, who) : NULL;
    return m != NULL ? cv_policy_role_names(p, m->roles) : cv_json_array();
}

static cv_status on_event(void *arg, uint64_t index, const struct cv_json *event, const struct cv_json *text,
                          struct cv_err *err)
{
    struct collecting *c = arg;
    struct cv_json *roles = roles_then(c, index, event);
    (void)text;
    if (c->first[0] == '\0' && cv_logline_dated(event))
        snprintf(c->first, sizeof(c->first), "%.10s", cv_json_get_str(event, "time"));
    cv_status st = roles == NULL ? CV_ERR_NOMEM : cv_report_add(&c->report, index, event, roles);
    cv_json_free(roles);
    return cv_err_note(err, st, "report");
}

/* again: an event that was gone past. */
static cv_status again(void *arg, uint64_t entry, struct cv_json **out, struct cv_err *err)
{
    struct collecting *c = arg;
    struct cv_json *text = NULL;
    cv_status st = cv_audit_again(c->v, entry, out, &text, err);
    const char *action = st == CV_OK ? cv_json_get_str(*out, "action") : NULL;
    c->shut += action != NULL && strcmp(action, "unreadable") == 0;
    if (cv_json_get(text, "reason") != NULL)
        st = CV_THEN(st, cv_json_set(*out, "reason", cv_json_ref(cv_json_get(text, "reason"))));
    cv_json_free(text);
    return st;
}

/* personal(t): sections of persons and of testimony that a case does not have. */
static struct cv_json *personal(const struct cv_template *t)
{
    static const char *const types[] = { "person", "testimony" };
    struct cv_json *list = cv_json_array();
    cv_status st = list == NULL ? CV_ERR_NOMEM : CV_OK;
    for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
        const char *section;
        for (size_t k = 0; st == CV_OK && (section = cv_template_type_section(t, types[i], k)) != NULL; k++)
            if (!cv_template_has(t, "case", section))
                st = cv_json_push_word(list, section);
    }
    if (st == CV_OK)
        return list;
    cv_json_free(list);
    return NULL;
}

static cv_status set_text(struct cv_json *doc, const char *name, const char *text)
{
    return cv_json_set(doc, name, cv_json_str(text));
}

/* set_period(c, ask): as it was asked for; else from the first entry with a time until today. */
static cv_status set_period(struct collecting *c, const struct cv_audit_page *ask)
{
    char today[CV_DATE_BYTES];
    cv_date_today(0, today);
    const char *to = ask->to != NULL ? ask->to : today;
    const char *from = ask->from != NULL ? ask->from : c->first[0] != '\0' ? c->first : today;
    if (strcmp(from, to) > 0 && ask->from == NULL)
        from = to;
    cv_status st = set_text(c->doc, "from", from);
    return CV_THEN(st, set_text(c->doc, "to", strcmp(from, to) > 0 ? from : to));
}

static cv_status collect(struct cv_ui *ui, struct collecting *c, const struct cv_audit_page *ask)
{
    char now[CV_TIME_BYTES], print[CV_FINGERPRINT_BYTES];
    struct cv_json *names = NULL;
    cv_status st = cv_ui_member_names(ui, c->v, ask->reason, &names);
    st = CV_THEN(st, cv_json_set(c->doc, "names", names != NULL ? names : cv_json_object()));
    if (st == CV_OK && cv_vault_may_read(c->v, "audit")) {
        st = cv_recovery_each(c->v, on_recovered, c, &ui->err);
        st = CV_THEN(st, cv_erase_lies(c->v, on_lie, c, &ui->err));
        st = CV_THEN(st, c->st);
    }
    cv_vault_now(now);
    cv_vault_fingerprint(cv_vault_policy(c->v)->vault, print);
    st = CV_THEN(st, set_text(c->doc, "vault", print));
    st = CV_THEN(st, set_text(c->doc, "made", now));
    st = CV_THEN(st, set_text(c->doc, "by", cv_vault_me(c->v)->key.pseudonym));
    st = CV_THEN(st, cv_json_set(c->doc, "training", cv_json_bool(cv_vault_policy(c->v)->training)));
    st = CV_THEN(st, cv_json_set(c->doc, "personal", personal(c->v->template)));
    st = CV_THEN(st, cv_json_set(c->doc, "recovered", cv_json_ref(c->recovered)));
    st = CV_THEN(st, cv_json_set(c->doc, "lies", cv_json_ref(c->lies)));
    if (st == CV_OK) {
        st = cv_audit_events(c->v, "a report of the access log was made", on_event, c, &ui->err);
        c->whole = st == CV_OK || st == CV_ERR_LOG;
    }
    if (c->whole) { /* who finds an entry that does not open gets the page all the same */
        const cv_status put = set_period(c, ask);
        st = put != CV_OK ? put : st;
    }
    return st;
}

static cv_status put_piece(void *arg, struct cv_bytes piece, struct cv_err *err)
{
    return cv_outfile_write(arg, piece, err);
}

/* write_files(ui, ask, csv_path, r): both or none, and a name only for what is whole. */
static cv_status write_files(struct cv_ui *ui, const struct cv_audit_page *ask, const char *csv_path,
                             const struct cv_report *r)
{
    struct cv_outfile page = CV_OUTFILE_NONE, csv = CV_OUTFILE_NONE;
    cv_status st = ask->csv ? cv_outfile_create(ui, csv_path, &csv) : CV_OK;
    st = CV_THEN(st, cv_outfile_create(ui, ask->output, &page));
    st = CV_THEN(st, cv_report_page(r, put_piece, &page, &ui->err));
    st = CV_THEN(st, cv_outfile_sync(ui, &page));
    if (ask->csv) {
        st = CV_THEN(st, cv_report_csv(r, put_piece, &csv, &ui->err));
        st = CV_THEN(st, cv_outfile_sync(ui, &csv));
        st = CV_THEN(st, cv_outfile_keep(ui, &csv));
    }
    const bool beside = st == CV_OK && ask->csv;
    st = CV_THEN(st, cv_outfile_keep(ui, &page));
    if (st != CV_OK && beside)
        (void)unlink(csv_path);
    cv_outfile_drop(&page);
    cv_outfile_drop(&csv);
    return st;
}

static cv_status say(struct cv_ui *ui, const struct cv_audit_page *ask, const char *csv_path,
                     const struct cv_report *r)
{
    struct cv_json *o = NULL;
    char from[CV_MOMENT_BYTES], to[CV_MOMENT_BYTES];
    cv_status st = CV_OK;
    if (ui->json) {
        o = cv_json_object();
        st = cv_json_set(o, "page", cv_json_str(ask->output));
        if (ask->csv)
            st = CV_THEN(st, cv_json_set(o, "csv", cv_json_str(csv_path)));
        st = CV_THEN(st, cv_json_set(o, "from", cv_json_str(r->from)));
        st = CV_THEN(st, cv_json_set(o, "to", cv_json_str(r->to)));
        st = CV_THEN(st, cv_json_set(o, "entries", cv_json_int((int64_t)r->within)));
        st = CV_THEN(st, cv_ui_answer(ui, o));
    }
    cv_json_free(o);
    cv_ui_say_n(
        ui, r->within,
        "%zu entry from %s to %s. The page is not sealed: it says who looked at which record, and why.",
        "%zu entries from %s to %s. The page is not sealed: it says who looked at which record, and why.",
        r->within, cv_locale_day(r->from, from), cv_locale_day(r->to, to));
    return st;
}

static cv_status render(struct cv_ui *ui, const struct cv_audit_page *ask, struct cv_report *r)
{
    char csv_path[4096] = "";
    snprintf(csv_path, sizeof(csv_path), "%.*s.csv", (int)(strlen(ask->output) - strlen(SUFFIX)),
             ask->output);
    cv_status st = cv_report_judge(r, &ui->err);
    st = CV_THEN(st, write_files(ui, ask, csv_path, r));
    st = CV_THEN(st, say(ui, ask, csv_path, r));
    return cv_err_note(&ui->err, st, "report");
}

static cv_status check(struct cv_ui *ui, const struct cv_audit_page *ask)
{
    const size_t n = strlen(ask->output);
    if (n <= strlen(SUFFIX) || strcmp(ask->output + n - strlen(SUFFIX), SUFFIX) != 0)
        return cv_fail(&ui->err, CV_ERR_ARG, "--output: the page's name ends in %s", SUFFIX);
    if (n > 4000)
        return cv_fail(&ui->err, CV_ERR_ARG, "--output: the name is too long");
    return CV_OK;
}

cv_status cv_audit_page_write(struct cv_ui *ui, const struct cv_audit_page *ask)
{
    struct cv_opened o = { 0 };
    struct collecting c = { .doc = cv_json_object(), .recovered = cv_json_array(), .lies = cv_json_array() };
    const struct cv_report_source source = { again, &c };
    cv_status st = c.doc == NULL || c.recovered == NULL || c.lies == NULL ? CV_ERR_NOMEM : check(ui, ask);
    st = CV_THEN(st, cv_report_new(c.doc, &source, &c.report));
    st = CV_THEN(st, cv_ui_open(ui, &o));
    c.v = o.vault;
    st = CV_THEN(st, collect(ui, &c, ask));
    if (st == CV_OK || (st == CV_ERR_LOG && c.whole)) {
        const struct cv_err found = ui->err;
        ui->err = (struct cv_err){ 0 };
        const cv_status wrote = render(ui, ask, &c.report);
        if (wrote == CV_OK)
            ui->err = found;
        st = wrote != CV_OK ? wrote : st;
        if (st == CV_OK && c.shut > 0)
            st = cv_fail_n(
                &ui->err, CV_ERR_LOG, c.shut,
                "%" PRIu64 " entry opened a moment ago and does not any more: see `casevault check`",
                "%" PRIu64 " entries opened a moment ago and do not any more: see `casevault check`", c.shut);
    }
    cv_report_free(&c.report);
    cv_json_free(c.doc);
    cv_json_free(c.recovered);
    cv_json_free(c.lies);
    cv_ui_close(&o);
    return st;
}
