#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "vault/agent.h"
#include "vault/places.h"

/* Only so many are served at once; the others wait in the kernel's queue until a place is free. One that
 * stands in the middle of something for long loses its place, and when all are taken, the one that was silent
 * longest. */
#define CLIENTS_MAX 2048
#define QUEUE 4096
#define HUNG_SECONDS 5
#define SILENT_SECONDS 1
#define HEARD_MAX ((size_t)32 << 20) /* bytes of unfinished questions, of all clients together */

struct client {
    int fd; /* -1: a free place */
    struct cv_buf in, out;
    size_t sent;
    uint64_t since; /* of its last progress */
};

struct serving {
    const struct cv_identity *id;
    struct cv_agent_life life;
    uint64_t started, asked; /* when; seconds that also pass while the machine sleeps */
    size_t heard, places;    /* places: how many clients there may be at once */
    bool lock;
    struct client clients[CLIENTS_MAX];
};

static uint64_t now(void)
{
    struct timespec t;
    return clock_gettime(CLOCK_BOOTTIME, &t) == 0 ? (uint64_t)t.tv_sec : UINT64_MAX;
}

/* left(s): seconds until it must forget; 0 when it must now. */
static struct cv_agent_left left(const struct serving *s)
{
    const uint64_t t = now(), idle = t - s->asked, age = t - s->started;
    struct cv_agent_left l = { idle < s->life.idle ? s->life.idle - idle : 0,
                               age < s->life.most ? s->life.most - age : 0 };
    if (l.most < l.idle)
        l.idle = l.most;
    return l;
}

/* ---- listening ---- */

static volatile sig_atomic_t told;

static void on_signal(int sig)
{
    told = sig;
}

/* hear_signals(): before anybody may know of us, so that none of them leaves a dead socket behind. */
static void hear_signals(void)
{
    const struct sigaction act = { .sa_handler = on_signal };
    sigaction(SIGHUP, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGINT, &act, NULL);
}

cv_status cv_agent_listen(const char *path, int *fd, struct cv_err *err)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    struct cv_identity other;
    *fd = -1;
    cv_status st = cv_agent_connect(path, &other, NULL, NULL);
    cv_identity_free(&other);
    if (st == CV_OK)
        return cv_fail(err, CV_ERR_EXISTS, "it is unlocked already; `casevault lock` first");
    if (snprintf(at.sun_path, sizeof(at.sun_path), "%s.%d", path, (int)getpid()) >= (int)sizeof(at.sun_path))
        return cv_fail(err, CV_ERR_LIMIT, "agent: path too long");
    const int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s < 0)
        return cv_fail_errno(err, "agent: no socket");
    hear_signals();
    unlink(at.sun_path);
    const mode_t old = umask(0177);
    const int failed = bind(s, (const struct sockaddr *)&at, sizeof(at));
    umask(old);
    /* Listening before it has its name: who finds it is answered. */
    if (failed == 0 && listen(s, QUEUE) == 0 && rename(at.sun_path, path) == 0) {
        *fd = s;
        return CV_OK;
    }
    st = cv_fail_errno(err, "%s: cannot listen there", path);
    unlink(at.sun_path);
    close(s);
    return st;
}

/* ---- answering ---- */

static cv_status answer_hello(const struct serving *s, struct cv_buf *out)
{
    const struct cv_agent_left l = left(s);
    return cv_buf_printf(out, "%s\n%llu %llu", s->id->public.line, (unsigned long long)l.idle,
                         (unsigned long long)l.most);
}

/* answer_secret(st, secret, out): and wipe it. */
static cv_status answer_secret(cv_status st, struct cv_secret *secret, struct cv_buf *out)
{
    st = CV_THEN(st, cv_buf_append(out, cv_secret_view(secret)));
    cv_secret_free(secret);
    return st;
}

