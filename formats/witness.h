#ifndef CV_FORMATS_WITNESS_H
#define CV_FORMATS_WITNESS_H

#include "formats/cosignature.h"

/**
 * A witness's own key. Its file is one as cv_keyfile_seal writes, of three LF-terminated lines:
 *
 *   casevault witness v1
 *   name <the key's name>
 *   sign <Ed25519 seed, base64url>
 */
struct cv_witness {
    struct cv_note_key public;
    struct cv_ed25519_key *key;
    struct cv_secret seed;
};

/** cv_witness_new(name, out, err): a fresh key; ${name} NULL: `casevault-witness/` and its fingerprint.
 * CV_OK; CV_ERR_ARG if it may not be one's name; CV_ERR_NOMEM; CV_ERR_INTERNAL. */
CV_MUST_CHECK cv_status cv_witness_new(const char *name, struct cv_witness *out, struct cv_err *err);
void cv_witness_free(struct cv_witness *w);

/** cv_witness_seal(w, passphrase, log_n, file, err), cv_witness_open(file, passphrase, out, err): as
 * cv_keyfile_seal and cv_keyfile_open; CV_ERR_FORMAT for a file that is not a witness's. */
CV_MUST_CHECK cv_status cv_witness_seal(const struct cv_witness *w, struct cv_bytes passphrase,
                                        unsigned log_n, struct cv_buf *file, struct cv_err *err);
CV_MUST_CHECK cv_status cv_witness_open(struct cv_bytes file, struct cv_bytes passphrase,
                                        struct cv_witness *out, struct cv_err *err);

/* ---- what it is asked ---- */

#define CV_WITNESS_HASHES_MAX 63
#define CV_WITNESS_REQUEST_MAX ((size_t)65536)

/**
 * The body of an add-checkpoint request (c2sp.org/tlog-witness), LF-terminated:
 *
 *   old <size of the checkpoint last cosigned>
 *   <a hash of the consistency proof from there, base64>      none to 63 of them
 *   <empty line>
 *   <the checkpoint, a signed note>
 */
struct cv_witness_request {
    uint64_t old;
    struct cv_buf proof;   /* hashes, joined */
    struct cv_bytes bytes; /* the note, a view */
    struct cv_note note;
    char origin[128]; /* the first three lines of the note's text; lines after them are signed, and nothing
                         else */
    uint64_t size;
    uint8_t root[32];
    struct cv_buf text; /* the note's, of one that was unpacked; then there are no ${bytes} */
};

/** cv_witness_request_write(old, proof, note, out): append it. CV_OK; CV_ERR_ARG for too many hashes;
 * CV_ERR_LIMIT; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_witness_request_write(uint64_t old, struct cv_bytes proof, struct cv_bytes note,
                                                 struct cv_buf *out);

/** cv_witness_request_parse(body, out, err): strict; nothing is verified. CV_OK; CV_ERR_FORMAT; CV_ERR_LIMIT;
 * CV_ERR_NOMEM. Free with cv_witness_request_free. */
CV_MUST_CHECK cv_status cv_witness_request_parse(struct cv_bytes body, struct cv_witness_request *out,
                                                 struct cv_err *err);
void cv_witness_request_free(struct cv_witness_request *r);

/**
 * cv_witness_request_pack(r, out): append a request that was read, for who has the key and is to read as
 * little as can be: u64 old, L(proof), L(origin), u64 size, root, u32 and the lines of the checkpoint after
 * these, u16 how many signatures, each L(name), key id (4), L(signature or nothing). CV_OK; CV_ERR_LIMIT;
 * CV_ERR_NOMEM. cv_witness_request_unpack(packed, out): nothing is verified. CV_OK; CV_ERR_FORMAT;
 * CV_ERR_NOMEM.
 */
CV_MUST_CHECK cv_status cv_witness_request_pack(const struct cv_witness_request *r, struct cv_buf *out);
CV_MUST_CHECK cv_status cv_witness_request_unpack(struct cv_bytes packed, struct cv_witness_request *out);

#endif
