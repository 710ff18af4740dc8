#ifndef CV_VAULT_RANKING_H
#define CV_VAULT_RANKING_H

#include "formats/crockford.h"

/* Which of many records are the likeliest, by what the index says: for vault/alike.c. */

struct cv_ranked {
    uint8_t id[CV_ID_BYTES];
    uint64_t entry;
    int points;
    bool counts; /* something was met that makes it a candidate, and not only more of one */
};
struct cv_ranking {
    struct cv_ranked *r;
    size_t count, room;
};

/** cv_ranking_add(r, id, entry, points, counts): met once more. CV_OK; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_ranking_add(struct cv_ranking *r, const uint8_t id[static CV_ID_BYTES],
                                       uint64_t entry, int points, bool counts);
/** cv_ranking_best(r, most): each candidate once, those with the most points first, then the newest; how many
 * there were beyond the first ${most}, which alone are kept. */
size_t cv_ranking_best(struct cv_ranking *r, size_t most);
void cv_ranking_free(struct cv_ranking *r);

#endif
