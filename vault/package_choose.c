#include "vault/package_choose.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PERSON "person"
#define ELEMENT_MAX 64

/* ---- what was asked for ---- */

/* cv_choose_left_out(q, id, section, field): NULL for none: the record as a whole, or the section. */
bool cv_choose_left_out(const struct cv_package_request *q, const char *id, const char *section,
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

cv_status cv_choose_check(const struct planning *w, struct cv_err *err)
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

/* ---- one record ---- */

/* ground(w, id, section, f): why a field stays, whatever it holds; NULL if it may go. */
static const char *ground(const struct planning *w, const char *id, const char *section,
                          const struct cv_template_field *f)
{
    if (!cv_template_profile_allows(w->v->template, w->q->profile, section, f->name))
        return "profile";
    if (cv_choose_left_out(w->q, id, section, f->name))
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
    st = cv_json_push_word(o->needs, section);
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

/* add_subject(w, list, person): whose consent counts: everybody's but a suspect's. */
static cv_status add_subject(const struct planning *w, struct cv_json *list, const char *person)
{
    const struct cv_relative *r = cv_relative(&w->related, person);
    return r != NULL && plays(r->refs, "Suspect") ? CV_OK : cv_json_push_word(list, person);
}

static cv_status add_victims(const struct planning *w, struct cv_json *out)
{
    cv_status st = CV_OK;
    for (size_t i = 0; st == CV_OK && i < w->related.count; i++)
        if (strcmp(w->related.r[i].of->type, PERSON) == 0 && plays(w->related.r[i].refs, "Victim"))
            st = cv_json_push(out, cv_json_str(w->related.r[i].of->id));
    return st;
}

/* whose data a record holds: the person, the persons it points to, or else the victims
 * of the case. */
cv_status cv_choose_subjects(const struct planning *w, const struct cv_relative *r, struct cv_json *out)
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
        st = CV_THEN(st, cv_choose_subjects(w, r, who));
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

cv_status cv_choose_record(struct planning *w, const struct cv_version *of, const struct cv_relative *r,
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
