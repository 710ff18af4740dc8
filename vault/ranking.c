#include "vault/ranking.h"

#include <stdlib.h>
#include <string.h>

cv_status cv_ranking_add(struct cv_ranking *r, const uint8_t id[static CV_ID_BYTES], uint64_t entry,
                         int points, bool counts)
{
    if (r->count == r->room) {
        const size_t room = r->room == 0 ? 64 : 2 * r->room;
        struct cv_ranked *more = realloc(r->r, room * sizeof(*more));
        if (more == NULL)
            return CV_ERR_NOMEM;
        r->r = more;
        r->room = room;
    }
    struct cv_ranked *one = &r->r[r->count++];
    *one = (struct cv_ranked){ .entry = entry, .points = points, .counts = counts };
    memcpy(one->id, id, CV_ID_BYTES);
    return CV_OK;
}

static int by_id(const void *a, const void *b)
{
    return memcmp(((const struct cv_ranked *)a)->id, ((const struct cv_ranked *)b)->id, CV_ID_BYTES);
}

static int likeliest(const void *a, const void *b)
{
    const struct cv_ranked *x = a, *y = b;
    if (x->points != y->points)
        return (x->points < y->points) - (x->points > y->points);
    return x->entry != y->entry ? (x->entry < y->entry) - (x->entry > y->entry) : by_id(a, b);
}

/* merge(r): of what was met of one record, the sum; without those that are no candidates. */
static void merge(struct cv_ranking *r)
{
    size_t kept = 0;
    for (size_t i = 0; i < r->count;) {
        struct cv_ranked sum = r->r[i];
        for (i++; i < r->count && by_id(&sum, &r->r[i]) == 0; i++) {
            sum.points += r->r[i].points;
            sum.counts = sum.counts || r->r[i].counts;
            sum.entry = r->r[i].entry > sum.entry ? r->r[i].entry : sum.entry;
        }
        if (sum.counts)
            r->r[kept++] = sum;
    }
    r->count = kept;
}

size_t cv_ranking_best(struct cv_ranking *r, size_t most)
{
    if (r->count == 0)
        return 0;
    qsort(r->r, r->count, sizeof(*r->r), by_id);
    merge(r);
    if (r->count > 0)
        qsort(r->r, r->count, sizeof(*r->r), likeliest);
    const size_t left = r->count > most ? r->count - most : 0;
    r->count -= left;
    return left;
}

void cv_ranking_free(struct cv_ranking *r)
{
    free(r->r);
    *r = (struct cv_ranking){ 0 };
}
