#include "vault/handover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/ed25519.h"
#include "crypto/hpke.h"

#define SEALS_MAX 100000

/* ---- fresh secrets ---- */

void cv_fresh_free(struct cv_fresh *f)
{
    for (size_t i = 0; i < f->count; i++)
        cv_secret_free(&f->s[i].secret);
    free(f->s);
    memset(f, 0, sizeof(*f));
}

/* next_fresh(f, object): room for one more. */
static struct cv_fresh_secret *next_fresh(struct cv_fresh *f, const struct cv_object *o)
{
    if (f->count == f->room) {
        const size_t room = f->room == 0 ? 32 : 2 * f->room;
        struct cv_fresh_secret *more = realloc(f->s, room * sizeof(*more));
        if (more == NULL)
            return NULL;
        f->s = more;
        f->room = room;
    }
    struct cv_fresh_secret *s = &f->s[f->count];
    memset(s, 0, sizeof(*s));
    snprintf(s->kind, sizeof(s->kind), "%s", o->kind);
    snprintf(s->name, sizeof(s->name), "%s", o->name);
    s->epoch = o->epoch;
    return s;
}

cv_status cv_fresh_key(struct cv_fresh *f, const struct cv_object *o, struct cv_key *public)
{
    struct cv_fresh_secret *s = next_fresh(f, o);
    struct cv_buf bytes = { 0 };
    if (s == NULL)
        return CV_ERR_NOMEM;
    cv_status st = cv_hpke_generate(CV_HPKE_SUITE_1, &s->secret, &bytes);
    st = CV_THEN(st, cv_key_set(public, CV_HPKE_SUITE_1, cv_buf_view(&bytes)));
    cv_buf_free(&bytes);
    if (st == CV_OK)
        f->count++;
    else
        cv_secret_free(&s->secret);
    return st;
}

cv_status cv_fresh_signer(struct cv_fresh *f, const struct cv_object *o, uint8_t public[static 32])
{
    struct cv_fresh_secret *s = next_fresh(f, o);
    struct cv_ed25519_key *key = NULL;
    if (s == NULL)
        return CV_ERR_NOMEM;
    cv_status st = cv_secret_random(&s->secret, CV_ED25519_SEED_BYTES);
    st = CV_THEN(st, cv_ed25519_key_new(cv_secret_view(&s->secret), &key));
    if (st == CV_OK) {
        memcpy(public, cv_ed25519_public(key), CV_ED25519_PUBLIC_BYTES);
        f->count++;
    } else
        cv_secret_free(&s->secret);
    cv_ed25519_key_free(key);
    return st;
}

struct cv_bytes cv_fresh_find(const struct cv_fresh *f, const struct cv_object *o)
{
    for (size_t i = 0; f != NULL && i < f->count; i++)
        if (f->s[i].epoch == o->epoch && strcmp(f->s[i].kind, o->kind) == 0 &&
            strcmp(f->s[i].name, o->name) == 0)
            return cv_secret_view(&f->s[i].secret);
    return (struct cv_bytes){ 0 };
}

/* ---- seals ---- */

/* Seals being made: the list, and the bytes their views will point into. */
struct making {
    struct cv_keyring *k;
    const struct cv_policy *policy;
    const struct cv_fresh *fresh;
    struct cv_seal *seals;
    size_t count, room, waiting;
    struct cv_buf bytes;
    struct cv_err *err;
};

static cv_status make(struct making *m, struct cv_seal seal, const struct cv_key *to, struct cv_bytes secret)
{
    const size_t start = m->bytes.n;
    if (m->count == SEALS_MAX)
        return CV_ERR_LIMIT;
    if (m->count == m->room) {
        const size_t room = m->room == 0 ? 128 : 2 * m->room;
        struct cv_seal *more = realloc(m->seals, room * sizeof(*more));
        if (more == NULL)
            return CV_ERR_NOMEM;
        m->seals = more;
        m->room = room;
    }
    cv_status st = cv_seal_secret(m->policy, &seal, to, secret, &m->bytes);
    seal.sealed = (struct cv_bytes){ NULL, m->bytes.n - start };
    if (st == CV_OK)
        m->seals[m->count++] = seal;
    return st;
}

/* keeps(m, object): is it this member's by their roles? Who lost a role can still open what it opened then,
 * and has no business with sealing it. */
static bool keeps(const struct making *m, const struct cv_object *o)
{
    const struct cv_policy_member *me = cv_policy_member(m->policy, cv_keyring_whose(m->k));
    return me != NULL && (me->roles & cv_policy_keepers(m->policy, o->kind, o->name)) != 0;
}

