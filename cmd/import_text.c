#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/import.h"
#include "crypto/scrypt.h"
#include "formats/age.h"
#include "vault/charset.h"

/* The text of an import, as UTF-8, piece by piece; in a process that has nothing else (cmd/import_file.c). */

#define PIECE_BYTES 65536
#define AGE_HEAD "age-encryption.org/"

struct cv_import_text {
    struct cv_ui *ui;
    const struct cv_import_how *how;
    const char *name;
    int fd;
    uint64_t bytes, total; /* read so far; of a file: all */
    bool ended;
    struct cv_age_identity *key; /* of a sealed one, until its reader has it */
    struct cv_age *age;          /* opens it, if it is sealed */
    struct cv_buf piece;         /* the next bytes of the text, not decoded yet */
    struct cv_json *map;
    struct cv_charset *charset;
};

/* ---- bytes ---- */

/* read_raw(f, out): append what one read gives; nothing at the end. */
static cv_status read_raw(struct cv_import_text *f, struct cv_buf *out)
{
    uint8_t *at = NULL;
    const size_t had = out->n;
    ssize_t k = -1;
    cv_status st = cv_buf_extend(out, PIECE_BYTES, &at);
    do {
        k = st == CV_OK ? read(f->fd, at, PIECE_BYTES) : 0;
    } while (k < 0 && errno == EINTR);
    const int e = errno;
    cv_buf_truncate(out, had + (k > 0 ? (size_t)k : 0));
    errno = e;
    if (k < 0)
        return cv_fail_errno(&f->ui->err, "%s: cannot read", f->name);
    f->ended = k == 0;
    f->bytes += (uint64_t)k;
    return cv_err_note(&f->ui->err, st, f->name);
}

/* unseal(f, raw): the next bytes of a sealed file, as far as they are authenticated. */
static cv_status unseal(struct cv_import_text *f, struct cv_bytes raw)
{
    struct cv_err why = { 0 };
    cv_status st = f->ended ? cv_age_end(f->age, &f->piece, &why) : cv_age_read(f->age, raw, &f->piece, &why);
    if (st == CV_ERR_NOKEY) {
        f->ui->wrong_passphrase = true;
        return cv_fail(&f->ui->err, st, "%s: the passphrase is wrong", f->name);
    }
    return st == CV_OK ? CV_OK : cv_fail(&f->ui->err, st, "%.80s: %s", f->name, why.msg);
}

/* more(f): append to the piece what comes next. */
static cv_status more(struct cv_import_text *f)
{
    struct cv_buf raw = { 0 };
    if (f->age == NULL)
        return read_raw(f, &f->piece);
    cv_status st = read_raw(f, &raw);
    st = CV_THEN(st, unseal(f, cv_buf_view(&raw)));
    cv_buf_free(&raw);
    return st;
}

/* fill(f): so many bytes that it can be seen what the file is. */
static cv_status fill(struct cv_import_text *f)
{
    cv_status st = CV_OK;
    while (st == CV_OK && !f->ended && f->piece.n < PIECE_BYTES)
        st = more(f);
    return st;
}

/* ---- what it is ---- */

static bool begins(const struct cv_import_text *f, const char *with)
{
    return f->piece.n >= strlen(with) && memcmp(f->piece.p, with, strlen(with)) == 0;
}

/* sealed(f): an age file: the bytes at hand go through its reader. */
static cv_status sealed(struct cv_import_text *f)
{
    struct cv_buf raw = f->piece;
    const struct cv_age_identity *const list[] = { f->key };
    const bool ended = f->ended;
    f->piece = (struct cv_buf){ 0 };
    cv_status st = cv_age_reader(list, 1, &f->age);
    f->ended = false;
    st = CV_THEN(st, unseal(f, cv_buf_view(&raw)));
    f->ended = ended;
    if (ended)
        st = CV_THEN(st, unseal(f, (struct cv_bytes){ 0 }));
    /* The identity goes: a header that is longer than a piece is none that a passphrase makes. */
    if (st == CV_OK && !cv_age_opened(f->age))
        st = cv_fail(&f->ui->err, CV_ERR_FORMAT, "%s: not a file that was sealed with a passphrase", f->name);
    cv_age_identity_free(f->key);
    f->key = NULL;
    cv_buf_free(&raw);
    return CV_THEN(st, fill(f));
}

