/* Documents from the inside: what a member with a program of their own could put into the log. */
#include "test.h"

#include <fcntl.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "formats/base64.h"
#include "vault/document.h"
#include "vault/members.h"

#define EVIDENCE "{\"type\":\"evidence\",\"evidence\":{\"kind\":\"Recording\"}}"
#define SIZE (2 * CV_PIECE_CONTENT_BYTES + 1000)

static char place[64];
static struct cv_identity founder;
static uint8_t *bytes;

static const char *in_place(const char *name)
{
    static char path[128];
    snprintf(path, sizeof(path), "%s/%s", place, name);
    return path;
}

static struct cv_vault *opened(void)
{
    struct cv_err err = { 0 };
    struct cv_vault *v = NULL;
    if (cv_vault_open(in_place("vault"), NULL, &founder, &v, &err) != CV_OK)
        fail_msg("%s", err.msg);
    return v;
}

static int found(void **state)
{
    struct cv_err err = { 0 };
    char file[128];
    (void)state;
    strcpy(place, "/tmp/casevault-unit-XXXXXX");
    if (mkdtemp(place) == NULL)
        return -1;
    setenv("XDG_CACHE_HOME", in_place("cache"), 1);
    setenv("XDG_STATE_HOME", in_place("state"), 1);
    assert_ok(cv_identity_new(true, &founder, NULL));
    if (cv_vault_init(in_place("vault"), cv_template_default_text(), &founder, &err) != CV_OK)
        fail_msg("%s", err.msg);
    bytes = malloc(SIZE);
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (uint8_t)(i * 2654435761u >> 13);
    snprintf(file, sizeof(file), "%s", in_place("file"));
    const int fd = open(file, O_WRONLY | O_CREAT, 0600);
    for (size_t done = 0; done < SIZE;)
        done += (size_t)write(fd, bytes + done, SIZE - done);
    close(fd);
    return 0;
}

static int gone(void **state)
{
    char command[128];
    (void)state;
    free(bytes);
    cv_identity_free(&founder);
    snprintf(command, sizeof(command), "rm -rf %s", place);
    return system(command);
}

/* A record, and the file stored for it twice, in no version yet. */
struct stored {
    struct cv_document_place to;
    struct cv_json *pieces, *one, *other;
};

static void store(struct cv_vault *v, struct stored *s)
{
    struct cv_json *record = NULL;
    struct cv_stored out;
    struct cv_document_file file;
    struct cv_err err = { 0 };
    assert_ok(cv_json_parse(CV_LIT(EVIDENCE), 1000, "test", &record, NULL));
    assert_ok(cv_record_add(v, record, NULL, &out, NULL));
    cv_json_free(record);
    assert_ok(cv_document_place(v, out.id, NULL, 2, NULL, &s->to, NULL));
    s->pieces = cv_json_object();
    assert_ok(cv_document_file_open(in_place("file"), &file, NULL));
    if (cv_document_store(v, &s->to, &file, NULL, NULL, NULL, s->pieces, &s->one, &err) != CV_OK)
        fail_msg("%s", err.msg);
    assert_ok(cv_document_store(v, &s->to, &file, NULL, NULL, NULL, s->pieces, &s->other, NULL));
    cv_document_file_close(&file);
}

static void stored_free(struct stored *s)
{
    cv_document_leave(&s->to);
    cv_json_free(s->pieces);
    cv_json_free(s->one);
    cv_json_free(s->other);
}

/* entry_of(s, one, n): where the n-th piece of a document is. */
static int64_t entry_of(const struct stored *s, const struct cv_json *one, int64_t n)
{
    const struct cv_json *runs = cv_json_get(s->pieces, cv_json_get_str(one, "document"));
    for (size_t i = 0; i < cv_json_len(runs); i++) {
        const int64_t count = cv_json_to_int(cv_json_at(cv_json_at(runs, i), 1));
        if (n < count)
            return cv_json_to_int(cv_json_at(cv_json_at(runs, i), 0)) + n;
        n -= count;
    }
    fail_msg("no such piece");
    return 0;
}

