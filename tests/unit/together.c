/* Two at the same record, or at two: what one stores between another's look at a record and their change of
 * it. Every beginning of a commit goes through here (the linker's --wrap), and the other one may be first. */
#include "test.h"

#include "vault/record_put.h"

static char place[64];
static struct cv_identity founder;
static struct cv_vault *ours, *theirs;
static char person[CV_ID_TEXT_BYTES];

static int first;         /* how often the other one is faster */
static bool same;         /* and changes the same record, not another */
static const char *token; /* what they write */

cv_status __real_cv_vault_begin(struct cv_vault *v, struct cv_err *err);
cv_status __wrap_cv_vault_begin(struct cv_vault *v, struct cv_err *err);

static struct cv_json *record(const char *name, bool whole)
{
    struct cv_json *v = NULL;
    char text[160];
    snprintf(text, sizeof(text), "{%s\"identity\":{\"first_name\":\"%s\"}}",
             whole ? "\"type\":\"person\"," : "", name);
    assert_ok(cv_json_parse(cv_bytes_str(text), sizeof(text), "test", &v, NULL));
    return v;
}

static cv_status change(struct cv_vault *v, const char *name, struct cv_err *err)
{
    struct cv_stored out;
    struct cv_json *sections = record(name, false);
    const struct cv_edit edit = { .sections = sections };
    const cv_status st = cv_record_edit(v, person, &edit, NULL, &out, err);
    cv_json_free(sections);
    return st;
}

cv_status __wrap_cv_vault_begin(struct cv_vault *v, struct cv_err *err)
{
    if (v == ours && first > 0) {
        first--;
        struct cv_stored out;
        struct cv_json *other = record(token, true);
        if (same)
            assert_ok(change(theirs, token, NULL));
        else
            assert_ok(cv_record_add(theirs, other, NULL, &out, NULL));
        cv_json_free(other);
    }
    return __real_cv_vault_begin(v, err);
}

static struct cv_vault *opened(void)
{
    struct cv_err err = { 0 };
    struct cv_vault *v = NULL;
    char path[96];
    snprintf(path, sizeof(path), "%s/vault", place);
    if (cv_vault_open(path, NULL, &founder, &v, &err) != CV_OK)
        fail_msg("%s", err.msg);
    return v;
}

static void shows(const char *name, uint64_t version)
{
    struct cv_record r;
    struct cv_vault *v = opened();
    assert_ok(cv_record_read(v, person, 0, NULL, "read", NULL, &r, NULL));
    assert_int_equal(r.version, version);
    assert_string_equal(cv_json_get_str(cv_record_section(&r, "identity"), "first_name"), name);
    cv_record_free(&r);
    cv_vault_close(v);
}

static int found(void **state)
{
    struct cv_stored out;
    struct cv_err err = { 0 };
    char path[96];
    (void)state;
    strcpy(place, "/tmp/casevault-unit-XXXXXX");
    if (mkdtemp(place) == NULL)
        return -1;
    snprintf(path, sizeof(path), "%s/cache", place);
    setenv("XDG_CACHE_HOME", path, 1);
    snprintf(path, sizeof(path), "%s/state", place);
    setenv("XDG_STATE_HOME", path, 1);
    assert_ok(cv_identity_new(true, &founder, NULL));
    snprintf(path, sizeof(path), "%s/vault", place);
    if (cv_vault_init(path, cv_template_default_text(), &founder, &err) != CV_OK)
        fail_msg("%s", err.msg);
    ours = opened();
    theirs = opened();
    struct cv_json *ana = record("Ana", true);
    assert_ok(cv_record_add(ours, ana, NULL, &out, NULL));
    cv_json_free(ana);
    strcpy(person, out.id);
    return 0;
}

static int gone(void **state)
{
    char command[128];
    (void)state;
    cv_vault_close(ours);
    cv_vault_close(theirs);
    cv_identity_free(&founder);
    snprintf(command, sizeof(command), "rm -rf %s", place);
    return system(command);
}

/* An edit is not refused because others store other records, however often they are faster. */
static void others(void **state)
{
    (void)state;
    same = false;
    token = "Eva";
    first = 12;
    assert_ok(change(ours, "Ana Maria", NULL));
    assert_true(first < 9);
    first = 0;
    shows("Ana Maria", 2);
}

/* Nor does it wait for ever. */
static void too_many(void **state)
{
    struct cv_err err = { 0 };
    (void)state;
    same = false;
    token = "Eva";
    first = 100000;
    assert_status(change(ours, "Nobody", &err), CV_ERR_LOCKED);
    assert_non_null(strstr(err.msg, "nothing was changed"));
    first = 0;
    shows("Ana Maria", 2);
}

/* A change of the same record is not written over by somebody who has not seen it. */
static void same_record(void **state)
{
    struct cv_err err = { 0 };
    (void)state;
    /* Before their first look it is nothing new; between that and the commit it is. */
    for (int at = 1; at <= 2; at++) {
        same = true;
        token = at == 1 ? "Mara" : "Mira";
        first = at;
        const cv_status st = change(ours, "Nobody", &err);
        first = 0;
        assert_status(st, CV_ERR_LOCKED);
        assert_non_null(strstr(err.msg, "somebody else has changed"));
        assert_non_null(strstr(err.msg, person));
    }
    shows("Mira", 5);
    assert_ok(change(ours, "Ana", NULL));
    shows("Ana", 6);
}

/* Nor by somebody who saw it long ago, and says so. */
static void seen_before(void **state)
{
    struct cv_stored out;
    struct cv_err err = { 0 };
    struct cv_json *sections = record("Vera", false);
    struct cv_edit edit = { .sections = sections, .base = 5 };
    (void)state;
    assert_status(cv_record_edit(ours, person, &edit, NULL, &out, &err), CV_ERR_LOCKED);
    assert_non_null(strstr(err.msg, "version 6 is by"));
    assert_non_null(strstr(err.msg, founder.public.pseudonym));
    assert_non_null(strstr(err.msg, " of 2"));
    shows("Ana", 6);
    edit.base = 6;
    assert_ok(cv_record_edit(ours, person, &edit, NULL, &out, NULL));
    shows("Vera", 7);
    cv_json_free(sections);
}

int main(void)
{
    if (cv_secret_heap_init() == CV_ERR_INTERNAL)
        return 1;
    cv_json_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(others),
        cmocka_unit_test(too_many),
        cmocka_unit_test(same_record),
        cmocka_unit_test(seen_before),
    };
    return cmocka_run_group_tests(tests, found, gone);
}
