#ifndef CV_VAULT_ERASE_H
#define CV_VAULT_ERASE_H

#include "vault/change.h"
#include "vault/document.h"
#include "vault/record.h"

/**
 * Erasure: the release keys of some versions are destroyed, so that no key in the vault opens them; their
 * entries stay, and every proof with them. Three steps, each durable before the next: an erase entry with its
 * signatures, the intent; the slots overwritten, and slot 0 replaced, which closes every derived file; a
 * tombstone. Opening a vault completes an intent that has no tombstone.
 */
struct cv_erase_which {
    uint64_t from, to; /* 0: from the first, to the last */
    bool old;          /* all but the latest */
};
struct cv_erase_row {
    uint64_t version, entry, slot;
    bool goes;
    uint64_t carried_by; /* it was asked for, and stays: this later version stands on it; 0 otherwise */
};
/* A file that it keeps (vault/document.h): gone with the last version that lists it. */
struct cv_erase_document {
    char id[CV_ID_TEXT_BYTES];
    uint64_t entry, slot; /* of the first piece */
    bool goes;
};
struct cv_erase_plan {
    struct cv_erase_which which; /* what was asked for */
    char id[CV_ID_TEXT_BYTES];
    char type[CV_NAME_BYTES];
    struct cv_erase_row *rows;
    size_t count, going;
    struct cv_erase_document *documents; /* without those that were erased */
    size_t document_count, documents_going;
    bool held; /* under a legal hold: nothing can be erased */
    char held_by[CV_PSEUDONYM_BYTES];
    unsigned need; /* signatures */
};
void cv_erase_plan_free(struct cv_erase_plan *p);

/** cv_erase_plan(v, id, which, out, err): what would go; nothing is changed. CV_OK; CV_ERR_NOTFOUND;
 * CV_ERR_DENIED where a version that would stay stands on one that would go. */
CV_MUST_CHECK cv_status cv_erase_plan(struct cv_vault *v, const char *id, const struct cv_erase_which *which,
                                      struct cv_erase_plan *out, struct cv_err *err);

/** cv_erase_ask(v, plan, reason, out, err): sign it; with enough signatures it is done, with fewer it waits.
 * CV_OK; CV_ERR_DENIED without a role that may erase, or under a hold, after the refusal is logged;
 * CV_ERR_EXISTS if the record has changed since the plan was made. */
CV_MUST_CHECK cv_status cv_erase_ask(struct cv_vault *v, const struct cv_erase_plan *plan, const char *reason,
                                     struct cv_outcome *out, struct cv_err *err);

/** cv_erase_intend(v, proposal, err): inside a commit: the erase entry, with all signatures of the proposal.
 */
CV_MUST_CHECK cv_status cv_erase_intend(struct cv_vault *v, const struct cv_proposal *p, struct cv_err *err);
/** cv_erase_begun(v, text): is there an erase entry over this text? */
bool cv_erase_begun(struct cv_vault *v, struct cv_bytes text);
/** cv_erasable_slot(v, entry, slot, err): the release key of a record entry, or of the first piece of a
 * document. CV_OK; CV_ERR_NOTFOUND if the entry is neither; CV_ERR_LOG if it is damaged. */
CV_MUST_CHECK cv_status cv_erasable_slot(struct cv_vault *v, uint64_t entry, uint64_t *slot,
                                         struct cv_err *err);
/** cv_erase_names(v, e, err): every key it names is that of the version it names it for. CV_OK; CV_ERR_LOG.
 */
CV_MUST_CHECK cv_status cv_erase_names(struct cv_vault *v, const struct cv_erasure *e, struct cv_err *err);
/** cv_erase_alone(v, e, err): no version that would stay stands on one that it names; days may lie between
 * asking and the last signature. Whoever reads no records cannot tell. CV_OK; CV_ERR_DENIED naming it.
 * Outside of a commit. */
CV_MUST_CHECK cv_status cv_erase_alone(struct cv_vault *v, const struct cv_erasure *e, struct cv_err *err);
/** cv_erase_complete(v, err): carry out every intent that has no tombstone, or whose keys are there in spite
 * of one. What this user saw done for the same file of keys is not looked at again. One that names keys which
 * are not its versions' is passed over. CV_OK, also with none; CV_ERR_LOCKED; CV_ERR_IO; CV_ERR_LOG. */
CV_MUST_CHECK cv_status cv_erase_complete(struct cv_vault *v, struct cv_err *err);
/** cv_erase_lies(v, fn, arg, err): tell of every intent that was passed over so. CV_OK; CV_ERR_IO;
 * CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_erase_lies(struct cv_vault *v, void (*fn)(void *arg, uint64_t entry), void *arg,
                                      struct cv_err *err);

/** cv_erased_of(v, record, out, err): what was erased of a record: an array of
 * {"version","time","by":pseudonym, "approved_by":[pseudonyms]}, told by one who signed it; empty if nothing
 * was, or this member may not know. */
CV_MUST_CHECK cv_status cv_erased_of(struct cv_vault *v, const char *record, struct cv_json **out,
                                     struct cv_err *err);

/** cv_erase_left(v, err): what broken-off `document add` commands of this member left (vault/document.h) is
 * erased, where one signature is enough for that and this member may give it. CV_OK, also if it may not; as
 * cv_erase_complete. */
CV_MUST_CHECK cv_status cv_erase_left(struct cv_vault *v, struct cv_err *err);

/* ---- holds ---- */

/** cv_hold_set(v, id, on, reason, err): put a record under a legal hold, or end it. CV_OK; CV_ERR_NOTFOUND;
 * CV_ERR_DENIED without a right to write a section of it; CV_ERR_EXISTS if it is so already. */
CV_MUST_CHECK cv_status cv_hold_set(struct cv_vault *v, const char *id, bool on, const char *reason,
                                    struct cv_err *err);
/** cv_hold_of(v, id, type, held, by, err): is the record held, and by whom? Only those count who could write
 * some section of such a record, then; of any, if ${type} is NULL: not known. */
CV_MUST_CHECK cv_status cv_hold_of(struct cv_vault *v, const char *id, const char *type, bool *held,
                                   char by[static CV_PSEUDONYM_BYTES], struct cv_err *err);
/** cv_holds(v, out, err): which records that this member sees are held: an object, record id -> by whom,
 * freed by the caller. */
CV_MUST_CHECK cv_status cv_holds(struct cv_vault *v, struct cv_json **out, struct cv_err *err);

#endif
