/* The log's formats: Merkle tree, notes, checkpoints, tar entries, commits, envelopes. */
#include "crypto/hash.h"
#include "formats/base64.h"
#include "formats/checkpoint.h"
#include "formats/envelope.h"
#include "formats/leaf.h"
#include "formats/loss.h"
#include "formats/note.h"
#include "formats/tar.h"
#include "test.h"

#define LEAVES 40

/* ---- Merkle ---- */

/* Every complete subtree, by level and index, built the slow way from RFC 6962's own definition. */
static struct cv_hash nodes[7][LEAVES];

static cv_status read_node(void *arg, unsigned level, uint64_t index, struct cv_hash *out)
{
    (void)arg;
    assert_true(level < 7 && ((index + 1) << level) <= LEAVES);
    *out = nodes[level][index];
    return CV_OK;
}

static void make_nodes(void)
{
    for (size_t i = 0; i < LEAVES; i++) {
        const uint8_t text[] = { (uint8_t)i, (uint8_t)(i * 7) };
        assert_ok(cv_merkle_leaf(CV_ARR(text), &nodes[0][i]));
    }
    for (unsigned level = 1; level < 7; level++)
        for (size_t i = 0; (i + 1) << level <= LEAVES; i++)
            assert_ok(
                cv_merkle_node(&nodes[level - 1][2 * i], &nodes[level - 1][2 * i + 1], &nodes[level][i]));
}

/* mth(from, n, out): MTH of RFC 6962, section 2.1, recursively. */
static void mth(size_t from, size_t n, struct cv_hash *out)
{
    struct cv_hash l, r;
    size_t k = 1;
    if (n == 1) {
        *out = nodes[0][from];
        return;
    }
    while (2 * k < n)
        k *= 2;
    mth(from, k, &l);
    mth(from + k, n - k, &r);
    assert_ok(cv_merkle_node(&l, &r, out));
}

static void test_roots(void **state)
{
    (void)state;
    /* The roots that Certificate Transparency's reference implementation gives for its eight test leaves. */
    static const char *const leaves[] = {
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"
    };
    static const char *const roots[] = {
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    };
    struct cv_merkle_edge edge = { 0 };
    struct cv_hash leaf, root;
    for (size_t i = 0; i < 8; i++) {
        struct cv_buf text = unhex(leaves[i]), want = unhex(roots[i]);
        assert_ok(cv_merkle_leaf(cv_buf_view(&text), &leaf));
        assert_ok(cv_merkle_append(&edge, &leaf));
        assert_ok(cv_merkle_root(&edge, &root));
        assert_bytes(CV_ARR(root.b), cv_buf_view(&want));
        cv_buf_free(&text);
        cv_buf_free(&want);
    }
    memset(&edge, 0, sizeof(edge));
    make_nodes();
    for (size_t n = 1; n <= LEAVES; n++) {
        struct cv_hash want;
        assert_ok(cv_merkle_append(&edge, &nodes[0][n - 1]));
        assert_int_equal(edge.count, __builtin_popcountll(n));
        assert_ok(cv_merkle_root(&edge, &root));
        mth(0, n, &want);
        assert_bytes(CV_ARR(root.b), CV_ARR(want.b));
    }
}

static void test_inclusion(void **state)
{
    (void)state;
    make_nodes();
    for (size_t n = 1; n <= LEAVES; n++) {
        struct cv_hash root;
        mth(0, n, &root);
        for (size_t i = 0; i < n; i++) {
            struct cv_buf proof = { 0 };
            assert_ok(cv_merkle_prove_inclusion(i, n, read_node, NULL, &proof));
            assert_ok(cv_merkle_verify_inclusion(i, n, &nodes[0][i], cv_buf_view(&proof), &root));
            for (size_t at = 0; at < proof.n; at += 13) {
                proof.p[at] ^= 1;
                assert_status(cv_merkle_verify_inclusion(i, n, &nodes[0][i], cv_buf_view(&proof), &root),
                              CV_ERR_AUTH);
                proof.p[at] ^= 1;
            }
            if (n > 1) {
                assert_status(
                    cv_merkle_verify_inclusion(i, n, &nodes[0][(i + 1) % n], cv_buf_view(&proof), &root),
                    CV_ERR_AUTH);
                assert_status(
                    cv_merkle_verify_inclusion(i, n, &nodes[0][i], CV_BYTES(proof.p, proof.n - 32), &root),
                    CV_ERR_FORMAT);
                assert_status(
                    cv_merkle_verify_inclusion(i, n, &nodes[0][i], CV_BYTES(proof.p, proof.n - 1), &root),
                    CV_ERR_FORMAT);
            }
            assert_status(cv_merkle_verify_inclusion(n, n, &nodes[0][i], cv_buf_view(&proof), &root),
                          CV_ERR_FORMAT);
            cv_buf_free(&proof);
        }
    }
    struct cv_buf none = { 0 };
    assert_status(cv_merkle_prove_inclusion(5, 5, read_node, NULL, &none), CV_ERR_ARG);
}

