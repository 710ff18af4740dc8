#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/audit_tiles.h"
#include "cmd/audit_verify.h"
#include "cmd/cmd.h"
#include "formats/base64.h"
#include "vault/contents.h"
#include "vault/misconduct.h"

/* audit verify: whether all of it is there. */

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
    char when[32] = "", shown[CV_MOMENT_BYTES];
    struct tm tm;
    const time_t t = (time_t)w->last_time;
    if (w->asked == 0 && w->quorum == 0)
        return;
    if (w->enough > 0 && gmtime_r(&t, &tm) != NULL &&
        strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm) > 0)
        cv_print_n(stdout, w->asked,
                   "Witnesses: %" PRIu64 " of %" PRIu64
                   " checkpoint has the cosignatures that its policy asks for;\n"
                   "the last is of size %" PRIu64 ", by %s.\n",
                   "Witnesses: %" PRIu64 " of %" PRIu64
                   " checkpoints have the cosignatures that their policy asks for;\n"
                   "the last is of size %" PRIu64 ", by %s.\n",
                   w->enough, w->asked, w->last, cv_locale_moment(when, shown));
    else
        cv_print_n(stdout, w->asked,
                   "Witnesses: %" PRIu64 " of %" PRIu64
                   " checkpoint has the cosignatures that its policy asks for.\n",
                   "Witnesses: %" PRIu64 " of %" PRIu64
                   " checkpoints have the cosignatures that their policy asks for.\n",
                   w->enough, w->asked);
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
    if (a->loss > 0) {
        st = CV_THEN(st, set_count(o, "lost", a->lost));
        st = CV_THEN(st, set_count(o, "unproved", a->unproved));
    }
    if (a->witnessed.asked > 0 || a->witnessed.quorum > 0)
        st = CV_THEN(st, cv_json_set(o, "witnessed", witnessed_json(&a->witnessed)));
    st = CV_THEN(st, cv_ui_answer(ui, o));
    cv_json_free(o);
    return st;
}

cv_status cv_audit_print(const struct cv_ui *ui, const struct cv_audit *a, const char *said)
{
    char print[CV_FINGERPRINT_BYTES];
    struct cv_buf root = { 0 };
    cv_vault_fingerprint(a->vault, print);
    cv_status st = cv_base64_encode(CV_BASE64_STD, CV_ARR(a->head_root.b), &root);
    st = CV_THEN(st, cv_buf_append(&root, CV_LIT("\0")));
    if (st == CV_OK && ui->json)
        st = audit_json(ui, a, print, (const char *)root.p);
    else if (st == CV_OK) {
        cv_print("%s\n", _(said));
        cv_print_n(stdout, a->entries,
                   "%" PRIu64 " entry in %" PRIu64 " commits under %" PRIu64 " policies.\n",
                   "%" PRIu64 " entries in %" PRIu64 " commits under %" PRIu64 " policies.\n", a->entries,
                   a->commits, a->policies);
        cv_print("Head: %" PRIu64 " %s\nVault: %s\n", a->head_size, (const char *)root.p, print);
        if (a->loss > 0)
            cv_print_n(
                stdout, a->lost,
                "Lost: %" PRIu64 " entry, and %" PRIu64 " that can be proved no more, as entry %" PRIu64
                " and others of its\nkind say; who repaired the vault wrote that.\n",
                "Lost: %" PRIu64 " entries, and %" PRIu64 " that can be proved no more, as entry %" PRIu64
                " and others of its\nkind say; who repaired the vault wrote that.\n",
                a->lost, a->unproved, a->loss);
        say_witnessed(&a->witnessed);
    }
    cv_buf_free(&root);
    return st;
}

struct verify_args {
    const char *since, *tiles, *log_key;
    bool contents;
};
static const struct cv_opt verify_opts[] = {
    { "since", 0, "\"SIZE PRINT\"",
      "also prove that the log goes on from this head, as `audit head` printed it",
      offsetof(struct verify_args, since), CV_OPT_TEXT },
    { "contents", 0, NULL, "also hold the events against what was written (auditors)",
      offsetof(struct verify_args, contents), CV_OPT_FLAG },
    { "tiles", 0, "DIR|URL", "a published log, without the vault", offsetof(struct verify_args, tiles),
      CV_OPT_TEXT },
    { "log-key", 0, "KEY", "its key, the first time, as `audit publish` prints it",
      offsetof(struct verify_args, log_key), CV_OPT_TEXT },
    { 0 },
};

/* read_head(ui, text, out): "344 ba29-81d8-c8b1-5ee0-8007", as it was read out. */
static cv_status read_head(struct cv_ui *ui, const char *text, struct cv_kept_head *out)
{
    char *end = NULL;
    size_t n = 0;
    out->size = strtoull(text, &end, 10);
    for (const char *p = end; *p != '\0' && n < sizeof(out->print); p++)
        if (*p != ' ' && *p != '-') {
            if (n % 5 == 4)
                out->print[n++] = '-';
            out->print[n++] = (char)(*p >= 'A' && *p <= 'F' ? *p - 'A' + 'a' : *p);
        }
    if (text[0] < '1' || text[0] > '9' || n != sizeof(out->print) - 1 ||
        strspn(out->print, "0123456789abcdef-") != n)
        return cv_fail(&ui->err, CV_ERR_ARG,
                       "--since wants what `audit head` prints: a number, and five groups of "
                       "four digits");
    out->print[n] = '\0';
    return CV_OK;
}

/* on_fault: a cv_contents_fn. */
static void on_fault(void *arg, uint64_t index, const char *what)
{
    const struct cv_ui *ui = arg;
    if (!ui->json)
        cv_print("entry %" PRIu64 ": %s\n", index, what);
}

