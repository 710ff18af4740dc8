/* The search index from the inside: shards that fill, gaps between them, marks, and what stands no more. */
#include "test.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "vault/coded.h"
#include "vault/index_inside.h"
#include "vault/search.h"

static char place[64], cache[4096];
static struct cv_identity me;
static struct cv_vault *v;
static char ids[128][CV_ID_TEXT_BYTES];

static const char *in_place(const char *name)
{
    static char path[128];
    snprintf(path, sizeof(path), "%s/%s", place, name);
    return path;
}

static struct cv_json *parsed(const char *text)
{
    struct cv_json *o = NULL;
    assert_ok(cv_json_parse(cv_bytes_str(text), strlen(text), "test", &o, NULL));
    return o;
}

/* person(i): number ${i}, whose phone ends so, and whose name it shares with every tenth. */
static void person(size_t i)
{
    char text[400];
    struct cv_stored out;
    struct cv_err err = { 0 };
    snprintf(text, sizeof(text),
             "{\"type\":\"person\",\"admin\":{\"role\":\"Victim\"},\"identity\":{\"first_name\":\"Number "
             "x%zu\",\"second_name\":\"Family%c\"},\"contact\":{\"mobile_phone\":\"+3816000000%02zu\"}}",
             i, (char)('a' + i % 10), i);
    struct cv_json *record = parsed(text);
    if (cv_record_add(v, record, NULL, &out, &err) != CV_OK)
        fail_msg("%s", err.msg);
    memcpy(ids[i], out.id, sizeof(ids[i]));
    cv_json_free(record);
}

static struct cv_index *opened_for(bool search)
{
    struct cv_index *x = NULL;
    struct cv_err err = { 0 };
    if (cv_index_open(v, NULL, search, &x, &err) != CV_OK)
        fail_msg("%s", err.msg);
    return x;
}

static struct cv_index *opened(void)
{
    return opened_for(true);
}

static int make(void **state)
{
    (void)state;
    strcpy(place, "/tmp/casevault-unit-XXXXXX");
    if (mkdtemp(place) == NULL)
        return -1;
    setenv("XDG_CACHE_HOME", in_place("cache"), 1);
    setenv("XDG_STATE_HOME", in_place("state"), 1);
    assert_ok(cv_identity_new(true, &me, NULL));
    assert_ok(cv_vault_init(in_place("vault"), cv_template_default_text(), &me, NULL));
    assert_ok(cv_vault_open(in_place("vault"), NULL, &me, &v, NULL));
    cv_shard_full = 7;
    for (size_t i = 0; i < 20; i++)
        person(i);
    struct cv_index *x = opened();
    snprintf(cache, sizeof(cache), "%s", x->dir);
    cv_index_free(x);
    return 0;
}

static int end(void **state)
{
    char command[128];
    (void)state;
    cv_vault_close(v);
    cv_identity_free(&me);
    snprintf(command, sizeof(command), "rm -rf '%s'", place);
    return system(command);
}

static struct cv_index_section *section(struct cv_index *x, const char *name)
{
    for (size_t i = 0; i < x->count; i++)
        if (strcmp(x->s[i].name, name) == 0)
            return &x->s[i];
    fail_msg("no section %s", name);
    return NULL;
}

/* check_whole(x, name, records): shards one after another, each with room or full, and so many records. */
static void check_whole(struct cv_index *x, const char *name, size_t records)
{
    const struct cv_index_section *s = section(x, name);
    size_t all = 0;
    uint64_t covered = 0;
    for (size_t i = 0; i < s->count; i++) {
        assert_int_equal(s->shards[i]->head.from, covered);
        covered = s->shards[i]->head.to;
        all += s->shards[i]->head.records;
    }
    assert_int_equal(all, records);
}

/* files(section, fn): fn(path) of every file of this section's; how many. */
static size_t files(const char *name, int (*fn)(const char *))
{
    DIR *d = opendir(cache);
    size_t count = 0;
    assert_non_null(d);
    for (const struct dirent *e; (e = readdir(d)) != NULL;) {
        char path[4500];
        if (strncmp(e->d_name, name, strlen(name)) != 0 || e->d_name[strlen(name)] != '-')
            continue;
        snprintf(path, sizeof(path), "%s/%s", cache, e->d_name);
        count++;
        if (fn != NULL)
            assert_int_equal(fn(path), 0);
    }
    closedir(d);
    return count;
}