/* what_else(f): files that are no text, in words that help. */
static cv_status what_else(struct cv_import_text *f)
{
    if (begins(f, "PK\x03\x04"))
        return cv_fail(
            &f->ui->err, CV_ERR_FORMAT,
            "%s: a workbook or an archive; save the sheet as CSV (UTF-8), or, if it is a package, use "
            "--package",
            f->name);
    if (f->piece.n == 0)
        return cv_fail(&f->ui->err, CV_ERR_FORMAT, "%s: empty", f->name);
    return CV_OK;
}

/* decide_encoding(f): what it was told, or what the bytes say. */
static cv_status decide_encoding(struct cv_import_text *f, const struct cv_import_to *to)
{
    struct cv_charset_guess guess;
    const char *named = cv_import_how_encoding(f->how, f->map);
    cv_charset_guess(cv_buf_view(&f->piece), f->ended, &guess);
    if (named == NULL && guess.name[0] == '\0')
        return cv_fail(
            &f->ui->err, CV_ERR_FORMAT,
            "%s: not UTF-8; name its encoding with --encoding (windows-1250, windows-1251, ...), and "
            "look with --dry-run whether names come out right",
            f->name);
    cv_status st = named == NULL && !guess.sure ? to->guessed(to->arg, guess.name) : CV_OK;
    st = CV_THEN(st, cv_charset_new(named != NULL ? named : guess.name, &f->charset, &f->ui->err));
    if (st == CV_OK && guess.mark > 0 && (named == NULL || strncasecmp(named, guess.name, 5) == 0)) {
        memmove(f->piece.p, f->piece.p + guess.mark, f->piece.n - guess.mark);
        cv_buf_truncate(&f->piece, f->piece.n - guess.mark);
    }
    return st;
}

/* ---- a text ---- */

cv_status cv_import_text_new(struct cv_ui *ui, const char *name, const struct cv_import_how *how, int fd,
                             uint64_t total, struct cv_import_text **out)
{
    struct cv_import_text *f = *out = calloc(1, sizeof(*f));
    if (f == NULL)
        return cv_fail(&ui->err, CV_ERR_NOMEM, "import: out of memory");
    f->ui = ui;
    f->name = name;
    f->how = how;
    f->fd = fd;
    f->total = total;
    return CV_OK;
}

void cv_import_text_free(struct cv_import_text *f)
{
    if (f == NULL)
        return;
    cv_age_identity_free(f->key);
    cv_age_free(f->age);
    cv_buf_free(&f->piece);
    cv_json_free(f->map);
    cv_charset_free(f->charset);
    free(f);
}

void cv_import_text_at(struct cv_import_text *f, int fd)
{
    f->fd = fd;
}

cv_status cv_import_text_head(struct cv_import_text *f)
{
    struct cv_ui asking = *f->ui;
    struct cv_secret passphrase = { 0 };
    cv_status st = CV_OK;
    while (st == CV_OK && !f->ended && f->piece.n < strlen(AGE_HEAD))
        st = read_raw(f, &f->piece);
    if (st != CV_OK || !begins(f, AGE_HEAD))
        return st;
    asking.passphrase_fd = CV_NO_FD;
    asking.passphrase_file = f->how->passphrase_file;
    st = cv_ui_passphrase(&asking, "Passphrase of the sealed file", false, &passphrase);
    if (st != CV_OK)
        return cv_fail(&f->ui->err, st, "%s", asking.err.msg);
    st = cv_age_identity_passphrase(cv_secret_view(&passphrase), CV_SCRYPT_LOG_N_MAX, &f->key);
    cv_secret_free(&passphrase);
    return cv_err_note(&f->ui->err, st, f->name);
}

cv_status cv_import_text_map(struct cv_import_text *f, struct cv_bytes map)
{
    struct cv_err why = { 0 };
    cv_status st = f->how->map != NULL ? cv_columns_map(map, &f->map, &why) : CV_OK;
    if (st != CV_OK)
        return cv_fail(&f->ui->err, st, "%.80s: %s", f->how->map, why.msg);
    return cv_import_how_check(f->how, f->map, &f->ui->err);
}

/* ---- reading ---- */

