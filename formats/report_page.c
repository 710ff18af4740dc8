#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/locale.h"
#include "formats/logline.h"
#include "formats/report_put.h"
#include "formats/words.h"

/* The page of a report, from top to bottom. */

/* ---- the lists ---- */

static bool stands(const struct cv_report_entry *e, enum cv_report_list list)
{
    return (e->lists >> (unsigned)list & 1U) != 0;
}

static void put_heading(struct cv_report_out *p, const char *word, size_t m)
{
    PUTF(p, "<h3 id=\"%s-%zu\">", word, m);
    cv_report_put_names(p, p->r->members[m].names);
    cv_report_put(p, " <code>");
    cv_report_put_text(p, p->r->members[m].who);
    cv_report_put(p, "</code></h3>\n");
}

static void put_list_of(struct cv_report_out *p, enum cv_report_list list, size_t member)
{
    cv_report_put_rows(p);
    for (size_t i = 0; i < p->r->count; i++)
        if (stands(&p->r->entries[i], list) && (member == SIZE_MAX || p->r->entries[i].member == member))
            cv_report_put_row(p, &p->r->entries[i], false);
    cv_report_put_end(p);
}

/* put_entries_of(p, name, text): what is no event: entries of policies and erasures. */
static void put_entries_of(struct cv_report_out *p, const char *name, const char *text)
{
    const struct cv_json *list = cv_json_get(p->r->doc, name);
    for (size_t i = 0; i < cv_json_len(list); i++) {
        char entry[24];
        snprintf(entry, sizeof(entry), "%" PRId64, cv_json_to_int(cv_json_at(list, i)));
        cv_report_put(p, "<p class=\"grave\">");
        cv_report_tell_of(p, "Entry %s: ", entry);
        cv_report_tell(p, text);
        cv_report_put(p, "</p>\n");
    }
}

static void put_list(struct cv_report_out *p, enum cv_report_list list)
{
    const char *word = cv_report_word(list);
    PUTF(p, "<section id=\"%s\"><h2>", word);
    cv_report_tell(p, cv_report_abouts[list].title);
    cv_report_put(p, " <span class=\"count\">");
    cv_report_put_count(p, p->r->lists[list]);
    cv_report_put(p, "</span></h2>\n");
    cv_report_about_note(p, list);
    if (list == CV_REPORT_RECOVERY)
        put_entries_of(
            p, "recovered",
            N_("a policy that recovery shares signed, at whatever time; no event is needed to show "
               "that."));
    if (list == CV_REPORT_ERASURES)
        put_entries_of(
            p, "lies",
            N_("FALSE ERASURE, at whatever time: it names keys that are not those of its versions; "
               "nothing was destroyed for it."));
    if (p->r->lists[list] == 0) {
        cv_report_put(p, "<p class=\"none\">");
        cv_report_tell(p, N_("None in this period."));
        cv_report_put(p, "</p>\n");
    } else if (!cv_report_abouts[list].by_member)
        put_list_of(p, list, SIZE_MAX);
    for (size_t m = 0; cv_report_abouts[list].by_member && m < p->r->member_count; m++)
        if (p->r->members[m].lists[list] > 0) {
            put_heading(p, word, m);
            put_list_of(p, list, m);
        }
    cv_report_put(p, "</section>\n");
}

/* ---- the head, and what to look at first ---- */

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

static void put_code_fact(struct cv_report_out *p, const char *label, const char *text)
{
    open_fact(p, label);
    cv_report_put(p, "<code>");
    cv_report_put_text(p, text);
    cv_report_put(p, "</code>");
    close_fact(p);
}

static void put_period(struct cv_report_out *p)
{
    char from[CV_MOMENT_BYTES], to[CV_MOMENT_BYTES];
    cv_report_tell_of(p, "%s to %s", cv_locale_day(p->r->from, from), cv_locale_day(p->r->to, to));
}

