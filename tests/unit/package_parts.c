/* The small parts of a package: proofs, tables, the page; and a package's own order of files. */
#include "test.h"

#include "crypto/hash.h"
#include "formats/csv.h"
#include "formats/package.h"
#include "formats/page.h"
#include "formats/tlog_proof.h"

/* ---- proofs ---- */

#define A32 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define HEAD "c2sp.org/tlog-proof@v1\n"
#define NOTE "log\n8\n" A32 "\n\n\xe2\x80\x94 log AAAA\n"

/* read_proof: a parse_fn: what reads is what would be written. */
static cv_status read_proof(void *arg, struct cv_bytes bytes)
{
    struct cv_tlog_proof p;
    struct cv_buf again = { 0 };
    (void)arg;
    cv_status st = cv_tlog_proof_parse(bytes, &p, NULL);
    if (st == CV_OK) {
        assert_ok(cv_tlog_proof_write(&p, &again));
        assert_bytes(cv_buf_view(&again), bytes);
    }
    cv_buf_free(&again);
    cv_tlog_proof_free(&p);
    return st;
}

static void whole_proof(struct cv_buf *out)
{
    struct cv_tlog_proof p = { .index = 5, .note = CV_LIT(NOTE) };
    assert_ok(cv_buf_str(&p.extra, "a leaf\n"));
    for (uint8_t i = 0; i < 3; i++) {
        uint8_t hash[32] = { i };
        assert_ok(cv_buf_append(&p.hashes, CV_ARR(hash)));
    }
    assert_ok(cv_tlog_proof_write(&p, out));
    cv_tlog_proof_free(&p);
}

static void proof_whole(void **state)
{
    struct cv_buf out = { 0 };
    struct cv_tlog_proof p;
    (void)state;
    whole_proof(&out);
    assert_ok(cv_tlog_proof_parse(cv_buf_view(&out), &p, NULL));
    assert_bytes(cv_buf_view(&p.extra), CV_LIT("a leaf\n"));
    assert_int_equal(p.index, 5);
    assert_int_equal(p.hashes.n, 96);
    assert_int_equal(p.hashes.p[64], 2);
    assert_bytes(p.note, CV_LIT(NOTE));
    cv_tlog_proof_free(&p);
    every_bit(cv_buf_view(&out), 0, out.n, read_proof, NULL, MAY(CV_OK) | MAY(CV_ERR_FORMAT));
    /* a note is whole or not for who reads notes: cut before it, nothing is */
    every_cut(cv_buf_view(&out), 0, out.n - sizeof(NOTE) + 2, read_proof, NULL, MAY(CV_ERR_FORMAT));
    every_cut(cv_buf_view(&out), 0, out.n, read_proof, NULL, MAY(CV_OK) | MAY(CV_ERR_FORMAT));
    cv_buf_free(&out);
}

/* Each line left out: only a hash may be missing, and then it leads nowhere. */
static void proof_without_a_line(void **state)
{
    struct cv_buf out = { 0 };
    size_t line = 0;
    (void)state;
    whole_proof(&out);
    for (size_t at = 0; at < out.n; line++) {
        const uint8_t *lf = memchr(out.p + at, '\n', out.n - at);
        const size_t next = (size_t)(lf - out.p) + 1;
        struct cv_buf less = { 0 };
        assert_ok(cv_buf_append(&less, CV_BYTES(out.p, at)));
        assert_ok(cv_buf_append(&less, CV_BYTES(out.p + next, out.n - next)));
        const cv_status st = read_proof(NULL, cv_buf_view(&less));
        if (st != ((line >= 3 && line <= 5) || line > 6 ? CV_OK : CV_ERR_FORMAT))
            fail_msg("line %zu: %d", line, (int)st);
        cv_buf_free(&less);
        at = next;
    }
    cv_buf_free(&out);
}

