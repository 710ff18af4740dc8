#include "formats/suppress.h"

#include <stdlib.h>
#include <string.h>

#include "formats/suppress_move.h"

const size_t cv_suppress_sides[CV_SUPPRESS_DIMS][2] = { { 1, 2 }, { 0, 2 }, { 0, 1 } };

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* What must remain possible of a number that is hidden, as far as anybody can tell. */
struct need {
    bool any;
    uint64_t lo, hi;
};

/* small(n, k), nearly_all(n, of, k): what a number alone asks for, and one of those who are all of ${of} but
 * a few: who is not among them is then one of a few. */
static struct need small(uint64_t n, uint64_t k)
{
    return n < k ? (struct need){ true, 0, k - 1 } : (struct need){ 0 };
}

static struct need nearly_all(uint64_t n, uint64_t of, uint64_t k)
{
    return n <= of && of - n < k ? (struct need){ true, of < k ? 0 : of - (k - 1), of } : (struct need){ 0 };
}

static struct need both(struct need a, struct need b)
{
    if (!a.any || !b.any)
        return a.any ? a : b;
    return (struct need){ true, least(a.lo, b.lo), a.hi > b.hi ? a.hi : b.hi };
}

/* within(need, lo, hi): as far as the totals let it. */
static struct need within(struct need need, uint64_t lo, uint64_t hi)
{
    need.lo = need.lo < lo ? lo : need.lo;
    need.hi = least(need.hi, hi);
    return need;
}

/* ---- one dimension ---- */

static bool gives_away(const uint64_t *count, size_t n, uint64_t all, bool multi, uint64_t k, const bool *in)
{
    uint64_t sum = 0;
    size_t others = 0;
    for (size_t i = 0; i < n; i++) {
        sum += in[i] ? count[i] : 0;
        others += in[i];
    }
    if (others-- < 2 || sum < k)
        return true;
    for (size_t i = 0; i < n; i++) {
        const struct need need =
            both(small(count[i], k), multi ? nearly_all(count[i], all, k) : (struct need){ 0 });
        const uint64_t spared = sum > others * all ? sum - others * all : 0;
        if (in[i] && need.any && (spared > need.lo || least(sum, all) < need.hi))
            return true;
    }
    return false;
}

void cv_suppress_pool(const uint64_t *count, size_t n, uint64_t all, bool multi, uint64_t k, bool *pooled)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        pooled[i] = count[i] < k || (multi && count[i] < all && all - count[i] < k);
        sum += pooled[i] ? count[i] : 0;
    }
    if (sum == 0) {
        memset(pooled, 0, n * sizeof(*pooled));
        return;
    }
    while (gives_away(count, n, all, multi, k, pooled)) {
        size_t next = n;
        for (size_t i = 0; i < n; i++)
            if (!pooled[i] && (next == n || count[i] < count[next]))
                next = i;
        if (next == n)
            return;
        pooled[next] = true;
    }
}

/* ---- two and three ---- */

struct hiding {
    const struct cv_suppress *t;
    struct moving m;
    uint64_t *cap;
    size_t cells, d; /* of a table of two: the dimension that it is without */
};

/* protect(h, what, need): hide what it takes; false if nothing does. */
static bool protect(struct hiding *h, const struct moved *what, struct need need)
{
    const uint64_t goals[2] = { need.hi, need.lo };
    for (size_t i = 0; need.any && i < 2; i++) {
        move_start(&h->m);
        while (!move_reach(&h->m, what, goals[i]))
            if (what->d < CV_SUPPRESS_DIMS || !move_hide(&h->m, what, goals[i]))
                return false;
    }
    return true;
}

/* stands(h, what, need): with all that is hidden now there are two tables that show the same figures. */
static bool stands(struct hiding *h, const struct moved *what, struct need need)
{
    const uint64_t goals[2] = { need.hi, need.lo };
    for (size_t i = 0; need.any && i < 2; i++) {
        move_start(&h->m);
        if (!move_reach(&h->m, what, goals[i]) || !move_same(&h->m) ||
            move_value(&h->m, h->m.w, what) != goals[i])
            return false;
    }
    return true;
}

typedef struct need (*need_fn)(const struct hiding *h, const struct moved *what);
typedef bool (*each_fn)(struct hiding *h, const struct moved *what, struct need need);

