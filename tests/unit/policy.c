/* Identities, member lines, policies and seals. */
#include "formats/policy.h"
#include "crypto/hpke.h"
#include "formats/age.h"
#include "formats/armor.h"
#include "formats/identity.h"
#include "formats/seals.h"
#include "test.h"

static struct cv_identity one, two, three;

static int setup(void **state)
{
    (void)state;
    assert_ok(cv_identity_new(false, &one, NULL));
    assert_ok(cv_identity_new(false, &two, NULL));
    assert_ok(cv_identity_new(false, &three, NULL));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cv_identity_free(&one);
    cv_identity_free(&two);
    cv_identity_free(&three);
    return 0;
}

/* open_identity: a parse_fn. */
static cv_status open_identity(void *arg, struct cv_bytes bytes)
{
    struct cv_identity got;
    cv_status st = cv_identity_open(bytes, CV_LIT("a passphrase"), &got, NULL);
    (void)arg;
    cv_identity_free(&got);
    return st;
}

static void test_identity(void **state)
{
    struct cv_buf file = { 0 };
    struct cv_identity got;
    (void)state;
    assert_ok(cv_identity_seal(&one, CV_LIT("a passphrase"), 4, &file, NULL));
    assert_ok(cv_identity_open(cv_buf_view(&file), CV_LIT("a passphrase"), &got, NULL));
    assert_string_equal(got.public.line, one.public.line);
    assert_bytes(cv_secret_view(&got.seal), cv_secret_view(&one.seal));
    cv_identity_free(&got);
    assert_status(cv_identity_open(cv_buf_view(&file), CV_LIT("a passphras"), &got, NULL), CV_ERR_NOKEY);
    assert_status(cv_identity_open((struct cv_bytes){ 0 }, CV_LIT("x"), &got, NULL), CV_ERR_FORMAT);
    /* The last line feed may be missing. */
    every_cut(cv_buf_view(&file), 0, file.n - 1, open_identity, NULL, MAY(CV_ERR_FORMAT));
    every_bit(cv_buf_view(&file), 0, file.n, open_identity, NULL, REFUSED | MAY(CV_ERR_NOKEY));
    cv_buf_free(&file);
}

/* An identity file that opens, with a payload that is not one. */
static void test_identity_payload(void **state)
{
#define SIGN "sign AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
#define SEAL "seal AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
#define AGE "age AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX\n"
#define HEAD "casevault identity v1\ntraining no\n"
    static const struct {
        const char *name, *payload;
        cv_status want;
    } rows[] = {
        { "good", HEAD SIGN SEAL AGE, CV_OK },
        { "empty", "", CV_ERR_FORMAT },
        { "an unknown version", "casevault identity v2\ntraining no\n" SIGN SEAL AGE, CV_ERR_FORMAT },
        { "version 11", "casevault identity v11\ntraining no\n" SIGN SEAL AGE, CV_ERR_FORMAT },
        { "training maybe", "casevault identity v1\ntraining maybe\n" SIGN SEAL AGE, CV_ERR_FORMAT },
        { "a line twice", HEAD SIGN SIGN SEAL AGE, CV_ERR_FORMAT },
        { "another order", HEAD SEAL SIGN AGE, CV_ERR_FORMAT },
        { "a line too many", HEAD SIGN SEAL AGE "more\n", CV_ERR_FORMAT },
        { "a line too few", HEAD SIGN SEAL, CV_ERR_FORMAT },
        { "CRLF", "casevault identity v1\r\ntraining no\n" SIGN SEAL AGE, CV_ERR_FORMAT },
        { "a short key", HEAD "sign AAAA\n" SEAL AGE, CV_ERR_FORMAT },
        { "a padded key", HEAD "sign AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n" SEAL AGE,
          CV_ERR_FORMAT },
        { "wrong UTF-8", HEAD "sign \xff\n" SEAL AGE, CV_ERR_FORMAT },
        { "no age key", HEAD SIGN SEAL "age x\n", CV_ERR_FORMAT },
    };
    struct cv_age_recipient *to = NULL;
    (void)state;
    assert_ok(cv_age_recipient_passphrase(CV_LIT("a passphrase"), 1, &to));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cv_buf sealed = { 0 }, file = { 0 };
        assert_ok(cv_age_encrypt((const struct cv_age_recipient *const *)&to, 1,
                                 cv_bytes_str(rows[i].payload), &sealed, NULL));
        assert_ok(cv_armor_encode(cv_buf_view(&sealed), &file));
        const cv_status st = open_identity(NULL, cv_buf_view(&file));
        if (st != rows[i].want)
            fail_msg("%s: status %d where %d is wanted", rows[i].name, (int)st, (int)rows[i].want);
        cv_buf_free(&sealed);
        cv_buf_free(&file);
    }
    cv_age_recipient_free(to);
}

