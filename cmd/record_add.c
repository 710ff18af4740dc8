#include <string.h>
#include <unistd.h>

#include "cmd/alike.h"
#include "vault/record.h"

/* record add: what comes in. */

struct args {
    bool known_ok, only_new;
    const char *reason;
};
static const struct cv_opt opts[] = {
    { "known-ok", 0, NULL, "do not ask, also if the person seems to be known",
      offsetof(struct args, known_ok), CV_OPT_FLAG },
    { "only-new", 0, NULL, "store nothing if the person seems to be known", offsetof(struct args, only_new),
      CV_OPT_FLAG },
    { "reason", 'r', "TEXT", "why; sealed into the access log", offsetof(struct args, reason), CV_OPT_TEXT },
    { 0 },
};

/* on_similar: a cv_alike_fn. */
static cv_status on_similar(void *arg, uint64_t tag, const struct cv_json *similar)
{
    struct cv_json **out = arg;
    (void)tag;
    *out = cv_json_copy(similar);
    return *out != NULL ? CV_OK : CV_ERR_NOMEM;
}

/* decide(ui, a, similar): somebody is there who can tell whether it is the same person, or the options have
 * said so; a script is not held up: it is told. */
static cv_status decide(struct cv_ui *ui, const struct args *a, const struct cv_json *similar)
{
    char answer[CV_ANSWER_BYTES];
    if (similar == NULL)
        return CV_OK;
    if (a->only_new)
        return cv_fail(&ui->err, CV_ERR_EXISTS, "this person seems to be known: %s; nothing was stored",
                       cv_json_get_str(cv_json_at(similar, 0), "record"));
    if (a->known_ok || ui->json || isatty(STDERR_FILENO) != 1)
        return CV_OK;
    cv_status st = cv_ui_ask(ui, "Store it as a new record? Type yes", answer);
    return st == CV_OK && strcmp(answer, "yes") != 0
               ? cv_fail(&ui->err, CV_ERR_EXISTS, "not confirmed; nothing was stored")
               : st;
}

/* look(ui, v, a, record, similar): is this person known already? */
static cv_status look(struct cv_ui *ui, struct cv_vault *v, const struct args *a,
                      const struct cv_json *record, struct cv_json **similar)
{
    const struct cv_import how = { NULL, false };
    struct cv_alike *alike = NULL;
    struct cv_json *copy = cv_json_copy(record);
    cv_status st = copy == NULL ? CV_ERR_NOMEM : cv_alike_new(v, a->reason, &alike, &ui->err);
    /* What is not going to be stored is no reason to look. */
    if (st == CV_OK && cv_record_check(v, copy, &how, NULL) == CV_OK)
        st = cv_alike_add(alike, copy, NULL, 0, &ui->err);
    cv_json_free(copy);
    st = CV_THEN(st, cv_alike_find(alike, on_similar, similar, &ui->err));
    if (st == CV_OK && *similar != NULL && !ui->json) {
        fprintf(stderr, "This person may be known already:\n");
        cv_similar_print(*similar);
    }
    if (st == CV_OK)
        st = cv_similar_limits(ui, alike);
    cv_alike_free(alike);
    return CV_THEN(st, decide(ui, a, *similar));
}

static cv_status print_stored(const struct cv_ui *ui, const struct cv_stored *stored, struct cv_json *similar)
{
    if (!ui->json) {
        printf("%s\n", stored->id);
        cv_ui_say(ui, "Stored as version %llu.", (unsigned long long)stored->version);
        if (similar != NULL)
            cv_ui_say(ui, "Nothing was merged. If it is the same person: casevault record link %s ID",
                      stored->id);
        return CV_OK;
    }
    struct cv_json *o = cv_json_object();
    cv_status st = cv_json_set(o, "id", cv_json_str(stored->id));
    st = CV_THEN(st, cv_json_set(o, "version", cv_json_int((int64_t)stored->version)));
    if (similar != NULL)
        st = CV_THEN(st, cv_json_set(o, "similar", cv_json_ref(similar)));
    st = CV_THEN(st, cv_ui_answer(ui, o));
    cv_json_free(o);
    return st;
}

static cv_status run_add(struct cv_ui *ui, const void *args)
{
    const struct args *a = args;
    const char *path = ui->words.n > 0 ? ui->words.w[0] : "-";
    struct cv_opened o = { 0 };
    struct cv_buf text = { 0 };
    struct cv_json *record = NULL, *similar = NULL;
    struct cv_stored stored;
    cv_status st = a->known_ok && a->only_new
                       ? cv_fail(&ui->err, CV_ERR_ARG, "--known-ok and --only-new say opposite things")
                       : cv_ui_read_file(ui, path, CV_RECORD_MAX_BYTES, &text);
    st = CV_THEN(st, cv_json_parse(cv_buf_view(&text), CV_RECORD_MAX_BYTES,
                                   strcmp(path, "-") == 0 ? "standard input" : path, &record, &ui->err));
    st = CV_THEN(st, cv_ui_open(ui, &o));
    st = CV_THEN(st, look(ui, o.vault, a, record, &similar));
    st = CV_THEN(st, cv_record_add(o.vault, record, a->reason, &stored, &ui->err));
    st = CV_THEN(st, print_stored(ui, &stored, similar));
    cv_json_free(similar);
    cv_json_free(record);
    cv_buf_free(&text);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_record_add = {
    .name = "record add",
    .synopsis = "[--known-ok | --only-new] [--reason TEXT] [FILE]",
    .summary = "store a record from a JSON file or standard input",
    .details =
        "The record is {\"type\":\"person\",\"identity\":{...},...}: a type of the template, and its "
        "sections. It is checked, signed by you, sealed section by section, and durable when its id "
        "is printed. Whether a person is known already is looked for first, over what you may read, and "
        "asked on a terminal; a script is told (\"similar\" with --json).",
    .opts = opts,
    .args_bytes = sizeof(struct args),
    .words_max = 1,
    .run = run_add,
};
