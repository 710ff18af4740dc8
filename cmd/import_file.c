#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/import.h"
#include "vault/confined.h"

/* The file of an import. It is read by a process of its own, which was started before any key was in memory
 * and has nothing but the file (vault/confined.h); this one gets rows from it, each record as JSON. */

#define SOURCE_BYTES 200
#define COLUMN_BYTES 1024 /* of a header so much is told */

/* What goes to it: TEMPLATE, when the vault is open. What comes: READY, when what it was told can be; then
 * the others. */
enum frame {
    TEMPLATE = 1, /* text */
    READY,        /* nothing */
    GUESSED,      /* the name of an encoding */
    PROGRESS,     /* u64 bytes, u64 of how many */
    FAULT,        /* u64 line, L(column, why); no column: the whole row */
    ITEM /* u64 line, u64 file, u8 of enum flag, L(source), u16 how many, records, others: each u32 and JSON
          */
};
enum flag { OWN_IDS = 1, BY_ID = 2, BY_EQUAL = 4, OTHERS = 8 };

struct cv_import_file {
    struct cv_ui *ui;
    const struct cv_import_how *how;
    const char *name;
    int fd;
    struct stat was;
    bool late;         /* standard input: it may come when it likes, and is read when the vault is open */
    struct cv_buf map; /* its text */
    struct cv_buf template; /* in the process that reads it: the text */
    struct cv_import_text *text;
    struct cv_confined apart;
};

/* ---- whoever reads it ---- */

static cv_status put_records(struct cv_buf *frame, const struct cv_json *records)
{
    struct cv_buf one = { 0 };
    cv_status st = CV_OK;
    for (size_t i = 0; i < cv_json_len(records) && st == CV_OK; i++) {
        cv_buf_truncate(&one, 0);
        st = cv_json_write(cv_json_at(records, i), &one);
        st = CV_THEN(st, cv_buf_u32(frame, (uint32_t)one.n));
        st = CV_THEN(st, cv_buf_append(frame, cv_buf_view(&one)));
    }
    cv_buf_free(&one);
    return st;
}

static cv_status put_item(void *arg, const struct cv_import_item *item)
{
    struct cv_buf frame = { 0 };
    const uint8_t flags = (uint8_t)((item->own_ids ? OWN_IDS : 0) | (item->by_id ? BY_ID : 0) |
                                    (item->by_equal ? BY_EQUAL : 0) | (item->others != NULL ? OTHERS : 0));
    cv_status st = cv_buf_u64(&frame, item->line);
    st = CV_THEN(st, cv_buf_u64(&frame, item->file));
    st = CV_THEN(st, cv_buf_append(&frame, CV_BYTES(&flags, 1)));
    st = CV_THEN(st, cv_buf_field(&frame, cv_bytes_str(item->source)));
    st = CV_THEN(st, cv_buf_u16(&frame, (uint16_t)cv_json_len(item->records)));
    st = CV_THEN(st, put_records(&frame, item->records));
    st = CV_THEN(st, put_records(&frame, item->others));
    st = CV_THEN(st, cv_channel_put(arg, ITEM, cv_buf_view(&frame)));
    cv_buf_free(&frame);
    return st;
}

static cv_status put_fault(void *arg, uint64_t line, const char *column, const char *why)
{
    struct cv_buf frame = { 0 };
    const struct cv_bytes name = cv_bytes_str(column);
    cv_status st = cv_buf_u64(&frame, line);
    st = CV_THEN(st,
                 cv_buf_field(&frame, CV_BYTES(name.p, name.n < COLUMN_BYTES ? name.n : COLUMN_BYTES - 1)));
    st = CV_THEN(st, cv_buf_field(&frame, cv_bytes_str(why)));
    st = CV_THEN(st, cv_channel_put(arg, FAULT, cv_buf_view(&frame)));
    cv_buf_free(&frame);
    return st;
}

static cv_status put_guessed(void *arg, const char *encoding)
{
    return cv_channel_put(arg, GUESSED, cv_bytes_str(encoding));
}

