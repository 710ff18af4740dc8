#include "formats/photo.h"

#include <string.h>

/* A copy of a picture without what it tells besides: what is known to be needed stays, all else goes. */

static cv_status not_well_formed(const char *kind, size_t at, struct cv_err *err)
{
    return cv_fail(err, CV_ERR_FORMAT,
                   "the %s is not well formed at byte %zu: no copy without its metadata can be made", kind,
                   at);
}

/* ---- JPEG ---- */

#define JFIF_BYTES ((size_t)14) /* of its data, without the small picture */

/* put_jfif(data, out): version, density, and no small picture. */
static cv_status put_jfif(struct cv_bytes data, struct cv_buf *out)
{
    cv_status st = cv_buf_append(out, CV_LIT("\xff\xe0\x00\x10"));
    st = CV_THEN(st, cv_buf_append(out, CV_BYTES(data.p, JFIF_BYTES - 2)));
    return CV_THEN(st, cv_buf_append(out, CV_LIT("\0\0")));
}

/* put_segment(part, out): tables and frames as they are; of the applications' own the two that colours depend
 * on. */
static cv_status put_segment(const struct cv_photo_part *part, struct cv_buf *out)
{
    const bool application = part->marker >= CV_JPEG_APP0 && part->marker <= CV_JPEG_APP15;
    if (part->marker == CV_JPEG_APP0 && part->data.n >= JFIF_BYTES && memcmp(part->data.p, "JFIF", 5) == 0)
        return put_jfif(part->data, out);
    if (part->marker == CV_JPEG_APP14 && part->data.n == 12 && memcmp(part->data.p, "Adobe", 5) == 0)
        return cv_buf_append(out, part->all);
    if (application || part->marker > CV_JPEG_APP15) /* comments, and what is reserved */
        return CV_OK;
    return cv_buf_append(out, part->all);
}

static cv_status clean_jpeg(struct cv_bytes rest, struct cv_buf *out, struct cv_err *err)
{
    const uint8_t *start = rest.p;
    struct cv_photo_part part;
    bool scans = false;
    cv_status st = cv_buf_append(out, CV_LIT("\xff\xd8"));
    while (st == CV_OK && cv_jpeg_segment(&rest, &part)) {
        if (part.marker == CV_JPEG_EOI && scans) /* what stands after it is another picture, a film, a text */
            return cv_buf_append(out, CV_LIT("\xff\xd9"));
        if (part.marker == CV_JPEG_EOI)
            break;
        st = put_segment(&part, out);
        if (st == CV_OK && part.marker == CV_JPEG_SOS) {
            st = cv_buf_append(out, cv_jpeg_scan(&rest));
            scans = true;
        }
    }
    return st != CV_OK ? st : not_well_formed("JPEG", 2 + (size_t)(rest.p - start), err);
}

/* ---- PNG ---- */

static bool needed(const char *type)
{
    static const char *const kept[] = { "IHDR", "PLTE", "IDAT", "IEND", "tRNS", "gAMA", "cHRM", "sRGB",
                                        "sBIT", "bKGD", "cICP", "acTL", "fcTL", "fdAT", NULL };
    for (size_t i = 0; kept[i] != NULL; i++)
        if (strcmp(kept[i], type) == 0)
            return true;
    return false;
}

static cv_status clean_png(struct cv_bytes rest, struct cv_buf *out, struct cv_err *err)
{
    const uint8_t *start = rest.p;
    struct cv_photo_part part;
    bool image = false;
    cv_status st = cv_buf_append(out, CV_LIT("\x89PNG\r\n\x1a\n"));
    while (st == CV_OK && cv_png_chunk(&rest, &part)) {
        image = image || strcmp(part.type, "IDAT") == 0;
        if (needed(part.type))
            st = cv_buf_append(out, part.all);
        else if (part.type[0] <= 'Z') /* no reader may do without it, and we do not know it */
            return cv_fail(err, CV_ERR_FORMAT, "the PNG has a part %s, which is not known here", part.type);
        if (st == CV_OK && image && strcmp(part.type, "IEND") == 0)
            return CV_OK;
    }
    return st != CV_OK ? st : not_well_formed("PNG", 8 + (size_t)(rest.p - start), err);
}

cv_status cv_photo_clean(struct cv_bytes file, struct cv_buf *out, struct cv_err *err)
{
    const size_t before = out->n;
    cv_status st = CV_OK;
    if (cv_jpeg_begins(&file))
        st = clean_jpeg(file, out, err);
    else if (cv_png_begins(&file))
        st = clean_png(file, out, err);
    else
        st = cv_fail(err, CV_ERR_FORMAT,
                     "neither a JPEG nor a PNG: a copy without its metadata can be made of those only");
    if (st != CV_OK)
        cv_buf_truncate(out, before);
    return st;
}
