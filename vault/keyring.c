#include "vault/keyring.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hpke.h"

#define BATCHES_KEPT 64
#define BATCH_KEYS_KEPT 256

/* An opened batch key. A vault grows a batch with every writing session: only so many are kept open. */
struct batch_key {
    uint64_t index; /* of the batch entry */
    char section[CV_NAME_BYTES];
    struct cv_secret secret;
};

/* A seal of the log, found by what it is; the newest first. */
struct node {
    const struct cv_seal *seal;
    size_t next; /* in its bucket, plus one; 0 ends it */
};

struct cv_keyring {
    struct cv_custody *custody;
    const struct cv_identity *id;
    struct cv_seals *entries; /* every seals entry of the log */
    size_t entry_count;
    uint64_t seals_from; /* entries before this index are loaded, */
    uint64_t seals_seen; /* which are so many */
    struct node *nodes;
    size_t node_count, node_room;
    size_t *buckets; /* as many as node_room */
    struct cv_held *held;
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

const char *cv_keyring_whose(const struct cv_keyring *k)
{
    return k->id->public.pseudonym;
}

/* ---- the seals of the log ---- */

static size_t mix(size_t h, const char *word)
{
    for (; *word != '\0'; word++)
        h = (h ^ (uint8_t)*word) * 16777619u;
    return (h ^ 0xff) * 16777619u;
}

static size_t hash_of(const char *to_kind, const char *to, uint32_t to_epoch, const struct cv_object *o)
{
    const size_t h = mix(mix(mix(mix(2166136261u, to_kind), to), o->kind), o->name);
    return ((h ^ to_epoch) * 16777619u ^ o->epoch) * 16777619u;
}

static struct cv_object object_of(const struct cv_seal *s)
{
    return (struct cv_object){ s->of_kind, s->of, s->of_epoch };
}

static void hang(struct cv_keyring *k, size_t i)
{
    const struct cv_seal *s = k->nodes[i].seal;
    const struct cv_object o = object_of(s);
    size_t *bucket = &k->buckets[hash_of(s->to_kind, s->to, s->to_epoch, &o) & (k->node_room - 1)];
    k->nodes[i].next = *bucket;
    *bucket = i + 1;
}

/* room_for(k, more): nodes and buckets; the buckets are filled anew, oldest first. */
static cv_status room_for(struct cv_keyring *k, size_t more)
{
    size_t room = k->node_room == 0 ? 256 : k->node_room;
    while (room < k->node_count + more)
        room *= 2;
    if (room == k->node_room)
        return CV_OK;
    struct node *nodes = realloc(k->nodes, room * sizeof(*nodes));
    if (nodes == NULL)
        return CV_ERR_NOMEM;
    k->nodes = nodes;
    size_t *buckets = calloc(room, sizeof(*buckets));
    if (buckets == NULL)
        return CV_ERR_NOMEM;
    free(k->buckets);
    k->buckets = buckets;
    k->node_room = room;
    for (size_t i = 0; i < k->node_count; i++)
        hang(k, i);
    return CV_OK;
}

static cv_status index_seals(struct cv_keyring *k, const struct cv_seals *s)
{
    cv_status st = room_for(k, s->count);
    for (size_t i = 0; i < s->count && st == CV_OK; i++) {
        k->nodes[k->node_count].seal = &s->seals[i];
        hang(k, k->node_count++);
    }
    return st;
}

/* load_seals(k): the seals entries that were not there last time. */
static cv_status load_seals(struct cv_keyring *k, struct cv_err *err)
{
    uint64_t index = 0;
    cv_status st;
    if (k->seals_seen == k->custody->counts[CV_KIND_SEALS])
        return CV_OK;
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
        st = index_seals(k, &k->entries[k->entry_count++]);
        if (st != CV_OK)
            return cv_fail(err, st, "keyring: out of memory");
        k->seals_from = index + 1;
        k->seals_seen++;
    }
    return st == CV_ERR_NOTFOUND ? CV_OK : st;
}

static bool matches(const struct cv_seal *s, const char *to_kind, const char *to, uint32_t to_epoch,
                    const struct cv_object *o)
{
    return s->to_epoch == to_epoch && s->of_epoch == o->epoch && strcmp(s->to, to) == 0 &&
           strcmp(s->of, o->name) == 0 && strcmp(s->to_kind, to_kind) == 0 &&
           strcmp(s->of_kind, o->kind) == 0;
}

