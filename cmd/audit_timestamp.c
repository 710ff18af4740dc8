#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "cmd/cmd.h"
#include "cmd/post.h"
#include "crypto/random.h"
#include "vault/stamp.h"

/* audit timestamp: an authority outside confirms by when the log had come so far (RFC 3161). Asking and
 * verifying need no key; keeping writes to the log. */

#define QUERY_TYPE "application/timestamp-query" /* RFC 3161, section 3.4 */
#define REPLY_TYPE "application/timestamp-reply"
#define SECONDS_DEFAULT 30
#define SECONDS_MAX 600

/* ---- what they share ---- */

/* open_ca(ui, path, out): the certificates of --ca. */
static cv_status open_ca(struct cv_ui *ui, const char *path, struct cv_timestamp_ca **out)
{
    struct cv_buf pem = { 0 };
    *out = NULL;
    if (path == NULL)
        return cv_fail(&ui->err, CV_ERR_ARG,
                       "whom do you believe? Name the certificate of the authority's CA with --ca FILE");
    cv_status st = cv_ui_read_file(ui, path, CV_TIMESTAMP_CA_MAX_BYTES, &pem);
    st = CV_THEN(st, cv_timestamp_ca_new(cv_buf_view(&pem), out));
    if (st == CV_ERR_FORMAT)
        st = cv_fail(&ui->err, st, "%.160s: holds no certificates in PEM, or a damaged one", path);
    cv_buf_free(&pem);
    return cv_err_note(&ui->err, st, "--ca");
}

/* request_for(ui, c, checkpoint, nonce, out): a query for this checkpoint. */
static cv_status request_for(struct cv_ui *ui, struct cv_custody *c, uint64_t checkpoint,
                             uint8_t nonce[static CV_TIMESTAMP_NONCE_BYTES], struct cv_buf *out)
{
    uint8_t digest[CV_SHA256_BYTES];
    cv_status st = cv_stamp_digest(c, checkpoint, digest, &ui->err);
    st = CV_THEN(st, cv_random(nonce, CV_TIMESTAMP_NONCE_BYTES));
    return CV_THEN(st, cv_timestamp_request(digest, nonce, out));
}

