#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "vault/agent.h"
#include "vault/consent.h"
#include "vault/document.h"
#include "vault/glance.h"
#include "vault/members.h"
#include "vault/recovery.h"
#include "vault/sandbox.h"
#include "vault/walk.h"
#include "vault/witnessed.h"

/* status: what this vault is, and what needs attention. */

#define SOON_DAYS 30

struct args {
    bool full;
    const char *reason;
};
static const struct cv_opt opts[] = {
    { "full", 'f', NULL,
      "also read the log, the consents and the days until which records are kept: a reading, and logged",
      offsetof(struct args, full), CV_OPT_FLAG },
    { "reason", 'r', "TEXT", "why; sealed into the access log", offsetof(struct args, reason), CV_OPT_TEXT },
    { 0 },
};

/* What only a reading tells. */
struct looked {
    bool consents, records; /* may this member read them? */
    size_t ending, due;
    char soonest[CV_DATE_BYTES]; /* of the consents that end soon, the first day */
    struct cv_witnessed witnessed;
};

struct state {
    struct cv_vault *v;
    bool unlocked;
    struct cv_agent_left left;
    size_t waiting, approvals, lacking, unfinished;
    struct cv_sandbox_level guard;
    const struct args *a;
    struct looked looked;
    uint64_t recovered, recovered_at; /* the last policy that shares brought about, and its entry; or 0 */
};

static cv_status print_json(const struct cv_ui *ui, const struct state *s)
{
    const struct cv_policy *p = cv_vault_policy(s->v);
    const uint64_t *counts = s->v->custody->counts;
    char print[CV_FINGERPRINT_BYTES];
    struct cv_json *o = cv_json_object();
    cv_vault_fingerprint(p->vault, print);
    cv_status st = cv_json_set(o, "vault", cv_json_str(p->vault));
    st = CV_THEN(st, cv_json_set(o, "fingerprint", cv_json_str(print)));
    st = CV_THEN(st, cv_json_set(o, "training", cv_json_bool(p->training)));
    st = CV_THEN(st, cv_json_set(o, "member", cv_json_str(s->v->id->public.pseudonym)));
    st = CV_THEN(st, cv_json_set(o, "policy", cv_json_int((int64_t)p->number)));
    st = CV_THEN(st, cv_json_set(o, "entries", cv_json_int((int64_t)s->v->custody->chain.next)));
    st = CV_THEN(st, cv_json_set(o, "versions", cv_json_int((int64_t)counts[CV_KIND_RECORD])));
    st = CV_THEN(st, cv_json_set(o, "events", cv_json_int((int64_t)counts[CV_KIND_EVENT])));
    st = CV_THEN(st, cv_json_set(o, "waiting", cv_json_int((int64_t)s->waiting)));
    st = CV_THEN(st, cv_json_set(o, "approvals", cv_json_int((int64_t)s->approvals)));
    st = CV_THEN(st, cv_json_set(o, "recovery_shares", cv_json_int(p->recovery.shares)));
    st = CV_THEN(st, cv_json_set(o, "recovery_lacking", cv_json_int((int64_t)s->lacking)));
    st = CV_THEN(st, cv_json_set(o, "unfinished_files", cv_json_int((int64_t)s->unfinished)));
    if (s->unlocked) {
        st = CV_THEN(st, cv_json_set(o, "unlocked_idle", cv_json_int((int64_t)s->left.idle)));
        st = CV_THEN(st, cv_json_set(o, "unlocked_most", cv_json_int((int64_t)s->left.most)));
    }
    st = CV_THEN(st, cv_json_set(o, "landlock", cv_json_int(s->guard.landlock)));
    st = CV_THEN(st, cv_json_set(o, "seccomp", cv_json_bool(s->guard.seccomp)));
    st = CV_THEN(st, cv_json_set(o, "recovered_by_policy", cv_json_int((int64_t)s->recovered)));
    if (s->a->full && s->looked.consents)
        st = CV_THEN(st, cv_json_set(o, "consents_ending", cv_json_int((int64_t)s->looked.ending)));
    if (s->a->full && s->looked.records)
        st = CV_THEN(st, cv_json_set(o, "records_due", cv_json_int((int64_t)s->looked.due)));
    if (s->a->full && s->looked.witnessed.asked > 0) {
        st = CV_THEN(st, cv_json_set(o, "heads_asked", cv_json_int((int64_t)s->looked.witnessed.asked)));
        st = CV_THEN(st, cv_json_set(o, "heads_witnessed", cv_json_int((int64_t)s->looked.witnessed.enough)));
    }
    st = CV_THEN(st, cv_ui_answer(ui, o));
    cv_json_free(o);
    return st;
}