/* next_seal(k, at, ...): the newest seal of this object for this recipient; ${at}, 0 at first, goes on to
 * older ones. */
static const struct cv_seal *next_seal(struct cv_keyring *k, size_t *at, const char *to_kind, const char *to,
                                       uint32_t to_epoch, const struct cv_object *o)
{
    if (k->node_count == 0)
        return NULL;
    size_t i = *at != 0 ? k->nodes[*at - 1].next
                        : k->buckets[hash_of(to_kind, to, to_epoch, o) & (k->node_room - 1)];
    for (; i != 0; i = k->nodes[i - 1].next)
        if (matches(k->nodes[i - 1].seal, to_kind, to, to_epoch, o)) {
            *at = i;
            return k->nodes[i - 1].seal;
        }
    return NULL;
}

bool cv_keyring_sealed(struct cv_keyring *k, const char *to_kind, const char *to, uint32_t to_epoch,
                       const struct cv_object *o)
{
    size_t at = 0;
    return load_seals(k, NULL) == CV_OK && next_seal(k, &at, to_kind, to, to_epoch, o) != NULL;
}

/* ---- the ring itself ---- */

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
    free(k->nodes);
    free(k->buckets);
    free(k);
}

static const struct cv_policy *policy_of(const struct cv_keyring *k)
{
    return k->custody->chain.policy;
}

static const struct cv_held *find_held(struct cv_keyring *k, const struct cv_object *o)
{
    for (size_t i = 0; i < k->held_count; i++)
        if (k->held[i].epoch == o->epoch && strcmp(k->held[i].kind, o->kind) == 0 &&
            strcmp(k->held[i].name, o->name) == 0)
            return &k->held[i];
    return NULL;
}

const struct cv_held *cv_keyring_held(const struct cv_keyring *k, size_t i)
{
    return i < k->held_count ? &k->held[i] : NULL;
}

cv_status cv_keyring_hold(struct cv_keyring *k, const struct cv_object *o, uint16_t suite,
                          struct cv_secret *secret)
{
    if (k->held_count == k->held_room) {
        const size_t room = k->held_room == 0 ? 32 : 2 * k->held_room;
        struct cv_held *more = realloc(k->held, room * sizeof(*more));
        if (more == NULL)
            return CV_ERR_NOMEM;
        k->held = more;
        k->held_room = room;
    }
    struct cv_held *h = &k->held[k->held_count++];
    memset(h, 0, sizeof(*h));
    snprintf(h->kind, sizeof(h->kind), "%s", o->kind);
    snprintf(h->name, sizeof(h->name), "%s", o->name);
    h->epoch = o->epoch;
    h->suite = suite;
    h->secret = *secret;
    *secret = (struct cv_secret){ 0 };
    return CV_OK;
}

/* ---- what the policies say of an object ---- */

/* What a policy names: an epoch, and the public key of it. */
struct named {
    uint32_t epoch;
    const struct cv_key *key; /* of a role or section */
    const uint8_t *signer;    /* of the log or export key */
};

static struct named named_by(const struct cv_policy *p, const struct cv_object *o)
{
    const struct cv_policy_role *role = strcmp(o->kind, "role") == 0 ? cv_policy_role(p, o->name) : NULL;
    const struct cv_policy_section *section =
        strcmp(o->kind, "section") == 0 ? cv_policy_section(p, o->name) : NULL;
    if (role != NULL)
        return (struct named){ .epoch = role->epoch, .key = &role->key };
    if (section != NULL)
        return (struct named){ .epoch = section->epoch, .key = &section->key };
    if (strcmp(o->kind, "log") == 0)
        return (struct named){ .epoch = p->log.epoch, .signer = p->log.key };
    if (strcmp(o->kind, "export") == 0)
        return (struct named){ .epoch = p->export.epoch, .signer = p->export.key };
    return (struct named){ 0 };
}

/* What is kept of it once the policy is gone. */
struct public
{
    struct cv_key key;
    uint8_t signer[32];
    bool is_signer;
};

/* public_of(k, object, out): epochs only go up from policy to policy, so the one that names this epoch is
 * found by halving. */
