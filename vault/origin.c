#include "vault/origin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/hash.h"
#include "formats/base64.h"
#include "formats/checkpoint.h"
#include "formats/date.h"
#include "formats/leaf.h"
#include "formats/tlog_proof.h"
#include "formats/words.h"

#define TYPE "origin"
#define ADMIN "admin"
#define KEPT "disclosures"
#define PARTS_MAX 2000 /* disclosures of one SD-JWT */
#define HEAD_NAMES 5

/* ---- taking a presentation apart ---- */

struct piece {
    struct cv_bytes text;   /* the disclosure */
    struct cv_buf json;     /* decoded */
    struct cv_json *parsed; /* [salt, name, value] or [salt, value] */
    char digest[CV_SDJWT_DIGEST_BYTES];
    size_t parent; /* SIZE_MAX: the JWT itself */
};
struct pieces {
    struct cv_bytes jwt, binding;
    struct piece *p;
    size_t count;
};

static void pieces_free(struct pieces *s)
{
    for (size_t i = 0; i < s->count; i++) {
        cv_buf_free(&s->p[i].json);
        cv_json_free(s->p[i].parsed);
    }
    free(s->p);
}

/* up_to_tilde(rest): what stands before the next one, which is taken too. */
static bool up_to_tilde(struct cv_bytes *rest, struct cv_bytes *out)
{
    const uint8_t *at = rest->n > 0 ? memchr(rest->p, '~', rest->n) : NULL;
    if (at == NULL)
        return false;
    *out = CV_BYTES(rest->p, (size_t)(at - rest->p));
    *rest = CV_BYTES(at + 1, rest->n - out->n - 1);
    return true;
}

static cv_status take_piece(struct pieces *s, struct cv_bytes text, struct cv_err *err)
{
    struct piece *p = &s->p[s->count++];
    *p = (struct piece){ .text = text, .parent = SIZE_MAX };
    cv_status st = cv_base64_decode(CV_BASE64_URL, text, &p->json);
    st = CV_THEN(st, cv_json_parse(cv_buf_view(&p->json), CV_JWS_MAX_BYTES, "disclosure", &p->parsed, err));
    return CV_THEN(st, cv_sdjwt_digest(text, p->digest));
}

/* take_apart(presentation, s): a presentation that was verified. */
static cv_status take_apart(struct cv_bytes presentation, struct pieces *s, struct cv_err *err)
{
    struct cv_bytes rest = presentation, one;
    memset(s, 0, sizeof(*s));
    s->p = calloc(PARTS_MAX, sizeof(*s->p));
    if (s->p == NULL)
        return CV_ERR_NOMEM;
    cv_status st = up_to_tilde(&rest, &s->jwt) ? CV_OK : CV_ERR_FORMAT;
    while (st == CV_OK && up_to_tilde(&rest, &one))
        st = s->count < PARTS_MAX ? take_piece(s, one, err) : CV_ERR_LIMIT;
    s->binding = rest;
    for (size_t i = 0; st == CV_OK && i < s->count; i++)
        for (size_t j = 0; j < s->count; j++)
            if (j != i &&
                memmem(s->p[j].json.p, s->p[j].json.n, s->p[i].digest, strlen(s->p[i].digest)) != NULL)
                s->p[i].parent = j;
    return st;
}

/* root_of(s, i): the name of the claim that a disclosure is, or lies in. */
static const char *root_of(const struct pieces *s, size_t i)
{
    for (size_t steps = 0; s->p[i].parent != SIZE_MAX && steps < s->count; steps++)
        i = s->p[i].parent;
    const char *name = cv_json_cstr(cv_json_at(s->p[i].parsed, 1));
    return name != NULL ? name : "";
}

/* ---- the record that keeps them ---- */

