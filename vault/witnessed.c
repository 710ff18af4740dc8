#include "vault/witnessed.h"

#include <stdlib.h>
#include <string.h>

#include "formats/attest.h"
#include "formats/checkpoint.h"

/* A checkpoint under a policy that asks for cosignatures. */
struct point {
    uint64_t size;
    struct cv_hash root;
    size_t policy;                           /* whose witnesses count */
    uint16_t have;                           /* bit i: of its i-th witness */
    uint64_t times[CV_POLICY_WITNESSES_MAX]; /* of those */
};
_Static_assert(CV_POLICY_WITNESSES_MAX <= 16, "a bit for each witness");

/* An attest entry of the commit under way. */
struct staged {
    uint64_t index;
    struct cv_attest attest;
};

struct cv_witnessing {
    struct cv_policy_witnesses *policies; /* of each policy that says something new of them */
    size_t policy_count;
    struct point *points; /* in order of size */
    size_t point_count, point_room;
    struct staged *staged;
    size_t staged_count;
    char origin[128];
};

cv_status cv_witnessing_new(struct cv_witnessing **out)
{
    *out = calloc(1, sizeof(**out));
    return *out != NULL ? CV_OK : CV_ERR_NOMEM;
}

/* drop(w, from): attest entries from this index on. */
static void drop(struct cv_witnessing *w, uint64_t from)
{
    while (w->staged_count > 0 && w->staged[w->staged_count - 1].index >= from)
        cv_attest_free(&w->staged[--w->staged_count].attest);
}

void cv_witnessing_free(struct cv_witnessing *w)
{
    if (w == NULL)
        return;
    drop(w, 0);
    free(w->policies);
    free(w->points);
    free(w->staged);
    free(w);
}

cv_status cv_witnessing_entry(struct cv_witnessing *w, uint64_t index, enum cv_kind kind,
                              struct cv_bytes data)
{
    drop(w, index); /* of a tail that was torn off: this one stands in its place */
    if (kind != CV_KIND_ATTEST)
        return CV_OK;
    struct staged *more = realloc(w->staged, (w->staged_count + 1) * sizeof(*more));
    if (more == NULL)
        return CV_ERR_NOMEM;
    w->staged = more;
    more[w->staged_count] = (struct staged){ .index = index };
    const cv_status st = cv_attest_parse(data, &more[w->staged_count].attest, NULL);
    w->staged_count += st == CV_OK;
    return st == CV_ERR_NOMEM ? st : CV_OK;
}

/* adopt(w, p): take note of what a policy that was adopted says of witnesses. */
static cv_status adopt(struct cv_witnessing *w, const struct cv_policy *p)
{
    if (w->policy_count > 0 && cv_policy_witnesses_equal(&w->policies[w->policy_count - 1], &p->witnesses))
        return CV_OK;
    struct cv_policy_witnesses *more = realloc(w->policies, (w->policy_count + 1) * sizeof(*more));
    if (more == NULL)
        return CV_ERR_NOMEM;
    w->policies = more;
    more[w->policy_count++] = p->witnesses;
    return CV_OK;
}

static cv_status add_point(struct cv_witnessing *w, uint64_t size, const struct cv_hash *root)
{
    if (w->policies[w->policy_count - 1].quorum == 0)
        return CV_OK;
    if (w->point_count == w->point_room) {
        const size_t room = w->point_room > 0 ? 2 * w->point_room : 64;
        struct point *more = realloc(w->points, room * sizeof(*more));
        if (more == NULL)
            return CV_ERR_NOMEM;
        w->points = more;
        w->point_room = room;
    }
    w->points[w->point_count++] =
        (struct point){ .size = size, .root = *root, .policy = w->policy_count - 1 };
    return CV_OK;
}

static int by_size(const void *a, const void *b)
{
    const uint64_t x = ((const struct point *)a)->size, y = ((const struct point *)b)->size;
    return (x > y) - (x < y);
}

/* look_at(w, a): whether it is a cosignature that counts. */
static cv_status look_at(struct cv_witnessing *w, const struct cv_attest *a)
{
    struct cv_checkpoint c = { .size = a->checkpoint };
    const struct point want = { .size = a->checkpoint };
    struct cv_buf text = { 0 };
    struct point *p = a->kind == CV_ATTEST_COSIGNATURE && w->point_count > 0
                          ? bsearch(&want, w->points, w->point_count, sizeof(want), by_size)
                          : NULL;
    if (p == NULL)
        return CV_OK;
    memcpy(c.origin, w->origin, sizeof(c.origin));
    c.root = p->root;
    const struct cv_policy_witnesses *judges = &w->policies[p->policy];
    cv_status st = cv_checkpoint_text(&c, &text);
    for (unsigned i = 0; i < judges->count && st == CV_OK; i++) {
        uint64_t time = 0;
        if ((p->have & (1u << i)) != 0)
            continue;
        const cv_status said =
            cv_cosignature_verify(cv_buf_view(&a->value), cv_buf_view(&text), &judges->keys[i], &time, NULL);
        if (said == CV_OK) {
            p->have |= (uint16_t)(1u << i);
            p->times[i] = time;
        } else if (said == CV_ERR_NOMEM || said == CV_ERR_INTERNAL)
            st = said;
    }
    cv_buf_free(&text);
    return st;
}

cv_status cv_witnessing_commit(struct cv_witnessing *w, const struct cv_chain *chain)
{
    cv_policy_origin(chain->policy, w->origin);
    cv_status st = adopt(w, chain->policy);
    st = CV_THEN(st, add_point(w, chain->edge.size, &chain->root));
    for (size_t i = 0; i < w->staged_count && st == CV_OK; i++)
        st = look_at(w, &w->staged[i].attest);
    drop(w, 0);
    return st;
}

static int by_time(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* enough_since(p, judges, time): it has as many as are asked; when the last of these was made. */
static bool enough_since(const struct point *p, const struct cv_policy_witnesses *judges, uint64_t *time)
{
    uint64_t times[CV_POLICY_WITNESSES_MAX];
    size_t n = 0;
    for (unsigned i = 0; i < judges->count; i++)
        if ((p->have & (1u << i)) != 0)
            times[n++] = p->times[i];
    if (n < judges->quorum)
        return false;
    qsort(times, n, sizeof(times[0]), by_time);
    *time = times[judges->quorum - 1];
    return true;
}

void cv_witnessing_count(const struct cv_witnessing *w, struct cv_witnessed *out)
{
    *out = (struct cv_witnessed){ .asked = w->point_count };
    if (w->policy_count > 0) {
        out->quorum = w->policies[w->policy_count - 1].quorum;
        out->witnesses = w->policies[w->policy_count - 1].count;
    }
    for (size_t i = 0; i < w->point_count; i++) {
        const struct point *p = &w->points[i];
        uint64_t time = 0;
        if (!enough_since(p, &w->policies[p->policy], &time))
            continue;
        out->enough++;
        out->last = p->size;
        out->last_time = time;
    }
}
