#include "formats/zip.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* APPNOTE 4.3.7, 4.3.12 and 4.3.16. */
#define LOCAL_BYTES 30
#define CENTRAL_BYTES 46
#define END_BYTES 22
#define LOCAL_SIGNATURE 0x04034b50u
#define CENTRAL_SIGNATURE 0x02014b50u
#define END_SIGNATURE 0x06054b50u
#define VERSION 10
#define FLAGS_UTF8 0x0800
#define DATE_1980 0x0021 /* the first day that the format can say */

struct entry {
    char name[CV_ZIP_NAME_MAX + 1];
    uint32_t bytes, crc, offset;
};
struct cv_zip {
    struct entry *entries;
    size_t count, room;
    uint64_t bytes;     /* of headers and data so far */
    uint64_t directory; /* of the central directory so far */
};

bool cv_zip_name_ok(struct cv_bytes name)
{
    bool start = true; /* of a part */
    for (size_t i = 0; i < name.n; i++) {
        const uint8_t c = name.p[i];
        const bool word = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                          c == '_' || c == '-';
        if (!word && (start || (c != '.' && c != '/')))
            return false;
        start = c == '/';
    }
    return name.n > 0 && name.n <= CV_ZIP_NAME_MAX && !start;
}

uint32_t cv_zip_crc(uint32_t crc, struct cv_bytes bytes)
{
    return (uint32_t)crc32_z(crc, bytes.p, bytes.n);
}

cv_status cv_zip_new(struct cv_zip **out)
{
    *out = calloc(1, sizeof(**out));
    return *out != NULL ? CV_OK : CV_ERR_NOMEM;
}

void cv_zip_free(struct cv_zip *z)
{
    if (z == NULL)
        return;
    free(z->entries);
    free(z);
}

static uint8_t *put16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
    return p + 2;
}

static uint8_t *put32(uint8_t *p, uint32_t v)
{
    return put16(put16(p, v & 0xffff), v >> 16);
}

/* describe(p, e): what local and central headers have in common, from the version that is needed on. */
static uint8_t *describe(uint8_t *p, const struct entry *e)
{
    p = put16(p, VERSION);
    p = put16(p, FLAGS_UTF8);
    p = put16(p, 0); /* stored */
    p = put16(p, 0); /* midnight */
    p = put16(p, DATE_1980);
    p = put32(p, e->crc);
    p = put32(p, e->bytes);
    p = put32(p, e->bytes);
    p = put16(p, (unsigned)strlen(e->name));
    return put16(p, 0); /* no extra field */
}

static size_t local_header(const struct entry *e, uint8_t out[static LOCAL_BYTES + CV_ZIP_NAME_MAX])
{
    const size_t n = strlen(e->name);
    memcpy(describe(put32(out, LOCAL_SIGNATURE), e), e->name, n);
    return LOCAL_BYTES + n;
}

static cv_status central_header(const struct entry *e, struct cv_buf *out)
{
    uint8_t h[CENTRAL_BYTES] = { 0 };
    put32(describe(put16(put32(h, CENTRAL_SIGNATURE), 2 * VERSION), e) + 10, e->offset);
    cv_status st = cv_buf_append(out, CV_ARR(h));
    return CV_THEN(st, cv_buf_str(out, e->name));
}

static const struct entry *find(const struct cv_zip *z, const char *name)
{
    for (size_t i = 0; i < z->count; i++)
        if (strcmp(z->entries[i].name, name) == 0)
            return &z->entries[i];
    return NULL;
}

/* enter(z, name, bytes, crc, out): one entry more. */
static cv_status enter(struct cv_zip *z, const char *name, uint64_t bytes, uint32_t crc, struct entry **out,
                       struct cv_err *err)
{
    if (!cv_zip_name_ok(cv_bytes_str(name)))
        return cv_fail(err, CV_ERR_ARG, "zip: a name that a package may not have");
    if (find(z, name) != NULL)
        return cv_fail(err, CV_ERR_EXISTS, "zip: %s stands in it twice", name);
    if (z->count == CV_ZIP_ENTRIES_MAX || bytes > CV_ZIP_BYTES_MAX ||
        cv_zip_total(z, name) + bytes > CV_ZIP_BYTES_MAX)
        return cv_fail(err, CV_ERR_LIMIT, "zip: more than %d files, or %" PRIu64 " bytes", CV_ZIP_ENTRIES_MAX,
                       CV_ZIP_BYTES_MAX);
    if (z->count == z->room) {
        const size_t room = z->room > 0 ? 2 * z->room : 64;
        struct entry *more = realloc(z->entries, room * sizeof(*more));
        if (more == NULL)
            return CV_ERR_NOMEM;
        z->entries = more;
        z->room = room;
    }
    struct entry *e = &z->entries[z->count++];
    memset(e, 0, sizeof(*e));
    memcpy(e->name, name, strlen(name));
    e->bytes = (uint32_t)bytes;
    e->crc = crc;
    e->offset = (uint32_t)z->bytes;
    z->bytes += LOCAL_BYTES + strlen(name) + bytes;
    z->directory += CENTRAL_BYTES + strlen(name);
    *out = e;
    return CV_OK;
}

