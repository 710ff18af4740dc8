#ifndef CV_CMD_ALIKE_H
#define CV_CMD_ALIKE_H

#include "cmd/cmd.h"
#include "vault/alike.h"

/** cv_similar_print(similar): who it could be, and why, on stderr: a record in a few lines. */
void cv_similar_print(const struct cv_json *similar);
/** cv_similar_limits(ui, alike): say where it could not be looked, and who was not compared, if anybody. */
CV_MUST_CHECK cv_status cv_similar_limits(const struct cv_ui *ui, const struct cv_alike *alike);

#endif
