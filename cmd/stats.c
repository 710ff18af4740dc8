#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "formats/date.h"
#include "formats/utf8.h"
#include "vault/stats.h"

/* stats: counts over coded fields, as a table, as CSV, as a page. What is shown is decided in
 * formats/suppress. */

#define SUFFIX ".html"
#define WORDS_BYTES 256

struct args {
    const char *by, *of, *output, *reason;
    struct cv_words where;
    uint64_t k;
    bool csv;
};
static const struct cv_opt opts[] = {
    { "by", 'b', "LIST", "what to count by, one to three of the template's dimensions: year,gender",
      offsetof(struct args, by), CV_OPT_TEXT },
    { "where", 'w', "NAME=VALUE", "only these; counts as one of the three; may be repeated",
      offsetof(struct args, where), CV_OPT_LIST },
    { "k", 'k', "N", "the smallest number shown: 11, or more", offsetof(struct args, k), CV_OPT_COUNT },
    { "of", 0, "TYPE", "the type of record to count; person unless another is named",
      offsetof(struct args, of), CV_OPT_TEXT },
    { "csv", 0, NULL, "as CSV; with -o NAME.html: NAME.csv beside the page", offsetof(struct args, csv),
      CV_OPT_FLAG },
    { "output", 'o', "FILE.html", "a page with charts, for a browser or the printer; a new file",
      offsetof(struct args, output), CV_OPT_TEXT },
    { "reason", 'r', "TEXT", "why; sealed into the access log", offsetof(struct args, reason), CV_OPT_TEXT },
    { 0 },
};

/* What was asked for, taken apart. */
struct asked {
    char words[WORDS_BYTES];              /* of --by and --where, cut at their ends */
    const char *names[CV_SUPPRESS_DIMS];  /* those counted by, then those of filters */
    const char *values[CV_SUPPRESS_DIMS]; /* of filters */
    size_t by, count;
    const char *type;
};

/* ---- what was asked for ---- */

static cv_status too_many(struct cv_ui *ui)
{
    return cv_fail(&ui->err, CV_ERR_ARG, "--by and --where together name at most %d dimensions",
                   CV_SUPPRESS_DIMS);
}

static cv_status add_name(struct cv_ui *ui, struct asked *q, const char *name)
{
    for (size_t i = 0; i < q->count; i++)
        if (strcmp(q->names[i], name) == 0)
            return cv_fail(&ui->err, CV_ERR_ARG, "%.32s is named twice", name);
    q->names[q->count++] = name;
    return CV_OK;
}

/* take_by(ui, text, q): names with commas between them. */
static cv_status take_by(struct cv_ui *ui, const char *text, struct asked *q)
{
    char *next = q->words;
    if (text == NULL || text[0] == '\0')
        return cv_fail(&ui->err, CV_ERR_ARG, "what to count by is wanted: --by year,gender");
    if (strlen(text) >= WORDS_BYTES)
        return too_many(ui);
    memcpy(q->words, text, strlen(text) + 1);
    for (char *name; (name = strsep(&next, ",")) != NULL;) {
        if (q->count == CV_SUPPRESS_DIMS)
            return too_many(ui);
        cv_status st = add_name(ui, q, name);
        if (st != CV_OK)
            return st;
    }
    q->by = q->count;
    return CV_OK;
}

/* take_where(ui, w, names, q): NAME=VALUE, the name copied to where it has an end. */
static cv_status take_where(struct cv_ui *ui, const struct cv_words *w, char (*names)[WORDS_BYTES],
                            struct asked *q)
{
    for (size_t i = 0; i < w->n; i++) {
        const size_t n = strcspn(w->w[i], "=");
        if (q->count == CV_SUPPRESS_DIMS)
            return too_many(ui);
        if (w->w[i][n] != '=' || n == 0 || n >= WORDS_BYTES ||
            strlen(w->w[i] + n + 1) >= CV_FIGURES_WORD_BYTES)
            return cv_fail(&ui->err, CV_ERR_ARG, "--where wants NAME=VALUE, such as gender=Feminine");
        memcpy(names[i], w->w[i], n);
        names[i][n] = '\0';
        q->values[q->count] = w->w[i] + n + 1;
        cv_status st = add_name(ui, q, names[i]);
        if (st != CV_OK)
            return st;
    }
    return CV_OK;
}

