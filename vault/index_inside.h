#ifndef CV_VAULT_INDEX_INSIDE_H
#define CV_VAULT_INDEX_INSIDE_H

#include "formats/date.h"
#include "vault/fold.h"
#include "vault/index.h"
#include "vault/marks.h"
#include "vault/shard.h"

/* What the index*.c files and search.c share. */

/* A version above 1: what was indexed of the ones before stands no more. */
struct cv_late {
    uint8_t id[CV_ID_BYTES];
    uint64_t version;
};

struct cv_index_section {
    char name[CV_NAME_BYTES];
    bool granted;             /* of what was granted: in memory alone */
    unsigned kinds;           /* of marks that can stand in it (vault/marks.h) */
    int64_t fields;           /* of a shard's place */
    struct cv_shard **shards; /* in order of entries; each stays where it is */
    size_t count, room;
    struct cv_late *late; /* sorted; loaded by the first that asks */
    size_t late_count;
    bool late_known;
};

/* Hashes of release keys, by block of CV_RELEASE_HASH_MAX slots: sections share them. */
struct cv_slot_block {
    uint8_t hash[32];
    bool known;
};

struct cv_index {
    struct cv_vault *v;
    struct cv_index_section *s;
    size_t count;
    bool search; /* it is opened for one */
    struct cv_slot_block *blocks;
    size_t block_count;
    struct cv_folder *folder;
    char dir[4096];
    struct cv_shard_lost *lost; /* entries that no shard holds, each once; after cv_index_build */
    size_t lost_count;
};

/* ---- index.c ---- */

/** cv_index_key(x, section, head, out, err): the key of a shard with this head. Free ${out}. */
CV_MUST_CHECK cv_status cv_index_key(struct cv_index *x, const char *section,
                                     const struct cv_shard_head *head, struct cv_secret *out,
                                     struct cv_err *err);
/** cv_index_place(x, s): what a shard of it is bound to. cv_index_fields(t, section): how many fields it may
 * have. */
struct cv_shard_place cv_index_place(const struct cv_index *x, const struct cv_index_section *s);
int64_t cv_index_fields(const struct cv_template *t, const char *section);
/** cv_index_path(x, section, from, out): of a shard's file. */
void cv_index_path(const struct cv_index *x, const char *section, uint64_t from, char out[static 4200]);
/** cv_index_insert(s, at, head, out): one more shard at that position, not open yet. CV_OK; CV_ERR_NOMEM.
 * cv_index_remove(s, at): close and forget it. */
CV_MUST_CHECK cv_status cv_index_insert(struct cv_index_section *s, size_t at,
                                        const struct cv_shard_head *head, struct cv_shard **out);
void cv_index_remove(struct cv_index_section *s, size_t at);

/** cv_index_try_again(x, err): what shards could not read, and what can be read now, is theirs no more: these
 * shards are to be made anew. Nothing of a record is opened. cv_index_lost(x): take in what is lost now.
 * CV_OK; CV_ERR_IO; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_index_try_again(struct cv_index *x, struct cv_err *err);
CV_MUST_CHECK cv_status cv_index_lost(struct cv_index *x);

/** cv_index_put_away(x): something was found damaged: read all files whole, and remove those that are: the
 * next opening makes them anew. CV_OK; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_index_put_away(struct cv_index *x);

/* ---- index_reach.c ---- */

/* A record entry whose parts could be opened. */
struct cv_reached {
    struct cv_buf data;
    struct cv_envelope env;
    struct cv_secret release;
};
/** cv_index_reach(v, index, out, err): the entry, its release key, and the batch key of its head. CV_OK;
 * CV_ERR_NOKEY where it was erased, or this member may not read its head; CV_ERR_IO, CV_ERR_NOMEM,
 * CV_ERR_INTERNAL; else it is damaged. Free ${out}. */
CV_MUST_CHECK cv_status cv_index_reach(struct cv_vault *v, uint64_t index, struct cv_reached *out,
                                       struct cv_err *err);
void cv_reached_free(struct cv_reached *r);
/** cv_index_grave(st): what ends it all; an entry that is damaged, or lies, costs itself alone. */
bool cv_index_grave(cv_status st);

/* ---- index_build.c ---- */

/** cv_index_build(x, reason, err): read what is missing into it. */
CV_MUST_CHECK cv_status cv_index_build(struct cv_index *x, const char *reason, struct cv_err *err);

/* ---- index_fill.c ---- */

/* What one thread fills shards with. */
struct cv_filler {
    const struct cv_template *template;
    struct cv_folder *folder;
    struct cv_buf words;
    struct cv_marks marks;
};
/* One section of a version. */
struct cv_filling {
    const char *type, *section;
    uint8_t id[CV_ID_BYTES];
    uint64_t entry, version;
    const struct cv_json *data;
};
/** cv_index_fill(f, shard, what): CV_OK; CV_ERR_NOMEM; CV_ERR_FORMAT for data that no author wrote with
 * casevault. */
CV_MUST_CHECK cv_status cv_index_fill(struct cv_filler *f, struct cv_shard *shard,
                                      const struct cv_filling *what);

/* ---- index_look.c ---- */

/** cv_index_rec(x, s, shard, ord, out): which record and entry. CV_ERR_NOTFOUND: it stands no more. */
CV_MUST_CHECK cv_status cv_index_rec(const struct cv_index *x, struct cv_index_section *s,
                                     struct cv_shard *shard, int64_t ord, struct cv_place_in *out);

#endif
