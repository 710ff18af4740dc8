#include "vault/head_own.h"

#include <stdlib.h>
#include <string.h>

#include "vault/grant.h"

#define OWN_MAX 4096

struct own {
    uint64_t index, batch;
    uint8_t handle[CV_HANDLE_BYTES], jwt[32];
    struct cv_json *head;
};

struct cv_head_own {
    struct own list[OWN_MAX];
    size_t count, committed;
};

void cv_head_own(struct cv_vault *v, const struct cv_head_origin *of, const struct cv_json *head,
                 const uint8_t jwt[static 32])
{
    if (v->own == NULL && (v->own = calloc(1, sizeof(*v->own))) == NULL)
        return;
    struct cv_head_own *o = v->own;
    if (o->count == OWN_MAX)
        return;
    struct own *own = &o->list[o->count++];
    *own = (struct own){ of->index, of->batch, { 0 }, { 0 }, cv_json_ref((struct cv_json *)(uintptr_t)head) };
    memcpy(own->handle, of->handle, sizeof(own->handle));
    memcpy(own->jwt, jwt, sizeof(own->jwt));
}

/* follows(v, o, rows): does the index, as this process left it, go up to where they begin, and did nobody
 * else write a record since? Asked inside the transaction that puts them there. */
static bool follows(struct cv_vault *v, const struct cv_head_own *o, const struct cv_head_rows *rows)
{
    return v->listed + o->committed == v->custody->counts[CV_KIND_RECORD] && cv_head_rows_as_left(v, rows);
}

/* put_all(v, o, rows): in one transaction. CV_ERR_NOTFOUND if they do not follow. */
static cv_status put_all(struct cv_vault *v, const struct cv_head_own *o, const struct cv_head_rows *rows)
{
    struct cv_catalog *catalog = cv_custody_catalog(v->custody);
    const uint64_t to = o->list[o->committed - 1].index + 1;
    cv_status st = cv_catalog_begin(catalog, NULL);
    if (st == CV_OK && !follows(v, o, rows))
        st = CV_ERR_NOTFOUND;
    for (size_t i = 0; i < o->committed && st == CV_OK; i++) {
        const struct own *own = &o->list[i];
        const struct cv_head_origin of = { own->index, own->batch, own->handle };
        const char *section = cv_vault_head_section(v, cv_json_get_str(own->head, "type"));
        if (section != NULL && cv_vault_may_read(v, section))
            st = cv_head_row_add(v, rows, &of, own->head, own->jwt, v->id->public.pseudonym, NULL);
    }
    st = CV_THEN(st, cv_catalog_set_listed(catalog, rows->reader, to, NULL));
    st = CV_THEN(st, cv_catalog_commit(catalog, NULL));
    if (st == CV_OK && v->listed_in == cv_catalog_made(catalog)) {
        v->listed += o->committed;
        v->listed_to = to;
    }
    return st;
}

void cv_head_own_put(struct cv_vault *v)
{
    struct cv_head_rows *rows = NULL;
    struct cv_head_own *o = v->own;
    if (o == NULL || o->committed == 0)
        return;
    if (cv_head_rows(v, &rows, NULL) == CV_OK && put_all(v, o, rows) != CV_OK)
        cv_catalog_rollback(v->custody->catalog);
    /* Those of a commit under way follow, at the next. */
    const size_t left = o->count - o->committed;
    for (size_t i = 0; i < o->committed; i++)
        cv_json_free(o->list[i].head);
    memmove(o->list, o->list + o->committed, left * sizeof(*o->list));
    o->count = left;
    o->committed = 0;
}

void cv_head_own_commit(struct cv_vault *v)
{
    if (v->own == NULL)
        return;
    v->own->committed = v->own->count;
    if (v->own->count >= OWN_MAX / 2)
        cv_head_own_put(v);
}

void cv_head_own_abort(struct cv_vault *v)
{
    while (v->own != NULL && v->own->count > v->own->committed)
        cv_json_free(v->own->list[--v->own->count].head);
}