static cv_status put_progress(void *arg, uint64_t done, uint64_t total)
{
    uint8_t frame[16];
    cv_store_u64(frame, done);
    cv_store_u64(frame + 8, total);
    return cv_channel_put(arg, PROGRESS, CV_ARR(frame));
}

/* hear_template(f, c): it waits until the vault is open. */
static cv_status hear_template(struct cv_import_file *f, struct cv_channel *c)
{
    struct cv_bytes text;
    uint8_t kind = 0;
    cv_status st = cv_channel_get(c, &kind, &text);
    return st != CV_OK || kind != TEMPLATE ? CV_ERR_IO : cv_buf_append(&f->template, text);
}

/* before(arg, c, err): how the file begins, and, if it is sealed, the passphrase; neither is looked into. */
static cv_status before(void *arg, struct cv_channel *c, struct cv_err *err)
{
    struct cv_import_file *f = arg;
    cv_status st = cv_import_text_new(f->ui, f->name, f->how, f->fd,
                                      S_ISREG(f->was.st_mode) ? (uint64_t)f->was.st_size : 0, &f->text);
    if (f->late)
        st = CV_THEN(st, hear_template(f, c));
    st = CV_THEN(st, cv_import_text_head(f->text));
    return st == CV_OK ? CV_OK : cv_fail(err, st, "%s", f->ui->err.msg);
}

static cv_status read_all(void *arg, struct cv_channel *c, struct cv_err *err)
{
    struct cv_import_file *f = arg;
    const struct cv_import_to to = { put_item, put_fault, put_guessed, put_progress, c };
    struct cv_template *t = NULL;
    cv_import_text_at(f->text, CV_CONFINED_KEPT);
    cv_status st = cv_import_text_map(f->text, cv_buf_view(&f->map));
    if (!f->late) {
        st = CV_THEN(st, cv_channel_put(c, READY, (struct cv_bytes){ 0 }));
        st = CV_THEN(st, cv_channel_flush(c));
        st = CV_THEN(st, hear_template(f, c));
    }
    st = CV_THEN(st, cv_template_parse(cv_buf_view(&f->template), &t, &f->ui->err));
    st = CV_THEN(st, cv_import_text_read(f->text, t, &to));
    cv_template_free(t);
    cv_import_text_free(f->text);
    return st == CV_OK || f->ui->err.msg[0] == '\0' ? st : cv_fail(err, st, "%s", f->ui->err.msg);
}

/* ---- whoever gets the rows ---- */

/* words(b, out, room): a text without NUL; false if there is no room for it. */
static bool words(struct cv_bytes b, char *out, size_t room)
{
    if (b.n >= room || (b.n > 0 && memchr(b.p, '\0', b.n) != NULL))
        return false;
    if (b.n > 0)
        memcpy(out, b.p, b.n);
    out[b.n] = '\0';
    return true;
}

static cv_status take_records(struct cv_cursor *at, size_t count, struct cv_json **out, struct cv_err *err)
{
    cv_status st = (*out = cv_json_array()) == NULL ? CV_ERR_NOMEM : CV_OK;
    for (size_t i = 0; i < count && st == CV_OK; i++) {
        struct cv_json *one = NULL;
        const struct cv_bytes text = cv_cursor_take(at, cv_cursor_u32(at));
        st = at->bad ? CV_ERR_FORMAT : cv_json_parse(text, CV_FRAME_MAX, "record", &one, err);
        st = CV_THEN(st, cv_json_push(*out, one));
    }
    return st;
}

static cv_status take_item(struct cv_import_file *f, struct cv_bytes bytes, const struct cv_import_to *to)
{
    struct cv_cursor at = { .rest = bytes };
    struct cv_import_item item = { .line = cv_cursor_u64(&at) };
    item.file = cv_cursor_u64(&at);
    const uint8_t flags = cv_cursor_u8(&at);
    char source[SOURCE_BYTES];
    const bool good = words(cv_cursor_field(&at), source, sizeof(source));
    const size_t count = cv_cursor_u16(&at);
    if (at.bad || !good)
        return CV_ERR_FORMAT;
    item.source = source;
    item.own_ids = (flags & OWN_IDS) != 0;
    item.by_id = (flags & BY_ID) != 0;
    item.by_equal = (flags & BY_EQUAL) != 0;
    cv_status st = take_records(&at, count, &item.records, &f->ui->err);
    size_t others = 0;
    for (struct cv_cursor rest = at; st == CV_OK && rest.rest.n > 0 && !rest.bad; others++)
        (void)cv_cursor_take(&rest, cv_cursor_u32(&rest));
    if ((flags & OTHERS) != 0)
        st = CV_THEN(st, take_records(&at, others, &item.others, &f->ui->err));
    if (st == CV_OK && at.rest.n > 0)
        st = CV_ERR_FORMAT;
    st = CV_THEN(st, to->item(to->arg, &item));
    cv_json_free(item.records);
    cv_json_free(item.others);
    return st;
}