/* answer(s, question, out): the bytes of the answer, without its status. */
static cv_status answer(struct serving *s, struct cv_bytes question, struct cv_buf *out)
{
    struct cv_cursor c = { .rest = question };
    struct cv_secret secret = { 0 };
    uint8_t sig[CV_ED25519_SIG_BYTES];
    const uint8_t op = cv_cursor_u8(&c);
    if (op == CV_AGENT_HELLO && c.rest.n == 0)
        return answer_hello(s, out);
    if (op == CV_AGENT_LOCK && c.rest.n == 0) {
        s->lock = true;
        return CV_OK;
    }
    if (op == CV_AGENT_SIGN) {
        cv_status st = cv_identity_sign((void *)(uintptr_t)s->id, c.rest, sig);
        s->asked = now();
        return CV_THEN(st, cv_buf_append(out, CV_ARR(sig)));
    }
    const struct cv_bytes first = cv_cursor_field(&c), second = cv_cursor_field(&c);
    if (c.bad || c.rest.n != 0 || (op != CV_AGENT_UNSEAL && op != CV_AGENT_DERIVE))
        return CV_ERR_FORMAT;
    s->asked = now();
    return op == CV_AGENT_UNSEAL
               ? answer_secret(cv_identity_unseal(s->id, first, second, &secret), &secret, out)
               : answer_secret(cv_identity_derive(s->id, first, second, &secret), &secret, out);
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

/* take(s, c): answer a whole question, if one is there. */
static cv_status take(struct serving *s, struct client *c)
{
    struct cv_buf text = { .max = 65535, .secret = true };
    if (c->in.n < 4 || c->out.n > 0)
        return CV_OK;
    const uint32_t n = cv_load_u32(c->in.p);
    if (n == 0 || n > CV_AGENT_MESSAGE_MAX)
        return CV_ERR_FORMAT;
    if (c->in.n < 4 + (size_t)n)
        return CV_OK;
    if (c->in.n > 4 + (size_t)n)
        return CV_ERR_FORMAT; /* one question at a time */
    const cv_status said = answer(s, CV_BYTES(c->in.p + 4, n), &text);
    if (said != CV_OK)
        cv_buf_truncate(&text, 0);
    const uint8_t byte = (uint8_t)said;
    cv_status st = cv_buf_u32(&c->out, (uint32_t)text.n + 1);
    st = CV_THEN(st, cv_buf_append(&c->out, CV_BYTES(&byte, 1)));
    st = CV_THEN(st, cv_buf_append(&c->out, cv_buf_view(&text)));
    cv_buf_free(&text);
    s->heard -= c->in.n;
    cv_buf_free(&c->in);
    c->sent = 0;
    return st;
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
    cv_buf_truncate(&c->out, 0);
    return CV_OK;
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
    c->since = now();
    c->in.max = CV_AGENT_MESSAGE_MAX + 4;
    cv_status st =
        s->heard + (size_t)k > HEARD_MAX ? CV_ERR_LIMIT : cv_buf_append(&c->in, CV_BYTES(bytes, (size_t)k));
    s->heard += st == CV_OK ? (size_t)k : 0;
    cv_wipe(bytes, sizeof(bytes));
    st = CV_THEN(st, take(s, c));
    return CV_THEN(st, flush_out(c));
}

/* welcome(s, listener): a new client of our own user, into a free place. */
static void welcome(struct serving *s, int listener)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);
    for (size_t i = 0; i < s->places; i++) {
        if (s->clients[i].fd >= 0)
            continue;
        const int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0)
            return;
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.uid != geteuid()) {
            close(fd);
            return;
        }
        s->clients[i] = (struct client){ .fd = fd, .since = now() };
        return;
    }
}

/* watch(s, listener, fds): what to wait for. */
static nfds_t watch(const struct serving *s, int listener, struct pollfd *fds)
{
    nfds_t n = 0;
    bool room = false;
    for (size_t i = 0; i < s->places; i++) {
        room = room || s->clients[i].fd < 0;
        fds[n++] =
            (struct pollfd){ .fd = s->clients[i].fd, .events = s->clients[i].out.n > 0 ? POLLOUT : POLLIN };
    }
    fds[n++] = (struct pollfd){ .fd = room ? listener : -1, .events = POLLIN };
    return n;
}

static void serve_client(struct serving *s, struct client *c, short events)
{
    cv_status st = CV_OK;
    if ((events & POLLOUT) != 0)
        st = flush_out(c);
    else if ((events & (POLLIN | POLLHUP | POLLERR)) != 0)
        st = hear(s, c);
    /* A connection may stay for as long as a command runs, but one that stands in the middle of something may
     * not. */
    const bool hung = (c->in.n > 0 || c->out.n > 0) && now() - c->since > HUNG_SECONDS;
    if (st != CV_OK || hung)
        drop(s, c);
}

/* make_room(s): when every place is taken, the one that was silent longest makes room. */
static void make_room(struct serving *s)
{
    struct client *oldest = NULL;
    for (size_t i = 0; i < s->places; i++) {
        if (s->clients[i].fd < 0)
            return;
        if (oldest == NULL || s->clients[i].since < oldest->since)
            oldest = &s->clients[i];
    }
    if (oldest != NULL && now() - oldest->since > SILENT_SECONDS)
        drop(s, oldest);
}

cv_status cv_agent_serve(int listener, const struct cv_identity *id, const struct cv_agent_life *life)
{
    struct serving *s = calloc(1, sizeof(*s));
    struct pollfd *fds = calloc(CLIENTS_MAX + 1, sizeof(*fds));
    if (s == NULL || fds == NULL) {
        free(s);
        free(fds);
        return CV_ERR_NOMEM;
    }
    *s = (struct serving){
        .id = id, .life = *life, .started = now(), .asked = now(), .places = cv_places(CLIENTS_MAX)
    };
    for (size_t i = 0; i < s->places; i++)
        s->clients[i].fd = -1;
    while (told == 0 && !s->lock && left(s).idle > 0) {
        const nfds_t n = watch(s, listener, fds);
        if (poll(fds, n, 1000) < 0 && errno != EINTR)
            break;
        for (size_t i = 0; i < s->places; i++)
            if (s->clients[i].fd >= 0)
                serve_client(s, &s->clients[i], fds[i].revents);
        if ((fds[s->places].revents & POLLIN) != 0)
            welcome(s, listener);
        make_room(s);
    }
    for (size_t i = 0; i < s->places; i++)
        drop(s, &s->clients[i]);
    free(s);
    free(fds);
    return CV_OK;
}
