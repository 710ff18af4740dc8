#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "formats/base64.h"
#include "formats/policy.h"
#include "formats/statement.h"
#include "formats/words.h"

static bool name_ok(const char *s)
{
    if (s == NULL || s[0] == '\0' || strlen(s) >= CV_NAME_BYTES)
        return false;
    return strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(s);
}

static cv_status read_name(const struct cv_json *o, char out[static CV_NAME_BYTES], struct cv_err *err)
{
    const char *name = cv_json_get_str(o, "name");
    if (!name_ok(name))
        return cv_fail(err, CV_ERR_FORMAT, "policy: a name is not 1 to 32 of a-z, 0-9 and _");
    snprintf(out, CV_NAME_BYTES, "%s", name);
    return CV_OK;
}

static cv_status read_u32(const struct cv_json *o, const char *name, int64_t least, uint32_t *out,
                          struct cv_err *err)
{
    const struct cv_json *v = cv_json_get(o, name);
    const int64_t n = cv_json_to_int(v);
    if (!cv_json_is(v, CV_JSON_INT) || n < least || n > INT32_MAX)
        return cv_fail(err, CV_ERR_FORMAT, "policy: %s is not a number in its range", name);
    *out = (uint32_t)n;
    return CV_OK;
}

static cv_status read_key(const struct cv_json *o, uint32_t *epoch, struct cv_key *key, struct cv_err *err)
{
    uint32_t suite = 0;
    struct cv_buf raw = { .max = CV_KEY_MAX_BYTES };
    cv_status st = read_u32(o, "epoch", 1, epoch, err);
    st = CV_THEN(st, read_u32(o, "suite", 1, &suite, err));
    if (st == CV_OK && (cv_base64_decode(CV_BASE64_URL, cv_json_text(cv_json_get(o, "key")), &raw) != CV_OK ||
                        suite > UINT16_MAX || cv_key_set(key, (uint16_t)suite, cv_buf_view(&raw)) != CV_OK))
        st = cv_fail(err, CV_ERR_FORMAT,
                     "policy: a key is not one of its suite; a newer casevault may be needed");
    cv_buf_free(&raw);
    return st;
}

static cv_status read_role_set(const struct cv_policy *p, const struct cv_json *list, cv_roles *out,
                               struct cv_err *err)
{
    *out = 0;
    if (!cv_json_is(list, CV_JSON_ARRAY))
        return cv_fail(err, CV_ERR_FORMAT, "policy: a list of roles is missing");
    for (size_t i = 0; i < cv_json_len(list); i++) {
        const char *name = cv_json_cstr(cv_json_at(list, i));
        cv_roles bit = name != NULL ? cv_policy_role_bit(p, name) : 0;
        if (bit == 0 || (*out & bit) != 0)
            return cv_fail(err, CV_ERR_FORMAT, "policy: a list names a role that is unknown, or twice");
        *out |= bit;
    }
    return CV_OK;
}

static cv_status read_roles(struct cv_policy *p, const struct cv_json *list, struct cv_err *err)
{
    if (!cv_json_is(list, CV_JSON_ARRAY) || cv_json_len(list) == 0 || cv_json_len(list) > CV_POLICY_ROLES_MAX)
        return cv_fail(err, CV_ERR_FORMAT, "policy: 1 to %d roles are wanted", CV_POLICY_ROLES_MAX);
    for (size_t i = 0; i < cv_json_len(list); i++) {
        struct cv_policy_role r = { 0 };
        const struct cv_json *o = cv_json_at(list, i);
        cv_status st = read_name(o, r.name, err);
        st = CV_THEN(st, read_key(o, &r.epoch, &r.key, err));
        if (st == CV_OK && cv_policy_role(p, r.name) != NULL)
            st = cv_fail(err, CV_ERR_FORMAT, "policy: role %s stands twice", r.name);
        if (st != CV_OK)
            return st;
        p->roles[p->role_count++] = r;
    }
    return CV_OK;
}

