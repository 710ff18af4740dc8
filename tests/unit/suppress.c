#include "formats/suppress.h"

#include <stdlib.h>
#include <string.h>

#include "test.h"

/* Tables made by chance, and somebody who has all that they show and tries to find what is hidden: every
 * table that would show the same is looked at. It knows nothing of how casevault hides. */

#define CELLS 18

static uint64_t seed;

static uint64_t chance(uint64_t below)
{
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    return (seed >> 33) % below;
}

struct table {
    struct cv_suppress t;
    uint64_t one[3][8], two[3][CELLS], three[CELLS];
    bool hide_two[3][CELLS], hide_three[CELLS];
};

static const size_t others[3][2] = { { 1, 2 }, { 0, 2 }, { 0, 1 } };

static size_t pair_of(const struct table *b, size_t d, const size_t *at)
{
    return at[others[d][0]] * b->t.n[others[d][1]] + at[others[d][1]];
}

/* place(b, cell, at): where a cell stands. */
static void place(const struct table *b, size_t cell, size_t at[static 3])
{
    at[2] = cell % b->t.n[2];
    at[1] = cell / b->t.n[2] % b->t.n[1];
    at[0] = cell / b->t.n[2] / b->t.n[1];
}

static size_t cells_of(const struct table *b)
{
    return b->t.n[0] * b->t.n[1] * b->t.n[2];
}

/* fill(b): sums of what stands in three. */
static void fill(struct table *b)
{
    b->t.all = 0;
    memset(b->one, 0, sizeof(b->one));
    memset(b->two, 0, sizeof(b->two));
    for (size_t c = 0; c < cells_of(b); c++) {
        size_t at[3];
        place(b, c, at);
        b->t.all += b->three[c];
        for (size_t d = 0; d < 3; d++) {
            b->one[d][at[d]] += b->three[c];
            b->two[d][pair_of(b, d, at)] += b->three[c];
        }
    }
    for (size_t d = 0; d < 3; d++) {
        b->t.one[d] = b->one[d];
        b->t.two[d] = b->two[d];
        b->t.hide_two[d] = b->hide_two[d];
        b->t.veiled[d] = CV_SUPPRESS_NONE;
    }
    b->t.three = b->three;
    b->t.hide_three = b->hide_three;
}

/* make(b, sizes, k, scale, sparse): small numbers and larger ones, until every category has k persons, as
 * pooling leaves them. */
static void make(struct table *b, const size_t *sizes, uint64_t k, uint64_t scale, uint64_t sparse)
{
    for (bool enough = false; !enough;) {
        memset(b, 0, sizeof(*b));
        b->t.dims = sizes[2] > 1 ? 3 : 2;
        memcpy(b->t.n, sizes, sizeof(b->t.n));
        b->t.k = k;
        for (size_t c = 0; c < cells_of(b); c++)
            b->three[c] = chance(10) < sparse ? chance(k) : k + chance(scale);
        fill(b);
        enough = true;
        for (size_t d = 0; d < 3; d++)
            for (size_t i = 0; i < sizes[d]; i++)
                enough = enough && b->one[d][i] >= k;
    }
}

/* ---- the attacker ---- */

struct attack {
    const struct table *b;
    const bool *hidden, *pairs[3];
    const uint64_t *cap;                           /* NULL: none is known */
    uint64_t w[CELLS], one[3][8], two[3][CELLS];   /* what is left to be placed */
    uint64_t lo[CELLS], hi[CELLS];                 /* found of the cells, */
    uint64_t pair_lo[3][CELLS], pair_hi[3][CELLS]; /* and of the pairs */
    size_t left_in[3][CELLS];                      /* cells of a pair that are still to come */
    size_t left_of[3][8];
    uint64_t tables;
};

static void found(struct attack *a)
{
    uint64_t two[3][CELLS] = { 0 };
    a->tables++;
    for (size_t c = 0; c < cells_of(a->b); c++) {
        size_t at[3];
        place(a->b, c, at);
        a->lo[c] = a->w[c] < a->lo[c] ? a->w[c] : a->lo[c];
        a->hi[c] = a->w[c] > a->hi[c] ? a->w[c] : a->hi[c];
        for (size_t d = 0; d < 3; d++)
            two[d][pair_of(a->b, d, at)] += a->w[c];
    }
    for (size_t d = 0; d < 3; d++)
        for (size_t i = 0; i < CELLS; i++) {
            a->pair_lo[d][i] = two[d][i] < a->pair_lo[d][i] ? two[d][i] : a->pair_lo[d][i];
            a->pair_hi[d][i] = two[d][i] > a->pair_hi[d][i] ? two[d][i] : a->pair_hi[d][i];
        }
}

