#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/random.h"
#include "formats/columns_field.h"
#include "formats/crockford.h"
#include "formats/words.h"

/* A row becomes records: each cell goes where its column says, and what the records are to each other follows
 * from the template. */

#define CASE "case"
#define PERSON "person"
#define RECORDS_MAX 64 /* of a row */

struct taking {
    struct cv_columns *c;
    cv_fault_fn fault;
    void *arg;
    struct {
        const char *type;
        unsigned number;
        struct cv_json *record; /* borrowed from the list */
    } made[RECORDS_MAX];
    size_t count;
    const char *type; /* the only one, where a column says so */
    struct cv_json *list;
    bool faulty, nomem;
};

static void fault(struct taking *t, const char *column, const char *why)
{
    t->faulty = true;
    t->fault(t->arg, column, _(why));
}

/* member(o, name, array): an object's member, made if need be; borrowed. */
static struct cv_json *member(struct taking *t, struct cv_json *o, const char *name, bool array)
{
    struct cv_json *m = cv_json_get(o, name);
    if (m == NULL && cv_json_set(o, name, array ? cv_json_array() : cv_json_object()) == CV_OK)
        m = cv_json_get(o, name);
    t->nomem = t->nomem || m == NULL;
    return m;
}

/* record_of(t, type, number): that record of the row, made if need be. */
static struct cv_json *record_of(struct taking *t, const char *type, unsigned number)
{
    uint8_t raw[CV_ID_BYTES];
    char id[CV_ID_TEXT_BYTES];
    struct cv_json *o;
    for (size_t i = 0; i < t->count; i++)
        if (t->made[i].number == number && strcmp(t->made[i].type, type) == 0)
            return t->made[i].record;
    if (t->count == RECORDS_MAX) {
        fault(t, NULL, "more than 64 records in one row");
        return NULL;
    }
    cv_status st = cv_random(raw, sizeof(raw));
    cv_id_text(raw, id);
    o = cv_json_object();
    st = CV_THEN(st, cv_json_set(o, "type", cv_json_str(type)));
    st = CV_THEN(st, cv_json_set(o, "id", cv_json_str(id)));
    if (st == CV_OK)
        st = cv_json_push(t->list, o);
    else
        cv_json_free(o);
    if (st != CV_OK) {
        t->nomem = true;
        return NULL;
    }
    t->made[t->count].type = type;
    t->made[t->count].number = number;
    t->made[t->count++].record = o;
    return o;
}

/* numbers_records(c, type): a column tells a second record of the type: then numbers are of records, also
 * those of fields that hold several values. */
static bool numbers_records(const struct cv_columns *c, const char *type)
{
    for (size_t i = 0; i < c->count; i++) {
        const struct place *p = c->column[i].m.place;
        if (p != NULL && strcmp(p->type, type) == 0 && c->column[i].m.number > 1 && !place_field(p)->multi &&
            !(p->inside && p->f.multi))
            return true;
    }
    return false;
}

/* record_at(t, p, number): the record that a column speaks of. */
static struct cv_json *record_at(struct taking *t, const struct place *p, unsigned number)
{
    const bool of_element = p->inside && p->f.multi;
    const bool of_record = !of_element && (!place_field(p)->multi || numbers_records(t->c, p->type));
    return record_of(t, p->type, of_record ? number : 0);
}

/* wanted(t, col): is its record? One that is not is there all the same, for others to refer to;
 * of what it says, that it does. */
static bool wanted(struct taking *t, const struct column *col, bool says)
{
    if (columns_want(t->c, col->m.place->type))
        return true;
    struct cv_json *o = says && !t->c->typed ? record_at(t, col->m.place, col->m.number) : NULL;
    struct cv_json *section = o != NULL ? member(t, o, col->m.place->section, false) : NULL;
    if (section != NULL)
        t->nomem = cv_json_set(section, col->m.place->f.name, cv_json_bool(true)) != CV_OK || t->nomem;
    return false;
}

/* holder_of(t, p, number): the object in which the field of a column stands; borrowed. */
static struct cv_json *holder_of(struct taking *t, const struct place *p, unsigned number)
{
    struct cv_json *o = record_at(t, p, number);
    struct cv_json *section = o != NULL ? member(t, o, p->section, false) : NULL;
    if (section == NULL || !p->inside)
        return section;
    if (!p->f.multi)
        return member(t, section, p->f.name, false);
    struct cv_json *list = member(t, section, p->f.name, true);
    const size_t at = number > 0 ? number - 1 : 0;
    while (!t->nomem && cv_json_len(list) <= at && at < p->f.max)
        t->nomem = cv_json_push(list, cv_json_object()) != CV_OK;
    return cv_json_at(list, at);
}

