#include "cmd/listing.h"

#include <stdlib.h>
#include <string.h>

#define COLUMNS 4 /* of every version */

cv_status cv_listing_add(struct cv_listing *l, const struct cv_version *version)
{
    const size_t room = l->count | 63; /* grown when a multiple of 64 is full */
    if (l->v == NULL || l->count % 64 == 0) {
        const struct cv_version **grown = realloc(l->v, (room + 1) * sizeof(*grown));
        if (grown == NULL)
            return CV_ERR_NOMEM;
        l->v = grown;
    }
    l->v[l->count++] = version;
    return CV_OK;
}

int cv_listing_by_entry(const void *a, const void *b)
{
    const struct cv_version *x = *(const struct cv_version *const *)a,
                            *y = *(const struct cv_version *const *)b;
    return (x->index > y->index) - (x->index < y->index);
}

cv_status cv_listing_latest(struct cv_listing *l, const struct cv_versions *list)
{
    struct cv_latest latest = { 0 };
    cv_status st = cv_versions_latest(list, NULL, &latest);
    for (size_t i = 0; i < latest.count && st == CV_OK; i++)
        st = cv_listing_add(l, latest.v[i]);
    cv_latest_free(&latest);
    return st;
}

void cv_listing_free(struct cv_listing *l)
{
    free(l->v);
    *l = (struct cv_listing){ 0 };
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
        const char *text = cv_json_get_str(l->more[i].of, v->id);
        if (l->more[i].of != NULL)
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
        const char *text = cv_json_get_str(l->more[i].of, v->id);
        if (l->more[i].of != NULL)
            cv_table_cell(t, text != NULL ? text : "-");
    }
}

cv_status cv_listing_print(const struct cv_ui *ui, const struct cv_listing *l)
{
    static const char *const headings[COLUMNS] = { "RECORD", "TYPE", "VERSION", "BY" };
    struct cv_table t = { .columns = COLUMNS };
    cv_status st = CV_OK;
    for (size_t i = 0; ui->json && i < l->count && st == CV_OK; i++)
        st = print_object(ui, l, l->v[i]);
    if (ui->json)
        return st;
    for (size_t i = 0; i < COLUMNS; i++)
        cv_table_cell(&t, headings[i]);
    for (size_t i = 0; i < CV_LISTING_COLUMNS; i++)
        if (l->more[i].of != NULL) {
            cv_table_cell(&t, l->more[i].heading);
            t.columns++;
        }
    for (size_t i = 0; i < l->count; i++)
        print_row(&t, l, l->v[i]);
    cv_table_print(&t);
    return CV_OK;
}

void cv_listing_lost(const struct cv_versions *list)
{
    fflush(stdout);
    for (size_t i = 0; i < list->lost_count; i++)
        fprintf(stderr,
                "casevault: notice: entry %llu, by %s, claims to be version %llu of record %s, which another "
                "entry is already; it is left out\n",
                (unsigned long long)list->lost[i].index, list->lost[i].author,
                (unsigned long long)list->lost[i].version, list->lost[i].id);
}
