#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "vault/record.h"

struct args {
    struct cv_words sets;
    const char *reason;
};
static const struct cv_opt opts[] = {
    { "set", 's', "PATH=VALUE", "change one field, as in identity.first_name=Ana (may be given again)",
      offsetof(struct args, sets), CV_OPT_LIST },
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

/* set(changes, r, path=value): the section is taken from what it is now, and its field changed. An empty
 * value takes the field away. */
static cv_status set(struct cv_ui *ui, struct cv_vault *v, struct cv_json *changes, const struct cv_record *r,
                     const char *text)
{
    char section[CV_NAME_BYTES], field[CV_NAME_BYTES];
    struct cv_template_field f;
    const char *dot = strchr(text, '.'), *equals = strchr(text, '=');
    if (dot == NULL || equals == NULL || dot > equals || (size_t)(dot - text) >= sizeof(section) ||
        (size_t)(equals - dot) > sizeof(field))
        return cv_fail(&ui->err, CV_ERR_ARG, "--set wants SECTION.FIELD=VALUE");
    snprintf(section, sizeof(section), "%.*s", (int)(dot - text), text);
    snprintf(field, sizeof(field), "%.*s", (int)(equals - dot - 1), dot + 1);
    if (!cv_template_field_named(v->template, r->type, section, field, &f))
        return cv_fail(&ui->err, CV_ERR_ARG, "a %s has no field %s.%s", r->type, section, field);
    struct cv_json *now = cv_json_get(changes, section);
    cv_status st = CV_OK;
    if (now == NULL) {
        const struct cv_json *old = cv_record_section(r, section);
        if (old == NULL)
            return cv_fail(&ui->err, CV_ERR_NOKEY,
                           "none of your roles opens the section %s, so its fields cannot be "
                           "changed one by one",
                           section);
        now = cv_json_copy(old);
        st = cv_json_set(changes, section, now);
    }
    if (st == CV_OK && equals[1] == '\0') {
        st = cv_json_del(now, field);
        return st == CV_ERR_NOTFOUND ? CV_OK : st;
    }
    return CV_THEN(st, cv_json_set(now, field,
                                   strcmp(f.type, "integer") == 0 || strcmp(f.type, "boolean") == 0 || f.multi
                                       ? value_of(equals + 1)
                                       : cv_json_str(equals + 1)));
}

/* from_sets(ui, v, changes, sets): read the record, then change fields. */
static cv_status from_sets(struct cv_ui *ui, struct cv_vault *v, const struct args *a,
                           struct cv_json **changes)
{
    struct cv_record r = { 0 };
    *changes = cv_json_object();
    cv_status st = cv_record_read(v, ui->words.w[0], 0, NULL, "read", a->reason, &r, &ui->err);
    for (size_t i = 0; i < a->sets.n && st == CV_OK; i++)
        st = set(ui, v, *changes, &r, a->sets.w[i]);
    cv_record_free(&r);
    return st;
}

static cv_status from_file(struct cv_ui *ui, const char *path, struct cv_json **changes)
{
    struct cv_buf text = { 0 };
    cv_status st = cv_ui_read_file(ui, path, CV_RECORD_MAX_BYTES, &text);
    st = CV_THEN(st, cv_json_parse(cv_buf_view(&text), CV_RECORD_MAX_BYTES,
                                   strcmp(path, "-") == 0 ? "standard input" : path, changes, &ui->err));
    /* What `record show --json` adds for the reader is no part of the record. */
    if (st == CV_OK && cv_json_get(*changes, "withheld") != NULL)
        st = cv_json_del(*changes, "withheld");
    if (st == CV_OK && cv_json_get(*changes, "version") != NULL)
        st = cv_json_del(*changes, "version");
    cv_buf_free(&text);
    return st;
}

static cv_status run(struct cv_ui *ui, const void *args)
{
    const struct args *a = args;
    struct cv_opened o = { 0 };
    struct cv_json *changes = NULL;
    struct cv_stored stored;
    if ((a->sets.n > 0) == (ui->words.n > 1))
        return cv_fail(&ui->err, CV_ERR_ARG, "give either a FILE with the changed sections, or --set");
    cv_status st = ui->words.n > 1 ? from_file(ui, ui->words.w[1], &changes) : CV_OK;
    st = CV_THEN(st, cv_ui_open(ui, &o));
    if (st == CV_OK && a->sets.n > 0)
        st = from_sets(ui, o.vault, a, &changes);
    st = CV_THEN(st, cv_record_edit(o.vault, ui->words.w[0], changes, a->reason, &stored, &ui->err));
    if (st == CV_OK && ui->json)
        printf("{\"id\":\"%s\",\"version\":%llu}\n", stored.id, (unsigned long long)stored.version);
    else if (st == CV_OK)
        printf("%s version %llu\n", stored.id, (unsigned long long)stored.version);
    cv_json_free(changes);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_record_edit = {
    .name = "record edit",
    .synopsis = "[--reason TEXT] ID FILE | ID --set SECTION.FIELD=VALUE...",
    .summary = "add a new version of a record",
    .details = "FILE holds the changed sections, whole, as JSON; the others stay as they were, with the "
               "signatures of\n"
               "those who wrote them. The old version stays readable.",
    .opts = opts,
    .args_bytes = sizeof(struct args),
    .words_min = 1,
    .words_max = 2,
    .run = run,
};
