#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "formats/utf8.h"
#include "vault/agent.h"

#define SAID_BYTES 8192 /* of what is said at once, a path and a list of sections in it */

static cv_status read_fd(struct cv_ui *ui, int fd, const char *name, size_t max, struct cv_buf *out)
{
    for (;;) {
        uint8_t *at;
        const size_t start = out->n;
        cv_status st = cv_buf_extend(out, 65536, &at);
        if (st != CV_OK)
            return cv_fail(&ui->err, st, "%s: cannot be held in memory", name);
        const ssize_t k = read(fd, at, 65536);
        const int e = errno;
        cv_buf_truncate(out, start + (k > 0 ? (size_t)k : 0));
        errno = e;
        if (k < 0 && errno != EINTR)
            return cv_fail_errno(&ui->err, "%s: cannot read", name);
        if (k == 0)
            return CV_OK;
        if (out->n > max)
            return cv_fail(&ui->err, CV_ERR_LIMIT, "%s: longer than %zu bytes", name, max);
    }
}

cv_status cv_ui_read_file(struct cv_ui *ui, const char *path, size_t max, struct cv_buf *out)
{
    if (strcmp(path, "-") == 0)
        return read_fd(ui, STDIN_FILENO, _("standard input"), max, out);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return cv_fail_errno(&ui->err, "%s", path);
    cv_status st = read_fd(ui, fd, path, max, out);
    close(fd);
    return st;
}

/* write_out(ui, fd, path, bytes): all of it, durably where that means anything. */
static cv_status write_out(struct cv_ui *ui, int fd, const char *path, struct cv_bytes bytes)
{
    while (bytes.n > 0) {
        const ssize_t k = write(fd, bytes.p, bytes.n);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return cv_fail_errno(&ui->err, "%s: cannot write", path);
        bytes = CV_BYTES(bytes.p + k, bytes.n - (size_t)k);
    }
    if (fd != STDOUT_FILENO && fsync(fd) != 0)
        return cv_fail_errno(&ui->err, "%s: cannot make it durable", path);
    return CV_OK;
}

static cv_status create(struct cv_ui *ui, const char *path, struct cv_bytes bytes)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno == EEXIST ? cv_fail(&ui->err, CV_ERR_EXISTS,
                                         "%s: already there; it is not overwritten: name another file", path)
                               : cv_fail_errno(&ui->err, "%s: cannot create", path);
    cv_status st = write_out(ui, fd, path, bytes);
    if (close(fd) != 0 && st == CV_OK)
        st = cv_fail_errno(&ui->err, "%s: cannot close", path);
    if (st != CV_OK)
        unlink(path);
    return st;
}

cv_status cv_ui_write_file(struct cv_ui *ui, const char *path, struct cv_bytes bytes)
{
    return strcmp(path, "-") == 0 ? write_out(ui, STDOUT_FILENO, _("standard output"), bytes)
                                  : create(ui, path, bytes);
}

cv_status cv_ui_replace_file(struct cv_ui *ui, const char *path, struct cv_bytes bytes)
{
    char temp[4096];
    if (snprintf(temp, sizeof(temp), "%s.new", path) >= (int)sizeof(temp))
        return cv_fail(&ui->err, CV_ERR_LIMIT, "%.200s: path too long", path);
    cv_status st = create(ui, temp, bytes);
    if (st == CV_OK && rename(temp, path) != 0)
        st = cv_fail_errno(&ui->err, "%s: cannot replace", path);
    return st;
}

cv_status cv_ui_ask(struct cv_ui *ui, const char *question, char answer[static CV_ANSWER_BYTES])
{
    char typed[BUFSIZ];
    FILE *tty = fopen("/dev/tty", "r+e");
    if (tty == NULL) {
        ui->hint = "the command's --help names them";
        return cv_fail(&ui->err, CV_ERR_DENIED,
                       "nobody is there to confirm this; see the options for scripts");
    }
    setvbuf(tty, typed, _IOFBF, sizeof(typed));
    fprintf(tty, "%s: ", _(question));
    fflush(tty);
    const bool read = fgets(answer, CV_ANSWER_BYTES, tty) != NULL;
    fclose(tty);
    cv_wipe(typed, sizeof(typed));
    answer[read ? strcspn(answer, "\n") : 0] = '\0';
    return CV_OK;
}

