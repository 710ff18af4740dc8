/* Identities, member lines, policies and seals. */
#include "formats/policy.h"
#include "crypto/hpke.h"
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
    for (size_t cut = 0; cut + 1 < file.n; cut += 5) /* the last line feed may be missing */
        assert_int_not_equal(cv_identity_open(CV_BYTES(file.p, cut), CV_LIT("a passphrase"), &got, NULL),
                             CV_OK);
    cv_buf_free(&file);
}

static void test_line(void **state)
{
    struct cv_member_key key;
    char line[CV_MEMBER_LINE_MAX];
    (void)state;
    assert_ok(cv_member_parse(cv_bytes_str(one.public.line), &key, NULL));
    assert_string_equal(key.fingerprint, one.public.fingerprint);
    assert_string_equal(key.pseudonym, one.public.pseudonym);
    assert_string_equal(key.age, one.public.age);
    assert_int_equal(strlen(key.pseudonym), 9);
    strcpy(line, one.public.line);
    const size_t n = strlen(line);
    for (size_t at = 0; at < n; at++) {
        const cv_status cut = cv_member_parse(CV_BYTES(line, at), &key, NULL);
        assert_true(cut == CV_ERR_FORMAT || cut == CV_ERR_AUTH);
        for (int bit = 0; bit < 7; bit++) {
            line[at] = (char)(line[at] ^ (1 << bit));
            const cv_status st = cv_member_parse(CV_BYTES(line, n), &key, NULL);
            assert_true(st == CV_ERR_FORMAT || st == CV_ERR_AUTH);
            line[at] = (char)(line[at] ^ (1 << bit));
        }
    }
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
    p->log.epoch = p->export.epoch = 1;
    memcpy(p->log.key, one.public.sign, 32);
    memcpy(p->export.key, two.public.sign, 32);
    assert_ok(cv_policy_add_member(p, &one.public, 1, NULL));
    assert_ok(cv_policy_add_member(p, &two.public, 3, NULL));
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

static void sign(struct cv_policy *p, bool by_one, bool by_two, struct cv_buf *note)
{
    struct cv_buf text = { 0 };
    char names[2][CV_MEMBER_KEYNAME_BYTES];
    struct cv_note_signer signers[2];
    size_t n = 0;
    assert_ok(cv_policy_text(p, &text));
    cv_policy_member_keyname(p, one.public.pseudonym, names[0]);
    cv_policy_member_keyname(p, two.public.pseudonym, names[1]);
    if (by_one)
        signers[n++] = (struct cv_note_signer){ names[0], one.public.sign, cv_identity_sign, &one };
    if (by_two)
        signers[n++] = (struct cv_note_signer){ names[1], two.public.sign, cv_identity_sign, &two };
    cv_buf_truncate(note, 0);
    assert_ok(cv_note_sign(cv_buf_view(&text), signers, n, note, NULL));
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

static void test_bits(void **state)
{
    struct cv_policy *p = first(1), *got = NULL;
    struct cv_buf note = { 0 };
    (void)state;
    sign(p, true, false, &note);
    for (size_t at = 0; at < note.n; at++) {
        note.p[at] ^= (uint8_t)(1 << (at % 7));
        assert_int_not_equal(cv_policy_parse(cv_buf_view(&note), NULL, &got, NULL), CV_OK);
        assert_null(got);
        note.p[at] ^= (uint8_t)(1 << (at % 7));
    }
    for (size_t cut = 0; cut < note.n; cut++)
        assert_int_not_equal(cv_policy_parse(CV_BYTES(note.p, cut), NULL, &got, NULL), CV_OK);
    cv_policy_free(p);
    cv_buf_free(&note);
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
    for (size_t cut = 0; cut < out.n; cut++)
        assert_status(cv_seals_parse(CV_BYTES(out.p, cut), &got, NULL), CV_ERR_FORMAT);
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
    for (size_t cut = 0; cut < out.n; cut++)
        assert_status(cv_batch_parse(CV_BYTES(out.p, cut), got, NULL), CV_ERR_FORMAT);
    cv_buf_free(&out);
    free(b);
    free(got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identity), cmocka_unit_test(test_line), cmocka_unit_test(test_chain),
        cmocka_unit_test(test_quorum),   cmocka_unit_test(test_bits), cmocka_unit_test(test_seals),
        cmocka_unit_test(test_batch),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
