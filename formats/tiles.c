#include "formats/tiles.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEVEL_BITS 8
#define GROUP 1000 /* three digits of an index in each part of a path */
#define GROUPS_MAX 7
#define HASH_BYTES sizeof(struct cv_hash)

void cv_tile_path(const struct cv_tile *t, char out[static CV_TILE_PATH_BYTES])
{
    unsigned groups[GROUPS_MAX], count = 0;
    uint64_t rest = t->index;
    char *at = out, *const end = out + CV_TILE_PATH_BYTES;
    do
        groups[count++] = (unsigned)(rest % GROUP);
    while ((rest /= GROUP) != 0);
    if (t->entries)
        at += snprintf(at, (size_t)(end - at), "tile/entries");
    else
        at += snprintf(at, (size_t)(end - at), "tile/%u", t->level);
    while (count > 0) {
        count--;
        at += snprintf(at, (size_t)(end - at), "/%s%03u", count > 0 ? "x" : "", groups[count]);
    }
    if (t->width < CV_TILE_WIDTH)
        snprintf(at, (size_t)(end - at), ".p/%u", t->width);
}

unsigned cv_tile_width(uint64_t size, unsigned level, uint64_t index)
{
    const uint64_t hashes = level < CV_TILE_LEVELS ? size >> (LEVEL_BITS * level) : 0;
    if (index > UINT64_MAX / CV_TILE_WIDTH || index * CV_TILE_WIDTH >= hashes)
        return 0;
    const uint64_t left = hashes - index * CV_TILE_WIDTH;
    return left < CV_TILE_WIDTH ? (unsigned)left : CV_TILE_WIDTH;
}

/* left_over(size, level): how many hashes of a level are in no full tile. */
static unsigned left_over(uint64_t size, unsigned level)
{
    return (unsigned)(size >> (LEVEL_BITS * level)) % CV_TILE_WIDTH;
}

/* above(size, level): the index of the tile that the next hash of this level goes into. */
static uint64_t above(uint64_t size, unsigned level)
{
    return level + 1 < CV_TILE_LEVELS ? size >> (LEVEL_BITS * (level + 1)) : 0;
}

/* entries_bytes(bytes, count, out): how long the first ${count} entries are; false if there are fewer. */
static bool entries_bytes(struct cv_bytes bytes, unsigned count, size_t *out)
{
    struct cv_cursor c = { .rest = bytes };
    for (unsigned i = 0; i < count; i++)
        if (cv_cursor_field(&c).n > CV_TILE_TEXT_MAX)
            return false;
    *out = bytes.n - c.rest.n;
    return !c.bad;
}

cv_status cv_tile_check(const struct cv_tile *t, struct cv_bytes bytes, struct cv_err *err)
{
    char path[CV_TILE_PATH_BYTES];
    size_t n = t->width * HASH_BYTES;
    cv_tile_path(t, path);
    if (t->entries && (!entries_bytes(bytes, t->width, &n) || n != bytes.n))
        return cv_fail(err, CV_ERR_FORMAT, "%s: not the %u entries it should be", path, t->width);
    if (n != bytes.n)
        return cv_fail(err, CV_ERR_FORMAT, "%s: %zu bytes long instead of %zu", path, bytes.n, n);
    return CV_OK;
}

struct cv_bytes cv_tile_head(const struct cv_tile *t, unsigned width, struct cv_bytes bytes)
{
    size_t n = width * HASH_BYTES;
    if (t->entries && !entries_bytes(bytes, width, &n))
        n = 0;
    return CV_BYTES(bytes.p, n < bytes.n ? n : bytes.n);
}

cv_status cv_tiles_new(struct cv_tiles **out)
{
    *out = calloc(1, sizeof(**out));
    return *out != NULL ? CV_OK : CV_ERR_NOMEM;
}

void cv_tiles_free(struct cv_tiles *t)
{
    if (t == NULL)
        return;
    cv_buf_free(&t->bundle);
    free(t);
}

/* root_of(hashes, count, edge): the hashes of a tile, as the leaves of a small tree. */
static cv_status root_of(const struct cv_hash *hashes, unsigned count, struct cv_merkle_edge *edge)
{
    cv_status st = CV_OK;
    memset(edge, 0, sizeof(*edge));
    for (unsigned i = 0; i < count && st == CV_OK; i++)
        st = cv_merkle_append(edge, &hashes[i]);
    return st;
}

/* put_tile(t, level, index, width): tell of hashes of this level, and of the entries under those of level 0.
 */
static cv_status put_tile(const struct cv_tiles *t, unsigned level, uint64_t index, unsigned width,
                          cv_tile_put_fn put, void *arg, struct cv_err *err)
{
    struct cv_tile tile = { .level = level, .index = index, .width = width, .entries = level == 0 };
    cv_status st = tile.entries ? put(arg, &tile, cv_buf_view(&t->bundle), err) : CV_OK;
    tile.entries = false;
    return CV_THEN(st, put(arg, &tile, CV_BYTES(t->h[level], width * HASH_BYTES), err));
}

