#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/document_photo.h"
#include "cmd/outfile.h"

/* document get: the one way by which the content of a record gets into a file: because somebody asked for it.
 */

struct args {
    const char *output, *section, *reason, *range;
    uint64_t version;
    bool clean;
};
static const struct cv_opt opts[] = {
    { "output", 'o', "FILE", "where to write it; a new file (wanted)", offsetof(struct args, output),
      CV_OPT_TEXT },
    { "section", 's', "NAME", "the record's section (default: the one that lists files)",
      offsetof(struct args, section), CV_OPT_TEXT },
    { "version", 0, "N", "as it is in this version (default: the latest)", offsetof(struct args, version),
      CV_OPT_COUNT },
    { "range", 0, "FROM-TO", "these bytes only, from 0, both included; TO may be left out or behind the end",
      offsetof(struct args, range), CV_OPT_TEXT },
    { "without-metadata", 0, NULL, "of a JPEG or PNG a copy that shows the picture and tells no more",
      offsetof(struct args, clean), CV_OPT_FLAG },
    { "reason", 'r', "TEXT", "why; sealed into the access log", offsetof(struct args, reason), CV_OPT_TEXT },
    { 0 },
};

/* read_which(text, record, number): ID.N. */
static bool read_which(const char *text, char record[static 64], size_t *number)
{
    const char *dot = strrchr(text, '.');
    const size_t n = dot != NULL ? (size_t)(dot - text) : 0;
    if (n == 0 || n >= 64 || dot[1] < '1' || dot[1] > '9' || strlen(dot + 1) > 6 ||
        dot[1 + strspn(dot + 1, "0123456789")] != '\0')
        return false;
    memcpy(record, text, n);
    record[n] = '\0';
    *number = (size_t)strtoul(dot + 1, NULL, 10);
    return true;
}

/* read_place(text, out): UINT64_MAX for a number of more digits than any file has places. */
static bool read_place(struct cv_bytes text, uint64_t *out)
{
    size_t digits = 0;
    while (digits < text.n && text.p[digits] >= '0' && text.p[digits] <= '9')
        digits++;
    if (digits != text.n || digits <= 18 || text.p[0] == '0')
        return cv_bytes_number(text, out);
    *out = UINT64_MAX;
    return true;
}

/* read_range(text, from, to): both included; ${to} is UINT64_MAX where it is left out. What lies behind the
 * end is cut off later, as RFC 9110 has it, 14.1.2. */
static bool read_range(const char *text, uint64_t *from, uint64_t *to)
{
    const char *dash = strchr(text, '-');
    const struct cv_bytes first = CV_BYTES(text, dash != NULL ? (size_t)(dash - text) : 0);
    *to = UINT64_MAX;
    return dash != NULL && read_place(first, from) &&
           (dash[1] == '\0' || (read_place(cv_bytes_str(dash + 1), to) && *to >= *from));
}

struct getting {
    struct cv_ui *ui;
    const struct args *a;
    struct cv_outfile file;
    struct cv_buf picture; /* where a copy is to be cleaned */
    uint64_t done, from, to;
};

/* put: bytes that were authenticated. */
static cv_status put(void *arg, struct cv_bytes bytes, struct cv_err *err)
{
    struct getting *g = arg;
    g->done += bytes.n;
    return g->a->clean ? cv_buf_append(&g->picture, bytes) : cv_outfile_write(&g->file, bytes, err);
}

/* clean(g): from memory: the original touches no file. */
static cv_status clean(struct getting *g)
{
    struct cv_buf copy = { .max = CV_PHOTO_COPY_MAX };
    cv_status st = cv_photo_clean(cv_buf_view(&g->picture), &copy, &g->ui->err);
    st = CV_THEN(st, cv_outfile_write(&g->file, cv_buf_view(&copy), &g->ui->err));
    g->done = copy.n;
    cv_buf_free(&copy);
    return st;
}

/* span(g, bytes): what is wanted, as far as it is there. */
static cv_status span(struct getting *g, uint64_t bytes)
{
    if (g->a->range == NULL) {
        g->to = bytes;
        return CV_OK;
    }
    if (g->from >= bytes)
        return cv_fail_n(&g->ui->err, CV_ERR_ARG, bytes,
                         "--range begins behind the end: the file has %" PRIu64 " byte",
                         "--range begins behind the end: the file has %" PRIu64 " bytes", bytes);
    g->to = g->to >= bytes ? bytes : g->to + 1;
    return CV_OK;
}