cv_status cv_ui_confirm(struct cv_ui *ui, const char *question, const char *want)
{
    char answer[CV_ANSWER_BYTES];
    cv_status st = cv_ui_ask(ui, question, answer);
    if (st == CV_OK && strcmp(answer, want) != 0 && !(strcmp(want, "yes") == 0 && cv_locale_yes(answer))) {
        ui->hint = "give the same command again if you want it after all";
        st = cv_fail(&ui->err, CV_ERR_DENIED, "not confirmed; nothing was changed");
    }
    return st;
}

/* ---- opening ---- */

cv_status cv_ui_identity_path(struct cv_ui *ui, const char **out)
{
    *out = ui->identity != NULL ? ui->identity : getenv("CASEVAULT_IDENTITY");
    if (*out != NULL)
        return CV_OK;
    return cv_fail(&ui->err, CV_ERR_ARG,
                   "whose vault work is this? Name your identity file with --identity FILE or "
                   "CASEVAULT_IDENTITY");
}

cv_status cv_ui_agent_path(struct cv_ui *ui, char *out)
{
    struct cv_buf file = { 0 };
    const char *path = NULL;
    cv_status st = cv_ui_identity_path(ui, &path);
    st = CV_THEN(st, cv_ui_read_file(ui, path, CV_IDENTITY_FILE_MAX, &file));
    st = CV_THEN(st, cv_agent_path(cv_buf_view(&file), out, &ui->err));
    cv_buf_free(&file);
    return st;
}

/* from_agent(ui, out): whether one that holds this identity answers; if not, the passphrase will do. */
static bool from_agent(struct cv_ui *ui, struct cv_identity *out)
{
    struct cv_ui quiet = { .identity = ui->identity };
    char path[CV_AGENT_PATH_MAX];
    return ui->passphrase_fd == CV_NO_FD && ui->passphrase_file == NULL &&
           getenv("XDG_RUNTIME_DIR") != NULL && cv_ui_agent_path(&quiet, path) == CV_OK &&
           cv_agent_connect(path, out, NULL, NULL) == CV_OK;
}

cv_status cv_ui_identity(struct cv_ui *ui, struct cv_identity *out)
{
    ui->by_agent = from_agent(ui, out);
    return ui->by_agent ? CV_OK : cv_ui_private(ui, out);
}

void cv_ui_agent_gone(struct cv_ui *ui)
{
    struct cv_identity id = { 0 };
    if (!ui->by_agent || ui->hint != NULL)
        return;
    if (!from_agent(ui, &id))
        ui->hint = "the agent that held your keys is gone; `casevault unlock`, and try again";
    cv_identity_free(&id);
}

static bool is_vault(const char *dir)
{
    char path[4200];
    struct stat info;
    snprintf(path, sizeof(path), "%s/archive", dir);
    if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode))
        return false;
    snprintf(path, sizeof(path), "%s/release.keys", dir);
    return stat(path, &info) == 0;
}

cv_status cv_ui_vault_path(struct cv_ui *ui, char out[static 4096])
{
    const char *given = ui->vault != NULL ? ui->vault : getenv("CASEVAULT_DIR");
    if (given != NULL)
        return snprintf(out, 4096, "%s", given) < 4096
                   ? CV_OK
                   : cv_fail(&ui->err, CV_ERR_LIMIT, "--vault: path too long");
    if (getcwd(out, 4096) == NULL)
        return cv_fail_errno(&ui->err, "the current directory");
    while (!is_vault(out)) {
        char *slash = strrchr(out, '/');
        if (slash == NULL || slash == out)
            return cv_fail(&ui->err, CV_ERR_NOVAULT,
                           "no vault here: name one with --vault DIR or CASEVAULT_DIR");
        *slash = '\0';
    }
    return CV_OK;
}

