#include "tape.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct tape *tape; /* the one that is being recorded */

void die(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    (void)vfprintf(stderr, fmt, ap);
    va_end(ap);
    (void)fputc('\n', stderr);
    exit(2);
}

/* ---- what is where ---- */

/* below(path): what follows the root, for what is recorded; NULL: it is no matter of ours. */
static const char *below(const char *path)
{
    const size_t n = strlen(tape->root);
    if (strncmp(path, tape->root, n) != 0 || path[n] != '/')
        return NULL;
    path += n + 1;
    return strncmp(path, "cache", 5) == 0 ? NULL : path;
}

/* path_of_fd(fd, out): as /proc has it. */
static void path_of_fd(int fd, char out[static 512])
{
    char link[64];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    const ssize_t n = readlink(link, out, 511);
    out[n > 0 ? n : 0] = '\0';
}

/* path_at(dir, path, out): below the root; false: elsewhere. */
static bool path_at(int dir, const char *path, char out[static 160])
{
    char whole[1024] = "";
    if (path[0] == '/' || dir == AT_FDCWD)
        snprintf(whole, sizeof(whole), "%s", path);
    else {
        path_of_fd(dir, whole);
        const size_t n = strlen(whole);
        if (strcmp(path, ".") != 0)
            snprintf(whole + n, sizeof(whole) - n, "/%s", path);
    }
    const char *at = below(whole);
    if (at == NULL && strncmp(whole, tape->root, strlen(tape->root)) == 0 &&
        strspn(whole + strlen(tape->root), "/") == strlen(whole + strlen(tape->root)))
        at = ""; /* the root itself */
    if (at == NULL || strlen(at) >= 160)
        return false;
    snprintf(out, 160, "%s", at);
    for (size_t n = strlen(out); n > 0 && out[n - 1] == '/'; n--)
        out[n - 1] = '\0';
    return true;
}

static bool path_fd(int fd, char out[static 160])
{
    char whole[512];
    path_of_fd(fd, whole);
    return path_at(AT_FDCWD, whole, out);
}

static struct name *named(struct tape *t, const char *path)
{
    for (size_t i = 0; i < t->name_count; i++)
        if (strcmp(t->names[i].path, path) == 0)
            return &t->names[i];
    return NULL;
}

static void forget(struct tape *t, const char *path)
{
    struct name *gone = named(t, path);
    if (gone != NULL)
        *gone = t->names[--t->name_count];
}

static void call_it(struct tape *t, const char *path, size_t file)
{
    forget(t, path);
    if (t->name_count == sizeof(t->names) / sizeof(t->names[0]))
        die("too many files");
    struct name *n = &t->names[t->name_count++];
    snprintf(n->path, sizeof(n->path), "%s", path);
    n->file = file;
}

/* ---- recording ---- */

static struct op *put(struct tape *t, enum op_kind kind, const char *path)
{
    if (t->count == t->room) {
        t->room = t->room == 0 ? 256 : 2 * t->room;
        void *more = realloc(t->ops, t->room * sizeof(*t->ops));
        if (more == NULL)
            die("out of memory");
        t->ops = more;
    }
    struct op *o = &t->ops[t->count++];
    memset(o, 0, sizeof(*o));
    o->kind = kind;
    o->durable = SIZE_MAX;
    snprintf(o->path, sizeof(o->path), "%s", path);
    const struct name *n = named(t, path);
    o->file = n != NULL ? n->file : SIZE_MAX;
    return o;
}

static void put_write(struct tape *t, const char *path, uint64_t at, const void *p, size_t n)
{
    struct op *o = put(t, OP_WRITE, path);
    o->at = at;
    o->n = n;
    o->bytes = malloc(n > 0 ? n : 1);
    if (o->bytes == NULL || o->file == SIZE_MAX)
        die("%s: a write to what was not made", path);
    memcpy(o->bytes, p, n);
}

/* is_in(path, dir): directly. */
static bool is_in(const char *path, const char *dir)
{
    const size_t n = strlen(dir);
    const char *rest = n == 0 ? path : strncmp(path, dir, n) == 0 && path[n] == '/' ? path + n + 1 : NULL;
    return rest != NULL && strchr(rest, '/') == NULL;
}

