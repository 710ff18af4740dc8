#include "vault/catalog.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LAYOUT "2"

/* Every commit has events and a checkpoint; only the other kinds are worth an index. */
#define SPARSE "kind <> 5 AND kind <> 7"
_Static_assert(CV_KIND_EVENT == 5 && CV_KIND_CHECKPOINT == 7, "SPARSE names them");

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value BLOB);"
    "CREATE TABLE IF NOT EXISTS entry(idx INTEGER PRIMARY KEY, kind INTEGER, segment INTEGER, offset INTEGER,"
    " bytes INTEGER, hash BLOB);"
    "CREATE INDEX IF NOT EXISTS entry_kind ON entry(kind, idx) WHERE " SPARSE ";"
    "CREATE TABLE IF NOT EXISTS policy(number INTEGER PRIMARY KEY, idx INTEGER, since INTEGER, hash BLOB);"
    "CREATE TABLE IF NOT EXISTS head(member TEXT, tag BLOB, idx INTEGER, sealed BLOB,"
    " PRIMARY KEY(member, tag, idx)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS listed(member TEXT PRIMARY KEY, next INTEGER) WITHOUT ROWID;";

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
    Q_HEADS_TAG,
    Q_HEADS_ALL,
    Q_LISTED,
    Q_SET_LISTED,
    Q_FORGET_HEADS,
    Q_FORGET_LISTED,
    Q_OTHERS,
    Q_TOTAL
};

static const char *const queries[Q_TOTAL] = {
    [Q_BEGIN] = "BEGIN IMMEDIATE",
    [Q_COMMIT] = "COMMIT",
    [Q_ROLLBACK] = "ROLLBACK",
    [Q_GET_META] = "SELECT value FROM meta WHERE name = ?1",
    [Q_SET_META] = "INSERT INTO meta VALUES(?1, ?2) ON CONFLICT(name) DO UPDATE SET value = ?2",
    [Q_ADD] = "INSERT OR REPLACE INTO entry VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    [Q_FIND] = "SELECT kind, segment, offset, bytes, hash FROM entry WHERE idx = ?1",
    [Q_NEXT] = "SELECT idx FROM entry WHERE kind = ?1 AND idx >= ?2 AND " SPARSE " ORDER BY idx LIMIT 1",
    [Q_NEXT_NEAR] = "SELECT idx FROM entry NOT INDEXED WHERE kind = ?1 AND idx >= ?2 ORDER BY idx LIMIT 1",
    [Q_ADD_POLICY] = "INSERT OR REPLACE INTO policy VALUES(?1, ?2, ?3, ?4)",
    [Q_POLICY] = "SELECT number, idx, since, hash FROM policy WHERE number = ?1",
    [Q_POLICY_AT] = "SELECT number, idx, since, hash FROM policy WHERE since < ?1 OR number = 1"
                    " ORDER BY number DESC LIMIT 1",
    [Q_ADD_HEAD] = "INSERT OR REPLACE INTO head VALUES(?1, ?2, ?3, ?4)",
    [Q_HEADS_TAG] = "SELECT idx, sealed FROM head WHERE member = ?1 AND tag = ?2 ORDER BY idx",
    [Q_HEADS_ALL] = "SELECT idx, sealed FROM head WHERE member = ?1 ORDER BY idx",
    [Q_LISTED] = "SELECT next FROM listed WHERE member = ?1",
    [Q_SET_LISTED] = "INSERT OR REPLACE INTO listed VALUES(?1, ?2)",
    [Q_FORGET_HEADS] = "DELETE FROM head WHERE member GLOB ?1 || '/*' AND member <> ?2",
    [Q_FORGET_LISTED] = "DELETE FROM listed WHERE member GLOB ?1 || '/*' AND member <> ?2",
    [Q_OTHERS] = "SELECT 1 FROM listed WHERE member GLOB ?1 || '/*' AND member <> ?2",
};

struct cv_catalog {
    sqlite3 *db;
    sqlite3_stmt *stmt[Q_TOTAL];
};

static cv_status fail(struct cv_catalog *c, struct cv_err *err)
{
    return cv_fail(err, CV_ERR_IO, "catalog: %s; deleting the cache directory is safe and makes it anew",
                   c->db != NULL ? sqlite3_errmsg(c->db) : "cannot open");
}

