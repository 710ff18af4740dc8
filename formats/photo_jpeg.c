#include <stdlib.h>
#include <string.h>

#include "formats/jpeg.h"
#include "formats/photo.h"

/* A copy of a JPEG, written anew segment by segment: ITU-T T.81 Annex B. Tables go before the first scan that
 * uses them, and those that none uses go nowhere. */

#define DAC 0xcc
#define JFIF_BYTES ((size_t)14)  /* of its data, without the small picture */
#define ADOBE_BYTES ((size_t)12) /* Adobe's technical note 5116, 18 */
#define SCANS_MAX 100
#define HUFFMAN_TABLES ((size_t)2 * CV_JPEG_TABLES) /* for DC, for AC */

struct jpeg {
    struct cv_buf *out;
    struct cv_err *err;
    struct cv_bytes quant[CV_JPEG_TABLES], huffman[HUFFMAN_TABLES]; /* as they were read last */
    struct cv_bytes quant_put[CV_JPEG_TABLES], huffman_put[HUFFMAN_TABLES];
    struct cv_bytes sof; /* its data */
    uint8_t sof_marker;
    struct cv_jpeg_frame frame;
    size_t restart, restart_put, scans;
    uint8_t jfif[JFIF_BYTES], adobe[ADOBE_BYTES];
    bool has_jfif, has_adobe;
};

static cv_status put(struct cv_buf *out, uint8_t marker, struct cv_bytes data)
{
    const uint8_t mark[2] = { 0xff, marker };
    cv_status st = cv_buf_append(out, CV_ARR(mark));
    st = CV_THEN(st, cv_buf_u16(out, (uint16_t)(2 + data.n)));
    return CV_THEN(st, cv_buf_append(out, data));
}

/* ---- what stands before a scan ---- */

/* read_quant(j, data): T.81 B.2.4.1: 64 values of one byte or of two. */
static bool read_quant(struct jpeg *j, struct cv_bytes data)
{
    do {
        const uint8_t head = data.n > 0 ? data.p[0] : 0xff;
        const size_t n = 1 + (size_t)64 * (head >> 4 == 1 ? 2 : 1);
        if (head >> 4 > 1 || (head & 15) >= CV_JPEG_TABLES || data.n < n)
            return false;
        j->quant[head & 15] = CV_BYTES(data.p, n);
        data = CV_BYTES(data.p + n, data.n - n);
    } while (data.n > 0);
    return true;
}

/* read_huffman(j, data): T.81 B.2.4.2: how many codes of each length, and what they mean. */
static bool read_huffman(struct jpeg *j, struct cv_bytes data)
{
    do {
        size_t n = 17;
        if (data.n < n || data.p[0] >> 4 > 1 || (data.p[0] & 15) >= CV_JPEG_TABLES)
            return false;
        for (size_t i = 1; i <= 16; i++)
            n += data.p[i];
        if (n > 17 + 256 || data.n < n)
            return false;
        j->huffman[(data.p[0] >> 4) * CV_JPEG_TABLES + (data.p[0] & 15)] = CV_BYTES(data.p, n);
        data = CV_BYTES(data.p + n, data.n - n);
    } while (data.n > 0);
    return true;
}

/* read_restart(j, data): T.81 B.2.4.4. */
static bool read_restart(struct jpeg *j, struct cv_bytes data)
{
    j->restart = data.n == 2 ? (size_t)data.p[0] << 8 | data.p[1] : 0;
    return data.n == 2;
}

/* read_jfif(j, data): of JFIF 1.02 how wide a point is to how high, and no small picture. */
static bool read_jfif(struct jpeg *j, struct cv_bytes data)
{
    if (data.n < 5 || memcmp(data.p, "JFIF", 5) != 0)
        return true; /* another's */
    if (data.n < JFIF_BYTES || data.n != JFIF_BYTES + (size_t)3 * data.p[12] * data.p[13] || data.p[7] > 2)
        return false;
    memcpy(j->jfif, "JFIF\0\1\1\0\0\1\0\1\0\0", JFIF_BYTES);
    if (memcmp(data.p + 8, data.p + 10, 2) != 0)
        memcpy(j->jfif + 8, data.p + 8, 4);
    j->has_jfif = true;
    return true;
}