static void proof_malformed(void **state)
{
    static const struct {
        const char *text;
        cv_status st;
    } rows[] = {
        { HEAD "extra \nindex 0\n\nx", CV_OK },
        { HEAD "extra YQ==\nindex 999999999999999999\n" A32 "\n\n" NOTE, CV_OK },
        { "", CV_ERR_FORMAT },
        { HEAD, CV_ERR_FORMAT },
        { "c2sp.org/tlog-proof@v2\nextra YQ==\nindex 0\n\n" NOTE, CV_ERR_FORMAT },
        { "\n" HEAD "extra YQ==\nindex 0\n\n" NOTE, CV_ERR_FORMAT },
        { HEAD "index 0\n\n" NOTE, CV_ERR_FORMAT },
        { HEAD "anything\nindex 0\n\n" NOTE, CV_ERR_FORMAT },
        { HEAD "\nindex 0\n\n" NOTE, CV_ERR_FORMAT },
        { HEAD "extra\nindex 0\n\n" NOTE, CV_ERR_FORMAT },
        { HEAD "extra YQ\nindex 0\n\n" NOTE, CV_ERR_FORMAT },
        { HEAD "extra YR==\nindex 0\n\n" NOTE, CV_ERR_FORMAT },
        { HEAD "extra  YQ==\nindex 0\n\n" NOTE, CV_ERR_FORMAT },
        { HEAD "extra YQ==\r\nindex 0\n\n" NOTE, CV_ERR_FORMAT },
        { HEAD "extra YQ==\nindex \n\n" NOTE, CV_ERR_FORMAT },
        { HEAD "extra YQ==\nindex -1\n\n" NOTE, CV_ERR_FORMAT },
        { HEAD "extra YQ==\nindex +1\n\n" NOTE, CV_ERR_FORMAT },
        { HEAD "extra YQ==\nindex 01\n\n" NOTE, CV_ERR_FORMAT },
        { HEAD "extra YQ==\nindex 0x1\n\n" NOTE, CV_ERR_FORMAT },
        { HEAD "extra YQ==\nindex 1 \n\n" NOTE, CV_ERR_FORMAT },
        { HEAD "extra YQ==\nindex 18446744073709551616\n\n" NOTE, CV_ERR_FORMAT },
        { HEAD "extra YQ==\nindex 1000000000000000000\n\n" NOTE, CV_ERR_FORMAT },
        { HEAD "extra YQ==\n\n" NOTE, CV_ERR_FORMAT },
        { HEAD "extra YQ==\nindex 0\nAAAA\n\n" NOTE, CV_ERR_FORMAT },
        { HEAD "extra YQ==\nindex 0\n" A32 "AAAA\n\n" NOTE, CV_ERR_FORMAT },
        { HEAD "extra YQ==\nindex 0\n" A32, CV_ERR_FORMAT },
        { HEAD "extra YQ==\nindex 0\n" A32 "\n", CV_ERR_FORMAT },
        { HEAD "extra YQ==\nindex 0\n" A32 "\n\n", CV_ERR_FORMAT },
        { HEAD "extra YQ==\nindex 0\n\n", CV_ERR_FORMAT },
        { HEAD "extra YQ==\nindex 0\n", CV_ERR_FORMAT },
        { HEAD "extra YQ==\nindex 0", CV_ERR_FORMAT },
    };
    struct cv_buf many = { 0 };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const cv_status st = read_proof(NULL, cv_bytes_str(rows[i].text));
        if (st != rows[i].st)
            fail_msg("row %zu: %d", i, (int)st);
    }
    for (int hashes = 64; hashes <= 65; hashes++) {
        cv_buf_truncate(&many, 0);
        assert_ok(cv_buf_str(&many, HEAD "extra YQ==\nindex 0\n"));
        for (int i = 0; i < hashes; i++)
            assert_ok(cv_buf_str(&many, A32 "\n"));
        assert_ok(cv_buf_str(&many, "\n" NOTE));
        assert_status(read_proof(NULL, cv_buf_view(&many)), hashes == 64 ? CV_OK : CV_ERR_FORMAT);
    }
    uint8_t *more;
    assert_ok(cv_buf_extend(&many, CV_TLOG_PROOF_MAX_BYTES, &more));
    assert_status(read_proof(NULL, cv_buf_view(&many)), CV_ERR_LIMIT);
    cv_buf_free(&many);
}

/* ---- tables ---- */

static void csv_cells(void **state)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        { NULL, "\"\"," },
        { "", "\"\"," },
        { "a", "\"a\"," },
        { "a,b", "\"a,b\"," },
        { "a\"b", "\"a\"\"b\"," },
        { "\"", "\"\"\"\"," },
        { "=1+1", "\"'=1+1\"," },
        { "+1", "\"'+1\"," },
        { "-1", "\"'-1\"," },
        { "@SUM(A1)", "\"'@SUM(A1)\"," },
        { "=HYPERLINK(\"http://x\")", "\"'=HYPERLINK(\"\"http://x\"\")\"," },
        { "\t=1", "\"'\t=1\"," },
        { "\n=1", "\"'\n=1\"," },
        { "\r=1", "\"'\xef\xbf\xbd=1\"," },
        { "a=1", "\"a=1\"," },
        { "a\nb", "\"a\nb\"," },
        { "a\r\nb", "\"a\xef\xbf\xbd\nb\"," },
        { "a\x1b[2Jb", "\"a\xef\xbf\xbd[2Jb\"," },
        { "a\xe2\x80\xae"
          "b",
          "\"a\xef\xbf\xbd"
          "b\"," },
        { "a\xe2\x81\xa6"
          "b",
          "\"a\xef\xbf\xbd"
          "b\"," },
        { "a\xff"
          "b",
          "\"a\xef\xbf\xbd"
          "b\"," },
        { "a\xe2\x80", "\"a\xef\xbf\xbd\xef\xbf\xbd\"," },
        { "\xd0\xa5\xd0\xb0", "\"\xd0\xa5\xd0\xb0\"," },
    };
    struct cv_buf out = { 0 };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cv_buf_truncate(&out, 0);
        assert_ok(cv_csv_cell(rows[i].text, false, &out));
        if (!cv_bytes_equal(cv_buf_view(&out), cv_bytes_str(rows[i].want)))
            fail_msg("row %zu: %.*s", i, (int)out.n, (const char *)out.p);
    }
    cv_buf_truncate(&out, 0);
    assert_ok(cv_csv_cell("a", true, &out));
    assert_bytes(cv_buf_view(&out), CV_LIT("\"a\"\r\n"));
    cv_buf_free(&out);
}

