/* Days: which exist, which are so many months later, and how many seconds they are. */
#include "formats/date.h"
#include "test.h"

static void test_ok(void **state)
{
    static const struct {
        const char *text;
        bool day, partial;
    } rows[] = {
        { "2024-02-29", true, true },    { "2023-02-29", false, false }, { "1900-02-29", false, false },
        { "2000-02-29", true, true },    { "2023-04-31", false, false }, { "2023-13-01", false, false },
        { "2023-00-10", false, false },  { "2023-01-00", false, false }, { "1800-01-01", true, true },
        { "1799-12-31", false, false },  { "2200-12-31", true, true },   { "2201-01-01", false, false },
        { "2023", false, true },         { "2023-05", false, true },     { "2023-5", false, false },
        { "2023-", false, false },       { "2023-05-", false, false },   { "2023/05/01", false, false },
        { "2023-05-011", false, false }, { "", false, false },           { "20x3-05-01", false, false },
        { "2023-05-1 ", false, false },  { " 2023-05-1", false, false }, { "-023-05-01", false, false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        if (cv_date_ok(cv_bytes_str(rows[i].text), false) != rows[i].day)
            fail_msg("as a day: %s", rows[i].text);
        if (cv_date_ok(cv_bytes_str(rows[i].text), true) != rows[i].partial)
            fail_msg("as a partial date: %s", rows[i].text);
    }
}

static void test_later(void **state)
{
    static const struct {
        const char *from;
        unsigned months;
        const char *to; /* NULL: no date */
    } rows[] = {
        { "2014-05-31", 120, "2024-05-31" },
        { "2014-05-31", 0, "2014-05-31" },
        { "2014-12-31", 1, "2015-01-31" },
        { "2014-12-31", 2, "2015-02-28" },
        { "2023-12-31", 2, "2024-02-29" },
        { "2024-02-29", 12, "2025-02-28" },
        { "2024-02-29", 48, "2028-02-29" },
        { "2014-08-31", 13, "2015-09-30" },
        { "2014", 120, "2024-12-31" },
        { "2014-02", 120, "2024-02-29" },
        { "2014-11", 1, "2014-12-31" },
        { "2200-12-31", 1200, "2300-12-31" },
        { "2014-02-30", 1, NULL },
        { "soon", 1, NULL },
        { "", 1, NULL },
    };
    char out[CV_DATE_BYTES];
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const bool ok = cv_date_later(cv_bytes_str(rows[i].from), rows[i].months, out);
        if (ok != (rows[i].to != NULL) || (ok && strcmp(out, rows[i].to) != 0))
            fail_msg("%s and %u months: %s", rows[i].from, rows[i].months, ok ? out : "no date");
    }
}

static void test_seconds(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds;
    } rows[] = {
        { "1970-01-01", 0 },
        { "1970-01-01T00:00:01Z", 1 },
        { "1969-12-31", -86400 },
        { "2000-03-01", 951868800 },
        { "2026-11-25T09:58:46Z", 1795600726 },
        { "2038-01-19T03:14:08Z", 2147483648 },
        { "1800-01-01", -5364662400 },
        { "2026-11-25T09:58:46", INT64_MIN },
        { "2026-11-31", INT64_MIN },
        { "2026-11", INT64_MIN },
        { "2026", INT64_MIN },
        { "-", INT64_MIN },
        { "", INT64_MIN },
    };
    char day[CV_DATE_BYTES];
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const int64_t got = cv_date_seconds(cv_bytes_str(rows[i].text));
        if (got != rows[i].seconds)
            fail_msg("%s: %lld", rows[i].text, (long long)got);
        if (got == INT64_MIN)
            continue;
        cv_date_of(got, day);
        assert_int_equal(strncmp(day, rows[i].text, 10), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ok),
        cmocka_unit_test(test_later),
        cmocka_unit_test(test_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
