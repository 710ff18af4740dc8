/* A map file: what the columns of an import mean. What is taken has the members it may have, and no others,
 * and is taken again as it is written. */
#include "tests/fuzz/fuzz.h"

#include "formats/columns.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct cv_json *map = NULL, *back = NULL;
    struct cv_buf again = { 0 };
    struct cv_err err = { 0 };
    if (fuzz_judged(cv_columns_map(CV_BYTES(p, n), &map, &err), &err, 0)) {
        must(cv_json_write(map, &again) == CV_OK);
        must(cv_columns_map(cv_buf_view(&again), &back, NULL) == CV_OK && cv_json_equal(map, back));
    } else
        must(map == NULL);
    cv_json_free(map);
    cv_json_free(back);
    cv_buf_free(&again);
    return 0;
}