/* runs_of(entries, count): as a notice tells them. */
static struct cv_json *runs_of(const int64_t *entries, size_t count)
{
    struct cv_json *runs = cv_json_array();
    for (size_t i = 0; i < count; i++) {
        struct cv_json *pair = cv_json_array();
        assert_ok(cv_json_push(pair, cv_json_int(entries[i])));
        assert_ok(cv_json_push(pair, cv_json_int(1)));
        assert_ok(cv_json_push(runs, pair));
    }
    return runs;
}

struct got {
    uint64_t n;
    bool same;
};

static cv_status take(void *arg, struct cv_bytes b, struct cv_err *err)
{
    struct got *g = arg;
    (void)err;
    g->same = g->same && g->n + b.n <= SIZE && memcmp(bytes + g->n, b.p, b.n) == 0;
    g->n += b.n;
    return CV_OK;
}

/* read_back(v, s, got): of the first file that the record lists. */
static cv_status read_back(struct cv_vault *v, const struct stored *s, struct got *got, struct cv_err *err)
{
    struct cv_document_ref ref = { 0 };
    struct cv_document_reader *r = NULL;
    *got = (struct got){ .same = true };
    assert_ok(cv_document_ref(v, s->to.record, 0, NULL, 1, NULL, &ref, NULL));
    cv_status st = cv_document_open(v, &ref, NULL, NULL, &r, err);
    st = CV_THEN(st, cv_document_read(r, 0, cv_document_bytes(r), take, got, err));
    cv_document_close(r);
    cv_document_ref_free(&ref);
    return st;
}

static void list_it(struct cv_vault *v, struct stored *s)
{
    struct cv_stored out;
    struct cv_err err = { 0 };
    struct cv_json *list = cv_json_array();
    assert_ok(cv_json_push(list, cv_json_ref(s->one)));
    if (cv_document_attach(v, &s->to, list, s->pieces, NULL, &out, &err) != CV_OK)
        fail_msg("%s", err.msg);
    cv_json_free(list);
}

/* forge(s, v, n, number, last): the bytes of a piece once more, under a header that says something else. */
static int64_t forge(struct cv_vault *v, const struct stored *s, int64_t n, uint32_t number, bool last)
{
    struct cv_buf data = { 0 };
    uint64_t entry = 0;
    assert_ok(cv_custody_read(v->custody, (uint64_t)entry_of(s, s->one, n), CV_KIND_PIECE, &data, NULL));
    cv_store_u32(data.p + CV_PIECE_NUMBER_AT, number);
    data.p[CV_PIECE_NUMBER_AT + 4] = last;
    assert_ok(cv_vault_begin(v, NULL));
    assert_ok(cv_custody_add(v->custody, CV_KIND_PIECE, cv_buf_view(&data), NULL, &entry, NULL));
    assert_ok(cv_vault_commit(v, NULL));
    cv_buf_free(&data);
    return (int64_t)entry;
}

/* What whoever puts a document in could say of it; at most so many bytes come out, all of them its own. */
enum lie {
    NONE,
    EXCHANGED,
    TWICE,
    ANOTHERS,
    SHORTER,
    SHORTER_IN_BYTES,
    LONGER_IN_BYTES,
    OTHER_DIGEST,
    RENUMBERED,
    LAST_TOO_EARLY,
    NO_PIECE
};

static void tell_lie(struct cv_vault *v, struct stored *s, enum lie lie)
{
    const char *id = cv_json_get_str(s->one, "document");
    int64_t e[3] = { entry_of(s, s->one, 0), entry_of(s, s->one, 1), entry_of(s, s->one, 2) };
    size_t count = 3;
    int64_t size = SIZE;
    if (lie == EXCHANGED) {
        e[1] = entry_of(s, s->one, 2);
        e[2] = entry_of(s, s->one, 1);
    } else if (lie == TWICE)
        e[2] = e[1];
    else if (lie == ANOTHERS)
        e[1] = entry_of(s, s->other, 1);
    else if (lie == SHORTER || lie == SHORTER_IN_BYTES)
        count = 2;
    else if (lie == RENUMBERED)
        e[2] = forge(v, s, 1, 2, true);
    else if (lie == LAST_TOO_EARLY) {
        e[1] = forge(v, s, 1, 1, true);
        count = 2;
    } else if (lie == NO_PIECE)
        e[1] = 1;
    if (lie == SHORTER_IN_BYTES || lie == LAST_TOO_EARLY)
        size = 2 * (int64_t)CV_PIECE_CONTENT_BYTES;
    if (lie == LONGER_IN_BYTES)
        size += 1;
    assert_ok(cv_json_set(s->one, "bytes", cv_json_int(size)));
    if (lie == OTHER_DIGEST)
        assert_ok(
            cv_json_set(s->one, "sha256",
                        cv_json_str("00000000000000000000000000000000000000000000000000000000000000ff")));
    assert_ok(cv_json_set(s->pieces, id, runs_of(e, count)));
}