static void put_head(struct cv_report_out *p)
{
    const struct cv_json *doc = p->r->doc;
    cv_report_put_training(p, cv_json_get_bool(doc, "training"));
    cv_report_put(p, "<header><p class=\"kind\">casevault &#183; ");
    cv_report_tell(p, N_("confidential"));
    cv_report_put(p, "</p><h1>");
    cv_report_tell(p, N_("Access to case records"));
    cv_report_put(p, "</h1>\n<p class=\"period\">");
    put_period(p);
    cv_report_put(p, "</p>\n<dl class=\"facts\">\n");
    put_code_fact(p, N_("Vault"), cv_logline_get(doc, "vault"));
    open_fact(p, N_("Made"));
    cv_report_put_moment(p, cv_logline_get(doc, "made"));
    close_fact(p);
    put_code_fact(p, N_("Made by"), cv_logline_get(doc, "by"));
    open_fact(p, N_("Entries in the period"));
    cv_report_put_link(p, p->r->within, "all", SIZE_MAX);
    close_fact(p);
    cv_report_put(p, "</dl>\n<p class=\"note\">");
    cv_report_tell(p, N_("Made from the vault's access log, which only auditors can read. *This file is not "
                         "sealed*: it says who looked at which record, and why; keep it as you keep the log. "
                         "Cases are named by id only. Names of members are what staff records say; the "
                         "pseudonym is what counts. Every number leads to the entries it counts."));
    cv_report_put(p, "</p></header>\n");
}

static void put_finding(struct cv_report_out *p, enum cv_report_list list)
{
    const bool grave = cv_report_abouts[list].grave && p->r->lists[list] > 0;
    cv_report_put(p, grave ? "<li class=\"grave\"><span class=\"mark\">!</span>"
                           : "<li><span class=\"mark\"></span>");
    cv_report_put(p, "<span class=\"of\">");
    cv_report_tell(p, cv_report_abouts[list].title);
    cv_report_put(p, "</span> ");
    cv_report_put_link(p, p->r->lists[list], cv_report_word(list), SIZE_MAX);
    cv_report_put(p, "</li>\n");
}

/* put_always(p, name, title, id): of all times, where there are any. */
static void put_always(struct cv_report_out *p, const char *name, const char *title, const char *id)
{
    const size_t n = cv_json_len(cv_json_get(p->r->doc, name));
    if (n == 0)
        return;
    cv_report_put(p, "<li class=\"grave\"><span class=\"mark\">!</span><span class=\"of\">");
    cv_report_tell(p, title);
    cv_report_put(p, "</span> ");
    cv_report_put_link(p, n, id, SIZE_MAX);
    cv_report_put(p, "</li>\n");
}

static void put_findings(struct cv_report_out *p)
{
    cv_report_put(p, "<section id=\"first\"><h2>");
    cv_report_tell(p, N_("What to look at first"));
    cv_report_put(p, "</h2>\n<ul class=\"findings\">\n");
    put_always(p, "recovered", N_("Policies signed by recovery shares, ever"), "recovery");
    put_always(p, "lies", N_("False erasures, ever"), "erasures");
    for (size_t i = 0; i < CV_REPORT_LISTS; i++)
        put_finding(p, (enum cv_report_list)i);
    cv_report_put(p, "</ul></section>\n");
}

/* ---- who read whom ---- */

