#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "vault/glance.h"
#include "vault/grant.h"

/* grant: one section of a record, or of many old ones, opened to somebody who may not read it otherwise. */

struct args {
    const char *record, *section, *to, *until, *reason, *query;
    uint64_t version;
    bool dry_run, yes;
};
static const struct cv_opt opts[] = {
    { "record", 0, "ID", "the record", offsetof(struct args, record), CV_OPT_TEXT },
    { "section", 's', "NAME", "the section to be opened", offsetof(struct args, section), CV_OPT_TEXT },
    { "to", 't', "ROLE|MEMBER", "to whom", offsetof(struct args, to), CV_OPT_TEXT },
    { "version", 0, "N", "this version only (default: all there are now)", offsetof(struct args, version),
      CV_OPT_NUMBER },
    { "until", 0, "DATE", "the last day on which it may be read (YYYY-MM-DD)", offsetof(struct args, until),
      CV_OPT_TEXT },
    { "query", 0, "WHAT", "many records: all, TYPE, or SECTION.FIELD=VALUE", offsetof(struct args, query),
      CV_OPT_TEXT },
    { "reason", 'r', "TEXT", "why; sealed into the access log", offsetof(struct args, reason), CV_OPT_TEXT },
    { "dry-run", 'n', NULL, "only say how many records it would open", offsetof(struct args, dry_run),
      CV_OPT_FLAG },
    { "yes", 'y', NULL, "do not ask before many are opened", offsetof(struct args, yes), CV_OPT_FLAG },
    { 0 },
};

static cv_status one(struct cv_ui *ui, struct cv_vault *v, const struct args *a, const char *record)
{
    const struct cv_granting g = { .record = record,
                                   .version = a->version,
                                   .section = a->section,
                                   .to = a->to,
                                   .until = a->until,
                                   .reason = a->reason };
    return cv_grant_give(v, &g, &ui->err);
}

/* A query, and the records that fit it. */
struct query {
    struct cv_vault *v;
    struct cv_err *err;
    const struct args *a;
    const struct cv_template *template;
    char section[CV_NAME_BYTES], field[CV_NAME_BYTES];
    const char *value; /* NULL: not of a field */
    struct cv_head_walk fits;
};

/* parse(q, text): all, TYPE, or SECTION.FIELD=VALUE. */
static void parse(struct query *q, const char *text)
{
    const char *dot = strchr(text, '.'), *equals = strchr(text, '=');
    if (dot == NULL || equals == NULL || dot > equals)
        return;
    snprintf(q->section, sizeof(q->section), "%.*s", (int)(dot - text), text);
    snprintf(q->field, sizeof(q->field), "%.*s", (int)(equals - dot - 1), dot + 1);
    q->value = equals + 1;
}

static const char *query_section(void *arg, const struct cv_version *of)
{
    const struct query *q = arg;
    return cv_template_has(q->template, of->type, q->section) ? q->section : NULL;
}

static cv_status take_value(void *arg, const struct cv_version *of, const struct cv_json *data)
{
    struct query *q = arg;
    const char *value = cv_json_get_str(data, q->field);
    return value != NULL && strcmp(value, q->value) == 0 ? cv_head_walk_add(q->v, &q->fits, of, q->err)
                                                         : CV_OK;
}

/* choose(q, all): the records that have the section at all, and fit. Looking at a field is a reading of it.
 */
static cv_status choose(struct query *q, struct cv_head_walk *all)
{
    const struct cv_glance g = { "search", NULL, q->a->reason, query_section, take_value, q, NULL, false };
    size_t kept = 0;
    cv_status st = CV_OK;
    for (size_t i = 0; i < all->count && st == CV_OK; i++) {
        struct cv_version of;
        st = cv_head_walk_at(q->v, all, i, &of, q->err);
        if (st == CV_OK && cv_template_has(q->template, of.type, q->a->section) &&
            (q->value != NULL || strcmp(q->a->query, "all") == 0 || strcmp(q->a->query, of.type) == 0))
            all->step[kept++] = all->step[i];
        cv_version_free(&of);
        st = st == CV_ERR_NOTFOUND ? CV_OK : st;
    }
    all->count = kept;
    if (st == CV_OK && q->value != NULL)
        return cv_glance_walk(q->v, &g, all, q->err);
    q->fits = *all;
    *all = (struct cv_head_walk){ 0 };
    return st;
}

