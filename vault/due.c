#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/date.h"
#include "vault/erase.h"
#include "vault/glance.h"
#include "vault/heads.h"

/* Retention: since when records need not be kept. What a type's retention names is looked up in all records
 * of the vault at once, since a testimony's day depends on its case's. */

#define DEPTH_MAX 4 /* of references from a record to the one with the date */

/* What a record's day depends on: a date, or other records. */
struct depends {
    uint8_t id[CV_ID_BYTES];
    uint32_t at; /* in the text: a date, or as many ids, CV_ID_BYTES each */
    uint16_t n;  /* bytes there */
    bool date;
    uint16_t months; /* after that date */
};

struct dueing {
    struct cv_vault *v;
    struct depends *d; /* by id, once all are there */
    size_t count;
    struct cv_buf text;
};

static const char *due_section(void *arg, const struct cv_version *of)
{
    const struct dueing *d = arg;
    struct cv_retention r;
    return cv_template_retention(d->v->template, of->type, &r) ? r.section : NULL;
}

/* put_refs(value, text): a reference, or a list of them. What somebody signed need not be what the template
 * asks for: with one that leads nowhere there is none. */
static cv_status put_refs(const struct cv_json *value, struct cv_buf *text)
{
    uint8_t id[CV_ID_BYTES];
    const bool list = cv_json_is(value, CV_JSON_ARRAY);
    const size_t count = list ? cv_json_len(value) : 1, start = text->n;
    cv_status st = CV_OK;
    for (size_t i = 0; i < count && st == CV_OK; i++) {
        if (cv_id_parse(cv_json_text(list ? cv_json_at(value, i) : value), id, NULL) != CV_OK) {
            cv_buf_truncate(text, start);
            return CV_OK;
        }
        st = cv_buf_append(text, CV_ARR(id));
    }
    return st;
}

static cv_status take_due(void *arg, const struct cv_version *of, const struct cv_json *data)
{
    struct dueing *d = arg;
    struct cv_retention r;
    char day[CV_DATE_BYTES];
    (void)cv_template_retention(d->v->template, of->type, &r); /* due_section has found it */
    const struct cv_json *value = cv_json_get(data, r.field);
    if ((d->count & (d->count - 1)) == 0) {
        struct depends *more = realloc(d->d, (d->count == 0 ? 1 : 2 * d->count) * sizeof(*more));
        if (more == NULL)
            return CV_ERR_NOMEM;
        d->d = more;
    }
    struct depends *one = &d->d[d->count];
    *one = (struct depends){ .at = (uint32_t)d->text.n, .months = (uint16_t)r.months };
    one->date = cv_date_later(cv_json_text(value), r.months, day);
    cv_status st = cv_id_parse(cv_bytes_str(of->id), one->id, NULL);
    st = CV_THEN(st, one->date ? cv_buf_append(&d->text, cv_json_text(value)) : put_refs(value, &d->text));
    one->n = (uint16_t)(d->text.n - one->at);
    if (st == CV_OK && one->n > 0)
        d->count++;
    return st;
}

static int by_id(const void *a, const void *b)
{
    return memcmp(((const struct depends *)a)->id, ((const struct depends *)b)->id, CV_ID_BYTES);
}

/* erased_on(d, id, out): the day on which the last of a record was erased; empty if it was not. */
static cv_status erased_on(struct dueing *d, const char *id, char out[static CV_DATE_BYTES],
                           struct cv_err *err)
{
    struct cv_json *list = NULL;
    cv_status st = cv_erased_of(d->v, id, &list, err);
    for (size_t i = 0; st == CV_OK && i < cv_json_len(list); i++)
        snprintf(out, CV_DATE_BYTES, "%.10s", cv_json_get_str(cv_json_at(list, i), "time"));
    cv_json_free(list);
    return st;
}

/* gone_on(d, id, out): of a record that depends on nothing itself. */
static cv_status gone_on(struct dueing *d, const uint8_t *id, char out[static CV_DATE_BYTES],
                         struct cv_err *err)
{
    struct cv_versions list = { 0 };
    char text[CV_ID_TEXT_BYTES];
    cv_id_text(id, text);
    cv_status st = cv_heads_find(d->v, text, &list, err);
    if (list.count == 0)
        st = CV_THEN(st, erased_on(d, text, out, err));
    cv_versions_free(&list);
    return st;
}

/* day_of(d, id, months, depth, out): the day that ends the keeping of what depends on this record; empty
 * where there is none yet. One open case among many keeps a person. */
static cv_status day_of(struct dueing *d, const uint8_t *id, unsigned months, unsigned depth,
                        char out[static CV_DATE_BYTES], struct cv_err *err)
{
    struct depends want = { 0 };
    out[0] = '\0';
    memcpy(want.id, id, sizeof(want.id));
    const struct depends *one = d->count > 0 ? bsearch(&want, d->d, d->count, sizeof(want), by_id) : NULL;
    if (one == NULL)
        return gone_on(d, id, out, err);
    const struct cv_bytes text = CV_BYTES(d->text.p + one->at, one->n);
    if (depth > DEPTH_MAX || (one->date && cv_date_later(text, months, out)))
        return CV_OK;
    for (size_t i = 0; i < text.n && !one->date; i += CV_ID_BYTES) {
        char day[CV_DATE_BYTES] = "";
        cv_status st = day_of(d, text.p + i, months, depth + 1, day, err);
        if (st != CV_OK || day[0] == '\0') {
            out[0] = '\0';
            return st;
        }
        if (strcmp(day, out) > 0)
            memcpy(out, day, CV_DATE_BYTES);
    }
    return CV_OK;
}

/* choose(d, out): those whose day has come. */
static cv_status choose(struct dueing *d, struct cv_json *out, struct cv_err *err)
{
    char today[CV_DATE_BYTES], day[CV_DATE_BYTES], id[CV_ID_TEXT_BYTES];
    cv_status st = CV_OK;
    cv_date_today(0, today);
    if (d->count > 0)
        qsort(d->d, d->count, sizeof(*d->d), by_id);
    for (size_t i = 0; i < d->count && st == CV_OK; i++) {
        st = day_of(d, d->d[i].id, d->d[i].months, 0, day, err);
        cv_id_text(d->d[i].id, id);
        if (st == CV_OK && day[0] != '\0' && strcmp(day, today) <= 0)
            st = cv_json_set(out, id, cv_json_str(day));
    }
    return st;
}

cv_status cv_record_due(struct cv_vault *v, const struct cv_head_walk *walk, const char *reason,
                        struct cv_json **out, struct cv_err *err)
{
    struct dueing d = { .v = v };
    const struct cv_glance g = { "list", "due", reason, due_section, take_due, &d, NULL, false };
    *out = cv_json_object();
    cv_status st = *out == NULL ? CV_ERR_NOMEM : cv_glance_walk(v, &g, walk, err);
    st = CV_THEN(st, choose(&d, *out, err));
    free(d.d);
    cv_buf_free(&d.text);
    if (st == CV_OK)
        return CV_OK;
    cv_json_free(*out);
    *out = NULL;
    return st;
}