/* print_attention(s): what somebody should do something about. */
static void print_attention(const struct state *s)
{
    const struct cv_policy *p = cv_vault_policy(s->v);
    if (s->recovered > 0)
        cv_print("RECOVERY:    shares were used: policy %" PRIu64 ", entry %" PRIu64
                 ", let somebody in with every\n"
                 "             role; if nobody told you why, ask\n",
                 s->recovered, s->recovered_at);
    if (s->approvals > 0)
        cv_print_n(stdout, s->approvals, "Approvals:   %zu waiting for signatures: see `policy show`\n",
                   "Approvals:   %zu waiting for signatures: see `policy show`\n", s->approvals);
    if (s->waiting > 0)
        cv_print_n(stdout, s->waiting,
                   "Waiting:     %zu key for members; a colleague who holds it hands it on with\n"
                   "             their next command\n",
                   "Waiting:     %zu keys for members; a colleague who holds them hands them on with\n"
                   "             their next command\n",
                   s->waiting);
    if (p->recovery.threshold == 0)
        cv_print("Recovery:    none: if all keys are lost, all records are; see `recovery split`\n");
    else if (s->lacking > 0)
        cv_print_n(stdout, s->lacking,
                   "Recovery:    %zu section is not covered yet; colleagues who read it add it\n"
                   "             with their next command\n",
                   "Recovery:    %zu sections are not covered yet; colleagues who read them add them\n"
                   "             with their next command\n",
                   s->lacking);
    if (s->unfinished > 0)
        cv_print_n(
            stdout, s->unfinished,
            "Files:       %zu begun and never finished; it is erased by the next `document add` of\n"
            "             whoever began it, or by `record erase`\n",
            "Files:       %zu begun and never finished; they are erased by the next `document add` of\n"
            "             whoever began them, or by `record erase`\n",
            s->unfinished);
    if (s->v->custody->tail != CV_TAIL_NONE)
        cv_print("Notice:      an interrupted write lies at the end of the archive; the next write\n"
                 "             closes it off\n");
}

/* ---- what only a reading tells ---- */

/* ends_soon(arg, data): a cv_consent_fn: in force, and over within SOON_DAYS. */
static bool ends_soon(void *arg, const struct cv_json *data)
{
    struct looked *l = arg;
    char today[CV_DATE_BYTES], soon[CV_DATE_BYTES];
    const char *until = cv_json_get_str(data, "until");
    cv_date_today(0, today);
    cv_date_today(SOON_DAYS, soon);
    if (until == NULL || strcmp(cv_consent_state(data, today), "in force") != 0 || strcmp(until, soon) > 0)
        return false;
    if (l->ending == 0 || strcmp(until, l->soonest) < 0)
        snprintf(l->soonest, sizeof(l->soonest), "%.10s", until);
    l->ending++;
    return true;
}

static cv_status look_at_consents(struct cv_ui *ui, struct state *s)
{
    struct cv_consents list = { 0 };
    s->looked.consents = cv_vault_may_read(s->v, "consent");
    cv_status st =
        s->looked.consents ? cv_consents(s->v, s->a->reason, ends_soon, &s->looked, &list, &ui->err) : CV_OK;
    cv_consents_free(&list);
    return st;
}

