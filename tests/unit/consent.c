/* Consents: what the last version of one says of a day. The command line's tests have the rest. */
#include "vault/consent.h"
#include "test.h"

static void test_state(void **state)
{
    static const struct {
        const char *data, *want;
    } rows[] = {
        { "{\"state\":\"Given\"}", "in force" },
        { "{\"state\":\"Given\",\"from\":\"2024-05-10\",\"until\":\"2024-05-10\"}", "in force" },
        { "{\"state\":\"Given\",\"from\":\"2024-05-11\"}", "not yet" },
        { "{\"state\":\"Given\",\"until\":\"2024-05-09\"}", "over" },
        { "{\"state\":\"Given\",\"from\":\"2024-06-01\",\"until\":\"2024-04-01\"}", "not yet" },
        { "{\"state\":\"Refused\",\"until\":\"2024-05-09\"}", "refused" },
        { "{\"state\":\"Withdrawn\"}", "withdrawn" },
        { "{\"state\":\"NotAsked\"}", "not asked" },
        /* what no template here lets anybody write, but somebody might sign */
        { "{}", "not asked" },
        { "{\"state\":\"given\"}", "not asked" },
        { "{\"state\":[\"Given\"]}", "not asked" },
        { "{\"state\":\"Given\",\"until\":null}", "over" },
        { "{\"state\":\"Given\",\"until\":20991231}", "over" },
        { "{\"state\":\"Given\",\"until\":\"never\"}", "over" },
        { "{\"state\":\"Given\",\"until\":\"2099\"}", "over" },
        { "{\"state\":\"Given\",\"from\":\"0\"}", "not yet" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct cv_json *data = NULL;
        assert_ok(cv_json_parse(cv_bytes_str(rows[i].data), 1000, "row", &data, NULL));
        if (strcmp(cv_consent_state(data, "2024-05-10"), rows[i].want) != 0)
            fail_msg("%s: %s", rows[i].data, cv_consent_state(data, "2024-05-10"));
        const struct cv_consent c = { .data = data, .doubtful = true };
        const bool counts = strcmp(rows[i].want, "in force") == 0 || strcmp(rows[i].want, "not yet") == 0;
        assert_string_equal(cv_consent_today(&c, "2024-05-10"), counts ? "doubtful" : rows[i].want);
        cv_json_free(data);
    }
    assert_string_equal(cv_consent_state(NULL, "2024-05-10"), "not asked");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_state) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