static cv_status fetch(struct getting *g, struct cv_vault *v, const struct cv_document_ref *ref)
{
    struct cv_document_reader *r = NULL;
    char detail[64] = "";
    const uint64_t bytes = (uint64_t)cv_json_get_int(ref->listed, "bytes");
    cv_status st = ref->kept ? span(g, bytes) : CV_OK;
    if (st == CV_OK && g->a->clean && ref->kept && bytes > CV_PHOTO_MAX)
        st = cv_fail(&g->ui->err, CV_ERR_LIMIT,
                     "longer than 64 MiB: a copy without its metadata cannot be made");
    if (g->a->range != NULL)
        snprintf(detail, sizeof(detail), "bytes %" PRIu64 " to %" PRIu64, g->from, g->to - 1);
    st = CV_THEN(st, cv_outfile_create(g->ui, g->a->output, &g->file));
    st = CV_THEN(st, cv_document_open(v, ref,
                                      g->a->range != NULL ? detail
                                      : g->a->clean       ? "without its metadata"
                                                          : NULL,
                                      g->a->reason, &r, &g->ui->err));
    st = CV_THEN(st, cv_document_read(r, g->from, g->to, put, g, &g->ui->err));
    if (g->a->clean)
        st = CV_THEN(st, clean(g));
    st = CV_THEN(st, cv_outfile_sync(g->ui, &g->file));
    st = CV_THEN(st, cv_outfile_keep(g->ui, &g->file));
    cv_document_close(r);
    return st;
}

static cv_status tell(const struct getting *g, const struct cv_document_ref *ref)
{
    const struct cv_bytes name = cv_json_text(cv_json_get(ref->listed, "name"));
    if (g->ui->json) {
        struct cv_json *o = cv_json_copy(ref->listed);
        cv_status st = cv_json_set(o, "record", cv_json_str(ref->record));
        st = CV_THEN(st, cv_json_set(o, "written", cv_json_int((int64_t)g->done)));
        st = CV_THEN(st, cv_ui_answer(g->ui, o));
        cv_json_free(o);
        return st;
    }
    if (g->ui->quiet)
        return CV_OK;
    cv_print_n(stderr, g->done, "Written: %" PRIu64 " byte of ", "Written: %" PRIu64 " bytes of ", g->done);
    cv_ui_put_text(stderr, name);
    fprintf(stderr, "\n");
    cv_ui_say(g->ui,
              g->a->clean ? N_("It shows the picture and tells no more, not even which way is up.\n"
                               "Only the original is what was signed.")
              : g->a->range != NULL
                  ? N_("Each byte of it was held against what was sealed; the whole file's SHA-256 was not.")
                  : N_("It is what was attached: its SHA-256 is the one that was signed."));
    cv_ui_say(g->ui, "It is not sealed any more: whoever has the file reads it.");
    return CV_OK;
}

static cv_status run(struct cv_ui *ui, const void *args)
{
    const struct args *a = args;
    struct getting g = { .ui = ui, .a = a, .file = CV_OUTFILE_NONE, .picture = { .max = CV_PHOTO_MAX } };
    struct cv_opened o = { 0 };
    struct cv_document_ref ref = { 0 };
    char record[64];
    size_t number = 0;
    if (!read_which(ui->words.w[0], record, &number))
        return cv_fail(&ui->err, CV_ERR_ARG, "which file? wanted: ID.N, as `document list` shows it");
    if (a->output == NULL || strcmp(a->output, "-") == 0)
        return cv_fail(&ui->err, CV_ERR_ARG, "wanted: --output FILE, a new file");
    if (a->range != NULL && (a->clean || !read_range(a->range, &g.from, &g.to)))
        return cv_fail(&ui->err, CV_ERR_ARG,
                       "--range wants FROM-TO, as in 0-1023, and no --without-metadata");
    cv_status st = cv_outfile_free_name(ui, a->output);
    st = CV_THEN(st, cv_ui_open(ui, &o));
    st = CV_THEN(st,
                 cv_document_ref(o.vault, record, a->version, a->section, number, a->reason, &ref, &ui->err));
    st = CV_THEN(st, fetch(&g, o.vault, &ref));
    st = CV_THEN(st, tell(&g, &ref));
    cv_outfile_drop(&g.file);
    cv_buf_free(&g.picture);
    cv_document_ref_free(&ref);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_document_get = {
    .name = "document get",
    .synopsis = "[--range FROM-TO | --without-metadata] [--version N] [--reason TEXT] -o FILE ID.N",
    .summary = "get a file of a record out of the vault",
    .details =
        "FILE appears when all of it was held against what was sealed and signed, and not before. A copy "
        "--without-metadata loses a picture's place, time, device, texts, colour profile, which way is up, "
        "and whatever else does not show. None is made of a PNG that moves, or where a part of the picture "
        "is not as it must be or not known. The original stays in the vault.",
    .opts = opts,
    .args_bytes = sizeof(struct args),
    .words_min = 1,
    .words_max = 1,
    .run = run,
};
