#include "vault/vault.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "vault/erase.h"
#include "vault/grant.h"
#include "vault/head_own.h"
#include "vault/members.h"
#include "vault/recovery.h"

#define HEAD "head"

const struct cv_policy *cv_vault_policy(const struct cv_vault *v)
{
    return v->custody->chain.policy;
}

const struct cv_policy_member *cv_vault_me(const struct cv_vault *v)
{
    return cv_policy_member(cv_vault_policy(v), v->id->public.pseudonym);
}

/* mine(v, set): do I hold a role of the set? */
static bool mine(const struct cv_vault *v, cv_roles set)
{
    const struct cv_policy_member *me = cv_vault_me(v);
    return me != NULL && (me->roles & set) != 0;
}

bool cv_vault_may_read(const struct cv_vault *v, const char *section)
{
    const struct cv_policy_section *s = cv_policy_section(cv_vault_policy(v), section);
    return s != NULL && mine(v, s->readers);
}

bool cv_vault_may_create(const struct cv_vault *v, const char *section)
{
    const struct cv_policy_section *s = cv_policy_section(cv_vault_policy(v), section);
    return s != NULL && mine(v, s->create);
}

bool cv_vault_may_edit(const struct cv_vault *v, const char *section)
{
    const struct cv_policy_section *s = cv_policy_section(cv_vault_policy(v), section);
    return s != NULL && mine(v, s->edit);
}

const char *cv_vault_head_section(const struct cv_vault *v, const char *type)
{
    const char *first = cv_template_type_section(v->template, type, 0);
    return first != NULL && cv_template_type_section(v->template, type, 1) == NULL ? first : HEAD;
}

cv_status cv_vault_template_text(struct cv_vault *v, struct cv_buf *out, struct cv_err *err)
{
    const size_t start = out->n;
    uint64_t index = 0;
    uint8_t hash[32];
    cv_status st = CV_ERR_NOTFOUND;
    for (uint64_t from = 0;; from = index + 1) {
        st = cv_catalog_next(cv_custody_catalog(v->custody), CV_KIND_TEMPLATE, from, &index, err);
        if (st != CV_OK)
            break;
        cv_buf_truncate(out, start);
        st = cv_custody_read(v->custody, index, CV_KIND_TEMPLATE, out, err);
        st = CV_THEN(st, cv_sha256(CV_BYTES(out->p + start, out->n - start), hash));
        if (st != CV_OK || memcmp(hash, cv_vault_policy(v)->template_hash, sizeof(hash)) == 0)
            break;
    }
    return st == CV_ERR_NOTFOUND
               ? cv_fail(err, CV_ERR_LOG, "the template that the policy names is not in the archive")
               : st;
}

static cv_status load_template(struct cv_vault *v, struct cv_err *err)
{
    struct cv_buf text = { 0 };
    cv_status st = cv_vault_template_text(v, &text, err);
    st = CV_THEN(st, cv_template_parse(cv_buf_view(&text), &v->template, err));
    cv_buf_free(&text);
    return st;
}

/* keep_ring(v): for the next command, if something was opened that the last one had not. */
static void keep_ring(struct cv_vault *v)
{
    if (v->keys != NULL && v->recovery == NULL && v->handed_on == cv_vault_policy(v)->number &&
        v->handed_seals == v->custody->counts[CV_KIND_SEALS] && cv_keyring_held(v->keys, v->recalled) != NULL)
        cv_keyring_keep(v->keys, v->custody, v->id);
}

/* hand_on(v): seal to those who wait what this member holds; a ring that was kept says that there was
 * nothing. */
static cv_status hand_on(struct cv_vault *v, struct cv_err *err)
{
    cv_status st = v->recalled > 0 ? CV_OK : cv_members_seal_waiting(v, err);
    v->handed_on = cv_vault_policy(v)->number;
    v->handed_seals = v->custody->counts[CV_KIND_SEALS];
    return st;
}

/* recall(v): what the last command opened. */
static void recall(struct cv_vault *v)
{
    if (cv_vault_me(v) == NULL || cv_keyring_recall(v->keys, v->custody, v->id) != CV_OK)
        return;
    while (cv_keyring_held(v->keys, v->recalled) != NULL)
        v->recalled++;
}

