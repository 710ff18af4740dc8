#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/hash.h"
#include "formats/base64.h"
#include "formats/date.h"
#include "formats/page.h"
#include "formats/statement.h"
#include "formats/words.h"
#include "vault/cover.h"
#include "vault/notice.h"
#include "vault/package.h"
#include "vault/prove.h"

/* Making a package: judge consent and approvals once more, select what was asked for from what was signed at
 * intake, bind it to its recipient, prove where it stands, and say in the log what went. */

#define POINTERS_MAX 512 /* of one record */
#define HEAD_POINTERS 4  /* that always go along */
#define DETAIL_BYTES 500

struct making {
    struct cv_vault *v;
    const struct cv_dispatch *d;
    const char *reason;
    struct cv_outgoing *out;
    struct cv_json *records; /* of the manifest */
    uint64_t *entries;       /* that must be proved, one for each of them */
    size_t count, room;
};

void cv_outgoing_free(struct cv_outgoing *out)
{
    cv_package_free(&out->package);
    cv_json_free(out->manifest);
    cv_json_free(out->attachments);
    cv_json_free(out->told);
    memset(out, 0, sizeof(*out));
}

/* ---- may it leave now? ---- */

static const struct cv_json *plan(const struct making *m)
{
    return m->d->doc;
}

static const char *said(const struct making *m, const char *name)
{
    return cv_json_get_str(plan(m), name);
}

/* refuse(m, to, st, why): logged, then told. */
static cv_status refuse(struct making *m, const char *to, cv_status st, struct cv_err *err, const char *why)
{
    const struct cv_refusal refusal = { .to = to, .record = said(m, "record"), .reason = m->reason };
    return cv_event_refuse(m->v, &refusal, st, err, "%s", _(why));
}

static cv_status check_act(struct making *m, struct cv_err *err)
{
    char why[CV_ERR_BYTES], today[CV_DATE_BYTES];
    const unsigned have = (unsigned)cv_json_len(m->d->approved);
    cv_date_today(0, today);
    if (m->d->sent != NULL)
        return cv_fail(err, CV_ERR_EXISTS,
                       "this package was made already, on %.10s; a second one needs its own "
                       "`package new`",
                       cv_json_get_str(m->d->sent, "time"));
    if (!cv_holds_export(m->v))
        return refuse(m, "export", CV_ERR_DENIED, err,
                      "none of your roles may send anything out of the vault; the attempt is in the log");
    if (strcmp(today, said(m, "until")) > 0 || strcmp(today, said(m, "expires")) > 0)
        return refuse(m, "export", CV_ERR_CONSENT, err,
                      "its day is over; ask for it anew with `package new`");
    if (have >= m->d->need)
        return CV_OK;
    snprintf(why, sizeof(why),
             cv_words(m->d->need,
                      "it has %u of the %u approval that the policy asks for: `package approve %s`",
                      "it has %u of the %u approvals that the policy asks for: `package approve %s`"),
             have, m->d->need, said(m, "package"));
    return refuse(m, "export without approval", CV_ERR_CONSENT, err, why);
}

/* ---- selecting ---- */

/* A pointer of a plan, taken apart: /section/field or /section/field/N. */
struct part {
    char section[CV_NAME_BYTES], field[CV_NAME_BYTES];
    size_t element; /* SIZE_MAX: none */
};

static bool take_apart(const char *pointer, struct part *p)
{
    char rest[8] = "";
    *p = (struct part){ .element = SIZE_MAX };
    if (pointer[0] != '/')
        return false;
    const char *at = pointer + 1, *slash = strchr(at, '/');
    if (slash == NULL || (size_t)(slash - at) >= sizeof(p->section))
        return false;
    memcpy(p->section, at, (size_t)(slash - at));
    at = slash + 1;
    slash = strchr(at, '/');
    const size_t n = slash != NULL ? (size_t)(slash - at) : strlen(at);
    if (n == 0 || n >= sizeof(p->field))
        return false;
    memcpy(p->field, at, n);
    if (slash == NULL)
        return true;
    snprintf(rest, sizeof(rest), "%s", slash + 1);
    if (rest[0] == '\0' || strlen(slash + 1) >= sizeof(rest) || rest[strspn(rest, "0123456789")] != '\0')
        return false;
    p->element = (size_t)strtoul(rest, NULL, 10);
    return true;
}