static cv_status read_sections(struct cv_policy *p, const struct cv_json *list, struct cv_err *err)
{
    if (!cv_json_is(list, CV_JSON_ARRAY) || cv_json_len(list) == 0 ||
        cv_json_len(list) > CV_POLICY_SECTIONS_MAX)
        return cv_fail(err, CV_ERR_FORMAT, "policy: 1 to %d sections are wanted", CV_POLICY_SECTIONS_MAX);
    for (size_t i = 0; i < cv_json_len(list); i++) {
        struct cv_policy_section s = { 0 };
        const struct cv_json *o = cv_json_at(list, i);
        cv_status st = read_name(o, s.name, err);
        st = CV_THEN(st, read_key(o, &s.epoch, &s.key, err));
        st = CV_THEN(st, read_role_set(p, cv_json_get(o, "readers"), &s.readers, err));
        st = CV_THEN(st, read_role_set(p, cv_json_get(o, "create"), &s.create, err));
        st = CV_THEN(st, read_role_set(p, cv_json_get(o, "edit"), &s.edit, err));
        if (st == CV_OK && cv_policy_section(p, s.name) != NULL)
            st = cv_fail(err, CV_ERR_FORMAT, "policy: section %s stands twice", s.name);
        if (st != CV_OK)
            return st;
        p->sections[p->section_count++] = s;
    }
    if (cv_policy_section(p, "head") == NULL || cv_policy_section(p, "audit") == NULL)
        return cv_fail(err, CV_ERR_FORMAT, "policy: it has no section head, or no audit");
    return CV_OK;
}

/* has_line(p, line): one of its members was judged by the same line. */
static bool has_line(const struct cv_policy *p, struct cv_bytes line)
{
    for (size_t i = 0; p != NULL && i < p->member_count; i++)
        if (cv_bytes_equal(cv_bytes_str(p->members[i].key.line), line))
            return true;
    return false;
}

/* read_members(p, list, judge, before, err): those who were in the policy before are not judged again. */
static cv_status read_members(struct cv_policy *p, const struct cv_json *list, bool judge,
                              const struct cv_policy *before, struct cv_err *err)
{
    if (!cv_json_is(list, CV_JSON_ARRAY) || cv_json_len(list) == 0)
        return cv_fail(err, CV_ERR_FORMAT, "policy: it has no members");
    for (size_t i = 0; i < cv_json_len(list); i++) {
        struct cv_member_key key;
        cv_roles roles = 0;
        const struct cv_json *o = cv_json_at(list, i);
        const struct cv_bytes line = cv_json_text(cv_json_get(o, "line"));
        cv_status st = judge && !has_line(before, line) ? cv_member_parse(line, &key, err)
                                                        : cv_member_read(line, &key, err);
        st = CV_THEN(st, read_role_set(p, cv_json_get(o, "roles"), &roles, err));
        st = CV_THEN(st, cv_policy_add_member(p, &key, roles, err));
        if (st != CV_OK)
            return st;
    }
    return CV_OK;
}

static cv_status read_signer(const struct cv_policy *p, const struct cv_json *o, struct cv_policy_signer *out,
                             struct cv_err *err)
{
    cv_status st = read_u32(o, "epoch", 1, &out->epoch, err);
    if (st == CV_OK && cv_json_get_bytes(o, "key", out->key, sizeof(out->key)) != CV_OK)
        st = cv_fail(err, CV_ERR_FORMAT, "policy: the log or export key is not 32 bytes");
    return CV_THEN(st, read_role_set(p, cv_json_get(o, "holders"), &out->holders, err));
}

static cv_status read_erase(struct cv_policy *p, const struct cv_json *o, struct cv_err *err)
{
    uint32_t quorum = 0;
    cv_status st = read_u32(o, "quorum", 1, &quorum, err);
    p->erase_quorum = quorum;
    return CV_THEN(st, read_role_set(p, cv_json_get(o, "roles"), &p->erasers, err));
}

static cv_status read_recovery(struct cv_policy *p, const struct cv_json *o, struct cv_err *err)
{
    const struct cv_json *list = cv_json_get(o, "shares");
    uint32_t threshold = 0;
    cv_status st = read_u32(o, "threshold", 0, &threshold, err);
    bool good = st == CV_OK && cv_json_is(list, CV_JSON_ARRAY) && cv_json_len(list) <= CV_SHAMIR_SHARES_MAX &&
                threshold <= cv_json_len(list) &&
                cv_json_get_bytes(o, "key", p->recovery.key, sizeof(p->recovery.key)) == CV_OK;
    for (size_t i = 0; good && i < cv_json_len(list); i++)
        good = cv_base64_decode_exact(CV_BASE64_URL, cv_json_text(cv_json_at(list, i)),
                                      p->recovery.digests[i], CV_SHARE_DIGEST_BYTES) == CV_OK;
    if (st == CV_OK && !good)
        st = cv_fail(err, CV_ERR_FORMAT, "policy: its recovery key or shares are not well formed");
    p->recovery.shares = (unsigned)cv_json_len(list);
    p->recovery.threshold = threshold;
    return st;
}

