#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/outfile.h"
#include "crypto/scrypt.h"
#include "formats/age.h"
#include "formats/columns.h"
#include "vault/export.h"
#include "vault/related.h"

/* record export: for oneself, what one may read: sealed with a passphrase, unless something else is typed
 * out. */

#define PIECE_BYTES 262144

struct args {
    struct cv_words types;
    const char *output, *format, *the_case, *passphrase_file, *reason;
    bool all, plain;
};
static const struct cv_opt opts[] = {
    { "output", 'o', "FILE", "where to write it; a new file", offsetof(struct args, output), CV_OPT_TEXT },
    { "all", 0, NULL, "every record of which you may read something", offsetof(struct args, all),
      CV_OPT_FLAG },
    { "type", 't', "TYPE", "all records of this type (may be given again)", offsetof(struct args, types),
      CV_OPT_LIST },
    { "case", 0, "ID", "a case and what belongs to it", offsetof(struct args, the_case), CV_OPT_TEXT },
    { "format", 0, "json|csv", "JSON lines (all of it; the default), or CSV: the fields of the standard",
      offsetof(struct args, format), CV_OPT_TEXT },
    { "seal-passphrase-file", 0, "FILE", "the first line of this file seals it (else it is asked for, twice)",
      offsetof(struct args, passphrase_file), CV_OPT_TEXT },
    { "plain", 0, NULL, "NOT sealed: whoever has the file reads it", offsetof(struct args, plain),
      CV_OPT_FLAG },
    { "reason", 'r', "TEXT", "why; sealed into the access log", offsetof(struct args, reason), CV_OPT_TEXT },
    { 0 },
};

struct exporting {
    struct cv_ui *ui;
    const struct args *a;
    struct cv_vault *vault;
    bool csv;
    struct cv_outfile file;
    struct cv_age *age; /* NULL: plain */
    struct cv_columns_writer *columns;
    struct cv_buf text, sealed; /* on their way into the file */
    size_t total, done, erased;
    struct cv_head_walk chosen;
};

/* ---- the file ---- */

/* flush(x): what was gathered, sealed. */
static cv_status flush(struct exporting *x)
{
    struct cv_err *err = &x->ui->err;
    cv_status st = x->age != NULL ? cv_age_write(x->age, cv_buf_view(&x->text), &x->sealed, err) : CV_OK;
    st = CV_THEN(st, cv_outfile_write(&x->file, cv_buf_view(x->age != NULL ? &x->sealed : &x->text), err));
    cv_buf_truncate(&x->text, 0);
    cv_buf_truncate(&x->sealed, 0);
    return st;
}

/* seal(x): to a passphrase that is asked for twice. */
static cv_status seal(struct exporting *x)
{
    struct cv_ui asking = *x->ui;
    struct cv_secret passphrase = { 0 };
    struct cv_age_recipient *to = NULL;
    asking.passphrase_fd = CV_NO_FD;
    asking.passphrase_file = x->a->passphrase_file;
    cv_status st = cv_ui_passphrase(&asking, "A passphrase for this file", true, &passphrase);
    if (st != CV_OK)
        st = cv_fail(&x->ui->err, st, "%s", asking.err.msg);
    st = CV_THEN(st, cv_age_recipient_passphrase(cv_secret_view(&passphrase), CV_SCRYPT_LOG_N, &to));
    if (st == CV_OK) {
        const struct cv_age_recipient *const list[] = { to };
        st = cv_age_writer(list, 1, &x->sealed, &x->age, &x->ui->err);
    }
    cv_age_recipient_free(to);
    cv_secret_free(&passphrase);
    return st;
}

