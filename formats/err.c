#include "formats/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "formats/utf8.h"
#include "formats/words.h"

/* make_harmless(msg): messages name things, and names come from files: what a terminal would obey, and what
 * is no text, becomes a question mark. */
static void make_harmless(char *msg)
{
    struct cv_bytes rest = cv_bytes_str(msg);
    char *out = msg;
    uint32_t code = 0;
    while (rest.n > 0) {
        size_t n = cv_utf8_next(rest, &code);
        if (n > 0 && cv_utf8_harmless(code)) {
            memmove(out, rest.p, n);
            out += n;
        } else {
            *out++ = '?';
            n = n > 0 ? n : 1;
        }
        rest = CV_BYTES(rest.p + n, rest.n - n);
    }
    *out = '\0';
}

/* fill(err, st, fmt, ap): ${fmt} is translated. */
static void fill(struct cv_err *err, cv_status st, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));
static void fill(struct cv_err *err, cv_status st, const char *fmt, va_list ap)
{
    (void)vsnprintf(err->msg, sizeof err->msg, fmt, ap);
    make_harmless(err->msg);
    if (err->msg[0] == '\0') /* somebody's words that were none: whoever called may have some */
        return;
    err->status = st;
    err->sys_errno = 0;
}

cv_status(cv_fail)(struct cv_err *err, cv_status st, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    if (err != NULL && err->status == CV_OK)
        fill(err, st, _(fmt), ap);
    va_end(ap);
    return st;
}

cv_status(cv_fail_n)(struct cv_err *err, cv_status st, uint64_t n, const char *one, const char *many, ...)
{
    va_list ap;
    va_start(ap, many);
    if (err != NULL && err->status == CV_OK)
        fill(err, st, cv_words(n, one, many), ap);
    va_end(ap);
    return st;
}

cv_status cv_fail_errno(struct cv_err *err, const char *fmt, ...)
{
    int e = errno;
    cv_status st = e == ENOMEM ? CV_ERR_NOMEM : CV_ERR_IO;
    if (err == NULL || err->status != CV_OK)
        return st;
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(err->msg, sizeof err->msg, _(fmt), ap);
    va_end(ap);
    const char *text = strerrordesc_np(e);
    if (n >= 0 && (size_t)n < sizeof err->msg)
        (void)snprintf(err->msg + n, sizeof err->msg - (size_t)n, ": %s", text != NULL ? _(text) : "?");
    make_harmless(err->msg);
    err->status = st;
    err->sys_errno = e;
    return st;
}

cv_status(cv_err_note)(struct cv_err *err, cv_status st, const char *what)
{
    return st == CV_OK ? CV_OK : cv_fail(err, st, "%s: %s", _(what), cv_status_text(st));
}

const char *cv_status_text(cv_status st)
{
    switch (st) {
    case CV_OK:
        return _("done");
    case CV_ERR_INTERNAL:
        return _("internal error");
    case CV_ERR_NOMEM:
        return _("out of memory");
    case CV_ERR_ARG:
        return _("wrong argument");
    case CV_ERR_FORMAT:
        return _("not well formed");
    case CV_ERR_LIMIT:
        return _("beyond a limit");
    case CV_ERR_AUTH:
        return _("does not verify");
    case CV_ERR_NOKEY:
        return _("no key opens it");
    case CV_ERR_NOTFOUND:
        return _("not found");
    case CV_ERR_EXISTS:
        return _("exists already");
    case CV_ERR_LOG:
        return _("tampering or damage");
    case CV_ERR_IO:
        return _("input or output failed");
    case CV_ERR_LOCKED:
        return _("locked by another");
    case CV_ERR_DENIED:
        return _("not allowed");
    case CV_ERR_NOVAULT:
        return _("no vault here");
    case CV_ERR_CONSENT:
        return _("a consent or an approval is missing");
    }
    return _("unknown status");
}
