/* SQLCipher doing what casevault does, for script/bench; linked with libsqlcipher, with its own settings. The
 * key is a passphrase. Usage: peer load DB LINES [TEXTS]   all records in one transaction; with TEXTS (one
 * line a record), also indexed peer put DB LINES            durable inserts, one commit each: write-ahead
 * log, synchronous=FULL peer search DB WORD LIMIT    the records that say so, read peer check DB its own
 * integrity check One line of JSON on stdout; times in microseconds. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/bench/clock.h"

#define ROUNDS 600
#define SEARCHES 101

static sqlite3 *db;

/* must(ok, what): a measurement that failed measures nothing. */
static void must(int ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "peer: %s: %s\n", what, db != NULL ? sqlite3_errmsg(db) : "failed");
    exit(1);
}

static void run(const char *sql)
{
    must(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, sql);
}

static sqlite3_stmt *prepared(const char *sql)
{
    sqlite3_stmt *s = NULL;
    must(sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK, sql);
    return s;
}

static FILE *lines_of(const char *path)
{
    FILE *f = fopen(path, "rb");
    must(f != NULL, path);
    return f;
}

/* insert(f, s): the next line of ${f} by ${s}; 0 at the end. */
static int insert(FILE *f, sqlite3_stmt *s)
{
    static char *line;
    static size_t room;
    const ssize_t n = getline(&line, &room, f);
    if (n <= 0)
        return 0;
    must(sqlite3_bind_text(s, 1, line, (int)n - (line[n - 1] == '\n'), SQLITE_STATIC) == SQLITE_OK, "bind");
    must(sqlite3_step(s) == SQLITE_DONE, "insert");
    sqlite3_reset(s);
    return 1;
}

/* make(indexed): the tables; what the index is called. FTS5 where the library has it, else FTS4, and neither
 * keeps the text a second time. */
static const char *make(int indexed)
{
    run("CREATE TABLE records(id INTEGER PRIMARY KEY, body TEXT)");
    if (!indexed)
        return "none";
    if (sqlite3_compileoption_used("ENABLE_FTS5")) {
        run("CREATE VIRTUAL TABLE words USING fts5(text, content='')");
        return "FTS5";
    }
    run("CREATE VIRTUAL TABLE words USING fts4(text, content='')");
    return "FTS4";
}

static void load(const char *lines, const char *texts)
{
    FILE *f = lines_of(lines), *g = texts != NULL ? lines_of(texts) : NULL;
    unsigned long n = 0;
    const double t = clock_us(CLOCK_MONOTONIC);
    run("BEGIN");
    const char *index = make(g != NULL);
    sqlite3_stmt *record = prepared("INSERT INTO records(body) VALUES(?1)"), *words = NULL;
    if (g != NULL)
        words = prepared(strcmp(index, "FTS5") == 0
                             ? "INSERT INTO words(rowid, text) VALUES(last_insert_rowid(), ?1)"
                             : "INSERT INTO words(docid, text) VALUES(?2, ?1)");
    while (insert(f, record)) {
        n++;
        if (g != NULL && sqlite3_bind_parameter_count(words) == 2)
            must(sqlite3_bind_int64(words, 2, sqlite3_last_insert_rowid(db)) == SQLITE_OK, "bind");
        must(g == NULL || insert(g, words), "fewer texts than records");
    }
    run("COMMIT");
    printf("{\"load\":%.0f,\"records\":%lu,\"index\":\"%s\"}\n", clock_us(CLOCK_MONOTONIC) - t, n, index);
    sqlite3_finalize(record);
    sqlite3_finalize(words);
    fclose(f);
    if (g != NULL)
        fclose(g);
}

static void put(const char *lines)
{
    FILE *f = lines_of(lines);
    double sum = 0;
    run("PRAGMA journal_mode=WAL");
    run("PRAGMA synchronous=FULL");
    run("CREATE TABLE IF NOT EXISTS records(id INTEGER PRIMARY KEY, body TEXT)");
    sqlite3_stmt *record = prepared("INSERT INTO records(body) VALUES(?1)");
    for (int i = 0; i < ROUNDS; i++) {
        const double t = clock_us(CLOCK_MONOTONIC);
        must(insert(f, record), "too few lines");
        sum += i > 0 ? clock_us(CLOCK_MONOTONIC) - t : 0;
    }
    printf("{\"put\":%.1f}\n", sum / (ROUNDS - 1));
    sqlite3_finalize(record);
    fclose(f);
}

/* once(word, limit): prepared, stepped and read; the records found. */
static int once(const char *word, int limit)
{
    static char body[1 << 20];
    int hits = 0;
    sqlite3_stmt *s = prepared("SELECT body FROM words JOIN records ON records.id = words.rowid "
                               "WHERE words MATCH ?1 LIMIT ?2");
    must(sqlite3_bind_text(s, 1, word, -1, SQLITE_STATIC) == SQLITE_OK &&
             sqlite3_bind_int(s, 2, limit) == SQLITE_OK,
         "bind");
    int rc;
    for (; (rc = sqlite3_step(s)) == SQLITE_ROW; hits++) {
        const size_t n = (size_t)sqlite3_column_bytes(s, 0);
        must(n < sizeof(body), "body");
        memcpy(body, sqlite3_column_text(s, 0), n);
    }
    must(rc == SQLITE_DONE, "search");
    sqlite3_finalize(s);
    return hits;
}

static void search(const char *word, int limit)
{
    static double took[SEARCHES];
    int hits = once(word, limit);
    for (int i = 0; i < SEARCHES; i++) {
        const double t = clock_us(CLOCK_MONOTONIC);
        hits = once(word, limit);
        took[i] = clock_us(CLOCK_MONOTONIC) - t;
    }
    qsort(took, SEARCHES, sizeof(*took), clock_by_value);
    printf("{\"search\":%.1f,\"hits\":%d}\n", took[SEARCHES / 2], hits);
}

static void check(void)
{
    const double t = clock_us(CLOCK_MONOTONIC);
    sqlite3_stmt *s = prepared("PRAGMA integrity_check");
    must(sqlite3_step(s) == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(s, 0), "ok") == 0,
         "integrity_check");
    sqlite3_finalize(s);
    printf("{\"check\":%.0f}\n", clock_us(CLOCK_MONOTONIC) - t);
}

int main(int argc, char **argv)
{
    const char *what = argc > 2 ? argv[1] : "";
    must(argc > 2 && sqlite3_open(argv[2], &db) == SQLITE_OK, "open");
    run("PRAGMA key='a passphrase of a few words'");
    run("SELECT count(*) FROM sqlite_master"); /* derives the key: in no measurement, as ours is with the
                                                  agent */
    if (strcmp(what, "load") == 0 && argc > 3)
        load(argv[3], argc > 4 ? argv[4] : NULL);
    else if (strcmp(what, "put") == 0 && argc == 4)
        put(argv[3]);
    else if (strcmp(what, "search") == 0 && argc == 5)
        search(argv[3], (int)strtol(argv[4], NULL, 10));
    else if (strcmp(what, "check") == 0)
        check();
    else
        return 2;
    return sqlite3_close(db) == SQLITE_OK ? 0 : 1;
}
