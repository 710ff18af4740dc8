/* The head of an archive's entry, and the entry: what is read is byte for byte what would be written. */
#include "tests/fuzz/fuzz.h"

#include "formats/leaf.h"
#include "formats/tar.h"

static void whole(struct cv_bytes in, const struct cv_tar_entry *e)
{
    struct cv_buf out = { 0 };
    struct cv_tar_writer *w = NULL;
    char again[CV_ENTRY_NAME_BYTES];
    enum cv_kind kind;
    uint64_t index = 0;
    must(e->bytes <= in.n && e->data.p == in.p + CV_TAR_BLOCK_BYTES);
    must(cv_tar_writer_new(&out, &w) == CV_OK && cv_tar_add(w, e->name, e->data, NULL) == CV_OK);
    fuzz_same(cv_buf_view(&out), CV_BYTES(in.p, (size_t)e->bytes));
    if (cv_entry_name_parse(e->name, &index, &kind) == CV_OK) {
        cv_entry_name(index, kind, again);
        must(strcmp(again, e->name) == 0);
    } else
        fuzz_taken = false;
    cv_tar_writer_free(w);
    cv_buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    const struct cv_bytes in = CV_BYTES(p, n);
    struct cv_tar_entry e;
    struct cv_err err = { 0 };
    char name[CV_TAR_NAME_MAX + 1];
    uint64_t size = 0;
    const bool head = n >= CV_TAR_BLOCK_BYTES && cv_tar_header(p, name, &size) == CV_OK;
    if (fuzz_judged(cv_tar_read(in, &e, &err), &err, 0)) {
        must(head && strcmp(name, e.name) == 0 && size == e.data.n);
        whole(in, &e);
    }
    return 0;
}
