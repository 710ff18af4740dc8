#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/random.h"
#include "formats/date.h"
#include "vault/cover.h"
#include "vault/notice.h"
#include "vault/package.h"
#include "vault/related.h"

/* Choosing what would leave: of every record of the case that the profile carries, field by field. */

#define CONSENT "consent"
#define PERSON "person"
#define DAYS_TO_APPROVE 30
#define DAYS_OF_USE 365
#define ELEMENT_MAX 64

struct planning {
    struct cv_vault *v;
    const struct cv_package_request *q;
    struct cv_related related;
    struct cv_json *items, *withheld, *consents, *missing, *shown;
    const struct cv_json *asked; /* the items of a plan that is judged again; NULL */
};

void cv_plan_free(struct cv_plan *plan)
{
    cv_json_free(plan->doc);
    cv_json_free(plan->shown);
    memset(plan, 0, sizeof(*plan));
}

/* ---- rights ---- */

/* has_right(v, section, right): by the template that the policy names. */
static bool has_right(const struct cv_vault *v, const char *section, unsigned right)
{
    const struct cv_policy *p = cv_vault_policy(v);
    const struct cv_policy_member *me = cv_vault_me(v);
    for (size_t r = 0; me != NULL && r < p->role_count; r++)
        if ((me->roles & ((cv_roles)1 << r)) != 0 &&
            (cv_template_rights(v->template, section, p->roles[r].name) & right) != 0)
            return true;
    return false;
}

bool cv_holds_export(const struct cv_vault *v)
{
    const struct cv_policy_member *me = cv_vault_me(v);
    return me != NULL && (me->roles & cv_vault_policy(v)->export.holders) != 0;
}

bool cv_may_send(struct cv_vault *v, const char *profile, const char *id, const char *section,
                 const char *field)
{
    if (!cv_holds_export(v) || !cv_template_profile_allows(v->template, profile, section, field))
        return false;
    return (has_right(v, section, CV_RIGHT_EXPORT) && cv_vault_may_read(v, section)) ||
           (cv_template_profile_names(v->template, profile, section, field) && cv_record_may(v, id, section));
}

/* ---- what was asked for ---- */

/* left_out(q, id, section, field): NULL for none: the record as a whole, or the section. */
static bool left_out(const struct cv_package_request *q, const char *id, const char *section,
                     const char *field)
{
    char both[2 * CV_NAME_BYTES];
    snprintf(both, sizeof(both), "%s.%s", section != NULL ? section : "", field != NULL ? field : "");
    for (size_t i = 0; q->without != NULL && q->without[i] != NULL; i++)
        if (strcmp(q->without[i], id) == 0 || (section != NULL && strcmp(q->without[i], section) == 0) ||
            (field != NULL && strcmp(q->without[i], both) == 0))
            return true;
    return false;
}

/* named(q, id, element): does a statement's name say so? ${element} counts from 0, names from 1. */
static bool named(const struct cv_package_request *q, const char *id, size_t element)
{
    char name[CV_ID_TEXT_BYTES + 24];
    snprintf(name, sizeof(name), "%s.%zu", id, element + 1);
    for (size_t i = 0; q->statements != NULL && q->statements[i] != NULL; i++)
        if (strcmp(q->statements[i], name) == 0)
            return true;
    return false;
}

static bool any_named(const struct cv_package_request *q, const char *id)
{
    for (size_t i = 0; i < ELEMENT_MAX; i++)
        if (named(q, id, i))
            return true;
    return false;
}

/* known_part(t, word): a section, a section's field of some type, or a record's id. */
static bool known_part(const struct cv_template *t, const char *word)
{
    uint8_t id[CV_ID_BYTES];
    const char *dot = strchr(word, '.'), *type;
    char section[CV_NAME_BYTES] = "";
    struct cv_template_field f;
    if (cv_id_parse(cv_bytes_str(word), id, NULL) == CV_OK)
        return true;
    const size_t n = dot != NULL ? (size_t)(dot - word) : strlen(word);
    if (n == 0 || n >= sizeof(section))
        return false;
    memcpy(section, word, n);
    for (size_t i = 0; (type = cv_template_type(t, i)) != NULL; i++)
        if (dot == NULL ? cv_template_has(t, type, section)
                        : cv_template_field_named(t, type, section, dot + 1, &f))
            return true;
    return false;
}

