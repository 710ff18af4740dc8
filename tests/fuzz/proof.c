/* Proofs that an entry stands in a log: what is read is written again as the same bytes, and a path of
 * hashes proves no leaf that is not the one it was made for. */
#include "tests/fuzz/fuzz.h"

#include "formats/tlog_proof.h"

static void path(const struct cv_tlog_proof *p)
{
    struct cv_hash leaf, other, root = { { 0 } };
    const struct cv_bytes hashes = cv_buf_view(&p->hashes);
    must(cv_merkle_leaf(cv_buf_view(&p->extra), &leaf) == CV_OK);
    other = leaf;
    other.b[0] ^= 1;
    if (hashes.n >= sizeof(root))
        memcpy(root.b, hashes.p, sizeof(root));
    for (uint64_t size = p->index + 1; size <= p->index + 3; size++) {
        /* A root of no tree that anybody could have made. */
        must(cv_merkle_verify_inclusion(p->index, size, &leaf, hashes, &root) != CV_OK);
        must(cv_merkle_verify_consistency(size, &root, size + 3, &other, hashes) != CV_OK);
    }
    must(cv_merkle_verify_inclusion(0, 1, &leaf, CV_BYTES(NULL, 0), &leaf) == CV_OK);
    must(cv_merkle_verify_inclusion(0, 1, &other, CV_BYTES(NULL, 0), &leaf) == CV_ERR_AUTH);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct cv_tlog_proof proof = { 0 };
    struct cv_buf again = { 0 };
    struct cv_err err = { 0 };
    if (fuzz_judged(cv_tlog_proof_parse(CV_BYTES(p, n), &proof, &err), &err, 0)) {
        must(cv_tlog_proof_write(&proof, &again) == CV_OK);
        fuzz_same(CV_BYTES(p, n), cv_buf_view(&again));
        path(&proof);
    }
    cv_tlog_proof_free(&proof);
    cv_buf_free(&again);
    return 0;
}
