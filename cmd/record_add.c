#include <string.h>
#include <unistd.h>

#include "cmd/alike.h"
#include "cmd/editor.h"
#include "vault/record.h"

/* record add: what comes in. */

struct args {
    bool known_ok, only_new, editor;
    const char *reason;
};
static const struct cv_opt opts[] = {
    { "known-ok", 0, NULL, "do not ask, also if the person seems to be known",
      offsetof(struct args, known_ok), CV_OPT_FLAG },
    { "only-new", 0, NULL, "store nothing if the person seems to be known", offsetof(struct args, only_new),
      CV_OPT_FLAG },
    { "editor", 0, NULL, "in your own editor (VISUAL, EDITOR), in a place in memory alone; it asks before",
      offsetof(struct args, editor), CV_OPT_FLAG },
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
        return cv_fail(&ui->err, CV_ERR_EXISTS,
                       "this person seems to be known: %s; nothing was stored: see `record show` of it",
                       cv_json_get_str(cv_json_at(similar, 0), "record"));
    if (a->known_ok || ui->json || isatty(STDERR_FILENO) != 1)
        return CV_OK;
    cv_status st = cv_ui_ask(ui, "Store it as a new record? Type yes", answer);
    return st == CV_OK && !cv_locale_yes(answer)
               ? cv_fail(&ui->err, CV_ERR_EXISTS,
                         "not confirmed; nothing was stored: the same command asks again")
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
        cv_print_to(stderr, "This person may be known already:\n");
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

/* from_file(ui, path, record): what stands in a file, or comes in on standard input. */
static cv_status from_file(struct cv_ui *ui, const char *path, struct cv_json **record)
{
    struct cv_buf text = { 0 };
    cv_status st = cv_ui_read_file(ui, path, CV_RECORD_MAX_BYTES, &text);
    st = CV_THEN(st, cv_json_parse(cv_buf_view(&text), CV_RECORD_MAX_BYTES,
                                   strcmp(path, "-") == 0 ? "standard input" : path, record, &ui->err));
    cv_buf_free(&text);
    return st;
}

/* is_type(v, name): is it a type of this vault's records? */
static const char *is_type(const struct cv_vault *v, const char *name)
{
    const char *type;
    for (size_t i = 0; (type = cv_template_type(v->template, i)) != NULL; i++)
        if (strcmp(type, name) == 0)
            return type;
    return NULL;
}

/* store(ui, v, a, record): what was read or typed, unless the person is known and that was all. */
static cv_status store(struct cv_ui *ui, struct cv_vault *v, const struct args *a, struct cv_json *record)
{
    struct cv_json *similar = NULL;
    struct cv_stored stored;
    cv_status st = look(ui, v, a, record, &similar);
    st = CV_THEN(st, cv_record_add(v, record, a->reason, &stored, &ui->err));
    st = CV_THEN(st, print_stored(ui, &stored, similar));
    cv_json_free(similar);
    return st;
}

/* add_typed(ui, v, a, type, editor): by a form, or (${editor} not NULL) in an editor. The form's draft stays
 * until what it holds is stored. */
static cv_status add_typed(struct cv_ui *ui, struct cv_vault *v, const struct args *a, const char *type,
                           struct cv_editor *editor)
{
    if (!cv_term_there())
        return cv_fail(&ui->err, CV_ERR_ARG,
                       "a form for a %s needs a terminal; scripts give a FILE, or - for standard input (a "
                       "file of this name: ./%s)",
                       type, type);
    struct cv_form f = { .ui = ui, .v = v, .type = type, .reason = a->reason, .record = cv_json_object() };
    cv_status st = cv_json_set(f.record, "type", cv_json_str(type));
    struct cv_json *record = NULL;
    st = CV_THEN(st, editor != NULL ? cv_editor_fill(editor, &f) : cv_form_fill(&f));
    st = CV_THEN(st, cv_form_said(&f, &record));
    if (st == CV_OK && cv_json_len(record) == 1) /* its type */
        st = cv_fail(&ui->err, CV_ERR_EXISTS,
                     "nothing was written, and nothing was stored; the same command begins anew");
    const cv_status filled = st;
    st = CV_THEN(st, store(ui, v, a, record));
    if (st == CV_OK)
        cv_form_done(&f);
    else if (filled == CV_OK) {
        if (editor != NULL && cv_form_keep(&f) != CV_OK)
            f.kept = false;
        ui->hint = cv_form_unstored(&f);
    }
    cv_json_free(record);
    cv_json_free(f.record);
    return st;
}

/* which(ui, v, type): at a terminal, with nothing said: what is it to be? */
static cv_status which(struct cv_ui *ui, const struct cv_vault *v, const char **type)
{
    struct cv_term term = { 0 };
    struct cv_bytes line;
    size_t count = 0;
    uint64_t number = 0;
    cv_term_say(0, "What do you want to record?");
    for (const char *name; (name = cv_template_type(v->template, count)) != NULL; count++)
        printf("  %2zu %s\n", count + 1, _(cv_template_label(v->template, name, NULL, NULL)));
    cv_status st = cv_term_open(&term, &ui->err);
    while (st == CV_OK && (number < 1 || number > count)) {
        st = cv_term_ask(&term, "Its number: ", &line, &ui->err);
        if (st == CV_ERR_NOTFOUND)
            st = cv_fail(&ui->err, CV_ERR_ARG, "nothing was chosen; nothing was stored");
        if (st == CV_OK && !cv_bytes_number(line, &number))
            number = 0;
    }
    *type = st == CV_OK ? cv_template_type(v->template, number - 1) : NULL;
    cv_term_close(&term);
    return st;
}

static cv_status run_add(struct cv_ui *ui, const void *args)
{
    const struct args *a = args;
    const char *path = ui->words.n > 0 ? ui->words.w[0] : "-";
    /* A name of a type is one; whatever else is a file, which is read before any key is asked for. */
    const bool asked = ui->words.n == 0 && cv_term_there(),
               file = !asked && !a->editor && strpbrk(path, "./-") != NULL;
    struct cv_opened o = { 0 };
    struct cv_editor editor = { 0 };
    struct cv_json *record = NULL;
    cv_status st = a->known_ok && a->only_new
                       ? cv_fail(&ui->err, CV_ERR_ARG, "--known-ok and --only-new say opposite things")
                       : CV_OK;
    if (file)
        st = CV_THEN(st, from_file(ui, path, &record));
    if (a->editor)
        st = CV_THEN(st, cv_editor_open(ui, &editor));
    st = CV_THEN(st, cv_ui_open(ui, &o));
    const char *type = st == CV_OK && !file ? is_type(o.vault, path) : NULL;
    if (asked)
        st = CV_THEN(st, which(ui, o.vault, &type));
    if (st == CV_OK && a->editor && type == NULL)
        st = cv_fail(&ui->err, CV_ERR_ARG, "--editor wants a TYPE, as in: record add --editor person");
    if (asked || type != NULL)
        st = CV_THEN(st, add_typed(ui, o.vault, a, type, a->editor ? &editor : NULL));
    else {
        if (!file)
            st = CV_THEN(st, from_file(ui, path, &record));
        st = CV_THEN(st, store(ui, o.vault, a, record));
    }
    cv_json_free(record);
    cv_editor_close(&editor);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_record_add = {
    .name = "record add",
    .synopsis = "[--known-ok | --only-new] [--reason TEXT] [--editor] TYPE | [FILE]",
    .summary = "store a record: a form for a TYPE, or from a JSON file",
    .details =
        "With a TYPE (person, case, ...), on a terminal, its sections and fields are asked one after "
        "another; what you type "
        "is kept as a draft, sealed for you alone, until it is stored. A FILE, or standard input, holds a "
        "record as JSON: {\"type\":\"person\",\"identity\":{...},...}. It is checked, signed by you, sealed "
        "section by section, and durable when its id "
        "is printed. Whether a person is known already is looked for first, over what you may read, and "
        "asked on a terminal; a script is told (\"similar\" with --json).",
    .opts = opts,
    .args_bytes = sizeof(struct args),
    .words_max = 1,
    .run = run_add,
};
