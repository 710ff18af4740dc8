#include "formats/suppress_move.h"

#include <string.h>

#define CORNERS 8

size_t move_cell(const struct moving *m, const size_t at[static CV_SUPPRESS_DIMS])
{
    return (at[0] * m->n[1] + at[1]) * m->n[2] + at[2];
}

size_t move_pair(const struct moving *m, size_t d, const size_t at[static CV_SUPPRESS_DIMS])
{
    return at[cv_suppress_sides[d][0]] * m->n[cv_suppress_sides[d][1]] + at[cv_suppress_sides[d][1]];
}

uint64_t move_value(const struct moving *m, const uint64_t *table, const struct moved *what)
{
    size_t at[CV_SUPPRESS_DIMS];
    uint64_t sum = 0;
    memcpy(at, what->at, sizeof(at));
    if (what->d >= CV_SUPPRESS_DIMS)
        return table[move_cell(m, at)];
    for (at[what->d] = 0; at[what->d] < m->n[what->d]; at[what->d]++)
        sum += table[move_cell(m, at)];
    return sum;
}

void move_start(struct moving *m)
{
    memcpy(m->w, m->x, m->n[0] * m->n[1] * m->n[2] * sizeof(*m->w));
}

/* One move: corner 0 is what is to change; corners with an odd number of other coordinates go the other way.
 */
struct corners {
    size_t cell[CORNERS], count;
};

static bool odd(size_t corner)
{
    return ((corner ^ (corner >> 1) ^ (corner >> 2)) & 1) != 0;
}

/* take_corners(m, at, to, varied, c): bit d of ${varied}: dimension d goes from ${at} to ${to}. False if such
 * a move would change the sum of a pair that is shown. */
static bool take_corners(const struct moving *m, const size_t *at, const size_t *to, unsigned varied,
                         struct corners *c)
{
    c->count = 0;
    for (unsigned corner = 0; corner < CORNERS; corner++) {
        size_t here[CV_SUPPRESS_DIMS];
        if ((corner & ~varied) != 0)
            continue;
        for (size_t d = 0; d < CV_SUPPRESS_DIMS; d++)
            here[d] = (corner >> d & 1) != 0 ? to[d] : at[d];
        for (size_t d = 0; d < CV_SUPPRESS_DIMS; d++)
            if ((varied >> d & 1) == 0 && (m->pair[d] == NULL || !m->pair[d][move_pair(m, d, here)]))
                return false;
        c->cell[c->count++] = move_cell(m, here);
    }
    return true;
}

/* goes_up(i, up): does the i-th corner? Where a dimension stays, the corners left have the same order. */
static bool goes_up(size_t i, bool up)
{
    return odd(i) != up;
}

/* most(m, c, up, want): how far they could all go, hidden or not. */
static uint64_t most(const struct moving *m, const struct corners *c, bool up, uint64_t want)
{
    for (size_t i = 0; i < c->count && want > 0; i++) {
        const size_t at = c->cell[i];
        const uint64_t room = goes_up(i, up) ? m->cap[at] - m->w[at] : m->w[at];
        want = room < want ? room : want;
    }
    return want;
}

static uint64_t shift(struct moving *m, const struct corners *c, bool up, uint64_t want)
{
    for (size_t i = 0; i < c->count; i++)
        if (!m->hid[c->cell[i]])
            return 0;
    const uint64_t by = most(m, c, up, want);
    for (size_t i = 0; i < c->count && by > 0; i++)
        m->w[c->cell[i]] = goes_up(i, up) ? m->w[c->cell[i]] + by : m->w[c->cell[i]] - by;
    return by;
}

/* next_to(m, at, varied, to): the next place that differs in these dimensions and in no other; false past the
 * last. It begins with ${to} = ${at}. */
static bool next_to(const struct moving *m, const size_t *at, unsigned varied, bool *begun, size_t *to)
{
    for (size_t d = 0; d < CV_SUPPRESS_DIMS; d++) {
        if ((varied >> d & 1) == 0)
            continue;
        if (!*begun) {
            to[d] = at[d] == 0 ? 1 : 0;
            if (to[d] >= m->n[d])
                return false;
            continue;
        }
        to[d] += to[d] + 1 == at[d] ? 2 : 1;
        if (to[d] < m->n[d])
            return true;
        to[d] = at[d] == 0 ? 1 : 0;
    }
    const bool first = !*begun;
    *begun = true;
    return first;
}

/* sweep(m, at, varied, up, want): every move of this kind from there, once; how much came of it. */
static uint64_t sweep(struct moving *m, const size_t *at, unsigned varied, bool up, uint64_t want)
{
    size_t to[CV_SUPPRESS_DIMS];
    struct corners c;
    uint64_t done = 0;
    memcpy(to, at, sizeof(to));
    for (bool begun = false; done < want && next_to(m, at, varied, &begun, to);)
        if (take_corners(m, at, to, varied, &c))
            done += shift(m, &c, up, want - done);
    return done;
}

