#include <string.h>

#include "crypto/hash.h"
#include "formats/base64.h"
#include "formats/graph_draw.h"

const struct cv_graph_kind cv_graph_kinds[CV_GRAPH_KINDS] = {
    { "person", "Person", "Persons" },      { "document", "Document", "Documents" },
    { "phone", "Telephone", "Telephones" }, { "account", "Account or e-mail", "Accounts" },
    { "vehicle", "Vehicle", "Vehicles" },   { "perpetrator", "Perpetrator", "Perpetrators" },
    { "address", "Address", "Addresses" },  { "route", "Route", "Routes" },
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
    cv_report_put(p, name);
    cv_report_put(p, "</dt><dd>");
    cv_report_put_text(p, text != NULL ? text : "?");
    cv_report_put(p, "</dd></div>");
}

static void put_closed(struct cv_report_out *p, const struct cv_json *closed)
{
    if (cv_json_len(closed) == 0)
        return;
    cv_report_put(p, "<p class=\"closed\"><strong>Not looked into:</strong> ");
    for (size_t i = 0; i < cv_json_len(closed); i++) {
        cv_report_put(p, i > 0 ? ", " : "");
        cv_report_put_text(p, cv_json_cstr(cv_json_at(closed, i)));
    }
    cv_report_put(p, ". Whoever made this page may not read that; what cases share there is not here.</p>\n");
}

static void put_head(struct cv_report_out *p, const struct cv_json *doc)
{
    if (cv_json_get_bool(doc, "training"))
        cv_report_put(p, "<p class=\"training\">TRAINING &#8211; invented cases, no real person</p>\n");
    cv_report_put(p, "<header><p class=\"doc\">Analysis of cases &#183; confidential</p>\n<h1>Case ");
    cv_graph_put_name(p, doc);
    cv_report_put(p, " and what it shares with others</h1>\n<dl class=\"facts\">");
    put_fact(p, "Case", cv_json_get_str(doc, "case"));
    put_fact(p, "Made", cv_json_get_str(doc, "made"));
    put_fact(p, "By member", cv_json_get_str(doc, "by"));
    put_fact(p, "Vault", cv_json_get_str(doc, "vault"));
    cv_report_put(p, "</dl>\n");
    put_closed(p, cv_json_get(doc, "closed"));
    cv_report_put(p, "</header>\n");
}

/* ---- the drawing ---- */

static void put_legend(struct cv_report_out *p, const struct cv_json *shared)
{
    cv_report_put(p, "<ul class=\"legend\">");
    for (size_t k = 0; k < CV_GRAPH_KINDS; k++)
        if (count(shared, k) > 0)
            PUTF(p,
                 "<li><svg width=\"26\" height=\"10\" aria-hidden=\"true\"><path class=\"line k-%s\" "
                 "d=\"M0 5H26\"/></svg> %s: %zu</li>",
                 cv_graph_kinds[k].kind, cv_graph_kinds[k].plural, count(shared, k));
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

static void put_graph(struct cv_report_out *p, const struct cv_json *doc)
{
    const struct cv_json *shared = cv_json_get(doc, "shared");
    const size_t things = joining(shared), cases = cv_json_len(cv_json_get(doc, "cases"));
    cv_report_put(p, "<section id=\"first\"><h2>The graph</h2>\n");
    if (things == 0) {
        cv_report_put(p, "<p>Nothing that could be looked into is shared with another case.</p></section>\n");
        return;
    }
    put_legend(p, shared);
    cv_graph_draw(p, doc);
    if (things > CV_GRAPH_DRAWN_VALUES || cases > CV_GRAPH_DRAWN_CASES)
        PUTF(p,
             "<p class=\"note\">Drawn are at most %d things and %d cases; the tables have all %zu and "
             "%zu.</p>\n",
             CV_GRAPH_DRAWN_VALUES, CV_GRAPH_DRAWN_CASES, things, cases);
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
    if (there != NULL && (text == NULL || strcmp(text, there) != 0)) {
        cv_report_put(p, ", written ");
        cv_report_put_text(p, there);
    }
    cv_report_put(p, "<br>");
    put_ids(p, cv_json_get(o, "records"));
    cv_report_put(p, "</li>");
}

static void put_shared(struct cv_report_out *p, const struct cv_json *doc, size_t i)
{
    const struct cv_json *value = cv_json_at(cv_json_get(doc, "shared"), i);
    const struct cv_json *cases = cv_json_get(value, "cases");
    const char *text = cv_json_get_str(value, "text");
    const size_t k = cv_graph_kind(cv_json_get_str(value, "kind"));
    const int64_t more = cv_json_get_int(value, "more");
    PUTF(p, "<tr id=\"shared-%zu\"><td>%s</td><td class=\"what\">", i,
         k < CV_GRAPH_KINDS ? cv_graph_kinds[k].label : "Other");
    cv_report_put_text(p, text != NULL ? text : "?");
    cv_report_put(p, "</td><td>");
    put_ids(p, cv_json_get(value, "records"));
    cv_report_put(p, "</td><td><ul>");
    for (size_t j = 0; j < cv_json_len(cases); j++)
        put_found(p, doc, text, cv_json_at(cases, j));
    if (more > 0)
        PUTF(p, "<li>%lld other records: so many that it says little, and joins nothing here</li>",
             (long long)more);
    cv_report_put(p, "</ul></td></tr>\n");
}

static void put_things(struct cv_report_out *p, const struct cv_json *doc)
{
    const struct cv_json *shared = cv_json_get(doc, "shared");
    cv_report_put(p,
                  "<section id=\"things\"><h2>What is shared</h2>\n<table class=\"rows\"><thead><tr><th>Kind"
                  "</th><th>What, as this case has it</th><th>In these records of this case</th><th>Also "
                  "in</th></tr></thead><tbody>\n");
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
        const size_t k = cv_graph_kind(cv_json_get_str(value, "kind"));
        for (size_t j = 0; j < cv_json_len(cases); j++) {
            const char *one = cv_json_get_str(cv_json_at(cases, j), "case");
            if (one == NULL || id == NULL || strcmp(one, id) != 0)
                continue;
            PUTF(p, "<li>%s: <a href=\"#shared-%zu\">",
                 k < CV_GRAPH_KINDS ? cv_graph_kinds[k].label : "Other", i);
            cv_report_put_text(p,
                               cv_json_get_str(value, "text") != NULL ? cv_json_get_str(value, "text") : "?");
            cv_report_put(p, "</a></li>");
        }
    }
    cv_report_put(p, "</ul>");
}

