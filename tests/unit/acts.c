/* Acts that need signatures, and what they leave in the log: erasures, proposals, approvals, grants,
 * statements, shares; and what a change of the policy is told to be. */
#include "crypto/hash.h"
#include "formats/erasure.h"
#include "formats/grant.h"
#include "formats/policy_diff.h"
#include "formats/proposal.h"
#include "formats/share.h"
#include "formats/statement.h"
#include "test.h"

static struct cv_identity one, two;
static struct cv_policy *policy;

/* add_role(p, name): with some key. */
static void add_role(struct cv_policy *p, const char *name)
{
    struct cv_policy_role *r = &p->roles[p->role_count++];
    strcpy(r->name, name);
    r->epoch = 1;
    r->key = one.public.seal;
}

static int setup(void **state)
{
    struct cv_buf text = { 0 };
    (void)state;
    assert_ok(cv_identity_new(false, &one, NULL));
    assert_ok(cv_identity_new(false, &two, NULL));
    assert_ok(cv_policy_new(&policy));
    policy->number = 1;
    policy->suite = 1;
    policy->quorum = 1;
    policy->erase_quorum = 2;
    add_role(policy, "custodian");
    add_role(policy, "legal");
    add_role(policy, "recovery");
    policy->erasers = 1;
    policy->log.epoch = policy->export.epoch = 1;
    policy->log.holders = 7;
    policy->section_count = 1;
    strcpy(policy->sections[0].name, "identity");
    policy->sections[0].epoch = 1;
    policy->sections[0].key = one.public.seal;
    policy->sections[0].readers = 6;
    assert_ok(cv_policy_add_member(policy, &one.public, 1, NULL));
    assert_ok(cv_policy_add_member(policy, &two.public, 1, NULL));
    assert_ok(cv_policy_text(policy, &text));
    cv_buf_free(&text);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cv_policy_free(policy);
    cv_identity_free(&one);
    cv_identity_free(&two);
    return 0;
}

/* signer(id, name): of notes in the vault. */
static struct cv_note_signer signer(const struct cv_identity *id, char name[static CV_MEMBER_KEYNAME_BYTES])
{
    cv_policy_member_keyname(policy, id->public.pseudonym, name);
    return (struct cv_note_signer){ name, id->public.sign, cv_identity_sign, (void *)(uintptr_t)id };
}

/* signed_text(text, both, out): by one member, or both. */
static void signed_text(struct cv_bytes text, bool both, struct cv_buf *out)
{
    char a[CV_MEMBER_KEYNAME_BYTES], b[CV_MEMBER_KEYNAME_BYTES];
    const struct cv_note_signer signers[] = { signer(&one, a), signer(&two, b) };
    cv_buf_truncate(out, 0);
    assert_ok(cv_note_sign(text, signers, both ? 2 : 1, out, NULL));
}

struct row {
    const char *old, *new;
    cv_status want;
};
static void tries(struct cv_bytes text, parse_fn parse, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct cv_buf bad = replaced(text, rows[i].old, rows[i].new);
        const cv_status st = parse(NULL, cv_buf_view(&bad));
        if (st != rows[i].want)
            fail_msg("%s: status %d where %d is wanted", rows[i].new, (int)st, (int)rows[i].want);
        cv_buf_free(&bad);
    }
}
#define TRIES(text, parse, rows) tries(cv_buf_view(text), parse, rows, sizeof(rows) / sizeof((rows)[0]))

/* ---- erasures ---- */

static void erasure_text(struct cv_buf *out)
{
    struct cv_erased_version versions[] = { { 3, 1 }, { 9, 7 }, { 12, 8 } };
    const struct cv_erasure e = { .policy = 1, .versions = versions, .count = 3, .expires = "2031-02-03" };
    assert_ok(cv_erasure_text(&e, policy->vault, out));
}

/* read_erasure: a parse_fn, of a note; read_erasure_text: of a text, signed by both. */
static cv_status read_erasure(void *arg, struct cv_bytes bytes)
{
    struct cv_erasure got;
    unsigned count = 0;
    struct cv_buf again = { 0 };
    (void)arg;
    cv_status st = cv_erasure_judge(bytes, policy, &count, NULL);
    if (st == CV_OK) {
        assert_ok(cv_erasure_parse(bytes, policy->vault, &got, NULL));
        assert_int_equal(got.count, 3);
        assert_ok(cv_erasure_text(&got, policy->vault, &again));
        assert_memory_equal(again.p, bytes.p, again.n);
        cv_erasure_free(&got);
    }
    cv_buf_free(&again);
    return st;
}

