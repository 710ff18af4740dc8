#include "formats/tally.h"

#include <stdlib.h>

#define ROOM_LEAST 1024

/* find(t, key): its slot, or the free one where it would be. */
static struct cv_tallied *find(const struct cv_tally *t, uint64_t key)
{
    size_t i = (size_t)key & (t->room - 1);
    while (t->slot[i].key != 0 && t->slot[i].key != key)
        i = (i + 1) & (t->room - 1);
    return &t->slot[i];
}

/* key_of(digest): never 0, which says that a slot is free. */
static uint64_t key_of(const uint8_t digest[static 8])
{
    const uint64_t key = cv_load_u64(digest);
    return key != 0 ? key : 1;
}

static cv_status grow(struct cv_tally *t)
{
    struct cv_tally more = { .room = t->room > 0 ? 2 * t->room : ROOM_LEAST, .count = t->count };
    more.slot = calloc(more.room, sizeof(*more.slot));
    if (more.slot == NULL)
        return CV_ERR_NOMEM;
    for (size_t i = 0; i < t->room; i++)
        if (t->slot[i].key != 0)
            *find(&more, t->slot[i].key) = t->slot[i];
    free(t->slot);
    *t = more;
    return CV_OK;
}

cv_status cv_tally_at(struct cv_tally *t, const uint8_t digest[static 8], uint64_t **out)
{
    if (2 * (t->count + 1) > t->room && grow(t) != CV_OK)
        return CV_ERR_NOMEM;
    struct cv_tallied *slot = find(t, key_of(digest));
    if (slot->key == 0) {
        slot->key = key_of(digest);
        t->count++;
    }
    *out = &slot->value;
    return CV_OK;
}

uint64_t cv_tally_get(const struct cv_tally *t, const uint8_t digest[static 8])
{
    return t->room > 0 ? find(t, key_of(digest))->value : 0;
}

void cv_tally_free(struct cv_tally *t)
{
    free(t->slot);
    *t = (struct cv_tally){ 0 };
}
