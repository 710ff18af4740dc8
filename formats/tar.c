#include "formats/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>

/* Field offsets of a ustar header. */
enum {
    NAME = 0,
    MODE = 100,
    UID = 108,
    GID = 116,
    SIZE = 124,
    MTIME = 136,
    CHECKSUM = 148,
    TYPE = 156,
    MAGIC = 257,
    VERSION = 263,
    DEVMAJOR = 329,
    DEVMINOR = 337
};

struct cv_tar_writer {
    struct cv_buf *out;
    struct archive *archive;
    struct archive_entry *entry;
    cv_status failed; /* of the buffer, inside the callback */
};

static la_ssize_t to_buffer(struct archive *a, void *arg, const void *bytes, size_t n)
{
    struct cv_tar_writer *w = arg;
    (void)a;
    if (w->out == NULL) /* the trailer, which we do not want */
        return (la_ssize_t)n;
    w->failed = cv_buf_append(w->out, CV_BYTES(bytes, n));
    return w->failed == CV_OK ? (la_ssize_t)n : -1;
}

cv_status cv_tar_writer_new(struct cv_buf *out, struct cv_tar_writer **writer)
{
    struct cv_tar_writer *w = calloc(1, sizeof(*w));
    *writer = NULL;
    if (w == NULL)
        return CV_ERR_NOMEM;
    w->out = out;
    w->archive = archive_write_new();
    w->entry = archive_entry_new();
    if (w->archive == NULL || w->entry == NULL || archive_write_set_format_ustar(w->archive) != ARCHIVE_OK ||
        archive_write_set_bytes_per_block(w->archive, 0) != ARCHIVE_OK ||
        archive_write_open(w->archive, w, NULL, to_buffer, NULL) != ARCHIVE_OK) {
        cv_tar_writer_free(w);
        return CV_ERR_NOMEM;
    }
    *writer = w;
    return CV_OK;
}

void cv_tar_writer_free(struct cv_tar_writer *w)
{
    if (w == NULL)
        return;
    w->out = NULL;
    archive_entry_free(w->entry);
    archive_write_free(w->archive);
    free(w);
}

cv_status cv_tar_add(struct cv_tar_writer *w, const char *name, struct cv_bytes data, struct cv_err *err)
{
    if (strlen(name) > CV_TAR_NAME_MAX || data.n > CV_TAR_DATA_MAX)
        return cv_fail(err, CV_ERR_LIMIT, "tar entry %s: too long", name);
    struct archive_entry *e = archive_entry_clear(w->entry);
    archive_entry_set_pathname(e, name);
    archive_entry_set_filetype(e, AE_IFREG);
    archive_entry_set_perm(e, 0444);
    archive_entry_set_size(e, (la_int64_t)data.n);
    archive_entry_set_mtime(e, 0, 0);
    w->failed = CV_ERR_INTERNAL;
    if (archive_write_header(w->archive, e) != ARCHIVE_OK ||
        (data.n > 0 && archive_write_data(w->archive, data.p, data.n) != (la_ssize_t)data.n) ||
        archive_write_finish_entry(w->archive) != ARCHIVE_OK)
        return cv_fail(err, w->failed != CV_OK ? w->failed : CV_ERR_INTERNAL,
                       "tar entry %s: cannot be packed", name);
    return CV_OK;
}

/* What cv_tar_add writes around a name, a size and a checksum; the tests hold the two against each other. */
/* clang-format off */
static const uint8_t blank[CV_TAR_BLOCK_BYTES] = {
    [MODE] = '0', '0', '0', '4', '4', '4', ' ',
    [UID] = '0', '0', '0', '0', '0', '0', ' ',
    [GID] = '0', '0', '0', '0', '0', '0', ' ',
    [MTIME] = '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', ' ',
    [TYPE] = '0',
    [MAGIC] = 'u', 's', 't', 'a', 'r', 0,
    [VERSION] = '0', '0',
    [DEVMAJOR] = '0', '0', '0', '0', '0', '0', ' ',
    [DEVMINOR] = '0', '0', '0', '0', '0', '0', ' ',
};
/* clang-format on */
#define SIZE_DIGITS ((size_t)11)
#define CHECKSUM_DIGITS ((size_t)6)
#define BLANK_SUM 3163 /* of its bytes, the space behind the size and, for the checksum, eight more */

