#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/utf8.h"
#include "formats/words.h"
#include "vault/document.h"

/* The file that is to be attached. */

#define UNKNOWN "\xef\xbf\xbd" /* U+FFFD */
#define NAME_BYTES_MAX ((size_t)800)

/* name_of(f): the last part of its path as one line of plain text: what is no UTF-8, or would steer what is
 * read around it, is replaced. */
static cv_status name_of(struct cv_document_file *f)
{
    const char *slash = strrchr(f->path, '/');
    struct cv_bytes rest = cv_bytes_str(slash != NULL ? slash + 1 : f->path);
    struct cv_buf out = { 0 };
    cv_status st = CV_OK;
    while (rest.n > 0 && out.n < NAME_BYTES_MAX && st == CV_OK) {
        uint32_t code = 0;
        const size_t n = cv_utf8_next(rest, &code);
        const bool plain = n > 0 && cv_utf8_harmless(code);
        st = plain ? cv_buf_append(&out, CV_BYTES(rest.p, n)) : cv_buf_str(&out, UNKNOWN);
        f->renamed |= !plain;
        rest = CV_BYTES(rest.p + (n > 0 ? n : 1), rest.n - (n > 0 ? n : 1));
    }
    st = CV_THEN(st, cv_buf_append(&out, CV_LIT("\0")));
    if (st == CV_OK && (f->name = strdup((const char *)out.p)) == NULL)
        st = CV_ERR_NOMEM;
    cv_buf_free(&out);
    return st;
}

/* kind_of(mode): what it is instead of a plain file. */
static const char *kind_of(mode_t mode)
{
    return S_ISDIR(mode)                    ? N_("is a directory")
           : S_ISFIFO(mode)                 ? N_("is a pipe")
           : S_ISSOCK(mode)                 ? N_("is a socket")
           : S_ISCHR(mode) || S_ISBLK(mode) ? N_("is a device")
                                            : N_("is no file");
}

static cv_status judge(struct cv_document_file *f, struct cv_err *err)
{
    if (fstat(f->fd, &f->then) != 0)
        return cv_fail_errno(err, "%s: cannot look at it", f->path);
    if (!S_ISREG(f->then.st_mode))
        return cv_fail(err, CV_ERR_FORMAT, "%s: %s; only a plain file can be attached", f->path,
                       _(kind_of(f->then.st_mode)));
    f->bytes = (uint64_t)f->then.st_size;
    if (f->bytes == 0)
        return cv_fail(err, CV_ERR_FORMAT, "%s: is empty; there is nothing to attach", f->path);
    return f->bytes <= CV_DOCUMENT_MAX_BYTES
               ? CV_OK
               : cv_fail(err, CV_ERR_LIMIT, "%s: longer than 1 TiB; attach it in parts", f->path);
}

cv_status cv_document_file_open(const char *path, struct cv_document_file *out, struct cv_err *err)
{
    struct cv_document_file f = { .path = path };
    *out = (struct cv_document_file){ .fd = -1 };
    /* A pipe must not make us wait, nor a terminal become ours. A socket cannot be opened at all. */
    f.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (f.fd < 0)
        return errno == ENXIO
                   ? cv_fail(err, CV_ERR_FORMAT, "%s: is a socket; only a plain file can be attached", path)
                   : cv_fail_errno(err, "%s", path);
    cv_status st = judge(&f, err);
    st = CV_THEN(st, name_of(&f));
    if (st == CV_OK)
        *out = f;
    else
        cv_document_file_close(&f);
    return cv_err_note(err, st, path);
}

void cv_document_file_close(struct cv_document_file *f)
{
    if (f->fd >= 0)
        close(f->fd);
    free(f->name);
    *f = (struct cv_document_file){ .fd = -1 };
}

static cv_status changed(const struct cv_document_file *f, struct cv_err *err)
{
    return cv_fail(err, CV_ERR_IO, "%s: was changed while it was read; it is not attached", f->path);
}

cv_status cv_document_file_read(const struct cv_document_file *f, uint64_t at, uint8_t *out, size_t n,
                                struct cv_err *err)
{
    for (size_t done = 0; done < n;) {
        const ssize_t k = pread(f->fd, out + done, n - done, (off_t)(at + done));
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return cv_fail_errno(err, "%s: cannot read", f->path);
        if (k == 0)
            return changed(f, err);
        done += (size_t)k;
    }
    return CV_OK;
}

static bool same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

cv_status cv_document_file_same(const struct cv_document_file *f, struct cv_err *err)
{
    struct stat now;
    if (fstat(f->fd, &now) != 0)
        return cv_fail_errno(err, "%s: cannot look at it", f->path);
    return now.st_size == f->then.st_size && same_time(now.st_mtim, f->then.st_mtim) &&
                   same_time(now.st_ctim, f->then.st_ctim)
               ? CV_OK
               : changed(f, err);
}
