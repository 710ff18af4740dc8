#include <string.h>

#include "cmd/cmd.h"
#include "formats/date.h"
#include "vault/partner.h"

/* consent give: what somebody has agreed to, or has not. */

#define ADULT_MONTHS (18 * 12)

struct args {
    struct cv_words sections;
    const char *person, *to, *purpose, *of_case, *state, *from, *until, *language, *explained, *guardian,
        *withdrawal, *reason;
    bool research;
};
#define GIVE(field) offsetof(struct args, field), CV_OPT_TEXT
static const struct cv_opt opts[] = {
    { "person", 'p', "ID", "whose consent it is", GIVE(person) },
    { "to", 't', "PARTNER|KIND", "to whom: a partner's id or name, or a kind of organisation", GIVE(to) },
    { "purpose", 0, "PURPOSE", "for what, as in Prosecution", GIVE(purpose) },
    { "case", 0, "ID", "the case it belongs to", GIVE(of_case) },
    { "section", 's', "NAME", "what it covers (may be given again; default: what packages for it carry)",
      offsetof(struct args, sections), CV_OPT_LIST },
    { "from", 0, "DAY", "its first day, YYYY-MM-DD (default: today)", GIVE(from) },
    { "until", 0, "DAY", "its last day (default: until it is withdrawn)", GIVE(until) },
    { "language", 'l', "CODE", "the language it was explained in, as in srp", GIVE(language) },
    { "explained", 'e', "TEXT", "how it was explained", GIVE(explained) },
    { "guardian", 'g', "NAME", "who consents with a minor", GIVE(guardian) },
    { "research", 0, NULL, "research may use it, too", offsetof(struct args, research), CV_OPT_FLAG },
    { "withdrawal", 0, "TEXT", "how they were told that it can be withdrawn", GIVE(withdrawal) },
    { "state", 0, "STATE", "Given (the default), Refused or NotAsked", GIVE(state) },
    { "reason", 'r', "TEXT", "why; sealed into the access log", GIVE(reason) },
    { 0 },
};

/* A consent being written down. */
struct giving {
    struct cv_ui *ui;
    struct cv_vault *v;
    const struct args *a;
    const char *state;
    char from[CV_DATE_BYTES];
    struct cv_json *record, *data, *sections;
};

static bool is(const struct giving *g, const char *state)
{
    return strcmp(g->state, state) == 0;
}

static cv_status check_date(struct cv_ui *ui, const char *option, const char *day)
{
    return day == NULL || cv_date_ok(cv_bytes_str(day), false)
               ? CV_OK
               : cv_fail(&ui->err, CV_ERR_ARG, "--%s wants a day, as YYYY-MM-DD", option);
}

/* check_args(g): what needs no vault. */
static cv_status check_args(struct giving *g)
{
    const struct args *a = g->a;
    struct cv_err *err = &g->ui->err;
    if (a->person == NULL || a->to == NULL || a->purpose == NULL)
        return cv_fail(err, CV_ERR_ARG, "wanted: --person ID, --to PARTNER or KIND, --purpose PURPOSE");
    if (is(g, "Withdrawn"))
        return cv_fail(err, CV_ERR_ARG, "one that was given is withdrawn with `consent withdraw ID`");
    if (!is(g, "NotAsked") && (a->language == NULL || a->explained == NULL))
        return cv_fail(
            err, CV_ERR_ARG,
            "in which language was it explained, and how? Add --language CODE and --explained TEXT");
    cv_status st = check_date(g->ui, "from", a->from);
    st = CV_THEN(st, check_date(g->ui, "until", a->until));
    if (st == CV_OK && a->until != NULL && strcmp(a->until, g->from) < 0)
        st = cv_fail(err, CV_ERR_ARG, "--until %s lies before the first day, %s", a->until, g->from);
    return st;
}

