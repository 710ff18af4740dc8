#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vault/catalog_inside.h"
#include "vault/wiping.h"

#define WAL_BYTES_MAX ((off_t)256 << 10) /* of a catalog that is put away */
#define LAYOUT "11"

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
    "CREATE TABLE IF NOT EXISTS listed(member TEXT PRIMARY KEY, next INTEGER) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS imported(member TEXT, tag BLOB, note BLOB, PRIMARY KEY(member, tag)) WITHOUT "
    "ROWID;"
    "CREATE TABLE IF NOT EXISTS ring(member TEXT PRIMARY KEY, policy INTEGER, seals INTEGER, sealed BLOB)"
    " WITHOUT ROWID;";

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
    [Q_POLICY_AT] = ("SELECT number, idx, since, hash FROM policy WHERE since < ?1 OR number = 1"
                     " ORDER BY number DESC LIMIT 1"),
    [Q_ADD_HEAD] = "INSERT OR REPLACE INTO head VALUES(?1, ?2, ?3, ?4)",
    [Q_DROP_HEAD] = "DELETE FROM head WHERE member = ?1 AND tag = ?2 AND idx = ?3",
    [Q_HEADS_TAG] = "SELECT idx, tag, sealed FROM head WHERE member = ?1 AND tag = ?2 ORDER BY idx",
    [Q_HEADS_ALL] = "SELECT idx, tag, sealed FROM head WHERE member = ?1 ORDER BY tag, idx",
    [Q_HEAD] = "SELECT sealed FROM head WHERE member = ?1 AND tag BETWEEN ?2 AND ?3 AND idx = ?4",
    [Q_LISTED] = "SELECT next FROM listed WHERE member = ?1",
    [Q_LOSE] = "UPDATE entry SET kind = ?2 WHERE idx = ?1",
    [Q_SET_LISTED] = "INSERT OR REPLACE INTO listed VALUES(?1, ?2)",
    [Q_FORGET_HEADS] = "DELETE FROM head WHERE member GLOB ?1 || '/*' AND member <> ?2",
    [Q_ADD_SOURCE] = "INSERT OR IGNORE INTO imported VALUES(?1, ?2, ?3)",
    [Q_SOURCE] = "SELECT note FROM imported WHERE member = ?1 AND tag = ?2",
    [Q_ANY_SOURCE] = "SELECT 1 FROM imported WHERE member = ?1 LIMIT 1",
    [Q_FORGET_SOURCES] = "DELETE FROM imported WHERE member GLOB ?1 || '/*' AND member <> ?2",
    [Q_FORGET_LISTED] = "DELETE FROM listed WHERE member GLOB ?1 || '/*' AND member <> ?2",
    [Q_RING] = "SELECT sealed FROM ring WHERE member = ?1 AND policy = ?2 AND seals = ?3",
    [Q_SET_RING] = "INSERT OR REPLACE INTO ring VALUES(?1, ?2, ?3, ?4)",
    [Q_OTHERS] = "SELECT 1 FROM listed WHERE member GLOB ?1 || '/*' AND member <> ?2",
};

/* found_damaged(c): not told while the catalog can still be made anew: that is done once. */
static cv_status found_damaged(struct cv_catalog *c, struct cv_err *err)
{
    c->damaged = true;
    return c->made == 0
               ? CV_ERR_IO
               : cv_fail(err, CV_ERR_IO, "catalog: damaged again; is the disk of the cache failing?");
}

static cv_status fail(struct cv_catalog *c, struct cv_err *err)
{
    const int rc = sqlite3_errcode(c->db); /* SQLITE_NOMEM where there is no handle */
    if (rc == SQLITE_CORRUPT || rc == SQLITE_NOTADB)
        return found_damaged(c, err);
    return cv_fail(err, CV_ERR_IO, "catalog: %s; deleting the cache directory is safe and makes it anew",
                   sqlite3_errmsg(c->db));
}

/* tidy(c): the write-ahead log is read whole by whoever opens the catalog next, and only a process that finds
 * it so would ever begin it anew: now and then it is put where it belongs. That syncs, so not each time. */