/* no_dimension(ui, t, type, name): says which there are. */
static cv_status no_dimension(struct cv_ui *ui, const struct cv_template *t, const char *type,
                              const char *name)
{
    struct cv_buf list = { 0 };
    const char *section;
    struct cv_template_field f;
    cv_status st = CV_OK;
    for (size_t i = 0; cv_template_dimension(t, type, i, &section, &f); i++)
        st = CV_THEN(st, cv_buf_printf(&list, "%s%s", i > 0 ? ", " : "", f.dimension));
    if (list.n == 0)
        st = CV_THEN(st, cv_fail(&ui->err, CV_ERR_ARG,
                                 "this vault's template has nothing to count %.32s records by", type));
    else
        st = CV_THEN(st, cv_fail(&ui->err, CV_ERR_ARG, "%.32s records are not counted by %.32s, but by: %.*s",
                                 type, name, (int)list.n, (const char *)list.p));
    cv_buf_free(&list);
    return st;
}

/* check_names(ui, v, q): dimensions of the template, and values that they can have; so that no word of the
 * command line gets into the log which is not of them. */
static cv_status check_names(struct cv_ui *ui, const struct cv_vault *v, const struct asked *q)
{
    for (size_t i = 0; i < q->count; i++) {
        const char *section, *value = q->values[i];
        struct cv_template_field f;
        if (!cv_stats_field(v, q->type, q->names[i], &section, &f))
            return no_dimension(ui, v->template, q->type, q->names[i]);
        if (value == NULL || strcmp(value, CV_FIGURES_NOT_SAID) == 0)
            continue;
        cv_status st = cv_ui_choice(ui, v->template, q->type, section, f.name, value);
        if (st != CV_OK)
            return st == CV_ERR_FORMAT ? CV_ERR_ARG : st;
        if (f.choices == NULL && strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != strlen(value))
            return cv_fail(&ui->err, CV_ERR_ARG,
                           "%.32s=: a country is two capital letters, a year four digits", q->names[i]);
    }
    return CV_OK;
}

static cv_status describe(const struct asked *q, uint64_t k, struct cv_buf *out)
{
    cv_status st = cv_buf_str(out, "by ");
    for (size_t i = 0; i < q->count && st == CV_OK; i++)
        st = q->values[i] != NULL ? cv_buf_printf(out, ", where %.32s=%.63s", q->names[i], q->values[i])
                                  : cv_buf_printf(out, "%s%.32s", i > 0 ? ", " : "", q->names[i]);
    st = CV_THEN(st, cv_buf_printf(out, "; nothing under %" PRIu64, k));
    return CV_THEN(st, cv_buf_append(out, CV_LIT("\0")));
}

/* ---- on the terminal ---- */

static void put_count(struct cv_table *t, const struct cv_figures_view *v, const size_t *at)
{
    char text[24] = "\xc2\xb7";
    uint64_t count;
    if (cv_figures_at(v->f, at, &count))
        (void)snprintf(text, sizeof(text), "%" PRIu64, count);
    cv_table_cell(t, text);
}

static void put_upper(struct cv_table *t, const char *name)
{
    char text[64];
    size_t n = 0;
    for (; name[n] != '\0' && n + 1 < sizeof(text); n++)
        text[n] = (char)(name[n] >= 'a' && name[n] <= 'z' ? name[n] - 'a' + 'A' : name[n]);
    text[n] = '\0';
    cv_table_cell(t, text);
}

/* fits(v): could two dimensions stand as rows and columns on a terminal? */
static bool fits(const struct cv_figures_view *v)
{
    size_t width = 24;
    if (v->count != 2 || v->f->dim[v->by[1]].n + 2 > CV_TABLE_COLUMNS_MAX)
        return false;
    for (size_t i = 0; i < v->f->dim[v->by[1]].n; i++)
        width += strlen(v->f->dim[v->by[1]].c[i].word) + 2;
    return width <= 80;
}

static void print_cross(const struct cv_figures_view *v)
{
    const struct cv_figures_dimension *columns = &v->f->dim[v->by[1]];
    struct cv_table t = { .columns = columns->n + 2 };
    size_t at[CV_SUPPRESS_DIMS];
    put_upper(&t, v->f->dim[v->by[0]].name);
    for (size_t i = 0; i < columns->n; i++)
        cv_table_cell(&t, columns->c[i].word);
    cv_table_cell(&t, _("all"));
    cv_figures_begin(v, at);
    do {
        if (at[v->by[1]] == 0)
            cv_table_cell(&t, cv_figures_word(v, 0, at));
        put_count(&t, v, at);
    } while (cv_figures_next(v, at));
    cv_table_print(&t);
}

