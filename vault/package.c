#include "vault/package.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TITLE "package v1"
#define FIELDS_MAX 256
#define POLICIES_MAX 4096

/* may_export(v, section): by the template that the policy names. */
static bool may_export(const struct cv_vault *v, const char *section)
{
    const struct cv_policy *p = cv_vault_policy(v);
    const struct cv_policy_member *me = cv_vault_me(v);
    for (size_t r = 0; me != NULL && r < p->role_count; r++)
        if ((me->roles & ((cv_roles)1 << r)) != 0 &&
            (cv_template_rights(v->template, section, p->roles[r].name) & CV_RIGHT_EXPORT) != 0)
            return true;
    return false;
}

/* A chosen field: "identity.first_name" and what it is as a JSON Pointer. */
struct field {
    char section[CV_NAME_BYTES], name[CV_NAME_BYTES];
    char pointer[96];
};

static cv_status read_field(const struct cv_vault *v, const struct cv_disclosing *d, const char *text,
                            struct field *out, struct cv_err *err)
{
    const char *dot = strchr(text, '.');
    const size_t n = dot != NULL ? (size_t)(dot - text) : strlen(text);
    memset(out, 0, sizeof(*out));
    if (n == 0 || n >= sizeof(out->section) || strlen(text) + 2 > sizeof(out->pointer))
        return cv_fail(err, CV_ERR_ARG, "a field is named SECTION, SECTION.FIELD or SECTION.FIELD.N");
    memcpy(out->section, text, n);
    if (dot != NULL)
        snprintf(out->name, sizeof(out->name), "%.*s", (int)strcspn(dot + 1, "."), dot + 1);
    snprintf(out->pointer, sizeof(out->pointer), "/%s", text);
    for (char *p = out->pointer; *p != '\0'; p++)
        *p = *p == '.' ? '/' : *p;
    if (!may_export(v, out->section))
        return cv_fail(err, CV_ERR_DENIED, "none of your roles may export the section %s", out->section);
    if (d->profile != NULL && !cv_template_profile_allows(v->template, d->profile, out->section,
                                                          out->name[0] != '\0' ? out->name : "*"))
        return cv_fail(err, CV_ERR_DENIED, "the profile %s does not carry %s", d->profile, text);
    return CV_OK;
}

/* there(r, f): does this record hold the field in its chosen version? */
static bool there(const struct cv_json *data, const struct field *f)
{
    return f->name[0] == '\0' ? cv_json_len(data) > 0 : cv_json_get(data, f->name) != NULL;
}

/* bound_to(s, key): the export key that was to bind it when its author signed: its `cnf`. */
static cv_status bound_to(const struct cv_source *s, uint8_t key[static 32], struct cv_err *err)
{
    struct cv_jws jws = { 0 };
    cv_status st = cv_jws_parse(cv_json_text(cv_json_get(s->head, "jwt")), CV_RECORD_TYP, &jws, err);
    st = CV_THEN(st, cv_jwk_okp_parse(cv_json_get(cv_json_get(jws.payload, "cnf"), "jwk"), key, err));
    cv_jws_free(&jws);
    return st;
}

/* present(v, r, source, fields): the SD-JWT with key binding of one version, if it holds anything that was
 * chosen. */
