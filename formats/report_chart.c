#include <stdio.h>
#include <string.h>

#include "formats/locale.h"
#include "formats/report_put.h"
#include "formats/words.h"

/* ---- charts ---- */

const struct cv_report_group_word cv_report_groups[CV_REPORT_GROUPS] = { { "read", N_("Read") },
                                                                         { "written", N_("Written") },
                                                                         { "leaving", N_("Left") },
                                                                         { "denied", N_("Refused") },
                                                                         { "other", N_("Other") } };

void cv_report_chart_patterns(struct cv_report_out *p)
{
    cv_report_put(
        p,
        "<svg class=\"patterns\" width=\"0\" height=\"0\" aria-hidden=\"true\"><defs>"
        "<pattern id=\"p-read\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\"><rect width=\"8\" "
        "height=\"8\" "
        "fill=\"#2d5f9e\"/></pattern>"
        "<pattern id=\"p-written\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" "
        "patternTransform=\"rotate(45)\">"
        "<rect width=\"5\" height=\"5\" fill=\"#dfe9f5\"/><rect width=\"2\" height=\"5\" "
        "fill=\"#2d5f9e\"/></pattern>"
        "<pattern id=\"p-leaving\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\"><rect "
        "width=\"8\" height=\"8\" "
        "fill=\"#1b1d21\"/></pattern>"
        "<pattern id=\"p-denied\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\"><rect width=\"6\" "
        "height=\"6\" "
        "fill=\"#fff\"/><path d=\"M0 0L6 6M6 0L0 6\" stroke=\"#9a1220\" stroke-width=\"1.4\"/></pattern>"
        "<pattern id=\"p-other\" width=\"4\" height=\"4\" patternUnits=\"userSpaceOnUse\"><rect width=\"4\" "
        "height=\"4\" "
        "fill=\"#e6e8ec\"/><circle cx=\"1\" cy=\"1\" r=\".7\" fill=\"#565c66\"/></pattern></defs></svg>\n");
}

void cv_report_chart_legend(struct cv_report_out *p)
{
    cv_report_put(p, "<ul class=\"legend\">");
    for (size_t g = 0; g < CV_REPORT_GROUPS; g++) {
        PUTF(p,
             "<li><svg width=\"22\" height=\"12\" aria-hidden=\"true\"><rect class=\"seg\" x=\".5\" "
             "y=\".5\" width=\"21\" height=\"11\" fill=\"url(#p-%s)\"/></svg> ",
             cv_report_groups[g].word);
        cv_report_tell(p, cv_report_groups[g].label);
        cv_report_put(p, "</li>");
    }
    cv_report_put(p, "</ul>\n<p class=\"note\">");
    cv_report_tell(p,
                   N_("*Read*: read, list. *Written*: create, edit, import. *Left*: export, disclose, agree, "
                      "package, basis. *Refused*: any attempt. *Other*: rules, keys, grants, holds, "
                      "erasures, and the reading of this log."));
    cv_report_put(p, "</p>\n");
}

#define BAR_WIDTH 240

static void put_bar(struct cv_report_out *p, const size_t *counts, size_t most)
{
    size_t at = 0;
    cv_report_put(
        p, "<svg class=\"bar\" viewBox=\"0 0 240 12\" width=\"240\" height=\"12\" aria-hidden=\"true\">");
    for (size_t g = 0; g < CV_REPORT_GROUPS; g++) {
        const size_t from = at * BAR_WIDTH * 100 / most, to = (at + counts[g]) * BAR_WIDTH * 100 / most;
        if (counts[g] > 0)
            PUTF(p,
                 "<rect class=\"seg\" x=\"%zu.%02zu\" y=\".5\" width=\"%zu.%02zu\" height=\"11\" "
                 "fill=\"url(#p-%s)\"/>",
                 from / 100, from % 100, (to - from) / 100, (to - from) % 100, cv_report_groups[g].word);
        at += counts[g];
    }
    cv_report_put(p, "</svg>");
}

static void put_head_cell(struct cv_report_out *p, const char *what)
{
    cv_report_put(p, "<th class=\"c\">");
    cv_report_tell(p, what);
    cv_report_put(p, "</th>");
}

static void open_chart(struct cv_report_out *p, const char *what)
{
    cv_report_put(p, "<table class=\"chart\"><thead><tr><th>");
    cv_report_tell(p, what);
    cv_report_put(p, "</th><th><span class=\"hidden\">");
    cv_report_tell(p, N_("Chart"));
    cv_report_put(p, "</span></th>");
    for (size_t g = 0; g < CV_REPORT_GROUPS; g++)
        put_head_cell(p, cv_report_groups[g].label);
    put_head_cell(p, N_("All"));
    cv_report_put(p, "</tr></thead><tbody>\n");
}