static void test_consistency(void **state)
{
    (void)state;
    make_nodes();
    for (size_t n = 1; n <= LEAVES; n++)
        for (size_t m = 1; m <= n; m++) {
            struct cv_buf proof = { 0 };
            struct cv_hash old, new;
            mth(0, m, &old);
            mth(0, n, &new);
            assert_ok(cv_merkle_prove_consistency(m, n, read_node, NULL, &proof));
            assert_ok(cv_merkle_verify_consistency(m, &old, n, &new, cv_buf_view(&proof)));
            for (size_t at = 0; at < proof.n; at += 13) {
                proof.p[at] ^= 1;
                assert_status(cv_merkle_verify_consistency(m, &old, n, &new, cv_buf_view(&proof)),
                              CV_ERR_AUTH);
                proof.p[at] ^= 1;
            }
            old.b[0] ^= 1;
            assert_status(cv_merkle_verify_consistency(m, &old, n, &new, cv_buf_view(&proof)), CV_ERR_AUTH);
            cv_buf_free(&proof);
        }
    struct cv_hash h = { { 0 } };
    assert_status(cv_merkle_verify_consistency(0, &h, 1, &h, (struct cv_bytes){ 0 }), CV_ERR_FORMAT);
    assert_status(cv_merkle_verify_consistency(2, &h, 1, &h, (struct cv_bytes){ 0 }), CV_ERR_FORMAT);
}

/* ---- notes and checkpoints ---- */

static const uint8_t seed[32] = { 7 };

/* read_note: a parse_fn. CV_OK only if all that signed it did: ${arg} is the two signers. */
static cv_status read_note(void *arg, struct cv_bytes bytes)
{
    const struct cv_note_signer *s = arg;
    struct cv_note n;
    cv_status st = cv_note_parse(bytes, &n, NULL);
    for (int i = 0; i < 2; i++)
        st = CV_THEN(st, cv_note_verify(&n, s[i].name, s[i].public));
    cv_note_free(&n);
    return st;
}

