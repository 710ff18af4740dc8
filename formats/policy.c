#include "formats/policy.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "formats/base64.h"
#include "formats/statement.h"

cv_status cv_policy_new(struct cv_policy **out)
{
    struct cv_policy *p = calloc(1, sizeof(*p));
    *out = NULL;
    if (p == NULL)
        return CV_ERR_NOMEM;
    p->roles = calloc(CV_POLICY_ROLES_MAX, sizeof(*p->roles));
    p->sections = calloc(CV_POLICY_SECTIONS_MAX, sizeof(*p->sections));
    if (p->roles == NULL || p->sections == NULL) {
        cv_policy_free(p);
        return CV_ERR_NOMEM;
    }
    *out = p;
    return CV_OK;
}

void cv_policy_free(struct cv_policy *p)
{
    if (p == NULL)
        return;
    free(p->roles);
    free(p->sections);
    free(p->members);
    free(p);
}

/* room_for_members(p, n): a bigger array of members. */
static cv_status room_for_members(struct cv_policy *p, size_t n)
{
    if (n > CV_POLICY_MEMBERS_MAX)
        return CV_ERR_LIMIT;
    struct cv_policy_member *m = realloc(p->members, n * sizeof(*m));
    if (m == NULL)
        return CV_ERR_NOMEM;
    p->members = m;
    return CV_OK;
}

cv_status cv_policy_copy(const struct cv_policy *p, struct cv_policy **out)
{
    struct cv_policy *copy = NULL;
    cv_status st = cv_policy_new(&copy);
    *out = NULL;
    if (st != CV_OK)
        return st;
    struct cv_policy_role *roles = copy->roles;
    struct cv_policy_section *sections = copy->sections;
    *copy = *p;
    copy->roles = roles;
    copy->sections = sections;
    copy->members = NULL;
    memcpy(roles, p->roles, p->role_count * sizeof(*roles));
    memcpy(sections, p->sections, p->section_count * sizeof(*sections));
    st = room_for_members(copy, p->member_count > 0 ? p->member_count : 1);
    if (st != CV_OK) {
        cv_policy_free(copy);
        return st;
    }
    memcpy(copy->members, p->members, p->member_count * sizeof(*p->members));
    *out = copy;
    return CV_OK;
}

const struct cv_policy_role *cv_policy_role(const struct cv_policy *p, const char *name)
{
    for (size_t i = 0; i < p->role_count; i++)
        if (strcmp(p->roles[i].name, name) == 0)
            return &p->roles[i];
    return NULL;
}

const struct cv_policy_section *cv_policy_section(const struct cv_policy *p, const char *name)
{
    for (size_t i = 0; i < p->section_count; i++)
        if (strcmp(p->sections[i].name, name) == 0)
            return &p->sections[i];
    return NULL;
}

cv_roles cv_policy_keepers(const struct cv_policy *p, const char *kind, const char *name)
{
    const struct cv_policy_role *role = strcmp(kind, "role") == 0 ? cv_policy_role(p, name) : NULL;
    const struct cv_policy_section *section =
        strcmp(kind, "section") == 0 ? cv_policy_section(p, name) : NULL;
    if (role != NULL)
        return (cv_roles)1 << (role - p->roles);
    if (section != NULL)
        return section->readers;
    return strcmp(kind, "log") == 0 ? p->log.holders : strcmp(kind, "export") == 0 ? p->export.holders : 0;
}

struct cv_policy_member *cv_policy_member(const struct cv_policy *p, const char *pseudonym)
{
    for (size_t i = 0; i < p->member_count; i++)
        if (strcmp(p->members[i].key.pseudonym, pseudonym) == 0)
            return &p->members[i];
    return NULL;
}

cv_roles cv_policy_role_bit(const struct cv_policy *p, const char *name)
{
    const struct cv_policy_role *role = cv_policy_role(p, name);
    return role != NULL ? (cv_roles)1 << (role - p->roles) : 0;
}

void cv_policy_member_keyname(const struct cv_policy *p, const char *pseudonym,
                              char out[static CV_MEMBER_KEYNAME_BYTES])
{
    snprintf(out, CV_MEMBER_KEYNAME_BYTES, "casevault/%s/member/%s", p->vault, pseudonym);
}