/* time_text(t, out): as RFC 3339 in UTC. */
static void time_text(int64_t t, char out[static 32])
{
    const time_t at = (time_t)t;
    struct tm tm;
    if (gmtime_r(&at, &tm) == NULL || strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        snprintf(out, 32, "-");
}

static cv_status set_count(struct cv_json *o, const char *name, uint64_t n)
{
    return cv_json_set(o, name, cv_json_int((int64_t)n));
}

/* stamp_json(ui, s, verdict): one timestamp, for programs. */
static cv_status stamp_json(const struct cv_ui *ui, const struct cv_stamp *s, const char *verdict)
{
    char when[32];
    struct cv_json *o = cv_json_object();
    time_text(s->said.time, when);
    cv_status st = set_count(o, "checkpoint", s->checkpoint);
    if (s->entry > 0)
        st = CV_THEN(st, set_count(o, "entry", s->entry));
    st = CV_THEN(st, cv_json_set(o, "holds", cv_json_bool(s->verdict <= CV_STAMP_EXPIRED)));
    st = CV_THEN(st, cv_json_set(o, "verdict", cv_json_str(verdict)));
    if (s->said.granted) {
        st = CV_THEN(st, cv_json_set(o, "time", cv_json_str(when)));
        st = CV_THEN(st, set_count(o, "accuracy", s->said.accuracy));
        st = CV_THEN(st, cv_json_set(o, "authority", cv_json_str(s->said.authority)));
    }
    st = CV_THEN(st, cv_ui_answer(ui, o));
    cv_json_free(o);
    return st;
}

/* print_line(column, line, t, claims): what follows up to there, and in brackets the authority as its
 * certificate names it: somebody else's words, so whatever a narrow terminal breaks is indented. */
static cv_status print_line(size_t column, struct cv_buf *line, const struct cv_timestamp *t, bool claims)
{
    cv_status st = CV_OK;
    if (t->authority[0] != '\0')
        st = claims ? cv_buf_printf(line, _(" (it claims to be of %s)"), t->authority)
                    : cv_buf_printf(line, "%s(%s)", line->n > 0 ? " " : "", t->authority);
    if (st == CV_OK)
        cv_text_print(cv_buf_view(line), column, 4);
    return st;
}

/* kept(ui, checkpoint, said): after it stands in the log. */
static cv_status kept(const struct cv_ui *ui, uint64_t checkpoint, const struct cv_timestamp *said)
{
    char when[32], shown[CV_MOMENT_BYTES];
    struct cv_buf line = { 0 };
    const struct cv_stamp s = { .checkpoint = checkpoint, .verdict = CV_STAMP_HOLDS, .said = *said };
    if (ui->json)
        return stamp_json(ui, &s, "holds");
    time_text(said->time, when);
    const size_t column = cv_text_lead("Kept: the log up to checkpoint %" PRIu64 " existed by %s", checkpoint,
                                       cv_locale_moment(when, shown));
    cv_status st = print_line(column, &line, said, false);
    cv_buf_free(&line);
    return st;
}

/* ---- request ---- */

struct request_args {
    uint64_t checkpoint;
    const char *out;
};
static const struct cv_opt request_opts[] = {
    { "checkpoint", 'c', "N", "the entry of this checkpoint (else the last one)",
      offsetof(struct request_args, checkpoint), CV_OPT_COUNT },
    { "output", 'o', "FILE", "write the request there (else checkpoint-N.tsq)",
      offsetof(struct request_args, out), CV_OPT_TEXT },
    { 0 },
};

static cv_status request_said(const struct cv_ui *ui, uint64_t checkpoint, const char *path)
{
    if (ui->json) {
        struct cv_json *o = cv_json_object();
        cv_status st = set_count(o, "checkpoint", checkpoint);
        st = CV_THEN(st, cv_json_set(o, "file", cv_json_str(path)));
        st = CV_THEN(st, cv_ui_answer(ui, o));
        cv_json_free(o);
        return st;
    }
    cv_ui_say(ui,
              "%s: a request for checkpoint %" PRIu64 ". What the authority answers is kept with\n"
              "`audit timestamp keep --checkpoint %" PRIu64 " --ca CA.pem FILE`.",
              path, checkpoint, checkpoint);
    return CV_OK;
}

static cv_status run_request(struct cv_ui *ui, const void *args)
{
    const struct request_args *a = args;
    struct cv_custody *c = NULL;
    struct cv_buf query = { 0 };
    uint8_t nonce[CV_TIMESTAMP_NONCE_BYTES];
    char name[64];
    cv_status st = cv_ui_open_log(ui, &c);
    const uint64_t checkpoint = a->checkpoint > 0 ? a->checkpoint : st == CV_OK ? cv_stamp_last(c) : 0;
    snprintf(name, sizeof(name), "checkpoint-%" PRIu64 ".tsq", checkpoint);
    const char *path = a->out != NULL ? a->out : name;
    st = CV_THEN(st, request_for(ui, c, checkpoint, nonce, &query));
    st = CV_THEN(st, cv_ui_write_file(ui, path, cv_buf_view(&query)));
    if (st == CV_OK && strcmp(path, "-") != 0)
        st = request_said(ui, checkpoint, path);
    cv_buf_free(&query);
    cv_custody_close(c);
    return st;
}

const struct cv_cmd cv_cmd_audit_timestamp_request = {
    .name = "audit timestamp request",
    .synopsis = "[--checkpoint N] [-o FILE]",
    .summary = "ask for a timestamp of the log: make the request (RFC 3161)",
    .details =
        "It holds a hash and a random number, and tells nothing of the vault. Needs no key. Give it to a "
        "time "
        "stamping authority, and put what it answers into the log with `audit timestamp keep`; or have "
        "`audit timestamp get` do all of it. docs/TIMESTAMP.md tells what a timestamp proves.",
    .opts = request_opts,
    .args_bytes = sizeof(struct request_args),
    .run = run_request,
};

/* ---- keep ---- */

struct keep_args {
    uint64_t checkpoint;
    const char *ca;
};
static const struct cv_opt keep_opts[] = {
    { "checkpoint", 'c', "N", "the entry of the checkpoint that was asked for",
      offsetof(struct keep_args, checkpoint), CV_OPT_COUNT },
    { "ca", 0, "FILE", "the certificate of the authority's CA, in PEM", offsetof(struct keep_args, ca),
      CV_OPT_TEXT },
    { 0 },
};

static cv_status run_keep(struct cv_ui *ui, const void *args)
{
    const struct keep_args *a = args;
    struct cv_opened o = { 0 };
    struct cv_timestamp_ca *ca = NULL;
    struct cv_timestamp said;
    struct cv_buf reply = { 0 };
    if (a->checkpoint == 0)
        return cv_fail(&ui->err, CV_ERR_ARG, "which checkpoint was asked for? Name it with --checkpoint N");
    cv_status st = open_ca(ui, a->ca, &ca);
    st = CV_THEN(st, cv_ui_read_file(ui, ui->words.w[0], CV_TIMESTAMP_MAX_BYTES, &reply));
    st = CV_THEN(st, cv_ui_open(ui, &o));
    st = CV_THEN(st, cv_stamp_keep(o.vault, a->checkpoint, cv_buf_view(&reply), (struct cv_bytes){ 0 }, ca,
                                   &said, &ui->err));
    st = CV_THEN(st, kept(ui, a->checkpoint, &said));
    cv_ui_close(&o);
    cv_buf_free(&reply);
    cv_timestamp_ca_free(ca);
    return st;
}

const struct cv_cmd cv_cmd_audit_timestamp_keep = {
    .name = "audit timestamp keep",
    .synopsis = "--checkpoint N --ca FILE REPLY",
    .summary = "verify an authority's reply and put it into the log",
    .details = "Whatever does not verify is not kept: another hash, a certificate that is not for time "
               "stamping, has "
               "expired, or does not chain to that CA. Any member may do so.",
    .opts = keep_opts,
    .args_bytes = sizeof(struct keep_args),
    .words_min = 1,
    .words_max = 1,
    .run = run_keep,
};

/* ---- get ---- */

struct get_args {
    uint64_t checkpoint, seconds;
    const char *url, *ca;
};
static const struct cv_opt get_opts[] = {
    { "url", 0, "URL", "the authority's address, http://...", offsetof(struct get_args, url), CV_OPT_TEXT },
    { "ca", 0, "FILE", "the certificate of the authority's CA, in PEM", offsetof(struct get_args, ca),
      CV_OPT_TEXT },
    { "checkpoint", 'c', "N", "the entry of this checkpoint (else the last one)",
      offsetof(struct get_args, checkpoint), CV_OPT_COUNT },
    { "timeout", 0, "SECONDS", "how long to wait for the answer (else 30)",
      offsetof(struct get_args, seconds), CV_OPT_COUNT },
    { 0 },
};

static cv_status check_get(struct cv_ui *ui, const struct get_args *a)
{
    if (a->url == NULL)
        return cv_fail(&ui->err, CV_ERR_ARG, "who is asked? Name the authority's address with --url URL");
    if (a->seconds > SECONDS_MAX)
        return cv_fail(&ui->err, CV_ERR_ARG, "--timeout is at most %d seconds", SECONDS_MAX);
    return CV_OK;
}

static cv_status run_get(struct cv_ui *ui, const void *args)
{
    const struct get_args *a = args;
    const struct cv_post post = { .url = a->url,
                                  .type = QUERY_TYPE,
                                  .want = REPLY_TYPE,
                                  .seconds = a->seconds > 0 ? a->seconds : SECONDS_DEFAULT,
                                  .max = CV_TIMESTAMP_MAX_BYTES };
    struct cv_opened o = { 0 };
    struct cv_timestamp_ca *ca = NULL;
    struct cv_timestamp said;
    struct cv_buf query = { 0 }, reply = { 0 };
    uint8_t nonce[CV_TIMESTAMP_NONCE_BYTES];
    uint64_t checkpoint = a->checkpoint;
    cv_status st = check_get(ui, a);
    st = CV_THEN(st, open_ca(ui, a->ca, &ca));
    st = CV_THEN(st, cv_ui_open(ui, &o));
    if (st == CV_OK && checkpoint == 0)
        checkpoint = cv_stamp_last(o.vault->custody);
    st = CV_THEN(st, request_for(ui, o.vault->custody, checkpoint, nonce, &query));
    st = CV_THEN(st, cv_post(ui, &post, cv_buf_view(&query), &reply));
    st = CV_THEN(st,
                 cv_stamp_keep(o.vault, checkpoint, cv_buf_view(&reply), CV_ARR(nonce), ca, &said, &ui->err));
    st = CV_THEN(st, kept(ui, checkpoint, &said));
    cv_ui_close(&o);
    cv_buf_free(&query);
    cv_buf_free(&reply);
    cv_timestamp_ca_free(ca);
    return st;
}

const struct cv_cmd cv_cmd_audit_timestamp_get = {
    .name = "audit timestamp get",
    .synopsis = "--url URL --ca FILE [--checkpoint N] [--timeout SECONDS]",
    .summary = "request a timestamp over the network and keep it",
    .details = "The program curl asks, without a proxy and without following anybody elsewhere. http:// is "
               "enough: the "
               "answer is signed, and what is asked is a hash. Whoever watches the line sees that you asked.",
    .opts = get_opts,
    .args_bytes = sizeof(struct get_args),
    .run = run_get,
};

/* ---- verify ---- */

struct verify_args {
    const char *ca;
};
static const struct cv_opt verify_opts[] = {
    { "ca", 0, "FILE", "certificates of the authorities' CAs, one after another, in PEM",
      offsetof(struct verify_args, ca), CV_OPT_TEXT },
    { 0 },
};

struct verifying {
    struct cv_ui *ui;
    uint64_t count, unknown, bad, first_bad;
};

static const char *const verdicts[] = {
    [CV_STAMP_HOLDS] = N_("holds"),
    [CV_STAMP_EXPIRED] =
        N_("holds by its own time; the certificates have expired since, or are no longer valid"),
    [CV_STAMP_UNKNOWN] = N_("NOT VERIFIED: not signed by an authority that chains to this CA"),
    [CV_STAMP_OTHER] = N_("FALSE: it is over something else than this checkpoint"),
    [CV_STAMP_UNREADABLE] = N_("FALSE: it is no timestamp of a checkpoint"),
};
static const char *const verdict_words[] = {
    [CV_STAMP_HOLDS] = "holds",           [CV_STAMP_EXPIRED] = "expired",
    [CV_STAMP_UNKNOWN] = "unverified",    [CV_STAMP_OTHER] = "other_checkpoint",
    [CV_STAMP_UNREADABLE] = "unreadable",
};

/* print_stamp(s): one line. */
static cv_status print_stamp(const struct cv_stamp *s)
{
    char when[32], shown[CV_MOMENT_BYTES];
    struct cv_buf line = { 0 };
    cv_status st = CV_OK;
    const size_t column = cv_text_lead("checkpoint %" PRIu64 ",", s->checkpoint);
    time_text(s->said.time, when);
    if (s->said.granted)
        st = CV_THEN(st, cv_buf_str(&line, cv_locale_moment(when, shown)));
    if (s->said.accuracy > 0)
        st = CV_THEN(st, cv_buf_printf(&line, _(" (give or take %" PRIu32 " s)"), s->said.accuracy));
    st = CV_THEN(st, cv_buf_str(&line, s->said.granted || s->said.accuracy > 0 ? ", " : ""));
    st = CV_THEN(st,
                 cv_buf_printf(&line, _("kept as entry %" PRIu64 ": %s"), s->entry, _(verdicts[s->verdict])));
    st = CV_THEN(st, print_line(column, &line, &s->said, s->verdict > CV_STAMP_EXPIRED));
    cv_buf_free(&line);
    return st;
}

/* on_stamp: a cv_stamp_fn. */
static cv_status on_stamp(void *arg, const struct cv_stamp *s, struct cv_err *err)
{
    struct verifying *v = arg;
    (void)err;
    v->count++;
    v->unknown += s->verdict == CV_STAMP_UNKNOWN;
    if (cv_stamp_bad(s->verdict) && v->bad++ == 0)
        v->first_bad = s->entry;
    return v->ui->json ? stamp_json(v->ui, s, verdict_words[s->verdict]) : print_stamp(s);
}

static cv_status run_verify(struct cv_ui *ui, const void *args)
{
    const struct verify_args *a = args;
    struct verifying v = { .ui = ui };
    struct cv_custody *c = NULL;
    struct cv_timestamp_ca *ca = NULL;
    cv_status st = open_ca(ui, a->ca, &ca);
    st = CV_THEN(st, cv_ui_open_log(ui, &c));
    st = CV_THEN(st, cv_stamps(c, ca, on_stamp, &v, &ui->err));
    if (st == CV_OK && v.bad > 0)
        st = cv_fail_n(&ui->err, CV_ERR_LOG, v.bad,
                       "entry %" PRIu64 " is a false timestamp; %" PRIu64 " of %" PRIu64 " is false",
                       "entry %" PRIu64 " is a false timestamp; %" PRIu64 " of %" PRIu64 " are false",
                       v.first_bad, v.bad, v.count);
    if (st == CV_OK && v.unknown > 0)
        st = cv_fail_n(&ui->err, CV_ERR_AUTH, v.count,
                       "%" PRIu64 " of %" PRIu64 " timestamp does not verify against this CA",
                       "%" PRIu64 " of %" PRIu64 " timestamps do not verify against this CA", v.unknown,
                       v.count);
    if (st == CV_OK && v.count == 0)
        st = cv_fail(&ui->err, CV_ERR_NOTFOUND, "there is no timestamp in this log");
    cv_custody_close(c);
    cv_timestamp_ca_free(ca);
    return st;
}

const struct cv_cmd cv_cmd_audit_timestamp_verify = {
    .name = "audit timestamp verify",
    .synopsis = "--ca FILE",
    .summary = "verify every timestamp in the log",
    .details = "Says of each which checkpoint it is for, its time, and whether it holds. The log up to that "
               "checkpoint "
               "existed by that time. Needs no key. Exit status 14 where one is false, or does not verify "
               "against the CA; "
               "1 where there is none.",
    .opts = verify_opts,
    .args_bytes = sizeof(struct verify_args),
    .run = run_verify,
};
