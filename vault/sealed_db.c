#include "vault/sealed_db.h"

#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/cobblestone.h"
#include "vault/wiping.h"

#define VFS_NAME "casevault-sealed"
#define CHUNKS_KEPT 8
#define REST 0x6376 /* a file control of our own */
#define DB_MAX ((uint64_t)1 << 29)

/* ---- a file of chunks ---- */

struct sealed {
    int fd;
    uint64_t first;         /* where the chunks begin */
    uint64_t chunks, plain; /* how many there are, and the bytes in them */
    struct cv_cobblestone *reader;
    struct cv_buf kept[CHUNKS_KEPT]; /* opened, by number modulo */
    uint64_t number[CHUNKS_KEPT];    /* plus one; 0: none */
    struct cv_buf raw;
};

static void sealed_free(struct sealed *s)
{
    if (s == NULL)
        return;
    close(s->fd);
    cv_cobblestone_free(s->reader);
    for (size_t i = 0; i < CHUNKS_KEPT; i++)
        cv_buf_free(&s->kept[i]);
    cv_buf_free(&s->raw);
    cv_wiping_free(s);
}

static cv_status read_at(struct sealed *s, uint64_t offset, size_t n)
{
    uint8_t *at = NULL;
    cv_buf_truncate(&s->raw, 0);
    cv_status st = cv_buf_extend(&s->raw, n, &at);
    return st != CV_OK ? st : pread(s->fd, at, n, (off_t)offset) == (ssize_t)n ? CV_OK : CV_ERR_IO;
}

/* measure(s, header): how many chunks the file has; the last is shorter than the others. */
static cv_status measure(struct sealed *s, size_t header)
{
    struct stat info;
    if (fstat(s->fd, &info) != 0)
        return CV_ERR_IO;
    const uint64_t size = (uint64_t)info.st_size;
    s->first = header + CV_COBBLESTONE_HEADER_BYTES;
    if (size < s->first || size > DB_MAX)
        return CV_ERR_FORMAT;
    const uint64_t whole = (size - s->first) / CV_COBBLESTONE_SEALED_CHUNK_BYTES;
    const uint64_t rest = (size - s->first) % CV_COBBLESTONE_SEALED_CHUNK_BYTES;
    s->chunks = whole + 1;
    s->plain = whole * CV_COBBLESTONE_CHUNK_BYTES + rest - 16;
    return rest < 16 ? CV_ERR_FORMAT : CV_OK;
}

/* sealed_new(fd, ...): takes ${fd} over. */
static cv_status sealed_new(int fd, size_t header, struct cv_bytes key, struct cv_bytes context,
                            struct sealed **out)
{
    struct sealed *s = cv_wiping_malloc(sizeof(*s));
    struct cv_buf none = { 0 };
    *out = NULL;
    if (s == NULL) {
        close(fd);
        return CV_ERR_NOMEM;
    }
    memset(s, 0, sizeof(*s));
    s->fd = fd;
    cv_status st = measure(s, header);
    st = CV_THEN(st, read_at(s, header, CV_COBBLESTONE_HEADER_BYTES));
    st = CV_THEN(st, cv_cobblestone_reader(key, context, &s->reader));
    st = CV_THEN(st, cv_cobblestone_read(s->reader, cv_buf_view(&s->raw), &none));
    cv_buf_free(&none);
    if (st == CV_OK)
        *out = s;
    else
        sealed_free(s);
    return st;
}

/* chunk(s, i, out): opened; it stays until another takes its place. */
static cv_status chunk(struct sealed *s, uint64_t i, struct cv_bytes *out)
{
    struct cv_buf *kept = &s->kept[i % CHUNKS_KEPT];
    uint64_t *number = &s->number[i % CHUNKS_KEPT];
    cv_status st = CV_OK;
    if (*number != i + 1) {
        const bool last = i + 1 == s->chunks;
        const uint64_t rest = s->plain - i * CV_COBBLESTONE_CHUNK_BYTES;
        *number = 0;
        cv_buf_truncate(kept, 0);
        st = read_at(s, s->first + i * CV_COBBLESTONE_SEALED_CHUNK_BYTES,
                     last ? (size_t)rest + 16 : CV_COBBLESTONE_SEALED_CHUNK_BYTES);
        st = CV_THEN(st, cv_cobblestone_at(s->reader, i, cv_buf_view(&s->raw), kept));
        if (st == CV_OK)
            *number = i + 1;
    }
    *out = cv_buf_view(kept);
    return st;
}

/* ---- SQLite's view of it: a file that nobody changes ---- */

