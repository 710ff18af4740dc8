#include <string.h>
#include <time.h>

#include "crypto/hash.h"
#include "crypto/random.h"
#include "formats/base64.h"
#include "vault/document.h"
#include "vault/heads.h"
#include "vault/imported.h"
#include "vault/record_put.h"
#include "vault/related.h"

#define SEED_BYTES 32
#define PART_FLOOR 256
#define DAY 86400

/* A version being made. */
struct making {
    struct cv_json *head, *sections, *seeds;
    const char *type;
    const struct cv_imported *imported; /* NULL */
    uint64_t version;
    uint64_t index;
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

#define NOT_YOUR_ID "the id is chosen by casevault; leave it out"

const char *cv_put_closed(const struct cv_vault *v, const char *type, const struct cv_json *record,
                          uint64_t version)
{
    const char *section;
    for (size_t i = 0; (section = cv_template_type_section(v->template, type, i)) != NULL; i++) {
        const struct cv_json *given = cv_json_get(record, section);
        /* An empty section adds nothing to a new record, but takes all away from an old one. */
        if (given == NULL || (version == 1 && cv_json_len(given) == 0) || cv_vault_may_create(v, section) ||
            (version > 1 && cv_vault_may_edit(v, section)))
            continue;
        return section;
    }
    return NULL;
}

/* lay_out(v, m, record): every section of the type, given or empty, with its seed. */
static cv_status lay_out(const struct cv_vault *v, struct making *m, const struct cv_json *record,
                         struct cv_err *err)
{
    const char *section = cv_put_closed(v, m->type, record, m->version);
    if (section != NULL)
        return cv_fail(err, CV_ERR_DENIED, CV_PUT_CLOSED, section);
    m->sections = cv_json_object();
    m->seeds = cv_json_object();
    cv_status st = m->sections == NULL || m->seeds == NULL ? CV_ERR_NOMEM : add_seed(m->seeds, "head");
    for (size_t i = 0; st == CV_OK && (section = cv_template_type_section(v->template, m->type, i)) != NULL;
         i++) {
        struct cv_json *given = cv_json_get(record, section);
        st = cv_json_set(m->sections, section, given != NULL ? cv_json_ref(given) : cv_json_object());
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

/* add_source(v, m, head): what it was imported from; no author signs that. */
static cv_status add_source(const struct cv_vault *v, const struct making *m, struct cv_json *head)
{
    uint8_t mark[CV_IMPORTED_BYTES];
    if (m->imported == NULL)
        return CV_OK;
    cv_status st = cv_imported_hide(v, m->env.handle, m->imported, mark);
    return CV_THEN(st, cv_json_set(head, "source", cv_json_b64u(CV_ARR(mark))));
}

/* seal_head(v, m, release key): the head as it is signed and its seed; on a line of its own, the JWT. */
static cv_status seal_head(struct cv_vault *v, struct making *m, struct cv_bytes release_key)
{
    struct cv_json *plain = cv_json_object();
    struct cv_buf text = { 0 };
    cv_status st = CV_OK;
    for (void *it = cv_json_first(m->head); st == CV_OK && it != NULL; it = cv_json_next(m->head, it))
        st = cv_json_set(plain, cv_json_iter_name(it), cv_json_ref(cv_json_iter_value(it)));
    st = CV_THEN(st, add_source(v, m, plain));
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

/* need_keys(v, m): batch keys for head and all sections of the type, for what a mark of an import hangs on,
 * and for the event that goes with it. */
static cv_status need_keys(struct cv_vault *v, struct making *m, struct cv_err *err)
{
    const char *names[2 * CV_POLICY_SECTIONS_MAX + 2], *section;
    size_t n = 0;
    names[n++] = "audit";
    names[n++] = cv_vault_head_section(v, m->type);
    for (size_t i = 0;
         n < CV_POLICY_SECTIONS_MAX && (names[n] = cv_template_type_section(v->template, m->type, i)) != NULL;
         i++)
        n++;
    for (size_t i = 0; m->imported != NULL && i < CV_POLICY_SECTIONS_MAX &&
                       (section = cv_template_section(v->template, i)) != NULL;
         i++)
        if ((m->imported->sections >> i & 1) != 0)
            names[n++] = section;
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
    st = CV_THEN(st, cv_custody_add(v->custody, CV_KIND_RECORD, cv_buf_view(&data), bind, &m->index, err));
    cv_sdjwt_free(check.again);
    cv_json_free((struct cv_json *)(uintptr_t)check.clear);
    cv_buf_free(&data);
    return cv_err_note(err, st, "record");
}

/* new_head(m, next): takes its previous and carried over. */
static cv_status new_head(struct making *m, const struct cv_next *next)
{
    m->head = cv_json_object();
    cv_status st = cv_json_set(m->head, "id", cv_json_str(next->id));
    st = CV_THEN(st, cv_json_set(m->head, "type", cv_json_str(next->type)));
    st = CV_THEN(st, cv_json_set(m->head, "version", cv_json_int((int64_t)next->version)));
    if (st == CV_OK)
        st = cv_json_set(m->head, "previous", next->previous);
    else
        cv_json_free(next->previous);
    if (st == CV_OK)
        st = cv_json_set(m->head, "carried", next->carried);
    else
        cv_json_free(next->carried);
    return st;
}

cv_status cv_put_version(struct cv_vault *v, const struct cv_next *next, const struct cv_json *record,
                         struct cv_stored *out, struct cv_err *err)
{
    struct making m = { .type = next->type, .imported = next->imported, .version = next->version };
    cv_status st = new_head(&m, next);
    st = CV_THEN(st, lay_out(v, &m, record, err));
    st = CV_THEN(st, write_version(v, &m, err));
    st = CV_THEN(st, cv_documents_note(v, next, record, err));
    out->version = next->version;
    out->slot = m.env.slot;
    out->index = m.index;
    memcpy(out->handle, m.env.handle, sizeof(out->handle));
    making_free(&m);
    return st;
}

/* check_free(v, id): one that is brought along is not taken, and who brings it can know that. */
static cv_status check_free(struct cv_vault *v, const char *id, struct cv_err *err)
{
    struct cv_versions known = { 0 };
    if (!cv_vault_may_read(v, "head"))
        return cv_fail(err, CV_ERR_DENIED, NOT_YOUR_ID);
    cv_status st = cv_heads_find(v, id, &known, err);
    if (st == CV_OK && known.count > 0)
        st = cv_fail(err, CV_ERR_EXISTS, "there is a record %s already; change it with `record edit`", id);
    cv_versions_free(&known);
    return st;
}

/* id_of(v, record, fresh, out): the one it brings along, in its plain form, or a fresh one. */
static cv_status id_of(struct cv_vault *v, const struct cv_json *record, bool fresh,
                       char out[static CV_ID_TEXT_BYTES], struct cv_err *err)
{
    uint8_t id[CV_ID_BYTES];
    const struct cv_json *given = cv_json_get(record, "id");
    cv_status st = given != NULL ? cv_id_parse(cv_json_text(given), id, err) : cv_random(id, sizeof(id));
    if (st == CV_OK)
        cv_id_text(id, out);
    return given != NULL && !fresh ? CV_THEN(st, check_free(v, out, err)) : st;
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

/* accept(v, record, import, id): all that can be said against it before it is written. */
static cv_status accept(struct cv_vault *v, struct cv_json *record, const struct cv_import *import,
                        char id[static CV_ID_TEXT_BYTES], struct cv_err *err)
{
    cv_status st = take_training(v, record, err);
    st = CV_THEN(st, cv_template_check(v->template, record, err));
    st = CV_THEN(st, cv_template_code(v->template, record, err));
    return CV_THEN(st, id_of(v, record, import->fresh_id, id, err));
}

cv_status cv_record_check(struct cv_vault *v, struct cv_json *record, const struct cv_import *import,
                          struct cv_err *err)
{
    char id[CV_ID_TEXT_BYTES];
    cv_status st = accept(v, record, import, id, err);
    const char *section = st == CV_OK ? cv_put_closed(v, cv_json_get_str(record, "type"), record, 1) : NULL;
    return section != NULL ? cv_fail(err, CV_ERR_DENIED, CV_PUT_CLOSED, section) : st;
}

cv_status cv_record_put_from(struct cv_vault *v, struct cv_json *record, const struct cv_import *import,
                             struct cv_stored *out, struct cv_err *err)
{
    memset(out, 0, sizeof(*out));
    cv_status st = accept(v, record, import, out->id, err);
    if (st != CV_OK)
        return st;
    const struct cv_next next = { .type = cv_json_get_str(record, "type"),
                                  .id = out->id,
                                  .version = 1,
                                  .previous = cv_json_str("-"),
                                  .carried = cv_json_object(),
                                  .imported = import->from };
    return cv_put_version(v, &next, record, out, err);
}

cv_status cv_record_put(struct cv_vault *v, struct cv_json *record, struct cv_stored *out, struct cv_err *err)
{
    const struct cv_import none = { 0 };
    return cv_record_put_from(v, record, &none, out, err);
}

cv_status cv_record_ready(struct cv_vault *v, struct cv_err *err)
{
    return cv_vault_may_read(v, "head") ? cv_heads_catch_up(v, err) : CV_OK;
}

cv_status cv_record_refuse(struct cv_vault *v, const struct cv_json *record, const char *action,
                           const char *reason, const char *why, struct cv_err *err)
{
    const struct cv_refusal refusal = { .to = action,
                                        .section =
                                            cv_put_closed(v, cv_json_get_str(record, "type"), record, 1),
                                        .reason = reason };
    return cv_event_refuse(v, &refusal, CV_ERR_DENIED, err, "%s", why);
}

cv_status cv_record_may_create(struct cv_vault *v, const char *section, const char *reason,
                               struct cv_err *err)
{
    const struct cv_refusal refusal = { .to = "create", .section = section, .reason = reason };
    return cv_vault_may_create(v, section)
               ? CV_OK
               : cv_event_refuse(v, &refusal, CV_ERR_DENIED, err, CV_PUT_CLOSED, section);
}

cv_status cv_record_add(struct cv_vault *v, struct cv_json *record, const char *reason, struct cv_stored *out,
                        struct cv_err *err)
{
    struct cv_err why = { 0 };
    struct cv_json *refs = NULL;
    memset(out, 0, sizeof(*out));
    cv_status st = cv_json_get(record, "id") != NULL ? cv_record_ready(v, err) : CV_OK;
    st = CV_THEN(st, cv_vault_begin(v, err));
    if (st != CV_OK)
        return st;
    st = cv_record_put(v, record, out, &why);
    st = CV_THEN(st, cv_related_refs(v->template, record, &refs));
    const struct cv_event event = {
        .action = "create", .record = out->id, .version = 1, .refs = refs, .reason = reason, .slot = out->slot
    };
    st = CV_THEN(st, cv_event_add(v, &event, &why));
    cv_json_free(refs);
    if (st == CV_OK)
        return cv_vault_commit(v, err);
    cv_vault_abort(v);
    return st == CV_ERR_DENIED ? cv_record_refuse(v, record, "create", reason, why.msg, err)
                               : cv_fail(err, st, "%s", why.msg);
}
