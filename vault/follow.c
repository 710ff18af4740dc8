#include "vault/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/base64.h"
#include "formats/checkpoint.h"
#include "formats/note.h"
#include "formats/tiles.h"
#include "vault/fetch.h"
#include "vault/memory.h"
#include "vault/regular.h"

#define TITLE "casevault log v1"
#define ORIGIN "casevault/"
#define CHECKPOINT "checkpoint"
#define CHECKPOINT_MAX_BYTES 65536
#define PATH_ROOM 4096
#define MEMORY_MAX_BYTES 1024

/* What this user knows of a log. */
struct known {
    char key[CV_NOTE_NAME_MAX + 64]; /* as cv_note_vkey writes it; empty: nothing is known */
    uint64_t size;
    struct cv_hash root;
};

struct following {
    struct cv_fetch from;
    struct cv_followed *out;
    struct cv_checkpoint head;
    struct known known;
    struct cv_tiles *tiles;
    struct cv_buf bundle; /* the entries being read */
    /* the first tile that is not what the entries make it; judged when the root is known */
    bool differs;
    struct cv_tile tile;
    uint64_t entry;
    bool forked; /* another root than the one remembered, at that size */
};

/* ---- what is remembered ---- */

static cv_status memory_path(const char *vault, char out[static PATH_ROOM], struct cv_err *err)
{
    char dir[PATH_ROOM];
    cv_status st = cv_user_dir("XDG_STATE_HOME", ".local/state", NULL, dir, err);
    if (st == CV_OK && snprintf(out, PATH_ROOM, "%s/log-%s", dir, vault) >= PATH_ROOM)
        st = cv_fail(err, CV_ERR_LIMIT, "%s: path too long", dir);
    return st;
}

/* A checkpoint's three lines, with this title for its origin, and the key. */
static cv_status memory_text(const struct known *k, struct cv_buf *out)
{
    const struct cv_checkpoint c = { .origin = TITLE, .size = k->size, .root = k->root };
    cv_status st = cv_checkpoint_text(&c, out);
    return CV_THEN(st, cv_buf_printf(out, "%s\n", k->key));
}

/* parse_memory(text, out): exactly what memory_text writes. */
static bool parse_memory(struct cv_bytes text, struct known *out)
{
    struct cv_checkpoint c = { 0 };
    struct cv_note_key parsed;
    size_t key = text.n > 0 ? text.n - 1 : 0; /* where the last line begins */
    while (key > 0 && text.p[key - 1] != '\n')
        key--;
    if (key == 0 || text.p[text.n - 1] != '\n' || text.n - key > sizeof(out->key) ||
        cv_checkpoint_parse(CV_BYTES(text.p, key), &c, NULL) != CV_OK || strcmp(c.origin, TITLE) != 0 ||
        cv_note_vkey_parse(CV_BYTES(text.p + key, text.n - key - 1), CV_NOTE_TYPE_ED25519, &parsed, NULL) !=
            CV_OK)
        return false;
    snprintf(out->key, sizeof(out->key), "%.*s", (int)(text.n - key - 1), (const char *)text.p + key);
    out->size = c.size;
    out->root = c.root;
    return true;
}

static cv_status recall(const char *vault, struct known *out, struct cv_err *err)
{
    char path[PATH_ROOM];
    uint8_t text[MEMORY_MAX_BYTES];
    memset(out, 0, sizeof(*out));
    cv_status st = memory_path(vault, path, err);
    if (st != CV_OK)
        return st;
    const int fd = cv_open_regular(AT_FDCWD, path, O_RDONLY, 0);
    if (fd < 0)
        return errno == ENOENT ? CV_OK : cv_fail_errno(err, "%s: cannot open", path);
    const ssize_t n = read(fd, text, sizeof(text));
    close(fd);
    if (n < 0)
        return cv_fail_errno(err, "%s: cannot read", path);
    return parse_memory(CV_BYTES(text, (size_t)n), out)
               ? CV_OK
               : cv_fail(err, CV_ERR_FORMAT,
                         "%s: damaged; it holds what you last saw of this log. Delete the file to begin anew",
                         path);
}

/* remember(f): in a new file that takes the old one's place. */
static cv_status remember(const struct following *f, struct cv_err *err)
{
    char path[PATH_ROOM];
    struct cv_buf text = { 0 };
    struct known now;
    cv_status st = recall(f->out->vault, &now, err);
    if (st != CV_OK || now.size > f->known.size) /* another process has seen more of it meanwhile */
        return st;
    st = memory_path(f->out->vault, path, err);
    st = CV_THEN(st, memory_text(&f->known, &text));
    st = CV_THEN(st, cv_memory_replace(path, cv_buf_view(&text), err));
    cv_buf_free(&text);
    return st;
}