/* begin(x): the file, without its name yet. */
static cv_status begin(struct exporting *x)
{
    cv_status st = cv_outfile_free_name(x->ui, x->a->output);
    if (!x->a->plain)
        st = CV_THEN(st, seal(x));
    st = CV_THEN(st, cv_outfile_create(x->ui, x->a->output, &x->file));
    if (x->csv) {
        st = CV_THEN(st, cv_columns_writer_new(x->vault->template, &x->columns));
        st = CV_THEN(st, cv_columns_write(x->columns, NULL, &x->text));
    }
    return st;
}

static cv_status finish(struct exporting *x)
{
    cv_status st = flush(x);
    if (x->age != NULL)
        st = CV_THEN(st, cv_age_finish(x->age, &x->sealed, &x->ui->err));
    st = CV_THEN(st, cv_outfile_write(&x->file, cv_buf_view(&x->sealed), &x->ui->err));
    st = CV_THEN(st, cv_outfile_sync(x->ui, &x->file));
    return CV_THEN(st, cv_outfile_keep(x->ui, &x->file));
}

/* ---- records ---- */

/* as_json(x, r, out): as `record add` and `record import` take it. */
static cv_status as_json(const struct exporting *x, const struct cv_record *r, struct cv_json **out)
{
    struct cv_json *o = cv_json_object();
    const char *section;
    cv_status st = cv_json_set(o, "type", cv_json_str(r->type));
    st = CV_THEN(st, cv_json_set(o, "id", cv_json_str(r->id)));
    for (size_t i = 0;
         st == CV_OK && (section = cv_template_type_section(x->vault->template, r->type, i)) != NULL; i++) {
        const struct cv_json *data = cv_record_section(r, section);
        if (cv_json_len(data) > 0)
            st = cv_json_set(o, section, cv_json_copy(data));
    }
    if (x->ui->training)
        st = CV_THEN(st, cv_json_set(o, "training", cv_json_bool(true)));
    *out = o;
    return st;
}

static cv_status take(void *arg, const struct cv_record *r)
{
    struct exporting *x = arg;
    struct cv_json *o = NULL;
    cv_status st = as_json(x, r, &o);
    if (x->csv)
        st = CV_THEN(st, cv_columns_write(x->columns, o, &x->text));
    else {
        st = CV_THEN(st, cv_json_write(o, &x->text));
        st = CV_THEN(st, cv_buf_str(&x->text, "\n"));
    }
    cv_json_free(o);
    if (st == CV_OK && x->text.n >= PIECE_BYTES)
        st = flush(x);
    x->erased += cv_json_len(r->erased) > 0 ? 1 : 0;
    x->done++;
    cv_ui_progress(x->ui, "Exporting, records", x->done, x->total);
    return st;
}

/* ---- which ---- */

static bool of_types(const struct cv_words *types, const char *type)
{
    for (size_t i = 0; i < types->n; i++)
        if (strcmp(types->w[i], type) == 0)
            return true;
    return types->n == 0;
}

static int by_entry(const void *a, const void *b)
{
    const struct cv_step *x = a, *y = b;
    return (x->index > y->index) - (x->index < y->index);
}

/* of_ids(x): those that were typed, each once, by entry; each must be a record that this member sees. */
static cv_status of_ids(struct exporting *x)
{
    struct cv_head_walk *walk = &x->chosen;
    size_t kept = 0;
    cv_status st = CV_OK;
    for (size_t i = 0; i < x->ui->words.n && st == CV_OK; i++) {
        struct cv_versions one = { 0 };
        st = cv_record_find(x->vault, x->ui->words.w[i], "export", x->a->reason, &one, &x->ui->err);
        if (st == CV_OK)
            st = cv_head_walk_add(x->vault, walk, &one.v[one.count - 1], &x->ui->err);
        cv_versions_free(&one);
    }
    if (walk->count > 0)
        qsort(walk->step, walk->count, sizeof(*walk->step), by_entry);
    for (size_t i = 0; i < walk->count; i++)
        if (kept == 0 || walk->step[kept - 1].index != walk->step[i].index)
            walk->step[kept++] = walk->step[i];
    walk->count = kept;
    return st;
}