void cv_policy_recovery_keyname(const struct cv_policy *p, char out[static CV_MEMBER_KEYNAME_BYTES])
{
    snprintf(out, CV_MEMBER_KEYNAME_BYTES, "casevault/%s/recovery", p->vault);
}

void cv_policy_origin(const struct cv_policy *p, char out[static 128])
{
    snprintf(out, 128, "casevault/%s", p->vault);
}

cv_status cv_policy_add_member(struct cv_policy *p, const struct cv_member_key *key, cv_roles roles,
                               struct cv_err *err)
{
    if (key->training != p->training)
        return cv_fail(err, CV_ERR_DENIED, "%s",
                       p->training ? "this is a TRAINING vault: it takes training identities only"
                                   : "this is a training identity: a real vault does not take it");
    if (cv_policy_member(p, key->pseudonym) != NULL)
        return cv_fail(err, CV_ERR_EXISTS, "member %s is already in the policy", key->pseudonym);
    cv_status st = room_for_members(p, p->member_count + 1);
    if (st != CV_OK)
        return cv_fail(err, st, "policy: no room for another member (at most %d)", CV_POLICY_MEMBERS_MAX);
    p->members[p->member_count++] = (struct cv_policy_member){ .key = *key, .roles = roles };
    return CV_OK;
}

cv_status cv_policy_remove_member(struct cv_policy *p, const char *pseudonym)
{
    struct cv_policy_member *m = cv_policy_member(p, pseudonym);
    if (m == NULL)
        return CV_ERR_NOTFOUND;
    const size_t at = (size_t)(m - p->members);
    memmove(m, m + 1, (p->member_count - at - 1) * sizeof(*m));
    p->member_count--;
    return CV_OK;
}

unsigned cv_policy_holders(const struct cv_policy *p, cv_roles roles)
{
    unsigned n = 0;
    for (size_t i = 0; i < p->member_count; i++)
        n += (p->members[i].roles & roles) != 0;
    return n;
}

void cv_vault_fingerprint(const char *vault, char out[static CV_FINGERPRINT_BYTES])
{
    for (size_t group = 0; group < 5; group++) {
        memcpy(out + 5 * group, vault + 4 * group, 4);
        out[5 * group + 4] = group < 4 ? '-' : '\0';
    }
}

cv_status cv_policy_signatures(const struct cv_policy *p, const struct cv_note *note, cv_roles roles,
                               unsigned *count, struct cv_err *err)
{
    *count = 0;
    for (size_t i = 0; i < p->member_count; i++) {
        const struct cv_policy_member *m = &p->members[i];
        char name[CV_MEMBER_KEYNAME_BYTES];
        if ((m->roles & roles) == 0)
            continue;
        cv_policy_member_keyname(p, m->key.pseudonym, name);
        cv_status st = cv_note_verify(note, name, m->key.sign);
        if (st == CV_ERR_AUTH)
            return cv_fail(err, CV_ERR_AUTH, "the signature of %s does not verify", m->key.pseudonym);
        if (st != CV_OK && st != CV_ERR_NOTFOUND)
            return cv_fail(err, st, "cannot check the signature of %s", m->key.pseudonym);
        *count += st == CV_OK;
    }
    return CV_OK;
}

cv_status cv_policy_add_witness(struct cv_policy_witnesses *w, const struct cv_note_key *key,
                                struct cv_err *err)
{
    if (w->count == CV_POLICY_WITNESSES_MAX)
        return cv_fail(err, CV_ERR_LIMIT, "policy: more than %d witnesses", CV_POLICY_WITNESSES_MAX);
    for (unsigned i = 0; i < w->count; i++)
        if (strcmp(w->keys[i].name, key->name) == 0 ||
            memcmp(w->keys[i].public, key->public, sizeof(key->public)) == 0)
            return cv_fail(err, CV_ERR_EXISTS, "policy: the witness %.100s stands twice", key->name);
    w->keys[w->count++] = *key;
    return CV_OK;
}

bool cv_policy_witnesses_equal(const struct cv_policy_witnesses *a, const struct cv_policy_witnesses *b)
{
    bool same = a->quorum == b->quorum && a->count == b->count;
    for (unsigned i = 0; same && i < a->count; i++)
        same = strcmp(a->keys[i].name, b->keys[i].name) == 0 &&
               memcmp(a->keys[i].public, b->keys[i].public, sizeof(a->keys[i].public)) == 0;
    return same;
}

