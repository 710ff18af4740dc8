#ifndef CV_VAULT_KEYRING_H
#define CV_VAULT_KEYRING_H

#include "formats/seals.h"
#include "vault/custody.h"

/**
 * The secrets a member can open: from the identity the roles' secrets, from those the sections', the log key,
 * the export key. Each is opened when first asked for and kept on the secure heap until the keyring is freed.
 * Every opened secret is checked against the public key in the policy: a seal that somebody swapped is
 * refused.
 */
struct cv_keyring;

/** cv_keyring_new(custody, identity, out, err): borrows both. */
CV_MUST_CHECK cv_status cv_keyring_new(struct cv_custody *c, const struct cv_identity *id,
                                       struct cv_keyring **out, struct cv_err *err);
void cv_keyring_free(struct cv_keyring *k);

/** cv_keyring_role(k, role, secret, err), _section: a view of the HPKE secret key of the present epoch.
 * CV_OK; CV_ERR_NOKEY; CV_ERR_LOG if a seal holds something else than the policy says. */
CV_MUST_CHECK cv_status cv_keyring_role(struct cv_keyring *k, const char *role, struct cv_bytes *secret,
                                        struct cv_err *err);
CV_MUST_CHECK cv_status cv_keyring_section(struct cv_keyring *k, const char *section, struct cv_bytes *secret,
                                           struct cv_err *err);
/** cv_keyring_log(k, key, err), _export: ready to sign; owned by the keyring. CV_OK; CV_ERR_NOKEY;
 * CV_ERR_LOG. */
CV_MUST_CHECK cv_status cv_keyring_log(struct cv_keyring *k, struct cv_ed25519_key **key, struct cv_err *err);
CV_MUST_CHECK cv_status cv_keyring_export(struct cv_keyring *k, struct cv_ed25519_key **key,
                                          struct cv_err *err);

/** cv_keyring_batch(k, batch, section, key, err): a view of the batch key B for ${section}, from the
 * batch-keys entry
 * ${batch}. CV_OK; CV_ERR_NOKEY; CV_ERR_AUTH; CV_ERR_LOG. */
CV_MUST_CHECK cv_status cv_keyring_batch(struct cv_keyring *k, uint64_t batch, const char *section,
                                         struct cv_bytes *key, struct cv_err *err);

/** cv_keyring_sealed_to(k, kind, id, object, name): is there a seal in the log for this recipient and object?
 */
bool cv_keyring_sealed_to(struct cv_keyring *k, const char *kind, const char *id, const char *object,
                          const char *name, uint32_t epoch);

/** cv_seal_secret(policy, seal, public, secret, out): make one: fill ${seal->sealed}'s bytes into ${out}. */
CV_MUST_CHECK cv_status cv_seal_secret(const struct cv_policy *policy, const struct cv_seal *seal,
                                       const struct cv_key *public, struct cv_bytes secret,
                                       struct cv_buf *out);

#endif
