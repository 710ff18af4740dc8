#include "vault/mending.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "vault/copy.h"
#include "vault/listed.h"
#include "vault/regular.h"

/* clear(m): what is in it goes; the vault's own files have their names elsewhere. */
static void clear(const struct cv_mending *m)
{
    struct cv_listed list = { 0 };
    if (m->archive >= 0 && cv_listed_read(m->archive, ".", &list, NULL) == CV_OK)
        for (size_t i = 0; i < list.count; i++)
            unlinkat(m->archive, list.name[i], 0);
    cv_listed_free(&list);
    if (m->dir >= 0)
        unlinkat(m->dir, "release.keys", 0);
}

void cv_mending_close(struct cv_mending *m)
{
    clear(m);
    if (m->dir >= 0)
        unlinkat(m->dir, "archive", AT_REMOVEDIR);
    if (m->vault >= 0)
        unlinkat(m->vault, "mending", AT_REMOVEDIR);
    free(m->changed);
    const int fds[] = { m->archive, m->dir, m->aside, m->lock, m->vault };
    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
        if (fds[i] >= 0)
            close(fds[i]);
    *m = CV_MENDING_NONE;
}

/* inside(dir, name, out): a directory of the vault's, made if need be. */
static cv_status inside(int dir, const char *name, int *out, struct cv_err *err)
{
    if (mkdirat(dir, name, 0770) != 0 && errno != EEXIST)
        return cv_fail_errno(err, "%s: cannot make the directory", name);
    *out = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    return *out >= 0 ? CV_OK : cv_fail_errno(err, "%s: cannot open", name);
}

