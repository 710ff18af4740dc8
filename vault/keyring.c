#include "vault/keyring.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hpke.h"

#define BATCHES_KEPT 64
#define BATCH_KEYS_KEPT 256

/* An opened secret, by what it is. */
struct held {
    char kind[8]; /* role, section */
    char name[CV_NAME_BYTES];
    uint32_t epoch;
    struct cv_secret secret;
};

/* An opened batch key. A vault grows a batch with every writing session: only so many are kept open. */
struct batch_key {
    uint64_t index; /* of the batch entry */
    char section[CV_NAME_BYTES];
    struct cv_secret secret;
};

struct cv_keyring {
    struct cv_custody *custody;
    const struct cv_identity *id;
    struct cv_seals *entries; /* every seals entry of the log */
    size_t entry_count;
    uint64_t seals_from; /* entries before this index are loaded */
    struct held *held;
    size_t held_count, held_room;
    struct cv_ed25519_key *log, *export;
    struct cv_batch batches[BATCHES_KEPT]; /* parsed, by index modulo; which one, in batch_index */
    uint64_t batch_index[BATCHES_KEPT];
    bool batch_used[BATCHES_KEPT];
    struct batch_key keys[BATCH_KEYS_KEPT]; /* each at the place key_at gives it */
};

cv_status cv_seal_secret(const struct cv_policy *policy, const struct cv_seal *seal,
                         const struct cv_key *public, struct cv_bytes secret, struct cv_buf *out)
{
    struct cv_buf info = { 0 };
    cv_status st = cv_seal_info(public->suite, policy->vault_id, seal, &info);
    st = CV_THEN(st, cv_hpke_seal(public->suite, cv_key_view(public), cv_buf_view(&info), secret, out));
    cv_buf_free(&info);
    return st;
}

/* load_seals(k): the seals entries that were not there last time. */
static cv_status load_seals(struct cv_keyring *k, struct cv_err *err)
{
    uint64_t index = 0;
    cv_status st;
    while ((st = cv_catalog_next(cv_custody_catalog(k->custody), CV_KIND_SEALS, k->seals_from, &index,
                                 err)) == CV_OK) {
        struct cv_buf data = { 0 };
        struct cv_seals *more = realloc(k->entries, (k->entry_count + 1) * sizeof(*more));
        if (more == NULL)
            return cv_fail(err, CV_ERR_NOMEM, "keyring: out of memory");
        k->entries = more;
        st = cv_custody_read(k->custody, index, CV_KIND_SEALS, &data, err);
        st = CV_THEN(st, cv_seals_parse(cv_buf_view(&data), &k->entries[k->entry_count], err));
        cv_buf_free(&data);
        if (st != CV_OK)
            return st;
        k->entry_count++;
        k->seals_from = index + 1;
    }
    return st == CV_ERR_NOTFOUND ? CV_OK : st;
}

cv_status cv_keyring_new(struct cv_custody *c, const struct cv_identity *id, struct cv_keyring **out,
                         struct cv_err *err)
{
    struct cv_keyring *k = calloc(1, sizeof(*k));
    *out = NULL;
    if (k == NULL)
        return cv_fail(err, CV_ERR_NOMEM, "keyring: out of memory");
    k->custody = c;
    k->id = id;
    *out = k;
    return CV_OK;
}

void cv_keyring_free(struct cv_keyring *k)
{
    if (k == NULL)
        return;
    for (size_t i = 0; i < k->held_count; i++)
        cv_secret_free(&k->held[i].secret);
    for (size_t i = 0; i < k->entry_count; i++)
        cv_seals_free(&k->entries[i]);
    for (size_t i = 0; i < BATCHES_KEPT; i++)
        cv_batch_free(&k->batches[i]);
    for (size_t i = 0; i < BATCH_KEYS_KEPT; i++)
        cv_secret_free(&k->keys[i].secret);
    cv_ed25519_key_free(k->log);
    cv_ed25519_key_free(k->export);
    free(k->held);
    free(k->entries);
    free(k);
}

static const struct cv_policy *policy_of(const struct cv_keyring *k)
{
    return k->custody->chain.policy;
}

