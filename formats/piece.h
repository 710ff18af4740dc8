#ifndef CV_FORMATS_PIECE_H
#define CV_FORMATS_PIECE_H

#include "formats/envelope.h"

/**
 * The data of a piece entry: a stretch of a document, that is, of a file which belongs to a record.
 *
 *   offset length field
 *   0      8      "casevlp1"
 *   8      16     the document's handle, random; written as a record id is, it is the document's id
 *   24     8      index of the batch-keys entry
 *   32     8      release key slot, the document's: taken with its first piece
 *   40     4      the piece's number, from 0
 *   44     1      1 in the last piece of the document, else 0
 *   45     ...    L(section whose batch key seals it)
 *   ...    ...    one Cobblestone-256 message
 *
 * Big-endian; handle, batch and slot stand where an envelope has them. The plaintext is u32 length, so many
 * bytes of the file, and zeros: CV_PIECE_BYTES in all pieces but the last, which is padded by Padmé.
 */
#define CV_PIECE_NUMBER_AT 40
#define CV_PIECE_BYTES ((size_t)4 << 20)
#define CV_PIECE_CONTENT_BYTES (CV_PIECE_BYTES - 4) /* of the file, in every piece but the last */
#define CV_PIECE_HEADER_MAX (47 + CV_ENVELOPE_NAME_MAX)
#define CV_PIECE_MAX_BYTES (CV_PIECE_BYTES + (64 << 10)) /* the entry's data */

struct cv_piece {
    uint8_t handle[CV_HANDLE_BYTES];
    uint64_t batch, slot;
    uint32_t number;
    bool last;
    char section[CV_ENVELOPE_NAME_MAX + 1];
    struct cv_bytes sealed; /* a view */
};

/** cv_piece_head(p, out): append all that stands before the message, which the caller appends next. */
CV_MUST_CHECK cv_status cv_piece_head(const struct cv_piece *p, struct cv_buf *out);
/** cv_piece_parse(data, out, err): a view into ${data}; of data that is cut short, what is there of the
 * message. CV_OK; CV_ERR_FORMAT. */
CV_MUST_CHECK cv_status cv_piece_parse(struct cv_bytes data, struct cv_piece *out, struct cv_err *err);

/** cv_piece_numbers(bytes): how many pieces a file of so many bytes, at least 1, has. */
uint64_t cv_piece_numbers(uint64_t bytes);

#endif
