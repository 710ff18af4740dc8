#include "vault/confined.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "crypto/alloc.h"
#include "formats/words.h"

#ifdef CASEVAULT_COVERAGE
void __gcov_dump(void); /* of libgcov; gcc's gcov.h is not everywhere */
#endif

#define HEAD_BYTES 5
#define OVER 0 /* the kind of the last frame: u8 status, then words */
#define PIECE_BYTES ((size_t)65536)
#define KEPT CV_CONFINED_KEPT
#define CHANNEL (KEPT - 1) /* where the child has its socket */
#define PATIENCE 50        /* times 10 ms, for one that nobody hears any more */

/* ---- frames ---- */

cv_status cv_channel_flush(struct cv_channel *c)
{
    size_t sent = 0;
    while (sent < c->out.n) {
        const ssize_t k = send(c->fd, c->out.p + sent, c->out.n - sent, MSG_NOSIGNAL);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return CV_ERR_IO;
        sent += (size_t)k;
    }
    cv_buf_truncate(&c->out, 0);
    return CV_OK;
}

cv_status cv_channel_put(struct cv_channel *c, uint8_t kind, struct cv_bytes bytes)
{
    cv_status st = bytes.n > CV_FRAME_MAX ? CV_ERR_LIMIT : CV_OK;
    st = CV_THEN(st, cv_buf_u32(&c->out, (uint32_t)bytes.n));
    st = CV_THEN(st, cv_buf_append(&c->out, CV_ARR(((uint8_t[]){ kind }))));
    st = CV_THEN(st, cv_buf_append(&c->out, bytes));
    return st == CV_OK && c->out.n >= PIECE_BYTES ? cv_channel_flush(c) : st;
}

/* fill(c, want): until so many bytes of the next frame are there. */
static cv_status fill(struct cv_channel *c, size_t want)
{
    while (c->in.n - c->at < want) {
        uint8_t *to = NULL;
        const size_t had = c->in.n;
        if (c->at > 0) { /* what was taken goes */
            memmove(c->in.p, c->in.p + c->at, had - c->at);
            cv_buf_truncate(&c->in, had - c->at);
            c->at = 0;
            continue;
        }
        cv_status st = cv_buf_extend(&c->in, PIECE_BYTES, &to);
        const ssize_t k = st == CV_OK ? read(c->fd, to, PIECE_BYTES) : 0;
        const int e = errno;
        cv_buf_truncate(&c->in, had + (k > 0 ? (size_t)k : 0));
        if (st != CV_OK)
            return st;
        if (k < 0 && e != EINTR)
            return CV_ERR_IO;
        if (k == 0)
            return had == 0 ? CV_ERR_NOTFOUND : CV_ERR_IO;
    }
    return CV_OK;
}

cv_status cv_channel_get(struct cv_channel *c, uint8_t *kind, struct cv_bytes *bytes)
{
    *bytes = (struct cv_bytes){ 0 };
    cv_status st = fill(c, HEAD_BYTES);
    if (st != CV_OK)
        return st;
    const size_t n = cv_load_u32(c->in.p + c->at);
    st = n > CV_FRAME_MAX ? CV_ERR_LIMIT : fill(c, HEAD_BYTES + n);
    if (st != CV_OK)
        return st == CV_ERR_NOTFOUND ? CV_ERR_IO : st;
    *kind = c->in.p[c->at + 4];
    *bytes = CV_BYTES(c->in.p + c->at + HEAD_BYTES, n);
    c->at += HEAD_BYTES + n;
    return CV_OK;
}

static void channel_close(struct cv_channel *c)
{
    if (c->fd >= 0)
        close(c->fd);
    cv_buf_free(&c->in);
    cv_buf_free(&c->out);
    c->fd = -1;
}

/* ---- the child ---- */

static cv_status not_shut_in(struct cv_err *err)
{
    return cv_fail(err, CV_ERR_INTERNAL,
                   "the process that is to read it cannot be shut in, so it was not read");
}

/* shut(w, c): the rest of what is open goes, and the way to anything else. */
static cv_status shut(const struct cv_confined_work *w, struct cv_channel *c, atomic_bool *in)
{
    struct cv_sandbox_level level;
    /* First out of the way, then to their places. */
    const int socket = fcntl(c->fd, F_DUPFD, KEPT + 1);
    const int kept = w->keep >= 0 ? fcntl(w->keep, F_DUPFD, KEPT + 1) : -1;
    if (socket < 0 || dup2(socket, CHANNEL) < 0 || (w->keep >= 0 && (kept < 0 || dup2(kept, KEPT) < 0)))
        return CV_ERR_IO;
    c->fd = CHANNEL;
    /* What might be written to the screen goes nowhere: not to a client whose connection took that number. */
    const int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nowhere < 0 || dup2(nowhere, 0) < 0 || dup2(nowhere, 1) < 0 || dup2(nowhere, 2) < 0)
        return CV_ERR_IO;
    closefrom(kept >= 0 ? KEPT + 1 : KEPT);
    cv_sandbox_probe(&level);
    cv_status st = cv_sandbox_enter(&level, w->what);
    /* libseccomp, refused memory, makes a filter that allows nothing, and says nothing: it is seen here. */
    atomic_store(in, st == CV_OK && getpid() > 0);
    munmap(in, sizeof(*in)); /* nothing that it reads can take that back */
    return st;
}