/* settle(t, path, failed): a sync of a file or a directory, and what it made durable. */
static void settle(struct tape *t, const char *path, bool failed)
{
    const struct name *name = named(t, path);
    struct op *s = put(t, name != NULL ? OP_SYNC : OP_SYNC_DIR, path);
    const size_t self = t->count - 1;
    s->failed = failed;
    for (size_t i = 0; i < self; i++) {
        struct op *o = &t->ops[i];
        const bool data = o->kind == OP_WRITE || o->kind == OP_TRUNCATE;
        const bool naming =
            o->kind == OP_CREATE || o->kind == OP_MKDIR || o->kind == OP_RENAME || o->kind == OP_UNLINK;
        if (o->durable != SIZE_MAX || o->lost ||
            !(name != NULL ? data && o->file == name->file : naming && is_in(o->path, path)))
            continue;
        if (failed)
            o->lost = true;
        else
            o->durable = self;
    }
}

/* ---- failing ---- */

enum { CALL_NO, CALL_FAILS, CALL_SHORT };

/* turn(what, path, n): is this the call that fails? ${n}: bytes of a read or write; 0: it is neither. */
static int turn(const char *what, const char *path, size_t n)
{
    const size_t self = tape->calls++;
    if (tape->failing > 0) {
        tape->failing--;
        errno = tape->fail_with == FAIL_FULL ? ENOSPC : EIO;
        return CALL_FAILS;
    }
    if (self != tape->fail_at)
        return CALL_NO;
    const int with = tape->fail_with;
    const bool cut = with == FAIL_SHORT || with == FAIL_FULL;
    snprintf(tape->failed, sizeof(tape->failed), "%s %s: %s", what, path,
             with == FAIL_SHORT  ? "short"
             : with == FAIL_FULL ? "short, then full"
             : with == FAIL_LONG ? "disk error, and three more"
                                 : strerror(with));
    if (cut && n < 2)
        return CALL_NO;
    tape->failing = with == FAIL_FULL ? 1 : with == FAIL_LONG ? 3 : 0;
    errno = with == FAIL_LONG ? EIO : with;
    return cut ? CALL_SHORT : CALL_FAILS;
}

/* ---- the table ---- */

static int rec_openat(int dir, const char *path, int flags, mode_t mode)
{
    char at[160];
    struct stat info;
    if (!path_at(dir, path, at))
        return openat(dir, path, flags, mode);
    if (turn("open", at, 0) != CALL_NO)
        return -1;
    const bool there = fstatat(dir, path, &info, AT_SYMLINK_NOFOLLOW) == 0;
    const int fd = openat(dir, path, flags, mode);
    if (fd >= 0 && !there && (flags & O_CREAT) != 0) {
        call_it(tape, at, tape->files++);
        put(tape, OP_CREATE, at);
    }
    return fd;
}

static ssize_t rec_pread(int fd, void *p, size_t n, off_t off)
{
    char at[160];
    const int how = path_fd(fd, at) ? turn("read", at, n) : CALL_NO;
    return how == CALL_FAILS ? -1 : pread(fd, p, how == CALL_SHORT ? n / 2 : n, off);
}

static ssize_t rec_write(int fd, const void *p, size_t n)
{
    char at[160];
    const bool ours = path_fd(fd, at);
    const int how = ours ? turn("write", at, n) : CALL_NO;
    if (how == CALL_FAILS)
        return -1;
    struct stat info;
    if (ours && fstat(fd, &info) != 0)
        die("%s: cannot stat", at);
    const ssize_t k = write(fd, p, how == CALL_SHORT ? n / 2 : n);
    if (ours && k > 0)
        put_write(tape, at, (uint64_t)info.st_size, p, (size_t)k); /* they are all opened to append, or new */
    return k;
}

static ssize_t rec_pwrite(int fd, const void *p, size_t n, off_t off)
{
    char at[160];
    const bool ours = path_fd(fd, at);
    const int how = ours ? turn("write", at, n) : CALL_NO;
    if (how == CALL_FAILS)
        return -1;
    const ssize_t k = pwrite(fd, p, how == CALL_SHORT ? n / 2 : n, off);
    if (ours && k > 0)
        put_write(tape, at, (uint64_t)off, p, (size_t)k);
    return k;
}

