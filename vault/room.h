#ifndef CV_VAULT_ROOM_H
#define CV_VAULT_ROOM_H

#include <sys/types.h>

#include "vault/confined.h"

/**
 * A room to write in: a process with namespaces of its own (user, mounts, processes, network, IPC), in which
 * everything that is mounted can only be read, but for one file system that lies in memory, is never swapped
 * out (ramfs), and is its user's alone. An editor that runs there has nowhere else to leave a copy: a file, a
 * backup, a swap file, a history. It all goes with the last process in there, and no process in there
 * outlives us: the kernel sees to both.
 *
 * It is made before any key is in memory. What it does not keep from: programs of the same user can look into
 * it while it is open, and an editor's own memory may be swapped out.
 */
struct cv_room {
    pid_t child; /* 0: none */
    struct cv_channel channel;
};

/** cv_room_open(out, err): CV_OK; CV_ERR_IO if the kernel, or a container around us, does not give all of it.
 * End with cv_room_close, also after a failure. */
CV_MUST_CHECK cv_status cv_room_open(struct cv_room *out, struct cv_err *err);

/** cv_room_edit(r, editor, text, out, err): have ${editor} change a file that holds ${text}, at the terminal;
 * append what it holds then. ${editor} is the name of a program, or a line for the shell if there is more in
 * it than a name. May be called again. CV_OK; CV_ERR_EXISTS if the editor ended with an error: nothing is to
 * be taken; CV_ERR_LIMIT beyond CV_RECORD_MAX_BYTES; CV_ERR_IO, also if it could not be started. */
CV_MUST_CHECK cv_status cv_room_edit(struct cv_room *r, const char *editor, struct cv_bytes text,
                                     struct cv_buf *out, struct cv_err *err);

void cv_room_close(struct cv_room *r);

#endif
