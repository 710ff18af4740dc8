#include "formats/graph_draw.h"

#include <stdlib.h>
#include <string.h>

#include "formats/utf8.h"
#include "formats/words.h"

/* Three columns, placed by counting: the case, what it shares, the others. One input gives one drawing. */

#define WIDTH 1000
#define CASE_X 8
#define CASE_W 220
#define VALUE_X 350
#define VALUE_W 300
#define OTHER_X (WIDTH - CASE_W - 8)
#define NODE_H 42
#define STEP 54
#define TOP 40
#define VALUE_COLUMNS 34 /* of text that fits into a box, if it is wide */
#define CASE_COLUMNS 24
#define ID_COLUMNS 28

struct drawing {
    const struct cv_json *doc;
    const struct cv_json *values[CV_GRAPH_DRAWN_VALUES]; /* from the top */
    size_t value_at[CV_GRAPH_DRAWN_VALUES];              /* of each its place in `shared` */
    size_t values_n;
    struct other {
        size_t at;            /* in `cases` */
        size_t places, lines; /* the sum of the places of what it shares, and how many */
    } others[CV_GRAPH_DRAWN_CASES];
    size_t others_n, height;
};

size_t cv_graph_case(const struct cv_json *doc, const char *id)
{
    const struct cv_json *cases = cv_json_get(doc, "cases");
    for (size_t i = 0; id != NULL && i < cv_json_len(cases); i++) {
        const char *one = cv_json_get_str(cv_json_at(cases, i), "case");
        if (one != NULL && strcmp(one, id) == 0)
            return i;
    }
    return SIZE_MAX;
}

/* ---- where things stand ---- */

static struct other *other_at(struct drawing *d, size_t at)
{
    for (size_t i = 0; i < d->others_n; i++)
        if (d->others[i].at == at)
            return &d->others[i];
    return NULL;
}

/* count_lines(d): what each of the others has to do with. */
static void count_lines(struct drawing *d)
{
    for (size_t i = 0; i < d->values_n; i++) {
        const struct cv_json *cases = cv_json_get(d->values[i], "cases");
        for (size_t j = 0; j < cv_json_len(cases); j++) {
            struct other *o =
                other_at(d, cv_graph_case(d->doc, cv_json_get_str(cv_json_at(cases, j), "case")));
            if (o != NULL) {
                o->places += i;
                o->lines++;
            }
        }
    }
}

/* by_place: beside what they share, so that few lines cross. */
static int by_place(const void *a, const void *b)
{
    const struct other *x = a, *y = b;
    const size_t left = x->places * (y->lines > 0 ? y->lines : 1),
                 right = y->places * (x->lines > 0 ? x->lines : 1);
    return left != right ? (left > right) - (left < right) : (x->at > y->at) - (x->at < y->at);
}

static void place(struct drawing *d)
{
    const struct cv_json *shared = cv_json_get(d->doc, "shared"), *cases = cv_json_get(d->doc, "cases");
    for (size_t k = 0; k < CV_GRAPH_KINDS; k++)
        for (size_t i = 0; i < cv_json_len(shared) && d->values_n < CV_GRAPH_DRAWN_VALUES; i++)
            if (cv_graph_kind(cv_json_get_str(cv_json_at(shared, i), "kind")) == k &&
                cv_json_len(cv_json_get(cv_json_at(shared, i), "cases")) > 0) {
                d->value_at[d->values_n] = i;
                d->values[d->values_n++] = cv_json_at(shared, i);
            }
    for (size_t i = 0; i < cv_json_len(cases) && i < CV_GRAPH_DRAWN_CASES; i++)
        d->others[d->others_n++] = (struct other){ .at = i };
    count_lines(d);
    qsort(d->others, d->others_n, sizeof(d->others[0]), by_place);
    d->height = STEP * (d->values_n > d->others_n ? d->values_n : d->others_n);
}

/* y_of(d, i, n): the top of the i-th of a column of n, which stands in the middle. */
static size_t y_of(const struct drawing *d, size_t i, size_t n)
{
    return TOP + (d->height - n * STEP) / 2 + i * STEP + (STEP - NODE_H) / 2;
}

/* ---- what is drawn ---- */

static const char *kind_word(const struct cv_json *value)
{
    const size_t k = cv_graph_kind(cv_json_get_str(value, "kind"));
    return k < CV_GRAPH_KINDS ? cv_graph_kinds[k].kind : "other";
}

/* put_line(p, x, y, to_x, to_y, kind): a curve from the right of one to the left of another. */
static void put_line(struct cv_report_out *p, size_t x, size_t y, size_t to_x, size_t to_y, const char *kind)
{
    const size_t bend = (to_x - x) / 2;
    PUTF(p, "<path class=\"line k-%s\" d=\"M%zu %zuC%zu %zu %zu %zu %zu %zu\"/>\n", kind, x, y, x + bend, y,
         to_x - bend, to_y, to_x, to_y);
}