static cv_status read_witnesses(struct cv_policy *p, const struct cv_json *o, struct cv_err *err)
{
    const struct cv_json *list = cv_json_get(o, "keys");
    uint32_t quorum = 0;
    cv_status st = read_u32(o, "quorum", 0, &quorum, err);
    if (st == CV_OK && (!cv_json_is(list, CV_JSON_ARRAY) || quorum > cv_json_len(list)))
        st = cv_fail(err, CV_ERR_FORMAT, "policy: it has fewer witnesses than it asks cosignatures of");
    for (size_t i = 0; i < cv_json_len(list) && st == CV_OK; i++) {
        struct cv_note_key key;
        st = cv_cosignature_vkey_parse(cv_json_text(cv_json_at(list, i)), &key, err);
        st = CV_THEN(st, cv_policy_add_witness(&p->witnesses, &key, err));
    }
    p->witnesses.quorum = quorum;
    return st == CV_ERR_EXISTS || st == CV_ERR_LIMIT ? CV_ERR_FORMAT : st;
}

static cv_status read_hash(const struct cv_json *o, const char *name, uint8_t out[static 32],
                           struct cv_err *err)
{
    if (cv_hex_decode(cv_json_text(cv_json_get(o, name)), out, 32) != CV_OK)
        return cv_fail(err, CV_ERR_FORMAT, "policy: %s is not a SHA-256 in hex", name);
    return CV_OK;
}

/* read_rules(p, doc): the plain members of the document. */
static cv_status read_rules(struct cv_policy *p, const struct cv_json *doc, struct cv_err *err)
{
    uint32_t suite = 0, quorum = 0, package = 0;
    cv_status st = read_u32(doc, "suite", 1, &suite, err);
    st = CV_THEN(st, read_u32(doc, "quorum", 1, &quorum, err));
    st = CV_THEN(st, read_u32(doc, "package_quorum", 0, &package, err));
    if (st == CV_OK && suite != 1)
        st = cv_fail(err, CV_ERR_FORMAT, "policy: asks for suite %u; a newer casevault is needed", suite);
    if (st == CV_OK && (!cv_json_is(cv_json_get(doc, "training"), CV_JSON_BOOL) ||
                        !cv_json_is(cv_json_get(doc, "reason_required"), CV_JSON_BOOL)))
        st = cv_fail(err, CV_ERR_FORMAT, "policy: training or reason_required is neither true nor false");
    p->suite = (uint16_t)suite;
    p->quorum = quorum;
    p->package_quorum = package;
    p->training = cv_json_get_bool(doc, "training");
    p->reason_required = cv_json_get_bool(doc, "reason_required");
    return CV_THEN(st, read_hash(doc, "template", p->template_hash, err));
}

/* read_doc(p, doc, judge, before, err): ${judge}: members' lines are verified, not only read. */
static cv_status read_doc(struct cv_policy *p, const struct cv_json *doc, bool judge,
                          const struct cv_policy *before, struct cv_err *err)
{
    static const char *const names[] = {
        "number",          "previous", "training",       "suite",     "quorum", "erase",
        "reason_required", "template", "roles",          "sections",  "log",    "export",
        "recovery",        "members",  "package_quorum", "witnesses", NULL
    };
    cv_status st = cv_json_only(doc, names, "policy", err);
    st = CV_THEN(st, read_rules(p, doc, err));
    st = CV_THEN(st, read_roles(p, cv_json_get(doc, "roles"), err));
    st = CV_THEN(st, read_sections(p, cv_json_get(doc, "sections"), err));
    st = CV_THEN(st, read_signer(p, cv_json_get(doc, "log"), &p->log, err));
    st = CV_THEN(st, read_signer(p, cv_json_get(doc, "export"), &p->export, err));
    st = CV_THEN(st, read_erase(p, cv_json_get(doc, "erase"), err));
    st = CV_THEN(st, read_witnesses(p, cv_json_get(doc, "witnesses"), err));
    st = CV_THEN(st, read_recovery(p, cv_json_get(doc, "recovery"), err));
    return CV_THEN(st, read_members(p, cv_json_get(doc, "members"), judge, before, err));
}

