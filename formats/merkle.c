#include "formats/merkle.h"

#include <string.h>

#include "crypto/hash.h"

#define HASH_BYTES sizeof(struct cv_hash)

cv_status cv_merkle_leaf(struct cv_bytes text, struct cv_hash *out)
{
    uint8_t joined[512];
    if (text.n > 0 &&
        text.n < sizeof(joined)) { /* as nearly all are: public words, in one call, and nothing to wipe */
        joined[0] = 0;
        memcpy(joined + 1, text.p, text.n);
        return cv_sha256(CV_BYTES(joined, 1 + text.n), out->b);
    }
    const struct cv_bytes parts[] = { CV_LIT("\x00"), text };
    return cv_sha256_parts(parts, 2, out->b);
}

cv_status cv_merkle_node(const struct cv_hash *l, const struct cv_hash *r, struct cv_hash *out)
{
    uint8_t joined[1 + 2 * HASH_BYTES] = { 1 };
    memcpy(joined + 1, l->b, HASH_BYTES);
    memcpy(joined + 1 + HASH_BYTES, r->b, HASH_BYTES);
    return cv_sha256(CV_ARR(joined), out->b);
}

bool cv_merkle_edge_equal(const struct cv_merkle_edge *a, const struct cv_merkle_edge *b)
{
    return a->size == b->size && a->count == b->count && a->count <= 64 &&
           memcmp(a->h, b->h, a->count * sizeof(a->h[0])) == 0;
}

cv_status cv_merkle_append(struct cv_merkle_edge *e, const struct cv_hash *leaf)
{
    struct cv_hash h = *leaf;
    unsigned count = e->count;
    /* Each trailing one of the size is a complete subtree that this leaf completes to the next larger. */
    for (uint64_t bits = e->size; (bits & 1) != 0; bits >>= 1) {
        cv_status st = cv_merkle_node(&e->h[--count], &h, &h);
        if (st != CV_OK)
            return st;
    }
    e->h[count] = h;
    if (e->count > count + 1)
        memset(e->h + count + 1, 0, (e->count - count - 1) * HASH_BYTES);
    e->count = count + 1;
    e->size++;
    return CV_OK;
}

cv_status cv_merkle_root(const struct cv_merkle_edge *e, struct cv_hash *out)
{
    if (e->count == 0)
        return cv_sha256((struct cv_bytes){ 0 }, out->b);
    struct cv_hash h = e->h[e->count - 1];
    cv_status st = CV_OK;
    for (unsigned i = e->count - 1; i > 0 && st == CV_OK; i--)
        st = cv_merkle_node(&e->h[i - 1], &h, &h);
    *out = h;
    return st;
}

/* split(n): the largest power of two smaller than n, for n > 1. */
static uint64_t split(uint64_t n)
{
    return (uint64_t)1 << (63 - __builtin_clzll(n - 1));
}

/* subtree(from, n, read, arg, out): MTH(D[from:from+n]); a range that is not complete is joined from those
 * that are. */
static cv_status subtree(uint64_t from, uint64_t n, cv_merkle_read_fn read, void *arg, struct cv_hash *out)
{
    struct cv_merkle_edge edge = { .size = n };
    cv_status st = CV_OK;
    for (uint64_t left = n; left > 0 && st == CV_OK;) {
        const unsigned level = (unsigned)(63 - __builtin_clzll(left));
        st = read(arg, level, from >> level, &edge.h[edge.count++]);
        from += (uint64_t)1 << level;
        left -= (uint64_t)1 << level;
    }
    return CV_THEN(st, cv_merkle_root(&edge, out));
}

static cv_status push(struct cv_buf *proof, uint64_t from, uint64_t n, cv_merkle_read_fn read, void *arg)
{
    struct cv_hash h;
    cv_status st = subtree(from, n, read, arg, &h);
    return CV_THEN(st, cv_buf_append(proof, CV_ARR(h.b)));
}

/* reverse(proof, start): both recursions of the RFC go from the root down and append on the way back. */
static void reverse(struct cv_buf *proof, size_t start)
{
    struct cv_hash t;
    for (size_t a = start, b = proof->n; a + HASH_BYTES < b; a += HASH_BYTES) {
        b -= HASH_BYTES;
        memcpy(&t, proof->p + a, HASH_BYTES);
        memcpy(proof->p + a, proof->p + b, HASH_BYTES);
        memcpy(proof->p + b, &t, HASH_BYTES);
    }
}

