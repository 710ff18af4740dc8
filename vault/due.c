#include <stdio.h>
#include <string.h>

#include "formats/date.h"
#include "vault/erase.h"
#include "vault/glance.h"

/* Retention: since when records need not be kept. What a type's retention names is looked up in all records
 * of the vault at once, since a testimony's day depends on its case's. */

#define DEPTH_MAX 4 /* of references from a record to the one with the date */

struct dueing {
    struct cv_vault *v;
    struct cv_json *kept; /* record id -> the date of its own, or the references that lead to one */
};

static const char *due_section(void *arg, const struct cv_version *of)
{
    const struct dueing *d = arg;
    struct cv_retention r;
    return cv_template_retention(d->v->template, of->type, &r) ? r.section : NULL;
}

static cv_status take_due(void *arg, const struct cv_version *of, const struct cv_json *data)
{
    struct dueing *d = arg;
    struct cv_retention r;
    (void)cv_template_retention(d->v->template, of->type, &r); /* due_section has found it */
    const struct cv_json *value = cv_json_get(data, r.field);
    return value == NULL ? CV_OK : cv_json_set(d->kept, of->id, cv_json_copy(value));
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

/* ref(value, i, out): the i-th reference of a field that has one, or a list of them. What somebody signed
 * need not be what the template asks for. */
static bool ref(const struct cv_json *value, size_t i, char out[static CV_ID_TEXT_BYTES])
{
    uint8_t id[CV_ID_BYTES];
    const struct cv_json *one = cv_json_is(value, CV_JSON_ARRAY) ? cv_json_at(value, i) : value;
    if (cv_id_parse(cv_json_text(one), id, NULL) != CV_OK)
        return false;
    cv_id_text(id, out);
    return true;
}

/* day_of(d, live, id, months, depth, out): the day that ends the keeping of what depends on this record;
 * empty where there is none yet. One open case among many keeps a person. */
static cv_status day_of(struct dueing *d, const struct cv_json *live, const char *id, unsigned months,
                        unsigned depth, char out[static CV_DATE_BYTES], struct cv_err *err)
{
    const struct cv_json *value = cv_json_get(d->kept, id);
    const size_t count = cv_json_is(value, CV_JSON_ARRAY) ? cv_json_len(value) : 1;
    cv_status st = CV_OK;
    out[0] = '\0';
    if (cv_json_get(live, id) == NULL)
        return erased_on(d, id, out, err);
    if (value == NULL || depth > DEPTH_MAX || cv_date_later(cv_json_text(value), months, out))
        return CV_OK;
    for (size_t i = 0; i < count && st == CV_OK; i++) {
        char to[CV_ID_TEXT_BYTES], day[CV_DATE_BYTES] = "";
        if (ref(value, i, to))
            st = day_of(d, live, to, months, depth + 1, day, err);
        if (day[0] == '\0') {
            out[0] = '\0';
            return st;
        }
        if (strcmp(day, out) > 0)
            memcpy(out, day, CV_DATE_BYTES);
    }
    return st;
}

/* choose(d, list, count, out): those whose day has come. */
static cv_status choose(struct dueing *d, const struct cv_version *const *list, size_t count,
                        struct cv_json *out, struct cv_err *err)
{
    struct cv_json *live = cv_json_object();
    char today[CV_DATE_BYTES], day[CV_DATE_BYTES];
    cv_status st = live == NULL ? CV_ERR_NOMEM : CV_OK;
    cv_date_today(0, today);
    for (size_t i = 0; i < count && st == CV_OK; i++)
        st = cv_json_set(live, list[i]->id, cv_json_bool(true));
    for (size_t i = 0; i < count && st == CV_OK; i++) {
        struct cv_retention r;
        if (!cv_template_retention(d->v->template, list[i]->type, &r))
            continue;
        st = day_of(d, live, list[i]->id, r.months, 0, day, err);
        if (st == CV_OK && day[0] != '\0' && strcmp(day, today) <= 0)
            st = cv_json_set(out, list[i]->id, cv_json_str(day));
    }
    cv_json_free(live);
    return st;
}

cv_status cv_record_due(struct cv_vault *v, const struct cv_version *const *list, size_t count,
                        const char *reason, struct cv_json **out, struct cv_err *err)
{
    struct dueing d = { v, cv_json_object() };
    const struct cv_glance g = { "list", "due", reason, due_section, take_due, &d, NULL, false };
    *out = cv_json_object();
    cv_status st = d.kept == NULL || *out == NULL ? CV_ERR_NOMEM : CV_OK;
    st = CV_THEN(st, cv_glance(v, &g, list, count, err));
    st = CV_THEN(st, choose(&d, list, count, *out, err));
    cv_json_free(d.kept);
    if (st == CV_OK)
        return CV_OK;
    cv_json_free(*out);
    *out = NULL;
    return st;
}