static cv_status read_erasure_text(void *arg, struct cv_bytes text)
{
    struct cv_buf note = { 0 };
    signed_text(text, true, &note);
    cv_status st = read_erasure(arg, cv_buf_view(&note));
    cv_buf_free(&note);
    return st;
}

static void test_erasure(void **state)
{
    static const struct row rows[] = {
        { "erase v1", "erase v1", CV_OK },
        { "erase v1", "erase v2", CV_ERR_FORMAT },
        { "erase v1", "policy v1", CV_ERR_FORMAT },
        { "v1\n", "v1\n0", CV_ERR_LOG },
        { "\"policy\":1", "\"policy\":2", CV_ERR_AUTH },
        { "\"policy\":1", "\"policy\":-1", CV_ERR_FORMAT },
        { "\"policy\":1", "\"policy\":\"1\"", CV_ERR_FORMAT },
        { "\"policy\":1", "\"policy\":1,\"policy\":1", CV_ERR_FORMAT },
        { "\"policy\":1", "\"policy\":1,\"more\":1", CV_ERR_FORMAT },
        { "\"policy\":1", "\"policy\":18446744073709551617", CV_ERR_FORMAT },
        { "\"slot\":7", "\"slot\":0", CV_ERR_FORMAT },
        { "\"slot\":7", "\"slot\":-7", CV_ERR_FORMAT },
        { "\"slot\":7", "\"slot\":7.0", CV_ERR_FORMAT },
        { "\"slot\":7", "\"slot\":true", CV_ERR_FORMAT },
        { "\"slot\":7", "\"slot\":7,\"slots\":7", CV_ERR_FORMAT },
        { "\"entry\":9", "\"entry\":3", CV_ERR_FORMAT },  /* twice */
        { "\"entry\":9", "\"entry\":13", CV_ERR_FORMAT }, /* not in order */
        { "\"entry\":9", "\"entry\":99999999999999999999", CV_ERR_FORMAT },
        { "\"versions\":[", "\"versions\":[[[[[[[[[[[[[[[[[[[[[[[", CV_ERR_LIMIT },
        { "\"versions\":[", "\"versions\":[7,", CV_ERR_FORMAT },
        { "2031-02-03", "2031-02-3", CV_ERR_FORMAT },
        { "\"nonce\":\"", "\"nonce\":\"A", CV_ERR_FORMAT },
        { ",\"expires\"", ", \"expires\"", CV_ERR_FORMAT },
    };
    struct cv_buf text = { 0 }, note = { 0 };
    (void)state;
    erasure_text(&text);
    TRIES(&text, read_erasure_text, rows);
    signed_text(cv_buf_view(&text), false, &note);
    assert_status(read_erasure(NULL, cv_buf_view(&note)), CV_ERR_AUTH); /* one of two */
    signed_text(cv_buf_view(&text), true, &note);
    assert_ok(read_erasure(NULL, cv_buf_view(&note)));
    every_cut(cv_buf_view(&note), 0, note.n, read_erasure, NULL, REFUSED);
    every_bit(cv_buf_view(&note), 0, note.n, read_erasure, NULL, REFUSED | MAY(CV_ERR_LOG));
    assert_status(read_erasure(NULL, (struct cv_bytes){ 0 }), CV_ERR_FORMAT);
    policy->erasers = 2; /* who signed may not erase any more */
    assert_status(read_erasure(NULL, cv_buf_view(&note)), CV_ERR_AUTH);
    policy->erasers = 1;
    cv_buf_free(&text);
    cv_buf_free(&note);
}

