#ifndef CV_FORMATS_TAR_H
#define CV_FORMATS_TAR_H

#include "crypto/bytes.h"
#include "formats/err.h"

/* The archive's entries: ustar (POSIX.1-2017, pax, "ustar Interchange Format"), one regular file each, mode
 * 0444, owner 0, time 0, no names of owners: one form for one name and content. Written by libarchive; read
 * back strictly. */
#define CV_TAR_BLOCK_BYTES 512
#define CV_TAR_NAME_MAX 99
#define CV_TAR_DATA_MAX ((uint64_t)1 << 30)

/** Appends entries, without the archive's trailer, to a buffer. */
struct cv_tar_writer;
CV_MUST_CHECK cv_status cv_tar_writer_new(struct cv_buf *out, struct cv_tar_writer **w);
void cv_tar_writer_free(struct cv_tar_writer *w);
/** cv_tar_add(w, name, data, err): header, data, zeros to the next 512. CV_OK; CV_ERR_LIMIT; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_tar_add(struct cv_tar_writer *w, const char *name, struct cv_bytes data,
                                   struct cv_err *err);

/** cv_tar_header(header, name, size): CV_OK; CV_ERR_FORMAT unless byte for byte what cv_tar_add writes. */
CV_MUST_CHECK cv_status cv_tar_header(const uint8_t header[static CV_TAR_BLOCK_BYTES],
                                      char name[static CV_TAR_NAME_MAX + 1], uint64_t *size);

struct cv_tar_entry {
    char name[CV_TAR_NAME_MAX + 1];
    struct cv_bytes data; /* a view */
    uint64_t bytes;       /* header, data and padding */
};
/** cv_tar_read(in, out, err): the entry at the front. CV_OK; CV_ERR_LIMIT if it is cut short; CV_ERR_FORMAT.
 */
CV_MUST_CHECK cv_status cv_tar_read(struct cv_bytes in, struct cv_tar_entry *out, struct cv_err *err);

#endif
