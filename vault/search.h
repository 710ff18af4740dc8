#ifndef CV_VAULT_SEARCH_H
#define CV_VAULT_SEARCH_H

#include "formats/query.h"
#include "vault/record.h"

/**
 * Searching: over the sections that this member reads by a role, or by a grant, in the last version of every
 * record. Words meet as vault/fold.h has it. Where a word that could be a name is nowhere found, or all words
 * together are not, names are taken that are spelled almost so: one letter otherwise, or two in a long word.
 */
struct cv_search_ask {
    const struct cv_query *query;
    const char *terms; /* as they were written: sealed into the access log */
    const char *type;  /* only records of this type; NULL: all */
    const char *reason;
    size_t limit;
};

struct cv_search_hit {
    struct cv_versions versions; /* of the record; the last one counts */
    char *title;                 /* NULL: it has none, or this member may not read it */
    struct cv_json *places;      /* array of "section.field" */
    bool almost;                 /* only as a name that is spelled almost so */
};
struct cv_search {
    struct cv_search_hit *hits; /* met exactly first, then the newest first */
    size_t count;
    size_t found;           /* records in all, shown or not */
    struct cv_json *almost; /* array of words that were found nowhere, so that names like them were taken */
    bool widened;           /* no record has all words as they are written */
    size_t granted_left;    /* sections of records that were granted, too many to be looked into */
    size_t unread;          /* entries that could not be read, so that nothing was looked for there */
};

/**
 * cv_search(v, ask, out, err): bring the index up to date, look, and log: one event, `search`, with the terms
 * and the ids of the hits, durable before it returns. A word that names no field of the template fails;
 * a field, or a vault, of which this member may read nothing is refused, which is an event too. CV_OK, also
 * with nothing found; CV_ERR_ARG; CV_ERR_NOKEY; as cv_index_open and cv_glance. Free ${out}.
 */
CV_MUST_CHECK cv_status cv_search(struct cv_vault *v, const struct cv_search_ask *ask, struct cv_search *out,
                                  struct cv_err *err);
void cv_search_free(struct cv_search *s);

#endif