static cv_status look_at_records(struct cv_ui *ui, struct state *s)
{
    struct cv_head_walk walk = { 0 };
    struct cv_json *due = NULL;
    s->looked.records = cv_vault_may_read(s->v, "head");
    if (!s->looked.records)
        return CV_OK;
    cv_status st = cv_head_walk(s->v, NULL, true, &walk, &ui->err);
    st = CV_THEN(st, cv_record_due(s->v, &walk, s->a->reason, &due, &ui->err));
    s->looked.due = cv_json_len(due);
    cv_json_free(due);
    cv_head_walk_free(&walk);
    return st;
}

static void progress(void *arg, uint64_t done, uint64_t total)
{
    cv_ui_progress(arg, "reading the log", done, total);
}

/* look_at_heads(ui, s): how many of them have their cosignatures. */
static cv_status look_at_heads(struct cv_ui *ui, struct state *s)
{
    struct cv_witnessing *w = NULL;
    struct cv_audit found = { 0 };
    cv_status st = cv_witnessing_new(&w);
    struct cv_walk walk = { .progress = progress, .arg = ui, .witnessing = w, .torn = true, .out = &found };
    st = CV_THEN(st, cv_walk_run(s->v->custody->path, &walk, &ui->err));
    if (st == CV_OK)
        cv_witnessing_count(w, &s->looked.witnessed);
    cv_buf_free(&walk.checkpoint);
    cv_witnessing_free(w);
    return st;
}

static void print_looked(const struct looked *l)
{
    char shown[CV_MOMENT_BYTES];
    if (l->ending > 0)
        cv_print_n(stdout, l->ending,
                   "Consents:    %zu will be over within %d days, the first on %s; see\n"
                   "             `consent show`\n",
                   "Consents:    %zu will be over within %d days, the first on %s; see\n"
                   "             `consent show`\n",
                   l->ending, SOON_DAYS, cv_locale_day(l->soonest, shown));
    if (l->due > 0)
        cv_print_n(stdout, l->due, "Retention:   %zu need not be kept any more; see `record list --due`\n",
                   "Retention:   %zu need not be kept any more; see `record list --due`\n", l->due);
    if (l->witnessed.asked > l->witnessed.enough)
        cv_print("Witnesses:   %" PRIu64 " of %" PRIu64 " heads have not enough cosignatures; see\n"
                 "             `audit witness request`\n",
                 l->witnessed.asked - l->witnessed.enough, l->witnessed.asked);
    if (l->ending == 0 && l->due == 0 && l->witnessed.asked == l->witnessed.enough)
        cv_print("Records:     no consent is about to end and nothing is due, as far as you read\n");
}

/* ask_agent(ui, s): is this identity unlocked, and for how long? Asking does not prolong it. */
static void ask_agent(struct cv_ui *ui, struct state *s)
{
    struct cv_ui quiet = { .identity = ui->identity };
    struct cv_identity id = { 0 };
    char path[CV_AGENT_PATH_MAX];
    s->unlocked = getenv("XDG_RUNTIME_DIR") != NULL && cv_ui_agent_path(&quiet, path) == CV_OK &&
                  cv_agent_connect(path, &id, &s->left, NULL) == CV_OK;
    cv_identity_free(&id);
}

static void print_agent(const struct state *s)
{
    if (s->unlocked)
        cv_print_n(stdout, (s->left.idle + 59) / 60,
                   "Unlocked:    %llu more minute without a command, %llu in any case;\n"
                   "             `casevault lock` ends it now\n",
                   "Unlocked:    %llu more minutes without a command, %llu in any case;\n"
                   "             `casevault lock` ends it now\n",
                   (unsigned long long)(s->left.idle + 59) / 60,
                   (unsigned long long)(s->left.most + 59) / 60);
    else
        cv_print("Locked:      every command asks for the passphrase; see `casevault unlock`\n");
}

