#include "formats/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/template_field.h"
#include "formats/words.h"

/* ---- looking things up ---- */

static const char *nth(const struct cv_json *object, size_t i)
{
    void *it = cv_json_first(object);
    while (it != NULL && i-- > 0)
        it = cv_json_next(object, it);
    return it != NULL ? cv_json_iter_name(it) : NULL;
}

const struct type *template_type(const struct cv_template *t, const char *name)
{
    for (size_t i = 0; name != NULL && i < t->type_count; i++)
        if (strcmp(t->types[i].name, name) == 0)
            return &t->types[i];
    return NULL;
}

static const struct section *type_section(const struct type *ty, const char *name)
{
    for (size_t i = 0; ty != NULL && name != NULL && i < ty->count; i++)
        if (strcmp(ty->sections[i].name, name) == 0)
            return &ty->sections[i];
    return NULL;
}

static const struct section *find_section(const struct cv_template *t, const char *type, const char *name)
{
    return type_section(template_type(t, type), name);
}

static const struct field *find_field(const struct section *s, const char *name)
{
    for (size_t i = 0; s != NULL && name != NULL && i < s->count; i++)
        if (strcmp(s->fields[i].name, name) == 0)
            return &s->fields[i];
    return NULL;
}

const struct field *type_field(const struct type *ty, const char *section, const char *name)
{
    return find_field(type_section(ty, section), name);
}

const struct field *type_pointed(const struct type *ty, const char *path, const struct section **out)
{
    char name[TEMPLATE_NAME_MAX + 1];
    const char *dot = path != NULL ? strchr(path, '.') : NULL;
    *out = NULL;
    if (dot == NULL || (size_t)(dot - path) >= sizeof(name))
        return NULL;
    snprintf(name, sizeof(name), "%.*s", (int)(dot - path), path);
    *out = type_section(ty, name);
    return find_field(*out, dot + 1);
}

const char *cv_template_type(const struct cv_template *t, size_t i)
{
    return i < t->type_count ? t->types[i].name : NULL;
}