cv_status cv_zip_entry(struct cv_zip *z, const char *name, uint64_t bytes, uint32_t crc, struct cv_buf *out,
                       struct cv_err *err)
{
    uint8_t header[LOCAL_BYTES + CV_ZIP_NAME_MAX];
    struct entry *e = NULL;
    cv_status st = enter(z, name, bytes, crc, &e, err);
    return CV_THEN(st, cv_buf_append(out, CV_BYTES(header, local_header(e, header))));
}

cv_status cv_zip_add(struct cv_zip *z, const char *name, struct cv_bytes data, struct cv_buf *out,
                     struct cv_err *err)
{
    cv_status st = cv_zip_entry(z, name, data.n, cv_zip_crc(0, data), out, err);
    return CV_THEN(st, cv_buf_append(out, data));
}

uint64_t cv_zip_total(const struct cv_zip *z, const char *name)
{
    return z->bytes + z->directory + LOCAL_BYTES + CENTRAL_BYTES + 2 * strlen(name) + END_BYTES;
}

cv_status cv_zip_finish(struct cv_zip *z, struct cv_buf *out, struct cv_err *err)
{
    uint8_t end[END_BYTES] = { 0 };
    cv_status st = CV_OK;
    for (size_t i = 0; i < z->count && st == CV_OK; i++)
        st = central_header(&z->entries[i], out);
    uint8_t *p = put16(put16(put32(end, END_SIGNATURE) + 4, (unsigned)z->count), (unsigned)z->count);
    put32(put32(p, (uint32_t)z->directory), (uint32_t)z->bytes);
    st = CV_THEN(st, cv_buf_append(out, CV_ARR(end)));
    return cv_err_note(err, st, "zip");
}

/* ---- reading ---- */

enum state { AT_HEADER, AT_DATA, AT_DIRECTORY };
struct cv_zip_reader {
    struct cv_zip_sink sink;
    struct cv_zip *seen; /* what was read, as it would be written */
    enum state state;
    uint8_t header[LOCAL_BYTES + CV_ZIP_NAME_MAX];
    size_t header_n;
    uint64_t left;           /* bytes of data to come */
    uint32_t crc;            /* of those that came */
    struct cv_buf directory; /* as it must be */
    size_t directory_at;
    uint64_t at; /* bytes read */
};

cv_status cv_zip_reader_new(const struct cv_zip_sink *sink, struct cv_zip_reader **out)
{
    *out = calloc(1, sizeof(**out));
    if (*out == NULL)
        return CV_ERR_NOMEM;
    (*out)->sink = *sink;
    cv_status st = cv_zip_new(&(*out)->seen);
    if (st != CV_OK) {
        free(*out);
        *out = NULL;
    }
    return st;
}

