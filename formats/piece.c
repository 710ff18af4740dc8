#include "formats/piece.h"

#include <string.h>

#define MAGIC "casevlp1"

cv_status cv_piece_head(const struct cv_piece *p, struct cv_buf *out)
{
    const uint8_t last = p->last;
    cv_status st = cv_buf_str(out, MAGIC);
    st = CV_THEN(st, cv_buf_append(out, CV_ARR(p->handle)));
    st = CV_THEN(st, cv_buf_u64(out, p->batch));
    st = CV_THEN(st, cv_buf_u64(out, p->slot));
    st = CV_THEN(st, cv_buf_u32(out, p->number));
    st = CV_THEN(st, cv_buf_append(out, CV_BYTES(&last, 1)));
    return CV_THEN(st, cv_buf_field(out, cv_bytes_str(p->section)));
}

static bool name_ok(struct cv_bytes f)
{
    if (f.n == 0 || f.n > CV_ENVELOPE_NAME_MAX)
        return false;
    for (size_t i = 0; i < f.n; i++)
        if ((f.p[i] < 'a' || f.p[i] > 'z') && (f.p[i] < '0' || f.p[i] > '9') && f.p[i] != '_')
            return false;
    return true;
}

cv_status cv_piece_parse(struct cv_bytes data, struct cv_piece *out, struct cv_err *err)
{
    struct cv_cursor c = { .rest = data };
    memset(out, 0, sizeof(*out));
    const struct cv_bytes magic = cv_cursor_take(&c, 8), handle = cv_cursor_take(&c, CV_HANDLE_BYTES);
    const uint64_t batch = cv_cursor_u64(&c), slot = cv_cursor_u64(&c);
    const uint32_t number = cv_cursor_u32(&c);
    const uint8_t last = cv_cursor_u8(&c);
    const struct cv_bytes section = cv_cursor_field(&c);
    if (c.bad || !cv_bytes_equal(magic, CV_LIT(MAGIC)) || last > 1 || !name_ok(section) ||
        data.n > CV_PIECE_MAX_BYTES)
        return cv_fail(err, CV_ERR_FORMAT, "piece: not one of version 1");
    *out = (struct cv_piece){ .batch = batch, .slot = slot, .number = number, .last = last == 1 };
    memcpy(out->handle, handle.p, handle.n);
    memcpy(out->section, section.p, section.n);
    out->sealed = c.rest;
    return CV_OK;
}

uint64_t cv_piece_numbers(uint64_t bytes)
{
    return (bytes + CV_PIECE_CONTENT_BYTES - 1) / CV_PIECE_CONTENT_BYTES;
}
