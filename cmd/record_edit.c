#include <string.h>

#include "cmd/editor.h"
#include "vault/draft.h"
#include "vault/record.h"

struct args {
    struct cv_words sets;
    bool editor;
    const char *reason;
};
static const struct cv_opt opts[] = {
    { "set", 's', "PATH=VALUE", "change one field, as in identity.first_name=Ana (may be given again)",
      offsetof(struct args, sets), CV_OPT_LIST },
    { "editor", 0, NULL, "in your own editor (VISUAL, EDITOR), in a place in memory alone; it asks before",
      offsetof(struct args, editor), CV_OPT_FLAG },
    { "reason", 'r', "TEXT", "why; sealed into the access log", offsetof(struct args, reason), CV_OPT_TEXT },
    { 0 },
};

/* value_of(text): JSON where it reads as a number, truth value, list or object; else the words as they are.
 */
static struct cv_json *value_of(const char *text)
{
    struct cv_json *v = NULL;
    if (strchr("0123456789-tf[{\"", text[0]) != NULL && text[0] != '\0' &&
        cv_json_parse(cv_bytes_str(text), CV_RECORD_MAX_BYTES, "--set", &v, NULL) == CV_OK)
        return v;
    return cv_json_str(text);
}

/* split(text, section, field): "identity.first_name=Ana"; the value, NULL if it is none. */
static const char *split(const char *text, char section[static CV_NAME_BYTES],
                         char field[static CV_NAME_BYTES])
{
    const char *dot = strchr(text, '.'), *equals = strchr(text, '=');
    if (dot == NULL || equals == NULL || dot > equals || dot - text >= CV_NAME_BYTES ||
        equals - dot > CV_NAME_BYTES)
        return NULL;
    snprintf(section, CV_NAME_BYTES, "%.*s", (int)(dot - text), text);
    snprintf(field, CV_NAME_BYTES, "%.*s", (int)(equals - dot - 1), dot + 1);
    return equals + 1;
}

/* set(ui, t, type, fields, text): one more field to change. An empty value takes the field away. */
static cv_status set(struct cv_ui *ui, const struct cv_template *t, const char *type, struct cv_json *fields,
                     const char *text)
{
    char section[CV_NAME_BYTES], field[CV_NAME_BYTES];
    struct cv_template_field f;
    const char *value = split(text, section, field);
    if (value == NULL)
        return cv_fail(&ui->err, CV_ERR_ARG, "--set wants SECTION.FIELD=VALUE");
    if (!cv_template_field_named(t, type, section, field, &f))
        return cv_fail(&ui->err, CV_ERR_ARG, "a %s has no field %s.%s", type, section, field);
    cv_status st =
        cv_json_get(fields, section) != NULL ? CV_OK : cv_json_set(fields, section, cv_json_object());
    const bool typed = strcmp(f.type, "integer") == 0 || strcmp(f.type, "boolean") == 0 || f.multi;
    return CV_THEN(st, cv_json_set(cv_json_get(fields, section), field,
                                   value[0] == '\0' ? cv_json_null()
                                   : typed          ? value_of(value)
                                                    : cv_json_str(value)));
}

/* from_sets(ui, v, a, fields): what to change, by the record's type. */
static cv_status from_sets(struct cv_ui *ui, struct cv_vault *v, const struct args *a,
                           struct cv_json **fields)
{
    struct cv_versions versions = { 0 };
    *fields = cv_json_object();
    cv_status st = cv_record_find(v, ui->words.w[0], "edit", a->reason, &versions, &ui->err);
    for (size_t i = 0; i < a->sets.n && st == CV_OK; i++)
        st = set(ui, v->template, versions.v[0].type, *fields, a->sets.w[i]);
    cv_versions_free(&versions);
    return st;
}

/* from_file(ui, path, changes, base): what to change, and the version of which it was made, if it says so. */
static cv_status from_file(struct cv_ui *ui, const char *path, struct cv_json **changes, uint64_t *base)
{
    static const char *const added[] = { "withheld", "version", "training" };
    struct cv_buf text = { 0 };
    cv_status st = cv_ui_read_file(ui, path, CV_RECORD_MAX_BYTES, &text);
    st = CV_THEN(st, cv_json_parse(cv_buf_view(&text), CV_RECORD_MAX_BYTES,
                                   strcmp(path, "-") == 0 ? "standard input" : path, changes, &ui->err));
    const struct cv_json *version = st == CV_OK ? cv_json_get(*changes, "version") : NULL;
    *base = version != NULL ? (uint64_t)cv_json_to_int(version) : 0;
    if (version != NULL && cv_json_to_int(version) < 1)
        st = cv_fail(&ui->err, CV_ERR_FORMAT, "%.120s: its version is no number from 1", path);
    /* What `record show --json` adds for the reader is no part of the record. */
    for (size_t i = 0; i < sizeof(added) / sizeof(added[0]) && st == CV_OK; i++)
        if (cv_json_get(*changes, added[i]) != NULL)
            st = cv_json_del(*changes, added[i]);
    cv_buf_free(&text);
    return st;
}

/* whole(r, out): {"type", and its sections}, as far as they can be read. */
static cv_status whole(const struct cv_vault *v, const struct cv_record *r, struct cv_json **out)
{
    const char *section;
    *out = cv_json_object();
    cv_status st = cv_json_set(*out, "type", cv_json_str(r->type));
    for (size_t i = 0; (section = cv_template_type_section(v->template, r->type, i)) != NULL && st == CV_OK;
         i++)
        if (cv_record_section(r, section) != NULL)
            st = cv_json_set(*out, section, cv_json_copy(cv_record_section(r, section)));
    return st;
}

