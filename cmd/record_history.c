#include <stdio.h>
#include <string.h>

#include "cmd/listing.h"
#include "vault/erase.h"
#include "vault/notice.h"
#include "vault/package.h"

/* record history: all versions of a record, and what was decided about it. */

/* The history of one record: its versions, and what was decided about it. */
struct history {
    struct cv_ui *ui;
    char id[CV_ID_TEXT_BYTES];
    struct cv_versions versions;
    struct cv_notices notices;
    struct cv_dispatches packages;
    struct cv_json *erased;
};

static void history_free(struct history *h)
{
    cv_versions_free(&h->versions);
    cv_notices_free(&h->notices);
    cv_dispatches_free(&h->packages);
    cv_json_free(h->erased);
}

/* history_load(h, v, text): a record of which nothing can be opened any more still has a history. */
static cv_status history_load(struct history *h, struct cv_vault *v, const char *text)
{
    struct cv_err missing = { 0 };
    uint8_t raw[CV_ID_BYTES];
    cv_status st = cv_id_parse(cv_bytes_str(text), raw, &h->ui->err);
    if (st != CV_OK)
        return st;
    cv_id_text(raw, h->id);
    st = cv_record_find(v, h->id, "read the history", NULL, &h->versions, &missing);
    if (st != CV_OK && st != CV_ERR_NOTFOUND)
        return cv_fail(&h->ui->err, st, "%s", missing.msg);
    const bool none = st == CV_ERR_NOTFOUND;
    st = cv_erased_of(v, h->id, &h->erased, &h->ui->err);
    st = CV_THEN(st, cv_notices_of(v, h->id, &h->notices, &h->ui->err));
    st = CV_THEN(st, cv_dispatches(v, NULL, &h->packages, &h->ui->err));
    if (st == CV_OK && none && cv_json_len(h->erased) == 0)
        st = cv_fail(&h->ui->err, CV_ERR_NOTFOUND, "%s", missing.msg);
    return st;
}

/* word_of(doc, name): what a notice says there; written by others, so perhaps nothing. */
static const char *word_of(const struct cv_json *doc, const char *name)
{
    const char *text = cv_json_get_str(doc, name);
    return text != NULL ? text : "-";
}

/* version_words(doc, out): "1, 2" of an erasure, "2" of a grant of one version, "all" of a grant of all. */
static cv_status version_words(const struct cv_json *doc, struct cv_buf *out)
{
    const struct cv_json *list = cv_json_get(doc, "versions");
    cv_status st = CV_OK;
    for (size_t i = 0; i < cv_json_len(list) && st == CV_OK; i++) {
        const struct cv_json *one = cv_json_at(list, i);
        if (cv_json_get(one, "document") != NULL)
            st = cv_buf_printf(out, i > 0 ? _(", file %s") : _("file %s"), word_of(one, "document"));
        else
            st = cv_buf_printf(out, "%s%lld", i > 0 ? ", " : "", (long long)cv_json_get_int(one, "version"));
    }
    if (list == NULL && cv_json_get_int(doc, "version") > 0)
        st = cv_buf_printf(out, "%lld", (long long)cv_json_get_int(doc, "version"));
    else if (list == NULL)
        st = cv_buf_str(out, _("all"));
    return st;
}

/* document_words(doc, out): which files a version lists, or that one is being put in. */
static cv_status document_words(const struct cv_json *doc, struct cv_buf *out)
{
    const struct cv_json *list = cv_json_get(doc, "documents");
    cv_status st =
        list == NULL
            ? cv_buf_printf(out, _("file %s for %s"), word_of(doc, "document"), word_of(doc, "section"))
            : cv_buf_printf(out, _("version %lld lists in %s:"), (long long)cv_json_get_int(doc, "version"),
                            word_of(doc, "section"));
    for (size_t i = 0; i < cv_json_len(list) && st == CV_OK; i++)
        st = cv_buf_printf(out, " %s", word_of(cv_json_at(list, i), "document"));
    return st;
}

/* notice_words(doc, out): what was decided, in one line. */
static cv_status notice_words(const struct cv_json *doc, struct cv_buf *out)
{
    const char *about = word_of(doc, "about"), *until = cv_json_get_str(doc, "until");
    char shown[CV_MOMENT_BYTES];
    struct cv_buf which = { 0 };
    cv_status st = version_words(doc, &which);
    if (strcmp(about, "grant") == 0 && until != NULL) {
        st = CV_THEN(st, cv_buf_printf(out, _("%s of version %.*s to %s until %s"), word_of(doc, "section"),
                                       (int)which.n, (const char *)which.p, word_of(doc, "to"),
                                       cv_locale_moment(until, shown)));
    } else if (strcmp(about, "grant") == 0) {
        st = CV_THEN(st, cv_buf_printf(out, _("%s of version %.*s to %s"), word_of(doc, "section"),
                                       (int)which.n, (const char *)which.p, word_of(doc, "to")));
    } else if (strcmp(about, "erase") == 0) {
        st =
            CV_THEN(st, cv_buf_printf(out, _("asked for version %.*s"), (int)which.n, (const char *)which.p));
    } else if (strcmp(about, "begin") == 0 || strcmp(about, "documents") == 0) {
        st = document_words(doc, out);
    } else if (strcmp(about, "hold") != 0 && strcmp(about, "clear") != 0)
        st = cv_buf_printf(out, _("package %s"), word_of(doc, "package"));
    else
        st = cv_buf_str(out,
                        strcmp(about, "hold") == 0 ? _("nothing of it can be erased") : _("the hold ended"));
    cv_buf_free(&which);
    return CV_THEN(st, cv_buf_append(out, CV_LIT("\0")));
}

