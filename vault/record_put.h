#ifndef CV_VAULT_RECORD_PUT_H
#define CV_VAULT_RECORD_PUT_H

#include "formats/words.h"
#include "vault/record.h"

/* How a version gets into the log; for record_put.c and record_edit.c. */
struct cv_next {
    const char *type, *id;
    uint64_t version;
    struct cv_json *previous, *carried; /* taken over; NULL fails as out of memory */
    const struct cv_json *pieces;       /* of documents that are new in it; vault/document.h; NULL */
    const struct cv_imported *imported; /* NULL */
};

#define CV_PUT_CLOSED N_("none of your roles may write the section %s")

/** cv_put_closed(v, type, record, version): the first section of ${record} that the policy does not let this
 * member write in such a version; NULL if there is none. */
const char *cv_put_closed(const struct cv_vault *v, const char *type, const struct cv_json *record,
                          uint64_t version);

/** cv_put_version(v, next, record, out, err): inside a commit: sign, seal and add (vault/making); ${out} gets
 * all but the id. CV_OK; CV_ERR_DENIED naming the section; as cv_making_start. */
CV_MUST_CHECK cv_status cv_put_version(struct cv_vault *v, const struct cv_next *next,
                                       const struct cv_json *record, struct cv_stored *out,
                                       struct cv_err *err);

#endif
