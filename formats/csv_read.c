#include "formats/csv_read.h"

#include <csv.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "formats/utf8.h"
#include "formats/words.h"

#define BLOCK_BYTES 4096

struct cv_csv_reader {
    struct csv_parser parser;
    cv_csv_row_fn fn;
    void *arg;
    struct cv_buf text; /* of the row's cells, one after another */
    size_t end[CV_CSV_COLUMNS_MAX];
    struct cv_bytes cell[CV_CSV_COLUMNS_MAX];
    size_t count;
    uint64_t line, row_line;
    bool in_row, ended_row, after_cr;
    cv_status st;
    struct cv_err *err; /* of the call under way */
};

/* libcsv's buffer holds what is in the cells: it is wiped when it moves or goes, and cannot grow beyond a
 * cell. */
static void wipe_free(void *p)
{
    if (p != NULL)
        cv_wipe(p, malloc_usable_size(p));
    free(p);
}

static void *grow(void *p, size_t n)
{
    void *more = n <= CV_CSV_CELL_MAX ? malloc(n) : NULL;
    if (more == NULL)
        return NULL;
    if (p != NULL) {
        const size_t had = malloc_usable_size(p);
        memcpy(more, p, had < n ? had : n);
        wipe_free(p);
    }
    return more;
}

static void fail(struct cv_csv_reader *r, cv_status st, const char *why)
{
    if (r->st == CV_OK)
        r->st = cv_fail(r->err, st, "line %" PRIu64 ": %s", r->row_line, _(why));
}

static void take_cell(void *cell, size_t n, void *arg)
{
    struct cv_csv_reader *r = arg;
    if (r->st != CV_OK)
        return;
    if (r->count == CV_CSV_COLUMNS_MAX)
        fail(r, CV_ERR_LIMIT, "more than 1,024 columns");
    else if (!cv_utf8_valid(CV_BYTES(cell, n)))
        r->st = cv_fail(r->err, CV_ERR_FORMAT,
                        "line %" PRIu64 ", column %zu: not UTF-8; if all of the file is in another encoding, "
                        "name it with --encoding",
                        r->row_line, r->count + 1);
    else if (n > CV_CSV_ROW_MAX - r->text.n)
        fail(r, CV_ERR_LIMIT, "the row is longer than a record may be (1 MiB)");
    else if (cv_buf_append(&r->text, CV_BYTES(cell, n)) != CV_OK)
        fail(r, CV_ERR_NOMEM, "out of memory");
    else
        r->end[r->count++] = r->text.n;
}

static void take_row(int end, void *arg)
{
    struct cv_csv_reader *r = arg;
    (void)end;
    r->ended_row = true;
    const uint8_t *text = r->text.p != NULL ? r->text.p : (const uint8_t *)""; /* all its cells are empty */
    for (size_t i = 0, at = 0; i < r->count; at = r->end[i++])
        r->cell[i] = CV_BYTES(text + at, r->end[i] - at);
    const struct cv_csv_row row = { r->row_line, r->cell, r->count };
    if (r->st == CV_OK)
        r->st = r->fn(r->arg, &row, r->err);
    cv_buf_truncate(&r->text, 0);
    r->count = 0;
}

cv_status cv_csv_reader_new(char delimiter, cv_csv_row_fn fn, void *arg, struct cv_csv_reader **out)
{
    struct cv_csv_reader *r = calloc(1, sizeof(*r));
    *out = NULL;
    if (r == NULL || csv_init(&r->parser, CSV_STRICT | CSV_STRICT_FINI) != 0) {
        free(r);
        return CV_ERR_NOMEM;
    }
    csv_set_delim(&r->parser, (unsigned char)delimiter);
    csv_set_blk_size(&r->parser, BLOCK_BYTES);
    csv_set_realloc_func(&r->parser, grow);
    csv_set_free_func(&r->parser, wipe_free);
    r->text.max = CV_CSV_ROW_MAX;
    r->fn = fn;
    r->arg = arg;
    r->line = 1;
    *out = r;
    return CV_OK;
}

