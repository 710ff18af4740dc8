#include "vault/sandbox.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "crypto/hash.h"

/* The numbers of Landlock's calls are the same wherever Linux runs, and so is what they are told
 * (linux/landlock.h); headers may be older than the kernel. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_restrict_self 446
#endif
#define CREATE_RULESET_VERSION 1u

/* ---- Landlock ---- */

/* What each ABI has first; docs.kernel.org/userspace-api/landlock.html. */
static const struct {
    int abi;
    struct cv_landlock more;
    size_t bytes; /* of the structure, from here on */
} abis[] = {
    { 1, { .files = 0x1fff }, 8 },  /* execute, write, read, remove and make each kind of file */
    { 2, { .files = 0x2000 }, 8 },  /* link and rename between directories */
    { 3, { .files = 0x4000 }, 8 },  /* truncate */
    { 4, { .network = 0x3 }, 16 },  /* bind and connect TCP */
    { 5, { .files = 0x8000 }, 16 }, /* ioctl on devices */
    { 6, { .scope = 0x3 }, 24 },    /* abstract sockets and signals of others */
};

size_t cv_landlock_of(int abi, struct cv_landlock *out)
{
    size_t bytes = 0;
    *out = (struct cv_landlock){ 0 };
    for (size_t i = 0; i < sizeof(abis) / sizeof(abis[0]) && abis[i].abi <= abi; i++) {
        out->files |= abis[i].more.files;
        out->network |= abis[i].more.network;
        out->scope |= abis[i].more.scope;
        bytes = abis[i].bytes;
    }
    return bytes;
}

/* landlock(abi): a set of rules without any: nothing that it handles is allowed. */
static bool landlock(int abi)
{
    struct cv_landlock all;
    const size_t bytes = cv_landlock_of(abi, &all);
    if (bytes == 0)
        return true;
    const int fd = (int)syscall(SYS_landlock_create_ruleset, &all, bytes, 0);
    if (fd < 0)
        return false;
    const bool good = syscall(SYS_landlock_restrict_self, fd, 0) == 0;
    return close(fd) == 0 && good;
}

/* ---- seccomp ---- */

/* What parsing needs: what is open, memory, the clock, and an end. */
static const int allowed[] = { SCMP_SYS(read),           SCMP_SYS(readv),           SCMP_SYS(pread64),
                               SCMP_SYS(write),          SCMP_SYS(writev),          SCMP_SYS(lseek),
                               SCMP_SYS(_llseek),        SCMP_SYS(close),           SCMP_SYS(brk),
                               SCMP_SYS(munmap),         SCMP_SYS(mremap),          SCMP_SYS(madvise),
                               SCMP_SYS(futex),          SCMP_SYS(sched_yield),     SCMP_SYS(getrandom),
                               SCMP_SYS(clock_gettime),  SCMP_SYS(gettimeofday),    SCMP_SYS(time),
                               SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigaction),    SCMP_SYS(rt_sigreturn),
                               SCMP_SYS(sigaltstack),    SCMP_SYS(getpid),          SCMP_SYS(gettid),
                               SCMP_SYS(exit),           SCMP_SYS(exit_group),      SCMP_SYS(restart_syscall),
                               SCMP_SYS(send),           SCMP_SYS(clock_gettime64), SCMP_SYS(futex_time64) };
static const int serving[] = { SCMP_SYS(accept4), SCMP_SYS(recv),  SCMP_SYS(recvfrom),
                               SCMP_SYS(poll),    SCMP_SYS(ppoll), SCMP_SYS(ppoll_time64) };
/* What libraries try by themselves, and do without. */
static const int refused[] = {
    SCMP_SYS(open),      SCMP_SYS(openat),    SCMP_SYS(stat),       SCMP_SYS(lstat),
    SCMP_SYS(fstat),     SCMP_SYS(statx),     SCMP_SYS(newfstatat), SCMP_SYS(access),
    SCMP_SYS(faccessat), SCMP_SYS(readlink),  SCMP_SYS(getcwd),     SCMP_SYS(readlinkat),
    SCMP_SYS(uname),     SCMP_SYS(ioctl),     SCMP_SYS(fcntl),      SCMP_SYS(socket),
    SCMP_SYS(connect),   SCMP_SYS(sysinfo),   SCMP_SYS(prctl),      SCMP_SYS(sched_getaffinity),
    SCMP_SYS(getrlimit), SCMP_SYS(prlimit64), SCMP_SYS(getrusage),  SCMP_SYS(ugetrlimit),
    SCMP_SYS(stat64),    SCMP_SYS(lstat64),   SCMP_SYS(fstat64),    SCMP_SYS(fstatat64),
    SCMP_SYS(fcntl64)
};

