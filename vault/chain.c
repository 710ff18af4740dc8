#include "vault/chain.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/alloc.h"
#include "formats/checkpoint.h"
#include "formats/envelope.h"
#include "formats/erasure.h"
#include "formats/note.h"
#include "formats/piece.h"
#include "formats/seals.h"
#include "formats/words.h"

void cv_chain_free(struct cv_chain *c)
{
    cv_policy_free(c->policy);
    cv_policy_free(c->brought);
    free(c->staged);
    cv_buf_free(&c->policy_note);
    free(c->keepers);
    cv_missing_free(&c->missing);
    memset(c, 0, sizeof(*c));
}

void cv_chain_drop(struct cv_chain *c)
{
    c->staged_count = 0;
    c->staged_slots = 0;
    c->keeper_count = 0;
    cv_buf_truncate(&c->policy_note, 0);
    cv_missing_drop(&c->missing);
    cv_policy_free(c->brought);
    c->brought = NULL;
}

static cv_status stage(struct cv_chain *c, const struct cv_staged *entry)
{
    if (c->staged_count == CV_COMMIT_LEAVES_MAX)
        return CV_ERR_LIMIT;
    if (c->staged_count == c->staged_room) {
        const size_t room = c->staged_room == 0 ? 64 : 2 * c->staged_room;
        struct cv_staged *more = realloc(c->staged, room * sizeof(*more));
        if (more == NULL)
            return CV_ERR_NOMEM;
        c->staged = more;
        c->staged_room = room;
    }
    c->staged[c->staged_count++] = *entry;
    return CV_OK;
}

/* current(p, data): a batch-keys entry for that policy, each key sealed to the section's present epoch. */
static bool current(const struct cv_policy *p, struct cv_bytes data)
{
    struct cv_batch *batch =
        cv_alloc_needed(calloc(1, sizeof(*batch))); /* its want is no fault of the entry */
    bool good = batch != NULL && cv_batch_parse(data, batch, NULL) == CV_OK && batch->policy == p->number;
    for (size_t i = 0; good && i < batch->count; i++) {
        const struct cv_policy_section *section = cv_policy_section(p, batch->keys[i].section);
        good = section != NULL && section->epoch == batch->keys[i].epoch;
    }
    if (batch != NULL)
        cv_batch_free(batch);
    free(batch);
    return good;
}

/* epoch_of(p, kind, name): what a policy says; 0 for what it does not have. */
static uint32_t epoch_of(const struct cv_policy *p, const char *kind, const char *name)
{
    const struct cv_policy_role *role = strcmp(kind, "role") == 0 ? cv_policy_role(p, name) : NULL;
    const struct cv_policy_section *section =
        strcmp(kind, "section") == 0 ? cv_policy_section(p, name) : NULL;
    if (role != NULL || section != NULL)
        return role != NULL ? role->epoch : section->epoch;
    return strcmp(kind, "log") == 0 ? p->log.epoch : strcmp(kind, "export") == 0 ? p->export.epoch : 0;
}

/* asks_for(c, keepers): the commit must be by somebody of these roles. */
static bool asks_for(struct cv_chain *c, cv_roles keepers)
{
    for (size_t i = 0; i < c->keeper_count; i++)
        if (c->keepers[i] == keepers)
            return true;
    if (c->keeper_count == c->keeper_room) {
        const size_t room = c->keeper_room == 0 ? 64 : 2 * c->keeper_room;
        cv_roles *more = realloc(c->keepers, room * sizeof(*more));
        if (more == NULL)
            return false;
        c->keepers = more;
        c->keeper_room = room;
    }
    c->keepers[c->keeper_count++] = keepers;
    return true;
}

/* within(c, p, data): seals for that policy, and for no epoch that it does not have. */
static bool within(struct cv_chain *c, const struct cv_policy *p, struct cv_bytes data)
{
    struct cv_seals seals = { 0 };
    bool good = cv_seals_parse(data, &seals, NULL) == CV_OK && seals.policy == p->number;
    for (size_t i = 0; good && i < seals.count; i++) {
        const struct cv_seal *s = &seals.seals[i];
        good = s->to_epoch <= epoch_of(p, s->to_kind, s->to) &&
               s->of_epoch <= epoch_of(p, s->of_kind, s->of) &&
               asks_for(c, cv_policy_keepers(p, s->of_kind, s->of));
    }
    cv_seals_free(&seals);
    return good;
}

