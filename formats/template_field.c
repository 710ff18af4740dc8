#include "formats/template_field.h"

#include <string.h>

#include "formats/crockford.h"
#include "formats/date.h"
#include "formats/template.h"
#include "formats/utf8.h"
#include "formats/words.h"

#define AGE_MAX 999

static const char *const type_names[] = {
    [FIELD_NONE] = "",
    [FIELD_STRING] = "string",
    [FIELD_TEXT] = "text",
    [FIELD_INTEGER] = "integer",
    [FIELD_BOOLEAN] = "boolean",
    [FIELD_DATE] = "date",
    [FIELD_DATETIME] = "datetime",
    [FIELD_CHOICE] = "choice",
    [FIELD_COUNTRY] = "country",
    [FIELD_LANGUAGE] = "language",
    [FIELD_PHONE] = "phone",
    [FIELD_REF] = "ref",
    [FIELD_SHA256] = "sha256",
    [FIELD_DOCUMENT] = "document",
    [FIELD_OBJECT] = "object",
};

enum field_type field_type_of(const char *name)
{
    for (size_t i = 1; name != NULL && i < sizeof(type_names) / sizeof(type_names[0]); i++)
        if (strcmp(type_names[i], name) == 0)
            return (enum field_type)i;
    return FIELD_NONE;
}

const char *field_type_name(enum field_type type)
{
    return type_names[type];
}

/* The kinds of marks, and of which types they may be. */
static const struct {
    const char *kind;
    enum field_type type, or ;
} mark_kinds[] = {
    { "name", FIELD_STRING, FIELD_STRING },    { "birth", FIELD_DATE, FIELD_DATE },
    { "phone", FIELD_PHONE, FIELD_PHONE },     { "document", FIELD_STRING, FIELD_STRING },
    { "account", FIELD_STRING, FIELD_STRING }, { "vehicle", FIELD_STRING, FIELD_STRING },
    { "address", FIELD_STRING, FIELD_STRING }, { "perpetrator", FIELD_STRING, FIELD_STRING },
    { "route", FIELD_STRING, FIELD_TEXT },
};

