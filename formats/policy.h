#ifndef CV_FORMATS_POLICY_H
#define CV_FORMATS_POLICY_H

#include "crypto/shamir.h"
#include "formats/cosignature.h"
#include "formats/identity.h"
#include "formats/json.h"

/**
 * The policy: one public signed document, a new version for every change. It is a C2SP signed note whose text
 * is
 *
 *   casevault policy v1
 *   <vault id in hex, or - in the first one>
 *   <compact JSON>
 *
 * The vault id is the SHA-256 of the first policy's text. A policy is signed by a quorum of the custodians of
 * the one before, under key names `casevault/<vault id>/member/<pseudonym>`, or by its recovery key, under
 * `casevault/<vault id>/recovery`; the first is signed by its own custodian.
 */
#define CV_VAULT_ID_BYTES 32
#define CV_VAULT_HEX_BYTES (2 * CV_VAULT_ID_BYTES + 1)
#define CV_NAME_BYTES 33 /* role, section and type names: 1 to 32 of a-z, 0-9, _ and a NUL */
#define CV_POLICY_ROLES_MAX 64
#define CV_POLICY_SECTIONS_MAX 64
#define CV_POLICY_MEMBERS_MAX 2000
#define CV_ROLE_CUSTODIAN "custodian" /* signs policies */
#define CV_ROLE_RECOVERY "recovery"   /* held by nobody: its secret exists as shares only */
#define CV_POLICY_MAX_BYTES ((size_t)4 << 20)
#define CV_MEMBER_KEYNAME_BYTES 160

/** cv_vault_fingerprint(vault, out): the first 80 bits of a vault id in hex, in groups, to compare by
 * telephone. */
void cv_vault_fingerprint(const char *vault, char out[static CV_FINGERPRINT_BYTES]);

/* A set of roles: bit i is the policy's i-th role. */
typedef uint64_t cv_roles;

struct cv_policy_role {
    char name[CV_NAME_BYTES];
    uint32_t epoch;
    struct cv_key key;
};

struct cv_policy_member {
    struct cv_member_key key;
    cv_roles roles;
};

struct cv_policy_section {
    char name[CV_NAME_BYTES];
    uint32_t epoch;
    struct cv_key key;
    cv_roles readers, create, edit;
};

/* The recovery role's signing key, and how its secret was split; threshold 0: not yet. */
#define CV_SHARE_DIGEST_BYTES 16
struct cv_policy_recovery {
    uint8_t key[CV_ED25519_PUBLIC_BYTES];
    unsigned shares, threshold;
    uint8_t digests[CV_SHAMIR_SHARES_MAX][CV_SHARE_DIGEST_BYTES]; /* of each share */
};

/* Witnesses whose cosignatures of the log's checkpoints count, and how many a checkpoint should have; 0:
 * none. */
#define CV_POLICY_WITNESSES_MAX 16
struct cv_policy_witnesses {
    unsigned quorum, count;
    struct cv_note_key keys[CV_POLICY_WITNESSES_MAX];
};

/* An Ed25519 key shared by roles: the log key, the export key. */
struct cv_policy_signer {
    uint32_t epoch;
    uint8_t key[CV_ED25519_PUBLIC_BYTES];
    cv_roles holders;
};

struct cv_policy {
    uint64_t number; /* from 1 */
    char vault[CV_VAULT_HEX_BYTES];
    uint8_t vault_id[CV_VAULT_ID_BYTES];
    uint8_t previous[32]; /* SHA-256 of the text before; zeros in the first */
    uint8_t hash[32];     /* SHA-256 of this text */
    bool training;
    bool reason_required;
    uint16_t suite;          /* the least suite accepted */
    unsigned quorum;         /* custodians who must sign the next policy */
    unsigned erase_quorum;   /* members who must sign an erasure, */
    cv_roles erasers;        /* each with one of these roles */
    unsigned package_quorum; /* others who may export and must approve a package; perhaps none */
    struct cv_policy_witnesses witnesses;
    uint8_t template_hash[32];
    struct cv_policy_signer log, export;
    struct cv_policy_recovery recovery;
    struct cv_policy_role *roles;
    size_t role_count;
    struct cv_policy_section *sections;
    size_t section_count;
    struct cv_policy_member *members;
    size_t member_count;
};

/** cv_policy_new(out): an empty policy with room for the maximum of roles, sections and members. */
CV_MUST_CHECK cv_status cv_policy_new(struct cv_policy **out);
void cv_policy_free(struct cv_policy *p);
/** cv_policy_copy(p, out): CV_OK; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_policy_copy(const struct cv_policy *p, struct cv_policy **out);

/** cv_policy_role, _section, _member(p, name): by name or pseudonym, NULL if there is none. */
const struct cv_policy_role *cv_policy_role(const struct cv_policy *p, const char *name);
const struct cv_policy_section *cv_policy_section(const struct cv_policy *p, const char *name);
/** cv_policy_keepers(p, kind, name): the roles that open the secret of a `role`, a `section`, the `log` or
 * the `export` key; none for what the policy does not have. */
