#ifndef CV_VAULT_DRAFT_H
#define CV_VAULT_DRAFT_H

#include "vault/vault.h"

/**
 * A draft is what this member has typed and not stored yet, sealed for them alone: Cobblestone-256 over its
 * padded JSON, under a key that only this identity derives. It lies beside the user's memory of the vault
 * (vault/memory.h), under a name that tells neither whose it is nor of what: `<vault id>.draft-<16 hex
 * digits>`.
 *
 * ${name} says what is being written: a type of record, or the id of one that is edited.
 */

/** cv_draft_keep(v, name, draft, err): durably in the place of the one before. CV_OK; CV_ERR_LIMIT for more
 * than 1.75 MiB; CV_ERR_IO; CV_ERR_NOMEM; as cv_identity_derive. */
CV_MUST_CHECK cv_status cv_draft_keep(const struct cv_vault *v, const char *name, const struct cv_json *draft,
                                      struct cv_err *err);
/** cv_draft_find(v, name, out, err): CV_OK; CV_ERR_NOTFOUND if there is none; CV_ERR_AUTH if it was altered.
 */
CV_MUST_CHECK cv_status cv_draft_find(const struct cv_vault *v, const char *name, struct cv_json **out,
                                      struct cv_err *err);
/** cv_draft_forget(v, name, err): CV_OK, also if there is none; CV_ERR_IO. */
CV_MUST_CHECK cv_status cv_draft_forget(const struct cv_vault *v, const char *name, struct cv_err *err);

#endif
