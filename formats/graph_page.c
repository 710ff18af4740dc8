#include <string.h>

#include "formats/graph_draw.h"
#include "formats/words.h"

const struct cv_graph_kind cv_graph_kinds[CV_GRAPH_KINDS] = {
    { "person", N_("Person"), N_("Persons") },      { "document", N_("Document"), N_("Documents") },
    { "phone", N_("Telephone"), N_("Telephones") }, { "account", N_("Account or e-mail"), N_("Accounts") },
    { "vehicle", N_("Vehicle"), N_("Vehicles") },   { "perpetrator", N_("Perpetrator"), N_("Perpetrators") },
    { "address", N_("Address"), N_("Addresses") },  { "route", N_("Route"), N_("Routes") },
};

size_t cv_graph_kind(const char *name)
{
    size_t k = 0;
    while (k < CV_GRAPH_KINDS && (name == NULL || strcmp(cv_graph_kinds[k].kind, name) != 0))
        k++;
    return k;
}

/* count(list, kind): how many of it join cases. */
static size_t count(const struct cv_json *list, size_t kind)
{
    size_t n = 0;
    for (size_t i = 0; i < cv_json_len(list); i++)
        n += cv_graph_kind(cv_json_get_str(cv_json_at(list, i), "kind")) == kind &&
             cv_json_len(cv_json_get(cv_json_at(list, i), "cases")) > 0;
    return n;
}

/* ---- the head ---- */

static void put_fact(struct cv_report_out *p, const char *name, const char *text)
{
    cv_report_put(p, "<div><dt>");
    cv_report_tell(p, name);
    cv_report_put(p, "</dt><dd>");
    cv_report_put_moment(p, text != NULL ? text : "?"); /* or whatever it is */
    cv_report_put(p, "</dd></div>");
}

static void put_closed(struct cv_report_out *p, const struct cv_json *closed)
{
    struct cv_buf names = { 0 };
    for (size_t i = 0; i < cv_json_len(closed); i++) {
        const char *label = cv_json_cstr(cv_json_at(closed, i));
        p->st = CV_THEN(p->st, cv_buf_str(&names, i > 0 ? ", " : ""));
        p->st = CV_THEN(p->st, cv_buf_str(&names, label != NULL ? _(label) : "?"));
    }
    p->st = CV_THEN(p->st, cv_buf_append(&names, CV_LIT("\0")));
    if (p->st == CV_OK && names.n > 1) {
        cv_report_put(p, "<p class=\"closed\">");
        cv_report_tell_of(p,
                          "*Not looked into:* %s. Whoever made this page may not read that; what cases share "
                          "there is not here.",
                          (const char *)names.p);
        cv_report_put(p, "</p>\n");
    }
    cv_buf_free(&names);
}

/* name_of(o): the title of a case, if it has one that may be read; else its id. */
static const char *name_of(const struct cv_json *o)
{
    const char *title = cv_json_get_str(o, "title"), *id = cv_json_get_str(o, "case");
    return title != NULL ? title : id != NULL ? id : "?";
}

void cv_graph_put_name(struct cv_report_out *p, const struct cv_json *o)
{
    cv_report_put_text(p, name_of(o));
}

static void put_head(struct cv_report_out *p, const struct cv_json *doc)
{
    cv_report_put_training(p, cv_json_get_bool(doc, "training"));
    cv_report_put(p, "<header><p class=\"doc\">");
    cv_report_tell(p, N_("Analysis of cases \xc2\xb7  confidential"));
    cv_report_put(p, "</p>\n<h1>");
    cv_report_tell_of(p, "Case %s and what it shares with others", name_of(doc));
    cv_report_put(p, "</h1>\n<dl class=\"facts\">");
    put_fact(p, N_("Case"), cv_json_get_str(doc, "case"));
    put_fact(p, N_("Made"), cv_json_get_str(doc, "made"));
    put_fact(p, N_("Made by"), cv_json_get_str(doc, "by"));
    put_fact(p, N_("Vault"), cv_json_get_str(doc, "vault"));
    cv_report_put(p, "</dl>\n");
    put_closed(p, cv_json_get(doc, "closed"));
    cv_report_put(p, "</header>\n");
}

