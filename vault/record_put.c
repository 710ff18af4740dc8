#include <string.h>
#include <time.h>

#include "crypto/hash.h"
#include "crypto/random.h"
#include "formats/base64.h"
#include "vault/record.h"

#define SEED_BYTES 32
#define PART_FLOOR 256
#define DAY 86400

/* A version being made. */
struct making {
    struct cv_json *head, *sections, *seeds;
    const char *type, *id;
    uint64_t version;
    struct cv_buf jwt;
    struct cv_envelope env;
    struct cv_buf sealed; /* the parts, one after another */
};

static void making_free(struct making *m)
{
    cv_json_free(m->head);
    cv_json_free(m->sections);
    cv_json_free(m->seeds);
    cv_buf_free(&m->jwt);
    cv_buf_free(&m->sealed);
}

static cv_status add_seed(struct cv_json *seeds, const char *name)
{
    uint8_t seed[SEED_BYTES];
    cv_status st = cv_random(seed, sizeof(seed));
    st = CV_THEN(st, cv_json_set(seeds, name, cv_json_b64u(CV_ARR(seed))));
    cv_wipe(seed, sizeof(seed));
    return st;
}

/* may_write(v, section, first): does the policy let this member? */
static cv_status may_write(const struct cv_vault *v, const char *section, bool first, struct cv_err *err)
{
    if (first ? cv_vault_may_create(v, section)
              : cv_vault_may_edit(v, section) || cv_vault_may_create(v, section))
        return CV_OK;
    return cv_fail(err, CV_ERR_DENIED, "none of your roles may write the section %s", section);
}

/* lay_out(v, m, record): every section of the type, given or empty, with its seed. */
static cv_status lay_out(const struct cv_vault *v, struct making *m, const struct cv_json *record, bool first,
                         struct cv_err *err)
{
    const char *section;
    m->sections = cv_json_object();
    m->seeds = cv_json_object();
    cv_status st = m->sections == NULL || m->seeds == NULL ? CV_ERR_NOMEM : add_seed(m->seeds, "head");
    for (size_t i = 0; st == CV_OK && (section = cv_template_type_section(v->template, m->type, i)) != NULL;
         i++) {
        struct cv_json *given = cv_json_get(record, section);
        if (given != NULL && cv_json_len(given) > 0)
            st = may_write(v, section, first, err);
        st = CV_THEN(
            st, cv_json_set(m->sections, section, given != NULL ? cv_json_ref(given) : cv_json_object()));
        st = CV_THEN(st, add_seed(m->seeds, section));
    }
    return st;
}

/* visible(v): the claims in the clear. */
static struct cv_json *visible(const struct cv_vault *v)
{
    const struct cv_policy *p = cv_vault_policy(v);
    struct cv_json *o = cv_json_object(), *cnf = cv_json_object();
    cv_status st = cv_json_set(cnf, "jwk", cv_jwk_okp(p->export.key));
    st = CV_THEN(st, cv_json_set(o, "iss", cv_json_str(v->uuid)));
    st = CV_THEN(st, cv_json_set(o, "iat", cv_json_int((int64_t)(time(NULL) / DAY * DAY))));
    st = CV_THEN(st, cv_json_set(o, "vct", cv_json_str(CV_RECORD_VCT)));
    st = CV_THEN(st, cv_json_set(o, "cnf", cv_json_ref(cnf)));
    if (p->training)
        st = CV_THEN(st, cv_json_set(o, "training", cv_json_bool(true)));
    cv_json_free(cnf);
    if (st == CV_OK)
        return o;
    cv_json_free(o);
    return NULL;
}

/* What will be stored, built a second time, beside the rest of the work. */
struct rebuild {
    const struct cv_claims *claims;
    const struct cv_json *clear;
    struct cv_sdjwt *again;
    cv_status st;
};

static void rebuild(void *arg)
{
    struct rebuild *r = arg;
    r->st = cv_claims_build(r->claims, r->clear, &r->again, NULL);
}

