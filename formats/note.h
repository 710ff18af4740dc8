#ifndef CV_FORMATS_NOTE_H
#define CV_FORMATS_NOTE_H

#include "formats/err.h"
#include "formats/sign.h"

/* C2SP signed notes (c2sp.org/signed-note), Ed25519 signatures (type 0x01). */
#define CV_NOTE_NAME_MAX 255
#define CV_NOTE_SIGS_MAX 100
#define CV_NOTE_MAX_BYTES ((size_t)5 << 20)

struct cv_note_signer {
    const char *name;
    const uint8_t *public; /* 32 bytes */
    cv_sign_fn sign;
    void *arg;
};

/**
 * cv_note_sign(text, signers, count, out, err): append ${text}, which ends in LF, an empty line and one
 * signature line per signer: "\u2014 <name> <base64 of key id and signature>". CV_OK; CV_ERR_ARG;
 * CV_ERR_NOMEM; what a signer returned.
 */
CV_MUST_CHECK cv_status cv_note_sign(struct cv_bytes text, const struct cv_note_signer *signers, size_t count,
                                     struct cv_buf *out, struct cv_err *err);

struct cv_note_sig {
    char name[CV_NOTE_NAME_MAX + 1];
    uint8_t id[4];
    bool ed25519; /* 64 bytes long, so it may be one; others are carried and not judged */
    uint8_t sig[CV_ED25519_SIG_BYTES];
};
struct cv_note {
    struct cv_bytes text; /* a view, with its last LF */
    struct cv_note_sig *sigs;
    size_t count;
};

/** cv_note_parse(note, out, err): split; nothing is verified yet. CV_OK; CV_ERR_FORMAT; CV_ERR_LIMIT;
 * CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_note_parse(struct cv_bytes note, struct cv_note *out, struct cv_err *err);
void cv_note_free(struct cv_note *n);

/** cv_note_key_id(name, public, id): the first 4 bytes of SHA-256(name || LF || 0x01 || public). */
CV_MUST_CHECK cv_status cv_note_key_id(const char *name, const uint8_t public[static 32],
                                       uint8_t id[static 4]);

/** cv_note_verify(n, name, public): CV_OK if the note bears a valid signature by this key; CV_ERR_NOTFOUND if
 * none claims it; CV_ERR_AUTH if one claims it and fails. */
CV_MUST_CHECK cv_status cv_note_verify(const struct cv_note *n, const char *name,
                                       const uint8_t public[static 32]);

/** cv_note_vkey(name, public, out): append the verifier key, "<name>+<key id in hex>+<base64 of 0x01 and
 * key>". */
CV_MUST_CHECK cv_status cv_note_vkey(const char *name, const uint8_t public[static 32], struct cv_buf *out);
/* ---- keys by type ---- */

/* The types of Ed25519 keys there are: one signs notes, the other cosigns checkpoints
 * (formats/cosignature.h). */
#define CV_NOTE_TYPE_ED25519 0x01
#define CV_NOTE_TYPE_COSIGNATURE 0x04

/* Somebody else's key, as a verifier key tells it. */
struct cv_note_key {
    char name[CV_NOTE_NAME_MAX + 1];
    uint8_t public[CV_ED25519_PUBLIC_BYTES];
};

/** cv_note_name_ok(name): may be the name of a key: not empty, no white space, plus or control character. */
bool cv_note_name_ok(struct cv_bytes name);

/** cv_note_typed_id, cv_note_typed_vkey: as cv_note_key_id and cv_note_vkey, for a key of ${type}. */
CV_MUST_CHECK cv_status cv_note_typed_id(uint8_t type, const char *name, const uint8_t public[static 32],
                                         uint8_t id[static 4]);
CV_MUST_CHECK cv_status cv_note_typed_vkey(uint8_t type, const char *name, const uint8_t public[static 32],
                                           struct cv_buf *out);

/** cv_note_vkey_parse(text, type, out, err): a verifier key of ${type}, in its one form. CV_OK;
 * CV_ERR_FORMAT, also if its key id is not that of its name and key, or if it is of another type. */
CV_MUST_CHECK cv_status cv_note_vkey_parse(struct cv_bytes text, uint8_t type, struct cv_note_key *out,
                                           struct cv_err *err);

#endif
