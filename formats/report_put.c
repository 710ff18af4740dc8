#include "formats/report_put.h"

#include <inttypes.h>
#include <string.h>

#include "crypto/hash.h"
#include "formats/base64.h"
#include "formats/locale.h"
#include "formats/logline.h"
#include "formats/utf8.h"
#include "formats/words.h"

#define PIECE ((size_t)32 << 10) /* so much goes to the sink at a time */

/* Text and rows. Whatever comes from the log goes through cv_report_put_bytes. */

void cv_report_put_out(struct cv_report_out *p, size_t most)
{
    if (p->st != CV_OK || p->sink == NULL || p->out->n <= most)
        return;
    p->st = p->sink(p->arg, cv_buf_view(p->out), p->err);
    cv_buf_truncate(p->out, 0);
}

void cv_report_put(struct cv_report_out *p, const char *html)
{
    p->st = CV_THEN(p->st, cv_buf_str(p->out, html));
}

void cv_report_put_bytes(struct cv_report_out *p, struct cv_bytes text)
{
    while (text.n > 0 && p->st == CV_OK) {
        uint32_t code = 0;
        const size_t n = cv_utf8_next(text, &code);
        if (n == 0 || (!cv_utf8_harmless(code) && code != '\n' && code != '\t'))
            cv_report_put(p, "\xef\xbf\xbd");
        else if (code == '&' || code == '<' || code == '>' || code == '"' || code == '\'')
            p->st = cv_buf_printf(p->out, "&#%u;", (unsigned)code);
        else
            p->st = cv_buf_append(p->out, CV_BYTES(text.p, n));
        text = CV_BYTES(text.p + (n > 0 ? n : 1), text.n - (n > 0 ? n : 1));
    }
}

void cv_report_put_text(struct cv_report_out *p, const char *text)
{
    cv_report_put(p, p->plain ? "" : "<bdi>");
    cv_report_put_bytes(p, cv_bytes_str(text));
    cv_report_put(p, p->plain ? "" : "</bdi>");
}

void cv_report_put_training(struct cv_report_out *p, bool is)
{
    if (!is)
        return;
    cv_report_put(p, "<p class=\"training\">");
    cv_report_tell(p, N_("TRAINING - no real people are in this vault"));
    cv_report_put(p, "</p>\n");
}

void cv_report_put_link(struct cv_report_out *p, size_t n, const char *id, size_t at)
{
    if (n == 0)
        cv_report_put(p, "<span class=\"none\">");
    else if (at == SIZE_MAX)
        PUTF(p, "<a href=\"#%s\">", id);
    else
        PUTF(p, "<a href=\"#%s-%zu\">", id, at);
    cv_report_put_count(p, n);
    cv_report_put(p, n == 0 ? "</span>" : "</a>");
}

void cv_report_put_names(struct cv_report_out *p, const struct cv_json *names)
{
    struct cv_buf text = { 0 };
    p->st = CV_THEN(p->st, cv_logline_names(names, &text));
    if (cv_json_len(names) == 0) {
        cv_report_put(p, "<span class=\"none\">");
        cv_report_tell(p, N_("no name on record"));
        cv_report_put(p, "</span>");
    } else {
        cv_report_put(p, "<bdi>");
        cv_report_put_bytes(p, cv_buf_view(&text));
        cv_report_put(p, "</bdi>");
    }
    cv_buf_free(&text);
}

/* ---- rows of entries ---- */

