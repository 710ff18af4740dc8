#include "formats/grant.h"

#include <stdio.h>
#include <string.h>

#include "formats/base64.h"

#define GRANT_MAX_BYTES ((size_t)16 << 20)
#define KEY_MAX_BYTES 4096

void cv_grant_name(struct cv_grant *g)
{
    snprintf(g->seal.of_kind, sizeof(g->seal.of_kind), "grant");
    for (size_t i = 0; i < CV_GRANT_HANDLE_BYTES; i++)
        snprintf(g->seal.of + 2 * i, 3, "%02x", g->handle[i]);
    g->seal.of_epoch = 0;
}

cv_status cv_grant_write(const struct cv_grant *g, struct cv_buf *out)
{
    struct cv_json *doc = cv_json_object();
    cv_status st = cv_json_set(doc, "casevault", cv_json_str("grant v1"));
    st = CV_THEN(st, cv_json_set(doc, "policy", cv_json_int((int64_t)g->policy)));
    st = CV_THEN(st, cv_json_set(doc, "to", cv_json_str(g->seal.to_kind)));
    st = CV_THEN(st, cv_json_set(doc, "id", cv_json_str(g->seal.to)));
    st = CV_THEN(st, cv_json_set(doc, "epoch", cv_json_int(g->seal.to_epoch)));
    st = CV_THEN(st, cv_json_set(doc, "until", cv_json_str(g->until[0] != '\0' ? g->until : "-")));
    st = CV_THEN(st, cv_json_set(doc, "handle", cv_json_b64u(CV_ARR(g->handle))));
    st = CV_THEN(st, cv_json_set(doc, "key", cv_json_b64u(g->seal.sealed)));
    st = CV_THEN(st, cv_json_set(doc, "items", cv_json_b64u(g->items)));
    st = CV_THEN(st, cv_json_write(doc, out));
    cv_json_free(doc);
    return st;
}

/* word(o, name, out, room): a short word; false if it is not one. */
static bool word(const struct cv_json *o, const char *name, char *out, size_t room)
{
    const struct cv_bytes text = cv_json_text(cv_json_get(o, name));
    if (text.n == 0 || text.n >= room)
        return false;
    memcpy(out, text.p, text.n);
    out[text.n] = '\0';
    return true;
}

static cv_status read_doc(const struct cv_json *doc, struct cv_grant *g)
{
    const int64_t policy = cv_json_get_int(doc, "policy"), epoch = cv_json_get_int(doc, "epoch");
    if (policy < 1 || epoch < 0 || epoch > INT32_MAX ||
        !word(doc, "to", g->seal.to_kind, sizeof(g->seal.to_kind)) ||
        !word(doc, "id", g->seal.to, sizeof(g->seal.to)) || !word(doc, "until", g->until, sizeof(g->until)) ||
        (strcmp(g->seal.to_kind, "role") != 0 && strcmp(g->seal.to_kind, "member") != 0) ||
        cv_json_get_bytes(doc, "handle", g->handle, sizeof(g->handle)) != CV_OK)
        return CV_ERR_FORMAT;
    if (strcmp(g->until, "-") == 0)
        g->until[0] = '\0';
    else if (strlen(g->until) != CV_DATE_BYTES - 1)
        return CV_ERR_FORMAT;
    g->policy = (uint64_t)policy;
    g->seal.to_epoch = (uint32_t)epoch;
    cv_status st = cv_base64_decode(CV_BASE64_URL, cv_json_text(cv_json_get(doc, "key")), &g->bytes);
    const size_t key = g->bytes.n;
    st = CV_THEN(st, cv_base64_decode(CV_BASE64_URL, cv_json_text(cv_json_get(doc, "items")), &g->bytes));
    if (st != CV_OK || key == 0 || key > KEY_MAX_BYTES || g->bytes.n == key)
        return st == CV_ERR_NOMEM ? st : CV_ERR_FORMAT;
    g->seal.sealed = CV_BYTES(g->bytes.p, key);
    g->items = CV_BYTES(g->bytes.p + key, g->bytes.n - key);
    cv_grant_name(g);
    return CV_OK;
}

cv_status cv_grant_parse(struct cv_bytes data, struct cv_grant *out, struct cv_err *err)
{
    static const char *const names[] = { "casevault", "policy", "to",  "id",    "epoch",
                                         "until",     "handle", "key", "items", NULL };
    struct cv_json *doc = NULL;
    memset(out, 0, sizeof(*out));
    cv_status st = cv_json_parse(data, GRANT_MAX_BYTES, "grant", &doc, err);
    st = CV_THEN(st, cv_json_only(doc, names, "grant", err));
    const char *title = cv_json_get_str(doc, "casevault");
    if (st == CV_OK &&
        (title == NULL || strcmp(title, "grant v1") != 0 || (st = read_doc(doc, out)) != CV_OK))
        st = cv_fail(err, st == CV_ERR_NOMEM ? st : CV_ERR_FORMAT, "grant: not one of version 1");
    if (st != CV_OK)
        cv_grant_free(out);
    cv_json_free(doc);
    return cv_err_note(err, st, "grant");
}

void cv_grant_free(struct cv_grant *g)
{
    cv_buf_free(&g->bytes);
    memset(g, 0, sizeof(*g));
}

cv_status cv_grant_context(const struct cv_grant *g, const uint8_t vault_id[static CV_VAULT_ID_BYTES],
                           struct cv_buf *out)
{
    cv_status st = cv_buf_str(out, "casevault/1/grant");
    st = CV_THEN(st, cv_buf_field(out, CV_BYTES(vault_id, CV_VAULT_ID_BYTES)));
    st = CV_THEN(st, cv_buf_field(out, CV_ARR(g->handle)));
    return CV_THEN(st, cv_buf_field(out, cv_bytes_str(g->until[0] != '\0' ? g->until : "-")));
}
