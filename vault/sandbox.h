#ifndef CV_VAULT_SANDBOX_H
#define CV_VAULT_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/err.h"

/**
 * What a process gives up for good before it reads what strangers sent: new files, the network, programs,
 * other processes. By Landlock and by a seccomp filter, as far as the kernel has them; by limits of the
 * process in any case. What is open stays open: nothing else is left to it. vault/confined.h starts such a
 * process.
 */
struct cv_sandbox_level {
    int landlock; /* the ABI that the kernel speaks; 0: none */
    bool seccomp; /* filters that kill */
};

/** cv_sandbox_probe(out): what the kernel, and a container around us, lets us have. */
void cv_sandbox_probe(struct cv_sandbox_level *out);

enum cv_sandbox_for {
    CV_SANDBOX_PARSE, /* reading and writing what is open */
    CV_SANDBOX_SERVE  /* and taking connections, on a socket that listens already */
};

/**
 * cv_sandbox_enter(level, what): there is no way back. All of ${level} comes into force, or nothing may be
 * read: CV_OK; CV_ERR_INTERNAL. With a filter, what libraries try and can do without (opening a file, a
 * socket) fails with EACCES, and whatever else does not belong to parsing ends the process by SIGSYS.
 */
CV_MUST_CHECK cv_status cv_sandbox_enter(const struct cv_sandbox_level *level, enum cv_sandbox_for what);

/* What Landlock is told to refuse: struct landlock_ruleset_attr, whatever the headers we are built with know
 * of it. */
struct cv_landlock {
    uint64_t files, network, scope;
};
/** cv_landlock_of(abi, out): all that this ABI can refuse; the bytes of it that this ABI reads, 0 for none.
 */
size_t cv_landlock_of(int abi, struct cv_landlock *out);

#endif
