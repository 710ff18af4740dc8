#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/arrival.h"
#include "formats/answer.h"
#include "formats/utf8.h"

/* verify: a package from elsewhere, checked as a whole (cmd/arrival.c), and told. */

struct args {
    const char *sender;
    bool show, training;
};
static const struct cv_opt opts[] = {
    { "sender-key", 0, "PRINT", "the fingerprint that the sender reads out; remembered for the next package",
      offsetof(struct args, sender), CV_OPT_TEXT },
    { "show", 's', NULL, "also show the records, if all holds", offsetof(struct args, show), CV_OPT_FLAG },
    { "training", 0, NULL, "this is an exercise: a package of a training vault will do",
      offsetof(struct args, training), CV_OPT_FLAG },
    { 0 },
};

/* ---- telling ---- */

/* label_of(name, out): "first_name" as "First name", where the package has no label for it. */
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
            printf("%*s", (int)indent + 2, "");
        cv_print("- %zu of %zu disclosed\n", i + 1, cv_json_len(v));
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

/* print_record(v, i): what its author signed, when, where the log has it; then what was disclosed of it. */
static void print_record(const struct cv_package_verdict *v, size_t i)
{
    static const char *const told[] = { "iss",         "iat",       "vct",     "cnf", "training",
                                        "record_type", "record_id", "version", NULL };
    const struct cv_json *claims = cv_json_at(v->claims, i), *place = cv_json_at(v->places, i);
    const time_t iat = (time_t)cv_json_get_int(claims, "iat");
    struct tm tm;
    char day[16] = "?", shown[CV_MOMENT_BYTES];
    if (gmtime_r(&iat, &tm) != NULL)
        strftime(day, sizeof(day), "%Y-%m-%d", &tm);
    cv_print("\nRecord %zu: as its author signed it on %s, entry %lld of %lld in the log\n", i + 1,
             cv_locale_day(day, shown), (long long)cv_json_get_int(place, "index"),
             (long long)cv_json_get_int(place, "size"));
    for (size_t k = 5; told[k] != NULL; k++)
        if (cv_json_get(claims, told[k]) != NULL)
            print_claim(told[k], cv_json_get(claims, told[k]), 2);
    print_claims(claims, told, 2);
}

/* said(m, name): what the manifest says there. */
static const char *said(const struct cv_json *m, const char *name)
{
    const char *text = cv_json_get_str(m, name);
    return text != NULL ? text : "?";
}

static void print_head(const struct cv_package_verdict *v)
{
    const struct cv_json *m = v->manifest, *to = cv_json_get(m, "partner");
    const struct cv_bytes basis = cv_json_text(cv_json_get(m, "basis"));
    struct cv_buf line = { 0 };
    char shown[CV_MOMENT_BYTES];
    cv_status st = cv_buf_printf(&line, _("Package %s, made %s by %s"), said(m, "id"),
                                 cv_locale_moment(said(m, "time"), shown), said(m, "by"));
    if (st != CV_OK)
        cv_print("(no memory to show it)\n");
    cv_text_print(cv_buf_view(&line), 0, 0);
    cv_text_print(cv_json_text(cv_json_get(to, "name")), cv_text_lead("  for"), 6);
    /* As it was signed: it is words of another vault. */
    cv_text_print(cv_json_text(cv_json_get(m, "purpose")), cv_text_lead("  purpose"), 10);
    cv_buf_free(&line);
    cv_print("  to be used until ");
    cv_ui_print_text(cv_bytes_str(cv_locale_day(cv_json_get_str(m, "expires"), shown)));
    fputc('\n', stdout);
    const size_t records = cv_json_len(cv_json_get(m, "records")),
                 consents = cv_json_len(cv_json_get(m, "consents"));
    cv_print_n(stdout, records, "  %'zu record", "  %'zu records", records);
    cv_print_n(stdout, consents, ", %'zu consent relied on\n", ", %'zu consents relied on\n", consents);
    if (basis.n > 0)
        cv_text_print(basis, cv_text_lead("  LEGAL BASIS where consent is missing:"), 4);
}

/* print_checks(v): whether it holds, and what that is; below it why not. */
static void print_checks(const struct cv_package_verdict *v)
{
    static const char *const words[] = { N_("holds"), N_("FAILS"), N_("not checked"), N_("not known") };
    size_t width = 0;
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        const size_t n = cv_utf8_columns(cv_bytes_str(_(words[i])));
        width = n > width ? n : width;
    }
    for (size_t i = 0; i < CV_CHECK_COUNT; i++) {
        const struct cv_finding *f = &v->checks[i];
        /* Of a sender whom nobody has read out yet nothing is known that would be wrong. */
        const char *word = words[!f->done ? 2 : f->status == CV_OK ? 0 : f->status == CV_ERR_DENIED ? 3 : 1];
        printf("  ");
        const size_t column = 2 + cv_text_pad(_(word), width + 1);
        cv_text_print(cv_bytes_str(_(cv_package_check_says((enum cv_package_check)i))), column, column + 1);
        if (f->done && f->status != CV_OK) {
            printf("%*s", (int)column, "");
            cv_text_print(cv_bytes_str(_(f->why)), column, column + 1);
        }
    }
}

