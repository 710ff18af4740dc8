#include <inttypes.h>
#include <string.h>

#include "formats/answer.h"
#include "formats/figures.h"
#include "formats/report_put.h"
#include "formats/words.h"

/* The page of statistics: charts first, the table below, and what is not shown. */

#define CHART_ROWS_MAX 400 /* what is longer nobody looks at: there the table must do */
#define BAR_WIDTH 400

static const struct cv_figures_dimension *dimension(const struct cv_figures_view *v, size_t i)
{
    return &v->f->dim[v->by[i]];
}

/* put_category(p, d, i): a category as people read it; CV_FIGURES_ALL, or what is behind the last: all. */
static void put_category(struct cv_report_out *p, const struct cv_figures_dimension *d, size_t i)
{
    const char *word = i < d->n + d->empty ? d->c[i].word : NULL;
    struct cv_buf label = { 0 };
    if (word == NULL || i == d->others || strcmp(word, CV_FIGURES_NOT_SAID) == 0) {
        cv_report_tell(p, word == NULL ? N_("all") : i == d->others ? N_("others") : N_("not said"));
        return;
    }
    p->st = CV_THEN(p->st, cv_choice_label(word, &label));
    p->st = CV_THEN(p->st, cv_buf_append(&label, CV_LIT("\0")));
    if (p->st == CV_OK)
        cv_report_put_text(p, (const char *)label.p);
    cv_buf_free(&label);
}

static void put_word(struct cv_report_out *p, const struct cv_figures_view *v, size_t i, const size_t *at)
{
    put_category(p, dimension(v, i), at[v->by[i]]);
}

/* put_label(p, text): of a template; that which comes with casevault is translated. */
static void put_label(struct cv_report_out *p, const char *text)
{
    cv_report_put_text(p, _(text));
}

static void put_title(struct cv_report_out *p, const void *arg)
{
    const struct cv_figures_view *v = arg;
    struct cv_buf names = { 0 };
    for (size_t i = 0; i < v->count; i++) {
        p->st = CV_THEN(p->st, cv_buf_str(&names, i > 0 ? ", " : ""));
        p->st = CV_THEN(p->st, cv_buf_str(&names, _(dimension(v, i)->label)));
    }
    p->st = CV_THEN(p->st, cv_buf_append(&names, CV_LIT("\0")));
    if (p->st == CV_OK)
        cv_report_tell_of(p, "%s: records by %s", _(v->of), (const char *)names.p);
    cv_buf_free(&names);
}

/* open_fact(p, label), close_fact(p): one of the head's, whose value is put between them. */
static void open_fact(struct cv_report_out *p, const char *label)
{
    cv_report_put(p, "<div><dt>");
    cv_report_tell(p, label);
    cv_report_put(p, "</dt><dd>");
}

static void close_fact(struct cv_report_out *p)
{
    cv_report_put(p, "</dd></div>\n");
}

static void put_number_fact(struct cv_report_out *p, const char *label, uint64_t n)
{
    open_fact(p, label);
    cv_report_put_count(p, n);
    close_fact(p);
}

/* put_where(p, d, i): of which category alone the numbers are. */
static void put_where(struct cv_report_out *p, const struct cv_figures_dimension *d, size_t i)
{
    cv_report_put(p, "<p class=\"where\">");
    cv_report_tell_of(p, "only %s: ", _(d->label));
    put_category(p, d, i);
    cv_report_put(p, "</p>\n");
}

