#ifndef CV_VAULT_CURL_H
#define CV_VAULT_CURL_H

#include "crypto/bytes.h"
#include "formats/err.h"

/* What curl(1) ends with, as far as callers tell it apart. */
enum { CV_CURL_DONE = 0, CV_CURL_NO_PAGE = 22, CV_CURL_LIMIT = 63 };
#define CV_CURL_BODY_MAX 4096

/* One request, made by the system's curl: a process of its own, with no file, no key and no setting of ours,
 * which no shell starts: whatever a server sends is read by it, and only what it prints comes here. */
struct cv_curl {
    const char *url;
    const char *protocols;      /* such as "=http,https" */
    const char *const *options; /* more of them, ending in NULL */
    struct cv_bytes body;       /* its standard input; at most CV_CURL_BODY_MAX bytes */
    uint64_t seconds;           /* at most, for all of it */
    size_t max, extra;          /* bytes of the answer; and of what curl prints besides */
};

/** cv_curl(c, out, code, err): append what it prints; ${code}: its exit status, CV_CURL_NO_PAGE and
 * CV_CURL_LIMIT among them, for the caller to judge. CV_OK; CV_ERR_IO: no curl, no server, no time left, an
 * answer that broke off; CV_ERR_ARG: not a URL to curl; CV_ERR_LIMIT; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_curl(const struct cv_curl *c, struct cv_buf *out, int *code, struct cv_err *err);

/** cv_curl_url_ok(url): printable ASCII with nothing in it that no URL has, nor a password for a list of
 * processes to show. */
bool cv_curl_url_ok(const char *url);

#endif
