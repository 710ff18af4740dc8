#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "vault/copy.h"
#include "vault/listed.h"
#include "vault/shelf.h"

/* The files of release keys in a backup. They are told apart from the archive: the archive is kept for ever,
 * and a copy of a key that was destroyed must not be. Their order is that of the number in their names, not
 * of a clock. */

#define NEW "new"
#define NUMBER_DIGITS 6
#define NUMBER_MAX 999999
#define NAME_FORM "%06u-%s.keys"

/* number_of(name): 0 for what is no such file. */
static unsigned number_of(const char *name)
{
    const size_t n = strlen(name);
    if (n < NUMBER_DIGITS + 6 || n >= CV_SHELF_NAME_BYTES || strspn(name, "0123456789") != NUMBER_DIGITS ||
        name[NUMBER_DIGITS] != '-' || strcmp(name + n - 5, ".keys") != 0)
        return 0;
    return (unsigned)strtoul(name, NULL, 10);
}

cv_status cv_shelf_keys(const struct cv_shelf *s, struct cv_shelf_keys *out, struct cv_err *err)
{
    struct cv_listed list = { 0 };
    out->count = 0;
    cv_status st = cv_listed_read(s->keys, ".", &list, err);
    for (size_t i = 0; i < list.count && st == CV_OK; i++) {
        if (number_of(list.name[i]) == 0)
            continue;
        if (out->count == CV_SHELF_KEYS_MAX)
            st = cv_fail(err, CV_ERR_LIMIT, "%s/keys: too many files", s->path);
        else
            snprintf(out->name[out->count++], CV_SHELF_NAME_BYTES, "%.31s", list.name[i]);
    }
    cv_listed_free(&list);
    return st;
}

