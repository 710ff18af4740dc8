#ifndef CV_VAULT_KEYRING_H
#define CV_VAULT_KEYRING_H

#include "formats/seals.h"
#include "vault/custody.h"

/**
 * The secrets a member can open. From the identity those of the roles, from a role's those of sections and
 * the log and export keys; and from the secret of one epoch of a role or section that of the epoch before it.
 * Each is opened when first asked for and kept on the secure heap until the keyring is freed. Every opened
 * secret is checked against the public key that a policy names for it: a seal that somebody swapped opens
 * nothing.
 */
struct cv_keyring;

/** A secret of the vault: `role` or `section` and its name, `log` or `export` (whose name is the same word).
 */
struct cv_object {
    const char *kind, *name;
    uint32_t epoch;
};

/** cv_keyring_new(custody, identity, out, err): borrows both. */
CV_MUST_CHECK cv_status cv_keyring_new(struct cv_custody *c, const struct cv_identity *id,
                                       struct cv_keyring **out, struct cv_err *err);
void cv_keyring_free(struct cv_keyring *k);
/** cv_keyring_whose(k): the pseudonym of that identity. */
const char *cv_keyring_whose(const struct cv_keyring *k);

/** cv_keyring_put(k, object, secret): a secret that came another way, such as from recovery shares; it is
 * taken over. CV_OK; CV_ERR_LOG if it is not the one the policy names; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_keyring_put(struct cv_keyring *k, const struct cv_object *object,
                                       struct cv_secret *secret, struct cv_err *err);

/** cv_keyring_secret(k, object, secret, err): a view of it. CV_OK; CV_ERR_NOKEY; CV_ERR_LOG if a seal holds
 * something else than the policy says. */
CV_MUST_CHECK cv_status cv_keyring_secret(struct cv_keyring *k, const struct cv_object *object,
                                          struct cv_bytes *secret, struct cv_err *err);
/** cv_keyring_role, _section(k, name, secret, err): of the present epoch. */
CV_MUST_CHECK cv_status cv_keyring_role(struct cv_keyring *k, const char *role, struct cv_bytes *secret,
                                        struct cv_err *err);
CV_MUST_CHECK cv_status cv_keyring_section(struct cv_keyring *k, const char *section, struct cv_bytes *secret,
                                           struct cv_err *err);
/** cv_keyring_log(k, key, err): ready to sign; owned by the keyring, good until the next call. CV_OK;
 * CV_ERR_NOKEY; CV_ERR_LOG. */
CV_MUST_CHECK cv_status cv_keyring_log(struct cv_keyring *k, struct cv_ed25519_key **key, struct cv_err *err);
/** cv_keyring_export(k, public, key, err): the export key that is ${public}, of whatever epoch; a record's
 * `cnf` names it. As cv_keyring_log. */
CV_MUST_CHECK cv_status cv_keyring_export(struct cv_keyring *k, const uint8_t public[static 32],
                                          struct cv_ed25519_key **key, struct cv_err *err);

/** cv_keyring_batch(k, batch, section, key, err): a view of the batch key B for ${section}, from the
 * batch-keys entry ${batch}. CV_OK; CV_ERR_NOKEY; CV_ERR_AUTH; CV_ERR_LOG. */
CV_MUST_CHECK cv_status cv_keyring_batch(struct cv_keyring *k, uint64_t batch, const char *section,
                                         struct cv_bytes *key, struct cv_err *err);

/** cv_keyring_grant_key(k, seal, key, err): open the key of a grant to me or to a role of mine; free ${key}.
 */
CV_MUST_CHECK cv_status cv_keyring_grant_key(struct cv_keyring *k, const struct cv_seal *seal,
                                             struct cv_secret *key, struct cv_err *err);

/** cv_keyring_sealed(k, to_kind, to, to_epoch, object): is there such a seal in the log? */
bool cv_keyring_sealed(struct cv_keyring *k, const char *to_kind, const char *to, uint32_t to_epoch,
                       const struct cv_object *object);

/** cv_keyring_public(k, object, out, err): the public key of a role or section, of whatever epoch, from the
 * policies. CV_OK; CV_ERR_NOTFOUND. */
CV_MUST_CHECK cv_status cv_keyring_public(struct cv_keyring *k, const struct cv_object *object,
                                          struct cv_key *out, struct cv_err *err);

/* ---- between commands: keyring_keep.c ---- */

/* An opened secret, by what it is. */
struct cv_held {
    char kind[8];
    char name[CV_NAME_BYTES];
    uint32_t epoch;
    uint16_t suite; /* of a role or section */
    struct cv_secret secret;
};
/** cv_keyring_held(k, i): the i-th secret opened so far, NULL past the end. */
const struct cv_held *cv_keyring_held(const struct cv_keyring *k, size_t i);
/** cv_keyring_hold(k, object, suite, secret): keep one that was judged before, and take it over. CV_OK;
 * CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_keyring_hold(struct cv_keyring *k, const struct cv_object *o, uint16_t suite,
                                        struct cv_secret *secret);

/**
 * What was opened once is kept for the next command, in the catalog, sealed under a key that only this
 * identity can make and that mixes in slot 0, as the head index is: opening one message costs less than
 * opening twenty seals. It counts only under the same policy and with as many seals entries, and it tells no
 * more than those seals do to whoever has the identity. The caller keeps a ring only when it had nothing to
 * hand on.
 *
 * cv_keyring_recall(k, custody, identity): take it in. CV_OK; CV_ERR_NOTFOUND, CV_ERR_AUTH or CV_ERR_FORMAT
 * where there is none that fits. cv_keyring_keep(k, custody, identity): keep it; a failure costs the next
 * command its time.
 */
CV_MUST_CHECK cv_status cv_keyring_recall(struct cv_keyring *k, struct cv_custody *c,
                                          const struct cv_identity *id);
void cv_keyring_keep(struct cv_keyring *k, struct cv_custody *c, const struct cv_identity *id);

/** cv_seal_secret(policy, seal, public, secret, out): make one: append ${seal->sealed}'s bytes to ${out}. */
CV_MUST_CHECK cv_status cv_seal_secret(const struct cv_policy *policy, const struct cv_seal *seal,
                                       const struct cv_key *public, struct cv_bytes secret,
                                       struct cv_buf *out);

#endif
