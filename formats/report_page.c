#include <stdlib.h>
#include <string.h>

#include "formats/logline.h"
#include "formats/report_put.h"

/* The page of a report, from top to bottom. */

/* ---- the lists ---- */

struct about {
    const char *title, *note;
    bool by_member, grave;
};
static const struct about abouts[CV_REPORT_LISTS] = {
    { "Recovery",
      "Shares were combined, and a member got every role. Ask the custodians who gave their shares, and why.",
      false, true },
    { "Entries in another&#8217;s name",
      "Who wrote these said that somebody else had done it. casevault itself never does that. They are "
      "counted under "
      "those who wrote them.",
      false, true },
    { "Entries that do not open",
      "Damaged, or not made by casevault. What they say is not known. Run "
      "<code>casevault check</code>.",
      false, true },
    { "Times that contradict the order",
      "Order is proved; times are what the writers&#8217; clocks said. These say a time that entries before "
      "or after "
      "them contradict by more than ten minutes, or none that can be read. A wrong clock does that, and so "
      "does who wants "
      "to be missed in a report on another month: those with a time outside of this period stand here only.",
      false, true },
    { "Left, or is to leave, without consent",
      "On the legal basis in the reason, where consent is missing. The basis is what the member wrote; "
      "whether it holds is "
      "for a lawyer to say.",
      false, true },
    { "Refusals",
      "What a member tried and may not do. Most are slips; look for the same member, or the same record, "
      "again "
      "and again.",
      true, false },
    { "Reads without a tie to the case",
      "Reads of one person&#8217;s record, or of testimony, by a member whom nothing in the whole log ties "
      "to it: "
      "they "
      "never wrote it, asked for or approved that it leaves, or had it granted; nor a record that names it, "
      "that "
      "it "
      "names, or that belongs to the same case. Managers, and who looks a case up, stand here rightly; and "
      "so does who "
      "reads what is not theirs. Ask them. What was imported, or written before casevault noted which "
      "records name "
      "each other, is tied to who imported or wrote it only.",
      true, false },
    { "Reads of persons and of testimony", NULL, true, false },
    { "Reads at unusual hours",
      "Reads of records before 06:00, from 22:00 on, or on a Saturday or Sunday, in UTC. Where you are it "
      "may have been "
      "an ordinary hour.",
      true, false },
    { "Bulk reads",
      "One act that names more than 50 records, or more than 100 reads by one member on one day (UTC). Lists "
      "with titles, "
      "and the review of what is due, are such acts as well. Which records they name stands in the CSV.",
      true, false },
    { "What left, and what was to leave",
      "<b>disclose</b>: a package was asked for. <b>agree</b>: it was approved. <b>export</b>: sections were "
      "opened "
      "for it. <b>package</b>: it left, with these fields, to this partner, on these consents. <b>basis</b>: "
      "without consent.",
      false, false },
    { "Rules and members",
      "Changes of the policy: who is a member, who holds which role, what is asked for; and proposals that "
      "wait or waited.",
      false, false },
    { "Approvals", "Signatures by a second person, to rules, erasures and packages.", false, false },
    { "Grants and holds", "A section opened to somebody beyond their roles; a legal hold set or ended.",
      false, false },
    { "Erasures", "Asked for or carried out. What was erased is not told here; that it was, is.", false,
      false },
};

static void put_note(struct cv_report_out *p, enum cv_report_list list)
{
    const struct cv_json *sections = cv_json_get(p->r->doc, "personal");
    cv_report_put(p, "<p class=\"note\">");
    if (list != CV_REPORT_PERSONAL)
        cv_report_put(p, abouts[list].note);
    else if (cv_json_len(sections) == 0)
        cv_report_put(
            p,
            "Not counted: this vault&#8217;s template has no section that only persons and testimony have.");
    else {
        cv_report_put(p,
                      "The log names records by id, not by type: counted is each read that opened one of ");
        for (size_t i = 0; i < cv_json_len(sections); i++) {
            cv_report_put(p, i > 0 ? ", <code>" : "<code>");
            cv_report_put_bytes(p, cv_json_text(cv_json_at(sections, i)));
            cv_report_put(p, "</code>");
        }
        cv_report_put(p, ", which of the ordinary records only persons and testimony have. Nothing here says "
                         "that a read was "
                         "wrong or right: ask, with the record&#8217;s id, whoever runs the case.");
    }
    cv_report_put(p, "</p>\n");
}

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
        cv_report_put(p, "<p class=\"grave\">Entry ");
        cv_report_put_count(p, (uint64_t)cv_json_to_int(cv_json_at(list, i)));
        cv_report_put(p, text);
        cv_report_put(p, "</p>\n");
    }
}