static int rec_ftruncate(int fd, off_t n)
{
    char at[160];
    const bool ours = path_fd(fd, at);
    if (ours && turn("truncate", at, 0) != CALL_NO)
        return -1;
    const int r = ftruncate(fd, n);
    if (ours && r == 0)
        put(tape, OP_TRUNCATE, at)->at = (uint64_t)n;
    return r;
}

static int rec_sync(int fd)
{
    char at[160];
    if (!path_fd(fd, at))
        return 0;
    const bool failed = turn("sync", at, 0) != CALL_NO;
    const int e = errno;
    settle(tape, at, failed);
    errno = e;
    return failed ? -1 : 0;
}

static int rec_mkdirat(int dir, const char *path, mode_t mode)
{
    char at[160];
    const bool ours = path_at(dir, path, at);
    if (ours && turn("mkdir", at, 0) != CALL_NO)
        return -1;
    const int r = mkdirat(dir, path, mode);
    if (ours && r == 0)
        put(tape, OP_MKDIR, at);
    return r;
}

static int rec_renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    char at[160], then[160];
    const bool ours = path_at(from_dir, from, at) && path_at(to_dir, to, then);
    if (ours && turn("rename", at, 0) != CALL_NO)
        return -1;
    const int r = renameat(from_dir, from, to_dir, to);
    if (ours && r == 0) {
        struct op *o = put(tape, OP_RENAME, at);
        snprintf(o->to, sizeof(o->to), "%s", then);
        call_it(tape, then, o->file);
        forget(tape, at);
    }
    return r;
}

static int rec_unlinkat(int dir, const char *path, int flags)
{
    char at[160];
    const bool ours = path_at(dir, path, at);
    if (ours && turn("unlink", at, 0) != CALL_NO)
        return -1;
    const int r = unlinkat(dir, path, flags);
    if (ours && r == 0) {
        put(tape, OP_UNLINK, at);
        forget(tape, at);
    }
    return r;
}

static const struct cv_io recording = { .openat = rec_openat,
                                        .pread = rec_pread,
                                        .write = rec_write,
                                        .pwrite = rec_pwrite,
                                        .ftruncate = rec_ftruncate,
                                        .fdatasync = rec_sync,
                                        .fsync = rec_sync,
                                        .mkdirat = rec_mkdirat,
                                        .renameat = rec_renameat,
                                        .unlinkat = rec_unlinkat };

static int no_sync(int fd)
{
    (void)fd;
    return 0;
}

static struct cv_io unsynced;

void tape_start(struct tape *t)
{
    tape = t;
    cv_io = &recording;
}

void tape_stop(void)
{
    unsynced = cv_io_system;
    unsynced.fdatasync = unsynced.fsync = no_sync;
    cv_io = &unsynced;
    tape = NULL;
}

void tape_free(struct tape *t)
{
    for (size_t i = t->own; i < t->count; i++)
        free(t->ops[i].bytes);
    free(t->ops);
    t->ops = NULL;
    t->count = t->room = 0;
}

void tape_fork(const struct tape *t, size_t n, struct tape *out)
{
    memset(out, 0, sizeof(*out));
    snprintf(out->root, sizeof(out->root), "%s", t->root);
    out->fail_at = SIZE_MAX;
    out->files = t->files;
    out->own = n;
    for (size_t i = 0; i < n; i++) {
        const struct op *from = &t->ops[i];
        if (from->kind == OP_CREATE)
            call_it(out, from->path, from->file);
        struct op *o = put(out, from->kind, from->path);
        *o = *from;
        if (o->durable >= n)
            o->durable = SIZE_MAX;
        if (from->kind == OP_RENAME)
            call_it(out, from->to, from->file);
        if (from->kind == OP_RENAME || from->kind == OP_UNLINK)
            forget(out, from->path);
    }
}

void tape_held(const struct tape *from, struct tape *out)
{
    tape_fork(from, from->count, out);
    for (size_t i = 0; i < out->count; i++) {
        out->ops[i].durable = 0;
        out->ops[i].lost = false;
    }
}