/* read_line: a parse_fn. */
static cv_status read_line(void *arg, struct cv_bytes bytes)
{
    return cv_member_parse(bytes, arg, NULL);
}

static void test_line(void **state)
{
    struct cv_member_key key;
    const struct cv_bytes line = cv_bytes_str(one.public.line);
    (void)state;
    assert_ok(cv_member_parse(cv_bytes_str(one.public.line), &key, NULL));
    assert_string_equal(key.fingerprint, one.public.fingerprint);
    assert_string_equal(key.pseudonym, one.public.pseudonym);
    assert_string_equal(key.age, one.public.age);
    assert_int_equal(strlen(key.pseudonym), 9);
    every_cut(line, 0, line.n, read_line, &key, MAY(CV_ERR_FORMAT) | MAY(CV_ERR_AUTH));
    every_bit(line, 0, line.n, read_line, &key, MAY(CV_ERR_FORMAT) | MAY(CV_ERR_AUTH));
}

/* make(number, previous, signers, out): a policy with two custodians, signed by some of them. */
static void add_role(struct cv_policy *p, const char *name)
{
    struct cv_policy_role *r = &p->roles[p->role_count++];
    strcpy(r->name, name);
    r->epoch = 1;
    r->key = one.public.seal;
}

static struct cv_policy *first(unsigned quorum)
{
    struct cv_policy *p = NULL;
    assert_ok(cv_policy_new(&p));
    p->number = 1;
    p->suite = 1;
    p->quorum = quorum;
    p->erase_quorum = 1;
    add_role(p, "custodian");
    add_role(p, "legal");
    add_role(p, "recovery");
    memcpy(p->recovery.key, three.public.sign, 32);
    struct cv_policy_section *s = &p->sections[p->section_count++];
    strcpy(s->name, "head");
    s->epoch = 1;
    s->key = two.public.seal;
    s->readers = 2;
    p->sections[p->section_count] = *s;
    strcpy(p->sections[p->section_count++].name, "audit");
    p->log.epoch = p->export.epoch = 1;
    memcpy(p->log.key, one.public.sign, 32);
    memcpy(p->export.key, two.public.sign, 32);
    assert_ok(cv_policy_add_member(p, &one.public, 1, NULL));
    assert_ok(cv_policy_add_member(p, &two.public, 3, NULL));
    p->witnesses.quorum = 1;
    for (uint8_t i = 1; i <= 2; i++) {
        struct cv_note_key w = { .name = "auditor.example/w0", .public = { i } };
        w.name[17] = (char)('0' + i);
        assert_ok(cv_policy_add_witness(&p->witnesses, &w, NULL));
    }
    return p;
}

static struct cv_policy *next(const struct cv_policy *before)
{
    struct cv_policy *p = NULL;
    assert_ok(cv_policy_copy(before, &p));
    p->number++;
    memcpy(p->previous, before->hash, 32);
    return p;
}

