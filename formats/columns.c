#include "formats/columns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/columns_field.h"
#include "formats/utf8.h"
#include "formats/words.h"

/* What the columns of a file mean; rows are taken in columns_row.c. */

#define CASE "case"

void cv_columns_free(struct cv_columns *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < c->set_count; i++)
        cv_json_free(c->sets[i].value);
    places_free(&c->places);
    free(c->column);
    free(c);
}

/* ---- what was said beside the file ---- */

static cv_status only_strings(const struct cv_json *o, const char *name, bool null_too, struct cv_err *err)
{
    const struct cv_json *of = cv_json_get(o, name);
    if (of != NULL && !cv_json_is(of, CV_JSON_OBJECT))
        return cv_fail(err, CV_ERR_FORMAT, "map: %s: an object is wanted", name);
    for (void *it = cv_json_first(of); it != NULL; it = cv_json_next(of, it)) {
        const struct cv_json *v = cv_json_iter_value(it);
        if (!cv_json_is(v, CV_JSON_STRING) && !(null_too && cv_json_is(v, CV_JSON_NULL)))
            return cv_fail(err, CV_ERR_FORMAT,
                           null_too ? N_("map: %s: %.60s: text or null is wanted")
                                    : N_("map: %s: %.60s: text is wanted"),
                           name, cv_json_iter_name(it));
    }
    return CV_OK;
}

static cv_status word_or_none(const struct cv_json *o, const char *name, struct cv_err *err)
{
    const struct cv_json *v = cv_json_get(o, name);
    return v == NULL || (cv_json_len(v) > 0 && cv_json_is(v, CV_JSON_STRING))
               ? CV_OK
               : cv_fail(err, CV_ERR_FORMAT, "map: %s: text is wanted", name);
}

cv_status cv_columns_map(struct cv_bytes text, struct cv_json **out, struct cv_err *err)
{
    static const char *const names[] = { "casevault", "columns",  "set",   "without",
                                         "delimiter", "encoding", "dates", NULL };
    cv_status st = cv_json_parse(text, CV_TEMPLATE_MAX_BYTES, "map", out, err);
    if (st == CV_OK && !cv_json_is(*out, CV_JSON_OBJECT))
        st = cv_fail(err, CV_ERR_FORMAT, "map: an object is wanted");
    st = CV_THEN(st, cv_json_only(*out, names, "map", err));
    if (st == CV_OK && !cv_bytes_equal(cv_json_text(cv_json_get(*out, "casevault")), CV_LIT("columns v1")))
        st = cv_fail(err, CV_ERR_FORMAT, "map: it must say \"casevault\": \"columns v1\"");
    st = CV_THEN(st, only_strings(*out, "columns", true, err));
    st = CV_THEN(st, only_strings(*out, "set", false, err));
    for (size_t i = 4; st == CV_OK && names[i] != NULL; i++)
        st = word_or_none(*out, names[i], err);
    const struct cv_json *without = st == CV_OK ? cv_json_get(*out, "without") : NULL;
    if (without != NULL && !cv_json_is(without, CV_JSON_ARRAY))
        st = cv_fail(err, CV_ERR_FORMAT, "map: without: a list of headers is wanted");
    for (size_t i = 0; st == CV_OK && i < cv_json_len(without); i++)
        if (!cv_json_is(cv_json_at(without, i), CV_JSON_STRING))
            st = cv_fail(err, CV_ERR_FORMAT, "map: without: a list of headers is wanted");
    if (st != CV_OK) {
        cv_json_free(*out);
        *out = NULL;
    }
    return st;
}

/* set_one(c, field, text): what records get that do not have this field. */
static cv_status set_one(struct cv_columns *c, struct cv_bytes field, struct cv_bytes text,
                         struct cv_err *err)
{
    const struct place *p = places_find(&c->places, field);
    const char *why = NULL;
    if (p == NULL || p->inside)
        return cv_fail(err, CV_ERR_ARG, "set: %.*s is no field of the template (type.section.field)",
                       (int)(field.n < 100 ? field.n : 100), (const char *)field.p);
    if (c->set_count == SETS_MAX)
        return cv_fail(err, CV_ERR_LIMIT, "set: more than %d fields", SETS_MAX);
    struct set *s = &c->sets[c->set_count];
    s->place = p;
    const struct cell_how said = { c->cells.dates, true }; /* by a person, and for no spreadsheet */
    cv_status st = cell_value(&p->f, text, &said, &s->value, &why);
    if (st == CV_ERR_FORMAT)
        return cv_fail(err, CV_ERR_ARG, "set: %s.%s.%s: %s", p->type, p->section, p->f.name, why);
    if (st == CV_OK)
        c->set_count++;
    return st;
}

