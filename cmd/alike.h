#ifndef CV_CMD_ALIKE_H
#define CV_CMD_ALIKE_H

#include "cmd/cmd.h"
#include "vault/alike.h"

/** cv_similar_print(similar): who it could be, and why, on stderr: a record in a few lines. */
void cv_similar_print(const struct cv_json *similar);
/** cv_similar_closed(ui, closed): say where it could not be looked, if anywhere. */
CV_MUST_CHECK cv_status cv_similar_closed(const struct cv_ui *ui, const struct cv_json *closed);

#endif
