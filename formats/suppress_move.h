#ifndef CV_FORMATS_SUPPRESS_MOVE_H
#define CV_FORMATS_SUPPRESS_MOVE_H

#include "formats/suppress.h"

/* Inside of suppress.c: another table that looks the same. Persons are moved around a rectangle of two
 * categories by two (their sums stay), or around a cube of two by two by two (the sums of its sides stay). */
struct moving {
    size_t n[CV_SUPPRESS_DIMS];
    const uint64_t *x;   /* the true table */
    uint64_t *w;         /* the other one */
    const uint64_t *cap; /* no number can be above */
    bool *hid;           /* of each cell: is it hidden? */
    const bool
        *pair[CV_SUPPRESS_DIMS]; /* of each pair without a dimension: is its sum hidden? NULL: none is */
};
/* What is to be moved: the sum over ${d} of the cells at ${at} where d < CV_SUPPRESS_DIMS, else the cell. */
struct moved {
    size_t at[CV_SUPPRESS_DIMS], d;
};

size_t move_cell(const struct moving *m, const size_t at[static CV_SUPPRESS_DIMS]);
size_t move_pair(const struct moving *m, size_t d, const size_t at[static CV_SUPPRESS_DIMS]);
uint64_t move_value(const struct moving *m, const uint64_t *table, const struct moved *what);
/** move_start(m): the other table is the true one. move_reach(m, what, goal): make ${what} there ${goal};
 * false if it comes not so far. move_hide(m, what, goal): hide more cells, the least numbers that help; false
 * if there are none that do. move_same(m): do both show the same figures? */
void move_start(struct moving *m);
bool move_reach(struct moving *m, const struct moved *what, uint64_t goal);
bool move_hide(struct moving *m, const struct moved *what, uint64_t goal);
bool move_same(const struct moving *m);

#endif
