#ifndef CV_VAULT_REGULAR_H
#define CV_VAULT_REGULAR_H

#include <fcntl.h>
#include <sys/types.h>

/** cv_open_regular(dir, path, flags, mode): openat, of a regular file alone: a link is not followed, and a
 * pipe or device in its place neither opened nor waited for. A descriptor that is closed by exec; -1 with
 * errno: as of openat, and EISDIR or ENXIO for what is no file. */
int cv_open_regular(int dir, const char *path, int flags, mode_t mode);

#endif
