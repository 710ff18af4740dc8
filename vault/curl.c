#include "vault/curl.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ARGS_MAX 32
#define GRACE_SECONDS 2 /* that curl has for ending by itself */

bool cv_curl_url_ok(const char *url)
{
    for (const char *p = url; *p != '\0'; p++)
        if (*p <= ' ' || *p > '~' || strchr("@\"\\<>^`{|}", *p) != NULL)
            return false;
    return true;
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* spawn(c, in, out, child): between these two ends of pipes, with nothing else open. */
static int spawn(const struct cv_curl *c, int in, int out, pid_t *child)
{
    char seconds[24], max[24], path[4096];
    const char *own_path = getenv("PATH");
    char *const env[] = { path, NULL };
    const char *argv[ARGS_MAX + 1] = {
        "curl",     "--disable", /* no .curlrc */
        "--silent", "--globoff",  "--proto", c->protocols,     "--connect-timeout",
        "20",       "--max-time", seconds,   "--max-filesize", max
    };
    size_t n = 12;
    for (size_t i = 0; c->options[i] != NULL && n < ARGS_MAX - 2; i++)
        argv[n++] = c->options[i];
    argv[n++] = "--";
    argv[n] = c->url;
    snprintf(seconds, sizeof(seconds), "%llu", (unsigned long long)c->seconds);
    snprintf(max, sizeof(max), "%zu", c->max);
    if (snprintf(path, sizeof(path), "PATH=%s", own_path != NULL ? own_path : "/usr/bin:/bin") >=
        (int)sizeof(path))
        return E2BIG;
    posix_spawn_file_actions_t actions;
    int e = posix_spawn_file_actions_init(&actions);
    if (e != 0)
        return e;
    e = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    e = e != 0 ? e : posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    e = e != 0
            ? e
            : posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY | O_CLOEXEC, 0);
    e = e != 0 ? e : posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    e = e != 0 ? e : posix_spawnp(child, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, env);
    posix_spawn_file_actions_destroy(&actions);
    return e;
}

/* read_all(fd, until, max, out): what comes, until it ends, is too much, or takes too long. */
static cv_status read_all(int fd, int64_t until, size_t max, struct cv_buf *out, struct cv_err *err)
{
    uint8_t piece[4096];
    const size_t start = out->n;
    for (;;) {
        const int64_t left = until - now_ms();
        struct pollfd p = { .fd = fd, .events = POLLIN };
        const int ready = left > 0 ? poll(&p, 1, (int)left) : 0;
        if (ready == 0)
            return cv_fail(err, CV_ERR_IO, "the server did not answer in time");
        const ssize_t n = ready > 0 ? read(fd, piece, sizeof(piece)) : -1;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return cv_fail_errno(err, "the answer: cannot read");
        if (n == 0)
            return CV_OK;
        if ((size_t)n > max - (out->n - start))
            return cv_fail(err, CV_ERR_LIMIT, "the server's answer is longer than is allowed");
        cv_status st = cv_buf_append(out, CV_BYTES(piece, (size_t)n));
        if (st != CV_OK)
            return st;
    }
}

/* ended(child, st, code): wait for it, after ending it unless all went well; what its exit says. */
static cv_status ended(pid_t child, cv_status st, int *code, struct cv_err *err)
{
    int status = 0;
    if (st != CV_OK)
        kill(child, SIGKILL);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (st != CV_OK)
        return st;
    if (!WIFEXITED(status))
        return cv_fail(err, CV_ERR_IO, "curl has died");
    *code = WEXITSTATUS(status);
    switch (*code) {
    case CV_CURL_DONE:
    case CV_CURL_NO_PAGE:
    case CV_CURL_LIMIT:
        return CV_OK;
    case 3: /* these numbers stand in curl(1) */
        return cv_fail(err, CV_ERR_ARG, "curl cannot read this address");
    case 6:
        return cv_fail(err, CV_ERR_IO, "the server's name is not known");
    case 7:
        return cv_fail(err, CV_ERR_IO, "the server cannot be reached");
    case 28:
        return cv_fail(err, CV_ERR_IO, "the server did not answer in time");
    default:
        return cv_fail(err, CV_ERR_IO, "no whole answer came from the server: curl's exit status is %d",
                       WEXITSTATUS(status));
    }
}

static void close_both(const int fd[static 2])
{
    for (int i = 0; i < 2; i++)
        if (fd[i] >= 0)
            close(fd[i]);
}

cv_status cv_curl(const struct cv_curl *c, struct cv_buf *out, int *code, struct cv_err *err)
{
    int in[2] = { -1, -1 }, answer[2] = { -1, -1 };
    pid_t child = -1;
    *code = -1;
    cv_status st = c->body.n > CV_CURL_BODY_MAX ? CV_ERR_LIMIT : CV_OK;
    if (st == CV_OK && (pipe2(in, O_CLOEXEC) != 0 || pipe2(answer, O_CLOEXEC) != 0 ||
                        write(in[1], c->body.p, c->body.n) != (ssize_t)c->body.n)) /* a pipe holds as much */
        st = cv_fail_errno(err, "a pipe to curl");
    const int e = st == CV_OK ? spawn(c, in[0], answer[1], &child) : 0;
    if (e != 0) {
        errno = e;
        st = e == ENOENT ? cv_fail(err, CV_ERR_IO, "the program curl is not installed")
                         : cv_fail_errno(err, "curl: cannot be started");
    }
    close_both(in);
    if (answer[1] >= 0)
        close(answer[1]);
    if (st == CV_OK) {
        st = read_all(answer[0], now_ms() + ((int64_t)c->seconds + GRACE_SECONDS) * 1000, c->max + c->extra,
                      out, err);
        st = ended(child, st, code, err);
    }
    if (answer[0] >= 0)
        close(answer[0]);
    return st;
}