static cv_status check_words(const struct planning *w, struct cv_err *err)
{
    for (size_t i = 0; w->q->without != NULL && w->q->without[i] != NULL; i++)
        if (!known_part(w->v->template, w->q->without[i]))
            return cv_fail(err, CV_ERR_ARG,
                           "--without %.60s: there is no such section, SECTION.FIELD or record",
                           w->q->without[i]);
    for (size_t i = 0; w->q->statements != NULL && w->q->statements[i] != NULL; i++) {
        const char *word = w->q->statements[i], *dot = strrchr(word, '.');
        char id[CV_ID_TEXT_BYTES] = "";
        const size_t n = dot != NULL ? (size_t)(dot - word) : 0;
        if (n > 0 && n < sizeof(id))
            memcpy(id, word, n);
        const struct cv_relative *r = cv_relative(&w->related, id);
        const unsigned long number = dot != NULL ? strtoul(dot + 1, NULL, 10) : 0;
        if (r == NULL || number == 0 || number > ELEMENT_MAX)
            return cv_fail(err, CV_ERR_ARG,
                           "--statement %.60s: wanted is RECORD.NUMBER, of a record of this case; the first "
                           "statement is number 1",
                           word);
    }
    return CV_OK;
}

/* check_profile(v, name): one of the template's; they are named where it is not. */
static cv_status check_profile(const struct cv_vault *v, const char *name, struct cv_err *err)
{
    struct cv_buf list = { 0 };
    const char *known;
    cv_status st = CV_OK;
    for (size_t i = 0; name != NULL && (known = cv_template_profile(v->template, i)) != NULL; i++) {
        if (strcmp(known, name) == 0)
            name = NULL;
        st = CV_THEN(st, cv_buf_printf(&list, "%s%s", i > 0 ? ", " : "", known));
    }
    if (name != NULL)
        st = CV_THEN(st, cv_fail(err, CV_ERR_ARG, "there is no profile %.40s; there are: %.*s", name,
                                 (int)list.n, list.n > 0 ? (const char *)list.p : ""));
    cv_buf_free(&list);
    return st;
}

/* ---- one record ---- */

/* ground(w, id, section, f): why a field stays, whatever it holds; NULL if it may go. */
static const char *ground(const struct planning *w, const char *id, const char *section,
                          const struct cv_template_field *f)
{
    if (!cv_template_profile_allows(w->v->template, w->q->profile, section, f->name))
        return "profile";
    if (left_out(w->q, id, section, f->name))
        return "choice";
    if (!cv_may_send(w->v, w->q->profile, id, section, f->name))
        return "right";
    return f->named && !any_named(w->q, id) ? "named" : NULL;
}

/* What one record would give. */
struct one {
    const struct cv_version *of;
    struct cv_record r;
    struct cv_json *fields, *needs, *lines;
};

static cv_status add_line(struct one *o, const char *section, const char *field, const char *why)
{
    struct cv_json *line = cv_json_object();
    cv_status st = cv_json_set(line, "section", cv_json_str(section));
    st = CV_THEN(st, cv_json_set(line, "field", cv_json_str(field)));
    if (why != NULL)
        st = CV_THEN(st, cv_json_set(line, "ground", cv_json_str(why)));
    st = CV_THEN(st, cv_json_push(o->lines, cv_json_ref(line)));
    cv_json_free(line);
    return st;
}