/* sign_text(p, text, ...): any text as the policy ${p}. */
static void sign_text(const struct cv_policy *p, struct cv_bytes text, bool by_one, bool by_two,
                      struct cv_buf *note)
{
    char names[2][CV_MEMBER_KEYNAME_BYTES];
    struct cv_note_signer signers[2];
    size_t n = 0;
    cv_policy_member_keyname(p, one.public.pseudonym, names[0]);
    cv_policy_member_keyname(p, two.public.pseudonym, names[1]);
    if (by_one)
        signers[n++] = (struct cv_note_signer){ names[0], one.public.sign, cv_identity_sign, &one };
    if (by_two)
        signers[n++] = (struct cv_note_signer){ names[1], two.public.sign, cv_identity_sign, &two };
    cv_buf_truncate(note, 0);
    assert_ok(cv_note_sign(text, signers, n, note, NULL));
}

static void sign(struct cv_policy *p, bool by_one, bool by_two, struct cv_buf *note)
{
    struct cv_buf text = { 0 };
    assert_ok(cv_policy_text(p, &text));
    sign_text(p, cv_buf_view(&text), by_one, by_two, note);
    cv_buf_free(&text);
}

static void judge(struct cv_bytes note, const struct cv_policy *before, cv_status want)
{
    struct cv_policy *got = NULL;
    struct cv_err err = { 0 };
    const cv_status st = cv_policy_parse(note, before, &got, &err);
    if (st != want)
        print_message("%s\n", err.msg);
    assert_int_equal(st, want);
    assert_true((got != NULL) == (st == CV_OK));
    cv_policy_free(got);
}

static void test_chain(void **state)
{
    struct cv_policy *p1 = first(1), *p2, *loaded = NULL;
    struct cv_buf note = { 0 };
    (void)state;
    sign(p1, true, false, &note);
    judge(cv_buf_view(&note), NULL, CV_OK);
    assert_ok(cv_policy_load(cv_buf_view(&note), p1->vault_id, p1->hash, &loaded, NULL));
    assert_string_equal(loaded->vault, p1->vault);
    assert_int_equal(loaded->member_count, 2);
    assert_true(cv_policy_role_bit(loaded, "legal") == 2 && cv_policy_role_bit(loaded, "none") == 0);
    cv_policy_free(loaded);
    assert_status(cv_policy_load(cv_buf_view(&note), p1->vault_id, p1->vault_id + 0, &loaded, NULL), CV_OK);
    cv_policy_free(loaded);
    uint8_t other[32] = { 1 };
    assert_status(cv_policy_load(cv_buf_view(&note), p1->vault_id, other, &loaded, NULL), CV_ERR_AUTH);

    p2 = next(p1);
    sign(p2, false, true, &note);
    judge(cv_buf_view(&note), p1, CV_OK);
    judge(cv_buf_view(&note), NULL, CV_ERR_LOG); /* not a first one */
    judge(cv_buf_view(&note), p2, CV_ERR_LOG);   /* not the one after itself */
    p2->number++;
    sign(p2, true, true, &note);
    judge(cv_buf_view(&note), p1, CV_ERR_LOG); /* skips a number */
    p2->number--;
    p2->previous[0] ^= 1;
    sign(p2, true, true, &note);
    judge(cv_buf_view(&note), p1, CV_ERR_LOG); /* follows another */
    p2->previous[0] ^= 1;
    p2->training = true;
    sign(p2, true, true, &note);
    judge(cv_buf_view(&note), p1, CV_ERR_DENIED); /* its members are not for training */
    p2->training = false;
    p2->quorum = 3;
    sign(p2, true, true, &note);
    judge(cv_buf_view(&note), p1, CV_ERR_FORMAT); /* more signatures than custodians */
    cv_policy_free(p2);
    cv_policy_free(p1);
    cv_buf_free(&note);
}

