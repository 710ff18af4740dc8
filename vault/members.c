#include "vault/members.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "crypto/hpke.h"
#include "vault/event.h"

#define SEALS_ROOM 512

/* Seals being made: the list, and the bytes their views will point into. */
struct making {
    struct cv_seals doc;
    struct cv_buf bytes;
};

static void making_free(struct making *m)
{
    free(m->doc.seals);
    cv_buf_free(&m->bytes);
}

/* role_seal(pseudonym, role): the place of a role's secret sealed to a member. */
static struct cv_seal role_seal(const char *pseudonym, const struct cv_policy_role *role)
{
    struct cv_seal s = { .of_epoch = role->epoch };
    snprintf(s.to_kind, sizeof(s.to_kind), "member");
    snprintf(s.to, sizeof(s.to), "%s", pseudonym);
    snprintf(s.of_kind, sizeof(s.of_kind), "role");
    snprintf(s.of, sizeof(s.of), "%s", role->name);
    return s;
}

static cv_status make(struct making *m, const struct cv_policy *p, struct cv_seal seal,
                      const struct cv_key *to, struct cv_bytes secret)
{
    const size_t start = m->bytes.n;
    if (m->doc.seals == NULL)
        m->doc.seals = calloc(SEALS_ROOM, sizeof(*m->doc.seals));
    if (m->doc.seals == NULL)
        return CV_ERR_NOMEM;
    if (m->doc.count == SEALS_ROOM)
        return CV_ERR_LIMIT;
    cv_status st = cv_seal_secret(p, &seal, to, secret, &m->bytes);
    seal.sealed = (struct cv_bytes){ NULL, m->bytes.n - start };
    if (st == CV_OK)
        m->doc.seals[m->doc.count++] = seal;
    return st;
}

/* add_seals(v, m, policy): the seals entry, into the commit under way. */
static cv_status add_seals(struct cv_custody *c, struct making *m, uint64_t policy, struct cv_err *err)
{
    struct cv_buf data = { 0 };
    size_t at = 0;
    if (m->doc.count == 0)
        return CV_OK;
    m->doc.policy = policy;
    for (size_t i = 0; i < m->doc.count; at += m->doc.seals[i].sealed.n, i++)
        m->doc.seals[i].sealed.p = m->bytes.p + at;
    cv_status st = cv_seals_write(&m->doc, &data);
    st = CV_THEN(st, cv_custody_add(c, CV_KIND_SEALS, cv_buf_view(&data), NULL, NULL, err));
    cv_buf_free(&data);
    return cv_err_note(err, st, "seals");
}

/* seal_roles(v, p, m): to every member of ${p} each role's secret they lack and I hold. ${waiting} counts the
 * lacking. */
static cv_status seal_roles(struct cv_vault *v, const struct cv_policy *p, struct making *m, size_t *waiting)
{
    cv_status st = CV_OK;
    for (size_t i = 0; i < p->member_count && st == CV_OK; i++) {
        const struct cv_policy_member *member = &p->members[i];
        for (size_t r = 0; r < p->role_count && st == CV_OK; r++) {
            struct cv_bytes secret;
            if ((member->roles & ((cv_roles)1 << r)) == 0 ||
                cv_keyring_sealed_to(v->keys, "member", member->key.pseudonym, "role", p->roles[r].name,
                                     p->roles[r].epoch))
                continue;
            if (waiting != NULL)
                (*waiting)++;
            if (m != NULL && cv_keyring_role(v->keys, p->roles[r].name, &secret, NULL) == CV_OK)
                st = make(m, p, role_seal(member->key.pseudonym, &p->roles[r]), &member->key.seal, secret);
        }
    }
    return st;
}

size_t cv_members_waiting(struct cv_vault *v)
{
    size_t waiting = 0;
    return seal_roles(v, cv_vault_policy(v), NULL, &waiting) == CV_OK ? waiting : 0;
}

