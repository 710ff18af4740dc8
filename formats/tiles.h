#ifndef CV_FORMATS_TILES_H
#define CV_FORMATS_TILES_H

#include "formats/err.h"
#include "formats/merkle.h"

/**
 * A log as static files (c2sp.org/tlog-tiles), of height 8:
 *
 *   tile/<L>/<N>[.p/<W>]       256 (or W) roots, 32 bytes each, of complete subtrees of 256^L leaves
 *   tile/entries/<N>[.p/<W>]   256 (or W) entries, each a u16 length and the text whose hash is the leaf
 *
 * N is in groups of three digits, all but the last after an `x`: x001/x234/067. Only the last tile of a level
 * is partial, and an empty one is not there.
 */
#define CV_TILE_WIDTH 256
#define CV_TILE_LEVELS 8 /* 256^8 leaves are more than an index can count */
#define CV_TILE_MAX_BYTES (CV_TILE_WIDTH * sizeof(struct cv_hash))
#define CV_TILE_TEXT_MAX 1024 /* of an entry; a leaf's text is a third of it */
#define CV_BUNDLE_MAX_BYTES ((size_t)CV_TILE_WIDTH * (2 + CV_TILE_TEXT_MAX))

struct cv_tile {
    bool entries;   /* a bundle of entries; its level is 0 */
    unsigned level; /* below CV_TILE_LEVELS */
    uint64_t index;
    unsigned width; /* 1..256 */
};

/** cv_tile_path(t, out): where it is, below the log's directory or URL. */
#define CV_TILE_PATH_BYTES 64
void cv_tile_path(const struct cv_tile *t, char out[static CV_TILE_PATH_BYTES]);

/** cv_tile_width(size, level, index): how wide that tile is in a log of ${size} leaves; 0: not there. */
unsigned cv_tile_width(uint64_t size, unsigned level, uint64_t index);

/** cv_tile_check(t, bytes, err): hashes, or entries, as many as it is wide and nothing after them. CV_OK;
 * CV_ERR_FORMAT, naming the tile. */
CV_MUST_CHECK cv_status cv_tile_check(const struct cv_tile *t, struct cv_bytes bytes, struct cv_err *err);
/** cv_tile_head(t, width, bytes): the first ${width} hashes or entries of a tile that was checked. */
struct cv_bytes cv_tile_head(const struct cv_tile *t, unsigned width, struct cv_bytes bytes);

/** The tiles of a log that grows leaf by leaf: those that are still partial. */
struct cv_tiles {
    uint64_t size;
    struct cv_hash h[CV_TILE_LEVELS][CV_TILE_WIDTH]; /* of each level as many as size has left over there */
    struct cv_buf bundle;                            /* the entries of those of level 0 */
};
CV_MUST_CHECK cv_status cv_tiles_new(struct cv_tiles **out);
void cv_tiles_free(struct cv_tiles *t);

/* Told of each tile, lower levels first; gives each tile. */
typedef cv_status (*cv_tile_put_fn)(void *arg, const struct cv_tile *tile, struct cv_bytes bytes,
                                    struct cv_err *err);
typedef cv_status (*cv_tile_get_fn)(void *arg, const struct cv_tile *tile, struct cv_buf *out,
                                    struct cv_err *err);

/** cv_tiles_add(t, text, put, arg, err): one more entry; ${put} is told of tiles that it fills. CV_OK;
 * CV_ERR_LIMIT for a text over CV_TILE_TEXT_MAX; what ${put} returned: then t can only be freed. */
CV_MUST_CHECK cv_status cv_tiles_add(struct cv_tiles *t, struct cv_bytes text, cv_tile_put_fn put, void *arg,
                                     struct cv_err *err);
/** cv_tiles_end(t, put, arg, err): tell ${put} of the partial ones, as they are now. */
CV_MUST_CHECK cv_status cv_tiles_end(const struct cv_tiles *t, cv_tile_put_fn put, void *arg,
                                     struct cv_err *err);
/** cv_tiles_edge(t, out): the right edge of the whole tree, and by it its root. */
CV_MUST_CHECK cv_status cv_tiles_edge(const struct cv_tiles *t, struct cv_merkle_edge *out);
/** cv_tiles_resume(t, size, get, arg, err): an empty one goes on from ${size}, by the tiles that were partial
 * then. That they belong to the log is for the caller to see, by their edge. CV_OK; CV_ERR_FORMAT;
 * CV_ERR_AUTH: an entry does not hash to what level 0 has; what ${get} returned. */
CV_MUST_CHECK cv_status cv_tiles_resume(struct cv_tiles *t, uint64_t size, cv_tile_get_fn get, void *arg,
                                        struct cv_err *err);

#endif