/* What the standard's own fields are: templates from before there were marks have them too. */
static const struct {
    const char *htcds, *kind;
} standard_marks[] = {
    { "prs_FirstName", "name" },
    { "prs_MiddleName", "name" },
    { "prs_SecondName", "name" },
    { "prs_Birthdate", "birth" },
    { "prs_IdentityNumber", "document" },
    { "prs_Email", "account" },
    { "prs_HomePhone", "phone" },
    { "prs_MobilePhone", "phone" },
    { "prs_MailingStreet", "address" },
    { "prs_MailingCity", "address" },
    { "hte_Street", "address" },
    { "hte_City", "address" },
    { "vic_LocationOfRecruitment", "route" },
    { "vic_LocationOfExploitation", "route" },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

bool field_mark(const struct field *f, const char *said, const char **out)
{
    const char *kind = said;
    *out = NULL;
    for (size_t i = 0; said == NULL && f->htcds != NULL && i < COUNT(standard_marks); i++)
        if (strcmp(standard_marks[i].htcds, f->htcds) == 0)
            kind = standard_marks[i].kind;
    for (size_t i = 0; kind != NULL && i < COUNT(mark_kinds); i++)
        if (strcmp(mark_kinds[i].kind, kind) == 0 &&
            (f->type == mark_kinds[i].type || f->type == mark_kinds[i].or))
            *out = mark_kinds[i].kind;
    return said == NULL || *out != NULL;
}

/* take_name(from, n, out): ${n} bytes as a name of their own. */
static bool take_name(const char *from, size_t n, char out[static TEMPLATE_NAME_MAX + 1])
{
    if (n > TEMPLATE_NAME_MAX)
        return false;
    memcpy(out, from, n);
    out[n] = '\0';
    return template_name_ok(out);
}

/* take_path(text, n, section, field): ${n} bytes as "section.field". */
static bool take_path(const char *text, size_t n, char *section, char *field)
{
    const char *dot = memchr(text, '.', n);
    return dot != NULL && take_name(text, (size_t)(dot - text), section) &&
           take_name(dot + 1, n - (size_t)(dot - text) - 1, field);
}

bool field_from_parse(const char *text, struct field_from *out)
{
    const size_t n = strcspn(text, "|");
    const char *how = text + n;
    out->taken = how[0] == '\0' ? FIELD_AS_IT_IS : strcmp(how, "|year") == 0 ? FIELD_YEAR : FIELD_AGE;
    if (!take_path(text, n, out->section, out->field))
        return false;
    return out->taken != FIELD_AGE || (strncmp(how, "|age:", 5) == 0 &&
                                       take_path(how + 5, strlen(how + 5), out->on_section, out->on_field));
}

/* take_ages(word, from, to): the first and the last year of a group. */
static bool take_ages(const char *word, unsigned *from, unsigned *to)
{
    unsigned ages[2] = { 0, AGE_MAX };
    const size_t first = strspn(word, "0123456789"), rest = strspn(word + first + 1, "0123456789");
    if (first < 1 || first > 3 || rest > 3)
        return false;
    for (size_t i = 0; i < first; i++)
        ages[0] = ages[0] * 10 + (unsigned)(word[i] - '0');
    if (strcmp(word + first, "+") != 0) {
        if (word[first] != '-' || rest < 1 || word[first + 1 + rest] != '\0')
            return false;
        ages[1] = 0;
        for (size_t i = 0; i < rest; i++)
            ages[1] = ages[1] * 10 + (unsigned)(word[first + 1 + i] - '0');
    }
    *from = ages[0];
    *to = ages[1];
    return *from <= *to;
}

bool age_group_ok(const char *word)
{
    unsigned from, to;
    return word != NULL && word[0] != '\0' && take_ages(word, &from, &to);
}

/* year_of(date): its first four digits. */
static unsigned year_of(const char *date)
{
    unsigned year = 0;
    for (size_t i = 0; i < 4; i++)
        year = year * 10 + (unsigned)(date[i] - '0');
    return year;
}

const char *age_group_at(const struct cv_json *groups, const char *born, const char *on)
{
    if (born == NULL || on == NULL || !cv_date_ok(cv_bytes_str(born), true) ||
        !cv_date_ok(cv_bytes_str(on), true) || strncmp(on, born, 4) < 0)
        return NULL;
    const size_t n = strlen(born) < strlen(on) ? strlen(born) : strlen(on);
    const bool before = n > 4 && strncmp(on + 4, born + 4, n - 4) < 0; /* the birthday of that year */
    const unsigned years = year_of(on) - year_of(born);
    if (before && years == 0)
        return NULL;
    for (size_t i = 0; i < cv_json_len(groups); i++) {
        unsigned from, to;
        const char *word = cv_json_cstr(cv_json_at(groups, i));
        if (age_group_ok(word) && take_ages(word, &from, &to) && years - before >= from &&
            years - before <= to)
            return word;
    }
    return NULL;
}

static bool letters(struct cv_bytes t, size_t n, uint8_t from, uint8_t to)
{
    if (t.n != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (t.p[i] < from || t.p[i] > to)
            return false;
    return true;
}

/* phone_ok(t): E.164: a plus and 7 to 15 digits, the first not 0. */
static bool phone_ok(struct cv_bytes t)
{
    return t.n >= 8 && t.n <= 16 && t.p[0] == '+' && t.p[1] != '0' &&
           letters(CV_BYTES(t.p + 1, t.n - 1), t.n - 1, '0', '9');
}

static bool sha256_ok(struct cv_bytes t)
{
    for (size_t i = 0; i < t.n; i++)
        if (!((t.p[i] >= '0' && t.p[i] <= '9') || (t.p[i] >= 'a' && t.p[i] <= 'f')))
            return false;
    return t.n == 64;
}

static bool choice_ok(const struct cv_json *choices, const struct cv_json *value)
{
    for (size_t i = 0; i < cv_json_len(choices); i++)
        if (cv_json_equal(cv_json_at(choices, i), value))
            return true;
    return false;
}

static bool refuse(const char **why, const char *text)
{
    *why = _(text);
    return false;
}

static bool object_ok(const struct field *f, const struct cv_json *value, const char **why)
{
    if (!cv_json_is(value, CV_JSON_OBJECT))
        return refuse(why, "an object of fields is wanted");
    for (void *it = cv_json_first(value); it != NULL; it = cv_json_next(value, it)) {
        const struct field *inner = NULL;
        for (size_t i = 0; i < f->inner_count; i++)
            if (strcmp(f->inner[i].name, cv_json_iter_name(it)) == 0)
                inner = &f->inner[i];
        if (inner == NULL)
            return refuse(why, "holds a field that the template does not have");
        if (!field_check(inner, cv_json_iter_value(it), why))
            return false;
    }
    for (size_t i = 0; i < f->inner_count; i++)
        if (f->inner[i].required && cv_json_get(value, f->inner[i].name) == NULL)
            return refuse(why, "lacks one of its required fields");
    return true;
}

/* line_ok(t): one line of a name, a place, a number: nothing in it steers what is read around it. */
static bool line_ok(struct cv_bytes t, const char **why)
{
    uint32_t code;
    if (cv_utf8_count(t) > CV_STRING_MAX_CHARS)
        return refuse(why, "longer than 1,000 characters");
    for (size_t n; (n = cv_utf8_next(t, &code)) != 0; t = CV_BYTES(t.p + n, t.n - n))
        if (cv_utf8_steers(code))
            return refuse(why, "holds a control or bidirectional character; it is one line of plain text");
    return true;
}

/* document_ok(t): the id that casevault gave to it, in its one form. */
static bool document_ok(struct cv_bytes t)
{
    uint8_t id[CV_ID_BYTES];
    char again[CV_ID_TEXT_BYTES];
    if (cv_id_parse(t, id, NULL) != CV_OK)
        return false;
    cv_id_text(id, again);
    return cv_bytes_equal(t, cv_bytes_str(again));
}

/* string_ok(f, text): the types that are written as strings. */
static bool string_ok(const struct field *f, const struct cv_json *value, const char **why)
{
    const struct cv_bytes t = cv_json_text(value);
    uint8_t id[CV_ID_BYTES];
    if (!cv_json_is(value, CV_JSON_STRING))
        return refuse(why, "text in quotation marks is wanted");
    if (t.n == 0)
        return refuse(why, "is empty; leave it out instead");
    switch (f->type) {
    case FIELD_STRING:
        return line_ok(t, why);
    case FIELD_TEXT:
        return t.n <= CV_TEXT_MAX_BYTES || refuse(why, "longer than 200,000 bytes");
    case FIELD_DATE:
        return cv_date_ok(t, f->partial) ||
               refuse(why,
                      f->partial ? "not a date (YYYY-MM-DD, YYYY-MM or YYYY)" : "not a date (YYYY-MM-DD)");
    case FIELD_DATETIME:
        return cv_datetime_ok(t) || refuse(why, "not a time (YYYY-MM-DDThh:mm:ssZ)");
    case FIELD_CHOICE:
        return choice_ok(f->choices, value) || refuse(why, "not one of its choices");
    case FIELD_COUNTRY:
        return letters(t, 2, 'A', 'Z') || refuse(why, "not a country (two capital letters, ISO 3166)");
    case FIELD_LANGUAGE:
        return letters(t, 3, 'a', 'z') || refuse(why, "not a language (three small letters, ISO 639-2)");
    case FIELD_PHONE:
        return phone_ok(t) || refuse(why, "not a telephone number (+ and 7 to 15 digits, E.164)");
    case FIELD_REF:
        return cv_id_parse(t, id, NULL) == CV_OK || refuse(why, "not a record id, or mistyped");
    case FIELD_SHA256:
        return sha256_ok(t) || refuse(why, "not a SHA-256 in 64 small hex digits");
    case FIELD_DOCUMENT:
        return document_ok(t) || refuse(why, "not a document's id, as `document add` gives it");
    default:
        return refuse(why, "is of a type that casevault does not know");
    }
}

static bool one_ok(const struct field *f, const struct cv_json *value, const char **why)
{
    switch (f->type) {
    case FIELD_INTEGER:
        return cv_json_is(value, CV_JSON_INT)
                   ? cv_json_to_int(value) >= f->min || refuse(why, "smaller than the template allows")
                   : refuse(why, "a whole number is wanted");
    case FIELD_BOOLEAN:
        return cv_json_is(value, CV_JSON_BOOL) || refuse(why, "true or false is wanted");
    case FIELD_OBJECT:
        return object_ok(f, value, why);
    default:
        return string_ok(f, value, why);
    }
}

/* wrong_choice(f, value): a value of a field without a list. */
static const struct field *wrong_choice(const struct field *f, const struct cv_json *value)
{
    const struct field *wrong = NULL;
    if (f->type == FIELD_CHOICE)
        return choice_ok(f->choices, value) ? NULL : f;
    for (size_t i = 0; i < f->inner_count && wrong == NULL; i++) {
        const struct cv_json *in = cv_json_get(value, f->inner[i].name);
        wrong = in != NULL ? field_wrong_choice(&f->inner[i], in) : NULL;
    }
    return wrong;
}

const struct field *field_wrong_choice(const struct field *f, const struct cv_json *value)
{
    const struct field *wrong = NULL;
    if (!cv_json_is(value, CV_JSON_ARRAY))
        return wrong_choice(f, value);
    for (size_t i = 0; i < cv_json_len(value) && wrong == NULL; i++)
        wrong = wrong_choice(f, cv_json_at(value, i));
    return wrong;
}

bool field_check(const struct field *f, const struct cv_json *value, const char **why)
{
    *why = _("does not fit");
    if (!f->multi)
        return one_ok(f, value, why);
    if (!cv_json_is(value, CV_JSON_ARRAY) || cv_json_len(value) == 0)
        return refuse(why, "a list of one or more is wanted");
    if (cv_json_len(value) > f->max)
        return refuse(why, "has more values than the template allows");
    for (size_t i = 0; i < cv_json_len(value); i++)
        if (!one_ok(f, cv_json_at(value, i), why))
            return false;
    return true;
}