static void put_lines(struct cv_report_out *p, const struct drawing *d)
{
    const size_t middle = y_of(d, 0, 1) + NODE_H / 2;
    for (size_t i = 0; i < d->values_n; i++) {
        const size_t y = y_of(d, i, d->values_n) + NODE_H / 2;
        const struct cv_json *cases = cv_json_get(d->values[i], "cases");
        put_line(p, CASE_X + CASE_W, middle, VALUE_X, y, kind_word(d->values[i]));
        for (size_t k = 0; k < d->others_n; k++)
            for (size_t j = 0; j < cv_json_len(cases); j++)
                if (cv_graph_case(d->doc, cv_json_get_str(cv_json_at(cases, j), "case")) == d->others[k].at)
                    put_line(p, VALUE_X + VALUE_W, y, OTHER_X, y_of(d, k, d->others_n) + NODE_H / 2,
                             kind_word(d->values[i]));
    }
}

/* put_words(p, x, y, class, text, columns): as much of a text as fits; in a direction of its own. */
static void put_words(struct cv_report_out *p, size_t x, size_t y, const char *class, const char *text,
                      size_t columns)
{
    const struct cv_bytes all = cv_bytes_str(text);
    const bool fits = cv_utf8_columns(all) <= columns;
    PUTF(p, "<text class=\"%s\" x=\"%zu\" y=\"%zu\">&#x2068;", class, x, y);
    cv_report_put_bytes(p, fits ? all : cv_utf8_fitting(all, columns - 1));
    cv_report_put(p, fits ? "&#x2069;</text>" : "&#x2069;&#8230;</text>");
}

static void put_box(struct cv_report_out *p, size_t x, size_t y, size_t width, const char *class)
{
    PUTF(p, "<rect class=\"node %s\" x=\"%zu\" y=\"%zu\" width=\"%zu\" height=\"%d\" rx=\"4\"/>", class, x, y,
         width, NODE_H);
}

static void put_case(struct cv_report_out *p, const struct cv_json *o, size_t x, size_t y, const char *class)
{
    const char *id = cv_json_get_str(o, "case"), *title = cv_json_get_str(o, "title");
    put_box(p, x, y, CASE_W, class);
    put_words(p, x + 10, y + (title != NULL ? 18 : 26), title != NULL ? "name" : "id",
              title != NULL ? title : id, title != NULL ? CASE_COLUMNS : ID_COLUMNS);
    if (title != NULL)
        put_words(p, x + 10, y + 33, "id", id, ID_COLUMNS);
}

static void put_value(struct cv_report_out *p, const struct drawing *d, size_t i)
{
    const struct cv_json *value = d->values[i];
    const size_t y = y_of(d, i, d->values_n), k = cv_graph_kind(cv_json_get_str(value, "kind"));
    const char *text = cv_json_get_str(value, "text");
    PUTF(p, "<a href=\"#shared-%zu\"><title>", d->value_at[i]);
    cv_report_put_bytes(p, cv_bytes_str(text));
    cv_report_put(p, "</title>");
    put_box(p, VALUE_X, y, VALUE_W, "value");
    PUTF(p, "<rect class=\"tag k-%s\" x=\"%d\" y=\"%zu\" width=\"6\" height=\"%d\"/>", kind_word(value),
         VALUE_X, y, NODE_H);
    put_words(p, VALUE_X + 16, y + 16, "kind", _(k < CV_GRAPH_KINDS ? cv_graph_kinds[k].label : N_("Other")),
              VALUE_COLUMNS);
    put_words(p, VALUE_X + 16, y + 33, "name", text != NULL ? text : "", VALUE_COLUMNS);
    cv_report_put(p, "</a>\n");
}

static void put_column_head(struct cv_report_out *p, size_t x, const char *text)
{
    PUTF(p, "<text class=\"head\" x=\"%zu\" y=\"22\">", x);
    cv_report_tell(p, text);
    cv_report_put(p, "</text>");
}

void cv_graph_draw(struct cv_report_out *p, const struct cv_json *doc)
{
    struct drawing *d = calloc(1, sizeof(*d));
    if (d == NULL) {
        p->st = CV_ERR_NOMEM;
        return;
    }
    d->doc = doc;
    place(d);
    PUTF(p,
         "<svg class=\"graph\" viewBox=\"0 0 %d %zu\" role=\"img\" aria-labelledby=\"graph-title "
         "graph-text\"><title id=\"graph-title\">",
         WIDTH, d->height + TOP + 8);
    cv_report_tell(p, N_("What the case shares, and with which others"));
    cv_report_put(p, "</title><desc id=\"graph-text\">");
    cv_report_tellf(p,
                    "Things on the left (%'zu) are joined by lines to cases on the right (%'zu). The tables "
                    "below say the same in words.",
                    d->values_n, d->others_n);
    cv_report_put(p, "</desc>\n");
    put_column_head(p, CASE_X, N_("This case"));
    put_column_head(p, VALUE_X, N_("Shared"));
    put_column_head(p, OTHER_X, N_("Other cases"));
    cv_report_put(p, "\n");
    put_lines(p, d);
    put_case(p, doc, CASE_X, y_of(d, 0, 1), "this");
    cv_report_put(p, "\n");
    for (size_t i = 0; i < d->values_n; i++)
        put_value(p, d, i);
    for (size_t k = 0; k < d->others_n; k++) {
        PUTF(p, "<a href=\"#case-%zu\">", d->others[k].at);
        put_case(p, cv_json_at(cv_json_get(doc, "cases"), d->others[k].at), OTHER_X, y_of(d, k, d->others_n),
                 "other");
        cv_report_put(p, "</a>\n");
    }
    cv_report_put(p, "</svg>\n");
    free(d);
}
