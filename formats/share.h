#ifndef CV_FORMATS_SHARE_H
#define CV_FORMATS_SHARE_H

#include "crypto/shamir.h"
#include "formats/policy.h"

/**
 * A share of the recovery secret, to be kept on paper. Its bytes:
 *
 *   offset length field
 *   0      1      1, the version
 *   1      4      first bytes of the vault id
 *   5      4      epoch of the recovery role
 *   9      1      how many shares are needed
 *   10     1      which one this is, from 1
 *   11     32     the share proper (crypto/shamir.h)
 *   43     2      first bytes of the SHA-256 of all before
 *
 * As text: Crockford's base32 in groups of four, 72 digits. The policy holds the digest of each share, so
 * that an altered one is told from one that is only mistyped, and from another vault's.
 */
#define CV_SHARE_BYTES 45
#define CV_SHARE_DIGITS 72
#define CV_SHARE_TEXT_BYTES (CV_SHARE_DIGITS + CV_SHARE_DIGITS / 4) /* with hyphens, and a NUL */

struct cv_share {
    uint8_t vault[4];
    uint32_t epoch;
    uint8_t threshold, x;
    struct cv_secret y; /* 32 bytes */
};
void cv_share_free(struct cv_share *s);

/** cv_share_text(s, out): as it is written on paper; ${out} is a secret of CV_SHARE_TEXT_BYTES. */
CV_MUST_CHECK cv_status cv_share_text(const struct cv_share *s, struct cv_secret *out);

/** cv_share_parse(text, out, err): hyphens, spaces and small letters pass. CV_OK; CV_ERR_FORMAT if it is
 * mistyped or no share; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_share_parse(struct cv_bytes text, struct cv_share *out, struct cv_err *err);

/** cv_share_digest(s, out): what the policy keeps of it: the first 16 bytes of SHA-256 of its bytes. */
CV_MUST_CHECK cv_status cv_share_digest(const struct cv_share *s, uint8_t out[static CV_SHARE_DIGEST_BYTES]);

#endif
