#ifndef CV_VAULT_GRANT_H
#define CV_VAULT_GRANT_H

#include "formats/grant.h"
#include "vault/record.h"

/**
 * A grant opens one section of named versions of a record to a role or member who may not read it otherwise:
 * it hands over the section's keys S (vault/schedule.h) of these versions, and those of their heads; never a
 * batch key and never a release key, so each reading is still an event. A version written later needs a grant
 * of its own. `until` is a rule that is kept where release keys are handed out; it is no cryptography: who
 * copied the keys in time has them.
 */
struct cv_granting {
    const char *record;
    uint64_t version; /* 0: every version there is now */
    const char *section;
    const char *to;    /* a role's name, or a member's pseudonym */
    const char *until; /* YYYY-MM-DD, or NULL */
    const char *reason;
};

/** cv_grant_give(v, g, err): CV_OK; CV_ERR_NOTFOUND for an unknown record or recipient; CV_ERR_NOKEY if this
 * member cannot read the section, after the refusal is logged; CV_ERR_ARG for a date that is none, or past.
 */
CV_MUST_CHECK cv_status cv_grant_give(struct cv_vault *v, const struct cv_granting *g, struct cv_err *err);

/* A key in ordinary memory, since there may be more of them than locked memory holds: masked, under one key
 * that lies on the secure heap. */
struct cv_masked {
    bool there;
    uint64_t number; /* no other key's */
    uint8_t bytes[32];
};
/* A part that was granted to this member or a role of theirs, by record. */
struct cv_granted {
    uint64_t entry, version;
    char id[CV_ID_TEXT_BYTES];
    char type[CV_NAME_BYTES], section[CV_NAME_BYTES];
    struct cv_masked head, key; /* S of `head`, and of the section */
    bool over;                  /* its date has passed */
};
struct cv_grants {
    struct cv_granted *g;
    size_t count;
    uint64_t next; /* entries before this one were looked at */
    struct cv_secret mask;
    uint64_t masked; /* keys, so far */
};
void cv_grants_free(struct cv_grants *g);

/** cv_grants_load(v, err): take in those not seen yet (kept in ${v}). CV_OK; CV_ERR_NOMEM; CV_ERR_IO;
 * CV_ERR_LOG. */
CV_MUST_CHECK cv_status cv_grants_load(struct cv_vault *v, struct cv_err *err);
/** cv_part_unseal(v, entry, env, part, release, plain, err): open one part of a record entry, by a role of
 * this member or by what was granted to it, with Rs in ${release}. CV_OK; CV_ERR_AUTH and CV_ERR_FORMAT as
 * cv_part_open; CV_ERR_NOKEY; CV_ERR_LOG; as cv_keyring_batch. */
CV_MUST_CHECK cv_status cv_part_unseal(struct cv_vault *v, uint64_t entry, const struct cv_envelope *env,
                                       const struct cv_part *part, struct cv_bytes release,
                                       struct cv_buf *plain, struct cv_err *err);
/** cv_granted(v, entry, section): what was granted of it, NULL if nothing; one that is over comes last. With
 * an empty section, any. After cv_grants_load. */
const struct cv_granted *cv_granted(const struct cv_vault *v, uint64_t entry, const char *section);

/** cv_granted_section(v, section): was it granted of any record, by a grant that is not over? */
bool cv_granted_section(const struct cv_vault *v, const char *section);

#endif
