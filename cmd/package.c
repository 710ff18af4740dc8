#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/cmd.h"
#include "vault/package.h"

/* package write, verify: what leaves, and how a partner checks it. */

struct write_args {
    struct cv_words records, fields;
    const char *aud, *nonce, *profile, *output, *reason;
};
static const struct cv_opt write_opts[] = {
    { "record", 0, "ID", "a record to disclose from (may be given again)",
      offsetof(struct write_args, records), CV_OPT_LIST },
    { "field", 'f', "NAME", "SECTION.FIELD, SECTION, or SECTION.FIELD.N (again)",
      offsetof(struct write_args, fields), CV_OPT_LIST },
    { "aud", 0, "WHO", "the partner it is for", offsetof(struct write_args, aud), CV_OPT_TEXT },
    { "nonce", 0, "TEXT", "what the partner asked to have in it, or a package number",
      offsetof(struct write_args, nonce), CV_OPT_TEXT },
    { "profile", 'p', "NAME", "refuse fields that this profile does not carry",
      offsetof(struct write_args, profile), CV_OPT_TEXT },
    { "output", 'o', "FILE", "where to write it (default: standard output)",
      offsetof(struct write_args, output), CV_OPT_TEXT },
    { "reason", 'r', "TEXT", "why; sealed into the access log", offsetof(struct write_args, reason),
      CV_OPT_TEXT },
    { 0 },
};

