#include <string.h>

#include "formats/jpeg.h"
#include "formats/photo.h"

/* Nothing is decoded but where each block ends: what no block uses is not the picture. */

bool cv_jpeg_codes(struct cv_bytes table, struct cv_jpeg_codes *out)
{
    bool seen[256] = { false };
    int32_t code = 0, at = 0;
    out->symbols = table.p + 16;
    for (int bits = 1; bits <= 16; bits++) {
        const int32_t n = table.p[bits - 1];
        out->shift[bits] = at - code;
        out->last[bits] = n > 0 ? code + n - 1 : -1;
        code += n;
        at += n;
        if (code >= 1 << bits && n > 0) /* a code of ones only is none: T.81 C.2 */
            return false;
        code <<= 1;
    }
    for (int32_t i = 0; i < at; i++) {
        if (seen[out->symbols[i]])
            return false;
        seen[out->symbols[i]] = true;
    }
    return at > 0;
}

/* ---- bits, T.81 F.2.2.5 ---- */

struct bits {
    struct cv_bytes data;
    size_t at;    /* the byte after the one at hand */
    size_t hand;  /* where the one at hand stands */
    uint8_t byte; /* it */
    int left;     /* bits of it */
    bool bad;     /* there were no more */
};

static unsigned bit(struct bits *b)
{
    if (b->left == 0) {
        if (b->at >= b->data.n ||
            (b->data.p[b->at] == 0xff && (b->at + 1 >= b->data.n || b->data.p[b->at + 1] != 0))) {
            b->bad = true;
            return 0;
        }
        b->hand = b->at;
        b->byte = b->data.p[b->at];
        b->at += b->byte == 0xff ? 2 : 1;
        b->left = 8;
    }
    return (unsigned)b->byte >> --b->left & 1U;
}

static unsigned bits(struct bits *b, unsigned n)
{
    unsigned v = 0;
    for (; n > 0; n--)
        v = v << 1 | bit(b);
    return v;
}

static unsigned symbol(struct bits *b, const struct cv_jpeg_codes *codes)
{
    int32_t code = 0;
    for (int n = 1; n <= 16; n++) {
        code = code << 1 | (int32_t)bit(b);
        if (code <= codes->last[n])
            return codes->symbols[code + codes->shift[n]];
    }
    b->bad = true;
    return 0;
}

/* ---- blocks ---- */

#define DC_BITS_MAX 11 /* T.81 table F.1 */
#define AC_BITS_MAX 10 /* T.81 table F.2 */

/* dc(b, codes): T.81 F.2.2.1. */
static void dc(struct bits *b, const struct cv_jpeg_codes *codes)
{
    const unsigned n = symbol(b, codes);
    b->bad = b->bad || n > DC_BITS_MAX;
    if (!b->bad)
        (void)bits(b, n);
}

/* end_of_band(b, exponent): how many blocks end here, this one among them: T.81 G.1.2.2. */
static unsigned end_of_band(struct bits *b, unsigned exponent)
{
    return (1U << exponent) + bits(b, exponent);
}

/* ac(b, s, codes, non_zero, run): the first time that they are sent: T.81 F.2.2.2 and G.1.2.2. */
static void ac(struct bits *b, const struct cv_jpeg_scan *s, const struct cv_jpeg_codes *codes,
               uint64_t *non_zero, unsigned *run)
{
    for (unsigned k = s->from > 0 ? s->from : 1; k <= s->to && *run == 0 && !b->bad; k++) {
        const unsigned rs = symbol(b, codes), zeros = rs >> 4, n = rs & 15;
        if (n == 0 && zeros < 15) {
            *run = end_of_band(b, zeros);
            b->bad = b->bad || (non_zero == NULL && zeros > 0);
            break;
        }
        k += zeros;
        b->bad = b->bad || k > s->to || n > AC_BITS_MAX;
        if (b->bad)
            break;
        (void)bits(b, n);
        if (n > 0 && non_zero != NULL)
            *non_zero |= (uint64_t)1 << k;
    }
    *run -= *run > 0;
}