/* ---- the checkpoint ---- */

/* vault_of(origin, out): the vault id that a log's name ends with. */
static bool vault_of(const char *origin, char out[static CV_VAULT_HEX_BYTES])
{
    uint8_t id[CV_VAULT_ID_BYTES];
    if (strncmp(origin, ORIGIN, strlen(ORIGIN)) != 0 ||
        cv_hex_decode(cv_bytes_str(origin + strlen(ORIGIN)), id, sizeof(id)) != CV_OK)
        return false;
    memcpy(out, origin + strlen(ORIGIN), CV_VAULT_HEX_BYTES);
    return true;
}

/* choose_key(f, log_key, public): the key this log is held to: the one given, else the one remembered. */
static cv_status choose_key(struct following *f, const char *log_key, uint8_t public[static 32],
                            struct cv_err *err)
{
    struct known *k = &f->known;
    struct cv_note_key key;
    cv_status st = recall(f->out->vault, k, err);
    if (st != CV_OK)
        return st;
    f->out->known = k->key[0] != '\0';
    f->out->before = k->size;
    if (log_key == NULL && !f->out->known)
        return cv_fail(err, CV_ERR_DENIED,
                       "you have not followed this log before: give its key with --log-key; `casevault audit "
                       "publish` prints it");
    if (log_key != NULL && strlen(log_key) < sizeof(k->key)) {
        f->out->new_key = f->out->known && strcmp(k->key, log_key) != 0;
        snprintf(k->key, sizeof(k->key), "%s", log_key);
    } else if (log_key != NULL)
        k->key[0] = '\0';
    st = cv_note_vkey_parse(cv_bytes_str(k->key), CV_NOTE_TYPE_ED25519, &key, NULL);
    if (st == CV_ERR_FORMAT)
        return cv_fail(err, CV_ERR_ARG, "--log-key: not a key as `casevault audit publish` prints it");
    if (st == CV_OK && strcmp(key.name, f->head.origin) != 0)
        st = cv_fail(err, CV_ERR_LOG, "checkpoint: of another log than the key");
    if (st == CV_OK)
        memcpy(public, key.public, sizeof(key.public));
    return st;
}

static cv_status read_head(struct following *f, const char *log_key, struct cv_err *err)
{
    struct cv_buf bytes = { 0 };
    struct cv_note note = { 0 };
    uint8_t public[32];
    cv_status st = cv_fetch_get(&f->from, CHECKPOINT, CHECKPOINT_MAX_BYTES, &bytes, err);
    if (st == CV_ERR_NOTFOUND)
        st = cv_fail(err, CV_ERR_IO, "%.200s: no log is published there", f->from.base);
    if (st == CV_ERR_LIMIT)
        st = CV_ERR_LOG;
    if (st == CV_OK && (cv_note_parse(cv_buf_view(&bytes), &note, NULL) != CV_OK ||
                        cv_checkpoint_parse(note.text, &f->head, NULL) != CV_OK ||
                        !vault_of(f->head.origin, f->out->vault) || f->head.size == 0))
        st = cv_fail(err, CV_ERR_LOG, "checkpoint: not one of a vault's log");
    st = CV_THEN(st, choose_key(f, log_key, public, err));
    if (st == CV_OK) {
        st = cv_note_verify(&note, f->head.origin, public);
        if (st == CV_ERR_AUTH)
            st = cv_fail(err, CV_ERR_LOG, "checkpoint: the log key's signature does not verify");
        else if (st == CV_ERR_NOTFOUND)
            st = cv_fail(
                err, CV_ERR_LOG,
                "checkpoint: not signed by the log key you know; if the vault has a new one, learn it "
                "from whoever publishes, and give it with --log-key");
    }
    cv_note_free(&note);
    cv_buf_free(&bytes);
    return st;
}

/* ---- tiles ---- */

/* get_file(f, tile, out): one file. CV_ERR_NOTFOUND without telling. */
static cv_status get_file(const struct following *f, const struct cv_tile *tile, struct cv_buf *out,
                          struct cv_err *err)
{
    char path[CV_TILE_PATH_BYTES];
    cv_tile_path(tile, path);
    cv_status st =
        cv_fetch_get(&f->from, path, tile->entries ? CV_BUNDLE_MAX_BYTES : CV_TILE_MAX_BYTES, out, err);
    st = CV_THEN(st, cv_tile_check(tile, cv_buf_view(out), err));
    return st == CV_ERR_FORMAT || st == CV_ERR_LIMIT ? CV_ERR_LOG : st;
}