/* ---- the drawing ---- */

static void put_legend(struct cv_report_out *p, const struct cv_json *shared)
{
    cv_report_put(p, "<ul class=\"legend\">");
    for (size_t k = 0; k < CV_GRAPH_KINDS; k++)
        if (count(shared, k) > 0) {
            PUTF(p,
                 "<li><svg width=\"26\" height=\"10\" aria-hidden=\"true\"><path class=\"line k-%s\" "
                 "d=\"M0 5H26\"/></svg> ",
                 cv_graph_kinds[k].kind);
            cv_report_tell(p, cv_graph_kinds[k].plural);
            cv_report_put(p, ": ");
            cv_report_put_count(p, count(shared, k));
            cv_report_put(p, "</li>");
        }
    cv_report_put(p, "</ul>\n");
}

/* joining(shared): how many things join this case to others. */
static size_t joining(const struct cv_json *shared)
{
    size_t n = 0;
    for (size_t i = 0; i < cv_json_len(shared); i++)
        n += cv_json_len(cv_json_get(cv_json_at(shared, i), "cases")) > 0;
    return n;
}

/* put_text(p, tag, english): a text of ours in an element of its own. */
static void put_text(struct cv_report_out *p, const char *tag, const char *english)
{
    PUTF(p, "<%s>", tag);
    cv_report_tell(p, english);
    PUTF(p, "</%s>", tag);
}

static void put_graph(struct cv_report_out *p, const struct cv_json *doc)
{
    const struct cv_json *shared = cv_json_get(doc, "shared");
    const size_t things = joining(shared), cases = cv_json_len(cv_json_get(doc, "cases"));
    cv_report_put(p, "<section id=\"first\">");
    put_text(p, "h2", N_("The graph"));
    cv_report_put(p, "\n");
    if (things == 0)
        put_text(p, "p", N_("Nothing that could be looked into is shared with another case."));
    else {
        put_legend(p, shared);
        cv_graph_draw(p, doc);
    }
    if (things > CV_GRAPH_DRAWN_VALUES || (things > 0 && cases > CV_GRAPH_DRAWN_CASES)) {
        cv_report_put(p, "<p class=\"note\">");
        cv_report_tellf(p, "Drawn are at most %d things and %d cases; the tables have all %'zu and %'zu.",
                        CV_GRAPH_DRAWN_VALUES, CV_GRAPH_DRAWN_CASES, things, cases);
        cv_report_put(p, "</p>\n");
    }
    cv_report_put(p, "</section>\n");
}

/* ---- the tables ---- */

static void put_ids(struct cv_report_out *p, const struct cv_json *ids)
{
    for (size_t i = 0; i < cv_json_len(ids); i++) {
        cv_report_put(p, i > 0 ? " <code>" : "<code>");
        cv_report_put_text(p, cv_json_cstr(cv_json_at(ids, i)));
        cv_report_put(p, "</code>");
    }
}

/* put_found(p, doc, text, o): one case that has it too, and how it is written there, if otherwise. */
static void put_found(struct cv_report_out *p, const struct cv_json *doc, const char *text,
                      const struct cv_json *o)
{
    const char *there = cv_json_get_str(o, "text");
    const size_t at = cv_graph_case(doc, cv_json_get_str(o, "case"));
    cv_report_put(p, "<li>");
    if (at != SIZE_MAX) {
        PUTF(p, "<a href=\"#case-%zu\">", at);
        cv_graph_put_name(p, cv_json_at(cv_json_get(doc, "cases"), at));
        cv_report_put(p, "</a>");
    } else
        cv_graph_put_name(p, o);
    if (there != NULL && (text == NULL || strcmp(text, there) != 0))
        cv_report_tell_of(p, ", written %s", there);
    cv_report_put(p, "<br>");
    put_ids(p, cv_json_get(o, "records"));
    cv_report_put(p, "</li>");
}