/* kinds(what): the moves that change it: a pair's sum by rectangles of its dimensions alone. */
static size_t kinds(const struct moved *what, unsigned out[static 4])
{
    static const unsigned all[] = { 3, 5, 6, 7 };
    if (what->d < CV_SUPPRESS_DIMS) {
        out[0] = 7U & ~(1U << what->d);
        return 1;
    }
    memcpy(out, all, sizeof(all));
    return 4;
}

bool move_reach(struct moving *m, const struct moved *what, uint64_t goal)
{
    unsigned varied[4];
    const size_t count = kinds(what, varied), layers = what->d < CV_SUPPRESS_DIMS ? m->n[what->d] : 1;
    for (;;) {
        const uint64_t now = move_value(m, m->w, what);
        const bool up = goal > now;
        uint64_t left = up ? goal - now : now - goal, done = 0;
        if (left == 0)
            return true;
        for (size_t i = 0; i < count && left > done; i++)
            for (size_t l = 0; l < layers && left > done; l++) {
                size_t at[CV_SUPPRESS_DIMS];
                memcpy(at, what->at, sizeof(at));
                if (what->d < CV_SUPPRESS_DIMS)
                    at[what->d] = l;
                done += sweep(m, at, varied[i], up, left - done);
            }
        if (done == 0)
            return false;
    }
}

/* rectangle(m, at, to, c): in a table of two dimensions, where the pairs are the cells. */
static void rectangle(const struct moving *m, const size_t *at, const size_t *to, struct corners *c)
{
    c->count = 4;
    for (size_t i = 0; i < 4; i++)
        c->cell[i] =
            move_cell(m, (const size_t[]){ (i & 1) != 0 ? to[0] : at[0], (i & 2) != 0 ? to[1] : at[1], 0 });
}

bool move_hide(struct moving *m, const struct moved *what, uint64_t goal)
{
    const bool two = m->n[2] == 1;
    const uint64_t now = move_value(m, m->w, what), want = goal > now ? goal - now : now - goal;
    struct corners c, best = { .count = 0 };
    uint64_t best_cost = 0, best_by = 0;
    size_t to[CV_SUPPRESS_DIMS];
    bool begun = false;
    memcpy(to, what->at, sizeof(to));
    while (next_to(m, what->at, two ? 3 : 7, &begun, to)) {
        uint64_t cost = 0;
        if (two)
            rectangle(m, what->at, to, &c);
        else if (!take_corners(m, what->at, to, 7, &c))
            continue;
        const uint64_t by = most(m, &c, goal > now, want);
        for (size_t i = 0; i < c.count; i++)
            cost += m->hid[c.cell[i]] ? 0 : m->x[c.cell[i]] + 1;
        if (by > 0 && (best.count == 0 || cost * best_by < best_cost * by)) {
            best = c;
            best_cost = cost;
            best_by = by;
        }
    }
    for (size_t i = 0; i < best.count; i++)
        m->hid[best.cell[i]] = true;
    return best.count > 0;
}

/* same_pairs(m, d): the sums of pairs without d that are shown. */
static bool same_pairs(const struct moving *m, size_t d)
{
    const size_t p = cv_suppress_sides[d][0], q = cv_suppress_sides[d][1];
    struct moved pair = { .d = d };
    for (pair.at[p] = 0; pair.at[p] < m->n[p]; pair.at[p]++)
        for (pair.at[q] = 0; pair.at[q] < m->n[q]; pair.at[q]++)
            if (move_value(m, m->x, &pair) != move_value(m, m->w, &pair) &&
                (m->pair[d] == NULL || !m->pair[d][move_pair(m, d, pair.at)]))
                return false;
    return true;
}

/* same_categories(m): their sums are always known. */
static bool same_categories(const struct moving *m)
{
    uint64_t x[CV_SUPPRESS_DIMS][CV_SUPPRESS_CATEGORIES] = { 0 };
    uint64_t w[CV_SUPPRESS_DIMS][CV_SUPPRESS_CATEGORIES] = { 0 };
    size_t at[CV_SUPPRESS_DIMS];
    for (at[0] = 0; at[0] < m->n[0]; at[0]++)
        for (at[1] = 0; at[1] < m->n[1]; at[1]++)
            for (at[2] = 0; at[2] < m->n[2]; at[2]++)
                for (size_t d = 0; d < CV_SUPPRESS_DIMS; d++) {
                    x[d][at[d]] += m->x[move_cell(m, at)];
                    w[d][at[d]] += m->w[move_cell(m, at)];
                }
    return memcmp(x, w, sizeof(x)) == 0;
}

bool move_same(const struct moving *m)
{
    const size_t cells = m->n[0] * m->n[1] * m->n[2];
    for (size_t i = 0; i < cells; i++)
        if (m->w[i] != m->x[i] && (!m->hid[i] || m->w[i] > m->cap[i]))
            return false;
    for (size_t d = 0; d < CV_SUPPRESS_DIMS; d++)
        if (!same_pairs(m, d))
            return false;
    return same_categories(m);
}
