#include "cmd/alike.h"

#include "formats/utf8.h"

#define NAME_COLUMNS 36
#define WHY_COLUMNS 73

/* put(text, columns): what somebody wrote, within a line. */
static void put(const char *text, size_t columns)
{
    const struct cv_bytes all = cv_bytes_str(text);
    const bool fits = cv_utf8_columns(all) <= columns;
    struct cv_bytes rest = fits ? all : cv_utf8_fitting(all, columns - 1);
    while (rest.n > 0) {
        const uint8_t *end = rest.p;
        while (end < rest.p + rest.n && *end != '\n' && *end != '\t')
            end++;
        const size_t n = (size_t)(end - rest.p);
        cv_ui_put_text(stderr, CV_BYTES(rest.p, n));
        if (n < rest.n)
            fputc(' ', stderr);
        rest = n < rest.n ? CV_BYTES(end + 1, rest.n - n - 1) : (struct cv_bytes){ 0 };
    }
    if (!fits)
        fprintf(stderr, "\xe2\x80\xa6");
}

void cv_similar_print(const struct cv_json *similar)
{
    fflush(stdout);
    for (size_t i = 0; i < cv_json_len(similar); i++) {
        const struct cv_json *o = cv_json_at(similar, i), *why = cv_json_get(o, "why");
        const char *name = cv_json_get_str(o, "name");
        fprintf(stderr, "  %s  ", cv_json_get_str(o, "record"));
        if (name != NULL) {
            put(name, NAME_COLUMNS);
            fprintf(stderr, "  ");
        }
        fprintf(stderr, "%s\n", cv_json_get_bool(o, "likely") ? _("(likely)") : _("(possible)"));
        for (size_t j = 0; j < cv_json_len(why); j++) {
            fprintf(stderr, "    - ");
            put(_(cv_json_cstr(cv_json_at(why, j))), WHY_COLUMNS);
            fputc('\n', stderr);
        }
    }
}

cv_status cv_similar_limits(const struct cv_ui *ui, const struct cv_alike *alike)
{
    const struct cv_json *closed = cv_alike_closed(alike);
    size_t persons = 0;
    const size_t left = cv_alike_left(alike, &persons);
    struct cv_buf names = { 0 };
    cv_status st = CV_OK;
    for (size_t i = 0; i < cv_json_len(closed) && st == CV_OK; i++)
        st = cv_buf_printf(&names, "%s%s", i > 0 ? ", " : "", _(cv_json_cstr(cv_json_at(closed, i))));
    if (st == CV_OK && names.n > 0)
        cv_ui_say(ui, "Not looked whether this person is known by %.*s: you may not read that of others.",
                  (int)names.n, (const char *)names.p);
    cv_buf_free(&names);
    if (persons == 1)
        cv_ui_say_n(ui, left,
                    "Only the %d likeliest were compared; %zu more record shares a number or a name.",
                    "Only the %d likeliest were compared; %zu more records share a number or a name.",
                    CV_ALIKE_COMPARED, left);
    else if (persons > 1)
        cv_ui_say_n(ui, persons, "For %zu person only the %d likeliest records were compared.",
                    "For %zu persons only the %d likeliest records were compared.", persons,
                    CV_ALIKE_COMPARED);
    cv_ui_unread(cv_alike_unread(alike), CV_UI_NOT_SEARCHED);
    return st;
}