/* An erasure of more versions than there may be, and of none. */
static void test_erasure_sizes(void **state)
{
    struct cv_erased_version *versions = calloc(CV_ERASURE_VERSIONS_MAX + 1, sizeof(*versions));
    struct cv_erasure e = { .policy = 1, .versions = versions, .expires = "2031-02-03" }, got;
    (void)state;
    assert_non_null(versions);
    for (uint64_t i = 0; i <= CV_ERASURE_VERSIONS_MAX; i++)
        versions[i] = (struct cv_erased_version){ i + 1, i + 1 };
    for (size_t count = CV_ERASURE_VERSIONS_MAX - 1; count <= CV_ERASURE_VERSIONS_MAX + 1; count++) {
        struct cv_buf text = { 0 }, note = { 0 };
        e.count = count;
        assert_ok(cv_erasure_text(&e, policy->vault, &text));
        signed_text(cv_buf_view(&text), false, &note);
        const cv_status st = cv_erasure_parse(cv_buf_view(&note), policy->vault, &got, NULL);
        if (count <= CV_ERASURE_VERSIONS_MAX)
            assert_ok(st);
        else
            assert_true(st == CV_ERR_FORMAT || st == CV_ERR_LIMIT);
        cv_erasure_free(&got);
        cv_buf_free(&text);
        cv_buf_free(&note);
    }
    struct cv_buf text = { 0 };
    e.count = 0;
    assert_ok(cv_erasure_text(&e, policy->vault, &text));
    assert_status(read_erasure_text(NULL, cv_buf_view(&text)), CV_ERR_FORMAT);
    cv_buf_free(&text);
    free(versions);
}

static cv_status read_tombstone(void *arg, struct cv_bytes bytes)
{
    uint64_t intent = 0;
    struct cv_buf again = { 0 };
    (void)arg;
    cv_status st = cv_tombstone_parse(bytes, &intent, NULL);
    if (st == CV_OK) {
        assert_ok(cv_tombstone_write(intent, &again));
        assert_bytes(cv_buf_view(&again), bytes);
    }
    cv_buf_free(&again);
    return st;
}

static void test_tombstone(void **state)
{
    static const char *const bad[] = { "",
                                       "casevault tombstone v1\n",
                                       "casevault tombstone v1\n\n",
                                       "casevault tombstone v1\n-1\n",
                                       "casevault tombstone v1\n01\n",
                                       "casevault tombstone v1\n1",
                                       "casevault tombstone v1\n1\n\n",
                                       "casevault tombstone v1\n99999999999999999999999\n",
                                       "casevault tombstone v2\n1\n" };
    struct cv_buf data = { 0 };
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_status(read_tombstone(NULL, cv_bytes_str(bad[i])), CV_ERR_FORMAT);
    assert_ok(cv_tombstone_write(123456, &data));
    assert_ok(read_tombstone(NULL, cv_buf_view(&data)));
    every_cut(cv_buf_view(&data), 0, data.n, read_tombstone, NULL, MAY(CV_ERR_FORMAT));
    /* Another number is another tombstone. */
    every_bit(cv_buf_view(&data), 0, data.n, read_tombstone, NULL, MAY(CV_ERR_FORMAT) | MAY(CV_OK));
    cv_buf_free(&data);
}

/* ---- proposals and approvals ---- */

/* read_proposal: a parse_fn. JSON may write a slash in two ways, so what is accepted says the same when it is
 * written again; its bytes may be others. */
static cv_status read_proposal(void *arg, struct cv_bytes bytes)
{
    struct cv_proposal got, same;
    struct cv_buf again = { 0 };
    (void)arg;
    cv_status st = cv_proposal_parse(bytes, &got, NULL);
    if (st == CV_OK) {
        assert_ok(cv_proposal_write(&got, &again));
        assert_ok(cv_proposal_parse(cv_buf_view(&again), &same, NULL));
        assert_int_equal(same.act, got.act);
        assert_bytes(cv_buf_view(&same.text), cv_buf_view(&got.text));
        assert_bytes(cv_buf_view(&same.signatures), cv_buf_view(&got.signatures));
        assert_bytes(cv_buf_view(&same.seals), cv_buf_view(&got.seals));
        cv_proposal_free(&same);
    }
    cv_proposal_free(&got);
    cv_buf_free(&again);
    return st;
}

