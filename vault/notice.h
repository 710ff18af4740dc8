#ifndef CV_VAULT_NOTICE_H
#define CV_VAULT_NOTICE_H

#include "vault/vault.h"

/**
 * What everyone who reads records of the vault is told of one of them: that it is under a legal hold, that a
 * section of it was granted to somebody, that some of its versions were erased. A notice entry is an envelope
 * (formats/ envelope.h) with the one part `notice`, sealed to the section `head` with no release key and
 * padded like an event; its content is a signed statement (formats/statement.h) `notice` with
 *
 *   {"time","member","entry","about":"hold"|"clear"|"grant"|"erase","record", and what else belongs to it}
 *
 * `entry` is the index at which it stands: elsewhere it is none.
 */
struct cv_notice {
    uint64_t index;                  /* of the entry */
    char member[CV_PSEUDONYM_BYTES]; /* who signed it, a member at that place in the log */
    struct cv_json *doc;
};

/** cv_notice_add(v, about, record, more, err): inside a commit; ${more}'s members are added (NULL: none). */
CV_MUST_CHECK cv_status cv_notice_add(struct cv_vault *v, const char *about, const char *record,
                                      const struct cv_json *more, struct cv_err *err);

struct cv_notices {
    struct cv_notice *n;
    size_t count;
};
void cv_notices_free(struct cv_notices *list);
/** cv_notices_of(v, record, out, err): those about one record (NULL: all), oldest first; what does not open
 * or verify is left out. Members who may not read `head` get none. CV_OK; CV_ERR_NOMEM; CV_ERR_IO;
 * CV_ERR_LOG. */
CV_MUST_CHECK cv_status cv_notices_of(struct cv_vault *v, const char *record, struct cv_notices *out,
                                      struct cv_err *err);

/** cv_notices_in(v, record, from, to, out, err): the same of entries ${from} up to and without ${to}. */
CV_MUST_CHECK cv_status cv_notices_in(struct cv_vault *v, const char *record, uint64_t from, uint64_t to,
                                      struct cv_notices *out, struct cv_err *err);

#endif
