#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "crypto/hpke.h"
#include "vault/handover.h"
#include "vault/recovery.h"
#include "vault/vault.h"

/* A new vault: its first policy, which names every role and section of the template, and the secrets of them
 * all, sealed to the founder. */

struct founding {
    struct cv_policy *policy;
    struct cv_fresh fresh;
};

static void founding_free(struct founding *f)
{
    cv_fresh_free(&f->fresh);
    cv_policy_free(f->policy);
}

static cv_status found_role(struct founding *f, const char *name, struct cv_err *err)
{
    struct cv_policy *p = f->policy;
    if (p->role_count == CV_POLICY_ROLES_MAX || cv_policy_role(p, name) != NULL)
        return cv_fail(err, CV_ERR_LIMIT, "template: at most %d roles, and none of them named recovery",
                       CV_POLICY_ROLES_MAX - 1);
    struct cv_policy_role *r = &p->roles[p->role_count++];
    snprintf(r->name, sizeof(r->name), "%s", name);
    r->epoch = 1;
    return cv_fresh_key(&f->fresh, &(struct cv_object){ "role", r->name, 1 }, &r->key);
}

static cv_status found_roles(struct founding *f, const struct cv_template *t, struct cv_err *err)
{
    const char *name;
    cv_status st = CV_OK;
    for (size_t i = 0; st == CV_OK && (name = cv_template_role(t, i)) != NULL; i++)
        st = found_role(f, name, err);
    if (st == CV_OK && cv_policy_role_bit(f->policy, CV_ROLE_CUSTODIAN) == 0)
        st = cv_fail(err, CV_ERR_FORMAT, "template: there must be a role named custodian");
    if (st != CV_OK)
        return st;
    /* Until it is split, nobody has the recovery secret: it is wiped with the others, unsealed. */
    st = found_role(f, CV_ROLE_RECOVERY, err);
    return CV_THEN(
        st, cv_recovery_public(cv_fresh_find(&f->fresh, &(struct cv_object){ "role", CV_ROLE_RECOVERY, 1 }),
                               f->policy->recovery.key));
}

/* by_right(p, t, section, right): the roles that have it. */
static cv_roles by_right(const struct cv_policy *p, const struct cv_template *t, const char *section,
                         unsigned right)
{
    cv_roles set = 0;
    for (size_t r = 0; r < p->role_count; r++)
        if ((cv_template_rights(t, section, p->roles[r].name) & right) != 0)
            set |= (cv_roles)1 << r;
    return set;
}

/* found_section(f, name, readers, create, edit): every section can be opened by recovery too. */
static cv_status found_section(struct founding *f, const char *name, cv_roles readers, cv_roles create,
                               cv_roles edit, struct cv_err *err)
{
    struct cv_policy *p = f->policy;
    if (p->section_count == CV_POLICY_SECTIONS_MAX)
        return cv_fail(err, CV_ERR_LIMIT, "template: more than %d sections", CV_POLICY_SECTIONS_MAX - 2);
    struct cv_policy_section *s = &p->sections[p->section_count++];
    snprintf(s->name, sizeof(s->name), "%s", name);
    s->epoch = 1;
    s->readers = readers | cv_policy_role_bit(p, CV_ROLE_RECOVERY);
    s->create = create;
    s->edit = edit;
    return cv_fresh_key(&f->fresh, &(struct cv_object){ "section", s->name, 1 }, &s->key);
}

/* head_readers(p, t): who reads any section of any type with more than one. */
static cv_roles head_readers(const struct cv_policy *p, const struct cv_template *t)
{
    cv_roles set = 0;
    const char *type, *section;
    for (size_t i = 0; (type = cv_template_type(t, i)) != NULL; i++)
        for (size_t j = 0; (section = cv_template_type_section(t, type, j)) != NULL; j++)
            if (cv_template_type_section(t, type, 1) != NULL)
                set |= by_right(p, t, section, CV_RIGHT_READ);
    return set;
}

static cv_status found_sections(struct founding *f, const struct cv_template *t, struct cv_err *err)
{
    struct cv_policy *p = f->policy;
    const cv_roles all = p->role_count == 64 ? UINT64_MAX : ((cv_roles)1 << p->role_count) - 1;
    const char *name;
    cv_status st = found_section(f, "head", head_readers(p, t), all, all, err);
    st = CV_THEN(st, found_section(f, "audit", by_right(p, t, "audit", CV_RIGHT_READ), all, 0, err));
    for (size_t i = 0; st == CV_OK && (name = cv_template_section(t, i)) != NULL; i++) {
        st = found_section(f, name, by_right(p, t, name, CV_RIGHT_READ),
                           by_right(p, t, name, CV_RIGHT_CREATE), by_right(p, t, name, CV_RIGHT_EDIT), err);
        p->export.holders |= by_right(p, t, name, CV_RIGHT_EXPORT);
    }
    p->log.holders = all;
    p->export.holders |= cv_policy_role_bit(p, CV_ROLE_RECOVERY);
    return st;
}

