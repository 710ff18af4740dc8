#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "vault/record.h"

/* record list, record history: what the head index knows. */

struct list_args {
    const char *type, *reason;
    bool titles;
};
static const struct cv_opt list_opts[] = {
    { "type", 't', "TYPE", "only records of this type", offsetof(struct list_args, type), CV_OPT_TEXT },
    { "titles", 0, NULL, "with names or numbers, sorted by them; that is a reading, and is logged",
      offsetof(struct list_args, titles), CV_OPT_FLAG },
    { "reason", 'r', "TEXT", "why; sealed into the access log", offsetof(struct list_args, reason),
      CV_OPT_TEXT },
    { 0 },
};

/* What is shown: one version of each record, or all of one. */
struct listing {
    const struct cv_version **v;
    size_t count;
    struct cv_json *titles; /* record id -> title; NULL if they were not asked for */
};

static const char *title_of(const struct listing *l, const struct cv_version *v)
{
    return cv_json_get_str(l->titles, v->id);
}

/* by id, then by version */
static int by_id(const void *a, const void *b)
{
    const struct cv_version *x = *(const struct cv_version *const *)a,
                            *y = *(const struct cv_version *const *)b;
    const int c = strcmp(x->id, y->id);
    return c != 0 ? c : (x->version > y->version) - (x->version < y->version);
}

/* by entry: the newest last */
static int by_entry(const void *a, const void *b)
{
    const struct cv_version *x = *(const struct cv_version *const *)a,
                            *y = *(const struct cv_version *const *)b;
    return (x->index > y->index) - (x->index < y->index);
}

/* by title; those without one last */
static int by_title(const void *a, const void *b, void *arg)
{
    const struct listing *l = arg;
    const char *x = title_of(l, *(const struct cv_version *const *)a),
               *y = title_of(l, *(const struct cv_version *const *)b);
    const int c = x != NULL && y != NULL ? strcmp(x, y) : (x == NULL) - (y == NULL);
    return c != 0 ? c : by_entry(a, b);
}

static cv_status version_json(const struct cv_ui *ui, const struct listing *l, const struct cv_version *v)
{
    struct cv_json *o = cv_json_object();
    cv_status st = cv_json_set(o, "id", cv_json_str(v->id));
    st = CV_THEN(st, cv_json_set(o, "type", cv_json_str(v->type)));
    st = CV_THEN(st, cv_json_set(o, "version", cv_json_int((int64_t)v->version)));
    st = CV_THEN(st, cv_json_set(o, "author", cv_json_str(v->author)));
    st = CV_THEN(st, cv_json_set(o, "entry", cv_json_int((int64_t)v->index)));
    if (l->titles != NULL) {
        const char *title = title_of(l, v);
        st = CV_THEN(st, cv_json_set(o, "title", title != NULL ? cv_json_str(title) : cv_json_null()));
    }
    st = CV_THEN(st, cv_ui_answer(ui, o));
    cv_json_free(o);
    return st;
}

static void version_row(struct cv_table *t, const struct listing *l, const struct cv_version *v)
{
    char number[24];
    snprintf(number, sizeof(number), "%llu", (unsigned long long)v->version);
    cv_table_cell(t, v->id);
    cv_table_cell(t, v->type);
    cv_table_cell(t, number);
    cv_table_cell(t, v->author);
    if (l->titles != NULL)
        cv_table_cell(t, title_of(l, v) != NULL ? title_of(l, v) : "-");
}

static cv_status print_listing(const struct cv_ui *ui, const struct listing *l)
{
    struct cv_table t = { .columns = l->titles != NULL ? 5 : 4 };
    cv_status st = CV_OK;
    for (size_t i = 0; ui->json && i < l->count && st == CV_OK; i++)
        st = version_json(ui, l, l->v[i]);
    if (ui->json)
        return st;
    cv_table_cell(&t, "RECORD");
    cv_table_cell(&t, "TYPE");
    cv_table_cell(&t, "VERSION");
    cv_table_cell(&t, "BY");
    if (l->titles != NULL)
        cv_table_cell(&t, "TITLE");
    for (size_t i = 0; i < l->count; i++)
        version_row(&t, l, l->v[i]);
    cv_table_print(&t);
    return CV_OK;
}

/* tell_lost(list): entries that claim what another entry is: rather to be looked into than to be passed over,
 * even by who wants to be told little. */