static struct cv_secret *find_held(struct cv_keyring *k, const char *kind, const char *name, uint32_t epoch)
{
    for (size_t i = 0; i < k->held_count; i++)
        if (k->held[i].epoch == epoch && strcmp(k->held[i].kind, kind) == 0 &&
            strcmp(k->held[i].name, name) == 0)
            return &k->held[i].secret;
    return NULL;
}

/* hold(k, ..., secret): keep it, and take it over. */
static cv_status hold(struct cv_keyring *k, const char *kind, const char *name, uint32_t epoch,
                      struct cv_secret *secret)
{
    if (k->held_count == k->held_room) {
        const size_t room = k->held_room == 0 ? 32 : 2 * k->held_room;
        struct held *more = realloc(k->held, room * sizeof(*more));
        if (more == NULL)
            return CV_ERR_NOMEM;
        k->held = more;
        k->held_room = room;
    }
    struct held *h = &k->held[k->held_count++];
    memset(h, 0, sizeof(*h));
    snprintf(h->kind, sizeof(h->kind), "%s", kind);
    snprintf(h->name, sizeof(h->name), "%s", name);
    h->epoch = epoch;
    h->secret = *secret;
    *secret = (struct cv_secret){ 0 };
    return CV_OK;
}

static bool matches(const struct cv_seal *s, const char *kind, const char *id, const char *object,
                    const char *name, uint32_t epoch)
{
    return s->of_epoch == epoch && strcmp(s->to, id) == 0 && strcmp(s->of, name) == 0 &&
           strcmp(s->to_kind, kind) == 0 && strcmp(s->of_kind, object) == 0;
}

/* find_seal(k, ...): the newest seal of this object for this recipient. */
static const struct cv_seal *find_seal(struct cv_keyring *k, const char *kind, const char *id,
                                       const char *object, const char *name, uint32_t epoch)
{
    for (size_t i = k->entry_count; i > 0; i--)
        for (size_t j = k->entries[i - 1].count; j > 0; j--)
            if (matches(&k->entries[i - 1].seals[j - 1], kind, id, object, name, epoch))
                return &k->entries[i - 1].seals[j - 1];
    return NULL;
}

bool cv_keyring_sealed_to(struct cv_keyring *k, const char *kind, const char *id, const char *object,
                          const char *name, uint32_t epoch)
{
    return load_seals(k, NULL) == CV_OK && find_seal(k, kind, id, object, name, epoch) != NULL;
}

/* open_seal(k, seal, suite, secret key, out): HPKE open. */
static cv_status open_seal(struct cv_keyring *k, const struct cv_seal *seal, uint16_t suite,
                           struct cv_bytes key, struct cv_secret *out, struct cv_err *err)
{
    struct cv_buf info = { 0 };
    cv_status st = cv_seal_info(suite, policy_of(k)->vault_id, seal, &info);
    st = CV_THEN(st, cv_hpke_open(suite, key, cv_buf_view(&info), seal->sealed, out));
    cv_buf_free(&info);
    if (st == CV_ERR_AUTH || st == CV_ERR_FORMAT)
        st = cv_fail(err, CV_ERR_LOG, "the seal of %s %s for %s %s does not open: damaged or swapped",
                     seal->of_kind, seal->of, seal->to_kind, seal->to);
    return st;
}

/* check_public(secret, want): the secret belongs to the public key in the policy. */
static cv_status check_public(const struct cv_secret *secret, const struct cv_key *want, const char *what,
                              struct cv_err *err)
{
    struct cv_buf public = { 0 };
    cv_status st = cv_hpke_public(want->suite, cv_secret_view(secret), &public);
    if (st != CV_OK || !cv_bytes_equal(cv_buf_view(&public), cv_key_view(want)))
        st = cv_fail(err, CV_ERR_LOG, "the sealed secret of %s is not the one the policy names", what);
    cv_buf_free(&public);
    return st;
}