/* ---- writing ---- */

struct cv_json *cv_policy_role_names(const struct cv_policy *p, cv_roles set)
{
    struct cv_json *a = cv_json_array();
    for (size_t i = 0; i < p->role_count && a != NULL; i++)
        if ((set & ((cv_roles)1 << i)) != 0 && cv_json_push(a, cv_json_str(p->roles[i].name)) != CV_OK) {
            cv_json_free(a);
            return NULL;
        }
    return a;
}

static struct cv_json *hex_json(const uint8_t hash[static 32])
{
    char hex[65];
    cv_hex_encode(CV_BYTES(hash, 32), hex);
    return cv_json_str(hex);
}

/* set_key(o, suite, key): the typed public key of a role or a section. */
static cv_status set_key(struct cv_json *o, uint32_t epoch, const struct cv_key *key)
{
    cv_status st = cv_json_set(o, "epoch", cv_json_int(epoch));
    st = CV_THEN(st, cv_json_set(o, "suite", cv_json_int(key->suite)));
    return CV_THEN(st, cv_json_set(o, "key", cv_json_b64u(cv_key_view(key))));
}

static cv_status write_roles(const struct cv_policy *p, struct cv_json *list)
{
    cv_status st = CV_OK;
    for (size_t i = 0; i < p->role_count && st == CV_OK; i++) {
        struct cv_json *o = cv_json_object();
        st = cv_json_push(list, o);
        st = CV_THEN(st, cv_json_set(o, "name", cv_json_str(p->roles[i].name)));
        st = CV_THEN(st, set_key(o, p->roles[i].epoch, &p->roles[i].key));
    }
    return st;
}

static cv_status write_sections(const struct cv_policy *p, struct cv_json *list)
{
    cv_status st = CV_OK;
    for (size_t i = 0; i < p->section_count && st == CV_OK; i++) {
        const struct cv_policy_section *s = &p->sections[i];
        struct cv_json *o = cv_json_object();
        st = cv_json_push(list, o);
        st = CV_THEN(st, cv_json_set(o, "name", cv_json_str(s->name)));
        st = CV_THEN(st, set_key(o, s->epoch, &s->key));
        st = CV_THEN(st, cv_json_set(o, "readers", cv_policy_role_names(p, s->readers)));
        st = CV_THEN(st, cv_json_set(o, "create", cv_policy_role_names(p, s->create)));
        st = CV_THEN(st, cv_json_set(o, "edit", cv_policy_role_names(p, s->edit)));
    }
    return st;
}

static cv_status write_members(const struct cv_policy *p, struct cv_json *list)
{
    cv_status st = CV_OK;
    for (size_t i = 0; i < p->member_count && st == CV_OK; i++) {
        struct cv_json *o = cv_json_object();
        st = cv_json_push(list, o);
        st = CV_THEN(st, cv_json_set(o, "line", cv_json_str(p->members[i].key.line)));
        st = CV_THEN(st, cv_json_set(o, "roles", cv_policy_role_names(p, p->members[i].roles)));
    }
    return st;
}

static cv_status write_signer(const struct cv_policy *p, struct cv_json *doc, const char *name,
                              const struct cv_policy_signer *s)
{
    struct cv_json *o = cv_json_object();
    cv_status st = cv_json_set(doc, name, o);
    st = CV_THEN(st, cv_json_set(o, "epoch", cv_json_int(s->epoch)));
    st = CV_THEN(st, cv_json_set(o, "key", cv_json_b64u(CV_ARR(s->key))));
    return CV_THEN(st, cv_json_set(o, "holders", cv_policy_role_names(p, s->holders)));
}

static cv_status write_erase(const struct cv_policy *p, struct cv_json *doc)
{
    struct cv_json *o = cv_json_object();
    cv_status st = cv_json_set(doc, "erase", o);
    st = CV_THEN(st, cv_json_set(o, "quorum", cv_json_int(p->erase_quorum)));
    return CV_THEN(st, cv_json_set(o, "roles", cv_policy_role_names(p, p->erasers)));
}

