#include "vault/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/random.h"
#include "formats/base64.h"
#include "vault/io.h"
#include "vault/regular.h"

#define TITLE "casevault memory v1\n"
#define PATH_ROOM 4096
#define SIZE_DIGITS 11

/* make_dirs(path): every directory of ${path}, 0700. */
static int make_dirs(char *path)
{
    for (char *p = path + 1;; p++) {
        if (*p != '/' && *p != '\0')
            continue;
        const char keep = *p;
        *p = '\0';
        const int failed =
            cv_io->mkdirat(AT_FDCWD, path, 0700) != 0 ? errno != EEXIST : cv_io_sync_parent(path);
        *p = keep;
        if (failed)
            return -1;
        if (keep == '\0')
            return 0;
    }
}

cv_status cv_user_dir(const char *xdg, const char *fallback, const char *leaf, char out[static 4096],
                      struct cv_err *err)
{
    const char *base = getenv(xdg), *home = getenv("HOME");
    int n;
    if (base != NULL && base[0] == '/')
        n = snprintf(out, PATH_ROOM, "%s/casevault%s%s", base, leaf != NULL ? "/" : "",
                     leaf != NULL ? leaf : "");
    else if (home != NULL && home[0] == '/')
        n = snprintf(out, PATH_ROOM, "%s/%s/casevault%s%s", home, fallback, leaf != NULL ? "/" : "",
                     leaf != NULL ? leaf : "");
    else
        return cv_fail(err, CV_ERR_IO, "neither HOME nor %s names a directory", xdg);
    if (n < 0 || n >= PATH_ROOM)
        return cv_fail(err, CV_ERR_LIMIT, "%s: path too long", xdg);
    return make_dirs(out) == 0 ? CV_OK : cv_fail_errno(err, "%s: cannot make the directory", out);
}

/* memory_path(vault, what, out): of the memory itself, or (${what} not empty) of what lies beside it. */
static cv_status memory_path(const char *vault, const char *what, char out[static PATH_ROOM],
                             struct cv_err *err)
{
    char dir[PATH_ROOM];
    cv_status st = cv_user_dir("XDG_STATE_HOME", ".local/state", NULL, dir, err);
    if (st == CV_OK &&
        snprintf(out, PATH_ROOM, "%s/%s%s%s", dir, vault, *what != '\0' ? "." : "", what) >= PATH_ROOM)
        st = cv_fail(err, CV_ERR_LIMIT, "%s: path too long", dir);
    return st;
}

static cv_status parse(char *text, uint64_t *size, struct cv_hash *root)
{
    char *line = text + strlen(TITLE), *end = NULL;
    if (strncmp(text, TITLE, strlen(TITLE)) != 0)
        return CV_ERR_FORMAT;
    errno = 0;
    const unsigned long long n = strtoull(line, &end, 10);
    if (errno != 0 || end == line || *end != '\n')
        return CV_ERR_FORMAT;
    char *lf = strchr(end + 1, '\n');
    if (lf == NULL || lf[1] != '\0')
        return CV_ERR_FORMAT;
    *lf = '\0';
    *size = n;
    return cv_base64_decode_exact(CV_BASE64_STD, cv_bytes_str(end + 1), root->b, sizeof(root->b));
}

cv_status cv_memory_read(const char *vault, uint64_t *size, struct cv_hash *root, struct cv_err *err)
{
    char path[PATH_ROOM], text[256] = "";
    *size = 0;
    memset(root, 0, sizeof(*root));
    cv_status st = memory_path(vault, "", path, err);
    if (st != CV_OK)
        return st;
    const int fd = cv_open_regular(AT_FDCWD, path, O_RDONLY, 0);
    if (fd < 0)
        return errno == ENOENT ? CV_ERR_NOTFOUND : cv_fail_errno(err, "%s: cannot open", path);
    const ssize_t n = cv_io_pread(fd, text, sizeof(text) - 1, 0);
    close(fd);
    if (n < 0)
        return cv_fail_errno(err, "%s: cannot read", path);
    text[n] = '\0';
    if (parse(text, size, root) != CV_OK)
        return cv_fail(err, CV_ERR_FORMAT,
                       "%s: damaged; it holds what you last saw of this vault. Ask an auditor for "
                       "the last head, then delete the file",
                       path);
    return CV_OK;
}