cv_status cv_keyring_role(struct cv_keyring *k, const char *name, struct cv_bytes *secret, struct cv_err *err)
{
    const struct cv_policy *p = policy_of(k);
    const struct cv_policy_role *role = cv_policy_role(p, name);
    const struct cv_policy_member *me = cv_policy_member(p, k->id->public.pseudonym);
    struct cv_secret opened = { 0 };
    *secret = (struct cv_bytes){ 0 };
    if (role == NULL || me == NULL || (me->roles & cv_policy_role_bit(p, name)) == 0)
        return cv_fail(err, CV_ERR_NOKEY, "you do not hold the role %s", name);
    struct cv_secret *held = find_held(k, "role", name, role->epoch);
    cv_status st = held != NULL ? CV_OK : load_seals(k, err);
    if (held == NULL && st == CV_OK) {
        const struct cv_seal *seal =
            find_seal(k, "member", k->id->public.pseudonym, "role", name, role->epoch);
        if (seal == NULL)
            return cv_fail(err, CV_ERR_NOKEY,
                           "the key of role %s has not been sealed to you yet: it will be when a "
                           "colleague who holds it next uses casevault",
                           name);
        st = open_seal(k, seal, me->key.seal.suite, cv_secret_view(&k->id->seal), &opened, err);
        st = CV_THEN(st, check_public(&opened, &role->key, name, err));
        st = CV_THEN(st, hold(k, "role", name, role->epoch, &opened));
        held = find_held(k, "role", name, role->epoch);
    }
    cv_secret_free(&opened);
    if (st == CV_OK)
        *secret = cv_secret_view(held);
    return st;
}

/* through_roles(k, object, name, epoch, holders, out): open an object's secret by any role of mine it is
 * sealed to. */
static cv_status through_roles(struct cv_keyring *k, const char *object, const char *name, uint32_t epoch,
                               cv_roles holders, struct cv_secret *out, struct cv_err *err)
{
    const struct cv_policy *p = policy_of(k);
    const struct cv_policy_member *me = cv_policy_member(p, k->id->public.pseudonym);
    struct cv_err role_err = { 0 };
    cv_status st = load_seals(k, err);
    if (st != CV_OK)
        return st;
    for (size_t i = 0; me != NULL && i < p->role_count; i++) {
        struct cv_bytes role_secret;
        if ((me->roles & holders & ((cv_roles)1 << i)) == 0)
            continue;
        const struct cv_seal *seal = find_seal(k, "role", p->roles[i].name, object, name, epoch);
        if (seal == NULL || cv_keyring_role(k, p->roles[i].name, &role_secret, &role_err) != CV_OK)
            continue;
        return open_seal(k, seal, p->roles[i].key.suite, role_secret, out, err);
    }
    if (role_err.status != CV_OK)
        return cv_fail(err, role_err.status, "%s", role_err.msg);
    return cv_fail(err, CV_ERR_NOKEY, "none of your roles opens %s %s", object, name);
}

cv_status cv_keyring_section(struct cv_keyring *k, const char *name, struct cv_bytes *secret,
                             struct cv_err *err)
{
    const struct cv_policy_section *section = cv_policy_section(policy_of(k), name);
    struct cv_secret opened = { 0 };
    *secret = (struct cv_bytes){ 0 };
    if (section == NULL)
        return cv_fail(err, CV_ERR_NOTFOUND, "there is no section %s", name);
    struct cv_secret *held = find_held(k, "section", name, section->epoch);
    cv_status st = CV_OK;
    if (held == NULL) {
        st = through_roles(k, "section", name, section->epoch, section->readers, &opened, err);
        st = CV_THEN(st, check_public(&opened, &section->key, name, err));
        st = CV_THEN(st, hold(k, "section", name, section->epoch, &opened));
        held = find_held(k, "section", name, section->epoch);
    }
    cv_secret_free(&opened);
    if (st == CV_OK)
        *secret = cv_secret_view(held);
    return st;
}