/* read_adobe(j, data): what the colours are. */
static bool read_adobe(struct jpeg *j, struct cv_bytes data)
{
    if (data.n < 5 || memcmp(data.p, "Adobe", 5) != 0)
        return true;
    if (data.n != ADOBE_BYTES || data.p[11] > 2)
        return false;
    memcpy(j->adobe, "Adobe\0\x64\0\0\0\0\0", ADOBE_BYTES);
    j->adobe[11] = data.p[11];
    j->has_adobe = true;
    return true;
}

/* ---- the frame, T.81 B.2.2 ---- */

static size_t part(size_t n, size_t of)
{
    return (n + of - 1) / of;
}

/* measure(f, wide, high): in blocks and MCUs: T.81 A.1.1 and A.2. */
static bool measure(struct cv_jpeg_frame *f, size_t wide, size_t high)
{
    size_t h = 1, v = 1, blocks = 0;
    for (size_t i = 0; i < f->count; i++) {
        h = f->component[i].h > h ? f->component[i].h : h;
        v = f->component[i].v > v ? f->component[i].v : v;
    }
    f->wide = part(wide, 8 * h);
    f->high = part(high, 8 * v);
    for (size_t i = 0; i < f->count; i++) {
        struct cv_jpeg_component *c = &f->component[i];
        c->wide = part(part(wide * c->h, h), 8);
        c->high = part(part(high * c->v, v), 8);
        blocks += c->wide * c->high;
        memset(c->level, -1, sizeof(c->level));
    }
    return !f->progressive || blocks <= CV_JPEG_BLOCKS_MAX;
}

static cv_status read_frame(struct jpeg *j, uint8_t marker, struct cv_bytes data)
{
    struct cv_jpeg_frame *f = &j->frame;
    if (j->sof.n > 0 || data.n < 6 || data.p[0] != 8 || data.p[5] == 0 || data.p[5] > CV_JPEG_COMPONENTS ||
        data.n != 6 + (size_t)3 * data.p[5])
        return CV_ERR_FORMAT;
    const size_t high = (size_t)data.p[1] << 8 | data.p[2], wide = (size_t)data.p[3] << 8 | data.p[4];
    f->progressive = marker == CV_JPEG_SOF2;
    f->count = data.p[5];
    for (size_t i = 0; i < f->count; i++) {
        const uint8_t *p = data.p + 6 + 3 * i;
        f->component[i] =
            (struct cv_jpeg_component){ .id = p[0], .h = p[1] >> 4, .v = p[1] & 15, .quant = p[2] };
        if (p[1] >> 4 < 1 || p[1] >> 4 > 4 || (p[1] & 15) < 1 || (p[1] & 15) > 4 || p[2] >= CV_JPEG_TABLES)
            return CV_ERR_FORMAT;
        for (size_t k = 0; k < i; k++)
            if (f->component[k].id == p[0])
                return CV_ERR_FORMAT;
    }
    if (high == 0 || wide == 0)
        return CV_ERR_FORMAT;
    if (!measure(f, wide, high))
        return cv_fail(j->err, CV_ERR_LIMIT,
                       "a progressive JPEG of so many points: no copy without its metadata can be made");
    for (size_t i = 0; i < f->count && f->progressive; i++) {
        struct cv_jpeg_component *c = &f->component[i];
        c->non_zero = calloc(c->wide * c->high, sizeof(*c->non_zero));
        if (c->non_zero == NULL)
            return CV_ERR_NOMEM;
    }
    j->sof = data;
    j->sof_marker = marker;
    return CV_OK;
}

/* ---- a scan, T.81 B.2.3 ---- */

/* allowed(f, s): T.81 table B.3, and G.1.1.1.1 of a progressive one. Of a sequential one these bytes say
 * nothing, and some cameras put zeros there. */
static bool allowed(const struct cv_jpeg_frame *f, struct cv_jpeg_scan *s)
{
    if (!f->progressive) {
        s->from = s->high = s->low = 0;
        s->to = 63;
        return true;
    }
    return s->to < 64 && s->from <= s->to && (s->from == 0) == (s->to == 0) &&
           (s->from == 0 || s->count == 1) && s->low <= 13 && (s->high == 0 || s->high == s->low + 1);
}

/* first_sent(s): each bit of a coefficient is sent once, the first before the others: nothing is sent that
 * something after it replaces. */
