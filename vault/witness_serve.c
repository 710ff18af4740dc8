#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "formats/http.h"
#include "vault/places.h"
#include "vault/witness.h"

/* Requests are judged one at a time; that many clients may be connected at once, and the others wait in the
 * kernel's queue. A request must be whole some seconds after its first byte, an answer must be taken, and a
 * connection that is silent ends; when all places are taken, the one that was silent longest makes room. */
#define CLIENTS_MAX 2048
#define REQUEST_SECONDS 10
#define ANSWER_SECONDS 10
#define IDLE_SECONDS 60
#define SILENT_SECONDS 1
#define HEARD_MAX ((size_t)32 << 20) /* bytes of unfinished requests, of all clients together */
#define ADD_CHECKPOINT "/add-checkpoint"
#define PLAIN "text/plain; charset=utf-8"

struct client {
    int fd; /* -1: a free place */
    struct cv_buf in, out;
    size_t sent;
    bool going;     /* it had what it was told to wait for */
    bool last;      /* the connection ends with the answer */
    uint64_t since; /* of its last progress */
    uint64_t began; /* of the request under way */
};

struct serving {
    struct cv_channel *keeper; /* who has the key */
    bool alone;                /* it is gone */
    size_t heard, places;      /* places: how many clients there may be at once */
    bool full;                 /* the system has no descriptor left: wait before the next try */
    struct client clients[CLIENTS_MAX];
};

static uint64_t now(void)
{
    struct timespec t;
    return clock_gettime(CLOCK_MONOTONIC, &t) == 0 ? (uint64_t)t.tv_sec : UINT64_MAX;
}

/* ---- answering ---- */

/* say_plain(c, code, extra, text): a line of text; after what may not have been understood, the connection
 * ends. */
static cv_status say_plain(struct client *c, unsigned code, const char *extra, const char *text)
{
    char line[300];
    snprintf(line, sizeof(line), "%.280s\n", text);
    return cv_http_answer(code, PLAIN, extra, cv_bytes_str(line), c->last, &c->out);
}

static cv_status judge(struct serving *s, struct client *c, struct cv_bytes body)
{
    struct cv_witness_answer a;
    char size[32];
    cv_status st = cv_witness_ask(s->keeper, body, &a);
    s->alone = st != CV_OK;
    if (st != CV_OK)
        return st;
    snprintf(size, sizeof(size), "%llu\n", (unsigned long long)a.size);
    if (a.code == 200)
        st = cv_http_answer(200, PLAIN, NULL, cv_buf_view(&a.line), c->last, &c->out);
    else if (a.code == 409)
        st = cv_http_answer(409, "text/x.tlog.size", NULL, cv_bytes_str(size), c->last, &c->out);
    else /* of its own files it tells nobody */
        st = say_plain(c, a.code, NULL, a.code == 500 ? "this witness cannot do its work" : a.why.msg);
    cv_witness_answer_free(&a);
    return st;
}

/* answer(s, c, r): to a whole request. */
static cv_status answer(struct serving *s, struct client *c, const struct cv_http_request *r)
{
    c->last = c->last || r->close;
    if (strcmp(r->method, "POST") != 0) {
        c->last = true; /* what asks for no body may not know where this one ends */
        return say_plain(c, 405, "Allow: POST\r\n", "this wants a POST");
    }
    if (strcmp(r->target, ADD_CHECKPOINT) != 0)
        return say_plain(c, 404, NULL, "there is nothing but POST " ADD_CHECKPOINT);
    if (!r->length)
        return say_plain(c, 411, NULL, "this wants a Content-Length");
    return judge(s, c, CV_BYTES(c->in.p + r->head, r->body));
}

/* forget(s, c, n): what was answered, of what came. */
static cv_status forget(struct serving *s, struct client *c, size_t n)
{
    struct cv_buf rest = { 0 };
    cv_status st = cv_buf_append(&rest, CV_BYTES(c->in.p + n, c->in.n - n));
    s->heard -= n;
    cv_buf_free(&c->in);
    c->in = rest;
    c->going = false;
    c->began = now();
    return st;
}

