#ifndef CV_CMD_EDITOR_H
#define CV_CMD_EDITOR_H

#include "cmd/form.h"
#include "vault/room.h"

/* A record in somebody's own editor, in the place of a form: as JSON, with the names of all fields. */
struct cv_editor {
    struct cv_ui *ui;
    const char *program;
    struct cv_room room;
};

/** cv_editor_open(ui, out): before any key is in memory: the place where it runs, and a yes at the terminal
 * to what it does not keep from. CV_OK; CV_ERR_ARG without a terminal, or an editor; CV_ERR_DENIED if there
 * was no yes; CV_ERR_IO where the system gives no such place. End with cv_editor_close, also after a failure.
 */
CV_MUST_CHECK cv_status cv_editor_open(struct cv_ui *ui, struct cv_editor *out);
/** cv_editor_fill(e, f): have f->record changed, until it can be stored. CV_OK, with it as it was if nothing
 * was changed; CV_ERR_EXISTS if it was given up, or if the form has a draft. */
CV_MUST_CHECK cv_status cv_editor_fill(struct cv_editor *e, struct cv_form *f);
void cv_editor_close(struct cv_editor *e);

#endif