static cv_status build(struct giving *g)
{
    const struct args *a = g->a;
    const struct {
        const char *field, *value;
    } fields[] = { { "case", a->of_case },
                   { "person", a->person },
                   { "state", g->state },
                   { "purpose", a->purpose },
                   { "from", is(g, "NotAsked") ? a->from : g->from },
                   { "until", a->until },
                   { "language", a->language },
                   { "explained", a->explained },
                   { "guardian", a->guardian },
                   { "withdrawal", a->withdrawal } };
    cv_status st = cv_json_set(g->record, "type", cv_json_str("consent"));
    st = CV_THEN(st, cv_json_set(g->record, "consent", cv_json_ref(g->data)));
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]) && st == CV_OK; i++)
        if (fields[i].value != NULL)
            st = cv_json_set(g->data, fields[i].field, cv_json_str(fields[i].value));
    if (st == CV_OK && a->research)
        st = cv_json_set(g->data, "research", cv_json_bool(true));
    return st;
}

/* check_ref(g, field, type, id): the record is there, and of that type; it is kept by its plain id. Who reads
 * no record of the type, as at intake, cannot know, and is taken at their word. */
static cv_status check_ref(struct giving *g, const char *field, const char *type, const char *id)
{
    struct cv_versions versions = { 0 };
    uint8_t raw[CV_ID_BYTES];
    char text[CV_ID_TEXT_BYTES];
    if (id == NULL)
        return CV_OK;
    cv_status st = cv_id_parse(cv_bytes_str(id), raw, &g->ui->err);
    if (st == CV_OK && cv_vault_may_read(g->v, cv_vault_head_section(g->v, type)))
        st = cv_record_find_as(g->v, id, type, "read", g->a->reason, &versions, &g->ui->err);
    cv_versions_free(&versions);
    if (st == CV_OK)
        cv_id_text(raw, text);
    return CV_THEN(st, cv_json_set(g->data, field, cv_json_str(text)));
}

/* kind_of(g, list): whether --to is a kind of organisation; ${list} gets them all, for who asks. */
static bool kind_of(const struct giving *g, struct cv_buf *list)
{
    struct cv_template_field f = { 0 };
    bool found = false;
    cv_status st = CV_OK;
    (void)cv_template_field_named(g->v->template, "consent", "consent", "recipient", &f);
    for (size_t i = 0; i < cv_json_len(f.choices) && st == CV_OK; i++) {
        const char *kind = cv_json_cstr(cv_json_at(f.choices, i));
        found = found || strcmp(kind, g->a->to) == 0;
        st = cv_buf_printf(list, "%s%s", i > 0 ? ", " : "", kind);
    }
    return found;
}

static cv_status set_to(struct giving *g)
{
    struct cv_partner_info partner = { 0 };
    struct cv_buf kinds = { 0 };
    struct cv_err none = { 0 };
    cv_status st;
    if (kind_of(g, &kinds))
        st = cv_json_set(g->data, "recipient", cv_json_str(g->a->to));
    else {
        st = cv_partner_find(g->v, g->a->to, g->a->reason, &partner, &none);
        if (st == CV_OK)
            st = cv_json_set(g->data, "partner", cv_json_str(partner.id));
        else if (st == CV_ERR_NOTFOUND)
            st = cv_fail(&g->ui->err, st, "--to: no partner that you may see, and no kind: %.*s",
                         (int)kinds.n, (const char *)kinds.p);
        else
            st = cv_fail(&g->ui->err, st, "%s", none.msg);
    }
    cv_partner_free(&partner);
    cv_buf_free(&kinds);
    return st;
}

/* add_section(g, name): each once. */
static cv_status add_section(struct giving *g, const char *name)
{
    for (size_t i = 0; i < cv_json_len(g->sections); i++)
        if (strcmp(cv_json_cstr(cv_json_at(g->sections, i)), name) == 0)
            return CV_OK;
    return cv_json_push(g->sections, cv_json_str(name));
}

/* default_sections(g): what the profiles for this purpose carry, but for what needs a consent of its own, and
 * for the consent itself. */