/* judge_brought(c, err): the policy of the commit under way, by the one in force; once. */
static cv_status judge_brought(struct cv_chain *c, struct cv_err *err)
{
    return c->brought != NULL ? CV_OK
                              : cv_policy_parse(cv_buf_view(&c->policy_note), c->policy, &c->brought, err);
}

/* timely(c, data): seals for the policy in force, or for that of the commit under way. A seal for keys that
 * are yet to be made would pass, when they are, for one that was made with them: then nobody would be given
 * the true one. */
static bool timely(struct cv_chain *c, struct cv_bytes data)
{
    if (c->policy_note.n == 0)
        return within(c, c->policy, data);
    return judge_brought(c, NULL) == CV_OK && within(c, c->brought, data);
}

/* erasable(kind, data): what an erasure may name: it has a release key of its own. */
static bool erasable(enum cv_kind kind, struct cv_bytes data)
{
    return kind == CV_KIND_RECORD || (kind == CV_KIND_PIECE && cv_load_u32(data.p + CV_PIECE_NUMBER_AT) == 0);
}

/* envelope_fault(c, index, kind, data): its keys are those of the policy in force, and the release key of a
 * record, or of a document's first piece, is one that no entry before it had: two under one key would be
 * erased together. */
static const char *envelope_fault(struct cv_chain *c, uint64_t index, enum cv_kind kind, struct cv_bytes data)
{
    if (data.n < CV_PIECE_NUMBER_AT + 4)
        return N_("cut short");
    const uint64_t batch = cv_load_u64(data.p + CV_ENVELOPE_BATCH_AT);
    const uint64_t slot = cv_load_u64(data.p + CV_ENVELOPE_SLOT_AT);
    if (batch <= c->since)
        return N_("sealed under keys of an older policy");
    if (batch >= index)
        return N_("sealed under keys that stand after it");
    if (kind == CV_KIND_PIECE && slot == CV_NO_SLOT)
        return N_("a piece of a document under no release key");
    if (erasable(kind, data) && (slot < c->slots || slot < c->staged_slots || slot == CV_NO_SLOT))
        return N_("under the release key of an older entry, or under none");
    if (slot != CV_NO_SLOT && slot >= c->staged_slots)
        c->staged_slots = slot < UINT64_MAX ? slot + 1 : slot;
    return NULL;
}

/* fault_in(c, index, kind, data): what the policy in force does not allow, though the bytes are those
 * committed. Keys of an older policy are known to people who have been removed since. */
static const char *fault_in(struct cv_chain *c, uint64_t index, enum cv_kind kind, struct cv_bytes data)
{
    unsigned signers = 0;
    if (c->policy == NULL)
        return NULL;
    if (kind == CV_KIND_BATCH && !current(c->policy, data))
        return N_("made under a policy that is not in force");
    if (kind == CV_KIND_RECORD || kind == CV_KIND_EVENT || kind == CV_KIND_NOTICE || kind == CV_KIND_PIECE)
        return envelope_fault(c, index, kind, data);
    if (kind == CV_KIND_SEALS && !timely(c, data))
        return N_("seals that are not of the policy in force");
    if (kind == CV_KIND_LOSS && cv_missing_say(&c->missing, index, data) != CV_OK)
        return N_("does not tell what is lost");
    if (kind == CV_KIND_ERASE && cv_erasure_judge(data, c->policy, &signers, NULL) != CV_OK)
        return N_("an erasure that too few have signed");
    return NULL;
}

cv_status cv_chain_entry(struct cv_chain *c, uint64_t index, enum cv_kind kind, const uint8_t hash[static 32],
                         struct cv_bytes data, struct cv_err *err)
{
    struct cv_staged entry = { .index = index, .kind = kind, .good = true };
    if (index != c->next + c->staged_count)
        return cv_fail(err, CV_ERR_LOG, "entry %" PRIu64 " stands where entry %" PRIu64 " belongs", index,
                       c->next + c->staged_count);
    memcpy(entry.hash, hash, sizeof(entry.hash));
    if (kind == CV_KIND_LOST) {
        entry.lost = true;
        entry.good = false;
        return cv_err_note(err, stage(c, &entry), "commit");
    }
    entry.fault = fault_in(c, index, kind, data);
    if (kind == CV_KIND_POLICY) {
        if (c->policy_note.n > 0)
            return cv_fail(err, CV_ERR_LOG, "entry %" PRIu64 ": a second policy in one commit", index);
        cv_status st = cv_buf_append(&c->policy_note, data);
        if (st != CV_OK)
            return cv_fail(err, st, "entry %" PRIu64 ": cannot keep the policy", index);
        c->policy_index = index;
    }
    return cv_err_note(err, stage(c, &entry), "commit");
}

