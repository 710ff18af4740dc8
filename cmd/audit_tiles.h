#ifndef CV_CMD_AUDIT_TILES_H
#define CV_CMD_AUDIT_TILES_H

#include "cmd/cmd.h"

/** cv_audit_tiles(ui, base, log_key): audit verify --tiles: follow a published log; cv_follow, and say so. */
CV_MUST_CHECK cv_status cv_audit_tiles(struct cv_ui *ui, const char *base, const char *log_key);

#endif