void cv_zip_reader_free(struct cv_zip_reader *r)
{
    if (r == NULL)
        return;
    cv_zip_free(r->seen);
    cv_buf_free(&r->directory);
    free(r);
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* take(r, bytes, want): into the header, until it has ${want} bytes. */
static bool take(struct cv_zip_reader *r, struct cv_bytes *bytes, size_t want)
{
    const size_t n = want - r->header_n < bytes->n ? want - r->header_n : bytes->n;
    memcpy(r->header + r->header_n, bytes->p, n);
    r->header_n += n;
    r->at += n;
    *bytes = CV_BYTES(bytes->p + n, bytes->n - n);
    return r->header_n == want;
}

/* begin(r): a local header is whole: is it one that would have been written? */
static cv_status begin(struct cv_zip_reader *r, size_t name_n, struct cv_err *err)
{
    uint8_t again[LOCAL_BYTES + CV_ZIP_NAME_MAX];
    char name[CV_ZIP_NAME_MAX + 1] = "";
    struct entry *e = NULL;
    const struct cv_bytes text = CV_BYTES(r->header + LOCAL_BYTES, name_n);
    if (!cv_zip_name_ok(text))
        return cv_fail(err, CV_ERR_FORMAT,
                       "zip: at byte %" PRIu64
                       " a name that a package may not have: it climbs, is absolute, or has "
                       "other characters",
                       r->at - name_n);
    memcpy(name, text.p, text.n);
    cv_status st = enter(r->seen, name, get32(r->header + 22), get32(r->header + 14), &e, err);
    if (st == CV_ERR_EXISTS)
        st = CV_ERR_FORMAT;
    if (st == CV_OK && (local_header(e, again) != r->header_n || memcmp(again, r->header, r->header_n) != 0))
        st = cv_fail(err, CV_ERR_FORMAT,
                     "zip: %s is not stored as packages store files (packed, a link, or with extra fields)",
                     name);
    if (st != CV_OK)
        return st;
    r->left = e->bytes;
    r->crc = 0;
    r->state = AT_DATA;
    return r->sink.begin(r->sink.arg, name, e->bytes, err);
}

static cv_status read_header(struct cv_zip_reader *r, struct cv_bytes *bytes, struct cv_err *err)
{
    if (r->header_n < LOCAL_BYTES && !take(r, bytes, r->header_n < 4 ? 4 : LOCAL_BYTES))
        return CV_OK;
    if (get32(r->header) == CENTRAL_SIGNATURE && r->seen->count > 0) {
        r->state = AT_DIRECTORY;
        r->directory_at = 4;
        return cv_zip_finish(r->seen, &r->directory, err);
    }
    if (get32(r->header) != LOCAL_SIGNATURE)
        return cv_fail(err, CV_ERR_FORMAT,
                       "zip: at byte %" PRIu64 " there is neither a file nor the directory", r->at - 4);
    if (r->header_n < LOCAL_BYTES)
        return CV_OK; /* the rest of it */
    const size_t name_n = (size_t)r->header[26] | (size_t)r->header[27] << 8;
    if (name_n == 0 || name_n > CV_ZIP_NAME_MAX)
        return cv_fail(err, CV_ERR_FORMAT, "zip: a name of %zu bytes", name_n);
    return take(r, bytes, LOCAL_BYTES + name_n) ? begin(r, name_n, err) : CV_OK;
}

static cv_status read_data(struct cv_zip_reader *r, struct cv_bytes *bytes, struct cv_err *err)
{
    const struct cv_bytes part = CV_BYTES(bytes->p, r->left < bytes->n ? (size_t)r->left : bytes->n);
    const struct entry *e = &r->seen->entries[r->seen->count - 1];
    cv_status st = part.n > 0 ? r->sink.data(r->sink.arg, part, err) : CV_OK;
    r->crc = cv_zip_crc(r->crc, part);
    r->left -= part.n;
    r->at += part.n;
    *bytes = CV_BYTES(bytes->p + part.n, bytes->n - part.n);
    if (st != CV_OK || r->left > 0)
        return st;
    if (r->crc != e->crc)
        return cv_fail(err, CV_ERR_FORMAT, "zip: %s: its CRC does not fit", e->name);
    r->state = AT_HEADER;
    r->header_n = 0;
    return r->sink.end(r->sink.arg, err);
}

static cv_status read_directory(struct cv_zip_reader *r, struct cv_bytes *bytes, struct cv_err *err)
{
    const size_t left = r->directory.n - r->directory_at;
    if (bytes->n > left)
        return cv_fail(err, CV_ERR_FORMAT, "zip: more follows after its end");
    if (memcmp(r->directory.p + r->directory_at, bytes->p, bytes->n) != 0)
        return cv_fail(err, CV_ERR_FORMAT, "zip: its directory does not say what it holds");
    r->directory_at += bytes->n;
    *bytes = CV_BYTES(bytes->p + bytes->n, 0);
    return CV_OK;
}

cv_status cv_zip_read(struct cv_zip_reader *r, struct cv_bytes bytes, struct cv_err *err)
{
    cv_status st = CV_OK;
    /* an entry without data is whole although no byte of it comes */
    while (st == CV_OK && (bytes.n > 0 || (r->state == AT_DATA && r->left == 0)))
        st = r->state == AT_HEADER ? read_header(r, &bytes, err)
             : r->state == AT_DATA ? read_data(r, &bytes, err)
                                   : read_directory(r, &bytes, err);
    return cv_err_note(err, st, "zip");
}

cv_status cv_zip_end(struct cv_zip_reader *r, struct cv_err *err)
{
    return r->state == AT_DIRECTORY && r->directory_at == r->directory.n
               ? CV_OK
               : cv_fail(err, CV_ERR_FORMAT, "zip: cut short at byte %" PRIu64, r->at);
}
