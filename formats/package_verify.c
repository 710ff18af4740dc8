#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "formats/base64.h"
#include "formats/checkpoint.h"
#include "formats/leaf.h"
#include "formats/package.h"
#include "formats/page.h"
#include "formats/sdjwt.h"
#include "formats/statement.h"
#include "formats/tlog_proof.h"
#include "formats/words.h"

#define POLICIES_MAX 4096
#define DAY_SECONDS 86400
#define HEX_DIGITS 64 /* of a SHA-256 */

static const char *const check_names[CV_CHECK_COUNT] = {
    [CV_CHECK_CONTAINER] = "container", [CV_CHECK_POLICIES] = "policies", [CV_CHECK_SENDER] = "sender",
    [CV_CHECK_MANIFEST] = "manifest",   [CV_CHECK_FILES] = "files",       [CV_CHECK_PAGE] = "page",
    [CV_CHECK_RECIPIENT] = "recipient", [CV_CHECK_RECORDS] = "records",   [CV_CHECK_BINDING] = "binding",
    [CV_CHECK_PROOFS] = "proofs",       [CV_CHECK_EXPIRY] = "expiry",     [CV_CHECK_TWIN] = "twin",
};

/* Where it does not hold, the same sentence stands in the error. */
static const char *const check_says[CV_CHECK_COUNT] = {
    [CV_CHECK_CONTAINER] = N_("it is one whole package, and nothing is hidden in it"),
    [CV_CHECK_POLICIES] = N_("the rules of the sender's vault follow one from another"),
    [CV_CHECK_SENDER] = N_("it is from the vault whose fingerprint the sender read out"),
    [CV_CHECK_MANIFEST] = N_("a member of that vault put it together"),
    [CV_CHECK_FILES] = N_("the files in it are those that the sender listed"),
    [CV_CHECK_PAGE] = N_("its page, index.html, shows what the files say"),
    [CV_CHECK_RECIPIENT] = N_("it is for whoever opened it"),
    [CV_CHECK_RECORDS] = N_("each record is as its author signed it at intake"),
    [CV_CHECK_BINDING] = N_("what is disclosed is for this partner, in this package"),
    [CV_CHECK_PROOFS] = N_("each record stands in the log of that vault"),
    [CV_CHECK_EXPIRY] = N_("it may still be used"),
    [CV_CHECK_TWIN] = N_("no other package came to you under its number"),
};

const char *cv_package_check_name(enum cv_package_check check)
{
    return check_names[check];
}

const char *cv_package_check_says(enum cv_package_check check)
{
    return check_says[check];
}

void cv_package_verdict_free(struct cv_package_verdict *v)
{
    cv_json_free(v->manifest);
    cv_json_free(v->claims);
    cv_json_free(v->places);
    cv_json_free(v->authors);
    memset(v, 0, sizeof(*v));
}

void cv_package_found(struct cv_package_verdict *v, enum cv_package_check check, cv_status st,
                      const char *why)
{
    struct cv_finding *f = &v->checks[check];
    if (f->done && f->status != CV_OK)
        return;
    f->done = true; /* what held so far may still fail */
    f->status = st;
    snprintf(f->why, sizeof(f->why), "%s",
             st == CV_OK                     ? ""
             : why != NULL && why[0] != '\0' ? why
                                             : cv_status_text(st));
}

/* fault(st): of memory, or inside: what no package is to blame for. */
static bool fault(cv_status st)
{
    return st == CV_ERR_NOMEM || st == CV_ERR_INTERNAL;
}

/* ---- judging ---- */

struct judging {
    const struct cv_package *p;
    const struct cv_json *files;
    int64_t now;
    struct cv_package_verdict *v;
    struct cv_policy **chain;
    size_t count;
    const struct cv_json *m;               /* the manifest */
    const struct cv_policy_member *author; /* of the record at hand */
    size_t values;                         /* of the records so far */
};

/* tell(g, check, st, err): a fault of ours ends it all; anything else is the package's. */
static cv_status tell(struct judging *g, enum cv_package_check check, cv_status st, const struct cv_err *err)
{
    if (fault(st))
        return st;
    cv_package_found(g->v, check, st == CV_OK ? CV_OK : CV_ERR_AUTH, err->msg);
    return CV_OK;
}

