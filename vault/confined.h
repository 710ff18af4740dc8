#ifndef CV_VAULT_CONFINED_H
#define CV_VAULT_CONFINED_H

#include <stdatomic.h>
#include <sys/types.h>

#include "crypto/bytes.h"
#include "vault/sandbox.h"

/**
 * Reading what strangers sent, in a process that has nothing to lose: it is forked before any key is in
 * memory, keeps the descriptors that it is given and one socket to us, and enters the sandbox. What it found
 * comes back in frames: u32 length, u8 kind, and so many bytes, which whoever gets them checks as they would
 * check a file.
 */
#define CV_FRAME_MAX ((size_t)64 << 20)
#define CV_CONFINED_KEPT 4

/* One end of the socket. Zero-initialised but for the descriptor. */
struct cv_channel {
    int fd;
    struct cv_buf in, out;
    size_t at; /* of ${in}: where the next frame begins */
};
/** cv_channel_put(c, kind, bytes): a frame, ${kind} from 1; it goes out when enough of them are there, or
 * with cv_channel_flush. CV_OK; CV_ERR_LIMIT; CV_ERR_IO if nobody reads any more; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_channel_put(struct cv_channel *c, uint8_t kind, struct cv_bytes bytes);
CV_MUST_CHECK cv_status cv_channel_flush(struct cv_channel *c);
/** cv_channel_get(c, kind, bytes): the next frame, borrowed until the next call. CV_OK; CV_ERR_NOTFOUND at
 * the end; CV_ERR_LIMIT; CV_ERR_IO, also if it is cut short; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_channel_get(struct cv_channel *c, uint8_t *kind, struct cv_bytes *bytes);

/* What the process does. */
struct cv_confined_work {
    /* before it enters the sandbox; it looks at nothing that came from elsewhere. May be NULL */
    cv_status (*before)(void *arg, struct cv_channel *c, struct cv_err *err);
    cv_status (*work)(void *arg, struct cv_channel *c, struct cv_err *err);
    void *arg;
    enum cv_sandbox_for what;
    int keep; /* the descriptor that it keeps, as number CV_CONFINED_KEPT; -1: none */
};

struct cv_confined {
    pid_t child;
    atomic_bool *in; /* shared with it: it is in the sandbox, and that lets it work */
    struct cv_channel channel;
    bool cut;  /* a frame of its broke off: nothing of it is heard any more */
    bool told; /* how it ended: */
    cv_status st;
    char msg[CV_ERR_BYTES];
};

/** cv_confined_start(w, out, err): with ${w} copied by fork(). CV_OK; CV_ERR_IO. End with cv_confined_end. */
CV_MUST_CHECK cv_status cv_confined_start(const struct cv_confined_work *w, struct cv_confined *out,
                                          struct cv_err *err);
/** cv_confined_get(c, kind, bytes): as cv_channel_get; CV_ERR_NOTFOUND when its work is over, or it has died.
 */
CV_MUST_CHECK cv_status cv_confined_get(struct cv_confined *c, uint8_t *kind, struct cv_bytes *bytes);
/** cv_confined_end(c, name, st, err): with ${st} CV_OK, what the work came to, told by its words, or how it
 * died: CV_ERR_AUTH if it tried what is forbidden to it, CV_ERR_NOMEM, else CV_ERR_INTERNAL. With another
 * ${st}, which is given back: it is ended. ${name}: of what it read. */
CV_MUST_CHECK cv_status cv_confined_end(struct cv_confined *c, const char *name, cv_status st,
                                        struct cv_err *err);

#endif