/* keep(record, section, place, text): one disclosure, with its place, in that section. */
static cv_status keep(struct cv_json *record, const char *section, size_t place, struct cv_bytes text)
{
    struct cv_buf line = { 0 };
    struct cv_json *o = cv_json_get(record, section), *list;
    cv_status st = CV_OK;
    if (o == NULL) {
        o = cv_json_object();
        st = cv_json_set(record, section, o);
    }
    list = cv_json_get(o, KEPT);
    if (st == CV_OK && list == NULL) {
        list = cv_json_array();
        st = cv_json_set(o, KEPT, list);
    }
    st = CV_THEN(st, cv_buf_printf(&line, "%zu ", place));
    st = CV_THEN(st, cv_buf_append(&line, text));
    st = CV_THEN(st, cv_json_push(list, cv_json_strn(cv_buf_view(&line))));
    cv_buf_free(&line);
    return st;
}

/* keep_all(v, s, record): each in the section it lies in; those of the head beside the JWT. */
static cv_status keep_all(const struct cv_vault *v, const struct pieces *s, struct cv_json *record,
                          struct cv_err *err)
{
    cv_status st = CV_OK;
    for (size_t i = 0; i < s->count && st == CV_OK; i++) {
        const char *root = root_of(s, i);
        const bool head = strcmp(root, "record_id") == 0 || strcmp(root, "record_type") == 0 ||
                          strcmp(root, "version") == 0 || strcmp(root, "carried") == 0;
        if (!head && !cv_template_has(v->template, TYPE, root))
            return cv_fail(err, CV_ERR_FORMAT, "our template has no place for the section %.32s", root);
        st = keep(record, head ? ADMIN : root, i + 1, s->p[i].text);
    }
    return st;
}

static cv_status set_text(struct cv_json *o, const char *name, struct cv_bytes text)
{
    return cv_json_set(o, name, cv_json_strn(text));
}

/* describe(v, p, d, i, own, admin): where the i-th item of a package came from. */
static cv_status describe(const struct cv_package *p, const struct cv_package_verdict *d, size_t i,
                          const char *own, struct cv_json *admin)
{
    const struct cv_json *claims = cv_json_at(d->claims, i), *place = cv_json_at(d->places, i);
    uint8_t hash[32];
    char hex[65], today[CV_DATE_BYTES];
    cv_date_today(0, today);
    cv_status st = cv_sha256(cv_buf_view(&p->manifest), hash);
    cv_hex_encode(CV_ARR(hash), hex);
    st = CV_THEN(st, cv_json_set(admin, "record", cv_json_str(own)));
    st = CV_THEN(st, cv_json_set(admin, "received", cv_json_str(today)));
    st = CV_THEN(st, cv_json_set(admin, "package", cv_json_ref(cv_json_get(d->manifest, "id"))));
    st = CV_THEN(st, cv_json_set(admin, "sender", cv_json_str(d->fingerprint)));
    st = CV_THEN(st, cv_json_set(admin, "vault", cv_json_ref(cv_json_get(d->manifest, "vault"))));
    st = CV_THEN(st, cv_json_set(admin, "manifest", cv_json_str(hex)));
    st = CV_THEN(st, cv_json_set(admin, "foreign_record", cv_json_ref(cv_json_get(claims, "record_id"))));
    st = CV_THEN(st, cv_json_set(admin, "foreign_version", cv_json_ref(cv_json_get(claims, "version"))));
    st = CV_THEN(st, cv_json_set(admin, "author", cv_json_ref(cv_json_at(d->authors, i))));
    st = CV_THEN(st, cv_json_set(admin, "log_key", cv_json_ref(cv_json_get(place, "log"))));
    return CV_THEN(st, cv_json_set(admin, "proof", cv_json_ref(cv_json_at(p->proofs, i))));
}

/* origin_of(v, p, d, i, own, out): the record that keeps the i-th item. */
static cv_status origin_of(const struct cv_vault *v, const struct cv_package *p,
                           const struct cv_package_verdict *d, size_t i, const char *own,
                           struct cv_json **out, struct cv_err *err)
{
    struct pieces s = { 0 };
    struct cv_json *record = *out = cv_json_object(), *admin = cv_json_object();
    cv_status st = cv_json_set(record, "type", cv_json_str(TYPE));
    st = CV_THEN(st, cv_json_set(record, ADMIN, cv_json_ref(admin)));
    st = CV_THEN(st, describe(p, d, i, own, admin));
    st = CV_THEN(st, take_apart(cv_json_text(cv_json_at(p->sdjwts, i)), &s, err));
    st = CV_THEN(st, set_text(admin, "jwt", s.jwt));
    st = CV_THEN(st, set_text(admin, "binding", s.binding));
    st = CV_THEN(st, keep_all(v, &s, record, err));
    cv_json_free(admin);
    pieces_free(&s);
    return st;
}