static void print_list(const struct cv_figures_view *v)
{
    struct cv_table t = { .columns = v->count + 1 };
    size_t at[CV_SUPPRESS_DIMS];
    for (size_t i = 0; i < v->count; i++)
        put_upper(&t, v->f->dim[v->by[i]].name);
    cv_table_cell(&t, _("COUNT"));
    cv_figures_begin(v, at);
    do {
        for (size_t i = 0; i < v->count; i++)
            cv_table_cell(&t, cv_figures_word(v, i, at));
        put_count(&t, v, at);
    } while (cv_figures_next(v, at));
    cv_table_print(&t);
}

/* say(ui, v): what was counted, and what is not shown. */
static void say(struct cv_ui *ui, const struct cv_figures_view *v)
{
    size_t of;
    const size_t hidden = cv_figures_hidden(v, &of);
    cv_ui_say_n(ui, v->f->all,
                "\n%" PRIu64 " record counted, up to entry %" PRIu64 "; %" PRIu64 " newer ones are not.",
                "\n%" PRIu64 " records counted, up to entry %" PRIu64 "; %" PRIu64 " newer ones are not.",
                v->f->all, v->entry, v->waiting);
    if (v->waiting > 0)
        cv_ui_say(ui, "Newer ones are counted when there are %d: what changes with one tells of that one.",
                  CV_STATS_STEP);
    if (v->unread > 0)
        cv_ui_say_n(
            ui, v->unread, "%" PRIu64 " could not be read, and is not counted: `casevault check` says why.",
            "%" PRIu64 " could not be read, and are not counted: `casevault check` says why.", v->unread);
    if (hidden > 0)
        cv_ui_say_n(ui, of,
                    "%zu of %zu number is suppressed (\xc2\xb7): each is under %" PRIu64
                    ", perhaps 0, or one by which such a number could be computed.",
                    "%zu of %zu numbers are suppressed (\xc2\xb7): each is under %" PRIu64
                    ", perhaps 0, or one by which such a number could be computed.",
                    hidden, of, v->f->k);
    if (cv_figures_bare(v))
        cv_ui_say(ui, "Nothing but totals could be given: count by fewer dimensions at once.");
    for (size_t i = 0; i < v->count; i++) {
        const struct cv_figures_dimension *d = &v->f->dim[v->by[i]];
        if (d->multi)
            cv_ui_say(ui,
                      "%s: one record can have several, and counts in each; they add up to more than all.",
                      d->name);
        if (d->others != CV_SUPPRESS_NONE)
            cv_ui_say(ui, "%s: others are all that are not named, because too few are in one of them.",
                      d->name);
    }
}

/* ---- the answer ---- */

static cv_status put_csv(const struct cv_figures_view *v)
{
    struct cv_buf text = { 0 };
    cv_status st = cv_figures_csv(v, &text);
    if (st == CV_OK)
        fwrite(text.p, 1, text.n, stdout);
    cv_buf_free(&text);
    return st;
}

/* write_files(ui, a, v): both or none. */
static cv_status write_files(struct cv_ui *ui, const struct args *a, const struct cv_figures_view *v)
{
    struct cv_buf page = { 0 }, csv = { 0 };
    char path[4096];
    (void)snprintf(path, sizeof(path), "%.*s.csv", (int)(strlen(a->output) - strlen(SUFFIX)), a->output);
    cv_status st = cv_figures_page(v, &page);
    st = CV_THEN(st, cv_figures_csv(v, &csv));
    if (a->csv)
        st = CV_THEN(st, cv_ui_write_file(ui, path, cv_buf_view(&csv)));
    if (st == CV_OK) {
        st = cv_ui_write_file(ui, a->output, cv_buf_view(&page));
        if (st != CV_OK && a->csv)
            (void)unlink(path);
    }
    cv_buf_free(&page);
    cv_buf_free(&csv);
    return st;
}

static cv_status answer(struct cv_ui *ui, const struct args *a, const struct cv_figures_view *v)
{
    struct cv_json *o = NULL;
    cv_status st = CV_OK;
    if (a->output != NULL)
        st = write_files(ui, a, v);
    if (ui->json) {
        st = CV_THEN(st, cv_figures_json(v, &o));
        st = CV_THEN(st, cv_ui_answer(ui, o));
        cv_json_free(o);
        return st;
    }
    if (a->output == NULL && a->csv)
        st = CV_THEN(st, put_csv(v));
    else if (a->output == NULL && st == CV_OK && fits(v))
        print_cross(v);
    else if (a->output == NULL && st == CV_OK)
        print_list(v);
    if (st == CV_OK)
        say(ui, v);
    return st;
}