static void put_list(struct cv_report_out *p, enum cv_report_list list)
{
    const char *word = cv_report_word(list);
    PUTF(p, "<section id=\"%s\"><h2>%s <span class=\"count\">%zu</span></h2>\n", word, abouts[list].title,
         p->r->lists[list]);
    put_note(p, list);
    if (list == CV_REPORT_RECOVERY)
        put_entries_of(p, "recovered",
                       ": a policy that recovery shares signed, at whatever time; no event is needed to "
                       "show that.");
    if (list == CV_REPORT_ERASURES)
        put_entries_of(p, "lies",
                       ": FALSE ERASURE, at whatever time: it names keys that are not those of its versions; "
                       "nothing was destroyed for it.");
    if (p->r->lists[list] == 0)
        cv_report_put(p, "<p class=\"none\">None in this period.</p>\n");
    else if (!abouts[list].by_member)
        put_list_of(p, list, SIZE_MAX);
    for (size_t m = 0; abouts[list].by_member && m < p->r->member_count; m++)
        if (p->r->members[m].lists[list] > 0) {
            put_heading(p, word, m);
            put_list_of(p, list, m);
        }
    cv_report_put(p, "</section>\n");
}

/* ---- the head, and what to look at first ---- */

static void put_fact(struct cv_report_out *p, const char *label, const char *text, bool code)
{
    cv_report_put(p, "<div><dt>");
    cv_report_put(p, label);
    cv_report_put(p, code ? "</dt><dd><code>" : "</dt><dd>");
    cv_report_put_text(p, text);
    cv_report_put(p, code ? "</code></dd></div>\n" : "</dd></div>\n");
}

static void put_period(struct cv_report_out *p)
{
    cv_report_put_text(p, p->r->from);
    cv_report_put(p, " to ");
    cv_report_put_text(p, p->r->to);
}

static void put_head(struct cv_report_out *p)
{
    const struct cv_json *doc = p->r->doc;
    if (cv_json_get_bool(doc, "training"))
        cv_report_put(p, "<p class=\"training\">TRAINING - no real people are in this vault</p>\n");
    cv_report_put(
        p, "<header><p class=\"kind\">casevault &#183; confidential</p><h1>Access to case records</h1>\n<p "
           "class=\"period\">");
    put_period(p);
    cv_report_put(p, "</p>\n<dl class=\"facts\">\n");
    put_fact(p, "Vault", cv_logline_get(doc, "vault"), true);
    put_fact(p, "Made (UTC)", cv_logline_get(doc, "made"), false);
    put_fact(p, "Made by", cv_logline_get(doc, "by"), true);
    cv_report_put(p, "<div><dt>Entries in the period</dt><dd>");
    cv_report_put_link(p, p->r->within, "all", SIZE_MAX);
    cv_report_put(
        p, "</dd></div>\n</dl>\n<p class=\"note\">Made from the vault&#8217;s access log, which only "
           "auditors can read. "
           "<strong>This file is not sealed</strong>: it says who looked at which record, and why; keep it "
           "as you keep the log. "
           "Cases are named by id only. Names of members are what staff records say; the pseudonym is what "
           "counts. "
           "Every number leads to the entries it counts.</p></header>\n");
}

static void put_finding(struct cv_report_out *p, enum cv_report_list list)
{
    const bool grave = abouts[list].grave && p->r->lists[list] > 0;
    cv_report_put(p, grave ? "<li class=\"grave\"><span class=\"mark\">!</span>"
                           : "<li><span class=\"mark\"></span>");
    cv_report_put(p, "<span class=\"of\">");
    cv_report_put(p, abouts[list].title);
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
    cv_report_put(p, title);
    cv_report_put(p, "</span> ");
    cv_report_put_link(p, n, id, SIZE_MAX);
    cv_report_put(p, "</li>\n");
}

static void put_findings(struct cv_report_out *p)
{
    cv_report_put(p, "<section id=\"first\"><h2>What to look at first</h2>\n<ul class=\"findings\">\n");
    put_always(p, "recovered", "Policies signed by recovery shares, ever", "recovery");
    put_always(p, "lies", "False erasures, ever", "erasures");
    for (size_t i = 0; i < CV_REPORT_LISTS; i++)
        put_finding(p, (enum cv_report_list)i);
    cv_report_put(p, "</ul></section>\n");
}

/* ---- who read whom ---- */

