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

/* goes(list, p): names of the standard, what a type requires, and references between records. */
static bool goes(const struct places *list, const struct place *p)
{
    const struct cv_template_field *f = place_field(p);
    return f->htcds != NULL ||
           (p->inside ? f->required && of_standard(list, p) : f->required || f->to != NULL);
}

/* each(list, fn, arg): every column; of lists of objects so many as the template allows. */
static cv_status each(const struct places *list, each_fn fn, void *arg)
{
    cv_status st = CV_OK;
    for (size_t i = 0; i < list->count && st == CV_OK; i++) {
        const struct place *p = &list->p[i];
        const size_t most = p->inside && p->f.multi ? p->f.max : 1;
        for (unsigned n = 1; n <= most && goes(list, p) && st == CV_OK; n++)
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
    else if (f->htcds != NULL && strcmp(f->htcds, "con_Consent") == 0 && v != NULL)
        st = cv_buf_str(out, cv_bytes_equal(cv_json_text(v), CV_LIT("Given")) ? "TRUE" : "FALSE");
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
};

cv_status cv_columns_writer_new(const struct cv_template *t, struct cv_columns_writer **out)
{
    struct cv_columns_writer *w = calloc(1, sizeof(*w));
    cv_status st = w == NULL ? CV_ERR_NOMEM : places_of(t, &w->places);
    *out = st == CV_OK ? w : NULL;
    if (st != CV_OK)
        cv_columns_writer_free(w);
    return st;
}

void cv_columns_writer_free(struct cv_columns_writer *w)
{
    if (w != NULL)
        places_free(&w->places);
    free(w);
}

cv_status cv_columns_write(const struct cv_columns_writer *writer, const struct cv_json *record,
                           struct cv_buf *out)
{
    struct writing w = { record, out };
    cv_status st = cv_csv_cell(record != NULL ? cv_json_get_str(record, "type") : "record_type", false, out);
    st = CV_THEN(st, cv_csv_cell(record != NULL ? cv_json_get_str(record, "id") : "record_id", false, out));
    const bool training = cv_json_get_bool(record, "training");
    st = CV_THEN(st, cv_csv_cell(record == NULL ? "training" : training ? "TRUE" : "", false, out));
    st = CV_THEN(st, each(&writer->places, record != NULL ? write_value : write_name, &w));
    if (st != CV_OK)
        return st;
    cv_buf_truncate(out, out->n - 1); /* the comma after the last */
    return cv_buf_str(out, "\r\n");
}
