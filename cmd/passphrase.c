#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "crypto/hash.h"
#include "formats/base64.h"
#include "formats/utf8.h"
#include "vault/memory.h"

/* Passphrases: how they are asked for, which are good enough, and what wrong ones cost. */

#define PASSPHRASE_MAX 1024
/* Of a new one: */
#define LENGTH_LEAST 16 /* characters */
#define STEPS_LEAST 12  /* those that neither repeat nor continue the one before */
#define DIFFERENT_LEAST 8
static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
    interrupted = sig;
}

/* ask_tty(prompt, line): one line from the terminal, not shown. */
static cv_status ask_tty(struct cv_ui *ui, const char *prompt, struct cv_secret *line)
{
    struct termios old, quiet;
    struct sigaction act = { .sa_handler = on_signal }, old_int, old_term;
    const int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (tty < 0 || tcgetattr(tty, &old) != 0) {
        if (tty >= 0)
            close(tty);
        return cv_fail(&ui->err, CV_ERR_IO,
                       "no terminal to ask for the passphrase; use --passphrase-fd or "
                       "--passphrase-file");
    }
    quiet = old;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    interrupted = 0;
    sigaction(SIGINT, &act, &old_int);
    sigaction(SIGTERM, &act, &old_term);
    tcsetattr(tty, TCSAFLUSH, &quiet);
    dprintf(tty, "%s: ", _(prompt));
    ssize_t n = 0;
    line->n = 0;
    while (line->n < PASSPHRASE_MAX && (n = read(tty, line->p + line->n, 1)) == 1 && line->p[line->n] != '\n')
        line->n++;
    dprintf(tty, "\n");
    tcsetattr(tty, TCSAFLUSH, &old);
    sigaction(SIGINT, &old_int, NULL);
    sigaction(SIGTERM, &old_term, NULL);
    close(tty);
    if (interrupted != 0)
        raise(interrupted);
    return n == 1 ? CV_OK : cv_fail(&ui->err, CV_ERR_IO, "no passphrase was given: type it, and then Enter");
}

/* first_line(ui, fd, name, line): up to the first LF. */
static cv_status first_line(struct cv_ui *ui, int fd, const char *name, struct cv_secret *line)
{
    ssize_t n = 0;
    line->n = 0;
    while (line->n < PASSPHRASE_MAX && (n = read(fd, line->p + line->n, 1)) == 1 && line->p[line->n] != '\n')
        line->n++;
    if (n < 0)
        return cv_fail_errno(&ui->err, "%s: cannot read the passphrase", name);
    return CV_OK;
}

/* What a passphrase is made of. A step is a character that neither repeats nor continues (a, b, c; 3, 2, 1)
 * the one before. */
struct make {
    unsigned length, different, steps;
};

static struct make made_of(struct cv_bytes text)
{
    struct make m = { 0 };
    uint32_t seen[DIFFERENT_LEAST], c, before = 0;
    for (size_t n; text.n > 0; text = CV_BYTES(text.p + n, text.n - n), before = c, m.length++) {
        unsigned i = 0;
        n = cv_utf8_next(text, &c);
        if (n == 0) { /* not text: bytes */
            c = text.p[0];
            n = 1;
        }
        while (i < m.different && seen[i] != c)
            i++;
        if (i == m.different && i < DIFFERENT_LEAST)
            seen[m.different++] = c;
        if (c != before && c != before + 1 && c + 1 != before)
            m.steps++;
    }
    cv_wipe(seen, sizeof(seen));
    return m;
}

/* check(ui, line, fresh): the rule for new ones is one that can be told in a line. */
static cv_status check(struct cv_ui *ui, const struct cv_secret *line, bool fresh)
{
    if (line->n == 0)
        return cv_fail(&ui->err, CV_ERR_ARG, "the passphrase is empty: type it, and then Enter");
    if (line->n >= PASSPHRASE_MAX)
        return cv_fail(&ui->err, CV_ERR_LIMIT, "the passphrase is longer than %d bytes", PASSPHRASE_MAX - 1);
    const struct make m = made_of(cv_secret_view(line));
    if (fresh && (m.length < LENGTH_LEAST || m.steps < STEPS_LEAST || m.different < DIFFERENT_LEAST))
        return cv_fail(&ui->err, CV_ERR_ARG,
                       "the passphrase is too easy: take five words chosen by dice, or at least %d "
                       "characters, %d of them different, and no rows like abcd or 4321",
                       LENGTH_LEAST, DIFFERENT_LEAST);
    return CV_OK;
}