/* signer(k, object, want, key): the log or export key. */
static cv_status signer(struct cv_keyring *k, const char *object, const struct cv_policy_signer *want,
                        struct cv_ed25519_key **kept, struct cv_ed25519_key **key, struct cv_err *err)
{
    struct cv_secret seed = { 0 };
    cv_status st = CV_OK;
    *key = NULL;
    if (*kept != NULL && memcmp(cv_ed25519_public(*kept), want->key, sizeof(want->key)) != 0) {
        cv_ed25519_key_free(*kept);
        *kept = NULL;
    }
    if (*kept == NULL) {
        st = through_roles(k, object, object, want->epoch, want->holders, &seed, err);
        st = CV_THEN(st, cv_ed25519_key_new(cv_secret_view(&seed), kept));
        if (st == CV_OK && memcmp(cv_ed25519_public(*kept), want->key, sizeof(want->key)) != 0) {
            cv_ed25519_key_free(*kept);
            *kept = NULL;
            st = cv_fail(err, CV_ERR_LOG, "the sealed %s key is not the one the policy names", object);
        }
    }
    cv_secret_free(&seed);
    if (st == CV_OK)
        *key = *kept;
    return cv_err_note(err, st, object);
}

cv_status cv_keyring_log(struct cv_keyring *k, struct cv_ed25519_key **key, struct cv_err *err)
{
    return signer(k, "log", &policy_of(k)->log, &k->log, key, err);
}

cv_status cv_keyring_export(struct cv_keyring *k, struct cv_ed25519_key **key, struct cv_err *err)
{
    return signer(k, "export", &policy_of(k)->export, &k->export, key, err);
}

/* load_batch(k, index, out): the parsed batch-keys entry, from the cache or the archive. */
static cv_status load_batch(struct cv_keyring *k, uint64_t index, const struct cv_batch **out,
                            struct cv_err *err)
{
    const size_t at = (size_t)(index % BATCHES_KEPT);
    struct cv_buf data = { 0 };
    cv_status st = CV_OK;
    if (!k->batch_used[at] || k->batch_index[at] != index) {
        cv_batch_free(&k->batches[at]);
        k->batch_used[at] = false;
        st = cv_custody_read(k->custody, index, CV_KIND_BATCH, &data, err);
        st = CV_THEN(st, cv_batch_parse(cv_buf_view(&data), &k->batches[at], err));
        k->batch_used[at] = st == CV_OK;
        k->batch_index[at] = index;
    }
    cv_buf_free(&data);
    *out = &k->batches[at];
    return st;
}

/* key_at(k, index, section): where that batch key is kept, if it is. */
static struct batch_key *key_at(struct cv_keyring *k, uint64_t index, const char *section)
{
    uint64_t h = index;
    for (const char *c = section; *c != '\0'; c++)
        h = h * 31 + (uint8_t)*c;
    return &k->keys[h % BATCH_KEYS_KEPT];
}

cv_status cv_keyring_batch(struct cv_keyring *k, uint64_t index, const char *section, struct cv_bytes *key,
                           struct cv_err *err)
{
    const struct cv_batch *batch = NULL;
    struct cv_bytes secret;
    struct cv_secret opened = { 0 };
    struct cv_seal seal;
    struct batch_key *at = key_at(k, index, section);
    *key = (struct cv_bytes){ 0 };
    if (at->secret.n > 0 && at->index == index && strcmp(at->section, section) == 0) {
        *key = cv_secret_view(&at->secret);
        return CV_OK;
    }
    cv_status st = cv_keyring_section(k, section, &secret, err);
    st = CV_THEN(st, load_batch(k, index, &batch, err));
    if (st != CV_OK)
        return st;
    for (size_t i = 0; i < batch->count; i++) {
        if (strcmp(batch->keys[i].section, section) != 0)
            continue;
        cv_batch_seal(batch, &batch->keys[i], &seal);
        st = open_seal(k, &seal, cv_policy_section(policy_of(k), section)->key.suite, secret, &opened, err);
        if (st != CV_OK)
            return st;
        cv_secret_free(&at->secret);
        *at = (struct batch_key){ .index = index, .secret = opened };
        snprintf(at->section, sizeof(at->section), "%s", section);
        *key = cv_secret_view(&at->secret);
        return CV_OK;
    }
    return cv_fail(err, CV_ERR_LOG, "entry %" PRIu64 " (batch): holds no key for section %s", index, section);
}