cv_roles cv_policy_keepers(const struct cv_policy *p, const char *kind, const char *name);
struct cv_policy_member *cv_policy_member(const struct cv_policy *p, const char *pseudonym);
/** cv_policy_role_bit(p, name): the role's bit, 0 if there is none. */
cv_roles cv_policy_role_bit(const struct cv_policy *p, const char *name);
/** cv_policy_role_names(p, set): an array of the names; NULL if there is no memory. */
struct cv_json *cv_policy_role_names(const struct cv_policy *p, cv_roles set);
/** cv_policy_member_keyname(p, pseudonym, out): the key name in signed notes. */
void cv_policy_member_keyname(const struct cv_policy *p, const char *pseudonym,
                              char out[static CV_MEMBER_KEYNAME_BYTES]);
/** cv_policy_recovery_keyname(p, out): the recovery key's. */
void cv_policy_recovery_keyname(const struct cv_policy *p, char out[static CV_MEMBER_KEYNAME_BYTES]);
/** cv_policy_origin(p, out): the log's origin line and the log key's name: `casevault/<vault id>`. */
void cv_policy_origin(const struct cv_policy *p, char out[static 128]);

/** cv_policy_add_witness(w, key, err): one more. CV_OK; CV_ERR_EXISTS if its name or its key is there: nobody
 * counts twice; CV_ERR_LIMIT. */
CV_MUST_CHECK cv_status cv_policy_add_witness(struct cv_policy_witnesses *w, const struct cv_note_key *key,
                                              struct cv_err *err);
/** cv_policy_witnesses_equal(a, b): the same quorum of the same, in the same order. */
bool cv_policy_witnesses_equal(const struct cv_policy_witnesses *a, const struct cv_policy_witnesses *b);

/** cv_policy_add_member(p, key, roles, err): CV_OK; CV_ERR_EXISTS; CV_ERR_LIMIT; CV_ERR_DENIED for a training
 * identity in a real vault or the reverse. */
CV_MUST_CHECK cv_status cv_policy_add_member(struct cv_policy *p, const struct cv_member_key *key,
                                             cv_roles roles, struct cv_err *err);

/** cv_policy_remove_member(p, pseudonym): CV_OK; CV_ERR_NOTFOUND. */
CV_MUST_CHECK cv_status cv_policy_remove_member(struct cv_policy *p, const char *pseudonym);

/** cv_policy_holders(p, roles): how many members hold one of these roles. */
unsigned cv_policy_holders(const struct cv_policy *p, cv_roles roles);

/** cv_policy_signatures(p, note, roles, err, count): how many members with one of ${roles} have signed
 * ${note}, each counted once. CV_OK; CV_ERR_AUTH if a signature in the name of one of them does not verify.
 */
CV_MUST_CHECK cv_status cv_policy_signatures(const struct cv_policy *p, const struct cv_note *note,
                                             cv_roles roles, unsigned *count, struct cv_err *err);

/**
 * cv_policy_text(p, out): append the text, and set p->hash (and, in the first, p->vault_id and p->vault).
 * CV_OK; CV_ERR_LIMIT; CV_ERR_NOMEM.
 */
CV_MUST_CHECK cv_status cv_policy_text(struct cv_policy *p, struct cv_buf *out);

/**
 * cv_policy_parse(note, before, out, err): read a policy and judge it by the one ${before} it (NULL: it is
 * the first): canonical text, number and hash follow, the suite does not go down, no role or section is lost,
 * an epoch stays with its key or goes up by one with a new one, a quorum of custodians (or the recovery key)
 * has signed. CV_OK; CV_ERR_FORMAT; CV_ERR_AUTH for a signature that fails or too few of them; CV_ERR_LOG if
 * it does not follow.
 */
CV_MUST_CHECK cv_status cv_policy_parse(struct cv_bytes note, const struct cv_policy *before,
                                        struct cv_policy **out, struct cv_err *err);

/** cv_policy_genesis(note, out, err): only which vault a first policy founds: an otherwise empty policy with
 * its id, the hash of its text. Nothing else is judged: it is for those who know the vault by that id. */
CV_MUST_CHECK cv_status cv_policy_genesis(struct cv_bytes note, struct cv_policy **out, struct cv_err *err);

/** cv_policy_draft(text, before, out, err): the same of a text that still waits for signatures. */
CV_MUST_CHECK cv_status cv_policy_draft(struct cv_bytes text, const struct cv_policy *before,
                                        struct cv_policy **out, struct cv_err *err);

/** cv_policy_load(note, vault_id, hash, out, err): read again a policy that was judged before and whose text
 * has this
 * ${hash}. CV_OK; CV_ERR_AUTH if it has not; CV_ERR_FORMAT. */
CV_MUST_CHECK cv_status cv_policy_load(struct cv_bytes note, const uint8_t vault_id[static CV_VAULT_ID_BYTES],
                                       const uint8_t hash[static 32], struct cv_policy **out,
                                       struct cv_err *err);

#endif
