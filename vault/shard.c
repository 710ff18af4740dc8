#include "vault/shard.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/crockford.h"
#include "vault/sealed_db.h"
#include "vault/wiping.h"

static const char magic[8] = { 'c', 'v', 'i', 'n', 'd', 'e', 'x', '2' };

uint32_t cv_shard_full = 16384;

/* The words of a shard are one segment until records are added to it later: what it holds in memory before it
 * writes is more than a shard has. */
static const char schema[] =
    "CREATE TABLE field(no INTEGER PRIMARY KEY, name TEXT);"
    "CREATE TABLE kind(no INTEGER PRIMARY KEY, name TEXT);"
    "CREATE TABLE rec(ord INTEGER PRIMARY KEY, entry INTEGER, version INTEGER, type INTEGER, id BLOB);"
    "CREATE TABLE late(id BLOB PRIMARY KEY, version INTEGER) WITHOUT ROWID;"
    "CREATE VIRTUAL TABLE word USING fts5(text, content='', columnsize=0, tokenize='ascii');"
    "CREATE VIRTUAL TABLE seen USING fts5vocab(word, instance);"
    "CREATE TABLE name(word TEXT PRIMARY KEY) WITHOUT ROWID;"
    "CREATE TABLE mark(kind INTEGER, value, ord INTEGER, field INTEGER, PRIMARY KEY(kind, value, ord, "
    "field))"
    " WITHOUT ROWID;"
    "CREATE TABLE lost(entry INTEGER PRIMARY KEY, again INTEGER);"
    "INSERT INTO word(word, rank) VALUES('hashsize', 67108864);";

static const char *const queries[CV_SHARD_QUERIES] = {
    [CV_SHARD_ADD_FIELD] = "INSERT INTO field VALUES(?1, ?2)",
    [CV_SHARD_ADD_KIND] = "INSERT INTO kind VALUES(?1, ?2)",
    [CV_SHARD_ADD_REC] = "INSERT INTO rec VALUES(?1, ?2, ?3, ?4, ?5)",
    [CV_SHARD_ADD_LATE] = ("INSERT INTO late VALUES(?1, ?2) ON CONFLICT(id) DO UPDATE SET"
                           " version = max(version, ?2)"),
    [CV_SHARD_ADD_WORDS] = "INSERT INTO word(rowid, text) VALUES(?1, ?2)",
    [CV_SHARD_ADD_NAME] = "INSERT OR IGNORE INTO name VALUES(?1)",
    [CV_SHARD_ADD_MARK] = "INSERT OR IGNORE INTO mark VALUES(?1, ?2, ?3, ?4)",
    [CV_SHARD_ADD_LOST] = "INSERT OR REPLACE INTO lost VALUES(?1, ?2)",
    [CV_SHARD_FIELD] = "SELECT no, name FROM field",
    [CV_SHARD_KIND] = "SELECT no, name FROM kind",
    [CV_SHARD_REC] = "SELECT entry, version, id, type FROM rec WHERE ord = ?1",
    [CV_SHARD_LATE] = "SELECT id, version FROM late",
    [CV_SHARD_MATCH] = "SELECT rowid FROM word WHERE word MATCH ?1",
    [CV_SHARD_RANGE] = "SELECT doc FROM seen WHERE term >= ?1 AND term < ?2",
    [CV_SHARD_NAMES] = "SELECT word FROM name",
    [CV_SHARD_MARK] = "SELECT ord, field FROM mark WHERE kind = ?1 AND value = ?2",
    [CV_SHARD_MARKS_OF] =
        "SELECT kind, value, ord, field FROM mark WHERE ord IN (SELECT ord FROM rec WHERE id = ?1)",
    [CV_SHARD_LOST] = "SELECT entry, again FROM lost ORDER BY entry",
};

static cv_status of_sqlite(int rc)
{
    return rc == SQLITE_OK || rc == SQLITE_DONE ? CV_OK : rc == SQLITE_NOMEM ? CV_ERR_NOMEM : CV_ERR_FORMAT;
}

static void head_put(const struct cv_shard_head *h, uint8_t out[static CV_SHARD_HEAD_BYTES])
{
    memcpy(out, magic, sizeof(magic));
    cv_store_u64(out + 8, h->from);
    cv_store_u64(out + 16, h->to);
    cv_store_u64(out + 24, h->slot_from);
    cv_store_u64(out + 32, h->slot_to);
    cv_store_u32(out + 40, h->epoch);
    cv_store_u32(out + 44, h->records);
}

cv_status cv_shard_peek(int fd, struct cv_shard_head *out)
{
    uint8_t b[CV_SHARD_HEAD_BYTES];
    const ssize_t n = pread(fd, b, sizeof(b), 0);
    if (n < 0)
        return CV_ERR_IO;
    if ((size_t)n != sizeof(b) || memcmp(b, magic, sizeof(magic)) != 0)
        return CV_ERR_FORMAT;
    *out = (struct cv_shard_head){ .from = cv_load_u64(b + 8),
                                   .to = cv_load_u64(b + 16),
                                   .slot_from = cv_load_u64(b + 24),
                                   .slot_to = cv_load_u64(b + 32),
                                   .epoch = cv_load_u32(b + 40),
                                   .records = cv_load_u32(b + 44) };
    return out->from <= out->to && out->slot_from <= out->slot_to && out->slot_to <= UINT32_MAX
               ? CV_OK
               : CV_ERR_FORMAT;
}

