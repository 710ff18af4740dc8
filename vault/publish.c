#include "vault/publish.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/checkpoint.h"
#include "formats/tiles.h"
#include "vault/fetch.h"
#include "vault/regular.h"

#define CHECKPOINT "checkpoint"
#define DASH "\xe2\x80\x94 " /* what a signature line begins with */
#define PATH_ROOM (CV_TILE_PATH_BYTES + 8)

struct publishing {
    struct cv_custody *custody;
    struct cv_published *out;
    struct cv_fetch there;
    struct cv_tiles *tiles;
    struct cv_checkpoint before; /* what is published; size 0: nothing yet */
    bool all;
    struct cv_buf had, note; /* the published note, and the one to publish */
    uint64_t signed_at;      /* the checkpoint entry that it stands in */
};

/* ---- files ---- */

/* make_dirs(dir, path): the directories that ${path} needs. Whoever serves them is another user: they are for
 * everybody to read, whatever the umask is. */
static int make_dirs(int dir, const char *path)
{
    char part[PATH_ROOM];
    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
        if (mkdirat(dir, part, 0755) == 0 ? fchmodat(dir, part, 0755, 0) != 0 : errno != EEXIST)
            return -1;
    }
    return 0;
}

static bool write_all(int fd, struct cv_bytes b)
{
    while (b.n > 0) {
        const ssize_t k = write(fd, b.p, b.n);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return false;
        b = CV_BYTES(b.p + k, b.n - (size_t)k);
    }
    return true;
}

/* write_file(p, path, bytes): whole or not there. */
static cv_status write_file(struct publishing *p, const char *path, struct cv_bytes bytes, struct cv_err *err)
{
    const int dir = p->there.dir;
    char made[PATH_ROOM];
    snprintf(made, sizeof(made), "%s.new", path);
    if (make_dirs(dir, path) != 0)
        return cv_fail_errno(err, "%s: cannot make its directory", path);
    const int fd = cv_open_regular(dir, made, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd < 0)
        return cv_fail_errno(err, "%s: cannot write", path);
    bool good = write_all(fd, bytes) && fchmod(fd, 0644) == 0 && fsync(fd) == 0;
    good = good && renameat(dir, made, dir, path) == 0;
    cv_status st = good ? CV_OK : cv_fail_errno(err, "%s: cannot write", path);
    close(fd);
    if (st != CV_OK)
        unlinkat(dir, made, 0);
    p->out->files += st == CV_OK;
    p->out->bytes += st == CV_OK ? bytes.n : 0;
    return st;
}

/* put(arg, tile, bytes): a cv_tile_put_fn. */
static cv_status put(void *arg, const struct cv_tile *tile, struct cv_bytes bytes, struct cv_err *err)
{
    struct publishing *p = arg;
    struct cv_buf have = { 0 };
    struct cv_err unread = { 0 };
    char path[CV_TILE_PATH_BYTES];
    cv_tile_path(tile, path);
    cv_status st = cv_fetch_get(&p->there, path, bytes.n, &have, &unread);
    const bool same = st == CV_OK && cv_bytes_equal(cv_buf_view(&have), bytes);
    cv_buf_free(&have);
    if (same || st == CV_ERR_NOMEM)
        return st;
    p->out->repaired += st != CV_ERR_NOTFOUND;
    return write_file(p, path, bytes, err);
}

/* get(arg, tile, out): a cv_tile_get_fn. */
static cv_status get(void *arg, const struct cv_tile *tile, struct cv_buf *out, struct cv_err *err)
{
    const struct publishing *p = arg;
    char path[CV_TILE_PATH_BYTES];
    cv_tile_path(tile, path);
    return cv_fetch_get(&p->there, path, tile->entries ? CV_BUNDLE_MAX_BYTES : CV_TILE_MAX_BYTES, out, err);
}

/* sound(p, tile): is a file of that name, as long as it should be, there? */
static bool sound(const struct publishing *p, const struct cv_tile *tile)
{
    struct stat info;
    char path[CV_TILE_PATH_BYTES];
    cv_tile_path(tile, path);
    return fstatat(p->there.dir, path, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(info.st_mode) &&
           (tile->entries ? info.st_size > 0 : info.st_size == (off_t)CV_TILE_MAX_BYTES);
}

/* complete(p): are all full tiles of the published log there? */
static bool complete(const struct publishing *p)
{
    bool good = true;
    for (unsigned level = 0; level < CV_TILE_LEVELS && good; level++)
        for (uint64_t i = 0; good && cv_tile_width(p->before.size, level, i) == CV_TILE_WIDTH; i++) {
            struct cv_tile tile = { .level = level, .index = i, .width = CV_TILE_WIDTH };
            good = sound(p, &tile);
            tile.entries = true;
            good = good && (level > 0 || sound(p, &tile));
        }
    return good;
}

/* forget_partial(p, tile): the partial ones of a tile that is full by now. That they are there does no harm.
 */
static void forget_partial(const struct publishing *p, struct cv_tile tile)
{
    char path[CV_TILE_PATH_BYTES];
    tile.width = CV_TILE_WIDTH - 1;
    cv_tile_path(&tile, path);
    *strrchr(path, '/') = '\0';
    const int fd = openat(p->there.dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    if (d == NULL) {
        if (fd >= 0)
            close(fd);
        return;
    }
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d))
        if (e->d_name[0] != '.')
            unlinkat(dirfd(d), e->d_name, 0);
    closedir(d);
    unlinkat(p->there.dir, path, AT_REMOVEDIR);
}