static cv_status many(struct cv_ui *ui, struct cv_vault *v, const struct args *a)
{
    struct cv_head_walk all = { 0 };
    struct query q = { .v = v, .err = &ui->err, .a = a, .template = v->template };
    char question[512];
    parse(&q, a->query);
    cv_status st = cv_head_walk(v, NULL, true, &all, &ui->err);
    st = CV_THEN(st, choose(&q, &all));
    const size_t count = q.fits.count;
    snprintf(question, sizeof(question),
             cv_words(count, "The section %.40s of %zu record will be opened to %.40s. Type %zu to go on",
                      "The section %.40s of %zu records will be opened to %.40s. Type %zu to go on"),
             a->section, count, a->to, count);
    if (st == CV_OK && count == 0)
        st = cv_fail(&ui->err, CV_ERR_NOTFOUND, "no record that you may see fits this query");
    else if (st == CV_OK && a->dry_run)
        cv_ui_say_n(ui, count, "%zu record fits; nothing was changed.",
                    "%zu records fit; nothing was changed.", count);
    else if (st == CV_OK && !a->yes) {
        char want[24];
        snprintf(want, sizeof(want), "%zu", count);
        st = cv_ui_confirm(ui, question, want);
    }
    for (size_t i = 0; i < count && st == CV_OK && !a->dry_run; i++) {
        struct cv_version of;
        st = cv_head_walk_at(v, &q.fits, i, &of, &ui->err);
        st = CV_THEN(st, one(ui, v, a, of.id));
        cv_version_free(&of);
        cv_ui_progress(ui, "Granting", i + 1, count);
    }
    if (st == CV_OK && !a->dry_run)
        cv_ui_say_n(ui, count, "Granted: the section %s of %zu record to %s.",
                    "Granted: the section %s of %zu records to %s.", a->section, count, a->to);
    cv_head_walk_free(&q.fits);
    cv_head_walk_free(&all);
    return st;
}

static cv_status run(struct cv_ui *ui, const void *args)
{
    const struct args *a = args;
    struct cv_opened o = { 0 };
    char until[CV_MOMENT_BYTES];
    if (a->section == NULL || a->to == NULL || (a->record == NULL) == (a->query == NULL))
        return cv_fail(&ui->err, CV_ERR_ARG,
                       "wanted: --section NAME, --to ROLE or MEMBER, and either --record ID or "
                       "--query WHAT");
    cv_status st = cv_ui_open(ui, &o);
    if (st == CV_OK && a->query != NULL)
        st = many(ui, o.vault, a);
    else if (st == CV_OK) {
        st = one(ui, o.vault, a, a->record);
        if (st == CV_OK)
            cv_ui_say(ui, "Granted: %s of %s to %s%s%s. A version written later needs a grant of its own.",
                      a->section, a->record, a->to, a->until != NULL ? _(", until ") : "",
                      a->until != NULL ? cv_locale_day(a->until, until) : "");
        if (st == CV_OK && a->until != NULL)
            cv_ui_say(
                ui,
                "After that day casevault refuses to open it; that is a rule, not a lock: keys that were\n"
                "copied in time would still open it.");
    }
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_grant = {
    .name = "grant",
    .synopsis = "--section NAME --to ROLE|MEMBER (--record ID [--version N] | --query WHAT) [--until DATE]",
    .summary = "open one section of a record to somebody who may not read it otherwise",
    .details = "You can grant what a role of yours reads. Every reading is an event, as always.",
    .opts = opts,
    .args_bytes = sizeof(struct args),
    .run = run,
};