static cv_status default_sections(struct giving *g)
{
    const struct cv_template *t = g->v->template;
    const char *profile, *name;
    cv_status st = CV_OK;
    for (size_t i = 0; st == CV_OK && (profile = cv_template_profile(t, i)) != NULL; i++) {
        if (strcmp(cv_template_profile_purpose(t, profile), g->a->purpose) != 0)
            continue;
        for (size_t j = 0; st == CV_OK && (name = cv_template_profile_section(t, profile, j)) != NULL; j++)
            if (!cv_template_own_consent(t, name) && strcmp(name, "consent") != 0)
                st = add_section(g, name);
    }
    if (st == CV_OK && cv_json_len(g->sections) == 0)
        st = cv_fail(
            &g->ui->err, CV_ERR_ARG,
            "no package carries anything for %.32s by itself: say what it covers, with --section NAME",
            g->a->purpose);
    return st;
}

static bool is_section(const struct cv_template *t, const char *name)
{
    const char *known;
    for (size_t i = 0; (known = cv_template_section(t, i)) != NULL; i++)
        if (strcmp(known, name) == 0)
            return true;
    return false;
}

static cv_status named_sections(struct giving *g)
{
    const struct cv_words *words = &g->a->sections;
    cv_status st = CV_OK;
    for (size_t i = 0; i < words->n && st == CV_OK; i++) {
        if (!is_section(g->v->template, words->w[i]))
            return cv_fail(&g->ui->err, CV_ERR_ARG, "there is no section %.32s; see `section list`",
                           words->w[i]);
        st = add_section(g, words->w[i]);
    }
    for (size_t i = 0; i < cv_json_len(g->sections) && cv_json_len(g->sections) > 1 && st == CV_OK; i++) {
        const char *name = cv_json_cstr(cv_json_at(g->sections, i));
        if (cv_template_own_consent(g->v->template, name))
            st = cv_fail(&g->ui->err, CV_ERR_ARG, "%s needs a consent of its own, that covers nothing else",
                         name);
    }
    return st;
}

/* set_sections(g): who was not asked was asked for nothing. */
static cv_status set_sections(struct giving *g)
{
    cv_status st = CV_OK;
    if (g->a->sections.n > 0)
        st = named_sections(g);
    else if (!is(g, "NotAsked"))
        st = default_sections(g);
    if (st == CV_OK && cv_json_len(g->sections) > 0)
        st = cv_json_set(g->data, "sections", cv_json_ref(g->sections));
    return st;
}

/* perhaps_minor(birth): a month or a year of birth counts to its last day. */
static bool perhaps_minor(const struct cv_json *birth)
{
    char today[CV_DATE_BYTES], adult[CV_DATE_BYTES];
    cv_date_today(0, today);
    return cv_date_later(cv_json_text(birth), ADULT_MONTHS, adult) && strcmp(today, adult) < 0;
}

/* check_minor(g): a child's yes wants a guardian's. A no never does. */
static cv_status check_minor(struct giving *g)
{
    static const char *const identity[] = { "identity", NULL };
    struct cv_record r = { 0 };
    struct cv_template_field f;
    if (!is(g, "Given") || g->a->guardian != NULL ||
        !cv_template_field_named(g->v->template, "person", "identity", "birth_date", &f))
        return CV_OK;
    if (!cv_vault_may_read(g->v, "identity")) {
        cv_ui_say(g->ui, "You may not read when they were born: a minor needs --guardian NAME as well.");
        return CV_OK;
    }
    cv_status st = cv_record_read(g->v, g->a->person, 0, identity, "read", g->a->reason, &r, &g->ui->err);
    if (st == CV_OK && perhaps_minor(cv_json_get(cv_record_section(&r, "identity"), "birth_date")))
        st = cv_fail(&g->ui->err, CV_ERR_ARG,
                     "they are under 18, or may be: somebody consents with them; add --guardian NAME");
    cv_record_free(&r);
    return st;
}