/* Numbers that are only claimed, and a member who is somebody else under the same pseudonym. */
static void test_follows(void **state)
{
    struct cv_policy *p1 = first(1), *p2;
    struct cv_buf note = { 0 };
    (void)state;
    p1->roles[0].epoch = 2;
    sign(p1, true, false, &note);
    judge(cv_buf_view(&note), NULL, CV_ERR_LOG);
    p1->roles[0].epoch = 1;
    p1->log.epoch = 7;
    sign(p1, true, false, &note);
    judge(cv_buf_view(&note), NULL, CV_ERR_LOG);
    p1->log.epoch = 1;
    sign(p1, true, false, &note);
    judge(cv_buf_view(&note), NULL, CV_OK);
    p2 = next(p1);
    p2->roles[p2->role_count] = p2->roles[0];
    strcpy(p2->roles[p2->role_count].name, "another");
    p2->roles[p2->role_count++].epoch = INT32_MAX;
    sign(p2, true, true, &note);
    judge(cv_buf_view(&note), p1, CV_ERR_LOG);
    p2->roles[p2->role_count - 1].epoch = 1;
    sign(p2, true, true, &note);
    judge(cv_buf_view(&note), p1, CV_OK);
    p1->members[1].key.line[20] ^= 1; /* as if it had been other keys that fit */
    judge(cv_buf_view(&note), p1, CV_ERR_LOG);
    /* Only a line that the policy before has need not verify again. */
    p1->member_count = 1;
    judge(cv_buf_view(&note), p1, CV_OK);
    char *signature = p2->members[1].key.line + strlen(p2->members[1].key.line) - 20;
    *signature = *signature == 'A' ? 'B' : 'A';
    sign(p2, true, true, &note);
    judge(cv_buf_view(&note), p1, CV_ERR_AUTH);
    cv_policy_free(p1);
    cv_policy_free(p2);
    cv_buf_free(&note);
}

static void test_quorum(void **state)
{
    struct cv_policy *p1 = first(2), *p2;
    struct cv_buf note = { 0 };
    (void)state;
    sign(p1, true, false, &note);
    judge(cv_buf_view(&note), NULL, CV_ERR_AUTH);
    sign(p1, true, true, &note);
    judge(cv_buf_view(&note), NULL, CV_OK);
    /* The custodians of the one before judge, not those it names itself. */
    p2 = next(p1);
    p2->quorum = 1;
    p2->members[0].roles = 2;
    sign(p2, false, true, &note);
    judge(cv_buf_view(&note), p1, CV_ERR_AUTH);
    sign(p2, true, true, &note);
    judge(cv_buf_view(&note), p1, CV_OK);
    cv_policy_free(p1);
    cv_policy_free(p2);
    cv_buf_free(&note);
}

/* read_policy: a parse_fn, for a first policy. */
static cv_status read_policy(void *arg, struct cv_bytes bytes)
{
    struct cv_policy *got = NULL;
    cv_status st = cv_policy_parse(bytes, NULL, &got, NULL);
    (void)arg;
    assert_true((got != NULL) == (st == CV_OK));
    cv_policy_free(got);
    return st;
}

static void test_bits(void **state)
{
    struct cv_policy *p = first(1);
    struct cv_buf note = { 0 };
    (void)state;
    sign(p, true, false, &note);
    every_cut(cv_buf_view(&note), 0, note.n, read_policy, NULL, MAY(CV_ERR_FORMAT));
    every_bit(cv_buf_view(&note), 0, note.n, read_policy, NULL, REFUSED | MAY(CV_ERR_LOG));
    cv_policy_free(p);
    cv_buf_free(&note);
}

/* tries(text, parse, arg, rows): with each row's ${old} made ${new}, the status is its own. */
struct row {
    const char *old, *new;
    cv_status want;
};
static void tries(struct cv_bytes text, parse_fn parse, void *arg, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct cv_buf bad = replaced(text, rows[i].old, rows[i].new);
        const cv_status st = parse(arg, cv_buf_view(&bad));
        if (st != rows[i].want)
            fail_msg("%s: status %d where %d is wanted", rows[i].new, (int)st, (int)rows[i].want);
        cv_buf_free(&bad);
    }
}