static void test_note(void **state)
{
    struct cv_ed25519_key *key = NULL, *other = NULL;
    struct cv_buf note = { 0 }, vkey = { 0 };
    struct cv_note n;
    (void)state;
    assert_ok(cv_ed25519_key_new(CV_ARR(seed), &key));
    assert_ok(cv_ed25519_key_new(CV_LIT("another seed of thirty-two bytes"), &other));
    struct cv_note_signer signers[] = { { "casevault/ab", cv_ed25519_public(key), cv_sign_key, key },
                                        { "casevault/ab/member/m1", cv_ed25519_public(other), cv_sign_key,
                                          other } };
    assert_ok(cv_note_sign(CV_LIT("first\nsecond\n"), signers, 2, &note, NULL));
    assert_ok(cv_note_parse(cv_buf_view(&note), &n, NULL));
    assert_bytes(n.text, CV_LIT("first\nsecond\n"));
    assert_int_equal(n.count, 2);
    assert_ok(cv_note_verify(&n, "casevault/ab", cv_ed25519_public(key)));
    assert_ok(cv_note_verify(&n, "casevault/ab/member/m1", cv_ed25519_public(other)));
    assert_status(cv_note_verify(&n, "casevault/ab", cv_ed25519_public(other)), CV_ERR_NOTFOUND);
    assert_status(cv_note_verify(&n, "casevault/ac", cv_ed25519_public(key)), CV_ERR_NOTFOUND);
    cv_note_free(&n);
    /* Of two signatures one is gone where the bit or the cut was, if it can be read at all. */
    assert_ok(read_note(signers, cv_buf_view(&note)));
    every_cut(cv_buf_view(&note), 0, note.n, read_note, signers, MAY(CV_ERR_FORMAT) | MAY(CV_ERR_NOTFOUND));
    every_bit(cv_buf_view(&note), 0, note.n, read_note, signers, REFUSED | MAY(CV_ERR_NOTFOUND));
    static const char *const bad[] = { "",
                                       "\n",
                                       "text\n",
                                       "text\n\n",
                                       "text\n\nname sig\n",
                                       "text\n\n\xe2\x80\x94 name\n",
                                       "text\n\n\xe2\x80\x94 name AAAA\n",
                                       "text\n\n\xe2\x80\x94 name AAAAAAAA",
                                       "te\x01xt\n\n\xe2\x80\x94 name AAAAAAAA\n",
                                       "text\n\n\xe2\x80\x94 na+me AAAAAAAA\n",
                                       "\xff\n\n\xe2\x80\x94 name AAAAAAAA\n" };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_status(cv_note_parse(cv_bytes_str(bad[i]), &n, NULL), CV_ERR_FORMAT);
    assert_status(cv_note_sign(CV_LIT("no end"), signers, 1, &vkey, NULL), CV_ERR_ARG);
    assert_ok(cv_note_vkey("casevault/ab", cv_ed25519_public(key), &vkey));
    assert_memory_equal(vkey.p, "casevault/ab+", 13);
    cv_buf_free(&note);
    cv_buf_free(&vkey);
    cv_ed25519_key_free(key);
    cv_ed25519_key_free(other);
}

/* read_checkpoint, read_commit, read_torn, read_envelope: parse_fns. What is accepted writes the same bytes:
 * nothing has two forms. */
static cv_status read_checkpoint(void *arg, struct cv_bytes bytes)
{
    struct cv_checkpoint got;
    struct cv_buf again = { 0 };
    cv_status st = cv_checkpoint_parse(bytes, &got, NULL);
    (void)arg;
    if (st == CV_OK) {
        assert_ok(cv_checkpoint_text(&got, &again));
        assert_bytes(cv_buf_view(&again), bytes);
    }
    cv_buf_free(&again);
    return st;
}

static void test_checkpoint(void **state)
{
    struct cv_checkpoint c = { .origin = "casevault/ab", .size = 12 }, got;
    struct cv_buf text = { 0 };
    (void)state;
    memset(c.root.b, 9, sizeof(c.root.b));
    assert_ok(cv_checkpoint_text(&c, &text));
    assert_ok(cv_checkpoint_parse(cv_buf_view(&text), &got, NULL));
    assert_string_equal(got.origin, c.origin);
    assert_int_equal(got.size, 12);
    assert_bytes(CV_ARR(got.root.b), CV_ARR(c.root.b));
    every_cut(cv_buf_view(&text), 0, text.n, read_checkpoint, NULL, MAY(CV_ERR_FORMAT));
    every_bit(cv_buf_view(&text), 0, text.n, read_checkpoint, NULL, MAY(CV_OK) | MAY(CV_ERR_FORMAT));
    static const char *const bad[] = {
        "o\n012\nCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=\n",
        "\n12\nCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=\n",
        "o\n-1\nCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=\n",
        "o\n1\nCQk=\n",
        "o\n1000000000000000000\nCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=\n",
        "o\n18446744073709551617\nCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=\n",
        "o\n99999999999999999999\nCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=\n",
        "o\n1\nCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=\nextension\n"
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_status(cv_checkpoint_parse(cv_bytes_str(bad[i]), &got, NULL), CV_ERR_FORMAT);
    cv_buf_free(&text);
}

/* ---- tar ---- */

/* read_tar: a parse_fn. */
static cv_status read_tar(void *arg, struct cv_bytes bytes)
{
    return cv_tar_read(bytes, arg, NULL);
}

static void test_tar(void **state)
{
    static const size_t sizes[] = { 0, 1, 511, 512, 513, 1024, 100000 };
    (void)state;
    uint8_t *data = calloc(1, 100000);
    assert_non_null(data);
    memset(data, 'x', 100000);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct cv_buf out = { 0 };
        struct cv_tar_writer *w = NULL;
        struct cv_tar_entry e;
        char name[CV_ENTRY_NAME_BYTES];
        cv_entry_name(i * 1234567, (enum cv_kind)(i % CV_KIND_COUNT), name);
        assert_ok(cv_tar_writer_new(&out, &w));
        assert_ok(cv_tar_add(w, name, CV_BYTES(data, sizes[i]), NULL));
        assert_ok(cv_tar_add(w, "second", CV_LIT("2"), NULL));
        assert_ok(cv_tar_read(cv_buf_view(&out), &e, NULL));
        assert_string_equal(e.name, name);
        assert_bytes(e.data, CV_BYTES(data, sizes[i]));
        assert_int_equal(e.bytes, 512 + (sizes[i] + 511) / 512 * 512);
        assert_ok(cv_tar_read(CV_BYTES(out.p + e.bytes, out.n - e.bytes), &e, NULL));
        assert_bytes(e.data, CV_LIT("2"));
        /* One form: any other header, and padding that is not zero, is refused; and cuts are told apart. */
        assert_ok(cv_tar_read(cv_buf_view(&out), &e, NULL));
        const size_t end = (size_t)e.bytes, last = end > 2048 ? end - 2048 : 0;
        every_bit(cv_buf_view(&out), 0, 512, read_tar, &e, MAY(CV_ERR_FORMAT));
        every_bit(cv_buf_view(&out), 512 + sizes[i], end, read_tar, &e, MAY(CV_ERR_FORMAT));
        every_cut(cv_buf_view(&out), 0, end < 2048 ? end : 2048, read_tar, &e, MAY(CV_ERR_LIMIT));
        every_cut(cv_buf_view(&out), last, end, read_tar, &e, MAY(CV_ERR_LIMIT));
        cv_tar_writer_free(w);
        cv_buf_free(&out);
    }
    free(data);
}

