#ifndef CV_VAULT_SOURCE_H
#define CV_VAULT_SOURCE_H

#include "vault/heads.h"

/* One version's entry, opened part by part and held against what its author signed; for record_read.c and
 * titles.c. */

/** cv_source_new(index, version, out): nothing opened yet. End with cv_source_free, also after a failure. */
CV_MUST_CHECK cv_status cv_source_new(uint64_t index, uint64_t version, struct cv_source *out);
void cv_source_free(struct cv_source *s);

/** cv_source_head, _section(v, s, env, ..., release, err): open a part into the source. CV_OK; CV_ERR_LOG
 * naming the entry where it does not open; CV_ERR_NOKEY. */
CV_MUST_CHECK cv_status cv_source_head(struct cv_vault *v, struct cv_source *s, const struct cv_envelope *env,
                                       struct cv_bytes release, struct cv_err *err);
CV_MUST_CHECK cv_status cv_source_section(struct cv_vault *v, struct cv_source *s,
                                          const struct cv_envelope *env, const char *name,
                                          struct cv_bytes release, struct cv_err *err);

/** cv_source_verify(v, record, type, s, err): it is that version of that record, its sections are what the
 * author signed, and the author could write them at that place in the log. Without its head (erased) there is
 * nothing to verify. CV_OK; CV_ERR_LOG. */
CV_MUST_CHECK cv_status cv_source_verify(struct cv_vault *v, const char *record, const char *record_type,
                                         struct cv_source *s, struct cv_err *err);

#endif