/* ac_again(...): one more bit of each: T.81 G.1.2.3. */
static void ac_again(struct bits *b, const struct cv_jpeg_scan *s, const struct cv_jpeg_codes *codes,
                     uint64_t *non_zero, unsigned *run)
{
    unsigned k = s->from;
    for (; k <= s->to && *run == 0 && !b->bad; k++) {
        const unsigned rs = symbol(b, codes), n = rs & 15;
        unsigned zeros = rs >> 4;
        b->bad = b->bad || n > 1;
        if (n == 0 && zeros < 15) {
            *run = end_of_band(b, zeros);
            break;
        }
        (void)bits(b, n);
        for (; k <= s->to; k++)
            if ((*non_zero >> k & 1) != 0)
                (void)bit(b);
            else if (zeros-- == 0)
                break;
        b->bad = b->bad || k > s->to;
        if (n > 0 && !b->bad)
            *non_zero |= (uint64_t)1 << k;
    }
    if (*run > 0 && !b->bad) {
        for (; k <= s->to; k++)
            if ((*non_zero >> k & 1) != 0)
                (void)bit(b);
        --*run;
    }
}

/* block(b, s, c, number, run): the next one of the scan's component c. */
static void block(struct bits *b, const struct cv_jpeg_scan *s, size_t c, size_t number, unsigned *run)
{
    uint64_t *non_zero = s->component[c]->non_zero != NULL ? s->component[c]->non_zero + number : NULL;
    if (s->from == 0 && s->high == 0)
        dc(b, &s->dc[c]);
    else if (s->from == 0)
        (void)bit(b);
    if (s->to > 0 && s->high == 0)
        ac(b, s, &s->ac[c], non_zero, run);
    else if (s->to > 0 && non_zero != NULL)
        ac_again(b, s, &s->ac[c], non_zero, run);
}

/* mcu(b, s, number, run): T.81 A.2. Only where a component stands alone do its blocks have numbers; more is
 * not sent of coefficients but the first, G.1.1.1.1, or all at once. */
static void mcu(struct bits *b, const struct cv_jpeg_scan *s, size_t number, unsigned *run)
{
    for (size_t c = 0; c < s->count; c++) {
        const unsigned blocks = s->count > 1 ? (unsigned)s->component[c]->h * s->component[c]->v : 1;
        for (unsigned i = 0; i < blocks && !b->bad; i++)
            block(b, s, c, s->count > 1 ? 0 : number, run);
    }
}

/* ---- intervals ---- */

/* put(b, start, out): what was used from there on, filled up with ones: T.81 F.1.2.3. */
static cv_status put(const struct bits *b, size_t start, struct cv_buf *out)
{
    const size_t end = b->left > 0 ? b->hand : b->at;
    const uint8_t last[2] = { (uint8_t)(b->byte | ((1U << b->left) - 1)), 0 };
    cv_status st = cv_buf_append(out, CV_BYTES(b->data.p + start, end - start));
    if (b->left > 0)
        st = CV_THEN(st, cv_buf_append(out, CV_BYTES(last, last[0] == 0xff ? 2 : 1)));
    return st;
}

/* to_marker(b): over what belongs to no block, and what fills up before a marker: T.81 B.1.1.2. */
static void to_marker(struct bits *b)
{
    const struct cv_bytes d = b->data;
    while (b->at < d.n &&
           !(d.p[b->at] == 0xff && b->at + 1 < d.n && d.p[b->at + 1] != 0 && d.p[b->at + 1] != 0xff))
        b->at++;
    b->left = 0;
}

/* restarts(b, number): the marker between two intervals is the one of that number: T.81 F.2.1.3.1. */
static bool restarts(struct bits *b, size_t number)
{
    if (b->at + 1 >= b->data.n || b->data.p[b->at + 1] != 0xd0 + number % 8)
        return false;
    b->at += 2;
    return true;
}

cv_status cv_jpeg_follow(const struct cv_jpeg_scan *s, struct cv_bytes *rest, struct cv_buf *out)
{
    struct bits b = { .data = *rest };
    const size_t interval = s->restart > 0 ? s->restart : s->mcus;
    cv_status st = CV_OK;
    for (size_t done = 0; done < s->mcus && st == CV_OK;) {
        const size_t start = b.at, to = s->mcus - done > interval ? done + interval : s->mcus;
        unsigned run = 0;
        for (; done < to && !b.bad; done++)
            mcu(&b, s, done, &run);
        if (b.bad || run > 0)
            return CV_ERR_FORMAT;
        st = put(&b, start, out);
        to_marker(&b);
        if (st == CV_OK && done < s->mcus) {
            const uint8_t marker[2] = { 0xff, (uint8_t)(0xd0 + (done / interval - 1) % 8) };
            if (!restarts(&b, done / interval - 1))
                return CV_ERR_FORMAT;
            st = cv_buf_append(out, CV_ARR(marker));
        }
    }
    *rest = CV_BYTES(rest->p + b.at, rest->n - b.at);
    return st;
}
