#include "vault/segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vault/io.h"
#include "vault/regular.h"

/* Without a message: that there is no further segment is how every scan ends. */
#define NO_SEGMENT CV_ERR_NOTFOUND
#define TAKE_BACK_TRIES 3

static void segment_name(uint32_t number, char out[static 16])
{
    snprintf(out, 16, "%08u.tar", number);
}

cv_status cv_segments_open(struct cv_segments *s, int vault_dir, bool create, struct cv_err *err)
{
    *s = CV_SEGMENTS_NONE;
    if (create && (cv_io->mkdirat(vault_dir, "archive", 0770) != 0 || cv_io->fsync(vault_dir) != 0))
        return cv_fail_errno(err, "archive: cannot make the directory");
    s->dir = cv_io->openat(vault_dir, "archive", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (s->dir >= 0)
        return CV_OK;
    return errno == ENOENT ? cv_fail(err, CV_ERR_NOVAULT, "no vault here: there is no archive directory")
                           : cv_fail_errno(err, "archive: cannot open the directory");
}

void cv_segments_close(struct cv_segments *s)
{
    if (s->fd >= 0)
        close(s->fd);
    if (s->end >= 0)
        close(s->end);
    if (s->dir >= 0)
        close(s->dir);
    *s = CV_SEGMENTS_NONE;
}

/* use(s, number): have the segment open for reading. */
static cv_status use(struct cv_segments *s, uint32_t number, struct cv_err *err)
{
    char name[16];
    if (s->fd >= 0 && s->open_number == number)
        return CV_OK;
    if (s->fd >= 0)
        close(s->fd);
    segment_name(number, name);
    s->fd = cv_open_regular(s->dir, name, O_RDONLY, 0);
    s->open_number = number;
    if (s->fd >= 0)
        return CV_OK;
    return errno == ENOENT ? NO_SEGMENT : cv_fail_errno(err, "archive/%s: cannot open", name);
}

cv_status cv_segment_size(struct cv_segments *s, uint32_t number, uint64_t *size, struct cv_err *err)
{
    char name[16];
    struct stat info;
    *size = 0;
    segment_name(number, name);
    if (fstatat(s->dir, name, &info, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? NO_SEGMENT : cv_fail_errno(err, "archive/%s: cannot stat", name);
    if (!S_ISREG(info.st_mode))
        return cv_fail(err, CV_ERR_LOG, "archive/%s: not a plain file", name);
    *size = (uint64_t)info.st_size;
    return CV_OK;
}

cv_status cv_segment_after(const struct cv_segments *s, uint32_t number, uint32_t *next, struct cv_err *err)
{
    char want[16], best[16] = "";
    const int fd = openat(s->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    *next = 0;
    segment_name(number, want);
    if (d == NULL) {
        if (fd >= 0)
            close(fd);
        return cv_fail_errno(err, "archive: cannot read the directory");
    }
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d)) /* names have one length */
        if (strlen(e->d_name) == strlen(want) && strspn(e->d_name, "0123456789") == 8 &&
            strcmp(e->d_name + 8, ".tar") == 0 && strcmp(e->d_name, want) > 0 &&
            (best[0] == '\0' || strcmp(e->d_name, best) < 0))
            memcpy(best, e->d_name, strlen(want) + 1);
    closedir(d);
    if (best[0] == '\0')
        return CV_ERR_NOTFOUND;
    *next = (uint32_t)strtoul(best, NULL, 10);
    return CV_OK;
}

cv_status cv_segment_gap(const struct cv_segments *s, uint32_t number, struct cv_err *err)
{
    uint32_t later;
    cv_status st = cv_segment_after(s, number, &later, err);
    if (st == CV_OK)
        return cv_fail(err, CV_ERR_LOG, "archive/%08u.tar: is missing, and later ones are there", number);
    return st == CV_ERR_NOTFOUND ? CV_OK : st;
}

cv_status cv_segment_read(struct cv_segments *s, uint32_t number, uint64_t offset, size_t n,
                          struct cv_buf *out, struct cv_err *err)
{
    cv_status st = use(s, number, err);
    st = CV_THEN(st, cv_buf_reserve(out, n));
    const ssize_t got = st == CV_OK ? cv_io_pread(s->fd, out->p + out->n, n, offset) : 0;
    if (got < 0)
        st = cv_fail_errno(err, "archive/%08u.tar: cannot read at %llu", number, (unsigned long long)offset);
    if (st == CV_OK)
        out->n += (size_t)got;
    return st;
}

/* use_end(s, number, create): have the segment open for appending. */
static cv_status use_end(struct cv_segments *s, uint32_t number, bool create, struct cv_err *err)
{
    char name[16];
    if (s->end >= 0 && s->end_number == number)
        return CV_OK;
    if (s->end >= 0)
        close(s->end); /* what it holds is durable since its fdatasync */
    segment_name(number, name);
    s->end = cv_open_regular(s->dir, name, O_WRONLY | O_APPEND | (create ? O_CREAT : 0), 0660);
    s->end_number = number;
    return s->end >= 0 ? CV_OK : cv_fail_errno(err, "archive/%s: cannot open for writing", name);
}

/* take_back(s, number, offset): what was written since, of which nobody has been told. After a sync that
 * failed the kernel holds pages that it takes for written, and no later sync would try them again: a commit
 * that built on them would be lost with them. If this fails too, no more is written by this process. */
static void take_back(struct cv_segments *s, uint32_t number, uint64_t offset)
{
    char name[16];
    segment_name(number, name);
    s->broken = true;
    for (int tries = 0; tries < TAKE_BACK_TRIES && s->broken; tries++)
        s->broken = cv_io->ftruncate(s->end, (off_t)offset) != 0;
    if (offset == 0 && cv_io->unlinkat(s->dir, name, 0) != 0)
        s->broken = true;
    close(s->end);
    s->end = -1;
    if (s->fd >= 0 && s->open_number == number && offset == 0) {
        close(s->fd);
        s->fd = -1;
    }
}

cv_status cv_segment_append(struct cv_segments *s, uint32_t number, uint64_t offset, struct cv_bytes bytes,
                            struct cv_err *err)
{
    struct stat info;
    if (s->broken)
        return cv_fail(err, CV_ERR_IO,
                       "archive: a write that failed could not be taken back; look after the "
                       "disk, and then begin again");
    cv_status st = use_end(s, number, offset == 0, err);
    if (st != CV_OK)
        return st;
    if (fstat(s->end, &info) != 0)
        return cv_fail_errno(err, "archive/%08u.tar: cannot stat", number);
    if ((uint64_t)info.st_size != offset)
        return cv_fail(err, CV_ERR_LOG,
                       "archive/%08u.tar: %llu bytes long where %llu were expected; nothing was written",
                       number, (unsigned long long)info.st_size, (unsigned long long)offset);
    if (cv_io_write(s->end, bytes) != 0)
        st = cv_fail_errno(err, "archive/%08u.tar: cannot write; nothing was stored", number);
    else if (cv_io->fdatasync(s->end) != 0)
        st =
            cv_fail_errno(err, "archive/%08u.tar: cannot make the write durable; nothing was stored", number);
    else if (offset == 0 && cv_io->fsync(s->dir) != 0)
        st = cv_fail_errno(err, "archive: cannot make the new segment durable; nothing was stored");
    if (st != CV_OK)
        take_back(s, number, offset);
    return st;
}

cv_status cv_segments_sync(struct cv_segments *s, uint32_t from, uint32_t to, struct cv_err *err)
{
    cv_status st = CV_OK;
    for (uint32_t n = from; n <= to && st == CV_OK; n++) {
        st = use(s, n, err);
        if (st == CV_OK && cv_io->fdatasync(s->fd) != 0)
            st = cv_fail_errno(err, "archive/%08u.tar: cannot make it durable", n);
        st = st == NO_SEGMENT ? CV_OK : st;
    }
    if (st == CV_OK && cv_io->fsync(s->dir) != 0)
        st = cv_fail_errno(err, "archive: cannot make it durable");
    return st;
}

void cv_segment_seal(struct cv_segments *s, uint32_t number)
{
    char name[16];
    segment_name(number, name);
    if (fchmodat(s->dir, name, 0440, 0) != 0)
        return; /* another user's file: sealing is a help against accidents, not a promise */
}
