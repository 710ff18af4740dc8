/* Whatever a picture is, a copy of it without its metadata has only what is allowed in
 * one, tells nothing, and is its own copy. The checks of a
 * PNG's chunks are set right first: few bytes would get past them. */
#include "tests/fuzz/fuzz.h"

#include "formats/photo.h"
#include "formats/zip.h"

/* jpeg_allowed(rest): SOI APP0? APP14? then tables, one frame and scans, then EOI and nothing. */
static void jpeg_allowed(struct cv_bytes rest)
{
    struct cv_photo_part part;
    size_t frames = 0;
    while (cv_jpeg_segment(&rest, &part)) {
        must(part.marker == CV_JPEG_EOI || part.all.n == part.data.n + 4); /* no fill bytes */
        if (part.marker == CV_JPEG_EOI) {
            must(rest.n == 0 && frames == 1);
            return;
        }
        if (part.marker == CV_JPEG_APP0)
            must(frames == 0 && part.data.n == 14 && memcmp(part.data.p, "JFIF\0\1\1\0", 8) == 0);
        else if (part.marker == CV_JPEG_APP14)
            must(frames == 0 && part.data.n == 12 && memcmp(part.data.p, "Adobe\0\x64\0\0\0\0", 11) == 0);
        else
            must(cv_jpeg_needed(part.marker));
        frames += part.marker <= CV_JPEG_SOF2;
        for (; part.marker == CV_JPEG_SOS && rest.n > 1; rest = CV_BYTES(rest.p + 1, rest.n - 1))
            if (rest.p[0] == 0xff && rest.p[1] != 0 && (rest.p[1] < 0xd0 || rest.p[1] > 0xd7))
                break;
    }
    must(false);
}

static void png_allowed(struct cv_bytes rest)
{
    /* In this order, each at most once. */
    static const char *const allowed[] = { "IHDR", "cICP", "sRGB", "gAMA", "cHRM",
                                           "PLTE", "tRNS", "IDAT", "IEND" };
    struct cv_photo_part part;
    size_t next = 0;
    while (cv_png_chunk(&rest, &part)) {
        while (next < 9 && strcmp(allowed[next], part.type) != 0)
            next++;
        must(next++ < 9);
        must(cv_load_u32(part.data.p + part.data.n) ==
             cv_zip_crc(cv_zip_crc(0, CV_BYTES(part.type, 4)), part.data));
    }
    must(next == 9 && rest.n == 0);
}

/* with_checks(file): a PNG whose checks are what its chunks have. */
static void with_checks(struct cv_buf *file)
{
    struct cv_bytes rest = cv_buf_view(file);
    struct cv_photo_part part;
    if (!cv_png_begins(&rest))
        return;
    while (cv_png_chunk(&rest, &part))
        cv_store_u32(file->p + (part.data.p + part.data.n - file->p),
                     cv_zip_crc(cv_zip_crc(0, CV_BYTES(part.type, 4)), part.data));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct cv_buf file = { 0 }, copy = { 0 }, again = { 0 };
    struct cv_photo tells;
    must(cv_buf_append(&file, CV_BYTES(p, n)) == CV_OK);
    with_checks(&file);
    cv_photo_look(cv_buf_view(&file), true, &tells);
    const cv_status st = cv_photo_clean(cv_buf_view(&file), &copy, NULL);
    struct cv_bytes rest = cv_buf_view(&copy);
    if (st == CV_OK) {
        if (cv_jpeg_begins(&rest))
            jpeg_allowed(rest);
        else {
            must(cv_png_begins(&rest));
            png_allowed(rest);
        }
        cv_photo_look(cv_buf_view(&copy), true, &tells);
        must(!tells.place && !tells.time && !tells.device && tells.carries == 0 && !tells.unsure);
        must(cv_photo_clean(cv_buf_view(&copy), &again, NULL) == CV_OK &&
             cv_bytes_equal(cv_buf_view(&copy), cv_buf_view(&again)));
    } else
        must(copy.n == 0);
    fuzz_taken = st == CV_OK;
    cv_buf_free(&file);
    cv_buf_free(&copy);
    cv_buf_free(&again);
    return 0;
}