static void tell_lost(const struct cv_versions *list)
{
    fflush(stdout);
    for (size_t i = 0; i < list->lost_count; i++)
        fprintf(stderr,
                "casevault: notice: entry %llu, by %s, claims to be version %llu of record %s, which another "
                "entry is already; it is left out\n",
                (unsigned long long)list->lost[i].index, list->lost[i].author,
                (unsigned long long)list->lost[i].version, list->lost[i].id);
}

/* latest(list, type, out): of each record the last version. */
static cv_status latest(const struct cv_versions *list, const char *type, struct listing *out)
{
    size_t kept = 0;
    out->v = calloc(list->count + 1, sizeof(*out->v));
    if (out->v == NULL)
        return CV_ERR_NOMEM;
    for (size_t i = 0; i < list->count; i++)
        if (type == NULL || strcmp(type, list->v[i].type) == 0)
            out->v[out->count++] = &list->v[i];
    qsort(out->v, out->count, sizeof(*out->v), by_id);
    for (size_t i = 0; i < out->count; i++)
        if (i + 1 == out->count || strcmp(out->v[i]->id, out->v[i + 1]->id) != 0)
            out->v[kept++] = out->v[i];
    out->count = kept;
    qsort(out->v, out->count, sizeof(*out->v), by_entry);
    return CV_OK;
}

/* check_type(t, type): one of the template's; they are named where it is not. */
static cv_status check_type(const struct cv_template *t, const char *type, struct cv_err *err)
{
    struct cv_buf list = { 0 };
    const char *known;
    cv_status st = CV_OK;
    bool found = type == NULL;
    for (size_t i = 0; (known = cv_template_type(t, i)) != NULL; i++) {
        found = found || strcmp(known, type) == 0;
        st = CV_THEN(st, cv_buf_printf(&list, "%s%s", i > 0 ? ", " : "", known));
    }
    if (!found)
        st = CV_THEN(st, cv_fail(err, CV_ERR_ARG, "there is no type %.32s; there are: %.*s", type,
                                 (int)list.n, (const char *)list.p));
    cv_buf_free(&list);
    return st;
}

static cv_status run_list(struct cv_ui *ui, const void *args)
{
    const struct list_args *a = args;
    struct cv_opened o = { 0 };
    struct cv_versions list = { 0 };
    struct listing l = { 0 };
    cv_status st = cv_ui_open(ui, &o);
    st = CV_THEN(st, check_type(o.vault->template, a->type, &ui->err));
    st = CV_THEN(st, cv_record_versions(o.vault, NULL, &list, &ui->err));
    st = CV_THEN(st, latest(&list, a->type, &l));
    if (st == CV_OK && a->titles) {
        st = cv_record_titles(o.vault, l.v, l.count, a->reason, &l.titles, &ui->err);
        if (st == CV_OK)
            qsort_r(l.v, l.count, sizeof(*l.v), by_title, &l);
    }
    if (st == CV_OK && (l.count > 0 || ui->json))
        st = print_listing(ui, &l);
    else if (st == CV_OK)
        cv_ui_say(ui, "No records that you may see.");
    if (st == CV_OK)
        tell_lost(&list);
    free(l.v);
    cv_json_free(l.titles);
    cv_versions_free(&list);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_record_list = {
    .name = "record list",
    .synopsis = "[--type TYPE] [--titles [--reason TEXT]]",
    .summary = "list the records of which you may read something",
    .details = "The newest stands last. --titles opens the names of persons and the numbers of cases, as far "
               "as you may read them; the access log then names every record it opened.",
    .opts = list_opts,
    .args_bytes = sizeof(struct list_args),
    .run = run_list,
};

static cv_status run_history(struct cv_ui *ui, const void *args)
{
    struct cv_opened o = { 0 };
    struct cv_versions list = { 0 };
    struct listing l = { 0 };
    (void)args;
    cv_status st = cv_ui_open(ui, &o);
    st = CV_THEN(st, cv_record_find(o.vault, ui->words.w[0], "read the history", NULL, &list, &ui->err));
    if (st == CV_OK && (l.v = calloc(list.count, sizeof(*l.v))) == NULL)
        st = CV_ERR_NOMEM;
    for (; st == CV_OK && l.count < list.count; l.count++)
        l.v[l.count] = &list.v[l.count];
    st = CV_THEN(st, print_listing(ui, &l));
    if (st == CV_OK)
        tell_lost(&list);
    free(l.v);
    cv_versions_free(&list);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_record_history = {
    .name = "record history",
    .synopsis = "ID",
    .summary = "list the versions of a record: who wrote which",
    .words_min = 1,
    .words_max = 1,
    .run = run_history,
};
