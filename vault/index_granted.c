#include <stdlib.h>
#include <string.h>

#include "vault/glance.h"
#include "vault/grant.h"
#include "vault/heads.h"
#include "vault/index_inside.h"

/* What was granted, so that it can be searched: a grant opens single versions, and no shard, whose key is the
 * section's. So it is read anew each time, as whoever opens these records reads them, into shards that are in
 * memory alone. */

#define WHAT "what was granted"

/* A section of a record that was granted, as it stands. */
struct place {
    struct cv_version of; /* the last version; borrowed from its list. The glance's: it stands first */
    uint64_t entry, version;
    struct cv_index_section *s;
};

struct adding {
    struct cv_index *x;
    struct place *places;
    struct cv_versions *lists; /* of each place's record */
    size_t count;
    struct cv_filler filler;
};

static int newest(const void *a, const void *b)
{
    const struct cv_granted *x = *(const struct cv_granted *const *)a,
                            *y = *(const struct cv_granted *const *)b;
    return x->entry != y->entry ? (x->entry < y->entry) - (x->entry > y->entry)
                                : strcmp(x->section, y->section);
}

/* choose(v, out, count): those that open something that no role does; each section of an entry once. */
static cv_status choose(const struct cv_vault *v, const struct cv_granted ***out, size_t *count)
{
    const struct cv_grants *all = v->grants;
    size_t kept = 0;
    *count = 0;
    *out = calloc(all->count + 1, sizeof(const struct cv_granted *));
    if (*out == NULL)
        return CV_ERR_NOMEM;
    for (size_t i = 0; i < all->count; i++)
        if (!all->g[i].over && all->g[i].key.there && !cv_vault_may_read(v, all->g[i].section))
            (*out)[(*count)++] = &all->g[i];
    qsort(*out, *count, sizeof(const struct cv_granted *), newest);
    for (size_t i = 0; i < *count; i++)
        if (kept == 0 || newest(&(*out)[kept - 1], &(*out)[i]) != 0)
            (*out)[kept++] = (*out)[i];
    *count = kept;
    return CV_OK;
}

/* section_of(x, name, out): the index's own of what was granted; NULL if the template has none of that name.
 */
static cv_status section_of(struct cv_index *x, const char *name, struct cv_index_section **out)
{
    static const uint8_t no_key[32];
    const struct cv_shard_head head = { 0 };
    struct cv_shard *shard = NULL;
    const char *section;
    size_t n = 0;
    *out = NULL;
    for (size_t i = 0; i < x->count; i++)
        if (strcmp(x->s[i].name, name) == 0)
            *out = &x->s[i];
    if (*out != NULL)
        return CV_OK;
    while ((section = cv_template_section(x->v->template, n)) != NULL && strcmp(section, name) != 0)
        n++;
    if (section == NULL)
        return CV_OK;
    struct cv_index_section *s = &x->s[x->count]; /* there is room for all that the template has */
    *s = (struct cv_index_section){ .granted = true,
                                    .kinds = cv_marks_kinds(x->v->template, section),
                                    .fields = cv_index_fields(x->v->template, section) };
    memcpy(s->name, section, strlen(section) + 1);
    x->count++;
    const struct cv_shard_place place = cv_index_place(x, s);
    cv_status st = cv_index_insert(s, 0, &head, &shard);
    st = CV_THEN(st, cv_shard_open(shard, -1, CV_ARR(no_key), &place, true));
    *out = st == CV_OK ? s : NULL;
    return st;
}

/* add_place(a, g): if the head index has it that the section stands in that entry. */
static cv_status add_place(struct adding *a, const struct cv_granted *g, struct cv_err *err)
{
    struct cv_versions *list = &a->lists[a->count];
    struct place *at = &a->places[a->count];
    cv_status st = cv_heads_find(a->x->v, g->id, list, err);
    if (st != CV_OK || list->count == 0)
        return st;
    at->of = list->v[list->count - 1];
    const struct cv_json *carried = cv_json_get(at->of.carried, g->section);
    at->version = carried != NULL ? (uint64_t)cv_json_to_int(carried) : at->of.version;
    at->entry = g->entry;
    bool stands = false;
    for (size_t i = 0; i < list->count; i++)
        stands = stands || (list->v[i].version == at->version && list->v[i].index == g->entry);
    st = stands ? section_of(a->x, g->section, &at->s) : CV_OK;
    if (st == CV_OK && stands && at->s != NULL)
        a->count++;
    else
        cv_versions_free(list);
    return st;
}

/* section, take: of the glance, whose list is of places. */
static const char *section(void *arg, const struct cv_version *of)
{
    (void)arg;
    return ((const struct place *)(const void *)of)->s->name;
}

static cv_status take(void *arg, const struct cv_version *of, const struct cv_json *data)
{
    struct adding *a = arg;
    const struct place *at = (const struct place *)(const void *)of;
    struct cv_filling what = {
        .type = of->type, .section = at->s->name, .entry = at->entry, .version = at->version, .data = data
    };
    cv_status st = cv_id_parse(cv_bytes_str(of->id), what.id, NULL);
    return CV_THEN(st, cv_index_fill(&a->filler, at->s->shards[0], &what));
}

static cv_status look(struct adding *a, const char *reason, struct cv_err *err)
{
    const struct cv_glance g = { .action = "list",
                                 .detail = WHAT,
                                 .reason = reason,
                                 .granted = true,
                                 .section = section,
                                 .take = take,
                                 .arg = a };
    const struct cv_version **list = calloc(a->count + 1, sizeof(const struct cv_version *));
    for (size_t i = 0; list != NULL && i < a->count; i++)
        list[i] = &a->places[i].of;
    cv_status st = list == NULL ? CV_ERR_NOMEM : cv_glance(a->x->v, &g, list, a->count, err);
    free(list);
    return st;
}

cv_status cv_index_add_granted(struct cv_index *x, const char *reason, size_t *left, struct cv_err *err)
{
    const struct cv_granted **granted = NULL;
    struct adding a = { .x = x, .filler = { .template = x->v->template, .folder = x->folder } };
    size_t count = 0;
    *left = 0;
    if (x->v->grants == NULL)
        return CV_OK;
    cv_status st = choose(x->v, &granted, &count);
    a.places = calloc(CV_INDEX_GRANTED_MAX, sizeof(*a.places));
    a.lists = calloc(CV_INDEX_GRANTED_MAX, sizeof(*a.lists));
    if (a.places == NULL || a.lists == NULL)
        st = CV_ERR_NOMEM;
    size_t i = 0;
    for (; i < count && a.count < CV_INDEX_GRANTED_MAX && st == CV_OK; i++)
        st = add_place(&a, granted[i], err);
    *left = st == CV_OK ? count - i : 0;
    st = st == CV_OK && a.count > 0 ? look(&a, reason, err) : st;
    for (size_t k = 0; a.lists != NULL && k < a.count; k++)
        cv_versions_free(&a.lists[k]);
    cv_buf_free(&a.filler.words);
    cv_marks_free(&a.filler.marks);
    free(a.places);
    free(a.lists);
    free(granted);
    return cv_err_note(err, st, "index");
}
