#ifndef CV_FORMATS_JPEG_H
#define CV_FORMATS_JPEG_H

#include "crypto/bytes.h"

/* What a scan of a JPEG stands in, so that its data can be followed to the last bit: ITU-T T.81, Huffman
 * coded, sequential (SOF0, SOF1) or progressive (SOF2), 8 bits a sample. */

#define CV_JPEG_COMPONENTS 4
#define CV_JPEG_TABLES 4
#define CV_JPEG_BLOCKS_MAX ((size_t)16 << 20) /* of a progressive picture: 8 bytes are kept of each */

/* A table of codes, T.81 Annex C. */
struct cv_jpeg_codes {
    const uint8_t *symbols;
    int32_t last[17];  /* the largest code of so many bits; -1: there is none */
    int32_t shift[17]; /* from a code of so many bits to where its symbol stands */
};

struct cv_jpeg_component {
    uint8_t id, h, v, quant;
    size_t wide, high;  /* in blocks, where it stands in a scan alone: T.81 A.2.2 */
    int8_t level[64];   /* down to which bit each coefficient was sent; -1: not yet */
    uint64_t *non_zero; /* of a progressive picture: which of a block's coefficients are not 0 */
};

struct cv_jpeg_frame {
    bool progressive;
    size_t count, wide, high; /* wide, high: in MCUs, where several components stand in one scan */
    struct cv_jpeg_component component[CV_JPEG_COMPONENTS];
};

struct cv_jpeg_scan {
    size_t count;
    struct cv_jpeg_component *component[CV_JPEG_COMPONENTS];
    struct cv_jpeg_codes dc[CV_JPEG_COMPONENTS], ac[CV_JPEG_COMPONENTS];
    uint8_t from, to, high, low; /* Ss, Se, Ah, Al */
    size_t mcus, restart;        /* restart: MCUs from one RST to the next; 0: there is none */
};

/** cv_jpeg_codes(table, out): counts of each length, and symbols, which ${out} borrows. False if no such
 * codes are possible, or a symbol stands twice. */
bool cv_jpeg_codes(struct cv_bytes table, struct cv_jpeg_codes *out);

/** cv_jpeg_follow(scan, rest, out): append the data of a scan as far as its blocks use it, each interval
 * filled up with ones; pass over it and over what stands between it and the next marker. CV_OK; CV_ERR_FORMAT
 * if it ends too early or is no such data. */
CV_MUST_CHECK cv_status cv_jpeg_follow(const struct cv_jpeg_scan *scan, struct cv_bytes *rest,
                                       struct cv_buf *out);

#endif