/* withhold(w, id, section, why): for the manifest: each ground of a section once. */
static cv_status withhold(struct planning *w, const char *id, const char *section, const char *why)
{
    for (size_t i = 0; i < cv_json_len(w->withheld); i++) {
        const struct cv_json *o = cv_json_at(w->withheld, i);
        if (strcmp(cv_json_get_str(o, "record"), id) == 0 &&
            strcmp(cv_json_get_str(o, "section"), section) == 0 &&
            strcmp(cv_json_get_str(o, "ground"), why) == 0)
            return CV_OK;
    }
    struct cv_json *o = cv_json_object();
    cv_status st = cv_json_set(o, "record", cv_json_str(id));
    st = CV_THEN(st, cv_json_set(o, "section", cv_json_str(section)));
    st = CV_THEN(st, cv_json_set(o, "ground", cv_json_str(why)));
    st = CV_THEN(st, cv_json_push(w->withheld, cv_json_ref(o)));
    cv_json_free(o);
    return st;
}

/* send(w, o, section, f, value): the pointers of a field that goes: of each element, where these go one by
 * one. */
static cv_status send(struct planning *w, struct one *o, const char *section,
                      const struct cv_template_field *f, const struct cv_json *value)
{
    char pointer[96];
    cv_status st = CV_OK;
    bool went = false;
    for (size_t i = 0; st == CV_OK && i < (f->elements ? cv_json_len(value) : 1); i++) {
        if (f->named && !named(w->q, o->of->id, i))
            continue;
        snprintf(pointer, sizeof(pointer), "/%s/%s", section, f->name);
        if (f->elements)
            snprintf(pointer, sizeof(pointer), "/%s/%s/%zu", section, f->name, i);
        st = cv_json_push(o->fields, cv_json_str(pointer));
        went = true;
    }
    if (st != CV_OK || !went)
        return st;
    bool known = false;
    for (size_t i = 0; i < cv_json_len(o->needs); i++)
        known = known || strcmp(cv_json_cstr(cv_json_at(o->needs, i)), section) == 0;
    if (!known)
        st = cv_json_push(o->needs, cv_json_str(section));
    st = CV_THEN(st, add_line(o, section, f->name, NULL));
    return f->named ? CV_THEN(st, withhold(w, o->of->id, section, "named")) : st;
}

/* only_ground(w, id, type, section): why all of it stays, if it does for one reason. */
static const char *only_ground(const struct planning *w, const char *id, const char *type,
                               const char *section)
{
    struct cv_template_field f;
    const char *first = NULL;
    for (size_t i = 0; cv_template_field(w->v->template, type, section, i, &f); i++) {
        const char *why = ground(w, id, section, &f);
        if (why == NULL || (first != NULL && strcmp(first, why) != 0))
            return NULL;
        first = why;
    }
    return first;
}

static cv_status plan_section(struct planning *w, struct one *o, const char *section)
{
    const struct cv_json *data = cv_record_section(&o->r, section);
    const char *all = only_ground(w, o->of->id, o->of->type, section);
    struct cv_template_field f;
    cv_status st = CV_OK;
    if (all != NULL)
        st = add_line(o, section, "", all);
    for (size_t i = 0; st == CV_OK && cv_template_field(w->v->template, o->of->type, section, i, &f); i++) {
        const char *why = ground(w, o->of->id, section, &f);
        const struct cv_json *value = cv_json_get(data, f.name);
        if (why != NULL && all == NULL)
            st = add_line(o, section, f.name, why);
        if (why != NULL)
            st = CV_THEN(st, withhold(w, o->of->id, section, why));
        else if (value != NULL)
            st = send(w, o, section, &f, value);
    }
    return st;
}

/* read_one(w, o): the sections of which something may go; none: nothing is read. */
static cv_status read_one(struct planning *w, struct one *o, bool *any, struct cv_err *err)
{
    const char *sections[CV_ENVELOPE_PARTS_MAX + 1], *section;
    struct cv_template_field f;
    size_t n = 0;
    for (size_t i = 0; (section = cv_template_type_section(w->v->template, o->of->type, i)) != NULL; i++) {
        bool goes = false;
        for (size_t j = 0; cv_template_field(w->v->template, o->of->type, section, j, &f) && !goes; j++)
            goes = ground(w, o->of->id, section, &f) == NULL;
        if (goes && n < CV_ENVELOPE_PARTS_MAX)
            sections[n++] = section;
    }
    sections[n] = NULL;
    *any = n > 0;
    return n == 0 ? CV_OK : cv_record_read(w->v, o->of->id, 0, sections, "export", w->q->reason, &o->r, err);
}