/* of_all(x): of the types that were asked for. */
static cv_status of_all(struct exporting *x)
{
    struct cv_head_walk *walk = &x->chosen;
    const struct cv_words *types = &x->a->types;
    size_t kept = 0;
    cv_status st = cv_head_walk(x->vault, types->n == 1 ? types->w[0] : NULL, true, walk, &x->ui->err);
    for (size_t i = 0; i < walk->count && st == CV_OK && types->n > 1; i++) {
        struct cv_version of;
        st = cv_head_walk_at(x->vault, walk, i, &of, &x->ui->err);
        if (st == CV_OK && of_types(types, of.type))
            walk->step[kept++] = walk->step[i];
        cv_version_free(&of);
        st = st == CV_ERR_NOTFOUND ? CV_OK : st;
    }
    if (types->n > 1)
        walk->count = kept;
    return st;
}

/* of_case(x): what belongs to a case, the case first. */
static cv_status of_case(struct exporting *x)
{
    struct cv_related related = { 0 };
    cv_status st = cv_related(x->vault, x->a->the_case, NULL, x->a->reason, &related, &x->ui->err);
    if (st == CV_OK)
        cv_ui_unread(related.unread, CV_UI_LEFT_OUT);
    for (size_t i = 0; st == CV_OK && i < related.count; i++)
        st = cv_head_walk_add(x->vault, &x->chosen, related.r[i].of, &x->ui->err);
    cv_related_free(&related);
    return st;
}

static cv_status choose(struct exporting *x)
{
    cv_status st = x->a->the_case != NULL ? of_case(x) : x->ui->words.n > 0 ? of_ids(x) : of_all(x);
    x->total = x->chosen.count;
    if (st == CV_OK && x->total == 0)
        st = cv_fail(&x->ui->err, CV_ERR_NOTFOUND,
                     "there is no such record that you may see; nothing was written");
    return st;
}

/* ---- the command ---- */

static cv_status check_types(struct exporting *x)
{
    for (size_t i = 0; i < x->a->types.n; i++)
        if (cv_template_type_section(x->vault->template, x->a->types.w[i], 0) == NULL)
            return cv_fail(&x->ui->err, CV_ERR_ARG, "there is no type %.32s", x->a->types.w[i]);
    return CV_OK;
}

/* check(x): what was asked for is one thing, and goes into a file. */
static cv_status check(struct exporting *x)
{
    const struct args *a = x->a;
    struct cv_err *err = &x->ui->err;
    const size_t ways = (a->all ? 1U : 0U) + (a->types.n > 0 ? 1U : 0U) + (a->the_case != NULL ? 1U : 0U) +
                        (x->ui->words.n > 0 ? 1U : 0U);
    if (ways != 1)
        return cv_fail(err, CV_ERR_ARG,
                       "which records? One of --all, --type TYPE, --case ID or ids is wanted");
    if (a->output == NULL || strcmp(a->output, "-") == 0)
        return cv_fail(err, CV_ERR_ARG, "wanted: --output FILE; records do not go to a terminal or a pipe");
    if (a->format != NULL && strcmp(a->format, "json") != 0 && strcmp(a->format, "csv") != 0)
        return cv_fail(err, CV_ERR_ARG, "--format: json or csv is wanted");
    if (a->plain && a->passphrase_file != NULL)
        return cv_fail(err, CV_ERR_ARG, "one or the other: --plain, or a passphrase that seals it");
    x->csv = a->format != NULL && strcmp(a->format, "csv") == 0;
    return CV_OK;
}

/* tell_lost(x): what CSV does not hold, with --quiet too: nobody is to think that it is all there. */
static void tell_lost(const struct exporting *x)
{
    struct cv_columns_lost lost;
    for (size_t i = 0; x->columns != NULL && cv_columns_lost(x->columns, i, &lost); i++) {
        if (i == 0)
            cv_print_to(stderr,
                        "Not in the CSV, which holds the fields of the standard. JSON lines hold it:\n");
        fprintf(stderr, "%6zu  %s: %s\n", lost.records, _(lost.type), _(lost.field));
    }
}

