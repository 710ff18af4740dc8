#ifndef CV_VAULT_ORIGIN_H
#define CV_VAULT_ORIGIN_H

#include "formats/package.h"
#include "vault/record.h"

/**
 * Records that came in a package from another vault: each becomes a record of our own, signed by whoever
 * imports it; beside it a record of type `origin` keeps what their author signed, their key binding, the
 * proof that their log held it, and the keys that were verified then: section by section, so that each opens
 * only for who reads that section here. A disclosure is kept as "<place in the SD-JWT, from 1> <disclosure>".
 */

/* What came of a package. */
struct cv_arrived {
    struct cv_json *ids; /* of our records, in their order */
    size_t dropped;      /* references to records that did not come along */
};

/** cv_origin_import(v, p, verdict, reason, out, err): all of a package that was judged good, as one commit.
 * CV_OK; CV_ERR_DENIED, logged, for a section that this member may not create; CV_ERR_FORMAT naming a record
 * and a field that our template asks for and the package does not have; CV_ERR_ARG for a training package in
 * a real vault or the reverse; CV_ERR_LIMIT. Free ${out}->ids. */
CV_MUST_CHECK cv_status cv_origin_import(struct cv_vault *v, const struct cv_package *p,
                                         const struct cv_package_verdict *verdict, const char *reason,
                                         struct cv_arrived *out, struct cv_err *err);

/* What still holds of a record's origin. */
struct cv_origin {
    struct cv_json *admin; /* of the origin record */
    struct cv_json
        *claims; /* as their author signed them, as far as this member may read; NULL if that failed */
    bool whole;  /* every disclosure is there, and the key binding holds too */
};
void cv_origin_free(struct cv_origin *o);
/** cv_origin_check(v, id, reason, out, err): put together again what the origin record ${id} keeps, and
 * verify it with the keys that were verified when it came: signature, disclosures, proof; and the binding, if
 * nothing is closed to this member. CV_OK; CV_ERR_ARG if ${id} is no origin; CV_ERR_AUTH if it does not
 * verify; as cv_record_read. */
CV_MUST_CHECK cv_status cv_origin_check(struct cv_vault *v, const char *id, const char *reason,
                                        struct cv_origin *out, struct cv_err *err);

#endif
