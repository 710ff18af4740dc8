#ifndef CV_VAULT_CATALOG_INSIDE_H
#define CV_VAULT_CATALOG_INSIDE_H

#include <sqlite3.h>

#include "vault/catalog.h"

/* How the catalog asks SQLite; for the catalog*.c files alone. */

enum query {
    Q_BEGIN,
    Q_COMMIT,
    Q_ROLLBACK,
    Q_GET_META,
    Q_SET_META,
    Q_ADD,
    Q_FIND,
    Q_NEXT,
    Q_NEXT_NEAR,
    Q_ADD_POLICY,
    Q_POLICY,
    Q_POLICY_AT,
    Q_ADD_HEAD,
    Q_DROP_HEAD,
    Q_HEADS_TAG,
    Q_HEADS_ALL,
    Q_HEAD,
    Q_LISTED,
    Q_LOSE,
    Q_SET_LISTED,
    Q_FORGET_HEADS,
    Q_ADD_SOURCE,
    Q_SOURCE,
    Q_ANY_SOURCE,
    Q_FORGET_SOURCES,
    Q_FORGET_LISTED,
    Q_OTHERS,
    Q_RING,
    Q_SET_RING,
    Q_TOTAL
};

struct cv_catalog {
    sqlite3 *db;
    sqlite3_stmt *stmt[Q_TOTAL];
    char path[4096], vault[65];
    bool damaged; /* what was read is no catalog, or not a whole one */
    bool within;  /* a transaction is open */
    unsigned made;
    cv_catalog_fn refill;
    void *arg;
};

/* A value of a query, in the order of its numbers. */
struct value {
    enum { NUMBER, TEXT, BLOB } type;
    uint64_t number;
    struct cv_bytes bytes;
};
#define NUM(v) ((struct value){ NUMBER, (uint64_t)(v), { 0 } })
#define TXT(s) ((struct value){ TEXT, 0, cv_bytes_str(s) })
#define BYT(b) ((struct value){ BLOB, 0, b })

/** catalog_ask(c, q, values, n, err): the query's first row, which the caller resets when it was read. What
 * finds the catalog damaged asks the new one. CV_OK; CV_ERR_NOTFOUND if there is none; CV_ERR_IO. */
CV_MUST_CHECK cv_status catalog_ask(struct cv_catalog *c, enum query q, const struct value *values, int n,
                                    struct cv_err *err);
#define ASK(c, q, err, ...)                                                                                  \
    catalog_ask(c, q, (const struct value[]){ __VA_ARGS__ },                                                 \
                (int)(sizeof((const struct value[]){ __VA_ARGS__ }) / sizeof(struct value)), err)

/** catalog_step(c, s, err): the next row, likewise. */
CV_MUST_CHECK cv_status catalog_step(struct cv_catalog *c, sqlite3_stmt *s, struct cv_err *err);

/** catalog_done(st): of a query without rows. */
CV_MUST_CHECK cv_status catalog_done(cv_status st);

/** catalog_exact(s, at, out, n): the column's bytes, if they are so many. */
bool catalog_exact(sqlite3_stmt *s, int at, void *out, size_t n);

/** catalog_number(c, q, st, out): the one column of the query's row, if ${st} says that there is one. */
CV_MUST_CHECK cv_status catalog_number(struct cv_catalog *c, enum query q, cv_status st, uint64_t *out);

#endif