cv_status cv_mending_open(const char *path, struct cv_mending *out, struct cv_err *err)
{
    int archive = -1;
    *out = CV_MENDING_NONE;
    if (snprintf(out->path, sizeof(out->path), "%s/mending", path) >= 4096)
        return cv_fail(err, CV_ERR_LIMIT, "%.200s: path too long", path);
    out->vault = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (out->vault < 0 || (faccessat(out->vault, "archive", F_OK, 0) != 0 &&
                           faccessat(out->vault, "release.keys", F_OK, 0) != 0))
        return cv_fail(err, CV_ERR_NOVAULT, "%s: no vault here", path);
    out->lock = cv_open_regular(out->vault, "lock", O_RDWR | O_CREAT, 0660);
    if (out->lock < 0)
        return cv_fail_errno(err, "%s/lock: cannot open", path);
    if (flock(out->lock, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK
                   ? cv_fail(err, CV_ERR_LOCKED, "%s: somebody is writing to this vault; try again", path)
                   : cv_fail_errno(err, "%s/lock: cannot lock", path);
    cv_status st = inside(out->vault, "archive", &archive, err);
    if (archive >= 0)
        close(archive);
    st = CV_THEN(st, inside(out->vault, "mending", &out->dir, err));
    st = CV_THEN(st, inside(out->dir, "archive", &out->archive, err));
    clear(out);
    return st;
}

cv_status cv_mending_note(struct cv_mending *m, uint32_t number, bool changed)
{
    if (number >= m->room) {
        const size_t room = 2 * m->room + number + 16;
        bool *more = realloc(m->changed, room * sizeof(*more));
        if (more == NULL)
            return CV_ERR_NOMEM;
        memset(more + m->room, 0, (room - m->room) * sizeof(*more));
        m->changed = more;
        m->room = room;
    }
    m->changed[number] = changed;
    m->last = number > m->last ? number : m->last;
    return CV_OK;
}

/* again(m, from_dir, from, to_dir, to): a second name for a file; where the file system has no such thing, a
 * copy. CV_ERR_EXISTS if the name is taken. */
static cv_status again(int from_dir, const char *from, int to_dir, const char *to, struct cv_err *err)
{
    struct stat info = { 0 };
    if (linkat(from_dir, from, to_dir, to, 0) == 0)
        return CV_OK;
    if (errno == EEXIST)
        return CV_ERR_EXISTS;
    const int in = cv_open_regular(from_dir, from, O_RDONLY, 0);
    const int out =
        in >= 0 ? openat(to_dir, to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;
    cv_status st = CV_OK;
    if (out < 0 || fstat(in, &info) != 0)
        st = errno == EEXIST ? CV_ERR_EXISTS : cv_fail_errno(err, "%s: cannot copy", from);
    st = CV_THEN(st, cv_copy_range(in, from, out, to, 0, (uint64_t)info.st_size, NULL, NULL, err));
    if (st == CV_OK && fsync(out) != 0)
        st = cv_fail_errno(err, "%s: cannot make it durable", to);
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    return st;
}

/* size_of(fd): 0 for none. */
static uint64_t size_of(int fd)
{
    struct stat info;
    return fd >= 0 && fstat(fd, &info) == 0 ? (uint64_t)info.st_size : 0;
}

/* join(m, name, own, theirs, end): the backup's up to ${end}, and the vault's own behind it. */
static cv_status join(struct cv_mending *m, const char *name, int own, int theirs, uint64_t end,
                      struct cv_err *err)
{
    const int to = openat(m->archive, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0660);
    cv_status st = to >= 0 ? CV_OK : cv_fail_errno(err, "mending/%s: cannot write", name);
    st = CV_THEN(st, cv_copy_range(theirs, name, to, name, 0, end, NULL, NULL, err));
    if (size_of(own) > end)
        st = CV_THEN(st, cv_copy_range(own, name, to, name, end, size_of(own), NULL, NULL, err));
    if (st == CV_OK && fsync(to) != 0)
        st = cv_fail_errno(err, "mending/%s: cannot make it durable", name);
    if (to >= 0)
        close(to);
    return st;
}

/* fill_one(m, shelf, number): as cv_mending_fill. */
static cv_status fill_one(struct cv_mending *m, const struct cv_shelf *shelf, uint32_t number,
                          struct cv_err *err)
{
    char name[16], path[32];
    uint64_t same = 0, end = 0;
    snprintf(name, sizeof(name), "%08u.tar", number);
    snprintf(path, sizeof(path), "archive/%s", name);
    const int own = cv_open_regular(m->vault, path, O_RDONLY, 0);
    const int theirs =
        shelf != NULL && number <= shelf->segment ? cv_open_regular(shelf->archive, name, O_RDONLY, 0) : -1;
    cv_status st = CV_OK;
    if (theirs >= 0)
        end = number == shelf->segment ? shelf->offset : size_of(theirs);
    if (own >= 0 && theirs >= 0)
        st = cv_copy_same(own, theirs, end, &same, err);
    const bool change = theirs >= 0 && (own < 0 || same < end);
    if (st == CV_OK && change)
        st = join(m, name, own, theirs, end, err);
    else if (st == CV_OK && own >= 0)
        st = again(m->vault, path, m->archive, name, err);
    if (st == CV_OK && (change || own >= 0))
        st = cv_mending_note(m, number, change);
    if (own >= 0)
        close(own);
    if (theirs >= 0)
        close(theirs);
    return cv_err_note(err, st, name);
}

cv_status cv_mending_fill(struct cv_mending *m, const struct cv_shelf *shelf, struct cv_err *err)
{
    struct cv_segments own = CV_SEGMENTS_NONE;
    uint32_t next = 0, last = shelf != NULL ? shelf->segment : 0;
    cv_status st = cv_segments_open(&own, m->vault, false, err);
    for (uint32_t n = 0; st == CV_OK; n = next) {
        st = cv_segment_after(&own, n, &next, err);
        if (st == CV_OK && next > last)
            last = next;
    }
    cv_segments_close(&own);
    st = st == CV_ERR_NOTFOUND ? CV_OK : st;
    for (uint32_t n = 1; st == CV_OK && n <= last; n++)
        st = fill_one(m, shelf, n, err);
    return st;
}

cv_status cv_mending_own_keys(struct cv_mending *m, struct cv_err *err)
{
    if (faccessat(m->vault, "release.keys", F_OK, AT_SYMLINK_NOFOLLOW) != 0)
        return CV_OK;
    return again(m->vault, "release.keys", m->dir, "release.keys", err);
}

/* key_at(fd, slot, out): false if the file does not reach so far, or the key is zeros there. */
static bool key_at(int fd, uint64_t slot, uint8_t out[static CV_RELEASE_KEY_BYTES], bool *there)
{
    const off_t at = (off_t)(CV_RELEASE_HEADER_BYTES + slot * CV_RELEASE_KEY_BYTES);
    *there = fd >= 0 && pread(fd, out, CV_RELEASE_KEY_BYTES, at) == CV_RELEASE_KEY_BYTES;
    return *there && !cv_bytes_zero(CV_BYTES(out, CV_RELEASE_KEY_BYTES));
}

/* choose(own, theirs, slot, key, gone): a key that one of them has destroyed was erased, if both are whole
 * there: what the vault has counts as far as it reaches. */
static void choose(int own, int theirs, uint64_t slot, uint8_t key[static CV_RELEASE_KEY_BYTES],
                   uint64_t *gone)
{
    bool there = false;
    (void)!key_at(own, slot, key, &there);
    if (there)
        return;
    (void)!key_at(theirs, slot, key, &there);
    if (there)
        return;
    memset(key, 0, CV_RELEASE_KEY_BYTES);
    ++*gone;
}

cv_status cv_mending_keys(struct cv_mending *m, const struct cv_shelf *shelf, const char *vault,
                          uint64_t slots, uint64_t *gone, struct cv_err *err)
{
    struct cv_release fresh = { .fd = -1 };
    char named[CV_RELEASE_VAULT_BYTES];
    bool grown;
    struct cv_shelf_keys *list = calloc(1, sizeof(*list));
    int own = cv_open_regular(m->vault, "release.keys", O_RDONLY, 0), theirs = -1;
    *gone = 0;
    if (own >= 0 && cv_release_peek(m->vault, named, &grown) == CV_OK && strcmp(named, vault) != 0) {
        close(own); /* another vault's file */
        own = -1;
    }
    unlinkat(m->dir, "release.keys", 0);
    cv_status st = list == NULL ? CV_ERR_NOMEM : shelf != NULL ? cv_shelf_keys(shelf, list, err) : CV_OK;
    if (st == CV_OK && list->count > 0)
        theirs = cv_open_regular(shelf->keys, list->name[list->count - 1], O_RDONLY, 0);
    st = CV_THEN(st, cv_release_create(&fresh, m->dir, vault, err));
    st = CV_THEN(st, cv_release_fill(&fresh, slots, err));
    for (uint64_t slot = 1; st == CV_OK && slot < slots; slot++) {
        uint8_t key[CV_RELEASE_KEY_BYTES];
        choose(own, theirs, slot, key, gone);
        const off_t at = (off_t)(CV_RELEASE_HEADER_BYTES + slot * CV_RELEASE_KEY_BYTES);
        if (pwrite(fresh.fd, key, sizeof(key), at) != (ssize_t)sizeof(key))
            st = cv_fail_errno(err, "mending/release.keys: cannot write");
        cv_wipe(key, sizeof(key));
    }
    if (st == CV_OK && fsync(fresh.fd) != 0)
        st = cv_fail_errno(err, "mending/release.keys: cannot make it durable");
    cv_release_close(&fresh);
    if (own >= 0)
        close(own);
    if (theirs >= 0)
        close(theirs);
    free(list);
    return st;
}

cv_status cv_mending_replace(struct cv_mending *m, const char *name, char out[static CV_ASIDE_BYTES],
                             struct cv_err *err)
{
    char when[20] = "now";
    struct tm tm;
    const time_t now = time(NULL);
    const char *base = strrchr(name, '/') != NULL ? strrchr(name, '/') + 1 : name;
    if (gmtime_r(&now, &tm) != NULL)
        strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", &tm);
    out[0] = '\0';
    cv_status st = m->aside >= 0 ? CV_OK : inside(m->vault, "set-aside", &m->aside, err);
    if (st == CV_OK && faccessat(m->vault, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        unsigned n = 1;
        do {
            snprintf(out, CV_ASIDE_BYTES, "%s-%s-%u", base, when, n);
            st = again(m->vault, name, m->aside, out, err);
        } while (st == CV_ERR_EXISTS && n++ < 1000);
        if (st == CV_OK && (fsync(m->aside) != 0 || fsync(m->vault) != 0))
            st = cv_fail_errno(err, "set-aside: cannot make it durable");
    }
    if (st == CV_OK && (fsync(m->archive) != 0 || renameat(m->dir, name, m->vault, name) != 0))
        st = cv_fail_errno(err, "%s: cannot put the mended one in its place", name);
    const int archive = openat(m->vault, "archive", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (st == CV_OK && (archive < 0 || fsync(archive) != 0 || fsync(m->vault) != 0))
        st = cv_fail_errno(err, "%s: cannot make it durable", name);
    if (archive >= 0)
        close(archive);
    return st;
}