/* sign(v, m, claims, clear): the issuer-signed JWT. */
static cv_status sign(const struct cv_vault *v, struct making *m, const struct cv_claims *claims,
                      const struct cv_json *clear, struct cv_err *err)
{
    struct cv_sdjwt *built = NULL;
    cv_status st = cv_claims_build(claims, clear, &built, err);
    st = CV_THEN(st, cv_sdjwt_sign(built, CV_RECORD_TYP, v->id->public.pseudonym, cv_identity_sign,
                                   (void *)(uintptr_t)v->id, &m->jwt, err));
    cv_sdjwt_free(built);
    return st;
}

/* seal_part(v, m, part, section, release key, text): one part of the envelope. */
static cv_status seal_part(struct cv_vault *v, struct making *m, const char *part, const char *section,
                           struct cv_bytes release_key, struct cv_bytes text)
{
    const struct cv_place_of x = { cv_vault_policy(v)->vault_id, m->env.handle, part };
    struct cv_part *p = &m->env.parts[m->env.count++];
    struct cv_secret key = { 0 }, release = { 0 };
    const size_t start = m->sealed.n;
    memset(p, 0, sizeof(*p));
    memcpy(p->name, part, strlen(part));
    memcpy(p->section, section, strlen(section));
    cv_status st = cv_schedule_section(cv_writer_key(v, section), &x, &key);
    st = CV_THEN(st, cv_schedule_release(release_key, &x, &release));
    st = CV_THEN(
        st, cv_part_seal(cv_secret_view(&key), cv_secret_view(&release), &x, PART_FLOOR, text, &m->sealed));
    p->sealed.n = m->sealed.n - start;
    cv_secret_free(&key);
    cv_secret_free(&release);
    return st;
}

/* seal_head(v, m, release key): the head as it is signed and its seed; on a line of its own, the JWT. */
static cv_status seal_head(struct cv_vault *v, struct making *m, struct cv_bytes release_key)
{
    struct cv_json *plain = cv_json_object();
    struct cv_buf text = { 0 };
    cv_status st = CV_OK;
    for (void *it = cv_json_first(m->head); st == CV_OK && it != NULL; it = cv_json_next(m->head, it))
        st = cv_json_set(plain, cv_json_iter_name(it), cv_json_ref(cv_json_iter_value(it)));
    st = CV_THEN(st, cv_json_set(plain, "seed", cv_json_ref(cv_json_get(m->seeds, "head"))));
    st = CV_THEN(st, cv_json_write(plain, &text));
    st = CV_THEN(st, cv_buf_str(&text, "\n"));
    st = CV_THEN(st, cv_buf_append(&text, cv_buf_view(&m->jwt)));
    st = CV_THEN(st,
                 seal_part(v, m, "head", cv_vault_head_section(v, m->type), release_key, cv_buf_view(&text)));
    cv_json_free(plain);
    cv_buf_free(&text);
    return st;
}

/* seal_parts(v, m): head, then every section, under one release key. */
static cv_status seal_parts(struct cv_vault *v, struct making *m, struct cv_err *err)
{
    struct cv_secret release_key = { 0 };
    const char *section;
    cv_status st = cv_random(m->env.handle, sizeof(m->env.handle));
    st = CV_THEN(st, cv_custody_take_slot(v->custody, &m->env.slot, &release_key, err));
    st = CV_THEN(st, seal_head(v, m, cv_secret_view(&release_key)));
    for (size_t i = 0; st == CV_OK && (section = cv_template_type_section(v->template, m->type, i)) != NULL;
         i++) {
        struct cv_json *plain = cv_json_object();
        struct cv_buf text = { .max = 2 * CV_RECORD_MAX_BYTES };
        st = cv_json_set(plain, "data", cv_json_ref(cv_json_get(m->sections, section)));
        st = CV_THEN(st, cv_json_set(plain, "seed", cv_json_ref(cv_json_get(m->seeds, section))));
        st = CV_THEN(st, cv_json_write(plain, &text));
        st = CV_THEN(st, seal_part(v, m, section, section, cv_secret_view(&release_key), cv_buf_view(&text)));
        cv_json_free(plain);
        cv_buf_free(&text);
    }
    size_t at = 0;
    for (size_t i = 0; i < m->env.count; at += m->env.parts[i].sealed.n, i++)
        m->env.parts[i].sealed.p = m->sealed.p + at;
    cv_secret_free(&release_key);
    return st;
}