static cv_status take_fault(struct cv_bytes bytes, const struct cv_import_to *to)
{
    struct cv_cursor at = { .rest = bytes };
    char column[COLUMN_BYTES], why[COLUMN_BYTES];
    const uint64_t line = cv_cursor_u64(&at);
    const bool good = words(cv_cursor_field(&at), column, sizeof(column)) &&
                      words(cv_cursor_field(&at), why, sizeof(why)) && !at.bad && at.rest.n == 0;
    return good ? to->fault(to->arg, line, column[0] != '\0' ? column : NULL, why) : CV_ERR_FORMAT;
}

/* take_guessed(bytes): said with --quiet too: every name of the file hangs on it. */
static cv_status take_guessed(struct cv_bytes bytes)
{
    fflush(stdout);
    cv_print_to(stderr, "Not UTF-8: read as ");
    cv_ui_put_text(stderr, CV_BYTES(bytes.p, bytes.n < COLUMN_BYTES ? bytes.n : COLUMN_BYTES));
    cv_print_to(stderr, ", which is a guess. If names come out wrong, name it: --encoding\n");
    return CV_OK;
}

static cv_status take_progress(const struct cv_import_file *f, struct cv_bytes bytes)
{
    struct cv_cursor at = { .rest = bytes };
    const uint64_t done = cv_cursor_u64(&at);
    const uint64_t total = cv_cursor_u64(&at);
    if (at.bad || at.rest.n > 0)
        return CV_ERR_FORMAT;
    cv_ui_progress(f->ui, "Importing, bytes", done, total);
    return CV_OK;
}

static cv_status take(struct cv_import_file *f, uint8_t kind, struct cv_bytes bytes,
                      const struct cv_import_to *to)
{
    switch (kind) {
    case GUESSED:
        return take_guessed(bytes);
    case PROGRESS:
        return take_progress(f, bytes);
    case FAULT:
        return take_fault(bytes, to);
    case ITEM:
        return take_item(f, bytes, to);
    default:
        return CV_ERR_FORMAT;
    }
}

/* over(f, st): how it ended, where nothing else did before. */
static cv_status over(struct cv_import_file *f, cv_status st)
{
    st = cv_confined_end(&f->apart, f->name, st == CV_ERR_NOTFOUND ? CV_OK : st, &f->ui->err);
    f->ui->wrong_passphrase = f->ui->wrong_passphrase || (st == CV_ERR_NOKEY && f->apart.st == CV_ERR_NOKEY);
    return st;
}

static cv_status open_fd(struct cv_import_file *f, const char *path)
{
    const bool is_stdin = f->late = strcmp(path, "-") == 0;
    f->name = is_stdin ? _("standard input") : path;
    f->fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (f->fd < 0 || fstat(f->fd, &f->was) != 0)
        return cv_fail_errno(&f->ui->err, "%s", f->name);
    if (S_ISDIR(f->was.st_mode))
        return cv_fail(&f->ui->err, CV_ERR_IO, "%s: is a directory", f->name);
    if (!is_stdin && !S_ISREG(f->was.st_mode))
        return cv_fail(
            &f->ui->err, CV_ERR_IO,
            "%s: is a device or a pipe, and no file; what comes through a pipe is read from standard "
            "input: -",
            f->name);
    return CV_OK;
}

