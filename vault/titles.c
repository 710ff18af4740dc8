#include <stdlib.h>
#include <string.h>

#include "vault/source.h"

/* The title of one record: which entry it stands in. */
struct row {
    const struct cv_version *of;
    const char *section;
    uint64_t index, version;
};

struct titling {
    struct cv_vault *v;
    struct row *rows;
    struct cv_want *wants; /* of each row its head, then its section */
    size_t count;
    struct cv_json *ids, *sections, *titles;
    struct cv_source source; /* of the row whose parts come in */
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

/* add_name(list, name): each once. */
static cv_status add_name(struct cv_json *list, const char *name)
{
    for (size_t i = 0; i < cv_json_len(list); i++)
        if (strcmp(cv_json_cstr(cv_json_at(list, i)), name) == 0)
            return CV_OK;
    return cv_json_push(list, cv_json_str(name));
}

/* open_entry(g, index): the entry that the next parts are of. */
static cv_status open_entry(struct titling *g, uint64_t index, struct cv_err *err)
{
    cv_buf_truncate(&g->data, 0);
    cv_status st = cv_custody_read(g->v->custody, index, CV_KIND_RECORD, &g->data, err);
    return CV_THEN(st, cv_envelope_parse(cv_buf_view(&g->data), &g->env, err));
}

/* grave(st): what ends the list; an entry that is damaged, or lies, costs itself alone. */
static cv_status grave(cv_status st, const struct cv_err *bad, struct cv_err *err)
{
    return st == CV_ERR_IO || st == CV_ERR_NOMEM ? cv_fail(err, st, "%s", bad->msg) : CV_OK;
}

/* plan_row(g, version): its title's section, if there is one that this member may read, will be asked for. */
static cv_status plan_row(struct titling *g, const struct cv_version *version, struct cv_err *err)
{
    struct cv_template_field field;
    const char *section = NULL;
    struct row row;
    struct cv_err bad = { 0 };
    if (!cv_template_title(g->v->template, version->type, 0, &section, &field) ||
        !cv_vault_may_read(g->v, section))
        return CV_OK;
    cv_status st = stands_in(g->v, version, section, &row, err);
    if (st != CV_OK || row.index == UINT64_MAX)
        return st;
    st = open_entry(g, row.index, &bad);
    if (st != CV_OK)
        return grave(st, &bad, err);
    struct cv_want *wants = &g->wants[2 * g->count];
    wants[0] = (struct cv_want){ .slot = g->env.slot, .part = "head" };
    wants[1] = (struct cv_want){ .slot = g->env.slot, .part = section };
    memcpy(wants[0].handle, g->env.handle, sizeof(wants[0].handle));
    memcpy(wants[1].handle, g->env.handle, sizeof(wants[1].handle));
    g->rows[g->count++] = row;
    st = cv_json_push(g->ids, cv_json_str(version->id));
    return CV_THEN(st, add_name(g->sections, section));
}

/* keep_title(g, row): its title fields, with a space between. */
static cv_status keep_title(struct titling *g, const struct row *row)
{
    const struct cv_json *data = cv_json_get(g->source.sections, row->section);
    struct cv_template_field field;
    struct cv_buf title = { 0 };
    const char *section;
    cv_status st = CV_OK;
    for (size_t i = 0; st == CV_OK && cv_template_title(g->v->template, row->of->type, i, &section, &field);
         i++) {
        const struct cv_bytes value = cv_json_text(cv_json_get(data, field.name));
        if (value.n > 0 && title.n > 0)
            st = cv_buf_str(&title, " ");
        st = CV_THEN(st, cv_buf_append(&title, value));
    }
    if (st == CV_OK && title.n > 0)
        st = cv_json_set(g->titles, row->of->id, cv_json_strn(cv_buf_view(&title)));
    cv_buf_free(&title);
    return st;
}

/* take(g, i, release): the head begins a row; its section ends it, with a title if all of it verifies. */
static cv_status take(void *arg, size_t i, struct cv_bytes release, struct cv_err *err)
{
    struct titling *g = arg;
    const struct row *row = &g->rows[i / 2];
    struct cv_err bad = { 0 };
    cv_status st = CV_OK;
    if (i % 2 == 0) {
        cv_source_free(&g->source);
        st = cv_source_new(row->index, row->version, &g->source);
        st = CV_THEN(st, open_entry(g, row->index, &bad));
        if (st == CV_OK && release.n > 0)
            st = cv_source_head(g->v, &g->source, &g->env, release, &bad);
        return grave(st, &bad, err);
    }
    if (release.n == 0 || g->source.head == NULL)
        return CV_OK; /* erased, or it did not open */
    st = cv_source_section(g->v, &g->source, &g->env, row->section, release, &bad);
    st = CV_THEN(st, cv_source_verify(g->v, row->of->id, row->of->type, &g->source, &bad));
    st = CV_THEN(st, keep_title(g, row));
    return grave(st, &bad, err);
}

cv_status cv_record_titles(struct cv_vault *v, const struct cv_version *const *list, size_t count,
                           const char *reason, struct cv_json **out, struct cv_err *err)
{
    struct titling g = { .v = v,
                         .rows = calloc(count + 1, sizeof(*g.rows)),
                         .wants = calloc(2 * count + 1, sizeof(*g.wants)),
                         .ids = cv_json_array(),
                         .sections = cv_json_array(),
                         .titles = cv_json_object() };
    *out = NULL;
    cv_status st = g.rows == NULL || g.wants == NULL || g.titles == NULL ? CV_ERR_NOMEM : CV_OK;
    if (st == CV_OK && cv_vault_policy(v)->reason_required && reason == NULL)
        st = cv_fail(err, CV_ERR_ARG, "this vault asks why: add --reason TEXT");
    for (size_t i = 0; i < count && st == CV_OK; i++)
        st = plan_row(&g, list[i], err);
    const struct cv_event event = {
        .action = "list", .ids = g.ids, .sections = g.sections, .detail = "titles", .reason = reason
    };
    if (st == CV_OK && g.count > 0)
        st = cv_release(v, &event, g.wants, 2 * g.count, take, &g, err);
    if (st == CV_OK) {
        *out = g.titles;
        g.titles = NULL;
    }
    cv_source_free(&g.source);
    cv_buf_free(&g.data);
    cv_json_free(g.ids);
    cv_json_free(g.sections);
    cv_json_free(g.titles);
    free(g.rows);
    free(g.wants);
    return cv_err_note(err, st, "titles");
}