cv_status cv_memory_write(int *fd, const char *vault, uint64_t size, const struct cv_hash *root,
                          struct cv_err *err)
{
    char path[PATH_ROOM];
    struct cv_buf text = { 0 };
    cv_status st = memory_path(vault, "", path, err);
    st = CV_THEN(st, cv_buf_printf(&text, TITLE "%0*" PRIu64 "\n", SIZE_DIGITS, size));
    st = CV_THEN(st, cv_base64_encode(CV_BASE64_STD, CV_ARR(root->b), &text));
    st = CV_THEN(st, cv_buf_str(&text, "\n"));
    if (st == CV_OK && *fd < 0)
        *fd = cv_open_regular(AT_FDCWD, path, O_WRONLY, 0);
    /* Always the same length, and far less than a sector: a cut leaves the old or the new. The first, and one
     * that the kernel takes in part, are put there whole, or not at all. */
    if (st == CV_OK && (*fd < 0 || cv_io_pwrite(*fd, cv_buf_view(&text), 0) != 0)) {
        if (*fd >= 0)
            close(*fd);
        *fd = -1;
        st = cv_memory_replace(path, cv_buf_view(&text), err);
    }
    cv_buf_free(&text);
    return st;
}

cv_status cv_memory_replace(const char *path, struct cv_bytes data, struct cv_err *err)
{
    char made[PATH_ROOM + 16], hex[13];
    uint8_t number[6];
    cv_status st = cv_random(number, sizeof(number));
    if (st != CV_OK)
        return cv_err_note(err, st, path);
    cv_hex_encode(CV_ARR(number), hex);
    snprintf(made, sizeof(made), "%s.%s", path, hex);
    const int fd = cv_open_regular(AT_FDCWD, made, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (fd < 0)
        return cv_fail_errno(err, "%s: cannot write", path);
    const bool good = cv_io_write(fd, data) == 0 && cv_io->fsync(fd) == 0 &&
                      cv_io->renameat(AT_FDCWD, made, AT_FDCWD, path) == 0 && cv_io_sync_parent(path) == 0;
    st = good ? CV_OK : cv_fail_errno(err, "%s: cannot write", path);
    close(fd);
    if (!good)
        (void)cv_io->unlinkat(AT_FDCWD, made, 0);
    return st;
}

cv_status cv_memory_keep(const char *vault, const char *what, struct cv_bytes data,
                         char path[static PATH_ROOM], struct cv_err *err)
{
    cv_status st = memory_path(vault, what, path, err);
    return CV_THEN(st, cv_memory_replace(path, data, err));
}

cv_status cv_memory_kept(const char *vault, const char *what, struct cv_buf *out, struct cv_err *err)
{
    char path[PATH_ROOM];
    const size_t most = (size_t)2 << 20, start = out->n;
    uint8_t *at = NULL;
    cv_status st = memory_path(vault, what, path, err);
    if (st != CV_OK)
        return st;
    const int fd = cv_open_regular(AT_FDCWD, path, O_RDONLY, 0);
    if (fd < 0)
        return errno == ENOENT ? CV_ERR_NOTFOUND : cv_fail_errno(err, "%s: cannot open", path);
    for (ssize_t n = 1; n > 0 && st == CV_OK;) {
        const size_t from = out->n;
        st = cv_buf_extend(out, 4096, &at);
        n = st == CV_OK ? cv_io_pread(fd, at, 4096, from - start) : 0;
        cv_buf_truncate(out, from + (n > 0 ? (size_t)n : 0));
        if (n < 0)
            st = cv_fail_errno(err, "%s: cannot read", path);
        else if (out->n - start > most)
            st = cv_fail(err, CV_ERR_LIMIT, "%s: longer than 2 MiB", path);
    }
    close(fd);
    return st;
}

cv_status cv_memory_forget(const char *vault, const char *what, struct cv_err *err)
{
    char path[PATH_ROOM];
    cv_status st = memory_path(vault, what, path, err);
    if (st != CV_OK)
        return st;
    if (cv_io->unlinkat(AT_FDCWD, path, 0) != 0)
        return errno == ENOENT ? CV_OK : cv_fail_errno(err, "%s: cannot remove", path);
    return cv_io_sync_parent(path) == 0 ? CV_OK : cv_fail_errno(err, "%s: cannot remove", path);
}