/* ---- our own record ---- */

struct arriving {
    struct cv_vault *v;
    const struct cv_package *p;
    const struct cv_package_verdict *d;
    struct cv_json *known; /* their record ids -> ours */
    struct cv_arrived *out;
};

/* map_ref(a, value): our id for theirs; NULL if that record did not come along. */
static struct cv_json *map_ref(struct arriving *a, const struct cv_json *value)
{
    const char *theirs = cv_json_cstr(value);
    struct cv_json *ours = theirs != NULL ? cv_json_get(a->known, theirs) : NULL;
    a->out->dropped += ours == NULL;
    return cv_json_ref(ours);
}

/* map_refs(a, f, value, out): of a field that is a reference, or a list of them; NULL if none is left. */
static cv_status map_refs(struct arriving *a, const struct cv_json *value, struct cv_json **out)
{
    *out = NULL;
    if (!cv_json_is(value, CV_JSON_ARRAY)) {
        *out = map_ref(a, value);
        return CV_OK;
    }
    struct cv_json *list = cv_json_array();
    cv_status st = list == NULL ? CV_ERR_NOMEM : CV_OK;
    for (size_t i = 0; i < cv_json_len(value) && st == CV_OK; i++) {
        struct cv_json *one = map_ref(a, cv_json_at(value, i));
        if (one != NULL)
            st = cv_json_push(list, one);
    }
    if (st == CV_OK && cv_json_len(list) > 0)
        *out = list;
    else
        cv_json_free(list);
    return st;
}

/* take_section(a, type, section, data, record): their fields; what our template does not know is refused when
 * it is stored. */
static cv_status take_section(struct arriving *a, const char *type, const char *section,
                              const struct cv_json *data, struct cv_json *record)
{
    struct cv_json *o = cv_json_get(record, section);
    cv_status st = CV_OK;
    if (o == NULL) {
        o = cv_json_object();
        st = cv_json_set(record, section, o);
    }
    for (void *it = cv_json_first(data); it != NULL && st == CV_OK; it = cv_json_next(data, it)) {
        const char *name = cv_json_iter_name(it);
        struct cv_template_field f;
        struct cv_json *value = NULL;
        if (cv_template_field_named(a->v->template, type, section, name, &f) && strcmp(f.type, "ref") == 0)
            st = map_refs(a, cv_json_iter_value(it), &value);
        else if ((value = cv_json_copy(cv_json_iter_value(it))) == NULL)
            st = CV_ERR_NOMEM;
        if (st == CV_OK && value != NULL)
            st = cv_json_set(o, name, value);
    }
    return st;
}

/* own_record(a, id, type, out): all that came of one record, put together. */
static cv_status own_record(struct arriving *a, const char *id, const char *type, struct cv_json **out,
                            struct cv_err *err)
{
    cv_status st = CV_OK;
    *out = cv_json_object();
    st = cv_json_set(*out, "type", cv_json_str(type));
    for (size_t i = 0; i < cv_json_len(a->d->claims) && st == CV_OK; i++) {
        const struct cv_json *claims = cv_json_at(a->d->claims, i);
        if (strcmp(cv_json_get_str(claims, "record_id"), id) != 0)
            continue;
        for (void *it = cv_json_first(claims); it != NULL && st == CV_OK; it = cv_json_next(claims, it)) {
            const char *name = cv_json_iter_name(it);
            if (!cv_json_is(cv_json_iter_value(it), CV_JSON_OBJECT) || strcmp(name, "cnf") == 0 ||
                strcmp(name, "carried") == 0 || cv_template_coded(a->v->template, type, name))
                continue;
            if (!cv_template_has(a->v->template, type, name))
                return cv_fail(err, CV_ERR_FORMAT, "our template has no %.32s with a section %.32s", type,
                               name);
            st = take_section(a, type, name, cv_json_iter_value(it), *out);
        }
    }
    return st;
}

