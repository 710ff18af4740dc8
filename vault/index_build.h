#ifndef CV_VAULT_INDEX_BUILD_H
#define CV_VAULT_INDEX_BUILD_H

#include "vault/index_inside.h"

/* Bringing the index up to date, for index_build.c and index_span.c: entries are read in batches, and two
 * threads open their parts and put them into shards, each into sections of its own. */

#define CV_BUILD_KEY_BYTES 32

/* Entries of the log that a section's index lacks. */
struct span {
    struct cv_index_section *s;
    uint64_t from, to;
    size_t at;              /* where its shards go among the section's */
    struct cv_shard *shard; /* being written; NULL before the first entry, and after the last */
    struct cv_secret key;   /* of the shard */
    bool over;              /* the shard is to be sealed */
    cv_status st;           /* of loading it */
};

/* A record entry of the batch. */
struct entry {
    uint64_t index, version;
    struct cv_buf data;
    struct cv_envelope env;
    struct cv_secret
        keys; /* the release key, and of each part the batch key: CV_BUILD_KEY_BYTES bytes each */
    uint8_t id[CV_ID_BYTES];
    char type[CV_NAME_BYTES];
    struct cv_json *carried;
    bool good;  /* its head opened */
    bool lost;  /* it could not be read, by whatever section */
    bool again; /* and is to be tried again: it is damaged */
};

struct building {
    struct cv_index *x;
    struct span *spans; /* section by section, in order of entries */
    size_t count;
    struct entry *batch;
    size_t entries;
    size_t key_bytes; /* of the batch, on the secure heap, which is not large */
    struct cv_beside *beside;
    struct worker *workers;
};

/* One of the two threads. */
struct worker {
    struct building *b;
    struct cv_filler filler;
    struct cv_buf plain;
    size_t first, last;  /* heads: entries of the batch */
    struct span **spans; /* that are its own, in this batch */
    size_t count;
    cv_status st;
};

/** cv_span_go_on(b, err): a section's last span goes on in the shard before it, if there is one with room
 * that ends there; it is loaded, and if it cannot be, it is among what is missing. CV_OK; CV_ERR_NOMEM; as
 * cv_index_key. */
CV_MUST_CHECK cv_status cv_span_go_on(struct building *b, struct cv_err *err);

/** cv_span_begin(b, span): a new shard; it stands before those of the section's later spans. CV_OK;
 * CV_ERR_NOMEM; CV_ERR_FORMAT. */
CV_MUST_CHECK cv_status cv_span_begin(struct building *b, struct span *span);

/** cv_span_end(b, span, to, err): its shard covers what is before ${to}, and is going to be sealed. As
 * cv_index_key. */
CV_MUST_CHECK cv_status cv_span_end(struct building *b, struct span *span, uint64_t to, struct cv_err *err);

/** cv_span_deal(b, which): those for which ${which} is true, to the two threads by turns. */
void cv_span_deal(struct building *b, bool (*which)(const struct span *));
/** cv_span_both(b, fn): fn(worker) in both threads; the first failure. */
CV_MUST_CHECK cv_status cv_span_both(struct building *b, void (*fn)(void *worker));

/** cv_span_seal(worker): seal and write the shards of its spans, and open them to be read. A cache that
 * cannot be written costs the next command its time: then a shard stays as it is, in memory. */
void cv_span_seal(void *worker);

#endif