/* Nobody counts twice, by name or by key, and there is an end to them. */
static void test_witnesses(void **state)
{
    struct cv_policy *p = first(1), *got = NULL;
    struct cv_buf note = { 0 };
    struct cv_note_key w = p->witnesses.keys[0];
    (void)state;
    assert_status(cv_policy_add_witness(&p->witnesses, &w, NULL), CV_ERR_EXISTS);
    strcpy(w.name, "another.example/w");
    assert_status(cv_policy_add_witness(&p->witnesses, &w, NULL), CV_ERR_EXISTS);
    w = p->witnesses.keys[0];
    w.public[0] = 9;
    assert_status(cv_policy_add_witness(&p->witnesses, &w, NULL), CV_ERR_EXISTS);
    sign(p, true, false, &note);
    assert_ok(cv_policy_parse(cv_buf_view(&note), NULL, &got, NULL));
    assert_true(cv_policy_witnesses_equal(&got->witnesses, &p->witnesses));
    cv_policy_free(got);
    p->witnesses.keys[1] = p->witnesses.keys[0]; /* as nobody here would write it */
    sign(p, true, false, &note);
    judge(cv_buf_view(&note), NULL, CV_ERR_FORMAT);
    for (unsigned i = 0; i < CV_POLICY_WITNESSES_MAX; i++) {
        p->witnesses.keys[i] = w;
        snprintf(p->witnesses.keys[i].name, sizeof(w.name), "auditor.example/%u", i);
        p->witnesses.keys[i].public[1] = (uint8_t)(i + 1);
    }
    p->witnesses.count = p->witnesses.quorum = CV_POLICY_WITNESSES_MAX;
    sign(p, true, false, &note);
    judge(cv_buf_view(&note), NULL, CV_OK);
    assert_status(cv_policy_add_witness(&p->witnesses, &w, NULL), CV_ERR_LIMIT);
    p->witnesses.count = p->witnesses.quorum = 0;
    sign(p, true, false, &note);
    judge(cv_buf_view(&note), NULL, CV_OK);
    cv_policy_free(p);
    cv_buf_free(&note);
}

/* read_next: a parse_fn, for the text of the policy after ${arg}, signed by all who must. */
static cv_status read_next(void *arg, struct cv_bytes text)
{
    struct cv_policy *got = NULL;
    struct cv_buf note = { 0 };
    sign_text(arg, text, true, true, &note);
    cv_status st = cv_policy_parse(cv_buf_view(&note), arg, &got, NULL);
    assert_true((got != NULL) == (st == CV_OK));
    cv_policy_free(got);
    cv_buf_free(&note);
    return st;
}

