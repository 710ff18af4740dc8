/* The manifest of a package: it has one form. */
#include "tests/fuzz/fuzz.h"

#include "formats/package.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct cv_json *m = NULL;
    struct cv_package package;
    struct cv_buf again = { 0 };
    struct cv_err err = { 0 };
    if (fuzz_judged(cv_manifest_parse(CV_BYTES(p, n), &m, &err), &err, 0)) {
        must(cv_json_write(m, &again) == CV_OK && cv_buf_str(&again, "\n") == CV_OK);
        fuzz_same(CV_BYTES(p, n), cv_buf_view(&again));
        /* What people read of it is made of whatever stands in it. */
        must(cv_package_new(&package) == CV_OK);
        must(cv_package_readme(&package, m) == CV_OK && cv_package_redactions(&package, m) == CV_OK);
        cv_package_free(&package);
    } else
        must(m == NULL);
    cv_json_free(m);
    cv_buf_free(&again);
    return 0;
}