/* octal(text, digits, out): all of them. */
static bool octal(const uint8_t *text, size_t digits, uint64_t *out)
{
    *out = 0;
    for (size_t i = 0; i < digits; i++) {
        if (text[i] < '0' || text[i] > '7')
            return false;
        *out = 8 * *out + (uint64_t)(text[i] - '0');
    }
    return true;
}

/* same(header, from, to): as in the blank one. */
static bool same(const uint8_t *header, size_t from, size_t to)
{
    return memcmp(header + from, blank + from, to - from) == 0;
}

/* sum(bytes, n): of those that a header adds to the blank one's. */
static uint64_t sum(const uint8_t *bytes, size_t n)
{
    uint64_t total = 0;
    for (size_t i = 0; i < n; i++)
        total += bytes[i];
    return total;
}

cv_status cv_tar_header(const uint8_t header[static CV_TAR_BLOCK_BYTES],
                        char name[static CV_TAR_NAME_MAX + 1], uint64_t *size)
{
    uint64_t n = 0, checksum = 0;
    *size = 0;
    if (header[CV_TAR_NAME_MAX] != '\0' || header[0] == '\0')
        return CV_ERR_FORMAT;
    memcpy(name, header, CV_TAR_NAME_MAX + 1);
    const size_t named = strlen(name);
    if (!cv_bytes_zero(CV_BYTES(header + named, MODE - named)) || !same(header, MODE, SIZE) ||
        !octal(header + SIZE, SIZE_DIGITS, &n) || n > CV_TAR_DATA_MAX || header[SIZE + SIZE_DIGITS] != ' ' ||
        !same(header, MTIME, CHECKSUM) || !octal(header + CHECKSUM, CHECKSUM_DIGITS, &checksum) ||
        header[CHECKSUM + CHECKSUM_DIGITS] != '\0' || header[CHECKSUM + CHECKSUM_DIGITS + 1] != ' ' ||
        !same(header, TYPE, CV_TAR_BLOCK_BYTES) ||
        checksum != BLANK_SUM + sum(header, named) + sum(header + SIZE, SIZE_DIGITS))
        return CV_ERR_FORMAT;
    *size = n;
    return CV_OK;
}

cv_status cv_tar_read(struct cv_bytes in, struct cv_tar_entry *out, struct cv_err *err)
{
    struct cv_tar_entry e = { 0 };
    uint64_t size = 0;
    memset(out, 0, sizeof(*out));
    if (in.n < CV_TAR_BLOCK_BYTES)
        return cv_fail(err, CV_ERR_LIMIT, "tar entry: cut short in its header");
    if (cv_tar_header(in.p, e.name, &size) != CV_OK)
        return cv_fail(err, CV_ERR_FORMAT, "tar entry: its header is damaged");
    e.bytes = CV_TAR_BLOCK_BYTES + (size + CV_TAR_BLOCK_BYTES - 1) / CV_TAR_BLOCK_BYTES * CV_TAR_BLOCK_BYTES;
    if (in.n < e.bytes)
        return cv_fail(err, CV_ERR_LIMIT, "tar entry %s: cut short", e.name);
    e.data = CV_BYTES(in.p + CV_TAR_BLOCK_BYTES, (size_t)size);
    const size_t end = CV_TAR_BLOCK_BYTES + (size_t)size;
    if (!cv_bytes_zero(CV_BYTES(in.p + end, (size_t)e.bytes - end)))
        return cv_fail(err, CV_ERR_FORMAT, "tar entry %s: its padding is not zero", e.name);
    *out = e;
    return CV_OK;
}
