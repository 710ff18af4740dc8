#include "vault/rebuild.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "vault/listed.h"
#include "vault/memory.h"

/* remove_in(dir, path, sub, only): files of a directory of the cache whose names begin so. */
static cv_status remove_in(int dir, const char *path, const char *sub, const char *only, struct cv_err *err)
{
    struct cv_listed list = { 0 };
    const int fd = openat(dir, sub, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? CV_OK : cv_fail_errno(err, "%s/%s: cannot open", path, sub);
    cv_status st = cv_listed_read(fd, ".", &list, err);
    for (size_t i = 0; i < list.count && st == CV_OK; i++)
        if (strncmp(list.name[i], only, strlen(only)) == 0 && unlinkat(fd, list.name[i], 0) != 0 &&
            errno != ENOENT)
            st = cv_fail_errno(err, "%s/%s: cannot remove it", path, list.name[i]);
    cv_listed_free(&list);
    close(fd);
    return st;
}

cv_status cv_rebuild_forget(const char *vault, struct cv_err *err)
{
    char path[4096];
    cv_status st = cv_user_dir("XDG_CACHE_HOME", ".cache", vault, path, err);
    const int dir = st == CV_OK ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (st == CV_OK && dir < 0)
        st = cv_fail_errno(err, "%s: cannot open", path);
    st = CV_THEN(st, remove_in(dir, path, ".", "catalog.db", err));
    st = CV_THEN(st, remove_in(dir, path, "index", "", err));
    if (dir >= 0)
        close(dir);
    return st;
}