/* put(a, record, what, id): inside the commit. */
static cv_status put(struct arriving *a, struct cv_json *record, const char *what, char *id,
                     struct cv_err *err)
{
    struct cv_stored stored;
    struct cv_err why = { 0 };
    cv_status st = cv_record_put(a->v, record, &stored, &why);
    if (st != CV_OK)
        return cv_fail(err, st, "%.60s: %s", what, why.msg);
    memcpy(id, stored.id, CV_ID_TEXT_BYTES);
    return cv_json_push(a->out->ids, cv_json_str(id));
}

/* arrive(a, i, refused): the record that the i-th item is the first of; ${refused} is what could not be
 * written. */
static cv_status arrive(struct arriving *a, size_t i, struct cv_json **refused, struct cv_err *err)
{
    const struct cv_json *claims = cv_json_at(a->d->claims, i);
    const char *theirs = cv_json_get_str(claims, "record_id"), *type = cv_json_get_str(claims, "record_type");
    char ours[CV_ID_TEXT_BYTES], origin[CV_ID_TEXT_BYTES];
    struct cv_json *record = NULL;
    if (cv_json_get(a->known, theirs) != NULL)
        return CV_OK;
    cv_status st = own_record(a, theirs, type, &record, err);
    st = CV_THEN(st, put(a, record, theirs, ours, err));
    st = CV_THEN(st, cv_json_set(a->known, theirs, cv_json_str(ours)));
    for (size_t j = i; j < cv_json_len(a->d->claims) && st == CV_OK; j++) {
        struct cv_json *kept = NULL;
        if (strcmp(cv_json_get_str(cv_json_at(a->d->claims, j), "record_id"), theirs) != 0)
            continue;
        st = origin_of(a->v, a->p, a->d, j, ours, &kept, err);
        st = CV_THEN(st, put(a, kept, "its origin", origin, err));
        if (st == CV_ERR_DENIED)
            *refused = cv_json_ref(kept);
        cv_json_free(kept);
    }
    if (st == CV_ERR_DENIED && *refused == NULL)
        *refused = cv_json_ref(record);
    cv_json_free(record);
    return st;
}

static cv_status arrive_all(struct arriving *a, const char *reason, struct cv_json **refused,
                            struct cv_err *err)
{
    char detail[200];
    snprintf(detail, sizeof(detail), "package %.40s from the vault %s", cv_json_get_str(a->d->manifest, "id"),
             a->d->fingerprint);
    cv_status st = cv_vault_begin(a->v, err);
    if (st != CV_OK)
        return st;
    for (size_t i = 0; i < cv_json_len(a->d->claims) && st == CV_OK; i++)
        st = arrive(a, i, refused, err);
    const struct cv_event event = {
        .action = "import", .ids = a->out->ids, .detail = detail, .reason = reason
    };
    st = CV_THEN(st, cv_event_add(a->v, &event, err));
    st = CV_THEN(st, cv_vault_commit(a->v, err));
    if (st != CV_OK)
        cv_vault_abort(a->v);
    return st;
}

