#ifndef CV_CMD_ARRIVAL_H
#define CV_CMD_ARRIVAL_H

#include "cmd/cmd.h"
#include "formats/package.h"

/** A package that came from elsewhere, opened and judged by processes that had no key of ours. */
struct cv_arrival {
    bool whole;                /* the container holds: then there is */
    struct cv_package package; /* the manifest's text; the SD-JWTs and proofs, if they were asked for */
    struct cv_package_verdict verdict;
    bool fed;
};
/** cv_arrival_open(ui, path, sender, texts, out): every check. ${sender}, the fingerprint that was read out,
 * may be NULL: then it must be known already. ${texts}: also the texts of the records. CV_OK, whatever was
 * found; CV_ERR_FORMAT if the file is no package; CV_ERR_AUTH, CV_ERR_INTERNAL if whoever read it had to be
 * stopped, or died; as cv_unseal_end. Free with cv_arrival_free, also after a failure. */
CV_MUST_CHECK cv_status cv_arrival_open(struct cv_ui *ui, const char *path, const char *sender, bool texts,
                                        struct cv_arrival *out);
/** cv_arrival_worst(a): the worst of what was found: CV_OK; CV_ERR_AUTH altered, CV_ERR_DENIED an unknown
 * sender, CV_ERR_LIMIT over. cv_arrival_judge(ui, path, a): the same, named in ui->err. */
cv_status cv_arrival_worst(const struct cv_arrival *a);
CV_MUST_CHECK cv_status cv_arrival_judge(struct cv_ui *ui, const char *path, const struct cv_arrival *a);
void cv_arrival_free(struct cv_arrival *a);

#endif
