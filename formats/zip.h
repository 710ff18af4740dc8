#ifndef CV_FORMATS_ZIP_H
#define CV_FORMATS_ZIP_H

#include "crypto/bytes.h"
#include "formats/err.h"

/**
 * Zip files (PKWARE APPNOTE 6.3.10) in the one form that packages have (docs/PACKAGE.md): stored entries one
 * after another, then the central directory in the same order, then its end, and no other byte. What is read
 * is held against what would have been written, byte for byte: no second reading of a file is possible.
 */
#define CV_ZIP_NAME_MAX 100
#define CV_ZIP_ENTRIES_MAX 10000
#define CV_ZIP_BYTES_MAX ((uint64_t)4000000000) /* below what would need Zip64 */

/** cv_zip_name_ok(name): 1 to 100 of A-Z a-z 0-9 . _ - and /; no part of it is empty or begins with a dot. */
bool cv_zip_name_ok(struct cv_bytes name);
/** cv_zip_crc(crc, bytes): the CRC-32 going on from ${crc}, 0 at first. */
uint32_t cv_zip_crc(uint32_t crc, struct cv_bytes bytes);

/** A file that is being written. */
struct cv_zip;
CV_MUST_CHECK cv_status cv_zip_new(struct cv_zip **out);
void cv_zip_free(struct cv_zip *z);
/** cv_zip_entry(z, name, bytes, crc, out, err): append the header of an entry; the caller follows it with
 * exactly ${bytes} bytes that have this ${crc}. CV_OK; CV_ERR_ARG for a name that will not do; CV_ERR_EXISTS
 * for one that is there; CV_ERR_LIMIT; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_zip_entry(struct cv_zip *z, const char *name, uint64_t bytes, uint32_t crc,
                                     struct cv_buf *out, struct cv_err *err);
/** cv_zip_add(z, name, data, out, err): header and data in one. */
CV_MUST_CHECK cv_status cv_zip_add(struct cv_zip *z, const char *name, struct cv_bytes data,
                                   struct cv_buf *out, struct cv_err *err);
/** cv_zip_total(z, name): how long the whole file would be with one more, empty, entry of this name. */
uint64_t cv_zip_total(const struct cv_zip *z, const char *name);
/** cv_zip_finish(z, out, err): append the central directory and its end. */
CV_MUST_CHECK cv_status cv_zip_finish(struct cv_zip *z, struct cv_buf *out, struct cv_err *err);

/* Who reads one is told of each entry when it begins, of its bytes as they come, and when it is whole and its
 * CRC fits. What they return, if not CV_OK, ends the reading. */
struct cv_zip_sink {
    void *arg;
    cv_status (*begin)(void *arg, const char *name, uint64_t bytes, struct cv_err *err);
    cv_status (*data)(void *arg, struct cv_bytes data, struct cv_err *err);
    cv_status (*end)(void *arg, struct cv_err *err);
};
struct cv_zip_reader;
CV_MUST_CHECK cv_status cv_zip_reader_new(const struct cv_zip_sink *sink, struct cv_zip_reader **out);
void cv_zip_reader_free(struct cv_zip_reader *r);
/** cv_zip_read(r, bytes, err): take in the file in pieces of any size, holding no more than a header of it.
 * CV_OK; CV_ERR_FORMAT, with what and where, for anything that cv_zip_entry would not have written;
 * CV_ERR_LIMIT; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_zip_read(struct cv_zip_reader *r, struct cv_bytes bytes, struct cv_err *err);
/** cv_zip_end(r, err): the file ended: only CV_OK means that it is whole. */
CV_MUST_CHECK cv_status cv_zip_end(struct cv_zip_reader *r, struct cv_err *err);

#endif
