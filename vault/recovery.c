#include "vault/recovery.h"

#include <inttypes.h>
#include <string.h>

#include "crypto/hash.h"
#include "crypto/hkdf.h"
#include "vault/event.h"

#define LABEL "casevault/1/recovery sign"

cv_status cv_recovery_signer(struct cv_bytes secret, struct cv_ed25519_key **out)
{
    struct cv_secret seed = { 0 };
    *out = NULL;
    cv_status st = cv_secret_alloc(&seed, CV_ED25519_SEED_BYTES);
    st = CV_THEN(st, cv_hkdf_expand(CV_HKDF_SHA256, secret, CV_LIT(LABEL), seed.p, seed.n));
    st = CV_THEN(st, cv_ed25519_key_new(cv_secret_view(&seed), out));
    cv_secret_free(&seed);
    return st;
}

cv_status cv_recovery_public(struct cv_bytes secret, uint8_t public[static 32])
{
    struct cv_ed25519_key *key = NULL;
    cv_status st = cv_recovery_signer(secret, &key);
    if (st == CV_OK)
        memcpy(public, cv_ed25519_public(key), CV_ED25519_PUBLIC_BYTES);
    cv_ed25519_key_free(key);
    return st;
}

/* role_of(p): the recovery role, to be changed. */
static struct cv_policy_role *role_of(struct cv_policy *p)
{
    return (struct cv_policy_role *)(uintptr_t)cv_policy_role(p, CV_ROLE_RECOVERY);
}

/* name_key(c): the signing key of the recovery role's new secret; no shares of it are known yet. */
static cv_status name_key(struct cv_change *c)
{
    const struct cv_object o = { "role", CV_ROLE_RECOVERY, role_of(c->policy)->epoch };
    memset(&c->policy->recovery, 0, sizeof(c->policy->recovery));
    return cv_recovery_public(cv_fresh_find(&c->fresh, &o), c->policy->recovery.key);
}

/* renew(c): a new recovery key pair. */
static cv_status renew(struct cv_change *c)
{
    struct cv_policy_role *role = role_of(c->policy);
    cv_status st =
        cv_fresh_key(&c->fresh, &(struct cv_object){ "role", CV_ROLE_RECOVERY, ++role->epoch }, &role->key);
    return CV_THEN(st, name_key(c));
}

/* replace(c): a new key pair in place of one that was split: the shares of that open the sections as they are
 * now, so these get new keys too. */
static cv_status replace(struct cv_change *c)
{
    cv_status st = cv_change_rotate(c, cv_policy_role_bit(c->policy, CV_ROLE_RECOVERY));
    return CV_THEN(st, name_key(c));
}

/* make_shares(c, threshold, count, shares): cut up the new secret, and note the digest of each piece. */
static cv_status make_shares(struct cv_change *c, unsigned threshold, unsigned count, struct cv_share *shares)
{
    struct cv_policy *p = c->policy;
    struct cv_secret pieces[CV_SHAMIR_SHARES_MAX] = { { 0 } };
    const struct cv_object o = { "role", CV_ROLE_RECOVERY, role_of(p)->epoch };
    cv_status st = cv_shamir_split(cv_fresh_find(&c->fresh, &o), threshold, count, pieces);
    for (unsigned i = 0; i < count && st == CV_OK; i++) {
        struct cv_share *s = &shares[i];
        *s = (struct cv_share){
            .epoch = o.epoch, .threshold = (uint8_t)threshold, .x = (uint8_t)(i + 1), .y = pieces[i]
        };
        memcpy(s->vault, p->vault_id, sizeof(s->vault));
        pieces[i] = (struct cv_secret){ 0 };
        st = cv_share_digest(s, p->recovery.digests[i]);
    }
    p->recovery.threshold = threshold;
    p->recovery.shares = count;
    for (unsigned i = 0; i < CV_SHAMIR_SHARES_MAX; i++)
        cv_secret_free(&pieces[i]);
    return st;
}

/* rehearse(c, threshold, count, shares): the first and the last of them make the secret again. */
static cv_status rehearse(const struct cv_change *c, unsigned threshold, unsigned count,
                          const struct cv_share *shares, struct cv_err *err)
{
    struct cv_secret first = { 0 }, last = { 0 };
    const struct cv_object o = { "role", CV_ROLE_RECOVERY, role_of(c->policy)->epoch };
    const struct cv_bytes want = cv_fresh_find(&c->fresh, &o);
    cv_status st = cv_recovery_join(c->policy, shares, threshold, &first, err);
    st = CV_THEN(st, cv_recovery_join(c->policy, shares + count - threshold, threshold, &last, err));
    if (st == CV_OK &&
        (!cv_bytes_equal_ct(cv_secret_view(&first), want) || !cv_bytes_equal_ct(cv_secret_view(&last), want)))
        st = cv_fail(err, CV_ERR_INTERNAL, "the shares do not make the secret again; nothing was changed");
    cv_secret_free(&first);
    cv_secret_free(&last);
    return st;
}

