#include "formats/logline.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "formats/csv.h"
#include "formats/date.h"
#include "formats/words.h"

const char *cv_logline_get(const struct cv_json *event, const char *name)
{
    const char *text = cv_json_get_str(event, name);
    return text != NULL ? text : "-";
}

bool cv_logline_is(const struct cv_json *event, const char *name, const char *want)
{
    const char *have = cv_json_get_str(event, name);
    return have != NULL && strcmp(have, want) == 0;
}

bool cv_logline_concerns(const struct cv_json *event, const char *id)
{
    return cv_logline_is(event, "record", id) || cv_json_has_word(cv_json_get(event, "ids"), id);
}

/* word(list, i): of a list of words; a log may hold what casevault would not write. */
static const char *word(const struct cv_json *list, size_t i)
{
    const char *w = cv_json_cstr(cv_json_at(list, i));
    return w != NULL ? w : "?";
}

const char *cv_logline_record(const struct cv_json *event)
{
    const struct cv_json *ids = cv_json_get(event, "ids");
    const char *record = cv_json_get_str(event, "record");
    return record != NULL ? record : cv_json_len(ids) == 1 ? word(ids, 0) : NULL;
}

bool cv_logline_leaves(const char *action)
{
    static const char *const words[] = { "export", "disclose", "agree", "package", "basis" };
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (strcmp(action, words[i]) == 0)
            return true;
    return false;
}

bool cv_logline_bound(const char *text, bool end, char out[static CV_LOGLINE_TIME_BYTES])
{
    const struct cv_bytes t = cv_bytes_str(text);
    if (!cv_date_ok(t, false) && !cv_datetime_ok(t))
        return false;
    snprintf(out, CV_LOGLINE_TIME_BYTES, "%.10s%s", text,
             t.n > 10 ? text + 10
             : end    ? "T23:59:59Z"
                      : "T00:00:00Z");
    return true;
}

bool cv_logline_dated(const struct cv_json *event)
{
    const char *time = cv_json_get_str(event, "time");
    return time != NULL && cv_datetime_ok(cv_bytes_str(time));
}

bool cv_logline_within(const struct cv_json *event, const char *since, const char *until)
{
    const char *time = cv_json_get_str(event, "time");
    if (!cv_logline_dated(event))
        return true;
    return (since == NULL || strcmp(time, since) >= 0) && (until == NULL || strcmp(time, until) <= 0);
}

/* what_of(event, read, out): ${read}: for who reads it, in their language; else as it is kept. */
static cv_status what_of(const struct cv_json *event, bool read, struct cv_buf *out)
{
    const struct cv_json *sections = cv_json_get(event, "sections"), *ids = cv_json_get(event, "ids");
    const char *detail = cv_json_get_str(event, "detail"), *by = cv_json_get_str(event, "written_by");
    const size_t many = cv_json_len(ids);
    cv_status st = CV_OK;
    if (cv_json_get(event, "version") != NULL)
        st = cv_buf_printf(out, "%sv%" PRId64, out->n > 0 ? " " : "", cv_json_get_int(event, "version"));
    if (ids != NULL && many != 1) {
        st = CV_THEN(st, cv_buf_str(out, out->n > 0 ? " " : ""));
        st = CV_THEN(st, read ? cv_buf_printf(out, cv_words(many, "%zu record", "%zu records"), many)
                              : cv_buf_printf(out, "%zu records", many));
    }
    for (size_t i = 0; i < cv_json_len(sections) && st == CV_OK; i++)
        st = cv_buf_printf(out, "%s%s", i > 0 ? ", " : out->n > 0 ? ": " : "", word(sections, i));
    if (detail != NULL) {
        st = CV_THEN(st, cv_buf_str(out, out->n > 0 ? "; " : ""));
        st = CV_THEN(st, read ? cv_logline_detail(detail, out) : cv_buf_str(out, detail));
    }
    if (by != NULL) {
        st = CV_THEN(st, cv_buf_str(out, out->n > 0 ? " " : ""));
        st = CV_THEN(st, cv_buf_printf(out, read ? _("FORGED, written by %s") : "FORGED, written by %s", by));
    }
    return st;
}

cv_status cv_logline_what(const struct cv_json *event, struct cv_buf *out)
{
    return what_of(event, false, out);
}

cv_status cv_logline_say(const struct cv_json *event, struct cv_buf *out)
{
    return what_of(event, true, out);
}

cv_status cv_logline_names(const struct cv_json *names, struct cv_buf *out)
{
    cv_status st = CV_OK;
    for (size_t i = 0; i < cv_json_len(names) && st == CV_OK; i++)
        st = cv_buf_printf(out, "%s%s", i > 0 ? " / " : "", word(names, i));
    return st;
}

cv_status cv_logline_csv_head(const char *more, struct cv_buf *out)
{
    static const char *const names[] = { "entry",  "time",    "member", "name", "did",
                                         "record", "version", "what",   "ids",  "reason" };
    const size_t count = sizeof(names) / sizeof(*names);
    cv_status st = CV_OK;
    for (size_t i = 0; i < count && st == CV_OK; i++)
        st = cv_csv_cell(names[i], more == NULL && i == count - 1, out);
    return more == NULL ? st : CV_THEN(st, cv_csv_cell(more, true, out));
}

/* join(list, out): words with blanks between them, and a NUL. */
static cv_status join(const struct cv_json *list, struct cv_buf *out)
{
    cv_status st = CV_OK;
    for (size_t i = 0; i < cv_json_len(list) && st == CV_OK; i++)
        st = cv_buf_printf(out, "%s%s", i > 0 ? " " : "", word(list, i));
    return CV_THEN(st, cv_buf_append(out, CV_LIT("\0")));
}

cv_status cv_logline_csv(uint64_t index, const struct cv_json *event, const struct cv_json *text,
                         const char *name, const char *more, struct cv_buf *out)
{
    struct cv_buf what = { 0 }, ids = { 0 };
    char entry[24], version[24] = "";
    cv_status st = cv_logline_what(event, &what);
    st = CV_THEN(st, cv_buf_append(&what, CV_LIT("\0")));
    st = CV_THEN(st, join(cv_json_get(event, "ids"), &ids));
    snprintf(entry, sizeof(entry), "%" PRIu64, index);
    if (cv_json_get(event, "version") != NULL)
        snprintf(version, sizeof(version), "%" PRId64, cv_json_get_int(event, "version"));
    const char *const cells[] = { entry,
                                  cv_json_get_str(event, "time"),
                                  cv_json_get_str(event, "member"),
                                  name,
                                  cv_json_get_str(event, "action"),
                                  cv_json_get_str(event, "record"),
                                  version,
                                  (const char *)what.p,
                                  (const char *)ids.p,
                                  cv_json_get_str(text, "reason") };
    const size_t count = sizeof(cells) / sizeof(*cells);
    for (size_t i = 0; i < count && st == CV_OK; i++)
        st = cv_csv_cell(cells[i], more == NULL && i == count - 1, out);
    if (more != NULL)
        st = CV_THEN(st, cv_csv_cell(more, true, out));
    cv_buf_free(&what);
    cv_buf_free(&ids);
    return st;
}
