#include "formats/template.h"

#include <stdlib.h>
#include <string.h>

#include "formats/template_field.h"

#define TITLE "template v1"
#define NAME_MAX 32
#define TYPES_MAX 64
#define SECTIONS_MAX 60
#define ROLES_MAX 60
#define FIELDS_MAX 200
#define ELEMENTS_MAX 64
#define CHOICES_MAX 1000

struct section {
    const char *name;
    struct field *fields;
    size_t count;
};

struct type {
    const char *name, *label;
    struct section *sections;
    size_t count;
};

struct cv_template {
    struct cv_json *doc;
    struct type *types;
    size_t type_count;
};

/* ---- looking things up ---- */

static const char *nth(const struct cv_json *object, size_t i)
{
    void *it = cv_json_first(object);
    while (it != NULL && i-- > 0)
        it = cv_json_next(object, it);
    return it != NULL ? cv_json_iter_name(it) : NULL;
}

static const struct type *find_type(const struct cv_template *t, const char *name)
{
    for (size_t i = 0; name != NULL && i < t->type_count; i++)
        if (strcmp(t->types[i].name, name) == 0)
            return &t->types[i];
    return NULL;
}

static const struct section *find_section(const struct cv_template *t, const char *type, const char *name)
{
    const struct type *ty = find_type(t, type);
    for (size_t i = 0; ty != NULL && name != NULL && i < ty->count; i++)
        if (strcmp(ty->sections[i].name, name) == 0)
            return &ty->sections[i];
    return NULL;
}

const char *cv_template_type(const struct cv_template *t, size_t i)
{
    return i < t->type_count ? t->types[i].name : NULL;
}

const char *cv_template_section(const struct cv_template *t, size_t i)
{
    const struct cv_json *sections = cv_json_get(t->doc, "sections");
    const char *name = NULL;
    for (void *it = cv_json_first(sections); it != NULL; it = cv_json_next(sections, it)) {
        name = cv_json_iter_name(it);
        if (strcmp(name, "audit") != 0 && i-- == 0)
            return name;
    }
    return NULL;
}

const char *cv_template_role(const struct cv_template *t, size_t i)
{
    return cv_json_cstr(cv_json_at(cv_json_get(t->doc, "roles"), i));
}

const char *cv_template_type_section(const struct cv_template *t, const char *type, size_t i)
{
    const struct type *ty = find_type(t, type);
    return ty != NULL && i < ty->count ? ty->sections[i].name : NULL;
}

bool cv_template_has(const struct cv_template *t, const char *type, const char *section)
{
    return find_section(t, type, section) != NULL;
}

const char *cv_template_profile(const struct cv_template *t, size_t i)
{
    return nth(cv_json_get(t->doc, "profiles"), i);
}

unsigned cv_template_rights(const struct cv_template *t, const char *section, const char *role)
{
    const struct cv_json *s = cv_json_get(cv_json_get(t->doc, "sections"), section);
    const char *verbs = cv_json_get_str(cv_json_get(s, "rights"), role);
    unsigned rights = 0;
    for (; verbs != NULL && *verbs != '\0'; verbs++)
        rights |= *verbs == 'r'   ? CV_RIGHT_READ
                  : *verbs == 'c' ? CV_RIGHT_CREATE
                  : *verbs == 'e' ? CV_RIGHT_EDIT
                                  : CV_RIGHT_EXPORT;
    return rights;
}

static void describe(const struct field *f, struct cv_template_field *out)
{
    *out = (struct cv_template_field){ .name = f->name,
                                       .label = f->label,
                                       .type = field_type_name(f->type),
                                       .htcds = f->htcds,
                                       .help = f->help,
                                       .required = f->required,
                                       .multi = f->multi,
                                       .elements = f->elements,
                                       .identifier = f->identifier,
                                       .max = f->max };
}

bool cv_template_field(const struct cv_template *t, const char *type, const char *section, size_t i,
                       struct cv_template_field *out)
{
    const struct section *s = find_section(t, type, section);
    if (s == NULL || i >= s->count)
        return false;
    describe(&s->fields[i], out);
    return true;
}