static cv_status public_of(struct cv_keyring *k, const struct cv_object *o, struct public *out,
                           struct cv_err *err)
{
    const struct cv_policy *p = policy_of(k);
    struct cv_policy *past = NULL;
    struct named n = named_by(p, o);
    uint64_t low = 1, high = p->number;
    cv_status st = o->epoch >= 1 && o->epoch <= n.epoch ? CV_OK : CV_ERR_NOTFOUND;
    while (st == CV_OK && n.epoch != o->epoch) {
        const uint64_t at = low + (high - low) / 2;
        cv_policy_free(past);
        past = NULL;
        st = cv_custody_policy(k->custody, at, &past, err);
        if (st != CV_OK)
            break;
        n = named_by(past, o);
        if (n.epoch < o->epoch)
            low = at + 1;
        else if (n.epoch > o->epoch)
            high = at > 1 ? at - 1 : 0;
        if (n.epoch != o->epoch && low > high)
            st = CV_ERR_NOTFOUND;
    }
    memset(out, 0, sizeof(*out));
    if (st == CV_OK && n.key != NULL)
        out->key = *n.key;
    else if (st == CV_OK) {
        out->is_signer = true;
        memcpy(out->signer, n.signer, sizeof(out->signer));
    }
    cv_policy_free(past);
    return st == CV_ERR_NOTFOUND
               ? cv_fail(err, st, "no policy names epoch %" PRIu32 " of %s", o->epoch, o->name)
               : st;
}

cv_status cv_keyring_public(struct cv_keyring *k, const struct cv_object *o, struct cv_key *out,
                            struct cv_err *err)
{
    struct public public;
    cv_status st = public_of(k, o, &public, err);
    *out = public.key;
    return st;
}

/* belongs(secret, public): it is the other half of what the policy names. */
static bool belongs(const struct cv_secret *secret, const struct public *public)
{
    struct cv_buf half = { 0 };
    struct cv_ed25519_key *key = NULL;
    bool same = false;
    if (!public->is_signer)
        same = cv_hpke_public(public->key.suite, cv_secret_view(secret), &half) == CV_OK &&
               cv_bytes_equal(cv_buf_view(&half), cv_key_view(&public->key));
    else if (cv_ed25519_key_new(cv_secret_view(secret), &key) == CV_OK)
        same = memcmp(cv_ed25519_public(key), public->signer, sizeof(public->signer)) == 0;
    cv_ed25519_key_free(key);
    cv_buf_free(&half);
    return same;
}

cv_status cv_keyring_put(struct cv_keyring *k, const struct cv_object *o, struct cv_secret *secret,
                         struct cv_err *err)
{
    struct public public;
    cv_status st = public_of(k, o, &public, err);
    if (st == CV_OK && !belongs(secret, &public))
        st = cv_fail(err, CV_ERR_LOG, "this is not the secret of %s %s that the policy names", o->kind,
                     o->name);
    return CV_THEN(st, cv_keyring_hold(k, o, public.key.suite, secret));
}

/* ---- opening ---- */

/* The recipient a seal is opened as. */
struct opener {
    const char *kind, *name;
    uint32_t epoch;
    uint16_t suite;
    struct cv_bytes secret; /* empty: the member's own, which stays where the identity is */
};

static cv_status open_seal(struct cv_keyring *k, const struct cv_seal *seal, const struct opener *as,
                           struct cv_secret *out)
{
    struct cv_buf info = { 0 };
    cv_status st = cv_seal_info(as->suite, policy_of(k)->vault_id, seal, &info);
    if (st == CV_OK && as->secret.n == 0)
        st = cv_identity_unseal(k->id, cv_buf_view(&info), seal->sealed, out);
    else
        st = CV_THEN(st, cv_hpke_open(as->suite, as->secret, cv_buf_view(&info), seal->sealed, out));
    cv_buf_free(&info);
    return st;
}

/* open_as(k, opener, object): take it from the newest seal for this recipient that holds what the policy
 * names. CV_ERR_NOTFOUND if there is no seal; CV_ERR_LOG if none of them is good. */
