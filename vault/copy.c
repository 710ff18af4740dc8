#include "vault/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/secret.h"

#define STRETCH ((size_t)1 << 20)

/* read_at(fd, p, n, offset): all of it, fewer only at the end; -1 with errno. */
static ssize_t read_at(int fd, uint8_t *p, size_t n, uint64_t offset)
{
    size_t got = 0;
    while (got < n) {
        const ssize_t k = pread(fd, p + got, n - got, (off_t)(offset + got));
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return -1;
        if (k == 0)
            break;
        got += (size_t)k;
    }
    return (ssize_t)got;
}

static int write_at(int fd, const uint8_t *p, size_t n, uint64_t offset)
{
    while (n > 0) {
        const ssize_t k = pwrite(fd, p, n, (off_t)offset);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return -1;
        p += k;
        n -= (size_t)k;
        offset += (uint64_t)k;
    }
    return 0;
}

cv_status cv_copy_range(int from, const char *from_name, int to, const char *to_name, uint64_t offset,
                        uint64_t end, cv_copied_fn fn, void *arg, struct cv_err *err)
{
    uint8_t *p = malloc(STRETCH);
    cv_status st = p != NULL ? CV_OK : CV_ERR_NOMEM;
    while (st == CV_OK && offset < end) {
        const size_t want = end - offset < STRETCH ? (size_t)(end - offset) : STRETCH;
        const ssize_t n = read_at(from, p, want, offset);
        if (n < 0)
            st = cv_fail_errno(err, "%s: cannot read at %" PRIu64, from_name, offset);
        else if ((size_t)n < want)
            st = cv_fail(err, CV_ERR_LOG, "%s: ends at %" PRIu64 " where %" PRIu64 " bytes are wanted",
                         from_name, offset + (uint64_t)n, end);
        else if (write_at(to, p, want, offset) != 0)
            st = cv_fail_errno(err, "%s: cannot write", to_name);
        offset += want;
        if (st == CV_OK && fn != NULL)
            fn(arg, want);
    }
    if (p != NULL)
        cv_wipe(p, STRETCH);
    free(p);
    return cv_err_note(err, st, from_name);
}

cv_status cv_copy_same(int a, int b, uint64_t end, uint64_t *at, struct cv_err *err)
{
    uint8_t *p = malloc(2 * STRETCH);
    cv_status st = p != NULL ? CV_OK : CV_ERR_NOMEM;
    *at = 0;
    for (bool same = true; st == CV_OK && same && *at < end;) {
        const size_t want = end - *at < STRETCH ? (size_t)(end - *at) : STRETCH;
        const ssize_t n = read_at(a, p, want, *at), m = read_at(b, p + STRETCH, want, *at);
        size_t k = 0;
        if (n < 0 || m < 0)
            st = cv_fail_errno(err, "comparing: cannot read at %" PRIu64, *at);
        while (st == CV_OK && k < (size_t)n && k < (size_t)m && p[k] == p[STRETCH + k])
            k++;
        same = k == want;
        *at += k;
    }
    free(p);
    return st;
}

cv_status cv_copy_file(int dir, const char *name, const char *temp, struct cv_bytes data, struct cv_err *err)
{
    const int fd = openat(dir, temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    const bool good = fd >= 0 && write_at(fd, data.p, data.n, 0) == 0 && fsync(fd) == 0 &&
                      renameat(dir, temp, dir, name) == 0 && fsync(dir) == 0;
    cv_status st = good ? CV_OK : cv_fail_errno(err, "%s: cannot write", name);
    if (fd >= 0)
        close(fd);
    return st;
}

cv_status cv_copy_sync_parent(const char *path, struct cv_err *err)
{
    char dir[4096];
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    while (n > 0 && path[n - 1] != '/')
        n--;
    if (n >= sizeof(dir))
        return cv_fail(err, CV_ERR_LIMIT, "%.200s: path too long", path);
    snprintf(dir, sizeof(dir), "%.*s", (int)(n > 0 ? n : 1), n > 0 ? path : ".");
    const int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    cv_status st = fd >= 0 && fsync(fd) == 0 ? CV_OK : cv_fail_errno(err, "%s: cannot make it durable", dir);
    if (fd >= 0)
        close(fd);
    return st;
}
