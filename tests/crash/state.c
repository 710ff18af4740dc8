#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "tape.h"

/* A state of the disk, made from a tape. */

#define NAMES_MAX 96

struct disk {
    struct cv_buf *files;
    struct name names[NAMES_MAX]; /* file SIZE_MAX: a directory */
    size_t name_count;
};

bool tape_pending(const struct tape *t, size_t n, size_t i)
{
    const struct op *o = &t->ops[i];
    return i < n && o->kind != OP_SYNC && o->kind != OP_SYNC_DIR && !(o->durable < n);
}

static struct name *find(struct disk *d, const char *path)
{
    for (size_t i = 0; i < d->name_count; i++)
        if (strcmp(d->names[i].path, path) == 0)
            return &d->names[i];
    return NULL;
}

static void name_it(struct disk *d, const char *path, size_t file)
{
    struct name *n = find(d, path);
    if (n == NULL && d->name_count == NAMES_MAX)
        die("too many names");
    if (n == NULL)
        n = &d->names[d->name_count++];
    snprintf(n->path, sizeof(n->path), "%s", path);
    n->file = file;
}

/* resize(b, n): cut, or filled up with zeros. */
static void resize(struct cv_buf *b, size_t n)
{
    uint8_t *more = NULL;
    if (n <= b->n)
        cv_buf_truncate(b, n);
    else if (cv_buf_extend(b, n - b->n, &more) != CV_OK)
        die("out of memory");
    else
        memset(more, 0, (size_t)(b->p + b->n - more));
}

/* chance(seed): the next of a sequence. */
static uint64_t chance(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 33;
}

/* there(f, sector, seed): was this sector of the write written? */
static bool there(const struct fate *f, size_t sector, uint64_t *seed)
{
    switch (f->part) {
    case WHOLE:
        return true;
    case CUT:
    case ZEROS:
        return sector < f->sector;
    case HOLE:
        return sector != f->sector;
    case TAIL:
        return sector >= f->sector;
    case RANDOM:
        return chance(seed) % 2 == 0;
    default:
        return false;
    }
}

static void write_part(struct cv_buf *b, const struct op *o, const struct fate *f, uint64_t *seed)
{
    const size_t end = (size_t)o->at + o->n;
    const size_t first = (size_t)o->at / SECTOR;
    if (f->part != CUT && end > b->n)
        resize(b, end);
    for (size_t from = (size_t)o->at; from < end;) {
        const size_t to = (from / SECTOR + 1) * SECTOR < end ? (from / SECTOR + 1) * SECTOR : end;
        if (there(f, from / SECTOR - first, seed)) {
            if (to > b->n)
                resize(b, to);
            if (b->p == NULL)
                die("out of memory");
            memcpy(b->p + from, o->bytes + (from - o->at), to - from);
        }
        from = to;
    }
}

static void apply(struct disk *d, const struct op *o, const struct fate *f, uint64_t *seed)
{
    if (f->part == NONE || (f->part == RANDOM && o->kind != OP_WRITE && chance(seed) % 2 == 0))
        return;
    struct name *n = NULL;
    switch (o->kind) {
    case OP_CREATE:
        name_it(d, o->path, o->file);
        break;
    case OP_MKDIR:
        name_it(d, o->path, SIZE_MAX);
        break;
    case OP_WRITE:
        write_part(&d->files[o->file], o, f, seed);
        break;
    case OP_TRUNCATE:
        resize(&d->files[o->file], (size_t)o->at);
        break;
    case OP_RENAME:
        if (find(d, o->path) != NULL)
            name_it(d, o->to, o->file);
        /* fall through */
    case OP_UNLINK:
        if ((n = find(d, o->path)) != NULL)
            *n = d->names[--d->name_count];
        break;
    default:
        break;
    }
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct name *)a)->path, ((const struct name *)b)->path);
}

/* reached(d, path): are the directories there that lead to it? */
static bool reached(struct disk *d, const char *path)
{
    char dir[160];
    snprintf(dir, sizeof(dir), "%s", path);
    for (char *slash; (slash = strrchr(dir, '/')) != NULL;) {
        *slash = '\0';
        const struct name *n = find(d, dir);
        if (n == NULL || n->file != SIZE_MAX)
            return false;
    }
    return true;
}

static void save(const char *dir, const struct name *n, const struct cv_buf *b)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", dir, n->path);
    if (b == NULL) {
        if (mkdir(path, 0700) != 0)
            die("%s: cannot make it", path);
        return;
    }
    FILE *f = fopen(path, "we");
    if (f == NULL || (b->n > 0 && fwrite(b->p, b->n, 1, f) != 1) || fclose(f) != 0)
        die("%s: cannot write it", path);
}

void tape_build(const struct tape *t, size_t n, const struct fate *fates, uint64_t seed, const char *dir,
                uint8_t hash[static 32])
{
    static const struct fate whole = { WHOLE, 0 };
    struct disk d = { .files = calloc(t->files + 1, sizeof(*d.files)) };
    struct cv_buf sum = { 0 };
    if (d.files == NULL)
        die("out of memory");
    for (size_t i = 0; i < n; i++)
        apply(&d, &t->ops[i], tape_pending(t, n, i) ? &fates[i] : &whole, &seed);
    qsort(d.names, d.name_count, sizeof(d.names[0]), by_path); /* a directory stands before what is in it */
    for (size_t i = 0; i < d.name_count; i++) {
        const struct name *name = &d.names[i];
        const struct cv_buf *b = name->file == SIZE_MAX ? NULL : &d.files[name->file];
        uint8_t of[CV_SHA256_BYTES] = { 0 };
        if (!reached(&d, name->path))
            continue;
        if ((b != NULL && cv_sha256(cv_buf_view(b), of) != CV_OK) ||
            cv_buf_append(&sum, CV_BYTES(name->path, strlen(name->path) + 1)) != CV_OK ||
            cv_buf_append(&sum, CV_ARR(of)) != CV_OK)
            die("out of memory");
        if (dir != NULL)
            save(dir, name, b);
    }
    if (cv_sha256(cv_buf_view(&sum), hash) != CV_OK)
        die("out of memory");
    for (size_t i = 0; i < t->files; i++)
        cv_buf_free(&d.files[i]);
    free(d.files);
    cv_buf_free(&sum);
}