/* need_keys(v, m): batch keys for head and all sections of the type, and for the event that goes with it. */
static cv_status need_keys(struct cv_vault *v, struct making *m, struct cv_err *err)
{
    const char *names[CV_POLICY_SECTIONS_MAX + 2];
    size_t n = 0;
    names[n++] = "audit";
    names[n++] = cv_vault_head_section(v, m->type);
    for (size_t i = 0;
         n < CV_POLICY_SECTIONS_MAX && (names[n] = cv_template_type_section(v->template, m->type, i)) != NULL;
         i++)
        n++;
    return cv_writer_need(v, names, n, &m->env.batch, err);
}

/* write_version(v, m): sign, seal, add. What was signed is rebuilt from what is stored, and compared, before
 * it counts. */
static cv_status write_version(struct cv_vault *v, struct making *m, struct cv_err *err)
{
    const struct cv_claims claims = { v->template, m->type, m->head, m->sections, m->seeds };
    struct rebuild check = { .claims = &claims, .clear = visible(v) };
    uint8_t bind[CV_SHA256_BYTES];
    struct cv_buf data = { 0 };
    if (check.clear == NULL)
        return cv_fail(err, CV_ERR_NOMEM, "record: out of memory");
    cv_beside_start(&v->beside, rebuild, &check);
    cv_status st = sign(v, m, &claims, check.clear, err);
    st = CV_THEN(st, need_keys(v, m, err));
    st = CV_THEN(st, seal_parts(v, m, err));
    st = CV_THEN(st, cv_sha256(cv_buf_view(&m->jwt), bind));
    st = CV_THEN(st, cv_envelope_write(&m->env, &data));
    cv_beside_wait(v->beside);
    st = CV_THEN(st, check.st);
    if (st == CV_OK && !cv_sdjwt_same(check.again, cv_buf_view(&m->jwt)))
        st = cv_fail(err, CV_ERR_INTERNAL,
                     "the record does not rebuild to what was signed; nothing was stored");
    st = CV_THEN(st, cv_custody_add(v->custody, CV_KIND_RECORD, cv_buf_view(&data), bind, NULL, err));
    cv_sdjwt_free(check.again);
    cv_json_free((struct cv_json *)(uintptr_t)check.clear);
    cv_buf_free(&data);
    return cv_err_note(err, st, "record");
}

/* new_head(m, id, previous, carried): takes ${carried} over. */
static cv_status new_head(struct making *m, const char *id, struct cv_json *previous, struct cv_json *carried)
{
    m->head = cv_json_object();
    cv_status st = cv_json_set(m->head, "id", cv_json_str(id));
    st = CV_THEN(st, cv_json_set(m->head, "type", cv_json_str(m->type)));
    st = CV_THEN(st, cv_json_set(m->head, "version", cv_json_int((int64_t)m->version)));
    if (st == CV_OK)
        st = cv_json_set(m->head, "previous", previous);
    else
        cv_json_free(previous);
    if (st == CV_OK)
        return cv_json_set(m->head, "carried", carried);
    cv_json_free(carried);
    return st;
}

/* id_of(record, out): the one it brings along, in its plain form, or a fresh one. */
static cv_status id_of(const struct cv_json *record, char out[static CV_ID_TEXT_BYTES], struct cv_err *err)
{
    uint8_t id[CV_ID_BYTES];
    const struct cv_json *given = cv_json_get(record, "id");
    cv_status st = given != NULL ? cv_id_parse(cv_json_text(given), id, err) : cv_random(id, sizeof(id));
    if (st == CV_OK)
        cv_id_text(id, out);
    return st;
}

/* take_training(v, record, err): a made-up record says that it is; real cases must not be mixed with it. The
 * word itself is not stored: a training vault says so of all it holds. */
static cv_status take_training(const struct cv_vault *v, struct cv_json *record, struct cv_err *err)
{
    const struct cv_json *training = cv_json_get(record, "training");
    if (training == NULL)
        return CV_OK;
    if (!cv_json_is(training, CV_JSON_BOOL))
        return cv_fail(err, CV_ERR_FORMAT, "record.training: true or false is wanted");
    if (cv_json_to_bool(training) && !cv_vault_policy(v)->training)
        return cv_fail(err, CV_ERR_DENIED, "record.training: a made-up record; this vault is for real cases");
    return cv_json_del(record, "training");
}

