#include "vault/known.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vault/memory.h"
#include "vault/regular.h"

#define PATH_ROOM 4096

static cv_status path_of(const char *kind, const char *name, char out[static PATH_ROOM], struct cv_err *err)
{
    char dir[PATH_ROOM];
    cv_status st = cv_user_dir("XDG_STATE_HOME", ".local/state", NULL, dir, err);
    if (st == CV_OK && snprintf(out, PATH_ROOM, "%s/%s-%s", dir, kind, name) >= PATH_ROOM)
        st = cv_fail(err, CV_ERR_LIMIT, "%s: path too long", dir);
    return st;
}

/* keep(path, text): a new file, whole or not there, also if we are killed: an empty one would say of the
 * package that is verified next that there was another. One that is there stays. */
static cv_status keep(const char *path, const char *text, struct cv_err *err)
{
    const size_t n = strlen(text);
    char made[PATH_ROOM + 16];
    snprintf(made, sizeof(made), "%s.XXXXXX", path);
    const int fd = mkostemp(made, O_CLOEXEC);
    if (fd < 0)
        return cv_fail_errno(err, "%s: cannot write", path);
    const bool good =
        write(fd, text, n) == (ssize_t)n && fsync(fd) == 0 && (link(made, path) == 0 || errno == EEXIST);
    cv_status st = good ? CV_OK : cv_fail_errno(err, "%s: cannot write", path);
    close(fd);
    unlink(made);
    return st;
}

cv_status cv_known_sender(const char *vault, bool *known, struct cv_err *err)
{
    char path[PATH_ROOM];
    *known = false;
    cv_status st = path_of("sender", vault, path, err);
    if (st == CV_OK)
        *known = access(path, F_OK) == 0;
    return st;
}

cv_status cv_known_sender_add(const char *vault, struct cv_err *err)
{
    char path[PATH_ROOM];
    cv_status st = path_of("sender", vault, path, err);
    return CV_THEN(st, keep(path, "confirmed\n", err));
}

cv_status cv_known_package(const char *vault, const char *id, const char *manifest, struct cv_err *err)
{
    char path[PATH_ROOM], name[128], text[80], have[80] = "";
    snprintf(name, sizeof(name), "%.64s-%.32s", vault, id);
    snprintf(text, sizeof(text), "%.64s\n", manifest);
    cv_status st = path_of("package", name, path, err);
    st = CV_THEN(st, keep(path, text, err));
    const int fd = st == CV_OK ? cv_open_regular(AT_FDCWD, path, O_RDONLY, 0) : -1;
    if (st == CV_OK && (fd < 0 || read(fd, have, sizeof(have) - 1) < 0))
        st = cv_fail_errno(err, "%s: cannot read", path);
    if (fd >= 0)
        close(fd);
    if (st == CV_OK && strcmp(have, text) != 0)
        st = cv_fail(err, CV_ERR_AUTH, "another package with this number was verified before");
    return st;
}
