#ifndef CV_CMD_ARRIVAL_H
#define CV_CMD_ARRIVAL_H

#include "cmd/cmd.h"
#include "formats/package.h"

/** A package that came from elsewhere, opened and judged by a process that had no key to do it with; in
 * verify.c. */
struct cv_arrival {
    struct cv_package_reader *reader; /* holds the texts */
    const struct cv_package *package; /* NULL if it is no whole package */
    struct cv_package_verdict verdict;
};
/** cv_arrival_open(ui, path, sender, out): every check. ${sender}, the fingerprint that was read out, may be
 * NULL: then it must be known already. CV_OK, whatever was found; CV_ERR_FORMAT if the file is no package; as
 * cv_unseal_end. Free with cv_arrival_free, also after a failure. */
CV_MUST_CHECK cv_status cv_arrival_open(struct cv_ui *ui, const char *path, const char *sender,
                                        struct cv_arrival *out);
/** cv_arrival_judge(ui, path, a): CV_OK if all checks hold; else the worst of what was found, named:
 * CV_ERR_AUTH altered, CV_ERR_DENIED an unknown sender, CV_ERR_LIMIT over. */
CV_MUST_CHECK cv_status cv_arrival_judge(struct cv_ui *ui, const char *path, const struct cv_arrival *a);
void cv_arrival_free(struct cv_arrival *a);

#endif