static cv_status judge(void *arg, struct cv_channel *c, struct cv_err *err)
{
    struct cv_import_file *f = arg;
    (void)c;
    cv_status st = cv_import_text_new(f->ui, f->name, f->how, -1, 0, &f->text);
    st = CV_THEN(st, cv_import_text_map(f->text, cv_buf_view(&f->map)));
    cv_import_text_free(f->text);
    return st == CV_OK ? CV_OK : cv_fail(err, st, "%s", f->ui->err.msg);
}

/* read_map(f): it may come from elsewhere as well; judged for itself, before the file is looked for. */
static cv_status read_map(struct cv_import_file *f)
{
    const struct cv_confined_work work = { .work = judge, .arg = f, .keep = -1 };
    struct cv_confined apart;
    if (f->how->map == NULL)
        return cv_import_how_check(f->how, NULL, &f->ui->err);
    cv_status st = cv_ui_read_file(f->ui, f->how->map, CV_TEMPLATE_MAX_BYTES, &f->map);
    st = CV_THEN(st, cv_confined_start(&work, &apart, &f->ui->err));
    return st == CV_OK ? cv_confined_end(&apart, f->how->map, CV_OK, &f->ui->err) : st;
}

/* start(f): when this gives CV_OK, what it was told of the file can be. */
static cv_status start(struct cv_import_file *f)
{
    const struct cv_confined_work work = { before, read_all, f, CV_SANDBOX_PARSE, f->fd };
    struct cv_bytes bytes;
    uint8_t kind = 0;
    cv_status st = cv_confined_start(&work, &f->apart, &f->ui->err);
    if (st != CV_OK || f->late)
        return st;
    st = cv_confined_get(&f->apart, &kind, &bytes);
    return st == CV_OK && kind == READY ? CV_OK : over(f, st == CV_OK ? CV_ERR_INTERNAL : st);
}

cv_status cv_import_open(struct cv_ui *ui, const char *path, const struct cv_import_how *how,
                         struct cv_import_file **out)
{
    struct cv_import_file *f = calloc(1, sizeof(*f));
    *out = NULL;
    if (f == NULL)
        return cv_fail(&ui->err, CV_ERR_NOMEM, "import: out of memory");
    f->ui = ui;
    f->how = how;
    f->fd = -1;
    f->apart = (struct cv_confined){ .child = -1, .channel = { .fd = -1 } };
    cv_status st = read_map(f);
    st = CV_THEN(st, open_fd(f, path));
    st = CV_THEN(st, start(f));
    if (st == CV_OK)
        *out = f;
    else
        cv_import_close(f);
    return st;
}

void cv_import_close(struct cv_import_file *f)
{
    if (f == NULL)
        return;
    (void)!cv_confined_end(&f->apart, f->name, CV_ERR_INTERNAL, NULL);
    if (f->fd >= 0 && f->fd != STDIN_FILENO)
        close(f->fd);
    cv_buf_free(&f->map);
    free(f);
}

const char *cv_import_name(const struct cv_import_file *f)
{
    return f->name;
}

cv_status cv_import_read(struct cv_import_file *f, struct cv_bytes template, const struct cv_import_to *to)
{
    struct cv_bytes bytes;
    uint8_t kind = 0;
    cv_status st = cv_channel_put(&f->apart.channel, TEMPLATE, template);
    if (st == CV_OK)
        (void)!cv_channel_flush(&f->apart.channel); /* if it has died, that is told by what comes from it */
    while (st == CV_OK && (st = cv_confined_get(&f->apart, &kind, &bytes)) == CV_OK)
        st = take(f, kind, bytes, to);
    return over(f, st);
}

cv_status cv_import_unchanged(struct cv_import_file *f)
{
    struct stat now;
    if (!S_ISREG(f->was.st_mode))
        return CV_OK;
    if (fstat(f->fd, &now) != 0)
        return cv_fail_errno(&f->ui->err, "%s", f->name);
    return now.st_size == f->was.st_size && now.st_mtim.tv_sec == f->was.st_mtim.tv_sec &&
                   now.st_mtim.tv_nsec == f->was.st_mtim.tv_nsec
               ? CV_OK
               : cv_fail(&f->ui->err, CV_ERR_IO, "%s: was changed while it was read; import it again",
                         f->name);
}