/* check_field(m, item, pointer): in the plan, it is also what may go: nobody's plan is taken at its word. */
static cv_status check_field(struct making *m, const struct cv_json *item, const char *pointer,
                             struct cv_err *err)
{
    const char *id = cv_json_get_str(item, "record"), *type = cv_json_get_str(item, "type");
    struct cv_template_field f;
    struct part p;
    char why[CV_ERR_BYTES];
    if (!take_apart(pointer, &p) || !cv_template_field_named(m->v->template, type, p.section, p.field, &f) ||
        f.elements != (p.element != SIZE_MAX))
        return cv_fail(err, CV_ERR_ARG, "the package asks for %.60s, which a %.32s does not have", pointer,
                       type);
    if (cv_may_send(m->v, said(m, "profile"), id, p.section, p.field))
        return CV_OK;
    snprintf(why, sizeof(why), _("none of your roles may send %s.%s under the profile %.40s"), p.section,
             p.field, said(m, "profile"));
    return refuse(m, "export", CV_ERR_DENIED, err, why);
}

/* note_kept(s, p, o, a): where the vault keeps the file. */
static cv_status note_kept(const struct cv_json *item, const struct cv_source *s, const struct part *p,
                           const struct cv_json *o, struct cv_json *a)
{
    cv_status st = cv_json_set(a, "record", cv_json_ref(cv_json_get(item, "record")));
    st = CV_THEN(st, cv_json_set(a, "version", cv_json_int((int64_t)s->version)));
    st = CV_THEN(st, cv_json_set(a, "section", cv_json_str(p->section)));
    st = CV_THEN(st, cv_json_set(a, "number", cv_json_int((int64_t)p->element + 1)));
    return CV_THEN(st, cv_json_set(a, "listed", cv_json_copy(o)));
}

