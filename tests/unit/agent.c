/* The agent from the inside: its clock, and who it speaks with. The program's own tests have the rest. */
#include "test.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "vault/agent.h"

#define NOBODY 65534

static char place[64], path[96];
static struct cv_identity me;

static int setup(void **state)
{
    (void)state;
    strcpy(place, "/tmp/casevault-agent-XXXXXX");
    if (mkdtemp(place) == NULL)
        return -1;
    snprintf(path, sizeof(path), "%s/a.sock", place);
    return cv_identity_new(true, &me, NULL) == CV_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    cv_identity_free(&me);
    unlink(path);
    return rmdir(place);
}

/* serve(life, uid): an agent in a process of its own, which listens when this returns. */
static pid_t serve(struct cv_agent_life life, uid_t uid)
{
    int ready[2], fd = -1;
    char byte = 0;
    assert_int_equal(pipe(ready), 0);
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        if ((uid != 0 && setuid(uid) != 0) || cv_agent_listen(path, &fd, NULL) != CV_OK ||
            write(ready[1], "x", 1) != 1)
            _exit(1);
        const cv_status st = cv_agent_serve(fd, &me, &life);
        unlink(path);
        _exit(st == CV_OK ? 0 : 1);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return child;
}

/* ends(child, within): seconds until it ended by itself, with success; fails after ${within}. */
static double ends(pid_t child, int within)
{
    const struct timespec pause = { .tv_nsec = 20000000 };
    struct timespec a, b;
    int status = 0;
    clock_gettime(CLOCK_MONOTONIC, &a);
    for (int i = 0; i < within * 50; i++) {
        if (waitpid(child, &status, WNOHANG) == child) {
            assert_int_equal(status, 0);
            clock_gettime(CLOCK_MONOTONIC, &b);
            return (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
        }
        nanosleep(&pause, NULL);
    }
    kill(child, SIGKILL);
    fail_msg("the agent did not forget");
    return 0;
}

static void works_like_the_keys(void **state)
{
    struct cv_identity far;
    struct cv_agent_left left;
    struct cv_secret a = { 0 }, b = { 0 };
    struct cv_err err = { 0 };
    uint8_t sig[CV_ED25519_SIG_BYTES];
    static uint8_t big[CV_AGENT_MESSAGE_MAX];
    (void)state;
    const pid_t child = serve((struct cv_agent_life){ 60, 600 }, 0);
    if (cv_agent_connect(path, &far, &left, &err) != CV_OK)
        fail_msg("%s", err.msg);
    assert_string_equal(far.public.line, me.public.line);
    assert_true(left.idle > 50 && left.idle <= 60 && left.most > 590 && left.most <= 600);
    assert_int_equal(far.seal.n + far.sign_seed.n + far.age.n, 0); /* no private key came over */
    assert_ok(cv_identity_sign(&far, CV_LIT("message"), sig));
    assert_ok(cv_ed25519_verify(me.public.sign, CV_LIT("message"), sig));
    assert_ok(
        cv_identity_sign(&far, CV_BYTES(big, sizeof(big) - 1), sig)); /* with its operation, all that fits */
    assert_ok(cv_identity_derive(&far, CV_LIT("salt"), CV_LIT("info"), &a));
    assert_ok(cv_identity_derive(&me, CV_LIT("salt"), CV_LIT("info"), &b));
    assert_bytes(cv_secret_view(&a), cv_secret_view(&b));
    cv_secret_free(&a);
    cv_secret_free(&b);
    assert_status(cv_identity_unseal(&far, CV_LIT("info"), CV_LIT("short"), &a), CV_ERR_FORMAT);
    assert_status(cv_identity_unseal(&far, CV_LIT("info"), CV_BYTES(big, 80), &a), CV_ERR_AUTH);
    cv_identity_free(&far);
    assert_ok(cv_agent_lock(path, NULL));
    ends(child, 5);
    assert_status(cv_agent_connect(path, &far, NULL, NULL), CV_ERR_NOTFOUND);
    assert_status(cv_agent_lock(path, NULL), CV_ERR_NOTFOUND);
}

/* An answer that comes too late is not taken for that to another question. */
static void answers_late(void **state)
{
    struct cv_identity far;
    uint8_t sig[CV_ED25519_SIG_BYTES];
    const struct timespec pause = { .tv_nsec = 300000000 };
    (void)state;
    const pid_t child = serve((struct cv_agent_life){ 60, 600 }, 0);
    assert_ok(cv_agent_connect(path, &far, NULL, NULL));
    assert_int_equal(kill(child, SIGSTOP), 0);
    assert_status(cv_identity_sign(&far, CV_LIT("one"), sig), CV_ERR_IO);
    assert_int_equal(kill(child, SIGCONT), 0);
    nanosleep(&pause, NULL);
    assert_status(cv_identity_sign(&far, CV_LIT("two"), sig), CV_ERR_IO);
    cv_identity_free(&far);
    assert_ok(cv_agent_lock(path, NULL));
    ends(child, 5);
}

static void forgets_when_idle(void **state)
{
    struct cv_identity far;
    (void)state;
    const pid_t child = serve((struct cv_agent_life){ 1, 600 }, 0);
    assert_ok(cv_agent_connect(path, &far, NULL, NULL)); /* asking who it is does not prolong it */
    assert_true(ends(child, 10) < 5);
    cv_identity_free(&far);
}

static void forgets_in_the_end(void **state)
{
    const struct timespec pause = { .tv_nsec = 100000000 };
    struct cv_identity far;
    uint8_t sig[CV_ED25519_SIG_BYTES];
    int asked = 0;
    (void)state;
    const pid_t child = serve((struct cv_agent_life){ 600, 2 }, 0);
    assert_ok(cv_agent_connect(path, &far, NULL, NULL));
    while (cv_identity_sign(&far, CV_LIT("again"), sig) == CV_OK && asked++ < 100)
        nanosleep(&pause, NULL);
    assert_true(asked > 5 && asked < 100);
    cv_identity_free(&far);
    ends(child, 5);
}

/* Another user who finds the socket open to all is not answered; nor is anything asked of another user's
 * agent. */
static void own_user_only(void **state)
{
    struct cv_identity far;
    struct cv_err err = { 0 };
    int status = 0;
    (void)state;
    if (geteuid() != 0)
        skip();
    pid_t agent = serve((struct cv_agent_life){ 60, 60 }, 0);
    assert_int_equal(chmod(place, 0777), 0);
    assert_int_equal(chmod(path, 0777), 0);
    fflush(NULL);
    const pid_t stranger = fork();
    if (stranger == 0) {
        struct sockaddr_un at = { .sun_family = AF_UNIX };
        char answer[8];
        const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        strcpy(at.sun_path, path);
        if (setuid(NOBODY) != 0 || connect(fd, (const struct sockaddr *)&at, sizeof(at)) != 0)
            _exit(1);
        const ssize_t sent = send(fd, "\0\0\0\1\1", 5, MSG_NOSIGNAL),
                      got = recv(fd, answer, sizeof(answer), 0);
        _exit(sent >= -1 && got <= 0 ? 0 : 2);
    }
    assert_int_equal(waitpid(stranger, &status, 0), stranger);
    assert_int_equal(status, 0);
    assert_ok(cv_agent_lock(path, NULL));
    ends(agent, 5);
    agent = serve((struct cv_agent_life){ 60, 60 }, NOBODY);
    assert_status(cv_agent_connect(path, &far, NULL, &err), CV_ERR_DENIED);
    kill(agent, SIGTERM);
    ends(agent, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(works_like_the_keys), cmocka_unit_test(answers_late),
        cmocka_unit_test(forgets_when_idle),   cmocka_unit_test(forgets_in_the_end),
        cmocka_unit_test(own_user_only),
    };
    if (cv_secret_heap_init() == CV_ERR_INTERNAL)
        return 1;
    return cmocka_run_group_tests(tests, setup, teardown);
}