cv_status cv_ui_open_log(struct cv_ui *ui, struct cv_custody **out)
{
    char path[4096];
    *out = NULL;
    cv_status st = cv_ui_vault_path(ui, path);
    st = CV_THEN(st, cv_custody_open(path, ui->trust, out, &ui->err));
    if (st == CV_OK)
        cv_ui_training(ui, (*out)->chain.policy->training);
    return st;
}

static void progress(void *arg, const char *what, uint64_t done, uint64_t total)
{
    cv_ui_progress(arg, what, done, total);
}

cv_status cv_ui_open(struct cv_ui *ui, struct cv_opened *out)
{
    char path[4096];
    memset(out, 0, sizeof(*out));
    cv_status st = cv_ui_vault_path(ui, path);
    st = CV_THEN(st, cv_ui_identity(ui, &out->id));
    st = CV_THEN(st, cv_vault_open(path, ui->trust, &out->id, &out->vault, &ui->err));
    if (st == CV_OK) {
        out->vault->progress = progress;
        out->vault->progress_arg = ui;
        cv_ui_training(ui, cv_vault_policy(out->vault)->training);
    } else
        cv_ui_close(out);
    return st;
}

void cv_ui_close(struct cv_opened *o)
{
    cv_vault_close(o->vault);
    cv_identity_free(&o->id);
    memset(o, 0, sizeof(*o));
}

cv_status cv_ui_choice(struct cv_ui *ui, const struct cv_template *t, const char *type, const char *section,
                       const char *field, const char *word)
{
    struct cv_template_field f;
    struct cv_buf list = { 0 };
    cv_status st = CV_OK;
    if (word == NULL || !cv_template_field_named(t, type, section, field, &f) || f.choices == NULL)
        return CV_OK;
    for (size_t i = 0; i < cv_json_len(f.choices) && st == CV_OK; i++) {
        const char *choice = cv_json_cstr(cv_json_at(f.choices, i));
        if (strcmp(choice, word) == 0) {
            cv_buf_free(&list);
            return CV_OK;
        }
        st = cv_buf_printf(&list, "%s%s", i > 0 ? ", " : "", choice);
    }
    st = CV_THEN(st, cv_fail(&ui->err, CV_ERR_FORMAT, "%s: %.32s is none of %.*s", field, word, (int)list.n,
                             (const char *)list.p));
    cv_buf_free(&list);
    return st;
}

/* ---- printing ---- */

void cv_ui_training(struct cv_ui *ui, bool training)
{
    ui->training = training;
    if (training)
        cv_print_to(ui->json ? stderr : stdout, "TRAINING - no real people are in this vault\n");
}

void cv_ui_unread(size_t count, enum cv_unread not_done)
{
    if (count == 0)
        return;
    fflush(stdout);
    if (not_done == CV_UI_LEFT_OUT)
        cv_print_n(
            stderr, count,
            "%zu record could not be read, and is left out, if of this case; `casevault check` says which.\n",
            "%zu records could not be read, and are left out, if of this case; `casevault check` says "
            "which.\n",
            count);
    else
        cv_print_n(stderr, count,
                   "%zu record could not be read, and is not searched; `casevault check` says which.\n",
                   "%zu records could not be read, and are not searched; `casevault check` says which.\n",
                   count);
}

/* say(fmt, ap): what is translated already. */
__attribute__((format(printf, 1, 0))) static void say(const char *fmt, va_list ap)
{
    char text[SAID_BYTES];
    cv_ui_progress_clear();
    fflush(stdout); /* both may go into one file: what was said first stands first */
    cv_locale_text(text, sizeof(text), fmt, ap);
    cv_text_wrap(text, cv_ui_said_width());
    fprintf(stderr, "%s\n", text);
    cv_wipe(text, sizeof(text));
}

void cv_ui_say(const struct cv_ui *ui, const char *fmt, ...)
{
    va_list ap;
    if (ui->quiet)
        return;
    va_start(ap, fmt);
    say(_(fmt), ap);
    va_end(ap);
}

void cv_ui_say_n(const struct cv_ui *ui, uint64_t n, const char *one, const char *many, ...)
{
    va_list ap;
    if (ui->quiet)
        return;
    va_start(ap, many);
    say(cv_words(n, one, many), ap);
    va_end(ap);
}

