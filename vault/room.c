#include "vault/room.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "crypto/alloc.h"
#include "formats/template.h"

#define ROOMS (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC)
#define CHANNEL 3
#define PATIENCE 50 /* times 10 ms */
#define FILE_NAME "record.json"
#define CAPABILITIES 64              /* more than any kernel has */
#define FILE_MOST ((rlim_t)64 << 20) /* of any one that an editor writes: it all lies in memory */

/* Kinds of frames: what the room hears, and what it answers. */
enum { HEAR_EDIT = 1, HEAR_TEXT };
enum { SAY_READY = 1, SAY_TEXT, SAY_ENDED, SAY_WRONG };

/* ---- inside: the place ---- */

/* What is there everywhere, and missed by no editor. */
static const char *const places[] = { "/mnt", "/media", "/srv", "/tmp" };

static bool write_line(const char *path, const char *line)
{
    const int fd = open(path, O_WRONLY | O_CLOEXEC);
    const ssize_t n = (ssize_t)strlen(line);
    const bool good = fd >= 0 && write(fd, line, (size_t)n) == n;
    return (fd < 0 || close(fd) == 0) && good;
}

/* remain(user, group): be who we were. A process that cannot be looked into may not say so, and this one
 * holds nothing yet. */
static bool remain(uid_t user, gid_t group)
{
    char users[64], groups[64];
    snprintf(users, sizeof(users), "%u %u 1", (unsigned)user, (unsigned)user);
    snprintf(groups, sizeof(groups), "%u %u 1", (unsigned)group, (unsigned)group);
    const bool good = prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0 && write_line("/proc/self/setgroups", "deny") &&
                      write_line("/proc/self/uid_map", users) && write_line("/proc/self/gid_map", groups);
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 && good;
}

#define FLAGS (MS_NOSUID | MS_NODEV | MS_NOEXEC)

/* furnish(place): what is mounted can be read, and nothing more, nor is there a way around through the
 * processes outside; the place is what is left to write in. */
static bool furnish(const char **place)
{
    struct mount_attr read_only = { .attr_set = MOUNT_ATTR_RDONLY };
    struct stat info;
    *place = NULL;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && *place == NULL; i++)
        if (stat(places[i], &info) == 0 && S_ISDIR(info.st_mode))
            *place = places[i];
    return *place != NULL && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &read_only, sizeof(read_only)) == 0 &&
           (mount("proc", "/proc", "proc", FLAGS | MS_RDONLY, NULL) == 0 || /* else: without it */
            mount("casevault", "/proc", "ramfs", FLAGS | MS_RDONLY, "mode=0500") == 0) &&
           mount("casevault", *place, "ramfs", FLAGS, "mode=0700") == 0 && chdir(*place) == 0;
}

/* limit(): whoever is started here gets no power over it, if it is root's either. */
static bool limit(void)
{
    const struct rlimit file = { FILE_MOST, FILE_MOST };
    bool good = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && setrlimit(RLIMIT_FSIZE, &file) == 0;
    for (unsigned long i = 0; i < CAPABILITIES && good; i++)
        good = prctl(PR_CAPBSET_DROP, i, 0, 0, 0) == 0 || errno == EINVAL;
    return good;
}

/* ---- inside: the editor ---- */

#define VALUES 16
struct environment {
    char text[VALUES][4096];
    char *list[VALUES + 1];
    size_t count;
};

static void put(struct environment *e, const char *name, const char *value)
{
    if (value == NULL || e->count == VALUES ||
        (size_t)snprintf(e->text[e->count], sizeof(e->text[0]), "%s=%s", name, value) >= sizeof(e->text[0]))
        return;
    e->list[e->count] = e->text[e->count];
    e->count++;
}

/* surroundings(e, place): all that an editor might write into is the place. */
static void surroundings(struct environment *e, const char *place)
{
    static const char *const own[] = { "HOME",           "TMPDIR",        "XDG_CONFIG_HOME", "XDG_CACHE_HOME",
                                       "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR" };
    static const char *const kept[] = { "PATH", "TERM", "LANG", "LC_ALL", "LC_CTYPE", "COLORTERM" };
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        put(e, own[i], place);
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
        put(e, kept[i], getenv(kept[i]));
}

/* start(editor, place, child): 0, or the errno. */
static int start(char *editor, const char *place, pid_t *child)
{
    static char shell[] = "sh", option[] = "-c", file[] = FILE_NAME;
    static char line[4096];
    const bool bare = strpbrk(editor, " \t\n\"'\\$`|&;<>()*?[]#~=%!{}") == NULL;
    char *alone[] = { editor, file, NULL }, *words[] = { shell, option, line, editor, file, NULL };
    struct environment *e = calloc(1, sizeof(*e));
    posix_spawnattr_t attr;
    sigset_t usual;
    sigemptyset(&usual);
    sigaddset(&usual, SIGINT);
    sigaddset(&usual, SIGQUIT);
    if (e == NULL || (!bare && (size_t)snprintf(line, sizeof(line), "%s \"$1\"", editor) >= sizeof(line)) ||
        posix_spawnattr_init(&attr) != 0) {
        free(e);
        return ENOMEM;
    }
    surroundings(e, place);
    int failed = posix_spawnattr_setsigdefault(&attr, &usual);
    failed = failed != 0 ? failed : posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
    failed = failed != 0 ? failed
             : bare      ? posix_spawnp(child, editor, NULL, &attr, alone, e->list)
                         : posix_spawnp(child, shell, NULL, &attr, words, e->list);
    posix_spawnattr_destroy(&attr);
    free(e);
    return failed;
}

