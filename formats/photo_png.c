#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "formats/photo.h"
#include "formats/zip.h"

/* A copy of a PNG, written anew chunk by chunk: PNG third edition (ISO/IEC 15948), 11.2 and 11.3. The image
 * is unpacked and packed again, a piece at a time: nothing stays between or after what it is packed in. */

#define RAW_MAX ((uint64_t)1 << 30)
#define PIECE 32768
#define GREY 0
#define RGB 2
#define PALETTE 3
#define ALPHA 4 /* the bit of it */

/* The lines of the image: 7.3 and, interlaced, 8.1. */
struct lines {
    unsigned pass;
    uint64_t wide, high; /* of this pass: bytes of a line with its filter, lines to come */
    uint64_t left;       /* bytes of this line to come */
};

struct png {
    struct cv_buf *out;
    uint32_t wide, high;
    uint8_t depth, colour;
    bool interlaced;
    struct cv_bytes head, palette, alpha, icp, srgb, gamma, chroma;
    enum { BEFORE, WITHIN, AFTER } image; /* where in the file it is */
    bool complete;                        /* the last piece of it was met */
    bool ready;                           /* unpack, pack are to be ended */
    z_stream unpack, pack;
    struct lines lines;
    size_t chunk; /* where in out its chunk begins */
};

static bool is(const struct cv_photo_part *part, const char *type)
{
    return strcmp(part->type, type) == 0;
}

static uint32_t check(const char *type, struct cv_bytes data)
{
    return cv_zip_crc(cv_zip_crc(0, CV_BYTES(type, 4)), data);
}

static cv_status put(struct cv_buf *out, const char *type, struct cv_bytes data)
{
    cv_status st = cv_buf_u32(out, (uint32_t)data.n);
    st = CV_THEN(st, cv_buf_str(out, type));
    st = CV_THEN(st, cv_buf_append(out, data));
    return CV_THEN(st, cv_buf_u32(out, check(type, data)));
}

/* ---- lines ---- */

static const uint8_t passes[7][4] = { /* first column and line, and steps: 8.1 */
                                      { 0, 0, 8, 8 }, { 4, 0, 8, 8 }, { 0, 4, 4, 8 }, { 2, 0, 4, 4 },
                                      { 0, 2, 2, 4 }, { 1, 0, 2, 2 }, { 0, 1, 1, 2 }
};

static unsigned bits_of_point(const struct png *p)
{
    static const uint8_t samples[] = { 1, 0, 3, 1, 2, 0, 4 };
    return (unsigned)samples[p->colour] * p->depth;
}

/* of_pass(p, pass, l): false if there are no more passes. */
static bool of_pass(const struct png *p, unsigned pass, struct lines *l)
{
    uint64_t wide = p->wide, high = p->high;
    if (pass >= (p->interlaced ? 7 : 1))
        return false;
    if (p->interlaced) {
        const uint8_t *s = passes[pass];
        wide = wide > s[0] ? (wide - s[0] + s[2] - 1) / s[2] : 0;
        high = high > s[1] ? (high - s[1] + s[3] - 1) / s[3] : 0;
    }
    *l = (struct lines){ .pass = pass,
                         .wide = 1 + (wide * bits_of_point(p) + 7) / 8,
                         .high = wide > 0 ? high : 0 };
    return true;
}

/* raw_bytes(p): how long the image is, unpacked. */
static uint64_t raw_bytes(const struct png *p)
{
    uint64_t n = 0;
    struct lines l;
    for (unsigned pass = 0; of_pass(p, pass, &l); pass++) {
        if (l.high > 0 && l.wide > RAW_MAX / l.high)
            return UINT64_MAX;
        n += l.wide * l.high;
    }
    return n;
}

/* next_line(p): false if there is none. */
static bool next_line(struct png *p)
{
    struct lines *l = &p->lines;
    while (l->high == 0)
        if (!of_pass(p, l->pass + 1, l))
            return false;
    l->high--;
    l->left = l->wide;
    return true;
}

