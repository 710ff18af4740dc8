#ifndef CV_VAULT_CHAIN_H
#define CV_VAULT_CHAIN_H

#include "formats/leaf.h"
#include "formats/policy.h"
#include "vault/missing.h"

/* The state of a log that is verified entry by entry, with no key in hand: the tree's right edge, the policy
 * in force, the last checkpoint. Opening a vault, `audit verify` and `check` all go through here. */

/* An entry met since the last checkpoint. */
struct cv_staged {
    uint64_t index;
    enum cv_kind kind;
    uint8_t hash[32];
    bool lost;         /* the place of one that is gone */
    bool good;         /* it could be read; false leaves the hash to the checkpoint */
    const char *fault; /* what the policy in force does not allow in it; NULL: nothing */
};

/* A policy that came into force. */
struct cv_adopted {
    uint64_t number, index, since; /* the entry; in force for entries after ${since} */
    uint8_t hash[32];
};

struct cv_chain {
    uint64_t next;              /* index of the next entry */
    bool started;               /* a checkpoint has been passed */
    struct cv_leaf last;        /* the last checkpoint's own leaf, which the next commit covers */
    struct cv_merkle_edge edge; /* all leaves before the last checkpoint */
    struct cv_hash root;        /* of that tree */
    uint64_t slots;             /* release key slots taken */
    uint64_t since;             /* the policy is in force for entries after this one */
    struct cv_policy *policy;   /* in force; NULL before the first commit */
    /* the commit under way */
    struct cv_staged *staged;
    size_t staged_count, staged_room;
    uint64_t staged_slots;     /* how many release keys must have been taken, for those its entries name */
    struct cv_buf policy_note; /* at most one policy in a commit */
    struct cv_policy *brought; /* that one, once it was judged; else NULL */
    uint64_t policy_index;
    cv_roles *keepers; /* of each secret that is sealed in it: the roles of those who have it */
    size_t keeper_count, keeper_room;
    struct cv_missing missing; /* what is not there, and no later entry says so */
    uint64_t prior_size; /* the head of a checkpoint that is gone, as the one after it has it; 0: none */
    struct cv_hash prior_root;
    struct cv_adopted adopted; /* by the last commit; number 0 if none */
};

/* Told of every entry that is not what the log says; returning CV_OK goes on, anything else stops with that.
 */
typedef cv_status (*cv_damage_fn)(void *arg, uint64_t index, enum cv_kind kind, const char *what);

void cv_chain_free(struct cv_chain *c);

/** cv_chain_entry(c, index, kind, hash, data, err): the next entry of the archive, not a checkpoint. */
CV_MUST_CHECK cv_status cv_chain_entry(struct cv_chain *c, uint64_t index, enum cv_kind kind,
                                       const uint8_t hash[static 32], struct cv_bytes data,
                                       struct cv_err *err);

/** cv_chain_lost(c, index, kind): an entry that cannot be read. */
CV_MUST_CHECK cv_status cv_chain_lost(struct cv_chain *c, uint64_t index, enum cv_kind kind);

/**
 * cv_chain_checkpoint(c, index, hash, data, damage, arg, err): the entry that closes a commit: its leaves are
 * those met, its tree follows from the one before, log key and a member signed it, its policy (if any) was
 * signed by a quorum, and whoever seals secrets keeps them. CV_OK; CV_ERR_LOG; or what ${damage} returned
 * (NULL: the first damage stops with CV_ERR_LOG).
 */
CV_MUST_CHECK cv_status cv_chain_checkpoint(struct cv_chain *c, uint64_t index, const uint8_t hash[static 32],
                                            struct cv_bytes data, cv_damage_fn damage, void *arg,
                                            struct cv_err *err);

/** cv_chain_drop(c): forget the entries met since the last checkpoint: they were never committed. */
void cv_chain_drop(struct cv_chain *c);

/** cv_chain_advance(c, index, hash, edge, root, slots): pass the checkpoint of a commit that this process
 * made itself, and that holds no policy. */
void cv_chain_advance(struct cv_chain *c, uint64_t index, const uint8_t hash[static 32],
                      const struct cv_merkle_edge *edge, const struct cv_hash *root, uint64_t slots);

#endif
