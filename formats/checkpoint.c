#include "formats/checkpoint.h"

#include <inttypes.h>
#include <string.h>

#include "formats/base64.h"

cv_status cv_checkpoint_text(const struct cv_checkpoint *c, struct cv_buf *out)
{
    cv_status st = cv_buf_printf(out, "%s\n%" PRIu64 "\n", c->origin, c->size);
    st = CV_THEN(st, cv_base64_encode(CV_BASE64_STD, CV_ARR(c->root.b), out));
    return CV_THEN(st, cv_buf_str(out, "\n"));
}

cv_status cv_checkpoint_parse(struct cv_bytes text, struct cv_checkpoint *out, struct cv_err *err)
{
    struct cv_checkpoint c = { 0 };
    struct cv_bytes origin, size, root;
    memset(out, 0, sizeof(*out));
    if (!cv_bytes_line(&text, "", &origin) || !cv_bytes_line(&text, "", &size) ||
        !cv_bytes_line(&text, "", &root) || text.n != 0 || origin.n == 0 || origin.n >= sizeof(c.origin))
        return cv_fail(err, CV_ERR_FORMAT, "checkpoint: not origin, size and root");
    if (!cv_bytes_number(size, &c.size))
        return cv_fail(err, CV_ERR_FORMAT, "checkpoint: its size is not a number");
    if (memchr(origin.p, '\0', origin.n) != NULL ||
        cv_base64_decode_exact(CV_BASE64_STD, root, c.root.b, sizeof(c.root.b)) != CV_OK)
        return cv_fail(err, CV_ERR_FORMAT, "checkpoint: its root is not 32 bytes in base64");
    memcpy(c.origin, origin.p, origin.n);
    *out = c;
    return CV_OK;
}
