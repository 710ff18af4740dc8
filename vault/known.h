#ifndef CV_VAULT_KNOWN_H
#define CV_VAULT_KNOWN_H

#include <stdbool.h>

#include "formats/err.h"

/**
 * What this user remembers of packages that came from elsewhere, in
 * ${XDG_STATE_HOME:-~/.local/state}/casevault/: `sender-<vault id>`, a vault whose fingerprint was confirmed;
 * `package-<vault id>-<id>`, the SHA-256 (hex) of the manifest that was verified under that package id.
 */

/** cv_known_sender(vault, known, err): was it confirmed? cv_known_sender_add: it is. CV_OK; CV_ERR_IO. */
CV_MUST_CHECK cv_status cv_known_sender(const char *vault, bool *known, struct cv_err *err);
CV_MUST_CHECK cv_status cv_known_sender_add(const char *vault, struct cv_err *err);

/** cv_known_package(vault, id, manifest, err): remember which manifest goes with this package id. CV_OK, also
 * if it is known so; CV_ERR_AUTH if another was verified under it; CV_ERR_IO. */
CV_MUST_CHECK cv_status cv_known_package(const char *vault, const char *id, const char *manifest,
                                         struct cv_err *err);

/** cv_known_verified(vault, id, manifest, known, err): was this manifest verified under that package id?
 * CV_OK; CV_ERR_IO; CV_ERR_LIMIT. */
CV_MUST_CHECK cv_status cv_known_verified(const char *vault, const char *id, const char *manifest,
                                          bool *known, struct cv_err *err);

#endif
