#include <stdlib.h>
#include <string.h>

#include "vault/head_rows.h"

/* Which version of a record counts, and of which type it is. */

void cv_version_free(struct cv_version *version)
{
    cv_json_free(version->carried);
    version->carried = NULL;
}

void cv_versions_free(struct cv_versions *list)
{
    for (size_t i = 0; i < list->count; i++)
        cv_version_free(&list->v[i]);
    free(list->v);
    free(list->lost);
    memset(list, 0, sizeof(*list));
}

/* room_for(list): one more; twice as many each time. */
static bool room_for(struct cv_versions *list)
{
    if (list->count > 0 && (list->count & (list->count - 1)) != 0)
        return true;
    struct cv_version *more = realloc(list->v, (list->count == 0 ? 1 : 2 * list->count) * sizeof(*more));
    if (more != NULL)
        list->v = more;
    return more != NULL;
}

cv_status cv_versions_add(struct cv_versions *list, const struct cv_head_rows *rows, uint64_t index,
                          struct cv_bytes sealed, struct cv_err *err)
{
    cv_status st = room_for(list) ? CV_OK : CV_ERR_NOMEM;
    st = CV_THEN(st, cv_head_row_version(rows, index, sealed, &list->v[list->count], err));
    if (st == CV_OK)
        list->count++;
    return st == CV_ERR_NOTFOUND ? CV_OK : st; /* its key is gone, and it will be listed again */
}

/* lose(list, row): leave it out, but tell of it. */
static cv_status lose(struct cv_versions *list, struct cv_version *row)
{
    struct cv_lost *more = realloc(list->lost, (list->lost_count + 1) * sizeof(*more));
    if (more == NULL)
        return CV_ERR_NOMEM;
    list->lost = more;
    struct cv_lost *lost = &more[list->lost_count++];
    *lost = (struct cv_lost){ .index = row->index, .version = row->version };
    memcpy(lost->id, row->id, sizeof(lost->id));
    memcpy(lost->author, row->author, sizeof(lost->author));
    return CV_OK;
}

cv_status cv_versions_settle(struct cv_versions *list)
{
    size_t kept = 0;
    cv_status st = CV_OK;
    for (size_t i = 0; i < list->count; i++) {
        struct cv_version *row = &list->v[i];
        if (kept > 0 &&
            (row->version <= list->v[kept - 1].version || strcmp(row->type, list->v[0].type) != 0)) {
            st = CV_THEN(st, lose(list, row));
            cv_version_free(row);
        } else
            list->v[kept++] = *row;
    }
    list->count = kept;
    return st;
}

/* by id, then by version */
static int by_id(const void *a, const void *b)
{
    const struct cv_version *x = *(const struct cv_version *const *)a,
                            *y = *(const struct cv_version *const *)b;
    const int c = strcmp(x->id, y->id);
    return c != 0 ? c : (x->version > y->version) - (x->version < y->version);
}

static int by_entry(const void *a, const void *b)
{
    const struct cv_version *x = *(const struct cv_version *const *)a,
                            *y = *(const struct cv_version *const *)b;
    return (x->index > y->index) - (x->index < y->index);
}

cv_status cv_versions_latest(const struct cv_versions *list, const char *type, struct cv_latest *out)
{
    size_t n = 0;
    *out = (struct cv_latest){ .v = calloc(list->count + 1, sizeof(*out->v)) };
    if (out->v == NULL)
        return CV_ERR_NOMEM;
    for (size_t i = 0; i < list->count; i++)
        if (type == NULL || strcmp(list->v[i].type, type) == 0)
            out->v[n++] = &list->v[i];
    qsort(out->v, n, sizeof(*out->v), by_id);
    for (size_t i = 0; i < n; i++)
        if (i + 1 == n || strcmp(out->v[i]->id, out->v[i + 1]->id) != 0)
            out->v[out->count++] = out->v[i];
    qsort(out->v, out->count, sizeof(*out->v), by_entry);
    return CV_OK;
}

void cv_latest_free(struct cv_latest *latest)
{
    free(latest->v);
    *latest = (struct cv_latest){ 0 };
}

cv_status cv_record_find_as(struct cv_vault *v, const char *id, const char *type, const char *action,
                            const char *reason, struct cv_versions *out, struct cv_err *err)
{
    cv_status st = cv_record_find(v, id, action, reason, out, err);
    if (st != CV_OK || strcmp(out->v[0].type, type) == 0)
        return st;
    st = cv_fail(err, CV_ERR_ARG, "record %s is of type %s, not %s", out->v[0].id, out->v[0].type, type);
    cv_versions_free(out);
    return st;
}

cv_status cv_record_read_as(struct cv_vault *v, const char *id, const char *type, const char *section,
                            const char *reason, struct cv_record *out, struct cv_err *err)
{
    const char *const sections[] = { section, NULL };
    struct cv_versions versions = { 0 };
    memset(out, 0, sizeof(*out));
    cv_status st = cv_record_find_as(v, id, type, "read", reason, &versions, err);
    st = CV_THEN(st, cv_record_read(v, id, 0, sections, "read", reason, out, err));
    if (st == CV_OK && cv_record_section(out, section) == NULL) {
        st = cv_fail(err, CV_ERR_NOTFOUND, "the section %s of record %s was erased", section, out->id);
        cv_record_free(out);
    }
    cv_versions_free(&versions);
    return st;
}
