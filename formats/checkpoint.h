#ifndef CV_FORMATS_CHECKPOINT_H
#define CV_FORMATS_CHECKPOINT_H

#include "formats/err.h"
#include "formats/merkle.h"

/** A tree head (c2sp.org/tlog-checkpoint): three LF-terminated lines: origin, size, root in base64. */
struct cv_checkpoint {
    char origin[128];
    uint64_t size;
    struct cv_hash root;
};

/** cv_checkpoint_text(c, out): append the text, to be signed as a note. */
CV_MUST_CHECK cv_status cv_checkpoint_text(const struct cv_checkpoint *c, struct cv_buf *out);
/** cv_checkpoint_parse(text, out, err): exactly what cv_checkpoint_text writes; extension lines are refused,
 * as this house writes none. CV_OK; CV_ERR_FORMAT. */
CV_MUST_CHECK cv_status cv_checkpoint_parse(struct cv_bytes text, struct cv_checkpoint *out,
                                            struct cv_err *err);

#endif
