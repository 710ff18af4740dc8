#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "formats/columns_field.h"
#include "formats/csv.h"

/* A row for each record, under the standard's names: what goes out comes in again. */

typedef cv_status (*each_fn)(void *arg, const struct place *p, unsigned number);

/* of_standard(list, p): does something inside the same object have a name of the standard? */
static bool of_standard(const struct places *list, const struct place *p)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->p[i].inside && list->p[i].in.htcds != NULL && strcmp(list->p[i].type, p->type) == 0 &&
            strcmp(list->p[i].section, p->section) == 0 && strcmp(list->p[i].f.name, p->f.name) == 0)
            return true;
    return false;
}

/* goes(list, p): names of the standard, with what stands in one object with them, what a type requires, and
 * references between records. */
static bool goes(const struct places *list, const struct place *p)
{
    if (p->inside)
        return of_standard(list, p);
    return p->f.htcds != NULL || p->f.required || p->f.to != NULL;
}

/* each(list, fn, arg): every column; of lists of objects so many as the template allows. */
static cv_status each(const struct places *list, each_fn fn, void *arg)
{
    cv_status st = CV_OK;
    for (size_t i = 0; i < list->count && st == CV_OK; i++) {
        const struct place *p = &list->p[i];
        const size_t most = !goes(list, p) ? 0 : p->inside && p->f.multi ? p->f.max : 1;
        for (unsigned n = 1; n <= most && st == CV_OK; n++)
            st = fn(arg, p, most > 1 ? n : 0);
    }
    return st;
}

/* A row being written: each cell but the last has one after it. */
struct writing {
    const struct cv_json *record;
    struct cv_buf *out;
};

static cv_status write_name(void *arg, const struct place *p, unsigned number)
{
    struct writing *w = arg;
    struct cv_buf name = { 0 };
    char path[COLUMNS_PATH_BYTES];
    place_path(p, path);
    cv_status st = cv_buf_str(&name, place_field(p)->htcds != NULL ? place_field(p)->htcds : path);
    if (number > 0)
        st = CV_THEN(st, cv_buf_printf(&name, "[%u]", number));
    st = CV_THEN(st, cv_buf_append(&name, CV_BYTES("", 1)));
    st = CV_THEN(st, cv_csv_cell((const char *)name.p, false, w->out));
    cv_buf_free(&name);
    return st;
}

static bool is_consent(const struct cv_template_field *f)
{
    return f->htcds != NULL && strcmp(f->htcds, "con_Consent") == 0;
}

/* put_line(text, out): one of several lines of free text, so that its own semicolons are told from those
 * between them. */
static cv_status put_line(struct cv_bytes text, struct cv_buf *out)
{
    cv_status st = CV_OK;
    for (size_t i = 0; i < text.n && st == CV_OK; i++) {
        if (text.p[i] == ';' || text.p[i] == '\\')
            st = cv_buf_str(out, "\\");
        st = CV_THEN(st, cv_buf_append(out, CV_BYTES(text.p + i, 1)));
    }
    return st;
}

/* put_value(f, v, out): as the standard writes it; several with semicolons. */
static cv_status put_value(const struct cv_template_field *f, const struct cv_json *v, struct cv_buf *out)
{
    cv_status st = CV_OK;
    if (cv_json_is(v, CV_JSON_ARRAY))
        for (size_t i = 0; i < cv_json_len(v) && st == CV_OK; i++) {
            st = i > 0 ? cv_buf_str(out, ";") : CV_OK;
            st = CV_THEN(st, put_value(f, cv_json_at(v, i), out));
        }
    else if (cv_json_is(v, CV_JSON_INT))
        st = cv_buf_printf(out, "%" PRId64, cv_json_to_int(v));
    else if (cv_json_is(v, CV_JSON_BOOL))
        st = cv_buf_str(out, cv_json_to_bool(v) ? "TRUE" : "FALSE");
    else if (is_consent(f) && v != NULL)
        st = cv_buf_str(out, cv_bytes_equal(cv_json_text(v), CV_LIT("Given")) ? "TRUE" : "FALSE");
    else if (f->multi && strcmp(f->type, "string") == 0)
        st = put_line(cv_json_text(v), out);
    else
        st = cv_buf_append(out, cv_json_text(v));
    return st;
}

