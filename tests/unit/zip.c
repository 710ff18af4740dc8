/* Zips as packages have them: the writer's bytes, and a reader that takes nothing else. */
#include "test.h"

#include "formats/zip.h"

/* ---- what was read ---- */

#define FILES_MAX 8
struct seen {
    char names[FILES_MAX][CV_ZIP_NAME_MAX + 1];
    uint64_t bytes[FILES_MAX];
    struct cv_buf data[FILES_MAX];
    size_t count, ended;
};

static cv_status begin(void *arg, const char *name, uint64_t bytes, struct cv_err *err)
{
    struct seen *s = arg;
    (void)err;
    assert_int_equal(s->count, s->ended);
    assert_true(s->count < FILES_MAX);
    strcpy(s->names[s->count], name);
    s->bytes[s->count++] = bytes;
    return CV_OK;
}

static cv_status data(void *arg, struct cv_bytes bytes, struct cv_err *err)
{
    struct seen *s = arg;
    (void)err;
    assert_true(bytes.n > 0);
    return cv_buf_append(&s->data[s->count - 1], bytes);
}

static cv_status end(void *arg, struct cv_err *err)
{
    struct seen *s = arg;
    (void)err;
    assert_int_equal(s->data[s->ended].n, s->bytes[s->ended]);
    s->ended++;
    return CV_OK;
}

static void seen_free(struct seen *s)
{
    for (size_t i = 0; i < FILES_MAX; i++)
        cv_buf_free(&s->data[i]);
    memset(s, 0, sizeof(*s));
}

/* in_pieces(bytes, piece, s, err): of at most ${piece} bytes, each in memory of its own. */
static cv_status in_pieces(struct cv_bytes bytes, size_t piece, struct seen *s, struct cv_err *err)
{
    const struct cv_zip_sink sink = { s, begin, data, end };
    struct cv_zip_reader *r = NULL;
    assert_ok(cv_zip_reader_new(&sink, &r));
    cv_status st = cv_zip_read(r, (struct cv_bytes){ 0 }, err);
    for (size_t at = 0; at < bytes.n && st == CV_OK; at += piece) {
        const size_t n = bytes.n - at < piece ? bytes.n - at : piece;
        uint8_t *copy = malloc(n);
        assert_non_null(copy);
        memcpy(copy, bytes.p + at, n);
        st = cv_zip_read(r, CV_BYTES(copy, n), err);
        free(copy);
    }
    st = CV_THEN(st, cv_zip_end(r, err));
    cv_zip_reader_free(r);
    return st;
}

/* ---- writing ---- */

static void add(struct cv_zip *z, const char *name, const char *text, struct cv_buf *out)
{
    assert_ok(cv_zip_add(z, name, cv_bytes_str(text), out, NULL));
}

/* two(out): a file of two letters, and an empty one. */
static void two(struct cv_buf *out)
{
    struct cv_zip *z = NULL;
    assert_ok(cv_zip_new(&z));
    add(z, "a.txt", "hi", out);
    assert_int_equal(cv_zip_total(z, "d/b"), 37 + 33 + 51 + 49 + 22);
    add(z, "d/b", "", out);
    assert_ok(cv_zip_finish(z, out, NULL));
    cv_zip_free(z);
}

/* By hand, from APPNOTE 6.3.10, 4.3.7, 4.3.12 and 4.3.16. */
static const char two_hex[] = "504b0304"
                              "0a00"
                              "0008"
                              "0000"
                              "0000"
                              "2100"
                              "ac2a93d8"
                              "02000000"
                              "02000000"
                              "0500"
                              "0000"
                              "612e747874"
                              "6869"
                              "504b0304"
                              "0a00"
                              "0008"
                              "0000"
                              "0000"
                              "2100"
                              "00000000"
                              "00000000"
                              "00000000"
                              "0300"
                              "0000"
                              "642f62"
                              "504b0102"
                              "1400"
                              "0a00"
                              "0008"
                              "0000"
                              "0000"
                              "2100"
                              "ac2a93d8"
                              "02000000"
                              "02000000"
                              "0500"
                              "0000"
                              "0000"
                              "0000"
                              "0000"
                              "00000000"
                              "00000000"
                              "612e747874"
                              "504b0102"
                              "1400"
                              "0a00"
                              "0008"
                              "0000"
                              "0000"
                              "2100"
                              "00000000"
                              "00000000"
                              "00000000"
                              "0300"
                              "0000"
                              "0000"
                              "0000"
                              "0000"
                              "00000000"
                              "25000000"
                              "642f62"
                              "504b0506"
                              "0000"
                              "0000"
                              "0200"
                              "0200"
                              "64000000"
                              "46000000"
                              "0000";