/* put(t, col, value): taken over. */
static void put(struct taking *t, const struct column *col, struct cv_json *value)
{
    const struct cv_template_field *f = place_field(col->m.place);
    struct cv_json *o = holder_of(t, col->m.place, col->m.number), *have = cv_json_get(o, f->name);
    if (o == NULL) {
        if (!t->nomem)
            fault(t, col->header, "more of them than the template allows");
        cv_json_free(value);
        return;
    }
    if (have != NULL && !f->multi && !cv_json_equal(have, value)) {
        fault(t, col->header, "another column says something else here");
        cv_json_free(value);
        return;
    }
    if (have == NULL || !f->multi) {
        t->nomem = t->nomem || cv_json_set(o, f->name, value) != CV_OK;
        return;
    }
    for (size_t i = 0; i < cv_json_len(value) && !t->nomem; i++) {
        bool there = false;
        for (size_t k = 0; k < cv_json_len(have); k++)
            there = there || cv_json_equal(cv_json_at(have, k), cv_json_at(value, i));
        t->nomem = !there && cv_json_push(have, cv_json_ref(cv_json_at(value, i))) != CV_OK;
    }
    cv_json_free(value);
}

static void take_choice(struct taking *t, const struct column *col, struct cv_bytes text)
{
    bool yes = false;
    const bool clear = cell_yes(text, &yes);
    if (!wanted(t, col, clear && yes))
        return;
    if (!clear) {
        fault(t, col->header, "neither yes nor no");
        return;
    }
    struct cv_json *list = yes ? cv_json_array() : NULL;
    if (yes && cv_json_push(list, cv_json_str(col->m.choice)) == CV_OK)
        put(t, col, list);
    else if (yes)
        t->nomem = true;
}

/* agree(t, row, all, words): where choices of this field have columns of their own, do those say the same? */
static void agree(struct taking *t, const struct cv_csv_row *row, const struct column *all,
                  const struct cv_json *words)
{
    char why[COLUMNS_PATH_BYTES + 120];
    for (size_t i = 0; i < t->c->count; i++) {
        const struct column *one = &t->c->column[i];
        bool yes = false;
        if (one->m.what != MEANS_CHOICE || one->m.place != all->m.place || one->m.number != all->m.number ||
            !cell_yes(cell_bare(row->cell[i]), &yes) || cv_json_has_word(words, one->m.choice) == yes)
            continue;
        snprintf(why, sizeof(why), yes ? _("yes, but %s does not name it") : _("no, but %s names it"),
                 all->header);
        fault(t, one->header, why);
    }
}

/* words_of(f, out): the words that may stand in a field, as many as fit. */
static const char *words_of(const struct cv_template_field *f, char out[static 200])
{
    size_t n = (size_t)snprintf(out, 200, "%s", _("none of"));
    for (size_t i = 0; i < cv_json_len(f->choices); i++) {
        const char *word = cv_json_cstr(cv_json_at(f->choices, i));
        if (n + strlen(word) + 7 > 200)
            return strcat(out, ", ...");
        n += (size_t)snprintf(out + n, 200 - n, "%s %s", i > 0 ? "," : "", word);
    }
    return out;
}

static void take_field(struct taking *t, const struct cv_csv_row *row, const struct column *col,
                       struct cv_bytes text)
{
    struct cv_json *value = NULL;
    const struct cv_template_field *f = place_field(col->m.place);
    const char *why = NULL;
    char words[200];
    if (!wanted(t, col, true))
        return;
    if (t->type != NULL && strcmp(t->type, col->m.place->type) != 0) {
        fault(t, col->header, "the record of this row is of another type");
        return;
    }
    cv_status st = cell_value(f, text, &t->c->cells, &value, &why);
    if (st == CV_OK) {
        agree(t, row, col, value);
        put(t, col, value);
    } else if (st == CV_ERR_FORMAT)
        fault(t, col->header, f->choices != NULL ? words_of(f, words) : why);
    else
        t->nomem = true;
}

/* of_row(c, row, what): the cell that says this of the row; the best one, if there are several. */
static struct cv_bytes of_row(const struct cv_columns *c, const struct cv_csv_row *row, int what)
{
    struct cv_bytes best = { 0 };
    int rank = 0;
    for (size_t i = 0; i < c->count; i++) {
        const struct cv_bytes text = cell_bare(cell_unguarded(cell_bare(row->cell[i]), c->typed));
        if ((int)c->column[i].m.what == what && text.n > 0 && (best.n == 0 || c->column[i].m.rank < rank)) {
            best = text;
            rank = c->column[i].m.rank;
        }
    }
    return best;
}

