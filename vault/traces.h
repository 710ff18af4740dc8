#ifndef CV_VAULT_TRACES_H
#define CV_VAULT_TRACES_H

#include "vault/segment.h"

/**
 * Where the first commit is not to be found, either init was cut short, or a vault has lost its archive.
 * Nobody may be told to remove the directory in the second case: its release.keys opens every record of the
 * backup.
 */

/** cv_traces_judge(vault_dir, path, err): CV_ERR_LOG if anything tells that a vault was in use here: this
 * user remembers the vault that release.keys names, that file has grown, or there are other segments than the
 * first. Else CV_ERR_NOVAULT. */
CV_MUST_CHECK cv_status cv_traces_judge(int vault_dir, const char *path, struct cv_err *err);

/** cv_traces_archive(s, vault_dir, path, err): cv_segments_open of what should be a vault; a missing archive
 * is judged. CV_OK; CV_ERR_NOVAULT; CV_ERR_LOG; CV_ERR_IO. */
CV_MUST_CHECK cv_status cv_traces_archive(struct cv_segments *s, int vault_dir, const char *path,
                                          struct cv_err *err);

/** cv_traces_founding(s): its first entry cannot be read; is nothing there but entries of the commit that
 * founds a vault, so that no record can ever have been? Then cv_traces_judge has the word. */
bool cv_traces_founding(struct cv_segments *s);

#endif
