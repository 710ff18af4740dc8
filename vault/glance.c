#include "vault/glance.h"

#include <stdlib.h>
#include <string.h>

#include "vault/grant.h"
#include "vault/source.h"

/* One record: which entry its section stands in. */
struct row {
    const char *section;
    uint64_t index, version;
};

/* Every record is looked at twice, so that nothing of it needs to be held meanwhile: for what will be asked,
 * which the event names; and, behind the event, to ask for it. */
struct glancing {
    struct cv_vault *v;
    const struct cv_glance *g;
    const struct cv_version *const *list; /* the records, or: */
    const struct cv_head_walk *walk;
    size_t from, to; /* of them, those that one event names */
    bool *asked;     /* of which of these something is asked for */
    size_t wanted;   /* of how many */
    struct cv_buf ids;
    struct cv_json *sections; /* for the event */
    /* the record under way */
    size_t at;
    const struct cv_version *of;
    struct cv_version opened; /* that, of a walk */
    struct row row;
    bool head; /* its head was asked for; its section is next */
    struct cv_source source;
    struct cv_buf data;
    struct cv_envelope env;
};

/* come_to(w, i): the record that is under way now. CV_ERR_NOTFOUND: it is none any more. */
static cv_status come_to(struct glancing *w, size_t i, struct cv_err *err)
{
    cv_version_free(&w->opened);
    w->of = w->list != NULL ? w->list[i] : &w->opened;
    return w->list != NULL ? CV_OK : cv_head_walk_at(w->v, w->walk, i, &w->opened, err);
}

/* stands_in(v, version, section, row): the version itself, or the one that it carries the section from. */
static cv_status stands_in(struct cv_vault *v, const struct cv_version *version, const char *section,
                           struct row *row, struct cv_err *err)
{
    const struct cv_json *carried = cv_json_get(version->carried, section);
    struct cv_versions all = { 0 };
    *row = (struct row){ section, version->index, version->version };
    if (carried == NULL)
        return CV_OK;
    cv_status st = cv_heads_find(v, version->id, &all, err);
    row->version = (uint64_t)cv_json_to_int(carried);
    row->index = UINT64_MAX;
    for (size_t i = 0; i < all.count; i++)
        if (all.v[i].version == row->version)
            row->index = all.v[i].index;
    cv_versions_free(&all);
    return st;
}

/* open_entry(w, index): the entry that the next parts are of. */
static cv_status open_entry(struct glancing *w, uint64_t index, struct cv_err *err)
{
    cv_buf_truncate(&w->data, 0);
    cv_status st = cv_custody_read(w->v->custody, index, CV_KIND_RECORD, &w->data, err);
    return CV_THEN(st, cv_envelope_parse(cv_buf_view(&w->data), &w->env, err));
}

/* grave(w, st): what ends it all; an entry that is damaged, or lies, costs itself alone. */
static cv_status grave(const struct glancing *w, cv_status st, const struct cv_err *bad, struct cv_err *err)
{
    if (st == CV_ERR_IO || st == CV_ERR_NOMEM)
        return cv_fail(err, st, "%s", bad->msg);
    if (st != CV_OK && w->g->unread != NULL)
        w->g->unread(w->g->arg, w->row.index);
    return CV_OK;
}

/* granted(w, row): does a grant open that section, as it stands? */
static bool granted(const struct glancing *w, const struct row *row)
{
    const struct cv_granted *g = w->g->granted ? cv_granted(w->v, row->index, row->section) : NULL;
    return g != NULL && !g->over;
}

/* find_row(w, out): its section, if there is one that this member may read, and the entry it stands in, open;
 * ${out}: is there? */
static cv_status find_row(struct glancing *w, bool *out, struct cv_err *err)
{
    const char *section = w->g->section(w->g->arg, w->of);
    struct cv_err bad = { 0 };
    *out = false;
    if (section == NULL || (!cv_vault_may_read(w->v, section) && !w->g->granted))
        return CV_OK;
    cv_status st = stands_in(w->v, w->of, section, &w->row, err);
    if (st != CV_OK || w->row.index == UINT64_MAX ||
        (!cv_vault_may_read(w->v, section) && !granted(w, &w->row)))
        return st;
    st = open_entry(w, w->row.index, &bad);
    *out = st == CV_OK;
    return st == CV_OK ? CV_OK : grave(w, st, &bad, err);
}

/* name(w): in the event; of a record of which several sections are looked at, once. */
static cv_status name(struct glancing *w, struct cv_err *err)
{
    uint8_t id[CV_ID_BYTES];
    cv_status st = cv_id_parse(cv_bytes_str(w->of->id), id, err);
    if (st == CV_OK && (w->ids.n == 0 || memcmp(w->ids.p + w->ids.n - sizeof(id), id, sizeof(id)) != 0))
        st = cv_buf_append(&w->ids, CV_ARR(id));
    return CV_THEN(st, cv_json_push_word(w->sections, w->row.section));
}

/* plan(w, i): will something be asked for? */
static cv_status plan(struct glancing *w, size_t i, struct cv_err *err)
{
    cv_status st = come_to(w, i, err);
    if (st == CV_ERR_NOTFOUND)
        return CV_OK;
    bool *asked = &w->asked[i - w->from];
    st = CV_THEN(st, find_row(w, asked, err));
    if (st == CV_OK && *asked) {
        w->wanted++;
        st = name(w, err);
    }
    return st;
}

