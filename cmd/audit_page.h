#ifndef CV_CMD_AUDIT_PAGE_H
#define CV_CMD_AUDIT_PAGE_H

#include "cmd/cmd.h"

/** What the page of `audit report` is about. */
struct cv_audit_page {
    const char *from, *to; /* days; NULL: from the log's first entry, until today */
    const char *output;    /* a new file, NAME.html */
    const char *reason;    /* of the look into staff records; NULL */
    bool csv;              /* also NAME.csv */
};

/** cv_audit_page_write(ui, ask): open the vault, collect the period, write the page. As cv_audit_events;
 * CV_ERR_ARG: the name does not end in .html; CV_ERR_EXISTS: a file is there already, and nothing was
 * written. */
CV_MUST_CHECK cv_status cv_audit_page_write(struct cv_ui *ui, const struct cv_audit_page *ask);

#endif
