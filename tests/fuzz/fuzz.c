#include "tests/fuzz/fuzz.h"

#include <stdio.h>

#include "crypto/secret.h"
#include "formats/json.h"

bool fuzz_taken;
void (*fuzz_stop)(void);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    cv_json_init();
    return cv_secret_heap_init() == CV_ERR_INTERNAL;
}

void fuzz_broken(const char *file, int line, const char *what)
{
    if (fuzz_stop != NULL)
        fuzz_stop();
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
    abort();
}

bool fuzz_judged(cv_status st, const struct cv_err *err, size_t appended)
{
    if (st != CV_OK) {
        must(err->status == st && err->msg[0] != '\0');
        must(appended == 0);
    }
    fuzz_taken = st == CV_OK;
    return fuzz_taken;
}

void fuzz_same(struct cv_bytes a, struct cv_bytes b)
{
    must(cv_bytes_equal(a, b));
}

struct cv_bytes fuzz_part(struct cv_bytes *in)
{
    const uint8_t *end = in->n > 0 ? memchr(in->p, 0xff, in->n) : NULL;
    const struct cv_bytes out = CV_BYTES(in->p, end != NULL ? (size_t)(end - in->p) : in->n);
    *in = end != NULL ? CV_BYTES(end + 1, in->n - out.n - 1) : (struct cv_bytes){ 0 };
    return out;
}
