#ifndef CV_CMD_DOCUMENT_PHOTO_H
#define CV_CMD_DOCUMENT_PHOTO_H

#include "cmd/cmd.h"
#include "formats/photo.h"
#include "vault/document.h"

/* What a picture tells that is to be attached. */

#define CV_PHOTO_MAX ((size_t)64 << 20)      /* of a picture so much is looked at, and copied */
#define CV_PHOTO_COPY_MAX (2 * CV_PHOTO_MAX) /* a PNG may have been packed better than we do */

struct cv_looked {
    struct cv_photo photo;
    bool copies; /* `document get --without-metadata` can make one */
};

/** cv_look(ui, f, out): in a process of its own, before any key is in memory; ${out} zeroed. CV_OK;
 * CV_ERR_AUTH, CV_ERR_INTERNAL if that had to be stopped, or died; as cv_document_file_read. */
CV_MUST_CHECK cv_status cv_look(struct cv_ui *ui, const struct cv_document_file *f, struct cv_looked *out);
/** cv_looked_say(ui, f, l): in a few lines. */
void cv_looked_say(const struct cv_ui *ui, const struct cv_document_file *f, const struct cv_looked *l);
/** cv_looked_json(l): the same; null for what is no JPEG or PNG. The caller's; NULL out of memory. */
struct cv_json *cv_looked_json(const struct cv_looked *l);
/** cv_looked_media_type(l): NULL for what is no JPEG or PNG. */
const char *cv_looked_media_type(const struct cv_looked *l);

#endif
