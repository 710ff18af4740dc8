#include "vault/shelf.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "formats/base64.h"
#include "vault/copy.h"
#include "vault/listed.h"

#define MARK "casevault-backup"
#define TITLE "casevault backup v1\n"
#define NEW ".new" /* of either file, until it is whole */
#define TEXT_MAX 512

void cv_shelf_close(struct cv_shelf *s)
{
    const int fds[] = { s->archive, s->keys, s->dir };
    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
        if (fds[i] >= 0)
            close(fds[i]);
    *s = CV_SHELF_NONE;
}

/* take(path, exclusive, s): the directory, locked. */
static cv_status take(const char *path, bool exclusive, struct cv_shelf *s, struct cv_err *err)
{
    *s = CV_SHELF_NONE;
    if (snprintf(s->path, sizeof(s->path), "%s", path) >= (int)sizeof(s->path))
        return cv_fail(err, CV_ERR_LIMIT, "%.200s: path too long", path);
    s->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->dir < 0)
        return errno == ENOENT ? cv_fail(err, CV_ERR_NOVAULT, "%s: no backup here", path)
                               : cv_fail_errno(err, "%s: cannot open", path);
    if (flock(s->dir, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0)
        return CV_OK;
    return errno == EWOULDBLOCK
               ? cv_fail(err, CV_ERR_LOCKED, "%s: somebody else is at this backup; try again later", path)
               : cv_fail_errno(err, "%s: cannot lock", path);
}

/* check_value(text, out): the last line: of all before it. */
static cv_status check_value(struct cv_bytes text, char out[static 65])
{
    uint8_t hash[CV_SHA256_BYTES];
    cv_status st = cv_sha256(text, hash);
    if (st == CV_OK)
        cv_hex_encode(CV_ARR(hash), out);
    return st;
}

/* parse(text, s): its four lines. */
static cv_status parse(char *text, struct cv_shelf *s)
{
    char want[65];
    const size_t n = strlen(text);
    if (n < 66 || text[n - 1] != '\n' || check_value(CV_BYTES((uint8_t *)text, n - 65), want) != CV_OK ||
        memcmp(text + n - 65, want, 64) != 0)
        return CV_ERR_FORMAT;
    text[n - 65] = '\0';
    char *line = text + strlen(TITLE), *end = NULL;
    if (strncmp(text, TITLE, strlen(TITLE)) != 0 || strlen(line) < CV_RELEASE_VAULT_BYTES ||
        strspn(line, "0123456789abcdef") != CV_RELEASE_VAULT_BYTES - 1 ||
        line[CV_RELEASE_VAULT_BYTES - 1] != '\n')
        return CV_ERR_FORMAT;
    memcpy(s->vault, line, CV_RELEASE_VAULT_BYTES - 1);
    line += CV_RELEASE_VAULT_BYTES;
    errno = 0;
    const unsigned long long segment = strtoull(line, &end, 10);
    s->offset = *end == ' ' ? strtoull(end + 1, &end, 10) : 0;
    s->size = *end == ' ' ? strtoull(end + 1, &end, 10) : 0;
    char *lf = strchr(line, '\n');
    if (errno != 0 || segment > UINT32_MAX || *end != ' ' || lf == NULL || lf[1] != '\0')
        return CV_ERR_FORMAT;
    s->segment = (uint32_t)segment;
    *lf = '\0';
    return cv_base64_decode_exact(CV_BASE64_STD, cv_bytes_str(end + 1), s->root.b, sizeof(s->root.b));
}

