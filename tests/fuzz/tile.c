/* Tiles: the input is a u16 with the size of a log, and then what is served for its partial tiles: as many
 * hashes as an honest one has, and all the rest for its entries. What a log goes on from is what it would
 * publish. */
#include "tests/fuzz/fuzz.h"

#include "formats/tiles.h"

struct served {
    struct cv_bytes hashes, entries;
    struct cv_buf all; /* hashes that were given, tile by tile */
    struct cv_buf put;
};

static cv_status serve(void *arg, const struct cv_tile *t, struct cv_buf *out, struct cv_err *err)
{
    struct served *s = arg;
    const size_t want = t->width * sizeof(struct cv_hash), n = want < s->hashes.n ? want : s->hashes.n;
    char path[CV_TILE_PATH_BYTES];
    (void)err;
    cv_tile_path(t, path);
    must(path[0] != '\0' && t->width > 0 && t->width < CV_TILE_WIDTH && t->level < CV_TILE_LEVELS);
    if (t->entries)
        return cv_buf_append(out, s->entries);
    must(cv_buf_append(out, CV_BYTES(s->hashes.p, n)) == CV_OK);
    must(cv_buf_append(&s->all, CV_BYTES(s->hashes.p, n)) == CV_OK);
    s->hashes = CV_BYTES(s->hashes.p + n, s->hashes.n - n);
    return CV_OK;
}

static cv_status put(void *arg, const struct cv_tile *t, struct cv_bytes bytes, struct cv_err *err)
{
    struct served *s = arg;
    must(cv_tile_check(t, bytes, err) == CV_OK);
    if (!t->entries)
        must(cv_buf_append(&s->put, bytes) == CV_OK);
    for (unsigned w = 1; w <= t->width; w++) {
        struct cv_tile part = *t;
        part.width = w;
        must(cv_tile_check(&part, cv_tile_head(t, w, bytes), NULL) == CV_OK);
    }
    return CV_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct cv_tiles *t = NULL;
    struct cv_merkle_edge edge;
    struct cv_err err = { 0 };
    if (n < 2)
        return 0;
    const uint64_t size = (uint64_t)p[0] << 8 | p[1];
    const size_t want = ((size_t)p[0] + p[1]) * sizeof(struct cv_hash), have = want < n - 2 ? want : n - 2;
    struct served s = { .hashes = CV_BYTES(p + 2, have), .entries = CV_BYTES(p + 2 + have, n - 2 - have) };
    must(cv_tiles_new(&t) == CV_OK);
    /* A bundle of entries alone, of whatever width. */
    const struct cv_tile bundle = { .entries = true, .width = 1 + p[1] };
    (void)!cv_tile_check(&bundle, s.entries, &err);
    err = (struct cv_err){ 0 };
    if (fuzz_judged(cv_tiles_resume(t, size, serve, &s, &err), &err, 0)) {
        must(cv_tiles_edge(t, &edge) == CV_OK && edge.size == size);
        must(cv_tiles_end(t, put, &s, NULL) == CV_OK);
        must(s.all.n == s.put.n);
        must(cv_tiles_add(t, CV_LIT("one more"), put, &s, NULL) == CV_OK);
    }
    cv_buf_free(&s.all);
    cv_buf_free(&s.put);
    cv_tiles_free(t);
    return 0;
}