static cv_status present(struct cv_vault *v, const struct cv_disclosing *d, const struct cv_source *s,
                         const struct field *fields, size_t count, struct cv_json *records, size_t *shown,
                         struct cv_err *err)
{
    static const char *const always[] = { "/record_id", "/record_type", "/version" };
    const char *pointers[FIELDS_MAX + 3];
    struct cv_ed25519_key *export = NULL;
    struct cv_buf selected = { 0 }, bound = { 0 };
    struct cv_json *o = cv_json_object();
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        if (there(cv_json_get(s->sections, fields[i].section), &fields[i]))
            pointers[n++] = fields[i].pointer;
    *shown += n;
    if (n == 0 || s->sd == NULL) {
        cv_json_free(o);
        return CV_OK;
    }
    for (size_t i = 0; i < 3; i++)
        pointers[n++] = always[i];
    uint8_t holder[32];
    cv_status st = bound_to(s, holder, err);
    st = CV_THEN(st, cv_keyring_export(v->keys, holder, &export, err));
    st = CV_THEN(st, cv_sdjwt_select(s->sd, pointers, n, &selected, err));
    st = CV_THEN(st, cv_sdjwt_bind(cv_buf_view(&selected), d->aud, d->nonce, (int64_t)time(NULL), cv_sign_key,
                                   export, &bound, err));
    st = CV_THEN(st, cv_json_set(o, "presentation", cv_json_strn(cv_buf_view(&bound))));
    st = CV_THEN(st, cv_json_push(records, cv_json_ref(o)));
    cv_json_free(o);
    cv_buf_free(&selected);
    cv_buf_free(&bound);
    return st;
}

/* sections_of(fields, out): the sections to read, each once, NULL-terminated. */
static void sections_of(const struct field *fields, size_t count, const char **out)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        bool have = false;
        for (size_t j = 0; j < n; j++)
            have = have || strcmp(out[j], fields[i].section) == 0;
        if (!have)
            out[n++] = fields[i].section;
    }
    out[n] = NULL;
}

/* only_of_type(v, type, sections, out): those of them that the type has. */
static void only_of_type(const struct cv_vault *v, const char *type, const char *const *sections,
                         const char **out)
{
    size_t n = 0;
    for (size_t i = 0; sections[i] != NULL; i++)
        if (cv_template_has(v->template, type, sections[i]))
            out[n++] = sections[i];
    out[n] = NULL;
}

static cv_status one_record(struct cv_vault *v, const struct cv_disclosing *d, const char *id,
                            const struct field *fields, size_t count, struct cv_json *records,
                            struct cv_err *err)
{
    const char *sections[FIELDS_MAX + 1], *of_type[FIELDS_MAX + 1];
    struct cv_record r = { 0 };
    struct cv_versions versions = { 0 };
    size_t shown = 0;
    sections_of(fields, count, sections);
    cv_status st = cv_record_versions(v, id, &versions, err);
    if (st == CV_OK) {
        only_of_type(v, versions.v[0].type, sections, of_type);
        if (of_type[0] == NULL)
            st = cv_fail(err, CV_ERR_NOTFOUND, "record %s has none of the chosen sections", versions.v[0].id);
    }
    st = CV_THEN(st, cv_record_read(v, id, 0, of_type, "export", d->reason, &r, err));
    for (size_t i = 0; i < r.source_count && st == CV_OK; i++)
        st = present(v, d, &r.sources[i], fields, count, records, &shown, err);
    if (st == CV_OK && shown == 0)
        st = cv_fail(err, CV_ERR_NOTFOUND, "record %s holds none of the chosen fields", r.id);
    cv_record_free(&r);
    cv_versions_free(&versions);
    return st;
}

/* add_policies(v, list): the chain, from the first. */
static cv_status add_policies(struct cv_vault *v, struct cv_json *list, struct cv_err *err)
{
    cv_status st = CV_OK;
    for (uint64_t n = 1; n <= cv_vault_policy(v)->number && st == CV_OK; n++) {
        struct cv_adopted where;
        struct cv_buf note = { 0 };
        st = cv_catalog_policy(v->custody->catalog, n, &where, err);
        st = CV_THEN(st, cv_custody_read(v->custody, where.index, CV_KIND_POLICY, &note, err));
        st = CV_THEN(st, cv_json_push(list, cv_json_strn(cv_buf_view(&note))));
        cv_buf_free(&note);
    }
    return st;
}