static void put_what(struct cv_report_out *p, const struct cv_json *event)
{
    const char *reason = cv_json_get_str(event, "reason");
    struct cv_buf what = { 0 }, why = { 0 };
    p->st = CV_THEN(p->st, cv_logline_say(event, &what));
    cv_report_put(p, "<td class=\"what\"><bdi>");
    cv_report_put_bytes(p, cv_buf_view(&what));
    cv_report_put(p, "</bdi>");
    if (cv_json_get(event, "written_by") != NULL)
        cv_report_tell_of(p, ", in the name of %s", cv_logline_get(event, "member"));
    if (reason != NULL) {
        cv_report_put(p, "<p class=\"reason\"><span>");
        cv_report_tell(p, N_("Reason:"));
        cv_report_put(p, "</span> <bdi>");
        p->st = CV_THEN(p->st, cv_logline_reason(reason, &why));
        cv_report_put_bytes(p, cv_buf_view(&why));
        cv_report_put(p, "</bdi>");
        cv_report_put(p, "</p>");
    }
    cv_report_put(p, "</td>");
    cv_buf_free(&what);
    cv_buf_free(&why);
}

static void put_time(struct cv_report_out *p, const struct cv_json *event)
{
    const char *time = cv_logline_get(event, "time");
    char day[CV_MOMENT_BYTES];
    if (!cv_logline_dated(event)) {
        cv_report_put_text(p, time);
        return;
    }
    cv_report_put(p, "<span class=\"day\">");
    cv_report_put_bytes(p, cv_bytes_str(cv_locale_day(time, day)));
    cv_report_put(p, "</span> ");
    cv_report_put_bytes(p, CV_BYTES(time + 11, 8));
}

static void put_record(struct cv_report_out *p, const struct cv_json *event)
{
    const char *record = cv_logline_record(event);
    const size_t many = cv_json_len(cv_json_get(event, "ids"));
    cv_report_put(p, "<td class=\"id\">");
    if (record != NULL)
        cv_report_put_text(p, record);
    else if (many > 0)
        cv_report_tell_n(p, many, "%'zu record", "%'zu records", many);
    cv_report_put(p, "</td>");
}

void cv_report_put_row(struct cv_report_out *p, const struct cv_report_entry *e, bool whole)
{
    struct cv_json *event = NULL;
    p->st = CV_THEN(p->st, cv_report_event(p->r, e, &event, p->err));
    if (whole)
        PUTF(p, "<tr id=\"e%" PRIu64 "\"><td class=\"n\">%" PRIu64, e->index, e->index);
    else if (e->within)
        PUTF(p, "<tr><td class=\"n\"><a href=\"#e%" PRIu64 "\">%" PRIu64 "</a>", e->index, e->index);
    else /* its time is not of the period */
        PUTF(p, "<tr><td class=\"n\">%" PRIu64, e->index);
    cv_report_put(p, "</td><td class=\"time\">");
    put_time(p, event);
    cv_report_put(p, "</td><td class=\"who\"><code>");
    cv_report_put_text(p, p->r->members[e->member].who);
    cv_report_put(p, "</code> ");
    cv_report_put_names(p, p->r->members[e->member].names);
    cv_report_put(p, "</td><td class=\"did\">");
    cv_report_put_text(p, cv_logline_get(event, "action"));
    cv_report_put(p, "</td>");
    put_record(p, event);
    put_what(p, event);
    cv_report_put(p, "</tr>\n");
    cv_report_put_out(p, PIECE);
    cv_json_free(event);
}

void cv_report_put_rows(struct cv_report_out *p)
{
    static const char *const heads[] = { N_("Entry"), N_("Time (UTC)"), N_("Member"),
                                         N_("Did"),   N_("Record"),     N_("What") };
    cv_report_put(p, "<table class=\"rows\"><thead><tr>");
    for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
        cv_report_put(p, "<th>");
        cv_report_tell(p, heads[i]);
        cv_report_put(p, "</th>");
    }
    cv_report_put(p, "</tr></thead><tbody>\n");
}

void cv_report_put_end(struct cv_report_out *p)
{
    cv_report_put(p, "</tbody></table>\n");
}

/* ---- the page around it ---- */

/* put_style(text, out): append it as it stands in a string of CSS; what is \1 and \2 in it, as the numbers of
 * a printed page and of the last one. */
