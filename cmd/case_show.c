#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "formats/answer.h"
#include "formats/date.h"
#include "formats/utf8.h"
#include "vault/export.h"
#include "vault/package.h"
#include "vault/related.h"

/* case show: who belongs to a case, and what happened when. */

#define SAID_COLUMNS 60 /* of a text that stands for what happened */

struct args {
    const char *reason;
};
static const struct cv_opt opts[] = {
    { "reason", 'r', "TEXT", "why; sealed into the access log", offsetof(struct args, reason), CV_OPT_TEXT },
    { 0 },
};

/* What is gathered:
 *   {"case","title","status","persons":[{"record","title","role"}],
 *    "moments":[{"date","record","type","field","text"}], "unread"}; undated ones have no "date". */
struct gathering {
    struct cv_ui *ui;
    struct cv_vault *v;
    const char *case_id; /* as it stands in the list */
    struct cv_json *doc;
    uint64_t faults;
};

/* ---- one record ---- */

static cv_status put_value(const struct cv_template_field *f, const struct cv_json *value, struct cv_buf *out)
{
    if (f->choices != NULL && cv_json_cstr(value) != NULL)
        return cv_choice_label(cv_json_cstr(value), out);
    return cv_json_is(value, CV_JSON_STRING) ? cv_buf_append(out, cv_json_text(value)) : CV_OK;
}

/* title_of(g, r, out): append what a person tells it apart by; its first choice in words where it has no
 * title. */
static cv_status title_of(const struct gathering *g, const struct cv_record *r, struct cv_buf *out)
{
    const struct cv_template *t = g->v->template;
    const size_t start = out->n;
    struct cv_template_field f;
    const char *section;
    cv_status st = CV_OK;
    for (size_t i = 0; st == CV_OK && cv_template_title(t, r->type, i, &section, &f); i++) {
        const struct cv_json *value = cv_json_get(cv_record_section(r, section), f.name);
        if (value == NULL)
            continue;
        st = out->n > start ? cv_buf_str(out, " ") : CV_OK;
        st = CV_THEN(st, put_value(&f, value, out));
    }
    for (size_t i = 0;
         st == CV_OK && out->n == start && (section = cv_template_type_section(t, r->type, i)) != NULL; i++)
        for (size_t j = 0; st == CV_OK && out->n == start && cv_template_field(t, r->type, section, j, &f);
             j++)
            if (f.choices != NULL && !f.multi && !cv_template_coded(t, r->type, section))
                st = put_value(&f, cv_json_get(cv_record_section(r, section), f.name), out);
    return st;
}

static struct cv_json *text_json(struct cv_buf *text)
{
    struct cv_json *s = cv_json_strn(cv_buf_view(text));
    cv_buf_free(text);
    return s;
}

/* put_moment(g, r, field, date, text): ${text} is taken over. */
static cv_status put_moment(struct gathering *g, const struct cv_record *r, const char *field,
                            const char *date, struct cv_json *text)
{
    struct cv_json *o = cv_json_object();
    cv_status st = text != NULL ? CV_OK : CV_ERR_NOMEM;
    if (date != NULL)
        st = CV_THEN(st, cv_json_set(o, "date", cv_json_str(date)));
    st = CV_THEN(st, cv_json_set(o, "record", cv_json_str(r->id)));
    st = CV_THEN(st, cv_json_set(o, "type", cv_json_str(r->type)));
    if (field != NULL)
        st = CV_THEN(st, cv_json_set(o, "field", cv_json_str(field)));
    st = CV_THEN(st, cv_json_set(o, "text", cv_json_ref(text)));
    st = CV_THEN(st, cv_json_push(cv_json_get(g->doc, "moments"), cv_json_ref(o)));
    cv_json_free(text);
    cv_json_free(o);
    return st;
}

/* said(g, r, section, name, element): what an element of a list says: the beginning of its text, or the title
 * of its record. */
static struct cv_json *said(const struct gathering *g, const struct cv_record *r, const char *section,
                            const char *name, const struct cv_json *element)
{
    struct cv_template_field in;
    struct cv_buf text = { 0 };
    cv_status st = CV_OK;
    for (size_t i = 0;
         st == CV_OK && text.n == 0 && cv_template_inner(g->v->template, r->type, section, name, i, &in);
         i++) {
        const struct cv_bytes all = cv_json_text(cv_json_get(element, in.name));
        if ((strcmp(in.type, "text") != 0 && strcmp(in.type, "string") != 0) || all.n == 0)
            continue;
        const struct cv_bytes part = cv_utf8_fitting(all, SAID_COLUMNS);
        st = cv_buf_append(&text, part);
        st = CV_THEN(st, part.n < all.n ? cv_buf_str(&text, "...") : CV_OK);
    }
    if (text.n == 0)
        st = CV_THEN(st, title_of(g, r, &text));
    if (st != CV_OK)
        cv_buf_free(&text);
    return st == CV_OK ? text_json(&text) : NULL;
}