/* decode(f, text): the piece as UTF-8. */
static cv_status decode(struct cv_import_text *f, const struct cv_import_rows *rows, struct cv_buf *text)
{
    cv_buf_truncate(text, 0);
    cv_status st = cv_charset_decode(f->charset, cv_buf_view(&f->piece), f->ended, text);
    if (st == CV_ERR_FORMAT)
        st =
            cv_fail(&f->ui->err, st,
                    "%s, after line %" PRIu64 ": bytes that are no text in this encoding; is it another one?",
                    f->name, cv_import_rows_line(rows));
    cv_buf_truncate(&f->piece, 0);
    return st;
}

/* separator(text): of a first line like sep=;, which spreadsheets write and obey; and that line goes. */
static char separator(struct cv_bytes *text)
{
    if (text->n < 6 || memcmp(text->p, "sep=", 4) != 0 || (text->p[5] != '\n' && text->p[5] != '\r'))
        return '\0';
    const char mark = (char)text->p[4];
    *text = CV_BYTES(text->p + 5, text->n - 5); /* its end stays, so that lines are counted right */
    return mark;
}

/* delimiter_of(f, text, out): what parts the cells: as it was told, or as the first line shows. */
static cv_status delimiter_of(struct cv_import_text *f, struct cv_bytes *text, char *out)
{
    const char mark = separator(text);
    cv_status st = cv_import_how_delimiter(f->how, f->map, out, &f->ui->err);
    if (st == CV_OK && *out == '\0')
        *out = mark != '\0' && strchr(CV_IMPORT_DELIMITERS, mark) != NULL ? mark : cv_csv_delimiter(*text);
    if (*out == '\0')
        *out = ','; /* a single column */
    return st;
}

/* begin(f, rows, text): JSON lines or CSV, by the first character. */
static cv_status begin(struct cv_import_text *f, struct cv_import_rows *rows, struct cv_bytes *text)
{
    struct cv_bytes at = *text;
    char delimiter = ',';
    while (at.n > 0 && memchr(" \t\r\n", at.p[0], 4) != NULL)
        at = CV_BYTES(at.p + 1, at.n - 1);
    if (at.n > 0 && at.p[0] == '{')
        return cv_import_how_csv(f->how)
                   ? cv_fail(
                         &f->ui->err, CV_ERR_ARG,
                         "%s: lines of JSON; --map, --set, --without, --dates and --delimiter are for CSV",
                         f->name)
                   : CV_OK;
    if (at.n > 0 && at.p[0] == '[')
        return cv_fail(&f->ui->err, CV_ERR_FORMAT, "%s: a JSON array; wanted is one object a line", f->name);
    cv_status st = delimiter_of(f, text, &delimiter);
    return CV_THEN(st, cv_import_rows_csv(rows, delimiter));
}

/* look(f): the first bytes, and what they make the file. */
static cv_status look(struct cv_import_text *f, const struct cv_import_to *to)
{
    cv_status st = fill(f);
    if (st == CV_OK && f->key != NULL)
        st = sealed(f);
    st = CV_THEN(st, what_else(f));
    return CV_THEN(st, decide_encoding(f, to));
}

cv_status cv_import_text_read(struct cv_import_text *f, const struct cv_template *t,
                              const struct cv_import_to *to)
{
    struct cv_import_rows *rows = NULL;
    struct cv_buf text = { 0 };
    cv_status st = cv_import_rows_new(f->ui, f->name, f->how, f->map, t, to, &rows);
    st = CV_THEN(st, look(f, to));
    st = CV_THEN(st, decode(f, rows, &text));
    struct cv_bytes first = cv_buf_view(&text);
    st = CV_THEN(st, begin(f, rows, &first));
    st = CV_THEN(st, cv_import_rows_take(rows, first));
    while (st == CV_OK && !f->ended && !cv_import_rows_over(rows)) {
        st = more(f);
        st = CV_THEN(st, decode(f, rows, &text));
        st = CV_THEN(st, cv_import_rows_take(rows, cv_buf_view(&text)));
        if (st == CV_OK)
            st = to->progress(to->arg, f->bytes, f->total > f->bytes ? f->total : f->bytes);
    }
    if (st == CV_OK && !cv_import_rows_over(rows))
        st = cv_import_rows_end(rows);
    cv_buf_free(&text);
    cv_import_rows_free(rows);
    return st;
}