static void tidy(struct cv_catalog *c)
{
    char path[sizeof(c->path) + 8];
    struct stat info;
    snprintf(path, sizeof(path), "%s-wal", c->path);
    if (c->db == NULL || c->damaged || stat(path, &info) != 0 || info.st_size <= WAL_BYTES_MAX)
        return;
    sqlite3_busy_timeout(c->db, 0); /* while somebody reads, it waits for another time */
    (void)sqlite3_wal_checkpoint_v2(c->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
}

static void disconnect(struct cv_catalog *c)
{
    for (size_t i = 0; i < Q_TOTAL; i++) {
        sqlite3_finalize(c->stmt[i]);
        c->stmt[i] = NULL;
    }
    tidy(c);
    sqlite3_close(c->db);
    c->db = NULL;
}

/* thrown_away(c): whether it was damaged, is deleted, and may be made anew. */
static bool thrown_away(struct cv_catalog *c)
{
    static const char *const parts[] = { "", "-wal", "-shm", "-journal" };
    char path[sizeof(c->path) + 16];
    if (!c->damaged || c->made > 0)
        return false;
    disconnect(c);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        snprintf(path, sizeof(path), "%s%s", c->path, parts[i]);
        if (unlink(path) != 0 && errno != ENOENT)
            return false;
    }
    c->damaged = c->within = false;
    c->made++;
    return true;
}

static void bind(sqlite3_stmt *s, int at, const struct value *v)
{
    const char *p = v->bytes.n > 0 ? (const char *)v->bytes.p : "";
    if (v->type == NUMBER)
        sqlite3_bind_int64(s, at, (sqlite3_int64)v->number);
    else if (v->type == TEXT)
        sqlite3_bind_text64(s, at, p, v->bytes.n, SQLITE_STATIC, SQLITE_UTF8);
    else
        sqlite3_bind_blob64(s, at, p, v->bytes.n, SQLITE_STATIC);
}

cv_status catalog_step(struct cv_catalog *c, sqlite3_stmt *s, struct cv_err *err)
{
    const int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        return CV_OK;
    cv_status st = rc == SQLITE_DONE ? CV_ERR_NOTFOUND : fail(c, err);
    sqlite3_reset(s);
    return st;
}

cv_status catalog_ask(struct cv_catalog *c, enum query q, const struct value *values, int n,
                      struct cv_err *err)
{
    for (;;) {
        cv_status st = CV_OK;
        if (c->stmt[q] == NULL && sqlite3_prepare_v3(c->db, queries[q], -1, SQLITE_PREPARE_PERSISTENT,
                                                     &c->stmt[q], NULL) != SQLITE_OK)
            st = fail(c, err);
        for (int i = 0; st == CV_OK && i < n; i++)
            bind(c->stmt[q], i + 1, &values[i]);
        st = CV_THEN(st, catalog_step(c, c->stmt[q], err));
        if (st == CV_OK || st == CV_ERR_NOTFOUND)
            return st;
        st = cv_catalog_mend(c, st, err);
        if (st != CV_OK)
            return st;
    }
}
cv_status catalog_done(cv_status st)
{
    return st == CV_ERR_NOTFOUND ? CV_OK : st;
}

bool catalog_exact(sqlite3_stmt *s, int at, void *out, size_t n)
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
    cv_status st = ASK(c, Q_GET_META, err, TXT(name));
    if (st != CV_OK)
        return st;
    st = catalog_exact(c->stmt[Q_GET_META], 0, out, n) ? CV_OK : CV_ERR_NOTFOUND;
    sqlite3_reset(c->stmt[Q_GET_META]);
    return st;
}

static cv_status set_meta(struct cv_catalog *c, const char *name, struct cv_bytes value, struct cv_err *err)
{
    return catalog_done(ASK(c, Q_SET_META, err, TXT(name), BYT(value)));
}

static cv_status forget(struct cv_catalog *c, struct cv_err *err)
{
    return exec(
        c,
        "DELETE FROM meta WHERE name = 'tip'; DELETE FROM entry; DELETE FROM policy; DELETE FROM head;"
        "DELETE FROM imported;"
        "DELETE FROM ring;"
        " DELETE FROM listed;",
        err);
}