static cv_status set_all(struct cv_columns *c, const struct cv_columns_how *how, struct cv_err *err)
{
    const struct cv_json *map = cv_json_get(how->map, "set");
    cv_status st = CV_OK;
    for (size_t i = 0; st == CV_OK && how->set != NULL && how->set[i] != NULL; i++) {
        const char *eq = strchr(how->set[i], '=');
        st = eq == NULL
                 ? cv_fail(err, CV_ERR_ARG, "--set: wanted is FIELD=VALUE")
                 : set_one(c, CV_BYTES(how->set[i], (size_t)(eq - how->set[i])), cv_bytes_str(eq + 1), err);
    }
    for (void *it = cv_json_first(map); st == CV_OK && it != NULL; it = cv_json_next(map, it))
        st = set_one(c, cv_bytes_str(cv_json_iter_name(it)), cv_json_text(cv_json_iter_value(it)), err);
    return st;
}

static bool is_set(const struct cv_columns *c, const char *type, const char *section, const char *field)
{
    for (size_t i = 0; i < c->set_count; i++) {
        const struct place *p = c->sets[i].place;
        if (strcmp(p->type, type) == 0 && (section == NULL || strcmp(p->section, section) == 0) &&
            (field == NULL || strcmp(p->f.name, field) == 0))
            return true;
    }
    return false;
}

bool columns_want(const struct cv_columns *c, const char *type)
{
    for (size_t i = 0; c->only != NULL && c->only[i] != NULL; i++)
        if (strcmp(c->only[i], type) == 0)
            return true;
    return c->only == NULL;
}

/* ---- the header ---- */

static bool left_out(const struct cv_columns_how *how, struct cv_bytes header)
{
    const struct cv_json *list = cv_json_get(how->map, "without");
    for (size_t i = 0; how->without != NULL && how->without[i] != NULL; i++)
        if (cv_bytes_equal(cv_bytes_str(how->without[i]), header))
            return true;
    for (size_t i = 0; i < cv_json_len(list); i++)
        if (cv_bytes_equal(cv_json_text(cv_json_at(list, i)), header))
            return true;
    return false;
}

/* mapped(map, header): what a map says of it: text, null, or (NULL) nothing. */
static const struct cv_json *mapped(const struct cv_json *map, struct cv_bytes header)
{
    const struct cv_json *columns = cv_json_get(map, "columns");
    for (void *it = cv_json_first(columns); it != NULL; it = cv_json_next(columns, it))
        if (cv_bytes_equal(cv_bytes_str(cv_json_iter_name(it)), header))
            return cv_json_iter_value(it);
    return NULL;
}

/* grouped(c, header): would it be known without the group before it? */
static bool grouped(const struct cv_columns *c, struct cv_bytes header)
{
    for (size_t i = 0; i < header.n; i++) {
        struct meaning m;
        if (memchr("/:.-", header.p[i], 4) == NULL)
            continue;
        meaning_of(&c->places, CV_BYTES(header.p + i + 1, header.n - i - 1), &m);
        if (m.what == MEANS_FIELD || m.what == MEANS_CHOICE)
            return true;
    }
    return false;
}

static cv_status mean(struct cv_columns *c, const struct cv_columns_how *how, size_t i,
                      struct cv_bytes header, struct cv_err *err)
{
    struct column *col = &c->column[i];
    const struct cv_json *said = mapped(how->map, header);
    const struct cv_bytes name = cv_utf8_cut(header, sizeof(col->header) - 1);
    memcpy(col->header, name.p != NULL ? name.p : (const uint8_t *)"", name.n);
    if (cv_json_is(said, CV_JSON_NULL) || left_out(how, header)) {
        col->m.what = MEANS_LEFT_OUT;
        return CV_OK;
    }
    meaning_of(&c->places, said != NULL ? cv_json_text(said) : header, &col->m);
    if (col->m.what == MEANS_NOTHING && header.n == 0) {
        snprintf(col->header, sizeof(col->header), "column %zu", i + 1);
        return CV_OK; /* without a name it must be empty */
    }
    if (col->m.what == MEANS_PARENT)
        return cv_fail(
            err, CV_ERR_FORMAT,
            "column %zu, %.60s: these are repeats of a form, apart from its rows; export them as numbered "
            "columns of one file",
            i + 1, col->header);
    if (col->m.what == MEANS_NOTHING && said == NULL && grouped(c, CV_BYTES(col->header, name.n)))
        return cv_fail(
            err, CV_ERR_FORMAT,
            "column %zu, %.60s: its group is none of the form's, so whose is it? Name a field in a "
            "--map, or --without",
            i + 1, col->header);
    if (col->m.what == MEANS_NOTHING)
        return cv_fail(
            err, CV_ERR_FORMAT,
            "column %zu, %.60s: no field has this name; name one in a --map, or leave the column out "
            "with --without",
            i + 1, col->header);
    return CV_OK;
}

/* same(a, b): do both columns mean the very same? */
static bool same(const struct column *a, const struct column *b)
{
    return a->m.what == b->m.what && a->m.what != MEANS_LEFT_OUT && a->m.what != MEANS_SERVER &&
           a->m.what != MEANS_NOTHING && a->m.place == b->m.place && a->m.number == b->m.number &&
           a->m.choice == b->m.choice && a->m.rank == b->m.rank;
}

