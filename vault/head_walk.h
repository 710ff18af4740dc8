#ifndef CV_VAULT_HEAD_WALK_H
#define CV_VAULT_HEAD_WALK_H

#include "vault/record.h"

/**
 * A walk: past versions of all records that this member may know of, one after another. Of each it holds
 * eight bytes, by which the head index finds it: its entry, and the beginning of its record's tag, which few
 * others share; what the index says of it is opened when it is come to,
 * and freed behind. Whatever may be told of a whole vault walks, once to see what it will ask for, and once
 * to take it.
 */
#define CV_STEP_TAG_BYTES 3
struct cv_step {
    uint64_t index : 40, tag : 24; /* the entry; big-endian */
};
struct cv_head_walk {
    struct cv_step *step; /* by entry; may be put in another order, or fewer */
    size_t count;
    struct cv_lost *lost; /* entries of any type that claim what another entry is, by entry */
    size_t lost_count;
};

/** cv_head_walk(v, type, latest, out, err): past the versions of records of ${type}, or of all (NULL); of
 * each record all of them, or the last. What others write from now on is not in it. New heads are opened
 * first, under one `list` event. CV_OK, also with none; CV_ERR_IO; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_head_walk(struct cv_vault *v, const char *type, bool latest,
                                     struct cv_head_walk *out, struct cv_err *err);
/** cv_head_walk_first(v, type, out, err): past the first version of each record of that type.
 * cv_head_walk_before(v, type, until, out, err): past the last that each had before that entry. As
 * cv_head_walk. */
CV_MUST_CHECK cv_status cv_head_walk_first(struct cv_vault *v, const char *type, struct cv_head_walk *out,
                                           struct cv_err *err);
CV_MUST_CHECK cv_status cv_head_walk_before(struct cv_vault *v, const char *type, uint64_t until,
                                            struct cv_head_walk *out, struct cv_err *err);
void cv_head_walk_free(struct cv_head_walk *walk);

/** cv_head_walk_at(v, walk, i, out, err): the version at a step, to be freed with cv_version_free. CV_OK;
 * CV_ERR_NOTFOUND if it is nothing to this member any more; CV_ERR_IO where an erasure made the head index
 * anew since. */
CV_MUST_CHECK cv_status cv_head_walk_at(struct cv_vault *v, const struct cv_head_walk *walk, size_t i,
                                        struct cv_version *out, struct cv_err *err);

/** cv_head_walk_add(v, walk, version, err): one more step, at the end, of a walk that may be empty. */
CV_MUST_CHECK cv_status cv_head_walk_add(struct cv_vault *v, struct cv_head_walk *walk,
                                         const struct cv_version *version, struct cv_err *err);

/** cv_head_walk_versions(v, out, err): all of them at once, some 150 bytes each. */
CV_MUST_CHECK cv_status cv_head_walk_versions(struct cv_vault *v, struct cv_versions *out,
                                              struct cv_err *err);

#endif
