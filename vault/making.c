#include "vault/making.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/hash.h"
#include "crypto/random.h"
#include "formats/base64.h"
#include "vault/head_own.h"
#include "vault/imported.h"
#include "vault/record_put.h"

#define SEED_BYTES 32
#define PART_FLOOR 256
#define DAY 86400

/* A version being made. What needs this process's vault is done first; then two tasks, for two cores, go
 * their ways with what they were given: one signs, and seals the head; the other seals the sections, and
 * builds once more what was signed. */
struct making {
    struct cv_pending pending;
    struct cv_vault *v;
    struct cv_json *head, *sections, *seeds, *clear;
    const char *type;            /* the head's */
    struct cv_imported imported; /* no sections: it was not */
    struct cv_secret release_key;
    struct cv_envelope env;
    uint64_t index; /* its entry's */
    struct cv_task sign, seal;
    /* of the first task */
    struct cv_json *plain; /* the head, with what no author signs */
    struct cv_buf jwt, sealed_head;
    struct cv_err err;
    cv_status signed_st;
    /* of the second */
    struct cv_sdjwt *again;
    struct cv_buf sealed; /* the sections, one after another */
    cv_status sealed_st;
};

static struct making *of(struct cv_pending *pending)
{
    return (struct making *)(void *)pending; /* its first member */
}

static void drop(struct cv_pending *pending)
{
    struct making *m = of(pending);
    cv_beside_finish(m->v->custody->beside, &m->sign);
    cv_beside_finish(m->v->custody->beside, &m->seal);
    cv_json_free(m->head);
    cv_json_free(m->plain);
    cv_json_free(m->sections);
    cv_json_free(m->seeds);
    cv_json_free(m->clear);
    cv_secret_free(&m->release_key);
    cv_buf_free(&m->jwt);
    cv_buf_free(&m->sealed_head);
    cv_buf_free(&m->sealed);
    cv_sdjwt_free(m->again);
    free(m);
}

/* ---- what is to be made ---- */

static cv_status add_seed(struct cv_json *seeds, const char *name)
{
    uint8_t seed[SEED_BYTES];
    cv_status st = cv_random(seed, sizeof(seed));
    st = CV_THEN(st, cv_json_set(seeds, name, cv_json_b64u(CV_ARR(seed))));
    cv_wipe(seed, sizeof(seed));
    return st;
}

/* add_part(m, part, section): its place in the envelope. */
static void add_part(struct making *m, const char *part, const char *section)
{
    struct cv_part *p = &m->env.parts[m->env.count++];
    memset(p, 0, sizeof(*p));
    memcpy(p->name, part, strlen(part));
    memcpy(p->section, section, strlen(section));
}

