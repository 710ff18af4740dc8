#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/template.h"
#include "formats/template_field.h"
#include "formats/words.h"

/* Reading a template: whatever does not hold together is refused, with its place. */

#define TITLE "template v1"
#define TYPES_MAX 64
#define SECTIONS_MAX 60
#define ROLES_MAX 60
#define FIELDS_MAX 200
#define ELEMENTS_MAX 64
#define CHOICES_MAX 1000
#define RETENTION_MONTHS_MAX 1200

bool template_name_ok(const char *s)
{
    return s != NULL && s[0] >= 'a' && s[0] <= 'z' && strlen(s) <= TEMPLATE_NAME_MAX &&
           strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(s);
}

static bool reserved(const char *s)
{
    static const char *const words[] = { "head",    "type",     "id",       "record_id", "record_type",
                                         "version", "previous", "carried",  "iss",       "iat",
                                         "vct",     "cnf",      "training", NULL };
    for (size_t i = 0; words[i] != NULL; i++)
        if (strcmp(s, words[i]) == 0)
            return true;
    return false;
}

/* Where a fault is, for messages: "person.identity.birth_date.label"; what follows a NULL is not told. */
struct where {
    const char *at[4];
};
enum { AT_TYPE, AT_SECTION, AT_FIELD, AT_MEMBER };

static cv_status bad(const struct where *w, struct cv_err *err, const char *what)
{
    char place[160] = "";
    size_t n = 0;
    for (size_t i = 0; i < 4 && w->at[i] != NULL; i++)
        n += (size_t)snprintf(place + n, sizeof(place) - n, "%s%.34s", i > 0 ? "." : "", w->at[i]);
    return cv_fail(err, CV_ERR_FORMAT, "template: %s%s%s", place, n > 0 ? ": " : "", _(what));
}

/* A member that an object of the template may have, and its type. */
struct member {
    const char *name;
    enum cv_json_type type;
};

/* check_members(o, list, w, err): an object that has no others; what is wrong is told below ${w}. */
static cv_status check_members(const struct cv_json *o, const struct member *list, const struct where *w,
                               struct cv_err *err)
{
    struct where at = *w;
    size_t depth = 0;
    if (!cv_json_is(o, CV_JSON_OBJECT))
        return bad(w, err, "an object is wanted");
    while (depth < AT_MEMBER && at.at[depth] != NULL)
        depth++;
    for (void *it = cv_json_first(o); it != NULL; it = cv_json_next(o, it)) {
        const struct member *m = list;
        at.at[depth] = cv_json_iter_name(it);
        while (m->name != NULL && strcmp(m->name, at.at[depth]) != 0)
            m++;
        if (m->name == NULL)
            return bad(&at, err, "is unknown; see docs/TEMPLATE.md");
        if (!cv_json_is(cv_json_iter_value(it), m->type))
            return bad(&at, err, "is not of its type; see docs/TEMPLATE.md");
    }
    return CV_OK;
}

/* ---- fields ---- */

static cv_status read_choices(const struct cv_template *t, const struct cv_json *o, struct field *f,
                              const struct where *w, struct cv_err *err)
{
    const char *list = cv_json_get_str(o, "list");
    f->choices = list != NULL ? cv_json_get(cv_json_get(t->doc, "lists"), list) : cv_json_get(o, "choices");
    if (f->type != FIELD_CHOICE)
        return f->choices == NULL ? CV_OK : bad(w, err, "only a choice has choices");
    if (!cv_json_is(f->choices, CV_JSON_ARRAY) || cv_json_len(f->choices) == 0 ||
        cv_json_len(f->choices) > CHOICES_MAX)
        return bad(w, err, "a choice needs 1 to 1,000 choices, or a list that the template has");
    for (size_t i = 0; i < cv_json_len(f->choices); i++)
        if (cv_json_len(cv_json_at(f->choices, i)) == 0 ||
            !cv_json_is(cv_json_at(f->choices, i), CV_JSON_STRING))
            return bad(w, err, "a choice is not a word");
    return CV_OK;
}