/* log_package(v, d): what left, for whom; before it does. */
static cv_status log_package(struct cv_vault *v, const struct cv_disclosing *d, struct cv_err *err)
{
    struct cv_json *ids = cv_json_array(), *fields = cv_json_array();
    char detail[200];
    cv_status st = CV_OK;
    for (size_t i = 0; d->records[i] != NULL && st == CV_OK; i++)
        st = cv_json_push(ids, cv_json_str(d->records[i]));
    for (size_t i = 0; d->fields[i] != NULL && st == CV_OK; i++)
        st = cv_json_push(fields, cv_json_str(d->fields[i]));
    snprintf(detail, sizeof(detail), "to %.90s, nonce %.90s", d->aud, d->nonce);
    const struct cv_event event = {
        .action = "package", .ids = ids, .sections = fields, .detail = detail, .reason = d->reason
    };
    st = CV_THEN(st, cv_event_log(v, &event, err));
    cv_json_free(ids);
    cv_json_free(fields);
    return st;
}

cv_status cv_package_write(struct cv_vault *v, const struct cv_disclosing *d, struct cv_buf *out,
                           struct cv_err *err)
{
    struct field *fields = calloc(FIELDS_MAX, sizeof(*fields));
    struct cv_json *doc = cv_json_object(), *records = cv_json_array(), *policies = cv_json_array();
    size_t count = 0;
    cv_status st = fields == NULL ? CV_ERR_NOMEM : CV_OK;
    for (; st == CV_OK && d->fields[count] != NULL; count++)
        st = count == FIELDS_MAX ? CV_ERR_LIMIT : read_field(v, d, d->fields[count], &fields[count], err);
    for (size_t i = 0; st == CV_OK && d->records[i] != NULL; i++)
        st = one_record(v, d, d->records[i], fields, count, records, err);
    st = CV_THEN(st, add_policies(v, policies, err));
    st = CV_THEN(st, cv_json_set(doc, "casevault", cv_json_str(TITLE)));
    st = CV_THEN(st, cv_json_set(doc, "vault", cv_json_str(cv_vault_policy(v)->vault)));
    st = CV_THEN(st, cv_json_set(doc, "training", cv_json_bool(cv_vault_policy(v)->training)));
    st = CV_THEN(st, cv_json_set(doc, "aud", cv_json_str(d->aud)));
    st = CV_THEN(st, cv_json_set(doc, "nonce", cv_json_str(d->nonce)));
    st = CV_THEN(st, cv_json_set(doc, "policies", cv_json_ref(policies)));
    st = CV_THEN(st, cv_json_set(doc, "records", cv_json_ref(records)));
    st = CV_THEN(st, log_package(v, d, err));
    st = CV_THEN(st, cv_json_write(doc, out));
    st = CV_THEN(st, cv_buf_str(out, "\n"));
    free(fields);
    cv_json_free(records);
    cv_json_free(policies);
    cv_json_free(doc);
    return cv_err_note(err, st, "package");
}

/* ---- verifying ---- */

struct chain {
    struct cv_policy **p;
    size_t count;
};

/* issuer: anyone who was a member under any policy of the chain. */
static cv_status issuer(void *arg, const char *iss, const char *kid, uint8_t public[static 32])
{
    const struct chain *c = arg;
    char urn[CV_VAULT_HEX_BYTES + 16];
    snprintf(urn, sizeof(urn), "urn:casevault:%s", c->p[0]->vault);
    if (iss == NULL || kid == NULL || strcmp(iss, urn) != 0)
        return CV_ERR_NOTFOUND;
    for (size_t i = 0; i < c->count; i++) {
        const struct cv_policy_member *m = cv_policy_member(c->p[i], kid);
        if (m != NULL) {
            memcpy(public, m->key.sign, 32);
            return CV_OK;
        }
    }
    return CV_ERR_NOTFOUND;
}

/* inside(st, what, i, bad): whatever stands in a package was signed as a whole: what does not read there has
 * been altered, as has what does not verify. */
