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

/* package_path(vault, id, path): where it is remembered. */
static cv_status package_path(const char *vault, const char *id, char path[static PATH_ROOM],
                              struct cv_err *err)
{
    char name[128];
    snprintf(name, sizeof(name), "%.64s-%.32s", vault, id);
    return path_of("package", name, path, err);
}

/* holds(path, text, same): does the file hold this? */
static cv_status holds(const char *path, const char *text, bool *same, struct cv_err *err)
{
    char have[80] = "";
    const int fd = cv_open_regular(AT_FDCWD, path, O_RDONLY, 0);
    cv_status st =
        fd < 0 || read(fd, have, sizeof(have) - 1) < 0 ? cv_fail_errno(err, "%s: cannot read", path) : CV_OK;
    if (fd >= 0)
        close(fd);
    *same = st == CV_OK && strcmp(have, text) == 0;
    return st;
}

cv_status cv_known_package(const char *vault, const char *id, const char *manifest, struct cv_err *err)
{
    char path[PATH_ROOM], text[80];
    bool same = false;
    snprintf(text, sizeof(text), "%.64s\n", manifest);
    cv_status st = package_path(vault, id, path, err);
    st = CV_THEN(st, keep(path, text, err));
    st = CV_THEN(st, holds(path, text, &same, err));
    return st == CV_OK && !same
               ? cv_fail(err, CV_ERR_AUTH, "another package with this number was verified before")
               : st;
}

cv_status cv_known_verified(const char *vault, const char *id, const char *manifest, bool *known,
                            struct cv_err *err)
{
    char path[PATH_ROOM], text[80];
    *known = false;
    snprintf(text, sizeof(text), "%.64s\n", manifest);
    cv_status st = package_path(vault, id, path, err);
    if (st != CV_OK || (access(path, F_OK) != 0 && errno == ENOENT))
        return st;
    return holds(path, text, known, err);
}
