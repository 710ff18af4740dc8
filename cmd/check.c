#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/audit_verify.h"
#include "cmd/cmd.h"
#include "vault/export.h"

/* check: everything is read, whatever is damaged is named, and (--contents) opened as far as the member may.
 */

struct check_args {
    bool contents, accept_older;
    const char *reason;
};
static const struct cv_opt opts[] = {
    { "contents", 0, NULL, "also open every section of every record that you may read, which is logged",
      offsetof(struct check_args, contents), CV_OPT_FLAG },
    { "reason", 0, "TEXT", "why, for the access log", offsetof(struct check_args, reason), CV_OPT_TEXT },
    { "accept-older", 0, NULL,
      "the vault was put back from a backup, and a custodian told you so: go on from what it is now",
      offsetof(struct check_args, accept_older), CV_OPT_FLAG },
    { 0 },
};

/* Neighbours with the same fault, told as one. */
struct run {
    uint64_t first, last;
    enum cv_kind kind;
    char text[CV_ERR_BYTES];
};

struct checking {
    struct cv_ui *ui;
    struct run *runs;
    size_t count, room;
};

static cv_status on_damage(void *arg, uint64_t index, enum cv_kind kind, const char *text)
{
    struct checking *c = arg;
    struct run *last = c->count > 0 ? &c->runs[c->count - 1] : NULL;
    if (last != NULL && index == last->last + 1 && kind == last->kind && kind == CV_KIND_COUNT &&
        strncmp(last->text, text, sizeof(last->text) - 1) == 0) {
        last->last = index;
        return CV_OK;
    }
    if (c->count == c->room) {
        const size_t room = 2 * c->room + 16;
        struct run *more = realloc(c->runs, room * sizeof(*more));
        if (more == NULL)
            return CV_ERR_NOMEM;
        c->runs = more;
        c->room = room;
    }
    if (c->runs == NULL)
        return CV_ERR_INTERNAL;
    struct run *r = &c->runs[c->count++];
    *r = (struct run){ .first = index, .last = index, .kind = kind };
    snprintf(r->text, sizeof(r->text), "%s", text);
    return CV_OK;
}

static void progress(void *arg, uint64_t done, uint64_t total)
{
    cv_ui_progress(((struct checking *)arg)->ui, "Verifying, bytes", done, total);
}

/* held(v, known, r, out): the version that stood in a damaged entry; with an empty id if this member does not
 * know of one. ${out} is to be freed. */
static cv_status held(struct cv_vault *v, const struct cv_head_walk *known, const struct run *r,
                      struct cv_version *out, struct cv_err *err)
{
    size_t i = 0;
    *out = (struct cv_version){ 0 };
    while (i < known->count && known->step[i].index < r->first)
        i++;
    if (i == known->count || known->step[i].index > r->last)
        return CV_OK;
    cv_status st = cv_head_walk_at(v, known, i, out, err);
    return st == CV_ERR_NOTFOUND ? CV_OK : st;
}

static cv_status run_json(const struct cv_ui *ui, const struct run *r, const struct cv_version *was)
{
    struct cv_json *o = cv_json_object();
    cv_status st = cv_json_set(o, "entry", cv_json_int((int64_t)r->first));
    if (r->last != r->first)
        st = CV_THEN(st, cv_json_set(o, "last", cv_json_int((int64_t)r->last)));
    st = CV_THEN(st, cv_json_set(o, "kind", cv_json_str(cv_kind_name(r->kind))));
    st = CV_THEN(st, cv_json_set(o, "fault", cv_json_str("damaged")));
    if (was != NULL) {
        st = CV_THEN(st, cv_json_set(o, "record", cv_json_str(was->id)));
        st = CV_THEN(st, cv_json_set(o, "version", cv_json_int((int64_t)was->version)));
    }
    st = CV_THEN(st, cv_ui_answer(ui, o));
    cv_json_free(o);
    return st;
}

static void print_run(const struct run *r, const struct cv_version *was)
{
    if (r->first == r->last)
        cv_print("entry %" PRIu64 " (%s): %s\n", r->first, _(cv_kind_name(r->kind)), _(r->text));
    else
        cv_print("entries %" PRIu64 " to %" PRIu64 ": %s\n", r->first, r->last, _(r->text));
    if (was != NULL)
        cv_print("    it held version %" PRIu64 " of %s %s\n", was->version, was->type, was->id);
}

/* print_runs(c, v, known): ${v} NULL: without a key. */
static cv_status print_runs(const struct checking *c, struct cv_vault *v, const struct cv_head_walk *known)
{
    cv_status st = CV_OK;
    for (size_t i = 0; i < c->count && st == CV_OK; i++) {
        struct cv_version of;
        st = held(v, known, &c->runs[i], &of, &c->ui->err);
        const struct cv_version *was = of.id[0] != '\0' ? &of : NULL;
        if (st == CV_OK && c->ui->json)
            st = run_json(c->ui, &c->runs[i], was);
        else if (st == CV_OK)
            print_run(&c->runs[i], was);
        cv_version_free(&of);
    }
    return st;
}

/* What --contents found. */
struct opening {
    struct cv_ui *ui;
    uint64_t records, sections, faults;
};

static cv_status on_record(void *arg, const struct cv_record *r)
{
    struct opening *o = arg;
    o->records++;
    for (size_t i = 0; i < r->source_count; i++)
        o->sections += cv_json_len(r->sources[i].sections);
    return CV_OK;
}