/* take(s, c): answer the next request, if it is whole and the answer before it is on its way. */
static cv_status take(struct serving *s, struct client *c)
{
    struct cv_http_request r;
    if (c->in.n == 0 || c->out.n > 0 || c->last)
        return CV_OK;
    const unsigned code = cv_http_parse(cv_buf_view(&c->in), CV_WITNESS_REQUEST_MAX, &r);
    if (code == 0)
        return CV_OK;
    if (code != 200) {
        c->last = true;
        return say_plain(c, code, NULL, "this request cannot be taken");
    }
    if (c->in.n >= r.head + r.body) {
        cv_status st = answer(s, c, &r);
        return CV_THEN(st, forget(s, c, r.head + r.body));
    }
    if (!r.expect || c->going)
        return CV_OK;
    c->going = true;
    return cv_buf_str(&c->out, "HTTP/1.1 100 Continue\r\n\r\n");
}

/* ---- clients ---- */

static void drop(struct serving *s, struct client *c)
{
    if (c->fd >= 0)
        close(c->fd);
    s->heard -= c->in.n;
    cv_buf_free(&c->in);
    cv_buf_free(&c->out);
    *c = (struct client){ .fd = -1 };
}

/* flush_out(c): as much as the client takes. */
static cv_status flush_out(struct client *c)
{
    while (c->sent < c->out.n) {
        const ssize_t k = send(c->fd, c->out.p + c->sent, c->out.n - c->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0 && errno == EAGAIN)
            return CV_OK;
        if (k <= 0)
            return CV_ERR_IO;
        c->sent += (size_t)k;
        c->since = now();
    }
    if (c->out.n == 0)
        return CV_OK;
    cv_buf_truncate(&c->out, 0);
    c->sent = 0;
    if (c->last)
        shutdown(c->fd, SHUT_WR); /* so that what it still sends does not take the answer away from it */
    return CV_OK;
}

/* go_on(s, c): answer what is there, one request after another, as far as answers are taken. */
static cv_status go_on(struct serving *s, struct client *c)
{
    cv_status st;
    do {
        st = take(s, c);
        const bool answered = c->out.n > 0;
        st = CV_THEN(st, flush_out(c));
        if (!answered)
            break;
    } while (st == CV_OK && c->out.n == 0);
    return st;
}

/* hear(s, c): what it has sent. */
static cv_status hear(struct serving *s, struct client *c)
{
    uint8_t bytes[16384];
    const ssize_t k = recv(c->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (k < 0 && (errno == EINTR || errno == EAGAIN))
        return CV_OK;
    if (k <= 0)
        return CV_ERR_IO;
    if (c->last) /* it was answered for good: until it ends too, it is only heard */
        return CV_OK;
    c->since = now();
    if (c->in.n == 0)
        c->began = c->since;
    /* More than one request may be on its way, but not without end. */
    c->in.max = CV_HTTP_HEAD_MAX + CV_WITNESS_REQUEST_MAX + sizeof(bytes);
    cv_status st =
        s->heard + (size_t)k > HEARD_MAX ? CV_ERR_LIMIT : cv_buf_append(&c->in, CV_BYTES(bytes, (size_t)k));
    s->heard += st == CV_OK ? (size_t)k : 0;
    return CV_THEN(st, go_on(s, c));
}

/* welcome(s, listener): new clients, into free places. */
static void welcome(struct serving *s, int listener)
{
    for (size_t i = 0; i < s->places; i++) {
        if (s->clients[i].fd >= 0)
            continue;
        const int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) {
            s->full = errno == EMFILE || errno == ENFILE;
            return;
        }
        s->clients[i] = (struct client){ .fd = fd, .since = now() };
    }
}