/* each(h, d, need, fn): of every cell, or (d a dimension) of every pair without it. */
static bool each(struct hiding *h, size_t d, need_fn need, each_fn fn)
{
    const size_t *n = h->m.n;
    struct moved what = { .d = d };
    for (what.at[0] = 0; what.at[0] < (d == 0 ? 1 : n[0]); what.at[0]++)
        for (what.at[1] = 0; what.at[1] < (d == 1 ? 1 : n[1]); what.at[1]++)
            for (what.at[2] = 0; what.at[2] < (d == 2 ? 1 : n[2]); what.at[2]++)
                if (!fn(h, &what, need(h, &what)))
                    return false;
    return true;
}

static void hide_all(struct hiding *h)
{
    memset(h->m.hid, 1, h->cells * sizeof(*h->m.hid));
}

static bool hide_first(struct hiding *h, const struct moved *what, struct need need)
{
    h->m.hid[move_cell(&h->m, what->at)] |= need.any;
    return true;
}

/* run(h, need, pairs): hide what is small, then what protects it, and look at all of it again. */
static void run(struct hiding *h, need_fn need, need_fn pairs)
{
    bool ok = each(h, CV_SUPPRESS_NONE, need, hide_first);
    ok = ok && each(h, CV_SUPPRESS_NONE, need, protect);
    for (size_t d = 0; d < CV_SUPPRESS_DIMS && pairs != NULL; d++)
        ok = ok && each(h, d, pairs, stands);
    ok = ok && each(h, CV_SUPPRESS_NONE, need, stands);
    if (!ok)
        hide_all(h);
}

static cv_status start(struct hiding *h, const struct cv_suppress *t, const size_t *n, const uint64_t *x,
                       bool *hid)
{
    *h = (struct hiding){ .t = t, .cells = n[0] * n[1] * n[2], .m = { .x = x, .hid = hid } };
    memcpy(h->m.n, n, sizeof(h->m.n));
    h->m.w = calloc(h->cells + 1, sizeof(*h->m.w));
    h->cap = calloc(h->cells + 1, sizeof(*h->cap));
    h->m.cap = h->cap;
    memset(hid, 0, h->cells * sizeof(*hid));
    return h->m.w == NULL || h->cap == NULL ? CV_ERR_NOMEM : CV_OK;
}

static void finish(struct hiding *h)
{
    free(h->m.w);
    free(h->cap);
}

/* pair_need(t, d, i, j): what the number of a pair without dimension d asks for. */
static struct need pair_need(const struct cv_suppress *t, size_t d, size_t i, size_t j)
{
    const size_t p = cv_suppress_sides[d][0], q = cv_suppress_sides[d][1];
    const uint64_t n = t->two[d][i * t->n[q] + j];
    struct need need = small(n, t->k);
    if (i == t->veiled[p] || j == t->veiled[q])
        return (struct need){ 0 };
    if (t->multi[p])
        need = both(need, nearly_all(n, t->one[q][j], t->k));
    if (t->multi[q])
        need = both(need, nearly_all(n, t->one[p][i], t->k));
    return within(need, 0, least(t->one[p][i], t->one[q][j]));
}

/* in_two(h, what): the same in a table of its own, as far as the sums of its row and its column let it. */
static struct need in_two(const struct hiding *h, const struct moved *what)
{
    const size_t rows = h->m.n[0], columns = h->m.n[1];
    uint64_t row = 0, column = 0, all = 0;
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) {
            const uint64_t x = h->m.x[i * columns + j];
            row += i == what->at[0] ? x : 0;
            column += j == what->at[1] ? x : 0;
            all += x;
        }
    return within(pair_need(h->t, h->d, what->at[0], what->at[1]),
                  row + column > all ? row + column - all : 0, least(row, column));
}

static cv_status hide_two(const struct cv_suppress *t, size_t d)
{
    const size_t p = cv_suppress_sides[d][0], q = cv_suppress_sides[d][1],
                 n[CV_SUPPRESS_DIMS] = { t->n[p], t->n[q], 1 };
    struct hiding h;
    cv_status st = start(&h, t, n, t->two[d], t->hide_two[d]);
    h.m.pair[2] = t->hide_two[d];
    h.d = d;
    for (size_t i = 0; st == CV_OK && i < h.cells; i++) {
        h.cap[i] = least(t->one[p][i / n[1]], t->one[q][i % n[1]]);
        t->hide_two[d][i] = i / n[1] == t->veiled[p] || i % n[1] == t->veiled[q];
    }
    if (st == CV_OK)
        run(&h, in_two, NULL);
    finish(&h);
    return st;
}

