#ifndef CV_CMD_LISTING_H
#define CV_CMD_LISTING_H

#include "cmd/cmd.h"
#include "vault/record.h"

/* A list of versions of records, as `record list` and `record history` show it. */

/* A column besides those of every version: its heading, its name in JSON, and what it says of each record. */
struct cv_column {
    const char *heading, *member;
    const struct cv_json *of; /* record id -> text, or null; NULL: there is no such column */
};
#define CV_LISTING_COLUMNS 3
struct cv_listing {
    const struct cv_version **v;
    size_t count;
    struct cv_column more[CV_LISTING_COLUMNS];
};

/** cv_listing_add(l, version): one more, at the end; the version stays the caller's. */
CV_MUST_CHECK cv_status cv_listing_add(struct cv_listing *l, const struct cv_version *version);
/** cv_listing_latest(l, list): into an empty one, of each record the last version, the newest entry last. */
CV_MUST_CHECK cv_status cv_listing_latest(struct cv_listing *l, const struct cv_versions *list);
/** cv_listing_by_entry(a, b): that order, for qsort. */
int cv_listing_by_entry(const void *a, const void *b);
void cv_listing_free(struct cv_listing *l);

/** cv_listing_print(ui, l): a table, or a line of JSON for each. */
CV_MUST_CHECK cv_status cv_listing_print(const struct cv_ui *ui, const struct cv_listing *l);
/** cv_listing_lost(list): on stderr, entries that claim what another entry is: rather to be looked into than
 * to be passed over, even by who wants to be told little. */
void cv_listing_lost(const struct cv_versions *list);

#endif