static void put_kind(struct cv_report_out *p, const struct cv_json *value)
{
    const size_t k = cv_graph_kind(cv_json_get_str(value, "kind"));
    cv_report_tell(p, k < CV_GRAPH_KINDS ? cv_graph_kinds[k].label : N_("Other"));
}

static void put_shared(struct cv_report_out *p, const struct cv_json *doc, size_t i)
{
    const struct cv_json *value = cv_json_at(cv_json_get(doc, "shared"), i);
    const struct cv_json *cases = cv_json_get(value, "cases");
    const char *text = cv_json_get_str(value, "text");
    const int64_t more = cv_json_get_int(value, "more");
    PUTF(p, "<tr id=\"shared-%zu\"><td>", i);
    put_kind(p, value);
    cv_report_put(p, "</td><td class=\"what\">");
    cv_report_put_text(p, text != NULL ? text : "?");
    cv_report_put(p, "</td><td>");
    put_ids(p, cv_json_get(value, "records"));
    cv_report_put(p, "</td><td><ul>");
    for (size_t j = 0; j < cv_json_len(cases); j++)
        put_found(p, doc, text, cv_json_at(cases, j));
    if (more > 0) {
        cv_report_put(p, "<li>");
        cv_report_tell_n(
            p, (uint64_t)more, "%'lld other record: so many that it says little, and joins nothing here",
            "%'lld other records: so many that it says little, and joins nothing here", (long long)more);
        cv_report_put(p, "</li>");
    }
    cv_report_put(p, "</ul></td></tr>\n");
}

/* open_table(p, heads, n): with a title first. */
static void open_table(struct cv_report_out *p, const char *const *heads, size_t n)
{
    put_text(p, "h2", heads[0]);
    cv_report_put(p, "\n<table class=\"rows\"><thead><tr>");
    for (size_t i = 1; i < n; i++)
        put_text(p, "th", heads[i]);
    cv_report_put(p, "</tr></thead><tbody>\n");
}

static void put_things(struct cv_report_out *p, const struct cv_json *doc)
{
    static const char *const heads[] = { N_("What is shared"), N_("Kind"), N_("What, as this case has it"),
                                         N_("In these records of this case"), N_("Also in") };
    const struct cv_json *shared = cv_json_get(doc, "shared");
    cv_report_put(p, "<section id=\"things\">");
    open_table(p, heads, sizeof(heads) / sizeof(*heads));
    for (size_t k = 0; k <= CV_GRAPH_KINDS; k++)
        for (size_t i = 0; i < cv_json_len(shared); i++)
            if (cv_graph_kind(cv_json_get_str(cv_json_at(shared, i), "kind")) == k)
                put_shared(p, doc, i);
    cv_report_put(p, "</tbody></table></section>\n");
}

/* put_shares(p, doc, id): the things that one case shares, in short. */
static void put_shares(struct cv_report_out *p, const struct cv_json *doc, const char *id)
{
    const struct cv_json *shared = cv_json_get(doc, "shared");
    cv_report_put(p, "<ul>");
    for (size_t i = 0; i < cv_json_len(shared); i++) {
        const struct cv_json *value = cv_json_at(shared, i), *cases = cv_json_get(value, "cases");
        for (size_t j = 0; j < cv_json_len(cases); j++) {
            const char *one = cv_json_get_str(cv_json_at(cases, j), "case");
            if (one == NULL || id == NULL || strcmp(one, id) != 0)
                continue;
            cv_report_put(p, "<li>");
            put_kind(p, value);
            PUTF(p, ": <a href=\"#shared-%zu\">", i);
            cv_report_put_text(p,
                               cv_json_get_str(value, "text") != NULL ? cv_json_get_str(value, "text") : "?");
            cv_report_put(p, "</a></li>");
        }
    }
    cv_report_put(p, "</ul>");
}