void cv_csv_reader_free(struct cv_csv_reader *r)
{
    if (r == NULL)
        return;
    csv_free(&r->parser);
    cv_buf_free(&r->text);
    free(r);
}

/* parser_failed(r): what libcsv found, in a person's words. */
static void parser_failed(struct cv_csv_reader *r)
{
    if (csv_error(&r->parser) == CSV_EPARSE)
        fail(r, CV_ERR_FORMAT, "a quotation mark that is neither around a cell nor doubled inside one");
    else if (r->parser.entry_pos >= CV_CSV_CELL_MAX - BLOCK_BYTES)
        fail(r, CV_ERR_LIMIT, "a cell longer than 200,000 bytes; is a closing quotation mark missing?");
    else
        fail(r, CV_ERR_NOMEM, "out of memory");
}

static bool blank(struct cv_bytes line)
{
    for (size_t i = 0; i < line.n; i++)
        if (line.p[i] != ' ' && line.p[i] != '\r' && line.p[i] != '\n')
            return false;
    return true;
}

/* read_line(r, line): bytes up to a line's end and with it, or what there is of them. */
static void read_line(struct cv_csv_reader *r, struct cv_bytes line)
{
    if (!r->in_row)
        r->row_line = r->line;
    r->in_row = r->in_row || !blank(line);
    r->ended_row = false;
    if (memchr(line.p, '\0', line.n) != NULL)
        fail(r, CV_ERR_FORMAT, "a NUL byte; is this a text? If it is UTF-16, say --encoding UTF-16LE");
    else if (csv_parse(&r->parser, line.p, line.n, take_cell, take_row, r) != line.n)
        parser_failed(r);
    if (r->ended_row)
        r->in_row = false;
}

/* up_to_end(bytes): to its first line's end (CR or LF) and with it. */
static size_t up_to_end(struct cv_bytes bytes)
{
    const uint8_t *lf = memchr(bytes.p, '\n', bytes.n);
    const size_t n = lf != NULL ? (size_t)(lf - bytes.p) + 1 : bytes.n;
    const uint8_t *cr = memchr(bytes.p, '\r', n);
    return cr != NULL ? (size_t)(cr - bytes.p) + 1 : n;
}

cv_status cv_csv_read(struct cv_csv_reader *r, struct cv_bytes bytes, struct cv_err *err)
{
    r->err = err;
    while (bytes.n > 0 && r->st == CV_OK) {
        const size_t n = up_to_end(bytes);
        const uint8_t last = bytes.p[n - 1];
        read_line(r, CV_BYTES(bytes.p, n));
        if (last == '\r' || (last == '\n' && !(r->after_cr && n == 1)))
            r->line++;
        r->after_cr = last == '\r';
        bytes = CV_BYTES(bytes.p + n, bytes.n - n);
    }
    return r->st;
}

cv_status cv_csv_end(struct cv_csv_reader *r, struct cv_err *err)
{
    r->err = err;
    if (r->st == CV_OK && csv_fini(&r->parser, take_cell, take_row, r) != 0)
        fail(r, CV_ERR_FORMAT, "a quotation mark is opened here and never closed; is the file cut off?");
    return r->st;
}

char cv_csv_delimiter(struct cv_bytes head)
{
    static const char candidates[] = ";\t|,";
    size_t count[sizeof(candidates)] = { 0 }, best = 0;
    bool quoted = false;
    for (size_t i = 0; i < head.n && (quoted || (head.p[i] != '\n' && head.p[i] != '\r')); i++) {
        const char *at = head.p[i] != '\0' ? strchr(candidates, head.p[i]) : NULL;
        if (head.p[i] == '"')
            quoted = !quoted;
        else if (!quoted && at != NULL)
            count[at - candidates]++;
    }
    for (size_t i = 1; i < sizeof(candidates) - 1; i++)
        if (count[i] > count[best])
            best = i;
    return count[best] > 0 ? candidates[best] : '\0';
}
