#include <stdlib.h>
#include <string.h>

#include "vault/record.h"

/* Which version of a record counts, and of which type it is. */

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
