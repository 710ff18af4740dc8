#include "cmd/listing.h"

#include <stdlib.h>
#include <string.h>

#define COLUMNS 4 /* of every version */

/* text_of(column, version): NULL if it has none, or there is no such column. */
static const char *text_of(const struct cv_column *column, const struct cv_version *version)
{
    return column->text != NULL ? column->text(column->of, version) : NULL;
}

static cv_status print_object(const struct cv_ui *ui, const struct cv_listing *l, const struct cv_version *v)
{
    struct cv_json *o = cv_json_object();
    cv_status st = cv_json_set(o, "id", cv_json_str(v->id));
    st = CV_THEN(st, cv_json_set(o, "type", cv_json_str(v->type)));
    st = CV_THEN(st, cv_json_set(o, "version", cv_json_int((int64_t)v->version)));
    st = CV_THEN(st, cv_json_set(o, "author", cv_json_str(v->author)));
    st = CV_THEN(st, cv_json_set(o, "entry", cv_json_int((int64_t)v->index)));
    for (size_t i = 0; i < CV_LISTING_COLUMNS && st == CV_OK; i++) {
        const char *text = text_of(&l->more[i], v);
        if (l->more[i].text != NULL)
            st = cv_json_set(o, l->more[i].member, text != NULL ? cv_json_str(text) : cv_json_null());
    }
    st = CV_THEN(st, cv_ui_answer(ui, o));
    cv_json_free(o);
    return st;
}

static void print_row(struct cv_table *t, const struct cv_listing *l, const struct cv_version *v)
{
    char number[24];
    snprintf(number, sizeof(number), "%llu", (unsigned long long)v->version);
    cv_table_cell(t, v->id);
    cv_table_cell(t, v->type);
    cv_table_cell(t, number);
    cv_table_cell(t, v->author);
    for (size_t i = 0; i < CV_LISTING_COLUMNS; i++) {
        const char *text = text_of(&l->more[i], v);
        if (l->more[i].text != NULL)
            cv_table_cell(t, text != NULL ? text : "-");
    }
}

/* begin(t, l): its first row. */
static void begin(struct cv_table *t, const struct cv_listing *l)
{
    static const char *const headings[COLUMNS] = { N_("RECORD"), N_("TYPE"), N_("VERSION"), N_("BY") };
    t->columns = COLUMNS;
    for (size_t i = 0; i < COLUMNS; i++)
        cv_table_cell(t, _(headings[i]));
    for (size_t i = 0; i < CV_LISTING_COLUMNS; i++)
        if (l->more[i].text != NULL) {
            cv_table_cell(t, _(l->more[i].heading));
            t->columns++;
        }
}

cv_status cv_listing_put(const struct cv_ui *ui, struct cv_listing *l, const struct cv_version *version)
{
    if (ui->json)
        return print_object(ui, l, version);
    if (l->table.columns == 0)
        begin(&l->table, l);
    print_row(&l->table, l, version);
    cv_table_flow(&l->table);
    return CV_OK;
}

void cv_listing_end(struct cv_listing *l)
{
    if (l->table.count > 0)
        cv_table_print(&l->table);
}

void cv_listing_lost(const struct cv_lost *lost, size_t count)
{
    fflush(stdout);
    for (size_t i = 0; i < count; i++)
        cv_print_to(
            stderr,
            "casevault: notice: entry %llu, by %s, claims to be version %llu of record %s, which another "
            "entry is already; it is left out\n",
            (unsigned long long)lost[i].index, lost[i].author, (unsigned long long)lost[i].version,
            lost[i].id);
}