static void writes(void **state)
{
    struct cv_buf out = { 0 }, want = unhex(two_hex);
    (void)state;
    two(&out);
    assert_bytes(cv_buf_view(&out), cv_buf_view(&want));
    cv_buf_free(&out);
    cv_buf_free(&want);
}

static void crc(void **state)
{
    (void)state;
    assert_int_equal(cv_zip_crc(0, CV_LIT("123456789")), 0xcbf43926); /* the usual check value */
    assert_int_equal(cv_zip_crc(cv_zip_crc(0, CV_LIT("1234")), CV_LIT("56789")), 0xcbf43926);
    assert_int_equal(cv_zip_crc(0, (struct cv_bytes){ 0 }), 0);
}

/* ---- names ---- */

static void names(void **state)
{
    static const struct {
        const char *name;
        bool ok;
    } rows[] = {
        { "a", true },         { "README.txt", true }, { "records/1.sd-jwt", true },
        { "A_b-9", true },     { "-", true },          { "a..b", true },
        { "a.", true },        { "a/b/c", true },      { "", false },
        { ".", false },        { "..", false },        { "../a", false },
        { "a/../b", false },   { "a/..", false },      { ".a", false },
        { "a/.b", false },     { "/a", false },        { "a/", false },
        { "a//b", false },     { "/", false },         { "a\\b", false },
        { "a:b", false },      { "a b", false },       { "a\nb", false },
        { "\xc3\xa9", false }, { "a\x7f", false },     { "a*", false },
        { "~a", false },       { "a\xff", false },     { "a|b", false },
        { "$a", false },       { "a%2e", false },
    };
    char longest[CV_ZIP_NAME_MAX + 2];
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (cv_zip_name_ok(cv_bytes_str(rows[i].name)) != rows[i].ok)
            fail_msg("%s", rows[i].name);
    assert_false(cv_zip_name_ok(CV_LIT("a\0b")));
    memset(longest, 'a', sizeof(longest));
    assert_true(cv_zip_name_ok(CV_BYTES(longest, CV_ZIP_NAME_MAX)));
    assert_false(cv_zip_name_ok(CV_BYTES(longest, CV_ZIP_NAME_MAX + 1)));
    struct cv_zip *z = NULL;
    struct cv_buf out = { 0 };
    assert_ok(cv_zip_new(&z));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_status(cv_zip_add(z, rows[i].name, CV_LIT("x"), &out, NULL), rows[i].ok ? CV_OK : CV_ERR_ARG);
    assert_status(cv_zip_add(z, "a", CV_LIT("x"), &out, NULL), CV_ERR_EXISTS);
    cv_zip_free(z);
    cv_buf_free(&out);
}

static void limits(void **state)
{
    struct cv_zip *z = NULL;
    struct cv_buf out = { 0 };
    (void)state;
    assert_ok(cv_zip_new(&z));
    assert_status(cv_zip_entry(z, "a", CV_ZIP_BYTES_MAX + 1, 0, &out, NULL), CV_ERR_LIMIT);
    assert_status(cv_zip_entry(z, "a", UINT64_MAX, 0, &out, NULL), CV_ERR_LIMIT);
    const uint64_t most = CV_ZIP_BYTES_MAX - cv_zip_total(z, "a");
    assert_status(cv_zip_entry(z, "a", most + 1, 0, &out, NULL), CV_ERR_LIMIT);
    assert_int_equal(out.n, 0);
    assert_ok(cv_zip_entry(z, "a", most, 0, &out, NULL));
    assert_status(cv_zip_entry(z, "b", 0, 0, &out, NULL), CV_ERR_LIMIT);
    cv_zip_free(z);
    assert_ok(cv_zip_new(&z));
    for (int i = 0; i < CV_ZIP_ENTRIES_MAX; i++) {
        char name[16];
        snprintf(name, sizeof(name), "%d", i);
        assert_ok(cv_zip_entry(z, name, 0, 0, &out, NULL));
    }
    assert_status(cv_zip_entry(z, "more", 0, 0, &out, NULL), CV_ERR_LIMIT);
    cv_zip_free(z);
    cv_buf_free(&out);
}

/* ---- reading ---- */

static const size_t pieces[] = { 1, 7, SIZE_MAX };

static void reads(void **state)
{
    struct cv_buf out = { 0 };
    (void)state;
    two(&out);
    for (size_t i = 0; i < 3; i++) {
        struct seen s = { 0 };
        assert_ok(in_pieces(cv_buf_view(&out), pieces[i] < out.n ? pieces[i] : out.n, &s, NULL));
        assert_int_equal(s.ended, 2);
        assert_string_equal(s.names[0], "a.txt");
        assert_string_equal(s.names[1], "d/b");
        assert_bytes(cv_buf_view(&s.data[0]), CV_LIT("hi"));
        assert_int_equal(s.data[1].n, 0);
        seen_free(&s);
    }
    cv_buf_free(&out);
}