/* get(arg, want, out): a cv_tile_get_fn: the first of what that tile has in the log of the checkpoint. A
 * partial one may be gone since the checkpoint was read, if the full one is there. */
static cv_status get(void *arg, const struct cv_tile *want, struct cv_buf *out, struct cv_err *err)
{
    const struct following *f = arg;
    struct cv_tile tile = *want;
    char path[CV_TILE_PATH_BYTES];
    tile.width = cv_tile_width(f->head.size, want->level, want->index);
    cv_tile_path(&tile, path);
    cv_status st = get_file(f, &tile, out, err);
    if (st == CV_ERR_NOTFOUND && tile.width < CV_TILE_WIDTH) {
        tile.width = CV_TILE_WIDTH;
        st = get_file(f, &tile, out, err);
    }
    if (st == CV_ERR_NOTFOUND)
        st = cv_fail(err, CV_ERR_LOG, "%s: missing", path);
    if (st == CV_OK)
        cv_buf_truncate(out, cv_tile_head(&tile, want->width, cv_buf_view(out)).n);
    return st;
}

/* compare(arg, tile, made): a cv_tile_put_fn: what the entries make, against what is published. */
static cv_status compare(void *arg, const struct cv_tile *tile, struct cv_bytes made, struct cv_err *err)
{
    struct following *f = arg;
    struct cv_buf have = { 0 };
    if (tile->entries)
        return CV_OK; /* it is what was read */
    cv_status st = get(f, tile, &have, err);
    if (st == CV_OK && !f->differs && !cv_bytes_equal(cv_buf_view(&have), made)) {
        size_t at = 0;
        while (have.p[at] == made.p[at])
            at++;
        f->differs = true;
        f->tile = *tile;
        f->entry = tile->index * CV_TILE_WIDTH + at / sizeof(struct cv_hash);
    }
    cv_buf_free(&have);
    return st;
}

/* check_known(f): at the size remembered: the root remembered? */
static cv_status check_known(struct following *f, bool *same)
{
    struct cv_merkle_edge edge;
    struct cv_hash root;
    cv_status st = cv_tiles_edge(f->tiles, &edge);
    st = CV_THEN(st, cv_merkle_root(&edge, &root));
    *same = st == CV_OK && memcmp(&root, &f->known.root, sizeof(root)) == 0;
    return st;
}

/* add(f, index, text): one entry of a bundle. */
static cv_status add(struct following *f, struct cv_bytes text, struct cv_err *err)
{
    struct cv_leaf leaf;
    bool same = true;
    const uint64_t index = f->tiles->size;
    if (cv_leaf_text_parse(text, f->out->vault, index, &leaf) != CV_OK) {
        const struct cv_tile t = { .entries = true,
                                   .index = index / CV_TILE_WIDTH,
                                   .width = cv_tile_width(f->head.size, 0, index / CV_TILE_WIDTH) };
        char path[CV_TILE_PATH_BYTES];
        cv_tile_path(&t, path);
        return cv_fail(err, CV_ERR_LOG, "%s: entry %" PRIu64 " is no entry of this log", path, index);
    }
    if (index >= f->out->before)
        f->out->counts[leaf.kind]++;
    cv_status st = cv_tiles_add(f->tiles, text, compare, f, err);
    if (st == CV_OK && f->out->known && f->tiles->size == f->out->before)
        st = check_known(f, &same);
    f->forked = f->forked || !same;
    return st;
}

/* read_entries(f): all that are not in the tiles yet, bundle by bundle. */
static cv_status read_entries(struct following *f, struct cv_err *err)
{
    cv_status st = CV_OK;
    while (st == CV_OK && f->tiles->size < f->head.size) {
        const uint64_t index = f->tiles->size / CV_TILE_WIDTH;
        const struct cv_tile tile = { .entries = true,
                                      .index = index,
                                      .width = cv_tile_width(f->head.size, 0, index) };
        cv_buf_truncate(&f->bundle, 0);
        st = get(f, &tile, &f->bundle, err);
        struct cv_cursor c = { .rest = cv_buf_view(&f->bundle) };
        for (uint64_t i = index * CV_TILE_WIDTH; st == CV_OK && c.rest.n > 0; i++) {
            const struct cv_bytes text = cv_cursor_field(&c);
            if (i >= f->tiles->size)
                st = add(f, text, err);
        }
    }
    return CV_THEN(st, cv_tiles_end(f->tiles, compare, f, err));
}