static bool is_day(const struct cv_template_field *f)
{
    return (strcmp(f->type, "date") == 0 || strcmp(f->type, "datetime") == 0) && !f->multi;
}

/* elements(g, r, section, f, count): the moments inside a list of objects. */
static cv_status elements(struct gathering *g, const struct cv_record *r, const char *section,
                          const struct cv_template_field *f, size_t *count)
{
    const struct cv_json *list = cv_json_get(cv_record_section(r, section), f->name);
    struct cv_template_field in;
    cv_status st = CV_OK;
    for (size_t i = 0; cv_template_inner(g->v->template, r->type, section, f->name, i, &in); i++)
        for (size_t j = 0; is_day(&in) && j < cv_json_len(list) && st == CV_OK; j++) {
            const struct cv_json *element = cv_json_at(list, j);
            const char *date = cv_json_get_str(element, in.name);
            if (date == NULL)
                continue;
            ++*count;
            st = put_moment(g, r, f->label, date, said(g, r, section, f->name, element));
        }
    return st;
}

/* plain(g, r, f, date): the moment that a field of the record names. */
static cv_status plain(struct gathering *g, const struct cv_record *r, const struct cv_template_field *f,
                       const char *date)
{
    struct cv_buf text = { 0 };
    cv_status st = title_of(g, r, &text);
    if (st != CV_OK) {
        cv_buf_free(&text);
        return st;
    }
    return put_moment(g, r, f != NULL ? f->label : NULL, date, text_json(&text));
}

/* moments(g, r): every day that the record names, but those by which a person is known. Persons stand in a
 * list of their own where they name none. */
static cv_status moments(struct gathering *g, const struct cv_record *r)
{
    const struct cv_template *t = g->v->template;
    struct cv_template_field f;
    const char *section;
    size_t count = 0;
    cv_status st = CV_OK;
    for (size_t i = 0; (section = cv_template_type_section(t, r->type, i)) != NULL && st == CV_OK; i++)
        for (size_t j = 0; st == CV_OK && cv_template_field(t, r->type, section, j, &f); j++) {
            const char *date = is_day(&f) ? cv_json_get_str(cv_record_section(r, section), f.name) : NULL;
            if (f.identifier || cv_template_coded(t, r->type, section))
                continue;
            if (date != NULL) {
                count++;
                st = plain(g, r, &f, date);
            } else if (f.multi && strcmp(f.type, "object") == 0)
                st = elements(g, r, section, &f, &count);
        }
    return st == CV_OK && count == 0 && strcmp(r->type, "person") != 0 ? plain(g, r, NULL, NULL) : st;
}

static cv_status put_person(struct gathering *g, const struct cv_record *r)
{
    struct cv_json *o = cv_json_object();
    struct cv_buf text = { 0 };
    const char *role = cv_json_get_str(cv_record_section(r, "admin"), "role");
    cv_status st = title_of(g, r, &text);
    st = CV_THEN(st, cv_json_set(o, "record", cv_json_str(r->id)));
    st = CV_THEN(st, cv_json_set(o, "title", cv_json_strn(cv_buf_view(&text))));
    if (role != NULL)
        st = CV_THEN(st, cv_json_set(o, "role", cv_json_str(role)));
    st = CV_THEN(st, cv_json_push(cv_json_get(g->doc, "persons"), cv_json_ref(o)));
    cv_buf_free(&text);
    cv_json_free(o);
    return st;
}

static cv_status put_case(struct gathering *g, const struct cv_record *r)
{
    struct cv_buf text = { 0 };
    const char *status = cv_json_get_str(cv_record_section(r, "admin"), "status");
    cv_status st = title_of(g, r, &text);
    st = CV_THEN(st, cv_json_set(g->doc, "title", cv_json_strn(cv_buf_view(&text))));
    if (status != NULL)
        st = CV_THEN(st, cv_json_set(g->doc, "status", cv_json_str(status)));
    cv_buf_free(&text);
    return st;
}

/* take(g, r): cv_export's. */
static cv_status take(void *arg, const struct cv_record *r)
{
    struct gathering *g = arg;
    cv_status st = strcmp(r->id, g->case_id) == 0   ? put_case(g, r)
                   : strcmp(r->type, "person") == 0 ? put_person(g, r)
                                                    : CV_OK;
    return CV_THEN(st, moments(g, r));
}

static cv_status fault(void *arg, const struct cv_version *of, const char *what)
{
    struct gathering *g = arg;
    g->faults++;
    cv_ui_say(g->ui, "Left out: record %s: %s", of->id, what);
    return CV_OK;
}

