#include <inttypes.h>
#include <string.h>

#include "formats/figures.h"
#include "formats/report_put.h"

/* The page of statistics: charts first, the table below, and what is not shown. */

#define CHART_ROWS_MAX 400 /* what is longer nobody looks at: there the table must do */
#define BAR_WIDTH 400

static const struct cv_figures_dimension *dimension(const struct cv_figures_view *v, size_t i)
{
    return &v->f->dim[v->by[i]];
}

static void put_word(struct cv_report_out *p, const struct cv_figures_view *v, size_t i, const size_t *at)
{
    cv_report_put_text(p, cv_figures_word(v, i, at));
}

static void put_title(struct cv_report_out *p, const void *arg)
{
    const struct cv_figures_view *v = arg;
    cv_report_put_bytes(p, cv_bytes_str(v->of));
    cv_report_put(p, " records by ");
    for (size_t i = 0; i < v->count; i++) {
        cv_report_put(p, i == 0 ? "" : i + 1 == v->count ? " and " : ", ");
        cv_report_put_bytes(p, cv_bytes_str(dimension(v, i)->name));
    }
}

static void put_fact(struct cv_report_out *p, const char *label, const char *text)
{
    PUTF(p, "<div><dt>%s</dt><dd>", label);
    cv_report_put_text(p, text);
    cv_report_put(p, "</dd></div>\n");
}

static void put_number_fact(struct cv_report_out *p, const char *label, uint64_t n)
{
    PUTF(p, "<div><dt>%s</dt><dd>%" PRIu64 "</dd></div>\n", label, n);
}

static void put_head(struct cv_report_out *p, const struct cv_figures_view *v)
{
    if (v->training)
        cv_report_put(p, "<p class=\"training\">TRAINING - no real people are in this vault</p>\n");
    cv_report_put(p, "<header><p class=\"kind\">casevault &#183; statistics</p><h1>");
    put_title(p, v);
    cv_report_put(p, "</h1>\n");
    for (size_t d = 0; d < v->f->dims; d++)
        if (v->at[d] != CV_FIGURES_ALL) {
            cv_report_put(p, "<p class=\"where\">only ");
            cv_report_put_text(p, v->f->dim[d].name);
            cv_report_put(p, ": ");
            cv_report_put_text(p, v->f->dim[d].c[v->at[d]].word);
            cv_report_put(p, "</p>\n");
        }
    cv_report_put(p, "<dl class=\"facts\">\n");
    put_fact(p, "Vault", v->vault);
    put_fact(p, "Made (UTC)", v->made);
    put_number_fact(p, "Counted", v->f->all);
    put_number_fact(p, "Newer, not counted yet", v->waiting);
    if (v->unread > 0)
        put_number_fact(p, "Could not be read", v->unread);
    put_number_fact(p, "Smallest number shown", v->f->k);
    cv_report_put(p, "</dl></header>\n");
}