/* take_members(o, f): what a field is, as it says itself. */
static void take_members(const struct cv_json *o, struct field *f)
{
    f->label = cv_json_get_str(o, "label");
    f->label = f->label != NULL ? f->label : f->name;
    f->htcds = cv_json_get_str(o, "htcds");
    f->help = cv_json_get_str(o, "help");
    f->from = cv_json_get_str(o, "from");
    f->to = cv_json_get_str(o, "to");
    f->dimension = cv_json_get_str(o, "dimension");
    f->type = field_type_of(cv_json_get_str(o, "type"));
    f->required = cv_json_get_bool(o, "required");
    f->multi = cv_json_get_bool(o, "multi");
    f->elements = cv_json_get_bool(o, "elements");
    f->identifier = cv_json_get_bool(o, "identifier");
    f->partial = cv_json_get_bool(o, "partial");
    f->named = cv_json_get_bool(o, "named");
    f->today = cv_json_get(o, "default") != NULL;
    f->min = cv_json_get(o, "min") != NULL ? cv_json_get_int(o, "min") : INT64_MIN;
}

static cv_status read_fields(const struct cv_template *t, const struct cv_json *list, struct where w,
                             bool inner, struct field **out, size_t *count, struct cv_err *err);

static bool has_inner(const struct field *f, const char *name, enum field_type type)
{
    for (size_t i = 0; i < f->inner_count; i++)
        if (strcmp(f->inner[i].name, name) == 0 && f->inner[i].type == type && !f->inner[i].multi)
            return true;
    return false;
}

/* documents_ok(f): an object that keeps files names them, one by one. */
static bool documents_ok(const struct field *f)
{
    size_t documents = 0;
    for (size_t i = 0; i < f->inner_count; i++)
        documents += f->inner[i].type == FIELD_DOCUMENT;
    return documents == 0 ||
           (documents == 1 && f->elements && !f->named && has_inner(f, "document", FIELD_DOCUMENT) &&
            has_inner(f, "name", FIELD_STRING) && has_inner(f, "sha256", FIELD_SHA256) &&
            has_inner(f, "bytes", FIELD_INTEGER));
}

/* default_fits(f, said, inner): the one default there is, of a date that nothing else fills. */
static bool default_fits(const struct field *f, const char *said, bool inner)
{
    return said == NULL ||
           (strcmp(said, "today") == 0 && f->type == FIELD_DATE && !f->multi && !inner && f->from == NULL);
}

/* read_field(t, o, w, inner, f, err): one field; ${inner} ones stand inside an object and hold none. */
static cv_status read_field(const struct cv_template *t, const struct cv_json *o, struct where *w, bool inner,
                            struct field *f, struct cv_err *err)
{
    static const struct member members[] = {
        { "name", CV_JSON_STRING },      { "label", CV_JSON_STRING },    { "type", CV_JSON_STRING },
        { "htcds", CV_JSON_STRING },     { "help", CV_JSON_STRING },     { "required", CV_JSON_BOOL },
        { "choices", CV_JSON_ARRAY },    { "list", CV_JSON_STRING },     { "multi", CV_JSON_BOOL },
        { "max", CV_JSON_INT },          { "identifier", CV_JSON_BOOL }, { "elements", CV_JSON_BOOL },
        { "partial", CV_JSON_BOOL },     { "to", CV_JSON_STRING },       { "fields", CV_JSON_ARRAY },
        { "from", CV_JSON_STRING },      { "named", CV_JSON_BOOL },      { "mark", CV_JSON_STRING },
        { "dimension", CV_JSON_STRING }, { "min", CV_JSON_INT },         { "default", CV_JSON_STRING },
        { NULL, CV_JSON_NULL },
    };
    f->name = cv_json_get_str(o, "name");
    w->at[AT_FIELD] = f->name != NULL ? f->name : "?";
    if (!template_name_ok(f->name))
        return bad(w, err, "its name is not 1 to 32 of a-z, 0-9 and _");
    cv_status st = check_members(o, members, w, err);
    if (st != CV_OK)
        return st;
    take_members(o, f);
    const int64_t max = cv_json_get(o, "max") != NULL ? cv_json_get_int(o, "max") : 16;
    f->max = (size_t)max;
    if (f->type == FIELD_NONE)
        return bad(w, err, "its type is none of those in docs/TEMPLATE.md");
    if (max < 1 || max > ELEMENTS_MAX || (f->elements && !f->multi) || (f->named && !f->elements))
        return bad(w, err, "max is 1 to 64, elements need multi, and named needs elements");
    if (f->type != FIELD_INTEGER && cv_json_get(o, "min") != NULL)
        return bad(w, err, "min is for integers alone");
    if (!default_fits(f, cv_json_get_str(o, "default"), inner))
        return bad(w, err, "a default is today, of a date that is no list, has no from, and is in no object");
    if (!field_mark(f, cv_json_get_str(o, "mark"), &f->mark))
        return bad(w, err, "its mark is none of those in docs/TEMPLATE.md, or not for its type");
    if (!inner && f->type == FIELD_DOCUMENT)
        return bad(w, err, "a document stands in an object, beside the name and the digest of its file");
    if (inner && (f->elements || f->type == FIELD_OBJECT || f->from != NULL))
        return bad(w, err, "a field inside an object has no elements, no fields and no from");
    st = read_choices(t, o, f, w, err);
    if (st == CV_OK && (f->type == FIELD_OBJECT) != (cv_json_get(o, "fields") != NULL))
        st = bad(w, err, "an object needs fields, and nothing else has them");
    if (st == CV_OK && f->type == FIELD_OBJECT)
        st = read_fields(t, cv_json_get(o, "fields"), *w, true, &f->inner, &f->inner_count, err);
    if (st == CV_OK && !documents_ok(f))
        st = bad(w, err, "documents want elements, and name, sha256, bytes and document in each");
    return st;
}

