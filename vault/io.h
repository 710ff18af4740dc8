#ifndef CV_VAULT_IO_H
#define CV_VAULT_IO_H

#include <fcntl.h>
#include <sys/types.h>

#include "crypto/bytes.h"

/**
 * What custody asks of the file system: everything that makes, changes or syncs a file of the vault, or this
 * user's memory of it, and what is read of them, goes through this one table. The default is the system's
 * calls; a test (tests/crash) puts a table there that records them, or makes one of them fail. Caches that
 * are made again from the archive go past it. As the calls of the same names: -1 with errno.
 */
struct cv_io {
    int (*openat)(int dir, const char *path, int flags, mode_t mode);
    ssize_t (*pread)(int fd, void *p, size_t n, off_t at);
    ssize_t (*write)(int fd, const void *p, size_t n);
    ssize_t (*pwrite)(int fd, const void *p, size_t n, off_t at);
    int (*ftruncate)(int fd, off_t n);
    int (*fdatasync)(int fd);
    int (*fsync)(int fd);
    int (*mkdirat)(int dir, const char *path, mode_t mode);
    int (*renameat)(int from_dir, const char *from, int to_dir, const char *to);
    int (*unlinkat)(int dir, const char *path, int flags);
};
extern const struct cv_io cv_io_system;
/* The table in use; it is changed only while no vault is open. */
extern const struct cv_io *cv_io;

/** cv_io_write(fd, bytes), cv_io_pwrite(fd, bytes, at): all of it, also if the kernel takes it in pieces, or
 * a signal comes between; 0, or -1 with errno, and then some of it may have been written. */
CV_MUST_CHECK int cv_io_write(int fd, struct cv_bytes bytes);
CV_MUST_CHECK int cv_io_pwrite(int fd, struct cv_bytes bytes, uint64_t at);
/** cv_io_pread(fd, p, n, at): ${n} bytes, fewer only at the end of the file; how many, or -1 with errno. */
CV_MUST_CHECK ssize_t cv_io_pread(int fd, void *p, size_t n, uint64_t at);
/** cv_io_sync_parent(path): make the name durable that ${path} has in its directory; 0, or -1 with errno. */
CV_MUST_CHECK int cv_io_sync_parent(const char *path);

#endif
