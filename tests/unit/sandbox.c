/* What a process that reads what strangers sent can still do: at each level that a kernel may have. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/alloc.h"
#include "vault/confined.h"
#include "vault/witness.h"

static struct cv_sandbox_level here;
static int tcp = -1;

/* ---- what is tried: 0, or errno ---- */

static int result(long r)
{
    return r < 0 ? errno : 0;
}

static int try_read(void)
{
    return result(open("/etc/passwd", O_RDONLY));
}
static int try_write(void)
{
    return result(open("/tmp/casevault-test-sandbox", O_WRONLY | O_CREAT, 0600));
}
static int try_list(void)
{
    return result(open("/", O_RDONLY | O_DIRECTORY));
}
static int try_directory(void)
{
    return result(mkdir("/tmp/casevault-test-sandbox", 0700));
}
static int try_unlink(void)
{
    return result(unlink("/tmp/casevault-test-sandbox-none"));
}
static int try_socket(void)
{
    return result(socket(AF_INET, SOCK_STREAM, 0));
}
static int try_unix(void)
{
    return result(socket(AF_UNIX, SOCK_STREAM, 0));
}
/* with a socket that was there before */
static int try_connect(void)
{
    const struct sockaddr_in at = { .sin_family = AF_INET,
                                    .sin_port = htons(9),
                                    .sin_addr = { htonl(INADDR_LOOPBACK) } };
    return result(connect(tcp, (const struct sockaddr *)&at, sizeof(at)));
}
static int try_exec(void)
{
    char name[] = "true";
    char *const argv[] = { name, NULL };
    return result(execve("/bin/true", argv, argv + 1));
}
static int try_fork(void)
{
    const pid_t child = fork();
    if (child == 0)
        _exit(0);
    return result(child);
}
static int try_ptrace(void)
{
    return result(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
}
static int try_peek(void)
{
    return result(syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0));
}
static int try_kill(void)
{
    return result(kill(getppid(), SIGCONT));
}
static int try_group(void)
{
    return result(kill(0, SIGCONT));
}
static int try_code(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno
                                                                                                     : 0;
}
static int try_make_code(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? EINVAL : result(mprotect(p, 4096, PROT_READ | PROT_EXEC));
}
static int try_privileges(void)
{
    return result(setuid(0));
}
static int try_memory(void)
{
    void *p = calloc(1, 8 << 20);
    free(p);
    return p == NULL ? ENOMEM : 0;
}
static int try_pipe(void)
{
    int ends[2];
    return result(pipe(ends));
}
static int try_abort(void)
{
    abort();
}

/* ---- the table ---- */

#define SYS (-SIGSYS) /* killed by the filter */
#define ANY 1000      /* whatever: this level does not say */

static const struct attempt {
    const char *name;
    int (*fn)(void);
    int by_both, by_seccomp, by_landlock; /* with one, with the other, alone: errno, or minus a signal */
    int landlock_from;                    /* the ABI that refuses it first */
} attempts[] = {
    { "read a file", try_read, EACCES, EACCES, EACCES, 1 },
    { "make a file", try_write, EACCES, EACCES, EACCES, 1 },
    { "list a directory", try_list, EACCES, EACCES, EACCES, 1 },
    { "make a directory", try_directory, SYS, SYS, EACCES, 1 },
    { "remove a file", try_unlink, SYS, SYS, ANY, 1 },
    { "make a socket", try_socket, EACCES, EACCES, ANY, 1 },
    { "make a local socket", try_unix, EACCES, EACCES, ANY, 1 },
    { "connect", try_connect, EACCES, EACCES, EACCES, 4 },
    { "make a pipe", try_pipe, SYS, SYS, ANY, 1 },
    { "start a program", try_exec, SYS, SYS, EACCES, 1 },
    { "fork", try_fork, SYS, SYS, ANY, 1 },
    { "trace its parent", try_ptrace, SYS, SYS, EPERM, 1 },
    { "read its parent's memory", try_peek, SYS, SYS, ANY, 1 },
    { "signal its parent", try_kill, SYS, SYS, EPERM, 6 },
    { "signal its group", try_group, SYS, SYS, ANY, 6 },
    { "map code", try_code, SYS, SYS, 0, 1 },
    { "make memory code", try_make_code, SYS, SYS, 0, 1 },
    { "change its user", try_privileges, SYS, SYS, ANY, 1 },
    { "use memory", try_memory, 0, 0, 0, 1 },
    { "give up", try_abort, -SIGABRT, -SIGABRT, -SIGABRT, 1 },
};