/* view_of(ui, q, s, v): which of the figures were asked for. */
static cv_status view_of(struct cv_ui *ui, const struct asked *q, const struct cv_stats *s,
                         struct cv_figures_view *v)
{
    *v = (struct cv_figures_view){
        .f = &s->figures, .waiting = s->waiting, .unread = s->unread, .entry = s->entry
    };
    for (size_t d = 0; d < CV_SUPPRESS_DIMS; d++)
        v->at[d] = CV_FIGURES_ALL;
    for (size_t i = 0; i < q->count; i++)
        if (q->values[i] == NULL)
            v->by[v->count++] = s->place[i];
        else if (!cv_figures_find(&s->figures, s->place[i], q->values[i], &v->at[s->place[i]]))
            return cv_fail(&ui->err, CV_ERR_NOTFOUND,
                           "too few records have %.32s=%.63s for numbers of them alone; try without --where",
                           q->names[i], q->values[i]);
    return CV_OK;
}

static cv_status check(struct cv_ui *ui, const struct args *a)
{
    const size_t n = a->output != NULL ? strlen(a->output) : 0;
    if (a->output != NULL && (n <= strlen(SUFFIX) || strcmp(a->output + n - strlen(SUFFIX), SUFFIX) != 0))
        return cv_fail(&ui->err, CV_ERR_ARG, "--output: the page's name ends in %s", SUFFIX);
    if (n > 4000)
        return cv_fail(&ui->err, CV_ERR_ARG, "--output: the name is too long");
    if (a->k != 0 && (a->k < CV_STATS_LEAST || a->k > 1000000))
        return cv_fail(&ui->err, CV_ERR_ARG, "--k: %d at least; numbers under it would tell of persons",
                       CV_STATS_LEAST);
    return CV_OK;
}

static cv_status count(struct cv_ui *ui, const struct args *a, struct cv_vault *v, const struct asked *q)
{
    struct cv_stats_ask ask = {
        .type = q->type, .count = q->count, .reason = a->reason, .k = a->k != 0 ? a->k : CV_STATS_LEAST
    };
    struct cv_stats s = { 0 };
    struct cv_figures_view view;
    struct cv_buf detail = { 0 };
    char today[CV_DATE_BYTES], print[CV_FINGERPRINT_BYTES];
    memcpy(ask.names, q->names, sizeof(ask.names));
    cv_status st = describe(q, ask.k, &detail);
    ask.detail = (const char *)detail.p;
    st = CV_THEN(st, cv_stats_count(v, &ask, &s, &ui->err));
    st = CV_THEN(st, view_of(ui, q, &s, &view));
    if (st == CV_OK) {
        cv_date_today(0, today);
        cv_vault_fingerprint(cv_vault_policy(v)->vault, print);
        view.of = cv_template_label(v->template, q->type, NULL, NULL);
        view.vault = print;
        view.made = today;
        view.training = cv_vault_policy(v)->training;
        st = answer(ui, a, &view);
    }
    cv_stats_free(&s);
    cv_buf_free(&detail);
    return st;
}

static cv_status run(struct cv_ui *ui, const void *args)
{
    const struct args *a = args;
    struct asked q = { .type = a->of != NULL ? a->of : "person" };
    char names[CV_SUPPRESS_DIMS][WORDS_BYTES];
    struct cv_opened o = { 0 };
    cv_status st = check(ui, a);
    st = CV_THEN(st, take_by(ui, a->by, &q));
    st = CV_THEN(st, take_where(ui, &a->where, names, &q));
    st = CV_THEN(st, cv_ui_open(ui, &o));
    st = CV_THEN(st, check_names(ui, o.vault, &q));
    st = CV_THEN(st, count(ui, a, o.vault, &q));
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_stats = {
    .name = "stats",
    .synopsis =
        "--by LIST [--where NAME=VALUE]... [--of TYPE] [--k N] [--csv] [-o FILE.html] [--reason TEXT]",
    .summary = "numbers without names: counts over coded fields, for whoever may read them",
    .details =
        "Numbers under 11 are not shown, nor those by which one of them could be computed, nor the newest "
        "records, until there are 11. docs/STATISTICS.md says what the numbers mean, and what is not "
        "covered. "
        "The access log keeps what was counted by.",
    .opts = opts,
    .args_bytes = sizeof(struct args),
    .run = run,
};