/* ---- the page ---- */

#define OPEN "<script type=\"application/json\" id=\"package\">"

static void page_data(void **state)
{
    static const struct {
        const char *data, *want;
    } rows[] = {
        { "", "" },
        { "{}", "{}" },
        { "<", "\\u003c" },
        { "<<a<", "\\u003c\\u003ca\\u003c" },
        { "{\"a\":\"</script><!--<script>\"}", "{\"a\":\"\\u003c/script>\\u003c!--\\u003cscript>\"}" },
        { OPEN "@DATA@" OPEN, "\\u003cscript type=\"application/json\" id=\"package\">@DATA@"
                              "\\u003cscript type=\"application/json\" id=\"package\">" },
    };
    uint8_t shell[32], digest[32];
    (void)state;
    assert_ok(cv_page_digest(shell));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cv_buf page = { 0 };
        struct cv_bytes data;
        assert_ok(cv_page_write(cv_bytes_str(rows[i].data), &page));
        assert_ok(cv_page_split(cv_buf_view(&page), &data, digest, NULL));
        assert_bytes(data, cv_bytes_str(rows[i].want));
        assert_memory_equal(digest, shell, 32);
        /* what is done to the shell shows, and what is done to the data does not hide */
        page.p[0] ^= 1;
        assert_ok(cv_page_split(cv_buf_view(&page), &data, digest, NULL));
        assert_memory_not_equal(digest, shell, 32);
        cv_buf_free(&page);
    }
}