static cv_status context_of(const struct cv_shard_head *h, const struct cv_shard_place *p, struct cv_buf *out)
{
    uint8_t head[CV_SHARD_HEAD_BYTES];
    head_put(h, head);
    cv_status st = cv_buf_str(out, "casevault/1/index");
    st = CV_THEN(st, cv_buf_field(out, CV_BYTES(p->vault_id, CV_VAULT_ID_BYTES)));
    st = CV_THEN(st, cv_buf_field(out, cv_bytes_str(p->section)));
    st = CV_THEN(st, cv_buf_field(out, CV_BYTES(p->template_hash, 32)));
    return CV_THEN(st, cv_buf_append(out, CV_ARR(head)));
}

/* load_names(s, q, names, most): the numbers that names were given. */
static cv_status load_names(struct cv_shard *s, enum cv_shard_query q, char **names, int64_t most)
{
    sqlite3_stmt *row = NULL;
    cv_status st = cv_shard_query(s, q, &row);
    while (st == CV_OK && (st = cv_shard_step(s, q)) == CV_OK) {
        const sqlite3_int64 no = sqlite3_column_int64(row, 0);
        const char *name = (const char *)sqlite3_column_text(row, 1);
        if (no < 0 || no >= most || name == NULL || names[no] != NULL)
            return CV_ERR_FORMAT;
        names[no] = strdup(name);
        st = names[no] == NULL ? CV_ERR_NOMEM : CV_OK;
    }
    return st == CV_ERR_NOTFOUND ? CV_OK : st;
}

static cv_status keep_lost(struct cv_shard *s, uint64_t entry, bool again)
{
    struct cv_shard_lost *more = realloc(s->lost, (s->lost_count + 1) * sizeof(*more));
    if (more == NULL)
        return CV_ERR_NOMEM;
    s->lost = more;
    more[s->lost_count++] = (struct cv_shard_lost){ entry, again };
    return CV_OK;
}

static cv_status load_lost(struct cv_shard *s)
{
    sqlite3_stmt *row = NULL;
    cv_status st = cv_shard_query(s, CV_SHARD_LOST, &row);
    while (st == CV_OK && (st = cv_shard_step(s, CV_SHARD_LOST)) == CV_OK)
        st = keep_lost(s, (uint64_t)sqlite3_column_int64(row, 0), sqlite3_column_int(row, 1) != 0);
    return st == CV_ERR_NOTFOUND ? CV_OK : st;
}

cv_status cv_shard_open(struct cv_shard *s, int fd, struct cv_bytes key, const struct cv_shard_place *place,
                        bool write)
{
    struct cv_buf context = { 0 };
    cv_status st = context_of(&s->head, place, &context);
    if (st == CV_OK)
        st = write || fd < 0 ? cv_sealed_db_load(fd, CV_SHARD_HEAD_BYTES, key, cv_buf_view(&context), &s->db)
                             : cv_sealed_db_open(fd, CV_SHARD_HEAD_BYTES, key, cv_buf_view(&context), &s->db);
    else if (fd >= 0)
        close(fd);
    cv_buf_free(&context);
    if (st == CV_OK && fd < 0)
        st = of_sqlite(sqlite3_exec(s->db, schema, NULL, NULL, NULL));
    if (st == CV_OK && (write || fd < 0))
        st = of_sqlite(sqlite3_exec(s->db, "BEGIN", NULL, NULL, NULL));
    s->fields = place->fields;
    st = CV_THEN(st, load_names(s, CV_SHARD_FIELD, s->field, s->fields));
    st = CV_THEN(st, load_names(s, CV_SHARD_KIND, s->kind, CV_SHARD_KINDS_MAX));
    st = CV_THEN(st, load_lost(s));
    if (st != CV_OK)
        cv_shard_close(s);
    return st;
}

cv_status cv_shard_seal(struct cv_shard *s, struct cv_bytes key, const struct cv_shard_place *place,
                        struct cv_buf *out)
{
    uint8_t head[CV_SHARD_HEAD_BYTES];
    struct cv_buf context = { 0 };
    cv_status st = of_sqlite(sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL));
    head_put(&s->head, head);
    st = CV_THEN(st, context_of(&s->head, place, &context));
    st = CV_THEN(st, cv_buf_append(out, CV_ARR(head)));
    st = CV_THEN(st, cv_sealed_db_seal(s->db, key, cv_buf_view(&context), out));
    cv_buf_free(&context);
    return st;
}