cv_status cv_record_put(struct cv_vault *v, struct cv_json *record, struct cv_stored *out, struct cv_err *err)
{
    struct making m = { .version = 1 };
    memset(out, 0, sizeof(*out));
    cv_status st = take_training(v, record, err);
    st = CV_THEN(st, cv_template_check(v->template, record, err));
    st = CV_THEN(st, cv_template_code(v->template, record, err));
    st = CV_THEN(st, id_of(record, out->id, err));
    if (st == CV_OK) {
        m.type = cv_json_get_str(record, "type");
        st = new_head(&m, out->id, cv_json_str("-"), cv_json_object());
    }
    st = CV_THEN(st, lay_out(v, &m, record, true, err));
    st = CV_THEN(st, write_version(v, &m, err));
    out->version = 1;
    out->slot = m.env.slot;
    making_free(&m);
    return st;
}

cv_status cv_record_add(struct cv_vault *v, struct cv_json *record, const char *reason, struct cv_stored *out,
                        struct cv_err *err)
{
    struct cv_versions known = { 0 };
    const char *given = cv_json_get_str(record, "id");
    if (given != NULL) {
        cv_status st = cv_record_versions(v, given, &known, NULL);
        cv_versions_free(&known);
        if (st == CV_OK)
            return cv_fail(err, CV_ERR_EXISTS, "there is a record %s already; change it with `record edit`",
                           given);
    }
    cv_status st = cv_vault_begin(v, err);
    if (st != CV_OK)
        return st;
    st = cv_record_put(v, record, out, err);
    const struct cv_event event = {
        .action = "create", .record = out->id, .version = 1, .reason = reason, .slot = out->slot
    };
    st = CV_THEN(st, cv_event_add(v, &event, err));
    if (st == CV_OK)
        return cv_vault_commit(v, err);
    cv_vault_abort(v);
    return st;
}

/* merge(old, changes, out): what stays is carried: for each section not changed, the version it stands in. */
static cv_status carry(const struct cv_vault *v, const struct cv_version *old, const struct cv_json *changes,
                       struct cv_json **out)
{
    const char *section;
    cv_status st = CV_OK;
    *out = cv_json_object();
    for (size_t i = 0; st == CV_OK && (section = cv_template_type_section(v->template, old->type, i)) != NULL;
         i++) {
        const struct cv_json *from = cv_json_get(old->carried, section);
        if (cv_json_get(changes, section) != NULL)
            continue;
        st = cv_json_set(*out, section,
                         cv_json_int(from != NULL ? cv_json_to_int(from) : (int64_t)old->version));
    }
    return st;
}

/* previous_hash(v, index...): SHA-256 of the JWT of the version before, from its opened head. */
static struct cv_json *previous_hash(const struct cv_record *before)
{
    uint8_t hash[CV_SHA256_BYTES];
    const struct cv_json *jwt = cv_json_get(before->sources[0].head, "jwt");
    return cv_sha256(cv_json_text(jwt), hash) == CV_OK ? cv_json_b64u(CV_ARR(hash)) : NULL;
}

/* coded(v, type, section, changes, whole): does this section of coded fields change with ${changes}, and is
 * all that it is filled from at hand? Without its sources it stays as it was. */
static bool coded(const struct cv_vault *v, const char *type, const char *section,
                  const struct cv_json *changes, const struct cv_json *whole)
{
    const char *source;
    bool touched = false, all = true, any = false;
    for (size_t i = 0; (source = cv_template_type_section(v->template, type, i)) != NULL; i++) {
        if (!cv_template_codes(v->template, type, section, source))
            continue;
        any = true;
        touched = touched || cv_json_get(changes, source) != NULL;
        all = all && cv_json_get(whole, source) != NULL;
    }
    return any && all && (touched || cv_json_get(changes, section) != NULL);
}