static void lies(void **state)
{
    static const struct {
        enum lie lie;
        const char *why;
        uint64_t most; /* pieces that come out */
    } rows[] = {
        { NONE, NULL, 3 },
        { EXCHANGED, "is not piece 2", 1 },
        { TWICE, "is not piece 3", 2 },
        { ANOTHERS, "is not piece 2", 1 },
        { SHORTER, "does not tell where it is", 0 },
        { SHORTER_IN_BYTES, "is not piece 2", 1 },
        { LONGER_IN_BYTES, "does not open", 2 },
        { OTHER_DIGEST, "its SHA-256 is not the one", 3 },
        { RENUMBERED, "does not open", 2 },
        { LAST_TOO_EARLY, "does not open", 1 },
        { NO_PIECE, "not a piece entry", 1 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct cv_vault *v = opened();
        struct stored s = { 0 };
        struct got got;
        struct cv_err err = { 0 };
        store(v, &s);
        tell_lie(v, &s, rows[i].lie);
        list_it(v, &s);
        const cv_status st = read_back(v, &s, &got, &err);
        if (st != (rows[i].why == NULL ? CV_OK : CV_ERR_LOG) ||
            (rows[i].why != NULL && strstr(err.msg, rows[i].why) == NULL))
            fail_msg("lie %d: status %d, %s", (int)rows[i].lie, (int)st, err.msg);
        assert_true(got.same);
        assert_true(got.n <= rows[i].most * CV_PIECE_CONTENT_BYTES);
        stored_free(&s);
        cv_vault_close(v);
    }
}

/* What was begun belongs to whoever began it, for the record and section they named. */
static void claims(void **state)
{
    (void)state;
    struct cv_vault *v = opened();
    struct stored s = { 0 }, t = { 0 };
    struct cv_documents left;
    struct cv_json *list = cv_json_array();
    struct cv_stored out;
    struct cv_err err = { 0 };
    assert_ok(cv_document_left(v, &left, NULL));
    const size_t before = left.count;
    cv_documents_free(&left);
    store(v, &s);
    store(v, &t);
    assert_ok(cv_document_left(v, &left, NULL));
    assert_int_equal(left.count, before); /* somebody is at them */
    cv_documents_free(&left);
    cv_document_leave(&s.to);
    assert_ok(cv_document_left(v, &left, NULL));
    assert_int_equal(left.count, before + 2);
    cv_documents_free(&left);
    /* Listed in another record, with no word of where it is: there it is none. */
    assert_ok(cv_json_push(list, cv_json_ref(s.one)));
    assert_status(cv_document_attach(v, &t.to, list, NULL, NULL, &out, &err), CV_ERR_FORMAT);
    assert_non_null(strstr(err.msg, "is no document of this record"));
    /* With a word of where it is, which nobody believes. */
    assert_ok(cv_document_attach(v, &t.to, list, s.pieces, NULL, &out, NULL));
    struct got got;
    err = (struct cv_err){ 0 };
    assert_status(read_back(v, &t, &got, &err), CV_ERR_LOG);
    assert_non_null(strstr(err.msg, "does not tell where it is"));
    assert_int_equal(got.n, 0);
    cv_json_free(list);
    stored_free(&s);
    stored_free(&t);
    cv_vault_close(v);
}

/* Entries that no reader of the log gets past. */
static void refused(void **state)
{
    static const struct {
        const char *what;
        uint32_t number;
        uint64_t slot; /* 0: as it is */
        size_t cut;
    } rows[] = {
        { "the release key of an older entry", 0, 0, 0 },
        { "under no release key", 1, CV_NO_SLOT, 0 },
        { "cut short", 1, 0, 20 },
    };
    char cache[32];
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct cv_buf data = { 0 };
        struct stored s = { 0 };
        struct cv_err err = { 0 };
        char aside[400];
        struct cv_vault *v = opened(), *again = NULL;
        store(v, &s);
        cv_vault_close(v);
        snprintf(aside, sizeof(aside), "cp -r %s/vault %s/kept%zu", place, place, i);
        assert_int_equal(system(aside), 0);
        v = opened();
        assert_ok(cv_custody_read(v->custody, (uint64_t)entry_of(&s, s.one, 0), CV_KIND_PIECE, &data, NULL));
        cv_store_u32(data.p + CV_PIECE_NUMBER_AT, rows[i].number);
        if (rows[i].slot != 0)
            cv_store_u64(data.p + CV_ENVELOPE_SLOT_AT, rows[i].slot);
        if (rows[i].cut > 0)
            cv_buf_truncate(&data, rows[i].cut);
        assert_ok(cv_vault_begin(v, NULL));
        assert_ok(cv_custody_add(v->custody, CV_KIND_PIECE, cv_buf_view(&data), NULL, NULL, NULL));
        assert_ok(cv_vault_commit(v, NULL));
        cv_vault_close(v);
        snprintf(cache, sizeof(cache), "cache%zu", i);
        setenv("XDG_CACHE_HOME", in_place(cache), 1);
        assert_status(cv_vault_open(in_place("vault"), NULL, &founder, &again, &err), CV_ERR_LOG);
        if (strstr(err.msg, rows[i].what) == NULL)
            fail_msg("%s", err.msg);
        /* Back to before it. */
        snprintf(aside, sizeof(aside), "rm -rf %s/vault %s/state && mv %s/kept%zu %s/vault", place, place,
                 place, i, place);
        assert_int_equal(system(aside), 0);
        v = NULL;
        char print[CV_FINGERPRINT_BYTES];
        err = (struct cv_err){ 0 };
        assert_status(cv_vault_open(in_place("vault"), NULL, &founder, &again, &err), CV_ERR_DENIED);
        const char *said = strstr(err.msg, "fingerprint is ");
        assert_non_null(said);
        snprintf(print, sizeof(print), "%.24s", said + strlen("fingerprint is "));
        assert_ok(cv_vault_open(in_place("vault"), print, &founder, &v, NULL));
        cv_vault_close(v);
        stored_free(&s);
        cv_buf_free(&data);
    }
}

