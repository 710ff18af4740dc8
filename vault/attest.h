#ifndef CV_VAULT_ATTEST_H
#define CV_VAULT_ATTEST_H

#include "formats/attest.h"
#include "vault/vault.h"

/* What witnesses and time stamping authorities said of checkpoints: entries of the log. */

/** cv_attest_add(v, a, detail, err): keep it, as a commit of its own with the event `attest`; whoever calls
 * has verified it. CV_OK; CV_ERR_NOTFOUND if there is no such checkpoint; as cv_vault_commit. */
CV_MUST_CHECK cv_status cv_attest_add(struct cv_vault *v, const struct cv_attest *a, const char *detail,
                                      struct cv_err *err);

/** cv_checkpoint_note(v, index, note, err): append the signed note of a checkpoint entry. CV_OK;
 * CV_ERR_NOTFOUND; CV_ERR_LOG if it is damaged. */
CV_MUST_CHECK cv_status cv_checkpoint_note(struct cv_vault *v, uint64_t index, struct cv_buf *note,
                                           struct cv_err *err);
/** cv_checkpoint_note_in(c, index, note, err): the same with no member at hand. */
CV_MUST_CHECK cv_status cv_checkpoint_note_in(struct cv_custody *c, uint64_t index, struct cv_buf *note,
                                              struct cv_err *err);

/** cv_attests(v, fn, arg, err): every one of them in order, whoever appended it: nothing is verified here,
 * and what does not read is passed over. CV_OK; CV_ERR_IO; CV_ERR_LOG; or what ${fn} returned. */
typedef cv_status (*cv_attest_fn)(void *arg, uint64_t index, const struct cv_attest *a, struct cv_err *err);
CV_MUST_CHECK cv_status cv_attests(struct cv_vault *v, cv_attest_fn fn, void *arg, struct cv_err *err);
/** cv_attests_in(c, fn, arg, err): the same with no member at hand. */
CV_MUST_CHECK cv_status cv_attests_in(struct cv_custody *c, cv_attest_fn fn, void *arg, struct cv_err *err);

#endif