/* plays(refs, role): a person's role in the case. */
static bool plays(const struct cv_json *refs, const char *role)
{
    const char *have = cv_json_get_str(refs, "role");
    return have != NULL && strcmp(have, role) == 0;
}

static cv_status add_once(struct cv_json *list, const char *word)
{
    for (size_t i = 0; i < cv_json_len(list); i++)
        if (strcmp(cv_json_cstr(cv_json_at(list, i)), word) == 0)
            return CV_OK;
    return cv_json_push(list, cv_json_str(word));
}

/* add_subject(w, list, person): whose consent counts: everybody's but a suspect's. */
static cv_status add_subject(const struct planning *w, struct cv_json *list, const char *person)
{
    const struct cv_relative *r = cv_relative(&w->related, person);
    return r != NULL && plays(r->refs, "Suspect") ? CV_OK : add_once(list, person);
}

static cv_status add_victims(const struct planning *w, struct cv_json *out)
{
    cv_status st = CV_OK;
    for (size_t i = 0; st == CV_OK && i < w->related.count; i++)
        if (strcmp(w->related.r[i].of->type, PERSON) == 0 && plays(w->related.r[i].refs, "Victim"))
            st = cv_json_push(out, cv_json_str(w->related.r[i].of->id));
    return st;
}

/* subjects(w, r, out): whose data a record holds: the person, the persons it points to, or else the victims
 * of the case. */
static cv_status subjects(const struct planning *w, const struct cv_relative *r, struct cv_json *out)
{
    const struct cv_json *one = cv_json_get(r->refs, PERSON), *many = cv_json_get(r->refs, "persons");
    const bool itself = r == &w->related.r[0]; /* the case names everybody, suspects as well */
    cv_status st = CV_OK;
    if (strcmp(r->of->type, PERSON) == 0)
        st = add_subject(w, out, r->of->id);
    else if (cv_json_cstr(one) != NULL)
        st = add_subject(w, out, cv_json_cstr(one));
    for (size_t i = 0; !itself && i < cv_json_len(many) && st == CV_OK; i++)
        if (cv_json_cstr(cv_json_at(many, i)) != NULL)
            st = add_subject(w, out, cv_json_cstr(cv_json_at(many, i)));
    return st == CV_OK && cv_json_len(out) == 0 ? add_victims(w, out) : st;
}

/* title(w, o): of the record, from what was read of it. */
static struct cv_json *title(const struct planning *w, const struct one *o)
{
    struct cv_template_field f;
    struct cv_buf text = { 0 };
    const char *section;
    cv_status st = CV_OK;
    for (size_t i = 0; st == CV_OK && cv_template_title(w->v->template, o->of->type, i, &section, &f); i++) {
        const struct cv_bytes value = cv_json_text(cv_json_get(cv_record_section(&o->r, section), f.name));
        if (value.n > 0 && text.n > 0)
            st = cv_buf_str(&text, " ");
        st = CV_THEN(st, cv_buf_append(&text, value));
    }
    struct cv_json *out = st == CV_OK ? cv_json_strn(cv_buf_view(&text)) : NULL;
    cv_buf_free(&text);
    return out;
}

