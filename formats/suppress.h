#ifndef CV_FORMATS_SUPPRESS_H
#define CV_FORMATS_SUPPRESS_H

#include "crypto/bytes.h"
#include "formats/err.h"

/**
 * Which numbers of a table of persons may be shown: bytes in, a pattern out; it knows no names and no record.
 *
 * A number under k is not shown, and neither is zero: "nobody" and "somebody" look alike. That is not enough,
 * since what is hidden can be computed from what is shown. So for each small number two complete tables are
 * made that show the same figures as the true one, one where it is 0 and one where it is k - 1; where they
 * cannot be made, more is hidden. Both are compared with the true table figure by figure before anything is
 * shown.
 *
 * What is held against it: all that the table shows, every total of one dimension, and with three dimensions
 * also the three tables of two, as this hides them. What the totals say by themselves (of two categories of
 * 90 among 100 persons at least 80 are in both) no table can take back: a number is protected as far as they
 * let it. docs/STATISTICS.md says what is not held against it.
 */
#define CV_SUPPRESS_DIMS 3
#define CV_SUPPRESS_CATEGORIES 64
#define CV_SUPPRESS_CELLS_MAX 4096
#define CV_SUPPRESS_NONE SIZE_MAX
/* cv_suppress_sides[d]: the other two dimensions, in order. */
extern const size_t cv_suppress_sides[CV_SUPPRESS_DIMS][2];

/**
 * cv_suppress_pool(count, n, all, multi, k, pooled): the categories of one dimension, of ${all} persons, that
 * are not shown by themselves but go together as "others": those under k, and the smallest besides until none
 * of them is given away; in a ${multi} dimension, where a person can be in several, also those that all but a
 * few are in. None, where no category is so, or where all such are empty. It may be all of them.
 */
void cv_suppress_pool(const uint64_t *count, size_t n, uint64_t all, bool multi, uint64_t k, bool *pooled);

/* A table: numbers of persons in each category, pair and triple of categories. Numbers stand in row order,
 * the last dimension fastest. What it points to is the caller's. */
struct cv_suppress {
    size_t dims, n[CV_SUPPRESS_DIMS]; /* 2 or 3; n past them is 1 */
    bool multi[CV_SUPPRESS_DIMS];
    size_t veiled[CV_SUPPRESS_DIMS]; /* a category whose numbers are never shown; or CV_SUPPRESS_NONE */
    uint64_t k, all;
    const uint64_t *one[CV_SUPPRESS_DIMS]; /* every one k at least, but for what is veiled */
    const uint64_t
        *two[CV_SUPPRESS_DIMS]; /* two[d]: of the pairs without dimension d; with 2 dims only two[2] */
    const uint64_t *three;
    bool *hide_two[CV_SUPPRESS_DIMS], *hide_three; /* out */
};

/** cv_suppress_table(t): fill what to hide. Where a table of three cannot be protected beside its tables of
 * two, all of it is hidden. CV_OK; CV_ERR_LIMIT over CV_SUPPRESS_CELLS_MAX; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_suppress_table(struct cv_suppress *t);

#endif
