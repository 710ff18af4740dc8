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

/* What the asked-for columns are, once they are known. */
struct title {
    uint64_t index; /* of the entry */
    size_t at;      /* in the text, up to a NUL */
};
struct columns {
    struct cv_json *due, *held; /* record id -> text */
    struct title *titles;       /* by entry, at first */
    size_t title_count;
    struct cv_buf text;
};

static void columns_free(struct columns *c)
{
    cv_json_free(c->due);
    cv_json_free(c->held);
    free(c->titles);
    cv_buf_free(&c->text);
}

/* A step, and what it is sorted by. */
struct sorted {
    struct cv_step step;
    const char *text; /* the column's; NULL */
};

/* by the text; those without one last */
static int by_text(const void *a, const void *b)
{
    const struct sorted *x = a, *y = b;
    const int c = x->text != NULL && y->text != NULL ? cv_locale_compare(x->text, y->text)
                                                     : (x->text == NULL) - (y->text == NULL);
    return c != 0 ? c : (x->step.index > y->step.index) - (x->step.index < y->step.index);
}

static int by_entry(const void *a, const void *b)
{
    const struct title *x = a, *y = b;
    return (x->index > y->index) - (x->index < y->index);
}

/* title_at(c, index): of the record with this entry; NULL if it has none. */
static const char *title_at(const struct columns *c, uint64_t index)
{
    const struct title want = { .index = index };
    const struct title *t =
        c->title_count > 0 ? bsearch(&want, c->titles, c->title_count, sizeof(want), by_entry) : NULL;
    return t != NULL ? (const char *)c->text.p + t->at : NULL;
}

static const char *title_text(const void *of, const struct cv_version *version)
{
    return title_at(of, version->index);
}

static const char *text_by_id(const void *of, const struct cv_version *version)
{
    return cv_json_get_str(of, version->id);
}

/* due_by_id(of, version): the day; valid until the next is asked for. */
static const char *due_by_id(const void *of, const struct cv_version *version)
{
    static char shown[CV_MOMENT_BYTES];
    return cv_locale_day(cv_json_get_str(of, version->id), shown);
}

/* take_title(c, of, title): a cv_title_fn. */
static cv_status take_title(void *arg, const struct cv_version *of, struct cv_bytes title)
{
    struct columns *c = arg;
    if ((c->title_count & (c->title_count - 1)) == 0) {
        struct title *more =
            realloc(c->titles, (c->title_count == 0 ? 1 : 2 * c->title_count) * sizeof(*more));
        if (more == NULL)
            return CV_ERR_NOMEM;
        c->titles = more;
    }
    c->titles[c->title_count++] = (struct title){ of->index, c->text.n };
    cv_status st = cv_buf_append(&c->text, title);
    return CV_THEN(st, cv_buf_append(&c->text, CV_LIT("\0")));
}

/* sort(v, walk, c): by the day; or by the title. */
static cv_status sort(struct cv_vault *v, struct cv_head_walk *walk, const struct columns *c,
                      struct cv_err *err)
{
    struct sorted *list = calloc(walk->count + 1, sizeof(*list));
    cv_status st = list == NULL ? CV_ERR_NOMEM : CV_OK;
    for (size_t i = 0; i < walk->count && st == CV_OK; i++) {
        struct cv_version version = { 0 };
        list[i].step = walk->step[i];
        st = c->due != NULL ? cv_head_walk_at(v, walk, i, &version, err) : CV_OK;
        list[i].text = c->due == NULL ? title_at(c, walk->step[i].index)
                       : st == CV_OK  ? cv_json_get_str(c->due, version.id)
                                      : NULL;
        cv_version_free(&version);
        st = st == CV_ERR_NOTFOUND ? CV_OK : st;
    }
    if (st == CV_OK)
        qsort(list, walk->count, sizeof(*list), by_text);
    for (size_t i = 0; i < walk->count && st == CV_OK; i++)
        walk->step[i] = list[i].step;
    free(list);
    return st;
}