cv_status cv_shelf_put_keys(const struct cv_shelf *s, int vault_dir, uint64_t slots, struct cv_err *err)
{
    const int from = openat(vault_dir, "release.keys", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (from < 0)
        return cv_fail_errno(err, "release.keys: cannot open");
    const int to = openat(s->keys, NEW, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    cv_status st = to >= 0 ? CV_OK : cv_fail_errno(err, "%s/keys: cannot write", s->path);
    st = CV_THEN(st, cv_copy_range(from, "release.keys", to, "keys", 0,
                                   CV_RELEASE_HEADER_BYTES + slots * CV_RELEASE_KEY_BYTES, NULL, NULL, err));
    if (st == CV_OK && fsync(to) != 0)
        st = cv_fail_errno(err, "%s/keys: cannot make it durable", s->path);
    if (to >= 0)
        close(to);
    close(from);
    return st;
}

cv_status cv_shelf_name_keys(const struct cv_shelf *s, char name[static CV_SHELF_NAME_BYTES],
                             struct cv_err *err)
{
    char when[20] = "";
    struct tm tm;
    const time_t now = time(NULL);
    struct cv_shelf_keys *list = calloc(1, sizeof(*list));
    cv_status st = list == NULL ? CV_ERR_NOMEM : cv_shelf_keys(s, list, err);
    const unsigned last = st == CV_OK && list->count > 0 ? number_of(list->name[list->count - 1]) : 0;
    free(list);
    if (st == CV_OK && last >= NUMBER_MAX)
        st = cv_fail(err, CV_ERR_LIMIT, "%s/keys: its numbers are used up; back up into a new directory",
                     s->path);
    if (st == CV_OK &&
        (gmtime_r(&now, &tm) == NULL || strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", &tm) == 0))
        st = CV_ERR_INTERNAL;
    snprintf(name, CV_SHELF_NAME_BYTES, NAME_FORM, (last + 1) % (NUMBER_MAX + 1), when);
    if (st == CV_OK && (renameat(s->keys, NEW, s->keys, name) != 0 || fsync(s->keys) != 0))
        st = cv_fail_errno(err, "%s/keys: cannot make them durable", s->path);
    return st;
}

/* destroy(s, name): what it held is overwritten, as far as the medium does that. */
static cv_status destroy(const struct cv_shelf *s, const char *name, struct cv_err *err)
{
    static const uint8_t zeros[65536];
    struct stat info;
    const int fd = openat(s->keys, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    bool good = fd >= 0 && fstat(fd, &info) == 0;
    for (off_t at = 0; good && at < info.st_size;) {
        const size_t left = (size_t)(info.st_size - at);
        const ssize_t k = pwrite(fd, zeros, left < sizeof(zeros) ? left : sizeof(zeros), at);
        good = k > 0 || (k < 0 && errno == EINTR);
        at += k > 0 ? k : 0;
    }
    good = good && fdatasync(fd) == 0 && unlinkat(s->keys, name, 0) == 0;
    cv_status st = good ? CV_OK : cv_fail_errno(err, "%s/keys/%s: cannot remove it", s->path, name);
    if (fd >= 0)
        close(fd);
    return st;
}

void cv_shelf_drop_keys(const struct cv_shelf *s)
{
    if (s->keys >= 0 && faccessat(s->keys, NEW, F_OK, 0) == 0)
        (void)!destroy(s, NEW, NULL);
}

cv_status cv_shelf_rotate(const struct cv_shelf *s, size_t keep, size_t *removed, struct cv_err *err)
{
    struct cv_shelf_keys *list = calloc(1, sizeof(*list));
    cv_status st = list == NULL ? CV_ERR_NOMEM : cv_shelf_keys(s, list, err);
    *removed = 0;
    for (size_t i = 0; st == CV_OK && i + keep < list->count; i++) {
        st = destroy(s, list->name[i], err);
        *removed += st == CV_OK;
    }
    if (st == CV_OK && *removed > 0 && fsync(s->keys) != 0)
        st = cv_fail_errno(err, "%s/keys: cannot make it durable", s->path);
    free(list);
    return st;
}

/* count_still(old, new, out): destroyed in the one and not in the other. */
static cv_status count_still(struct cv_release *old, struct cv_release *new, bool *still, struct cv_err *err)
{
    bool was[CV_RELEASE_GONE_MAX], is[CV_RELEASE_GONE_MAX];
    cv_status st = CV_OK;
    for (uint64_t at = 1; st == CV_OK && at < old->filled && at < new->filled; at += CV_RELEASE_GONE_MAX) {
        const uint64_t least = old->filled < new->filled ? old->filled : new->filled;
        const size_t n = least - at < CV_RELEASE_GONE_MAX ? (size_t)(least - at) : CV_RELEASE_GONE_MAX;
        st = cv_release_gone(old, at, n, was, err);
        st = CV_THEN(st, cv_release_gone(new, at, n, is, err));
        for (size_t i = 0; st == CV_OK && i < n; i++)
            still[at + i] = still[at + i] || (is[i] && !was[i]);
    }
    return st;
}

cv_status cv_shelf_open_still(const struct cv_shelf *s, uint64_t *out, struct cv_err *err)
{
    struct cv_shelf_keys *list = calloc(1, sizeof(*list));
    struct cv_release new = { .fd = -1 };
    bool *still = NULL;
    *out = 0;
    cv_status st = list == NULL ? CV_ERR_NOMEM : cv_shelf_keys(s, list, err);
    if (st == CV_OK && list->count > 1) {
        st = cv_release_open_as(&new, s->keys, list->name[list->count - 1], s->vault, err);
        still = st == CV_OK ? calloc(new.filled + 1, sizeof(*still)) : NULL;
        st = st == CV_OK && still == NULL ? CV_ERR_NOMEM : st;
        for (size_t i = 0; st == CV_OK && i + 1 < list->count; i++) {
            struct cv_release old = { .fd = -1 };
            st = cv_release_open_as(&old, s->keys, list->name[i], s->vault, err);
            st = CV_THEN(st, count_still(&old, &new, still, err));
            cv_release_close(&old);
        }
        for (uint64_t i = 0; st == CV_OK && i < new.filled; i++)
            *out += still[i];
    }
    cv_release_close(&new);
    free(still);
    free(list);
    return st;
}