static void put_readers(struct cv_report_out *p)
{
    static const enum cv_report_list columns[] = { CV_REPORT_PERSONAL, CV_REPORT_UNTIED, CV_REPORT_HOURS,
                                                   CV_REPORT_BULK, CV_REPORT_REFUSALS };
    static const char *const heads[] = {
        N_("Reads of persons and testimony"), N_("Records they name"), N_("Without a tie to the case"),
        N_("Reads at unusual hours"),         N_("Bulk reads"),        N_("Refusals")
    };
    cv_report_put(p, "<h3>");
    cv_report_tell(p, N_("Whom to ask"));
    cv_report_put(p, "</h3>\n<table class=\"chart\"><thead><tr><th>");
    cv_report_tell(p, N_("Member"));
    cv_report_put(p, "</th>");
    for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
        cv_report_put(p, "<th class=\"c\">");
        cv_report_tell(p, heads[i]);
        cv_report_put(p, "</th>");
    }
    cv_report_put(p, "</tr></thead><tbody>\n");
    for (size_t m = 0; m < p->r->member_count; m++) {
        const struct cv_report_member *of = &p->r->members[m];
        if (of->lists[CV_REPORT_PERSONAL] + of->lists[CV_REPORT_HOURS] + of->lists[CV_REPORT_BULK] +
                of->lists[CV_REPORT_REFUSALS] ==
            0)
            continue;
        cv_report_put(p, "<tr><td class=\"who\">");
        cv_report_put_names(p, of->names);
        cv_report_put(p, " <code>");
        cv_report_put_text(p, of->who);
        cv_report_put(p, "</code></td>");
        for (size_t i = 0; i < sizeof(columns) / sizeof(*columns); i++) {
            cv_report_put(p, "<td class=\"c\">");
            cv_report_put_link(p, of->lists[columns[i]], cv_report_word(columns[i]), m);
            cv_report_put(p, "</td>");
            if (i == 0) {
                cv_report_put(p, "<td class=\"c records\">");
                cv_report_put_link(p, cv_report_many(p, m), "personal", m);
                cv_report_put(p, "</td>");
            }
        }
        cv_report_put(p, "</tr>\n");
    }
    cv_report_put(p, "</tbody></table>\n");
}

/* ---- every entry: by day, by member, by role ---- */

static void open_day(struct cv_report_out *p, const struct cv_report_buckets *b, size_t k)
{
    PUTF(p, "<h3 id=\"on-%s\">", k < b->n ? b->b[k].key : "no-time");
    if (k < b->n)
        cv_report_put_day(p, b->b[k].key);
    else
        cv_report_tell(p, N_("Without a time that can be read"));
    cv_report_put(p, "</h3>\n");
    cv_report_put_rows(p);
}

static void put_all(struct cv_report_out *p, const struct cv_report_buckets *b)
{
    cv_report_put(p, "<section id=\"all\"><h2>");
    cv_report_tell(p, N_("All entries"));
    cv_report_put(p, " <span class=\"count\">");
    cv_report_put_count(p, p->r->within);
    cv_report_put(p, "</span></h2>\n");
    for (size_t k = 0; k <= b->n; k++) {
        size_t rows = 0;
        for (size_t i = 0; i < p->r->count; i++) {
            if (!p->r->entries[i].within || cv_report_chart_place(b, &p->r->entries[i]) != k)
                continue;
            if (rows++ == 0)
                open_day(p, b, k);
            cv_report_put_row(p, &p->r->entries[i], true);
        }
        if (rows > 0)
            cv_report_put_end(p);
    }
    cv_report_put(p, "</section>\n");
}

/* in_set(p, e, role, m): of the entries of a role, or (${role} SIZE_MAX) of a member. */
static bool in_set(const struct cv_report_out *p, const struct cv_report_entry *e, size_t role, size_t m)
{
    return role != SIZE_MAX ? cv_report_chart_in_role(p->r, e, cv_report_chart_role(p->r, role))
                            : e->within && e->member == m;
}

/* put_groups(p, word, role, m): what they did, kind by kind. */
static void put_groups(struct cv_report_out *p, const char *word, size_t role, size_t m)
{
    for (size_t g = 0; g < CV_REPORT_GROUPS; g++) {
        size_t rows = 0;
        for (size_t i = 0; i < p->r->count; i++) {
            const struct cv_report_entry *e = &p->r->entries[i];
            if (e->group != g || !in_set(p, e, role, m))
                continue;
            if (rows++ == 0) {
                PUTF(p, "<h4 id=\"%s-%s-%zu\">", word, cv_report_groups[g].word, role != SIZE_MAX ? role : m);
                cv_report_tell(p, cv_report_groups[g].label);
                cv_report_put(p, "</h4>\n");
                cv_report_put_rows(p);
            }
            cv_report_put_row(p, e, false);
        }
        if (rows > 0)
            cv_report_put_end(p);
    }
}