/* erasers(p, t): the template's, else the custodians. */
static cv_roles erasers(const struct cv_policy *p, const struct cv_template *t)
{
    cv_roles set = 0;
    const char *name;
    for (size_t i = 0; (name = cv_template_eraser(t, i)) != NULL; i++)
        set |= cv_policy_role_bit(p, name);
    return set != 0 ? set : cv_policy_role_bit(p, CV_ROLE_CUSTODIAN);
}

static cv_status found_signers(struct founding *f)
{
    struct cv_policy *p = f->policy;
    p->log.epoch = p->export.epoch = 1;
    cv_status st = cv_fresh_signer(&f->fresh, &(struct cv_object){ "log", "log", 1 }, p->log.key);
    return CV_THEN(st,
                   cv_fresh_signer(&f->fresh, &(struct cv_object){ "export", "export", 1 }, p->export.key));
}

static cv_status sign_first(const struct cv_identity *id, struct cv_policy *p, struct cv_buf *note,
                            struct cv_err *err)
{
    struct cv_buf text = { .max = CV_POLICY_MAX_BYTES };
    char name[CV_MEMBER_KEYNAME_BYTES];
    cv_status st = cv_policy_text(p, &text);
    cv_policy_member_keyname(p, id->public.pseudonym, name);
    const struct cv_note_signer me = { name, id->public.sign, cv_identity_sign, (void *)(uintptr_t)id };
    st = CV_THEN(st, cv_note_sign(cv_buf_view(&text), &me, 1, note, err));
    cv_buf_free(&text);
    return st;
}

/* found_policy(f, t, id): the first policy, and its signed note. */
static cv_status found_policy(struct founding *f, struct cv_bytes text, const struct cv_template *t,
                              const struct cv_identity *id, struct cv_buf *note, struct cv_err *err)
{
    cv_status st = cv_policy_new(&f->policy);
    if (st != CV_OK)
        return st;
    f->policy->number = 1;
    f->policy->training = id->public.training;
    f->policy->suite = CV_HPKE_SUITE_1;
    f->policy->quorum = f->policy->erase_quorum = 1;
    st = cv_sha256(text, f->policy->template_hash);
    st = CV_THEN(st, found_roles(f, t, err));
    st = CV_THEN(st, found_sections(f, t, err));
    st = CV_THEN(st, found_signers(f));
    if (st != CV_OK)
        return st;
    f->policy->erasers = erasers(f->policy, t);
    st = cv_policy_add_member(f->policy, &id->public,
                              f->policy->log.holders & ~cv_policy_role_bit(f->policy, CV_ROLE_RECOVERY), err);
    return CV_THEN(st, sign_first(id, f->policy, note, err));
}

/* first_commit(c, f, ...): policy, template, seals, signed with the log key just made. */
static cv_status first_commit(struct cv_custody *c, struct founding *f, struct cv_bytes template_text,
                              const struct cv_identity *id, struct cv_bytes note, struct cv_err *err)
{
    struct cv_ed25519_key *log = NULL;
    struct cv_buf seals = { 0 };
    size_t made = 0;
    cv_status st = cv_handover_seals(NULL, f->policy, &f->fresh, &seals, &made, NULL, err);
    st = CV_THEN(st,
                 cv_ed25519_key_new(cv_fresh_find(&f->fresh, &(struct cv_object){ "log", "log", 1 }), &log));
    if (st == CV_OK) {
        cv_custody_sign_as(c, f->policy, &id->public, cv_identity_sign, (void *)(uintptr_t)id, log);
        st = cv_custody_begin(c, err);
    }
    st = CV_THEN(st, cv_custody_add(c, CV_KIND_POLICY, note, NULL, NULL, err));
    st = CV_THEN(st, cv_custody_add(c, CV_KIND_TEMPLATE, template_text, NULL, NULL, err));
    st = CV_THEN(st, cv_custody_add(c, CV_KIND_SEALS, cv_buf_view(&seals), NULL, NULL, err));
    st = CV_THEN(st, cv_custody_commit(c, err));
    cv_ed25519_key_free(log);
    cv_buf_free(&seals);
    return st;
}

cv_status cv_vault_init(const char *path, struct cv_bytes template_text, const struct cv_identity *id,
                        struct cv_err *err)
{
    struct founding f = { 0 };
    struct cv_template *t = NULL;
    struct cv_custody *c = NULL;
    struct cv_buf note = { 0 };
    cv_status st = cv_template_parse(template_text, &t, err);
    st = CV_THEN(st, found_policy(&f, template_text, t, id, &note, err));
    st = CV_THEN(st, cv_custody_create(path, &c, err));
    st = CV_THEN(st, cv_custody_found(c, f.policy->vault, err));
    st = CV_THEN(st, first_commit(c, &f, template_text, id, cv_buf_view(&note), err));
    cv_custody_close(c);
    cv_template_free(t);
    cv_buf_free(&note);
    founding_free(&f);
    return cv_err_note(err, st, path);
}