cv_status cv_origin_import(struct cv_vault *v, const struct cv_package *p,
                           const struct cv_package_verdict *verdict, const char *reason,
                           struct cv_arrived *out, struct cv_err *err)
{
    const struct cv_refusal mixed = { .to = CV_MIXED, .reason = reason };
    struct arriving a = { .v = v, .p = p, .d = verdict, .known = cv_json_object(), .out = out };
    struct cv_json *refused = NULL;
    struct cv_err why = { 0 };
    *out = (struct cv_arrived){ .ids = cv_json_array() };
    cv_status st = a.known == NULL || out->ids == NULL ? CV_ERR_NOMEM : CV_OK;
    if (st == CV_OK && cv_json_get_bool(verdict->manifest, "training") != cv_vault_policy(v)->training)
        st = cv_event_refuse(v, &mixed, CV_ERR_DENIED, err,
                             cv_json_get_bool(verdict->manifest, "training")
                                 ? N_("training and real do not mix: the package is for training")
                                 : N_("training and real do not mix: the package is not for training"));
    if (st == CV_OK && !cv_template_has(v->template, TYPE, ADMIN))
        st = cv_fail(err, CV_ERR_ARG, "this vault's template has no type %s: nothing can be kept of a sender",
                     TYPE);
    st = CV_THEN(st, arrive_all(&a, reason, &refused, &why));
    if (st == CV_ERR_DENIED && refused != NULL)
        st = cv_record_refuse(v, refused, "import", reason, why.msg, err);
    else if (st != CV_OK && why.status != CV_OK)
        st = cv_fail(err, st, "%s", why.msg);
    cv_json_free(refused);
    cv_json_free(a.known);
    if (st != CV_OK) {
        cv_json_free(out->ids);
        out->ids = NULL;
    }
    return cv_err_note(err, st, "import");
}

/* ---- looking at it again ---- */

void cv_origin_free(struct cv_origin *o)
{
    cv_json_free(o->admin);
    cv_json_free(o->claims);
    memset(o, 0, sizeof(*o));
}

/* collect(r, parts): every disclosure that this member may read, at its place; the highest place. */
static size_t collect(const struct cv_record *r, struct cv_bytes *parts)
{
    size_t highest = 0;
    for (size_t s = 0; s < r->source_count; s++)
        for (void *it = cv_json_first(r->sources[s].sections); it != NULL;
             it = cv_json_next(r->sources[s].sections, it)) {
            const struct cv_json *list = cv_json_get(cv_json_iter_value(it), KEPT);
            for (size_t i = 0; i < cv_json_len(list); i++) {
                const char *line = cv_json_cstr(cv_json_at(list, i)),
                           *blank = line != NULL ? strchr(line, ' ') : NULL;
                const unsigned long place = line != NULL ? strtoul(line, NULL, 10) : 0;
                if (blank == NULL || place == 0 || place > PARTS_MAX)
                    continue;
                parts[place - 1] = cv_bytes_str(blank + 1);
                highest = place > highest ? place : highest;
            }
        }
    return highest;
}

/* presentation(r, admin, whole, out): put together again; ${whole} if no place is empty. */
static cv_status presentation(const struct cv_record *r, const struct cv_json *admin, bool *whole,
                              struct cv_buf *out)
{
    struct cv_bytes *parts = calloc(PARTS_MAX, sizeof(*parts));
    if (parts == NULL)
        return CV_ERR_NOMEM;
    const size_t n = collect(r, parts);
    cv_status st = cv_buf_append(out, cv_json_text(cv_json_get(admin, "jwt")));
    st = CV_THEN(st, cv_buf_str(out, "~"));
    *whole = true;
    for (size_t i = 0; i < n && st == CV_OK; i++) {
        *whole = *whole && parts[i].n > 0;
        if (parts[i].n == 0)
            continue;
        st = cv_buf_append(out, parts[i]);
        st = CV_THEN(st, cv_buf_str(out, "~"));
    }
    free(parts);
    return st;
}

/* author_key: of the one line that was verified when it came. */
static cv_status author_key(void *arg, const char *iss, const char *kid, uint8_t public[static 32])
{
    const struct cv_json *admin = arg;
    struct cv_member_key key;
    char urn[CV_VAULT_HEX_BYTES + 16];
    const char *vault = cv_json_get_str(admin, "vault");
    snprintf(urn, sizeof(urn), "urn:casevault:%.64s", vault != NULL ? vault : "");
    if (iss == NULL || kid == NULL || strcmp(iss, urn) != 0 ||
        cv_member_parse(cv_json_text(cv_json_get(admin, "author")), &key, NULL) != CV_OK ||
        strcmp(kid, key.pseudonym) != 0)
        return CV_ERR_NOTFOUND;
    memcpy(public, key.sign, 32);
    return CV_OK;
}

