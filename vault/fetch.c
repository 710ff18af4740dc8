#include "vault/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vault/curl.h"

#define PIECE_BYTES 65536
#define URL_MAX 2048

static bool is_url(const char *base)
{
    return strncmp(base, "http://", 7) == 0 || strncmp(base, "https://", 8) == 0;
}

cv_status cv_fetch_open(struct cv_fetch *f, const char *base, struct cv_err *err)
{
    *f = (struct cv_fetch){ .base = base, .dir = -1 };
    if (is_url(base)) {
        if (!cv_curl_url_ok(base))
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

static cv_status get_url(const struct cv_fetch *f, const char *path, size_t max, struct cv_buf *out,
                         struct cv_err *err)
{
    char url[URL_MAX + 128];
    const size_t n = strlen(f->base);
    const char *const options[] = { "--fail", NULL };
    const struct cv_curl request = {
        .url = url, .protocols = "=http,https", .options = options, .seconds = 120, .max = max
    };
    int code = 0;
    snprintf(url, sizeof(url), "%s%s%s", f->base, f->base[n - 1] == '/' ? "" : "/", path);
    cv_status st = cv_curl(&request, out, &code, err);
    if (st == CV_OK && code == CV_CURL_NO_PAGE)
        return CV_ERR_NOTFOUND;
    if (st == CV_ERR_LIMIT || code == CV_CURL_LIMIT)
        return cv_fail(err, CV_ERR_LIMIT, "%s: longer than it can be", path);
    return st;
}

cv_status cv_fetch_get(const struct cv_fetch *f, const char *path, size_t max, struct cv_buf *out,
                       struct cv_err *err)
{
    return f->dir >= 0 ? get_file(f, path, max, out, err) : get_url(f, path, max, out, err);
}
