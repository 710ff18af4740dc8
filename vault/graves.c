#include "vault/graves.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "formats/erasure.h"

struct grave {
    uint64_t entry;     /* the intent */
    uint64_t tombstone; /* its entry; 0: not done yet */
    uint64_t *slots;
    size_t count;
};

/* What is known of a key from the log alone. */
enum fate { LIVES, INTENDED, DEAD };

void cv_graves_free(struct cv_graves *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->g[i].slots);
    free(list->g);
    memset(list, 0, sizeof(*list));
}

static cv_status add(struct cv_graves *list, uint64_t index, const struct cv_erasure *e)
{
    if (list->count == list->room) {
        const size_t room = list->room > 0 ? 2 * list->room : 16;
        struct grave *more = realloc(list->g, room * sizeof(*more));
        if (more == NULL)
            return CV_ERR_NOMEM;
        list->g = more;
        list->room = room;
    }
    struct grave *g = &list->g[list->count];
    *g = (struct grave){ .entry = index, .slots = calloc(e->count, sizeof(*g->slots)), .count = e->count };
    if (g->slots == NULL)
        return CV_ERR_NOMEM;
    for (size_t i = 0; i < e->count; i++)
        g->slots[i] = e->versions[i].slot;
    list->count++;
    return CV_OK;
}

cv_status cv_graves_entry(struct cv_graves *list, const char *vault, uint64_t index, enum cv_kind kind,
                          struct cv_bytes data)
{
    struct cv_erasure e = { 0 };
    uint64_t intent = 0;
    cv_status st = CV_OK;
    if (kind == CV_KIND_ERASE && cv_erasure_parse(data, vault, &e, NULL) == CV_OK)
        st = add(list, index, &e);
    if (kind == CV_KIND_TOMBSTONE && cv_tombstone_parse(data, &intent, NULL) == CV_OK)
        for (size_t i = 0; i < list->count; i++)
            if (list->g[i].entry == intent && list->g[i].tombstone == 0)
                list->g[i].tombstone = index;
    cv_erasure_free(&e);
    return st;
}

/* fates(list, slots, out): of each slot that the log took. */
static cv_status fates(const struct cv_graves *list, uint64_t slots, uint8_t **out)
{
    *out = calloc(slots + 1, 1);
    if (*out == NULL)
        return CV_ERR_NOMEM;
    for (size_t i = 0; i < list->count; i++)
        for (size_t k = 0; k < list->g[i].count; k++)
            if (list->g[i].slots[k] < slots)
                (*out)[list->g[i].slots[k]] |= list->g[i].tombstone > 0 ? DEAD : INTENDED;
    return CV_OK;
}

/* tombstone_of(list, slot): the entry that says so. */
static uint64_t tombstone_of(const struct cv_graves *list, uint64_t slot)
{
    for (size_t i = 0; i < list->count; i++)
        for (size_t k = 0; list->g[i].tombstone > 0 && k < list->g[i].count; k++)
            if (list->g[i].slots[k] == slot)
                return list->g[i].tombstone;
    return 0;
}

static cv_status check_slot(const struct cv_graves *list, uint64_t slot, uint8_t fate, bool gone,
                            struct cv_err *err)
{
    if (!gone && (fate & DEAD) != 0)
        return cv_fail(
            err, CV_ERR_LOG,
            "entry %" PRIu64 " (tombstone): release key %" PRIu64
            " is there again: an older release.keys was put back. Any member's next command destroys it",
            tombstone_of(list, slot), slot);
    if (gone && fate == LIVES)
        return cv_fail(err, CV_ERR_LOG,
                       "release.keys: key %" PRIu64 " was destroyed, and no entry of the log erases it",
                       slot);
    return CV_OK;
}

cv_status cv_graves_check(const struct cv_graves *list, struct cv_release *r, uint64_t slots,
                          struct cv_err *err)
{
    bool gone[CV_RELEASE_GONE_MAX];
    uint8_t *fate = NULL;
    cv_status st = fates(list, slots, &fate);
    for (uint64_t slot = 1; st == CV_OK && slot < slots; slot += CV_RELEASE_GONE_MAX) {
        const uint64_t left = slots - slot;
        const size_t count = left < CV_RELEASE_GONE_MAX ? (size_t)left : CV_RELEASE_GONE_MAX;
        st = cv_release_gone(r, slot, count, gone, err);
        for (size_t i = 0; i < count && st == CV_OK; i++)
            st = check_slot(list, slot + i, fate[slot + i], gone[i], err);
    }
    free(fate);
    return st;
}
