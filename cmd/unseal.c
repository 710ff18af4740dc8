#include "cmd/unseal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/alloc.h"
#include "crypto/scrypt.h"
#include "formats/age.h"
#include "vault/sandbox.h"

#define AGE_TITLE "age-encryption.org/v1\n"
#define ZIP_TITLE "PK\003\004"
#define IDENTITY_TITLE "-----BEGIN AGE ENCRYPTED FILE-----"
#define SECRET_TITLE "AGE-SECRET-KEY-1"
#define PIECE_BYTES 65536

/* What the child says once it is shut in, and again when it is done. */
struct report {
    cv_status st;
    bool wrong_passphrase;
    char recipient[128];
    char msg[CV_ERR_BYTES];
};

struct opening {
    struct cv_ui *ui;
    int sealed, plain, told; /* what it reads, what it writes, and where it reports */
    struct cv_age_identity *key;
    struct report report;
};

/* ---- the child ---- */

/* plain_key(o, file): the first secret key of a file as `age-keygen` writes it. */
static cv_status plain_key(struct opening *o, const char *path, struct cv_bytes file)
{
    while (file.n > 0) {
        const uint8_t *lf = memchr(file.p, '\n', file.n);
        const size_t n = lf != NULL ? (size_t)(lf - file.p) : file.n;
        const struct cv_bytes line = CV_BYTES(file.p, n > 0 && file.p[n - 1] == '\r' ? n - 1 : n);
        if (line.n > strlen(SECRET_TITLE) && memcmp(line.p, SECRET_TITLE, strlen(SECRET_TITLE)) == 0) {
            struct cv_buf text = { 0 };
            cv_status st = cv_age_recipient_of(line, &text);
            if (st == CV_OK)
                snprintf(o->report.recipient, sizeof(o->report.recipient), "%.*s", (int)text.n,
                         (const char *)text.p);
            cv_buf_free(&text);
            return CV_THEN(st, cv_age_identity_x25519(line, &o->key, &o->ui->err));
        }
        file = lf != NULL ? CV_BYTES(lf + 1, file.n - n - 1) : (struct cv_bytes){ 0 };
    }
    return cv_fail(&o->ui->err, CV_ERR_FORMAT, "%s: holds no age secret key, and is no casevault identity",
                   path);
}

/* key_of_identity(o): from --identity: one of casevault, or one of age. */
static cv_status key_of_identity(struct opening *o)
{
    struct cv_buf file = { 0 };
    struct cv_identity id = { 0 };
    const char *path = NULL;
    cv_status st = cv_ui_identity_path(o->ui, &path);
    if (st != CV_OK) {
        o->ui->err = (struct cv_err){ 0 };
        return cv_fail(&o->ui->err, CV_ERR_ARG,
                       "the package is sealed to a key: name the file that holds yours with --identity FILE");
    }
    st = cv_ui_read_file(o->ui, path, CV_IDENTITY_FILE_MAX, &file);
    if (st == CV_OK &&
        (file.n < strlen(IDENTITY_TITLE) || memcmp(file.p, IDENTITY_TITLE, strlen(IDENTITY_TITLE)) != 0)) {
        st = plain_key(o, path, cv_buf_view(&file));
    } else if (st == CV_OK) {
        st = cv_ui_private(o->ui, &id);
        st = CV_THEN(st, plain_key(o, path, cv_secret_view(&id.age)));
    }
    cv_identity_free(&id);
    cv_buf_free(&file);
    return st;
}

static cv_status key_of_passphrase(struct opening *o)
{
    struct cv_secret passphrase = { 0 };
    cv_status st = cv_ui_passphrase(o->ui, "Passphrase of the package", false, &passphrase);
    st = CV_THEN(st, cv_age_identity_passphrase(cv_secret_view(&passphrase), CV_SCRYPT_LOG_N_MAX, &o->key));
    snprintf(o->report.recipient, sizeof(o->report.recipient), "passphrase");
    cv_secret_free(&passphrase);
    return st;
}