cv_status cv_ui_passphrase(struct cv_ui *ui, const char *prompt, bool fresh, struct cv_secret *out)
{
    struct cv_secret line = { 0 }, again = { 0 };
    *out = (struct cv_secret){ 0 };
    cv_status st = cv_secret_alloc(&line, PASSPHRASE_MAX);
    st = CV_THEN(st, cv_secret_alloc(&again, PASSPHRASE_MAX));
    if (st == CV_OK && ui->passphrase_fd != CV_NO_FD)
        st = first_line(ui, (int)ui->passphrase_fd, "--passphrase-fd", &line);
    else if (st == CV_OK && ui->passphrase_file != NULL) {
        const int fd = open(ui->passphrase_file, O_RDONLY | O_CLOEXEC);
        st = fd < 0 ? cv_fail_errno(&ui->err, "%s", ui->passphrase_file)
                    : first_line(ui, fd, ui->passphrase_file, &line);
        if (fd >= 0)
            close(fd);
    } else if (st == CV_OK) {
        st = ask_tty(ui, prompt, &line);
        if (st == CV_OK && fresh)
            st = ask_tty(ui, N_("The same once more"), &again);
        if (st == CV_OK && fresh && !cv_bytes_equal_ct(cv_secret_view(&line), cv_secret_view(&again)))
            st = cv_fail(&ui->err, CV_ERR_ARG, "the two were not the same: type one passphrase twice");
    }
    st = CV_THEN(st, check(ui, &line, fresh));
    st = CV_THEN(st, cv_secret_copy(out, cv_secret_view(&line)));
    line.n = again.n = PASSPHRASE_MAX; /* all of it is wiped */
    cv_secret_free(&line);
    cv_secret_free(&again);
    return st;
}

/* ---- wrong ones ---- */

/* A tally of wrong passphrases in a row, for one identity file: as many bytes as there were, written when the
 * last one was. Each makes the next one, right or wrong, wait longer, so that nobody tries many by hand or
 * through this program. (Whoever has the file can do without this program: that is what scrypt's work is
 * for.) */
struct tally {
    char path[4200];
    int fd; /* locked, so that tries wait for each other; -1: no wrong one so far */
};
#define TALLY_FREE 3  /* wrong ones that cost nothing: everybody mistypes */
#define TALLY_MOST 32 /* seconds */

static void tally_open(struct tally *t, struct cv_bytes file)
{
    uint8_t hash[CV_SHA256_BYTES];
    char dir[4096], hex[17];
    *t = (struct tally){ .fd = -1 };
    if (cv_user_dir("XDG_STATE_HOME", ".local/state", NULL, dir, NULL) != CV_OK ||
        cv_sha256(file, hash) != CV_OK)
        return;
    cv_hex_encode(CV_BYTES(hash, 8), hex);
    snprintf(t->path, sizeof(t->path), "%s/wrong-%s", dir, hex);
    t->fd = open(t->path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
    if (t->fd >= 0)
        (void)flock(t->fd, LOCK_EX);
}

/* tally_wait(ui, t): 1, 2, 4, ... seconds since the last wrong one. */
static void tally_wait(const struct cv_ui *ui, const struct tally *t)
{
    struct stat info;
    if (t->fd < 0 || fstat(t->fd, &info) != 0 || info.st_size < TALLY_FREE)
        return;
    const unsigned over = (unsigned)(info.st_size - TALLY_FREE);
    const long long wait = over < 5 ? 1LL << over : TALLY_MOST;
    const long long left = (long long)info.st_mtime + wait - (long long)time(NULL);
    if (left <= 0)
        return;
    const unsigned seconds = left < wait ? (unsigned)left : (unsigned)wait; /* the clock may have been set */
    cv_ui_say_n(ui, (uint64_t)info.st_size, "%lld wrong passphrase in a row: this takes %u seconds longer.",
                "%lld wrong passphrases in a row: this takes %u seconds longer.", (long long)info.st_size,
                seconds);
    for (unsigned still = seconds; still > 0;)
        still = sleep(still);
}

/* tally_close(t, wrong): one more, or none any more. */
static void tally_close(struct tally *t, bool wrong)
{
    if (wrong && t->fd < 0 && t->path[0] != '\0')
        t->fd = open(t->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (wrong && t->fd >= 0)
        (void)!write(t->fd, "x", 1); /* a tally that cannot be kept slows nobody */
    else if (t->fd >= 0)
        (void)unlink(t->path);
    if (t->fd >= 0)
        close(t->fd);
}

cv_status cv_ui_open_keys(struct cv_ui *ui, const char *path, cv_open_keys_fn open_keys, void *out)
{
    struct cv_buf file = { 0 };
    struct cv_secret passphrase = { 0 };
    struct tally tally;
    cv_status st = cv_ui_read_file(ui, path, CV_IDENTITY_FILE_MAX, &file);
    st = CV_THEN(st, cv_ui_passphrase(ui, "Passphrase", false, &passphrase));
    if (st == CV_OK) {
        struct cv_err err = { 0 };
        tally_open(&tally, cv_buf_view(&file));
        tally_wait(ui, &tally);
        st = open_keys(cv_buf_view(&file), cv_secret_view(&passphrase), out, &err);
        ui->wrong_passphrase = st == CV_ERR_NOKEY;
        tally_close(&tally, ui->wrong_passphrase);
        if (ui->wrong_passphrase)
            st = cv_fail(&ui->err, st, "the passphrase is wrong");
        else if (st != CV_OK)
            st = cv_fail(&ui->err, st, "%s: %s", path, err.msg);
    }
    cv_secret_free(&passphrase);
    cv_buf_free(&file);
    return st;
}

static cv_status open_identity(struct cv_bytes file, struct cv_bytes passphrase, void *out,
                               struct cv_err *err)
{
    return cv_identity_open(file, passphrase, out, err);
}

cv_status cv_ui_private(struct cv_ui *ui, struct cv_identity *out)
{
    const char *path = NULL;
    memset(out, 0, sizeof(*out));
    cv_status st = cv_ui_identity_path(ui, &path);
    return CV_THEN(st, cv_ui_open_keys(ui, path, open_identity, out));
}