static cv_status open_as(struct cv_keyring *k, const struct opener *as, const struct cv_object *o,
                         struct cv_err *err)
{
    struct public public;
    const struct cv_seal *seal;
    size_t at = 0;
    cv_status st = CV_ERR_NOTFOUND;
    while (st != CV_OK && (seal = next_seal(k, &at, as->kind, as->name, as->epoch, o)) != NULL) {
        struct cv_secret opened = { 0 };
        st = public_of(k, o, &public, err);
        st = CV_THEN(st, open_seal(k, seal, as, &opened));
        if (st == CV_ERR_NOMEM || st == CV_ERR_IO || st == CV_ERR_DENIED)
            return st;
        if (st == CV_OK && belongs(&opened, &public))
            st = cv_keyring_hold(k, o, public.key.suite, &opened);
        else
            st = CV_ERR_LOG;
        cv_secret_free(&opened);
    }
    return st == CV_ERR_LOG
               ? cv_fail(err, st, "the seal of %s %s for %s %s does not hold what the policy names", o->kind,
                         o->name, as->kind, as->name)
               : st;
}

static cv_status find_secret(struct cv_keyring *k, const struct cv_object *o, struct cv_err *err);

/* held_secret(k, object, out): opened now if it was not before. CV_ERR_NOTFOUND if there is no way to it. */
static cv_status held_secret(struct cv_keyring *k, const struct cv_object *o, const struct cv_held **out,
                             struct cv_err *err)
{
    cv_status st = CV_OK;
    *out = find_held(k, o);
    if (*out == NULL) {
        st = find_secret(k, o, err);
        *out = st == CV_OK ? find_held(k, o) : NULL;
    }
    return st;
}

/* open_by(k, by, object): by the secret of a role or section that it was sealed to. */
static cv_status open_by(struct cv_keyring *k, const struct cv_object *by, const struct cv_object *o,
                         struct cv_err *err)
{
    const struct cv_held *held = NULL;
    cv_status st = held_secret(k, by, &held, err);
    if (st != CV_OK)
        return st;
    const struct opener as = { by->kind, by->name, by->epoch, held->suite, cv_secret_view(&held->secret) };
    return open_as(k, &as, o, err);
}

/* from_next(k, object): by the secret of the epoch after it, to which it was sealed when that was made. */
static cv_status from_next(struct cv_keyring *k, const struct cv_object *o, struct cv_err *err)
{
    if (o->epoch >= named_by(policy_of(k), o).epoch)
        return CV_ERR_NOTFOUND;
    return open_by(k, &(struct cv_object){ o->kind, o->name, o->epoch + 1 }, o, err);
}

/* may_go_on(st): a way that is not there, or that a bad seal closes: anybody may append one, and none must be
 * able to hide a good one from those it was made for. */
static bool may_go_on(cv_status st)
{
    return st == CV_ERR_NOTFOUND || st == CV_ERR_LOG;
}

/* other_way(before, now): of two ways tried; that one was bad is remembered until one is good. */
static cv_status other_way(cv_status before, cv_status now)
{
    return now == CV_ERR_NOTFOUND ? before : now;
}

/* either(st, k, object, way): if ${st} says that a way led nowhere, try another. */
static cv_status either(cv_status st, struct cv_keyring *k, const struct cv_object *o,
                        cv_status (*way)(struct cv_keyring *, const struct cv_object *, struct cv_err *),
                        struct cv_err *err)
{
    return may_go_on(st) ? other_way(st, way(k, o, err)) : st;
}

/* role_secret(k, object): sealed to me, or to a later epoch of the role. */
static cv_status role_secret(struct cv_keyring *k, const struct cv_object *o, struct cv_err *err)
{
    const struct cv_policy_member *me = cv_policy_member(policy_of(k), k->id->public.pseudonym);
    if (me == NULL || (me->roles & cv_policy_role_bit(policy_of(k), o->name)) == 0)
        return CV_ERR_NOTFOUND;
    const struct opener as = { .kind = "member", .name = me->key.pseudonym, .suite = me->key.seal.suite };
    return either(open_as(k, &as, o, err), k, o, from_next, err);
}

/* by_role(k, role, object): sealed to some epoch of a role that is mine. */
static cv_status by_role(struct cv_keyring *k, const struct cv_policy_role *role, const struct cv_object *o,
                         struct cv_err *err)
{
    cv_status st = CV_ERR_NOTFOUND;
    for (uint32_t epoch = role->epoch; epoch > 0 && may_go_on(st); epoch--) {
        size_t at = 0;
        if (next_seal(k, &at, "role", role->name, epoch, o) != NULL)
            st = other_way(st, open_by(k, &(struct cv_object){ "role", role->name, epoch }, o, err));
    }
    return st;
}

