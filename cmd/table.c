#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "formats/utf8.h"

#define COLUMN_GAP 2
#define COLUMN_LEAST 16
#define LONG_ROWS 1000

void cv_table_cell(struct cv_table *t, const char *text)
{
    const size_t start = t->cells.n;
    /* A cell that finds no memory is left empty: a table is for the eye. */
    if (cv_buf_append(&t->cells, CV_BYTES(text, strlen(text) + 1)) == CV_OK)
        t->count++;
    /* What somebody wrote must not look like a row of its own. */
    for (size_t i = start; i + 1 < t->cells.n; i++)
        if (t->cells.p[i] < ' ')
            t->cells.p[i] = ' ';
}

/* take_line(rest, width): the words of a cell that fit into a line; at least one, cut if it alone is too long
 * (but not for ${width} 0). */
static struct cv_bytes take_line(struct cv_bytes *rest, size_t width)
{
    struct cv_bytes line = CV_BYTES(rest->p, 0);
    while (rest->n > 0) {
        const uint8_t *space = memchr(rest->p, ' ', rest->n);
        const size_t word = space != NULL ? (size_t)(space - rest->p) : rest->n;
        const struct cv_bytes more = CV_BYTES(line.p, (size_t)(rest->p - line.p) + word);
        if (line.n > 0 && cv_utf8_columns(more) > width)
            break;
        if (width > 0 && cv_utf8_columns(more) > width) {
            line = cv_utf8_fitting(more, width);
            *rest = CV_BYTES(rest->p + line.n, rest->n - line.n);
            break;
        }
        line = more;
        *rest = CV_BYTES(rest->p + word, rest->n - word);
        if (rest->n > 0)
            *rest = CV_BYTES(rest->p + 1, rest->n - 1); /* the space */
    }
    while (line.n > 0 && line.p[line.n - 1] == ' ')
        line.n--;
    return line;
}

/* print_row(cells, count, width): in as many lines as the longest cell needs. */
static void print_row(struct cv_bytes *cells, size_t count, const size_t *width)
{
    for (bool more = true; more;) {
        size_t gap = 0;
        more = false;
        for (size_t i = 0; i < count; i++) {
            const struct cv_bytes line = take_line(&cells[i], width[i]);
            more = more || cells[i].n > 0;
            if (line.n > 0) {
                printf("%*s", (int)gap, "");
                cv_ui_print_text(line);
                gap = 0;
            }
            const size_t n = cv_utf8_columns(line);
            gap += (width[i] > n ? width[i] - n : 0) + COLUMN_GAP;
        }
        fputc('\n', stdout);
    }
}

/* longest_word(cell): what a column cannot be narrower than. */
static size_t longest_word(struct cv_bytes cell)
{
    size_t longest = 0;
    while (cell.n > 0) {
        const struct cv_bytes word = take_line(&cell, 0);
        const size_t n = cv_utf8_columns(word);
        if (n > longest)
            longest = n;
    }
    return longest;
}

/* fit(width, least, count): where a table is too wide for the terminal its widest columns give way. */
static void fit(size_t *width, const size_t *least, size_t count)
{
    const size_t room = cv_ui_width();
    size_t total = (count - 1) * COLUMN_GAP;
    for (size_t i = 0; i < count; i++)
        total += width[i];
    for (; room > 0 && total > room; total--) {
        size_t widest = count;
        for (size_t i = 0; i < count; i++)
            if (width[i] > least[i] && (widest == count || width[i] >= width[widest]))
                widest = i;
        if (widest == count && width[count - 1] > COLUMN_LEAST)
            widest = count - 1; /* the last may cut its words */
        if (widest == count)
            return;
        width[widest]--;
    }
}

void cv_table_print(struct cv_table *t)
{
    size_t *width = t->width, least[CV_TABLE_COLUMNS_MAX] = { 0 }, i = 0;
    struct cv_bytes row[CV_TABLE_COLUMNS_MAX];
    const char *end = (const char *)t->cells.p + t->cells.n;
    for (const char *c = (const char *)t->cells.p; c != NULL && c < end; c += strlen(c) + 1, i++) {
        const size_t n = cv_utf8_columns(cv_bytes_str(c)), word = longest_word(cv_bytes_str(c));
        if (n > width[i % t->columns])
            width[i % t->columns] = n;
        if (word > least[i % t->columns])
            least[i % t->columns] = word;
    }
    fit(width, least, t->columns);
    i = 0;
    for (const char *c = (const char *)t->cells.p; c != NULL && c < end; c += strlen(c) + 1) {
        row[i++] = cv_bytes_str(c);
        if (i == t->columns) {
            print_row(row, t->columns, width);
            i = 0;
        }
    }
    cv_buf_free(&t->cells);
    t->count = 0;
}

void cv_table_flow(struct cv_table *t)
{
    if (t->count >= t->columns * LONG_ROWS)
        cv_table_print(t);
}