static void tidy(const struct publishing *p)
{
    for (unsigned level = 0; level < CV_TILE_LEVELS; level++) {
        uint64_t i = p->all || level + 1 == CV_TILE_LEVELS ? 0 : p->before.size >> (8 * (level + 1));
        for (; cv_tile_width(p->out->size, level, i) == CV_TILE_WIDTH; i++) {
            struct cv_tile tile = { .level = level, .index = i };
            forget_partial(p, tile);
            tile.entries = true;
            if (level == 0)
                forget_partial(p, tile);
        }
    }
}

/* ---- the log ---- */

/* read_commit(p, index, data, out): the commit that the checkpoint entry at ${index} closes. */
static cv_status read_commit(struct publishing *p, uint64_t index, struct cv_buf *data, struct cv_commit *out,
                             struct cv_err *err)
{
    cv_buf_truncate(data, 0);
    cv_status st = cv_custody_read(p->custody, index, CV_KIND_CHECKPOINT, data, err);
    st = CV_THEN(st, cv_commit_parse(cv_buf_view(data), out, err));
    return st == CV_ERR_FORMAT ? CV_ERR_LOG : st;
}

/* public_note(p, note): what outsiders get of it: the text, and the signature of the log key. Who of the
 * members made the commit is none of theirs. */
static cv_status public_note(struct publishing *p, struct cv_bytes bytes, struct cv_err *err)
{
    struct cv_note note = { 0 };
    char want[160], origin[128];
    cv_policy_origin(p->custody->chain.policy, origin);
    const int n = snprintf(want, sizeof(want), DASH "%s ", origin);
    cv_buf_truncate(&p->note, 0);
    cv_status st = cv_note_parse(bytes, &note, err);
    st = CV_THEN(st, cv_buf_append(&p->note, CV_BYTES(bytes.p, note.text.n + 1)));
    struct cv_bytes rest = CV_BYTES(bytes.p + note.text.n + 1, bytes.n - note.text.n - 1);
    for (size_t i = 0; i < note.count && st == CV_OK; i++) {
        const size_t line = (size_t)((const uint8_t *)memchr(rest.p, '\n', rest.n) - rest.p) + 1;
        if (line > (size_t)n && memcmp(rest.p, want, (size_t)n) == 0)
            st = cv_buf_append(&p->note, CV_BYTES(rest.p, line));
        rest = CV_BYTES(rest.p + line, rest.n - line);
    }
    cv_note_free(&note);
    return st;
}

/* read_before(p): the checkpoint that is published there, if there is one. */
static cv_status read_before(struct publishing *p, struct cv_err *err)
{
    struct cv_note note = { 0 };
    struct cv_err bad = { 0 };
    char origin[128];
    cv_policy_origin(p->custody->chain.policy, origin);
    cv_status st = cv_fetch_get(&p->there, CHECKPOINT, CV_NOTE_MAX_BYTES, &p->had, err);
    if (st == CV_ERR_NOTFOUND)
        return CV_OK;
    if (st == CV_OK && (cv_note_parse(cv_buf_view(&p->had), &note, &bad) != CV_OK ||
                        cv_checkpoint_parse(note.text, &p->before, &bad) != CV_OK))
        st = cv_fail(
            err, bad.status == CV_ERR_NOMEM ? CV_ERR_NOMEM : CV_ERR_EXISTS,
            "%.150s/checkpoint: not the checkpoint of a log; nothing was written: name another directory",
            p->there.base);
    if (st == CV_OK && strcmp(p->before.origin, origin) != 0)
        st = cv_fail(err, CV_ERR_EXISTS,
                     "%.150s: the log of another vault is published there: name another directory",
                     p->there.base);
    cv_note_free(&note);
    return st;
}