static void test_proposal(void **state)
{
    static const struct row rows[] = {
        { "proposal v1", "proposal v1", CV_OK },
        { "proposal v1", "proposal v2", CV_ERR_FORMAT },
        { "proposal v1", "approval v1", CV_ERR_FORMAT },
        { "\"act\":\"erase\"", "\"act\":\"policy\"", CV_OK },
        { "\"act\":\"erase\"", "\"act\":\"nothing\"", CV_ERR_FORMAT },
        { "\"act\":\"erase\"", "\"act\":1", CV_ERR_FORMAT },
        { "\"act\":\"erase\"", "\"act\":\"erase\",\"act\":\"policy\"", CV_ERR_FORMAT },
        { "\"act\":\"erase\"", "\"act\":\"erase\",\"more\":[]", CV_ERR_FORMAT },
        { "\"act\":\"erase\"", "\"act\":[[[[[[[[[[[[[[[[[[[[[[", CV_ERR_LIMIT },
        { "\"seals\":\"-\"", "\"seals\":\"\"", CV_ERR_FORMAT },
        { "\"seals\":\"-\"", "\"seals\":[]", CV_ERR_FORMAT },
        { "\"seals\":\"-\"", "\"seals\":\"{}\"", CV_OK },
        { "\"note\":\"", "\"note\":\"x", CV_OK }, /* it does not say what it is; whoever judges it will */
        { "\"note\":\"", "\"notes\":\"", CV_ERR_FORMAT },
    };
    struct cv_proposal p = { .act = CV_ACT_ERASE };
    struct cv_buf data = { 0 }, line = { 0 }, note = { 0 };
    char name[CV_MEMBER_KEYNAME_BYTES];
    const struct cv_note_signer me = signer(&one, name);
    (void)state;
    erasure_text(&p.text);
    assert_status(cv_proposal_note(&p, &note), CV_ERR_FORMAT); /* nobody has signed */
    assert_ok(cv_proposal_write(&p, &data));
    assert_ok(read_proposal(NULL, cv_buf_view(&data)));
    cv_buf_truncate(&data, 0);
    assert_ok(cv_proposal_sign(&p, &me, &line, NULL));
    assert_bytes(cv_buf_view(&line), cv_buf_view(&p.signatures));
    assert_ok(cv_proposal_write(&p, &data));
    TRIES(&data, read_proposal, rows);
    every_cut(cv_buf_view(&data), 0, data.n, read_proposal, NULL, REFUSED);
    /* The note inside is judged by its own signatures. */
    every_bit(cv_buf_view(&data), 0, data.n, read_proposal, NULL, REFUSED | MAY(CV_OK));
    assert_status(read_proposal(NULL, (struct cv_bytes){ 0 }), CV_ERR_FORMAT);
    cv_proposal_free(&p);
    cv_buf_free(&data);
    cv_buf_free(&line);
    cv_buf_free(&note);
}

static cv_status read_approval(void *arg, struct cv_bytes bytes)
{
    struct cv_buf lines = { 0 }, again = { 0 };
    uint64_t of = 0;
    (void)arg;
    cv_status st = cv_approval_parse(bytes, &of, &lines, NULL);
    if (st == CV_OK) {
        assert_ok(cv_approval_write(of, cv_buf_view(&lines), &again));
        assert_bytes(cv_buf_view(&again), bytes);
    }
    cv_buf_free(&lines);
    cv_buf_free(&again);
    return st;
}

static void test_approval(void **state)
{
    static const struct row rows[] = {
        { "approval v1", "approval v1", CV_OK },
        { "approval v1", "proposal v1", CV_ERR_FORMAT },
        { "\"proposal\":7", "\"proposal\":0", CV_ERR_FORMAT },
        { "\"proposal\":7", "\"proposal\":-7", CV_ERR_FORMAT },
        { "\"proposal\":7", "\"proposal\":\"7\"", CV_ERR_FORMAT },
        { "\"proposal\":7", "\"proposal\":99999999999999999999", CV_ERR_FORMAT },
        { "\"proposal\":7", "\"proposal\":7,\"proposal\":7", CV_ERR_FORMAT },
        { "\"signatures\":\"a line\\n\"", "\"signatures\":\"a line\"", CV_ERR_FORMAT },
        { "\"signatures\":\"a line\\n\"", "\"signatures\":\"\"", CV_ERR_FORMAT },
        { "\"signatures\":\"a line\\n\"", "\"signatures\":[\"a line\\n\"]", CV_ERR_FORMAT },
        { "\"signatures\":\"a line\\n\"", "\"signatures\":\"a line\\n\",\"more\":1", CV_ERR_FORMAT },
    };
    struct cv_buf data = { 0 };
    (void)state;
    assert_ok(cv_approval_write(7, CV_LIT("a line\n"), &data));
    TRIES(&data, read_approval, rows);
    every_cut(cv_buf_view(&data), 0, data.n, read_approval, NULL, REFUSED);
    every_bit(cv_buf_view(&data), 0, data.n, read_approval, NULL, REFUSED | MAY(CV_OK));
    assert_status(read_approval(NULL, (struct cv_bytes){ 0 }), CV_ERR_FORMAT);
    cv_buf_free(&data);
}