/* try_cell(a, c): every value that what is shown leaves to it, and to those after it. */
static void try_cell(struct attack *a, size_t c)
{
    const struct table *b = a->b;
    uint64_t from = 0, to = UINT64_MAX;
    size_t at[3];
    if (c == cells_of(b)) {
        found(a);
        return;
    }
    place(b, c, at);
    for (size_t d = 0; d < 3; d++) {
        const size_t pair = pair_of(b, d, at);
        const uint64_t one = a->one[d][at[d]], two = a->two[d][pair];
        to = one < to ? one : to;
        from = a->left_of[d][at[d]] == 1 && one > from ? one : from;
        if (!a->pairs[d][pair]) {
            to = two < to ? two : to;
            from = a->left_in[d][pair] == 1 && two > from ? two : from;
        }
    }
    if (a->cap != NULL && to > a->cap[c])
        to = a->cap[c];
    if (!a->hidden[c]) {
        from = b->three[c] > from ? b->three[c] : from;
        to = b->three[c] < to ? b->three[c] : to;
    }
    for (uint64_t x = from; x <= to; x++) {
        a->w[c] = x;
        for (size_t d = 0; d < 3; d++) {
            a->one[d][at[d]] -= x;
            a->two[d][pair_of(b, d, at)] -= x;
            a->left_of[d][at[d]]--;
            a->left_in[d][pair_of(b, d, at)]--;
        }
        try_cell(a, c + 1);
        for (size_t d = 0; d < 3; d++) {
            a->one[d][at[d]] += x;
            a->two[d][pair_of(b, d, at)] += x;
            a->left_of[d][at[d]]++;
            a->left_in[d][pair_of(b, d, at)]++;
        }
    }
}

/* run_attack(b, hidden, pairs, a): what can be known of each hidden number. */
static void run_attack(const struct table *b, const bool *hidden, const bool *const *pairs,
                       const uint64_t *cap, struct attack *a)
{
    memset(a, 0, sizeof(*a));
    a->b = b;
    a->hidden = hidden;
    a->cap = cap;
    memcpy(a->one, b->one, sizeof(a->one));
    memcpy(a->two, b->two, sizeof(a->two));
    memset(a->lo, 0xff, sizeof(a->lo));
    memset(a->pair_lo, 0xff, sizeof(a->pair_lo));
    for (size_t d = 0; d < 3; d++)
        a->pairs[d] = pairs[d];
    for (size_t c = 0; c < cells_of(b); c++) {
        size_t at[3];
        place(b, c, at);
        for (size_t d = 0; d < 3; d++) {
            a->left_of[d][at[d]]++;
            a->left_in[d][pair_of(b, d, at)]++;
        }
    }
    try_cell(a, 0);
}

/* frechet(b, p, i, q, j, lo, hi): what two totals say by themselves. */
static void frechet(const struct table *b, size_t d, size_t i, size_t j, uint64_t *lo, uint64_t *hi)
{
    const uint64_t p = b->one[others[d][0]][i], q = b->one[others[d][1]][j];
    *lo = p + q > b->t.all ? p + q - b->t.all : 0;
    *hi = p < q ? p : q;
}

static uint64_t shown, hidden, refused;

/* check_two(b): no small number can be told from any other small one, further than the totals do. */
static void check_two(struct table *b)
{
    static const bool none[CELLS];
    const bool *const pairs[3] = { none, none, b->hide_two[2] };
    struct attack a;
    assert_ok(cv_suppress_table(&b->t));
    run_attack(b, b->hide_two[2], pairs, NULL, &a);
    assert_true(a.tables > 0);
    for (size_t c = 0; c < cells_of(b); c++) {
        uint64_t lo, hi;
        frechet(b, 2, c / b->t.n[1], c % b->t.n[1], &lo, &hi);
        if (b->three[c] >= b->t.k) {
            shown += !b->hide_two[2][c];
            continue;
        }
        assert_true(b->hide_two[2][c]);
        assert_in_range(a.lo[c], 0, lo);
        assert_in_range(a.hi[c], hi < b->t.k - 1 ? hi : b->t.k - 1, UINT64_MAX);
        hidden++;
    }
}