static void put_readers(struct cv_report_out *p)
{
    static const enum cv_report_list columns[] = { CV_REPORT_PERSONAL, CV_REPORT_UNTIED, CV_REPORT_HOURS,
                                                   CV_REPORT_BULK, CV_REPORT_REFUSALS };
    cv_report_put(
        p,
        "<h3>Whom to ask</h3>\n<table class=\"chart\"><thead><tr><th>Member</th><th class=\"c\">Reads of "
        "persons and "
        "testimony</th><th class=\"c\">Records they name</th><th class=\"c\">Without a tie to the case</th>"
        "<th class=\"c\">Reads at unusual hours</th><th class=\"c\">Bulk reads"
        "</th><th class=\"c\">Refusals</th></tr></thead><tbody>\n");
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

static void put_all(struct cv_report_out *p, const struct cv_report_buckets *b)
{
    cv_report_put(p, "<section id=\"all\"><h2>All entries <span class=\"count\">");
    cv_report_put_count(p, p->r->within);
    cv_report_put(p, "</span></h2>\n");
    for (size_t k = 0; k <= b->n; k++) {
        size_t rows = 0;
        for (size_t i = 0; i < p->r->count; i++) {
            if (!p->r->entries[i].within || cv_report_chart_place(b, &p->r->entries[i]) != k)
                continue;
            if (rows++ == 0) {
                const char *key = k < b->n ? b->b[k].key : "no-time";
                PUTF(p, "<h3 id=\"on-%s\">%s</h3>\n", key,
                     k < b->n ? key : "Without a time that can be read");
                cv_report_put_rows(p);
            }
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
                PUTF(p, "<h4 id=\"%s-%s-%zu\">%s</h4>\n", word, cv_report_groups[g].word,
                     role != SIZE_MAX ? role : m, cv_report_groups[g].label);
                cv_report_put_rows(p);
            }
            cv_report_put_row(p, e, false);
        }
        if (rows > 0)
            cv_report_put_end(p);
    }
}

static void put_members(struct cv_report_out *p)
{
    cv_report_put(p,
                  "<section class=\"again\"><h2>Entries by member</h2>\n"
                  "<p class=\"note\">The entries above once more, in other piles; left out in print.</p>\n");
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
    cv_report_put(p,
                  "<section class=\"again\"><h2>Entries by role</h2>\n"
                  "<p class=\"note\">The entries above once more, in other piles; left out in print.</p>\n");
    for (size_t i = 0; i <= cv_json_len(p->r->roles); i++) {
        if (cv_report_chart_count(p->r, i, counts) == 0)
            continue;
        PUTF(p, "<h3 id=\"role-%zu\">", i);
        cv_report_put_text(p,
                           cv_report_chart_role(p->r, i) != NULL ? cv_report_chart_role(p->r, i) : "no role");
        cv_report_put(p, "</h3>\n");
        put_groups(p, "role", i, SIZE_MAX);
    }
    cv_report_put(p, "</section>\n");
}

static void put_unknown(struct cv_report_out *p)
{
    cv_report_put(
        p,
        "<section id=\"unknown\"><h2>What this report does not know</h2>\n<ul class=\"plain\">"
        "<li>Whether a member had a reason to read. The log knows who may, and what ties them to a case; not "
        "who "
        "should.</li>"
        "<li>When something really happened. Order is proved by the log; times are what the writers&#8217; "
        "clocks said.</li>"
        "<li>What a member did with a program of their own: who holds the vault&#8217;s files can read what "
        "their roles open "
        "without an entry.</li>"
        "<li>What became of what was read or left: copied, printed, told.</li>"
        "<li>Whether the log itself is whole. <code>casevault audit verify</code> says that, of the same "
        "vault.</li>"
        "<li>Whether this file is as casevault made it: it bears no signature. Who doubts it makes it "
        "again.</li></ul></section>\n");
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
    cv_report_put(p, "<section id=\"accesses\"><h2>Who did how much</h2>\n");
    cv_report_chart_legend(p);
    cv_report_chart_members(p);
    cv_report_chart_roles(p);
    cv_report_chart_days(p, b);
    put_readers(p);
    cv_report_put(p, "</section>\n");
    put_unknown(p);
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
    cv_report_put(p, "Access to case records, ");
    cv_report_put_bytes(p, cv_bytes_str(p->r->from));
    cv_report_put(p, " to ");
    cv_report_put_bytes(p, cv_bytes_str(p->r->to));
}

static void put_whole(struct cv_report_out *p, const void *arg)
{
    (void)arg;
    put_body(p);
}

cv_status cv_report_page(const struct cv_report *r, cv_report_sink sink, void *arg, struct cv_err *err)
{
    const struct cv_report_parts parts = { cv_report_template(), cv_report_css(), put_title, put_whole,
                                           NULL };
    struct cv_buf piece = { 0 };
    struct cv_report_out p = { .r = r, .out = &piece, .st = CV_OK, .sink = sink, .arg = arg, .err = err };
    p.st = cv_report_put_page(&p, &parts);
    cv_report_put_out(&p, 0);
    cv_buf_free(&piece);
    return cv_err_note(err, p.st, "report");
}