/* due(m, to, object, key): one seal that the policy asks for. */
static cv_status due(struct making *m, const struct cv_object *to, const struct cv_object *o,
                     const struct cv_key *key)
{
    struct cv_bytes secret = cv_fresh_find(m->fresh, o);
    struct cv_seal seal = { .to_epoch = to->epoch, .of_epoch = o->epoch };
    const bool fresh = secret.n > 0 || cv_fresh_find(m->fresh, to).n > 0;
    /* What is new is sealed whatever the log says: a seal that stands there already is a lie, and who
     * believed it would lose the secret for ever. */
    if (!fresh && m->k != NULL && cv_keyring_sealed(m->k, to->kind, to->name, to->epoch, o))
        return CV_OK;
    if (secret.n == 0 && m->k != NULL && keeps(m, o)) {
        cv_status st = cv_keyring_secret(m->k, o, &secret, NULL);
        if (st != CV_OK && st != CV_ERR_NOKEY && st != CV_ERR_LOG)
            return cv_fail(m->err, st, "%s %s: its secret cannot be read", o->kind, o->name);
    }
    if (secret.n == 0) {
        m->waiting++;
        return CV_OK;
    }
    snprintf(seal.to_kind, sizeof(seal.to_kind), "%s", to->kind);
    snprintf(seal.to, sizeof(seal.to), "%s", to->name);
    snprintf(seal.of_kind, sizeof(seal.of_kind), "%s", o->kind);
    snprintf(seal.of, sizeof(seal.of), "%s", o->name);
    return make(m, seal, key, secret);
}

/* to_members(m): each role to those who hold it. */
static cv_status to_members(struct making *m)
{
    const struct cv_policy *p = m->policy;
    cv_status st = CV_OK;
    for (size_t i = 0; i < p->member_count; i++)
        for (size_t r = 0; r < p->role_count && st == CV_OK; r++) {
            const struct cv_object to = { "member", p->members[i].key.pseudonym, 0 };
            const struct cv_object o = { "role", p->roles[r].name, p->roles[r].epoch };
            if ((p->members[i].roles & ((cv_roles)1 << r)) != 0)
                st = due(m, &to, &o, &p->members[i].key.seal);
        }
    return st;
}

/* unsplit(p, role): the recovery role before its secret was split: nobody could ever open what is sealed to
 * it. */
static bool unsplit(const struct cv_policy *p, const char *role)
{
    return strcmp(role, CV_ROLE_RECOVERY) == 0 && p->recovery.threshold == 0;
}

/* to_later(m, now, key): each epoch to the one after it. The recovery role has no past: its secret is never
 * kept. */
static cv_status to_later(struct making *m, const struct cv_object *now, const struct cv_key *key)
{
    cv_status st = CV_OK;
    if (strcmp(now->kind, "role") == 0 && strcmp(now->name, CV_ROLE_RECOVERY) == 0)
        return CV_OK;
    for (uint32_t epoch = now->epoch; epoch > 1 && st == CV_OK; epoch--) {
        const struct cv_object to = { now->kind, now->name, epoch };
        const struct cv_object o = { now->kind, now->name, epoch - 1 };
        struct cv_key past = *key;
        const bool fresh = cv_fresh_find(m->fresh, &to).n > 0;
        if (m->k == NULL || (!fresh && cv_keyring_sealed(m->k, to.kind, to.name, to.epoch, &o)))
            continue;
        if (epoch < now->epoch)
            st = cv_keyring_public(m->k, &to, &past, m->err);
        st = CV_THEN(st, due(m, &to, &o, &past));
    }
    return st;
}

/* to_roles(m, object, holders): one secret to each role of a set. */
static cv_status to_roles(struct making *m, const struct cv_object *o, cv_roles holders)
{
    const struct cv_policy *p = m->policy;
    cv_status st = CV_OK;
    for (size_t r = 0; r < p->role_count && st == CV_OK; r++) {
        const struct cv_object to = { "role", p->roles[r].name, p->roles[r].epoch };
        if ((holders & ((cv_roles)1 << r)) != 0 && !unsplit(p, to.name))
            st = due(m, &to, o, &p->roles[r].key);
    }
    return st;
}

static cv_status all_due(struct making *m)
{
    const struct cv_policy *p = m->policy;
    cv_status st = to_members(m);
    for (size_t i = 0; i < p->role_count && st == CV_OK; i++)
        st =
            to_later(m, &(struct cv_object){ "role", p->roles[i].name, p->roles[i].epoch }, &p->roles[i].key);
    for (size_t i = 0; i < p->section_count && st == CV_OK; i++) {
        const struct cv_object o = { "section", p->sections[i].name, p->sections[i].epoch };
        st = to_later(m, &o, &p->sections[i].key);
        st = CV_THEN(st, to_roles(m, &o, p->sections[i].readers));
    }
    st = CV_THEN(st, to_roles(m, &(struct cv_object){ "log", "log", p->log.epoch }, p->log.holders));
    return CV_THEN(
        st, to_roles(m, &(struct cv_object){ "export", "export", p->export.epoch }, p->export.holders));
}