static cv_status contents_json(const struct cv_ui *ui, const struct cv_contents *c)
{
    struct cv_json *o = cv_json_object();
    cv_status st = set_count(o, "events", c->events);
    st = CV_THEN(st, set_count(o, "records", c->records));
    st = CV_THEN(st, set_count(o, "policies", c->policies));
    st = CV_THEN(st, set_count(o, "documents", c->documents));
    st = CV_THEN(st, set_count(o, "erasures", c->erasures));
    st = CV_THEN(st, set_count(o, "packages", c->packages));
    st = CV_THEN(st, set_count(o, "faults", c->faults));
    st = CV_THEN(st, set_count(o, "times_back", c->backward));
    st = CV_THEN(st, cv_ui_answer(ui, o));
    cv_json_free(o);
    return st;
}

static void print_contents(const struct cv_contents *c)
{
    cv_print_n(stdout, c->events,
               "Contents: %" PRIu64 " event, held against %" PRIu64 " record versions, %" PRIu64
               " policies,\n%" PRIu64 " erasures and %" PRIu64 " records that left: ",
               "Contents: %" PRIu64 " events, held against %" PRIu64 " record versions, %" PRIu64
               " policies,\n%" PRIu64 " erasures and %" PRIu64 " records that left: ",
               c->events, c->records, c->policies, c->erasures, c->packages);
    if (c->faults == 0)
        cv_print("nothing is without its event.\n");
    else
        cv_print_n(stdout, c->faults, "%" PRIu64 " fault, named above.\n",
                   "%" PRIu64 " faults, named above.\n", c->faults);
    if (c->backward > 0)
        cv_print_n(
            stdout, c->backward,
            "The writers' clocks differ: times go back %" PRIu64 " time, first at entry %" PRIu64 ".\n",
            "The writers' clocks differ: times go back %" PRIu64 " times, first at entry %" PRIu64 ".\n",
            c->backward, c->backward_first);
    cv_print("Not proved: that nobody read with a program of their own (SECURITY.md), and when\n"
             "anything was written, but by the writers' own clocks.\n");
}

/* verify_contents(ui): with the auditor's key: what the structure cannot show. */
static cv_status verify_contents(struct cv_ui *ui)
{
    struct cv_opened o = { 0 };
    struct cv_contents c = { 0 };
    struct cv_err why = { 0 };
    cv_status st = cv_ui_open(ui, &o);
    cv_status found = CV_THEN(st, cv_contents_check(o.vault, on_fault, ui, &c, &why));
    if (st == CV_OK && (found == CV_OK || c.faults > 0)) {
        if (ui->json)
            st = contents_json(ui, &c);
        else
            print_contents(&c);
    }
    if (st == CV_OK && found != CV_OK)
        st = cv_fail(&ui->err, found, "%s", why.msg);
    cv_ui_close(&o);
    return st;
}

static cv_status run_verify(struct cv_ui *ui, const void *args)
{
    const struct verify_args *a = args;
    char path[4096];
    struct cv_kept_head since = { 0 };
    struct cv_audit audit = { 0 };
    char evidence[4096];
    if (a->tiles != NULL)
        return cv_audit_tiles(ui, a->tiles, a->log_key);
    if (a->log_key != NULL)
        return cv_fail(&ui->err, CV_ERR_ARG, "--log-key goes with --tiles");
    cv_status st = a->since != NULL ? read_head(ui, a->since, &since) : CV_OK;
    st = CV_THEN(st, cv_ui_vault_path(ui, path));
    st = CV_THEN(st, cv_audit_verify(path, ui->trust, a->since != NULL ? &since : NULL, progress, ui, &audit,
                                     &ui->err));
    if (st == CV_OK)
        cv_ui_training(ui, audit.training);
    else if (st == CV_ERR_LOG && cv_misconduct_keep(path, audit.vault, evidence, NULL) == CV_OK) {
        ui->err = (struct cv_err){ 0 }; /* more can be said than that there is another story */
        st =
            cv_fail(&ui->err, st, "the log tells another story; two signed heads prove it: %.190s", evidence);
    }
    if (st == CV_ERR_LOG)
        ui->hint =
            "let nobody write to this vault, and delete nothing; docs/AUDIT.md says what this means, and "
            "`casevault check` names all that is damaged";
    st = CV_THEN(
        st, cv_audit_print(ui, &audit,
                           audit.known
                               ? N_("The log is whole: every entry, checkpoint and policy verifies, and it "
                                    "goes on\nfrom what you saw before.")
                               : N_("The log is whole: every entry, checkpoint and policy verifies. You "
                                    "have not seen\nthis vault before: compare its fingerprint.")));
    if (st == CV_OK && !a->contents && !ui->json)
        cv_print("Contents are unchecked, for no key was used; auditors add --contents.\n");
    return a->contents ? CV_THEN(st, verify_contents(ui)) : st;
}

const struct cv_cmd cv_cmd_audit_verify = {
    .name = "audit verify",
    .synopsis = "[--since \"SIZE PRINT\"] [--contents] [--tiles DIR|URL [--log-key KEY]]",
    .summary = "verify the whole log, without any key",
    .details =
        "Every entry's bytes, the tree, every checkpoint's signatures, every policy's quorum; that erased "
        "keys are gone, and no others; and that nothing you saw before is gone or changed. Exit status 14 "
        "names the first entry at fault. With --tiles, the same of a log that `audit publish` wrote, by "
        "hashes "
        "and the log key alone; a URL is fetched by the program curl.",
    .opts = verify_opts,
    .args_bytes = sizeof(struct verify_args),
    .run = run_verify,
};