/* read_place(p, doc, before): number and hash follow those of the policy before. */
static cv_status read_place(struct cv_policy *p, const struct cv_json *doc, const struct cv_policy *before,
                            struct cv_err *err)
{
    const int64_t number = cv_json_get_int(doc, "number");
    const int64_t want = before != NULL ? (int64_t)before->number + 1 : 1;
    if (!cv_json_is(cv_json_get(doc, "number"), CV_JSON_INT) || number != want)
        return cv_fail(err, CV_ERR_LOG, "policy: its number is %" PRId64 " where %" PRId64 " must stand",
                       number, want);
    p->number = (uint64_t)number;
    if (before == NULL)
        return cv_bytes_equal(cv_json_text(cv_json_get(doc, "previous")), CV_LIT("-"))
                   ? CV_OK
                   : cv_fail(err, CV_ERR_LOG, "policy 1: names one before it");
    memcpy(p->vault_id, before->vault_id, sizeof(p->vault_id));
    memcpy(p->vault, before->vault, sizeof(p->vault));
    cv_status st = read_hash(doc, "previous", p->previous, err);
    if (st == CV_OK && memcmp(p->previous, before->hash, sizeof(p->previous)) != 0)
        st = cv_fail(err, CV_ERR_LOG, "policy %" PRIu64 ": does not follow the one before it", p->number);
    return st;
}

/* by_recovery(note, judges): the recovery key of the policy before has signed. */
static bool by_recovery(const struct cv_note *note, const struct cv_policy *judges)
{
    char name[CV_MEMBER_KEYNAME_BYTES];
    cv_policy_recovery_keyname(judges, name);
    return cv_note_verify(note, name, judges->recovery.key) == CV_OK;
}

/* judge(p, note, judges): enough custodians of ${judges} have signed, or its recovery key. */
static cv_status judge(const struct cv_policy *p, const struct cv_note *note, const struct cv_policy *judges,
                       struct cv_err *err)
{
    struct cv_err bad = { 0 };
    unsigned good = 0;
    cv_status st =
        cv_policy_signatures(judges, note, cv_policy_role_bit(judges, CV_ROLE_CUSTODIAN), &good, &bad);
    if (st != CV_OK)
        return cv_fail(err, st, "policy %" PRIu64 ": %s", p->number, bad.msg);
    if (good >= judges->quorum || (p->number > 1 && by_recovery(note, judges)))
        return CV_OK;
    return cv_fail_n(err, CV_ERR_AUTH, good, "policy %" PRIu64 ": signed by %u custodian where %u must",
                     "policy %" PRIu64 ": signed by %u custodians where %u must", p->number, good,
                     judges->quorum);
}

/* check_canonical(p, text): what was read writes the same bytes; sets the hash and, in the first, the vault
 * id. */
static cv_status check_canonical(struct cv_policy *p, struct cv_bytes text, struct cv_err *err)
{
    struct cv_buf again = { .max = CV_POLICY_MAX_BYTES };
    cv_status st = cv_policy_text(p, &again);
    if (st == CV_OK && !cv_bytes_equal(text, cv_buf_view(&again)))
        st = cv_fail(err, CV_ERR_FORMAT, "policy %" PRIu64 ": not written in its one form", p->number);
    cv_buf_free(&again);
    return st;
}

/* follows(name, was, epoch, same): an epoch stays with its key, or goes up by one with a new one. */
static cv_status follows(const char *name, uint32_t was, uint32_t is, bool same, struct cv_err *err)
{
    if (is == was ? same : is == was + 1 && !same)
        return CV_OK;
    return cv_fail(err, CV_ERR_LOG, "policy: the key of %s does not follow the one before it", _(name));
}

/* first_epochs(p, roles, sections): those from these on are new, and begin with epoch 1: a number that is
 * only claimed could have no end. */
static cv_status first_epochs(const struct cv_policy *p, size_t roles, size_t sections, struct cv_err *err)
{
    bool good = true;
    for (size_t i = roles; i < p->role_count; i++)
        good = good && p->roles[i].epoch == 1;
    for (size_t i = sections; i < p->section_count; i++)
        good = good && p->sections[i].epoch == 1;
    return good ? CV_OK : cv_fail(err, CV_ERR_LOG, "policy: a new role or section does not begin at epoch 1");
}

