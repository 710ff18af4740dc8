#include "vault/glance.h"

#include <stdlib.h>
#include <string.h>

#include "vault/grant.h"
#include "vault/source.h"

/* One record: which entry its section stands in. */
struct row {
    const struct cv_version *of;
    const char *section;
    uint64_t index, version;
};

struct glancing {
    struct cv_vault *v;
    const struct cv_glance *g;
    struct row *rows;
    struct cv_want *wants; /* of each row its head, then its section */
    size_t count;
    struct cv_json *ids, *sections; /* for the event */
    struct cv_source source;        /* of the row whose parts come in */
    struct cv_buf data;
    struct cv_envelope env;
};

/* stands_in(v, version, section, row): the version itself, or the one that it carries the section from. */
static cv_status stands_in(struct cv_vault *v, const struct cv_version *version, const char *section,
                           struct row *row, struct cv_err *err)
{
    const struct cv_json *carried = cv_json_get(version->carried, section);
    struct cv_versions all = { 0 };
    *row = (struct row){ version, section, version->index, version->version };
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

/* grave(w, row, st): what ends it all; an entry that is damaged, or lies, costs itself alone. */
static cv_status grave(const struct glancing *w, const struct row *row, cv_status st,
                       const struct cv_err *bad, struct cv_err *err)
{
    if (st == CV_ERR_IO || st == CV_ERR_NOMEM)
        return cv_fail(err, st, "%s", bad->msg);
    if (st != CV_OK && w->g->unread != NULL)
        w->g->unread(w->g->arg, row->index);
    return CV_OK;
}

/* granted(w, row): does a grant open that section, as it stands? */
static bool granted(const struct glancing *w, const struct row *row)
{
    const struct cv_granted *g = w->g->granted ? cv_granted(w->v, row->index, row->section) : NULL;
    return g != NULL && !g->over;
}

/* plan_row(w, version): its section, if there is one that this member may read, will be asked for. */
static cv_status plan_row(struct glancing *w, const struct cv_version *version, struct cv_err *err)
{
    const char *section = w->g->section(w->g->arg, version);
    struct row row;
    struct cv_err bad = { 0 };
    if (section == NULL || (!cv_vault_may_read(w->v, section) && !w->g->granted))
        return CV_OK;
    cv_status st = stands_in(w->v, version, section, &row, err);
    if (st != CV_OK || row.index == UINT64_MAX || (!cv_vault_may_read(w->v, section) && !granted(w, &row)))
        return st;
    st = open_entry(w, row.index, &bad);
    if (st != CV_OK)
        return grave(w, &row, st, &bad, err);
    struct cv_want *wants = &w->wants[2 * w->count];
    wants[0] = (struct cv_want){ .slot = w->env.slot, .part = "head" };
    wants[1] = (struct cv_want){ .slot = w->env.slot, .part = section };
    memcpy(wants[0].handle, w->env.handle, sizeof(wants[0].handle));
    memcpy(wants[1].handle, w->env.handle, sizeof(wants[1].handle));
    w->rows[w->count++] = row;
    /* Of a record of which several sections are looked at it is named once. */
    const char *last = cv_json_cstr(cv_json_at(w->ids, cv_json_len(w->ids) - 1));
    st = last != NULL && strcmp(last, version->id) == 0 ? CV_OK
                                                        : cv_json_push(w->ids, cv_json_str(version->id));
    return CV_THEN(st, cv_json_push_word(w->sections, section));
}

/* take(w, i, release): the head begins a row; its section ends it, if all of it verifies. */
static cv_status take(void *arg, size_t i, struct cv_bytes release, struct cv_err *err)
{
    struct glancing *w = arg;
    const struct row *row = &w->rows[i / 2];
    struct cv_err bad = { 0 };
    cv_status st = CV_OK;
    if (i % 2 == 0) {
        cv_source_free(&w->source);
        st = cv_source_new(row->index, row->version, &w->source);
        st = CV_THEN(st, open_entry(w, row->index, &bad));
        if (st == CV_OK && release.n > 0)
            st = cv_source_head(w->v, &w->source, &w->env, release, &bad);
        return grave(w, row, st, &bad, err);
    }
    if (release.n == 0 || w->source.head == NULL)
        return CV_OK; /* erased, or it did not open */
    st = cv_source_section(w->v, &w->source, &w->env, row->section, release, &bad);
    st = CV_THEN(st, cv_source_verify(w->v, row->of->id, row->of->type, &w->source, &bad));
    if (st != CV_OK)
        return grave(w, row, st, &bad, err);
    return w->g->take(w->g->arg, row->of, cv_json_get(w->source.sections, row->section));
}

cv_status cv_glance_under(struct cv_vault *v, const struct cv_glance *g, const struct cv_event *event,
                          const struct cv_version *const *list, size_t count, struct cv_err *err)
{
    struct glancing w = { .v = v,
                          .g = g,
                          .rows = calloc(count + 1, sizeof(*w.rows)),
                          .wants = calloc(2 * count + 1, sizeof(*w.wants)),
                          .ids = cv_json_array(),
                          .sections = cv_json_array() };
    cv_status st = w.rows == NULL || w.wants == NULL || w.ids == NULL ? CV_ERR_NOMEM : CV_OK;
    if (st == CV_OK && cv_vault_policy(v)->reason_required &&
        (event != NULL ? event->reason : g->reason) == NULL)
        st = cv_fail(err, CV_ERR_ARG, "this vault asks why: add --reason TEXT");
    for (size_t i = 0; i < count && st == CV_OK; i++)
        st = plan_row(&w, list[i], err);
    const struct cv_event own = {
        .action = g->action, .ids = w.ids, .sections = w.sections, .detail = g->detail, .reason = g->reason
    };
    if (st == CV_OK && (w.count > 0 || event != NULL))
        st = cv_release(v, event != NULL ? event : &own, w.wants, 2 * w.count, take, &w, err);
    cv_source_free(&w.source);
    cv_buf_free(&w.data);
    cv_json_free(w.ids);
    cv_json_free(w.sections);
    free(w.rows);
    free(w.wants);
    return cv_err_note(err, st, "glance");
}

cv_status cv_glance(struct cv_vault *v, const struct cv_glance *g, const struct cv_version *const *list,
                    size_t count, struct cv_err *err)
{
    return cv_glance_under(v, g, NULL, list, count, err);
}

cv_status cv_glance_type(struct cv_vault *v, const struct cv_glance *g, const char *type, struct cv_err *err)
{
    struct cv_versions list = { 0 };
    struct cv_latest latest = { 0 };
    cv_status st = cv_record_versions(v, NULL, &list, err);
    st = CV_THEN(st, cv_versions_latest(&list, type, &latest));
    st = CV_THEN(st, cv_glance(v, g, latest.v, latest.count, err));
    cv_latest_free(&latest);
    cv_versions_free(&list);
    return cv_err_note(err, st, "glance");
}
