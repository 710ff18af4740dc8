/* Shares of the recovery secret, as they are typed from paper: what is read is written as one text, whose
 * digits are those that were typed. */
#include "tests/fuzz/fuzz.h"

#include "formats/share.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct cv_share s = { 0 }, back = { 0 };
    struct cv_secret once = { 0 }, twice = { 0 };
    struct cv_err err = { 0 };
    if (fuzz_judged(cv_share_parse(CV_BYTES(p, n), &s, &err), &err, 0)) {
        must(cv_share_text(&s, &once) == CV_OK);
        must(cv_share_parse(cv_bytes_str((const char *)once.p), &back, NULL) == CV_OK);
        must(cv_share_text(&back, &twice) == CV_OK);
        fuzz_same(cv_secret_view(&once), cv_secret_view(&twice));
        must(back.x == s.x && back.threshold == s.threshold && back.epoch == s.epoch);
    }
    cv_share_free(&s);
    cv_share_free(&back);
    cv_secret_free(&once);
    cv_secret_free(&twice);
    return 0;
}