cv_status cv_tiles_add(struct cv_tiles *t, struct cv_bytes text, cv_tile_put_fn put, void *arg,
                       struct cv_err *err)
{
    struct cv_hash h;
    if (text.n > CV_TILE_TEXT_MAX)
        return cv_fail(err, CV_ERR_LIMIT, "entry %" PRIu64 ": its text is too long for a tile", t->size);
    cv_status st = cv_merkle_leaf(text, &h);
    st = CV_THEN(st, cv_buf_field(&t->bundle, text));
    for (unsigned level = 0; level < CV_TILE_LEVELS && st == CV_OK; level++) {
        struct cv_merkle_edge edge;
        const unsigned at = left_over(t->size, level);
        t->h[level][at] = h;
        if (at + 1 < CV_TILE_WIDTH)
            break;
        st = put_tile(t, level, above(t->size, level), CV_TILE_WIDTH, put, arg, err);
        st = CV_THEN(st, root_of(t->h[level], CV_TILE_WIDTH, &edge));
        st = CV_THEN(st, cv_merkle_root(&edge, &h));
        if (level == 0)
            cv_buf_truncate(&t->bundle, 0);
    }
    t->size++;
    return cv_err_note(err, st, "tiles");
}

cv_status cv_tiles_end(const struct cv_tiles *t, cv_tile_put_fn put, void *arg, struct cv_err *err)
{
    cv_status st = CV_OK;
    for (unsigned level = 0; level < CV_TILE_LEVELS && st == CV_OK; level++)
        if (left_over(t->size, level) > 0)
            st = put_tile(t, level, above(t->size, level), left_over(t->size, level), put, arg, err);
    return st;
}

cv_status cv_tiles_edge(const struct cv_tiles *t, struct cv_merkle_edge *out)
{
    cv_status st = CV_OK;
    memset(out, 0, sizeof(*out));
    out->size = t->size;
    for (unsigned level = CV_TILE_LEVELS; level-- > 0 && st == CV_OK;) {
        struct cv_merkle_edge part;
        st = root_of(t->h[level], left_over(t->size, level), &part);
        memcpy(out->h + out->count, part.h, part.count * HASH_BYTES);
        out->count += part.count;
    }
    return st;
}

/* take_entries(t, width, get, ...): the entries of the partial tile of level 0, which is there already. */
static cv_status take_entries(struct cv_tiles *t, unsigned width, cv_tile_get_fn get, void *arg,
                              struct cv_err *err)
{
    const struct cv_tile tile = { .entries = true, .index = above(t->size, 0), .width = width };
    char path[CV_TILE_PATH_BYTES];
    cv_tile_path(&tile, path);
    cv_status st = get(arg, &tile, &t->bundle, err);
    st = CV_THEN(st, cv_tile_check(&tile, cv_buf_view(&t->bundle), err));
    struct cv_cursor c = { .rest = cv_buf_view(&t->bundle) };
    for (unsigned i = 0; i < width && st == CV_OK; i++) {
        struct cv_hash h;
        st = cv_merkle_leaf(cv_cursor_field(&c), &h);
        if (st == CV_OK && memcmp(h.b, t->h[0][i].b, HASH_BYTES) != 0)
            st = cv_fail(err, CV_ERR_AUTH, "%s: entry %" PRIu64 " does not hash to what its tile holds", path,
                         tile.index * CV_TILE_WIDTH + i);
    }
    return st;
}

cv_status cv_tiles_resume(struct cv_tiles *t, uint64_t size, cv_tile_get_fn get, void *arg,
                          struct cv_err *err)
{
    struct cv_buf bytes = { .max = CV_TILE_MAX_BYTES };
    cv_status st = t->size == 0 ? CV_OK : CV_ERR_ARG;
    t->size = size;
    for (unsigned level = 0; level < CV_TILE_LEVELS && st == CV_OK; level++) {
        const struct cv_tile tile = { .level = level,
                                      .index = above(size, level),
                                      .width = left_over(size, level) };
        if (tile.width == 0)
            continue;
        cv_buf_truncate(&bytes, 0);
        st = get(arg, &tile, &bytes, err);
        st = CV_THEN(st, cv_tile_check(&tile, cv_buf_view(&bytes), err));
        if (st == CV_OK)
            memcpy(t->h[level], bytes.p, bytes.n);
        if (st == CV_OK && level == 0)
            st = take_entries(t, tile.width, get, arg, err);
    }
    cv_buf_free(&bytes);
    return cv_err_note(err, st, "tiles");
}