/* note_attachment(m, item, s, p): a file that a disclosed element names. */
static cv_status note_attachment(struct making *m, const struct cv_json *item, const struct cv_source *s,
                                 const struct part *p)
{
    const struct cv_json *list = cv_json_get(cv_json_get(s->sections, p->section), p->field);
    const struct cv_json *o = p->element != SIZE_MAX ? cv_json_at(list, p->element) : NULL;
    struct cv_json *a;
    if (cv_json_get_str(o, "sha256") == NULL || cv_json_get_str(o, "name") == NULL)
        return CV_OK;
    a = cv_json_object();
    cv_status st = cv_json_set(a, "name", cv_json_ref(cv_json_get(o, "name")));
    st = CV_THEN(st, cv_json_set(a, "sha256", cv_json_ref(cv_json_get(o, "sha256"))));
    if (cv_json_get(o, "document") != NULL)
        st = CV_THEN(st, note_kept(item, s, p, o, a));
    st = CV_THEN(st, cv_json_push(m->out->attachments, cv_json_ref(a)));
    cv_json_free(a);
    return st;
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

/* list_record(m, item, s): in the manifest, with the names of its files. */
static cv_status list_record(struct making *m, const struct cv_json *item, const struct cv_source *s)
{
    char sdjwt[64], proof[64];
    struct cv_json *o = cv_json_object();
    snprintf(sdjwt, sizeof(sdjwt), "records/%zu.sd-jwt", m->count + 1);
    snprintf(proof, sizeof(proof), "records/%zu.tlog-proof", m->count + 1);
    cv_status st = cv_json_set(o, "record", cv_json_ref(cv_json_get(item, "record")));
    st = CV_THEN(st, cv_json_set(o, "version", cv_json_int((int64_t)s->version)));
    st = CV_THEN(st, cv_json_set(o, "type", cv_json_ref(cv_json_get(item, "type"))));
    st = CV_THEN(st, cv_json_set(o, "sdjwt", cv_json_str(sdjwt)));
    st = CV_THEN(st, cv_json_set(o, "proof", cv_json_str(proof)));
    st = CV_THEN(st, cv_json_push(m->records, cv_json_ref(o)));
    cv_json_free(o);
    if (st != CV_OK)
        return st;
    if (m->count == m->room) {
        const size_t room = m->room > 0 ? 2 * m->room : 64;
        uint64_t *more = realloc(m->entries, room * sizeof(*more));
        if (more == NULL)
            return CV_ERR_NOMEM;
        m->entries = more;
        m->room = room;
    }
    m->entries[m->count++] = s->index;
    return m->count <= CV_PACKAGE_RECORDS_MAX ? CV_OK : CV_ERR_LIMIT;
}

/* present(m, item, s, first): the SD-JWT with key binding of one version, if it holds anything that goes. The
 * ${first} is the version that was asked for, and says which others it carries on from. */
static cv_status present(struct making *m, const struct cv_json *item, const struct cv_source *s, bool first,
                         struct cv_err *err)
{
    const struct cv_json *fields = cv_json_get(item, "fields");
    const char *pointers[POINTERS_MAX + HEAD_POINTERS] = { "/record_id", "/record_type", "/version",
                                                           "/carried" };
    struct cv_ed25519_key *export = NULL;
    struct cv_buf selected = { 0 }, bound = { 0 };
    uint8_t holder[32];
    size_t n = HEAD_POINTERS;
    cv_status st = CV_OK;
    for (size_t i = 0; i < cv_json_len(fields) && st == CV_OK; i++) {
        struct part p;
        const char *pointer = cv_json_cstr(cv_json_at(fields, i));
        if (!take_apart(pointer, &p) || cv_json_get(s->sections, p.section) == NULL)
            continue;
        pointers[n++] = pointer;
        st = n <= POINTERS_MAX ? note_attachment(m, item, s, &p) : CV_ERR_LIMIT;
    }
    if (st != CV_OK || (n == HEAD_POINTERS && !first))
        return st;
    if (s->sd == NULL)
        return cv_fail(err, CV_ERR_NOTFOUND, "record %s was erased since; ask for the package anew",
                       cv_json_get_str(item, "record"));
    st = bound_to(s, holder, err);
    st = CV_THEN(st, cv_keyring_export(m->v->keys, holder, &export, err));
    st = CV_THEN(st, cv_sdjwt_select(s->sd, pointers, n, &selected, err));
    st = CV_THEN(
        st, cv_sdjwt_bind(cv_buf_view(&selected), cv_json_get_str(cv_json_get(plan(m), "partner"), "name"),
                          said(m, "package"), (int64_t)time(NULL), cv_sign_key, export, &bound, err));
    st = CV_THEN(st, cv_json_push(m->out->package.sdjwts, cv_json_strn(cv_buf_view(&bound))));
    st = CV_THEN(st, list_record(m, item, s));
    cv_buf_free(&selected);
    cv_buf_free(&bound);
    return st;
}

/* sections_of(item, out, names): the sections that its fields stand in, NULL-terminated. */
static void sections_of(const struct cv_json *item, char (*names)[CV_NAME_BYTES], const char **out)
{
    const struct cv_json *fields = cv_json_get(item, "fields");
    size_t n = 0;
    for (size_t i = 0; i < cv_json_len(fields) && n < CV_ENVELOPE_PARTS_MAX; i++) {
        struct part p;
        bool have = !take_apart(cv_json_cstr(cv_json_at(fields, i)), &p);
        for (size_t j = 0; j < n; j++)
            have = have || strcmp(names[j], p.section) == 0;
        if (have)
            continue;
        memcpy(names[n], p.section, CV_NAME_BYTES);
        out[n] = names[n];
        n++;
    }
    out[n] = NULL;
}

/* tell(m, item, r): for the log: which fields of it went, and under whose release key that is said. */
static cv_status tell(struct making *m, const struct cv_json *item, const struct cv_record *r,
                      struct cv_err *err)
{
    const struct cv_json *fields = cv_json_get(item, "fields");
    struct cv_json *o = cv_json_object(), *list = cv_json_array();
    uint64_t slot = 0;
    cv_status st = cv_record_slot(m->v, r->sources[0].index, &slot, err);
    for (size_t i = 0; i < cv_json_len(fields) && st == CV_OK; i++) {
        char name[96];
        snprintf(name, sizeof(name), "%s", cv_json_cstr(cv_json_at(fields, i)) + 1);
        for (char *p = name; *p != '\0'; p++)
            *p = *p == '/' ? '.' : *p;
        st = cv_json_push(list, cv_json_str(name));
    }
    st = CV_THEN(st, cv_json_set(o, "record", cv_json_ref(cv_json_get(item, "record"))));
    st = CV_THEN(st, cv_json_set(o, "version", cv_json_int((int64_t)r->version)));
    st = CV_THEN(st, cv_json_set(o, "slot", cv_json_int((int64_t)slot)));
    st = CV_THEN(st, cv_json_set(o, "subjects", cv_json_ref(cv_json_get(item, "subjects"))));
    st = CV_THEN(st, cv_json_set(o, "fields", cv_json_ref(list)));
    st = CV_THEN(st, cv_json_push(m->out->told, cv_json_ref(o)));
    cv_json_free(list);
    cv_json_free(o);
    return st;
}

static cv_status make_one(struct making *m, const struct cv_json *item, struct cv_err *err)
{
    char names[CV_ENVELOPE_PARTS_MAX][CV_NAME_BYTES];
    const char *sections[CV_ENVELOPE_PARTS_MAX + 1];
    const struct cv_json *fields = cv_json_get(item, "fields");
    struct cv_record r = { 0 };
    cv_status st = CV_OK;
    for (size_t i = 0; i < cv_json_len(fields) && st == CV_OK; i++)
        st = check_field(m, item, cv_json_cstr(cv_json_at(fields, i)), err);
    sections_of(item, names, sections);
    st = CV_THEN(st, cv_record_read(m->v, cv_json_get_str(item, "record"),
                                    (uint64_t)cv_json_get_int(item, "version"), sections, "export", m->reason,
                                    &r, err));
    if (st == CV_OK && strcmp(r.type, cv_json_get_str(item, "type")) != 0)
        st = cv_fail(err, CV_ERR_ARG, "record %s is no %s", r.id, cv_json_get_str(item, "type"));
    for (size_t i = 0; i < r.source_count && st == CV_OK; i++)
        st = present(m, item, &r.sources[i], i == 0, err);
    st = CV_THEN(st, tell(m, item, &r, err));
    cv_record_free(&r);
    return st;
}

/* ---- what else goes along ---- */

/* add_policies(v, list): the chain, from the first. */
static cv_status add_policies(struct cv_vault *v, struct cv_json *list, struct cv_err *err)
{
    cv_status st = CV_OK;
    for (uint64_t n = 1; n <= cv_vault_policy(v)->number && st == CV_OK; n++) {
        struct cv_adopted where;
        struct cv_buf note = { 0 };
        st = cv_catalog_policy(cv_custody_catalog(v->custody), n, &where, err);
        st = CV_THEN(st, cv_custody_read(v->custody, where.index, CV_KIND_POLICY, &note, err));
        st = CV_THEN(st, cv_json_push(list, cv_json_strn(cv_buf_view(&note))));
        cv_buf_free(&note);
    }
    return st;
}

/* write_manifest(m, consents): all but files and page. */
static cv_status write_manifest(struct making *m, struct cv_json *consents)
{
    static const char *const kept[] = { "partner", "profile", "purpose", NULL };
    struct cv_json *o = m->out->manifest;
    char now[CV_TIME_BYTES];
    cv_vault_now(now);
    cv_status st = cv_json_set(o, "casevault", cv_json_str(CV_PACKAGE_TITLE));
    st = CV_THEN(st, cv_json_set(o, "id", cv_json_ref(cv_json_get(plan(m), "package"))));
    st = CV_THEN(st, cv_json_set(o, "vault", cv_json_str(cv_vault_policy(m->v)->vault)));
    st = CV_THEN(st, cv_json_set(o, "training", cv_json_bool(cv_vault_policy(m->v)->training)));
    st = CV_THEN(st, cv_json_set(o, "time", cv_json_str(now)));
    st = CV_THEN(st, cv_json_set(o, "by", cv_json_str(m->v->id->public.pseudonym)));
    for (size_t i = 0; kept[i] != NULL && st == CV_OK; i++)
        st = cv_json_set(o, kept[i], cv_json_ref(cv_json_get(plan(m), kept[i])));
    st = CV_THEN(st, cv_json_set(o, "case", cv_json_ref(cv_json_get(plan(m), "record"))));
    st = CV_THEN(st, cv_json_set(o, "expires", cv_json_ref(cv_json_get(plan(m), "expires"))));
    st = CV_THEN(st, cv_json_set(o, "basis", cv_json_ref(cv_json_get(plan(m), "basis"))));
    st = CV_THEN(st, cv_json_set(o, "consents", cv_json_ref(consents)));
    st = CV_THEN(st, cv_json_set(o, "approved_by", cv_json_ref(m->d->approved)));
    st = CV_THEN(st, cv_json_set(o, "records", cv_json_ref(m->records)));
    return CV_THEN(st, cv_json_set(o, "withheld", cv_json_ref(cv_json_get(plan(m), "withheld"))));
}

static cv_status make_all(struct making *m, struct cv_json *consents, struct cv_err *err)
{
    const struct cv_json *items = cv_json_get(plan(m), "items");
    struct cv_package *p = &m->out->package;
    cv_status st = CV_OK;
    for (size_t i = 0; i < cv_json_len(items) && st == CV_OK; i++)
        st = make_one(m, cv_json_at(items, i), err);
    st = CV_THEN(st, cv_prove(m->v->custody, m->entries, m->count, p->proofs, err));
    st = CV_THEN(st, add_policies(m->v, p->policies, err));
    st = CV_THEN(st, cv_vault_template_text(m->v, &p->template, err));
    st = CV_THEN(st, write_manifest(m, consents));
    st = CV_THEN(st, cv_package_readme(p, m->out->manifest));
    return CV_THEN(st, cv_package_redactions(p, m->out->manifest));
}

cv_status cv_outgoing_make(struct cv_vault *v, const struct cv_dispatch *d, const char *reason,
                           struct cv_outgoing *out, struct cv_err *err)
{
    struct making m = { .v = v, .d = d, .reason = reason, .out = out, .records = cv_json_array() };
    struct cv_json *consents = cv_json_array();
    memset(out, 0, sizeof(*out));
    out->manifest = cv_json_object();
    out->attachments = cv_json_array();
    out->told = cv_json_array();
    cv_status st = cv_package_new(&out->package);
    if (st == CV_OK && (m.records == NULL || consents == NULL || out->manifest == NULL ||
                        out->attachments == NULL || out->told == NULL))
        st = CV_ERR_NOMEM;
    st = CV_THEN(st, check_act(&m, err));
    st = CV_THEN(st, cv_dispatch_judge(v, d, reason, consents, err));
    st = CV_THEN(st, make_all(&m, consents, err));
    cv_json_free(consents);
    cv_json_free(m.records);
    free(m.entries);
    if (st != CV_OK)
        cv_outgoing_free(out);
    return cv_err_note(err, st, "package");
}

/* ---- the end of it ---- */

/* sign(v, p): manifest.sig. */
static cv_status sign(struct cv_vault *v, struct cv_package *p, struct cv_err *err)
{
    uint8_t hash[32];
    char hex[65], name[CV_MEMBER_KEYNAME_BYTES];
    struct cv_json *o = cv_json_object();
    struct cv_buf text = { 0 };
    cv_policy_member_keyname(cv_vault_policy(v), v->id->public.pseudonym, name);
    const struct cv_note_signer me = { name, v->id->public.sign, cv_identity_sign, (void *)(uintptr_t)v->id };
    cv_status st = cv_sha256(cv_buf_view(&p->manifest), hash);
    cv_hex_encode(CV_ARR(hash), hex);
    st = CV_THEN(st, cv_json_set(o, "manifest", cv_json_str(hex)));
    st = CV_THEN(st, cv_statement_text(CV_PACKAGE_STATEMENT, cv_vault_policy(v)->vault, o, &text));
    st = CV_THEN(st, cv_note_sign(cv_buf_view(&text), &me, 1, &p->signature, err));
    cv_json_free(o);
    cv_buf_free(&text);
    return st;
}

cv_status cv_outgoing_seal(struct cv_vault *v, struct cv_outgoing *out,
                           const struct cv_attachment *attachments, size_t count, struct cv_err *err)
{
    struct cv_json *files = cv_json_array(), *again = NULL;
    uint8_t page[32];
    char hex[65];
    cv_status st = cv_package_files(&out->package, attachments, count, files);
    st = CV_THEN(st, cv_json_set(out->manifest, "files", cv_json_ref(files)));
    st = CV_THEN(st, cv_page_digest(page));
    cv_hex_encode(CV_ARR(page), hex);
    st = CV_THEN(st, cv_json_set(out->manifest, "page", cv_json_str(hex)));
    st = CV_THEN(st, cv_json_write(out->manifest, &out->package.manifest));
    st = CV_THEN(st, cv_buf_str(&out->package.manifest, "\n"));
    st = CV_THEN(st, cv_manifest_parse(cv_buf_view(&out->package.manifest), &again, err));
    st = CV_THEN(st, sign(v, &out->package, err));
    st = CV_THEN(st, cv_package_finish(&out->package));
    cv_json_free(files);
    cv_json_free(again);
    return cv_err_note(err, st, "package");
}

/* reliance(out, told, text): on which consents of whose a record went, in words. */
static void reliance(const struct cv_outgoing *out, const struct cv_json *told,
                     char text[static DETAIL_BYTES])
{
    const struct cv_json *list = cv_json_get(out->manifest, "consents"), *who = cv_json_get(told, "subjects");
    size_t n = 0;
    text[0] = '\0';
    for (size_t i = 0; i < cv_json_len(list); i++)
        for (size_t j = 0; j < cv_json_len(who) && n < DETAIL_BYTES / 2; j++)
            if (cv_json_equal(cv_json_get(cv_json_at(list, i), "person"), cv_json_at(who, j)))
                n += (size_t)snprintf(text + n, DETAIL_BYTES - n, "%s%s", n > 0 ? ", " : "; consent ",
                                      cv_json_get_str(cv_json_at(list, i), "record"));
}

/* log_record(v, d, out, told, why): what of one record left, for whom, on which consent. */
static cv_status log_record(struct cv_vault *v, const struct cv_dispatch *d, const struct cv_outgoing *out,
                            const struct cv_json *told, const char *why, struct cv_err *err)
{
    const struct cv_bytes to = cv_plan_to(d->doc);
    char detail[2 * DETAIL_BYTES], consent[DETAIL_BYTES];
    reliance(out, told, consent);
    snprintf(detail, sizeof(detail), "package %s to %.*s, for %.40s%s%s", cv_json_get_str(d->doc, "package"),
             (int)to.n, (const char *)to.p, cv_json_get_str(d->doc, "purpose"), consent,
             cv_json_get_str(d->doc, "basis")[0] != '\0' ? "; ON A LEGAL BASIS where consent is missing"
                                                         : "");
    const struct cv_event event = { .action = "package",
                                    .record = cv_json_get_str(told, "record"),
                                    .version = (uint64_t)cv_json_get_int(told, "version"),
                                    .sections = cv_json_get(told, "fields"),
                                    .detail = detail,
                                    .reason = why,
                                    .slot = (uint64_t)cv_json_get_int(told, "slot") };
    return cv_event_add(v, &event, err);
}

static cv_status sent_notice(const struct cv_dispatch *d, const struct cv_outgoing *out, struct cv_json *o)
{
    uint8_t plan_hash[32], manifest[32];
    char hex[65];
    cv_status st = cv_plan_hash(d->doc, plan_hash);
    st = CV_THEN(st, cv_sha256(cv_buf_view(&out->package.manifest), manifest));
    cv_hex_encode(CV_ARR(manifest), hex);
    st = CV_THEN(st, cv_json_set(o, "package", cv_json_ref(cv_json_get(d->doc, "package"))));
    st = CV_THEN(st, cv_json_set(o, "plan", cv_json_b64u(CV_ARR(plan_hash))));
    st = CV_THEN(st, cv_json_set(o, "manifest", cv_json_str(hex)));
    st = CV_THEN(st, cv_json_set(o, "consents", cv_json_ref(cv_json_get(out->manifest, "consents"))));
    return CV_THEN(st, cv_json_set(o, "approved_by", cv_json_ref(d->approved)));
}

/* still(v, d): inside the commit: nobody else made it meanwhile, and no approval lost its force. */
static cv_status still(struct cv_vault *v, const struct cv_dispatch *d, struct cv_err *err)
{
    struct cv_dispatches list;
    cv_status st = cv_dispatches(v, cv_json_get_str(d->doc, "package"), &list, err);
    if (st == CV_OK && list.d[0].sent != NULL)
        st = cv_fail(err, CV_ERR_EXISTS, "this package was made already, by %s, just now: see `package list`",
                     list.d[0].sent_by);
    if (st == CV_OK && cv_json_len(list.d[0].approved) < list.d[0].need)
        st = cv_fail(err, CV_ERR_CONSENT, "it has not the approvals that the policy asks for any more");
    cv_dispatches_free(&list);
    return st;
}

cv_status cv_outgoing_sent(struct cv_vault *v, const struct cv_dispatch *d, const struct cv_outgoing *out,
                           const char *reason, struct cv_err *err)
{
    struct cv_json *o = cv_json_object();
    struct cv_buf why = { 0 };
    cv_status st = sent_notice(d, out, o);
    st = CV_THEN(st, cv_plan_why(d->doc, reason, &why));
    st = CV_THEN(st, cv_vault_begin(v, err));
    if (st == CV_OK) {
        st = still(v, d, err);
        st = CV_THEN(st, cv_notice_add(v, "package", cv_json_get_str(d->doc, "record"), o, err));
        st = CV_THEN(st,
                     cv_plan_basis(v, d->doc, cv_json_get_str(d->doc, "record"), (const char *)why.p, err));
        for (size_t i = 0; i < cv_json_len(out->told) && st == CV_OK; i++)
            st = log_record(v, d, out, cv_json_at(out->told, i), (const char *)why.p, err);
        st = CV_THEN(st, cv_vault_commit(v, err));
        if (st != CV_OK)
            cv_vault_abort(v);
    }
    cv_json_free(o);
    cv_buf_free(&why);
    return cv_err_note(err, st, "package");
}
