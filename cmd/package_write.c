#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/outfile.h"
#include "crypto/hash.h"
#include "crypto/scrypt.h"
#include "formats/age.h"
#include "formats/base64.h"
#include "vault/document.h"
#include "vault/package.h"

/* package write: the file that leaves. It has no name, or where the file system cannot do that another one,
 * while it is made, and gets its own when the log says that it left: of what is broken off nothing is left.
 */

#define PIECE_BYTES 262144
#define ATTACHMENTS_MAX 256

struct args {
    struct cv_words attachments;
    const char *output, *passphrase_file, *reason;
};
static const struct cv_opt opts[] = {
    { "output", 'o', "FILE", "where to write it; a new file", offsetof(struct args, output), CV_OPT_TEXT },
    { "attachment", 'a', "FILE", "a file kept outside, whose SHA-256 stands in a record that goes (again)",
      offsetof(struct args, attachments), CV_OPT_LIST },
    { "seal-passphrase-file", 0, "FILE",
      "for a partner without a key: the package's passphrase is the first line of this file (else it is "
      "asked for)",
      offsetof(struct args, passphrase_file), CV_OPT_TEXT },
    { "reason", 'r', "TEXT", "why; sealed into the access log", offsetof(struct args, reason), CV_OPT_TEXT },
    { 0 },
};

struct writing {
    struct cv_ui *ui;
    const struct args *a;
    struct cv_outfile file;
    struct cv_age *age;
    struct cv_buf sealed;
    struct cv_attachment files[ATTACHMENTS_MAX];
    struct source {
        const char *path;                /* given with --attachment; or */
        struct cv_document_reader *kept; /* in the vault */
    } sources[ATTACHMENTS_MAX];
    size_t count;
};

/* ---- the file ---- */

static cv_status flush(struct writing *w, struct cv_err *err)
{
    cv_status st = cv_outfile_write(&w->file, cv_buf_view(&w->sealed), err);
    cv_buf_truncate(&w->sealed, 0);
    return st;
}

/* put: the next bytes of the zip. */
static cv_status put(void *arg, struct cv_bytes bytes, struct cv_err *err)
{
    struct writing *w = arg;
    cv_status st = CV_OK;
    while (bytes.n > 0 && st == CV_OK) {
        const size_t n = bytes.n < PIECE_BYTES ? bytes.n : PIECE_BYTES;
        st = cv_age_write(w->age, CV_BYTES(bytes.p, n), &w->sealed, err);
        st = CV_THEN(st, flush(w, err));
        bytes = CV_BYTES(bytes.p + n, bytes.n - n);
    }
    return st;
}

/* recipient_of(w, text, out): the partner's key, or the passphrase that was agreed on. */
static cv_status recipient_of(struct writing *w, const char *text, struct cv_age_recipient **out)
{
    struct cv_ui asking = *w->ui;
    struct cv_secret passphrase = { 0 };
    if (strcmp(text, "passphrase") != 0)
        return cv_age_recipient_x25519(cv_bytes_str(text), out, &w->ui->err);
    asking.passphrase_fd = CV_NO_FD;
    asking.passphrase_file = w->a->passphrase_file;
    cv_status st =
        cv_ui_passphrase(&asking, "Passphrase for the package, to be told to the partner", true, &passphrase);
    if (st != CV_OK)
        st = cv_fail(&w->ui->err, st, "%s", asking.err.msg);
    st = CV_THEN(st, cv_age_recipient_passphrase(cv_secret_view(&passphrase), CV_SCRYPT_LOG_N, out));
    cv_secret_free(&passphrase);
    return st;
}

/* begin(w, recipient): the file under its other name, and the head of the age file. */
static cv_status begin(struct writing *w, const char *recipient)
{
    struct cv_age_recipient *to = NULL;
    cv_status st = cv_outfile_free_name(w->ui, w->a->output);
    st = CV_THEN(st, recipient_of(w, recipient, &to));
    if (st == CV_OK) {
        const struct cv_age_recipient *const list[] = { to };
        st = cv_age_writer(list, 1, &w->sealed, &w->age, &w->ui->err);
    }
    st = CV_THEN(st, cv_outfile_create(w->ui, w->a->output, &w->file));
    cv_age_recipient_free(to);
    return st;
}