/* set_missing(t): what was said beside the file, where a record does not have it. */
static void set_missing(struct taking *t)
{
    for (size_t i = 0; i < t->c->set_count && !t->nomem; i++) {
        const struct set *s = &t->c->sets[i];
        for (size_t k = 0; k < t->count && !t->nomem; k++) {
            if (strcmp(t->made[k].type, s->place->type) != 0)
                continue;
            struct cv_json *section = member(t, t->made[k].record, s->place->section, false);
            if (cv_json_get(section, s->place->f.name) == NULL)
                t->nomem = t->nomem || cv_json_set(section, s->place->f.name, cv_json_ref(s->value)) != CV_OK;
        }
    }
}

/* default_text(t, type, section, field, value): the same with a word of this house, if the template knows it.
 */
static void default_text(struct taking *t, const char *type, const char *section, const char *field,
                         struct cv_bytes value)
{
    struct cv_template_field f;
    if (!cv_template_field_named(t->c->t, type, section, field, &f) || !f.required ||
        (f.choices != NULL && cell_choice(&f, value) == NULL))
        return;
    for (size_t k = 0; k < t->count && !t->nomem; k++) {
        if (strcmp(t->made[k].type, type) != 0)
            continue;
        struct cv_json *in = member(t, t->made[k].record, section, false);
        if (cv_json_get(in, field) == NULL)
            t->nomem = t->nomem || cv_json_set(in, field, cv_json_strn(value)) != CV_OK;
    }
}

/* refer_to(t, record, section, f): the row's records of the type that this reference leads to. */
static void refer_to(struct taking *t, size_t from, const char *section, const struct cv_template_field *f)
{
    struct cv_json *in = NULL, *list = NULL;
    for (size_t k = 0; k < t->count && !t->nomem; k++) {
        struct cv_json *id = cv_json_get(t->made[k].record, "id");
        if (k == from || strcmp(t->made[k].type, f->to) != 0)
            continue;
        in = in != NULL ? in : member(t, t->made[from].record, section, false);
        if (in == NULL || (list == NULL && cv_json_get(in, f->name) != NULL))
            return;
        if (!f->multi) {
            t->nomem = cv_json_set(in, f->name, cv_json_ref(id)) != CV_OK;
            return;
        }
        list = list != NULL ? list : member(t, in, f->name, true);
        t->nomem = t->nomem || cv_json_push(list, cv_json_ref(id)) != CV_OK;
    }
}

static void refer(struct taking *t)
{
    const char *section;
    struct cv_template_field f;
    for (size_t k = 0; k < t->count; k++)
        for (size_t i = 0; (section = cv_template_type_section(t->c->t, t->made[k].type, i)) != NULL; i++)
            for (size_t j = 0; cv_template_field(t->c->t, t->made[k].type, section, j, &f); j++)
                /* That two persons are one is for people to say. */
                if (f.to != NULL && strcmp(f.to, t->made[k].type) != 0)
                    refer_to(t, k, section, &f);
}

/* close_gaps(t, in, name, list): of numbered elements those that nothing stands in. */
static void close_gaps(struct taking *t, struct cv_json *in, const char *name, const struct cv_json *list)
{
    struct cv_json *kept = cv_json_array();
    for (size_t i = 0; i < cv_json_len(list) && !t->nomem; i++)
        if (cv_json_len(cv_json_at(list, i)) > 0)
            t->nomem = cv_json_push(kept, cv_json_ref(cv_json_at(list, i))) != CV_OK;
    t->nomem = cv_json_set(in, name, kept) != CV_OK || t->nomem;
}

/* tidy(t): every element of a list of objects says something. */
static void tidy(struct taking *t)
{
    for (size_t i = 0; i < t->c->places.count; i++) {
        const struct place *p = &t->c->places.p[i];
        for (size_t k = 0; k < t->count && p->inside && p->f.multi && !t->nomem; k++) {
            struct cv_json *in = cv_json_get(t->made[k].record, p->section),
                           *list = cv_json_get(in, p->f.name);
            if (strcmp(t->made[k].type, p->type) == 0 && list != NULL)
                close_gaps(t, in, p->f.name, list);
        }
    }
}

/* complete(t, row, origin): what a person's and a case's row leaves unsaid. */
static void complete(struct taking *t, const struct cv_csv_row *row, const char *origin)
{
    const struct cv_bytes number = of_row(t->c, row, MEANS_NUMBER), uuid = of_row(t->c, row, MEANS_UUID);
    if (t->c->with_case)
        (void)record_of(t, CASE, 0);
    set_missing(t);
    default_text(t, PERSON, "admin", "role", CV_LIT("Victim"));
    default_text(t, CASE, "admin", "case_number",
                 number.n > 0 ? number
                 : uuid.n > 0 ? uuid
                              : cv_bytes_str(origin));
    refer(t);
}

