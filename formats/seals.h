#ifndef CV_FORMATS_SEALS_H
#define CV_FORMATS_SEALS_H

#include "formats/policy.h"

/* One secret sealed by HPKE for one recipient. Ids are names or pseudonyms; a member has epoch 0. */
struct cv_seal {
    char to_kind[8]; /* member, role, section */
    char to[CV_NAME_BYTES];
    uint32_t to_epoch;
    char of_kind[8]; /* role, section, log, export, batch, grant */
    char of[CV_NAME_BYTES];
    uint32_t of_epoch;
    struct cv_bytes sealed; /* enc || ciphertext */
};

/**
 * cv_seal_info(suite, vault_id, seal, out): the HPKE info that binds a sealed secret to its place:
 * "casevault/1/hpke" || L(suite, vault id, purpose, recipient kind, recipient id, epoch, object kind, object
 * id, epoch), numbers as decimal text, the purpose being `secret`.
 */
CV_MUST_CHECK cv_status cv_seal_info(uint16_t suite, const uint8_t vault_id[static CV_VAULT_ID_BYTES],
                                     const struct cv_seal *seal, struct cv_buf *out);

/**
 * The data of a seals entry, compact JSON:
 * {"casevault":"seals
 * v1","policy":1,"seals":[{"to":"role","id":"legal","epoch":1,"of":"section","name":"identity",
 *  "of_epoch":1,"sealed":"BASE64URL"},...]}
 */
struct cv_seals {
    uint64_t policy;
    struct cv_seal *seals;
    size_t count;
    struct cv_buf bytes; /* what the views point into, after parsing */
};
CV_MUST_CHECK cv_status cv_seals_write(const struct cv_seals *s, struct cv_buf *out);
CV_MUST_CHECK cv_status cv_seals_parse(struct cv_bytes data, struct cv_seals *out, struct cv_err *err);
void cv_seals_free(struct cv_seals *s);

/**
 * The data of a batch-keys entry: one writing session's key B for each section it wrote to, sealed to that
 * section:
 * {"casevault":"batch keys v1","policy":1,"id":"BASE64URL of 16 random
 * bytes","keys":[{"section":"identity","epoch":1, "sealed":"BASE64URL"},...]}
 */
#define CV_BATCH_ID_BYTES 16
struct cv_batch_key {
    char section[CV_NAME_BYTES];
    uint32_t epoch;
    struct cv_bytes sealed;
};
struct cv_batch {
    uint64_t policy;
    uint8_t id[CV_BATCH_ID_BYTES];
    struct cv_batch_key keys[CV_POLICY_SECTIONS_MAX];
    size_t count;
    struct cv_buf bytes;
};
CV_MUST_CHECK cv_status cv_batch_write(const struct cv_batch *b, struct cv_buf *out);
CV_MUST_CHECK cv_status cv_batch_parse(struct cv_bytes data, struct cv_batch *out, struct cv_err *err);
void cv_batch_free(struct cv_batch *b);
/** cv_batch_seal(b, key, out): the key as a seal (to its section, of this batch), for cv_seal_info. */
void cv_batch_seal(const struct cv_batch *b, const struct cv_batch_key *key, struct cv_seal *out);

#endif
