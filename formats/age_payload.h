#ifndef CV_FORMATS_AGE_PAYLOAD_H
#define CV_FORMATS_AGE_PAYLOAD_H

#include "crypto/aead.h"
#include "crypto/secret.h"
#include "formats/age.h"

/* Internal to formats/age*.c: the payload of an age file (c2sp.org/age, "Payload"): a nonce, then STREAM. */

#define CV_AGE_NONCE_BYTES 16
#define CV_AGE_SEALED_CHUNK_BYTES (CV_AGE_CHUNK_BYTES + CV_AEAD_TAG_BYTES)

/* Zero-initialise it; free with cv_age_payload_free. */
struct cv_age_payload {
    bool seal;
    bool ended;           /* the last chunk is done; in a reader, a full one that verified as the last */
    struct cv_aead *aead; /* NULL in a reader until the nonce is in */
    uint64_t chunk;
    /* Up to one chunk; a writer keeps a full one until it knows whether more follows. */
    struct cv_buf pending;
    struct cv_secret file_key; /* reader: until the nonce is in */
};

void cv_age_payload_free(struct cv_age_payload *p);

/** cv_age_payload_bytes(n, out): the length of the plaintext in a payload of ${n} bytes, its nonce included.
 * CV_OK; CV_ERR_FORMAT if cut off in the nonce; CV_ERR_AUTH if there can be no such payload. */
CV_MUST_CHECK cv_status cv_age_payload_bytes(size_t n, size_t *out);

/** cv_age_payload_writer(p, file_key, out): the nonce is appended to ${out}. CV_OK; CV_ERR_LIMIT;
 * CV_ERR_NOMEM; CV_ERR_INTERNAL. The file key is to be wiped by the caller. */
CV_MUST_CHECK cv_status cv_age_payload_writer(struct cv_age_payload *p, struct cv_bytes file_key,
                                              struct cv_buf *out);
/** cv_age_payload_reader(p, file_key): moves the file key into p. */
void cv_age_payload_reader(struct cv_age_payload *p, struct cv_secret *file_key);

/** cv_age_payload_feed(p, in, out): plaintext when writing, ciphertext when reading.
 * CV_OK; CV_ERR_AUTH; CV_ERR_LIMIT; CV_ERR_NOMEM; CV_ERR_INTERNAL. */
CV_MUST_CHECK cv_status cv_age_payload_feed(struct cv_age_payload *p, struct cv_bytes in, struct cv_buf *out);
/** cv_age_payload_last(p, out): what is pending is the last chunk. As cv_age_payload_feed; also CV_ERR_FORMAT
 * if the nonce is not whole. */
CV_MUST_CHECK cv_status cv_age_payload_last(struct cv_age_payload *p, struct cv_buf *out);

#endif
