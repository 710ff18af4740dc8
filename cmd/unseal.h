#ifndef CV_CMD_UNSEAL_H
#define CV_CMD_UNSEAL_H

#include <sys/types.h>

#include "cmd/cmd.h"

/**
 * Opening a sealed file for a program that must not have the keys: a child process asks for the passphrase,
 * holds the key, and hands on what it opened through a pipe; whoever parses that has no secret in its memory.
 */
struct cv_unsealing {
    pid_t child; /* 0: the file was not sealed, and is read as it is */
    int plain;   /* where the plaintext comes from */
    int report;
    char recipient[128]; /* of whoever opened it: age1..., or passphrase; empty: cannot be told */
};

/** cv_unseal_start(ui, path, out): look what the file is (age, or a zip) and begin. CV_OK; CV_ERR_FORMAT if
 * it is neither; CV_ERR_IO. End with cv_unseal_end. */
CV_MUST_CHECK cv_status cv_unseal_start(struct cv_ui *ui, const char *path, struct cv_unsealing *out);
/** cv_unseal_end(ui, u): after the plaintext has been read, or given up: how it went. CV_OK only if the whole
 * file was opened; CV_ERR_AUTH if it was altered; CV_ERR_NOKEY (with ui->wrong_passphrase for a wrong
 * passphrase); what the child said. */
CV_MUST_CHECK cv_status cv_unseal_end(struct cv_ui *ui, struct cv_unsealing *u);

#endif