static void put_head(struct cv_report_out *p, const struct cv_figures_view *v)
{
    cv_report_put_training(p, v->training);
    cv_report_put(p, "<header><p class=\"kind\">casevault &#183; ");
    cv_report_tell(p, N_("statistics"));
    cv_report_put(p, "</p><h1>");
    put_title(p, v);
    cv_report_put(p, "</h1>\n");
    for (size_t d = 0; d < v->f->dims; d++)
        if (v->at[d] != CV_FIGURES_ALL)
            put_where(p, &v->f->dim[d], v->at[d]);
    cv_report_put(p, "<dl class=\"facts\">\n");
    open_fact(p, N_("Vault"));
    cv_report_put_text(p, v->vault);
    close_fact(p);
    open_fact(p, N_("Made (UTC)"));
    cv_report_put_day(p, v->made);
    close_fact(p);
    put_number_fact(p, N_("Counted"), v->f->all);
    put_number_fact(p, N_("Newer, not counted yet"), v->waiting);
    if (v->unread > 0)
        put_number_fact(p, N_("Could not be read"), v->unread);
    put_number_fact(p, N_("Smallest number shown"), v->f->k);
    cv_report_put(p, "</dl></header>\n");
}

static void put_dot(struct cv_report_out *p)
{
    cv_report_put(p, "<span class=\"dot\" title=\"");
    cv_report_tell(p, N_("suppressed"));
    cv_report_put(p, "\">&#183;</span>");
}

/* put_number(p, v, at, all): a cell of a table; a dot where the number may not be shown. */
static void put_number(struct cv_report_out *p, const struct cv_figures_view *v, const size_t *at, bool all)
{
    uint64_t count;
    cv_report_put(p, all ? "<td class=\"n all\">" : "<td class=\"n\">");
    if (cv_figures_at(v->f, at, &count))
        cv_report_put_count(p, count);
    else
        put_dot(p);
    cv_report_put(p, "</td>");
}

/* ---- charts ---- */

/* most_of(v, at): the largest number that a bar will show. */
static uint64_t most_of(const struct cv_figures_view *v)
{
    size_t at[CV_SUPPRESS_DIMS];
    uint64_t most = 1, count;
    cv_figures_begin(v, at);
    do
        if (at[v->by[v->count - 1]] != CV_FIGURES_ALL && cv_figures_at(v->f, at, &count) && count > most)
            most = count;
    while (cv_figures_next(v, at));
    return most;
}

static void put_bar(struct cv_report_out *p, const struct cv_figures_view *v, const size_t *at, uint64_t most)
{
    uint64_t count;
    cv_report_put(p, "<td>");
    if (cv_figures_at(v->f, at, &count) && count > 0) {
        const uint64_t width = count * BAR_WIDTH * 100 / most;
        PUTF(p,
             "<svg class=\"bar\" viewBox=\"0 0 %d 12\" preserveAspectRatio=\"none\" "
             "aria-hidden=\"true\"><rect "
             "class=\"seg\" x=\"0\" y=\".5\" width=\"%" PRIu64 ".%02" PRIu64
             "\" height=\"11\" fill=\"url(#p-read)\"/></svg>",
             BAR_WIDTH, width / 100, width % 100);
    }
    cv_report_put(p, "</td>");
}

/* put_heading(p, v, at): what the dimensions before the last say. */
static void put_heading(struct cv_report_out *p, const struct cv_figures_view *v, const size_t *at)
{
    cv_report_put(p, "<h3>");
    for (size_t i = 0; i + 1 < v->count; i++) {
        cv_report_put(p, i > 0 ? "; <span>" : "<span>");
        put_label(p, dimension(v, i)->label);
        cv_report_put(p, ":</span> ");
        put_word(p, v, i, at);
    }
    cv_report_put(p, "</h3>\n");
}

static void open_chart(struct cv_report_out *p, const struct cv_figures_view *v, const size_t *at)
{
    if (v->count > 1)
        put_heading(p, v, at);
    cv_report_put(p, "<table class=\"chart\"><thead><tr><th>");
    put_label(p, dimension(v, v->count - 1)->label);
    cv_report_put(p, "</th><th><span class=\"hidden\">");
    cv_report_tell(p, N_("Chart"));
    cv_report_put(p, "</span></th><th class=\"n\">");
    cv_report_tell(p, N_("How many"));
    cv_report_put(p, "</th></tr></thead><tbody>\n");
}