/* take_one(w, o, r): into the plan, if anything goes. ${r} NULL: a consent that is relied on. */
static cv_status take_one(struct planning *w, struct one *o, const struct cv_relative *r)
{
    struct cv_json *item = cv_json_object(), *who = cv_json_array(), *shown = cv_json_object();
    cv_status st = cv_json_set(item, "record", cv_json_str(o->of->id));
    st = CV_THEN(st, cv_json_set(item, "version", cv_json_int((int64_t)o->r.version)));
    st = CV_THEN(st, cv_json_set(item, "type", cv_json_str(o->of->type)));
    st = CV_THEN(st, cv_json_set(item, "fields", cv_json_ref(o->fields)));
    if (r != NULL)
        st = CV_THEN(st, subjects(w, r, who));
    st = CV_THEN(st, cv_json_set(item, "subjects", cv_json_ref(who)));
    st = CV_THEN(st, cv_json_set(item, "needs", r != NULL ? cv_json_ref(o->needs) : cv_json_array()));
    st = CV_THEN(st, cv_json_push(w->items, cv_json_ref(item)));
    st = CV_THEN(st, cv_json_set(shown, "record", cv_json_str(o->of->id)));
    st = CV_THEN(st, cv_json_set(shown, "type", cv_json_str(o->of->type)));
    st = CV_THEN(st, cv_json_set(shown, "title", title(w, o)));
    st = CV_THEN(st, cv_json_set(shown, "lines", cv_json_ref(o->lines)));
    st = CV_THEN(st, cv_json_push(w->shown, cv_json_ref(shown)));
    cv_json_free(item);
    cv_json_free(who);
    cv_json_free(shown);
    return st;
}

static cv_status plan_one(struct planning *w, const struct cv_version *of, const struct cv_relative *r,
                          struct cv_err *err)
{
    struct one o = {
        .of = of, .fields = cv_json_array(), .needs = cv_json_array(), .lines = cv_json_array()
    };
    const size_t before = cv_json_len(w->withheld);
    const char *section;
    bool any = false;
    cv_status st =
        o.fields == NULL || o.needs == NULL || o.lines == NULL ? CV_ERR_NOMEM : read_one(w, &o, &any, err);
    for (size_t i = 0;
         any && st == CV_OK && (section = cv_template_type_section(w->v->template, of->type, i)) != NULL; i++)
        st = plan_section(w, &o, section);
    if (st == CV_OK && cv_json_len(o.fields) > 0)
        st = take_one(w, &o, r);
    else /* that there is such a record is told to nobody */
        while (st == CV_OK && cv_json_len(w->withheld) > before)
            st = cv_json_pop(w->withheld);
    cv_record_free(&o.r);
    cv_json_free(o.fields);
    cv_json_free(o.needs);
    cv_json_free(o.lines);
    return st;
}

/* plan_records(w): type by type as the profile names them, each by entry. */
static cv_status plan_records(struct planning *w, struct cv_err *err)
{
    const char *type;
    cv_status st = CV_OK;
    for (size_t t = 0;
         st == CV_OK && (type = cv_template_profile_type(w->v->template, w->q->profile, t)) != NULL; t++)
        for (size_t i = 0; strcmp(type, CONSENT) != 0 && i < w->related.count && st == CV_OK; i++)
            if (strcmp(w->related.r[i].of->type, type) == 0 &&
                !left_out(w->q, w->related.r[i].of->id, NULL, NULL))
                st = plan_one(w, w->related.r[i].of, &w->related.r[i], err);
    return st;
}

/* version_of(list, id): its last one. */
static const struct cv_version *last_of(const struct cv_versions *list, const char *id)
{
    const struct cv_version *last = NULL;
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->v[i].id, id) == 0)
            last = &list->v[i];
    return last;
}

/* plan_consents(w): those that are relied on go along, where the profile carries them. */
static cv_status plan_consents(struct planning *w, struct cv_err *err)
{
    const char *type;
    bool carried = false;
    cv_status st = CV_OK;
    for (size_t t = 0; (type = cv_template_profile_type(w->v->template, w->q->profile, t)) != NULL; t++)
        carried = carried || strcmp(type, CONSENT) == 0;
    for (size_t i = 0; carried && st == CV_OK && i < cv_json_len(w->consents); i++) {
        const struct cv_version *of =
            last_of(&w->related.all, cv_json_get_str(cv_json_at(w->consents, i), "record"));
        if (of != NULL && !left_out(w->q, of->id, NULL, NULL))
            st = plan_one(w, of, NULL, err);
    }
    return st;
}