static cv_status read_fields(const struct cv_template *t, const struct cv_json *list, struct where w,
                             bool inner, struct field **out, size_t *count, struct cv_err *err)
{
    const size_t n = cv_json_len(list);
    *count = 0;
    if (!cv_json_is(list, CV_JSON_ARRAY) || n == 0 || n > FIELDS_MAX)
        return bad(&w, err, "1 to 200 fields are wanted");
    *out = calloc(n, sizeof(**out));
    if (*out == NULL)
        return cv_fail(err, CV_ERR_NOMEM, "template: out of memory");
    for (; *count < n; (*count)++) {
        struct field *f = &(*out)[*count];
        cv_status st = read_field(t, cv_json_at(list, *count), &w, inner, f, err);
        for (size_t j = 0; st == CV_OK && j < *count; j++)
            if (strcmp((*out)[j].name, f->name) == 0)
                st = bad(&w, err, "stands twice");
        if (st != CV_OK) {
            (*count)++; /* what it holds is freed with the others */
            return st;
        }
    }
    return CV_OK;
}

/* ---- where fields point to ---- */

/* age_fits(ty, s, f, born, from): groups of ages, of a day of birth on another day. */
static bool age_fits(const struct type *ty, const struct section *s, const struct field *f,
                     const struct field *born, const struct field_from *from)
{
    const struct field *on = type_field(ty, from->on_section, from->on_field);
    for (size_t i = 0; i < cv_json_len(f->choices); i++)
        if (!age_group_ok(cv_json_cstr(cv_json_at(f->choices, i))))
            return false;
    return f->type == FIELD_CHOICE && born->type == FIELD_DATE && on != NULL && on->type == FIELD_DATE &&
           !f->multi && !born->multi && !on->multi && strcmp(from->on_section, s->name) != 0;
}

/* from_fits(ty, s, f): it names a field of another section of the type, and takes the values found there. */
static bool from_fits(const struct type *ty, const struct section *s, const struct field *f)
{
    struct field_from from;
    if (!field_from_parse(f->from, &from) || strcmp(from.section, s->name) == 0)
        return false;
    const struct field *source = type_field(ty, from.section, from.field);
    if (source == NULL)
        return false;
    if (from.taken == FIELD_AGE)
        return age_fits(ty, s, f, source, &from);
    if (from.taken == FIELD_YEAR)
        return source->type == FIELD_DATE && f->type == FIELD_STRING && !source->multi && !f->multi;
    return source->type == f->type && source->multi == f->multi && source->max == f->max &&
           (f->choices == NULL || cv_json_equal(source->choices, f->choices));
}

#define DIMENSION_CHOICES_MAX 200 /* what statistics can tell apart (formats/tally.c), */
#define DIMENSION_CHOICE_MAX 60   /* and show */

