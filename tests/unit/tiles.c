/* Published logs: paths, tiles, bundles of entries, and the texts in them. */
#include "formats/tiles.h"
#include "crypto/ed25519.h"
#include "formats/leaf.h"
#include "formats/note.h"
#include "test.h"

#define VAULT "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void test_paths(void **state)
{
    static const struct {
        struct cv_tile tile;
        const char *path;
    } rows[] = {
        { { .level = 0, .index = 0, .width = 256 }, "tile/0/000" },
        { { .level = 0, .index = 999, .width = 256 }, "tile/0/999" },
        { { .level = 0, .index = 1000, .width = 256 }, "tile/0/x001/000" },
        { { .level = 0, .index = 1234067, .width = 256 }, "tile/0/x001/x234/067" },
        { { .level = 7, .index = 1234067, .width = 1 }, "tile/7/x001/x234/067.p/1" },
        { { .level = 1, .index = 0, .width = 255 }, "tile/1/000.p/255" },
        { { .entries = true, .index = 1234067, .width = 256 }, "tile/entries/x001/x234/067" },
        { { .entries = true, .index = 3, .width = 8 }, "tile/entries/003.p/8" },
        { { .entries = true, .index = UINT64_MAX, .width = 255 },
          "tile/entries/x018/x446/x744/x073/x709/x551/615.p/255" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char path[CV_TILE_PATH_BYTES];
        cv_tile_path(&rows[i].tile, path);
        assert_string_equal(path, rows[i].path);
    }
}

static void test_widths(void **state)
{
    /* The specification's own example has 70,000 leaves. */
    static const struct {
        uint64_t size, index;
        unsigned level, width;
    } rows[] = {
        { 0, 0, 0, 0 },
        { 1, 0, 0, 1 },
        { 255, 0, 0, 255 },
        { 256, 0, 0, 256 },
        { 256, 1, 0, 0 },
        { 256, 0, 1, 1 },
        { 257, 1, 0, 1 },
        { 70000, 272, 0, 256 },
        { 70000, 273, 0, 112 },
        { 70000, 274, 0, 0 },
        { 70000, 0, 1, 256 },
        { 70000, 1, 1, 17 },
        { 70000, 0, 2, 1 },
        { 70000, 1, 2, 0 },
        { 70000, 0, 3, 0 },
        { 70000, 0, 8, 0 },
        { 70000, 0, 99, 0 },
        { 70000, UINT64_MAX, 0, 0 },
        { UINT64_MAX, 0, 7, 255 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(cv_tile_width(rows[i].size, rows[i].level, rows[i].index), rows[i].width);
}

/* ---- a log of 70,000 entries ---- */

#define LEAVES 70000
#define FULL (LEAVES / 256)

/* What is asked of each tile: computed apart, by the tree's own functions. */
static struct cv_hash leaves[LEAVES], above[FULL], top;

static struct cv_buf text_of(uint64_t i)
{
    struct cv_buf b = { 0 };
    assert_ok(cv_buf_printf(&b, "entry %llu\n", (unsigned long long)i));
    return b;
}

static void root_of(const struct cv_hash *h, size_t n, struct cv_hash *out)
{
    struct cv_merkle_edge edge = { 0 };
    for (size_t i = 0; i < n; i++)
        assert_ok(cv_merkle_append(&edge, &h[i]));
    assert_ok(cv_merkle_root(&edge, out));
}

static int setup(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEAVES; i++) {
        struct cv_buf text = text_of(i);
        assert_ok(cv_merkle_leaf(cv_buf_view(&text), &leaves[i]));
        cv_buf_free(&text);
    }
    for (size_t i = 0; i < FULL; i++)
        root_of(leaves + 256 * i, 256, &above[i]);
    root_of(above, 256, &top);
    return 0;
}

struct seen {
    unsigned full[3], partial[3], bundles;
    struct cv_buf last_bundle, tiles[3]; /* the partial ones, to resume from */
    unsigned widths[3];
};

static void seen_free(struct seen *s)
{
    cv_buf_free(&s->last_bundle);
    for (int i = 0; i < 3; i++)
        cv_buf_free(&s->tiles[i]);
}

static cv_status see(void *arg, const struct cv_tile *t, struct cv_bytes bytes, struct cv_err *err)
{
    static const struct cv_hash *const levels[] = { leaves, above, &top };
    struct seen *s = arg;
    struct cv_buf *keep = t->entries ? &s->last_bundle : &s->tiles[t->level];
    (void)err;
    assert_true(t->level < 3);
    assert_ok(cv_tile_check(t, bytes, NULL));
    if (!t->entries)
        assert_bytes(bytes, CV_BYTES(levels[t->level] + 256 * t->index, t->width * sizeof(struct cv_hash)));
    struct cv_cursor c = { .rest = bytes };
    for (unsigned i = 0; t->entries && i < t->width; i++) {
        struct cv_buf want = text_of(256 * t->index + i);
        assert_bytes(cv_cursor_field(&c), cv_buf_view(&want));
        cv_buf_free(&want);
    }
    s->bundles += t->entries;
    if (!t->entries && t->width == 256)
        s->full[t->level]++;
    else if (!t->entries)
        s->partial[t->level]++;
    if (t->width < 256) {
        cv_buf_truncate(keep, 0);
        assert_ok(cv_buf_append(keep, bytes));
        s->widths[t->level] = t->width;
    }
    return CV_OK;
}

static cv_status give(void *arg, const struct cv_tile *t, struct cv_buf *out, struct cv_err *err)
{
    const struct seen *s = arg;
    (void)err;
    assert_true(t->level < 3);
    return cv_buf_append(out, cv_buf_view(t->entries ? &s->last_bundle : &s->tiles[t->level]));
}

static void grow(struct cv_tiles *t, uint64_t to, struct seen *s)
{
    while (t->size < to) {
        struct cv_buf text = text_of(t->size);
        assert_ok(cv_tiles_add(t, cv_buf_view(&text), see, s, NULL));
        cv_buf_free(&text);
    }
}

static void test_growth(void **state)
{
    static const uint64_t sizes[] = { 1, 2, 255, 256, 257, 511, 512, 3000, 65535, 65536, 65537, LEAVES };
    struct cv_tiles *t = NULL;
    struct cv_merkle_edge want = { 0 }, have;
    struct seen s = { 0 };
    uint64_t passed = 0;
    (void)state;
    assert_ok(cv_tiles_new(&t));
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        grow(t, sizes[i], &s);
        for (; passed < sizes[i]; passed++)
            assert_ok(cv_merkle_append(&want, &leaves[passed]));
        assert_ok(cv_tiles_edge(t, &have));
        assert_true(cv_merkle_edge_equal(&have, &want));
        /* What is partial now is enough to go on from. */
        struct cv_tiles *again = NULL;
        assert_ok(cv_tiles_end(t, see, &s, NULL));
        assert_ok(cv_tiles_new(&again));
        assert_ok(cv_tiles_resume(again, sizes[i], give, &s, NULL));
        cv_tiles_free(t);
        t = again;
    }
    assert_int_equal(s.full[0], 273);
    assert_int_equal(s.full[1], 1);
    assert_int_equal(s.full[2], 0);
    assert_int_equal(s.widths[0], 112);
    assert_int_equal(s.widths[1], 17);
    assert_int_equal(s.widths[2], 1);
    cv_tiles_free(t);
    seen_free(&s);
}

/* ---- altered tiles ---- */

struct altered {
    struct seen *seen;
    struct cv_buf *which; /* of seen */
    struct cv_merkle_edge edge;
    uint64_t size;
};

/* resume(arg, bytes): go on from tiles of which one is altered: refused, or its edge is another. */
static cv_status resume(void *arg, struct cv_bytes bytes)
{
    struct altered *a = arg;
    const struct cv_buf kept = *a->which;
    struct cv_tiles *t = NULL;
    struct cv_merkle_edge edge;
    *a->which = (struct cv_buf){ 0 };
    assert_ok(cv_buf_append(a->which, bytes));
    assert_ok(cv_tiles_new(&t));
    const cv_status st = cv_tiles_resume(t, a->size, give, a->seen, NULL);
    if (st == CV_OK) {
        assert_ok(cv_tiles_edge(t, &edge));
        assert_false(cv_merkle_edge_equal(&edge, &a->edge));
    }
    cv_tiles_free(t);
    cv_buf_free(a->which);
    *a->which = kept;
    return st;
}

static void test_altered(void **state)
{
    struct cv_tiles *t = NULL;
    struct seen s = { 0 };
    struct altered a = { .seen = &s, .size = 256 * 2 + 5 };
    (void)state;
    assert_ok(cv_tiles_new(&t));
    grow(t, a.size, &s);
    assert_ok(cv_tiles_end(t, see, &s, NULL));
    assert_ok(cv_tiles_edge(t, &a.edge));
    struct cv_buf *const which[] = { &s.tiles[0], &s.tiles[1], &s.last_bundle };
    for (size_t i = 0; i < 3; i++) {
        a.which = which[i];
        struct cv_buf whole = { 0 };
        assert_ok(cv_buf_append(&whole, cv_buf_view(a.which)));
        every_cut(cv_buf_view(&whole), 0, whole.n, resume, &a, REFUSED);
        every_bit(cv_buf_view(&whole), 0, whole.n, resume, &a, REFUSED | (i == 1 ? MAY(CV_OK) : 0));
        assert_ok(cv_buf_append(&whole, CV_LIT("\0")));
        assert_int_equal(resume(&a, cv_buf_view(&whole)), CV_ERR_FORMAT);
        cv_buf_free(&whole);
    }
    /* A text that no tile takes. */
    struct cv_buf text = { 0 };
    uint8_t *room = NULL;
    assert_ok(cv_buf_extend(&text, CV_TILE_TEXT_MAX + 1, &room));
    assert_int_equal(cv_tiles_add(t, cv_buf_view(&text), see, &s, NULL), CV_ERR_LIMIT);
    cv_buf_free(&text);
    cv_tiles_free(t);
    seen_free(&s);
}

static void test_heads(void **state)
{
    const struct cv_tile hashes = { .width = 3 }, entries = { .entries = true, .width = 3 };
    struct cv_buf b = unhex("000161000000036263640a");
    uint8_t three[96] = { 0 };
    (void)state;
    assert_int_equal(cv_tile_check(&entries, cv_buf_view(&b), NULL), CV_ERR_FORMAT);
    cv_buf_truncate(&b, b.n - 1);
    assert_ok(cv_tile_check(&entries, cv_buf_view(&b), NULL));
    assert_int_equal(cv_tile_head(&entries, 1, cv_buf_view(&b)).n, 3);
    assert_int_equal(cv_tile_head(&entries, 2, cv_buf_view(&b)).n, 5);
    assert_int_equal(cv_tile_head(&entries, 3, cv_buf_view(&b)).n, b.n);
    assert_ok(cv_tile_check(&hashes, CV_ARR(three), NULL));
    assert_int_equal(cv_tile_head(&hashes, 2, CV_ARR(three)).n, 64);
    cv_buf_free(&b);
}

/* ---- texts ---- */

static cv_status parse_text(void *arg, struct cv_bytes bytes)
{
    const uint64_t *index = arg;
    struct cv_leaf leaf;
    struct cv_buf again = { 0 };
    const cv_status st = cv_leaf_text_parse(bytes, VAULT, *index, &leaf);
    if (st == CV_OK) {
        assert_ok(cv_leaf_text(VAULT, *index, &leaf, &again));
        assert_bytes(cv_buf_view(&again), bytes);
        cv_buf_free(&again);
    }
    return st;
}

static void test_texts(void **state)
{
    (void)state;
    for (int bound = 0; bound < 2; bound++) {
        const struct cv_leaf leaf = { .kind = bound != 0 ? CV_KIND_RECORD : CV_KIND_EVENT,
                                      .hash = { 7, 255 },
                                      .bound = bound != 0,
                                      .bind = { 1 } };
        struct cv_buf text = { 0 };
        struct cv_leaf got;
        uint64_t index = 1234, other = 1235;
        assert_ok(cv_leaf_text(VAULT, index, &leaf, &text));
        assert_ok(cv_leaf_text_parse(cv_buf_view(&text), VAULT, index, &got));
        assert_int_equal(got.kind, leaf.kind);
        assert_memory_equal(got.hash, leaf.hash, 32);
        assert_int_equal(got.bound, leaf.bound);
        assert_int_equal(parse_text(&other, cv_buf_view(&text)), CV_ERR_FORMAT);
        assert_int_equal(cv_leaf_text_parse(cv_buf_view(&text), "ff", index, &got), CV_ERR_FORMAT);
        every_cut(cv_buf_view(&text), 0, text.n, parse_text, &index, REFUSED);
        every_bit(cv_buf_view(&text), 0, text.n, parse_text, &index, REFUSED | MAY(CV_OK));
        cv_buf_free(&text);
    }
}

static cv_status parse_key(void *arg, struct cv_bytes bytes)
{
    struct cv_note_key key;
    (void)arg;
    return cv_note_vkey_parse(bytes, CV_NOTE_TYPE_ED25519, &key, NULL);
}

static void test_keys(void **state)
{
    /* The example in the documentation of Go's note package. */
    static const char example[] = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    static const char *const bad[] = { "",
                                       "+",
                                       "a",
                                       "a+b+c",
                                       "a+00000000+",
                                       "PeterNeumann",
                                       "PeterNeumann+c74f20a3",
                                       "PeterNeumann+c74f20a3+" };
    uint8_t public[32] = { 9 };
    struct cv_note_key got;
    struct cv_buf text = { 0 };
    (void)state;
    assert_ok(cv_note_vkey_parse(cv_bytes_str(example), CV_NOTE_TYPE_ED25519, &got, NULL));
    assert_string_equal(got.name, "PeterNeumann");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(cv_note_vkey_parse(cv_bytes_str(bad[i]), CV_NOTE_TYPE_ED25519, &got, NULL),
                         CV_ERR_FORMAT);
    assert_ok(cv_note_vkey("casevault/" VAULT, public, &text));
    assert_ok(cv_note_vkey_parse(cv_buf_view(&text), CV_NOTE_TYPE_ED25519, &got, NULL));
    assert_string_equal(got.name, "casevault/" VAULT);
    assert_memory_equal(got.public, public, 32);
    every_cut(cv_buf_view(&text), 0, text.n, parse_key, NULL, REFUSED);
    every_bit(cv_buf_view(&text), 0, text.n, parse_key, NULL, REFUSED);
    cv_buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),   cmocka_unit_test(test_widths), cmocka_unit_test(test_growth),
        cmocka_unit_test(test_altered), cmocka_unit_test(test_heads),  cmocka_unit_test(test_texts),
        cmocka_unit_test(test_keys),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
