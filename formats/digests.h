#ifndef CV_FORMATS_DIGESTS_H
#define CV_FORMATS_DIGESTS_H

#include "crypto/bytes.h"

struct cv_digest_slot {
    uint64_t key, value; /* key 0: free */
};
/** Numbers by the first 64 bits of a digest, 16 bytes for each and as many to spare: for what must be known
 * of every line of a long file. */
struct cv_digests {
    struct cv_digest_slot *slot;
    size_t room, count;
};

/** cv_digests_at(t, digest, out): the number kept under the first eight bytes of ${digest}, 0 at first; good
 * until the next call. CV_OK; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_digests_at(struct cv_digests *t, const uint8_t digest[static 8], uint64_t **out);
/** cv_digests_get(t, digest): the same, 0 where there is none; and none is made. */
uint64_t cv_digests_get(const struct cv_digests *t, const uint8_t digest[static 8]);
void cv_digests_free(struct cv_digests *t);

#endif
