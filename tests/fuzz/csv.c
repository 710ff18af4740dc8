/* A libFuzzer target: CSV from its bytes to records. The first byte says how large the pieces are, and which
 * delimiter; what was taken goes out again as CSV. Build with clang:
 *
 *   CC=clang cmake -S . -B build/fuzz -DCASEVAULT_SANITIZE=address,undefined,fuzzer-no-link
 * -DBUILD_TESTING=OFF cmake --build build/fuzz --target cv_formats
 *   clang -fsanitize=address,undefined,fuzzer -D_GNU_SOURCE -I. tests/fuzz/csv.c \
 *     build/fuzz/formats/libcv_formats.a build/fuzz/crypto/libcv_crypto.a -ljansson -lcsv -lcrypto -lscrypt
 *
 * A seed is such a byte and a file. */
#include <stdlib.h>

#include "crypto/secret.h"
#include "formats/columns.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static struct cv_template *t;
static struct cv_columns_writer *writer;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    cv_json_init();
    if (cv_secret_heap_init() == CV_ERR_INTERNAL ||
        cv_template_parse(cv_template_default_text(), &t, NULL) != CV_OK)
        return 1;
    return cv_columns_writer_new(t, &writer) != CV_OK;
}

static void fault(void *arg, const char *column, const char *why)
{
    (void)arg;
    if (why == NULL || (column != NULL && column[0] == '\0'))
        abort();
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
            if (cv_template_check(t, cv_json_at(taken.records, i), NULL) == CV_OK &&
                cv_columns_write(writer, cv_json_at(taken.records, i), &out) != CV_OK)
                abort();
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
    const size_t piece = 1U + (p[0] >> 2);
    cv_status st = cv_csv_reader_new(",;\t|"[p[0] & 3], take, &columns, &r);
    for (size_t at = 1; at < n && st == CV_OK; at += piece)
        st = cv_csv_read(r, CV_BYTES(p + at, n - at < piece ? n - at : piece), &err);
    if (st == CV_OK)
        (void)!cv_csv_end(r, &err);
    cv_csv_reader_free(r);
    cv_columns_free(columns);
    return 0;
}
