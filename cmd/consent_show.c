#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "vault/consent.h"
#include "vault/glance.h"
#include "vault/partner.h"

/* consent show: whether something may leave, and why not, for who has to know at night. */

struct args {
    const char *person, *of_case, *reason;
};
static const struct cv_opt opts[] = {
    { "person", 'p', "ID", "those of this person", offsetof(struct args, person), CV_OPT_TEXT },
    { "case", 0, "ID", "those of this case", offsetof(struct args, of_case), CV_OPT_TEXT },
    { "reason", 'r', "TEXT", "why; sealed into the access log", offsetof(struct args, reason), CV_OPT_TEXT },
    { 0 },
};

/* What is shown, and the names of those in it. */
struct showing {
    struct cv_ui *ui;
    struct cv_vault *v;
    const struct args *a;
    struct cv_consents list;
    struct cv_json *persons; /* record id -> name, as far as this member may read it */
    struct cv_partners partners;
    char today[CV_DATE_BYTES];
    char person[CV_ID_TEXT_BYTES], of_case[CV_ID_TEXT_BYTES]; /* whose consents; empty: anybody's */
};

static bool says(const struct cv_consent *c, const char *field, const char *value)
{
    const char *said = cv_json_get_str(c->data, field);
    return said != NULL && strcmp(said, value) == 0;
}

/* find(s, type, id, out): a record by which consents are chosen: it must be there. */
static cv_status find(struct showing *s, const char *type, const char *id, char out[static CV_ID_TEXT_BYTES])
{
    struct cv_versions versions = { 0 };
    if (id == NULL)
        return CV_OK;
    cv_status st = cv_record_find_as(s->v, id, type, "read", s->a->reason, &versions, &s->ui->err);
    if (st == CV_OK)
        memcpy(out, versions.v[0].id, CV_ID_TEXT_BYTES);
    cv_versions_free(&versions);
    return st;
}

/* of_them(s, data): a cv_consent_fn. */
static bool of_them(void *arg, const struct cv_json *data)
{
    const struct showing *s = arg;
    const char *person = cv_json_get_str(data, "person"), *of_case = cv_json_get_str(data, "case");
    return (s->person[0] == '\0' || (person != NULL && strcmp(person, s->person) == 0)) &&
           (s->of_case[0] == '\0' || (of_case != NULL && strcmp(of_case, s->of_case) == 0));
}

static cv_status load_one(struct showing *s, const char *id)
{
    struct cv_consent *c = calloc(1, sizeof(*c));
    if (c == NULL)
        return CV_ERR_NOMEM;
    s->list = (struct cv_consents){ c, 1 };
    return cv_consent_find(s->v, id, s->a->reason, c, &s->ui->err);
}

static cv_status load(struct showing *s)
{
    if (s->ui->words.n > 0)
        return load_one(s, s->ui->words.w[0]);
    cv_status st = CV_OK;
    if (cv_vault_may_read(s->v, "consent")) { /* else that is what is told */
        st = find(s, "person", s->a->person, s->person);
        st = CV_THEN(st, find(s, "case", s->a->of_case, s->of_case));
    }
    return CV_THEN(st, cv_consents(s->v, s->a->reason, of_them, s, &s->list, &s->ui->err));
}

/* add_person(s, id, walk): if it is one that this member may see. */
static cv_status add_person(const struct showing *s, const char *id, struct cv_head_walk *walk)
{
    struct cv_versions list = { 0 };
    struct cv_err hidden = { 0 };
    cv_status st = cv_record_versions(s->v, id, &list, &hidden);
    if (st == CV_OK && strcmp(list.v[0].type, "person") == 0)
        st = cv_head_walk_add(s->v, walk, &list.v[list.count - 1], &s->ui->err);
    cv_versions_free(&list);
    if (st == CV_ERR_NOTFOUND || st == CV_ERR_FORMAT)
        return CV_OK;
    return st == CV_OK ? CV_OK : cv_fail(&s->ui->err, st, "%s", hidden.msg);
}

/* load_persons(s): only of those whose consents are shown. */
static cv_status load_persons(struct showing *s)
{
    struct cv_json *seen = cv_json_object();
    struct cv_head_walk walk = { 0 };
    cv_status st = seen == NULL ? CV_ERR_NOMEM : CV_OK;
    for (size_t i = 0; i < s->list.count && st == CV_OK; i++) {
        const char *id = cv_json_get_str(s->list.c[i].data, "person");
        if (id == NULL || cv_json_get(seen, id) != NULL)
            continue;
        st = cv_json_set(seen, id, cv_json_null());
        st = CV_THEN(st, add_person(s, id, &walk));
    }
    st = CV_THEN(st, cv_record_titles(s->v, &walk, s->a->reason, &s->persons, &s->ui->err));
    cv_head_walk_free(&walk);
    cv_json_free(seen);
    return st;
}

