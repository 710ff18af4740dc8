#include "formats/photo.h"

/* A copy of a picture without what it tells besides: what is known to be needed is written anew, all else
 * goes. */

cv_status cv_photo_clean(struct cv_bytes file, struct cv_buf *out, struct cv_err *err)
{
    const size_t before = out->n;
    cv_status st = CV_OK;
    if (cv_jpeg_begins(&file))
        st = cv_photo_clean_jpeg(file, out, err);
    else if (cv_png_begins(&file))
        st = cv_photo_clean_png(file, out, err);
    else
        st = cv_fail(err, CV_ERR_FORMAT,
                     "neither a JPEG nor a PNG: a copy without its metadata can be made of those only");
    if (st != CV_OK)
        cv_buf_truncate(out, before);
    return st;
}
