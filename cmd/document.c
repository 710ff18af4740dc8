#include <inttypes.h>
#include <string.h>

#include "cmd/document_photo.h"
#include "vault/document.h"
#include "vault/erase.h"

/* document add / list: files that belong to a record. */

#define FILES_MAX 16

/* ---- add ---- */

struct add_args {
    const char *record, *section, *reason;
};
static const struct cv_opt add_opts[] = {
    { "record", 0, "ID", "the record that it belongs to (wanted)", offsetof(struct add_args, record),
      CV_OPT_TEXT },
    { "section", 's', "NAME", "its section (default: the one that lists files)",
      offsetof(struct add_args, section), CV_OPT_TEXT },
    { "reason", 'r', "TEXT", "why; sealed into the access log", offsetof(struct add_args, reason),
      CV_OPT_TEXT },
    { 0 },
};

struct adding {
    struct cv_ui *ui;
    const struct add_args *a;
    struct cv_document_file files[FILES_MAX];
    struct cv_looked photos[FILES_MAX];
    size_t count;
    uint64_t done, total; /* bytes, for the progress line */
    struct cv_json *list, *pieces;
};

/* open_all(ad): every file is there, plain and readable, before anything is stored. */
static cv_status open_all(struct adding *ad)
{
    const struct cv_words *words = &ad->ui->words;
    cv_status st = words->n > FILES_MAX
                       ? cv_fail(&ad->ui->err, CV_ERR_LIMIT, "at most %d files at once", FILES_MAX)
                       : CV_OK;
    for (size_t i = 0; i < words->n && st == CV_OK; i++) {
        st = cv_document_file_open(words->w[i], &ad->files[i], &ad->ui->err);
        if (st == CV_OK) {
            ad->count++;
            ad->total += ad->files[i].bytes;
            st = cv_look(ad->ui, &ad->files[i], &ad->photos[i]);
        }
    }
    return st;
}

static void on_bytes(void *arg, uint64_t bytes)
{
    const struct adding *ad = arg;
    cv_ui_progress(ad->ui, "Sealing, bytes", ad->done + bytes, ad->total);
}

/* set_media(v, place, p, listed): where the template has a field for it. */
static cv_status set_media(const struct cv_vault *v, const struct cv_document_place *place,
                           const struct cv_looked *p, struct cv_json *listed)
{
    struct cv_template_field f;
    const char *type = cv_looked_media_type(p);
    for (size_t i = 0; type != NULL &&
                       cv_template_inner(v->template, place->type, place->section, place->field.name, i, &f);
         i++)
        if (strcmp(f.name, "media_type") == 0 && strcmp(f.type, "string") == 0)
            return cv_json_set(listed, "media_type", cv_json_str(type));
    return CV_OK;
}

static cv_status store_all(struct adding *ad, struct cv_vault *v, struct cv_document_place *place)
{
    cv_status st = CV_OK;
    for (size_t i = 0; i < ad->count && st == CV_OK; i++) {
        struct cv_json *listed = NULL;
        st = cv_document_store(v, place, &ad->files[i], ad->a->reason, on_bytes, ad, ad->pieces, &listed,
                               &ad->ui->err);
        st = CV_THEN(st, set_media(v, place, &ad->photos[i], listed));
        if (st == CV_OK)
            st = cv_json_push(ad->list, listed);
        else
            cv_json_free(listed);
        ad->done += ad->files[i].bytes;
    }
    return st;
}

static cv_status answer_json(const struct adding *ad, const struct cv_stored *stored)
{
    struct cv_json *o = cv_json_object(), *files = cv_json_array();
    cv_status st = cv_json_set(o, "id", cv_json_str(stored->id));
    st = CV_THEN(st, cv_json_set(o, "version", cv_json_int((int64_t)stored->version)));
    for (size_t i = 0; i < ad->count && st == CV_OK; i++) {
        struct cv_json *f = cv_json_copy(cv_json_at(ad->list, i));
        st = cv_json_set(f, "tells", cv_looked_json(&ad->photos[i]));
        if (st == CV_OK)
            st = cv_json_push(files, f);
        else
            cv_json_free(f);
    }
    st = CV_THEN(st, cv_json_set(o, "files", cv_json_ref(files)));
    st = CV_THEN(st, cv_ui_answer(ad->ui, o));
    cv_json_free(files);
    cv_json_free(o);
    return st;
}