cv_status cv_recovery_split(struct cv_vault *v, unsigned threshold, unsigned count, struct cv_share *shares,
                            struct cv_outcome *out, struct cv_err *err)
{
    struct cv_change c;
    if (threshold < 2 || threshold > count || count > CV_SHAMIR_SHARES_MAX)
        return cv_fail(err, CV_ERR_ARG,
                       "at least 2 shares must be needed, at most as many as there are, of at most %d",
                       CV_SHAMIR_SHARES_MAX);
    cv_status st = cv_change_begin(v, 0, &c, err);
    if (st != CV_OK)
        return st;
    st = c.policy->recovery.threshold > 0 ? replace(&c) : renew(&c);
    st = CV_THEN(st, make_shares(&c, threshold, count, shares));
    st = CV_THEN(st, rehearse(&c, threshold, count, shares, err));
    if (st == CV_OK)
        st = cv_change_submit(v, &c, "recovery secret split anew", out, err);
    else
        cv_change_drop(v, &c);
    for (unsigned i = 0; i < count && st != CV_OK; i++)
        cv_share_free(&shares[i]);
    return cv_err_note(err, st, "recovery");
}

/* judge(p, shares, i): is the i-th share what the policy says of it? */
static cv_status judge(const struct cv_policy *p, const struct cv_share *shares, unsigned i,
                       struct cv_err *err)
{
    const struct cv_share *s = &shares[i];
    uint8_t digest[CV_SHARE_DIGEST_BYTES];
    if (memcmp(s->vault, p->vault_id, sizeof(s->vault)) != 0)
        return cv_fail(err, CV_ERR_AUTH, "share %u of those given belongs to another vault", i + 1);
    if (s->epoch != cv_policy_role(p, CV_ROLE_RECOVERY)->epoch)
        return cv_fail(err, CV_ERR_AUTH,
                       "share %u of those given is from another split (number %" PRIu32 ", and %" PRIu32
                       " is the last)",
                       i + 1, s->epoch, cv_policy_role(p, CV_ROLE_RECOVERY)->epoch);
    for (unsigned j = 0; j < i; j++)
        if (shares[j].x == s->x)
            return cv_fail(err, CV_ERR_AUTH, "share number %u was given twice", s->x);
    cv_status st = cv_share_digest(s, digest);
    if (st == CV_OK &&
        (s->x > p->recovery.shares || memcmp(digest, p->recovery.digests[s->x - 1], sizeof(digest)) != 0))
        st = cv_fail(err, CV_ERR_AUTH, "share number %u was altered", s->x);
    return st;
}

cv_status cv_recovery_join(const struct cv_policy *p, const struct cv_share *shares, unsigned count,
                           struct cv_secret *secret, struct cv_err *err)
{
    uint8_t xs[CV_SHAMIR_SHARES_MAX];
    struct cv_bytes ys[CV_SHAMIR_SHARES_MAX];
    *secret = (struct cv_secret){ 0 };
    if (count > CV_SHAMIR_SHARES_MAX)
        return cv_fail(err, CV_ERR_ARG, "at most %d shares", CV_SHAMIR_SHARES_MAX);
    if (p->recovery.threshold == 0)
        return cv_fail(err, CV_ERR_NOKEY, "this vault has no recovery shares: the secret was never split");
    for (unsigned i = 0; i < count; i++) {
        cv_status st = judge(p, shares, i, err);
        if (st != CV_OK)
            return st;
        xs[i] = shares[i].x;
        ys[i] = cv_secret_view(&shares[i].y);
    }
    if (count < p->recovery.threshold)
        return cv_fail_n(err, CV_ERR_ARG, count, "%u share was given and %u are needed: %u more",
                         "%u shares were given and %u are needed: %u more", count, p->recovery.threshold,
                         p->recovery.threshold - count);
    return cv_err_note(err, cv_shamir_combine(xs, ys, count, secret), "recovery");
}

/* sign_as_recovery(v, text, note): the policy's only signature. */
static cv_status sign_as_recovery(struct cv_vault *v, struct cv_bytes text, struct cv_buf *note,
                                  struct cv_err *err)
{
    char name[CV_MEMBER_KEYNAME_BYTES];
    cv_policy_recovery_keyname(cv_vault_policy(v), name);
    const struct cv_note_signer signer = { name, cv_ed25519_public(v->recovery), cv_sign_key, v->recovery };
    return cv_note_sign(text, &signer, 1, note, err);
}

