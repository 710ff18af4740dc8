#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/cmd.h"

/* The screen: how wide it is, and long answers page by page. */

#define PAGER "/usr/bin/less"

/* What ends a program would leave its pager alone with the terminal: they are for the pager. */
static const int held[] = { SIGINT, SIGPIPE, SIGQUIT, SIGTERM };

/* The pager that runs; one at most. */
static struct {
    pid_t child;            /* 0: none */
    int out, err;           /* what stdout and stderr were */
    size_t width;           /* of the terminal before which it stands */
    struct sigaction on[4]; /* what these did: */
} page;

/* terminal_width(fd): of the terminal that it is; 0 if it is none. */
static size_t terminal_width(int fd)
{
    struct winsize size;
    if (isatty(fd) != 1)
        return 0;
    return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

size_t cv_ui_width(void)
{
    return page.child != 0 ? page.width : terminal_width(STDOUT_FILENO);
}

size_t cv_ui_said_width(void)
{
    return page.child != 0 && page.err >= 0 ? page.width : terminal_width(STDERR_FILENO);
}

/* kept(name, out): "NAME=value" of our own environment, if it is there. */
static bool kept(const char *name, char *out, size_t size)
{
    const char *value = getenv(name);
    return value != NULL && (size_t)snprintf(out, size, "%s=%s", name, value) < size;
}

/* start(in, child): less, with its standard input from ${in}; what it is told leaves nothing behind. */
static bool start(int in, pid_t *child)
{
    static char term[128], home_language[128];
    char name[] = "less", one_screen[] = "-F", secure[] = "LESSSECURE=1", history[] = "LESSHISTFILE=-",
         set[] = "LESSCHARSET=utf-8";
    char *argv[] = { name, one_screen, NULL };
    char *env[6] = { secure, history, set };
    size_t n = 3;
    if (kept("TERM", term, sizeof(term)))
        env[n++] = term;
    if (kept("LC_ALL", home_language, sizeof(home_language)) ||
        kept("LANG", home_language, sizeof(home_language)))
        env[n] = home_language;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    sigset_t usual;
    sigemptyset(&usual);
    sigaddset(&usual, SIGINT);
    sigaddset(&usual, SIGPIPE);
    sigaddset(&usual, SIGQUIT);
    sigaddset(&usual, SIGTERM);
    if (posix_spawn_file_actions_init(&actions) != 0)
        return false;
    if (posix_spawnattr_init(&attr) != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return false;
    }
    bool good = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO) == 0 &&
                posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1) == 0 &&
                posix_spawnattr_setsigdefault(&attr, &usual) == 0 &&
                posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF) == 0 &&
                posix_spawn(child, PAGER, &actions, &attr, argv, env) == 0;
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&actions);
    return good;
}

void cv_ui_page(const struct cv_ui *ui)
{
    const struct sigaction ignore = { .sa_handler = SIG_IGN };
    const char *term = getenv("TERM");
    pid_t child = 0;
    int ends[2];
    if (page.child != 0 || ui->no_pager || ui->json || isatty(STDIN_FILENO) != 1 ||
        isatty(STDOUT_FILENO) != 1 || term == NULL || strcmp(term, "dumb") == 0 || access(PAGER, X_OK) != 0 ||
        pipe2(ends, O_CLOEXEC) != 0)
        return;
    fflush(stdout);
    page.out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (page.out < 0 || !start(ends[0], &child)) {
        close(page.out);
        close(ends[0]);
        close(ends[1]);
        return;
    }
    page.width = terminal_width(STDOUT_FILENO);
    page.err = isatty(STDERR_FILENO) == 1 ? fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1) : -1;
    dup2(ends[1], STDOUT_FILENO);
    if (page.err >= 0) /* what is said besides is to be read too */
        dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    close(ends[1]);
    for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++)
        sigaction(held[i], &ignore, &page.on[i]);
    page.child = child;
}

void cv_ui_page_end(void)
{
    int status = 0;
    if (page.child == 0)
        return;
    fflush(stdout);
    __fpurge(stdout); /* who stopped reading does not get the rest on the screen that stays */
    clearerr(stdout);
    dup2(page.out, STDOUT_FILENO);
    if (page.err >= 0) {
        dup2(page.err, STDERR_FILENO);
        close(page.err);
    }
    close(page.out);
    while (waitpid(page.child, &status, 0) < 0 && errno == EINTR)
        continue;
    for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++)
        sigaction(held[i], &page.on[i], NULL);
    page.child = 0;
}