cv_status cv_chain_lost(struct cv_chain *c, uint64_t index, enum cv_kind kind)
{
    return stage(c, &(struct cv_staged){ .index = index, .kind = kind });
}

struct damage {
    cv_damage_fn fn;
    void *arg;
    struct cv_err *err;
};

static cv_status report(const struct damage *d, uint64_t index, enum cv_kind kind, const char *what)
{
    if (d->fn != NULL)
        return d->fn(d->arg, index, kind, what);
    return cv_fail(d->err, CV_ERR_LOG, "entry %" PRIu64 " (%s): %s", index, _(cv_kind_name(kind)), _(what));
}

/* compare(c, commit, i, d): does the i-th leaf of the commit tell of what was met? */
static cv_status compare(struct cv_chain *c, const struct cv_commit *commit, size_t i, const struct damage *d)
{
    const struct cv_leaf *leaf = &commit->leaves[i];
    const uint64_t index = commit->first + i;
    if (c->started && i == 0 && index + 1 == c->next) {
        /* The checkpoint before was verified on its own; here the log says whether its bytes are those
         * committed. */
        return leaf->kind == CV_KIND_CHECKPOINT && !leaf->bound && memcmp(leaf->hash, c->last.hash, 32) == 0
                   ? CV_OK
                   : report(d, index, CV_KIND_CHECKPOINT, "not the bytes that were committed");
    }
    if (leaf->kind == CV_KIND_LOST || (leaf->kind == CV_KIND_CHECKPOINT && i > 0) ||
        leaf->bound != (leaf->kind == CV_KIND_RECORD))
        return cv_fail(d->err, CV_ERR_LOG, "entry %" PRIu64 ": its leaf is of a kind that cannot stand there",
                       index);
    const struct cv_staged *s = &c->staged[index - c->next]; /* check_shape saw that it is there */
    if (s->good && s->kind == leaf->kind && memcmp(s->hash, leaf->hash, 32) == 0)
        return s->fault == NULL ? CV_OK : report(d, index, leaf->kind, s->fault);
    if (s->lost && leaf->kind != CV_KIND_POLICY)
        return cv_missing_add(&c->missing, index, leaf->kind, leaf->hash, false);
    return report(d, index, leaf->kind, "damaged: not the bytes that were committed");
}

/* check_entries(c, commit, d): the leaves are those that were signed: now they tell which entry is at fault
 * (a list that is itself damaged must not put the blame on an entry).
 * Entries before them, of a commit whose checkpoint is damaged, have none: of these those that are gone are
 * told. */
static cv_status check_entries(struct cv_chain *c, const struct cv_commit *commit, const struct damage *d)
{
    static const uint8_t unknown[32];
    cv_status st = CV_OK;
    const bool known = commit->first > c->next && c->staged[commit->first - c->next].lost;
    if (known && c->policy_note.n > 0 && c->policy_index < commit->first)
        st = report(d, c->policy_index, CV_KIND_POLICY, "the checkpoint of its commit is gone");
    for (uint64_t index = c->next; st == CV_OK && index < commit->first; index++) {
        const struct cv_staged *s = &c->staged[index - c->next];
        if (s->lost)
            st = cv_missing_add(&c->missing, index, CV_KIND_LOST, unknown, false);
        else if (!s->good)
            st = report(d, index, s->kind, "damaged or gone");
        else if (known)
            st = cv_missing_add(&c->missing, index, s->kind, s->hash, true);
    }
    for (size_t i = 0; i < commit->count && st == CV_OK; i++)
        st = compare(c, commit, i, d);
    return st;
}

/* grow(commit, edge): the tree with its leaves. */
static cv_status grow(const struct cv_commit *commit, struct cv_merkle_edge *edge)
{
    cv_status st = CV_OK;
    for (size_t i = 0; i < commit->count && st == CV_OK; i++) {
        struct cv_hash leaf;
        st = CV_THEN(st, cv_leaf_hash(commit->vault, commit->first + i, &commit->leaves[i], &leaf));
        st = CV_THEN(st, cv_merkle_append(edge, &leaf));
    }
    return st;
}