/* ---- grants ---- */

static cv_status read_grant(void *arg, struct cv_bytes bytes)
{
    struct cv_grant got;
    struct cv_buf again = { 0 };
    (void)arg;
    cv_status st = cv_grant_parse(bytes, &got, NULL);
    if (st == CV_OK) {
        assert_ok(cv_grant_write(&got, &again));
        assert_bytes(cv_buf_view(&again), bytes);
    }
    cv_grant_free(&got);
    cv_buf_free(&again);
    return st;
}

static void test_grant(void **state)
{
    static const struct row rows[] = {
        { "grant v1", "grant v1", CV_OK },
        { "grant v1", "grant v2", CV_ERR_FORMAT },
        { "\"policy\":1", "\"policy\":0", CV_ERR_FORMAT },
        { "\"policy\":1", "\"policy\":\"1\"", CV_ERR_FORMAT },
        { "\"to\":\"role\"", "\"to\":\"member\"", CV_OK },
        { "\"to\":\"role\"", "\"to\":\"section\"", CV_ERR_FORMAT },
        { "\"to\":\"role\"", "\"to\":\"role\",\"to\":\"role\"", CV_ERR_FORMAT },
        { "\"id\":\"legal\"", "\"id\":\"\"", CV_ERR_FORMAT },
        { "\"id\":\"legal\"", "\"id\":\"a_name_that_is_longer_than_any_name_may_be\"", CV_ERR_FORMAT },
        { "\"epoch\":2", "\"epoch\":-2", CV_ERR_FORMAT },
        { "\"epoch\":2", "\"epoch\":2147483648", CV_ERR_FORMAT },
        { "\"epoch\":2", "\"epoch\":99999999999999999999", CV_ERR_FORMAT },
        { "\"epoch\":2", "\"epoch\":[[[[[[[[[[[[[[[[[[[[[[[", CV_ERR_LIMIT },
        { "\"epoch\":2", "\"epoch\":2,\"more\":2", CV_ERR_FORMAT },
        { "2031-02-03", "-", CV_OK },
        { "2031-02-03", "2031-02-3", CV_ERR_FORMAT },
        { "2031-02-03", "2031-02-033", CV_ERR_FORMAT },
        { "\"handle\":\"", "\"handle\":\"A", CV_ERR_FORMAT },
        { "\"key\":\"", "\"key\":\"=", CV_ERR_FORMAT },
        { "\"items\":\"", "\"items\":\"!", CV_ERR_FORMAT },
        { "\"items\":\"", "\"items\":\"\",\"item\":\"", CV_ERR_FORMAT },
    };
    struct cv_grant g = {
        .policy = 1, .until = "2031-02-03", .handle = { 7 }, .items = CV_LIT("sealed items")
    };
    struct cv_buf data = { 0 }, a = { 0 }, b = { 0 };
    (void)state;
    g.seal =
        (struct cv_seal){ .to_kind = "role", .to = "legal", .to_epoch = 2, .sealed = CV_LIT("sealed key") };
    cv_grant_name(&g);
    assert_ok(cv_grant_write(&g, &data));
    TRIES(&data, read_grant, rows);
    every_cut(cv_buf_view(&data), 0, data.n, read_grant, NULL, REFUSED);
    every_bit(cv_buf_view(&data), 0, data.n, read_grant, NULL, REFUSED | MAY(CV_OK));
    assert_status(read_grant(NULL, (struct cv_bytes){ 0 }), CV_ERR_FORMAT);
    /* Its last day is part of what its items are bound to. */
    assert_ok(cv_grant_context(&g, policy->vault_id, &a));
    strcpy(g.until, "2099-02-03");
    assert_ok(cv_grant_context(&g, policy->vault_id, &b));
    assert_false(cv_bytes_equal(cv_buf_view(&a), cv_buf_view(&b)));
    cv_buf_free(&data);
    cv_buf_free(&a);
    cv_buf_free(&b);
}

/* ---- statements ---- */