/* check_twice(c, header): no two columns of one name or one meaning. */
static cv_status check_twice(const struct cv_columns *c, const struct cv_csv_row *header, struct cv_err *err)
{
    for (size_t i = 0; i < c->count; i++)
        for (size_t j = 0; j < i; j++) {
            if (header->cell[i].n > 0 && cv_bytes_equal(header->cell[i], header->cell[j]))
                return cv_fail(err, CV_ERR_FORMAT, "columns %zu and %zu have the same header, %.80s", j + 1,
                               i + 1, c->column[i].header);
            if (same(&c->column[i], &c->column[j]))
                return cv_fail(err, CV_ERR_FORMAT,
                               "columns %zu and %zu, %.60s and %.60s, mean the same field", j + 1, i + 1,
                               c->column[j].header, c->column[i].header);
        }
    return CV_OK;
}

/* check_named(c, header, how): what a map or --without names is there. */
static cv_status check_named(const struct cv_csv_row *header, const struct cv_columns_how *how,
                             struct cv_err *err)
{
    const struct cv_json *columns = cv_json_get(how->map, "columns");
    for (void *it = cv_json_first(columns); it != NULL; it = cv_json_next(columns, it)) {
        bool found = false;
        for (size_t i = 0; i < header->count; i++)
            found = found || cv_bytes_equal(cv_bytes_str(cv_json_iter_name(it)), header->cell[i]);
        if (!found)
            return cv_fail(err, CV_ERR_FORMAT, "map: the file has no column %.80s", cv_json_iter_name(it));
    }
    for (size_t k = 0; how->without != NULL && how->without[k] != NULL; k++) {
        bool found = false;
        for (size_t i = 0; i < header->count; i++)
            found = found || cv_bytes_equal(cv_bytes_str(how->without[k]), header->cell[i]);
        if (!found)
            return cv_fail(err, CV_ERR_ARG, "--without: the file has no column %.80s", how->without[k]);
    }
    return CV_OK;
}

/* check_server(c): what a form's server adds is known by its name; in another file it may be anything. */
static cv_status check_server(const struct cv_columns *c, struct cv_err *err)
{
    size_t first = c->count;
    for (size_t i = 0; i < c->count; i++) {
        if (c->column[i].m.what == MEANS_UUID)
            return CV_OK;
        if (c->column[i].m.what == MEANS_SERVER && first == c->count)
            first = i;
    }
    return first == c->count
               ? CV_OK
               : cv_fail(err, CV_ERR_FORMAT,
                         "column %zu, %.60s: without a column instanceID, _uuid or KEY this is no "
                         "export of a form; leave it out with --without, or name a field in a --map",
                         first + 1, c->column[first].header);
}

static bool speaks_of(const struct cv_columns *c, const char *type, const char *field)
{
    for (size_t i = 0; i < c->count; i++) {
        const struct place *p = c->column[i].m.place;
        if (p != NULL && strcmp(p->type, type) == 0 && (field == NULL || strcmp(p->f.name, field) == 0))
            return true;
    }
    return false;
}

/* check_consent(c): a yes without what it was said to is no consent. */
static cv_status check_consent(const struct cv_columns *c, struct cv_err *err)
{
    struct cv_template_field f;
    if (c->typed || !columns_want(c, "consent") || !speaks_of(c, "consent", "state") ||
        speaks_of(c, "consent", "purpose") ||
        !cv_template_field_named(c->t, "consent", "consent", "purpose", &f) || !f.required ||
        is_set(c, "consent", "consent", "purpose"))
        return CV_OK;
    return cv_fail(
        err, CV_ERR_FORMAT,
        "con_Consent: consent to what? Say it with --set consent.consent.purpose=Referral (or another "
        "purpose), or leave the column out with --without");
}

cv_status cv_columns_new(const struct cv_template *t, const struct cv_csv_row *header,
                         const struct cv_columns_how *how, struct cv_columns **out, struct cv_err *err)
{
    struct cv_columns *c = calloc(1, sizeof(*c));
    *out = NULL;
    if (c == NULL)
        return cv_fail(err, CV_ERR_NOMEM, "columns: out of memory");
    c->t = t;
    c->cells.dates = how->dates;
    c->only = how->only;
    c->count = header->count;
    c->column = calloc(header->count + 1, sizeof(*c->column));
    cv_status st = c->column == NULL ? CV_ERR_NOMEM : places_of(t, &c->places);
    st = CV_THEN(st, check_named(header, how, err));
    for (size_t i = 0; i < header->count && st == CV_OK; i++) {
        st = mean(c, how, i, header->cell[i], err);
        c->typed = c->typed || c->column[i].m.what == MEANS_TYPE;
    }
    c->cells.ours = c->typed;
    st = CV_THEN(st, check_twice(c, header, err));
    st = CV_THEN(st, check_server(c, err));
    st = CV_THEN(st, set_all(c, how, err));
    st = CV_THEN(st, check_consent(c, err));
    c->with_case = st == CV_OK && (speaks_of(c, CASE, NULL) || is_set(c, CASE, NULL, NULL));
    if (st == CV_OK)
        *out = c;
    else
        cv_columns_free(c);
    return cv_err_note(err, st, "columns");
}
