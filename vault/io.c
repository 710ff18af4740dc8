#include "vault/io.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* openat has a variable number of arguments, and so no type that fits. */
static int open_at(int dir, const char *path, int flags, mode_t mode)
{
    return openat(dir, path, flags, mode);
}

const struct cv_io cv_io_system = { .openat = open_at,
                                    .pread = pread,
                                    .write = write,
                                    .pwrite = pwrite,
                                    .ftruncate = ftruncate,
                                    .fdatasync = fdatasync,
                                    .fsync = fsync,
                                    .mkdirat = mkdirat,
                                    .renameat = renameat,
                                    .unlinkat = unlinkat };
const struct cv_io *cv_io = &cv_io_system;

int cv_io_write(int fd, struct cv_bytes bytes)
{
    for (size_t done = 0; done < bytes.n;) {
        const ssize_t k = cv_io->write(fd, bytes.p + done, bytes.n - done);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return -1;
        done += (size_t)k;
    }
    return 0;
}

int cv_io_pwrite(int fd, struct cv_bytes bytes, uint64_t at)
{
    for (size_t done = 0; done < bytes.n;) {
        const ssize_t k = cv_io->pwrite(fd, bytes.p + done, bytes.n - done, (off_t)(at + done));
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return -1;
        done += (size_t)k;
    }
    return 0;
}

ssize_t cv_io_pread(int fd, void *p, size_t n, uint64_t at)
{
    size_t got = 0;
    while (got < n) {
        const ssize_t k = cv_io->pread(fd, (uint8_t *)p + got, n - got, (off_t)(at + got));
        if (k == 0)
            break;
        if (k > 0)
            got += (size_t)k;
        else if (errno != EINTR)
            return -1;
    }
    return (ssize_t)got;
}

int cv_io_sync_parent(const char *path)
{
    char dir[4096];
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/') /* as somebody may write a directory */
        n--;
    while (n > 0 && path[n - 1] != '/')
        n--;
    if (n >= sizeof(dir)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    snprintf(dir, sizeof(dir), "%.*s", n > 0 ? (int)n : 1, n > 0 ? path : ".");
    const int fd = cv_io->openat(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    const int r = cv_io->fsync(fd), e = errno;
    close(fd);
    errno = e;
    return r;
}