static void put_charts(struct cv_report_out *p, const struct cv_figures_view *v)
{
    const size_t last = v->by[v->count - 1];
    const uint64_t most = most_of(v);
    size_t at[CV_SUPPRESS_DIMS];
    bool fresh = true;
    cv_figures_begin(v, at);
    do {
        const bool all = at[last] == CV_FIGURES_ALL;
        if (fresh)
            open_chart(p, v, at);
        cv_report_put(p, all ? "<tr class=\"all\"><td>" : "<tr><td>");
        put_word(p, v, v->count - 1, at);
        cv_report_put(p, "</td>");
        if (all)
            cv_report_put(p, "<td></td>");
        else
            put_bar(p, v, at, most);
        put_number(p, v, at, all);
        cv_report_put(p, all ? "</tr>\n</tbody></table>\n" : "</tr>\n");
        fresh = all;
    } while (cv_figures_next(v, at));
}

/* ---- the table: rows are the last but one dimension, columns the last ---- */

static void put_cross(struct cv_report_out *p, const struct cv_figures_view *v,
                      size_t at[static CV_SUPPRESS_DIMS])
{
    const size_t row = v->by[v->count - 2], column = v->by[v->count - 1];
    const size_t rows = v->f->dim[row].n, columns = v->f->dim[column].n;
    cv_report_put(p, "<table class=\"cross\"><thead><tr><th>");
    put_label(p, v->f->dim[row].label);
    cv_report_put(p, "</th>");
    for (size_t j = 0; j <= columns; j++) {
        cv_report_put(p, "<th class=\"n\">");
        put_category(p, &v->f->dim[column], j < columns ? j : CV_FIGURES_ALL);
        cv_report_put(p, "</th>");
    }
    cv_report_put(p, "</tr></thead><tbody>\n");
    for (size_t i = 0; i <= rows; i++) {
        cv_report_put(p, i < rows ? "<tr><th>" : "<tr class=\"all\"><th>");
        put_category(p, &v->f->dim[row], i < rows ? i : CV_FIGURES_ALL);
        cv_report_put(p, "</th>");
        for (size_t j = 0; j <= columns; j++) {
            at[row] = i < rows ? i : CV_FIGURES_ALL;
            at[column] = j < columns ? j : CV_FIGURES_ALL;
            put_number(p, v, at, j == columns);
        }
        cv_report_put(p, "</tr>\n");
    }
    cv_report_put(p, "</tbody></table>\n");
}

static void put_tables(struct cv_report_out *p, const struct cv_figures_view *v)
{
    size_t at[CV_SUPPRESS_DIMS];
    memcpy(at, v->at, sizeof(at));
    cv_report_put(p, "<section id=\"table\"><h2>");
    cv_report_tell(p, N_("Table"));
    cv_report_put(p, "</h2>\n");
    for (size_t i = 0; v->count == 3 && i <= dimension(v, 0)->n; i++) {
        at[v->by[0]] = i < dimension(v, 0)->n ? i : CV_FIGURES_ALL;
        cv_report_put(p, "<h3><span>");
        put_label(p, dimension(v, 0)->label);
        cv_report_put(p, ":</span> ");
        put_word(p, v, 0, at);
        cv_report_put(p, "</h3>\n");
        put_cross(p, v, at);
    }
    if (v->count == 2)
        put_cross(p, v, at);
    cv_report_put(p, "</section>\n");
}

/* ---- what it means ---- */

