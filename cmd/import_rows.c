#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/import.h"
#include "crypto/hash.h"
#include "formats/base64.h"
#include "formats/crockford.h"
#include "formats/digests.h"

/* Records of lines of JSON and of rows of CSV, each with that by which it is known again. */

#define LINE_MAX_BYTES (CV_RECORD_MAX_BYTES + 16)
#define SOURCE_BYTES 200

struct cv_import_rows {
    struct cv_ui *ui;
    const char *name;
    const struct cv_import_how *how;
    const struct cv_json *map;
    const struct cv_template *t;
    const struct cv_import_to *to;
    uint64_t from_line, to_line, line;
    bool over;
    struct cv_digests met; /* sources and ids: how often, or in which line */
    uint64_t file;         /* 0 before its first row */
    struct cv_sha256_ctx *hash;
    /* JSON */
    struct cv_buf rest; /* of a line */
    /* CSV */
    struct cv_csv_reader *csv;
    struct cv_columns *columns;
    struct cv_buf header; /* its cells, as they are hashed with every row */
    uint64_t fault_line;
    cv_status fault_st; /* what was said to a fault */
};

/* ---- by what a row is known ---- */

/* met_at(r, source, out): the number that is kept of a source. */
static cv_status met_at(struct cv_import_rows *r, const char *source, uint64_t **out)
{
    uint8_t digest[CV_SHA256_BYTES];
    cv_status st = cv_sha256(cv_bytes_str(source), digest);
    return CV_THEN(st, cv_digests_at(&r->met, digest, out));
}

/* count(r, source): equal rows are told apart by which one of them it is. */
static cv_status count(struct cv_import_rows *r, char source[static SOURCE_BYTES])
{
    uint64_t *times = NULL;
    cv_status st = met_at(r, source, &times);
    if (st != CV_OK)
        return st;
    const size_t n = strlen(source);
    snprintf(source + n, SOURCE_BYTES - n, " %" PRIu64, ++*times);
    return CV_OK;
}

/* once(r, source, what): what names a row stands in the file once. */
static cv_status once(struct cv_import_rows *r, const char *source, const char *what, cv_status st)
{
    uint64_t *at = NULL;
    if (met_at(r, source, &at) != CV_OK)
        return CV_ERR_NOMEM;
    if (*at != 0)
        return cv_fail(&r->ui->err, st,
                       "%.60s, line %" PRIu64 ": the id %s stands in line %" PRIu64 " already", r->name,
                       r->line, what, *at);
    *at = r->line;
    return CV_OK;
}

static void name_digest(const char *kind, const uint8_t digest[static CV_SHA256_BYTES],
                        char out[static SOURCE_BYTES])
{
    char hex[2 * CV_SHA256_BYTES + 1];
    cv_hex_encode(CV_BYTES(digest, CV_SHA256_BYTES), hex);
    snprintf(out, SOURCE_BYTES, "%s:%s", kind, hex);
}

/* asked(r): is the line one of those that are wanted? */
static bool asked(struct cv_import_rows *r)
{
    r->over = r->line > r->to_line;
    return r->line >= r->from_line && !r->over;
}

/* give(r, item): to who takes it. */
static cv_status give(struct cv_import_rows *r, const struct cv_import_item *item)
{
    return asked(r) ? r->to->item(r->to->arg, item) : CV_OK;
}

static const char *base_name(const struct cv_import_rows *r)
{
    const char *slash = strrchr(r->name, '/');
    return slash != NULL ? slash + 1 : r->name;
}

/* name_file(r, digest): by its name, and by its first row: a file that has grown is still the same. */
static cv_status name_file(struct cv_import_rows *r, const uint8_t digest[static CV_SHA256_BYTES])
{
    uint8_t hash[CV_SHA256_BYTES];
    if (r->file != 0)
        return CV_OK;
    cv_status st = cv_sha256_update(r->hash, cv_bytes_str(base_name(r)));
    st = CV_THEN(st, cv_sha256_update(r->hash, CV_LIT("\n")));
    st = CV_THEN(st, cv_sha256_update(r->hash, CV_BYTES(digest, CV_SHA256_BYTES)));
    st = CV_THEN(st, cv_sha256_final(r->hash, hash));
    r->file = st == CV_OK ? cv_load_u64(hash) | 1 : 0;
    return st;
}

