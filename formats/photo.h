#ifndef CV_FORMATS_PHOTO_H
#define CV_FORMATS_PHOTO_H

#include "crypto/bytes.h"
#include "formats/err.h"

/* What a picture tells besides what is to be seen in it: JPEG (ITU-T T.81) and PNG (ISO/IEC 15948). */

enum cv_photo_kind { CV_PHOTO_OTHER, CV_PHOTO_JPEG, CV_PHOTO_PNG };

struct cv_photo {
    enum cv_photo_kind kind;
    bool place, time, device; /* Exif says where it was taken, when, with what */
    bool words;  /* it carries something else that may say so: XMP, IPTC, comments, texts, what stands after
                    its end */
    bool unsure; /* it is damaged, or longer than what was looked at: there may be more */
};

/** cv_photo_look(front, whole, out): of a file that begins so; ${whole}: and ends there. Of other kinds than
 * those two nothing can be told. Exif is read by libexif, from at most 64 KiB, in bounded memory. */
void cv_photo_look(struct cv_bytes front, bool whole, struct cv_photo *out);

/** cv_photo_clean(file, out, err): append a copy with what is to be seen, and nothing else: of a JPEG the
 * frames, tables and scans, the JFIF header without its small picture, and Adobe's note on colours; of a PNG
 * the image and what its colours and movement need. Nothing is recoded. Which way is up, and a profile of
 * colours, go as well. CV_OK; CV_ERR_FORMAT for another kind, or one that is not well formed. */
CV_MUST_CHECK cv_status cv_photo_clean(struct cv_bytes file, struct cv_buf *out, struct cv_err *err);

/* ---- for photo.c and photo_clean.c ---- */

/* One segment of a JPEG before and between its scans, or one chunk of a PNG. */
struct cv_photo_part {
    uint8_t marker;       /* of a JPEG */
    char type[5];         /* of a PNG */
    struct cv_bytes data; /* what it holds */
    struct cv_bytes all;  /* with marker and length, or length, type and check */
};
/** cv_jpeg_begins, cv_png_begins(b): pass over the signature. */
bool cv_jpeg_begins(struct cv_bytes *rest);
bool cv_png_begins(struct cv_bytes *rest);
/** cv_jpeg_segment(rest, out), cv_png_chunk(rest, out): the next one, passed over. False if it is cut short
 * or not well formed. */
bool cv_jpeg_segment(struct cv_bytes *rest, struct cv_photo_part *out);
bool cv_png_chunk(struct cv_bytes *rest, struct cv_photo_part *out);
/** cv_jpeg_scan(rest): the bytes of a scan, up to the next marker, passed over. */
struct cv_bytes cv_jpeg_scan(struct cv_bytes *rest);

#define CV_JPEG_SOF0 0xc0
#define CV_JPEG_EOI 0xd9
#define CV_JPEG_SOS 0xda
#define CV_JPEG_APP0 0xe0
#define CV_JPEG_APP1 0xe1
#define CV_JPEG_APP14 0xee
#define CV_JPEG_APP15 0xef
#define CV_JPEG_COM 0xfe

#endif