/* parse: a parse_fn: in pieces of *arg. */
static cv_status parse(void *arg, struct cv_bytes bytes)
{
    struct seen s = { 0 };
    const size_t piece = *(const size_t *)arg;
    const cv_status st = in_pieces(bytes, piece < bytes.n ? piece : bytes.n + 1, &s, NULL);
    seen_free(&s);
    return st;
}

/* No bit is without meaning, no prefix whole; and how it comes in pieces is no matter. */
static void damage(void **state)
{
    struct cv_buf out = { 0 };
    (void)state;
    two(&out);
    for (size_t i = 0; i < 3; i++) {
        size_t piece = pieces[i];
        every_bit(cv_buf_view(&out), 0, out.n, parse, &piece, MAY(CV_ERR_FORMAT) | MAY(CV_ERR_LIMIT));
        every_cut(cv_buf_view(&out), 0, out.n, parse, &piece, MAY(CV_ERR_FORMAT));
    }
    cv_buf_free(&out);
}

/* Two files, with other bytes at a place of the whole; two_hex says what stands where. */
static void changed(void **state)
{
    enum { CENTRAL = 70, SECOND = 121, END = 170 };
    static const struct {
        size_t at;
        const char *hex, *why;
    } rows[] = {
        { 4, "2d00", "packed" },           /* Zip64 */
        { 6, "0108", "packed" },           /* encrypted */
        { 6, "0808", "packed" },           /* data descriptor */
        { 6, "0000", "packed" },           /* no UTF-8 */
        { 8, "0800", "packed" },           /* deflate */
        { 10, "01", "packed" },            /* a time */
        { 12, "22", "packed" },            /* another day */
        { 14, "00", "CRC" },               /* wrong CRC */
        { 18, "03", "packed" },            /* sizes that differ */
        { 18, "ffffffff", "packed" },      /* as Zip64 has it */
        { 26, "0000", "a name of 0" },     /* no name */
        { 26, "6500", "a name of 101" },   /* too long */
        { 28, "0400", "packed" },          /* an extra field */
        { 30, "2e2e2f61", "a name that" }, /* climbs */
        { 30, "2f", "a name that" },       /* absolute */
        { 35, "6968", "CRC" },             /* other data */
        { 63 + 4, "612e74", "directory" }, /* another name than the directory's */
        { CENTRAL, "504b0506", "neither" },
        { CENTRAL + 4, "1403", "directory" },      /* made by another system, */
        { CENTRAL + 38, "0000ffa1", "directory" }, /* a link */
        { CENTRAL + 32, "01", "directory" },       /* a comment */
        { CENTRAL + 42, "01", "directory" },       /* another place */
        { SECOND + 42, "00", "directory" },        /* two for one */
        { END, "504b0102", "directory" },          /* one more */
        { END + 8, "01", "directory" },            /* less than there are */
        { END + 16, "00", "directory" },           /* elsewhere */
        { END + 20, "01", "directory" },           /* a comment */
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (size_t k = 0; k < 3; k++) {
            struct cv_buf out = { 0 }, hex = unhex(rows[i].hex);
            struct seen s = { 0 };
            struct cv_err err = { 0 };
            two(&out);
            assert_true(rows[i].at + hex.n <= out.n);
            memcpy(out.p + rows[i].at, hex.p, hex.n);
            const cv_status st =
                in_pieces(cv_buf_view(&out), pieces[k] < out.n ? pieces[k] : out.n, &s, &err);
            if (st != CV_ERR_FORMAT || strstr(err.msg, rows[i].why) == NULL)
                fail_msg("row %zu: %d: %s", i, (int)st, err.msg);
            seen_free(&s);
            cv_buf_free(&out);
            cv_buf_free(&hex);
        }
}

/* What stands before, after or between; and two that follow one another. */
static void around(void **state)
{
    struct cv_buf out = { 0 }, both = { 0 };
    size_t one = 1, all = SIZE_MAX;
    (void)state;
    two(&out);
    assert_ok(cv_buf_append(&both, CV_LIT("\n")));
    assert_ok(cv_buf_append(&both, cv_buf_view(&out)));
    assert_status(parse(&one, cv_buf_view(&both)), CV_ERR_FORMAT);
    assert_status(parse(&all, cv_buf_view(&both)), CV_ERR_FORMAT);
    assert_ok(parse(&all, CV_BYTES(both.p + 1, both.n - 1)));
    assert_ok(cv_buf_append(&both, CV_LIT("\0")));
    assert_status(parse(&one, CV_BYTES(both.p + 1, both.n - 1)), CV_ERR_FORMAT);
    assert_status(parse(&all, CV_BYTES(both.p + 1, both.n - 1)), CV_ERR_FORMAT);
    cv_buf_truncate(&both, 0);
    assert_ok(cv_buf_append(&both, cv_buf_view(&out)));
    assert_ok(cv_buf_append(&both, cv_buf_view(&out)));
    assert_status(parse(&one, cv_buf_view(&both)), CV_ERR_FORMAT);
    assert_status(parse(&all, cv_buf_view(&both)), CV_ERR_FORMAT);
    /* the files of one, twice; the directory of one, twice */
    cv_buf_truncate(&both, 0);
    assert_ok(cv_buf_append(&both, CV_BYTES(out.p, 70)));
    assert_ok(cv_buf_append(&both, cv_buf_view(&out)));
    assert_status(parse(&one, cv_buf_view(&both)), CV_ERR_FORMAT);
    cv_buf_truncate(&both, 0);
    assert_ok(cv_buf_append(&both, cv_buf_view(&out)));
    assert_ok(cv_buf_append(&both, CV_BYTES(out.p + 70, out.n - 70)));
    assert_status(parse(&one, cv_buf_view(&both)), CV_ERR_FORMAT);
    /* a zip without files is none */
    assert_status(parse(&all, CV_BYTES(out.p + out.n - 22, 22)), CV_ERR_FORMAT);
    assert_status(parse(&all, (struct cv_bytes){ 0 }), CV_ERR_FORMAT);
    cv_buf_free(&out);
    cv_buf_free(&both);
}

/* A file that says it is very long takes no memory before its bytes come. */
static void claims_much(void **state)
{
    struct cv_buf out = { 0 };
    struct cv_zip *z = NULL;
    struct seen s = { 0 };
    (void)state;
    assert_ok(cv_zip_new(&z));
    assert_ok(cv_zip_entry(z, "a", 3900000000u, 0, &out, NULL));
    assert_status(in_pieces(cv_buf_view(&out), out.n, &s, NULL), CV_ERR_FORMAT);
    assert_int_equal(s.bytes[0], 3900000000u);
    seen_free(&s);
    cv_zip_free(z);
    cv_buf_free(&out);
}

static cv_status begin_any(void *arg, const char *name, uint64_t bytes, struct cv_err *err)
{
    (void)arg;
    (void)name;
    (void)bytes;
    (void)err;
    return CV_OK;
}

static cv_status end_any(void *arg, struct cv_err *err)
{
    (void)err;
    ++*(size_t *)arg;
    return CV_OK;
}

/* As many as a writer would write, and one more. */
static void very_many(void **state)
{
    struct cv_buf out = { 0 };
    struct cv_zip *z = NULL;
    struct cv_zip_reader *r = NULL;
    size_t count = 0;
    const struct cv_zip_sink sink = { &count, begin_any, data, end_any };
    (void)state;
    assert_ok(cv_zip_new(&z));
    for (int i = 0; i < CV_ZIP_ENTRIES_MAX; i++) {
        char name[16];
        snprintf(name, sizeof(name), "%d", i);
        add(z, name, "", &out);
    }
    assert_ok(cv_zip_reader_new(&sink, &r));
    assert_ok(cv_zip_read(r, cv_buf_view(&out), NULL));
    assert_int_equal(count, CV_ZIP_ENTRIES_MAX);
    cv_zip_free(z);
    cv_buf_truncate(&out, 0);
    assert_ok(cv_zip_new(&z));
    add(z, "more", "", &out);
    assert_status(cv_zip_read(r, cv_buf_view(&out), NULL), CV_ERR_LIMIT);
    cv_zip_reader_free(r);
    cv_zip_free(z);
    cv_buf_free(&out);
}

/* What the sink says ends it, and is what the reader says. */
static cv_status refuse(void *arg, const char *name, uint64_t bytes, struct cv_err *err)
{
    (void)arg;
    (void)bytes;
    return strcmp(name, "d/b") == 0 ? cv_fail(err, CV_ERR_ARG, "no") : CV_OK;
}

static void sink_refuses(void **state)
{
    struct cv_buf out = { 0 };
    struct cv_zip_reader *r = NULL;
    struct seen s = { .count = 1 };
    const struct cv_zip_sink sink = { &s, refuse, data, end };
    (void)state;
    two(&out);
    s.bytes[0] = 2;
    assert_ok(cv_zip_reader_new(&sink, &r));
    assert_status(cv_zip_read(r, cv_buf_view(&out), NULL), CV_ERR_ARG);
    assert_int_not_equal(cv_zip_end(r, NULL), CV_OK);
    cv_zip_reader_free(r);
    seen_free(&s);
    cv_buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes),    cmocka_unit_test(crc),          cmocka_unit_test(names),
        cmocka_unit_test(limits),    cmocka_unit_test(reads),        cmocka_unit_test(damage),
        cmocka_unit_test(changed),   cmocka_unit_test(around),       cmocka_unit_test(claims_much),
        cmocka_unit_test(very_many), cmocka_unit_test(sink_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
