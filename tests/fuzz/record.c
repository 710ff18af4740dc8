/* Records: JSON as it is typed or imported, held against the default template. What JSON is read is written
 * again as the same value, in one form; what the template takes it takes again after its coded fields were
 * filled, twice with the same outcome, and it can be written as a row. */
#include "tests/fuzz/fuzz.h"

#include "formats/columns.h"

typedef cv_status (*write_fn)(const struct cv_json *v, struct cv_buf *out);

/* again(v, write): what is written reads as the same value. */
static void again(const struct cv_json *v, write_fn write)
{
    struct cv_buf once = { 0 }, twice = { 0 };
    struct cv_json *back = NULL;
    must(write(v, &once) == CV_OK);
    must(cv_json_parse(cv_buf_view(&once), once.n, "again", &back, NULL) == CV_OK);
    must(cv_json_equal(v, back) && cv_json_values(v) == cv_json_values(back));
    must(write(back, &twice) == CV_OK);
    fuzz_same(cv_buf_view(&once), cv_buf_view(&twice));
    cv_json_free(back);
    cv_buf_free(&once);
    cv_buf_free(&twice);
}

static void coded(const struct cv_template *t, struct cv_json *record)
{
    struct cv_buf once = { 0 }, twice = { 0 };
    must(cv_template_code(t, record, NULL) == CV_OK && cv_template_check(t, record, NULL) == CV_OK);
    must(cv_json_write_sorted(record, &once) == CV_OK);
    must(cv_template_code(t, record, NULL) == CV_OK && cv_json_write_sorted(record, &twice) == CV_OK);
    fuzz_same(cv_buf_view(&once), cv_buf_view(&twice));
    cv_buf_free(&once);
    cv_buf_free(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static struct cv_template *t;
    static struct cv_columns_writer *writer;
    struct cv_json *record = NULL;
    struct cv_buf row = { 0 };
    struct cv_err err = { 0 };
    if (t == NULL) {
        must(cv_template_parse(cv_template_default_text(), &t, NULL) == CV_OK);
        must(cv_columns_writer_new(t, &writer) == CV_OK);
    }
    if (fuzz_judged(cv_json_parse(CV_BYTES(p, n), CV_RECORD_MAX_BYTES, "record", &record, &err), &err, 0)) {
        again(record, cv_json_write);
        again(record, cv_json_write_sorted);
        again(record, cv_json_write_pretty);
        if (fuzz_judged(cv_template_check(t, record, &err), &err, 0)) {
            coded(t, record);
            must(cv_columns_write(writer, record, &row) == CV_OK);
        }
    } else
        must(record == NULL);
    cv_buf_free(&row);
    cv_json_free(record);
    return 0;
}
