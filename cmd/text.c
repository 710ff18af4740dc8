#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "formats/utf8.h"

#define LEAD_BYTES 512
#define ROOM_LEAST 20 /* columns that a text gets, however narrow the terminal */

/* Where a text has got to. */
struct writing {
    size_t width, indent, column; /* width 0: lines do not end by themselves */
    size_t blanks;                /* before the next word */
    bool fresh;                   /* nothing stands in this line yet but what it is indented by */
};

static void new_line(struct writing *w)
{
    fputc('\n', stdout);
    w->column = 0;
    w->blanks = 0;
    w->fresh = true;
}

/* put(w, blanks, word): on the screen, indented if the line begins with it. */
static void put(struct writing *w, size_t blanks, struct cv_bytes word)
{
    const size_t gap = w->column == 0 ? w->indent + blanks : blanks;
    printf("%*s", (int)gap, "");
    cv_ui_print_text(word);
    w->column += gap + cv_utf8_columns(word);
    w->fresh = false;
}

/* put_word(w, word): in this line or the next; cut where no line could hold it. */
static void put_word(struct writing *w, struct cv_bytes word)
{
    size_t blanks = w->blanks;
    w->blanks = 0;
    if (w->width > 0 && !w->fresh && w->column + blanks + cv_utf8_columns(word) > w->width) {
        new_line(w);
        blanks = 0;
    }
    while (word.n > 0) {
        const size_t at = w->column == 0 ? w->indent + blanks : w->column + blanks;
        const struct cv_bytes part =
            w->width == 0 ? word : cv_utf8_fitting(word, w->width > at ? w->width - at : 0);
        put(w, blanks, part);
        blanks = 0;
        word = CV_BYTES(word.p + part.n, word.n - part.n);
        if (word.n > 0)
            new_line(w);
    }
}

/* word_length(text): up to the next blank or end of line. */
static size_t word_length(struct cv_bytes text)
{
    size_t n = 0;
    while (n < text.n && text.p[n] != ' ' && text.p[n] != '\t' && text.p[n] != '\n' && text.p[n] != '\r')
        n++;
    return n;
}

void cv_text_print(struct cv_bytes text, size_t column, size_t indent)
{
    const size_t width = cv_ui_width();
    struct writing w = { .width = width > 0 && width < indent + ROOM_LEAST ? indent + ROOM_LEAST : width,
                         .indent = indent,
                         .column = column,
                         .blanks = column > 0,
                         .fresh = column == 0 };
    while (text.n > 0) {
        size_t n = word_length(text);
        if (n > 0)
            put_word(&w, CV_BYTES(text.p, n));
        else if (text.p[n++] == '\n')
            new_line(&w);
        else if (text.p[0] != '\r' || text.n == 1 || text.p[1] != '\n')
            w.blanks++;
        text = CV_BYTES(text.p + n, text.n - n);
    }
    if (w.column > 0)
        fputc('\n', stdout);
}

void cv_text_wrap(char *text, size_t width)
{
    char *gap = NULL; /* the last blank before a word, if a word stands before that in this line */
    size_t column = 0;
    bool fresh = true;
    while (width > 0 && *text != '\0') {
        const size_t n = strcspn(text, " \n"), columns = cv_utf8_columns(CV_BYTES(text, n));
        if (gap != NULL && n > 0 && column + columns > width) {
            *gap = '\n';
            column = 0;
        }
        column += columns;
        fresh = fresh && n == 0;
        text += n;
        gap = NULL;
        if (*text == '\n') {
            column = 0;
            fresh = true;
            text++;
        }
        for (; *text == ' '; text++, column++)
            gap = fresh ? NULL : text;
    }
}

size_t cv_text_label(size_t indent, const char *label)
{
    const struct cv_bytes text = cv_bytes_str(_(label));
    printf("%*s", (int)indent, "");
    cv_ui_print_text(text);
    fputc(':', stdout);
    return indent + cv_utf8_columns(text) + 1;
}

size_t cv_text_lead(const char *fmt, ...)
{
    char text[LEAD_BYTES];
    va_list ap;
    va_start(ap, fmt);
    const int n = vsnprintf(text, sizeof(text), _(fmt), ap);
    va_end(ap);
    const struct cv_bytes lead = cv_utf8_cut(cv_bytes_str(n > 0 ? text : ""), sizeof(text));
    cv_ui_print_text(lead);
    return cv_utf8_columns(lead);
}

size_t cv_text_pad(const char *text, size_t width)
{
    const size_t n = cv_utf8_columns(cv_bytes_str(text));
    cv_ui_print_text(cv_bytes_str(text));
    printf("%*s", n < width ? (int)(width - n) : 0, "");
    return n < width ? width : n;
}

/* append_plain(v, out): a value that is neither list nor object. */
static cv_status append_plain(const struct cv_json *v, struct cv_buf *out)
{
    if (cv_json_is(v, CV_JSON_STRING))
        return cv_buf_append(out, cv_json_text(v));
    if (cv_json_is(v, CV_JSON_BOOL))
        return cv_buf_str(out, cv_json_to_bool(v) ? _("yes") : _("no"));
    return cv_json_write(v, out); /* a number; whatever else a record might hold is shown as it is */
}

void cv_text_value(const struct cv_json *v, size_t column, size_t indent)
{
    struct cv_buf text = { 0 };
    cv_status st = cv_json_is(v, CV_JSON_ARRAY) ? CV_OK : append_plain(v, &text);
    for (size_t i = 0; i < cv_json_len(v) && cv_json_is(v, CV_JSON_ARRAY) && st == CV_OK; i++) {
        st = i > 0 ? cv_buf_str(&text, "; ") : CV_OK;
        st = CV_THEN(st, append_plain(cv_json_at(v, i), &text));
    }
    cv_text_print(st == CV_OK ? cv_buf_view(&text) : cv_bytes_str(_("(no memory to show it)")), column,
                  indent);
    cv_buf_free(&text);
}
