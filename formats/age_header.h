#ifndef CV_FORMATS_AGE_HEADER_H
#define CV_FORMATS_AGE_HEADER_H

#include "crypto/bytes.h"
#include "formats/err.h"

/* Internal to formats/age*.c: the header of an age file (c2sp.org/age, "Header"). */

#define CV_AGE_SHARE_BYTES 32
#define CV_AGE_SALT_BYTES 16
#define CV_AGE_BODY_BYTES 32 /* a sealed file key */
#define CV_AGE_MAC_BYTES 32
#define CV_AGE_FILE_KEY_BYTES 16

enum cv_age_kind { CV_AGE_OTHER, CV_AGE_X25519, CV_AGE_SCRYPT };

/* A stanza of a type we know, already checked; of bytes only, so that it may lie anywhere. */
struct cv_age_stanza {
    uint8_t kind;                    /* enum cv_age_kind, never CV_AGE_OTHER in a header that was read */
    uint8_t log_n;                   /* scrypt; 255 stands for anything greater too */
    uint8_t arg[CV_AGE_SHARE_BYTES]; /* X25519: share; scrypt: 16 bytes of salt */
    uint8_t body[CV_AGE_BODY_BYTES];
};

enum cv_age_state { CV_AGE_AT_VERSION, CV_AGE_AT_STANZA, CV_AGE_IN_BODY, CV_AGE_AT_PAYLOAD };

/* A header being read. Zero-initialise it; free with cv_age_header_free. */
struct cv_age_header {
    enum cv_age_state state;
    struct cv_buf text; /* all of it so far */
    size_t line;        /* where the current line begins */
    size_t number;      /* of the current line, from 0 */
    struct cv_age_stanza current;
    size_t body_n;        /* bytes of body so far */
    struct cv_buf known;  /* struct cv_age_stanza, of known types */
    size_t count;         /* of all stanzas */
    bool scrypt;          /* one of them is of scrypt */
    size_t authenticated; /* length of what the MAC covers */
    uint8_t mac[CV_AGE_MAC_BYTES];
};

void cv_age_header_free(struct cv_age_header *h);

/** cv_age_header_read(h, in, err): take bytes from the front of ${in} until the header is whole
 * (CV_AGE_AT_PAYLOAD) or
 * ${in} is empty. CV_OK; CV_ERR_FORMAT; CV_ERR_LIMIT; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_age_header_read(struct cv_age_header *h, struct cv_bytes *in, struct cv_err *err);

/** cv_age_header_known(h, count): the stanzas of known types, owned by h. */
const struct cv_age_stanza *cv_age_header_known(const struct cv_age_header *h, size_t *count);

/** cv_age_header_verify(h, file_key): CV_OK; CV_ERR_AUTH; CV_ERR_INTERNAL; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_age_header_verify(const struct cv_age_header *h, struct cv_bytes file_key);

/** cv_age_header_write(stanzas, count, file_key, out): append a whole header. CV_OK; CV_ERR_ARG;
 * CV_ERR_LIMIT; CV_ERR_NOMEM; CV_ERR_INTERNAL. */
CV_MUST_CHECK cv_status cv_age_header_write(const struct cv_age_stanza *stanzas, size_t count,
                                            struct cv_bytes file_key, struct cv_buf *out);

#endif