/* typed(t, row, out): the record is of the type, and has the id, that the row says. */
static void typed(struct taking *t, const struct cv_csv_row *row, struct cv_taken *out)
{
    const struct cv_bytes type = of_row(t->c, row, MEANS_TYPE), id = of_row(t->c, row, MEANS_ID);
    const char *known;
    for (size_t i = 0; (known = cv_template_type(t->c->t, i)) != NULL && t->type == NULL; i++)
        if (cv_bytes_equal(cv_bytes_str(known), type))
            t->type = known;
    if (t->type == NULL) {
        fault(t, "record_type", "not a type of the template");
        return;
    }
    struct cv_json *o = columns_want(t->c, t->type) ? record_of(t, t->type, 0) : NULL;
    if (o != NULL && id.n > 0) {
        t->nomem = t->nomem || cv_json_set(o, "id", cv_json_strn(id)) != CV_OK;
        out->own_ids = true;
    }
}

/* mark_training(t, row): made-up records say so of themselves. */
static void mark_training(struct taking *t, const struct cv_csv_row *row)
{
    bool yes = false;
    const struct cv_bytes text = of_row(t->c, row, MEANS_TRAINING);
    if (text.n > 0 && !cell_yes(text, &yes))
        fault(t, "training", "neither yes nor no");
    for (size_t i = 0; yes && i < t->count && !t->nomem; i++)
        t->nomem = cv_json_set(t->made[i].record, "training", cv_json_bool(true)) != CV_OK;
}

/* name_source(c, row, out): by what the row is known again. */
static void name_source(const struct cv_columns *c, const struct cv_csv_row *row, char out[static 96])
{
    struct cv_bytes uuid = of_row(c, row, MEANS_UUID);
    if (uuid.n > 5 && memcmp(uuid.p, "uuid:", 5) == 0)
        uuid = CV_BYTES(uuid.p + 5, uuid.n - 5);
    if (uuid.n > 0 && uuid.n <= 80)
        snprintf(out, 96, "uuid:%.*s", (int)uuid.n, (const char *)uuid.p);
}

/* part(t, out): what is wanted, and what else there is. */
static void part(struct taking *t, struct cv_taken *out)
{
    out->records = t->list;
    if (t->c->only == NULL)
        return;
    out->records = cv_json_array();
    out->others = cv_json_array();
    for (size_t i = 0; i < t->count && !t->nomem; i++)
        t->nomem = cv_json_push(columns_want(t->c, t->made[i].type) ? out->records : out->others,
                                cv_json_ref(t->made[i].record)) != CV_OK;
    cv_json_free(t->list);
    if (!t->nomem && cv_json_len(out->records) > 0)
        return;
    cv_json_free(out->records);
    cv_json_free(out->others);
    out->records = out->others = NULL;
}

static bool empty(const struct cv_csv_row *row)
{
    for (size_t i = 0; i < row->count; i++)
        if (cell_bare(row->cell[i]).n > 0)
            return false;
    return true;
}

cv_status cv_columns_take(struct cv_columns *c, const struct cv_csv_row *row, const char *origin,
                          cv_fault_fn fault_fn, void *arg, struct cv_taken *out)
{
    struct taking t = { .c = c, .fault = fault_fn, .arg = arg };
    *out = (struct cv_taken){ 0 };
    if (empty(row))
        return CV_OK;
    if (row->count != c->count) {
        fault(&t, NULL,
              row->count < c->count ? "it has fewer cells than the header; is it cut off?"
                                    : "it has more cells than the header");
        return CV_ERR_FORMAT;
    }
    t.list = cv_json_array();
    t.nomem = t.list == NULL;
    if (c->typed && !t.nomem)
        typed(&t, row, out);
    for (size_t i = 0; i < c->count && !t.nomem; i++) {
        const struct cv_bytes text = cell_unguarded(row->cell[i], c->typed);
        if (text.n == 0 || (!c->typed && cell_bare(text).n == 0))
            continue;
        if (c->column[i].m.what == MEANS_FIELD)
            take_field(&t, row, &c->column[i], text);
        else if (c->column[i].m.what == MEANS_CHOICE)
            take_choice(&t, &c->column[i], text);
        else if (c->column[i].m.what == MEANS_NOTHING)
            fault(&t, c->column[i].header, "the column has no header");
    }
    tidy(&t);
    if (!c->typed)
        complete(&t, row, origin);
    else
        set_missing(&t);
    mark_training(&t, row);
    name_source(c, row, out->source);
    if (!t.nomem && !t.faulty && t.count > 0)
        part(&t, out);
    else
        cv_json_free(t.list);
    return t.nomem ? CV_ERR_NOMEM : t.faulty ? CV_ERR_FORMAT : CV_OK;
}