/* prepare(g): nothing is read for who may not write it, nor for what the template refuses. */
static cv_status prepare(struct giving *g)
{
    const struct cv_template *t = g->v->template;
    cv_status st = cv_record_may_create(g->v, "consent", g->a->reason, &g->ui->err);
    st = CV_THEN(st, build(g));
    st = CV_THEN(st, cv_ui_choice(g->ui, t, "consent", "consent", "purpose", g->a->purpose));
    st = CV_THEN(st, cv_ui_choice(g->ui, t, "consent", "consent", "state", g->state));
    st = CV_THEN(st, set_sections(g));
    st = CV_THEN(st, cv_template_check(t, g->record, &g->ui->err));
    st = CV_THEN(st, check_ref(g, "person", "person", g->a->person));
    st = CV_THEN(st, check_ref(g, "case", "case", g->a->of_case));
    st = CV_THEN(st, set_to(g));
    return CV_THEN(st, check_minor(g));
}

/* tell_given(g, stored): what it covers, since that was perhaps the default. */
static cv_status tell_given(const struct giving *g, const struct cv_stored *stored)
{
    struct cv_buf names = { 0 };
    char from[CV_MOMENT_BYTES], until[CV_MOMENT_BYTES];
    cv_status st = CV_OK;
    if (g->ui->json)
        return cv_ui_stored(g->ui, stored->id, stored->version);
    printf("%s\n", stored->id);
    for (size_t i = 0; i < cv_json_len(g->sections) && st == CV_OK; i++)
        st = cv_buf_printf(
            &names, "%s%s", i > 0 ? ", " : "",
            _(cv_template_label(g->v->template, NULL, cv_json_cstr(cv_json_at(g->sections, i)), NULL)));
    if (st == CV_OK && is(g, "Given") && g->a->until != NULL)
        cv_ui_say(g->ui, "Stored: from %s until %s.\nIt covers: %.*s.", cv_locale_day(g->from, from),
                  cv_locale_day(g->a->until, until), (int)names.n, (const char *)names.p);
    else if (st == CV_OK && is(g, "Given"))
        cv_ui_say(g->ui, "Stored: from %s, until it is withdrawn.\nIt covers: %.*s.",
                  cv_locale_day(g->from, from), (int)names.n, (const char *)names.p);
    else if (st == CV_OK)
        cv_ui_say(g->ui,
                  is(g, "Refused")
                      ? N_("Stored: they said no. That is a normal state: nothing may leave, and support "
                           "does not\ndepend on it.")
                      : N_("Stored: they were not asked. That is a normal state: nothing may leave, and "
                           "support does not\ndepend on it."));
    cv_buf_free(&names);
    return st;
}

static cv_status run(struct cv_ui *ui, const void *args)
{
    const struct args *a = args;
    struct cv_opened o = { 0 };
    struct giving g = { .ui = ui,
                        .a = a,
                        .state = a->state != NULL ? a->state : "Given",
                        .record = cv_json_object(),
                        .data = cv_json_object(),
                        .sections = cv_json_array() };
    struct cv_stored stored;
    cv_date_today(0, g.from);
    if (a->from != NULL)
        snprintf(g.from, sizeof(g.from), "%s", a->from);
    cv_status st = check_args(&g);
    st = CV_THEN(st, cv_ui_open(ui, &o));
    g.v = o.vault;
    st = CV_THEN(st, prepare(&g));
    st = CV_THEN(st, cv_record_add(o.vault, g.record, a->reason, &stored, &ui->err));
    st = CV_THEN(st, tell_given(&g, &stored));
    cv_json_free(g.sections);
    cv_json_free(g.data);
    cv_json_free(g.record);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_consent_give = {
    .name = "consent give",
    .synopsis =
        "--person ID --to PARTNER|KIND --purpose PURPOSE --language CODE --explained TEXT [--case ID] "
        "[--section NAME]... [--from DAY] [--until DAY] [--guardian NAME] [--research] "
        "[--withdrawal TEXT] [--state Refused|NotAsked] [--reason TEXT]",
    .summary = "write down what somebody agreed to, or that they said no",
    .details = "One consent is for one recipient and one purpose, and comes before anybody else is told "
               "anything. Saying no is a normal state: support does not depend on it. The section medical "
               "needs a consent of its own.",
    .opts = opts,
    .args_bytes = sizeof(struct args),
    .run = run,
};
