#ifndef CV_FORMATS_ENVELOPE_H
#define CV_FORMATS_ENVELOPE_H

#include "crypto/bytes.h"
#include "formats/err.h"

/**
 * The data of a record, event or notice entry: an open header, then one Cobblestone-256 message per part.
 *
 *   offset length field
 *   0      8      "casevlt1"
 *   8      16     version handle, random
 *   24     8      index of the batch-keys entry
 *   32     8      release key slot; all ones if no part needs one
 *   40     2      number of parts
 *   42     ...    for each part: L(part), L(section whose batch key seals it), u32 length of its message
 *   ...    ...    the messages, in the same order
 *
 * Big-endian. A record has the part `head` first, then one for every section of its type. An event has
 * `event` and, if it holds free text, `text`.
 */
#define CV_HANDLE_BYTES 16
#define CV_ENVELOPE_BATCH_AT 24
#define CV_ENVELOPE_SLOT_AT 32
#define CV_ENVELOPE_PARTS_MAX 66
#define CV_ENVELOPE_NAME_MAX 32
#define CV_NO_SLOT UINT64_MAX

struct cv_part {
    char name[CV_ENVELOPE_NAME_MAX + 1];
    char section[CV_ENVELOPE_NAME_MAX + 1];
    struct cv_bytes sealed; /* a view */
};

struct cv_envelope {
    uint8_t handle[CV_HANDLE_BYTES];
    uint64_t batch;
    uint64_t slot;
    size_t count;
    struct cv_part parts[CV_ENVELOPE_PARTS_MAX];
};

CV_MUST_CHECK cv_status cv_envelope_write(const struct cv_envelope *e, struct cv_buf *out);
/** cv_envelope_parse(data, out, err): views into ${data}. CV_OK; CV_ERR_FORMAT. */
CV_MUST_CHECK cv_status cv_envelope_parse(struct cv_bytes data, struct cv_envelope *out, struct cv_err *err);
/** cv_envelope_part(e, name): NULL if there is none. */
const struct cv_part *cv_envelope_part(const struct cv_envelope *e, const char *name);

#endif