void cv_shard_rest(struct cv_shard *s)
{
    if (s->db != NULL)
        (void)sqlite3_db_release_memory(s->db);
}

void cv_shard_close(struct cv_shard *s)
{
    for (size_t i = 0; i < CV_SHARD_QUERIES; i++) {
        sqlite3_finalize(s->stmt[i]);
        s->stmt[i] = NULL;
    }
    for (size_t i = 0; i < CV_SHARD_FIELDS_MAX; i++) {
        free(s->field[i]);
        s->field[i] = NULL;
    }
    for (size_t i = 0; i < CV_SHARD_KINDS_MAX; i++) {
        free(s->kind[i]);
        s->kind[i] = NULL;
    }
    free(s->lost);
    s->lost = NULL;
    s->lost_count = 0;
    sqlite3_close(s->db);
    s->db = NULL;
}

cv_status cv_shard_query(struct cv_shard *s, enum cv_shard_query q, sqlite3_stmt **out)
{
    int rc = SQLITE_OK;
    if (s->stmt[q] == NULL)
        rc = sqlite3_prepare_v3(s->db, queries[q], -1, SQLITE_PREPARE_PERSISTENT, &s->stmt[q], NULL);
    else
        (void)sqlite3_reset(s->stmt[q]);
    *out = s->stmt[q];
    return of_sqlite(rc);
}

cv_status cv_shard_step(struct cv_shard *s, enum cv_shard_query q)
{
    const int rc = sqlite3_step(s->stmt[q]);
    if (rc == SQLITE_ROW)
        return CV_OK;
    (void)sqlite3_reset(s->stmt[q]);
    return rc == SQLITE_DONE ? CV_ERR_NOTFOUND : of_sqlite(rc);
}

cv_status cv_shard_run(struct cv_shard *s, enum cv_shard_query q)
{
    const cv_status st = cv_shard_step(s, q);
    return st == CV_ERR_NOTFOUND ? CV_OK : st == CV_OK ? CV_ERR_INTERNAL : st;
}

/* number_of(s, add, names, most, name, no): a name's, or the one it is given now. */
static cv_status number_of(struct cv_shard *s, enum cv_shard_query add, char **names, int64_t most,
                           const char *name, int64_t *no)
{
    sqlite3_stmt *q = NULL;
    for (*no = 0; *no + 1 < most && names[*no] != NULL; (*no)++)
        if (strcmp(names[*no], name) == 0)
            return CV_OK;
    if (names[*no] != NULL)
        return CV_OK; /* the last takes all beyond */
    names[*no] = strdup(*no + 1 < most ? name : "...");
    cv_status st = names[*no] == NULL ? CV_ERR_NOMEM : cv_shard_query(s, add, &q);
    if (st != CV_OK)
        return st;
    sqlite3_bind_int64(q, 1, *no);
    sqlite3_bind_text(q, 2, names[*no], -1, SQLITE_STATIC);
    return cv_shard_run(s, add);
}

cv_status cv_shard_field(struct cv_shard *s, const char *name, int64_t *no)
{
    return number_of(s, CV_SHARD_ADD_FIELD, s->field, s->fields, name, no);
}

cv_status cv_shard_kind(struct cv_shard *s, const char *name, int64_t *no)
{
    return number_of(s, CV_SHARD_ADD_KIND, s->kind, CV_SHARD_KINDS_MAX, name, no);
}

cv_status cv_shard_lose(struct cv_shard *s, uint64_t entry, bool again)
{
    sqlite3_stmt *q = NULL;
    cv_status st = cv_shard_query(s, CV_SHARD_ADD_LOST, &q);
    if (st != CV_OK)
        return st;
    sqlite3_bind_int64(q, 1, (int64_t)entry);
    sqlite3_bind_int(q, 2, again ? 1 : 0);
    st = cv_shard_run(s, CV_SHARD_ADD_LOST);
    return CV_THEN(st, keep_lost(s, entry, again));
}

void cv_shard_bind_value(sqlite3_stmt *q, int i, const char *kind, const char *value,
                         uint8_t id[static CV_SHARD_ID_BYTES])
{
    if (strcmp(kind, "ref") == 0 && cv_id_parse(cv_bytes_str(value), id, NULL) == CV_OK)
        sqlite3_bind_blob(q, i, id, CV_SHARD_ID_BYTES, SQLITE_STATIC);
    else
        sqlite3_bind_text(q, i, value, -1, SQLITE_STATIC);
}

void cv_shard_bind_mark(const struct cv_shard *s, sqlite3_stmt *q, const char *kind, const char *value,
                        uint8_t id[static CV_SHARD_ID_BYTES])
{
    int64_t no = 0;
    while (no < CV_SHARD_KINDS_MAX && s->kind[no] != NULL && strcmp(s->kind[no], kind) != 0)
        no++;
    sqlite3_bind_int64(q, 1, no < CV_SHARD_KINDS_MAX && s->kind[no] != NULL ? no : -1);
    cv_shard_bind_value(q, 2, kind, value, id);
}
