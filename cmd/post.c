#include "cmd/post.h"

#include <string.h>
#include <strings.h>

#include "vault/curl.h"

#define SCHEME "http://"
#define URL_MAX 1024
#define TRAILER_MAX 512 /* bytes of what curl says after the answer */

/* check_url(ui, url): nothing that could be an option, a file, another protocol or a password in a list of
 * processes. */
static cv_status check_url(struct cv_ui *ui, const char *url)
{
    const size_t n = strlen(url), scheme = strlen(SCHEME);
    if (strncmp(url, SCHEME, scheme) != 0 || n == scheme)
        return cv_fail(&ui->err, CV_ERR_ARG, "--url wants an address that begins with %s", SCHEME);
    if (n > URL_MAX)
        return cv_fail(&ui->err, CV_ERR_ARG, "--url: longer than %d letters", URL_MAX);
    return cv_curl_url_ok(url) ? CV_OK
                               : cv_fail(&ui->err, CV_ERR_ARG, "--url: a letter that no such address has");
}

/* judge(ui, p, all, out): the answer, and what curl says of it in the line after it. */
static cv_status judge(struct cv_ui *ui, const struct cv_post *p, struct cv_bytes all, struct cv_buf *out)
{
    char said[TRAILER_MAX];
    const uint8_t *lf = all.n > 0 ? memrchr(all.p, '\n', all.n) : NULL;
    const size_t n = lf != NULL ? (size_t)(all.p + all.n - lf - 1) : 0, want = strlen(p->want);
    if (lf == NULL || n < 4 || n >= sizeof(said))
        return cv_fail(&ui->err, CV_ERR_IO, "curl says nothing of the answer");
    memcpy(said, lf + 1, n);
    said[n] = '\0';
    if (strncmp(said, "200 ", 4) != 0)
        return cv_fail(&ui->err, CV_ERR_IO, "the server answered with HTTP status %.3s", said);
    const char *type = said + 4;
    if (strncasecmp(type, p->want, want) != 0 || (type[want] != '\0' && type[want] != ';'))
        return cv_fail(&ui->err, CV_ERR_IO, "the server's answer is not of the type %s", p->want);
    return cv_buf_append(out, CV_BYTES(all.p, (size_t)(lf - all.p)));
}

cv_status cv_post(struct cv_ui *ui, const struct cv_post *p, struct cv_bytes body, struct cv_buf *out)
{
    char type[128], accept[128];
    const char *const options[] = { "--header",
                                    type,
                                    "--header",
                                    accept,
                                    "--data-binary",
                                    "@-",
                                    "--write-out",
                                    "\n%{http_code} %{content_type}",
                                    NULL };
    const struct cv_curl request = { .url = p->url,
                                     .protocols = "=http",
                                     .options = options,
                                     .body = body,
                                     .seconds = p->seconds,
                                     .max = p->max,
                                     .extra = TRAILER_MAX };
    struct cv_buf all = { 0 };
    int code = 0;
    snprintf(type, sizeof(type), "Content-Type: %s", p->type);
    snprintf(accept, sizeof(accept), "Accept: %s", p->want);
    cv_status st = check_url(ui, p->url);
    st = CV_THEN(st, cv_curl(&request, &all, &code, &ui->err));
    if (st == CV_OK && code == CV_CURL_LIMIT)
        st = cv_fail(&ui->err, CV_ERR_LIMIT, "the server's answer is longer than is allowed");
    st = CV_THEN(st, judge(ui, p, cv_buf_view(&all), out));
    cv_buf_free(&all);
    return cv_err_note(&ui->err, st, "the request");
}