static void check_three(struct table *b)
{
    const bool *const pairs[3] = { b->hide_two[0], b->hide_two[1], b->hide_two[2] };
    struct attack a;
    bool any = false;
    assert_ok(cv_suppress_table(&b->t));
    for (size_t c = 0; c < cells_of(b); c++) {
        size_t at[3];
        any = any || !b->hide_three[c];
        place(b, c, at);
        for (size_t d = 0; d < 3; d++)
            assert_true(!b->hide_two[d][pair_of(b, d, at)] || b->hide_three[c]);
        assert_true(b->three[c] >= b->t.k || b->hide_three[c]);
        shown += !b->hide_three[c];
    }
    if (!any) { /* nothing is given */
        refused++;
        return;
    }
    run_attack(b, b->hide_three, pairs, NULL, &a);
    assert_true(a.tables > 0);
    for (size_t c = 0; c < cells_of(b); c++)
        if (b->three[c] < b->t.k) {
            assert_int_equal(a.lo[c], 0);
            assert_true(a.hi[c] >= b->t.k - 1);
            hidden++;
        }
    for (size_t d = 0; d < 3; d++)
        for (size_t i = 0; i < b->t.n[others[d][0]] * b->t.n[others[d][1]]; i++) {
            uint64_t lo, hi;
            frechet(b, d, i / b->t.n[others[d][1]], i % b->t.n[others[d][1]], &lo, &hi);
            if (b->two[d][i] >= b->t.k)
                continue;
            assert_true(b->hide_two[d][i]);
            assert_true(a.pair_lo[d][i] <= lo);
            assert_true(a.pair_hi[d][i] >= (hi < b->t.k - 1 ? hi : b->t.k - 1));
            hidden++;
        }
}

static void test_two(void **state)
{
    static const size_t sizes[][3] = { { 2, 2, 1 }, { 2, 3, 1 }, { 3, 3, 1 },
                                       { 3, 4, 1 }, { 1, 4, 1 }, { 2, 5, 1 } };
    struct table b;
    (void)state;
    shown = hidden = 0;
    for (seed = 1; seed < 400; seed++) {
        const uint64_t was = seed;
        const size_t *size = sizes[was % 6];
        make(&b, size, 3, size[0] * size[1] > 9 ? 3 : 6, was % 8);
        check_two(&b);
        seed = was;
    }
    assert_true(shown > 300 && hidden > 600); /* it does both */
}

static void test_three(void **state)
{
    static const size_t sizes[][3] = { { 2, 2, 2 }, { 2, 2, 3 }, { 3, 2, 2 }, { 2, 3, 2 },
                                       { 1, 3, 3 }, { 3, 1, 3 }, { 3, 3, 1 } };
    struct table b;
    (void)state;
    shown = hidden = refused = 0;
    for (seed = 1; seed < 500; seed++) {
        const uint64_t was = seed;
        make(&b, sizes[was % 7], 2, was % 7 == 0 ? 9 : 4, 1 + was % 5);
        b.t.dims = 3;
        check_three(&b);
        seed = was;
    }
    assert_true(shown > 100 && hidden > 100 && refused < 450);
}

/* A dimension of which a person can be in several categories: the table counts persons in both, so that rows
 * still add up, and columns do not; whoever is not in a category can be counted too. The attacker even knows
 * what the columns add up to. */
static void check_multi(struct table *b, const uint64_t *persons)
{
    static const bool none[CELLS];
    const bool *const pairs[3] = { none, none, b->hide_two[2] };
    const uint64_t k = b->t.k, columns = b->t.n[1];
    uint64_t cap[CELLS], sums[8], all = 0, answers = b->t.all;
    struct attack a;
    size_t open = 0;
    memcpy(sums, b->one[1], sizeof(sums));
    for (size_t j = 0; j < columns; j++)
        all += persons[j];
    for (size_t c = 0; c < cells_of(b); c++)
        cap[c] =
            persons[c % columns] < b->one[0][c / columns] ? persons[c % columns] : b->one[0][c / columns];
    b->t.multi[0] = true;
    b->t.one[1] = persons;
    b->t.all = all;
    assert_ok(cv_suppress_table(&b->t));
    for (size_t c = 0; c < cells_of(b); c++)
        open += !b->hide_two[2][c];
    if (open == 0)
        return;
    run_attack(b, b->hide_two[2], pairs, cap, &a);
    assert_true(a.tables > 0);
    for (size_t c = 0; c < cells_of(b); c++) {
        const uint64_t row = b->one[0][c / columns], column = sums[c % columns], of = persons[c % columns];
        uint64_t top = row < column ? row : column, low = row + column > answers ? row + column - answers : 0;
        top = cap[c] < top ? cap[c] : top;
        if (b->three[c] < k || of - b->three[c] < k)
            assert_true(b->hide_two[2][c]);
        else
            shown += !b->hide_two[2][c];
        if (b->three[c] < k) {
            assert_true(a.lo[c] <= low);
            assert_true(a.hi[c] >= (k - 1 < top ? k - 1 : top));
            hidden++;
        }
        if (of - b->three[c] < k) {
            const uint64_t most = of < k ? 0 : of - (k - 1);
            assert_true(a.lo[c] <= (most > low ? most : low));
            assert_true(a.hi[c] >= top);
            hidden++;
        }
    }
}