/* next(w, out): of each record its head, then its section. */
static cv_status next(void *arg, struct cv_want *out, struct cv_err *err)
{
    struct glancing *w = arg;
    cv_status st = CV_OK;
    bool there = w->head;
    w->head = !w->head;
    while (!there && st == CV_OK) {
        while (w->at < w->to && !w->asked[w->at - w->from])
            w->at++;
        if (w->at == w->to)
            return CV_ERR_NOTFOUND;
        st = come_to(w, w->at++, err);
        if (st == CV_OK)
            st = find_row(w, &there, err);
        else if (st == CV_ERR_NOTFOUND)
            st = CV_OK;
    }
    *out = (struct cv_want){ .slot = w->env.slot, .part = w->head ? "head" : w->row.section };
    memcpy(out->handle, w->env.handle, sizeof(out->handle));
    return st;
}

/* take(w, i, release): the head begins a row; its section ends it, if all of it verifies. */
static cv_status take(void *arg, size_t i, struct cv_bytes release, struct cv_err *err)
{
    struct glancing *w = arg;
    struct cv_err bad = { 0 };
    cv_status st = CV_OK;
    (void)i;
    if (w->head) {
        cv_source_free(&w->source);
        st = cv_source_new(w->row.index, w->row.version, &w->source);
        if (st == CV_OK && release.n > 0)
            st = cv_source_head(w->v, &w->source, &w->env, release, &bad);
        return grave(w, st, &bad, err);
    }
    if (release.n == 0 || w->source.head == NULL)
        return CV_OK; /* erased, or it did not open */
    st = cv_source_section(w->v, &w->source, &w->env, w->row.section, release, &bad);
    st = CV_THEN(st, cv_source_verify(w->v, w->of->id, w->of->type, &w->source, &bad));
    if (st != CV_OK)
        return grave(w, st, &bad, err);
    return w->g->take(w->g->arg, w->of, cv_json_get(w->source.sections, w->row.section));
}

/* look_at(w, event): at those from w->from to w->to; ${event} NULL: under one of the glance itself, if
 * anything is looked at. */
static cv_status look_at(struct glancing *w, const struct cv_event *event, struct cv_err *err)
{
    w->asked = calloc(w->to - w->from + 1, sizeof(*w->asked));
    w->sections = cv_json_array();
    w->at = w->from;
    w->wanted = 0;
    w->head = false;
    cv_buf_truncate(&w->ids, 0);
    cv_status st = w->asked == NULL || w->sections == NULL ? CV_ERR_NOMEM : CV_OK;
    for (size_t i = w->from; i < w->to && st == CV_OK; i++)
        st = plan(w, i, err);
    const struct cv_event own = { .action = w->g->action,
                                  .named = cv_buf_view(&w->ids),
                                  .sections = w->sections,
                                  .detail = w->g->detail,
                                  .reason = w->g->reason };
    if (st == CV_OK && (w->wanted > 0 || event != NULL))
        st = cv_release_each(w->v, event != NULL ? event : &own, next, take, w, err);
    cv_json_free(w->sections);
    free(w->asked);
    return st;
}

/* look(w, count, event): at all of them. */
static cv_status look(struct glancing *w, size_t count, const struct cv_event *event, struct cv_err *err)
{
    const char *reason = event != NULL ? event->reason : w->g->reason;
    const size_t most = event != NULL ? count : cv_event_named_most;
    cv_status st = CV_OK;
    if (cv_vault_policy(w->v)->reason_required && reason == NULL)
        st = cv_fail(err, CV_ERR_ARG, "this vault asks why: add --reason TEXT");
    do {
        w->to = count - w->from > most ? w->from + most : count;
        st = CV_THEN(st, look_at(w, event, err));
        w->from = w->to;
    } while (st == CV_OK && w->from < count);
    cv_version_free(&w->opened);
    cv_source_free(&w->source);
    cv_buf_free(&w->data);
    cv_buf_free(&w->ids);
    return cv_err_note(err, st, "glance");
}

cv_status cv_glance_under(struct cv_vault *v, const struct cv_glance *g, const struct cv_event *event,
                          const struct cv_version *const *list, size_t count, struct cv_err *err)
{
    struct glancing w = { .v = v, .g = g, .list = list };
    return look(&w, count, event, err);
}

cv_status cv_glance(struct cv_vault *v, const struct cv_glance *g, const struct cv_version *const *list,
                    size_t count, struct cv_err *err)
{
    return cv_glance_under(v, g, NULL, list, count, err);
}

cv_status cv_glance_walk_under(struct cv_vault *v, const struct cv_glance *g, const struct cv_event *event,
                               const struct cv_head_walk *walk, struct cv_err *err)
{
    struct glancing w = { .v = v, .g = g, .walk = walk };
    return look(&w, walk->count, event, err);
}

cv_status cv_glance_walk(struct cv_vault *v, const struct cv_glance *g, const struct cv_head_walk *walk,
                         struct cv_err *err)
{
    return cv_glance_walk_under(v, g, NULL, walk, err);
}

cv_status cv_glance_type(struct cv_vault *v, const struct cv_glance *g, const char *type, struct cv_err *err)
{
    struct cv_head_walk walk = { 0 };
    cv_status st = cv_head_walk(v, type, true, &walk, err);
    st = CV_THEN(st, cv_glance_walk(v, g, &walk, err));
    cv_head_walk_free(&walk);
    return cv_err_note(err, st, "glance");
}