/* watch(s, listener, fds): what to wait for. */
static nfds_t watch(struct serving *s, int listener, struct pollfd *fds)
{
    nfds_t n = 0;
    bool room = false;
    for (size_t i = 0; i < s->places; i++) {
        room = room || s->clients[i].fd < 0;
        fds[n++] =
            (struct pollfd){ .fd = s->clients[i].fd, .events = s->clients[i].out.n > 0 ? POLLOUT : POLLIN };
    }
    fds[n++] = (struct pollfd){ .fd = room && !s->full ? listener : -1, .events = POLLIN };
    s->full = false;
    return n;
}

/* late(c): what it stands in the middle of has taken too long. */
static cv_status late(struct client *c)
{
    const uint64_t t = now();
    if (c->out.n > 0 || c->last)
        return t - c->since > ANSWER_SECONDS ? CV_ERR_IO : CV_OK;
    if (c->in.n == 0)
        return t - c->since > IDLE_SECONDS ? CV_ERR_IO : CV_OK;
    if (t - c->began <= REQUEST_SECONDS)
        return CV_OK;
    c->last = true;
    c->since = t;
    cv_status st = say_plain(c, 408, NULL, "this request took too long");
    return CV_THEN(st, flush_out(c));
}

static void serve_client(struct serving *s, struct client *c, short events)
{
    cv_status st = CV_OK;
    if ((events & POLLOUT) != 0) {
        st = flush_out(c);
        if (c->out.n == 0)
            st = CV_THEN(st, go_on(s, c));
    } else if ((events & (POLLIN | POLLHUP | POLLERR)) != 0)
        st = hear(s, c);
    if (CV_THEN(st, late(c)) != CV_OK)
        drop(s, c);
}

/* make_room(s): when every place is taken, or no descriptor is left, the one that was silent longest makes
 * room. */
static void make_room(struct serving *s)
{
    struct client *oldest = NULL;
    for (size_t i = 0; i < s->places; i++) {
        if (s->clients[i].fd < 0 && !s->full)
            return;
        if (s->clients[i].fd >= 0 && (oldest == NULL || s->clients[i].since < oldest->since))
            oldest = &s->clients[i];
    }
    if (oldest != NULL && now() - oldest->since > SILENT_SECONDS)
        drop(s, oldest);
}

cv_status cv_witness_clients_max(void *arg, struct cv_channel *keeper, struct cv_err *err)
{
    size_t *places = arg;
    (void)keeper;
    (void)err;
    *places = cv_places(CLIENTS_MAX);
    return CV_OK;
}

cv_status cv_witness_clients(void *arg, struct cv_channel *keeper, struct cv_err *err)
{
    const size_t *places = arg;
    const int listener = CV_CONFINED_KEPT;
    struct serving *s = calloc(1, sizeof(*s));
    struct pollfd *fds = calloc(CLIENTS_MAX + 1, sizeof(*fds));
    cv_status st = s == NULL || fds == NULL ? CV_ERR_NOMEM : CV_OK;
    if (st == CV_OK) {
        *s = (struct serving){ .keeper = keeper, .places = *places };
        for (size_t i = 0; i < s->places; i++)
            s->clients[i].fd = -1;
    }
    while (st == CV_OK && !s->alone && !cv_witness_told_to_end()) {
        const nfds_t n = watch(s, listener, fds);
        if (poll(fds, n, 1000) < 0) {
            st = errno == EINTR ? CV_OK : CV_ERR_IO;
            continue; /* what stands in fds is of before */
        }
        for (size_t i = 0; i < s->places; i++)
            if (s->clients[i].fd >= 0)
                serve_client(s, &s->clients[i], fds[i].revents);
        if ((fds[s->places].revents & POLLIN) != 0)
            welcome(s, listener);
        make_room(s);
    }
    for (size_t i = 0; s != NULL && fds != NULL && i < s->places; i++)
        drop(s, &s->clients[i]);
    free(s);
    free(fds);
    return cv_err_note(err, st, "witness");
}