static void put_title(struct cv_report_out *p, const char *title)
{
    cv_report_put(p, "<h3>");
    cv_report_tell(p, title);
    cv_report_put(p, "</h3>\n");
}

void cv_report_chart_members(struct cv_report_out *p)
{
    const struct cv_report *r = p->r;
    put_title(p, N_("By member"));
    open_chart(p, N_("Member"));
    for (size_t m = 0; m < r->member_count; m++) {
        cv_report_put(p, "<tr><td class=\"who\">");
        cv_report_put_names(p, r->members[m].names);
        cv_report_put(p, "<br><code>");
        cv_report_put_text(p, r->members[m].who);
        cv_report_put(p, "</code></td><td>");
        put_bar(p, r->members[m].groups, r->members[0].total > 0 ? r->members[0].total : 1);
        cv_report_put(p, "</td>");
        for (size_t g = 0; g < CV_REPORT_GROUPS; g++) {
            char id[24];
            snprintf(id, sizeof(id), "member-%s", cv_report_groups[g].word);
            cv_report_put(p, "<td class=\"c\">");
            cv_report_put_link(p, r->members[m].groups[g], id, m);
            cv_report_put(p, "</td>");
        }
        cv_report_put(p, "<td class=\"c all\">");
        cv_report_put_link(p, r->members[m].total, "member", m);
        cv_report_put(p, "</td></tr>\n");
    }
    cv_report_put(p, "</tbody></table>\n");
}

bool cv_report_chart_in_role(const struct cv_report *r, const struct cv_report_entry *e, const char *role)
{
    const struct cv_json *roles = cv_json_at(r->role_sets, e->roles);
    return e->within && (role == NULL ? cv_json_len(roles) == 0 : cv_json_has_word(roles, role));
}

const char *cv_report_chart_role(const struct cv_report *r, size_t i)
{
    return i < cv_json_len(r->roles) ? cv_json_cstr(cv_json_at(r->roles, i)) : NULL;
}

size_t cv_report_chart_count(const struct cv_report *r, size_t i, size_t counts[static CV_REPORT_GROUPS])
{
    size_t all = 0;
    memset(counts, 0, CV_REPORT_GROUPS * sizeof(*counts));
    for (size_t k = 0; k < r->count; k++)
        if (cv_report_chart_in_role(r, &r->entries[k], cv_report_chart_role(r, i))) {
            counts[r->entries[k].group]++;
            all++;
        }
    return all;
}

void cv_report_chart_roles(struct cv_report_out *p)
{
    size_t counts[CV_REPORT_GROUPS], most = 1;
    for (size_t i = 0; i <= cv_json_len(p->r->roles); i++) {
        const size_t all = cv_report_chart_count(p->r, i, counts);
        most = all > most ? all : most;
    }
    put_title(p, N_("By role"));
    cv_report_put(p, "<p class=\"note\">");
    cv_report_tell(p, N_("By the roles that the member held when the entry was written; who holds several "
                         "counts in each, so these add up to more than there are entries."));
    cv_report_put(p, "</p>\n");
    open_chart(p, N_("Role"));
    for (size_t i = 0; i <= cv_json_len(p->r->roles); i++) {
        const size_t all = cv_report_chart_count(p->r, i, counts);
        const char *role = cv_report_chart_role(p->r, i);
        if (all == 0)
            continue;
        cv_report_put(p, "<tr><td class=\"who\">");
        if (role != NULL)
            cv_report_put_text(p, role);
        else {
            cv_report_put(p, "<span class=\"none\">");
            cv_report_tell(p, N_("no role"));
            cv_report_put(p, "</span>");
        }
        cv_report_put(p, "</td><td>");
        put_bar(p, counts, most);
        cv_report_put(p, "</td>");
        for (size_t g = 0; g < CV_REPORT_GROUPS; g++) {
            char id[24];
            snprintf(id, sizeof(id), "role-%s", cv_report_groups[g].word);
            cv_report_put(p, "<td class=\"c\">");
            cv_report_put_link(p, counts[g], id, i);
            cv_report_put(p, "</td>");
        }
        cv_report_put(p, "<td class=\"c all\">");
        cv_report_put_link(p, all, "role", i);
        cv_report_put(p, "</td></tr>\n");
    }
    cv_report_put(p, "</tbody></table>\n");
}

#define CHART_WIDTH 940
#define CHART_HEIGHT 150

#define DAY_SECONDS 86400

