#include "formats/erasure.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "formats/statement.h"

#define KIND "erase"
#define TOMBSTONE "casevault tombstone v1\n"
#define MAX_BYTES ((size_t)2 << 20)

void cv_erasure_free(struct cv_erasure *e)
{
    free(e->versions);
    memset(e, 0, sizeof(*e));
}

cv_status cv_erasure_text(const struct cv_erasure *e, const char *vault, struct cv_buf *out)
{
    struct cv_json *doc = cv_json_object(), *list = cv_json_array();
    cv_status st = cv_json_set(doc, "policy", cv_json_int((int64_t)e->policy));
    st = CV_THEN(st, cv_json_set(doc, "versions", cv_json_ref(list)));
    for (size_t i = 0; i < e->count && st == CV_OK; i++) {
        struct cv_json *o = cv_json_object();
        st = cv_json_push(list, o);
        st = CV_THEN(st, cv_json_set(o, "entry", cv_json_int((int64_t)e->versions[i].entry)));
        st = CV_THEN(st, cv_json_set(o, "slot", cv_json_int((int64_t)e->versions[i].slot)));
    }
    st = CV_THEN(st, cv_json_set(doc, "expires", cv_json_str(e->expires)));
    st = CV_THEN(st, cv_json_set(doc, "nonce", cv_json_b64u(CV_ARR(e->nonce))));
    st = CV_THEN(st, cv_statement_text(KIND, vault, doc, out));
    cv_json_free(list);
    cv_json_free(doc);
    return st;
}

/* read_number(o, name, out): a whole number that is not negative. */
static bool read_number(const struct cv_json *o, const char *name, uint64_t *out)
{
    const struct cv_json *v = cv_json_get(o, name);
    *out = (uint64_t)cv_json_to_int(v);
    return cv_json_is(v, CV_JSON_INT) && cv_json_to_int(v) >= 0;
}

/* read_versions(e, list): in order of entries, so that none stands twice. Slot 0 is no version's. */
static cv_status read_versions(struct cv_erasure *e, const struct cv_json *list, struct cv_err *err)
{
    static const char *const names[] = { "entry", "slot", NULL };
    const size_t n = cv_json_len(list);
    if (!cv_json_is(list, CV_JSON_ARRAY) || n == 0 || n > CV_ERASURE_VERSIONS_MAX)
        return cv_fail(err, CV_ERR_FORMAT, "erase: 1 to %d versions are wanted", CV_ERASURE_VERSIONS_MAX);
    e->versions = calloc(n, sizeof(*e->versions));
    if (e->versions == NULL)
        return CV_ERR_NOMEM;
    for (; e->count < n; e->count++) {
        struct cv_erased_version *v = &e->versions[e->count];
        const struct cv_json *o = cv_json_at(list, e->count);
        if (cv_json_only(o, names, "erase", NULL) != CV_OK || !read_number(o, "entry", &v->entry) ||
            !read_number(o, "slot", &v->slot) || v->slot == 0 || (e->count > 0 && v->entry <= v[-1].entry))
            return cv_fail(err, CV_ERR_FORMAT, "erase: version %zu is not well formed", e->count);
    }
    return CV_OK;
}

static cv_status read_doc(struct cv_erasure *e, const struct cv_json *doc, struct cv_err *err)
{
    static const char *const names[] = { "policy", "versions", "expires", "nonce", NULL };
    const char *expires = cv_json_get_str(doc, "expires");
    cv_status st = cv_json_only(doc, names, KIND, err);
    if (st == CV_OK &&
        (!read_number(doc, "policy", &e->policy) || expires == NULL || strlen(expires) != CV_DATE_BYTES - 1 ||
         cv_json_get_bytes(doc, "nonce", e->nonce, sizeof(e->nonce)) != CV_OK))
        st = cv_fail(err, CV_ERR_FORMAT, "erase: not well formed");
    if (st == CV_OK)
        memcpy(e->expires, expires, CV_DATE_BYTES);
    return CV_THEN(st, read_versions(e, cv_json_get(doc, "versions"), err));
}

cv_status cv_erasure_parse(struct cv_bytes bytes, const char *vault, struct cv_erasure *out,
                           struct cv_err *err)
{
    struct cv_erasure e = { 0 };
    struct cv_note note = { 0 };
    struct cv_json *doc = NULL;
    struct cv_bytes json = { 0 };
    struct cv_buf again = { 0 };
    memset(out, 0, sizeof(*out));
    cv_status st = bytes.n > MAX_BYTES ? cv_fail(err, CV_ERR_LIMIT, "erase: too long")
                                       : cv_note_parse(bytes, &note, err);
    st = CV_THEN(st, cv_statement_split(note.text, KIND, vault, &json, err));
    st = CV_THEN(st, cv_json_parse(json, MAX_BYTES, KIND, &doc, err));
    st = CV_THEN(st, read_doc(&e, doc, err));
    st = CV_THEN(st, cv_erasure_text(&e, vault, &again));
    if (st == CV_OK && !cv_bytes_equal(note.text, cv_buf_view(&again)))
        st = cv_fail(err, CV_ERR_FORMAT, "erase: not written in its one form");
    if (st == CV_OK) {
        *out = e;
        memset(&e, 0, sizeof(e));
    }
    cv_erasure_free(&e);
    cv_note_free(&note);
    cv_json_free(doc);
    cv_buf_free(&again);
    return cv_err_note(err, st, KIND);
}

cv_status cv_erasure_judge(struct cv_bytes bytes, const struct cv_policy *policy, unsigned *count,
                           struct cv_err *err)
{
    struct cv_erasure e = { 0 };
    struct cv_note note = { 0 };
    *count = 0;
    cv_status st = cv_erasure_parse(bytes, policy->vault, &e, err);
    if (st == CV_OK && e.policy != policy->number)
        st = cv_fail(err, CV_ERR_AUTH,
                     "erase: approved under policy %" PRIu64 ", and policy %" PRIu64 " is in force", e.policy,
                     policy->number);
    st = CV_THEN(st, cv_note_parse(bytes, &note, err));
    st = CV_THEN(st, cv_policy_signatures(policy, &note, policy->erasers, count, err));
    if (st == CV_OK && *count < policy->erase_quorum)
        st = cv_fail_n(err, CV_ERR_AUTH, *count, "erase: signed by %u member where %u must",
                       "erase: signed by %u members where %u must", *count, policy->erase_quorum);
    cv_note_free(&note);
    cv_erasure_free(&e);
    return cv_err_note(err, st, KIND);
}

cv_status cv_tombstone_write(uint64_t intent, struct cv_buf *out)
{
    return cv_buf_printf(out, TOMBSTONE "%" PRIu64 "\n", intent);
}

cv_status cv_tombstone_parse(struct cv_bytes data, uint64_t *intent, struct cv_err *err)
{
    struct cv_buf again = { 0 };
    const size_t title = strlen(TOMBSTONE);
    uint64_t n = 0;
    *intent = 0;
    for (size_t i = title; i + 1 < data.n && i < title + 19 && data.p[i] >= '0' && data.p[i] <= '9'; i++)
        n = 10 * n + (uint64_t)(data.p[i] - '0');
    cv_status st = cv_tombstone_write(n, &again);
    if (st == CV_OK && !cv_bytes_equal(data, cv_buf_view(&again)))
        st = cv_fail(err, CV_ERR_FORMAT, "tombstone: not one of version 1");
    cv_buf_free(&again);
    if (st == CV_OK)
        *intent = n;
    return st;
}
