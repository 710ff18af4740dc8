#include "vault/package.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TITLE "package v1"
#define FIELDS_MAX 256
#define POLICIES_MAX 4096

/* has_right(v, section, right): by the template that the policy names. */
static bool has_right(const struct cv_vault *v, const char *section, unsigned right)
{
    const struct cv_policy *p = cv_vault_policy(v);
    const struct cv_policy_member *me = cv_vault_me(v);
    for (size_t r = 0; me != NULL && r < p->role_count; r++)
        if ((me->roles & ((cv_roles)1 << r)) != 0 &&
            (cv_template_rights(v->template, section, p->roles[r].name) & right) != 0)
            return true;
    return false;
}

/* A chosen field: section, field and element as they were named, and the same as a JSON Pointer. */
struct field {
    const char *text;
    char section[CV_NAME_BYTES], name[CV_NAME_BYTES], element[8];
    char pointer[96];
};

/* next_part(text, out, size): up to the next dot; what follows it, NULL if it does not fit. */
static const char *next_part(const char *text, char *out, size_t size)
{
    const size_t n = strcspn(text, ".");
    if (n == 0 || n >= size)
        return NULL;
    memcpy(out, text, n);
    out[n] = '\0';
    return text[n] == '.' ? text + n + 1 : text + n;
}

static cv_status read_field(const char *text, struct field *out, struct cv_err *err)
{
    const char *rest;
    memset(out, 0, sizeof(*out));
    out->text = text;
    rest = next_part(text, out->section, sizeof(out->section));
    if (rest != NULL && *rest != '\0')
        rest = next_part(rest, out->name, sizeof(out->name));
    if (rest != NULL && *rest != '\0')
        rest = next_part(rest, out->element, sizeof(out->element));
    if (rest == NULL || *rest != '\0' || text[strlen(text) - 1] == '.' ||
        out->element[strspn(out->element, "0123456789")] != '\0')
        return cv_fail(err, CV_ERR_ARG, "a field is named SECTION, SECTION.FIELD or SECTION.FIELD.N");
    snprintf(out->pointer, sizeof(out->pointer), "/%s%s%s%s%s", out->section, out->name[0] != '\0' ? "/" : "",
             out->name, out->element[0] != '\0' ? "/" : "", out->element);
    return CV_OK;
}

/* holds_key(v): packages are bound with the export key, which only roles with some right x hold. */
static bool holds_key(const struct cv_vault *v)
{
    const struct cv_policy_member *me = cv_vault_me(v);
    return me != NULL && (me->roles & cv_vault_policy(v)->export.holders) != 0;
}

/* exportable(v, d, f): may it leave? By the right x on its section; or, where a profile names this very
 * field, by the right to read it. */
static bool exportable(const struct cv_vault *v, const struct cv_disclosing *d, const struct field *f)
{
    return has_right(v, f->section, CV_RIGHT_EXPORT) ||
           (d->profile != NULL && f->name[0] != '\0' && holds_key(v) &&
            has_right(v, f->section, CV_RIGHT_READ) &&
            cv_template_profile_names(v->template, d->profile, f->section, f->name));
}

/* whole_elements(v, type, f): a field that leaves by element only, and which ${f} would take as a whole. */
static bool whole_elements(const struct cv_vault *v, const char *type, const struct field *f,
                           struct cv_template_field *out)
{
    for (size_t i = 0; f->element[0] == '\0' && cv_template_field(v->template, type, f->section, i, out); i++)
        if (out->elements && (f->name[0] == '\0' || strcmp(f->name, out->name) == 0))
            return true;
    return false;
}

/* fits(v, type, f): has a record of this type such a field? */
static bool fits(const struct cv_vault *v, const char *type, const struct field *f)
{
    struct cv_template_field field;
    if (f->name[0] == '\0')
        return cv_template_has(v->template, type, f->section);
    return cv_template_field_named(v->template, type, f->section, f->name, &field) &&
           (f->element[0] == '\0' || field.elements);
}

/* What was chosen: of these records, these fields. */
struct choice {
    struct cv_json *ids;
    struct cv_versions *records;
    size_t record_count;
    struct field *fields;
    size_t field_count;
};

static void choice_free(struct choice *c)
{
    for (size_t i = 0; i < c->record_count; i++)
        cv_versions_free(&c->records[i]);
    free(c->records);
    free(c->fields);
    cv_json_free(c->ids);
}

/* add_id(c, text): in its plain form. */
static cv_status add_id(struct choice *c, const char *text, struct cv_err *err)
{
    uint8_t raw[CV_ID_BYTES];
    char id[CV_ID_TEXT_BYTES];
    cv_status st = cv_id_parse(cv_bytes_str(text), raw, err);
    if (st == CV_OK)
        cv_id_text(raw, id);
    return CV_THEN(st, cv_json_push(c->ids, cv_json_str(id)));
}

