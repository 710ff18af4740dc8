#include "cmd/facts.h"

#include <string.h>

#include "formats/answer.h"
#include "vault/erase.h"
#include "vault/head_walk.h"

/* A record at a glance. */

/* To find those of one person, all consents of a vault are opened, and to find these, all that the head index
 * knows: where there is more it is not done each time that somebody looks at a record. */
#define CONSENTS_MOST 1000
#define VERSIONS_MOST 20000

void cv_facts_free(struct cv_facts *f)
{
    cv_versions_free(&f->versions);
    cv_consents_free(&f->consents);
    cv_partners_free(&f->partners);
}

/* ---- reading ---- */

/* named(v, r, field): whom it names there, one id or a list of one; NULL. */
static const char *named(const struct cv_vault *v, const struct cv_record *r, const char *field)
{
    const char *section, *id = NULL;
    for (size_t i = 0; id == NULL && (section = cv_template_type_section(v->template, r->type, i)) != NULL;
         i++) {
        const struct cv_json *value = cv_json_get(cv_record_section(r, section), field);
        id = cv_json_cstr(cv_json_len(value) == 1 ? cv_json_at(value, 0) : value);
    }
    return id;
}

static bool names(const struct cv_vault *v, const struct cv_record *r, const char *field)
{
    const char *section;
    size_t n = 0;
    for (size_t i = 0; (section = cv_template_type_section(v->template, r->type, i)) != NULL; i++)
        n += cv_json_len(cv_json_get(cv_record_section(r, section), field));
    return n > 0;
}

/* point(v, r, f): to the consents that count for a record that is about others: its person's, or each one's.
 */
static void point(const struct cv_vault *v, const struct cv_record *r, struct cv_facts *f)
{
    f->person = named(v, r, "person");
    if (f->person == NULL)
        f->person = named(v, r, "persons");
    if (f->person != NULL || names(v, r, "persons") || names(v, r, "case"))
        f->looked = cv_vault_may_read(v, "consent") ? CV_FACTS_ELSEWHERE : CV_FACTS_CLOSED;
}

/* of_record(r, data): a cv_consent_fn: given by this person, or in this case. */
static bool of_record(void *arg, const struct cv_json *data)
{
    const struct cv_record *r = arg;
    const char *of = cv_json_get_str(data, r->type);
    return of != NULL && strcmp(of, r->id) == 0;
}

static cv_status load_consents(struct cv_ui *ui, struct cv_vault *v, const struct cv_record *r,
                               const char *reason, struct cv_facts *f)
{
    struct cv_head_walk walk = { 0 };
    bool named = false;
    f->looked = CV_FACTS_MANY;
    if (v->custody->counts[CV_KIND_RECORD] > VERSIONS_MOST)
        return CV_OK;
    cv_status st = cv_head_walk(v, "consent", true, &walk, &ui->err);
    f->looked = walk.count > CONSENTS_MOST ? CV_FACTS_MANY : CV_FACTS_READ;
    cv_head_walk_free(&walk);
    if (st != CV_OK || f->looked == CV_FACTS_MANY)
        return st;
    st = cv_consents(v, reason, of_record, (void *)(uintptr_t)r, &f->consents, &ui->err);
    for (size_t i = 0; i < f->consents.count; i++)
        named = named || cv_json_get(f->consents.c[i].data, "partner") != NULL;
    return st == CV_OK && named ? cv_partners(v, reason, &f->partners, &ui->err) : st;
}

cv_status cv_facts_load(struct cv_ui *ui, struct cv_vault *v, const struct cv_record *r, bool consents,
                        const char *reason, struct cv_facts *out)
{
    struct cv_json *erased = NULL;
    *out = (struct cv_facts){ .looked = CV_FACTS_NONE };
    cv_status st = cv_record_versions(v, r->id, &out->versions, &ui->err);
    st = CV_THEN(st, cv_erased_of(v, r->id, &erased, &ui->err));
    out->erased = cv_json_len(erased);
    cv_json_free(erased);
    if (st != CV_OK || !consents || strcmp(r->type, "consent") == 0)
        return st;
    if (strcmp(r->type, "person") != 0 && strcmp(r->type, "case") != 0)
        point(v, r, out);
    else if (!cv_vault_may_read(v, "consent"))
        out->looked = CV_FACTS_CLOSED;
    else
        st = load_consents(ui, v, r, reason, out);
    return st;
}

/* ---- for people ---- */

/* say(column, text, st): a line from ${column} on; ${text} is wiped. */
static void say(size_t column, struct cv_buf *text, cv_status st)
{
    cv_text_print(st == CV_OK ? cv_buf_view(text) : cv_bytes_str(_("(no memory to show it)")), column,
                  column > 0 ? column + 1 : 4);
    cv_buf_free(text);
}