static cv_status inside(cv_status st, const char *what, size_t i, const struct cv_err *bad,
                        struct cv_err *err)
{
    if (st == CV_OK)
        return CV_OK;
    if (st != CV_ERR_LOG && st != CV_ERR_NOMEM && st != CV_ERR_INTERNAL)
        st = CV_ERR_AUTH;
    return cv_fail(err, st, "its %s %zu: %.200s", what, i + 1,
                   bad->msg[0] != '\0' ? bad->msg : cv_status_text(st));
}

static cv_status read_chain(const struct cv_json *list, struct chain *c, struct cv_err *err)
{
    const size_t n = cv_json_len(list);
    cv_status st = CV_OK;
    c->p = calloc(n, sizeof(*c->p));
    if (c->p == NULL)
        return CV_ERR_NOMEM;
    for (; st == CV_OK && c->count < n; c->count += st == CV_OK) {
        struct cv_err bad = { 0 };
        st = cv_policy_parse(cv_json_text(cv_json_at(list, c->count)),
                             c->count > 0 ? c->p[c->count - 1] : NULL, &c->p[c->count], &bad);
        st = inside(st, "policy", c->count, &bad, err);
    }
    return st;
}

/* check_holder(c, claims): the key that bound the package is an export key of the vault. */
static cv_status check_holder(const struct chain *c, const struct cv_json *claims, struct cv_err *err)
{
    uint8_t key[32];
    cv_status st = cv_jwk_okp_parse(cv_json_get(cv_json_get(claims, "cnf"), "jwk"), key, err);
    for (size_t i = 0; st == CV_OK && i < c->count; i++)
        if (memcmp(key, c->p[i]->export.key, sizeof(key)) == 0)
            return CV_OK;
    return st != CV_OK ? st : cv_fail(err, CV_ERR_AUTH, "bound by a key that is not the vault's export key");
}

static cv_status verify_record(const struct cv_json *record, const struct cv_sdjwt_rules *rules,
                               const struct chain *c, struct cv_json **claims, struct cv_err *err)
{
    static const char *const names[] = { "presentation", NULL };
    *claims = NULL;
    cv_status st = cv_json_only(record, names, "record", err);
    st = CV_THEN(st, cv_sdjwt_verify(cv_json_text(cv_json_get(record, "presentation")), rules, claims, err));
    st = CV_THEN(st, check_holder(c, *claims, err));
    const char *vct = cv_json_get_str(*claims, "vct");
    if (st == CV_OK && (vct == NULL || strcmp(vct, CV_RECORD_VCT) != 0))
        st = cv_fail(err, CV_ERR_AUTH, "not a casevault record (vct)");
    if (st == CV_OK && cv_json_get_bool(*claims, "training") != c->p[0]->training)
        st = cv_fail(err, CV_ERR_AUTH, "training and real are mixed");
    return st;
}

static cv_status verify_records(const struct cv_json *records, const struct cv_sdjwt_rules *rules,
                                const struct chain *c, struct cv_json *out, struct cv_err *err)
{
    cv_status st = CV_OK;
    for (size_t i = 0; st == CV_OK && i < cv_json_len(records); i++) {
        struct cv_json *claims = NULL;
        struct cv_err bad = { 0 };
        st = verify_record(cv_json_at(records, i), rules, c, &claims, &bad);
        st = inside(st, "record", i, &bad, err);
        st = CV_THEN(st, cv_json_push(out, cv_json_ref(claims)));
        cv_json_free(claims);
    }
    return st;
}