static void open_again(struct cv_report_out *p, const char *title)
{
    cv_report_put(p, "<section class=\"again\"><h2>");
    cv_report_tell(p, title);
    cv_report_put(p, "</h2>\n<p class=\"note\">");
    cv_report_tell(p, N_("The entries above once more, in other piles; left out in print."));
    cv_report_put(p, "</p>\n");
}

static void put_members(struct cv_report_out *p)
{
    open_again(p, N_("Entries by member"));
    for (size_t m = 0; m < p->r->member_count; m++) {
        if (p->r->members[m].total == 0)
            continue;
        put_heading(p, "member", m);
        put_groups(p, "member", SIZE_MAX, m);
    }
    cv_report_put(p, "</section>\n");
}

static void put_roles(struct cv_report_out *p)
{
    size_t counts[CV_REPORT_GROUPS];
    open_again(p, N_("Entries by role"));
    for (size_t i = 0; i <= cv_json_len(p->r->roles); i++) {
        const char *role = cv_report_chart_role(p->r, i);
        if (cv_report_chart_count(p->r, i, counts) == 0)
            continue;
        PUTF(p, "<h3 id=\"role-%zu\">", i);
        if (role != NULL)
            cv_report_put_text(p, role);
        else
            cv_report_tell(p, N_("no role"));
        cv_report_put(p, "</h3>\n");
        put_groups(p, "role", i, SIZE_MAX);
    }
    cv_report_put(p, "</section>\n");
}

static void put_body(struct cv_report_out *p)
{
    struct cv_report_buckets *b = calloc(1, sizeof(*b));
    if (b == NULL) {
        p->st = CV_ERR_NOMEM;
        return;
    }
    cv_report_chart_cut(p->r, b);
    cv_report_chart_patterns(p);
    put_head(p);
    put_findings(p);
    cv_report_put(p, "<section id=\"accesses\"><h2>");
    cv_report_tell(p, N_("Who did how much"));
    cv_report_put(p, "</h2>\n");
    cv_report_chart_legend(p);
    cv_report_chart_members(p);
    cv_report_chart_roles(p);
    cv_report_chart_days(p, b);
    put_readers(p);
    cv_report_put(p, "</section>\n");
    cv_report_about_unknown(p);
    cv_report_about_words(p);
    for (size_t i = 0; i < CV_REPORT_LISTS; i++)
        put_list(p, (enum cv_report_list)i);
    put_all(p, b);
    put_members(p);
    put_roles(p);
    free(b);
}

/* ---- the whole ---- */

static void put_title(struct cv_report_out *p, const void *arg)
{
    (void)arg;
    cv_report_tell(p, N_("Access to case records"));
    cv_report_put(p, ", ");
    put_period(p);
}

static void put_whole(struct cv_report_out *p, const void *arg)
{
    (void)arg;
    put_body(p);
}

cv_status cv_report_page(const struct cv_report *r, cv_report_sink sink, void *arg, struct cv_err *err)
{
    const struct cv_report_parts parts = { .page = cv_report_template(),
                                           .css = cv_report_css(),
                                           .skip = N_("Skip to the report"),
                                           .foot = N_("Access to case records \xc2\xb7  confidential"),
                                           .title = put_title,
                                           .body = put_whole };
    struct cv_buf piece = { 0 };
    struct cv_report_out p = { .r = r, .out = &piece, .st = CV_OK, .sink = sink, .arg = arg, .err = err };
    p.st = cv_report_put_page(&p, &parts);
    cv_report_put_out(&p, 0);
    cv_buf_free(&piece);
    return cv_err_note(err, p.st, "report");
}
