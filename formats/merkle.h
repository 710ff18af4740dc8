#ifndef CV_FORMATS_MERKLE_H
#define CV_FORMATS_MERKLE_H

#include "crypto/bytes.h"

/* The Merkle tree of RFC 6962, section 2, over SHA-256. */
struct cv_hash {
    uint8_t b[32];
};

/** cv_merkle_leaf(text, out): SHA-256(0x00 || text). cv_merkle_node: SHA-256(0x01 || l || r). */
CV_MUST_CHECK cv_status cv_merkle_leaf(struct cv_bytes text, struct cv_hash *out);
CV_MUST_CHECK cv_status cv_merkle_node(const struct cv_hash *l, const struct cv_hash *r, struct cv_hash *out);

/** The right edge of a growing tree: the roots of its complete subtrees, largest first; one for each bit of
 * size. */
struct cv_merkle_edge {
    uint64_t size;
    unsigned count;
    struct cv_hash h[64];
};

/** cv_merkle_edge_equal(a, b): the same tree's. */
bool cv_merkle_edge_equal(const struct cv_merkle_edge *a, const struct cv_merkle_edge *b);

/** cv_merkle_append(e, leaf): one more leaf. CV_OK; CV_ERR_INTERNAL. */
CV_MUST_CHECK cv_status cv_merkle_append(struct cv_merkle_edge *e, const struct cv_hash *leaf);
/** cv_merkle_root(e, out): the tree head; for size 0 the hash of nothing. */
CV_MUST_CHECK cv_status cv_merkle_root(const struct cv_merkle_edge *e, struct cv_hash *out);

/**
 * How a prover reads stored hashes: the root of the complete subtree of 2^level leaves that begins at leaf
 * index * 2^level.
 */
typedef cv_status (*cv_merkle_read_fn)(void *arg, unsigned level, uint64_t index, struct cv_hash *out);

/** cv_merkle_prove_inclusion(index, size, read, arg, proof): PATH(m, D[n]) (section 2.1.1), appended hash by
 * hash. CV_OK; CV_ERR_ARG unless index < size; what ${read} returns. */
CV_MUST_CHECK cv_status cv_merkle_prove_inclusion(uint64_t index, uint64_t size, cv_merkle_read_fn read,
                                                  void *arg, struct cv_buf *proof);
/** cv_merkle_prove_consistency(from, to, read, arg, proof): PROOF(m, D[n]) (section 2.1.2), 0 < from <= to.
 */
CV_MUST_CHECK cv_status cv_merkle_prove_consistency(uint64_t from, uint64_t to, cv_merkle_read_fn read,
                                                    void *arg, struct cv_buf *proof);

/** cv_merkle_verify_inclusion(...): RFC 9162, section 2.1.3.2. CV_OK; CV_ERR_AUTH if it does not prove that;
 * CV_ERR_FORMAT if it is no proof for these numbers. */
CV_MUST_CHECK cv_status cv_merkle_verify_inclusion(uint64_t index, uint64_t size, const struct cv_hash *leaf,
                                                   struct cv_bytes proof, const struct cv_hash *root);
/** cv_merkle_verify_consistency(...): RFC 9162, section 2.1.4.2. As above. */
CV_MUST_CHECK cv_status cv_merkle_verify_consistency(uint64_t from, const struct cv_hash *from_root,
                                                     uint64_t to, const struct cv_hash *to_root,
                                                     struct cv_bytes proof);

#endif
