/* Cosignatures of witnesses, their keys, and that signed notes pass such lines over. */
#include "formats/cosignature.h"
#include "formats/checkpoint.h"
#include "test.h"

#define TIME 1679315147u

static struct cv_ed25519_key *witness, *log_key;
static struct cv_note_key key, log_public;
static struct cv_buf text, line;

static struct cv_note_signer signer(struct cv_ed25519_key *k, const char *name)
{
    return (struct cv_note_signer){ name, cv_ed25519_public(k), cv_sign_key, k };
}

static void take_key(struct cv_ed25519_key **k, struct cv_note_key *out, const char *name, uint8_t fill)
{
    uint8_t seed[32];
    memset(seed, fill, sizeof(seed));
    assert_ok(cv_ed25519_key_new(CV_ARR(seed), k));
    strcpy(out->name, name);
    memcpy(out->public, cv_ed25519_public(*k), 32);
}

static int setup(void **state)
{
    struct cv_checkpoint c = { "casevault/ab", 7, { { 1, 2, 3 } } };
    (void)state;
    take_key(&witness, &key, "auditor.example/w1", 1);
    take_key(&log_key, &log_public, "casevault/ab", 2);
    assert_ok(cv_checkpoint_text(&c, &text));
    const struct cv_note_signer s = signer(witness, key.name);
    assert_ok(cv_cosignature_sign(cv_buf_view(&text), &s, TIME, &line, NULL));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cv_ed25519_key_free(witness);
    cv_ed25519_key_free(log_key);
    cv_buf_free(&text);
    cv_buf_free(&line);
    return 0;
}

static cv_status verify(struct cv_bytes l, struct cv_bytes t)
{
    return cv_cosignature_verify(l, t, &key, NULL, NULL);
}

/* The example of c2sp.org/tlog-cosignature shows a line; these are bytes computed from its text: what is
 * signed, and that nothing else is. */
static void test_signs_what_the_specification_says(void **state)
{
    struct cv_buf want = { 0 }, b = { 0 };
    uint64_t time = 0;
    uint8_t sig[64];
    (void)state;
    assert_ok(cv_cosignature_verify(cv_buf_view(&line), cv_buf_view(&text), &key, &time, NULL));
    assert_int_equal(time, TIME);
    assert_ok(cv_buf_str(&want, "cosignature/v1\ntime 1679315147\n"));
    assert_ok(cv_buf_append(&want, cv_buf_view(&text)));
    assert_ok(cv_ed25519_sign(witness, cv_buf_view(&want), sig));
    /* Base64 of 4, 8 and 64 bytes: the 76 of them end without padding. */
    const size_t at = sizeof("\xe2\x80\x94 auditor.example/w1 ") - 1;
    assert_int_equal(line.n, at + 104 + 1);
    uint8_t *tail;
    assert_ok(cv_buf_extend(&b, 76, &tail));
    assert_ok(cv_note_typed_id(0x04, key.name, key.public, tail));
    cv_store_u64(tail + 4, TIME);
    memcpy(tail + 12, sig, 64);
    cv_buf_truncate(&want, 0);
    assert_ok(cv_buf_str(&want, "\xe2\x80\x94 auditor.example/w1 "));
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < 75; i += 3) {
        const uint32_t v = (uint32_t)b.p[i] << 16 | (uint32_t)b.p[i + 1] << 8 | b.p[i + 2];
        assert_ok(cv_buf_printf(&want, "%c%c%c%c", digits[v >> 18], digits[v >> 12 & 63], digits[v >> 6 & 63],
                                digits[v & 63]));
    }
    assert_ok(cv_buf_printf(&want, "%c%c==\n", digits[b.p[75] >> 2], digits[(b.p[75] & 3) << 4]));
    assert_bytes(cv_buf_view(&line), cv_buf_view(&want));
    cv_buf_free(&want);
    cv_buf_free(&b);
}