/* follow_members(p, before): a pseudonym stays with its keys: it is short enough that somebody could make
 * keys that fit it. */
static cv_status follow_members(const struct cv_policy *p, const struct cv_policy *before, struct cv_err *err)
{
    for (size_t i = 0; i < p->member_count; i++) {
        const struct cv_member_key *key = &p->members[i].key;
        const struct cv_policy_member *was = cv_policy_member(before, key->pseudonym);
        if (was != NULL && strcmp(was->key.line, key->line) != 0)
            return cv_fail(err, CV_ERR_LOG, "policy: the keys of member %s are not those of before",
                           key->pseudonym);
    }
    return CV_OK;
}

static cv_status follow_signers(const struct cv_policy *p, const struct cv_policy *before, struct cv_err *err)
{
    cv_status st = follows("the log", before->log.epoch, p->log.epoch,
                           memcmp(before->log.key, p->log.key, sizeof(p->log.key)) == 0, err);
    return CV_THEN(st, follows("exports", before->export.epoch, p->export.epoch,
                               memcmp(before->export.key, p->export.key, sizeof(p->export.key)) == 0, err));
}

/* follow_keys(p, before): roles and sections stay in their places; each with its key, or a new one. */
static cv_status follow_keys(const struct cv_policy *p, const struct cv_policy *before, struct cv_err *err)
{
    cv_status st = CV_OK;
    if (p->role_count < before->role_count || p->section_count < before->section_count)
        return cv_fail(err, CV_ERR_LOG, "policy: a role or section of the one before it is gone");
    for (size_t i = 0; i < before->role_count && st == CV_OK; i++) {
        const struct cv_policy_role *a = &before->roles[i], *b = &p->roles[i];
        st = strcmp(a->name, b->name) != 0
                 ? cv_fail(err, CV_ERR_LOG, "policy: the role %s is not in its place", a->name)
                 : follows(a->name, a->epoch, b->epoch, cv_key_equal(&a->key, &b->key), err);
    }
    for (size_t i = 0; i < before->section_count && st == CV_OK; i++) {
        const struct cv_policy_section *a = &before->sections[i], *b = &p->sections[i];
        st = strcmp(a->name, b->name) != 0
                 ? cv_fail(err, CV_ERR_LOG, "policy: the section %s is not in its place", a->name)
                 : follows(a->name, a->epoch, b->epoch, cv_key_equal(&a->key, &b->key), err);
    }
    st = CV_THEN(st, first_epochs(p, before->role_count, before->section_count, err));
    st = CV_THEN(st, follow_members(p, before, err));
    return CV_THEN(st, follow_signers(p, before, err));
}

/* check_rules(p, before): what every policy must keep, whoever signed it. */
static cv_status check_rules(const struct cv_policy *p, const struct cv_policy *before, struct cv_err *err)
{
    const cv_roles custodian = cv_policy_role_bit(p, CV_ROLE_CUSTODIAN);
    const cv_roles recovery = cv_policy_role_bit(p, CV_ROLE_RECOVERY);
    if (before != NULL && (p->suite < before->suite || p->training != before->training))
        return cv_fail(err, CV_ERR_LOG,
                       "policy %" PRIu64 ": lowers the suite, or changes what the vault is for", p->number);
    if (custodian == 0 || recovery == 0 || cv_policy_holders(p, recovery) > 0)
        return cv_fail(err, CV_ERR_FORMAT,
                       "policy %" PRIu64
                       ": needs the roles custodian and recovery, and no member may hold recovery",
                       p->number);
    if (cv_policy_holders(p, custodian) < p->quorum)
        return cv_fail(err, CV_ERR_FORMAT,
                       "policy %" PRIu64 ": has fewer custodians than it asks signatures of", p->number);
    if (before != NULL)
        return follow_keys(p, before, err);
    if (p->log.epoch != 1 || p->export.epoch != 1)
        return cv_fail(err, CV_ERR_LOG, "policy 1: its keys do not begin at epoch 1");
    return first_epochs(p, 0, 0, err);
}