/* pair_of(t, d, at): which number of two[d] it is. */
static size_t pair_of(const struct cv_suppress *t, size_t d, const size_t *at)
{
    return at[cv_suppress_sides[d][0]] * t->n[cv_suppress_sides[d][1]] + at[cv_suppress_sides[d][1]];
}

static struct need in_three(const struct hiding *h, const struct moved *what)
{
    const struct cv_suppress *t = h->t;
    const size_t cell = move_cell(&h->m, what->at);
    struct need need = small(t->three[cell], t->k);
    for (size_t d = 0; d < CV_SUPPRESS_DIMS; d++) {
        const size_t pair = pair_of(t, d, what->at);
        if (what->at[d] == t->veiled[d])
            return (struct need){ 0 };
        if (t->multi[d] && !t->hide_two[d][pair])
            need = both(need, nearly_all(t->three[cell], t->two[d][pair], t->k));
    }
    return within(need, 0, h->cap[cell]);
}

/* in_pair(h, what): a pair that its own table hides stays as hidden beside the table of three; counted in the
 * cells below it, which are more than persons where somebody is in several. */
static struct need in_pair(const struct hiding *h, const struct moved *what)
{
    const struct cv_suppress *t = h->t;
    const size_t d = what->d, pair = pair_of(t, d, what->at), p = cv_suppress_sides[d][0],
                 q = cv_suppress_sides[d][1];
    const struct need need = pair_need(t, d, what->at[p], what->at[q]);
    const uint64_t sum = move_value(&h->m, h->m.x, what), n = t->two[d][pair];
    const uint64_t one_p = t->one[p][what->at[p]], one_q = t->one[q][what->at[q]];
    if (!need.any || !t->hide_two[d][pair])
        return (struct need){ 0 };
    const uint64_t spared =
        one_p + one_q > t->all && !t->multi[p] && !t->multi[q] ? one_p + one_q - t->all : 0;
    const struct need can = within(need, spared, t->all);
    const uint64_t fall = n > can.lo ? n - can.lo : 0, rise = can.hi > n ? can.hi - n : 0;
    return (struct need){ true, can.lo == 0 ? 0 : sum - least(sum, fall), sum + rise };
}

static cv_status hide_three(const struct cv_suppress *t)
{
    struct hiding h;
    cv_status st = start(&h, t, t->n, t->three, t->hide_three);
    size_t at[CV_SUPPRESS_DIMS];
    for (at[0] = 0; st == CV_OK && at[0] < t->n[0]; at[0]++)
        for (at[1] = 0; at[1] < t->n[1]; at[1]++)
            for (at[2] = 0; at[2] < t->n[2]; at[2]++) {
                const size_t cell = move_cell(&h.m, at);
                h.cap[cell] = UINT64_MAX;
                for (size_t d = 0; d < CV_SUPPRESS_DIMS; d++) {
                    const size_t pair = pair_of(t, d, at);
                    h.cap[cell] = least(h.cap[cell], t->one[d][at[d]]);
                    if (t->hide_two[d][pair])
                        t->hide_three[cell] = true; /* under a number that is hidden none is shown */
                    else
                        h.cap[cell] = least(h.cap[cell], t->two[d][pair]);
                }
            }
    for (size_t d = 0; d < CV_SUPPRESS_DIMS; d++)
        h.m.pair[d] = t->hide_two[d];
    if (st == CV_OK)
        run(&h, in_three, in_pair);
    finish(&h);
    return st;
}

cv_status cv_suppress_table(struct cv_suppress *t)
{
    cv_status st = t->n[0] * t->n[1] * t->n[2] > CV_SUPPRESS_CELLS_MAX ? CV_ERR_LIMIT : CV_OK;
    if (t->dims == 2)
        return CV_THEN(st, hide_two(t, 2));
    for (size_t d = 0; d < CV_SUPPRESS_DIMS; d++)
        st = CV_THEN(st, hide_two(t, d));
    return CV_THEN(st, hide_three(t));
}