/* check_shape(c, commit, index): first leaf, edge, count and slots follow from the checkpoint before. */
static cv_status check_shape(const struct cv_chain *c, const struct cv_commit *commit, uint64_t index,
                             const struct cv_policy *judge, const struct damage *d)
{
    if (strcmp(commit->vault, judge->vault) != 0)
        return cv_fail(d->err, CV_ERR_LOG, "entry %" PRIu64 " (checkpoint): made for another vault", index);
    if (commit->first + commit->count != index || index != c->next + c->staged_count)
        return cv_fail(d->err, CV_ERR_LOG,
                       "entry %" PRIu64 " (checkpoint): does not close the entries before it", index);
    if (commit->slots < c->slots)
        return cv_fail(d->err, CV_ERR_LOG,
                       "entry %" PRIu64 " (checkpoint): its count of release keys goes back", index);
    if (commit->slots < c->staged_slots ||
        (commit->first == c->edge.size && commit->slots - c->slots > commit->count))
        return cv_fail(d->err, CV_ERR_LOG,
                       "entry %" PRIu64 " (checkpoint): its commit does not take the release keys it names",
                       index);
    if (commit->first == c->edge.size && cv_merkle_edge_equal(&commit->edge, &c->edge))
        return CV_OK;
    /* Where the checkpoint before is damaged, the edge it would have left stands here, bound by the signed
     * root. */
    const bool behind = commit->first > c->edge.size && commit->first >= c->next;
    if (!behind || (d->fn == NULL && !c->staged[commit->first - c->next].lost))
        return cv_fail(d->err, CV_ERR_LOG,
                       "entry %" PRIu64 " (checkpoint): does not follow the one before it", index);
    return CV_OK;
}

/* check_keepers(c, judge, roles, index, d): whoever seals a secret keeps it, or is a custodian who brings the
 * policy that it is new in. A seal by anyone else could only be rubbish, and would pass for the true one. */
static cv_status check_keepers(const struct cv_chain *c, const struct cv_policy *judge, cv_roles roles,
                               uint64_t index, const struct damage *d)
{
    const bool brings =
        c->policy_note.n > 0 && (roles & cv_policy_keepers(judge, "role", CV_ROLE_CUSTODIAN)) != 0;
    for (size_t i = 0; !brings && i < c->keeper_count; i++)
        if ((c->keepers[i] & roles) == 0)
            return report(d, index, CV_KIND_CHECKPOINT, "seals a key that whoever signed it does not hold");
    return CV_OK;
}

/* at_checkpoint(index, st, why, err): what its text lacks, with its place. */
static cv_status at_checkpoint(uint64_t index, cv_status st, const struct cv_err *why, struct cv_err *err)
{
    return cv_fail(err, st, "entry %" PRIu64 " (checkpoint): %s", index,
                   why->status != CV_OK ? why->msg : cv_status_text(st));
}

/* check_note(note, judge, index, root, roles): the head, signed by the log key and by a member of these
 * roles. */
static cv_status check_note(struct cv_bytes bytes, const struct cv_policy *judge, uint64_t index,
                            const struct cv_hash *root, cv_roles *roles, struct cv_err *err)
{
    struct cv_note note = { 0 };
    struct cv_checkpoint head = { 0 };
    char name[CV_MEMBER_KEYNAME_BYTES];
    bool member = false;
    struct cv_err why = { 0 };
    *roles = 0;
    cv_status st = cv_note_parse(bytes, &note, &why);
    st = CV_THEN(st, cv_checkpoint_parse(note.text, &head, &why));
    if (st != CV_OK) {
        st = at_checkpoint(index, st, &why, err);
        goto out;
    }
    cv_policy_origin(judge, name);
    if (strcmp(head.origin, name) != 0 || head.size != index ||
        memcmp(head.root.b, root->b, sizeof(root->b)) != 0)
        st = cv_fail(err, CV_ERR_LOG,
                     "entry %" PRIu64 " (checkpoint): its head is not that of the entries before it", index);
    else if (cv_note_verify(&note, name, judge->log.key) != CV_OK)
        st = cv_fail(err, CV_ERR_LOG, "entry %" PRIu64 " (checkpoint): not signed by the vault's log key",
                     index);
    for (size_t i = 0; i < judge->member_count && st == CV_OK && !member; i++) {
        cv_policy_member_keyname(judge, judge->members[i].key.pseudonym, name);
        member = cv_note_verify(&note, name, judge->members[i].key.sign) == CV_OK;
        *roles = member ? judge->members[i].roles : 0;
    }
    cv_policy_recovery_keyname(judge, name);
    if (st == CV_OK && !member && cv_note_verify(&note, name, judge->recovery.key) == CV_OK)
        *roles = ~(cv_roles)0; /* shares open everything */
    else if (st == CV_OK && !member)
        st = cv_fail(err, CV_ERR_LOG,
                     "entry %" PRIu64 " (checkpoint): not signed by anyone who was a member then", index);
out:
    cv_note_free(&note);
    return st;
}