static cv_status put_style(const char *text, struct cv_buf *out)
{
    cv_status st = CV_OK;
    for (; *text != '\0' && st == CV_OK; text++)
        if (*text == '\1' || *text == '\2')
            st = cv_buf_str(out, *text == '\1' ? "\" counter(page) \"" : "\" counter(pages) \"");
        else if (strchr("\"\\<&\n", *text) != NULL)
            st = cv_buf_printf(out, "\\%x ", (unsigned)*text);
        else
            st = cv_buf_append(out, CV_BYTES(text, 1));
    return st;
}

/* style_of(parts, out): the page's own, and what stands below a printed sheet. */
static cv_status style_of(const struct cv_report_parts *parts, struct cv_buf *out)
{
    struct cv_buf pages = { 0 };
    cv_status st = cv_buf_append(out, parts->css);
    if (parts->foot == NULL)
        return st;
    st = CV_THEN(st, cv_buf_str(out, "@page {\n  @bottom-left { content: \""));
    st = CV_THEN(st, put_style(_(parts->foot), out));
    st = CV_THEN(st, cv_buf_str(out, "\"; font: 8pt sans-serif; color: #565c66; }\n"
                                     "  @bottom-right { content: \""));
    st = CV_THEN(st, cv_buf_printf(&pages, _("Page %s of %s"), "\1", "\2"));
    st = CV_THEN(st, cv_buf_append(&pages, CV_LIT("\0")));
    st = CV_THEN(st, put_style((const char *)pages.p, out));
    st = CV_THEN(st, cv_buf_str(out, "\"; font: 8pt sans-serif; color: #565c66; }\n}\n"));
    cv_buf_free(&pages);
    return st;
}

static void put_mark(struct cv_report_out *p, const struct cv_report_parts *parts, struct cv_bytes style,
                     struct cv_bytes name)
{
    uint8_t hash[32];
    if (cv_bytes_equal(name, CV_LIT("CSS_HASH"))) {
        p->st = cv_sha256(style, hash);
        p->st = CV_THEN(p->st, cv_base64_encode(CV_BASE64_STD, CV_ARR(hash), p->out));
    } else if (cv_bytes_equal(name, CV_LIT("CSS")))
        p->st = cv_buf_append(p->out, style);
    else if (cv_bytes_equal(name, CV_LIT("LANG")))
        cv_report_put_bytes(p, cv_bytes_str(cv_words_language()));
    else if (cv_bytes_equal(name, CV_LIT("SKIP")))
        cv_report_tell(p, parts->skip);
    else if (cv_bytes_equal(name, CV_LIT("TITLE"))) {
        p->plain = true;
        parts->title(p, parts->arg);
        p->plain = false;
    } else if (cv_bytes_equal(name, CV_LIT("BODY")))
        parts->body(p, parts->arg);
    else
        p->st = CV_ERR_INTERNAL;
}

cv_status cv_report_put_page(struct cv_report_out *p, const struct cv_report_parts *parts)
{
    struct cv_bytes rest = parts->page;
    struct cv_buf style = { 0 };
    p->st = CV_THEN(p->st, style_of(parts, &style));
    while (p->st == CV_OK) {
        const uint8_t *at = memchr(rest.p, '@', rest.n), *end = NULL;
        const size_t n = at != NULL ? (size_t)(at - rest.p) : rest.n;
        p->st = cv_buf_append(p->out, CV_BYTES(rest.p, n));
        if (p->st != CV_OK || at == NULL)
            break;
        rest = CV_BYTES(at + 1, rest.n - n - 1);
        end = memchr(rest.p, '@', rest.n);
        if (end == NULL) {
            p->st = CV_ERR_INTERNAL;
            break;
        }
        put_mark(p, parts, cv_buf_view(&style), CV_BYTES(rest.p, (size_t)(end - rest.p)));
        rest = CV_BYTES(end + 1, rest.n - (size_t)(end - rest.p) - 1);
    }
    cv_buf_free(&style);
    return p->st;
}