static bool first_sent(const struct cv_jpeg_scan *s)
{
    for (size_t i = 0; i < s->count; i++) {
        int8_t *level = s->component[i]->level;
        if (s->from > 0 && level[0] < 0)
            return false;
        for (size_t k = s->from; k <= s->to; k++) {
            if (level[k] != (s->high > 0 ? (int)s->high : -1))
                return false;
            level[k] = (int8_t)s->low;
        }
    }
    return true;
}

/* find(f, id, after): components stand in a scan as in the frame. */
static struct cv_jpeg_component *find(struct cv_jpeg_frame *f, uint8_t id, size_t *after)
{
    for (; *after < f->count; ++*after)
        if (f->component[*after].id == id)
            return &f->component[(*after)++];
    return NULL;
}

/* put_table(out, marker, table, had): unless the same one is in force. */
static cv_status put_table(struct cv_buf *out, uint8_t marker, struct cv_bytes table, struct cv_bytes *had)
{
    if (table.n == 0)
        return CV_ERR_FORMAT;
    if (cv_bytes_equal(table, *had))
        return CV_OK;
    *had = table;
    return put(out, marker, table);
}

/* put_codes(j, which, codes): the table, and how to follow it. */
static cv_status put_codes(struct jpeg *j, size_t which, struct cv_jpeg_codes *codes)
{
    const struct cv_bytes table = j->huffman[which];
    if (table.n == 0 || !cv_jpeg_codes(CV_BYTES(table.p + 1, table.n - 1), codes))
        return CV_ERR_FORMAT;
    return put_table(j->out, CV_JPEG_DHT, table, &j->huffman_put[which]);
}

/* put_front(j, s): the tables of a scan, and before the first one what the whole picture needs. */
static cv_status put_front(struct jpeg *j, const struct cv_jpeg_scan *s)
{
    cv_status st = CV_OK;
    if (j->scans == 0 && j->has_jfif)
        st = put(j->out, CV_JPEG_APP0, CV_ARR(j->jfif));
    if (j->scans == 0 && j->has_adobe)
        st = CV_THEN(st, put(j->out, CV_JPEG_APP14, CV_ARR(j->adobe)));
    for (size_t i = 0; i < s->count; i++) {
        const uint8_t q = s->component[i]->quant;
        if (s->from == 0 && s->high == 0)
            st = CV_THEN(st, put_table(j->out, CV_JPEG_DQT, j->quant[q], &j->quant_put[q]));
    }
    return j->scans == 0 ? CV_THEN(st, put(j->out, j->sof_marker, j->sof)) : st;
}

/* put_scan(j, s, tables): its tables of codes, its restarts, its head; what it does not use is zero. */
static cv_status put_scan(struct jpeg *j, struct cv_jpeg_scan *s, const uint8_t *tables)
{
    uint8_t head[4 + 2 * CV_JPEG_COMPONENTS] = { (uint8_t)s->count };
    cv_status st = CV_OK;
    for (size_t i = 0; i < s->count && st == CV_OK; i++) {
        const uint8_t d = s->from == 0 && s->high == 0 ? tables[2 * i + 1] >> 4 : 0;
        const uint8_t a = s->to > 0 ? tables[2 * i + 1] & 15 : 0;
        if (d >= CV_JPEG_TABLES || a >= CV_JPEG_TABLES)
            return CV_ERR_FORMAT;
        if (s->from == 0 && s->high == 0)
            st = put_codes(j, d, &s->dc[i]);
        if (s->to > 0)
            st = CV_THEN(st, put_codes(j, (size_t)CV_JPEG_TABLES + a, &s->ac[i]));
        head[1 + 2 * i] = s->component[i]->id;
        head[2 + 2 * i] = (uint8_t)(d << 4 | a);
    }
    if (st == CV_OK && s->restart != j->restart_put) {
        const uint8_t interval[2] = { (uint8_t)(s->restart >> 8), (uint8_t)s->restart };
        st = put(j->out, CV_JPEG_DRI, CV_ARR(interval));
        j->restart_put = s->restart;
    }
    head[1 + 2 * s->count] = s->from;
    head[2 + 2 * s->count] = s->to;
    head[3 + 2 * s->count] = (uint8_t)(s->high << 4 | s->low);
    return CV_THEN(st, put(j->out, CV_JPEG_SOS, CV_BYTES(head, 4 + 2 * s->count)));
}