static cv_status judge_manifest(struct judging *g, struct cv_err *err)
{
    struct cv_note note = { 0 };
    struct cv_bytes json;
    struct cv_json *stated = NULL;
    uint8_t hash[32];
    char hex[65], name[CV_MEMBER_KEYNAME_BYTES];
    static const char *const names[] = { "manifest", NULL };
    const struct cv_policy *last = g->count > 0 ? g->chain[g->count - 1] : NULL;
    const char *by = cv_json_get_str(g->m, "by");
    if (last == NULL)
        return CV_ERR_INTERNAL;
    const struct cv_policy_member *member = cv_policy_member(last, by);
    if (strcmp(cv_json_get_str(g->m, "vault"), last->vault) != 0 ||
        cv_json_get_bool(g->m, "training") != last->training)
        return cv_fail(err, CV_ERR_AUTH, "it names another vault than its policies, or another use of it");
    if (member == NULL)
        return cv_fail(err, CV_ERR_AUTH, "it was not made by a member of the vault");
    if (cv_json_len(cv_json_get(g->m, "consents")) == 0 && cv_json_len(cv_json_get(g->m, "basis")) == 0)
        return cv_fail(err, CV_ERR_AUTH, "it names neither a consent nor a legal basis");
    cv_status st = cv_note_parse(cv_buf_view(&g->p->signature), &note, err);
    st = CV_THEN(st, cv_statement_split(note.text, CV_PACKAGE_STATEMENT, last->vault, &json, err));
    st = CV_THEN(st, cv_json_parse(json, 256, "manifest.sig", &stated, err));
    st = CV_THEN(st, cv_json_only(stated, names, "manifest.sig", err));
    st = CV_THEN(st, cv_sha256(cv_buf_view(&g->p->manifest), hash));
    cv_hex_encode(CV_ARR(hash), hex);
    const char *says = st == CV_OK ? cv_json_get_str(stated, "manifest") : NULL;
    if (st == CV_OK && (says == NULL || strcmp(says, hex) != 0))
        st = cv_fail(err, CV_ERR_AUTH, "its signature is over another manifest");
    if (st == CV_OK) {
        cv_policy_member_keyname(last, by, name);
        st = cv_note_verify(&note, name, member->key.sign);
        if (st != CV_OK)
            st = cv_fail(err, fault(st) ? st : CV_ERR_AUTH, "the signature of %s does not verify", by);
    }
    cv_note_free(&note);
    cv_json_free(stated);
    return st;
}

static cv_status judge_policies(struct judging *g, struct cv_err *err)
{
    const size_t n = cv_json_len(g->p->policies);
    if (n == 0 || n > POLICIES_MAX)
        return cv_fail(err, CV_ERR_AUTH, "it has no policies, or more than %d", POLICIES_MAX);
    g->chain = calloc(n, sizeof(*g->chain));
    if (g->chain == NULL)
        return CV_ERR_NOMEM;
    for (; g->count < n; g->count++) {
        struct cv_err bad = { 0 };
        cv_status st =
            cv_policy_parse(cv_json_text(cv_json_at(g->p->policies, g->count)),
                            g->count > 0 ? g->chain[g->count - 1] : NULL, &g->chain[g->count], &bad);
        if (st != CV_OK)
            return cv_fail(err, st, "policy %zu: %s", g->count + 1, bad.msg);
    }
    cv_vault_fingerprint(g->chain[0]->vault, g->v->fingerprint);
    return CV_OK;
}

/* names_file(list, i, base, suffix): is the i-th record's file the one that stands there? */
static bool names_file(const struct cv_json *record, const char *member, size_t i, const char *suffix)
{
    char want[64];
    snprintf(want, sizeof(want), "records/%zu.%s", i + 1, suffix);
    return strcmp(cv_json_get_str(record, member), want) == 0;
}

/* The texts in what was disclosed that may be digests of files. */
struct digests {
    const char **hex;
    size_t count, room;
};