static const struct field *find_field(const struct section *s, const char *name)
{
    for (size_t i = 0; s != NULL && name != NULL && i < s->count; i++)
        if (strcmp(s->fields[i].name, name) == 0)
            return &s->fields[i];
    return NULL;
}

bool cv_template_field_named(const struct cv_template *t, const char *type, const char *section,
                             const char *name, struct cv_template_field *out)
{
    const struct field *f = find_field(find_section(t, type, section), name);
    if (f != NULL)
        describe(f, out);
    return f != NULL;
}

bool cv_template_inner(const struct cv_template *t, const char *type, const char *section, const char *name,
                       size_t i, struct cv_template_field *out)
{
    const struct field *f = find_field(find_section(t, type, section), name);
    if (f == NULL || i >= f->inner_count)
        return false;
    describe(&f->inner[i], out);
    return true;
}

/* titles(f): can one value of it stand for its record? */
static bool titles(const struct field *f, bool required)
{
    return !f->multi && f->type != FIELD_OBJECT &&
           (required ? f->required && f->type == FIELD_STRING : f->identifier);
}

/* title_field(ty, required, section): the first required text, or the first identifier, of a type. */
static const struct field *title_field(const struct type *ty, bool required, const struct section **section)
{
    for (size_t i = 0; ty != NULL && i < ty->count; i++)
        for (size_t j = 0; j < ty->sections[i].count; j++)
            if (titles(&ty->sections[i].fields[j], required)) {
                *section = &ty->sections[i];
                return &ty->sections[i].fields[j];
            }
    return NULL;
}

static bool is_htcds(const struct field *f, const char *name)
{
    return f->htcds != NULL && strcmp(f->htcds, name) == 0;
}

bool cv_template_title(const struct cv_template *t, const char *type, size_t i, const char **section,
                       struct cv_template_field *out)
{
    const struct type *ty = find_type(t, type);
    const struct section *s = NULL;
    const struct field *f = title_field(ty, true, &s), *second = NULL;
    if (f == NULL)
        f = title_field(ty, false, &s);
    if (f == NULL)
        return false;
    for (size_t j = 0; is_htcds(f, "prs_FirstName") && j < s->count; j++)
        if (is_htcds(&s->fields[j], "prs_SecondName"))
            second = &s->fields[j];
    f = i == 0 ? f : i == 1 ? second : NULL;
    if (f == NULL)
        return false;
    *section = s->name;
    describe(f, out);
    return true;
}

size_t cv_template_fill(const struct cv_template *t, const char *type, const char *section)
{
    const struct section *s = find_section(t, type, section);
    return s != NULL ? s->count : 0;
}

const char *cv_template_label(const struct cv_template *t, const char *type, const char *section,
                              const char *field)
{
    if (field != NULL) {
        const struct field *f = find_field(find_section(t, type, section), field);
        return f != NULL ? f->label : field;
    }
    if (section != NULL) {
        const char *label = cv_json_get_str(cv_json_get(cv_json_get(t->doc, "sections"), section), "label");
        return label != NULL ? label : section;
    }
    const struct type *ty = find_type(t, type);
    return ty != NULL ? ty->label : type;
}

bool cv_template_profile_names(const struct cv_template *t, const char *profile, const char *section,
                               const char *field)
{
    const struct cv_json *list = cv_json_get(cv_json_get(cv_json_get(t->doc, "profiles"), profile), section);
    for (size_t i = 0; i < cv_json_len(list); i++) {
        const char *name = cv_json_cstr(cv_json_at(list, i));
        if (name != NULL && strcmp(name, field) == 0)
            return true;
    }
    return false;
}

bool cv_template_profile_allows(const struct cv_template *t, const char *profile, const char *section,
                                const char *field)
{
    return cv_template_profile_names(t, profile, section, field) ||
           cv_template_profile_names(t, profile, section, "*");
}

/* ---- reading ---- */

