#ifndef CV_VAULT_HEADS_H
#define CV_VAULT_HEADS_H

#include "vault/record.h"

/* The head index: what a member may know of records without opening them again, sealed in the catalog under a
 * key of theirs. Only record_read.c and record lists look in here. */

/** cv_heads_key(v, label, out): the key of something derived, of this member and named by ${label}: it mixes
 * in slot 0, which every erasure replaces. */
CV_MUST_CHECK cv_status cv_heads_key(const struct cv_vault *v, const char *label, struct cv_secret *out);

/** cv_heads_catch_up(v, err): open the heads of record entries that were not seen yet, under one `list`
 * event. */
CV_MUST_CHECK cv_status cv_heads_catch_up(struct cv_vault *v, struct cv_err *err);

/** cv_heads_find(v, id, out, err): the versions of one record, by entry; of entries that claim one version
 * the first in the log is it, and the others are in out->lost. CV_OK, also with none. Of many records:
 * vault/head_walk.h. */
CV_MUST_CHECK cv_status cv_heads_find(struct cv_vault *v, const char *id, struct cv_versions *out,
                                      struct cv_err *err);

/* What imports brought before (vault/seen.h), by the heads of the index, as it is when this is opened. */
struct cv_heads_sources {
    char reader[CV_READER_BYTES];
    struct cv_secret key; /* to be freed by the caller */
    bool some;
};
/* A record that came from the same. */
struct cv_before {
    bool known;
    char id[CV_ID_TEXT_BYTES];
    uint64_t file; /* as cv_imported's */
};
/** cv_heads_sources_open(v, out, err): ${out} is empty, or was opened before. cv_heads_source(v, sources,
 * digest, out, err): is there a head whose mark shows this digest? CV_OK; CV_ERR_IO. */
CV_MUST_CHECK cv_status cv_heads_sources_open(struct cv_vault *v, struct cv_heads_sources *out,
                                              struct cv_err *err);
CV_MUST_CHECK cv_status cv_heads_source(struct cv_vault *v, const struct cv_heads_sources *sources,
                                        const uint8_t digest[static CV_DIGEST_BYTES], struct cv_before *out,
                                        struct cv_err *err);

/** cv_head_open(v, env, release, out, err): open the head part of a record entry. */
CV_MUST_CHECK cv_status cv_head_open(struct cv_vault *v, uint64_t index, const struct cv_envelope *env,
                                     struct cv_bytes release, struct cv_json **out, struct cv_err *err);

/** cv_head_author(v, index, head, author, policy, jws, err): verify the head's JWT: signed by who was a
 * member at that place in the log, for this vault. ${policy}, the one in force there, is custody's; ${jws},
 * the parsed JWT, is to be freed; both may be NULL. */
CV_MUST_CHECK cv_status cv_head_author(struct cv_vault *v, uint64_t index, const struct cv_json *head,
                                       char author[static CV_PSEUDONYM_BYTES],
                                       const struct cv_policy **policy, struct cv_jws *out,
                                       struct cv_err *err);

#endif