static cv_status by_roles(struct cv_keyring *k, const struct cv_object *o, struct cv_err *err)
{
    const struct cv_policy *p = policy_of(k);
    const struct cv_policy_member *me = cv_policy_member(p, k->id->public.pseudonym);
    cv_status st = CV_ERR_NOTFOUND;
    for (size_t i = 0; i < p->role_count && may_go_on(st); i++) {
        const struct cv_object role = { "role", p->roles[i].name, p->roles[i].epoch };
        if ((me != NULL && (me->roles & ((cv_roles)1 << i)) != 0) || find_held(k, &role) != NULL)
            st = other_way(st, by_role(k, &p->roles[i], o, err));
    }
    return st;
}

/* find_secret(k, object): by every way there is. What is told of a bad one is told only if none was good. */
static cv_status find_secret(struct cv_keyring *k, const struct cv_object *o, struct cv_err *err)
{
    struct cv_err bad = { 0 };
    cv_status st = load_seals(k, err);
    if (st != CV_OK)
        return st;
    if (strcmp(o->kind, "role") == 0)
        st = role_secret(k, o, &bad);
    else {
        st = by_roles(k, o, &bad);
        if (strcmp(o->kind, "section") == 0)
            st = either(st, k, o, from_next, &bad);
    }
    if (st != CV_OK && st != CV_ERR_NOTFOUND)
        return cv_fail(err, st, "%s", bad.status != CV_OK ? bad.msg : cv_status_text(st));
    return st;
}

/* no_key(k, object, err): why not, in plain words. */
static cv_status no_key(struct cv_keyring *k, const struct cv_object *o, struct cv_err *err)
{
    const struct cv_policy *p = policy_of(k);
    const struct cv_policy_member *me = cv_policy_member(p, k->id->public.pseudonym);
    for (size_t i = 0; me != NULL && i < p->role_count; i++) {
        const struct cv_object role = { "role", p->roles[i].name, p->roles[i].epoch };
        const struct cv_held *held = NULL;
        if ((me->roles & ((cv_roles)1 << i)) != 0 && held_secret(k, &role, &held, NULL) == CV_ERR_NOTFOUND)
            return cv_fail(err, CV_ERR_NOKEY,
                           "the key of role %s has not been sealed to you yet: it will be when a "
                           "colleague who holds it next uses casevault",
                           p->roles[i].name);
    }
    if (strcmp(o->kind, "role") == 0)
        return cv_fail(err, CV_ERR_NOKEY, "you do not hold the role %s", o->name);
    return cv_fail(err, CV_ERR_NOKEY, "none of your roles opens %s %s", o->kind, o->name);
}

cv_status cv_keyring_secret(struct cv_keyring *k, const struct cv_object *o, struct cv_bytes *secret,
                            struct cv_err *err)
{
    const struct cv_held *held = NULL;
    cv_status st = held_secret(k, o, &held, err);
    *secret = held != NULL ? cv_secret_view(&held->secret) : (struct cv_bytes){ 0 };
    return st == CV_ERR_NOTFOUND ? no_key(k, o, err) : cv_err_note(err, st, o->name);
}

cv_status cv_keyring_role(struct cv_keyring *k, const char *name, struct cv_bytes *secret, struct cv_err *err)
{
    const struct cv_policy_role *role = cv_policy_role(policy_of(k), name);
    *secret = (struct cv_bytes){ 0 };
    if (role == NULL)
        return cv_fail(err, CV_ERR_NOKEY, "there is no role %s", name);
    return cv_keyring_secret(k, &(struct cv_object){ "role", name, role->epoch }, secret, err);
}

cv_status cv_keyring_section(struct cv_keyring *k, const char *name, struct cv_bytes *secret,
                             struct cv_err *err)
{
    const struct cv_policy_section *section = cv_policy_section(policy_of(k), name);
    *secret = (struct cv_bytes){ 0 };
    if (section == NULL)
        return cv_fail(err, CV_ERR_NOTFOUND, "there is no section %s", name);
    return cv_keyring_secret(k, &(struct cv_object){ "section", name, section->epoch }, secret, err);
}

/* as_held(k, object, as): be the recipient that this secret makes. */
static cv_status as_held(struct cv_keyring *k, const struct cv_object *o, struct opener *as,
                         struct cv_err *err)
{
    cv_status st = cv_keyring_secret(k, o, &as->secret, err);
    if (st == CV_OK)
        as->suite = find_held(k, o)->suite;
    return st;
}

