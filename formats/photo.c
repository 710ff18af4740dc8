#include "formats/photo.h"

#include <libexif/exif-data.h>
#include <stdlib.h>
#include <string.h>

#include "formats/words.h"

#define EXIF_HEADER "Exif\0"
#define EXIF_HEADER_BYTES ((size_t)6)
#define EXIF_MAX ((size_t)65536)
#define EXIF_BUDGET ((size_t)16 << 20)

/* ---- Exif, by libexif ---- */

/* What libexif may allocate for one picture; it has no other way to tell it whose this is. */
static _Thread_local size_t budget;

static void *take(ExifLong n)
{
    if (n > budget)
        return NULL;
    budget -= n;
    return calloc(1, n > 0 ? n : 1);
}

static void *take_more(void *p, ExifLong n)
{
    if (n > budget)
        return NULL;
    budget -= n;
    return realloc(p, n > 0 ? n : 1);
}

/* Tags of devices and their owners that libexif has no names for. */
enum {
    TAG_OWNER = 0xa430,
    TAG_BODY_SERIAL = 0xa431,
    TAG_LENS_MAKE = 0xa433,
    TAG_LENS_MODEL = 0xa434,
    TAG_LENS_SERIAL = 0xa435
};

static bool has(ExifData *d, ExifIfd ifd, unsigned tag)
{
    return exif_content_get_entry(d->ifd[ifd], (ExifTag)tag) != NULL;
}

static bool has_any(ExifData *d, const unsigned *tags)
{
    for (; *tags != 0; tags++)
        for (int ifd = 0; ifd < EXIF_IFD_COUNT; ifd++)
            if (ifd != EXIF_IFD_GPS && ifd != EXIF_IFD_INTEROPERABILITY && has(d, (ExifIfd)ifd, *tags))
                return true;
    return false;
}

/* read_tags(d, out): whatever stands among the GPS entries but their version is a place, or a way to it. */
static void read_tags(ExifData *d, struct cv_photo *out)
{
    static const unsigned times[] = { EXIF_TAG_DATE_TIME, EXIF_TAG_DATE_TIME_ORIGINAL,
                                      EXIF_TAG_DATE_TIME_DIGITIZED, 0 };
    static const unsigned devices[] = { EXIF_TAG_MAKE,
                                        EXIF_TAG_MODEL,
                                        EXIF_TAG_MAKER_NOTE,
                                        EXIF_TAG_SOFTWARE,
                                        TAG_OWNER,
                                        TAG_BODY_SERIAL,
                                        TAG_LENS_MAKE,
                                        TAG_LENS_MODEL,
                                        TAG_LENS_SERIAL,
                                        EXIF_TAG_IMAGE_UNIQUE_ID,
                                        0 };
    static const unsigned texts[] = { EXIF_TAG_IMAGE_DESCRIPTION,
                                      EXIF_TAG_ARTIST,
                                      EXIF_TAG_COPYRIGHT,
                                      EXIF_TAG_USER_COMMENT,
                                      EXIF_TAG_XP_TITLE,
                                      EXIF_TAG_XP_COMMENT,
                                      EXIF_TAG_XP_AUTHOR,
                                      EXIF_TAG_XP_KEYWORDS,
                                      EXIF_TAG_XP_SUBJECT,
                                      EXIF_TAG_DOCUMENT_NAME,
                                      0 };
    static const unsigned packets[] = { EXIF_TAG_XML_PACKET, 0 };
    static const unsigned profiles[] = { EXIF_TAG_INTER_COLOR_PROFILE, 0 };
    static const unsigned records[] = { EXIF_TAG_IPTC_NAA, EXIF_TAG_IMAGE_RESOURCES, 0 };
    const unsigned version = has(d, EXIF_IFD_GPS, EXIF_TAG_GPS_VERSION_ID) ? 1 : 0;
    out->place |= d->ifd[EXIF_IFD_GPS]->count > version;
    out->time |= has_any(d, times) || has(d, EXIF_IFD_GPS, EXIF_TAG_GPS_DATE_STAMP);
    out->device |= has_any(d, devices);
    out->carries |= has_any(d, texts) ? CV_CARRIES_TEXT : 0;
    out->carries |= has_any(d, packets) ? CV_CARRIES_XMP : 0;
    out->carries |= has_any(d, records) ? CV_CARRIES_IPTC : 0;
    out->carries |= has_any(d, profiles) ? CV_CARRIES_PROFILE : 0;
    out->carries |= d->size > 0 || d->ifd[EXIF_IFD_1]->count > 0 ? CV_CARRIES_THUMBNAIL : 0;
}

