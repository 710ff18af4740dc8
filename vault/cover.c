#include "vault/cover.h"

#include <string.h>

#include "formats/words.h"

static bool is(const struct cv_json *data, const char *name, const char *want)
{
    const char *have = cv_json_get_str(data, name);
    return have != NULL && want != NULL && strcmp(have, want) == 0;
}

/* speaks(c, data, person): of this person, purpose and recipient? */
static bool speaks(const struct cv_cover *c, const struct cv_json *data, const char *person)
{
    const bool to = cv_json_get(data, "partner") != NULL ? is(data, "partner", c->partner)
                                                         : is(data, "recipient", c->kind);
    return to && is(data, "person", person) && is(data, "purpose", c->purpose);
}

/* names(c, data, section, alone): the section, and ${alone} where it must be alone. */
static bool names(const struct cv_cover *c, const struct cv_json *data, const char *section, bool alone)
{
    const struct cv_json *list = cv_json_get(data, "sections");
    const size_t n = cv_json_len(list);
    bool found = false;
    for (size_t i = 0; i < n; i++) {
        const char *name = cv_json_cstr(cv_json_at(list, i));
        found = found || (name != NULL && strcmp(name, section) == 0);
    }
    return found && (!alone || n == 1 || !cv_template_own_consent(c->template, section));
}

const struct cv_consent *cv_cover(const struct cv_cover *c, const char *person, const char *section,
                                  const char **why)
{
    const struct cv_consent *good = NULL;
    *why = N_("there is no consent to this purpose and recipient");
    for (size_t i = 0; i < c->consents->count; i++) {
        const struct cv_consent *one = &c->consents->c[i];
        const char *state = cv_consent_today(one, c->today);
        if (!speaks(c, one->data, person))
            continue;
        const bool ended = strcmp(state, "refused") == 0 || strcmp(state, "withdrawn") == 0;
        /* A refusal need not say which sections: without any it is of all; nor need it name one alone. */
        if (!names(c, one->data, section, !ended) &&
            !(ended && cv_json_len(cv_json_get(one->data, "sections")) == 0)) {
            if (good == NULL && strcmp(state, "in force") == 0)
                *why = cv_template_own_consent(c->template, section)
                           ? N_("it needs a consent that names it alone")
                           : N_("the consent to this purpose and recipient does not name it");
            continue;
        }
        if (strcmp(state, "in force") == 0)
            good = one;
        else if (ended || strcmp(state, "doubtful") == 0)
            good = NULL; /* what is lost may have ended it */
        if (good == NULL)
            *why = strcmp(state, "refused") == 0     ? N_("the consent was refused")
                   : strcmp(state, "withdrawn") == 0 ? N_("the consent was withdrawn")
                   : strcmp(state, "over") == 0      ? N_("the consent is over")
                   : strcmp(state, "not yet") == 0   ? N_("the consent does not begin yet")
                   : strcmp(state, "doubtful") == 0  ? N_("a later word about the consent is lost: ask again")
                                                     : N_("consent was not asked for");
    }
    return good;
}

/* rely(list, consent, person, section): one more section that this consent is needed for. */
static cv_status rely(struct cv_json *list, const struct cv_consent *consent, const char *person,
                      const char *section)
{
    struct cv_json *sections = NULL;
    for (size_t i = 0; i < cv_json_len(list) && sections == NULL; i++)
        if (is(cv_json_at(list, i), "record", consent->id))
            sections = cv_json_get(cv_json_at(list, i), "sections");
    if (sections != NULL)
        return cv_json_push_word(sections, section);
    struct cv_json *o = cv_json_object();
    sections = cv_json_array();
    cv_status st = cv_json_set(o, "person", cv_json_str(person));
    st = CV_THEN(st, cv_json_set(o, "record", cv_json_str(consent->id)));
    st = CV_THEN(st, cv_json_set(o, "version", cv_json_int((int64_t)consent->version)));
    st = CV_THEN(st, cv_json_push(sections, cv_json_str(section)));
    st = CV_THEN(st, cv_json_set(o, "sections", cv_json_ref(sections)));
    st = CV_THEN(st, cv_json_push(list, cv_json_ref(o)));
    cv_json_free(sections);
    cv_json_free(o);
    return st;
}

static cv_status miss(struct cv_json *list, const char *person, const char *section, const char *why)
{
    for (size_t i = 0; i < cv_json_len(list); i++)
        if (is(cv_json_at(list, i), "person", person) && is(cv_json_at(list, i), "section", section))
            return CV_OK;
    struct cv_json *o = cv_json_object();
    cv_status st = cv_json_set(o, "person", cv_json_str(person));
    st = CV_THEN(st, cv_json_set(o, "section", cv_json_str(section)));
    st = CV_THEN(st, cv_json_set(o, "why", cv_json_str(why)));
    st = CV_THEN(st, cv_json_push(list, cv_json_ref(o)));
    cv_json_free(o);
    return st;
}

cv_status cv_cover_all(const struct cv_cover *c, const struct cv_json *items, struct cv_json *consents,
                       struct cv_json *missing)
{
    cv_status st = CV_OK;
    for (size_t i = 0; i < cv_json_len(items); i++) {
        const struct cv_json *subjects = cv_json_get(cv_json_at(items, i), "subjects"),
                             *needs = cv_json_get(cv_json_at(items, i), "needs");
        for (size_t n = 0; st == CV_OK && n < cv_json_len(needs); n++) {
            const char *section = cv_json_cstr(cv_json_at(needs, n)), *why;
            if (cv_json_len(subjects) == 0)
                st =
                    miss(missing, "-", section, "it is not known whose it is, so nobody's consent covers it");
            for (size_t s = 0; st == CV_OK && s < cv_json_len(subjects); s++) {
                const char *person = cv_json_cstr(cv_json_at(subjects, s));
                const struct cv_consent *good = cv_cover(c, person, section, &why);
                st = good != NULL ? rely(consents, good, person, section)
                                  : miss(missing, person, section, why);
            }
        }
    }
    return st;
}
