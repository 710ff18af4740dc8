#ifndef CV_FORMATS_COSIGNATURE_H
#define CV_FORMATS_COSIGNATURE_H

#include "formats/note.h"

/**
 * Timestamped cosignatures with Ed25519 (c2sp.org/tlog-cosignature): a witness says that at this time this
 * checkpoint was the largest consistent one it had seen of this log. Keys are of type 0x04. What is signed:
 *
 *   cosignature/v1
 *   time <POSIX seconds, decimal>
 *   <the checkpoint's note text>
 *
 * and the line of the note, LF at its end, is an em dash, a space, the witness's name, a space, and base64 of
 *
 *   offset  length  field
 *   0       4       key id
 *   4       8       time, big-endian
 *   12      64      Ed25519 signature
 */
#define CV_COSIGNATURE_BYTES (4 + 8 + CV_ED25519_SIG_BYTES)
#define CV_COSIGNATURE_LINE_MAX 512 /* bytes; one of ours is shorter */

/** cv_cosignature_sign(text, signer, time, out, err): append the line with which ${signer} cosigns the
 * checkpoint's note ${text} at ${time}. CV_OK; CV_ERR_ARG; CV_ERR_LIMIT for a time beyond 2^63 - 1;
 * CV_ERR_NOMEM; what the signer returned. */
CV_MUST_CHECK cv_status cv_cosignature_sign(struct cv_bytes text, const struct cv_note_signer *signer,
                                            uint64_t time, struct cv_buf *out, struct cv_err *err);

/**
 * cv_cosignature_verify(line, text, key, time, err): ${line}, LF at its end, is a cosignature of ${text} by
 * ${key}; when it was made is told in ${time} (NULL allowed). CV_OK; CV_ERR_FORMAT if it is no signature
 * line; CV_ERR_NOTFOUND if it is of another key, or of another kind; CV_ERR_AUTH if it claims to be of this
 * one and does not verify; CV_ERR_INTERNAL; CV_ERR_NOMEM.
 */
CV_MUST_CHECK cv_status cv_cosignature_verify(struct cv_bytes line, struct cv_bytes text,
                                              const struct cv_note_key *key, uint64_t *time,
                                              struct cv_err *err);

/** cv_cosignature_vkey(key, out): append the witness's verifier key. cv_cosignature_vkey_parse: as
 * cv_note_vkey_parse for a witness's; its name is printable ASCII. */
CV_MUST_CHECK cv_status cv_cosignature_vkey(const struct cv_note_key *key, struct cv_buf *out);
CV_MUST_CHECK cv_status cv_cosignature_vkey_parse(struct cv_bytes text, struct cv_note_key *out,
                                                  struct cv_err *err);
/** cv_cosignature_name_ok(name): may be a witness's: 1 to 255 of printable ASCII, no space, no plus. */
bool cv_cosignature_name_ok(const char *name);

#endif
