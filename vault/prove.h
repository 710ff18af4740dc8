#ifndef CV_VAULT_PROVE_H
#define CV_VAULT_PROVE_H

#include "vault/vault.h"

/** cv_prove(v, entries, count, out, err): for each of these entries a c2sp.org/tlog-proof to the last
 * checkpoint, appended to the array ${out}. Reads every checkpoint of the archive, and holds 32 bytes for
 * each entry. CV_OK; CV_ERR_NOTFOUND for an entry that no checkpoint covers yet; CV_ERR_LOG naming a
 * checkpoint that is damaged, or whose leaves do not lead to the root that was verified; CV_ERR_NOMEM;
 * CV_ERR_IO. */
CV_MUST_CHECK cv_status cv_prove(struct cv_vault *v, const uint64_t *entries, size_t count,
                                 struct cv_json *out, struct cv_err *err);

#endif