static void print_versions(const struct cv_facts *f, const struct cv_record *r)
{
    const struct cv_version *last = &f->versions.v[f->versions.count - 1];
    const struct cv_source *this = &r->sources[0];
    struct cv_buf text = { 0 };
    char day[CV_MOMENT_BYTES];
    cv_status st = cv_buf_printf(&text, "%zu", f->versions.count);
    if (f->erased > 0)
        st = CV_THEN(st, cv_buf_printf(&text, _(", besides %zu erased"), f->erased));
    if (last->version != r->version)
        st = CV_THEN(st, cv_buf_printf(&text, _("; the latest is %llu, by %s; this is an older one,"),
                                       (unsigned long long)last->version, last->author));
    else
        st = CV_THEN(st, cv_buf_str(&text, f->versions.count > 1 ? _("; this is the latest,") : ","));
    st = CV_THEN(st, this->day[0] != '\0' ? cv_buf_printf(&text, _(" by %s on %s"), this->author,
                                                          cv_locale_day(this->day, day))
                                          : cv_buf_printf(&text, _(" by %s"), this->author));
    say(cv_text_label(2, "Versions"), &text, st);
}

/* What a state reads as, and which day is told with it; in the order in which they are shown. */
static const struct {
    const char *state, *word, *when, *day, *otherwise;
} states[] = {
    { "in force", N_("in force"), N_(", until "), "until", N_(", until it is withdrawn") },
    { "not yet", N_("not yet"), N_(", from "), "from", NULL },
    { "doubtful", N_("doubtful"), NULL, NULL, N_(", something later cannot be read: ask them again") },
    { "over", N_("EXPIRED"), N_(", its last day was "), "until", NULL },
    { "withdrawn", N_("withdrawn"), NULL, NULL, NULL },
    { "refused", N_("refused"), NULL, NULL, NULL },
    { "not asked", N_("not asked"), NULL, NULL, NULL },
};
#define STATES (sizeof(states) / sizeof(states[0]))

/* recipient(f, data): the partner's name, or which kind of body; NULL. */
static const char *recipient(const struct cv_facts *f, const struct cv_json *data)
{
    const char *id = cv_json_get_str(data, "partner");
    for (size_t i = 0; id != NULL && i < f->partners.count; i++)
        if (strcmp(f->partners.p[i].id, id) == 0)
            return cv_json_get_str(f->partners.p[i].directory, "name");
    return id != NULL ? id : cv_json_get_str(data, "recipient");
}

/* put_word(word, otherwise, out): of a choice, as it reads. */
static cv_status put_word(const char *word, const char *otherwise, struct cv_buf *out)
{
    return word != NULL ? cv_choice_label(word, out) : cv_buf_str(out, otherwise);
}

static void print_consent(const struct cv_facts *f, const struct cv_consent *c, size_t i)
{
    const char *day = states[i].day != NULL ? cv_json_get_str(c->data, states[i].day) : NULL;
    const char *to = recipient(f, c->data);
    char shown[CV_MOMENT_BYTES];
    struct cv_buf text = { 0 };
    cv_status st = put_word(cv_json_get_str(c->data, "purpose"), _("purpose not said"), &text);
    if (to != NULL)
        st = CV_THEN(st, cv_buf_printf(&text, _(", to %s"), to));
    if (day != NULL)
        st = CV_THEN(st, cv_buf_printf(&text, "%s%s", _(states[i].when), cv_locale_day(day, shown)));
    else if (states[i].otherwise != NULL)
        st = CV_THEN(st, cv_buf_str(&text, _(states[i].otherwise)));
    say(cv_text_lead("    %-10s", _(states[i].word)), &text, st);
}

static void print_consents(const struct cv_facts *f)
{
    char today[CV_DATE_BYTES];
    cv_date_today(0, today);
    for (size_t i = 0; i < STATES; i++)
        for (size_t j = 0; j < f->consents.count; j++)
            if (strcmp(cv_consent_today(&f->consents.c[j], today), states[i].state) == 0)
                print_consent(f, &f->consents.c[j], i);
}

void cv_facts_print(const struct cv_facts *f, const struct cv_record *r)
{
    print_versions(f, r);
    if (f->looked == CV_FACTS_CLOSED)
        cv_print("  Consents: you may not read these\n");
    else if (f->looked == CV_FACTS_MANY)
        cv_print("  Consents: `casevault consent show --%s ID` looks through all\n", r->type);
    else if (f->looked == CV_FACTS_ELSEWHERE && f->person != NULL)
        cv_print("  Consents: `casevault consent show --person %s`\n", f->person);
    else if (f->looked == CV_FACTS_ELSEWHERE)
        cv_print("  Consents: each person's count: `casevault consent show --person ID`\n");
    else if (f->looked == CV_FACTS_READ && f->consents.count == 0 && strcmp(r->type, "case") == 0)
        cv_print("  Consents: none names this case; each person's count: `casevault consent show\n"
                 "    --person ID`\n");
    else if (f->looked == CV_FACTS_READ && f->consents.count == 0)
        cv_print("  Consents: none is recorded, which is normal: nothing may leave\n");
    else if (f->looked == CV_FACTS_READ) {
        cv_print("  Consents, as of today (`casevault consent show --%s ID` tells more)\n", r->type);
        print_consents(f);
    }
}