void cv_vault_close(struct cv_vault *v)
{
    if (v == NULL)
        return;
    if (v->custody != NULL)
        cv_vault_abort(v); /* nothing is being made any more */
    cv_head_own_put(v);
    cv_head_rows_free(v->rows);
    free(v->own);
    cv_writer_free(v->writer);
    if (v->grants != NULL)
        cv_grants_free(v->grants);
    free(v->grants);
    cv_template_free(v->template);
    keep_ring(v);
    cv_keyring_free(v->keys);
    cv_custody_close(v->custody);
    cv_ed25519_key_free(v->recovery);
    free(v);
}

cv_status cv_vault_sign(struct cv_vault *v, struct cv_err *err)
{
    const struct cv_policy *p = cv_vault_policy(v);
    struct cv_ed25519_key *log = NULL;
    if (v->signing_under == p->number)
        return CV_OK;
    if (v->recovery == NULL && cv_vault_me(v) == NULL)
        return cv_fail(err, CV_ERR_NOKEY,
                       "%s is not a member of this vault; a custodian admits you with `member add`",
                       v->id->public.pseudonym);
    cv_status st = cv_keyring_log(v->keys, &log, err);
    if (st != CV_OK)
        return st;
    if (v->recovery != NULL)
        cv_custody_sign_recovery(v->custody, p, v->recovery, log);
    else
        cv_custody_sign_as(v->custody, p, &v->id->public, cv_identity_sign, (void *)(uintptr_t)v->id, log);
    v->signing_under = p->number;
    return CV_OK;
}

/* open_vault(path, trust, id, out): verified, with its template and an empty keyring. */
static cv_status open_vault(const char *path, const char *trust, bool mending, const struct cv_identity *id,
                            struct cv_vault **out, struct cv_err *err)
{
    struct cv_vault *v = calloc(1, sizeof(*v));
    *out = NULL;
    if (v == NULL)
        return cv_fail(err, CV_ERR_NOMEM, "vault: out of memory");
    v->id = id;
    cv_status st = mending ? cv_custody_open_mending(path, &v->custody, err)
                           : cv_custody_open(path, trust, &v->custody, err);
    if (st == CV_OK)
        snprintf(v->uuid, sizeof(v->uuid), "urn:casevault:%s", cv_vault_policy(v)->vault);
    st = CV_THEN(st, load_template(v, err));
    st = CV_THEN(st, cv_keyring_new(v->custody, id, &v->keys, err));
    if (st == CV_OK)
        *out = v;
    else
        cv_vault_close(v);
    return st;
}

cv_status cv_vault_open(const char *path, const char *trust, const struct cv_identity *id,
                        struct cv_vault **out, struct cv_err *err)
{
    struct cv_vault *v = NULL;
    *out = NULL;
    cv_status st = open_vault(path, trust, false, id, &v, err);
    if (st == CV_OK)
        recall(v);
    st = CV_THEN(st, cv_vault_sign(v, err));
    st = CV_THEN(st, hand_on(v, err));
    st = CV_THEN(st, cv_erase_complete(v, err));
    if (st == CV_OK)
        *out = v;
    else
        cv_vault_close(v);
    return st;
}

cv_status cv_vault_open_mending(const char *path, const struct cv_identity *id, struct cv_vault **out,
                                struct cv_err *err)
{
    struct cv_vault *v = NULL;
    *out = NULL;
    cv_status st = open_vault(path, NULL, true, id, &v, err);
    st = CV_THEN(st, cv_vault_sign(v, err));
    if (st == CV_OK)
        *out = v;
    else
        cv_vault_close(v);
    return st;
}

cv_status cv_vault_open_recovery(const char *path, const char *trust, const struct cv_identity *id,
                                 struct cv_secret *secret, struct cv_vault **out, struct cv_err *err)
{
    struct cv_vault *v = NULL;
    *out = NULL;
    cv_status st = open_vault(path, trust, false, id, &v, err);
    if (st == CV_OK) {
        const struct cv_policy_role *role = cv_policy_role(cv_vault_policy(v), CV_ROLE_RECOVERY);
        st = cv_recovery_signer(cv_secret_view(secret), &v->recovery);
        st = CV_THEN(st, cv_keyring_put(v->keys, &(struct cv_object){ "role", CV_ROLE_RECOVERY, role->epoch },
                                        secret, err));
    }
    st = CV_THEN(st, cv_vault_sign(v, err));
    if (st == CV_OK)
        *out = v;
    else
        cv_vault_close(v);
    return st;
}