/* ---- the packages of the case ---- */

static cv_status put_package(struct gathering *g, const struct cv_dispatch *d)
{
    struct cv_json *o = cv_json_object();
    const char *to = cv_json_get_str(cv_json_get(d->doc, "partner"), "name");
    struct cv_buf text = { 0 };
    const struct cv_json *said_by = d->sent != NULL ? d->sent : d->doc;
    cv_status st = cv_buf_printf(&text, d->sent != NULL ? _("made, to %s") : _("asked for, not made, to %s"),
                                 to != NULL ? to : "?");
    st = CV_THEN(st, cv_json_set(o, "date",
                                 cv_json_strn(cv_utf8_cut(cv_json_text(cv_json_get(said_by, "time")), 10))));
    st = CV_THEN(st, cv_json_set(o, "package", cv_json_ref(cv_json_get(d->doc, "package"))));
    st = CV_THEN(st, cv_json_set(o, "text", cv_json_strn(cv_buf_view(&text))));
    st = CV_THEN(st, cv_json_push(cv_json_get(g->doc, "moments"), cv_json_ref(o)));
    cv_buf_free(&text);
    cv_json_free(o);
    return st;
}

static cv_status packages(struct gathering *g)
{
    struct cv_dispatches list = { 0 };
    cv_status st = cv_dispatches(g->v, NULL, &list, &g->ui->err);
    for (size_t i = 0; i < list.count && st == CV_OK; i++)
        if (strcmp(cv_json_get_str(list.d[i].doc, "record"), g->case_id) == 0)
            st = put_package(g, &list.d[i]);
    cv_dispatches_free(&list);
    return st;
}

/* ---- in order ---- */

struct moment {
    const struct cv_json *m;
    size_t at;
};

/* earlier(a, b): by the day; those of one day, and those without one, which come last, as they were found. */
static int earlier(const void *a, const void *b)
{
    const struct moment *x = a, *y = b;
    const char *one = cv_json_get_str(x->m, "date"), *two = cv_json_get_str(y->m, "date");
    const int by_day = one == NULL || two == NULL ? (one == NULL) - (two == NULL) : strcmp(one, two);
    return by_day != 0 ? by_day : (x->at > y->at) - (x->at < y->at);
}

static cv_status in_order(struct gathering *g)
{
    struct cv_json *list = cv_json_get(g->doc, "moments"), *sorted = cv_json_array();
    const size_t n = cv_json_len(list);
    struct moment *all = calloc(n + 1, sizeof(*all));
    cv_status st = all != NULL && sorted != NULL ? CV_OK : CV_ERR_NOMEM;
    for (size_t i = 0; i < n && st == CV_OK; i++)
        all[i] = (struct moment){ cv_json_at(list, i), i };
    if (st == CV_OK)
        qsort(all, n, sizeof(*all), earlier);
    for (size_t i = 0; i < n && st == CV_OK; i++)
        st = cv_json_push(sorted, cv_json_ref(cv_json_at(list, all[i].at)));
    st = CV_THEN(st, cv_json_set(g->doc, "moments", cv_json_ref(sorted)));
    cv_json_free(sorted);
    free(all);
    return st;
}

/* ---- for people ---- */

static void print_moment(const struct gathering *g, const struct cv_json *m)
{
    const char *date = cv_json_get_str(m, "date"), *type = cv_json_get_str(m, "type"),
               *field = cv_json_get_str(m, "field");
    char shown[CV_MOMENT_BYTES];
    const char *id = cv_json_get_str(m, type != NULL ? "record" : "package");
    struct cv_buf text = { 0 };
    cv_status st = cv_buf_printf(
        &text,
        "%s%s%s: ", type != NULL ? _(cv_template_label(g->v->template, type, NULL, NULL)) : _("Package"),
        field != NULL ? ", " : "", field != NULL ? _(field) : "");
    st = CV_THEN(st, cv_buf_append(&text, cv_json_text(cv_json_get(m, "text"))));
    st = CV_THEN(st, cv_buf_printf(&text, " (%s)", id));
    const bool day =
        date != NULL && (cv_date_ok(cv_bytes_str(date), true) || cv_datetime_ok(cv_bytes_str(date)));
    printf("  ");
    cv_text_pad(day ? cv_locale_day(date, shown) : _("no day"), 10);
    cv_text_print(st == CV_OK ? cv_buf_view(&text) : cv_bytes_str(_("(no memory to show it)")), 12, 13);
    cv_buf_free(&text);
}