cv_status cv_members_seal_waiting(struct cv_vault *v, struct cv_err *err)
{
    const struct cv_event event = { .action = "seal",
                                    .detail = "role keys sealed to members who waited for them" };
    struct making m = { 0 };
    cv_status st = seal_roles(v, cv_vault_policy(v), &m, NULL);
    if (st == CV_OK && m.doc.count > 0) {
        st = cv_vault_begin(v, err);
        if (st == CV_OK) {
            st = add_seals(v->custody, &m, cv_vault_policy(v)->number, err);
            st = CV_THEN(st, cv_event_add(v, &event, err));
            if (st == CV_OK)
                st = cv_vault_commit(v, err);
            else
                cv_vault_abort(v);
        }
    }
    making_free(&m);
    return cv_err_note(err, st, "seals");
}

/* sign_policy(v, p, note): write and sign the next policy as a custodian. */
static cv_status sign_policy(const struct cv_identity *id, struct cv_policy *p, struct cv_buf *note,
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

/* begin_policy(v, out): the lock is held, and ${out} is a copy of the policy with the next number. */
static cv_status begin_policy(struct cv_vault *v, struct cv_policy **out, struct cv_err *err)
{
    const struct cv_policy_member *me = cv_vault_me(v);
    *out = NULL;
    if (me == NULL || (me->roles & cv_policy_role_bit(cv_vault_policy(v), "custodian")) == 0)
        return cv_fail(err, CV_ERR_DENIED, "only a custodian changes who may do what");
    cv_status st = cv_vault_begin(v, err);
    if (st != CV_OK)
        return st;
    st = cv_policy_copy(cv_vault_policy(v), out);
    if (st != CV_OK) {
        cv_vault_abort(v);
        return st;
    }
    (*out)->number++;
    memcpy((*out)->previous, cv_vault_policy(v)->hash, sizeof((*out)->previous));
    return CV_OK;
}

/* commit_policy(v, p, detail): policy, seals to newcomers, event. */
static cv_status commit_policy(struct cv_vault *v, struct cv_policy *p, const char *detail,
                               struct cv_err *err)
{
    struct cv_buf note = { 0 };
    struct making m = { 0 };
    const struct cv_event event = { .action = "policy", .detail = detail };
    cv_status st = sign_policy(v->id, p, &note, err);
    st = CV_THEN(st, cv_custody_add(v->custody, CV_KIND_POLICY, cv_buf_view(&note), NULL, NULL, err));
    st = CV_THEN(st, seal_roles(v, p, &m, NULL));
    st = CV_THEN(st, add_seals(v->custody, &m, p->number, err));
    st = CV_THEN(st, cv_event_add(v, &event, err));
    if (st == CV_OK)
        st = cv_vault_commit(v, err);
    else
        cv_vault_abort(v);
    making_free(&m);
    cv_buf_free(&note);
    return cv_err_note(err, st, "policy");
}

cv_status cv_members_add(struct cv_vault *v, const struct cv_member_key *key, const char *const *roles,
                         struct cv_err *err)
{
    struct cv_policy *p = NULL;
    cv_roles set = 0;
    char detail[160];
    cv_status st = begin_policy(v, &p, err);
    if (st != CV_OK)
        return st;
    for (; *roles != NULL && st == CV_OK; roles++) {
        const cv_roles bit = cv_policy_role_bit(p, *roles);
        if (bit == 0)
            st = cv_fail(err, CV_ERR_NOTFOUND, "there is no role %s in this vault; see `role list`", *roles);
        set |= bit;
    }
    if (st == CV_OK && set == 0)
        st = cv_fail(err, CV_ERR_ARG, "a member needs at least one role");
    st = CV_THEN(st, cv_policy_add_member(p, key, set, err));
    if (st == CV_OK) {
        snprintf(detail, sizeof(detail), "member %s added, policy %" PRIu64, key->pseudonym, p->number);
        st = commit_policy(v, p, detail, err);
    } else
        cv_vault_abort(v);
    cv_policy_free(p);
    return st;
}

cv_status cv_members_grant(struct cv_vault *v, const char *pseudonym, const char *role, struct cv_err *err)
{
    struct cv_policy *p = NULL;
    char detail[160];
    cv_status st = begin_policy(v, &p, err);
    if (st != CV_OK)
        return st;
    struct cv_policy_member *member = cv_policy_member(p, pseudonym);
    const cv_roles bit = cv_policy_role_bit(p, role);
    if (member == NULL)
        st = cv_fail(err, CV_ERR_NOTFOUND, "there is no member %s; see `member list`", pseudonym);
    else if (bit == 0)
        st = cv_fail(err, CV_ERR_NOTFOUND, "there is no role %s in this vault; see `role list`", role);
    else if ((member->roles & bit) != 0)
        st = cv_fail(err, CV_ERR_EXISTS, "%s holds the role %s already", pseudonym, role);
    if (st == CV_OK) {
        member->roles |= bit;
        snprintf(detail, sizeof(detail), "role %s given to %s, policy %" PRIu64, role, pseudonym, p->number);
        st = commit_policy(v, p, detail, err);
    } else
        cv_vault_abort(v);
    cv_policy_free(p);
    return st;
}

/* ---- founding ---- */

/* The secrets of a new vault, until they are sealed. */
struct founding {
    struct cv_policy *policy;
    struct cv_secret roles[CV_POLICY_ROLES_MAX];
    struct cv_secret sections[CV_POLICY_SECTIONS_MAX];
    struct cv_secret log, export;
    struct cv_ed25519_key *log_key, *export_key;
    struct making seals;
};

static void founding_free(struct founding *f)
{
    for (size_t i = 0; i < CV_POLICY_ROLES_MAX; i++)
        cv_secret_free(&f->roles[i]);
    for (size_t i = 0; i < CV_POLICY_SECTIONS_MAX; i++)
        cv_secret_free(&f->sections[i]);
    cv_secret_free(&f->log);
    cv_secret_free(&f->export);
    cv_ed25519_key_free(f->log_key);
    cv_ed25519_key_free(f->export_key);
    cv_policy_free(f->policy);
    making_free(&f->seals);
}

static cv_status new_key(struct cv_secret *secret, struct cv_key *public)
{
    struct cv_buf bytes = { 0 };
    cv_status st = cv_hpke_generate(CV_HPKE_SUITE_1, secret, &bytes);
    st = CV_THEN(st, cv_key_set(public, CV_HPKE_SUITE_1, cv_buf_view(&bytes)));
    cv_buf_free(&bytes);
    return st;
}

static cv_status found_roles(struct founding *f, const struct cv_template *t, struct cv_err *err)
{
    struct cv_policy *p = f->policy;
    cv_status st = CV_OK;
    for (const char *name; st == CV_OK && (name = cv_template_role(t, p->role_count)) != NULL;) {
        if (p->role_count == CV_POLICY_ROLES_MAX)
            return cv_fail(err, CV_ERR_LIMIT, "template: more than %d roles", CV_POLICY_ROLES_MAX);
        struct cv_policy_role *r = &p->roles[p->role_count];
        snprintf(r->name, sizeof(r->name), "%s", name);
        r->epoch = 1;
        st = new_key(&f->roles[p->role_count], &r->key);
        p->role_count++;
    }
    if (st == CV_OK && cv_policy_role_bit(p, "custodian") == 0)
        st = cv_fail(err, CV_ERR_FORMAT, "template: there must be a role named custodian");
    return st;
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

static cv_status found_section(struct founding *f, const char *name, cv_roles readers, cv_roles create,
                               cv_roles edit, struct cv_err *err)
{
    struct cv_policy *p = f->policy;
    if (p->section_count == CV_POLICY_SECTIONS_MAX)
        return cv_fail(err, CV_ERR_LIMIT, "template: more than %d sections", CV_POLICY_SECTIONS_MAX - 2);
    struct cv_policy_section *s = &p->sections[p->section_count];
    snprintf(s->name, sizeof(s->name), "%s", name);
    s->epoch = 1;
    s->readers = readers;
    s->create = create;
    s->edit = edit;
    return new_key(&f->sections[p->section_count++], &s->key);
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
    return st;
}

static cv_status found_signers(struct founding *f)
{
    struct cv_policy *p = f->policy;
    cv_status st = cv_secret_random(&f->log, CV_ED25519_SEED_BYTES);
    st = CV_THEN(st, cv_secret_random(&f->export, CV_ED25519_SEED_BYTES));
    st = CV_THEN(st, cv_ed25519_key_new(cv_secret_view(&f->log), &f->log_key));
    st = CV_THEN(st, cv_ed25519_key_new(cv_secret_view(&f->export), &f->export_key));
    if (st == CV_OK) {
        memcpy(p->log.key, cv_ed25519_public(f->log_key), sizeof(p->log.key));
        memcpy(p->export.key, cv_ed25519_public(f->export_key), sizeof(p->export.key));
        p->log.epoch = p->export.epoch = 1;
    }
    return st;
}

/* to_roles(f, object, name, holders, secret): seal an object's secret to each role of the set. */
static cv_status to_roles(struct founding *f, const char *object, const char *name, cv_roles holders,
                          struct cv_bytes secret)
{
    const struct cv_policy *p = f->policy;
    cv_status st = CV_OK;
    for (size_t r = 0; r < p->role_count && st == CV_OK; r++) {
        struct cv_seal s = { .to_epoch = p->roles[r].epoch, .of_epoch = 1 };
        if ((holders & ((cv_roles)1 << r)) == 0)
            continue;
        snprintf(s.to_kind, sizeof(s.to_kind), "role");
        snprintf(s.to, sizeof(s.to), "%s", p->roles[r].name);
        snprintf(s.of_kind, sizeof(s.of_kind), "%s", object);
        snprintf(s.of, sizeof(s.of), "%s", name);
        st = make(&f->seals, p, s, &p->roles[r].key, secret);
    }
    return st;
}

static cv_status found_seals(struct founding *f, const struct cv_member_key *founder)
{
    const struct cv_policy *p = f->policy;
    cv_status st = CV_OK;
    for (size_t r = 0; r < p->role_count && st == CV_OK; r++)
        st = make(&f->seals, p, role_seal(founder->pseudonym, &p->roles[r]), &founder->seal,
                  cv_secret_view(&f->roles[r]));
    for (size_t i = 0; i < p->section_count && st == CV_OK; i++)
        st = to_roles(f, "section", p->sections[i].name, p->sections[i].readers,
                      cv_secret_view(&f->sections[i]));
    st = CV_THEN(st, to_roles(f, "log", "log", p->log.holders, cv_secret_view(&f->log)));
    return CV_THEN(st, to_roles(f, "export", "export", p->export.holders, cv_secret_view(&f->export)));
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
    f->policy->quorum = 1;
    st = cv_sha256(text, f->policy->template_hash);
    st = CV_THEN(st, found_roles(f, t, err));
    st = CV_THEN(st, found_sections(f, t, err));
    st = CV_THEN(st, found_signers(f));
    const cv_roles all = f->policy->log.holders;
    st = CV_THEN(st, cv_policy_add_member(f->policy, &id->public, all, err));
    st = CV_THEN(st, sign_policy(id, f->policy, note, err));
    return CV_THEN(st, found_seals(f, &id->public));
}

cv_status cv_vault_init(const char *path, struct cv_bytes template_text, const struct cv_identity *id,
                        struct cv_err *err)
{
    struct founding *f = calloc(1, sizeof(*f));
    struct cv_template *t = NULL;
    struct cv_custody *c = NULL;
    struct cv_buf note = { 0 };
    cv_status st = f == NULL ? CV_ERR_NOMEM : cv_template_parse(template_text, &t, err);
    st = CV_THEN(st, found_policy(f, template_text, t, id, &note, err));
    st = CV_THEN(st, cv_custody_create(path, &c, err));
    st = CV_THEN(st, cv_custody_found(c, f->policy->vault, err));
    if (st == CV_OK) {
        cv_custody_sign_as(c, f->policy, &id->public, cv_identity_sign, (void *)(uintptr_t)id, f->log_key);
        st = cv_custody_begin(c, err);
    }
    st = CV_THEN(st, cv_custody_add(c, CV_KIND_POLICY, cv_buf_view(&note), NULL, NULL, err));
    st = CV_THEN(st, cv_custody_add(c, CV_KIND_TEMPLATE, template_text, NULL, NULL, err));
    st = CV_THEN(st, f == NULL ? CV_ERR_NOMEM : add_seals(c, &f->seals, 1, err));
    st = CV_THEN(st, cv_custody_commit(c, err));
    cv_custody_close(c);
    cv_template_free(t);
    cv_buf_free(&note);
    if (f != NULL)
        founding_free(f);
    free(f);
    return cv_err_note(err, st, path);
}