/* judge(f): who lies, now that it is known what the entries lead to. */
static cv_status judge(struct following *f, struct cv_err *err)
{
    struct cv_merkle_edge edge;
    struct cv_tile bundle = f->tile;
    char path[CV_TILE_PATH_BYTES], other[CV_TILE_PATH_BYTES];
    struct cv_hash root;
    cv_status st = cv_tiles_edge(f->tiles, &edge);
    st = CV_THEN(st, cv_merkle_root(&edge, &root));
    if (st != CV_OK)
        return st;
    const bool leads = memcmp(&root, &f->head.root, sizeof(root)) == 0;
    bundle.entries = true;
    cv_tile_path(&f->tile, path);
    cv_tile_path(&bundle, other);
    if (leads && f->forked)
        return cv_fail(err, CV_ERR_LOG,
                       "the published log tells another story than the one you saw, within its first %" PRIu64
                       " entries",
                       f->out->before);
    if (f->differs && !leads && f->tile.level == 0)
        return cv_fail(err, CV_ERR_LOG, "%s: entry %" PRIu64 " does not hash to what %s holds", other,
                       f->entry, path);
    if (f->differs)
        return cv_fail(err, CV_ERR_LOG, "%s: not the hashes of the entries under it", path);
    return leads ? CV_OK : cv_fail(err, CV_ERR_LOG, "checkpoint: its root is not that of the entries");
}

/* pass(f, from): read on from ${from} entries, whose root is remembered; or from the first. CV_ERR_AUTH: the
 * tiles do not lead to what is remembered, and only the entries can tell why. */
static cv_status pass(struct following *f, uint64_t from, struct cv_err *err)
{
    struct cv_err bad = { 0 };
    bool same = true;
    cv_tiles_free(f->tiles);
    memset(f->out->counts, 0, sizeof(f->out->counts));
    cv_status st = cv_tiles_new(&f->tiles);
    if (st == CV_OK && from > 0) {
        st = cv_tiles_resume(f->tiles, from, get, f, &bad);
        st = CV_THEN(st, check_known(f, &same));
        if (st == CV_ERR_AUTH || (st == CV_OK && !same))
            return CV_ERR_AUTH;
        if (st != CV_OK)
            return cv_fail(err, st == CV_ERR_FORMAT ? CV_ERR_LOG : st, "%s",
                           bad.status != CV_OK ? bad.msg : cv_status_text(st));
    }
    st = CV_THEN(st, read_entries(f, err));
    return CV_THEN(st, judge(f, err));
}

static cv_status follow(struct following *f, struct cv_err *err)
{
    const uint64_t size = f->out->before;
    if (f->head.size < size)
        return cv_fail_n(err, CV_ERR_LOG, f->head.size,
                         "the published log has gone back: %" PRIu64 " entry, and you saw %" PRIu64,
                         "the published log has gone back: %" PRIu64 " entries, and you saw %" PRIu64,
                         f->head.size, size);
    if (f->head.size == size && memcmp(&f->head.root, &f->known.root, sizeof(f->head.root)) != 0)
        return cv_fail(err, CV_ERR_LOG,
                       "the published log tells another story than the one you saw, within its first %" PRIu64
                       " entries",
                       size);
    cv_status st = pass(f, size, err);
    if (st == CV_ERR_AUTH)
        st = pass(f, 0, err);
    return st;
}

cv_status cv_follow(const char *base, const char *log_key, struct cv_followed *out, struct cv_err *err)
{
    struct following f = { .out = out, .from = { .dir = -1 }, .bundle = { .max = CV_BUNDLE_MAX_BYTES } };
    memset(out, 0, sizeof(*out));
    cv_status st = cv_fetch_open(&f.from, base, err);
    st = CV_THEN(st, read_head(&f, log_key, err));
    st = CV_THEN(st, follow(&f, err));
    out->size = f.head.size;
    out->root = f.head.root;
    f.known.size = f.head.size;
    f.known.root = f.head.root;
    st = CV_THEN(st, remember(&f, err));
    cv_tiles_free(f.tiles);
    cv_buf_free(&f.bundle);
    cv_fetch_close(&f.from);
    return cv_err_note(err, st, "following the log");
}