static cv_status run_write(struct cv_ui *ui, const void *args)
{
    const struct write_args *a = args;
    struct cv_opened o = { 0 };
    struct cv_buf package = { .max = CV_PACKAGE_MAX_BYTES };
    if (a->records.n == 0 || a->fields.n == 0 || a->aud == NULL || a->nonce == NULL)
        return cv_fail(&ui->err, CV_ERR_ARG, "wanted: --record ID, --field NAME, --aud WHO and --nonce TEXT");
    if (a->aud[0] == '\0' || a->nonce[0] == '\0')
        return cv_fail(&ui->err, CV_ERR_ARG,
                       "--%s is empty: the package would be good for anybody, or for ever",
                       a->aud[0] == '\0' ? "aud" : "nonce");
    const struct cv_disclosing d = { a->records.w, a->fields.w, a->aud, a->nonce, a->profile, a->reason };
    cv_status st = cv_ui_open(ui, &o);
    st = CV_THEN(st, cv_package_write(o.vault, &d, &package, &ui->err));
    st = CV_THEN(st, cv_ui_write_file(ui, a->output != NULL ? a->output : "-", cv_buf_view(&package)));
    if (st == CV_OK) {
        char print[CV_FINGERPRINT_BYTES];
        cv_vault_fingerprint(cv_vault_policy(o.vault)->vault, print);
        cv_ui_say(ui, "Written for %s, who checks it with: casevault verify --vault-print %s FILE", a->aud,
                  print);
    }
    cv_buf_free(&package);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_package_write = {
    .name = "package write",
    .synopsis = "--record ID... --field NAME... --aud WHO --nonce TEXT [-o FILE]",
    .summary = "disclose chosen fields of chosen records, provably unaltered",
    .details = "One SD-JWT with key binding per record, selected from what its author signed at intake. "
               "Statements and other lists of the kind leave one by one: testimony.statements.0 is the "
               "first. With --profile, a field that the profile names may leave if you may read it.",
    .opts = write_opts,
    .args_bytes = sizeof(struct write_args),
    .run = run_write,
};

struct verify_args {
    const char *print, *aud, *nonce;
};
static const struct cv_opt verify_opts[] = {
    { "vault-print", 0, "PRINT", "the fingerprint of the vault it should come from",
      offsetof(struct verify_args, print), CV_OPT_TEXT },
    { "aud", 0, "WHO", "who you are; refused if it was made for somebody else",
      offsetof(struct verify_args, aud), CV_OPT_TEXT },
    { "nonce", 0, "TEXT", "what you asked to have in it", offsetof(struct verify_args, nonce), CV_OPT_TEXT },
    { 0 },
};

/* label_of(name, out): "first_name" as "First name": a partner has no template to ask. */
static void label_of(const char *name, char out[static CV_NAME_BYTES])
{
    snprintf(out, CV_NAME_BYTES, "%s", name);
    if (out[0] >= 'a' && out[0] <= 'z')
        out[0] = (char)(out[0] - 'a' + 'A');
    for (char *p = out; *p != '\0'; p++)
        *p = *p == '_' ? ' ' : *p;
}

static void print_claims(const struct cv_json *o, const char *const *but, size_t indent);

/* print_claim(name, v, indent): a plain value beside its label; objects below it, one block for each. */
static void print_claim(const char *name, const struct cv_json *v, size_t indent)
{
    char label[CV_NAME_BYTES];
    label_of(name, label);
    const size_t column = cv_text_label(indent, label);
    const bool objects =
        cv_json_is(v, CV_JSON_ARRAY) && cv_json_len(v) > 0 && cv_json_is(cv_json_at(v, 0), CV_JSON_OBJECT);
    if (!objects && !cv_json_is(v, CV_JSON_OBJECT)) {
        cv_text_value(v, column, indent + 2);
        return;
    }
    fputc('\n', stdout);
    for (size_t i = 0; i < (objects ? cv_json_len(v) : 1); i++) {
        const struct cv_json *o = objects ? cv_json_at(v, i) : v;
        if (objects)
            printf("%*s- %zu of %zu disclosed\n", (int)indent + 2, "", i + 1, cv_json_len(v));
        print_claims(o, NULL, indent + (objects ? 4 : 2));
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* print_claims(o, but, indent): in order of their names (an SD-JWT has none), without those of ${but}. */
static void print_claims(const struct cv_json *o, const char *const *but, size_t indent)
{
    const char **names = calloc(cv_json_len(o) + 1, sizeof(*names));
    size_t n = 0;
    for (void *it = cv_json_first(o); names != NULL && it != NULL; it = cv_json_next(o, it)) {
        bool skip = false;
        for (size_t i = 0; but != NULL && but[i] != NULL; i++)
            skip = skip || strcmp(but[i], cv_json_iter_name(it)) == 0;
        if (!skip)
            names[n++] = cv_json_iter_name(it);
    }
    if (n > 1)
        qsort(names, n, sizeof(*names), by_name);
    for (size_t i = 0; i < n; i++)
        print_claim(names[i], cv_json_get(o, names[i]), indent);
    free(names);
}

/* print_record(number, claims): what its author signed, and when; then what was disclosed of it. */
static void print_record(size_t number, const struct cv_json *claims)
{
    static const char *const said[] = { "iss",         "iat",       "vct",     "cnf", "training",
                                        "record_type", "record_id", "version", NULL };
    const time_t iat = (time_t)cv_json_get_int(claims, "iat");
    struct tm tm;
    char day[16] = "?";
    if (gmtime_r(&iat, &tm) != NULL)
        strftime(day, sizeof(day), "%Y-%m-%d", &tm);
    printf("%sRecord %zu: as its author signed it on %s\n", number > 1 ? "\n" : "", number, day);
    for (size_t i = 5; said[i] != NULL; i++)
        if (cv_json_get(claims, said[i]) != NULL)
            print_claim(said[i], cv_json_get(claims, said[i]), 2);
    print_claims(claims, said, 2);
}

static cv_status run_verify(struct cv_ui *ui, const void *args)
{
    const struct verify_args *a = args;
    struct cv_buf package = { 0 };
    struct cv_json *claims = NULL;
    struct cv_err why = { 0 };
    bool training = false;
    if (a->print == NULL)
        return cv_fail(&ui->err, CV_ERR_ARG,
                       "which vault should it come from? Add --vault-print PRINT, as the sender "
                       "reads it out");
    const char *file = strcmp(ui->words.w[0], "-") == 0 ? "standard input" : ui->words.w[0];
    cv_status st = cv_ui_read_file(ui, ui->words.w[0], CV_PACKAGE_MAX_BYTES, &package);
    st = CV_THEN(st, cv_package_verify(cv_buf_view(&package), a->print, a->aud, a->nonce, (int64_t)time(NULL),
                                       &claims, &training, &why));
    if (why.status != CV_OK)
        st = cv_fail(&ui->err, st, "%.120s: %s", file, why.msg);
    if (st == CV_OK)
        cv_ui_training(ui, training);
    for (size_t i = 0; i < cv_json_len(claims) && st == CV_OK; i++) {
        if (ui->json)
            st = cv_ui_answer(ui, cv_json_at(claims, i));
        else
            print_record(i + 1, cv_json_at(claims, i));
    }
    if (st == CV_OK)
        cv_ui_say(ui, "\nVerified: from the vault %s, and unaltered since.", a->print);
    cv_json_free(claims);
    cv_buf_free(&package);
    return st;
}

const struct cv_cmd cv_cmd_verify = {
    .name = "verify",
    .synopsis = "--vault-print PRINT [--aud WHO] [--nonce TEXT] PACKAGE",
    .summary = "check a package and show it; needs no vault and no key",
    .opts = verify_opts,
    .args_bytes = sizeof(struct verify_args),
    .words_min = 1,
    .words_max = 1,
    .run = run_verify,
};