static void test_multi(void **state)
{
    static const size_t sizes[][3] = { { 2, 2, 1 }, { 3, 2, 1 }, { 3, 3, 1 } };
    struct table b;
    (void)state;
    shown = hidden = 0;
    for (seed = 1; seed < 300; seed++) {
        const uint64_t was = seed;
        uint64_t persons[8] = { 0 };
        make(&b, sizes[was % 3], 2, was % 3 == 2 ? 3 : 6, was % 6);
        for (size_t j = 0; j < b.t.n[1]; j++) /* as many as the largest category, or some more */
            for (size_t i = 0; i <= b.t.n[0]; i++) {
                const uint64_t n = i < b.t.n[0] ? b.three[i * b.t.n[1] + j] : persons[j] + chance(4);
                persons[j] = n > persons[j] ? n : persons[j];
            }
        check_multi(&b, persons);
        seed = was;
    }
    assert_true(shown > 100 && hidden > 100);
}

/* The larger tables of a real vault: that it comes to an end, and hides no more than it must. */
static void test_large(void **state)
{
    static uint64_t one[3][64], two[3][1024], three[4096];
    static bool hide_two[3][1024], hide_three[4096];
    struct cv_suppress t = { .dims = 3, .n = { 10, 12, 8 }, .k = 11, .all = 100000, .three = three };
    size_t small = 0, hides = 0;
    (void)state;
    seed = 7;
    for (size_t i = 0; i < t.all; i++) {
        const size_t a = chance(10), b = chance(1 + chance(12)), c = chance(1 + chance(8));
        three[(a * 12 + b) * 8 + c]++;
        one[0][a]++;
        one[1][b]++;
        one[2][c]++;
        two[0][b * 8 + c]++;
        two[1][a * 8 + c]++;
        two[2][a * 12 + b]++;
    }
    for (size_t d = 0; d < 3; d++) {
        t.one[d] = one[d];
        t.two[d] = two[d];
        t.hide_two[d] = hide_two[d];
        t.veiled[d] = CV_SUPPRESS_NONE;
    }
    t.hide_three = hide_three;
    assert_ok(cv_suppress_table(&t));
    for (size_t i = 0; i < 960; i++) {
        small += three[i] < 11;
        hides += hide_three[i];
        assert_true(three[i] >= 11 || hide_three[i]);
    }
    assert_true(small > 0 && hides > small && hides < 3 * small + 10);
    t.n[0] = 64;
    t.n[1] = 64;
    t.n[2] = 2;
    assert_status(cv_suppress_table(&t), CV_ERR_LIMIT);
}

/* One dimension: what is not shown by itself goes together, so that none of it is given away. */
static void test_pool(void **state)
{
    static const struct {
        const char *name;
        uint64_t count[6], all;
        bool multi;
        const char *pooled; /* of each category */
    } rows[] = {
        { "nothing is small", { 20, 11, 40 }, 71, false, "..." },
        { "one is small, and takes the next with it", { 40, 5, 20 }, 65, false, ".oo" },
        { "two that are enough together", { 40, 6, 7 }, 53, false, ".oo" },
        { "two that are not", { 40, 3, 4, 12 }, 59, false, ".ooo" },
        { "empty ones are not told from small ones", { 40, 0, 6, 7, 0 }, 53, false, ".oooo" },
        { "only empty ones", { 40, 0, 30 }, 70, false, "..." },
        { "all of them", { 40, 3 }, 43, false, "oo" },
        { "fewer than k at all", { 5, 3 }, 8, false, "oo" },
        { "one alone", { 5 }, 5, false, "o" },
        { "one that all are in", { 40 }, 40, false, "." },
        { "k - 1", { 10, 40, 30 }, 80, false, "o.o" },
        { "k", { 11, 40, 30 }, 81, false, "..." },
        { "all but a few are in it", { 95, 40, 30 }, 100, true, "o.o" },
        { "all are in it", { 100, 40, 30 }, 100, true, "..." },
        { "all but a few, of one choice", { 95, 5, 30 }, 130, false, ".oo" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        bool pooled[6] = { false };
        const size_t n = strlen(rows[i].pooled);
        cv_suppress_pool(rows[i].count, n, rows[i].all, rows[i].multi, 11, pooled);
        for (size_t c = 0; c < n; c++)
            if (pooled[c] != (rows[i].pooled[c] == 'o'))
                fail_msg("%s: category %zu", rows[i].name, c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two),   cmocka_unit_test(test_three), cmocka_unit_test(test_multi),
        cmocka_unit_test(test_large), cmocka_unit_test(test_pool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