static cv_status fault(struct cv_import_rows *r, const char *column, const char *why)
{
    return asked(r) ? r->to->fault(r->to->arg, r->line, column, why) : CV_OK;
}

static bool wanted_type(const struct cv_import_rows *r, const char *type)
{
    for (size_t i = 0; i < r->how->only.n; i++)
        if (type != NULL && strcmp(r->how->only.w[i], type) == 0)
            return true;
    return r->how->only.n == 0;
}

/* ---- lines of JSON ---- */

/* own_id(r, record): the id that it brings along, which stands in the file once; empty if it brings none, or
 * one that will be refused for what it is. */
static cv_status own_id(struct cv_import_rows *r, const struct cv_json *record,
                        char id[static CV_ID_TEXT_BYTES])
{
    uint8_t raw[CV_ID_BYTES];
    id[0] = '\0';
    if (cv_id_parse(cv_json_text(cv_json_get(record, "id")), raw, NULL) != CV_OK)
        return CV_OK;
    cv_id_text(raw, id);
    return once(r, id, id, CV_ERR_EXISTS);
}

static cv_status take_record(struct cv_import_rows *r, struct cv_json *record)
{
    char id[CV_ID_TEXT_BYTES], source[SOURCE_BYTES];
    uint8_t digest[CV_SHA256_BYTES];
    struct cv_buf text = { 0 };
    struct cv_json *list = cv_json_array();
    cv_status st = own_id(r, record, id);
    st = CV_THEN(st, cv_json_write_sorted(record, &text));
    st = CV_THEN(st, cv_sha256(cv_buf_view(&text), digest));
    name_digest("json", digest, source);
    st = CV_THEN(st, name_file(r, digest));
    if (id[0] == '\0')
        st = CV_THEN(st, count(r, source));
    st = CV_THEN(st, cv_json_push(list, cv_json_ref(record)));
    const struct cv_import_item item = { .line = r->line,
                                         .records = list,
                                         .own_ids = cv_json_get(record, "id") != NULL,
                                         .source = source,
                                         .by_equal = id[0] == '\0',
                                         .file = r->file };
    if (wanted_type(r, cv_json_get_str(record, "type")))
        st = CV_THEN(st, give(r, &item));
    cv_json_free(list);
    cv_buf_free(&text);
    return st;
}

/* bare(line): without white space around it. */
static struct cv_bytes bare(struct cv_bytes line)
{
    while (line.n > 0 && memchr(" \t\r\n", line.p[line.n - 1], 4) != NULL)
        line.n--;
    while (line.n > 0 && (line.p[0] == ' ' || line.p[0] == '\t'))
        line = CV_BYTES(line.p + 1, line.n - 1);
    return line;
}

static cv_status take_line(struct cv_import_rows *r, struct cv_bytes line)
{
    struct cv_err err = { 0 };
    struct cv_json *record = NULL;
    r->line++;
    line = bare(line);
    if (line.n == 0)
        return CV_OK;
    cv_status st = cv_json_parse_line(line, CV_RECORD_MAX_BYTES, "record", &record, &err);
    if (st == CV_ERR_NOMEM)
        return cv_fail(&r->ui->err, st, "%s", err.msg);
    if (st != CV_OK)
        return fault(r, NULL, err.msg);
    st = take_record(r, record);
    cv_json_free(record);
    return st;
}

/* keep(r, text): the beginning of a line whose end is still to come. */
static cv_status keep(struct cv_import_rows *r, struct cv_bytes text)
{
    cv_status st = cv_buf_append(&r->rest, text);
    return st == CV_ERR_LIMIT
               ? cv_fail(&r->ui->err, st, "%.60s, line %" PRIu64 ": longer than a record may be (1 MiB)",
                         r->name, r->line + 1)
               : cv_err_note(&r->ui->err, st, r->name);
}