struct file {
    sqlite3_file base;
    struct sealed *sealed;
};

static int file_close(sqlite3_file *f)
{
    sealed_free(((struct file *)f)->sealed);
    return SQLITE_OK;
}

static int file_read(sqlite3_file *f, void *to, int n, sqlite3_int64 offset)
{
    struct sealed *s = ((struct file *)f)->sealed;
    uint8_t *at = to;
    uint64_t from = (uint64_t)offset;
    size_t left = (size_t)n;
    while (left > 0 && from < s->plain) {
        struct cv_bytes bytes;
        if (chunk(s, from / CV_COBBLESTONE_CHUNK_BYTES, &bytes) != CV_OK)
            return SQLITE_IOERR_READ;
        const size_t skip = (size_t)(from % CV_COBBLESTONE_CHUNK_BYTES);
        const size_t take = bytes.n - skip < left ? bytes.n - skip : left;
        memcpy(at, bytes.p + skip, take);
        at += take;
        from += take;
        left -= take;
    }
    memset(at, 0, left);
    return left > 0 ? SQLITE_IOERR_SHORT_READ : SQLITE_OK;
}

static int file_refuse_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 offset)
{
    (void)f;
    (void)from;
    (void)n;
    (void)offset;
    return SQLITE_READONLY;
}

static int file_refuse_size(sqlite3_file *f, sqlite3_int64 n)
{
    (void)f;
    (void)n;
    return SQLITE_READONLY;
}

static int file_nothing(sqlite3_file *f, int what)
{
    (void)f;
    (void)what;
    return SQLITE_OK;
}

static int file_size(sqlite3_file *f, sqlite3_int64 *out)
{
    *out = (sqlite3_int64)((struct file *)f)->sealed->plain;
    return SQLITE_OK;
}

static int file_reserved(sqlite3_file *f, int *out)
{
    (void)f;
    *out = 0;
    return SQLITE_OK;
}

static int file_control(sqlite3_file *f, int op, void *arg)
{
    struct sealed *s = ((struct file *)f)->sealed;
    (void)arg;
    if (op != REST)
        return SQLITE_NOTFOUND;
    for (size_t i = 0; i < CHUNKS_KEPT; i++) {
        cv_buf_free(&s->kept[i]);
        s->number[i] = 0;
    }
    cv_buf_free(&s->raw);
    return SQLITE_OK;
}

static int file_sector(sqlite3_file *f)
{
    (void)f;
    return 4096;
}

static int file_traits(sqlite3_file *f)
{
    (void)f;
    return SQLITE_IOCAP_IMMUTABLE;
}

/* What the open under way in this thread is of: sqlite3_open_v2 has only a name to hand down. */
static _Thread_local struct sealed *opening;

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
    static const sqlite3_io_methods methods = { .iVersion = 1,
                                                .xClose = file_close,
                                                .xRead = file_read,
                                                .xWrite = file_refuse_write,
                                                .xTruncate = file_refuse_size,
                                                .xSync = file_nothing,
                                                .xFileSize = file_size,
                                                .xLock = file_nothing,
                                                .xUnlock = file_nothing,
                                                .xCheckReservedLock = file_reserved,
                                                .xFileControl = file_control,
                                                .xSectorSize = file_sector,
                                                .xDeviceCharacteristics = file_traits };
    (void)vfs;
    (void)name;
    f->pMethods = NULL;
    if (opening == NULL || (flags & SQLITE_OPEN_MAIN_DB) == 0)
        return SQLITE_CANTOPEN; /* no other file is ever made */
    ((struct file *)f)->sealed = opening;
    opening = NULL;
    f->pMethods = &methods;
    if (out != NULL)
        *out = SQLITE_OPEN_READONLY;
    return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
    (void)vfs;
    (void)name;
    (void)sync;
    return SQLITE_IOERR_DELETE;
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
    (void)vfs;
    (void)name;
    (void)flags;
    *out = 0;
    return SQLITE_OK;
}

static int vfs_path(sqlite3_vfs *vfs, const char *name, int n, char *out)
{
    (void)vfs;
    sqlite3_snprintf(n, out, "%s", name);
    return SQLITE_OK;
}

static sqlite3_vfs vfs = { .iVersion = 1,
                           .szOsFile = sizeof(struct file),
                           .mxPathname = 64,
                           .zName = VFS_NAME,
                           .xOpen = vfs_open,
                           .xDelete = vfs_delete,
                           .xAccess = vfs_access,
                           .xFullPathname = vfs_path };