/* recode(v, before, changes): coded fields follow the sections they are filled from. */
static cv_status recode(const struct cv_vault *v, const struct cv_record *before, struct cv_json *changes,
                        struct cv_err *err)
{
    struct cv_json *whole = cv_json_object();
    const char *section;
    cv_status st = cv_json_set(whole, "type", cv_json_str(before->type));
    for (size_t i = 0;
         st == CV_OK && (section = cv_template_type_section(v->template, before->type, i)) != NULL; i++) {
        struct cv_json *data = cv_json_get(changes, section);
        if (data == NULL)
            data = (struct cv_json *)(uintptr_t)cv_record_section(before, section);
        if (data != NULL)
            st = cv_json_set(whole, section, cv_json_ref(data));
    }
    st = CV_THEN(st, cv_template_code(v->template, whole, err));
    for (size_t i = 0;
         st == CV_OK && (section = cv_template_type_section(v->template, before->type, i)) != NULL; i++)
        if (coded(v, before->type, section, changes, whole) &&
            (cv_vault_may_edit(v, section) || cv_vault_may_create(v, section)))
            st = cv_json_set(changes, section, cv_json_ref(cv_json_get(whole, section)));
    cv_json_free(whole);
    return st;
}

cv_status cv_record_edit(struct cv_vault *v, const char *id, const struct cv_json *changes,
                         const char *reason, struct cv_stored *out, struct cv_err *err)
{
    struct making m = { 0 };
    struct cv_versions versions = { 0 };
    struct cv_record before = { 0 };
    struct cv_json *record = cv_json_copy(changes), *carried = NULL;
    bool begun = false;
    memset(out, 0, sizeof(*out));
    cv_status st = record == NULL ? CV_ERR_NOMEM : cv_record_versions(v, id, &versions, err);
    if (st != CV_OK)
        goto out;
    const uint64_t known = v->custody->chain.next; /* what is appended from here on is news */
    const struct cv_version *old = &versions.v[versions.count - 1];
    /* A file that `record show --json` wrote may come back changed: its id and type must be the record's own.
     */
    if (cv_json_get(record, "type") == NULL)
        st = cv_json_set(record, "type", cv_json_str(old->type));
    else if (strcmp(cv_json_get_str(record, "type") != NULL ? cv_json_get_str(record, "type") : "",
                    old->type) != 0)
        st = cv_fail(err, CV_ERR_FORMAT, "%s is a %s; a version cannot change that", id, old->type);
    st = CV_THEN(st, cv_template_check(v->template, record, err));
    st = CV_THEN(st, cv_record_read(v, id, old->version, NULL, "read", reason, &before, err));
    st = CV_THEN(st, recode(v, &before, record, err));
    st = CV_THEN(st, carry(v, old, record, &carried));
    if (st != CV_OK)
        goto out;
    uint64_t newer = 0;
    st = cv_vault_begin(v, err);
    begun = st == CV_OK;
    if (st == CV_OK && cv_catalog_next(cv_custody_catalog(v->custody), CV_KIND_RECORD, known, &newer, NULL) !=
                           CV_ERR_NOTFOUND)
        st = cv_fail(err, CV_ERR_EXISTS,
                     "somebody else has just written to the vault; nothing was changed: try again");
    m.type = old->type;
    m.version = old->version + 1;
    if (st == CV_OK) {
        st = new_head(&m, old->id, previous_hash(&before), carried);
        carried = NULL;
    }
    st = CV_THEN(st, lay_out(v, &m, record, false, err));
    st = CV_THEN(st, write_version(v, &m, err));
    const struct cv_event event = {
        .action = "edit", .record = old->id, .version = m.version, .reason = reason, .slot = m.env.slot
    };
    st = CV_THEN(st, cv_event_add(v, &event, err));
    if (st == CV_OK) {
        memcpy(out->id, old->id, sizeof(out->id));
        out->version = m.version;
        st = cv_vault_commit(v, err);
        begun = false;
    }
out:
    if (begun)
        cv_vault_abort(v);
    making_free(&m);
    cv_json_free(carried);
    cv_json_free(record);
    cv_record_free(&before);
    cv_versions_free(&versions);
    return cv_err_note(err, st, "record edit");
}
