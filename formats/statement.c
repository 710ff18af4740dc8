#include "formats/statement.h"

#include <string.h>

cv_status cv_statement_text(const char *kind, const char *vault, const struct cv_json *doc,
                            struct cv_buf *out)
{
    cv_status st = cv_buf_printf(out, "casevault %s v1\n%s\n", kind, vault);
    st = CV_THEN(st, cv_json_write(doc, out));
    return CV_THEN(st, cv_buf_str(out, "\n"));
}

/* skip(rest, word): the bytes after ${word}, if it stands there. */
static bool skip(struct cv_bytes *rest, const char *word)
{
    const size_t n = strlen(word);
    if (rest->n < n || memcmp(rest->p, word, n) != 0)
        return false;
    *rest = CV_BYTES(rest->p + n, rest->n - n);
    return true;
}

cv_status cv_statement_split(struct cv_bytes text, const char *kind, const char *vault, struct cv_bytes *json,
                             struct cv_err *err)
{
    struct cv_bytes rest = text;
    *json = (struct cv_bytes){ 0 };
    if (!skip(&rest, "casevault ") || !skip(&rest, kind) || !skip(&rest, " v1\n"))
        return cv_fail(err, CV_ERR_FORMAT, "%s: not a %s of version 1", kind, kind);
    if (!skip(&rest, vault) || !skip(&rest, "\n"))
        return cv_fail(err, CV_ERR_LOG, "%s: made for another vault", kind);
    if (rest.n == 0 || rest.p[rest.n - 1] != '\n')
        return cv_fail(err, CV_ERR_FORMAT, "%s: cut short", kind);
    *json = CV_BYTES(rest.p, rest.n - 1);
    return CV_OK;
}
