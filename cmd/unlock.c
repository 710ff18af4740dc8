#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "vault/agent.h"

/* unlock, lock: the passphrase once, for a while. */

#define IDLE_MINUTES 15
#define MOST_MINUTES 600
#define AGENT "casevault-agent"

struct args {
    uint64_t idle, most;
};
static const struct cv_opt opts[] = {
    { "idle", 0, "MINUTES", "forget after so long without a command (default 15)",
      offsetof(struct args, idle), CV_OPT_NUMBER },
    { "most", 0, "MINUTES", "forget after so long in any case (default 600)", offsetof(struct args, most),
      CV_OPT_NUMBER },
    { 0 },
};

/* agent_program(out): the one that was installed beside this program, and no other. */
static cv_status agent_program(struct cv_ui *ui, char *out, size_t room)
{
    const ssize_t n = readlink("/proc/self/exe", out, room - 1);
    char *slash = NULL;
    if (n > 0) {
        out[n] = '\0';
        slash = strrchr(out, '/');
    }
    if (slash == NULL || (size_t)(slash + 1 - out) + sizeof(AGENT) > room)
        return cv_fail(&ui->err, CV_ERR_IO, "%s: cannot find where this program stands", AGENT);
    strcpy(slash + 1, AGENT);
    return access(out, X_OK) == 0 ? CV_OK : cv_fail_errno(&ui->err, "%s", out);
}

/* launch(program, link): in a process of its own, whose parent is not us. */
static cv_status launch(struct cv_ui *ui, const char *program, int link)
{
    const pid_t child = fork();
    int status = 0;
    if (child < 0)
        return cv_fail_errno(&ui->err, "cannot start another process");
    if (child == 0) {
        if (fork() != 0)
            _exit(0);
        char *const argv[] = { (char *)(uintptr_t)AGENT, NULL };
        char *const env[] = { NULL };
        if (dup2(link, 3) == 3)
            execve(program, argv, env);
        _exit(1);
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return CV_OK;
}

/* hand_over(link, id, path, life): what the agent needs to know, and its answer. */
static cv_status hand_over(struct cv_ui *ui, int link, const struct cv_identity *id, const char *path,
                           const struct cv_agent_life *life)
{
    struct cv_buf text = { .max = 16384, .secret = true };
    uint8_t said = CV_ERR_IO;
    cv_status st = cv_buf_printf(&text, "%llu %llu\n%s\n", (unsigned long long)life->idle,
                                 (unsigned long long)life->most, path);
    st = CV_THEN(st, cv_identity_write(id, &text));
    if (st == CV_OK && (send(link, text.p, text.n, MSG_NOSIGNAL) != (ssize_t)text.n ||
                        shutdown(link, SHUT_WR) != 0 || read(link, &said, 1) != 1))
        st = cv_fail(&ui->err, CV_ERR_IO, "the agent did not start");
    cv_buf_free(&text);
    if (st == CV_OK && said == CV_ERR_EXISTS)
        st = cv_fail(&ui->err, CV_ERR_EXISTS, "it is unlocked already; `casevault lock` first");
    else if (st == CV_OK && said != CV_OK)
        st = cv_fail(&ui->err, (cv_status)said, "the agent did not start: %s",
                     cv_status_text((cv_status)said));
    return st;
}

static cv_status start_agent(struct cv_ui *ui, const struct cv_identity *id, const char *path,
                             const struct cv_agent_life *life)
{
    char program[4096];
    int link[2];
    cv_status st = agent_program(ui, program, sizeof(program));
    if (st != CV_OK)
        return st;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, link) != 0)
        return cv_fail_errno(&ui->err, "cannot start the agent");
    st = launch(ui, program, link[1]);
    close(link[1]);
    st = CV_THEN(st, hand_over(ui, link[0], id, path, life));
    close(link[0]);
    return st;
}

static cv_status run_unlock(struct cv_ui *ui, const void *args)
{
    const struct args *a = args;
    struct cv_identity id = { 0 };
    char path[CV_AGENT_PATH_MAX];
    const struct cv_agent_life life = { 60 * (a->idle > 0 ? a->idle : IDLE_MINUTES),
                                        60 * (a->most > 0 ? a->most : MOST_MINUTES) };
    if (a->idle > 10000 || a->most > 10000)
        return cv_fail(&ui->err, CV_ERR_ARG, "--idle and --most: at most 10,000 minutes");
    cv_status st = cv_ui_agent_path(ui, path);
    st = CV_THEN(st, cv_ui_private(ui, &id));
    st = CV_THEN(st, start_agent(ui, &id, path, &life));
    if (st == CV_OK)
        cv_ui_say_n(ui, life.idle / 60,
                    "Unlocked: %s. Forgotten after %llu minute without a command, after %llu minutes in any "
                    "case, and with "
                    "`casevault lock`.",
                    "Unlocked: %s. Forgotten after %llu minutes without a command, after %llu minutes in any "
                    "case, and with "
                    "`casevault lock`.",
                    id.public.pseudonym, (unsigned long long)life.idle / 60,
                    (unsigned long long)life.most / 60);
    cv_identity_free(&id);
    return st;
}

const struct cv_cmd cv_cmd_unlock = {
    .name = "unlock",
    .synopsis = "[--idle MINUTES] [--most MINUTES]",
    .summary = "type the passphrase once; commands then do without it for a while",
    .details =
        "An agent keeps your keys in locked memory and signs for your commands; it never gives the keys out.",
    .opts = opts,
    .args_bytes = sizeof(struct args),
    .run = run_unlock,
};

struct lock_args {
    bool all;
};
static const struct cv_opt lock_opts[] = {
    { "all", 'a', NULL, "every identity of yours that is unlocked (at a logout)",
      offsetof(struct lock_args, all), CV_OPT_FLAG },
    { 0 },
};

static cv_status lock_all(struct cv_ui *ui)
{
    size_t count = 0;
    cv_status st = cv_agent_lock_all(&count, &ui->err);
    if (st == CV_OK || count > 0)
        cv_ui_say_n(ui, count, "Locked: the keys of %zu identity are wiped from memory.",
                    "Locked: the keys of %zu identities are wiped from memory.", count);
    return cv_err_note(&ui->err, st, "agent");
}

static cv_status run_lock(struct cv_ui *ui, const void *args)
{
    const struct lock_args *a = args;
    char path[CV_AGENT_PATH_MAX];
    if (a->all)
        return lock_all(ui);
    cv_status st = cv_ui_agent_path(ui, path);
    st = CV_THEN(st, cv_agent_lock(path, &ui->err));
    if (st == CV_ERR_NOTFOUND) {
        cv_ui_say(ui, "It was locked already.");
        return CV_OK;
    }
    if (st == CV_OK)
        cv_ui_say(ui, "Locked: the keys are wiped from memory.");
    return cv_err_note(&ui->err, st, "agent");
}

const struct cv_cmd cv_cmd_lock = {
    .name = "lock",
    .synopsis = "[--all]",
    .summary = "have the agent forget your keys now",
    .opts = lock_opts,
    .args_bytes = sizeof(struct lock_args),
    .run = run_lock,
};