/* Randomness, sleep and time are the system's. */
static void register_vfs(void)
{
    cv_wiping_sqlite();
    const sqlite3_vfs *os = sqlite3_vfs_find(NULL);
    if (os == NULL)
        return;
    vfs.xRandomness = os->xRandomness;
    vfs.xSleep = os->xSleep;
    vfs.xCurrentTime = os->xCurrentTime;
    (void)sqlite3_vfs_register(&vfs, 0);
}

static cv_status of_sqlite(int rc)
{
    return rc == SQLITE_OK ? CV_OK : rc == SQLITE_NOMEM ? CV_ERR_NOMEM : CV_ERR_FORMAT;
}

/* settle(db, rc, out): nothing of it may come to lie in a file. */
static cv_status settle(sqlite3 *db, int rc, sqlite3 **out)
{
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, "PRAGMA temp_store = MEMORY", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        *out = db;
    else
        sqlite3_close(db);
    return of_sqlite(rc);
}

cv_status cv_sealed_db_open(int fd, size_t header, struct cv_bytes key, struct cv_bytes context,
                            sqlite3 **out)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    sqlite3 *db = NULL;
    struct sealed *s = NULL;
    *out = NULL;
    (void)pthread_once(&once, register_vfs);
    cv_status st = sealed_new(fd, header, key, context, &s);
    if (st != CV_OK)
        return st;
    opening = s;
    int rc = sqlite3_open_v2("index", &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, VFS_NAME);
    if (opening != NULL) { /* it was not taken */
        sealed_free(opening);
        opening = NULL;
    }
    if (rc == SQLITE_OK) /* many are open at a time: none has room of its own for what is small */
        rc = sqlite3_db_config(db, SQLITE_DBCONFIG_LOOKASIDE, NULL, 0, 0);
    return settle(db, rc, out);
}

/* load(fd, ...): the whole plaintext, in memory of SQLite's. */
static cv_status load(int fd, size_t header, struct cv_bytes key, struct cv_bytes context, uint8_t **out,
                      size_t *n)
{
    struct sealed *s = NULL;
    cv_status st = sealed_new(fd, header, key, context, &s);
    uint8_t *all = st == CV_OK ? sqlite3_malloc64(s->plain + 1) : NULL;
    if (st == CV_OK && all == NULL)
        st = CV_ERR_NOMEM;
    *n = 0;
    for (uint64_t i = 0; st == CV_OK && i < s->chunks; i++) {
        struct cv_bytes bytes;
        st = chunk(s, i, &bytes);
        if (st == CV_OK && bytes.n > 0)
            memcpy(all + *n, bytes.p, bytes.n);
        *n += st == CV_OK ? bytes.n : 0;
    }
    sealed_free(s);
    if (st != CV_OK) {
        sqlite3_free(all);
        all = NULL;
    }
    *out = all;
    return st;
}

cv_status cv_sealed_db_load(int fd, size_t header, struct cv_bytes key, struct cv_bytes context,
                            sqlite3 **out)
{
    sqlite3 *db = NULL;
    uint8_t *all = NULL;
    size_t n = 0;
    *out = NULL;
    cv_wiping_sqlite();
    cv_status st = fd >= 0 ? load(fd, header, key, context, &all, &n) : CV_OK;
    if (st != CV_OK)
        return st;
    int rc = sqlite3_open_v2(":memory:", &db,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK && all != NULL) /* takes it over, also when it fails */
        rc = sqlite3_deserialize(db, "main", all, (sqlite3_int64)n, (sqlite3_int64)n,
                                 SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE);
    else
        sqlite3_free(all);
    return settle(db, rc, out);
}

void cv_sealed_db_rest(sqlite3 *db)
{
    (void)sqlite3_db_release_memory(db);
    (void)sqlite3_file_control(db, "main", REST, NULL); /* one in memory alone knows nothing of it */
}

cv_status cv_sealed_db_seal(sqlite3 *db, struct cv_bytes key, struct cv_bytes context, struct cv_buf *out)
{
    sqlite3_int64 n = 0;
    /* One that was loaded lies in one piece; a new one does not, and is copied together. */
    const uint8_t *piece = sqlite3_serialize(db, "main", &n, SQLITE_SERIALIZE_NOCOPY);
    uint8_t *copy = piece == NULL ? sqlite3_serialize(db, "main", &n, 0) : NULL;
    piece = piece != NULL ? piece : copy;
    cv_status st = piece == NULL ? CV_ERR_NOMEM
                   : (uint64_t)n > DB_MAX / 2
                       ? CV_ERR_LIMIT
                       : cv_cobblestone_seal(key, context, CV_BYTES(piece, (size_t)n), out);
    sqlite3_free(copy);
    return st;
}
