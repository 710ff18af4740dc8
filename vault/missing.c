#include "vault/missing.h"

#include <stdlib.h>
#include <string.h>

void cv_missing_free(struct cv_missing *m)
{
    free(m->e);
    free(m->said);
    *m = (struct cv_missing){ 0 };
}

cv_status cv_missing_add(struct cv_missing *m, uint64_t index, enum cv_kind kind,
                         const uint8_t hash[static 32], bool unproved)
{
    if (m->count == m->room) {
        const size_t room = 2 * m->room + 16;
        struct cv_lost_entry *more = realloc(m->e, room * sizeof(*more));
        if (more == NULL)
            return CV_ERR_NOMEM;
        m->e = more;
        m->room = room;
    }
    struct cv_lost_entry *e = &m->e[m->count++];
    *e = (struct cv_lost_entry){ .index = index, .kind = kind, .unproved = unproved };
    memcpy(e->hash, hash, sizeof(e->hash));
    return CV_OK;
}

void cv_missing_drop(struct cv_missing *m)
{
    free(m->said);
    m->said = NULL;
    m->said_count = 0;
}

cv_status cv_missing_say(struct cv_missing *m, uint64_t index, struct cv_bytes data)
{
    cv_missing_drop(m);
    m->said_at = index;
    return cv_loss_parse(data, &m->said, &m->said_count, NULL);
}

static bool same(const struct cv_lost_entry *a, const struct cv_lost_entry *b)
{
    return a->index == b->index && a->kind == b->kind && a->unproved == b->unproved &&
           memcmp(a->hash, b->hash, sizeof(a->hash)) == 0;
}

void cv_missing_settle(struct cv_missing *m)
{
    size_t left = 0, k = 0;
    for (size_t i = 0; i < m->count; i++) {
        while (k < m->said_count && m->said[k].index < m->e[i].index)
            k++;
        if (k < m->said_count && same(&m->said[k], &m->e[i])) {
            m->lost += !m->e[i].unproved;
            m->unproved += m->e[i].unproved;
            m->at = m->said_at;
        } else
            m->e[left++] = m->e[i];
    }
    m->count = left;
    cv_missing_drop(m);
}
