#ifndef CV_FORMATS_LEAF_H
#define CV_FORMATS_LEAF_H

#include "crypto/bytes.h"
#include "formats/err.h"
#include "formats/merkle.h"

/* What an entry of the archive is. The order is no part of any format; the names are. */
enum cv_kind {
    CV_KIND_TEMPLATE,
    CV_KIND_POLICY,
    CV_KIND_SEALS,
    CV_KIND_BATCH,
    CV_KIND_RECORD,
    CV_KIND_EVENT,
    CV_KIND_TORN,
    CV_KIND_CHECKPOINT,
    CV_KIND_PROPOSAL, /* an act that waits for signatures; formats/proposal.h */
    CV_KIND_APPROVAL,
    CV_KIND_GRANT,  /* formats/grant.h */
    CV_KIND_NOTICE, /* what readers of records are told of one: hold, grant, erased; vault/notice.h */
    CV_KIND_ERASE,  /* formats/erasure.h */
    CV_KIND_TOMBSTONE,
    CV_KIND_ATTEST, /* formats/attest.h */
    CV_KIND_PIECE,  /* of a document; formats/piece.h */
    CV_KIND_LOSS,   /* what a repaired log lacks; formats/loss.h */
    CV_KIND_LOST,   /* no entry: it holds the place of one that is gone, and is no leaf */
    CV_KIND_COUNT
};

/** cv_kind_name(kind): as it stands in entry names and leaf texts. cv_kind_parse: CV_KIND_COUNT for none of
 * them. */
const char *cv_kind_name(enum cv_kind kind);
enum cv_kind cv_kind_parse(struct cv_bytes name);

/* The name of an entry in its tar header: the index in eleven digits, a hyphen, the kind. */
#define CV_ENTRY_NAME_BYTES 32
void cv_entry_name(uint64_t index, enum cv_kind kind, char out[static CV_ENTRY_NAME_BYTES]);
/** cv_entry_name_parse(name, index, kind): CV_OK; CV_ERR_FORMAT unless exactly what cv_entry_name writes. */
CV_MUST_CHECK cv_status cv_entry_name_parse(const char *name, uint64_t *index, enum cv_kind *kind);

/** One leaf of the log: an entry's kind, the SHA-256 of its bytes (tar header and padding included), and what
 * it binds: the SHA-256 of a record's issuer-signed JWT. */
struct cv_leaf {
    enum cv_kind kind;
    uint8_t hash[32];
    bool bound;
    uint8_t bind[32];
};

/**
 * cv_leaf_text(vault, index, leaf, out): append the leaf text, six LF-terminated lines:
 * `casevault leaf v1`, vault id, index, kind, SHA-256 of the entry's bytes, bind or `-`.
 */
CV_MUST_CHECK cv_status cv_leaf_text(const char *vault, uint64_t index, const struct cv_leaf *leaf,
                                     struct cv_buf *out);

/** cv_leaf_text_parse(text, vault, index, out): exactly what cv_leaf_text writes for this place. CV_OK;
 * CV_ERR_FORMAT. */
CV_MUST_CHECK cv_status cv_leaf_text_parse(struct cv_bytes text, const char *vault, uint64_t index,
                                           struct cv_leaf *out);

/** cv_leaf_hash(vault, index, leaf, out): SHA-256(0x00 || leaf text). */
CV_MUST_CHECK cv_status cv_leaf_hash(const char *vault, uint64_t index, const struct cv_leaf *leaf,
                                     struct cv_hash *out);

/**
 * The data of a checkpoint entry, which closes a commit:
 *
 *   casevault commit v1
 *   <vault id>
 *   <index of the first leaf below> <release key slots taken so far>
 *   <right edge of the tree before that leaf: its hashes joined, in base64, or -: with it a commit is proved
 * by its own signed root, even where the checkpoint before it is damaged> <kind> <SHA-256> <bind or -> one
 * line for each entry since the checkpoint before, that one included <empty line> <signed note: a
 * tlog-checkpoint whose size is this entry's own index>
 */
struct cv_commit {
    char vault[65];
    uint64_t first;
    uint64_t slots;
    struct cv_merkle_edge edge;
    struct cv_leaf *leaves;
    size_t count;
    struct cv_bytes note; /* a view */
};

#define CV_COMMIT_LEAVES_MAX 200000
#define CV_COMMIT_MAX_BYTES ((size_t)32 << 20)

CV_MUST_CHECK cv_status cv_commit_write(const struct cv_commit *c, struct cv_buf *out);
/** cv_commit_parse(data, out, err): strict; CV_OK; CV_ERR_FORMAT; CV_ERR_LIMIT; CV_ERR_NOMEM. Free with
 * _free. */
CV_MUST_CHECK cv_status cv_commit_parse(struct cv_bytes data, struct cv_commit *out, struct cv_err *err);
void cv_commit_free(struct cv_commit *c);

/** The data of a torn entry: bytes at the end of a segment that were never committed, closed off there.
 * `casevault torn v1`, then segment number, offset, length and SHA-256 in hex, LF-terminated. */
struct cv_torn {
    uint32_t segment;
    uint64_t offset, bytes;
    uint8_t hash[32];
};
CV_MUST_CHECK cv_status cv_torn_write(const struct cv_torn *t, struct cv_buf *out);
CV_MUST_CHECK cv_status cv_torn_parse(struct cv_bytes data, struct cv_torn *out, struct cv_err *err);

#endif
