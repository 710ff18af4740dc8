#include "crypto/padme.h"

#include <string.h>

static unsigned log2_floor(uint64_t n)
{
    unsigned e = 0;
    while (n >>= 1)
        e++;
    return e;
}

uint64_t cv_padme(uint64_t n)
{
    if (n < 2)
        return n;
    unsigned e = log2_floor(n);
    unsigned s = log2_floor(e) + 1;
    if (s >= e)
        return n;
    uint64_t mask = ((uint64_t)1 << (e - s)) - 1;
    return (n + mask) & ~mask;
}

cv_status cv_pad(struct cv_bytes plain, size_t floor, struct cv_buf *out)
{
    if (plain.n > CV_BUF_MAX / 2)
        return CV_ERR_LIMIT;
    size_t n = (size_t)cv_padme(plain.n + 4);
    if (n < floor)
        n = floor;
    uint8_t *p = NULL;
    cv_status st = cv_buf_extend(out, n, &p);
    if (st != CV_OK)
        return st;
    cv_store_u32(p, (uint32_t)plain.n);
    if (plain.n > 0)
        memcpy(p + 4, plain.p, plain.n);
    return CV_OK;
}

cv_status cv_unpad(struct cv_bytes padded, struct cv_bytes *plain)
{
    *plain = CV_BYTES(NULL, 0);
    struct cv_cursor c = { padded, false };
    struct cv_bytes content = cv_cursor_take(&c, cv_cursor_u32(&c));
    if (c.bad)
        return CV_ERR_FORMAT;
    uint8_t seen = 0;
    for (size_t i = 0; i < c.rest.n; i++)
        seen |= c.rest.p[i];
    if (seen != 0)
        return CV_ERR_FORMAT;
    *plain = content;
    return CV_OK;
}