/* tell_hidden(p, v): how many numbers are not there, and why. */
static void tell_hidden(struct cv_report_out *p, const struct cv_figures_view *v)
{
    size_t of;
    const size_t hidden = cv_figures_hidden(v, &of);
    cv_report_put(p, "<li>");
    if (hidden == 0)
        cv_report_tellf(p, "*No number is suppressed*: none here is under %'" PRIu64 ".", v->f->k);
    else
        cv_report_tell_n(p, of, "*%'zu of %'zu number is suppressed*, and stands as a dot (\xc2\xb7).",
                         "*%'zu of %'zu numbers are suppressed*, and stand as a dot (\xc2\xb7).", hidden, of);
    if (hidden > 0) {
        cv_report_put(p, " ");
        cv_report_tellf(
            p, "Each is under %'" PRIu64 " (it may be 0), or one by which such a number could be computed.",
            v->f->k);
    }
    cv_report_put(p, "</li>\n");
}

static void put_item(struct cv_report_out *p, const char *english)
{
    cv_report_put(p, "<li>");
    cv_report_tell(p, english);
    cv_report_put(p, "</li>\n");
}

static void put_meaning(struct cv_report_out *p, const struct cv_figures_view *v)
{
    bool others = false;
    cv_report_put(p, "<section id=\"meaning\"><h2>");
    cv_report_tell(p, N_("What these numbers mean"));
    cv_report_put(p, "</h2>\n<ul class=\"plain\">");
    tell_hidden(p, v);
    if (cv_figures_bare(v))
        put_item(p,
                 N_("*Nothing but totals could be given.* Counted by fewer dimensions at once, more can be "
                    "shown."));
    for (size_t i = 0; i < v->count; i++)
        others = others || dimension(v, i)->others != CV_SUPPRESS_NONE;
    if (others)
        put_item(p, N_("*others* are all categories that are not named, because too few are in one of them; "
                       "nobody may be in some."));
    for (size_t d = 0; d < v->f->dims; d++)
        if (v->f->dim[d].multi) {
            cv_report_put(p, "<li>");
            cv_report_tell_of(p,
                              "*%s*: one record can have several, and counts in each; the numbers add up to "
                              "more than all.",
                              _(v->f->dim[d].label));
            cv_report_put(p, "</li>\n");
        }
    cv_report_put(p, "<li>");
    cv_report_tellf(p,
                    "Numbers change when %d new records are there, not with each: the newest are not counted "
                    "yet. Counted is what the log held at entry %" PRIu64 ".",
                    CV_FIGURES_STEP, v->entry);
    cv_report_put(p, "</li>\n");
    put_item(p, N_("Records are counted as their coded fields stand. Who is registered twice counts twice."));
    put_item(p,
             N_("Two tables of the same vault can tell more together than each alone. Give out few, of the "
                "same day and the same smallest number."));
    cv_report_put(p, "</ul></section>\n");
}

static void put_body(struct cv_report_out *p, const void *arg)
{
    const struct cv_figures_view *v = arg;
    size_t of;
    (void)cv_figures_hidden(v, &of);
    cv_report_chart_patterns(p);
    put_head(p, v);
    cv_report_put(p, "<section id=\"figures\"><h2>");
    cv_report_tell(p, N_("Figures"));
    cv_report_put(p, "</h2>\n");
    if (of <= CHART_ROWS_MAX)
        put_charts(p, v);
    else {
        cv_report_put(p, "<p class=\"note\">");
        cv_report_tell(p, N_("Too many numbers for charts; the table has them."));
        cv_report_put(p, "</p>\n");
    }
    cv_report_put(p, "</section>\n");
    if (v->count > 1)
        put_tables(p, v);
    put_meaning(p, v);
}

cv_status cv_figures_page(const struct cv_figures_view *v, struct cv_buf *out)
{
    const struct cv_report_parts parts = { .page = cv_figures_template(),
                                           .css = cv_figures_css(),
                                           .skip = N_("Skip to the figures"),
                                           .foot = N_("Statistics of case records"),
                                           .title = put_title,
                                           .body = put_body,
                                           .arg = v };
    struct cv_report_out p = { .out = out, .st = CV_OK };
    return cv_report_put_page(&p, &parts);
}