static cv_status on_fault(void *arg, const struct cv_version *of, const char *what)
{
    struct opening *o = arg;
    o->faults++;
    if (o->ui->json) {
        struct cv_json *j = cv_json_object();
        cv_status st = cv_json_set(j, "record", cv_json_str(of->id));
        st = CV_THEN(st, cv_json_set(j, "version", cv_json_int((int64_t)of->version)));
        st = CV_THEN(st, cv_json_set(j, "entry", cv_json_int((int64_t)of->index)));
        st = CV_THEN(st, cv_json_set(j, "fault", cv_json_str(what)));
        st = CV_THEN(st, cv_ui_answer(o->ui, j));
        cv_json_free(j);
        return st;
    }
    cv_print("%s %s, version %" PRIu64 ": %s\n", of->type, of->id, of->version, _(what));
    return CV_OK;
}

/* open_all(ui, v, reason): the last version of every record, section by section. */
static cv_status open_all(struct cv_ui *ui, struct cv_vault *v, const char *reason)
{
    struct cv_head_walk latest = { 0 };
    struct opening o = { .ui = ui };
    const struct cv_export e = { .action = "list",
                                 .detail = "whether everything opens",
                                 .reason = reason,
                                 .take = on_record,
                                 .fault = on_fault,
                                 .arg = &o };
    cv_status st = cv_head_walk(v, NULL, true, &latest, &ui->err);
    st = CV_THEN(st, cv_export(v, &e, &latest, &ui->err));
    if (st == CV_OK && !ui->json)
        cv_print_n(stdout, o.records,
                   "Contents: %" PRIu64 " record opened, %" PRIu64
                   " sections in it, each as its author signed it.\n",
                   "Contents: %" PRIu64 " records opened, %" PRIu64
                   " sections in them, each as its author signed it.\n",
                   o.records, o.sections);
    if (st == CV_OK && o.faults > 0)
        st = cv_fail(&ui->err, CV_ERR_LOG,
                     cv_words(o.faults, "%" PRIu64 " record does not open whole; it is named above",
                              "%" PRIu64 " records do not open whole; they are named above"),
                     o.faults);
    cv_head_walk_free(&latest);
    return st;
}

/* with_keys(ui, c, a): what a member can tell of it. A damaged archive may still open by this user's cache.
 */
static cv_status with_keys(struct cv_ui *ui, const struct checking *c, const struct check_args *a)
{
    struct cv_opened o = { 0 };
    struct cv_head_walk known = { 0 };
    cv_status st = cv_ui_open(ui, &o);
    st = CV_THEN(st, cv_head_walk(o.vault, NULL, false, &known, &ui->err));
    const cv_status told = print_runs(c, o.vault, &known);
    st = CV_THEN(st, told);
    st = CV_THEN(st, open_all(ui, o.vault, a->reason));
    cv_head_walk_free(&known);
    cv_ui_close(&o);
    return st;
}

/* what_now(ui): for who finds damage at night. */
static void what_now(const struct cv_ui *ui, const struct cv_audit *audit)
{
    if (!audit->complete)
        cv_ui_say(ui, "It could not be read to its end: what lies behind the last fault is not known.");
    else
        cv_ui_say(ui, "What is not named above is whole.");
    cv_ui_say(ui, "Nothing was changed. Let nobody write to this vault, and do not delete anything.\n"
                  "If there is a backup: `casevault repair --from BACKUP`.\n"
                  "If there is none: `casevault repair`.\n"
                  "docs/RECOVERY.md goes through it step by step.");
}

/* finish(ui, st, found, ...): damage of any sort is damage, whatever else was found later. */
static cv_status report(struct cv_ui *ui, struct checking *c, const struct cv_audit *audit,
                        const struct check_args *a, cv_status found)
{
    const struct cv_head_walk none = { 0 };
    struct cv_err first = ui->err;
    cv_status st = CV_OK;
    cv_ui_progress_clear();
    cv_ui_training(ui, audit->training);
    ui->err = (struct cv_err){ 0 };
    if (a->contents && (found == CV_OK || found == CV_ERR_LOG))
        st = with_keys(ui, c, a);
    else
        st = print_runs(c, NULL, &none);
    if (audit->keys_fault[0] != '\0' && strcmp(audit->keys_fault, first.msg) != 0 && !ui->json)
        printf("%s\n", audit->keys_fault);
    if (found == CV_OK && st == CV_OK)
        st = cv_audit_print(ui, audit, N_("Everything was read, and nothing is damaged."));
    if (found == CV_OK && !a->contents && !ui->json && st == CV_OK)
        cv_print("Contents unchecked, for no key was used; --contents opens what you may read.\n");
    if (found == CV_ERR_LOG)
        what_now(ui, audit);
    if (found == CV_OK)
        return st;
    ui->err = first;
    return found;
}

static cv_status run(struct cv_ui *ui, const void *args)
{
    const struct check_args *a = args;
    char path[4096];
    struct cv_audit audit = { 0 };
    struct checking c = { .ui = ui };
    cv_status st = cv_ui_vault_path(ui, path);
    if (st != CV_OK)
        return st;
    if (a->accept_older)
        st = cv_check_older(path, progress, &c, &audit, &ui->err);
    else
        st = cv_check(path, on_damage, progress, &c, &audit, &ui->err);
    st = report(ui, &c, &audit, a, st);
    free(c.runs);
    return st;
}

const struct cv_cmd cv_cmd_check = {
    .name = "check",
    .synopsis = "[--contents [--reason TEXT]] [--accept-older]",
    .summary = "read everything and name every damaged entry",
    .details =
        "Without a key: every entry's bytes, the log's tree and signatures, release.keys; contents are "
        "unchecked. With --contents, as a member: which record and version a damaged entry held, and "
        "that every section you may read opens. Exit status 14 if anything is damaged; nothing is "
        "changed. With --accept-older, a vault that was put back from a backup is taken for the true "
        "one from now on, though you have seen more of it.",
    .opts = opts,
    .args_bytes = sizeof(struct check_args),
    .run = run,
};