/* pass_over(p, bytes): lines, each with a filter that there is: 9.2. */
static bool pass_over(struct png *p, struct cv_bytes bytes)
{
    while (bytes.n > 0) {
        if (p->lines.left == 0 && (!next_line(p) || bytes.p[0] > 4))
            return false;
        const size_t n = bytes.n < p->lines.left ? bytes.n : (size_t)p->lines.left;
        p->lines.left -= n;
        bytes = CV_BYTES(bytes.p + n, bytes.n - n);
    }
    return true;
}

/* all_lines(p): no line is wanting. */
static bool all_lines(struct png *p)
{
    return p->lines.left == 0 && !next_line(p);
}

/* ---- the image, 10 and 11.2.3 ---- */

/* What zlib works in held the picture: it is wiped. */
static void *take(void *none, uInt count, uInt size)
{
    const size_t n = (size_t)count * size;
    size_t *p = calloc(1, n + 16);
    (void)none;
    if (p == NULL)
        return NULL;
    *p = n;
    return (uint8_t *)p + 16;
}

static void give_back(void *none, void *p)
{
    size_t *all = (size_t *)((uint8_t *)p - 16);
    (void)none;
    cv_wipe(p, *all);
    free(all);
}

static cv_status begin_image(struct png *p)
{
    p->unpack = (z_stream){ .zalloc = take, .zfree = give_back };
    p->pack = p->unpack;
    if (inflateInit(&p->unpack) != Z_OK)
        return CV_ERR_NOMEM;
    if (deflateInit(&p->pack, Z_DEFAULT_COMPRESSION) != Z_OK) {
        (void)inflateEnd(&p->unpack);
        return CV_ERR_NOMEM;
    }
    p->ready = true;
    p->chunk = p->out->n;
    p->image = WITHIN;
    if (!of_pass(p, 0, &p->lines))
        return CV_ERR_INTERNAL;
    return cv_buf_append(p->out, CV_LIT("\0\0\0\0IDAT"));
}

/* pack(p, bytes, flush): from there to out. */
static cv_status pack(struct png *p, struct cv_bytes bytes, int flush)
{
    uint8_t piece[PIECE];
    cv_status st = CV_OK;
    p->pack.next_in = (z_const Bytef *)bytes.p;
    p->pack.avail_in = (uInt)bytes.n;
    do {
        p->pack.next_out = piece;
        p->pack.avail_out = sizeof(piece);
        if (deflate(&p->pack, flush) == Z_STREAM_ERROR)
            st = CV_ERR_INTERNAL;
        st = CV_THEN(st, cv_buf_append(p->out, CV_BYTES(piece, sizeof(piece) - p->pack.avail_out)));
    } while (st == CV_OK && p->pack.avail_out == 0);
    cv_wipe(piece, sizeof(piece));
    return st;
}

/* more_image(p, data): of one chunk; what follows its end is nobody's. */
static cv_status more_image(struct png *p, struct cv_bytes data)
{
    uint8_t piece[PIECE];
    cv_status st = CV_OK;
    p->unpack.next_in = (z_const Bytef *)data.p;
    p->unpack.avail_in = (uInt)data.n;
    while (st == CV_OK && !p->complete && (p->unpack.avail_in > 0 || p->unpack.avail_out == 0)) {
        p->unpack.next_out = piece;
        p->unpack.avail_out = sizeof(piece);
        const int got = inflate(&p->unpack, Z_NO_FLUSH);
        const struct cv_bytes raw = CV_BYTES(piece, sizeof(piece) - p->unpack.avail_out);
        if ((got != Z_OK && got != Z_STREAM_END && got != Z_BUF_ERROR) || !pass_over(p, raw))
            st = got == Z_MEM_ERROR ? CV_ERR_NOMEM : CV_ERR_FORMAT;
        st = CV_THEN(st, pack(p, raw, Z_NO_FLUSH));
        p->complete = got == Z_STREAM_END;
    }
    cv_wipe(piece, sizeof(piece));
    return st;
}

