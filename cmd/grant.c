#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
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

/* matches(ui, v, a, version): does the latest version of a record fit the query? Looking at a field is
 * reading it. */
static cv_status matches(struct cv_ui *ui, struct cv_vault *v, const struct args *a,
                         const struct cv_version *version, bool *out)
{
    char section[CV_NAME_BYTES];
    const char *dot = strchr(a->query, '.'), *equals = strchr(a->query, '=');
    *out = cv_template_has(v->template, version->type, a->section) &&
           (strcmp(a->query, "all") == 0 || strcmp(a->query, version->type) == 0);
    if (equals == NULL || dot == NULL || dot > equals ||
        !cv_template_has(v->template, version->type, a->section))
        return CV_OK;
    snprintf(section, sizeof(section), "%.*s", (int)(dot - a->query), a->query);
    const char *const sections[] = { section, NULL };
    struct cv_record r;
    if (!cv_template_has(v->template, version->type, section))
        return CV_OK;
    cv_status st =
        cv_record_read(v, version->id, version->version, sections, "search", a->reason, &r, &ui->err);
    if (st != CV_OK)
        return st;
    char field[CV_NAME_BYTES];
    snprintf(field, sizeof(field), "%.*s", (int)(equals - dot - 1), dot + 1);
    const char *value = cv_json_get_str(cv_record_section(&r, section), field);
    *out = value != NULL && strcmp(value, equals + 1) == 0;
    cv_record_free(&r);
    return CV_OK;
}

/* by id, then by version */
static int by_id(const void *a, const void *b)
{
    const struct cv_version *x = a, *y = b;
    const int c = strcmp(x->id, y->id);
    return c != 0 ? c : (x->version > y->version) - (x->version < y->version);
}

/* choose(ui, v, a, list, count): the latest version of every record that fits, moved to the front. */
static cv_status choose(struct cv_ui *ui, struct cv_vault *v, const struct args *a, struct cv_versions *list,
                        size_t *count)
{
    cv_status st = CV_OK;
    *count = 0;
    if (list->count > 0)
        qsort(list->v, list->count, sizeof(*list->v), by_id);
    for (size_t i = 0; i < list->count && st == CV_OK; i++) {
        bool fits = false;
        if (i + 1 < list->count && strcmp(list->v[i].id, list->v[i + 1].id) == 0)
            continue;
        st = matches(ui, v, a, &list->v[i], &fits);
        if (st == CV_OK && fits) {
            const struct cv_version chosen = list->v[i];
            list->v[i] = list->v[*count];
            list->v[(*count)++] = chosen;
        }
    }
    return st;
}

static cv_status many(struct cv_ui *ui, struct cv_vault *v, const struct args *a)
{
    struct cv_versions list = { 0 };
    size_t count = 0;
    char question[160];
    cv_status st = cv_record_versions(v, NULL, &list, &ui->err);
    st = CV_THEN(st, choose(ui, v, a, &list, &count));
    snprintf(question, sizeof(question),
             "The section %.40s of %zu records will be opened to %.40s. Type %zu to go on", a->section, count,
             a->to, count);
    if (st == CV_OK && count == 0)
        st = cv_fail(&ui->err, CV_ERR_NOTFOUND, "no record that you may see fits this query");
    else if (st == CV_OK && a->dry_run)
        cv_ui_say(ui, "%zu records fit; nothing was changed.", count);
    else if (st == CV_OK && !a->yes) {
        char want[24];
        snprintf(want, sizeof(want), "%zu", count);
        st = cv_ui_confirm(ui, question, want);
    }
    for (size_t i = 0; i < count && st == CV_OK && !a->dry_run; i++) {
        st = one(ui, v, a, list.v[i].id);
        cv_ui_progress(ui, "Granting", i + 1, count);
    }
    if (st == CV_OK && !a->dry_run)
        cv_ui_say(ui, "Granted: the section %s of %zu records to %s.", a->section, count, a->to);
    cv_versions_free(&list);
    return st;
}

static cv_status run(struct cv_ui *ui, const void *args)
{
    const struct args *a = args;
    struct cv_opened o = { 0 };
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
                      a->section, a->record, a->to, a->until != NULL ? ", until " : "",
                      a->until != NULL ? a->until : "");
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