/* narrow(v, walk, type, among): only records that ${among} names, of that type, or of any (NULL). */
static cv_status narrow(struct cv_vault *v, struct cv_head_walk *walk, const char *type,
                        const struct cv_json *among, struct cv_err *err)
{
    cv_status st = CV_OK;
    walk->count = 0;
    for (void *it = cv_json_first(among); it != NULL && st == CV_OK; it = cv_json_next(among, it)) {
        struct cv_versions list = { 0 };
        st = cv_record_versions(v, cv_json_iter_name(it), &list, err);
        if (st == CV_OK && (type == NULL || strcmp(type, list.v[0].type) == 0))
            st = cv_head_walk_add(v, walk, &list.v[list.count - 1], err);
        cv_versions_free(&list);
    }
    return st;
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

/* look(ui, v, a, walk, l, c): the glances; ${walk} is left with what is to be shown. */
static cv_status look(struct cv_ui *ui, struct cv_vault *v, const struct args *a, struct cv_head_walk *walk,
                      struct cv_listing *l, struct columns *c)
{
    size_t n = 0;
    cv_status st = CV_OK;
    if (a->due) {
        st = cv_record_due(v, walk, a->reason, &c->due, &ui->err);
        st = CV_THEN(st, cv_holds(v, &c->held, &ui->err));
        st = CV_THEN(st, narrow(v, walk, a->type, c->due, &ui->err));
        l->more[n++] = (struct cv_column){ N_("DUE SINCE"), "due", due_by_id, c->due };
        if (cv_json_len(c->held) > 0)
            l->more[n++] = (struct cv_column){ N_("HELD BY"), "held_by", text_by_id, c->held };
    }
    if (st == CV_OK && a->titles) {
        st = cv_record_titles_each(v, walk, a->reason, take_title, c, &ui->err);
        if (c->title_count > 0)
            qsort(c->titles, c->title_count, sizeof(*c->titles), by_entry);
        l->more[n++] = (struct cv_column){ N_("TITLE"), "title", title_text, c };
    }
    return n > 0 ? CV_THEN(st, sort(v, walk, c, &ui->err)) : st;
}

static cv_status print(struct cv_ui *ui, struct cv_vault *v, const struct cv_head_walk *walk,
                       struct cv_listing *l)
{
    cv_status st = CV_OK;
    for (size_t i = 0; i < walk->count && st == CV_OK; i++) {
        struct cv_version version;
        st = cv_head_walk_at(v, walk, i, &version, &ui->err);
        st = CV_THEN(st, cv_listing_put(ui, l, &version));
        cv_version_free(&version);
        st = st == CV_ERR_NOTFOUND ? CV_OK : st;
    }
    cv_listing_end(l);
    return st;
}

static cv_status run(struct cv_ui *ui, const void *args)
{
    const struct args *a = args;
    struct cv_opened o = { 0 };
    struct cv_head_walk walk = { 0 };
    struct cv_listing l = { 0 };
    struct columns columns = { 0 };
    cv_status st = cv_ui_open(ui, &o);
    st = CV_THEN(st, check_type(o.vault->template, a->type, &ui->err));
    st = CV_THEN(st, cv_head_walk(o.vault, a->due ? NULL : a->type, true, &walk, &ui->err));
    st = CV_THEN(st, look(ui, o.vault, a, &walk, &l, &columns));
    st = CV_THEN(st, print(ui, o.vault, &walk, &l));
    if (st == CV_OK && walk.count == 0 && !ui->json)
        cv_ui_say(ui, a->due ? "Nothing that you may see is due." : "No records that you may see.");
    if (st == CV_OK && a->due && walk.count > 0)
        cv_ui_say(ui, "Nothing is erased by this: see `casevault record erase --help`.");
    if (st == CV_OK)
        cv_listing_lost(walk.lost, walk.lost_count);
    columns_free(&columns);
    cv_head_walk_free(&walk);
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