static cv_status take_lines(struct cv_import_rows *r, struct cv_bytes text)
{
    cv_status st = CV_OK;
    while (text.n > 0 && st == CV_OK && !r->over) {
        const uint8_t *lf = memchr(text.p, '\n', text.n);
        const size_t n = lf != NULL ? (size_t)(lf - text.p) + 1 : text.n;
        if (lf != NULL && r->rest.n == 0)
            st = take_line(r, CV_BYTES(text.p, n));
        else
            st = keep(r, CV_BYTES(text.p, n));
        if (lf != NULL && r->rest.n > 0) {
            st = CV_THEN(st, take_line(r, cv_buf_view(&r->rest)));
            cv_buf_truncate(&r->rest, 0);
        }
        text = CV_BYTES(text.p + n, text.n - n);
    }
    return st;
}

/* ---- rows of CSV ---- */

static void take_fault(void *arg, const char *column, const char *why)
{
    struct cv_import_rows *r = arg;
    if (r->fault_st == CV_OK)
        r->fault_st = fault(r, column, why);
}

/* row_digest(r, row, out): of the header and the row, cell by cell. */
static cv_status row_digest(struct cv_import_rows *r, const struct cv_csv_row *row,
                            uint8_t out[static CV_SHA256_BYTES])
{
    uint8_t length[4];
    cv_status st = cv_sha256_update(r->hash, cv_buf_view(&r->header));
    for (size_t i = 0; i < row->count && st == CV_OK; i++) {
        cv_store_u32(length, (uint32_t)row->cell[i].n);
        st = cv_sha256_update(r->hash, CV_ARR(length));
        st = CV_THEN(st, cv_sha256_update(r->hash, row->cell[i]));
    }
    return CV_THEN(st, cv_sha256_final(r->hash, out));
}

/* row_source(r, digest, taken, source): the id that a form gave it, else its digest. */
static cv_status row_source(struct cv_import_rows *r, const uint8_t digest[static CV_SHA256_BYTES],
                            const struct cv_taken *taken, char source[static SOURCE_BYTES])
{
    if (taken->source[0] != '\0') {
        snprintf(source, SOURCE_BYTES, "%s", taken->source);
        return once(r, source, source, CV_ERR_FORMAT);
    }
    name_digest("row", digest, source);
    return count(r, source);
}

/* give_row(r, taken, digest): what stands in it, with that by which it is known again. */
static cv_status give_row(struct cv_import_rows *r, const struct cv_taken *taken,
                          const uint8_t digest[static CV_SHA256_BYTES])
{
    char source[SOURCE_BYTES];
    const bool by_id = taken->source[0] != '\0';
    const struct cv_import_item item = { .line = r->line,
                                         .records = taken->records,
                                         .others = taken->others,
                                         .own_ids = taken->own_ids,
                                         .source = source,
                                         .by_id = by_id,
                                         .by_equal = !by_id && !taken->own_ids,
                                         .file = r->file };
    cv_status st = row_source(r, digest, taken, source);
    return CV_THEN(st, give(r, &item));
}

static cv_status take_header(struct cv_import_rows *r, const struct cv_csv_row *row)
{
    struct cv_columns_how how = { .map = r->map,
                                  .set = r->how->set.w,
                                  .without = r->how->without.w,
                                  .only = r->how->only.n > 0 ? r->how->only.w : NULL };
    struct cv_err err = { 0 };
    cv_status st = cv_import_how_dates(r->how, r->map, &how.dates, &r->ui->err);
    if (st != CV_OK)
        return st;
    st = cv_columns_new(r->t, row, &how, &r->columns, &err);
    if (st != CV_OK)
        return cv_fail(&r->ui->err, st, "%.60s, line %" PRIu64 ": %s", r->name, r->line, err.msg);
    for (size_t i = 0; i < row->count && st == CV_OK; i++) {
        st = cv_buf_u32(&r->header, (uint32_t)row->cell[i].n);
        st = CV_THEN(st, cv_buf_append(&r->header, row->cell[i]));
    }
    return st;
}

