#include "vault/attest.h"

#include <inttypes.h>

#include "vault/event.h"

cv_status cv_checkpoint_note_in(struct cv_custody *c, uint64_t index, struct cv_buf *note, struct cv_err *err)
{
    struct cv_buf data = { 0 };
    struct cv_commit commit = { 0 };
    cv_status st = cv_custody_read(c, index, CV_KIND_CHECKPOINT, &data, err);
    st = CV_THEN(st, cv_commit_parse(cv_buf_view(&data), &commit, err));
    st = CV_THEN(st, cv_buf_append(note, commit.note));
    cv_commit_free(&commit);
    cv_buf_free(&data);
    return st == CV_ERR_FORMAT ? CV_ERR_LOG : st;
}

cv_status cv_checkpoint_note(struct cv_vault *v, uint64_t index, struct cv_buf *note, struct cv_err *err)
{
    return cv_checkpoint_note_in(v->custody, index, note, err);
}

cv_status cv_attest_add(struct cv_vault *v, const struct cv_attest *a, const char *detail, struct cv_err *err)
{
    const struct cv_event event = { .action = "attest", .detail = detail };
    struct cv_buf note = { 0 }, data = { 0 };
    cv_status st = cv_checkpoint_note(v, a->checkpoint, &note, err);
    if (st == CV_ERR_NOTFOUND)
        st = cv_fail(err, st, "entry %" PRIu64 " is no checkpoint", a->checkpoint);
    st = CV_THEN(st, cv_attest_write(a, &data));
    st = CV_THEN(st, cv_vault_begin(v, err));
    if (st == CV_OK) {
        st = cv_custody_add(v->custody, CV_KIND_ATTEST, cv_buf_view(&data), NULL, NULL, err);
        st = CV_THEN(st, cv_event_add(v, &event, err));
        st = CV_THEN(st, cv_vault_commit(v, err));
        if (st != CV_OK)
            cv_vault_abort(v);
    }
    cv_buf_free(&note);
    cv_buf_free(&data);
    return cv_err_note(err, st, "attest");
}

cv_status cv_attests(struct cv_vault *v, cv_attest_fn fn, void *arg, struct cv_err *err)
{
    return cv_attests_in(v->custody, fn, arg, err);
}

cv_status cv_attests_in(struct cv_custody *c, cv_attest_fn fn, void *arg, struct cv_err *err)
{
    uint64_t at = 0, index = 0;
    cv_status st;
    while ((st = cv_catalog_next(cv_custody_catalog(c), CV_KIND_ATTEST, at, &index, err)) == CV_OK) {
        struct cv_attest a = { .kind = CV_ATTEST_COUNT };
        struct cv_buf data = { 0 };
        st = cv_custody_read(c, index, CV_KIND_ATTEST, &data, err);
        if (st == CV_OK && cv_attest_parse(cv_buf_view(&data), &a, NULL) == CV_OK)
            st = fn(arg, index, &a, err);
        cv_attest_free(&a);
        cv_buf_free(&data);
        if (st != CV_OK)
            return st;
        at = index + 1;
    }
    return st == CV_ERR_NOTFOUND ? CV_OK : st;
}
