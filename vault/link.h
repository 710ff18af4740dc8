#ifndef CV_VAULT_LINK_H
#define CV_VAULT_LINK_H

#include "vault/record.h"

/**
 * Joining two records: a person to a case (one person may be in several), one of the records of a case to a
 * person, or two records of a person to each other: that they are of the same one. Nothing is merged: a link
 * is a reference in a field that the template has for it, a new version as any other. Of two types that could
 * each refer to the other, the field that leads to a case is taken, since records are kept as long as their
 * case; two records of one type refer to each other, in one commit.
 */
struct cv_linked {
    size_t count;
    struct cv_stored stored[CV_EDITS_MAX]; /* version 0: it said so already */
    const char *label[CV_EDITS_MAX];       /* of the field, borrowed from the template */
    const char *to[CV_EDITS_MAX];          /* what it names: another of these ids */
    char a[CV_ID_TEXT_BYTES], b[CV_ID_TEXT_BYTES];
};

/** cv_link(v, a, b, part, reason, out, err): with ${part} no field of either names the other any more. CV_OK,
 * also where they are linked already; CV_ERR_NOTFOUND if there is nothing to part; CV_ERR_ARG if they are one
 * record, or the template has no field for such a link; otherwise as cv_record_edit_all. */
CV_MUST_CHECK cv_status cv_link(struct cv_vault *v, const char *a, const char *b, bool part,
                                const char *reason, struct cv_linked *out, struct cv_err *err);

#endif