/* print_guard(g): what holds whoever reads what strangers sent (vault/sandbox.h). */
static void print_guard(const struct cv_sandbox_level *g)
{
    char landlock[32] = "no Landlock here";
    if (g->landlock > 0)
        snprintf(landlock, sizeof(landlock), "Landlock %d", g->landlock);
    if (g->seccomp)
        cv_print("Guarded:     files from others are read without keys, by a process that can open\n"
                 "             no file, no connection and no program (seccomp; %s)\n",
                 landlock);
    else if (g->landlock > 0)
        cv_print("Guarded:     in part: files from others are read without keys, by a process that\n"
                 "             can open no file (%s; this system has no seccomp)\n",
                 landlock);
    else
        cv_print("NOT GUARDED: this system has neither seccomp nor Landlock: a file made to attack\n"
                 "             its reader meets no keys, but could open files: read it elsewhere\n");
}

/* print_vault(s, print): what it is, and what this member is in it. */
static void print_vault(const struct state *s, const char *print)
{
    const struct cv_policy *p = cv_vault_policy(s->v);
    const struct cv_custody *c = s->v->custody;
    struct cv_json *roles = cv_policy_role_names(p, cv_vault_me(s->v)->roles);
    cv_print("Vault:      ");
    cv_text_print(cv_bytes_str(c->path), 12, 13);
    cv_print("Fingerprint: %s\nYou are:     %s\nYou work as:", print, s->v->id->public.pseudonym);
    cv_text_value(roles, 12, 13);
    cv_print_n(stdout, c->counts[CV_KIND_RECORD],
               "Contents:    %'" PRIu64 " version of a record, %'" PRIu64 " entries in the access log\n",
               "Contents:    %'" PRIu64 " versions of records, %'" PRIu64 " entries in the access log\n",
               c->counts[CV_KIND_RECORD], c->counts[CV_KIND_EVENT]);
    cv_print("Members:     %zu, under policy number %" PRIu64 "\n", p->member_count, p->number);
    cv_json_free(roles);
}

/* on_recovered: a cv_recovered_fn; the last one stays. */
static void on_recovered(void *arg, uint64_t policy, uint64_t entry)
{
    struct state *s = arg;
    s->recovered = policy;
    s->recovered_at = entry;
}

static cv_status run(struct cv_ui *ui, const void *args)
{
    struct cv_opened o = { 0 };
    char print[CV_FINGERPRINT_BYTES];
    cv_status st = cv_ui_open(ui, &o);
    if (st != CV_OK)
        return st;
    struct state s = { .v = o.vault,
                       .a = args,
                       .waiting = cv_members_waiting(o.vault),
                       .approvals = cv_change_waits(o.vault),
                       .lacking = cv_recovery_lacking(o.vault) };
    struct cv_documents left;
    st = cv_document_left(o.vault, &left, &ui->err);
    s.unfinished = left.count;
    cv_documents_free(&left);
    ask_agent(ui, &s);
    cv_sandbox_probe(&s.guard);
    st = CV_THEN(st, cv_recovery_each(o.vault, on_recovered, &s, &ui->err));
    if (s.a->full) {
        st = CV_THEN(st, look_at_consents(ui, &s));
        st = CV_THEN(st, look_at_records(ui, &s));
        st = CV_THEN(st, look_at_heads(ui, &s));
    }
    const struct cv_policy *p = cv_vault_policy(o.vault);
    cv_vault_fingerprint(p->vault, print);
    if (st == CV_OK && ui->json)
        st = print_json(ui, &s);
    else if (st == CV_OK) {
        print_vault(&s, print);
        print_agent(&s);
        print_guard(&s.guard);
        print_attention(&s);
        if (s.a->full)
            print_looked(&s.looked);
    }
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_status = {
    .name = "status",
    .synopsis = "[--full] [--reason TEXT]",
    .summary = "what this vault is, and what needs attention",
    .opts = opts,
    .args_bytes = sizeof(struct args),
    .run = run,
};