/* dimension_fits(ty, s, f): what is counted by has few values, and is not what somebody wrote; all dimensions
 * of a type stand in one section, under names that differ. */
static bool dimension_fits(const struct type *ty, const struct section *s, const struct field *f)
{
    struct field_from from;
    for (size_t i = 0; i < cv_json_len(f->choices); i++)
        if (i == DIMENSION_CHOICES_MAX || cv_json_len(cv_json_at(f->choices, i)) > DIMENSION_CHOICE_MAX)
            return false;
    if (!template_name_ok(f->dimension) || f->from == NULL || !field_from_parse(f->from, &from) ||
        (f->type != FIELD_CHOICE && f->type != FIELD_COUNTRY && from.taken != FIELD_YEAR))
        return false;
    for (size_t i = 0; i < ty->count; i++)
        for (size_t j = 0; j < ty->sections[i].count; j++) {
            const struct field *other = &ty->sections[i].fields[j];
            if (other != f && other->dimension != NULL &&
                (&ty->sections[i] != s || strcmp(other->dimension, f->dimension) == 0))
                return false;
        }
    return true;
}

static cv_status check_pointers(const struct cv_template *t, const struct type *ty, const struct section *s,
                                const struct field *f, struct cv_err *err)
{
    const struct where w = { { ty->name, s->name, f->name } };
    if (f->from != NULL && !from_fits(ty, s, f))
        return bad(&w, err, "from names no field of another section of its type that fits");
    if (f->dimension != NULL && !dimension_fits(ty, s, f))
        return bad(&w, err,
                   "dimension is a name, one of its type, of a country or year with from, or of at most 200 "
                   "short choices");
    if (f->to != NULL && (f->type != FIELD_REF || template_type(t, f->to) == NULL))
        return bad(&w, err, "to is for a ref, and names a type");
    for (size_t i = 0; i < f->inner_count; i++) {
        cv_status st = check_pointers(t, ty, s, &f->inner[i], err);
        if (st != CV_OK)
            return st;
    }
    return CV_OK;
}

static cv_status check_type_pointers(const struct cv_template *t, const struct type *ty, struct cv_err *err)
{
    for (size_t i = 0; i < ty->count; i++)
        for (size_t j = 0; j < ty->sections[i].count; j++) {
            cv_status st = check_pointers(t, ty, &ty->sections[i], &ty->sections[i].fields[j], err);
            if (st != CV_OK)
                return st;
        }
    return CV_OK;
}

/* ---- types, sections, roles, profiles ---- */

/* is_section(t, name): of records, so not `audit`. */
static bool is_section(const struct cv_template *t, const char *name)
{
    return cv_json_get(cv_json_get(t->doc, "sections"), name) != NULL && strcmp(name, "audit") != 0;
}

/* check_retention(ty, err): months after a date of the record, or after that of the case a reference leads
 * to. */
static cv_status check_retention(const struct type *ty, struct cv_err *err)
{
    static const struct member members[] = { { "months", CV_JSON_INT },
                                             { "after", CV_JSON_STRING },
                                             { "via", CV_JSON_STRING },
                                             { NULL, CV_JSON_NULL } };
    const struct cv_json *o = ty->retention;
    const struct where w = { { ty->name, "retention" } };
    const char *after = cv_json_get_str(o, "after"), *via = cv_json_get_str(o, "via");
    const int64_t months = cv_json_get_int(o, "months");
    const struct section *section;
    cv_status st = check_members(o, members, &w, err);
    if (st != CV_OK)
        return st;
    const struct field *f = type_pointed(ty, after != NULL ? after : via, &section);
    if (months < 1 || months > RETENTION_MONTHS_MAX || (after != NULL) == (via != NULL) || f == NULL ||
        f->type != (after != NULL ? FIELD_DATE : FIELD_REF))
        return bad(&w, err,
                   "wants months, 1 to 1,200, and either after, a date of the type, or via, a reference");
    return CV_OK;
}

