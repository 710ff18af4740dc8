#ifndef CV_FORMATS_PHOTO_H
#define CV_FORMATS_PHOTO_H

#include "crypto/bytes.h"
#include "formats/err.h"

/* What a picture tells besides what is to be seen in it: JPEG (ITU-T T.81) and PNG (ISO/IEC 15948). */

enum cv_photo_kind { CV_PHOTO_OTHER, CV_PHOTO_JPEG, CV_PHOTO_PNG };

/* What a picture carries besides, which may say anything, and is not looked into. */
enum cv_photo_carries {
    CV_CARRIES_THUMBNAIL = 1,
    CV_CARRIES_PROFILE = 2,
    CV_CARRIES_XMP = 4,
    CV_CARRIES_IPTC = 8,
    CV_CARRIES_TEXT = 16,
    CV_CARRIES_TAIL = 32,
    CV_CARRIES_OTHER = 64,
    CV_CARRIES_END = 128
};

struct cv_photo {
    enum cv_photo_kind kind;
    bool place, time, device; /* Exif says where it was taken, when, with what */
    unsigned carries;         /* of enum cv_photo_carries */
    bool unsure;              /* it is damaged, or longer than what was looked at: there may be more */
};

/** cv_photo_look(front, whole, out): of a file that begins so; ${whole}: and ends there. Of other kinds than
 * those two nothing can be told. Exif is read by libexif, from at most 64 KiB, in bounded memory. Every
 * segment or chunk that is neither read nor needed for the picture is told in ${carries}; what is hidden
 * within those that are needed is not found. */
void cv_photo_look(struct cv_bytes front, bool whole, struct cv_photo *out);

/** cv_photo_carried(one): a few words for one of enum cv_photo_carries. */
const char *cv_photo_carried(unsigned one);

/** cv_photo_clean(file, out, err): append a copy with what is to be seen, and nothing else, each part written
 * anew from what it means. Of a JPEG (ITU-T T.81; Huffman coded, 8 bits a sample): the frame, the tables that
 * its scans use, the scans as far as its blocks use them, how wide a point is to how high, and Adobe's note
 * on colours. Of a PNG (third edition): head, palette, what is seen through, cICP, sRGB, gAMA, cHRM, and the
 * image, packed anew. No point of either changes. Which way is up, and a profile of colours, go as well.
 * Memory: 8 bytes for each block of a progressive JPEG, and else little. CV_OK; CV_ERR_FORMAT for another
 * kind, for one that is not well formed, or in which a part is not known that may be needed; CV_ERR_LIMIT for
 * one of too many points; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_photo_clean(struct cv_bytes file, struct cv_buf *out, struct cv_err *err);

/* ---- for photo.c and photo_clean.c, photo_jpeg.c, photo_png.c ---- */

/** cv_photo_clean_jpeg, _png(file, out, err): what follows the signature; as cv_photo_clean, but what was
 * appended before a failure stays. */
CV_MUST_CHECK cv_status cv_photo_clean_jpeg(struct cv_bytes file, struct cv_buf *out, struct cv_err *err);
CV_MUST_CHECK cv_status cv_photo_clean_png(struct cv_bytes file, struct cv_buf *out, struct cv_err *err);

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

/** cv_jpeg_needed(marker): frames, tables and scans that are known here. */
bool cv_jpeg_needed(uint8_t marker);

#define CV_JPEG_SOF0 0xc0
#define CV_JPEG_SOF2 0xc2
#define CV_JPEG_DHT 0xc4
#define CV_JPEG_EOI 0xd9
#define CV_JPEG_SOS 0xda
#define CV_JPEG_DQT 0xdb
#define CV_JPEG_DRI 0xdd
#define CV_JPEG_APP0 0xe0
#define CV_JPEG_APP1 0xe1
#define CV_JPEG_APP14 0xee
#define CV_JPEG_APP15 0xef
#define CV_JPEG_COM 0xfe

#endif