cv_status cv_merkle_prove_inclusion(uint64_t index, uint64_t size, cv_merkle_read_fn read, void *arg,
                                    struct cv_buf *proof)
{
    const size_t start = proof->n;
    uint64_t from = 0, n = size;
    cv_status st = index < size ? CV_OK : CV_ERR_ARG;
    while (st == CV_OK && n > 1) {
        const uint64_t k = split(n);
        if (index - from < k) {
            st = push(proof, from + k, n - k, read, arg);
            n = k;
        } else {
            st = push(proof, from, k, read, arg);
            from += k;
            n -= k;
        }
    }
    if (st == CV_OK)
        reverse(proof, start);
    else
        cv_buf_truncate(proof, start);
    return st;
}

cv_status cv_merkle_prove_consistency(uint64_t from, uint64_t to, cv_merkle_read_fn read, void *arg,
                                      struct cv_buf *proof)
{
    const size_t start = proof->n;
    uint64_t base = 0, m = from, n = to;
    bool whole = true; /* SUBPROOF's b: the subtree's root is one the verifier knows */
    cv_status st = from > 0 && from <= to ? CV_OK : CV_ERR_ARG;
    while (st == CV_OK && m != n) {
        const uint64_t k = split(n);
        if (m <= k) {
            st = push(proof, base + k, n - k, read, arg);
            n = k;
        } else {
            st = push(proof, base, k, read, arg);
            base += k;
            m -= k;
            n -= k;
            whole = false;
        }
    }
    if (st == CV_OK && !whole)
        st = push(proof, base, m, read, arg);
    if (st == CV_OK)
        reverse(proof, start);
    else
        cv_buf_truncate(proof, start);
    return st;
}

/* take(proof, out): the next hash of a proof. */
static bool take(struct cv_bytes *proof, struct cv_hash *out)
{
    if (proof->n < HASH_BYTES)
        return false;
    memcpy(out->b, proof->p, HASH_BYTES);
    *proof = CV_BYTES(proof->p + HASH_BYTES, proof->n - HASH_BYTES);
    return true;
}

static bool same(const struct cv_hash *a, const struct cv_hash *b)
{
    return memcmp(a->b, b->b, HASH_BYTES) == 0;
}

cv_status cv_merkle_verify_inclusion(uint64_t index, uint64_t size, const struct cv_hash *leaf,
                                     struct cv_bytes proof, const struct cv_hash *root)
{
    if (index >= size || proof.n % HASH_BYTES != 0)
        return CV_ERR_FORMAT;
    uint64_t fn = index, sn = size - 1;
    struct cv_hash r = *leaf, p;
    cv_status st = CV_OK;
    while (st == CV_OK && take(&proof, &p)) {
        if (sn == 0)
            return CV_ERR_FORMAT;
        if ((fn & 1) != 0 || fn == sn) {
            st = cv_merkle_node(&p, &r, &r);
            while ((fn & 1) == 0 && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else
            st = cv_merkle_node(&r, &p, &r);
        fn >>= 1;
        sn >>= 1;
    }
    if (st != CV_OK)
        return st;
    if (sn != 0)
        return CV_ERR_FORMAT;
    return same(&r, root) ? CV_OK : CV_ERR_AUTH;
}

cv_status cv_merkle_verify_consistency(uint64_t from, const struct cv_hash *from_root, uint64_t to,
                                       const struct cv_hash *to_root, struct cv_bytes proof)
{
    if (from == 0 || from > to || proof.n % HASH_BYTES != 0 || (from == to && proof.n != 0))
        return CV_ERR_FORMAT;
    if (from == to)
        return same(from_root, to_root) ? CV_OK : CV_ERR_AUTH;
    uint64_t fn = from - 1, sn = to - 1;
    struct cv_hash fr, sr, p;
    cv_status st = CV_OK;
    while ((fn & 1) != 0) {
        fn >>= 1;
        sn >>= 1;
    }
    if (fn == 0)
        fr = *from_root; /* from is a power of two: its root is the first hash, left out */
    else if (!take(&proof, &fr))
        return CV_ERR_FORMAT;
    sr = fr;
    while (st == CV_OK && take(&proof, &p)) {
        if (sn == 0)
            return CV_ERR_FORMAT;
        if ((fn & 1) != 0 || fn == sn) {
            st = cv_merkle_node(&p, &fr, &fr);
            st = CV_THEN(st, cv_merkle_node(&p, &sr, &sr));
            while ((fn & 1) == 0 && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else
            st = cv_merkle_node(&sr, &p, &sr);
        fn >>= 1;
        sn >>= 1;
    }
    if (st != CV_OK)
        return st;
    if (sn != 0)
        return CV_ERR_FORMAT;
    return same(&fr, from_root) && same(&sr, to_root) ? CV_OK : CV_ERR_AUTH;
}