/* found(terms): how many records; each of them once. */
static size_t found(const char *terms)
{
    struct cv_query *q = malloc(sizeof(*q));
    struct cv_search out;
    struct cv_err err = { 0 };
    assert_non_null(q);
    assert_ok(cv_query_parse(cv_bytes_str(terms), q, NULL));
    const struct cv_search_ask ask = { .query = q, .terms = terms, .limit = 1000 };
    if (cv_search(v, &ask, &out, &err) != CV_OK)
        fail_msg("%s: %s", terms, err.msg);
    const size_t count = out.count;
    assert_int_equal(count, out.found);
    cv_search_free(&out);
    free(q);
    return count;
}

static void check_found(size_t records)
{
    char terms[32];
    for (size_t i = 0; i < records; i++) {
        snprintf(terms, sizeof(terms), "x%zu", i);
        if (found(terms) != 1)
            fail_msg("%s is found %zu times", terms, found(terms));
    }
    assert_int_equal(found("number"), records);
    assert_int_equal(found("familya"), (records + 9) / 10);
}

static void test_shards(void **state)
{
    (void)state;
    struct cv_index *x = opened();
    check_whole(x, "identity", 20);
    assert_int_equal(section(x, "legal")->count, 1); /* nothing there, and known to be so */
    cv_index_free(x);
    check_found(20);
    for (size_t i = 20; i < 40; i++) { /* one by one: a shard fills, and the next begins */
        person(i);
        cv_index_free(opened());
    }
    x = opened();
    check_whole(x, "identity", 40);
    assert_in_range(section(x, "identity")->count, 2, 6);
    for (size_t i = 0; i + 1 < section(x, "identity")->count; i++)
        assert_true(section(x, "identity")->shards[i]->head.records >= cv_shard_full);
    cv_index_free(x);
    check_found(40);
}

static size_t turn, which;

static int remove_some(const char *path)
{
    return turn++ % 3 == which ? unlink(path) : 0;
}

/* Gaps are filled, wherever they are; nothing is found twice. */
static void test_gaps(void **state)
{
    (void)state;
    for (which = 0; which < 3; which++) {
        turn = 0;
        assert_true(files("identity", remove_some) > 2);
        turn = 0;
        assert_true(files("contact", remove_some) > 2);
        check_found(40);
        struct cv_index *x = opened();
        check_whole(x, "identity", 40);
        check_whole(x, "contact", 40);
        cv_index_free(x);
    }
    files("identity", unlink);
    person(40);
    check_found(41);
}

static cv_status count_place(void *arg, const struct cv_place_in *at, struct cv_err *err)
{
    size_t *count = arg;
    (void)at;
    (void)err;
    ++*count;
    return CV_OK;
}

/* What looks for marks alone writes small shards behind the last, and finds in all of them; a search puts
 * them together. */
static void test_small(void **state)
{
    size_t most = 0, shards = 0;
    (void)state;
    cv_shard_small = 2;
    for (size_t i = 41; i < 81; i++) {
        struct cv_index *x;
        size_t count = 0;
        person(i);
        x = opened_for(false);
        check_whole(x, "identity", i + 1);
        const struct cv_index_section *s = section(x, "identity");
        shards = s->count;
        for (size_t k = 0; k + 1 < s->count; k++)
            assert_true(s->shards[k]->head.records >= cv_shard_small);
        assert_ok(cv_index_mark(x, "phone", "+381600000047", count_place, &count, NULL));
        assert_int_equal(count, i >= 47);
        most = shards > most ? shards : most;
        cv_index_free(x);
    }
    assert_true(most > 20);
    struct cv_index *x = opened();
    check_whole(x, "identity", 81);
    assert_true(section(x, "identity")->count <= 81 / 7 + 2);
    assert_int_equal(section(x, "legal")->count, 1); /* it has nothing, and is one all the while */
    cv_index_free(x);
    x = opened_for(false);
    assert_int_equal(files("identity", NULL), section(x, "identity")->count); /* none of before is left */
    cv_index_free(x);
    check_found(81);
    cv_shard_small = 1024;
}