static bool name_ok(const char *s)
{
    return s != NULL && s[0] >= 'a' && s[0] <= 'z' && strlen(s) <= NAME_MAX &&
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

/* where(buf, a, b, c): "person.identity.birth_date", for messages. */
struct where {
    const char *type, *section, *field;
};

static cv_status bad(const struct where *w, struct cv_err *err, const char *what)
{
    return cv_fail(err, CV_ERR_FORMAT, "template: %s%s%s%s%s: %s", w->type, w->section != NULL ? "." : "",
                   w->section != NULL ? w->section : "", w->field != NULL ? "." : "",
                   w->field != NULL ? w->field : "", what);
}

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

static cv_status read_fields(const struct cv_template *t, const struct cv_json *list, struct where w,
                             bool inner, struct field **out, size_t *count, struct cv_err *err);

/* read_field(t, o, w, inner, f): one field; ${inner} ones stand inside an object and are plain. */
static cv_status read_field(const struct cv_template *t, const struct cv_json *o, struct where *w, bool inner,
                            struct field *f, struct cv_err *err)
{
    static const char *const names[] = { "name",    "label", "type",   "htcds", "help",       "required",
                                         "choices", "list",  "multi",  "max",   "identifier", "elements",
                                         "partial", "to",    "fields", "from",  NULL };
    f->name = cv_json_get_str(o, "name");
    w->field = f->name != NULL ? f->name : "?";
    if (!name_ok(f->name) || cv_json_only(o, names, "template", NULL) != CV_OK)
        return bad(w, err,
                   "its name is not 1 to 32 of a-z, 0-9 and _, or it has an attribute that is unknown");
    f->label = cv_json_get_str(o, "label");
    f->label = f->label != NULL ? f->label : f->name;
    f->htcds = cv_json_get_str(o, "htcds");
    f->help = cv_json_get_str(o, "help");
    f->from = cv_json_get_str(o, "from");
    f->type = field_type_of(cv_json_get_str(o, "type"));
    f->required = cv_json_get_bool(o, "required");
    f->multi = cv_json_get_bool(o, "multi");
    f->elements = cv_json_get_bool(o, "elements");
    f->identifier = cv_json_get_bool(o, "identifier");
    f->partial = cv_json_get_bool(o, "partial");
    const int64_t max = cv_json_get(o, "max") != NULL ? cv_json_get_int(o, "max") : 16;
    f->max = (size_t)max;
    if (f->type == FIELD_NONE)
        return bad(w, err, "its type is none of those in docs/TEMPLATE.md");
    if (max < 1 || max > ELEMENTS_MAX || (f->elements && !f->multi) ||
        (inner && (f->multi || f->type == FIELD_OBJECT)))
        return bad(w, err, "max is 1 to 64, elements need multi, and fields inside an object are plain");
    cv_status st = read_choices(t, o, f, w, err);
    if (st == CV_OK && (f->type == FIELD_OBJECT) != (cv_json_get(o, "fields") != NULL))
        st = bad(w, err, "an object needs fields, and nothing else has them");
    if (st == CV_OK && f->type == FIELD_OBJECT)
        st = read_fields(t, cv_json_get(o, "fields"), *w, true, &f->inner, &f->inner_count, err);
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

static cv_status read_type(const struct cv_template *t, const char *name, const struct cv_json *o,
                           struct type *ty, struct cv_err *err)
{
    static const char *const names[] = { "label", "sections", NULL };
    const struct cv_json *sections = cv_json_get(o, "sections");
    struct where w = { name, NULL, NULL };
    ty->name = name;
    ty->label = cv_json_get_str(o, "label");
    ty->label = ty->label != NULL ? ty->label : name;
    if (!name_ok(name) || cv_json_only(o, names, "template", NULL) != CV_OK)
        return bad(&w, err,
                   "its name is not 1 to 32 of a-z, 0-9 and _, or it has an attribute that is unknown");
    if (!cv_json_is(sections, CV_JSON_OBJECT) || cv_json_len(sections) == 0 ||
        cv_json_len(sections) > SECTIONS_MAX)
        return bad(&w, err, "a type needs 1 to 60 sections");
    ty->sections = calloc(cv_json_len(sections), sizeof(*ty->sections));
    if (ty->sections == NULL)
        return cv_fail(err, CV_ERR_NOMEM, "template: out of memory");
    for (void *it = cv_json_first(sections); it != NULL; it = cv_json_next(sections, it)) {
        struct section *s = &ty->sections[ty->count++];
        s->name = w.section = cv_json_iter_name(it);
        if (cv_json_get(cv_json_get(t->doc, "sections"), s->name) == NULL || strcmp(s->name, "audit") == 0)
            return bad(&w, err, "there is no such section");
        cv_status st = read_fields(t, cv_json_iter_value(it), w, false, &s->fields, &s->count, err);
        if (st != CV_OK)
            return st;
    }
    return CV_OK;
}

static cv_status check_sections(const struct cv_template *t, struct cv_err *err)
{
    const struct cv_json *sections = cv_json_get(t->doc, "sections");
    if (!cv_json_is(sections, CV_JSON_OBJECT) || cv_json_len(sections) == 0 ||
        cv_json_len(sections) > SECTIONS_MAX)
        return cv_fail(err, CV_ERR_FORMAT, "template: 1 to %d sections are wanted", SECTIONS_MAX);
    if (cv_json_get(sections, "audit") == NULL)
        return cv_fail(err, CV_ERR_FORMAT, "template: sections.audit must say who reads the access log");
    for (void *it = cv_json_first(sections); it != NULL; it = cv_json_next(sections, it)) {
        const char *name = cv_json_iter_name(it);
        const struct cv_json *rights = cv_json_get(cv_json_iter_value(it), "rights");
        if (!name_ok(name) || reserved(name) || !cv_json_is(rights, CV_JSON_OBJECT))
            return cv_fail(err, CV_ERR_FORMAT,
                           "template: section %.40s: its name is reserved or not 1 to 32 of a-z, 0-9 "
                           "and _, or it has no rights",
                           name);
        for (void *r = cv_json_first(rights); r != NULL; r = cv_json_next(rights, r)) {
            const char *verbs = cv_json_cstr(cv_json_iter_value(r));
            bool known = false;
            for (size_t i = 0; cv_template_role(t, i) != NULL; i++)
                known = known || strcmp(cv_template_role(t, i), cv_json_iter_name(r)) == 0;
            if (!known || verbs == NULL || verbs[strspn(verbs, "rcex")] != '\0')
                return cv_fail(err, CV_ERR_FORMAT,
                               "template: section %s: its rights name a role that is unknown, or "
                               "others than r, c, e and x",
                               name);
        }
    }
    return CV_OK;
}

static cv_status check_roles(const struct cv_template *t, struct cv_err *err)
{
    const struct cv_json *roles = cv_json_get(t->doc, "roles");
    if (!cv_json_is(roles, CV_JSON_ARRAY) || cv_json_len(roles) == 0 || cv_json_len(roles) > ROLES_MAX)
        return cv_fail(err, CV_ERR_FORMAT, "template: 1 to %d roles are wanted", ROLES_MAX);
    for (size_t i = 0; i < cv_json_len(roles); i++) {
        if (!name_ok(cv_template_role(t, i)))
            return cv_fail(err, CV_ERR_FORMAT, "template: a role's name is not 1 to 32 of a-z, 0-9 and _");
        for (size_t j = 0; j < i; j++)
            if (strcmp(cv_template_role(t, i), cv_template_role(t, j)) == 0)
                return cv_fail(err, CV_ERR_FORMAT, "template: role %s stands twice", cv_template_role(t, i));
    }
    return CV_OK;
}

static cv_status check_profiles(const struct cv_template *t, struct cv_err *err)
{
    const struct cv_json *profiles = cv_json_get(t->doc, "profiles");
    for (void *it = cv_json_first(profiles); it != NULL; it = cv_json_next(profiles, it))
        for (void *s = cv_json_first(cv_json_iter_value(it)); s != NULL;
             s = cv_json_next(cv_json_iter_value(it), s))
            if (cv_json_get(cv_json_get(t->doc, "sections"), cv_json_iter_name(s)) == NULL ||
                !cv_json_is(cv_json_iter_value(s), CV_JSON_ARRAY))
                return cv_fail(err, CV_ERR_FORMAT,
                               "template: profile %.40s: names a section that is unknown, or no list",
                               cv_json_iter_name(it));
    return CV_OK;
}

cv_status cv_template_parse(struct cv_bytes text, struct cv_template **out, struct cv_err *err)
{
    static const char *const names[] = { "casevault", "name",  "roles",    "sections",
                                         "lists",     "types", "profiles", NULL };
    struct cv_template *t = calloc(1, sizeof(*t));
    *out = NULL;
    if (t == NULL)
        return cv_fail(err, CV_ERR_NOMEM, "template: out of memory");
    cv_status st = cv_json_parse(text, CV_TEMPLATE_MAX_BYTES, "template", &t->doc, err);
    st = CV_THEN(st, cv_json_only(t->doc, names, "template", err));
    const char *title = cv_json_get_str(t->doc, "casevault");
    if (st == CV_OK && (title == NULL || strcmp(title, TITLE) != 0))
        st = cv_fail(err, CV_ERR_FORMAT,
                     "template: \"casevault\" is not \"" TITLE "\": not a template of this version");
    st = CV_THEN(st, check_roles(t, err));
    st = CV_THEN(st, check_sections(t, err));
    st = CV_THEN(st, check_profiles(t, err));
    const struct cv_json *types = cv_json_get(t->doc, "types");
    if (st == CV_OK &&
        (!cv_json_is(types, CV_JSON_OBJECT) || cv_json_len(types) == 0 || cv_json_len(types) > TYPES_MAX))
        st = cv_fail(err, CV_ERR_FORMAT, "template: 1 to %d types are wanted", TYPES_MAX);
    if (st == CV_OK && (t->types = calloc(cv_json_len(types), sizeof(*t->types))) == NULL)
        st = cv_fail(err, CV_ERR_NOMEM, "template: out of memory");
    for (void *it = st == CV_OK ? cv_json_first(types) : NULL; it != NULL && st == CV_OK;
         it = cv_json_next(types, it))
        st = read_type(t, cv_json_iter_name(it), cv_json_iter_value(it), &t->types[t->type_count++], err);
    if (st == CV_OK)
        *out = t;
    else
        cv_template_free(t);
    return st;
}

void cv_template_free(struct cv_template *t)
{
    if (t == NULL)
        return;
    for (size_t i = 0; i < t->type_count; i++) {
        for (size_t j = 0; j < t->types[i].count; j++) {
            struct section *s = &t->types[i].sections[j];
            for (size_t k = 0; k < s->count; k++)
                free(s->fields[k].inner);
            free(s->fields);
        }
        free(t->types[i].sections);
    }
    free(t->types);
    cv_json_free(t->doc);
    free(t);
}

/* ---- checking a record ---- */

/* shown(name): a name that no template could have is not repeated: it may be what somebody said. */
static const char *shown(const char *name)
{
    return name_ok(name) ? name : "(not a name)";
}

static cv_status check_section(const struct cv_template *t, const char *type, const char *name,
                               const struct cv_json *value, struct cv_err *err)
{
    const struct section *s = find_section(t, type, name);
    if (s == NULL)
        return cv_fail(err, CV_ERR_FORMAT, "%s.%s: this type has no such section", type, shown(name));
    if (!cv_json_is(value, CV_JSON_OBJECT))
        return cv_fail(err, CV_ERR_FORMAT, "%s.%s: a section is an object of fields", type, name);
    for (void *it = cv_json_first(value); it != NULL; it = cv_json_next(value, it)) {
        const char *why = NULL;
        const struct field *f = find_field(s, cv_json_iter_name(it));
        if (f == NULL)
            return cv_fail(err, CV_ERR_FORMAT, "%s.%s.%s: there is no such field", type, name,
                           shown(cv_json_iter_name(it)));
        if (!field_check(f, cv_json_iter_value(it), &why))
            return cv_fail(err, CV_ERR_FORMAT, "%s.%s.%s: %s", type, name, f->name, why);
    }
    for (size_t i = 0; i < s->count; i++)
        if (s->fields[i].required && cv_json_get(value, s->fields[i].name) == NULL)
            return cv_fail(err, CV_ERR_FORMAT, "%s.%s.%s: is required", type, name, s->fields[i].name);
    return CV_OK;
}

cv_status cv_template_check(const struct cv_template *t, const struct cv_json *record, struct cv_err *err)
{
    const char *type = cv_json_get_str(record, "type");
    const char *why = NULL;
    const struct field id = { .name = "id", .type = FIELD_REF };
    size_t sections = 0;
    if (!cv_json_is(record, CV_JSON_OBJECT) || type == NULL)
        return cv_fail(err, CV_ERR_FORMAT, "record: an object with a \"type\" is wanted");
    if (find_type(t, type) == NULL)
        return cv_fail(err, CV_ERR_FORMAT, "record: this vault has no type %s", shown(type));
    for (void *it = cv_json_first(record); it != NULL; it = cv_json_next(record, it)) {
        const char *name = cv_json_iter_name(it);
        if (strcmp(name, "type") == 0)
            continue;
        if (strcmp(name, "id") == 0) {
            if (!field_check(&id, cv_json_iter_value(it), &why))
                return cv_fail(err, CV_ERR_FORMAT, "%s.id: %s", type, why);
            continue;
        }
        cv_status st = check_section(t, type, name, cv_json_iter_value(it), err);
        if (st != CV_OK)
            return st;
        sections++;
    }
    return sections > 0 ? CV_OK : cv_fail(err, CV_ERR_FORMAT, "%s: the record has no section", type);
}

/* derive(record, from): "section.field", or "section.field|year". */
static struct cv_json *derive(const struct cv_json *record, const char *from)
{
    char path[2 * NAME_MAX + 8];
    if (strlen(from) >= sizeof(path))
        return NULL;
    strcpy(path, from);
    char *year = strchr(path, '|'), *dot = strchr(path, '.');
    if (dot == NULL)
        return NULL;
    if (year != NULL)
        *year = '\0';
    *dot = '\0';
    struct cv_json *v = cv_json_get(cv_json_get(record, path), dot + 1);
    if (v == NULL)
        return NULL;
    if (year == NULL)
        return cv_json_copy(v);
    struct cv_bytes date = cv_json_text(v);
    return date.n >= 4 ? cv_json_strn(CV_BYTES(date.p, 4)) : NULL;
}

cv_status cv_template_code(const struct cv_template *t, struct cv_json *record, struct cv_err *err)
{
    const char *type = cv_json_get_str(record, "type");
    const struct type *ty = find_type(t, type);
    for (size_t i = 0; ty != NULL && i < ty->count; i++) {
        const struct section *s = &ty->sections[i];
        struct cv_json *coded = NULL;
        for (size_t j = 0; j < s->count; j++) {
            if (s->fields[j].from == NULL)
                continue;
            if (coded == NULL && (coded = cv_json_object()) == NULL)
                return cv_fail(err, CV_ERR_NOMEM, "record: out of memory");
            struct cv_json *v = derive(record, s->fields[j].from);
            if (v != NULL && cv_json_set(coded, s->fields[j].name, v) != CV_OK) {
                cv_json_free(coded);
                return cv_fail(err, CV_ERR_NOMEM, "record: out of memory");
            }
        }
        if (coded != NULL && cv_json_set(record, s->name, coded) != CV_OK)
            return cv_fail(err, CV_ERR_NOMEM, "record: out of memory");
    }
    return CV_OK;
}

bool cv_template_codes(const struct cv_template *t, const char *type, const char *section, const char *source)
{
    const struct section *s = find_section(t, type, section);
    const size_t n = strlen(source);
    for (size_t i = 0; s != NULL && i < s->count; i++)
        if (s->fields[i].from != NULL && strncmp(s->fields[i].from, source, n) == 0 &&
            s->fields[i].from[n] == '.')
            return true;
    return false;
}
