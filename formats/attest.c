#include "formats/attest.h"

#include <string.h>

#define TITLE "attest v1"

static const char *const kind_names[CV_ATTEST_COUNT] = {
    [CV_ATTEST_COSIGNATURE] = "cosignature", [CV_ATTEST_TIMESTAMP] = "timestamp"
};

const char *cv_attest_kind_name(enum cv_attest_kind kind)
{
    return kind_names[kind];
}

cv_status cv_attest_write(const struct cv_attest *a, struct cv_buf *out)
{
    const size_t start = out->n;
    struct cv_json *doc = cv_json_object();
    cv_status st = cv_json_set(doc, "casevault", cv_json_str(TITLE));
    st = CV_THEN(st, cv_json_set(doc, "checkpoint", cv_json_int((int64_t)a->checkpoint)));
    st = CV_THEN(st, cv_json_set(doc, "kind", cv_json_str(kind_names[a->kind])));
    st = CV_THEN(st, cv_json_set(doc, "value", cv_json_strn(cv_buf_view(&a->value))));
    st = CV_THEN(st, cv_json_write(doc, out));
    cv_json_free(doc);
    if (st == CV_OK && out->n - start > CV_ATTEST_MAX_BYTES)
        st = CV_ERR_LIMIT;
    if (st != CV_OK)
        cv_buf_truncate(out, start);
    return st;
}

cv_status cv_attest_parse(struct cv_bytes data, struct cv_attest *out, struct cv_err *err)
{
    static const char *const names[] = { "casevault", "checkpoint", "kind", "value", NULL };
    struct cv_json *doc = NULL;
    *out = (struct cv_attest){ .kind = CV_ATTEST_COUNT };
    cv_status st = cv_json_parse(data, CV_ATTEST_MAX_BYTES, "attest", &doc, err);
    st = CV_THEN(st, cv_json_only(doc, names, "attest", err));
    const char *title = cv_json_get_str(doc, "casevault"), *kind = cv_json_get_str(doc, "kind");
    const struct cv_bytes value = cv_json_text(cv_json_get(doc, "value"));
    for (enum cv_attest_kind k = 0; kind != NULL && k < CV_ATTEST_COUNT; k++)
        if (strcmp(kind, kind_names[k]) == 0)
            out->kind = k;
    if (st == CV_OK && (title == NULL || strcmp(title, TITLE) != 0 || out->kind == CV_ATTEST_COUNT ||
                        cv_json_get_int(doc, "checkpoint") < 1 || value.n == 0))
        st = cv_fail(err, CV_ERR_FORMAT, "attest: not one of version 1");
    st = CV_THEN(st, cv_buf_append(&out->value, value));
    if (st == CV_OK)
        out->checkpoint = (uint64_t)cv_json_get_int(doc, "checkpoint");
    cv_json_free(doc);
    return cv_err_note(err, st, "attest");
}

void cv_attest_free(struct cv_attest *a)
{
    cv_buf_free(&a->value);
    *a = (struct cv_attest){ .kind = CV_ATTEST_COUNT };
}