/* ---- commits, leaves, torn ---- */

static cv_status read_commit(void *arg, struct cv_bytes bytes)
{
    struct cv_commit got;
    struct cv_buf again = { 0 };
    cv_status st = cv_commit_parse(bytes, &got, NULL);
    (void)arg;
    if (st == CV_OK) {
        assert_ok(cv_commit_write(&got, &again));
        assert_bytes(cv_buf_view(&again), bytes);
    }
    cv_commit_free(&got);
    cv_buf_free(&again);
    return st;
}

static void test_commit(void **state)
{
    struct cv_leaf leaves[3] = { { .kind = CV_KIND_CHECKPOINT },
                                 { .kind = CV_KIND_RECORD, .bound = true },
                                 { .kind = CV_KIND_EVENT } };
    struct cv_commit c = { .first = 5,
                           .slots = 3,
                           .leaves = leaves,
                           .count = 3,
                           .note = CV_LIT("a note\n\nsigned\n") },
                     got;
    struct cv_buf out = { 0 }, text = { 0 };
    (void)state;
    memset(c.vault, 'a', 64);
    memset(leaves[1].bind, 3, 32);
    c.edge.size = 5;
    c.edge.count = 2;
    memset(c.edge.h[0].b, 1, 32);
    memset(c.edge.h[1].b, 2, 32);
    assert_ok(cv_commit_write(&c, &out));
    assert_ok(cv_commit_parse(cv_buf_view(&out), &got, NULL));
    assert_int_equal(got.first, 5);
    assert_int_equal(got.slots, 3);
    assert_int_equal(got.count, 3);
    assert_memory_equal(&got.edge, &c.edge, sizeof(c.edge));
    assert_memory_equal(got.leaves[1].bind, leaves[1].bind, 32);
    assert_true(got.leaves[1].bound && !got.leaves[2].bound);
    assert_bytes(got.note, c.note);
    cv_commit_free(&got);
    const size_t head = out.n - c.note.n;
    every_cut(cv_buf_view(&out), 0, head, read_commit, NULL, MAY(CV_ERR_FORMAT));
    every_bit(cv_buf_view(&out), 0, head, read_commit, NULL, MAY(CV_OK) | MAY(CV_ERR_FORMAT));
    assert_ok(cv_leaf_text(c.vault, 6, &leaves[2], &text));
    char want[512];
    snprintf(want, sizeof(want), "casevault leaf v1\n%s\n6\nevent\n%064d\n-\n", c.vault, 0);
    assert_bytes(cv_buf_view(&text), cv_bytes_str(want));
    cv_buf_free(&out);
    cv_buf_free(&text);
}

