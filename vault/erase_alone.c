#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "vault/document.h"
#include "vault/erase.h"
#include "vault/head_walk.h"

/* That what would stay after an erasure stands on nothing that goes. */

static bool named(const struct cv_erasure *e, uint64_t entry)
{
    bool found = false;
    for (size_t i = 0; i < e->count && !found; i++)
        found = e->versions[i].entry == entry;
    return found;
}

/* stands_on(list, version, e): the number of a version that this one stands on, and that would go; 0 if none.
 */
static uint64_t stands_on(const struct cv_versions *list, const struct cv_version *version,
                          const struct cv_erasure *e)
{
    for (void *it = cv_json_first(version->carried); it != NULL; it = cv_json_next(version->carried, it)) {
        const uint64_t number = (uint64_t)cv_json_to_int(cv_json_iter_value(it));
        for (size_t i = 0; i < list->count; i++)
            if (list->v[i].version == number && strcmp(list->v[i].id, version->id) == 0 &&
                named(e, list->v[i].index))
                return number;
    }
    return 0;
}

/* file_stays(v, list, e): a file that would go, and a version that lists it and would stay. */
static cv_status file_stays(struct cv_vault *v, const struct cv_versions *list, const struct cv_erasure *e,
                            struct cv_err *err)
{
    struct cv_documents files;
    cv_status st = cv_documents_of(v, NULL, list, &files, err);
    for (size_t i = 0; i < files.count && st == CV_OK; i++)
        for (size_t k = 0; k < list->count && named(e, files.d[i].first) && st == CV_OK; k++) {
            const struct cv_version *stays = &list->v[k];
            for (size_t j = 0; j < files.d[i].version_count && st == CV_OK; j++)
                if (strcmp(stays->id, files.d[i].record) == 0 && stays->version == files.d[i].versions[j] &&
                    !named(e, stays->index))
                    st = cv_fail(err, CV_ERR_DENIED,
                                 "version %" PRIu64 " of record %s lists file %s: ask for the erasure again",
                                 stays->version, stays->id, files.d[i].id);
        }
    cv_documents_free(&files);
    return st;
}

/* add(list, more): they move over. */
static cv_status add(struct cv_versions *list, struct cv_versions *more)
{
    struct cv_version *v = realloc(list->v, (list->count + more->count + 1) * sizeof(*v));
    if (v == NULL)
        return CV_ERR_NOMEM;
    list->v = v;
    for (size_t i = 0; i < more->count; i++) {
        v[list->count++] = more->v[i];
        more->v[i].carried = NULL;
    }
    return CV_OK;
}

/* about(v, e, ids): the records that a version of is to go. */
static cv_status about(struct cv_vault *v, const struct cv_erasure *e, struct cv_json *ids,
                       struct cv_err *err)
{
    struct cv_head_walk walk = { 0 };
    cv_status st = ids == NULL ? CV_ERR_NOMEM : cv_head_walk(v, NULL, false, &walk, err);
    for (size_t i = 0; i < walk.count && st == CV_OK; i++) {
        struct cv_version version = { 0 };
        if (!named(e, walk.step[i].index))
            continue;
        st = cv_head_walk_at(v, &walk, i, &version, err);
        st = st == CV_ERR_NOTFOUND ? CV_OK : CV_THEN(st, cv_json_push_word(ids, version.id));
        cv_version_free(&version);
    }
    cv_head_walk_free(&walk);
    return st;
}

/* versions_about(v, e, out): all that there are of these records. */
static cv_status versions_about(struct cv_vault *v, const struct cv_erasure *e, struct cv_versions *out,
                                struct cv_err *err)
{
    struct cv_json *ids = cv_json_array();
    cv_status st = about(v, e, ids, err);
    for (size_t i = 0; i < cv_json_len(ids) && st == CV_OK; i++) {
        struct cv_versions one = { 0 };
        st = cv_record_versions(v, cv_json_cstr(cv_json_at(ids, i)), &one, err);
        st = CV_THEN(st, add(out, &one));
        cv_versions_free(&one);
    }
    cv_json_free(ids);
    return st;
}

/* files_stay(v, e): no file that would go; which record each is of, only all versions tell. */
static cv_status files_stay(struct cv_vault *v, const struct cv_erasure *e, struct cv_err *err)
{
    struct cv_versions all = { 0 };
    if (v->custody->counts[CV_KIND_PIECE] == 0)
        return CV_OK;
    cv_status st = cv_record_versions(v, NULL, &all, err);
    if (all.count > 0)
        st = CV_THEN(st, file_stays(v, &all, e, err));
    cv_versions_free(&all);
    return st;
}

cv_status cv_erase_alone(struct cv_vault *v, const struct cv_erasure *e, struct cv_err *err)
{
    struct cv_versions list = { 0 };
    if (!cv_vault_may_read(v, "head"))
        return CV_OK;
    cv_status st = versions_about(v, e, &list, err);
    for (size_t i = 0; i < list.count && st == CV_OK; i++) {
        const struct cv_version *stays = &list.v[i];
        const uint64_t on = named(e, stays->index) ? 0 : stands_on(&list, stays, e);
        if (on > 0)
            st = cv_fail(err, CV_ERR_DENIED,
                         "version %" PRIu64 " of record %s, written since, stands on version %" PRIu64
                         ": ask for the erasure again",
                         stays->version, stays->id, on);
    }
    st = CV_THEN(st, files_stay(v, e, err));
    cv_versions_free(&list);
    return st;
}