/* check_proof(admin): the log's key signed a head that this JWT lies under. */
static cv_status check_proof(const struct cv_json *admin, struct cv_err *err)
{
    struct cv_tlog_proof proof;
    struct cv_note note = { 0 };
    struct cv_checkpoint head = { 0 };
    struct cv_hash leaf;
    uint8_t key[32], bind[32];
    char origin[128], hex[65];
    snprintf(origin, sizeof(origin), "casevault/%.64s", cv_json_get_str(admin, "vault"));
    cv_status st = cv_tlog_proof_parse(cv_json_text(cv_json_get(admin, "proof")), &proof, err);
    st = CV_THEN(st, cv_json_get_bytes(admin, "log_key", key, sizeof(key)));
    st = CV_THEN(st, cv_note_parse(proof.note, &note, err));
    st = CV_THEN(st, cv_checkpoint_parse(note.text, &head, err));
    st = CV_THEN(st, cv_note_verify(&note, origin, key));
    st = CV_THEN(st, cv_sha256(cv_json_text(cv_json_get(admin, "jwt")), bind));
    cv_hex_encode(CV_ARR(bind), hex);
    if (st == CV_OK && (proof.extra.n < 65 || memcmp(proof.extra.p + proof.extra.n - 65, hex, 64) != 0))
        st = CV_ERR_AUTH;
    st = CV_THEN(st, cv_merkle_leaf(cv_buf_view(&proof.extra), &leaf));
    st = CV_THEN(st, cv_merkle_verify_inclusion(proof.index, head.size, &leaf, cv_buf_view(&proof.hashes),
                                                &head.root));
    cv_note_free(&note);
    cv_tlog_proof_free(&proof);
    return st == CV_OK || st == CV_ERR_NOMEM
               ? st
               : cv_fail(err, CV_ERR_AUTH, "the proof that their log held it does not verify");
}

/* judge(r, o): what was put together, with the binding if all of it is there. */
static cv_status judge(const struct cv_record *r, struct cv_origin *o, struct cv_err *err)
{
    struct cv_buf text = { 0 };
    struct cv_sdjwt_rules rules = { .typ = CV_RECORD_TYP,
                                    .nonce = cv_json_get_str(o->admin, "package"),
                                    .now = (int64_t)time(NULL),
                                    .issuer = author_key,
                                    .arg = o->admin };
    cv_status st = presentation(r, o->admin, &o->whole, &text);
    if (st == CV_OK && o->whole)
        st = cv_buf_append(&text, cv_json_text(cv_json_get(o->admin, "binding")));
    rules.need_binding = o->whole;
    st = CV_THEN(st, cv_sdjwt_verify(cv_buf_view(&text), &rules, &o->claims, err));
    st = CV_THEN(st, check_proof(o->admin, err));
    cv_buf_free(&text);
    return st == CV_ERR_FORMAT ? CV_ERR_AUTH : st;
}

cv_status cv_origin_check(struct cv_vault *v, const char *id, const char *reason, struct cv_origin *out,
                          struct cv_err *err)
{
    struct cv_record r = { 0 };
    *out = (struct cv_origin){ 0 };
    cv_status st = cv_record_read(v, id, 0, NULL, "read", reason, &r, err);
    if (st == CV_OK && strcmp(r.type, TYPE) != 0)
        st = cv_fail(err, CV_ERR_ARG, "%s is a %s, not where one came from", r.id, r.type);
    if (st == CV_OK && cv_record_section(&r, ADMIN) == NULL)
        st = cv_fail(err, CV_ERR_NOKEY, "none of your roles opens what the sender signed");
    if (st == CV_OK && (out->admin = cv_json_copy(cv_record_section(&r, ADMIN))) == NULL)
        st = CV_ERR_NOMEM;
    st = CV_THEN(st, judge(&r, out, err));
    cv_record_free(&r);
    return cv_err_note(err, st, "origin");
}