static cv_status read_statement(void *arg, struct cv_bytes bytes)
{
    struct cv_bytes json;
    cv_status st = cv_statement_split(bytes, "notice", policy->vault, &json, NULL);
    (void)arg;
    return st;
}

static void test_statement(void **state)
{
    struct cv_json *doc = cv_json_object();
    struct cv_buf text = { 0 };
    struct cv_bytes json;
    (void)state;
    assert_ok(cv_json_set(doc, "a", cv_json_int(1)));
    assert_ok(cv_statement_text("notice", policy->vault, doc, &text));
    assert_ok(cv_statement_split(cv_buf_view(&text), "notice", policy->vault, &json, NULL));
    assert_bytes(json, CV_LIT("{\"a\":1}"));
    assert_status(cv_statement_split(cv_buf_view(&text), "erase", policy->vault, &json, NULL), CV_ERR_FORMAT);
    assert_status(cv_statement_split(cv_buf_view(&text), "notic", policy->vault, &json, NULL), CV_ERR_FORMAT);
    assert_status(cv_statement_split(cv_buf_view(&text), "notice", "-", &json, NULL), CV_ERR_LOG);
    assert_status(cv_statement_split((struct cv_bytes){ 0 }, "notice", "-", &json, NULL), CV_ERR_FORMAT);
    every_cut(cv_buf_view(&text), 0, text.n, read_statement, NULL, MAY(CV_ERR_FORMAT) | MAY(CV_ERR_LOG));
    /* What the JSON is, whoever reads it says. */
    every_bit(cv_buf_view(&text), 0, text.n - 8, read_statement, NULL, MAY(CV_ERR_FORMAT) | MAY(CV_ERR_LOG));
    cv_json_free(doc);
    cv_buf_free(&text);
}

/* ---- shares ---- */

static void make_share(struct cv_share *s)
{
    *s = (struct cv_share){ .vault = { 1, 2, 3, 4 }, .epoch = 5, .threshold = 3, .x = 2 };
    /* Always the same: a check of two bytes lets one in 65,536 alterations through, and there are hundreds.
     */
    assert_ok(cv_secret_copy(&s->y, CV_LIT("0123456789abcdef0123456789ABCDEF")));
}

static cv_status read_share(void *arg, struct cv_bytes bytes)
{
    struct cv_share got;
    const struct cv_share *want = arg;
    cv_status st = cv_share_parse(bytes, &got, NULL);
    if (st == CV_OK) /* only another way to type the same */
        assert_true(got.x == want->x && got.epoch == want->epoch && got.threshold == want->threshold &&
                    cv_bytes_equal(cv_secret_view(&got.y), cv_secret_view(&want->y)));
    cv_share_free(&got);
    return st;
}

static void test_share(void **state)
{
    struct cv_share s;
    struct cv_secret text;
    uint8_t digest[CV_SHARE_DIGEST_BYTES], other[CV_SHARE_DIGEST_BYTES];
    (void)state;
    make_share(&s);
    assert_ok(cv_share_text(&s, &text));
    assert_int_equal(strlen((const char *)text.p), CV_SHARE_TEXT_BYTES - 1);
    const struct cv_bytes whole = CV_BYTES(text.p, text.n - 1);
    assert_ok(read_share(&s, whole));
    every_cut(whole, 0, whole.n, read_share, &s, MAY(CV_ERR_FORMAT));
    every_bit(whole, 0, whole.n, read_share, &s, MAY(CV_ERR_FORMAT) | MAY(CV_OK));
    assert_status(read_share(&s, (struct cv_bytes){ 0 }), CV_ERR_FORMAT);
    assert_ok(cv_share_digest(&s, digest));
    s.threshold = 2;
    assert_ok(cv_share_digest(&s, other));
    assert_memory_not_equal(digest, other, sizeof(digest));
    s.y.n = 31;
    struct cv_secret none;
    assert_status(cv_share_text(&s, &none), CV_ERR_ARG);
    s.y.n = 32;
    cv_secret_free(&text);
    cv_share_free(&s);
}

/* As people type: small letters, no hyphens, spaces and line ends, O for 0, I and L for 1. Any digit that is
 * another is noticed. */
