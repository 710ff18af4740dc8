/* A libFuzzer target: CSV from its bytes to records. The first byte says how large the pieces are, and which
 * delimiter; what was taken goes out again as CSV. */
#include "tests/fuzz/fuzz.h"

#include "formats/columns.h"

static struct cv_template *t;
static struct cv_columns_writer *writer;

static void begin(void)
{
    must(cv_template_parse(cv_template_default_text(), &t, NULL) == CV_OK);
    must(cv_columns_writer_new(t, &writer) == CV_OK);
}

static void fault(void *arg, const char *column, const char *why)
{
    (void)arg;
    must(why != NULL && (column == NULL || column[0] != '\0'));
}

static cv_status take(void *arg, const struct cv_csv_row *row, struct cv_err *err)
{
    static const char *const set[] = { "consent.consent.purpose=Referral", NULL };
    static const struct cv_columns_how how = { .set = set };
    struct cv_columns **columns = arg;
    struct cv_taken taken = { 0 };
    struct cv_buf out = { 0 };
    if (*columns == NULL)
        return cv_columns_new(t, row, &how, columns, err);
    if (cv_columns_take(*columns, row, "file:1", fault, NULL, &taken) == CV_OK)
        for (size_t i = 0; i < cv_json_len(taken.records); i++)
            if (cv_template_check(t, cv_json_at(taken.records, i), NULL) == CV_OK) {
                must(cv_columns_write(writer, cv_json_at(taken.records, i), &out) == CV_OK);
                fuzz_taken = true;
            }
    cv_json_free(taken.records);
    cv_buf_free(&out);
    return CV_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct cv_csv_reader *r = NULL;
    struct cv_columns *columns = NULL;
    struct cv_err err = { 0 };
    if (n < 1)
        return 0;
    if (t == NULL)
        begin();
    const size_t piece = 1U + (p[0] >> 2);
    cv_status st = cv_csv_reader_new(",;\t|"[p[0] & 3], take, &columns, &r);
    for (size_t at = 1; at < n && st == CV_OK; at += piece)
        st = cv_csv_read(r, CV_BYTES(p + at, n - at < piece ? n - at : piece), &err);
    if (st == CV_OK)
        st = cv_csv_end(r, &err);
    must(st == CV_OK || (err.status == st && err.msg[0] != '\0'));
    cv_csv_reader_free(r);
    cv_columns_free(columns);
    return 0;
}
