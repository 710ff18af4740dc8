#ifndef CV_CRYPTO_COBBLESTONE_H
#define CV_CRYPTO_COBBLESTONE_H

#include "crypto/bytes.h"

/**
 * Cobblestone-256: C2SP chunked-encryption (c2sp.org/chunked-encryption) with HKDF-SHA-512 and AES-256-GCM.
 *
 *   offset length field
 *   0      24     salt, random
 *   24     32     commitment to key, salt and context
 *   56     ...    chunks of 16,384 + 16 bytes; the last holds fewer than 16,384 bytes of plaintext, perhaps
 * none
 */
#define CV_COBBLESTONE_KEY_BYTES 32
#define CV_COBBLESTONE_HEADER_BYTES 56
#define CV_COBBLESTONE_CHUNK_BYTES 16384
#define CV_COBBLESTONE_SEALED_CHUNK_BYTES (CV_COBBLESTONE_CHUNK_BYTES + 16)
#define CV_COBBLESTONE_CONTEXT_MAX 512

/** cv_cobblestone_sealed_bytes(n): length of a message of ${n} bytes once sealed. */
uint64_t cv_cobblestone_sealed_bytes(uint64_t n);

/**
 * cv_cobblestone_seal(key, context, plain, out): append the sealed message to ${out}.
 * CV_OK; CV_ERR_ARG for a key not of 32 bytes; CV_ERR_LIMIT; CV_ERR_NOMEM; CV_ERR_INTERNAL.
 */
CV_MUST_CHECK cv_status cv_cobblestone_seal(struct cv_bytes key, struct cv_bytes context,
                                            struct cv_bytes plain, struct cv_buf *out);

/**
 * cv_cobblestone_open(key, context, sealed, out): append the plaintext to ${out}, only on CV_OK.
 * CV_OK; CV_ERR_AUTH if the commitment or a tag does not verify; CV_ERR_FORMAT if truncated; CV_ERR_ARG;
 * CV_ERR_LIMIT; CV_ERR_NOMEM; CV_ERR_INTERNAL.
 */
CV_MUST_CHECK cv_status cv_cobblestone_open(struct cv_bytes key, struct cv_bytes context,
                                            struct cv_bytes sealed, struct cv_buf *out);

/** The streaming form: one object seals or opens one message. After an error every further call fails alike.
 */
struct cv_cobblestone;

/** cv_cobblestone_writer(key, context, out, w): start sealing; the header is appended to ${out} at once.
 * As cv_cobblestone_seal. */
CV_MUST_CHECK cv_status cv_cobblestone_writer(struct cv_bytes key, struct cv_bytes context,
                                              struct cv_buf *out, struct cv_cobblestone **w);
/** cv_cobblestone_write(w, plain, out): append whole sealed chunks to ${out} as they fill. */
CV_MUST_CHECK cv_status cv_cobblestone_write(struct cv_cobblestone *w, struct cv_bytes plain,
                                             struct cv_buf *out);
/** cv_cobblestone_finish(w, out): append the last, short chunk. */
CV_MUST_CHECK cv_status cv_cobblestone_finish(struct cv_cobblestone *w, struct cv_buf *out);

/** cv_cobblestone_reader(key, context, r): start opening. As cv_cobblestone_open. */
CV_MUST_CHECK cv_status cv_cobblestone_reader(struct cv_bytes key, struct cv_bytes context,
                                              struct cv_cobblestone **r);
/** cv_cobblestone_read(r, sealed, out): take in ciphertext in pieces of any size; append the plaintext of
 * each chunk that has been authenticated, never more. */
CV_MUST_CHECK cv_status cv_cobblestone_read(struct cv_cobblestone *r, struct cv_bytes sealed,
                                            struct cv_buf *out);
/** cv_cobblestone_end(r, out): the ciphertext ended: open the last chunk. Only CV_OK means the message is
 * whole. */
CV_MUST_CHECK cv_status cv_cobblestone_end(struct cv_cobblestone *r, struct cv_buf *out);

/** cv_cobblestone_at(r, i, sealed, out): chunk ${i} (from 0) by itself, of a reader that was given the header
 * and nothing else; its sealed bytes, with the tag. Which chunk is the last only the message's length tells:
 * it is shorter than the others, so a message cut between chunks is for the caller to refuse. CV_OK;
 * CV_ERR_AUTH; CV_ERR_FORMAT if there is no tag; CV_ERR_ARG; a failed chunk spoils no other. */
CV_MUST_CHECK cv_status cv_cobblestone_at(struct cv_cobblestone *r, uint64_t i, struct cv_bytes sealed,
                                          struct cv_buf *out);

void cv_cobblestone_free(struct cv_cobblestone *c);

#endif
