#ifndef CV_VAULT_WITNESS_H
#define CV_VAULT_WITNESS_H

#include "formats/witness.h"
#include "vault/confined.h"

/**
 * A witness at work (c2sp.org/tlog-witness): it cosigns a checkpoint of a log it knows if that log has only
 * grown since the one it cosigned last. What it cosigned last is this user's memory of each log, in
 * ${XDG_STATE_HOME:-~/.local/state}/casevault/witness-<32 hex digits of SHA-256(key name)>-<the same of the
 * origin>: `casevault witness state v1` and the three lines of the checkpoint. It is durable before the
 * cosignature is told to anybody.
 */

/* What it answers: the status codes of the specification. */
struct cv_witness_answer {
    unsigned code;      /* 200, 400, 403, 404, 409, 422; 500 if its own state cannot be read or kept */
    uint64_t size;      /* of the checkpoint last cosigned, for 409 */
    struct cv_buf line; /* the cosignature, for 200 */
    struct cv_err why;  /* of anything else */
    char origin[128];   /* of the checkpoint, as far as it was read */
    uint64_t asked;     /* its size */
};
void cv_witness_answer_free(struct cv_witness_answer *a);

/** cv_witness_answer(w, logs, count, packed, now, out): judge an add-checkpoint request, as
 * cv_witness_request_pack wrote it, as the witness ${w}, which knows the ${logs}: a log is known by its
 * origin, which is its key's name; it may have several keys. ${now}: POSIX seconds, signed. Whatever happens
 * is told in
 * ${out}, to be freed. */
void cv_witness_answer(const struct cv_witness *w, const struct cv_note_key *logs, size_t count,
                       struct cv_bytes packed, uint64_t now, struct cv_witness_answer *out);

/** cv_witness_read(body, packed, out, err): append the ${body} of a request packed, read by a process that
 * has nothing else; one that is not well formed is told in ${out} (400), to be freed. CV_OK; CV_ERR_AUTH,
 * CV_ERR_INTERNAL if who read it had to be stopped, or died; CV_ERR_IO. */
CV_MUST_CHECK cv_status cv_witness_read(struct cv_bytes body, struct cv_buf *packed,
                                        struct cv_witness_answer *out, struct cv_err *err);

/* ---- asking ---- */

struct cv_witness_asked {
    uint64_t from, size;    /* consistency from the one to the other */
    struct cv_note_key log; /* who signed the checkpoint */
    bool training;
};

/**
 * cv_witness_request(path, from, witness, out, asked, err): append a request for the last checkpoint of the
 * vault at
 * ${path}, which is verified from its first entry on the way, with no key. ${from}: the size last cosigned,
 * or CV_WITNESS_LAST for what the attest entries tell: the last checkpoint with a cosignature of ${witness},
 * or, if that is NULL, of anybody, unverified; 0 if there is none. CV_OK; CV_ERR_LOG; CV_ERR_NOTFOUND if no
 * checkpoint has that size; CV_ERR_NOVAULT; CV_ERR_IO; CV_ERR_NOMEM.
 */
#define CV_WITNESS_LAST UINT64_MAX
CV_MUST_CHECK cv_status cv_witness_request(const char *path, uint64_t from, const struct cv_note_key *witness,
                                           struct cv_buf *out, struct cv_witness_asked *asked,
                                           struct cv_err *err);

/* ---- serving ---- */

/** cv_witness_listen(where, fd, told, err): listen at "<numeric address>:<port>"; ${told} is the same with
 * the port that it got. CV_OK; CV_ERR_ARG; CV_ERR_IO. */
#define CV_WITNESS_PLACE_BYTES 64
CV_MUST_CHECK cv_status cv_witness_listen(const char *where, int *fd,
                                          char told[static CV_WITNESS_PLACE_BYTES], struct cv_err *err);

/** cv_witness_front(fd, out, err): start the process that has the listening socket, its clients and what they
 * send, and no key: before there is one in memory. CV_OK; CV_ERR_IO. */
CV_MUST_CHECK cv_status cv_witness_front(int fd, struct cv_confined *out, struct cv_err *err);

/** cv_witness_serve(front, w, logs, count, say, arg, err): answer POST /add-checkpoint over HTTP/1.1 until
 * SIGTERM, SIGINT or SIGHUP; ends the front. ${say} is told a line of each request that was judged. CV_OK;
 * CV_ERR_AUTH, CV_ERR_INTERNAL if the front had to be stopped, or died; CV_ERR_NOMEM; CV_ERR_IO. */
typedef void (*cv_witness_say_fn)(void *arg, const struct cv_witness_answer *a);
CV_MUST_CHECK cv_status cv_witness_serve(struct cv_confined *front, const struct cv_witness *w,
                                         const struct cv_note_key *logs, size_t count, cv_witness_say_fn say,
                                         void *arg, struct cv_err *err);

/* ---- for witness_serve.c, witness_listen.c, witness_ask.c ---- */

/** cv_witness_told_to_end(): by one of those signals, which are heard since cv_witness_listen. */
bool cv_witness_told_to_end(void);
/** cv_witness_ask(keeper, body, out): of the process with the key. CV_OK; CV_ERR_IO if it is gone;
 * CV_ERR_NOMEM.
 */
CV_MUST_CHECK cv_status cv_witness_ask(struct cv_channel *keeper, struct cv_bytes body,
                                       struct cv_witness_answer *out);
/** cv_witness_clients(arg, keeper, err): all that the front does; ${arg}: how many clients at once (size_t).
 */
CV_MUST_CHECK cv_status cv_witness_clients(void *arg, struct cv_channel *keeper, struct cv_err *err);
/** cv_witness_clients_max(arg, keeper, err): sets ${arg}, while limits may still be asked for. */
CV_MUST_CHECK cv_status cv_witness_clients_max(void *arg, struct cv_channel *keeper, struct cv_err *err);

#endif