/* read_doc(package, out): a document of the right title and members, whatever stands in them. */
static cv_status read_doc(struct cv_bytes package, struct cv_json **out, struct cv_err *err)
{
    static const char *const names[] = { "casevault", "vault",    "training", "aud",
                                         "nonce",     "policies", "records",  NULL };
    cv_status st = cv_json_parse(package, CV_PACKAGE_MAX_BYTES, "not a package", out, err);
    const struct cv_json *doc = *out, *policies = cv_json_get(doc, "policies");
    const char *title = cv_json_get_str(doc, "casevault");
    if (st == CV_OK && (title == NULL || strcmp(title, TITLE) != 0))
        return cv_fail(err, CV_ERR_FORMAT, "not a casevault package of version 1");
    st = CV_THEN(st, cv_json_only(doc, names, "not a package", err));
    if (st == CV_OK &&
        (cv_json_get_str(doc, "vault") == NULL || cv_json_get_str(doc, "aud") == NULL ||
         cv_json_get_str(doc, "nonce") == NULL || !cv_json_is(cv_json_get(doc, "training"), CV_JSON_BOOL) ||
         !cv_json_is(policies, CV_JSON_ARRAY) || cv_json_len(policies) == 0 ||
         cv_json_len(policies) > POLICIES_MAX || !cv_json_is(cv_json_get(doc, "records"), CV_JSON_ARRAY) ||
         cv_json_len(cv_json_get(doc, "records")) == 0))
        st = cv_fail(err, CV_ERR_FORMAT, "not a package: a member is missing, or of the wrong type");
    return st;
}

/* check_origin(doc, first, fingerprint): the document says of itself what its policies prove. */
static cv_status check_origin(const struct cv_json *doc, const struct cv_policy *first,
                              const char *fingerprint, struct cv_err *err)
{
    char print[CV_FINGERPRINT_BYTES];
    cv_vault_fingerprint(first->vault, print);
    if (strcmp(print, fingerprint) != 0)
        return cv_fail(err, CV_ERR_AUTH, "comes from the vault %s, not from the one you named", print);
    if (strcmp(cv_json_get_str(doc, "vault"), first->vault) != 0 ||
        cv_json_get_bool(doc, "training") != first->training)
        return cv_fail(err, CV_ERR_AUTH, "names another vault than its policies, or another use of it");
    return CV_OK;
}

/* check_ask(doc, aud, nonce): it names whom it is for, as every record in it does, and that is who asks. */
static cv_status check_ask(const struct cv_json *doc, const char *aud, const char *nonce, struct cv_err *err)
{
    if (aud != NULL && strcmp(aud, cv_json_get_str(doc, "aud")) != 0)
        return cv_fail(err, CV_ERR_AUTH, "made for another recipient (aud)");
    if (nonce != NULL && strcmp(nonce, cv_json_get_str(doc, "nonce")) != 0)
        return cv_fail(err, CV_ERR_AUTH, "made for another request (nonce)");
    return CV_OK;
}

cv_status cv_package_verify(struct cv_bytes package, const char *fingerprint, const char *aud,
                            const char *nonce, int64_t now, struct cv_json **claims, bool *training,
                            struct cv_err *err)
{
    struct cv_json *doc = NULL, *out = cv_json_array();
    struct chain c = { 0 };
    *claims = NULL;
    *training = false;
    cv_status st = read_doc(package, &doc, err);
    st = CV_THEN(st, read_chain(cv_json_get(doc, "policies"), &c, err));
    st = CV_THEN(st, check_origin(doc, c.p[0], fingerprint, err));
    st = CV_THEN(st, check_ask(doc, aud, nonce, err));
    const struct cv_sdjwt_rules rules = { .typ = CV_RECORD_TYP,
                                          .aud = cv_json_get_str(doc, "aud"),
                                          .nonce = cv_json_get_str(doc, "nonce"),
                                          .need_binding = true,
                                          .now = now,
                                          .issuer = issuer,
                                          .arg = &c };
    st = CV_THEN(st, verify_records(cv_json_get(doc, "records"), &rules, &c, out, err));
    if (st == CV_OK) {
        *training = c.p[0]->training;
        *claims = out;
        out = NULL;
    }
    for (size_t i = 0; i < c.count; i++)
        cv_policy_free(c.p[i]);
    free(c.p);
    cv_json_free(out);
    cv_json_free(doc);
    return cv_err_note(err, st, "package");
}