/* head_of(commit, out): the checkpoint in its note. */
static cv_status head_of(const struct cv_commit *c, struct cv_checkpoint *out, struct cv_err *err)
{
    struct cv_note note = { 0 };
    cv_status st = cv_note_parse(c->note, &note, err);
    st = CV_THEN(st, cv_checkpoint_parse(note.text, out, err));
    cv_note_free(&note);
    return st;
}

/* edge_of(commit, edge): of the tree that its checkpoint signs. */
static cv_status edge_of(const struct cv_commit *c, struct cv_merkle_edge *edge)
{
    cv_status st = CV_OK;
    *edge = c->edge;
    for (size_t i = 0; i < c->count && st == CV_OK; i++) {
        struct cv_hash leaf;
        st = cv_leaf_hash(c->vault, c->first + i, &c->leaves[i], &leaf);
        st = CV_THEN(st, cv_merkle_append(edge, &leaf));
    }
    return st;
}

/* check_before(p, edge): the published checkpoint is one of this log's own: every one of them is an entry,
 * at the index that is its size. ${edge}: of the log at that size. */
static cv_status check_before(struct publishing *p, struct cv_merkle_edge *edge, struct cv_err *err)
{
    struct cv_buf data = { 0 };
    struct cv_commit commit = { 0 };
    struct cv_checkpoint head = { 0 };
    const uint64_t size = p->before.size, last = p->custody->chain.edge.size;
    if (size > last)
        return cv_fail_n(err, CV_ERR_LOG, size,
                         "%" PRIu64 " entry is published, and the log has %" PRIu64
                         ": the vault has gone back; nothing was written",
                         "%" PRIu64 " entries are published, and the log has %" PRIu64
                         ": the vault has gone back; nothing was written",
                         size, last);
    struct cv_err none = { 0 };
    cv_status st = read_commit(p, size, &data, &commit, &none);
    if (st != CV_OK && st != CV_ERR_NOTFOUND)
        (void)!cv_fail(err, st, "%s", none.msg);
    if (st == CV_OK)
        st = head_of(&commit, &head, err);
    if (st == CV_ERR_NOTFOUND ||
        (st == CV_OK && (head.size != size || memcmp(&head.root, &p->before.root, sizeof(head.root)) != 0)))
        st = cv_fail(err, CV_ERR_LOG,
                     "the published log tells another story than this one at entry %" PRIu64
                     "; nothing was written",
                     size);
    st = CV_THEN(st, edge_of(&commit, edge));
    cv_commit_free(&commit);
    cv_buf_free(&data);
    return st;
}

/* resume(p): go on from what is published, if it is all there and leads to the log's own edge; else begin
 * anew, and mend. */
static cv_status resume(struct publishing *p, struct cv_err *err)
{
    struct cv_merkle_edge want = { 0 }, have = { 0 };
    struct cv_err bad = { 0 };
    cv_status st = check_before(p, &want, err);
    if (st != CV_OK || p->all)
        return st;
    st = complete(p) ? cv_tiles_resume(p->tiles, p->before.size, get, p, &bad) : CV_ERR_NOTFOUND;
    st = CV_THEN(st, cv_tiles_edge(p->tiles, &have));
    if (st == CV_ERR_NOMEM || st == CV_ERR_INTERNAL)
        return st;
    if (st != CV_OK || !cv_merkle_edge_equal(&want, &have)) {
        p->all = true;
        cv_tiles_free(p->tiles);
        return cv_tiles_new(&p->tiles);
    }
    return CV_OK;
}

/* add(p, commit): its leaves. */
static cv_status add(struct publishing *p, const struct cv_commit *c, struct cv_err *err)
{
    struct cv_buf text = { 0 };
    cv_status st = c->first == p->tiles->size
                       ? CV_OK
                       : cv_fail(err, CV_ERR_LOG, "the checkpoints do not go on from one another");
    for (size_t i = 0; i < c->count && st == CV_OK; i++) {
        cv_buf_truncate(&text, 0);
        st = cv_leaf_text(c->vault, c->first + i, &c->leaves[i], &text);
        st = CV_THEN(st, cv_tiles_add(p->tiles, cv_buf_view(&text), put, p, err));
    }
    cv_buf_free(&text);
    return st;
}

/* walk(p): every commit after what the tiles have. */
static cv_status walk(struct publishing *p, struct cv_err *err)
{
    struct cv_catalog *catalog = cv_custody_catalog(p->custody);
    struct cv_buf data = { 0 };
    uint64_t index = 0, at = p->tiles->size;
    cv_status st;
    if (at > 0) /* the commit that ends there gives the note, if none follows */
        p->signed_at = at++;
    while ((st = cv_catalog_next(catalog, CV_KIND_CHECKPOINT, at, &index, err)) == CV_OK) {
        struct cv_commit commit = { 0 };
        st = read_commit(p, index, &data, &commit, err);
        st = CV_THEN(st, add(p, &commit, err));
        cv_commit_free(&commit);
        if (st != CV_OK)
            break;
        p->signed_at = index;
        at = index + 1;
    }
    cv_buf_free(&data);
    return st == CV_ERR_NOTFOUND ? CV_OK : st;
}

