#ifndef CV_CMD_POST_H
#define CV_CMD_POST_H

#include "cmd/cmd.h"

/* One HTTP POST, made by curl (vault/curl). */
struct cv_post {
    const char *url;  /* http:// only: for what is signed itself */
    const char *type; /* of the request, as it is named in HTTP */
    const char *want; /* the type that the answer must have */
    uint64_t seconds; /* at most, for all of it */
    size_t max;       /* bytes of the answer */
};

/** cv_post(ui, p, body, out): append what the server answers with status 200. ${body} is at most
 * CV_CURL_BODY_MAX bytes. CV_OK; CV_ERR_ARG: not such a URL; CV_ERR_IO: no curl, no server, no time left,
 * another status or type; CV_ERR_LIMIT; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_post(struct cv_ui *ui, const struct cv_post *p, struct cv_bytes body,
                                struct cv_buf *out);

#endif