/* check_known(v, f): some type has it: what is merely mistyped is no attempt. */
static cv_status check_known(const struct cv_vault *v, const struct field *f, struct cv_err *err)
{
    const char *type;
    for (size_t i = 0; (type = cv_template_type(v->template, i)) != NULL; i++)
        if (fits(v, type, f))
            return CV_OK;
    return cv_fail(err, CV_ERR_ARG, "no type of record has a field %.100s", f->text);
}

/* refusal_of(d, c, f): what the log says of an attempt that is refused. */
static struct cv_refusal refusal_of(const struct cv_disclosing *d, const struct choice *c,
                                    const struct field *f)
{
    return (struct cv_refusal){ .to = "export", .ids = c->ids, .section = f->text, .reason = d->reason };
}

/* check_right(v, d, c, f): may this member send it, under this profile? */
static cv_status check_right(struct cv_vault *v, const struct cv_disclosing *d, const struct choice *c,
                             const struct field *f, struct cv_err *err)
{
    const struct cv_refusal refusal = refusal_of(d, c, f);
    if (!exportable(v, d, f))
        return cv_event_refuse(v, &refusal, CV_ERR_DENIED, err,
                               "none of your roles may export the section %s", f->section);
    if (d->profile != NULL &&
        !cv_template_profile_allows(v->template, d->profile, f->section, f->name[0] != '\0' ? f->name : "*"))
        return cv_event_refuse(v, &refusal, CV_ERR_DENIED, err, "the profile %s does not carry %s",
                               d->profile, f->text);
    return CV_OK;
}

/* check_fit(v, d, c, f): some record has the field, and none would lose by it more than one element. */
static cv_status check_fit(struct cv_vault *v, const struct cv_disclosing *d, const struct choice *c,
                           const struct field *f, struct cv_err *err)
{
    const struct cv_refusal refusal = refusal_of(d, c, f);
    struct cv_template_field field;
    bool known = false;
    for (size_t i = 0; i < c->record_count; i++) {
        const char *type = c->records[i].v[0].type;
        if (whole_elements(v, type, f, &field))
            return cv_event_refuse(v, &refusal, CV_ERR_DENIED, err,
                                   "%s.%s leaves one by one: name which, as in %s.%s.0 for the first",
                                   f->section, field.name, f->section, field.name);
        known = known || fits(v, type, f);
    }
    if (known)
        return CV_OK;
    return cv_fail(err, CV_ERR_ARG, "a %s has no field %.100s", c->records[0].v[0].type, f->text);
}

/* choose(v, d, c): read what was asked for, and refuse what may not leave, before anything is opened. */
static cv_status choose(struct cv_vault *v, const struct cv_disclosing *d, struct choice *c,
                        struct cv_err *err)
{
    size_t records = 0, fields = 0;
    while (d->records[records] != NULL)
        records++;
    while (d->fields[fields] != NULL)
        fields++;
    if (fields > FIELDS_MAX)
        return cv_fail(err, CV_ERR_LIMIT, "package: more than %d fields", FIELDS_MAX);
    c->records = calloc(records + 1, sizeof(*c->records));
    c->fields = calloc(fields + 1, sizeof(*c->fields));
    c->ids = cv_json_array();
    cv_status st = c->records == NULL || c->fields == NULL || c->ids == NULL ? CV_ERR_NOMEM : CV_OK;
    for (size_t i = 0; st == CV_OK && i < records; i++)
        st = add_id(c, d->records[i], err);
    for (; st == CV_OK && c->field_count < fields; c->field_count++) {
        st = read_field(d->fields[c->field_count], &c->fields[c->field_count], err);
        st = CV_THEN(st, check_known(v, &c->fields[c->field_count], err));
    }
    for (size_t i = 0; st == CV_OK && i < fields; i++)
        st = check_right(v, d, c, &c->fields[i], err);
    for (; st == CV_OK && c->record_count < records; c->record_count++)
        st = cv_record_find(v, d->records[c->record_count], "export", d->reason, &c->records[c->record_count],
                            err);
    for (size_t i = 0; st == CV_OK && i < fields; i++)
        st = check_fit(v, d, c, &c->fields[i], err);
    return st;
}