static cv_status write_witnesses(const struct cv_policy *p, struct cv_json *doc)
{
    struct cv_json *o = cv_json_object(), *list = cv_json_array();
    struct cv_buf vkey = { 0 };
    cv_status st = cv_json_set(doc, "witnesses", o);
    st = CV_THEN(st, cv_json_set(o, "quorum", cv_json_int(p->witnesses.quorum)));
    for (unsigned i = 0; i < p->witnesses.count && st == CV_OK; i++) {
        cv_buf_truncate(&vkey, 0);
        st = cv_cosignature_vkey(&p->witnesses.keys[i], &vkey);
        st = CV_THEN(st, cv_json_push(list, cv_json_strn(cv_buf_view(&vkey))));
    }
    st = CV_THEN(st, cv_json_set(o, "keys", cv_json_ref(list)));
    cv_json_free(list);
    cv_buf_free(&vkey);
    return st;
}

static cv_status write_recovery(const struct cv_policy *p, struct cv_json *doc)
{
    struct cv_json *o = cv_json_object(), *list = cv_json_array();
    cv_status st = cv_json_set(doc, "recovery", o);
    st = CV_THEN(st, cv_json_set(o, "key", cv_json_b64u(CV_ARR(p->recovery.key))));
    st = CV_THEN(st, cv_json_set(o, "threshold", cv_json_int(p->recovery.threshold)));
    for (unsigned i = 0; i < p->recovery.shares && st == CV_OK; i++)
        st = cv_json_push(list, cv_json_b64u(CV_ARR(p->recovery.digests[i])));
    st = CV_THEN(st, cv_json_set(o, "shares", cv_json_ref(list)));
    cv_json_free(list);
    return st;
}

/* set_list(doc, name, out): a new array in ${doc}, borrowed. */
static cv_status set_list(struct cv_json *doc, const char *name, struct cv_json **out)
{
    *out = cv_json_array();
    return cv_json_set(doc, name, *out);
}

static cv_status write_doc(const struct cv_policy *p, struct cv_json *doc)
{
    struct cv_json *list = NULL;
    cv_status st = cv_json_set(doc, "number", cv_json_int((int64_t)p->number));
    st = CV_THEN(st, cv_json_set(doc, "previous", p->number == 1 ? cv_json_str("-") : hex_json(p->previous)));
    st = CV_THEN(st, cv_json_set(doc, "training", cv_json_bool(p->training)));
    st = CV_THEN(st, cv_json_set(doc, "suite", cv_json_int(p->suite)));
    st = CV_THEN(st, cv_json_set(doc, "quorum", cv_json_int(p->quorum)));
    st = CV_THEN(st, write_erase(p, doc));
    st = CV_THEN(st, cv_json_set(doc, "package_quorum", cv_json_int(p->package_quorum)));
    st = CV_THEN(st, write_witnesses(p, doc));
    st = CV_THEN(st, cv_json_set(doc, "reason_required", cv_json_bool(p->reason_required)));
    st = CV_THEN(st, cv_json_set(doc, "template", hex_json(p->template_hash)));
    st = CV_THEN(st, set_list(doc, "roles", &list));
    st = CV_THEN(st, write_roles(p, list));
    st = CV_THEN(st, set_list(doc, "sections", &list));
    st = CV_THEN(st, write_sections(p, list));
    st = CV_THEN(st, write_signer(p, doc, "log", &p->log));
    st = CV_THEN(st, write_signer(p, doc, "export", &p->export));
    st = CV_THEN(st, write_recovery(p, doc));
    st = CV_THEN(st, set_list(doc, "members", &list));
    return CV_THEN(st, write_members(p, list));
}

cv_status cv_policy_text(struct cv_policy *p, struct cv_buf *out)
{
    const size_t start = out->n;
    struct cv_json *doc = cv_json_object();
    cv_status st = doc == NULL ? CV_ERR_NOMEM : write_doc(p, doc);
    st = CV_THEN(st, cv_statement_text("policy", p->number == 1 ? "-" : p->vault, doc, out));
    st = CV_THEN(st, cv_sha256(CV_BYTES(out->p + start, out->n - start), p->hash));
    if (st == CV_OK && p->number == 1) {
        memcpy(p->vault_id, p->hash, sizeof(p->vault_id));
        cv_hex_encode(CV_ARR(p->vault_id), p->vault);
    }
    cv_json_free(doc);
    if (st != CV_OK)
        cv_buf_truncate(out, start);
    return st;
}