void cv_ui_print_text(struct cv_bytes text)
{
    cv_ui_put_text(stdout, text);
}

void cv_ui_put_text(FILE *f, struct cv_bytes text)
{
    uint32_t code;
    while (text.n > 0) {
        size_t n = cv_utf8_next(text, &code);
        if (n > 0 && (cv_utf8_harmless(code) || code == '\n' || code == '\t'))
            fwrite(text.p, 1, n, f);
        else {
            fputs("\xef\xbf\xbd", f);
            n = n > 0 ? n : 1;
        }
        text = CV_BYTES(text.p + n, text.n - n);
    }
}

cv_status cv_ui_print_json(const struct cv_json *v)
{
    struct cv_buf line = { 0 };
    cv_status st = cv_json_write(v, &line);
    if (st == CV_OK) {
        fwrite(line.p, 1, line.n, stdout);
        fputc('\n', stdout);
    }
    cv_buf_free(&line);
    return st;
}

cv_status cv_ui_answer(const struct cv_ui *ui, struct cv_json *o)
{
    cv_status st = ui->training ? cv_json_set(o, "training", cv_json_bool(true)) : CV_OK;
    return CV_THEN(st, cv_ui_print_json(o));
}

cv_status cv_ui_stored(const struct cv_ui *ui, const char *id, uint64_t version)
{
    struct cv_json *o = cv_json_object();
    cv_status st = cv_json_set(o, "id", cv_json_str(id));
    st = CV_THEN(st, cv_json_set(o, "version", cv_json_int((int64_t)version)));
    st = CV_THEN(st, cv_ui_answer(ui, o));
    cv_json_free(o);
    return st;
}

static int progress_shown; /* columns of the line that stands there */

void cv_ui_progress_clear(void)
{
    if (progress_shown > 0)
        fprintf(stderr, "\r%*s\r", progress_shown, "");
    progress_shown = 0;
}

void cv_ui_progress(const struct cv_ui *ui, const char *what, uint64_t done, uint64_t total)
{
    static time_t last;
    const time_t now = time(NULL);
    char text[160];
    if (ui->quiet || isatty(STDERR_FILENO) != 1)
        return;
    if (last == 0) /* what takes no time needs no line */
        last = now;
    if (done != total && now == last)
        return;
    cv_ui_progress_clear();
    if (done == total)
        return;
    last = now;
    snprintf(text, sizeof(text), _("%s: %llu of %llu (%llu %%)"), _(what), (unsigned long long)done,
             (unsigned long long)total, (unsigned long long)(total > 0 ? 100 * done / total : 100));
    fputs(text, stderr);
    progress_shown = (int)cv_utf8_columns(cv_bytes_str(text));
}

cv_status cv_ui_outcome(struct cv_ui *ui, const struct cv_outcome *outcome, const char *done)
{
    struct cv_json *o;
    if (!ui->json) {
        if (outcome->done)
            cv_ui_say(ui, "%s", _(done));
        else
            cv_ui_say_n(
                ui, outcome->need,
                "This waits for others: it has %u of %u signature, and nothing has changed yet. They "
                "see it with `policy show`, and sign it with `policy approve %llu`.",
                "This waits for others: it has %u of %u signatures, and nothing has changed yet. They "
                "see it with `policy show`, and sign it with `policy approve %llu`.",
                outcome->have, outcome->need, (unsigned long long)outcome->proposal);
        return CV_OK;
    }
    o = cv_json_object();
    cv_status st = cv_json_set(o, "done", cv_json_bool(outcome->done));
    st = CV_THEN(st, cv_json_set(o, "signatures", cv_json_int(outcome->have)));
    st = CV_THEN(st, cv_json_set(o, "needed", cv_json_int(outcome->need)));
    if (!outcome->done)
        st = CV_THEN(st, cv_json_set(o, "waits_as", cv_json_int((int64_t)outcome->proposal)));
    st = CV_THEN(st, cv_ui_answer(ui, o));
    cv_json_free(o);
    return st;
}