static void page_odd(void **state)
{
    static const struct {
        const char *page, *data; /* NULL: refused */
    } rows[] = {
        { OPEN "</script>", "" },
        { "a" OPEN "{}</script>b", "{}" },
        { "a" OPEN "{}</script>b</script>", "{}" },
        { "", NULL },
        { "a", NULL },
        { OPEN, NULL },
        { OPEN "{}", NULL },
        { OPEN "{}</script", NULL },
        { OPEN OPEN "</script>", NULL },
        { OPEN "{}</script>" OPEN "{}</script>", NULL },
        { OPEN "{}</script><!--" OPEN "-->", NULL },
        { "<script id=\"package\" type=\"application/json\">{}</script>", NULL },
        { "<SCRIPT type=\"application/json\" id=\"package\">{}</script>", NULL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cv_bytes data;
        uint8_t digest[32];
        const cv_status st = cv_page_split(cv_bytes_str(rows[i].page), &data, digest, NULL);
        if (st != (rows[i].data != NULL ? CV_OK : CV_ERR_FORMAT) ||
            !cv_bytes_equal(data, cv_bytes_str(rows[i].data)))
            fail_msg("row %zu: %d", i, (int)st);
    }
}

/* The digest is that of all before the data joined to all after it. */
static void page_digest(void **state)
{
    struct cv_bytes data;
    uint8_t digest[32], want[32];
    (void)state;
    assert_ok(cv_page_split(CV_LIT("a" OPEN "{}</script>b"), &data, digest, NULL));
    assert_ok(cv_sha256(CV_LIT("a" OPEN "</script>b"), want));
    assert_memory_equal(digest, want, 32);
}

/* ---- the order of files ---- */

/* takes(names): does a package that comes in take files of these names in this order, all empty? */
static cv_status takes(const char *const *list)
{
    struct cv_package_reader *r = NULL;
    struct cv_zip *z = NULL;
    struct cv_buf out = { 0 };
    const struct cv_package *p;
    struct cv_json *files = NULL;
    assert_ok(cv_package_reader_new(&r));
    assert_ok(cv_zip_new(&z));
    for (; *list != NULL; list++)
        assert_ok(cv_zip_add(z, *list, (struct cv_bytes){ 0 }, &out, NULL));
    assert_ok(cv_zip_finish(z, &out, NULL));
    cv_status st = cv_package_read(r, cv_buf_view(&out), NULL);
    struct cv_err err = { 0 };
    st = CV_THEN(st, cv_package_end(r, &p, &files, &err));
    if (st != CV_OK && strstr(err.msg, "right length") != NULL) /* nothing but that */
        st = CV_OK;
    cv_json_free(files);
    cv_package_reader_free(r);
    cv_zip_free(z);
    cv_buf_free(&out);
    return st;
}

#define FIXED "README.txt", "index.html", "manifest.json", "manifest.sig", "template.json", "redactions.csv"
#define POLICY "policies/1.txt"
#define ONE "records/1.sd-jwt", "records/1.tlog-proof"

static void order(void **state)
{
    static const struct {
        const char *names[16];
        cv_status st;
    } rows[] = {
        { { FIXED, POLICY, ONE, "padding" }, CV_OK },
        { { FIXED, POLICY, "policies/2.txt", ONE, "records/2.sd-jwt", "records/2.tlog-proof", "padding" },
          CV_OK },
        { { FIXED, POLICY, ONE, "attachments/1-a", "attachments/2-a", "padding" }, CV_OK },
        { { FIXED, POLICY, ONE, "attachments/1-", "padding" },
          CV_OK }, /* a name of which nothing could stay */
        { { FIXED, POLICY, ONE }, CV_ERR_FORMAT },
        { { FIXED, POLICY, "padding" }, CV_ERR_FORMAT },
        { { FIXED, ONE, "padding" }, CV_ERR_FORMAT },
        { { FIXED, POLICY, "records/1.sd-jwt", "padding" }, CV_ERR_FORMAT },
        { { FIXED, POLICY, "records/1.tlog-proof", "records/1.sd-jwt", "padding" }, CV_ERR_FORMAT },
        { { FIXED, POLICY, "records/2.sd-jwt", "records/2.tlog-proof", "padding" }, CV_ERR_FORMAT },
        { { FIXED, POLICY, "records/01.sd-jwt", "records/01.tlog-proof", "padding" }, CV_ERR_FORMAT },
        { { FIXED, "policies/2.txt", ONE, "padding" }, CV_ERR_FORMAT },
        { { FIXED, POLICY, ONE, "policies/2.txt", "padding" }, CV_ERR_FORMAT },
        { { FIXED, POLICY, ONE, "attachments/2-a", "padding" }, CV_ERR_FORMAT },
        { { FIXED, POLICY, ONE, "attachments/1-a/b", "padding" }, CV_ERR_FORMAT },
        { { FIXED, POLICY, ONE, "attachments/1-a", "records/2.sd-jwt", "records/2.tlog-proof", "padding" },
          CV_ERR_FORMAT },
        { { FIXED, POLICY, ONE, "padding", "attachments/1-a" }, CV_ERR_FORMAT },
        { { FIXED, POLICY, ONE, "notes", "padding" }, CV_ERR_FORMAT },
        { { "index.html", "README.txt" }, CV_ERR_FORMAT },
        { { "README.txt" }, CV_ERR_FORMAT },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const cv_status st = takes(rows[i].names);
        if (st != rows[i].st)
            fail_msg("row %zu: %d", i, (int)st);
    }
}

static void attachment_names(void **state)
{
    static const struct {
        size_t number;
        const char *name, *want;
    } rows[] = {
        { 1, "door.jpg", "attachments/1-door.jpg" },
        { 2, "../../etc/passwd", "attachments/2-....etcpasswd" },
        { 3, "", "attachments/3-" },
        { 4, "a b\\c:d", "attachments/4-abcd" },
        { 5, "\xd0\xb4\xd0\xb2.jpg", "attachments/5-.jpg" },
        { 10000, "/", "attachments/10000-" },
    };
    char out[CV_ATTACHMENT_NAME_BYTES], longest[300];
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cv_attachment_name(rows[i].number, rows[i].name, out);
        assert_string_equal(out, rows[i].want);
        assert_true(cv_zip_name_ok(cv_bytes_str(out)));
    }
    memset(longest, 'a', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    cv_attachment_name(SIZE_MAX, longest, out);
    assert_int_equal(strlen(out), CV_ZIP_NAME_MAX);
    assert_true(cv_zip_name_ok(cv_bytes_str(out)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proof_whole),      cmocka_unit_test(proof_without_a_line),
        cmocka_unit_test(proof_malformed),  cmocka_unit_test(csv_cells),
        cmocka_unit_test(page_data),        cmocka_unit_test(page_odd),
        cmocka_unit_test(page_digest),      cmocka_unit_test(order),
        cmocka_unit_test(attachment_names),
    };
    cv_json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