static void print_person(const struct cv_json *p)
{
    struct cv_buf text = { 0 };
    const char *title = cv_json_get_str(p, "title"), *role = cv_json_get_str(p, "role");
    cv_status st = cv_buf_str(&text, title != NULL && title[0] != '\0' ? title : _("name not yours to read"));
    if (role != NULL) {
        st = CV_THEN(st, cv_buf_str(&text, ", "));
        st = CV_THEN(st, cv_choice_label(role, &text));
    }
    st = CV_THEN(st, cv_buf_printf(&text, " (%s)", cv_json_get_str(p, "record")));
    cv_text_print(st == CV_OK ? cv_buf_view(&text) : cv_bytes_str(_("(no memory to show it)")), 0, 2);
    cv_buf_free(&text);
}

/* print_case(g): its number, and how it stands. */
static void print_case(const struct gathering *g)
{
    struct cv_buf text = { 0 };
    const char *title = cv_json_get_str(g->doc, "title"), *status = cv_json_get_str(g->doc, "status");
    cv_status st = cv_buf_str(&text, _("Case "));
    st = CV_THEN(
        st, cv_buf_str(&text, title != NULL && title[0] != '\0' ? title : _("(number not yours to read)")));
    if (status != NULL) {
        st = CV_THEN(st, cv_buf_str(&text, ", "));
        st = CV_THEN(st, cv_choice_label(status, &text));
    }
    cv_text_print(st == CV_OK ? cv_buf_view(&text) : cv_bytes_str(_("(no memory to show it)")), 0, 0);
    printf("%s\n", g->case_id);
    cv_buf_free(&text);
}

static void print(const struct gathering *g)
{
    const struct cv_json *persons = cv_json_get(g->doc, "persons"), *list = cv_json_get(g->doc, "moments");
    print_case(g);
    cv_print(cv_json_len(persons) > 0 ? N_("\nPersons\n") : N_("\nPersons: none\n"));
    for (size_t i = 0; i < cv_json_len(persons); i++)
        print_person(cv_json_at(persons, i));
    cv_print(cv_json_len(list) > 0 ? N_("\nWhat happened\n") : N_("\nWhat happened: nothing yet\n"));
    for (size_t i = 0; i < cv_json_len(list); i++)
        print_moment(g, cv_json_at(list, i));
    cv_ui_unread((size_t)cv_json_get_int(g->doc, "unread"), CV_UI_LEFT_OUT);
}

/* ---- the command ---- */

static cv_status gather(struct gathering *g, const struct cv_related *list, const char *reason)
{
    struct cv_head_walk walk = { 0 };
    const struct cv_export e = {
        .detail = "case", .reason = reason, .take = take, .arg = g, .fault = fault, .action = "read"
    };
    cv_status st = CV_OK;
    g->case_id = list->r[0].of->id;
    st = cv_json_set(g->doc, "case", cv_json_str(g->case_id));
    st = CV_THEN(st, cv_json_set(g->doc, "persons", cv_json_array()));
    st = CV_THEN(st, cv_json_set(g->doc, "moments", cv_json_array()));
    for (size_t i = 0; i < list->count && st == CV_OK; i++)
        st = cv_head_walk_add(g->v, &walk, list->r[i].of, &g->ui->err);
    st = CV_THEN(st, cv_export(g->v, &e, &walk, &g->ui->err));
    st = CV_THEN(st, packages(g));
    st = CV_THEN(st, in_order(g));
    st = CV_THEN(st, cv_json_set(g->doc, "unread", cv_json_int((int64_t)(list->unread + g->faults))));
    cv_head_walk_free(&walk);
    return st;
}

static cv_status run(struct cv_ui *ui, const void *args)
{
    const struct args *a = args;
    struct cv_opened o = { 0 };
    struct cv_related list = { 0 };
    cv_status st = cv_ui_open(ui, &o);
    struct gathering g = { .ui = ui, .v = o.vault, .doc = cv_json_object() };
    st = CV_THEN(st, cv_related(o.vault, ui->words.w[0], NULL, a->reason, &list, &ui->err));
    st = CV_THEN(st, gather(&g, &list, a->reason));
    if (st == CV_OK && ui->json)
        st = cv_ui_answer(ui, g.doc);
    else if (st == CV_OK) {
        cv_ui_page(ui);
        print(&g);
    }
    cv_json_free(g.doc);
    cv_related_free(&list);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_case_show = {
    .name = "case show",
    .synopsis = "[--reason TEXT] ID",
    .summary = "a case: its persons, and what happened when, by the days its records name",
    .details = "Persons, events, statements, consents, referrals, evidence and packages of the case, as far "
               "as you may read "
               "them; one event of the access log names every record that is looked into.",
    .opts = opts,
    .args_bytes = sizeof(struct args),
    .words_min = 1,
    .words_max = 1,
    .run = run,
};
