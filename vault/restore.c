#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vault/backup.h"
#include "vault/copy.h"
#include "vault/event.h"
#include "vault/listed.h"
#include "vault/memory.h"
#include "vault/walk.h"

/* A vault out of a backup: made under another name, verified, and only then given its own. */

struct restoring {
    struct cv_shelf shelf;
    struct cv_backed *out;
    cv_work_fn progress;
    void *arg;
    char made[4096 + 32]; /* until it is verified */
    int dir, archive;
    uint64_t done, total;
    bool told; /* this user's memory went back */
};

static void copying(void *arg, uint64_t bytes)
{
    struct restoring *r = arg;
    r->done += bytes;
    r->out->copied += bytes;
    if (r->progress != NULL)
        r->progress(r->arg, "Copying, bytes", r->done, r->total);
}

static void verifying(void *arg, uint64_t done, uint64_t total)
{
    const struct restoring *r = arg;
    if (r->progress != NULL)
        r->progress(r->arg, "Verifying, bytes", done, total);
}

/* copy_one(r, from_dir, from_name, to_dir, to_name, end): all of a file, or its beginning; durable. */
static cv_status copy_one(struct restoring *r, int from_dir, const char *from_name, int to_dir,
                          const char *to_name, uint64_t end, struct cv_err *err)
{
    struct stat info = { 0 };
    const int from = openat(from_dir, from_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (from < 0)
        return errno == ENOENT
                   ? cv_fail(err, CV_ERR_LOG, "%s/%s: is missing in the backup", r->shelf.path, from_name)
                   : cv_fail_errno(err, "%s/%s: cannot open", r->shelf.path, from_name);
    const int to = openat(to_dir, to_name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0660);
    cv_status st = CV_OK;
    if (to < 0 || fstat(from, &info) != 0)
        st = cv_fail_errno(err, "%s: cannot write", r->made);
    if (st == CV_OK && end == 0)
        end = (uint64_t)info.st_size;
    st = CV_THEN(st, cv_copy_range(from, from_name, to, r->made, 0, end, copying, r, err));
    if (st == CV_OK && fsync(to) != 0)
        st = cv_fail_errno(err, "%s: cannot make it durable", r->made);
    if (to >= 0)
        close(to);
    close(from);
    return st;
}

static cv_status copy_archive(struct restoring *r, struct cv_err *err)
{
    const struct cv_shelf *s = &r->shelf;
    char name[16];
    cv_status st = CV_OK;
    for (uint32_t n = 1; n <= s->segment; n++) {
        struct stat info;
        snprintf(name, sizeof(name), "%08u.tar", n);
        r->total += fstatat(s->archive, name, &info, 0) == 0 ? (uint64_t)info.st_size : 0;
    }
    for (uint32_t n = 1; st == CV_OK && n <= s->segment; n++) {
        snprintf(name, sizeof(name), "%08u.tar", n);
        if (n < s->segment || s->offset > 0)
            st = copy_one(r, s->archive, name, r->archive, name, n == s->segment ? s->offset : 0, err);
        if (st == CV_OK && n < s->segment && fchmodat(r->archive, name, 0440, 0) != 0)
            st = cv_fail_errno(err, "%s: cannot make it read-only", r->made);
    }
    return st;
}

/* make(r, dir): the directory beside ${dir}, with the backup's bytes, durable. */
static cv_status make(struct restoring *r, const char *dir, struct cv_err *err)
{
    struct stat info;
    struct cv_shelf_keys *keys = calloc(1, sizeof(*keys));
    size_t n = strlen(dir);
    while (n > 1 && dir[n - 1] == '/')
        n--;
    if (keys == NULL || lstat(dir, &info) == 0) {
        cv_status bad = keys == NULL ? CV_ERR_NOMEM
                                     : cv_fail(err, CV_ERR_EXISTS,
                                               "%s: already there; it was not touched. Restore into a new "
                                               "directory, or move this one away",
                                               dir);
        free(keys);
        return bad;
    }
    if (snprintf(r->made, sizeof(r->made), "%.*s.restoring-XXXXXX", (int)n, dir) >= 4096 ||
        mkdtemp(r->made) == NULL) {
        const cv_status bad = cv_fail_errno(err, "%s: cannot make the directory", dir);
        r->made[0] = '\0';
        free(keys);
        return bad;
    }
    r->dir = open(r->made, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    cv_status st = r->dir >= 0 && fchmod(r->dir, 0770) == 0 && mkdirat(r->dir, "archive", 0770) == 0
                       ? CV_OK
                       : cv_fail_errno(err, "%s: cannot make the directory", r->made);
    r->archive = st == CV_OK ? openat(r->dir, "archive", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    st = CV_THEN(st, copy_archive(r, err));
    st = CV_THEN(st, cv_shelf_keys(&r->shelf, keys, err));
    if (st == CV_OK && keys->count == 0)
        st = cv_fail(err, CV_ERR_LOG, "%s/keys: there are none: nothing in this backup can be opened",
                     r->shelf.path);
    if (st == CV_OK) {
        memcpy(r->out->keys, keys->name[keys->count - 1], sizeof(r->out->keys));
        r->out->key_files = keys->count;
        st = copy_one(r, r->shelf.keys, r->out->keys, r->dir, "release.keys", 0, err);
    }
    if (st == CV_OK && (fsync(r->archive) != 0 || fsync(r->dir) != 0))
        st = cv_fail_errno(err, "%s: cannot make it durable", r->made);
    free(keys);
    return st;
}

/* unmake(r): what was made is not wanted. */
static void unmake(struct restoring *r)
{
    struct cv_listed list = { 0 };
    if (r->made[0] == '\0')
        return;
    if (r->archive >= 0 && cv_listed_read(r->archive, ".", &list, NULL) == CV_OK)
        for (size_t i = 0; i < list.count; i++)
            unlinkat(r->archive, list.name[i], 0);
    cv_listed_free(&list);
    unlinkat(r->dir, "archive", AT_REMOVEDIR);
    unlinkat(r->dir, "release.keys", 0);
    unlinkat(r->dir, "lock", 0);
    rmdir(r->made);
}

/* spare(r, w): keys beyond those that this log took are others': of what came after it. */
static cv_status spare(const struct restoring *r, const struct cv_walk *w, struct cv_err *err)
{
    const int fd = openat(r->dir, "release.keys", O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    const bool good =
        fd >= 0 && ftruncate(fd, (off_t)(CV_RELEASE_HEADER_BYTES + w->slots * CV_RELEASE_KEY_BYTES)) == 0 &&
        fsync(fd) == 0;
    cv_status st = good ? CV_OK : cv_fail_errno(err, "%s/release.keys: cannot cut", r->made);
    if (fd >= 0)
        close(fd);
    return st;
}

/* memory_back(fd, w): as it was before. */
static cv_status memory_back(int *fd, const struct cv_walk *w)
{
    return cv_memory_write(fd, w->out->vault, w->seen_size, &w->seen_root, NULL);
}

/* tell_of_it(r, id, w): this member goes back behind what they saw: their memory does, and the log says so.
 */
static cv_status tell_of_it(struct restoring *r, const struct cv_identity *id, const struct cv_walk *w,
                            struct cv_err *err)
{
    struct cv_vault *v = NULL;
    char detail[160];
    int memory = -1;
    snprintf(detail, sizeof(detail),
             "from a backup that ends at entry %" PRIu64 "; entry %" PRIu64
             " had been seen, and what came between is gone",
             w->out->head_size, w->seen_size);
    const struct cv_event event = { .action = "restore", .detail = detail };
    cv_status st = cv_memory_write(&memory, w->out->vault, w->out->head_size, &w->out->head_root, err);
    r->told = true;
    st = CV_THEN(st, cv_vault_open(r->made, NULL, id, &v, err));
    st = CV_THEN(st, cv_event_log(v, &event, err));
    cv_vault_close(v);
    if (memory >= 0)
        close(memory);
    return st;
}

/* judge(r, trust, id, w): is what was made whole, and may it take the place of what this user knows? */
static cv_status judge(struct restoring *r, const char *trust, const struct cv_identity *id,
                       struct cv_walk *w, struct cv_err *err)
{
    cv_status st = cv_walk_run(r->made, w, err);
    if (st == CV_OK && (w->out->head_size != r->shelf.size ||
                        memcmp(w->out->head_root.b, r->shelf.root.b, sizeof(r->shelf.root.b)) != 0))
        st = cv_fail_n(err, CV_ERR_LOG, r->shelf.size,
                       "%s: was finished with a head of %" PRIu64 " entry, and now ends at %" PRIu64,
                       "%s: was finished with a head of %" PRIu64 " entries, and now ends at %" PRIu64,
                       r->shelf.path, r->shelf.size, w->out->head_size);
    if (st == CV_OK && trust != NULL)
        st = cv_custody_trust(w->out->vault, trust, err);
    if (st != CV_OK)
        return st;
    st = spare(r, w, err);
    if (st != CV_OK || !w->out->behind)
        return st;
    r->out->ahead = w->seen_size;
    if (id != NULL)
        return tell_of_it(r, id, w, err);
    return cv_fail(err, CV_ERR_LOG,
                   "this backup ends at entry %" PRIu64 ", and you have seen entry %" PRIu64
                   ": what came between would be lost. Nothing was restored",
                   w->out->head_size, w->seen_size);
}

/* give_name(made, dir): unless somebody else took it meanwhile. */
static cv_status give_name(const char *made, const char *dir, struct cv_err *err)
{
    struct stat info;
    int failed = renameat2(AT_FDCWD, made, AT_FDCWD, dir, RENAME_NOREPLACE);
    if (failed != 0 && (errno == EINVAL || errno == ENOSYS)) /* a file system that cannot */
        failed = lstat(dir, &info) == 0 ? -1 : rename(made, dir);
    return failed == 0
               ? CV_OK
               : cv_fail_errno(err, "%s: cannot give the restored vault this name; it was not kept", dir);
}

cv_status cv_restore(const char *backup, const char *dir, const char *trust, const struct cv_identity *id,
                     cv_work_fn progress, void *arg, struct cv_backed *out, struct cv_err *err)
{
    struct restoring r = {
        .shelf = CV_SHELF_NONE, .out = out, .progress = progress, .arg = arg, .dir = -1, .archive = -1
    };
    struct cv_walk w = { .progress = verifying, .arg = &r, .older = true };
    int memory = -1;
    memset(out, 0, sizeof(*out));
    w.out = &out->audit;
    cv_status st = cv_shelf_open(backup, &r.shelf, err);
    st = CV_THEN(st, make(&r, dir, err));
    st = CV_THEN(st, judge(&r, trust, id, &w, err));
    st = CV_THEN(st, give_name(r.made, dir, err));
    if (st == CV_OK)
        st = cv_copy_sync_parent(dir, err);
    else
        unmake(&r);
    if (st != CV_OK && r.told && memory_back(&memory, &w) != CV_OK)
        st = cv_fail(err, CV_ERR_IO, "what you saw last of this vault could not be written back");
    if (st == CV_OK && trust != NULL && !w.known)
        st = cv_memory_write(&memory, out->audit.vault, out->audit.head_size, &out->audit.head_root, err);
    out->segments = r.shelf.segment;
    cv_buf_free(&w.checkpoint);
    const int fds[] = { memory, r.dir, r.archive };
    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
        if (fds[i] >= 0)
            close(fds[i]);
    cv_shelf_close(&r.shelf);
    return cv_err_note(err, st, dir);
}