static cv_status finish(struct writing *w)
{
    cv_status st = cv_age_finish(w->age, &w->sealed, &w->ui->err);
    st = CV_THEN(st, flush(w, &w->ui->err));
    return CV_THEN(st, cv_outfile_sync(w->ui, &w->file));
}

/* ---- attachments ---- */

typedef cv_status (*piece_fn)(void *arg, struct cv_bytes piece, struct cv_err *err);

/* each_piece(w, path, fn, arg): a file's bytes, in pieces. */
static cv_status each_piece(struct writing *w, const char *path, piece_fn fn, void *arg)
{
    static uint8_t piece[PIECE_BYTES];
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    cv_status st = fd < 0 ? cv_fail_errno(&w->ui->err, "%s", path) : CV_OK;
    while (st == CV_OK) {
        const ssize_t k = read(fd, piece, sizeof(piece));
        if (k < 0 && errno == EINTR)
            continue;
        if (k == 0)
            break;
        st = k < 0 ? cv_fail_errno(&w->ui->err, "%s: cannot read", path)
                   : fn(arg, CV_BYTES(piece, (size_t)k), &w->ui->err);
    }
    if (fd >= 0)
        close(fd);
    cv_wipe(piece, sizeof(piece));
    return st;
}

struct measuring {
    struct cv_attachment *a;
    struct cv_sha256_ctx *hash;
    struct writing *also; /* written as well; NULL: only measured */
};

static cv_status measure_piece(void *arg, struct cv_bytes piece, struct cv_err *err)
{
    struct measuring *m = arg;
    m->a->bytes += piece.n;
    m->a->crc = cv_zip_crc(m->a->crc, piece);
    cv_status st = cv_sha256_update(m->hash, piece);
    return m->also == NULL ? st : CV_THEN(st, put(m->also, piece, err));
}

/* measure(w, from, also, out): size and digests, of just the bytes that were written. */
static cv_status measure(struct writing *w, const struct source *from, struct writing *also,
                         struct cv_attachment *out)
{
    struct measuring m = { .a = out, .also = also };
    cv_status st = cv_sha256_new(&m.hash);
    if (from->path != NULL)
        st = CV_THEN(st, each_piece(w, from->path, measure_piece, &m));
    else
        st = CV_THEN(st, cv_document_read(from->kept, 0, cv_document_bytes(from->kept), measure_piece, &m,
                                          &w->ui->err));
    st = CV_THEN(st, cv_sha256_final(m.hash, out->sha256));
    cv_sha256_free(m.hash);
    return st;
}

/* named_in(list, sha256): what the records call the file with this digest; NULL if none does. */
static const char *named_in(const struct cv_json *list, const uint8_t sha256[static 32])
{
    char hex[65];
    cv_hex_encode(CV_BYTES(sha256, 32), hex);
    for (size_t i = 0; i < cv_json_len(list); i++)
        if (strcmp(cv_json_get_str(cv_json_at(list, i), "sha256"), hex) == 0)
            return cv_json_get_str(cv_json_at(list, i), "name");
    return NULL;
}

/* measure_given(w, out): those that were named with --attachment. */
static cv_status measure_given(struct writing *w, const struct cv_outgoing *out)
{
    const struct cv_words *paths = &w->a->attachments;
    cv_status st = CV_OK;
    for (size_t i = 0; i < paths->n && st == CV_OK; i++) {
        struct cv_attachment *file = &w->files[i];
        w->sources[w->count++].path = paths->w[i];
        st = measure(w, &w->sources[i], NULL, file);
        const char *name = st == CV_OK ? named_in(out->attachments, file->sha256) : NULL;
        if (st == CV_OK && name == NULL)
            st = cv_fail(
                &w->ui->err, CV_ERR_ARG,
                "%.120s: its SHA-256 stands in no record that goes: it is another file, or was altered",
                paths->w[i]);
        if (st == CV_OK)
            cv_attachment_name(i + 1, name, file->name);
    }
    return st;
}

