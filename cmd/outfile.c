#include "cmd/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OWN_FILES "/proc/self/fd"

/* dir_of(path, dir): the directory that it is to stand in. */
static void dir_of(const char *path, char dir[static 4096])
{
    snprintf(dir, 4096, "%s", path);
    char *slash = strrchr(dir, '/');
    if (slash == NULL)
        snprintf(dir, 4096, ".");
    else
        slash[slash == dir ? 1 : 0] = '\0';
}

cv_status cv_outfile_free_name(struct cv_ui *ui, const char *path)
{
    struct stat there;
    return lstat(path, &there) == 0
               ? cv_fail(&ui->err, CV_ERR_EXISTS,
                         "%s: already there; it is not overwritten: name another file", path)
               : CV_OK;
}

cv_status cv_outfile_create(struct cv_ui *ui, const char *path, struct cv_outfile *out)
{
    char dir[4096];
    *out = (struct cv_outfile){ .path = path, .fd = -1 };
    cv_status st = cv_outfile_free_name(ui, path);
    if (st != CV_OK)
        return st;
    dir_of(path, dir);
    if (access(OWN_FILES, X_OK) == 0)
        out->fd = open(dir, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    if (out->fd >= 0)
        return CV_OK;
    if (snprintf(out->part, sizeof(out->part), "%s.part", path) >= (int)sizeof(out->part)) {
        out->part[0] = '\0';
        return cv_fail(&ui->err, CV_ERR_LIMIT, "%.200s: path too long", path);
    }
    out->fd = open(out->part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    return out->fd >= 0 ? CV_OK : cv_fail_errno(&ui->err, "%s: cannot create", out->part);
}

cv_status cv_outfile_write(const struct cv_outfile *o, struct cv_bytes b, struct cv_err *err)
{
    while (b.n > 0) {
        const ssize_t k = write(o->fd, b.p, b.n);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return cv_fail_errno(err, "%s: cannot write", o->path);
        b = CV_BYTES(b.p + k, b.n - (size_t)k);
    }
    return CV_OK;
}

cv_status cv_outfile_sync(struct cv_ui *ui, const struct cv_outfile *o)
{
    return fsync(o->fd) == 0 ? CV_OK : cv_fail_errno(&ui->err, "%s: cannot make it durable", o->path);
}

/* give_name(ui, o): that which was asked for; what has it by now keeps it. */
static cv_status give_name(struct cv_ui *ui, struct cv_outfile *o)
{
    char self[64];
    snprintf(self, sizeof(self), OWN_FILES "/%d", o->fd);
    int r = o->part[0] == '\0' ? linkat(AT_FDCWD, self, AT_FDCWD, o->path, AT_SYMLINK_FOLLOW)
                               : renameat2(AT_FDCWD, o->part, AT_FDCWD, o->path, RENAME_NOREPLACE);
    if (r != 0 && errno == EINVAL && o->part[0] != '\0') /* not every file system can refuse to replace */
        r = rename(o->part, o->path);
    if (r != 0)
        return cv_fail_errno(&ui->err, "%s: cannot get its name", o->path);
    o->part[0] = '\0';
    return CV_OK;
}

/* sync_dir(ui, o): the directory that a new name stands in. */
static cv_status sync_dir(struct cv_ui *ui, const struct cv_outfile *o)
{
    char dir[4096];
    dir_of(o->path, dir);
    const int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool good = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return good ? CV_OK : cv_fail_errno(&ui->err, "%s: cannot make it durable", o->path);
}

cv_status cv_outfile_keep(struct cv_ui *ui, struct cv_outfile *o)
{
    cv_status st = give_name(ui, o);
    return CV_THEN(st, sync_dir(ui, o));
}

void cv_outfile_drop(struct cv_outfile *o)
{
    if (o->fd >= 0)
        close(o->fd);
    if (o->part[0] != '\0')
        unlink(o->part);
    *o = CV_OUTFILE_NONE;
}