cv_status cv_policy_draft(struct cv_bytes text, const struct cv_policy *before, struct cv_policy **out,
                          struct cv_err *err)
{
    struct cv_policy *p = NULL;
    struct cv_json *doc = NULL;
    struct cv_bytes json = { 0 };
    *out = NULL;
    cv_status st = cv_statement_split(text, "policy", before != NULL ? before->vault : "-", &json, err);
    st = CV_THEN(st, cv_json_parse(json, CV_POLICY_MAX_BYTES, "policy", &doc, err));
    st = CV_THEN(st, cv_policy_new(&p));
    st = CV_THEN(st, read_place(p, doc, before, err));
    st = CV_THEN(st, read_doc(p, doc, true, before, err));
    st = CV_THEN(st, check_canonical(p, text, err));
    st = CV_THEN(st, check_rules(p, before, err));
    if (st == CV_OK) {
        *out = p;
        p = NULL;
    }
    cv_policy_free(p);
    cv_json_free(doc);
    return cv_err_note(err, st, "policy");
}

cv_status cv_policy_parse(struct cv_bytes bytes, const struct cv_policy *before, struct cv_policy **out,
                          struct cv_err *err)
{
    struct cv_note note = { 0 };
    struct cv_policy *p = NULL;
    *out = NULL;
    cv_status st = bytes.n > CV_POLICY_MAX_BYTES ? cv_fail(err, CV_ERR_LIMIT, "policy: too long")
                                                 : cv_note_parse(bytes, &note, err);
    st = CV_THEN(st, cv_policy_draft(note.text, before, &p, err));
    st = CV_THEN(st, judge(p, &note, before != NULL ? before : p, err));
    if (st == CV_OK) {
        *out = p;
        p = NULL;
    }
    cv_policy_free(p);
    cv_note_free(&note);
    return cv_err_note(err, st, "policy");
}

cv_status cv_policy_load(struct cv_bytes bytes, const uint8_t vault_id[static CV_VAULT_ID_BYTES],
                         const uint8_t hash[static 32], struct cv_policy **out, struct cv_err *err)
{
    struct cv_note note = { 0 };
    struct cv_policy *p = NULL;
    struct cv_json *doc = NULL;
    struct cv_bytes json = { 0 };
    uint8_t got[32];
    char vault[CV_VAULT_HEX_BYTES];
    *out = NULL;
    cv_hex_encode(CV_BYTES(vault_id, CV_VAULT_ID_BYTES), vault);
    cv_status st = cv_note_parse(bytes, &note, err);
    st = CV_THEN(st, cv_sha256(note.text, got));
    if (st == CV_OK && memcmp(got, hash, sizeof(got)) != 0)
        st = cv_fail(err, CV_ERR_AUTH, "policy: not the one that was verified before");
    const bool first = memcmp(hash, vault_id, sizeof(got)) == 0;
    st = CV_THEN(st, cv_statement_split(note.text, "policy", first ? "-" : vault, &json, err));
    st = CV_THEN(st, cv_json_parse(json, CV_POLICY_MAX_BYTES, "policy", &doc, err));
    st = CV_THEN(st, cv_policy_new(&p));
    if (st == CV_OK) {
        p->number = (uint64_t)cv_json_get_int(doc, "number");
        memcpy(p->vault_id, vault_id, sizeof(p->vault_id));
        memcpy(p->vault, vault, sizeof(vault));
        memcpy(p->hash, hash, sizeof(p->hash));
        st = first ? CV_OK : read_hash(doc, "previous", p->previous, err);
    }
    st = CV_THEN(st, read_doc(p, doc, false, NULL, err));
    if (st == CV_OK) {
        *out = p;
        p = NULL;
    }
    cv_policy_free(p);
    cv_json_free(doc);
    cv_note_free(&note);
    return cv_err_note(err, st, "policy");
}

cv_status cv_policy_genesis(struct cv_bytes bytes, struct cv_policy **out, struct cv_err *err)
{
    struct cv_note note = { 0 };
    *out = NULL;
    cv_status st = bytes.n > CV_POLICY_MAX_BYTES ? cv_fail(err, CV_ERR_LIMIT, "policy: too long")
                                                 : cv_note_parse(bytes, &note, err);
    st = CV_THEN(st, cv_policy_new(out));
    st = CV_THEN(st, cv_sha256(note.text, (*out)->vault_id));
    if (st == CV_OK)
        cv_hex_encode(CV_ARR((*out)->vault_id), (*out)->vault);
    cv_note_free(&note);
    if (st != CV_OK) {
        cv_policy_free(*out);
        *out = NULL;
    }
    return cv_err_note(err, st, "policy");
}
