#ifndef CV_VAULT_RECOVERY_H
#define CV_VAULT_RECOVERY_H

#include "formats/share.h"
#include "vault/change.h"

/**
 * Recovery: a role held by nobody, to which the secrets of every section, of the log and of exports are
 * sealed. Its own secret is split among people (Shamir) and kept nowhere else. With enough shares a new
 * custodian is admitted when all other keys are lost; the policy that does so is signed by a key that follows
 * from the recovered secret:
 *
 *   Ed25519 seed = HKDF-Expand(SHA-256, recovery secret, "casevault/1/recovery sign", 32)
 */

/** cv_recovery_signer(secret, out): its signing key. cv_recovery_public(secret, public): the public half of
 * it. */
CV_MUST_CHECK cv_status cv_recovery_signer(struct cv_bytes secret, struct cv_ed25519_key **out);
CV_MUST_CHECK cv_status cv_recovery_public(struct cv_bytes secret, uint8_t public[static 32]);

/** cv_recovery_split(v, threshold, count, shares, out, err): a new recovery secret, as ${count} shares, which
 * are put together once before they are given out; the policy that names it comes into force, or waits, like
 * any other. Where there were shares before, every section gets a new key: theirs open the old ones. What
 * others hold is sealed to it at their next commands. Free each share. CV_OK; CV_ERR_ARG; CV_ERR_DENIED
 * unless a custodian acts. */
CV_MUST_CHECK cv_status cv_recovery_split(struct cv_vault *v, unsigned threshold, unsigned count,
                                          struct cv_share *shares, struct cv_outcome *out,
                                          struct cv_err *err);

/** cv_recovery_join(policy, shares, count, secret, err): the secret, after judging every share by what the
 * policy says. CV_OK; CV_ERR_ARG for too few; CV_ERR_AUTH naming a share that is of another vault, of an
 * earlier split, repeated or altered. Free ${secret}. */
CV_MUST_CHECK cv_status cv_recovery_join(const struct cv_policy *p, const struct cv_share *shares,
                                         unsigned count, struct cv_secret *secret, struct cv_err *err);

/** cv_recovery_admit(v, err): in a vault opened with the recovered secret: admit the identity it was opened
 * for, with every role, under new keys for everything; one custodian's signature is enough from then on, and
 * the recovery secret is used up. */
CV_MUST_CHECK cv_status cv_recovery_admit(struct cv_vault *v, struct cv_err *err);

/** cv_recovery_each(v, fn, arg, err): every policy that shares brought into force, oldest first: its number
 * and its entry. Nobody who used them can leave that out, as they could an event. CV_OK; CV_ERR_IO;
 * CV_ERR_LOG. */
typedef void (*cv_recovered_fn)(void *arg, uint64_t policy, uint64_t entry);
CV_MUST_CHECK cv_status cv_recovery_each(struct cv_vault *v, cv_recovered_fn fn, void *arg,
                                         struct cv_err *err);

/** cv_recovery_lacking(v): how many sections are not sealed to the recovery role yet; none before it is
 * split. */
size_t cv_recovery_lacking(struct cv_vault *v);

#endif