static cv_status read_type(const struct cv_template *t, const char *name, const struct cv_json *o,
                           struct type *ty, struct cv_err *err)
{
    static const struct member members[] = { { "label", CV_JSON_STRING },
                                             { "sections", CV_JSON_OBJECT },
                                             { "retention", CV_JSON_OBJECT },
                                             { NULL, CV_JSON_NULL } };
    const struct cv_json *sections = cv_json_get(o, "sections");
    struct where w = { { name } };
    ty->name = name;
    ty->label = cv_json_get_str(o, "label");
    ty->label = ty->label != NULL ? ty->label : name;
    if (!template_name_ok(name))
        return bad(&w, err, "its name is not 1 to 32 of a-z, 0-9 and _");
    cv_status st = check_members(o, members, &w, err);
    if (st != CV_OK)
        return st;
    if (cv_json_len(sections) == 0 || cv_json_len(sections) > SECTIONS_MAX)
        return bad(&w, err, "a type needs 1 to 60 sections");
    ty->sections = calloc(cv_json_len(sections), sizeof(*ty->sections));
    if (ty->sections == NULL)
        return cv_fail(err, CV_ERR_NOMEM, "template: out of memory");
    for (void *it = cv_json_first(sections); it != NULL; it = cv_json_next(sections, it)) {
        struct section *s = &ty->sections[ty->count++];
        s->name = w.at[AT_SECTION] = cv_json_iter_name(it);
        if (!is_section(t, s->name))
            return bad(&w, err, "there is no such section");
        st = read_fields(t, cv_json_iter_value(it), w, false, &s->fields, &s->count, err);
        if (st != CV_OK)
            return st;
    }
    ty->retention = cv_json_get(o, "retention");
    return ty->retention != NULL ? check_retention(ty, err) : CV_OK;
}

static cv_status read_types(struct cv_template *t, struct cv_err *err)
{
    const struct cv_json *types = cv_json_get(t->doc, "types");
    cv_status st = CV_OK;
    if (cv_json_len(types) == 0 || cv_json_len(types) > TYPES_MAX)
        return cv_fail(err, CV_ERR_FORMAT, "template: 1 to %d types are wanted", TYPES_MAX);
    t->types = calloc(cv_json_len(types), sizeof(*t->types));
    if (t->types == NULL)
        return cv_fail(err, CV_ERR_NOMEM, "template: out of memory");
    for (void *it = cv_json_first(types); it != NULL && st == CV_OK; it = cv_json_next(types, it))
        st = read_type(t, cv_json_iter_name(it), cv_json_iter_value(it), &t->types[t->type_count++], err);
    for (size_t i = 0; i < t->type_count && st == CV_OK; i++)
        st = check_type_pointers(t, &t->types[i], err);
    return st;
}

/* check_rights(t, name, rights, err): roles that there are, and letters that mean something. */
static cv_status check_rights(const struct cv_template *t, const char *name, const struct cv_json *rights,
                              struct cv_err *err)
{
    for (void *r = cv_json_first(rights); r != NULL; r = cv_json_next(rights, r)) {
        const char *verbs = cv_json_cstr(cv_json_iter_value(r));
        bool known = false;
        for (size_t i = 0; cv_template_role(t, i) != NULL; i++)
            known = known || strcmp(cv_template_role(t, i), cv_json_iter_name(r)) == 0;
        if (!known || verbs == NULL || verbs[strspn(verbs, "rcex")] != '\0')
            return cv_fail(err, CV_ERR_FORMAT,
                           "template: section %s: its rights name a role that is unknown, or others than r, "
                           "c, e and x",
                           name);
    }
    return CV_OK;
}