static cv_status answer(const struct adding *ad, const struct cv_stored *stored)
{
    if (ad->ui->json)
        return answer_json(ad, stored);
    for (size_t i = 0; i < ad->count; i++) {
        printf("%s  ", cv_json_get_str(cv_json_at(ad->list, i), "document"));
        cv_ui_print_text(cv_bytes_str(ad->files[i].name));
        printf("\n");
        if (ad->files[i].renamed)
            cv_ui_say(ad->ui, "Its name was not one line of plain text; it is stored as shown.");
        cv_looked_say(ad->ui, &ad->files[i], &ad->photos[i]);
    }
    cv_ui_say(ad->ui, "Attached to %s, now version %" PRIu64 "; see `document list`.", stored->id,
              stored->version);
    return CV_OK;
}

/* sweep(v): what a broken-off command of this member left goes, if it may; it is no reason to fail. */
static void sweep(struct cv_vault *v)
{
    struct cv_err none = { 0 };
    const cv_status st = cv_erase_left(v, &none);
    (void)st;
}

static cv_status add(struct adding *ad, struct cv_vault *v)
{
    struct cv_document_place place;
    struct cv_stored stored;
    ad->list = cv_json_array();
    ad->pieces = cv_json_object();
    cv_status st = ad->list == NULL || ad->pieces == NULL ? CV_ERR_NOMEM : CV_OK;
    st = CV_THEN(st, cv_document_place(v, ad->a->record, ad->a->section, ad->count, ad->a->reason, &place,
                                       &ad->ui->err));
    if (st != CV_OK)
        return st;
    sweep(v);
    st = store_all(ad, v, &place);
    st = CV_THEN(st,
                 cv_document_attach(v, &place, ad->list, ad->pieces, ad->a->reason, &stored, &ad->ui->err));
    cv_document_leave(&place);
    if (st == CV_OK)
        return answer(ad, &stored);
    sweep(v); /* what is stored of them already belongs to nothing */
    return st;
}

