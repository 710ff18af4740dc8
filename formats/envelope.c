#include "formats/envelope.h"

#include <string.h>

#define MAGIC "casevlt1"

cv_status cv_envelope_write(const struct cv_envelope *e, struct cv_buf *out)
{
    cv_status st = e->count == 0 || e->count > CV_ENVELOPE_PARTS_MAX ? CV_ERR_LIMIT : cv_buf_str(out, MAGIC);
    st = CV_THEN(st, cv_buf_append(out, CV_ARR(e->handle)));
    st = CV_THEN(st, cv_buf_u64(out, e->batch));
    st = CV_THEN(st, cv_buf_u64(out, e->slot));
    st = CV_THEN(st, cv_buf_u16(out, (uint16_t)e->count));
    for (size_t i = 0; i < e->count && st == CV_OK; i++) {
        st = e->parts[i].sealed.n > UINT32_MAX ? CV_ERR_LIMIT
                                               : cv_buf_field(out, cv_bytes_str(e->parts[i].name));
        st = CV_THEN(st, cv_buf_field(out, cv_bytes_str(e->parts[i].section)));
        st = CV_THEN(st, cv_buf_u32(out, (uint32_t)e->parts[i].sealed.n));
    }
    for (size_t i = 0; i < e->count && st == CV_OK; i++)
        st = cv_buf_append(out, e->parts[i].sealed);
    return st;
}

static bool take_name(struct cv_cursor *c, char out[static CV_ENVELOPE_NAME_MAX + 1])
{
    struct cv_bytes f = cv_cursor_field(c);
    if (c->bad || f.n == 0 || f.n > CV_ENVELOPE_NAME_MAX)
        return false;
    for (size_t i = 0; i < f.n; i++)
        if ((f.p[i] < 'a' || f.p[i] > 'z') && (f.p[i] < '0' || f.p[i] > '9') && f.p[i] != '_')
            return false;
    memcpy(out, f.p, f.n);
    out[f.n] = '\0';
    return true;
}

cv_status cv_envelope_parse(struct cv_bytes data, struct cv_envelope *out, struct cv_err *err)
{
    struct cv_cursor c = { .rest = data };
    uint32_t sizes[CV_ENVELOPE_PARTS_MAX];
    memset(out, 0, sizeof(*out));
    struct cv_bytes magic = cv_cursor_take(&c, 8), handle = cv_cursor_take(&c, CV_HANDLE_BYTES);
    if (c.bad || !cv_bytes_equal(magic, CV_LIT(MAGIC)))
        return cv_fail(err, CV_ERR_FORMAT, "entry: not a sealed entry of version 1");
    memcpy(out->handle, handle.p, handle.n);
    out->batch = cv_cursor_u64(&c);
    out->slot = cv_cursor_u64(&c);
    const size_t count = cv_cursor_u16(&c);
    if (c.bad || count == 0 || count > CV_ENVELOPE_PARTS_MAX)
        return cv_fail(err, CV_ERR_FORMAT, "entry: the number of its parts cannot be");
    for (size_t i = 0; i < count; i++) {
        if (!take_name(&c, out->parts[i].name) || !take_name(&c, out->parts[i].section))
            return cv_fail(err, CV_ERR_FORMAT, "entry: the header of part %zu is not well formed", i);
        sizes[i] = cv_cursor_u32(&c);
        for (size_t j = 0; j < i; j++)
            if (strcmp(out->parts[i].name, out->parts[j].name) == 0)
                return cv_fail(err, CV_ERR_FORMAT, "entry: part %zu stands twice", i);
    }
    for (size_t i = 0; i < count; i++)
        out->parts[i].sealed = cv_cursor_take(&c, sizes[i]);
    if (c.bad || c.rest.n != 0)
        return cv_fail(err, CV_ERR_FORMAT, "entry: its parts do not fill it");
    out->count = count;
    return CV_OK;
}

const struct cv_part *cv_envelope_part(const struct cv_envelope *e, const char *name)
{
    for (size_t i = 0; i < e->count; i++)
        if (strcmp(e->parts[i].name, name) == 0)
            return &e->parts[i];
    return NULL;
}
