#ifndef CV_FORMATS_AGE_KEYS_H
#define CV_FORMATS_AGE_KEYS_H

#include "formats/age.h"
#include "formats/age_header.h"

/* Internal to formats/age*.c: wrapping a file key to a recipient and unwrapping it (c2sp.org/age, "Native
 * recipient types"). */

/** cv_age_keys_wrap(recipients, count, file_key, stanzas, err): one stanza for each recipient.
 * CV_OK; CV_ERR_ARG for no recipient, or a passphrase that is not alone; CV_ERR_LIMIT; CV_ERR_NOMEM;
 * CV_ERR_INTERNAL. */
CV_MUST_CHECK cv_status cv_age_keys_wrap(const struct cv_age_recipient *const *recipients, size_t count,
                                         struct cv_bytes file_key, struct cv_age_stanza *stanzas,
                                         struct cv_err *err);

/** cv_age_keys_unwrap(identities, count, h, file_key, err): the file key, to be freed.
 * CV_OK; CV_ERR_NOKEY; CV_ERR_FORMAT for a share of small order; CV_ERR_LIMIT for too much work;
 * CV_ERR_NOMEM; CV_ERR_INTERNAL. */
CV_MUST_CHECK cv_status cv_age_keys_unwrap(const struct cv_age_identity *const *identities, size_t count,
                                           const struct cv_age_header *h, struct cv_secret *file_key,
                                           struct cv_err *err);

#endif