static void tell(struct exporting *x)
{
    struct cv_ui *ui = x->ui;
    if (!ui->json)
        cv_print_n(stdout, x->done, "%zu record exported\n", "%zu records exported\n", x->done);
    fflush(stdout);
    tell_lost(x);
    if (x->total > x->done)
        cv_ui_say_n(ui, x->total - x->done,
                    "%zu more was left out: you may read nothing of it but that it is there.",
                    "%zu more were left out: you may read nothing of them but that they are there.",
                    x->total - x->done);
    if (x->erased > 0)
        cv_ui_say_n(ui, x->erased, "Of %zu of them parts were erased, and are not in it.",
                    "Of %zu of them parts were erased, and are not in it.", x->erased);
    if (x->a->plain)
        cv_print_to(stderr,
                    "NOT SEALED: whoever gets %s reads all of it. Delete it as soon as it has served.\n",
                    x->a->output);
    else
        cv_ui_say(ui, "Sealed with the passphrase: `age -d %s` opens it, and so does `record import`.",
                  x->a->output);
}

static cv_status answer(struct exporting *x)
{
    struct cv_json *o = cv_json_object();
    cv_status st = cv_json_set(o, "records", cv_json_int((int64_t)x->done));
    st = CV_THEN(st, cv_json_set(o, "sealed", cv_json_bool(!x->a->plain)));
    st = CV_THEN(st, cv_ui_answer(x->ui, o));
    cv_json_free(o);
    return st;
}

static cv_status run(struct cv_ui *ui, const void *args)
{
    struct exporting x = { .ui = ui, .a = args, .file = CV_OUTFILE_NONE };
    struct cv_opened o = { 0 };
    char detail[64];
    cv_status st = check(&x);
    st = CV_THEN(st, cv_ui_open(ui, &o));
    x.vault = o.vault;
    st = CV_THEN(st, check_types(&x));
    st = CV_THEN(st, choose(&x));
    st = CV_THEN(st, begin(&x));
    snprintf(detail, sizeof(detail), "to a file, %s, %s", x.csv ? "CSV" : "JSON lines",
             x.a->plain ? "NOT sealed" : "sealed with a passphrase");
    const struct cv_export e = { .detail = detail, .reason = x.a->reason, .take = take, .arg = &x };
    st = CV_THEN(st, cv_export(x.vault, &e, &x.chosen, &ui->err));
    if (st == CV_OK && x.done == 0)
        st = cv_fail(&ui->err, CV_ERR_NOKEY,
                     "none of your roles opens any part of these records; nothing was written");
    st = CV_THEN(st, finish(&x));
    if (st == CV_OK)
        tell(&x);
    if (st == CV_OK && ui->json)
        st = answer(&x);
    cv_outfile_drop(&x.file);
    cv_age_free(x.age);
    cv_columns_writer_free(x.columns);
    cv_buf_free(&x.text);
    cv_buf_free(&x.sealed);
    cv_head_walk_free(&x.chosen);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_record_export = {
    .name = "record export",
    .synopsis = "-o FILE (--all | --type TYPE... | --case ID | ID...) [--format json|csv] [--plain]",
    .summary = "write what you may read of records into a file for yourself, sealed with a passphrase",
    .details =
        "The access log names every record before anything of it is opened. JSON lines are what `record "
        "import` of another vault takes back; CSV holds the fields of the Human Trafficking Case Data "
        "Standard, a row for each record, and what it does not hold is named. For a partner, make a package "
        "instead: see `package new`.",
    .opts = opts,
    .args_bytes = sizeof(struct args),
    .words_max = CV_WORDS_MAX,
    .run = run,
};
