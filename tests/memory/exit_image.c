/* What a program leaves in its memory. usage: exit_image DIR PROGRAM [ARGUMENT...]
 *                                          exit_image DIR --of PID: what one has in it that goes on
 *
 * Runs the program and stops it, and every process that it forks, at the end, when all of its memory is still
 * there; what it could write to goes to DIR/PID.mem without the pages of zeros, and where that stood to
 * DIR/PID.maps: one line for each piece, `START BYTES-KEPT VMFLAGS... NAME`. A process that begins another
 * program is let go. Exits as the program does. */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

/* NOLINTBEGIN(cert-err34-c): what is scanned is what the kernel writes */
#define PAGE 4096
#define OPTIONS                                                                                              \
    (PTRACE_O_EXITKILL | PTRACE_O_TRACEEXIT | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK |                      \
     PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE)

static const char *dir;

__attribute__((format(printf, 2, 3))) static FILE *opened(const char *mode, const char *fmt, ...)
{
    char path[4096];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(path, sizeof(path), fmt, ap);
    va_end(ap);
    FILE *f = fopen(path, mode);
    if (f == NULL) {
        perror(path);
        exit(99);
    }
    return f;
}

struct piece {
    uint64_t start, end;
    bool wanted;
    char name[256];
};

/* copy(p, from, to): its bytes; whatever cannot be read is zeros. Returns how many were kept. */
static uint64_t copy(const struct piece *p, int from, FILE *to)
{
    static char page[PAGE];
    uint64_t kept = 0;
    for (uint64_t at = p->start; at < p->end; at += PAGE) {
        memset(page, 0, PAGE);
        if (pread(from, page, PAGE, (off_t)at) < 0 && p->name[0] != '[') {
            fprintf(stderr, "exit_image: %s at %" PRIx64 " cannot be read\n", p->name, at);
            exit(99);
        }
        if (page[0] == 0 && memcmp(page, page + 1, PAGE - 1) == 0)
            continue;
        fwrite(page, 1, PAGE, to);
        kept += PAGE;
    }
    return kept;
}

/* dump(pid): every piece that is readable and was not merely mapped from a file. */
static void dump(pid_t pid)
{
    FILE *smaps = opened("r", "/proc/%d/smaps", (int)pid), *mem = opened("r", "/proc/%d/mem", (int)pid);
    FILE *image = opened("w", "%s/%d.mem", dir, (int)pid), *maps = opened("w", "%s/%d.maps", dir, (int)pid);
    char line[4400], perms[8];
    unsigned long long inode;
    struct piece p = { 0 };
    while (fgets(line, sizeof(line), smaps) != NULL) {
        uint64_t start, end;
        int name = 0;
        line[strcspn(line, "\n")] = '\0';
        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %*s %*s %llu %n", &start, &end, perms, &inode, &name) >=
                4 &&
            name > 0) {
            p = (struct piece){ .start = start,
                                .end = end,
                                .wanted = perms[0] == 'r' && (perms[1] == 'w' || inode == 0) };
            snprintf(p.name, sizeof(p.name), "%s", line[name] != '\0' ? line + name : "-");
        } else if (strncmp(line, "VmFlags:", 8) == 0 && p.wanted)
            fprintf(maps, "%" PRIx64 " %" PRIu64 "%s %s\n", p.start, copy(&p, fileno(mem), image), line + 8,
                    p.name);
    }
    if (fclose(image) != 0 || fclose(maps) != 0)
        exit(99);
    fclose(smaps);
    fclose(mem);
}

/* is_process(tid): not merely one of its threads. */
static bool is_process(pid_t tid)
{
    char line[256];
    int group = 0;
    FILE *f = opened("r", "/proc/%d/status", (int)tid);
    while (group == 0 && fgets(line, sizeof(line), f) != NULL)
        sscanf(line, "Tgid: %d", &group);
    fclose(f);
    return group == (int)tid;
}

/* stopped(tid, status, root): what it stopped for, and on. */
static void stopped(pid_t tid, int status, pid_t root)
{
    const int event = status >> 16, sig = WSTOPSIG(status);
    if (event == PTRACE_EVENT_EXIT && is_process(tid))
        dump(tid);
    if (event == PTRACE_EVENT_EXEC && tid != root)
        ptrace(PTRACE_DETACH, tid, NULL, NULL);
    else
        ptrace(PTRACE_CONT, tid, NULL,
               (void *)(uintptr_t)(event != 0 || sig == SIGSTOP || sig == SIGTRAP ? 0 : sig));
}

int main(int argc, char **argv)
{
    int status, last = 99;
    if (argc < 3 || (strcmp(argv[2], "--of") == 0 && argc != 4))
        return 99;
    dir = argv[1];
    if (strcmp(argv[2], "--of") == 0) {
        dump((pid_t)strtol(argv[3], NULL, 10));
        return 0;
    }
    const pid_t root = fork();
    if (root == 0) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        raise(SIGSTOP);
        execvp(argv[2], argv + 2);
        _exit(99);
    }
    if (root < 0 || waitpid(root, &status, 0) != root ||
        ptrace(PTRACE_SETOPTIONS, root, NULL, (void *)(uintptr_t)OPTIONS) != 0)
        return 99;
    ptrace(PTRACE_CONT, root, NULL, NULL);
    for (pid_t tid; (tid = waitpid(-1, &status, __WALL)) > 0;) {
        if (WIFSTOPPED(status))
            stopped(tid, status, root);
        else if (tid == root)
            last = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    return last;
}
/* NOLINTEND(cert-err34-c) */