static cv_status check_sections(const struct cv_template *t, struct cv_err *err)
{
    static const struct member members[] = { { "label", CV_JSON_STRING },
                                             { "rights", CV_JSON_OBJECT },
                                             { "consent", CV_JSON_STRING },
                                             { NULL, CV_JSON_NULL } };
    const struct cv_json *sections = cv_json_get(t->doc, "sections");
    if (cv_json_len(sections) == 0 || cv_json_len(sections) > SECTIONS_MAX)
        return cv_fail(err, CV_ERR_FORMAT, "template: 1 to %d sections are wanted", SECTIONS_MAX);
    if (cv_json_get(sections, "audit") == NULL)
        return cv_fail(err, CV_ERR_FORMAT, "template: sections.audit must say who reads the access log");
    for (void *it = cv_json_first(sections); it != NULL; it = cv_json_next(sections, it)) {
        const char *name = cv_json_iter_name(it);
        const struct cv_json *rights = cv_json_get(cv_json_iter_value(it), "rights");
        const struct where w = { { "sections", name } };
        if (!template_name_ok(name) || reserved(name) || rights == NULL)
            return cv_fail(err, CV_ERR_FORMAT,
                           "template: section %.40s: its name is reserved or not 1 to 32 of a-z, 0-9 "
                           "and _, or it has no rights",
                           name);
        cv_status st = check_members(cv_json_iter_value(it), members, &w, err);
        const char *consent = cv_json_get_str(cv_json_iter_value(it), "consent");
        if (st == CV_OK && consent != NULL && strcmp(consent, "own") != 0)
            st = bad(&w, err, "its consent is \"own\", or is not said");
        st = CV_THEN(st, check_rights(t, name, rights, err));
        if (st != CV_OK)
            return st;
    }
    return CV_OK;
}

static cv_status check_roles(const struct cv_template *t, struct cv_err *err)
{
    const struct cv_json *roles = cv_json_get(t->doc, "roles");
    if (cv_json_len(roles) == 0 || cv_json_len(roles) > ROLES_MAX)
        return cv_fail(err, CV_ERR_FORMAT, "template: 1 to %d roles are wanted", ROLES_MAX);
    for (size_t i = 0; i < cv_json_len(roles); i++) {
        if (!template_name_ok(cv_template_role(t, i)))
            return cv_fail(err, CV_ERR_FORMAT, "template: a role's name is not 1 to 32 of a-z, 0-9 and _");
        for (size_t j = 0; j < i; j++)
            if (strcmp(cv_template_role(t, i), cv_template_role(t, j)) == 0)
                return cv_fail(err, CV_ERR_FORMAT, "template: role %s stands twice", cv_template_role(t, i));
    }
    return CV_OK;
}

/* check_erasers(t): roles, if it names any. */
static cv_status check_erasers(const struct cv_template *t, struct cv_err *err)
{
    const struct cv_json *list = cv_json_get(t->doc, "erase"), *roles = cv_json_get(t->doc, "roles");
    for (size_t i = 0; i < cv_json_len(list); i++) {
        bool known = false;
        for (size_t j = 0; j < cv_json_len(roles); j++)
            known = known || cv_json_equal(cv_json_at(list, i), cv_json_at(roles, j));
        if (!known)
            return cv_fail(err, CV_ERR_FORMAT, "template: erase names a role that is none of its roles");
    }
    return list == NULL || cv_json_len(list) > 0
               ? CV_OK
               : cv_fail(err, CV_ERR_FORMAT, "template: erase is a list of roles, with one at least");
}

/* is_field(t, section, name): has any type this field in this section? */
static bool is_field(const struct cv_template *t, const char *section, const char *name)
{
    for (size_t i = 0; i < t->type_count; i++)
        if (type_field(&t->types[i], section, name) != NULL)
            return true;
    return false;
}

/* check_profile_fields(t, o, w): sections, and of each a list of fields that some type has there. */
static cv_status check_profile_fields(const struct cv_template *t, const struct cv_json *o, struct where w,
                                      struct cv_err *err)
{
    for (void *it = cv_json_first(o); it != NULL; it = cv_json_next(o, it)) {
        const struct cv_json *list = cv_json_iter_value(it);
        w.at[AT_FIELD] = cv_json_iter_name(it);
        w.at[AT_MEMBER] = NULL;
        if (!is_section(t, w.at[AT_FIELD]))
            return bad(&w, err, "there is no such section");
        if (!cv_json_is(list, CV_JSON_ARRAY))
            return bad(&w, err, "a list of field names is wanted, or [\"*\"]");
        for (size_t i = 0; i < cv_json_len(list); i++) {
            w.at[AT_MEMBER] = cv_json_cstr(cv_json_at(list, i));
            if (w.at[AT_MEMBER] == NULL)
                return bad(&w, err, "a field's name is not text");
            if (strcmp(w.at[AT_MEMBER], "*") != 0 && !is_field(t, w.at[AT_FIELD], w.at[AT_MEMBER]))
                return bad(&w, err, "no type has such a field");
        }
    }
    return CV_OK;
}

