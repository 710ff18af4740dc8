/* How much two names, and two birth dates, are alike. */
#include "vault/alike.h"
#include "test.h"
#include "vault/ranking.h"

struct pair {
    const char *a, *b;
    int points;
};

static void each(const struct pair *rows, size_t count, int (*of)(const char *, const char *, const char **))
{
    for (size_t i = 0; i < count; i++) {
        const char *why = NULL, *back = NULL;
        const int points = of(rows[i].a, rows[i].b, &why);
        if (points != rows[i].points || (points == 0) != (why == NULL))
            fail_msg("%s and %s: %d, %s", rows[i].a, rows[i].b, points, why != NULL ? why : "nothing");
        assert_int_equal(of(rows[i].b, rows[i].a, &back), points);
        assert_true(why == back);
    }
}

static void test_names(void **state)
{
    static const struct pair rows[] = {
        { "iovana petrovic", "iovana petrovic", 40 },
        { "iovana petrovic", "iovana maria petrovic", 30 },
        { "iovana petrovic", "iovana petrobic", 30 },
        { "iovana petrovic", "iovnaa petrovic", 30 },
        { "elena popa", "ielena popa", 30 },
        { "iovana petrovic", "iovana ilic", 15 },
        { "iovana petrovic", "iovana", 15 },
        { "iovana", "iovana", 15 },     /* half the country has it */
        { "ana popa", "ina papa", 15 }, /* popa and papa sound the same; short words forgive no slip */
        { "iovana petrovic", "mila kostic", 0 },
        { "", "iovana", 0 },
        { "a b", "a b", 40 },
    };
    (void)state;
    each(rows, sizeof(rows) / sizeof(rows[0]), cv_alike_names);
}

static void test_births(void **state)
{
    static const struct pair rows[] = {
        { "1999-03-01", "1999-03-01", 30 },
        { "1999-03-01", "1999-01-03", 25 },
        { "1999-03-01", "1999-03", 15 },
        { "1999-03-01", "1999", 15 },
        { "1999", "1999", 15 },
        { "1999-03-01", "1998-03-01", 15 },
        { "1999-03-01", "1988-03-02", -20 },
        { "1999-03", "1999-04", -20 },
        { "1999", "1998-01-01", -20 },
        { "", "1999-03-01", 0 },
    };
    (void)state;
    each(rows, sizeof(rows) / sizeof(rows[0]), cv_alike_births);
}

/* Points of one record are added up; a name alone makes none; of equals the newest comes first. */
static void test_ranking(void **state)
{
    static const struct {
        uint8_t id;
        uint64_t entry;
        int points;
        bool counts;
    } met[] = { { 1, 10, 30, true },  { 2, 20, 30, true }, { 3, 30, 40, true }, { 1, 10, 30, true },
                { 4, 40, 90, false }, { 2, 20, 5, false }, { 5, 50, 30, true }, { 6, 60, 30, true } };
    static const uint8_t order[] = { 1, 3, 2, 6 };
    struct cv_ranking r = { 0 };
    (void)state;
    assert_int_equal(cv_ranking_best(&r, 4), 0);
    for (size_t i = 0; i < sizeof(met) / sizeof(met[0]); i++) {
        const uint8_t id[CV_ID_BYTES] = { met[i].id };
        assert_ok(cv_ranking_add(&r, id, met[i].entry, met[i].points, met[i].counts));
    }
    assert_int_equal(cv_ranking_best(&r, 4), 1);
    assert_int_equal(r.count, 4);
    for (size_t i = 0; i < r.count; i++)
        assert_int_equal(r.r[i].id[0], order[i]);
    cv_ranking_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_ranking),
        cmocka_unit_test(test_births),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
