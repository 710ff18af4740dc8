#ifndef CV_VAULT_HEAD_ROWS_H
#define CV_VAULT_HEAD_ROWS_H

#include "vault/heads.h"

/* The rows of the head index of one reader, in the catalog; for head.c and heads.c. */

#define CV_HEAD_MAX ((size_t)1 << 20)
#define CV_HEAD_TAG_BYTES 32

struct cv_head_rows {
    char reader[CV_READER_BYTES];
    struct cv_secret seal, tag, sources; /* keys */
};

/** cv_head_rows(v, out, err): those of the reader that this member is now; the vault's. CV_OK; CV_ERR_NOMEM;
 * CV_ERR_NOKEY if they are none any more; as cv_identity_derive. */
CV_MUST_CHECK cv_status cv_head_rows(struct cv_vault *v, struct cv_head_rows **out, struct cv_err *err);
/** cv_head_rows_free(rows): NULL is allowed. */
void cv_head_rows_free(struct cv_head_rows *rows);

/** cv_head_rows_as_left(v, rows): is the index as this process left it? Another one of the same member, who
 * had other roles in between, may have forgotten it, or have gone further. */
bool cv_head_rows_as_left(struct cv_vault *v, const struct cv_head_rows *rows);

/** cv_head_tag(rows, id, tag): under which a record's rows are found. */
CV_MUST_CHECK cv_status cv_head_tag(const struct cv_head_rows *rows, const char *id,
                                    uint8_t tag[static CV_HEAD_TAG_BYTES]);

/* What a head's JWT says of itself. */
struct cv_head_claim {
    struct cv_jws jws; /* to be freed */
    const struct cv_policy *policy;
    char author[CV_PSEUDONYM_BYTES];
    uint8_t key[32]; /* the author's, which would have signed it */
    uint8_t jwt[32]; /* its SHA-256 */
};
/** cv_head_claim(v, index, head, out, err): the signature is not verified yet; the policy is custody's, until
 * it is asked for another. CV_OK; CV_ERR_LOG if the author was no member then, or not of this vault. */
CV_MUST_CHECK cv_status cv_head_claim(struct cv_vault *v, uint64_t index, const struct cv_json *head,
                                      struct cv_head_claim *out, struct cv_err *err);

/* Where a head stands. */
struct cv_head_origin {
    uint64_t index, batch;
    const uint8_t *handle; /* CV_HANDLE_BYTES */
};
/** cv_head_row_add(v, rows, of, head, jwt, author, err): of a head whose JWT, with this SHA-256, was verified
 * to be the author's; also what it was imported from. */
CV_MUST_CHECK cv_status cv_head_row_add(struct cv_vault *v, const struct cv_head_rows *rows,
                                        const struct cv_head_origin *of, const struct cv_json *head,
                                        const uint8_t jwt[static 32], const char *author, struct cv_err *err);

/** cv_head_row_open(rows, index, sealed, out, err): one of them. CV_OK; CV_ERR_NOTFOUND if it was sealed
 * under another key; CV_ERR_FORMAT. */
CV_MUST_CHECK cv_status cv_head_row_open(const struct cv_head_rows *rows, uint64_t index,
                                         struct cv_bytes sealed, struct cv_json **out, struct cv_err *err);

/** cv_head_row_version(rows, index, sealed, out, err): what it says; out->carried is to be freed
 * (cv_version_free). As cv_head_row_open. */
CV_MUST_CHECK cv_status cv_head_row_version(const struct cv_head_rows *rows, uint64_t index,
                                            struct cv_bytes sealed, struct cv_version *out,
                                            struct cv_err *err);

/** cv_versions_add(list, rows, index, sealed, err): what the row of one entry says, to the end of a list of
 * one record; nothing where it was sealed under another key. CV_OK; CV_ERR_NOMEM; CV_ERR_FORMAT. */
CV_MUST_CHECK cv_status cv_versions_add(struct cv_versions *list, const struct cv_head_rows *rows,
                                        uint64_t index, struct cv_bytes sealed, struct cv_err *err);
/** cv_versions_settle(list): whose that record is, when all of it is there by entry: where entries claim the
 * same version, the first in the log is it; and none makes a record of another type, or an older version, out
 * of what is there. The others go to list->lost. CV_OK; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_versions_settle(struct cv_versions *list);

/** cv_head_verified(v, index, id, jwt, author, out): does a row say that this JWT of that entry was verified
 * to be this author's? */
CV_MUST_CHECK cv_status cv_head_verified(struct cv_vault *v, uint64_t index, const char *id,
                                         const uint8_t jwt[static 32], const char *author, bool *out);

#endif
