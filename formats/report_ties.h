#ifndef CV_FORMATS_REPORT_TIES_H
#define CV_FORMATS_REPORT_TIES_H

#include "formats/report.h"

/** cv_report_mark_untied(r): put those reads of one person's record, or testimony, on their list that nothing
 * in the whole log ties the reader to: after the entries of ${r} are there. CV_OK; CV_ERR_NOMEM.
 */
CV_MUST_CHECK cv_status cv_report_mark_untied(struct cv_report *r);

#endif