/* ---- the whole ---- */

static bool has_word(const struct cv_json *list, const char *word)
{
    for (size_t i = 0; word != NULL && i < cv_json_len(list); i++)
        if (strcmp(cv_json_cstr(cv_json_at(list, i)), word) == 0)
            return true;
    return false;
}

/* elsewhere(w, id, err): a record that the plan may not name, however it got there. */
static cv_status elsewhere(struct planning *w, const char *id, struct cv_err *err)
{
    const struct cv_refusal refusal = { .to = "export", .record = w->q->case_id, .reason = w->q->reason };
    return cv_event_refuse(
        w->v, &refusal, CV_ERR_CONSENT, err,
        "the package asks for record %s, which does not belong to its case (any more); ask "
        "for it anew with `package new`",
        id);
}

/* check_consents(w, list): a consent goes along only where it is one of those whose data goes. */
static cv_status check_consents(struct planning *w, const struct cv_consents *list, struct cv_err *err)
{
    for (size_t i = 0; i < cv_json_len(w->asked); i++)
        for (size_t c = 0; c < list->count; c++) {
            const char *id = cv_json_get_str(cv_json_at(w->asked, i), "record");
            bool known = strcmp(list->c[c].id, id) != 0;
            for (size_t j = 0; !known && j < cv_json_len(w->items); j++)
                known = has_word(cv_json_get(cv_json_at(w->items, j), "subjects"),
                                 cv_json_get_str(list->c[c].data, PERSON));
            if (!known)
                return elsewhere(w, id, err);
        }
    return CV_OK;
}

static cv_status judge(struct planning *w, const struct cv_partner_info *partner, struct cv_err *err)
{
    struct cv_consents consents = { 0 };
    char today[CV_DATE_BYTES];
    cv_date_today(0, today);
    cv_status st = cv_consents(w->v, w->q->reason, &consents, err);
    const struct cv_cover cover = { .template = w->v->template,
                                    .consents = &consents,
                                    .purpose = cv_template_profile_purpose(w->v->template, w->q->profile),
                                    .partner = partner->id,
                                    .kind = cv_json_get_str(partner->directory, "type"),
                                    .today = today };
    st = CV_THEN(st, cv_cover_all(&cover, w->items, w->consents, w->missing));
    st = CV_THEN(st, check_consents(w, &consents, err));
    cv_consents_free(&consents);
    return st;
}

/* again(w, item): whose it is and what it needs, as the plan says and as the records say. */
static cv_status again(struct planning *w, const struct cv_json *item, struct cv_err *err)
{
    const char *id = cv_json_get_str(item, "record");
    const struct cv_relative *r = cv_relative(&w->related, id);
    const struct cv_json *fields = cv_json_get(item, "fields");
    const bool consent = strcmp(cv_json_get_str(item, "type"), CONSENT) == 0;
    const struct cv_version *last = last_of(&w->related.all, id);
    if (last != NULL && strcmp(last->type, cv_json_get_str(item, "type")) != 0)
        return elsewhere(w, id, err);
    if (consent) /* check_consents sees to these */
        return CV_OK;
    if (r == NULL && last != NULL)
        return elsewhere(w, id, err);
    struct cv_json *o = cv_json_object(), *needs = cv_json_copy(cv_json_get(item, "needs")),
                   *who = cv_json_copy(cv_json_get(item, "subjects"));
    cv_status st = o == NULL || needs == NULL || who == NULL ? CV_ERR_NOMEM : CV_OK;
    for (size_t i = 0; i < cv_json_len(fields) && st == CV_OK; i++) {
        char section[CV_NAME_BYTES] = "";
        const char *pointer = cv_json_cstr(cv_json_at(fields, i));
        snprintf(section, sizeof(section), "%.*s", (int)strcspn(pointer + (pointer[0] == '/'), "/"),
                 pointer + (pointer[0] == '/'));
        st = add_once(needs, section);
    }
    if (r != NULL) /* else it was erased, and reading it says so */
        st = CV_THEN(st, subjects(w, r, who));
    st = CV_THEN(st, cv_json_set(o, "subjects", cv_json_ref(who)));
    st = CV_THEN(st, cv_json_set(o, "needs", cv_json_ref(needs)));
    st = CV_THEN(st, cv_json_push(w->items, cv_json_ref(o)));
    cv_json_free(o);
    cv_json_free(needs);
    cv_json_free(who);
    return st;
}

