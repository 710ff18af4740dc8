#include "vault/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIECE_BYTES 65536
#define URL_MAX 2048
#define CURL_NO_SUCH_PAGE 22 /* a status of 400 or more, with --fail */
#define CURL_TOO_LONG 63

static bool is_url(const char *base)
{
    return strncmp(base, "http://", 7) == 0 || strncmp(base, "https://", 8) == 0;
}

cv_status cv_fetch_open(struct cv_fetch *f, const char *base, struct cv_err *err)
{
    *f = (struct cv_fetch){ .base = base, .dir = -1 };
    if (is_url(base)) {
        for (const char *p = base; *p != '\0'; p++)
            if (*p <= ' ' || *p >= 0x7f)
                return cv_fail(err, CV_ERR_ARG, "%s: not a URL", base);
        return strlen(base) < URL_MAX ? CV_OK : cv_fail(err, CV_ERR_ARG, "the URL is too long");
    }
    f->dir = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return f->dir >= 0 ? CV_OK : cv_fail_errno(err, "%s: cannot open", base);
}

void cv_fetch_close(struct cv_fetch *f)
{
    if (f->dir >= 0)
        close(f->dir);
    f->dir = -1;
}

/* read_all(fd, what, max, out): up to ${max} bytes. */
static cv_status read_all(int fd, const char *what, size_t max, struct cv_buf *out, struct cv_err *err)
{
    static uint8_t piece[PIECE_BYTES];
    const size_t start = out->n;
    for (;;) {
        const ssize_t k = read(fd, piece, sizeof(piece));
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return cv_fail_errno(err, "%s: cannot read", what);
        if (k == 0)
            return CV_OK;
        if ((size_t)k > max - (out->n - start))
            return cv_fail(err, CV_ERR_LIMIT, "%s: longer than it can be", what);
        cv_status st = cv_buf_append(out, CV_BYTES(piece, (size_t)k));
        if (st != CV_OK)
            return st;
    }
}

static cv_status get_file(const struct cv_fetch *f, const char *path, size_t max, struct cv_buf *out,
                          struct cv_err *err)
{
    struct stat info;
    const int fd = openat(f->dir, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? CV_ERR_NOTFOUND : cv_fail_errno(err, "%s", path);
    cv_status st = fstat(fd, &info) != 0    ? cv_fail_errno(err, "%s", path)
                   : !S_ISREG(info.st_mode) ? cv_fail(err, CV_ERR_FORMAT, "%s: not a file", path)
                                            : read_all(fd, path, max, out, err);
    close(fd);
    return st;
}

/* spawn_curl(url, max, child, fd): its standard output in ${fd}; nothing of it goes through a shell. */
static cv_status spawn_curl(const char *url, size_t max, pid_t *child, int *fd, struct cv_err *err)
{
    char most[24];
    const char *const argv[] = { "curl",        "-q",
                                 "--silent",    "--fail",
                                 "--globoff",   "--proto",
                                 "=http,https", "--max-filesize",
                                 most,          "--connect-timeout",
                                 "20",          "--max-time",
                                 "120",         "--",
                                 url,           NULL };
    posix_spawn_file_actions_t acts;
    int ends[2];
    snprintf(most, sizeof(most), "%zu", max);
    if (pipe2(ends, O_CLOEXEC) != 0)
        return cv_fail_errno(err, "curl: cannot start");
    int failed = posix_spawn_file_actions_init(&acts);
    if (failed == 0) {
        failed = posix_spawn_file_actions_addopen(&acts, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        if (failed == 0)
            failed = posix_spawn_file_actions_adddup2(&acts, ends[1], STDOUT_FILENO);
        if (failed == 0)
            failed = posix_spawn_file_actions_addopen(&acts, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
        if (failed == 0)
            failed = posix_spawnp(child, "curl", &acts, NULL, (char *const *)(uintptr_t)argv, environ);
        posix_spawn_file_actions_destroy(&acts);
    }
    close(ends[1]);
    *fd = ends[0];
    if (failed == 0)
        return CV_OK;
    close(ends[0]);
    errno = failed;
    return failed == ENOENT
               ? cv_fail(err, CV_ERR_IO, "a URL is fetched by the program curl, which is not here")
               : cv_fail_errno(err, "curl: cannot start");
}

static cv_status get_url(const struct cv_fetch *f, const char *path, size_t max, struct cv_buf *out,
                         struct cv_err *err)
{
    char url[URL_MAX + 128];
    const size_t n = strlen(f->base);
    pid_t child = -1;
    int fd = -1, status = 0;
    snprintf(url, sizeof(url), "%s%s%s", f->base, f->base[n - 1] == '/' ? "" : "/", path);
    cv_status st = spawn_curl(url, max, &child, &fd, err);
    if (st != CV_OK)
        return st;
    st = read_all(fd, path, max, out, err);
    close(fd);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    if (st != CV_OK || code == 0)
        return st;
    if (code == CURL_NO_SUCH_PAGE)
        return CV_ERR_NOTFOUND;
    return code == CURL_TOO_LONG
               ? cv_fail(err, CV_ERR_LIMIT, "%s: longer than it can be", path)
               : cv_fail(err, CV_ERR_IO, "%s: cannot be fetched (curl ended with %d)", path, code);
}

cv_status cv_fetch_get(const struct cv_fetch *f, const char *path, size_t max, struct cv_buf *out,
                       struct cv_err *err)
{
    return f->dir >= 0 ? get_file(f, path, max, out, err) : get_url(f, path, max, out, err);
}