static cv_status read_scan(struct jpeg *j, struct cv_bytes data, struct cv_bytes *rest)
{
    struct cv_jpeg_frame *f = &j->frame;
    struct cv_jpeg_scan s = { .count = data.n > 0 ? data.p[0] : 0 };
    size_t after = 0, blocks = 0;
    if (j->sof.n == 0 || s.count == 0 || s.count > f->count || data.n != 4 + 2 * s.count ||
        j->scans >= SCANS_MAX)
        return CV_ERR_FORMAT;
    for (size_t i = 0; i < s.count; i++) {
        s.component[i] = find(f, data.p[1 + 2 * i], &after);
        if (s.component[i] == NULL)
            return CV_ERR_FORMAT;
        blocks += (size_t)s.component[i]->h * s.component[i]->v;
    }
    const uint8_t *last = data.p + 1 + 2 * s.count;
    s.from = last[0];
    s.to = last[1];
    s.high = last[2] >> 4;
    s.low = last[2] & 15;
    if ((s.count > 1 && blocks > 10) || !allowed(f, &s) || !first_sent(&s))
        return CV_ERR_FORMAT;
    s.mcus = s.count > 1 ? f->wide * f->high : s.component[0]->wide * s.component[0]->high;
    s.restart = j->restart < s.mcus ? j->restart : 0;
    cv_status st = put_front(j, &s);
    st = CV_THEN(st, put_scan(j, &s, data.p + 1));
    st = CV_THEN(st, cv_jpeg_follow(&s, rest, j->out));
    j->scans++;
    return st;
}

/* ---- the whole ---- */

/* read_part(j, part, rest): what is not known here is refused: it may be what the picture is. */
static cv_status read_part(struct jpeg *j, const struct cv_photo_part *part, struct cv_bytes *rest)
{
    const uint8_t m = part->marker;
    if (m == CV_JPEG_SOS)
        return read_scan(j, part->data, rest);
    if (m >= CV_JPEG_SOF0 && m <= CV_JPEG_SOF2)
        return read_frame(j, m, part->data);
    bool good = true;
    if (m == CV_JPEG_DQT)
        good = read_quant(j, part->data);
    else if (m == CV_JPEG_DHT)
        good = read_huffman(j, part->data);
    else if (m == CV_JPEG_DRI)
        good = read_restart(j, part->data);
    else if (m == CV_JPEG_APP0 && j->scans == 0)
        good = read_jfif(j, part->data);
    else if (m == CV_JPEG_APP14 && j->scans == 0)
        good = read_adobe(j, part->data);
    else if (m != CV_JPEG_COM && m != DAC && (m < CV_JPEG_APP0 || m > CV_JPEG_APP15))
        return cv_fail(
            j->err, CV_ERR_FORMAT,
            "the JPEG has a part 0x%02x, which is not known here: no copy without its metadata can be made",
            m);
    return good ? CV_OK : CV_ERR_FORMAT;
}

static bool complete(const struct jpeg *j)
{
    for (size_t i = 0; i < j->frame.count; i++)
        if (j->frame.component[i].level[0] < 0)
            return false;
    return j->scans > 0;
}

static cv_status read_all(struct jpeg *j, struct cv_bytes *rest)
{
    struct cv_photo_part part;
    cv_status st = cv_buf_append(j->out, CV_LIT("\xff\xd8"));
    while (st == CV_OK && cv_jpeg_segment(rest, &part)) {
        if (part.marker == CV_JPEG_EOI) /* what stands after it is another picture, a film, a text */
            return complete(j) ? cv_buf_append(j->out, CV_LIT("\xff\xd9")) : CV_ERR_FORMAT;
        st = read_part(j, &part, rest);
    }
    return st == CV_OK ? CV_ERR_FORMAT : st;
}

cv_status cv_photo_clean_jpeg(struct cv_bytes file, struct cv_buf *out, struct cv_err *err)
{
    struct jpeg j = { .out = out, .err = err };
    struct cv_bytes rest = file;
    cv_status st = read_all(&j, &rest);
    for (size_t i = 0; i < CV_JPEG_COMPONENTS; i++)
        free(j.frame.component[i].non_zero);
    return st != CV_ERR_FORMAT
               ? st
               : cv_fail(
                     err, st,
                     "the JPEG is not well formed before byte %zu: no copy without its metadata can be made",
                     2 + (size_t)(rest.p - file.p));
}