cv_status cv_plan_judge(struct cv_vault *v, const struct cv_json *doc, const struct cv_partner_info *partner,
                        const char *reason, struct cv_json *consents, struct cv_json *missing,
                        struct cv_err *err)
{
    const struct cv_package_request q = { .case_id = cv_json_get_str(doc, "record"),
                                          .profile = cv_json_get_str(doc, "profile"),
                                          .reason = reason };
    struct planning w = { .v = v,
                          .q = &q,
                          .items = cv_json_array(),
                          .consents = consents,
                          .missing = missing,
                          .asked = cv_json_get(doc, "items") };
    cv_status st =
        w.items == NULL ? CV_ERR_NOMEM : cv_related(v, q.case_id, q.profile, reason, &w.related, err);
    for (size_t i = 0; i < cv_json_len(w.asked) && st == CV_OK; i++)
        st = again(&w, cv_json_at(w.asked, i), err);
    st = CV_THEN(st, judge(&w, partner, err));
    cv_related_free(&w.related);
    cv_json_free(w.items);
    return st;
}

cv_status cv_partner_sealable(const struct cv_partner_info *p, struct cv_err *err)
{
    const char *to = cv_json_get_str(p->directory, "age_recipient");
    if (to == NULL)
        return cv_fail(err, CV_ERR_ARG,
                       "it is not known how packages for %.60s are sealed: add its age recipient, or "
                       "`passphrase`, with `record edit %s --set directory.age_recipient=...`",
                       cv_json_get_str(p->directory, "name"), p->id);
    if (strcmp(to, "passphrase") != 0 && !cv_partner_confirmed(p->directory))
        return cv_fail(
            err, CV_ERR_ARG,
            "the recipient key of %.60s was not confirmed by a fingerprint that they read out; see "
            "`partner add`",
            cv_json_get_str(p->directory, "name"));
    return CV_OK;
}

static cv_status write_doc(const struct planning *w, const struct cv_partner_info *partner,
                           struct cv_json *doc)
{
    uint8_t raw[CV_ID_BYTES];
    char id[CV_ID_TEXT_BYTES], until[CV_DATE_BYTES], expires[CV_DATE_BYTES];
    struct cv_json *to = cv_json_object();
    const char *kind = cv_json_get_str(partner->directory, "type");
    cv_date_today(DAYS_TO_APPROVE, until);
    cv_date_today(DAYS_OF_USE, expires);
    cv_status st = cv_random(raw, sizeof(raw));
    cv_id_text(raw, id);
    st = CV_THEN(st, cv_json_set(to, "name", cv_json_str(cv_json_get_str(partner->directory, "name"))));
    st = CV_THEN(st, cv_json_set(to, "record", cv_json_str(partner->id)));
    st = CV_THEN(st,
                 cv_json_set(to, "recipient", cv_json_ref(cv_json_get(partner->directory, "age_recipient"))));
    st = CV_THEN(st, cv_json_set(doc, "package", cv_json_str(id)));
    st = CV_THEN(st, cv_json_set(doc, "partner", cv_json_ref(to)));
    st = CV_THEN(st, cv_json_set(doc, "kind", cv_json_str(kind != NULL ? kind : "")));
    st = CV_THEN(st, cv_json_set(doc, "profile", cv_json_str(w->q->profile)));
    st = CV_THEN(st, cv_json_set(doc, "purpose",
                                 cv_json_str(cv_template_profile_purpose(w->v->template, w->q->profile))));
    st = CV_THEN(st,
                 cv_json_set(doc, "expires", cv_json_str(w->q->expires != NULL ? w->q->expires : expires)));
    st = CV_THEN(st, cv_json_set(doc, "until", cv_json_str(until)));
    st = CV_THEN(st, cv_json_set(doc, "basis", cv_json_str(w->q->basis != NULL ? w->q->basis : "")));
    st = CV_THEN(st, cv_json_set(doc, "items", cv_json_ref(w->items)));
    st = CV_THEN(st, cv_json_set(doc, "withheld", cv_json_ref(w->withheld)));
    st = CV_THEN(st, cv_json_set(doc, "consents", cv_json_ref(w->consents)));
    st = CV_THEN(st, cv_json_set(doc, "missing", cv_json_ref(w->missing)));
    cv_json_free(to);
    return st;
}