static cv_status answer(struct cv_ui *ui, const struct cv_package_verdict *v, bool good)
{
    struct cv_json *o = cv_json_object(), *checks = cv_json_object();
    cv_status st = cv_json_set(o, "verified", cv_json_bool(good));
    for (size_t i = 0; i < CV_CHECK_COUNT && st == CV_OK; i++) {
        const struct cv_finding *f = &v->checks[i];
        struct cv_json *c = cv_json_object();
        st = cv_json_set(c, "holds", f->done ? cv_json_bool(f->status == CV_OK) : cv_json_null());
        if (f->done && f->status != CV_OK)
            st = CV_THEN(st, cv_json_set(c, "why", cv_json_str(f->why)));
        st =
            CV_THEN(st, cv_json_set(checks, cv_package_check_name((enum cv_package_check)i), cv_json_ref(c)));
        cv_json_free(c);
    }
    st = CV_THEN(st, cv_json_set(o, "checks", cv_json_ref(checks)));
    st = CV_THEN(st, cv_json_set(o, "other_page", cv_json_bool(v->other_page)));
    st = CV_THEN(st, cv_json_set(o, "sender", cv_json_str(v->fingerprint)));
    if (good) {
        st = CV_THEN(st, cv_json_set(o, "manifest", cv_json_ref(v->manifest)));
        st = CV_THEN(st, cv_json_set(o, "records", cv_json_ref(v->claims)));
        st = CV_THEN(st, cv_json_set(o, "places", cv_json_ref(v->places)));
    }
    st = CV_THEN(st, cv_ui_answer(ui, o));
    cv_json_free(checks);
    cv_json_free(o);
    return st;
}

/* vouched(v): what the manifest says of itself may be repeated. */
static bool vouched(const struct cv_package_verdict *v)
{
    return v->manifest != NULL && v->checks[CV_CHECK_MANIFEST].done &&
           v->checks[CV_CHECK_MANIFEST].status == CV_OK;
}

/* exercise(v): it was made in a training vault. Whoever looks at the exit status alone must not take that for
 * a case. */
static bool exercise(const struct cv_package_verdict *v)
{
    return cv_json_get_bool(v->manifest, "training");
}

static cv_status refuse_exercise(struct cv_ui *ui)
{
    ui->hint = "if this is an exercise, say so: --training";
    return cv_fail(&ui->err, CV_ERR_DENIED, "%s: nothing in it is real: it was made in a TRAINING vault",
                   ui->words.w[0]);
}

static cv_status tell(struct cv_ui *ui, const struct args *a, const struct cv_arrival *arrival)
{
    const struct cv_package_verdict *v = &arrival->verdict;
    const bool refused = exercise(v) && !a->training, good = !refused && cv_arrival_worst(arrival) == CV_OK;
    cv_status st = CV_OK;
    if (vouched(v))
        cv_ui_training(ui, exercise(v));
    if (ui->json)
        st = answer(ui, v, good);
    else {
        if (vouched(v))
            print_head(v);
        print_checks(v);
        for (size_t i = 0; a->show && good && i < cv_json_len(v->claims); i++)
            print_record(v, i);
    }
    st = CV_THEN(st, cv_arrival_judge(ui, ui->words.w[0], arrival));
    if (st == CV_OK && refused)
        st = refuse_exercise(ui);
    if (st == CV_OK && v->other_page)
        cv_ui_say(ui, "Its index.html is a page that this version of casevault does not know: go by what is "
                      "said here.");
    if (st == CV_OK)
        cv_ui_say(ui, "Verified: from the vault %s, and unaltered since.", v->fingerprint);
    return st;
}

static cv_status run(struct cv_ui *ui, const void *args)
{
    const struct args *a = args;
    struct cv_arrival arrival;
    cv_status st = cv_arrival_open(ui, ui->words.w[0], a->sender, false, &arrival);
    st = CV_THEN(st, tell(ui, a, &arrival));
    cv_arrival_free(&arrival);
    return st;
}

const struct cv_cmd cv_cmd_verify = {
    .name = "verify",
    .synopsis = "[--sender-key PRINT] [--show] [--training] [-i YOUR-KEY] PACKAGE",
    .summary = "check a package that somebody sent; needs no vault, and no key but yours",
    .details =
        "Every check, and whether it holds; exit status 0 only if all hold, 14 if anything was altered. The "
        "key file "
        "is one of casevault or of age; a package that is unsealed already (a zip) needs none. A package of "
        "a "
        "training vault is refused, unless you say that this is an exercise.",
    .opts = opts,
    .args_bytes = sizeof(struct args),
    .words_min = 1,
    .words_max = 1,
    .run = run,
};
