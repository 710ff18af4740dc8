#include "vault/segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vault/regular.h"

/* Without a message: that there is no further segment is how every scan ends. */
#define NO_SEGMENT CV_ERR_NOTFOUND

static void segment_name(uint32_t number, char out[static 16])
{
    snprintf(out, 16, "%08u.tar", number);
}

cv_status cv_segments_open(struct cv_segments *s, int vault_dir, bool create, struct cv_err *err)
{
    *s = CV_SEGMENTS_NONE;
    if (create && (mkdirat(vault_dir, "archive", 0770) != 0 || fsync(vault_dir) != 0))
        return cv_fail_errno(err, "archive: cannot make the directory");
    s->dir = openat(vault_dir, "archive", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
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
    size_t got = 0;
    cv_status st = use(s, number, err);
    st = CV_THEN(st, cv_buf_reserve(out, n));
    while (st == CV_OK && got < n) {
        const ssize_t k = pread(s->fd, out->p + out->n + got, n - got, (off_t)(offset + got));
        if (k == 0)
            break;
        if (k > 0)
            got += (size_t)k;
        else if (errno != EINTR)
            st = cv_fail_errno(err, "archive/%08u.tar: cannot read at %llu", number,
                               (unsigned long long)offset);
    }
    if (st == CV_OK)
        out->n += got;
    return st;
}

/* write_all(fd, bytes): the kernel may take a write in pieces; 0 or -1 with errno. */
static int write_all(int fd, struct cv_bytes bytes)
{
    while (bytes.n > 0) {
        const ssize_t k = write(fd, bytes.p, bytes.n);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return -1;
        bytes = CV_BYTES(bytes.p + k, bytes.n - (size_t)k);
    }
    return 0;
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

cv_status cv_segment_append(struct cv_segments *s, uint32_t number, uint64_t offset, struct cv_bytes bytes,
                            struct cv_err *err)
{
    struct stat info;
    cv_status st = use_end(s, number, offset == 0, err);
    if (st != CV_OK)
        return st;
    if (fstat(s->end, &info) != 0)
        return cv_fail_errno(err, "archive/%08u.tar: cannot stat", number);
    if ((uint64_t)info.st_size != offset)
        return cv_fail(err, CV_ERR_LOG,
                       "archive/%08u.tar: %llu bytes long where %llu were expected; nothing was written",
                       number, (unsigned long long)info.st_size, (unsigned long long)offset);
    if (write_all(s->end, bytes) != 0) {
        st = cv_fail_errno(err, "archive/%08u.tar: cannot write; nothing was stored", number);
        if (ftruncate(s->end, (off_t)offset) != 0)
            return CV_ERR_IO; /* what stays is a torn tail, and the next opening closes the segment there */
        return st;
    }
    if (fdatasync(s->end) != 0)
        return cv_fail_errno(err, "archive/%08u.tar: cannot make the write durable; do not count on it",
                             number);
    if (offset == 0 && fsync(s->dir) != 0)
        return cv_fail_errno(err, "archive: cannot make the new segment durable");
    return CV_OK;
}

void cv_segment_seal(struct cv_segments *s, uint32_t number)
{
    char name[16];
    segment_name(number, name);
    if (fchmodat(s->dir, name, 0440, 0) != 0)
        return; /* another user's file: sealing is a help against accidents, not a promise */
}