_Noreturn static void child(const struct cv_confined_work *w, int fd, atomic_bool *in)
{
    struct cv_channel c = { .fd = fd };
    struct cv_err err = { 0 };
    struct cv_buf last = { 0 };
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    cv_alloc_last_words(cv_alloc_tell);
    cv_status st = w->before != NULL ? w->before(w->arg, &c, &err) : CV_OK;
    if (st == CV_OK) {
        st = shut(w, &c, in);
        if (st != CV_OK)
            st = not_shut_in(&err);
        st = CV_THEN(st, w->work(w->arg, &c, &err));
    }
    const uint8_t code = (uint8_t)st;
    cv_status told = cv_buf_append(&last, CV_BYTES(&code, 1));
    told = CV_THEN(told, cv_buf_str(&last, st == CV_OK ? "" : err.msg));
    told = CV_THEN(told, cv_channel_put(&c, OVER, cv_buf_view(&last)));
    told = CV_THEN(told, cv_channel_flush(&c));
    cv_buf_free(&last);
    cv_buf_free(&c.in);
    cv_buf_free(&c.out);
#ifdef CASEVAULT_COVERAGE
    __gcov_dump();
#endif
    _exit(told == CV_OK ? 0 : 1);
}

/* ---- whoever started it ---- */

static void forget(struct cv_confined *c)
{
    if (c->in != NULL)
        munmap(c->in, sizeof(*c->in));
    c->in = NULL;
}

cv_status cv_confined_start(const struct cv_confined_work *w, struct cv_confined *out, struct cv_err *err)
{
    int ends[2];
    *out = (struct cv_confined){ .child = -1, .channel = { .fd = -1 } };
    void *shared = mmap(NULL, sizeof(*out->in), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    out->in = shared != MAP_FAILED ? shared : NULL;
    if (out->in != NULL && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0) {
        fflush(NULL);
        out->child = fork();
        if (out->child == 0) {
            close(ends[0]);
            child(w, ends[1], out->in);
        }
        close(ends[1]);
        out->channel.fd = ends[0];
    }
    if (out->child > 0)
        return CV_OK;
    cv_status st = cv_fail_errno(err, "a process that reads what came from elsewhere cannot be started");
    channel_close(&out->channel);
    forget(out);
    return st;
}

cv_status cv_confined_get(struct cv_confined *c, uint8_t *kind, struct cv_bytes *bytes)
{
    cv_status st = c->told || c->cut ? CV_ERR_NOTFOUND : cv_channel_get(&c->channel, kind, bytes);
    if (st == CV_ERR_IO) { /* it has died, or stopped, in the middle of a frame */
        c->cut = true;
        return CV_ERR_NOTFOUND;
    }
    if (st != CV_OK || *kind != OVER)
        return st;
    if (bytes->n < 1 || bytes->p[0] > CV_ERR_CONSENT)
        return CV_ERR_INTERNAL;
    c->told = true;
    c->st = (cv_status)bytes->p[0];
    snprintf(c->msg, sizeof(c->msg), "%.*s", (int)(bytes->n - 1), (const char *)bytes->p + 1);
    return CV_ERR_NOTFOUND;
}

/* died(status, in, name, err): by its filter, before or after it was shut in; for want of memory; or
 * otherwise.
 */
static cv_status died(int status, bool in, const char *name, struct cv_err *err)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == CV_ALLOC_ENDED)
        return cv_fail(err, CV_ERR_NOMEM,
                       "%.60s: there was not memory enough to read it; try again when other programs are "
                       "closed",
                       name);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS && !in)
        return not_shut_in(err);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
        return cv_fail(
            err, CV_ERR_AUTH,
            "%.60s: whoever reads it was made to do what no file may ask for, and was stopped: this "
            "may be an attack; keep the file, open it nowhere else, and report it",
            name);
    return cv_fail(err, CV_ERR_INTERNAL,
                   "%.60s: the process that reads it has died (%s %d); if it does so again, the file may be "
                   "made for that: keep it, open it nowhere else, and report it",
                   name, WIFSIGNALED(status) ? _("signal") : _("exit status"),
                   WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

/* give_up(child, patience): it is let go to its end, where it wipes what it holds, and does not wait for more
 * of what it reads for ever. */
static void give_up(pid_t child, int patience)
{
    const struct timespec moment = { .tv_nsec = 10 * 1000 * 1000 };
    siginfo_t ended = { 0 };
    for (int i = 0; i < patience && ended.si_pid == 0; i++) {
        if (waitid(P_PID, (id_t)child, &ended, WEXITED | WNOHANG | WNOWAIT) != 0)
            break;
        if (ended.si_pid == 0)
            nanosleep(&moment, NULL);
    }
    kill(child, SIGKILL);
}

cv_status cv_confined_end(struct cv_confined *c, const char *name, cv_status st, struct cv_err *err)
{
    uint8_t kind = 0;
    struct cv_bytes bytes;
    int status = 0;
    while (c->child > 0 && st == CV_OK && !c->told && !c->cut &&
           (st = cv_confined_get(c, &kind, &bytes)) == CV_OK)
        ; /* nobody asked for these */
    st = st == CV_ERR_NOTFOUND ? CV_OK : st;
    channel_close(&c->channel);
    if (c->child <= 0)
        return st;
    give_up(c->child, st != CV_OK || c->cut ? PATIENCE : 10 * PATIENCE);
    while (waitpid(c->child, &status, 0) < 0 && errno == EINTR)
        ;
    const bool in = atomic_load(c->in);
    forget(c);
    c->child = -1;
    if (st != CV_OK)
        return st;
    if (!c->told || !WIFEXITED(status))
        return died(status, in, name, err);
    return c->st == CV_OK ? CV_OK : cv_fail(err, c->st, "%s", c->msg);
}