static cv_status end_image(struct png *p)
{
    if (!p->complete || !all_lines(p))
        return CV_ERR_FORMAT;
    p->image = AFTER;
    cv_status st = pack(p, CV_BYTES(NULL, 0), Z_FINISH);
    if (st != CV_OK)
        return st;
    const struct cv_bytes data = CV_BYTES(p->out->p + p->chunk + 8, p->out->n - p->chunk - 8);
    const uint32_t crc = check("IDAT", data);
    cv_store_u32(p->out->p + p->chunk, (uint32_t)data.n);
    return cv_buf_u32(p->out, crc);
}

/* ---- what stands before it ---- */

/* read_head(p, data, err): 11.2.1. */
static cv_status read_head(struct png *p, struct cv_bytes data, struct cv_err *err)
{
    static const uint32_t depths[] = { 0x10116, 0, 0x10100, 0x116, 0x10100, 0, 0x10100 };
    if (p->head.n > 0 || data.n != 13)
        return CV_ERR_FORMAT;
    p->wide = cv_load_u32(data.p);
    p->high = cv_load_u32(data.p + 4);
    p->depth = data.p[8];
    p->colour = data.p[9];
    p->interlaced = data.p[12] == 1;
    if (p->wide == 0 || p->high == 0 || p->wide > INT32_MAX || p->high > INT32_MAX || p->colour > 6 ||
        p->depth == 0 || p->depth > 16 || (depths[p->colour] >> p->depth & 1) == 0 || data.p[10] != 0 ||
        data.p[11] != 0 || data.p[12] > 1)
        return CV_ERR_FORMAT;
    if (raw_bytes(p) > RAW_MAX)
        return cv_fail(err, CV_ERR_LIMIT,
                       "a PNG that unpacks to more than 1 GiB: no copy without its metadata can be made");
    p->head = data;
    return CV_OK;
}

/* palette_fits(p, n): 11.2.2. */
static bool palette_fits(const struct png *p, size_t n)
{
    return n > 0 && n % 3 == 0 && n / 3 <= (p->colour == PALETTE ? (size_t)1 << p->depth : 256) &&
           (p->colour & RGB) != 0;
}

/* alpha_fits(p, data): 11.3.1.1: one sample, three, or one byte for each colour of the palette. */
static bool alpha_fits(const struct png *p, struct cv_bytes data)
{
    if (p->colour == PALETTE)
        return data.n > 0 && data.n <= p->palette.n / 3;
    for (size_t i = 0; i + 1 < data.n; i += 2)
        if (((uint32_t)data.p[i] << 8 | data.p[i + 1]) >> p->depth != 0)
            return false;
    return (p->colour & ALPHA) == 0 && data.n == (p->colour == GREY ? 2 : 6);
}

/* numbers(data): the unsigned ones of 7.1. */
static bool numbers(struct cv_bytes data)
{
    for (size_t i = 0; i + 4 <= data.n; i += 4)
        if (data.p[i] > 0x7f)
            return false;
    return true;
}

/* keep(p, part, slot): where this chunk may stand, once and of its length; NULL for what is not kept. */
static bool keep(struct png *p, const struct cv_photo_part *part, struct cv_bytes **slot)
{
    const struct cv_bytes d = part->data;
    bool fits = p->image == BEFORE;
    if (is(part, "PLTE")) {
        *slot = &p->palette;
        fits = fits && palette_fits(p, d.n) && p->alpha.n == 0;
    } else if (is(part, "tRNS")) {
        *slot = &p->alpha;
        fits = fits && alpha_fits(p, d);
    } else {
        fits = fits && p->palette.n == 0;
        if (is(part, "gAMA")) { /* 11.3.2.2 */
            *slot = &p->gamma;
            fits = fits && d.n == 4 && numbers(d);
        } else if (is(part, "cHRM")) { /* 11.3.2.1 */
            *slot = &p->chroma;
            fits = fits && d.n == 32 && numbers(d);
        } else if (is(part, "sRGB")) { /* 11.3.2.5 */
            *slot = &p->srgb;
            fits = fits && d.n == 1 && d.p[0] <= 3;
        } else if (is(part, "cICP")) { /* 11.3.2.6 */
            *slot = &p->icp;
            fits = fits && d.n == 4 && d.p[2] == 0 && d.p[3] <= 1;
        } else
            return true;
    }
    return fits && (*slot)->n == 0;
}

