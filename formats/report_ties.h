#ifndef CV_FORMATS_REPORT_TIES_H
#define CV_FORMATS_REPORT_TIES_H

#include "formats/report.h"

/** cv_report_ties(action): does it tie who did it, or to whom it was granted, to records? */
bool cv_report_ties(const char *action);

/** cv_report_mark_untied(r, err): put those reads of one person's record, or testimony, on their list that
 * nothing in the whole log ties the reader to: after the entries of ${r} are there. Events are read again:
 * held is what is near to the records that these reads name, and nothing of the others. CV_OK; CV_ERR_NOMEM;
 * as the source.
 */
CV_MUST_CHECK cv_status cv_report_mark_untied(struct cv_report *r, struct cv_err *err);

#endif
