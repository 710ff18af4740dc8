#include "vault/link.h"

#include <stdio.h>
#include <string.h>

#define CASE "case"

/* A field in which a record of one type can name one of another. */
struct way {
    const char *section;
    struct cv_template_field field;
    const char *from, *to; /* ids */
};

/* A record of a link: which it is. */
struct end {
    char type[CV_NAME_BYTES];
    const char *id;
};

/* way_of(t, from, to, out): the first such field. */
static bool way_of(const struct cv_template *t, const struct end *from, const struct end *to, struct way *out)
{
    const char *section;
    struct cv_template_field f;
    for (size_t i = 0; (section = cv_template_type_section(t, from->type, i)) != NULL; i++)
        for (size_t j = 0; cv_template_field(t, from->type, section, j, &f); j++)
            if (f.to != NULL && strcmp(f.to, to->type) == 0) {
                *out = (struct way){ section, f, from->id, to->id };
                return true;
            }
    return false;
}

/* find(v, text, type, id): which record it is. */
static cv_status find(struct cv_vault *v, const char *text, const char *reason, char *type, char *id,
                      struct cv_err *err)
{
    struct cv_versions list = { 0 };
    cv_status st = cv_record_find(v, text, "edit", reason, &list, err);
    if (st == CV_OK) {
        memcpy(id, list.v[0].id, CV_ID_TEXT_BYTES);
        memcpy(type, list.v[0].type, CV_NAME_BYTES);
    }
    cv_versions_free(&list);
    return st;
}

/* choose(ways, count, part): both, to part them, and of two records of one type; else the one that leads to a
 * case, or the first. */
static size_t choose(struct way *ways, size_t count, bool part)
{
    if (count < 2 || part || strcmp(ways[0].field.to, ways[1].field.to) == 0)
        return count;
    if (strcmp(ways[1].field.to, CASE) == 0)
        ways[0] = ways[1];
    return 1;
}

/* change(w, part, out): the edit that makes, or undoes, it. */
static cv_status change(const struct way *w, bool part, struct cv_json **joins, struct cv_edit *out)
{
    *joins = cv_json_object();
    cv_status st = cv_json_set(*joins, w->section, cv_json_object());
    st = CV_THEN(st, cv_json_set(cv_json_get(*joins, w->section), w->field.name, cv_json_str(w->to)));
    *out = (struct cv_edit){ .joins = *joins,
                             .part = part,
                             .detail = part ? "a link was taken away" : "linked to another record",
                             .with = w->to };
    return st;
}

static cv_status link_ways(struct cv_vault *v, const struct way *ways, size_t count, bool part,
                           const char *reason, struct cv_linked *out, struct cv_err *err)
{
    struct cv_edit edits[CV_EDITS_MAX] = { 0 };
    struct cv_json *joins[CV_EDITS_MAX] = { 0 };
    const char *ids[CV_EDITS_MAX] = { 0 };
    cv_status st = CV_OK;
    for (size_t i = 0; i < count && st == CV_OK; i++) {
        ids[i] = ways[i].from;
        out->label[i] = ways[i].field.label;
        out->to[i] = ways[i].to;
        st = change(&ways[i], part, &joins[i], &edits[i]);
    }
    st = CV_THEN(st, cv_record_edit_all(v, ids, edits, count, reason, out->stored, err));
    out->count = st == CV_OK ? count : 0;
    for (size_t i = 0; i < CV_EDITS_MAX; i++)
        cv_json_free(joins[i]);
    return st;
}

cv_status cv_link(struct cv_vault *v, const char *a, const char *b, bool part, const char *reason,
                  struct cv_linked *out, struct cv_err *err)
{
    struct end ends[2] = { { .id = out->a }, { .id = out->b } };
    struct way ways[CV_EDITS_MAX];
    size_t count = 0;
    memset(out, 0, sizeof(*out));
    cv_status st = find(v, a, reason, ends[0].type, out->a, err);
    st = CV_THEN(st, find(v, b, reason, ends[1].type, out->b, err));
    if (st == CV_OK && strcmp(out->a, out->b) == 0)
        st = cv_fail(err, CV_ERR_ARG, "that is one record; give two");
    if (st != CV_OK)
        return cv_err_note(err, st, "link");
    count += way_of(v->template, &ends[0], &ends[1], &ways[count]);
    count += way_of(v->template, &ends[1], &ends[0], &ways[count]);
    if (count == 0)
        return cv_fail(err, CV_ERR_ARG, "this vault's template has no field that joins a %s and a %s",
                       ends[0].type, ends[1].type);
    count = choose(ways, count, part);
    st = link_ways(v, ways, count, part, reason, out, err);
    bool any = false;
    for (size_t i = 0; i < out->count; i++)
        any = any || out->stored[i].version != 0;
    if (st == CV_OK && part && !any)
        st = cv_fail(err, CV_ERR_NOTFOUND, "%s and %s are not linked; nothing was changed", out->a, out->b);
    return cv_err_note(err, st, "link");
}
