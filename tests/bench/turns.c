/* Runs commands in turns, each as a whole process, with their output away, and tells what they took. What a
 * command that fails said of it comes to stderr, and ends the run. Usage: turns ROUNDS COMMAND... [--
 * COMMAND...]... One JSON array on stdout: {"us": median, "kib": the highest peak of memory} for each. The
 * spawning costs all of them the same, and little: this program is small, so that its own pages are not
 * counted as a command's. */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/clock.h"

#define COMMANDS 8

struct command {
    char **argv;
    double *took;
    long peak;
};

/* tell(c, status, said): why it failed. */
static void tell(const struct command *c, int status, int said)
{
    char text[2000];
    const ssize_t n = pread(said, text, sizeof(text), 0);
    fputs("turns: failed:", stderr);
    for (char **word = c->argv; *word != NULL; word++)
        fprintf(stderr, " %s", *word);
    fprintf(stderr, " (%s %d)\n%.*s", WIFEXITED(status) ? "status" : "signal",
            WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status), n > 0 ? (int)n : 0, text);
}

static int run(struct command *c, size_t round, int said)
{
    posix_spawn_file_actions_t away;
    struct rusage usage;
    pid_t pid;
    int status;
    if (ftruncate(said, 0) != 0 || lseek(said, 0, SEEK_SET) != 0 ||
        posix_spawn_file_actions_init(&away) != 0 ||
        posix_spawn_file_actions_addopen(&away, 1, "/dev/null", O_WRONLY, 0) != 0 ||
        posix_spawn_file_actions_adddup2(&away, said, 2) != 0)
        return -1;
    const double t = clock_us(CLOCK_MONOTONIC);
    const int failed = posix_spawn(&pid, c->argv[0], &away, NULL, c->argv, environ);
    posix_spawn_file_actions_destroy(&away);
    if (failed != 0) {
        fprintf(stderr, "turns: %s: %s\n", c->argv[0], strerror(failed));
        return -1;
    }
    if (wait4(pid, &status, 0, &usage) != pid)
        return -1;
    c->took[round] = clock_us(CLOCK_MONOTONIC) - t;
    c->peak = usage.ru_maxrss > c->peak ? usage.ru_maxrss : c->peak;
    if (status != 0)
        tell(c, status, said);
    return status == 0 ? 0 : -1;
}

/* split(argv, rounds, commands): at each "--". The number of commands; 0 if there are too many, or no memory.
 */
static size_t split(char **argv, size_t rounds, struct command *commands)
{
    size_t n = 0;
    for (char **word = argv; *word != NULL; word++) {
        const int ends = strcmp(*word, "--") == 0;
        if (word == argv || ends) {
            if (n == COMMANDS || (commands[n].took = calloc(rounds, sizeof(double))) == NULL)
                return 0;
            commands[n++].argv = ends ? word + 1 : word;
        }
        if (ends)
            *word = NULL;
        if (ends && word[1] == NULL)
            return 0;
        word += ends;
    }
    return n;
}

int main(int argc, char **argv)
{
    static struct command commands[COMMANDS];
    const size_t rounds = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
    const size_t n = rounds > 0 ? split(argv + 2, rounds, commands) : 0;
    if (n == 0) {
        fputs("usage: turns ROUNDS COMMAND... [-- COMMAND...]...\n", stderr);
        return 2;
    }
    const int said = memfd_create("said", MFD_CLOEXEC);
    if (said < 0)
        return 1;
    for (size_t round = 0; round < rounds; round++)
        for (size_t i = 0; i < n; i++)
            if (run(&commands[i], round, said) != 0)
                return 1;
    for (size_t i = 0; i < n; i++) {
        qsort(commands[i].took, rounds, sizeof(double), clock_by_value);
        printf("%s{\"us\":%.1f,\"kib\":%ld}", i == 0 ? "[" : ",", commands[i].took[rounds / 2],
               commands[i].peak);
    }
    puts("]");
    return 0;
}