/* Signed by all who must, and not a policy. */
static void test_malformed(void **state)
{
    static const struct row rows[] = {
        { "\"quorum\":1", "\"quorum\":1", CV_OK },
        { "policy v1", "policy v2", CV_ERR_FORMAT },
        { "policy v1", "policy v11", CV_ERR_FORMAT },
        { "\"quorum\":1", "\"quorum\":1,\"quorum\":1", CV_ERR_FORMAT },
        { "\"quorum\":1", "\"quorum\":\"1\"", CV_ERR_FORMAT },
        { "\"quorum\":1", "\"quorum\":true", CV_ERR_FORMAT },
        { "\"quorum\":1", "\"quorum\":1.0", CV_ERR_FORMAT },
        { "\"quorum\":1", "\"quorum\":-1", CV_ERR_FORMAT },
        { "\"quorum\":1", "\"quorum\":0", CV_ERR_FORMAT },
        { "\"quorum\":1", "\"quorum\":4294967297", CV_ERR_FORMAT },
        { "\"quorum\":1", "\"quorum\":99999999999999999999", CV_ERR_FORMAT },
        { "\"quorum\":1", "\"quorum\": 1", CV_ERR_FORMAT },
        { "\"quorum\":1", "\"quora\":1", CV_ERR_FORMAT },
        { "\"number\":2", "\"number\":\"2\"", CV_ERR_LOG },
        { "\"number\":2", "\"number\":4294967298", CV_ERR_LOG },
        { "\"number\":2", "\"more\":1,\"number\":2", CV_ERR_FORMAT },
        { "\"training\":false", "\"training\":0", CV_ERR_FORMAT },
        { "\"suite\":1", "\"suite\":2", CV_ERR_FORMAT },
        { "\"suite\":1", "\"suite\":65537", CV_ERR_FORMAT },
        { "\"roles\":[", "\"roles\":[[[[[[[[[[[[[[[[[[[[[", CV_ERR_LIMIT },
        { "\"name\":\"custodian\"", "\"name\":[\"custodian\"]", CV_ERR_FORMAT },
        { "\"name\":\"custodian\"", "\"name\":\"Custodian\"", CV_ERR_FORMAT },
        { "\"name\":\"legal\"", "\"name\":\"custodian\"", CV_ERR_FORMAT },
        { "\"name\":\"legal\"", "\"name\":\"legal\\u0000\"", CV_ERR_FORMAT },
        { "\"epoch\":1", "\"epoch\":0", CV_ERR_FORMAT },
        { "\"epoch\":1", "\"epoch\":2", CV_ERR_LOG }, /* with the same key */
        { "\"epoch\":1", "\"epoch\":3", CV_ERR_LOG },
        { "\"epoch\":1", "\"epoch\":2147483647", CV_ERR_LOG },
        { "\"readers\":[", "\"readers\":[7,", CV_ERR_FORMAT },
        { "\"readers\":[", "\"readers\":[\"nobody\",", CV_ERR_FORMAT },
        { "\"line\":\"", "\"line\":\"x", CV_ERR_FORMAT },
        { "\"witnesses\":{\"quorum\":1", "\"witnesses\":{\"quorum\":2", CV_OK },
        { "\"witnesses\":{\"quorum\":1", "\"witnesses\":{\"quorum\":0", CV_OK },
        { "\"witnesses\":{\"quorum\":1", "\"witnesses\":{\"quorum\":3", CV_ERR_FORMAT },
        { "\"witnesses\":{\"quorum\":1", "\"witnesses\":{\"quorum\":-1", CV_ERR_FORMAT },
        { "\"witnesses\":{\"quorum\":1", "\"witnesses\":{\"more\":1,\"quorum\":1", CV_ERR_FORMAT },
        { "\"witnesses\":{", "\"witness\":{", CV_ERR_FORMAT },
        { "\"keys\":[\"auditor", "\"keys\":[7,\"auditor", CV_ERR_FORMAT },
        { "auditor.example/w1+", "auditor.example/w2+", CV_ERR_FORMAT },
        { "auditor.example/w1+", "auditor.example/w1\u00e4+", CV_ERR_FORMAT },
        { "+BAEAAAAA", "+AQEAAAAA", CV_ERR_FORMAT }, /* a key that signs notes */
    };
    struct cv_policy *p1 = first(1), *p2;
    struct cv_buf text = { 0 };
    (void)state;
    assert_ok(cv_policy_text(p1, &text)); /* which sets its hash */
    cv_buf_truncate(&text, 0);
    p2 = next(p1);
    assert_ok(cv_policy_text(p2, &text));
    tries(cv_buf_view(&text), read_next, p1, rows, sizeof(rows) / sizeof(rows[0]));
    cv_policy_free(p1);
    cv_policy_free(p2);
    cv_buf_free(&text);
}

/* read_seals, read_batch: parse_fns. What is accepted writes the same bytes: nothing has two forms. */
static cv_status read_seals(void *arg, struct cv_bytes bytes)
{
    struct cv_seals got;
    struct cv_buf again = { 0 };
    cv_status st = cv_seals_parse(bytes, &got, NULL);
    (void)arg;
    if (st == CV_OK) {
        assert_ok(cv_seals_write(&got, &again));
        assert_bytes(cv_buf_view(&again), bytes);
    }
    cv_seals_free(&got);
    cv_buf_free(&again);
    return st;
}