/* store(ui, v, id, change, a): a new version. */
static cv_status store(struct cv_ui *ui, struct cv_vault *v, const struct cv_edit *change,
                       const struct args *a)
{
    struct cv_stored stored;
    cv_status st = cv_record_edit(v, ui->words.w[0], change, a->reason, &stored, &ui->err);
    if (st == CV_OK && ui->json)
        st = cv_ui_stored(ui, stored.id, stored.version);
    else if (st == CV_OK)
        cv_print("%s version %llu\n", stored.id, (unsigned long long)stored.version);
    return st;
}

/* by_form(ui, v, a, editor): asked at the terminal, from what is there; ${editor} NULL: by a form. */
static cv_status by_form(struct cv_ui *ui, struct cv_vault *v, const struct args *a, struct cv_editor *editor)
{
    struct cv_record r = { 0 };
    struct cv_json *before = NULL, *sections = NULL;
    cv_status st = cv_record_read(v, ui->words.w[0], 0, NULL, "edit", a->reason, &r, &ui->err);
    if (st == CV_ERR_NOTFOUND || (st == CV_OK && cv_json_len(r.erased) > 0)) {
        /* What was typed over something that was erased goes with it. */
        const cv_status gone = cv_draft_forget(v, st == CV_OK ? r.id : ui->words.w[0], NULL);
        st = st == CV_OK ? gone : st;
    }
    st = CV_THEN(st, whole(v, &r, &before));
    struct cv_form f = { .ui = ui,
                         .v = v,
                         .type = r.type,
                         .id = r.id,
                         .version = r.version,
                         .by = r.source_count > 0 ? r.sources[0].author : "",
                         .day = r.source_count > 0 ? r.sources[0].day : "",
                         .reason = a->reason,
                         .before = before,
                         .record = st == CV_OK ? cv_json_copy(before) : NULL };
    if (st == CV_OK && f.record == NULL)
        st = CV_ERR_NOMEM;
    st = CV_THEN(st, editor != NULL ? cv_editor_fill(editor, &f) : cv_form_fill(&f));
    st = CV_THEN(st, cv_form_changed(&f, &sections));
    if (st == CV_OK && cv_json_len(sections) == 0)
        cv_ui_say(ui, "Nothing was changed, so nothing was stored.");
    else {
        const struct cv_edit change = { .sections = sections, .base = f.version };
        const cv_status filled = st;
        st = CV_THEN(st, store(ui, v, &change, a));
        if (filled == CV_OK && st != CV_OK) {
            if (editor != NULL && cv_form_keep(&f) != CV_OK)
                f.kept = false;
            ui->hint = cv_form_unstored(&f);
        }
    }
    if (st == CV_OK)
        cv_form_done(&f);
    cv_json_free(f.record);
    cv_json_free(sections);
    cv_json_free(before);
    cv_record_free(&r);
    return st;
}

static cv_status run(struct cv_ui *ui, const void *args)
{
    const struct args *a = args;
    struct cv_opened o = { 0 };
    struct cv_editor editor = { 0 };
    struct cv_json *sections = NULL, *fields = NULL;
    uint64_t base = 0;
    const bool form = a->sets.n == 0 && ui->words.n == 1;
    if (a->editor && !form)
        return cv_fail(&ui->err, CV_ERR_ARG, "--editor goes with the ID alone, without FILE and --set");
    if (a->sets.n > 0 && ui->words.n > 1)
        return cv_fail(&ui->err, CV_ERR_ARG, "give either a FILE with the changed sections, or --set");
    if (form && !cv_term_there())
        return cv_fail(&ui->err, CV_ERR_ARG,
                       "a form needs a terminal; scripts give a FILE with the changed sections, or --set");
    cv_status st = ui->words.n > 1 ? from_file(ui, ui->words.w[1], &sections, &base) : CV_OK;
    if (a->editor)
        st = CV_THEN(st, cv_editor_open(ui, &editor));
    st = CV_THEN(st, cv_ui_open(ui, &o));
    if (st == CV_OK && a->sets.n > 0)
        st = from_sets(ui, o.vault, a, &fields);
    const struct cv_edit change = { .sections = sections, .fields = fields, .base = base };
    st = CV_THEN(st,
                 form ? by_form(ui, o.vault, a, a->editor ? &editor : NULL) : store(ui, o.vault, &change, a));
    if (st == CV_ERR_LOCKED && base > 0)
        ui->hint = N_("`casevault record show ID --json` gives it as it is now: put your change there");
    cv_json_free(sections);
    cv_json_free(fields);
    cv_editor_close(&editor);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_record_edit = {
    .name = "record edit",
    .synopsis = "[--reason TEXT] ID [FILE | --set SECTION.FIELD=VALUE... | --editor]",
    .summary = "add a new version of a record",
    .details =
        "With the ID alone, on a terminal, the record is shown section by section and can be changed "
        "there, as with "
        "`record add TYPE`. FILE holds the changed sections, whole, as JSON; the others stay as they "
        "were, with the "
        "signatures of those who wrote them; if it says a \"version\", as `record show --json` does, that "
        "must be the last one still. The old version stays readable. If somebody else changes "
        "the record "
        "while you are at it, nothing is stored, and what you typed is kept.",
    .opts = opts,
    .args_bytes = sizeof(struct args),
    .words_min = 1,
    .words_max = 2,
    .run = run,
};