/* check_identity(c): what a catalog must say of itself to be taken for this layout and vault. */
static cv_status check_identity(struct cv_catalog *c, struct cv_err *err)
{
    char want[96] = { 0 }, got[96];
    snprintf(want, sizeof(want), "casevault catalog " LAYOUT " %s", c->vault);
    cv_status st = get_meta(c, "identity", got, sizeof(got), err);
    if (st == CV_ERR_NOTFOUND || (st == CV_OK && memcmp(got, want, sizeof(got)) != 0)) {
        st = forget(c, err);
        st = CV_THEN(st, set_meta(c, "identity", CV_ARR(want), err));
    }
    return st;
}

static cv_status connect_once(struct cv_catalog *c, struct cv_err *err)
{
    cv_wiping_sqlite();
    if (sqlite3_open_v2(c->path, &c->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOFOLLOW,
                        NULL) != SQLITE_OK)
        return fail(c, err);
    sqlite3_busy_timeout(c->db, 10000);
    sqlite3_db_config(c->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    cv_status st =
        exec(c, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA trusted_schema=OFF;", err);
    if (st == CV_OK && sqlite3_table_column_metadata(c->db, NULL, "imported", NULL, NULL, NULL, NULL, NULL,
                                                     NULL) != SQLITE_OK)
        st = exec(c, schema, err);
    return CV_THEN(st, check_identity(c, err));
}

/* connect(c): open or make the file; one that is damaged is deleted, and made. */
static cv_status connect(struct cv_catalog *c, struct cv_err *err)
{
    cv_status st = connect_once(c, err);
    return st != CV_OK && thrown_away(c) ? connect_once(c, err) : st;
}

cv_status cv_catalog_clear(struct cv_catalog *c, struct cv_err *err)
{
    cv_status st = c->damaged ? CV_ERR_IO : forget(c, err);
    return st != CV_OK && thrown_away(c) ? connect(c, err) : st;
}

cv_status cv_catalog_open(const char *path, const char *vault, struct cv_catalog **out, struct cv_err *err)
{
    struct cv_catalog *c = calloc(1, sizeof(*c));
    *out = NULL;
    if (c == NULL)
        return cv_fail(err, CV_ERR_NOMEM, "catalog: out of memory");
    cv_status st = snprintf(c->path, sizeof(c->path), "%s", path) < (int)sizeof(c->path)
                       ? CV_OK
                       : cv_fail(err, CV_ERR_LIMIT, "catalog: path too long");
    snprintf(c->vault, sizeof(c->vault), "%s", vault);
    st = CV_THEN(st, connect(c, err));
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
    disconnect(c);
    free(c);
}

void cv_catalog_refill_by(struct cv_catalog *c, cv_catalog_fn refill, void *arg)
{
    c->refill = refill;
    c->arg = arg;
}

cv_status cv_catalog_mend(struct cv_catalog *c, cv_status st, struct cv_err *err)
{
    if (c->refill == NULL || c->within || !thrown_away(c))
        return st;
    st = c->refill(c->arg, err);
    return CV_THEN(st, connect(c, err));
}

bool cv_catalog_damaged(const struct cv_catalog *c)
{
    return c->damaged;
}

unsigned cv_catalog_made(const struct cv_catalog *c)
{
    return c->made;
}

cv_status cv_catalog_begin(struct cv_catalog *c, struct cv_err *err)
{
    cv_status st = catalog_done(catalog_ask(c, Q_BEGIN, NULL, 0, err));
    c->within = st == CV_OK;
    return st;
}

cv_status cv_catalog_commit(struct cv_catalog *c, struct cv_err *err)
{
    cv_status st = catalog_done(catalog_ask(c, Q_COMMIT, NULL, 0, err));
    c->within = c->within && st != CV_OK;
    return st;
}

void cv_catalog_rollback(struct cv_catalog *c)
{
    const bool open = c->db != NULL && sqlite3_get_autocommit(c->db) == 0;
    if (open && catalog_done(catalog_ask(c, Q_ROLLBACK, NULL, 0, NULL)) != CV_OK)
        disconnect(c); /* closing the file rolls back too */
    c->within = false;
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
    return catalog_done(ASK(c, Q_ADD, err, NUM(index), NUM(kind), NUM(place->segment), NUM(place->offset),
                            NUM(place->bytes), BYT(CV_BYTES(hash, 32))));
}

cv_status cv_catalog_lose(struct cv_catalog *c, uint64_t index, struct cv_err *err)
{
    return catalog_done(ASK(c, Q_LOSE, err, NUM(index), NUM(CV_KIND_LOST)));
}

cv_status cv_catalog_find(struct cv_catalog *c, uint64_t index, enum cv_kind *kind, struct cv_place *place,
                          uint8_t hash[static 32], struct cv_err *err)
{
    cv_status st = ASK(c, Q_FIND, err, NUM(index));
    if (st != CV_OK)
        return st;
    sqlite3_stmt *s = c->stmt[Q_FIND];
    *kind = (enum cv_kind)sqlite3_column_int(s, 0);
    *place = (struct cv_place){ (uint32_t)sqlite3_column_int64(s, 1), (uint64_t)sqlite3_column_int64(s, 2),
                                (uint64_t)sqlite3_column_int64(s, 3) };
    if (!catalog_exact(s, 4, hash, 32) || place->bytes > CV_BUF_MAX || *kind >= CV_KIND_COUNT)
        st = found_damaged(c, err);
    sqlite3_reset(s);
    if (st == CV_OK)
        return CV_OK;
    st = cv_catalog_mend(c, st, err);
    return CV_THEN(st, cv_catalog_find(c, index, kind, place, hash, err));
}

cv_status catalog_number(struct cv_catalog *c, enum query q, cv_status st, uint64_t *out)
{
    *out = st == CV_OK ? (uint64_t)sqlite3_column_int64(c->stmt[q], 0) : 0;
    if (st == CV_OK)
        sqlite3_reset(c->stmt[q]);
    return st;
}

cv_status cv_catalog_next(struct cv_catalog *c, enum cv_kind kind, uint64_t from, uint64_t *index,
                          struct cv_err *err)
{
    const enum query q = kind == CV_KIND_EVENT || kind == CV_KIND_CHECKPOINT ? Q_NEXT_NEAR : Q_NEXT;
    return catalog_number(c, q, ASK(c, q, err, NUM(kind), NUM(from)), index);
}

cv_status cv_catalog_add_policy(struct cv_catalog *c, const struct cv_adopted *p, struct cv_err *err)
{
    return catalog_done(
        ASK(c, Q_ADD_POLICY, err, NUM(p->number), NUM(p->index), NUM(p->since), BYT(CV_ARR(p->hash))));
}

static cv_status policy_row(struct cv_catalog *c, enum query q, uint64_t key, struct cv_adopted *out,
                            struct cv_err *err)
{
    cv_status st = ASK(c, q, err, NUM(key));
    if (st != CV_OK)
        return st;
    sqlite3_stmt *s = c->stmt[q];
    *out = (struct cv_adopted){ .number = (uint64_t)sqlite3_column_int64(s, 0),
                                .index = (uint64_t)sqlite3_column_int64(s, 1),
                                .since = (uint64_t)sqlite3_column_int64(s, 2) };
    if (!catalog_exact(s, 3, out->hash, sizeof(out->hash)))
        st = found_damaged(c, err);
    sqlite3_reset(s);
    if (st == CV_OK)
        return CV_OK;
    st = cv_catalog_mend(c, st, err);
    return CV_THEN(st, policy_row(c, q, key, out, err));
}

cv_status cv_catalog_policy(struct cv_catalog *c, uint64_t number, struct cv_adopted *out, struct cv_err *err)
{
    return policy_row(c, Q_POLICY, number, out, err);
}

cv_status cv_catalog_policy_at(struct cv_catalog *c, uint64_t index, struct cv_adopted *out,
                               struct cv_err *err)
{
    return policy_row(c, Q_POLICY_AT, index, out, err);
}