/* adopt(c, policy, index): what the commit changes for the next one. */
static void adopt(struct cv_chain *c, struct cv_policy *policy, uint64_t index)
{
    memset(&c->adopted, 0, sizeof(c->adopted));
    if (policy == NULL)
        return;
    c->adopted = (struct cv_adopted){ .number = policy->number,
                                      .index = c->policy_index,
                                      .since = c->policy == NULL ? 0 : index };
    memcpy(c->adopted.hash, policy->hash, sizeof(policy->hash));
    cv_policy_free(c->policy);
    c->policy = policy;
    c->since = c->adopted.since;
}

/* read_policy(c, out, d): the policy of the commit under way, which is the caller's from now on. */
static cv_status read_policy(struct cv_chain *c, struct cv_policy **out, const struct damage *d)
{
    struct cv_err bad = { 0 };
    char what[CV_ERR_BYTES];
    cv_status st = judge_brought(c, &bad);
    *out = c->brought;
    c->brought = NULL;
    if (st == CV_OK || st == CV_ERR_NOMEM)
        return st;
    snprintf(what, sizeof(what), "%s", bad.msg);
    st = report(d, c->policy_index, CV_KIND_POLICY, what);
    if (st == CV_OK && c->policy == NULL)
        st = cv_fail(d->err, CV_ERR_LOG, "entry %" PRIu64 " (policy): without it nothing else can be judged",
                     c->policy_index);
    return st;
}

void cv_chain_advance(struct cv_chain *c, uint64_t index, const uint8_t hash[static 32],
                      const struct cv_merkle_edge *edge, const struct cv_hash *root, uint64_t slots)
{
    c->edge = *edge;
    c->root = *root;
    c->slots = slots;
    c->last = (struct cv_leaf){ .kind = CV_KIND_CHECKPOINT };
    memcpy(c->last.hash, hash, sizeof(c->last.hash));
    c->started = true;
    c->next = index + 1;
    cv_chain_drop(c);
}

cv_status cv_chain_checkpoint(struct cv_chain *c, uint64_t index, const uint8_t hash[static 32],
                              struct cv_bytes data, cv_damage_fn damage, void *arg, struct cv_err *err)
{
    struct cv_err bad = { 0 }, why = { 0 };
    const struct damage d = { damage, arg, &bad };
    struct cv_commit commit = { 0 };
    struct cv_policy *policy = NULL;
    struct cv_merkle_edge edge;
    struct cv_hash root;
    cv_roles roles = 0;
    cv_status st = CV_OK;
    if (c->policy_note.n > 0)
        st = read_policy(c, &policy, &d);
    else if (c->policy == NULL)
        st = cv_fail(&bad, CV_ERR_LOG, "entry %" PRIu64 ": the first commit holds no policy", index);
    const struct cv_policy *judge = c->policy != NULL ? c->policy : policy;
    if (st == CV_OK && (st = cv_commit_parse(data, &commit, &why)) != CV_OK)
        st = at_checkpoint(index, st, &why, &bad);
    st = CV_THEN(st, check_shape(c, &commit, index, judge, &d));
    edge = commit.edge;
    st = CV_THEN(st, grow(&commit, &edge));
    st = CV_THEN(st, cv_merkle_root(&edge, &root));
    st = CV_THEN(st, check_note(commit.note, judge, index, &root, &roles, &bad));
    st = CV_THEN(st, check_entries(c, &commit, &d));
    st = CV_THEN(st, check_keepers(c, judge, roles, index, &d));
    if (st == CV_OK) {
        c->prior_size = commit.first != c->edge.size ? commit.first : 0;
        if (c->prior_size > 0)
            st = cv_merkle_root(&commit.edge, &c->prior_root);
        cv_missing_settle(&c->missing);
        adopt(c, policy, index);
        policy = NULL;
        cv_chain_advance(c, index, hash, &edge, &root, commit.slots);
    } else if (st == CV_ERR_FORMAT || st == CV_ERR_AUTH)
        st = CV_ERR_LOG; /* whatever does not read or verify inside the log is the log's fault */
    cv_policy_free(policy);
    cv_commit_free(&commit);
    if (st != CV_OK && bad.status != CV_OK)
        return cv_fail(err, st, "%s", bad.msg);
    return st == CV_OK ? CV_OK : at_checkpoint(index, st, &bad, err);
}