static bool have(const struct writing *w, const char *hex)
{
    char mine[65];
    for (size_t i = 0; i < w->count; i++) {
        cv_hex_encode(CV_ARR(w->files[i].sha256), mine);
        if (strcmp(mine, hex) == 0)
            return true;
    }
    return false;
}

/* measure_kept(w, v, detail, a): one that the vault keeps; opening it is an event. */
static cv_status measure_kept(struct writing *w, struct cv_vault *v, const char *detail,
                              const struct cv_json *a)
{
    struct cv_document_ref ref = { .version = (uint64_t)cv_json_get_int(a, "version"),
                                   .number = (size_t)cv_json_get_int(a, "number"),
                                   .listed = cv_json_get(a, "listed"), /* not ours: it is not freed */
                                   .kept = true };
    if (w->count == ATTACHMENTS_MAX)
        return cv_fail(&w->ui->err, CV_ERR_LIMIT, "more than %d attachments", ATTACHMENTS_MAX);
    snprintf(ref.record, sizeof(ref.record), "%s", cv_json_get_str(a, "record"));
    snprintf(ref.section, sizeof(ref.section), "%s", cv_json_get_str(a, "section"));
    struct cv_attachment *file = &w->files[w->count];
    struct source *from = &w->sources[w->count];
    cv_status st = cv_document_open(v, &ref, detail, w->a->reason, &from->kept, &w->ui->err);
    if (st != CV_OK)
        return st;
    w->count++;
    st = measure(w, from, NULL, file);
    cv_attachment_name(w->count, cv_json_get_str(a, "name"), file->name);
    return st;
}

/* measure_all(w, v, id, out): every file that goes, once. */
static cv_status measure_all(struct writing *w, struct cv_vault *v, const char *id,
                             const struct cv_outgoing *out)
{
    char detail[64];
    size_t missing = 0;
    cv_status st = measure_given(w, out);
    snprintf(detail, sizeof(detail), "for package %.40s", id);
    for (size_t i = 0; i < cv_json_len(out->attachments) && st == CV_OK; i++) {
        const struct cv_json *a = cv_json_at(out->attachments, i);
        if (have(w, cv_json_get_str(a, "sha256")))
            continue;
        const char *section = cv_json_get_str(a, "section");
        if (section != NULL && cv_vault_may_read(v, section))
            st = measure_kept(w, v, detail, a);
        else
            missing++;
    }
    if (st == CV_OK && missing > 0)
        cv_ui_say_n(w->ui, missing,
                    "%zu attachment is named in what goes, and is not kept in the vault; give it with "
                    "--attachment.",
                    "%zu attachments are named in what goes, and are not kept in the vault; give them with "
                    "--attachment.",
                    missing);
    return st;
}

/* attach(w, zip, i): a file goes in as it was measured, or not at all. */
static cv_status attach(struct writing *w, struct cv_zip *zip, size_t i)
{
    const struct cv_attachment *want = &w->files[i];
    struct cv_attachment got = { 0 };
    struct cv_buf header = { 0 };
    cv_status st = cv_zip_entry(zip, want->name, want->bytes, want->crc, &header, &w->ui->err);
    st = CV_THEN(st, put(w, cv_buf_view(&header), &w->ui->err));
    st = CV_THEN(st, measure(w, &w->sources[i], w, &got));
    if (st == CV_OK && (got.bytes != want->bytes || memcmp(got.sha256, want->sha256, 32) != 0))
        st = cv_fail(&w->ui->err, CV_ERR_IO, "%.120s: was changed while it was read", want->name);
    cv_buf_free(&header);
    return st;
}

