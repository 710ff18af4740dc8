#include "formats/proposal.h"

#include <string.h>

#include "formats/json.h"

#define PROPOSAL_MAX_BYTES ((size_t)24 << 20)
#define APPROVAL_MAX_BYTES ((size_t)1 << 16)

static const char *const act_names[CV_ACT_COUNT] = { [CV_ACT_POLICY] = "policy", [CV_ACT_ERASE] = "erase" };

const char *cv_act_name(enum cv_act act)
{
    return act < CV_ACT_COUNT ? act_names[act] : "unknown";
}

void cv_proposal_free(struct cv_proposal *p)
{
    cv_buf_free(&p->text);
    cv_buf_free(&p->signatures);
    cv_buf_free(&p->seals);
}

cv_status cv_proposal_write(const struct cv_proposal *p, struct cv_buf *out)
{
    struct cv_json *doc = cv_json_object();
    struct cv_buf note = { 0 };
    cv_status st = cv_buf_append(&note, cv_buf_view(&p->text));
    st = CV_THEN(st, cv_buf_str(&note, "\n"));
    st = CV_THEN(st, cv_buf_append(&note, cv_buf_view(&p->signatures)));
    st = CV_THEN(st, cv_json_set(doc, "casevault", cv_json_str("proposal v1")));
    st = CV_THEN(st, cv_json_set(doc, "act", cv_json_str(cv_act_name(p->act))));
    st = CV_THEN(st, cv_json_set(doc, "note", cv_json_strn(cv_buf_view(&note))));
    st = CV_THEN(st, cv_json_set(doc, "seals",
                                 p->seals.n > 0 ? cv_json_strn(cv_buf_view(&p->seals)) : cv_json_str("-")));
    st = CV_THEN(st, cv_json_write(doc, out));
    cv_json_free(doc);
    cv_buf_free(&note);
    return st;
}

/* split_note(note, p): the text ends before its last empty line. */
static cv_status split_note(struct cv_bytes note, struct cv_proposal *p)
{
    for (size_t i = note.n; i-- > 1;) {
        if (note.p[i] != '\n' || note.p[i - 1] != '\n')
            continue;
        cv_status st = cv_buf_append(&p->text, CV_BYTES(note.p, i));
        return CV_THEN(st, cv_buf_append(&p->signatures, CV_BYTES(note.p + i + 1, note.n - i - 1)));
    }
    return CV_ERR_FORMAT;
}

cv_status cv_proposal_parse(struct cv_bytes data, struct cv_proposal *out, struct cv_err *err)
{
    static const char *const names[] = { "casevault", "act", "note", "seals", NULL };
    struct cv_json *doc = NULL;
    struct cv_proposal p = { .act = CV_ACT_COUNT };
    memset(out, 0, sizeof(*out));
    cv_status st = cv_json_parse(data, PROPOSAL_MAX_BYTES, "proposal", &doc, err);
    st = CV_THEN(st, cv_json_only(doc, names, "proposal", err));
    const char *title = cv_json_get_str(doc, "casevault"), *act = cv_json_get_str(doc, "act");
    for (enum cv_act a = 0; act != NULL && a < CV_ACT_COUNT; a++)
        if (strcmp(act, act_names[a]) == 0)
            p.act = a;
    const struct cv_bytes seals = cv_json_text(cv_json_get(doc, "seals"));
    if (st == CV_OK &&
        (title == NULL || strcmp(title, "proposal v1") != 0 || p.act == CV_ACT_COUNT || seals.n == 0))
        st = cv_fail(err, CV_ERR_FORMAT, "proposal: not one of version 1");
    if (st == CV_OK && split_note(cv_json_text(cv_json_get(doc, "note")), &p) != CV_OK)
        st = cv_fail(err, CV_ERR_FORMAT, "proposal: holds no note");
    if (st == CV_OK && !cv_bytes_equal(seals, CV_LIT("-")))
        st = cv_buf_append(&p.seals, seals);
    if (st == CV_OK) {
        *out = p;
        memset(&p, 0, sizeof(p));
    }
    cv_proposal_free(&p);
    cv_json_free(doc);
    return cv_err_note(err, st, "proposal");
}

cv_status cv_proposal_note(const struct cv_proposal *p, struct cv_buf *out)
{
    if (p->signatures.n == 0)
        return CV_ERR_FORMAT;
    cv_status st = cv_buf_append(out, cv_buf_view(&p->text));
    st = CV_THEN(st, cv_buf_str(out, "\n"));
    return CV_THEN(st, cv_buf_append(out, cv_buf_view(&p->signatures)));
}

cv_status cv_proposal_sign(struct cv_proposal *p, const struct cv_note_signer *signer, struct cv_buf *line,
                           struct cv_err *err)
{
    struct cv_buf note = { 0 };
    cv_status st = cv_note_sign(cv_buf_view(&p->text), signer, 1, &note, err);
    if (st == CV_OK) {
        const struct cv_bytes added = CV_BYTES(note.p + p->text.n + 1, note.n - p->text.n - 1);
        st = line != NULL ? cv_buf_append(line, added) : CV_OK;
        st = CV_THEN(st, cv_buf_append(&p->signatures, added));
    }
    cv_buf_free(&note);
    return st;
}

cv_status cv_approval_write(uint64_t proposal, struct cv_bytes signatures, struct cv_buf *out)
{
    struct cv_json *doc = cv_json_object();
    cv_status st = cv_json_set(doc, "casevault", cv_json_str("approval v1"));
    st = CV_THEN(st, cv_json_set(doc, "proposal", cv_json_int((int64_t)proposal)));
    st = CV_THEN(st, cv_json_set(doc, "signatures", cv_json_strn(signatures)));
    st = CV_THEN(st, cv_json_write(doc, out));
    cv_json_free(doc);
    return st;
}

cv_status cv_approval_parse(struct cv_bytes data, uint64_t *proposal, struct cv_buf *signatures,
                            struct cv_err *err)
{
    static const char *const names[] = { "casevault", "proposal", "signatures", NULL };
    struct cv_json *doc = NULL;
    *proposal = 0;
    cv_status st = cv_json_parse(data, APPROVAL_MAX_BYTES, "approval", &doc, err);
    st = CV_THEN(st, cv_json_only(doc, names, "approval", err));
    const char *title = cv_json_get_str(doc, "casevault");
    const struct cv_bytes lines = cv_json_text(cv_json_get(doc, "signatures"));
    if (st == CV_OK && (title == NULL || strcmp(title, "approval v1") != 0 ||
                        cv_json_get_int(doc, "proposal") < 1 || lines.n == 0 || lines.p[lines.n - 1] != '\n'))
        st = cv_fail(err, CV_ERR_FORMAT, "approval: not one of version 1");
    st = CV_THEN(st, cv_buf_append(signatures, lines));
    if (st == CV_OK)
        *proposal = (uint64_t)cv_json_get_int(doc, "proposal");
    cv_json_free(doc);
    return cv_err_note(err, st, "approval");
}