/* outcome(level, what, fn): in a process of its own: errno or minus the signal; 255 if the sandbox failed. */
static int outcome(const struct cv_sandbox_level *level, enum cv_sandbox_for what, int (*fn)(void))
{
    int status = 0;
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        close(2); /* what sanitizers would say of abort() */
        _exit(cv_sandbox_enter(level, what) == CV_OK ? fn() : 255);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void check(const struct attempt *a, const struct cv_sandbox_level *level, enum cv_sandbox_for what,
                  int want)
{
    const int got = outcome(level, what, a->fn);
    if (want != ANY && got != want)
        fail_msg("Landlock %d, seccomp %d: %s: %d, not %d", level->landlock, level->seccomp, a->name, got,
                 want);
}

#define ATTEMPTS (sizeof(attempts) / sizeof(attempts[0]))

/* Everything is refused, exactly so, where the kernel has both. */
static void test_both(void **state)
{
    (void)state;
    if (!here.seccomp || here.landlock == 0)
        skip();
    for (size_t i = 0; i < ATTEMPTS; i++)
        check(&attempts[i], &here, CV_SANDBOX_PARSE, attempts[i].by_both);
}

/* Kernels without Landlock: the filter alone refuses as much. */
static void test_seccomp(void **state)
{
    const struct cv_sandbox_level level = { .seccomp = true };
    (void)state;
    if (!here.seccomp)
        skip();
    for (size_t i = 0; i < ATTEMPTS; i++)
        check(&attempts[i], &level, CV_SANDBOX_PARSE, attempts[i].by_seccomp);
}

/* Kernels and containers without filters: each ABI of Landlock that there was, as far as this kernel goes;
 * as who serves, so that it is not the limit of descriptors that refuses. */
static void test_landlock(void **state)
{
    (void)state;
    if (here.landlock == 0)
        skip();
    for (int abi = 1; abi <= here.landlock; abi++) {
        const struct cv_sandbox_level level = { .landlock = abi };
        for (size_t i = 0; i < ATTEMPTS; i++)
            check(&attempts[i], &level, CV_SANDBOX_SERVE,
                  abi >= attempts[i].landlock_from ? attempts[i].by_landlock : ANY);
    }
}

/* With neither, the limits of a process are left: no new descriptor. */
static void test_neither(void **state)
{
    const struct cv_sandbox_level level = { 0 };
    (void)state;
    assert_int_equal(outcome(&level, CV_SANDBOX_PARSE, try_read), EMFILE);
    assert_int_equal(outcome(&level, CV_SANDBOX_PARSE, try_socket), EMFILE);
    assert_int_equal(outcome(&level, CV_SANDBOX_PARSE, try_pipe), EMFILE);
    assert_int_equal(outcome(&level, CV_SANDBOX_PARSE, try_memory), 0);
}

/* What each ABI is told, to the bit. */
static void test_levels(void **state)
{
    static const struct {
        int abi;
        size_t bytes;
        struct cv_landlock want;
    } rows[] = {
        { -1, 0, { 0 } },
        { 0, 0, { 0 } },
        { 1, 8, { 0x1fff, 0, 0 } },
        { 2, 8, { 0x3fff, 0, 0 } },
        { 3, 8, { 0x7fff, 0, 0 } },
        { 4, 16, { 0x7fff, 3, 0 } },
        { 5, 16, { 0xffff, 3, 0 } },
        { 6, 24, { 0xffff, 3, 3 } },
        { 7, 24, { 0xffff, 3, 3 } },
        { 99, 24, { 0xffff, 3, 3 } },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cv_landlock got;
        assert_int_equal(cv_landlock_of(rows[i].abi, &got), rows[i].bytes);
        assert_memory_equal(&got, &rows[i].want, sizeof(got));
    }
}

/* An ABI that the kernel does not have, though it was promised: nothing is done without it. */
static int never(void)
{
    return 0;
}
static int once_more(void)
{
    return cv_sandbox_enter(&here, CV_SANDBOX_PARSE) == CV_OK ? 0 : 77;
}

static void test_fails_closed(void **state)
{
    const struct cv_sandbox_level false_promise = { .landlock = 6 };
    (void)state;
    if (here.landlock < 6)
        assert_int_equal(outcome(&false_promise, CV_SANDBOX_PARSE, never), 255);
    if (here.seccomp) /* what asks again from within, where it cannot be had */
        assert_true(outcome(&here, CV_SANDBOX_PARSE, once_more) != 0);
}

/* Who serves takes connections, and opens none. */
static int try_accept(void)
{
    return result(accept4(tcp, NULL, NULL, SOCK_NONBLOCK));
}

/* A listening socket that is shut down connects to whom it sends (MSG_FASTOPEN), without connect(). */
static int try_unlisten(void)
{
    return result(shutdown(tcp, SHUT_RD));
}

static int try_fast_open(void)
{
    const struct sockaddr_in to = { .sin_family = AF_INET,
                                    .sin_port = htons(9),
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    return result(
        (int)sendto(tcp, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL, (const struct sockaddr *)&to, sizeof(to)));
}

static void test_serving(void **state)
{
    static int (*const shut[])(void) = { try_read, try_socket, try_connect,  try_exec,
                                         try_fork, try_kill,   try_unlisten, try_fast_open };
    (void)state;
    assert_int_equal(outcome(&here, CV_SANDBOX_SERVE, try_accept), EINVAL); /* it does not listen */
    if (!here.seccomp)
        skip();
    assert_int_equal(outcome(&here, CV_SANDBOX_PARSE, try_accept), SYS);
    for (size_t i = 0; i < sizeof(shut) / sizeof(shut[0]); i++) {
        const int got = outcome(&here, CV_SANDBOX_SERVE, shut[i]);
        assert_true(got == EACCES || got == SYS);
    }
}

/* ---- confined processes ---- */

/* What a confined process is to do, and what the one that started it sees. */
enum act { ANSWER, FAIL, DIE, STARVE, TRY_IT, CUT_SHORT, LIE_LENGTH, LIE_STATUS };

static cv_status act(void *arg, struct cv_channel *c, struct cv_err *err)
{
    static const uint8_t half[] = { 0, 0, 0, 9, 1, 'x' }, huge[] = { 0xff, 0xff, 0xff, 0xff, 1 },
                         odd[] = { 0, 0, 0, 1, 0, 0xff };
    const enum act *what = arg;
    char byte = 0;
    switch (*what) {
    case ANSWER:
        for (int i = 0; i < 3; i++) {
            cv_status st = cv_channel_put(c, (uint8_t)(i + 1), CV_LIT("found"));
            if (st != CV_OK)
                return st;
        }
        return read(CV_CONFINED_KEPT, &byte, 1) == 1 && byte == 'k' && fcntl(5, F_GETFD) < 0 ? CV_OK
                                                                                             : CV_ERR_IO;
    case FAIL:
        return cv_fail(err, CV_ERR_FORMAT, "line 7: not so");
    case DIE:
        abort();
    case STARVE:
        (void)cv_alloc_needed(NULL);
        return CV_OK;
    case TRY_IT:
        _exit(try_exec());
    case CUT_SHORT:
        _exit(write(c->fd, half, sizeof(half)) == (ssize_t)sizeof(half) ? 0 : 1);
    case LIE_LENGTH:
        _exit(write(c->fd, huge, sizeof(huge)) == (ssize_t)sizeof(huge) ? 0 : 1);
    case LIE_STATUS:
        _exit(write(c->fd, odd, sizeof(odd)) == (ssize_t)sizeof(odd) ? 0 : 1);
    }
    return CV_ERR_INTERNAL;
}

static void test_confined(void **state)
{
    static const struct {
        enum act act;
        cv_status want;
        size_t frames;
        const char *says;
    } rows[] = {
        { ANSWER, CV_OK, 3, "" },
        { FAIL, CV_ERR_FORMAT, 0, "line 7: not so" },
        { DIE, CV_ERR_INTERNAL, 0, "the.file: the process that reads it has died (signal 6)" },
        { STARVE, CV_ERR_NOMEM, 0, "the.file: there was not memory enough to read it" },
        { TRY_IT, CV_ERR_AUTH, 0, "the.file: whoever reads it was made to do what no file may ask for" },
        { CUT_SHORT, CV_ERR_INTERNAL, 0, "has died (exit status 0)" },
        { LIE_LENGTH, CV_ERR_LIMIT, 0, "" },
        { LIE_STATUS, CV_ERR_INTERNAL, 0, "" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int ends[2];
        enum act what = rows[i].act;
        struct cv_confined c;
        struct cv_bytes bytes;
        struct cv_err err = { 0 };
        uint8_t kind = 0;
        size_t frames = 0;
        cv_status st;
        if (what == TRY_IT && !here.seccomp)
            continue; /* nothing stops it */
        assert_int_equal(pipe(ends), 0);
        assert_int_equal(write(ends[1], "k", 1), 1);
        const struct cv_confined_work w = { .work = act, .arg = &what, .keep = ends[0] };
        assert_int_equal(cv_confined_start(&w, &c, &err), CV_OK);
        while ((st = cv_confined_get(&c, &kind, &bytes)) == CV_OK) {
            frames++;
            assert_int_equal(kind, frames);
            assert_true(cv_bytes_equal(bytes, CV_LIT("found")));
        }
        st = st == CV_ERR_NOTFOUND ? CV_OK : st;
        assert_int_equal(cv_confined_end(&c, "the.file", st, &err), rows[i].want);
        assert_int_equal(frames, rows[i].frames);
        assert_non_null(strstr(err.msg, rows[i].says));
        close(ends[0]);
        close(ends[1]);
    }
}

/* A filter that lets nothing be done, as libseccomp makes it without memory, is nobody's attack. */
static cv_status killed_by_it(void *arg, struct cv_channel *c, struct cv_err *err)
{
    (void)arg;
    (void)c;
    (void)err;
    signal(SIGSYS, SIG_DFL); /* not cmocka's */
    return raise(SIGSYS) == 0 ? CV_OK : CV_ERR_IO;
}

static void test_not_shut_in(void **state)
{
    enum act what = ANSWER;
    const struct cv_confined_work w = { .before = killed_by_it, .work = act, .arg = &what, .keep = -1 };
    struct cv_confined c;
    struct cv_err err = { 0 };
    (void)state;
    assert_int_equal(cv_confined_start(&w, &c, &err), CV_OK);
    assert_int_equal(cv_confined_end(&c, "the.file", CV_OK, &err), CV_ERR_INTERNAL);
    assert_non_null(strstr(err.msg, "cannot be shut in, so it was not read"));
}

/* Who is not waited for is ended. */
static cv_status wait_for_ever(void *arg, struct cv_channel *c, struct cv_err *err)
{
    uint8_t kind;
    struct cv_bytes bytes;
    (void)arg;
    (void)err;
    return cv_channel_get(c, &kind, &bytes);
}

static void test_given_up(void **state)
{
    const struct cv_confined_work w = { .work = wait_for_ever, .keep = -1 };
    struct cv_confined c;
    (void)state;
    assert_int_equal(cv_confined_start(&w, &c, NULL), CV_OK);
    const pid_t child = c.child;
    assert_int_equal(cv_confined_end(&c, "it", CV_ERR_EXISTS, NULL), CV_ERR_EXISTS);
    assert_int_equal(kill(child, 0), -1);
}

static cv_status stop_in_a_frame(void *arg, struct cv_channel *c, struct cv_err *err)
{
    return send(c->fd, "\0\0", 2, 0) == 2 ? wait_for_ever(arg, c, err) : CV_ERR_IO;
}

/* Who has a witness's key is not kept waiting by a front that was taken over. */
static void test_front_that_stops(void **state)
{
    const struct cv_confined_work w = { .work = stop_in_a_frame, .what = CV_SANDBOX_SERVE, .keep = -1 };
    struct cv_confined c;
    struct cv_err err = { 0 };
    (void)state;
    assert_int_equal(cv_confined_start(&w, &c, NULL), CV_OK);
    assert_int_equal(cv_witness_serve(&c, NULL, NULL, 0, NULL, NULL, &err), CV_ERR_INTERNAL);
    assert_non_null(strstr(err.msg, "a request: the process that reads it has died"));
}

int main(void)
{
#ifdef CASEVAULT_COVERAGE
    /* A build that counts lines is not shut in (vault/sandbox.c); what is tried here is tried by the others.
     */
    return 0;
#endif
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_levels),      cmocka_unit_test(test_both),
        cmocka_unit_test(test_seccomp),     cmocka_unit_test(test_landlock),
        cmocka_unit_test(test_neither),     cmocka_unit_test(test_fails_closed),
        cmocka_unit_test(test_serving),     cmocka_unit_test(test_confined),
        cmocka_unit_test(test_given_up),    cmocka_unit_test(test_front_that_stops),
        cmocka_unit_test(test_not_shut_in),
    };
    cv_sandbox_probe(&here);
    tcp = socket(AF_INET, SOCK_STREAM, 0);
    print_message("Landlock %d, seccomp %d\n", here.landlock, here.seccomp);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