static void put_cases(struct cv_report_out *p, const struct cv_json *doc, const struct cv_template *t)
{
    static const char *const heads[] = { N_("The other cases"), N_("Case"), N_("Record"), N_("Shares") };
    const struct cv_json *cases = cv_json_get(doc, "cases");
    cv_report_put(p, "<section id=\"cases\">");
    open_table(p, heads, sizeof(heads) / sizeof(*heads));
    for (size_t i = 0; i < cv_json_len(cases); i++) {
        const struct cv_json *o = cv_json_at(cases, i);
        const char *type = cv_json_get_str(o, "type"), *id = cv_json_get_str(o, "case");
        PUTF(p, "<tr id=\"case-%zu\"><td>", i);
        cv_graph_put_name(p, o);
        if (type != NULL && strcmp(type, "case") != 0) {
            cv_report_put(p, " <span class=\"soft\">");
            cv_report_tell_of(p, "(%s, in no case)",
                              t != NULL ? _(cv_template_label(t, type, NULL, NULL)) : type);
            cv_report_put(p, "</span>");
        }
        cv_report_put(p, "</td><td><code>");
        cv_report_put_text(p, id != NULL ? id : "?");
        cv_report_put(p, "</code></td><td>");
        put_shares(p, doc, id);
        cv_report_put(p, "</td></tr>\n");
    }
    cv_report_put(p, "</tbody></table></section>\n");
}

static void put_reading(struct cv_report_out *p)
{
    static const char *const items[] = {
        N_("A line is a lead, not a finding. A telephone changes hands, a house has many tenants, two people "
           "have one name. What it means is for who knows the files."),
        N_("Equal are: telephone numbers; the letters and digits of documents, accounts and plates; the "
           "words "
           "of names and addresses in any order and any alphabet; places that follow one another on a route. "
           "Names of perpetrators that only sound alike are not joined."),
        N_("Persons are joined where one record stands in both cases, or where somebody has said that two "
           "records are of one person."),
        N_("It shows what its maker could read when it was made. Shelters are never compared."),
        N_("It bears no signature and is no evidence by itself; the records it names are."),
    };
    cv_report_put(p, "<section id=\"reading\">");
    put_text(p, "h2", N_("How to read this"));
    cv_report_put(p, "\n<ul class=\"plain\">");
    for (size_t i = 0; i < sizeof(items) / sizeof(*items); i++)
        put_text(p, "li", items[i]);
    cv_report_put(p, "</ul></section>\n");
}

/* ---- the whole ---- */

struct page {
    const struct cv_json *doc;
    const struct cv_template *t;
};

static void put_title(struct cv_report_out *p, const void *arg)
{
    (void)arg;
    cv_report_tell(p, N_("What a case shares with others"));
}

static void put_body(struct cv_report_out *p, const void *arg)
{
    const struct page *page = arg;
    put_head(p, page->doc);
    put_graph(p, page->doc);
    if (cv_json_len(cv_json_get(page->doc, "shared")) > 0) {
        put_things(p, page->doc);
        put_cases(p, page->doc, page->t);
    }
    put_reading(p);
}

cv_status cv_graph_page(const struct cv_json *doc, const struct cv_template *t, struct cv_buf *out)
{
    const struct page page = { doc, t };
    const struct cv_report_parts parts = { .page = cv_graph_template(),
                                           .css = cv_graph_css(),
                                           .skip = N_("Skip to the graph"),
                                           .foot = N_("Analysis of cases \xc2\xb7  confidential"),
                                           .title = put_title,
                                           .body = put_body,
                                           .arg = &page };
    struct cv_report_out p = { .out = out, .st = CV_OK };
    return cv_json_get_str(doc, "case") == NULL ? CV_ERR_FORMAT : cv_report_put_page(&p, &parts);
}