static void test_names(void **state)
{
    static const char *const bad[] = { "",
                                       "0",
                                       "00000000000",
                                       "00000000000-",
                                       "00000000000-dragon",
                                       "0000000000-event",
                                       "000000000000-event",
                                       "0000000000a-event",
                                       "00000000000_event",
                                       "00000000000-events" };
    uint64_t index;
    enum cv_kind kind;
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char name[64] = "";
        strcpy(name, bad[i]);
        assert_status(cv_entry_name_parse(name, &index, &kind), CV_ERR_FORMAT);
    }
    for (enum cv_kind k = 0; k < CV_KIND_COUNT; k++) {
        char name[CV_ENTRY_NAME_BYTES];
        cv_entry_name(99999999999, k, name);
        assert_ok(cv_entry_name_parse(name, &index, &kind));
        assert_true(index == 99999999999 && kind == k);
    }
}

static cv_status read_torn(void *arg, struct cv_bytes bytes)
{
    struct cv_torn got;
    struct cv_buf again = { 0 };
    cv_status st = cv_torn_parse(bytes, &got, NULL);
    (void)arg;
    if (st == CV_OK) {
        assert_ok(cv_torn_write(&got, &again));
        assert_bytes(cv_buf_view(&again), bytes);
    }
    cv_buf_free(&again);
    return st;
}

static const struct cv_lost_entry losses[] = {
    { .index = 7, .kind = CV_KIND_RECORD, .hash = { 1, 2, 3 } },
    { .index = 8, .kind = CV_KIND_LOST },
    { .index = 11, .kind = CV_KIND_EVENT, .hash = { 255 }, .unproved = true },
};

/* A loss entry has one form: every bit of it counts, and every cut. */
static void test_loss(void **state)
{
    struct cv_buf out = { 0 }, again = { 0 };
    struct cv_lost_entry *list;
    size_t count;
    (void)state;
    assert_ok(cv_loss_write(losses, 3, &out));
    assert_ok(cv_loss_parse(cv_buf_view(&out), &list, &count, NULL));
    assert_int_equal(count, 3);
    assert_memory_equal(list, losses, sizeof(losses));
    free(list);
    for (size_t i = 0; i < 8 * out.n; i++) {
        out.p[i / 8] ^= (uint8_t)(1U << i % 8);
        const cv_status st = cv_loss_parse(cv_buf_view(&out), &list, &count, NULL);
        if (st == CV_OK) {
            assert_ok(cv_loss_write(list, count, &again));
            assert_memory_equal(again.p, out.p, out.n);
            cv_buf_truncate(&again, 0);
        } else
            assert_int_equal(st, CV_ERR_FORMAT);
        free(list);
        out.p[i / 8] ^= (uint8_t)(1U << i % 8);
    }
    for (size_t n = 0; n < out.n; n++) {
        const cv_status st = cv_loss_parse(CV_BYTES(out.p, n), &list, &count, NULL);
        assert_true(st == CV_ERR_FORMAT || out.p[n - 1] == '\n');
        free(list);
    }
    /* Out of order, twice the same, or none at all. */
    static const int orders[][2] = { { 1, 0 }, { 2, 2 } };
    for (size_t i = 0; i < 2; i++) {
        const struct cv_lost_entry wrong[2] = { losses[orders[i][0]], losses[orders[i][1]] };
        cv_buf_truncate(&out, 0);
        assert_ok(cv_loss_write(wrong, 2, &out));
        assert_int_equal(cv_loss_parse(cv_buf_view(&out), &list, &count, NULL), CV_ERR_FORMAT);
    }
    assert_int_equal(cv_loss_parse(CV_LIT("casevault loss v1\n"), &list, &count, NULL), CV_ERR_FORMAT);
    assert_int_equal(cv_loss_parse(CV_LIT(""), &list, &count, NULL), CV_ERR_FORMAT);
    cv_buf_free(&out);
    cv_buf_free(&again);
}