static cv_status write_all(struct writing *w, const struct cv_outgoing *out)
{
    struct cv_zip *zip = NULL;
    struct cv_buf texts = { 0 };
    cv_status st = cv_zip_new(&zip);
    st = CV_THEN(st, cv_package_zip(&out->package, zip, &texts, &w->ui->err));
    st = CV_THEN(st, put(w, cv_buf_view(&texts), &w->ui->err));
    cv_buf_free(&texts);
    for (size_t i = 0; i < w->count && st == CV_OK; i++)
        st = attach(w, zip, i);
    st = CV_THEN(st, cv_package_close(zip, put, w, &w->ui->err));
    st = CV_THEN(st, finish(w));
    cv_zip_free(zip);
    return st;
}

static void writing_free(struct writing *w)
{
    cv_outfile_drop(&w->file);
    for (size_t i = 0; i < w->count; i++)
        cv_document_close(w->sources[i].kept);
    cv_age_free(w->age);
    cv_buf_free(&w->sealed);
    free(w);
}

/* release(w, v, d, out): it is durable; now the log says that it left, and then it may. */
static cv_status release(struct writing *w, struct cv_vault *v, const struct cv_dispatch *d,
                         const struct cv_outgoing *out)
{
    cv_status st = cv_outgoing_sent(v, d, out, w->a->reason, &w->ui->err);
    return CV_THEN(st, cv_outfile_keep(w->ui, &w->file));
}

static void tell(struct cv_ui *ui, struct cv_vault *v, const char *file, const struct cv_json *partner)
{
    char print[CV_FINGERPRINT_BYTES];
    cv_vault_fingerprint(cv_vault_policy(v)->vault, print);
    cv_ui_say(ui, "Written for %s: %s", cv_json_get_str(partner, "name"), file);
    cv_ui_say(ui, "Read this vault's fingerprint out to them: %s", print);
    cv_ui_say(ui, "They check it with: casevault verify --sender-key %s FILE", print);
}

static cv_status run(struct cv_ui *ui, const void *args)
{
    const struct args *a = args;
    struct cv_opened o = { 0 };
    struct cv_dispatches list = { 0 };
    struct cv_outgoing out = { 0 };
    struct writing *w = calloc(1, sizeof(*w));
    if (w == NULL)
        return CV_ERR_NOMEM;
    w->ui = ui;
    w->a = a;
    w->file = CV_OUTFILE_NONE;
    cv_status st = a->output == NULL ? cv_fail(&ui->err, CV_ERR_ARG, "wanted: --output FILE")
                   : a->attachments.n > ATTACHMENTS_MAX
                       ? cv_fail(&ui->err, CV_ERR_LIMIT, "more than %d attachments", ATTACHMENTS_MAX)
                       : cv_ui_open(ui, &o);
    st = CV_THEN(st, cv_dispatches(o.vault, ui->words.w[0], &list, &ui->err));
    /* A passphrase is asked for first: consent is judged after it, however long that takes. */
    st = CV_THEN(st, begin(w, cv_json_get_str(cv_json_get(list.d[0].doc, "partner"), "recipient")));
    st = CV_THEN(st, cv_outgoing_make(o.vault, &list.d[0], a->reason, &out, &ui->err));
    st = CV_THEN(st, measure_all(w, o.vault, ui->words.w[0], &out));
    st = CV_THEN(st, cv_outgoing_seal(o.vault, &out, w->files, w->count, &ui->err));
    st = CV_THEN(st, write_all(w, &out));
    st = CV_THEN(st, release(w, o.vault, &list.d[0], &out));
    if (st == CV_OK)
        tell(ui, o.vault, a->output, cv_json_get(list.d[0].doc, "partner"));
    writing_free(w);
    cv_outgoing_free(&out);
    cv_dispatches_free(&list);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_package_write = {
    .name = "package write",
    .synopsis = "PACKAGE -o FILE [--attachment FILE]...",
    .summary = "make a package that was asked for and approved, sealed to its partner",
    .details =
        "Consents and approvals are judged once more. The file is an age file that holds a zip: its "
        "README.txt says how to check it with ordinary tools, its index.html shows it in a browser. Files "
        "that go and that the vault keeps (`document add`) are attached by themselves.",
    .opts = opts,
    .args_bytes = sizeof(struct args),
    .words_min = 1,
    .words_max = 1,
    .run = run,
};