static cv_status write_value(void *arg, const struct place *p, unsigned number)
{
    struct writing *w = arg;
    const char *type = cv_json_get_str(w->record, "type");
    const struct cv_json *v = NULL;
    struct cv_buf plain = { 0 }, cell = { 0 };
    if (type != NULL && strcmp(type, p->type) == 0)
        v = cv_json_get(cv_json_get(w->record, p->section), p->f.name);
    if (p->inside)
        v = cv_json_get(p->f.multi ? cv_json_at(v, number > 0 ? number - 1 : 0) : v, p->in.name);
    cv_status st = put_value(place_field(p), v, &plain);
    const struct cv_bytes text = cv_buf_view(&plain);
    /* An apostrophe before what looks like a formula would be taken for the one that cv_csv_cell puts there.
     */
    size_t quotes = 0;
    while (quotes < text.n && text.p[quotes] == '\'')
        quotes++;
    if (quotes > 0 && quotes < text.n &&
        memchr(CV_CSV_GUARDED, text.p[quotes], sizeof(CV_CSV_GUARDED) - 1) != NULL)
        st = CV_THEN(st, cv_buf_str(&cell, "'"));
    st = CV_THEN(st, cv_buf_append(&cell, text));
    st = CV_THEN(st, cv_buf_append(&cell, CV_BYTES("", 1)));
    st = CV_THEN(st, cv_csv_text((const char *)cell.p, false, w->out));
    cv_buf_free(&plain);
    cv_buf_free(&cell);
    return st;
}

struct cv_columns_writer {
    struct places places;
    size_t *lost; /* of each place: how many records had it, and the rows do not hold it */
};

cv_status cv_columns_writer_new(const struct cv_template *t, struct cv_columns_writer **out)
{
    struct cv_columns_writer *w = calloc(1, sizeof(*w));
    cv_status st = w == NULL ? CV_ERR_NOMEM : places_of(t, &w->places);
    if (st == CV_OK && (w->lost = calloc(w->places.count + 1, sizeof(*w->lost))) == NULL)
        st = CV_ERR_NOMEM;
    *out = st == CV_OK ? w : NULL;
    if (st != CV_OK)
        cv_columns_writer_free(w);
    return st;
}

void cv_columns_writer_free(struct cv_columns_writer *w)
{
    if (w == NULL)
        return;
    places_free(&w->places);
    free(w->lost);
    free(w);
}

/* holds(list, p, v): is the value of the field told whole? Of consent the standard has but yes and no. */
static bool holds(const struct places *list, const struct place *p, const struct cv_json *v)
{
    return goes(list, p) && !(is_consent(&p->f) && !cv_bytes_equal(cv_json_text(v), CV_LIT("Given")) &&
                              !cv_bytes_equal(cv_json_text(v), CV_LIT("Refused")));
}

/* note_lost(w, record): what of the record its row will not hold; of an object, once. */
static void note_lost(struct cv_columns_writer *w, const struct cv_json *record)
{
    const char *type = cv_json_get_str(record, "type");
    for (size_t i = 0; type != NULL && i < w->places.count; i++) {
        const struct place *p = &w->places.p[i];
        const bool again = i > 0 && p->inside && p[-1].inside && strcmp(p[-1].type, p->type) == 0 &&
                           strcmp(p[-1].section, p->section) == 0 && strcmp(p[-1].f.name, p->f.name) == 0;
        const struct cv_json *v = cv_json_get(cv_json_get(record, p->section), p->f.name);
        if (!again && strcmp(type, p->type) == 0 && v != NULL && !holds(&w->places, p, v))
            w->lost[i]++;
    }
}

bool cv_columns_lost(const struct cv_columns_writer *w, size_t i, struct cv_columns_lost *out)
{
    for (size_t k = 0; k < w->places.count; k++) {
        const struct place *p = &w->places.p[k];
        if (w->lost[k] == 0 || i-- > 0)
            continue;
        *out = (struct cv_columns_lost){ cv_template_label(w->places.t, p->type, NULL, NULL), p->f.label,
                                         w->lost[k] };
        return true;
    }
    return false;
}

cv_status cv_columns_write(struct cv_columns_writer *writer, const struct cv_json *record, struct cv_buf *out)
{
    struct writing w = { record, out };
    cv_status st = cv_csv_cell(record != NULL ? cv_json_get_str(record, "type") : "record_type", false, out);
    st = CV_THEN(st, cv_csv_cell(record != NULL ? cv_json_get_str(record, "id") : "record_id", false, out));
    const bool training = cv_json_get_bool(record, "training");
    st = CV_THEN(st, cv_csv_cell(record == NULL ? "training" : training ? "TRUE" : "", false, out));
    st = CV_THEN(st, each(&writer->places, record != NULL ? write_value : write_name, &w));
    if (st != CV_OK)
        return st;
    if (record != NULL)
        note_lost(writer, record);
    cv_buf_truncate(out, out->n - 1); /* the comma after the last */
    return cv_buf_str(out, "\r\n");
}