static void test_torn(void **state)
{
    struct cv_torn t = { .segment = 7, .offset = 512, .bytes = 1000 }, got;
    struct cv_buf out = { 0 };
    (void)state;
    memset(t.hash, 5, 32);
    assert_ok(cv_torn_write(&t, &out));
    assert_ok(cv_torn_parse(cv_buf_view(&out), &got, NULL));
    assert_memory_equal(&got, &t, sizeof(t));
    every_cut(cv_buf_view(&out), 0, out.n, read_torn, NULL, MAY(CV_ERR_FORMAT));
    every_bit(cv_buf_view(&out), 0, out.n, read_torn, NULL, MAY(CV_OK) | MAY(CV_ERR_FORMAT));
    static const char *const numbers[] = { "4294967296 512 1000 ",
                                           "7 99999999999999999999 1000 ",
                                           "7 512 18446744073709551617 ",
                                           "07 512 1000 ",
                                           "-7 512 1000 ",
                                           "7 512  1000 ",
                                           "7 512 0x3e8 ",
                                           " 512 1000 " };
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        struct cv_buf bad = replaced(cv_buf_view(&out), "7 512 1000 ", numbers[i]);
        assert_status(read_torn(NULL, cv_buf_view(&bad)), CV_ERR_FORMAT);
        cv_buf_free(&bad);
    }
    struct cv_buf newer = replaced(cv_buf_view(&out), "torn v1", "torn v2");
    assert_status(read_torn(NULL, cv_buf_view(&newer)), CV_ERR_FORMAT);
    cv_buf_free(&newer);
    assert_ok(cv_buf_str(&out, "x"));
    assert_status(cv_torn_parse(cv_buf_view(&out), &got, NULL), CV_ERR_FORMAT);
    cv_buf_free(&out);
}

/* ---- envelopes ---- */

static cv_status read_envelope(void *arg, struct cv_bytes bytes)
{
    struct cv_envelope *got = arg;
    struct cv_buf again = { 0 };
    cv_status st = cv_envelope_parse(bytes, got, NULL);
    if (st == CV_OK) {
        assert_ok(cv_envelope_write(got, &again));
        assert_bytes(cv_buf_view(&again), bytes);
    }
    cv_buf_free(&again);
    return st;
}

static void test_envelope(void **state)
{
    struct cv_envelope *e = calloc(1, sizeof(*e)), *got = calloc(1, sizeof(*got));
    struct cv_buf out = { 0 };
    (void)state;
    assert_true(e != NULL && got != NULL);
    memset(e->handle, 4, sizeof(e->handle));
    e->batch = 11;
    e->slot = CV_NO_SLOT;
    e->count = 2;
    strcpy(e->parts[0].name, "head");
    strcpy(e->parts[0].section, "head");
    e->parts[0].sealed = CV_LIT("sealed one");
    strcpy(e->parts[1].name, "identity");
    strcpy(e->parts[1].section, "identity");
    e->parts[1].sealed = CV_LIT("");
    assert_ok(cv_envelope_write(e, &out));
    assert_ok(cv_envelope_parse(cv_buf_view(&out), got, NULL));
    assert_int_equal(got->batch, 11);
    assert_true(got->slot == CV_NO_SLOT);
    assert_non_null(cv_envelope_part(got, "identity"));
    assert_null(cv_envelope_part(got, "medical"));
    assert_bytes(got->parts[0].sealed, e->parts[0].sealed);
    every_cut(cv_buf_view(&out), 0, out.n, read_envelope, got, MAY(CV_ERR_FORMAT));
    every_bit(cv_buf_view(&out), 0, out.n, read_envelope, got, MAY(CV_OK) | MAY(CV_ERR_FORMAT));
    strcpy(e->parts[1].name, "head");
    cv_buf_truncate(&out, 0);
    assert_ok(cv_envelope_write(e, &out));
    assert_status(cv_envelope_parse(cv_buf_view(&out), got, NULL), CV_ERR_FORMAT);
    cv_buf_free(&out);
    free(e);
    free(got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roots),  cmocka_unit_test(test_inclusion),  cmocka_unit_test(test_consistency),
        cmocka_unit_test(test_note),   cmocka_unit_test(test_checkpoint), cmocka_unit_test(test_tar),
        cmocka_unit_test(test_commit), cmocka_unit_test(test_names),      cmocka_unit_test(test_torn),
        cmocka_unit_test(test_loss),   cmocka_unit_test(test_envelope),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