/* did(about): what a notice is about, in the reader's language; as it stands if we do not know it. */
static const char *did(const char *about)
{
    static const char *const words[] = { N_("grant"),   N_("hold"),     N_("clear"),
                                         N_("erase"),   N_("disclose"), N_("agree"),
                                         N_("package"), N_("begin"),    N_("documents") };
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (strcmp(about, words[i]) == 0)
            return _(words[i]);
    return about;
}

static cv_status print_notice(const struct history *h, struct cv_table *t, const struct cv_notice *n)
{
    struct cv_buf words = { 0 };
    char number[24], shown[CV_MOMENT_BYTES];
    cv_status st;
    if (h->ui->json) {
        struct cv_json *o = cv_json_copy(n->doc);
        st = cv_json_set(o, "entry", cv_json_int((int64_t)n->index));
        st = CV_THEN(st, cv_ui_answer(h->ui, o));
        cv_json_free(o);
        return st;
    }
    snprintf(number, sizeof(number), "%llu", (unsigned long long)n->index);
    st = notice_words(n->doc, &words);
    cv_table_cell(t, number);
    cv_table_cell(t, cv_locale_moment(word_of(n->doc, "time"), shown));
    cv_table_cell(t, n->member);
    cv_table_cell(t, did(word_of(n->doc, "about")));
    cv_table_cell(t, st == CV_OK ? (const char *)words.p : "-");
    cv_buf_free(&words);
    return st;
}

/* print_erased(h, row): a version that is gone: when, who asked, who signed. */
static cv_status print_erased(const struct history *h, const struct cv_json *row)
{
    const struct cv_json *who = cv_json_get(row, "approved_by");
    char shown[CV_MOMENT_BYTES];
    if (h->ui->json) {
        struct cv_json *o = cv_json_copy(row);
        cv_status st = cv_json_set(o, "erased", cv_json_bool(true));
        st = CV_THEN(st, cv_json_set(o, "record", cv_json_str(h->id)));
        st = CV_THEN(st, cv_ui_answer(h->ui, o));
        cv_json_free(o);
        return st;
    }
    struct cv_buf names = { 0 };
    cv_status st = CV_OK;
    for (size_t i = 0; i < cv_json_len(who) && st == CV_OK; i++)
        st = cv_buf_printf(&names, "%s%s", i > 0 ? ", " : "", cv_json_cstr(cv_json_at(who, i)));
    if (st == CV_OK)
        cv_print("Version %lld was erased: asked for at %s by %s, signed by %.*s\n",
                 (long long)cv_json_get_int(row, "version"), cv_locale_moment(word_of(row, "time"), shown),
                 word_of(row, "by"), (int)names.n, names.n > 0 ? (const char *)names.p : "");
    cv_buf_free(&names);
    return st;
}

/* fields_of(d, id): of this record, those that went, or would; NULL for none. */
static const struct cv_json *fields_of(const struct cv_dispatch *d, const char *id)
{
    const struct cv_json *items = cv_json_get(d->doc, "items");
    for (size_t i = 0; i < cv_json_len(items); i++)
        if (strcmp(cv_json_get_str(cv_json_at(items, i), "record"), id) == 0)
            return cv_json_get(cv_json_at(items, i), "fields");
    return NULL;
}

/* field_words(fields, out): "identity.first_name, ..." */
static cv_status field_words(const struct cv_json *fields, struct cv_buf *out)
{
    cv_status st = CV_OK;
    for (size_t i = 0; i < cv_json_len(fields) && st == CV_OK; i++) {
        const char *pointer = cv_json_cstr(cv_json_at(fields, i));
        st = cv_buf_printf(out, "%s%s", i > 0 ? ", " : "", pointer[0] == '/' ? pointer + 1 : pointer);
    }
    for (size_t i = 0; i < out->n; i++)
        out->p[i] = out->p[i] == '/' ? '.' : out->p[i];
    return st;
}