static cv_status read_batch(void *arg, struct cv_bytes bytes)
{
    struct cv_batch *got = calloc(1, sizeof(*got));
    struct cv_buf again = { 0 };
    (void)arg;
    assert_non_null(got);
    cv_status st = cv_batch_parse(bytes, got, NULL);
    if (st == CV_OK) {
        assert_ok(cv_batch_write(got, &again));
        assert_bytes(cv_buf_view(&again), bytes);
    }
    cv_batch_free(got);
    free(got);
    cv_buf_free(&again);
    return st;
}

static void test_seals(void **state)
{
    struct cv_seal list[2] = { { .to_kind = "role",
                                 .to = "legal",
                                 .to_epoch = 1,
                                 .of_kind = "section",
                                 .of = "identity",
                                 .of_epoch = 1,
                                 .sealed = CV_LIT("sealed bytes") },
                               { .to_kind = "member",
                                 .to = "m12345678",
                                 .of_kind = "role",
                                 .of = "legal",
                                 .of_epoch = 2,
                                 .sealed = CV_LIT("x") } };
    struct cv_seals s = { .policy = 1, .seals = list, .count = 2 }, got;
    struct cv_buf out = { 0 }, info = { 0 };
    static const uint8_t vault[CV_VAULT_ID_BYTES] = { 9 };
    (void)state;
    assert_ok(cv_seals_write(&s, &out));
    assert_ok(cv_seals_parse(cv_buf_view(&out), &got, NULL));
    assert_int_equal(got.count, 2);
    assert_string_equal(got.seals[1].to, "m12345678");
    assert_bytes(got.seals[0].sealed, list[0].sealed);
    cv_seals_free(&got);
    static const struct row rows[] = {
        { "seals v1", "seals v2", CV_ERR_FORMAT },
        { "\"casevault\":\"seals v1\"", "\"casevault\":1", CV_ERR_FORMAT },
        { "\"policy\":1", "\"policy\":1,\"policy\":1", CV_ERR_FORMAT },
        { "\"policy\":1", "\"policy\":\"1\"", CV_ERR_FORMAT },
        { "\"policy\":1", "\"policy\":0", CV_ERR_FORMAT },
        { "\"policy\":1", "\"policy\":99999999999999999999", CV_ERR_FORMAT },
        { "\"policy\":1", "\"policy\":1,\"more\":1", CV_ERR_FORMAT },
        { "\"seals\":[", "\"seals\":[7,", CV_ERR_FORMAT },
        { "\"seals\":[", "\"seals\":[[[[[[[[[[[[[[[[[[[[[", CV_ERR_LIMIT },
        { "\"to\":\"role\"", "\"to\":\"role\",\"to\":\"role\"", CV_ERR_FORMAT },
        { "\"to\":\"role\"", "\"to\":null", CV_ERR_FORMAT },
        { "\"to\":\"role\"", "\"to\":\"rolerole\"", CV_ERR_FORMAT },
        { "\"to\":\"role\"", "\"to\":\"\xff\"", CV_ERR_FORMAT },
        { "\"epoch\":1", "\"epoch\":-1", CV_ERR_FORMAT },
        { "\"epoch\":1", "\"epoch\":2147483648", CV_ERR_FORMAT },
        { "\"epoch\":1", "\"epoch\":true", CV_ERR_FORMAT },
        { "\"sealed\":\"", "\"sealed\":\"=", CV_ERR_FORMAT },
        { "\"sealed\":\"", "\"sealed\":\"\",\"x\":\"", CV_ERR_FORMAT },
    };
    every_cut(cv_buf_view(&out), 0, out.n, read_seals, NULL, MAY(CV_ERR_FORMAT));
    every_bit(cv_buf_view(&out), 0, out.n, read_seals, NULL, MAY(CV_OK) | MAY(CV_ERR_FORMAT));
    tries(cv_buf_view(&out), read_seals, NULL, rows, sizeof(rows) / sizeof(rows[0]));
    assert_ok(cv_seal_info(1, vault, &list[0], &info));
    assert_memory_equal(info.p,
                        "casevault/1/hpke\0\1"
                        "1\0\40",
                        21);
    assert_memory_equal(info.p + 21 + 32,
                        "\0\6secret\0\4role\0\5legal\0\1"
                        "1\0\7section\0\10identity\0\1"
                        "1",
                        46);
    cv_buf_free(&out);
    cv_buf_free(&info);
}