/* put_front(p): in the order of 5.6. Where sRGB says all of the colours, gAMA and cHRM say nothing more; in
 * an image of full colours a palette is a proposal. */
static cv_status put_front(struct png *p)
{
    cv_status st = p->head.n == 0 || (p->colour == PALETTE && p->palette.n == 0) ? CV_ERR_FORMAT : CV_OK;
    st = CV_THEN(st, put(p->out, "IHDR", p->head));
    if (p->icp.n > 0)
        st = CV_THEN(st, put(p->out, "cICP", p->icp));
    if (p->srgb.n > 0)
        st = CV_THEN(st, put(p->out, "sRGB", p->srgb));
    if (p->gamma.n > 0 && p->srgb.n == 0)
        st = CV_THEN(st, put(p->out, "gAMA", p->gamma));
    if (p->chroma.n > 0 && p->srgb.n == 0)
        st = CV_THEN(st, put(p->out, "cHRM", p->chroma));
    if (p->colour == PALETTE)
        st = CV_THEN(st, put(p->out, "PLTE", p->palette));
    if (p->alpha.n > 0)
        st = CV_THEN(st, put(p->out, "tRNS", p->alpha));
    return CV_THEN(st, begin_image(p));
}

/* ---- the whole ---- */

static cv_status read_image(struct png *p, struct cv_bytes data)
{
    cv_status st = p->image == BEFORE ? put_front(p) : p->image == WITHIN ? CV_OK : CV_ERR_FORMAT;
    return CV_THEN(st, more_image(p, data));
}

static cv_status read_part(struct png *p, const struct cv_photo_part *part, struct cv_err *err)
{
    struct cv_bytes *slot = NULL;
    if (is(part, "IDAT"))
        return read_image(p, part->data);
    if (p->image == WITHIN) {
        cv_status st = end_image(p);
        if (st != CV_OK)
            return st;
    }
    if (is(part, "acTL"))
        return cv_fail(err, CV_ERR_FORMAT, "the PNG moves: no copy without its metadata can be made");
    if (is(part, "IHDR"))
        return read_head(p, part->data, err);
    if (is(part, "IEND"))
        return part->data.n == 0 && p->image == AFTER ? put(p->out, "IEND", part->data) : CV_ERR_FORMAT;
    if (!keep(p, part, &slot))
        return CV_ERR_FORMAT;
    if (slot != NULL)
        *slot = part->data;
    else if (part->type[0] <= 'Z') /* no reader may do without it, and we do not know it */
        return cv_fail(
            err, CV_ERR_FORMAT,
            "the PNG has a part %s, which is not known here: no copy without its metadata can be made",
            part->type);
    return CV_OK;
}

/* read_all(p, rest, err): what stands after the end is no part of it. */
static cv_status read_all(struct png *p, struct cv_bytes *rest, struct cv_err *err)
{
    struct cv_photo_part part;
    cv_status st = cv_buf_append(p->out, CV_LIT("\x89PNG\r\n\x1a\n"));
    while (st == CV_OK && cv_png_chunk(rest, &part)) {
        if ((p->head.n == 0 && !is(&part, "IHDR")) ||
            cv_load_u32(part.data.p + part.data.n) != check(part.type, part.data))
            return CV_ERR_FORMAT;
        st = read_part(p, &part, err);
        if (st == CV_OK && is(&part, "IEND"))
            return CV_OK;
    }
    return st == CV_OK ? CV_ERR_FORMAT : st;
}

cv_status cv_photo_clean_png(struct cv_bytes file, struct cv_buf *out, struct cv_err *err)
{
    struct png p = { .out = out };
    struct cv_bytes rest = file;
    cv_status st = read_all(&p, &rest, err);
    if (p.ready) {
        (void)inflateEnd(&p.unpack);
        (void)deflateEnd(&p.pack);
    }
    return st != CV_ERR_FORMAT
               ? st
               : cv_fail(
                     err, st,
                     "the PNG is not well formed before byte %zu: no copy without its metadata can be made",
                     8 + (size_t)(rest.p - file.p));
}