static bool put_file(struct cv_bytes text)
{
    (void)unlink(FILE_NAME);
    const int fd = open(FILE_NAME, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    size_t done = 0;
    while (fd >= 0 && done < text.n) {
        const ssize_t n = write(fd, text.p + done, text.n - done);
        if (n < 0 && errno != EINTR)
            break;
        done += n > 0 ? (size_t)n : 0;
    }
    return fd >= 0 && close(fd) == 0 && done == text.n;
}

/* get_file(out): by its name: editors put another file in its place. */
static cv_status get_file(struct cv_buf *out)
{
    struct stat info;
    const int fd = open(FILE_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    cv_status st = fd >= 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode) ? CV_OK : CV_ERR_IO;
    while (st == CV_OK) {
        uint8_t *to = NULL;
        const size_t had = out->n;
        st = cv_buf_extend(out, 65536, &to);
        const ssize_t n = st == CV_OK ? read(fd, to, 65536) : 0;
        const bool again = n < 0 && errno == EINTR;
        if (st == CV_OK)
            cv_buf_truncate(out, had + (n > 0 ? (size_t)n : 0));
        if (n == 0 || (n < 0 && !again))
            st = st == CV_OK && n < 0 ? CV_ERR_IO : st;
        if (n <= 0 && !again)
            break;
    }
    if (fd >= 0)
        close(fd);
    return st;
}

/* wait_for(child): its wait status; others that lose their parents end up with us. */
static int wait_for(pid_t child)
{
    int status = 0;
    pid_t ended;
    while ((ended = waitpid(-1, &status, 0)) != child)
        if (ended < 0 && errno != EINTR)
            return -1;
    return status;
}

static cv_status say(struct cv_channel *c, uint8_t kind, const char *words)
{
    cv_status st = cv_channel_put(c, kind, cv_bytes_str(words));
    return CV_THEN(st, cv_channel_flush(c));
}

/* turn(c, editor, place, text): once through the editor. */
static cv_status turn(struct cv_channel *c, char *editor, const char *place, struct cv_bytes text)
{
    struct cv_buf out = { .max = CV_RECORD_MAX_BYTES + 65536 };
    char words[96];
    pid_t child = 0;
    if (!put_file(text))
        return say(c, SAY_WRONG, "the text could not be put before the editor");
    const int failed = start(editor, place, &child);
    if (failed != 0)
        return say(c, SAY_WRONG, strerror(failed));
    const int status = wait_for(child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        snprintf(words, sizeof(words), "%s %d", WIFSIGNALED(status) ? "signal" : "exit status",
                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
        return say(c, SAY_ENDED, words);
    }
    cv_status st = get_file(&out);
    if (st == CV_OK) {
        st = cv_channel_put(c, SAY_TEXT, cv_buf_view(&out));
        st = CV_THEN(st, cv_channel_flush(c));
    } else
        st = say(c, SAY_WRONG, st == CV_ERR_LIMIT ? "the text is too long" : "it left no file to read");
    cv_buf_free(&out);
    return st;
}

/* ---- inside: the process ---- */

/* shut(fd): nothing of ours is open in there but the terminal. */
static bool shut(int fd)
{
    const bool good = fd == CHANNEL || dup2(fd, CHANNEL) == CHANNEL;
    closefrom(CHANNEL + 1);
    return good && fcntl(CHANNEL, F_SETFD, FD_CLOEXEC) == 0;
}

_Noreturn static void keep(int fd, uid_t user, gid_t group)
{
    const struct sigaction ignore = { .sa_handler = SIG_IGN };
    struct cv_channel c = { .fd = CHANNEL };
    const char *place = NULL, *step = "namespaces";
    char editor[2048] = "";
    uint8_t kind = 0;
    struct cv_bytes bytes;
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* with it goes everything in there */
    sigaction(SIGINT, &ignore, NULL); /* they are for the editor */
    sigaction(SIGQUIT, &ignore, NULL);
    cv_alloc_last_words(NULL); /* whoever started it says it */
    if (!shut(fd))
        _exit(1);
    const bool good = remain(user, group) && (step = "mounts", furnish(&place)) && (step = "limits", limit());
    cv_status st = good ? say(&c, SAY_READY, "") : say(&c, SAY_WRONG, step);
    while (good && st == CV_OK && cv_channel_get(&c, &kind, &bytes) == CV_OK) {
        if (kind == HEAR_EDIT && bytes.n < sizeof(editor))
            snprintf(editor, sizeof(editor), "%.*s", (int)bytes.n, (const char *)bytes.p);
        else if (kind == HEAR_TEXT)
            st = turn(&c, editor, place, bytes);
    }
    cv_buf_free(&c.in);
    cv_buf_free(&c.out);
    _exit(0);
}

/* ---- outside ---- */

cv_status cv_room_open(struct cv_room *out, struct cv_err *err)
{
    struct clone_args args = { .flags = ROOMS, .exit_signal = SIGCHLD };
    const uid_t user = geteuid();
    const gid_t group = getegid();
    uint8_t kind = 0;
    struct cv_bytes said;
    int ends[2];
    *out = (struct cv_room){ .channel = { .fd = -1 } };
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return cv_fail_errno(err, "this system gives no place in memory alone for an editor");
    fflush(NULL);
    const pid_t child = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
    if (child == 0) {
        close(ends[0]);
        keep(ends[1], user, group);
    }
    const int e = errno;
    close(ends[1]);
    out->channel.fd = ends[0];
    out->child = child > 0 ? child : 0;
    if (child < 0)
        return cv_fail(
            err, CV_ERR_IO,
            "this system gives no place in memory alone for an editor (%s): leave --editor away; the form "
            "needs none",
            strerror(e));
    if (cv_channel_get(&out->channel, &kind, &said) == CV_OK && kind == SAY_READY)
        return CV_OK;
    return cv_fail(
        err, CV_ERR_IO,
        "this system gives no place in memory alone for an editor (%.*s): leave --editor away; the form "
        "needs none",
        (int)said.n, (const char *)said.p);
}

/* answered(r, editor, out, err): what came of it. */
static cv_status answered(struct cv_room *r, const char *editor, struct cv_buf *out, struct cv_err *err)
{
    uint8_t kind = 0;
    struct cv_bytes said;
    cv_status st = cv_channel_get(&r->channel, &kind, &said);
    if (st != CV_OK)
        return cv_fail(
            err, CV_ERR_IO,
            "the editor's place in memory is gone, and the text with it; nothing was stored: begin again");
    if (kind == SAY_TEXT)
        return said.n <= CV_RECORD_MAX_BYTES
                   ? cv_buf_append(out, said)
                   : cv_fail(err, CV_ERR_LIMIT,
                             "the text is longer than a record may be; nothing was stored");
    if (kind == SAY_ENDED)
        return cv_fail(err, CV_ERR_EXISTS,
                       "%.80s ended with an error (%.*s); what was written is gone, and nothing was stored: "
                       "the same command begins anew",
                       editor, (int)said.n, (const char *)said.p);
    return cv_fail(err, CV_ERR_IO, "%.80s: %.*s; nothing was stored: set VISUAL or EDITOR to another editor",
                   editor, (int)said.n, (const char *)said.p);
}

cv_status cv_room_edit(struct cv_room *r, const char *editor, struct cv_bytes text, struct cv_buf *out,
                       struct cv_err *err)
{
    static const int held[] = { SIGINT, SIGQUIT };
    const struct sigaction ignore = { .sa_handler = SIG_IGN };
    struct sigaction on[2];
    struct termios before;
    const bool terminal = tcgetattr(STDIN_FILENO, &before) == 0;
    for (size_t i = 0; i < 2; i++)
        sigaction(held[i], &ignore, &on[i]);
    cv_status st = cv_channel_put(&r->channel, HEAR_EDIT, cv_bytes_str(editor));
    st = CV_THEN(st, cv_channel_put(&r->channel, HEAR_TEXT, text));
    st = CV_THEN(st, cv_channel_flush(&r->channel));
    st = st == CV_OK || st == CV_ERR_IO ? answered(r, editor, out, err) : st;
    if (terminal) /* an editor that was killed left it as it was working with it */
        tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
    for (size_t i = 0; i < 2; i++)
        sigaction(held[i], &on[i], NULL);
    return cv_err_note(err, st, "the editor");
}

/* gone(child): has it ended? */
static bool gone(pid_t child, int how)
{
    pid_t ended;
    while ((ended = waitpid(child, NULL, how)) < 0 && errno == EINTR)
        continue;
    return ended != 0;
}

void cv_room_close(struct cv_room *r)
{
    const struct timespec moment = { .tv_nsec = 10 * 1000 * 1000 };
    bool ended = r->child <= 0;
    if (r->channel.fd >= 0)
        close(r->channel.fd);
    for (int i = 0; i < PATIENCE && !ended; i++) { /* it wipes what it holds */
        ended = gone(r->child, WNOHANG);
        if (!ended)
            nanosleep(&moment, NULL);
    }
    if (!ended) {
        kill(r->child, SIGKILL);
        (void)gone(r->child, 0);
    }
    cv_buf_free(&r->channel.in);
    cv_buf_free(&r->channel.out);
    *r = (struct cv_room){ .channel = { .fd = -1 } };
}