/* hand_on(o, plain): false if nobody reads any more, which is not the file's fault. */
static cv_status hand_on(struct opening *o, struct cv_buf *plain)
{
    struct cv_bytes b = cv_buf_view(plain);
    while (b.n > 0) {
        const ssize_t k = write(o->plain, b.p, b.n);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return cv_fail_errno(&o->ui->err, "the package");
        b = CV_BYTES(b.p + k, b.n - (size_t)k);
    }
    cv_buf_truncate(plain, 0);
    return CV_OK;
}

/* open_all(o, r): piece by piece; nothing is handed on that was not authenticated. */
static cv_status open_all(struct opening *o, struct cv_age *r)
{
    static uint8_t piece[PIECE_BYTES];
    struct cv_buf plain = { 0 };
    cv_status st = CV_OK;
    ssize_t k = 1;
    while (st == CV_OK && k > 0) {
        k = read(o->sealed, piece, sizeof(piece));
        if (k < 0 && errno == EINTR) {
            k = 1;
            continue;
        }
        st = k < 0    ? cv_fail_errno(&o->ui->err, "the package: cannot read")
             : k == 0 ? cv_age_end(r, &plain, &o->ui->err)
                      : cv_age_read(r, CV_BYTES(piece, (size_t)k), &plain, &o->ui->err);
        st = CV_THEN(st, hand_on(o, &plain));
    }
    cv_buf_free(&plain);
    return st;
}

/* alone(o): nothing stays open but what it reads, what it writes and where it reports: the key is at hand
 * now. */
static bool alone(struct opening *o)
{
    int *const ends[] = { &o->sealed, &o->plain, &o->told };
    const int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    bool good = nowhere >= 0;
    for (int i = 0; i < 3; i++) /* first out of the way, then to their places */
        good = (*ends[i] = fcntl(*ends[i], F_DUPFD, 16)) >= 0 && good;
    for (int i = 0; i < 3 && good; i++) {
        good = dup2(nowhere, i) == i && dup2(*ends[i], 3 + i) == 3 + i;
        *ends[i] = 3 + i;
    }
    closefrom(6);
    return good;
}

static bool report(const struct opening *o)
{
    return write(o->told, &o->report, sizeof(o->report)) == (ssize_t)sizeof(o->report);
}

static cv_status not_shut_in(struct cv_err *err)
{
    return cv_fail(err, CV_ERR_INTERNAL,
                   "the process that is to open the package cannot be shut in, so it was not opened");
}

static cv_status open_file(struct opening *o, bool passphrase)
{
    struct cv_age *r = NULL;
    cv_status st = passphrase ? key_of_passphrase(o) : key_of_identity(o);
    const struct cv_age_identity *const keys[] = { o->key };
    const bool have = st == CV_OK;
    struct cv_sandbox_level level;
    cv_sandbox_probe(&level);
    if (st == CV_OK && (!alone(o) || cv_sandbox_enter(&level, CV_SANDBOX_PARSE) != CV_OK || !report(o)))
        st = not_shut_in(&o->ui->err);
    st = CV_THEN(st, cv_age_reader(keys, 1, &r));
    st = CV_THEN(st, open_all(o, r));
    if (st == CV_ERR_NOKEY && have) {
        o->ui->wrong_passphrase = passphrase;
        o->ui->err = (struct cv_err){ 0 }; /* in the words of who asked, not those of age */
        st = cv_fail(&o->ui->err, st,
                     passphrase ? "wrong passphrase" : "the package is sealed to another key");
    }
    cv_age_free(r);
    cv_age_identity_free(o->key);
    return st;
}

/* child(ui, sealed, plain, report_to, passphrase): all of that process. */
_Noreturn static void child(struct cv_ui *ui, int sealed, int plain, int report_to, bool passphrase)
{
    struct opening o = {
        .ui = ui, .sealed = sealed, .plain = plain, .told = report_to, .report.st = CV_ERR_INTERNAL
    };
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    cv_alloc_last_words(cv_alloc_tell);
    o.report.st = open_file(&o, passphrase);
    o.report.wrong_passphrase = ui->wrong_passphrase;
    (void)cv_err_note(&ui->err, o.report.st, "the package");
    memcpy(o.report.msg, ui->err.msg, sizeof(o.report.msg));
    _exit(report(&o) ? 0 : 1);
}