/* read_exif(bytes, out): bytes that begin with the header; what cannot be read may say anything. */
static void read_exif(struct cv_bytes bytes, struct cv_photo *out)
{
    budget = EXIF_BUDGET;
    ExifMem *mem = exif_mem_new(take, take_more, free);
    ExifData *d = mem != NULL ? exif_data_new_mem(mem) : NULL;
    if (d == NULL || bytes.n > EXIF_MAX) {
        out->unsure = true;
    } else {
        unsigned entries = 0;
        exif_data_unset_option(d, EXIF_DATA_OPTION_FOLLOW_SPECIFICATION);
        exif_data_unset_option(d, EXIF_DATA_OPTION_IGNORE_UNKNOWN_TAGS);
        exif_data_load_data(d, bytes.p, (unsigned)bytes.n);
        read_tags(d, out);
        for (int i = 0; i < EXIF_IFD_COUNT; i++)
            entries += d->ifd[i]->count;
        out->unsure |= entries == 0;
    }
    if (d != NULL)
        exif_data_unref(d);
    if (mem != NULL)
        exif_mem_unref(mem);
}

/* ---- JPEG ---- */

bool cv_jpeg_begins(struct cv_bytes *rest)
{
    if (rest->n < 3 || memcmp(rest->p, "\xff\xd8\xff", 3) != 0)
        return false;
    *rest = CV_BYTES(rest->p + 2, rest->n - 2);
    return true;
}

bool cv_jpeg_segment(struct cv_bytes *rest, struct cv_photo_part *out)
{
    size_t at = 0;
    memset(out, 0, sizeof(*out));
    while (at < rest->n && rest->p[at] == 0xff) /* any number of them may stand before a marker */
        at++;
    if (at == 0 || at >= rest->n || rest->p[at] == 0)
        return false;
    out->marker = rest->p[at++];
    if (out->marker == CV_JPEG_EOI) {
        out->all = CV_BYTES(rest->p, at);
        *rest = CV_BYTES(rest->p + at, rest->n - at);
        return true;
    }
    const size_t length = rest->n - at >= 2 ? (size_t)(rest->p[at] << 8 | rest->p[at + 1]) : 0;
    if (out->marker < CV_JPEG_SOF0 || (out->marker >= 0xd0 && out->marker <= 0xd8) || length < 2 ||
        length > rest->n - at)
        return false;
    out->data = CV_BYTES(rest->p + at + 2, length - 2);
    out->all = CV_BYTES(rest->p, at + length);
    *rest = CV_BYTES(rest->p + at + length, rest->n - at - length);
    return true;
}

/* pass_scan(rest): the bytes of a scan, with its restarts, up to the marker of the next segment. */
static void pass_scan(struct cv_bytes *rest)
{
    const uint8_t *p = rest->p;
    size_t at = 0;
    while (at + 1 < rest->n &&
           (p[at] != 0xff || p[at + 1] == 0 || p[at + 1] == 0xff || (p[at + 1] >= 0xd0 && p[at + 1] <= 0xd7)))
        at += p[at] == 0xff && p[at + 1] != 0xff ? 2 : 1;
    *rest = CV_BYTES(p + at, rest->n - at);
}

bool cv_jpeg_needed(uint8_t marker)
{
    return (marker >= CV_JPEG_SOF0 && marker <= CV_JPEG_SOF2) || marker == CV_JPEG_DHT ||
           marker == CV_JPEG_SOS || marker == CV_JPEG_DQT || marker == CV_JPEG_DRI;
}

static bool begins(struct cv_bytes data, struct cv_bytes with)
{
    return data.n >= with.n && memcmp(data.p, with.p, with.n) == 0;
}

/* carried(part): what a segment holds that is not read here; 0 for what the picture itself needs. */
static unsigned carried(const struct cv_photo_part *part)
{
    static const struct {
        uint8_t marker;
        struct cv_bytes begins;
        unsigned carries;
    } known[] = {
        { CV_JPEG_APP0, CV_LIT("JFXX\0"), CV_CARRIES_THUMBNAIL },
        { CV_JPEG_APP1, CV_LIT("http://ns.adobe.com/"), CV_CARRIES_XMP },
        { CV_JPEG_APP0 + 2, CV_LIT("ICC_PROFILE\0"), CV_CARRIES_PROFILE },
        { CV_JPEG_APP0 + 13, CV_LIT("Photoshop 3.0\0"), CV_CARRIES_IPTC },
        { CV_JPEG_COM, CV_LIT(""), CV_CARRIES_TEXT },
    };
    const struct cv_bytes d = part->data;
    if (part->marker == CV_JPEG_APP0 && d.n >= 14 && begins(d, CV_LIT("JFIF\0")))
        return d.p[12] > 0 && d.p[13] > 0 ? CV_CARRIES_THUMBNAIL : d.n > 14 ? CV_CARRIES_OTHER : 0;
    if (part->marker == CV_JPEG_APP14 && d.n == 12 && begins(d, CV_LIT("Adobe")))
        return 0;
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
        if (part->marker == known[i].marker && begins(d, known[i].begins))
            return known[i].carries;
    return cv_jpeg_needed(part->marker) ? 0 : CV_CARRIES_OTHER;
}