static bool add(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (seccomp_rule_add(filter, action, calls[i], 0) != 0)
            return false;
    return true;
}

/* add_some(filter, what): what is allowed with some arguments only: memory that is not code; signals to
 * itself, by which abort() ends a process; sending to whom a socket is connected, and to no address (a
 * listening socket that was shut down would connect to it: MSG_FASTOPEN); the end of an answer. */
static bool add_some(scmp_filter_ctx filter, enum cv_sandbox_for what)
{
    const struct scmp_arg_cmp no_address = { .arg = 4, .op = SCMP_CMP_EQ, .datum_a = 0 };
    const struct scmp_arg_cmp end = { .arg = 1, .op = SCMP_CMP_EQ, .datum_a = SHUT_WR };
    const struct scmp_arg_cmp no_code = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    const struct scmp_arg_cmp self = { .arg = 0, .op = SCMP_CMP_EQ, .datum_a = (scmp_datum_t)getpid() };
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, no_code) == 0 &&
           seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap2), 1, no_code) == 0 &&
           seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, no_code) == 0 &&
           seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, self) == 0 &&
           seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(sendto), 1, no_address) == 0 &&
           (what != CV_SANDBOX_SERVE ||
            seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(shutdown), 1, end) == 0);
}

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static bool filter(enum cv_sandbox_for what)
{
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
    const bool good = f != NULL && add(f, SCMP_ACT_ALLOW, allowed, COUNT(allowed)) && add_some(f, what) &&
                      add(f, SCMP_ACT_ERRNO(EACCES), refused, COUNT(refused)) &&
                      (what != CV_SANDBOX_SERVE || add(f, SCMP_ACT_ALLOW, serving, COUNT(serving))) &&
                      seccomp_load(f) == 0;
    seccomp_release(f);
    return good;
}

/* ---- both ---- */

void cv_sandbox_probe(struct cv_sandbox_level *out)
{
    uint32_t action = SECCOMP_RET_KILL_PROCESS;
    const long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);
    out->landlock = abi > 0 ? (int)abi : 0;
    out->seccomp = syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

/* lower(resource): to none, for good; under valgrind, which keeps the limits that are for good to itself, for
 * now.
 */
static bool lower(enum __rlimit_resource resource)
{
    struct rlimit r;
    if (getrlimit(resource, &r) != 0)
        return false;
    const struct rlimit none = { 0, 0 }, now = { 0, r.rlim_max };
    return setrlimit(resource, &none) == 0 || setrlimit(resource, &now) == 0;
}

/* limit(what): older than both, and there everywhere: no new descriptor, no file that grows, no process. */
static bool limit(enum cv_sandbox_for what)
{
    return lower(RLIMIT_CORE) && lower(RLIMIT_FSIZE) && lower(RLIMIT_NPROC) &&
           (what == CV_SANDBOX_SERVE || lower(RLIMIT_NOFILE));
}

#ifdef CASEVAULT_COVERAGE
/* A build that counts which lines run writes that to files, at the end of each process. It is for counting
 * alone. */
cv_status cv_sandbox_enter(const struct cv_sandbox_level *level, enum cv_sandbox_for what)
{
    (void)level;
    (void)what;
    (void)landlock;
    (void)limit;
    (void)filter;
    return CV_OK;
}
#else
cv_status cv_sandbox_enter(const struct cv_sandbox_level *level, enum cv_sandbox_for what)
{
    uint8_t hash[CV_SHA256_BYTES];
    /* What libraries read when they are first asked for something, they read now: OpenSSL its configuration,
     * the C library where on earth we are. */
    tzset();
    const bool good = cv_sha256((struct cv_bytes){ 0 }, hash) == CV_OK &&
                      prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                      prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 && landlock(level->landlock) && limit(what) &&
                      (!level->seccomp || filter(what));
    return good ? CV_OK : CV_ERR_INTERNAL;
}
#endif
