/* The agent's protocol, from both sides: what it is asked (after a byte 0), on a socket of its own, and what
 * a command hears that takes another process for it (after any other byte). Whatever is asked, an answer is
 * framed as it must be, and the private keys are in none. */
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "vault/agent.h"

static struct cv_identity holder;
static char path[CV_AGENT_PATH_MAX], other[CV_AGENT_PATH_MAX];
static pthread_t serving;
static int listener = -1, impostor = -1;

static void *serve(void *arg)
{
    const struct cv_agent_life life = { .idle = 1 << 20, .most = 1 << 20 };
    (void)arg;
    must(cv_agent_serve(listener, &holder, &life) == CV_OK);
    return NULL;
}

/* at(name, out): a socket below TMPDIR. */
static void at(const char *name, char out[static CV_AGENT_PATH_MAX])
{
    const char *dir = getenv("TMPDIR");
    must(snprintf(out, CV_AGENT_PATH_MAX, "%s/casevault-fuzz-%d-%s", dir != NULL ? dir : "/tmp",
                  (int)getpid(), name) < CV_AGENT_PATH_MAX);
}

static int connected(void)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    const struct timeval patience = { .tv_sec = 20 };
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    strcpy(to.sun_path, path);
    must(fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0);
    must(connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0);
    return fd;
}

static void start(void)
{
    must(listener < 0 && cv_agent_listen(path, &listener, NULL) == CV_OK);
    must(pthread_create(&serving, NULL, serve, NULL) == 0);
}

static void stop(void)
{
    must(pthread_join(serving, NULL) == 0);
    close(listener);
    unlink(path);
    listener = -1;
}

static void end(void)
{
    if (listener >= 0) {
        must(cv_agent_lock(path, NULL) == CV_OK);
        stop();
    }
    close(impostor);
    unlink(other);
    cv_identity_free(&holder);
}

static void begin(void)
{
    at("agent", path);
    at("other", other);
    must(cv_identity_new(true, &holder, NULL) == CV_OK && atexit(end) == 0);
    must(cv_agent_listen(other, &impostor, NULL) == CV_OK);
}

static bool sent(int fd, struct cv_bytes bytes)
{
    while (bytes.n > 0) {
        const ssize_t k = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL);
        if (k <= 0)
            return false; /* the other end has had enough */
        bytes = CV_BYTES(bytes.p + k, bytes.n - (size_t)k);
    }
    return true;
}

/* heard(fd, out): all that comes until the other end closes. */
static void heard(int fd, struct cv_buf *out)
{
    uint8_t bytes[4096];
    ssize_t k = 0;
    while ((k = recv(fd, bytes, sizeof(bytes), 0)) > 0 || (k < 0 && errno == EINTR))
        must(k < 0 || cv_buf_append(out, CV_BYTES(bytes, (size_t)k)) == CV_OK);
    must(k == 0 || errno == ECONNRESET);
}

static bool has(struct cv_bytes in, struct cv_bytes what)
{
    return what.n > 0 && memmem(in.p, in.n, what.p, what.n) != NULL;
}

static void ask(struct cv_bytes question)
{
    struct cv_buf answer = { 0 };
    const int fd = connected();
    const bool all = sent(fd, question);
    must(shutdown(fd, SHUT_WR) == 0 || !all);
    heard(fd, &answer);
    close(fd);
    const struct cv_bytes a = cv_buf_view(&answer);
    if (a.n > 0) {
        must(a.n >= 5 && cv_load_u32(a.p) == a.n - 4);
        must(a.p[4] == CV_OK || a.n == 5);
        must(!has(a, cv_secret_view(&holder.sign_seed)) && !has(a, cv_secret_view(&holder.seal)));
        must(!has(a, cv_secret_view(&holder.age)));
        fuzz_taken = a.p[4] == CV_OK;
        if (fuzz_taken && question.n == 5 && question.p[4] == CV_AGENT_LOCK)
            stop();
    }
    cv_buf_free(&answer);
}

/* pretend(arg): take one connection, say what is in ${arg}, and hang up. */
static void *pretend(void *arg)
{
    const struct cv_bytes *says = arg;
    uint8_t question[64];
    int fd = -1;
    while ((fd = accept(impostor, NULL, NULL)) < 0)
        must(errno == EINTR || errno == EAGAIN);
    (void)!recv(fd, question, sizeof(question), 0);
    sent(fd, *says);
    close(fd);
    return NULL;
}

static void believe(struct cv_bytes says)
{
    struct cv_identity id;
    struct cv_agent_left left = { 0 };
    struct cv_err err = { 0 };
    pthread_t lying;
    must(pthread_create(&lying, NULL, pretend, &says) == 0);
    const cv_status st = cv_agent_connect(other, &id, &left, &err);
    must(pthread_join(lying, NULL) == 0);
    fuzz_taken = st == CV_OK;
    if (st == CV_OK)
        must(id.agent != NULL && id.public.pseudonym[0] == 'm' && id.sign == NULL);
    cv_identity_free(&id);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (impostor < 0)
        begin();
    if (listener < 0)
        start();
    if (n > 0 && p[0] != 0)
        believe(CV_BYTES(p + 1, n - 1));
    else if (n > 0)
        ask(CV_BYTES(p + 1, n - 1));
    return 0;
}