/* ---- whoever parses ---- */

/* sealed_by_passphrase(head): the one stanza of such a file comes first. */
static bool sealed_by_passphrase(const uint8_t *head, size_t n)
{
    static const char stanza[] = AGE_TITLE "-> scrypt ";
    return n >= sizeof(stanza) - 1 && memcmp(head, stanza, sizeof(stanza) - 1) == 0;
}

static cv_status begin(struct cv_ui *ui, int sealed, bool passphrase, struct cv_unsealing *out)
{
    int plain[2] = { -1, -1 }, report[2] = { -1, -1 };
    if (pipe2(plain, O_CLOEXEC) != 0 || pipe2(report, O_CLOEXEC) != 0) {
        close(plain[0]);
        close(plain[1]);
        return cv_fail_errno(&ui->err, "the package: cannot open");
    }
    fflush(stdout);
    out->child = fork();
    if (out->child == 0) {
        close(plain[0]);
        close(report[0]);
        child(ui, sealed, plain[1], report[1], passphrase);
    }
    close(plain[1]);
    close(report[1]);
    out->plain = plain[0];
    out->report = report[0];
    return out->child > 0 ? CV_OK : cv_fail_errno(&ui->err, "the package: cannot open");
}

cv_status cv_unseal_start(struct cv_ui *ui, const char *path, struct cv_unsealing *out)
{
    uint8_t head[64];
    *out = (struct cv_unsealing){ .plain = -1, .report = -1 };
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return cv_fail_errno(&ui->err, "%s", path);
    const ssize_t n = pread(fd, head, sizeof(head), 0);
    if (n >= 4 && memcmp(head, ZIP_TITLE, 4) == 0) {
        out->plain = fd;
        return CV_OK;
    }
    const size_t title = strlen(AGE_TITLE);
    cv_status st = n < (ssize_t)title || memcmp(head, AGE_TITLE, title) != 0
                       ? cv_fail(&ui->err, CV_ERR_FORMAT,
                                 "%.120s: not a package: neither sealed with age nor a zip", path)
                       : begin(ui, fd, sealed_by_passphrase(head, (size_t)n), out);
    close(fd);
    return st;
}

cv_status cv_unseal_end(struct cv_ui *ui, struct cv_unsealing *u)
{
    struct report r = { .st = CV_ERR_INTERNAL };
    int status = 0;
    if (u->plain >= 0)
        close(u->plain);
    if (u->child <= 0)
        return CV_OK;
    int told = 0; /* once that it is shut in, and then what came of it; or that alone */
    while (told < 2 && read(u->report, &r, sizeof(r)) == (ssize_t)sizeof(r))
        told++;
    close(u->report);
    while (waitpid(u->child, &status, 0) < 0 && errno == EINTR)
        ;
    /* A filter that libseccomp made without memory allows nothing, and is nobody's attack. */
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS && told == 0)
        return not_shut_in(&ui->err);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
        return cv_fail(
            &ui->err, CV_ERR_AUTH,
            "the package: whoever opens it was made to do what no file may ask for, and was stopped: "
            "this may be an attack; keep the file, open it nowhere else, and report it");
    if (WIFEXITED(status) && WEXITSTATUS(status) == CV_ALLOC_ENDED)
        return cv_fail(&ui->err, CV_ERR_NOMEM, CV_NO_MEMORY);
    if (told == 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0 || r.st > CV_ERR_CONSENT)
        return cv_fail(&ui->err, CV_ERR_INTERNAL, "the package: whoever opens it has died");
    ui->wrong_passphrase = r.wrong_passphrase;
    snprintf(u->recipient, sizeof(u->recipient), "%.*s", (int)sizeof(r.recipient) - 1, r.recipient);
    return r.st == CV_OK ? CV_OK : cv_fail(&ui->err, r.st, "%.*s", (int)sizeof(r.msg) - 1, r.msg);
}
