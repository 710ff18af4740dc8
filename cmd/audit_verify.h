#ifndef CV_CMD_AUDIT_VERIFY_H
#define CV_CMD_AUDIT_VERIFY_H

#include "cmd/cmd.h"
#include "vault/audit.h"

/** cv_audit_print(ui, a, said): what was proved of a log, after the sentence that says so. */
CV_MUST_CHECK cv_status cv_audit_print(const struct cv_ui *ui, const struct cv_audit *a, const char *said);

#endif