static void test_times(void **state)
{
    struct cv_buf b = { 0 };
    uint64_t time = 0;
    const struct cv_note_signer s = signer(witness, key.name);
    (void)state;
    assert_status(cv_cosignature_sign(cv_buf_view(&text), &s, (uint64_t)1 << 63, &b, NULL), CV_ERR_LIMIT);
    assert_int_equal(b.n, 0);
    assert_ok(cv_cosignature_sign(cv_buf_view(&text), &s, ((uint64_t)1 << 63) - 1, &b, NULL));
    assert_ok(cv_cosignature_verify(cv_buf_view(&b), cv_buf_view(&text), &key, &time, NULL));
    assert_true(time == INT64_MAX);
    cv_buf_free(&b);
}

static void test_refuses_what_is_not_its_own(void **state)
{
    struct cv_buf other = { 0 };
    struct cv_note_key k = key;
    const struct cv_note_signer bad = signer(witness, "two words"), wide = signer(witness, "w\xc3\xa4hler");
    (void)state;
    assert_status(verify(CV_LIT(""), cv_buf_view(&text)), CV_ERR_FORMAT);
    assert_status(verify(CV_BYTES(line.p, line.n - 1), cv_buf_view(&text)), CV_ERR_FORMAT);
    /* Of another name, another key, the same key as one that signs notes. */
    strcpy(k.name, "auditor.example/w2");
    assert_status(cv_cosignature_verify(cv_buf_view(&line), cv_buf_view(&text), &k, NULL, NULL),
                  CV_ERR_NOTFOUND);
    k = key;
    memcpy(k.public, log_public.public, 32);
    assert_status(cv_cosignature_verify(cv_buf_view(&line), cv_buf_view(&text), &k, NULL, NULL),
                  CV_ERR_NOTFOUND);
    struct cv_note_signer s = signer(witness, key.name);
    assert_ok(cv_note_sign(cv_buf_view(&text), &s, 1, &other, NULL));
    const size_t skip = text.n + 1;
    assert_status(verify(CV_BYTES(other.p + skip, other.n - skip), cv_buf_view(&text)), CV_ERR_NOTFOUND);
    /* Two lines are not one. */
    cv_buf_truncate(&other, 0);
    assert_ok(cv_buf_append(&other, cv_buf_view(&line)));
    assert_ok(cv_buf_append(&other, cv_buf_view(&line)));
    assert_status(verify(cv_buf_view(&other), cv_buf_view(&text)), CV_ERR_FORMAT);
    cv_buf_truncate(&other, 0);
    assert_status(cv_cosignature_sign(cv_buf_view(&text), &bad, TIME, &other, NULL), CV_ERR_ARG);
    assert_status(cv_cosignature_sign(cv_buf_view(&text), &wide, TIME, &other, NULL), CV_ERR_ARG);
    assert_status(cv_cosignature_sign(CV_LIT("no end"), &s, TIME, &other, NULL), CV_ERR_ARG);
    assert_int_equal(other.n, 0);
    cv_buf_free(&other);
}

static cv_status parse_line(void *arg, struct cv_bytes bytes)
{
    (void)arg;
    const cv_status st = verify(bytes, cv_buf_view(&text));
    assert_status(cv_cosignature_verify(bytes, cv_buf_view(&text), &key, NULL, NULL), st);
    return st;
}

static cv_status parse_text(void *arg, struct cv_bytes bytes)
{
    (void)arg;
    return verify(cv_buf_view(&line), bytes);
}

static void test_damage(void **state)
{
    (void)state;
    const unsigned may = REFUSED | MAY(CV_ERR_NOTFOUND);
    every_cut(cv_buf_view(&line), 0, line.n, parse_line, NULL, may);
    every_bit(cv_buf_view(&line), 0, line.n, parse_line, NULL, may);
    every_cut(cv_buf_view(&text), 0, text.n, parse_text, NULL, MAY(CV_ERR_AUTH));
    every_bit(cv_buf_view(&text), 0, text.n, parse_text, NULL, MAY(CV_ERR_AUTH));
}

/* ---- verifier keys ---- */

static cv_status parse_vkey(void *arg, struct cv_bytes bytes)
{
    struct cv_note_key k;
    (void)arg;
    const cv_status st = cv_cosignature_vkey_parse(bytes, &k, NULL);
    assert_true(st == CV_OK || k.name[0] == '\0');
    return st;
}

