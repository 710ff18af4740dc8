#ifndef CV_FORMATS_TEMPLATE_H
#define CV_FORMATS_TEMPLATE_H

#include "formats/json.h"

/**
 * A template says what records are: types, their sections, the sections' fields, and which role may do what.
 * It is one strict JSON document (docs/TEMPLATE.md); the default one is compiled in.
 */
struct cv_template;

#define CV_TEMPLATE_MAX_BYTES ((size_t)1 << 20)
#define CV_RECORD_MAX_BYTES ((size_t)1 << 20)
#define CV_STRING_MAX_CHARS 1000
#define CV_TEXT_MAX_BYTES 200000

/** cv_template_parse(text, out, err): check the template itself; messages name type.section.field. CV_OK;
 * CV_ERR_FORMAT; CV_ERR_LIMIT; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_template_parse(struct cv_bytes text, struct cv_template **out, struct cv_err *err);
void cv_template_free(struct cv_template *t);
/** cv_template_default_text(): template/default.json. */
struct cv_bytes cv_template_default_text(void);

/** The i-th name, NULL past the end. Sections are those of records; `head` and `audit` are built in. */
const char *cv_template_type(const struct cv_template *t, size_t i);
const char *cv_template_section(const struct cv_template *t, size_t i);
const char *cv_template_role(const struct cv_template *t, size_t i);
/* How long records of a type are kept: ${months} after the date in a field, or (via) so many months after the
 * one that the retention of the referenced records names. */
struct cv_retention {
    unsigned months;
    const char *section, *field;
    bool via;
};
/** cv_template_retention(t, type, out): false where the type has none: its records are kept for ever. */
bool cv_template_retention(const struct cv_template *t, const char *type, struct cv_retention *out);
/** cv_template_eraser(t, i): the i-th role whose members sign erasures, NULL past the end (then custodians
 * do). */
const char *cv_template_eraser(const struct cv_template *t, size_t i);
const char *cv_template_type_section(const struct cv_template *t, const char *type, size_t i);
/** cv_template_has(t, type, section): is it one of the type's sections? */
bool cv_template_has(const struct cv_template *t, const char *type, const char *section);
const char *cv_template_profile(const struct cv_template *t, size_t i);

enum { CV_RIGHT_READ = 1, CV_RIGHT_CREATE = 2, CV_RIGHT_EDIT = 4, CV_RIGHT_EXPORT = 8 };
/** cv_template_rights(t, section, role): of a section or of `audit`; 0 for unknown names. */
unsigned cv_template_rights(const struct cv_template *t, const char *section, const char *role);

/** cv_template_label(t, type, section, field): the label of a field; of a section (field NULL); of a type
 * (both NULL). The name itself where there is none. */
const char *cv_template_label(const struct cv_template *t, const char *type, const char *section,
                              const char *field);

struct cv_template_field {
    const char *name, *label, *type, *htcds, *help; /* htcds and help may be NULL */
    const char *to;                                 /* of a ref: the type it points to; may be NULL */
    const char *mark;                               /* its kind of mark (vault/marks.h); NULL */
    const char *dimension; /* what statistics call it; NULL: they do not count by it */
    bool required, multi, elements, identifier;
    bool today;                    /* a date: a new record that does not say it takes the day */
    bool named;                    /* its elements leave only where the act names them */
    size_t max;                    /* elements of a multi field */
    const struct cv_json *choices; /* array of the words of a choice; else NULL */
};
/** cv_template_field(t, type, section, i, out): false past the end. */
bool cv_template_field(const struct cv_template *t, const char *type, const char *section, size_t i,
                       struct cv_template_field *out);
/** cv_template_field_named(...): by name. */
bool cv_template_field_named(const struct cv_template *t, const char *type, const char *section,
                             const char *name, struct cv_template_field *out);
/** cv_template_inner(t, type, section, name, i, out): the i-th field inside the object field ${name}; false
 * past the end, or where it is no object. */