/* stmt(c, q): the prepared query, reset and ready for its values; NULL if it cannot be prepared. */
static sqlite3_stmt *stmt(struct cv_catalog *c, enum query q)
{
    if (c->stmt[q] == NULL)
        sqlite3_prepare_v3(c->db, queries[q], -1, SQLITE_PREPARE_PERSISTENT, &c->stmt[q], NULL);
    return c->stmt[q];
}

static void bind_bytes(sqlite3_stmt *s, int at, struct cv_bytes b)
{
    sqlite3_bind_blob64(s, at, b.n > 0 ? b.p : (const uint8_t *)"", b.n, SQLITE_STATIC);
}

static void bind_u64(sqlite3_stmt *s, int at, uint64_t v)
{
    sqlite3_bind_int64(s, at, (sqlite3_int64)v);
}

/* run(c, s): a query without rows. */
static cv_status run(struct cv_catalog *c, sqlite3_stmt *s, struct cv_err *err)
{
    if (s == NULL)
        return fail(c, err);
    const int rc = sqlite3_step(s);
    sqlite3_reset(s);
    return rc == SQLITE_DONE ? CV_OK : fail(c, err);
}

/* row(c, s): the first row, to be reset by the caller; CV_ERR_NOTFOUND if there is none. */
static cv_status row(struct cv_catalog *c, sqlite3_stmt *s, struct cv_err *err)
{
    if (s == NULL)
        return fail(c, err);
    const int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        return CV_OK;
    sqlite3_reset(s);
    return rc == SQLITE_DONE ? CV_ERR_NOTFOUND : fail(c, err);
}

static bool column_exact(sqlite3_stmt *s, int at, void *out, size_t n)
{
    if ((size_t)sqlite3_column_bytes(s, at) != n)
        return false;
    memcpy(out, sqlite3_column_blob(s, at), n);
    return true;
}

static cv_status exec(struct cv_catalog *c, const char *sql, struct cv_err *err)
{
    return sqlite3_exec(c->db, sql, NULL, NULL, NULL) == SQLITE_OK ? CV_OK : fail(c, err);
}

static cv_status get_meta(struct cv_catalog *c, const char *name, void *out, size_t n, struct cv_err *err)
{
    sqlite3_stmt *s = stmt(c, Q_GET_META);
    sqlite3_bind_text(s, 1, name, -1, SQLITE_STATIC);
    cv_status st = row(c, s, err);
    if (st == CV_OK && !column_exact(s, 0, out, n))
        st = CV_ERR_NOTFOUND;
    sqlite3_reset(s);
    return st;
}

static cv_status set_meta(struct cv_catalog *c, const char *name, struct cv_bytes value, struct cv_err *err)
{
    sqlite3_stmt *s = stmt(c, Q_SET_META);
    sqlite3_bind_text(s, 1, name, -1, SQLITE_STATIC);
    bind_bytes(s, 2, value);
    return run(c, s, err);
}

/* identity_of(vault, out): what a catalog must say of itself to be taken for this layout and vault. */
static void identity_of(const char *vault, char out[static 96])
{
    memset(out, 0, 96);
    snprintf(out, 96, "casevault catalog " LAYOUT " %s", vault);
}

cv_status cv_catalog_clear(struct cv_catalog *c, struct cv_err *err)
{
    return exec(
        c,
        "DELETE FROM meta WHERE name = 'tip'; DELETE FROM entry; DELETE FROM policy; DELETE FROM head;"
        " DELETE FROM listed;",
        err);
}

