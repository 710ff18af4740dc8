#ifndef CV_VAULT_HANDOVER_H
#define CV_VAULT_HANDOVER_H

#include "vault/keyring.h"

/**
 * Custodians sign, holders seal: a policy says who may open what; here the secrets follow. Which seals a
 * policy asks for, in this order:
 *
 *   role (present epoch)     to each member who holds it
 *   role, section epoch n    to the same one's epoch n + 1
 *   section (present epoch)  to each role that reads it
 *   log, export key          to each role that holds it
 *
 * Whoever can open a secret that is not sealed yet to somebody who should have it seals it, at their next
 * command.
 */

struct cv_fresh_secret {
    char kind[8];
    char name[CV_NAME_BYTES];
    uint32_t epoch;
    struct cv_secret secret;
};
/* Secrets just made, until they are sealed. */
struct cv_fresh {
    struct cv_fresh_secret *s;
    size_t count, room;
};
void cv_fresh_free(struct cv_fresh *f);
/** cv_fresh_key(f, object, public): a key pair for a role or section. CV_OK; CV_ERR_NOMEM; CV_ERR_INTERNAL.
 */
CV_MUST_CHECK cv_status cv_fresh_key(struct cv_fresh *f, const struct cv_object *o, struct cv_key *public);
/** cv_fresh_signer(f, object, public): an Ed25519 key for the log or for exports. */
CV_MUST_CHECK cv_status cv_fresh_signer(struct cv_fresh *f, const struct cv_object *o,
                                        uint8_t public[static 32]);
/** cv_fresh_find(f, object): its secret; the empty view if it is not one of them. */
struct cv_bytes cv_fresh_find(const struct cv_fresh *f, const struct cv_object *o);

/**
 * cv_handover_seals(k, policy, fresh, out, made, waiting, err): append a seals document with every seal that
 * ${policy} asks for and the log lacks, as far as its secret is among ${fresh} or opens to the keyring. ${k}
 * and ${fresh} may be NULL. ${made}: how many; with none, nothing is appended. ${waiting} (NULL allowed): how
 * many more there are that this member cannot make. CV_OK; CV_ERR_NOMEM; CV_ERR_LIMIT; CV_ERR_IO; CV_ERR_LOG.
 */
CV_MUST_CHECK cv_status cv_handover_seals(struct cv_keyring *k, const struct cv_policy *policy,
                                          const struct cv_fresh *fresh, struct cv_buf *out, size_t *made,
                                          size_t *waiting, struct cv_err *err);

/** cv_handover_log(k, id, next, seals, err): do the seals that come with the policy ${next} give this member
 * the key under which the log goes on? If nobody had it, nothing could ever be written again. CV_OK, also
 * where the key stays, or the member goes; CV_ERR_DENIED; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_handover_log(struct cv_keyring *k, const struct cv_identity *id,
                                        const struct cv_policy *next, struct cv_bytes seals,
                                        struct cv_err *err);

#endif