/* print_package(h, d, fields): which fields of the record went to whom, when, and why they could. */
static cv_status print_package(const struct history *h, const struct cv_dispatch *d,
                               const struct cv_json *fields)
{
    const struct cv_json *to = cv_json_get(d->doc, "partner"), *made = d->sent != NULL ? d->sent : d->doc,
                         *consents = cv_json_get(made, "consents");
    struct cv_buf words = { 0 };
    char shown[CV_MOMENT_BYTES];
    cv_status st = field_words(fields, &words);
    if (h->ui->json) {
        struct cv_json *o = cv_json_object();
        st = CV_THEN(st, cv_json_set(o, "about", cv_json_str(d->sent != NULL ? "package" : "disclose")));
        st = CV_THEN(st, cv_json_set(o, "record", cv_json_str(h->id)));
        st = CV_THEN(st, cv_json_set(o, "package", cv_json_ref(cv_json_get(d->doc, "package"))));
        st = CV_THEN(st, cv_json_set(o, "partner", cv_json_copy(to)));
        st = CV_THEN(st, cv_json_set(o, "purpose", cv_json_ref(cv_json_get(d->doc, "purpose"))));
        st = CV_THEN(st, cv_json_set(o, "time", cv_json_ref(cv_json_get(made, "time"))));
        st = CV_THEN(st, cv_json_set(o, "member", cv_json_str(d->sent != NULL ? d->sent_by : d->by)));
        st = CV_THEN(st, cv_json_set(o, "basis", cv_json_ref(cv_json_get(d->doc, "basis"))));
        st = CV_THEN(st, cv_json_set(o, "consents", cv_json_copy(consents)));
        st = CV_THEN(st, cv_json_set(o, "fields", cv_json_copy(fields)));
        st = CV_THEN(st, cv_ui_answer(h->ui, o));
        cv_json_free(o);
    } else {
        cv_print(d->sent != NULL ? N_("\nPackage %s, made %s by %s\n")
                                 : N_("\nPackage %s, asked for %s by %s\n"),
                 word_of(d->doc, "package"), cv_locale_day(word_of(made, "time"), shown),
                 d->sent != NULL ? d->sent_by : d->by);
        if (d->sent == NULL)
            cv_print("  not made yet: nothing has left\n");
        cv_text_print(cv_json_text(cv_json_get(to, "name")),
                      cv_text_lead("  for %s, to", word_of(d->doc, "purpose")), 4);
        for (size_t i = 0; i < cv_json_len(consents); i++)
            cv_print("  on consent %s\n", word_of(cv_json_at(consents, i), "record"));
        if (cv_json_len(cv_json_get(d->doc, "basis")) > 0)
            cv_text_print(cv_json_text(cv_json_get(d->doc, "basis")),
                          cv_text_lead("  on a LEGAL BASIS where consent is missing:"), 4);
        cv_text_print(cv_buf_view(&words), cv_text_lead("  fields:"), 4);
    }
    cv_buf_free(&words);
    return st;
}

static void notice_row(struct cv_table *t)
{
    cv_table_cell(t, _("ENTRY"));
    cv_table_cell(t, _("TIME"));
    cv_table_cell(t, _("BY"));
    cv_table_cell(t, _("DID"));
    cv_table_cell(t, _("WHAT"));
}

static cv_status print_history(const struct history *h)
{
    struct cv_table notices = { .columns = 5 };
    struct cv_listing versions = { 0 };
    cv_status st = CV_OK;
    for (size_t i = 0; i < h->versions.count && st == CV_OK; i++)
        st = cv_listing_put(h->ui, &versions, &h->versions.v[i]);
    cv_listing_end(&versions);
    for (size_t i = 0; i < cv_json_len(h->erased) && st == CV_OK; i++)
        st = print_erased(h, cv_json_at(h->erased, i));
    notice_row(&notices);
    for (size_t i = 0; i < h->notices.count && st == CV_OK; i++)
        st = print_notice(h, &notices, &h->notices.n[i]);
    if (st == CV_OK && !h->ui->json && h->notices.count > 0) {
        fputc('\n', stdout);
        cv_table_print(&notices);
    }
    for (size_t i = 0; i < h->packages.count && st == CV_OK; i++) {
        const struct cv_json *fields = fields_of(&h->packages.d[i], h->id);
        if (fields != NULL)
            st = print_package(h, &h->packages.d[i], fields);
    }
    cv_buf_free(&notices.cells);
    return st;
}

static cv_status run(struct cv_ui *ui, const void *args)
{
    struct cv_opened o = { 0 };
    struct history h = { .ui = ui };
    (void)args;
    cv_status st = cv_ui_open(ui, &o);
    st = CV_THEN(st, history_load(&h, o.vault, ui->words.w[0]));
    st = CV_THEN(st, print_history(&h));
    if (st == CV_OK)
        cv_listing_lost(h.versions.lost, h.versions.lost_count);
    history_free(&h);
    cv_ui_close(&o);
    return cv_err_note(&ui->err, st, "history");
}

const struct cv_cmd cv_cmd_record_history = {
    .name = "record history",
    .synopsis = "ID",
    .summary = "list the versions of a record, its grants, holds and erasures, and what of it left",
    .words_min = 1,
    .words_max = 1,
    .run = run,
};