/* check_end(p): the tiles lead to the root that custody has verified, and that the last checkpoint signs. */
static cv_status check_end(struct publishing *p, struct cv_err *err)
{
    struct cv_buf data = { 0 };
    struct cv_commit commit = { 0 };
    struct cv_checkpoint head = { 0 };
    struct cv_merkle_edge edge = { 0 };
    cv_status st = cv_tiles_edge(p->tiles, &edge);
    st = CV_THEN(st, cv_merkle_root(&edge, &p->out->root));
    st = CV_THEN(st, read_commit(p, p->signed_at, &data, &commit, err));
    st = CV_THEN(st, head_of(&commit, &head, err));
    if (st == CV_OK && (!cv_merkle_edge_equal(&edge, &p->custody->chain.edge) || head.size != edge.size ||
                        memcmp(&head.root, &p->out->root, sizeof(head.root)) != 0))
        st = cv_fail(err, CV_ERR_LOG, "the leaves of the log do not lead to its last checkpoint");
    st = CV_THEN(st, public_note(p, commit.note, err));
    p->out->size = edge.size;
    cv_commit_free(&commit);
    cv_buf_free(&data);
    return st;
}

/* vkey(p): the key that judged, and signed, that commit. */
static cv_status vkey(struct publishing *p, struct cv_err *err)
{
    const struct cv_policy *policy = NULL;
    char origin[128];
    cv_status st = cv_custody_policy_at(p->custody, p->signed_at, &policy, err);
    if (st != CV_OK)
        return st;
    cv_policy_origin(policy, origin);
    st = cv_note_vkey(origin, policy->log.key, &p->out->vkey);
    return CV_THEN(st, cv_buf_append(&p->out->vkey, CV_LIT("\0")));
}

/* open_there(p, path): the directory, held by a lock on itself. */
static cv_status open_there(struct publishing *p, const char *path, struct cv_err *err)
{
    if (mkdir(path, 0755) == 0 ? chmod(path, 0755) != 0 : errno != EEXIST)
        return cv_fail_errno(err, "%s: cannot make the directory", path);
    p->there = (struct cv_fetch){ path, open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
    if (p->there.dir < 0)
        return cv_fail_errno(err, "%s: cannot open", path);
    if (faccessat(p->there.dir, "release.keys", F_OK, 0) == 0)
        return cv_fail(err, CV_ERR_EXISTS,
                       "%s: a vault; what is published needs a directory of its own: name one", path);
    return flock(p->there.dir, LOCK_EX | LOCK_NB) == 0
               ? CV_OK
               : cv_fail(err, CV_ERR_LOCKED, "%s: somebody else is publishing there", path);
}

/* finish(p): the checkpoint, when all it stands on is durable. */
static cv_status finish(struct publishing *p, const char *path, struct cv_err *err)
{
    if (!cv_bytes_equal(cv_buf_view(&p->had), cv_buf_view(&p->note))) {
        if (syncfs(p->there.dir) != 0)
            return cv_fail_errno(err, "%s: cannot make it durable", path);
        cv_status st = write_file(p, CHECKPOINT, cv_buf_view(&p->note), err);
        if (st == CV_OK && fsync(p->there.dir) != 0)
            st = cv_fail_errno(err, "%s: cannot make it durable", path);
        if (st != CV_OK)
            return st;
    }
    tidy(p);
    return CV_OK;
}

cv_status cv_publish(struct cv_custody *c, const char *path, bool all, struct cv_published *out,
                     struct cv_err *err)
{
    struct publishing p = { .custody = c, .out = out, .all = all, .there = { .dir = -1 } };
    memset(out, 0, sizeof(*out));
    cv_status st = open_there(&p, path, err);
    st = CV_THEN(st, cv_tiles_new(&p.tiles));
    st = CV_THEN(st, read_before(&p, err));
    if (st == CV_OK && p.before.size > 0)
        st = resume(&p, err);
    out->before = p.before.size;
    st = CV_THEN(st, walk(&p, err));
    st = CV_THEN(st, check_end(&p, err));
    st = CV_THEN(st, cv_tiles_end(p.tiles, put, &p, err));
    st = CV_THEN(st, vkey(&p, err));
    st = CV_THEN(st, finish(&p, path, err));
    cv_tiles_free(p.tiles);
    cv_buf_free(&p.had);
    cv_buf_free(&p.note);
    cv_fetch_close(&p.there);
    return cv_err_note(err, st, "publishing");
}