static cv_status check_profile(const struct cv_template *t, const char *profile, const struct cv_json *o,
                               struct cv_err *err)
{
    static const struct member members[] = { { "purpose", CV_JSON_STRING },
                                             { "types", CV_JSON_ARRAY },
                                             { "fields", CV_JSON_OBJECT },
                                             { NULL, CV_JSON_NULL } };
    const struct cv_json *types = cv_json_get(o, "types");
    const struct where w = { { "profiles", profile } };
    if (!template_name_ok(profile))
        return bad(&w, err, "its name is not 1 to 32 of a-z, 0-9 and _");
    cv_status st = check_members(o, members, &w, err);
    if (st == CV_OK && (cv_json_len(cv_json_get(o, "purpose")) == 0 || cv_json_get(o, "fields") == NULL))
        st = bad(&w, err, "purpose, types and fields are wanted");
    for (size_t i = 0; st == CV_OK && (i == 0 || i < cv_json_len(types)); i++) {
        const char *type = cv_json_cstr(cv_json_at(types, i));
        if (type == NULL || template_type(t, type) == NULL)
            st = bad(&w, err, "its types are a list of the template's, one at least");
    }
    return CV_THEN(st, check_profile_fields(t, cv_json_get(o, "fields"), w, err));
}

static cv_status check_profiles(const struct cv_template *t, struct cv_err *err)
{
    const struct cv_json *profiles = cv_json_get(t->doc, "profiles");
    cv_status st = CV_OK;
    for (void *it = cv_json_first(profiles); it != NULL && st == CV_OK; it = cv_json_next(profiles, it))
        st = check_profile(t, cv_json_iter_name(it), cv_json_iter_value(it), err);
    return st;
}

/* name_sections(t): so that they need not be sought again. */
static void name_sections(struct cv_template *t)
{
    const char *name;
    while (t->section_count < sizeof(t->sections) / sizeof(t->sections[0]) &&
           (name = cv_template_section(t, t->section_count)) != NULL)
        t->sections[t->section_count++] = name;
}

cv_status cv_template_parse(struct cv_bytes text, struct cv_template **out, struct cv_err *err)
{
    static const struct member members[] = {
        { "casevault", CV_JSON_STRING }, { "name", CV_JSON_STRING },  { "roles", CV_JSON_ARRAY },
        { "sections", CV_JSON_OBJECT },  { "lists", CV_JSON_OBJECT }, { "types", CV_JSON_OBJECT },
        { "profiles", CV_JSON_OBJECT },  { "erase", CV_JSON_ARRAY },  { NULL, CV_JSON_NULL },
    };
    const struct where top = { { NULL } };
    struct cv_template *t = calloc(1, sizeof(*t));
    *out = NULL;
    if (t == NULL)
        return cv_fail(err, CV_ERR_NOMEM, "template: out of memory");
    cv_status st = cv_json_parse(text, CV_TEMPLATE_MAX_BYTES, "template", &t->doc, err);
    const char *title = cv_json_get_str(t->doc, "casevault");
    if (st == CV_OK && (title == NULL || strcmp(title, TITLE) != 0))
        st = bad(&top, err, "\"casevault\" is not \"template v1\": not a template of this version");
    st = CV_THEN(st, check_members(t->doc, members, &top, err));
    st = CV_THEN(st, check_roles(t, err));
    st = CV_THEN(st, check_erasers(t, err));
    st = CV_THEN(st, check_sections(t, err));
    st = CV_THEN(st, read_types(t, err));
    st = CV_THEN(st, check_profiles(t, err));
    if (st == CV_OK)
        name_sections(t);
    if (st == CV_OK)
        *out = t;
    else
        cv_template_free(t);
    return st;
}

static void free_section(struct section *s)
{
    for (size_t i = 0; i < s->count; i++)
        free(s->fields[i].inner);
    free(s->fields);
}

void cv_template_free(struct cv_template *t)
{
    if (t == NULL)
        return;
    for (size_t i = 0; i < t->type_count; i++) {
        for (size_t j = 0; j < t->types[i].count; j++)
            free_section(&t->types[i].sections[j]);
        free(t->types[i].sections);
    }
    free(t->types);
    cv_json_free(t->doc);
    free(t);
}