const char *cv_template_section(const struct cv_template *t, size_t i)
{
    const struct cv_json *sections = cv_json_get(t->doc, "sections");
    const char *name = NULL;
    if (i < t->section_count)
        return t->sections[i];
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

const char *cv_template_eraser(const struct cv_template *t, size_t i)
{
    return cv_json_cstr(cv_json_at(cv_json_get(t->doc, "erase"), i));
}

bool cv_template_retention(const struct cv_template *t, const char *type, struct cv_retention *out)
{
    const struct type *ty = template_type(t, type);
    const struct section *section = NULL;
    memset(out, 0, sizeof(*out));
    if (ty == NULL || ty->retention == NULL)
        return false;
    const char *after = cv_json_get_str(ty->retention, "after"), *via = cv_json_get_str(ty->retention, "via");
    const struct field *f = type_pointed(ty, after != NULL ? after : via, &section);
    if (f == NULL)
        return false;
    *out = (struct cv_retention){ .months = (unsigned)cv_json_get_int(ty->retention, "months"),
                                  .section = section->name,
                                  .field = f->name,
                                  .via = via != NULL };
    return true;
}

const char *cv_template_type_section(const struct cv_template *t, const char *type, size_t i)
{
    const struct type *ty = template_type(t, type);
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
                                       .to = f->to,
                                       .mark = f->mark,
                                       .dimension = f->dimension,
                                       .named = f->named,
                                       .required = f->required,
                                       .today = f->today,
                                       .multi = f->multi,
                                       .elements = f->elements,
                                       .identifier = f->identifier,
                                       .max = f->max,
                                       .choices = f->choices };
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

bool cv_template_field_named(const struct cv_template *t, const char *type, const char *section,
                             const char *name, struct cv_template_field *out)
{
    const struct field *f = find_field(find_section(t, type, section), name);
    if (f != NULL)
        describe(f, out);
    return f != NULL;
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
    const struct type *ty = template_type(t, type);
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

bool cv_template_inner(const struct cv_template *t, const char *type, const char *section, const char *name,
                       size_t i, struct cv_template_field *out)
{
    const struct field *f = find_field(find_section(t, type, section), name);
    if (f == NULL || i >= f->inner_count)
        return false;
    describe(&f->inner[i], out);
    return true;
}

bool cv_template_takes(const struct cv_template *t, const char *type, const char *section, const char *object,
                       const char *name, const struct cv_json *value, const char **why)
{
    const struct field *f = find_field(find_section(t, type, section), object != NULL ? object : name);
    for (size_t i = 0; f != NULL && object != NULL && i <= f->inner_count; i++)
        if (i == f->inner_count || strcmp(f->inner[i].name, name) == 0) {
            f = i < f->inner_count ? &f->inner[i] : NULL;
            break;
        }
    *why = _("the template does not have it");
    return f != NULL && field_check(f, value, why);
}

bool cv_template_documents(const struct cv_template *t, const char *type, const char *section,
                           struct cv_template_field *out)
{
    const struct section *s = find_section(t, type, section);
    for (size_t i = 0; s != NULL && i < s->count; i++)
        for (size_t j = 0; j < s->fields[i].inner_count; j++)
            if (s->fields[i].inner[j].type == FIELD_DOCUMENT) {
                describe(&s->fields[i], out);
                return true;
            }
    return false;
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
    const struct type *ty = template_type(t, type);
    return ty != NULL ? ty->label : type;
}

static const struct cv_json *profile_of(const struct cv_template *t, const char *profile)
{
    return cv_json_get(cv_json_get(t->doc, "profiles"), profile);
}

const char *cv_template_profile_purpose(const struct cv_template *t, const char *profile)
{
    return cv_json_get_str(profile_of(t, profile), "purpose");
}

const char *cv_template_profile_type(const struct cv_template *t, const char *profile, size_t i)
{
    return cv_json_cstr(cv_json_at(cv_json_get(profile_of(t, profile), "types"), i));
}

const char *cv_template_profile_section(const struct cv_template *t, const char *profile, size_t i)
{
    return nth(cv_json_get(profile_of(t, profile), "fields"), i);
}

bool cv_template_own_consent(const struct cv_template *t, const char *section)
{
    return cv_json_get(cv_json_get(cv_json_get(t->doc, "sections"), section), "consent") != NULL;
}

bool cv_template_profile_names(const struct cv_template *t, const char *profile, const char *section,
                               const char *field)
{
    const struct cv_json *list = cv_json_get(cv_json_get(profile_of(t, profile), "fields"), section);
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

/* ---- checking a record ---- */

/* shown(name): a name that no template could have is not repeated: it may be what somebody said. */
static const char *shown(const char *name)
{
    return template_name_ok(name) ? name : "(not a name)";
}

/* misfit(type, section, f, value, why): what does not fit; of a choice, which words there are, as many as go
 * in. */
static cv_status misfit(const char *type, const char *section, const struct field *f,
                        const struct cv_json *value, const char *why, struct cv_err *err)
{
    const struct field *wrong = strstr(why, "choices") != NULL ? field_wrong_choice(f, value) : NULL;
    char words[160] = "";
    size_t n = 0;
    for (size_t i = 0; wrong != NULL && i < cv_json_len(wrong->choices); i++) {
        const char *word = cv_json_cstr(cv_json_at(wrong->choices, i));
        const bool fits = word != NULL && n + strlen(word) + 8 < sizeof(words);
        n += (size_t)snprintf(words + n, sizeof(words) - n, "%s%s", i > 0 ? ", " : ": ", fits ? word : "...");
        if (!fits)
            break;
    }
    return cv_fail(err, CV_ERR_FORMAT, "%s.%s.%s%s%s: %s%s", type, section, f->name,
                   wrong != NULL && wrong != f ? "." : "", wrong != NULL && wrong != f ? wrong->name : "",
                   why, words);
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
            return misfit(type, name, f, cv_json_iter_value(it), why, err);
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
    if (template_type(t, type) == NULL)
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

cv_status cv_template_default(const struct cv_template *t, struct cv_json *record, const char *today,
                              struct cv_err *err)
{
    const struct type *ty = template_type(t, cv_json_get_str(record, "type"));
    cv_status st = CV_OK;
    for (size_t i = 0; ty != NULL && i < ty->count; i++) {
        const struct section *s = &ty->sections[i];
        struct cv_json *given = cv_json_get(record, s->name);
        for (size_t j = 0; j < s->count && cv_json_len(given) > 0 && st == CV_OK; j++)
            if (s->fields[j].today && cv_json_get(given, s->fields[j].name) == NULL)
                st = cv_json_set(given, s->fields[j].name, cv_json_str(today));
    }
    return cv_err_note(err, st, "record");
}

/* value_at(record, section, field): what stands there, or NULL. */
static const struct cv_json *value_at(const struct cv_json *record, const char *section, const char *field)
{
    return cv_json_get(cv_json_get(record, section), field);
}

/* derive(record, f): the value that a coded field takes, or NULL. */
static struct cv_json *derive(const struct cv_json *record, const struct field *f)
{
    struct field_from from;
    if (!field_from_parse(f->from, &from))
        return NULL;
    const struct cv_json *v = value_at(record, from.section, from.field);
    if (v == NULL || from.taken == FIELD_AS_IT_IS)
        return cv_json_copy(v);
    if (from.taken == FIELD_AGE) {
        const char *on = cv_json_cstr(value_at(record, from.on_section, from.on_field));
        const char *group = age_group_at(f->choices, cv_json_cstr(v), on);
        return group != NULL ? cv_json_str(group) : NULL;
    }
    const struct cv_bytes date = cv_json_text(v);
    return date.n >= 4 ? cv_json_strn(CV_BYTES(date.p, 4)) : NULL;
}

cv_status cv_template_code(const struct cv_template *t, struct cv_json *record, struct cv_err *err)
{
    const char *type = cv_json_get_str(record, "type");
    const struct type *ty = template_type(t, type);
    for (size_t i = 0; ty != NULL && i < ty->count; i++) {
        const struct section *s = &ty->sections[i];
        struct cv_json *coded = NULL;
        for (size_t j = 0; j < s->count; j++) {
            if (s->fields[j].from == NULL)
                continue;
            if (coded == NULL && (coded = cv_json_object()) == NULL)
                return cv_fail(err, CV_ERR_NOMEM, "record: out of memory");
            struct cv_json *v = derive(record, &s->fields[j]);
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
    struct field_from from;
    for (size_t i = 0; s != NULL && i < s->count; i++)
        if (s->fields[i].from != NULL && field_from_parse(s->fields[i].from, &from) &&
            (strcmp(from.section, source) == 0 ||
             (from.taken == FIELD_AGE && strcmp(from.on_section, source) == 0)))
            return true;
    return false;
}

bool cv_template_coded(const struct cv_template *t, const char *type, const char *section)
{
    const char *source;
    for (size_t i = 0; (source = cv_template_type_section(t, type, i)) != NULL; i++)
        if (cv_template_codes(t, type, section, source))
            return true;
    return false;
}

bool cv_template_dimension(const struct cv_template *t, const char *type, size_t i, const char **section,
                           struct cv_template_field *out)
{
    const struct type *ty = template_type(t, type);
    for (size_t s = 0; ty != NULL && s < ty->count; s++)
        for (size_t f = 0; f < ty->sections[s].count; f++) {
            if (ty->sections[s].fields[f].dimension == NULL || i-- > 0)
                continue;
            *section = ty->sections[s].name;
            return cv_template_field(t, type, *section, f, out);
        }
    return false;
}
