#ifndef CV_VAULT_PACKAGE_H
#define CV_VAULT_PACKAGE_H

#include "vault/record.h"

/**
 * A package in its first form: one JSON document that a partner verifies without the vault:
 *   {"casevault":"package v1","vault":hex,"training":bool,"aud","nonce","policies":[signed notes],
 *    "records":[{"presentation": SD-JWT with key binding},...]}
 * The policies, from the first on, say whose signatures count; the partner confirms the vault by its
 * fingerprint.
 */
#define CV_PACKAGE_MAX_BYTES ((size_t)64 << 20)

/* What is to leave: `fields` are "section.field", or "section" for all of it that is there, or
 * "section.field.N" for one element, from 0. Fields that the template marks `elements` leave only so. */
struct cv_disclosing {
    const char *const *records; /* ids, NULL-terminated */
    const char *const *fields;
    const char *aud, *nonce;
    const char *profile; /* NULL: none */
    const char *reason;
};

/** cv_package_write(v, d, out, err): select from what was signed at intake, bind to the recipient, log, and
 * only then give out. A field may leave by the right x on its section; or, if the profile names this very
 * field, by the right to read it. CV_OK; CV_ERR_ARG for a profile or field that is not in the template;
 * CV_ERR_DENIED, logged, for what may not leave, or the profile does not carry, or leaves by element only;
 * CV_ERR_NOTFOUND; CV_ERR_NOKEY. */
CV_MUST_CHECK cv_status cv_package_write(struct cv_vault *v, const struct cv_disclosing *d,
                                         struct cv_buf *out, struct cv_err *err);

/** cv_package_verify(package, fingerprint, aud, nonce, now, claims, err): all of it, with nothing but the
 * package and the vault's fingerprint. ${aud} and ${nonce} NULL: those the package names. ${claims}: array of
 * processed payloads. CV_OK; CV_ERR_FORMAT or CV_ERR_LIMIT for what is no package: not JSON, another title,
 * other members; CV_ERR_LOG for a policy that does not follow the one before; CV_ERR_AUTH for all else that
 * does not verify, or does not read, in a package. */
CV_MUST_CHECK cv_status cv_package_verify(struct cv_bytes package, const char *fingerprint, const char *aud,
                                          const char *nonce, int64_t now, struct cv_json **claims,
                                          bool *training, struct cv_err *err);

#endif
