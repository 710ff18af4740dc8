#include "vault/regular.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vault/io.h"

int cv_open_regular(int dir, const char *path, int flags, mode_t mode)
{
    struct stat info;
    /* O_TRUNC waits until it is known what is cut. */
    const int fd =
        cv_io->openat(dir, path, (flags & ~O_TRUNC) | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, mode);
    if (fd < 0)
        return -1;
    int e = fstat(fd, &info) != 0   ? errno
            : S_ISREG(info.st_mode) ? 0
            : S_ISDIR(info.st_mode) ? EISDIR
                                    : ENXIO;
    if (e == 0 && (flags & O_TRUNC) != 0 && cv_io->ftruncate(fd, 0) != 0)
        e = errno;
    if (e == 0)
        return fd;
    close(fd);
    errno = e;
    return -1;
}