static cv_status prepare(struct planning *w, struct cv_partner_info *partner, struct cv_err *err)
{
    const struct cv_package_request *q = w->q;
    const struct cv_refusal refusal = { .to = "export", .reason = q->reason };
    char today[CV_DATE_BYTES];
    cv_date_today(0, today);
    w->items = cv_json_array();
    w->withheld = cv_json_array();
    w->consents = cv_json_array();
    w->missing = cv_json_array();
    w->shown = cv_json_array();
    if (w->items == NULL || w->withheld == NULL || w->consents == NULL || w->missing == NULL ||
        w->shown == NULL)
        return CV_ERR_NOMEM;
    if (q->expires != NULL && (!cv_date_ok(cv_bytes_str(q->expires), false) || strcmp(q->expires, today) < 0))
        return cv_fail(err, CV_ERR_ARG, "--expires wants a day that is not over, as in %s", today);
    cv_status st = check_profile(w->v, q->profile, err);
    if (st == CV_OK && !cv_holds_export(w->v))
        st = cv_event_refuse(
            w->v, &refusal, CV_ERR_DENIED, err,
            "none of your roles may send anything out of the vault; the attempt is in the log");
    st = CV_THEN(st, cv_partner_find(w->v, q->partner, q->reason, partner, err));
    st = CV_THEN(st, cv_partner_sealable(partner, err));
    st = CV_THEN(st, cv_related(w->v, q->case_id, q->profile, q->reason, &w->related, err));
    return CV_THEN(st, check_words(w, err));
}

cv_status cv_plan_make(struct cv_vault *v, const struct cv_package_request *request, struct cv_plan *out,
                       struct cv_err *err)
{
    struct planning w = { .v = v, .q = request };
    struct cv_partner_info partner = { 0 };
    memset(out, 0, sizeof(*out));
    out->doc = cv_json_object();
    cv_status st = prepare(&w, &partner, err);
    st = CV_THEN(st, plan_records(&w, err));
    if (st == CV_OK && cv_json_len(w.items) == 0)
        st = cv_fail(err, CV_ERR_NOTFOUND, "nothing of this case would go under the profile %.40s",
                     request->profile);
    st = CV_THEN(st, judge(&w, &partner, err));
    st = CV_THEN(st, plan_consents(&w, err));
    st = CV_THEN(st, write_doc(&w, &partner, out->doc));
    if (st == CV_OK)
        memcpy(out->case_id, w.related.r[0].of->id, sizeof(out->case_id));
    out->shown = st == CV_OK ? cv_json_ref(w.shown) : NULL;
    cv_related_free(&w.related);
    cv_partner_free(&partner);
    cv_json_free(w.items);
    cv_json_free(w.withheld);
    cv_json_free(w.consents);
    cv_json_free(w.missing);
    cv_json_free(w.shown);
    if (st != CV_OK)
        cv_plan_free(out);
    return cv_err_note(err, st, "package");
}
