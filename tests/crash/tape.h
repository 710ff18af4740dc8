#ifndef CV_TEST_TAPE_H
#define CV_TEST_TAPE_H

#include <stdbool.h>

#include "vault/io.h"

/*
 * A tape holds what custody asked of the file system, in order (vault/io.h), below one directory: of the
 * vault and of the user's state. From a tape every state can be made that a power cut could leave.
 *
 * The model of a disk: what a write, a truncation or the making, renaming or removing of a name did is there
 * after a cut if the file (or for a name its directory) was synced since; otherwise it may be there or not,
 * each for itself and in any order, and a write in part, by 512 bytes, with the rest cut off or zeros. A sync
 * that failed makes nothing durable, and nothing that was written before it ever will be.
 */
enum op_kind { OP_CREATE, OP_MKDIR, OP_WRITE, OP_TRUNCATE, OP_RENAME, OP_UNLINK, OP_SYNC, OP_SYNC_DIR };

struct op {
    enum op_kind kind;
    char path[160], to[160]; /* below the root; of a name, or for reading a report */
    size_t file;             /* which file, whatever it is called */
    uint64_t at;             /* of a write; of a truncation the size */
    uint8_t *bytes;
    size_t n;
    bool failed;    /* a sync that did */
    bool lost;      /* written before a sync that failed */
    size_t durable; /* the sync that made it so; SIZE_MAX: none yet */
};

struct name {
    char path[160];
    size_t file;
};

struct tape {
    char root[200]; /* ends without a slash */
    struct op *ops;
    size_t count, room;
    struct name names[64]; /* as they are now */
    size_t name_count, files;
    bool borrowed; /* the bytes are another tape's, up to own */
    size_t own;
    /* what fails */
    size_t calls;      /* asked so far, reading ones among them */
    size_t fail_at;    /* the call that fails; SIZE_MAX: none does */
    int fail_with;     /* errno, or one of these */
#define FAIL_SHORT 0   /* a read or write in part */
#define FAIL_FULL (-1) /* and then no space */
#define FAIL_LONG (-2) /* an error of the disk, and so the next three calls */
    int failing;       /* so many calls after it fail as well */
    char failed[200];
};

#define SECTOR 512

/** tape_start(t): record what goes through vault/io.h from now on. tape_stop(): the system's calls again, and
 * without syncs, which no check needs. */
void tape_start(struct tape *t);
void tape_stop(void);
/** tape_fork(t, n, out): the first ${n} operations as a tape of its own, which goes on from there. */
void tape_fork(const struct tape *t, size_t n, struct tape *out);
/** tape_held(t, from): a tape that begins with what ${from} is after all of its operations, durably. */
void tape_held(const struct tape *from, struct tape *out);
void tape_free(struct tape *t);

/* How much of an operation that was not synced is there. */
enum part { WHOLE, NONE, CUT, ZEROS, HOLE, TAIL, RANDOM };
struct fate {
    enum part part;
    size_t sector; /* CUT: so many; ZEROS: so many, and the rest zeros; HOLE: all but this; TAIL: from it */
};
/** tape_pending(t, n, i): after the first ${n} operations, may the ${i}-th be gone? */
bool tape_pending(const struct tape *t, size_t n, size_t i);
/** tape_build(t, n, fates, seed, dir, hash): make below ${dir}, anew, what the first ${n} operations left, by
 * ${fates}, which are looked at for those that are pending; tell its SHA-256. Without ${dir}: only that. */
void tape_build(const struct tape *t, size_t n, const struct fate *fates, uint64_t seed, const char *dir,
                uint8_t hash[static 32]);

/** die(fmt, ...): the explorer itself is at fault. */
__attribute__((format(printf, 1, 2), noreturn)) void die(const char *fmt, ...);

#endif