bool cv_template_inner(const struct cv_template *t, const char *type, const char *section, const char *name,
                       size_t i, struct cv_template_field *out);
/** cv_template_coded(t, type, section): is the section filled from others (cv_template_code)? */
bool cv_template_coded(const struct cv_template *t, const char *type, const char *section);
/** cv_template_takes(t, type, section, object, name, value, why): may this value stand in the field ${name}
 * of a section, or (${object} not NULL) of an object there? Else false with ${why} in plain words. */
bool cv_template_takes(const struct cv_template *t, const char *type, const char *section, const char *object,
                       const char *name, const struct cv_json *value, const char **why);
/** cv_template_documents(t, type, section, out): the field of a section that lists files (docs/TEMPLATE.md):
 * objects by element, with `name`, `sha256`, and `document` where the vault keeps the file. False if it has
 * none. */
bool cv_template_documents(const struct cv_template *t, const char *type, const char *section,
                           struct cv_template_field *out);
/** cv_template_title(t, type, i, section, out): the i-th field by which a person tells records of a type
 * apart: its first required text; else its first identifier, and after a first name (HTCDS prs_FirstName) the
 * family name (prs_SecondName) of the same section. False past the end. */
bool cv_template_title(const struct cv_template *t, const char *type, size_t i, const char **section,
                       struct cv_template_field *out);
/** cv_template_fill(t, type, section): digests in the section's _sd: one per field. */
size_t cv_template_fill(const struct cv_template *t, const char *type, const char *section);

/**
 * cv_template_check(t, record, err): {"type":...,"id":...(optional),"<section>":{...}} against the template.
 * CV_OK; CV_ERR_FORMAT, with a message like "person.identity.birth_date: not a date (YYYY-MM-DD)".
 */
CV_MUST_CHECK cv_status cv_template_check(const struct cv_template *t, const struct cv_json *record,
                                          struct cv_err *err);

/** cv_template_default(t, record, today, err): what a new record does not say, in sections that say
 * something: a date whose default is today takes ${today}. CV_OK; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_template_default(const struct cv_template *t, struct cv_json *record,
                                            const char *today, struct cv_err *err);

/** cv_template_code(t, record, err): fill the section of coded fields from the others, where the type has
 * one; whatever it held is replaced. */
CV_MUST_CHECK cv_status cv_template_code(const struct cv_template *t, struct cv_json *record,
                                         struct cv_err *err);

/** cv_template_dimension(t, type, i, section, out): the i-th coded field that statistics count by, and its
 * section; false past the end. */
bool cv_template_dimension(const struct cv_template *t, const char *type, size_t i, const char **section,
                           struct cv_template_field *out);

/** cv_template_codes(t, type, section, source): is a field of ${section} filled from the section ${source}?
 */
bool cv_template_codes(const struct cv_template *t, const char *type, const char *section,
                       const char *source);

/** A profile is what a package for some purpose may carry. cv_template_profile_purpose(t, profile): the
 * purpose that consent must name; NULL if there is no such profile. */
const char *cv_template_profile_purpose(const struct cv_template *t, const char *profile);
/** cv_template_profile_type(t, profile, i): the i-th type of record that goes under it, NULL past the end. */
const char *cv_template_profile_type(const struct cv_template *t, const char *profile, size_t i);
/** cv_template_profile_section(t, profile, i): the i-th section it carries fields of, NULL past the end. */
const char *cv_template_profile_section(const struct cv_template *t, const char *profile, size_t i);
/** cv_template_profile_allows(t, profile, section, field): may it carry the field? */
bool cv_template_profile_allows(const struct cv_template *t, const char *profile, const char *section,
                                const char *field);
/** cv_template_profile_names(...): is it named there, and not only covered by "*"? */
bool cv_template_profile_names(const struct cv_template *t, const char *profile, const char *section,
                               const char *field);
/** cv_template_own_consent(t, section): does it need a consent that names it alone? */
bool cv_template_own_consent(const struct cv_template *t, const char *section);

#endif
