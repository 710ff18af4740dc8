/* What entries hold, by their kinds: the first byte is the kind, the rest the data. What is read is written
 * again; where a kind has only one form, as the same bytes, else as what reads and writes the same. */
#include "tests/fuzz/fuzz.h"

#include "formats/attest.h"
#include "formats/envelope.h"
#include "formats/erasure.h"
#include "formats/grant.h"
#include "formats/leaf.h"
#include "formats/loss.h"
#include "formats/piece.h"
#include "formats/proposal.h"
#include "formats/seals.h"

/* Reads, and appends what it writes of that. */
typedef cv_status (*rewrite_fn)(struct cv_bytes data, struct cv_buf *out, struct cv_err *err);

static cv_status envelope(struct cv_bytes data, struct cv_buf *out, struct cv_err *err)
{
    struct cv_envelope e;
    cv_status st = cv_envelope_parse(data, &e, err);
    for (size_t i = 0; st == CV_OK && i < e.count; i++)
        must(cv_envelope_part(&e, e.parts[i].name) == &e.parts[i]);
    return CV_THEN(st, cv_envelope_write(&e, out));
}

static cv_status piece(struct cv_bytes data, struct cv_buf *out, struct cv_err *err)
{
    struct cv_piece e;
    cv_status st = cv_piece_parse(data, &e, err);
    st = CV_THEN(st, cv_piece_head(&e, out));
    return CV_THEN(st, cv_buf_append(out, e.sealed));
}

static cv_status seals(struct cv_bytes data, struct cv_buf *out, struct cv_err *err)
{
    struct cv_seals e;
    cv_status st = cv_seals_parse(data, &e, err);
    st = CV_THEN(st, cv_seals_write(&e, out));
    cv_seals_free(&e);
    return st;
}

static cv_status batch(struct cv_bytes data, struct cv_buf *out, struct cv_err *err)
{
    struct cv_batch e;
    cv_status st = cv_batch_parse(data, &e, err);
    st = CV_THEN(st, cv_batch_write(&e, out));
    cv_batch_free(&e);
    return st;
}

static cv_status torn(struct cv_bytes data, struct cv_buf *out, struct cv_err *err)
{
    struct cv_torn e;
    cv_status st = cv_torn_parse(data, &e, err);
    return CV_THEN(st, cv_torn_write(&e, out));
}

static cv_status commit(struct cv_bytes data, struct cv_buf *out, struct cv_err *err)
{
    struct cv_commit e;
    cv_status st = cv_commit_parse(data, &e, err);
    st = CV_THEN(st, cv_commit_write(&e, out));
    cv_commit_free(&e);
    return st;
}

static cv_status proposal(struct cv_bytes data, struct cv_buf *out, struct cv_err *err)
{
    struct cv_proposal e;
    cv_status st = cv_proposal_parse(data, &e, err);
    st = CV_THEN(st, cv_proposal_write(&e, out));
    cv_proposal_free(&e);
    return st;
}

static cv_status approval(struct cv_bytes data, struct cv_buf *out, struct cv_err *err)
{
    struct cv_buf lines = { 0 };
    uint64_t of = 0;
    cv_status st = cv_approval_parse(data, &of, &lines, err);
    st = CV_THEN(st, cv_approval_write(of, cv_buf_view(&lines), out));
    cv_buf_free(&lines);
    return st;
}

static cv_status grant(struct cv_bytes data, struct cv_buf *out, struct cv_err *err)
{
    struct cv_grant e;
    cv_status st = cv_grant_parse(data, &e, err);
    st = CV_THEN(st, cv_grant_write(&e, out));
    cv_grant_free(&e);
    return st;
}

/* Of whichever vault: the statement's second line. Signatures are not part of what is written. */
static cv_status erasure(struct cv_bytes data, struct cv_buf *out, struct cv_err *err)
{
    struct cv_erasure e = { 0 };
    struct cv_note note = { 0 };
    struct cv_bytes rest, title;
    char vault[65] = "";
    cv_status st = cv_note_parse(data, &note, err);
    rest = note.text;
    if (st == CV_OK && cv_bytes_line(&rest, "", &title) && rest.n >= 64)
        memcpy(vault, rest.p, 64);
    st = CV_THEN(st, cv_erasure_parse(data, vault, &e, err));
    st = CV_THEN(st, cv_erasure_text(&e, vault, out));
    if (st == CV_OK) { /* the text is the same; the lines after it are as they are */
        must(out->n == note.text.n);
        st = cv_buf_append(out, CV_BYTES(data.p + note.text.n, data.n - note.text.n));
    }
    cv_erasure_free(&e);
    cv_note_free(&note);
    return st;
}

static cv_status tombstone(struct cv_bytes data, struct cv_buf *out, struct cv_err *err)
{
    uint64_t of = 0;
    cv_status st = cv_tombstone_parse(data, &of, err);
    return CV_THEN(st, cv_tombstone_write(of, out));
}

static cv_status attest(struct cv_bytes data, struct cv_buf *out, struct cv_err *err)
{
    struct cv_attest e;
    cv_status st = cv_attest_parse(data, &e, err);
    st = CV_THEN(st, cv_attest_write(&e, out));
    cv_attest_free(&e);
    return st;
}

static cv_status loss(struct cv_bytes data, struct cv_buf *out, struct cv_err *err)
{
    struct cv_lost_entry *list = NULL;
    size_t count = 0;
    cv_status st = cv_loss_parse(data, &list, &count, err);
    for (size_t i = 1; st == CV_OK && i < count; i++)
        must(list[i - 1].index < list[i].index);
    st = CV_THEN(st, cv_loss_write(list, count, out));
    free(list);
    return st;
}

static const struct body {
    rewrite_fn rewrite;
    bool one_form;
} bodies[CV_KIND_COUNT] = {
    [CV_KIND_SEALS] = { seals, false },       [CV_KIND_BATCH] = { batch, false },
    [CV_KIND_RECORD] = { envelope, true },    [CV_KIND_EVENT] = { envelope, true },
    [CV_KIND_TORN] = { torn, true },          [CV_KIND_CHECKPOINT] = { commit, true },
    [CV_KIND_PROPOSAL] = { proposal, false }, [CV_KIND_APPROVAL] = { approval, false },
    [CV_KIND_GRANT] = { grant, false },       [CV_KIND_NOTICE] = { envelope, true },
    [CV_KIND_ERASE] = { erasure, true },      [CV_KIND_TOMBSTONE] = { tombstone, true },
    [CV_KIND_ATTEST] = { attest, false },     [CV_KIND_PIECE] = { piece, true },
    [CV_KIND_LOSS] = { loss, true },
};

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct cv_buf once = { 0 }, twice = { 0 };
    struct cv_err err = { 0 };
    const struct body *b = n > 0 && p[0] < CV_KIND_COUNT ? &bodies[p[0]] : NULL;
    if (b == NULL || b->rewrite == NULL)
        return 0;
    const struct cv_bytes data = CV_BYTES(p + 1, n - 1);
    if (fuzz_judged(b->rewrite(data, &once, &err), &err, once.n)) {
        if (b->one_form)
            fuzz_same(data, cv_buf_view(&once));
        must(b->rewrite(cv_buf_view(&once), &twice, &err) == CV_OK);
        fuzz_same(cv_buf_view(&once), cv_buf_view(&twice));
    }
    cv_buf_free(&once);
    cv_buf_free(&twice);
    return 0;
}