/* next_policy(v, c): what the new custodian may, and everything under new keys. */
static cv_status next_policy(struct cv_vault *v, struct cv_change *c, struct cv_err *err)
{
    cv_status st = cv_policy_copy(cv_vault_policy(v), &c->policy);
    if (st != CV_OK)
        return st;
    struct cv_policy *p = c->policy;
    const cv_roles all = p->log.holders & ~cv_policy_role_bit(p, CV_ROLE_RECOVERY);
    p->number++;
    memcpy(p->previous, cv_vault_policy(v)->hash, sizeof(p->previous));
    p->quorum = p->erase_quorum = 1;
    p->package_quorum = 0;
    st = cv_policy_add_member(p, &v->id->public, all, err);
    st = CV_THEN(st, cv_change_rotate(c, all));
    return CV_THEN(st, renew(c));
}

cv_status cv_recovery_admit(struct cv_vault *v, struct cv_err *err)
{
    struct cv_change c = { 0 };
    struct cv_buf text = { 0 }, note = { 0 }, seals = { 0 };
    size_t made = 0;
    const struct cv_event event = { .action = "recovery",
                                    .detail =
                                        "RECOVERY: shares were combined; this member now holds every role" };
    cv_status st = cv_vault_begin(v, err);
    if (st != CV_OK)
        return st;
    st = next_policy(v, &c, err);
    st = CV_THEN(st, cv_policy_text(c.policy, &text));
    st = CV_THEN(st, sign_as_recovery(v, cv_buf_view(&text), &note, err));
    st = CV_THEN(st, cv_handover_seals(v->keys, c.policy, &c.fresh, &seals, &made, NULL, err));
    st = CV_THEN(st, cv_custody_add(v->custody, CV_KIND_POLICY, cv_buf_view(&note), NULL, NULL, err));
    st = CV_THEN(st, cv_custody_add(v->custody, CV_KIND_SEALS, cv_buf_view(&seals), NULL, NULL, err));
    st = CV_THEN(st, cv_event_add(v, &event, err));
    if (st == CV_OK)
        st = cv_vault_commit(v, err);
    else
        cv_vault_abort(v);
    cv_policy_free(c.policy);
    cv_fresh_free(&c.fresh);
    cv_buf_free(&text);
    cv_buf_free(&note);
    cv_buf_free(&seals);
    return cv_err_note(err, st, "recovery");
}

/* by_shares(v, number, where): was this policy signed by the recovery key of the one before? */
static cv_status by_shares(struct cv_vault *v, uint64_t number, bool *out, struct cv_adopted *where,
                           struct cv_err *err)
{
    char name[CV_MEMBER_KEYNAME_BYTES];
    struct cv_policy *before = NULL;
    struct cv_buf data = { 0 };
    struct cv_note note = { 0 };
    *out = false;
    cv_policy_recovery_keyname(cv_vault_policy(v), name);
    cv_status st = cv_catalog_policy(cv_custody_catalog(v->custody), number, where, err);
    st = CV_THEN(st, cv_custody_read(v->custody, where->index, CV_KIND_POLICY, &data, err));
    st = CV_THEN(st, cv_note_parse(cv_buf_view(&data), &note, err));
    bool claimed = false;
    for (size_t i = 0; i < note.count; i++)
        claimed = claimed || strcmp(note.sigs[i].name, name) == 0;
    if (st == CV_OK && claimed)
        st = cv_custody_policy(v->custody, number - 1, &before, err);
    if (st == CV_OK && claimed)
        *out = cv_note_verify(&note, name, before->recovery.key) == CV_OK;
    cv_policy_free(before);
    cv_note_free(&note);
    cv_buf_free(&data);
    return st;
}

cv_status cv_recovery_each(struct cv_vault *v, cv_recovered_fn fn, void *arg, struct cv_err *err)
{
    cv_status st = CV_OK;
    for (uint64_t number = 2; number <= cv_vault_policy(v)->number && st == CV_OK; number++) {
        struct cv_adopted where = { 0 };
        bool used = false;
        st = by_shares(v, number, &used, &where, err);
        if (st == CV_OK && used)
            fn(arg, number, where.index);
    }
    return cv_err_note(err, st, "recovery");
}

size_t cv_recovery_lacking(struct cv_vault *v)
{
    const struct cv_policy *p = cv_vault_policy(v);
    const uint32_t epoch = cv_policy_role(p, CV_ROLE_RECOVERY)->epoch;
    size_t n = 0;
    for (size_t i = 0; p->recovery.threshold > 0 && i < p->section_count; i++)
        n += !cv_keyring_sealed(v->keys, "role", CV_ROLE_RECOVERY, epoch,
                                &(struct cv_object){ "section", p->sections[i].name, p->sections[i].epoch });
    return n;
}