static cv_status load_names(struct showing *s)
{
    bool named = false;
    for (size_t i = 0; i < s->list.count; i++)
        named = named || cv_json_get(s->list.c[i].data, "partner") != NULL;
    cv_status st = s->list.count > 0 ? load_persons(s) : CV_OK;
    return st == CV_OK && named ? cv_partners(s->v, s->a->reason, &s->partners, &s->ui->err) : st;
}

/* partner_name(s, id): NULL if it is none that this member may see. */
static const char *partner_name(const struct showing *s, const char *id)
{
    for (size_t i = 0; id != NULL && i < s->partners.count; i++)
        if (strcmp(s->partners.p[i].id, id) == 0)
            return cv_json_get_str(s->partners.p[i].directory, "name");
    return NULL;
}

/* ---- in words ---- */

static void say(const char *label, const char *text)
{
    cv_text_print(cv_bytes_str(_(text)), cv_text_label(2, label), 4);
}

/* say_named(label, name, id): "Name (record 01...)", or the record alone. */
static void say_named(const char *label, const char *name, const char *id)
{
    struct cv_buf text = { 0 };
    cv_status st = name != NULL ? cv_buf_printf(&text, _("%s (record %s)"), name, id)
                                : cv_buf_printf(&text, _("record %s"), id);
    cv_text_print(st == CV_OK ? cv_buf_view(&text) : cv_bytes_str(id), cv_text_label(2, label), 4);
    cv_buf_free(&text);
}

/* say_force(c, state): whether it holds today, and if not, why. */
static void say_force(const struct cv_consent *c, const char *state)
{
    static const struct {
        const char *state, *text, *day;
    } words[] = { { "in force", N_("yes"), NULL },
                  { "withdrawn", N_("no: it was withdrawn"), NULL },
                  { "over", N_("no: it is over since its last day, "), "until" },
                  { "not yet", N_("no: it begins on "), "from" },
                  { "doubtful",
                    N_("no: something later cannot be read, and may be a withdrawal. Ask them again"), NULL },
                  { "refused",
                    N_("no: they said no. That is a normal state, and support does not depend on it"), NULL },
                  { "not asked", N_("no: they were not asked. That is a normal state"), NULL } };
    struct cv_buf text = { 0 };
    char shown[CV_MOMENT_BYTES];
    cv_status st = CV_OK;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(words[i].state, state) == 0) {
            const char *day = words[i].day != NULL ? cv_json_get_str(c->data, words[i].day) : "";
            st =
                cv_buf_printf(&text, "%s%s", _(words[i].text), day != NULL ? cv_locale_day(day, shown) : "?");
        }
    cv_text_print(st == CV_OK && text.n > 0 ? cv_buf_view(&text) : cv_bytes_str(_("no")),
                  cv_text_label(2, "In force today"), 4);
    cv_buf_free(&text);
}

/* say_sections(s, c, label): by their labels. */
static void say_sections(const struct showing *s, const struct cv_consent *c, const char *label)
{
    const struct cv_json *list = cv_json_get(c->data, "sections");
    struct cv_buf text = { 0 };
    cv_status st = CV_OK;
    for (size_t i = 0; i < cv_json_len(list) && st == CV_OK; i++) {
        const char *name = cv_json_cstr(cv_json_at(list, i));
        st = cv_buf_printf(&text, "%s%s", i > 0 ? "; " : "",
                           name != NULL ? _(cv_template_label(s->v->template, NULL, name, NULL)) : "?");
    }
    if (st == CV_OK && text.n == 0)
        st = cv_buf_str(&text, _("nothing"));
    cv_text_print(st == CV_OK ? cv_buf_view(&text) : cv_bytes_str(_("(no memory to show it)")),
                  cv_text_label(2, label), 4);
    cv_buf_free(&text);
}

/* say_field(c, label, field, otherwise): ${otherwise} NULL: a field that may be passed over. */
static void say_field(const struct cv_consent *c, const char *label, const char *field, const char *otherwise)
{
    const struct cv_json *value = cv_json_get(c->data, field);
    const char *text = cv_json_cstr(value);
    char shown[CV_MOMENT_BYTES];
    if (text != NULL && cv_date_ok(cv_bytes_str(text), false))
        say(label, cv_locale_day(text, shown));
    else if (value != NULL)
        cv_text_value(value, cv_text_label(2, label), 4);
    else if (otherwise != NULL)
        say(label, otherwise);
}