/* check_profile(v, name): one of the template's; they are named where it is not. */
static cv_status check_profile(const struct cv_vault *v, const char *name, struct cv_err *err)
{
    struct cv_buf list = { 0 };
    const char *known;
    cv_status st = CV_OK;
    for (size_t i = 0; name != NULL && (known = cv_template_profile(v->template, i)) != NULL; i++) {
        if (strcmp(known, name) == 0)
            name = NULL;
        st = CV_THEN(st, cv_buf_printf(&list, "%s%s", i > 0 ? ", " : "", known));
    }
    if (name != NULL)
        st = CV_THEN(st, cv_fail(err, CV_ERR_ARG, "there is no profile %.40s; there are: %.*s", name,
                                 (int)list.n, list.n > 0 ? (const char *)list.p : ""));
    cv_buf_free(&list);
    return st;
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

/* sections_of(v, type, c, out): the sections to read, each once, of those that the type has;
 * NULL-terminated. */
static void sections_of(const struct cv_vault *v, const char *type, const struct choice *c, const char **out)
{
    size_t n = 0;
    for (size_t i = 0; i < c->field_count; i++) {
        const char *section = c->fields[i].section;
        bool have = !cv_template_has(v->template, type, section);
        for (size_t j = 0; j < n; j++)
            have = have || strcmp(out[j], section) == 0;
        if (!have)
            out[n++] = section;
    }
    out[n] = NULL;
}

static cv_status one_record(struct cv_vault *v, const struct cv_disclosing *d, const struct choice *c,
                            const struct cv_versions *versions, struct cv_json *records, struct cv_err *err)
{
    const char *sections[FIELDS_MAX + 1];
    struct cv_record r = { 0 };
    size_t shown = 0;
    sections_of(v, versions->v[0].type, c, sections);
    if (sections[0] == NULL)
        return cv_fail(err, CV_ERR_NOTFOUND, "record %s has none of the chosen sections", versions->v[0].id);
    cv_status st = cv_record_read(v, versions->v[0].id, 0, sections, "export", d->reason, &r, err);
    for (size_t i = 0; i < r.source_count && st == CV_OK; i++)
        st = present(v, d, &r.sources[i], c->fields, c->field_count, records, &shown, err);
    if (st == CV_OK && shown == 0)
        st = cv_fail(err, CV_ERR_NOTFOUND, "record %s holds none of the chosen fields", r.id);
    cv_record_free(&r);
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

/* log_package(v, d, ids): what left, for whom; before it does. */
static cv_status log_package(struct cv_vault *v, const struct cv_disclosing *d, const struct cv_json *ids,
                             struct cv_err *err)
{
    struct cv_json *fields = cv_json_array();
    char detail[200];
    cv_status st = CV_OK;
    for (size_t i = 0; d->fields[i] != NULL && st == CV_OK; i++)
        st = cv_json_push(fields, cv_json_str(d->fields[i]));
    snprintf(detail, sizeof(detail), "to %.90s, nonce %.90s", d->aud, d->nonce);
    const struct cv_event event = {
        .action = "package", .ids = ids, .sections = fields, .detail = detail, .reason = d->reason
    };
    st = CV_THEN(st, cv_event_log(v, &event, err));
    cv_json_free(fields);
    return st;
}

cv_status cv_package_write(struct cv_vault *v, const struct cv_disclosing *d, struct cv_buf *out,
                           struct cv_err *err)
{
    struct choice c = { 0 };
    struct cv_json *doc = cv_json_object(), *records = cv_json_array(), *policies = cv_json_array();
    cv_status st = check_profile(v, d->profile, err);
    st = CV_THEN(st, choose(v, d, &c, err));
    for (size_t i = 0; st == CV_OK && i < c.record_count; i++)
        st = one_record(v, d, &c, &c.records[i], records, err);
    st = CV_THEN(st, add_policies(v, policies, err));
    st = CV_THEN(st, cv_json_set(doc, "casevault", cv_json_str(TITLE)));
    st = CV_THEN(st, cv_json_set(doc, "vault", cv_json_str(cv_vault_policy(v)->vault)));
    st = CV_THEN(st, cv_json_set(doc, "training", cv_json_bool(cv_vault_policy(v)->training)));
    st = CV_THEN(st, cv_json_set(doc, "aud", cv_json_str(d->aud)));
    st = CV_THEN(st, cv_json_set(doc, "nonce", cv_json_str(d->nonce)));
    st = CV_THEN(st, cv_json_set(doc, "policies", cv_json_ref(policies)));
    st = CV_THEN(st, cv_json_set(doc, "records", cv_json_ref(records)));
    st = CV_THEN(st, log_package(v, d, c.ids, err));
    st = CV_THEN(st, cv_json_write(doc, out));
    st = CV_THEN(st, cv_buf_str(out, "\n"));
    choice_free(&c);
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
