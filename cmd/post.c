#include "cmd/post.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SCHEME "http://"
#define URL_MAX 1024
#define TRAILER_MAX 512 /* bytes of what curl says after the answer */
#define GRACE_SECONDS 2 /* that curl has for ending by itself */

/* check_url(ui, url): nothing that could be an option, a file, another protocol or a password in a list of
 * processes. */
static cv_status check_url(struct cv_ui *ui, const char *url)
{
    const size_t n = strlen(url), scheme = strlen(SCHEME);
    if (strncmp(url, SCHEME, scheme) != 0 || n == scheme)
        return cv_fail(&ui->err, CV_ERR_ARG, "--url wants an address that begins with " SCHEME);
    if (n > URL_MAX)
        return cv_fail(&ui->err, CV_ERR_ARG, "--url: longer than %d letters", URL_MAX);
    for (size_t i = 0; i < n; i++)
        if (url[i] <= ' ' || url[i] > '~' || strchr("@\"\\<>^`{|}", url[i]) != NULL)
            return cv_fail(&ui->err, CV_ERR_ARG, "--url: a letter that no such address has");
    return CV_OK;
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* spawn(p, in, out, child): curl, between these two ends of pipes, with nothing else open. */
static int spawn(const struct cv_post *p, int in, int out, pid_t *child)
{
    char type[128], accept[128], seconds[24], max[24], path[4096];
    const char *own_path = getenv("PATH");
    char *const env[] = { path, NULL };
    snprintf(type, sizeof(type), "Content-Type: %s", p->type);
    snprintf(accept, sizeof(accept), "Accept: %s", p->want);
    snprintf(seconds, sizeof(seconds), "%llu", (unsigned long long)p->seconds);
    snprintf(max, sizeof(max), "%zu", p->max);
    if (snprintf(path, sizeof(path), "PATH=%s", own_path != NULL ? own_path : "/usr/bin:/bin") >=
        (int)sizeof(path))
        return E2BIG;
    const char *const argv[] = { "curl",
                                 "--disable", /* no .curlrc */
                                 "--silent",
                                 "--globoff",
                                 "--proto",
                                 "=http",
                                 "--max-time",
                                 seconds,
                                 "--max-filesize",
                                 max,
                                 "--header",
                                 type,
                                 "--header",
                                 accept,
                                 "--data-binary",
                                 "@-",
                                 "--write-out",
                                 "\n%{http_code} %{content_type}",
                                 "--",
                                 p->url,
                                 NULL };
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

/* read_all(ui, fd, until, max, out): what comes, until it ends, is too much, or takes too long. */
static cv_status read_all(struct cv_ui *ui, int fd, int64_t until, size_t max, struct cv_buf *out)
{
    uint8_t piece[4096];
    for (;;) {
        const int64_t left = until - now_ms();
        struct pollfd p = { .fd = fd, .events = POLLIN };
        const int ready = left > 0 ? poll(&p, 1, (int)left) : 0;
        if (ready == 0)
            return cv_fail(&ui->err, CV_ERR_IO, "the server did not answer in time");
        const ssize_t n = ready > 0 ? read(fd, piece, sizeof(piece)) : -1;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return cv_fail_errno(&ui->err, "the answer: cannot read");
        if (n == 0)
            return CV_OK;
        if (out->n + (size_t)n > max)
            return cv_fail(&ui->err, CV_ERR_LIMIT, "the server's answer is longer than is allowed");
        cv_status st = cv_buf_append(out, CV_BYTES(piece, (size_t)n));
        if (st != CV_OK)
            return st;
    }
}

/* ended(ui, child, st): wait for it, after ending it unless all went well; what its exit says. */
static cv_status ended(struct cv_ui *ui, pid_t child, cv_status st)
{
    int status = 0;
    if (st != CV_OK)
        kill(child, SIGKILL);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (st != CV_OK)
        return st;
    if (!WIFEXITED(status))
        return cv_fail(&ui->err, CV_ERR_IO, "curl has died");
    switch (WEXITSTATUS(status)) {
    case 0:
        return CV_OK;
    case 3: /* these numbers stand in curl(1) */
        return cv_fail(&ui->err, CV_ERR_ARG, "--url: curl cannot read this address");
    case 6:
        return cv_fail(&ui->err, CV_ERR_IO, "the server's name is not known");
    case 7:
        return cv_fail(&ui->err, CV_ERR_IO, "the server cannot be reached");
    case 28:
        return cv_fail(&ui->err, CV_ERR_IO, "the server did not answer in time");
    case 63:
        return cv_fail(&ui->err, CV_ERR_LIMIT, "the server's answer is longer than is allowed");
    default:
        return cv_fail(&ui->err, CV_ERR_IO, "no whole answer came from the server: curl's exit status is %d",
                       WEXITSTATUS(status));
    }
}

/* judge(ui, p, all, out): the answer, and what curl says of it in the line after it. */
static cv_status judge(struct cv_ui *ui, const struct cv_post *p, struct cv_bytes all, struct cv_buf *out)
{
    char said[TRAILER_MAX];
    const uint8_t *lf = memrchr(all.p, '\n', all.n);
    const size_t n = lf != NULL ? (size_t)(all.p + all.n - lf - 1) : 0, want = strlen(p->want);
    if (lf == NULL || n < 4 || n >= sizeof(said))
        return cv_fail(&ui->err, CV_ERR_IO, "curl says nothing of the answer");
    memcpy(said, lf + 1, n);
    said[n] = '\0';
    if (strncmp(said, "200 ", 4) != 0)
        return cv_fail(&ui->err, CV_ERR_IO, "the server answered with HTTP status %.3s", said);
    const char *type = said + 4;
    if (strncasecmp(type, p->want, want) != 0 || (type[want] != '\0' && type[want] != ';'))
        return cv_fail(&ui->err, CV_ERR_IO, "the server's answer is not of the type %s", p->want);
    return cv_buf_append(out, CV_BYTES(all.p, (size_t)(lf - all.p)));
}

static void close_both(const int fd[static 2])
{
    for (int i = 0; i < 2; i++)
        if (fd[i] >= 0)
            close(fd[i]);
}

cv_status cv_post(struct cv_ui *ui, const struct cv_post *p, struct cv_bytes body, struct cv_buf *out)
{
    int in[2] = { -1, -1 }, answer[2] = { -1, -1 };
    struct cv_buf all = { 0 };
    pid_t child = -1;
    cv_status st = check_url(ui, p->url);
    if (st == CV_OK && body.n > CV_POST_MAX)
        st = CV_ERR_LIMIT;
    if (st == CV_OK && (pipe2(in, O_CLOEXEC) != 0 || pipe2(answer, O_CLOEXEC) != 0 ||
                        write(in[1], body.p, body.n) != (ssize_t)body.n)) /* a pipe holds as much */
        st = cv_fail_errno(&ui->err, "a pipe to curl");
    const int e = st == CV_OK ? spawn(p, in[0], answer[1], &child) : 0;
    if (e != 0) {
        errno = e;
        st = e == ENOENT ? cv_fail(&ui->err, CV_ERR_IO, "the program curl is not installed")
                         : cv_fail_errno(&ui->err, "curl: cannot be started");
    }
    close_both(in);
    if (answer[1] >= 0)
        close(answer[1]);
    if (st == CV_OK) {
        st = read_all(ui, answer[0], now_ms() + ((int64_t)p->seconds + GRACE_SECONDS) * 1000,
                      p->max + TRAILER_MAX, &all);
        st = ended(ui, child, st);
    }
    st = CV_THEN(st, judge(ui, p, cv_buf_view(&all), out));
    if (answer[0] >= 0)
        close(answer[0]);
    cv_buf_free(&all);
    return cv_err_note(&ui->err, st, "the request");
}