static void say_to(const struct showing *s, const struct cv_consent *c)
{
    const char *partner = cv_json_get_str(c->data, "partner"), *kind = cv_json_get_str(c->data, "recipient");
    struct cv_buf text = { 0 };
    if (partner != NULL) {
        say_named(N_("To whom"), partner_name(s, partner), partner);
        return;
    }
    cv_status st = cv_buf_printf(&text, _("anybody of the kind %s"), kind != NULL ? kind : _("(not said)"));
    cv_text_print(st == CV_OK ? cv_buf_view(&text) : cv_bytes_str(kind), cv_text_label(2, "To whom"), 4);
    cv_buf_free(&text);
}

static void print_one(const struct showing *s, const struct cv_consent *c)
{
    const char *state = cv_consent_today(c, s->today), *person = cv_json_get_str(c->data, "person");
    const bool given = says(c, "state", "Given");
    cv_print("Consent %s, version %llu: %s\n", c->id, (unsigned long long)c->version, _(state));
    if (person != NULL)
        say_named(N_("Whose"), cv_json_get_str(s->persons, person), person);
    say_force(c, state);
    say_to(s, c);
    say_field(c, N_("For what"), "purpose", N_("not said"));
    say_sections(s, c, says(c, "state", "Refused") ? N_("Asked for") : N_("It covers"));
    say_field(c, N_("From"), "from", NULL);
    say_field(c, N_("Until"), "until", given ? N_("it is withdrawn") : NULL);
    say_field(c, N_("Case"), "case", NULL);
    say_field(c, N_("Explained in"), "language", NULL);
    say_field(c, N_("How it was explained"), "explained", NULL);
    say_field(c, N_("Guardian"), "guardian", NULL);
    say_field(c, N_("Research may use it"), "research", given ? N_("no") : NULL);
    say_field(c, N_("How it can be withdrawn"), "withdrawal", NULL);
}

/* ---- in JSON ---- */

static struct cv_json *or_null(const char *text)
{
    return text != NULL ? cv_json_str(text) : cv_json_null();
}

static cv_status print_object(const struct showing *s, const struct cv_consent *c)
{
    const char *state = cv_consent_today(c, s->today), *person = cv_json_get_str(c->data, "person");
    struct cv_json *o = cv_json_object();
    cv_status st = cv_json_set(o, "id", cv_json_str(c->id));
    st = CV_THEN(st, cv_json_set(o, "version", cv_json_int((int64_t)c->version)));
    st = CV_THEN(st, cv_json_set(o, "today", cv_json_str(state)));
    st = CV_THEN(st, cv_json_set(o, "in_force", cv_json_bool(strcmp(state, "in force") == 0)));
    st = CV_THEN(st, cv_json_set(o, "person_name",
                                 or_null(person != NULL ? cv_json_get_str(s->persons, person) : NULL)));
    st = CV_THEN(
        st, cv_json_set(o, "partner_name", or_null(partner_name(s, cv_json_get_str(c->data, "partner")))));
    st = CV_THEN(st, cv_json_set(o, "consent", cv_json_copy(c->data)));
    st = CV_THEN(st, cv_ui_answer(s->ui, o));
    cv_json_free(o);
    return st;
}

static cv_status print_all(const struct showing *s)
{
    cv_status st = CV_OK;
    for (size_t i = 0; i < s->list.count && st == CV_OK; i++) {
        if (s->ui->json) {
            st = print_object(s, &s->list.c[i]);
            continue;
        }
        if (i > 0)
            fputc('\n', stdout);
        print_one(s, &s->list.c[i]);
    }
    if (st == CV_OK && s->list.count == 0 && !s->ui->json)
        cv_ui_say(s->ui,
                  "No consent is recorded. That is a normal state: nothing may leave, and support does\n"
                  "not depend on it.");
    return st;
}

static cv_status run(struct cv_ui *ui, const void *args)
{
    const struct args *a = args;
    struct cv_opened o = { 0 };
    struct showing s = { .ui = ui, .a = a };
    if (ui->words.n > 0 && (a->person != NULL || a->of_case != NULL))
        return cv_fail(&ui->err, CV_ERR_ARG, "give either the ID of a consent, or --person and --case");
    cv_date_today(0, s.today);
    cv_status st = cv_ui_open(ui, &o);
    s.v = o.vault;
    st = CV_THEN(st, load(&s));
    st = CV_THEN(st, load_names(&s));
    st = CV_THEN(st, print_all(&s));
    cv_consents_free(&s.list);
    cv_partners_free(&s.partners);
    cv_json_free(s.persons);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_consent_show = {
    .name = "consent show",
    .synopsis = "[--person ID] [--case ID] [--reason TEXT] | ID",
    .summary = "show who may be told what of somebody, and whether that holds today",
    .details =
        "The newest stands last. The access log names every consent that was opened, and the names that "
        "were read with it.",
    .opts = opts,
    .args_bytes = sizeof(struct args),
    .words_max = 1,
    .run = run,
};