/* cut(b, from, to, chars): false if they are too many. */
static bool cut(struct cv_report_buckets *b, const char *from, const char *to, size_t chars)
{
    const int64_t last = cv_date_seconds(cv_bytes_str(to));
    *b = (struct cv_report_buckets){ .chars = chars };
    for (int64_t s = cv_date_seconds(cv_bytes_str(from)); s <= last; s += DAY_SECONDS) {
        char day[CV_DATE_BYTES];
        cv_date_of(s, day);
        if (b->n > 0 && strncmp(b->b[b->n - 1].key, day, chars) == 0)
            continue;
        if (b->n == CV_REPORT_BUCKETS_MAX)
            return false;
        memcpy(b->b[b->n].key, day, chars);
        b->b[b->n].weekend = chars > 7 && (((s / DAY_SECONDS + 3) % 7) + 7) % 7 >= 5;
        b->n++;
    }
    return true;
}

size_t cv_report_chart_place(const struct cv_report_buckets *b, const struct cv_report_entry *e)
{
    char day[CV_DATE_BYTES] = "";
    if (e->at != INT64_MIN)
        cv_date_of(e->at, day);
    for (size_t k = 0; k < b->n; k++)
        if (strncmp(day, b->b[k].key, b->chars) == 0)
            return k;
    return b->n;
}

static void fill(struct cv_report_buckets *b, const struct cv_report *r)
{
    for (size_t i = 0; i < r->count; i++) {
        const size_t k = cv_report_chart_place(b, &r->entries[i]);
        if (!r->entries[i].within || k == b->n)
            continue;
        b->b[k].counts[r->entries[i].group]++;
        b->b[k].all++;
    }
}

void cv_report_chart_cut(const struct cv_report *r, struct cv_report_buckets *out)
{
    if (!cut(out, r->from, r->to, 10) && !cut(out, r->from, r->to, 7))
        (void)cut(out, r->from, r->to, 4);
    fill(out, r);
}

/* put_column(p, b, x, width, most): one day's, with its number above and its name below. */
static void put_column(struct cv_report_out *p, const struct cv_report_bucket *b, size_t x, size_t width,
                       size_t most)
{
    size_t y = CHART_HEIGHT + 20;
    char day[CV_MOMENT_BYTES];
    const size_t bar = width > 60 ? 48 : width * 8 / 10, left = x + (width - bar) / 2, middle = x + width / 2;
    if (b->weekend)
        PUTF(p, "<rect class=\"weekend\" x=\"%zu\" y=\"14\" width=\"%zu\" height=\"%d\"/>", x, width,
             CHART_HEIGHT + 6);
    if (b->all > 0) {
        PUTF(p, "<a href=\"#on-%s\"><title>", b->key);
        cv_report_put_bytes(p, cv_bytes_str(cv_locale_day(b->key, day)));
        cv_report_put(p, ": ");
        cv_report_put_count(p, b->all);
        cv_report_put(p, "</title>");
    }
    for (size_t g = 0; g < CV_REPORT_GROUPS; g++) {
        const size_t height = b->counts[g] * CHART_HEIGHT / most + (b->counts[g] > 0 ? 1 : 0);
        if (height > 0)
            PUTF(p,
                 "<rect class=\"seg\" x=\"%zu\" y=\"%zu\" width=\"%zu\" height=\"%zu\" "
                 "fill=\"url(#p-%s)\"/>",
                 left, y - height, bar, height, cv_report_groups[g].word);
        y -= height;
    }
    if (b->all > 0) {
        PUTF(p, "<text class=\"value\" x=\"%zu\" y=\"%zu\">", middle, y - 4);
        cv_report_put_count(p, b->all);
        cv_report_put(p, "</text></a>");
    }
    PUTF(p, "<text class=\"label\" x=\"%zu\" y=\"%d\">%s</text>", middle, CHART_HEIGHT + 34,
         strlen(b->key) > 7 ? b->key + 8 : b->key);
    if (strlen(b->key) > 7 && (x == 0 || strcmp(b->key + 8, "01") == 0))
        PUTF(p, "<text class=\"month\" x=\"%zu\" y=\"%d\">%.7s</text>", left, CHART_HEIGHT + 50, b->key);
}

void cv_report_chart_days(struct cv_report_out *p, const struct cv_report_buckets *b)
{
    size_t most = 1;
    for (size_t i = 0; i < b->n; i++)
        most = b->b[i].all > most ? b->b[i].all : most;
    put_title(p, b->chars > 7 ? N_("By day") : b->chars > 4 ? N_("By month") : N_("By year"));
    PUTF(p, "<svg class=\"days\" viewBox=\"0 0 %d %d\"><title>", CHART_WIDTH, CHART_HEIGHT + 54);
    cv_report_tell(p, N_("Entries over time; weekends are shaded"));
    cv_report_put(p, "</title>\n");
    for (size_t i = 0; i < b->n; i++)
        put_column(p, &b->b[i], i * CHART_WIDTH / b->n, (i + 1) * CHART_WIDTH / b->n - i * CHART_WIDTH / b->n,
                   most);
    PUTF(p, "<path class=\"axis\" d=\"M0 %d.5H%d\"/></svg>\n", CHART_HEIGHT + 20, CHART_WIDTH);
}