static void put_cases(struct cv_report_out *p, const struct cv_json *doc)
{
    const struct cv_json *cases = cv_json_get(doc, "cases");
    cv_report_put(p,
                  "<section id=\"cases\"><h2>The other cases</h2>\n<table class=\"rows\"><thead><tr><th>Case"
                  "</th><th>Record</th><th>Shares</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < cv_json_len(cases); i++) {
        const struct cv_json *o = cv_json_at(cases, i);
        const char *type = cv_json_get_str(o, "type"), *id = cv_json_get_str(o, "case");
        PUTF(p, "<tr id=\"case-%zu\"><td>", i);
        cv_graph_put_name(p, o);
        if (type != NULL && strcmp(type, "case") != 0) {
            cv_report_put(p, " <span class=\"soft\">(a ");
            cv_report_put_text(p, type);
            cv_report_put(p, " in no case)</span>");
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
    cv_report_put(
        p,
        "<section id=\"reading\"><h2>How to read this</h2>\n<ul class=\"plain\">"
        "<li>A line is a lead, not a finding. A telephone changes hands, a house has many tenants, two "
        "people "
        "have one name. What it means is for who knows the files.</li>"
        "<li>Equal are: telephone numbers; the letters and digits of documents, accounts and plates; the "
        "words "
        "of names and addresses in any order and any alphabet; places that follow one another on a route. "
        "Names of perpetrators that only sound alike are not joined.</li>"
        "<li>Persons are joined where one record stands in both cases, or where somebody has said that two "
        "records are of one person.</li>"
        "<li>It shows what its maker could read when it was made. Shelters are never compared.</li>"
        "<li>It bears no signature and is no evidence by itself; the records it names are.</li>"
        "</ul></section>\n");
}

/* ---- the whole ---- */

static void put_body(struct cv_report_out *p, const struct cv_json *doc)
{
    put_head(p, doc);
    put_graph(p, doc);
    if (cv_json_len(cv_json_get(doc, "shared")) > 0) {
        put_things(p, doc);
        put_cases(p, doc);
    }
    put_reading(p);
}

static void put_mark(struct cv_report_out *p, struct cv_bytes name, const struct cv_json *doc)
{
    uint8_t hash[32];
    if (cv_bytes_equal(name, CV_LIT("CSS_HASH"))) {
        p->st = cv_sha256(cv_graph_css(), hash);
        p->st = CV_THEN(p->st, cv_base64_encode(CV_BASE64_STD, CV_ARR(hash), p->out));
    } else if (cv_bytes_equal(name, CV_LIT("CSS")))
        p->st = cv_buf_append(p->out, cv_graph_css());
    else if (cv_bytes_equal(name, CV_LIT("BODY")))
        put_body(p, doc);
    else
        p->st = CV_ERR_INTERNAL;
}

cv_status cv_graph_page(const struct cv_json *doc, struct cv_buf *out)
{
    struct cv_report_out p = { .out = out, .st = CV_OK };
    struct cv_bytes rest = cv_graph_template();
    if (cv_json_get_str(doc, "case") == NULL)
        return CV_ERR_FORMAT;
    while (p.st == CV_OK) {
        const uint8_t *at = memchr(rest.p, '@', rest.n);
        const size_t n = at != NULL ? (size_t)(at - rest.p) : rest.n;
        p.st = cv_buf_append(out, CV_BYTES(rest.p, n));
        if (p.st != CV_OK || at == NULL)
            break;
        rest = CV_BYTES(at + 1, rest.n - n - 1);
        const uint8_t *end = memchr(rest.p, '@', rest.n);
        if (end == NULL)
            return CV_ERR_INTERNAL;
        put_mark(&p, CV_BYTES(rest.p, (size_t)(end - rest.p)), doc);
        rest = CV_BYTES(end + 1, rest.n - (size_t)(end - rest.p) - 1);
    }
    return p.st;
}
