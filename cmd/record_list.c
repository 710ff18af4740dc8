#include <stdlib.h>
#include <string.h>

#include "cmd/listing.h"
#include "vault/erase.h"
#include "vault/glance.h"

/* record list: what the head index knows, and what a glance into every record adds to it. */

struct args {
    const char *type, *reason;
    bool titles, due;
};
static const struct cv_opt opts[] = {
    { "type", 't', "TYPE", "only records of this type", offsetof(struct args, type), CV_OPT_TEXT },
    { "titles", 0, NULL, "with names or numbers, sorted by them; that is a reading, and is logged",
      offsetof(struct args, titles), CV_OPT_FLAG },
    { "due", 0, NULL, "only what need not be kept any more, and since when", offsetof(struct args, due),
      CV_OPT_FLAG },
    { "reason", 'r', "TEXT", "why; sealed into the access log", offsetof(struct args, reason), CV_OPT_TEXT },
    { 0 },
};

/* by a column's text; those without one last */
static int by_column(const void *a, const void *b, void *arg)
{
    const struct cv_column *column = arg;
    const char *x = cv_json_get_str(column->of, (*(const struct cv_version *const *)a)->id),
               *y = cv_json_get_str(column->of, (*(const struct cv_version *const *)b)->id);
    const int c = x != NULL && y != NULL ? strcmp(x, y) : (x == NULL) - (y == NULL);
    return c != 0 ? c : cv_listing_by_entry(a, b);
}

/* narrow(l, type, among): only records of a type, and only those that ${among} names; each may be NULL. */
static void narrow(struct cv_listing *l, const char *type, const struct cv_json *among)
{
    size_t kept = 0;
    for (size_t i = 0; i < l->count; i++)
        if ((type == NULL || strcmp(type, l->v[i]->type) == 0) &&
            (among == NULL || cv_json_get(among, l->v[i]->id) != NULL))
            l->v[kept++] = l->v[i];
    l->count = kept;
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

/* What the asked-for columns are, once they are known. */
struct columns {
    struct cv_json *titles, *due, *held;
};

/* look(ui, v, a, l, c): the glances; ${l} is left with what is to be shown. */
static cv_status look(struct cv_ui *ui, struct cv_vault *v, const struct args *a, struct cv_listing *l,
                      struct columns *c)
{
    size_t n = 0;
    cv_status st = CV_OK;
    if (a->due) {
        st = cv_record_due(v, l->v, l->count, a->reason, &c->due, &ui->err);
        st = CV_THEN(st, cv_holds(v, l->v, l->count, &c->held, &ui->err));
        l->more[n++] = (struct cv_column){ "DUE SINCE", "due", c->due };
        if (cv_json_len(c->held) > 0)
            l->more[n++] = (struct cv_column){ "HELD BY", "held_by", c->held };
    }
    narrow(l, a->type, c->due);
    if (st == CV_OK && a->titles) {
        st = cv_record_titles(v, l->v, l->count, a->reason, &c->titles, &ui->err);
        l->more[n++] = (struct cv_column){ "TITLE", "title", c->titles };
    }
    if (st == CV_OK && n > 0 && l->count > 0)
        qsort_r(l->v, l->count, sizeof(*l->v), by_column, a->due ? &l->more[0] : &l->more[n - 1]);
    return st;
}

static cv_status run(struct cv_ui *ui, const void *args)
{
    const struct args *a = args;
    struct cv_opened o = { 0 };
    struct cv_versions list = { 0 };
    struct cv_listing l = { 0 };
    struct columns columns = { 0 };
    cv_status st = cv_ui_open(ui, &o);
    st = CV_THEN(st, check_type(o.vault->template, a->type, &ui->err));
    st = CV_THEN(st, cv_record_versions(o.vault, NULL, &list, &ui->err));
    st = CV_THEN(st, cv_listing_latest(&l, &list));
    st = CV_THEN(st, look(ui, o.vault, a, &l, &columns));
    if (st == CV_OK && (l.count > 0 || ui->json))
        st = cv_listing_print(ui, &l);
    else if (st == CV_OK)
        cv_ui_say(ui, a->due ? "Nothing that you may see is due." : "No records that you may see.");
    if (st == CV_OK && a->due && l.count > 0)
        cv_ui_say(ui, "Nothing is erased by this: see `casevault record erase --help`.");
    if (st == CV_OK)
        cv_listing_lost(&list);
    cv_listing_free(&l);
    cv_json_free(columns.titles);
    cv_json_free(columns.due);
    cv_json_free(columns.held);
    cv_versions_free(&list);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_record_list = {
    .name = "record list",
    .synopsis = "[--type TYPE] [--due] [--titles] [--reason TEXT]",
    .summary = "list the records of which you may read something",
    .details = "The newest stands last. --titles opens the names of persons and the numbers of cases, as far "
               "as you may read them; --due opens what tells when a case was closed, and lists what the "
               "template lets go so long afterwards. The access log then names every record that was opened.",
    .opts = opts,
    .args_bytes = sizeof(struct args),
    .run = run,
};
