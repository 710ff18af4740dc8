#include "vault/handover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    if (secret.n == 0 && m->k != NULL) {
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