cv_status cv_handover_seals(struct cv_keyring *k, const struct cv_policy *policy,
                            const struct cv_fresh *fresh, struct cv_buf *out, size_t *made, size_t *waiting,
                            struct cv_err *err)
{
    struct making m = { .k = k, .policy = policy, .fresh = fresh, .err = err };
    cv_status st = all_due(&m);
    size_t at = 0;
    for (size_t i = 0; i < m.count; at += m.seals[i].sealed.n, i++)
        m.seals[i].sealed.p = m.bytes.p + at;
    const struct cv_seals doc = { .policy = policy->number, .seals = m.seals, .count = m.count };
    if (st == CV_OK && m.count > 0)
        st = cv_seals_write(&doc, out);
    *made = st == CV_OK ? m.count : 0;
    if (waiting != NULL)
        *waiting = m.waiting;
    free(m.seals);
    cv_buf_free(&m.bytes);
    return cv_err_note(err, st, "seals");
}

/* ---- what comes with a policy ---- */

/* Seals that are not in the log yet, and who looks at them. */
struct coming {
    struct cv_keyring *k;
    const struct cv_identity *id;
    const struct cv_policy *next;
    const struct cv_seals *seals;
};

/* open_one(c, seal, suite, secret, out): with the recipient's ${secret}; the member's own if it is empty. */
static cv_status open_one(const struct coming *c, const struct cv_seal *seal, uint16_t suite,
                          struct cv_bytes secret, struct cv_secret *out)
{
    struct cv_buf info = { 0 };
    *out = (struct cv_secret){ 0 };
    cv_status st = cv_seal_info(suite, c->next->vault_id, seal, &info);
    if (st == CV_OK && secret.n == 0)
        st = cv_identity_unseal(c->id, cv_buf_view(&info), seal->sealed, out);
    else
        st = CV_THEN(st, cv_hpke_open(suite, secret, cv_buf_view(&info), seal->sealed, out));
    cv_buf_free(&info);
    return st;
}

/* coming_role(c, role, out): the role's secret under the next policy: from the log, or sealed to me there. */
static cv_status coming_role(const struct coming *c, const struct cv_policy_role *role, struct cv_secret *out)
{
    const struct cv_object o = { "role", role->name, role->epoch };
    struct cv_bytes held;
    *out = (struct cv_secret){ 0 };
    if (cv_keyring_secret(c->k, &o, &held, NULL) == CV_OK)
        return cv_secret_copy(out, held);
    for (size_t i = 0; i < c->seals->count; i++) {
        const struct cv_seal *s = &c->seals->seals[i];
        if (strcmp(s->to, c->id->public.pseudonym) == 0 && strcmp(s->of, role->name) == 0 &&
            s->of_epoch == role->epoch &&
            open_one(c, s, c->id->public.seal.suite, (struct cv_bytes){ 0 }, out) == CV_OK)
            return CV_OK;
    }
    return CV_ERR_NOKEY;
}

/* gives_log(c, role): does a seal for that role hold the next log key? */
static bool gives_log(const struct coming *c, const struct cv_policy_role *role)
{
    struct cv_secret secret, seed;
    bool good = false;
    if (coming_role(c, role, &secret) != CV_OK)
        return false;
    for (size_t i = 0; !good && i < c->seals->count; i++) {
        const struct cv_seal *s = &c->seals->seals[i];
        struct cv_ed25519_key *key = NULL;
        if (strcmp(s->to_kind, "role") != 0 || strcmp(s->to, role->name) != 0 || s->to_epoch != role->epoch ||
            strcmp(s->of_kind, "log") != 0 || s->of_epoch != c->next->log.epoch ||
            open_one(c, s, role->key.suite, cv_secret_view(&secret), &seed) != CV_OK)
            continue;
        good = cv_ed25519_key_new(cv_secret_view(&seed), &key) == CV_OK &&
               memcmp(cv_ed25519_public(key), c->next->log.key, sizeof(c->next->log.key)) == 0;
        cv_ed25519_key_free(key);
        cv_secret_free(&seed);
    }
    cv_secret_free(&secret);
    return good;
}

cv_status cv_handover_log(struct cv_keyring *k, const struct cv_identity *id, const struct cv_policy *next,
                          struct cv_bytes seals, struct cv_err *err)
{
    struct cv_seals doc = { 0 };
    const struct coming c = { k, id, next, &doc };
    const struct cv_policy_member *me = cv_policy_member(next, id->public.pseudonym);
    struct cv_bytes held;
    if (me == NULL ||
        cv_keyring_secret(k, &(struct cv_object){ "log", "log", next->log.epoch }, &held, NULL) == CV_OK)
        return CV_OK;
    bool good = seals.n > 0 && cv_seals_parse(seals, &doc, NULL) == CV_OK;
    for (size_t i = 0; good && i <= next->role_count; i++) {
        if (i == next->role_count)
            good = false;
        else if ((me->roles & next->log.holders & ((cv_roles)1 << i)) != 0 && gives_log(&c, &next->roles[i]))
            break;
    }
    cv_seals_free(&doc);
    return good ? CV_OK
                : cv_fail(err, CV_ERR_DENIED,
                          "what comes with this policy does not give you the new key of the log: it might be "
                          "nobody's. Do not sign it; ask who proposed it");
}