static cv_status parse(void *arg, struct cv_bytes data)
{
    struct cv_piece p;
    struct cv_buf again = { 0 };
    (void)arg;
    const cv_status st = cv_piece_parse(data, &p, NULL);
    if (st == CV_OK) {
        assert_ok(cv_piece_head(&p, &again));
        assert_ok(cv_buf_append(&again, p.sealed));
        assert_bytes(cv_buf_view(&again), data);
    }
    cv_buf_free(&again);
    return st;
}

static void header(void **state)
{
    struct cv_piece p = { .batch = 7, .slot = 9, .number = 3, .last = true, .section = "evidence" };
    struct cv_buf data = { 0 };
    (void)state;
    memset(p.handle, 0x5a, sizeof(p.handle));
    assert_ok(cv_piece_head(&p, &data));
    assert_int_equal(data.n, 45 + 2 + 8);
    every_cut(cv_buf_view(&data), 0, data.n, parse, NULL, MAY(CV_ERR_FORMAT));
    assert_ok(cv_buf_str(&data, "message"));
    every_bit(cv_buf_view(&data), 0, data.n, parse, NULL, MAY(CV_OK) | MAY(CV_ERR_FORMAT));
    cv_buf_free(&data);
    assert_int_equal(cv_piece_numbers(1), 1);
    assert_int_equal(cv_piece_numbers(CV_PIECE_CONTENT_BYTES), 1);
    assert_int_equal(cv_piece_numbers(CV_PIECE_CONTENT_BYTES + 1), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header),
        cmocka_unit_test(lies),
        cmocka_unit_test(claims),
        cmocka_unit_test(refused),
    };
    if (cv_secret_heap_init() == CV_ERR_INTERNAL)
        return 1;
    cv_json_init();
    return cmocka_run_group_tests(tests, found, gone);
}