/* put_number(p, v, at, all): a cell of a table; a dot where the number may not be shown. */
static void put_number(struct cv_report_out *p, const struct cv_figures_view *v, const size_t *at, bool all)
{
    uint64_t count;
    cv_report_put(p, all ? "<td class=\"n all\">" : "<td class=\"n\">");
    if (cv_figures_at(v->f, at, &count))
        cv_report_put_count(p, count);
    else
        cv_report_put(p, "<span class=\"dot\" title=\"suppressed\">&#183;</span>");
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
        cv_report_put_text(p, dimension(v, i)->label);
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
    cv_report_put_text(p, dimension(v, v->count - 1)->label);
    cv_report_put(p,
                  "</th><th><span class=\"hidden\">Chart</span></th><th class=\"n\">Number</th></tr></thead>"
                  "<tbody>\n");
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
    cv_report_put_text(p, v->f->dim[row].label);
    cv_report_put(p, "</th>");
    for (size_t j = 0; j <= columns; j++) {
        cv_report_put(p, "<th class=\"n\">");
        cv_report_put_text(p, j < columns ? v->f->dim[column].c[j].word : "all");
        cv_report_put(p, "</th>");
    }
    cv_report_put(p, "</tr></thead><tbody>\n");
    for (size_t i = 0; i <= rows; i++) {
        cv_report_put(p, i < rows ? "<tr><th>" : "<tr class=\"all\"><th>");
        cv_report_put_text(p, i < rows ? v->f->dim[row].c[i].word : "all");
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
    cv_report_put(p, "<section id=\"table\"><h2>Table</h2>\n");
    for (size_t i = 0; v->count == 3 && i <= dimension(v, 0)->n; i++) {
        at[v->by[0]] = i < dimension(v, 0)->n ? i : CV_FIGURES_ALL;
        cv_report_put(p, "<h3><span>");
        cv_report_put_text(p, dimension(v, 0)->label);
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

static void put_meaning(struct cv_report_out *p, const struct cv_figures_view *v)
{
    size_t of;
    const size_t hidden = cv_figures_hidden(v, &of);
    bool others = false;
    cv_report_put(p, "<section id=\"meaning\"><h2>What these numbers mean</h2>\n<ul class=\"plain\">");
    if (hidden == 0)
        PUTF(p, "<li><strong>No number is suppressed</strong>: none here is under %" PRIu64 ".</li>\n",
             v->f->k);
    else
        PUTF(p,
             "<li><strong>%zu of %zu numbers are suppressed</strong>, and stand as <span "
             "class=\"dot\">&#183;</span>: "
             "each is under %" PRIu64
             " (it may be 0), or one by which such a number could be computed.</li>\n",
             hidden, of, v->f->k);
    if (cv_figures_bare(v))
        cv_report_put(
            p, "<li><strong>Nothing but totals could be given.</strong> Counted by fewer dimensions at once, "
               "more can be shown.</li>\n");
    for (size_t i = 0; i < v->count; i++)
        others = others || dimension(v, i)->others != CV_SUPPRESS_NONE;
    if (others)
        cv_report_put(
            p, "<li><strong>others</strong> are all categories that are not named, because too few are in "
               "one of them; nobody may be in some.</li>\n");
    for (size_t d = 0; d < v->f->dims; d++)
        if (v->f->dim[d].multi) {
            cv_report_put(p, "<li>Of <strong>");
            cv_report_put_bytes(p, cv_bytes_str(v->f->dim[d].name));
            cv_report_put(p,
                          "</strong> one record can have several, and counts in each: the numbers add up to "
                          "more than all.</li>\n");
        }
    PUTF(p,
         "<li>Numbers change when %d new records are there, not with each: the newest are not counted yet. "
         "Counted is "
         "what the log held at entry %" PRIu64 ".</li>\n",
         CV_FIGURES_STEP, v->entry);
    cv_report_put(
        p,
        "<li>Records are counted as their coded fields stand. Who is registered twice counts twice.</li>\n"
        "<li>Two tables of the same vault can tell more together than each alone. Give out few, of the same "
        "day and the same smallest number.</li></ul></section>\n");
}

static void put_body(struct cv_report_out *p, const void *arg)
{
    const struct cv_figures_view *v = arg;
    size_t of;
    (void)cv_figures_hidden(v, &of);
    cv_report_chart_patterns(p);
    put_head(p, v);
    cv_report_put(p, "<section id=\"figures\"><h2>Figures</h2>\n");
    if (of <= CHART_ROWS_MAX)
        put_charts(p, v);
    else
        cv_report_put(p, "<p class=\"note\">Too many numbers for charts; the table has them.</p>\n");
    cv_report_put(p, "</section>\n");
    if (v->count > 1)
        put_tables(p, v);
    put_meaning(p, v);
}

cv_status cv_figures_page(const struct cv_figures_view *v, struct cv_buf *out)
{
    const struct cv_report_parts parts = { cv_figures_template(), cv_figures_css(), put_title, put_body, v };
    struct cv_report_out p = { .out = out, .st = CV_OK };
    return cv_report_put_page(&p, &parts);
}