/* lay_out(m, record): the head first, then every section of the type, given or empty; each with its seed. */
static cv_status lay_out(struct making *m, const struct cv_json *record)
{
    const char *section;
    m->sections = cv_json_object();
    m->seeds = cv_json_object();
    add_part(m, "head", cv_vault_head_section(m->v, m->type));
    cv_status st = m->sections == NULL || m->seeds == NULL ? CV_ERR_NOMEM : add_seed(m->seeds, "head");
    for (size_t i = 0;
         st == CV_OK && (section = cv_template_type_section(m->v->template, m->type, i)) != NULL; i++) {
        struct cv_json *given = cv_json_get(record, section);
        add_part(m, section, section);
        st = cv_json_set(m->sections, section, given != NULL ? cv_json_ref(given) : cv_json_object());
        st = CV_THEN(st, add_seed(m->seeds, section));
    }
    return st;
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

/* need_keys(m): batch keys for head and all sections of the type, and for the event that goes with it; a
 * handle, and a release key. */
static cv_status need_keys(struct making *m, struct cv_err *err)
{
    const char *names[CV_ENVELOPE_PARTS_MAX + CV_POLICY_SECTIONS_MAX + 1], *section;
    size_t n = 0;
    names[n++] = "audit";
    for (size_t i = 0; i < m->env.count; i++)
        names[n++] = m->env.parts[i].section;
    for (size_t i = 0;
         i < CV_POLICY_SECTIONS_MAX && (section = cv_template_section(m->v->template, i)) != NULL; i++)
        if ((m->imported.sections >> i & 1) != 0)
            names[n++] = section;
    cv_status st = cv_writer_need(m->v, names, n, &m->env.batch, err);
    st = CV_THEN(st, cv_random(m->env.handle, sizeof(m->env.handle)));
    return CV_THEN(st, cv_custody_take_slot(m->v->custody, &m->env.slot, &m->release_key, err));
}

/* ---- making it: no more of the vault than what does not change while a commit is under way ---- */

/* seal_part(m, part, text, out): one part of the envelope; its message is appended. */
static cv_status seal_part(const struct making *m, struct cv_part *p, struct cv_bytes text,
                           struct cv_buf *out)
{
    const struct cv_place_of x = { cv_vault_policy(m->v)->vault_id, m->env.handle, p->name };
    struct cv_secret key = { 0 }, release = { 0 };
    const size_t start = out->n;
    cv_status st = cv_schedule_section(cv_writer_key(m->v, p->section), &x, &key);
    st = CV_THEN(st, cv_schedule_release(cv_secret_view(&m->release_key), &x, &release));
    st = CV_THEN(st, cv_part_seal(cv_secret_view(&key), cv_secret_view(&release), &x, PART_FLOOR, text, out));
    p->sealed.n = out->n - start;
    cv_secret_free(&key);
    cv_secret_free(&release);
    return st;
}

/* add_source(m, head): what it was imported from; no author signs that. */
static cv_status add_source(const struct making *m, struct cv_json *head)
{
    uint8_t mark[CV_IMPORTED_BYTES];
    if (m->imported.sections == 0)
        return CV_OK;
    cv_status st = cv_imported_hide(m->v, m->env.handle, &m->imported, mark);
    return CV_THEN(st, cv_json_set(head, "source", cv_json_b64u(CV_ARR(mark))));
}

/* seal_head(m): the head as it is signed and its seed; on a line of its own, the JWT, packed. */
static cv_status seal_head(struct making *m)
{
    struct cv_json *plain = m->plain = cv_json_object();
    struct cv_buf text = { 0 };
    cv_status st = CV_OK;
    for (void *it = cv_json_first(m->head); st == CV_OK && it != NULL; it = cv_json_next(m->head, it))
        st = cv_json_set(plain, cv_json_iter_name(it), cv_json_ref(cv_json_iter_value(it)));
    st = CV_THEN(st, add_source(m, plain));
    st = CV_THEN(st, cv_json_set(plain, "seed", cv_json_ref(cv_json_get(m->seeds, "head"))));
    st = CV_THEN(st, cv_json_write(plain, &text));
    st = CV_THEN(st, cv_buf_str(&text, "\n"));
    st = CV_THEN(st, cv_jws_pack(cv_buf_view(&m->jwt), &text));
    st = CV_THEN(st, seal_part(m, &m->env.parts[0], cv_buf_view(&text), &m->sealed_head));
    cv_buf_free(&text);
    return st;
}

/* sign(arg): the issuer-signed JWT, and the head that holds it. */
static void sign(void *arg)
{
    struct making *m = arg;
    const struct cv_claims claims = { m->v->template, m->type, m->head, m->sections, m->seeds };
    const struct cv_identity *id = m->v->id;
    struct cv_sdjwt *built = NULL;
    cv_status st = cv_claims_build(&claims, m->clear, &built, &m->err);
    st = CV_THEN(st, cv_sdjwt_sign(built, CV_RECORD_TYP, id->public.pseudonym, cv_identity_sign,
                                   (void *)(uintptr_t)id, &m->jwt, &m->err));
    if (st == CV_ERR_IO && id->agent != NULL) {
        m->err = (struct cv_err){ 0 };
        st = cv_fail(&m->err, st,
                     "the agent was locked, or does not answer, so that nothing can be signed; call "
                     "`casevault unlock` again");
    }
    m->signed_st = CV_THEN(st, seal_head(m));
    cv_sdjwt_free(built);
}

/* seal(arg): the sections; and what will be stored, built a second time. */
static void seal(void *arg)
{
    struct making *m = arg;
    const struct cv_claims claims = { m->v->template, m->type, m->head, m->sections, m->seeds };
    cv_status st = cv_claims_build(&claims, m->clear, &m->again, NULL);
    for (size_t i = 1; st == CV_OK && i < m->env.count; i++) {
        const char *section = m->env.parts[i].section;
        struct cv_json *plain = cv_json_object();
        struct cv_buf text = { .max = 2 * CV_RECORD_MAX_BYTES };
        st = cv_json_set(plain, "data", cv_json_ref(cv_json_get(m->sections, section)));
        st = CV_THEN(st, cv_json_set(plain, "seed", cv_json_ref(cv_json_get(m->seeds, section))));
        st = CV_THEN(st, cv_json_write(plain, &text));
        st = CV_THEN(st, seal_part(m, &m->env.parts[i], cv_buf_view(&text), &m->sealed));
        cv_json_free(plain);
        cv_buf_free(&text);
    }
    m->sealed_st = st;
}

/* finish: what was signed is compared with what is stored, before it counts. */
static cv_status finish(struct cv_pending *pending, struct cv_buf *data, uint8_t bind[static 32], bool *bound,
                        struct cv_err *err)
{
    struct making *m = of(pending);
    struct cv_beside *beside = m->v->custody->beside;
    size_t at = 0;
    cv_beside_finish(beside, &m->sign);
    cv_beside_finish(beside, &m->seal);
    if (m->signed_st != CV_OK && m->err.msg[0] != '\0')
        return cv_fail(err, m->signed_st, "%s", m->err.msg);
    cv_status st = m->signed_st != CV_OK ? m->signed_st : m->sealed_st;
    if (st == CV_OK && !cv_sdjwt_same(m->again, cv_buf_view(&m->jwt)))
        st = cv_fail(err, CV_ERR_INTERNAL,
                     "the record does not rebuild to what was signed; nothing was stored");
    m->env.parts[0].sealed.p = m->sealed_head.p;
    for (size_t i = 1; i < m->env.count; at += m->env.parts[i].sealed.n, i++)
        m->env.parts[i].sealed.p = m->sealed.p + at;
    st = CV_THEN(st, cv_sha256(cv_buf_view(&m->jwt), bind));
    st = CV_THEN(st, cv_envelope_write(&m->env, data));
    *bound = true;
    if (st == CV_OK) {
        const struct cv_head_origin origin = { m->index, m->env.batch, m->env.handle };
        cv_head_own(m->v, &origin, m->plain, bind);
    }
    return cv_err_note(err, st, "record");
}

cv_status cv_making_start(struct cv_vault *v, const struct cv_next *next, const struct cv_json *record,
                          struct cv_stored *out, struct cv_err *err)
{
    struct making *m = calloc(1, sizeof(*m));
    if (m == NULL) {
        cv_json_free(next->previous);
        cv_json_free(next->carried);
        return cv_fail(err, CV_ERR_NOMEM, "record: out of memory");
    }
    m->pending = (struct cv_pending){ .kind = CV_KIND_RECORD, .finish = finish, .drop = drop };
    m->v = v;
    m->sign = (struct cv_task){ .fn = sign, .arg = m };
    m->seal = (struct cv_task){ .fn = seal, .arg = m };
    if (next->imported != NULL)
        m->imported = *next->imported;
    m->clear = visible(v);
    cv_status st = new_head(m, next);
    m->type = cv_json_get_str(m->head, "type");
    st = CV_THEN(st, m->clear == NULL ? CV_ERR_NOMEM : lay_out(m, record));
    st = CV_THEN(st, need_keys(m, err));
    if (st != CV_OK) {
        drop(&m->pending);
        return cv_err_note(err, st, "record");
    }
    cv_beside_give(&v->custody->beside, &m->sign);
    cv_beside_give(&v->custody->beside, &m->seal);
    out->version = next->version;
    out->slot = m->env.slot;
    memcpy(out->handle, m->env.handle, sizeof(out->handle));
    m->index = cv_custody_next(v->custody);
    st = cv_custody_promise(v->custody, &m->pending, &out->index, err);
    return cv_err_note(err, st, "record");
}