/* Two that have room stay two until they have what one takes. */
static void test_gathered(void **state)
{
    (void)state;
    files("identity", unlink);
    cv_shard_full = 50;
    cv_index_free(opened()); /* 50 and more, and the rest */
    cv_shard_small = 10;
    struct cv_index *x = opened_for(false);
    const size_t before = section(x, "identity")->count;
    cv_index_free(x);
    person(81);
    cv_index_free(opened_for(false));
    x = opened();
    assert_in_range(section(x, "identity")->count, before, before + 1);
    check_whole(x, "identity", 82);
    cv_index_free(x);
    check_found(82);
    cv_shard_small = 1024;
    cv_shard_full = 7;
}

struct seen {
    size_t count;
    char id[CV_ID_TEXT_BYTES], field[64];
    uint64_t version;
    bool stands;
    struct cv_index *x;
};

static cv_status see(void *arg, const struct cv_place_in *at, struct cv_err *err)
{
    struct seen *s = arg;
    s->count++;
    s->version = at->version;
    cv_id_text(at->id, s->id);
    snprintf(s->field, sizeof(s->field), "%s.%s", at->section, at->field);
    return cv_index_stands(s->x, at, &s->stands, err);
}

static cv_status see_mark(void *arg, const char *kind, const char *value, const struct cv_place_in *at,
                          struct cv_err *err)
{
    (void)at;
    (void)err;
    size_t *phones = arg;
    *phones += strcmp(kind, "phone") == 0 && strcmp(value, "+381600000003") == 0 ? 1 : 0;
    return CV_OK;
}

/* A mark leads to the record it stands in, as long as it does. */
static void test_marks(void **state)
{
    struct cv_index *x = opened();
    struct seen s = { .x = x };
    struct cv_stored stored;
    uint8_t id[CV_ID_BYTES];
    size_t phones = 0;
    (void)state;
    assert_ok(cv_id_parse(cv_bytes_str(ids[3]), id, NULL));
    assert_ok(cv_index_mark(x, "phone", "+381600000003", see, &s, NULL));
    assert_int_equal(s.count, 1);
    assert_string_equal(s.id, ids[3]);
    assert_string_equal(s.field, "contact.mobile_phone");
    assert_true(s.stands && s.version == 1);
    assert_ok(cv_index_marks_of(x, id, see_mark, &phones, NULL));
    assert_int_equal(phones, 1);
    cv_index_free(x);

    struct cv_json *change = parsed("{\"contact\":{\"mobile_phone\":\"+381609999999\"}}");
    assert_ok(cv_record_edit(v, ids[3], &(struct cv_edit){ .sections = change }, NULL, &stored, NULL));
    cv_json_free(change);
    x = opened();
    s = (struct seen){ .x = x };
    phones = 0;
    assert_ok(cv_index_mark(x, "phone", "+381600000003", see, &s, NULL));
    assert_int_equal(s.count, 0);
    assert_ok(cv_index_marks_of(x, id, see_mark, &phones, NULL));
    assert_int_equal(phones, 0);
    assert_ok(cv_index_mark(x, "phone", "+381609999999", see, &s, NULL));
    assert_true(s.count == 1 && s.stands && s.version == 2);
    cv_index_free(x);
    assert_int_equal(found("x3"), 1); /* the section that was carried */
}

