#include "vault/stamp.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "crypto/hash.h"
#include "formats/base64.h"
#include "formats/note.h"

#define CLOCKS_DIFFER 600 /* seconds that an authority's clock may be ahead of ours */

uint64_t cv_stamp_last(const struct cv_custody *c)
{
    return c->chain.next - 1;
}

cv_status cv_stamp_digest(struct cv_custody *c, uint64_t checkpoint, uint8_t digest[static CV_SHA256_BYTES],
                          struct cv_err *err)
{
    struct cv_buf bytes = { 0 };
    struct cv_note note = { 0 };
    cv_status st = cv_checkpoint_note_in(c, checkpoint, &bytes, err);
    st = CV_THEN(st, cv_note_parse(cv_buf_view(&bytes), &note, err));
    st = CV_THEN(st, cv_sha256(note.text, digest));
    cv_note_free(&note);
    cv_buf_free(&bytes);
    return st == CV_ERR_FORMAT ? CV_ERR_LOG : st;
}

/* refused(t, err): the authority's own answer; its free text is not repeated. */
static cv_status refused(const struct cv_timestamp *t, struct cv_err *err)
{
    return cv_fail(err, CV_ERR_FORMAT, "the authority did not grant the timestamp: status %ld%s%s", t->status,
                   t->failure != NULL ? ", " : "", t->failure != NULL ? t->failure : "");
}

/* judge(reply, digest, nonce, ca, out): a reply that has just come, in words that tell what is wrong with it.
 */
static cv_status judge(struct cv_bytes reply, const uint8_t digest[static CV_SHA256_BYTES],
                       struct cv_bytes nonce, struct cv_timestamp_ca *ca, struct cv_timestamp *out,
                       struct cv_err *err)
{
    cv_status st = cv_timestamp_read(reply, out);
    if (st == CV_ERR_FORMAT)
        return cv_fail(err, st, "the reply is no timestamp reply (RFC 3161), or it was cut off");
    if (st == CV_ERR_LIMIT)
        return cv_fail(err, st, "the reply is longer than %zu bytes", CV_TIMESTAMP_MAX_BYTES);
    if (st != CV_OK)
        return st;
    if (!out->granted)
        return refused(out, err);
    if (!out->sha256 || memcmp(out->imprint, digest, sizeof(out->imprint)) != 0)
        return cv_fail(err, CV_ERR_AUTH, "the timestamp is over something else than this checkpoint");
    st = cv_timestamp_verify(reply, digest, nonce, ca, CV_TIMESTAMP_NOW);
    st = CV_THEN(st, cv_timestamp_verify(reply, digest, nonce, ca, CV_TIMESTAMP_THEN));
    if (st == CV_ERR_AUTH)
        return cv_fail(err, st,
                       nonce.n > 0
                           ? "the timestamp does not verify: another request's, or not signed by a time "
                             "stamping authority that is valid today and chains to this CA"
                           : "the timestamp does not verify: not signed by a time stamping authority "
                             "that is valid today and chains to this CA");
    if (st == CV_OK && out->time > (int64_t)time(NULL) + CLOCKS_DIFFER)
        return cv_fail(err, CV_ERR_AUTH,
                       "the timestamp lies in the future by this machine's clock: one of the two is wrong");
    return st;
}

cv_status cv_stamp_keep(struct cv_vault *v, uint64_t checkpoint, struct cv_bytes reply, struct cv_bytes nonce,
                        struct cv_timestamp_ca *ca, struct cv_timestamp *out, struct cv_err *err)
{
    struct cv_attest a = { .checkpoint = checkpoint, .kind = CV_ATTEST_TIMESTAMP };
    uint8_t digest[CV_SHA256_BYTES];
    char detail[64];
    memset(out, 0, sizeof(*out));
    cv_status st = cv_stamp_digest(v->custody, checkpoint, digest, err);
    st = CV_THEN(st, judge(reply, digest, nonce, ca, out, err));
    st = CV_THEN(st, cv_base64_encode(CV_BASE64_STD, reply, &a.value));
    snprintf(detail, sizeof(detail), "timestamp of checkpoint %" PRIu64, checkpoint);
    st = CV_THEN(st, cv_attest_add(v, &a, detail, err));
    cv_attest_free(&a);
    return cv_err_note(err, st, "timestamp");
}

bool cv_stamp_bad(enum cv_stamp_verdict verdict)
{
    return verdict == CV_STAMP_OTHER || verdict == CV_STAMP_UNREADABLE;
}

/* ---- those that were kept ---- */

struct walk {
    struct cv_custody *custody;
    struct cv_timestamp_ca *ca;
    cv_stamp_fn fn;
    void *arg;
};

/* verdict_of(reply, digest, ca, s): everything but what OpenSSL judges stands in s->said already. */
static cv_status verdict_of(struct cv_bytes reply, const uint8_t digest[static CV_SHA256_BYTES],
                            struct cv_timestamp_ca *ca, struct cv_stamp *s)
{
    const struct cv_bytes any = { 0 };
    if (!s->said.granted)
        return CV_OK;
    if (!s->said.sha256 || memcmp(s->said.imprint, digest, sizeof(s->said.imprint)) != 0) {
        s->verdict = CV_STAMP_OTHER;
        return CV_OK;
    }
    cv_status st = cv_timestamp_verify(reply, digest, any, ca, CV_TIMESTAMP_THEN);
    if (st == CV_ERR_AUTH) {
        s->verdict = CV_STAMP_UNKNOWN;
        return CV_OK;
    }
    st = CV_THEN(st, cv_timestamp_verify(reply, digest, any, ca, CV_TIMESTAMP_NOW));
    if (st != CV_OK && st != CV_ERR_AUTH)
        return st;
    s->verdict = st == CV_OK ? CV_STAMP_HOLDS : CV_STAMP_EXPIRED;
    return CV_OK;
}

static cv_status on_attest(void *arg, uint64_t index, const struct cv_attest *a, struct cv_err *err)
{
    struct walk *w = arg;
    struct cv_stamp s = { .entry = index, .checkpoint = a->checkpoint, .verdict = CV_STAMP_UNREADABLE };
    struct cv_buf reply = { 0 };
    uint8_t digest[CV_SHA256_BYTES];
    if (a->kind != CV_ATTEST_TIMESTAMP)
        return CV_OK;
    cv_status st = cv_base64_decode(CV_BASE64_STD, cv_buf_view(&a->value), &reply);
    st = CV_THEN(st, cv_timestamp_read(cv_buf_view(&reply), &s.said));
    if (st == CV_OK) { /* an entry that is no checkpoint is that attestation's fault, damage is the log's */
        struct cv_err why = { 0 };
        st = cv_stamp_digest(w->custody, a->checkpoint, digest, &why);
        if (st != CV_OK && st != CV_ERR_NOTFOUND)
            st = cv_fail(err, st, "%s", why.msg);
        st = CV_THEN(st, verdict_of(cv_buf_view(&reply), digest, w->ca, &s));
    }
    cv_buf_free(&reply);
    if (st == CV_ERR_FORMAT || st == CV_ERR_LIMIT || st == CV_ERR_NOTFOUND)
        st = CV_OK;
    return CV_THEN(st, w->fn(w->arg, &s, err));
}

cv_status cv_stamps(struct cv_custody *c, struct cv_timestamp_ca *ca, cv_stamp_fn fn, void *arg,
                    struct cv_err *err)
{
    struct walk w = { c, ca, fn, arg };
    return cv_err_note(err, cv_attests_in(c, on_attest, &w, err), "timestamps");
}