static void test_vkeys(void **state)
{
    struct cv_buf vkey = { 0 }, long_one = { 0 };
    struct cv_note_key k;
    (void)state;
    assert_ok(cv_cosignature_vkey(&key, &vkey));
    assert_memory_equal(vkey.p, "auditor.example/w1+", 19);
    assert_ok(cv_cosignature_vkey_parse(cv_buf_view(&vkey), &k, NULL));
    assert_string_equal(k.name, key.name);
    assert_memory_equal(k.public, key.public, 32);
    assert_status(cv_note_vkey_parse(cv_buf_view(&vkey), CV_NOTE_TYPE_ED25519, &k, NULL), CV_ERR_FORMAT);
    every_cut(cv_buf_view(&vkey), 0, vkey.n, parse_vkey, NULL, MAY(CV_ERR_FORMAT));
    every_bit(cv_buf_view(&vkey), 0, vkey.n, parse_vkey, NULL, MAY(CV_ERR_FORMAT));
    /* The log's is of the other type. */
    cv_buf_truncate(&vkey, 0);
    assert_ok(cv_note_vkey(log_public.name, log_public.public, &vkey));
    assert_ok(cv_note_vkey_parse(cv_buf_view(&vkey), CV_NOTE_TYPE_ED25519, &k, NULL));
    assert_string_equal(k.name, "casevault/ab");
    assert_status(cv_cosignature_vkey_parse(cv_buf_view(&vkey), &k, NULL), CV_ERR_FORMAT);
    /* Names: not ASCII is none of a witness's, too long is nobody's. */
    cv_buf_truncate(&vkey, 0);
    assert_ok(cv_note_typed_vkey(0x04, "w\xc3\xa4hler", key.public, &vkey));
    assert_status(cv_cosignature_vkey_parse(cv_buf_view(&vkey), &k, NULL), CV_ERR_FORMAT);
    for (size_t i = 0; i < 256; i++)
        assert_ok(cv_buf_str(&long_one, "w"));
    assert_ok(cv_buf_append(&long_one, CV_BYTES("+00000000+", 10)));
    assert_status(cv_cosignature_vkey_parse(cv_buf_view(&long_one), &k, NULL), CV_ERR_FORMAT);
    cv_buf_free(&vkey);
    cv_buf_free(&long_one);
}

/* A known answer, made with another implementation of SHA-256: printf and sha256sum. */
static void test_key_id(void **state)
{
    uint8_t id[4], public[32] = { 0 };
    (void)state;
    assert_ok(cv_note_typed_id(0x04, "w", public, id));
    assert_memory_equal(id, "\x68\x0f\x52\xbc", 4);
}

/* ---- notes ---- */

/* A checkpoint's note that witnesses' lines were added to verifies as before, and none of them counts as the
 * log's own, not even one whose name is the log's. */
static void test_notes_pass_cosignatures_over(void **state)
{
    struct cv_buf note = { 0 };
    struct cv_note n;
    const struct cv_note_signer log = signer(log_key, log_public.name),
                                same = signer(witness, log_public.name);
    (void)state;
    assert_ok(cv_note_sign(cv_buf_view(&text), &log, 1, &note, NULL));
    assert_ok(cv_buf_append(&note, cv_buf_view(&line)));
    assert_ok(cv_cosignature_sign(cv_buf_view(&text), &same, TIME, &note, NULL));
    assert_ok(cv_note_parse(cv_buf_view(&note), &n, NULL));
    assert_int_equal(n.count, 3);
    assert_ok(cv_note_verify(&n, log_public.name, log_public.public));
    assert_status(cv_note_verify(&n, key.name, key.public), CV_ERR_NOTFOUND);
    cv_note_free(&n);
    cv_buf_free(&note);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signs_what_the_specification_says),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_refuses_what_is_not_its_own),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_vkeys),
        cmocka_unit_test(test_key_id),
        cmocka_unit_test(test_notes_pass_cosignatures_over),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