/* Shards whose keys are whole are kept when another's key is destroyed. */
static void test_keys(void **state)
{
    struct cv_versions list;
    uint64_t slot = 0;
    (void)state;
    struct cv_index *x = opened();
    const size_t shards = section(x, "identity")->count;
    cv_index_free(x);
    assert_ok(cv_record_versions(v, ids[10], &list, NULL));
    assert_ok(cv_record_slot(v, list.v[0].index, &slot, NULL));
    cv_versions_free(&list);
    assert_ok(cv_custody_begin(v->custody, NULL));
    assert_ok(cv_custody_destroy(v->custody, &slot, 1, NULL));
    cv_custody_abort(v->custody);

    x = calloc(1, sizeof(*x)); /* opened by hand: nothing is made anew */
    assert_non_null(x);
    x->v = v;
    snprintf(x->dir, sizeof(x->dir), "%s", cache);
    size_t opens = 0, closed = 0;
    for (uint64_t from = 0; from < v->custody->chain.next; from++) {
        char path[4200];
        struct cv_shard shard = { 0 };
        struct cv_secret key = { 0 };
        const struct cv_index_section s = { .name = "identity",
                                            .fields = cv_index_fields(v->template, "identity") };
        const struct cv_shard_place at = cv_index_place(x, &s);
        cv_index_path(x, "identity", from, path);
        const int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            continue;
        assert_ok(cv_shard_peek(fd, &shard.head));
        const bool covers = slot >= shard.head.slot_from && slot < shard.head.slot_to;
        assert_ok(cv_index_key(x, "identity", &shard.head, &key, NULL));
        assert_status(cv_shard_open(&shard, fd, cv_secret_view(&key), &at, false),
                      covers ? CV_ERR_AUTH : CV_OK);
        opens += covers ? 0 : 1;
        closed += covers ? 1 : 0;
        cv_shard_close(&shard);
        cv_secret_free(&key);
    }
    cv_index_free(x);
    assert_int_equal(closed, 1);
    assert_int_equal(opens, shards - 1);
    assert_int_equal(found("x10"), 0);
    assert_int_equal(found("x11"), 1);
}

static cv_status take_coded(void *arg, const struct cv_json *data)
{
    (void)data;
    ++*(size_t *)arg;
    return CV_OK;
}

struct told {
    size_t times;
    uint64_t done, total;
};

static void on_told(void *arg, const char *what, uint64_t done, uint64_t total)
{
    struct told *t = arg;
    assert_non_null(what);
    assert_true(done >= t->done && done <= total);
    *t = (struct told){ t->times + 1, done, total };
}

/* Who opens coded fields for the first time is told how far that is; who finds them kept is not. */
static void test_coded(void **state)
{
    struct cv_head_walk walk;
    struct told told = { 0 };
    size_t taken = 0;
    const struct cv_coded_ask ask = {
        .type = "person", .section = "coded", .detail = "test", .take = take_coded, .arg = &taken
    };
    (void)state;
    assert_ok(cv_head_walk(v, "person", true, &walk, NULL));
    v->progress = on_told;
    v->progress_arg = &told;
    cv_coded_told = 10;
    cv_coded_lot = 64;
    assert_ok(cv_coded_each(v, &ask, &walk, NULL));
    assert_true(taken > 30 && taken == walk.count);
    assert_int_equal(told.times, taken / 10 + 1);
    assert_true(told.done == walk.count && told.total == walk.count);
    told.times = 0;
    assert_ok(cv_coded_each(v, &ask, &walk, NULL));
    assert_int_equal(told.times, 0);
    assert_int_equal(taken, 2 * walk.count); /* each once, whichever lot it is in */
    const struct cv_head_walk fewer = { .step = walk.step + 1, .count = walk.count - 1 };
    assert_ok(cv_coded_each(v, &ask, &fewer, NULL)); /* the first is kept no more, */
    assert_int_equal(taken, 3 * walk.count - 1);
    assert_int_equal(told.times, 0);
    assert_ok(cv_coded_each(v, &ask, &walk, NULL)); /* and opened again when it is asked for */
    assert_int_equal(taken, 4 * walk.count - 1);
    assert_int_equal(told.times, 1);
    v->progress = NULL;
    cv_coded_lot = 4096;
    cv_head_walk_free(&walk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shards),   cmocka_unit_test(test_gaps),  cmocka_unit_test(test_small),
        cmocka_unit_test(test_gathered), cmocka_unit_test(test_marks), cmocka_unit_test(test_coded),
        cmocka_unit_test(test_keys),
    };
    cv_json_init();
    if (cv_secret_heap_init() == CV_ERR_INTERNAL)
        return 1;
    return cmocka_run_group_tests(tests, make, end);
}