/* look_jpeg(rest, whole, out): every segment up to the end, or to where the file was cut for this. */
static void look_jpeg(struct cv_bytes rest, bool whole, struct cv_photo *out)
{
    struct cv_photo_part part;
    while (cv_jpeg_segment(&rest, &part)) {
        if (part.marker == CV_JPEG_EOI) {
            out->carries |= rest.n > 0 || !whole ? CV_CARRIES_TAIL : 0;
            return;
        }
        if (part.marker == CV_JPEG_SOS)
            pass_scan(&rest);
        else if (part.marker == CV_JPEG_APP1 && begins(part.data, CV_BYTES(EXIF_HEADER, EXIF_HEADER_BYTES)))
            read_exif(part.data, out);
        else
            out->carries |= carried(&part);
    }
    out->unsure = true;
}

/* ---- PNG ---- */

bool cv_png_begins(struct cv_bytes *rest)
{
    if (!begins(*rest, CV_LIT("\x89PNG\r\n\x1a\n")))
        return false;
    *rest = CV_BYTES(rest->p + 8, rest->n - 8);
    return true;
}

bool cv_png_chunk(struct cv_bytes *rest, struct cv_photo_part *out)
{
    memset(out, 0, sizeof(*out));
    if (rest->n < 12)
        return false;
    const uint32_t length = cv_load_u32(rest->p);
    if (length > INT32_MAX || length > rest->n - 12)
        return false;
    for (size_t i = 0; i < 4; i++) {
        const uint8_t c = rest->p[4 + i];
        if ((c < 'A' || c > 'Z') && (c < 'a' || c > 'z'))
            return false;
        out->type[i] = (char)c;
    }
    out->data = CV_BYTES(rest->p + 8, length);
    out->all = CV_BYTES(rest->p, 12 + (size_t)length);
    *rest = CV_BYTES(rest->p + 12 + length, rest->n - 12 - length);
    return true;
}

/* read_png_exif(data, out): the same as in a JPEG, without the header. */
static void read_png_exif(struct cv_bytes data, struct cv_photo *out)
{
    struct cv_buf with = { .max = EXIF_MAX };
    cv_status st = cv_buf_append(&with, CV_BYTES(EXIF_HEADER, EXIF_HEADER_BYTES));
    st = CV_THEN(st, cv_buf_append(&with, data));
    if (st == CV_OK)
        read_exif(cv_buf_view(&with), out);
    else
        out->unsure = true;
    cv_buf_free(&with);
}

static void look_png(struct cv_bytes rest, bool whole, struct cv_photo *out)
{
    static const struct {
        const char *type;
        unsigned carries;
    } known[] = {
        { "IHDR", 0 },
        { "PLTE", 0 },
        { "IDAT", 0 },
        { "tRNS", 0 },
        { "gAMA", 0 },
        { "cHRM", 0 },
        { "sRGB", 0 },
        { "sBIT", 0 },
        { "bKGD", 0 },
        { "cICP", 0 },
        { "pHYs", 0 },
        { "tIME", 0 },
        { "eXIf", 0 },
        { "iCCP", CV_CARRIES_PROFILE },
        { "tEXt", CV_CARRIES_TEXT },
        { "zTXt", CV_CARRIES_TEXT },
        { "iTXt", CV_CARRIES_TEXT },
    };
    struct cv_photo_part part;
    while (cv_png_chunk(&rest, &part)) {
        size_t i = 0;
        if (strcmp(part.type, "IEND") == 0) {
            out->carries |= rest.n > 0 || !whole ? CV_CARRIES_TAIL : 0;
            out->carries |= part.data.n > 0 ? CV_CARRIES_OTHER : 0;
            return;
        }
        while (i < sizeof(known) / sizeof(*known) && strcmp(part.type, known[i].type) != 0)
            i++;
        out->carries |= i == sizeof(known) / sizeof(*known)                ? CV_CARRIES_OTHER
                        : begins(part.data, CV_LIT("XML:com.adobe.xmp\0")) ? CV_CARRIES_XMP
                                                                           : known[i].carries;
        out->time |= strcmp(part.type, "tIME") == 0;
        if (strcmp(part.type, "eXIf") == 0)
            read_png_exif(part.data, out);
    }
    out->unsure = true;
}

void cv_photo_look(struct cv_bytes front, bool whole, struct cv_photo *out)
{
    memset(out, 0, sizeof(*out));
    if (cv_jpeg_begins(&front)) {
        out->kind = CV_PHOTO_JPEG;
        look_jpeg(front, whole, out);
    } else if (cv_png_begins(&front)) {
        out->kind = CV_PHOTO_PNG;
        look_png(front, whole, out);
    }
}

const char *cv_photo_carried(unsigned one)
{
    switch (one) {
    case CV_CARRIES_THUMBNAIL:
        return N_("a thumbnail");
    case CV_CARRIES_PROFILE:
        return N_("colour profile");
    case CV_CARRIES_XMP:
        return N_("XMP");
    case CV_CARRIES_IPTC:
        return N_("IPTC");
    case CV_CARRIES_TEXT:
        return N_("text");
    case CV_CARRIES_TAIL:
        return N_("data after its end");
    default:
        return N_("other parts");
    }
}
