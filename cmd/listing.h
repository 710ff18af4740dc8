#ifndef CV_CMD_LISTING_H
#define CV_CMD_LISTING_H

#include "cmd/cmd.h"
#include "vault/record.h"

/* A list of versions of records, as `record list` and `record history` show it. */

/* A column besides those of every version: its heading, its name in JSON, and what it says of each record. */
struct cv_column {
    const char *heading, *member;
    const char *(*text)(const void *of, const struct cv_version *version); /* NULL: there is no such column */
    const void *of;
};
#define CV_LISTING_COLUMNS 3
struct cv_listing {
    struct cv_column more[CV_LISTING_COLUMNS];
    struct cv_table table;
};

/** cv_listing_put(ui, l, version): one more: a row of a table, or at once a line of JSON. */
CV_MUST_CHECK cv_status cv_listing_put(const struct cv_ui *ui, struct cv_listing *l,
                                       const struct cv_version *version);
/** cv_listing_end(l): what is not printed yet. Also after a failure. */
void cv_listing_end(struct cv_listing *l);
/** cv_listing_lost(lost, count): on stderr, entries that claim what another entry is: rather to be looked
 * into than to be passed over, even by who wants to be told little. */
void cv_listing_lost(const struct cv_lost *lost, size_t count);

#endif