/* read_mark(s): CV_OK; CV_ERR_NOTFOUND. */
static cv_status read_mark(struct cv_shelf *s, struct cv_err *err)
{
    char text[TEXT_MAX] = "";
    const int fd = openat(s->dir, MARK, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? CV_ERR_NOTFOUND : cv_fail_errno(err, "%s/%s: cannot open", s->path, MARK);
    const ssize_t n = read(fd, text, sizeof(text) - 1);
    close(fd);
    if (n < 0)
        return cv_fail_errno(err, "%s/%s: cannot read", s->path, MARK);
    return parse(text, s) == CV_OK
               ? CV_OK
               : cv_fail(err, CV_ERR_LOG,
                         "%s/%s: damaged. Keep this directory as it is, and back up into a new one", s->path,
                         MARK);
}

cv_status cv_shelf_finish(struct cv_shelf *s, struct cv_err *err)
{
    struct cv_buf text = { 0 };
    char hash[65];
    cv_status st = cv_buf_printf(&text, TITLE "%s\n%" PRIu32 " %" PRIu64 " %" PRIu64 " ", s->vault,
                                 s->segment, s->offset, s->size);
    st = CV_THEN(st, cv_base64_encode(CV_BASE64_STD, CV_ARR(s->root.b), &text));
    st = CV_THEN(st, cv_buf_str(&text, "\n"));
    st = CV_THEN(st, check_value(cv_buf_view(&text), hash));
    st = CV_THEN(st, cv_buf_printf(&text, "%s\n", hash));
    st = CV_THEN(st, cv_copy_file(s->dir, MARK, MARK NEW, cv_buf_view(&text), err));
    cv_buf_free(&text);
    return st;
}

/* only_ours(s): nothing but what a first backup that was broken off may have left. */
static cv_status only_ours(const struct cv_shelf *s, struct cv_err *err)
{
    struct cv_listed list = { 0 };
    cv_status st = cv_listed_read(s->dir, ".", &list, err);
    for (size_t i = 0; i < list.count && st == CV_OK; i++)
        if (strcmp(list.name[i], MARK NEW) != 0)
            st = cv_fail(err, CV_ERR_EXISTS,
                         "%s: holds something else (%.40s); nothing was written there. A backup wants a "
                         "directory of its own",
                         s->path, list.name[i]);
    cv_listed_free(&list);
    return st;
}

/* open_inside(s, create): its two directories. */
static cv_status open_inside(struct cv_shelf *s, bool create, struct cv_err *err)
{
    const struct {
        const char *name;
        int *fd;
    } in[] = { { "archive", &s->archive }, { "keys", &s->keys } };
    for (size_t i = 0; i < sizeof(in) / sizeof(in[0]); i++) {
        if (create && mkdirat(s->dir, in[i].name, 0700) != 0 && errno != EEXIST)
            return cv_fail_errno(err, "%s/%s: cannot make the directory", s->path, in[i].name);
        *in[i].fd = openat(s->dir, in[i].name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (*in[i].fd < 0)
            return errno == ENOENT ? cv_fail(err, CV_ERR_LOG, "%s/%s: is missing", s->path, in[i].name)
                                   : cv_fail_errno(err, "%s/%s: cannot open", s->path, in[i].name);
    }
    return create && fsync(s->dir) != 0 ? cv_fail_errno(err, "%s: cannot make it durable", s->path) : CV_OK;
}

cv_status cv_shelf_claim(const char *path, const char *vault, struct cv_shelf *out, struct cv_err *err)
{
    *out = CV_SHELF_NONE;
    if (mkdir(path, 0700) == 0) {
        cv_status made = cv_copy_sync_parent(path, err);
        if (made != CV_OK)
            return made;
    } else if (errno != EEXIST)
        return cv_fail_errno(err, "%s: cannot make the directory", path);
    cv_status st = take(path, true, out, err);
    st = CV_THEN(st, read_mark(out, err));
    if (st == CV_ERR_NOTFOUND) {
        st = only_ours(out, err);
        memcpy(out->vault, vault, sizeof(out->vault));
        st = CV_THEN(st, cv_shelf_finish(out, err));
    } else if (st == CV_OK && strcmp(out->vault, vault) != 0)
        st = cv_fail(err, CV_ERR_EXISTS,
                     "%s: holds the backup of another vault; nothing was written there: name another", path);
    st = CV_THEN(st, open_inside(out, true, err));
    if (st != CV_OK)
        cv_shelf_close(out);
    return st;
}

/* all_there(s): every segment that was finished, as far as its size tells. */
static cv_status all_there(const struct cv_shelf *s, struct cv_err *err)
{
    struct stat info;
    char name[16];
    for (uint32_t n = 1; n <= s->segment; n++) {
        snprintf(name, sizeof(name), "%08u.tar", n);
        if (n == s->segment && s->offset == 0)
            continue;
        if (fstatat(s->archive, name, &info, AT_SYMLINK_NOFOLLOW) != 0)
            return errno == ENOENT ? cv_fail(err, CV_ERR_LOG, "%s/archive/%s: is missing", s->path, name)
                                   : cv_fail_errno(err, "%s/archive/%s: cannot stat", s->path, name);
        if (!S_ISREG(info.st_mode) || (n == s->segment && (uint64_t)info.st_size < s->offset))
            return cv_fail(err, CV_ERR_LOG, "%s/archive/%s: was cut", s->path, name);
    }
    return CV_OK;
}

cv_status cv_shelf_open(const char *path, struct cv_shelf *out, struct cv_err *err)
{
    cv_status st = take(path, false, out, err);
    st = CV_THEN(st, read_mark(out, err));
    if (st == CV_ERR_NOTFOUND)
        st = cv_fail(err, CV_ERR_NOVAULT, "%s: no backup here", path);
    else if (st == CV_OK && out->segment == 0)
        st = cv_fail(err, CV_ERR_NOVAULT, "%s: no backup was ever finished here; run `backup` again", path);
    st = CV_THEN(st, open_inside(out, false, err));
    st = CV_THEN(st, all_there(out, err));
    if (st != CV_OK)
        cv_shelf_close(out);
    return st;
}
