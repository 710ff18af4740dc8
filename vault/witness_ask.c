#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

#include "formats/words.h"
#include "vault/witness.h"

/* Between the one that reads what strangers send to a witness, and the one that has its key. Whatever the
 * first says is believed as little as a stranger: the second verifies the log's signature over what it would
 * cosign.
 */

/* To who has the key: ASK, packed; BAD: u16 code, L(why) of what was not well formed. Each is answered:
 * ANSWER: u16 code, u64 size, L(cosignature), L(why). */
enum frame { ASK = 1, BAD, ANSWER };
#define PATIENCE 2 /* seconds, for the rest of a frame */

static cv_status put_read(struct cv_channel *c, struct cv_bytes body)
{
    struct cv_witness_request r;
    struct cv_buf frame = { 0 };
    struct cv_err why = { 0 };
    cv_status st = cv_witness_request_parse(body, &r, &why);
    const bool good = st == CV_OK;
    if (good)
        st = cv_witness_request_pack(&r, &frame);
    else {
        st = cv_buf_u16(&frame, st == CV_ERR_FORMAT || st == CV_ERR_LIMIT ? 400 : 500);
        st = CV_THEN(st, cv_buf_field(&frame, cv_bytes_str(why.msg)));
    }
    st = CV_THEN(st, cv_channel_put(c, good ? ASK : BAD, cv_buf_view(&frame)));
    cv_witness_request_free(&r);
    cv_buf_free(&frame);
    return CV_THEN(st, cv_channel_flush(c));
}

/* take_bad(b, out): words of strangers, cut to their length. */
static cv_status take_bad(struct cv_bytes b, struct cv_witness_answer *out)
{
    struct cv_cursor at = { .rest = b };
    const unsigned code = cv_cursor_u16(&at);
    const struct cv_bytes why = cv_cursor_field(&at);
    if (at.bad || at.rest.n > 0 || (code != 400 && code != 500))
        return CV_ERR_FORMAT;
    out->code = code;
    (void)!cv_fail(&out->why, CV_ERR_FORMAT, "%.*s", (int)(why.n < 200 ? why.n : 200), (const char *)why.p);
    return CV_OK;
}

/* ---- the front ---- */

cv_status cv_witness_ask(struct cv_channel *keeper, struct cv_bytes body, struct cv_witness_answer *out)
{
    struct cv_bytes b;
    uint8_t kind = 0;
    *out = (struct cv_witness_answer){ .code = 500 };
    cv_status st = put_read(keeper, body);
    st = CV_THEN(st, cv_channel_get(keeper, &kind, &b));
    if (st != CV_OK || kind != ANSWER)
        return st == CV_ERR_NOMEM ? st : CV_ERR_IO;
    struct cv_cursor at = { .rest = b };
    out->code = cv_cursor_u16(&at);
    out->size = cv_cursor_u64(&at);
    st = cv_buf_append(&out->line, cv_cursor_field(&at));
    const struct cv_bytes why = cv_cursor_field(&at);
    (void)!cv_fail(&out->why, CV_ERR_DENIED, "%.*s", (int)why.n, (const char *)why.p);
    return at.bad ? CV_ERR_IO : st;
}

cv_status cv_witness_front(int fd, struct cv_confined *out, struct cv_err *err)
{
    static size_t places;
    const struct cv_confined_work work = { .before = cv_witness_clients_max,
                                           .work = cv_witness_clients,
                                           .arg = &places,
                                           .what = CV_SANDBOX_SERVE,
                                           .keep = fd };
    return cv_confined_start(&work, out, err);
}

/* ---- who has the key ---- */

static cv_status put_answer(struct cv_channel *c, const struct cv_witness_answer *a)
{
    struct cv_buf frame = { 0 };
    cv_status st = cv_buf_u16(&frame, (uint16_t)a->code);
    st = CV_THEN(st, cv_buf_u64(&frame, a->size));
    st = CV_THEN(st, cv_buf_field(&frame, cv_buf_view(&a->line)));
    st = CV_THEN(st, cv_buf_field(&frame, cv_bytes_str(a->code == 500 ? "" : a->why.msg)));
    st = CV_THEN(st, cv_channel_put(c, ANSWER, cv_buf_view(&frame)));
    cv_buf_free(&frame);
    return CV_THEN(st, cv_channel_flush(c));
}

cv_status cv_witness_serve(struct cv_confined *front, const struct cv_witness *w,
                           const struct cv_note_key *logs, size_t count, cv_witness_say_fn say, void *arg,
                           struct cv_err *err)
{
    /* A front that was taken over does not keep us waiting in the middle of a frame. */
    const struct timeval patience = { .tv_sec = PATIENCE };
    cv_status st = CV_OK;
    if (setsockopt(front->channel.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) != 0 ||
        setsockopt(front->channel.fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) != 0)
        st = CV_ERR_IO;
    while (st == CV_OK && !cv_witness_told_to_end()) {
        struct pollfd p = { .fd = front->channel.fd, .events = POLLIN };
        struct cv_witness_answer a = { .code = 500 };
        struct cv_bytes b;
        uint8_t kind = 0;
        const int ready = poll(&p, 1, 1000);
        if (ready <= 0) {
            st = ready == 0 || errno == EINTR ? CV_OK : CV_ERR_IO;
            continue;
        }
        st = cv_confined_get(front, &kind, &b);
        if (st != CV_OK)
            break;
        const time_t now = time(NULL);
        if (kind == ASK)
            cv_witness_answer(w, logs, count, b, now > 0 ? (uint64_t)now : 0, &a);
        else
            st = kind == BAD ? take_bad(b, &a) : CV_ERR_FORMAT;
        if (st == CV_OK) {
            say(arg, &a);
            st = put_answer(&front->channel, &a);
        }
        cv_witness_answer_free(&a);
    }
    const bool over = cv_witness_told_to_end();
    st = cv_confined_end(front, _("a request"),
                         over                    ? CV_ERR_EXISTS
                         : st == CV_ERR_NOTFOUND ? CV_OK
                                                 : st,
                         err);
    return over ? CV_OK : st;
}

/* ---- one request ---- */

static cv_status read_one(void *arg, struct cv_channel *c, struct cv_err *err)
{
    (void)err;
    return put_read(c, *(const struct cv_bytes *)arg);
}

cv_status cv_witness_read(struct cv_bytes body, struct cv_buf *packed, struct cv_witness_answer *out,
                          struct cv_err *err)
{
    const struct cv_confined_work work = { .work = read_one, .arg = &body, .keep = -1 };
    struct cv_confined apart;
    struct cv_bytes b;
    uint8_t kind = 0;
    *out = (struct cv_witness_answer){ 0 };
    cv_status st = cv_confined_start(&work, &apart, err);
    if (st != CV_OK)
        return st;
    st = cv_confined_get(&apart, &kind, &b);
    if (st == CV_OK)
        st = kind == ASK ? cv_buf_append(packed, b) : kind == BAD ? take_bad(b, out) : CV_ERR_INTERNAL;
    const bool came = st == CV_OK;
    st = cv_confined_end(&apart, _("the request"), st == CV_ERR_NOTFOUND ? CV_OK : st, err);
    return st == CV_OK && !came ? CV_ERR_INTERNAL : st;
}
