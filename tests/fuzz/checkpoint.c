/* Checkpoints and the lines of a leaf: each has one form. A leaf has an `L` before it. */
#include "tests/fuzz/fuzz.h"

#include "formats/checkpoint.h"
#include "formats/leaf.h"

static void checkpoint(struct cv_bytes text)
{
    struct cv_checkpoint c;
    struct cv_buf again = { 0 };
    struct cv_err err = { 0 };
    if (fuzz_judged(cv_checkpoint_parse(text, &c, &err), &err, 0)) {
        must(cv_checkpoint_text(&c, &again) == CV_OK);
        fuzz_same(text, cv_buf_view(&again));
    }
    cv_buf_free(&again);
}

/* leaf(text): of the vault and the place that its own lines name. */
static void leaf(struct cv_bytes text)
{
    struct cv_leaf l;
    struct cv_buf again = { 0 };
    struct cv_bytes rest = text, title, vault, place;
    char id[65] = "";
    uint64_t index = 0;
    if (!cv_bytes_line(&rest, "", &title) || !cv_bytes_line(&rest, "", &vault) || vault.n > 64 ||
        !cv_bytes_line(&rest, "", &place) || !cv_bytes_number(place, &index))
        return;
    if (vault.n > 0)
        memcpy(id, vault.p, vault.n);
    if (cv_leaf_text_parse(text, id, index, &l) == CV_OK) {
        must(cv_leaf_text(id, index, &l, &again) == CV_OK);
        fuzz_same(text, cv_buf_view(&again));
        fuzz_taken = true;
    }
    cv_buf_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n > 0 && p[0] == 'L')
        leaf(CV_BYTES(p + 1, n - 1));
    else
        checkpoint(CV_BYTES(p, n));
    return 0;
}
