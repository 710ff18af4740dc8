#ifndef CV_VAULT_PUBLISH_H
#define CV_VAULT_PUBLISH_H

#include "vault/custody.h"

/* What was published. */
struct cv_published {
    uint64_t size, before; /* entries under the checkpoint, now and when this began */
    struct cv_hash root;
    uint64_t files, bytes; /* written, the checkpoint included */
    uint64_t repaired;     /* of these, the ones that were there and were not what they should be */
    struct cv_buf vkey;    /* of the key that signed this checkpoint, as a C2SP verifier key; free it */
};

/**
 * cv_publish(c, path, all, out, err): the log as static files (formats/tiles.h) in the directory ${path},
 * made if need be, up to the last checkpoint, whose note goes there last, with the log key's signature only.
 * What is there already is neither written again nor, unless it is partial or ${all}, read. CV_OK;
 * CV_ERR_LOG: what is published there is of this vault, and no beginning of this log; CV_ERR_EXISTS: it is
 * another vault's, or no log; CV_ERR_LOCKED: somebody else is publishing there; CV_ERR_IO.
 */
CV_MUST_CHECK cv_status cv_publish(struct cv_custody *c, const char *path, bool all, struct cv_published *out,
                                   struct cv_err *err);

#endif