cv_status cv_catalog_open(const char *path, const char *vault, struct cv_catalog **out, struct cv_err *err)
{
    struct cv_catalog *c = calloc(1, sizeof(*c));
    char want[96], got[96];
    *out = NULL;
    if (c == NULL)
        return cv_fail(err, CV_ERR_NOMEM, "catalog: out of memory");
    identity_of(vault, want);
    cv_status st =
        sqlite3_open_v2(path, &c->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOFOLLOW,
                        NULL) == SQLITE_OK
            ? CV_OK
            : fail(c, err);
    if (st == CV_OK) {
        sqlite3_busy_timeout(c->db, 10000);
        sqlite3_db_config(c->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        st = exec(c, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA trusted_schema=OFF;", err);
    }
    if (st == CV_OK &&
        sqlite3_table_column_metadata(c->db, NULL, "listed", NULL, NULL, NULL, NULL, NULL, NULL) != SQLITE_OK)
        st = exec(c, schema, err);
    if (st == CV_OK) {
        st = get_meta(c, "identity", got, sizeof(got), err);
        if (st == CV_ERR_NOTFOUND || (st == CV_OK && memcmp(got, want, sizeof(got)) != 0)) {
            st = cv_catalog_clear(c, err);
            st = CV_THEN(st, set_meta(c, "identity", CV_ARR(want), err));
        }
    }
    if (st == CV_OK)
        *out = c;
    else
        cv_catalog_close(c);
    return st;
}

void cv_catalog_close(struct cv_catalog *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < Q_TOTAL; i++)
        sqlite3_finalize(c->stmt[i]);
    sqlite3_close(c->db);
    free(c);
}

cv_status cv_catalog_begin(struct cv_catalog *c, struct cv_err *err)
{
    return run(c, stmt(c, Q_BEGIN), err);
}

cv_status cv_catalog_commit(struct cv_catalog *c, struct cv_err *err)
{
    return run(c, stmt(c, Q_COMMIT), err);
}

void cv_catalog_rollback(struct cv_catalog *c)
{
    if (!sqlite3_get_autocommit(c->db) && run(c, stmt(c, Q_ROLLBACK), NULL) != CV_OK)
        return; /* closing the file rolls back too */
}

/* The tip is kept as the bytes of its struct: it never leaves this machine, and a catalog of another layout
 * is emptied. */
cv_status cv_catalog_tip(struct cv_catalog *c, struct cv_tip *tip, struct cv_err *err)
{
    return get_meta(c, "tip", tip, sizeof(*tip), err);
}

cv_status cv_catalog_set_tip(struct cv_catalog *c, const struct cv_tip *tip, struct cv_err *err)
{
    return set_meta(c, "tip", CV_BYTES(tip, sizeof(*tip)), err);
}

cv_status cv_catalog_add(struct cv_catalog *c, uint64_t index, enum cv_kind kind,
                         const struct cv_place *place, const uint8_t hash[static 32], struct cv_err *err)
{
    sqlite3_stmt *s = stmt(c, Q_ADD);
    bind_u64(s, 1, index);
    bind_u64(s, 2, kind);
    bind_u64(s, 3, place->segment);
    bind_u64(s, 4, place->offset);
    bind_u64(s, 5, place->bytes);
    bind_bytes(s, 6, CV_BYTES(hash, 32));
    return run(c, s, err);
}

cv_status cv_catalog_find(struct cv_catalog *c, uint64_t index, enum cv_kind *kind, struct cv_place *place,
                          uint8_t hash[static 32], struct cv_err *err)
{
    sqlite3_stmt *s = stmt(c, Q_FIND);
    bind_u64(s, 1, index);
    cv_status st = row(c, s, err);
    if (st != CV_OK)
        return st;
    *kind = (enum cv_kind)sqlite3_column_int(s, 0);
    *place = (struct cv_place){ (uint32_t)sqlite3_column_int64(s, 1), (uint64_t)sqlite3_column_int64(s, 2),
                                (uint64_t)sqlite3_column_int64(s, 3) };
    if (!column_exact(s, 4, hash, 32) || place->bytes > CV_BUF_MAX || *kind >= CV_KIND_COUNT)
        st = cv_fail(err, CV_ERR_IO, "catalog: damaged; delete the cache directory, it is made anew");
    sqlite3_reset(s);
    return st;
}

static cv_status one_number(struct cv_catalog *c, sqlite3_stmt *s, uint64_t *out, struct cv_err *err)
{
    cv_status st = row(c, s, err);
    *out = st == CV_OK ? (uint64_t)sqlite3_column_int64(s, 0) : 0;
    sqlite3_reset(s);
    return st;
}

cv_status cv_catalog_next(struct cv_catalog *c, enum cv_kind kind, uint64_t from, uint64_t *index,
                          struct cv_err *err)
{
    sqlite3_stmt *s = stmt(c, kind == CV_KIND_EVENT || kind == CV_KIND_CHECKPOINT ? Q_NEXT_NEAR : Q_NEXT);
    bind_u64(s, 1, kind);
    bind_u64(s, 2, from);
    return one_number(c, s, index, err);
}

cv_status cv_catalog_add_policy(struct cv_catalog *c, const struct cv_adopted *p, struct cv_err *err)
{
    sqlite3_stmt *s = stmt(c, Q_ADD_POLICY);
    bind_u64(s, 1, p->number);
    bind_u64(s, 2, p->index);
    bind_u64(s, 3, p->since);
    bind_bytes(s, 4, CV_ARR(p->hash));
    return run(c, s, err);
}

static cv_status policy_row(struct cv_catalog *c, sqlite3_stmt *s, uint64_t key, struct cv_adopted *out,
                            struct cv_err *err)
{
    bind_u64(s, 1, key);
    cv_status st = row(c, s, err);
    if (st != CV_OK)
        return st;
    *out = (struct cv_adopted){ .number = (uint64_t)sqlite3_column_int64(s, 0),
                                .index = (uint64_t)sqlite3_column_int64(s, 1),
                                .since = (uint64_t)sqlite3_column_int64(s, 2) };
    if (!column_exact(s, 3, out->hash, sizeof(out->hash)))
        st = cv_fail(err, CV_ERR_IO, "catalog: damaged; delete the cache directory, it is made anew");
    sqlite3_reset(s);
    return st;
}

cv_status cv_catalog_policy(struct cv_catalog *c, uint64_t number, struct cv_adopted *out, struct cv_err *err)
{
    return policy_row(c, stmt(c, Q_POLICY), number, out, err);
}

cv_status cv_catalog_policy_at(struct cv_catalog *c, uint64_t index, struct cv_adopted *out,
                               struct cv_err *err)
{
    return policy_row(c, stmt(c, Q_POLICY_AT), index, out, err);
}

cv_status cv_catalog_add_head(struct cv_catalog *c, const char *member, uint64_t index, struct cv_bytes tag,
                              struct cv_bytes sealed, struct cv_err *err)
{
    sqlite3_stmt *s = stmt(c, Q_ADD_HEAD);
    sqlite3_bind_text(s, 1, member, -1, SQLITE_STATIC);
    bind_bytes(s, 2, tag);
    bind_u64(s, 3, index);
    bind_bytes(s, 4, sealed);
    return run(c, s, err);
}

cv_status cv_catalog_heads(struct cv_catalog *c, const char *member, struct cv_bytes tag, cv_head_fn fn,
                           void *arg, struct cv_err *err)
{
    sqlite3_stmt *s = stmt(c, tag.n > 0 ? Q_HEADS_TAG : Q_HEADS_ALL);
    sqlite3_bind_text(s, 1, member, -1, SQLITE_STATIC);
    if (tag.n > 0)
        bind_bytes(s, 2, tag);
    cv_status st;
    while ((st = row(c, s, err)) == CV_OK) {
        st = fn(arg, (uint64_t)sqlite3_column_int64(s, 0),
                CV_BYTES(sqlite3_column_blob(s, 1), (size_t)sqlite3_column_bytes(s, 1)), err);
        if (st != CV_OK)
            break;
    }
    sqlite3_reset(s);
    return st == CV_ERR_NOTFOUND ? CV_OK : st;
}

cv_status cv_catalog_listed(struct cv_catalog *c, const char *member, uint64_t *next, struct cv_err *err)
{
    sqlite3_stmt *s = stmt(c, Q_LISTED);
    sqlite3_bind_text(s, 1, member, -1, SQLITE_STATIC);
    cv_status st = one_number(c, s, next, err);
    return st == CV_ERR_NOTFOUND ? CV_OK : st;
}

cv_status cv_catalog_set_listed(struct cv_catalog *c, const char *member, uint64_t next, struct cv_err *err)
{
    sqlite3_stmt *s = stmt(c, Q_SET_LISTED);
    sqlite3_bind_text(s, 1, member, -1, SQLITE_STATIC);
    bind_u64(s, 2, next);
    return run(c, s, err);
}

cv_status cv_catalog_forget_heads(struct cv_catalog *c, const char *member, const char *keep,
                                  struct cv_err *err)
{
    static const enum query both[] = { Q_FORGET_HEADS, Q_FORGET_LISTED };
    sqlite3_stmt *s = stmt(c, Q_OTHERS);
    sqlite3_bind_text(s, 1, member, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 2, keep, -1, SQLITE_STATIC);
    cv_status st = row(c, s, err);
    sqlite3_reset(s);
    for (size_t i = 0; i < 2 && st == CV_OK; i++) {
        s = stmt(c, both[i]);
        sqlite3_bind_text(s, 1, member, -1, SQLITE_STATIC);
        sqlite3_bind_text(s, 2, keep, -1, SQLITE_STATIC);
        st = run(c, s, err);
    }
    return st == CV_ERR_NOTFOUND ? CV_OK : st;
}