static cv_status run_add(struct cv_ui *ui, const void *args)
{
    const struct add_args *a = args;
    struct adding ad = { .ui = ui, .a = a };
    struct cv_opened o = { 0 };
    if (a->record == NULL)
        return cv_fail(&ui->err, CV_ERR_ARG, "wanted: --record ID, the record that the file belongs to");
    cv_status st = open_all(&ad);
    st = CV_THEN(st, cv_ui_open(ui, &o));
    st = CV_THEN(st, add(&ad, o.vault));
    for (size_t i = 0; i < ad.count; i++)
        cv_document_file_close(&ad.files[i]);
    cv_json_free(ad.list);
    cv_json_free(ad.pieces);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_document_add = {
    .name = "document add",
    .synopsis = "--record ID [--section NAME] [--reason TEXT] FILE...",
    .summary = "put files into the vault, as part of a record",
    .details = "Files of any size, up to 1 TiB. Their names, sizes and SHA-256 stand in a new version of the "
               "record, signed by you; the files themselves are sealed like the section, and erased with the "
               "record. Of a JPEG or PNG it is said whether it tells where, when or with what device it was "
               "made, and what else it carries that was not looked into.",
    .opts = add_opts,
    .args_bytes = sizeof(struct add_args),
    .words_min = 1,
    .words_max = CV_WORDS_MAX,
    .run = run_add,
};

/* ---- list ---- */

struct list_args {
    const char *record, *section, *reason;
    uint64_t version;
};
static const struct cv_opt list_opts[] = {
    { "record", 0, "ID", "the record (wanted)", offsetof(struct list_args, record), CV_OPT_TEXT },
    { "section", 's', "NAME", "its section (default: the one that lists files)",
      offsetof(struct list_args, section), CV_OPT_TEXT },
    { "version", 0, "N", "of this version (default: the latest)", offsetof(struct list_args, version),
      CV_OPT_COUNT },
    { "reason", 'r', "TEXT", "why; sealed into the access log", offsetof(struct list_args, reason),
      CV_OPT_TEXT },
    { 0 },
};

static cv_status list_json(const struct cv_ui *ui, const struct cv_record *r, size_t i,
                           const struct cv_json *one)
{
    struct cv_json *o = cv_json_copy(one);
    cv_status st = cv_json_set(o, "record", cv_json_str(r->id));
    st = CV_THEN(st, cv_json_set(o, "number", cv_json_int((int64_t)i + 1)));
    st = CV_THEN(st, cv_json_set(o, "kept", cv_json_bool(cv_json_get(one, "document") != NULL)));
    st = CV_THEN(st, cv_ui_answer(ui, o));
    cv_json_free(o);
    return st;
}

static void list_row(struct cv_table *t, const struct cv_record *r, size_t i, const struct cv_json *one)
{
    char number[CV_ID_TEXT_BYTES + 24], bytes[24] = "-";
    const char *sha = cv_json_get_str(one, "sha256");
    char digest[17] = "";
    snprintf(number, sizeof(number), "%s.%zu", r->id, i + 1);
    if (cv_json_get(one, "bytes") != NULL)
        snprintf(bytes, sizeof(bytes), "%" PRId64, cv_json_get_int(one, "bytes"));
    snprintf(digest, sizeof(digest), "%.16s", sha != NULL ? sha : "");
    cv_table_cell(t, number);
    cv_table_cell(t, bytes);
    cv_table_cell(t, cv_json_get(one, "document") != NULL ? _("vault") : _("outside"));
    cv_table_cell(t, cv_json_get_str(one, "name"));
    cv_table_cell(t, digest);
}

static cv_status list_all(const struct cv_ui *ui, const struct cv_vault *v, const struct cv_record *r,
                          const char *section)
{
    static const char *const heads[] = { N_("file"), N_("bytes"), N_("kept"), N_("name"),
                                         N_("SHA-256 begins") };
    struct cv_template_field f;
    struct cv_table t = { .columns = sizeof(heads) / sizeof(*heads) };
    const bool lists = cv_template_documents(v->template, r->type, section, &f);
    const struct cv_json *files = lists ? cv_json_get(cv_record_section(r, section), f.name) : NULL;
    cv_status st = CV_OK;
    for (size_t i = 0; i < t.columns; i++)
        cv_table_cell(&t, heads[i]);
    for (size_t i = 0; i < cv_json_len(files) && st == CV_OK; i++)
        if (ui->json)
            st = list_json(ui, r, i, cv_json_at(files, i));
        else
            list_row(&t, r, i, cv_json_at(files, i));
    if (!ui->json && cv_json_len(files) > 0)
        cv_table_print(&t);
    else {
        cv_buf_free(&t.cells);
        if (!ui->json)
            cv_ui_say(ui, "No files.");
    }
    return st;
}

static cv_status run_list(struct cv_ui *ui, const void *args)
{
    const struct list_args *a = args;
    struct cv_opened o = { 0 };
    struct cv_versions versions = { 0 };
    struct cv_record r = { 0 };
    if (a->record == NULL)
        return cv_fail(&ui->err, CV_ERR_ARG, "wanted: --record ID");
    cv_status st = cv_ui_open(ui, &o);
    st = CV_THEN(st, cv_record_find(o.vault, a->record, "read", a->reason, &versions, &ui->err));
    const char *section = st == CV_OK ? cv_document_section(o.vault, versions.v[0].type, a->section) : NULL;
    if (st == CV_OK && section == NULL)
        st = a->section == NULL ? cv_fail(&ui->err, CV_ERR_ARG, "a %s keeps no files", versions.v[0].type)
                                : cv_fail(&ui->err, CV_ERR_ARG, "a %s keeps no files in the section %.40s",
                                          versions.v[0].type, a->section);
    const char *const sections[] = { section, NULL };
    st = CV_THEN(st,
                 cv_record_read(o.vault, a->record, a->version, sections, "read", a->reason, &r, &ui->err));
    st = CV_THEN(st, list_all(ui, o.vault, &r, section));
    cv_record_free(&r);
    cv_versions_free(&versions);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_document_list = {
    .name = "document list",
    .synopsis = "--record ID [--section NAME] [--version N] [--reason TEXT]",
    .summary = "list the files of a record",
    .details = "Each is known as ID.N, as in `record show`. Every look is an entry of the access log.",
    .opts = list_opts,
    .args_bytes = sizeof(struct list_args),
    .run = run_list,
};