static cv_status take_row(void *arg, const struct cv_csv_row *row, struct cv_err *err)
{
    struct cv_import_rows *r = arg;
    struct cv_taken taken = { 0 };
    uint8_t digest[CV_SHA256_BYTES];
    char origin[300];
    (void)err; /* what went wrong stands in that of the command */
    r->line = row->line;
    if (r->columns == NULL)
        return take_header(r, row);
    if (r->over)
        return CV_OK;
    snprintf(origin, sizeof(origin), "%.200s:%" PRIu64, base_name(r), row->line);
    r->fault_st = CV_OK;
    cv_status st = row_digest(r, row, digest);
    st = CV_THEN(st, name_file(r, digest));
    st = CV_THEN(st, cv_columns_take(r->columns, row, origin, take_fault, r, &taken));
    if (st == CV_ERR_FORMAT)
        return r->fault_st; /* CV_OK: told, and passed over */
    if (st == CV_OK && taken.records != NULL)
        st = give_row(r, &taken, digest);
    cv_json_free(taken.records);
    cv_json_free(taken.others);
    return st;
}

/* ---- both ---- */

static cv_status types_asked(struct cv_import_rows *r)
{
    for (size_t i = 0; i < r->how->only.n; i++) {
        const char *known = NULL;
        for (size_t j = 0;
             (known = cv_template_type(r->t, j)) != NULL && strcmp(known, r->how->only.w[i]) != 0;)
            j++;
        if (known == NULL)
            return cv_fail(&r->ui->err, CV_ERR_ARG, "--only: there is no type %.32s", r->how->only.w[i]);
    }
    return CV_OK;
}

cv_status cv_import_rows_new(struct cv_ui *ui, const char *name, const struct cv_import_how *how,
                             const struct cv_json *map, const struct cv_template *t,
                             const struct cv_import_to *to, struct cv_import_rows **out)
{
    struct cv_import_rows *r = calloc(1, sizeof(*r));
    *out = NULL;
    if (r == NULL)
        return cv_fail(&ui->err, CV_ERR_NOMEM, "import: out of memory");
    r->ui = ui;
    r->name = name;
    r->how = how;
    r->map = map;
    r->t = t;
    r->to = to;
    r->rest.max = LINE_MAX_BYTES;
    cv_status st = cv_sha256_new(&r->hash);
    st = CV_THEN(st, cv_import_how_lines(how, &r->from_line, &r->to_line, &ui->err));
    st = CV_THEN(st, types_asked(r));
    if (st == CV_OK)
        *out = r;
    else
        cv_import_rows_free(r);
    return cv_err_note(&ui->err, st, "import");
}

void cv_import_rows_free(struct cv_import_rows *r)
{
    if (r == NULL)
        return;
    cv_digests_free(&r->met);
    cv_sha256_free(r->hash);
    cv_buf_free(&r->rest);
    cv_buf_free(&r->header);
    cv_csv_reader_free(r->csv);
    cv_columns_free(r->columns);
    free(r);
}

cv_status cv_import_rows_csv(struct cv_import_rows *r, char delimiter)
{
    return cv_csv_reader_new(delimiter, take_row, r, &r->csv);
}

/* told(r, st, err): a fault of the file itself, with its name. */
static cv_status told(struct cv_import_rows *r, cv_status st, const struct cv_err *err)
{
    return st != CV_OK && err->msg[0] != '\0' ? cv_fail(&r->ui->err, st, "%.60s, %s", r->name, err->msg) : st;
}

cv_status cv_import_rows_take(struct cv_import_rows *r, struct cv_bytes text)
{
    struct cv_err err = { 0 };
    return r->csv != NULL ? told(r, cv_csv_read(r->csv, text, &err), &err) : take_lines(r, text);
}

cv_status cv_import_rows_end(struct cv_import_rows *r)
{
    struct cv_err err = { 0 };
    if (r->csv == NULL)
        return take_line(r, cv_buf_view(&r->rest));
    cv_status st = told(r, cv_csv_end(r->csv, &err), &err);
    return st == CV_OK && r->columns == NULL
               ? cv_fail(&r->ui->err, CV_ERR_FORMAT, "%s: has no header", r->name)
               : st;
}

bool cv_import_rows_over(const struct cv_import_rows *r)
{
    return r->over;
}

uint64_t cv_import_rows_line(const struct cv_import_rows *r)
{
    return r->line;
}