/* ---- signing keys ---- */

/* signer(k, object, public, kept, key): made ready once, and again when another is asked for. */
static cv_status signer(struct cv_keyring *k, const struct cv_object *o, const uint8_t public[static 32],
                        struct cv_ed25519_key **kept, struct cv_ed25519_key **key, struct cv_err *err)
{
    struct cv_bytes seed;
    cv_status st = CV_OK;
    *key = NULL;
    if (*kept == NULL || memcmp(cv_ed25519_public(*kept), public, 32) != 0) {
        cv_ed25519_key_free(*kept);
        *kept = NULL;
        st = cv_keyring_secret(k, o, &seed, err);
        st = CV_THEN(st, cv_ed25519_key_new(seed, kept));
    }
    if (st == CV_OK)
        *key = *kept;
    return cv_err_note(err, st, o->name);
}

cv_status cv_keyring_log(struct cv_keyring *k, struct cv_ed25519_key **key, struct cv_err *err)
{
    const struct cv_policy_signer *log = &policy_of(k)->log;
    return signer(k, &(struct cv_object){ "log", "log", log->epoch }, log->key, &k->log, key, err);
}

cv_status cv_keyring_export(struct cv_keyring *k, const uint8_t public[static 32],
                            struct cv_ed25519_key **key, struct cv_err *err)
{
    const struct cv_policy_signer *now = &policy_of(k)->export;
    *key = NULL;
    for (uint32_t epoch = now->epoch; epoch > 0; epoch--) {
        const struct cv_object o = { "export", "export", epoch };
        struct public named;
        cv_status st = public_of(k, &o, &named, err);
        if (st != CV_OK)
            return st;
        if (memcmp(named.signer, public, sizeof(named.signer)) == 0)
            return signer(k, &o, public, &k->export, key, err);
    }
    return cv_fail(err, CV_ERR_NOKEY, "the record was signed for an export key that this vault never had");
}

cv_status cv_keyring_grant_key(struct cv_keyring *k, const struct cv_seal *seal, struct cv_secret *key,
                               struct cv_err *err)
{
    const struct cv_policy_member *me = cv_policy_member(policy_of(k), k->id->public.pseudonym);
    const bool to_me = strcmp(seal->to_kind, "member") == 0;
    const struct cv_policy_role *role = to_me ? NULL : cv_policy_role(policy_of(k), seal->to);
    struct opener as = { .kind = seal->to_kind, .name = seal->to, .epoch = seal->to_epoch };
    cv_status st = CV_OK;
    *key = (struct cv_secret){ 0 };
    if (me == NULL || (to_me ? strcmp(seal->to, me->key.pseudonym) != 0
                             : role == NULL || (me->roles & cv_policy_role_bit(policy_of(k), seal->to)) == 0))
        return CV_ERR_NOKEY;
    as.suite = me->key.seal.suite;
    if (!to_me)
        st = as_held(k, &(struct cv_object){ "role", seal->to, seal->to_epoch }, &as, err);
    st = CV_THEN(st, open_seal(k, seal, &as, key));
    return st == CV_OK && key->n != 32 ? CV_ERR_FORMAT : st;
}

/* ---- batch keys ---- */

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
    struct cv_secret opened = { 0 };
    struct cv_seal seal;
    struct batch_key *at = key_at(k, index, section);
    *key = (struct cv_bytes){ 0 };
    if (at->secret.n > 0 && at->index == index && strcmp(at->section, section) == 0) {
        *key = cv_secret_view(&at->secret);
        return CV_OK;
    }
    cv_status st = load_batch(k, index, &batch, err);
    if (st != CV_OK)
        return st;
    for (size_t i = 0; i < batch->count; i++) {
        const struct cv_object of = { "section", section, batch->keys[i].epoch };
        struct opener as = { .kind = "section", .name = section, .epoch = of.epoch };
        if (strcmp(batch->keys[i].section, section) != 0)
            continue;
        cv_batch_seal(batch, &batch->keys[i], &seal);
        st = as_held(k, &of, &as, err);
        st = CV_THEN(st, open_seal(k, &seal, &as, &opened));
        if (st == CV_ERR_AUTH || st == CV_ERR_FORMAT)
            st = cv_fail(err, CV_ERR_LOG, "entry %" PRIu64 " (batch): the key for section %s does not open",
                         index, section);
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
