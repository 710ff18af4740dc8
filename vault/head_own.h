#ifndef CV_VAULT_HEAD_OWN_H
#define CV_VAULT_HEAD_OWN_H

#include "vault/head_rows.h"

/** The heads of versions that this process wrote itself: what was signed a moment ago need not be read,
 * opened and verified to stand in the head index. They are put there many at a time; until then, or if
 * somebody else wrote in between, the next catching up finds them in the archive as any others. */

/** cv_head_own(v, of, head, jwt): of the commit under way; what does not fit is left to the next catching up.
 */
void cv_head_own(struct cv_vault *v, const struct cv_head_origin *of, const struct cv_json *head,
                 const uint8_t jwt[static 32]);
/** cv_head_own_commit(v), cv_head_own_abort(v): what became of the commit. */
void cv_head_own_commit(struct cv_vault *v);
void cv_head_own_abort(struct cv_vault *v);
/** cv_head_own_put(v): into the index, if it goes up to them; and forget them. */
void cv_head_own_put(struct cv_vault *v);

#endif