static void test_share_typed(void **state)
{
    struct cv_share s;
    struct cv_secret text;
    struct cv_buf typed = { 0 };
    (void)state;
    make_share(&s);
    assert_ok(cv_share_text(&s, &text));
    for (size_t i = 0; i + 1 < text.n; i++) {
        const char c = (char)text.p[i];
        const char *as = c == '-'   ? " \r\n\t"
                         : c == '0' ? (i % 2 ? "o" : "O")
                         : c == '1' ? (i % 3 ? "i" : "L")
                                    : NULL;
        const char small[] = { (char)(c >= 'A' && c <= 'Z' ? c + 32 : c), '\0' };
        assert_ok(cv_buf_str(&typed, as != NULL ? as : small));
    }
    assert_ok(read_share(&s, cv_buf_view(&typed)));
    assert_ok(cv_buf_str(&typed, "0"));
    assert_status(read_share(&s, cv_buf_view(&typed)), CV_ERR_FORMAT); /* one too many */
    for (size_t i = 0; i + 1 < text.n; i++) {
        const uint8_t was = text.p[i];
        if (was == '-')
            continue;
        text.p[i] = was == '7' ? '8' : '7';
        assert_status(read_share(&s, CV_BYTES(text.p, text.n - 1)), CV_ERR_FORMAT);
        text.p[i] = 'U'; /* no digit */
        assert_status(read_share(&s, CV_BYTES(text.p, text.n - 1)), CV_ERR_FORMAT);
        text.p[i] = 0;
        assert_status(read_share(&s, CV_BYTES(text.p, text.n - 1)), CV_ERR_FORMAT);
        text.p[i] = was;
    }
    cv_secret_free(&text);
    cv_buf_free(&typed);
    cv_share_free(&s);
}

/* ---- changes of the policy ---- */

static void note_line(void *arg, const char *line)
{
    assert_ok(cv_buf_printf(arg, "%s\n", line));
}

/* told(after, words): is it among what an approver is shown? */
static void told(const struct cv_policy *after, const char *words)
{
    struct cv_buf lines = { 0 };
    cv_policy_diff(policy, after, note_line, &lines);
    assert_ok(cv_buf_append(&lines, CV_LIT("\0")));
    if (strstr((const char *)lines.p, words) == NULL)
        fail_msg("%s is not in:\n%s", words, (const char *)lines.p);
    cv_buf_free(&lines);
}

/* Nothing that a policy says may change without a line about it. */
static void test_told(void **state)
{
    struct cv_policy *p = NULL;
    (void)state;
    assert_ok(cv_policy_copy(policy, &p));
    told(p, "");
    p->log.holders = 1;
    told(p, "who may sign entries of the log will be custodian");
    p->export.holders = 2;
    told(p, "who may export will be legal");
    p->sections[0].create = 2;
    told(p, "who may create the section identity will be legal");
    p->sections[0].edit = 3;
    told(p, "who may edit the section identity will be custodian, legal");
    p->sections[0].readers = 7;
    told(p, "readers of the section identity will be custodian, legal, recovery");
    p->recovery.threshold = p->recovery.shares = 2;
    told(p, "recovery: 2 of 2 new shares");
    p->log.epoch = 2;
    told(p, "the log gets a new key");
    p->export.epoch = 2;
    told(p, "exports get a new key");
    cv_policy_free(p);
}

/* However many roles there are, and however long their names: none is cut off. */
static void test_told_whole(void **state)
{
    struct cv_policy *p = NULL;
    (void)state;
    assert_ok(cv_policy_copy(policy, &p));
    while (p->role_count < CV_POLICY_ROLES_MAX) {
        char name[CV_NAME_BYTES];
        snprintf(name, sizeof(name), "a_role_with_a_very_long_name_%03zu", p->role_count);
        add_role(p, name);
    }
    p->members[0].roles = ~(cv_roles)4;
    told(p, "a_role_with_a_very_long_name_063");
    cv_policy_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_erasure),     cmocka_unit_test(test_erasure_sizes),
        cmocka_unit_test(test_tombstone),   cmocka_unit_test(test_proposal),
        cmocka_unit_test(test_approval),    cmocka_unit_test(test_grant),
        cmocka_unit_test(test_statement),   cmocka_unit_test(test_share),
        cmocka_unit_test(test_share_typed), cmocka_unit_test(test_told),
        cmocka_unit_test(test_told_whole),
    };
    if (cv_secret_heap_init() == CV_ERR_INTERNAL)
        return 1;
    cv_json_init();
    return cmocka_run_group_tests(tests, setup, teardown);
}