static void test_batch(void **state)
{
    struct cv_batch *b = calloc(1, sizeof(*b)), *got = calloc(1, sizeof(*got));
    struct cv_buf out = { 0 };
    struct cv_seal seal;
    (void)state;
    assert_true(b != NULL && got != NULL);
    b->policy = 3;
    memset(b->id, 0xab, sizeof(b->id));
    b->count = 1;
    strcpy(b->keys[0].section, "audit");
    b->keys[0].epoch = 1;
    b->keys[0].sealed = CV_LIT("sealed");
    assert_ok(cv_batch_write(b, &out));
    assert_ok(cv_batch_parse(cv_buf_view(&out), got, NULL));
    assert_int_equal(got->policy, 3);
    cv_batch_seal(got, &got->keys[0], &seal);
    assert_string_equal(seal.of, "abababababababababababababababab");
    cv_batch_free(got);
    static const struct row rows[] = {
        { "batch keys v1", "batch keys v2", CV_ERR_FORMAT },
        { "\"casevault\":\"batch keys v1\"", "\"casevault\":[]", CV_ERR_FORMAT },
        { "\"policy\":3", "\"policy\":3,\"policy\":3", CV_ERR_FORMAT },
        { "\"policy\":3", "\"policy\":{}", CV_ERR_FORMAT },
        { "\"policy\":3", "\"policy\":-3", CV_ERR_FORMAT },
        { "\"policy\":3", "\"policy\":99999999999999999999", CV_ERR_FORMAT },
        { "\"policy\":3", "\"policy\":3,\"more\":1", CV_ERR_FORMAT },
        { "\"id\":\"", "\"id\":\"AA", CV_ERR_FORMAT },
        { "\"keys\":[", "\"keys\":[null,", CV_ERR_FORMAT },
        { "\"keys\":[", "\"keys\":[[[[[[[[[[[[[[[[[[[[[", CV_ERR_LIMIT },
        { "\"section\":\"audit\"", "\"section\":\"audit\",\"section\":\"audit\"", CV_ERR_FORMAT },
        { "\"section\":\"audit\"", "\"section\":1", CV_ERR_FORMAT },
        { "\"section\":\"audit\"", "\"section\":\"\"", CV_ERR_FORMAT },
        { "\"section\":\"audit\"", "\"section\":\"\xc0\x80\"", CV_ERR_FORMAT },
        { "\"epoch\":1", "\"epoch\":2147483648", CV_ERR_FORMAT },
        { "\"sealed\":\"", "\"sealed\":\"+", CV_ERR_FORMAT },
    };
    every_cut(cv_buf_view(&out), 0, out.n, read_batch, NULL, MAY(CV_ERR_FORMAT));
    every_bit(cv_buf_view(&out), 0, out.n, read_batch, NULL, MAY(CV_OK) | MAY(CV_ERR_FORMAT));
    tries(cv_buf_view(&out), read_batch, NULL, rows, sizeof(rows) / sizeof(rows[0]));
    cv_buf_free(&out);
    free(b);
    free(got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identity),  cmocka_unit_test(test_identity_payload),
        cmocka_unit_test(test_line),      cmocka_unit_test(test_chain),
        cmocka_unit_test(test_follows),   cmocka_unit_test(test_quorum),
        cmocka_unit_test(test_bits),      cmocka_unit_test(test_witnesses),
        cmocka_unit_test(test_malformed), cmocka_unit_test(test_seals),
        cmocka_unit_test(test_batch),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
