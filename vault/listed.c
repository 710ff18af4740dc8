#include "vault/listed.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void cv_listed_free(struct cv_listed *l)
{
    for (size_t i = 0; i < l->count; i++)
        free(l->name[i]);
    free(l->name);
    *l = (struct cv_listed){ 0 };
}

static cv_status add(struct cv_listed *l, const char *name)
{
    if (l->count == l->room) {
        const size_t room = 2 * l->room + 16;
        char **more = realloc(l->name, room * sizeof(*more));
        if (more == NULL)
            return CV_ERR_NOMEM;
        l->name = more;
        l->room = room;
    }
    l->name[l->count] = strdup(name);
    return l->name[l->count++] != NULL ? CV_OK : CV_ERR_NOMEM;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

cv_status cv_listed_read(int dir, const char *sub, struct cv_listed *out, struct cv_err *err)
{
    cv_status st = CV_OK;
    *out = (struct cv_listed){ 0 };
    const int fd = openat(dir, sub, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    if (d == NULL) {
        st = cv_fail_errno(err, "%s: cannot read the directory", sub);
        if (fd >= 0)
            close(fd);
        return st;
    }
    for (const struct dirent *e = readdir(d); e != NULL && st == CV_OK; e = readdir(d))
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            st = add(out, e->d_name);
    closedir(d);
    if (st == CV_OK && out->count > 1)
        qsort(out->name, out->count, sizeof(*out->name), by_bytes);
    return cv_err_note(err, st, "directory");
}
