#ifndef CV_FORMATS_HTTP_H
#define CV_FORMATS_HTTP_H

#include "crypto/bytes.h"
#include "formats/err.h"

/**
 * As much of HTTP/1.1 (RFC 9112) as a service with one small request needs: a request whose body, if any, has
 * a Content-Length. What has two readings is refused: chunks, a length told twice, white space before a
 * colon, a header that goes on in the next line, a line that ends in LF alone.
 */
#define CV_HTTP_HEAD_MAX ((size_t)8192)
#define CV_HTTP_WORD_BYTES 128

struct cv_http_request {
    char method[CV_HTTP_WORD_BYTES], target[CV_HTTP_WORD_BYTES];
    size_t head, body; /* bytes of each, the empty line with the head */
    bool length;       /* a Content-Length was told */
    bool close;        /* the client wants the connection to end with the answer */
    bool expect;       /* it waits for `100 Continue` before it sends the body */
};

/**
 * cv_http_parse(bytes, max_body, out): the head of a request, of which ${bytes} is what has come. Gives 0 if
 * more has to come, 200 if it is whole, else the status code it is refused with: 400, 413 for a body over
 * ${max_body}, 417, 431, 501, 505. After a refusal nobody knows where the next request begins.
 */
unsigned cv_http_parse(struct cv_bytes bytes, size_t max_body, struct cv_http_request *out);

/** cv_http_answer(code, type, extra, body, close, out): append a response; ${extra} is header lines with
 * their CRLF, or NULL. CV_OK; CV_ERR_LIMIT; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_http_answer(unsigned code, const char *type, const char *extra,
                                       struct cv_bytes body, bool close, struct cv_buf *out);

#endif
