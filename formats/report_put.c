#include "formats/report_put.h"

#include <inttypes.h>
#include <string.h>

#include "crypto/hash.h"
#include "formats/base64.h"
#include "formats/logline.h"
#include "formats/utf8.h"

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

void cv_report_put_count(struct cv_report_out *p, uint64_t n)
{
    PUTF(p, "%" PRIu64, n);
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
    cv_report_put(p, "<bdi>");
    cv_report_put_bytes(p, cv_bytes_str(text));
    cv_report_put(p, "</bdi>");
}

void cv_report_put_link(struct cv_report_out *p, size_t n, const char *id, size_t at)
{
    if (n == 0)
        cv_report_put(p, "<span class=\"none\">0</span>");
    else if (at == SIZE_MAX)
        PUTF(p, "<a href=\"#%s\">%zu</a>", id, n);
    else
        PUTF(p, "<a href=\"#%s-%zu\">%zu</a>", id, at, n);
}

void cv_report_put_names(struct cv_report_out *p, const struct cv_json *names)
{
    struct cv_buf text = { 0 };
    p->st = CV_THEN(p->st, cv_logline_names(names, &text));
    if (cv_json_len(names) == 0)
        cv_report_put(p, "<span class=\"none\">no name on record</span>");
    else {
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
    struct cv_buf what = { 0 };
    p->st = CV_THEN(p->st, cv_logline_what(event, &what));
    cv_report_put(p, "<td class=\"what\"><bdi>");
    cv_report_put_bytes(p, cv_buf_view(&what));
    cv_report_put(p, "</bdi>");
    if (cv_json_get(event, "written_by") != NULL) {
        cv_report_put(p, ", in the name of ");
        cv_report_put_text(p, cv_logline_get(event, "member"));
    }
    if (reason != NULL) {
        cv_report_put(p, "<p class=\"reason\"><span>Reason:</span> ");
        cv_report_put_text(p, reason);
        cv_report_put(p, "</p>");
    }
    cv_report_put(p, "</td>");
    cv_buf_free(&what);
}

static void put_time(struct cv_report_out *p, const struct cv_json *event)
{
    const char *time = cv_logline_get(event, "time");
    if (!cv_logline_dated(event)) {
        cv_report_put_text(p, time);
        return;
    }
    cv_report_put(p, "<span class=\"day\">");
    cv_report_put_bytes(p, CV_BYTES(time, 10));
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
    else if (many > 0) {
        cv_report_put_count(p, many);
        cv_report_put(p, " records");
    }
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
    cv_report_put(p, "<table class=\"rows\"><thead><tr><th>Entry</th><th>Time "
                     "(UTC)</th><th>Member</th><th>Did</th><th>Record</th>"
                     "<th>What</th></tr></thead><tbody>\n");
}

void cv_report_put_end(struct cv_report_out *p)
{
    cv_report_put(p, "</tbody></table>\n");
}

/* ---- the page around it ---- */

static void put_mark(struct cv_report_out *p, const struct cv_report_parts *parts, struct cv_bytes name)
{
    uint8_t hash[32];
    if (cv_bytes_equal(name, CV_LIT("CSS_HASH"))) {
        p->st = cv_sha256(parts->css, hash);
        p->st = CV_THEN(p->st, cv_base64_encode(CV_BASE64_STD, CV_ARR(hash), p->out));
    } else if (cv_bytes_equal(name, CV_LIT("CSS")))
        p->st = cv_buf_append(p->out, parts->css);
    else if (cv_bytes_equal(name, CV_LIT("TITLE")))
        parts->title(p, parts->arg);
    else if (cv_bytes_equal(name, CV_LIT("BODY")))
        parts->body(p, parts->arg);
    else
        p->st = CV_ERR_INTERNAL;
}

cv_status cv_report_put_page(struct cv_report_out *p, const struct cv_report_parts *parts)
{
    struct cv_bytes rest = parts->page;
    while (p->st == CV_OK) {
        const uint8_t *at = memchr(rest.p, '@', rest.n), *end;
        const size_t n = at != NULL ? (size_t)(at - rest.p) : rest.n;
        p->st = cv_buf_append(p->out, CV_BYTES(rest.p, n));
        if (p->st != CV_OK || at == NULL)
            break;
        rest = CV_BYTES(at + 1, rest.n - n - 1);
        end = memchr(rest.p, '@', rest.n);
        if (end == NULL)
            return CV_ERR_INTERNAL;
        put_mark(p, parts, CV_BYTES(rest.p, (size_t)(end - rest.p)));
        rest = CV_BYTES(end + 1, rest.n - (size_t)(end - rest.p) - 1);
    }
    return p->st;
}
