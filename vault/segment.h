#ifndef CV_VAULT_SEGMENT_H
#define CV_VAULT_SEGMENT_H

#include "crypto/bytes.h"
#include "formats/err.h"

/* The archive's files: VAULT/archive/00000001.tar and so on, only ever appended to. */
#define CV_SEGMENT_BYTES ((uint64_t)64 << 20) /* a commit that would pass this begins the next segment */

struct cv_segments {
    int dir; /* VAULT/archive */
    int fd;  /* the segment last read, kept open */
    int end; /* the segment last appended to, kept open */
    uint32_t open_number, end_number;
};
#define CV_SEGMENTS_NONE ((struct cv_segments){ .dir = -1, .fd = -1, .end = -1 })

/** cv_segments_open(s, vault_dir, create, err): ${vault_dir} is an open directory. CV_OK; CV_ERR_NOVAULT;
 * CV_ERR_IO. */
CV_MUST_CHECK cv_status cv_segments_open(struct cv_segments *s, int vault_dir, bool create,
                                         struct cv_err *err);
void cv_segments_close(struct cv_segments *s);

/** cv_segment_size(s, number, size, err): CV_OK; CV_ERR_NOTFOUND if there is no such segment; CV_ERR_IO. */
CV_MUST_CHECK cv_status cv_segment_size(struct cv_segments *s, uint32_t number, uint64_t *size,
                                        struct cv_err *err);

/** cv_segment_gap(s, number, err): there is no segment ${number}: is that the end? CV_OK; CV_ERR_LOG if a
 * later one is there; CV_ERR_IO. */
CV_MUST_CHECK cv_status cv_segment_gap(const struct cv_segments *s, uint32_t number, struct cv_err *err);

/** cv_segment_after(s, number, next, err): the first segment with a higher number than ${number}. CV_OK;
 * CV_ERR_NOTFOUND; CV_ERR_IO. */
CV_MUST_CHECK cv_status cv_segment_after(const struct cv_segments *s, uint32_t number, uint32_t *next,
                                         struct cv_err *err);

/** cv_segment_read(s, number, offset, n, out, err): append up to ${n} bytes to ${out}, fewer only at the end.
 */
CV_MUST_CHECK cv_status cv_segment_read(struct cv_segments *s, uint32_t number, uint64_t offset, size_t n,
                                        struct cv_buf *out, struct cv_err *err);

/**
 * cv_segment_append(s, number, offset, bytes, err): one contiguous write at the end, which must be at
 * ${offset} (0 creates the segment), then fdatasync. If the write stops short (a full disk), what it wrote is
 * taken back: nobody has been told of it. CV_OK only when durable; CV_ERR_IO; CV_ERR_LOG if the file does not
 * end at ${offset}.
 */
CV_MUST_CHECK cv_status cv_segment_append(struct cv_segments *s, uint32_t number, uint64_t offset,
                                          struct cv_bytes bytes, struct cv_err *err);

/** cv_segment_seal(s, number): make a closed segment read-only, where the file system lets us. */
void cv_segment_seal(struct cv_segments *s, uint32_t number);

#endif