static cv_status gather(struct digests *d, const struct cv_json *v)
{
    const char *text = cv_json_cstr(v);
    cv_status st = CV_OK;
    if (text != NULL && cv_json_len(v) == HEX_DIGITS) {
        if (d->count == d->room) {
            const size_t room = d->room > 0 ? 2 * d->room : 64;
            const char **more = realloc(d->hex, room * sizeof(*more));
            if (more == NULL)
                return CV_ERR_NOMEM;
            d->hex = more;
            d->room = room;
        }
        d->hex[d->count++] = text;
    }
    if (cv_json_is(v, CV_JSON_ARRAY))
        for (size_t i = 0; i < cv_json_len(v) && st == CV_OK; i++)
            st = gather(d, cv_json_at(v, i));
    if (cv_json_is(v, CV_JSON_OBJECT))
        for (void *it = cv_json_first(v); it != NULL && st == CV_OK; it = cv_json_next(v, it))
            st = gather(d, cv_json_iter_value(it));
    return st;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* judge_attachments(g): when the records are known: each file's digest stands in one of them. Both may be
 * very many. */
static cv_status judge_attachments(struct judging *g, struct cv_err *err)
{
    struct digests d = { 0 };
    cv_status st = gather(&d, g->v->claims);
    if (d.count > 1)
        qsort(d.hex, d.count, sizeof(*d.hex), by_text);
    for (size_t i = 0; st == CV_OK && i < cv_json_len(g->files); i++) {
        const struct cv_json *f = cv_json_at(g->files, i);
        const char *name = cv_json_get_str(f, "name"), *hex = cv_json_get_str(f, "sha256");
        if (strncmp(name, "attachments/", 12) == 0 &&
            (d.count == 0 || bsearch(&hex, d.hex, d.count, sizeof(*d.hex), by_text) == NULL))
            st = cv_fail(err, CV_ERR_AUTH, "no record names the file %.100s", name);
    }
    free(d.hex);
    return st;
}

static cv_status judge_template(struct judging *g, struct cv_err *err)
{
    uint8_t hash[32];
    cv_status st = cv_sha256(cv_buf_view(&g->p->template), hash);
    if (st == CV_OK && memcmp(hash, g->chain[g->count - 1]->template_hash, sizeof(hash)) != 0)
        st = cv_fail(err, CV_ERR_AUTH, "template.json is not the template of the sender's vault");
    return st;
}

/* judge_redactions(g): the table says what the manifest says. */
static cv_status judge_redactions(struct judging *g, struct cv_err *err)
{
    struct cv_package again = { 0 };
    cv_status st = cv_package_redactions(&again, g->m);
    if (st == CV_OK && !cv_bytes_equal(cv_buf_view(&again.redactions), cv_buf_view(&g->p->redactions)))
        st = cv_fail(err, CV_ERR_AUTH, "redactions.csv is not what the manifest says was withheld");
    cv_package_free(&again);
    return st;
}

static cv_status judge_files(struct judging *g, struct cv_err *err)
{
    const struct cv_json *list = cv_json_get(g->m, "files"), *records = cv_json_get(g->m, "records");
    const size_t n = cv_json_len(list), there = cv_json_len(g->files);
    for (size_t i = 0; i < n && i < there; i++)
        if (!cv_json_equal(cv_json_at(list, i), cv_json_at(g->files, i)))
            return cv_fail(err, CV_ERR_AUTH, "%.100s is not the file that the manifest lists",
                           cv_json_get_str(cv_json_at(g->files, i), "name"));
    if (n != there)
        return cv_fail(err, CV_ERR_AUTH, "the manifest lists %zu files, and there are %zu", n, there);
    if (cv_json_len(records) != cv_json_len(g->p->sdjwts))
        return cv_fail(err, CV_ERR_AUTH, "the manifest names %zu records, and there are %zu",
                       cv_json_len(records), cv_json_len(g->p->sdjwts));
    for (size_t i = 0; i < cv_json_len(records); i++)
        if (!names_file(cv_json_at(records, i), "sdjwt", i, "sd-jwt") ||
            !names_file(cv_json_at(records, i), "proof", i, "tlog-proof"))
            return cv_fail(err, CV_ERR_AUTH, "record %zu is said to be in another file", i + 1);
    cv_status st = judge_template(g, err);
    return CV_THEN(st, judge_redactions(g, err));
}

static cv_status judge_page(struct judging *g, struct cv_err *err)
{
    struct cv_buf want = { 0 };
    struct cv_bytes data;
    uint8_t digest[32], ours[32];
    char hex[65];
    cv_status st = cv_page_split(cv_buf_view(&g->p->index), &data, digest, err);
    cv_hex_encode(CV_ARR(digest), hex);
    if (st == CV_OK && strcmp(hex, cv_json_get_str(g->m, "page")) != 0)
        st = cv_fail(err, CV_ERR_AUTH, "index.html is not the page that was sent");
    st = CV_THEN(st, cv_page_digest(ours));
    g->v->other_page = st == CV_OK && memcmp(ours, digest, sizeof(ours)) != 0;
    st = CV_THEN(st, cv_package_data(g->p, &want));
    if (st == CV_OK && !cv_bytes_equal(cv_buf_view(&want), data))
        st = cv_fail(err, CV_ERR_AUTH, "index.html shows other data than the files");
    cv_buf_free(&want);
    return st;
}

/* ---- records ---- */

/* jwt_of(text): what the author signed, of a presentation. */
static struct cv_bytes jwt_of(struct cv_bytes text)
{
    const uint8_t *tilde = text.n > 0 ? memchr(text.p, '~', text.n) : NULL;
    return CV_BYTES(text.p, tilde != NULL ? (size_t)(tilde - text.p) : 0);
}

/* issuer: anyone who was a member under any policy of the chain. */
static cv_status issuer(void *arg, const char *iss, const char *kid, uint8_t public[static 32])
{
    struct judging *g = arg;
    char urn[CV_VAULT_HEX_BYTES + 16];
    snprintf(urn, sizeof(urn), "urn:casevault:%s", g->chain[0]->vault);
    if (iss == NULL || kid == NULL || strcmp(iss, urn) != 0)
        return CV_ERR_NOTFOUND;
    for (size_t i = 0; i < g->count; i++) {
        const struct cv_policy_member *m = cv_policy_member(g->chain[i], kid);
        if (m != NULL) {
            memcpy(public, m->key.sign, 32);
            g->author = m;
            return CV_OK;
        }
    }
    return CV_ERR_NOTFOUND;
}

/* check_holder(g, claims): the key that bound it is an export key of the vault. */
static cv_status check_holder(const struct judging *g, const struct cv_json *claims, struct cv_err *err)
{
    uint8_t key[32];
    cv_status st = cv_jwk_okp_parse(cv_json_get(cv_json_get(claims, "cnf"), "jwk"), key, err);
    for (size_t i = 0; st == CV_OK && i < g->count; i++)
        if (memcmp(key, g->chain[i]->export.key, sizeof(key)) == 0)
            return CV_OK;
    return st != CV_OK ? st : cv_fail(err, CV_ERR_AUTH, "it is for a key that is not the vault's export key");
}

static bool claims_text(const struct cv_json *claims, const char *name, const struct cv_json *said)
{
    const char *have = cv_json_get_str(claims, name), *want = cv_json_cstr(said);
    return have != NULL && want != NULL && strcmp(have, want) == 0;
}

/* check_claims(g, record, claims): a record of this vault, and the one that the manifest says. */
static cv_status check_claims(const struct judging *g, const struct cv_json *record,
                              const struct cv_json *claims, struct cv_err *err)
{
    const char *vct = cv_json_get_str(claims, "vct");
    if (vct == NULL || strcmp(vct, CV_RECORD_VCT) != 0)
        return cv_fail(err, CV_ERR_AUTH, "it is not a casevault record (vct)");
    if (cv_json_get_bool(claims, "training") != g->chain[0]->training)
        return cv_fail(err, CV_ERR_AUTH, "training and real are mixed");
    if (!claims_text(claims, "record_id", cv_json_get(record, "record")) ||
        !claims_text(claims, "record_type", cv_json_get(record, "type")) ||
        !cv_json_equal(cv_json_get(claims, "version"), cv_json_get(record, "version")))
        return cv_fail(err, CV_ERR_AUTH, "it is another record than the manifest says");
    return check_holder(g, claims, err);
}

/* check_plain(jwt, claims): what stands in the clear is what a record has there, and nothing that was
 * disclosed bears such a name. */
static cv_status check_plain(struct cv_bytes jwt, const struct cv_json *claims, struct cv_err *err)
{
    static const char *const names[] = { "iss", "iat", "vct", "cnf", "training", "_sd", "_sd_alg", NULL };
    struct cv_jws jws = { 0 };
    cv_status st = cv_jws_parse(jwt, CV_RECORD_TYP, &jws, err);
    st = CV_THEN(st, cv_json_only(jws.payload, names, "its JWT", err));
    for (size_t i = 0; i < 5 && st == CV_OK; i++)
        if (cv_json_get(claims, names[i]) != NULL && cv_json_get(jws.payload, names[i]) == NULL)
            st = cv_fail(err, CV_ERR_AUTH, "%s was disclosed, and must stand in the clear", names[i]);
    if (st == CV_OK && (cv_json_get_int(claims, "iat") % DAY_SECONDS != 0 ||
                        (cv_json_get(claims, "training") != NULL && !cv_json_get_bool(claims, "training"))))
        st = cv_fail(err, CV_ERR_AUTH, "its day or its training mark is not as casevault writes it");
    cv_jws_free(&jws);
    return st;
}

/* check_bound(binding): it says for whom, of what, and when; no more. */
static cv_status check_bound(struct cv_bytes binding, struct cv_err *err)
{
    static const char *const names[] = { "iat", "aud", "nonce", "sd_hash", NULL };
    struct cv_jws jws = { 0 };
    cv_status st = cv_jws_parse(binding, "kb+jwt", &jws, err);
    st = CV_THEN(st, cv_json_only(jws.payload, names, "its key binding", err));
    cv_jws_free(&jws);
    return st;
}

/* unbound(text): the presentation without its key binding. */
static struct cv_bytes unbound(struct cv_bytes text)
{
    while (text.n > 0 && text.p[text.n - 1] != '~')
        text.n--;
    return text;
}

/* judge_record(g, i, claims, check, err): ${check} is what failed. */
static cv_status judge_record(struct judging *g, size_t i, struct cv_json **claims,
                              enum cv_package_check *check, struct cv_err *err)
{
    const struct cv_bytes text = cv_json_text(cv_json_at(g->p->sdjwts, i));
    struct cv_json *other = NULL;
    struct cv_sdjwt_rules rules = { .typ = CV_RECORD_TYP,
                                    .aud = cv_json_get_str(cv_json_get(g->m, "partner"), "name"),
                                    .nonce = cv_json_get_str(g->m, "id"),
                                    .need_binding = true,
                                    .now = g->now,
                                    .issuer = issuer,
                                    .arg = g };
    *check = CV_CHECK_RECORDS;
    const struct cv_bytes bare = unbound(text);
    cv_status st = cv_sdjwt_verify(text, &rules, claims, err);
    if (st == CV_OK && (g->values += cv_json_values(*claims)) > CV_PACKAGE_VALUES_MAX)
        return cv_fail(err, CV_ERR_LIMIT, "more than %d values are in the records", CV_PACKAGE_VALUES_MAX);
    if (st == CV_OK) {
        st = check_claims(g, cv_json_at(cv_json_get(g->m, "records"), i), *claims, err);
        st = CV_THEN(st, check_plain(jwt_of(text), *claims, err));
        *check = st == CV_OK ? CV_CHECK_BINDING : CV_CHECK_RECORDS;
        return CV_THEN(st, check_bound(CV_BYTES(text.p + bare.n, text.n - bare.n), err));
    }
    rules.need_binding = false;
    if (cv_sdjwt_verify(bare, &rules, &other, NULL) == CV_OK && check_holder(g, other, NULL) == CV_OK)
        *check = CV_CHECK_BINDING; /* all but that is good */
    cv_json_free(other);
    return st;
}

/* is_section(name): of a record's claims, not what stands in its head or in the clear. */
static bool is_section(const char *name)
{
    static const char *const others[] = { "iss",      "iat",       "vct",         "cnf",
                                          "training", "record_id", "record_type", "version",
                                          "previous", "carried",   NULL };
    for (size_t i = 0; others[i] != NULL; i++)
        if (strcmp(name, others[i]) == 0)
            return false;
    return true;
}

/* newest(g, i): of the items of the same record as the i-th, that of the highest version. */
static const struct cv_json *newest(const struct judging *g, size_t i)
{
    const struct cv_json *claims = g->v->claims, *best = cv_json_at(claims, i);
    const char *id = cv_json_get_str(best, "record_id");
    for (size_t j = 0; j < cv_json_len(claims); j++)
        if (strcmp(cv_json_get_str(cv_json_at(claims, j), "record_id"), id) == 0 &&
            cv_json_get_int(cv_json_at(claims, j), "version") > cv_json_get_int(best, "version"))
            best = cv_json_at(claims, j);
    return best;
}

/* stands_twice(g, i): is an item before the i-th the same version of the same record? */
static bool stands_twice(const struct judging *g, size_t i)
{
    const struct cv_json *claims = g->v->claims, *one = cv_json_at(claims, i);
    const char *id = cv_json_get_str(one, "record_id");
    for (size_t j = 0; j < i; j++)
        if (cv_json_get_int(cv_json_at(claims, j), "version") == cv_json_get_int(one, "version") &&
            strcmp(cv_json_get_str(cv_json_at(claims, j), "record_id"), id) == 0)
            return true;
    return false;
}

/* judge_versions(g): a record's newest version says which older ones its sections stand in; no other
 * combination is a record that ever was. */
static cv_status judge_versions(struct judging *g, struct cv_err *err)
{
    for (size_t i = 0; i < cv_json_len(g->v->claims); i++) {
        const struct cv_json *claims = cv_json_at(g->v->claims, i), *last = newest(g, i),
                             *carried = cv_json_get(last, "carried");
        if (!cv_json_is(carried, CV_JSON_OBJECT))
            return cv_fail(err, CV_ERR_AUTH, "record %zu: it does not say which sections are older", i + 1);
        if (!cv_json_equal(cv_json_get(claims, "record_type"), cv_json_get(last, "record_type")) ||
            stands_twice(g, i))
            return cv_fail(err, CV_ERR_AUTH, "record %zu: stands twice, or under two types", i + 1);
        for (void *it = cv_json_first(claims); it != NULL; it = cv_json_next(claims, it)) {
            const struct cv_json *from = cv_json_get(carried, cv_json_iter_name(it));
            if (is_section(cv_json_iter_name(it)) &&
                (claims == last ? from != NULL : !cv_json_equal(from, cv_json_get(claims, "version"))))
                return cv_fail(err, CV_ERR_AUTH,
                               "record %zu: %.32s is not of the version that the record has now", i + 1,
                               cv_json_iter_name(it));
        }
    }
    return CV_OK;
}

static cv_status judge_records(struct judging *g)
{
    cv_status st = CV_OK;
    cv_package_found(g->v, CV_CHECK_RECORDS, CV_OK, NULL);
    cv_package_found(g->v, CV_CHECK_BINDING, CV_OK, NULL);
    for (size_t i = 0; st == CV_OK && i < cv_json_len(g->p->sdjwts); i++) {
        struct cv_err bad = { 0 }, named = { 0 };
        struct cv_json *claims = NULL;
        enum cv_package_check check;
        st = judge_record(g, i, &claims, &check, &bad);
        if (st == CV_OK) {
            st = cv_json_push(g->v->claims, cv_json_ref(claims));
            st = CV_THEN(st, cv_json_push(g->v->authors, cv_json_str(g->author->key.line)));
        } else if (!fault(st)) {
            (void)!cv_fail(&named, st, "record %zu: %s", i + 1, bad.msg);
            st = tell(g, check, st, &named);
        }
        cv_json_free(claims);
    }
    if (st == CV_OK && g->v->checks[CV_CHECK_RECORDS].status == CV_OK) {
        struct cv_err versions = { 0 }, attachments = { 0 };
        st = tell(g, CV_CHECK_RECORDS, judge_versions(g, &versions), &versions);
        st = CV_THEN(st, tell(g, CV_CHECK_FILES, judge_attachments(g, &attachments), &attachments));
    }
    return st;
}

/* ---- proofs ---- */

/* signed_by(g, note, p): by that policy's log key, and by a member of it or its recovery key? */
static bool signed_by(const struct cv_note *note, const struct cv_policy *p)
{
    char name[CV_MEMBER_KEYNAME_BYTES];
    unsigned count = 0;
    cv_policy_origin(p, name);
    if (cv_note_verify(note, name, p->log.key) != CV_OK)
        return false;
    cv_policy_recovery_keyname(p, name);
    return cv_note_verify(note, name, p->recovery.key) == CV_OK ||
           (cv_policy_signatures(p, note, ~(cv_roles)0, &count, NULL) == CV_OK && count > 0);
}

static cv_status check_checkpoint(const struct judging *g, struct cv_bytes bytes, struct cv_checkpoint *out,
                                  const struct cv_policy **by, struct cv_err *err)
{
    char origin[128];
    struct cv_note note = { 0 };
    cv_policy_origin(g->chain[0], origin);
    cv_status st = cv_note_parse(bytes, &note, err);
    st = CV_THEN(st, cv_checkpoint_parse(note.text, out, err));
    if (st == CV_OK && strcmp(out->origin, origin) != 0)
        st = cv_fail(err, CV_ERR_AUTH, "its checkpoint is of another log");
    bool good = false;
    for (size_t i = g->count; st == CV_OK && i > 0 && !good; i--) {
        *by = g->chain[i - 1];
        good = signed_by(&note, *by);
    }
    if (st == CV_OK && !good)
        st = cv_fail(err, CV_ERR_AUTH, "its checkpoint is not signed by the log and a member of it");
    cv_note_free(&note);
    return st;
}

/* leaf_of(g, i, index, out): the text that the log must hold for this JWT; only the entry's hash is taken
 * from the proof. */
static cv_status check_leaf(const struct judging *g, size_t i, const struct cv_tlog_proof *proof,
                            struct cv_err *err)
{
    const struct cv_bytes text = cv_json_text(cv_json_at(g->p->sdjwts, i));
    const struct cv_bytes jwt = jwt_of(text);
    struct cv_leaf leaf = { .kind = CV_KIND_RECORD, .bound = true };
    struct cv_buf want = { 0 };
    char head[160];
    const size_t n = (size_t)snprintf(head, sizeof(head), "casevault leaf v1\n%s\n%" PRIu64 "\nrecord\n",
                                      g->chain[0]->vault, proof->index);
    cv_status st = cv_sha256(jwt, leaf.bind);
    if (st == CV_OK &&
        (proof->extra.n < n + 64 || cv_hex_decode(CV_BYTES(proof->extra.p + n, 64), leaf.hash, 32) != CV_OK))
        st = CV_ERR_FORMAT;
    st = CV_THEN(st, cv_leaf_text(g->chain[0]->vault, proof->index, &leaf, &want));
    if ((st == CV_OK && !cv_bytes_equal(cv_buf_view(&want), cv_buf_view(&proof->extra))) ||
        st == CV_ERR_FORMAT)
        st = cv_fail(err, CV_ERR_AUTH, "its proof is about something else than this record");
    cv_buf_free(&want);
    return st;
}

static cv_status judge_proof(struct judging *g, size_t i, struct cv_err *err)
{
    struct cv_tlog_proof proof;
    struct cv_checkpoint head;
    const struct cv_policy *by = NULL;
    struct cv_hash leaf;
    struct cv_json *place = cv_json_object();
    cv_status st = cv_tlog_proof_parse(cv_json_text(cv_json_at(g->p->proofs, i)), &proof, err);
    st = CV_THEN(st, check_checkpoint(g, proof.note, &head, &by, err));
    st = CV_THEN(st, check_leaf(g, i, &proof, err));
    st = CV_THEN(st, cv_merkle_leaf(cv_buf_view(&proof.extra), &leaf));
    if (st == CV_OK) {
        st =
            cv_merkle_verify_inclusion(proof.index, head.size, &leaf, cv_buf_view(&proof.hashes), &head.root);
        if (st != CV_OK && !fault(st))
            st = cv_fail(err, CV_ERR_AUTH, "its proof does not lead to the checkpoint");
    }
    st = CV_THEN(st, cv_json_set(place, "index", cv_json_int((int64_t)proof.index)));
    st = CV_THEN(st, cv_json_set(place, "size", cv_json_int((int64_t)head.size)));
    st = CV_THEN(st, cv_json_set(place, "log", by != NULL ? cv_json_b64u(CV_ARR(by->log.key)) : NULL));
    st = CV_THEN(st, cv_json_push(g->v->places, cv_json_ref(place)));
    cv_json_free(place);
    cv_tlog_proof_free(&proof);
    return st;
}

static cv_status judge_proofs(struct judging *g)
{
    cv_status st = CV_OK;
    cv_package_found(g->v, CV_CHECK_PROOFS, CV_OK, NULL);
    for (size_t i = 0; st == CV_OK && i < cv_json_len(g->p->sdjwts); i++) {
        struct cv_err bad = { 0 }, named = { 0 };
        st = judge_proof(g, i, &bad);
        if (st == CV_OK || fault(st))
            continue;
        (void)!cv_fail(&named, st, "record %zu: %s", i + 1, bad.msg);
        st = tell(g, CV_CHECK_PROOFS, st, &named);
    }
    return st;
}

/* judge_rest(g, today): what needs the manifest and the policies. */
static cv_status judge_rest(struct judging *g, const char *today)
{
    struct cv_err manifest = { 0 }, files = { 0 }, page = { 0 };
    const char *expires = cv_json_get_str(g->m, "expires");
    cv_status st = tell(g, CV_CHECK_MANIFEST, judge_manifest(g, &manifest), &manifest);
    st = CV_THEN(st, tell(g, CV_CHECK_FILES, judge_files(g, &files), &files));
    st = CV_THEN(st, tell(g, CV_CHECK_PAGE, judge_page(g, &page), &page));
    if (st != CV_OK || g->v->checks[CV_CHECK_FILES].status != CV_OK)
        return st;
    st = judge_records(g);
    st = CV_THEN(st, judge_proofs(g));
    cv_package_found(g->v, CV_CHECK_EXPIRY, strcmp(today, expires) <= 0 ? CV_OK : CV_ERR_LIMIT,
                     "the last day of its use is over");
    return st;
}

cv_status cv_package_judge(const struct cv_package *p, const struct cv_json *files, int64_t now,
                           const char *today, struct cv_package_verdict *v)
{
    struct judging g = { .p = p, .files = files, .now = now, .v = v };
    struct cv_err policies = { 0 }, manifest = { 0 };
    v->claims = cv_json_array();
    v->places = cv_json_array();
    v->authors = cv_json_array();
    cv_status st = v->claims == NULL || v->places == NULL || v->authors == NULL ? CV_ERR_NOMEM : CV_OK;
    st = CV_THEN(st, tell(&g, CV_CHECK_POLICIES, judge_policies(&g, &policies), &policies));
    const cv_status reads =
        st == CV_OK ? cv_manifest_parse(cv_buf_view(&p->manifest), &v->manifest, &manifest) : st;
    g.m = v->manifest;
    if (st == CV_OK && reads != CV_OK)
        st = tell(&g, CV_CHECK_MANIFEST, reads, &manifest);
    else if (st == CV_OK && v->checks[CV_CHECK_POLICIES].status == CV_OK)
        st = judge_rest(&g, today);
    for (size_t i = 0; i < g.count; i++)
        cv_policy_free(g.chain[i]);
    free(g.chain);
    return st;
}
