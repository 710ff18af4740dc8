#ifndef CV_CMD_IMPORT_KNOWN_H
#define CV_CMD_IMPORT_KNOWN_H

#include "cmd/alike.h"

/* What `record import` says of persons who may be known already, line by line: of rows whose
 * commits stand, so that two rows of one person are found as well; in a dry run of what is there before. */
struct cv_import_known;

/** cv_import_known_new(ui, v, reason, dry, out): NULL, and said so, if the vault asks for a reason to look,
 * and there is none: an import is not held up by that. CV_OK; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_import_known_new(struct cv_ui *ui, struct cv_vault *v, const char *reason,
                                            bool dry, struct cv_import_known **out);
/** cv_import_known_add(k, line, record, id): a record that is taken; ${id} is its own, NULL in a dry run. In
 * a dry run, now and then, what was added is looked up and told. */
CV_MUST_CHECK cv_status cv_import_known_add(struct cv_import_known *k, uint64_t line,
                                            const struct cv_json *record, const char *id);
/** cv_import_known_stand(k): what was added is stored; when it is much, it is looked up and told. No commit
 * may be under way. As cv_alike_find. cv_import_known_forget(k): what was added since was not stored. */
CV_MUST_CHECK cv_status cv_import_known_stand(struct cv_import_known *k);
void cv_import_known_forget(struct cv_import_known *k);
/** cv_import_known_end(k): look up the rest, and say in how many rows somebody may be known, and where it
 * could not be looked. cv_import_known_free(k): NULL is legal. */
CV_MUST_CHECK cv_status cv_import_known_end(struct cv_import_known *k);
void cv_import_known_free(struct cv_import_known *k);

#endif
